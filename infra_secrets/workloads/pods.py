"""What every source of a pod's environment shares: the arguments it reads, and `inject` and `transform`.

A source is a component that ends in one Kubernetes Secret, or a ConfigMap, whose name only Kubernetes knows.
Where the values come from is its own affair.
"""

# No `from __future__ import annotations` here: Pulumi's schema analyzer reads the annotations as objects.

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

import pulumi

from infra_secrets.clouds.misspelt import warn_of_misspelt_config
from infra_secrets.component.argument_types import SequenceNotStr
from infra_secrets.component.autonaming import names_are_fixed
from infra_secrets.component.given import is_input, kind, quote_it, subject_of
from infra_secrets.component.messages import one_clear_message
from infra_secrets.component.reader import Reader
from infra_secrets.component.registering import Component
from infra_secrets.component.settings import AUTONAMING, KUBERNETES_NAMESPACE
from infra_secrets.containers.declared import declared_by
from infra_secrets.errors import ArgsError, EnvArgsError, SettingsUseError, WorkloadError
from infra_secrets.rules import kubernetes
from infra_secrets.rules.wording import looks_like_a_value, shown
from infra_secrets.workloads.injection import Injection, workload_kind

if TYPE_CHECKING:
    from infra_secrets.runtime import SecretSettings
    from infra_secrets.runtime.declaration import Declaration

T = TypeVar("T")
Transform = Callable[[pulumi.ResourceTransformArgs], pulumi.ResourceTransformResult | None]

FILE_MODE = "0444"
"""Readable for whatever user a container runs as; the volume is read-only and only its containers see it."""

RELOADER = {"reloader.stakater.com/auto": "true"}
"""On a workload, or on its pod template: Stakater Reloader rolls it when a Secret or ConfigMap that it uses changes."""


SKIP_AWAIT = "pulumi.com/skipAwait"
"""On a workload: pulumi-kubernetes does not wait until its pods are ready."""


