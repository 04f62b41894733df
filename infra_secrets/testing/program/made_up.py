"""Made-up config: what a program asks its stack for, and a rehearsal cannot have.

A rehearsal of a directory has neither the stack's secrets nor its ESC environments, and a fresh clone has no stack at
all. Values of no form would be refused, so the program is recorded once, only to see what it asks for. Where the
program fails without an engine, the rest is not made up, and the rehearsal says what is missing.

Where the stack has a file, what is missing there is missing: that is for its owner to mend.
"""

import base64
import contextlib
import hashlib
import io
import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from infra_secrets.testing.canary import Canary
from infra_secrets.testing.program.asked import Asked, Wanted, listening
from infra_secrets.testing.program.directory import ProjectDirectory
from infra_secrets.testing.program.stack_outputs import AskedOutputs
from infra_secrets.testing.recording import Recording

CONCEALED: Final = "(a secret)"
"""What is shown in place of a made-up secret."""

# What the default providers are usually told, and programs read.
_PROVIDERS: Final[Mapping[str, str]] = {
    "aws:region": "eu-west-1",
    "azure-native:location": "westeurope",
    "azure:location": "westeurope",
    "gcp:project": "rehearsal",
    "gcp:region": "europe-west1",
    "gcp:zone": "europe-west1-b",
}


@dataclass(frozen=True, slots=True)
class MadeUp:
    """Config for a rehearsal, by full key.

    Attributes:
        secrets: Secret values.
        config: Plain ones.
        formatted: The keys whose values have the format that a component of this package asks for.
        usual: The keys that only say what providers are usually told.
        missing: What a fresh clone lacks, with the value that it is given; `CONCEALED` for a secret one.
        unanswered: Outputs of other stacks that were asked for and not given, by stack.
        packages: Every Pulumi package that the program uses, with an SDK or without one.
    """

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    config: Mapping[str, str] = field(default_factory=dict)
    formatted: tuple[str, ...] = ()
    usual: frozenset[str] = frozenset()
    missing: Mapping[str, str] = field(default_factory=dict)
    unanswered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    packages: tuple[str, ...] = ()

    def missing_for(self, packages: set[str]) -> dict[str, str]:
        """Return what is missing, without the usual config of packages that the program does not use."""
        return {
            key: text
            for key, text in self.missing.items()
            if key not in self.usual or key.partition(":")[0] in packages
        }


def value_for(expected: str | None) -> str:
    """Make a value up that no other has.

    Args:
        expected: A format of `rules/formats.py`; None for any text.
    """
    mark = secrets.token_hex(8)
    match expected:
        case None:
            return f"made-up-{mark}"
        case "json":
            return f'["made-up-{mark}"]'
        case "int":
            return str(secrets.randbelow(9 * 10**11) + 10**11)
        case "bool":
            return "true"
        case "pem":
            body = base64.b64encode(f"made up {mark}".encode()).decode()
            return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
        case scheme:
            return f"{scheme}://user:{mark}@made-up.example.com/{mark}"


def config_for(
    project: ProjectDirectory,
    config: Mapping[str, str],
    stack_outputs: Mapping[str, Mapping[str, Any]],
    folder: Path,
) -> MadeUp:
    """Make up what a project's Python program asks for and a rehearsal cannot have.

    That is the stack's own secrets, what is missing where the stack names an ESC environment, and where there is no
    stack, what the program requires: first what the project's template says, then something made up.

    Args:
        project: The project.
        config: Further plain config by full key.
        stack_outputs: What is given of other stacks.
        folder: Where files may be written that made-up config names.
    """
    known = {**project.config, **config}
    replaced = {str(path[0]) for path in project.secrets}
    usual: dict[str, str] = {}
    secret: dict[str, str] = {}
    plain: dict[str, str] = {}
    if project.is_fresh:
        said = {*known, *project.template}
        if "infra-secrets:cloud" not in known:  # else the cloud's own ordinary config is given
            usual = {key: text for key, text in _PROVIDERS.items() if key not in said}
        for key, default in project.template.items():
            if key not in known and default is not None:
                plain[key] = default
            elif key not in known:
                secret[key] = Canary.plant(name=f"secret config {key}").value
    made: dict[str, str] = {}

    def make_up(key: str, wanted: Wanted) -> str:
        made[key] = required_text(key, wanted, folder)
        return made[key]

    stacks = AskedOutputs(stack_outputs, project.name, project.stack)
    asked = _asked_for(
        project,
        stacks,
        {**usual, **plain, **known},
        {**_whole_secrets(project), **secret},
        make_up if project.is_fresh else None,
    )
    formatted: dict[str, None] = {}
    for entry in asked.entries:
        key = str(entry.key)
        if key in replaced or (key not in known and (project.environment or project.is_fresh)):
            (secret if entry.secret else plain).setdefault(key, value_for(entry.format))
            formatted[key] = None
    for key, wanted in asked.config.items():
        (secret if wanted.secret else plain)[key] = made[key]
    missing = {**usual, **plain, **dict.fromkeys(secret, CONCEALED)} if project.is_fresh else {}
    return MadeUp(
        secret,
        {**usual, **plain},
        tuple(formatted),
        frozenset(usual),
        missing,
        {stack: tuple(names) for stack, names in stacks.missing.items()},
        tuple(asked.packages),
    )


