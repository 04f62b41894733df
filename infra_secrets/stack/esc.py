"""The stack's config, as a Pulumi ESC environment feeds it: what is there, how it is stored, where it is mended.

Everything here is about names and places. A value is read to be judged and handed on; no message has any
part of one. Nothing here opens an environment: Pulumi has done that before the program starts.
"""

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import config as stack_config

from infra_secrets.clouds.misspelt import warn_of_misspelt_config
from infra_secrets.component.argument_types import SequenceNotStr
from infra_secrets.component.given import kind
from infra_secrets.component.registering import one_clear_message
from infra_secrets.component.settings import CONFIG_FILE, NAMESPACE, REQUIRE_ESC
from infra_secrets.errors import StackConfigError
from infra_secrets.rules import formats, kubernetes
from infra_secrets.rules.wording import is_credential, nearest, shown

_HIDDEN_KEY = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])[A-Za-z0-9]{20,}")
_SECRET_NAME = re.compile(
    r"passw|passphrase|pwd|pass([-_]|$)|secret|token|(api|private|auth|signing|ssh|access|encryption)[-_]?key|"
    r"credential|connection[-_]?string",
    re.IGNORECASE,
)
# What is about a secret and not one: `secretName`, `tokenLifetime`.
_ABOUT = re.compile(
    r"(name|id|arn|path|file|ref|url|uri|host|type|policy|class|issuer|audience|lifetime|ttl|length|version)$",
    re.IGNORECASE,
)
# With a password; or, as error trackers do it, with a key in its place.
_URL_WITH_SECRET = re.compile(
    r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@|https?://[^/\s@]+@", re.IGNORECASE
)
_WRITTEN_OUT = re.compile(
    r"(password|pwd|accountkey|sharedaccesskey|sig)=[^;&\s]{4,}|hooks\.slack\.com/services/",
    re.IGNORECASE,
)
_SHORTEST_CREDENTIAL = 16  # characters; `sk-learn` is none
# Not what one YAML reader takes for a number, a date or a switch and another for text.
_SAME_IN_EVERY_YAML = re.compile(r"(?!(y|n|yes|no|on|off)$)[A-Za-z]", re.IGNORECASE)
_SHORTEST_SECRET = 8  # characters; what is shorter under a name like `tokenType` is a setting


@dataclass(frozen=True, slots=True)
class Key:
    """The name of one value of the stack's config."""

    namespace: str
    """A project's name, or a provider's."""
    name: str

    def __str__(self) -> str:
        """Spell it in full, as the engine does."""
        return f"{self.namespace}:{self.name}"

    @property
    def shown(self) -> str:
        """What a message may repeat of it: nothing of what could be a value in the wrong place."""
        return repr(str(self)) if self in known_keys() else _shown_key(str(self))

    @classmethod
    def parse(cls, text: str, project: str) -> "Key":
        """Read `key` (of the project), `namespace:key` or the older `namespace:config:key`.

        Names are kept as they are, dots included: `a.b` is one key, and not a path into a document.
        Source: pulumi sdk/go/common/resource/config/key.go, ParseKey.

        Raises:
            StackConfigError: It is no such name.
        """
        parts = text.split(":")
        if len(parts) == 1:
            parts = [project, *parts]
        if len(parts) == 3 and parts[1] == "config":  # noqa: PLR2004 (namespace, `config`, name)
            parts = [parts[0], parts[2]]
        bad = re.search(r"[\s\x00-\x1f\x7f]|://", text)
        if len(parts) != 2 or not all(parts) or parts[0].startswith("-") or bad:  # noqa: PLR2004 (its halves)
            raise StackConfigError(
                f"{_shown_key(text)} is not the name of a config key; it is 'key', for one of project {project}, or "
                f"'namespace:key', without spaces. Give the key's name, never a value."
            )
        return cls(*parts)


def _shown_key(text: str) -> str:
    """Repeat what was given as a key: nothing of what could be a value in the wrong place."""
    words = re.split(r"[-_.:]", text)
    could_be_a_value = (
        not re.fullmatch(r"[\w.:-]{0,100}", text)
        or any(map(is_credential, text.split(":")))
        or any(_HIDDEN_KEY.match(word) for word in words)
    )
    return (
        f"<{len(text)} characters, not shown because they look like a value>"
        if could_be_a_value
        else repr(text)
    )


