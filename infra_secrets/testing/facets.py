"""What each simulated cloud says of itself: the modules of its folder, found by their name when they are used.

The folder itself is the simulation. Beside it may be `computed` (how the cloud writes ids, addresses and names) and
`accounts` (what logs in there). Whoever asks names a facet and no cloud.
"""

import importlib
import importlib.util
import pkgutil
from types import ModuleType
from typing import Final

_CLOUDS: Final = "infra_secrets.testing.clouds"
"""By name, because what asks lies below it."""


def folders() -> list[str]:
    """List the clouds' folders."""
    clouds = importlib.import_module(_CLOUDS)
    return sorted(each.name for each in pkgutil.iter_modules(clouds.__path__) if each.ispkg)


def simulation(folder: str) -> ModuleType:
    """Load the simulation of a cloud."""
    return importlib.import_module(f"{_CLOUDS}.{folder}")


def each(facet: str) -> list[ModuleType]:
    """Load a facet of every cloud that has it."""
    names = [f"{_CLOUDS}.{folder}.{facet}" for folder in folders()]
    return [importlib.import_module(name) for name in names if importlib.util.find_spec(name)]
