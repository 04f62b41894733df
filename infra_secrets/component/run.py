"""What one run of one program knows: names, hooks, containers, and what the stack's state holds.

A run of a program has one connection to the engine, and what is kept here lives exactly as long: it is an
attribute of that connection. A dictionary by connection would never let go, because what it holds refers
to resources and they to the connection.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pulumi
from pulumi.runtime.settings import get_monitor

from infra_secrets.component.internals import Asking, Holder, Later, is_without_engine, this_test
from infra_secrets.component.registering import in_program, say_refusals_once
from infra_secrets.component.settings import SKIP_CHECKPOINTS
from infra_secrets.errors import CollisionError, InfraSecretsError

_OF_TWO_TESTS = (
    " If they are of two tests, decorate each test with @pulumi.runtime.test, or call set_mocks in each: then each is "
    "a program of its own."
)


@dataclass(slots=True)
class NamesTaken:
    """The containers that one run of one program has asked for, so that none is asked for twice."""

    _owners: dict[Hashable, str] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)
    _held: list[object] = field(default_factory=list)

    def claim(
        self,
        container: Hashable,
        *,
        owner: str,
        spelled: str,
        holding: object = None,
        two_tests: bool = False,
    ) -> None:
        """Take a name.

        Args:
            container: What makes the container unique: cloud, name and the account, region or vault.
            owner: The logical name of the secret that wants it.
            spelled: The name in the cloud, for the message.
            holding: What must live as long as the claim, because `container` has the `id` of something in it.
            two_tests: Whether the secret of one test and that of another cannot be told apart. One of the same logical
                name is then taken for that of another test.

        Raises:
            CollisionError: Another secret of this run has taken it; the message names both.
        """
        other = self._owners.get(container)
        if other is not None and not (two_tests and other == owner):
            way_out = _OF_TWO_TESTS if two_tests else ""
            raise CollisionError(
                f'{spelled!r} is already the container of Secret("{other}"), and two secrets of a program cannot share '
                f'one. Give "{owner}" or "{other}" another key=, service= or environment=.{way_out}'
            )
        self._owners[container] = owner
        self._held.append(holding)

    def unique(self, name: str) -> str:
        """Add a number to a name that this run has used before."""
        number = self._numbers[name] = self._numbers.get(name, 0) + 1
        return name if number == 1 else f"{name}-{number}"


names_of_this_run: ContextVar[NamesTaken | None] = ContextVar("names_of_this_run", default=None)
"""A plugin has a connection for each component, and says itself which of them belong to one run."""

_ATTRIBUTE = "_infra_secrets_run"

_Answer = TypeVar("_Answer")


class Run:
    """One run.

    Attributes:
        names: The names that it has asked for so far.
        hooks: Its hooks, by name.
        holder: What protects options against its transforms.
        containers: What was registered, by URN of the container.
        config_looked_at: Whether the stack's config was looked at for misspelt keys.
    """

    def __init__(self) -> None:
        self.names = names_of_this_run.get() or NamesTaken()
        self.hooks: dict[str, Later] = {}
        self.holder = Holder()
        self.containers: dict[str, Any] = {}
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
        connection = get_monitor()
        found = getattr(connection, _ATTRIBUTE, None)
        if not isinstance(found, cls) or found._is_over():  # noqa: SLF001 (its own)
            found = cls()
            setattr(connection, _ATTRIBUTE, found)
        return found

    def _is_over(self) -> bool:
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
            await self.once("engine", lambda: _ask("getResource", urn=urn))

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
            self.hooks[name] = Later(kind, self.names.unique(name), *rest)
        return self.hooks[name]


def this_stack() -> str:
    """Name the stack as Pulumi does, `organization/project/stack`."""
    organization = pulumi.get_organization() or _NO_ORGANIZATION  # mocks know of none
    return f"{organization}/{pulumi.get_project()}/{pulumi.get_stack()}"


async def resources_in_state(type_: str) -> dict[str, Mapping[str, Any]] | None:
    """Read what this stack's state holds of one type: the outputs by URN; None where it cannot be known.

    The engine answers from its backend, and no cloud is asked. A resource that waits for its deletion is not
    among them. Outputs of other types, in which there may be secrets, are dropped at once.

    The engine (seen with 3.259) crashes when it is asked for the resources of a stack that has no state yet, so it is
    asked only where there must be one: the stack has outputs, or an `up` has written its first resources to a
    backend of the user's own. (Source: pulumi pkg/backend/backend.go, GetStackResourceOutputs.)
    """
    try:
        if not await _has_state():
            return None
        answer = await _ask("readStackResourceOutputs", stackName=this_stack())
    except Exception as failed:  # noqa: BLE001 (whatever it is, the state is not known)
        pulumi.log.debug(f"the stack's state could not be read: {failed}")
        return None
    return {
        urn: each.get("outputs") or {}
        for urn, each in (answer.get("outputs") or {}).items()
        if each.get("type") == type_
    }


async def _has_state() -> bool:
    written = not pulumi.runtime.is_dry_run() and not SKIP_CHECKPOINTS.read()
    if written and pulumi.get_organization() == _NO_ORGANIZATION:
        return True
    return bool((await _ask("readStackOutputs", name=this_stack())).get("outputs"))


_NO_ORGANIZATION = "organization"
"""What a backend of the user's own (a folder, a bucket) has for an organization."""


async def _ask(function: str, **args: str) -> Mapping[str, Any]:
    return await Asking().ask(f"pulumi:pulumi:{function}", args) or {}
