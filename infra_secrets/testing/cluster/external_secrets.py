"""What the External Secrets Operator does with the ExternalSecrets of a simulated cluster.

One `sync` is one pass of the controller: it reads each value from a simulated cloud and writes the
Secret. Time does not pass, so a refresh interval means nothing here. Templates with expressions,
`find`, rewriting, generators and metadata as values are not simulated: such an ExternalSecret ends
in an error that says so.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from infra_secrets.testing.cluster.apiserver import ApiServer
from infra_secrets.testing.cluster.objects import ObjectKey, is_cluster_scoped
from infra_secrets.testing.simulation import (
    CloudError,
    KeepsRules,
    NoSuchSecretError,
    Rule,
    SimulatedCloud,
    SimulatedProvider,
)

GROUP: Final = "external-secrets.io"

RETAINS: Final = Rule(
    "kubernetes-external-secret-retains",
    "With deletionPolicy Retain, which is the default, a value that is not there is an error and the"
    " Secret stays as it is.",
    "external-secrets v2.9.0 externalsecret_controller_secret.go, GetProviderSecretData",
)
DELETES: Final = Rule(
    "kubernetes-external-secret-deletes",
    "With deletionPolicy Delete a value that is not there is skipped, and when none is left the"
    " Secret is deleted.",
    "external-secrets v2.9.0 externalsecret_controller.go, Reconcile",
)
READS_IN_THE_STORE_S_PLACE: Final = Rule(
    "kubernetes-store-says-where",
    "A value is read in the region, project or vault of the store; a name on GCP is not a path.",
    "external-secrets providers/v1/{aws,gcp,azure}",
)
RULES: Final = (RETAINS, DELETES, READS_IN_THE_STORE_S_PLACE)

# What becomes `NoSecretErr`; any other refusal is an ordinary error, which no policy skips.
_NOT_THERE: Final = frozenset({"missing", "empty", "soft-deleted"})


@dataclass(frozen=True, slots=True)
class Store:
    """A store that the rehearsed program did not make.

    Attributes:
        kind: `SecretStore` or `ClusterSecretStore`.
        namespace: Its namespace; empty for a ClusterSecretStore.
        name: Its name.
        cloud: The simulated cloud that it reads, as `cloud=` names it or its Pulumi package.
        scope: The region, project or vault that it reads; None for wherever a name is.
    """

    kind: str
    namespace: str
    name: str
    cloud: str
    scope: str | None = None


class _NotThereError(Exception):
    """The cloud has no such value (`NoSecretErr`)."""


class _SyncError(Exception):
    """Anything else that keeps an ExternalSecret from being synced."""


class Operator(KeepsRules):
    """The controller.

    Args:
        server: The cluster.
        without: Ids of rules that are switched off.

    Attributes:
        stores: Stores that are there without the rehearsed program.
    """

    def __init__(self, server: ApiServer, without: Iterable[str] = ()) -> None:
        super().__init__(without)
        self.server = server
        self.stores: list[Store] = []

    def sync(self, clouds: Mapping[str, SimulatedProvider]) -> None:
        """Reconcile every ExternalSecret once.

        Args:
            clouds: Simulated clouds by Pulumi package.
        """
        for key in list(self.server.objects):
            if key.group == GROUP and key.kind == "ExternalSecret":
                self._reconcile(key, clouds)

    def _reconcile(self, key: ObjectKey, clouds: Mapping[str, SimulatedProvider]) -> None:
        external = self.server.objects[key]
        try:
            self._write(key, external, self._values(key, external, clouds))
        except (_SyncError, _NotThereError, CloudError) as error:
            condition = ("False", "SecretSyncedError", str(error))
        else:
            condition = ("True", "SecretSynced", "secret synced")
        status, reason, message = condition
        ready = {"type": "Ready", "status": status, "reason": reason, "message": message}
        self.server.set_status(key, {"conditions": [ready]})

    # Reading ------------------------------------------------------------------------------------------

    def _values(
        self, key: ObjectKey, external: Mapping[str, Any], clouds: Mapping[str, SimulatedProvider]
    ) -> dict[str, str]:
        spec = external.get("spec") or {}
        skips = self._policy(spec) != "Retain"
        values: dict[str, str] = {}
        for source in spec.get("dataFrom") or []:
            if "extract" not in source:
                raise _SyncError("a rehearsal supports only `extract` of `dataFrom`")
            store = self._store(key, source, spec, clouds)
            try:
                text = self._read(store, source["extract"], clouds)
            except _NotThereError:
                if not skips:
                    raise
                continue
            document = _document(text, str(source["extract"]["key"]))
            values |= {name: _as_text(value) for name, value in document.items()}
        for entry in spec.get("data") or []:
            store = self._store(key, entry, spec, clouds)
            try:
                values[entry["secretKey"]] = self._read(store, entry["remoteRef"], clouds)
            except _NotThereError:
                if not skips:
                    raise
        return values

    def _policy(self, spec: Mapping[str, Any]) -> str:
        policy = str((spec.get("target") or {}).get("deletionPolicy") or "Retain")
        rule = RETAINS if policy == "Retain" else DELETES
        if self.keeps(rule):
            return policy
        return "Delete" if policy == "Retain" else "Retain"

    def _store(
        self,
        key: ObjectKey,
        entry: Mapping[str, Any],
        spec: Mapping[str, Any],
        clouds: Mapping[str, SimulatedProvider],
    ) -> Store:
        own = (entry.get("sourceRef") or {}).get("storeRef") or {}
        reference = {**(spec.get("secretStoreRef") or {}), **own}
        kind = str(reference.get("kind") or "SecretStore")
        name = str(reference.get("name") or "")
        namespace = "" if is_cluster_scoped(kind) else key.namespace
        for store in self.stores:
            if (store.kind, store.namespace, store.name) == (kind, namespace, name):
                return store
        made = self.server.objects.get(ObjectKey(GROUP, kind, namespace, name))
        if made is None:
            raise _SyncError(
                f'could not get {kind} "{name}", {kind.lower()}s.{GROUP} "{name}" not found'
            )
        return _declared_by(made, Store(kind, namespace, name, ""), clouds)

    def _read(
        self, store: Store, reference: Mapping[str, Any], clouds: Mapping[str, SimulatedProvider]
    ) -> str:
        name = str(reference.get("key"))
        cloud = _simulated(store.cloud, clouds)
        if cloud is None:
            raise _SyncError(
                f"{store.kind} {store.name} reads {store.cloud}, which is not rehearsed"
            )
        scope = store.scope if self.keeps(READS_IN_THE_STORE_S_PLACE) else None
        try:
            name = cloud.store_name(name)
        except CloudError:
            if self.keeps(READS_IN_THE_STORE_S_PLACE):
                raise
        try:
            text = cloud.value(name, scope)
            if text is None and cloud.state(name, scope) in _NOT_THERE:
                raise _NotThereError("Secret does not exist")
        except NoSuchSecretError as error:
            raise _SyncError(str(error)) from error
        if text is None:
            raise _SyncError(f"{cloud.reader_sees(name, scope)} for {name}")
        wanted = reference.get("property")
        return text if not wanted else _property(text, str(wanted), name)

    # Writing ------------------------------------------------------------------------------------------

    def _write(self, key: ObjectKey, external: Mapping[str, Any], values: dict[str, str]) -> None:
        spec = external.get("spec") or {}
        target = spec.get("target") or {}
        template = target.get("template") or {}
        if template.get("data") or template.get("templateFrom"):
            raise _SyncError("a rehearsal does not support templates with expressions")
        policy = str(target.get("creationPolicy") or "Owner")
        secret = ObjectKey("", "Secret", key.namespace, str(target.get("name") or key.name))
        before = self.server.objects.get(secret)
        if not values and self._policy(spec) == "Delete":
            if before is not None and policy == "Owner":
                self.server.delete(secret)
            return
        if policy == "None" or (policy == "Merge" and before is None):
            return
        data = {name: base64.b64encode(text.encode()).decode() for name, text in values.items()}
        metadata: dict[str, Any] = {
            field: dict(value)
            for field, value in (template.get("metadata") or {}).items()
            if field in {"labels", "annotations"} and value
        }
        metadata |= {"name": secret.name, "namespace": secret.namespace}
        if policy == "Owner":
            uid = external["metadata"]["uid"]
            owner = {"apiVersion": external.get("apiVersion"), "kind": key.kind, "name": key.name}
            metadata["ownerReferences"] = [{**owner, "controller": True, "uid": uid}]
        elif before is not None and policy in {"Merge", "CreateOrMerge"}:
            data = {**(before.get("data") or {}), **data}
        manifest: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata,
            "type": template.get("type") or "Opaque",
            "data": data,
        }
        if target.get("immutable"):
            manifest["immutable"] = True
        if before is None:
            self.server.create(manifest)
        elif not before.get("immutable"):
            self.server.update(manifest)


def _simulated(name: str, clouds: Mapping[str, SimulatedProvider]) -> SimulatedCloud | None:
    """Find a cloud by what programs call it, or by its Pulumi package. A cluster may be among them, and is none."""
    return next(
        (
            each
            for each in clouds.values()
            if isinstance(each, SimulatedCloud) and name in (each.cloud, each.package)
        ),
        None,
    )


def _declared_by(
    manifest: Mapping[str, Any], store: Store, clouds: Mapping[str, SimulatedProvider]
) -> Store:
    """Complete a store with what its manifest says about the cloud."""
    provider = (manifest.get("spec") or {}).get("provider") or {}
    for cloud in clouds.values():
        if isinstance(cloud, SimulatedCloud) and cloud.store_provider in provider:
            scope = cloud.store_scope(provider[cloud.store_provider] or {})
            return Store(store.kind, store.namespace, store.name, cloud.cloud, scope)
    kinds = ", ".join(provider) or "nothing"
    raise _SyncError(f"{store.kind} {store.name} reads {kinds}, which a rehearsal does not support")


def _document(text: str, name: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise _SyncError(f"unable to unmarshal secret {name}: it is not a JSON object")
    return document


def _property(text: str, path: str, name: str) -> str:
    """Return a field: a key of exactly this name, or else a path with dots."""
    found: Any = _document(text, name)
    if path in found:
        return _as_text(found[path])
    for step in path.split("."):
        if isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        elif isinstance(found, dict) and step in found:
            found = found[step]
        else:
            raise _SyncError(f"key {path} does not exist in secret {name}")
    return _as_text(found)


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
