"""Strings with references in them: `${name.member[0]}`, and `$$` for one dollar."""

import re
from typing import Final

from infra_secrets.testing.esc.errors import RefusedError, Where

_NAME: Final = re.compile(r"\.?([^.\[}\s]+)")
_SUBSCRIPT: Final = re.compile(r'\[(?:"((?:\\"|[^"])+)"|([0-9]+))\]')


def parts(text: str) -> list[str | Where]:
    """Take a string apart: text, and the steps of each reference.

    Raises:
        RefusedError: A reference is not written as one.
    """
    found: list[str | Where] = []
    plain = ""
    while text:
        if text.startswith("$$"):
            plain, text = f"{plain}$", text[2:]
        elif text.startswith("${"):
            steps, text = _steps(text[2:])
            found += [plain, steps] if plain else [steps]
            plain = ""
        else:
            plain, text = plain + text[0], text[1:]
    return [*found, plain] if plain or not found else found


def _steps(text: str) -> tuple[Where, str]:
    steps: Where = ()
    while not text.startswith("}"):
        name, subscript = _NAME.match(text), _SUBSCRIPT.match(text)
        if subscript is not None:
            quoted, index = subscript.groups()
            steps += (int(index) if quoted is None else quoted.replace('\\"', '"'),)
            text = text[subscript.end() :]
        elif name is not None and not text.startswith("["):
            steps += (name[1],)
            text = text[name.end() :]
        else:
            raise RefusedError("a reference is written `${name.member[0]}`, closed by `}`")
    if not steps or isinstance(steps[0], int):
        raise RefusedError("a reference begins with the name of a property")
    return steps, text[1:]
