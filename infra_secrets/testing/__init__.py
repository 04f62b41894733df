"""What a user's own tests import: recording, rehearsal, simulated clouds and the leak canary.

`Recording` runs a program under mocks in milliseconds and shows every registration as plain data.
`Rehearsal` runs it on the real engine over simulated clouds in half a second. `Canary` is a made-up
value that is looked for in everything that either of them sees. The pytest fixtures `recording`,
`rehearsal` and `canary` come with the package (`plugin.py`).

Names are loaded when they are first used: importing this package imports neither Pulumi nor gRPC.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra_secrets.testing.canary import Canary, LeakError, Sighting
    from infra_secrets.testing.clouds import ordinary_config
    from infra_secrets.testing.clouds.aws import SimulatedAws
    from infra_secrets.testing.clouds.azure import SimulatedAzure
    from infra_secrets.testing.clouds.gcp import SimulatedGcp
    from infra_secrets.testing.cluster.kubernetes import SimulatedKubernetes
    from infra_secrets.testing.cluster.rollouts import Dangling, Rollout
    from infra_secrets.testing.defaults import simulated_clouds
    from infra_secrets.testing.engine.command import EngineMissingError
    from infra_secrets.testing.esc import EscError
    from infra_secrets.testing.recording import NoSuchRegistrationError, Recording, Registration
    from infra_secrets.testing.rehearsal import Diagnostic, EngineError, Rehearsal, Run, Step
    from infra_secrets.testing.simulation import (
        CloudError,
        NoSuchSecretError,
        Request,
        Rule,
        SimulatedCloud,
    )
    from infra_secrets.testing.values import UNKNOWN, SecretValue

_MODULES = {
    "Canary": "canary",
    "CloudError": "simulation",
    "Dangling": "cluster.rollouts",
    "Diagnostic": "rehearsal",
    "EngineError": "rehearsal",
    "EngineMissingError": "engine.command",
    "EscError": "esc",
    "LeakError": "canary",
    "NoSuchRegistrationError": "recording",
    "NoSuchSecretError": "simulation",
    "Recording": "recording",
    "Registration": "recording",
    "Rehearsal": "rehearsal",
    "Request": "simulation",
    "Rollout": "cluster.rollouts",
    "Rule": "simulation",
    "Run": "rehearsal",
    "SecretValue": "values",
    "Sighting": "canary",
    "SimulatedAws": "clouds.aws",
    "SimulatedAzure": "clouds.azure",
    "SimulatedCloud": "simulation",
    "SimulatedGcp": "clouds.gcp",
    "SimulatedKubernetes": "cluster.kubernetes",
    "Step": "rehearsal",
    "UNKNOWN": "values",
    "ordinary_config": "clouds",
    "simulated_clouds": "defaults",
}

__all__ = [
    "UNKNOWN",
    "Canary",
    "CloudError",
    "Dangling",
    "Diagnostic",
    "EngineError",
    "EngineMissingError",
    "EscError",
    "LeakError",
    "NoSuchRegistrationError",
    "NoSuchSecretError",
    "Recording",
    "Registration",
    "Rehearsal",
    "Request",
    "Rollout",
    "Rule",
    "Run",
    "SecretValue",
    "Sighting",
    "SimulatedAws",
    "SimulatedAzure",
    "SimulatedCloud",
    "SimulatedGcp",
    "SimulatedKubernetes",
    "Step",
    "ordinary_config",
    "simulated_clouds",
]


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
