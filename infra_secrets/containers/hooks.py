"""What the engine calls before and after it creates or changes a container: one hook of a kind serves a whole run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from infra_secrets import clouds
from infra_secrets.clouds import Cloud
from infra_secrets.component.internals import Later
from infra_secrets.component.run import Run
from infra_secrets.errors import InfraSecretsError

if TYPE_CHECKING:
    from infra_secrets.containers.claim import Claim


@dataclass(frozen=True)
class Hooks:
    """The hooks of one run."""

    run: Run

    def all(self) -> dict[str, Later]:
        """Find or make them, each by its kind in `pulumi.ResourceHookBinding`."""
        in_previews = pulumi.ResourceHookOptions(on_dry_run=True)
        hook = self.run.hook
        return {
            "before_create": hook(
                pulumi.ResourceHook, "infra-secrets:before-create", self.before_create, in_previews
            ),
            "before_update": hook(
                pulumi.ResourceHook, "infra-secrets:before-update", self.before_update, in_previews
            ),
            "on_error": hook(pulumi.ErrorHook, "infra-secrets:way-out", self.on_error),
        }

    def _claim(self, urn: str) -> "Claim | None":
        return self.run.containers.get(urn)

    async def before_create(self, args: pulumi.ResourceHookArgs) -> None:
        """Refuse a creation that could cost a value."""
        claim = self._claim(args.urn)
        if claim is None:  # no hook is bound to anything else
            message = f'Secret("{args.name}"): its URN {args.urn!r} is not the expected one.'
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
        """Refuse that the container becomes another one."""
        claim = self._claim(args.urn)
        if claim is not None:
            await claim.stays(await _plain(args.new_inputs))

    async def on_error(self, args: pulumi.ErrorHookArgs) -> bool:
        """Add the way out to a cloud's refusal; never try again."""
        claim = self._claim(args.urn)
        cloud = claim.cloud if claim is not None else _cloud_of(args.type)
        if cloud is None:
            return False
        said, container = None, clouds.container(cloud)
        if args.failed_operation == "create":
            inputs = await _plain(args.new_inputs)
            if claim is not None:
                claim.refused = True
                if any(container.ALREADY_EXISTS in failure for failure in args.errors):
                    said = await claim.whose(args.urn, inputs, self.run.containers)
            if said is None:
                ways_out = (container.way_out(failure, inputs) for failure in args.errors)
                said = next(filter(None, ways_out), None)
        elif args.failed_operation == "update" and container.STATE_RUNS_AHEAD:
            said = _REFRESH
        if said is not None:
            pulumi.log.error(f'Secret("{args.name}"): {said}')
        return False


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


_REFRESH = (
    "the update was refused, but the state may already have the new values, and then the next pulumi up reports an "
    "update and sends nothing. When the cause is fixed: pulumi refresh, then pulumi up"
)
