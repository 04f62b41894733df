"""Keeps the accounts of whoever runs a rehearsal from the engine and from the program: no credential is in reach."""

import os
import re
from collections.abc import Mapping
from typing import Final

_SECRETIVE: Final = re.compile(
    r"^(AWS|GOOGLE|GCLOUD|GCP|CLOUDSDK|AZURE|ARM|PULUMI|ESC|KUBE|KUBERNETES|VAULT|GITHUB|GH|ACTIONS|CI)"
    r"(_|$|CONFIG)",
)
# What is in the home folder opens accounts, too. A file that nobody has is not looked for elsewhere.
NO_ACCOUNT: Final[Mapping[str, str]] = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AZURE_CONFIG_DIR": "/nonexistent",
    "CLOUDSDK_CONFIG": "/nonexistent",
    "KUBECONFIG": os.devnull,
    "PULUMI_HOME": "/nonexistent",
}
"""Keeps a program that calls a cloud by itself from the accounts of whoever runs it."""


def harmless_environment() -> dict[str, str]:
    """Return this process's environment without anything that opens an account."""
    return {key: value for key, value in os.environ.items() if not is_secretive(key)}


def is_secretive(variable: str) -> bool:
    """Whether an environment variable belongs to a cloud, to Pulumi or to a CI system."""
    return _SECRETIVE.match(variable) is not None