def packages_of(tokens: Iterable[str]) -> list[str]:
    """Return the packages of type tokens and function tokens, that of an explicit provider included."""
    named = (token.removeprefix("pulumi:providers:").partition(":")[0] for token in tokens)
    return sorted({*named} - {"pulumi"})


def _whole_secrets(project: ProjectDirectory) -> dict[str, str]:
    return {
        str(path[0]): canary.value for path, canary in project.secrets.items() if len(path) == 1
    }


def _asked_for(
    project: ProjectDirectory,
    stacks: AskedOutputs,
    config: Mapping[str, object],
    secret: Mapping[str, str],
    make_up: Callable[[str, Wanted], str] | None,
) -> Asked:
    program = project.program()
    if program is None:  # another language, which runs in a process of its own
        return Asked()
    recording = Recording(project.name, project.stack, config, secret)
    recording.stacks = stacks
    with (
        listening(make_up) as asked,
        project.surroundings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        contextlib.suppress(Exception, SystemExit),  # the rehearsal itself says what is wrong
    ):
        recording.run(program)
    asked.packages = packages_of(
        [*(each.type for each in recording.registrations), *recording.echoed]
    )
    return asked


# Config that a program requires --------------------------------------------------------------------


def required_text(key: str, wanted: Wanted, folder: Path) -> str:
    """Make up the text of a config value: the same for a key at every run, unless it is a secret.

    Args:
        key: The full key, whose name says what kind of text fits.
        wanted: What the program reads it as.
        folder: Where a file may be written, for a key that is the path of one.
    """
    match wanted.kind:
        case "bool":
            return "false"
        case "object":
            return _object(key, _words(key))
        case "int" | "float":
            return value_for("int") if wanted.secret else _number(_words(key))
        case _:
            words = _words(key)
            if wanted.secret:
                is_key = re.search(r"private_key|pem$|tls_key|ssh_key", words)
                return _private_key() if is_key else Canary.plant(name=f"secret config {key}").value
            named = re.fullmatch(r"(?:(.*?)_)?(?:file_?)?(?:path|file)", words)
            if named is not None:
                return _file(folder / words, key, named[1] or "")
            return _PROVIDERS.get(key) or _text(key, words)


def _file(path: Path, key: str, words: str) -> str:
    """Write a file of what its key says that it holds; return its path."""
    is_private = words.endswith("private_key")
    path.write_text(_private_key() if is_private else _text(key, words), encoding="utf-8")
    return str(path)


def _private_key() -> str:
    """Return something in the form of the private key that `ssh-keygen` writes for most people."""
    return value_for("pem").replace("PRIVATE KEY", "RSA PRIVATE KEY")


def _words(key: str) -> str:
    """Return a key's name in small words, e.g. `vpc_cidr` of `shop:vpcCidr`."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key.rpartition(":")[2])
    return re.sub(r"[^a-z0-9]+", "_", name.lower())


def _number(words: str) -> str:
    return "8080" if words.endswith("port") else "2"


def _object(key: str, words: str) -> str:
    """Return a list of two texts where the name is that of several such things, else an object without members."""
    one = words.removesuffix("s").removesuffix("_list")
    is_list = one != words and any(pattern.search(one) for pattern, _ in _TEXTS)
    is_list = is_list or bool(
        re.search(r"(names|ids|list|users|members|groups|hosts|services)$", words)
    )
    if not is_list:
        return "{}"
    return json.dumps([_text(f"{key}.{number}", one) for number in range(2)])


def _text(key: str, words: str) -> str:
    digits = hashlib.sha256(key.encode()).hexdigest()
    for pattern, text in _TEXTS:
        if pattern.search(words):
            return text.format(
                byte=int(digits[:2], 16), uuid=_uuid(digits), name=words.replace("_", "-")
            )
    return f"made-up-{words.replace('_', '-')}"


def _uuid(digits: str) -> str:
    return "-".join(
        (digits[:8], digits[8:12], f"4{digits[13:16]}", f"8{digits[17:20]}", digits[20:32])
    )


# Nobody's key: the blob says `ssh-rsa` and nothing more.
_SSH_KEY: Final = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAA made-up@example.com"
_TEXTS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"public_key$|ssh_key$|ssh_pub", _SSH_KEY),
        (r"cidrs?$|address_(space|prefix)|ip_range|cidr_block", "10.{byte}.0.0/16"),
        (r"ip(_address)?$|next_hop|tunnel", "10.{byte}.0.4"),
        (r"e?mail(_address)?$", "made-up@example.com"),
        (r"arn$", "arn:aws:iam::111111111111:role/{name}"),
        (r"account(_id)?$", "111111111111"),
        (r"(subscription|tenant|client|object|application|app)(_id)?$", "{uuid}"),
        (r"url$|uri$|endpoint$|webhook$", "https://made-up.example.com/{name}"),
        (r"domain(_name)?$|host(_?name)?$|fqdn$|dns(_name|_zone)?$", "{name}.example.com"),
        (r"^is_|^enable|^use_|^has_|^create_|enabled$", "false"),
        (r"port$", "8080"),
        (r"(count|replicas|capacity|number|nodes|days|hours|minutes|seconds|cpus?|memory)$", "2"),
        (
            r"(group|node|pool|cluster|disk|volume|storage|min|max)_size$|^(min|max)_|_(min|max|desired)$",
            "2",
        ),
        (r"date$|time(stamp)?$", "2026-01-01T00:00:00Z"),
        (r"location$", "westeurope"),
        (r"region$", "eu-west-1"),
        (r"zone$", "eu-west-1a"),
    )
)
