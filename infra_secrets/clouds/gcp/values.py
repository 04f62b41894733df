"""How values of GCP Secret Manager are read and written, with Google's own client library, by gRPC over TLS alone.

Who is logged in is said by Application Default Credentials. Regional secrets are another resource, which this package
does not make: they are not looked at. GCP has no window in which a deleted secret can be brought back, so nothing here
is ever `scheduled`; one that expires can be read until then, and says when in `deleted`.
"""

import json
import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from infra_secrets import clouds
from infra_secrets.clouds import Place
from infra_secrets.clouds.gcp import SPELLING, failures
from infra_secrets.clouds.gcp.failures import Asked
from infra_secrets.clouds.values import Described, Value, Written
from infra_secrets.component.settings import Variable
from infra_secrets.errors import (
    AccessError,
    ChangedMeanwhileError,
    DeniedError,
    NeverSetError,
    SecretNameError,
    UnreachableError,
    ValueRefusedError,
    WrongPlaceError,
)
from infra_secrets.rules.naming import SecretName
from infra_secrets.rules.wording import shown

CLIENT_EXTRA = "runtime-gcp"
LOGIN = failures.LOGIN
RESTORE = ""  # what is deleted is gone
MAX_BYTES = 64 * 1024  # google.cloud.secretmanager SecretPayload.data
CALLS_A_MINUTE = 600  # reads of metadata in a project: docs.cloud.google.com/secret-manager/quotas
STATUS_PERMISSIONS = (
    "secretmanager.secrets.list",
    "secretmanager.secrets.get",
    "secretmanager.versions.get",
)

PROJECT = Variable(
    "GOOGLE_CLOUD_PROJECT",
    "Google's own: the project whose secrets are read and written at run time and by the command line.",
    "the project of the login",
)
ENDPOINT = Variable(
    failures.ENDPOINT,
    "gcloud's own: where Secret Manager's API is, such as a private endpoint's `https` address. It is given the "
    "login's token, so `http` is refused.",
    "`https://secretmanager.googleapis.com/`",
)
PLACE: Mapping[str, Sequence[Variable]] = {"project": (PROJECT,)}

CALL_SECONDS = 10.0
"""How long one call may take; a page of a listing, three times as long."""
PATIENCE_SECONDS = 8.0
"""How long calls are repeated, with growing random pauses, while GCP does not answer or the quota is used up."""

_PAGE = (
    25_000  # the most that the API gives: google.cloud.secretmanager ListSecretsRequest.page_size
)
_NO_FACTS = {"reference", "description", "fields"}  # what `Secret` writes beside `Wanted.facts`
_AT_ONCE = 64  # values read at the same time
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_PROJECT = re.compile(r"[a-z0-9][a-z0-9.:-]*")
_HOST = re.compile(r"(https://)?(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?P<port>:\d+)?/?")
# google-cloud-secret-manager 2.32.0: at DEBUG, also by GOOGLE_SDK_PYTHON_LOGGING_SCOPE, this logger gets every request
# and response in full, with the values in them.
_LOGGER = "google.cloud.secretmanager_v1.services.secret_manager_service.transports.grpc"


def refused(value: Value) -> str | None:
    """Say why a value cannot be stored. Secret Manager keeps bytes as they are, up to its limit."""
    if not value.data:
        # `Field [payload] is required.`: hashicorp/terraform-provider-google#10475
        return f"is empty, and {SPELLING.title} stores no empty value"
    if len(value.data) > MAX_BYTES:
        return f"has {len(value.data):,} bytes, and {SPELLING.title} stores at most {MAX_BYTES:,}"
    if value.binary:
        return None
    try:
        text = value.data.decode()
    except UnicodeDecodeError:
        return "is not UTF-8 text; if it is meant to be bytes, say that it is binary"
    if "\0" in text:
        return "holds a NUL character, which no environment variable can; if it is meant to, say that it is binary"
    return None


def connect(place: Place) -> "SecretManager":
    """Make a client for one project.

    Raises:
        MissingExtraError: google-cloud-secret-manager is not installed.
        WrongPlaceError: The project is not known, or the API's address is not one of `https`.
    """
    library = clouds.client_library(
        "google.cloud.secretmanager_v1", "The client library of GCP Secret Manager", CLIENT_EXTRA
    )
    login = _Login()
    project = place.get("project") or PROJECT.read() or login.project()
    if not project:
        raise WrongPlaceError(
            "The GCP project is not known.",
            f"Name it: export {PROJECT}=PROJECT_ID. Those that the login sees: gcloud projects list",
        )
    if not _PROJECT.fullmatch(project):
        raise WrongPlaceError(
            f"{shown(project)} is not a GCP project.",
            "Give the project's id, such as 'acme-production'; to find it: gcloud projects list",
        )
    return SecretManager(project, library, login, _endpoint())


