"""What pulumi-kubernetes does with a manifest, as far as programs notice it without a cluster.

It is no simulated cluster: a manifest becomes the resource's outputs, and nothing runs. What bites
is kept: a made-up name where none is given, and a Secret whose data changes is made anew.
"""

from collections.abc import Mapping
from typing import Any, Final

from infra_secrets.testing.simulation import Call, Change, CheckFailure, Diff, ResourceType, compare

_AUTO_NAMED: Final = "pulumi.com/autonamed"
_ALWAYS: Final = ("apiVersion", "kind", "metadata.name", "metadata.namespace")
# pulumi-kubernetes provider/pkg/provider/diff.go
_OF_SECRET: Final = ("data", "stringData", "type", "immutable")


class ManifestType(ResourceType):
    """Any resource of the package `kubernetes`."""

    def check(
        self, inputs: dict[str, Any], olds: Mapping[str, Any], call: Call
    ) -> tuple[dict[str, Any], list[CheckFailure]]:
        """Make up a name where none is given."""
        metadata = inputs.get("metadata")
        if metadata is not None and not isinstance(metadata, Mapping):
            return inputs, []
        metadata = dict(metadata or {})
        if metadata.get("name") is None and metadata.get("generateName") is None:
            before = olds.get("metadata") or {}
            kept = before.get("name") if _AUTO_NAMED in (before.get("annotations") or {}) else None
            made_up = kept or call.auto_name(digits=8)
            if made_up is not None:
                metadata["name"] = made_up
                metadata["annotations"] = {
                    **(metadata.get("annotations") or {}),
                    _AUTO_NAMED: "true",
                }
        return {**inputs, "metadata": metadata}, []

    def diff(
        self,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: Mapping[str, Any],
        call: Call,
    ) -> Diff:
        """A new name, or new data in a Secret, needs a new resource."""
        del old_outputs, call
        anew: tuple[str, ...] = _ALWAYS
        if inputs.get("kind") == "Secret" or old_inputs.get("immutable"):
            anew = (*_ALWAYS, *_OF_SECRET)
        changes = [
            Change(change.path, change.kind, replaces=_is_under(change.path, anew))
            for change in compare(old_inputs, inputs)
        ]
        annotations = (inputs.get("metadata") or {}).get("annotations") or {}
        return Diff(changes, delete_before_replace=_AUTO_NAMED not in annotations)

    def create(self, inputs: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
        """Return the manifest as it is, in the namespace `default` unless it says another."""
        del call
        metadata = {"namespace": "default", **(inputs.get("metadata") or {})}
        return f"{metadata['namespace']}/{metadata.get('name')}", {**inputs, "metadata": metadata}

    def update(
        self,
        id_: str,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: dict[str, Any],
        call: Call,
    ) -> dict[str, Any]:
        """Return the new manifest."""
        del id_, old_inputs, old_outputs
        return self.create(inputs, call)[1]


def _is_under(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith((f"{place}.", f"{place}[")) for place in places)
