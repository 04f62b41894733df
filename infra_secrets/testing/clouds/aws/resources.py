"""What pulumi-aws makes of a secret and of its policy, over the simulated service.

What the provider tries again for two minutes fails at once.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from infra_secrets.testing.bridged import BridgedType, Property
from infra_secrets.testing.clouds.aws.service import (
    ACCOUNT,
    DEFAULT_RECOVERY_DAYS,
    DEFAULT_REGION,
    LIMITS,
    NAME_PATTERN,
    Secret,
    SecretsManager,
)
from infra_secrets.testing.simulation import (
    Call,
    CheckFailure,
    CloudError,
    Rule,
    known,
)
from infra_secrets.testing.values import UNKNOWN, holds_unknown

_PROVIDER = "terraform-provider-aws internal/service/secretsmanager/secret.go"

DELETES_FIRST: Final = Rule(
    "aws-deletes-before-it-replaces",
    "A replacement of a secret whose name the program chose deletes the old one first, when a"
    " changed property asks for it; not with `--replace` alone.",
    "pulumi-terraform-bridge pkg/tfbridge/schema.go, nameRequiresDeleteBeforeReplace, and"
    " provider.go, Diff",
)
SCHEDULED_IS_GONE: Final = Rule(
    "aws-scheduled-secret-reads-as-gone",
    "The provider takes a secret whose deletion is scheduled for deleted and forgets it on"
    " refresh.",
    _PROVIDER + ", findSecretByID",
)
REPLACED_ON_NAME: Final = Rule(
    "aws-replaced-on-name-region-and-type",
    "A change of name, name prefix, region or type replaces the secret; all else is changed in place.",
    _PROVIDER,
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
    " provider's, which replaces the secret.",
    "terraform-provider-aws internal/provider/sdkv2/importer/arn.go, RegionalARN",
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
TAGS_ALL: Final = Rule(
    "aws-default-tags-go-into-tags-all",
    "The provider's default tags and the resource's own are together in `tagsAll`, which, like"
    " `region`, is among the checked inputs.",
    "pulumi-aws provider/tags.go, applyTags",
)
RULES: Final = (
    DELETES_FIRST,
    SCHEDULED_IS_GONE,
    REPLACED_ON_NAME,
    IMPORT_LEAVES_NO_WINDOW,
    IMPORT_TAKES_REGION,
    REFUSED_IS_KEPT,
    KEY_STAYS,
    TAGS_ALL,
)


def imitated(
    token: str, inputs: Mapping[str, Any], call: Call
) -> tuple[str, dict[str, Any]] | None:
    """Return what a new `Secret` gets, with an ARN that ends in `-AbCdEf`, or a `SecretPolicy`."""
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


def call_error(doing: str, operation: str, error: CloudError) -> CloudError:
    """Word a refusal as the AWS SDK for Go and the provider do."""
    return CloudError(
        error.code,
        f"{doing}: operation error Secrets Manager: {operation}, https response error StatusCode:"
        f" 400, RequestID: 00000000-0000-0000-0000-000000000000, {error.code}: {error.message}",
    )


class AwsType(BridgedType):
    """Any resource of the provider: it is in a region."""

    def __init__(self, service: SecretsManager) -> None:
        self.service = service
        self.deletes_first_when_named = service.keeps(DELETES_FIRST)
        self.keeps_refused_updates = service.keeps(REFUSED_IS_KEPT)

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
        if id_.startswith("arn:") and self.service.keeps(IMPORT_TAKES_REGION):
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


class SecretType(AwsType):
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

    def __init__(self, service: SecretsManager) -> None:
        super().__init__(service)
        if not service.keeps(REPLACED_ON_NAME):
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
        if not self.service.keeps(TAGS_ALL):
            inputs["tags"] = inputs["tagsAll"]
        return super().check(inputs, olds, call)

    def validate(self, inputs: Mapping[str, Any]) -> list[CheckFailure]:
        """Judge name and recovery window."""
        failures: list[CheckFailure] = []
        name, days = inputs.get("name"), inputs.get("recoveryWindowInDays")
        if known(name) and self.service.keeps(LIMITS) and not NAME_PATTERN.fullmatch(str(name)):
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
            raise call_error(doing, "CreateSecret", error) from error
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
            raise call_error(doing, "PutResourcePolicy", error) from error

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
        if secret is None or (secret.scheduled and self.service.keeps(SCHEDULED_IS_GONE)):
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
                    kms_key_id=key if self.service.keeps(KEY_STAYS) else key or "",
                )
        except CloudError as error:
            raise call_error(doing, operation, error) from error
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
        none = 0 if self.service.keeps(IMPORT_LEAVES_NO_WINDOW) else DEFAULT_RECOVERY_DAYS
        days = old.get("recoveryWindowInDays")
        try:
            self.service.delete_secret(
                region, id_, recovery_days=none if days is None else int(days)
            )
        except CloudError as error:
            doing = f"deleting Secrets Manager Secret ({id_})"
            raise call_error(doing, "DeleteSecret", error) from error


class SecretPolicyType(AwsType):
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
            raise call_error(doing, "PutResourcePolicy", error) from error

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
