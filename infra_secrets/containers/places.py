"""Whether a service looks for its containers where the program has them, as far as both say it.

Each cloud says for itself what a place there is. Nothing is registered here.
"""

from typing import TYPE_CHECKING

from infra_secrets import clouds
from infra_secrets.clouds import Cloud, Place

if TYPE_CHECKING:
    from infra_secrets.runtime.settings import SecretSettings


def unknown_parts(settings: "type[SecretSettings]", cloud: Cloud) -> str | None:
    """Say which parts of a place a class of settings names that the cloud does not have; None if it has all."""
    parts = clouds.values_of(cloud).PLACE
    unknown = [part for part in settings.__options__.place if part not in parts]
    if not unknown:
        return None
    return (
        f"{settings.__name__} says {'=, '.join(unknown)}=, and {cloud.SPELLING.title} has no such part of a place: "
        f"{', '.join(parts)}. Leave it out there, or choose the cloud that has it."
    )


def looked_for(settings: "type[SecretSettings]", cloud: Cloud) -> Place:
    """Read where the service looks, as far as its class says it, so that it can be compared."""
    return clouds.container(cloud).looked_for(settings.__options__.place)


def elsewhere(name: str, looked_for: Place, place: Place, *, hidden: bool = False) -> str | None:
    """Say that the service would look in another place; None if it is the same, as far as both are known.

    Args:
        name: The class.
        looked_for: Where its service looks.
        place: Where the program has the containers.
        hidden: Whether that is secret.
    """
    differing = clouds.differing(looked_for, place)
    if not differing:
        return None
    says = ", ".join(f"{part}={looked_for[part]!r}" for part in differing)
    has = ", ".join(f"{part} {place[part]!r}" for part in differing)
    return (
        f"{name} says {says}, and the service looks there; the program has its containers in "
        f"{'another ' + ' and '.join(differing) if hidden else has}. Make both the same, or leave "
        f"{'=, '.join(differing)}= out of the class: then the service's environment says it."
    )
