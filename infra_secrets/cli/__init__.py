"""The `infra-secrets` command: one module a subcommand.

Typer and Rich come with the extra `cli`, and nothing here is imported by what users deploy.
"""

import signal
import sys
from collections.abc import Sequence

from infra_secrets.errors import MissingExtraError

USAGE_ERROR = 2
"""Exit code for what was typed wrong, or is not installed: nothing was run."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and end the process with its exit code.

    Args:
        arguments: What follows the command's name; by default this process's own.
    """
    try:
        import rich  # noqa: F401 (looked for here, so that one sentence says what is missing)
        import typer

        from infra_secrets.cli.rehearse import rehearse
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in {"rich", "typer"}:
            raise
        print(MissingExtraError(f"The command line ({missing.name})", "cli"), file=sys.stderr)
        raise SystemExit(USAGE_ERROR) from None
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show
    # Whoever ends the command politely gets the same clean end as with Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    app = typer.Typer(
        name="infra-secrets",
        help="Secrets whose container is code and whose value never is.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,  # a traceback quotes local variables
    )
    app.callback()(_version)
    app.command()(rehearse)
    app(arguments)


def _version() -> None:
    """Secrets whose container is code and whose value never is."""
