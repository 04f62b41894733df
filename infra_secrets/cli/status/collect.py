"""From what is declared and what a cloud's metadata show to rows: listings first, then what they did not tell.

Everything that is asked runs at once, within each cloud's quota. What a cloud refuses costs its own rows and no others.
Deliberately no value is read, and nothing is printed.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from infra_secrets import clouds
from infra_secrets.cli.stacks import Declared
from infra_secrets.cli.status.fixes import fix
from infra_secrets.cli.status.pace import Pace, Stopped
from infra_secrets.cli.status.rows import Refusal, Row, Status, judged, ordered, short
from infra_secrets.cli.where import in_words
from infra_secrets.clouds import Place
from infra_secrets.clouds.values import Client, Described
from infra_secrets.errors import (
    AccessError,
    InfraSecretsError,
    MissingExtraError,
    NotFoundError,
    NotLoggedInError,
    UnreachableError,
    WrongPlaceError,
)
from infra_secrets.rules.naming import SecretName
from infra_secrets.rules.wording import words

CALLS_AT_ONCE = 16
FEW = 20
"""So many declared containers that a listing lacks are looked at one by one; more are elsewhere, not new."""
_DIGITS = 9  # of a limit in days: timedelta holds 999,999,999
OF_THE_PLACE = (NotLoggedInError, UnreachableError, WrongPlaceError)
"""Troubles that every further call at the place would have too."""

Told = Callable[[int, int | None, str], None]
"""Is told how much is done, of how much, and what is next."""


@dataclass(frozen=True, kw_only=True)  # no slots: what is cached is kept in it
class Asked:
    """What to look at in one place."""

    cloud: str
    place: Place
    """Those parts that a client needs, as far as they are known."""
    scopes: frozenset[tuple[str | None, str | None]]
    """Of which services and environments; None for each."""
    declared: tuple[Declared, ...] | None
    """What must be there; None where nothing says so, and the containers themselves are believed."""
    shared: Mapping[SecretName, Sequence[str]] = field(default_factory=dict)
    """Which other stacks declare a container too."""
    stacks: frozenset[str] = frozenset()
    """The stacks that were read, as `project/stack`."""
    only: tuple[str, ...] = ()
    """References, or their beginnings, of which containers to look at; none for all."""
    options: Callable[[Row], str] = lambda _row: ""
    """What a command about a container takes besides its reference, with a space before it."""

    @property
    def subject(self) -> str:
        """Name the place for people."""
        return in_words(self.cloud, self.place)

    def wants(self, name: SecretName) -> bool:
        """Whether a container of a name is one to look at."""
        named = any(f"{name.reference}/".startswith(f"{each.rstrip('/')}/") for each in self.only)
        return (named or not self.only) and any(
            (service or name.service, environment or name.environment)
            == (name.service, name.environment)
            for service, environment in self.scopes
        )

    @functools.cached_property
    def by_name(self) -> Mapping[SecretName, Declared]:
        """What is declared, by name."""
        return {each.name: each for each in self.declared or ()}

    def as_declared(self) -> list[Row]:
        """List what is declared without looking at it."""
        now = datetime.now(UTC)
        return [_row(_Seen(self), each, None, now) for each in self.declared or ()]


@dataclass(slots=True)
class _Seen:
    """What one place has shown so far."""

    asked: Asked
    client: Client | None = None
    found: dict[SecretName, Described] = field(default_factory=dict)
    whole: bool = False
    """Whether the listing came to its end."""
    there: Place = field(default_factory=dict)
    """Where the login is, in the parts of an id; nothing until it is known."""
    broken: InfraSecretsError | None = None
    """Why there is no use in asking on."""
    failed: dict[str, InfraSecretsError] = field(default_factory=dict)
    """Why a container could not be looked at, by reference."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What came of it."""

    rows: tuple[Row, ...]
    refused: tuple[Refusal, ...]
    notes: tuple[str, ...]


