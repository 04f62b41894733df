"""Whose a container is, and what follows from it.

A container that is in the way, or that `adopt` names, may be this stack's own under another name, another
stack's, or nobody's. The stack's state knows the first, the container's own tags the second. Of a cloud
only metadata is read, with the provider's own login, and only when a creation was refused or `adopt` is given.
"""

import asyncio
import importlib.metadata
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from infra_secrets import clouds
from infra_secrets.clouds import Cloud, Existing, Place, Wanted
from infra_secrets.component.internals import (
    Asking,
    Held,
    hold_after_transformations,
    is_without_engine,
)
from infra_secrets.component.registering import (
    child_urn,
    children_of_aliases,
    name_in,
    one_clear_message,
    types_in,
)
from infra_secrets.component.run import Run, resources_in_state
from infra_secrets.errors import InfraSecretsError, SecretArgsError, UnsupportedError, combined
from infra_secrets.rules.wording import shown

COMPONENT = "infra-secrets:index:Secret"

State = Mapping[str, Mapping[str, Any]]
"""What the stack's state holds of one type: the outputs by URN."""


def component_in(urn: str) -> str | None:
    """Read from the URN of a container that of its `Secret`; None where it is no `Secret`'s."""
    parents = types_in(urn).rpartition("$")[0]
    return f"{parents}::{name_in(urn)}" if parents.endswith(COMPONENT) else None


