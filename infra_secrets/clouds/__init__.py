"""The seam between the components and the clouds: one folder a cloud, one small Protocol a facet.

`cloud="aws"` is the name of a folder here, so that a new cloud is a new folder and nothing else: no table and no `if`
names it. What a cloud must tell others it says itself, in a facet, which is a module of its folder:

- the folder itself (`Cloud`): facts, for which nothing of Pulumi is imported;
- `container` (`Container`): how a container is made, looked at and adopted;
- `store` (`Store`): how External Secrets Operator and Pulumi ESC read from it;
- `values` (`Values`): how values are read and written by the cloud's own client;
- `login` (`Login`): who is logged in, and what that identity may do.

Clouds do not know each other. No module has an `import` of a cloud's SDK: `sdk` imports one by name, where it is used.
"""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, cast

from infra_secrets.component.settings import ConfigKey
from infra_secrets.errors import MissingExtraError, SecretArgsError, UnknownCloudError
from infra_secrets.rules.naming import SecretName, Spelling
from infra_secrets.rules.wording import nearest, shown

if TYPE_CHECKING:
    import pulumi

    from infra_secrets.clouds.login import Login
    from infra_secrets.clouds.values import Client, Values
    from infra_secrets.component.internals import Asking

KEEP, RECOVER, DISCARD = "keep", "recover", "discard"
RETENTIONS: Mapping[str, str] = {
    KEEP: "removing it from code is refused",
    RECOVER: "removing it deletes it, and it can be brought back",
    DISCARD: "removing it deletes it as fast as the cloud allows",
}
"""What removing a secret from code may do, by the name of the retention."""


Place = Mapping[str, str]
"""Where a container is: its `name` in its cloud, and what is known of its region, project, account or vault."""


def same_place(one: Place, other: Place) -> bool:
    """Whether two places are one, as far as both are known."""
    return "name" in one and "name" in other and not differing(one, other)


def differing(one: Place, other: Place) -> list[str]:
    """Name the parts in which two places differ, of those that are known of both."""
    return [part for part in one if part in other and one[part] != other[part]]


def as_options(cloud: str, place: Place) -> str:
    """Spell where something is as options of a command, e.g. `--cloud aws --region eu-central-1`."""
    return " ".join([f"--cloud {cloud}", *(f"--{part} {text}" for part, text in place.items())])


def to_set(reference: str, cloud: str, place: Place) -> str:
    """Write the command that sets a container's value, from wherever it is run."""
    return f"infra-secrets set {reference} {as_options(cloud, place)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A container as somebody wants it: every default is filled in, every part of the name is legal."""

    logical_name: str
    """The name in the program, e.g. `StripeApiKey`."""
    stack: str
    """Its owner, `organization/project/stack`."""
    name: SecretName
    spelled: str
    """The name in the cloud."""
    fields: tuple[str, ...] = ()
    """JSON keys that the value must have; none means one plain value."""
    description: "pulumi.Input[str] | None" = None
    owner: "pulumi.Input[str] | None" = None
    max_age_days: int | None = None
    tags: "Mapping[str, pulumi.Input[str]]" = field(default_factory=dict)
    retention: str = KEEP
    encryption_key: "pulumi.Input[str] | None" = None
    replicas: tuple[str, ...] = ()
    readers: "tuple[pulumi.Input[str], ...]" = ()
    writers: "tuple[pulumi.Input[str], ...]" = ()
    adopt: str | None = None
    """Id of the container to take over."""
    adopt_from: str | None = None
    """The stack that it is taken over from, `organization/project/stack`."""
    formerly: str | None = None
    """URN or logical name of the resource of this stack that was the container until now."""
    settings: "Mapping[str, pulumi.Input[str]]" = field(default_factory=dict)
    """What only this cloud needs, by argument name, e.g. `azure_vault_id`."""

    def facts(self, separator: str) -> "dict[str, pulumi.Input[str]]":
        """What the container should say about itself, for tags or annotations.

        Args:
            separator: What stands between the package's prefix and a fact's name.
        """
        facts: dict[str, pulumi.Input[str] | None] = {
            "stack": self.stack,
            "logical-name": self.logical_name,
            "owner": self.owner,
            "max-age-days": None if self.max_age_days is None else str(self.max_age_days),
        }
        return {
            f"infra-secrets{separator}{name}": fact
            for name, fact in facts.items()
            if fact is not None
        }

    def value_asked_for(self) -> str:
        """What the operator is asked to type, in words."""
        if self.fields:
            return f"{self.name.reference}, one JSON object with the keys {', '.join(self.fields)}"
        return self.name.reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """A container that exists already, as its metadata show it."""

    id: str
    """What `adopt` takes."""
    facts: Mapping[str, str]
    """What it says about itself: those of `Wanted.facts`, without the package's prefix."""
    metadata: Mapping[str, Any]
    """Everything that the provider's function answered; never a value."""

    @classmethod
    def read(cls, id_: str, tags: Mapping[str, object], metadata: Mapping[str, Any]) -> "Existing":
        """Read it from the tags or annotations in which `Wanted.facts` were written."""
        return cls(id=id_, facts=facts_of(tags), metadata=metadata)


