"""The inventory for a repository: which secrets there are, whose, what for and who may read them, as Markdown.

It changes when the code changes and not from day to day, so no state and no age is in it. `compared` tells whether a
committed one is out of date, and in which containers.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import groupby

from infra_secrets.cli.status.rows import Row
from infra_secrets.cli.status.texts import as_markdown
from infra_secrets.cli.where import in_words

_HEADINGS = (
    "Container", "What it is for", "Owner", "Greatest age", "Fields", "Read by", "Set by", "Declared as"
)  # fmt: skip
_ROW = re.compile(r"(?m)^\| `([a-z0-9/-]+)` \|.*$")
_PLACE = re.compile(r"(?m)^## (.*)$")


def inventory(rows: Sequence[Row], title: str, command: str) -> str:
    """Write the inventory.

    Args:
        rows: The containers; those of no declaration are left to `status` itself.
        title: What it is of.
        command: What writes it anew, as it can be pasted.
    """
    lines = [
        f"# Secrets of {as_markdown(title)}",
        "",
        f"Made by `{command}`; do not edit. No value is here, and none was read.",
        "",
    ]
    listed = sorted(
        (row for row in rows if row.state != "orphan"),
        key=lambda row: (row.cloud, in_words(row.cloud, row.place), row.reference, row.stacks),
    )
    if not listed:
        lines += ["There are none.", ""]
    for place, group in groupby(listed, key=lambda row: in_words(row.cloud, row.place)):
        lines += [f"## {as_markdown(place)}", "", *_table(list(group)), ""]
    if listed:
        lines += [
            "`infra-secrets set CONTAINER` sets a value, `infra-secrets status` says which have one.",
            "",
        ]
    return "\n".join(lines)


def _table(rows: Sequence[Row]) -> Iterator[str]:
    cells = [_cells(row) for row in rows]
    # A column in which nobody has anything is left out, but never the owner: that there is none is worth seeing.
    shown = [
        number
        for number, heading in enumerate(_HEADINGS)
        if heading == "Owner" or any(each[number] for each in cells)
    ]
    for line in (_HEADINGS, ["---"] * len(_HEADINGS), *cells):
        yield f"| {' | '.join(line[number] for number in shown)} |"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        f"`{row.reference}`",
        as_markdown(row.description or ""),
        as_markdown(row.owner or ""),
        "" if row.max_age_days is None else f"{row.max_age_days} days",
        ", ".join(map(as_markdown, row.fields)),
        "<br>".join(map(as_markdown, sorted(row.readers or ()))),
        "<br>".join(map(as_markdown, sorted(row.writers or ()))),
        as_markdown(" in ".join(filter(None, (row.logical_name, row.stacks)))),
    )


def command_for(options: Sequence[str]) -> str:
    """Write the command that prints an inventory, as it can be pasted."""
    return shlex.join(["infra-secrets", "status", "--markdown", *options])


def compared(committed: str, fresh: str) -> list[str]:
    """Say what has changed since an inventory was committed, a line for each container; empty if nothing has.

    What an editor does to a file by itself is no change: a byte order mark, line breaks at the end.
    """
    committed = committed.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    if committed.rstrip() == fresh.rstrip():
        return []
    before, now = _by_name(committed), _by_name(fresh)
    changes = [
        *(f"+ {name}" for name in now if name not in before),
        *(f"- {name}" for name in before if name not in now),
        *(f"~ {name}" for name in now if name in before and before[name] != now[name]),
    ]
    return sorted(changes, key=lambda line: (line[2:], line[0])) or ["~ the text around the list"]


def _by_name(text: str) -> dict[str, list[str]]:
    """Find the rows of each container, with the place they stand under."""
    found: dict[str, list[str]] = {}
    place = ""
    for line in text.splitlines():
        if heading := _PLACE.match(line):
            place = heading[1]
        elif row := _ROW.match(line):
            found.setdefault(row[1], []).append(f"{place}: {line}")
    return found
