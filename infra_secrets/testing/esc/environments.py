"""The environments that a test gives, which of them a stack names, and opening them."""

from collections.abc import Iterable, Mapping
from typing import Any

from infra_secrets.testing.esc.errors import EscError, RefusedError, Where, shown
from infra_secrets.testing.esc.evaluation import Evaluation
from infra_secrets.testing.esc.opened import Opened
from infra_secrets.testing.esc.providers import Provider, Source, made_up
from infra_secrets.testing.esc.reading import Definition, imports, parsed
from infra_secrets.testing.esc.values import Value


class Environments:
    """Definitions of environments, and which of them a stack names.

    Args:
        definitions: By `project/environment`, in the order in which the stack imports them; a
            later one wins. One that another imports is not in the stack's own list.
        providers: What `fn::open` can open; of two with one name, the later one.
        listed: The stack file's `environment:` instead: a list of imports, or an environment.

    Raises:
        EscError: A definition is not an environment, or imports one that was not given.
    """

    def __init__(
        self,
        definitions: Mapping[str, Definition],
        providers: Iterable[Provider] = (),
        listed: Any = None,
    ) -> None:
        self._definitions = {name: parsed(name, text) for name, text in definitions.items()}
        self._evaluated: dict[str, Value | None] = {}
        self._providers = {provider.name: provider for provider in providers}
        self._source: Source = made_up
        used = {
            self._known(imported, name)
            for name, definition in self._definitions.items()
            for imported, _ in imports(name, definition)
        }
        self.listed: Any = listed or [name for name in self._definitions if name not in used]
        """What the stack file says as `environment:`."""
        written = self.listed if isinstance(self.listed, Mapping) else {"imports": self.listed}
        self._root = parsed("the stack's file", written)
        for imported, _ in imports("the stack's file", self._root):
            self._known(imported, "the stack's file")

    def _known(self, name: str, importer: str) -> str:
        """Return the key of an environment; a version is not looked at."""
        plain = name.partition("@")[0]
        for candidate in (plain, f"default/{plain}"):
            if candidate in self._definitions:
                return candidate
        there = ", ".join(self._definitions) or "none"
        raise EscError(f"{importer} imports {name}, which was not given; there are: {there}")

    def evaluate(self, source: Source) -> Value:
        """Return the value of what the stack's file names.

        Raises:
            EscError: A definition cannot be evaluated.
            EscOpenError: A secrets manager has no value for one of them.
        """
        self._evaluated = {}
        self._source = source
        return self._evaluate("the stack's file", self._root).merged()

    def open(self, source: Source) -> Opened:
        """Evaluate everything, as for one run of the engine.

        Raises:
            EscError: A definition cannot be evaluated.
            EscOpenError: A secrets manager has no value for one of them.
        """
        root = self.evaluate(source)
        secrets: dict[str, str] = {}
        _collect(root, (), secrets)
        sections = root.data
        return Opened(
            sections.get("pulumiConfig"),
            _scalars(sections.get("environmentVariables")),
            _scalars(sections.get("files")),
            secrets,
        )

    def _import(self, name: str, importer: str) -> Value:
        """Return another environment's value; each is evaluated once."""
        known = self._known(name, importer)
        if known not in self._evaluated:
            self._evaluated[known] = None
            self._evaluated[known] = self._evaluate(known, self._definitions[known])
        value = self._evaluated[known]
        if value is None:
            raise EscError(f"{importer}: cyclic import of {name}")
        return value

    def _evaluate(self, name: str, definition: Mapping[str, Any]) -> Value:
        stored = definition is not self._root
        return Evaluation(name, definition, self._import, self._open, stored=stored).evaluate()

    def _open(self, provider: str, inputs: Value) -> Value:
        if provider not in self._providers:
            raise RefusedError(f"this fake ESC cannot open {provider}")
        if not isinstance(inputs.data, dict):
            raise RefusedError(f"the inputs of {provider} are a mapping")
        return self._providers[provider].open(inputs.merged().data, self._source)


def _scalars(section: Value | None) -> dict[str, str]:
    """Return the variables of a section; what is not a scalar is left out, as ESC does."""
    if section is None or not isinstance(section.data, dict):
        return {}
    return {
        name: value.text()
        for name, value in section.data.items()
        if not isinstance(value.data, dict | list)
    }


def _collect(value: Value, at: Where, into: dict[str, str]) -> None:
    if isinstance(value.data, dict):
        for key, member in value.data.items():
            _collect(member, (*at, key), into)
    elif isinstance(value.data, list):
        for index, member in enumerate(value.data):
            _collect(member, (*at, index), into)
    elif value.secret and value.data is not None:
        into.setdefault(value.text(), f"ESC value {shown(at)}")
