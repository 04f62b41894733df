"""How External Secrets Operator and Pulumi ESC read from Azure Key Vault."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from infra_secrets.clouds import Place
from infra_secrets.clouds.azure import VAULT_ID
from infra_secrets.clouds.azure.vaults import VAULT, malformed, parts
from infra_secrets.component.settings import ConfigKey

if TYPE_CHECKING:
    import pulumi

SETTINGS: Mapping[str, ConfigKey] = {"azure_vault_id": VAULT_ID}
ESC_PROVIDER = "azure-secrets"


def problems(settings: "Mapping[str, pulumi.Input[str]]") -> Iterator[str]:
    """Yield what is wrong with a vault's id."""
    vault = settings.get("azure_vault_id")
    if isinstance(vault, str) and not VAULT.fullmatch(vault):
        yield malformed(vault)


def place(settings: Mapping[str, str]) -> Place:
    """The vault, without case."""
    vault = VAULT.fullmatch(settings.get("azure_vault_id", ""))
    return {"vault": vault["vault"].lower()} if vault else {}


def provider(settings: "Mapping[str, pulumi.Input[str]]") -> dict[str, Any]:
    """Describe a SecretStore that reads as a service account (Microsoft Entra Workload ID)."""
    from infra_secrets.component.outputs import apply_clearly

    vault = apply_clearly(
        settings["azure_vault_id"], lambda id_: f"https://{parts(id_)['vault']}.vault.azure.net"
    )
    return {
        "azurekv": {
            "authType": "WorkloadIdentity",
            "vaultUrl": vault,
            "serviceAccountRef": {"name": settings["service_account"]},
        }
    }
