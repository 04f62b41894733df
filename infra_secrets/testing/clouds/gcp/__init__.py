"""GCP Secret Manager, as far as it decides whether a value survives, and pulumi-gcp on top of it.

`SecretManager` is the service: its methods are API operations, which take a project by its id or
its number and answer with the number. `SimulatedGcp` adds an operator's hand, the resource types
`Secret`, `SecretIamMember` and `SecretVersion`, and the function `getSecret`. Regional secrets,
rotation messages, expiry and permissions are not simulated: time does not pass.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, cast

from infra_secrets.testing.bridged import BridgedType, Property, data_source
from infra_secrets.testing.esc.providers import EscLogin, EscSecrets, Provider
from infra_secrets.testing.simulation import (
    Call,
    CheckFailure,
    CloudError,
    Function,
    Request,
    ResourceType,
    Rule,
    SimulatedCloud,
    State,
    known,
    only,
)
from infra_secrets.testing.values import unwrap

DEFAULT_PROJECT: Final = "rehearsal"
CREATED: Final = "2026-01-01T00:00:00.000000Z"

ID_PATTERN: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")  # CreateSecretRequest.secret_id
ATTRIBUTION: Final = {"goog-pulumi-provisioned": "true"}
LABEL_LIMIT: Final = 64  # pulumi-gcp, gcp.secretmanager.Secret, labels
LABEL_LENGTH: Final = 63  # the same
LABEL_BYTES: Final = 128  # the same
ANNOTATION_KEY: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
ANNOTATION_BYTES: Final = 16 * 1024  # pulumi-gcp, annotations: less than 16 KiB in total
TOPIC_LIMIT: Final = 10  # pulumi-gcp, topics
VALUE_LIMIT: Final = 64 * 1024  # docs.cloud.google.com/secret-manager/quotas

_SOURCE = (
    "terraform-provider-google google/services/secretmanager/resource_secret_manager_secret.go"
)

DELETES_FIRST: Final = Rule(
    "gcp-deletes-before-it-replaces",
    "A replacement deletes the old secret first, also where the provider made up its id, unless the"
    " program says otherwise.",
    "pulumi-gcp provider/secret_manager.go, DeleteBeforeReplace",
)
PROJECT_STAYS: Final = Rule(
    "gcp-provider-s-project-moves-nothing",
    "A secret that does not name its project stays in the one that the state holds, whatever the"
    " provider's project is; another explicit `project` makes it anew.",
    "terraform-provider-google google/tpgresource, GetProjectFromDiff and DefaultProviderProject",
)
NUMBERS: Final = Rule(
    "gcp-answers-with-project-numbers",
    "The API takes a project's id and its number, and answers with the number: in `name` and in"
    " errors. `id` and `project` hold what was given.",
    _SOURCE + ", resourceSecretManagerSecretRead",
)
ATTRIBUTED: Final = Rule(
    "gcp-adds-a-label-of-its-own",
    "Every secret gets the label goog-pulumi-provisioned, which counts among the 64.",
    "pulumi-gcp, gcp.Provider, addPulumiAttributionLabel",
)
REFUSED_IS_KEPT: Final = Rule(
    "gcp-state-holds-a-refused-update",
    "After a refused update the state holds what was refused: the next `up` says updated and sends"
    " nothing, the one after it sends it.",
    "pulumi-terraform-bridge pkg/tfbridge/provider.go, Update and initializationError",
)
REFRESH_TAKES: Final = Rule(
    "gcp-up-takes-away-what-a-refresh-found",
    "A refresh and an import find version aliases, topics, rotation, destroy TTL and a key that"
    " the program does not name, and the next update takes them away. An expiry stays.",
    _SOURCE + ", resourceSecretManagerSecretUpdate",
)
DELETION_IS_FINAL: Final = Rule(
    "gcp-deletion-is-final",
    "Deleting a secret deletes all its versions, at once and for good.",
    "docs.cloud.google.com/secret-manager/regional-secrets/delete-regional-secrets",
)
REPLACED_ON_REPLICATION: Final = Rule(
    "gcp-replaced-on-replication",
    "A change between automatic and user-managed replication, or of a location, makes the secret"
    " anew; a key is changed in place.",
    _SOURCE,
)
REPLACED_ON_TAGS: Final = Rule(
    "gcp-replaced-on-resource-manager-tags",
    "A change of the resource manager tags (`tags`, not labels) makes the secret anew.",
    _SOURCE,
)
DELETION_PROTECTION: Final = Rule(
    "gcp-deletion-protection-is-the-provider-s",
    "The provider refuses to delete a secret whose state says deletion_protection; the console and"
    " the API do not know of it.",
    _SOURCE + ", resourceSecretManagerSecretDelete",
)
DELETION_POLICY: Final = Rule(
    "gcp-deletion-policy",
    "With the deletion policy PREVENT the provider refuses to delete, with ABANDON it only"
    " forgets.",
    _SOURCE + ", resourceSecretManagerSecretDelete",
)
NO_FALLBACK: Final = Rule(
    "gcp-latest-does-not-fall-back",
    "A reader of `latest` gets an error when the newest version is disabled or destroyed.",
    "google-github-actions/get-secretmanager-secrets#268",
)
MEMBERS: Final = Rule(
    "gcp-members-are-texts",
    "A grant without a member, or with null among its members, is refused.",
    "pulumi-terraform-bridge pkg/tfbridge/provider.go, Check: `member` is required;"
    " docs.cloud.google.com/iam/docs/reference/rest/v1/Policy, Binding",
)
LIMITS: Final = Rule(
    "gcp-limits",
    "Ids have 1 to 255 of A-Z a-z 0-9 _-; at most 64 labels of at most 63 lower-case characters; at"
    " most 10 topics; annotations below 16 KiB.",
    "pulumi-gcp, gcp.secretmanager.Secret; google.cloud.secretmanager_v1.types.CreateSecretRequest",
)

RULES: Final = (
    DELETES_FIRST,
    PROJECT_STAYS,
    NUMBERS,
    ATTRIBUTED,
    REFUSED_IS_KEPT,
    REFRESH_TAKES,
    DELETION_IS_FINAL,
    REPLACED_ON_REPLICATION,
    REPLACED_ON_TAGS,
    DELETION_PROTECTION,
    DELETION_POLICY,
    NO_FALLBACK,
    MEMBERS,
    LIMITS,
)


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


class SecretManager:
    """The service in every project. Methods are API operations."""

    def __init__(self, without: frozenset[str] = frozenset()) -> None:
        self.secrets: dict[tuple[str, str], Secret] = {}
        self.projects: set[str] = set()
        self._without = without

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
        return self.number(self.project(project)) if self._keeps(NUMBERS) else project

    def _keeps(self, rule: Rule) -> bool:
        return rule.id not in self._without

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
            raise _api_error(404, "NOT_FOUND", f"Secret [{name}] not found.")
        return secret

    def create(self, project: str, secret_id: str, settings: Mapping[str, Any]) -> Secret:
        """CreateSecret."""
        if self._keeps(LIMITS) and not ID_PATTERN.fullmatch(secret_id):
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
        if self._keeps(LIMITS):
            for problem in _problems(settings):
                raise _api_error(400, "INVALID_ARGUMENT", problem)

    def delete(self, project: str, secret_id: str) -> None:
        """DeleteSecret: with all versions, for good."""
        secret = self.get(project, secret_id)
        del self.secrets[secret.project, secret.id]

    def add_version(self, project: str, secret_id: str, payload: str) -> Version:
        """AddSecretVersion."""
        secret = self.get(project, secret_id)
        if self._keeps(LIMITS) and len(payload.encode()) > VALUE_LIMIT:
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
        if not self._keeps(NO_FALLBACK):
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


def _api_error(status: int, code: str, message: str) -> CloudError:
    return CloudError(code, f"googleapi: Error {status}: {message}", status=status)


def _problems(settings: Mapping[str, Any]) -> Iterable[str]:
    labels = settings.get("labels") or {}
    if len(labels) > LABEL_LIMIT:
        yield f"A secret can have at most {LABEL_LIMIT} labels."
    for key, value in labels.items():
        if not _is_label(key, key=True) or not _is_label(str(value), key=False):
            yield f"The label [{key[:LABEL_BYTES]}] or its value does not match the pattern."
    annotations = settings.get("annotations") or {}
    for key in annotations:
        if not ANNOTATION_KEY.fullmatch(key):
            yield f"The annotation key [{key[:LABEL_BYTES]}] does not match the required pattern."
    size = sum(len(f"{key}{value}".encode()) for key, value in annotations.items())
    if size >= ANNOTATION_BYTES:
        yield f"The annotations have {size} bytes; the limit is {ANNOTATION_BYTES}."
    if len(settings.get("topics") or []) > TOPIC_LIMIT:
        yield f"A secret can have at most {TOPIC_LIMIT} topics."
    replication = settings.get("replication") or {}
    if ("auto" in replication) == ("userManaged" in replication):
        yield "Exactly one of automatic and user-managed replication is required."
    user_managed = replication.get("userManaged")
    if user_managed is not None and not user_managed.get("replicas"):
        yield "User-managed replication needs at least one replica."


def _is_label(text: str, *, key: bool) -> bool:
    """Whether a text fits a label: lower-case letters, letters without case, digits, `_`, `-`."""
    kinds = [unicodedata.category(character) for character in text]
    letters = all(
        kind in {"Ll", "Lo"} or kind.startswith("N") or character in "_-"
        for kind, character in zip(kinds, text, strict=True)
    )
    starts_well = not key or (bool(kinds) and kinds[0] in {"Ll", "Lo"})
    fits = len(text) <= LABEL_LENGTH and len(text.encode()) <= LABEL_BYTES
    return letters and starts_well and fits


# https://cloud.google.com/iam/docs/principal-identifiers
_MEMBER: Final = re.compile(
    r"allUsers|allAuthenticatedUsers"
    r"|(deleted:)?(user|serviceAccount|group):[^@\s]+@[^@\s]+"
    r"|serviceAccount:[^\s\[]+\.svc\.id\.goog\[[^\s/]+/[^\s/]+\]"
    r"|domain:[^\s.]+(\.[^\s.]+)+"
    r"|(deleted:)?(principal|principalSet|principalHierarchy)://\S+/\S+"
    r"|(projectOwner|projectEditor|projectViewer):(?!None$)\S+"
)


class SimulatedGcp(SimulatedCloud):
    """GCP Secret Manager with pulumi-gcp. A scope is a project. For the arguments see the base."""

    package: ClassVar[str] = "gcp"
    rules: ClassVar[tuple[Rule, ...]] = RULES
    ordinary_config: ClassVar[Mapping[str, str]] = {"gcp:project": "rehearsal"}
    # https://www.pulumi.com/docs/esc/integrations/dynamic-login-credentials/ (Outputs)
    # https://www.pulumi.com/docs/esc/integrations/dynamic-secrets/gcp-secrets/ (Inputs)
    esc_providers: ClassVar[Sequence[Provider]] = (
        EscLogin("gcp-login", invented=("accessToken",), passed_on=("project",)),
        EscSecrets("gcp-secrets", wanted="access", id="name", current={"version": "latest"}),
    )
    container_types: ClassVar[frozenset[str]] = frozenset(
        {"gcp:secretmanager/secret:Secret", "gcp:secretmanager/secretIamMember:SecretIamMember"}
    )

    def __init__(self, without: Iterable[str] = ()) -> None:
        super().__init__(without)
        self.service = SecretManager(self.without)

    @property
    def resource_types(self) -> Mapping[str, ResourceType]:
        """`Secret`, `SecretIamMember` and `SecretVersion`."""
        return {
            "gcp:secretmanager/secret:Secret": SecretType(self),
            "gcp:secretmanager/secretIamMember:SecretIamMember": SecretIamMemberType(self),
            "gcp:secretmanager/secretVersion:SecretVersion": SecretVersionType(self),
        }

    def meet(self, request: Request) -> None:
        """Refuse a grant to nobody, on whatever resource it is."""
        super().meet(request)
        if request.operation == "check":
            self._check_members(request.type, unwrap(request.properties))

    def _check_members(self, token: str, inputs: Mapping[str, Any]) -> None:
        kind = token.rpartition(":")[2].lower()
        key = "member" if kind.endswith("iammember") else "members"
        if not kind.endswith(("iammember", "iambinding")) or not self.keeps(MEMBERS):
            return
        given = inputs.get(key)
        members = given if isinstance(given, list) else [given]
        if None in members:
            raise CloudError(
                "",
                f'{token}: Missing required argument: "{key}" names nobody, because it is null or'
                " holds null",
            )
        if any(isinstance(each, str) and not _MEMBER.fullmatch(each) for each in members):
            raise CloudError(
                "INVALID_ARGUMENT",
                f'{token}: "{key}" names nobody: a member is KIND:ADDRESS, e.g. serviceAccount: or'
                " user: and an e-mail address, domain: and a domain, or principal:// and a path."
                " Was it made of an output that is None?",
            )

    def values_written(self, token: str, inputs: Mapping[str, Any]) -> Sequence[str]:
        """A version in Secret Manager, global or regional."""
        del inputs
        versions = {
            "gcp:secretmanager/secretVersion:SecretVersion",
            "gcp:secretmanager/regionalSecretVersion:RegionalSecretVersion",
        }
        return ("secretData", "secretDataWo") if token in versions else ()

    def imitate(
        self, token: str, inputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any]] | None:
        """Answer for a `Secret` and a `SecretIamMember`."""
        self._check_members(token, inputs)
        project = inputs.get("project") or _project_of(call)
        if token == "gcp:secretmanager/secretIamMember:SecretIamMember":  # noqa: S105 (a type's name)
            parts = [str(inputs.get(key)) for key in ("secretId", "role", "member")]
            return "/".join(parts), {"project": project, "etag": "BwYAAAAAAAA="}
        if token != "gcp:secretmanager/secret:Secret":  # noqa: S105
            return None
        secret_id = inputs.get("secretId") or call.auto_name()
        labels = {**ATTRIBUTION, **(inputs.get("labels") or {})}
        return f"projects/{project}/secrets/{secret_id}", {
            "name": f"projects/{self.service.number(project)}/secrets/{secret_id}",
            "project": project,
            "secretId": secret_id,
            "effectiveLabels": labels,
            "pulumiLabels": labels,
        }

    @property
    def functions(self) -> Mapping[str, Function]:
        """What programs ask about the project."""
        return {
            "gcp:organizations/getClientConfig:getClientConfig": _client_config,
            "gcp:organizations/getProject:getProject": self._get_project,
            **dict([data_source("gcp:secretmanager/getSecret:getSecret", self._get_secret)]),
        }

    def _get_project(self, args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
        project = self.service.project(args.get("projectId") or _project_of(call))
        return {
            "id": f"projects/{project}",
            "projectId": project,
            "name": project,
            "number": self.service.number(project),
            "labels": {},
        }

    def _get_secret(self, args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
        """GetSecret: metadata only, never the payload.

        terraform-provider-google-beta google-beta/services/secretmanager
        /data_source_secret_manager_secret.go: id and project hold what was asked for, labels and
        annotations are all that are there.
        """
        project = str(args.get("project") or _project_of(call))
        id_ = f"projects/{project}/secrets/{args.get('secretId')}"
        secret = self.service.find(project, id_)
        if secret is None:
            raise CloudError("NOT_FOUND", f"{id_} not found", status=404)
        settings = secret.settings
        labels = dict(settings.get("labels") or {})
        annotations = dict(settings.get("annotations") or {})
        return {
            "id": id_,
            "project": project,
            "secretId": secret.id,
            "name": secret.name,
            "createTime": CREATED,
            "labels": labels,
            "pulumiLabels": labels,
            "effectiveLabels": labels,
            "annotations": annotations,
            "effectiveAnnotations": annotations,
            "replications": _replications(settings.get("replication") or {}),
            "rotations": [dict(settings["rotation"])] if settings.get("rotation") else [],
            "topics": [dict(topic) for topic in settings.get("topics") or []],
            "expireTime": settings.get("expireTime") or "",
            "ttl": "",
            "versionAliases": dict(settings.get("versionAliases") or {}),
            "versionDestroyTtl": settings.get("versionDestroyTtl") or "",
            "secretType": settings.get("secretType") or "",
            "tags": {},
            "deletionPolicy": "",
            "deletionProtection": False,
        }

    def _found(self, name: str, scope: str | None) -> list[tuple[str, Secret]]:
        return [
            (project, secret)
            for (project, _), secret in self.service.secrets.items()
            if name in secret.names and scope in {None, project}
        ]

    def _find(self, name: str, scope: str | None) -> Secret:
        return cast("Secret", only(self._found(name, scope), name, "project"))

    def _find_or_none(self, name: str, scope: str | None) -> Secret | None:
        return self._find(name, scope) if self._found(name, scope) else None

    def _set_value(self, name: str, value: str, scope: str | None) -> None:
        secret = self._find(name, scope)
        self.service.add_version(secret.project, secret.id, value)

    def disable(self, name: str, scope: str | None = None) -> None:
        """Disable the newest version."""
        latest = self._find(name, scope).latest
        if latest is not None:
            latest.state = "DISABLED"

    def reader_sees(self, name: str, scope: str | None = None) -> str:
        """Return what an access of `latest` gives: the value, or the name of the error."""
        secret = self._find_or_none(name, scope)
        if secret is None:
            return "NOT_FOUND"
        try:
            return self.service.access_latest(secret.project, secret.id)
        except CloudError as error:
            return error.code

    def value(self, name: str, scope: str | None = None) -> str | None:
        """Return the payload of `latest`, where it can be accessed."""
        secret = self._find_or_none(name, scope)
        if secret is None:
            return None
        try:
            return self.service.access_latest(secret.project, secret.id)
        except CloudError:
            return None

    def versions(self, name: str, scope: str | None = None) -> list[str]:
        """Return every payload that is not destroyed, oldest first."""
        secret = self._find_or_none(name, scope)
        versions = secret.versions if secret is not None else []
        return [version.payload for version in versions if version.payload is not None]

    def delete(self, name: str, scope: str | None = None) -> None:
        """Delete the secret, for good."""
        secret = self._find(name, scope)
        self.service.delete(secret.project, secret.id)

    def restore(self, name: str, scope: str | None = None) -> None:
        """Fail: nothing brings back a deleted secret."""
        del scope
        raise CloudError(
            "NOT_FOUND", f"GCP deletes at once and for good: nothing can bring back {name!r}"
        )

    def describe(self, name: str, scope: str | None = None) -> dict[str, Any]:
        """Return what GetSecret shows, the IAM bindings and the state of each version."""
        secret = self._find(name, scope)
        return {
            **secret.settings,
            "name": secret.name,
            "project": secret.project,
            "secretId": secret.id,
            "bindings": [{"role": role, "member": member} for role, member in secret.bindings],
            "versions": {str(version.number): version.state for version in secret.versions},
        }

    def names(self, scope: str | None = None) -> list[str]:
        """Return the ids of all secrets."""
        return sorted(
            its_id for project, its_id in self.service.secrets if scope in {None, project}
        )

    def state(self, name: str, scope: str | None = None) -> State:
        """Return `missing`, `empty`, `set`, or `disabled` where `latest` cannot be read."""
        secret = self._find_or_none(name, scope)
        if secret is None:
            return "missing"
        if secret.latest is None:
            return "empty"
        return "set" if self.value(name, scope) is not None else "disabled"


def _replications(replication: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a replication as the function shows it: every block is a list."""

    def keys(encryption: Any) -> list[dict[str, Any]]:
        return [dict(encryption)] if encryption else []

    auto, user_managed = replication.get("auto"), replication.get("userManaged")
    autos = [] if auto is None else [keys(auto.get("customerManagedEncryption"))]
    replicas = [
        {
            "location": replica["location"],
            "customerManagedEncryptions": keys(replica.get("customerManagedEncryption")),
        }
        for replica in (user_managed or {}).get("replicas") or []
    ]
    return [
        {
            "autos": [{"customerManagedEncryptions": each} for each in autos],
            "userManageds": [{"replicas": replicas}] if user_managed else [],
        }
    ]


