"""Azure Key Vault: there is no empty secret, so the container is a *disabled* version of a public constant.

A reader before the value is set is refused, instead of being served the constant. Pulumi never touches
the container again: every update of azure-native is a PUT of the whole secret, which would put the
constant on top of the operator's value, so `properties` and `tags` are ignored after creation. And
because the provider's create recovers a soft-deleted secret and then does that very PUT, a check before
creation refuses when there is one.

Deliberately no vault, no data-plane write and no version of a real value.
"""

import importlib
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from infra_secrets import clouds
from infra_secrets.clouds import Container, Existing, Place, Wanted
from infra_secrets.component.settings import NAMESPACE, ConfigKey
from infra_secrets.errors import (
    InfraSecretsError,
    SecretArgsError,
    SecretNameError,
    UnsupportedError,
)
from infra_secrets.rules.naming import Spelling
from infra_secrets.rules.shell import quoted, reading_stdin
from infra_secrets.rules.wording import looks_like_a_value, shown

if TYPE_CHECKING:
    import pulumi

    from infra_secrets.component.internals import Asking

# Azure/azure-rest-api-specs keyvault stable/2023-07-01/secrets.json; tags: about-secrets.md
MAX_NAME = 127
MAX_TAGS = 15 - 1  # one is for `az keyvault secret set`, which adds `file-encoding`
MAX_TAG_TEXT = 512

SPELLING = Spelling(title="Azure Key Vault", separator="--", limit=MAX_NAME)
RESOURCE_TYPE = "azure-native:keyvault:Secret"

SECRET_CLASS = "pulumi_azure_native.keyvault:Secret"  # noqa: S105 (the name of a class)
"""Where the container's resource class is imported from, `module:class`; config `infra-secrets:azureSecretClass`.

Replaceable, because control-plane API versions before 2026-02-01 retire on 2027-02-27
(https://learn.microsoft.com/azure/key-vault/general/migrate-api-version) and a newer one may come in
a package of its own (`pulumi package add azure-native keyvault 2026-02-01`).
"""

VAULT_ID = ConfigKey(
    NAMESPACE,
    "azureVaultId",
    "ARM id of the Key Vault that holds the containers.",
    "none: a `Secret` on Azure needs it here or as `azure_vault_id=`",
    may_be_secret=True,  # it often comes from another stack's outputs, all of which may be secret
)
SETTINGS: Mapping[str, ConfigKey] = {
    "azure_vault_id": VAULT_ID,
    "azure_writer_role_id": ConfigKey(
        NAMESPACE,
        "azureWriterRoleId",
        "Id of the role that sets a value and cannot read one ([how to make it](azure.md#who-needs-which-permission)).",
        "none: `writers` needs it",
    ),
    "azure_secret_class": ConfigKey(
        NAMESPACE,
        "azureSecretClass",
        "Class of the container's resource, `module:class`, of another SDK of azure-native ([traps](azure.md#traps)).",
        f"`{SECRET_CLASS}`",
    ),
    "azure_skip_deleted_check": ConfigKey(
        NAMESPACE,
        "azureSkipDeletedCheck",
        "`true` creates a container also where the vault does not say whether it holds a deleted one of the name.",
        "`false`",
    ),
}
STORE_SETTINGS: Mapping[str, ConfigKey] = {"azure_vault_id": VAULT_ID}

PLACEHOLDER = "UNSET"
"""What the disabled first version holds. Public: it says that nobody has set the secret yet."""

SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
"""Built-in role Key Vault Secrets User: reads values."""
DATA_PLANE_API = "7.4"
NOT_FOUND = 404  # the one clear "there is none"
ALREADY_EXISTS = "already existing"  # pulumi-azure-native, CanCreate
STATE_RUNS_AHEAD = False  # nothing of the container is ever updated
ASKS_BEFORE_IT_CREATES = True
GONE_AT_ONCE: Mapping[str, object] = {}  # every deletion is soft
IDENTITY = ("secretName", "vaultName", "resourceGroupName")

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_VAULT = re.compile(
    r"/subscriptions/(?P<subscription>[0-9a-f-]{36})/resourceGroups/(?P<group>[-\w.()]{1,90})"
    r"/providers/Microsoft\.KeyVault/vaults/(?P<vault>[a-z][a-z0-9-]{1,22}[a-z0-9])",
    re.IGNORECASE,
)
_PRINCIPAL = re.compile(rf"((?P<kind>User|Group|ServicePrincipal):)?(?P<id>{_GUID.pattern})")
# What is given for the id of a vault, is none, and can be no value either: the vault's name in plain words, its
# address, or a path of ARM's that ends too early or too late. The words in capitals are those of the messages.
_WORDS = r"(?-i:[a-z]+(-[a-z]+)*)"
_NO_VALUE = (
    re.compile(r"(?=.{3,24}\Z)(?P<vault>[a-z]+(-[a-z]+)+)"),
    re.compile(
        r"https://(?P<vault>[a-z][a-z0-9-]{1,22}[a-z0-9])\.vault\.(azure\.net|azure\.cn|usgovcloudapi\.net)/?",
        re.IGNORECASE,
    ),
    re.compile(
        rf"/?subscriptions/({_GUID.pattern}|<GUID>|SUBSCRIPTION)(/resourceGroups(/[\w.()-]{{1,90}}"
        rf"(/providers(/Microsoft\.KeyVault(/{_WORDS}|/vaults(/(?P<vault>[a-z][a-z0-9-]{{1,22}}[a-z0-9])"
        rf"(/secrets(/{_WORDS})?)?)?)?)?)?)?)?/?",
        re.IGNORECASE | re.ASCII,
    ),
)
_EXISTING = re.compile(_VAULT.pattern + r"/secrets/(?P<name>[A-Za-z0-9-]+)", re.IGNORECASE)
_ROLE = re.compile(
    rf"(/subscriptions/[0-9a-fA-F-]{{36}})?/providers/Microsoft\.Authorization/roleDefinitions/{_GUID.pattern}",
    re.IGNORECASE,
)


def store(settings: "Mapping[str, pulumi.Input[str]]") -> dict[str, Any]:
    """Describe a SecretStore that reads as a service account (Microsoft Entra Workload ID)."""
    from infra_secrets.component.outputs import apply_clearly

    vault = apply_clearly(
        settings["azure_vault_id"], lambda id_: f"https://{_parts(id_)['vault']}.vault.azure.net"
    )
    return {
        "azurekv": {
            "authType": "WorkloadIdentity",
            "vaultUrl": vault,
            "serviceAccountRef": {"name": settings["service_account"]},
        }
    }


def store_problems(settings: "Mapping[str, pulumi.Input[str]]") -> Iterator[str]:
    """Yield what is wrong with a vault's id."""
    vault = settings.get("azure_vault_id")
    if isinstance(vault, str) and not _VAULT.fullmatch(vault):
        yield _malformed_vault(vault)


