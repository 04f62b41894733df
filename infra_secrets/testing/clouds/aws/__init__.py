"""AWS Secrets Manager, as far as it decides whether a value survives, and pulumi-aws on top of it.

`SimulatedAws` is what an operator does by hand with the service (`service.py`, `policies.py`). Its
provider is `resources.py` (`Secret`, `SecretPolicy`), `versions.py` (`SecretVersion`) and
`functions.py` (`getSecret`, and what programs ask about the account). Each file has its rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

from infra_secrets.testing.clouds.aws import policies, resources, service
from infra_secrets.testing.clouds.aws.functions import functions
from infra_secrets.testing.clouds.aws.resources import SecretPolicyType, SecretType, imitated
from infra_secrets.testing.clouds.aws.service import ACCOUNT, DEFAULT_REGION, Secret, SecretsManager
from infra_secrets.testing.clouds.aws.versions import SecretVersionType
from infra_secrets.testing.esc.providers import EscLogin, EscSecrets, Provider
from infra_secrets.testing.simulation import (
    Call,
    Function,
    Request,
    ResourceType,
    Rule,
    SimulatedCloud,
    State,
    only,
    only_or_none,
)
from infra_secrets.testing.values import unwrap

__all__ = ["ACCOUNT", "DEFAULT_REGION", "RULES", "SecretsManager", "SimulatedAws"]

RULES: Final = (*resources.RULES, *service.RULES, *policies.RULES)


class SimulatedAws(SimulatedCloud):
    """AWS Secrets Manager with pulumi-aws. A scope is a region. For arguments see the base."""

    cloud: ClassVar[str] = "aws"
    package: ClassVar[str] = "aws"
    rules: ClassVar[tuple[Rule, ...]] = RULES
    principals: ClassVar[Sequence[str]] = (
        "arn:aws:iam::123456789012:role/api",
        "arn:aws:iam::123456789012:role/worker",
    )
    ordinary_config: ClassVar[Mapping[str, str]] = {"aws:region": DEFAULT_REGION}
    usual_config: ClassVar[Mapping[str, str]] = ordinary_config
    store_provider: ClassVar[str] = "aws"
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
            "aws:secretsmanager/secret:Secret": SecretType(self.service),
            "aws:secretsmanager/secretPolicy:SecretPolicy": SecretPolicyType(self.service),
            "aws:secretsmanager/secretVersion:SecretVersion": SecretVersionType(self.service),
        }

    def meet(self, request: Request) -> None:
        """Refuse a malformed policy of any resource: IAM, not its service, looks at its principals."""
        super().meet(request)
        creates = request.operation in {"create", "update"} and not request.preview
        if creates and request.type not in self.resource_types:
            policies.check_policies(request.type, unwrap(request.properties), self.keeps)

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
        policies.check_policies(token, inputs, self.keeps)
        return imitated(token, inputs, call)

    @property
    def functions(self) -> Mapping[str, Function]:
        """What programs ask about the account, the region and a secret."""
        return functions(self.service)

    def store_scope(self, provider: Mapping[str, Any]) -> str | None:
        """Return the region of a SecretStore's provider."""
        return provider.get("region")

    # What an operator does by hand -----------------------------------------------------------------

    def _found(self, name: str, scope: str | None) -> list[tuple[str, Secret]]:
        return [
            (region, secret)
            for (region, its_name), secret in self.service.secrets.items()
            if name in {its_name, secret.arn} and scope in {None, region}
        ]

    def _find(self, name: str, scope: str | None) -> Secret:
        return only(self._found(name, scope), name, "region")

    def _find_or_none(self, name: str, scope: str | None) -> Secret | None:
        return only_or_none(self._found(name, scope), name, "region")

    def _set_value(self, name: str, value: str, scope: str | None) -> None:
        secret = self._find(name, scope)
        self.service.put_secret_value(secret.region, secret.name, value)

    def _read(self, name: str, scope: str | None) -> str:
        secret = self._find_or_none(name, scope)
        if secret is None:
            raise service.not_found()
        return self.service.get_secret_value(secret.region, secret.name).value

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