# pulumi-gcp -------------------------------------------------------------------------------------


def _project_of(call: Call) -> str:
    return str(call.config.get("project") or DEFAULT_PROJECT)


class _GcpType(BridgedType):
    def __init__(self, cloud: SimulatedGcp) -> None:
        self.cloud = cloud
        self.service = cloud.service
        self.deletes_first_when_named = False
        self.keeps_refused_updates = cloud.keeps(REFUSED_IS_KEPT)

    def plan(self, inputs: Mapping[str, Any], old: Mapping[str, Any], call: Call) -> dict[str, Any]:
        """Every resource is in a project: the program's, else the state's, else the provider's."""
        planned = super().plan(inputs, old, call)
        if planned.get("project") is None:
            stays = old.get("project") if self.cloud.keeps(PROJECT_STAYS) else None
            planned["project"] = stays or _project_of(call)
        return planned


_READ_BACK = (
    "annotations",
    "expireTime",
    "labels",
    "replication",
    "rotation",
    "secretType",
    "topics",
    "versionAliases",
    "versionDestroyTtl",
)
_WRITTEN_ONLY = ("tags", "ttl")
_OTHERS_SET = ("rotation", "topics", "versionAliases", "versionDestroyTtl")


class SecretType(_GcpType):
    """`gcp.secretmanager.Secret`."""

    auto_named = "secretId"

    def __init__(self, cloud: SimulatedGcp) -> None:
        super().__init__(cloud)
        self.deletes_first = cloud.keeps(DELETES_FIRST)
        locations = cloud.keeps(REPLACED_ON_REPLICATION)
        left_alone = not cloud.keeps(REFRESH_TAKES)
        self.properties = {
            "secretId": Property(force_new=True),
            "project": Property(force_new=True, computed=True),
            "replication": Property(
                force_new=lambda path: locations and "customerManagedEncryption" not in path
            ),
            "tags": Property(force_new=cloud.keeps(REPLACED_ON_TAGS)),
            "ttl": Property(),
            "secretType": Property(force_new=True, computed=True),
            "labels": Property(),
            "annotations": Property(),
            "expireTime": Property(computed=True),
            **{key: Property(computed=left_alone) for key in _OTHERS_SET},
            "deletionPolicy": Property(computed=True),
            "deletionProtection": Property(default=False),
        }

    def validate(self, inputs: Mapping[str, Any]) -> list[CheckFailure]:
        """Judge what the schema judges: which settings need each other."""
        failures: list[CheckFailure] = []
        rotation = inputs.get("rotation")
        if known(rotation) and not inputs.get("topics"):
            failures.append(
                CheckFailure("rotation", '"rotation": all of `rotation,topics` must be specified')
            )
        if inputs.get("replication") is None:
            failures.append(CheckFailure("replication", "Missing required argument"))
        if known(inputs.get("ttl")) and known(inputs.get("expireTime")):
            failures.append(CheckFailure("ttl", '"ttl": conflicts with expire_time'))
        return failures

    def plan(self, inputs: Mapping[str, Any], old: Mapping[str, Any], call: Call) -> dict[str, Any]:
        """Add what goes to the cloud as labels and annotations: those of others stay.

        google/tpgresource/labels.go, SetLabelsDiff; annotations.go, SetAnnotationsDiff.
        """
        planned = super().plan(inputs, old, call)
        attributed = call.config.get("addPulumiAttributionLabel") is not False
        ours = ATTRIBUTION if attributed and self.cloud.keeps(ATTRIBUTED) else {}
        labels, annotations = planned.get("labels") or {}, planned.get("annotations") or {}
        if isinstance(labels, Mapping):
            labels = {**ours, **labels}
        planned["pulumiLabels"] = labels
        planned["effectiveLabels"] = _merged(old, "effectiveLabels", "pulumiLabels", labels)
        planned["effectiveAnnotations"] = _merged(
            old, "effectiveAnnotations", "annotations", annotations
        )
        return planned

    def make(self, planned: dict[str, Any], call: Call) -> str:
        """CreateSecret."""
        del call
        settings = {
            key: planned[key]
            for key in (*_READ_BACK, *_WRITTEN_ONLY)
            if planned.get(key) is not None
        }
        settings["labels"] = planned["effectiveLabels"]
        try:
            secret = self.service.create(planned["project"], planned["secretId"], settings)
        except CloudError as error:
            raise _doing("creating Secret", error) from error
        return f"projects/{planned['project']}/secrets/{secret.id}"

    def look(
        self, id_: str, old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any]] | None:
        """GetSecret. What only the provider knows is taken from the state, or from its defaults."""
        full_name = _full_name(id_, call)
        secret = self.service.find(_project_of(call), full_name)
        if secret is None:
            return None
        # Terraform is not authoritative: it reads back only the labels and annotations it manages.
        labels = secret.settings.get("labels") or {}
        annotations = secret.settings.get("annotations") or {}

        def managed(there: Mapping[str, Any], key: str) -> dict[str, Any]:
            return {name: there[name] for name in old_outputs.get(key) or {} if name in there}

        return full_name, {
            **{key: secret.settings[key] for key in _READ_BACK if key in secret.settings},
            **{key: old_outputs[key] for key in _WRITTEN_ONLY if key in old_outputs},
            "deletionProtection": bool(old_outputs.get("deletionProtection")),
            "deletionPolicy": old_outputs.get("deletionPolicy") or "DELETE",
            "name": secret.name,
            "secretId": secret.id,
            "project": full_name.split("/")[1],
            "createTime": CREATED,
            "labels": managed(labels, "labels"),
            "pulumiLabels": managed(labels, "pulumiLabels"),
            "effectiveLabels": dict(labels),
            "annotations": managed(annotations, "annotations"),
            "effectiveAnnotations": dict(annotations),
        }

    def change(self, id_: str, old: Mapping[str, Any], planned: dict[str, Any], call: Call) -> None:
        """UpdateSecret, of what differs; nothing is sent where nothing does."""
        sent = {
            key: planned.get(key)
            for key in (*_READ_BACK, *_WRITTEN_ONLY)
            if key not in {"labels", "annotations"} and self.changed(key, old, planned)
        }
        for key, effective in (
            ("labels", "effectiveLabels"),
            ("annotations", "effectiveAnnotations"),
        ):
            if (old.get(effective) or {}) != (planned[effective] or {}):
                sent[key] = planned[effective]
        if not sent:
            return
        try:
            secret = self.service.get(_project_of(call), id_)
            settings = {**secret.settings, **sent}
            self.service.update(
                secret.project,
                secret.id,
                {key: value for key, value in settings.items() if value is not None},
            )
        except CloudError as error:
            raise _doing(f'updating Secret "{id_}"', error) from error

    def remove(self, id_: str, old: Mapping[str, Any], call: Call) -> None:
        """DeleteSecret, unless the state forbids it."""
        policy = old.get("deletionPolicy") if self.cloud.keeps(DELETION_POLICY) else "DELETE"
        if policy == "PREVENT":
            raise CloudError(
                "",
                'cannot destroy SecretManagerSecret without setting deletion_policy="DELETE" and'
                " running `terraform apply`",
            )
        if policy == "ABANDON":
            return
        if old.get("deletionProtection") and self.cloud.keeps(DELETION_PROTECTION):
            raise CloudError(
                "",
                "cannot destroy secret manager secret without setting deletion_protection=false and"
                " running `terraform apply`",
            )
        secret = self.service.find(_project_of(call), id_)
        if secret is not None:
            self.service.delete(secret.project, secret.id)


