"""Every text in plain data, the path to it, and what it is called there."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from infra_secrets.testing.plain_text.names import words
from infra_secrets.testing.values import SIGNATURE, UNKNOWN, SecretValue, unwrap


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text among properties, and what it is called: the last name of its path, or `name` beside `value`."""

    path: str
    name: str
    text: str = field(repr=False)
    marked: bool = False


def leaves(data: Any, path: str = "", name: str = "", *, marked: bool = False) -> Iterator[Leaf]:
    """Yield every text in plain data, also inside a JSON document."""
    if isinstance(data, SecretValue):
        yield from leaves(data.value, path, name, marked=True)
    elif isinstance(data, Mapping):
        called = data.get("name", data.get("Name"))
        for key, value in data.items():
            if _is_reference(key):
                continue
            inner = called if key in {"value", "Value"} and isinstance(called, str) else key
            yield from leaves(value, f"{path}.{key}" if path else key, inner, marked=marked)
    elif isinstance(data, list):
        for index, (value, option) in enumerate(_arguments(data)):
            yield from leaves(value, f"{path}[{index}]", option or name, marked=marked)
    elif isinstance(data, str):
        document = _document(data)
        if document is None:
            yield Leaf(path, name, data, marked)
        else:
            yield from leaves(document, path, name, marked=marked)


_OPTION: Final = re.compile(r"--?(?!secret\Z)[A-Za-z][\w-]*")
_DATABASE_CLIENT: Final = re.compile(r"(.*/)?(mysql|mariadb)[\w-]*")


def _arguments(data: Sequence[Any]) -> Iterator[tuple[Any, str]]:
    """Yield what is in a list, with the option before it: `["--password", ...]` of a container."""
    option, database = "", False
    for each in data:
        text = each if isinstance(each, str) else ""
        # `-p` has no space behind it here, and means a port elsewhere.
        if database and text.startswith("-p"):
            yield text.removeprefix("-p"), "password"
        else:
            yield each, option
        option = text.lstrip("-") if _OPTION.fullmatch(text) else ""
        database = database or bool(_DATABASE_CLIENT.fullmatch(text))


def _document(text: str) -> Any:
    if text[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _is_reference(key: str) -> bool:
    """Whether what lies below a key only says where a secret is: `secretKeyRef`; or is a note."""
    return (
        key.startswith("__")
        or key in {SIGNATURE, "hash"}
        or words(key)[-1:] in (["ref"], ["reference"])
    )


def inside(path: str, outer: str) -> bool:
    """Whether a path is another one, or leads on from it."""
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))


def holds(properties: Mapping[str, Any], path: str) -> bool:
    """Whether there is anything at a path like `properties.value`, known or not."""
    found: Any = properties
    for key in path.split("."):
        found = unwrap(found) if isinstance(found, SecretValue) else found
        found = found.get(key) if isinstance(found, Mapping) else None
    return found is UNKNOWN or (found is not None and found != "")
