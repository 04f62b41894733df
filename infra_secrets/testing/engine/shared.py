"""What the provider servers of one rehearsal share: the run that they answer, and what they remember of it."""

import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

from infra_secrets.testing.simulation import Request

OnRequest = Callable[[Request], None]


@dataclass(slots=True)
class CurrentRun:
    """What a run of the engine begins with.

    Attributes:
        number: How many runs there were before it.
        existing: URNs that the state holds.
    """

    number: int = 0
    existing: frozenset[str] = frozenset()


class InFlight:
    """Counts requests that are being answered, so that a killed engine's last one can finish."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *error: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait until none is left, or warn after some seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._count == 0, seconds):
                warnings.warn("a provider request did not end with its engine", stacklevel=2)


@dataclass(slots=True)
class Shared:
    """What the servers of one rehearsal share.

    Attributes:
        on_request: Called with every request, from several threads, before it is answered. What it raises is the
            answer.
        run: What the run of the engine began with.
        echoed: Tokens of the resource types and functions that were only echoed.
        answers: Texts that functions answered: the program has them, and did not write them.
        in_flight: What is being answered.
    """

    on_request: OnRequest
    run: CurrentRun = field(default_factory=CurrentRun)
    echoed: set[str] = field(default_factory=set)
    answers: set[str] = field(default_factory=set)
    in_flight: InFlight = field(default_factory=InFlight)