def problems(wanted: Wanted) -> Iterator[SecretArgsError]:
    """Yield everything that Key Vault cannot honour."""
    vault = wanted.settings.get("azure_vault_id")
    if vault is None:
        yield UnsupportedError(
            "azure_vault_id is missing: on Azure a secret lives in a Key Vault, which this package takes as given. "
            "Set it once: pulumi config set infra-secrets:azureVaultId "
            "/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.KeyVault/vaults/VAULT"
        )
    elif isinstance(vault, str) and not _VAULT.fullmatch(vault):
        yield UnsupportedError(_malformed_vault(vault))
    if wanted.encryption_key is not None:
        yield UnsupportedError(
            "encryption_key is not possible on Azure: Key Vault encrypts every secret with a key of its own, chosen "
            "for the vault (Premium and Managed HSM keep it in hardware). Leave it out."
        )
    if wanted.replicas:
        yield UnsupportedError(
            "replicas is not possible on Azure: Key Vault replicates a whole vault to the paired region by itself. "
            "Leave it out; for another region use a second vault (azure_vault_id)."
        )
    yield from _tag_problems(wanted)
    for argument, principals in (("readers", wanted.readers), ("writers", wanted.writers)):
        for principal in principals:
            if isinstance(principal, str) and not _PRINCIPAL.fullmatch(principal):
                yield UnsupportedError(
                    f"{argument} has {shown(principal)}; on Azure a principal is the object id (a GUID) of a user, "
                    f"group, "
                    f"service principal or managed identity, if you like with its kind: 'ServicePrincipal:<GUID>'."
                )
    if wanted.writers:
        yield from _writer_role_problems(wanted)
    if wanted.settings.get("azure_skip_deleted_check", "true") not in ("true", "false"):
        yield UnsupportedError(
            "infra-secrets:azureSkipDeletedCheck must be true or false: true creates a secret also where the vault "
            "does not say whether it holds a deleted one of the name."
        )
    if "azure_secret_class" in wanted.settings:
        try:
            _secret_class(wanted.settings["azure_secret_class"])
        except UnsupportedError as error:
            yield error
    if wanted.adopt is not None:
        yield from _adopt_problems(wanted, wanted.adopt)


def _malformed_vault(vault: str) -> str:
    match = next(filter(None, (form.fullmatch(vault) for form in _NO_VALUE)), None)
    if match and not any(map(looks_like_a_value, vault.split("/"))):
        found = repr(vault)
        name = match["vault"] or "VAULT"
    else:
        found = f"<{len(vault)} characters, not shown because they could be a value>"
        name = "VAULT"
    return (
        f"azure_vault_id={found} is not the ARM id of a Key Vault. It looks like /subscriptions/<GUID>/"
        f"resourceGroups/GROUP/providers/Microsoft.KeyVault/vaults/VAULT; this shows it: "
        f"az keyvault show --name {name} --query id -o tsv"
    )


def _tag_problems(wanted: Wanted) -> Iterator[SecretArgsError]:
    tags = _tags(wanted)
    if len(tags) > MAX_TAGS:
        own = len(tags) - len(wanted.tags)
        yield UnsupportedError(
            f"tags has {len(wanted.tags)} entries; Key Vault takes {MAX_TAGS} on a secret and this package adds {own}."
        )
    for key, text in tags.items():
        if key.startswith(("-", "@")):
            yield UnsupportedError(
                f"the tag key {shown(key)} would be an option for the az command line; start it with a letter."
            )
        elif not key or len(key) > MAX_TAG_TEXT:
            yield UnsupportedError(
                f"a tag key has {len(key)} characters; Key Vault takes 1 to {MAX_TAG_TEXT}."
            )
        elif isinstance(text, str) and len(text) > MAX_TAG_TEXT:
            yield UnsupportedError(
                f"the tag {shown(key)} has {len(text)} characters; Key Vault takes at most {MAX_TAG_TEXT}, and it "
                f"keeps description and owner as tags too."
            )


def _writer_role_problems(wanted: Wanted) -> Iterator[SecretArgsError]:
    role = wanted.settings.get("azure_writer_role_id")
    if role is None:
        definition = {
            "Name": "Key Vault Secret Writer (no read)",
            "Description": "Sets values of Key Vault secrets and cannot read them.",
            "Actions": [],
            "DataActions": [
                "Microsoft.KeyVault/vaults/secrets/setSecret/action",
                "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
            ],
            "AssignableScopes": ["/subscriptions/SUBSCRIPTION"],
        }
        yield UnsupportedError(
            "writers needs config infra-secrets:azureWriterRoleId: Azure has no built-in role that sets a secret "
            "without reading it. Make one: az role definition create --role-definition "
            f"{quoted(json.dumps(definition))} --query id -o tsv; then: "
            "pulumi config set infra-secrets:azureWriterRoleId <that id>"
        )
    elif isinstance(role, str) and not (_ROLE.fullmatch(role) or _GUID.fullmatch(role)):
        yield UnsupportedError(
            f"infra-secrets:azureWriterRoleId is {shown(role)}; it must be the id of a role definition: a GUID, or "
            f"/subscriptions/<GUID>/providers/Microsoft.Authorization/roleDefinitions/<GUID>."
        )


