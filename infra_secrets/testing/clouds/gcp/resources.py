"""What pulumi-gcp makes of a secret and of a grant, over the simulated service."""

from collections.abc import Mapping
from typing import Any, Final

from infra_secrets.testing.bridged import BridgedType, Property
from infra_secrets.testing.clouds.gcp.service import CREATED, DEFAULT_PROJECT, SecretManager
from infra_secrets.testing.simulation import (
    Call,
    CheckFailure,
    CloudError,
    Rule,
    known,
)

ATTRIBUTION: Final = {"goog-pulumi-provisioned": "true"}

_SOURCE = (
    "terraform-provider-google google/services/secretmanager/resource_secret_manager_secret.go"
)

DELETES_FIRST: Final = Rule(
    "gcp-deletes-before-it-replaces",
    "A replacement deletes the old secret first, also where the provider made up its id, unless the"
    " program says otherwise.",
    "pulumi-gcp provider/secret_manager.go, DeleteBeforeReplace",
)
PROJECT_STAYS: Final = Rule(
    "gcp-provider-s-project-moves-nothing",
    "A secret that does not name its project stays in the one that the state holds, whatever the"
    " provider's project is; another explicit `project` replaces it.",
    "terraform-provider-google google/tpgresource, GetProjectFromDiff and DefaultProviderProject",
)
ATTRIBUTED: Final = Rule(
    "gcp-adds-a-label-of-its-own",
    "Every secret gets the label goog-pulumi-provisioned, which counts among the 64.",
    "pulumi-gcp, gcp.Provider, addPulumiAttributionLabel",
)
REFUSED_IS_KEPT: Final = Rule(
    "gcp-state-holds-a-refused-update",
    "After a refused update the state holds what was refused: the next `up` says updated and sends"
    " nothing, the one after it sends it.",
    "pulumi-terraform-bridge pkg/tfbridge/provider.go, Update and initializationError",
)
REFRESH_TAKES: Final = Rule(
    "gcp-up-takes-away-what-a-refresh-found",
    "A refresh and an import find version aliases, topics, rotation, destroy TTL and a key that"
    " the program does not name, and the next update takes them away. An expiry stays.",
    _SOURCE + ", resourceSecretManagerSecretUpdate",
)
REPLACED_ON_REPLICATION: Final = Rule(
    "gcp-replaced-on-replication",
    "A change between automatic and user-managed replication, or of a location, replaces the secret; a key is changed "
    "in place.",
    _SOURCE,
)
REPLACED_ON_TAGS: Final = Rule(
    "gcp-replaced-on-resource-manager-tags",
    "A change of the resource manager tags (`tags`, not labels) replaces the secret.",
    _SOURCE,
)
DELETION_PROTECTION: Final = Rule(
    "gcp-deletion-protection-is-the-provider-s",
    "The provider refuses to delete a secret whose state says deletion_protection; the console and"
    " the API do not know of it.",
    _SOURCE + ", resourceSecretManagerSecretDelete",
)
DELETION_POLICY: Final = Rule(
    "gcp-deletion-policy",
    "With the deletion policy PREVENT the provider refuses to delete, with ABANDON it only"
    " forgets.",
    _SOURCE + ", resourceSecretManagerSecretDelete",
)
RULES: Final = (
    DELETES_FIRST,
    PROJECT_STAYS,
    ATTRIBUTED,
    REFUSED_IS_KEPT,
    REFRESH_TAKES,
    REPLACED_ON_REPLICATION,
    REPLACED_ON_TAGS,
    DELETION_PROTECTION,
    DELETION_POLICY,
)


