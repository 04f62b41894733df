"""Who is logged in to a cloud, and what that identity may do with containers: plain data, the same for every cloud.

Nothing here calls a cloud, and what a `Login` asks a cloud reads no value, and makes, changes and deletes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from infra_secrets.clouds import Place
from infra_secrets.component.settings import Variable
from infra_secrets.rules.naming import SecretName


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a cloud says is logged in. No key, no token and no part of one."""

    who: str
    """As the cloud names it: an ARN, an e-mail address, the id of an application."""
    place: Place = field(default_factory=dict)
    """What the login says of where it acts, e.g. its account; in the parts of `Container.place_of` if it has them."""
    clock: datetime | None = None
    """The cloud's clock when it answered, where the answer had one."""
    local: datetime | None = None
    """This machine's clock at that moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What an identity may do. None stands for what could not be found out, and `notes` says why."""

    create: bool | None
    """Whether it may create containers of the service."""
    read: Mapping[SecretName, bool | None]
    """Whether it may read the value of each container that was asked about."""
    read_any: bool | None = None
    """Whether it may read every container of the service. False is no denial: it may still read single ones, whose own
    policy or role names it as a reader."""
    notes: tuple[str, ...] = ()
    """What the answer does not cover, or why there is none; sentences."""
    to_find_out: str = ""
    """What lets that be found out which could not: a sentence that names the permission."""


class Login(Protocol):
    """How somebody is logged in to a cloud: the module `login` of its folder.

    Nothing of Pulumi is imported here, and the client library only when a cloud is asked. The login is the one that
    `Values.connect` uses. Every call is bounded in time.
    """

    CLIENT_LIBRARY: str
    """A module by which one sees whether the client library is installed, e.g. `boto3`."""

    FOLDER: str
    """Where the cloud's tools keep a login on a person's machine, e.g. `~/.aws`."""

    HOST: str
    """A name that has an address wherever the cloud can be reached, e.g. `example.com`."""

    ADDRESSES: Sequence[Variable]
    """Variables by which a person sends calls to another address than the cloud's own."""

    def place(self, config: Mapping[str, str]) -> Place:
        """Read from a stack's plain config where its containers will be, as far as it says. No network.

        Args:
            config: By key in full, e.g. `aws:region`.
        """

    def identity(self, place: Place) -> Identity:
        """Ask the cloud who is logged in.

        Args:
            place: What is known of where the containers are.

        Raises:
            MissingExtraError: The client library is not installed.
            NotLoggedInError: Nobody is, or the login has expired: the sentence says which, and the way out is the
                command that logs in, with the profile or tenant in use.
            UnreachableError: The cloud does not answer, or is out of order.
            AccessError: Another trouble.
        """

    def rights(
        self,
        place: Place,
        service: str,
        environment: str | None,
        wanted: Mapping[SecretName, str | None],
    ) -> Rights:
        """Find out what the identity may do: by the cloud's own simulation, or by a call that cannot do anything.

        Args:
            place: Where the containers are.
            service: Whose containers it would create.
            environment: Of which environment; None where that is not known.
            wanted: Whose values it would read, each with the container's id where that is known.

        Raises:
            AccessError: As `identity`.
        """
