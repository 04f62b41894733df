"""The `infra-secrets` command: one folder a subcommand.

Typer and Rich come with the extra `cli`, and nothing here is imported by what users deploy.
"""

import importlib.util
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from infra_secrets.errors import MissingExtraError

USAGE_ERROR = 2
"""Exit code for what was typed wrong, or is not installed: nothing was run."""
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and end the process with its exit code.

    Args:
        arguments: What follows the command's name; by default this process's own.
    """
    try:
        _need("detect_secrets", "rich")
        from infra_secrets.cli.app import make
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in {"detect_secrets", "rich", "typer"}:
            raise
        print(MissingExtraError(f"The command line ({missing.name})", "cli"), file=sys.stderr)
        raise SystemExit(USAGE_ERROR) from None
    except KeyboardInterrupt:  # while the libraries load, before a subcommand takes care of it
        print("Interrupted.", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show
    # Whoever ends the command politely gets the same clean end as with Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        make(sys.argv[1:] if arguments is None else arguments)(arguments)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    except SystemExit as ended:
        # Typer ends in silence after an interrupt that no subcommand took care of.
        if isinstance(getattr(ended.__context__, "__cause__", None), KeyboardInterrupt):
            print("Interrupted.", file=sys.stderr)
        raise


def end_at_once() -> NoReturn:
    """End after Ctrl-C, although a thread may still be busy with what nobody waits for any more."""
    print("Interrupted.", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)


def _need(*libraries: str) -> None:
    """Look for libraries, so that one sentence says what is missing; to import them takes long."""
    for library in libraries:
        if importlib.util.find_spec(library) is None:
            raise ModuleNotFoundError(name=library)
