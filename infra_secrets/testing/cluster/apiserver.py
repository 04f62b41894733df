"""A Kubernetes API server, as far as it decides whether a workload finds its configuration.

`ApiServer` stores objects of every kind (`objects.py`) and refuses what a real server refuses, in its
words (`admission.py`). After each change it notes what that means for workloads (`rollouts.py`).
Defaults, server-side apply, quotas and permissions are not simulated, and of the controllers only
what deletes with its owner or its namespace.
"""

import copy
from collections.abc import Iterable, Mapping
from typing import Any, Final

from infra_secrets.testing.cluster import admission
from infra_secrets.testing.cluster.objects import ObjectKey, as_stored, not_found
from infra_secrets.testing.cluster.rollouts import Rollouts
from infra_secrets.testing.simulation import CloudError, KeepsRules, Rule

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
OWNED: Final = Rule(
    "kubernetes-deletes-what-is-owned",
    "What an object owns is deleted with it, and what is in a namespace with that.",
    "kubernetes pkg/controller/garbagecollector, pkg/controller/namespace",
)
RULES: Final = (UNIQUE, NAMESPACES, OWNED, *admission.RULES)


class ApiServer(KeepsRules):
    """The objects of one cluster.

    Args:
        without: Ids of rules that are switched off.

    Attributes:
        objects: Every object as the API shows it.
        history: Every change in order, e.g. `create Secret default/nlp-1a2b3c4d`.
        rollouts: What each change meant for the workloads.
    """

    def __init__(self, without: Iterable[str] = ()) -> None:
        super().__init__(without)
        self.objects: dict[ObjectKey, dict[str, Any]] = {}
        self.history: list[str] = []
        self.rollouts = Rollouts(self.objects)
        self._made = 0
        for name in ("default", "kube-system"):
            self._store({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def get(self, key: ObjectKey) -> dict[str, Any]:
        """Return a copy of an object."""
        return copy.deepcopy(self._existing(key))

    def create(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object and return it as it is stored."""
        stored = self.admit(manifest)
        key = ObjectKey.of(stored)
        if self.keeps(NAMESPACES) and key.namespace:
            home = ObjectKey("", "Namespace", "", key.namespace)
            if home not in self.objects:
                raise not_found(home)
        if self.keeps(UNIQUE) and key in self.objects:
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
        if not self.keeps(OWNED):
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
        if self.keeps(admission.DATA_TYPES):
            admission.check_types(manifest, key)
        stored = as_stored(manifest)
        if before is not None:
            kept = {field: before["metadata"].get(field) for field in ("uid", "ownerReferences")}
            stored["metadata"] |= {field: value for field, value in kept.items() if value}
            if before.get("status") is not None:
                stored["status"] = copy.deepcopy(before["status"])
        problems = list(admission.problems(stored, key, self.keeps))
        if before is not None:
            problems += admission.problems_of_update(stored, before, self.keeps)
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

    def _changed(self, event: str, key: ObjectKey, before: Mapping[str, Any] | None) -> None:
        self.history.append(event)
        self.rollouts.after(event, key, before)
