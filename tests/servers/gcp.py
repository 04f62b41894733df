"""Secret Manager on its official protocol definitions, over gRPC and TLS, in threads of this process.

The messages are those of google-cloud-secret-manager, the rules are `RULES`, each with its source, and what is missing
is in `GAPS`. Who calls has a token: one that the made-up service account signed, or one that the token service here
issued.
"""

import functools
import http.server
import ipaddress
import json
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from google.auth import jwt
from google.auth.compute_engine import _metadata
from google.cloud import secretmanager_v1 as api
from google.iam.v1 import iam_policy_pb2  # type: ignore[import-untyped]
from google.protobuf import any_pb2, empty_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status  # type: ignore[import-untyped]

from infra_secrets.clouds import Place
from tests.servers import Fault

PROJECT: Final = "made-up-shop"
NUMBER: Final = "123456789012"
ACCOUNT: Final = f"payments@{PROJECT}.iam.gserviceaccount.com"
SERVICE: Final = "google.cloud.secretmanager.v1.SecretManagerService"
MAX_BYTES: Final = 65_536

RULES: Final[Mapping[str, str]] = {
    "a secret without a version and one that is not there read alike": (
        "clouds.md B5; `not found or has no versions`: spring-attic/spring-cloud-gcp#2270"
    ),
    "latest is the newest version whatever its state, and does not fall back": (
        "google-github-actions/get-secretmanager-secrets#268; GetSecretVersionRequest.name"
    ),
    "versions are numbered from 1, disabled and destroyed ones too": "SecretVersion.name",
    "a version is added whatever the present one is": "AddSecretVersionRequest has no etag",
    "an empty payload is refused": "hashicorp/terraform-provider-google#10475",
    "a payload has at most 64 KiB": "SecretPayload.data",
    "a checksum that does not fit is refused, and one is always answered": "SecretPayload.data_crc32c",
    "a denial names the permission and does not say whether there is a secret": (
        "googleapis/python-secret-manager#389"
    ),
    "a role holds its permissions and no other": (
        "https://docs.cloud.google.com/iam/docs/roles-permissions/secretmanager; `grant`"
    ),
    "a project that is not there is denied with CONSUMER_INVALID": (
        "terraform-google-modules/terraform-example-foundation#940; google/api/error_reason.proto"
    ),
    "an API that is off is denied with SERVICE_DISABLED": (
        "googleapis/nodejs-secret-manager#58; google/api/error_reason.proto"
    ),
    "names in answers have the project's number": "clouds.md B5; docs/gcp.md",
    "a listing is newest first, its pages have at most 25,000": "ListSecretsRequest, ListSecretsResponse",
    "a filter name:TEXT finds every name that contains the text": (
        "https://cloud.google.com/secret-manager/docs/filtering"
    ),
    "deleting is at once and for good": "clouds.md B3",
    "a destroyed version stays so": "SecretVersion.State",
    "a name has at most 255 letters, digits, hyphens and underscores": "CreateSecretRequest.secret_id",
}

ROLES: Final[Mapping[str, frozenset[str]]] = {
    "roles/secretmanager.secretAccessor": frozenset({"secretmanager.versions.access"}),
    "roles/secretmanager.secretVersionAdder": frozenset({"secretmanager.versions.add"}),
    "roles/secretmanager.viewer": frozenset(
        {
            "secretmanager.secrets.get",
            "secretmanager.secrets.list",
            "secretmanager.versions.get",
            "secretmanager.versions.list",
        }
    ),
}
"""What each role may, of the calls that are here."""

GAPS: Final = (
    "Grants are for the whole project: `grant` and `denied` are about everybody.",
    "Filters other than one `name:TEXT`; labels, topics, rotation, replication and keys are kept and do nothing.",
    "Etags, version aliases and delayed destruction are not looked at; a secret that expires stays.",
    "Quotas are not counted: `fail` says when they are used up.",
    "Regional secrets, IAM policies, managed rotation and Pub/Sub are not there.",
    "A token's audience is not checked.",
)

