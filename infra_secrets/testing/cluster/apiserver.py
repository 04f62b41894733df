"""A Kubernetes API server, as far as it decides whether a workload finds its configuration.

`ApiServer` stores objects of every kind and refuses what a real server refuses of names, labels,
Secrets, ConfigMaps and pod templates, in its words. After each change it notes which workloads roll
and which of them are left pointing at something that is not there. No controller and no scheduler
runs: a rollout is over at once. Defaults, server-side apply, quotas and permissions are not
simulated, and of the controllers only what deletes with its owner or its namespace.
"""

import base64
import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from infra_secrets.testing.cluster.kubelet import Reference, containers, references, template_of
from infra_secrets.testing.simulation import CloudError, Rule, compare

SIZE_LIMIT: Final = 1024 * 1024  # kubernetes pkg/apis/core/types.go, MaxSecretSize
NAME_LENGTH: Final = 253  # apimachinery pkg/util/validation, DNS1123SubdomainMaxLength
LABEL_LENGTH: Final = 63  # the same, LabelValueMaxLength

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
DATA_KEYS: Final = Rule(
    "kubernetes-data-keys",
    "A key of a Secret or ConfigMap has 1 to 253 of A-Z a-z 0-9 -_. and does not begin with `..`.",
    _VALIDATION + ", ValidateSecret, ValidateConfigMap",
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
VARIABLE_NAMES: Final = Rule(
    "kubernetes-environment-names",
    "A variable's name consists only of printable ASCII characters other than `=`. The same name"
    " twice is accepted.",
    _VALIDATION + ", ValidateEnv; tried on a real server",
)
ONE_SOURCE: Final = Rule(
    "kubernetes-value-or-value-from",
    "A variable has a `value` or a `valueFrom`, not both.",
    _VALIDATION + ", validateEnvVarValueFrom",
)
MOUNTS: Final = Rule(
    "kubernetes-mounts",
    "A mount names a volume of its pod, and no two mounts of a container have one path.",
    _VALIDATION + ", ValidateVolumeMounts",
)
SELECTOR: Final = Rule(
    "kubernetes-selector-matches",
    "The selector of a Deployment, StatefulSet, DaemonSet or ReplicaSet matches its template's labels.",
    "kubernetes v1.36.3 pkg/apis/apps/validation/validation.go",
)
UNIQUE: Final = Rule(
    "kubernetes-names-are-unique",
    "An object of a kind, namespace and name that exist is refused.",
    "tried on a real server: a create-replacement with a fixed name fails with `already exists`",
)
NAMESPACES: Final = Rule(
    "kubernetes-namespaces-exist",
    "An object in a namespace that does not exist is refused; a preview does not notice.",
    'tried on a real server: `namespaces "nope" not found` after a minute of retries',
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
OWNED: Final = Rule(
    "kubernetes-deletes-what-is-owned",
    "What an object owns is deleted with it, and what is in a namespace with that.",
    "kubernetes pkg/controller/garbagecollector, pkg/controller/namespace",
)
RULES: Final = (
    NAMES,
    LABELS,
    DATA_KEYS,
    DATA_SIZE,
    DATA_TYPES,
    VARIABLE_NAMES,
    ONE_SOURCE,
    MOUNTS,
    SELECTOR,
    UNIQUE,
    NAMESPACES,
    IMMUTABLE,
    FIXED_FIELDS,
    OWNED,
)

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


@dataclass(frozen=True, slots=True)
class Rollout:
    """A pod template that was new or had changed: new pods take the place of the old ones.

    Attributes:
        kind: The workload's kind, e.g. `Deployment`.
        namespace: Its namespace.
        name: Its name in the cluster.
        number: 1 for the pods of a new workload; one more for each change.
        changed: Where the template changed, e.g. `spec.containers[0].image`; empty for a new
            workload.
    """

    kind: str
    namespace: str
    name: str
    number: int
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dangling:
    """A workload that began to point at something that is not there. Its new pods would wait.

    Attributes:
        workload: The workload, e.g. `Deployment default/nlp-1a2b3c4d`.
        reference: What it needs, and where.
        reason: What the kubelet would say.
        after: The change that made it so, as in `ApiServer.history`.
    """

    workload: str
    reference: Reference
    reason: str
    after: str = ""


class ApiServer:
    """The objects of one cluster.

    Args:
        without: Ids of rules that are switched off.

    Attributes:
        objects: Every object as the API shows it.
        history: Every change in order, e.g. `create Secret default/nlp-1a2b3c4d`.
        rollouts: Every rollout, in order.
        dangling: Every reference that was without its object or key after some change, in order.
    """

    def __init__(self, without: frozenset[str] = frozenset()) -> None:
        self.objects: dict[ObjectKey, dict[str, Any]] = {}
        self.history: list[str] = []
        self.rollouts: list[Rollout] = []
        self.dangling: list[Dangling] = []
        self._without = without
        self._made = 0
        self._now_dangling: set[tuple[str, Reference]] = set()
        for name in ("default", "kube-system"):
            self._store({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def _keeps(self, rule: Rule) -> bool:
        return rule.id not in self._without

    # The API ------------------------------------------------------------------------------------------

    def get(self, key: ObjectKey) -> dict[str, Any]:
        """Return a copy of an object."""
        return copy.deepcopy(self._existing(key))

    def create(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object and return it as it is stored."""
        stored = self.admit(manifest)
        key = ObjectKey.of(stored)
        if self._keeps(NAMESPACES) and key.namespace:
            home = ObjectKey("", "Namespace", "", key.namespace)
            if home not in self.objects:
                raise not_found(home)
        if self._keeps(UNIQUE) and key in self.objects:
            raise CloudError(
                "AlreadyExists", f'{key.plural} "{key.name}" already exists', status=409
            )
        self._store(stored)
        self._changed(f"create {key}", key, before=None)
        return self.get(key)

    def update(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Replace an object and return it as it is stored. Its status and its owners stay."""
        key = ObjectKey.of(manifest)
        before = self._existing(key)
        stored = self.admit(manifest, before)
        if before == stored:
            return self.get(key)
        self.objects[key] = stored
        self._changed(f"update {key}", key, before)
        return self.get(key)

    def delete(self, key: ObjectKey) -> None:
        """Delete an object, and what it owns."""
        gone = self._existing(key)
        del self.objects[key]
        self._changed(f"delete {key}", key, gone)
        if not self._keeps(OWNED):
            return
        uid = gone["metadata"]["uid"]
        for other, manifest in list(self.objects.items()):
            owners = manifest["metadata"].get("ownerReferences") or []
            inside = key.kind == "Namespace" and other.namespace == key.name
            if other in self.objects and (inside or any(each["uid"] == uid for each in owners)):
                self.delete(other)

    def set_status(self, key: ObjectKey, status: Mapping[str, Any]) -> None:
        """Write an object's status, as its controller does."""
        self._existing(key)["status"] = copy.deepcopy(dict(status))

    def admit(
        self, manifest: Mapping[str, Any], before: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Judge a manifest and return it as it would be stored. Nothing is stored: a dry run.

        Args:
            manifest: The object, with nothing unknown in it.
            before: The stored object that it would replace.

        Raises:
            CloudError: The server refuses it.
        """
        key = ObjectKey.of(manifest)
        if self._keeps(DATA_TYPES):
            self._check_types(manifest, key)
        stored = as_stored(manifest)
        if before is not None:
            kept = {field: before["metadata"].get(field) for field in ("uid", "ownerReferences")}
            stored["metadata"] |= {field: value for field, value in kept.items() if value}
            if before.get("status") is not None:
                stored["status"] = copy.deepcopy(before["status"])
        problems = list(self._problems(stored, key))
        if before is not None:
            problems += self._problems_of_update(stored, before)
        if problems:
            said = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
            raise CloudError(
                "Invalid", f'{key.qualified_kind} "{key.name}" is invalid: {said}', status=422
            )
        return stored

    def _existing(self, key: ObjectKey) -> dict[str, Any]:
        found = self.objects.get(key)
        if found is None:
            raise not_found(key)
        return found

    def _store(self, manifest: dict[str, Any]) -> None:
        self._made += 1
        uid = f"00000000-0000-4000-8000-{self._made:012x}"
        manifest["metadata"] = {**manifest["metadata"], "uid": uid}
        self.objects[ObjectKey.of(manifest)] = manifest

    # What follows from a change ----------------------------------------------------------------------

    def _changed(self, event: str, key: ObjectKey, before: Mapping[str, Any] | None) -> None:
        self.history.append(event)
        if key in self.objects:
            self._roll(key, before)
        now: set[tuple[str, Reference]] = set()
        for each in self.waiting():
            now.add((each.workload, each.reference))
            if (each.workload, each.reference) not in self._now_dangling:
                self.dangling.append(replace(each, after=event))
        self._now_dangling = now

    def _roll(self, key: ObjectKey, before: Mapping[str, Any] | None) -> None:
        template = template_of(self.objects[key])
        if template is None:
            return
        changed: tuple[str, ...] = ()
        number = 1
        if before is not None:
            differences = compare(template_of(before) or {}, template)
            if not differences:
                return
            changed = tuple(change.path for change in differences)
            number += next(
                each.number
                for each in reversed(self.rollouts)
                if (each.kind, each.namespace, each.name) == (key.kind, key.namespace, key.name)
            )
        self.rollouts.append(Rollout(key.kind, key.namespace, key.name, number, changed))

    def waiting(self) -> Iterator[Dangling]:
        """Yield every reference of a workload that is without its object or key now."""
        for key, manifest in list(self.objects.items()):
            template = template_of(manifest)
            if template is None:
                continue
            contents = self.contents(key.namespace)
            for reference in dict.fromkeys(references(template.get("spec") or {})):
                reason = reference.missing(contents)
                if reason:
                    yield Dangling(str(key), reference, reason)

    def contents(self, namespace: str) -> Callable[[str, str], Mapping[str, bytes] | None]:
        """Return a function that gives what a Secret or ConfigMap of a namespace holds."""

        def held(kind: str, name: str) -> Mapping[str, bytes] | None:
            found = self.objects.get(ObjectKey("", kind, namespace, name))
            return None if found is None else contents_of(found)

        return held

    # What the server refuses -------------------------------------------------------------------------

    def _check_types(self, manifest: Mapping[str, Any], key: ObjectKey) -> None:
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
                try:
                    base64.b64decode("".join(value.split()), validate=True)
                except ValueError:
                    raise CloudError(
                        "BadRequest",
                        f'{key.kind} in version "v1" cannot be handled as a {key.kind}: illegal'
                        " base64 data",
                        status=400,
                    ) from None

    def _problems(self, manifest: Mapping[str, Any], key: ObjectKey) -> Iterator[str]:
        if self._keeps(NAMES) and key.group != "rbac.authorization.k8s.io":
            is_name = is_label_name if key.kind == "Namespace" else is_subdomain
            for problem in is_name(key.name):
                yield f"metadata.name: Invalid value: {json.dumps(key.name)}: {problem}"
        yield from self._metadata_problems(manifest.get("metadata") or {}, "metadata")
        if not key.group and key.kind in {"Secret", "ConfigMap"}:
            yield from self._data_problems(manifest)
        template = template_of(manifest)
        if template is None:
            return
        path = _TEMPLATE_PATHS.get(key.kind, "spec.template.")
        if path:
            yield from self._metadata_problems(template.get("metadata") or {}, f"{path}metadata")
        yield from self._pod_problems(template.get("spec") or {}, f"{path}spec")
        selector = (manifest.get("spec") or {}).get("selector")
        if key.group == "apps" and self._keeps(SELECTOR):
            labels = (template.get("metadata") or {}).get("labels") or {}
            yield from _selector_problems(selector, labels, path)

    def _metadata_problems(self, metadata: Mapping[str, Any], path: str) -> Iterator[str]:
        if not self._keeps(LABELS):
            return
        for name, value in (metadata.get("labels") or {}).items():
            for problem in is_label_key(name):
                yield f"{path}.labels: Invalid value: {json.dumps(name)}: {problem}"
            for problem in is_label_value(str(value)):
                yield f"{path}.labels: Invalid value: {json.dumps(value)}: {problem}"
        for name in metadata.get("annotations") or {}:
            for problem in is_label_key(name.lower()):
                yield f"{path}.annotations: Invalid value: {json.dumps(name)}: {problem}"

    def _data_problems(self, manifest: Mapping[str, Any]) -> Iterator[str]:
        for field in ("data", "binaryData"):
            for name in manifest.get(field) or {} if self._keeps(DATA_KEYS) else ():
                for problem in is_data_key(name):
                    yield f"{field}[{name}]: Invalid value: {json.dumps(name)}: {problem}"
        size = sum(len(value) for value in contents_of(manifest).values())
        if size > SIZE_LIMIT and self._keeps(DATA_SIZE):
            field = "data" if manifest["kind"] == "Secret" else "[]"
            yield f"{field}: Too long: may not be more than {SIZE_LIMIT} bytes"

    def _pod_problems(self, spec: Mapping[str, Any], path: str) -> Iterator[str]:
        volumes = {volume.get("name") for volume in spec.get("volumes") or []}
        numbers: dict[str, int] = {}
        for field, container in containers(spec):
            number = numbers[field] = numbers.get(field, -1) + 1
            where = f"{path}.{field}[{number}]"
            for index, variable in enumerate(container.get("env") or []):
                yield from self._variable_problems(variable, f"{where}.env[{index}]")
            for index, source in enumerate(container.get("envFrom") or []):
                prefix = source.get("prefix")
                if prefix and self._keeps(VARIABLE_NAMES):
                    for problem in is_variable_name(prefix):
                        yield (
                            f"{where}.envFrom[{index}].prefix: Invalid value:"
                            f" {json.dumps(prefix)}: {problem}"
                        )
            if self._keeps(MOUNTS):
                yield from _mount_problems(container.get("volumeMounts") or [], volumes, where)

    def _variable_problems(self, variable: Mapping[str, Any], where: str) -> Iterator[str]:
        name, value_from = variable.get("name"), variable.get("valueFrom")
        if self._keeps(VARIABLE_NAMES):
            if not name:
                yield f"{where}.name: Required value"
            else:
                for problem in is_variable_name(name):
                    yield f"{where}.name: Invalid value: {json.dumps(name)}: {problem}"
        if value_from is None or not self._keeps(ONE_SOURCE):
            return
        sources = [field for field in _VALUE_SOURCES if value_from.get(field)]
        if not sources:
            yield (
                f'{where}.valueFrom: Invalid value: "": must specify one of: `fieldRef`,'
                " `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
            )
        elif variable.get("value"):
            yield (
                f'{where}.valueFrom: Invalid value: "": may not be specified when `value` is not'
                " empty"
            )
        elif len(sources) > 1:
            yield (
                f'{where}.valueFrom: Invalid value: "": may not have more than one field specified'
                " at a time"
            )
        for field in sources:
            key = value_from[field].get("key")
            if field.endswith("MapKeyRef") or field == "secretKeyRef":
                if not key:
                    yield f"{where}.valueFrom.{field}.key: Required value"
                for problem in is_data_key(key) if key and self._keeps(DATA_KEYS) else ():
                    yield (
                        f"{where}.valueFrom.{field}.key: Invalid value: {json.dumps(key)}: {problem}"
                    )

    def _problems_of_update(
        self, manifest: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Iterator[str]:
        kind, group = manifest["kind"], group_of(manifest)
        if not group and before.get("immutable") and self._keeps(IMMUTABLE):
            rule = "field is immutable when `immutable` is set"
            if not manifest.get("immutable"):
                yield f"immutable: Forbidden: {rule}"
            for field in ("data", "binaryData"):
                if (manifest.get(field) or {}) != (before.get(field) or {}):
                    yield f"{field}: Forbidden: {rule}"
        if not self._keeps(FIXED_FIELDS):
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


_TEMPLATE_PATHS: Final = {"Pod": "", "CronJob": "spec.jobTemplate.spec.template."}
_VALUE_SOURCES: Final = (
    "fieldRef",
    "resourceFieldRef",
    "configMapKeyRef",
    "secretKeyRef",
    "fileKeyRef",
)
_FIXED: Final = {
    ("apps", "Deployment"): ("selector",),
    ("apps", "DaemonSet"): ("selector",),
    ("apps", "ReplicaSet"): ("selector",),
    ("apps", "StatefulSet"): ("selector", "serviceName", "podManagementPolicy"),
    ("batch", "Job"): ("template", "selector", "completionMode"),
}


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
        if isinstance(value, str) and _is_base64(value)
        else value
        for key, value in (manifest.get("data") or {}).items()
    }
    for key, value in (manifest.get("stringData") or {}).items():
        data[key] = base64.b64encode(str(value).encode()).decode()
    rest = {key: value for key, value in manifest.items() if key not in {"data", "stringData"}}
    return {**rest, "data": data} if data else rest


def _is_base64(text: str) -> bool:
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
    return base64.b64decode("".join(value.split())) if _is_base64(value) else value.encode()


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


def _selector_problems(
    selector: Mapping[str, Any] | None, labels: Mapping[str, str], path: str
) -> Iterator[str]:
    if not selector:
        yield "spec.selector: Required value"
        return
    wanted = selector.get("matchLabels") or {}
    matches = all(labels.get(name) == value for name, value in wanted.items())
    for each in selector.get("matchExpressions") or []:
        there, values = labels.get(each.get("key")), each.get("values") or []
        matches &= {
            "In": there in values,
            "NotIn": there not in values,
            "Exists": there is not None,
            "DoesNotExist": there is None,
        }.get(str(each.get("operator")), False)
    if not matches:
        yield (
            f"{path}metadata.labels: Invalid value: {json.dumps(dict(labels))}:"
            " `selector` does not match template `labels`"
        )


def _mount_problems(
    mounts: list[Mapping[str, Any]], volumes: set[Any], where: str
) -> Iterator[str]:
    taken: set[Any] = set()
    for index, mount in enumerate(mounts):
        at = f"{where}.volumeMounts[{index}]"
        if mount.get("name") not in volumes:
            yield f"{at}.name: Not found: {json.dumps(mount.get('name'))}"
        path = mount.get("mountPath")
        if not path:
            yield f"{at}.mountPath: Required value"
        elif path in taken:
            yield f"{at}.mountPath: Invalid value: {json.dumps(path)}: must be unique"
        taken.add(path)
        if ".." in str(mount.get("subPath") or "").split("/"):
            yield f"{at}.subPath: Invalid value: {json.dumps(mount['subPath'])}: must not contain '..'"
        elif str(mount.get("subPath") or "").startswith("/"):
            yield f"{at}.subPath: Invalid value: {json.dumps(mount['subPath'])}: must be a relative path"


# Names --------------------------------------------------------------------------------------------------

_LABEL_NAME = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL_NAME}(\.{_LABEL_NAME})*"
_LABEL_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_LABEL_KEY})?"
_DATA_KEY = "[-._a-zA-Z0-9]+"


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text) is not None


def _explained(rule: str, pattern: str, *examples: str) -> str:
    quoted = " or ".join(f"'{example}', " for example in examples)
    return f"{rule} (e.g. {quoted}regex used for validation is '{pattern}')"


def _too_long(limit: int) -> str:
    return f"must be no more than {limit} characters"


def is_subdomain(name: str) -> Iterator[str]:
    """Yield why a text is no lower-case RFC 1123 subdomain."""
    if len(name) > NAME_LENGTH:
        yield _too_long(NAME_LENGTH)
    if not _matches(_SUBDOMAIN, name):
        yield _explained(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters,"
            " '-' or '.', and must start and end with an alphanumeric character",
            _SUBDOMAIN,
            "example.com",
        )


def is_label_name(name: str) -> Iterator[str]:
    """Yield why a text is no lower-case RFC 1123 label."""
    if len(name) > LABEL_LENGTH:
        yield _too_long(LABEL_LENGTH)
    if _matches(_LABEL_NAME, name):
        return
    if _matches(_SUBDOMAIN, name):
        yield "must not contain dots"
    else:
        yield _explained(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-',"
            " and must start and end with an alphanumeric character",
            _LABEL_NAME,
            "my-name",
            "123-abc",
        )


def is_label_key(name: str) -> Iterator[str]:
    """Yield why a text cannot be the name of a label."""
    rule = (
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an"
        " alphanumeric character"
    )
    explained = _explained(rule, _LABEL_KEY, "MyName", "my.name", "123-abc")
    prefix, slash, rest = name.rpartition("/")
    if "/" in prefix:
        yield (
            f"a valid label key {explained} with an optional DNS subdomain prefix and '/'"
            " (e.g. 'example.com/MyName')"
        )
        return
    if slash and not prefix:
        yield "prefix part must be non-empty"
    elif slash:
        yield from (f"prefix part {problem}" for problem in is_subdomain(prefix))
    if not rest:
        yield "name part must be non-empty"
    elif len(rest) > LABEL_LENGTH:
        yield f"name part {_too_long(LABEL_LENGTH)}"
    if not _matches(_LABEL_KEY, rest):
        yield f"name part {explained}"


def is_label_value(value: str) -> Iterator[str]:
    """Yield why a text cannot be the value of a label."""
    if len(value) > LABEL_LENGTH:
        yield _too_long(LABEL_LENGTH)
    if not _matches(_LABEL_VALUE, value):
        yield _explained(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_'"
            " or '.', and must start and end with an alphanumeric character",
            _LABEL_VALUE,
            "MyValue",
            "my_value",
            "12345",
        )


def is_data_key(name: str) -> Iterator[str]:
    """Yield why a text cannot be a key of a Secret or ConfigMap."""
    if len(name) > NAME_LENGTH:
        yield _too_long(NAME_LENGTH)
    if not _matches(_DATA_KEY, name):
        yield _explained(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
            _DATA_KEY,
            "key.name",
            "KEY_NAME",
            "key-name",
        )
    if name in {".", ".."}:
        yield f"must not be '{name}'"
    elif name.startswith(".."):
        yield "must not start with '..'"


def is_variable_name(name: str) -> Iterator[str]:
    """Yield why a text cannot be the name of an environment variable."""
    if not _matches(r"[ -<>-~]+", name):
        yield (
            "a valid environment variable name must consist only of printable ASCII characters other"
            " than '='"
        )
