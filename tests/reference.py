"""Makes docs/reference.md from the code: `python -m tests.reference`.

Arguments and outputs come from the annotations of the classes and the sentences below them, config keys and
environment variables from `component.settings` and the clouds' files. Which cloud takes an argument is tried:
each is given to a recorded `Secret` there.
"""

import ast
import importlib
import inspect
import pkgutil
import re
import sys
import textwrap
import types
import typing
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import pulumi

from infra_secrets import (
    EscDeployment,
    EscDeploymentArgs,
    EscEnv,
    EscEnvArgs,
    ExternalEnv,
    ExternalEnvArgs,
    Secret,
    SecretArgs,
    clouds,
    require_esc,
    secrets_for,
)
from infra_secrets.component import settings
from infra_secrets.component.settings import ConfigKey, Variable
from infra_secrets.errors import InfraSecretsError
from infra_secrets.runtime import SecretSettings
from infra_secrets.testing import Recording, ordinary_config
from infra_secrets.workloads.pods import PodEnvironment

PAGE = Path(__file__).parents[1] / "docs" / "reference.md"
COMMAND = "python -m tests.reference"

INTRODUCTION = f"""\
# Reference

Every argument, output, function, config key and environment variable, each with its default. This page is made
from the code by `{COMMAND}`, and a test compares the two. Why and when are on the other pages.

- [`Secret`](#secret)
- [`EscEnv`](#escenv)
- [`EscDeployment`](#escdeployment)
- [`ExternalEnv`](#externalenv)
- [`inject`, `transform`, `transform_only`](#inject-transform-transform_only)
- [`secrets_for`](#secrets_for)
- [`require_esc`](#require_esc)
- [Config keys](#config-keys)
- [Environment variables](#environment-variables)

A component takes a logical name, then `args`, a mapping of the arguments below, or the arguments themselves as
keywords, which win over `args`; and `opts`, as every Pulumi component does. In other languages names are in
camelCase: `maxAgeDays`. *May be an output* means that an output of another resource will do; everything else must
be known before anything is created. Where a config key is named, the argument wins over it.
"""

CONFIG_NOTE = """\
`pulumi config set KEY VALUE` sets one for a stack; in an ESC environment it goes below `pulumiConfig`. A key that
is stored as a secret is refused, because its value ends where everybody sees it; only
`infra-secrets:azureVaultId` may be. The program chooses the keys of its own values: see [`EscEnv`](#escenv).
"""

VARIABLES_NOTE = """\
No variable takes a secret's value, and none chooses what is made.
"""


@dataclass(frozen=True)
class Attribute:
    """One argument or output, as its class says."""

    name: str
    type: str
    text: str
    """Everything that is said of it."""

    def __post_init__(self) -> None:
        """Refuse what would leave a hole in the page."""
        if not self.text:
            raise ValueError(f"{self.name} has no sentence below its annotation")

    @property
    def default(self) -> str:
        """What holds without it, in words."""
        if re.search(r"\bNeeded\b", self.text):
            return f"needed{re.search(r'Needed(.*?)[.]', self.text)[1]}"  # type: ignore[index]
        found = re.search(r"Default: (.*?)\.(?= |$)", self.text)
        if found is None:
            raise ValueError(f"{self.name} says neither 'Default: ...' nor 'Needed'")
        rest = re.sub(r"^config `[^`]+`(, else )?", "", found[1])
        return rest or "none"

    @property
    def config_key(self) -> str:
        """The config key that says it for a whole stack; empty where there is none."""
        found = re.search(r"Default: config `([^`]+)`", self.text)
        return found[1] if found else ""

    @property
    def meaning(self) -> str:
        """What is said of it beside its default."""
        return re.sub(r" ?(Default: |Needed).*?\.(?= |$)", "", self.text).strip()


def attributes(class_: type) -> list[Attribute]:
    """Read a class's own annotations, each with the sentence below it."""
    [body] = [
        node
        for node in ast.parse(textwrap.dedent(inspect.getsource(class_))).body
        if isinstance(node, ast.ClassDef)
    ]
    types_ = _hints(class_)
    found = []
    for node, following in zip(body.body, [*body.body[1:], None], strict=True):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        name, text = node.target.id, ""
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            text = re.sub(r"\s+", " ", str(following.value.value)).strip()
        if not name.startswith("_"):
            found.append(Attribute(name, in_words(types_[name]), text))
    return found


def _hints(annotated: Any) -> dict[str, Any]:
    # What a module imports for type checkers alone.
    return inspect.get_annotations(
        annotated, eval_str=True, locals={SecretSettings.__name__: SecretSettings}
    )


