"""What is refused, and how a place in a definition is written."""

import json

from infra_secrets.errors import InfraSecretsError

Where = tuple[str | int, ...]
"""A place in a document: names and indices."""


class EscError(InfraSecretsError, ValueError):
    """A definition that ESC refuses, or that this fake cannot evaluate."""


class EscOpenError(EscError):
    """An environment cannot be opened: a secrets manager has no value for it."""


class RefusedError(Exception):
    """What is wrong with a value, from code that does not know where it is.

    Attributes:
        inside: The place inside the value.
    """

    def __init__(self, problem: str, inside: Where = ()) -> None:
        super().__init__(problem)
        self.inside = inside


class UnreadableError(RefusedError):
    """A secrets manager has no value."""


def shown(at: Where) -> str:
    """Return a place as a reference would be written."""
    text = ""
    for part in at:
        if isinstance(part, int):
            text += f"[{part}]"
        elif "." in part or ":" in part:
            text += f"[{json.dumps(part)}]"
        else:
            text += f".{part}" if text else part
    return text
