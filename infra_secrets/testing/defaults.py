"""What is simulated where a test says nothing else: one cloud of each kind, and a cluster; and what is echoed in a way
of its own.
"""

from collections.abc import Mapping
from typing import cast

from infra_secrets.testing.clouds import every_cloud
from infra_secrets.testing.cluster.kubernetes import SimulatedKubernetes
from infra_secrets.testing.cluster.manifests import ManifestEcho
from infra_secrets.testing.computed.dynamic import DYNAMIC, DynamicEcho
from infra_secrets.testing.computed.echoed import Echo
from infra_secrets.testing.internals import Declared
from infra_secrets.testing.simulation import SimulatedCloud


def simulated_clouds(cluster: SimulatedKubernetes | None = None) -> list[SimulatedCloud]:
    """Return one new cloud of each kind, and a cluster: a new one by default."""
    # The cluster is not a secrets manager, but answers what a test asks of one.
    return [*every_cloud(), cast("SimulatedCloud", cluster or SimulatedKubernetes())]


def echoes_of(declared: Declared) -> Mapping[str, Echo]:
    """Return what is made of what no simulation knows, for the packages that have their own way.

    Args:
        declared: What dynamic resources declare beyond their inputs.
    """
    return {**dict.fromkeys(DYNAMIC, DynamicEcho(declared)), "kubernetes": ManifestEcho()}
