"""The seam between the components and the clouds: one small Protocol, one module a cloud.

`cloud="aws"` is the name of a module in this folder, so that a new cloud is a new file and nothing else:
no table and no `if` names it. Clouds do not know each other. No module has an `import` of a cloud's SDK:
`sdk` imports one by name, where it is used.
"""

import functools
import hashlib
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, cast

from infra_secrets.component.settings import ConfigKey
from infra_secrets.errors import (
    MissingExtraError,
    SecretArgsError,
    SecretNameError,
    UnknownCloudError,
)
from infra_secrets.rules.naming import SecretName, Spelling
from infra_secrets.rules.wording import nearest, shown

if TYPE_CHECKING:
    import pulumi

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A container as somebody wants it: every default is filled in, every part of the name is legal."""

    logical_name: str
    """The name in the program, e.g. `StripeApiKey`."""
    stack: str
    """Whose it is, `organization/project/stack`."""
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
        facts = {
            key[len("infra-secrets.") :]: str(text)
            for key, text in tags.items()
            if key.startswith(("infra-secrets:", "infra-secrets."))
        }
        return cls(id=id_, facts=facts, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container that was registered."""

    resource: "pulumi.CustomResource"
    """The container itself, without its grants."""
    properties: "Mapping[str, pulumi.Output[Any]]"
    """Those of its outputs that `Cloud.place` and `Cloud.stops` read."""
    secret_id: "pulumi.Output[str]"
    """What IAM and the cloud's own tools call it, in full."""
    set_command: "pulumi.Output[str]"
    """POSIX shell: sets the value from standard input."""
    console_url: "pulumi.Output[str]"
    """Where a person sees it in a browser."""


