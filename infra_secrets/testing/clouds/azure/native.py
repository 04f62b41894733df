"""What pulumi-azure-native makes of any ARM resource: inputs are compared with inputs."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from infra_secrets.testing.simulation import Call, Change, CheckFailure, Diff, ResourceType, compare

SUBSCRIPTION: Final = "00000000-0000-0000-0000-000000000000"

_AUTO_NAMED_KEY = "__createBeforeDelete"


def subscription(call: Call) -> str:
    """Return the provider's subscription."""
    return str(call.config.get("subscriptionId") or SUBSCRIPTION)


def group_id(group: str, call: Call) -> str:
    """Return the ARM id of a resource group."""
    return f"/subscriptions/{subscription(call)}/resourceGroups/{group}"


def plain(token: str) -> str:
    """Return a token without its API version: that of the default version."""
    package, module, name = token.split(":")
    if not package.startswith("azure-native"):
        return token
    return f"azure-native:{module.split('/')[0]}:{name}"


class NativeType(ResourceType):
    """Any ARM resource."""

    name_property: ClassVar[str]
    required: ClassVar[tuple[str, ...]] = ()
    deletes_first = True

    def make_up_name(self, call: Call) -> str | None:
        """Return the name for a resource that was given none."""
        return call.auto_name(separator="", digits=8)

    def check(
        self, inputs: dict[str, Any], olds: Mapping[str, Any], call: Call
    ) -> tuple[dict[str, Any], list[CheckFailure]]:
        """Make up a name where none is given, and look for what is required."""
        filled = dict(inputs)
        if filled.get(self.name_property) is None:
            kept = olds.get(self.name_property) if olds.get(_AUTO_NAMED_KEY) else None
            made_up = kept or self.make_up_name(call)
            if made_up is not None:
                filled[self.name_property] = made_up
                filled[_AUTO_NAMED_KEY] = True
        failures = [
            CheckFailure(key, f"missing required property '{key}'")
            for key in self.required
            if filled.get(key) is None
        ]
        return filled, failures

    def diff(
        self,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: Mapping[str, Any],
        call: Call,
    ) -> Diff:
        """Compare inputs with inputs; a replacement deletes first unless the name was made up."""
        del old_outputs, call
        changes = [
            Change(change.path, change.kind, replaces=change.key in self.replace_on)
            for change in compare(old_inputs, inputs)
            if change.key != _AUTO_NAMED_KEY
        ]
        made_up = bool(old_inputs.get(_AUTO_NAMED_KEY))
        return Diff(changes, delete_before_replace=self.deletes_first and not made_up)

    def preview(
        self, old_outputs: Mapping[str, Any], inputs: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        """Foretell what never changes: name and location."""
        del call
        stable = {key: old_outputs[key] for key in ("name", "location") if key in old_outputs}
        kept = {key: value for key, value in inputs.items() if key in {"tags", "location"}}
        return {**kept, **stable}
