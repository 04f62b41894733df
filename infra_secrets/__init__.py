"""Pulumi components for secrets: the container is code, the value never is.

Names are loaded when they are first used (PEP 562), so that importing the package costs next to nothing
and needs no Pulumi.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra_secrets.errors import InfraSecretsError
    from infra_secrets.esc import require_esc
    from infra_secrets.external import ExternalEnv, ExternalEnvArgs
    from infra_secrets.kubernetes import EscDeployment, EscDeploymentArgs, EscEnv, EscEnvArgs
    from infra_secrets.secret import Secret, SecretArgs

    __version__: str

__all__ = [
    "EscDeployment",
    "EscDeploymentArgs",
    "EscEnv",
    "EscEnvArgs",
    "ExternalEnv",
    "ExternalEnvArgs",
    "InfraSecretsError",
    "Secret",
    "SecretArgs",
    "__version__",
    "require_esc",
]

_HOMES = {
    "EscDeployment": "infra_secrets.kubernetes",
    "EscDeploymentArgs": "infra_secrets.kubernetes",
    "EscEnv": "infra_secrets.kubernetes",
    "EscEnvArgs": "infra_secrets.kubernetes",
    "ExternalEnv": "infra_secrets.external",
    "ExternalEnvArgs": "infra_secrets.external",
    "InfraSecretsError": "infra_secrets.errors",
    "Secret": "infra_secrets.secret",
    "SecretArgs": "infra_secrets.secret",
    "require_esc": "infra_secrets.esc",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("infra-secrets")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(_HOMES[name]), name)
    except ModuleNotFoundError as missing:
        if missing.name != "pulumi":
            raise
        from infra_secrets.clouds import available
        from infra_secrets.errors import MissingExtraError

        raise MissingExtraError(f"Pulumi, which {name} needs,", *available()) from None
