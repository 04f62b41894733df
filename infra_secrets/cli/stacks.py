"""What a Pulumi project on disk declares: its stacks, and the containers in their state.

The state is read by `pulumi stack export`, in which every secret stays encrypted. Deliberately nothing is run or
refreshed, and no config is decrypted.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra_secrets import clouds
from infra_secrets.cli.addresses import without_logins
from infra_secrets.clouds import Place
from infra_secrets.component.settings import ENVIRONMENT, SERVICE
from infra_secrets.errors import InfraSecretsError, SecretNameError
from infra_secrets.project import find_project, readable, settings_file, stack_file
from infra_secrets.rules.naming import SecretName

SECRET = "infra-secrets:index:Secret"  # noqa: S105 (a type token)
NOT_SHOWN = "(secret)"
"""What stands for an input that the state has encrypted."""


class StackError(InfraSecretsError):
    """The project's stacks could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A container as a stack's state has it."""

    name: SecretName
    cloud: str
    logical_name: str
    stack: str
    """The short name of its stack."""
    id: str | None
    """Its `secret_id`; None of one that was never made."""
    place: Place
    """Where it is, as far as its id says."""
    description: str | None = None
    owner: str | None = None
    max_age_days: int | None = None
    fields: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()
    registered: bool = True
    """False in a state of a package version that did not register its arguments: the container's own tags are asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A Pulumi project on disk."""

    directory: Path
    name: str

    @classmethod
    def find(cls, directory: Path) -> "Project | None":
        """Find the project that a directory is in."""
        folder = find_project(directory.resolve())
        if folder is None:
            return None
        settings = readable(settings_file(folder, "Pulumi"))
        return cls(directory=folder, name=str(settings.get("name", folder.name)))

    def selected(self) -> str | None:
        """Return the stack that is selected here; None for none."""
        found = self._pulumi("stack", "ls", "--json")
        with _as_pulumi_writes(f"The list of the stacks of {self.name}"):
            return next((str(each["name"]) for each in found if each.get("current")), None)

    def stacks(self) -> list[str]:
        """List the stacks of the project, by its backend."""
        found = self._pulumi("stack", "ls", "--json")
        with _as_pulumi_writes(f"The list of the stacks of {self.name}"):
            return [str(each["name"]) for each in found]

    def config(self, stack: str) -> dict[str, str]:
        """Return the plain texts in a stack's config, by key."""
        found = readable(stack_file(self.directory, stack.rpartition("/")[2])).get("config")
        items = found.items() if isinstance(found, Mapping) else ()
        return {str(key): str(text) for key, text in items if isinstance(text, str | int | bool)}

    def parts(self, stack: str) -> tuple[str, str]:
        """Return service and environment as a stack's config names them, else the names of project and stack."""
        config = self.config(stack)
        return (
            config.get(str(SERVICE), self.name),
            config.get(str(ENVIRONMENT), stack.rpartition("/")[2]),
        )

    def declared(self, stack: str) -> list[Declared]:
        """List the containers in a stack's state.

        Raises:
            StackError: It cannot be read, or is not as Pulumi writes it.
        """
        export = self._pulumi("stack", "export", f"--stack={stack}")
        with _as_pulumi_writes(f"The state of stack {stack}"):
            resources = (export.get("deployment") or {}).get("resources") or []
            return list(_declared(resources, stack.rpartition("/")[2]))

    def _pulumi(self, *arguments: str) -> Any:
        try:
            done = subprocess.run(  # noqa: S603 (names of stacks, and no shell)
                ["pulumi", *arguments, "--non-interactive", "--cwd", str(self.directory)],  # noqa: S607 (on PATH, as the person's own)
                check=False,
                capture_output=True,
                text=True,
                encoding="utf-8",
            )
        except FileNotFoundError:
            raise StackError(
                "There is no `pulumi` command on the PATH, and the stack's state says what is declared. Install it "
                "(https://www.pulumi.com/docs/install/), or name the place: --cloud, --service, --environment."
            ) from None
        if done.returncode:
            # Around the error it may say that there is a newer version.
            errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
            said = (
                without_logins(errors[0].removeprefix("error: "))
                if errors
                else "it does not say why"
            )
            raise StackError(
                f"`pulumi {' '.join(arguments)}` failed in {self.directory}: {said.rstrip('.')}. Fix "
                "that, or name the place instead: --cloud, --service, --environment."
            )
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise StackError(
                f"`pulumi {' '.join(arguments)}` in {self.directory} did not answer with JSON. Run it yourself to see "
                "why, or name the place instead: --cloud, --service, --environment."
            ) from None


@contextmanager
def _as_pulumi_writes(what: str) -> Iterator[None]:
    """Refuse what is not as Pulumi writes it, without repeating it: a value may be in it."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        raise StackError(
            f"{what} is not as Pulumi writes it. Look at it (pulumi stack export), or name the place instead: --cloud, "
            "--service, --environment."
        ) from None


def _declared(resources: Sequence[Mapping[str, Any]], stack: str) -> Iterator[Declared]:
    for resource in resources:
        if resource.get("type") != SECRET or resource.get("delete"):
            continue
        inputs, outputs = resource.get("inputs") or {}, resource.get("outputs") or {}
        # One whose container was never made has inputs alone: what was asked for.
        declared = outputs.get("declared") or inputs
        reference = _text(outputs.get("reference")) or _text(inputs.get("reference"))
        id_ = _text(outputs.get("secretId"))
        cloud = declared.get("cloud") or _cloud_of(id_)
        if reference in (None, NOT_SHOWN) or cloud not in clouds.available():
            continue
        place = clouds.container(clouds.load(cloud)).place_of(id_) if id_ else {}
        age = declared.get("maxAgeDays")
        logical_name = str(resource["urn"]).rpartition("::")[2]
        yield Declared(
            name=_name(str(reference), logical_name, stack),
            cloud=cloud,
            logical_name=logical_name,
            stack=stack,
            id=id_,
            place={part: text for part, text in place.items() if part != "name"},
            description=_text(declared.get("description")),
            owner=_text(declared.get("owner")),
            max_age_days=int(age) if isinstance(age, int | float) else None,
            fields=_texts(declared.get("fields")),
            readers=_texts(declared.get("readers")),
            writers=_texts(declared.get("writers")),
            registered="cloud" in declared,
        )


def _name(reference: str, logical_name: str, stack: str) -> SecretName:
    try:
        return SecretName.from_reference(reference)
    except SecretNameError as error:
        raise StackError(
            f"The state of stack {stack} has a Secret, {logical_name}, whose reference is none: {error} Its container "
            "can be looked at by --cloud and where it is."
        ) from None


def _cloud_of(id_: str | None) -> str | None:
    """Tell a container's cloud by its id, for a state that does not name it."""
    return next(
        (
            name
            for name in clouds.available()
            if (id_ or "").startswith(clouds.load(name).ID_PREFIX)
        ),
        None,
    )


def _text(found: object) -> str | None:
    if isinstance(found, Mapping):
        return NOT_SHOWN
    return found if isinstance(found, str) else None


def _texts(found: object) -> tuple[str, ...]:
    return tuple(_text(each) or NOT_SHOWN for each in found) if isinstance(found, list) else ()
