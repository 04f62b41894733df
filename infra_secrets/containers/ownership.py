"""Ownership: who owns a container.

A container that is in the way, or that `adopt` names, may be this stack's own under another name, another
stack's, or nobody's. The stack's state knows the first, the container's own tags the second. Of a cloud
only metadata is read, with the provider's own login, and only when a creation was refused or `adopt` is given.
"""

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from infra_secrets import clouds
from infra_secrets.clouds import Cloud, Existing, Place, Wanted
from infra_secrets.component.internals import Asking
from infra_secrets.component.registering import type_token
from infra_secrets.component.state import resources_in_state
from infra_secrets.component.urns import child_urn, children_of_aliases, name_in, types_in
from infra_secrets.rules.wording import shown

COMPONENT = type_token("Secret")

State = Mapping[str, Mapping[str, Any]]
"""What the stack's state has of one type: the outputs by URN."""


def component_in(urn: str) -> str | None:
    """Read from the URN of a container that of its `Secret`; None if it is not a `Secret`'s."""
    parents = types_in(urn).rpartition("$")[0]
    return f"{parents}::{name_in(urn)}" if parents.endswith(COMPONENT) else None


@dataclass(eq=False)
class Ownership:
    """Who owns the container that one `Secret` asks for.

    Attributes:
        component: The `Secret`.
        cloud: Its cloud.
        wanted: What is wanted.
        provider: Whose login asks; a transform may choose another.
    """

    component: pulumi.ComponentResource
    cloud: Cloud
    wanted: Wanted
    provider: pulumi.ProviderResource | None

    @property
    def container(self) -> clouds.Container:
        """How containers are made there."""
        return clouds.container(self.cloud)

    @property
    def asking(self) -> Asking:
        """Who answers for the cloud: the provider that the container itself has, and so its login."""
        return Asking(self.provider, _sdk_version(self.cloud))

    async def where(self) -> Place:
        """Say in which account, region or vault the container will be."""
        return await self.container.where(self.wanted, self.provider)

    async def urn(self) -> str:
        """Make the URN that the container will have."""
        component = await self.component.urn.future() or ""
        return child_urn(component, self.cloud.RESOURCE_TYPE, self.wanted.logical_name)

    def _former(self) -> str | None:
        """The URN that `formerly` means."""
        named = self.wanted.formerly
        if named is None or named.startswith("urn:"):
            return named
        stack, project = pulumi.get_stack(), pulumi.get_project()
        return f"urn:pulumi:{stack}::{project}::{self.cloud.RESOURCE_TYPE}::{named}"

    def aliases(self) -> "list[pulumi.Input[str | pulumi.Alias]]":
        """List every URN that the container may have had until now."""
        former = self._former()
        inherited = children_of_aliases(self.component, self.cloud.RESOURCE_TYPE)
        return inherited if former is None else [former, *inherited]

    async def whose(
        self, urn: str, inputs: Mapping[str, Any], others: "Mapping[str, Ownership]"
    ) -> str:
        """Say who owns the container that is in the way, and what to do.

        Args:
            urn: Of the container that could not be created.
            inputs: What the engine asked for.
            others: What this run registers, by URN.
        """
        place = self.container.place(inputs)
        existing = await self.seen(place)
        if existing is not None:
            place = self.container.place_of(existing.id)
        state = await resources_in_state(self.cloud.RESOURCE_TYPE)
        tracking = [
            other
            for other, outputs in (state or {}).items()
            if clouds.same_place(self.container.place(outputs), place)
        ]
        if urn in tracking:
            return _SAME_NAME
        # Not only what the state has: one that was made a moment ago may not be written yet.
        for other in [*others.values()]:
            if other is not self and await self._wants_the_same(other, place):
                return _SHARED.format(name=place.get("name"), logical=other.wanted.logical_name)
        if tracking and (urn in (state or {}) or tracking[0] in others):
            return _EXCHANGED.format(name=name_in(tracking[0]))
        if tracking:
            return f"{self.ours(tracking[0], urn)} Do not adopt it: it would be deleted under its old name."
        return self._in_no_state(existing, place, urn, state)

    async def _wants_the_same(self, other: "Ownership", place: Place) -> bool:
        """Whether another `Secret` of this run asks for this place too, through a provider of its own."""
        if (other.cloud, other.wanted.spelled) != (self.cloud, self.wanted.spelled):
            return False
        return not clouds.differing(await other.where(), place)

    def _in_no_state(
        self, existing: Existing | None, place: Place, urn: str, state: State | None
    ) -> str:
        """Say what to do about a container that the state does not have, or that was not asked (None)."""
        name = place.get("name")
        if existing is None:
            return _NOT_SEEN.format(name=name, adopt=self.container.to_adopt(place))
        stack = existing.facts.get("stack")
        if stack is None and state is None:
            return self.unasked(existing)
        if stack is None:
            return _NOBODYS.format(name=name, id=existing.id)
        if stack != self.wanted.stack or state is None:
            return self.theirs(existing, urn)
        if self.was_replaced(existing, state):
            return self.waiting(existing)
        return _LOST.format(name=name, logical=existing.facts.get("logical-name"), id=existing.id)

    def was_replaced(self, existing: Existing, state: State) -> bool:
        """Whether the `Secret` that made the container has another one now.

        The old one may then wait for its deletion, which the engine never tells of, and is deleted whoever adopts it.
        """
        if existing.facts.get("stack") != self.wanted.stack:
            return False
        made_it = existing.facts.get("logical-name")
        return any(component_in(urn) and name_in(urn) == made_it for urn in state)

    def unasked(self, existing: Existing) -> str:
        """Say what to do where neither the container nor the state says whose it is."""
        name = self.container.place_of(existing.id).get("name")
        return _UNASKED.format(name=name, id=existing.id, stack=self.wanted.stack)

    def waiting(self, existing: Existing) -> str:
        """Say what to do about a container that may still wait for its deletion."""
        name, stack = self.container.place_of(existing.id).get("name"), self.wanted.stack
        return _WAITING.format(
            name=name, logical=existing.facts.get("logical-name"), id=existing.id, stack=stack
        )

    async def seen(self, place: Place) -> Existing | None:
        """Look at what is in a place; None if there is nothing, or nobody may look."""
        try:
            return await self.container.look(place, self.asking)
        except Exception:  # noqa: BLE001 (whatever it is, nothing was seen)
            return None

    def ours(self, urn: str, own: str) -> str:
        """Say that this stack has the container, and how it stays what it is."""
        component = component_in(urn)
        if component is None:
            return (
                f"The container already belongs to this stack: it is the resource {name_in(urn)!r}. To keep it, add "
                f'formerly="{urn}" to this Secret, and remove that resource from the program.'
            )
        renamed = types_in(urn) == types_in(own)
        alias = f'Alias(name="{name_in(component)}")' if renamed else f'"{component}"'
        return (
            f'The container already belongs to this stack: it is Secret("{name_in(component)}"), which was renamed or '
            f"moved. To keep it, say so with an alias: opts=ResourceOptions(aliases=[{alias}])."
        )

    def theirs(self, existing: Existing, urn: str) -> str:
        """Say which stack the container belongs to, by its own word."""
        stack, name = existing.facts.get("stack", ""), existing.facts.get("logical-name", "")
        adopt = f'adopt="{existing.id}", adopt_from="{stack}"'
        if stack == self.wanted.stack:
            alias = (
                f'Alias(name="{name}")'
                if name != name_in(urn)
                else "Alias(parent=<its former parent>)"
            )
            return (
                f"The container says that it belongs to this stack, as Secret({shown(name)}). If that was "
                f"renamed or moved, say so with an alias: opts=ResourceOptions(aliases=[{alias}]). Only if the state "
                f"no longer has it (an interrupted run, a lost state; see pulumi stack --show-urns): add "
                f"{adopt}."
            )
        return (
            f"The container belongs to another stack: {shown(stack)} has it as Secret({shown(name)}). It was "
            "not changed. Give this Secret a different key=, service= or environment=. Only if this stack should have "
            f"it from now on: remove it from that stack's state, which deletes nothing, and then add {adopt}. "
            f"If it is at the top level of that program: pulumi state delete '{self._in_stack(stack, name)}' --stack "
            f"{stack} --force --target-dependents"
        )

    def _in_stack(self, stack: str, logical_name: str) -> str:
        """Guess the URN of a container in another stack: it is right where its `Secret` has no parent."""
        _, project, name = [*stack.split("/"), "", ""][:3]
        return (
            f"urn:pulumi:{name}::{project}::{COMPONENT}${self.cloud.RESOURCE_TYPE}::{logical_name}"
        )