def _endpoint() -> str | None:
    """Read the address of the API, as host and port."""
    address = ENDPOINT.read()
    if not address:
        return None
    match = _HOST.fullmatch(address)
    if match is None:
        raise WrongPlaceError(
            f"{ENDPOINT} is not the https address of a host, such as 'https://secretmanager-acme.p.googleapis.com/'. "
            "Nothing was sent: over http the login's token could be read on the way.",
            f"Correct it, or run: unset {ENDPOINT}",
        )
    return match["host"] + (match["port"] or ":443")


class _Login:
    """Application Default Credentials: looked for when first needed, and renewed by one thread at a time.

    Google's library would renew them in every call that runs at the time, and hide in an answer of gRPC why it cannot.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._found: tuple[Any, str | None] | None = None

    def _default(self) -> tuple[Any, str | None]:
        with self._lock:
            if self._found is None:
                auth = clouds.client_library("google.auth", "Google's login library", CLIENT_EXTRA)
                try:
                    self._found = auth.default(scopes=[_SCOPE])
                except auth.exceptions.GoogleAuthError as failure:
                    trouble = failures.of_login(failure)
                else:
                    return self._found
                raise trouble
            return self._found

    def project(self) -> str | None:
        """Find the login's project; None if it has none, or there is no login."""
        try:
            return self._default()[1]
        except AccessError:
            return None

    def credentials(self) -> Any:
        """Find them, valid for some minutes at least.

        Raises:
            NotLoggedInError: There are none, or they cannot be renewed.
            UnreachableError: Who renews them does not answer.
        """
        credentials = self._default()[0]
        # A service account's key signs its own tokens, for each call's host.
        if hasattr(credentials, "with_always_use_jwt_access"):
            return credentials
        auth = clouds.client_library("google.auth", "Google's login library", CLIENT_EXTRA)
        requests = clouds.client_library(
            "google.auth.transport.requests", "Google's login library", CLIENT_EXTRA
        )
        with self._lock:
            if credentials.valid:
                return credentials
            try:
                credentials.refresh(requests.Request())
            except auth.exceptions.GoogleAuthError as failure:
                trouble = failures.of_login(failure)
            else:
                return credentials
        raise trouble


class _WithoutValues(logging.Filter):
    """Takes requests and responses out of what Google's library logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything pass, without them."""
        for part in ("request", "response"):
            if hasattr(record, part):
                setattr(record, part, None)
        return True


_WITHOUT_VALUES = _WithoutValues()

_Make = Callable[[Any, Mapping[str, Any]], Any]
"""Makes a call of a client with the library's `retry` and `timeout`. What it sends is in no frame but its own."""


