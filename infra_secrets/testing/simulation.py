"""The seam between a simulation and everything that drives it.

A simulated cloud or cluster is a state machine first: methods that do what its API does, refusals in
its own words. On top of that, `SimulatedProvider` says for each resource type what the Pulumi provider
makes of it (`ResourceType`). `SimulatedCloud` is the one for a secrets manager: it adds what an operator
does by hand (`set_value`, `delete`, ...). Nothing here speaks gRPC and nothing here runs an engine.

A simulation is not an emulator. It keeps the rules that decide whether a value survives, each of them a
`Rule` with its source, and forgets the rest.
"""

import abc
import hashlib
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, TypeVar

from infra_secrets.errors import InfraSecretsError
from infra_secrets.testing.esc.providers import Provider
from infra_secrets.testing.values import UNKNOWN, holds_unknown

State = Literal["empty", "set", "disabled", "scheduled for deletion", "soft-deleted", "missing"]
"""What `SimulatedCloud.state` answers."""

Found = TypeVar("Found")

DEFAULTS_KEY: Final = "__defaults"
"""Where a bridged provider notes which inputs it filled in by itself."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that a real cloud or provider does, which the simulation keeps.

    Attributes:
        id: Its name, for `SimulatedCloud(without={...})`.
        text: The rule as one sentence.
        source: Where it was read.
    """

    id: str
    text: str
    source: str


Keeps = Callable[[Rule], bool]
"""Whether a rule is switched on."""


class KeepsRules:
    """What keeps rules, but for those that are switched off.

    Args:
        without: Ids of rules that are switched off.
    """

    def __init__(self, without: Iterable[str] = ()) -> None:
        self.without = frozenset(without)

    def keeps(self, rule: Rule) -> bool:
        """Whether a rule is switched on."""
        return rule.id not in self.without


@dataclass(frozen=True, slots=True)
class Request:
    """What the engine asked of a provider, as plain data with secrets marked.

    Attributes:
        package: The Pulumi package, e.g. `aws`.
        operation: `configure`, `check`, `diff`, `create`, `read`, `update`, `delete`, `invoke`; of
            components that another process makes, `construct` and `call`.
        type: The resource's or function's token.
        name: The resource's logical name, empty for a function.
        urn: The resource's URN, empty for a function.
        id: The id that the resource has in its cloud, empty if it has none yet.
        properties: The new inputs, or a function's arguments.
        old_inputs: The inputs that the state holds.
        old_outputs: The outputs that the state holds.
        preview: Whether nothing may be changed.
    """

    package: str
    operation: str
    type: str
    name: str = ""
    urn: str = ""
    id: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    old_inputs: Mapping[str, Any] = field(default_factory=dict)
    old_outputs: Mapping[str, Any] = field(default_factory=dict)
    preview: bool = False

    def __str__(self) -> str:
        what = f"{self.operation} {self.type}"
        return f"{what} {self.name}" if self.name else what


