"""How a vault is reached: its address, the login, and how long anything may take."""

import logging
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from infra_secrets.clouds import Place, client_library
from infra_secrets.clouds.azure import SPELLING
from infra_secrets.clouds.azure.failures import CLIENT_EXTRA, WHAT, Asked, meaning
from infra_secrets.clouds.azure.vaults import VAULT
from infra_secrets.component.settings import Variable
from infra_secrets.errors import WrongPlaceError
from infra_secrets.rules.naming import SecretName
from infra_secrets.rules.wording import shown

T = TypeVar("T")
_SILENT = logging.NullHandler()

VAULT_VARIABLE = Variable(
    "INFRA_SECRETS_AZURE_VAULT",
    "The Key Vault that holds the containers: its name, or its https address where it is not under Azure's own names.",
)
AUTHORITY = Variable(
    "AZURE_AUTHORITY_HOST",
    "Azure's own: where logins come from. It says which of Azure's clouds a vault's name is in.",
    "`login.microsoftonline.com`",
)

AT_ONCE = 32  # calls that run at the same time
# Bounds, in seconds. The client library's own are 300 for each connection and answer, ten tries, and no limit to what
# Retry-After may ask for; and it has no jitter (azure-core 1.41, RetryPolicy).
CONNECT, ANSWER, ALL_TRIES = 5.0, 10.0, 30.0
TRIES = 3
BACKOFF, LONGEST_BACKOFF, LONGEST_RETRY_AFTER = 0.8, 5.0, 10.0
AZ = 10  # how long `az`, `azd` and PowerShell may each take to give a token
NO_LOGIN = 5.0  # how long a login that failed is not tried again, for other threads
FRESH = 300.0  # a token that ends sooner is not used (azure-core, challenge_auth_policy.py)

# azure-identity AzureAuthorityHosts; azure-docs key-vault/general/about-keys-secrets-certificates, DNS suffixes.
_SUFFIXES = {
    "login.microsoftonline.com": "vault.azure.net",
    "login.chinacloudapi.cn": "vault.azure.cn",
    "login.microsoftonline.us": "vault.usgovcloudapi.net",
}
_NAME = re.compile(r"[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?")


def authority_host() -> str:
    """Return the host that logins come from, by the variable; empty if it does not say."""
    authority = AUTHORITY.read() or ""
    return urlsplit(authority).hostname or authority.strip("/").lower()


def vault(place: Place) -> tuple[str, str | None]:
    """Find a vault's address, and its name if it is under Azure's own names.

    Raises:
        WrongPlaceError: No vault is known, or what is given is none.
    """
    given = (place.get("vault") or VAULT_VARIABLE.read() or "").strip()
    way_out = (
        f"Set {VAULT_VARIABLE} to the vault's name, or to its address: https://NAME.vault.azure.net"
    )
    if not given:
        raise WrongPlaceError("Which Key Vault holds the containers is not known.", way_out)
    if arm := VAULT.fullmatch(given):
        given = arm["vault"]
    if _NAME.fullmatch(given):
        suffix = _SUFFIXES.get(authority_host(), _SUFFIXES["login.microsoftonline.com"])
        return f"https://{given.lower()}.{suffix}", given.lower()
    scheme, _, rest = given.partition("://")
    host = rest.rstrip("/").lower()
    if scheme.lower() == "http" and _HOST.fullmatch(host):
        raise WrongPlaceError(
            f"The Key Vault {shown(given)} is an http address, and values and logins travel by https alone.",
            f"Give it as https://{host}",
        )
    if scheme.lower() != "https" or not _HOST.fullmatch(host):
        raise WrongPlaceError(
            f"{shown(given)} is neither the name of a Key Vault (3 to 24 letters, digits and single hyphens) nor its "
            "https address.",
            way_out,
        )
    label, _, suffix = host.partition(".")
    return f"https://{host}", label if suffix in _SUFFIXES.values() else None


class _Login:
    """A credential that several threads share: one of them asks, the others get what it got.

    Without it each would run `az` by itself. A failure is shared for a few seconds, too.
    """

    def __init__(self, credential: Any) -> None:
        self._credential = credential
        self._lock = threading.Lock()
        self._tokens: dict[object, Any] = {}
        self._failed: tuple[float, Exception] | None = None

    def get_token_info(self, *scopes: str, options: Mapping[str, Any] | None = None) -> Any:
        """Give a token that is good for some minutes, as azure-core's `SupportsTokenInfo`."""
        asked = dict(options or {})
        key = (scopes, asked.get("tenant_id"))
        with self._lock:
            token = self._tokens.get(key)
            if token and not asked.get("claims") and token.expires_on - time.time() >= FRESH:
                return token
            if self._failed and time.monotonic() - self._failed[0] < NO_LOGIN:
                raise self._failed[1]
            try:
                token = self._credential.get_token_info(*scopes, options=asked)
            except Exception as failed:
                self._failed = (time.monotonic(), failed)
                raise
            self._tokens[key] = token
            return token

    def close(self) -> None:
        """Close its connections."""
        self._credential.close()


