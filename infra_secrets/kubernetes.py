"""`EscEnv` and `EscDeployment`: what the stack's config holds, as the environment of pods.

Values go into one immutable Secret whose name Kubernetes makes up. A changed value is therefore a new Secret
under a new name: every workload that refers to it rolls, and the old one goes when that is done (or is kept, for
workloads that do not roll). A name of its own is deliberately not offered: with it the provider deletes the running
workload first.
"""

# No `from __future__ import annotations` here: Pulumi's schema analyzer reads the annotations as objects.

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Required, TypedDict, Unpack, cast, overload

import pulumi

from infra_secrets import clouds, formats, manifests
from infra_secrets.argument_types import Format, Literal, SequenceNotStr
from infra_secrets.errors import ArgsError, EnvArgsError, OutputError, StackConfigError, combined
from infra_secrets.esc import Entry, Key, wrong_values
from infra_secrets.given import is_input, is_number, kind, untransferable
from infra_secrets.kubernetes_provider import default_provider_problem, once_hidden
from infra_secrets.naming import nearest, quotable, shown
from infra_secrets.plain_text import refuse_secrets
from infra_secrets.pods import (
    RELOADER,
    PodEnvironment,
    PodReader,
    file_keys,
    metadata_of,
    mounted,
    name_of,
    read_pod_name,
    two_names,
    warn_if_not_awaited,
)
from infra_secrets.registering import (
    explaining_two_names,
    known_only,
    one_clear_message,
    short_stack_trace,
)
from infra_secrets.workloads import BY_REFERENCE

SECURITY: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "runAsNonRoot": ("pod", {"runAsNonRoot": True}),
    "seccompProfile": ("pod", {"seccompProfile": {"type": "RuntimeDefault"}}),
    "readOnlyRootFilesystem": ("container", {"readOnlyRootFilesystem": True}),
    "allowPrivilegeEscalation": ("container", {"allowPrivilegeEscalation": False}),
    "capabilities": ("container", {"capabilities": {"drop": ["ALL"]}}),
}
"""What an `EscDeployment` sets in which security context, by the name with which `relax` leaves it out.

Together with these a pod meets the Pod Security Standard `restricted`
(https://kubernetes.io/docs/concepts/security/pod-security-standards/).
"""

NO_TOKEN = "automountServiceAccountToken"  # noqa: S105 (the name of a field)
"""Also in `relax`: a pod without a `service_account` of its own gets no token for the cluster's API."""

_A_PROBE = "e.g. {'httpGet': {'path': '/healthz', 'port': 'http'}}"
_PROBE_HANDLERS = ("httpGet", "tcpSocket", "exec", "grpc")
_SOURCES = ("secrets", "config", "files")


class EscEnvArgs(TypedDict, total=False):
    """What an `EscEnv` takes: names of variables and of config keys, and never a value."""

    secrets: Mapping[str, str]
    """Environment variables from secret config: each name with its config key, e.g. `{"DATABASE_URL": "postgres_url"}`.
    A key belongs to the project; `other:key` names another namespace. Default: none."""
    config: Mapping[str, str]
    """Environment variables from config that everybody may see, e.g. `{"LOG_LEVEL": "log_level"}`. A key that is secret
    is refused. Default: none."""
    files: Mapping[str, str]
    """Files from secret config: each absolute path with its config key, mounted read-only. Default: none."""
    formats: Mapping[str, Format]
    """What a variable or file must hold: `json`, `int`, `bool`, `pem`, or the scheme of a URL, e.g. `postgresql`.
    Default: any text that is not empty."""
    optional: SequenceNotStr[str]
    """Variables and files that may be missing from the config, or empty there; they are then left out.
    Default: all are needed."""
    namespace: pulumi.Input[str]
    """Namespace of the workloads, which must exist; a Namespace's name will do. Default: the provider's."""
    labels: Mapping[str, pulumi.Input[str]]
    """Labels of everything that is made, in addition to the package's own. Default: none."""
    reloader: bool
    """Let Stakater Reloader roll the workloads. The objects are then not immutable, and are changed in place where the
    provider has `enableSecretMutable` and `enableConfigMapMutable`. Default: false."""
    keep_old: bool
    """Leave a Secret or ConfigMap in the cluster when a change, or `pulumi destroy`, would delete it, for pods that do
    not roll at once. You delete it yourself, by its labels `infra-secrets/name`, `/stack` and `/project`. Default:
    false."""
    file_mode: str
    """Permission bits of the files in octal, as for chmod. Default: `0444`. Any user may then read them; OpenSSH in a
    container that runs as root wants `0400`."""


