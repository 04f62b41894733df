"""The command line as Typer has it: the options before a command, and the commands."""

from typing import Annotated

import typer

import infra_secrets
from infra_secrets.cli.doctor.command import doctor
from infra_secrets.cli.rehearse.command import rehearse


def make() -> typer.Typer:
    """Make the command line."""
    app = typer.Typer(
        name="infra-secrets",
        no_args_is_help=True,
        # Two options that print or install a script for the shell; nothing is installed unasked.
        add_completion=True,
        pretty_exceptions_enable=False,  # a traceback quotes local variables
    )
    app.callback()(_options)
    app.command()(doctor)
    app.command()(rehearse)
    return app


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"infra-secrets {infra_secrets.__version__}")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_version, help="Print the version."),
    ] = False,
) -> None:
    """Secrets whose container is code and whose value never is."""
