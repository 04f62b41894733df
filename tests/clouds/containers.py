"""What tests of every cloud look at: its container in a recording, its simulation, its principals."""

from infra_secrets import clouds
from infra_secrets.testing import Recording, Registration, Rehearsal, SimulatedCloud
from infra_secrets.testing.clouds import every_cloud


def container(recording: Recording, cloud: str) -> Registration:
    """Find the one container of a program that has one `Secret`."""
    [found] = recording.of_type(clouds.load(cloud).RESOURCE_TYPE)
    return found


def simulated(rehearsal: Rehearsal, cloud: str) -> SimulatedCloud:
    """Find the simulation of a cloud, which calls it by its Pulumi package."""
    return rehearsal.clouds[clouds.package_of(clouds.load(cloud))]


def simulation(cloud: str) -> SimulatedCloud:
    """Make a simulation of a cloud."""
    package = clouds.package_of(clouds.load(cloud))
    [found] = [each for each in every_cloud() if each.package == package]
    return found


def principals(cloud: str) -> list[str]:
    """List made-up principals that a cloud grants something to."""
    return [*simulation(cloud).principals]
