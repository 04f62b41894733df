"""`ExternalEnv`: the values of `Secret` containers as the environment of pods, fetched inside the cluster.

External Secrets Operator reads them with the identity of a service account, so that no value passes through
Pulumi: neither config nor state has one. Deliberately no static key for the store, and no deletion: a
container whose value is missing leaves the Secret that running pods use as it is.
"""

# No `from __future__ import annotations` here: Pulumi's schema analyzer reads the annotations as objects.

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, Unpack

import pulumi

from infra_secrets import clouds
from infra_secrets.clouds import Cloud
from infra_secrets.component.argument_types import Literal
from infra_secrets.component.given import is_input, kind, not_shown, unless_made_up
from infra_secrets.component.outputs import apply_clearly, known_only
from infra_secrets.component.settings import CLOUD, ENVIRONMENT
from infra_secrets.containers.places import elsewhere, looked_for, unknown_parts
from infra_secrets.errors import EnvArgsError, OutputError, SecretNameError, UnknownCloudError
from infra_secrets.rules import kubernetes
from infra_secrets.rules.naming import SecretName, kebab
from infra_secrets.rules.wording import is_credential, looks_like_a_value, shown
from infra_secrets.workloads.pods import (
    Offered,
    PodEnvironment,
    PodReader,
    file_keys,
    metadata_of,
    mounted,
    name_of,
)

if TYPE_CHECKING:
    from infra_secrets.runtime import SecretSettings

API = "external-secrets.io/v1"
"""The operator's API; served since its 0.16 (external-secrets/external-secrets apis/externalsecrets/v1)."""
STORE_KINDS = ("SecretStore", "ClusterSecretStore")
_STORES = tuple(clouds.store(clouds.load(name)) for name in clouds.available())
REFRESH_INTERVAL = "1h"
"""The operator's own default."""

_IN_A_CONTAINER = (
    "Leave it out: name the container that holds it, and never a value: "
    'secrets={{"NAME": stripe.secret_name}}.'
)

# Go's time.ParseDuration, without a sign.
_DURATION = re.compile(r"0|(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|s|m|h))+")


class ExternalEnvArgs(TypedDict, total=False):
    """What an `ExternalEnv` takes: names of variables and of containers, and never a value."""

    secrets: Mapping[str, pulumi.Input[str]]
    """Environment variables: each name with a container's `secret_name`, e.g. `{"STRIPE_API_KEY": stripe.secret_name}`,
    or `"<secret_name>#<field>"` for one field of a JSON document. Default: none."""
    files: Mapping[str, pulumi.Input[str]]
    """Files: each absolute path with a container, in the same way, mounted read-only. Default: none."""
    store: pulumi.Input[str]
    """Name of a SecretStore that exists. Default: one is made, for `cloud` and `service_account`."""
    store_kind: Literal["SecretStore", "ClusterSecretStore"]
    """`SecretStore` or `ClusterSecretStore`, of `store`. Default: `SecretStore`."""
    cloud: Literal["aws", "azure", "gcp"]
    """Where the containers are, for a store that is made. Default: config `infra-secrets:cloud`."""
    service_account: pulumi.Input[str]
    """Service account as which the store that is made reads, by the cloud's workload identity. It must be in the
    same namespace and be bound to a principal that is among the `readers` of each `Secret`. Needed without `store`."""
    aws_region: pulumi.Input[str]
    """Region of the containers, on AWS only. Default: config `aws:region`."""
    gcp_project: pulumi.Input[str]
    """Project of the containers, on GCP only. Default: config `gcp:project`."""
    azure_vault_id: pulumi.Input[str]
    """ARM id of the Key Vault, on Azure only. Default: config `infra-secrets:azureVaultId`."""
    refresh_interval: str
    """How often the operator looks for a new value, in Go's units (`s`, `m`, `h`), e.g. `15m`. Default: `1h`."""
    namespace: pulumi.Input[str]
    """Namespace of the workloads. Default: the provider's."""
    labels: Mapping[str, pulumi.Input[str]]
    """Labels of everything that is made. Default: none."""
    reloader: bool
    """Let Stakater Reloader roll the workloads when the operator has written a new value. Without it, running pods keep
    the values that they started with. Default: false."""
    file_mode: str
    """Permission bits of the files in octal, as for chmod. Default: `0444`."""


