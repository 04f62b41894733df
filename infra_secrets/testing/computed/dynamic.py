"""Dynamic resources, whose provider is a part of the program. It is never run: it would act on the world.

What the provider would compute is made up, as far as the program declares it: by convention, with a property of None.
"""

from collections.abc import Mapping
from typing import Any, Final

from infra_secrets.testing.computed.echoed import Echo
from infra_secrets.testing.computed.outputs import completed_inputs
from infra_secrets.testing.computed.sdk import Output, Outputs
from infra_secrets.testing.computed.subject import Subject
from infra_secrets.testing.internals import Declared
from infra_secrets.testing.simulation import Call, Diff, ResourceType
from infra_secrets.testing.values import UNKNOWN

DYNAMIC: Final = ("pulumi-python", "pulumi-nodejs")
"""The packages of dynamic resources, by the program's language."""

_PROVIDER: Final = "__provider"
"""The input that holds the serialized provider (pulumi sdk/python/lib/pulumi/dynamic)."""


class DynamicType(ResourceType):
    """Inputs become outputs, and what the program declares beyond them is made up.

    Args:
        declared: Names and types of what the program declares, by type and name.
    """

    def __init__(self, declared: Declared) -> None:
        self._declarations = declared

    def _declared(self, call: Call) -> Outputs:
        return {
            name: Output(type_, optional=False)
            for name, type_ in self._declarations.get((call.type, call.name), {}).items()
        }

    def diff(
        self,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: Mapping[str, Any],
        call: Call,
    ) -> Diff:
        """Compare what the program gave. How its provider is serialized is not a change."""
        old, new = dict(old_inputs), dict(inputs)
        old.pop(_PROVIDER, None)
        new.pop(_PROVIDER, None)
        return super().diff(old, old_outputs, new, call)

    def preview(
        self, old_outputs: Mapping[str, Any], inputs: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        """Foretell the outputs."""
        if old_outputs:
            return {**old_outputs, **inputs}
        return {**dict.fromkeys(self._declared(call), UNKNOWN), **inputs}

    def create(self, inputs: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
        """Return a made-up id, and the inputs with what is made up."""
        subject = Subject(call.type, call.name, call.urn, inputs, call.config)
        declared = self._declared(call)
        made = completed_inputs(subject, declared) if declared else inputs
        return f"{call.name}-id", made

    def update(
        self,
        id_: str,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: dict[str, Any],
        call: Call,
    ) -> dict[str, Any]:
        """Return the new inputs with the outputs that were made up before."""
        del id_, old_inputs
        kept = {name: old_outputs[name] for name in self._declared(call) if name in old_outputs}
        return {**kept, **inputs}


class DynamicEcho(Echo):
    """The providers of dynamic resources.

    Args:
        declared: Names and types of what the program declares, by type and name.
    """

    def __init__(self, declared: Declared) -> None:
        self._type = DynamicType(declared)

    def resource_type(self, token: str) -> ResourceType:
        """Return what is made of any of them."""
        del token
        return self._type