def _adopt_problems(wanted: Wanted, secret: str) -> Iterator[SecretArgsError]:
    vault, _, existing = secret.rpartition("/secrets/")
    if not _VAULT.fullmatch(vault) or not existing:
        yield UnsupportedError(
            f"adopt={shown(secret)} is not the ARM id of a secret: the vault's id (azure_vault_id), then "
            f"/secrets/{wanted.spelled}."
        )
        return
    ours = wanted.settings.get("azure_vault_id")
    if isinstance(ours, str) and ours.lower() != vault.lower():
        yield UnsupportedError(
            f"adopt names a secret in Key Vault {shown(vault.rpartition('/')[2])}, and azure_vault_id is that of "
            f"{shown(ours.rpartition('/')[2])}, or of another group or subscription. Give the same vault."
        )
    if existing.lower() != wanted.spelled:
        yield SecretNameError(
            f"adopt names {shown(existing)}, but this secret is {wanted.spelled!r}. "
            f"{clouds.other_name(SPELLING, existing)}"
        )


def warnings(wanted: Wanted) -> Iterator[str]:
    """Yield what is legal and still worth knowing before it is created."""
    if wanted.retention == clouds.DISCARD:
        yield (
            "retention='discard' on Azure: soft delete cannot be skipped, so the vault keeps a removed secret for "
            "its retention period (7 to 90 days)."
        )


def never_changed(_wanted: Wanted) -> list[str]:
    """Everything: an update is a PUT of the whole secret, and would put the placeholder on top of the value."""
    return ["properties", "tags"]


def create(wanted: Wanted, opts: "pulumi.ResourceOptions") -> Container:
    """Register a disabled placeholder and the grants on it."""
    import pulumi

    from infra_secrets.component.outputs import apply_clearly

    azure_native = clouds.sdk("pulumi_azure_native", "azure")
    vault_id = apply_clearly(wanted.settings["azure_vault_id"], _vault)
    secret = _secret_class(wanted.settings.get("azure_secret_class", SECRET_CLASS))(
        wanted.logical_name,
        resource_group_name=vault_id.apply(lambda text: _parts(text)["group"]),
        vault_name=vault_id.apply(lambda text: _parts(text)["vault"]),
        secret_name=wanted.spelled,
        properties={"value": PLACEHOLDER, "attributes": {"enabled": False}},
        tags=_tags(wanted),
        opts=opts,
    )
    roles = {"reader": SECRETS_USER, "writer": wanted.settings.get("azure_writer_role_id")}

    def grant(name: str, what: str, principal: "pulumi.Input[str]") -> None:
        who = apply_clearly(principal, _principal)
        role = pulumi.Output.all(vault_id, roles[what]).apply(lambda found: _role_id(*found))
        azure_native.authorization.RoleAssignment(
            name,
            scope=secret.id,
            principal_id=who.apply(lambda found: found[0]),
            principal_type=who.apply(lambda found: found[1]),
            role_definition_id=role,
            role_assignment_name=pulumi.Output.all(secret.id, who, role).apply(
                lambda found: str(
                    uuid.uuid5(uuid.NAMESPACE_URL, f"{found[0]} {found[1][0]} {found[2]}".lower())
                )
            ),
            opts=clouds.beside(opts, "azure-native:authorization:RoleAssignment", name, wanted),
        )

    granted = clouds.grant_each(
        wanted, [("reader", wanted.readers), ("writer", wanted.writers)], grant, _identity
    )
    secret_id = clouds.after(granted, secret.id)
    return Container(
        resource=secret,
        properties={"id": secret.id},
        secret_id=secret_id,
        set_command=pulumi.Output.all(vault_id, _tags(wanted)).apply(
            lambda found: _set_command(wanted, *found)
        ),
        console_url=vault_id.apply(lambda text: _console_url(wanted, text)),
    )


