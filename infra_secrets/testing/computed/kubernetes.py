"""What a cluster's controllers write into an object, made up: addresses, and a status that says that all is well."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

_REPLICATED: Final = frozenset({"Deployment", "ReplicaSet", "StatefulSet"})


def assigned(manifest: Mapping[str, Any], *, preview: bool = False) -> dict[str, Any]:
    """Return a stored object with what its controllers add to it.

    Args:
        manifest: The object. What it has already stays.
        preview: Whether nobody can know its status yet. A cluster IP is in the answer to a dry run, too.
    """
    made = dict(manifest)
    kind = str(manifest.get("kind"))
    spec = manifest.get("spec")
    digits = int(hashlib.sha256(_identity(manifest).encode()).hexdigest()[:8], 16)
    if kind == "Service" and manifest.get("apiVersion") == "v1" and isinstance(spec, Mapping):
        made["spec"] = _service_spec(spec, digits)
    status = _status(kind, made.get("spec") or {}, digits)
    if not preview and manifest.get("status") is None and status is not None:
        made["status"] = status
    return made


def _identity(manifest: Mapping[str, Any]) -> str:
    """Return what an object is known by at every run: its name without the digits that are drawn anew."""
    metadata = manifest.get("metadata") or {}
    name = str(metadata.get("name"))
    if "pulumi.com/autonamed" in (metadata.get("annotations") or {}):
        name = name.rpartition("-")[0]
    return f"{manifest.get('kind')} {metadata.get('namespace')}/{name}"


def _service_spec(spec: Mapping[str, Any], digits: int) -> dict[str, Any]:
    made = {"type": "ClusterIP", **spec}
    if made["type"] != "ExternalName":
        address = f"10.96.{digits >> 8 & 255}.{digits % 254 + 1}"
        made["clusterIP"] = made.get("clusterIP") or address
        made["clusterIPs"] = made.get("clusterIPs") or [made["clusterIP"]]
    return made


def _status(kind: str, spec: Mapping[str, Any], digits: int) -> dict[str, Any] | None:
    balancer = {"ip": f"203.0.113.{digits % 254 + 1}", "hostname": f"{digits:08x}.example.com"}
    if kind == "Ingress" or (kind == "Service" and spec.get("type") == "LoadBalancer"):
        return {"loadBalancer": {"ingress": [balancer]}}
    if kind in _REPLICATED:
        count = spec.get("replicas") or 1
        names = ("replicas", "readyReplicas", "availableReplicas", "updatedReplicas")
        return {"observedGeneration": 1, **dict.fromkeys(names, count)}
    of_kind: dict[str, dict[str, Any]] = {
        "Service": {"loadBalancer": {}},
        "Namespace": {"phase": "Active"},
        "Pod": {"phase": "Running", "podIP": f"10.244.{digits >> 8 & 255}.{digits % 254 + 1}"},
        "PersistentVolumeClaim": {"phase": "Bound"},
        "Job": {"succeeded": 1},
    }
    return of_kind.get(kind)