@dataclass(eq=False)
class Claim:
    """One container that this run registers.

    Attributes:
        component: The `Secret`.
        cloud: Its cloud.
        wanted: What is wanted.
        provider: Whose login asks; a transform may choose another.
        transformed: Whether one did.
        checks: What must be right before anything is registered: arguments that are outputs.
        refused: Whether it was refused in this run.
    """

    component: pulumi.ComponentResource
    cloud: Cloud
    wanted: Wanted
    provider: pulumi.ProviderResource | None
    checks: Sequence["pulumi.Output[Any]"] = ()
    transformed: bool = field(default=False, init=False)
    refused: bool = field(default=False, init=False)

    @property
    def container(self) -> clouds.Container:
        """How containers are made there."""
        return clouds.container(self.cloud)

    @property
    def asking(self) -> Asking:
        """Who answers for the cloud: the provider that the container itself has, and so its login."""
        return Asking(self.provider, _sdk_version(self.cloud))

    @property
    def _who(self) -> str:
        return f'Secret("{self.wanted.logical_name}")'

    def options(self) -> pulumi.ResourceOptions:
        """Make the options with which the container is registered, which no transform can drop."""
        run, wanted = Run.this(), self.wanted
        keep = True if wanted.retention == clouds.KEEP else None
        watch, in_previews = _Watch(run), pulumi.ResourceHookOptions(on_dry_run=True)
        hooks = {
            "before_create": run.hook(
                pulumi.ResourceHook, "infra-secrets:before-create", watch.before_create, in_previews
            ),
            "before_update": run.hook(
                pulumi.ResourceHook, "infra-secrets:before-update", watch.before_update, in_previews
            ),
            "on_error": run.hook(pulumi.ErrorHook, "infra-secrets:way-out", watch.on_error),
        }
        if not self.container.ASKS_BEFORE_IT_CREATES and not self._looks_before:
            del hooks["before_create"]
        opts = pulumi.ResourceOptions(
            parent=self.component,
            protect=keep,
            # What is being adopted was somebody else's a moment ago: nothing here deletes it.
            retain_on_delete=True if keep or wanted.adopt else None,
            # A replacement under the same name then stops with "already exists". Left to themselves the
            # bridged providers delete first when a name is explicit, and the value with it.
            delete_before_replace=False,
            ignore_changes=[
                *self.container.never_changed(wanted),
                *(self.container.IDENTITY if keep or wanted.formerly else ()),
            ],
            import_=wanted.adopt,
            aliases=self._aliases(),
        )

        async def ready() -> None:
            component = await self.component.urn.future() or ""
            run.containers[await self._urn()] = self
            for check in self.checks:
                await check.future()
            if is_without_engine():
                return
            await self._clear()
            await run.can_be_asked(component)
            for hook in hooks.values():
                await hook.register()
            await run.holder.hold(
                self.cloud.RESOURCE_TYPE, wanted.logical_name, component, held, self._use
            )

        registered = asyncio.ensure_future(ready())
        opts.hooks = pulumi.ResourceHookBinding(
            **{kind: [hook.bound(registered)] for kind, hook in hooks.items()}
        )
        held = Held.of(opts)
        hold_after_transformations(self.component, wanted.logical_name, held, self._use)
        return opts

    def _use(self, provider: pulumi.ProviderResource) -> None:
        self.provider, self.transformed = provider, True

    async def _urn(self) -> str:
        component = await self.component.urn.future() or ""
        return child_urn(component, self.cloud.RESOURCE_TYPE, self.wanted.logical_name)

    def _former(self) -> str | None:
        """The URN that `formerly` means."""
        named = self.wanted.formerly
        if named is None or named.startswith("urn:"):
            return named
        stack, project = pulumi.get_stack(), pulumi.get_project()
        return f"urn:pulumi:{stack}::{project}::{self.cloud.RESOURCE_TYPE}::{named}"

    def _aliases(self) -> "list[pulumi.Input[str | pulumi.Alias]]":
        """List every URN that the container may have had until now."""
        former = self._former()
        inherited = children_of_aliases(self.component, self.cloud.RESOURCE_TYPE)
        return inherited if former is None else [former, *inherited]

    # Before it is registered ---------------------------------------------------------------------

    async def _clear(self) -> None:
        """With `adopt`: look whose the container is, before it is registered.

        Raises:
            SecretArgsError: One error with everything that stands against it.
        """
        if self.wanted.adopt is None:
            return
        errors = [error async for error in self._objections(self.wanted.adopt)]
        if errors:
            with one_clear_message():
                raise combined(self._who, errors)

    async def _objections(self, adopt: str) -> AsyncIterator[SecretArgsError]:
        """Yield what stands against adopting."""
        urn, place = await self._urn(), self.container.place_of(adopt)
        where = await self.container.where(self.wanted, self.provider)
        for part in clouds.differing(where, place):
            yield UnsupportedError(
                f"adopt names a secret in {part} {place[part]!r}, but this Secret would be in {where[part]!r}. Adopt "
                f"the one in {where[part]!r}, or give this Secret a provider of {place[part]!r}: "
                f"opts=ResourceOptions(provider=...)."
            )
            return
        state = await resources_in_state(self.cloud.RESOURCE_TYPE)
        if clouds.same_place(self.container.place((state or {}).get(urn, {})), place):
            return  # it is adopted already
        for other, outputs in (state or {}).items():
            if clouds.same_place(self.container.place(outputs), place):
                yield SecretArgsError(
                    f"adopt names what this stack has already, and would lead to its deletion. "
                    f"{self._ours(other, urn)} Take adopt= out."
                )
                return
        existing = await self._seen(place)
        if existing is None:
            return  # what cannot be seen cannot be imported either: the provider says why
        whose = existing.facts.get("stack")
        asked = state is not None or pulumi.runtime.is_dry_run()
        mine = whose == self.wanted.stack and asked
        if whose is None and not asked and self.wanted.adopt_from != self.wanted.stack:
            yield SecretArgsError(self._unasked(existing))
        if whose not in (None, self.wanted.adopt_from):
            if not mine:
                yield SecretArgsError(self._theirs(existing, urn))
            elif self._was_replaced(existing, state or {}):
                yield SecretArgsError(self._waiting(existing))
        for said in self.container.adopting(existing, self.wanted):
            if isinstance(said, SecretArgsError):
                yield said
            else:
                pulumi.log.warn(f"{self._who}: {said}", self.component)

    @property
    def _looks_before(self) -> bool:
        return bool(self.container.GONE_AT_ONCE) and self.wanted.retention == clouds.RECOVER

    async def before(self, urn: str, run: Run) -> None:
        """Refuse a new container where the old one would go as `discard` said, and the program says `recover`.

        The engine deletes by its state, and what the retention was before is still there.

        Raises:
            SecretArgsError: It would.
        """
        if not self._looks_before:
            return
        aliases = [await pulumi.Output.from_input(each).future() for each in self._aliases()]
        type_ = self.cloud.RESOURCE_TYPE
        # Once is enough: it is about what was there before this run.
        state = await run.once(("state before", type_), lambda: resources_in_state(type_)) or {}
        for known in (urn, *aliases):
            outputs = state.get(str(known), {})
            if self.container.GONE_AT_ONCE.items() <= outputs.items():
                raise SecretArgsError(
                    f"its retention changes to {clouds.RECOVER!r} together with what makes a new container of it (its "
                    f"name or place), and the old one would be deleted for good, as its retention said until now. "
                    f"{_RETENTION_FIRST}"
                )

    # When it is created --------------------------------------------------------------------------

    async def whose(self, urn: str, inputs: Mapping[str, Any], run: Run) -> str:
        """Say whose the container is that is in the way, and what to do."""
        place = self.container.place(inputs)
        existing = await self._seen(place)
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
        for other in [*run.containers.values()]:
            if other is not self and await self._wants_the_same(other, place):
                return _SHARED.format(name=place.get("name"), logical=other.wanted.logical_name)
        if tracking and (urn in (state or {}) or tracking[0] in run.containers):
            return _EXCHANGED.format(name=name_in(tracking[0]))
        if tracking:
            return f"{self._ours(tracking[0], urn)} Do not adopt it: it would be deleted under its old name."
        return self._in_no_state(existing, place, urn, state)

    async def _wants_the_same(self, other: "Claim", place: Place) -> bool:
        """Whether another `Secret` of this run asks for this place too, through a provider of its own."""
        if (other.cloud, other.wanted.spelled) != (self.cloud, self.wanted.spelled):
            return False
        return not clouds.differing(await self.container.where(other.wanted, other.provider), place)

    def _in_no_state(
        self, existing: Existing | None, place: Place, urn: str, state: State | None
    ) -> str:
        """Say what to do about a container that the state does not have, or that was not asked (None)."""
        name = place.get("name")
        if existing is None:
            return _NOT_SEEN.format(name=name, adopt=self.container.to_adopt(place))
        stack = existing.facts.get("stack")
        if stack is None and state is None:
            return self._unasked(existing)
        if stack is None:
            return _NOBODYS.format(name=name, id=existing.id)
        if stack != self.wanted.stack or state is None:
            return self._theirs(existing, urn)
        if self._was_replaced(existing, state):
            return self._waiting(existing)
        return _LOST.format(name=name, logical=existing.facts.get("logical-name"), id=existing.id)

    def _was_replaced(self, existing: Existing, state: State) -> bool:
        """Whether the `Secret` that made the container has another one now.

        The old one may then wait for its deletion, which the engine never tells of, and is deleted whoever adopts it.
        """
        if existing.facts.get("stack") != self.wanted.stack:
            return False
        made_it = existing.facts.get("logical-name")
        return any(component_in(urn) and name_in(urn) == made_it for urn in state)

    def _unasked(self, existing: Existing) -> str:
        """Say what to do where neither the container nor the state says whose it is."""
        name = self.container.place_of(existing.id).get("name")
        return _UNASKED.format(name=name, id=existing.id, stack=self.wanted.stack)

    def _waiting(self, existing: Existing) -> str:
        name, stack = self.container.place_of(existing.id).get("name"), self.wanted.stack
        return _WAITING.format(
            name=name, logical=existing.facts.get("logical-name"), id=existing.id, stack=stack
        )

    async def _seen(self, place: Place) -> Existing | None:
        try:
            return await self.container.look(place, self.asking)
        except Exception:  # noqa: BLE001 (whatever it is, nothing was seen)
            return None

    def _ours(self, urn: str, own: str) -> str:
        """Say that this stack has the container, and how it stays what it is."""
        component = component_in(urn)
        if component is None:
            return (
                f"The container is this stack's own: it is the resource {name_in(urn)!r}. To take it over in place, "
                f'put formerly="{urn}" into this Secret, and take that resource out of the program.'
            )
        renamed = types_in(urn) == types_in(own)
        alias = f'Alias(name="{name_in(component)}")' if renamed else f'"{component}"'
        return (
            f'The container is this stack\'s own: it is Secret("{name_in(component)}"), which was renamed or moved. '
            f"Say so, and it stays what it is: opts=ResourceOptions(aliases=[{alias}])."
        )

    def _theirs(self, existing: Existing, urn: str) -> str:
        """Say which stack the container belongs to, by its own word."""
        stack, name = existing.facts.get("stack", ""), existing.facts.get("logical-name", "")
        adopt = f'adopt="{existing.id}", adopt_from="{stack}"'
        if stack == self.wanted.stack:
            alias = (
                f'Alias(name="{name}")'
                if name != name_in(urn)
                else "Alias(parent=<what it was in>)"
            )
            return (
                f"The container says that it is this stack's own, Secret({shown(name)}). If that was renamed or "
                f"moved, say so, and it stays what it is: opts=ResourceOptions(aliases=[{alias}]). Only if the state "
                f"does not have it any more (an interrupted run, a lost state; see pulumi stack --show-urns): add "
                f"{adopt}."
            )
        return (
            f"The container belongs to another stack: {shown(stack)} has it as Secret({shown(name)}). Nothing of it "
            "was changed. Give this Secret another key=, service= or environment=. Only where this stack is to have "
            f"it from now on: take it out of that stack's state, which deletes nothing, and then add {adopt}. Where "
            f"it stands at the top of that program: pulumi state delete '{self._in_stack(stack, name)}' --stack "
            f"{stack} --force --target-dependents"
        )

    def _in_stack(self, stack: str, logical_name: str) -> str:
        """Guess the URN of a container in another stack: it is right where its `Secret` has no parent."""
        _, project, name = [*stack.split("/"), "", ""][:3]
        return (
            f"urn:pulumi:{name}::{project}::{COMPONENT}${self.cloud.RESOURCE_TYPE}::{logical_name}"
        )

    # When it is registered -----------------------------------------------------------------------

    async def stays(self, properties: Mapping[str, Any]) -> None:
        """Refuse that the container becomes another one, where it must not.

        Args:
            properties: Its inputs or outputs as the engine has them: what it is, and not what was asked for.

        Raises:
            SecretArgsError: It is another one than the program asks for.
        """
        is_, name = self.container.place(properties), self.container.name(self.wanted.spelled)
        # Where a transform chose the provider, that is where it is to be, and nothing public says which place it is.
        where = {} if self.transformed else await self.container.where(self.wanted, self.provider)
        asked = {"name": name, **where}
        differing = clouds.differing(is_, asked)
        if differing:
            found = ", ".join(f"{part} {is_[part]!r}" for part in differing)
            wanted = ", ".join(f"{part} {asked[part]!r}" for part in differing)
            with one_clear_message():
                raise SecretArgsError(
                    f"{self._who}: its container has {found}, and the program asks for {wanted}. A container is never "
                    f"given up for another one, and its value with it. {_OTHER_CONTAINER}"
                )

    def watch(self, container: clouds.Registered) -> None:
        """Let the program fail where its container could not be made, or would have to be another one.

        With `--continue-on-error` a program goes on after that, and at its end the engine deletes what the
        program no longer has, the container under its old name among it. A program that fails prevents it.
        It fails when every container of the run has been tried, so that all messages come at once. Under Pulumi's
        mocks there is none that could be lost, and what they make up is no reason to fail.
        """
        if is_without_engine():
            return
        Run.this().watch(lambda: self._must_be_made(container))

    async def _must_be_made(self, container: clouds.Registered) -> None:
        try:
            await container.resource.urn.future()
            made = await container.resource.id.is_known()
            properties = {
                name: await output.future() for name, output in container.properties.items()
            }
        except Exception:  # noqa: BLE001 (the registration's own error is the program's)
            return
        with one_clear_message():
            await self.stays(properties)
            why = self.container.stops(properties, self.wanted)
            if why is not None:
                raise SecretArgsError(f"{self._who}: {why}")
            if not pulumi.runtime.is_dry_run() and (
                self.refused or (self.wanted.adopt is not None and not made)
            ):
                raise SecretArgsError(
                    f"{self._who} could not be made, so this run deletes nothing: what is in its way could be among it."
                )


