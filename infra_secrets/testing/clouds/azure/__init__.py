"""Azure Key Vault, as far as it decides whether a value survives, and pulumi-azure-native on top of
it.

`KeyVault` is the service behind both of its planes: ARM, which the provider writes through, and the
data plane, which readers and operators use. `SimulatedAzure` adds an operator's hand, the resource
types `Secret`, `Vault`, `ResourceGroup` and `RoleAssignment`, and a data plane over HTTP on this
machine, for programs that look at a vault by themselves. A vault exists as soon as an id mentions
it. Time does not
pass: nothing is ever purged. Keys, certificates and permissions are not simulated.
"""

import hashlib
import http.server
import json
import re
import threading
import urllib.parse
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, cast

from infra_secrets.testing.esc.providers import EscLogin, EscSecrets, Provider
from infra_secrets.testing.simulation import (
    Call,
    Change,
    CheckFailure,
    CloudError,
    Diff,
    Function,
    ResourceType,
    Rule,
    SimulatedCloud,
    State,
    compare,
    known,
    only,
)

SUBSCRIPTION: Final = "00000000-0000-0000-0000-000000000000"
TENANT: Final = "11111111-1111-1111-1111-111111111111"

# Azure/azure-rest-api-specs, keyvault stable/2023-07-01 secrets.json
SECRET_NAME: Final = re.compile(r"[a-zA-Z0-9-]{1,127}")
VAULT_NAME: Final = re.compile(r"[a-zA-Z0-9-]{3,24}")
# MicrosoftDocs/azure-security-docs articles/key-vault/secrets/about-secrets.md
VALUE_LIMIT: Final = 25 * 1024
TAG_LIMIT: Final = 15
CONTENT_TYPE_LIMIT: Final = 255

DELETES_FIRST: Final = Rule(
    "azure-deletes-before-it-replaces",
    "The provider always deletes before it replaces, unless it made up the name itself.",
    "pulumi-azure-native provider/pkg/provider/provider.go, Diff",
)
PUT_NEEDS_VALUE: Final = Rule(
    "azure-put-needs-a-value",
    "A PUT without a value is refused, so there is no empty secret.",
    "pulumi-azure-native#1888, Azure/azure-quickstart-templates#6235",
)
PUT_MAKES_VERSION: Final = Rule(
    "azure-put-makes-a-version",
    "A PUT that differs from the current version in value, attributes, content type or tags makes"
    " a new"
    " version, which becomes the current one; an equal PUT makes none.",
    "Azure/azure-resource-manager-schemas#1494, Azure/bicep#6448",
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
    " value"
    " stays as it was.",
    "pulumi-azure-native provider/pkg/provider/provider.go, Read",
)
SET_DROPS_TAGS: Final = Rule(
    "azure-set-drops-tags",
    "A value that is set in the portal or with az makes an enabled version without tags and"
    " content type.",
    "Azure/AzureKeyVault#17",
)
SOFT_DELETE: Final = Rule(
    "azure-delete-is-soft",
    "Deleting a secret keeps it, its versions and its name until it is purged.",
    "pulumi-azure-native#1174, learn.microsoft.com/azure/key-vault/general/soft-delete-overview",
)
DELETE_BY_DATA_PLANE: Final = Rule(
    "azure-delete-needs-the-data-plane",
    "The provider deletes through the data plane, because ARM has no delete.",
    "pulumi-azure-native provider/pkg/resources/customresources/custom_keyvault.go",
)
CASE_IGNORED: Final = Rule(
    "azure-ignores-case",
    "Names of vaults and secrets are the same in upper and lower case.",
    "learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates",
)
PRINCIPALS: Final = Rule(
    "azure-principals-are-guids",
    "A role assignment whose `principalId` is no GUID is refused with InvalidPrincipalId; one without"
    " it by the provider.",
    "learn.microsoft.com/azure/role-based-access-control/troubleshooting;"
    " learn.microsoft.com/rest/api/authorization/role-assignments/create",
)
LIMITS: Final = Rule(
    "azure-limits",
    "Secret names have 1 to 127 of A-Z a-z 0-9 -, values 25 KB, content types 255, and there are at"
    " most 15 tags.",
    "Azure/azure-rest-api-specs keyvault secrets.json, azure-security-docs about-secrets.md",
)

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

