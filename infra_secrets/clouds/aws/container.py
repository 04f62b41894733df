"""How a secret of AWS Secrets Manager is made, looked at and adopted.

A `CreateSecret` without a value makes no version, and an update of description, key or tags carries no
value, so nothing here can touch what an operator set. Deliberately no `SecretVersion` (a tracked version
is created again, with the wrong value, once AWS has dropped it) and no rotation.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from infra_secrets import clouds
from infra_secrets.clouds import DISCARD, Existing, Place, Registered, Wanted, grants
from infra_secrets.clouds.adopting import going, other_name
from infra_secrets.clouds.aws import (
    EXTRA,
    FIELDS_TAG,
    MAX_DESCRIPTION,
    MAX_TAG_KEY,
    MAX_TAG_VALUE,
    MAX_TAGS,
    SDK,
    SPELLING,
)
from infra_secrets.errors import SecretArgsError, SecretNameError, UnsupportedError
from infra_secrets.rules.shell import reading_stdin
from infra_secrets.rules.wording import lines_of, shown

if TYPE_CHECKING:
    import pulumi

    from infra_secrets.component.internals import Asking

READ = ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret")
WRITE = (
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
    "secretsmanager:DescribeSecret",
)
"""Setting without reading: `UpdateSecret` is left out because it could also change the key.

