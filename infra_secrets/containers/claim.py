"""A claim: one container that this run registers, protected against whatever could lose its value."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi

from infra_secrets import clouds
from infra_secrets.clouds import Cloud, Wanted
from infra_secrets.component.internals import (
    Held,
    hold_after_transformations,
    is_without_engine,
)
from infra_secrets.component.messages import one_clear_message
from infra_secrets.component.run import Run
from infra_secrets.component.state import resources_in_state
from infra_secrets.containers.adoption import objections
from infra_secrets.containers.hooks import Hooks
from infra_secrets.containers.ownership import Ownership
from infra_secrets.containers.places import elsewhere
from infra_secrets.errors import SecretArgsError, combined


class Claim(Ownership):
    """One container that this run registers.

    Attributes:
        transformed: Whether a transform chose the provider.
        refused: Whether it was refused in this run.
    """

    def __init__(
        self,
        component: pulumi.ComponentResource,
        cloud: Cloud,
        wanted: Wanted,
        checks: Sequence["pulumi.Output[Any]"] = (),
    ) -> None:
        """Claim it.

        Args:
            component: The `Secret`.
            cloud: Its cloud.
            wanted: What is wanted.
            checks: What must be right before anything is registered: arguments that are outputs.
        """
        super().__init__(component, cloud, wanted, component.get_provider(cloud.RESOURCE_TYPE))
        self._checks = checks
        self.transformed = False
        self.refused = False

    @property
    def _who(self) -> str:
        return f'Secret("{self.wanted.logical_name}")'

    def options(self) -> pulumi.ResourceOptions:
        """Make the options with which the container is registered, which no transform can drop."""
        run, wanted = Run.this(), self.wanted
        keep = True if wanted.retention == clouds.KEEP else None
        hooks = Hooks(run).all()
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
            aliases=self.aliases(),
        )

        async def ready() -> None:
            component = await self.component.urn.future() or ""
            run.containers[await self.urn()] = self
            for check in self._checks:
                await check.future()
            if is_without_engine():
                return
            await self._is_looked_for_there()
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

    async def _clear(self) -> None:
        """With `adopt`: look whose the container is, before it is registered.

        Raises:
            SecretArgsError: One error with everything that stands against it.
        """
        if self.wanted.adopt is None:
            return
        errors = [error async for error in objections(self, self.wanted.adopt)]
        if errors:
            with one_clear_message():
                raise combined(self._who, errors)

    async def _is_looked_for_there(self) -> None:
        """Refuse a container where the service does not look for it, by its class of settings.

        Raises:
            SecretArgsError: It looks in another place.
        """
        key = self.cloud.__name__, self.wanted.name.reference
        if key not in Run.this().looked_for:
            return
        settings, expected = Run.this().looked_for[key]
        hidden = [
            isinstance(each, pulumi.Output) and await each.is_secret()
            for each in self.wanted.settings.values()
        ]
        problem = elsewhere(settings, expected, await self.where(), hidden=any(hidden))
        if problem is not None:
            with one_clear_message():
                raise SecretArgsError(f"{self._who}: {problem}")

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
        aliases = [await pulumi.Output.from_input(each).future() for each in self.aliases()]
        type_ = self.cloud.RESOURCE_TYPE
        # Once is enough: it is about what was there before this run.
        state = await run.once(("state before", type_), lambda: resources_in_state(type_)) or {}
        for known in (urn, *aliases):
            outputs = state.get(str(known), {})
            if self.container.GONE_AT_ONCE.items() <= outputs.items():
                raise SecretArgsError(
                    f"its retention changes to {clouds.RECOVER!r} together with something that needs a new container "
                    "(its name or place), and the old container would be deleted for good, as its retention said so "
                    f"far. {_RETENTION_FIRST}"
                )

    async def stays(self, properties: Mapping[str, Any]) -> None:
        """Refuse that the container becomes another one, where it must not.

        Args:
            properties: Its inputs or outputs as the engine has them: what it is, and not what was asked for.

        Raises:
            SecretArgsError: It is another one than the program asks for.
        """
        is_, name = self.container.place(properties), self.container.name(self.wanted.spelled)
        # Where a transform chose the provider, that is where it is to be, and nothing public says which place it is.
        where = {} if self.transformed else await self.where()
        asked = {"name": name, **where}
        differing = clouds.differing(is_, asked)
        if differing:
            found = ", ".join(f"{part} {is_[part]!r}" for part in differing)
            wanted = ", ".join(f"{part} {asked[part]!r}" for part in differing)
            with one_clear_message():
                raise SecretArgsError(
                    f"{self._who}: its container has {found}, and the program asks for {wanted}. A container is never "
                    f"replaced by another one, because its value would be lost. {_OTHER_CONTAINER}"
                )

    def watch(self, container: clouds.Registered) -> None:
        """Let the program fail where its container could not be made, or would have to be another one.

        With `--continue-on-error` a program goes on after that, and at its end the engine deletes what the
        program no longer has, the container under its old name among it. A program that fails prevents it.
        It fails when every container of the run has been tried, so that all messages come at once. Under Pulumi's
        mocks there is none that could be lost, and what they make up is not a reason to fail.
        """
        if is_without_engine():
            return
        Run.this().watch(lambda: self._must_be_made(container))

    def once_it_stays(self, container: clouds.Registered, outputs: Any) -> "pulumi.Output[Any]":
        """Hold back what the state is to say of the container, and for good where this run wants another one."""

        async def held() -> Any:
            if not is_without_engine():
                await self.stays(await self._properties(container))
            return outputs

        return pulumi.Output.from_input(cast(Any, held()))

    async def _properties(self, container: clouds.Registered) -> dict[str, Any]:
        return {name: await output.future() for name, output in container.properties.items()}

    async def _must_be_made(self, container: clouds.Registered) -> None:
        try:
            await container.resource.urn.future()
            made = await container.resource.id.is_known()
            properties = await self._properties(container)
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
                    f"{self._who} could not be created, so this run deletes nothing: it might delete the container "
                    "that is in the way."
                )


_OTHER_CONTAINER = (
    "It was not changed. Undo the change; or add a second Secret with the new name, let an operator copy the "
    "value, and retire this one (first its retention, then the Secret)."
)
_RETENTION_FIRST = (
    "Nothing was changed. Undo the change, and do it in two runs of pulumi up: first the retention, "
    "then the rest."
)
