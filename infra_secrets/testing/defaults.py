"""What is simulated where a test says nothing else: one cloud of each kind, and a cluster."""

from typing import cast

from infra_secrets.testing.clouds import every_cloud
from infra_secrets.testing.cluster.kubernetes import SimulatedKubernetes
from infra_secrets.testing.simulation import SimulatedCloud


def simulated_clouds(cluster: SimulatedKubernetes | None = None) -> list[SimulatedCloud]:
    """Return one new cloud of each kind, and a cluster: a new one by default."""
    # The cluster is no secrets manager, but answers what a test asks of one.
    return [*every_cloud(), cast("SimulatedCloud", cluster or SimulatedKubernetes())]
