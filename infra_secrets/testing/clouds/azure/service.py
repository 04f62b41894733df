"""Azure Key Vault itself, behind both of its planes, in its own words.

ARM is what the provider writes through; the data plane is what readers and operators use
(`data_plane.py` offers it over HTTP). A vault exists as soon as an id mentions it. Time does not
pass: nothing is ever purged. Keys, certificates and permissions are not simulated.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from infra_secrets.testing.simulation import CloudError, KeepsRules, Rule

# Azure/azure-rest-api-specs, keyvault stable/2023-07-01 secrets.json
SECRET_NAME: Final = re.compile(r"[a-zA-Z0-9-]{1,127}")
VAULT_NAME: Final = re.compile(r"[a-zA-Z0-9-]{3,24}")
# MicrosoftDocs/azure-security-docs articles/key-vault/secrets/about-secrets.md
VALUE_LIMIT: Final = 25 * 1024
TAG_LIMIT: Final = 15
CONTENT_TYPE_LIMIT: Final = 255

PUT_NEEDS_VALUE: Final = Rule(
    "azure-put-needs-a-value",
    "A PUT without a value is refused, so there is no empty secret.",
    "pulumi-azure-native#1888, Azure/azure-quickstart-templates#6235",
)
PUT_MAKES_VERSION: Final = Rule(
    "azure-put-makes-a-version",
    "A PUT that differs from the current version in value, attributes, content type or tags makes"
    " a new version, which becomes the current one; an equal PUT makes none.",
    "Azure/azure-resource-manager-schemas#1494, Azure/bicep#6448",
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
CASE_IGNORED: Final = Rule(
    "azure-ignores-case",
    "Names of vaults and secrets are the same in upper and lower case.",
    "learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates",
)
LIMITS: Final = Rule(
    "azure-limits",
    "Secret names have 1 to 127 of A-Z a-z 0-9 -, values 25 KB, content types 255, and there are at"
    " most 15 tags.",
    "Azure/azure-rest-api-specs keyvault secrets.json, azure-security-docs about-secrets.md",
)
RULES: Final = (
    PUT_NEEDS_VALUE,
    PUT_MAKES_VERSION,
    SET_DROPS_TAGS,
    SOFT_DELETE,
    CASE_IGNORED,
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


class KeyVault(KeepsRules):
    """The service behind both planes. Methods are its operations.

    Attributes:
        secrets: The secrets by vault and name, in the case that counts.
        vaults: The vaults that a program made, by name in lower case.
        data_plane_denied: Whether the caller has no right on the data plane, so that it answers 403.
    """

    def __init__(self, without: Iterable[str] = ()) -> None:
        super().__init__(without)
        self.secrets: dict[tuple[str, str], Secret] = {}
        self.vaults: dict[str, dict[str, Any]] = {}
        self.data_plane_denied = False
        self._made = 0

    def demand_data_plane(self) -> None:
        """Refuse where the caller has no right on the data plane."""
        if self.data_plane_denied:
            raise CloudError(
                "Forbidden",
                "Caller is not authorized to perform action on resource.",
                status=403,
            )

    def _key(self, vault: str, name: str) -> tuple[str, str]:
        if self.keeps(CASE_IGNORED):
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
            raise arm_error(
                409,
                "Conflict",
                f"Secret {name} is currently in a deleted but recoverable state, and its name"
                " cannot be reused; in this state, the secret can only be recovered or purged.",
            )
        return secret if secret is not None else Secret(vault, name)

    def put(self, vault: str, name: str, body: Mapping[str, Any]) -> Secret:
        """Secrets_CreateOrUpdate, the PUT of ARM."""
        properties = body.get("properties") or {}
        value, tags = properties.get("value"), dict(body.get("tags") or {})
        content_type = properties.get("contentType")
        if value is None and self.keeps(PUT_NEEDS_VALUE):
            raise arm_error(400, "ParameterNotSpecified", "The parameter value is not specified.")
        if self.keeps(LIMITS):
            _check_limits(name, str(value), content_type, tags)
        secret = self._writable(vault, name)
        attributes = {"enabled": True, **(properties.get("attributes") or {})}
        wanted = (str(value), attributes, content_type, tags)
        if secret.versions:
            now = secret.current
            there = (now.value, now.attributes, now.content_type, now.tags)
            if there == wanted and self.keeps(PUT_MAKES_VERSION):
                return secret
        self._new_version(
            secret, str(value), attributes=attributes, content_type=content_type, tags=tags
        )
        self.secrets[self._key(vault, name)] = secret
        return secret

    def set_secret(self, vault: str, name: str, value: str) -> Secret:
        """SetSecret of the data plane, as the portal and `az keyvault secret set` call it."""
        if self.keeps(LIMITS):
            _check_limits(name, value, None, {})
        secret = self._writable(vault, name)
        tags = secret.current.tags if secret.versions and not self.keeps(SET_DROPS_TAGS) else {}
        self._new_version(secret, value, attributes={"enabled": True}, tags=dict(tags))
        self.secrets[self._key(vault, name)] = secret
        return secret

    def get_secret(self, vault: str, name: str) -> Version:
        """GetSecret of the data plane."""
        secret = self.live(vault, name)
        if secret is None:
            raise not_found(name)
        if not secret.current.enabled:
            raise CloudError(
                "SecretDisabled", "Operation get is not allowed on a disabled secret.", status=403
            )
        return secret.current

    def delete_secret(self, vault: str, name: str) -> None:
        """DeleteSecret of the data plane."""
        secret = self.live(vault, name)
        if secret is None:
            raise not_found(name)
        if self.keeps(SOFT_DELETE):
            secret.deleted = True
        else:
            del self.secrets[self._key(vault, name)]

    def recover(self, vault: str, name: str) -> None:
        """RecoverDeletedSecret."""
        secret = self.find(vault, name)
        if secret is None or not secret.deleted:
            raise CloudError("SecretNotFound", f"Deleted Secret not found: {name}", status=404)
        secret.deleted = False


def not_found(name: str) -> CloudError:
    """Return the data plane's answer about a secret that is not there."""
    return CloudError(
        "SecretNotFound",
        f"A secret with (name/id) {name} was not found in this key vault.",
        status=404,
    )


def arm_error(status: int, code: str, message: str) -> CloudError:
    """Return a refusal in the words of ARM."""
    text = f'Status={status} Code="{code}" Message="{message}"'
    return CloudError(code, text, status=status)


def _check_limits(name: str, value: str, content_type: str | None, tags: Mapping[str, str]) -> None:
    if not SECRET_NAME.fullmatch(name):
        raise arm_error(
            400, "BadRequest", f"The request URI contains an invalid name: {name[:200]}"
        )
    if len(value.encode()) > VALUE_LIMIT:
        raise arm_error(400, "BadParameter", "The secret value has more than 25600 bytes.")
    if len(tags) > TAG_LIMIT:
        raise arm_error(400, "BadParameter", f"A secret can have at most {TAG_LIMIT} tags.")
    if content_type is not None and len(content_type) > CONTENT_TYPE_LIMIT:
        raise arm_error(400, "BadParameter", "The content type has more than 255 characters.")


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