def _secret_class(
    path: object,
) -> Any:  # any class with the arguments of azure_native.keyvault.Secret
    import pulumi

    module, _, name = str(path).partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except Exception:  # noqa: BLE001 (a module of somebody else's may raise anything; `.x` is a TypeError)
        found = None
    if isinstance(found, type) and issubclass(found, pulumi.CustomResource):
        return found
    raise UnsupportedError(
        f"infra-secrets:azureSecretClass is {shown(str(path))}, which cannot be imported; it must be 'module:Class' of "
        f"a resource class with the arguments of {SECRET_CLASS}."
    )


def _tags(wanted: Wanted) -> "dict[str, pulumi.Input[str]]":
    tags = {**wanted.tags, **wanted.facts(".")}
    if wanted.description is not None:
        tags["infra-secrets.description"] = wanted.description
    for number, line in enumerate(clouds.lines_of(wanted.fields, MAX_TAG_TEXT), start=1):
        tags["infra-secrets.fields" + (f"-{number}" if number > 1 else "")] = line
    return tags


def _parts(vault_id: str | None) -> dict[str, str]:
    match = _VAULT.fullmatch(vault_id or "")
    if match is None:
        raise UnsupportedError(_malformed_vault(vault_id or ""))
    return match.groupdict()


def _vault(vault_id: str) -> str:
    _parts(vault_id)
    return vault_id


def _identity(principal: str) -> str:
    return _principal(principal)[0].lower()


def _principal(text: str | None) -> tuple[str, str | None]:
    match = _PRINCIPAL.fullmatch(text or "")
    if match is None:
        found = shown(text) if text else "nothing"
        raise UnsupportedError(f"{found} is not the object id (a GUID) of a principal.")
    return match["id"], match["kind"]


def _role_id(vault_id: str, role: str) -> str:
    if _GUID.fullmatch(role):
        subscription = _parts(vault_id)["subscription"]
        return f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    return role


def _set_command(wanted: Wanted, vault_id: str, tags: Mapping[str, str]) -> str:
    vault = _parts(vault_id)
    # A new version starts without tags, so they are given again. Without `--output none` az prints the value.
    return reading_stdin(
        wanted.value_asked_for(),
        [
            "az",
            "keyvault",
            "secret",
            "set",
            "--subscription",
            vault["subscription"],
            "--vault-name",
            vault["vault"],
        ]
        + [
            "--name",
            wanted.spelled,
            "--file",
            "/dev/stdin",
            "--encoding",
            "utf-8",
            "--output",
            "none",
            "--tags",
        ]
        + [f"{key}={text}" for key, text in tags.items()],
        as_text=True,
        fields=wanted.fields,
    )


def _console_url(wanted: Wanted, vault_id: str) -> str:
    vault = _parts(vault_id)["vault"]
    return (
        "https://portal.azure.com/#@/asset/Microsoft_Azure_KeyVault/Secret/"
        f"https://{vault}.vault.azure.net/secrets/{wanted.spelled}"
    )


def name(spelled: str) -> str:
    """Write a name as `place` does."""
    return spelled.lower()


