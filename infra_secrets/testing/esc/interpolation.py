"""Strings with references in them: `${name.member[0]}`, and `$$` for one dollar (esc/ast/interpolation.go)."""

import re
from typing import Final

from infra_secrets.testing.esc.errors import RefusedError, Where

# Pulumi's parser looks at bytes, and takes 0x85 and 0xA0 for spaces also inside a longer character.
_NAME: Final = re.compile(rb"\.?([^.\[}\s\x85\xa0]+)")
_KEY: Final = re.compile(rb'\["((?:\\"|[^"\\]|\\(?!"))+)"\]')
_INDEX: Final = re.compile(rb"\[([+-]?[0-9]+)\]")


def parts(text: str) -> list[str | Where]:
    """Take a string apart: text, and the steps of each reference.

    Raises:
        RefusedError: A reference is not written as one.
    """
    found: list[str | Where] = []
    plain, rest = b"", text.encode()
    while rest:
        if rest.startswith(b"$$"):
            plain, rest = plain + b"$", rest[2:]
        elif rest.startswith(b"${"):
            steps, rest = _steps(rest[2:])
            found += [plain.decode(), steps] if plain else [steps]
            plain = b""
        else:
            plain, rest = plain + rest[:1], rest[1:]
    return [*found, plain.decode()] if plain or not found else found


def literal(text: str) -> str | None:
    """Return what a string without references says; None for one that has some.

    Raises:
        RefusedError: A reference is not written as one.
    """
    found = parts(text)
    return found[0] if len(found) == 1 and isinstance(found[0], str) else None


def _steps(rest: bytes) -> tuple[Where, bytes]:
    steps: Where = ()
    while not rest.startswith(b"}"):
        if matched := _KEY.match(rest):
            steps += (matched[1].replace(b'\\"', b'"').decode(),)
        elif matched := _INDEX.match(rest):
            steps += (int(matched[1]),)
        elif not rest.startswith(b"[") and (matched := _NAME.match(rest)):
            steps += (matched[1].decode(errors="replace"),)  # cut only where it is refused next
        else:
            raise RefusedError("a reference is written `${name.member[0]}`, closed by `}`")
        rest = rest[matched.end() :]
    if steps and isinstance(steps[0], int):
        raise RefusedError("a reference begins with the name of a property")
    return steps or ("",), rest[1:]