def collect(
    places: Sequence[Asked],
    now: datetime,
    told: Told = lambda _done, _known, _what: None,
    pace: Callable[[int | None], Pace] = Pace,
) -> Collected:
    """Look at every place.

    Args:
        places: What to look at.
        now: By which ages are judged.
        told: Is told of the progress, in the thread of the caller.
        pace: Makes what keeps to a quota of so many calls a minute.
    """
    seen = [_Seen(each) for each in places]
    quotas = {
        cloud: pace(clouds.values_of(clouds.load(cloud)).CALLS_A_MINUTE)
        for cloud in {each.cloud for each in places}
    }
    pool = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="status")
    try:
        _each(
            {
                pool.submit(_list, each, quotas[each.asked.cloud]): each.asked.subject
                for each in seen
            },
            told,
        )
        _each(
            {
                pool.submit(_look, each, name, quotas[each.asked.cloud]): name.reference
                for each in seen
                for name in _not_listed(each)
            },
            told,
        )
        unclear = [
            (each, described)
            for each in seen
            for described in each.found.values()
            if each.asked.wants(described.name) and _unclear(each.asked, described, now)
        ]
        _each(
            {
                pool.submit(
                    _complete, each, described, quotas[each.asked.cloud]
                ): described.name.reference
                for each, described in unclear
            },
            told,
        )
    except BaseException:
        for quota in quotas.values():
            quota.stop()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
    rows: list[Row] = []
    refused: list[Refusal] = []
    notes: list[str] = []
    for each in seen:
        if each.client is not None:
            each.client.close()
        rows += _rows(each, now)
        refused += _refused(each)
        notes += _notes(each)
    return Collected(ordered(rows), tuple(refused), tuple(notes))


def _each(running: Mapping[Future[None], str], told: Told) -> None:
    known = len(running)
    for done, future in enumerate(as_completed(running)):
        told(done + 1, known, running[future])
        future.result()


# What runs at once ------------------------------------------------------------------------------------


def _list(seen: _Seen, quota: Pace) -> None:
    asked = seen.asked
    services, environments = ({*parts} for parts in zip(*asked.scopes, strict=True))
    try:
        seen.client = clouds.connect(clouds.load(asked.cloud), asked.place)
        quota.take_turn()
        for described in seen.client.listing(_only(services), _only(environments)):
            seen.found[described.name] = described
        seen.whole = True
        seen.there = _there(seen, quota)
    except Stopped:
        return
    except (AccessError, MissingExtraError) as error:
        seen.broken = error


def _look(seen: _Seen, name: SecretName, quota: Pace) -> None:
    """Look at a declared container that the listing lacks: what was made just now may not be in it yet."""
    try:
        quota.take_turn()
        if seen.client is not None:
            seen.found[name] = seen.client.describe(name)
    except (Stopped, NotFoundError):
        return
    except AccessError as error:
        seen.failed[name.reference] = error


def _complete(seen: _Seen, described: Described, quota: Pace) -> None:
    reference = described.name.reference
    if seen.broken is not None and isinstance(seen.broken, OF_THE_PLACE):
        seen.failed[reference] = seen.broken
        return
    try:
        quota.take_turn()
        if seen.client is not None:
            seen.found[described.name] = seen.client.complete(described)
    except Stopped:
        return
    except NotFoundError:  # deleted since the listing
        del seen.found[described.name]
    except AccessError as error:
        seen.failed[reference] = error
        if isinstance(error, OF_THE_PLACE):
            seen.broken = error


def _only(parts: set[str | None]) -> str | None:
    """Return the one part that all have; else None, and the listing is of all."""
    return parts.pop() if len(parts) == 1 else None


# What must be asked -------------------------------------------------------------------------------------


def _not_listed(seen: _Seen) -> list[SecretName]:
    """Name what is declared and not listed, where it is so few that the listing may only be behind."""
    if not seen.whole:
        return []
    absent = [
        each.name
        for each in seen.asked.declared or ()
        if each.name not in seen.found and not _elsewhere(seen, each)
    ]
    return absent if len(absent) <= FEW else []


