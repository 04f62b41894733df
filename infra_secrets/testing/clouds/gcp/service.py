"""GCP Secret Manager itself: its methods are API operations, its refusals are in its own words.

A project is given by its id or its number; the service answers with the number. Regional secrets,
rotation messages, expiry and permissions are not simulated: time does not pass.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from infra_secrets.testing.clouds.gcp.settings import problems
from infra_secrets.testing.simulation import CloudError, KeepsRules, Rule

DEFAULT_PROJECT: Final = "rehearsal"
CREATED: Final = "2026-01-01T00:00:00.000000Z"

ID_PATTERN: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")  # CreateSecretRequest.secret_id
VALUE_LIMIT: Final = 64 * 1024  # docs.cloud.google.com/secret-manager/quotas

NUMBERS: Final = Rule(
    "gcp-answers-with-project-numbers",
    "The API takes a project's id and its number, and answers with the number: in `name` and in"
    " errors. `id` and `project` hold what was given.",
    "terraform-provider-google google/services/secretmanager/resource_secret_manager_secret.go,"
    " resourceSecretManagerSecretRead",
)
DELETION_IS_FINAL: Final = Rule(
    "gcp-deletion-is-final",
    "Deleting a secret deletes all its versions, at once and for good.",
    "docs.cloud.google.com/secret-manager/regional-secrets/delete-regional-secrets",
)
NO_FALLBACK: Final = Rule(
    "gcp-latest-does-not-fall-back",
    "A reader of `latest` gets an error when the newest version is disabled or destroyed.",
    "google-github-actions/get-secretmanager-secrets#268",
)
LIMITS: Final = Rule(
    "gcp-limits",
    "Ids have 1 to 255 of A-Z a-z 0-9 _-; at most 64 labels of at most 63 lower-case characters; at"
    " most 10 topics; annotations below 16 KiB.",
    "pulumi-gcp, gcp.secretmanager.Secret; google.cloud.secretmanager_v1.types.CreateSecretRequest",
)
RULES: Final = (NUMBERS, DELETION_IS_FINAL, NO_FALLBACK, LIMITS)


@dataclass
class Version:
    """One version of a secret. A destroyed one has lost its payload."""

    number: int
    payload: str | None
    state: Literal["ENABLED", "DISABLED", "DESTROYED"] = "ENABLED"


@dataclass
class Secret:
    """A secret as the service keeps it. `settings` are the fields of the API that do not bite.

    Attributes:
        project: Its project's id.
        id: Its own.
        number: Its project's number, as the service writes the project.
        settings: See above.
        versions: Its versions, oldest first.
        bindings: Pairs of role and member.
    """

    project: str
    id: str
    number: str
    settings: dict[str, Any] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)
    bindings: list[tuple[str, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The full resource name, as the API writes it."""
        return f"projects/{self.number}/secrets/{self.id}"

    @property
    def names(self) -> set[str]:
        """Everything that it is called."""
        return {self.id, self.name, f"projects/{self.project}/secrets/{self.id}"}

    @property
    def latest(self) -> Version | None:
        """The newest version, whatever its state."""
        return self.versions[-1] if self.versions else None


