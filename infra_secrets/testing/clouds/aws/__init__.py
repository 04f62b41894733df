"""AWS Secrets Manager, as far as it decides whether a value survives, and pulumi-aws on top of it.

`SecretsManager` is the service: its methods are API operations. `SimulatedAws` adds an operator's
hand, the resource types `Secret`, `SecretPolicy` and `SecretVersion`, and the function `getSecret`.
Time does not pass: a scheduled deletion stays scheduled, and what the provider tries again for two
minutes fails at once. Encryption and permissions are not simulated.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, cast

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
from infra_secrets.testing.values import UNKNOWN, holds_unknown, unwrap

ACCOUNT: Final = "123456789012"
DEFAULT_REGION: Final = "eu-west-1"
CREATED: Final = "2026-01-01T00:00:00Z"

NAME_LIMIT: Final = 512  # botocore service-2.json, NameType
DESCRIPTION_LIMIT: Final = 2048  # botocore, DescriptionType
VALUE_LIMIT: Final = 65536  # botocore, SecretStringType
POLICY_LIMIT: Final = 20480  # botocore, NonEmptyResourcePolicyType
TAG_LIMIT: Final = 50  # botocore, CreateSecret
TAG_KEY_LIMIT: Final = 128  # botocore, TagKeyType
TAG_VALUE_LIMIT: Final = 256  # botocore, TagValueType
NAME_PATTERN: Final = re.compile(r"[A-Za-z0-9/_+=.@-]+")
DEFAULT_RECOVERY_DAYS: Final = 30
DEFAULT_KEY: Final = "alias/aws/secretsmanager"

_PROVIDER = "terraform-provider-aws internal/service/secretsmanager/secret.go"

DELETES_FIRST: Final = Rule(
    "aws-deletes-before-it-replaces",
    "A replacement of a secret whose name the program chose deletes the old one first, when a"
    " changed property asks for it; not with `--replace` alone.",
    "pulumi-terraform-bridge pkg/tfbridge/schema.go, nameRequiresDeleteBeforeReplace, and"
    " provider.go, Diff",
)
NAME_LOCKED: Final = Rule(
    "aws-name-locked-while-deletion-scheduled",
    "No secret can be created under a name whose deletion is scheduled.",
    "aws-ia/terraform-aws-eks-blueprints#1733",
)
SCHEDULED_IS_GONE: Final = Rule(
    "aws-scheduled-secret-reads-as-gone",
    "The provider takes a secret whose deletion is scheduled for deleted and forgets it on"
    " refresh.",
    _PROVIDER + ", findSecretByID",
)
REPLACED_ON_NAME: Final = Rule(
    "aws-replaced-on-name-region-and-type",
    "A change of name, name prefix, region or type makes the secret anew; all else is in place.",
    _PROVIDER,
)
NO_WINDOW_IS_FINAL: Final = Rule(
    "aws-no-recovery-window-deletes-at-once",
    "With a recovery window of 0 days the secret is deleted at once, without a way back.",
    "botocore secretsmanager service-2.json, DeleteSecret",
)
IMPORT_LEAVES_NO_WINDOW: Final = Rule(
    "aws-import-leaves-no-recovery-window",
    "An import leaves the recovery window out of the state until an update writes it, and a"
    " deletion that finds none there is final.",
    _PROVIDER + ", resourceSecretDelete",
)
IMPORT_TAKES_REGION: Final = Rule(
    "aws-import-takes-the-region-of-the-arn",
    "An import by the ARN of another region succeeds, and the region then differs from the"
    " provider's, which makes the secret anew.",
    "terraform-provider-aws internal/provider/sdkv2/importer/arn.go, RegionalARN",
)
SCHEDULED_IS_REFUSED: Final = Rule(
    "aws-scheduled-secret-cannot-be-deleted-again",
    "Deleting a secret whose deletion is scheduled is refused; a refresh before it forgets the"
    " secret.",
    "moto moto/secretsmanager/models.py, delete_secret (AWS itself was not tried)",
)
REFUSED_IS_KEPT: Final = Rule(
    "aws-state-holds-a-refused-update",
    "After a refused update the state holds what was refused: the next `up` says updated and sends"
    " nothing, the one after it sends it.",
    "pulumi-terraform-bridge pkg/tfbridge/provider.go, Update and initializationError",
)
KEY_STAYS: Final = Rule(
    "aws-key-stays-when-the-program-drops-it",
    "An update without a key leaves the key as it is, and so does every `up` after it.",
    _PROVIDER + ", resourceSecretUpdate",
)
DEFAULT_KEY_UNSEEN: Final = Rule(
    "aws-default-key-is-not-described",
    "DescribeSecret leaves out the key aws/secretsmanager, so a program that names it updates on"
    " every `up`.",
    "botocore secretsmanager service-2.json, DescribeSecretResponse.KmsKeyId",
)
TAGS_ALL: Final = Rule(
    "aws-default-tags-go-into-tags-all",
    "The provider's default tags and the resource's own are together in `tagsAll`, which, like"
    " `region`, is among the checked inputs.",
    "pulumi-aws provider/tags.go, applyTags",
)
REPLICAS_HOLD: Final = Rule(
    "aws-primary-with-replicas-cannot-be-deleted",
    "A primary secret can only be deleted after its replicas are removed.",
    "botocore secretsmanager service-2.json, DeleteSecret",
)
NO_PUBLIC_POLICY: Final = Rule(
    "aws-public-policy-is-blocked",
    "With BlockPublicPolicy a policy that lets everybody in is refused.",
    "botocore secretsmanager service-2.json, PutResourcePolicy",
)
PRINCIPALS: Final = Rule(
    "aws-principals-are-texts",
    "A policy that names a principal by null, or by anything but a text, is malformed: the policy of"
    " a secret, and any other that a resource is given.",
    "docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html, principal_block",
)
LIMITS: Final = Rule(
    "aws-limits",
    "Names have 1 to 512 characters of A-Z a-z 0-9 /_+=.@-, descriptions 2048, values 65536, and"
    " there "
    "are at most 50 tags.",
    "botocore secretsmanager service-2.json",
)

RULES: Final = (
    DELETES_FIRST,
    NAME_LOCKED,
    SCHEDULED_IS_GONE,
    REPLACED_ON_NAME,
    NO_WINDOW_IS_FINAL,
    IMPORT_LEAVES_NO_WINDOW,
    IMPORT_TAKES_REGION,
    SCHEDULED_IS_REFUSED,
    REFUSED_IS_KEPT,
    KEY_STAYS,
    DEFAULT_KEY_UNSEEN,
    TAGS_ALL,
    REPLICAS_HOLD,
    NO_PUBLIC_POLICY,
    PRINCIPALS,
    LIMITS,
)

_CURRENT, _PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"


@dataclass
class Version:
    """One version of a secret's value.

    Attributes:
        id: Its VersionId.
        value: The value.
        stages: Its staging labels.
    """

    id: str
    value: str
    stages: set[str]


@dataclass
class Secret:
    """A secret as the service keeps it. Attributes have the API's names, in Python's case."""

    name: str
    region: str
    arn: str
    description: str = ""
    kms_key_id: str = ""
    type: str = ""
    policy: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    replicas: list[dict[str, Any]] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    recovery_days: int | None = None

    @property
    def scheduled(self) -> bool:
        """Whether its deletion is scheduled."""
        return self.recovery_days is not None

    def version(self, *, id_: str = "", stage: str = _CURRENT) -> Version | None:
        """Return a version by its id, or else by a staging label."""
        for version in self.versions:
            if version.id == id_ if id_ else stage in version.stages:
                return version
        return None


class SecretsManager:
    """The service in every region of one account. Methods are API operations."""

    def __init__(self, without: frozenset[str] = frozenset()) -> None:
        self.secrets: dict[tuple[str, str], Secret] = {}
        self._without = without
        self._made = 0

    def _keeps(self, rule: Rule) -> bool:
        return rule.id not in self._without

    def _suffix(self, *parts: str) -> str:
        """Return six letters and digits that differ for every secret that was ever made."""
        self._made += 1
        digest = hashlib.sha256("/".join([*parts, str(self._made)]).encode()).digest()
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        return "".join(alphabet[byte % len(alphabet)] for byte in digest[:6])

    def find(self, region: str, secret_id: str) -> Secret | None:
        """Return a secret by name or complete ARN."""
        if secret_id.startswith("arn:"):
            region = secret_id.split(":")[3]
            found = (secret for secret in self.secrets.values() if secret.arn == secret_id)
            return next((secret for secret in found if secret.region == region), None)
        return self.secrets.get((region, secret_id))

    def _get(self, region: str, secret_id: str) -> Secret:
        secret = self.find(region, secret_id)
        if secret is None:
            raise CloudError(
                "ResourceNotFoundException", "Secrets Manager can't find the specified secret."
            )
        return secret

    def _live(self, region: str, secret_id: str) -> Secret:
        secret = self._get(region, secret_id)
        if secret.scheduled:
            raise CloudError(
                "InvalidRequestException",
                "You can't perform this operation on the secret because it was marked for"
                " deletion.",
            )
        return secret

    def _check_limits(self, name: str, description: str, tags: Mapping[str, str]) -> None:
        if not self._keeps(LIMITS):
            return
        if not NAME_PATTERN.fullmatch(name) or len(name) > NAME_LIMIT:
            raise CloudError(
                "ValidationException",
                "Invalid name. Must be a valid name containing alphanumeric characters, or any of"
                " the"
                " following: -/_+=.@!",
            )
        if len(description) > DESCRIPTION_LIMIT:
            raise CloudError(
                "ValidationException",
                "1 validation error detected: Value at 'description' failed to satisfy constraint:"
                f" Member must have length less than or equal to {DESCRIPTION_LIMIT}",
            )
        _check_tags(tags)

    def create_secret(
        self,
        region: str,
        name: str,
        *,
        description: str = "",
        kms_key_id: str = "",
        secret_type: str = "",
        tags: Mapping[str, str] | None = None,
        replicas: Iterable[Mapping[str, Any]] = (),
    ) -> Secret:
        """CreateSecret, without a value."""
        self._check_limits(name, description, tags or {})
        existing = self.secrets.get((region, name))
        if existing is not None and existing.scheduled and self._keeps(NAME_LOCKED):
            raise CloudError(
                "InvalidRequestException",
                "You can't create this secret because a secret with this name is already scheduled"
                " for"
                " deletion.",
            )
        if existing is not None and not existing.scheduled:
            raise CloudError(
                "ResourceExistsException",
                f"The operation failed because the secret {name} already exists.",
            )
        arn = (
            f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{name}-{self._suffix(region, name)}"
        )
        key = self._described(kms_key_id)
        secret = Secret(name, region, arn, description, key, secret_type, tags=dict(tags or {}))
        secret.replicas = [dict(replica) for replica in replicas]
        self.secrets[region, name] = secret
        return secret

    def update_secret(
        self, region: str, secret_id: str, *, description: str, kms_key_id: str | None = None
    ) -> None:
        """UpdateSecret with no value: it makes no version. Without a key, the key stays."""
        secret = self._live(region, secret_id)
        self._check_limits(secret.name, description, {})
        secret.description = description
        if kms_key_id is not None:
            secret.kms_key_id = self._described(kms_key_id)

    def _described(self, kms_key_id: str) -> str:
        """Return a key as DescribeSecret shows it."""
        hidden = kms_key_id == DEFAULT_KEY and self._keeps(DEFAULT_KEY_UNSEEN)
        return "" if hidden else kms_key_id

    def tag_resource(self, region: str, secret_id: str, tags: Mapping[str, str]) -> None:
        """TagResource and UntagResource in one: these tags, and no others."""
        secret = self._live(region, secret_id)
        if self._keeps(LIMITS):
            _check_tags(tags)
        secret.tags = dict(tags)

    def replicate(self, region: str, secret_id: str, replicas: Iterable[Mapping[str, Any]]) -> None:
        """ReplicateSecretToRegions, RemoveRegionsFromReplication: these replicas, no others."""
        secret = self._live(region, secret_id)
        wanted = [dict(replica) for replica in replicas]
        if any(replica.get("region") == secret.region for replica in wanted):
            raise CloudError(
                "InvalidParameterException",
                "Invalid replica region: it is the primary's own region.",
            )
        secret.replicas = wanted

    def put_secret_value(self, region: str, secret_id: str, value: str) -> Version:
        """PutSecretValue: the new version becomes AWSCURRENT, the one before it AWSPREVIOUS."""
        secret = self._live(region, secret_id)
        if not value or len(value.encode()) > VALUE_LIMIT:
            raise CloudError(
                "ValidationException",
                "1 validation error detected: Value at 'secretString' failed to satisfy constraint:"
                f" Member must have length between 1 and {VALUE_LIMIT}",
            )
        current = secret.version()
        for version in secret.versions:
            version.stages.discard(_PREVIOUS)
        if current is not None:
            current.stages.discard(_CURRENT)
            current.stages.add(_PREVIOUS)
        digest = hashlib.sha256(f"{secret.arn}/{len(secret.versions)}".encode()).hexdigest()
        made = Version(f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}", value, {_CURRENT})
        secret.versions.append(made)
        return made

    def get_secret_value(self, region: str, secret_id: str, version_id: str = "") -> Version:
        """GetSecretValue."""
        secret = self._live(region, secret_id)
        version = secret.version(id_=version_id)
        if version is None:
            which = f"VersionId: {version_id}" if version_id else f"staging label: {_CURRENT}"
            raise CloudError(
                "ResourceNotFoundException",
                f"Secrets Manager can't find the specified secret value for {which}",
            )
        return version

    def put_resource_policy(
        self, region: str, secret_id: str, policy: str, *, block_public_policy: bool
    ) -> None:
        """PutResourcePolicy."""
        secret = self._live(region, secret_id)
        try:
            statements = json.loads(policy)["Statement"]
        except (ValueError, KeyError, TypeError):
            raise CloudError(
                "MalformedPolicyDocumentException", "This resource policy contains a syntax error."
            ) from None
        if len(policy) > POLICY_LIMIT:
            raise CloudError(
                "ValidationException",
                "1 validation error detected: Value at 'resourcePolicy' failed to satisfy"
                " constraint:"
                f" Member must have length less than or equal to {POLICY_LIMIT}",
            )
        if self._keeps(PRINCIPALS) and _names_nobody(policy):
            raise CloudError(
                "MalformedPolicyDocumentException",
                "This resource policy contains an unsupported principal.",
            )
        each = [statements] if isinstance(statements, Mapping) else statements
        public = any(_lets_everybody_in(statement) for statement in each)
        if public and block_public_policy and self._keeps(NO_PUBLIC_POLICY):
            raise CloudError(
                "PublicPolicyException",
                "The BlockPublicPolicy parameter is set to true, and the resource policy did not"
                " prevent"
                " broad access to the secret.",
            )
        secret.policy = policy

    def delete_resource_policy(self, region: str, secret_id: str) -> None:
        """DeleteResourcePolicy."""
        self._live(region, secret_id).policy = ""

    def delete_secret(
        self, region: str, secret_id: str, *, recovery_days: int = DEFAULT_RECOVERY_DAYS
    ) -> None:
        """DeleteSecret; 0 days means ForceDeleteWithoutRecovery."""
        refuses = self._keeps(SCHEDULED_IS_REFUSED)
        secret = (self._live if refuses else self._get)(region, secret_id)
        if secret.replicas and self._keeps(REPLICAS_HOLD):
            regions = ", ".join(replica["region"] for replica in secret.replicas)
            raise CloudError(
                "InvalidRequestException",
                f"You can't delete secret {secret.arn} that still has replica regions [{regions}]",
            )
        if recovery_days == 0 and self._keeps(NO_WINDOW_IS_FINAL):
            del self.secrets[secret.region, secret.name]
        else:
            secret.recovery_days = recovery_days

    def restore_secret(self, region: str, secret_id: str) -> None:
        """RestoreSecret."""
        self._get(region, secret_id).recovery_days = None


def _check_tags(tags: Mapping[str, str]) -> None:
    if len(tags) > TAG_LIMIT:
        raise CloudError(
            "InvalidParameterException",
            f"The request failed because you can have at most {TAG_LIMIT} tags on a secret.",
        )
    for key, value in tags.items():
        if not 0 < len(key) <= TAG_KEY_LIMIT or len(value) > TAG_VALUE_LIMIT:
            raise CloudError(
                "ValidationException",
                f"1 validation error detected: a tag key has 1 to {TAG_KEY_LIMIT} characters and a"
                " tag"
                f" value at most {TAG_VALUE_LIMIT}; the tag {key[:TAG_KEY_LIMIT]!r} has not",
            )
        if key.lower().startswith("aws:"):
            raise CloudError("InvalidParameterException", "Tag keys cannot start with 'aws:'.")


def _lets_everybody_in(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    principals = principal.get("AWS") if isinstance(principal, Mapping) else principal
    everybody = principals == "*" or (isinstance(principals, list) and "*" in principals)
    return statement.get("Effect") == "Allow" and everybody and not statement.get("Condition")


_PERMISSION: Final = "aws:lambda/permission:Permission"


def _names_nobody(policy: Any) -> bool:
    """Whether a text is a policy with a principal that can be nobody."""
    if not isinstance(policy, str) or "Principal" not in policy:
        return False
    try:
        document = json.loads(policy)
    except ValueError:
        return False
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    each = [statements] if isinstance(statements, Mapping) else statements or []
    return any(
        not _is_principal(statement[key])
        for statement in each
        if isinstance(statement, Mapping)
        for key in ("Principal", "NotPrincipal")
        if key in statement
    )


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
_AWS_PRINCIPAL: Final = re.compile(r"\*|arn:.+|\d{12}|A(IDA|ROA)[A-Z0-9]+")


def _is_principal(value: Any, kind: str = "") -> bool:
    if isinstance(value, Mapping):
        return all(_is_principal(member, str(key)) for key, member in value.items())
    if isinstance(value, list):
        return all(isinstance(member, str) and _is_principal(member, kind) for member in value)
    if not isinstance(value, str):
        return False
    if kind in {"", "AWS"}:
        return _AWS_PRINCIPAL.fullmatch(value) is not None
    return value not in {"", "None", "null"}


class SimulatedAws(SimulatedCloud):
    """AWS Secrets Manager with pulumi-aws. A scope is a region. For arguments see the base."""

    package: ClassVar[str] = "aws"
    rules: ClassVar[tuple[Rule, ...]] = RULES
    ordinary_config: ClassVar[Mapping[str, str]] = {"aws:region": "eu-west-1"}
    # https://www.pulumi.com/docs/esc/integrations/dynamic-login-credentials/ (Outputs)
    # https://www.pulumi.com/docs/esc/integrations/dynamic-secrets/aws-secrets/ (Inputs)
    esc_providers: ClassVar[Sequence[Provider]] = (
        EscLogin("aws-login", invented=("accessKeyId", "secretAccessKey", "sessionToken")),
        EscSecrets(
            "aws-secrets",
            wanted="get",
            id="secretId",
            place="region",
            current={"versionStage": "AWSCURRENT"},
        ),
    )
    container_types: ClassVar[frozenset[str]] = frozenset(
        {"aws:secretsmanager/secret:Secret", "aws:secretsmanager/secretPolicy:SecretPolicy"}
    )

    def __init__(self, without: Iterable[str] = ()) -> None:
        super().__init__(without)
        self.service = SecretsManager(self.without)

    @property
    def resource_types(self) -> Mapping[str, ResourceType]:
        """`Secret`, `SecretPolicy` and `SecretVersion`."""
        return {
            "aws:secretsmanager/secret:Secret": SecretType(self),
            "aws:secretsmanager/secretPolicy:SecretPolicy": SecretPolicyType(self),
            "aws:secretsmanager/secretVersion:SecretVersion": SecretVersionType(self),
        }

    def meet(self, request: Request) -> None:
        """Refuse a malformed policy of any resource: IAM, not its service, looks at its principals."""
        super().meet(request)
        creates = request.operation in {"create", "update"} and not request.preview
        if creates and request.type not in self.resource_types:
            self._check_policies(request.type, unwrap(request.properties))

    def _check_policies(self, token: str, inputs: Mapping[str, Any]) -> None:
        malformed = [key for key, value in inputs.items() if _names_nobody(value)]
        if malformed and self.keeps(PRINCIPALS):
            raise CloudError(
                "MalformedPolicyDocument",
                f"{token}: api error MalformedPolicyDocument: Syntax errors in policy: a principal"
                f" of {', '.join(malformed)} is nobody: under AWS it is an ARN, an account of 12 digits, a"
                " unique id or *. Was it made of an output that is None?",
            )
        if token == _PERMISSION and inputs.get("principal") in {None, "", "None"}:
            raise CloudError(
                "",
                f'{token}: Missing required argument: "principal" names nobody. Give the account,'
                " ARN or service that may call the function.",
            )

    def values_written(self, token: str, inputs: Mapping[str, Any]) -> Sequence[str]:
        """A version in Secrets Manager, and a `SecureString` in Systems Manager."""
        if token == "aws:secretsmanager/secretVersion:SecretVersion":  # noqa: S105 (a type's name)
            return ("secretString", "secretBinary", "secretStringWo")
        if token == "aws:ssm/parameter:Parameter" and inputs.get("type") == "SecureString":  # noqa: S105
            return ("value", "valueWo")
        return ()

    def imitate(
        self, token: str, inputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any]] | None:
        """Answer for a `Secret` with an ARN that ends in `-AbCdEf`, and for a `SecretPolicy`."""
        self._check_policies(token, inputs)
        region = inputs.get("region") or call.config.get("region") or DEFAULT_REGION
        if token == "aws:secretsmanager/secretPolicy:SecretPolicy":  # noqa: S105 (a type's name)
            return str(inputs.get("secretArn")), {"region": region}
        if token != "aws:secretsmanager/secret:Secret":  # noqa: S105
            return None
        name = inputs.get("name") or call.auto_name()
        arn = f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{name}-AbCdEf"
        return arn, {
            "arn": arn,
            "name": name,
            "region": region,
            "tagsAll": {**_default_tags(call), **(inputs.get("tags") or {})},
        }

    @property
    def functions(self) -> Mapping[str, Function]:
        """What programs ask about the account and the region."""
        return {
            "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
            "aws:index/getRegion:getRegion": _region,
            "aws:index/getPartition:getPartition": _partition,
            **dict([data_source("aws:secretsmanager/getSecret:getSecret", self._get_secret)]),
        }

    def _get_secret(self, args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
        """DescribeSecret and GetResourcePolicy: metadata only, never the value.

        terraform-provider-aws internal/service/secretsmanager/secret_data_source.go: a secret whose
        deletion is scheduled is not found, as for the resource. The request goes to the region that
        the arguments or the provider name, also for an ARN.
        """
        region = args.get("region") or call.config.get("region") or DEFAULT_REGION
        secret_id = args.get("arn") or args.get("name") or ""
        secret = self.service.find(region, secret_id)
        hidden = secret is not None and secret.scheduled and self.keeps(SCHEDULED_IS_GONE)
        if secret is None or secret.region != region or hidden:
            raise CloudError(
                "ResourceNotFoundException",
                f"reading Secrets Manager Secret ({secret_id}): couldn't find resource",
                status=400,
            )
        return {
            "id": secret.arn,
            "arn": secret.arn,
            "name": secret.name,
            "region": region,
            "description": secret.description,
            "kmsKeyId": secret.kms_key_id,
            "policy": secret.policy,
            "tags": dict(secret.tags),
            "type": secret.type,
            "createdDate": CREATED,
            "lastChangedDate": CREATED,
        }

    def _find(self, name: str, scope: str | None) -> Secret:
        found = [
            (region, secret)
            for (region, its_name), secret in self.service.secrets.items()
            if name in {its_name, secret.arn} and scope in {None, region}
        ]
        return cast("Secret", only(found, name, "region"))

    def _find_or_none(self, name: str, scope: str | None) -> Secret | None:
        there = any(
            name in {its_name, secret.arn} and scope in {None, region}
            for (region, its_name), secret in self.service.secrets.items()
        )
        return self._find(name, scope) if there else None

    def _set_value(self, name: str, value: str, scope: str | None) -> None:
        secret = self._find(name, scope)
        self.service.put_secret_value(secret.region, secret.name, value)

    def reader_sees(self, name: str, scope: str | None = None) -> str:
        """Return what GetSecretValue gives: the value, or the name of the error."""
        secret = self._find_or_none(name, scope)
        if secret is None:
            return "ResourceNotFoundException"
        try:
            return self.service.get_secret_value(secret.region, secret.name).value
        except CloudError as error:
            return error.code

    def value(self, name: str, scope: str | None = None) -> str | None:
        """Return the value labelled AWSCURRENT, where it can be read."""
        secret = self._find_or_none(name, scope)
        if secret is None or secret.scheduled:
            return None
        version = secret.version()
        return version.value if version is not None else None

    def versions(self, name: str, scope: str | None = None) -> list[str]:
        """Return every value that the service still holds, oldest first."""
        secret = self._find_or_none(name, scope)
        return [version.value for version in secret.versions] if secret is not None else []

    def delete(self, name: str, scope: str | None = None) -> None:
        """Schedule the deletion, with the console's default window of 30 days."""
        secret = self._find(name, scope)
        self.service.delete_secret(secret.region, secret.name)

    def restore(self, name: str, scope: str | None = None) -> None:
        """Cancel a scheduled deletion."""
        secret = self._find(name, scope)
        self.service.restore_secret(secret.region, secret.name)

    def describe(self, name: str, scope: str | None = None) -> dict[str, Any]:
        """Return what DescribeSecret shows, and the resource policy."""
        secret = self._find(name, scope)
        return {
            "ARN": secret.arn,
            "Name": secret.name,
            "Region": secret.region,
            "Description": secret.description,
            "KmsKeyId": secret.kms_key_id,
            "Tags": dict(secret.tags),
            "Replicas": [dict(replica) for replica in secret.replicas],
            "ResourcePolicy": secret.policy,
            "RecoveryWindowInDays": secret.recovery_days,
            "VersionIdsToStages": {
                version.id: sorted(version.stages) for version in secret.versions if version.stages
            },
        }

    def names(self, scope: str | None = None) -> list[str]:
        """Return the names of the secrets whose deletion is not scheduled."""
        return sorted(
            name
            for (region, name), secret in self.service.secrets.items()
            if not secret.scheduled and scope in {None, region}
        )

    def state(self, name: str, scope: str | None = None) -> State:
        """Return `missing`, `scheduled for deletion`, `set` or `empty`."""
        secret = self._find_or_none(name, scope)
        if secret is None:
            return "missing"
        if secret.scheduled:
            return "scheduled for deletion"
        return "set" if secret.version() is not None else "empty"


