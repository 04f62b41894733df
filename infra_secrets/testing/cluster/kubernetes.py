"""A Kubernetes cluster, as far as it decides whether a workload finds its configuration.

`SimulatedKubernetes` puts an operator's hand and pulumi-kubernetes on top of an API server
(`apiserver.py`), a kubelet (`kubelet.py`) and the External Secrets Operator
(`external_secrets.py`). It is part of every rehearsal.

Helm releases, server-side apply patches and components that the provider itself constructs
(`yaml.v2.ConfigGroup`, `helm.v4.Chart`) are not simulated, and the provider waits for nothing: a
Deployment whose pods would wait is created all the same, and stands in `dangling`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final

from infra_secrets.testing.cluster import apiserver, external_secrets, kubelet
from infra_secrets.testing.cluster.apiserver import (
    ApiServer,
    Dangling,
    ObjectKey,
    Rollout,
    contents_of,
    folded,
    group_of,
    is_cluster_scoped,
)
from infra_secrets.testing.cluster.documents import FUNCTIONS
from infra_secrets.testing.cluster.external_secrets import Operator, Store
from infra_secrets.testing.computed.echoed import EchoedType
from infra_secrets.testing.computed.kubernetes import assigned
from infra_secrets.testing.simulation import (
    Call,
    Change,
    CheckFailure,
    CloudError,
    Diff,
    Function,
    NoSuchSecretError,
    Request,
    ResourceType,
    Rule,
    SimulatedCloud,
    State,
    compare,
)
from infra_secrets.testing.values import SecretValue, holds_unknown, unwrap

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
    "New data or a new type makes a Secret anew, unless the provider has `enableSecretMutable`.",
    _PROVIDER + "diff.go, forceNewProperties",
)
REPLACES_CONFIG_MAPS: Final = Rule(
    "kubernetes-replaces-changed-config-maps",
    "New data makes a ConfigMap anew, unless the provider has `enableConfigMapMutable`.",
    _PROVIDER + "diff.go, forceNewProperties",
)
REPLACES_IMMUTABLE: Final = Rule(
    "kubernetes-replaces-immutable",
    "New data makes an immutable Secret or ConfigMap anew, whatever the provider's settings.",
    _PROVIDER + "diff.go, forceNewProperties",
)
REPLACES_WORKLOADS: Final = Rule(
    "kubernetes-replaces-on-fixed-fields",
    "A new selector makes a workload anew, a new template a Job, almost anything a Pod.",
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
DRY_RUN: Final = Rule(
    "kubernetes-previews-by-dry-run",
    "A preview asks the server where every input is known, so it meets most refusals.",
    _PROVIDER + "provider.go, Create, Update",
)
ASSIGNS: Final = Rule(
    "kubernetes-assigns-addresses",
    "A Service gets a cluster IP, one of type LoadBalancer and an Ingress an address, and what a"
    " controller looks after a status; the provider waits for them.",
    "https://kubernetes.io/docs/concepts/services-networking/service/; " + _PROVIDER + "../await/",
)
READS_WHAT_IS_THERE: Final = Rule(
    "kubernetes-reads-what-is-there",
    "Reading an object that is not there is refused.",
    _PROVIDER + "provider.go, Read",
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
    DRY_RUN,
    ASSIGNS,
    READS_WHAT_IS_THERE,
    *apiserver.RULES,
    *kubelet.RULES,
    *external_secrets.RULES,
)

_RELEASE: Final = "kubernetes:helm.sh/v3:Release"
_AUTO_NAMED: Final = "pulumi.com/autonamed"
_UNREACHABLE: Final = "configured Kubernetes cluster is unreachable"
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


class SimulatedKubernetes(SimulatedCloud):
    """A Kubernetes cluster with pulumi-kubernetes. A scope is a namespace.

    A workload or an object is found by its name in the cluster or by its logical name in the
    program, in any namespace. Where the methods of every cloud take the name of a secret, it is
    `SECRET/KEY`, or only the Secret's name where it has one key. For the arguments see the base.

    Attributes:
        server: The objects and everything that happened to them.
        unreachable: Whether requests fail because nobody answers. What there is stays.
    """

    package: ClassVar[str] = "kubernetes"
    rules: ClassVar[tuple[Rule, ...]] = RULES
    ordinary_config: ClassVar[Mapping[str, str]] = {}
    # A Kubernetes Secret may hold a value: the state encrypts it.
    container_types: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, without: Iterable[str] = ()) -> None:
        super().__init__(without)
        self.unreachable = False
        self.server = ApiServer(self.without)
        self.operator = Operator(self.server, self.without)
        self._logical: dict[ObjectKey, str] = {}
        self._releases: set[tuple[str, str]] = set()

    # What the provider can do ---------------------------------------------------------------------

    @property
    def resource_types(self) -> Mapping[str, ResourceType]:
        """Every kind is known: see `resource_type`."""
        return {}

    def resource_type(self, token: str) -> ResourceType | None:
        """Return what the provider makes of a manifest; None for Helm, Kustomize and patches."""
        if not is_manifest(token) or token.endswith("Patch"):
            return None
        return ObjectType(self)

    @property
    def functions(self) -> Mapping[str, Function]:
        """What the provider does with YAML. A chart cannot be rendered here, so there is nothing in it."""
        return FUNCTIONS

    def imitate(
        self, token: str, inputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any]] | None:
        """Answer for every manifest: with the name, the namespace, and `stringData` in `data`."""
        type_ = self.resource_type(token)
        if type_ is None or holds_unknown(inputs.get("metadata")):
            return None
        checked, _ = ManifestType(self.keeps).check(dict(inputs), {}, call)
        return ManifestType(self.keeps).create(checked, call)

    def meet(self, request: Request) -> None:
        """Remember a Helm release: what is in it is not simulated, and programs look it up."""
        super().meet(request)
        if request.type == _RELEASE and request.operation == "create" and not request.preview:
            call = Call({}, request.name, request.type, request.urn)
            made = EchoedType().create(unwrap(request.properties), call)[1]
            status = made.get("status") or {}
            self._releases.add((str(status.get("namespace")), str(status.get("name"))))

    def made_by_helm(self, manifest: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return an object that a Helm release would have made, made up; None where none would."""
        key = ObjectKey.of(manifest)
        if not any(
            key.namespace == home and key.name.startswith(name) for home, name in self._releases
        ):
            return None
        ports = [{"name": "http", "port": 80, "protocol": "TCP"}]
        spec = {"type": "LoadBalancer", "ports": ports} if key.kind == "Service" else {}
        return {**manifest, "spec": spec}

    def knows_as(self, key: ObjectKey, logical: str) -> None:
        """Remember what the program calls an object."""
        self._logical[key] = logical

    # What has happened ----------------------------------------------------------------------------

    @property
    def history(self) -> list[str]:
        """Every change of an object in order, e.g. `create Secret default/nlp-1a2b3c4d`."""
        return list(self.server.history)

    @property
    def dangling(self) -> list[Dangling]:
        """Every reference of a workload that, after some change, pointed at what was not there."""
        return list(self.server.dangling)

    def rollouts(self, name: str | None = None) -> list[Rollout]:
        """Return the rollouts in order, of one workload or of all.

        Args:
            name: A workload's name in the cluster or its logical name, deleted ones included.
        """
        return [
            each
            for each in list(self.server.rollouts)
            if name is None
            or name in {each.name, self._logical_name(each.kind, each.namespace, each.name)}
        ]

    def _logical_name(self, kind: str, namespace: str, name: str) -> str:
        for key, logical in list(self._logical.items()):
            if (key.kind, key.namespace, key.name) == (kind, namespace, name):
                return logical
        return ""

    def pods_would_wait(
        self, workload: str | None = None, namespace: str | None = None
    ) -> list[str]:
        """Return why new pods would not start now, of one workload or of all; empty when they would.

        Args:
            workload: As in `environment`.
            namespace: Only needed where the name is in several.
        """
        whose = str(self._workload(workload, namespace)) if workload is not None else None
        return [
            f"{each.workload}: {each.reason}"
            for each in self.server.waiting()
            if whose in {None, each.workload}
        ]

    # What a container sees ------------------------------------------------------------------------

    def environment(
        self, workload: str, container: str | None = None, namespace: str | None = None
    ) -> dict[str, str]:
        """Return the environment variables with which a container of a workload starts.

        Args:
            workload: The name in the cluster or the logical name; with the kind before it
                (`Deployment/nlp`) where several workloads share it.
            container: The container; only needed where there are several.
            namespace: Only needed where the name is in several.

        Raises:
            NoSuchSecretError: There is no such workload or container, or more than one.
            CloudError: The container would not start; the message is the kubelet's.
        """
        key = self._workload(workload, namespace)
        found = self._container(key, container)
        return kubelet.environment(
            found, self.server.contents(key.namespace), self._pod(key), self.keeps
        )

    def files(
        self, workload: str, container: str | None = None, namespace: str | None = None
    ) -> dict[str, bytes]:
        """Return every file that Secrets and ConfigMaps put into a container, by its path.

        Arguments and errors are those of `environment`.
        """
        key = self._workload(workload, namespace)
        found = self._container(key, container)
        contents = self.server.contents(key.namespace)
        needs_variables = any(each.get("subPathExpr") for each in found.get("volumeMounts") or [])
        variables = self.environment(workload, container, namespace) if needs_variables else {}
        return kubelet.files(self._template(key)["spec"], found, contents, variables)

    def _workload(self, name: str, namespace: str | None) -> ObjectKey:
        kind, slash, rest = name.rpartition("/")
        return self._find(kind if slash else None, rest, namespace, what="workload")

    def _template(self, key: ObjectKey) -> dict[str, Any]:
        template = kubelet.template_of(self.server.objects[key])
        if template is None:
            raise NoSuchSecretError(f"{key} has no pods")
        return {"metadata": template.get("metadata") or {}, "spec": template.get("spec") or {}}

    def _container(self, key: ObjectKey, name: str | None) -> Mapping[str, Any]:
        spec = self._template(key)["spec"]
        every = [container for _, container in kubelet.containers(spec)]
        wanted = [
            container
            for container in (every if name is not None else spec.get("containers") or [])
            if name in {None, container.get("name")}
        ]
        if len(wanted) != 1:
            names = ", ".join(str(container.get("name")) for container in every)
            raise NoSuchSecretError(f"{key} has the containers {names}. Say which by container=")
        found: Mapping[str, Any] = wanted[0]
        return found

    def _pod(self, key: ObjectKey) -> dict[str, str]:
        """Return what the downward API says in a pod, by field path."""
        metadata = self._template(key)["metadata"]
        said = {"metadata.name": f"{key.name}-0", "metadata.namespace": key.namespace}
        for field in ("labels", "annotations"):
            for name, value in (metadata.get(field) or {}).items():
                said[f"metadata.{field}['{name}']"] = str(value)
        return said

    # The operator's hand --------------------------------------------------------------------------

    def create_namespace(self, name: str) -> None:
        """Make a namespace, as `kubectl create namespace` does."""
        with self.lock:
            self.server.create(
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            )

    def apply(self, manifest: Mapping[str, Any]) -> None:
        """Create or replace an object, as `kubectl apply` does, without Pulumi."""
        with self.lock:
            if ObjectKey.of(manifest) in self.server.objects:
                self.server.update(manifest)
            else:
                self.server.create(manifest)

    def get(self, kind: str, name: str, namespace: str | None = None) -> dict[str, Any]:
        """Return an object as the API shows it. Values of a Secret are base64 in its `data`.

        Args:
            kind: Its kind, e.g. `Secret`.
            name: Its name in the cluster or its logical name.
            namespace: Only needed where the name is in several.

        Raises:
            NoSuchSecretError: There is none, or more than one.
        """
        return self.server.get(self._find(kind, name, namespace))

    def names(self, kind: str | None = None, namespace: str | None = None) -> list[str]:
        """Return the names of all objects of a kind, sorted; of Secrets by default."""
        return sorted(
            key.name
            for key in list(self.server.objects)
            if key.kind == (kind or "Secret") and namespace in {None, key.namespace}
        )

    # An object is told by its kind first, a secret of other clouds by its name alone.
    def delete(  # type: ignore[override]
        self, kind: str, name: str, namespace: str | None = None
    ) -> None:
        """Delete an object without Pulumi, as `kubectl delete` does.

        Args:
            kind: Its kind, e.g. `Secret`.
            name: Its name in the cluster or its logical name.
            namespace: Only needed where the name is in several.

        Raises:
            NoSuchSecretError: There is none, or more than one.
        """
        with self.lock:
            self.server.delete(self._find(kind, name, namespace))

    def _find(
        self, kind: str | None, name: str, namespace: str | None, what: str = ""
    ) -> ObjectKey:
        candidates = [
            key
            for key in list(self.server.objects)
            if kind in {None, key.kind}
            and namespace in {None, key.namespace}
            and (kind is not None or key.kind in kubelet.TEMPLATES)
        ]
        found = [key for key in candidates if key.name == name]
        found = found or [key for key in candidates if self._logical.get(key) == name]
        made_up = re.compile(rf"{re.escape(name)}-[0-9a-f]{{8}}")
        found = found or [key for key in candidates if made_up.fullmatch(key.name)]
        noun = (kind or what).lower()
        if not found:
            there = ", ".join(sorted({key.id for key in candidates})) or "none"
            raise NoSuchSecretError(
                f"the simulated cluster has no {noun} {name!r}. There is: {there}"
            )
        if len(found) > 1:
            each = ", ".join(sorted(map(str, found)))
            raise NoSuchSecretError(
                f"several objects are called {name!r}: {each}. Say which by its full name, its kind"
                " or namespace="
            )
        return found[0]

    # External Secrets Operator --------------------------------------------------------------------

    def add_store(
        self,
        name: str,
        cloud: str = "aws",
        *,
        kind: str = "ClusterSecretStore",
        namespace: str = "default",
        scope: str | None = None,
    ) -> None:
        """Declare a store that is there without the rehearsed program.

        Args:
            name: Its name.
            cloud: The cloud that it reads: `aws`, `gcp` or `azure`.
            kind: `ClusterSecretStore` or `SecretStore`.
            namespace: Where a SecretStore is.
            scope: The region, project or vault that it reads; by default wherever a name is.
        """
        package = "azure-native" if cloud == "azure" else cloud
        home = "" if is_cluster_scoped(kind) else namespace
        self.operator.stores.append(Store(kind, home, name, package, scope))

    def sync(self, clouds: Mapping[str, SimulatedCloud]) -> None:
        """Let the External Secrets Operator reconcile every ExternalSecret once.

        Args:
            clouds: The simulated clouds by Pulumi package, e.g. `rehearsal.clouds`.
        """
        with self.lock:
            self.operator.sync(clouds)

    def synced(self, name: str, namespace: str | None = None) -> str:
        """Return the reason of an ExternalSecret's condition `Ready`.

        It is `SecretSynced`, `SecretSyncedError`, or empty where no `sync` has seen it.
        """
        status = self.get("ExternalSecret", name, namespace).get("status") or {}
        return next((str(each["reason"]) for each in status.get("conditions") or []), "")

    # A Kubernetes Secret as a secret among others ---------------------------------------------------

    def _split(self, name: str, scope: str | None) -> tuple[ObjectKey, str]:
        """Return a Secret and one of its keys."""
        secret, _, wanted = name.partition("/")
        key = self._find("Secret", secret, scope)
        held = contents_of(self.server.objects[key])
        if not wanted and len(held) == 1:
            wanted = next(iter(held))
        if not wanted:
            raise NoSuchSecretError(f"{key} has {len(held)} keys. Say which: {secret}/KEY")
        return key, wanted

    def _set_value(self, name: str, value: str, scope: str | None) -> None:
        key, wanted = self._split(name, scope)
        stored = self.server.get(key)
        self.server.update({**stored, "stringData": {wanted: value}})

    def value(self, name: str, scope: str | None = None) -> str | None:
        """Return the text under a key of a Secret; None where there is none."""
        try:
            key, wanted = self._split(name, scope)
        except NoSuchSecretError:
            return None
        held = contents_of(self.server.objects[key]).get(wanted)
        return None if held is None else held.decode("utf-8", errors="surrogateescape")

    def reader_sees(self, name: str, scope: str | None = None) -> str:
        """Return what a read of the API gives: the value, or `NotFound`."""
        value = self.value(name, scope)
        return "NotFound" if value is None else value

    def versions(self, name: str, scope: str | None = None) -> list[str]:
        """Return the value: a cluster keeps only one."""
        value = self.value(name, scope)
        return [] if value is None else [value]

    def restore(self, name: str, scope: str | None = None) -> None:
        """Fail: nothing brings back a deleted object."""
        del scope
        raise CloudError("NotFound", f"a cluster deletes for good: nothing can bring back {name!r}")

    def describe(self, name: str, scope: str | None = None) -> dict[str, Any]:
        """Return a Secret as `kubectl describe` shows it: each key with its size, no value."""
        stored = self.server.get(self._find("Secret", name.partition("/")[0], scope))
        stored["data"] = {key: len(value) for key, value in contents_of(stored).items()}
        return stored

    def state(self, name: str, scope: str | None = None) -> State:
        """Return `missing`, `empty` or `set`."""
        try:
            key = self._find("Secret", name.partition("/")[0], scope)
        except NoSuchSecretError:
            return "missing"
        return "set" if contents_of(self.server.objects[key]) else "empty"


