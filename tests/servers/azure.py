"""The data plane of one Azure Key Vault for secrets, small, on a free port of this machine, with the login before it.

The official client talks to it in its ordinary way: https, whose certificate it trusts by `REQUESTS_CA_BUNDLE`; a
challenge, whose resource it verifies; a token, which `DefaultAzureCredential` gets as in App Service
(`IDENTITY_ENDPOINT`, `IDENTITY_HEADER`). No switch for tests is needed.

lowkey-vault would have been the server that nobody here wrote: its jar is not where the build can get it, and
amber-cloud 1.0.0, the one on PyPI, answers no path of the data plane (GET, PUT and lists are 404; no challenge, no soft
delete, no pages, a disabled secret is read). So the rules are here, each in `RULES` with its source, and what is left
out in `GAPS`.
"""

import json
import ssl
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from infra_secrets.clouds import Place
from infra_secrets.clouds.azure import UNSET
from tests import certificates
from tests.servers import Fault

PAGE = 25
MAX_VALUE = 25 * 1024
RETENTION_DAYS = 90
TENANT = "11111111-2222-3333-4444-555555555555"

RULES = {
    "challenge": "without a valid token 401 and a challenge with tenant and resource (azure-keyvault-secrets 4.12 "
    "_shared/challenge_auth_policy.py; lowkey-vault CommonAuthHeaderFilter)",
    "case": "names are without case (learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates)",
    "versions": "every PUT is a new version of 32 hex digits with its own attributes, tags and content type, and none "
    "of the version before (azure-rest-api-specs keyvault secrets.json SetSecret; Azure/AzureKeyVault#17)",
    "seconds": "dates are whole seconds (secrets.json Attributes, format unixtime)",
    "updated": "a PATCH moves `updated` and not `created` (lowkey-vault KeyVaultBaseEntity)",
    "no condition": "If-Match is not known: the last PUT wins (secrets.json SetSecret)",
    "disabled": "a read is 403 Forbidden, inner error SecretDisabled (azure-docs, javascript-developer-guide-enable-"
    "disable-secret; terraform-provider-azurerm#20459)",
    "missing": "404 SecretNotFound, also for the versions (lowkey-vault ConcurrentVersionedEntityMultiMap.getVersions)",
    "list": "at most 25 a page, the next one by nextLink; no version in the id, attributes, tags and content type of "
    "the present version, never a value (secrets.json GetSecrets, SecretItem; azure-sdk-for-js#25882)",
    "order": "the order of versions is not promised (azure-sdk-for-net#45792): here by id, which is random",
    "soft delete": "a deleted secret is listed under /deletedsecrets with scheduledPurgeDate, and its name is taken: "
    "409 Conflict, inner error ObjectIsDeletedButRecoverable (external-secrets#3519)",
    "value": "a string, at most 25 KB, else 400 BadParameter (azure-docs about-secrets.md; configu#421: 25600)",
    "denied": "403 Forbidden with ForbiddenByRbac, ForbiddenByPolicy, ForbiddenByFirewall or ForbiddenByConnection "
    "(azure-docs key-vault/general/rest-error-codes.md)",
    "tenant": "401 with AKV10032 for a token of another tenant (the same page)",
    "throttled": "429 (azure-docs key-vault/general/overview-throttling.md)",
    "identity": "GET IDENTITY_ENDPOINT with X-IDENTITY-HEADER gives access_token and expires_on (azure-docs app-"
    "service/overview-managed-identity; msal managed_identity.py)",
}
"""What it keeps, with the source."""

GAPS = (
    "no roles: what is denied is said by the test, by operation",
    "no backup, restore, purge protection or certificates' secrets but `managed` in a list",
    "no api-version is refused, and names and tags are not validated",
    "deletion and recovery are done at once; the real vault takes seconds (ObjectIsBeingDeleted)",
    "the last full page has no nextLink; the real vault may give one to an empty page",
    "versions of a missing secret: 404 or an empty list? Not tried; `versions_of_missing` plays both",
    "no HTTP/2, no private endpoints; tokens are not signed",
    'the value `""` and NUL: what the real vault does with them was not tried; here both are stored',
)
"""What it does not do."""

