"""A cloud of plain data behind `clouds.connect`, for tests of what stands above the seam.

It keeps the promises of `Client` and counts what is asked of it. What real clients do is tested against servers, beside
each cloud.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from infra_secrets import clouds
from infra_secrets.clouds import Place
from infra_secrets.clouds.login import Identity
from infra_secrets.clouds.values import Described, State, Value, Written
from infra_secrets.errors import (
    AccessError,
    ChangedMeanwhileError,
    DeniedError,
    DisabledError,
    NeverSetError,
    NotFoundError,
    ScheduledError,
)
from infra_secrets.rules.naming import SecretName

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@dataclass
class Values:
    """Every container of one place, by reference, and what goes wrong there."""

    cloud: str = "aws"
    place: Place = field(default_factory=lambda: {"region": "eu-central-1"})
    containers: dict[str, Described] = field(default_factory=dict)
    stored: dict[str, list[Value]] = field(default_factory=dict)
    login: Place = field(default_factory=dict)
    """What the login says of where it acts, e.g. its account."""
    failing: dict[str, AccessError] = field(default_factory=dict)
    """What is raised by method, e.g. `read`, or for a container, by reference."""
    unlisted: set[str] = field(default_factory=set)
    """Containers that a listing does not show yet, by reference."""
    calls: list[str] = field(default_factory=list)
    """The methods that were called, with the reference where there is one."""
    closed: int = 0
    """How often the client was closed."""
    denied: set[str] = field(default_factory=set)
    """`read`: the login may not."""
    before_write: Callable[[], object] | None = None
    """What somebody else does just before a write, once."""
    now: datetime = NOW
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add(
        self,
        reference: str,
        text: str | None = None,
        *,
        days_old: float = 0,
        state: State | None = None,
        fields: Sequence[str] = (),
        **facts: str,
    ) -> SecretName:
        """Add a container, with a value if one is given; `facts` are its own, e.g. `owner="a@example.com"`."""
        name = SecretName.from_reference(reference)
        spelled = clouds.load(self.cloud).SPELLING.spell(name)
        self.containers[reference] = Described(
            name=name,
            spelled=spelled,
            id=f"id-of-{spelled}",
            state=state or "unset",
            created=self.now - timedelta(days=days_old),
            facts={key.replace("_", "-"): text for key, text in facts.items()},
            fields=tuple(fields),
        )
        if text is not None:
            self.put(reference, text, days_old=days_old, state=state or "set")
        return name

    def put(
        self, reference: str, text: str | bytes, *, days_old: float = 0, state: State = "set"
    ) -> str:
        """Set a value as somebody else would; return its version."""
        data = text.encode() if isinstance(text, str) else text
        versions = self.stored.setdefault(reference, [])
        version = f"version-{len(versions) + 1}"
        versions.append(Value(data=data, version=version))
        self.containers[reference] = replace(
            self.containers[reference],
            state=state,
            version=version,
            changed=self.now - timedelta(days=days_old),
        )
        return version

    def text(self, reference: str) -> str:
        """Return the present value."""
        return self.stored[reference][-1].data.decode()

    # What `Client` promises

    def describe(self, name: SecretName) -> Described:
        """Look at one."""
        self._asked("describe", name)
        if name.reference not in self.containers:
            raise NotFoundError(f"There is no container {name.reference}.", "Make it in code.")
        return self.containers[name.reference]

    def listing(
        self, service: str | None = None, environment: str | None = None, *, deleted: bool = True
    ) -> Iterator[Described]:
        """List them."""
        self._asked("listing")
        for each in [*self.containers.values()]:
            if each.name.reference in self.unlisted:
                continue
            wanted = (service or each.name.service, environment or each.name.environment)
            if (each.name.service, each.name.environment) != wanted:
                continue
            if deleted or each.state != "scheduled":
                yield each

    def complete(self, described: Described) -> Described:
        """Return what is stored."""
        self._asked("complete", described.name)
        return self.containers[described.name.reference]

    def read(self, names: Sequence[SecretName]) -> Mapping[SecretName, Value | AccessError]:
        """Read them all."""
        self._asked("read")
        return {name: self._read(name) for name in names}

    def read_version(self, name: SecretName, version: str) -> Value:
        """Read one version."""
        self._asked("read_version", name)
        for value in self.stored.get(name.reference, []):
            if value.version == version:
                return value
        raise NotFoundError(f"{name.reference} has no version {version}.", "Look at its versions.")

    def write(self, described: Described, value: Value) -> Written:
        """Write one."""
        self._asked("write", described.name)
        if self.before_write is not None:
            meanwhile, self.before_write = self.before_write, None
            meanwhile()
        reference = described.name.reference
        with self.lock:
            if self.containers[reference].version != described.version:
                raise ChangedMeanwhileError(
                    "Somebody else set the value.",
                    "Look, and set it again.",
                    self.containers[reference].version,
                )
            return Written(version=self.put(reference, value.data), when=self.now)

    def close(self) -> None:
        """Count it."""
        self.closed += 1

    def identity(self, place: Place) -> Identity:
        """Say who is logged in, as the facet `login` does."""
        del place
        self._asked("identity")
        return Identity(who="somebody", place=self.login)

    def _asked(self, method: str, name: SecretName | None = None) -> None:
        with self.lock:
            self.calls.append(f"{method} {name.reference}" if name else method)
        for what in (method, name.reference if name else None):
            if what in self.failing and not (method == "read" and what != method):
                raise self.failing[what]

    def _read(self, name: SecretName) -> Value | AccessError:
        reference = name.reference
        if reference in self.failing:
            return self.failing[reference]
        if "read" in self.denied:
            return DeniedError(f"This login may not read {reference}.", "Ask for it.")
        if reference not in self.containers:
            return NotFoundError(f"There is no container {reference}.", "Make it in code.")
        unreadable: dict[State | None, AccessError] = {
            "unset": NeverSetError(
                f"The value of {reference} was never set.",
                f"Run: {clouds.to_set(reference, self.cloud, self.place)}",
            ),
            "disabled": DisabledError(f"The value of {reference} is disabled.", "Enable it."),
            "scheduled": ScheduledError(f"{reference} is scheduled for deletion.", "Restore it."),
        }
        found = unreadable.get(self.containers[reference].state)
        return found or self.stored[reference][-1]


def connected(monkeypatch: pytest.MonkeyPatch, *places: Values) -> None:
    """Let `clouds.connect` find these places, by cloud and by what is said of the place."""

    def connect(cloud: clouds.Cloud, place: Place) -> Values:
        name = cloud.__name__.rpartition(".")[2]
        for each in places:
            if each.cloud == name and not clouds.differing(each.place, place):
                return each
        raise AssertionError(f"nothing was prepared for {name} at {dict(place)}")

    login_of = clouds.login_of

    def login(cloud: clouds.Cloud) -> SimpleNamespace:
        name = cloud.__name__.rpartition(".")[2]
        there = next(each for each in places if each.cloud == name)
        return SimpleNamespace(place=login_of(cloud).place, identity=there.identity)

    monkeypatch.setattr(clouds, "connect", connect)
    monkeypatch.setattr(clouds, "login_of", login)
