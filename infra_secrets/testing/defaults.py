"""What is simulated where a test says nothing else: one cloud of each kind, and a cluster."""

from infra_secrets.testing.clouds import every_cloud
from infra_secrets.testing.cluster.kubernetes import SimulatedKubernetes
from infra_secrets.testing.simulation import SimulatedProvider


def simulated_clouds(cluster: SimulatedKubernetes | None = None) -> list[SimulatedProvider]:
    """Return one new cloud of each kind, and a cluster: a new one by default."""
    return [*every_cloud(), SimulatedKubernetes() if cluster is None else cluster]