class CloudError(InfraSecretsError, RuntimeError):
    """A simulated cloud or its provider refused a request.

    Attributes:
        code: The error's name in that cloud, e.g. `ResourceExistsException`; empty if the
            refusal is the provider's.
        status: The HTTP status that goes with it, 0 where there is none.
    """

    def __init__(self, code: str, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class NoSuchSecretError(InfraSecretsError, LookupError):
    """An operator's method was given a name that does not exist, or exists more than once."""


@dataclass(frozen=True, slots=True)
class CheckFailure:
    """An input that a provider refuses before anything is planned."""

    property: str
    reason: str


ChangeKind = Literal["add", "delete", "update"]


@dataclass(frozen=True, slots=True)
class Change:
    """One place where a resource's plan differs from its state.

    Attributes:
        path: Where, as Pulumi writes it, e.g. `tags.owner` or `topics[0].name`.
        kind: What happens to it.
        replaces: Whether the resource has to be replaced for it.
    """

    path: str
    kind: ChangeKind
    replaces: bool = False

    @property
    def key(self) -> str:
        """The top-level property."""
        if self.path.startswith('["'):
            return self.path[2 : self.path.index('"]')]
        return self.path.split(".", 1)[0].split("[", 1)[0]


@dataclass(frozen=True, slots=True)
class Diff:
    """What a provider says would change."""

    changes: Sequence[Change] = ()
    delete_before_replace: bool = False

    @property
    def replaces(self) -> list[str]:
        """The top-level properties for which the resource has to be replaced."""
        return sorted({change.key for change in self.changes if change.replaces})


@dataclass(frozen=True, slots=True)
class Call:
    """Everything about one request that is not the resource's own data.

    Attributes:
        config: The provider instance's configuration, plain.
        name: The resource's logical name.
        type: Its token.
        urn: Its URN.
        seed: Bytes from which a provider draws the random part of a name.
        proposed_name: What the stack's autonaming setting wants, if it has one.
        autonaming_disabled: Whether that setting forbids made-up names.
        ignored: Paths of what the program says is to be ignored.
    """

    config: Mapping[str, Any]
    name: str = ""
    type: str = ""
    urn: str = ""
    seed: bytes = b""
    proposed_name: str | None = None
    autonaming_disabled: bool = False
    ignored: Sequence[str] = ()

    def auto_name(self, separator: str = "-", digits: int = 7) -> str | None:
        """Return the name that a provider makes up for a resource that was given none."""
        if self.autonaming_disabled:
            return None
        if self.proposed_name is not None:
            return self.proposed_name
        return f"{self.name}{separator}{hashlib.sha256(self.seed).hexdigest()[:digits]}"


class ResourceType:
    """What a provider does with one resource type. This one echoes: inputs become outputs.

    Every method gets plain data: no secret marks, `UNKNOWN` for what is not known yet.
    """

    replace_on: Collection[str] = ()

    def check(
        self, inputs: dict[str, Any], olds: Mapping[str, Any], call: Call
    ) -> tuple[dict[str, Any], list[CheckFailure]]:
        """Complete and judge the inputs."""
        del olds, call
        return inputs, []

    def diff(
        self,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: Mapping[str, Any],
        call: Call,
    ) -> Diff:
        """Say what would change."""
        del old_outputs, call
        changes = [
            Change(change.path, change.kind, replaces=change.key in self.replace_on)
            for change in compare(old_inputs, inputs)
        ]
        return Diff(changes)

    def preview(
        self, old_outputs: Mapping[str, Any], inputs: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        """Foretell the outputs of a create (`old_outputs` is empty) or an update."""
        del call
        return {**old_outputs, **inputs}

    def create(self, inputs: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
        """Make the resource and return its id and outputs."""
        return f"{call.name}-id", inputs

    def read(
        self, id_: str, old_inputs: Mapping[str, Any], old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        """Return id, inputs and outputs as they are now, or None when the resource is gone.

        Both mappings are empty on an import.
        """
        del call
        return id_, dict(old_inputs), dict(old_outputs)

    def update(
        self,
        id_: str,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: dict[str, Any],
        call: Call,
    ) -> dict[str, Any]:
        """Change the resource in place and return its outputs."""
        del id_, old_inputs, old_outputs, call
        return inputs

    def after_refused_update(
        self, id_: str, old_outputs: Mapping[str, Any], inputs: dict[str, Any], call: Call
    ) -> dict[str, Any] | None:
        """Return the outputs that the state gets with a refused update; None: it stays as it was."""
        del id_, old_outputs, inputs, call
        return None

    def delete(self, id_: str, old_outputs: Mapping[str, Any], call: Call) -> None:
        """Delete the resource."""


Function = Callable[[Mapping[str, Any], Call], Mapping[str, Any]]


def compare(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> list[Change]:
    """List where two objects differ; a member that is None counts as absent."""
    changes: list[Change] = []
    for key in sorted({*old, *new}):
        where = _step(path, key)
        if key != DEFAULTS_KEY:
            changes += _compare_values(old.get(key), new.get(key), where)
    return changes


def _step(path: str, key: str) -> str:
    """Return the path of a member, in brackets where its name has a character of the syntax."""
    if any(character in key for character in '."[]'):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def _compare_values(old: Any, new: Any, path: str) -> list[Change]:
    if new is UNKNOWN:
        return [Change(path, "add" if old is None else "update")]
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return compare(old, new, path)
    if isinstance(old, list) and isinstance(new, list):
        changes: list[Change] = []
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            changes += _compare_values(before, after, f"{path}[{index}]")
        return changes
    if old == new and isinstance(old, bool) == isinstance(new, bool):
        return []
    if old is None:
        return [Change(path, "add")]
    return [Change(path, "delete" if new is None else "update")]


@dataclass
class Fault:
    """A failure that a test has ordered in advance."""

    operation: str
    name: str
    message: str
    times: int = 1


class SimulatedProvider(KeepsRules, abc.ABC):
    """What a Pulumi provider talks to, and what the provider makes of it: a cloud, or a cluster.

    Args:
        without: Ids of rules to switch off, for experiments about what a rule costs.

    Raises:
        ValueError: `without` names a rule that the simulation does not have.
    """

    package: ClassVar[str]
    """The Pulumi package whose requests are answered."""
    rules: ClassVar[tuple[Rule, ...]]
    """Every rule that the simulation keeps."""

    container_types: ClassVar[frozenset[str]] = frozenset()
    """Tokens of the resource types that are a secret's container: no value may ever be in them."""

    ordinary_config: ClassVar[Mapping[str, str]] = {}
    """Stack config that a program needs for this provider, made up, by full key."""

    before_request: Callable[[Request], None] | None
    """Called with each request before it is answered; what it raises is the answer."""

    def __init__(self, without: Iterable[str] = ()) -> None:
        super().__init__(without)
        strangers = self.without - {rule.id for rule in self.rules}
        if strangers:
            known = ", ".join(rule.id for rule in self.rules)
            raise ValueError(
                f"{type(self).__name__} has no rule {', '.join(sorted(strangers))}. It has: {known}"
            )
        self.before_request = None
        self.planted: list[str] = []
        self._faults: list[Fault] = []
        self.lock = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state.pop("lock")
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.lock = threading.RLock()

    # What the provider can do ---------------------------------------------------------------------

    @property
    @abc.abstractmethod
    def resource_types(self) -> Mapping[str, ResourceType]:
        """The resource types that are known, by token. Others are echoed."""

    def resource_type(self, token: str) -> ResourceType | None:
        """Return what the provider makes of one resource type; None if it is not known."""
        return self.resource_types.get(token)

    @property
    def functions(self) -> Mapping[str, Function]:
        """The provider functions that are known, by token. Others are echoed."""
        return {}

    def values_written(self, token: str, inputs: Mapping[str, Any]) -> Sequence[str]:
        """Return the paths of the inputs with which a resource would write the value of a secret."""
        del token, inputs
        return ()

    def imitate(
        self, token: str, inputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any]] | None:
        """Return id and outputs as a new resource would get them, without making one.

        A recording answers with it. None for a type that is not imitated.
        """
        del token, inputs, call
        return None

    def close(self) -> None:
        """Release what the simulation uses on this machine."""

    # Faults ---------------------------------------------------------------------------------------

    def fail_next(
        self,
        operation: str,
        name: str = "",
        message: str = "InternalServiceError: An error occurred on the server side.",
        *,
        times: int = 1,
    ) -> None:
        """Let the next matching request fail before it takes effect. Previews are not affected.

        Args:
            operation: One of the operations of `Request`, e.g. `create`.
            name: A part of the resource's logical name; every name by default.
            message: What the provider says.
            times: How many requests fail.
        """
        self._faults.append(Fault(operation, name, message, times))

    def meet(self, request: Request) -> None:
        """Run the hook and the ordered faults that a request meets."""
        if self.before_request is not None:
            self.before_request(request)
        if request.preview:
            return
        for fault in self._faults:
            if fault.operation == request.operation and fault.name in request.name:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                raise CloudError("", fault.message)

    def _plant(self, value: str) -> None:
        """Remember a value that an operator puts in: it becomes a canary of the rehearsal."""
        if value not in self.planted:
            self.planted.append(value)


class SimulatedCloud(SimulatedProvider):
    """A cloud's secrets manager, its Pulumi provider, and what an operator does by hand.

    For the arguments see the base.
    """

    cloud: ClassVar[str] = ""
    """What programs and config call it, e.g. `aws`; empty for a simulation that is not a cloud of the package."""
    usual_config: ClassVar[Mapping[str, str]] = {}
    """What its default providers are usually told, and programs read, by full key."""

    esc_providers: ClassVar[Sequence[Provider]] = ()
    """What `fn::open` of an ESC environment opens here: this cloud's login and its secrets manager."""

    principals: ClassVar[Sequence[str]] = ()
    """Made-up principals, as the arguments `readers` and `writers` take them."""

    # External Secrets Operator ---------------------------------------------------------------------

    store_provider: ClassVar[str] = ""
    """Which provider of a SecretStore reads here; empty if none does."""

    def store_scope(self, provider: Mapping[str, Any]) -> str | None:
        """Return the region, project or vault that a SecretStore's provider says."""
        del provider
        return None

    def store_name(self, key: str) -> str:
        """Return the name of the secret that a `remoteRef` means by its key.

        Raises:
            CloudError: Nothing can have this name here.
        """
        return key

    # What an operator does by hand -----------------------------------------------------------------

    def set_value(self, name: str, value: str, scope: str | None = None) -> None:
        """Set a value, as an operator does. It becomes a canary of the rehearsal.

        Args:
            name: The secret's name in this cloud.
            value: The value.
            scope: The region, project or vault; only needed where the name is in several.

        Raises:
            NoSuchSecretError: No secret has this name, or several do.
            CloudError: The cloud refuses.
        """
        with self.lock:
            self._plant(value)
            self._set_value(name, value, scope)

    @abc.abstractmethod
    def _set_value(self, name: str, value: str, scope: str | None) -> None:
        """Put a value in."""

    @abc.abstractmethod
    def _read(self, name: str, scope: str | None) -> str:
        """Return what an application's read gets. The cloud refuses it in its own words."""

    def reader_sees(self, name: str, scope: str | None = None) -> str:
        """Return what an application's read gets: the value, or the name of the error."""
        try:
            return self._read(name, scope)
        except CloudError as error:
            return error.code

    def value(self, name: str, scope: str | None = None) -> str | None:
        """Return the value that can be read now; None when empty, disabled, deleted or missing."""
        try:
            return self._read(name, scope)
        except CloudError:
            return None

    @abc.abstractmethod
    def versions(self, name: str, scope: str | None = None) -> list[str]:
        """Return every value that is still stored, oldest first, overwritten and deleted ones included."""

    @abc.abstractmethod
    def delete(self, name: str, scope: str | None = None) -> None:
        """Delete the secret as the console does."""

    @abc.abstractmethod
    def restore(self, name: str, scope: str | None = None) -> None:
        """Bring back a deleted secret, if the cloud can."""

    @abc.abstractmethod
    def describe(self, name: str, scope: str | None = None) -> dict[str, Any]:
        """Return the secret's settings as the cloud's API shows them. No value is among them."""

    @abc.abstractmethod
    def names(self, scope: str | None = None) -> list[str]:
        """Return the names of the live secrets, sorted."""

    @abc.abstractmethod
    def state(self, name: str, scope: str | None = None) -> State:
        """Return the state of a secret."""


def only(candidates: Sequence[tuple[str, Found]], name: str, what: str) -> Found:
    """Return the one candidate, or say why there is none.

    Args:
        candidates: Pairs of the scope and the thing found there.
        name: What was looked for.
        what: What a scope is in this cloud, e.g. `region`.
    """
    if not candidates:
        raise NoSuchSecretError(f"the simulated cloud has no secret {name!r}")
    if len(candidates) > 1:
        scopes = ", ".join(sorted(scope for scope, _ in candidates))
        raise NoSuchSecretError(
            f"there are secrets {name!r} in more than one {what}: {scopes}. Choose one with scope="
        )
    return candidates[0][1]


def only_or_none(candidates: Sequence[tuple[str, Found]], name: str, what: str) -> Found | None:
    """Return the one candidate, None if there is none, or say that there are several."""
    return only(candidates, name, what) if candidates else None


def known(value: Any) -> bool:
    """Whether a value can be judged now."""
    return value is not None and not holds_unknown(value)