class PodReader(Reader):
    """Reads what all sources take."""

    error = EnvArgsError
    takes: ClassVar[Mapping[str, str]] = {
        "namespace": "e.g. 'production'",
        "labels": "e.g. {'team': 'payments'}",
        "file_mode": "e.g. '0400'",
    }

    @classmethod
    def readable(cls, name: object, args: object, opts: object) -> str:
        """Refuse a name that could be a value, too, and warn of misspelt config."""
        if isinstance(name, str) and looks_like_a_value(name):
            raise cls.error(
                f'{cls.component} needs a name, a string, as in {cls.component}("nlp"); found {shown(name)}.'
            )
        subject = super().readable(name, args, opts)
        warn_of_misspelt_config()
        return subject

    @classmethod
    def two_names(cls, name: str) -> EnvArgsError:
        """Make the error of a component that was given `name=` beside its logical name."""
        return EnvArgsError(
            f"{subject_of(cls.component, name)}: name is not an argument: the logical name comes first, and the names "
            f"of the objects begin with it. Leave it out."
        )

    @classmethod
    def unknown(cls, key: object, known: Collection[str]) -> ArgsError:
        """Explain, too, the one argument that no other language has."""
        if key == "settings":
            return cls.error(
                "settings takes a class, which only a Python program has, and only as a keyword: "
                f'{cls.component}("{cls.named}", settings=Payments).'
            )
        return super().unknown(key, known)

    def declared(self, settings: "type[SecretSettings]") -> "Declaration":
        """Read a class of settings.

        Raises:
            ArgsError: It is none.
        """
        try:
            return declared_by(settings)
        except SettingsUseError as error:
            self.refuse(f"settings: {error}")
            raise self.refused() from None

    def logical_name(self) -> None:
        """Refuse a logical name that Kubernetes would refuse as the beginning of an object's name."""
        problem = kubernetes.label_problem(self.name)
        if problem:
            self.refuse(problem)
        if names_are_fixed("kubernetes", AUTONAMING.read()):
            self.refuse(
                "config pulumi:autonaming gives Kubernetes objects names without a random part. A changed value "
                "would then delete the running Deployment before the new one is created. Add a pattern for "
                "Kubernetes: pulumi config set --path 'pulumi:autonaming.providers.kubernetes.pattern' "
                "'${name}-${hex(8)}'"
            )

    def namespace(self) -> Any:
        """Read the namespace; None for the provider's own."""
        found = self.sentence("namespace")
        self._judge(found, kubernetes.namespace_problem, "namespace")
        return found

    def _judge(self, found: object, rule: Callable[[str], str | None], what: str) -> None:
        problem = rule(found) if isinstance(found, str) else None
        if problem:
            self.refuse(f"{what}: {problem}")

    def object_name(self, argument: str) -> Any:
        """Read the name of a Kubernetes object that exists already."""
        found = self.sentence(argument)
        self._judge(found, kubernetes.subdomain_problem, argument)
        return found

    deep: ClassVar[frozenset[str]] = frozenset()
    """Mappings with values other than strings."""

    def mapping(self, argument: str) -> Mapping[str, Any]:
        """Read a mapping whose keys are strings, in their order.

        From other languages a mapping arrives in another order each time, and pods would roll for it.
        """
        found = self.given.get(argument)
        if found is None:
            return {}
        if not isinstance(found, Mapping):
            strings = "" if argument in self.deep else " of strings to strings"
            self.refuse_kind(argument, found, f"a mapping{strings}")
            return {}
        for key in found:
            if not isinstance(key, str):
                self.refuse(
                    f"{argument} has a key that is not a string: {kind(key)}; write it in quotes."
                )
        return {key: found[key] for key in sorted(key for key in found if isinstance(key, str))}

    def labels(self, argument: str = "labels") -> dict[str, Any]:
        """Read labels, or annotations, which have the same keys and any text."""
        kept: dict[str, Any] = {}
        for key, text in self.mapping(argument).items():
            self._judge(key, kubernetes.label_key_problem, argument)
            if isinstance(text, str):
                kept[key] = text
                if argument == "labels":
                    self._judge(text, kubernetes.label_value_problem, f"labels[{shown(key)}]")
            elif is_input(text):
                kept[key] = self.output(f"{argument}[{shown(key)}]", text, empty=True)
            else:
                self.refuse(
                    f"{argument}[{shown(key)}] must be a string; found {kind(text)}{quote_it(text)}."
                )
        return kept

    def targets(self, *arguments: str) -> None:
        """Judge the names of variables and files, and refuse a name that is there twice."""
        owners: dict[str, str] = {}
        for argument in arguments:
            for target in self.mapping(argument):
                files = argument == "files"
                rule = kubernetes.path_problem if files else kubernetes.variable_problem
                self._judge(target, rule, argument)
                if target in owners:
                    self.refuse(
                        f"{shown(target)} is in {owners[target]} and in {argument}; one variable has one value."
                    )
                owners[target] = argument
        problem = kubernetes.nested_path_problem(self.mapping("files"))
        if problem:
            self.refuse(f"files: {problem}")

    def file_mode(self) -> int:
        """Read permission bits in octal, as `chmod` takes them."""
        text = self.text("file_mode") or FILE_MODE
        if not re.fullmatch(r"0?[4-7][0-7]{2}", text, re.ASCII):
            self.refuse(
                "file_mode must be octal digits as for chmod, readable for the owner, in quotes, e.g. '0400'."
            )
            return int(FILE_MODE, 8)
        return int(text, 8)


@dataclass(frozen=True, slots=True)
class Offered:
    """A Secret or ConfigMap from which pods take variables."""

    kind: str
    """`secret` or `configMap`."""
    name: Any
    """Its name, an output that is not secret, so that a workload's diff stays readable."""
    variables: Sequence[str]
    _: KW_ONLY
    optional: bool = False
    """Whether pods start without it."""

    def reference(self) -> dict[str, Any]:
        """Refer to it, as a pod does."""
        return {"name": self.name, **({"optional": True} if self.optional else {})}


