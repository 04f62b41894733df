"""How a refusal is shown: once, and only as its message."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pulumi

from infra_secrets.errors import InfraSecretsError


@contextmanager
def one_clear_message() -> Iterator[None]:
    """Let Pulumi print a refusal as its message alone.

    Any other exception is printed with a traceback, which quotes the lines of the program: a value that
    somebody wrote there would be in the log.
    """
    try:
        yield
    except InfraSecretsError as error:
        if not isinstance(error, pulumi.RunError):
            error.__class__ = type(
                type(error).__name__,
                (type(error), pulumi.RunError),
                {"__module__": type(error).__module__},
            )
        raise error.with_traceback(None) from None


def _is_told(record: logging.LogRecord) -> bool:
    """Whether asyncio is to log something: not a refusal, which is raised where the program or test is waited for."""
    return not (record.exc_info and isinstance(record.exc_info[1], InfraSecretsError))


def say_refusals_once() -> None:
    """Let a test under mocks that expects a refusal end without the tracebacks of all that waited for it.

    A refused resource has a dozen outputs, each of which fails. For programs Pulumi silences asyncio as a whole
    (pulumi-language-python-exec).
    """
    logging.getLogger("asyncio").addFilter(_is_told)