class SecretManager:
    """The secrets of one project."""

    def __init__(self, project: str, library: Any, login: _Login, endpoint: str | None) -> None:
        self.place: Place = {"project": project}
        self._project = project
        self._library = library
        self._login = login
        self._endpoint = endpoint
        self._service: Any = None
        self._lock = threading.Lock()

    def describe(self, name: SecretName) -> Described:
        """Look at one secret (GetSecret) and its latest version (GetSecretVersion)."""
        spelled = SPELLING.spell(name)
        asked = self._asked("secrets.get", name)
        secret = self._call(
            asked, lambda service, how: service.get_secret(name=self._path(spelled), **how)
        )
        return self.complete(self._described(name, secret))

    def listing(
        self, service: str | None = None, environment: str | None = None, *, deleted: bool = True
    ) -> Iterator[Described]:
        """List the secrets (ListSecrets), whose answer does not tell whether there is a value.

        GCP looks for what a name contains (cloud.google.com/secret-manager/docs/filtering): what it finds too much is
        left out here.
        """
        del deleted  # GCP deletes at once.
        parts = [service or "", environment or ""]
        sought = SPELLING.separator.join(parts) if any(parts) else ""
        request = {
            "parent": f"projects/{self._project}",
            "page_size": _PAGE,
            "filter": f"name:{sought}" if sought else "",
        }
        while True:
            page = self._page(request)
            for secret in page.secrets:
                name = _canonical(secret.name)
                if name is None:
                    continue
                if (service or name.service, environment or name.environment) == (
                    name.service,
                    name.environment,
                ):
                    yield self._described(name, secret)
            if not page.next_page_token:
                return
            request = {**request, "page_token": page.next_page_token}

    def complete(self, described: Described) -> Described:
        """Look at the latest version, by GetSecretVersion, which tells everything of it but the value."""
        if described.state is not None:
            return described
        version = self._latest(described.name)
        if version is None:
            return replace(described, state="unset")
        states = self._library.SecretVersion.State
        return replace(
            described,
            state="set" if version.state == states.ENABLED else "disabled",
            version=_number(version.name),
            changed=_plain(version.create_time),
        )

    def read(self, names: Sequence[SecretName]) -> Mapping[SecretName, Value | AccessError]:
        """Read them at the same time, by AccessSecretVersion, which takes one secret."""
        if not names:
            return {}
        try:
            self._connected()
        except AccessError as trouble:
            return dict.fromkeys(names, trouble)
        each_once = list(dict.fromkeys(names))
        with ThreadPoolExecutor(min(len(each_once), _AT_ONCE)) as threads:
            return dict(zip(each_once, threads.map(self._read_or_say, each_once), strict=True))

    def read_version(self, name: SecretName, version: str) -> Value:
        """Read one version, by its number (AccessSecretVersion)."""
        if not version.isdecimal():
            raise WrongPlaceError(
                f"{shown(version)} is not a version of {name.reference}.",
                "On GCP a version is a number.",
            )
        return self._access(name, version)

    def write(self, described: Described, value: Value) -> Written:
        """Add a version (AddSecretVersion), which is the present one from then on.

        GCP adds a version whatever the present one is. So the present one is looked at right before, and the new one's
        number afterwards: versions are numbered in order, disabled and destroyed ones too (google.cloud.secretmanager
        SecretVersion.name). Only a refusal for the quota is repeated, as nothing was stored then.
        """
        name, why = described.name, refused(value)
        if why is not None:
            raise ValueRefusedError(
                f"The value for {name.reference} {why}.", "Nothing was sent. Give another value."
            )
        before = self._latest(name)
        present = None if before is None else _number(before.name)
        if present != described.version:
            raise ChangedMeanwhileError(
                f"Somebody else set the value of {name.reference} in between: the present version is {present}, "
                f"and {described.version or 'none'} was expected. Yours was not stored.",
                f"Look at it, and set yours again: infra-secrets set {name.reference}",
                present,
            )
        added = self._call(
            self._asked("versions.add", name, sends_a_value=True),
            lambda service, how: service.add_secret_version(
                request={
                    "parent": self._path(described.spelled),
                    "payload": {"data": value.data, "data_crc32c": crc32c(value.data)},
                },
                **how,
            ),
        )
        version, expected = _number(added.name), int(present or 0) + 1
        if int(version) != expected:
            overtaken = [str(number) for number in range(expected, int(version))]
            raise ChangedMeanwhileError(
                f"Somebody else set the value of {name.reference} at the same time. Yours is stored, as version "
                f"{version}, and is the present one; theirs is kept as version {' and '.join(overtaken)}.",
                f"If theirs should hold, set it again: infra-secrets set {name.reference}",
                version,
                overtaken,
            )
        return Written(version=version, when=_plain(added.create_time))

    def close(self) -> None:
        """Close the channel."""
        with self._lock:
            service, self._service = self._service, None
        if service is not None:
            service.transport.close()

    def _read_or_say(self, name: SecretName) -> Value | AccessError:
        try:
            return self._access(name, "latest")
        except AccessError as trouble:
            return trouble

    def _access(self, name: SecretName, version: str) -> Value:
        path = f"{self._path(SPELLING.spell(name))}/versions/{version}"
        asked = self._asked("versions.access", name)
        answer = self._call(
            asked,
            lambda service, how: service.access_secret_version(name=path, **how),
            missing_is_none=True,
        )
        if answer is None:
            raise self._nothing(name, version)
        value = Value(data=answer.payload.data, version=_number(answer.name))
        # There since July 2021: GoogleCloudPlatform/secrets-store-csi-driver-provider-gcp#173
        if "data_crc32c" in answer.payload and answer.payload.data_crc32c != crc32c(value.data):
            del answer
            raise UnreachableError(
                f"What arrived of {asked.where} is not what GCP stores: its checksum is another one.",
                "Try again. If it happens again, set the value again.",
            )
        return value

    def _nothing(self, name: SecretName, version: str) -> AccessError:
        """Tell a secret without a version from one that is not there: reading answers the same for both.

        Who may read and not look has mostly been granted it on the secret itself, so that there is one: where there is
        none, there is no grant, and the read is denied.
        """
        asked = self._asked("secrets.get", name)
        certain = True
        try:
            self._call(
                asked,
                lambda service, how: service.get_secret(
                    name=self._path(SPELLING.spell(name)), **how
                ),
            )
        except DeniedError:
            certain = False
        except AccessError as trouble:
            return trouble
        run = f"Run: infra-secrets set {name.reference}"
        if version != "latest":
            return NeverSetError(f"There is no version {version} of {asked.where}.", run)
        if certain:
            return NeverSetError(f"The value of {asked.where} was never set.", run)
        return NeverSetError(
            f"{asked.where} has no value: it was never set, or there is no such container; telling which takes "
            f"{asked.permission}.",
            run,
        )

    def _latest(self, name: SecretName) -> Any | None:
        """Look at the most recent version, which is the present one whatever its state; None if there is none."""
        path = f"{self._path(SPELLING.spell(name))}/versions/latest"
        return self._call(
            self._asked("versions.get", name),
            lambda service, how: service.get_secret_version(name=path, **how),
            missing_is_none=True,
        )

    def _page(self, request: Mapping[str, Any]) -> Any:
        return self._call(
            self._asked("secrets.list"),
            lambda service, how: next(service.list_secrets(request=request, **how).pages),
            seconds=3 * CALL_SECONDS,
        )

    def _described(self, name: SecretName, secret: Any) -> Described:
        annotations = dict(secret.annotations)
        spelled = SPELLING.spell(name)
        return Described(
            name=name,
            spelled=spelled,
            id=self._path(spelled),
            state=None,
            created=_plain(secret.create_time),
            deleted=_plain(secret.expire_time) if "expire_time" in secret else None,
            facts={
                fact: text
                for fact, text in clouds.facts_of(annotations).items()
                if fact not in _NO_FACTS
            },
            fields=_fields(annotations.get("infra-secrets.fields")),
        )

    def _path(self, spelled: str) -> str:
        return f"projects/{self._project}/secrets/{spelled}"

    def _asked(
        self, permission: str, name: SecretName | None = None, *, sends_a_value: bool = False
    ) -> Asked:
        return Asked(
            project=self._project,
            permission=f"secretmanager.{permission}",
            name=name,
            spelled=SPELLING.spell(name) if name else None,
            sends_a_value=sends_a_value,
        )

    def _call(
        self,
        asked: Asked,
        make: _Make,
        *,
        missing_is_none: bool = False,
        seconds: float | None = None,
    ) -> Any:
        """Make a call, and say in the package's own words what its failure means.

        The error is raised outside of the handler, so that nothing leads from it to the frames of Google's library,
        which hold what was sent and received.
        """
        service = self._connected()
        api = clouds.client_library("google.api_core", "Google's API library", CLIENT_EXTRA)
        again = [api.exceptions.ResourceExhausted]
        if not asked.sends_a_value:
            again.append(api.exceptions.ServiceUnavailable)
        how = {
            "retry": api.retry.Retry(
                predicate=api.retry.if_exception_type(*again),
                initial=0.25,
                maximum=5.0,
                multiplier=2.0,
                timeout=PATIENCE_SECONDS,
            ),
            "timeout": api.timeout.ConstantTimeout(seconds or CALL_SECONDS),
        }
        try:
            return make(service, how)
        except api.exceptions.GoogleAPIError as failure:
            if missing_is_none and failures.code_of(failure) == "NOT_FOUND":
                return None
            trouble = failures.of_call(failure, asked)
        raise trouble

    def _connected(self) -> Any:
        """Log in where that is needed, and make the client when it is first used."""
        credentials = self._login.credentials()
        auth = clouds.client_library("google.auth", "Google's login library", CLIENT_EXTRA)
        with self._lock:
            if self._service is None:
                logging.getLogger(_LOGGER).addFilter(_WITHOUT_VALUES)
                options = {"api_endpoint": self._endpoint} if self._endpoint else {}
                try:
                    self._service = self._library.SecretManagerServiceClient(
                        credentials=credentials, client_options=options
                    )
                except auth.exceptions.GoogleAuthError as failure:
                    trouble = failures.of_login(failure)
                else:
                    return self._service
                raise trouble
            return self._service


def _canonical(path: str) -> SecretName | None:
    """Read a secret's name; None if it is none of this package's."""
    try:
        return SPELLING.parse(path.rpartition("/")[2])
    except SecretNameError:
        return None


def _number(path: str) -> str:
    """Take the number out of a version's name, which has the project's number in place of its id."""
    return path.rpartition("/")[2]


def _plain(moment: datetime) -> datetime:
    """Turn Google's own kind of datetime into Python's; it has no more than microseconds."""
    return datetime.combine(moment.date(), moment.time(), UTC)


def _fields(text: str | None) -> tuple[str, ...]:
    """Read the annotation in which `Secret` says which keys the value has."""
    try:
        keys = json.loads(text or "[]")
    except ValueError:
        return ()
    return tuple(map(str, keys)) if isinstance(keys, list) else ()


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


_CRC = _crc_table()


def crc32c(data: bytes) -> int:
    """Compute a CRC-32C (Castagnoli; RFC 3720, appendix B.4), as `SecretPayload.data_crc32c`."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF
