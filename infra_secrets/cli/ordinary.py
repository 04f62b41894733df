"""What a program on each cloud must be told before it can run, made up for a rehearsal."""

from collections.abc import Mapping
from typing import Final

CLOUD_KEY: Final = "infra-secrets:cloud"

ORDINARY_CONFIG: Final[Mapping[str, Mapping[str, str]]] = {
    "aws": {"aws:region": "eu-west-1"},
    "gcp": {"gcp:project": "rehearsal"},
    "azure": {
        "infra-secrets:azureVaultId": "/subscriptions/00000000-0000-0000-0000-000000000000"
        "/resourceGroups/rehearsal/providers/Microsoft.KeyVault/vaults/rehearsal"
    },
}
"""Config by cloud; filled in where the stack's own config does not say it."""
