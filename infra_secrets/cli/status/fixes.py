"""What a person does about a container's state: one command for each, as it can be pasted."""

import shlex

from infra_secrets import clouds
from infra_secrets.cli.status.rows import Row, Status

ADVICE: dict[Status, str] = {
    "missing": "Make it again",
    "unset": "Set its value",
    "stale": "Set a new value",
    "disabled": "Set a new value",
    "scheduled": "Take it back",
    "orphan": "Declare it (adopt=), or delete it in the cloud",
    "expiring": "Set a new value soon",
}
"""What is to be done, before the command that does it."""


def fix(row: Row, options: str) -> str | None:
    """Say how a container's state is mended; None where there is nothing to do.

    Args:
        row: The container.
        options: What a command about its place takes besides the reference, with a space before it.
    """
    match row.state:
        case "unset" | "stale" | "disabled" | "expiring":
            return f"infra-secrets set {row.reference}{options}"
        case "missing":
            # The state still has one that was made once, so that `up` alone would see nothing to do.
            refresh = " --refresh" if row.id else ""
            return f"pulumi up{refresh} --stack {shlex.quote(row.stack or '')}"
        case "orphan":
            return _adopting(row)
        case "scheduled":
            return clouds.values_of(clouds.load(row.cloud)).restoring(row.name, row.place)
    return None


def _adopting(row: Row) -> str:
    """Say which `adopt=` takes a container over; where its own client does not know that id, how it is made."""
    container = clouds.container(clouds.load(row.cloud))
    if row.id and container.place_of(row.id):
        return f'adopt="{row.id}"'
    return container.to_adopt({**row.place, "name": row.name})
