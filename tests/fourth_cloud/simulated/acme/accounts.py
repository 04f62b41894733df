"""What logs in to Acme: kept from the engine and from a rehearsed program."""

from collections.abc import Mapping
from typing import Final

VARIABLES: Final = ("ACME",)
"""Beginnings of its environment variables."""
NONE: Final[Mapping[str, str]] = {"ACME_CONFIG": "/nonexistent"}
"""With these no login is found."""
