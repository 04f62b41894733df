"""What `status` looks at: a stack, all stacks of a project, or what the tags in one place say."""

import shlex
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from infra_secrets import clouds
from infra_secrets.cli import where
from infra_secrets.cli.stacks import Declared, Project, StackError
from infra_secrets.cli.status.collect import Asked, refusal
from infra_secrets.cli.status.rows import Refusal, Row
from infra_secrets.cli.where import Named, Where, WhereError
from infra_secrets.clouds import Place
from infra_secrets.rules.naming import SecretName

_STACKS_AT_ONCE = 4  # each is a `pulumi` command


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What to look at, and what of it could not be read."""

    title: str
    places: tuple[Asked, ...]
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    stack: str | None = None
    """The one stack that was read."""
    by_code: bool
    """Whether a stack's state says what is declared."""


def find(named: Named, *, all_stacks: bool = False, only: Sequence[str] = ()) -> Subject:
    """Find out what to look at.

    Args:
        named: What the person named.
        all_stacks: Every stack of the project.
        only: References, or their beginnings.

    Raises:
        WhereError: It is not clear what is meant.
        StackError: The project's stack cannot be read.
        SecretNameError: What was given as a reference is none.
    """
    names = [SecretName.from_reference(each) for each in only]
    if all_stacks:
        return _all_stacks(named, only)
    found = where.find(named)
    if found.project is None:
        return _by_tags(found, names)
    return _by_stacks(found.project, [found], only, named=named.stack is not None)


def _all_stacks(named: Named, only: Sequence[str]) -> Subject:
    if named.stack is not None:
        raise WhereError("--stack and --all-stacks contradict each other. Give one of them.")
    project = Project.find(Path.cwd())
    if project is None:
        raise WhereError(
            "--all-stacks needs a Pulumi project, and there is no Pulumi.yaml in this folder or above it. Change to "
            "the project's folder, or name the place: --cloud, --service, --environment."
        )
    stacks = project.stacks()
    with ThreadPoolExecutor(_STACKS_AT_ONCE) as pool:
        answers = [*pool.map(lambda stack: _read(replace(named, stack=stack)), stacks)]
    read = [each for each in answers if isinstance(each, Where)]
    refused = tuple(
        refusal(f"stack {stack}", error)
        for stack, error in zip(stacks, answers, strict=True)
        if isinstance(error, StackError)
    )
    return replace(_by_stacks(project, read, only, named=True), refused=refused)


def _read(named: Named) -> Where | StackError:
    try:
        return where.find(named)
    except StackError as error:
        return error


def _by_stacks(
    project: Project, stacks: Sequence[Where], only: Sequence[str], *, named: bool
) -> Subject:
    declared = [(each, stack) for stack in stacks for each in stack.declared]
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[Declared, Where]]] = {}
    for each, stack in declared:
        place = _place(each, stack)
        groups.setdefault((each.cloud, tuple(sorted(place.items()))), []).append((each, stack))
    read = frozenset(f"{project.name}/{_short(stack)}" for stack in stacks)
    places = []
    for (cloud, parts), members in groups.items():
        asked = Asked(
            cloud=cloud,
            place=dict(parts),
            scopes=frozenset(
                scope
                for each, stack in members
                for scope in (
                    (each.name.service, each.name.environment),
                    (stack.service, stack.environment),
                )
            ),
            declared=tuple(each for each, _ in members),
            stacks=read,
            only=tuple(only),
            options=_stack_option if named else lambda _row: "",
        )
        wanted = tuple(each for each in asked.declared or () if asked.wants(each.name))
        places.append(replace(asked, declared=wanted))
    titles = [_short(stack) for stack in stacks]
    title = f"stack {titles[0]}" if len(titles) == 1 else f"{len(titles)} stacks"
    empty = [_short(stack) for stack in stacks if not stack.declared]
    return Subject(
        title=f"{project.name}, {title}",
        places=tuple(places),
        stack=titles[0] if len(titles) == 1 else None,
        notes=tuple(f"Stack {each} has no container in its state." for each in empty),
        by_code=True,
    )


def _place(declared: Declared, stack: Where) -> Place:
    """Return where to look for a container: one that was never made is expected where its neighbours are."""
    place = where.place_of(declared)
    parts = clouds.values_of(clouds.load(declared.cloud)).PLACE
    if all(part in place for part in parts):
        return place
    others = [
        where.place_of(each)
        for each in stack.declared
        if each.cloud == declared.cloud and each.id is not None
    ]
    alike = others[0] if others and all(each == others[0] for each in others) else {}
    return {**alike, **stack.place, **place}


def _short(stack: Where) -> str:
    return (stack.stack or "").rpartition("/")[2]


def _stack_option(row: Row) -> str:
    return f" --stack {shlex.quote(row.stack or '')}"


def _by_tags(found: Where, names: Sequence[SecretName]) -> Subject:
    cloud = str(found.cloud)
    place = _from_variables(cloud, found.place)
    scopes: set[tuple[str | None, str | None]] = {
        (found.service or name.service, found.environment or name.environment) for name in names
    }
    return Subject(
        title=f"{_scope(found)} on {where.in_words(cloud, place)}",
        places=(
            Asked(
                cloud=cloud,
                place=place,
                scopes=frozenset(scopes or {(found.service, found.environment)}),
                declared=None,
                only=tuple(name.reference for name in names),
                options=lambda row: f" {clouds.as_options(row.cloud, row.place)}",
            ),
        ),
        by_code=False,
    )


def _from_variables(cloud: str, named: Place) -> Place:
    """Fill in what the environment says of a place; the rest, the login says."""
    found = dict(named)
    for part, variables in clouds.values_of(clouds.load(cloud)).PLACE.items():
        for variable in variables:
            text = variable.read()
            if text and part not in found:
                found[part] = text
    return found


def _scope(found: Where) -> str:
    if found.service and found.environment:
        return f"{found.service}/{found.environment}"
    if found.service:
        return f"{found.service} in every environment"
    return f"every service in {found.environment}" if found.environment else "every service"
