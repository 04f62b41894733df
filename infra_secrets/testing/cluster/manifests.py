"""What pulumi-kubernetes makes of a manifest by itself, without a server: its name, its form, its changes.

Server-side apply patches and components that the provider itself constructs (`yaml.v2.ConfigGroup`,
`helm.v4.Chart`) are not simulated.
"""

from collections.abc import Mapping
from typing import Any, Final

from infra_secrets.testing.cluster.documents import DOCUMENTS
from infra_secrets.testing.cluster.objects import (
    ObjectKey,
    as_stored,
    folded,
    group_of,
    is_cluster_scoped,
)
from infra_secrets.testing.computed.echoed import Documents, Echo
from infra_secrets.testing.computed.kubernetes import assigned
from infra_secrets.testing.simulation import (
    Call,
    Change,
    CheckFailure,
    CloudError,
    Diff,
    Keeps,
    ResourceType,
    Rule,
    compare,
)
from infra_secrets.testing.values import SecretValue, holds_unknown

_PROVIDER = "pulumi-kubernetes v4.32 provider/pkg/provider/"

AUTO_NAMES: Final = Rule(
    "kubernetes-auto-names",
    "An object without a name gets the logical name and 8 hexadecimal digits; the name stays until"
    " the object is replaced.",
    "pulumi-kubernetes v4.32 provider/pkg/metadata/naming.go, AssignNameIfAutonamable",
)
NO_GENERATE_NAME: Final = Rule(
    "kubernetes-no-generate-name",
    "`generateName` is refused.",
    _PROVIDER + "provider.go, Check",
)
PROVIDER_NAMESPACE: Final = Rule(
    "kubernetes-provider-namespace",
    "An object without a namespace is put where the provider's `namespace` says.",
    _PROVIDER + "provider.go, Check",
)
FOLDS: Final = Rule(
    "kubernetes-folds-string-data",
    "`stringData` of a Secret becomes base64 in `data`, in the state too; both are secret by"
    " themselves.",
    _PROVIDER
    + "provider.go, annotateSecrets; provider/pkg/clients/unstructured.go, normalizeSecret",
)
REPLACES_SECRETS: Final = Rule(
    "kubernetes-replaces-changed-secrets",
    "New data or a new type replaces a Secret, unless the provider has `enableSecretMutable`.",
    _PROVIDER + "diff.go, forceNewProperties",
)
REPLACES_CONFIG_MAPS: Final = Rule(
    "kubernetes-replaces-changed-config-maps",
    "New data replaces a ConfigMap, unless the provider has `enableConfigMapMutable`.",
    _PROVIDER + "diff.go, forceNewProperties",
)
REPLACES_IMMUTABLE: Final = Rule(
    "kubernetes-replaces-immutable",
    "New data replaces an immutable Secret or ConfigMap, whatever the provider's settings.",
    _PROVIDER + "diff.go, forceNewProperties",
)
REPLACES_WORKLOADS: Final = Rule(
    "kubernetes-replaces-on-fixed-fields",
    "A new selector replaces a workload, a new template a Job, almost anything a Pod.",
    _PROVIDER + "diff.go, forceNew",
)
REPLACES_UNKNOWN: Final = Rule(
    "kubernetes-replaces-what-depends-on-a-deleted-name",
    "A `spec` or `metadata` that is not known yet counts as changed in the fields that need a new"
    " object: so a Deployment that refers to a Secret that is deleted first is deleted before it.",
    _PROVIDER + "provider.go, addPatchValueToDiff; tried on a real server",
)
DELETES_FIRST: Final = Rule(
    "kubernetes-deletes-fixed-names-first",
    "A replacement that keeps a name that the program gave deletes the old object first.",
    _PROVIDER + "provider.go, Diff",
)
ASSIGNS: Final = Rule(
    "kubernetes-assigns-addresses",
    "A Service gets a cluster IP, one of type LoadBalancer and an Ingress an address, and what a"
    " controller looks after a status; the provider waits for them.",
    "https://kubernetes.io/docs/concepts/services-networking/service/; " + _PROVIDER + "../await/",
)
RULES: Final = (
    AUTO_NAMES,
    NO_GENERATE_NAME,
    PROVIDER_NAMESPACE,
    FOLDS,
    REPLACES_SECRETS,
    REPLACES_CONFIG_MAPS,
    REPLACES_IMMUTABLE,
    REPLACES_WORKLOADS,
    REPLACES_UNKNOWN,
    DELETES_FIRST,
    ASSIGNS,
)

