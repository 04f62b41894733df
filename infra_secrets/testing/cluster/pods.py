"""The pods of a workload of the simulated cluster, and what each of their containers sees."""

from collections.abc import Mapping
from typing import Any

from infra_secrets.testing.cluster import kubelet
from infra_secrets.testing.cluster.apiserver import ApiServer
from infra_secrets.testing.cluster.objects import ObjectKey, contents_in
from infra_secrets.testing.simulation import NoSuchSecretError


class Pods:
    """The pods of one workload, as its template says they are.

    Args:
        server: Where it is.
        key: The workload.

    Raises:
        NoSuchSecretError: It has no pods.
    """

    def __init__(self, server: ApiServer, key: ObjectKey) -> None:
        template = kubelet.template_of(server.objects[key])
        if template is None:
            raise NoSuchSecretError(f"{key} has no pods")
        self._key = key
        self._keeps = server.keeps
        self._metadata: Mapping[str, Any] = template.get("metadata") or {}
        self._spec: Mapping[str, Any] = template.get("spec") or {}
        self._contents = contents_in(server.objects, key.namespace)

    def environment(self, container: str | None) -> dict[str, str]:
        """Return the environment variables with which a container starts."""
        found = self._container(container)
        return kubelet.environment(found, self._contents, self._downward(), self._keeps)

    def files(self, container: str | None) -> dict[str, bytes]:
        """Return every file that Secrets and ConfigMaps put into a container, by its path."""
        found = self._container(container)
        needs_variables = any(each.get("subPathExpr") for each in found.get("volumeMounts") or [])
        variables = self.environment(container) if needs_variables else {}
        return kubelet.files(self._spec, found, self._contents, variables)

    def _container(self, name: str | None) -> Mapping[str, Any]:
        every = [container for _, container in kubelet.containers(self._spec)]
        wanted = [
            container
            for container in (every if name is not None else self._spec.get("containers") or [])
            if name in {None, container.get("name")}
        ]
        if len(wanted) != 1:
            names = ", ".join(str(container.get("name")) for container in every)
            raise NoSuchSecretError(
                f"{self._key} has the containers {names}. Choose one with container="
            )
        found: Mapping[str, Any] = wanted[0]
        return found

    def _downward(self) -> dict[str, str]:
        """Return what the downward API says in a pod, by field path."""
        key = self._key
        said = {"metadata.name": f"{key.name}-0", "metadata.namespace": key.namespace}
        for field in ("labels", "annotations"):
            for name, value in (self._metadata.get(field) or {}).items():
                said[f"metadata.{field}['{name}']"] = str(value)
        return said
