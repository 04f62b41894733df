"""The built-in functions that calculate (sdk/go/common/esc/eval/eval.go, evaluateBuiltin...)."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from infra_secrets.testing.esc.errors import RefusedError
from infra_secrets.testing.esc.values import Number, Value


def text_of(value: Value) -> str:
    """Return a string's data.

    Raises:
        RefusedError: The value is no string.
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
    lists = value.data if isinstance(value.data, list) else [value]
    if not all(isinstance(each.data, list) for each in lists):
        raise RefusedError("the argument to fn::concat must be a list of lists")
    return Value([item for each in lists for item in each.data], value.holds_secret)


def _to_json(value: Value) -> Value:
    return Value(value.json(), value.holds_secret)


def _to_string(value: Value) -> Value:
    return Value(value.text(), value.holds_secret)


def _from_json(value: Value) -> Value:
    decoder = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_no_number)
    try:
        # As Go's decoder, which stops after the first value.
        parsed, _ = decoder.raw_decode(text_of(value).lstrip())
    except ValueError:
        raise RefusedError("the argument to fn::fromJSON is no JSON") from None
    decoded = _decoded(parsed)
    return decoded.marked() if value.secret else decoded


def _no_number(constant: str) -> None:
    raise ValueError(constant)


def _decoded(data: Any) -> Value:
    if isinstance(data, dict):
        return Value({key: _decoded(member) for key, member in data.items()})
    if isinstance(data, list):
        return Value([_decoded(member) for member in data])
    return Value(data)


def _to_base64(value: Value) -> Value:
    return Value(base64.b64encode(text_of(value).encode()).decode(), value.secret)


def _from_base64(value: Value) -> Value:
    text = re.sub(r"[\r\n]", "", text_of(value))
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise RefusedError("the argument to fn::fromBase64 is no base64 of text") from None
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
