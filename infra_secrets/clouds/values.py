"""What a cloud's own client tells of a container, and what it is told: plain data, the same for every cloud.

Nothing here calls a cloud. A value is held by `Value` alone, whose text never shows it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from infra_secrets.clouds import Place
from infra_secrets.component.settings import Variable
from infra_secrets.errors import AccessError
from infra_secrets.rules.naming import SecretName

State = Literal["unset", "set", "disabled", "scheduled"]
"""What a container is: without a value, with one, with one that cannot be read, or waiting to be deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A container as its metadata show it; never a value."""

    name: SecretName
    spelled: str
    """The name in the cloud."""
    id: str
    """Its full id in the cloud, as `Secret.secret_id`."""
    state: State | None
    """None where a listing does not tell, and `Client.complete` does."""
    version: str | None = None
    """The version that a reader gets; None without a value, and in a listing that does not tell."""
    changed: datetime | None = None
    """When the present value was set."""
    changed_exactly: bool = True
    """False where the value may be older than `changed`, because the cloud gives one date for any change."""
    created: datetime | None = None
    """When the container was made."""
    deleted: datetime | None = None
    """When it is gone for good, of one that is scheduled for deletion, or that expires and can be read until then."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What it says about itself, as `Wanted.facts` wrote it: `stack`, `logical-name`, `owner`, `max-age-days`."""
    fields: tuple[str, ...] = ()
    """JSON keys that its value must have; none means one plain value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value that was read, or is to be written."""

    data: bytes = field(repr=False)
    """The value; text is UTF-8."""
    binary: bool | None = False
    """Whether it is bytes; None of one that was read, where the cloud does not tell bytes from text."""
    version: str | None = None
    """Which version it is; None for one that is to be written."""

    def __reduce__(self) -> tuple[object, ...]:
        """Refuse to be pickled: a value must not get into a file or another process by accident."""
        raise TypeError(
            "A secret value cannot be pickled. Pass on its name, and read it where it is needed."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A value that is now the present one."""

    version: str
    when: datetime
    """By the cloud's clock."""
    note: str | None = None
    """What else the writer should know, in a sentence."""


class Client(Protocol):
    """A cloud's own client, at one place, by the local login. It can be used by several threads at once.

    Every method but `close` raises an `AccessError`, of the class that says which trouble it is. Time-outs and
    retries are the client library's, bounded.
    """

    place: Place
    """Where it looks: without `name`."""

    def describe(self, name: SecretName) -> Described:
        """Look at one container by its metadata; complete.

        Raises:
            NotFoundError: There is none. One that is scheduled for deletion is described, where the cloud shows it.
        """

    def listing(
        self, service: str | None = None, environment: str | None = None, *, deleted: bool = True
    ) -> Iterator[Described]:
        """List the containers with a canonical name, by as few calls as the cloud allows.

        Args:
            service: Only those of this service.
            environment: Only those of this environment.
            deleted: With those that are scheduled for deletion, where that takes more calls.
        """

    def complete(self, described: Described) -> Described:
        """Fill in what a listing did not tell (`state` None, `changed_exactly` False), by one call at most."""

    def read(self, names: Sequence[SecretName]) -> Mapping[SecretName, Value | AccessError]:
        """Read the present values of containers, all at once; a failure of one is its answer.

        The values come in as few rounds as the cloud allows: in batches, or concurrently.
        """

    def read_version(self, name: SecretName, version: str) -> Value:
        """Read one version of a value, the present one or an earlier one that is still kept."""

    def write(self, described: Described, value: Value) -> Written:
        """Make a value the present one, if the present version is still that of `described`.

        Raises:
            ChangedMeanwhileError: Somebody else wrote in between. Theirs is still there, and the error says what the
                present value is. A cloud without conditional writes finds out only afterwards: then the value is
                written, and the error's `overtaken` names the versions whose changes it does not have.
            ValueRefusedError: The cloud takes no such value; found out before anything is sent.
            AccessError: It failed. The error's `in_doubt` says whether the value may be the present one all the same.
        """

    def close(self) -> None:
        """Close its connections."""


class Values(Protocol):
    """How values are read and written by a cloud's own client: the module `values` of its folder.

    Nothing of Pulumi is imported here, and the client library only by `connect`.
    """

    CLIENT_EXTRA: str
    """The extra of this package that brings the client library."""

    PLACE: Mapping[str, Sequence[Variable]]
    """The parts of a place that must be known, e.g. a region, each with the variables that say it, first one first."""

    LOGIN: str
    """The command by which a person logs in, e.g. `aws sso login`."""

    MAX_BYTES: int
    """Size of the largest value."""

    CALLS_A_MINUTE: int | None
    """How often metadata may be asked for, where there is a quota that 1,000 containers reach."""

    STATUS_PERMISSIONS: Sequence[str]
    """What `listing`, `describe` and `complete` need; nothing that reads a value."""

    def refused(self, value: Value) -> str | None:
        """Say why this cloud cannot store a value unchanged, as a fragment after "the value "; None if it can."""

    def restoring(self, name: str, place: Place) -> str | None:
        """Write the command that brings back a container that is scheduled for deletion; None where none ever is.

        Args:
            name: Its name in the cloud.
            place: Where it is, in the parts of `PLACE`.
        """

    def connect(self, place: Place) -> Client:
        """Make a client. Nothing is sent yet.

        Args:
            place: What is known of `PLACE`'s parts; the rest is asked of the variables, then of the client library.

        Raises:
            MissingExtraError: The client library is not installed.
            WrongPlaceError: A part of the place is not known.
            NotLoggedInError: The login that a variable names does not exist.
        """
