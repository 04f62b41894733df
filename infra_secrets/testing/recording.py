"""Run a program under Pulumi's mocks and get every registration as plain data, in milliseconds.

    recording = Recording(config={"aws:region": "eu-west-1"})
    recording.run(lambda: Secret("StripeApiKey", cloud="aws"))
    assert recording.named("StripeApiKey").protect is True

Assert on it after the program has finished: an assertion inside `apply` may never run. Every run
has an event loop, settings and config of its own, and leaves nothing behind.

Mocks are not an engine: options that children inherit only there (`retain_on_delete`,
`deleted_with`), diffs, hooks and transforms do not happen here. That is what a `Rehearsal` is for.
"""

import asyncio
import contextvars
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from google.protobuf import empty_pb2
from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime.mocks import MockMonitor, Mocks
from pulumi.runtime.proto import engine_pb2, provider_pb2, resource_pb2
from pulumi.runtime.settings import Settings, configure

from infra_secrets.errors import InfraSecretsError
from infra_secrets.project import full_key
from infra_secrets.testing.canary import Evidence, evidence_of
from infra_secrets.testing.clouds import esc_providers
from infra_secrets.testing.computed.echoed import Echo, echoed_answer
from infra_secrets.testing.computed.generated import GENERATED
from infra_secrets.testing.defaults import echoes_of, simulated_clouds
from infra_secrets.testing.engine import remote
from infra_secrets.testing.engine.callbacks import UnservedCallbacks
from infra_secrets.testing.esc import (
    Definition,
    Environments,
    Opened,
    Value,
    made_up,
    set_variables,
    stack_file,
    write_settings,
)
from infra_secrets.testing.internals import Answers, Declared, use
from infra_secrets.testing.program.stack_outputs import STACK_REFERENCE, StackOutputs
from infra_secrets.testing.simulation import Call, CloudError, SimulatedProvider
from infra_secrets.testing.values import SecretValue, decode, encode, mark_like, unwrap

_STACK = "pulumi:pulumi:Stack"
_ECHO = Echo()
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


class NoSuchRegistrationError(InfraSecretsError, LookupError):
    """The program registered no resource, or more than one, of the name that was asked for."""