def facts_of(tags: Mapping[str, object]) -> dict[str, str]:
    """Read from tags or annotations what a container says about itself, as `Wanted.facts` wrote it."""
    return {
        key[len("infra-secrets.") :]: str(text)
        for key, text in tags.items()
        if key.startswith(("infra-secrets:", "infra-secrets."))
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A container that was registered."""

    resource: "pulumi.CustomResource"
    """The container itself, without its grants."""
    properties: "Mapping[str, pulumi.Output[Any]]"
    """Those of its outputs that `Container.place` and `Container.stops` read."""
    secret_id: "pulumi.Output[str]"
    """Its full id for IAM and the cloud's own tools."""
    set_command: "pulumi.Output[str]"
    """POSIX shell: sets the value from standard input."""
    console_url: "pulumi.Output[str]"
    """Its page in a browser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A day on which something ends that the package's users may depend on."""

    day: date
    """The last day on which it works."""
    what: str
    """What ends, as the plural beginning of a sentence that goes on with "end on" and the day."""
    source: str
    """The address of who says so."""
    way_out: str
    """What to do before, in sentences."""
    affected: Callable[[Mapping[str, str]], str | None]
    """Says what here depends on it, as a sentence; None if nothing does. Given the stack's plain config, by key."""


class Cloud(Protocol):
    """What a cloud is: the folder `clouds/<cloud>` itself. It is there without Pulumi and without an SDK."""

    __name__: str

    SPELLING: Spelling
    """How names are written there, and what its secrets manager is called."""

    RESOURCE_TYPE: str
    """Type token of the container, for providers, policies and tests. It begins with the Pulumi package."""

    ID_PREFIX: str
    """How the id of a container begins, as `adopt` takes it, e.g. `arn:`."""

    SDK: str
    """Module of the Python SDK of that Pulumi package, e.g. `pulumi_aws`."""

    EXTRA: str
    """The extra of this package that brings the SDK."""

    SETTINGS: Mapping[str, ConfigKey]
    """What only this cloud needs of a container: each setting with the config key that gives it."""

    OWN_VARIABLES: Sequence[str]
    """Environment variables that its client libraries and its workloads give a meaning, so that no setting of an
    application can have their name; `*` at the end stands for any end."""

    DEADLINES: "Sequence[Deadline]"
    """What ends there on a day that is known: API versions, SDKs."""


class Store(Protocol):
    """How others read from a cloud: the module `store` of its folder. Nothing is registered here."""

    SETTINGS: Mapping[str, ConfigKey]
    """What a SecretStore of External Secrets Operator needs: each setting with the config key that gives it."""

    ESC_PROVIDER: str
    """Which provider of Pulumi ESC reads values there: `fn::open::<provider>`."""

    def problems(self, settings: "Mapping[str, pulumi.Input[str]]") -> Iterator[str]:
        """Yield what is wrong with some of the settings of a SecretStore."""

    def place(self, settings: Mapping[str, str]) -> Place:
        """Read from some of the settings of a SecretStore where it reads, as `Container.place` says it."""

    def provider(self, settings: "Mapping[str, pulumi.Input[str]]") -> "dict[str, Any]":
        """Describe a SecretStore's `provider` that logs in by workload identity, never with a key.

        Args:
            settings: Those of `SETTINGS`, and `service_account`.
        """


class Container(Protocol):
    """How a container is made, looked at and adopted: the module `container` of a cloud's folder."""

    def problems(self, wanted: Wanted) -> Iterator[SecretArgsError]:
        """Yield everything that this cloud does not support. Needs no SDK and no network."""

    def warnings(self, wanted: Wanted) -> Iterator[str]:
        """Yield what is allowed but worth knowing before it is created."""

    GONE_AT_ONCE: "Mapping[str, object]"
    """Those outputs of a container with which it is deleted for good, where there is a deletion that is not."""

    IDENTITY: Sequence[str]
    """The properties that say which container it is. Where it must not become another one, they are not changed."""

    def never_changed(self, wanted: Wanted) -> list[str]:
        """List the properties that Pulumi must leave as they are in the cloud, whoever changed them there."""

    def create(self, wanted: Wanted, opts: "pulumi.ResourceOptions") -> Registered:
        """Register the container and its grants, and never a value.

        Args:
            wanted: What `problems` found nothing against.
            opts: What the container is registered with: parent, protection, ignored changes, hooks.

        Raises:
            MissingExtraError: The cloud's SDK is not installed.
        """

    # Whose a container is, asked when one is in the way or is to be adopted

    ALREADY_EXISTS: str
    """What a refusal to create says when there is a container of the name."""

    STATE_RUNS_AHEAD: bool
    """Whether the state holds what a refused update asked for, so that the next `up` sends nothing."""

    def name(self, spelled: str) -> str:
        """Write a name as `place` gives it, e.g. without case where the cloud ignores it."""

    def place(self, properties: "Mapping[str, Any]") -> Place:
        """Read from a container's inputs or outputs where it is."""

    def looked_for(self, place: Place) -> Place:
        """Read where a service looks for a container, as `place` says it.

        Args:
            place: Parts of `Values.PLACE`. One that may be the same place under another name is left out.
        """

    def place_of(self, id_: str) -> Place:
        """Read from an id, as `adopt` takes it, where that container is."""

    async def where(self, wanted: Wanted, provider: "pulumi.ProviderResource | None") -> Place:
        """Find out where a container will be, besides its name, as far as the program can know it."""

    async def look(self, place: Place, asking: "Asking") -> Existing:
        """Read a container's metadata, by the provider's own login and never its value.

        Raises:
            LookupError: There is none, or the login may not look.
            grpc.RpcError: The engine could not ask.
        """

    def adopting(self, existing: Existing, wanted: Wanted) -> "Iterator[SecretArgsError | str]":
        """Yield what adopting a container would remove from it: an error if it must not, else a warning."""

    def stops(self, properties: "Mapping[str, Any]", wanted: Wanted) -> str | None:
        """Say why a program must not go on, from what the container is; None if it may."""

    def to_adopt(self, place: Place) -> str:
        """Say which `adopt=` adopts a container that could not be looked at."""

    ASKS_BEFORE_IT_CREATES: bool
    """Whether `before_create` has anything to ask."""

    async def before_create(
        self, inputs: "Mapping[str, Any]", wanted: Wanted, asking: "Asking"
    ) -> None:
        """Stop a creation that would lose a value.

        Raises:
            InfraSecretsError: Why, and what to do.
        """

    def way_out(self, failure: str, inputs: "Mapping[str, object]") -> str | None:
        """Say how to go on after the cloud refused something other than a name that is taken.

        Args:
            failure: The provider's message.
            inputs: What was asked for, by the provider's own (camelCase) property names.

        Returns:
            A sentence with the command that fixes it, or None when the message needs no more.
        """


@functools.cache
def available() -> tuple[str, ...]:
    """List the clouds that the package knows: the folders in this one."""
    return tuple(sorted(each.name for each in pkgutil.iter_modules(__path__) if each.ispkg))


def load(name: str) -> Cloud:
    """Find a cloud by its name.

    Raises:
        UnknownCloudError: The package has no such cloud.
    """
    known = available()
    if name not in known:
        close = nearest(name, known)
        hint = f" Did you mean {close!r}?" if close else ""
        raise UnknownCloudError(
            f"cloud={shown(name)} is not known; it must be one of {', '.join(known)}.{hint}"
        )
    return cast(Cloud, importlib.import_module(f"{__name__}.{name}"))


def container(cloud: Cloud) -> Container:
    """Find how containers are made in a cloud."""
    return cast(Container, _facet(cloud, "container"))


def store(cloud: Cloud) -> Store:
    """Find how others read from a cloud."""
    return cast(Store, _facet(cloud, "store"))


def values_of(cloud: Cloud) -> "Values":
    """Find how values are read and written in a cloud."""
    return cast("Values", _facet(cloud, "values"))


def login_of(cloud: Cloud) -> "Login":
    """Find how somebody is logged in to a cloud."""
    return cast("Login", _facet(cloud, "login"))


def connect(cloud: Cloud, place: Place) -> "Client":
    """Make a client that reads and writes values; see `Values.connect`."""
    return values_of(cloud).connect(place)


def _facet(cloud: Cloud, name: str) -> ModuleType:
    return importlib.import_module(f"{cloud.__name__}.{name}")


def package_of(cloud: Cloud) -> str:
    """Read which Pulumi package makes a cloud's containers."""
    return cloud.RESOURCE_TYPE.partition(":")[0]


def sdk(module: str, extra: str) -> ModuleType:
    """Import a provider's SDK, by name, so that no type checker follows it.

    An `import` statement would do that in every program that uses this package: with mypy, reading
    `pulumi_kubernetes` takes minutes and 20 GB. The price is that nothing checks our calls of it before they
    run; at run time each SDK refuses an argument that it does not know.

    Args:
        module: What to import, e.g. `pulumi_aws`.
        extra: The extra of this package that brings it, e.g. `aws`.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as missing:
        if not (missing.name or "").startswith("pulumi"):
            raise
        raise MissingExtraError(f"The Pulumi SDK for {extra} ({missing.name})", extra) from None


def client_library(module: str, what: str, extra: str) -> ModuleType:
    """Import a cloud's own client library, by name, where it is used.

    Args:
        module: What to import, e.g. `boto3`.
        what: What it is, as the subject of a sentence, e.g. `The AWS client library`.
        extra: The extra of this package that brings it, e.g. `runtime-aws`.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as missing:
        if not module.startswith((missing.name or " ").partition(".")[0]):
            raise
        raise MissingExtraError(f"{what} ({missing.name})", extra) from None
