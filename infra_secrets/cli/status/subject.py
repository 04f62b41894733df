"""What `status` looks at: a stack, all stacks of a project, or what the tags in one place say."""

import shlex
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from infra_secrets import clouds
from infra_secrets.cli import where
from infra_secrets.cli.stacks import Declared, Project, StackError
from infra_secrets.cli.status.collect import Asked, refusal
from infra_secrets.cli.status.rows import Refusal, Row
from infra_secrets.cli.where import Named, Where, WhereError
from infra_secrets.clouds import Place
from infra_secrets.component import settings
from infra_secrets.rules.naming import SEGMENT, SecretName
from infra_secrets.rules.wording import looks_like_a_value

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
    known: tuple[str, ...] = ()
    """References of everything that is declared, also of what was not named."""
    narrowed: bool = False
    """Whether a service, say, was named: that nothing is there is no answer then, but probably a slip."""


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
    only = [each.removesuffix("/") for each in only]
    names = [_beginning(each) for each in only]
    if all_stacks:
        return _all_stacks(named, only)
    found = where.find(named)
    if found.project is None:
        return _by_tags(found, names, only)
    return _by_stacks(found.project, [found], only, named, option=named.stack is not None)


def _beginning(reference: str) -> tuple[str, str | None]:
    """Return service and environment of a reference, or of the beginning of some.

    Raises:
        SecretNameError: It is none.
    """
    if not SEGMENT.fullmatch(reference) or looks_like_a_value(reference):
        name = SecretName.from_reference(reference)
        return name.service, name.environment
    return reference, None


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
    return replace(_by_stacks(project, read, only, named, option=True), refused=refused)


def _read(named: Named) -> Where | StackError:
    try:
        return where.find(named)
    except StackError as error:
        return error


def _by_stacks(
    project: Project, stacks: Sequence[Where], only: Sequence[str], named: Named, *, option: bool
) -> Subject:
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], _Group] = {}

    def group(cloud: str, place: Place) -> _Group:
        return groups.setdefault((cloud, tuple(sorted(place.items()))), _Group())

    for stack in stacks:
        own = _own(project, stack, named)
        for each in stack.declared:
            there = group(each.cloud, _place(each, stack))
            there.add(each)
            there.scopes |= {(each.name.service, each.name.environment), *own}
        if not stack.declared and not stack.besides and own:
            # What was removed from code may still be there.
            where_it_was = _configured(project, stack)
            if where_it_was is not None:
                group(*where_it_was).scopes |= own
    read = frozenset(f"{project.name}/{_short(stack)}" for stack in stacks)
    places = []
    for (cloud, parts), members in groups.items():
        asked = Asked(
            cloud=cloud,
            place=dict(parts),
            scopes=frozenset(members.scopes),
            declared=tuple(members.declared.values()),
            shared=members.shared,
            stacks=read,
            only=tuple(only),
            options=_stack_option if option else lambda _row: "",
        )
        wanted = tuple(each for each in asked.declared or () if asked.wants(each.name))
        places.append(replace(asked, declared=wanted))
    titles = [_short(stack) for stack in stacks]
    title = f"stack {titles[0]}" if len(titles) == 1 else f"{len(titles)} stacks"
    return Subject(
        title=", ".join([project.name, title, *_narrowed(named, only)]),
        places=tuple(places),
        stack=titles[0] if len(titles) == 1 else None,
        notes=tuple(_empty(stack) for stack in stacks if not stack.declared),
        by_code=True,
        known=tuple(
            each.name.reference for stack in stacks for each in (*stack.declared, *stack.besides)
        ),
        narrowed=bool(_narrowed(named, ())),
    )


@dataclass(slots=True)
class _Group:
    """What is declared in one place, by all stacks that were read."""

    declared: dict[SecretName, Declared] = field(default_factory=dict)
    scopes: set[tuple[str | None, str | None]] = field(default_factory=set)
    shared: dict[SecretName, list[str]] = field(default_factory=dict)

    def add(self, declared: Declared) -> None:
        """Add a container; of one that two stacks declare, the first one's declaration counts."""
        first = self.declared.setdefault(declared.name, declared)
        if first.stack != declared.stack:
            self.shared.setdefault(declared.name, []).append(declared.stack)


def _own(project: Project, stack: Where, named: Named) -> set[tuple[str | None, str | None]]:
    """Return the service and environment of a stack's own containers, unless others were named."""
    service, environment = project.parts(str(stack.stack))
    own = named.service in (None, service) and named.environment in (None, environment)
    return {(service, environment)} if own else set()


def _configured(project: Project, stack: Where) -> tuple[str, Place] | None:
    """Return the cloud and the place that a stack's config names, if it names all of it."""
    config = project.config(str(stack.stack))
    cloud = stack.cloud or config.get(str(settings.CLOUD))
    if cloud not in clouds.available():
        return None
    found = {**clouds.login_of(clouds.load(cloud)).place(config), **stack.place}
    place = _from_variables(cloud, found)
    parts = clouds.values_of(clouds.load(cloud)).PLACE
    known = {part: place[part] for part in parts if part in place}
    return (cloud, known) if len(known) == len(parts) else None


def _empty(stack: Where) -> str:
    """Say of a stack that none of what was named is in its state, and what is."""
    if not stack.besides:
        return f"Stack {_short(stack)} has no container in its state."
    places = Counter(where.in_words(each.cloud, where.place_of(each)) for each in stack.besides)
    has = ", ".join(f"{count:,} on {place}" for place, count in places.items())
    return f"Stack {_short(stack)} has no container of what was named; it has {has}."


def _narrowed(named: Named, only: Sequence[str]) -> list[str]:
    """Say what was named of all there is, in words."""
    options = {
        "cloud": named.cloud,
        **named.place,
        "service": named.service,
        "environment": named.environment,
    }
    said = [f"{option} {text}" for option, text in options.items() if text]
    return [*said, *([f"only {', '.join(only)}"] if only else [])]


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


def _by_tags(found: Where, names: Sequence[tuple[str, str | None]], only: Sequence[str]) -> Subject:
    cloud = str(found.cloud)
    place = _from_variables(cloud, found.place)
    scopes: set[tuple[str | None, str | None]] = {
        (found.service or service, found.environment or environment)
        for service, environment in names
    }
    title = f"{_scope(found)} on {where.in_words(cloud, place)}"
    return Subject(
        title=f"{title}, only {', '.join(only)}" if only else title,
        places=(
            Asked(
                cloud=cloud,
                place=place,
                scopes=frozenset(scopes or {(found.service, found.environment)}),
                declared=None,
                only=tuple(only),
                options=lambda row: f" {clouds.as_options(row.cloud, row.place)}",
            ),
        ),
        by_code=False,
        narrowed=bool(found.service or found.environment),
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