def _unclear(asked: Asked, described: Described, now: datetime) -> bool:
    """Whether a listing leaves open what a container is; its age matters only as far as the limit is in doubt."""
    if described.state is None:
        return True
    if described.state != "set" or described.changed_exactly or described.changed is None:
        return False
    declared = asked.by_name.get(described.name)
    limit = declared.max_age_days if declared and declared.registered else _days(described)
    oldest = now - described.created if described.created else timedelta.max
    return judged(now - described.changed, limit) != judged(oldest, limit)


def _days(described: Described) -> int | None:
    text = described.facts.get("max-age-days", "")
    # Anybody with the tag can write it: no limit of 0, and none that no date can hold.
    days = int(text) if text.isascii() and text.isdigit() and len(text) < _DIGITS else 0
    return days or None


# Rows ---------------------------------------------------------------------------------------------------


def _rows(seen: _Seen, now: datetime) -> Iterator[Row]:
    asked = seen.asked
    for declared in asked.declared or ():
        described = None if _elsewhere(seen, declared) else seen.found.get(declared.name)
        yield _row(seen, declared, described, now)
    for described in _undeclared(seen):
        if not (_of_another_stack(asked, described) or _on_its_way_out(asked, described)):
            yield _row(seen, None, described, now)


def _row(seen: _Seen, declared: Declared | None, described: Described | None, now: datetime) -> Row:
    asked = seen.asked
    name = declared.name if declared else described.name if described else None
    assert name is not None  # noqa: S101 (there is one or the other)
    facts = described.facts if described else {}
    # What the code says is more than what a tag says, which anybody may have edited.
    said = declared if declared and declared.registered else None
    limit = said.max_age_days if said else _days(described) if described else None
    row = Row(
        reference=name.reference,
        cloud=asked.cloud,
        name=clouds.load(asked.cloud).SPELLING.spell(name),
        state=_state(seen, declared, described, limit, now),
        place=seen.client.place if seen.client else asked.place,
        id=declared.id if declared else described.id if described else None,
        stack=declared.stack if declared else facts.get("stack"),
        other_stacks=asked.shared.get(name, ()) if declared else (),
        logical_name=declared.logical_name if declared else facts.get("logical-name"),
        owner=said.owner if said else facts.get("owner"),
        description=said.description if said else None,
        max_age_days=limit,
        fields=(said.fields if said else ()) or (described.fields if described else ()),
        readers=said.readers if said else None,
        writers=said.writers if said else None,
        version=described.version if described else None,
        changed=described.changed if described else None,
        changed_exactly=described.changed_exactly if described else True,
        created=described.created if described else None,
        deleted=described.deleted if described else None,
    )
    if declared is None and asked.declared is not None and row.state != "unknown":
        row = replace(row, state="orphan")
    return replace(row, fix=fix(row, asked.options(row)))


def _state(
    seen: _Seen,
    declared: Declared | None,
    described: Described | None,
    limit: int | None,
    now: datetime,
) -> Status:
    if described is None:
        if declared is not None and declared.name.reference in seen.failed:
            return "unknown"
        there = seen.whole and not (declared and _elsewhere(seen, declared))
        return "missing" if there else "unknown"
    if described.state is None or described.name.reference in seen.failed:
        return "unknown"
    if described.state != "set" or described.changed is None:
        return described.state
    return judged(now - described.changed, limit)


def _there(seen: _Seen, quota: Pace) -> Place:
    """Find out where the login is, by what was listed, or by asking for the identity where nothing was.

    A client is told a region, say, and takes the account from the login. All that one listing shows is of one account.
    """
    cloud = clouds.load(seen.asked.cloud)
    made = [each for each in seen.asked.declared or () if each.id is not None]
    if seen.found:
        return clouds.container(cloud).place_of(next(iter(seen.found.values())).id)
    if not any(part not in {"name", *seen.asked.place} for each in made for part in each.place):
        return {}  # where it is says all
    try:
        quota.take_turn()
        return clouds.login_of(cloud).identity(seen.asked.place).place
    except (AccessError, MissingExtraError):
        return {}


def _elsewhere(seen: _Seen, declared: Declared) -> tuple[str, str] | None:
    """Return in which part, and what it is there, the login looks elsewhere than where the container was made.

    One that was never made is expected where the others are.
    """
    if declared.id is None:
        others = [_elsewhere(seen, each) for each in seen.asked.declared or () if each.id]
        return others[0] if others and all(others) else None
    for part in clouds.differing(declared.place, seen.there):
        if part not in seen.asked.place and part != "name":
            return part, seen.there[part]
    return None


