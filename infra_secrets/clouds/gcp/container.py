"""How a secret of GCP Secret Manager is made, looked at and adopted. Deleting it is final.

There is no window and no undo, so `recover` is refused here and `keep` adds the provider's own
`deletion_protection`. Deliberately no `SecretVersion`, no expiry and no rotation period (changing that
would replace the secret with all its versions), and never an authoritative IAM binding or policy.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from infra_secrets import clouds
from infra_secrets.clouds import KEEP, RECOVER, Existing, Place, Registered, Wanted, grants
from infra_secrets.clouds.adopting import going, other_name
from infra_secrets.clouds.gcp import (
    EXTRA,
    MAX_ANNOTATIONS_BYTES,
    MAX_LABEL_BYTES,
    MAX_LABELS,
    RESOURCE_TYPE,
    SDK,
    SPELLING,
)
from infra_secrets.errors import SecretArgsError, SecretNameError, UnsupportedError
from infra_secrets.rules.shell import reading_stdin
from infra_secrets.rules.wording import shown

if TYPE_CHECKING:
    import pulumi

    from infra_secrets.component.internals import Asking

READ = "roles/secretmanager.secretAccessor"
WRITE = "roles/secretmanager.secretVersionAdder"
# For writers too, as `infra-secrets set` looks before it writes: this role holds secrets.get, versions.get and
# versions.list, and not versions.access (docs.cloud.google.com/iam/docs/roles-permissions/secretmanager).
LOOK = "roles/secretmanager.viewer"

_SECRET = re.compile(r"projects/(?P<project>[^/\s]+)/secrets/(?P<name>[A-Za-z0-9_-]+)")
_KEY = re.compile(r"projects/[^/]+/locations/(?P<location>[^/]+)/keyRings/[^/]+/cryptoKeys/[^/]+")
_LOCATION = re.compile(r"[a-z]+(-[a-z]+)*\d+")
# Source: IAM's principal identifiers for allow policies (cloud.google.com/iam/docs/principal-identifiers), without
# those that are everybody, or are gone.
_DOMAIN = r"([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]"
_POOL = (
    r"iam\.googleapis\.com/(projects/[\w.:-]+/locations/global/workloadIdentityPools"
    r"|locations/global/workforcePools)/[\w.:-]+"
)
_MEMBER = re.compile(
    rf"(user|serviceAccount|group):[\w.+'%-]+@{_DOMAIN}"
    rf"|domain:{_DOMAIN}"
    r"|serviceAccount:[\w.:-]+\.svc\.id\.goog\[[a-z0-9-]+/[a-z0-9.-]+\]"
    rf"|principal://{_POOL}/subject/[^\s*]+"
    rf"|principalSet://{_POOL}/(\*|[\w.]+/[^\s*]+)"
    r"|principalSet://cloudresourcemanager\.googleapis\.com/(projects|folders|organizations)/\d+/type/\w+",
    re.ASCII,
)
_LABEL_KEY = re.compile(r"[^\W\dA-Z_][\w-]{0,62}")
_LABEL_VALUE = re.compile(r"[\w-]{0,63}")

ALREADY_EXISTS = "already exists"  # CreateSecret, ALREADY_EXISTS
STATE_RUNS_AHEAD = True  # pulumi-terraform-bridge: a refused update saves the new inputs
ASKS_BEFORE_IT_CREATES = False  # CreateSecret refuses a name that is taken
GONE_AT_ONCE: Mapping[str, object] = {}  # every deletion is for good
IDENTITY = ("secretId",)

# What the package never sets and an operator may: without this a refresh and the next `up` take it away. And the
# project: another one would replace the secret, also where it is the same one by its number.
_LEFT_ALONE = (
    "expireTime",
    "project",
    "rotation",
    "tags",
    "topics",
    "ttl",
    "versionAliases",
    "versionDestroyTtl",
)


def problems(wanted: Wanted) -> Iterator[SecretArgsError]:
    """Yield everything that Secret Manager does not support."""
    if wanted.retention == RECOVER:
        yield UnsupportedError(
            "retention='recover' is not possible on GCP: it deletes a secret at once and for good. Use 'keep' "
            "(removing it is refused) or, to delete it with its value, 'discard'."
        )
    yield from _label_problems(wanted)
    for location in wanted.replicas:
        if not _LOCATION.fullmatch(location):
            yield UnsupportedError(
                f"replicas has {shown(location)}, which is not a GCP location such as 'europe-west1'."
            )
    if isinstance(wanted.encryption_key, str):
        yield from _key_problems(wanted, wanted.encryption_key)
    for argument, members in (("readers", wanted.readers), ("writers", wanted.writers)):
        for member in members:
            if isinstance(member, str) and not _MEMBER.fullmatch(member):
                yield UnsupportedError(
                    f"{argument} has {shown(member)}; on GCP a principal is 'serviceAccount:<e-mail>', "
                    f"'user:<e-mail>', 'group:<e-mail>', 'domain:<domain>', 'principal://...' or "
                    f"'principalSet://...' (of a pool or project), and never everybody."
                )
    if wanted.adopt is not None:
        yield from _adopt_problems(wanted, wanted.adopt)


def _label_problems(wanted: Wanted) -> Iterator[SecretArgsError]:
    if len(wanted.tags) > MAX_LABELS:
        yield UnsupportedError(
            f"tags has {len(wanted.tags)} entries; GCP takes {MAX_LABELS + 1} labels on a secret, and pulumi-gcp adds "
            f"1 (goog-pulumi-provisioned). Give at most {MAX_LABELS}."
        )
    for key, text in wanted.tags.items():
        if not _is_label(_LABEL_KEY, key):
            yield UnsupportedError(
                f"the tag key {shown(key)} cannot be a label on GCP: 1 to 63 lower-case letters, digits, '_' and '-', "
                f"starting with a letter."
            )
        elif isinstance(text, str) and not _is_label(_LABEL_VALUE, text):
            yield UnsupportedError(
                f"the tag {shown(key)} has a value that cannot be a label on GCP: at most 63 lower-case letters, "
                f"digits, '_' and '-'. Put longer text into description=."
            )
    size = sum(
        len(key.encode()) + len(text.encode())
        for key, text in _annotations(wanted).items()
        if isinstance(text, str)
    )
    if size > MAX_ANNOTATIONS_BYTES:
        yield UnsupportedError(
            f"description, owner and fields take {size} bytes together; as annotations, GCP stores at most "
            f"{MAX_ANNOTATIONS_BYTES}. Shorten the description."
        )


def _is_label(pattern: re.Pattern[str], text: str) -> bool:
    return (
        bool(pattern.fullmatch(text))
        and text == text.lower()
        and len(text.encode()) <= MAX_LABEL_BYTES
    )


def _key_problems(wanted: Wanted, key: str) -> Iterator[SecretArgsError]:
    match = _KEY.fullmatch(key)
    if match is None:
        yield UnsupportedError(
            f"encryption_key={shown(key)} is not the name of a Cloud KMS key: "
            f"'projects/P/locations/L/keyRings/R/cryptoKeys/K', without a version."
        )
    elif not wanted.replicas and match["location"] != "global":
        yield UnsupportedError(
            f"encryption_key is in {shown(match['location'])}, but a secret with automatic replication needs a key "
            f"in 'global'. Use such a key, or replicas=[{shown(match['location'])}]."
        )
    elif wanted.replicas and set(wanted.replicas) != {match["location"]}:
        yield UnsupportedError(
            f"encryption_key is in {shown(match['location'])}, but every replica needs a key of its own location and "
            f"replicas is {', '.join(map(shown, wanted.replicas))}. Keep that one location, or leave the key out."
        )


def _adopt_problems(wanted: Wanted, secret: str) -> Iterator[SecretArgsError]:
    match = _SECRET.fullmatch(secret)
    if match is None:
        yield UnsupportedError(
            f"adopt={shown(secret)} is not the name of a secret: 'projects/PROJECT/secrets/{wanted.spelled}'."
        )
    elif match["name"] != wanted.spelled:
        yield SecretNameError(
            f"adopt names {shown(match['name'])}, but this secret is {wanted.spelled!r}. "
            f"{other_name(SPELLING, match['name'])}"
        )
    elif match["project"].isdigit():
        yield UnsupportedError(
            f"adopt={shown(secret)} has a project's number, which would stay in secret_id and in every command. Give "
            f"the project's id; to find it: gcloud projects describe {match['project']} --format 'value(projectId)'"
        )


def warnings(_wanted: Wanted) -> Iterator[str]:
    """Yield nothing: what is legal on GCP is also wise."""
    yield from ()


def never_changed(wanted: Wanted) -> list[str]:
    """What an operator may set by hand; and a key that the program does not name."""
    if wanted.encryption_key is not None:
        return [*_LEFT_ALONE]
    key = "userManaged.replicas[*]" if wanted.replicas else "auto"
    return [*_LEFT_ALONE, f"replication.{key}.customerManagedEncryption"]


def create(wanted: Wanted, opts: "pulumi.ResourceOptions") -> Registered:
    """Register an empty secret and the grants on it."""
    from infra_secrets.component.outputs import apply_clearly, known_only

    gcp = clouds.sdk(SDK, EXTRA)
    provider = cast("pulumi.Resource", opts.parent).get_provider(RESOURCE_TYPE)
    secret = gcp.secretmanager.Secret(
        wanted.logical_name,
        secret_id=wanted.spelled,
        # Said by name, because the provider does not notice that its own project has become another one.
        project=_project(provider),
        replication=_replication(wanted),
        labels=wanted.tags or None,
        annotations=_annotations(wanted),
        deletion_protection=wanted.retention == KEEP,
        opts=opts,
    )
    roles = {"reader": READ, "writer": WRITE, "writer-metadata": LOOK}

    def grant(name: str, what: str, member: "pulumi.Input[str]") -> None:
        beside = grants.beside(
            opts, "gcp:secretmanager/secretIamMember:SecretIamMember", name, wanted
        )
        # It goes with the secret, and so not before a deletion of the secret is refused.
        beside.deleted_with = secret
        gcp.secretmanager.SecretIamMember(
            name,
            secret_id=secret.id,
            role=roles[what],
            member=apply_clearly(member, _member),
            opts=beside,
        )

    kinds = [
        ("reader", wanted.readers),
        ("writer", wanted.writers),
        ("writer-metadata", wanted.writers),
    ]
    granted = grants.grant_each(wanted, kinds, grant)
    secret_id = grants.after(granted, secret.id)
    return Registered(
        resource=secret,
        properties={"secretId": secret.secret_id, "project": secret.project},
        secret_id=secret_id,
        set_command=known_only(secret.project, lambda project: _set_command(wanted, project)),
        console_url=known_only(secret.project, lambda project: _console_url(wanted, project)),
    )


def _project(provider: "pulumi.ProviderResource | None") -> "pulumi.Input[str] | None":
    """The provider's project, where the program can know it."""
    if provider is not None:
        return cast("pulumi.Output[str] | None", getattr(provider, "project", None))
    # config gcp:project, or the variables that the provider reads
    return clouds.sdk(SDK, EXTRA).config.project or None


