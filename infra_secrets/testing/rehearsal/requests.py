"""Every request of the engine to a provider, in order, and the one at which the engine is killed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from infra_secrets.testing.engine.command import Engine
from infra_secrets.testing.simulation import Request

RequestFilter = Callable[[Request], bool]

_NONE: Final = object()


@dataclass(frozen=True, slots=True)
class Kill:
    """When to kill the engine.

    Attributes:
        when: Whether a request is the one.
        takes_effect: Whether that request is still carried out.
    """

    when: RequestFilter
    takes_effect: bool


class Requests:
    """The requests of one rehearsal.

    Args:
        wait_until_whole: Waits until the engine may be killed.

    Attributes:
        all: Every request.
    """

    def __init__(self, wait_until_whole: Callable[[], None]) -> None:
        self.all: list[Request] = []
        self._wait_until_whole = wait_until_whole
        self._lock = threading.Lock()
        self._kill: tuple[Kill, Engine] | None = None
        self._program_begins = 0
        self._previewed: object = _NONE

    def begin(self, command: str, program: object, engine: Engine, kill: Kill | None) -> None:
        """Begin a run. An `up` that follows a preview of the same program continues it."""
        continued = command == "up" and self._previewed is program
        if command in {"preview", "up"} and not continued:
            self._program_begins = len(self.all)
        self._previewed = program if command == "preview" else _NONE
        self._kill = (kill, engine) if kill is not None else None

    def end(self) -> None:
        """End a run."""
        self._kill = None

    def take(self, request: Request) -> None:
        """Keep a request, and kill the engine if this is the one.

        Raises:
            ConnectionAbortedError: The engine was killed, and the request does not take effect.
        """
        with self._lock:
            self.all.append(request)
        if self._kill is None or request.preview:
            return
        kill, engine = self._kill
        if kill.when(request):
            self._kill = None
            self._wait_until_whole()
            engine.kill()
            if not kill.takes_effect:
                raise ConnectionAbortedError("the engine was killed")

    @property
    def so_far(self) -> list[Request]:
        """Every request until now."""
        with self._lock:
            return list(self.all)

    @property
    def of_program(self) -> list[Request]:
        """The requests of the last `preview` or `up`, or of both where one continues the other."""
        return self.so_far[self._program_begins :]