_STATES = api.SecretVersion.State
_CODES: Final[Mapping[str, tuple[grpc.StatusCode, str, str]]] = {
    "denied": (
        grpc.StatusCode.PERMISSION_DENIED,
        "Permission '{permission}' denied for resource '{resource}' (or it may not exist).",
        "IAM_PERMISSION_DENIED",
    ),
    "throttled": (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        (
            "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute' of service "
            f"'secretmanager.googleapis.com' for consumer 'project_number:{NUMBER}'."
        ),
        "RATE_LIMIT_EXCEEDED",
    ),
    "down": (grpc.StatusCode.UNAVAILABLE, "The service is currently unavailable.", ""),
    "expired": (
        grpc.StatusCode.UNAUTHENTICATED,
        (
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
            "valid authentication credential."
        ),
        "ACCESS_TOKEN_EXPIRED",
    ),
}


class Answer(Exception):  # noqa: N818 (what a call answers instead)
    """A status, as GCP sends it."""

    def __init__(
        self, code: grpc.StatusCode, message: str, reason: str = "", **metadata: str
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.reason, self.metadata = code, message, reason, metadata

    def status(self) -> Any:
        status = status_pb2.Status(code=self.code.value[0], message=self.message)
        if self.reason:
            info = error_details_pb2.ErrorInfo(
                reason=self.reason, domain="googleapis.com", metadata=self.metadata
            )
            packed = any_pb2.Any()
            packed.Pack(info)
            status.details.append(packed)
        return rpc_status.to_status(status)


@dataclass
class Version:
    data: bytes
    created: datetime
    state: Any = _STATES.ENABLED
    destroyed: datetime | None = None


@dataclass
class Stored:
    secret: Any
    versions: list[Version] = field(default_factory=list)


class Files:
    """What lies about for one process: a certificate for loopback, a service account's key, a user's login."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="secret-manager-")
        self.folder = Path(self._folder.name)
        (self.folder / "empty").mkdir()
        tls = ec.generate_private_key(ec.SECP256R1())
        self.tls_key = _pem(tls)
        self.certificate = _certificate(tls)
        self.roots = self.write("roots.pem", self.certificate)
        self.write("tls.pem", self.tls_key)
        account = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.account_key = _pem(account)
        self.account_public = account.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def write(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def account(self, **more: str) -> Path:
        """Write a service account's key file; without its project, which is then named by a variable."""
        info = {
            "type": "service_account",
            "client_email": ACCOUNT,
            "client_id": "1",
            "private_key_id": "made-up-key-id",
            "private_key": self.account_key.decode(),
            "token_uri": "https://127.0.0.1:1/never-asked",
            **more,
        }
        return self.write(f"account-{len(more)}.json", json.dumps(info).encode())


@functools.cache
def files() -> Files:
    """One set for a process: gRPC reads the certificates that it trusts only once."""
    return Files()


def _pem(key: Any) -> bytes:
    found: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return found


def _certificate(key: Any) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a server of a test")])
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


class CloudServer:
    """Secret Manager of one project."""

    place: Place = {"project": PROJECT}  # noqa: RUF012 (never changed)
    reads = frozenset({"AccessSecretVersion"})
    has_disabled = True
    has_binary = False

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.reset()

    def start(self) -> None:
        self.reset()
        # What NO_GCE_CHECK says, which is read only once: nobody asks a cloud's machine for a login.
        _metadata._NO_GCE_CHECK = True
        self._server = grpc.server(
            ThreadPoolExecutor(100), options=[("grpc.so_reuseport", 0)], maximum_concurrent_rpcs=200
        )
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, dict(self._handlers())),)
        )
        own = files()
        credentials = grpc.ssl_server_credentials([(own.tls_key, own.certificate)])
        self.port = self._server.add_secure_port("127.0.0.1:0", credentials)
        self._server.start()
        self.tokens = Tokens()

    def stop(self) -> None:
        self._server.stop(None).wait()
        self.tokens.stop()
        self.reset()

    def reset(self) -> None:
        self.calls: list[str] = []
        self.delay = 0.0
        self.stored: dict[str, Stored] = {}
        self.denied: set[str] = set()
        """Permissions that nobody has."""
        self.before: dict[str, Callable[[], object]] = {}
        """What happens once, right before a call does what it does."""
        self.garbled = False
        """Whether values change on their way out."""
        self.times: int | None = None
        """How often `fail` and `answer` hold; None for always."""
        self.lost: set[str] = set()
        """Calls that do what they do, and whose answers get lost."""
        self.waiting: Callable[[], object] = _at_once
        """What each read of a value waits for."""
        self.requests: list[Any] = []
        """What was asked, in full."""
        self._answers: dict[str, Answer] = {}
        self._clock = datetime.now(UTC)

    def environment(self) -> Mapping[str, str | None]:
        own = files()
        return {
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": f"https://127.0.0.1:{self.port}/",
            "GOOGLE_APPLICATION_CREDENTIALS": str(own.account()),
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(own.roots),
            "CLOUDSDK_CONFIG": str(own.folder / "empty"),
            "NO_GCE_CHECK": "true",
            "no_grpc_proxy": "127.0.0.1",
            **dict.fromkeys(
                [
                    *("GCLOUD_PROJECT", "GOOGLE_CLOUD_QUOTA_PROJECT", "REQUESTS_CA_BUNDLE"),
                    *("GOOGLE_API_USE_CLIENT_CERTIFICATE", "GOOGLE_API_USE_MTLS_ENDPOINT"),
                    *("GOOGLE_CLOUD_UNIVERSE_DOMAIN", "GOOGLE_SDK_PYTHON_LOGGING_SCOPE"),
                ]
            ),
        }

    def nobody(self) -> Mapping[str, str | None]:
        return {"GOOGLE_APPLICATION_CREDENTIALS": None}

    def user(self) -> Mapping[str, str | None]:
        """What changes in `environment` for a person, whose tokens the token service issues."""
        own = files()
        info = {
            "type": "external_account_authorized_user",
            "audience": "//iam.googleapis.com/locations/global/workforcePools/made-up/providers/made-up",
            "refresh_token": "made-up-refresh-token",
            "token_url": self.tokens.url,
            "client_id": "made-up-client-id",
            "client_secret": "made-up-client-secret",
        }
        path = own.write("user.json", json.dumps(info).encode())
        return {
            "GOOGLE_APPLICATION_CREDENTIALS": str(path),
            "REQUESTS_CA_BUNDLE": str(own.roots),
            "no_proxy": "127.0.0.1",
        }

    def make(self, reference: str, *, fields: Sequence[str] = (), **facts: str) -> None:
        annotations = {key.replace("_", "-"): text for key, text in facts.items()}
        annotations["reference"] = reference
        if fields:
            annotations["fields"] = json.dumps(list(fields))
        secret = api.Secret(
            annotations={f"infra-secrets.{key}": text for key, text in annotations.items()}
        )
        with self.lock:
            self._create(reference.replace("/", "__"), secret)

    def put(self, reference: str, data: bytes, *, binary: bool = False) -> str:
        del binary  # bytes are bytes
        with self.lock:
            versions = self._of(reference).versions
            versions.append(Version(data, self._now()))
            return str(len(versions))

    def present(self, reference: str) -> bytes:
        return self._of(reference).versions[-1].data

    def disable(self, reference: str) -> None:
        self._of(reference).versions[-1].state = _STATES.DISABLED

    def destroy(self, reference: str) -> None:
        """Destroy the present version."""
        with self.lock:
            self._destroy(self._of(reference).versions[-1])

    def delete(self, reference: str) -> None:
        with self.lock:
            del self.stored[reference.replace("/", "__")]

    def expire(self, reference: str, when: datetime) -> None:
        """Let a secret be deleted by itself."""
        self._of(reference).secret.expire_time = when

    def once(self, call: str, do: Callable[[], object]) -> None:
        self.before[call] = do

    def fail(self, fault: Fault, *calls: str) -> None:
        code, message, reason = _CODES[fault]
        for call in calls or ("*",):
            self.answer(code, message, call, reason)

    def answer(
        self,
        code: grpc.StatusCode,
        message: str,
        call: str = "*",
        reason: str = "",
        **metadata: str,
    ) -> None:
        """From now on answer a status."""
        self._answers[call] = Answer(code, message, reason, **metadata)

    def grant(self, *roles: str) -> None:
        """From now on everybody has these roles and no other."""
        self.denied = self.permissions.difference(*(ROLES[role] for role in roles))

    def switch_off(self) -> None:
        """Switch the API off in the project, as before `gcloud services enable`."""
        self.answer(
            grpc.StatusCode.PERMISSION_DENIED,
            f"Secret Manager API has not been used in project {NUMBER} before or it is disabled. Enable it by visiting "
            f"https://console.developers.google.com/apis/api/secretmanager.googleapis.com/overview?project={NUMBER} "
            "then retry.",
            reason="SERVICE_DISABLED",
            consumer=f"projects/{NUMBER}",
            service="secretmanager.googleapis.com",
        )

    # How a call is answered

    def _handlers(self) -> Iterator[tuple[str, Any]]:
        calls: Mapping[str, tuple[Any, str, Any]] = {
            "ListSecrets": (api.ListSecretsRequest, "secrets.list", self._list),
            "CreateSecret": (api.CreateSecretRequest, "secrets.create", self._create_asked),
            "GetSecret": (api.GetSecretRequest, "secrets.get", self._get),
            "UpdateSecret": (api.UpdateSecretRequest, "secrets.update", self._update),
            "DeleteSecret": (api.DeleteSecretRequest, "secrets.delete", self._delete),
            "AddSecretVersion": (api.AddSecretVersionRequest, "versions.add", self._add),
            "ListSecretVersions": (
                api.ListSecretVersionsRequest,
                "versions.list",
                self._list_versions,
            ),
            "GetSecretVersion": (api.GetSecretVersionRequest, "versions.get", self._get_version),
            "AccessSecretVersion": (
                api.AccessSecretVersionRequest,
                "versions.access",
                self._access,
            ),
            "EnableSecretVersion": (
                api.EnableSecretVersionRequest,
                "versions.enable",
                functools.partial(self._turn, _STATES.ENABLED),
            ),
            "DisableSecretVersion": (
                api.DisableSecretVersionRequest,
                "versions.disable",
                functools.partial(self._turn, _STATES.DISABLED),
            ),
            "DestroySecretVersion": (
                api.DestroySecretVersionRequest,
                "versions.destroy",
                functools.partial(self._turn, _STATES.DESTROYED),
            ),
            "TestIamPermissions": (iam_policy_pb2.TestIamPermissionsRequest, "", self._test),
        }
        self.permissions = {f"secretmanager.{each}" for _, each, _ in calls.values() if each}
        for call, (request, permission, do) in calls.items():
            yield (
                call,
                grpc.unary_unary_rpc_method_handler(
                    functools.partial(self._answer, call, permission, do),
                    request_deserializer=getattr(request, "deserialize", None)
                    or request.FromString,
                    response_serializer=_serialized,
                ),
            )

    def _answer(self, call: str, permission: str, do: Any, request: Any, context: Any) -> Any:
        self.calls.append(call)
        self.requests.append(request)
        if self.delay:
            time.sleep(self.delay)  # what it stands for: a network
        try:
            self._log_in(context)
            resource = _resource(request)
            self._fault(call, f"secretmanager.{permission}", resource)
            if first := self.before.pop(call, None):
                first()
            if call in self.reads:
                self.waiting()
            with self.lock:
                done = do(request)
            self._lose(call)
        except Answer as instead:
            context.abort_with_status(instead.status())
        return done

    def _lose(self, call: str) -> None:
        if call in self.lost:
            raise Answer(*_CODES["down"])

    def _fault(self, call: str, permission: str, resource: str) -> None:
        with self.lock:
            fault = self._answers.get(call) or self._answers.get("*")
            if fault is not None and self.times is not None:
                self.times -= 1
                fault = fault if self.times >= 0 else None
        if fault is None:
            self._of_the_project(resource)
        if fault is None and permission in self.denied:
            fault = Answer(*_CODES["denied"])
        if fault is not None:
            text = fault.message.replace("{permission}", permission).replace("{resource}", resource)
            raise Answer(fault.code, text, fault.reason, **fault.metadata)

    def _log_in(self, context: Any) -> None:
        given = dict(context.invocation_metadata()).get("authorization", "")
        token = given.removeprefix("Bearer ")
        if token in self.tokens.issued:
            return
        try:
            claims = jwt.decode(token, certs=files().account_public)  # type: ignore[no-untyped-call]
        except ValueError:
            claims = {}
        if claims.get("iss") != ACCOUNT:
            code, message, reason = _CODES["expired"]
            raise Answer(code, message, reason)

    def _of_the_project(self, resource: str) -> None:
        project = resource.split("/")[1]
        if project not in {PROJECT, NUMBER}:
            raise Answer(
                grpc.StatusCode.PERMISSION_DENIED,
                f"Permission denied on resource project {project}.",
                "CONSUMER_INVALID",
                consumer=f"projects/{project}",
                service="secretmanager.googleapis.com",
            )

    # What calls do

    def _list(self, request: Any) -> Any:
        text = request.filter.removeprefix("name:")
        if request.filter and (text == request.filter or " " in text):
            raise Answer(grpc.StatusCode.INVALID_ARGUMENT, "This server knows one name:TEXT alone.")
        found = [each.secret for each in reversed(self.stored.values()) if text in each.secret.name]
        size = min(request.page_size or 100, 25_000)
        start = int(request.page_token or 0)
        end = start + size
        return api.ListSecretsResponse(
            secrets=found[start:end],
            next_page_token=str(end) if end < len(found) else "",
            total_size=0 if request.filter else len(found),
        )

    def _create_asked(self, request: Any) -> Any:
        return self._create(request.secret_id, request.secret)

    def _create(self, spelled: str, secret: Any) -> Any:
        import re

        if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", spelled):
            raise Answer(grpc.StatusCode.INVALID_ARGUMENT, "The provided Secret ID is not valid.")
        if spelled in self.stored:
            raise Answer(
                grpc.StatusCode.ALREADY_EXISTS, f"Secret [{_named(spelled)}] already exists."
            )
        secret.name = _named(spelled)
        secret.create_time = self._now()
        self.stored[spelled] = Stored(secret)
        return secret

    def _get(self, request: Any) -> Any:
        return self._find(request.name).secret

    def _update(self, request: Any) -> Any:
        stored = self._find(request.secret.name)
        for path in request.update_mask.paths:
            setattr(stored.secret, path, getattr(request.secret, path))
        return stored.secret

    def _delete(self, request: Any) -> Any:
        self._find(request.name)
        del self.stored[request.name.split("/")[3]]
        return empty_pb2.Empty()

    def _add(self, request: Any) -> Any:
        stored, payload = self._find(request.parent), request.payload
        if not payload.data:
            raise Answer(grpc.StatusCode.INVALID_ARGUMENT, "Field [payload] is required.")
        if len(payload.data) > MAX_BYTES:
            raise Answer(grpc.StatusCode.INVALID_ARGUMENT, "The payload is larger than 64 KiB.")
        if "data_crc32c" in payload and payload.data_crc32c != checksum(payload.data):
            raise Answer(grpc.StatusCode.INVALID_ARGUMENT, "The checksum does not match the data.")
        stored.versions.append(Version(payload.data, self._now()))
        return self._shown(stored, len(stored.versions))

    def _list_versions(self, request: Any) -> Any:
        stored = self._find(request.parent)
        numbers = range(len(stored.versions), 0, -1)
        return api.ListSecretVersionsResponse(
            versions=[self._shown(stored, number) for number in numbers],
            total_size=len(numbers),
        )

    def _get_version(self, request: Any) -> Any:
        return self._shown(*self._find_version(request.name))

    def _access(self, request: Any) -> Any:
        stored, number = self._find_version(request.name)
        version = stored.versions[number - 1]
        name = f"{stored.secret.name}/versions/{number}"
        if version.state != _STATES.ENABLED:
            raise Answer(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"Secret Version [{name}] is in {version.state.name} state.",
            )
        data = version.data
        sent = data[:-1] + bytes([data[-1] ^ 1]) if self.garbled else data
        return api.AccessSecretVersionResponse(
            name=name, payload=api.SecretPayload(data=sent, data_crc32c=checksum(data))
        )

    def _turn(self, state: Any, request: Any) -> Any:
        stored, number = self._find_version(request.name)
        version = stored.versions[number - 1]
        if version.state == _STATES.DESTROYED:
            raise Answer(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"Secret Version [{stored.secret.name}/versions/{number}] is in DESTROYED state.",
            )
        version.state = state
        if state == _STATES.DESTROYED:
            self._destroy(version)
        return self._shown(stored, number)

    def _destroy(self, version: Version) -> None:
        version.state, version.data, version.destroyed = _STATES.DESTROYED, b"", self._now()

    def _test(self, request: Any) -> Any:
        held = [each for each in request.permissions if each not in self.denied]
        return iam_policy_pb2.TestIamPermissionsResponse(permissions=held)

    def _find(self, path: str) -> Stored:
        spelled = path.split("/")[3]
        if spelled not in self.stored:
            raise Answer(grpc.StatusCode.NOT_FOUND, f"Secret [{_named(spelled)}] not found.")
        return self.stored[spelled]

    def _find_version(self, path: str) -> tuple[Stored, int]:
        _, _, _, spelled, _, version = path.split("/")
        stored = self.stored.get(spelled)
        if stored is None or not stored.versions:
            raise Answer(
                grpc.StatusCode.NOT_FOUND,
                f"Secret [{_named(spelled)}] not found or has no versions.",
            )
        number = len(stored.versions) if version == "latest" else int(version)
        if not 1 <= number <= len(stored.versions):
            raise Answer(
                grpc.StatusCode.NOT_FOUND,
                f"Secret Version [{_named(spelled)}/versions/{number}] not found.",
            )
        return stored, number

    def _shown(self, stored: Stored, number: int) -> Any:
        version = stored.versions[number - 1]
        return api.SecretVersion(
            name=f"{stored.secret.name}/versions/{number}",
            create_time=version.created,
            destroy_time=version.destroyed,
            state=version.state,
            client_specified_payload_checksum=True,
        )

    def _of(self, reference: str) -> Stored:
        return self.stored[reference.replace("/", "__")]

    def _now(self) -> datetime:
        """Tell the time; no two are the same."""
        self._clock = max(datetime.now(UTC), self._clock + timedelta(microseconds=1))
        return self._clock


