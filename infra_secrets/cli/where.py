"""Which containers a command is about: the cloud, the place, the service and the environment, and who says so.

Two ways, never mixed: the state of a Pulumi project's stack says it, or a person names the cloud (`--cloud`, or
`INFRA_SECRETS_CLOUD` outside of a project). Deliberately nothing is asked of a cloud here.
"""

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from infra_secrets import clouds
from infra_secrets.cli.stacks import Declared, Project
from infra_secrets.clouds import Place
from infra_secrets.component import settings
from infra_secrets.errors import InfraSecretsError
from infra_secrets.project import find_project, stack_files
from infra_secrets.rules.naming import RULE, SEGMENT, suggest
from infra_secrets.rules.wording import looks_like_a_value, nearest, shown

_NAME = re.compile(r"[\w./:@-]{1,512}")


class WhereError(InfraSecretsError):
    """It is not clear which containers are meant; nothing was asked of a cloud."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a person named on the command line. None of it is a value, and it is repeated as if it were."""

    cloud: str | None = None
    place: Place = field(default_factory=dict)
    """The parts of a place that were named, e.g. a region."""
    service: str | None = None
    environment: str | None = None
    stack: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which containers a command is about."""

    service: str | None
    environment: str | None
    place: Place
    """What was named of the place; a declared container has its own."""
    cloud: str | None = None
    """The one cloud that was named; None where each declared container has its own."""
    project: Project | None = None
    """The project that was asked; None where the cloud was named instead."""
    stack: str | None = None
    declared: tuple[Declared, ...] = ()
    """What the stack declares, of what was named: the cloud, the place, the service, the environment."""
    besides: tuple[Declared, ...] = ()
    """What else it declares."""


def find(named: Named, directory: Path | None = None) -> Where:
    """Find out which containers a command is about.

    Args:
        named: What the person named.
        directory: Where the command was started; the current folder by default.

    Raises:
        WhereError: It is not clear.
        StackError: The project's stack cannot be read.
    """
    _refuse_unreadable(named)
    project = None
    if named.stack is not None or named.cloud is None:
        project = Project.find(directory or Path.cwd())
    if project is not None:
        return _in_project(project, named)
    if named.stack is not None:
        raise WhereError(
            "--stack needs a Pulumi project, and there is no Pulumi.yaml in this folder or above it. Change to the "
            "project's folder, or name the place: --cloud, --service, --environment."
        )
    cloud = named.cloud or settings.CLOUD_VARIABLE.read()
    if not cloud:
        raise WhereError(
            "It is not known on which cloud to look: there is no Pulumi.yaml in this folder or above it. Change to the "
            f"folder of a Pulumi project, or name one: --cloud {'|'.join(clouds.available())} (or "
            f"{settings.CLOUD_VARIABLE})."
        )
    _known(cloud, "--cloud" if named.cloud else str(settings.CLOUD_VARIABLE))
    _refuse_other_parts(cloud, named.place)
    environment = settings.ENVIRONMENT_VARIABLE.read() or None
    if named.environment is None and environment is not None:
        _refuse_no_part("environment", environment, str(settings.ENVIRONMENT_VARIABLE))
    return Where(
        cloud=cloud,
        place=named.place,
        service=named.service,
        environment=named.environment or environment,
    )


def refuse_nonsense(named: Named) -> None:
    """Refuse what `find` would refuse without asking Pulumi, for who looks also where the stack cannot be read.

    Raises:
        WhereError: What was named, or what the variable names, makes no sense.
    """
    _refuse_unreadable(named)
    for cloud, said_by in (
        (named.cloud, "--cloud"),
        (settings.CLOUD_VARIABLE.read(), str(settings.CLOUD_VARIABLE)),
    ):
        if cloud:
            _known(cloud, said_by)
    if named.cloud is not None:
        _refuse_other_parts(named.cloud, named.place)


def place_of(declared: Declared) -> Place:
    """Return where a declared container is, in the parts that `clouds.connect` takes."""
    parts = _parts(declared.cloud)
    return {part: declared.place[part] for part in parts if part in declared.place}


def in_words(cloud: str, place: Place) -> str:
    """Say where something is, e.g. `aws, region eu-central-1`."""
    return ", ".join([cloud, *(f"{part} {text}" for part, text in place.items())])


def _in_project(project: Project, named: Named) -> Where:
    stack = named.stack or project.selected()
    if stack is None:
        known = [*stack_files(project.directory)]
        raise WhereError(
            f"No stack of {project.name} is selected. Name one: --stack {'|'.join(known) or 'STACK'}, or run: pulumi "
            "stack select"
        )
    if named.cloud is not None:
        _known(named.cloud, "--cloud")
        _refuse_other_parts(named.cloud, named.place)
    service, environment = project.parts(stack)
    declared = project.declared(stack)
    wanted = [each for each in declared if _is_named(each, named)]
    return Where(
        cloud=named.cloud,
        place=named.place,
        service=named.service or service,
        environment=named.environment or environment,
        project=project,
        stack=stack,
        declared=tuple(wanted),
        besides=tuple(each for each in declared if each not in wanted),
    )


def _is_named(declared: Declared, named: Named) -> bool:
    """Whether a container is one of those that a person named, as far as it is known where it is."""
    return (
        named.cloud in (None, declared.cloud)
        and named.service in (None, declared.name.service)
        and named.environment in (None, declared.name.environment)
        and not clouds.differing(named.place, declared.place)
    )


def _known(cloud: str, said_by: str) -> None:
    """Refuse a cloud that there is none of, without repeating it."""
    known = clouds.available()
    if cloud in known:
        return
    close = nearest(cloud, known)
    hint = f" Did you mean {close}?" if close else ""
    raise WhereError(f"{said_by} must be one of {', '.join(known)}.{hint}")


def _refuse_other_parts(cloud: str, place: Place) -> None:
    parts = _parts(cloud)
    other = [f"--{part}" for part in place if part not in parts]
    if other:
        raise WhereError(
            f"{' and '.join(other)} says nothing of a place on {cloud}. There it is "
            f"{' and '.join(f'--{part}' for part in parts)}."
        )


def _parts(cloud: str) -> Mapping[str, Sequence[settings.Variable]]:
    return clouds.values_of(clouds.load(cloud)).PLACE


def _refuse_unreadable(named: Named) -> None:
    """Refuse what is no name of anything, and could be a value in the wrong place; it is not repeated."""
    given = {
        "stack": named.stack,
        "service": named.service,
        "environment": named.environment,
        **named.place,
    }
    for option, text in given.items():
        if text is not None and (not _NAME.fullmatch(text) or looks_like_a_value(text)):
            raise WhereError(
                f"What was given for --{option} is not shown, because it looks like a value. Give a name; a value is "
                "never an argument."
            )
    for part, text in (("service", named.service), ("environment", named.environment)):
        if text is not None:
            _refuse_no_part(part, text, f"--{part}")


def _refuse_no_part(part: str, text: str, said_by: str) -> None:
    """Refuse what can be no part of a name: nothing would ever be found."""
    if not SEGMENT.fullmatch(text):
        raise WhereError(
            f"{said_by} is {shown(text)}: {RULE}. This would work: --{part} {suggest(text, part)}"
        )


# The options ------------------------------------------------------------------------------------------


def parts_of_places() -> Mapping[str, str]:
    """Return the parts that a place has on any cloud, each with a sentence for `--help`."""
    found: dict[str, list[str]] = {}
    for cloud in clouds.available():
        for part, variables in _parts(cloud).items():
            found.setdefault(part, []).append(f"{cloud} ({', '.join(map(str, variables))})")
    return {
        part: f"The {part} on {', '.join(said)}; else the variable, else what the login says."
        for part, said in found.items()
    }


def complete_clouds(incomplete: str) -> list[str]:
    """Offer the shell the clouds."""
    return [each for each in clouds.available() if each.startswith(incomplete)]


def complete_stacks(incomplete: str) -> list[str]:
    """Offer the shell the stacks of the project in the current folder, by their files: without a call."""
    folder = find_project(Path.cwd())
    names = stack_files(folder) if folder else {}
    return [each for each in names if each.startswith(incomplete)]


def located(command: Callable[..., None], *, places: bool = True) -> Callable[..., None]:
    """Give a command the options that say where; it gets what they were as `named`.

    A cloud's own parts of a place become options by their names, so that a new cloud brings its own.

    Args:
        command: The function.
        places: Whether it needs these parts; to find them takes longer than all the rest of a `--help`.
    """
    parts = parts_of_places() if places else {}

    @functools.wraps(command)
    def run(**given: Any) -> None:
        named = Named(
            place={part: text for part in parts if (text := given.pop(part)) is not None},
            **{name: given.pop(name) for name in ("cloud", "service", "environment", "stack")},
        )
        command(**given, named=named)

    parameters = [
        each for each in inspect.signature(command).parameters.values() if each.name != "named"
    ]
    parameters += _parameters(parts)
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # inspect reads it
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _parameters(parts: Mapping[str, str]) -> Iterator[inspect.Parameter]:
    panel = "Where"
    options: Sequence[tuple[str, Any]] = (
        (
            "stack",
            typer.Option(
                help="A stack of the Pulumi project in this folder. Default: the selected one.",
                autocompletion=complete_stacks,
                rich_help_panel=panel,
            ),
        ),
        (
            "cloud",
            typer.Option(
                metavar="|".join(clouds.available()),
                help="Look on this cloud, whatever a Pulumi project says; with --stack, only at what that has on it.",
                autocompletion=complete_clouds,
                rich_help_panel=panel,
            ),
        ),
        *(
            (part, typer.Option(help=meaning, rich_help_panel=panel))
            for part, meaning in parts.items()
        ),
        (
            "service",
            typer.Option(help="First part of the names of containers.", rich_help_panel=panel),
        ),
        (
            "environment",
            typer.Option(
                help=f"Second part of the names of containers; else {settings.ENVIRONMENT_VARIABLE}.",
                rich_help_panel=panel,
            ),
        ),
    )
    for name, option in options:
        yield inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[str | None, option],
        )
