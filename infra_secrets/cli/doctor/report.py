"""What the doctor's findings look like: a line each for people, JSON for machines. Nothing is judged here."""

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from infra_secrets.cli.doctor.findings import Finding, State, exit_code

_MARKS: dict[State, tuple[str, str]] = {
    "fine": ("ok     ", "green"),
    "note": ("note   ", "yellow"),
    "fix": ("fix    ", "bold red"),
    "unknown": ("unknown", "bold yellow"),
}
_INDENT = " " * 9

STILL_WORKS = (
    "Running pods keep their values: their Secret is in the cluster, whatever a cloud or ESC answers.",
    "ExternalSecrets made by ExternalEnv keep the last Secret (deletionPolicy: Retain), and catch up by themselves.",
    "Where the cloud answers: infra-secrets set REFERENCE --cloud CLOUD, which needs neither Pulumi nor ESC.",
)
DOES_NOT = (
    "While Pulumi or ESC does not answer: pulumi up and pulumi preview of a stack that needs it. Deploy later.",
    "While the cloud does not answer: a service that starts and reads its values there.",
)
NEVER = (
    "Do not write a value into code, a .env file, the stack's config, a variable of CI or a chat: it stays there.",
    "Do not delete or recreate a container, and do not restart pods that run.",
)
PAGE = "https://github.com/infra-secrets/infra-secrets/blob/main/docs/doctor.md#when-a-cloud-or-esc-is-down"


def show(finding: Finding, out: Console, width: int) -> None:
    """Print a finding for people.

    Args:
        finding: What was found.
        out: Where.
        width: Of the longest subject.
    """
    mark, style = _MARKS[finding.state]
    line = Text.assemble((mark, style), f"  {finding.subject:<{width}}  ", finding.found)
    out.print(line, soft_wrap=True)
    if finding.fix:
        out.print(Text(f"{_INDENT}{finding.fix}"), soft_wrap=True)


def conclude(findings: Sequence[Finding], out: Console, *, quiet: bool) -> None:
    """Print what follows from all findings: what to do in an outage, and how many are to be fixed."""
    if any(each.outage for each in findings):
        _outage(out)
    if not quiet:
        out.print()
        out.print(_summary(findings), soft_wrap=True)


def _outage(out: Console) -> None:
    out.print()
    for title, sentences in (
        ("An outage, and no denial. What still works:", STILL_WORKS),
        ("What does not:", DOES_NOT),
        ("What not to do:", NEVER),
    ):
        out.print(title, style="bold", soft_wrap=True)
        for sentence in sentences:
            out.print(f"  - {sentence}", soft_wrap=True, highlight=False)
    out.print(f"More: {PAGE}", soft_wrap=True, highlight=False)


def _summary(findings: Sequence[Finding]) -> str:
    fix = sum(each.state == "fix" for each in findings)
    unknown = sum(each.state == "unknown" for each in findings)
    said = [f"{fix} to fix"] * bool(fix) + [f"{unknown} could not be looked at"] * bool(unknown)
    return f"{', '.join(said)}." if said else "Nothing to fix."


def as_json(findings: Sequence[Finding]) -> str:
    """Write findings as JSON, with what to do and not to do in an outage."""
    outage = any(each.outage for each in findings)
    report: dict[str, Any] = {
        "findings": [
            {
                "check": each.check,
                "subject": each.subject,
                "state": each.state,
                "found": each.found,
                "fix": each.fix or None,
                "outage": each.outage,
            }
            for each in findings
        ],
        "outage": {
            "still_works": [*STILL_WORKS],
            "does_not": [*DOES_NOT],
            "never": [*NEVER],
            "page": PAGE,
        }
        if outage
        else None,
        "exit_code": exit_code(findings),
    }
    return json.dumps(report, indent=2, ensure_ascii=False)
