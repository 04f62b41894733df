"""What a provider does with a resource type or a function that no simulation knows."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from infra_secrets.testing.computed import outputs, places
from infra_secrets.testing.computed.subject import Subject
from infra_secrets.testing.simulation import Call, ResourceType


class EchoedType(ResourceType):
    """Inputs become outputs, and what the cloud would have computed is made up.

    Only inputs are compared, and what is made up stays as it was when the resource was made.
    """

    def preview(
        self, old_outputs: Mapping[str, Any], inputs: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        """Foretell the outputs: before it is made, what the cloud computes is not known."""
        if old_outputs:
            return outputs.kept(old_outputs, inputs, _subject(inputs, call))
        return outputs.foretold_outputs(_subject(inputs, call))

    def create(self, inputs: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
        """Return a made-up id, and the inputs with made-up outputs."""
        subject = _subject(inputs, call)
        return places.id_of(subject), outputs.computed_outputs(subject)

    def read(
        self, id_: str, old_inputs: Mapping[str, Any], old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        """Answer what the state holds; on an import or a lookup, what is made up for the id."""
        if outputs.are_made(call.type, old_outputs):
            return id_, dict(old_inputs), dict(old_outputs)
        # A lookup: the engine sends what the program says of the resource as if it were its state.
        return id_, dict(old_inputs), outputs.looked_up(_subject(old_outputs, call))

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
        return outputs.kept(old_outputs, inputs, _subject(inputs, call))


Documents = Callable[[Mapping[str, Any]], list[dict[str, Any]]]
"""Returns the Kubernetes manifests that the inputs of a component describe."""


class Echo:
    """What a package's provider makes of what no simulation knows. Packages with their own way have a class for it."""

    def resource_type(self, token: str) -> ResourceType:
        """Return what is made of a resource type."""
        del token
        return EchoedType()

    def documents(self, token: str) -> Documents | None:
        """Return what finds the manifests in a component; None for a component that is not made of any."""
        del token
        return None


def echoed_answer(
    token: str, arguments: Mapping[str, Any], config: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a function's arguments with a made-up answer."""
    seed = f"{token} {json.dumps(arguments, sort_keys=True, default=str)}"
    name = token.rpartition(":")[2]
    return outputs.answer(Subject(token, name, seed, arguments, config))


def _subject(inputs: Mapping[str, Any], call: Call) -> Subject:
    return Subject(
        call.type, call.name, call.urn or f"{call.type}::{call.name}", inputs, call.config
    )
