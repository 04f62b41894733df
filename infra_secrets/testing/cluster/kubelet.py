"""What a kubelet makes of a pod: which Secrets and ConfigMaps it needs, and what a container sees.

Plain functions over pod specs as the API shows them. Images, probes, service links, the downward
API beyond a few names, and files that another container writes are not simulated.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from infra_secrets.testing.simulation import CloudError, Keeps, Rule

EXPANDS: Final = Rule(
    "kubernetes-expands-literals",
    "`$(NAME)` in a literal becomes the value of a variable that was set before it; `$$(NAME)` stays"
    " as `$(NAME)`; a value from a Secret or ConfigMap is never expanded.",
    "kubernetes pkg/kubelet/kubelet_pods.go, makeEnvironmentVariables; third_party/forked/golang/"
    "expansion",
)
ENV_WINS: Final = Rule(
    "kubernetes-env-wins-over-env-from",
    "A variable of `env` takes the place of one that `envFrom` brought.",
    "kubernetes pkg/kubelet/kubelet_pods.go, makeEnvironmentVariables",
)
NO_NUL: Final = Rule(
    "kubernetes-no-nul-in-the-environment",
    "A container whose environment holds a NUL byte does not start.",
    "opencontainers/runc libcontainer/env.go; a C string ends there",
)
RULES: Final = (EXPANDS, ENV_WINS, NO_NUL)

TEMPLATES: Final[Mapping[str, tuple[str, ...]]] = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}
"""Where each kind of workload keeps its pod template."""

Contents = Callable[[str, str], Mapping[str, bytes] | None]
"""Returns what a Secret or ConfigMap (its kind, its name) holds; None if there is none."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One place where a pod names a Secret or a ConfigMap.

    Attributes:
        kind: `Secret` or `ConfigMap`.
        name: Its name.
        key: The key that must be in it; empty if any content will do.
        where: The place in the pod, e.g. `container app, env API_TOKEN`.
        optional: Whether the pod starts without it.
    """

    kind: str
    name: str
    key: str
    where: str
    optional: bool

    def missing(self, contents: Contents) -> str:
        """Return why a pod waits for it, in the kubelet's words; empty if it does not."""
        if self.optional:
            return ""
        held = contents(self.kind, self.name)
        if held is None:
            return f'{self.kind.lower()} "{self.name}" not found'
        if self.key and self.key not in held:
            return f"couldn't find key {self.key} in {self.kind} {self.name}"
        return ""


def template_of(manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the pod template (`metadata` and `spec`) of a workload; None for any other object."""
    path = TEMPLATES.get(str(manifest.get("kind")))
    if path is None:
        return None
    found: Any = manifest
    for step in path:
        found = (found or {}).get(step)
    if not path:
        labelled = {
            key: (found.get("metadata") or {}).get(key) for key in ("annotations", "labels")
        }
        found = {"metadata": labelled, "spec": found.get("spec")}
    return dict(found or {})


def containers(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every container of a pod spec after the field that it is in."""
    for field in ("initContainers", "containers"):
        for container in spec.get(field) or []:
            yield field, container


def references(spec: Mapping[str, Any]) -> Iterator[Reference]:
    """Yield every Secret and ConfigMap that the containers of a pod need.

    `imagePullSecrets` are left out: a pod starts without them where the image can be had.
    """
    for _, container in containers(spec):
        whose = f"container {container.get('name')}"
        for source in container.get("envFrom") or []:
            for kind, field in (("Secret", "secretRef"), ("ConfigMap", "configMapRef")):
                if source.get(field):
                    yield _reference(kind, source[field], "name", f"{whose}, envFrom")
        for variable in container.get("env") or []:
            value_from = variable.get("valueFrom") or {}
            for kind, field in (("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")):
                selector = value_from.get(field)
                if selector:
                    where = f"{whose}, env {variable.get('name')}"
                    yield _reference(kind, selector, "name", where, str(selector.get("key") or ""))
    for volume in spec.get("volumes") or []:
        for kind, source, name in _sources(volume):
            where = f"volume {volume.get('name')}"
            keys = [str(item.get("key")) for item in source.get("items") or []]
            for key in keys or [""]:
                yield _reference(kind, source, name, where, key)


def _reference(
    kind: str, source: Mapping[str, Any], field: str, where: str, key: str = ""
) -> Reference:
    return Reference(kind, str(source.get(field) or ""), key, where, bool(source.get("optional")))


def _sources(volume: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Yield kind, source and the field of the name for each Secret and ConfigMap of a volume."""
    if volume.get("secret"):
        yield "Secret", volume["secret"], "secretName"
    if volume.get("configMap"):
        yield "ConfigMap", volume["configMap"], "name"
    for source in (volume.get("projected") or {}).get("sources") or []:
        if source.get("secret"):
            yield "Secret", source["secret"], "name"
        if source.get("configMap"):
            yield "ConfigMap", source["configMap"], "name"


def environment(
    container: Mapping[str, Any],
    contents: Contents,
    pod: Mapping[str, str],
    keeps: Keeps,
) -> dict[str, str]:
    """Return the variables that a container starts with.

    Args:
        container: The container as the API shows it.
        contents: What the pod's namespace holds.
        pod: What the downward API says, by field path.
        keeps: Whether a rule is switched on.

    Raises:
        CloudError: `CreateContainerConfigError`: something that is not optional is not there.
            `CreateContainerError`: a value holds a NUL byte.
    """
    brought: dict[str, str] = {}
    for source in container.get("envFrom") or []:
        for kind, field in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            if source.get(field):
                needed = _reference(kind, source[field], "name", "envFrom")
                held = _held(needed, contents) or {}
                prefix = source.get("prefix") or ""
                brought |= {f"{prefix}{key}": _text(value) for key, value in held.items()}
    seen = dict(brought)
    for variable in container.get("env") or []:
        name = str(variable.get("name"))
        literal = variable.get("value") or ""
        value: str | None = literal
        if literal and keeps(EXPANDS):
            value = expand(literal, seen)
        elif not literal and variable.get("valueFrom"):
            value = _from_source(variable["valueFrom"], contents, pod)
        if value is not None:
            seen[name] = value
    if not keeps(ENV_WINS):
        seen |= brought
    if keeps(NO_NUL):
        for name, value in seen.items():
            if "\0" in value:
                raise CloudError(
                    "CreateContainerError", f'invalid environment variable "{name}": nul byte'
                )
    return seen


def _from_source(
    source: Mapping[str, Any], contents: Contents, pod: Mapping[str, str]
) -> str | None:
    for kind, field in (("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")):
        selector = source.get(field)
        if selector:
            key = str(selector.get("key"))
            held = _held(_reference(kind, selector, "name", "env", key), contents)
            return None if held is None or key not in held else _text(held[key])
    return pod.get(str((source.get("fieldRef") or {}).get("fieldPath")), "")


def _held(needed: Reference, contents: Contents) -> Mapping[str, bytes] | None:
    reason = needed.missing(contents)
    if reason:
        raise CloudError("CreateContainerConfigError", reason)
    return contents(needed.kind, needed.name)


def _text(value: bytes) -> str:
    return value.decode("utf-8", errors="surrogateescape")


_EXPRESSION = re.compile(r"\$(?:(\$)|\(([^)]*)\))")


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Return a literal with `$(NAME)` replaced; a name that is not known stays as it is written."""

    def replaced(match: re.Match[str]) -> str:
        escaped, name = match.groups()
        return "$" if escaped else variables.get(name, match[0])

    return _EXPRESSION.sub(replaced, text)


def files(
    spec: Mapping[str, Any],
    container: Mapping[str, Any],
    contents: Contents,
    variables: Mapping[str, str],
) -> dict[str, bytes]:
    """Return every file that Secrets and ConfigMaps put into a container, by its path.

    A `subPath` that names nothing in the volume gives no file: the kubelet makes an empty directory.

    Args:
        spec: The pod spec.
        container: One of its containers.
        contents: What the pod's namespace holds.
        variables: The container's environment, for `subPathExpr`.

    Raises:
        CloudError: `ContainerCreating`: something that is not optional is not there.
    """
    volumes = {
        str(volume.get("name")): _volume(volume, contents) for volume in spec.get("volumes") or []
    }
    found: dict[str, bytes] = {}
    mounts = container.get("volumeMounts") or []
    for mount in sorted(mounts, key=lambda each: str(each.get("mountPath")).count("/")):
        there = volumes.get(str(mount.get("name")), {})
        at = str(mount.get("mountPath")).rstrip("/")
        part = str(mount.get("subPath") or expand(mount.get("subPathExpr") or "", variables))
        if not part:
            found |= {f"{at}/{path}": content for path, content in there.items()}
        elif part in there:
            found[at] = there[part]
        else:
            inside = f"{part.rstrip('/')}/"
            found |= {
                f"{at}/{path.removeprefix(inside)}": content
                for path, content in there.items()
                if path.startswith(inside)
            }
    return found


def _volume(volume: Mapping[str, Any], contents: Contents) -> dict[str, bytes]:
    """Return the files of a volume by their path in it."""
    found: dict[str, bytes] = {}
    for kind, source, field in _sources(volume):
        name, optional = str(source.get(field)), bool(source.get("optional"))
        held = contents(kind, name)
        if held is None:
            if optional:
                continue
            raise _mount_failed(volume, f'{kind.lower()} "{name}" not found')
        items = source.get("items")
        if not items:
            found |= held
        for item in items or []:
            if item["key"] in held:
                found[item["path"]] = held[item["key"]]
            elif not optional:
                noun = "secret" if kind == "Secret" else "config"
                raise _mount_failed(volume, f"references non-existent {noun} key: {item['key']}")
    return found


def _mount_failed(volume: Mapping[str, Any], reason: str) -> CloudError:
    return CloudError(
        "ContainerCreating", f'MountVolume.SetUp failed for volume "{volume.get("name")}": {reason}'
    )
