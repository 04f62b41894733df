"""What `status` tells, as plain data: a row for each container, what was refused, and what a state means.

Nothing is asked of a cloud here, and nothing is printed.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from infra_secrets.clouds import Place

Status = Literal[
    "missing",
    "unset",
    "stale",
    "disabled",
    "scheduled",
    "orphan",
    "unknown",
    "expiring",
    "set",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a state says, to people."""

    text: str
    """In a few words, after the number of containers."""
    mark: str
    """A sign beside the word, one column wide."""
    plain: str
    """The sign where the terminal has only ASCII."""
    needs_a_person: bool


MEANINGS: Final[Mapping[Status, Meaning]] = {
    "missing": Meaning(
        text="declared, and not in the cloud", mark="✗", plain="x", needs_a_person=True
    ),
    "unset": Meaning(text="no value yet", mark="○", plain="o", needs_a_person=True),
    "stale": Meaning(text="older than allowed", mark="▲", plain="!", needs_a_person=True),
    "disabled": Meaning(text="the value is switched off", mark="⊘", plain="/", needs_a_person=True),
    "scheduled": Meaning(text="waiting to be deleted", mark="▽", plain="v", needs_a_person=True),
    "orphan": Meaning(
        text="in the cloud, and not declared", mark="◇", plain="?", needs_a_person=True
    ),
    "unknown": Meaning(text="could not be looked at", mark="·", plain="-", needs_a_person=False),
    "expiring": Meaning(text="nearly too old", mark="△", plain="~", needs_a_person=False),
    "set": Meaning(text="has a value", mark="●", plain="*", needs_a_person=False),
}
"""Every state, the most urgent first: the order of every list."""

WARNED: Final = 4 / 5
"""Part of the greatest age after which a value is `expiring`."""

ALL_SET, NEEDS_A_PERSON, COULD_NOT_LOOK = 0, 1, 2
"""Exit codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One container."""

    reference: str
    cloud: str
    name: str
    """Its name in the cloud."""
    state: Status
    place: Place
    id: str | None = None
    """Its full id; None of one that was never made."""
    stack: str | None = None
    """The stack that declares it, or that it says it belongs to."""
    other_stacks: Sequence[str] = ()
    """The other stacks that were read and declare it too."""
    logical_name: str | None = None
    owner: str | None = None
    description: str | None = None
    max_age_days: int | None = None
    fields: tuple[str, ...] = ()
    readers: tuple[str, ...] | None = None
    """Who may read it, as declared; None where no declaration is at hand."""
    writers: tuple[str, ...] | None = None
    version: str | None = None
    changed: datetime | None = None
    """When its value was set."""
    changed_exactly: bool = True
    """False where the value may be older than that."""
    created: datetime | None = None
    deleted: datetime | None = None
    """When it is gone for good, of one that is scheduled for deletion."""
    fix: str | None = None
    """What a person does about its state, mostly a command; None where there is nothing to do."""

    @property
    def stacks(self) -> str:
        """Name every stack that declares it, with commas."""
        return ", ".join([*([self.stack] if self.stack else []), *self.other_stacks])

    def age_days(self, now: datetime) -> int | None:
        """Return the age of its value in whole days; at least that where the date is not exact."""
        return None if self.changed is None else max((now - self.changed).days, 0)

    def age(self, now: datetime) -> str:
        """Say the age of its value in words."""
        days = self.age_days(now)
        if days is None:
            return ""
        said = f"{days} day" if days == 1 else f"{days} days"
        return said if self.changed_exactly else f"at least {said}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What could not be looked at."""

    subject: str
    """A place, a container or a stack."""
    kind: str
    """The class of the trouble in words, e.g. `denied`."""
    found: str
    way_out: str
    cloud: str | None = None
    place: Place | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was found, at one time."""

    subject: str
    """What was looked at, e.g. `payments, stack production`."""
    now: datetime
    rows: tuple[Row, ...]
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    """What else a person should know, in sentences."""

    def counts(self) -> dict[Status, int]:
        """Count the containers by state, the most urgent first."""
        found = Counter(row.state for row in self.rows)
        return {state: found[state] for state in MEANINGS if found[state]}

    def of(self, state: Status) -> list[Row]:
        """List the containers in one state."""
        return [row for row in self.rows if row.state == state]

    @property
    def exit_code(self) -> int:
        """0 all set, 1 something needs a person, 2 something could not be looked at."""
        if self.refused:
            return COULD_NOT_LOOK
        return NEEDS_A_PERSON if any(map(needs_a_person, self.rows)) else ALL_SET


def needs_a_person(row: Row) -> bool:
    """Whether somebody has to do something about a container now."""
    return MEANINGS[row.state].needs_a_person


def judged(age: timedelta, max_age_days: int | None) -> Status:
    """Say what a value of an age is: `set`, `expiring` or `stale`."""
    if max_age_days is None:
        return "set"
    limit = timedelta(days=max_age_days)
    if age > limit:
        return "stale"
    return "expiring" if age > limit * WARNED else "set"


def ordered(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Sort rows: what needs a person first, then by reference and place."""
    urgency = {state: place for place, state in enumerate(MEANINGS)}
    return tuple(
        sorted(
            rows,
            key=lambda row: (
                urgency[row.state],
                row.reference,
                row.cloud,
                short(row.place),
                row.stack or "",
            ),
        )
    )


def short(place: Place) -> str:
    """Write a place in few words, e.g. `eu-central-1`."""
    return ", ".join(place.values())


def numbered(count: int, noun: str = "container") -> str:
    """Write a number with its noun."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def in_counts(report: Report) -> str:
    """Say in one sentence how many containers there are, and in which states."""
    if not report.rows:
        return "No containers could be seen." if report.refused else "No containers."
    states = ", ".join(f"{count:,} {state}" for state, count in report.counts().items())
    return f"{numbered(len(report.rows))}: {states}."
