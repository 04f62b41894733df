"""Deadlines: what ends on a day that is known, and whether something here depends on it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from infra_secrets.cli.doctor.findings import Finding
from infra_secrets.clouds import Deadline

NEAR = timedelta(days=180)
"""From when on it is worth a note."""
SOON = timedelta(days=30)
"""From when on somebody must act."""


def look(
    subject: str, deadlines: Iterable[Deadline], config: Mapping[str, str], today: date
) -> Iterator[Finding]:
    """Judge deadlines by the day: a note when one is near, something to fix when it is soon or past.

    Args:
        subject: Whose they are.
        deadlines: What ends.
        config: The stack's plain config, by key.
        today: The day.
    """
    for each in deadlines:
        affected = each.affected(config)
        if affected is None:
            continue
        left = each.day - today
        days = "today" if not left else f"in {left.days} day{'s' * (left.days != 1)}"
        over = left < timedelta()
        until = f"ended on {each.day}" if over else f"end on {each.day}, {days}"
        fine = left > NEAR
        yield Finding(
            check="deadline",
            subject=subject,
            state="fine" if fine else "note" if left > SOON else "fix",
            found=f"{affected} {each.what} {until} ({each.source}).",
            fix="" if fine else each.way_out,
        )
