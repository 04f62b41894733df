"""`EscEnv`: what the stack's config holds, as the environment of pods.

Values go into one immutable Secret whose name Kubernetes makes up. A changed value therefore makes a new Secret
under a new name: every workload that refers to it rolls, and the old one goes when that is done (or is kept, for
workloads that do not roll). A name of its own is deliberately not offered: with it the provider deletes the running
workload first.
"""

# No `from __future__ import annotations` here: Pulumi's schema analyzer reads the annotations as objects.

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import pulumi

from infra_secrets import clouds
from infra_secrets.component.argument_types import Format, SequenceNotStr
from infra_secrets.component.outputs import known_only
from infra_secrets.workloads.esc_reader import EnvReader
from infra_secrets.workloads.pods import (
    Offered,
    PodEnvironment,
    file_keys,
    metadata_of,
    mounted,
    name_of,
)
from infra_secrets.workloads.provider import once_hidden

if TYPE_CHECKING:
    from infra_secrets.runtime import SecretSettings


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


class EscEnv(PodEnvironment, read_by=EnvReader):
    """Values of the stack's config, as environment variables and files for pods.

    Secret config goes into one Kubernetes Secret, other config into one ConfigMap; both are immutable and
    auto-named, so that a changed value rolls every workload that uses them.
    """

    secret_name: pulumi.Output[str | None]
    """Name of the Secret; null if no value is secret."""
    config_map_name: pulumi.Output[str | None]
    """Name of the ConfigMap; null if every value is secret."""

    def __init__(
        self,
        name: str,
        args: EscEnvArgs = EscEnvArgs(),  # noqa: B008 (never changed; the schema analyzer wants this form)
        opts: pulumi.ResourceOptions | None = None,
        *,
        settings: "type[SecretSettings] | None" = None,
        **kwargs: Unpack[EscEnvArgs],
    ) -> None:
        """Check every value and register the Secret and the ConfigMap.

        Args:
            name: Logical name, and the beginning of the objects' names, e.g. `nlp`.
            args: Everything that is not the default; keyword arguments do the same.
            opts: As in every Pulumi component.
            settings: A class of `infra_secrets.runtime.SecretSettings`: each field is a variable from the secret config
                of the field's name (`STRIPE_API_KEY` from `stripe_api_key`), in the format of its type, and optional
                where it has a default. What `secrets`, `config` or `formats` say of one of its variables wins.

        Raises:
            EnvArgsError: Something is not valid. It lists every problem at once, and nothing was registered.
            StackConfigError: The stack's config lacks values or has them in the wrong form. Each line has the command
                that fixes it.
            MissingExtraError: The Kubernetes SDK is not installed.
        """
        with EnvReader.reading(EscEnvArgs, name, args, kwargs, opts) as reader:
            sdk = clouds.sdk("pulumi_kubernetes", "kubernetes")
            reader.declare(settings)
            reader.logical_name()
            wanted = reader.environment()
        with self._registering():
            super().__init__(self._token, name, {}, opts)
            self._what = reader.subject
            for warning in filter(None, (entry.warning() for entry in wanted.entries)):
                pulumi.log.warn(f"{self._what}: {warning}", self)
            self._namespace, self._reloader = wanted.namespace, wanted.reloader
            self._old_ones_go = not wanted.kept_by
            # What is immutable stays so forever: the API server takes only a new object when `reloader` comes in.
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
                secret = sdk.core.v1.Secret(
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
                config_map = sdk.core.v1.ConfigMap(
                    name, metadata=metadata, immutable=immutable, data=plain, opts=child
                )
                config_map_name = name_of(config_map)
                self.config_map_name = known_only(config_map_name, str)

            self._offer(
                [
                    Offered("secret", secret_name, list(variables)),
                    Offered("configMap", config_map_name, list(plain)),
                ],
                mounted(f"{name}-files", secret_name, keys, wanted.file_mode),
            )
