"""Who is logged in to Azure, by what the token of `DefaultAzureCredential` says, and what that identity may do.

Reading is tried on a version that is not there: a vault answers "forbidden" or "not found", and never a value. What
may be made is listed by Azure Resource Manager (`Microsoft.Authorization/permissions` of the vault), which knows
roles, and no deny assignments.
"""

import base64
import json
import re
import socket
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

from infra_secrets.clouds import Place, client_library
from infra_secrets.clouds.azure import SPELLING, VAULT_ID
from infra_secrets.clouds.azure.connection import (
    ANSWER,
    AZ,
    CONNECT,
    VAULT_VARIABLE,
    Connection,
    authority_host,
    vault,
)
from infra_secrets.clouds.azure.failures import CLIENT_EXTRA, LOGIN, WHAT, Asked, meaning
from infra_secrets.clouds.azure.vaults import VAULT
from infra_secrets.clouds.login import Identity, Rights
from infra_secrets.errors import (
    AccessError,
    DeniedError,
    DisabledError,
    NotFoundError,
    NotLoggedInError,
    UnreachableError,
    WrongPlaceError,
)
from infra_secrets.rules.naming import SecretName

CLIENT_LIBRARY = "azure.keyvault.secrets"
FOLDER = "~/.azure"
HOST = "azure.com"
ADDRESSES = (VAULT_VARIABLE,)
NO_VERSION = "0" * 32
"""A version that no secret has."""
NO_SECRET = SecretName(service="infra-secrets", environment="doctor")
"""A container that nobody has, for who asks about any."""
CREATE = "Microsoft.KeyVault/vaults/secrets/write"
READ_BY_TEMPLATE = "Microsoft.KeyVault/vaults/deploy/action"

_AT_ONCE = 8
_VAULTS = "https://vault.azure.net/.default"
# azure-identity AzureAuthorityHosts, and the Resource Manager of the same cloud.
_MANAGERS = {
    "login.microsoftonline.com": "https://management.azure.com",
    "login.chinacloudapi.cn": "https://management.chinacloudapi.cn",
    "login.microsoftonline.us": "https://management.usgovcloudapi.net",
}
_PERMISSIONS = "/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
# learn.microsoft.com/entra/identity-platform/reference-error-codes: refresh tokens and sessions that have ended.
_EXPIRED = re.compile(r"AADSTS(700082|700084|70043|70008|50173|50078|50089|500133)\b")
_CHALLENGE = re.compile(r'authorization(?:_uri)?="https://[^/"]+/(?P<tenant>[^/"]+)')
_RESOURCE = re.compile(r'resource="(?P<resource>https://[^"]+)"')

T = TypeVar("T")


def place(config: Mapping[str, str]) -> Place:
    """Read the vault of the stack's config."""
    match = VAULT.fullmatch(config.get(str(VAULT_ID), ""))
    return {} if match is None else {part: text.lower() for part, text in match.groupdict().items()}


def identity(place: Place) -> Identity:
    """Read who a token is for. The vault says, without a login, which tenant it must be of."""
    client_library("azure.identity", WHAT, CLIENT_EXTRA)
    challenge = _challenge(place)
    login = _Login(challenge.tenant)
    claims = _claims(login.token(challenge.scope))
    tenant = claims.get("tid") or challenge.tenant
    return Identity(
        who=_who(claims),
        place={"tenant": str(tenant)} if tenant else {},
        clock=challenge.clock,
        local=challenge.local,
    )


def rights(
    place: Place, service: str, environment: str | None, wanted: Mapping[SecretName, str | None]
) -> Rights:
    """List the roles' permissions on the vault, and try to read versions that are not there."""
    del service, environment  # Roles on a vault are for every service in it.
    connection = Connection(place)
    try:
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            names = [*wanted, NO_SECRET]
            tried = {name: threads.submit(_may_read, connection, name) for name in names}
            held, why, to_find_out = _held(place, wanted.values())
            read = {name: found.result() for name, found in tried.items()}
    finally:
        connection.close()
    read_any, notes = read.pop(NO_SECRET), (why,) if why else ()
    if held is not None and held(READ_BY_TEMPLATE):
        read_any = True
        notes = (*notes, f"It holds {READ_BY_TEMPLATE}, with which a template reads values.")
    return Rights(
        create=None if held is None else held(CREATE),
        read=read,
        read_any=read_any,
        notes=notes,
        to_find_out=to_find_out,
    )


