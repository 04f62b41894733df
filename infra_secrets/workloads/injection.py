"""Puts environment variables and files into the pods of a workload, whatever kind it is and whoever writes it.

It takes what a Kubernetes resource takes: dictionaries with either spelling (`volumeMounts`, `volume_mounts`),
Pulumi's `*Args` objects, and outputs anywhere between them. It returns the same kind of thing and changes
nothing that it was given. It writes references only, never a literal value.
"""

import copy
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

import pulumi

from infra_secrets.component.argument_types import SequenceNotStr
from infra_secrets.component.given import is_input, kind, untransferable
from infra_secrets.component.internals import is_input_type
from infra_secrets.component.messages import one_clear_message
from infra_secrets.component.outputs import apply_clearly
from infra_secrets.component.plain_text import secrets_in
from infra_secrets.errors import OutputError, WorkloadError, combined
from infra_secrets.rules.wording import camel, nearest, shown

T = TypeVar("T")

WORKLOADS = re.compile(
    r"kubernetes:[^:]+:(Deployment|StatefulSet|DaemonSet|ReplicaSet|ReplicationController|Job|CronJob|Pod)"
)
"""Type tokens of the resources that run pods."""

BY_REFERENCE = (
    'Leave it out: a program gets it as a variable, EscEnv(secrets={{"NAME": "{key}"}}), and in a command line or '
    "another variable $(NAME) stands for it."
)
"""What to do instead of giving a value as a text; `{key}` stands for its config key."""

