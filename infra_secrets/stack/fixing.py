"""Where a value of the stack's config is put right: the stack's file, the ESC environments it imports, the commands.

Nothing here opens an environment or reads a value of one: Pulumi has done that before the program starts.
"""

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pulumi

from infra_secrets.component.settings import CONFIG_FILE
from infra_secrets.errors import StackConfigError
from infra_secrets.project import (
    Key,
    find_project,
    imported_environments,
    readable,
    settings_file,
    stack_file,
)
from infra_secrets.stack.keys import known_keys, named, shown_as

# Not what one YAML reader takes for a number, a date or a switch and another for text.
_SAME_IN_EVERY_YAML = re.compile(r"(?!(y|n|yes|no|on|off)$)[A-Za-z]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Home:
    """Where an operator puts the values of the stack's config."""

    stack: str
    environments: tuple[str, ...] = ()
    """ESC environments that the stack's file imports, `org/project/environment`, the strongest last."""
    own: Mapping[Key, Any] = field(default_factory=dict, repr=False)
    """What the stack's file says itself; it wins over every environment."""
    file: str = ""
    """The name of the stack's file, or what it would be called."""
    has_file: bool = False
    """Whether the stack has a file that says anything."""
    defaults: frozenset[Key] = frozenset()
    """Keys that the project's file has values for."""

    @classmethod
    def find(cls) -> "Home":
        """Read the stack's file."""
        project = _project_folder()
        path = stack_file(project or Path(), pulumi.get_stack())
        file = readable(path) if project else {}
        settings = readable(settings_file(project, "Pulumi")) if project else {}
        organization = pulumi.get_organization()
        imports = (_qualified(each, organization) for each in imported_environments(file))
        return cls(
            pulumi.get_stack(),
            tuple(imports),
            _own_config(file),
            path.name,
            bool(file),
            frozenset(_own_config(settings)),
        )

    @property
    def not_in_use(self) -> str | None:
        """Say what shows that this run has its config from another file; None if nothing does.

        The engine does not tell a program which file it was (source: pulumi proto/pulumi/language.proto,
        RunRequest). It shows where the two do not fit together: what the stack's own file says wins
        over everything else, so it always arrives.
        """
        file, got = self.file, {str(key): key for key in known_keys()}
        elsewhere = _asked_for_another_file(file)
        if elsewhere:
            return f"{elsewhere} names a file other than {file}"
        for key, value in self.own.items():
            if value is not None and str(key) not in got:
                return f"config {shown_as(key)} is in {file}, but not in this run"
            if (
                isinstance(value, str)
                and _SAME_IN_EVERY_YAML.match(value)
                and pulumi.runtime.get_config(str(key)) != value
            ):
                return f"config {shown_as(key)} has another value in this run than in {file}"
        unexplained = [
            key for key in got.values() if key not in self.own and key not in self.defaults
        ]
        if not unexplained or self.environments:
            return None
        if not self.has_file:
            return f"there is no {file}, but this run has config {shown_as(unexplained[0])}"
        return (
            f"config {shown_as(unexplained[0])} is not in {file}, which imports no ESC environment"
        )

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
            return (
                "Each command reads the value from standard input; type or pipe it in, never put it on the command "
                "line."
            )
        others = (
            f" This stack imports {', '.join(self.environments)}; later ones win."
            if len(self.environments) > 1
            else ""
        )
        return (
            "Each command reads the value from standard input: pipe it in, without a line break at its end "
            "(printf %s, not echo). Where the environment takes a value from elsewhere (${...}, fn::open), set it "
            f"there instead.{others}"
        )


def _project_folder() -> Path | None:
    try:
        root = pulumi.get_root_directory()
    except Exception:  # noqa: BLE001 (what the SDK raises where nobody told it)
        root = None
    return find_project(Path(root or Path.cwd()))


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


def _own_config(file: Mapping[str, Any]) -> dict[Key, Any]:
    """List what a stack's file says itself, under the names that the engine makes of them."""
    config = file.get("config")
    found = {}
    for name, value in config.items() if isinstance(config, Mapping) else ():
        try:
            found[named(str(name), pulumi.get_project())] = value
        except StackConfigError:
            continue  # the engine refuses it by itself
    return found


def _qualified(name: str, organization: str) -> str:
    """Spell an environment in three parts, without a version: `set` writes no version."""
    name = name.partition("@")[0]
    return f"{organization}/{name}" if "/" in name else f"{organization}/default/{name}"
