"""What a change of the cluster means for its workloads: which roll, and which point at nothing.

No controller and no scheduler runs: a rollout is over at once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from infra_secrets.testing.cluster.kubelet import Reference, references, template_of
from infra_secrets.testing.cluster.objects import ObjectKey, contents_in
from infra_secrets.testing.simulation import compare


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


class Rollouts:
    """Notes after each change which workloads roll, and which of them are left pointing at nothing.

    Args:
        objects: The objects of the cluster, as they are at any time.

    Attributes:
        rolled: Every rollout, in order.
        dangling: Every reference that was without its object or key after some change, in order.
    """

    def __init__(self, objects: Mapping[ObjectKey, dict[str, Any]]) -> None:
        self.rolled: list[Rollout] = []
        self.dangling: list[Dangling] = []
        self._objects = objects
        self._now_dangling: set[tuple[str, Reference]] = set()

    def after(self, event: str, key: ObjectKey, before: Mapping[str, Any] | None) -> None:
        """Look at the workloads after a change.

        Args:
            event: What has happened, as in `ApiServer.history`.
            key: The object that it has happened to.
            before: The object as it was; None if it was not there.
        """
        if key in self._objects:
            self._roll(key, before)
        now: set[tuple[str, Reference]] = set()
        for each in self.waiting():
            now.add((each.workload, each.reference))
            if (each.workload, each.reference) not in self._now_dangling:
                self.dangling.append(replace(each, after=event))
        self._now_dangling = now

    def _roll(self, key: ObjectKey, before: Mapping[str, Any] | None) -> None:
        template = template_of(self._objects[key])
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
                for each in reversed(self.rolled)
                if (each.kind, each.namespace, each.name) == (key.kind, key.namespace, key.name)
            )
        self.rolled.append(Rollout(key.kind, key.namespace, key.name, number, changed))

    def waiting(self) -> Iterator[Dangling]:
        """Yield every reference of a workload that is without its object or key now."""
        for key, manifest in list(self._objects.items()):
            template = template_of(manifest)
            if template is None:
                continue
            contents = contents_in(self._objects, key.namespace)
            for reference in dict.fromkeys(references(template.get("spec") or {})):
                reason = reference.missing(contents)
                if reason:
                    yield Dangling(str(key), reference, reason)
