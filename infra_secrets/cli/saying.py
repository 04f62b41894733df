"""What a command says beside its result: on standard error, and none of it with `--quiet`, but for errors."""

import contextlib
import sys
from collections.abc import Callable
from typing import Annotated

import typer

_KEY = "infra-secrets.quiet"

Say = Callable[[str], None]
"""Says something to the person that is no result and no error."""


def remember(context: typer.Context, asked: bool) -> bool:
    """Let the option stand before the command or behind it."""
    context.meta[_KEY] = asked or context.meta.get(_KEY, False)
    return bool(context.meta[_KEY])


Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", callback=remember, help="Say only what went wrong, and what was asked for."
    ),
]
"""The option, of a command or of all of them."""


def saying(*, quiet: bool) -> Say:
    """Return what says something, or nothing if it is to be quiet."""
    return (lambda _text: None) if quiet else warn


def warn(text: str) -> None:
    """Say something on standard error, where that is open."""
    if sys.stderr is None:  # closed: `print` would take standard output instead
        return
    with contextlib.suppress(OSError, ValueError):  # the reason would have nowhere to go
        print(text, file=sys.stderr, flush=True)
