"""What the versions of a secret say, as a list of them tells it: their metadata, never a value."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from infra_secrets.clouds import facts_of
from infra_secrets.clouds.azure import MAX_TAGS, UNSET

ENCODING_TAG = (
    "file-encoding"  # az writes there how it encoded a file, and decodes by it (its custom.py)
)
_FIELDS = re.compile(r"fields(?:-(\d+))?")


def present(versions: list[Any]) -> Any:
    """Find the version that a reader gets: the newest. Their order in the list is not promised."""
    return max(versions, key=lambda each: (each.created_on, each.updated_on, each.version))


def state(versions: list[Any]) -> Literal["unset", "set", "disabled"]:
    """Say what a container of these versions is."""
    last = present(versions)
    if last.enabled:
        return "set"
    # The only version of a container and disabled: the placeholder of a package that did not mark it yet.
    return "unset" if last.content_type == UNSET or len(versions) == 1 else "disabled"


def changed(versions: list[Any]) -> datetime | None:
    """When the present value was set: `updated` moves with tags, too, and `created` does not."""
    created: datetime = present(versions).created_on
    return None if state(versions) == "unset" else created


def first(versions: list[Any]) -> datetime | None:
    """When the container was made."""
    return min((each.created_on for each in versions), default=None)


def carried(versions: list[Any]) -> dict[str, str]:
    """Choose the tags for the next version.

    Those of the present one. If it has none of this package, because another tool set it, then the newest that are
    there. Not `file-encoding`: it says how `az` must decode the value that it belongs to.
    """
    tags = {**(present(versions).tags or {})}
    tags.pop(ENCODING_TAG, None)
    if facts_of(tags):
        return tags
    for each in sorted(versions, key=lambda each: each.created_on, reverse=True):
        own = {key: text for key, text in (each.tags or {}).items() if facts_of({key: text})}
        if own and len({**tags, **own}) <= MAX_TAGS + 1:
            return {**tags, **own}
    return tags


def fields(facts: Mapping[str, str]) -> tuple[str, ...]:
    """Read the JSON keys of its value, from the lines that they are written in."""
    lines = sorted(
        (int(match[1] or 1), text)
        for key, text in facts.items()
        if (match := _FIELDS.fullmatch(key))
    )
    return tuple(" ".join(text for _, text in lines).split())


def other(facts: Mapping[str, str]) -> dict[str, str]:
    """Leave out the lines that `fields` reads."""
    return {key: text for key, text in facts.items() if not _FIELDS.fullmatch(key)}