def imitated(
    service: SecretManager, token: str, inputs: Mapping[str, Any], call: Call
) -> tuple[str, dict[str, Any]] | None:
    """Return what a new `Secret` or `SecretIamMember` gets."""
    project = inputs.get("project") or project_of(call)
    if token == "gcp:secretmanager/secretIamMember:SecretIamMember":  # noqa: S105 (a type's name)
        parts = [str(inputs.get(key)) for key in ("secretId", "role", "member")]
        return "/".join(parts), {"project": project, "etag": "BwYAAAAAAAA="}
    if token != "gcp:secretmanager/secret:Secret":  # noqa: S105
        return None
    secret_id = inputs.get("secretId") or call.auto_name()
    labels = {**ATTRIBUTION, **(inputs.get("labels") or {})}
    return f"projects/{project}/secrets/{secret_id}", {
        "name": f"projects/{service.number(project)}/secrets/{secret_id}",
        "project": project,
        "secretId": secret_id,
        "effectiveLabels": labels,
        "pulumiLabels": labels,
    }


def project_of(call: Call) -> str:
    """Return the provider's project."""
    return str(call.config.get("project") or DEFAULT_PROJECT)


class GcpType(BridgedType):
    """Any resource of the provider: it is in a project."""

    def __init__(self, service: SecretManager) -> None:
        self.service = service
        self.deletes_first_when_named = False
        self.keeps_refused_updates = service.keeps(REFUSED_IS_KEPT)

    def plan(self, inputs: Mapping[str, Any], old: Mapping[str, Any], call: Call) -> dict[str, Any]:
        """Every resource is in a project: the program's, else the state's, else the provider's."""
        planned = super().plan(inputs, old, call)
        if planned.get("project") is None:
            stays = old.get("project") if self.service.keeps(PROJECT_STAYS) else None
            planned["project"] = stays or project_of(call)
        return planned


_READ_BACK = (
    "annotations",
    "expireTime",
    "labels",
    "replication",
    "rotation",
    "secretType",
    "topics",
    "versionAliases",
    "versionDestroyTtl",
)
_WRITTEN_ONLY = ("tags", "ttl")
_OTHERS_SET = ("rotation", "topics", "versionAliases", "versionDestroyTtl")


