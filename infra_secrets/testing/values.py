"""Plain data for what travels between a program, the engine and a provider.

On the wire a secret is an envelope with a signature and a value that is not known yet is a magic
string. Here the first is a `SecretValue` and the second is `UNKNOWN`; everything else is `None`,
`bool`, `int`, `float`, `str`, `list` and `dict`.

Deliberately absent: assets and archives keep their wire form, and the dependencies that an output
carries are dropped, because nothing in a rehearsal decides by them.
"""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import struct_pb2

# sdk/go/common/resource/properties.go and sdk/python/lib/pulumi/runtime/rpc.py
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a public marker)
OUTPUT_SIGNATURE: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE_SIGNATURE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
UNKNOWN_STRINGS: Final = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string, and what every SDK sends
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
    }
)
UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class Unknown(enum.Enum):
    """The one value of this class stands for what is only known after an `up`."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True, repr=False)
class SecretValue:
    """A value that was marked as secret. It never shows itself.

    Attributes:
        value: What is inside, plain.
    """

    value: Any

    def __repr__(self) -> str:
        return "[secret]"

    __str__ = __repr__


def decode(struct: struct_pb2.Struct | None) -> dict[str, Any]:
    """Turn a wire object into plain data, secrets marked."""
    if struct is None:
        return {}
    return {key: _decode(value) for key, value in struct.fields.items()}


def _decode(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in UNKNOWN_STRINGS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_decode(item) for item in value.list_value.values]
    if kind == "struct_value":
        return _decode_object(value.struct_value)
    return None


def _decode_object(struct: struct_pb2.Struct) -> Any:
    fields = struct.fields
    signature = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
    if signature == SECRET_SIGNATURE:
        return SecretValue(_decode(fields["value"]))
    if signature == OUTPUT_SIGNATURE:
        inner = _decode(fields["value"]) if "value" in fields else UNKNOWN
        is_secret = "secret" in fields and fields["secret"].bool_value
        return SecretValue(inner) if is_secret else inner
    if signature == RESOURCE_SIGNATURE:
        reference = fields["id"] if "id" in fields else fields["urn"]
        return _decode(reference)
    return {key: _decode(value) for key, value in fields.items()}


def encode(data: Mapping[str, Any]) -> struct_pb2.Struct:
    """Turn plain data into a wire object; `None` members are left out, as the engine does."""
    struct = struct_pb2.Struct()
    _encode_into(struct, data)
    return struct


def _encode_into(struct: struct_pb2.Struct, data: Mapping[str, Any]) -> None:
    for key, value in data.items():
        if value is not None:
            _encode(struct.fields[key], value)


def _encode(target: struct_pb2.Value, value: Any) -> None:
    if value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, SecretValue):
        fields = target.struct_value.fields
        fields[SIGNATURE].string_value = SECRET_SIGNATURE
        _encode(fields["value"], value.value)
    elif isinstance(value, Unknown):
        target.string_value = UNKNOWN_STRING
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, (int, float)):
        target.number_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, Mapping):
        target.struct_value.SetInParent()
        _encode_into(target.struct_value, value)
    else:
        target.list_value.SetInParent()
        for item in value:
            _encode(target.list_value.values.add(), item)


def unwrap(data: Any) -> Any:
    """Return the same data with every `SecretValue` replaced by what it holds."""
    if isinstance(data, SecretValue):
        return unwrap(data.value)
    if isinstance(data, Mapping):
        return {key: unwrap(value) for key, value in data.items()}
    if isinstance(data, list):
        return [unwrap(value) for value in data]
    return data


def mark_like(data: Any, pattern: Any) -> Any:
    """Mark in `data` as secret what is marked in `pattern` at the same place."""
    if isinstance(pattern, SecretValue):
        return data if isinstance(data, SecretValue) else SecretValue(data)
    if isinstance(data, Mapping) and isinstance(pattern, Mapping):
        return {
            key: mark_like(value, pattern[key]) if key in pattern else value
            for key, value in data.items()
        }
    if isinstance(data, list) and isinstance(pattern, list) and len(data) == len(pattern):
        return [mark_like(value, like) for value, like in zip(data, pattern, strict=True)]
    return data


def holds_unknown(data: Any) -> bool:
    """Whether anything in the data is only known after an `up`."""
    if isinstance(data, Unknown):
        return True
    if isinstance(data, SecretValue):
        return holds_unknown(data.value)
    if isinstance(data, Mapping):
        return any(holds_unknown(value) for value in data.values())
    if isinstance(data, list):
        return any(holds_unknown(value) for value in data)
    return False


def texts(data: Any, *, marked: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield every text in the data, and whether it is marked as secret."""
    if isinstance(data, SecretValue):
        yield from texts(data.value, marked=True)
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from texts(value, marked=marked)
    elif isinstance(data, list):
        for value in data:
            yield from texts(value, marked=marked)
    elif isinstance(data, str):
        yield data, marked