def _retries() -> Any:
    """Make the client library's retry policy, with jitter, and with an end to what a server may ask for."""
    policies = client_library("azure.core.pipeline.policies", WHAT, CLIENT_EXTRA)

    class Retries(policies.RetryPolicy):  # type: ignore[misc, name-defined]  # imported by name
        def get_backoff_time(self, settings: dict[str, Any]) -> float:
            longest = BACKOFF * 2 ** len(settings["history"])
            return random.uniform(0, min(longest, LONGEST_BACKOFF))  # noqa: S311 (no secret)

        def get_retry_after(self, response: Any) -> float | None:
            asked = super().get_retry_after(response)
            return None if asked is None else min(asked, LONGEST_RETRY_AFTER)

    return Retries(retry_total=TRIES, timeout=ALL_TRIES)


def _adapter() -> Any:
    """Make what opens connections: many of them, which trust one set of certificates, read once.

    The library's own keeps ten, makes and drops one for each thread beyond, and reads the certificates for each
    connection anew: with certifi's, 20 first reads at once then take a second of one processor.
    """
    adapters = client_library("requests.adapters", WHAT, CLIENT_EXTRA)
    tls = client_library("urllib3.util.ssl_", WHAT, CLIENT_EXTRA)
    lock = threading.Lock()
    contexts: dict[str, Any] = {}

    def context(trusted: str) -> Any:
        with lock:
            if trusted not in contexts:
                made = tls.create_urllib3_context()
                folder = Path(trusted).is_dir()
                made.load_verify_locations(**{"capath" if folder else "cafile": trusted})
                contexts[trusted] = made
            return contexts[trusted]

    class Adapter(adapters.HTTPAdapter):  # type: ignore[misc, name-defined]  # imported by name
        def build_connection_pool_key_attributes(
            self, request: Any, verify: Any, cert: Any = None
        ) -> Any:
            host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
            trusted = verify if isinstance(verify, str) else adapters.DEFAULT_CA_BUNDLE_PATH
            unread = {key: each for key, each in pool.items() if not key.startswith("ca_cert")}
            return host, {**unread, "ssl_context": context(trusted)}

        def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
            super().cert_verify(conn, url, verify, cert)
            if conn.conn_kw.get("ssl_context") is not None:  # requests before 2.32.3 makes none
                conn.ca_certs = conn.ca_cert_dir = None

    return Adapter(pool_maxsize=AT_ONCE)


class Connection:
    """The way to one vault, for several threads."""

    def __init__(self, place: Place) -> None:
        self.address, self.name = vault(place)
        # It warns of each login that fails, and a program without logging set up would print that.
        logging.getLogger("azure").addHandler(_SILENT)
        identity = client_library("azure.identity", WHAT, CLIENT_EXTRA)
        requests = client_library("requests", WHAT, CLIENT_EXTRA)
        transports = client_library("azure.core.pipeline.transport", WHAT, CLIENT_EXTRA)
        self._secrets = client_library("azure.keyvault.secrets", WHAT, CLIENT_EXTRA)
        self._login = _Login(
            identity.DefaultAzureCredential(
                process_timeout=AZ,
                connection_timeout=CONNECT,
                read_timeout=ANSWER,
                # Only where nothing comes: what IMDS answers is tried again as the library knows it must be.
                retry_connect=1,
                retry_read=0,
            )
        )
        session = requests.Session()
        session.mount("https://", _adapter())
        self._transport = transports.RequestsTransport(
            session=session, connection_timeout=CONNECT, read_timeout=ANSWER
        )

    def client(self) -> Any:
        """Make a `SecretClient`: one belongs to one thread, because it forgets its token while it asks for another."""
        return self._secrets.SecretClient(
            self.address, self._login, transport=self._transport, retry_policy=_retries()
        )

    def asked(self, verb: str, name: SecretName | None = None) -> Asked:
        """Say what is asked, for errors."""
        return Asked(
            verb=verb,
            what=name.reference if name else "its containers",
            vault=self.name or self.address,
            host=self.address.removeprefix("https://"),
            named=self.name is not None,
            spelled=SPELLING.spell(name) if name else None,
        )

    def ask(self, asked: Asked, call: Callable[[], T]) -> T:
        """Call the library.

        Raises:
            AccessError: What its failure means. Neither chained nor in the failure's context: its frames hold values.
        """
        try:
            return call()
        except Exception as failed:  # noqa: BLE001 (an odd answer makes the library fail in any way)
            trouble = meaning(failed, asked)
        raise trouble

    def close(self) -> None:
        """Close the connections to the vault and to the login."""
        self._transport.session.close()
        self._login.close()