@dataclass(frozen=True)
class _Watch:
    """The hooks of a run; one serves all its containers."""

    run: Run

    async def before_create(self, args: pulumi.ResourceHookArgs) -> None:
        claim = self.run.containers.get(args.urn)
        if claim is None:  # no hook is bound to anything else
            message = (
                f'Secret("{args.name}"): its URN {args.urn!r} is not the one that was expected.'
            )
            raise InfraSecretsError(message)
        try:
            inputs = await _plain(args.new_inputs)
            await claim.before(args.urn, self.run)
            await claim.container.before_create(inputs, claim.wanted, claim.asking)
        except InfraSecretsError as refused:
            claim.refused = True
            message = f'Secret("{args.name}"): {refused}'
            raise InfraSecretsError(message).with_traceback(None) from None

    async def before_update(self, args: pulumi.ResourceHookArgs) -> None:
        claim = self.run.containers.get(args.urn)
        if claim is not None:
            await claim.stays(await _plain(args.new_inputs))

    async def on_error(self, args: pulumi.ErrorHookArgs) -> bool:
        """Add the way out to a cloud's refusal; never try again."""
        claim = self.run.containers.get(args.urn)
        cloud = claim.cloud if claim is not None else _cloud_of(args.type)
        if cloud is None:
            return False
        said, container = None, clouds.container(cloud)
        if args.failed_operation == "create":
            inputs = await _plain(args.new_inputs)
            if claim is not None:
                claim.refused = True
                if any(container.ALREADY_EXISTS in failure for failure in args.errors):
                    said = await claim.whose(args.urn, inputs, self.run)
            if said is None:
                ways_out = (container.way_out(failure, inputs) for failure in args.errors)
                said = next(filter(None, ways_out), None)
        elif args.failed_operation == "update" and container.STATE_RUNS_AHEAD:
            said = _REFRESH
        if said is not None:
            pulumi.log.error(f'Secret("{args.name}"): {said}')
        return False


