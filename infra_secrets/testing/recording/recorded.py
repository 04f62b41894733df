"""What one run under mocks has recorded: every registration as plain data, outputs and log messages."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra_secrets.errors import InfraSecretsError
from infra_secrets.testing.canary import Evidence, evidence_of
from infra_secrets.testing.values import decode

_HOOKS = (
    "before_create",
    "after_create",
    "before_update",
    "after_update",
    "before_delete",
    "after_delete",
    "on_error",
)


@dataclass(frozen=True, slots=True)
class Registration:
    """One resource that a program registered, with what the program itself said about it.

    Attributes:
        type: The type token, e.g. `aws:secretsmanager/secret:Secret`.
        name: The logical name.
        urn: The URN, with the types of all ancestors.
        parent: The parent's URN; the stack's for a resource without one.
        custom: Whether a provider manages it; False for a component.
        remote: Whether it is a component that another process constructs.
        inputs: The inputs as plain data under their wire names (camelCase); secrets are
            `SecretValue`.
        protect: The option; None when it was not given.
        retain_on_delete: The option; None when it was not given.
        ignore_changes: The paths of that option.
        delete_before_replace: The option; None when it was not given.
        import_id: The id to import; empty for none.
        provider: The explicit provider, as `URN::id`; empty for the default one.
        providers: Explicit providers of a component by package.
        aliases: URNs, or the parts that were given of one.
        depends_on: URNs of everything it depends on, by that option or through an input.
        additional_secret_outputs: The properties of that option.
        replace_on_changes: The paths of that option.
        version: The provider's version that the SDK asks for.
        hooks: Names of hooks by moment, e.g. `{"before_create": ("check",)}`.
    """

    type: str
    name: str
    urn: str
    parent: str
    custom: bool
    inputs: Mapping[str, Any]
    remote: bool = False
    protect: bool | None = None
    retain_on_delete: bool | None = None
    ignore_changes: tuple[str, ...] = ()
    delete_before_replace: bool | None = None
    import_id: str = ""
    provider: str = ""
    providers: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str | Mapping[str, Any], ...] = ()
    depends_on: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    version: str = ""
    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def registration_of(request: Any, urn: str) -> Registration:
    """Return what the SDK asks a monitor to register."""
    hooks = {moment: tuple(getattr(request.hooks, moment, ())) for moment in _HOOKS}
    return Registration(
        type=request.type,
        name=request.name,
        urn=urn,
        parent=request.parent,
        custom=request.custom,
        remote=request.remote,
        inputs=decode(request.object),
        protect=_if_given(request, "protect"),
        retain_on_delete=_if_given(request, "retainOnDelete"),
        ignore_changes=tuple(request.ignoreChanges),
        delete_before_replace=(
            request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None
        ),
        import_id=request.importId,
        provider=request.provider,
        providers=dict(request.providers),
        aliases=tuple(_aliases(request)),
        depends_on=tuple(request.dependencies),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        replace_on_changes=tuple(request.replaceOnChanges),
        version=request.version,
        hooks={moment: names for moment, names in hooks.items() if names},
    )


def _if_given(request: Any, option: str) -> bool | None:
    given: bool = getattr(request, option)
    return given if request.HasField(option) else None


def _aliases(request: Any) -> Iterable[str | Mapping[str, Any]]:
    yield from request.aliasURNs
    for alias in request.aliases:
        if alias.WhichOneof("alias") == "urn":
            yield alias.urn
        else:
            yield {descriptor.name: value for descriptor, value in alias.spec.ListFields()}


class NoSuchRegistrationError(InfraSecretsError, LookupError):
    """The program registered no resource, or more than one, of the name that was asked for."""


class Recorded:
    """What one run has recorded.

    Attributes:
        registrations: What was registered, in order; the stack itself is not among them.
        outputs: Registered outputs by component name; those of the stack under its own name, `PROJECT-STACK`.
        infos: What the program logged with `pulumi.log.info`.
        warnings: The same for `pulumi.log.warn`.
        errors: The same for `pulumi.log.error`.
        echoed: Tokens of functions that no simulated cloud knows; they returned their arguments.
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self.registrations: list[Registration] = []
        self.outputs: dict[str, Mapping[str, Any]] = {}
        self.infos: list[str] = []
        self.warnings: list[str] = []
        self.errors: list[str] = []
        self.echoed: set[str] = set()

    def evidence(self) -> Iterator[Evidence]:
        """Return every text in which a secret could be seen: inputs, outputs and what was logged."""
        for registration in self.registrations:
            yield from evidence_of(f"inputs of {registration.name}", registration.inputs)
        for name, outputs in self.outputs.items():
            yield from evidence_of(f"outputs of {name}", outputs)
        for message in (*self.infos, *self.warnings, *self.errors):
            yield Evidence("a log message", message)

    def of_type(self, token: str) -> list[Registration]:
        """Return the registrations of one type token, in order."""
        return [registration for registration in self.registrations if registration.type == token]

    def named(self, name: str, token: str = "") -> Registration:
        """Return the one registration of a logical name, and of a type token where one is given.

        Raises:
            NoSuchRegistrationError: There is none, or more than one.
        """
        found = [
            registration
            for registration in self.registrations
            if registration.name == name and token in {"", registration.type}
        ]
        if len(found) != 1:
            there = ", ".join(
                f"{registration.name} ({registration.type})" for registration in self.registrations
            )
            raise NoSuchRegistrationError(
                f"{len(found)} resources are named {name!r}; there are: {there or 'none'}"
            )
        return found[0]
