"""What pulumi-azure-native makes of a secret: it writes through ARM and deletes by the data plane."""

from collections.abc import Mapping
from typing import Any, Final

from infra_secrets.testing.clouds.azure.native import NativeType, subscription
from infra_secrets.testing.clouds.azure.service import (
    LIMITS,
    SECRET_NAME,
    VAULT_NAME,
    KeyVault,
    Secret,
    SecretId,
    arm_body,
)
from infra_secrets.testing.simulation import Call, CheckFailure, CloudError, Rule, known

DELETES_FIRST: Final = Rule(
    "azure-deletes-before-it-replaces",
    "The provider always deletes before it replaces, unless it made up the name itself.",
    "pulumi-azure-native provider/pkg/provider/provider.go, Diff",
)
UPDATE_IS_PUT: Final = Rule(
    "azure-update-is-a-put",
    "An update in place is a PUT of everything that the program says, the value included.",
    "pulumi-azure-native provider/pkg/provider/provider.go, defaultUpdate",
)
CREATE_GUARD: Final = Rule(
    "azure-create-refuses-a-live-secret",
    "Create looks first, and refuses when the secret is there.",
    "pulumi-azure-native provider/pkg/azure/client_azcore.go, CanCreate",
)
CREATE_RECOVERS: Final = Rule(
    "azure-create-recovers-a-soft-deleted-secret",
    "Create recovers a soft-deleted secret of the name, and then PUTs on top of its value.",
    "pulumi-azure-native#4759",
)
REFRESH_READS_NEWEST: Final = Rule(
    "azure-refresh-takes-the-newest-version",
    "A refresh takes enabled, contentType and tags from the newest version into the inputs; the"
    " value stays as it was.",
    "pulumi-azure-native provider/pkg/provider/provider.go, Read",
)
DELETE_BY_DATA_PLANE: Final = Rule(
    "azure-delete-needs-the-data-plane",
    "The provider deletes through the data plane, because ARM has no delete.",
    "pulumi-azure-native provider/pkg/resources/customresources/custom_keyvault.go",
)
RULES: Final = (
    DELETES_FIRST,
    UPDATE_IS_PUT,
    CREATE_GUARD,
    CREATE_RECOVERS,
    REFRESH_READS_NEWEST,
    DELETE_BY_DATA_PLANE,
)


class SecretType(NativeType):
    """`azure_native.keyvault.Secret`."""

    name_property = "secretName"
    required = ("properties", "resourceGroupName", "vaultName")
    replace_on = ("resourceGroupName", "vaultName", "secretName")

    def __init__(self, service: KeyVault) -> None:
        self.service = service
        self.deletes_first = service.keeps(DELETES_FIRST)

    def check(
        self, inputs: dict[str, Any], olds: Mapping[str, Any], call: Call
    ) -> tuple[dict[str, Any], list[CheckFailure]]:
        """Judge the names by the patterns of the specification."""
        filled, failures = super().check(inputs, olds, call)
        for key, pattern in (("secretName", SECRET_NAME), ("vaultName", VAULT_NAME)):
            name = filled.get(key)
            if known(name) and self.service.keeps(LIMITS) and not pattern.fullmatch(str(name)):
                failures.append(
                    CheckFailure(key, f"'{key}' does not match expression '^{pattern.pattern}$'")
                )
        return filled, failures

    def id_of(self, inputs: Mapping[str, Any], call: Call) -> SecretId:
        """Return the ARM id that inputs lead to."""
        return SecretId(
            subscription(call),
            inputs["resourceGroupName"],
            inputs["vaultName"],
            inputs["secretName"],
        )

    def create(self, inputs: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
        """Look, recover, PUT, read."""
        id_ = self.id_of(inputs, call)
        there = self.service.find(id_.vault, id_.name)
        if there is not None and not there.deleted and self.service.keeps(CREATE_GUARD):
            raise CloudError("", f"cannot create already existing resource '{id_}'")
        if there is not None and there.deleted and self.service.keeps(CREATE_RECOVERS):
            self.service.demand_data_plane()
            self.service.recover(id_.vault, id_.name)
        secret = self.service.put(id_.vault, id_.name, inputs)
        return str(id_), outputs_of(secret, id_)

    def read(
        self, id_: str, old_inputs: Mapping[str, Any], old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        """GET, and apply to the inputs what has changed in the outputs."""
        del call
        parts = SecretId.parse(id_)
        secret = self.service.live(parts.vault, parts.name)
        if secret is None:
            return None
        outputs = outputs_of(secret, parts)
        projection = _input_projection(outputs)
        if not old_inputs:
            return id_, {**projection, **_path_inputs(parts)}, outputs
        if not self.service.keeps(REFRESH_READS_NEWEST):
            return id_, dict(old_inputs), outputs
        inputs = apply_difference(old_inputs, _input_projection(old_outputs), projection)
        return id_, inputs, outputs

    def update(
        self,
        id_: str,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: dict[str, Any],
        call: Call,
    ) -> dict[str, Any]:
        """PUT everything, read."""
        del old_inputs, old_outputs
        parts = self.id_of(inputs, call)
        body = inputs
        if not self.service.keeps(UPDATE_IS_PUT):
            current = self.service.live(parts.vault, parts.name)
            value = current.current.value if current is not None else None
            body = {**inputs, "properties": {**inputs["properties"], "value": value}}
        return outputs_of(self.service.put(parts.vault, parts.name, body), SecretId.parse(id_))

    def delete(self, id_: str, old_outputs: Mapping[str, Any], call: Call) -> None:
        """DeleteSecret on the data plane; a missing one counts as deleted."""
        del old_outputs, call
        parts = SecretId.parse(id_)
        if self.service.keeps(DELETE_BY_DATA_PLANE):
            self.service.demand_data_plane()
        if self.service.live(parts.vault, parts.name) is not None:
            self.service.delete_secret(parts.vault, parts.name)


def outputs_of(secret: Secret, id_: SecretId) -> dict[str, Any]:
    """Return what the state gets of a secret: what ARM shows of it, and no value."""
    return {"id": str(id_), "azureApiVersion": "2024-11-01", **arm_body(secret)}


def _path_inputs(id_: SecretId) -> dict[str, Any]:
    return {
        "resourceGroupName": id_.resource_group,
        "vaultName": id_.vault,
        "secretName": id_.name,
    }


def _input_projection(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of outputs that can also be said in inputs."""
    properties = outputs.get("properties") or {}
    attributes = properties.get("attributes") or {}
    projected: dict[str, Any] = {
        "attributes": {
            key: attributes[key] for key in ("enabled", "expires", "notBefore") if key in attributes
        }
    }
    if properties.get("contentType") is not None:
        projected["contentType"] = properties["contentType"]
    tags = outputs.get("tags")
    return {"properties": projected, **({"tags": dict(tags)} if tags else {})}


def apply_difference(
    inputs: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the inputs with everything changed that differs between two projections of outputs."""
    applied = dict(inputs)
    for key in {*old, *new}:
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if after is None:
            applied.pop(key, None)
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            inner = inputs.get(key)
            applied[key] = apply_difference(
                inner if isinstance(inner, Mapping) else {}, before, after
            )
        else:
            applied[key] = after
    return applied