# pulumi-aws --------------------------------------------------------------------------------------


def _call_error(doing: str, operation: str, error: CloudError) -> CloudError:
    """Word a refusal as the AWS SDK for Go and the provider do."""
    return CloudError(
        error.code,
        f"{doing}: operation error Secrets Manager: {operation}, https response error StatusCode:"
        " 400,"
        f" RequestID: 00000000-0000-0000-0000-000000000000, {error.code}: {error.message}",
    )


class _AwsType(BridgedType):
    def __init__(self, cloud: SimulatedAws) -> None:
        self.cloud = cloud
        self.service = cloud.service
        self.deletes_first_when_named = cloud.keeps(DELETES_FIRST)
        self.keeps_refused_updates = cloud.keeps(REFUSED_IS_KEPT)

    def check(
        self, inputs: dict[str, Any], olds: Mapping[str, Any], call: Call
    ) -> tuple[dict[str, Any], list[CheckFailure]]:
        """Every resource is in a region; the provider's unless it says another."""
        if inputs.get("region") is None:
            inputs = {**inputs, "region": call.config.get("region") or DEFAULT_REGION}
        return super().check(inputs, olds, call)

    def _region(self, id_: str, old: Mapping[str, Any], call: Call) -> str:
        """Return where a resource is: as the state says, or on an import as its ARN says."""
        if old.get("region"):
            return str(old["region"])
        if id_.startswith("arn:") and self.cloud.keeps(IMPORT_TAKES_REGION):
            return id_.split(":")[3]
        return str(call.config.get("region") or DEFAULT_REGION)