def _may_read(connection: Connection, name: SecretName) -> bool | None:
    asked = connection.asked("read", name)
    spelled = SPELLING.spell(name)
    try:
        connection.ask(asked, lambda: connection.client().get_secret(spelled, NO_VERSION))
    except DeniedError:
        return False
    except (NotFoundError, DisabledError):
        return True
    except AccessError:
        return None
    return None  # there is such a version: nobody made it


# The login --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Challenge:
    """What a vault says to who is not logged in."""

    tenant: str | None = None
    scope: str = _VAULTS
    clock: datetime | None = None
    local: datetime | None = None


def _challenge(place: Place) -> _Challenge:
    """Ask a vault for its challenge; nothing is known where no vault is.

    Raises:
        UnreachableError: It does not answer.
        WrongPlaceError: There is no such vault.
    """
    try:
        address, _ = vault(place)
    except WrongPlaceError:
        if place.get("vault"):
            raise
        return _Challenge()
    answer = _get(f"{address}/secrets?api-version=7.4&maxresults=1", {}, f"Key Vault {address}")
    told = answer.headers.get("www-authenticate", "")
    tenant, resource = _CHALLENGE.search(told), _RESOURCE.search(told)
    date = answer.headers.get("date")
    return _Challenge(
        tenant=tenant["tenant"] if tenant else None,
        scope=f"{resource['resource']}/.default" if resource else _VAULTS,
        clock=parsedate_to_datetime(date) if date else None,
        local=datetime.now(UTC),
    )


class _Login:
    """The login that `values` uses, for tokens of one tenant."""

    def __init__(self, tenant: str | None) -> None:
        azure: Any = client_library("azure.identity", WHAT, CLIENT_EXTRA)
        self._credential = azure.DefaultAzureCredential(
            process_timeout=AZ, connection_timeout=CONNECT, read_timeout=ANSWER
        )
        self._tenant = tenant

    def token(self, scope: str) -> str:
        """Get a token.

        Raises:
            NotLoggedInError: There is no login, or it has expired.
            UnreachableError: Who gives the login does not answer.
        """
        core = client_library("azure.core.exceptions", WHAT, CLIENT_EXTRA)
        options = {"tenant_id": self._tenant} if self._tenant else {}
        try:
            return str(self._credential.get_token_info(scope, options=options).token)
        except (core.AzureError, OSError, ValueError) as failed:
            trouble, said = meaning(failed, _asked()), str(failed)
        finally:
            self._credential.close()
        if isinstance(trouble, NotLoggedInError):
            command = f"{LOGIN} --tenant {self._tenant}" if self._tenant else LOGIN
            service = "A service needs a managed or workload identity."
            expired = _EXPIRED.search(said)
            if expired:
                found = f"The login to Azure has expired ({expired[0]})."
                raise NotLoggedInError(found, f"Run: {command}") from None
            if "tenant" not in trouble.found:
                raise NotLoggedInError(trouble.found, f"Run: {command}. {service}") from None
        raise trouble


