"""A Kubernetes cluster, as far as it decides whether a workload finds its configuration.

`SimulatedKubernetes` is what an operator does by hand, and what a test asks: what has happened, and
what a container sees. It is part of every rehearsal. Below it are an API server (`apiserver.py`), a
kubelet (`kubelet.py`), pulumi-kubernetes (`provider.py` on `manifests.py`) and the External Secrets
Operator (`external_secrets.py`). Each file has its rules.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from infra_secrets.testing.cluster import apiserver, external_secrets, kubelet, manifests, provider
from infra_secrets.testing.cluster.apiserver import ApiServer
from infra_secrets.testing.cluster.documents import FUNCTIONS
from infra_secrets.testing.cluster.external_secrets import Operator, Store
from infra_secrets.testing.cluster.finding import Finder
from infra_secrets.testing.cluster.manifests import ManifestType, is_manifest
from infra_secrets.testing.cluster.objects import ObjectKey, contents_of, is_cluster_scoped
from infra_secrets.testing.cluster.pods import Pods
from infra_secrets.testing.cluster.provider import ObjectType
from infra_secrets.testing.cluster.releases import Releases
from infra_secrets.testing.cluster.rollouts import Dangling, Rollout
from infra_secrets.testing.simulation import (
    Call,
    CloudError,
    Function,
    NoSuchSecretError,
    Request,
    ResourceType,
    Rule,
    SimulatedCloud,
    SimulatedProvider,
    State,
)
from infra_secrets.testing.values import holds_unknown

RULES: Final = (
    *manifests.RULES,
    *provider.RULES,
    *apiserver.RULES,
    *kubelet.RULES,
    *external_secrets.RULES,
)


class SimulatedKubernetes(SimulatedProvider):
    """A Kubernetes cluster with pulumi-kubernetes. A scope is a namespace.

    A workload or an object is found by its name in the cluster or by its logical name in the
    program, in any namespace. It is not a secrets manager; where a method asks for the name of a
    secret's value, that is `SECRET/KEY`, or only the Secret's name where it has one key. A Secret may
    hold a value, because the state encrypts it. For the arguments see the base.

    Attributes:
        server: The objects and everything that happened to them.
        unreachable: Whether requests fail because nobody answers. What there is stays.
    """

    package: ClassVar[str] = "kubernetes"
    rules: ClassVar[tuple[Rule, ...]] = RULES

    def __init__(self, without: Iterable[str] = ()) -> None:
        super().__init__(without)
        self.unreachable = False
        self.server = ApiServer(self.without)
        self.operator = Operator(self.server, self.without)
        self._finder = Finder(self.server)
        self._releases = Releases()

    # What the provider can do ---------------------------------------------------------------------

    @property
    def resource_types(self) -> Mapping[str, ResourceType]:
        """Every kind is known: see `resource_type`."""
        return {}

    def resource_type(self, token: str) -> ResourceType | None:
        """Return what the provider makes of a manifest; None for Helm, Kustomize and patches."""
        if not is_manifest(token) or token.endswith("Patch"):
            return None
        return ObjectType(self.server, self._finder, self._releases, unreachable=self.unreachable)

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
        self._releases.note(request)

    # What has happened ----------------------------------------------------------------------------

    @property
    def history(self) -> list[str]:
        """Every change of an object in order, e.g. `create Secret default/nlp-1a2b3c4d`."""
        return list(self.server.history)

    @property
    def dangling(self) -> list[Dangling]:
        """Every reference of a workload that, after some change, pointed at what was not there."""
        return list(self.server.rollouts.dangling)

    def rollouts(self, name: str | None = None) -> list[Rollout]:
        """Return the rollouts in order, of one workload or of all.

        Args:
            name: A workload's name in the cluster or its logical name, deleted ones included.
        """
        return [
            each
            for each in list(self.server.rollouts.rolled)
            if name is None
            or name in {each.name, self._finder.logical_name(each.kind, each.namespace, each.name)}
        ]

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
            for each in self.server.rollouts.waiting()
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
        return Pods(self.server, self._workload(workload, namespace)).environment(container)

    def files(
        self, workload: str, container: str | None = None, namespace: str | None = None
    ) -> dict[str, bytes]:
        """Return every file that Secrets and ConfigMaps put into a container, by its path.

        Arguments and errors are those of `environment`.
        """
        return Pods(self.server, self._workload(workload, namespace)).files(container)

    def _workload(self, name: str, namespace: str | None) -> ObjectKey:
        kind, slash, rest = name.rpartition("/")
        return self._finder.find(kind if slash else None, rest, namespace, what="workload")

    # What an operator does by hand -----------------------------------------------------------------

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
        return self.server.get(self._finder.find(kind, name, namespace))

    def names(self, kind: str | None = None, namespace: str | None = None) -> list[str]:
        """Return the names of all objects of a kind, sorted; of Secrets by default."""
        return sorted(
            key.name
            for key in list(self.server.objects)
            if key.kind == (kind or "Secret") and namespace in {None, key.namespace}
        )

    def delete(self, kind: str, name: str, namespace: str | None = None) -> None:
        """Delete an object without Pulumi, as `kubectl delete` does.

        Args:
            kind: Its kind, e.g. `Secret`.
            name: Its name in the cluster or its logical name.
            namespace: Only needed where the name is in several.

        Raises:
            NoSuchSecretError: There is none, or more than one.
        """
        with self.lock:
            self.server.delete(self._finder.find(kind, name, namespace))

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
        home = "" if is_cluster_scoped(kind) else namespace
        self.operator.stores.append(Store(kind, home, name, cloud, scope))

    def sync(self, clouds: Mapping[str, SimulatedCloud]) -> None:
        """Let the External Secrets Operator reconcile every ExternalSecret once.

        Args:
            clouds: The simulated clouds by Pulumi package, e.g. `rehearsal.clouds`.
        """
        with self.lock:
            self.operator.sync(clouds)

    def synced(self, name: str, namespace: str | None = None) -> str:
        """Return the reason of an ExternalSecret's condition `Ready`.

        It is `SecretSynced`, `SecretSyncedError`, or empty if no `sync` has seen it.
        """
        status = self.get("ExternalSecret", name, namespace).get("status") or {}
        return next((str(each["reason"]) for each in status.get("conditions") or []), "")

    # What a Secret holds --------------------------------------------------------------------------

    def _split(self, name: str, scope: str | None) -> tuple[ObjectKey, str]:
        """Return a Secret and one of its keys."""
        secret, _, wanted = name.partition("/")
        key = self._finder.find("Secret", secret, scope)
        held = contents_of(self.server.objects[key])
        if not wanted and len(held) == 1:
            wanted = next(iter(held))
        if not wanted:
            raise NoSuchSecretError(f"{key} has {len(held)} keys. Choose one: {secret}/KEY")
        return key, wanted

    def set_value(self, name: str, value: str, scope: str | None = None) -> None:
        """Put a value under a key of a Secret, without Pulumi. It becomes a canary of the rehearsal."""
        with self.lock:
            self._plant(value)
            key, wanted = self._split(name, scope)
            stored = self.server.get(key)
            self.server.update({**stored, "stringData": {wanted: value}})

    def value(self, name: str, scope: str | None = None) -> str | None:
        """Return the text under a key of a Secret; None if there is none."""
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
        stored = self.server.get(self._finder.find("Secret", name.partition("/")[0], scope))
        stored["data"] = {key: len(value) for key, value in contents_of(stored).items()}
        return stored

    def state(self, name: str, scope: str | None = None) -> State:
        """Return `missing`, `empty` or `set`."""
        try:
            key = self._finder.find("Secret", name.partition("/")[0], scope)
        except NoSuchSecretError:
            return "missing"
        return "set" if contents_of(self.server.objects[key]) else "empty"
