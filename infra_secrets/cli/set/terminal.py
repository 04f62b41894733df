"""Asking for a value at a terminal: without echo, one line, of any length, and typed twice.

The terminal is read without its own editing of lines (non-canonical), because with it, as in `getpass`, a line is cut
off silently after 4,095 bytes (termios(3)). A value of several lines is refused here: what becomes of line breaks that
are pasted differs between terminals. All of a paste is taken, so that the shell runs no rest of it, or keeps it.
"""

import contextlib
import getpass
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from infra_secrets.errors import ValueRefusedError

_PASTE_ON, _PASTE_OFF = b"\x1b[?2004h", b"\x1b[?2004l"
_PASTE_BEGINS, _PASTE_ENDS = b"\x1b[200~", b"\x1b[201~"
_QUIET = (
    0.3  # seconds without a byte, after which a paste that the terminal does not mark has ended
)
_CHUNK = 4096

_ENTER = b"\r\n"
_END = b"\x04"
_ERASE = b"\x08\x7f"
_CLEAR = b"\x15"
_TAB = b"\t"


class NoTerminalError(ValueRefusedError):
    """There is no terminal to ask at."""


@dataclass(slots=True)
class Line:
    """A line while it is typed: what has come so far, and what it cannot be."""

    typed: bytearray = field(default_factory=bytearray, repr=False)
    ended: bool = False
    several: bool = False
    """Whether there was more than one line."""
    strange: bool = False
    """Whether a key was pressed that is no character."""
    pasting: bool = False
    _escape: bytearray = field(default_factory=bytearray, repr=False)

    def take(self, data: bytes) -> None:
        """Take what the terminal sent."""
        for number in data:
            self._take(bytes([number]))

    def _take(self, byte: bytes) -> None:
        if self._escape or byte == b"\x1b":
            self._take_escape(byte)
        elif self.ended:
            self.several = True
        elif byte in _ENTER and self.pasting:
            self.typed += b"\n"
        elif byte in _ENTER or byte == _END:
            self.ended = True
        elif byte in _ERASE:
            self._erase()
        elif byte == _CLEAR:
            self.typed.clear()
        elif byte < b" " and byte != _TAB:
            self.strange = True
        else:
            self.typed += byte

    def _take_escape(self, byte: bytes) -> None:
        """Take a part of a sequence: of one that marks a paste, or of a key that is no character."""
        self._escape += byte
        begun = bytes(self._escape)
        if begun in (_PASTE_BEGINS, _PASTE_ENDS):
            self.pasting = begun == _PASTE_BEGINS
        elif any(each.startswith(begun) for each in (_PASTE_BEGINS, _PASTE_ENDS)):
            return
        else:
            self.strange = True
        self._escape.clear()

    def _erase(self) -> None:
        while self.typed and self.typed[-1] & 0xC0 == 0x80:  # noqa: PLR2004 (the rest of a character in UTF-8)
            self.typed.pop()
        if self.typed:
            self.typed.pop()

    def value(self) -> bytes:
        """Return the line, without line breaks at its ends, which nobody sees in a paste.

        Raises:
            ValueRefusedError: It is not what was meant.
        """
        found = bytes(self.typed).strip(b"\n")
        if self.several or b"\n" in found:
            raise ValueRefusedError(
                "Several lines were pasted, so nothing was set.",
                "A terminal changes line breaks: give a value of several lines by --file, or pipe it in.",
            )
        if self.strange:
            raise ValueRefusedError(
                "A key was pressed that is no character (an arrow, say), so nothing was set.",
                "Type it again, or give it by --file, or pipe it in.",
            )
        return found


Ask = Callable[[str], bytes]
"""Asks for one value, by a prompt."""


def asked_twice(ask: Ask, what: str) -> bytes:
    """Ask for a value until it was typed twice.

    Args:
        ask: Asks once.
        what: What is asked for, e.g. a reference.

    Raises:
        ValueRefusedError: The two differ, or nothing was typed.
    """
    first = ask(f"Value of {what} (not shown): ")
    if not first:
        raise ValueRefusedError(
            "Nothing was typed, so nothing was set.", "Type the value, then Enter."
        )
    if ask("The same once more: ") != first:
        raise ValueRefusedError(
            "The two that were typed differ, so nothing was set.", "Run the command again."
        )
    return first


@contextlib.contextmanager
def asking() -> Iterator[Ask]:
    """Take the terminal, and give it back as it was, whatever happens."""
    try:
        import termios
    except ImportError:
        yield _ask_of_windows
        return
    with _terminal() as (reads, writes):
        before = termios.tcgetattr(reads)
        ignored = [(each, signal.getsignal(each)) for each in (signal.SIGTSTP, signal.SIGQUIT)]
        try:
            for each, _ in ignored:  # the first would give the echo back, the second end without
                signal.signal(each, signal.SIG_IGN)
            termios.tcsetattr(reads, termios.TCSAFLUSH, _silent(before, termios))
            _write(writes, _PASTE_ON)
            yield lambda prompt: _ask(prompt, reads, writes)
        finally:
            _write(writes, _PASTE_OFF)
            # What is left of a paste must not become commands of the shell.
            while _more(reads) and os.read(reads, _CHUNK):
                pass
            termios.tcsetattr(reads, termios.TCSAFLUSH, before)
            for each, handler in ignored:
                signal.signal(each, handler)


def _silent(before: list[Any], termios: Any) -> list[Any]:
    """Return a terminal's settings without echo and without lines; Ctrl-C stays what it is."""
    silent = [*before[:6], [*before[6]]]
    silent[0] = silent[0] | termios.ICRNL
    silent[3] = silent[3] & ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN)
    silent[3] = silent[3] | termios.ISIG
    silent[6][termios.VMIN], silent[6][termios.VTIME] = 1, 0
    return silent


def _ask(prompt: str, reads: int, writes: int) -> bytes:
    line = Line()
    _write(writes, prompt.encode())
    try:
        while not line.ended or line.pasting or _more(reads):
            found = b""
            with contextlib.suppress(OSError):  # EIO, where the other end has hung up
                found = os.read(reads, _CHUNK)
            if not found:
                raise NoTerminalError("The terminal is gone, so nothing was set.", "Log in again.")
            line.take(found)
    finally:
        _write(writes, b"\n")
    return line.value()


def _more(reads: int) -> bool:
    """Whether the rest of several lines is still coming, from a terminal that does not mark a paste."""
    return bool(select.select([reads], [], [], _QUIET)[0])


@contextlib.contextmanager
def _terminal() -> Iterator[tuple[int, int]]:
    """Open the terminal to read and to write, wherever standard output and error go."""
    try:
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        if not (sys.stdin and sys.stdin.isatty()):
            raise NoTerminalError(
                "There is no terminal to ask at, so nothing was set.",
                "Pipe the value in, or use --file.",
            ) from None
        yield sys.stdin.fileno(), 2
        return
    try:
        yield descriptor, descriptor
    finally:
        os.close(descriptor)


def _write(descriptor: int, data: bytes) -> None:
    with contextlib.suppress(OSError):  # a prompt that nobody sees stops nobody
        os.write(descriptor, data)


def _ask_of_windows(prompt: str) -> bytes:
    line = Line()
    line.take(getpass.getpass(prompt).encode("utf-8", "surrogatepass"))
    import msvcrt

    while msvcrt.kbhit():  # type: ignore[attr-defined] # the rest of a paste
        msvcrt.getwch()  # type: ignore[attr-defined]
        line.several = True
    return line.value()
