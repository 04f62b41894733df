"""Azure Key Vault, as far as it decides whether a value survives, and pulumi-azure-native on it.

`SimulatedAzure` is what an operator does by hand with the service (`service.py`). Its provider is
`resources.py` (`Secret`), `vaults.py` (`Vault`, `ResourceGroup`) and `grants.py` (`RoleAssignment`),
each on `native.py`, and `functions.py`. `data_plane.py` is a vault's data plane over HTTP on this
machine. Each file has its rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

from infra_secrets.testing.clouds.azure import grants, resources, service
from infra_secrets.testing.clouds.azure.data_plane import DataPlane
from infra_secrets.testing.clouds.azure.functions import TENANT, functions
from infra_secrets.testing.clouds.azure.grants import RoleAssignmentType
from infra_secrets.testing.clouds.azure.native import SUBSCRIPTION, plain
from infra_secrets.testing.clouds.azure.resources import SecretType, apply_difference, outputs_of
from infra_secrets.testing.clouds.azure.service import KeyVault, Secret, arm_body
from infra_secrets.testing.clouds.azure.vaults import ResourceGroupType, VaultType
from infra_secrets.testing.esc.providers import EscLogin, EscSecrets, Provider
from infra_secrets.testing.simulation import (
    Call,
    CloudError,
    Function,
    ResourceType,
    Rule,
    SimulatedCloud,
    State,
    only,
    only_or_none,
)

__all__ = ["RULES", "SUBSCRIPTION", "TENANT", "KeyVault", "SimulatedAzure", "apply_difference"]

RULES: Final = (*resources.RULES, *service.RULES, *grants.RULES)


class SimulatedAzure(SimulatedCloud):
    """Azure Key Vault with pulumi-azure-native. A scope is a vault: its name or its ARM id.

    Names are found in whatever vault of the rehearsal they are, in upper or lower case. For the
    arguments see `SimulatedCloud`.

    Attributes:
        role_assignments: Those that there are, by ARM id.
    """

    cloud: ClassVar[str] = "azure"
    package: ClassVar[str] = "azure-native"
    rules: ClassVar[tuple[Rule, ...]] = RULES
    principals: ClassVar[Sequence[str]] = (
        "11111111-2222-3333-4444-555555555555",
        "22222222-2222-3333-4444-555555555555",
    )
    usual_config: ClassVar[Mapping[str, str]] = {
        "azure-native:location": "westeurope",
        "azure:location": "westeurope",
    }
    store_provider: ClassVar[str] = "azurekv"
    ordinary_config: ClassVar[Mapping[str, str]] = {
        "infra-secrets:azureVaultId": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rehearsal"
        "/providers/Microsoft.KeyVault/vaults/rehearsal"
    }
    # https://www.pulumi.com/docs/esc/integrations/dynamic-login-credentials/ (Outputs)
    # https://www.pulumi.com/docs/esc/integrations/dynamic-secrets/azure-secrets/ (Inputs)
    esc_providers: ClassVar[Sequence[Provider]] = (
        EscLogin(
            "azure-login",
            invented=("clientSecret",),
            passed_on=("clientId", "tenantId", "subscriptionId"),
        ),
        EscSecrets("azure-secrets", wanted="get", id="name", place="vault"),
    )
    container_types: ClassVar[frozenset[str]] = frozenset(
        {"azure-native:keyvault:Secret", "azure-native:authorization:RoleAssignment"}
    )

    def __init__(self, without: Iterable[str] = ()) -> None:
        super().__init__(without)
        self.service = KeyVault(self.without)
        self.role_assignments: dict[str, dict[str, Any]] = {}
        self._data_plane: DataPlane | None = None

    @property
    def data_plane_denied(self) -> bool:
        """Whether the caller has no right on the vaults' data plane, so that it answers 403."""
        return self.service.data_plane_denied

    @data_plane_denied.setter
    def data_plane_denied(self, denied: bool) -> None:
        self.service.data_plane_denied = denied

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_data_plane": None}

    def close(self) -> None:
        """Stop the data plane's server."""
        if self._data_plane is not None:
            self._data_plane.close()
            self._data_plane = None

    def vault_uri(self, vault: str) -> str:
        """Return the address of a vault's data plane; its server starts when first asked."""
        with self.lock:
            if self._data_plane is None:
                self._data_plane = DataPlane(self.service, self.lock)
            return f"http://127.0.0.1:{self._data_plane.port}/{vault}/"

    def resource_type(self, token: str) -> ResourceType | None:
        """Return the type for a token of any API version, a generated local SDK's included."""
        return self.resource_types.get(plain(token))

    @property
    def resource_types(self) -> Mapping[str, ResourceType]:
        """`Secret`, `Vault`, `ResourceGroup` and `RoleAssignment`."""
        return {
            "azure-native:keyvault:Secret": SecretType(self.service),
            "azure-native:keyvault:Vault": VaultType(self.service),
            "azure-native:resources:ResourceGroup": ResourceGroupType(),
            "azure-native:authorization:RoleAssignment": RoleAssignmentType(
                self.role_assignments, self.keeps
            ),
        }

    def values_written(self, token: str, inputs: Mapping[str, Any]) -> Sequence[str]:
        """A secret in a vault, by this provider or by the classic one (`azure`)."""
        del inputs
        if plain(token) == "azure-native:keyvault:Secret":
            return ("properties.value",)
        if token == "azure:keyvault/secret:Secret":  # noqa: S105
            return ("value", "valueWo")
        return ()

    def imitate(
        self, token: str, inputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any]] | None:
        """Answer with ARM ids, and for a `Secret` with what ARM shows of it: no value."""
        known_type = self.resource_type(token)
        if known_type is None:
            return None
        filled, _ = known_type.check(dict(inputs), {}, call)
        if isinstance(known_type, SecretType):
            id_ = known_type.id_of(filled, call)
            imitated = KeyVault({service.LIMITS.id, service.PUT_NEEDS_VALUE.id})
            secret = imitated.put(id_.vault, id_.name, filled)
            return str(id_), outputs_of(secret, id_)
        return type(self)().resource_types[plain(token)].create(filled, call)

    @property
    def functions(self) -> Mapping[str, Function]:
        """What programs ask about the caller, a vault and a secret."""
        return functions(self.service, self.vault_uri)

    def store_scope(self, provider: Mapping[str, Any]) -> str | None:
        """Return the vault of a SecretStore's provider, by its address."""
        address = str(provider.get("vaultUrl") or "")
        return address.removeprefix("https://").partition(".")[0] or None

    def store_name(self, key: str) -> str:
        """Return the name after the kind, which may stand before it: `secret/NAME`."""
        kind, slash, name = key.partition("/")
        if slash and kind != "secret":
            raise CloudError("", f"a rehearsal has no {kind} of Key Vault")
        return name if slash else key

    # What an operator does by hand -----------------------------------------------------------------

    def _found(self, name: str, scope: str | None) -> list[tuple[str, Secret]]:
        vault = scope.rstrip("/").rsplit("/", 1)[-1].lower() if scope is not None else None
        return [
            (secret.vault, secret)
            for secret in self.service.secrets.values()
            if secret.name.lower() == name.lower() and vault in {None, secret.vault.lower()}
        ]

    def _find(self, name: str, scope: str | None) -> Secret:
        return only(self._found(name, scope), name, "vault")

    def _find_or_none(self, name: str, scope: str | None) -> Secret | None:
        return only_or_none(self._found(name, scope), name, "vault")

    def _set_value(self, name: str, value: str, scope: str | None) -> None:
        secret = self._find(name, scope)
        self.service.set_secret(secret.vault, secret.name, value)

    def _read(self, name: str, scope: str | None) -> str:
        secret = self._find_or_none(name, scope)
        if secret is None:
            raise service.not_found(name)
        return self.service.get_secret(secret.vault, secret.name).value

    def versions(self, name: str, scope: str | None = None) -> list[str]:
        """Return the value of every version, oldest first, placeholders included."""
        secret = self._find_or_none(name, scope)
        return [version.value for version in secret.versions] if secret is not None else []

    def delete(self, name: str, scope: str | None = None) -> None:
        """Soft-delete the secret."""
        secret = self._find(name, scope)
        self.service.delete_secret(secret.vault, secret.name)

    def restore(self, name: str, scope: str | None = None) -> None:
        """Recover a soft-deleted secret."""
        secret = self._find(name, scope)
        self.service.recover(secret.vault, secret.name)

    def describe(self, name: str, scope: str | None = None) -> dict[str, Any]:
        """Return what ARM shows of the secret, and whether it is soft-deleted."""
        secret = self._find(name, scope)
        return {**arm_body(secret), "vault": secret.vault, "deleted": secret.deleted}

    def names(self, scope: str | None = None) -> list[str]:
        """Return the names of the secrets that are not soft-deleted."""
        vault = scope.rstrip("/").rsplit("/", 1)[-1].lower() if scope is not None else None
        return sorted(
            secret.name
            for secret in self.service.secrets.values()
            if not secret.deleted and vault in {None, secret.vault.lower()}
        )

    def state(self, name: str, scope: str | None = None) -> State:
        """Return `missing`, `soft-deleted`, `disabled` (as a placeholder is) or `set`."""
        secret = self._find_or_none(name, scope)
        if secret is None:
            return "missing"
        if secret.deleted:
            return "soft-deleted"
        return "set" if secret.current.enabled else "disabled"
