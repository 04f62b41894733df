"""`infra-secrets doctor`: what the command takes, which checks it runs, and the exit code that it ends with."""

import functools
import logging
import sys
from collections.abc import Callable, Iterator
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from infra_secrets import clouds
from infra_secrets.cli import INTERRUPTED, USAGE_ERROR
from infra_secrets.cli.doctor import deadlines, esc, machine
from infra_secrets.cli.doctor.access import Access, As
from infra_secrets.cli.doctor.backend import Backend, Pulumi
from infra_secrets.cli.doctor.findings import Finding, exit_code
from infra_secrets.cli.doctor.report import as_json, conclude, show
from infra_secrets.cli.doctor.running import Check, run
from infra_secrets.cli.doctor.stack import Stack
from infra_secrets.cli.rehearse.report import console
from infra_secrets.cli.saying import Quiet
from infra_secrets.cli.stacks import Project
from infra_secrets.cli.where import Named, refuse_nonsense
from infra_secrets.errors import InfraSecretsError

SECONDS = 30.0
EXAMPLES = (
    "infra-secrets doctor",
    "infra-secrets doctor --stack production --as ci",
    "infra-secrets doctor --quiet --json",
)


class _As(StrEnum):
    ci = "ci"
    service = "service"


class DoctorError(InfraSecretsError):
    """What was asked for makes no sense; nothing was looked at."""


def doctor(
    expected: Annotated[
        _As | None,
        typer.Option(
            "--as",
            help="What this identity should be: `ci` may create containers and read no value, `service` may read its "
            "own and create none.",
        ),
    ] = None,
    *,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds that each check may take; they run side by side.")
    ] = SECONDS,
    quiet: Quiet = False,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    named: Named,
) -> None:
    """Say what stands between you and a working `pulumi up` or a read: one line each, and how to fix it.

    It reads no value and changes nothing. Exit code: 0 when nothing is to be fixed, 1 when something is, 2 when
    something could not be looked at, as in an outage.
    """
    # What a library logs is no part of the report; without a handler Python prints its warnings.
    silent = logging.NullHandler()
    logging.getLogger().addHandler(silent)
    try:
        checks = prescribed(named, Path.cwd(), expected.value if expected else None, timeout)
        out = console(sys.stdout)
        width = max(len(each.subject) for each in checks)
        findings = []
        for each in run(checks, timeout):
            findings.append(each)
            if not json and not (quiet and each.state == "fine"):
                show(each, out, width)
    except InfraSecretsError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise typer.Exit(USAGE_ERROR) from None
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        logging.getLogger().removeHandler(silent)
    if json:
        print(as_json(findings))
    else:
        conclude(findings, out, quiet=quiet)
    raise typer.Exit(exit_code(findings))


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