OPERATIONS = {
    ("GET", "secrets"): "list",
    ("GET", "secrets", "name"): "get",
    ("GET", "secrets", "name", "version"): "get",
    ("GET", "secrets", "name", "versions"): "versions",
    ("PUT", "secrets", "name"): "set",
    ("PATCH", "secrets", "name", "version"): "update",
    ("GET", "deletedsecrets"): "list deleted",
    ("GET", "deletedsecrets", "name"): "get deleted",
}


@dataclass
class Version:
    """One version of a secret."""

    id: str
    value: str
    created: int
    updated: int
    enabled: bool = True
    tags: dict[str, str] = field(default_factory=dict)
    content_type: str | None = None
    expires: int | None = None


@dataclass
class Stored:
    """A secret: its name as it was first written, and its versions, oldest first."""

    name: str
    versions: list[Version] = field(default_factory=list)
    deleted: int | None = None
    managed: bool = False


@dataclass
class Failure:
    """What is answered instead, for some operations, some times."""

    operations: Sequence[str]
    status: int
    code: str
    inner: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 10**9
    names: Sequence[str] = ()
    text: str | None = None
    """The whole answer, where it is no error as Key Vault writes one."""


class KeyVault:
    """One vault."""

    def __init__(self) -> None:
        self.secrets: dict[str, Stored] = {}
        self.calls: list[str] = []
        """The operation of every call with a token, in order."""
        self.asked: list[str] = []
        """The same with the name."""
        self.challenges = self.token_requests = 0
        self.failures: list[Failure] = []
        self.hooks: dict[str, Callable[[], object]] = {}
        """Called once, before the next call of an operation is carried out."""
        self.after: dict[str, Callable[[], object]] = {}
        """The same, after it."""
        self.delay = 0.0
        """Seconds that every call with a token takes."""
        self.apart = 1
        """Seconds that two versions of one secret are apart at least."""
        self.clock: Callable[[], float] = time.time
        self.versions_of_missing = "404"
        self.logged_in = True
        """Whether there is an identity that gets a token."""
        self.login_breaks = False
        """Whether the connection breaks where a token is asked for."""
        self.token_seconds = 3600
        self.valid: set[str] = set()
        self.tenant = TENANT
        self.lock = threading.RLock()
        self.meeting: threading.Barrier | None = None
        """Where calls wait for each other, to show that they run at the same time."""
        self.header = uuid.uuid4().hex
        """What IDENTITY_HEADER must be."""
        self.address = ""
        self.resource = ""
        """What the challenge asks a token for, where that is not the vault's own."""

    # What is done by code and by hand

    def container(
        self,
        name: str,
        facts: Mapping[str, str] | None = None,
        *,
        marked: bool = True,
        at: float | None = None,
    ) -> str:
        """Make a container as the package's `Secret` does by ARM: a disabled version of a constant.

        Args:
            name: The name in the vault, e.g. `api--production--key`.
            facts: Its tags, e.g. `max_age_days` for `infra-secrets.max-age-days`.
            marked: Whether its content type says that it is a placeholder; older ones do not say it.
            at: When, in seconds since 1970.
        """
        own = {
            f"infra-secrets.{key.replace('_', '-')}": text for key, text in (facts or {}).items()
        }
        content_type = UNSET if marked else None
        return self.put(name, "UNSET", enabled=False, tags=own, content_type=content_type, at=at)

    def put(
        self,
        name: str,
        value: str,
        *,
        enabled: bool = True,
        tags: Mapping[str, str] | None = None,
        content_type: str | None = None,
        expires: int | None = None,
        at: float | None = None,
    ) -> str:
        """Set a value as the portal does: nothing of the version before is kept. Returns the version."""
        with self.lock:
            secret = self.secrets.setdefault(name.lower(), Stored(name))
            when = int(self.clock() if at is None else at)
            if secret.versions and at is None:
                when = max(when, secret.versions[-1].created + self.apart)
            version = Version(
                id=uuid.uuid4().hex,
                value=value,
                created=when,
                updated=when,
                enabled=enabled,
                tags=dict(tags or {}),
                content_type=content_type,
                expires=expires,
            )
            secret.versions.append(version)
            return version.id

    def present(self, name: str) -> Version:
        """Return the present version."""
        return self.secrets[name.lower()].versions[-1]

    def change(self, name: str, *, enabled: bool) -> None:
        """Disable or enable the present version."""
        version = self.present(name)
        version.enabled, version.updated = enabled, version.updated + 60

    def delete(self, name: str) -> None:
        """Delete it, softly."""
        self.secrets[name.lower()].deleted = int(self.clock())

    def recover(self, name: str) -> None:
        """Bring it back."""
        self.secrets[name.lower()].deleted = None

    def fail(self, *operations: str, status: int, code: str = "Failed", **more: Any) -> None:
        """Answer some operations otherwise from now on; see `Failure`."""
        self.failures.append(Failure(operations, status, code, **more))

    def deny(self, *operations: str, why: str = "ForbiddenByRbac", **more: Any) -> None:
        """Deny some operations from now on."""
        self.fail(*operations, status=403, code="Forbidden", inner=why, **more)

    def revoke(self) -> None:
        """Let every token that was given out be worth nothing."""
        self.valid.clear()

    # What is answered

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Answer a call."""
        url = urlsplit(target)
        if url.path == "/msi/token":
            return self._token(headers)
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        parts = [each for each in url.path.split("/") if each]
        shape = [parts[0] if parts else ""]
        if len(parts) > 1:
            shape.append("name")
        if len(parts) > 2:
            shape.append("versions" if parts[2] == "versions" else "version")
        operation = OPERATIONS.get((method, *shape), "unknown")
        name = parts[1] if len(parts) > 1 else ""
        with self.lock:
            if token not in self.valid:
                self.challenges += 1
                return self._challenge()
            self.calls.append(operation)
            self.asked.append(f"{operation} {name}".rstrip())
        if self.meeting is not None:
            self.meeting.wait(timeout=60)
        if self.delay:
            time.sleep(self.delay)
        self.hooks.pop(operation, lambda: None)()
        with self.lock:
            answer = self._failure(operation, name) or self._carry_out(
                operation, name, parts, parse_qs(url.query), body
            )
        self.after.pop(operation, lambda: None)()
        return answer

    def _challenge(self) -> tuple[int, Mapping[str, str], bytes]:
        port = urlsplit(self.address).port
        # The client takes a resource whose name is the end of the vault's: for 127.0.0.1 that is 0.0.1.
        challenge = (
            f'Bearer authorization="https://login.example/{self.tenant}", '
            f'resource="{self.resource or f"https://0.0.1:{port}"}"'
        )
        status, _, body = _error(401, "Unauthorized", "AKV10000: no bearer token")
        return status, {"WWW-Authenticate": challenge}, body

    def _token(self, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        with self.lock:
            self.token_requests += 1
            if self.login_breaks:
                return 0, {}, b""
            if not self.logged_in or headers.get("X-IDENTITY-HEADER") != self.header:
                return _json(400, {"statusCode": 400, "message": "no identity is assigned"})
            token = f"made-up-token-{uuid.uuid4().hex}"
            self.valid.add(token)
            expires = int(time.time()) + self.token_seconds
            return _json(
                200, {"access_token": token, "expires_on": str(expires), "token_type": "Bearer"}
            )

    def _failure(self, operation: str, name: str) -> tuple[int, Mapping[str, str], bytes] | None:
        for each in self.failures:
            if operation in each.operations and each.times > 0 and name in (each.names or (name,)):
                each.times -= 1
                if each.text is not None:
                    return each.status, each.headers, each.text.encode()
                status, headers, body = _error(each.status, each.code, "it fails", each.inner)
                return status, {**headers, **each.headers}, body
        return None

    def _carry_out(  # noqa: PLR0911 (a line for each operation)
        self,
        operation: str,
        name: str,
        parts: list[str],
        query: Mapping[str, list[str]],
        body: bytes,
    ) -> tuple[int, Mapping[str, str], bytes]:
        if operation in ("unknown", "update"):
            return _error(405, "MethodNotAllowed", "this server does not do that")
        if operation in ("list", "list deleted"):
            gone = operation == "list deleted"
            found = [
                each
                for _, each in sorted(self.secrets.items())
                if (each.deleted is not None) is gone
            ]
            path = "deletedsecrets" if gone else "secrets"
            return self._page([self._item(each) for each in found], path, query)
        secret = self.secrets.get(name.lower())
        if operation == "set":
            return self._set(name, secret, body)
        if secret is None or (secret.deleted is not None) is not (operation == "get deleted"):
            if operation == "versions" and self.versions_of_missing == "empty":
                return _json(200, {"value": [], "nextLink": None})
            return _not_found(name)
        if operation == "get deleted":
            return _json(200, self._item(secret, secret.versions[-1]))
        if operation == "versions":
            versions = sorted(secret.versions, key=lambda each: each.id)
            items = [self._item(secret, each) for each in versions]
            return self._page(items, f"secrets/{name}/versions", query)
        return self._get(secret, parts[2] if len(parts) > 2 else None)

    def _set(
        self, name: str, secret: Stored | None, body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        if secret is not None and secret.deleted is not None:
            return _error(
                409,
                "Conflict",
                f"Secret {name} is currently in a deleted but recoverable state",
                "ObjectIsDeletedButRecoverable",
            )
        asked = json.loads(body or b"{}")
        value = asked.get("value")
        if not isinstance(value, str) or len(value.encode("utf-8", "surrogatepass")) > MAX_VALUE:
            return _error(400, "BadParameter", "The value has invalid length or is no string")
        attributes = asked.get("attributes") or {}
        self.put(
            name,
            value,
            enabled=attributes.get("enabled", True),
            tags=asked.get("tags"),
            content_type=asked.get("contentType"),
            expires=attributes.get("exp"),
        )
        stored = self.secrets[name.lower()]
        return _json(200, {**self._item(stored, stored.versions[-1]), "value": value})

    def _get(self, secret: Stored, version: str | None) -> tuple[int, Mapping[str, str], bytes]:
        found = next(
            (each for each in reversed(secret.versions) if version in (None, each.id)), None
        )
        if found is None:
            return _not_found(secret.name)
        if not found.enabled:
            return _error(
                403,
                "Forbidden",
                "Operation get is not allowed on a disabled secret.",
                "SecretDisabled",
            )
        return _json(200, {**self._item(secret, found), "value": found.value})

    def _item(self, secret: Stored, version: Version | None = None) -> dict[str, object]:
        shown = version or secret.versions[-1]
        item: dict[str, object] = {
            "id": f"{self.address}/secrets/{secret.name}" + (f"/{version.id}" if version else ""),
            "attributes": {
                "enabled": shown.enabled,
                "created": shown.created,
                "updated": shown.updated,
                "recoveryLevel": "Recoverable+Purgeable",
                "recoverableDays": RETENTION_DAYS,
                **({"exp": shown.expires} if shown.expires is not None else {}),
            },
            "tags": shown.tags,
        }
        if shown.content_type is not None:
            item["contentType"] = shown.content_type
        if secret.managed:
            item["managed"] = True
        if secret.deleted is not None:
            item["recoveryId"] = f"{self.address}/deletedsecrets/{secret.name}"
            item["deletedDate"] = secret.deleted
            item["scheduledPurgeDate"] = secret.deleted + RETENTION_DAYS * 86400
        return item

    def _page(
        self, items: list[dict[str, object]], path: str, query: Mapping[str, list[str]]
    ) -> tuple[int, Mapping[str, str], bytes]:
        size = min(PAGE, int(query.get("maxresults", [str(PAGE)])[0]))
        start = int(query.get("$skiptoken", ["0"])[0])
        more = start + size < len(items)
        link = f"{self.address}/{path}?api-version=7.4&$skiptoken={start + size}&maxresults={size}"
        return _json(
            200, {"value": items[start : start + size], "nextLink": link if more else None}
        )


def _json(status: int, answer: object) -> tuple[int, Mapping[str, str], bytes]:
    return status, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(answer).encode()


def _error(
    status: int, code: str, message: str, inner: str | None = None
) -> tuple[int, Mapping[str, str], bytes]:
    error: dict[str, object] = {"code": code, "message": message}
    if inner is not None:
        error["innererror"] = {"code": inner}
    return _json(status, {"error": error})


def _not_found(name: str) -> tuple[int, Mapping[str, str], bytes]:
    return _error(
        404, "SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault."
    )


class CloudServer:
    """The vault on a port; containers by reference."""

    reads = frozenset({"get"})
    has_disabled = True
    has_binary = False

    def start(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._authority, chain = certificates.make(Path(self._folder.name))
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.answering = self._answer
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()
        self.reset()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._folder.cleanup()

    def reset(self) -> None:
        self.vault = KeyVault()
        self.vault.address = f"https://127.0.0.1:{self._server.server_address[1]}"

    @property
    def place(self) -> Place:
        return {"vault": self.vault.address}

    @property
    def calls(self) -> list[str]:
        return self.vault.calls

    @property
    def delay(self) -> float:
        return self.vault.delay

    @delay.setter
    def delay(self, seconds: float) -> None:
        self.vault.delay = seconds

    def environment(self) -> Mapping[str, str | None]:
        return {
            "INFRA_SECRETS_AZURE_VAULT": self.vault.address,
            "REQUESTS_CA_BUNDLE": str(self._authority),
            "IDENTITY_ENDPOINT": f"{self.vault.address}/msi/token",
            "IDENTITY_HEADER": self.vault.header,
            "NO_PROXY": "127.0.0.1",
            **dict.fromkeys(
                [
                    *("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"),
                    *("AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_USERNAME", "AZURE_PASSWORD"),
                    *("AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST"),
                    *("AZURE_TOKEN_CREDENTIALS", "IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT"),
                    *("MSI_ENDPOINT", "MSI_SECRET", "AZURE_POD_IDENTITY_AUTHORITY_HOST"),
                ]
            ),
        }

    def nobody(self) -> Mapping[str, str | None]:
        return {"IDENTITY_ENDPOINT": None, "IDENTITY_HEADER": None}

    def make(self, reference: str, *, fields: Sequence[str] = (), **facts: str) -> None:
        if fields:
            facts["fields"] = " ".join(fields)
        self.vault.container(spelled(reference), facts)

    def put(self, reference: str, data: bytes, *, binary: bool = False) -> str:
        if binary:
            raise NotImplementedError("Key Vault has no bytes")
        # As `set_command` does, which gives the tags again.
        tags = self.vault.present(spelled(reference)).tags
        return self.vault.put(spelled(reference), data.decode(), tags=tags)

    def present(self, reference: str) -> bytes:
        return self.vault.present(spelled(reference)).value.encode()

    def disable(self, reference: str) -> None:
        self.vault.change(spelled(reference), enabled=False)

    def delete(self, reference: str) -> None:
        self.vault.delete(spelled(reference))

    def once(self, call: str, do: Callable[[], object]) -> None:
        self.vault.hooks[call] = do

    def fail(self, fault: Fault, *calls: str) -> None:
        operations = calls or tuple(OPERATIONS.values())
        if fault == "denied":
            self.vault.deny(*operations)
        elif fault == "throttled":
            self.vault.fail(*operations, status=429, code="Throttled")
        elif fault == "down":
            self.vault.fail(*operations, status=503, code="ServiceUnavailable")
        else:
            self.vault.fail(*operations, status=401, code="Unauthorized")

    @property
    def connections(self) -> int:
        """How many were opened to it."""
        return self._server.connections

    def _answer(self, *asked: Any) -> tuple[int, Mapping[str, str], bytes]:
        return self.vault.answer(*asked)


def spelled(reference: str) -> str:
    """Write a reference as a name in a vault."""
    return reference.replace("/", "--")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = self.command, self.path, dict(self.headers.items()), body
        status, headers, answer = self.server.answering(*asked)
        if not status:  # the connection breaks
            self.close_connection = True
            return
        lines = [f"HTTP/1.1 {status} {self.responses.get(status, ('',))[0]}"]
        lines += [f"{name}: {text}" for name, text in headers.items()]
        lines += [f"Content-Length: {len(answer)}", "", ""]
        self.wfile.write("\r\n".join(lines).encode() + answer)

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST = _any  # noqa: N815 (http.server's names)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    answering: Callable[..., tuple[int, Mapping[str, str], bytes]]
    connections = 0

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count it."""
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that went away."""