def in_words(type_: Any, *, many: bool = False) -> str:  # noqa: PLR0911 (one for each form of a type)
    """Say a type in plain words; `many` for more than one of it."""
    origin, parts = get_origin(type_), get_args(type_)
    if origin in (typing.Required, typing.NotRequired, typing.Annotated):
        return in_words(parts[0], many=many)
    if origin is Literal:
        return f"{'each ' if many else ''}one of {', '.join(f'`{each}`' for each in parts)}"
    if origin in (Union, types.UnionType):
        rest = [each for each in parts if not _later(each)]
        words = " or ".join(
            "null" if each is type(None) else in_words(each, many=many) for each in rest
        )
        return (
            f"{words}, {'each ' if many else ''}may be an output"
            if len(rest) < len(parts)
            else words
        )
    if origin is pulumi.Output:
        return in_words(parts[0], many=many)
    if origin is type:
        return f"a class of `{parts[0].__name__}`"
    if origin is typing.Unpack:
        return f"those of `{parts[0].__name__}`"
    if origin is not None and issubclass(origin, Mapping):
        inner = "" if parts[1] is Any else f" of strings to {in_words(parts[1], many=True)}"
        return f"{'mappings' if many else 'mapping'}{inner}"
    if origin is not None and issubclass(origin, Sequence):
        return f"{'lists' if many else 'list'} of {in_words(parts[0], many=True)}"
    one = {str: "string", int: "whole number", bool: "true or false"}.get(type_)
    if one is None:
        return f"`{type_.__name__}`"
    return f"{one}s" if many and type_ is not bool else one


def _later(type_: Any) -> bool:
    """Whether it is a form of "not known yet": an output, or what can be awaited."""
    return get_origin(type_) is Awaitable or "Output[" in str(type_)  # a name only, in the SDK


# Which cloud takes what --------------------------------------------------------------------------

_GUID = "99999999-2222-3333-4444-555555555555"
_VAULT = ordinary_config("azure")["infra-secrets:azureVaultId"]
# For what not every text will do. One that its cloud takes is enough.
SAMPLES: Mapping[str, Sequence[Any]] = {
    "fields": [["DATABASE_URL"]],
    "max_age_days": [90],
    "tags": [{"team": "payments"}],
    "retention": ["keep"],
    "encryption_key": [
        "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab",
        "projects/shop/locations/global/keyRings/shop/cryptoKeys/secrets",
    ],
    "replicas": [["eu-central-1"], ["europe-west1"]],
    "readers": [
        ["arn:aws:iam::123456789012:role/api"],
        ["serviceAccount:api@shop.iam.gserviceaccount.com"],
        [_GUID],
    ],
    "adopt": [
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:project/stack/name-AbCdEf",
        f"projects/{ordinary_config('gcp')['gcp:project']}/secrets/project__stack__name",
        f"{_VAULT}/secrets/project--stack--name",
    ],
    "formerly": ["old"],
    "azure_vault_id": [_VAULT],
}


def clouds_that_take(argument: str) -> str:
    """Try an argument of a `Secret` on every cloud."""
    if argument == "cloud":
        return "all"
    takers = [
        name
        for name in clouds.available()
        if any(_takes(name, given) for given in _given(argument))
    ]
    if takers == list(clouds.available()):
        return "all"
    return ", ".join(clouds.load(name).SPELLING.title for name in takers)


def _given(argument: str) -> Iterator[dict[str, Any]]:
    if argument == "adopt_from":
        for adopted in SAMPLES["adopt"]:
            yield {"adopt": adopted, argument: "acme/shop/production"}
        return
    samples = SAMPLES["readers"] if argument == "writers" else SAMPLES.get(argument, ["text"])
    for sample in samples:
        yield {argument: sample}


def _takes(cloud: str, given: dict[str, Any]) -> bool:
    role = f"/providers/Microsoft.Authorization/roleDefinitions/{_GUID}"
    config = {**ordinary_config(cloud), "infra-secrets:azureWriterRoleId": role}
    recording = Recording(config=config)
    try:
        recording.run(lambda: Secret("Name", **given))
    except InfraSecretsError:
        return False
    return True


# The page ----------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    escaped = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


def arguments(class_: type, *, with_clouds: bool = False) -> str:
    """Write the table of a component's arguments."""
    head = ["argument", "type", "default", "config key", "what it is"]
    rows = []
    for each in attributes(class_):
        key = f"`{each.config_key}`" if each.config_key else ""
        row = [f"`{each.name}`", each.type, each.default, key, each.meaning]
        rows.append([*row, clouds_that_take(each.name)] if with_clouds else row)
    return table([*head, "clouds"] if with_clouds else head, rows)


def outputs(*classes: type) -> str:
    """Write the table of a component's outputs."""
    return table(
        ["output", "type", "what it is"],
        [
            [f"`{each.name}`", each.type, each.text]
            for class_ in classes
            for each in attributes(class_)
        ],
    )