def _sdk_version(cloud: Cloud) -> str | None:
    try:
        return importlib.metadata.version(f"pulumi-{clouds.package_of(cloud)}")
    except importlib.metadata.PackageNotFoundError:
        return None


_INTERRUPTED = (
    " If a run was interrupted, its pending creation stays in the state and warns until: pulumi refresh "
    "--clear-pending-creates"
)
_LOST = (
    "The container {name!r} was created by this stack, as Secret({logical!r}), but is not in its state (an "
    'interrupted run or a lost state). Adopt it with its value: add adopt="{id}" to this Secret and run again.'
    + _INTERRUPTED
)
_WAITING = (
    "The container {name!r} belonged to this stack, as Secret({logical!r}), which has another container now. After a "
    "run that was interrupted or failed, it may still be waiting for its deletion, and adopting it would delete it. "
    "Nothing was changed. To give it up: remove this Secret from the program, run pulumi up, and put it back. To keep "
    "it, with its value: pulumi stack export --file state.json; remove the resource with its id and "
    '"delete": true from that file, if there is one; pulumi stack import --file state.json; then add adopt="{id}", '
    'adopt_from="{stack}".'
)
_NOBODYS = (
    "A container {name!r} exists that this stack does not have, and it does not say who owns it (created by hand or "
    "by another tool, or its tags were removed). It was not changed. If no other stack has it, adopt it "
    'with its value: add adopt="{id}" to this Secret and run again.' + _INTERRUPTED
)
_UNASKED = (
    "A container {name!r} exists, it does not say who owns it, and the state of a stack without outputs cannot be "
    "queried. It was not changed. Check whether this stack has it: pulumi stack --show-urns. If it does, as a raw "
    "resource: "
    'add formerly="<its URN>"; as a Secret that was renamed or moved: give that as an alias. If neither this stack nor '
    'another one has it, adopt it with its value: add adopt="{id}", adopt_from="{stack}".'
)
_NOT_SEEN = (
    "A container {name!r} exists that this stack does not have, and this login is not allowed to see who owns it. It "
    "was not changed. If no other stack has it, adopt it with its value: add {adopt} to this Secret and run again."
    + _INTERRUPTED
)
_SAME_NAME = (
    "This change needs a new container (replicas, or up --replace), and two containers cannot have the same name. "
    "Nothing was changed. Undo the change; or give the new container a different key=; or, if the value may be lost, "
    "remove this Secret from the program, run pulumi up, and put it back. Do not adopt it."
)
_SHARED = (
    "{name!r} is the container of Secret({logical!r}) of this program too, and two secrets of a program cannot share a "
    "container: their providers are for the same account and region (or project). It was not changed. Give one "
    "of the two a different key=, service= or environment=, or a provider for another place; or use the other Secret "
    "for both."
)
_EXCHANGED = (
    "The container that it asks for already belongs to this stack: it is still that of {name!r}, which this change "
    "moves to another container. Nothing was changed. Undo the change of key=, service= or environment=. To swap two "
    "Secrets, swap their logical names, each with an alias; both keep their containers. Only if the value may be lost: "
    "first remove {name!r}, run pulumi up, then give its name to this Secret."
)