class Silent(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Say nothing of somebody who has not waited for the answer."""


class Tokens:
    """A service that gives a person a new token for the refresh token, over TLS."""

    def __init__(self) -> None:
        self.issued: set[str] = set()
        self.asked = 0
        self.seconds = 3600
        """How long its tokens last."""
        self.status, self.answer = 200, ""
        """What it answers instead, where it is no 200."""
        tokens = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                status, body = tokens.give()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: Any) -> None:
                """Write no log."""

        self._server = Silent(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files().roots, files().folder / "tls.pem")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._server.server_port}/token"

    def give(self) -> tuple[int, str]:
        self.asked += 1
        if self.status != http.HTTPStatus.OK:
            return self.status, self.answer
        token = f"made-up-token-{self.asked}"
        self.issued.add(token)
        return 200, json.dumps(
            {"access_token": token, "expires_in": self.seconds, "token_type": "Bearer"}
        )

    def refuse(self, status: int, **answer: str) -> None:
        """Answer so from now on."""
        self.status, self.answer = status, json.dumps(answer)

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _at_once() -> None:
    """Wait for nothing."""


def _serialized(message: Any) -> bytes:
    if isinstance(message, (empty_pb2.Empty, iam_policy_pb2.TestIamPermissionsResponse)):
        return bytes(message.SerializeToString())
    return bytes(type(message).serialize(message))


def _resource(request: Any) -> str:
    for attribute in ("name", "parent", "resource"):
        if text := getattr(request, attribute, ""):
            return str(text)
    return str(request.secret.name)


def _named(spelled: str) -> str:
    return f"projects/{NUMBER}/secrets/{spelled}"


def checksum(data: bytes) -> int:
    """Compute a CRC-32C bit by bit, otherwise than the package does."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 * (crc & 1))
    return crc ^ 0xFFFFFFFF
