"""The simulated clouds, one folder each. What lies in this folder is found; nothing lists it."""

import functools

from infra_secrets.testing import facets
from infra_secrets.testing.esc.providers import Provider
from infra_secrets.testing.simulation import SimulatedCloud


def every_cloud() -> list[SimulatedCloud]:
    """Return one new cloud of each kind."""
    return [kind() for kind in _kinds()]


def ordinary_config(cloud: str) -> dict[str, str]:
    """Return stack config that chooses a cloud and says, made up, what its programs must be told.

    Args:
        cloud: `aws`, `azure` or `gcp`; for any other name only the choice is returned.
    """
    needed = {kind.cloud: kind.ordinary_config for kind in _kinds()}
    return {"infra-secrets:cloud": cloud, **needed.get(cloud, {})}


def esc_providers() -> list[Provider]:
    """Return what `fn::open` of an ESC environment can open, of all clouds."""
    return [provider for kind in _kinds() for provider in kind.esc_providers]


def usual_config() -> dict[str, str]:
    """Return what the default providers of all clouds are usually told, and programs read."""
    return {key: text for kind in _kinds() for key, text in kind.usual_config.items()}


@functools.cache
def _kinds() -> tuple[type[SimulatedCloud], ...]:
    modules = map(facets.simulation, facets.folders())
    return tuple(
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, SimulatedCloud)
        and value.__module__ == module.__name__
    )