def function(name: str, called: Callable[..., Any]) -> str:
    """Write what a function does and takes, from its signature and docstring."""
    told, said = _told(called)
    parameters = [
        each
        for each in inspect.signature(called).parameters.values()
        if each.name not in ("self", "args")
    ]
    hints = _hints(called)
    rows = []
    for each in parameters:
        rest = each.kind is inspect.Parameter.VAR_KEYWORD
        default = "none" if rest else _default_of(each.default)
        type_ = (
            "a spec" if isinstance(hints[each.name], typing.TypeVar) else in_words(hints[each.name])
        )
        rows.append([f"`{'**' if rest else ''}{each.name}`", type_, default, said[each.name]])
    parts = [_joined(f"**`{name}`.** {told.partition('Raises:')[0]}")]
    if rows:
        parts.append(table(["argument", "type", "default", "what it is"], rows))
    return "\n\n".join(parts)


def _told(called: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """Take a docstring apart: what is said of the whole, and of each argument."""
    text = inspect.getdoc(called) or ""
    told, _, rest = text.partition("\n\nArgs:\n")
    found = re.findall(r"(?ms)^ {4}(\w+): (.*?)(?=^ {4}\w+: |^\w|\Z)", f"{rest}\n")
    return told, {name: re.sub(r"\s+", " ", said).strip() for name, said in found if rest}


def of_python_alone(component: type) -> str:
    """Write what a component takes as a keyword and in Python alone."""
    constructor: Any = component.__init__  # type: ignore[misc] # of the class itself
    said = _told(constructor)[1]["settings"]
    return _joined(f"In Python alone, and only as a keyword: **`settings`**. {said} Default: none.")


def _default_of(given: object) -> str:
    if given is inspect.Parameter.empty:
        return "needed"
    words: dict[object, str] = {None: "none", (): "none", False: "false"}
    return words.get(given, f"`{given}`")


def _joined(text: str) -> str:
    """Put every paragraph on lines of at most 120 characters."""
    return "\n\n".join(
        textwrap.fill(
            re.sub(r"\s+", " ", part), 120, break_long_words=False, break_on_hyphens=False
        )
        for part in text.strip().split("\n\n")
    )


def config_keys() -> list[tuple[str, ConfigKey]]:
    """List every key that the code reads, each with the cloud that needs it."""
    found = [("all", key) for key in settings.CONFIG_KEYS]
    for name in clouds.available():
        cloud = clouds.load(name)
        of_store = clouds.store(cloud).SETTINGS
        keys = {str(key): key for key in (*cloud.SETTINGS.values(), *of_store.values())}
        found += [(cloud.SPELLING.title, key) for key in keys.values()]
    return found


def variables() -> list[Variable]:
    """List every environment variable that the code reads: the package's, then what only one cloud needs."""
    found = [*settings.VARIABLES]
    for name in clouds.available():
        folder = clouds.load(name)
        for file in pkgutil.iter_modules(vars(folder)["__path__"]):
            module = importlib.import_module(f"{folder.__name__}.{file.name}")
            found += [each for each in vars(module).values() if isinstance(each, Variable)]
    return [*dict.fromkeys(found)]


def page() -> str:
    """Write the whole page."""
    sections = [
        INTRODUCTION.strip(),
        "## `Secret`",
        "An empty, correctly named [container](secret.md): on [AWS](aws.md), [GCP](gcp.md), [Azure](azure.md).",
        arguments(SecretArgs, with_clouds=True),
        outputs(Secret),
        "## `EscEnv`",
        "The stack's config as the environment of pods: [Kubernetes](kubernetes.md#escenv).",
        arguments(EscEnvArgs),
        of_python_alone(EscEnv),
        outputs(EscEnv, PodEnvironment),
        "## `EscDeployment`",
        "A hardened Deployment and its `EscEnv`: [Kubernetes](kubernetes.md#escdeployment). All of `EscEnv`, and:",
        arguments(EscDeploymentArgs),
        of_python_alone(EscDeployment),
        outputs(EscDeployment),
        "## `ExternalEnv`",
        "The values of containers as the environment of pods, without Pulumi: [Kubernetes](kubernetes.md#externalenv).",
        arguments(ExternalEnvArgs),
        of_python_alone(ExternalEnv),
        outputs(ExternalEnv, PodEnvironment),
        "## `inject`, `transform`, `transform_only`",
        "Methods of `EscEnv` and `ExternalEnv`, for Python alone: [Kubernetes](kubernetes.md#injecting).",
        function("inject", PodEnvironment.inject),
        function("transform", PodEnvironment.transform),
        function("transform_only", PodEnvironment.transform_only),
        "## `secrets_for`",
        "For Python alone: [one declaration for both sides](patterns.md#one-declaration-for-both-sides).",
        function("secrets_for", secrets_for),
        "## `require_esc`",
        function("require_esc", require_esc),
        "## Config keys",
        CONFIG_NOTE.strip(),
        table(
            ["config key", "clouds", "default", "what it does"],
            [[f"`{key}`", cloud, key.default, key.meaning] for cloud, key in config_keys()],
        ),
        "## Environment variables",
        VARIABLES_NOTE.strip(),
        table(
            ["variable", "default", "what it does"],
            [[f"`{each}`", each.default, each.meaning] for each in variables()],
        ),
    ]
    return "\n\n".join(sections) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE.relative_to(PAGE.parents[1])}\n")