RULES: Final = (
    DELETES_FIRST,
    PUT_NEEDS_VALUE,
    PUT_MAKES_VERSION,
    UPDATE_IS_PUT,
    CREATE_GUARD,
    CREATE_RECOVERS,
    REFRESH_READS_NEWEST,
    SET_DROPS_TAGS,
    SOFT_DELETE,
    DELETE_BY_DATA_PLANE,
    CASE_IGNORED,
    PRINCIPALS,
    LIMITS,
)


@dataclass
class Version:
    """One version of a secret. Attributes, content type and tags belong to a version.

    Attributes:
        id: Its 32 hexadecimal digits.
        value: The value.
        attributes: `enabled`, and `expires` and `notBefore` where set.
        content_type: The content type.
        tags: The tags.
    """

    id: str
    value: str
    attributes: dict[str, Any]
    content_type: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def enabled(self) -> bool:
        """Whether it can be read."""
        return bool(self.attributes.get("enabled", True))


@dataclass
class Secret:
    """A secret as the service keeps it."""

    vault: str
    name: str
    versions: list[Version] = field(default_factory=list)
    deleted: bool = False

    @property
    def current(self) -> Version:
        """The newest version: every secret has one."""
        return self.versions[-1]


@dataclass(frozen=True, slots=True)
class SecretId:
    """The parts of a secret's ARM id."""

    subscription: str
    resource_group: str
    vault: str
    name: str

    _PATTERN: ClassVar = re.compile(
        r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft\.KeyVault/vaults/([^/]+)"
        r"/secrets/([^/]+)",
        re.IGNORECASE,
    )

    @classmethod
    def parse(cls, arm_id: str) -> "SecretId":
        """Take an id apart."""
        match = cls._PATTERN.fullmatch(arm_id)
        if match is None:
            raise CloudError("", f"the id {arm_id!r} is not the ARM id of a Key Vault secret")
        return cls(*match.groups())

    def __str__(self) -> str:
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.KeyVault/vaults/{self.vault}/secrets/{self.name}"
        )


