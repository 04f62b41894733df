"""What pulumi-azure-native makes of a role assignment. Whether it lets somebody read is not simulated."""

import hashlib
import re
import uuid
from collections.abc import Mapping
from typing import Any, Final

from infra_secrets.testing.clouds.azure.native import NativeType
from infra_secrets.testing.clouds.azure.service import arm_error
from infra_secrets.testing.simulation import Call, CloudError, Keeps, Rule

PRINCIPALS: Final = Rule(
    "azure-principals-are-guids",
    "A role assignment whose `principalId` is not a GUID is refused with InvalidPrincipalId; one without"
    " it by the provider.",
    "learn.microsoft.com/azure/role-based-access-control/troubleshooting;"
    " learn.microsoft.com/rest/api/authorization/role-assignments/create",
)
RULES: Final = (PRINCIPALS,)

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class RoleAssignmentType(NativeType):
    """`azure_native.authorization.RoleAssignment`.

    Args:
        assignments: Those that there are, by ARM id.
        keeps: Whether a rule is switched on.
    """

    name_property = "roleAssignmentName"
    required = ("principalId", "roleDefinitionId", "scope")
    replace_on = ("roleAssignmentName", "scope", "principalId", "principalType", "roleDefinitionId")

    def __init__(self, assignments: dict[str, dict[str, Any]], keeps: Keeps) -> None:
        self.assignments = assignments
        self.keeps = keeps

    def make_up_name(self, call: Call) -> str | None:
        """Role assignments are named by a UUID."""
        if call.autonaming_disabled:
            return None
        return str(uuid.UUID(bytes=hashlib.sha256(call.seed).digest()[:16], version=4))

    def create(self, inputs: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
        """PUT; one assignment for each scope, principal and role."""
        del call
        said = ("scope", "principalId", "roleDefinitionId", "principalType", "condition")
        body = {key: inputs[key] for key in said if inputs.get(key) is not None}
        if self.keeps(PRINCIPALS) and not _GUID.fullmatch(str(body.get("principalId"))):
            raise arm_error(
                400,
                "InvalidPrincipalId",
                "A valid principal ID must be provided for role assignment.",
            )
        id_ = (
            f"{inputs['scope']}/providers/Microsoft.Authorization/roleAssignments"
            f"/{inputs['roleAssignmentName']}"
        )
        if id_ in self.assignments:
            raise CloudError("", f"cannot create already existing resource '{id_}'")
        identity = tuple(str(body.get(key)).lower() for key in said[:3])
        for other in self.assignments.values():
            if tuple(str(other.get(key)).lower() for key in said[:3]) == identity:
                raise arm_error(409, "RoleAssignmentExists", "The role assignment already exists.")
        outputs = {
            "id": id_,
            "name": inputs["roleAssignmentName"],
            "type": "Microsoft.Authorization/roleAssignments",
            **body,
        }
        self.assignments[id_] = outputs
        return id_, outputs

    def read(
        self, id_: str, old_inputs: Mapping[str, Any], old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        """GET."""
        del old_outputs, call
        outputs = self.assignments.get(id_)
        if outputs is None:
            return None
        inputs = dict(old_inputs)
        if not inputs:
            keys = ("scope", "principalId", "roleDefinitionId", "principalType", "condition")
            inputs = {key: outputs[key] for key in keys if key in outputs}
            inputs["roleAssignmentName"] = outputs["name"]
        return id_, inputs, dict(outputs)

    def update(
        self,
        id_: str,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: dict[str, Any],
        call: Call,
    ) -> dict[str, Any]:
        """Change its condition."""
        del old_inputs, call
        outputs = {**old_outputs, "condition": inputs.get("condition")}
        self.assignments[id_] = outputs
        return outputs

    def delete(self, id_: str, old_outputs: Mapping[str, Any], call: Call) -> None:
        """DELETE."""
        del old_outputs, call
        self.assignments.pop(id_, None)
