"""The simulated clouds, one folder each. What lies in this folder is found; nothing lists it."""

import functools
import importlib
import pkgutil

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
    needed = {kind.__module__.rpartition(".")[2]: kind.ordinary_config for kind in _kinds()}
    return {"infra-secrets:cloud": cloud, **needed.get(cloud, {})}


def esc_providers() -> list[Provider]:
    """Return what `fn::open` of an ESC environment can open, of all clouds."""
    return [provider for kind in _kinds() for provider in kind.esc_providers]


@functools.cache
def _kinds() -> tuple[type[SimulatedCloud], ...]:
    modules = [
        importlib.import_module(f"{__name__}.{module.name}")
        for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name)
    ]
    return tuple(
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, SimulatedCloud)
        and value.__module__ == module.__name__
    )
