"""The stack: whether its name, its config, its ESC environments and this shell are about the same environment.

The stack's files are read as they are. No config is decrypted, and nothing is refreshed.
"""

import shlex
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infra_secrets.cli.doctor.backend import Backend
from infra_secrets.cli.doctor.findings import Finding, State
from infra_secrets.cli.stacks import Declared, Project
from infra_secrets.component.settings import (
    ENVIRONMENT,
    ENVIRONMENT_VARIABLE,
    PASSPHRASE,
    PASSPHRASE_FILE,
)
from infra_secrets.errors import InfraSecretsError
from infra_secrets.project import (
    imported_environments,
    readable,
    settings_file,
    stack_file,
    stack_files,
    why_unreadable,
)
from infra_secrets.rules.wording import nearest, shown, words

_KINDS = {
    "production": {"production", "prod", "prd", "live"},
    "staging": {"staging", "stage", "stg"},
    "test": {"test", "testing", "qa"},
    "development": {"development", "develop", "dev", "local", "sandbox"},
}
"""What people call the same kind of environment."""


def contradict(one: str, other: str) -> bool:
    """Whether two names are of different kinds of environment, e.g. `prod` and `dev-eu`; unknown words never are."""
    kinds, others = _kinds(one), _kinds(other)
    return bool(kinds and others) and not kinds & others


def _kinds(name: str) -> set[str]:
    found = {*words(name)}
    if found & {"non", "not", "pre"}:  # `non-prod` is no production
        return set()
    return {kind for kind, names in _KINDS.items() if found & names}