`UpdateSecretVersionStage` makes a value the present one only where nobody else set one in between (`values.py`).
"""

# With a customer-managed key. A writer needs Decrypt too (PutSecretValue says so), but for this secret's
# encryption context only, and without GetSecretValue there is nothing for it to decrypt.
KEY_READ = ("Decrypt", "DescribeKey")
KEY_WRITE = ("Decrypt", "DescribeKey", "GenerateDataKey")

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):secretsmanager:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):secret:(?P<name>.+)"
)
_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")  # what the service adds to a name to make its ARN
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+")
# Characters of names: the pattern of RoleName, UserName and RoleSessionName (IAM and STS API references).
_PRINCIPAL = re.compile(
    r"arn:aws[a-z-]*:(iam|sts)::\d{12}:"
    r"(root|(user|role|assumed-role|federated-user)(/[\w+=,.@-]+)+)",
    re.ASCII,
)
_TAG_TEXT = re.compile(r"[\w .:/=+\-@]*")
_MULTI_REGION_KEY = re.compile(r"(arn:aws[a-z-]*:kms:)[a-z0-9-]+(:\d{12}:key/mrk-[0-9a-f]+)")
_CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}

ALREADY_EXISTS = "already exists"  # CreateSecret, ResourceExistsException
STATE_RUNS_AHEAD = True  # pulumi-terraform-bridge: a refused update saves the new inputs
ASKS_BEFORE_IT_CREATES = (
    False  # CreateSecret refuses a name that is taken, or whose deletion is scheduled
)
GONE_AT_ONCE: Mapping[str, object] = {"recoveryWindowInDays": 0}  # retention="discard"
IDENTITY = ("name", "region")


def problems(wanted: Wanted) -> Iterator[SecretArgsError]:
    """Yield everything that Secrets Manager does not support."""
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
    for field in wanted.fields:
        if not _TAG_TEXT.fullmatch(field):
            yield UnsupportedError(
                f"fields has {shown(field)}; on AWS a field's name is made of letters, digits and _.:/=+-@, because it "
                f"is stored in a tag of the secret."
            )
    for key, text in tags.items():
        if key.startswith(FIELDS_TAG):
            continue  # judged above
        if (
            len(key) > MAX_TAG_KEY
            or not _TAG_TEXT.fullmatch(key)
            or key.lower().startswith("aws:")
            or not key
        ):
            yield UnsupportedError(
                f"the tag key {shown(key)} is not one that AWS accepts: 1 to {MAX_TAG_KEY} letters, digits, spaces "
                f"and _.:/=+-@, not starting with 'aws:'."
            )
        elif isinstance(text, str) and (len(text) > MAX_TAG_VALUE or not _TAG_TEXT.fullmatch(text)):
            yield UnsupportedError(
                f"the tag {shown(key)} has a value that AWS does not accept: at most {MAX_TAG_VALUE} letters, digits, "
                f"spaces and _.:/=+-@ (it has {len(text)} characters). Put longer text into description=."
            )


def _adopt_problems(wanted: Wanted, arn: str) -> Iterator[SecretArgsError]:
    match = _ARN.fullmatch(arn)
    if match is None or not _SUFFIX.search(match["name"]):
        yield UnsupportedError(
            f"adopt={shown(arn)} is not the full ARN of a secret. To find it: aws secretsmanager describe-secret "
            f"--secret-id {wanted.spelled} --query ARN --output text"
        )
        return
    existing = _SUFFIX.sub("", match["name"])
    if existing != wanted.spelled:
        yield SecretNameError(
            f"adopt names {shown(existing)}, but this secret is {wanted.spelled!r}. "
            f"{other_name(SPELLING, existing)}"
        )


def warnings(wanted: Wanted) -> Iterator[str]:
    """Yield what is allowed but worth knowing before it is created."""
    if _SUFFIX.search(wanted.spelled):
        yield (
            f"{wanted.spelled!r} ends in a hyphen and six characters, as every ARN does: AWS advises against "
            f"such names, because a look-up by name or partial ARN can mistake it for a complete ARN and find "
            f"nothing. Use the full ARN (secret_id) everywhere, or another key."
        )
    key = wanted.encryption_key
    if isinstance(key, str) and "alias/" in key and (wanted.readers or wanted.writers):
        yield (
            "encryption_key is an alias, and AWS makes no grants for aliases: readers and writers get no permission to "
            "use the key. Give the key's ARN, or let its key policy allow them kms:Decrypt (writers also "
            "kms:GenerateDataKey)."
        )
    if key is not None and wanted.replicas and wanted.readers:
        yield (
            "readers get permission to use encryption_key in this region only: for each replica, let the key policy of "
            "the replica's key allow them kms:Decrypt."
        )


def never_changed(wanted: Wanted) -> list[str]:
    """The policy, which is a resource of its own; and a key that the program does not name.

    Where the program names none, the provider keeps the key and would send an update at every `up`.
    """
    return ["policy"] if wanted.encryption_key is not None else ["policy", "kmsKeyId"]


def create(wanted: Wanted, opts: "pulumi.ResourceOptions") -> Registered:
    """Register an empty secret, its resource policy and the grants on its key."""
    from infra_secrets.component.outputs import known_only

    aws = clouds.sdk(SDK, EXTRA)
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
    granted = _grant(wanted, secret, opts) if wanted.readers or wanted.writers else []
    arn = grants.after(granted, secret.arn)
    return Registered(
        resource=secret,
        properties={"name": secret.name, "arn": secret.arn, "policy": secret.policy},
        secret_id=known_only(arn, str),
        set_command=known_only(arn, lambda arn: _set_command(wanted, arn)),
        console_url=known_only(arn, lambda arn: _console_url(wanted, arn)),
    )


def _tags(wanted: Wanted) -> "dict[str, pulumi.Input[str]]":
    fields = lines_of(wanted.fields, MAX_TAG_VALUE)
    names = [
        FIELDS_TAG,
        *(f"{FIELDS_TAG}-{n}" for n in range(2, len(fields) + 1)),
    ]
    return {**wanted.tags, **wanted.facts(":"), **dict(zip(names, fields, strict=False))}


def _replica(region: str, key: "pulumi.Input[str] | None") -> "dict[str, pulumi.Input[str]]":
    from infra_secrets.component.outputs import apply_clearly

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


def _grant(
    wanted: Wanted, secret: Any, opts: "pulumi.ResourceOptions"
) -> "list[pulumi.Output[object]]":
    from infra_secrets.component.outputs import apply_clearly

    aws = clouds.sdk(SDK, EXTRA)

    def policy(found: list[Any]) -> str:
        readers, writers, there = found
        for principal in [*readers, *writers]:
            if isinstance(principal, str) and not _PRINCIPAL.fullmatch(principal):
                raise UnsupportedError(f"{shown(principal)} is not the ARN of a principal on AWS.")
        foreign = _foreign(there)
        if foreign:
            raise UnsupportedError(
                f'Secret("{wanted.logical_name}"): {_would_replace(foreign, ours=_ours(there))}'
            )
        statements = [
            {
                "Sid": sid,
                "Effect": "Allow",
                "Principal": {"AWS": who},
                "Action": list(actions),
                "Resource": "*",
            }
            for (sid, actions), who in zip(_OURS.items(), (readers, writers), strict=True)
            if who
        ]
        return json.dumps({"Version": "2012-10-17", "Statement": statements})

    name = f"{wanted.logical_name}-policy"
    beside = grants.beside(opts, "aws:secretsmanager/secretPolicy:SecretPolicy", name, wanted)
    # It goes with the secret, and so not before a deletion of the secret is refused.
    beside.deleted_with = secret
    aws.secretsmanager.SecretPolicy(
        name,
        secret_arn=secret.arn,
        policy=apply_clearly([list(wanted.readers), list(wanted.writers), secret.policy], policy),
        block_public_policy=True,
        opts=beside,
    )
    key = wanted.encryption_key
    if key is None or (isinstance(key, str) and "alias/" in key):
        return []
    operations = {"reader-key": KEY_READ, "writer-key": KEY_WRITE}

    def grant(name: str, what: str, principal: "pulumi.Input[str]") -> None:
        aws.kms.Grant(
            name,
            key_id=key,
            grantee_principal=principal,
            operations=list(operations[what]),
            constraints=[{"encryption_context_subset": {"SecretARN": secret.arn}}],
            opts=grants.beside(opts, "aws:kms/grant:Grant", name, wanted),
        )

    return grants.grant_each(
        wanted, [("reader-key", wanted.readers), ("writer-key", wanted.writers)], grant
    )


_OURS = {"Readers": READ, "Writers": WRITE}
"""The statements of a resource policy that this package makes, by Sid."""
_BEFORE = {"Writers": ("secretsmanager:PutSecretValue", "secretsmanager:DescribeSecret")}
"""One that it made before it set values itself; it is ours to replace."""


def _statements(policy: object) -> list[Mapping[str, Any]] | None:
    """Read the statements of a resource policy; None if it is not a policy."""
    try:
        found = json.loads(str(policy or "{}")).get("Statement") or []
    except (ValueError, AttributeError):
        return None
    return [found] if isinstance(found, Mapping) else list(found)


def _is_ours(statement: Mapping[str, Any]) -> bool:
    return (
        set(statement) == {"Sid", "Effect", "Principal", "Action", "Resource"}
        and statement["Effect"] == "Allow"
        and _listed(statement["Action"])
        in [sorted(each.get(statement["Sid"], ())) for each in (_OURS, _BEFORE)]
    )


def _ours(policy: object) -> bool:
    """Whether a resource policy has statements that this package made."""
    return any(map(_is_ours, _statements(policy) or ()))


def _foreign(policy: object) -> list[str]:
    """Name the statements of a resource policy that this package did not make."""
    statements = _statements(policy)
    if statements is None:
        return ["one that is not a JSON object"]
    return [
        f"{each.get('Effect', 'a statement')} {shown(str(each.get('Sid', 'without a Sid')))}"
        for each in statements
        if not _is_ours(each)
    ]


def _listed(actions: object) -> list[str]:
    return (
        [actions] if isinstance(actions, str) else sorted(map(str, cast("list[object]", actions)))
    )


def _would_replace(foreign: list[str], *, ours: bool) -> str:
    found = f"({', '.join(foreign[:5])})"
    if ours:
        return (
            f"the secret's resource policy has statements that this package did not make {found} besides its own, "
            "and AWS keeps only one policy: the next change of readers= or writers= would remove them. Move "
            "them into IAM policies, remove them from the policy by hand, and run pulumi refresh."
        )
    return (
        f"the secret has a resource policy that this package did not make {found}, and AWS keeps only one: "
        "the policy for readers= and writers= would replace it. Leave both out and keep that policy, with "
        "all readers in it; or move it into IAM policies, delete it (aws secretsmanager delete-resource-policy), and "
        "run pulumi refresh."
    )


def _set_command(wanted: Wanted, arn: str) -> str | None:
    match = _ARN.fullmatch(arn)
    if match is None:
        return None
    # The variable is the only thing that v2 asks before the locale (awscli/compat.py, getpreferredencoding).
    return reading_stdin(
        wanted.value_asked_for(),
        [
            *("env", "AWS_CLI_FILE_ENCODING=UTF-8", "aws", "secretsmanager", "put-secret-value"),
            *(
                "--region",
                match["region"],
                "--secret-id",
                arn,
                "--secret-string",
                "file:///dev/stdin",
            ),
        ],
        as_text=True,
        fields=wanted.fields,
    )


def _console_url(wanted: Wanted, arn: str) -> str | None:
    match = _ARN.fullmatch(arn)
    if match is None:
        return None
    region, host = match["region"], _CONSOLES.get(match["partition"], "console.aws.amazon.com")
    name = quote(wanted.spelled, safe="")
    return f"https://{region}.{host}/secretsmanager/secret?name={name}&region={region}"


def name(spelled: str) -> str:
    """Write a name as `place` does."""
    return spelled


def place(properties: Mapping[str, Any]) -> Place:
    """Account, region and name; a container's inputs have no account."""
    arn = _ARN.fullmatch(str(properties.get("arn") or ""))
    found = {
        "name": properties.get("name"),
        "region": properties.get("region") or (arn and arn["region"]),
        "account": arn and arn["account"],
    }
    return {part: text for part, text in found.items() if isinstance(text, str)}