def _sdk_version(cloud: Cloud) -> str | None:
    try:
        return importlib.metadata.version(f"pulumi-{clouds.package_of(cloud)}")
    except importlib.metadata.PackageNotFoundError:
        return None


def _cloud_of(type_: str) -> Cloud | None:
    package = type_.split(":", maxsplit=1)[0]
    for cloud in map(clouds.load, clouds.available()):
        if clouds.package_of(cloud) == package:
            return cloud
    return None


async def _plain(inputs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Resolve inputs; one that is marked as secret is an output here."""
    return {
        key: await each.future() if isinstance(each, pulumi.Output) else each
        for key, each in (inputs or {}).items()
    }


_INTERRUPTED = (
    " If a run was interrupted, its pending creation stays in the state and warns until: pulumi refresh "
    "--clear-pending-creates"
)
_LOST = (
    "The container {name!r} was made by this stack, as Secret({logical!r}), and the state does not know it (an "
    'interrupted run or a lost state). Take it over, value and all: add adopt="{id}" to this Secret and run again.'
    + _INTERRUPTED
)
_WAITING = (
    "The container {name!r} was this stack's own, as Secret({logical!r}), which has another one now. After a run that "
    "was interrupted or failed it may still wait for its deletion, and adopting it would delete it. Nothing was "
    "changed. To let it go: take this Secret out of the program, run pulumi up, and put it back. To keep it, value and "
    "all: pulumi stack export --file state.json; take the resource with its id and "
    '"delete": true out of that file, if there is one; pulumi stack import --file state.json; then add adopt="{id}", '
    'adopt_from="{stack}".'
)
_NOBODYS = (
    "A container {name!r} exists that this stack does not have, and it does not say whose it is (made by hand or by "
    "something else, or somebody took its tags away). Nothing of it was changed. If no other stack has it, take it "
    'over, value and all: add adopt="{id}" to this Secret and run again.' + _INTERRUPTED
)
_UNASKED = (
    "A container {name!r} exists, it does not say whose it is, and the state of a stack without outputs cannot be "
    "asked. Nothing of it was changed. Look whether this stack has it: pulumi stack --show-urns. If it has, as a raw "
    "resource: "
    'add formerly="<its URN>"; as a Secret that was renamed or moved: give that as an alias. If it has not, nor any '
    'other stack, take it over, value and all: add adopt="{id}", adopt_from="{stack}".'
)
_NOT_SEEN = (
    "A container {name!r} exists that this stack does not have, and this login may not look whose it is. Nothing of it "
    "was changed. If no other stack has it, take it over, value and all: add {adopt} to this Secret and run again."
    + _INTERRUPTED
)
_SAME_NAME = (
    "What was changed needs a new container (replicas, or up --replace), and there cannot be two of one name. Nothing "
    "was changed. Undo the change; or give the new container another key=; or, if the value may go, take this Secret "
    "out of the program, run pulumi up, and put it back. Do not adopt it."
)
_SHARED = (
    "{name!r} is the container of Secret({logical!r}) of this program too, and two secrets of a program cannot share "
    "one: their providers are of the same account and region (or project). Nothing of it was changed. Give one of "
    "the two another key=, service= or environment=, or a provider of another place; or use the other Secret for both."
)
_EXCHANGED = (
    "The container that it wants is this stack's own and still that of {name!r}, which this change moves away from it. "
    "Nothing was changed. Undo the change of key=, service= or environment=. Two Secrets that are to change places "
    "exchange their logical names, each with an alias, and keep their containers. Only if the value may go: first let "
    "{name!r} go, run pulumi up, then give its name to this Secret."
)
_OTHER_CONTAINER = (
    "Nothing of it was changed. Undo the change; or add a second Secret with the new name, let an operator copy the "
    "value, and retire this one (first its retention, then the Secret)."
)
_RETENTION_FIRST = (
    "Nothing was changed. Undo the change, and do it in two runs of pulumi up: first the retention, "
    "then the rest."
)
_REFRESH = (
    "the update was refused, but the state may hold what was asked for, and then the next pulumi up says that it "
    "updates and sends nothing. When the cause is mended: pulumi refresh, then pulumi up"
)
