"""A pod with the variables, files and volumes of an environment in it.

It writes references only, never a literal value, and refuses what is set already.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra_secrets.component.argument_types import SequenceNotStr
from infra_secrets.component.given import is_input, kind
from infra_secrets.component.outputs import apply_clearly
from infra_secrets.errors import WorkloadError
from infra_secrets.rules.wording import camel, nearest, shown, snake
from infra_secrets.workloads.objects import (
    NO_OBJECT,
    joined,
    member,
    once_known,
    with_member,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PodInjection:
    """What goes into a pod: into every chosen container, and its volumes.

    Lists hold plain Kubernetes objects in camelCase; names of Secrets and ConfigMaps in them are outputs.
    """

    owner: str
    """Who injects, for messages, e.g. `EscEnv("nlp")`."""
    variables: Sequence[Mapping[str, Any]] = ()
    env_from: Sequence[Mapping[str, Any]] = ()
    names: Sequence[str] = ()
    """Every variable that `variables` or `env_from` sets."""
    volumes: Sequence[Mapping[str, Any]] = ()
    mounts: Sequence[Mapping[str, Any]] = ()

    def error(self, problem: str) -> WorkloadError:
        """Make a refusal in the name of who injects."""
        return WorkloadError(f"{self.owner}: {problem}")

    def into_pod(self, pod: Any, containers: Any, init_containers: Any) -> Any:
        """Return a pod's spec with everything in it."""
        pod = with_member(
            pod,
            "containers",
            once_known(
                member(pod, "containers"),
                lambda all_: self._into_all(all_, "containers", containers),
            ),
        )
        if init_containers:
            wanted = None if init_containers is True else init_containers
            found = member(pod, "init_containers")
            if found is not None or wanted is not None:
                pod = with_member(
                    pod,
                    "init_containers",
                    once_known(
                        found or [], lambda all_: self._into_all(all_, "init_containers", wanted)
                    ),
                )
        if self.volumes:
            pod = self._extended(pod, "volumes", self.volumes, by="name", says="has a volume")
        return pod

    def _into_all(self, found: Any, argument: str, wanted: SequenceNotStr[str] | None) -> Any:
        if not isinstance(found, Sequence) or isinstance(found, str):
            raise self.error(f"the spec's {argument} must be a list; found {kind(found)}.")
        if not found and wanted is None and argument == "containers":
            raise self.error("the spec has no containers, so nothing would get the variables.")
        names = [member(each, "name") for each in found if not is_input(each)]
        known = [name for name in names if isinstance(name, str)]
        if len(known) == len(found):
            for name in wanted or ():
                if name not in known:
                    close = nearest(name, known)
                    raise self.error(
                        f"{argument} names {shown(name)}, which the spec does not have; it has "
                        f"{', '.join(map(repr, known)) or 'none'}."
                        + (f" Did you mean {close!r}?" if close else "")
                    )
        return [
            once_known(each, lambda container: self._into_one(container, wanted)) for each in found
        ]

    def _into_one(self, container: Any, wanted: SequenceNotStr[str] | None) -> Any:
        if container is None or isinstance(container, NO_OBJECT):
            raise self.error(
                f"a container must be a dictionary or ContainerArgs; found {kind(container)}."
            )
        name = member(container, "name")
        if wanted is not None and is_input(name):
            raise self.error(
                "a container's name is an output that is not known yet, so it cannot be chosen by name; give it as a "
                "plain string, or leave containers= out."
            )
        if wanted is not None and name not in wanted:
            return container
        where = f"container {shown(name)}" if isinstance(name, str) else "a container"
        before = member(container, "env")
        if self.variables or (self.names and before is not None):
            container = with_member(container, "env", self._variables(before, where))
        if self.env_from:
            before = once_known(member(container, "env_from"), self._a_list(f"{where}: envFrom"))
            container = with_member(container, "env_from", joined(before, self.env_from))
        if self.mounts:
            container = self._extended(
                container,
                "volume_mounts",
                self.mounts,
                by="mountPath",
                says=f"{where} mounts something at",
                where=f"{where}: ",
            )
        return container

    def _a_list(self, what: str) -> Callable[[Any], Any]:
        """Make a check that something is a list or nothing."""

        def checked(entries: Any) -> Any:
            if not isinstance(entries, list | tuple | None):
                raise self.error(f"{what} must be a list; found {kind(entries)}.")
            return entries

        return checked

    def _variables(self, before: Any, where: str) -> Any:
        ours = frozenset(self.names)

        listed = self._a_list(f"the env of {where}")

        def all_checked(entries: Any) -> list[Any]:
            return [checked(each) for each in listed(entries) or ()]

        def checked(entry: Any) -> Any:
            if is_input(entry):
                return apply_clearly(entry, checked)
            if entry is None or isinstance(entry, NO_OBJECT):
                raise self.error(
                    f"an entry in the env of {where} must be a dictionary or EnvVarArgs; found {kind(entry)}."
                )
            name = member(entry, "name")
            if is_input(name):
                return with_member(entry, "name", apply_clearly(name, refused_if_set))
            refused_if_set(name)
            return entry

        def refused_if_set(name: Any) -> Any:
            if name in ours:
                raise self.error(
                    f"{where} sets {name} already, and Kubernetes would silently take the last one. Remove it from "
                    f"the container, or from the environment."
                )
            return name

        # Ours first: Kubernetes expands `$(NAME)` in a literal only where NAME has come before.
        if is_input(before):
            return joined(self.variables, apply_clearly(before, all_checked))
        return [*self.variables, *all_checked(before)]

    def _extended(
        self,
        node: Any,
        what: str,
        more: Sequence[Mapping[str, Any]],
        *,
        by: str,
        says: str,
        where: str = "",
    ) -> Any:
        """Add to a list of a pod or container, unless something of that name is there."""
        ours = [each[by] for each in more]

        listed = self._a_list(f"{where}{camel(what)}")

        def checked(entries: Any) -> Any:
            for each in listed(entries) or ():
                theirs = member(each, snake(by))
                if isinstance(theirs, str) and theirs.rstrip("/") in ours:
                    raise self.error(
                        f"{says} {shown(theirs)} already. Remove it from the spec, or from files=."
                    )
            return entries

        return with_member(node, what, joined(once_known(member(node, what), checked), more))