class EscDeploymentArgs(EscEnvArgs, total=False):
    """What an `EscDeployment` takes: the container, and all of `EscEnvArgs`."""

    image: Required[pulumi.Input[str]]
    """The container's image, e.g. `ghcr.io/acme/nlp:1.4.2`. Needed."""
    replicas: int
    """How many pods. Default: not set, which means one, or what an autoscaler chooses."""
    port: int
    """A port on which the container listens, 1 to 65535; it is called `http`. Default: none."""
    ports: Mapping[str, int]
    """Ports by name, e.g. `{"http": 8080, "metrics": 9090}`. Default: none."""
    command: SequenceNotStr[pulumi.Input[str]]
    """Instead of the image's entry point. Default: the image's."""
    arguments: SequenceNotStr[pulumi.Input[str]]
    """Instead of the image's arguments (`args` in Kubernetes). `$(NAME)` in one stands for a variable.
    Default: the image's."""
    resources: Mapping[str, Mapping[str, Any]]
    """`requests` and `limits`, e.g. `{"requests": {"cpu": "250m", "memory": "512Mi"}}`. Default: none,
    or what a LimitRange of the namespace says."""
    service_account: pulumi.Input[str]
    """Name of the service account. Default: the namespace's, without a token."""
    annotations: Mapping[str, pulumi.Input[str]]
    """Annotations of the Deployment, e.g. `{"pulumi.com/timeoutSeconds": "300"}`. Default: none."""
    readiness_probe: Mapping[str, Any]
    """When a pod may get requests, as in Kubernetes, e.g. `{"httpGet": {"path": "/healthz", "port": "http"}}`.
    Default: as soon as it has started."""
    liveness_probe: Mapping[str, Any]
    """When a container is to be restarted, as in Kubernetes. Default: only when it ends."""
    startup_probe: Mapping[str, Any]
    """When a container has started; the other probes wait for it. Default: at once."""
    writable_paths: SequenceNotStr[str]
    """Folders in which the container may write, e.g. `["/tmp"]`: empty ones that end with the pod.
    Default: none."""
    relax: SequenceNotStr[
        Literal[
            "runAsNonRoot",
            "seccompProfile",
            "readOnlyRootFilesystem",
            "allowPrivilegeEscalation",
            "capabilities",
            "automountServiceAccountToken",
        ]
    ]
    """Security settings to leave out, by name: `runAsNonRoot`, `seccompProfile`, `readOnlyRootFilesystem`,
    `allowPrivilegeEscalation`, `capabilities`, `automountServiceAccountToken`. Default: all are set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """An environment as somebody wants it, with every value there and of the right kind."""

    entries: tuple[Entry, ...]
    namespace: Any
    labels: Mapping[str, Any]
    reloader: bool
    kept_by: Mapping[str, str]
    """Labels by which old objects are found; none where they are deleted."""
    file_mode: int

    def values(self, argument: str) -> dict[str, str]:
        """The values that one argument asks for, by variable or path, without what is optional and missing."""
        found = (
            (entry.target, entry.value) for entry in self.entries if entry.argument == argument
        )
        return {target: value for target, value in found if value is not None}


class _EnvReader(PodReader):
    takes: ClassVar[Mapping[str, str]] = {
        **PodReader.takes,
        "secrets": "e.g. {'DATABASE_URL': 'postgres_url'}",
        "config": "e.g. {'LOG_LEVEL': 'log_level'}",
        "files": "e.g. {'/etc/nlp/key.pem': 'signing_key'}",
        "formats": f"e.g. {{'DATABASE_URL': 'postgresql'}}; there are {', '.join(formats.FORMATS)} and schemes of URLs",
        "optional": "e.g. ['SENTRY_DSN']",
    }
    way_out = BY_REFERENCE
    note = ""  # below everything that is wrong

    def environment(self, name: str, opts: pulumi.ResourceOptions | None) -> _Wanted:
        """Read everything that an `EscEnv` takes, and look at every value and where it would go."""
        self.targets(*_SOURCES)
        optional = self._known_targets("optional", self.list("optional", plain=True))
        expected = self._formats()
        entries = tuple(self._entries(expected, optional))
        if not any(self.given.get(argument) for argument in _SOURCES):
            self.refuse(
                "secrets, config and files are empty; name at least one variable, e.g. "
                'secrets={"DATABASE_URL": "postgres_url"}.'
            )
        found, self.note = wrong_values(entries)
        wanted = _Wanted(
            entries=entries,
            namespace=self.namespace(),
            labels=self.labels(),
            reloader=self.flag("reloader"),
            kept_by=_kept_by(self, name) if self.flag("keep_old") else {},
            file_mode=self.file_mode(),
        )
        if not found:
            secret, plain = (
                {**wanted.values("secrets"), **wanted.values("files")},
                wanted.values("config"),
            )
            for what, values in (("secrets and files", secret), ("config", plain)):
                too_large = manifests.size_problem(values)
                if too_large:
                    found.append(StackConfigError(f"{what}: {too_large}"))
        shows = default_provider_problem(opts)
        if shows and (self.given.get("secrets") or self.given.get("files")):
            self.refuse(shows)
        self.errors.extend(found)
        return wanted

    def _entries(self, expected: Mapping[str, str], optional: Sequence[str]) -> list[Entry]:
        entries = []
        for argument in _SOURCES:
            for target, key in self.mapping(argument).items():
                if not isinstance(key, str) or not key:
                    self.refuse(
                        f"{argument}[{shown(target)}] must be the name of a config key, a plain string, and never the "
                        f"value itself; found {kind(key)}."
                    )
                    continue
                try:
                    parsed = Key.parse(key, pulumi.get_project())
                except StackConfigError as error:
                    self.refuse(f"{argument}[{shown(target)}]: {error}")
                    continue
                entries.append(
                    Entry(argument, target, parsed, expected.get(target), target in optional)
                )
        return entries

    def _formats(self) -> dict[str, str]:
        kept = {}
        for target, expected in self.mapping("formats").items():
            if not isinstance(expected, str):
                self.refuse(f"formats[{shown(target)}] must be a string; found {kind(expected)}.")
                continue
            problem = formats.unknown_format(expected)
            if problem:
                self.refuse(f"formats[{shown(target)}]: {problem}")
            else:
                kept[target] = expected
        self._known_targets("formats", list(kept))
        return kept

    def _known_targets(self, argument: str, named: Sequence[str]) -> Sequence[str]:
        known = {target for source in _SOURCES for target in self.mapping(source)}
        for target in named:
            if target not in known:
                close = nearest(target, known)
                self.refuse(
                    f"{argument} names {shown(target)}, which is in none of secrets, config and files."
                    + (f" Did you mean {close!r}?" if close else "")
                )
        return named

    def refused(self) -> ArgsError:
        """Make one error of everything that is wrong."""
        error = combined(self.subject, self.errors, EnvArgsError)
        return type(error)(f"{error}\n{self.note}") if self.note else error


class EscEnv(PodEnvironment):
    """What the stack's config holds, as environment variables and files for pods.

    Secret config goes into one Kubernetes Secret, other config into one ConfigMap; both are immutable and
    auto-named, so that a changed value rolls every workload that uses them.
    """

    secret_name: pulumi.Output[str | None]
    """Name of the Secret; null where no value is secret."""
    config_map_name: pulumi.Output[str | None]
    """Name of the ConfigMap; null where every value is secret."""

    def __init__(
        self,
        name: str,
        args: EscEnvArgs = EscEnvArgs(),  # noqa: B008 (never changed; the schema analyzer wants this form)
        opts: pulumi.ResourceOptions | None = None,
        **kwargs: Unpack[EscEnvArgs],
    ) -> None:
        """Check every value and register the Secret and the ConfigMap.

        Args:
            name: Logical name, and the beginning of the objects' names, e.g. `nlp`.
            args: What is not default; the same may be given as keyword arguments.
            opts: As for every Pulumi component.

        Raises:
            EnvArgsError: Something cannot be met. It lists everything at once, and nothing was registered.
            StackConfigError: The stack's config lacks values or holds them wrongly. Each line has the command that
                fixes it.
            MissingExtraError: The Kubernetes SDK is not installed.
        """
        with one_clear_message():
            kubernetes = clouds.sdk("pulumi_kubernetes", "kubernetes")
            refuse_secrets(
                "EscEnv", name, args, kwargs, opts, error=EnvArgsError, way_out=BY_REFERENCE
            )
            self._what = read_pod_name("EscEnv", name, args, opts)
            reader = _EnvReader(self._what, {**args, **kwargs}, list(EscEnvArgs.__annotations__))
            reader.logical_name(name)
            wanted = reader.environment(name, opts)
            if reader.errors:
                raise reader.refused()
        with short_stack_trace():
            super().__init__("infra-secrets:index:EscEnv", name, {}, opts)
        for warning in filter(None, (entry.warning() for entry in wanted.entries)):
            pulumi.log.warn(f"{self._what}: {warning}", self)
        self._namespace, self._reloader = wanted.namespace, wanted.reloader
        self._old_ones_go = not wanted.kept_by
        # What is immutable stays so for ever: the API server takes only a new object when `reloader` comes in.
        child = pulumi.ResourceOptions(
            parent=self,
            replace_on_changes=["immutable"],
            retain_on_delete=True if wanted.kept_by else None,
        )
        metadata = metadata_of(wanted.namespace, {**wanted.kept_by, **wanted.labels})
        immutable = None if wanted.reloader else True

        variables, files = wanted.values("secrets"), wanted.values("files")
        keys = file_keys(list(files), list(variables))
        secret_name: Any = pulumi.Output.from_input(None)
        self.secret_name = secret_name
        if variables or files:
            data = {**variables, **{keys[path]: value for path, value in files.items()}}
            with short_stack_trace():
                secret = kubernetes.core.v1.Secret(
                    name,
                    metadata=metadata,
                    immutable=immutable,
                    string_data=once_hidden(data, self._what, self, lambda: secret),
                    opts=child,
                )
            secret_name = name_of(secret)
            self.secret_name = known_only(secret_name, str)

        plain = wanted.values("config")
        config_map_name: Any = pulumi.Output.from_input(None)
        self.config_map_name = config_map_name
        if plain:
            with short_stack_trace():
                config_map = kubernetes.core.v1.ConfigMap(
                    name, metadata=metadata, immutable=immutable, data=plain, opts=child
                )
            config_map_name = name_of(config_map)
            self.config_map_name = known_only(config_map_name, str)

        offered = self._offer(
            {
                "secret": (secret_name, list(variables)),
                "configMap": (config_map_name, list(plain)),
            },
            mounted(f"{name}-files", secret_name, keys, wanted.file_mode),
        )
        self.register_outputs(
            {"secretName": self.secret_name, "configMapName": self.config_map_name, **offered}
        )

    if not TYPE_CHECKING:
        __new__ = explaining_two_names(__init__, two_names("EscEnv"))


class _DeploymentReader(_EnvReader):
    takes: ClassVar[Mapping[str, str]] = {
        **_EnvReader.takes,
        "image": "e.g. 'ghcr.io/acme/nlp:1.4.2'",
        "ports": "e.g. {'http': 8080}",
        "command": "e.g. ['gunicorn']",
        "arguments": "e.g. ['--port', '8080']",
        "resources": "e.g. {'requests': {'cpu': '250m'}}",
        "service_account": "the name of a Kubernetes service account",
        "annotations": "e.g. {'pulumi.com/timeoutSeconds': '300'}",
        "readiness_probe": _A_PROBE,
        "liveness_probe": _A_PROBE,
        "startup_probe": _A_PROBE,
        "writable_paths": "e.g. ['/tmp']",
        "relax": f"of {', '.join((*SECURITY, NO_TOKEN))}",
    }

    deep: ClassVar[frozenset[str]] = frozenset(
        ("ports", "resources", "readiness_probe", "liveness_probe", "startup_probe")
    )

    def container(self, name: str) -> dict[str, Any]:
        """Read everything of the container but its environment."""
        image = self.sentence("image")
        if image is None and "image" not in self.given:
            self.refuse(
                "image is missing; name the container's image, e.g. image='ghcr.io/acme/nlp:1.4.2'."
            )
        self._judge(image, manifests.image_problem, "image")
        found = {
            "name": name,
            "image": image,
            "command": list(self.list("command", plain=False, repeatable=True)),
            "args": list(self.list("arguments", plain=False, repeatable=True)),
            "ports": self._ports(),
            "resources": self._resources(),
            "readinessProbe": self._probe("readiness_probe"),
            "livenessProbe": self._probe("liveness_probe"),
            "startupProbe": self._probe("startup_probe"),
        }
        return {key: item for key, item in found.items() if item}

    def _ports(self) -> list[dict[str, Any]]:
        ports: dict[str, Any] = dict(self.mapping("ports"))
        if "port" in self.given:
            if "http" in ports:
                self.refuse("port and ports['http'] are the same thing; give one of them.")
            ports["http"] = self.given["port"]
        kept = []
        for port_name, number in ports.items():
            what = (
                "port"
                if "port" in self.given and port_name == "http"
                else f"ports[{shown(port_name)}]"
            )
            self._judge(port_name, manifests.port_name_problem, "ports")
            whole = is_number(number) and not isinstance(number, bool) and number % 1 == 0
            problem = (
                manifests.port_problem(int(number))
                if whole
                else f"must be a whole number; found {kind(number)}."
            )
            if problem:
                self.refuse(f"{what}: {problem}")
            else:
                kept.append({"name": port_name, "containerPort": int(number), "protocol": "TCP"})
        return kept

    def _resources(self) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for part, amounts in self.mapping("resources").items():
            if part not in ("requests", "limits"):
                self.refuse(f"resources has {shown(part)}; it takes requests and limits.")
            elif not isinstance(amounts, Mapping):
                self.refuse(
                    f"resources[{part!r}] must be a mapping such as {{'cpu': '250m'}}; found {kind(amounts)}."
                )
            else:
                kept[part] = {
                    resource: self._quantity(part, resource, amount)
                    for resource, amount in amounts.items()
                }
        return kept

    def _quantity(self, part: str, resource: object, amount: Any) -> Any:
        if not isinstance(resource, str):
            self.refuse(
                f"resources[{part!r}] has a key that is {kind(resource)}; a key is the name of a resource, e.g. "
                f"{{'cpu': '250m', 'memory': '512Mi'}}."
            )
            return None
        what = f"resources[{part!r}][{shown(resource)}]"
        if is_input(amount):
            return self._transferable(what, amount)
        if is_number(amount) and not isinstance(amount, bool):
            amount = quotable(amount) or amount
        if not isinstance(amount, str):
            self.refuse(
                f"{what} must be a quantity such as '250m' or '512Mi'; found {kind(amount)}."
            )
        self._judge(amount, lambda text: manifests.quantity_problem(text, resource), what)
        return amount

    def _probe(self, argument: str) -> Any:
        found = self.mapping(argument)
        for problem in untransferable(argument, found):
            self.refuse(problem)
        handlers = [key for key in found if key in _PROBE_HANDLERS]
        if argument in self.given and len(handlers) != 1 and not self._complains_of(argument):
            self.refuse(
                f"{argument} must have one of {', '.join(_PROBE_HANDLERS)}, spelled as in Kubernetes, e.g. "
                f"{{'httpGet': {{'path': '/healthz', 'port': 'http'}}}}; found "
                f"{', '.join(map(shown, found)) or 'nothing'}."
            )
        for fault in _unwritable(argument, found):
            self.refuse(fault)
        if _holds_input(found):
            return self._transferable(argument, dict(found))
        return dict(found)

    def _transferable(self, what: str, given: Any) -> "pulumi.Output[Any]":
        """Pass on what is known only later, and then refuse what Pulumi would break on."""

        def guarded(path: str, node: Any) -> Any:
            if isinstance(node, pulumi.Output):
                return node.apply(lambda known: checked(path, known))
            if isinstance(node, Mapping):
                return {key: guarded(f"{path}[{shown(key)}]", each) for key, each in node.items()}
            if isinstance(node, list | tuple):
                return [guarded(f"{path}[{place}]", each) for place, each in enumerate(node)]
            return node

        def checked(path: str, known: Any) -> Any:
            for problem in untransferable(path, known):
                with one_clear_message():
                    raise OutputError(f"{self.subject}: {problem}")
            return known

        return self.output(what, guarded(what, given), text=False)

    def _complains_of(self, argument: str) -> bool:
        return any(str(error).startswith(argument) for error in self.errors)

    def writable_paths(self) -> tuple[str, ...]:
        """Read the folders in which the container may write."""
        paths: tuple[str, ...] = self.list("writable_paths", plain=True)
        for path in paths:
            self._judge(path, manifests.path_problem, "writable_paths")
            if path in self.mapping("files"):
                self.refuse(
                    f"{path} is in files and in writable_paths; a path is a file or a folder."
                )
        return paths

    def relaxed(self) -> tuple[str, ...]:
        """Read which security settings are to be left out."""
        known = (*SECURITY, NO_TOKEN)
        names: tuple[str, ...] = self.list("relax", plain=True)
        for each in names:
            if each not in known:
                close = nearest(each, known)
                self.refuse(
                    f"relax has {shown(each)}; it takes {', '.join(known)}."
                    + (f" Did you mean {close!r}?" if close else "")
                )
        return names


class EscDeployment(pulumi.ComponentResource):
    """A Deployment of one container whose environment comes from the stack's config.

    It meets the Pod Security Standard `restricted`; `relax` leaves single settings out. For anything else use
    an `EscEnv` and your own workload, with `env.inject(spec)`.
    """

    deployment_name: pulumi.Output[str]
    """Name of the Deployment."""
    secret_name: pulumi.Output[str | None]
    """Name of the Secret; null where no value is secret."""
    config_map_name: pulumi.Output[str | None]
    """Name of the ConfigMap; null where every value is secret."""

    @overload
    def __init__(
        self,
        name: str,
        args: EscDeploymentArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self,
        name: str,
        args: EscEnvArgs = ...,
        opts: pulumi.ResourceOptions | None = None,
        **kwargs: Unpack[EscDeploymentArgs],
    ) -> None: ...

    def __init__(  # type: ignore[misc] # the analyzer takes no union of the two kinds of args
        self,
        name: str,
        args: EscDeploymentArgs = EscDeploymentArgs(),  # type: ignore[typeddict-item] # noqa: B008 (never changed; the schema analyzer wants this form)
        opts: pulumi.ResourceOptions | None = None,
        **kwargs: Unpack[EscDeploymentArgs],
    ) -> None:
        """Check everything and register the `EscEnv` and the Deployment.

        Args:
            name: Logical name, and the beginning of the objects' names, e.g. `nlp`.
            args: What is not default; the same may be given as keyword arguments.
            opts: As for every Pulumi component.

        Raises:
            EnvArgsError: Something cannot be met. It lists everything at once, and nothing was registered.
            StackConfigError: The stack's config lacks values or holds them wrongly. Each line has the command that
                fixes it.
            MissingExtraError: The Kubernetes SDK is not installed.
        """
        with one_clear_message():
            kubernetes = clouds.sdk("pulumi_kubernetes", "kubernetes")
            if isinstance(cast(object, args), list | tuple):
                raise EnvArgsError(
                    "EscDeployment: args is the mapping of all its arguments; give the container's own as "
                    "arguments=[...]."
                )
            refuse_secrets(
                "EscDeployment", name, args, kwargs, opts, error=EnvArgsError, way_out=BY_REFERENCE
            )
            subject = read_pod_name("EscDeployment", name, args, opts)
            given: dict[str, Any] = {**args, **kwargs}
            reader = _DeploymentReader(subject, given, list(EscDeploymentArgs.__annotations__))
            reader.logical_name(name)
            container = reader.container(name)
            replicas = reader.whole_number("replicas", 0, 2**31 - 1)
            service_account = reader.object_name("service_account")
            annotations = reader.labels("annotations")
            writable, relaxed = reader.writable_paths(), reader.relaxed()
            wanted = reader.environment(name, opts)
            selector = _selector(reader, name)
            if reader.errors:
                raise reader.refused()
        # As it was read here: what an output holds wrongly is then refused in this component's name.
        read = {"labels": wanted.labels, "namespace": wanted.namespace}
        given |= {key: each for key, each in read.items() if key in given}
        with short_stack_trace():
            super().__init__("infra-secrets:index:EscDeployment", name, {}, opts)
            self.env = EscEnv(
                name,
                cast(
                    EscEnvArgs,
                    {key: given[key] for key in EscEnvArgs.__annotations__ if key in given},
                ),
                pulumi.ResourceOptions(parent=self),
            )
        labels = {**selector, **wanted.labels}
        container["securityContext"] = _security("container", relaxed)
        pod: dict[str, Any] = {
            "containers": [container],
            "securityContext": _security("pod", relaxed),
        }
        if service_account is not None:
            pod["serviceAccountName"] = service_account
        elif NO_TOKEN not in relaxed:
            pod[NO_TOKEN] = False
        if writable:
            places = {f"writable-{number}": path for number, path in enumerate(writable, start=1)}
            pod["volumes"] = [{"name": volume, "emptyDir": {}} for volume in places]
            container["volumeMounts"] = [
                {"name": volume, "mountPath": path} for volume, path in places.items()
            ]
        spec: dict[str, Any] = {
            "selector": {"matchLabels": selector},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        }
        if replicas is not None:
            spec["replicas"] = replicas
        annotations |= RELOADER if wanted.reloader else {}
        if not wanted.kept_by:
            warn_if_not_awaited(f'EscDeployment("{name}")', annotations)
        with short_stack_trace():
            self.deployment = kubernetes.apps.v1.Deployment(
                name,
                metadata=metadata_of(wanted.namespace, labels, annotations),
                spec=self.env.inject(spec),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.deployment_name = known_only(name_of(self.deployment), str)
        self.secret_name = self.env.secret_name
        self.config_map_name = self.env.config_map_name
        self.register_outputs(
            {
                "deploymentName": self.deployment_name,
                "secretName": self.secret_name,
                "configMapName": self.config_map_name,
            }
        )

    if not TYPE_CHECKING:
        __new__ = explaining_two_names(__init__, two_names("EscDeployment"))


def _selector(reader: PodReader, name: str) -> dict[str, str]:
    """Choose the labels by which the Deployment knows its pods; they never change."""
    labels = ("app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/part-of")
    return _found_by(reader, "pods", labels, name)


def _kept_by(reader: PodReader, name: str) -> dict[str, str]:
    """Choose the labels by which a person finds what is left in the cluster."""
    labels = ("infra-secrets/name", "infra-secrets/stack", "infra-secrets/project")
    return _found_by(reader, "old objects", labels, name)


def _found_by(reader: PodReader, what: str, keys: Sequence[str], name: str) -> dict[str, str]:
    """Label with the names of component, stack and project, or with what `labels` says instead."""
    stack = pulumi.get_stack()
    labels = dict(zip(keys, (name, stack, pulumi.get_project()), strict=True))
    given = reader.mapping("labels")
    for key, usual in list(labels.items()):
        text = given.get(key, usual)
        if not isinstance(text, str):
            reader.refuse(
                f"labels[{key!r}] must be a plain string, because {what} are found by it."
            )
            continue
        labels[key] = text
        if manifests.label_value_problem(text) and key not in given:
            whose = "stack" if text == stack else "project"
            reader.refuse(
                f"the {whose}'s name cannot be a label's value, and {what} are found by it; give a short one: "
                f'labels={{"{key}": "production"}}.'
            )
    return labels


def _security(place: str, relaxed: Sequence[str]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for setting, (where, says) in SECURITY.items():
        if where == place and setting not in relaxed:
            settings.update(says)
    return settings


def _unwritable(where: str, found: Any) -> Iterator[str]:
    """Yield what could stand in no manifest."""
    if isinstance(found, Mapping):
        for key, each in found.items():
            if not isinstance(key, str):
                yield f"{where} has a key that is not a string: {kind(key)}."
            else:
                yield from _unwritable(f"{where}[{shown(key)}]", each)
    elif isinstance(found, list | tuple):
        for position, each in enumerate(found):
            yield from _unwritable(f"{where}[{position}]", each)
    elif is_number(found):
        if quotable(found) is None:
            yield f"{where} is a number out of range."
    elif not (found is None or isinstance(found, str) or is_input(found) or _is_args(found)):
        yield f"{where} must be data, as in a manifest; found {kind(found)}."


def _is_args(found: object) -> bool:
    """Whether it is an object of Pulumi's, such as `HTTPGetActionArgs`."""
    return type(found).__module__.startswith("pulumi")


def _holds_input(found: Any) -> bool:
    if isinstance(found, Mapping):
        return any(map(_holds_input, found.values()))
    if isinstance(found, list | tuple):
        return any(map(_holds_input, found))
    return is_input(found)
