"""AWS Secrets Manager itself: its methods are API operations, its refusals are in its own words.

Time does not pass: a scheduled deletion stays scheduled. Encryption and permissions are not
simulated, but for what a policy is allowed to say (`policies.py`).
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from infra_secrets.testing.clouds.aws.policies import check_resource_policy
from infra_secrets.testing.simulation import CloudError, KeepsRules, Rule

ACCOUNT: Final = "123456789012"
DEFAULT_REGION: Final = "eu-west-1"
CREATED: Final = "2026-01-01T00:00:00Z"

NAME_LIMIT: Final = 512  # botocore service-2.json, NameType
DESCRIPTION_LIMIT: Final = 2048  # botocore, DescriptionType
VALUE_LIMIT: Final = 65536  # botocore, SecretStringType
TAG_LIMIT: Final = 50  # botocore, CreateSecret
TAG_KEY_LIMIT: Final = 128  # botocore, TagKeyType
TAG_VALUE_LIMIT: Final = 256  # botocore, TagValueType
NAME_PATTERN: Final = re.compile(r"[A-Za-z0-9/_+=.@-]+")
DEFAULT_RECOVERY_DAYS: Final = 30
DEFAULT_KEY: Final = "alias/aws/secretsmanager"

NAME_LOCKED: Final = Rule(
    "aws-name-locked-while-deletion-scheduled",
    "No secret can be created under a name whose deletion is scheduled.",
    "aws-ia/terraform-aws-eks-blueprints#1733",
)
NO_WINDOW_IS_FINAL: Final = Rule(
    "aws-no-recovery-window-deletes-at-once",
    "With a recovery window of 0 days the secret is deleted at once, without a way back.",
    "botocore secretsmanager service-2.json, DeleteSecret",
)
SCHEDULED_IS_REFUSED: Final = Rule(
    "aws-scheduled-secret-cannot-be-deleted-again",
    "Deleting a secret whose deletion is scheduled is refused; a refresh before it forgets the"
    " secret.",
    "moto moto/secretsmanager/models.py, delete_secret (AWS itself was not tried)",
)
DEFAULT_KEY_UNSEEN: Final = Rule(
    "aws-default-key-is-not-described",
    "DescribeSecret leaves out the key aws/secretsmanager, so a program that names it updates on"
    " every `up`.",
    "botocore secretsmanager service-2.json, DescribeSecretResponse.KmsKeyId",
)
REPLICAS_HOLD: Final = Rule(
    "aws-primary-with-replicas-cannot-be-deleted",
    "A primary secret can only be deleted after its replicas are removed.",
    "botocore secretsmanager service-2.json, DeleteSecret",
)
LIMITS: Final = Rule(
    "aws-limits",
    "Names have 1 to 512 characters of A-Z a-z 0-9 /_+=.@-, descriptions 2048, values 65536, and"
    " there are at most 50 tags.",
    "botocore secretsmanager service-2.json",
)
RULES: Final = (
    NAME_LOCKED,
    NO_WINDOW_IS_FINAL,
    SCHEDULED_IS_REFUSED,
    DEFAULT_KEY_UNSEEN,
    REPLICAS_HOLD,
    LIMITS,
)

CURRENT, _PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"


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

    def version(self, *, id_: str = "", stage: str = CURRENT) -> Version | None:
        """Return a version by its id, or else by a staging label."""
        for version in self.versions:
            if version.id == id_ if id_ else stage in version.stages:
                return version
        return None


class SecretsManager(KeepsRules):
    """The service in every region of one account. Methods are API operations."""

    def __init__(self, without: Iterable[str] = ()) -> None:
        super().__init__(without)
        self.secrets: dict[tuple[str, str], Secret] = {}
        self._made = 0

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
            raise not_found()
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
        if not self.keeps(LIMITS):
            return
        if not NAME_PATTERN.fullmatch(name) or len(name) > NAME_LIMIT:
            raise CloudError(
                "ValidationException",
                "Invalid name. Must be a valid name containing alphanumeric characters, or any of"
                " the following: -/_+=.@!",
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
        if existing is not None and existing.scheduled and self.keeps(NAME_LOCKED):
            raise CloudError(
                "InvalidRequestException",
                "You can't create this secret because a secret with this name is already scheduled"
                " for deletion.",
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
        hidden = kms_key_id == DEFAULT_KEY and self.keeps(DEFAULT_KEY_UNSEEN)
        return "" if hidden else kms_key_id

    def tag_resource(self, region: str, secret_id: str, tags: Mapping[str, str]) -> None:
        """TagResource and UntagResource in one: these tags, and no others."""
        secret = self._live(region, secret_id)
        if self.keeps(LIMITS):
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
            current.stages.discard(CURRENT)
            current.stages.add(_PREVIOUS)
        digest = hashlib.sha256(f"{secret.arn}/{len(secret.versions)}".encode()).hexdigest()
        made = Version(f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}", value, {CURRENT})
        secret.versions.append(made)
        return made

    def get_secret_value(self, region: str, secret_id: str, version_id: str = "") -> Version:
        """GetSecretValue."""
        secret = self._live(region, secret_id)
        version = secret.version(id_=version_id)
        if version is None:
            which = f"VersionId: {version_id}" if version_id else f"staging label: {CURRENT}"
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
        check_resource_policy(policy, self.keeps, block_public_policy=block_public_policy)
        secret.policy = policy

    def delete_resource_policy(self, region: str, secret_id: str) -> None:
        """DeleteResourcePolicy."""
        self._live(region, secret_id).policy = ""

    def delete_secret(
        self, region: str, secret_id: str, *, recovery_days: int = DEFAULT_RECOVERY_DAYS
    ) -> None:
        """DeleteSecret; 0 days means ForceDeleteWithoutRecovery."""
        refuses = self.keeps(SCHEDULED_IS_REFUSED)
        secret = (self._live if refuses else self._get)(region, secret_id)
        if secret.replicas and self.keeps(REPLICAS_HOLD):
            regions = ", ".join(replica["region"] for replica in secret.replicas)
            raise CloudError(
                "InvalidRequestException",
                f"You can't delete secret {secret.arn} that still has replica regions [{regions}]",
            )
        if recovery_days == 0 and self.keeps(NO_WINDOW_IS_FINAL):
            del self.secrets[secret.region, secret.name]
        else:
            secret.recovery_days = recovery_days

    def restore_secret(self, region: str, secret_id: str) -> None:
        """RestoreSecret."""
        self._get(region, secret_id).recovery_days = None


def not_found() -> CloudError:
    """Return the service's answer about a secret that is not there."""
    return CloudError(
        "ResourceNotFoundException", "Secrets Manager can't find the specified secret."
    )


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
                f" tag value at most {TAG_VALUE_LIMIT}; the tag {key[:TAG_KEY_LIMIT]!r} has not",
            )
        if key.lower().startswith("aws:"):
            raise CloudError("InvalidParameterException", "Tag keys cannot start with 'aws:'.")
