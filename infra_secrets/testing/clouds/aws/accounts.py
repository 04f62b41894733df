"""What logs in to AWS: kept away from the engine and from a rehearsed program."""

import os
from collections.abc import Mapping
from typing import Final

VARIABLES: Final = ("AWS",)
"""Beginnings of its environment variables."""
NONE: Final[Mapping[str, str]] = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
"""With these no login is found."""
