"""`infra-secrets doctor`: what the command takes, and the exit code that it ends with."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from infra_secrets.cli import USAGE_ERROR, end_at_once, leave
from infra_secrets.cli.saying import Quiet
from infra_secrets.cli.where import Named
from infra_secrets.errors import InfraSecretsError

if TYPE_CHECKING:
    from infra_secrets.cli.doctor.access import As

SECONDS = 30.0
EXAMPLES = (
    "infra-secrets doctor",
    "infra-secrets doctor --stack production --as ci",
    "infra-secrets doctor --quiet --json",
)


class _As(StrEnum):
    ci = "ci"
    service = "service"


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
    from infra_secrets.cli.doctor.examination import examine

    asked: As | None = expected.value if expected else None
    try:
        ended = examine(named, asked, timeout, quiet=quiet, json=json)
    except InfraSecretsError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise typer.Exit(USAGE_ERROR) from None
    except KeyboardInterrupt:
        end_at_once()
    if ended.busy:
        leave(ended.code)
    raise typer.Exit(ended.code)
