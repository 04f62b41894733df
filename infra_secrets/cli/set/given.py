"""The value as it was given: from a file, from standard input, or typed; what is dropped of it is said.

One line break at the end is no part of a text: an editor, `echo` or `op read` adds it. Everything else is kept, and no
message repeats any of it.
"""

import codecs
import errno
import os
import select
import stat
import sys
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO

from infra_secrets.cli.saying import Say
from infra_secrets.cli.set.terminal import asked_twice, asking
from infra_secrets.errors import ValueRefusedError

STDIN = "-"
_WAITED = 2.0  # seconds after which a person is told that somebody waits for them
_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n\v\f"
# The longer ones first: one begins like another.
_OTHERS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""How a text begins that is not UTF-8, and what it is."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value, and what a person should know about how it came."""

    data: bytes = field(repr=False)
    notes: tuple[str, ...] = ()


def from_file(path: str, most: int, say: Say, *, binary: bool) -> Given:
    """Read a value from a file; `-` is standard input.

    Args:
        path: The file. It is not repeated: a value could stand in its place.
        most: Size of the largest value, in bytes.
        say: Says something to the person.
        binary: Keep the line break at the end too.

    Raises:
        ValueRefusedError: It cannot be read, or is larger.
    """
    if path == STDIN:
        return from_stdin(most, say, binary=binary)
    try:
        with open(path, "rb") as opened:  # noqa: PTH123 (a path may be a descriptor's: /dev/fd/63)
            given = _from(opened, most, binary=binary)
            regular = stat.S_ISREG(os.fstat(opened.fileno()).st_mode)
    except ValueRefusedError:
        raise
    except (OSError, ValueError) as error:  # ValueError: it has a NUL byte
        code = error.errno if isinstance(error, OSError) else errno.ENOENT
        raise ValueRefusedError(
            f"The file of --file could not be read ({os.strerror(code or errno.EIO)}), so nothing was set.",
            "--file takes a path, or - for standard input. It is not repeated here, because it may be a value.",
        ) from None
    if not regular:
        return given
    return Given(given.data, (*given.notes, "The file is left as it is, with the value in it."))


def from_stdin(most: int, say: Say, *, binary: bool) -> Given:
    """Read a value from standard input, to its end.

    Raises:
        ValueRefusedError: There is none, or it is larger.
    """
    if sys.stdin is None:
        raise ValueRefusedError(
            "There is no standard input and no terminal, so nothing was set.",
            "Pipe the value in, or use --file.",
        )
    _refuse_terminal(sys.stdin)
    _say_that_it_waits(say)
    try:
        return _from(sys.stdin.buffer, most, binary=binary)
    except OSError as error:
        raise ValueRefusedError(
            f"Standard input could not be read ({os.strerror(error.errno or errno.EIO)}), so nothing was set.",
            "Pipe the value in, or use --file.",
        ) from None


def typed(what: str) -> Given:
    """Ask for one value at the terminal, twice."""
    with asking() as ask:
        return _told(asked_twice(ask, what))


def typed_fields(fields: tuple[str, ...], reference: str) -> dict[str, bytes]:
    """Ask for every field of a document at the terminal, each twice."""
    with asking() as ask:
        return {each: asked_twice(ask, f"{each} of {reference}") for each in fields}


def at_terminal() -> bool:
    """Whether a person sits at standard input."""
    return sys.stdin is not None and sys.stdin.isatty()


def _from(stream: BinaryIO, most: int, *, binary: bool) -> Given:
    _refuse_terminal(stream)
    room = most + len(b"\r\n")
    data = _read(stream, room + 1)  # never all of what is larger
    if len(data) > room:
        raise ValueRefusedError(
            f"The value is larger than {most:,} bytes, the most that can be stored there, so nothing was set.",
            "Store what is larger elsewhere, encrypted, and its key here.",
        )
    if binary:
        return Given(data)
    _refuse_other_encodings(data)
    for end, what in (
        (b"\r\n", "One line break at the end (CR LF)"),
        (b"\n", "One line break at the end"),
    ):
        if data.endswith(end):
            return _told(data.removesuffix(end), f"{what} is dropped: it is not part of the value.")
    return _told(data)


def _refuse_terminal(stream: IO[Any]) -> None:
    if stream.isatty():
        raise ValueRefusedError(
            "--file names a terminal, which shows what is typed, so nothing was set.",
            "Leave out --file: the value is asked for without being shown.",
        )


def _read(stream: BinaryIO, most: int) -> bytes:
    """Read to the end, also from a pipe that somebody made non-blocking: there a short read is no end."""
    data = b""
    while len(data) < most:
        found: bytes | None = stream.read(most - len(data))
        if found is None:
            select.select([stream], [], [])
        elif found:
            data += found
        else:
            break
    return data


def _refuse_other_encodings(data: bytes) -> None:
    for begins, name in _OTHERS.items():
        if data.startswith(begins):
            raise ValueRefusedError(
                f"The value is {name} text, as Windows writes it, and not UTF-8, so nothing was set.",
                f"Convert it, e.g.: iconv -f {name} -t UTF-8",
            )


def _told(data: bytes, *notes: str) -> Given:
    """Say what is kept and was perhaps not meant."""
    found = [*notes]
    if data.startswith(_BOM):
        found.append("The byte order mark at the beginning is kept: it is part of the value.")
    for where, byte in (("beginning", data[:1]), ("end", data[-1:])):
        if byte and byte in _SPACE:
            found.append(f"White space at the {where} is kept: it is part of the value.")
    return Given(data, tuple(found))


def _say_that_it_waits(say: Say) -> None:
    try:
        ready = select.select([sys.stdin], [], [], _WAITED)[0]
    except (OSError, ValueError):  # Windows can wait for sockets alone
        return
    if not ready:
        say(
            "Waiting for the value on standard input. It is no terminal, so what is typed may be shown; ssh needs -t."
        )