class Recording:
    """Runs programs under mocks and keeps what they registered. Each run starts anew.

    Args:
        project: The project's name.
        stack: The stack's name.
        config: Stack config. A key without a namespace belongs to the project; values that are not
            strings become JSON, as in a stack's file.
        secrets: Secret stack config.
        esc: ESC environments that the stack names, by `project/environment`, later ones win: see
            `infra_secrets.testing.esc`. What `secrets` and `config` say wins over them.
        opened: What a secrets manager holds for them, by provider and id, e.g.
            `{"aws-secrets": {"api/production/key": "made up"}}`. Any other value is made up.
        stack_outputs: Outputs of other stacks that the program reads, by `organization/project/stack`;
            secret ones as `SecretValue`. See `program/stack_outputs.py`.
        preview: Whether to run as a preview: what only a cloud knows is then unknown.

    Attributes:
        registrations: What the last run registered, in order; the stack itself is not among them.
        outputs: Registered outputs by component name; those of the stack under its own name,
            `PROJECT-STACK`, and as `exports`.
        infos: What the program logged with `pulumi.log.info`.
        warnings: The same for `pulumi.log.warn`.
        errors: The same for `pulumi.log.error`.
        stacks: What was given as `stack_outputs`.
        echoed: Tokens of functions that no simulated cloud knows; they returned their arguments.
    """

    def __init__(
        self,
        project: str = "project",
        stack: str = "stack",
        config: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        *,
        esc: Mapping[str, Definition] | None = None,
        opened: Mapping[str, Mapping[str, str]] | None = None,
        stack_outputs: Mapping[str, Mapping[str, Any]] | None = None,
        preview: bool = False,
    ) -> None:
        self.project = project
        self.stack = stack
        self.preview = preview
        self._config = dict(config or {})
        self._secrets = dict(secrets or {})
        self._environments = Environments(esc, esc_providers()) if esc else None
        self._held = dict(opened or {})
        self.stacks = StackOutputs(stack_outputs or {}, project, stack)
        self._forget()

    def _forget(self) -> None:
        self.registrations: list[Registration] = []
        self.outputs: dict[str, Mapping[str, Any]] = {}
        self.infos: list[str] = []
        self.warnings: list[str] = []
        self.errors: list[str] = []
        self.echoed: set[str] = set()
        self._merged: dict[str, Value] = {}

    def configure(
        self,
        *,
        project: str | None = None,
        stack: str | None = None,
        config: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        esc: Mapping[str, Definition] | None = None,
        opened: Mapping[str, Mapping[str, str]] | None = None,
        stack_outputs: Mapping[str, Mapping[str, Any]] | None = None,
        preview: bool | None = None,
    ) -> "Recording":
        """Change what the next run starts from; None leaves a setting as it is. Returns itself."""
        self.project = self.project if project is None else project
        self.stack = self.stack if stack is None else stack
        self.preview = self.preview if preview is None else preview
        self._config = self._config if config is None else dict(config)
        self._secrets = self._secrets if secrets is None else dict(secrets)
        if esc is not None:
            self._environments = Environments(esc, esc_providers()) if esc else None
        self._held = self._held if opened is None else dict(opened)
        if stack_outputs is not None:
            self.stacks = StackOutputs(stack_outputs, self.project, self.stack)
        return self

    @property
    def exports(self) -> Mapping[str, Any]:
        """The stack's outputs."""
        return self.outputs.get(f"{self.project}-{self.stack}", {})

    def run(self, program: Callable[[], object]) -> None:
        """Run a program to its end. What it raises is raised here.

        Args:
            program: A function, or a coroutine function. What it returns is ignored.

        Raises:
            EscError: An environment of `esc` cannot be evaluated.
        """
        self._forget()
        opened = self._environments.open(self._held_value) if self._environments else Opened()
        self._merged = opened.merged(self._own_config(), self.project)
        with (
            tempfile.TemporaryDirectory(prefix="infra-secrets-") as root,
            opened.written() as variables,
            set_variables(variables),
        ):
            self._write_project(Path(root))
            self._run_from(root, program)

    def _run_from(self, root: str, program: Callable[[], object]) -> None:
        monitor = _Monitor(self)
        loop = asyncio.new_event_loop()
        # A future of a program that failed has nobody who would look at its error.
        loop.set_exception_handler(lambda _loop, _context: None)
        loop.set_default_executor(_AtOnce())
        try:
            # Pulumi keeps its settings in context variables: those of a copy are forgotten with it.
            contextvars.copy_context().run(
                loop.run_until_complete, self._run_in_stack(root, program, monitor)
            )
        finally:
            pending = asyncio.all_tasks(loop)
            for task in pending:
                task.cancel()
            if pending:
                loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
            loop.close()
            monitor.close()

    async def _run_in_stack(
        self, root: str, program: Callable[[], object], monitor: "_Monitor"
    ) -> None:
        reset_options()
        settings = Settings(
            project=self.project,
            stack=self.stack,
            monitor=monitor,
            engine=_Engine(self),
            dry_run=self.preview,
            organization="organization",
            root_directory=root,
        )
        settings.callbacks = UnservedCallbacks(monitor)
        configure(settings)
        use(Answers(self.stacks, monitor.declared))
        set_all_config(
            {key: value.config_text() for key, value in self._merged.items()},
            [key for key, value in self._merged.items() if value.stays_secret],
        )
        await run_in_stack(lambda: _only_awaitable(program()))
        # A message about a resource is logged by a task of its own, which nothing waits for.
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        if rest:
            await asyncio.wait(rest, timeout=1)

    def _own_config(self) -> dict[str, Value]:
        plain = {
            full_key(key, self.project): Value.of(value) for key, value in self._config.items()
        }
        secret = {
            full_key(key, self.project): Value(value, True) for key, value in self._secrets.items()
        }
        return plain | secret

    def _held_value(self, provider: str, secret: str, scope: str | None) -> str:
        held = self._held.get(provider, {})
        return held[secret] if secret in held else made_up(provider, scope, secret)

    def _write_project(self, root: Path) -> None:
        """Write what `pulumi.get_root_directory()` of a user's program would have in it."""
        write_settings(root / "Pulumi.yaml", {"name": self.project, "runtime": "python"})
        settings = stack_file(
            self._environments.listed if self._environments else None,
            {full_key(key, self.project): value for key, value in self._config.items()},
            [(full_key(key, self.project),) for key in self._secrets],
        )
        if settings:
            write_settings(root / f"Pulumi.{self.stack}.yaml", settings)

    def provider_config(self, package: str) -> dict[str, Any]:
        """Return what the stack's config says about a package's default provider."""
        prefix = f"{package}:"
        said = self._merged.items()
        return {
            key.removeprefix(prefix): text.config_text()
            for key, text in said
            if key.startswith(prefix)
        }

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


