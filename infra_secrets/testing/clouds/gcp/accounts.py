"""What logs in to Google Cloud: kept away from the engine and from a rehearsed program."""

from collections.abc import Mapping
from typing import Final

VARIABLES: Final = ("GOOGLE", "GCLOUD", "GCP", "CLOUDSDK")
"""Beginnings of its environment variables."""
NONE: Final[Mapping[str, str]] = {
    "CLOUDSDK_CONFIG": "/nonexistent",
}
"""With these no login is found."""