_AS_A_WHOLE = "a Deployment, StatefulSet, DaemonSet, Job, CronJob or Pod spec"
# From a spec down to its pod: of a CronJob, of a Job or Deployment, of a pod template or a whole manifest.
_WAYS_DOWN = ("job_template", "template", "spec")
_NO_TEMPLATE = (
    "reloader=True needs an annotation on the pod template, and there is no template here. Give "
    "inject the whole spec of the Deployment, StatefulSet, DaemonSet or CronJob, or the template, not the pod's. "
    "Nothing restarts a Pod of its own: it needs an environment without reloader."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """What goes into every chosen container, and into its pod.

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
    annotations: Mapping[str, str] = field(default_factory=dict)
    """For the pod template. A spec without one is refused where there are any."""
    old_ones_go: bool = False
    """Whether the objects that are referred to are deleted as soon as the workload refers to new ones."""

    def into(
        self,
        spec: T,
        containers: SequenceNotStr[str] | None,
        init_containers: bool | SequenceNotStr[str],
    ) -> T:
        """Return the spec with everything in it.

        Args:
            spec: A workload's spec, a pod template's or a pod's.
            containers: Names of the containers; None for all.
            init_containers: True for all init containers too, or the names of some.

        Raises:
            WorkloadError: It is not such a spec, a named container is not there, or something is set already.
        """
        with one_clear_message():
            self.refuse_secrets(
                {"spec": spec, "containers": containers, "init_containers": init_containers}
            )
            self.check_choice(containers, init_containers)
            self._check_content(spec)
            spec = self._with_its_outputs_checked(spec)
            return cast(T, self._descend(spec, containers, init_containers, not self.annotations))

    def for_a_transform(self) -> "Injection":
        """Return the same in a form whose dependencies survive a transform.

        Pulumi's SDK drops them from the outputs in what a transform returns, and the engine would delete a Secret
        while a workload still refers to it (pulumi 3.272, runtime/_callbacks.py).
        """
        return replace(
            self,
            variables=_with_dependencies(self.variables),
            env_from=_with_dependencies(self.env_from),
            volumes=_with_dependencies(self.volumes),
        )

    def refuse_secrets(self, given: Mapping[str, Any]) -> None:
        """Refuse the value of a secret of the stack's config in what is passed on with the spec."""
        problems = secrets_in(given, BY_REFERENCE)
        if problems:
            raise combined(self.owner, [WorkloadError(*problems)], WorkloadError)

    def check_choice(self, containers: object, init_containers: object) -> None:
        """Refuse what does not choose containers."""
        self.check_names("containers", containers)
        if not isinstance(init_containers, bool):
            self.check_names("init_containers", init_containers)

    def check_names(self, argument: str, names: object) -> None:
        """Refuse what is not a list of names; None is not one."""
        if names is not None and (
            isinstance(names, str)
            or not isinstance(names, Sequence)
            or not all(isinstance(name, str) for name in names)
            or not names
        ):
            raise self._error(f"{argument} must be a list of names; found {kind(names)}.")

    def _error(self, problem: str) -> WorkloadError:
        return WorkloadError(f"{self.owner}: {problem}")

    def _check_content(self, spec: Any) -> None:
        for problem in untransferable("spec", spec):
            raise self._error(problem)

    def _with_its_outputs_checked(self, node: Any, where: str = "spec") -> Any:
        """Let every output in a spec fail when it turns out to hold the value of a secret."""
        if isinstance(node, pulumi.Output):
            return self._shows_none(node, where)
        if isinstance(node, Mapping):
            return {
                key: self._with_its_outputs_checked(each, f"{where}[{shown(key)}]")
                for key, each in node.items()
            }
        if isinstance(node, list | tuple):
            return [
                self._with_its_outputs_checked(each, f"{where}[{place}]")
                for place, each in enumerate(node)
            ]
        if is_input_type(type(node)):
            changed = copy.copy(node)
            vars(changed).update(
                {
                    name: self._with_its_outputs_checked(each, f"{where}.{name}")
                    for name, each in vars(node).items()
                }
            )
            return changed
        return node

    def _shows_none(self, output: "pulumi.Output[Any]", where: str) -> "pulumi.Output[Any]":
        """Refuse the value of a secret in what is known only later, unless that is secret as well."""

        async def check() -> bool:
            if await output.is_known() and not await output.is_secret():
                problems = secrets_in({where: await output.future()}, BY_REFERENCE)
                if problems:
                    with one_clear_message():
                        raise OutputError(f"{self.owner}: {problems[0]}")
            return True

        return pulumi.Output.from_input(cast(Any, check())).apply(lambda _: output)

    def _descend(self, node: Any, containers: Any, init_containers: Any, annotated: bool) -> Any:
        """Go down to the pod. `annotated` says that nothing is to be written on its template any more."""

        def below(found: Any, annotated: bool) -> Any:
            return self._descend(found, containers, init_containers, annotated)

        def checked(known: Any) -> Any:
            self._check_content(known)
            return below(known, annotated)

        if is_input(node):
            return apply_clearly(node, checked)
        if isinstance(node, pulumi.Resource):
            raise self._error(
                "inject takes the spec of a workload, before the workload is created; found a resource. For a resource "
                "that a chart or a YAML file creates, pass opts=ResourceOptions(transforms=[env.transform])."
            )
        if _get(node, "containers") is not None:
            if not annotated:
                raise self._error(_NO_TEMPLATE)
            return self._into_pod(node, containers, init_containers)
        if self.old_ones_go:
            node = self._that_rolls(node)
        for step in _WAYS_DOWN:
            found = _get(node, step)
            if found is None:
                continue
            if step == "template":
                changed = below(found, True)
                return _with(node, step, changed if annotated else _map(changed, self._annotated))
            # A pod template by itself. A manifest of a Pod looks the same, and Reloader rolls none.
            if step == "spec" and not annotated and _get(node, "kind") != "Pod" and _is_pod(found):
                return self._annotated(_with(node, step, below(found, True)))
            return _with(node, step, below(found, annotated))
        raise self._error(
            f"inject takes {_AS_A_WHOLE}, as a dictionary or an Args object; found {kind(node)} that has neither "
            f"containers nor a template."
        )

    def _that_rolls(self, node: Any) -> Any:
        """Refuse a workload of which old pods stay when it refers to new objects.

        pulumi-kubernetes waits until a workload has rolled, and deletes the old objects after that. But it does not
        wait for a paused Deployment, a StatefulSet with OnDelete or an Argo Rollout; for the others it waits until a
        person has deleted the pods, and fails before (provider/pkg/await, v4.32).
        """

        def refuse(what: str) -> None:
            raise self._error(
                f"{what}: old pods keep running after a change, and need the old Secret when they restart; it is "
                "deleted once the workload refers to the new one. Let the workload roll by itself, or keep old "
                "objects in the cluster with keep_old=True (for an environment that exists already, run pulumi up "
                "with that alone first)."
            )

        def paused(found: Any) -> Any:
            if found is True:
                refuse("the workload is paused")
            return found

        def update_strategy(found: Any) -> Any:
            rolling = _get(found, "rolling_update")
            partition = _get(rolling, "partition")
            if _get(found, "type") == "OnDelete":
                refuse("the workload's updateStrategy is OnDelete")
            if partition is not None and not is_input(partition) and partition != 0:
                refuse("the workload's updateStrategy has a partition")
            return found

        def strategy(found: Any) -> Any:
            if _get(found, "canary") is not None or _get(found, "blue_green") is not None:
                refuse("Pulumi does not wait for the steps of an Argo Rollout")
            return found

        for name, judge in (
            ("paused", paused),
            ("update_strategy", update_strategy),
            ("strategy", strategy),
        ):
            found = _get(node, name)
            if found is not None:
                node = _with(node, name, _map(found, judge))
        return node

    def _annotated(self, template: Any) -> Any:
        metadata = _get(template, "metadata")
        metadata = {} if metadata is None else metadata

        def extended(old: Any) -> Any:
            if not isinstance(old, Mapping | None):
                raise self._error(
                    f"the template's annotations must be a mapping; found {kind(old)}."
                )
            return {**(old or {}), **self.annotations}

        def annotate(known: Any) -> Any:
            if known is None or isinstance(known, _NO_OBJECT):
                raise self._error(
                    f"the template's metadata must be a dictionary or ObjectMetaArgs; found {kind(known)}."
                )
            return _with(known, "annotations", _map(_get(known, "annotations"), extended))

        return _with(template, "metadata", _map(metadata, annotate))

    def _into_pod(self, pod: Any, containers: Any, init_containers: Any) -> Any:
        pod = _with(
            pod,
            "containers",
            _map(
                _get(pod, "containers"), lambda all_: self._into_all(all_, "containers", containers)
            ),
        )
        if init_containers:
            wanted = None if init_containers is True else init_containers
            found = _get(pod, "init_containers")
            if found is not None or wanted is not None:
                pod = _with(
                    pod,
                    "init_containers",
                    _map(found or [], lambda all_: self._into_all(all_, "init_containers", wanted)),
                )
        if self.volumes:
            pod = self._extended(pod, "volumes", self.volumes, by="name", says="has a volume")
        return pod

    def _into_all(self, found: Any, argument: str, wanted: SequenceNotStr[str] | None) -> Any:
        if not isinstance(found, Sequence) or isinstance(found, str):
            raise self._error(f"the spec's {argument} must be a list; found {kind(found)}.")
        if not found and wanted is None and argument == "containers":
            raise self._error("the spec has no containers, so nothing would get the variables.")
        names = [_get(each, "name") for each in found if not is_input(each)]
        known = [name for name in names if isinstance(name, str)]
        if len(known) == len(found):
            for name in wanted or ():
                if name not in known:
                    close = nearest(name, known)
                    raise self._error(
                        f"{argument} names {shown(name)}, which the spec does not have; it has "
                        f"{', '.join(map(repr, known)) or 'none'}."
                        + (f" Did you mean {close!r}?" if close else "")
                    )
        return [_map(each, lambda container: self._into_one(container, wanted)) for each in found]

    def _into_one(self, container: Any, wanted: SequenceNotStr[str] | None) -> Any:
        if container is None or isinstance(container, _NO_OBJECT):
            raise self._error(
                f"a container must be a dictionary or ContainerArgs; found {kind(container)}."
            )
        name = _get(container, "name")
        if wanted is not None and is_input(name):
            raise self._error(
                "a container's name is an output that is not known yet, so it cannot be chosen by name; give it as a "
                "plain string, or leave containers= out."
            )
        if wanted is not None and name not in wanted:
            return container
        where = f"container {shown(name)}" if isinstance(name, str) else "a container"
        before = _get(container, "env")
        if self.variables or (self.names and before is not None):
            container = _with(container, "env", self._variables(before, where))
        if self.env_from:
            before = _map(_get(container, "env_from"), self._a_list(f"{where}: envFrom"))
            container = _with(container, "env_from", _joined(before, self.env_from))
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
                raise self._error(f"{what} must be a list; found {kind(entries)}.")
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
            if entry is None or isinstance(entry, _NO_OBJECT):
                raise self._error(
                    f"an entry in the env of {where} must be a dictionary or EnvVarArgs; found {kind(entry)}."
                )
            name = _get(entry, "name")
            if is_input(name):
                return _with(entry, "name", apply_clearly(name, refused_if_set))
            refused_if_set(name)
            return entry

        def refused_if_set(name: Any) -> Any:
            if name in ours:
                raise self._error(
                    f"{where} sets {name} already, and Kubernetes would silently take the last one. Remove it from "
                    f"the container, or from the environment."
                )
            return name

        # Ours first: Kubernetes expands `$(NAME)` in a literal only where NAME has come before.
        if is_input(before):
            return _joined(self.variables, apply_clearly(before, all_checked))
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
                theirs = _get(each, _snake(by))
                if isinstance(theirs, str) and theirs.rstrip("/") in ours:
                    raise self._error(
                        f"{says} {shown(theirs)} already. Remove it from the spec, or from files=."
                    )
            return entries

        return _with(node, what, _joined(_map(_get(node, what), checked), more))


_NO_OBJECT = (str, bytes, int, float, list, tuple)

# How the engine's protocol writes an output inside of other data: pulumi sdk/go/common/resource/properties.go,
# SigKey and OutputValueSig.
_OUTPUT_VALUE = {"4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4"}


class _OutputValue:
    """An output that is not secret, awaited in the engine's own words, dependencies included."""

    def __init__(self, output: "pulumi.Output[Any]") -> None:
        self._output = output

    def __await__(self) -> Generator[Any, None, dict[str, Any]]:
        return self._written().__await__()

    async def _written(self) -> dict[str, Any]:
        resources = await self._output.resources()
        written = {
            **_OUTPUT_VALUE,
            "secret": False,
            "dependencies": [await resource.urn.future() for resource in resources],
        }
        if await self._output.is_known():
            written["value"] = await self._output.future()
        return written


def _with_dependencies(node: Any) -> Any:
    if isinstance(node, pulumi.Output):
        return _OutputValue(node)
    if isinstance(node, Mapping):
        return {key: _with_dependencies(each) for key, each in node.items()}
    if isinstance(node, list | tuple):
        return [_with_dependencies(each) for each in node]
    return node


def workload_kind(token: str) -> str | None:
    """Return the kind of a type token that runs pods, e.g. `Deployment`, or None."""
    found = WORKLOADS.fullmatch(token)
    return found.group(1) if found else None


def _map(node: Any, change: Callable[[Any], Any]) -> Any:
    return apply_clearly(node, change) if is_input(node) else change(node)


def _joined(first: Any, second: Any) -> Any:
    """Make one list of two, of which either may be known only later."""
    if is_input(first) or is_input(second):
        both = (pulumi.Output.from_input(each) for each in (first, second))
        return pulumi.Output.all(*both).apply(lambda known: [*(known[0] or ()), *known[1]])
    return [*(first or ()), *second]


def _is_pod(spec: Any) -> bool:
    return not is_input(spec) and _get(spec, "containers") is not None


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _get(node: Any, name: str) -> Any:
    """Read a member by its snake_case name, however the node spells it."""
    if isinstance(node, Mapping):
        return node.get(name, node.get(camel(name)))
    return getattr(node, name, None) if hasattr(type(node), name) else None


def _with(node: Any, name: str, value: Any) -> Any:
    """Return a copy with one member changed, spelled as the node spells it."""
    if isinstance(node, Mapping):
        return {**node, name if name in node else camel(name): value}
    changed = copy.copy(node)
    setattr(changed, name, value)
    return changed