@dataclass(frozen=True, slots=True)
class _External:
    """An ExternalSecret that is to be made."""

    name: str
    variables: Sequence[str]
    data: Mapping[str, Any]
    """Each key of its Secret, with the operator's `remoteRef`."""
    optional: bool = False
    """Whether pods start without its Secret."""


class _ExternalReader(PodReader):
    component = "ExternalEnv"
    takes: ClassVar[Mapping[str, str]] = {
        **PodReader.takes,
        "cloud": f"one of {', '.join(clouds.available())}",
        "secrets": "e.g. {'STRIPE_API_KEY': stripe.secret_name}",
        "files": "e.g. {'/etc/nlp/key.pem': key.secret_name}",
        "store": "the name of an existing SecretStore",
        "store_kind": f"one of {', '.join(STORE_KINDS)}",
        **{setting: key.takes for store in _STORES for setting, key in store.SETTINGS.items()},
        "service_account": "the name of a Kubernetes service account",
        "refresh_interval": "e.g. '15m'",
    }
    way_out = _IN_A_CONTAINER
    declares = False
    """Whether a class of settings names variables."""
    cloud_of_the_class: str | None = None
    class_: "type[SecretSettings] | None" = None
    optional: Mapping[str, str] = {}
    """The variables of fields that have a default, each with the name of the field."""

    def declare(self, settings: "type[SecretSettings] | None") -> None:
        """Add the variables of a class of settings, each with its container. What `secrets` says of one wins."""
        if settings is None:
            return
        declared, options = self.declared(settings), settings.__options__
        self.declares = True
        chosen = self.text("cloud")
        if options.cloud is not None and chosen not in (None, options.cloud):
            self.refuse(
                f"cloud is not that of {settings.__name__}, which says {options.cloud!r}: its containers are there. "
                "Leave it out here, or there."
            )
        self.cloud_of_the_class, self.class_ = options.cloud, settings
        cloud = self._cloud(chosen)
        environment = options.environment or self.configured(ENVIRONMENT) or pulumi.get_stack()
        if cloud is None:
            raise self.refused()
        unknown = unknown_parts(settings, cloud)
        if unknown is not None:
            self.refuse(f"settings: {unknown}")
        self.optional = {each.variable: each.name for each in declared.settings if each.optional}
        given = self.mapping("secrets")
        named: dict[str, str] = {}
        for each in declared.settings:
            if each.variable in given:
                continue
            try:
                name = SecretName(service=declared.service, environment=environment, key=each.key)
                field = f"#{each.variable}" if declared.document else ""
                named[each.variable] = cloud.SPELLING.spell(name) + field
            except SecretNameError as error:
                self.refuse(f"settings: {error}")
        if self.errors:
            raise self.refused()
        self.given["secrets"] = {**named, **given}

    def references(self, argument: str) -> dict[str, Any]:
        """Read which container each target comes from, as the operator's `remoteRef`."""
        kept: dict[str, Any] = {}
        for target, given in self.mapping(argument).items():
            what = f"{argument}[{shown(target)}]"
            if is_input(given):
                kept[target] = apply_clearly(
                    self.output(what, given, needed=True), self._later(what)
                )
            elif isinstance(given, str) and given:
                problem = _reference_problem(given)
                if problem:
                    self.refuse(f"{what}: {problem}")
                kept[target] = _remote(given) if problem is None else {}
            else:
                self.refuse(
                    f"{what} must be the secret_name of a Secret, or '<secret_name>#<field>'; found {kind(given)}."
                )
        return kept

    def external_secrets(
        self, variables: Mapping[str, Any], keys_of_files: Mapping[str, Any]
    ) -> "list[_External]":
        """Part what is fetched into ExternalSecrets: one for all that is needed, and one for each that is not.

        The operator writes the Secret of an ExternalSecret when all of its values are there, and has no way to say that
        one may be missing (external-secrets v2.9, `ExternalSecretData`).
        """
        needed = {each: variables[each] for each in variables if each not in self.optional}
        found = []
        if needed or keys_of_files:
            found.append(_External(self.name, [*needed], {**needed, **keys_of_files}))
        for variable in variables:
            if variable in self.optional:
                name = f"{self.name}-{kebab(self.optional[variable])}" if found else self.name
                problem = kubernetes.label_problem(name)
                if problem is not None:
                    self.refuse(f"settings: the field {self.optional[variable]}: {problem}")
                if name in {each.name for each in found}:
                    self.refuse(
                        f"settings: the field {self.optional[variable]} would have a second ExternalSecret "
                        f"{name!r}. Rename the field."
                    )
                found.append(_External(name, [variable], {variable: variables[variable]}, True))
        return found

    def _later(self, what: str) -> Callable[[str], dict[str, str]]:
        def read(reference: str) -> dict[str, str]:
            problem = _reference_problem(reference)
            if problem:
                raise EnvArgsError(f"{self.subject}: {what}: {problem}")
            return _remote(reference)

        return read

    def refresh_interval(self) -> str:
        """Read how often the operator looks."""
        text = self.text("refresh_interval") or REFRESH_INTERVAL
        if not _DURATION.fullmatch(text):
            self.refuse(
                f"refresh_interval={shown(text)} is not a duration; write e.g. '15m', '1h' or '1h30m'."
            )
        return text

    def store(self) -> "tuple[Any, str, Cloud | None, dict[str, Any]]":
        """Read which store it is: its name, or else the cloud and settings of the one to make."""
        store = self.object_name("store")
        store_kind = self.text("store_kind") or STORE_KINDS[0]
        if store_kind not in STORE_KINDS:
            self.refuse(f"store_kind={shown(store_kind)} must be one of {', '.join(STORE_KINDS)}.")
        settings = {
            setting: self.sentence(setting) for each in _STORES for setting in each.SETTINGS
        }
        settings = {setting: found for setting, found in settings.items() if found is not None}
        account = self.object_name("service_account")
        chosen = self.text("cloud")
        if "store" in self.given:
            # With a class of settings, the cloud also says how the names of its containers are spelled.
            extra = [
                key
                for key in ("cloud", "service_account", *settings)
                if key in self.given and not (self.declares and key == "cloud")
            ]
            if extra:
                self.refuse(
                    f"store names an existing store, but {', '.join(extra)} would be for one that is created. Give "
                    f"one or the other."
                )
            return store, store_kind, None, {}
        if "store_kind" in self.given:
            self.refuse("store_kind is for an existing store; name it with store=.")
        if account is None and "service_account" not in self.given:
            self.refuse(
                "service_account is missing: the store that is created reads the containers as a Kubernetes service "
                "account, by workload identity and never with a key. Name it, or name an existing store with store=."
            )
        cloud = self._cloud(chosen)
        if cloud is None:
            return None, store_kind, None, {}
        needed = clouds.store(cloud).SETTINGS
        for setting, key in needed.items():
            found = settings.get(setting)
            if found is None and self.is_secret(key):
                continue
            found = found or key.read()
            if found is None:
                self.refuse(
                    f"{setting} is missing, and the store needs it. Give it here, or for the stack: pulumi config set "
                    f"{key} <...>"
                )
            settings[setting] = unless_made_up(found, _wrong_for(cloud, setting))
        for setting in [each for each in settings if each not in needed]:
            self.refuse(f"{setting} is not for {cloud.SPELLING.title}. Leave it out.")
        self._judge_settings(
            cloud, {key: each for key, each in settings.items() if each is not None}
        )
        return (
            None,
            store_kind,
            cloud,
            {**self._as_looked_for(cloud, settings), "service_account": account},
        )

    def _as_looked_for(self, cloud: Cloud, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Refuse a store that reads elsewhere than the service of the class looks; of an output, once it is known."""
        if self.class_ is None or unknown_parts(self.class_, cloud) is not None:
            return settings
        name, of = self.class_.__name__, clouds.store(cloud)
        expected = looked_for(self.class_, cloud)

        def judged(setting: str, text: str, *, hidden: bool = False) -> str | None:
            problem = elsewhere(name, expected, of.place({setting: text}), hidden=hidden)
            return None if problem is None else f"settings: {problem}"

        def later(setting: str, text: str) -> str:
            problem = judged(setting, text)
            if problem is not None:
                raise OutputError(f"{self.subject}: {problem}")
            return text

        checked = dict(settings)
        for setting, found in settings.items():
            if isinstance(found, str):
                hidden = pulumi.runtime.is_config_secret(str(of.SETTINGS[setting]))
                problem = judged(setting, found, hidden=hidden)
                if problem is not None:
                    self.refuse(problem)
            elif found is not None:
                given = unless_made_up(found, partial(_is_refused, partial(judged, setting)))
                checked[setting] = apply_clearly(given, partial(later, setting))
        return checked

    def _judge_settings(self, cloud: Cloud, settings: Mapping[str, Any]) -> None:
        """Refuse what the store cannot be made with. What the stack's config holds as a secret is not shown."""
        of = clouds.store(cloud)
        for setting, found in settings.items():
            key = of.SETTINGS.get(setting)
            in_config = key is not None and setting not in self.given
            hidden = in_config and pulumi.runtime.is_config_secret(str(key))
            for problem in of.problems({setting: found}):
                self.refuse(not_shown(setting, self.takes[setting]) if hidden else problem)

    def _cloud(self, chosen: str | None) -> "Cloud | None":
        if chosen is None and ("cloud" in self.given or self.is_secret(CLOUD)):
            return None  # refused already
        chosen = chosen or self.cloud_of_the_class or self.configured(CLOUD)
        if chosen is None:
            otherwise = "" if self.declares else ", or name an existing store with store="
            self.refuse(
                f"no cloud is chosen. Choose one for the stack: pulumi config set {CLOUD} {clouds.available()[0]} (one "
                f"of {', '.join(clouds.available())}), or here with cloud={otherwise}."
            )
            return None
        try:
            return clouds.load(chosen)
        except UnknownCloudError as error:
            self.refuse(str(error))
            return None


class ExternalEnv(PodEnvironment, read_by=_ExternalReader):
    """The values of `Secret` containers, as environment variables and files for pods.

    External Secrets Operator, which must be in the cluster, copies them into one Kubernetes Secret and keeps it
    up to date. Where a value is not set, nothing changes: running pods keep what they have, new ones wait.
    """

    secret_name: pulumi.Output[str]
    """Name of the Secret that the operator writes. Each field of `settings` that has a default has one of its own."""
    store_name: pulumi.Output[str]
    """Name of the store that it reads from."""

    def __init__(
        self,
        name: str,
        args: ExternalEnvArgs = ExternalEnvArgs(),  # noqa: B008 (never changed; the schema analyzer wants this form)
        opts: pulumi.ResourceOptions | None = None,
        *,
        settings: "type[SecretSettings] | None" = None,
        **kwargs: Unpack[ExternalEnvArgs],
    ) -> None:
        """Register the ExternalSecret, and a SecretStore unless one was named.

        Args:
            name: Logical name, and the beginning of the objects' names, e.g. `nlp`.
            args: Everything that is not the default; keyword arguments do the same.
            opts: As in every Pulumi component.
            settings: A class of `infra_secrets.runtime.SecretSettings`: each field is a variable from its container, as
                `secrets_for` makes it in this stack. A field that has a default has an ExternalSecret of its own, and
                pods start without its variable while its container has no value. What `secrets` says of one of its
                variables wins. With `store`, too, `cloud` or the config then says how the names are spelled.

        Raises:
            EnvArgsError: Something is not valid. It lists every problem at once, and nothing was registered.
            MissingExtraError: The Kubernetes SDK is not installed.
        """
        with _ExternalReader.reading(ExternalEnvArgs, name, args, kwargs, opts) as reader:
            sdk = clouds.sdk("pulumi_kubernetes", "kubernetes")
            reader.declare(settings)
            reader.logical_name()
            reader.targets("secrets", "files")
            variables, files = reader.references("secrets"), reader.references("files")
            if not reader.given.get("secrets") and not reader.given.get("files"):
                reader.refuse(
                    "secrets and files are empty; name at least one variable, e.g. "
                    'secrets={"STRIPE_API_KEY": stripe.secret_name}.'
                )
            store, store_kind, cloud, place = reader.store()
            interval, mode = reader.refresh_interval(), reader.file_mode()
            namespace, labels = reader.namespace(), reader.labels()
            reloader = reader.flag("reloader")
            keys = file_keys(list(files), list(variables))
            wanted = reader.external_secrets(
                variables, {keys[path]: remote for path, remote in files.items()}
            )
        with self._registering():
            super().__init__(self._token, name, {}, opts)
            self._what, self._namespace, self._reloader = reader.subject, namespace, reloader
            metadata = metadata_of(namespace, labels)
            if cloud is not None:
                made = sdk.apiextensions.CustomResource(
                    name,
                    api_version=API,
                    kind="SecretStore",
                    metadata=metadata,
                    spec={"provider": clouds.store(cloud).provider(place)},
                    opts=pulumi.ResourceOptions(parent=self),
                )
                store = name_of(made)
            # The operator gives a Secret the ExternalSecret's own name.
            secrets = [
                (
                    each,
                    name_of(
                        sdk.apiextensions.CustomResource(
                            each.name,
                            api_version=API,
                            kind="ExternalSecret",
                            metadata=metadata,
                            spec=_spec(each.data, interval, {"name": store, "kind": store_kind}),
                            opts=pulumi.ResourceOptions(parent=self),
                        )
                    ),
                )
                for each in wanted
            ]
            secret_name = secrets[0][1]
            self.secret_name = known_only(secret_name, str)
            self.store_name = known_only(pulumi.Output.from_input(store), str)
            self._offer(
                [
                    Offered("secret", made_name, each.variables, optional=each.optional)
                    for each, made_name in secrets
                ],
                mounted(f"{name}-files", secret_name, keys, mode),
            )


def _spec(data: Mapping[str, Any], interval: str, store: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "refreshInterval": interval,
        "secretStoreRef": store,
        # Retain: with Delete, a container without a value would take the Secret from running pods.
        "target": {"creationPolicy": "Owner", "deletionPolicy": "Retain"},
        "data": [{"secretKey": key, "remoteRef": remote} for key, remote in data.items()],
    }


def _wrong_for(cloud: Cloud, setting: str) -> Callable[[str], bool]:
    return lambda text: any(clouds.store(cloud).problems({setting: text}))


def _is_refused(judged: Callable[[str], str | None], text: str) -> bool:
    return judged(text) is not None


def _remote(reference: str) -> dict[str, str]:
    """Split `name#field`. A `#` is in no name on any of the clouds, and a field may have one."""
    key, hash_, field = reference.partition("#")
    return {"key": key, "property": field} if hash_ else {"key": key}


def _reference_problem(reference: str) -> str | None:
    key, hash_, field = reference.partition("#")
    if (
        re.fullmatch(r"[A-Za-z0-9/_+=.@:-]{1,2048}", key)
        and (field or not hash_)
        and not _hides(key)
    ):
        return None
    return (
        f"{shown(reference)} is not the name of a container; give the secret_name of a Secret, or "
        f"'<secret_name>#<field>' for one field of its document, and never a value."
    )


def _hides(key: str) -> bool:
    """Whether it could be a value: the words of a name are not long mixtures, and it has parts."""
    if is_credential(key) and not re.search("/|--|__", key):
        return True
    return "arn:" not in key and any(map(looks_like_a_value, re.split(r"[-/_:.]+", key)))