def _claims(token: str) -> Mapping[str, Any]:
    """Read what a token says, unverified: it is shown to its owner, and nothing rests on it."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 (RFC 7515: header, payload, signature)
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def _who(claims: Mapping[str, Any]) -> str:
    """Name whom a token is for (learn.microsoft.com/entra/identity-platform/access-token-claims-reference)."""
    person = next(
        (claims[each] for each in ("upn", "preferred_username", "unique_name") if claims.get(each)),
        None,
    )
    managed = str(claims.get("xms_mirid") or "").rpartition("/")[2]
    application = claims.get("appid") or claims.get("azp")
    if person:
        who = str(person)
    elif managed:
        who = f"the managed identity {managed}"
    elif application:
        who = f"the application {application}"
    else:
        return "a login whose token does not tell who it is"
    object_id = claims.get("oid")
    return f"{who}, object id {object_id}" if object_id else who


# Azure Resource Manager -------------------------------------------------------------------------------


def _held(place: Place, ids: Iterable[str | None]) -> tuple[Callable[[str], bool] | None, str, str]:
    """Find out which actions the roles on the vault allow.

    Returns:
        A function that says it of an action; or None, why it is not known, and what lets it be found out.
    """
    vault_id = _vault_id(place, ids)
    if vault_id is None:
        return (
            None,
            "What its roles allow to make is asked by the vault's ARM id, which is not known here.",
            f"Run it in the project's folder: the stack's config {VAULT_ID} has that id.",
        )
    manager = _manager()
    challenge = _challenge(place)
    token = _Login(challenge.tenant).token(f"{manager}/.default")
    answer = _get(
        f"{manager}{vault_id}{_PERMISSIONS}", {"Authorization": f"Bearer {token}"}, manager
    )
    if answer.status_code != HTTPStatus.OK:
        status = f"HTTP {answer.status_code}"
        return (
            None,
            f"Azure Resource Manager does not tell it what its roles allow ({status}).",
            "Give it a role on the vault with Microsoft.Authorization/permissions/read, e.g. Reader.",
        )
    sets = [each for each in answer.json().get("value", ()) if isinstance(each, dict)]
    return (lambda action: any(_allows(each, action) for each in sets)), "", ""


def _allows(permission: Mapping[str, Any], action: str) -> bool:
    def named(kind: str) -> bool:
        patterns = permission.get(kind) or ()
        return any(fnmatchcase(action.lower(), str(each).lower()) for each in patterns)

    return named("actions") and not named("notActions")


def _vault_id(place: Place, ids: Iterable[str | None]) -> str | None:
    for id_ in ids:
        match = VAULT.match(id_ or "")
        if match:
            return match[0]
    if {"subscription", "group", "vault"} <= {*place}:
        return (
            f"/subscriptions/{place['subscription']}/resourceGroups/{place['group']}/providers/Microsoft.KeyVault/vaults/"
            f"{place['vault']}"
        )
    return None


def _manager() -> str:
    return _MANAGERS.get(authority_host(), _MANAGERS["login.microsoftonline.com"])


def _get(url: str, headers: Mapping[str, str], who: str) -> Any:
    """Ask something over https.

    Raises:
        UnreachableError: There is no answer, or one that says that Azure is out of order.
        WrongPlaceError: There is no such host, while there is one of Azure's own.
    """
    requests: Any = client_library("requests", WHAT, CLIENT_EXTRA)
    host = urlsplit(url).hostname
    try:
        answer = requests.get(
            url, headers=headers, timeout=(CONNECT, ANSWER), allow_redirects=False
        )
    except requests.exceptions.SSLError:
        trouble: AccessError = UnreachableError(
            f"{host} shows a certificate that is not trusted here.",
            "If a proxy of your company shows it, let REQUESTS_CA_BUNDLE name a file with its certificate; otherwise "
            "do not go on, because this may not be the vault.",
        )
    except (requests.exceptions.RequestException, OSError) as failed:
        trouble = UnreachableError(
            f"{who} does not answer ({type(failed).__name__}). This is no denial.",
            "Check the network, DNS and proxy (HTTPS_PROXY); https://status.azure.com says whether Azure knows of an "
            "outage.",
        )
        if "NameResolutionError" in str(failed) and _has_address(urlsplit(_manager()).hostname):
            trouble = WrongPlaceError(
                f"{host} has no address: there is no such Key Vault, or only a private network knows it.",
                "The vaults that this login sees: az keyvault list --query '[].name' --output tsv",
            )
    else:
        if answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return answer
        trouble = UnreachableError(
            f"{who} is out of order (HTTP {answer.status_code}). This is no denial.",
            "Run again later; https://status.azure.com says whether Azure knows of it.",
        )
    raise trouble


def _has_address(host: str | None) -> bool:
    try:
        return bool(socket.getaddrinfo(host, 443))
    except OSError:
        return False


def _asked() -> Asked:
    host = _manager().removeprefix("https://")
    return Asked(verb="look at", what="this login", vault="", host=host, named=False, spelled=None)