def place(properties: Mapping[str, Any]) -> Place:
    """Vault and name, without case: Azure ignores it."""
    match = _EXISTING.fullmatch(str(properties.get("id") or ""))
    vault, name = (
        (match["vault"], match["name"])
        if match
        else (properties.get("vaultName"), properties.get("secretName"))
    )
    found = {
        "name": name,
        "vault": vault,
        "group": match["group"] if match else properties.get("resourceGroupName"),
    }
    return {part: text.lower() for part, text in found.items() if isinstance(text, str)}


def place_of(id_: str) -> Place:
    """Take an ARM id apart."""
    return place({"id": id_})


async def where(wanted: Wanted, _provider: "pulumi.ProviderResource | None") -> Place:
    """The vault."""
    import pulumi

    vault = await pulumi.Output.from_input(wanted.settings["azure_vault_id"]).future()
    match = _VAULT.fullmatch(vault) if isinstance(vault, str) else None
    return {} if match is None else {part: match[part].lower() for part in ("vault", "group")}


async def look(at: Place, asking: "Asking") -> Existing:
    """GET by ARM, which never shows a value (pulumi-azure-native, keyvault.getSecret)."""
    where = {"resourceGroupName": at["group"], "vaultName": at["vault"], "secretName": at["name"]}
    found = await asking.ask("azure-native:keyvault:getSecret", where) or {}
    return Existing.read(found["id"], found.get("tags") or {}, found)


def adopting(_existing: Existing, _wanted: Wanted) -> "Iterator[SecretArgsError | str]":
    """Yield nothing: whatever is there stays as it is."""
    yield from ()


def stops(_properties: Mapping[str, Any], _wanted: Wanted) -> str | None:
    """Nothing does."""
    return None


def to_adopt(at: Place) -> str:
    """Say the id."""
    return f'adopt="<azure_vault_id>/secrets/{at.get("name")}"'


async def before_create(inputs: Mapping[str, Any], wanted: Wanted, asking: "Asking") -> None:
    """Stop where the vault holds a deleted secret of the name, or does not say that it holds none.

    The provider's create would recover it and put the placeholder on top of its value
    (pulumi-azure-native#4759). The vault is asked with the provider's own login (`getClientToken`), at its
    own address (`getVault`).
    """
    if wanted.settings.get("azure_skip_deleted_check") == "true":
        return
    group, vault, name = [
        await _known(inputs.get(each)) for each in ("resourceGroupName", "vaultName", "secretName")
    ]
    if not group or not vault or not name:
        import pulumi

        if pulumi.runtime.is_dry_run():
            return  # a preview that also makes the vault: nothing can be in it, and the `up` asks
        raise InfraSecretsError(_cannot_tell("of this secret", "its name did not arrive"))
    address, token = await _way_in(group, vault, asking)
    if not address:
        return  # a preview in which the provider itself is not known yet; the `up` asks
    url = f"{address}deletedsecrets/{name}?api-version={DATA_PLANE_API}"
    from infra_secrets.component.internals import in_a_thread

    if await in_a_thread(_is_there, url, token):
        raise InfraSecretsError(_recoverable(vault, name))


async def _known(found: object) -> str:
    """Read an input, which is an output where it is marked as secret; empty while it is not known."""
    import pulumi

    if isinstance(found, pulumi.Output):
        found = await found.future()
    return found if isinstance(found, str) else ""


async def _way_in(group: str, vault: str, asking: "Asking") -> tuple[str, str]:
    """Find a vault's address and a token for it, once for a run, a vault and a login."""
    from infra_secrets.component.run import Run

    key = ("azure way in", group.lower(), vault.lower(), asking.provider)
    return await Run.this().once(key, lambda: _ask_for_the_way_in(group, vault, asking))