def _only_awaitable(result: object) -> Any:
    """Pass on a coroutine, which has to be awaited; nothing else of a program's result is used."""
    return result if asyncio.iscoroutine(result) else None


class _AtOnce(futures.ThreadPoolExecutor):
    """Runs everything at once: a mock answers without waiting, so threads would only cost time."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "futures.Future[Any]":
        future: futures.Future[Any] = futures.Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 (what an executor does with any error)
            future.set_exception(error)
        return future


class _Engine:
    """Takes what a program logs."""

    def __init__(self, recording: Recording) -> None:
        self._said = {
            engine_pb2.INFO: recording.infos,
            engine_pb2.WARNING: recording.warnings,
            engine_pb2.ERROR: recording.errors,
        }

    def Log(self, request: Any) -> None:  # noqa: N802 (the protocol's name)
        if request.severity in self._said:
            self._said[request.severity].append(request.message)


class _Monitor(MockMonitor):
    """Sees whole requests, of which Pulumi's `Mocks` show only the inputs."""

    answers_as_an_engine = True  # so a component asks it what it asks an engine

    def __init__(self, recording: Recording) -> None:
        super().__init__(cast("Mocks", None))  # whatever would ask it is replaced
        self._recording = recording
        self._names: dict[str, str] = {}
        self._configs: dict[str, dict[str, Any]] = {}
        self._clouds: dict[str, SimulatedProvider] | None = None
        self.declared: Declared = {}
        self._echoes = echoes_of(self.declared)

    @property
    def clouds(self) -> dict[str, SimulatedProvider]:
        if self._clouds is None:
            self._clouds = {cloud.package: cloud for cloud in simulated_clouds()}
        return self._clouds

    def close(self) -> None:
        for cloud in (self._clouds or {}).values():
            cloud.close()

    def _register_urn(self, parent: str, type_: str, name: str) -> str:
        """Return the URN as the engine makes it, with the types of all ancestors."""
        chain = parent.split("::")[2] if parent else _STACK
        qualified = type_ if chain == _STACK else f"{chain}${type_}"
        urn = f"urn:pulumi:{self._recording.stack}::{self._recording.project}::{qualified}::{name}"
        if urn in self._names:
            raise InfraSecretsError(f"Duplicate resource URN '{urn}'; try giving it a unique name")
        self._names[urn] = name
        return urn

    def _call(
        self, package: str, provider: str, name: str = "", type_: str = "", urn: str = ""
    ) -> Call:
        config = self._recording.provider_config(package)
        explicit = self._configs.get(provider.rpartition("::")[0])
        return Call(
            config=explicit if explicit is not None else config, name=name, type=type_, urn=urn
        )

    def _answer(
        self, urn: str, provider: str, inputs: dict[str, Any], existing: str = ""
    ) -> tuple[str, dict[str, Any]]:
        """Return id and outputs: as the real cloud would make them where the type is known."""
        if self._recording.preview and not existing:
            return "", inputs
        type_, name = urn.split("::")[2].rpartition("$")[2], self._names[urn]
        package = type_.partition(":")[0]
        if package == "pulumi":  # a provider
            return existing or f"{name}-id", inputs
        cloud = self.clouds.get(package)
        call = self._call(package, provider, name, type_, urn)
        imitated = cloud.imitate(type_, unwrap(inputs), call) if cloud is not None else None
        echo = GENERATED.get(type_) or self._echoes.get(package, _ECHO).resource_type(type_)
        found = echo.read(existing, {}, unwrap(inputs), call) if existing and not imitated else None
        if found is not None:
            id_, _, computed = found
        else:
            id_, computed = imitated or echo.create(unwrap(inputs), call)
        return existing or id_, {**inputs, **mark_like(computed, inputs)}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the protocol's name)
        name, type_ = request.name, request.type
        urn = self._register_urn(request.parent, type_, name)
        if type_ == _STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        registration = _registration(request, urn)
        self._recording.registrations.append(registration)
        inputs = dict(registration.inputs)
        if type_.startswith("pulumi:providers:"):
            self._configs[urn] = unwrap(inputs)
        if request.remote and not self._recording.preview:
            _, outputs = self._answer(urn, request.provider, inputs)
            return resource_pb2.RegisterResourceResponse(urn=urn, object=encode(outputs))
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        id_, outputs = self._answer(urn, request.provider, inputs, request.importId)
        for key in request.additionalSecretOutputs:
            if key in outputs and not isinstance(outputs[key], SecretValue):
                outputs[key] = SecretValue(outputs[key])
        self.resources[urn] = MockMonitor.ResourceRegistration(urn, id_, outputs)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=id_, object=encode(outputs))

    def ReadResource(self, request: Any) -> Any:  # noqa: N802 (the protocol's name)
        urn = self._register_urn(request.parent, request.type, request.name)
        inputs = decode(request.properties)
        if request.type == STACK_REFERENCE:
            outputs = decode(self._recording.stacks.properties(request.id))
        else:
            _, outputs = self._answer(urn, request.provider, inputs, request.id)
        self.resources[urn] = MockMonitor.ResourceRegistration(urn, request.id, outputs)
        return resource_pb2.ReadResourceResponse(urn=urn, properties=encode(outputs))

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 (the protocol's name)
        self._recording.outputs[self._names[request.urn]] = decode(request.outputs)
        return empty_pb2.Empty()

    def Call(self, request: Any) -> Any:  # noqa: N802 (the protocol's name)
        config = self._call(request.tok.partition(":")[0], request.provider).config
        self._recording.echoed.add(request.tok)
        return remote.call(request, config, (), foretold=self._recording.preview)

    def Invoke(self, request: Any) -> Any:  # noqa: N802 (the protocol's name)
        args = decode(request.args)
        if request.tok == "pulumi:pulumi:getResource":
            found = self.resources.get(args["urn"])
            if found is None:
                return _invoke_failure(request.tok, f"unknown resource {args['urn']}")
            return _invoke_response(found._asdict())
        package = request.tok.partition(":")[0]
        cloud = self.clouds.get(package)
        function = cloud.functions.get(request.tok) if cloud is not None else None
        if function is None:
            self._recording.echoed.add(request.tok)
            config = self._call(package, request.provider).config
            made_up = echoed_answer(request.tok, unwrap(args), config)
            return _invoke_response(mark_like(made_up, args))
        try:
            answer = function(unwrap(args), self._call(package, request.provider))
        except CloudError as refused:
            return _invoke_failure(request.tok, str(refused))
        return _invoke_response(answer)


def _invoke_response(answer: Mapping[str, Any]) -> Any:
    return resource_pb2.ResourceInvokeResponse(**{"return": encode(answer)})


def _invoke_failure(token: str, reason: str) -> Any:
    """Answer as an engine does: with an error of the function, and not of the run."""
    failure = provider_pb2.CheckFailure(property=token, reason=reason)
    return resource_pb2.ResourceInvokeResponse(failures=[failure])


def _registration(request: Any, urn: str) -> Registration:
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
