"""Adoption: what prevents taking over an existing container with `adopt=`."""

from collections.abc import AsyncIterator

import pulumi

from infra_secrets import clouds
from infra_secrets.component.state import resources_in_state
from infra_secrets.containers.ownership import Ownership
from infra_secrets.errors import SecretArgsError, UnsupportedError


async def objections(ownership: Ownership, adopt: str) -> AsyncIterator[SecretArgsError]:
    """Look who owns the container, before it is registered, and yield what prevents adopting it.

    Args:
        ownership: Of the container.
        adopt: Its full id in its cloud.
    """
    container, wanted = ownership.container, ownership.wanted
    urn, place = await ownership.urn(), container.place_of(adopt)
    where = await ownership.where()
    for part in clouds.differing(where, place):
        yield UnsupportedError(
            f"adopt names a secret in {part} {place[part]!r}, but this Secret would be in {where[part]!r}. Adopt "
            f"the one in {where[part]!r}, or give this Secret a provider for {place[part]!r}: "
            f"opts=ResourceOptions(provider=...)."
        )
        return
    state = await resources_in_state(ownership.cloud.RESOURCE_TYPE)
    if clouds.same_place(container.place((state or {}).get(urn, {})), place):
        return  # it is adopted already
    for other, outputs in (state or {}).items():
        if clouds.same_place(container.place(outputs), place):
            yield SecretArgsError(
                f"adopt names a container that this stack already has, and adopting it would delete it. "
                f"{ownership.ours(other, urn)} Remove adopt=."
            )
            return
    existing = await ownership.seen(place)
    if existing is None:
        return  # what cannot be seen cannot be imported either: the provider says why
    whose = existing.facts.get("stack")
    asked = state is not None or pulumi.runtime.is_dry_run()
    mine = whose == wanted.stack and asked
    if whose is None and not asked and wanted.adopt_from != wanted.stack:
        yield SecretArgsError(ownership.unasked(existing))
    if whose not in (None, wanted.adopt_from):
        if not mine:
            yield SecretArgsError(ownership.theirs(existing, urn))
        elif ownership.was_replaced(existing, state or {}):
            yield SecretArgsError(ownership.waiting(existing))
    for said in container.adopting(existing, wanted):
        if isinstance(said, SecretArgsError):
            yield said
        else:
            pulumi.log.warn(f'Secret("{wanted.logical_name}"): {said}', ownership.component)
