"""Azure Key Vault: names, limits, tokens and config. It has no empty secrets."""

from collections.abc import Mapping, Sequence

from infra_secrets.clouds import Deadline
from infra_secrets.clouds.azure import api_version
from infra_secrets.component.settings import NAMESPACE, ConfigKey
from infra_secrets.rules.naming import Spelling

# Azure/azure-rest-api-specs keyvault stable/2023-07-01/secrets.json; tags: about-secrets.md
MAX_NAME = 127
MAX_TAGS = 15 - 1  # one is for `az keyvault secret set`, which adds `file-encoding`
MAX_TAG_TEXT = 512

SPELLING = Spelling(title="Azure Key Vault", separator="--", limit=MAX_NAME)
RESOURCE_TYPE = "azure-native:keyvault:Secret"
ID_PREFIX = "/subscriptions/"
SDK = "pulumi_azure_native"
EXTRA = "azure"

SECRET_CLASS = "pulumi_azure_native.keyvault:Secret"  # noqa: S105 (the name of a class)
"""Where the container's resource class is imported from, `module:class`; config `infra-secrets:azureSecretClass`.

Replaceable, because control-plane API versions before 2026-02-01 retire on 2027-02-27
(https://learn.microsoft.com/azure/key-vault/general/migrate-api-version) and a newer one may come in
a package of its own (`pulumi package add azure-native keyvault 2026-02-01`).
"""

UNSET = "infra-secrets: unset"
"""Content type of the placeholder, the disabled version that a container begins with.

By it one listing tells a value that was never set from one that somebody disabled: both are disabled versions. A new
version starts without it (content types belong to versions).
"""

VAULT_ID = ConfigKey(
    NAMESPACE,
    "azureVaultId",
    "ARM id of the Key Vault that holds the containers.",
    "none: a `Secret` on Azure needs it here or as `azure_vault_id=`",
    takes="the ARM id of a Key Vault",
    may_be_secret=True,  # it often comes from another stack's outputs, all of which may be secret
)
SETTINGS: Mapping[str, ConfigKey] = {
    "azure_vault_id": VAULT_ID,
    "azure_writer_role_id": ConfigKey(
        NAMESPACE,
        "azureWriterRoleId",
        "Id of the role that can set a value but not read it ([how to make it](azure.md#who-needs-which-permission)).",
        "none: `writers` needs it",
    ),
    "azure_secret_class": ConfigKey(
        NAMESPACE,
        "azureSecretClass",
        "Class of the container's resource, `module:class`, from another SDK of azure-native "
        "([traps](azure.md#traps)).",
        f"`{SECRET_CLASS}`",
    ),
    "azure_skip_deleted_check": ConfigKey(
        NAMESPACE,
        "azureSkipDeletedCheck",
        "`true` creates a container even if the vault does not say whether it has a deleted one of that name.",
        "`false`",
    ),
}
# azure-identity, _constants.py and _credentials/; azure-core, settings.py. Not all that begins with AZURE_: an
# application's own key of Azure OpenAI does, too.
OWN_VARIABLES = (
    *(
        "AZURE_CLIENT_*",
        "AZURE_TENANT_ID",
        "AZURE_USERNAME",
        "AZURE_PASSWORD",
        "AZURE_AUTHORITY_HOST",
    ),
    *("AZURE_FEDERATED_TOKEN_FILE", "AZURE_TOKEN_CREDENTIALS", "AZURE_IDENTITY_*", "AZURE_SDK_*"),
    *("AZURE_KUBERNETES_*", "AZURE_POD_IDENTITY_AUTHORITY_HOST", "AZURE_REGIONAL_AUTHORITY_NAME"),
    *("AZURE_LOG_LEVEL", "AZURE_TRACING_ENABLED", "AZURE_CONFIG_DIR", "IDENTITY_ENDPOINT"),
    *(
        "IDENTITY_HEADER",
        "IDENTITY_SERVER_THUMBPRINT",
        "IMDS_ENDPOINT",
        "MSI_ENDPOINT",
        "MSI_SECRET",
    ),
)
DEADLINES: Sequence[Deadline] = (
    api_version.deadline(SECRET_CLASS, str(SETTINGS["azure_secret_class"])),
)