def _merged(old: Mapping[str, Any], everything: str, own: str, wanted: Any) -> Any:
    """Return what is there without what the program had, and with what it wants."""
    if not isinstance(wanted, Mapping):
        return wanted
    had = old.get(own) or {}
    others = {key: text for key, text in (old.get(everything) or {}).items() if key not in had}
    return {**others, **wanted}


def _doing(what: str, error: CloudError) -> CloudError:
    """Word a refusal as the provider does."""
    return CloudError(error.code, f"Error {what}: {error.message}", status=error.status)


def _full_name(id_: str, call: Call) -> str:
    """Return the full name for the three forms of an import id."""
    parts = id_.split("/")
    if len(parts) == 1:
        return f"projects/{_project_of(call)}/secrets/{id_}"
    if len(parts) == 2:  # noqa: PLR2004 (project/secret)
        return f"projects/{parts[0]}/secrets/{parts[1]}"
    return id_


class SecretIamMemberType(_GcpType):
    """`gcp.secretmanager.SecretIamMember`: adds one member to one role, and leaves all others."""

    properties: Mapping[str, Property] = {
        "secretId": Property(force_new=True),
        "role": Property(force_new=True),
        "member": Property(force_new=True),
        "condition": Property(force_new=True),
        "project": Property(force_new=True, computed=True),
    }

    def plan(self, inputs: Mapping[str, Any], old: Mapping[str, Any], call: Call) -> dict[str, Any]:
        """The provider stores the secret's full name, and takes its project."""
        planned = super().plan(inputs, old, call)
        secret_id = planned.get("secretId")
        if known(secret_id):
            if "/" not in str(secret_id):
                secret_id = f"projects/{planned['project']}/secrets/{secret_id}"
            planned["secretId"] = secret_id
            planned["project"] = str(secret_id).split("/")[1]
        return planned

    def make(self, planned: dict[str, Any], call: Call) -> str:
        """GetIamPolicy and SetIamPolicy."""
        del call
        name, role, member = planned["secretId"], planned["role"], planned["member"]
        try:
            secret = self.service.get(planned["project"], name)
        except CloudError as error:
            raise _doing(
                f'retrieving IAM policy for secretmanager secret "{name}"', error
            ) from error
        if (role, member) not in secret.bindings:
            secret.bindings.append((role, member))
        return f"{name}/{role}/{member}"

    def look(
        self, id_: str, old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any]] | None:
        """GetIamPolicy."""
        if not old_outputs:  # an import: "secret role member"
            name, role, member = [*id_.split(" "), "", ""][:3]
        else:
            name, role, member = (old_outputs[key] for key in ("secretId", "role", "member"))
        name = _full_name(name, call)
        secret = self.service.find(_project_of(call), name)
        if secret is None or (role, member) not in secret.bindings:
            return None
        read = {"secretId": name, "role": role, "member": member, "project": name.split("/")[1]}
        return f"{name}/{role}/{member}", {**old_outputs, **read, "etag": "BwYAAAAAAAA="}

    def change(self, id_: str, old: Mapping[str, Any], planned: dict[str, Any], call: Call) -> None:
        """Nothing can change in place."""

    def remove(self, id_: str, old: Mapping[str, Any], call: Call) -> None:
        """SetIamPolicy without this member."""
        del id_
        secret = self.service.find(_project_of(call), old["secretId"])
        binding = (old["role"], old["member"])
        if secret is not None and binding in secret.bindings:
            secret.bindings.remove(binding)


