"""What a failure of Azure's client libraries means, as one of the package's errors.

Nothing that Azure or a library wrote is repeated but codes and ids of tenants: their texts name who called, and could
hold more.
"""

import re
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from infra_secrets.clouds import client_library, to_set
from infra_secrets.errors import (
    AccessError,
    DeniedError,
    DisabledError,
    NotFoundError,
    NotLoggedInError,
    ScheduledError,
    ThrottledError,
    UnreachableError,
    ValueRefusedError,
    WrongPlaceError,
)

LOGIN = "az login"
CLIENT_EXTRA = "runtime-azure"
WHAT = "The Azure client library"

FIRST_ERROR = 400
# learn.microsoft.com/azure/key-vault/general/rest-error-codes
_BY_NETWORK = ("ForbiddenByFirewall", "ForbiddenByConnection")
_GUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]{0,40}")
# azure-identity puts the texts of what it tried into one message and drops the errors themselves.
_OUTAGE = re.compile(
    r"failed to resolve|name resolution|name or service not known|getaddrinfo|nodename nor servname"
    r"|max retries exceeded|connection refused|network is unreachable|timed out|connection aborted",
    re.IGNORECASE,
)
_OTHER_TENANT = re.compile(
    r"not configured to acquire tokens for tenant|AKV10032|AADSTS(?:50020|90072)\b",
)
# `Client assertion is not within its valid time range`: a login by certificate or workload identity, which this machine
# signs, or its cluster (learn.microsoft.com/entra/identity-platform/reference-error-codes).
_CLOCK = re.compile(r"AADSTS700024\b")
_TENANT = re.compile(rf"(?:for tenant |sts\.windows\.net/|--tenant )({_GUID})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked of a vault."""

    verb: str
    """`read`, `set` or `look at`."""
    what: str
    """Reference of a container, or `its containers`."""
    vault: str
    """The vault's name, or its address where that is not under Azure's names."""
    host: str
    """Its host, with the port if there is one."""
    named: bool
    """Whether `vault` is a name, as `az` takes it."""
    spelled: str | None
    """Name of the secret in the vault; None for the vault as a whole."""

    @property
    def title(self) -> str:
        """The vault as a subject."""
        return f"Key Vault {self.vault}"

    @property
    def to_set(self) -> str:
        """The command that sets its value."""
        return to_set(self.what, "azure", {"vault": self.vault})

    def no_answer(self, found: str, way_out: str) -> UnreachableError:
        """Say that an answer got lost: what was sent may have arrived."""
        if self.verb != "set":
            return UnreachableError(found, way_out)
        lost = UnreachableError(
            f"{found} Whether the value of {self.what} arrived is not known; setting it a second time does no harm.",
            way_out,
        )
        lost.in_doubt = True
        return lost

    def az(self, command: str) -> str:
        """Write a command of `az` about this secret, or the one that lists all."""
        if self.spelled is None:
            where = f"--vault-name {self.vault}" if self.named else f"--id https://{self.host}"
            return f"az keyvault secret list {where}"
        return of_secret(command, self.vault if self.named else None, self.host, self.spelled)


def of_secret(command: str, vault: str | None, host: str, spelled: str) -> str:
    """Write a command of `az` about a secret.

    Args:
        command: E.g. `recover`.
        vault: The vault's name; None where it has none that `az` would find.
        host: Its host, with the port if there is one.
        spelled: The secret's name in the vault.
    """
    folder = "deletedsecrets" if command == "recover" else "secrets"
    where = f"--id https://{host}/{folder}/{spelled}"
    if vault is not None:
        where = f"--vault-name {vault} --name {spelled}"
    return f"az keyvault secret {command} {where}"


_ROLES = {
    "read": (
        "'Key Vault Secrets User' on this secret: add its object id to `readers` of the Secret and run pulumi up"
    ),
    "set": (
        "that sets values on this secret: add its object id to `writers` of the Secret and run pulumi up"
    ),
    "look at": "'Key Vault Reader' on the vault, which shows metadata and no value",
}


def meaning(failed: BaseException, asked: Asked) -> AccessError:
    """Say what a failure means. It is not chained: what it holds could be a value."""
    core = client_library("azure.core.exceptions", WHAT, CLIENT_EXTRA)
    if isinstance(failed, core.ClientAuthenticationError):
        return _login(str(failed), asked)
    if isinstance(failed, core.HttpResponseError) and (failed.status_code or 0) >= FIRST_ERROR:
        return _answered(failed.status_code, *_codes(failed), asked)
    if isinstance(failed, core.ServiceRequestError):
        return _no_way(failed, asked)
    if isinstance(failed, core.ServiceResponseError):
        return _silent(asked)
    return _odd(failed, asked)


def _odd(failed: BaseException, asked: Asked) -> AccessError:
    # The challenge names a resource that is not the vault's, or makes no sense.
    if type(failed) is ValueError:
        return WrongPlaceError(
            f"{asked.host} is not a Key Vault: it asks for a login to something else.",
            "Check its address: az keyvault show --name VAULT --query properties.vaultUri --output tsv",
        )
    if isinstance(failed, OSError):
        return UnreachableError(
            f"{asked.title} was not asked, because the certificates to trust could not be read.",
            "REQUESTS_CA_BUNDLE, or CURL_CA_BUNDLE, must name a file with certificates that exists; or unset it.",
        )
    return asked.no_answer(
        f"{asked.title} answered with something that is no answer of a Key Vault.",
        f"Check that nothing between here and {asked.host} answers in its place, a proxy say, and run again.",
    )


def _codes(failed: object) -> tuple[str, str]:
    """Read Key Vault's code and inner code; empty where there are none, or none that are safe to show."""
    error = getattr(failed, "error", None)
    inner = getattr(error, "innererror", None)
    found = (getattr(error, "code", None), inner.get("code") if isinstance(inner, dict) else None)
    return tuple(  # type: ignore[return-value]  # two
        text if isinstance(text, str) and _CODE.fullmatch(text) else "" for text in found
    )


def _answered(status: int, code: str, inner: str, asked: Asked) -> AccessError:
    """Say what an answer means, by its status and Key Vault's two codes."""
    known: Mapping[int, Callable[[str, Asked], AccessError | None]] = {
        HTTPStatus.BAD_REQUEST: _bad,
        HTTPStatus.FORBIDDEN: _forbidden,
        HTTPStatus.NOT_FOUND: _not_found,
        HTTPStatus.CONFLICT: _conflict,
        HTTPStatus.TOO_MANY_REQUESTS: _too_many,
    }
    say = known.get(status)
    found = say(inner or code, asked) if say else None
    if found is None and (
        status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    ):
        found = asked.no_answer(
            f"{asked.title} is out of order at the moment (HTTP {status}). This is no denial.",
            "Run again later; https://status.azure.com says whether Azure knows of it.",
        )
    return found or AccessError(
        f"{asked.title} refused to {asked.verb} {asked.what} (HTTP {status}{' ' + code if code else ''}).",
        f"Try it with Azure's own tool, which says more: {asked.az('list-versions')}",
    )


def not_found(asked: Asked) -> NotFoundError:
    """Say that there is none."""
    return NotFoundError(
        f"There is no secret {asked.what} in {asked.title}.",
        "Containers are made by code: add a Secret of this name to the program and run pulumi up. If it is in "
        "another vault, say which.",
    )


def _not_found(_code: str, asked: Asked) -> AccessError:
    return not_found(asked)


def _forbidden(code: str, asked: Asked) -> AccessError:
    if code in _BY_NETWORK:
        return UnreachableError(
            f"{asked.title} does not let this machine's network in ({code}). This says nothing about the login.",
            "Use a network that its firewall allows (VPN, a private endpoint, a runner inside), or have this address "
            "added: az keyvault network-rule add --name "
            f"{asked.vault if asked.named else 'VAULT'} --ip-address ADDRESS/32",
        )
    if code == "SecretDisabled":
        return DisabledError(
            f"The value of {asked.what} in {asked.title} is disabled: it was never set, or somebody disabled it. "
            "This login may not see which.",
            f"Run: {asked.to_set}",
        )
    if code == "ForbiddenByPolicy":
        return DeniedError(
            f"A policy of Azure does not let anybody {asked.verb} {asked.what} in {asked.title} like this ({code}).",
            "Ask who looks after Azure Policy here which rule it is: a secret must have an expiry date, say. az "
            "policy state list lists what it found.",
        )
    return DeniedError(
        f"This login may not {asked.verb} {asked.what} in {asked.title} ({code or 'Forbidden'}).",
        f"It needs a role {_ROLES[asked.verb]}. A new role can take ten minutes to work. Who you are: az ad "
        "signed-in-user show --query id",
    )


def _conflict(code: str, asked: Asked) -> AccessError | None:
    if code == "ObjectIsBeingRecovered":
        return UnreachableError(
            f"{asked.what} in {asked.title} is just being recovered.", "Run again in a minute."
        )
    return scheduled(asked) if code.startswith("ObjectIs") else None


def scheduled(asked: Asked) -> ScheduledError:
    """Say that it is deleted, softly."""
    return ScheduledError(
        f"{asked.what} in {asked.title} is deleted and can still be recovered.",
        f"To have it back with its value: {asked.az('recover')}",
    )


def _too_many(_code: str, asked: Asked) -> AccessError:
    return ThrottledError(
        f"{asked.title} was asked too often, by this login or another, and takes no more for the moment.",
        "Run again in a minute.",
    )


def _bad(code: str, asked: Asked) -> AccessError | None:
    if asked.verb != "set":
        return None
    return ValueRefusedError(
        f"{asked.title} does not take this value for {asked.what} ({code or 'HTTP 400'}).",
        "It takes text of 1 to 25,600 bytes.",
    )


def _login(message: str, asked: Asked) -> AccessError:
    tenant = _TENANT.search(message)
    if _OTHER_TENANT.search(message):
        which = tenant[1] if tenant else "TENANT"
        return NotLoggedInError(
            f"The login is of another tenant than {asked.title}, which takes none of it.",
            f"Run: {LOGIN} --tenant {which} (with AZURE_TENANT_ID set, change that)",
        )
    if _CLOCK.search(message):
        return NotLoggedInError(
            "Microsoft Entra takes no login of this machine, because its clock is off, or the token that it logs in "
            "with is too old (AADSTS700024).",
            "Set the clock (timedatectl set-ntp true), and try again.",
        )
    if _OUTAGE.search(message):
        return UnreachableError(
            "Microsoft Entra, which gives the login, does not answer from here. This is no denial.",
            "Check the network and the proxy, and run again.",
        )
    code = re.search(r"AADSTS\d+|AKV\d+", message)
    return NotLoggedInError(
        "There is no login to Azure that works, or it has expired"
        + (f" ({code[0]})." if code else "."),
        f"Run: {LOGIN}. A service needs a managed or workload identity, or AZURE_CLIENT_ID and what goes with it.",
    )


def _no_way(failed: BaseException, asked: Asked) -> AccessError:
    causes = [*_causes(failed)]
    if any(isinstance(each, socket.gaierror) for each in causes):
        return WrongPlaceError(
            f"{asked.host} has no address: there is no Key Vault {asked.vault}, or this machine has no network or a "
            "DNS that does not know it.",
            "The vaults that this login sees: az keyvault list --query '[].name' --output tsv. If it is there, check "
            f"the network: nslookup {asked.host.partition(':')[0]}",
        )
    if any("CERTIFICATE_VERIFY_FAILED" in str(each) for each in causes):
        return UnreachableError(
            f"{asked.host} shows a certificate that is not trusted here.",
            "If a proxy of your company shows it, let REQUESTS_CA_BUNDLE name a file with its certificate; otherwise "
            "do not go on, because this may not be the vault.",
        )
    return _silent(asked)


def _silent(asked: Asked) -> UnreachableError:
    return asked.no_answer(
        f"{asked.title} does not answer from here ({asked.host}). This is no denial.",
        "Check the network and the proxy (HTTPS_PROXY), and run again; https://status.azure.com says whether Azure "
        "knows of an outage.",
    )


def _causes(failed: BaseException) -> Iterator[BaseException]:
    """Yield an error and everything that it was made of: chained, wrapped, or among its arguments."""
    seen: set[int] = set()
    rest: list[object] = [failed]
    while rest:
        each = rest.pop()
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        rest += [each.__cause__, each.__context__, *each.args]
        rest += [getattr(each, name, None) for name in ("inner_exception", "reason")]
