"""The built-in functions that calculate (sdk/go/common/esc/eval/eval.go, evaluateBuiltin...)."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from infra_secrets.testing.esc.errors import RefusedError
from infra_secrets.testing.esc.values import Number, Value

_BASE64: Final = re.compile(r"(?:[a-zA-Z0-9+/]{4})*(?:[a-zA-Z0-9+/]{2}==|[a-zA-Z0-9+/]{3}=)?")
_GOES_ON: Final = {".", "e", "E"}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def text_of(value: Value) -> str:
    """Return a string's data.

    Raises:
        RefusedError: The value is not a string.
    """
    if not isinstance(value.data, str):
        raise RefusedError(f"expected a string, found {_kind(value)}")
    return value.data


def _kind(value: Value) -> str:
    kinds = {bool: "a boolean", Number: "a number", list: "a list", dict: "an object"}
    return kinds.get(type(value.data), "nothing")


def _join(value: Value) -> Value:
    data = value.data
    if (
        not isinstance(data, list)
        or len(data) != 2  # noqa: PLR2004 (a pair)
        or not isinstance(data[1].data, list)
    ):
        raise RefusedError("the argument to fn::join must be a delimiter and a list")
    joined = text_of(data[0]).join(text_of(item) for item in data[1].data)
    return Value(joined, value.holds_secret)


def _concat(value: Value) -> Value:
    lists = value.data
    if not isinstance(lists, list) or not all(isinstance(each.data, list) for each in lists):
        raise RefusedError("the argument to fn::concat must be a list of lists")
    return Value([item for each in lists for item in each.data], value.holds_secret)


def _to_json(value: Value) -> Value:
    return Value(value.json(), value.holds_secret)


def _to_string(value: Value) -> Value:
    return Value(value.text(), value.shows_secret)


def _from_json(value: Value) -> Value:
    try:
        parsed = _first_json(text_of(value).lstrip(" \t\r\n"))
    except (ValueError, RecursionError):
        raise RefusedError("the argument to fn::fromJSON is not JSON") from None
    decoded = _decoded(parsed)
    return decoded.marked() if value.secret else decoded


def _first_json(text: str) -> Any:
    """Parse as Go's decoder, which stops after the first value; but a number must end there."""
    decoder = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_no_number)
    parsed, end = decoder.raw_decode(text)
    if isinstance(parsed, Number) and text[end : end + 1] in _GOES_ON:
        part = text[end].lower()
        if part not in parsed.text.lower() and "e" not in parsed.text.lower():
            raise ValueError
    return parsed


def _no_number(constant: str) -> None:
    raise ValueError(constant)


def _decoded(data: Any) -> Value:
    if isinstance(data, dict):
        return Value({_paired(key): _decoded(member) for key, member in data.items()})
    if isinstance(data, list):
        return Value([_decoded(member) for member in data])
    return Value(_paired(data) if isinstance(data, str) else data)


def _paired(text: str) -> str:
    """Return text as Go has it: half of a surrogate pair is not a character."""
    return _SURROGATE.sub("\ufffd", text)


def _to_base64(value: Value) -> Value:
    return Value(base64.b64encode(text_of(value).encode()).decode(), value.secret)


def _from_base64(value: Value) -> Value:
    text = re.sub(r"[\r\n]", "", text_of(value))
    if not _BASE64.fullmatch(text):
        raise RefusedError("the argument to fn::fromBase64 is not base64")
    try:
        decoded = base64.b64decode(text).decode()
    except UnicodeDecodeError:
        problem = "the argument to fn::fromBase64 is not base64 of text: this fake ESC has no bytes"
        raise RefusedError(problem) from None
    return Value(decoded, value.secret)


FUNCTIONS: Final[Mapping[str, Callable[[Value], Value]]] = {
    "fn::join": _join,
    "fn::concat": _concat,
    "fn::toJSON": _to_json,
    "fn::fromJSON": _from_json,
    "fn::toString": _to_string,
    "fn::toBase64": _to_base64,
    "fn::fromBase64": _from_base64,
}
"""Each takes its evaluated argument."""

LISTS: Final = frozenset({"fn::join", "fn::concat"})
"""Whose argument is a list in the definition: a reference to one is refused."""