def _member(text: object) -> str:
    if isinstance(text, str) and not _MEMBER.fullmatch(text):
        raise UnsupportedError(
            f"{shown(text)} is not a principal that a grant can be made to on GCP."
        )
    return cast(str, text)


def _annotations(wanted: Wanted) -> "dict[str, pulumi.Input[str]]":
    annotations = wanted.facts(".") | {"infra-secrets.reference": wanted.name.reference}
    if wanted.description is not None:
        annotations["infra-secrets.description"] = wanted.description
    if wanted.fields:
        annotations["infra-secrets.fields"] = json.dumps(wanted.fields)
    return annotations


def _replication(wanted: Wanted) -> dict[str, Any]:
    encryption = {} if wanted.encryption_key is None else {"kms_key_name": wanted.encryption_key}
    if not wanted.replicas:
        return {"auto": {"customer_managed_encryption": encryption} if encryption else {}}
    return {
        "user_managed": {
            "replicas": [
                {"location": location, "customer_managed_encryption": encryption}
                if encryption
                else {"location": location}
                for location in wanted.replicas
            ]
        }
    }


def _set_command(wanted: Wanted, project: str) -> str:
    return reading_stdin(
        wanted.value_asked_for(),
        [
            "gcloud",
            "secrets",
            "versions",
            "add",
            wanted.spelled,
            f"--project={project}",
            "--data-file=-",
        ],
        as_text=False,
        fields=wanted.fields,
    )