class PodEnvironment(Component):
    """A source of environment variables and files for pods."""

    variables: Sequence[Mapping[str, Any]]
    """The `env` entries of a container, each a reference by name: never a value."""
    env_from: Sequence[Mapping[str, Any]]
    """The `envFrom` entries of a container that have the same effect; empty if files are mounted too."""
    volumes: Sequence[Mapping[str, Any]]
    """What a pod needs for the files."""
    volume_mounts: Sequence[Mapping[str, Any]]
    """What a container needs for the files."""

    _what: str
    _namespace: Any
    _names: Sequence[str]
    _reloader: bool
    _old_ones_go: bool = False

    def inject(
        self,
        spec: T,
        *,
        containers: SequenceNotStr[str] | None = None,
        init_containers: bool | SequenceNotStr[str] = False,
        env_from: bool = False,
    ) -> T:
        """Return a workload's spec with the variables and files in its containers.

        Args:
            spec: The spec of a Deployment, StatefulSet, DaemonSet, Job, CronJob or Pod, a pod template, or a whole
                manifest: a dictionary or an `*Args` object, which stays as it is.
            containers: Names of the containers; by default all.
            init_containers: True for all init containers too, or the names of some.
            env_from: Use `envFrom` instead of one entry a variable. A container then gets variables that are
                added later without a change of its own spec, and its spec does not list them.

        Raises:
            WorkloadError: It is not such a spec, a container is not there, or a container already sets one of
                the variables or mounts something at a file's path; or it keeps pods that need the old
                Secret, or has no template for Reloader's annotation.
        """
        return self._injection(as_a_whole=env_from).into(spec, containers, init_containers)

    def transform(
        self, args: pulumi.ResourceTransformArgs
    ) -> pulumi.ResourceTransformResult | None:
        """Do what `inject` does to every workload that a chart or a YAML file makes.

        Pass it as `opts=ResourceOptions(transforms=[env.transform])` to a `yaml.v2.ConfigFile`, a
        `yaml.v2.ConfigGroup`, a `helm.v4.Chart` or a component. A `helm.v3.Release` cannot be reached: Helm itself
        makes what is in it.
        """
        return self._transform_all(args)

    @cached_property
    def _transform_all(self) -> Transform:
        # Made once: under a stack's transform it meets every resource of the program.
        return self.transform_only()

    def transform_only(
        self,
        *,
        workloads: SequenceNotStr[str] | None = None,
        containers: SequenceNotStr[str] | None = None,
        init_containers: bool | SequenceNotStr[str] = False,
        env_from: bool = False,
    ) -> Transform:
        """Make a transform for some workloads, or some of their containers, only.

        Args:
            workloads: Names of the workloads, in their manifests (`metadata.name`) or in the program; by default all.
                A name that nothing has is ignored.
            containers: As for `inject`.
            init_containers: As for `inject`.
            env_from: As for `inject`.
        """
        injection = self._injection(as_a_whole=env_from).for_a_transform()
        with one_clear_message():
            injection.check_names("workloads", workloads)
            injection.check_choice(containers, init_containers)

        def change(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
            if workload_kind(args.type_) is None or not args.props.get("spec"):
                return None
            metadata = args.props.get("metadata")
            metadata = metadata if isinstance(metadata, Mapping) else {}
            if workloads is not None and not {metadata.get("name"), args.name} & {*workloads}:
                return None
            try:
                injection.refuse_secrets({"metadata": metadata})
                self._same_namespace(args, metadata.get("namespace"))
                spec = injection.into(args.props["spec"], containers, init_containers)
            except WorkloadError as error:
                with one_clear_message():
                    # A new one, because Pulumi prints where an error of a transform comes from.
                    raise WorkloadError(str(error)) from None
            if self._old_ones_go:
                warn_if_not_awaited(
                    f"{self._what}: {workload_kind(args.type_)} {args.name}",
                    metadata.get("annotations"),
                )
            return pulumi.ResourceTransformResult(
                props={**args.props, "spec": spec}, opts=args.opts
            )

        return change

    def _same_namespace(self, args: pulumi.ResourceTransformArgs, theirs: object) -> None:
        ours = self._namespace
        if isinstance(ours, str) and isinstance(theirs, str) and ours != theirs:
            raise WorkloadError(
                f"{self._what}: {workload_kind(args.type_)} {args.name} is in namespace {shown(theirs)}, and pods see "
                f"only the Secrets of their own. The environment is in {shown(ours)}; make another with "
                f"namespace={shown(theirs)}."
            )
        usual = KUBERNETES_NAMESPACE.read() or "default"
        if isinstance(ours, str) and theirs is None and ours != usual:
            pulumi.log.warn(
                f"{self._what}: {workload_kind(args.type_)} {args.name} names no namespace, and the environment is in "
                f"{ours!r}. Its pods wait forever unless its provider puts it there too."
            )

    def _offer(
        self,
        objects: "Sequence[Offered]",
        volume: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    ) -> None:
        """Set what workloads take from here.

        Args:
            objects: The Secrets and ConfigMaps.
            volume: The pod's volumes and a container's mounts, for the files.
        """
        self._names = [name for each in objects for name in each.variables]
        self.variables = [
            {
                "name": variable,
                "valueFrom": {f"{each.kind}KeyRef": {**each.reference(), "key": variable}},
            }
            for each in objects
            for variable in each.variables
        ]
        self.volumes, self.volume_mounts = volume
        self.env_from = [
            {f"{each.kind}Ref": each.reference()}
            for each in objects
            if each.variables and not self.volumes
        ]

    def _injection(self, *, as_a_whole: object) -> Injection:
        if not isinstance(as_a_whole, bool):
            with one_clear_message():
                raise WorkloadError(
                    f"{self._what}: env_from must be true or false; found {kind(as_a_whole)}."
                )
        if as_a_whole and self._names and not self.env_from:
            with one_clear_message():
                raise WorkloadError(
                    f"{self._what}: env_from would put the files into the environment as well, because they are in the "
                    f"same Secret. Leave env_from out, or make a second environment for the files."
                )
        return Injection(
            owner=self._what,
            variables=() if as_a_whole else self.variables,
            env_from=self.env_from if as_a_whole else (),
            names=self._names,
            volumes=self.volumes,
            mounts=self.volume_mounts,
            annotations=RELOADER if self._reloader else {},
            old_ones_go=self._old_ones_go,
        )


def warn_if_not_awaited(workload: str, annotations: object) -> None:
    """Warn where Pulumi would delete the old objects before the pods have rolled."""
    if isinstance(annotations, Mapping) and annotations.get(SKIP_AWAIT) == "true":
        pulumi.log.warn(
            f"{workload} has {SKIP_AWAIT}, so Pulumi does not wait until its pods have rolled, and after a change "
            f"the old Secret is deleted at once: if the new pods do not start, the old ones cannot restart either. "
            f"Remove the annotation, or keep old objects in the cluster with keep_old=True."
        )


def metadata_of(
    namespace: Any, labels: Mapping[str, Any], annotations: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Make an object's metadata, without a name: Kubernetes' provider makes one up."""
    said = {"namespace": namespace, "labels": labels or None, "annotations": annotations or None}
    return {key: item for key, item in said.items() if item is not None}


def name_of(made: Any) -> "pulumi.Output[str | None]":
    """Return the name that the provider made up for an object.

    It is nothing under mocks that make up none, as for every resource. A workload's spec then lacks it, and can still
    be looked at in a test: with something unknown in it, all of it would be unknown.
    """
    return cast(
        "pulumi.Output[str | None]",
        made.metadata.apply(lambda metadata: (metadata or {}).get("name")),
    )


def mounted(
    volume: str, secret: Any, keys: Mapping[str, str], mode: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Make the volume and the mounts for files from a Secret.

    Each file is mounted by itself (`subPath`), so that nothing else in its folder is hidden.

    Args:
        volume: The volume's name.
        secret: The Secret's name.
        keys: Each file's path with its key in the Secret.
        mode: Permission bits.
    """
    if not keys:
        return [], []
    items = [{"key": key, "path": key} for key in keys.values()]
    volumes = [
        {"name": volume, "secret": {"secretName": secret, "items": items, "defaultMode": mode}}
    ]
    mounts = [
        {"name": volume, "mountPath": path, "subPath": key, "readOnly": True}
        for path, key in keys.items()
    ]
    return volumes, mounts


def file_keys(paths: Sequence[str], taken: Sequence[str]) -> dict[str, str]:
    """Give every file a key in the Secret."""
    used = set(taken)
    keys = {}
    for path in paths:
        keys[path] = kubernetes.file_key(path, used)
        used.add(keys[path])
    return keys
