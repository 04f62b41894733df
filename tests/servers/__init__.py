"""Servers of the clouds' secrets managers on a free port of this machine, for clients that call a cloud's own API.

One module a cloud, whose `CloudServer` keeps the promises of `Server`. Nothing here knows the package's clients: what
is there is made and looked at behind their back.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal, Protocol, cast

import pytest

from infra_secrets.clouds import Place

Fault = Literal["denied", "throttled", "down", "expired"]
"""What a server answers instead: may not, too many calls, out of order, the login has expired."""


class Server(Protocol):
    """One cloud's server, at one place. It takes calls from several threads and processes."""

    place: Place
    """Where its containers are."""

    reads: frozenset[str]
    """The calls that could bring a value, as `calls` names them."""

    calls: list[str]
    """What was asked of it, in order; emptied by whoever counts."""

    delay: float
    """Seconds that each answer takes, besides what it takes anyway."""

    has_disabled: bool
    """Whether a version can be disabled there."""

    has_binary: bool
    """Whether it tells bytes from text."""

    def start(self) -> None:
        """Listen."""

    def stop(self) -> None:
        """Stop listening, and forget everything."""

    def reset(self) -> None:
        """Forget containers, calls and faults."""

    def environment(self) -> Mapping[str, str | None]:
        """What a process must have in its environment, made-up login included; None for what it must not have."""

    def nobody(self) -> Mapping[str, str | None]:
        """What changes in `environment` for somebody who is not logged in."""

    def make(self, reference: str, *, fields: Sequence[str] = (), **facts: str) -> None:
        """Make an empty container as `Secret` does; `facts` as in `Wanted.facts`, e.g. `max_age_days="90"`."""

    def put(self, reference: str, data: bytes, *, binary: bool = False) -> str:
        """Set a value as the cloud's own command does; return its version."""

    def present(self, reference: str) -> bytes:
        """Return the present value."""

    def disable(self, reference: str) -> None:
        """Disable the present version, where `has_disabled`."""

    def delete(self, reference: str) -> None:
        """Delete a container so that it is scheduled for deletion, or gone where the cloud knows no schedule."""

    def once(self, call: str, do: Callable[[], object]) -> None:
        """Do something right before a call is carried out, the next time that it comes."""

    def fail(self, fault: Fault, *calls: str) -> None:
        """From now on answer so, to these calls or to all."""


def available() -> tuple[str, ...]:
    """List the clouds that have a server here."""
    return tuple(sorted(each.name for each in pkgutil.iter_modules(__path__)))


def server_of(cloud: str) -> Server:
    """Make a cloud's server; it is not started."""
    return cast(Server, importlib.import_module(f"{__name__}.{cloud}").CloudServer())


@contextmanager
def serving(cloud: str) -> Iterator[Server]:
    """Run a cloud's server."""
    server = server_of(cloud)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def entered(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str | None]) -> None:
    """Give this process an environment, for as long as the test runs."""
    for name, text in environment.items():
        if text is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, text)
