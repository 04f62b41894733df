"""Evaluating one environment: its own values over what it imports (sdk/go/common/esc/eval/eval.go)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from infra_secrets.testing.esc.errors import (
    EscError,
    EscOpenError,
    RefusedError,
    UnreadableError,
    Where,
    shown,
)
from infra_secrets.testing.esc.functions import FUNCTIONS, LISTS
from infra_secrets.testing.esc.interpolation import literal, parts
from infra_secrets.testing.esc.reading import imports
from infra_secrets.testing.esc.values import Value

Import = Callable[[str, str], Value]
"""Returns another environment's value: its name, and who imports it."""

Open = Callable[[str, Value], Value]
"""Opens a provider by its name, with its inputs."""

_RESERVED: Final = ("imports", "context", "environments")
_ENVIRONMENT: Final = 3
"""The steps that name an environment: `environments`, a project and a name."""


class Evaluation:
    """Evaluates one environment.

    Args:
        name: What it is called.
        definition: Its `imports` and `values`.
        import_: Returns another environment's value.
        open_provider: Answers `fn::open`.
        stored: Whether it comes from Pulumi Cloud, which keeps a secret exactly as it is written.
    """

    def __init__(
        self,
        name: str,
        definition: Mapping[str, Any],
        import_: Import,
        open_provider: Open,
        *,
        stored: bool = True,
    ) -> None:
        self._name = name
        self._definition = definition
        self._import = import_
        self._open_provider = open_provider
        self._stored = stored
        self._values: Mapping[str, Any] = definition.get("values", {})
        self._imports: dict[str, Value] = {}
        self._base: Value | None = None
        self._done: dict[Where, Value | None] = {}

    def evaluate(self) -> Value:
        """Return its values over those that it imports.

        Raises:
            EscError: It cannot be evaluated.
        """
        for imported, merge in imports(self._name, self._definition):
            value = self._import(imported, self._name)
            self._imports[imported] = value
            if merge:
                self._base = value.over(self._base)
        for key in self._values:
            if key in _RESERVED:
                raise self._error((key,), "it is a reserved key")
            if key.startswith("fn::"):
                raise self._error((key,), "a function is called inside a value")
        own = {
            key: self._value((key,), node, _member(self._base, key))
            for key, node in self._values.items()
        }
        return Value(own, base=self._base.as_base() if self._base is not None else None)

    def _error(self, at: Where, problem: str) -> EscError:
        return EscError(f"{self._name}: {shown(at)}: {problem}")

    def _value(self, at: Where, node: Any, base: Value | None = None) -> Value:
        """Evaluate what is written at a place, once, and lay it on what was imported there."""
        if at not in self._done:
            self._done[at] = None
            self._done[at] = self._fresh(at, node, base)
        value = self._done[at]
        if value is None:
            raise self._error(at, "cyclic reference")
        return value

    def _fresh(self, at: Where, node: Any, base: Value | None) -> Value:
        function = self._function(at, node) if isinstance(node, Mapping) else None
        if isinstance(node, str):
            value = self._string(at, node)
        elif isinstance(node, list):
            value = Value([self._value((*at, index), item) for index, item in enumerate(node)])
        elif function is not None:
            value = self._call(at, function, node[function])
        elif isinstance(node, Mapping):
            members = self._members(at, node).items()
            own = {key: self._value((*at, key), m, _member(base, key)) for key, m in members}
            return Value(own, base=base.as_base() if base is not None else None)
        else:
            value = Value.of(node)
        return value.over(base)

    def _function(self, at: Where, node: Mapping[str, Any]) -> str | None:
        """Return the function that an object calls, if it is a call."""
        if len(node) == 1:
            return next((key for key in node if key.lower().startswith("fn::")), None)
        for key in node:
            if key.startswith("fn::"):
                raise self._error(at, f"{key} must be the only key within its containing object")
        return None

    def _members(self, at: Where, node: Mapping[str, Any]) -> dict[str, Any]:
        """Return the members of an object; `$$` in a key is one dollar too."""
        if not any("$" in key for key in node):
            return dict(node)
        members: dict[str, Any] = {}
        for key, member in node.items():
            plain = self._literal(at, key)
            if plain is None or plain in members:
                raise self._error(at, "a key has a reference in it, or is there twice")
            members[plain] = member
        return members

    # References -----------------------------------------------------------------------------------

    def _string(self, at: Where, text: str) -> Value:
        """Evaluate a string; one that is nothing but a reference keeps the type of its target."""
        try:
            found = parts(text)
        except RefusedError as refused:
            raise self._error(at, str(refused)) from None
        if len(found) == 1 and not isinstance(found[0], str):
            return self._reference(at, found[0])
        texts: list[str] = []
        secret = False
        for part in found:
            value = Value(part) if isinstance(part, str) else self._reference(at, part)
            texts.append(value.text())
            secret = secret or value.shows_secret
        return Value("".join(texts), secret)

    def _literal(self, at: Where, text: str) -> str | None:
        try:
            return literal(text)
        except RefusedError as refused:
            raise self._error(at, str(refused)) from None

    def _reference(self, at: Where, steps: Where) -> Value:
        if steps[0] == "context":
            raise self._error(at, f"this fake ESC has no `context`: ${{{shown(steps)}}}")
        if steps[0] == "environments":
            named = [step for step in steps[1:_ENVIRONMENT] if isinstance(step, str)]
            if len(named) < _ENVIRONMENT - 1:
                raise self._error(at, "`environments` is followed by a project and a name")
            return self._inside(at, self._import("/".join(named), self._name), steps, _ENVIRONMENT)
        if steps[0] == "imports":
            return self._inside(at, Value(dict(self._imports)), steps, 1)
        node: Any = self._values
        base = self._base
        place: Where = ()
        for number, step in enumerate(steps):
            if isinstance(node, Mapping) and self._function(place, node) is None:
                members = self._members(place, node) if place else node
                if step not in members:
                    return self._inside(at, Value({}, base=base), steps, number)
                node, base = members[str(step)], _member(base, str(step))
            elif isinstance(node, list) and isinstance(step, int) and 0 <= step < len(node):
                node, base = node[step], None
            else:
                return self._inside(at, self._value(place, node, base), steps, number)
            place = (*place, step)
        return self._value(place, node, base)

    def _inside(self, at: Where, value: Value, steps: Where, number: int) -> Value:
        for step in steps[number:]:
            data: Any = value.data
            if isinstance(data, list):
                data = dict(enumerate(data))
            elif isinstance(data, dict):
                data = value.members
            if not isinstance(data, dict) or step not in data:
                problem = f"${{{shown(steps)}}} refers to nothing: there is no {step!r}"
                raise self._error(at, problem)
            value = data[step]
        return value

    # Functions ------------------------------------------------------------------------------------

    def _call(self, at: Where, function: str, argument: Any) -> Value:
        if function == "fn::secret":
            return self._secret(at, argument)
        if function == "fn::open":
            given = argument if isinstance(argument, Mapping) else {}
            provider = given.get("provider")
            provider = self._literal(at, provider) if isinstance(provider, str) else None
            if provider is None or "inputs" not in given:
                raise self._error(at, "fn::open takes `provider`, a string, and `inputs`")
            return self._open(at, provider, given["inputs"])
        if function.startswith("fn::open::"):
            return self._open(at, function.removeprefix("fn::open::"), argument)
        if function not in FUNCTIONS:
            raise self._error(at, f"this fake ESC does not support {function}")
        if function in LISTS and not isinstance(argument, list):
            raise self._error(at, f"the argument to {function} must be written as a list")
        value = self._value((*at, function), argument)
        try:
            return FUNCTIONS[function](value)
        except RefusedError as refused:
            raise self._error(at, str(refused)) from None

    def _secret(self, at: Where, argument: Any) -> Value:
        plain = self._literal((*at, "fn::secret"), argument) if isinstance(argument, str) else None
        if plain is None:
            raise self._error(at, "fn::secret takes a string literal, in quotes if need be")
        # Pulumi Cloud encrypts it as it is: a dollar is not escaped (esc/eval/crypt.go).
        return Value(argument if self._stored else plain, secret=True)

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
    return value.members.get(key) if value is not None else None
