"""What pulumi-aws makes of a version of a secret: a value in code. The package never makes one."""

from collections.abc import Mapping
from typing import Any, cast

from infra_secrets.testing.bridged import Property
from infra_secrets.testing.clouds.aws.resources import AwsType, call_error
from infra_secrets.testing.clouds.aws.service import CURRENT, DEFAULT_REGION, Secret, Version
from infra_secrets.testing.simulation import Call, CloudError


class SecretVersionType(AwsType):
    """`aws.secretsmanager.SecretVersion`."""

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
            raise call_error(doing, "PutSecretValue", error) from error
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
            version.stages &= {CURRENT}
