"""The values of the stack's config that a workload wants: what is there, how it is stored, what is wrong with it.

A value is read to be judged and handed on; no message has any part of one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra_secrets.errors import StackConfigError
from infra_secrets.project import Key, Question, answered
from infra_secrets.rules import formats, kubernetes
from infra_secrets.rules.wording import nearest, shown
from infra_secrets.stack.fixing import Home
from infra_secrets.stack.keys import known_keys, shown_as


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
    or_formats: tuple[str, ...] = ()
    """Formats of which one will do as well."""
    asked_by: str = ""
    """What asks for the format, where no argument does: the field of a class of settings."""

    @property
    def secret(self) -> bool:
        """Whether only those who run the workload may see it."""
        return self.argument != "config"

    @property
    def value(self) -> str | None:
        """The value in the stack's config; None if there is none."""
        made_up = answered(self.question)
        if made_up is not None:
            return made_up
        found = pulumi.runtime.get_config(str(self.key))
        if found is None or (self.optional and found == ""):
            return None
        return self._whole(str(found))

    @property
    def question(self) -> Question:
        """What may be answered by another than the stack's config."""
        return Question(self.key, self.secret, self.format)

    def _whole(self, found: str) -> str:
        # `pulumi config set` takes the final line break away, and OpenSSH refuses a private key without it.
        if self.argument == "files" and self.format == "pem" and not found.endswith("\n"):
            return f"{found}\n"
        return found

    def problem(self) -> str | None:
        """Say what is wrong with it, up to the command that fixes it if there is one; None when nothing is."""
        value, what = self.value, f"{self.argument}[{shown(self.target)}]"
        if value is None:
            if self.optional:
                return None
            close = self._nearest()
            hint = f" (there is {str(close)!r})" if close else ""
            if shown_as(self.key).startswith("<"):
                return (
                    f"{what} has {shown_as(self.key)} as its config key, and the stack has no such key; give the key's "
                    f"name{hint}."
                )
            return f"{what}: the stack has no config {shown_as(self.key)}{hint}. Set it"
        stored_secret = pulumi.runtime.is_config_secret(str(self.key))
        if self.secret and not stored_secret:
            numeric = not formats.problem(value, "json") and not value.startswith('"')
            why = " (in ESC only strings stay secret, not numbers or lists)" if numeric else ""
            return (
                f"{what}: config {shown_as(self.key)} is stored in plain text{why}. Whoever reads the stack's config "
                f"has seen it, so replace the value, and store the new one as a secret"
            )
        if not self.secret and stored_secret:
            return (
                f"{what}: config {shown_as(self.key)} is a secret of the stack, and a ConfigMap shows its values. "
                "Declare it under secrets=; or, if it need not be secret, store it in plain text"
            )
        wrong = self._wrong(value)
        return f"{what}: config {shown_as(self.key)} {wrong}. Set it again" if wrong else None

    def command(self, home: Home) -> str:
        """Return the shell command that stores a value for it."""
        return home.set_command(self.key, secret=self.secret, whole=self.argument == "files")

    def warning(self) -> str | None:
        """Say what is allowed but usually a mistake: the line break that `echo` and the Enter key add."""
        value = self.value or ""
        if self.argument == "secrets" and value.endswith("\n") and "\n" not in value[:-1]:
            return (
                f"secrets[{shown(self.target)}]: the value of config {shown_as(self.key)} ends in a line break. If "
                f"Enter or echo put it there, set the value again without it: printf %s."
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
            return "has halves of characters (surrogates), which are not valid text"
        problem = None if self.argument == "files" else kubernetes.value_problem(self.target, value)
        if problem is None and self.format is not None:
            problem = formats.problem(value, self.format)
            if problem and any(not formats.problem(value, other) for other in self.or_formats):
                problem = None
            if problem:
                asked_by = self.asked_by or f"formats={{{shown(self.target)}: {self.format!r}}}"
                return f"is not what {asked_by} asks for: its value {problem}"
        return f"cannot be used: its value {problem}" if problem else None


def wrong_values(entries: Sequence[Entry]) -> tuple[list[StackConfigError], str]:
    """Look at every value of a workload.

    Returns:
        An error for each that cannot be used, with the command that fixes it; and what to say below all of them.
    """
    asked = [entry for entry in entries if answered(entry.question) is None]
    problems = [(entry, entry.problem()) for entry in asked]
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
