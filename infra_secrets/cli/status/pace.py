"""How often a cloud is asked: never more than its quota allows in any minute."""

import threading
import time
from collections import deque
from collections.abc import Callable

MINUTE = 60.0


class Stopped(Exception):  # noqa: N818 (no error: somebody asked for it)
    """The work was given up while it waited for its turn."""


class Pace:
    """Lets as many calls through in any minute as a quota allows, at once where there is room.

    Args:
        calls_a_minute: The quota; None for none.
        clock: Seconds that only grow.
        wait: Waits so many seconds; true if the wait was given up. By default until `stop`.
    """

    def __init__(
        self,
        calls_a_minute: int | None,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        self._allowed = calls_a_minute
        self._clock = clock
        self._stopped = threading.Event()
        self._wait = wait or self._stopped.wait
        self._turn = threading.Lock()
        self._recent: deque[float] = deque()

    def take_turn(self) -> None:
        """Wait until one more call is within the quota.

        Raises:
            Stopped: Nobody wants the answer any more.
        """
        if self._stopped.is_set():
            raise Stopped
        if self._allowed is None:
            return
        with self._turn:  # who waits for the quota holds up the others, which wait for the same
            now = self._clock()
            while len(self._recent) >= self._allowed:
                left = self._recent[0] + MINUTE - now
                if left > 0 and self._wait(left):
                    raise Stopped
                now = self._clock()
                while self._recent and self._recent[0] + MINUTE <= now:
                    self._recent.popleft()
            self._recent.append(now)

    def stop(self) -> None:
        """Let nobody wait any longer."""
        self._stopped.set()