def _undeclared(seen: _Seen) -> list[Described]:
    """List what was found and is not declared; what another account has is nobody's business here."""
    declared = seen.asked.declared or ()
    if declared and all(_elsewhere(seen, each) for each in declared):
        return []
    names = {each.name for each in declared}
    return [
        each
        for each in seen.found.values()
        if seen.asked.wants(each.name) and each.name not in names
    ]


def _of_another_stack(asked: Asked, described: Described) -> bool:
    """Whether a container says that it belongs to a stack that was not read, so that it may well be declared."""
    stack = described.facts.get("stack")
    return (
        asked.declared is not None
        and stack is not None
        and stack.partition("/")[2] not in asked.stacks
    )


def _on_its_way_out(asked: Asked, described: Described) -> bool:
    """Whether a container was removed from code and is deleted already, as far as that goes at once."""
    return asked.declared is not None and described.state == "scheduled"


# What else is said --------------------------------------------------------------------------------------


def _refused(seen: _Seen) -> Iterator[Refusal]:
    asked = seen.asked
    if seen.broken is not None:
        yield refusal(asked.subject, seen.broken, cloud=asked.cloud, place=asked.place)
    for reference, error in sorted(seen.failed.items()):
        if error is not seen.broken:
            yield refusal(
                f"{reference} ({asked.subject})",
                error,
                cloud=asked.cloud,
                place=asked.place,
                reference=reference,
            )
    wrong = _wrong_login(seen)
    if wrong is not None:
        yield refusal(asked.subject, wrong, cloud=asked.cloud, place=asked.place)


def _wrong_login(seen: _Seen) -> WrongPlaceError | None:
    for declared in seen.asked.declared or ():
        elsewhere = _elsewhere(seen, declared) if declared.id else None
        if elsewhere:
            part, found = elsewhere
            return WrongPlaceError(
                f"The login is of {part} {found}, and {declared.name.reference} was made in {part} "
                f"{declared.place[part]}.",
                f"Log in there, then run it again: {clouds.values_of(clouds.load(declared.cloud)).LOGIN}",
            )
    return None


def refusal(
    subject: str,
    error: InfraSecretsError,
    *,
    cloud: str | None = None,
    place: Place | None = None,
    reference: str | None = None,
) -> Refusal:
    """Say what an error refused, and what kind it is."""
    found, _, way_out = (
        (error.found, "", error.way_out)
        if isinstance(error, AccessError)
        else str(error).partition(". ")
    )
    kind = " ".join(words(type(error).__name__.removesuffix("Error")))
    return Refusal(
        subject=subject,
        kind=kind,
        found=found,
        way_out=way_out,
        cloud=cloud,
        place=place,
        reference=reference,
    )


def _notes(seen: _Seen) -> Iterator[str]:
    asked = seen.asked
    made = [each for each in asked.declared or () if each.id is not None]
    known = made and any(
        part in made[0].place for part in seen.there if part not in {"name", *asked.place}
    )
    if seen.whole and made and not seen.found and not known:
        elsewhere = short(
            {part: text for part, text in made[0].place.items() if part not in asked.place}
        )
        account = f" ({elsewhere})" if elsewhere else ""
        yield (
            f"{asked.subject}: none of what is declared there is there. Is it the right login{account}?"
        )
    undeclared = _undeclared(seen)
    for each in undeclared:
        if _on_its_way_out(asked, each) and not _of_another_stack(asked, each):
            gone = f", for good on {each.deleted:%Y-%m-%d}" if each.deleted else ""
            yield f"{asked.subject}: {each.name.reference} is not declared, and being deleted{gone}."
    others = sorted({each.facts["stack"] for each in undeclared if _of_another_stack(asked, each)})
    if others:
        yield (
            f"{asked.subject}: not listed is what belongs to {', '.join(others)}. To see it, run this in that project, "
            "with --stack."
        )
