"""Which fields pydantic checks alone: what it says of those is made of the class, and nothing of it by a validator."""

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra_secrets.runtime.settings import SecretSettings

_NO_VALIDATORS = ("serialization", "metadata", "config", "cls", "default", "default_factory")
"""Parts of a schema that check nothing, or whose errors are not pydantic's."""


def pydantic_s_alone(settings_class: "type[SecretSettings]") -> frozenset[str]:
    """Name the fields that nothing but pydantic itself validates; none where something validates them together."""
    schema: Any = getattr(settings_class, "__pydantic_core_schema__", None)
    known: dict[str, Any] = {}
    while isinstance(schema, Mapping):
        kind = schema.get("type")
        if kind == "model-fields":
            return frozenset(
                name
                for name, field in schema["fields"].items()
                if not _foreign(field, known, set())
            )
        if kind == "definitions":
            known |= {each["ref"]: each for each in schema["definitions"]}
        elif kind != "model":
            return frozenset()
        schema = schema.get("schema")
    return frozenset()


def _foreign(part: Any, known: Mapping[str, Any], seen: set[str]) -> bool:
    """Whether a part of a schema calls something that is not pydantic's own."""
    if isinstance(part, list | tuple):
        return any(_foreign(each, known, seen) for each in part)
    if not isinstance(part, Mapping):
        return callable(part) and not _of_pydantic(part)
    if part.get("type") == "definition-ref":
        name = part["schema_ref"]
        if name in seen:
            return False
        seen.add(name)
        return _foreign(known.get(name, _foreign), known, seen)
    if part.get("custom_init") or part.get("post_init"):
        return True
    return any(
        _foreign(each, known, seen) for key, each in part.items() if key not in _NO_VALIDATORS
    )


def _of_pydantic(function: Any) -> bool:
    while isinstance(function, functools.partial):
        function = function.func
    module = getattr(function, "__module__", None) or ""
    return module.partition(".")[0] in ("pydantic", "pydantic_core", "pydantic_settings")
