"""The values of one settings object: where they are kept out of sight, and when they are read again.

A value that has almost reached its greatest age is read again aside, while it is still served. One that is older is not
served: whoever asks waits for the new one, or gets the error. Only an object that may serve stale values does so, only
while a cloud does not answer, and it says so in the log.
"""

import copy
import logging
import os
import random
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Mapping
from types import TracebackType

from infra_secrets.errors import InfraSecretsError, SettingsError, SettingsUseError

EARLIEST = 0.8
"""The part of the greatest age after which values are read again at the earliest; each process picks its own moment."""
RETRY = 0.05
"""The part of the greatest age after which a read that failed is tried again; a second at least."""

_log = logging.getLogger("infra_secrets.runtime")
_now = time.monotonic


class Loaded:
    """Values that were loaded, by setting. Its text does not show them."""

    __slots__ = ("values",)

    def __init__(self, values: Mapping[str, object]) -> None:
        self.values = values

    def __reduce__(self) -> tuple[object, ...]:
        """Refuse to be pickled."""
        raise SettingsUseError("The values of settings cannot be pickled.")

    def changed(self, other: "Loaded") -> frozenset[str]:
        """Name the settings in which two differ."""
        return frozenset(
            name for name, value in self.values.items() if not _same(other.values[name], value)
        )


def _same(one: object, other: object) -> bool:
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001 (of a type that cannot be compared so; its error may hold a value)
        return False


class Held:
    """What one settings object holds. Threads can use it at once.

    Args:
        name: The class of settings, for the log.
        load: Reads all values; returns the error instead of raising it, and must not have values in it.
        max_age: Seconds; None to read again only when told to.
        stale: Seconds beyond that, for which older values are served while a cloud does not answer.
        close: Closes what `load` keeps open, which a process and one that is forked from it must not share.

    Raises:
        SettingsError: They could not be loaded.
    """

    def __init__(
        self,
        name: str,
        load: Callable[[], Loaded | SettingsError],
        max_age: float | None = None,
        stale: float | None = None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._name, self._load, self._close = name, load, close
        self._max_age, self._stale = max_age, stale or 0.0
        self._lock = threading.Lock()
        self._due = 0.0  # when values are read again aside
        self._limit = 0.0  # until when they are served
        self._read_at = 0.0
        self._error: Exception | None = None
        self._trace: TracebackType | None = None
        # Whether there was another answer than an outage since the values were read.
        self._refused = False
        started, outcome = _now(), self._look()
        if isinstance(outcome, SettingsError):
            raise outcome
        self._take(outcome, started)
        _ALL.add(self)

    def values(self) -> Mapping[str, object]:
        """Return the present values, and have them read again when it is time.

        Raises:
            SettingsError: They are too old, and could not be read again.
        """
        return self.loaded().values

    def loaded(self) -> Loaded:
        """Return the present values, out of sight; see `values`."""
        limit, due = self._limit, self._due
        # Read after its limit: that of a newer one must not be taken for its own.
        loaded = self._loaded
        if self._max_age is None:
            return loaded
        now = _now()
        if now >= limit:
            self._refresh_now()
            return self._loaded
        if now >= due:
            self._refresh_aside()
        return loaded

    def reload(self) -> frozenset[str]:
        """Read all values again, all or nothing; return which settings changed.

        Raises:
            SettingsError: Something is missing or wrong. The old values are still there.
        """
        with self._lock:
            started, before, outcome = _now(), self._loaded, self._look()
            if isinstance(outcome, SettingsError):
                self._refused |= not outcome.unreachable
                raise outcome
            self._take(outcome, started)
        return outcome.changed(before)

    def before_fork(self) -> None:
        """Close connections, unless a thread is at it: that one's are not used by the child."""
        if self._lock.acquire(blocking=False):
            try:
                self._close()
            finally:
                self._lock.release()

    def forked(self) -> None:
        """Forget, in a child process, a lock that a thread of its parent holds, and pick a moment of its own."""
        self._lock = threading.Lock()
        if self._max_age is not None and self._error is None:
            self._due = self._read_at + _share() * self._max_age

    def _look(self) -> Loaded | SettingsError:
        try:
            return self._load()
        except BaseException as error:
            _clear(error)
            raise

    def _take(self, loaded: Loaded, started: float) -> None:
        self._loaded, self._read_at, self._error, self._refused = loaded, started, None, False
        if self._max_age is not None:
            self._due, self._limit = started + _share() * self._max_age, started + self._max_age

    def _refresh_now(self) -> None:
        with self._lock:
            if _now() < self._limit:  # another thread was first
                return
            if self._error is None or _now() >= self._due:
                self._refresh()
            error, trace = self._error, self._trace
        if error is None or _now() < self._limit:
            return
        if isinstance(error, SettingsError):
            error = copy.copy(error)  # one is raised once: a traceback grows with each raise
        raise error.with_traceback(trace)

    def _refresh_aside(self) -> None:
        if not self._lock.acquire(blocking=False):
            return  # one thread is at it
        lock = self._lock

        def refresh() -> None:
            try:
                self._refresh()
            finally:
                lock.release()

        try:
            threading.Thread(target=refresh, name=f"{self._name}-refresh", daemon=True).start()
        except RuntimeError:  # no more threads, or the interpreter is ending
            self._due = _now() + self._retry()
            lock.release()

    def _refresh(self) -> None:
        started = _now()
        self._due = started + self._retry()  # whatever comes of it
        outcome: Loaded | Exception
        try:
            outcome = self._look()
        except Exception as error:  # noqa: BLE001 (nobody foresaw it; whoever asks for a value gets it)
            outcome = error
        if isinstance(outcome, Loaded):
            changed = outcome.changed(self._loaded)
            self._take(outcome, started)
            if changed:
                _log.info("%s: changed: %s.", self._name, ", ".join(sorted(changed)))
            return
        now, end = _now(), self._read_at + (self._max_age or 0.0)
        self._refused |= not (isinstance(outcome, SettingsError) and outcome.unreachable)
        if not self._refused:
            end += self._stale
        self._due, self._limit = now + self._retry(), end
        self._error, self._trace = outcome, outcome.__traceback__
        if now < end:
            _log.warning(
                "%s: values that were read %d s ago are served for up to %d s more, because they could not be read "
                "again. %s",
                *(self._name, now - self._read_at, end - now, _said(outcome)),
            )

    def _retry(self) -> float:
        return max(1.0, RETRY * (self._max_age or 0.0))


def _said(error: Exception) -> str:
    # What an error says that is not the package's own may hold a value.
    return (
        str(error)
        if isinstance(error, InfraSecretsError)
        else f"{type(error).__name__} was not expected."
    )


def _clear(error: BaseException) -> None:
    """Empty the frames that an error came through, of this package and of others: they may hold values."""
    seen: list[BaseException] = []
    rest: list[BaseException | None] = [error]
    while rest:
        each = rest.pop()
        if each is not None and each not in seen:
            seen.append(each)
            traceback.clear_frames(each.__traceback__)
            rest += [each.__cause__, each.__context__]


def _share() -> float:
    # Not for secrecy: so that the processes of a service do not all ask at once.
    return random.uniform(EARLIEST, 1)  # noqa: S311


_ALL: "weakref.WeakSet[Held]" = weakref.WeakSet()


def _forked() -> None:
    for held in [*_ALL]:
        held.forked()


def _before_fork() -> None:
    for held in [*_ALL]:
        held.before_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_forked)
