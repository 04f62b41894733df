"""What pulumi-azure-native makes of a vault and of the resource group that it is in."""

from collections.abc import Mapping
from typing import Any

from infra_secrets.testing.clouds.azure.native import NativeType, group_id
from infra_secrets.testing.clouds.azure.service import KeyVault, arm_error
from infra_secrets.testing.simulation import Call, CloudError


class VaultType(NativeType):
    """`azure_native.keyvault.Vault`."""

    name_property = "vaultName"
    required = ("properties", "resourceGroupName")
    replace_on = ("vaultName", "resourceGroupName", "location")

    def __init__(self, service: KeyVault) -> None:
        self.service = service

    def _outputs(self, inputs: Mapping[str, Any], call: Call) -> dict[str, Any]:
        name = inputs["vaultName"]
        properties = {"vaultUri": f"https://{name.lower()}.vault.azure.net/"}
        return {
            "id": f"{group_id(inputs['resourceGroupName'], call)}"
            f"/providers/Microsoft.KeyVault/vaults/{name}",
            "name": name,
            "type": "Microsoft.KeyVault/vaults",
            "location": inputs.get("location") or "westeurope",
            "properties": {**(inputs.get("properties") or {}), **properties},
            **({"tags": inputs["tags"]} if inputs.get("tags") else {}),
        }

    def create(self, inputs: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
        """Make the vault. The name of a deleted one cannot be used again."""
        outputs = self._outputs(inputs, call)
        existing = self.service.vaults.get(outputs["name"].lower())
        if existing is not None and existing.get("deleted"):
            raise arm_error(
                409,
                "ConflictError",
                "A vault with the same name already exists in deleted state. You need to either"
                " recover or purge existing key vault.",
            )
        if existing is not None:
            raise CloudError("", f"cannot create already existing resource '{outputs['id']}'")
        self.service.vaults[outputs["name"].lower()] = {"outputs": outputs}
        return outputs["id"], outputs

    def read(
        self, id_: str, old_inputs: Mapping[str, Any], old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        """GET; a vault that nobody made through the rehearsal is there too."""
        del call
        existing = self.service.vaults.get(id_.rsplit("/", 1)[-1].lower())
        if existing is None or existing.get("deleted"):
            return None
        return id_, dict(old_inputs), dict(existing["outputs"] or old_outputs)

    def update(
        self,
        id_: str,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: dict[str, Any],
        call: Call,
    ) -> dict[str, Any]:
        """PUT: secrets are not part of a vault's body."""
        del id_, old_inputs, old_outputs
        outputs = self._outputs(inputs, call)
        self.service.vaults[outputs["name"].lower()] = {"outputs": outputs}
        return outputs

    def delete(self, id_: str, old_outputs: Mapping[str, Any], call: Call) -> None:
        """Soft-delete the vault, and with it everything in it."""
        del old_outputs, call
        name = id_.rsplit("/", 1)[-1].lower()
        self.service.vaults[name] = {"outputs": {}, "deleted": True}
        for secret in self.service.secrets.values():
            if secret.vault.lower() == name:
                secret.deleted = True


class ResourceGroupType(NativeType):
    """`azure_native.resources.ResourceGroup`: a name and an id."""

    name_property = "resourceGroupName"
    replace_on = ("resourceGroupName", "location")

    def create(self, inputs: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
        """Make the group."""
        name = inputs["resourceGroupName"]
        id_ = group_id(name, call)
        outputs = {
            "id": id_,
            "name": name,
            "type": "Microsoft.Resources/resourceGroups",
            "location": inputs.get("location") or "westeurope",
            "properties": {"provisioningState": "Succeeded"},
            **({"tags": inputs["tags"]} if inputs.get("tags") else {}),
        }
        return id_, outputs

    def update(
        self,
        id_: str,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: dict[str, Any],
        call: Call,
    ) -> dict[str, Any]:
        """Change its tags."""
        del id_, old_inputs, call
        return {**old_outputs, "tags": inputs.get("tags")}