def _console_url(wanted: Wanted, project: str) -> str:
    return f"https://console.cloud.google.com/security/secret-manager/secret/{wanted.spelled}/versions?project={project}"


def name(spelled: str) -> str:
    """Write a name as `place` does."""
    return spelled


def place(properties: Mapping[str, Any]) -> Place:
    """Project and name; a project's number is left out, as it may be any project's."""
    found = {"name": properties.get("secretId"), "project": properties.get("project")}
    return {
        part: text for part, text in found.items() if isinstance(text, str) and not text.isdigit()
    }


def looked_for(place: Place) -> Place:
    """The project, unless it is a number: that may be the id of the same project."""
    return {part: text for part, text in place.items() if not text.isdigit()}


def place_of(id_: str) -> Place:
    """Take `projects/P/secrets/S` apart."""
    match = _SECRET.fullmatch(id_)
    return {} if match is None else match.groupdict()


async def where(_wanted: Wanted, provider: "pulumi.ProviderResource | None") -> Place:
    """The provider's project, where the program says it."""
    import pulumi

    project = await pulumi.Output.from_input(_project(provider)).future()
    # A number may be the id of the same project.
    return {"project": project} if isinstance(project, str) and not project.isdigit() else {}


async def look(at: Place, asking: "Asking") -> Existing:
    """GetSecret (terraform-provider-google, data_source_secret_manager_secret.go)."""
    asked = {"secretId": at["name"], **({"project": at["project"]} if "project" in at else {})}
    found = await asking.ask("gcp:secretmanager/getSecret:getSecret", asked) or {}
    id_ = f"projects/{found['project']}/secrets/{found['secretId']}"
    annotations = found.get("effectiveAnnotations") or found.get("annotations") or {}
    return Existing.read(id_, annotations, found)


