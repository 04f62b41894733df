"""A Kubernetes object: what tells it from all others, how a server stores it, and what it holds."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from infra_secrets.testing.simulation import CloudError

_CLUSTER_SCOPED: Final = frozenset(
    {
        "APIService",
        "CSIDriver",
        "ClusterExternalSecret",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterSecretStore",
        "CustomResourceDefinition",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    }
)


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """What tells an object from all others. The API version is not part of it, only its group."""

    group: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> "ObjectKey":
        """Return a manifest's key; without a namespace it is in `default`."""
        metadata = manifest.get("metadata") or {}
        kind = str(manifest.get("kind"))
        namespace = "" if is_cluster_scoped(kind) else str(metadata.get("namespace") or "default")
        return cls(group_of(manifest), kind, namespace, str(metadata.get("name") or ""))

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def id(self) -> str:
        """`NAMESPACE/NAME`, or only the name where there is no namespace."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @property
    def plural(self) -> str:
        """What the API calls objects of this kind, e.g. `deployments.apps`."""
        word = self.kind.lower()
        if word.endswith("y") and word[-2] not in "aeiou":
            word = f"{word[:-1]}ies"
        else:
            word += "es" if word.endswith(("s", "x", "ch")) else "s"
        return f"{word}.{self.group}" if self.group else word

    @property
    def qualified_kind(self) -> str:
        """Kind and group, e.g. `Deployment.apps`."""
        return f"{self.kind}.{self.group}" if self.group else self.kind


def is_cluster_scoped(kind: str) -> bool:
    """Whether objects of a kind are in no namespace."""
    return kind in _CLUSTER_SCOPED


def group_of(manifest: Mapping[str, Any]) -> str:
    """Return the API group of a manifest; empty for the core group."""
    group, slash, _ = str(manifest.get("apiVersion") or "").partition("/")
    return group if slash and group != "core" else ""


def not_found(key: ObjectKey) -> CloudError:
    """Return the server's answer about an object that is not there."""
    return CloudError("NotFound", f'{key.plural} "{key.name}" not found', status=404)


def as_stored(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest as the server stores it: without nulls, `stringData` folded into `data`."""
    stored: dict[str, Any] = folded(_without_nulls(manifest))
    key = ObjectKey.of(stored)
    if key.kind == "Secret" and not key.group:
        stored.setdefault("type", "Opaque")
    metadata = dict(stored.get("metadata") or {})
    if key.namespace:
        metadata["namespace"] = key.namespace
    else:
        metadata.pop("namespace", None)
    return {**stored, "metadata": metadata}


def folded(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest with a Secret's `stringData` as base64 in its `data`."""
    if manifest.get("kind") != "Secret" or group_of(manifest):
        return dict(manifest)
    data = {
        key: base64.b64encode(_decoded(value)).decode()
        if isinstance(value, str) and is_base64(value)
        else value
        for key, value in (manifest.get("data") or {}).items()
    }
    for key, value in (manifest.get("stringData") or {}).items():
        data[key] = base64.b64encode(str(value).encode()).decode()
    rest = {key: value for key, value in manifest.items() if key not in {"data", "stringData"}}
    return {**rest, "data": data} if data else rest


def is_base64(text: str) -> bool:
    """Whether a text is base64; space in it does not count."""
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        return False
    return True


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return value


def contents_of(manifest: Mapping[str, Any]) -> dict[str, bytes]:
    """Return what a stored Secret or ConfigMap holds, by key."""
    data: Mapping[str, str] = manifest.get("data") or {}
    if manifest["kind"] == "Secret":
        return {key: _decoded(value) for key, value in data.items()}
    binary: Mapping[str, str] = manifest.get("binaryData") or {}
    return {
        **{key: value.encode() for key, value in data.items()},
        **{key: _decoded(value) for key, value in binary.items()},
    }


def _decoded(value: str) -> bytes:
    """Return what base64 stands for; a text that is none, which no server stores, as it is."""
    return base64.b64decode("".join(value.split())) if is_base64(value) else value.encode()


def contents_in(
    objects: Mapping[ObjectKey, dict[str, Any]], namespace: str
) -> Callable[[str, str], Mapping[str, bytes] | None]:
    """Return a function that gives what a Secret or ConfigMap of a namespace holds."""

    def held(kind: str, name: str) -> Mapping[str, bytes] | None:
        found = objects.get(ObjectKey("", kind, namespace, name))
        return None if found is None else contents_of(found)

    return held
