"""What a check found: plain data, and the exit code that follows. Nothing is looked at here."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from infra_secrets.component.settings import Variable
from infra_secrets.errors import (
    AccessError,
    DeniedError,
    MissingExtraError,
    ThrottledError,
    UnreachableError,
)

State = Literal["fine", "note", "fix", "unknown"]
"""All is well; worth knowing; to be fixed by a person; could not be looked at."""

# Out of reach for a reason that is on this side: whom it trusts, or which network it is in.
_OUT_OF_ORDER = re.compile("out of order|in its place")
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
    answered: bool | None = None
    """Whether anything came back from the network; None where nothing was asked of it."""


def trouble(
    check: str,
    subject: str,
    error: AccessError | MissingExtraError,
    addresses: Sequence[Variable] = (),
) -> Finding:
    """Make a finding of what a cloud's client refused.

    Args:
        check: What was looked at.
        subject: Whose.
        error: What it refused.
        addresses: Variables by which a person can send it elsewhere: that nobody answers there is no outage.
    """
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
    answered = True if isinstance(error, DeniedError | ThrottledError) else None
    if isinstance(error, UnreachableError):
        answered = bool(_OUT_OF_ORDER.search(error.found))
    elsewhere = next((each for each in addresses if outage and _names(each, error.found)), None)
    if elsewhere is not None and not answered:
        return Finding(
            check=check,
            subject=subject,
            state="fix",
            found=error.found.replace(" This is no denial.", ""),
            fix=f"{elsewhere} says that address: correct it, or run: unset {elsewhere}",
            answered=False,
        )
    return Finding(
        check=check,
        subject=subject,
        state="unknown" if outage else "fix",
        found=error.found,
        fix=error.way_out,
        outage=outage,
        answered=answered,
    )


def _names(variable: Variable, found: str) -> bool:
    """Tell whether a variable names the address that a sentence is about."""
    try:
        host = urlsplit(variable.read() or "").hostname
    except ValueError:
        return False
    return (
        bool(host)
        and re.search(rf"(?<![\w.-]){re.escape(host or '')}(?![\w.-])", found) is not None
    )


def exit_code(findings: Iterable[Finding]) -> int:
    """Say how the command ends: 1 with something to fix, else 2 with something that could not be looked at."""
    states = {each.state for each in findings}
    if "fix" in states:
        return TO_FIX
    return COULD_NOT_LOOK if "unknown" in states else 0
