"""What pulumi-terraform-bridge makes of a Terraform resource, for the providers that are built with
it.

The differences to a native provider are what bites: a diff compares the program with the *state's
outputs* (so that drift is noticed), an omitted computed property is not a change, a replacement
deletes first when the name was chosen by the program, and an update that the cloud refuses is
written into the state all the same.

Left out: state upgraders, assets, and everything of a schema that no simulated type needs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

from infra_secrets.testing.simulation import (
    DEFAULTS_KEY,
    Call,
    Change,
    CheckFailure,
    CloudError,
    Diff,
    Function,
    ResourceType,
    compare,
)

_ZERO: Final[tuple[Any, ...]] = (None, "", False, [], {})


@dataclass(frozen=True, slots=True)
class Property:
    """How Terraform's schema describes an argument.

    Attributes:
        force_new: Whether a change replaces the resource; or a function that says so of a path.
        computed: Whether the provider fills it in when it is left out.
        default: What the provider takes when it is left out.
        compared_as: What is compared of a value, where the provider adds to it or ignores its order.
    """

    force_new: bool | Callable[[str], bool] = False
    computed: bool = False
    default: Any = None
    compared_as: Callable[[Any], Any] = lambda value: value

    def replaces(self, path: str) -> bool:
        """Whether a change at a path replaces the resource."""
        return self.force_new(path) if callable(self.force_new) else self.force_new


class BridgedType(ResourceType):
    """A resource of a bridged provider. Subclasses say what create, read, update and delete do."""

    properties: Mapping[str, Property]
    auto_named: ClassVar[str | None] = None
    """The property that gets a made-up name when the program gives none."""

    deletes_first_when_named = True
    """Whether a replacement under an explicit name deletes before it creates."""

    deletes_first = False
    """Whether every replacement does."""

    keeps_refused_updates = True
    """Whether the state holds what an update said that the cloud refused."""

    # What a subclass fills in --------------------------------------------------------------------

    def validate(self, inputs: Mapping[str, Any]) -> list[CheckFailure]:
        """Judge the inputs as the schema's validation functions do."""
        del inputs
        return []

    def plan(self, inputs: Mapping[str, Any], old: Mapping[str, Any], call: Call) -> dict[str, Any]:
        """Add to the inputs what the provider's configuration and the state decide."""
        del old, call
        return {key: value for key, value in inputs.items() if key != DEFAULTS_KEY}

    def make(self, planned: dict[str, Any], call: Call) -> str:
        """Create the resource and return its id."""
        raise NotImplementedError

    def look(
        self, id_: str, old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any]] | None:
        """Return id and outputs as they are now, or None when the resource is gone.

        What only the provider knows of comes from the old outputs, which are empty on an import.
        """
        raise NotImplementedError

    def change(self, id_: str, old: Mapping[str, Any], planned: dict[str, Any], call: Call) -> None:
        """Change the resource in place where the plan differs from the state."""
        raise NotImplementedError

    def remove(self, id_: str, old: Mapping[str, Any], call: Call) -> None:
        """Delete the resource."""
        raise NotImplementedError

    # What the bridge does with it ----------------------------------------------------------------

    def check(
        self, inputs: dict[str, Any], olds: Mapping[str, Any], call: Call
    ) -> tuple[dict[str, Any], list[CheckFailure]]:
        """Fill in defaults and a made-up name, and note which they were."""
        filled = {key: value for key, value in inputs.items() if key != DEFAULTS_KEY}
        defaults = [
            key
            for key, property_ in self.properties.items()
            if property_.default is not None and filled.get(key) is None
        ]
        filled.update({key: self.properties[key].default for key in defaults})
        name = self.auto_named
        if name is not None and filled.get(name) is None and not filled.get(f"{name}Prefix"):
            kept = olds.get(name) if name in (olds.get(DEFAULTS_KEY) or ()) else None
            made_up = kept or call.auto_name()
            if made_up is not None:
                filled[name] = made_up
                defaults.append(name)
        filled[DEFAULTS_KEY] = sorted(defaults)
        return filled, self.validate(filled)

    def diff(
        self,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: Mapping[str, Any],
        call: Call,
    ) -> Diff:
        """Compare the program with the state, as `terraform plan` does."""
        del old_inputs
        planned = self.plan(inputs, old_outputs, call)
        changes = [
            change for key in self.properties for change in self._changes(key, old_outputs, planned)
        ]
        named = self.auto_named is not None and inputs.get(self.auto_named) is not None
        made_up = self.auto_named in (inputs.get(DEFAULTS_KEY) or ())
        by_name = named and not made_up and self.deletes_first_when_named
        return Diff(changes, delete_before_replace=by_name or self.deletes_first)

    def changed(self, key: str, old: Mapping[str, Any], planned: Mapping[str, Any]) -> bool:
        """Whether the plan differs from the state in a property."""
        return bool(self._changes(key, old, planned))

    def _changes(
        self, key: str, old_outputs: Mapping[str, Any], planned: Mapping[str, Any]
    ) -> list[Change]:
        property_, old, new = self.properties[key], old_outputs.get(key), planned.get(key)
        left_to_the_provider = new is None and property_.computed
        if left_to_the_provider or (_is_zero(old) and _is_zero(new)):
            return []
        return [
            Change(change.path, change.kind, replaces=property_.replaces(change.path))
            for change in compare(
                {key: property_.compared_as(old)}, {key: property_.compared_as(new)}
            )
        ]

    def preview(
        self, old_outputs: Mapping[str, Any], inputs: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        """Foretell the outputs."""
        return {**old_outputs, **self.plan(inputs, old_outputs, call)}

    def create(self, inputs: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
        """Make the resource, and read it."""
        planned = self.plan(inputs, {}, call)

        def make() -> tuple[str, dict[str, Any]]:
            id_ = self.make(planned, call)
            return id_, self._look_again(id_, planned, call)

        return cast("tuple[str, dict[str, Any]]", _reported(make))

    def read(
        self, id_: str, old_inputs: Mapping[str, Any], old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        """Read the resource, and work out inputs that would lead to what was read."""
        found = _reported(lambda: self.look(id_, old_outputs, call))
        if found is None:
            return None
        id_, outputs = found
        importing = not old_outputs
        inputs = {
            key: value
            for key, value in outputs.items()
            if key in self.properties
            and not _is_zero(value)
            and (importing or key in old_inputs or not self.properties[key].computed)
        }
        if importing:
            inputs[DEFAULTS_KEY] = []
        else:
            inputs[DEFAULTS_KEY] = list(old_inputs.get(DEFAULTS_KEY) or [])
            inputs.update(
                {key: old_inputs[key] for key in inputs[DEFAULTS_KEY] if key in old_inputs}
            )
        return id_, inputs, {**outputs, "id": id_}

    def update(
        self,
        id_: str,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: dict[str, Any],
        call: Call,
    ) -> dict[str, Any]:
        """Change the resource, and read it: also where nothing differs from the state."""
        del old_inputs
        planned = self._planned(old_outputs, inputs, call)

        def change() -> dict[str, Any]:
            self.change(id_, old_outputs, planned, call)
            return self._look_again(id_, {**self._kept(old_outputs), **planned}, call)

        return cast("dict[str, Any]", _reported(change))

    def after_refused_update(
        self, id_: str, old_outputs: Mapping[str, Any], inputs: dict[str, Any], call: Call
    ) -> dict[str, Any] | None:
        """Return what the program wanted, as if the cloud had it.

        pkg/tfbridge/provider.go, Update: the state that Terraform's SDK hands back with an error is
        the planned one, and it is saved with the reasons (initializationError).
        """
        if not self.keeps_refused_updates:
            return None
        planned = self._planned(old_outputs, inputs, call)
        return {**self._kept(old_outputs), **planned, "id": id_}

    def _planned(
        self, old_outputs: Mapping[str, Any], inputs: dict[str, Any], call: Call
    ) -> dict[str, Any]:
        planned = self.plan(inputs, old_outputs, call)
        for key in call.ignored:
            planned.pop(key, None)
            if key in self.properties and key in old_outputs:
                planned[key] = old_outputs[key]
        return planned

    def _kept(self, old_outputs: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: value
            for key, value in old_outputs.items()
            if key not in self.properties or self.properties[key].computed
        }

    def _look_again(self, id_: str, wanted: Mapping[str, Any], call: Call) -> dict[str, Any]:
        found = self.look(id_, wanted, call)
        if found is None:
            raise CloudError("", "Resource provider reported that the resource did not exist")
        return {**found[1], "id": found[0]}

    def delete(self, id_: str, old_outputs: Mapping[str, Any], call: Call) -> None:
        """Delete the resource."""
        _reported(lambda: self.remove(id_, old_outputs, call))


def data_source(token: str, read: Function) -> dict[str, Function]:
    """Return what a function does, by its token, its refusals worded as the bridge words them.

    pkg/tfbridge/provider.go, Invoke: `invoking TOKEN: ` before what Terraform said.
    """

    def invoke(args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
        try:
            return cast("Mapping[str, Any]", _reported(lambda: read(args, call)))
        except CloudError as error:
            raise CloudError(
                error.code, f"invoking {token}: {error.message}", status=error.status
            ) from error

    return {token: invoke}


def _is_zero(value: Any) -> bool:
    return any(value == zero and type(value) is type(zero) for zero in _ZERO)


def _reported(act: Callable[[], Any]) -> Any:
    """Word a refusal as Terraform does."""
    try:
        return act()
    except CloudError as error:
        text = f"1 error occurred:\n\t* {error.message}\n\n"
        raise CloudError(error.code, text, status=error.status) from error