class SecretVersionType(_GcpType):
    """`gcp.secretmanager.SecretVersion`: a value in code. The package never makes one."""

    properties: Mapping[str, Property] = {
        "secret": Property(force_new=True),
        "secretData": Property(force_new=True),
        "secretDataWoVersion": Property(force_new=True),
        "isSecretDataBase64": Property(force_new=True),
        "enabled": Property(default=True),
        "deletionPolicy": Property(computed=True),
    }

    def plan(self, inputs: Mapping[str, Any], old: Mapping[str, Any], call: Call) -> dict[str, Any]:
        """The secret may be named in short."""
        planned = super().plan(inputs, old, call)
        if known(planned.get("secret")) and "/" not in str(planned["secret"]):
            planned["secret"] = f"projects/{planned['project']}/secrets/{planned['secret']}"
        return planned

    def make(self, planned: dict[str, Any], call: Call) -> str:
        """AddSecretVersion."""
        del call
        value = planned.get("secretData")
        if value is None:
            value = planned.get("secretDataWo") or ""
        try:
            version = self.service.add_version(planned["project"], planned["secret"], value)
        except CloudError as error:
            raise _doing("creating SecretVersion", error) from error
        if planned.get("enabled") is False:
            version.state = "DISABLED"
        return f"{planned['secret']}/versions/{version.number}"

    def look(
        self, id_: str, old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any]] | None:
        """GetSecretVersion, and AccessSecretVersion while it is enabled. Destroyed means gone."""
        del call
        try:
            version = self.service.version(id_)
        except CloudError:
            return None
        if version.state == "DESTROYED":
            return None
        secret, _, number = id_.partition("/versions/")
        read: dict[str, Any] = {
            "secret": secret,
            "name": id_,
            "version": number,
            "enabled": version.state == "ENABLED",
        }
        if version.state == "ENABLED" and old_outputs.get("secretDataWoVersion") is None:
            read["secretData"] = version.payload
        return id_, {"deletionPolicy": "DELETE", **old_outputs, **read}

    def change(self, id_: str, old: Mapping[str, Any], planned: dict[str, Any], call: Call) -> None:
        """EnableSecretVersion or DisableSecretVersion."""
        del old, call
        version = self.service.version(id_)
        if version.state != "DESTROYED":
            version.state = "DISABLED" if planned.get("enabled") is False else "ENABLED"

    def remove(self, id_: str, old: Mapping[str, Any], call: Call) -> None:
        """DestroySecretVersion, or what the deletion policy says instead."""
        del call
        policy = old.get("deletionPolicy")
        if policy == "ABANDON":
            return
        try:
            if policy == "DISABLE":
                self.service.version(id_).state = "DISABLED"
            else:
                self.service.destroy_version(id_)
        except CloudError:
            return


def _client_config(args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    del args
    project = _project_of(call)
    return {
        "id": f"projects/{project}",
        "project": project,
        "region": call.config.get("region") or "",
        "zone": call.config.get("zone") or "",
        "accessToken": "made-up-for-a-rehearsal",
        "defaultLabels": {},
    }
