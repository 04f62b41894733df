"""What answers a program under mocks: the simulated clouds, and what is made up where they know nothing."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from google.protobuf import empty_pb2
from pulumi.runtime.mocks import MockMonitor, Mocks
from pulumi.runtime.proto import engine_pb2, provider_pb2, resource_pb2

from infra_secrets.errors import InfraSecretsError
from infra_secrets.testing.computed.echoed import Echo, echoed_answer
from infra_secrets.testing.computed.generated import GENERATED
from infra_secrets.testing.defaults import echoes_of, simulated_clouds
from infra_secrets.testing.engine import remote
from infra_secrets.testing.internals import Declared
from infra_secrets.testing.program.stack_outputs import STACK_REFERENCE, StackOutputs
from infra_secrets.testing.recording.recorded import Recorded, registration_of
from infra_secrets.testing.simulation import Call, CloudError, SimulatedProvider
from infra_secrets.testing.values import SecretValue, decode, encode, mark_like, unwrap

_STACK = "pulumi:pulumi:Stack"
_ECHO = Echo()


class Log:
    """Takes what a program logs: all of an engine that a recording has."""

    def __init__(self, recorded: Recorded) -> None:
        self._said = {
            engine_pb2.INFO: recorded.infos,
            engine_pb2.WARNING: recorded.warnings,
            engine_pb2.ERROR: recorded.errors,
        }

    def Log(self, request: Any) -> None:  # noqa: N802 (the protocol's name)
        """Record a message."""
        if request.severity in self._said:
            self._said[request.severity].append(request.message)


class Monitor(MockMonitor):
    """Sees whole requests, of which Pulumi's `Mocks` show only the inputs.

    Args:
        project: The project's name.
        stack: The stack's name.
        stacks: The outputs of other stacks.
        default_config: Returns the configuration of a package's default provider.
        recorded: Where what is seen is kept.
        preview: Whether what only a cloud knows is unknown.

    Attributes:
        declared: What dynamic resources declare beyond their inputs.
    """

    answers_as_an_engine = True  # so a component asks it what it asks an engine

    def __init__(
        self,
        project: str,
        stack: str,
        stacks: StackOutputs,
        default_config: Callable[[str], dict[str, Any]],
        recorded: Recorded,
        *,
        preview: bool,
    ) -> None:
        super().__init__(cast("Mocks", None))  # whatever would ask it is replaced
        self._project = project
        self._stack = stack
        self._stacks = stacks
        self._default_config = default_config
        self._recorded = recorded
        self._preview = preview
        self._names: dict[str, str] = {}
        self._configs: dict[str, dict[str, Any]] = {}
        self._clouds: dict[str, SimulatedProvider] | None = None
        self.declared: Declared = {}
        self._echoes = echoes_of(self.declared)

    @property
    def _simulated(self) -> dict[str, SimulatedProvider]:
        if self._clouds is None:
            self._clouds = {cloud.package: cloud for cloud in simulated_clouds()}
        return self._clouds

    def close(self) -> None:
        """Release what the simulated clouds use."""
        for cloud in (self._clouds or {}).values():
            cloud.close()

    def _register_urn(self, parent: str, type_: str, name: str) -> str:
        """Return the URN as the engine makes it, with the types of all ancestors."""
        chain = parent.split("::")[2] if parent else _STACK
        qualified = type_ if chain == _STACK else f"{chain}${type_}"
        urn = f"urn:pulumi:{self._stack}::{self._project}::{qualified}::{name}"
        if urn in self._names:
            raise InfraSecretsError(f"Duplicate resource URN '{urn}'; try giving it a unique name")
        self._names[urn] = name
        return urn

    def _call(
        self, package: str, provider: str, name: str = "", type_: str = "", urn: str = ""
    ) -> Call:
        config = self._default_config(package)
        explicit = self._configs.get(provider.rpartition("::")[0])
        return Call(
            config=explicit if explicit is not None else config, name=name, type=type_, urn=urn
        )

    def _answer(
        self, urn: str, provider: str, inputs: dict[str, Any], existing: str = ""
    ) -> tuple[str, dict[str, Any]]:
        """Return id and outputs: as the real cloud would make them where the type is known."""
        if self._preview and not existing:
            return "", inputs
        type_, name = urn.split("::")[2].rpartition("$")[2], self._names[urn]
        package = type_.partition(":")[0]
        if package == "pulumi":  # a provider
            return existing or f"{name}-id", inputs
        cloud = self._simulated.get(package)
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
        """Record a registration, and answer as the cloud would."""
        name, type_ = request.name, request.type
        urn = self._register_urn(request.parent, type_, name)
        if type_ == _STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        registration = registration_of(request, urn)
        self._recorded.registrations.append(registration)
        inputs = dict(registration.inputs)
        if type_.startswith("pulumi:providers:"):
            self._configs[urn] = unwrap(inputs)
        if request.remote and not self._preview:
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
        """Answer what a resource that is looked up would have."""
        urn = self._register_urn(request.parent, request.type, request.name)
        inputs = decode(request.properties)
        if request.type == STACK_REFERENCE:
            outputs = decode(self._stacks.properties(request.id))
        else:
            _, outputs = self._answer(urn, request.provider, inputs, request.id)
        self.resources[urn] = MockMonitor.ResourceRegistration(urn, request.id, outputs)
        return resource_pb2.ReadResourceResponse(urn=urn, properties=encode(outputs))

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 (the protocol's name)
        """Record outputs."""
        self._recorded.outputs[self._names[request.urn]] = decode(request.outputs)
        return empty_pb2.Empty()

    def Call(self, request: Any) -> Any:  # noqa: N802 (the protocol's name)
        """Answer a method of a component."""
        config = self._call(request.tok.partition(":")[0], request.provider).config
        self._recorded.echoed.add(request.tok)
        return remote.call(request, config, (), foretold=self._preview)

    def Invoke(self, request: Any) -> Any:  # noqa: N802 (the protocol's name)
        """Answer a function."""
        args = decode(request.args)
        if request.tok == "pulumi:pulumi:getResource":
            found = self.resources.get(args["urn"])
            if found is None:
                return _invoke_failure(request.tok, f"unknown resource {args['urn']}")
            return _invoke_response(found._asdict())
        package = request.tok.partition(":")[0]
        cloud = self._simulated.get(package)
        function = cloud.functions.get(request.tok) if cloud is not None else None
        if function is None:
            self._recorded.echoed.add(request.tok)
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
