"""What the shell is offered for a reference: what the project's stack declares, or else what is in the cloud.

Deliberately silent: whatever goes wrong while somebody presses Tab, nothing is offered.
"""

import typer

from infra_secrets.cli.where import Named, Where, find, parts_of_places


def complete_references(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the references, and in a project the logical names, that begin with what was typed."""
    given = context.params
    try:
        where = find(
            Named(
                place={part: given[part] for part in parts_of_places() if given.get(part)},
                cloud=given.get("cloud"),
                service=given.get("service"),
                environment=given.get("environment"),
                stack=given.get("stack"),
            )
        )
        return sorted(each for each in _known(where, incomplete) if each.startswith(incomplete))
    except Exception:  # noqa: BLE001 (an error would be written into the line that is typed)
        return []


def _known(where: Where, incomplete: str) -> list[str]:
    if where.project is not None:
        references = [each.name.reference for each in where.declared]
        return [*references, *(each.logical_name for each in where.declared)]
    service, slash, rest = incomplete.partition("/")
    if not slash or where.cloud is None:
        return []  # a listing of everything would take too long
    from infra_secrets import clouds

    environment = rest.partition("/")[0] if "/" in rest else None
    client = clouds.connect(clouds.load(where.cloud), where.place)
    try:
        return [each.name.reference for each in client.listing(service, environment, deleted=False)]
    finally:
        client.close()
