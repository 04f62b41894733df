"""How values of GCP Secret Manager are read and written, with Google's own client library, by gRPC over TLS alone.

Who is logged in is said by Application Default Credentials. Regional secrets are another resource, which this package
does not make: they are not looked at. GCP has no window in which a deleted secret can be brought back, so nothing here
is ever `scheduled`; one that expires can be read until then, and says when in `deleted`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from infra_secrets import clouds
from infra_secrets.clouds import Place
from infra_secrets.clouds.gcp import SPELLING, connection, failures
from infra_secrets.clouds.gcp.connection import Connection, Login
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

CLIENT_EXTRA = connection.EXTRA
LOGIN = failures.LOGIN
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

_PAGE = 25_000  # the most that the API gives: ListSecretsRequest.page_size
_PAGE_SECONDS = 30.0
_NO_FACTS = {"reference", "description", "fields"}  # what `Secret` writes beside `Wanted.facts`
_AT_ONCE = 64  # values read at the same time
_PROJECT = re.compile(r"[a-z0-9][a-z0-9.:-]*")
_HOST = re.compile(r"(https://)?(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?P<port>:\d+)?/?")


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


def restoring(name: str, place: Place) -> None:
    """Return None: what is deleted is gone."""
    del name, place


def connect(place: Place) -> "SecretManager":
    """Make a client for one project.

    Raises:
        MissingExtraError: google-cloud-secret-manager is not installed.
        WrongPlaceError: The project is not known, or the API's address is not one of `https`.
    """
    login = Login()
    calls = Connection(login, _endpoint())
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
    return SecretManager(project, calls)


def _endpoint() -> str | None:
    """Read the address of the API, as host and port."""
    address = ENDPOINT.read()
    if not address:
        return None
    match = _HOST.fullmatch(address)
    if match is None:
        raise WrongPlaceError(
            f"{ENDPOINT} is not the https address of a host, such as 'https://secretmanager-shop.p.googleapis.com/'. "
            "Nothing was sent: over http the login's token could be read on the way.",
            f"Correct it, or run: unset {ENDPOINT}",
        )
    return match["host"] + (match["port"] or ":443")


class SecretManager:
    """The secrets of one project."""

    def __init__(self, project: str, connection: Connection) -> None:
        self.place: Place = {"project": project}
        self._project = project
        self._connection = connection

    def describe(self, name: SecretName) -> Described:
        """Look at one secret (GetSecret) and its latest version (GetSecretVersion)."""
        spelled = SPELLING.spell(name)
        asked = self._asked("secrets.get", name)
        secret = self._connection.call(
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
        states = self._connection.library.SecretVersion.State
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
            service = self._connection.service()
        except AccessError as trouble:
            return dict.fromkeys(names, trouble)
        each_once = list(dict.fromkeys(names))
        found: dict[SecretName, Value | AccessError] = {}
        for start in range(0, len(each_once), _AT_ONCE):
            found.update(self._read_some(service, each_once[start : start + _AT_ONCE]))
        return {name: found[name] for name in each_once}

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
        asked = self._asked("versions.add", name, sends_a_value=True)
        before = self._latest(name)
        present = None if before is None else _number(before.name)
        if present != described.version:
            raise ChangedMeanwhileError(
                f"Somebody else set the value of {name.reference} in between: the present version is {present}, "
                f"and {described.version or 'none'} was expected. Yours was not stored.",
                f"Look at it, and set yours again: {asked.to_set}",
                present,
            )
        added = self._connection.call(
            asked,
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
                f"If theirs should hold, set it again: {asked.to_set}",
                version,
                overtaken,
            )
        return Written(version=version, when=_plain(added.create_time))

    def close(self) -> None:
        """Close the channel."""
        self._connection.close()

    def _read_some(
        self, service: Any, names: Sequence[SecretName]
    ) -> Iterator[tuple[SecretName, Value | AccessError]]:
        begun = {
            name: self._connection.begin_to_read(service, self._version_path(name))
            for name in names
        }
        failed = {name: call for name, call in begun.items() if call.exception() is not None}
        for name in begun.keys() - failed.keys():
            yield name, self._read_or_say(name, begun[name])
        if failed:  # Trying again takes time, and why it failed more calls.
            with ThreadPoolExecutor(len(failed)) as threads:
                said = threads.map(self._read_or_say, failed.keys(), failed.values())
                yield from zip(failed, said, strict=True)

    def _read_or_say(self, name: SecretName, begun: Any) -> Value | AccessError:
        try:
            return self._access(name, "latest", begun)
        except AccessError as trouble:
            return trouble

    def _access(self, name: SecretName, version: str, begun: Any = None) -> Value:
        path, asked = self._version_path(name, version), self._asked("versions.access", name)
        first = (
            []
            if begun is None
            else [self._connection.api("grpc_helpers").wrap_errors(begun.result)]
        )

        def ask(service: Any, how: Mapping[str, Any]) -> Any:
            if first:
                return first.pop()()
            return service.access_secret_version(name=path, retry=None, timeout=how["timeout"])

        answer = self._connection.call(
            asked,
            lambda service, how: how["retry"](ask)(service, how),
            missing_is_none=True,
        )
        if answer is None:
            raise self._nothing(name, version)
        value = Value(data=answer.payload.data, binary=None, version=_number(answer.name))
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
            self._connection.call(
                asked,
                lambda service, how: service.get_secret(
                    name=self._path(SPELLING.spell(name)), **how
                ),
            )
        except DeniedError:
            certain = False
        except AccessError as trouble:
            return trouble
        run = f"Run: {asked.to_set}"
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
        path = self._version_path(name)
        return self._connection.call(
            self._asked("versions.get", name),
            lambda service, how: service.get_secret_version(name=path, **how),
            missing_is_none=True,
        )

    def _page(self, request: Mapping[str, Any]) -> Any:
        return self._connection.call(
            self._asked("secrets.list"),
            lambda service, how: next(service.list_secrets(request=request, **how).pages),
            seconds=_PAGE_SECONDS,
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

    def _version_path(self, name: SecretName, version: str = "latest") -> str:
        return f"{self._path(SPELLING.spell(name))}/versions/{version}"

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
