"""Keeps the accounts of whoever runs a rehearsal away from the engine and the program: no credential is in reach."""

import functools
import os
import re
from collections.abc import Mapping
from typing import Final

from infra_secrets.testing import facets

# Beginnings of variables; those of a cloud are said by its facet `accounts`.
_BEGINNINGS: Final = (
    *("PULUMI", "ESC", "KUBE", "KUBERNETES", "VAULT", "GITHUB", "GH", "ACTIONS", "CI"),
)
_NO_ACCOUNT: Final[Mapping[str, str]] = {
    "KUBECONFIG": os.devnull,
    "PULUMI_HOME": "/nonexistent",
}


@functools.cache
def no_account() -> Mapping[str, str]:
    """Return variables that keep a program which calls a cloud by itself from the accounts of whoever runs it.

    What is in the home folder opens accounts, too. A file that nobody has is not looked for elsewhere.
    """
    of_clouds = {key: text for each in facets.each("accounts") for key, text in each.NONE.items()}
    return {**of_clouds, **_NO_ACCOUNT}


@functools.cache
def _secretive() -> re.Pattern[str]:
    of_clouds = [word for each in facets.each("accounts") for word in each.VARIABLES]
    return re.compile(rf"^({'|'.join([*of_clouds, *_BEGINNINGS])})(_|$|CONFIG)")


def harmless_environment() -> dict[str, str]:
    """Return this process's environment without anything that opens an account."""
    return {key: value for key, value in os.environ.items() if not is_secretive(key)}


def is_secretive(variable: str) -> bool:
    """Whether an environment variable belongs to a cloud, to Pulumi or to a CI system."""
    return _secretive().match(variable) is not None