def _default_tags(call: Call) -> dict[str, Any]:
    return dict((call.config.get("defaultTags") or {}).get("tags") or {})


def _as_given(replicas: Any) -> Any:
    """Return replicas without what the service adds to them, in one order."""
    if not known(replicas):
        return replicas
    given = [
        {key: replica[key] for key in ("region", "kmsKeyId") if replica.get(key)}
        for replica in replicas
    ]
    return sorted(given, key=lambda replica: str(replica.get("region")))


class SecretType(_AwsType):
    """`aws.secretsmanager.Secret`."""

    auto_named = "name"
    properties: Mapping[str, Property] = {
        "name": Property(force_new=True, computed=True),
        "namePrefix": Property(force_new=True, computed=True),
        "region": Property(force_new=True, computed=True),
        "type": Property(force_new=True, computed=True),
        "description": Property(),
        "kmsKeyId": Property(),
        "policy": Property(computed=True),
        "replicas": Property(computed=True, compared_as=_as_given),
        "tags": Property(),
        "tagsAll": Property(computed=True),
        "recoveryWindowInDays": Property(default=DEFAULT_RECOVERY_DAYS),
        "forceOverwriteReplicaSecret": Property(default=False),
    }

    def __init__(self, cloud: SimulatedAws) -> None:
        super().__init__(cloud)
        if not cloud.keeps(REPLACED_ON_NAME):
            self.properties = {
                key: Property(computed=property_.computed, default=property_.default)
                for key, property_ in self.properties.items()
            }

    def check(
        self, inputs: dict[str, Any], olds: Mapping[str, Any], call: Call
    ) -> tuple[dict[str, Any], list[CheckFailure]]:
        """Merge the provider's default tags and the resource's own, as pulumi-aws does."""
        tags = inputs.get("tags") or {}
        everything: Any = UNKNOWN
        if isinstance(tags, Mapping) and not holds_unknown(tags):
            everything = {**_default_tags(call), **tags}
        inputs = {**inputs, "tagsAll": everything}
        if not self.cloud.keeps(TAGS_ALL):
            inputs["tags"] = inputs["tagsAll"]
        return super().check(inputs, olds, call)

    def validate(self, inputs: Mapping[str, Any]) -> list[CheckFailure]:
        """Judge name and recovery window."""
        failures: list[CheckFailure] = []
        name, days = inputs.get("name"), inputs.get("recoveryWindowInDays")
        if known(name) and self.cloud.keeps(LIMITS) and not NAME_PATTERN.fullmatch(str(name)):
            failures.append(
                CheckFailure(
                    "name", 'invalid value for name (must contain only alphanumeric or "/_+=.@-")'
                )
            )
        if known(days) and days not in {0, *range(7, 31)}:
            failures.append(
                CheckFailure(
                    "recoveryWindowInDays",
                    "expected recovery_window_in_days to be 0 or in the range (7 - 30)",
                )
            )
        return failures

    def make(self, planned: dict[str, Any], call: Call) -> str:
        """CreateSecret, and PutResourcePolicy where a policy is given."""
        del call
        name = planned.get("name") or f"{planned['namePrefix']}{len(self.service.secrets):026d}"
        try:
            secret = self.service.create_secret(
                planned["region"],
                name,
                description=planned.get("description") or "",
                kms_key_id=planned.get("kmsKeyId") or "",
                secret_type=planned.get("type") or "",
                tags=planned.get("tagsAll") or {},
                replicas=planned.get("replicas") or [],
            )
        except CloudError as error:
            doing = f"creating Secrets Manager Secret ({name})"
            raise _call_error(doing, "CreateSecret", error) from error
        if planned.get("policy"):
            self._put_policy(secret, planned["policy"])
        return secret.arn

    def _put_policy(self, secret: Secret, policy: str) -> None:
        try:
            self.service.put_resource_policy(
                secret.region, secret.name, policy, block_public_policy=False
            )
        except CloudError as error:
            doing = f"putting Secrets Manager Secret ({secret.arn}) policy"
            raise _call_error(doing, "PutResourcePolicy", error) from error

    def _read(self, secret: Secret, old: Mapping[str, Any], call: Call) -> dict[str, Any]:
        """Own tags are all but the provider's default ones, unless the program has those too."""
        defaults, own = _default_tags(call), old.get("tags") or {}
        return {
            "arn": secret.arn,
            "name": secret.name,
            "region": secret.region,
            "description": secret.description,
            "kmsKeyId": secret.kms_key_id,
            "policy": secret.policy,
            "replicas": [
                {"kmsKeyId": "", "status": "InSync", "statusMessage": "", **replica}
                for replica in secret.replicas
            ],
            "tags": {
                key: value
                for key, value in secret.tags.items()
                if key in own or defaults.get(key) != value
            },
            "tagsAll": dict(secret.tags),
            "type": secret.type,
        }

    def look(
        self, id_: str, old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any]] | None:
        """DescribeSecret and GetResourcePolicy."""
        secret = self.service.find(self._region(id_, old_outputs, call), id_)
        if secret is None or (secret.scheduled and self.cloud.keeps(SCHEDULED_IS_GONE)):
            return None
        client_side = {
            key: old_outputs[key]
            for key in ("recoveryWindowInDays", "forceOverwriteReplicaSecret", "namePrefix")
            if key in old_outputs
        }
        return secret.arn, {**client_side, **self._read(secret, old_outputs, call)}

    def change(self, id_: str, old: Mapping[str, Any], planned: dict[str, Any], call: Call) -> None:
        """TagResource, ReplicateSecretToRegions, UpdateSecret with no value, PutResourcePolicy."""
        region = self._region(id_, old, call)
        operation, doing = "TagResource", f"updating tags for Secrets Manager Secret ({id_})"
        try:
            if self.changed("tagsAll", old, planned):
                self.service.tag_resource(region, id_, planned.get("tagsAll") or {})
            operation, doing = "UpdateSecret", f"updating Secrets Manager Secret ({id_})"
            if self.changed("replicas", old, planned):
                self.service.replicate(region, id_, _as_given(planned["replicas"]))
            if self.changed("description", old, planned) or self.changed("kmsKeyId", old, planned):
                key = planned.get("kmsKeyId") or None
                self.service.update_secret(
                    region,
                    id_,
                    description=planned.get("description") or "",
                    kms_key_id=key if self.cloud.keeps(KEY_STAYS) else key or "",
                )
        except CloudError as error:
            raise _call_error(doing, operation, error) from error
        if self.changed("policy", old, planned):
            self._put_policy(cast("Secret", self.service.find(region, id_)), planned["policy"])

    def remove(self, id_: str, old: Mapping[str, Any], call: Call) -> None:
        """RemoveRegionsFromReplication, then DeleteSecret with the window that the state holds."""
        region = self._region(id_, old, call)
        secret = self.service.find(region, id_)
        if secret is None:
            return
        if not secret.scheduled:
            secret.replicas = []
        none = 0 if self.cloud.keeps(IMPORT_LEAVES_NO_WINDOW) else DEFAULT_RECOVERY_DAYS
        days = old.get("recoveryWindowInDays")
        try:
            self.service.delete_secret(
                region, id_, recovery_days=none if days is None else int(days)
            )
        except CloudError as error:
            doing = f"deleting Secrets Manager Secret ({id_})"
            raise _call_error(doing, "DeleteSecret", error) from error