def looked_for(place: Place) -> Place:
    """The region, as it is."""
    return place


def place_of(id_: str) -> Place:
    """Take an ARN apart."""
    match = _ARN.fullmatch(id_)
    if match is None:
        return {}
    return {
        "name": _SUFFIX.sub("", match["name"]),
        "region": match["region"],
        "account": match["account"],
    }


async def where(_wanted: Wanted, provider: "pulumi.ProviderResource | None") -> Place:
    """The provider's region, where the program says it."""
    import pulumi

    if provider is None:
        # config aws:region, or AWS_REGION
        given: object = clouds.sdk(SDK, EXTRA).config.region
    else:
        given = getattr(provider, "region", None)
    region = await pulumi.Output.from_input(given).future()
    return {"region": region} if isinstance(region, str) and region else {}


async def look(at: Place, asking: "Asking") -> Existing:
    """DescribeSecret and GetResourcePolicy (terraform-provider-aws, secret_data_source.go)."""
    asked = {part: at[part] for part in ("name", "region") if part in at}
    found = await asking.ask("aws:secretsmanager/getSecret:getSecret", asked) or {}
    return Existing.read(found["arn"], found.get("tags") or {}, found)


def adopting(existing: Existing, wanted: Wanted) -> "Iterator[SecretArgsError | str]":
    """Yield what the secret has and the program does not name: policy, key, description and tags."""
    there = existing.metadata
    foreign = _foreign(there.get("policy"))
    if foreign and (wanted.readers or wanted.writers):
        yield UnsupportedError(_would_replace(foreign, ours=_ours(there.get("policy"))))
    key = there.get("kmsKeyId")
    if key and wanted.encryption_key is None:
        yield (
            f"it is encrypted with {key}, which stays; name it in the program too: encryption_key={key!r}."
        )
    yield from going(
        description=None if wanted.description is not None else there.get("description"),
        tags=[tag for tag in there.get("tags") or {} if tag not in _tags(wanted)],
    )


