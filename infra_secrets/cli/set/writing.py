"""Making a value the present one: compared first, merged where it is one field, and never half of the old or the new.

Each write is one call of the cloud, which takes effect as a whole. What somebody else wrote in between is never lost
silently: the client refuses to write over it, or says that it did (`ChangedMeanwhileError`).
"""

import contextlib
import hmac
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from infra_secrets.cli.saying import Say
from infra_secrets.cli.set import document
from infra_secrets.cli.set.target import Target
from infra_secrets.clouds.values import Client, Described, Value, Written
from infra_secrets.errors import (
    AccessError,
    ChangedMeanwhileError,
    DeniedError,
    DisabledError,
    NeverSetError,
    ValueRefusedError,
)

_TIMES = 10  # how often a field is merged anew: so many others would have to write at the same time


class SameValueError(ValueRefusedError):
    """The value is the present one already."""


@dataclass(slots=True)
class Attempt:
    """What is known of the value in the cloud, at any moment."""

    target: Target
    client: Client
    say: Say
    outcome: Literal["unchanged", "unknown", "set"] = "unchanged"
    interrupted: bool = False

    def whole(self, described: Described, value: Value, *, force: bool) -> Written:
        """Make a value the present one.

        Raises:
            SameValueError: It is that already, and `force` is false.
            AccessError: See `Client.write`.
        """
        if not force and described.version is not None:
            present = self._read_if_allowed()
            if present is not None and _same(present, value):
                raise self._same()
        return self._write(described, value)

    def field(self, described: Described, name: str, text: str, *, force: bool) -> Written:
        """Put one field's text into the document, whatever others do to its other fields meanwhile.

        Raises:
            SameValueError: It is the present one already, and `force` is false.
            ChangedMeanwhileError: Somebody else set the same field meanwhile.
            ValueRefusedError: The document that comes of it is not the declared one.
            AccessError: It could not be read or written.
        """
        piece = document.spelled(text)
        before: str | None = None
        for turn in range(_TIMES):
            described, present = self._document(described)
            found = self._pieces(present).get(name)
            if turn and found not in (before, piece):
                raise self._set_by_another(name)
            before = found
            if found is not None and found == piece and not force:
                raise self._same()
            new = document.replaced(present, name, piece)
            try:
                return self._write(described, self._checked(new))
            except ChangedMeanwhileError as error:
                if error.overtaken:
                    with self._told(error):
                        return self._merged(name, piece, present, error)
                described = self.client.describe(self.target.name)
        raise self._overrun()

    def _pieces(self, data: bytes) -> dict[str, str]:
        return document.pieces(data, self.target.reference, self.target.command)

    def _checked(self, data: bytes) -> Value:
        document.check(data, self.target.fields, self.target.reference)
        return Value(data=data)

    def _document(self, described: Described) -> tuple[Described, bytes]:
        """Read the present document, and describe it as of that version."""
        for _ in range(_TIMES):
            if described.version is None:
                break
            found = self.client.read([self.target.name])[self.target.name]
            if isinstance(found, NeverSetError | DisabledError):
                break
            if isinstance(found, AccessError):
                raise found
            if found.version in (None, described.version):
                return described, found.data
            described = self.client.describe(self.target.name)
        else:
            raise self._overrun()
        if len(self.target.fields) == 1:
            return described, b"{}"
        raise NeverSetError(
            f"{self.target.reference} has no value yet, and a document is set as a whole first: "
            f"{', '.join(self.target.fields)}.",
            f"Run: {self.target.command}",
        )

    def _merged(self, name: str, piece: str, base: bytes, error: ChangedMeanwhileError) -> Written:
        """Bring back what others changed meanwhile, where a cloud tells only after it has written.

        What each of them changed is what differs from the document that all began with: the later ones need not have
        known the earlier ones. It is put into whatever is the present document by now.
        """
        before, theirs = self._pieces(base), dict[str, str]()
        for _ in range(_TIMES):
            for version in error.overtaken:
                found = self._pieces(self.client.read_version(self.target.name, version).data)
                theirs |= {key: each for key, each in found.items() if before.get(key) != each}
            described, present = self._document(self.client.describe(self.target.name))
            found = self._pieces(present)
            for said in (theirs.get(name), found.get(name)):
                if said not in (None, before.get(name), piece):
                    raise self._set_by_another(name)
            new = present
            for key, each in {**theirs, name: piece}.items():
                if found.get(key) == before.get(key):
                    new = document.replaced(new, key, each)
            if new == present and described.version and described.changed:
                return Written(version=described.version, when=described.changed)
            try:
                return self._write(described, self._checked(new))
            except ChangedMeanwhileError as again:
                error = again
        raise error

    def _write(self, described: Described, value: Value) -> Written:
        if self.interrupted:  # while another was written, before what is merged here
            raise KeyboardInterrupt
        before = self.outcome
        with self._finishing():
            self.outcome = "unknown"
            try:
                written = self.client.write(described, value)
            except ChangedMeanwhileError as error:
                self.outcome = "set" if error.overtaken else before
                raise
            except AccessError as error:
                if not error.in_doubt:
                    self.outcome = before
                raise
            self.outcome = "set"
            return written

    @contextlib.contextmanager
    def _finishing(self) -> Iterator[None]:
        """Wait for the cloud's answer when somebody interrupts, so that it is known; not for a second time."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def wait(*_signal: object) -> None:
            if self.interrupted:
                raise KeyboardInterrupt
            self.interrupted = True
            with contextlib.suppress(OSError):  # in the middle of anything: not by a buffer
                os.write(2, b"\nWaiting for the cloud's answer. Ctrl-C once more ends at once.\n")

        before = {each: signal.signal(each, wait) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    @contextlib.contextmanager
    def _told(self, error: ChangedMeanwhileError) -> Iterator[None]:
        """Say that somebody was written over, and nothing less, where a merge is interrupted or fails."""
        try:
            yield
        except ChangedMeanwhileError:
            raise
        except (KeyboardInterrupt, AccessError):
            raise error from None

    def _read_if_allowed(self) -> Value | None:
        found = self.client.read([self.target.name])[self.target.name]
        if isinstance(found, Value):
            return found
        if isinstance(found, DeniedError):
            self.say(
                "This login may not read the value, so it is not compared with the present one."
            )
        elif not isinstance(found, NeverSetError | DisabledError):
            raise found
        return None

    def _same(self) -> SameValueError:
        return SameValueError(
            f"This is the present value of {self.target.reference} already, so nothing was set.",
            "To set it anyway, as a new version: --force",
        )

    def _overrun(self) -> ChangedMeanwhileError:
        changed = "" if self.outcome == "set" else ", so nothing was set"
        return ChangedMeanwhileError(
            f"Others set {self.target.reference} {_TIMES} times meanwhile{changed}.", "Try again."
        )

    def _set_by_another(self, name: str) -> ChangedMeanwhileError:
        changed = "" if self.outcome == "set" else ", so nothing was set"
        return ChangedMeanwhileError(
            f"Somebody else set {name} of {self.target.reference} meanwhile{changed}.",
            "Ask who, and set it again if yours is right.",
        )


def refuse(reason: str | None) -> None:
    """Refuse a value for a reason, which is a fragment after "the value "; None is no reason."""
    if reason is not None:
        bytes_ = " With --binary it is stored as bytes." if "binary" in reason else ""
        raise ValueRefusedError(f"The value {reason.rstrip('.')}.", f"Nothing was set.{bytes_}")


def _same(one: Value, other: Value) -> bool:
    """Whether a value that was read is the one to be written."""
    alike = one.binary in (None, other.binary)
    return hmac.compare_digest(one.data, other.data) and alike
