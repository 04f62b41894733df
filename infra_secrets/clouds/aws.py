"""AWS Secrets Manager: a secret is a container that can truly be empty.

A `CreateSecret` without a value makes no version, and an update of description, key or tags carries no
value, so nothing here can touch what an operator set. Deliberately no `SecretVersion` (a tracked version
is created again, with the wrong value, once AWS has dropped it) and no rotation.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from infra_secrets import clouds
from infra_secrets.clouds import DISCARD, Container, Wanted
from infra_secrets.errors import SecretArgsError, SecretNameError, UnsupportedError
from infra_secrets.naming import Spelling, shown

if TYPE_CHECKING:
    import pulumi
    from pulumi_aws import secretsmanager as aws_secret
    from pulumi_aws.secretsmanager import SecretReplicaArgsDict

# Source of the limits: botocore 1.44.5, secretsmanager service-2.json; tags: CreateSecret's Tags.
MAX_NAME = 512
MAX_DESCRIPTION = 2048
MAX_TAGS = 50
MAX_TAG_KEY = 128
MAX_TAG_VALUE = 256

SPELLING = Spelling(title="AWS Secrets Manager", separator="/", limit=MAX_NAME)
RESOURCE_TYPE = "aws:secretsmanager/secret:Secret"
SETTINGS: Mapping[str, str] = {}
STORE_SETTINGS: Mapping[str, str] = {"aws_region": "aws:region"}

READ = ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret")
WRITE = ("secretsmanager:PutSecretValue", "secretsmanager:DescribeSecret")
"""Setting without reading: `UpdateSecret` is left out because it could also change the key."""

# With a customer-managed key. A writer needs Decrypt too (PutSecretValue says so), but for this secret's
# encryption context only, and without GetSecretValue there is nothing for it to decrypt.
KEY_READ = ("Decrypt", "DescribeKey")
KEY_WRITE = ("Decrypt", "DescribeKey", "GenerateDataKey")

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):secretsmanager:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):secret:(?P<name>.+)"
)
_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")  # what the service adds to a name to make its ARN
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+")
_PRINCIPAL = re.compile(
    r"arn:aws[a-z-]*:(iam|sts)::\d{12}:(root|(user|role|assumed-role|federated-user)/[^*]+)"
)
_TAG_TEXT = re.compile(r"[\w .:/=+\-@]*")
_MULTI_REGION_KEY = re.compile(r"(arn:aws[a-z-]*:kms:)[a-z0-9-]+(:\d{12}:key/mrk-[0-9a-f]+)")
_CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}

# Everything that can be changed in place. While a container is being taken over these stay as they are
# found: an import fails when an input differs from what exists.
_IN_PLACE = [
    "description",
    "forceOverwriteReplicaSecret",
    "kmsKeyId",
    "policy",
    "recoveryWindowInDays",
    "replicas",
    "tags",
    "tagsAll",
]


def store(settings: "Mapping[str, pulumi.Input[str]]") -> dict[str, Any]:
    """Describe a SecretStore that reads as a service account (IRSA)."""
    account = {"serviceAccountRef": {"name": settings["service_account"]}}
    return {
        "aws": {
            "service": "SecretsManager",
            "region": settings["aws_region"],
            "auth": {"jwt": account},
        }
    }


def store_problems(settings: "Mapping[str, pulumi.Input[str]]") -> Iterator[str]:
    """Yield what is wrong with a region."""
    region = settings.get("aws_region")
    if isinstance(region, str) and not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d{1,2}", region):
        yield f"aws_region={shown(region)} is no region; it is one such as 'eu-west-1'."


def problems(wanted: Wanted) -> Iterator[SecretArgsError]:
    """Yield everything that Secrets Manager cannot honour."""
    if isinstance(wanted.description, str) and len(wanted.description) > MAX_DESCRIPTION:
        yield UnsupportedError(
            f"description has {len(wanted.description)} characters; AWS takes at most {MAX_DESCRIPTION}."
        )
    yield from _tag_problems(wanted)
    for region in wanted.replicas:
        if not _REGION.fullmatch(region):
            yield UnsupportedError(
                f"replicas has {shown(region)}, which is not an AWS region such as 'eu-central-1'."
            )
    if (
        wanted.replicas
        and isinstance(wanted.encryption_key, str)
        and not _MULTI_REGION_KEY.fullmatch(wanted.encryption_key)
    ):
        yield UnsupportedError(
            "replicas with an encryption_key of one region: a replica cannot be encrypted with a key of another "
            "region. Give the ARN of a multi-Region key (arn:aws:kms:...:key/mrk-...) that has a replica there."
        )
    for argument, principals in (("readers", wanted.readers), ("writers", wanted.writers)):
        for principal in principals:
            if isinstance(principal, str) and not _PRINCIPAL.fullmatch(principal):
                yield UnsupportedError(
                    f"{argument} has {shown(principal)}; on AWS a principal is the ARN of a role, user or account, "
                    f"without wildcards, e.g. 'arn:aws:iam::123456789012:role/api'."
                )
    if wanted.adopt is not None:
        yield from _adopt_problems(wanted, wanted.adopt)


def _tag_problems(wanted: Wanted) -> Iterator[SecretArgsError]:
    tags = _tags(wanted)
    if len(tags) > MAX_TAGS:
        own = len(tags) - len(wanted.tags)
        yield UnsupportedError(
            f"tags has {len(wanted.tags)} entries; AWS takes {MAX_TAGS} on a secret and this package adds {own}."
        )
    for key, text in tags.items():
        if (
            len(key) > MAX_TAG_KEY
            or not _TAG_TEXT.fullmatch(key)
            or key.lower().startswith("aws:")
            or not key
        ):
            yield UnsupportedError(
                f"the tag key {shown(key)} is not one that AWS takes: 1 to {MAX_TAG_KEY} letters, digits, spaces "
                f"and _.:/=+-@, not starting with 'aws:'."
            )
        elif isinstance(text, str) and (len(text) > MAX_TAG_VALUE or not _TAG_TEXT.fullmatch(text)):
            yield UnsupportedError(
                f"the tag {shown(key)} has a text that AWS does not take: at most {MAX_TAG_VALUE} letters, digits, "
                f"spaces and _.:/=+-@ (it has {len(text)} characters). Put longer texts into description=."
            )


def _adopt_problems(wanted: Wanted, arn: str) -> Iterator[SecretArgsError]:
    match = _ARN.fullmatch(arn)
    if match is None or not _SUFFIX.search(match["name"]):
        yield UnsupportedError(
            f"adopt={shown(arn)} is not the full ARN of a secret. This shows it: "
            f"aws secretsmanager describe-secret --secret-id {wanted.spelled} --query ARN --output text"
        )
        return
    existing = _SUFFIX.sub("", match["name"])
    if existing != wanted.spelled:
        yield SecretNameError(
            f"adopt names {shown(existing)}, but this secret is {wanted.spelled!r}. "
            f"{clouds.other_name(SPELLING, existing)}"
        )


def warnings(wanted: Wanted) -> Iterator[str]:
    """Yield what is legal and still worth knowing before it is created."""
    if _SUFFIX.search(wanted.spelled):
        yield (
            f"{wanted.spelled!r} ends in a hyphen and six characters, as every ARN does by itself: AWS advises "
            f"against such names, because a look-up by name or partial ARN can take it for a complete ARN and find "
            f"nothing. Use the full ARN (secret_id) everywhere, or another key."
        )
    key = wanted.encryption_key
    if isinstance(key, str) and "alias/" in key and (wanted.readers or wanted.writers):
        yield (
            "encryption_key is an alias, for which AWS makes no grants: readers and writers get no right to use "
            "the key. Give the key's ARN, or let its key policy allow them kms:Decrypt (writers also "
            "kms:GenerateDataKey)."
        )
    if key is not None and wanted.replicas and wanted.readers:
        yield (
            "readers get the right to use encryption_key in this region only: for each replica, let the key policy of "
            "the replica's key allow them kms:Decrypt."
        )


def create(wanted: Wanted, opts: "pulumi.ResourceOptions") -> Container:
    """Register an empty secret, its resource policy and the grants on its key."""
    import pulumi

    with clouds.sdk("aws"):
        import pulumi_aws as aws

    if wanted.adopt is not None:
        opts.ignore_changes = _IN_PLACE
    secret = aws.secretsmanager.Secret(
        wanted.logical_name,
        name=wanted.spelled,
        description=wanted.description,
        kms_key_id=wanted.encryption_key,
        replicas=[_replica(region, wanted.encryption_key) for region in wanted.replicas] or None,
        recovery_window_in_days=0 if wanted.retention == DISCARD else None,
        tags=_tags(wanted),
        opts=opts,
    )
    if wanted.readers or wanted.writers:
        _grant(wanted, secret, pulumi.ResourceOptions(parent=opts.parent))
    return Container(
        secret_id=secret.arn,
        set_command=secret.arn.apply(lambda arn: _set_command(wanted, arn)),
        console_url=secret.arn.apply(lambda arn: _console_url(wanted, arn)),
    )


def _tags(wanted: Wanted) -> "dict[str, pulumi.Input[str]]":
    fields = clouds.lines_of(wanted.fields, MAX_TAG_VALUE)
    names = [
        "infra-secrets:fields",
        *(f"infra-secrets:fields-{n}" for n in range(2, len(fields) + 1)),
    ]
    return {**wanted.tags, **wanted.facts(":"), **dict(zip(names, fields, strict=False))}


def _replica(region: str, key: "pulumi.Input[str] | None") -> "SecretReplicaArgsDict":
    from infra_secrets.registering import apply_clearly

    if key is None:
        return {"region": region}
    return {
        "region": region,
        "kms_key_id": apply_clearly(key, lambda arn: _key_in(region, arn)),
    }


def _key_in(region: str, key: str | None) -> str:
    match = _MULTI_REGION_KEY.fullmatch(key or "")
    if match is None:
        raise UnsupportedError(
            "replicas need an encryption_key that is the ARN of a multi-Region key (arn:aws:kms:...:key/mrk-...)."
        )
    return f"{match[1]}{region}{match[2]}"


def _grant(wanted: Wanted, secret: "aws_secret.Secret", opts: "pulumi.ResourceOptions") -> None:
    import pulumi
    import pulumi_aws as aws

    from infra_secrets.registering import apply_clearly

    def policy(principals: list[list[object]]) -> str:
        for principal in [*principals[0], *principals[1]]:
            if isinstance(principal, str) and not _PRINCIPAL.fullmatch(principal):
                raise UnsupportedError(f"{shown(principal)} is not the ARN of a principal on AWS.")
        statements = [
            {
                "Sid": sid,
                "Effect": "Allow",
                "Principal": {"AWS": who},
                "Action": list(actions),
                "Resource": "*",
            }
            for sid, who, actions in zip(
                ("Readers", "Writers"), principals, (READ, WRITE), strict=True
            )
            if who
        ]
        return json.dumps({"Version": "2012-10-17", "Statement": statements})

    aws.secretsmanager.SecretPolicy(
        f"{wanted.logical_name}-policy",
        secret_arn=secret.arn,
        policy=apply_clearly([list(wanted.readers), list(wanted.writers)], policy),
        block_public_policy=True,
        # It goes with the secret, and so not before a deletion of the secret is refused.
        opts=pulumi.ResourceOptions(parent=opts.parent, deleted_with=secret),
    )
    key = wanted.encryption_key
    if key is None or (isinstance(key, str) and "alias/" in key):
        return
    operations = {"reader-key": KEY_READ, "writer-key": KEY_WRITE}
    for name, what, principal in clouds.grants(
        wanted, [("reader-key", wanted.readers), ("writer-key", wanted.writers)]
    ):
        aws.kms.Grant(
            name,
            key_id=key,
            grantee_principal=principal,
            operations=list(operations[what]),
            constraints=[{"encryption_context_subset": {"SecretARN": secret.arn}}],
            opts=opts,
        )


def _set_command(wanted: Wanted, arn: str) -> str:
    region = arn.split(":")[3]
    return clouds.reading_stdin(
        wanted,
        [
            *("aws", "secretsmanager", "put-secret-value", "--region", region, "--secret-id", arn),
            *("--secret-string", "file:///dev/stdin"),
        ],
    )


def _console_url(wanted: Wanted, arn: str) -> str:
    _, partition, _, region, *_ = arn.split(":")
    host = _CONSOLES.get(partition, "console.aws.amazon.com")
    name = quote(wanted.spelled, safe="")
    return f"https://{region}.{host}/secretsmanager/secret?name={name}&region={region}"


def way_out(failure: str, inputs: Mapping[str, object]) -> str | None:
    """Say how to go on after CreateSecret was refused."""
    name = inputs.get("name")
    find = f"aws secretsmanager describe-secret --region REGION --secret-id {name} --query ARN --output text"
    if "scheduled for deletion" in failure:
        return (
            f"The secret {name!r} was deleted and AWS still keeps it, with its value, until its recovery window "
            f"ends. To have it back: aws secretsmanager restore-secret --region REGION --secret-id {name}, then take "
            f'it over with adopt="<its ARN>", which this shows: {find}'
        )
    if "already exists" in failure:
        return (
            f"A secret {name!r} exists that this stack does not know (an interrupted run, a lost state, another "
            f"stack, or made by hand). Nothing of it was changed. {clouds.RENAMED} "
            f"Otherwise take it over, value and all: add "
            f'adopt="<its ARN>" to this Secret and run again; this shows the ARN: {find}'
        )
    return None
