"""What a check found: plain data, and the exit code that follows. Nothing is looked at here."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from infra_secrets.errors import AccessError, MissingExtraError, UnreachableError

State = Literal["fine", "note", "fix", "unknown"]
"""All is well; worth knowing; to be fixed by a person; could not be looked at."""

# Out of reach for a reason that is on this side: whom it trusts, or which network it is in.
_HERE = re.compile(r"(?i)certificate|SSLError|network in")

TO_FIX = 1
COULD_NOT_LOOK = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report."""

    check: str
    """What was looked at, in kebab-case; stable, for scripts."""
    subject: str
    """Whose: a cloud, `pulumi`, `machine`."""
    state: State
    found: str
    """What was found, in a sentence or two."""
    fix: str = ""
    """What to do about it, mostly with a command."""
    outage: bool = False
    """Whether somebody else's service does not answer or is out of order. This is no denial."""


def trouble(check: str, subject: str, error: AccessError | MissingExtraError) -> Finding:
    """Make a finding of what a cloud's client refused."""
    if isinstance(error, MissingExtraError):
        command = error.with_command("pip install", "infra-secrets").partition("Run: ")[2]
        return Finding(
            check=check,
            subject=subject,
            state="fix",
            found=f"{error.what} is not installed.",
            fix=f"Run: {command}",
        )
    outage = isinstance(error, UnreachableError) and not _HERE.search(error.found)
    return Finding(
        check=check,
        subject=subject,
        state="unknown" if outage else "fix",
        found=error.found,
        fix=error.way_out,
        outage=outage,
    )


def exit_code(findings: Iterable[Finding]) -> int:
    """Say how the command ends: 1 with something to fix, else 2 with something that could not be looked at."""
    states = {each.state for each in findings}
    if "fix" in states:
        return TO_FIX
    return COULD_NOT_LOOK if "unknown" in states else 0
