"""Reading a definition: YAML as ESC's own parser reads it, and what an environment is made of.

It deliberately is stricter than ESC, which only warns of a key that is not part of an environment.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import yaml

from infra_secrets.testing.esc.errors import EscError

Definition = str | Mapping[str, Any]
"""An environment as YAML text, or parsed."""

_PLAIN: Final = "plain"
_TEXT: Final = "tag:yaml.org,2002:str"
_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MIN_INT64: Final = -(2**63)
_MAX_INT64: Final = 2**63 - 1
_MAX_UINT64: Final = 2**64 - 1
_NO_NUMBER: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WHOLE: Final[tuple[tuple[int, re.Pattern[str]], ...]] = (
    (16, re.compile(r"([-+]?)0[xX]([0-9a-fA-F]+)")),
    (2, re.compile(r"([-+]?)0[bB]([01]+)")),
    (8, re.compile(r"([-+]?)0[oO]?([0-7]+)")),
    (10, re.compile(r"([-+]?)(0|[1-9][0-9]*)")),
    # A second sign, after the prefix, is let through by two of yaml.v3's branches.
    (2, re.compile(r"()0b([-+][01]+)")),
    (8, re.compile(r"()0o([-+][0-7]+)")),
)


def parsed(name: str, definition: Definition) -> dict[str, Any]:
    """Return an environment as plain data.

    Raises:
        EscError: It is not one.
    """
    try:
        loaded = _loaded(definition) if isinstance(definition, str) else _checked(definition)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise EscError(f"{name} is not YAML{line}: {getattr(error, 'problem', '')}") from None
    except _UnusableError as error:
        raise EscError(f"{name}: {error}") from None
    is_environment = (
        isinstance(loaded, dict)
        and not set(loaded) - {"description", "imports", "values", "context"}
        and isinstance(loaded.get("values", {}), dict)
        and isinstance(loaded.get("imports", []), list)
        and isinstance(loaded.get("description", ""), str)
    )
    if not is_environment:
        raise EscError(
            f"{name} is not an ESC environment: it must be a mapping of `imports` and `values`"
        )
    return dict(loaded)


def imports(name: str, definition: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Return the imported environments, and whether each is merged.

    Raises:
        EscError: What is written is not an import.
    """
    for entry in definition.get("imports", ()):
        [(imported, options), *more] = (
            entry.items() if isinstance(entry, dict) and entry else [(entry, {})]
        )
        merge = options.get("merge", True) if isinstance(options, dict) else None
        if more or not isinstance(imported, str) or not isinstance(merge, bool):
            raise EscError(f"{name}: an import is a name, or a name with `merge: false`")
        yield imported, merge


class _UnusableError(Exception):
    """YAML that ESC refuses; the message has no place yet."""


class _Loader(yaml.SafeLoader):
    """Nodes of YAML, with a tag of its own for a scalar without quotes; no aliases."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        del value
        return _PLAIN if kind is yaml.ScalarNode and implicit[0] else _TEXT

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise _UnusableError("ESC does not support aliases (`*name`)")
        return super().compose_node(parent, index)


def _loaded(text: str) -> Any:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
    finally:
        loader.dispose()
    return {} if node is None else _data(node)


def _data(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping([(_data(key), member) for key, member in node.value], _data)
    if isinstance(node, yaml.SequenceNode):
        return [_data(item) for item in node.value]
    if node.tag == _PLAIN:
        return _scalar(node.value)
    if node.tag != _TEXT:
        raise _UnusableError(f"this fake ESC supports no YAML tag but `!!str`: {node.tag}")
    return node.value


def _checked(data: Any) -> Any:
    if isinstance(data, Mapping):
        return _mapping(list(data.items()), _checked)
    if isinstance(data, list | tuple):
        return [_checked(item) for item in data]
    if isinstance(data, float) and not math.isfinite(data):
        raise _UnusableError("JSON has no such number: infinite, or not a number")
    return data


def _mapping(pairs: list[tuple[Any, Any]], member: Callable[[Any], Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if not isinstance(key, str):
            raise _UnusableError("the keys of a mapping are strings: put others in quotes")
        if key in found:
            raise _UnusableError("a mapping has the same key twice")
        found[key] = member(value)
    return found


def _scalar(text: str) -> Any:
    """Return what yaml.v3 makes of a scalar without quotes (resolve.go)."""
    if text in _WORDS:
        return _WORDS[text]
    if _NO_NUMBER.fullmatch(text):
        raise _UnusableError("JSON has no such number: infinite, or not a number")
    if text[0] not in "+-.0123456789":
        return text
    digits = text if text[0] == "." else text.replace("_", "")
    for base, pattern in _WHOLE:
        if matched := pattern.fullmatch(digits):
            sign, rest = matched.groups()
            whole = int(sign + rest, base)
            # What is written with a plus is read as signed only.
            if _MIN_INT64 <= whole <= (_MAX_INT64 if sign else _MAX_UINT64):
                return whole
    if _FLOAT.fullmatch(digits):
        number = float(digits)
        return text if math.isinf(number) else number
    return text
