"""Puts environment variables and files into the pods of a workload, whatever kind it is and whoever writes it.

It takes what a Kubernetes resource takes: dictionaries with either spelling (`volumeMounts`, `volume_mounts`),
Pulumi's `*Args` objects, and outputs anywhere between them. It returns the same kind of thing and changes
nothing that it was given. It writes references only, never a literal value.
"""

import copy
import re
from collections.abc import Mapping, Sequence
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
from infra_secrets.rules.wording import shown
from infra_secrets.workloads.objects import (
    NO_OBJECT,
    member,
    once_known,
    with_dependencies,
    with_member,
)
from infra_secrets.workloads.pod_injection import PodInjection

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
class Injection(PodInjection):
    """What goes into a workload: into its pod, and on the pod's template."""

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
            variables=with_dependencies(self.variables),
            env_from=with_dependencies(self.env_from),
            volumes=with_dependencies(self.volumes),
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
            raise self.error(f"{argument} must be a list of names; found {kind(names)}.")

    def _check_content(self, spec: Any) -> None:
        for problem in untransferable("spec", spec):
            raise self.error(problem)

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
            raise self.error(
                "inject takes the spec of a workload, before the workload is created; found a resource. For a resource "
                "that a chart or a YAML file creates, pass opts=ResourceOptions(transforms=[env.transform])."
            )
        if member(node, "containers") is not None:
            if not annotated:
                raise self.error(_NO_TEMPLATE)
            return self.into_pod(node, containers, init_containers)
        if self.old_ones_go:
            node = self._that_rolls(node)
        for step in _WAYS_DOWN:
            found = member(node, step)
            if found is None:
                continue
            if step == "template":
                changed = below(found, True)
                return with_member(
                    node, step, changed if annotated else once_known(changed, self._annotated)
                )
            # A pod template by itself. A manifest of a Pod looks the same, and Reloader rolls none.
            if (
                step == "spec"
                and not annotated
                and member(node, "kind") != "Pod"
                and _is_pod(found)
            ):
                return self._annotated(with_member(node, step, below(found, True)))
            return with_member(node, step, below(found, annotated))
        raise self.error(
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
            raise self.error(
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
            rolling = member(found, "rolling_update")
            partition = member(rolling, "partition")
            if member(found, "type") == "OnDelete":
                refuse("the workload's updateStrategy is OnDelete")
            if partition is not None and not is_input(partition) and partition != 0:
                refuse("the workload's updateStrategy has a partition")
            return found

        def strategy(found: Any) -> Any:
            if member(found, "canary") is not None or member(found, "blue_green") is not None:
                refuse("Pulumi does not wait for the steps of an Argo Rollout")
            return found

        for name, judge in (
            ("paused", paused),
            ("update_strategy", update_strategy),
            ("strategy", strategy),
        ):
            found = member(node, name)
            if found is not None:
                node = with_member(node, name, once_known(found, judge))
        return node

    def _annotated(self, template: Any) -> Any:
        metadata = member(template, "metadata")
        metadata = {} if metadata is None else metadata

        def extended(old: Any) -> Any:
            if not isinstance(old, Mapping | None):
                raise self.error(
                    f"the template's annotations must be a mapping; found {kind(old)}."
                )
            return {**(old or {}), **self.annotations}

        def annotate(known: Any) -> Any:
            if known is None or isinstance(known, NO_OBJECT):
                raise self.error(
                    f"the template's metadata must be a dictionary or ObjectMetaArgs; found {kind(known)}."
                )
            return with_member(
                known, "annotations", once_known(member(known, "annotations"), extended)
            )

        return with_member(template, "metadata", once_known(metadata, annotate))


def workload_kind(token: str) -> str | None:
    """Return the kind of a type token that runs pods, e.g. `Deployment`, or None."""
    found = WORKLOADS.fullmatch(token)
    return found.group(1) if found else None


def _is_pod(spec: Any) -> bool:
    return not is_input(spec) and member(spec, "containers") is not None
