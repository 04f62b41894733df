"""Evaluating one environment: its own values over what it imports (esc/eval/eval.go)."""

from collections.abc import Callable, Mapping
from typing import Any

from infra_secrets.testing.esc.errors import (
    EscError,
    EscOpenError,
    RefusedError,
    UnreadableError,
    Where,
    shown,
)
from infra_secrets.testing.esc.functions import FUNCTIONS
from infra_secrets.testing.esc.interpolation import parts
from infra_secrets.testing.esc.reading import imports
from infra_secrets.testing.esc.values import Value, patched

Imported = Callable[[str, str], Value]
"""Returns another environment's value: its name, and who imports it."""

Open = Callable[[str, Value], Value]
"""Opens a provider by its name, with its inputs."""


class Evaluation:
    """Evaluates one environment.

    Args:
        name: What it is called.
        definition: Its `imports` and `values`.
        imported: Returns another environment's value.
        open_provider: Answers `fn::open`.
    """

    def __init__(
        self, name: str, definition: Mapping[str, Any], imported: Imported, open_provider: Open
    ) -> None:
        self._name = name
        self._definition = definition
        self._imported = imported
        self._open_provider = open_provider
        values: Mapping[object, Any] = definition.get("values") or {}
        self._values = {str(key): node for key, node in values.items()}
        self._base: Value | None = None
        self._done: dict[Where, Value | None] = {}

    def evaluate(self) -> Value:
        """Return its values over those that it imports.

        Raises:
            EscError: It cannot be evaluated.
        """
        for imported, merge in imports(self._name, self._definition):
            value = self._imported(imported, self._name)
            if merge:
                self._base = patched(self._base, value)
        for reserved in ("imports", "context", "environments"):
            if reserved in self._values:
                raise self._error((reserved,), "it is a reserved key")
        own = {
            key: self._value((key,), node, _member(self._base, key))
            for key, node in self._values.items()
        }
        return patched(self._base, Value(own))

    def _error(self, at: Where, problem: str) -> EscError:
        return EscError(f"{self._name}: {shown(at)}: {problem}")

    def _value(self, at: Where, node: Any, base: Value | None = None) -> Value:
        """Evaluate what is written at a place, once, and put it over what was imported there."""
        if at not in self._done:
            self._done[at] = None
            self._done[at] = patched(base, self._fresh(at, node, base))
        value = self._done[at]
        if value is None:
            raise self._error(at, "cyclic reference")
        return value

    def _fresh(self, at: Where, node: Any, base: Value | None) -> Value:
        if isinstance(node, str):
            return self._string(at, node)
        if isinstance(node, list | tuple):
            return Value([self._value((*at, index), item) for index, item in enumerate(node)])
        if not isinstance(node, Mapping):
            return Value.of(node)
        function = self._function(at, node)
        if function is not None:
            return self._call(at, function, node[function])
        members = {str(key): member for key, member in node.items()}
        return Value(
            {
                key: self._value((*at, key), member, _member(base, key))
                for key, member in members.items()
            }
        )

    def _function(self, at: Where, node: Mapping[Any, Any]) -> str | None:
        """Return the function that an object calls, if it is a call."""
        named = [key for key in node if isinstance(key, str) and key.lower().startswith("fn::")]
        if named and len(node) > 1:
            raise self._error(at, f"{named[0]} must be the only key within its containing object")
        return named[0] if named else None

    # References -----------------------------------------------------------------------------------

    def _string(self, at: Where, text: str) -> Value:
        """Evaluate a string; one that is nothing but a reference keeps the type of its target."""
        found = self._parts(at, text)
        if len(found) == 1 and not isinstance(found[0], str):
            return self._reference(at, found[0])
        values = [
            Value(part) if isinstance(part, str) else self._reference(at, part) for part in found
        ]
        return Value(
            "".join(value.text() for value in values), any(value.holds_secret for value in values)
        )

    def _parts(self, at: Where, text: str) -> list[str | Where]:
        try:
            return parts(text)
        except RefusedError as refused:
            raise self._error(at, str(refused)) from None

    def _reference(self, at: Where, steps: Where) -> Value:
        if steps[0] == "context":
            raise self._error(at, f"this fake ESC has no `context`: ${{{shown(steps)}}}")
        if steps[0] == "environments" and len(steps) > 2:  # noqa: PLR2004 (project and environment)
            imported = self._imported(f"{steps[1]}/{steps[2]}", self._name)
            return self._member(at, imported, steps, 3)
        if steps[0] == "imports" and len(steps) > 1:
            return self._member(at, self._imported(str(steps[1]), self._name), steps, 2)
        node: Any = self._values
        base = self._base
        place: Where = ()
        for number, step in enumerate(steps):
            if isinstance(node, Mapping) and self._function(place, node) is None:
                members = {str(key): member for key, member in node.items()}
                if step not in members:
                    return self._member(at, base or Value({}), steps, number)
                node, base = members[str(step)], _member(base, str(step))
            elif isinstance(node, list) and isinstance(step, int) and step < len(node):
                node, base = node[step], None
            else:
                return self._member(at, self._value(place, node, base), steps, number)
            place = (*place, step)
        return self._value(place, node, base)

    def _member(self, at: Where, value: Value, steps: Where, number: int) -> Value:
        for step in steps[number:]:
            data = value.data
            if isinstance(data, list):
                data = dict(enumerate(data))
            if isinstance(data, dict) and step in data:
                value = data[step]
            else:
                raise self._error(
                    at, f"${{{shown(steps)}}} refers to nothing: there is no {step!r}"
                )
        return value

    # Functions ------------------------------------------------------------------------------------

    def _call(self, at: Where, function: str, argument: Any) -> Value:
        if function == "fn::secret":
            return self._secret(at, argument)
        if function == "fn::open" and isinstance(argument, Mapping):
            return self._open(at, str(argument.get("provider")), argument.get("inputs"))
        if function.startswith("fn::open::"):
            return self._open(at, function.removeprefix("fn::open::"), argument)
        if function not in FUNCTIONS:
            raise self._error(at, f"this fake ESC does not know {function}")
        value = self._value((*at, function), argument)
        try:
            return FUNCTIONS[function](value)
        except RefusedError as refused:
            raise self._error(at, str(refused)) from None

    def _secret(self, at: Where, argument: Any) -> Value:
        # Stored as it is: a dollar in a secret is not escaped (esc/eval/crypt.go).
        inside = (*at, "fn::secret")
        found = self._parts(inside, argument) if isinstance(argument, str) else []
        if not isinstance(argument, str) or any(isinstance(part, tuple) for part in found):
            raise self._error(at, "fn::secret takes a string literal, in quotes if need be")
        return Value(argument, secret=True)

    def _open(self, at: Where, provider: str, argument: Any) -> Value:
        inputs = self._value((*at, f"fn::open::{provider}"), argument)
        try:
            return self._open_provider(provider, inputs)
        except UnreadableError as refused:
            problem = f"{self._name}: {shown((*at, *refused.inside))}: {refused}"
            raise EscOpenError(problem) from None
        except RefusedError as refused:
            raise self._error((*at, *refused.inside), str(refused)) from None


def _member(value: Value | None, key: str) -> Value | None:
    return value.data.get(key) if value is not None and isinstance(value.data, dict) else None