class SecretType(GcpType):
    """`gcp.secretmanager.Secret`."""

    auto_named = "secretId"

    def __init__(self, service: SecretManager) -> None:
        super().__init__(service)
        self.deletes_first = service.keeps(DELETES_FIRST)
        locations = service.keeps(REPLACED_ON_REPLICATION)
        left_alone = not service.keeps(REFRESH_TAKES)
        self.properties = {
            "secretId": Property(force_new=True),
            "project": Property(force_new=True, computed=True),
            "replication": Property(
                force_new=lambda path: locations and "customerManagedEncryption" not in path
            ),
            "tags": Property(force_new=service.keeps(REPLACED_ON_TAGS)),
            "ttl": Property(),
            "secretType": Property(force_new=True, computed=True),
            "labels": Property(),
            "annotations": Property(),
            "expireTime": Property(computed=True),
            **{key: Property(computed=left_alone) for key in _OTHERS_SET},
            "deletionPolicy": Property(computed=True),
            "deletionProtection": Property(default=False),
        }

    def validate(self, inputs: Mapping[str, Any]) -> list[CheckFailure]:
        """Judge what the schema judges: which settings need each other."""
        failures: list[CheckFailure] = []
        rotation = inputs.get("rotation")
        if known(rotation) and not inputs.get("topics"):
            failures.append(
                CheckFailure("rotation", '"rotation": all of `rotation,topics` must be specified')
            )
        if inputs.get("replication") is None:
            failures.append(CheckFailure("replication", "Missing required argument"))
        if known(inputs.get("ttl")) and known(inputs.get("expireTime")):
            failures.append(CheckFailure("ttl", '"ttl": conflicts with expire_time'))
        return failures

    def plan(self, inputs: Mapping[str, Any], old: Mapping[str, Any], call: Call) -> dict[str, Any]:
        """Add what goes to the cloud as labels and annotations: those of others stay.

        google/tpgresource/labels.go, SetLabelsDiff; annotations.go, SetAnnotationsDiff.
        """
        planned = super().plan(inputs, old, call)
        attributed = call.config.get("addPulumiAttributionLabel") is not False
        ours = ATTRIBUTION if attributed and self.service.keeps(ATTRIBUTED) else {}
        labels, annotations = planned.get("labels") or {}, planned.get("annotations") or {}
        if isinstance(labels, Mapping):
            labels = {**ours, **labels}
        planned["pulumiLabels"] = labels
        planned["effectiveLabels"] = _merged(old, "effectiveLabels", "pulumiLabels", labels)
        planned["effectiveAnnotations"] = _merged(
            old, "effectiveAnnotations", "annotations", annotations
        )
        return planned

    def make(self, planned: dict[str, Any], call: Call) -> str:
        """CreateSecret."""
        del call
        settings = {
            key: planned[key]
            for key in (*_READ_BACK, *_WRITTEN_ONLY)
            if planned.get(key) is not None
        }
        settings["labels"] = planned["effectiveLabels"]
        try:
            secret = self.service.create(planned["project"], planned["secretId"], settings)
        except CloudError as error:
            raise worded("creating Secret", error) from error
        return f"projects/{planned['project']}/secrets/{secret.id}"

    def look(
        self, id_: str, old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any]] | None:
        """GetSecret. What only the provider knows is taken from the state, or from its defaults."""
        full_name = _full_name(id_, call)
        secret = self.service.find(project_of(call), full_name)
        if secret is None:
            return None
        # Terraform is not authoritative: it reads back only the labels and annotations it manages.
        labels = secret.settings.get("labels") or {}
        annotations = secret.settings.get("annotations") or {}

        def managed(there: Mapping[str, Any], key: str) -> dict[str, Any]:
            return {name: there[name] for name in old_outputs.get(key) or {} if name in there}

        return full_name, {
            **{key: secret.settings[key] for key in _READ_BACK if key in secret.settings},
            **{key: old_outputs[key] for key in _WRITTEN_ONLY if key in old_outputs},
            "deletionProtection": bool(old_outputs.get("deletionProtection")),
            "deletionPolicy": old_outputs.get("deletionPolicy") or "DELETE",
            "name": secret.name,
            "secretId": secret.id,
            "project": full_name.split("/")[1],
            "createTime": CREATED,
            "labels": managed(labels, "labels"),
            "pulumiLabels": managed(labels, "pulumiLabels"),
            "effectiveLabels": dict(labels),
            "annotations": managed(annotations, "annotations"),
            "effectiveAnnotations": dict(annotations),
        }

    def change(self, id_: str, old: Mapping[str, Any], planned: dict[str, Any], call: Call) -> None:
        """UpdateSecret, of what differs; nothing is sent where nothing does."""
        sent = {
            key: planned.get(key)
            for key in (*_READ_BACK, *_WRITTEN_ONLY)
            if key not in {"labels", "annotations"} and self.changed(key, old, planned)
        }
        for key, effective in (
            ("labels", "effectiveLabels"),
            ("annotations", "effectiveAnnotations"),
        ):
            if (old.get(effective) or {}) != (planned[effective] or {}):
                sent[key] = planned[effective]
        if not sent:
            return
        try:
            secret = self.service.get(project_of(call), id_)
            settings = {**secret.settings, **sent}
            self.service.update(
                secret.project,
                secret.id,
                {key: value for key, value in settings.items() if value is not None},
            )
        except CloudError as error:
            raise worded(f'updating Secret "{id_}"', error) from error

    def remove(self, id_: str, old: Mapping[str, Any], call: Call) -> None:
        """DeleteSecret, unless the state forbids it."""
        policy = old.get("deletionPolicy") if self.service.keeps(DELETION_POLICY) else "DELETE"
        if policy == "PREVENT":
            raise CloudError(
                "",
                'cannot destroy SecretManagerSecret without setting deletion_policy="DELETE" and'
                " running `terraform apply`",
            )
        if policy == "ABANDON":
            return
        if old.get("deletionProtection") and self.service.keeps(DELETION_PROTECTION):
            raise CloudError(
                "",
                "cannot destroy secret manager secret without setting deletion_protection=false and"
                " running `terraform apply`",
            )
        secret = self.service.find(project_of(call), id_)
        if secret is not None:
            self.service.delete(secret.project, secret.id)