def adopting(existing: Existing, wanted: Wanted) -> "Iterator[SecretArgsError | str]":
    """Yield what the secret has and the program does not name: expiry, key, labels and annotations."""
    there = existing.metadata
    expires = there.get("expireTime")
    if expires:
        remove = f"gcloud secrets update {wanted.spelled} --remove-expiration"
        if wanted.retention == KEEP:
            yield UnsupportedError(
                f"the secret expires at {expires}: GCP then deletes it with its value, which retention='keep' cannot "
                f"prevent. Remove the expiry first: {remove}"
            )
        else:
            yield f"it expires at {expires}: GCP then deletes it with its value. To prevent it: {remove}"
    locations = sorted(set(_all(there.get("replications"), "location")))
    if locations != sorted(wanted.replicas):
        given = f"replicas={locations}" if locations else "no replicas"
        yield UnsupportedError(
            f"the secret is not replicated as the program says, and GCP cannot change that. It has {given}: use "
            "the same here."
        )
    keys = sorted(set(_all(there.get("replications"), "kmsKeyName")))
    if keys and wanted.encryption_key is None:
        yield (
            f"it is encrypted with {', '.join(keys)}, which stays; name it in the program too: "
            f"encryption_key={keys[0]!r}."
        )
    yield from going(
        description=None,
        tags=[
            key
            for key in there.get("labels") or {}
            if key not in wanted.tags and not key.startswith("goog-")
        ],
        tags_are="labels",
    )


def _all(found: object, member: str) -> Iterator[str]:
    """Find every text of a member, however deep."""
    if isinstance(found, Mapping):
        if isinstance(found.get(member), str):
            yield found[member]
        found = list(found.values())
    if isinstance(found, list):
        for each in found:
            yield from _all(each, member)


def stops(_properties: Mapping[str, Any], _wanted: Wanted) -> str | None:
    """Nothing does."""
    return None


def to_adopt(at: Place) -> str:
    """Say the id."""
    return f'adopt="projects/{at.get("project", "PROJECT")}/secrets/{at.get("name")}"'


async def before_create(_inputs: Mapping[str, Any], _wanted: Wanted, _asking: "Asking") -> None:
    """Nothing to ask."""


def way_out(failure: str, _inputs: Mapping[str, object]) -> str | None:
    """Say how to go on after a key was refused."""
    if "cloudkms" in failure.lower() or "cryptoKey" in failure:
        return (
            "Secret Manager's own service agent must be allowed to use the key: grant "
            "service-PROJECT_NUMBER@gcp-sa-secretmanager.iam.gserviceaccount.com the role "
            "roles/cloudkms.cryptoKeyEncrypterDecrypter on it. Readers and writers need no permission on the key."
        )
    return None
