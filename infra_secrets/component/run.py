"""What one run of one program knows: names, hooks, containers, and what it has asked.

A run of a program has one connection to the engine, and what is kept here lives exactly as long: it is an
attribute of that connection. A dictionary by connection would never let go, because what it holds refers
to resources and they to the connection. Only a plugin has a connection for each component: it lets all of them
join the run that they belong to.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from infra_secrets.component.internals import (
    Holder,
    Later,
    connection,
    is_without_engine,
    this_test,
)
from infra_secrets.component.messages import say_refusals_once
from infra_secrets.component.outputs import in_program
from infra_secrets.component.state import ask_engine
from infra_secrets.errors import CollisionError, InfraSecretsError

_OF_TWO_TESTS = (
    " If they belong to two tests, decorate each test with @pulumi.runtime.test, or call set_mocks in each: then each "
    "test is a program of its own."
)


@dataclass(slots=True)
class NamesTaken:
    """The containers that one run of one program has asked for, so that none is asked for twice."""

    _owners: dict[Hashable, str] = field(default_factory=dict)

    def claim(
        self,
        container: Hashable,
        *,
        owner: str,
        spelled: str,
        two_tests: bool = False,
    ) -> None:
        """Take a name.

        Args:
            container: What makes the container unique: cloud, name and the account, region or vault.
            owner: The logical name of the secret that wants it.
            spelled: The name in the cloud, for the message.
            two_tests: Whether the secret of one test and that of another cannot be told apart. One of the same logical
                name is then taken for that of another test.

        Raises:
            CollisionError: Another secret of this run has taken it; the message names both.
        """
        other = self._owners.get(container)
        if other is not None and not (two_tests and other == owner):
            way_out = _OF_TWO_TESTS if two_tests else ""
            raise CollisionError(
                f'{spelled!r} is already the container of Secret("{other}"), and two secrets of a program cannot '
                "share a "
                f'container. Give "{owner}" or "{other}" a different key=, service= or environment=.{way_out}'
            )
        self._owners[container] = owner


_ATTRIBUTE = "_infra_secrets_run"

_Answer = TypeVar("_Answer")


class Run:
    """One run.

    Attributes:
        names: The names that it has asked for so far.
        hooks: Its hooks, by name.
        holder: What protects options against its transforms.
        containers: What was registered, by URN of the container.
        looked_for: Which class of settings looks where for a container, by its cloud and its reference.
        config_looked_at: Whether the stack's config was looked at for misspelt keys.
    """

    def __init__(self) -> None:
        self.names = NamesTaken()
        self.hooks: dict[str, Later] = {}
        self.holder = Holder()
        self.containers: dict[str, Any] = {}
        self.looked_for: dict[tuple[str, str], tuple[str, Mapping[str, str]]] = {}
        self._watched: list[Callable[[], Awaitable[None]]] = []
        self._watching = False
        self.config_looked_at = False
        self._found_out: dict[Hashable, asyncio.Future[Any]] = {}
        self._test = this_test() if is_without_engine() else None
        if self._test is not None:
            say_refusals_once()

    @classmethod
    def this(cls) -> "Run":
        """Find the run that this code is in.

        Under Pulumi's mocks each test that can be told from others is a run, because they forget what there was.
        """
        found = getattr(connection(), _ATTRIBUTE, None)
        if not isinstance(found, cls) or found.is_over:
            found = cls()
            found.join()
        return found

    def join(self) -> None:
        """Let the connection of the code that calls this belong to the run."""
        setattr(connection(), _ATTRIBUTE, self)

    @property
    def is_over(self) -> bool:
        """Whether another test has begun under Pulumi's mocks; with an engine, a run is over with its connection."""
        return self._test is not None and any(
            one is not other for one, other in zip(self._test, this_test(), strict=True)
        )

    @property
    def may_be_two(self) -> bool:
        """Whether two tests may be in it: under mocks one that has no decorator cannot be told from the next."""
        return self._test is not None and self._test[1] is None

    def watch(self, check: Callable[[], Awaitable[None]]) -> None:
        """Let the program fail with what a check raises, when every check of the run is done."""
        self._watched.append(check)
        if not self._watching:
            self._watching = True
            in_program(self._watch())

    async def _watch(self) -> None:
        refused: InfraSecretsError | None = None
        while self._watched:
            try:
                await self._watched.pop(0)()
            except InfraSecretsError as error:
                refused = refused or error
        self._watching = False
        if refused is not None:
            raise refused

    async def can_be_asked(self, urn: str) -> None:
        """Let the engine start its own provider, which answers for the state, before any hook may need it.

        It cannot start one while all its workers wait for hooks, which a single one with `--parallel 1` does.

        Args:
            urn: Of a resource that is registered.
        """
        with contextlib.suppress(Exception):
            await self.once("engine", lambda: ask_engine("getResource", urn=urn))

    async def once(self, key: Hashable, ask: Callable[[], Coroutine[Any, Any, _Answer]]) -> _Answer:
        """Ask something once in a run; everybody who asks gets that answer, or what it failed with.

        Args:
            key: What says which question it is.
            ask: Asks it.
        """
        if key not in self._found_out:
            self._found_out[key] = asyncio.ensure_future(ask())
        answer: _Answer = await self._found_out[key]
        return answer

    def hook(self, kind: type[Any], name: str, *rest: object) -> Later:
        """Find a hook, or make it; one serves all containers of a run."""
        if name not in self.hooks:
            self.hooks[name] = Later(kind, name, *rest)
        return self.hooks[name]