class KeyVault:
    """The service behind both planes. Methods are its operations."""

    def __init__(self, without: frozenset[str] = frozenset()) -> None:
        self.secrets: dict[tuple[str, str], Secret] = {}
        self._without = without
        self._made = 0

    def _keeps(self, rule: Rule) -> bool:
        return rule.id not in self._without

    def _key(self, vault: str, name: str) -> tuple[str, str]:
        if self._keeps(CASE_IGNORED):
            return vault.lower(), name.lower()
        return vault, name

    def find(self, vault: str, name: str) -> Secret | None:
        """Return a secret, soft-deleted ones included."""
        return self.secrets.get(self._key(vault, name))

    def live(self, vault: str, name: str) -> Secret | None:
        """Return a secret that is not soft-deleted."""
        secret = self.find(vault, name)
        return secret if secret is not None and not secret.deleted else None

    def _new_version(self, secret: Secret, value: str, **rest: Any) -> None:
        self._made += 1
        digest = hashlib.sha256(f"{secret.vault}/{secret.name}/{self._made}".encode()).hexdigest()
        secret.versions.append(Version(digest[:32], value, **rest))

    def _writable(self, vault: str, name: str) -> Secret:
        secret = self.find(vault, name)
        if secret is not None and secret.deleted:
            raise _arm_error(
                409,
                "Conflict",
                f"Secret {name} is currently in a deleted but recoverable state, and its name"
                " cannot be"
                " reused; in this state, the secret can only be recovered or purged.",
            )
        return secret if secret is not None else Secret(vault, name)

    def put(self, vault: str, name: str, body: Mapping[str, Any]) -> Secret:
        """Secrets_CreateOrUpdate, the PUT of ARM."""
        properties = body.get("properties") or {}
        value, tags = properties.get("value"), dict(body.get("tags") or {})
        content_type = properties.get("contentType")
        if value is None and self._keeps(PUT_NEEDS_VALUE):
            raise _arm_error(400, "ParameterNotSpecified", "The parameter value is not specified.")
        if self._keeps(LIMITS):
            _check_limits(name, str(value), content_type, tags)
        secret = self._writable(vault, name)
        attributes = {"enabled": True, **(properties.get("attributes") or {})}
        wanted = (str(value), attributes, content_type, tags)
        if secret.versions:
            now = secret.current
            there = (now.value, now.attributes, now.content_type, now.tags)
            if there == wanted and self._keeps(PUT_MAKES_VERSION):
                return secret
        self._new_version(
            secret, str(value), attributes=attributes, content_type=content_type, tags=tags
        )
        self.secrets[self._key(vault, name)] = secret
        return secret

    def set_secret(self, vault: str, name: str, value: str) -> Secret:
        """SetSecret of the data plane, as the portal and `az keyvault secret set` call it."""
        if self._keeps(LIMITS):
            _check_limits(name, value, None, {})
        secret = self._writable(vault, name)
        tags = secret.current.tags if secret.versions and not self._keeps(SET_DROPS_TAGS) else {}
        self._new_version(secret, value, attributes={"enabled": True}, tags=dict(tags))
        self.secrets[self._key(vault, name)] = secret
        return secret

    def get_secret(self, vault: str, name: str) -> Version:
        """GetSecret of the data plane."""
        secret = self.live(vault, name)
        if secret is None:
            raise CloudError(
                "SecretNotFound",
                f"A secret with (name/id) {name} was not found in this key vault.",
                status=404,
            )
        if not secret.current.enabled:
            raise CloudError(
                "SecretDisabled", "Operation get is not allowed on a disabled secret.", status=403
            )
        return secret.current

    def delete_secret(self, vault: str, name: str) -> None:
        """DeleteSecret of the data plane."""
        secret = self.live(vault, name)
        if secret is None:
            raise CloudError(
                "SecretNotFound",
                f"A secret with (name/id) {name} was not found in this key vault.",
                status=404,
            )
        if self._keeps(SOFT_DELETE):
            secret.deleted = True
        else:
            del self.secrets[self._key(vault, name)]

    def recover(self, vault: str, name: str) -> None:
        """RecoverDeletedSecret."""
        secret = self.find(vault, name)
        if secret is None or not secret.deleted:
            raise CloudError("SecretNotFound", f"Deleted Secret not found: {name}", status=404)
        secret.deleted = False


def _arm_error(status: int, code: str, message: str) -> CloudError:
    text = f'Status={status} Code="{code}" Message="{message}"'
    return CloudError(code, text, status=status)


def _check_limits(name: str, value: str, content_type: str | None, tags: Mapping[str, str]) -> None:
    if not SECRET_NAME.fullmatch(name):
        raise _arm_error(
            400, "BadRequest", f"The request URI contains an invalid name: {name[:200]}"
        )
    if len(value.encode()) > VALUE_LIMIT:
        raise _arm_error(400, "BadParameter", "The secret value has more than 25600 bytes.")
    if len(tags) > TAG_LIMIT:
        raise _arm_error(400, "BadParameter", f"A secret can have at most {TAG_LIMIT} tags.")
    if content_type is not None and len(content_type) > CONTENT_TYPE_LIMIT:
        raise _arm_error(400, "BadParameter", "The content type has more than 255 characters.")


