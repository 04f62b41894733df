"""What the API server refuses of a pod template: variables, mounts, and labels that no selector finds."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from infra_secrets.testing.cluster.kubelet import containers
from infra_secrets.testing.cluster.names import is_data_key, is_variable_name
from infra_secrets.testing.simulation import Keeps, Rule

_VALIDATION = "kubernetes v1.36.3 pkg/apis/core/validation/validation.go"

DATA_KEYS: Final = Rule(
    "kubernetes-data-keys",
    "A key of a Secret or ConfigMap has 1 to 253 of A-Z a-z 0-9 -_. and does not begin with `..`.",
    _VALIDATION + ", ValidateSecret, ValidateConfigMap",
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
RULES: Final = (DATA_KEYS, VARIABLE_NAMES, ONE_SOURCE, MOUNTS, SELECTOR)

_VALUE_SOURCES: Final = (
    "fieldRef",
    "resourceFieldRef",
    "configMapKeyRef",
    "secretKeyRef",
    "fileKeyRef",
)


def problems(spec: Mapping[str, Any], path: str, keeps: Keeps) -> Iterator[str]:
    """Yield everything that is wrong with a pod's spec, which stands at a path of its object."""
    volumes = {volume.get("name") for volume in spec.get("volumes") or []}
    numbers: dict[str, int] = {}
    for field, container in containers(spec):
        number = numbers[field] = numbers.get(field, -1) + 1
        where = f"{path}.{field}[{number}]"
        for index, variable in enumerate(container.get("env") or []):
            yield from _variable_problems(variable, f"{where}.env[{index}]", keeps)
        for index, source in enumerate(container.get("envFrom") or []):
            prefix = source.get("prefix")
            if prefix and keeps(VARIABLE_NAMES):
                for problem in is_variable_name(prefix):
                    yield (
                        f"{where}.envFrom[{index}].prefix: Invalid value:"
                        f" {json.dumps(prefix)}: {problem}"
                    )
        if keeps(MOUNTS):
            yield from _mount_problems(container.get("volumeMounts") or [], volumes, where)


def _variable_problems(variable: Mapping[str, Any], where: str, keeps: Keeps) -> Iterator[str]:
    name, value_from = variable.get("name"), variable.get("valueFrom")
    if keeps(VARIABLE_NAMES):
        if not name:
            yield f"{where}.name: Required value"
        else:
            for problem in is_variable_name(name):
                yield f"{where}.name: Invalid value: {json.dumps(name)}: {problem}"
    if value_from is None or not keeps(ONE_SOURCE):
        return
    sources = [field for field in _VALUE_SOURCES if value_from.get(field)]
    if not sources:
        yield (
            f'{where}.valueFrom: Invalid value: "": must specify one of: `fieldRef`,'
            " `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        )
    elif variable.get("value"):
        yield (
            f'{where}.valueFrom: Invalid value: "": may not be specified when `value` is not empty'
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
            for problem in is_data_key(key) if key and keeps(DATA_KEYS) else ():
                yield (
                    f"{where}.valueFrom.{field}.key: Invalid value: {json.dumps(key)}: {problem}"
                )


def selector_problems(
    selector: Mapping[str, Any] | None, labels: Mapping[str, str], path: str
) -> Iterator[str]:
    """Yield why the selector of a workload does not find the pods of its template."""
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