def stops(properties: Mapping[str, Any], _wanted: Wanted) -> str | None:
    """Stop where a policy has somebody else's statements besides the package's own."""
    policy = properties.get("policy")
    foreign = _foreign(policy)
    return _would_replace(foreign, ours=True) if foreign and _ours(policy) else None


def to_adopt(at: Place) -> str:
    """Say how to find the ARN."""
    return f'adopt="<its ARN>"; to find it: {_find(at)}'


def _find(at: Place) -> str:
    return (
        f"aws secretsmanager describe-secret --region {at.get('region', 'REGION')} "
        f"--secret-id {at.get('name')} --query ARN --output text"
    )


async def before_create(_inputs: Mapping[str, Any], _wanted: Wanted, _asking: "Asking") -> None:
    """Nothing to ask."""


def way_out(failure: str, inputs: Mapping[str, object]) -> str | None:
    """Say how to go on after CreateSecret was refused."""
    if "scheduled for deletion" in failure:
        at = place(inputs)
        return (
            f"The secret {at.get('name')!r} was deleted and AWS still keeps it, with its value, until its recovery "
            f"window ends. To restore it: aws secretsmanager restore-secret --region {at.get('region', 'REGION')} "
            f"--secret-id {at.get('name')}, then adopt it: add {to_adopt(at)}"
        )
    return None