class SecretManager(KeepsRules):
    """The service in every project. Methods are API operations."""

    def __init__(self, without: Iterable[str] = ()) -> None:
        super().__init__(without)
        self.secrets: dict[tuple[str, str], Secret] = {}
        self.projects: set[str] = set()

    def number(self, project: str) -> str:
        """Return a project's number, made up, which from now on means the project."""
        if project.isdigit():
            return project
        self.projects.add(project)
        digest = int.from_bytes(hashlib.sha256(project.encode()).digest()[:8], "big")
        return str(10**11 + digest % (9 * 10**11))

    def project(self, given: str) -> str:
        """Return the id of a project that is given by its id or its number."""
        known_ones = [each for each in self.projects if given == self.number(each)]
        return known_ones[0] if known_ones else given

    def _named(self, project: str) -> str:
        """Return a project as the service writes it."""
        return self.number(self.project(project)) if self.keeps(NUMBERS) else project

    def find(self, project: str, secret_id: str) -> Secret | None:
        """Return a secret by its id or full name."""
        if secret_id.startswith("projects/"):
            _, project, _, secret_id = secret_id.split("/", 3)
        return self.secrets.get((self.project(project), secret_id))

    def get(self, project: str, secret_id: str) -> Secret:
        """GetSecret."""
        secret = self.find(project, secret_id)
        if secret is None:
            if secret_id.startswith("projects/"):
                _, project, _, secret_id = secret_id.split("/", 3)
            name = f"projects/{self._named(project)}/secrets/{secret_id}"
            raise not_found(name)
        return secret

    def create(self, project: str, secret_id: str, settings: Mapping[str, Any]) -> Secret:
        """CreateSecret."""
        if self.keeps(LIMITS) and not ID_PATTERN.fullmatch(secret_id):
            raise _api_error(
                400,
                "INVALID_ARGUMENT",
                f"The provided Secret ID [{secret_id[:300]}] does not match the expected format"
                " [[a-zA-Z_0-9-]+], at most 255 characters.",
            )
        self._check(settings)
        project, number = self.project(project), self._named(project)
        name = f"projects/{number}/secrets/{secret_id}"
        if (project, secret_id) in self.secrets:
            raise _api_error(409, "ALREADY_EXISTS", f"Secret [{name}] already exists.")
        secret = Secret(project, secret_id, number, dict(settings))
        self.secrets[project, secret_id] = secret
        return secret

    def update(self, project: str, secret_id: str, settings: Mapping[str, Any]) -> Secret:
        """UpdateSecret: it makes and touches no version."""
        secret = self.get(project, secret_id)
        self._check(settings)
        secret.settings = dict(settings)
        return secret

    def _check(self, settings: Mapping[str, Any]) -> None:
        if self.keeps(LIMITS):
            for problem in problems(settings):
                raise _api_error(400, "INVALID_ARGUMENT", problem)

    def delete(self, project: str, secret_id: str) -> None:
        """DeleteSecret: with all versions, for good."""
        secret = self.get(project, secret_id)
        del self.secrets[secret.project, secret.id]

    def add_version(self, project: str, secret_id: str, payload: str) -> Version:
        """AddSecretVersion."""
        secret = self.get(project, secret_id)
        if self.keeps(LIMITS) and len(payload.encode()) > VALUE_LIMIT:
            raise _api_error(400, "INVALID_ARGUMENT", "Secret payload is too large (64 KiB).")
        version = Version(len(secret.versions) + 1, payload)
        secret.versions.append(version)
        return version

    def version(self, name: str) -> Version:
        """GetSecretVersion, by its full name."""
        secret_name, _, number = name.partition("/versions/")
        secret = self.get("", secret_name)
        for version in secret.versions:
            if str(version.number) == number:
                return version
        raise _api_error(404, "NOT_FOUND", f"Secret Version [{name}] not found.")

    def destroy_version(self, name: str) -> None:
        """DestroySecretVersion."""
        version = self.version(name)
        version.state, version.payload = "DESTROYED", None

    def access_latest(self, project: str, secret_id: str) -> str:
        """AccessSecretVersion of `latest`."""
        secret = self.find(project, secret_id)
        candidates = list(secret.versions) if secret is not None else []
        if not self.keeps(NO_FALLBACK):
            candidates = [version for version in candidates if version.state == "ENABLED"]
        if secret is None or not candidates:
            name = f"projects/{self._named(project)}/secrets/{secret_id}"
            raise _api_error(404, "NOT_FOUND", f"Secret [{name}] not found or has no versions.")
        latest = candidates[-1]
        if latest.state != "ENABLED":
            raise _api_error(
                400,
                "FAILED_PRECONDITION",
                f"Secret Version [{secret.name}/versions/{latest.number}] is in {latest.state}"
                " state.",
            )
        return latest.payload or ""


def not_found(name: str) -> CloudError:
    """Return the service's answer about a secret that is not there."""
    return _api_error(404, "NOT_FOUND", f"Secret [{name}] not found.")


def _api_error(status: int, code: str, message: str) -> CloudError:
    return CloudError(code, f"googleapi: Error {status}: {message}", status=status)
