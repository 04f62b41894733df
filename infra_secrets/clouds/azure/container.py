"""How a secret of Azure Key Vault is made, looked at and adopted: as a *disabled* version of a public constant.

A reader before the value is set is refused, instead of being served the constant. Its content type tells it from a
value that somebody disabled, by metadata alone; a value that is set is a new version without it. Pulumi never touches
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
from infra_secrets.clouds import Existing, Place, Registered, Wanted, grants
from infra_secrets.clouds.adopting import other_name
from infra_secrets.clouds.azure import (
    EXTRA,
    MAX_TAG_TEXT,
    MAX_TAGS,
    SDK,
    SECRET_CLASS,
    SPELLING,
    UNSET,
)
from infra_secrets.clouds.azure.connection import vault as vault_in
from infra_secrets.clouds.azure.vaults import GUID, VAULT, checked, malformed, parts
from infra_secrets.errors import (
    InfraSecretsError,
    SecretArgsError,
    SecretNameError,
    UnsupportedError,
    WrongPlaceError,
)
from infra_secrets.rules.shell import quoted, reading_stdin
from infra_secrets.rules.wording import lines_of, shown

if TYPE_CHECKING:
    import pulumi

    from infra_secrets.component.internals import Asking

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

_PRINCIPAL = re.compile(rf"((?P<kind>User|Group|ServicePrincipal):)?(?P<id>{GUID.pattern})")
_EXISTING = re.compile(VAULT.pattern + r"/secrets/(?P<name>[A-Za-z0-9-]+)", re.IGNORECASE)
_ROLE = re.compile(
    rf"(/subscriptions/[0-9a-fA-F-]{{36}})?/providers/Microsoft\.Authorization/roleDefinitions/{GUID.pattern}",
    re.IGNORECASE,
)


def problems(wanted: Wanted) -> Iterator[SecretArgsError]:
    """Yield everything that Key Vault does not support."""
    vault = wanted.settings.get("azure_vault_id")
    if vault is None:
        yield UnsupportedError(
            "azure_vault_id is missing: on Azure a secret lives in a Key Vault, which this package does not create. "
            "Set it once: pulumi config set infra-secrets:azureVaultId "
            "/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.KeyVault/vaults/VAULT"
        )
    elif isinstance(vault, str) and not VAULT.fullmatch(vault):
        yield UnsupportedError(malformed(vault))
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
                    f"service principal or managed identity, optionally with its kind: 'ServicePrincipal:<GUID>'."
                )
    if wanted.writers:
        yield from _writer_role_problems(wanted)
    if wanted.settings.get("azure_skip_deleted_check", "true") not in ("true", "false"):
        yield UnsupportedError(
            "infra-secrets:azureSkipDeletedCheck must be true or false: with true, a secret is created even if the "
            "vault does not say whether it has a deleted one of that name."
        )
    if "azure_secret_class" in wanted.settings:
        try:
            _secret_class(wanted.settings["azure_secret_class"])
        except UnsupportedError as error:
            yield error
    if wanted.adopt is not None:
        yield from _adopt_problems(wanted, wanted.adopt)


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
    elif isinstance(role, str) and not (_ROLE.fullmatch(role) or GUID.fullmatch(role)):
        yield UnsupportedError(
            f"infra-secrets:azureWriterRoleId is {shown(role)}; it must be the id of a role definition: a GUID, or "
            f"/subscriptions/<GUID>/providers/Microsoft.Authorization/roleDefinitions/<GUID>."
        )


def _adopt_problems(wanted: Wanted, secret: str) -> Iterator[SecretArgsError]:
    vault, _, existing = secret.rpartition("/secrets/")
    if not VAULT.fullmatch(vault) or not existing:
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
            f"{other_name(SPELLING, existing)}"
        )


def warnings(wanted: Wanted) -> Iterator[str]:
    """Yield what is allowed but worth knowing before it is created."""
    if wanted.retention == clouds.DISCARD:
        yield (
            "retention='discard' on Azure: soft delete cannot be skipped, so the vault keeps a removed secret for "
            "its retention period (7 to 90 days)."
        )


def never_changed(_wanted: Wanted) -> list[str]:
    """Everything: an update is a PUT of the whole secret, and would put the placeholder on top of the value."""
    return ["properties", "tags"]


def create(wanted: Wanted, opts: "pulumi.ResourceOptions") -> Registered:
    """Register a disabled placeholder and the grants on it."""
    import pulumi

    from infra_secrets.component.outputs import apply_clearly

    azure_native = clouds.sdk(SDK, EXTRA)
    vault_id = apply_clearly(wanted.settings["azure_vault_id"], checked)
    secret = _secret_class(wanted.settings.get("azure_secret_class", SECRET_CLASS))(
        wanted.logical_name,
        resource_group_name=vault_id.apply(lambda text: parts(text)["group"]),
        vault_name=vault_id.apply(lambda text: parts(text)["vault"]),
        secret_name=wanted.spelled,
        properties={
            "value": PLACEHOLDER,
            "contentType": UNSET,
            "attributes": {"enabled": False},
        },
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
            opts=grants.beside(opts, "azure-native:authorization:RoleAssignment", name, wanted),
        )

    granted = grants.grant_each(
        wanted, [("reader", wanted.readers), ("writer", wanted.writers)], grant, _identity
    )
    secret_id = grants.after(granted, secret.id)
    return Registered(
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
    for number, line in enumerate(lines_of(wanted.fields, MAX_TAG_TEXT), start=1):
        tags["infra-secrets.fields" + (f"-{number}" if number > 1 else "")] = line
    return tags


def _identity(principal: str) -> str:
    return _principal(principal)[0].lower()


def _principal(text: str | None) -> tuple[str, str | None]:
    match = _PRINCIPAL.fullmatch(text or "")
    if match is None:
        found = shown(text) if text else "nothing"
        raise UnsupportedError(f"{found} is not the object id (a GUID) of a principal.")
    return match["id"], match["kind"]


def _role_id(vault_id: str, role: str) -> str:
    if GUID.fullmatch(role):
        subscription = parts(vault_id)["subscription"]
        return f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    return role


def _set_command(wanted: Wanted, vault_id: str, tags: Mapping[str, str]) -> str:
    vault = parts(vault_id)
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
    vault = parts(vault_id)["vault"]
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


def looked_for(place: Place) -> Place:
    """The vault by its name, unless it is given by an address that is not under Azure's own names."""
    if "vault" not in place:
        return {}
    try:
        _, name = vault_in(place)
    except WrongPlaceError:
        return {}  # the service says so itself
    return {} if name is None else {"vault": name}