class Cloud(Protocol):
    """Somewhere a secret container can live. A module of this folder is one."""

    SPELLING: Spelling
    """How names are written there."""

    RESOURCE_TYPE: str
    """Type token of the container, for providers, policies and tests."""

    SETTINGS: Mapping[str, ConfigKey]
    """What only this cloud needs: each setting with the config key that gives it."""

    STORE_SETTINGS: Mapping[str, ConfigKey]
    """What a SecretStore of External Secrets Operator needs there: each setting with the config key that gives it."""

    def store(self, settings: "Mapping[str, pulumi.Input[str]]") -> "dict[str, Any]":
        """Describe a SecretStore's `provider` that logs in by workload identity, never with a key.

        Args:
            settings: Those of `STORE_SETTINGS`, and `service_account`.
        """

    def store_problems(self, settings: "Mapping[str, pulumi.Input[str]]") -> Iterator[str]:
        """Yield what is wrong with the settings of a SecretStore."""

    def problems(self, wanted: Wanted) -> Iterator[SecretArgsError]:
        """Yield everything that this cloud cannot honour. Needs no SDK and no network."""

    def warnings(self, wanted: Wanted) -> Iterator[str]:
        """Yield what is legal and still worth knowing before it is created."""

    GONE_AT_ONCE: "Mapping[str, object]"
    """Those outputs of a container with which it is deleted for good, where there is a deletion that is not."""

    IDENTITY: Sequence[str]
    """The properties that say which container it is. Where it must not become another one, they are not changed."""

    def never_changed(self, wanted: Wanted) -> list[str]:
        """List the properties that Pulumi must leave as they are in the cloud, whoever changed them there."""

    def create(self, wanted: Wanted, opts: "pulumi.ResourceOptions") -> Container:
        """Register the container, and the grants beside it, and never a value of anybody's.

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

    def place_of(self, id_: str) -> Place:
        """Read from an id, as `adopt` takes it, where that container is."""

    async def where(self, wanted: Wanted, provider: "pulumi.ProviderResource | None") -> Place:
        """Find out where a container is to be, beside its name, as far as the program can know it."""

    async def look(self, place: Place, asking: "Asking") -> Existing:
        """Read a container's metadata, by the provider's own login and never its value.

        Raises:
            LookupError: There is none, or the login may not look.
            grpc.RpcError: The engine could not ask.
        """

    def adopting(self, existing: Existing, wanted: Wanted) -> "Iterator[SecretArgsError | str]":
        """Yield what adopting a container would take away from it: an error where it must not, else a warning."""

    def stops(self, properties: "Mapping[str, Any]", wanted: Wanted) -> str | None:
        """Say why a program must not go on, from what the container is; None where it may."""

    def to_adopt(self, place: Place) -> str:
        """Say which `adopt=` takes over a container that could not be looked at."""

    ASKS_BEFORE_IT_CREATES: bool
    """Whether `before_create` has anything to ask."""

    async def before_create(
        self, inputs: "Mapping[str, Any]", wanted: Wanted, asking: "Asking"
    ) -> None:
        """Stop a creation that would cost a value.

        Raises:
            InfraSecretsError: Why, and what to do.
        """

    def way_out(self, failure: str, inputs: "Mapping[str, object]") -> str | None:
        """Say how to go on after the cloud refused something other than a name that is taken.

        Args:
            failure: The provider's message.
            inputs: What was asked for, by the provider's own (camelCase) property names.

        Returns:
            A sentence with the command that mends it, or None when the message needs no more.
        """


@functools.cache
def available() -> tuple[str, ...]:
    """List the clouds that the package knows: the folders in this one."""
    return tuple(sorted(each.name for each in pkgutil.iter_modules(__path__) if each.ispkg))


def load(name: str) -> Cloud:
    """Find a cloud by name.

    Raises:
        UnknownCloudError: There is none of that name.
    """
    known = available()
    if name not in known:
        close = nearest(name, known)
        hint = f" Did you mean {close!r}?" if close else ""
        raise UnknownCloudError(
            f"cloud={shown(name)} is not known; it must be one of {', '.join(known)}.{hint}"
        )
    return cast(Cloud, importlib.import_module(f"{__name__}.{name}"))


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


def beside(
    container: "pulumi.ResourceOptions", type_: str, name: str, wanted: Wanted
) -> "pulumi.ResourceOptions":
    """Make the options of a grant beside its container.

    Args:
        container: What the container is registered with.
        type_: The grant's.
        name: The grant's logical name, which begins with the secret's.
        wanted: The secret.
    """
    import pulumi

    from infra_secrets.component.urns import children_of_aliases

    parent = cast("pulumi.Resource", container.parent)
    on_error = container.hooks.on_error if container.hooks else None
    return pulumi.ResourceOptions(
        parent=parent,
        aliases=children_of_aliases(parent, type_, name.removeprefix(wanted.logical_name)),
        hooks=pulumi.ResourceHookBinding(on_error=on_error),
    )


def grant_each(
    wanted: Wanted,
    kinds: "Sequence[tuple[str, Sequence[pulumi.Input[str]]]]",
    make: "Callable[[str, str, pulumi.Input[str]], object]",
    identity: Callable[[str], str] = str,
) -> "list[pulumi.Output[object]]":
    """Register the grants that a secret needs, one a principal.

    A grant's logical name comes from the principal: taking one off a list does not rename the others, and one
    that was a text yesterday and is an output of that text today keeps its name. A renamed grant would be
    made again before the old one is deleted, and on most clouds the two are the same grant, which would
    then be gone. So a principal that is an output is waited for; where a preview or mocks do not know it, its
    grant has a number instead.

    Args:
        wanted: The secret.
        kinds: What is granted (`reader`), and to whom.
        make: Registers one grant: its logical name, what is granted, and the principal.
        identity: Reduces the spellings of a principal to one.

    Returns:
        What is done when the grants to outputs are registered.
    """
    import pulumi

    made: set[str] = set()

    def grant(what: str, mark: str, principal: "pulumi.Input[str]") -> None:
        name = f"{wanted.logical_name}-{what}-{mark}"
        if name not in made:
            made.add(name)
            make(name, what, principal)

    async def grant_later(what: str, number: int, principal: "pulumi.Output[str]") -> None:
        text = await principal.future()
        grant(what, mark_of(text) if isinstance(text, str) else str(number), principal)

    def mark_of(text: str) -> str:
        return hashlib.sha256(identity(text).encode()).hexdigest()[:8]

    waiting: list[pulumi.Output[object]] = []
    for what, principals in kinds:
        for number, principal in enumerate(principals, start=1):
            if isinstance(principal, str):
                grant(what, mark_of(principal), principal)
            else:
                later = grant_later(what, number, pulumi.Output.from_input(principal))
                waiting.append(pulumi.Output.from_input(cast(Any, later)))
    return waiting


def after(
    granted: "Sequence[pulumi.Output[Any]]", output: "pulumi.Output[str]"
) -> "pulumi.Output[str]":
    """Hold an output back until the grants are registered: who has it may read."""
    import pulumi

    return pulumi.Output.all(output, *granted).apply(lambda all_: all_[0]) if granted else output


def going(*, description: object, tags: Sequence[str], tags_are: str = "tags") -> Iterator[str]:
    """Say what an adoption takes away, because the program does not name it."""
    gone = ["its description"] if description else []
    if tags:
        gone.append(f"the {tags_are} {', '.join(shown(tag) for tag in sorted(tags)[:20])}")
    if gone:
        yield f"adopting it takes away what the program does not name: {' and '.join(gone)}. To keep them, name them."


def lines_of(words: Sequence[str], limit: int) -> list[str]:
    """Join words with spaces into as few texts as hold at most `limit` characters each."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= limit:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def other_name(spelling: Spelling, existing: str) -> str:
    """Say what to do about an existing container that has another name than the one wanted."""
    try:
        found = spelling.parse(existing)
    except SecretNameError:
        return (
            f"No service=, environment= and key= spell that name, and {spelling.title} cannot rename a secret: create "
            f"this container empty, let an operator copy the value, then retire the old one."
        )
    return (
        "Give "
        + ", ".join(f"{part}={text!r}" for part, text in found.parts())
        + " to take that one over."
    )
