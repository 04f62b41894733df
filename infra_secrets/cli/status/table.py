"""A report at a terminal, or in a pipe.

At a terminal the columns follow its width, and a long list shows only what is not simply set. In a pipe there is one
line a container and always the same columns, without colour.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra_secrets.cli.status.fixes import ADVICE
from infra_secrets.cli.status.rows import (
    MEANINGS,
    Refusal,
    Report,
    Row,
    Status,
    in_counts,
    numbered,
    short,
)
from infra_secrets.cli.status.texts import printable

LISTED = 40
"""Containers that a terminal shows whatever their state; of more, only those that are not simply set."""
REFUSALS_SHOWN = 3
"""Refusals of one kind at one place."""
STYLES: dict[Status, str] = {
    "missing": "bold red",
    "unset": "bold red",
    "stale": "bold red",
    "disabled": "bold red",
    "scheduled": "bold red",
    "orphan": "bold yellow",
    "unknown": "bold yellow",
    "expiring": "yellow",
    "set": "green",
}
COMMANDS_SHOWN = 3
"""Commands for one state."""
_GAP = 2
_WIDEST = 32  # of a column that can be folded or left out
_PIPED = (
    "STATE",
    "REFERENCE",
    "AGE",
    "LIMIT",
    "OWNER",
    "CLOUD",
    "PLACE",
    "STACK",
    "READERS",
    "WRITERS",
)
_NONE = "-"


def show(report: Report, out: Console, *, everything: bool = False) -> None:
    """Print a report for people.

    Args:
        report: What was found.
        out: Where. Its width, encoding and colours are followed.
        everything: List every container, however many there are.
    """
    if out.is_terminal:
        _at_a_terminal(report, out, everything=everything)
    else:
        _in_a_pipe(report, out)
    _line(out, in_counts(report), style="bold")
    _advice(report, out)
    _refused(report.refused, out)
    for note in report.notes:
        _line(out, "")
        _line(out, f"Note: {printable(note)}")


# The list ---------------------------------------------------------------------------------------------


def _at_a_terminal(report: Report, out: Console, *, everything: bool) -> None:
    _line(out, f"{printable(report.subject)}, {report.now:%Y-%m-%d %H:%M} UTC", style="dim")
    _line(out, "")
    rows = report.rows
    if not everything and len(rows) > LISTED:
        rows = tuple(row for row in rows if row.state != "set")
    if rows:
        out.print(_table(rows, report, out))
    left = len(report.rows) - len(rows)
    if left:
        _line(out, f"{numbered(left)} more, which are set: --all lists them.", style="dim")
    if report.rows:
        _line(out, "")


def _table(rows: Sequence[Row], report: Report, out: Console) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    for heading, cells in _columns(rows, report, out):
        right = heading in ("Age", "Limit")
        table.add_column(
            heading,
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=right or heading == "State",
            max_width=max(len(heading), *map(len, cells)) if right else None,
        )
    columns = [cells for _, cells in _columns(rows, report, out)]
    for row, cells in zip(rows, zip(*columns, strict=True), strict=True):
        state, *others = cells
        table.add_row(Text(state, STYLES[row.state]), *map(Text, others))
    return table


def _columns(
    rows: Sequence[Row], report: Report, out: Console
) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the columns that have something to say, the most important first, as long as there is room."""
    ascii_only = _ascii(out)
    several = len({(row.cloud, short(row.place)) for row in report.rows}) > 1
    stacks = len({row.stacks for row in report.rows}) > 1
    marks = {state: each.plain if ascii_only else each.mark for state, each in MEANINGS.items()}
    at_least = ">= " if ascii_only else "≥ "
    room = out.width
    for needed, heading, cells in (
        (True, "State", [f"{marks[row.state]} {row.state}" for row in rows]),
        (True, "Container", [row.reference for row in rows]),
        (True, "Age", [_age(row, report, at_least) for row in rows]),
        (False, "Limit", [_days(row.max_age_days) for row in rows]),
        (False, "Owner", [row.owner or "" for row in rows]),
        (False, "Where", [f"{row.cloud}, {short(row.place)}" if several else "" for row in rows]),
        (False, "Stack", [row.stacks if stacks else "" for row in rows]),
        (False, "Read by", [_principals(row.readers) for row in rows]),
        (False, "Set by", [_principals(row.writers) for row in rows]),
    ):
        shown = [printable(cell) for cell in cells]
        wide = max(map(len, (heading, *shown))) + _GAP
        room -= wide if needed else min(wide, _WIDEST)
        if needed or (room >= 0 and any(shown)):
            yield heading, shown
        elif any(shown):
            return
        else:
            room += min(wide, _WIDEST)


def _in_a_pipe(report: Report, out: Console) -> None:
    if not report.rows:
        return
    lines = [_PIPED, *(_cells(row, report) for row in report.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        _line(out, "  ".join(map(str.ljust, line, widths)).rstrip())
    _line(out, "")


def _cells(row: Row, report: Report) -> tuple[str, ...]:
    cells = (
        row.state,
        row.reference,
        _age(row, report, at_least=">=").replace(" ", "") or _NONE,
        _days(row.max_age_days).replace(" ", "") or _NONE,
        row.owner or _NONE,
        row.cloud,
        short(row.place) or _NONE,
        row.stacks.replace(" ", "") or _NONE,
        ",".join(row.readers or ()) or _NONE,
        ",".join(row.writers or ()) or _NONE,
    )
    return tuple(printable(cell) for cell in cells)


def _age(row: Row, report: Report, at_least: str) -> str:
    days = row.age_days(report.now)
    if days is None:
        return ""
    return f"{'' if row.changed_exactly else at_least}{_days(days)}"


def _days(days: int | None) -> str:
    return "" if days is None else f"{days} d"


def _principals(names: tuple[str, ...] | None) -> str:
    """Name the first one in short, and how many more there are."""
    if not names:
        return ""
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    return f"{names[0].rpartition(':')[2]}{more}"


# What follows -----------------------------------------------------------------------------------------


def _advice(report: Report, out: Console) -> None:
    """Say for each state that is not fine what it means and what to do: one command, as it can be pasted."""
    kinds = [state for state in report.counts() if state in ADVICE]
    if not kinds:
        return
    _line(out, "")
    for state in kinds:
        fixes = list(dict.fromkeys(row.fix for row in report.of(state) if row.fix))
        advice = f" ({MEANINGS[state].text}). {ADVICE[state]}{':' if fixes else '.'}"
        out.print(Text.assemble((state, STYLES[state]), advice), soft_wrap=True)
        for each in fixes[:COMMANDS_SHOWN]:
            _line(out, f"  {each}")
        if len(fixes) > COMMANDS_SHOWN:
            _line(out, f"  and {len(fixes) - COMMANDS_SHOWN:,} more")


def _refused(refused: Sequence[Refusal], out: Console) -> None:
    if not refused:
        return
    _line(out, "")
    _line(out, "Could not look everywhere:", style="bold yellow")
    for _, group in groupby(refused, key=lambda each: (each.kind, each.cloud, each.place)):
        same = list(group)
        for each in same[:REFUSALS_SHOWN]:
            _line(out, f"  {each.subject}: {each.kind}. {each.found} {each.way_out}")
        if len(same) > REFUSALS_SHOWN:
            _line(out, f"  and {len(same) - REFUSALS_SHOWN:,} more of this kind; --json lists them")


def _line(out: Console, text: str, style: str = "") -> None:
    out.print(Text(text), style=style, soft_wrap=True)


def _ascii(out: Console) -> bool:
    """Whether the terminal cannot show every sign."""
    return not out.encoding.lower().startswith("utf")