@dataclass(frozen=True, slots=True)
class Home:
    """Where an operator puts the values of the stack's config."""

    stack: str
    environments: tuple[str, ...] = ()
    """ESC environments that the stack's file imports, `org/project/environment`, the strongest last."""
    own: Mapping[Key, Any] = field(default_factory=dict, repr=False)
    """What the stack's file says itself; it wins over every environment."""
    has_file: bool = False
    """Whether the stack has a file that says anything."""
    defaults: frozenset[Key] = frozenset()
    """Keys that the project's file has values for."""

    @classmethod
    def find(cls) -> "Home":
        """Read the stack's file."""
        file = _stack_file() or {}
        organization = pulumi.get_organization()
        imports = (_qualified(each, organization) for each in _imports(file.get("environment")))
        _, project = _project()
        return cls(
            pulumi.get_stack(),
            tuple(imports),
            _own_config(file),
            bool(file),
            frozenset(_own_config(project)),
        )

    @property
    def not_in_use(self) -> str | None:
        """Say what shows that this run has its config from another file; None where nothing does.

        The engine does not tell a program which file it was (source: pulumi proto/pulumi/language.proto,
        RunRequest). It shows where the two do not fit together: what the stack's own file says wins
        over everything else, so it always arrives.
        """
        file, got = f"Pulumi.{self.stack}.yaml", {str(key): key for key in known_keys()}
        elsewhere = _asked_for_another_file(file)
        if elsewhere:
            return f"{elsewhere} names another file than {file}"
        for key, value in self.own.items():
            if value is not None and str(key) not in got:
                return f"config {key.shown} is in {file}, and did not arrive"
            if (
                isinstance(value, str)
                and _SAME_IN_EVERY_YAML.match(value)
                and stack_config.get_config(str(key)) != value
            ):
                return f"config {key.shown} arrived with another value than {file} has"
        unexplained = [
            key for key in got.values() if key not in self.own and key not in self.defaults
        ]
        if not unexplained or self.environments:
            return None
        if not self.has_file:
            return f"there is no {file}, and config {unexplained[0].shown} arrived"
        return f"config {unexplained[0].shown} is not in {file}, which imports no ESC environment"

    def set_command(self, key: Key, *, secret: bool = True, whole: bool = False) -> str:
        """Return the shell command that stores a value, read from standard input and never an argument.

        `--string`, because the ESC command line otherwise takes the value for YAML: it would fold the
        lines of a PEM key into one, and make a number of a password of digits (source: pulumi
        pkg/cmd/esc/cli/env_set.go).

        Args:
            key: The value's name.
            secret: Whether it is stored as a secret.
            whole: Keep a final line break too, as a file has one (`--raw`; ESC always does).
        """
        how = "--secret" if secret else "--plaintext"
        if not self.environments:
            how = f"{how} --raw" if whole else how
            return (
                f"pulumi config set --stack {shlex.quote(self.stack)} {how} {shlex.quote(str(key))}"
            )
        name = str(key).replace("\\", "\\\\").replace('"', '\\"')
        path = f'pulumiConfig["{name}"]'
        command = f"esc env set {shlex.quote(self.environments[-1])} {shlex.quote(path)} {how} --string --file -"
        return f"{command} && {self.drop_command(key)}" if key in self.own else command

    def drop_command(self, key: Key) -> str:
        """Return the shell command that takes a key out of the stack's own file."""
        return f"pulumi config rm --stack {shlex.quote(self.stack)} {shlex.quote(str(key))}"

    @property
    def note(self) -> str:
        """What goes below commands that this place made."""
        if not self.environments:
            return "Each command reads the value from standard input; type or pipe it, never add it to the line."
        others = (
            f" This stack imports {', '.join(self.environments)}; what a later one says wins."
            if len(self.environments) > 1
            else ""
        )
        return (
            "Each command reads the value from standard input: pipe it in, without a line break at its end "
            "(printf %s, not echo). Where the environment takes a value from elsewhere (${...}, fn::open), set it "
            f"there instead.{others}"
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One value that a workload wants."""

    argument: str
    """`secrets`, `config` or `files`."""
    target: str
    """The environment variable's name, or the file's path."""
    key: Key
    format: str | None = None
    optional: bool = False

    @property
    def secret(self) -> bool:
        """Whether only those may see it who run the workload."""
        return self.argument != "config"

    @property
    def value(self) -> str | None:
        """The value in the stack's config; None where there is none."""
        found = stack_config.get_config(str(self.key))
        if found is None or (self.optional and found == ""):
            return None
        return self._whole(str(found))

    def _whole(self, found: str) -> str:
        # `pulumi config set` takes the final line break away, and OpenSSH refuses a private key without it.
        if self.argument == "files" and self.format == "pem" and not found.endswith("\n"):
            return f"{found}\n"
        return found

    def problem(self) -> str | None:
        """Say what is wrong with it, up to the command that mends it if one does; None when nothing is."""
        value, what = self.value, f"{self.argument}[{shown(self.target)}]"
        if value is None:
            if self.optional:
                return None
            close = self._nearest()
            hint = f" (there is {str(close)!r})" if close else ""
            if "<" in self.key.shown[:1]:
                return (
                    f"{what} has {self.key.shown} as its config key, and the stack has no such key; give the key's "
                    f"name{hint}."
                )
            return f"{what}: the stack has no config {self.key.shown}{hint}. Set it"
        stored_secret = stack_config.is_config_secret(str(self.key))
        if self.secret and not stored_secret:
            numeric = not formats.problem(value, "json") and not value.startswith('"')
            why = " (in ESC only a string stays secret, no number or list)" if numeric else ""
            return (
                f"{what}: config {self.key.shown} is stored in plain text{why}. Whoever reads the stack's config has "
                f"seen it, so replace the value, and store the new one as a secret"
            )
        if not self.secret and stored_secret:
            return (
                f"{what}: config {self.key.shown} is a secret of the stack, and a ConfigMap shows what it holds. "
                f"Declare it under secrets=; or, if anybody may see it, store it so"
            )
        wrong = self._wrong(value)
        return f"{what}: config {self.key.shown} {wrong}. Set it again" if wrong else None

    def command(self, home: Home) -> str:
        """Return the shell command that stores a value for it."""
        return home.set_command(self.key, secret=self.secret, whole=self.argument == "files")

    def warning(self) -> str | None:
        """Say what is legal and mostly a mistake: the line break that `echo` and the Enter key add."""
        value = self.value or ""
        if self.argument == "secrets" and value.endswith("\n") and "\n" not in value[:-1]:
            return (
                f"secrets[{shown(self.target)}]: the value of config {self.key.shown} ends in a line break. If Enter "
                f"or echo put it there, set the value again without it: printf %s."
            )
        return None

    def _nearest(self) -> Key | None:
        """Find an existing key that could have been meant: a similar one, or the same of another namespace."""
        known = known_keys()
        here = {key.name: key for key in known if key.namespace == self.key.namespace}
        close = nearest(self.key.name, here)
        if close is not None:
            return here[close]
        return next((key for key in known if key.name == self.key.name), None)

    def _wrong(self, value: str) -> str | None:
        if self.secret and not value.strip():
            return "is empty"
        if re.search("[\ud800-\udfff]", value):
            return "has halves of characters (surrogates), which are no text"
        problem = None if self.argument == "files" else kubernetes.value_problem(self.target, value)
        if problem is None and self.format is not None:
            problem = formats.problem(value, self.format)
            if problem:
                return f"is not what formats={{{shown(self.target)}: {self.format!r}}} asks for: its value {problem}"
        return f"cannot be used: its value {problem}" if problem else None


def wrong_values(entries: Sequence[Entry]) -> tuple[list[StackConfigError], str]:
    """Look at every value of a workload.

    Returns:
        An error for each that cannot be used, with the command that mends it; and what to say below all of them.
    """
    problems = [(entry, entry.problem()) for entry in entries]
    wrong = [(entry, problem) for entry, problem in problems if problem is not None]
    if not wrong:
        return [], ""
    home = Home.find()
    errors = [
        StackConfigError(problem if problem.endswith(".") else f"{problem}: {entry.command(home)}")
        for entry, problem in wrong
    ]
    commands = any(not problem.endswith(".") for _, problem in wrong)
    return errors, home.note if commands else ""


def known_keys() -> list[Key]:
    """List the keys of the stack's config."""
    names = {**stack_config.get_config_env(), **stack_config.CONFIG.get()}
    return [Key.parse(name, "") for name in sorted(names) if name.count(":") == 1]


def require_esc(allow: SequenceNotStr[str] = ()) -> None:
    """Refuse a stack whose own file holds secrets, encrypted or in plain text, instead of an ESC environment.

    Call it first in a program. With config `infra-secrets:requireEsc` set to `warn` it warns instead (e.g. while a
    stack is moved over), and with `refuse`, the default, it stops the program before anything is created.

    It looks at `Pulumi.<stack>.yaml` alone. Where the run shows that its config came from another file, as with
    `--config-file`, it warns that it could not look.

    What counts as a secret in plain text is a guess: a value under a name like `password` or `apiToken`, a
    URL with a password in it, and what begins like a well-known credential.

    Args:
        allow: Config keys that may stay, e.g. `["app:tokenIssuer"]`.

    Raises:
        StackConfigError: One error with every such key, and the command that moves each. Never a value.
    """
    warn_of_misspelt_config()
    mode = REQUIRE_ESC.read() or "refuse"
    with one_clear_message():
        if mode not in ("refuse", "warn"):
            raise StackConfigError(
                f"config {REQUIRE_ESC} is {shown(mode)}; it must be 'refuse' (the default) or 'warn'."
            )
        given: object = allow
        if not isinstance(given, list | tuple) or not all(isinstance(each, str) for each in given):
            raise StackConfigError(
                f'allow must be a list of config keys, e.g. ["app:tokenIssuer"]; found {kind(allow)}.'
            )
        home = Home.find()
        allowed = {str(Key.parse(each, pulumi.get_project())) for each in allow}
        problems = [
            _move(key, why, home) for key, why in _misplaced(home) if str(key) not in allowed
        ]
        elsewhere = home.not_in_use
        notes = [_moving_note(home)] if problems else []
        if elsewhere:
            notes.append(
                f"require_esc could not look at the stack file that this run uses: {elsewhere}. Secrets in that file "
                f"are not noticed. Run pulumi without --config-file, or see to it that they are in ESC."
            )
        if not notes:
            return
        lines = "".join(f"\n  - {problem}" for problem in problems)
        said = [f"stack {home.stack} keeps secrets outside of ESC:{lines}"] if problems else []
        message = "\n".join([*said, *notes])
        if problems and mode == "refuse":
            raise StackConfigError(message)
    pulumi.log.warn(message)


def _misplaced(home: Home) -> Iterator[tuple[Key, str]]:
    for key, value in home.own.items():
        if _holds_ciphertext(value):
            yield key, "is a secret in the stack's file"
        elif key.namespace != NAMESPACE and _looks_secret(key.name, value):
            yield key, "looks like a secret, in plain text"
    if home.has_file and not home.environments:
        for key in known_keys():
            if stack_config.is_config_secret(str(key)) and key not in home.own:
                yield key, "is a secret that came from no ESC environment"


def _move(key: Key, why: str, home: Home) -> str:
    if not home.environments:
        return f"config {key.shown} {why}."
    read = f"pulumi config get --stack {shlex.quote(home.stack)} {shlex.quote(str(key))}"
    # The shell takes the line break away that `config get` adds; printf is part of the shell, no process. Where
    # the value cannot be read (another passphrase), nothing is stored and nothing removed.
    return (
        f"config {key.shown} {why}. Move it: "
        f'v=$({read}) && [ -n "$v" ] && printf %s "$v" | {home.set_command(key)}; unset v'
    )


def _moving_note(home: Home) -> str:
    if home.environments:
        return (
            "A value that was in plain text is known to others: put a new one in its place instead."
        )
    return (
        f"This stack imports no ESC environment. `pulumi config env init --stack {shlex.quote(home.stack)}` makes one "
        f"of its config and imports it (it needs the Pulumi Cloud backend)."
    )


def _holds_ciphertext(value: Any) -> bool:
    if isinstance(value, Mapping):
        return set(value) == {"secure"} or any(map(_holds_ciphertext, value.values()))
    return isinstance(value, list) and any(map(_holds_ciphertext, value))


def _looks_secret(name: str, value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_looks_secret(str(inner), member) for inner, member in value.items())
    if isinstance(value, list):
        return any(_looks_secret(name, member) for member in value)
    if not isinstance(value, str):
        return False
    if len(value) >= _SHORTEST_CREDENTIAL and is_credential(value):
        return True
    if _URL_WITH_SECRET.match(value) or _WRITTEN_OUT.search(value):
        return True
    opaque = len(value) >= _SHORTEST_SECRET and not re.match(r"[/.~]|arn:|[a-z]+://|\$\{", value)
    return opaque and _SECRET_NAME.search(name) is not None and not _ABOUT.search(name)


# The stack's file ---------------------------------------------------------------------------------------


def _stack_file() -> Mapping[str, Any] | None:
    """Read `Pulumi.<stack>.yaml`; None where there is none, or nothing readable."""
    for folder in _config_folders():
        for suffix in (".yaml", ".yml", ".json"):
            file = _read_mapping(folder / f"Pulumi.{pulumi.get_stack()}{suffix}")
            if file is not None:
                return file
    return None


def _config_folders() -> Iterator[Path]:
    folder, project = _project()
    if folder is not None:
        elsewhere = project.get("stackConfigDir")
        yield folder / elsewhere if isinstance(elsewhere, str) else folder


def _project() -> tuple[Path | None, Mapping[str, Any]]:
    """Read the project's file; return its folder too."""
    for folder in _project_folders():
        for suffix in (".yaml", ".yml", ".json"):
            project = _read_mapping(folder / f"Pulumi{suffix}")
            if project is not None:
                return folder, project
    return None, {}


def _project_folders() -> Iterator[Path]:
    try:
        root = pulumi.get_root_directory()
    except Exception:  # noqa: BLE001 (what the SDK raises where nobody told it)
        root = None
    if root:
        yield Path(root)
        return
    here = Path.cwd()
    yield from (here, *here.parents)


def _asked_for_another_file(usual: str) -> str | None:
    """Find what names another stack file: the engine's variable, or the command line that started this program.

    Command lines can be read on Linux alone. A program that the Automation API runs has no engine above it.
    """
    option = "--config-file"
    for word, following in pairwise([*_words_of_the_engine(), ""]):
        name, equals, file = word.partition("=")
        if name == option:
            return option if Path(file if equals else following).name != usual else None
    return str(CONFIG_FILE) if Path(CONFIG_FILE.read() or usual).name != usual else None


def _words_of_the_engine() -> list[str]:
    process = os.getppid()
    while process > 1:
        try:
            words = Path(f"/proc/{process}/cmdline").read_text(errors="replace").split("\0")
            status = Path(f"/proc/{process}/stat").read_text(errors="replace")
        except OSError:
            break
        if Path(words[0]).name == "pulumi":
            return words
        process = int(status.rpartition(")")[2].split()[1])
    return []


# The one in C is not in every build of PyYAML.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _read_mapping(file: Path) -> Mapping[str, Any] | None:
    try:
        found = yaml.load(file.read_text(encoding="utf-8"), _Loader)  # noqa: S506 (a safe loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    return found if isinstance(found, Mapping) else {}


def _own_config(file: Mapping[str, Any]) -> dict[Key, Any]:
    """List what a stack's file says itself, under the names that the engine makes of them."""
    config = file.get("config")
    found = {}
    for name, value in config.items() if isinstance(config, Mapping) else ():
        try:
            found[Key.parse(str(name), pulumi.get_project())] = value
        except StackConfigError:
            continue  # the engine refuses it by itself
    return found


def _imports(environment: Any) -> tuple[str, ...]:
    """List the environments that a stack's `environment:` names: a list, or a document with `imports`.

    Source: pulumi sdk/go/common/workspace/project.go, Environment.
    """
    if isinstance(environment, Mapping):
        environment = environment.get("imports")
    names: list[str] = []
    for each in environment if isinstance(environment, list) else []:
        if isinstance(each, str):
            names.append(each)
        elif isinstance(each, Mapping):
            names.extend(str(name) for name in each)
    return tuple(names)


def _qualified(name: str, organization: str) -> str:
    """Spell an environment in three parts, without a version: `set` writes no version."""
    name = name.partition("@")[0]
    return f"{organization}/{name}" if "/" in name else f"{organization}/default/{name}"
