"""What logs in to Azure: kept away from the engine and from a rehearsed program."""

from collections.abc import Mapping
from typing import Final

VARIABLES: Final = ("AZURE", "ARM")
"""Beginnings of its environment variables."""
NONE: Final[Mapping[str, str]] = {
    "AZURE_CONFIG_DIR": "/nonexistent",
}
"""With these no login is found."""
