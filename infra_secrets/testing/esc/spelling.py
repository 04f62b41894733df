"""How Go writes numbers and JSON: what a value looks like in text depends on it.

The rules are copied by hand from Go, and `make test-esc` compares them with Go itself. What can be printed depends
on the version of Unicode: for a character younger than Python's tables `quoted` differs from ESC.
"""

import json
import re
import unicodedata
from decimal import Decimal
from typing import Final

_MIN_INT64: Final = -(2**63)
_MAX_INT64: Final = 2**63 - 1
_MAX_UINT64: Final = 2**64 - 1
_ESCAPES: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


def written_number(number: float) -> str:
    """Return the text that ESC keeps of a number in a definition (esc/syntax/nodes.go, AsNumber)."""
    if isinstance(number, int) and _MIN_INT64 <= number <= _MAX_UINT64:
        return str(number)
    return _general(float(number))  # beyond it yaml.v3 makes a float


def engine_number(text: str) -> int | float | str:
    """Return what the engine keeps of a number: 64 bits, or else its text."""
    if re.fullmatch(r"-?[0-9]+", text) and _MIN_INT64 <= int(text) <= _MAX_INT64:
        return int(text)
    parsed = float(text)
    return text if parsed in {float("inf"), float("-inf")} else parsed


def json_number(text: str) -> str:
    """Return the JSON that the engine makes of a number."""
    data = engine_number(text)
    if isinstance(data, float):
        # encoding/json: plain digits between 1e-6 and 1e21, else an exponent without a leading zero
        plain = data == 0 or 1e-6 <= abs(data) < 1e21  # noqa: PLR2004 (Go's bounds)
        return _digits(data) if plain else _exponent(data, 1)
    return str(data) if isinstance(data, int) else json_string(data)


def json_string(text: str) -> str:
    """Return a string as encoding/json does: HTML's characters are escaped."""
    escaped = json.dumps(text, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        escaped = escaped.replace(character, f"\\u{ord(character):04x}")
    return escaped


def quoted(text: str) -> str:
    """Return a string in quotes, as a list or an object has it in text (strconv.Quote)."""
    return '"' + "".join(map(_in_quotes, text)) + '"'


def _in_quotes(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    # unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the space of ASCII
    if character == " " or unicodedata.category(character)[0] in "LMNPS":
        return character
    code = ord(character)
    if code < 0x80:  # noqa: PLR2004 (ASCII)
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 (16 bits)


def _general(number: float) -> str:
    """Return a number as Go's `%g` does."""
    if number == 0:
        return _digits(number)
    exponent = Decimal(repr(number)).adjusted()
    plain = -4 <= exponent < 6  # noqa: PLR2004 (Go's bounds)
    return _digits(number) if plain else _exponent(number, 2)


def _digits(number: float) -> str:
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exponent(number: float, width: int) -> str:
    shortest = Decimal(repr(number)).normalize()
    sign, digits, _ = shortest.as_tuple()
    mantissa = "".join(map(str, digits))
    mantissa = f"{mantissa[0]}.{mantissa[1:]}" if mantissa[1:] else mantissa
    exponent = shortest.adjusted()
    width = max(width, 2) if exponent >= 0 else width
    return f"{'-' * sign}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):0{width}d}"