def _merged(old: Mapping[str, Any], everything: str, own: str, wanted: Any) -> Any:
    """Return what is there without what the program had, and with what it wants."""
    if not isinstance(wanted, Mapping):
        return wanted
    had = old.get(own) or {}
    others = {key: text for key, text in (old.get(everything) or {}).items() if key not in had}
    return {**others, **wanted}


def worded(what: str, error: CloudError) -> CloudError:
    """Word a refusal as the provider does."""
    return CloudError(error.code, f"Error {what}: {error.message}", status=error.status)


def _full_name(id_: str, call: Call) -> str:
    """Return the full name for the three forms of an import id."""
    parts = id_.split("/")
    if len(parts) == 1:
        return f"projects/{project_of(call)}/secrets/{id_}"
    if len(parts) == 2:  # noqa: PLR2004 (project/secret)
        return f"projects/{parts[0]}/secrets/{parts[1]}"
    return id_


class SecretIamMemberType(GcpType):
    """`gcp.secretmanager.SecretIamMember`: adds one member to one role, and leaves all others."""

    properties: Mapping[str, Property] = {
        "secretId": Property(force_new=True),
        "role": Property(force_new=True),
        "member": Property(force_new=True),
        "condition": Property(force_new=True),
        "project": Property(force_new=True, computed=True),
    }

    def plan(self, inputs: Mapping[str, Any], old: Mapping[str, Any], call: Call) -> dict[str, Any]:
        """The provider stores the secret's full name, and takes its project."""
        planned = super().plan(inputs, old, call)
        secret_id = planned.get("secretId")
        if known(secret_id):
            if "/" not in str(secret_id):
                secret_id = f"projects/{planned['project']}/secrets/{secret_id}"
            planned["secretId"] = secret_id
            planned["project"] = str(secret_id).split("/")[1]
        return planned

    def make(self, planned: dict[str, Any], call: Call) -> str:
        """GetIamPolicy and SetIamPolicy."""
        del call
        name, role, member = planned["secretId"], planned["role"], planned["member"]
        try:
            secret = self.service.get(planned["project"], name)
        except CloudError as error:
            raise worded(
                f'retrieving IAM policy for secretmanager secret "{name}"', error
            ) from error
        if (role, member) not in secret.bindings:
            secret.bindings.append((role, member))
        return f"{name}/{role}/{member}"

    def look(
        self, id_: str, old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any]] | None:
        """GetIamPolicy."""
        if not old_outputs:  # an import: "secret role member"
            name, role, member = [*id_.split(" "), "", ""][:3]
        else:
            name, role, member = (old_outputs[key] for key in ("secretId", "role", "member"))
        name = _full_name(name, call)
        secret = self.service.find(project_of(call), name)
        if secret is None or (role, member) not in secret.bindings:
            return None
        read = {"secretId": name, "role": role, "member": member, "project": name.split("/")[1]}
        return f"{name}/{role}/{member}", {**old_outputs, **read, "etag": "BwYAAAAAAAA="}

    def change(self, id_: str, old: Mapping[str, Any], planned: dict[str, Any], call: Call) -> None:
        """Nothing can change in place."""

    def remove(self, id_: str, old: Mapping[str, Any], call: Call) -> None:
        """SetIamPolicy without this member."""
        del id_
        secret = self.service.find(project_of(call), old["secretId"])
        binding = (old["role"], old["member"])
        if secret is not None and binding in secret.bindings:
            secret.bindings.remove(binding)
