"""Two `Secret`s of one program that would be one container."""

from collections.abc import Mapping
from typing import Any

import pulumi

from infra_secrets.clouds import Cloud, Wanted
from infra_secrets.component.run import Run


def take_name(
    cloud: Cloud,
    wanted: Wanted,
    given: Mapping[str, Any],
    opts: pulumi.ResourceOptions | None,
) -> None:
    """Take a container's name for one `Secret`.

    Raises:
        CollisionError: Another one of this run has taken it.
    """
    # An output counts as the object that was given: two secrets that have the same are in one place.
    where = tuple(
        item.lower() if isinstance(item, str) else given[setting]
        for setting, item in wanted.settings.items()
    )
    container = (
        cloud.RESOURCE_TYPE,
        wanted.spelled,
        where,
        _explicit_provider(cloud.RESOURCE_TYPE, opts),
    )
    run = Run.this()
    run.names.claim(
        container,
        owner=wanted.logical_name,
        spelled=wanted.spelled,
        two_tests=run.may_be_two,
    )


def _explicit_provider(
    resource_type: str, opts: pulumi.ResourceOptions | None
) -> pulumi.ProviderResource | None:
    """Tell accounts and regions apart, which only a provider knows: the same name may stand in two of them."""
    if opts is None:
        return None
    package = resource_type.split(":", maxsplit=1)[0]
    providers = opts.providers or []
    given = list(providers.values()) if isinstance(providers, Mapping) else list(providers)
    if opts.provider is not None:
        given.append(opts.provider)
    for provider in given:
        if provider.package == package:
            return provider
    return opts.parent.get_provider(resource_type) if opts.parent is not None else None
