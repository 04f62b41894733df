"""`EscDeployment`: a hardened Deployment of one container around an `EscEnv`."""

# No `from __future__ import annotations` here: Pulumi's schema analyzer reads the annotations as objects.

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Required, Unpack, cast, overload

import pulumi

from infra_secrets import clouds
from infra_secrets.component.argument_types import Literal, SequenceNotStr
from infra_secrets.component.outputs import known_only
from infra_secrets.component.registering import Component
from infra_secrets.workloads.deployment_container import NO_TOKEN, ContainerReader, security
from infra_secrets.workloads.esc_env import EscEnv, EscEnvArgs
from infra_secrets.workloads.esc_reader import WantedEnvironment, found_by
from infra_secrets.workloads.pods import (
    RELOADER,
    PodReader,
    metadata_of,
    name_of,
    warn_if_not_awaited,
)

if TYPE_CHECKING:
    from infra_secrets.runtime import SecretSettings


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
    """Replaces the image's entry point. Default: the image's."""
    arguments: SequenceNotStr[pulumi.Input[str]]
    """Replaces the image's arguments (`args` in Kubernetes). `$(NAME)` in one stands for a variable.
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
    """When to restart the container, as in Kubernetes. Default: only when it ends."""
    startup_probe: Mapping[str, Any]
    """When a container has started; the other probes wait for it. Default: at once."""
    writable_paths: SequenceNotStr[str]
    """Folders in which the container may write, e.g. `["/tmp"]`: they start empty and are gone with the pod.
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


class EscDeployment(Component, read_by=ContainerReader):
    """A Deployment of one container whose environment comes from the stack's config.

    It meets the Pod Security Standard `restricted`; `relax` leaves single settings out. For anything else use
    an `EscEnv` and your own workload, with `env.inject(spec)`.
    """

    deployment_name: pulumi.Output[str]
    """Name of the Deployment."""
    secret_name: pulumi.Output[str | None]
    """Name of the Secret; null if no value is secret."""
    config_map_name: pulumi.Output[str | None]
    """Name of the ConfigMap; null if every value is secret."""

    @overload
    def __init__(
        self,
        name: str,
        args: EscDeploymentArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        settings: "type[SecretSettings] | None" = None,
    ) -> None: ...

    @overload
    def __init__(
        self,
        name: str,
        args: EscEnvArgs = ...,
        opts: pulumi.ResourceOptions | None = None,
        *,
        settings: "type[SecretSettings] | None" = None,
        **kwargs: Unpack[EscDeploymentArgs],
    ) -> None: ...

    def __init__(  # type: ignore[misc] # the analyzer takes no union of the two kinds of args
        self,
        name: str,
        args: EscDeploymentArgs = EscDeploymentArgs(),  # type: ignore[typeddict-item] # noqa: B008 (never changed; the schema analyzer wants this form)
        opts: pulumi.ResourceOptions | None = None,
        *,
        settings: "type[SecretSettings] | None" = None,
        **kwargs: Unpack[EscDeploymentArgs],
    ) -> None:
        """Check everything and register the `EscEnv` and the Deployment.

        Args:
            name: Logical name, and the beginning of the objects' names, e.g. `nlp`.
            args: Everything that is not the default; keyword arguments do the same.
            opts: As in every Pulumi component.
            settings: A class of `infra_secrets.runtime.SecretSettings`, as in an `EscEnv`.

        Raises:
            EnvArgsError: Something is not valid. It lists every problem at once, and nothing was registered.
            StackConfigError: The stack's config lacks values or has them in the wrong form. Each line has the command
                that fixes it.
            MissingExtraError: The Kubernetes SDK is not installed.
        """
        with ContainerReader.reading(EscDeploymentArgs, name, args, kwargs, opts) as reader:
            sdk = clouds.sdk("pulumi_kubernetes", "kubernetes")
            reader.declare(settings)
            reader.logical_name()
            container = reader.container()
            replicas = reader.whole_number("replicas", 0, 2**31 - 1)
            service_account = reader.object_name("service_account")
            annotations = reader.labels("annotations")
            writable, relaxed = reader.writable_paths(), reader.relaxed()
            wanted = reader.environment()
            selector = _selector(reader)
        with self._registering():
            super().__init__(self._token, name, {}, opts)
            self.env = EscEnv(
                name,
                _of_the_env(reader, wanted),
                pulumi.ResourceOptions(parent=self),
                settings=settings,
            )
            labels = {**selector, **wanted.labels}
            container["securityContext"] = security("container", relaxed)
            pod: dict[str, Any] = {
                "containers": [container],
                "securityContext": security("pod", relaxed),
            }
            if service_account is not None:
                pod["serviceAccountName"] = service_account
            elif NO_TOKEN not in relaxed:
                pod[NO_TOKEN] = False
            if writable:
                places = {
                    f"writable-{number}": path for number, path in enumerate(writable, start=1)
                }
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
            self.deployment = sdk.apps.v1.Deployment(
                name,
                metadata=metadata_of(wanted.namespace, labels, annotations),
                spec=self.env.inject(spec),
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.deployment_name = known_only(name_of(self.deployment), str)
            self.secret_name = self.env.secret_name
            self.config_map_name = self.env.config_map_name


def _of_the_env(reader: ContainerReader, wanted: WantedEnvironment) -> EscEnvArgs:
    """Choose the arguments of the `EscEnv`."""
    # As it was read here: what an output holds wrongly is then refused in this component's name.
    read = {**reader.given, "labels": wanted.labels, "namespace": wanted.namespace}
    names = [name for name in EscEnvArgs.__annotations__ if name in reader.given]
    return cast(EscEnvArgs, {name: read[name] for name in names})


def _selector(reader: PodReader) -> dict[str, str]:
    """Choose the labels by which the Deployment knows its pods; they never change."""
    labels = ("app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/part-of")
    return found_by(reader, "pods", labels)