def place_of(id_: str) -> Place:
    """Take an ARM id apart."""
    return place({"id": id_})


async def where(wanted: Wanted, _provider: "pulumi.ProviderResource | None") -> Place:
    """The vault."""
    import pulumi

    vault = await pulumi.Output.from_input(wanted.settings["azure_vault_id"]).future()
    match = VAULT.fullmatch(vault) if isinstance(vault, str) else None
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
    except Exception as failed:  # noqa: BLE001 (whatever it is, it is not an answer)
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
            refused.close()  # it is the answer, and holds the connection
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
        f"Nothing was created, because Key Vault {vault!r} did not say whether it has a deleted secret of this name, "
        f"whose value the placeholder would overwrite ({shown(answer)}). Run again. If it persists: the login needs "
        "Microsoft.KeyVault/vaults/read and, to see deleted secrets without their values, the role Key Vault Reader "
        "on the vault; and this machine needs network access to the vault. If you know that the vault has no deleted "
        "secret of this name, or that its value may be lost: pulumi config set infra-secrets:azureSkipDeletedCheck "
        "true"
    )


def _recoverable(vault: object, name: object) -> str:
    return (
        f"Key Vault {vault!r} has a deleted secret {name!r} that can still be recovered, and creating it now "
        f"would overwrite its value with the placeholder. To recover it with its value: az keyvault secret recover "
        f'--vault-name {vault} --name {name}, then add adopt="<azure_vault_id>/secrets/{name}" to this Secret. To '
        f"delete it for good: az keyvault secret purge --vault-name {vault} --name {name}"
    )


def way_out(failure: str, inputs: Mapping[str, object]) -> str | None:
    """Say how to go on after the PUT was refused."""
    if "roleDefinitionId" in inputs and (
        "RoleAssignmentExists" in failure or "already existing" in failure
    ):
        return (
            "The principal already has this role on the secret (after a lost state, or granted by hand), and Azure "
            "allows it only once. Remove it, and run again: az role assignment delete --assignee "
            f"{inputs.get('principalId')} --role {str(inputs['roleDefinitionId']).rpartition('/')[2]} --scope "
            f"{inputs.get('scope')}"
        )
    vault, name = inputs.get("vaultName"), inputs.get("secretName")
    if "not authorized to perform action" in failure or "ForbiddenByRbac" in failure:
        return (
            f"Before it creates a secret the provider asks Key Vault {vault!r} whether a deleted one of the name "
            f"{name!r} can be recovered, and this identity is not allowed to ask. Nothing was changed. Have somebody "
            f"who is allowed run: az keyvault secret show-deleted --vault-name {vault} --name {name}. If there is one: "
            "az keyvault secret "
            f'recover --vault-name {vault} --name {name}, then adopt="<azure_vault_id>/secrets/{name}" here.'
        )
    if "deleted but recoverable" in failure or "ObjectIsDeletedButRecoverable" in failure:
        return _recoverable(vault, name)
    return None
