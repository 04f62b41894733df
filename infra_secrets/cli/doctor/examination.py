"""Which checks the doctor makes, and what is shown of them as they end."""

import functools
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from infra_secrets import clouds
from infra_secrets.cli.doctor import deadlines, esc, machine
from infra_secrets.cli.doctor.access import Access, As
from infra_secrets.cli.doctor.backend import Backend, Pulumi
from infra_secrets.cli.doctor.findings import Finding, exit_code
from infra_secrets.cli.doctor.outage import explained
from infra_secrets.cli.doctor.report import as_json, conclude, show
from infra_secrets.cli.doctor.running import Check, Started
from infra_secrets.cli.doctor.stack import Stack
from infra_secrets.cli.rehearse.report import console
from infra_secrets.cli.stacks import Project
from infra_secrets.cli.where import Named, refuse_nonsense
from infra_secrets.errors import InfraSecretsError


class DoctorError(InfraSecretsError):
    """What was asked for makes no sense; nothing was looked at."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How an examination ended."""

    code: int
    """The exit code."""
    busy: bool
    """Whether a check still runs, which nobody waits for any more."""


def examine(named: Named, expected: As | None, seconds: float, *, quiet: bool, json: bool) -> Ended:
    """Make every check, and show what comes of it.

    Args:
        named: What the person named.
        expected: What the identity should be: `ci`, `service`, or None.
        seconds: How long each check may take.
        quiet: Whether what is fine is left out.
        json: Whether to print JSON, at the end.

    Raises:
        InfraSecretsError: What was named makes no sense.
    """
    # What a library logs is no part of the report; without a handler Python prints its warnings.
    silent = logging.NullHandler()
    logging.getLogger().addHandler(silent)
    try:
        checks = prescribed(named, Path.cwd(), expected, seconds)
        out = console(sys.stdout)
        width = max(len(each.subject) for each in checks)
        findings = []
        started = Started(checks, seconds)
        for each in started.findings():
            findings.append(each)
            if not json and not (quiet and each.state == "fine"):
                show(each, out, width)
    finally:
        logging.getLogger().removeHandler(silent)
    known = len(findings)
    findings = explained(findings)
    if json:
        print(as_json(findings))
    else:
        for each in findings[known:]:
            show(each, out, width)
        conclude(findings, out, quiet=quiet)
    return Ended(exit_code(findings), started.busy)


def prescribed(
    named: Named,
    directory: Path,
    expected: As | None,
    seconds: float,
    today: Callable[[], date] = date.today,
) -> list[Check]:
    """List the checks of a command.

    Args:
        named: What the person named.
        directory: Where the command was started.
        expected: What the identity should be: `ci`, `service`, or None.
        seconds: How long each may take.
        today: Which day it is.

    Raises:
        InfraSecretsError: What was named makes no sense.
    """
    refuse_nonsense(named)
    project = None
    if named.stack is not None or named.cloud is None:
        project = Project.find(directory)
    if named.stack is not None and project is None:
        raise DoctorError(
            "--stack needs a Pulumi project, and there is no Pulumi.yaml in this folder or above it. Change to the "
            "project's folder, or name the place: --cloud, --service, --environment."
        )
    pulumi = Pulumi(project.directory if project is not None else directory, seconds)
    stack = Stack(project, named.stack, Backend(pulumi, needed=project is not None))

    def of_pulumi() -> Iterator[Finding]:
        yield from stack.backend.look()
        yield from stack.look()
        yield from esc.look(stack)

    def of_python() -> Iterator[Finding]:
        python = machine.python_deadline()
        yield from deadlines.look("machine", [python] if python else [], {}, today())

    checks = [
        Check(name="machine-network", subject="machine", look=machine.look),
        Check(name="deadline", subject="machine", look=of_python),
    ]
    if named.cloud is None or project is not None:
        checks.append(Check(name="pulumi", subject="pulumi", look=of_pulumi))
    for cloud in clouds.available():
        access = Access(cloud=cloud, named=named, stack=stack, expected=expected)
        ends = functools.partial(access.deadlines, today())
        checks.append(Check(name="cloud-login", subject=cloud, look=access.look))
        checks.append(Check(name="deadline", subject=cloud, look=ends))
    return checks
