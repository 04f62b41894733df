"""The functions of pulumi-azure-native that programs ask about the caller, a vault and a secret."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from infra_secrets.testing.clouds.azure.native import group_id, subscription
from infra_secrets.testing.clouds.azure.resources import outputs_of
from infra_secrets.testing.clouds.azure.service import KeyVault, SecretId, arm_error
from infra_secrets.testing.simulation import Call, Function

TENANT: Final = "11111111-1111-1111-1111-111111111111"


def functions(service: KeyVault, vault_uri: Callable[[str], str]) -> Mapping[str, Function]:
    """Return what each function answers, by token.

    Args:
        service: The service.
        vault_uri: Returns the address of a vault's data plane.
    """
    return {
        "azure-native:authorization:getClientConfig": _client_config,
        "azure-native:authorization:getClientToken": _client_token,
        "azure-native:keyvault:getVault": partial(_get_vault, vault_uri),
        "azure-native:keyvault:getSecret": partial(_get_secret, service),
    }


def _get_vault(
    vault_uri: Callable[[str], str], args: Mapping[str, Any], call: Call
) -> Mapping[str, Any]:
    name = args["vaultName"]
    group = args["resourceGroupName"]
    properties = {
        "vaultUri": vault_uri(name),
        "tenantId": TENANT,
        "enableRbacAuthorization": True,
        "enableSoftDelete": True,
        "provisioningState": "Succeeded",
        "sku": {"family": "A", "name": "standard"},
    }
    return {
        "id": f"{group_id(group, call)}/providers/Microsoft.KeyVault/vaults/{name}",
        "name": name,
        "location": "westeurope",
        "type": "Microsoft.KeyVault/vaults",
        "properties": properties,
    }


def _get_secret(service: KeyVault, args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    """Secrets_Get, the GET of ARM: metadata only, never the value; a soft-deleted one is gone.

    The words are those of pulumi-azure-native provider/pkg/azure/client_azcore.go,
    newResponseError; the code is the data plane's.
    """
    id_ = SecretId(
        subscription(call), args["resourceGroupName"], args["vaultName"], args["secretName"]
    )
    secret = service.live(id_.vault, id_.name)
    if secret is None:
        raise arm_error(404, "SecretNotFound", f"The secret {id_.name} was not found.")
    return outputs_of(secret, id_)


def _client_config(args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    del args
    return {
        "clientId": "22222222-2222-2222-2222-222222222222",
        "objectId": "33333333-3333-3333-3333-333333333333",
        "subscriptionId": subscription(call),
        "tenantId": call.config.get("tenantId") or TENANT,
    }


def _client_token(args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    del args, call
    return {"token": "made-up-for-a-rehearsal"}