class SecretPolicyType(_AwsType):
    """`aws.secretsmanager.SecretPolicy`."""

    properties: Mapping[str, Property] = {
        "policy": Property(),
        "secretArn": Property(force_new=True),
        "blockPublicPolicy": Property(),
        "region": Property(force_new=True, computed=True),
    }

    def _put(self, planned: Mapping[str, Any]) -> None:
        arn = planned["secretArn"]
        try:
            self.service.put_resource_policy(
                planned["region"],
                arn,
                planned["policy"],
                block_public_policy=bool(planned.get("blockPublicPolicy")),
            )
        except CloudError as error:
            doing = f"putting Secrets Manager Secret Policy ({arn})"
            raise _call_error(doing, "PutResourcePolicy", error) from error

    def make(self, planned: dict[str, Any], call: Call) -> str:
        """PutResourcePolicy."""
        del call
        self._put(planned)
        return str(planned["secretArn"])

    def look(
        self, id_: str, old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any]] | None:
        """GetResourcePolicy."""
        secret = self.service.find(self._region(id_, old_outputs, call), id_)
        if secret is None or secret.scheduled or not secret.policy:
            return None
        kept = {key: value for key, value in old_outputs.items() if key == "blockPublicPolicy"}
        return id_, {**kept, "policy": secret.policy, "secretArn": id_, "region": secret.region}

    def change(self, id_: str, old: Mapping[str, Any], planned: dict[str, Any], call: Call) -> None:
        """PutResourcePolicy."""
        del id_, call
        if any(self.changed(key, old, planned) for key in ("policy", "blockPublicPolicy")):
            self._put(planned)

    def remove(self, id_: str, old: Mapping[str, Any], call: Call) -> None:
        """DeleteResourcePolicy; nothing to do where the secret is gone or going."""
        del call
        region = old.get("region") or DEFAULT_REGION
        secret = self.service.find(region, id_)
        if secret is not None and not secret.scheduled:
            self.service.delete_resource_policy(region, id_)


