"""Acme Vault as far as it decides whether a value survives, with its provider and an operator's hand.

Of a cloud that exists, each rule has the source where it was read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from infra_secrets.testing.esc.providers import EscSecrets, Provider
from infra_secrets.testing.simulation import (
    Call,
    CloudError,
    Function,
    NoSuchSecretError,
    ResourceType,
    Rule,
    SimulatedCloud,
    State,
)

NAMES_ARE_TAKEN: Final = Rule(
    "acme-names-are-taken", "A name that is taken is refused.", "Acme's manual, `vault create`"
)
GONE_FOR_GOOD: Final = Rule(
    "acme-deletes-for-good",
    "A deletion takes the values with it, and nothing brings them back.",
    "Acme's manual, `vault delete`",
)


@dataclass
class _Stored:
    settings: dict[str, Any]
    values: list[str] = field(default_factory=list)


class _SecretType(ResourceType):
    """What the provider makes of a secret: the path makes it anew, everything else is changed in place."""

    replace_on = ("path",)

    def __init__(self, cloud: "SimulatedAcme") -> None:
        self.stored = cloud.stored
        self.keeps = cloud.keeps

    def create(self, inputs: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
        del call
        if inputs["path"] in self.stored and self.keeps(NAMES_ARE_TAKEN):
            raise CloudError("Taken", f"secret {inputs['path']} already exists")
        self.stored[inputs["path"]] = _Stored(inputs)
        return _id(inputs), inputs

    def read(
        self, id_: str, old_inputs: Mapping[str, Any], old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        del old_inputs, old_outputs, call
        found = self.stored.get(id_.removeprefix("acme://"))
        return None if found is None else (id_, dict(found.settings), dict(found.settings))

    def update(
        self,
        id_: str,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: dict[str, Any],
        call: Call,
    ) -> dict[str, Any]:
        del old_inputs, old_outputs, call
        self.stored[id_.removeprefix("acme://")].settings = inputs
        return inputs

    def delete(self, id_: str, old_outputs: Mapping[str, Any], call: Call) -> None:
        del old_outputs, call
        self.stored.pop(id_.removeprefix("acme://"), None)


def _id(inputs: Mapping[str, Any]) -> str:
    return f"acme://{inputs['path']}"


class SimulatedAcme(SimulatedCloud):
    """Acme Vault with its provider. There is one place, and so no scope."""

    cloud: ClassVar[str] = "acme"
    package: ClassVar[str] = "acme"
    rules: ClassVar[tuple[Rule, ...]] = (NAMES_ARE_TAKEN, GONE_FOR_GOOD)
    container_types: ClassVar[frozenset[str]] = frozenset({"acme:vault:Secret", "acme:vault:Grant"})
    principals: ClassVar[Sequence[str]] = ("api@acme", "worker@acme")
    ordinary_config: ClassVar[Mapping[str, str]] = {"acme:tenant": "shop"}
    store_provider: ClassVar[str] = "acme"
    esc_providers: ClassVar[Sequence[Provider]] = (
        EscSecrets("acme-secrets", wanted="get", id="path"),
    )

    def __init__(self, without: Sequence[str] = ()) -> None:
        super().__init__(without)
        self.stored: dict[str, _Stored] = {}

    @property
    def resource_types(self) -> Mapping[str, ResourceType]:
        return {"acme:vault:Secret": _SecretType(self)}

    @property
    def functions(self) -> Mapping[str, Function]:
        return {"acme:vault:getSecret": lambda args, _call: self._shown(args["path"])}

    def imitate(
        self, token: str, inputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any]] | None:
        del call
        return (_id(inputs), dict(inputs)) if token == "acme:vault:Secret" else None

    # What an operator does by hand

    def _set_value(self, name: str, value: str, scope: str | None) -> None:
        self._find(name, scope).values.append(value)

    def _read(self, name: str, scope: str | None) -> str:
        held = self.versions(name, scope)
        if not held:
            code = "Empty" if name in self.stored else "NoSuchSecret"
            raise CloudError(code, f"there is nothing to read at {name!r}")
        return held[-1]

    def versions(self, name: str, scope: str | None = None) -> list[str]:
        del scope
        return [*self.stored[name].values] if name in self.stored else []

    def delete(self, name: str, scope: str | None = None) -> None:
        self._find(name, scope)
        del self.stored[name]

    def restore(self, name: str, scope: str | None = None) -> None:
        del scope
        raise CloudError("NoSuchSecret", f"nothing can bring back {name!r}")

    def describe(self, name: str, scope: str | None = None) -> dict[str, Any]:
        return dict(self._find(name, scope).settings)

    def names(self, scope: str | None = None) -> list[str]:
        del scope
        return sorted(self.stored)

    def state(self, name: str, scope: str | None = None) -> State:
        if name not in self.stored:
            return "missing"
        return "set" if self.versions(name, scope) else "empty"

    def _find(self, name: str, scope: str | None) -> _Stored:
        del scope
        if name not in self.stored:
            raise NoSuchSecretError(f"there is no secret {name!r}")
        return self.stored[name]

    def _shown(self, path: str) -> Mapping[str, Any]:
        if path not in self.stored:
            raise CloudError("NoSuchSecret", f"secret {path} not found", status=404)
        return {"id": f"acme://{path}", **self.stored[path].settings}