_AUTO_NAMED: Final = "pulumi.com/autonamed"
_NO_MANIFESTS: Final = ("helm.sh/", "kustomize", "yaml", "index")
# provider/pkg/provider/diff.go, forceNew; of Pods the few fields that may change are left out
_FORCE_NEW: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("apps", "Deployment"): ("spec.selector",),
    ("apps", "DaemonSet"): ("spec.selector",),
    ("apps", "StatefulSet"): (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    ("batch", "Job"): ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    ("", "Pod"): (
        "spec.containers",
        "spec.initContainers",
        "spec.imagePullSecrets",
        "spec.restartPolicy",
        "spec.securityContext",
        "spec.serviceAccountName",
        "spec.volumes",
    ),
    ("", "PersistentVolumeClaim"): ("spec",),
    ("", "Service"): ("spec.clusterIP",),
    ("storage.k8s.io", "StorageClass"): ("parameters", "provisioner"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
}


class ManifestType(ResourceType):
    """What the provider makes of a manifest by itself. No server is asked: outputs are the manifest.

    Args:
        keeps: Whether a rule is switched on.
    """

    def __init__(self, keeps: Keeps = lambda _: True) -> None:
        self.keeps = keeps

    def check(
        self, inputs: dict[str, Any], olds: Mapping[str, Any], call: Call
    ) -> tuple[dict[str, Any], list[CheckFailure]]:
        """Give it a name, a namespace, and a Secret its normal form."""
        manifest = {**identity(call.type), **inputs}
        metadata = manifest.get("metadata")
        if metadata is not None and not isinstance(metadata, Mapping):
            return inputs, []
        metadata = dict(metadata or {})
        if metadata.get("name") is None and self.keeps(AUTO_NAMES):
            self._name(metadata, olds, call)
        if metadata.get("name") is None and metadata.get("generateName"):
            if self.keeps(NO_GENERATE_NAME):
                raise CloudError(
                    "",
                    "the `.metadata.generateName` field is not supported in Server-Side Apply mode",
                )
            metadata["name"] = call.auto_name("", digits=5)
        namespace = call.config.get("namespace")
        if namespace and not is_cluster_scoped(manifest["kind"]) and self.keeps(PROVIDER_NAMESPACE):
            metadata.setdefault("namespace", namespace)
        manifest["metadata"] = metadata
        return self.shown(self._normal(manifest)), []

    def _name(self, metadata: dict[str, Any], olds: Mapping[str, Any], call: Call) -> None:
        if olds:
            before = olds.get("metadata") or {}
            made_up = before.get("name") if _is_auto_named(before) else None
        elif metadata.get("generateName") is not None:
            return
        else:
            made_up = call.auto_name(digits=8)
            if made_up is None:
                raise CloudError(
                    "",
                    "autonaming is disabled, resource requires the .metadata.name field to be set",
                )
        if made_up is not None:
            metadata["name"] = made_up
            annotations = metadata.get("annotations") or {}
            metadata["annotations"] = {**annotations, _AUTO_NAMED: "true"}

    def _normal(self, manifest: dict[str, Any]) -> dict[str, Any]:
        if holds_unknown(manifest) or not self.keeps(FOLDS):
            return manifest
        return folded(manifest)

    def shown(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Mark what the provider marks by itself: whatever a Secret holds."""
        if manifest.get("kind") != "Secret" or group_of(manifest):
            return manifest
        return {
            key: SecretValue(value)
            if key in {"data", "stringData"} and value is not None
            else value
            for key, value in manifest.items()
        }

    def diff(
        self,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: Mapping[str, Any],
        call: Call,
    ) -> Diff:
        """Say what changes, and whether that needs a new object."""
        del old_outputs
        old, new = self._comparable(old_inputs), self._comparable(inputs)
        anew = self._force_new(inputs, call.config)
        unknown = self.keeps(REPLACES_UNKNOWN)
        changes = [
            Change(
                change.path,
                change.kind,
                replaces=_is_under(change.path, anew)
                or (unknown and any(_is_under(path, (change.path,)) for path in anew)),
            )
            for change in compare(old, new)
        ]
        metadata, before = new.get("metadata") or {}, old.get("metadata") or {}
        same_place = all(metadata.get(key) == before.get(key) for key in ("name", "namespace"))
        named = metadata.get("name") is not None and not _is_auto_named(metadata)
        return Diff(changes, named and same_place and self.keeps(DELETES_FIRST))

    def _comparable(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        normal = self._normal(dict(manifest))
        if not isinstance(normal.get("metadata") or {}, Mapping):
            return normal
        metadata = dict(normal.get("metadata") or {})
        if is_cluster_scoped(str(normal.get("kind"))):
            metadata.pop("namespace", None)
        else:
            metadata["namespace"] = metadata.get("namespace") or "default"
        return {**normal, "metadata": metadata}

    def _force_new(self, manifest: Mapping[str, Any], config: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the paths a change of which needs a new object."""
        group, kind = group_of(manifest), str(manifest.get("kind"))
        anew: tuple[str, ...] = ("metadata.name", "metadata.namespace")
        immutable = bool(manifest.get("immutable")) and self.keeps(REPLACES_IMMUTABLE)
        if (group, kind) == ("", "Secret"):
            if self.keeps(REPLACES_SECRETS):
                anew += ("type",)
            if immutable or (
                self.keeps(REPLACES_SECRETS) and not config.get("enableSecretMutable")
            ):
                anew += ("type", "stringData", "data")
        elif (group, kind) == ("", "ConfigMap"):
            if immutable or (
                self.keeps(REPLACES_CONFIG_MAPS) and not config.get("enableConfigMapMutable")
            ):
                anew += ("binaryData", "data")
        elif self.keeps(REPLACES_WORKLOADS):
            anew += _FORCE_NEW.get((group, kind), ())
        return anew

    def preview(
        self, old_outputs: Mapping[str, Any], inputs: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        """Foretell the inputs as they are."""
        del old_outputs, call
        return self.shown(dict(inputs))

    def create(self, inputs: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
        """Return the manifest as a server would store it."""
        del call
        return self.outputs(as_stored(_plain(inputs)))

    def outputs(
        self, stored: dict[str, Any], *, preview: bool = False
    ) -> tuple[str, dict[str, Any]]:
        """Return id and outputs of a stored object, with what controllers write into it."""
        shown = assigned(stored, preview=preview) if self.keeps(ASSIGNS) else stored
        return ObjectKey.of(stored).id, self.shown(shown)

    def update(
        self,
        id_: str,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: dict[str, Any],
        call: Call,
    ) -> dict[str, Any]:
        """Return the new manifest."""
        del id_, old_inputs, old_outputs
        return ManifestType.create(self, inputs, call)[1]


def is_manifest(token: str) -> bool:
    """Whether a type is one of the API's: not a Helm release, a Kustomization or a YAML file."""
    return not token.partition(":")[2].startswith(_NO_MANIFESTS)


def identity(token: str) -> dict[str, str]:
    """Return API version and kind of a type token, e.g. of `kubernetes:apps/v1:Deployment`."""
    _, _, rest = token.partition(":")
    version, _, kind = rest.partition(":")
    return {"apiVersion": version.removeprefix("core/"), "kind": kind}


def _is_auto_named(metadata: Mapping[str, Any]) -> bool:
    return (metadata.get("annotations") or {}).get(_AUTO_NAMED) == "true"


def _is_under(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith((f"{place}.", f"{place}[")) for place in places)


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    return {
        key: each.value if isinstance(each, SecretValue) else each for key, each in data.items()
    }


class ManifestEcho(Echo):
    """What the provider makes of manifests where no cluster is simulated, or none of its rules is about them."""

    def resource_type(self, token: str) -> ResourceType:
        """Return a manifest, or what is echoed as anything else is."""
        return ManifestType() if is_manifest(token) else super().resource_type(token)

    def documents(self, token: str) -> Documents | None:
        """Return what finds the manifests in a component of the second generation."""
        return DOCUMENTS.get(token)