class SecretVersionType(_AwsType):
    """`aws.secretsmanager.SecretVersion`: a value in code. The package never makes one."""

    properties: Mapping[str, Property] = {
        "secretId": Property(force_new=True),
        "secretString": Property(force_new=True),
        "secretBinary": Property(force_new=True),
        "secretStringWoVersion": Property(force_new=True),
        "versionStages": Property(computed=True),
        "region": Property(force_new=True, computed=True),
    }

    def make(self, planned: dict[str, Any], call: Call) -> str:
        """PutSecretValue."""
        del call
        secret_id = planned["secretId"]
        value = next(
            planned[key]
            for key in ("secretString", "secretStringWo", "secretBinary")
            if planned.get(key) is not None
        )
        try:
            version = self.service.put_secret_value(planned["region"], secret_id, value)
        except CloudError as error:
            doing = f"putting Secrets Manager Secret ({secret_id}) value"
            raise _call_error(doing, "PutSecretValue", error) from error
        return f"{secret_id}|{version.id}"

    def _computed(self, secret: Secret, version: Version) -> dict[str, Any]:
        return {
            "arn": secret.arn,
            "secretArn": secret.arn,
            "versionId": version.id,
            "versionStages": sorted(version.stages),
            "region": secret.region,
        }

    def look(
        self, id_: str, old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any]] | None:
        """GetSecretValue by version id: whatever label it has now, it is still that version."""
        secret_id, _, version_id = id_.rpartition("|")
        region = old_outputs.get("region") or call.config.get("region") or DEFAULT_REGION
        try:
            version = self.service.get_secret_value(region, secret_id, version_id)
        except CloudError:
            return None
        secret = cast("Secret", self.service.find(region, secret_id))
        read = {"secretId": secret_id}
        if old_outputs.get("secretStringWoVersion") is None:  # a write-only value is never read
            read["secretString"] = version.value
        return id_, {**old_outputs, **read, **self._computed(secret, version)}

    def change(self, id_: str, old: Mapping[str, Any], planned: dict[str, Any], call: Call) -> None:
        """UpdateSecretVersionStage is not simulated."""

    def remove(self, id_: str, old: Mapping[str, Any], call: Call) -> None:
        """Take the version's labels away, except AWSCURRENT, which the service does not let go."""
        del call
        secret_id, _, version_id = id_.rpartition("|")
        secret = self.service.find(old.get("region") or DEFAULT_REGION, secret_id)
        version = secret.version(id_=version_id) if secret is not None else None
        if version is not None:
            version.stages &= {_CURRENT}


def _caller_identity(args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    del args, call
    return {
        "id": ACCOUNT,
        "accountId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:user/rehearsal",
        "userId": "AIDAREHEARSAL",
    }


def _region(args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    region = args.get("region") or args.get("name") or call.config.get("region") or DEFAULT_REGION
    return {
        "id": region,
        "name": region,
        "region": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
        "description": region,
    }


def _partition(args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    del args, call
    return {
        "id": "aws",
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    }