async def _ask_for_the_way_in(group: str, vault: str, asking: "Asking") -> tuple[str, str]:
    import pulumi

    try:
        found = await asking.ask(
            "azure-native:keyvault:getVault", {"resourceGroupName": group, "vaultName": vault}
        )
        if found is None and pulumi.runtime.is_dry_run():
            return "", ""
        address = (found or {})["properties"]["vaultUri"]
        audience = "https://" + (urlsplit(address).hostname or "").partition(".")[2]
        token = await asking.ask(
            "azure-native:authorization:getClientToken", {"endpoint": audience}
        )
        return address, (token or {})["token"]
    except Exception as failed:  # noqa: BLE001 (whatever it is, it is no answer)
        raise InfraSecretsError(_cannot_tell(vault, str(failed))) from None


def _is_there(url: str, token: str) -> bool:
    """Ask the vault for a deleted secret, and again where it is busy or out of reach.

    Raises:
        InfraSecretsError: It gave no clear answer.
    """
    import time
    import urllib.error
    import urllib.request

    request = urllib.request.Request(  # noqa: S310 (the vault's own address)
        url, headers={"Authorization": f"Bearer {token}"}
    )
    answer = ""
    for pause in (0.5, 2.0, 0.0):
        try:
            with urllib.request.urlopen(request, timeout=10):  # noqa: S310 (the same)
                return True
        except urllib.error.HTTPError as refused:
            if refused.code == NOT_FOUND:
                return False
            answer = f"HTTP {refused.code}"
            if refused.code in (401, 403):
                break
        except OSError as failed:
            reason = getattr(failed, "reason", failed)
            answer = f"{type(reason).__name__}: {reason}"
        time.sleep(pause)
    raise InfraSecretsError(_cannot_tell(urlsplit(url).hostname or "", answer))


def _cannot_tell(vault: str, answer: str) -> str:
    return (
        f"Nothing was created, because Key Vault {vault!r} did not say whether it holds a deleted secret of this name, "
        f"on top of whose value the placeholder would be put ({shown(answer)}). Run again. If it stays so: the login "
        f"needs Microsoft.KeyVault/vaults/read and, to see deleted secrets without their values, the role Key Vault "
        f"Reader on the vault; and this machine needs a way to the vault. Whoever knows that the vault holds no "
        f"deleted secret of the name, or gives it up: pulumi config set infra-secrets:azureSkipDeletedCheck true"
    )


def _recoverable(vault: object, name: object) -> str:
    return (
        f"Key Vault {vault!r} holds a deleted secret {name!r} that can still be recovered, and creating it now would "
        f"put the placeholder on top of its value. To have it back, value and all: az keyvault secret recover "
        f'--vault-name {vault} --name {name}, then add adopt="<azure_vault_id>/secrets/{name}" to this Secret. To '
        f"let it go for good: az keyvault secret purge --vault-name {vault} --name {name}"
    )


def way_out(failure: str, inputs: Mapping[str, object]) -> str | None:
    """Say how to go on after the PUT was refused."""
    if "roleDefinitionId" in inputs and (
        "RoleAssignmentExists" in failure or "already existing" in failure
    ):
        return (
            "The principal has this role on the secret already (after a lost state, or given by hand), and Azure takes "
            "it once only. Take it away, and run again: az role assignment delete "
            f"--assignee {inputs.get('principalId')} --role {str(inputs['roleDefinitionId']).rpartition('/')[2]} "
            f"--scope {inputs.get('scope')}"
        )
    vault, name = inputs.get("vaultName"), inputs.get("secretName")
    if "not authorized to perform action" in failure or "ForbiddenByRbac" in failure:
        return (
            f"Before it creates a secret the provider asks Key Vault {vault!r} whether a deleted one of the name "
            f"{name!r} can be recovered, and this identity may not ask. Nothing was changed. Let somebody who may: "
            f"az keyvault secret show-deleted --vault-name {vault} --name {name}. If there is one: az keyvault secret "
            f'recover --vault-name {vault} --name {name}, then adopt="<azure_vault_id>/secrets/{name}" here.'
        )
    if "deleted but recoverable" in failure or "ObjectIsDeletedButRecoverable" in failure:
        return _recoverable(vault, name)
    return None
