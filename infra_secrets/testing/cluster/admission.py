"""What the API server refuses of an object, by its names, its labels, its data and what may change.

What it refuses of a pod template is in `pod_admission.py`. Quotas, permissions, and the schema of
most fields are not simulated.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from infra_secrets.testing.cluster import pod_admission
from infra_secrets.testing.cluster.kubelet import containers, template_of
from infra_secrets.testing.cluster.names import (
    is_data_key,
    is_label_key,
    is_label_name,
    is_label_value,
    is_subdomain,
)
from infra_secrets.testing.cluster.objects import ObjectKey, contents_of, group_of, is_base64
from infra_secrets.testing.cluster.pod_admission import DATA_KEYS
from infra_secrets.testing.simulation import CloudError, Keeps, Rule, compare

SIZE_LIMIT: Final = 1024 * 1024  # kubernetes pkg/apis/core/types.go, MaxSecretSize

_VALIDATION = "kubernetes v1.36.3 pkg/apis/core/validation/validation.go"

NAMES: Final = Rule(
    "kubernetes-names",
    "An object's name is a lower-case RFC 1123 subdomain of at most 253 characters; a namespace's is"
    " a label of at most 63.",
    _VALIDATION + ", NameIsDNSSubdomain",
)
LABELS: Final = Rule(
    "kubernetes-labels",
    "Labels and the names of annotations have at most 63 of A-Z a-z 0-9 -_. after an optional"
    " prefix, and begin and end with a letter or a digit.",
    "apimachinery v0.36.3 pkg/api/validate/content/kube.go, IsLabelKey, IsLabelValue",
)
DATA_SIZE: Final = Rule(
    "kubernetes-data-size",
    "The values of a Secret or ConfigMap have at most 1048576 bytes together.",
    _VALIDATION + ", ValidateSecret, ValidateConfigMap",
)
DATA_TYPES: Final = Rule(
    "kubernetes-strings-only",
    "Values of a Secret, a ConfigMap, a label or a variable are strings, and `data` of a Secret is"
    " base64.",
    "structured-merge-diff typed validation; kubernetes pkg/apis/core/types.go",
)
IMMUTABLE: Final = Rule(
    "kubernetes-immutable-stays",
    "An immutable Secret or ConfigMap takes no new data and stays immutable.",
    _VALIDATION + ", ValidateSecretUpdate, ValidateConfigMapUpdate",
)
FIXED_FIELDS: Final = Rule(
    "kubernetes-fixed-fields",
    "A Secret's type, a workload's selector, a Job's template and a Pod's containers cannot change.",
    "kubernetes v1.36.3 pkg/apis/{core,apps,batch}/validation/validation.go",
)
RULES: Final = (
    NAMES,
    LABELS,
    DATA_SIZE,
    DATA_TYPES,
    IMMUTABLE,
    FIXED_FIELDS,
    *pod_admission.RULES,
)

_TEMPLATE_PATHS: Final = {"Pod": "", "CronJob": "spec.jobTemplate.spec.template."}
_FIXED: Final = {
    ("apps", "Deployment"): ("selector",),
    ("apps", "DaemonSet"): ("selector",),
    ("apps", "ReplicaSet"): ("selector",),
    ("apps", "StatefulSet"): ("selector", "serviceName", "podManagementPolicy"),
    ("batch", "Job"): ("template", "selector", "completionMode"),
}


def check_types(manifest: Mapping[str, Any], key: ObjectKey) -> None:
    """Refuse what cannot be read as an object: values that are not strings, or not base64."""
    strings: list[tuple[str, Any]] = [
        (f".metadata.{field}.{name}", value)
        for field in ("labels", "annotations")
        for name, value in ((manifest.get("metadata") or {}).get(field) or {}).items()
    ]
    if not key.group and key.kind in {"Secret", "ConfigMap"}:
        strings += [
            (f".{field}.{name}", value)
            for field in ("stringData", "data", "binaryData")
            for name, value in (manifest.get(field) or {}).items()
        ]
    spec = (template_of(manifest) or {}).get("spec") or {}
    strings += [
        (
            f'.spec…containers[name="{container.get("name")}"].env[name="{each.get("name")}"].value',
            each.get("value"),
        )
        for _, container in containers(spec)
        for each in container.get("env") or []
    ]
    for path, value in strings:
        if value is not None and not isinstance(value, str):
            raise CloudError(
                "BadRequest",
                f"failed to create typed patch object ({key.id};"
                f" {manifest.get('apiVersion')}, Kind={key.kind}): {path}: expected string, got"
                f" a {type(value).__name__}",
                status=500,
            )
    for field in ("data",) if key.kind == "Secret" else ("binaryData",):
        for value in (manifest.get(field) or {}).values() if not key.group else ():
            if not is_base64(value):
                raise CloudError(
                    "BadRequest",
                    f'{key.kind} in version "v1" cannot be handled as a {key.kind}: illegal'
                    " base64 data",
                    status=400,
                )


def problems(manifest: Mapping[str, Any], key: ObjectKey, keeps: Keeps) -> Iterator[str]:
    """Yield everything that is wrong with an object as it would be stored."""
    if keeps(NAMES) and key.group != "rbac.authorization.k8s.io":
        is_name = is_label_name if key.kind == "Namespace" else is_subdomain
        for problem in is_name(key.name):
            yield f"metadata.name: Invalid value: {json.dumps(key.name)}: {problem}"
    yield from _metadata_problems(manifest.get("metadata") or {}, "metadata", keeps)
    if not key.group and key.kind in {"Secret", "ConfigMap"}:
        yield from _data_problems(manifest, keeps)
    template = template_of(manifest)
    if template is None:
        return
    path = _TEMPLATE_PATHS.get(key.kind, "spec.template.")
    if path:
        yield from _metadata_problems(template.get("metadata") or {}, f"{path}metadata", keeps)
    yield from pod_admission.problems(template.get("spec") or {}, f"{path}spec", keeps)
    selector = (manifest.get("spec") or {}).get("selector")
    if key.group == "apps" and keeps(pod_admission.SELECTOR):
        labels = (template.get("metadata") or {}).get("labels") or {}
        yield from pod_admission.selector_problems(selector, labels, path)


def _metadata_problems(metadata: Mapping[str, Any], path: str, keeps: Keeps) -> Iterator[str]:
    if not keeps(LABELS):
        return
    for name, value in (metadata.get("labels") or {}).items():
        for problem in is_label_key(name):
            yield f"{path}.labels: Invalid value: {json.dumps(name)}: {problem}"
        for problem in is_label_value(str(value)):
            yield f"{path}.labels: Invalid value: {json.dumps(value)}: {problem}"
    for name in metadata.get("annotations") or {}:
        for problem in is_label_key(name.lower()):
            yield f"{path}.annotations: Invalid value: {json.dumps(name)}: {problem}"


def _data_problems(manifest: Mapping[str, Any], keeps: Keeps) -> Iterator[str]:
    for field in ("data", "binaryData"):
        for name in manifest.get(field) or {} if keeps(DATA_KEYS) else ():
            for problem in is_data_key(name):
                yield f"{field}[{name}]: Invalid value: {json.dumps(name)}: {problem}"
    size = sum(len(value) for value in contents_of(manifest).values())
    if size > SIZE_LIMIT and keeps(DATA_SIZE):
        field = "data" if manifest["kind"] == "Secret" else "[]"
        yield f"{field}: Too long: may not be more than {SIZE_LIMIT} bytes"


def problems_of_update(
    manifest: Mapping[str, Any], before: Mapping[str, Any], keeps: Keeps
) -> Iterator[str]:
    """Yield every change that the server forbids."""
    kind, group = manifest["kind"], group_of(manifest)
    if not group and before.get("immutable") and keeps(IMMUTABLE):
        rule = "field is immutable when `immutable` is set"
        if not manifest.get("immutable"):
            yield f"immutable: Forbidden: {rule}"
        for field in ("data", "binaryData"):
            if (manifest.get(field) or {}) != (before.get(field) or {}):
                yield f"{field}: Forbidden: {rule}"
    if not keeps(FIXED_FIELDS):
        return
    old, new = before.get("spec") or {}, manifest.get("spec") or {}
    if kind == "Secret" and not group and manifest.get("type") != before.get("type"):
        yield f"type: Invalid value: {json.dumps(manifest.get('type'))}: field is immutable"
    for field in _FIXED.get((group, kind), ()):
        if compare({"": old.get(field)}, {"": new.get(field)}):
            yield f"spec.{field}: Invalid value: field is immutable"
    if kind == "Pod" and not group and _unchangeable(old) != _unchangeable(new):
        yield (
            "spec: Forbidden: pod updates may not change fields other than"
            " `spec.containers[*].image`,`spec.initContainers[*].image`,"
            "`spec.activeDeadlineSeconds`,`spec.tolerations`"
        )


def _unchangeable(spec: Mapping[str, Any]) -> Any:
    """Return a pod's spec without what may change in place."""
    rest: dict[str, Any] = {
        key: value
        for key, value in spec.items()
        if key not in {"activeDeadlineSeconds", "tolerations"}
    }
    for field in ("containers", "initContainers"):
        rest[field] = [
            {key: value for key, value in container.items() if key != "image"}
            for container in spec.get(field) or []
        ]
    return rest
