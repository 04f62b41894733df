"""What pulumi-gcp makes of a version of a secret: a value in code. The package never makes one."""

from collections.abc import Mapping
from typing import Any

from infra_secrets.testing.bridged import Property
from infra_secrets.testing.clouds.gcp.resources import GcpType, worded
from infra_secrets.testing.simulation import Call, CloudError, known


class SecretVersionType(GcpType):
    """`gcp.secretmanager.SecretVersion`."""

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
            raise worded("creating SecretVersion", error) from error
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
