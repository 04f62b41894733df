"""The `infra-secrets` command: one folder a subcommand.

Typer and Rich come with the extra `cli`, and nothing here is imported by what users deploy.
"""

import contextlib
import importlib.util
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from infra_secrets.errors import InfraSecretsError, MissingExtraError

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
        import infra_secrets.cli.app  # noqa: F401 (what it needs may not be installed)
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
    raise SystemExit(_run(sys.argv[1:] if arguments is None else arguments))


def _run(arguments: Sequence[str]) -> int:
    """Run it, and return the exit code: what nobody foresaw is none of those that mean something else."""
    from infra_secrets.cli.app import make
    from infra_secrets.cli.saying import warn
    from infra_secrets.cli.usage import in_words

    # Where it was closed, the next file that is opened must not take its place.
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (for as long as the process lives)
    try:
        code = make(arguments)(arguments, standalone_mode=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        warn("Interrupted.")
        return INTERRUPTED
    except InfraSecretsError as error:
        warn(f"Error: {error}")
    except OSError as error:
        # Nothing more can be written there, also not when the process ends.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        warn(f"Error: This could not be read or written: {os.strerror(error.errno or 0)}.")
    except Exception as error:  # noqa: BLE001 (its text may hold a value: it is not shown)
        warn(in_words(error) or _unexpected(error))
    except SystemExit as end:  # Typer and Rich end so with 1 when nobody reads on
        return USAGE_ERROR if end.code == 1 else int(end.code or 0)
    else:
        return code if isinstance(code, int) else 0
    return USAGE_ERROR


def _unexpected(error: Exception) -> str:
    """Describe an error that nobody foresaw, without what it says."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"Error: {type(error).__name__} was not expected, in {Path(last.filename).name} at line {last.lineno}; what it "
        "says is not shown, because it may hold a value. Please report it."
    )


def end_at_once() -> NoReturn:
    """End after Ctrl-C, although a thread may still be busy with what nobody waits for any more."""
    print("Interrupted.", file=sys.stderr)
    leave(INTERRUPTED)


def leave(code: int) -> NoReturn:
    """End with an exit code, although a thread is busy: Python would wait for those of a `ThreadPoolExecutor`."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # nobody reads it any more
            stream.flush()
    os._exit(code)


def _need(*libraries: str) -> None:
    """Look for libraries, so that one sentence says what is missing; to import them takes long."""
    for library in libraries:
        if importlib.util.find_spec(library) is None:
            raise ModuleNotFoundError(name=library)
