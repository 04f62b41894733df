"""One provider server: what the engine asks, told to the simulation behind it, or echoed.

The method names are those of the protocol (pulumi proto/pulumi/provider.proto).
"""

import functools
import json
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from infra_secrets.testing import simulation
from infra_secrets.testing.computed.echoed import Echo, echoed_answer
from infra_secrets.testing.computed.generated import GENERATED
from infra_secrets.testing.engine import remote
from infra_secrets.testing.engine.command import GRPC_OPTIONS
from infra_secrets.testing.engine.failure import failed_in_part
from infra_secrets.testing.engine.shared import Shared
from infra_secrets.testing.engine.wire import (
    call_of,
    diff_response,
    foretold,
    resource_request,
    setting,
)
from infra_secrets.testing.simulation import (
    CloudError,
    Request,
    ResourceType,
    SimulatedProvider,
)
from infra_secrets.testing.values import decode, encode, mark_like, texts, unwrap


def _counted(answer: Callable[[Any, Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    @functools.wraps(answer)
    def counting(self: "_Servicer", request: Any, context: Any) -> Any:
        with self.shared.in_flight:
            return answer(self, request, context)

    return counting


class _Attached(provider_pb2_grpc.ResourceProviderServicer):
    """What a provider says of itself, whatever it simulates.

    Args:
        package: The package.
        version: The version that it claims to have.
    """

    def __init__(self, package: str, version: str) -> None:
        self._package = package
        self._version = version

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        del request, context
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True,
            accept_resources=True,
            accept_outputs=True,
            supports_autonaming_configuration=True,
        )

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        del request, context
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        del request, context
        return plugin_pb2.PluginInfo(version=self._version)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        del request, context
        return empty_pb2.Empty()

    def Parameterize(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        del context
        if request.HasField("value"):
            return provider_pb2.ParameterizeResponse(
                name=request.value.name, version=request.value.version
            )
        return provider_pb2.ParameterizeResponse(name=self._package, version="0.0.0")

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        del request, context
        return provider_pb2.GetSchemaResponse(schema=json.dumps({"name": self._package}))

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        del context
        same = decode(request.old_inputs or request.olds) == decode(request.news)
        changes = (
            provider_pb2.DiffResponse.DIFF_NONE if same else provider_pb2.DiffResponse.DIFF_SOME
        )
        return provider_pb2.DiffResponse(changes=changes)


class _Servicer(_Attached):
    """Answers for one package. For the arguments see `serve`."""

    def __init__(
        self,
        package: str,
        version: str,
        cloud: SimulatedProvider | None,
        echo: Echo,
        shared: Shared,
    ) -> None:
        super().__init__(package, version)
        self._cloud = cloud
        self._echo = echo
        self.shared: Final = shared
        self._lock = cloud.lock if cloud is not None else threading.RLock()
        self._configs: dict[str, dict[str, Any]] = {}

    # Configuration -------------------------------------------------------------------------------

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        properties = decode(request.args)
        self._begin(
            context,
            Request(
                self._package,
                "configure",
                request.type or f"pulumi:providers:{self._package}",
                request.name,
                request.urn,
                properties=properties,
            ),
        )
        self._configs[context.peer()] = {
            key: setting(value) for key, value in unwrap(properties).items()
        }
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True,
            supportsPreview=True,
            acceptResources=True,
            acceptOutputs=True,
            supports_autonaming_configuration=True,
        )

    # Resources -----------------------------------------------------------------------------------

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        olds, news = decode(request.olds), decode(request.news)
        made = resource_request(self._package, request, "check", properties=news, old_inputs=olds)
        self._begin(context, made)
        type_ = self._type(made)
        with self._lock:
            inputs, failures = self._guard(
                context,
                lambda: type_.check(unwrap(news), unwrap(olds), self._call(context, request)),
            )
        return provider_pb2.CheckResponse(
            inputs=encode(mark_like(inputs, news)),
            failures=[
                provider_pb2.CheckFailure(property=failure.property, reason=failure.reason)
                for failure in failures
            ],
        )

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        made = resource_request(
            self._package,
            request,
            "diff",
            properties=decode(request.news),
            old_inputs=decode(request.old_inputs),
            old_outputs=decode(request.olds),
        )
        self._begin(context, made)
        with self._lock:
            diff = self._guard(
                context,
                lambda: self._type(made).diff(
                    unwrap(made.old_inputs),
                    unwrap(made.old_outputs),
                    unwrap(made.properties),
                    self._call(context, request),
                ),
            )
        return diff_response(diff, request.ignoreChanges)

    @_counted
    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        marked = decode(request.properties)
        made = resource_request(
            self._package, request, "create", properties=marked, preview=request.preview
        )
        self._begin(context, made)
        type_, call, inputs = self._type(made), self._call(context, request), unwrap(marked)
        with self._lock:
            if request.preview:
                id_ = ""
                outputs = self._guard(context, lambda: type_.preview({}, inputs, call))
            else:
                id_, outputs = self._guard(context, lambda: type_.create(inputs, call))
        return provider_pb2.CreateResponse(
            id=id_, properties=encode(mark_like(foretold(outputs, made), marked))
        )

    @_counted
    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        old_inputs, old_outputs = decode(request.inputs), decode(request.properties)
        made = resource_request(
            self._package, request, "read", old_inputs=old_inputs, old_outputs=old_outputs
        )
        self._begin(context, made)
        with self._lock:
            found = self._guard(
                context,
                lambda: self._type(made).read(
                    request.id,
                    unwrap(old_inputs),
                    unwrap(old_outputs),
                    self._call(context, request),
                ),
            )
        if found is None:
            return provider_pb2.ReadResponse()
        id_, inputs, outputs = found
        return provider_pb2.ReadResponse(
            id=id_,
            inputs=encode(mark_like(inputs, old_inputs)),
            properties=encode(mark_like(outputs, old_outputs)),
        )

    @_counted
    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        marked = decode(request.news)
        made = resource_request(
            self._package,
            request,
            "update",
            properties=marked,
            old_inputs=decode(request.old_inputs),
            old_outputs=decode(request.olds),
            preview=request.preview,
        )
        type_, call, inputs = self._type(made), self._call(context, request), unwrap(marked)
        old_inputs, old_outputs = unwrap(made.old_inputs), unwrap(made.old_outputs)

        def update() -> dict[str, Any]:
            self._meet(made)
            with self._lock:
                if request.preview:
                    return type_.preview(old_outputs, inputs, call)
                return type_.update(request.id, old_inputs, old_outputs, inputs, call)

        try:
            outputs = self._guard(context, update, passed_on=CloudError)
        except CloudError as error:
            saved = None
            if not request.preview:
                saved = type_.after_refused_update(request.id, old_outputs, inputs, call)
            if saved is None:
                return context.abort(grpc.StatusCode.UNKNOWN, str(error))
            detail = provider_pb2.ErrorResourceInitFailed(
                id=request.id,
                properties=encode(mark_like(foretold(saved, made), marked)),
                reasons=[f"updating {request.urn}: {error}"],
            )
            return context.abort_with_status(failed_in_part(detail))
        return provider_pb2.UpdateResponse(
            properties=encode(mark_like(foretold(outputs, made), marked))
        )

    @_counted
    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        made = resource_request(
            self._package,
            request,
            "delete",
            old_inputs=decode(request.old_inputs),
            old_outputs=decode(request.properties),
        )
        self._begin(context, made)
        with self._lock:
            self._guard(
                context,
                lambda: self._type(made).delete(
                    request.id, unwrap(made.old_outputs), self._call(context, request)
                ),
            )
        return empty_pb2.Empty()

    # Functions -----------------------------------------------------------------------------------

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        marked = decode(request.args)
        self._begin(
            context,
            Request(
                self._package, "invoke", request.tok, properties=marked, preview=request.preview
            ),
        )
        function = self._cloud.functions.get(request.tok) if self._cloud is not None else None
        if function is None:
            self.shared.echoed.add(request.tok)
            answer = echoed_answer(request.tok, unwrap(marked), self._config(context))
            self.shared.answers |= _answered(answer, unwrap(marked))
            return provider_pb2.InvokeResponse(**{"return": encode(mark_like(answer, marked))})
        call = simulation.Call(config=self._config(context))
        with self._lock:
            answer = self._guard(context, lambda: function(unwrap(marked), call))
        self.shared.answers |= _answered(answer, unwrap(marked))
        return provider_pb2.InvokeResponse(**{"return": encode(answer)})

    # Components of another process ---------------------------------------------------------------

    @_counted
    def Construct(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        made = Request(
            self._package,
            "construct",
            request.type,
            request.name,
            properties=decode(request.inputs),
            preview=request.dryRun,
        )
        self._begin(context, made)
        self.shared.echoed.add(request.type)
        config = self._config(context)
        documents = self._echo.documents(request.type)
        return self._guard(
            context, lambda: remote.construct(request, config, self.shared.run.existing, documents)
        )

    @_counted
    def Call(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        arguments = decode(request.args)
        self._begin(
            context,
            Request(
                self._package, "call", request.tok, properties=arguments, preview=request.dryRun
            ),
        )
        self.shared.echoed.add(request.tok)
        config = self._config(context)
        return self._guard(
            context,
            lambda: remote.call(request, config, self.shared.run.existing, foretold=request.dryRun),
        )

    # Steps that every request takes --------------------------------------------------------------

    def _begin(self, context: grpc.ServicerContext, request: Request) -> None:
        """Record the request and run the hooks and faults that it meets."""
        self._guard(context, lambda: self._meet(request))

    def _meet(self, request: Request) -> None:
        self.shared.on_request(request)
        if self._cloud is not None:
            self._cloud.meet(request)

    def _guard(
        self,
        context: grpc.ServicerContext,
        act: Callable[[], Any],
        passed_on: type[Exception] | tuple[()] = (),
    ) -> Any:
        """Turn whatever is raised into the engine's idea of a refusal: a status with a message."""
        try:
            return act()
        except passed_on:
            raise
        except Exception as error:  # noqa: BLE001 (a hook or a cloud may raise anything)
            message = str(error) or type(error).__name__
        return context.abort(grpc.StatusCode.UNKNOWN, message)

    def _type(self, request: Request) -> ResourceType:
        found = self._cloud.resource_type(request.type) if self._cloud is not None else None
        found = found or GENERATED.get(request.type)
        if found is None:
            self.shared.echoed.add(request.type)
            return self._echo.resource_type(request.type)
        return found

    def _config(self, context: grpc.ServicerContext) -> dict[str, Any]:
        return self._configs.get(context.peer(), {})

    def _call(self, context: grpc.ServicerContext, request: Any) -> simulation.Call:
        return call_of(request, self._config(context), self.shared.run.number)


def serve(
    package: str, version: str, cloud: SimulatedProvider | None, echo: Echo, shared: Shared
) -> tuple[grpc.Server, int]:
    """Start the server of a package; return it, and its port.

    Args:
        package: The package.
        version: The version that it claims to have.
        cloud: The simulation behind it; None if everything is echoed.
        echo: What is made of what the simulation does not know.
        shared: What it shares with the other servers.
    """
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=GRPC_OPTIONS)
    servicer = _Servicer(package, version, cloud, echo, shared)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def _answered(answer: Any, arguments: Any) -> set[str]:
    """Return the texts of a function's answer that it was not given: what it was given is the program's.

    Compared word by word, because a function that reads YAML takes indentation and line breaks away.
    """
    given = "\n".join(text for text, _ in texts(arguments))
    return {text for text, _ in texts(answer) if not all(word in given for word in text.split())}
