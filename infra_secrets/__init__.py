"""Pulumi components for secrets: the container is code, the value never is.

Names are loaded when they are first used (PEP 562), so that importing the package costs next to nothing
and needs no Pulumi.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra_secrets.containers.secret import Secret, SecretArgs
    from infra_secrets.containers.secrets_for import secrets_for
    from infra_secrets.errors import InfraSecretsError
    from infra_secrets.stack.require_esc import require_esc
    from infra_secrets.workloads.esc_deployment import EscDeployment, EscDeploymentArgs
    from infra_secrets.workloads.esc_env import EscEnv, EscEnvArgs
    from infra_secrets.workloads.external_env import ExternalEnv, ExternalEnvArgs

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
    "secrets_for",
]

_HOMES = {
    "EscDeployment": "infra_secrets.workloads.esc_deployment",
    "EscDeploymentArgs": "infra_secrets.workloads.esc_deployment",
    "EscEnv": "infra_secrets.workloads.esc_env",
    "EscEnvArgs": "infra_secrets.workloads.esc_env",
    "ExternalEnv": "infra_secrets.workloads.external_env",
    "ExternalEnvArgs": "infra_secrets.workloads.external_env",
    "InfraSecretsError": "infra_secrets.errors",
    "Secret": "infra_secrets.containers.secret",
    "SecretArgs": "infra_secrets.containers.secret",
    "require_esc": "infra_secrets.stack.require_esc",
    "secrets_for": "infra_secrets.containers.secrets_for",
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