class SimulatedAzure(SimulatedCloud):
    """Azure Key Vault with pulumi-azure-native. A scope is a vault: its name or its ARM id.

    Names are found in whatever vault of the rehearsal they are, in upper or lower case. For the
    arguments see `SimulatedCloud`.

    Attributes:
        data_plane_denied: Whether the caller has no right on the vaults' data plane, so that it
            answers 403.
    """

    package: ClassVar[str] = "azure-native"
    rules: ClassVar[tuple[Rule, ...]] = RULES
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
        self.data_plane_denied = False
        self.role_assignments: dict[str, dict[str, Any]] = {}
        self.vaults: dict[str, dict[str, Any]] = {}
        self._data_plane: DataPlane | None = None

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
                self._data_plane = DataPlane(self)
            return f"http://127.0.0.1:{self._data_plane.port}/{vault}/"

    def demand_data_plane(self) -> None:
        """Refuse where the caller has no right on the data plane."""
        if self.data_plane_denied:
            raise CloudError(
                "Forbidden",
                "Caller is not authorized to perform action on resource.",
                status=403,
            )

    def resource_type(self, token: str) -> ResourceType | None:
        """Return the type for a token of any API version, a generated local SDK's included."""
        return self.resource_types.get(_plain(token))

    @property
    def resource_types(self) -> Mapping[str, ResourceType]:
        """`Secret`, `Vault`, `ResourceGroup` and `RoleAssignment`."""
        return {
            "azure-native:keyvault:Secret": SecretType(self),
            "azure-native:keyvault:Vault": VaultType(self),
            "azure-native:resources:ResourceGroup": ResourceGroupType(),
            "azure-native:authorization:RoleAssignment": RoleAssignmentType(self),
        }

    def values_written(self, token: str, inputs: Mapping[str, Any]) -> Sequence[str]:
        """A secret in a vault, by this provider or by the classic one (`azure`)."""
        del inputs
        if _plain(token) == "azure-native:keyvault:Secret":
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
            service = KeyVault(frozenset({LIMITS.id, PUT_NEEDS_VALUE.id}))
            secret = service.put(id_.vault, id_.name, filled)
            return str(id_), _outputs(secret, id_)
        return type(self)().resource_types[_plain(token)].create(filled, call)

    @property
    def functions(self) -> Mapping[str, Function]:
        """What programs ask about the caller and about a vault."""
        return {
            "azure-native:authorization:getClientConfig": _client_config,
            "azure-native:authorization:getClientToken": _client_token,
            "azure-native:keyvault:getVault": self._get_vault,
            "azure-native:keyvault:getSecret": self._get_secret,
        }

    def _get_vault(self, args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
        name = args["vaultName"]
        group = args["resourceGroupName"]
        properties = {
            "vaultUri": self.vault_uri(name),
            "tenantId": TENANT,
            "enableRbacAuthorization": True,
            "enableSoftDelete": True,
            "provisioningState": "Succeeded",
            "sku": {"family": "A", "name": "standard"},
        }
        return {
            "id": f"{_group_id(group, call)}/providers/Microsoft.KeyVault/vaults/{name}",
            "name": name,
            "location": "westeurope",
            "type": "Microsoft.KeyVault/vaults",
            "properties": properties,
        }

    def _get_secret(self, args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
        """Secrets_Get, the GET of ARM: metadata only, never the value; a soft-deleted one is gone.

        The words are those of pulumi-azure-native provider/pkg/azure/client_azcore.go,
        newResponseError; the code is the data plane's.
        """
        id_ = SecretId(
            _subscription(call), args["resourceGroupName"], args["vaultName"], args["secretName"]
        )
        secret = self.service.live(id_.vault, id_.name)
        if secret is None:
            raise _arm_error(404, "SecretNotFound", f"The secret {id_.name} was not found.")
        return _outputs(secret, id_)

    def _found(self, name: str, scope: str | None) -> list[tuple[str, Secret]]:
        vault = scope.rstrip("/").rsplit("/", 1)[-1].lower() if scope is not None else None
        return [
            (secret.vault, secret)
            for secret in self.service.secrets.values()
            if secret.name.lower() == name.lower() and vault in {None, secret.vault.lower()}
        ]

    def _find(self, name: str, scope: str | None) -> Secret:
        return cast("Secret", only(self._found(name, scope), name, "vault"))

    def _find_or_none(self, name: str, scope: str | None) -> Secret | None:
        return self._find(name, scope) if self._found(name, scope) else None

    def _set_value(self, name: str, value: str, scope: str | None) -> None:
        secret = self._find(name, scope)
        self.service.set_secret(secret.vault, secret.name, value)

    def reader_sees(self, name: str, scope: str | None = None) -> str:
        """Return what GetSecret gives: the value, or the name of the error."""
        secret = self._find_or_none(name, scope)
        if secret is None:
            return "SecretNotFound"
        try:
            return self.service.get_secret(secret.vault, secret.name).value
        except CloudError as error:
            return error.code

    def value(self, name: str, scope: str | None = None) -> str | None:
        """Return the current version's value, where it can be read.

        An enabled placeholder is read like any other value.
        """
        secret = self._find_or_none(name, scope)
        if secret is None or secret.deleted or not secret.current.enabled:
            return None
        return secret.current.value

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


def _plain(token: str) -> str:
    """Return a token without its API version: that of the default version."""
    package, module, name = token.split(":")
    if not package.startswith("azure-native"):
        return token
    return f"azure-native:{module.split('/')[0]}:{name}"


def arm_body(secret: Secret) -> dict[str, Any]:
    """Return what an ARM GET of a secret answers, without the id. It never holds the value."""
    now = secret.current
    uri = f"https://{secret.vault.lower()}.vault.azure.net/secrets/{secret.name}"
    properties: dict[str, Any] = {
        "attributes": {"created": 1767225600, "updated": 1767225600, **now.attributes},
        "secretUri": uri,
        "secretUriWithVersion": f"{uri}/{now.id}",
    }
    if now.content_type is not None:
        properties["contentType"] = now.content_type
    body: dict[str, Any] = {
        "name": secret.name,
        "type": "Microsoft.KeyVault/vaults/secrets",
        "location": "westeurope",
        "properties": properties,
    }
    return {**body, "tags": dict(now.tags)} if now.tags else body


# pulumi-azure-native ----------------------------------------------------------------------------


def _subscription(call: Call) -> str:
    return str(call.config.get("subscriptionId") or SUBSCRIPTION)


def _group_id(group: str, call: Call) -> str:
    return f"/subscriptions/{_subscription(call)}/resourceGroups/{group}"


_AUTO_NAMED_KEY = "__createBeforeDelete"


class _NativeType(ResourceType):
    """What azure-native makes of any ARM resource: inputs are compared with inputs."""

    name_property: ClassVar[str]
    required: ClassVar[tuple[str, ...]] = ()
    deletes_first = True

    def make_up_name(self, call: Call) -> str | None:
        """Return the name for a resource that was given none."""
        return call.auto_name(separator="", digits=8)

    def check(
        self, inputs: dict[str, Any], olds: Mapping[str, Any], call: Call
    ) -> tuple[dict[str, Any], list[CheckFailure]]:
        """Make up a name where none is given, and look for what is required."""
        filled = dict(inputs)
        if filled.get(self.name_property) is None:
            kept = olds.get(self.name_property) if olds.get(_AUTO_NAMED_KEY) else None
            made_up = kept or self.make_up_name(call)
            if made_up is not None:
                filled[self.name_property] = made_up
                filled[_AUTO_NAMED_KEY] = True
        failures = [
            CheckFailure(key, f"missing required property '{key}'")
            for key in self.required
            if filled.get(key) is None
        ]
        return filled, failures

    def diff(
        self,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: Mapping[str, Any],
        call: Call,
    ) -> Diff:
        """Compare inputs with inputs; a replacement deletes first unless the name was made up."""
        del old_outputs, call
        changes = [
            Change(change.path, change.kind, replaces=change.key in self.replace_on)
            for change in compare(old_inputs, inputs)
            if change.key != _AUTO_NAMED_KEY
        ]
        made_up = bool(old_inputs.get(_AUTO_NAMED_KEY))
        return Diff(changes, delete_before_replace=self.deletes_first and not made_up)

    def preview(
        self, old_outputs: Mapping[str, Any], inputs: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        """Foretell what never changes: name and location."""
        del call
        stable = {key: old_outputs[key] for key in ("name", "location") if key in old_outputs}
        kept = {key: value for key, value in inputs.items() if key in {"tags", "location"}}
        return {**kept, **stable}


class SecretType(_NativeType):
    """`azure_native.keyvault.Secret`."""

    name_property = "secretName"
    required = ("properties", "resourceGroupName", "vaultName")
    replace_on = ("resourceGroupName", "vaultName", "secretName")

    def __init__(self, cloud: SimulatedAzure) -> None:
        self.cloud = cloud
        self.service = cloud.service
        self.deletes_first = cloud.keeps(DELETES_FIRST)

    def check(
        self, inputs: dict[str, Any], olds: Mapping[str, Any], call: Call
    ) -> tuple[dict[str, Any], list[CheckFailure]]:
        """Judge the names by the patterns of the specification."""
        filled, failures = super().check(inputs, olds, call)
        for key, pattern in (("secretName", SECRET_NAME), ("vaultName", VAULT_NAME)):
            name = filled.get(key)
            if known(name) and self.cloud.keeps(LIMITS) and not pattern.fullmatch(str(name)):
                failures.append(
                    CheckFailure(key, f"'{key}' does not match expression '^{pattern.pattern}$'")
                )
        return filled, failures

    def id_of(self, inputs: Mapping[str, Any], call: Call) -> SecretId:
        """Return the ARM id that inputs lead to."""
        return SecretId(
            _subscription(call),
            inputs["resourceGroupName"],
            inputs["vaultName"],
            inputs["secretName"],
        )

    def create(self, inputs: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
        """Look, recover, PUT, read."""
        id_ = self.id_of(inputs, call)
        there = self.service.find(id_.vault, id_.name)
        if there is not None and not there.deleted and self.cloud.keeps(CREATE_GUARD):
            raise CloudError("", f"cannot create already existing resource '{id_}'")
        if there is not None and there.deleted and self.cloud.keeps(CREATE_RECOVERS):
            self.cloud.demand_data_plane()
            self.service.recover(id_.vault, id_.name)
        secret = self.service.put(id_.vault, id_.name, inputs)
        return str(id_), _outputs(secret, id_)

    def read(
        self, id_: str, old_inputs: Mapping[str, Any], old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        """GET, and apply to the inputs what has changed in the outputs."""
        del call
        parts = SecretId.parse(id_)
        secret = self.service.live(parts.vault, parts.name)
        if secret is None:
            return None
        outputs = _outputs(secret, parts)
        projection = _input_projection(outputs)
        if not old_inputs:
            return id_, {**projection, **_path_inputs(parts)}, outputs
        if not self.cloud.keeps(REFRESH_READS_NEWEST):
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
        if not self.cloud.keeps(UPDATE_IS_PUT):
            current = self.service.live(parts.vault, parts.name)
            value = current.current.value if current is not None else None
            body = {**inputs, "properties": {**inputs["properties"], "value": value}}
        return _outputs(self.service.put(parts.vault, parts.name, body), SecretId.parse(id_))

    def delete(self, id_: str, old_outputs: Mapping[str, Any], call: Call) -> None:
        """DeleteSecret on the data plane; a missing one counts as deleted."""
        del old_outputs, call
        parts = SecretId.parse(id_)
        if self.cloud.keeps(DELETE_BY_DATA_PLANE):
            self.cloud.demand_data_plane()
        if self.service.live(parts.vault, parts.name) is not None:
            self.service.delete_secret(parts.vault, parts.name)


def _outputs(secret: Secret, id_: SecretId) -> dict[str, Any]:
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


class VaultType(_NativeType):
    """`azure_native.keyvault.Vault`."""

    name_property = "vaultName"
    required = ("properties", "resourceGroupName")
    replace_on = ("vaultName", "resourceGroupName", "location")

    def __init__(self, cloud: SimulatedAzure) -> None:
        self.cloud = cloud

    def _outputs(self, inputs: Mapping[str, Any], call: Call) -> dict[str, Any]:
        name = inputs["vaultName"]
        properties = {"vaultUri": f"https://{name.lower()}.vault.azure.net/"}
        return {
            "id": f"{_group_id(inputs['resourceGroupName'], call)}"
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
        existing = self.cloud.vaults.get(outputs["name"].lower())
        if existing is not None and existing.get("deleted"):
            raise _arm_error(
                409,
                "ConflictError",
                "A vault with the same name already exists in deleted state. You need to either"
                " recover"
                " or purge existing key vault.",
            )
        if existing is not None:
            raise CloudError("", f"cannot create already existing resource '{outputs['id']}'")
        self.cloud.vaults[outputs["name"].lower()] = {"outputs": outputs}
        return outputs["id"], outputs

    def read(
        self, id_: str, old_inputs: Mapping[str, Any], old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        """GET; a vault that nobody made through the rehearsal is there too."""
        del call
        existing = self.cloud.vaults.get(id_.rsplit("/", 1)[-1].lower())
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
        self.cloud.vaults[outputs["name"].lower()] = {"outputs": outputs}
        return outputs

    def delete(self, id_: str, old_outputs: Mapping[str, Any], call: Call) -> None:
        """Soft-delete the vault, and with it everything in it."""
        del old_outputs, call
        name = id_.rsplit("/", 1)[-1].lower()
        self.cloud.vaults[name] = {"outputs": {}, "deleted": True}
        for secret in self.cloud.service.secrets.values():
            if secret.vault.lower() == name:
                secret.deleted = True


class ResourceGroupType(_NativeType):
    """`azure_native.resources.ResourceGroup`: a name and an id."""

    name_property = "resourceGroupName"
    replace_on = ("resourceGroupName", "location")

    def create(self, inputs: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
        """Make the group."""
        name = inputs["resourceGroupName"]
        id_ = _group_id(name, call)
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


class RoleAssignmentType(_NativeType):
    """`azure_native.authorization.RoleAssignment`."""

    name_property = "roleAssignmentName"
    required = ("principalId", "roleDefinitionId", "scope")
    replace_on = ("roleAssignmentName", "scope", "principalId", "principalType", "roleDefinitionId")

    def __init__(self, cloud: SimulatedAzure) -> None:
        self.cloud = cloud

    def make_up_name(self, call: Call) -> str | None:
        """Role assignments are named by a UUID."""
        if call.autonaming_disabled:
            return None
        return str(uuid.UUID(bytes=hashlib.sha256(call.seed).digest()[:16], version=4))

    def create(self, inputs: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
        """PUT; one assignment for each scope, principal and role."""
        del call
        said = ("scope", "principalId", "roleDefinitionId", "principalType", "condition")
        body = {key: inputs[key] for key in said if inputs.get(key) is not None}
        if self.cloud.keeps(PRINCIPALS) and not _GUID.fullmatch(str(body.get("principalId"))):
            raise _arm_error(
                400,
                "InvalidPrincipalId",
                "A valid principal ID must be provided for role assignment.",
            )
        id_ = (
            f"{inputs['scope']}/providers/Microsoft.Authorization/roleAssignments"
            f"/{inputs['roleAssignmentName']}"
        )
        if id_ in self.cloud.role_assignments:
            raise CloudError("", f"cannot create already existing resource '{id_}'")
        identity = tuple(str(body.get(key)).lower() for key in said[:3])
        for other in self.cloud.role_assignments.values():
            if tuple(str(other.get(key)).lower() for key in said[:3]) == identity:
                raise _arm_error(409, "RoleAssignmentExists", "The role assignment already exists.")
        outputs = {
            "id": id_,
            "name": inputs["roleAssignmentName"],
            "type": "Microsoft.Authorization/roleAssignments",
            **body,
        }
        self.cloud.role_assignments[id_] = outputs
        return id_, outputs

    def read(
        self, id_: str, old_inputs: Mapping[str, Any], old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        """GET."""
        del old_outputs, call
        outputs = self.cloud.role_assignments.get(id_)
        if outputs is None:
            return None
        inputs = dict(old_inputs)
        if not inputs:
            keys = ("scope", "principalId", "roleDefinitionId", "principalType", "condition")
            inputs = {key: outputs[key] for key in keys if key in outputs}
            inputs["roleAssignmentName"] = outputs["name"]
        return id_, inputs, dict(outputs)

    def update(
        self,
        id_: str,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: dict[str, Any],
        call: Call,
    ) -> dict[str, Any]:
        """Change its condition."""
        del old_inputs, call
        outputs = {**old_outputs, "condition": inputs.get("condition")}
        self.cloud.role_assignments[id_] = outputs
        return outputs

    def delete(self, id_: str, old_outputs: Mapping[str, Any], call: Call) -> None:
        """DELETE."""
        del old_outputs, call
        self.cloud.role_assignments.pop(id_, None)


def _client_config(args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    del args
    return {
        "clientId": "22222222-2222-2222-2222-222222222222",
        "objectId": "33333333-3333-3333-3333-333333333333",
        "subscriptionId": _subscription(call),
        "tenantId": call.config.get("tenantId") or TENANT,
    }


def _client_token(args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    del args, call
    return {"token": "made-up-for-a-rehearsal"}


# The data plane over HTTP -----------------------------------------------------------------------


class DataPlane:
    """The data plane of every vault, under `/VAULT/`, on a free port of the loopback interface.

    It answers `GET deletedsecrets/NAME` and `GET secrets/NAME`, and nothing else.
    """

    def __init__(self, cloud: SimulatedAzure) -> None:
        class Handler(_Handler):
            simulated = cloud

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    simulated: ClassVar[SimulatedAzure]

    def do_GET(self) -> None:
        """Answer one read."""
        parts = urllib.parse.urlsplit(self.path).path.strip("/").split("/")
        if not self.headers.get("Authorization", "").startswith("Bearer "):
            self._refuse(
                CloudError(
                    "Unauthorized",
                    "AKV10000: Request is missing a Bearer or PoP token.",
                    status=401,
                )
            )
            return
        try:
            with self.simulated.lock:
                self.simulated.demand_data_plane()
                self._answer(200, self._read(parts))
        except CloudError as error:
            self._refuse(error)

    def _read(self, parts: list[str]) -> dict[str, Any]:
        service = self.simulated.service
        if len(parts) == 3 and parts[1] == "deletedsecrets":  # noqa: PLR2004 (vault, kind, name)
            secret = service.find(parts[0], parts[2])
            if secret is None or not secret.deleted:
                message = f"Deleted Secret not found: {parts[2]}"
                raise CloudError("SecretNotFound", message, status=404)
            vault = f"https://{secret.vault.lower()}.vault.azure.net"
            return {
                "recoveryId": f"{vault}/deletedsecrets/{secret.name}",
                "deletedDate": 1767225600,
                "scheduledPurgeDate": 1775001600,
                "id": f"{vault}/secrets/{secret.name}/{secret.current.id}",
                "attributes": dict(secret.current.attributes),
            }
        if len(parts) == 3 and parts[1] == "secrets":  # noqa: PLR2004 (vault, kind, name)
            version = service.get_secret(parts[0], parts[2])
            id_ = f"https://{parts[0].lower()}.vault.azure.net/secrets/{parts[2]}/{version.id}"
            return {"value": version.value, "id": id_, "attributes": dict(version.attributes)}
        raise CloudError("BadParameter", "The rehearsal does not know this request.", status=400)

    def _refuse(self, error: CloudError) -> None:
        self._answer(error.status, {"error": {"code": error.code, "message": error.message}})

    def _answer(self, status: int, body: Mapping[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == 401:  # noqa: PLR2004 (Unauthorized)
            self.send_header("WWW-Authenticate", 'Bearer authorization="https://login.invalid"')
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base's name)
        """Keep quiet."""
