"""GCP Secret Manager: a secret is a container, its versions hold the values, and deleting it is final.

There is no window and no undo, so `recover` is refused here and `keep` adds the provider's own
`deletion_protection`. Deliberately no `SecretVersion`, no expiry and no rotation period (changing that
would replace the secret with all its versions), and never an authoritative IAM binding or policy.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from infra_secrets import clouds
from infra_secrets.clouds import KEEP, RECOVER, Container, Wanted
from infra_secrets.errors import SecretArgsError, SecretNameError, UnsupportedError
from infra_secrets.naming import Spelling, shown

if TYPE_CHECKING:
    import pulumi
    from pulumi_gcp.secretmanager import SecretReplicationArgsDict

MAX_NAME = 255  # google.cloud.secretmanager CreateSecretRequest.secret_id
# Labels and annotations: pulumi-gcp 10.2.0, gcp.secretmanager.Secret
MAX_LABELS = 64
MAX_LABEL_BYTES = 128
MAX_ANNOTATIONS_BYTES = 16 * 1024

SPELLING = Spelling(title="GCP Secret Manager", separator="__", limit=MAX_NAME)
RESOURCE_TYPE = "gcp:secretmanager/secret:Secret"
SETTINGS: Mapping[str, str] = {}
STORE_SETTINGS: Mapping[str, str] = {"gcp_project": "gcp:project"}

READ = "roles/secretmanager.secretAccessor"
WRITE = "roles/secretmanager.secretVersionAdder"

_SECRET = re.compile(r"projects/(?P<project>[^/\s]+)/secrets/(?P<name>[A-Za-z0-9_-]+)")
_KEY = re.compile(r"projects/[^/]+/locations/(?P<location>[^/]+)/keyRings/[^/]+/cryptoKeys/[^/]+")
_LOCATION = re.compile(r"[a-z]+(-[a-z]+)*\d+")
_MEMBER = re.compile(
    r"(user|serviceAccount|group|domain):[^\s:]+(:[^\s]+)?|(principal|principalSet)://\S+"
)
_LABEL_KEY = re.compile(r"[^\W\dA-Z_][\w-]{0,62}")
_LABEL_VALUE = re.compile(r"[\w-]{0,63}")

# Everything that can be changed in place. While a container is being taken over these stay as they are
# found: an import fails when an input differs from what exists.
_IN_PLACE = [
    "annotations",
    "deletionPolicy",
    "deletionProtection",
    "expireTime",
    "labels",
    "rotation",
    "topics",
    "versionAliases",
    "versionDestroyTtl",
]


def store(settings: "Mapping[str, pulumi.Input[str]]") -> dict[str, Any]:
    """Describe a SecretStore that reads as a service account (Workload Identity Federation for GKE)."""
    account = {"serviceAccountRef": {"name": settings["service_account"]}}
    return {"gcpsm": {"projectID": settings["gcp_project"], "auth": {"workloadIdentity": account}}}


def store_problems(settings: "Mapping[str, pulumi.Input[str]]") -> Iterator[str]:
    """Yield what is wrong with a project."""
    project = settings.get("gcp_project")
    if isinstance(project, str) and not re.fullmatch(
        r"([a-z][a-z0-9.-]*:)?[a-z][a-z0-9-]{4,28}[a-z0-9]|\d+", project
    ):
        yield f"gcp_project={shown(project)} is no project; give its id, such as 'acme-production'."


def problems(wanted: Wanted) -> Iterator[SecretArgsError]:
    """Yield everything that Secret Manager cannot honour."""
    if wanted.retention == RECOVER:
        yield UnsupportedError(
            "retention='recover' is not possible on GCP: it deletes a secret at once and for good. Use 'keep' "
            "(removing it is refused) or, to let it go with its value, 'discard'."
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
                    f"{argument} has {shown(member)}; on GCP a principal is 'serviceAccount:...', 'user:...', "
                    f"'group:...', "
                    f"'domain:...', 'principal://...' or 'principalSet://...', and never everybody."
                )
    if wanted.adopt is not None:
        yield from _adopt_problems(wanted, wanted.adopt)


def _label_problems(wanted: Wanted) -> Iterator[SecretArgsError]:
    if len(wanted.tags) > MAX_LABELS:
        yield UnsupportedError(
            f"tags has {len(wanted.tags)} entries; GCP takes {MAX_LABELS} labels on a secret."
        )
    for key, text in wanted.tags.items():
        if not _is_label(_LABEL_KEY, key):
            yield UnsupportedError(
                f"the tag key {shown(key)} cannot be a label on GCP: 1 to 63 lower-case letters, digits, '_' and '-', "
                f"starting with a letter."
            )
        elif isinstance(text, str) and not _is_label(_LABEL_VALUE, text):
            yield UnsupportedError(
                f"the tag {shown(key)} has a text that cannot be a label on GCP: at most 63 lower-case letters, "
                f"digits, '_' and '-'. Put longer texts into description=."
            )
    size = sum(
        len(key.encode()) + len(text.encode())
        for key, text in _annotations(wanted).items()
        if isinstance(text, str)
    )
    if size > MAX_ANNOTATIONS_BYTES:
        yield UnsupportedError(
            f"description, owner and fields take {size} bytes together; as annotations GCP holds at most "
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
            f"encryption_key is in {shown(match['location'])}, but a secret that GCP replicates by itself needs a key "
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
            f"{clouds.other_name(SPELLING, match['name'])}"
        )


def warnings(_wanted: Wanted) -> Iterator[str]:
    """Yield nothing: what is legal on GCP is also wise."""
    yield from ()


def create(wanted: Wanted, opts: "pulumi.ResourceOptions") -> Container:
    """Register an empty secret and the grants on it."""
    import pulumi

    with clouds.sdk("gcp"):
        import pulumi_gcp as gcp
    from infra_secrets.registering import apply_clearly

    if wanted.adopt is not None:
        opts.ignore_changes = _IN_PLACE
    secret = gcp.secretmanager.Secret(
        wanted.logical_name,
        secret_id=wanted.spelled,
        replication=_replication(wanted),
        labels=wanted.tags or None,
        annotations=_annotations(wanted),
        deletion_protection=wanted.retention == KEEP,
        opts=opts,
    )
    roles = {"reader": READ, "writer": WRITE}
    for name, what, member in clouds.grants(
        wanted, [("reader", wanted.readers), ("writer", wanted.writers)]
    ):
        gcp.secretmanager.SecretIamMember(
            name,
            secret_id=secret.id,
            role=roles[what],
            member=apply_clearly(member, _member),
            # It goes with the secret, and so not before a deletion of the secret is refused.
            opts=pulumi.ResourceOptions(parent=opts.parent, deleted_with=secret),
        )
    return Container(
        secret_id=secret.id,
        set_command=secret.project.apply(lambda project: _set_command(wanted, project)),
        console_url=secret.project.apply(lambda project: _console_url(wanted, project)),
    )


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


def _replication(wanted: Wanted) -> "SecretReplicationArgsDict":
    encryption = {} if wanted.encryption_key is None else {"kms_key_name": wanted.encryption_key}
    if not wanted.replicas:
        return {"auto": {"customer_managed_encryption": encryption} if encryption else {}}  # type: ignore[typeddict-item] # holds the one key it needs
    return {
        "user_managed": {
            "replicas": [
                {"location": location, "customer_managed_encryption": encryption}
                if encryption
                else {"location": location}  # type: ignore[typeddict-item] # the same
                for location in wanted.replicas
            ]
        }
    }


def _set_command(wanted: Wanted, project: str) -> str:
    return clouds.reading_stdin(
        wanted,
        [
            "gcloud",
            "secrets",
            "versions",
            "add",
            wanted.spelled,
            f"--project={project}",
            "--data-file=-",
        ],
    )


def _console_url(wanted: Wanted, project: str) -> str:
    return f"https://console.cloud.google.com/security/secret-manager/secret/{wanted.spelled}/versions?project={project}"


def way_out(failure: str, inputs: Mapping[str, object]) -> str | None:
    """Say how to go on after CreateSecret was refused."""
    name = inputs.get("secretId")
    if "already exists" in failure:
        found = _SECRET.search(failure)
        existing = (
            found[0] if found else f"projects/{inputs.get('project') or 'PROJECT'}/secrets/{name}"
        )
        return (
            f"A secret {name!r} exists that this stack does not know (an interrupted run, a lost state, another "
            f"stack, or made by hand), or its replicas were changed, which GCP cannot do to a secret that exists. "
            f"Nothing of it was changed. {clouds.RENAMED} Otherwise take it over, value and all: add "
            f'adopt="{existing}" to this Secret and run again.'
        )
    if "cloudkms" in failure.lower() or "cryptoKey" in failure:
        return (
            "Secret Manager's own service agent must be allowed to use the key: grant "
            "service-PROJECT_NUMBER@gcp-sa-secretmanager.iam.gserviceaccount.com the role "
            "roles/cloudkms.cryptoKeyEncrypterDecrypter on it. Readers and writers need no right to the key."
        )
    return None