class Stack:
    """A project and the stack that is meant, asked for once, by whichever check needs it first.

    Args:
        project: The project; None if there is none.
        named: The stack that was named; by default the one that is selected.
        backend: The login that `look` stands on.
    """

    def __init__(self, project: Project | None, named: str | None, backend: Backend) -> None:
        self.project = project
        self.backend = backend
        self._named = named
        self._lock = threading.Lock()
        self._listed: list[Mapping[str, Any]] | None = None
        self._declared: list[Declared] | None = None

    @property
    def short(self) -> str | None:
        """The stack's name without organization and project; None if it is not known."""
        if self._named is None and self.project is not None:
            files = [*stack_files(self.project.directory)]
            if len(files) == 1 and not self._list():
                return files[0]
        full = self.full
        return None if full is None else full.rpartition("/")[2]

    @property
    def full(self) -> str | None:
        """The stack's name, with its organization where the backend has told it."""
        if self.project is None:
            return None
        listed = self._list()
        if self._named is None:
            return next((str(each["name"]) for each in listed if each.get("current")), None)
        short = self._named.rpartition("/")[2]
        same = (str(each["name"]) for each in listed)
        return next((name for name in same if name.rpartition("/")[2] == short), self._named)

    @property
    def organization(self) -> str | None:
        """Whose it is, where the backend has told it."""
        parts = (self.full or "").split("/")
        return parts[0] if len(parts) == 3 and self.backend.cloud else None  # noqa: PLR2004

    @property
    def file(self) -> Path | None:
        """Its file, or where it would be."""
        if self.project is None or self.short is None:
            return None
        return stack_file(self.project.directory, self.short)

    @property
    def settings(self) -> Mapping[str, Any]:
        """What its file has."""
        return readable(self.file) if self.file is not None and self.file.is_file() else {}

    @property
    def broken(self) -> tuple[Path, str] | None:
        """The project's or the stack's file that Pulumi cannot read, with what is wrong; None if it can read both."""
        if self.project is None:
            return None
        for path in (settings_file(self.project.directory, "Pulumi"), self.file):
            wrong = why_unreadable(path) if path is not None and path.is_file() else None
            if path is not None and wrong:
                return path, wrong
        return None

    @property
    def config(self) -> dict[str, str]:
        """The plain texts in its config, by key."""
        if self.project is None or self.short is None:
            return {}
        return self.project.config(self.short)

    @property
    def environments(self) -> tuple[str, ...]:
        """The ESC environments that it imports."""
        return imported_environments(self.settings)

    def declared(self) -> list[Declared]:
        """List the containers in its state; nothing if it cannot be read, for then the login's own check says why."""
        full = self.full
        with self._lock:
            if self._declared is None:
                try:
                    self._declared = (
                        self.project.declared(full) if self.project is not None and full else []
                    )
                except InfraSecretsError:
                    self._declared = []
            return self._declared

    def _list(self) -> list[Mapping[str, Any]]:
        if self.project is None:
            return []
        with self._lock:
            if self._listed is None:
                answer = self.backend.pulumi.ask(
                    "stack", "ls", "--json", "--fully-qualify-stack-names"
                )
                found = answer.json() if answer.code == 0 else None
                self._listed = found if isinstance(found, list) else []
            return self._listed

    def look(self) -> Iterator[Finding]:
        """Compare the stack's name with what its config, its ESC environments and its siblings say."""
        if self.project is None:
            return
        directory = self.project.directory
        if self.broken is not None:
            path, wrong = self.broken
            yield Finding(
                check="stack-file",
                subject="pulumi",
                state="fix",
                found=f"{path.name} {wrong}. Nothing is known of what it says, and no command of Pulumi reads it.",
                fix=f"Correct it there: {path}",
            )
        files = [*stack_files(directory)]
        known = list(
            dict.fromkeys([str(each["name"]).rpartition("/")[2] for each in self._list()] + files)
        )
        short = self.short
        if short is None and not self.backend.up:
            return  # which one is selected is told after the login
        if short is None:
            yield self._finding(
                "fix",
                f"No stack of {self.project.name} is selected.",
                f"Run: pulumi stack select {known[0]}"
                if known
                else "Make one: pulumi stack init production",
            )
            return
        if self.backend.up and known and short not in known:
            close = nearest(short, known) or known[0]
            yield self._finding(
                "fix",
                f"{self.project.name} has no stack {short}; it has {', '.join(known)}.",
                f"Name one: --stack {close}",
            )
            return
        if self.broken is None:
            yield self._environment(short, known)
        yield from self._shell(short)
        yield from self._passphrase()

    def _environment(self, short: str, known: list[str]) -> Finding:
        assert self.project is not None  # noqa: S101 (`look` has asked)
        service, environment = self.project.parts(short)
        file = self.file.name if self.file is not None else ""
        fix = f"Run: pulumi config set {ENVIRONMENT} {short} --stack {short}"
        if environment != short and environment in known:
            return self._finding(
                "fix",
                f"Stack {short} makes containers of {environment}, which is another stack of the project: {file} has "
                f"{ENVIRONMENT}.",
                fix,
            )
        if contradict(short, environment):
            return self._finding(
                "fix",
                f"Stack {short} makes containers of {environment}: {file} has {ENVIRONMENT}, of another kind than the "
                "stack's name.",
                fix,
            )
        wrong = [each for each in self.environments if contradict(short, each)]
        if wrong:
            name = wrong[0].partition("@")[0]
            project, slash, _ = name.rpartition("/")
            right = f"{project}{slash}{short}"
            there = {each.partition("@")[0] for each in self.environments}
            commands = [("add", right)] * (right not in there) + [("rm", name)]
            run = " && ".join(
                f"pulumi config env {do} {shlex.quote(each)} --stack {shlex.quote(short)} --yes"
                for do, each in commands
            )
            return self._finding(
                "fix",
                f"Stack {short} imports the ESC environment {wrong[0]}, which is of another kind by its name.",
                f"Run: {run}",
            )
        return self._finding("fine", f"Stack {short}: its containers are {service}/{environment}.")

    def _shell(self, short: str) -> Iterator[Finding]:
        assert self.project is not None  # noqa: S101 (`look` has asked)
        here, of_stack = ENVIRONMENT_VARIABLE.read(), self.project.parts(short)[1]
        if here and here != of_stack:
            yield Finding(
                check="shell-environment",
                subject="pulumi",
                state="note",
                found=f"This shell has {ENVIRONMENT_VARIABLE}={shown(here)}, and the stack's containers are of "
                f"{of_stack}: a program that loads its secrets here looks for the former.",
                fix=f"For such a program, run: export {ENVIRONMENT_VARIABLE}={of_stack}",
            )

    def _passphrase(self) -> Iterator[Finding]:
        file = PASSPHRASE_FILE.read()
        if "encryptionsalt" not in self.settings:
            return
        if file and not Path(file).is_file():
            yield Finding(
                check="pulumi-passphrase",
                subject="pulumi",
                state="fix",
                found=f"{PASSPHRASE_FILE} names a file that is not there: {file}.",
                fix="Name the file with the stack's passphrase.",
            )
        elif not file and PASSPHRASE.read() is None:
            yield Finding(
                check="pulumi-passphrase",
                subject="pulumi",
                state="fix",
                found=f"The config of stack {self.short} is encrypted with a passphrase, and this shell has none.",
                fix=f"Run: export {PASSPHRASE_FILE}=FILE, where FILE holds it.",
            )

    def _finding(self, state: State, found: str, fix: str = "") -> Finding:
        return Finding(
            check="stack-environment", subject="pulumi", state=state, found=found, fix=fix
        )