# pulumi-kubernetes ------------------------------------------------------------------------------------


class ManifestType(ResourceType):
    """What the provider makes of a manifest by itself. No server is asked: outputs are the manifest.

    Args:
        keeps: Whether a rule is switched on.
    """

    def __init__(self, keeps: Callable[[Rule], bool] = lambda _: True) -> None:
        self.keeps = keeps

    def check(
        self, inputs: dict[str, Any], olds: Mapping[str, Any], call: Call
    ) -> tuple[dict[str, Any], list[CheckFailure]]:
        """Give it a name, a namespace, and a Secret its normal form."""
        manifest = {**_identity(call.type), **inputs}
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
        return self._shown(self._normal(manifest)), []

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

    def _shown(self, manifest: dict[str, Any]) -> dict[str, Any]:
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
        return self._shown(dict(inputs))

    def create(self, inputs: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
        """Return the manifest as a server would store it."""
        del call
        return self._outputs(apiserver.as_stored(_plain(inputs)))

    def _outputs(
        self, stored: dict[str, Any], *, preview: bool = False
    ) -> tuple[str, dict[str, Any]]:
        shown = assigned(stored, preview=preview) if self.keeps(ASSIGNS) else stored
        return ObjectKey.of(stored).id, self._shown(shown)

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


class ObjectType(ManifestType):
    """A manifest that becomes an object of the simulated cluster."""

    def __init__(self, cluster: SimulatedKubernetes) -> None:
        super().__init__(cluster.keeps)
        self.cluster = cluster
        self.server = cluster.server

    def preview(
        self, old_outputs: Mapping[str, Any], inputs: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        """Ask the server for a dry run, where there is one and everything is known."""
        if holds_unknown(inputs) or self.cluster.unreachable or not self.keeps(DRY_RUN):
            return super().preview(old_outputs, inputs, call)
        before = self.server.objects.get(ObjectKey.of(inputs)) if old_outputs else None
        try:
            admitted = self.server.admit(inputs, before)
            return self._outputs(admitted, preview=before is None)[1]
        except CloudError as error:
            raise _refused(call, error, updating=bool(old_outputs)) from error

    def create(self, inputs: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
        """POST."""
        self._reach()
        try:
            stored = self.server.create(inputs)
        except CloudError as error:
            raise _refused(call, error, updating=False) from error
        self.cluster.knows_as(ObjectKey.of(stored), call.name)
        return self._outputs(stored)

    def update(
        self,
        id_: str,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: dict[str, Any],
        call: Call,
    ) -> dict[str, Any]:
        """PATCH."""
        del id_, old_inputs, old_outputs
        self._reach()
        try:
            return self._outputs(self.server.update(inputs))[1]
        except CloudError as error:
            raise _refused(call, error, updating=True) from error

    def read(
        self, id_: str, old_inputs: Mapping[str, Any], old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        """GET. Of the object only what the program gave becomes an input."""
        del old_outputs
        if self.cluster.unreachable:
            raise CloudError(
                "", f"failed to read resource state due to unreachable cluster. {_LOST}"
            )
        identity = _identity(call.type)
        namespace, _, name = id_.rpartition("/")
        wanted = {**identity, "metadata": {"namespace": namespace, "name": name}}
        stored = self.server.objects.get(ObjectKey.of(wanted))
        if stored is None:
            others = self.cluster.made_by_helm(wanted)
            if others is None and not old_inputs and not self.keeps(READS_WHAT_IS_THERE):
                found = EchoedType().read(id_, {}, wanted, call)
                others = found and found[2]
            return None if others is None else (id_, wanted, self._outputs(others)[1])
        stored = self.server.get(ObjectKey.of(stored))
        self.cluster.knows_as(ObjectKey.of(stored), call.name)
        if old_inputs:
            given = _pruned(stored, old_inputs)
        else:
            metadata = {
                key: value
                for key, value in stored["metadata"].items()
                if key not in {"uid", "ownerReferences"}
            }
            given = {**stored, "metadata": metadata}
            given.pop("status", None)
        return id_, self._shown(given), self._outputs(stored)[1]

    def delete(self, id_: str, old_outputs: Mapping[str, Any], call: Call) -> None:
        """DELETE. What is gone already is no error."""
        del id_, call
        if self.cluster.unreachable:
            raise CloudError("", f"{_UNREACHABLE}. {_LOST}")
        key = ObjectKey.of(old_outputs)
        if key in self.server.objects:
            self.server.delete(key)

    def _reach(self) -> None:
        if self.cluster.unreachable:
            raise CloudError(
                "",
                f"{_UNREACHABLE}: unable to load schema information from the API server: dial tcp:"
                " connection refused",
            )


_LOST: Final = (
    "If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the"
    ' operation with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"'
)


def _refused(call: Call, error: CloudError, *, updating: bool) -> CloudError:
    """Word a refusal as the provider does."""
    said = f'resource "{call.name}" was not successfully created by the Kubernetes API server'
    if updating:
        said = f'update of resource "{call.name}" failed'
    return CloudError(error.code, f"{said}: {error.message}", status=error.status)


def is_manifest(token: str) -> bool:
    """Whether a type is one of the API's: no Helm release, no Kustomization, no YAML file."""
    return not token.partition(":")[2].startswith(_NO_MANIFESTS)


def _identity(token: str) -> dict[str, str]:
    """Return API version and kind of a type token, e.g. of `kubernetes:apps/v1:Deployment`."""
    _, _, rest = token.partition(":")
    version, _, kind = rest.partition(":")
    return {"apiVersion": version.removeprefix("core/"), "kind": kind}


def _is_auto_named(metadata: Mapping[str, Any]) -> bool:
    return (metadata.get("annotations") or {}).get(_AUTO_NAMED) == "true"


def _is_under(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith((f"{place}.", f"{place}[")) for place in places)


def _pruned(live: Any, given: Any) -> Any:
    """Keep of a live object what the program gave."""
    if isinstance(live, Mapping) and isinstance(given, Mapping):
        return {key: _pruned(live[key], given[key]) for key in given if key in live}
    if isinstance(live, list) and isinstance(given, list) and len(live) == len(given):
        return [_pruned(one, other) for one, other in zip(live, given, strict=True)]
    return live


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    return {
        key: each.value if isinstance(each, SecretValue) else each for key, each in data.items()
    }
