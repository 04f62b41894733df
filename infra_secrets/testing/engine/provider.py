"""Provider servers inside this process, to which a real engine attaches.

One gRPC server for each Pulumi package, on a free port of the loopback interface. The engine finds
them through `PULUMI_DEBUG_PROVIDERS=aws:PORT,...`. A server translates: what a request means is
decided by the `SimulatedProvider` behind it. A package without one is echoed, and what was echoed is
listed.

An explicit provider instance (another region, say) is told from the default one by its connection:
the engine opens one for each instance, and configures each on its own.
"""

import functools
import importlib.metadata
import json
import threading
import warnings
from collections.abc import Callable, Mapping
from concurrent import futures
from dataclasses import dataclass
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from infra_secrets.testing import simulation
from infra_secrets.testing.cluster.documents import DOCUMENTS
from infra_secrets.testing.cluster.manifests import ManifestType, is_manifest
from infra_secrets.testing.computed.dynamic import DYNAMIC, DynamicType
from infra_secrets.testing.computed.echoed import EchoedType, echoed_answer
from infra_secrets.testing.computed.generated import GENERATED
from infra_secrets.testing.engine import remote
from infra_secrets.testing.engine.command import GRPC_OPTIONS
from infra_secrets.testing.engine.failure import failed_in_part
from infra_secrets.testing.internals import Declared
from infra_secrets.testing.simulation import (
    Call,
    Change,
    CloudError,
    Diff,
    Request,
    ResourceType,
    SimulatedProvider,
)
from infra_secrets.testing.values import (
    UNKNOWN,
    decode,
    encode,
    holds_unknown,
    mark_like,
    texts,
    unwrap,
)

# The engine warns about a provider that is older than the SDK of the program.
_ANY_VERSION: Final = "999.0.0"
_ECHO: Final = EchoedType()
_MANIFEST: Final = ManifestType()
_KINDS: Final = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}

OnRequest = Callable[[Request], None]


@functools.cache
def installed_packages() -> dict[str, str]:
    """Return name and version of the Pulumi packages whose Python SDK is installed and has a
    provider.

    An SDK says so in the `pulumi-plugin.json` of its module; `"resource": false` means that it has
    no provider.
    """
    found: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        for file in distribution.files or ():
            if file.match("*/pulumi-plugin.json"):
                manifest = json.loads(file.read_text(encoding="utf-8"))
                if manifest.get("resource", True) and manifest.get("name"):
                    found[manifest["name"]] = manifest.get("version") or distribution.version
    return found


@dataclass(slots=True)
class CurrentRun:
    """What a run of the engine begins with.

    Attributes:
        number: How many runs there were before it.
        existing: URNs that the state holds.
    """

    number: int = 0
    existing: frozenset[str] = frozenset()


class Providers:
    """The provider servers of one rehearsal.

    Args:
        clouds: The simulated clouds, by package.
        packages: Packages to echo, with the version that their provider claims to have.
        on_request: Called with every request, from several threads, before it is answered. What it
            raises is the answer.
        declared: What dynamic resources declare beyond their inputs.
    """

    def __init__(
        self,
        clouds: Mapping[str, SimulatedProvider],
        packages: Mapping[str, str],
        on_request: OnRequest,
        declared: Declared,
    ) -> None:
        dynamic = DynamicType(declared)
        self.echoed: set[str] = set()
        self.run = CurrentRun()
        self.answers: set[str] = set()
        """Texts that functions answered: the program has them, and did not write them."""
        self.in_flight = InFlight()
        self._servers: list[grpc.Server] = []
        ports: list[str] = []
        for package in dict.fromkeys([*clouds, *packages]):
            server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=GRPC_OPTIONS)
            servicer = _Servicer(
                package,
                packages.get(package) or _ANY_VERSION,
                cloud=clouds.get(package),
                on_request=on_request,
                echo=dynamic if package in DYNAMIC else _ECHO,
                echoed=self.echoed,
                run=self.run,
                answers=self.answers,
                in_flight=self.in_flight,
            )
            provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
            ports.append(f"{package}:{server.add_insecure_port('127.0.0.1:0')}")
            server.start()
            self._servers.append(server)
        self.environment: Final = ",".join(ports)
        """The value of `PULUMI_DEBUG_PROVIDERS`."""

    def close(self) -> None:
        """Stop the servers and wait until they are gone."""
        for stopped in [server.stop(grace=None) for server in self._servers]:
            stopped.wait(timeout=10)
        self._servers.clear()


class InFlight:
    """Counts requests that are being answered, so that a killed engine's last one can finish."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *error: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait until none is left, or warn after some seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._count == 0, seconds):
                warnings.warn("a provider request did not end with its engine", stacklevel=2)


def _counted(answer: Callable[[Any, Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    @functools.wraps(answer)
    def counting(self: "_Servicer", request: Any, context: Any) -> Any:
        with self.in_flight:
            return answer(self, request, context)

    return counting


class _Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Answers for one package. The method names are those of the protocol."""

    def __init__(
        self,
        package: str,
        version: str,
        *,
        cloud: SimulatedProvider | None,
        on_request: OnRequest,
        echo: ResourceType,
        echoed: set[str],
        run: CurrentRun,
        answers: set[str],
        in_flight: InFlight,
    ) -> None:
        self._answers = answers
        self.in_flight = in_flight
        self._package = package
        self._version = version
        self._cloud = cloud
        self._on_request = on_request
        self._echo = echo
        self._echoed = echoed
        self._run = run
        self._lock = cloud.lock if cloud is not None else threading.RLock()
        self._configs: dict[str, dict[str, Any]] = {}

    # Life of the server --------------------------------------------------------------------------

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

    # Configuration -------------------------------------------------------------------------------

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
            key: _from_json(value) for key, value in unwrap(properties).items()
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
        made = self._resource_request(request, "check", properties=news, old_inputs=olds)
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
        made = self._resource_request(
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
        return _diff_response(diff, list(request.ignoreChanges))

    @_counted
    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        marked = decode(request.properties)
        made = self._resource_request(request, "create", properties=marked, preview=request.preview)
        self._begin(context, made)
        type_, call, inputs = self._type(made), self._call(context, request), unwrap(marked)
        with self._lock:
            if request.preview:
                id_ = ""
                outputs = self._guard(context, lambda: type_.preview({}, inputs, call))
            else:
                id_, outputs = self._guard(context, lambda: type_.create(inputs, call))
        return provider_pb2.CreateResponse(
            id=id_, properties=encode(mark_like(_known(outputs, made), marked))
        )

    @_counted
    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        old_inputs, old_outputs = decode(request.inputs), decode(request.properties)
        made = self._resource_request(
            request, "read", old_inputs=old_inputs, old_outputs=old_outputs
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
        made = self._resource_request(
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
                properties=encode(mark_like(_known(saved, made), marked)),
                reasons=[f"updating {request.urn}: {error}"],
            )
            return context.abort_with_status(failed_in_part(detail))
        return provider_pb2.UpdateResponse(
            properties=encode(mark_like(_known(outputs, made), marked))
        )

    @_counted
    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        made = self._resource_request(
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
            self._echoed.add(request.tok)
            config = self._configs.get(context.peer(), {})
            answer = echoed_answer(request.tok, unwrap(marked), config)
            self._answers |= _answered(answer, unwrap(marked))
            return provider_pb2.InvokeResponse(**{"return": encode(mark_like(answer, marked))})
        call = Call(config=self._configs.get(context.peer(), {}))
        with self._lock:
            answer = self._guard(context, lambda: function(unwrap(marked), call))
        self._answers |= _answered(answer, unwrap(marked))
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
        self._echoed.add(request.type)
        config = self._configs.get(context.peer(), {})
        documents = DOCUMENTS.get(request.type)
        return self._guard(
            context, lambda: remote.construct(request, config, self._run.existing, documents)
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
        self._echoed.add(request.tok)
        config = self._configs.get(context.peer(), {})
        return self._guard(
            context,
            lambda: remote.call(request, config, self._run.existing, foretold=request.dryRun),
        )

    # Steps that every request takes --------------------------------------------------------------

    def _resource_request(self, request: Any, operation: str, **data: Any) -> Request:
        return Request(
            self._package,
            operation,
            request.type or request.urn.split("::")[2].rsplit("$", 1)[-1],
            request.name or request.urn.split("::", 3)[-1],
            request.urn,
            getattr(request, "id", ""),
            **data,
        )

    def _begin(self, context: grpc.ServicerContext, request: Request) -> None:
        """Record the request and run the hooks and faults that it meets."""
        self._guard(context, lambda: self._meet(request))

    def _meet(self, request: Request) -> None:
        self._on_request(request)
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
        found = None
        if self._cloud is not None:
            found = self._cloud.resource_type(request.type)
        if found is None:
            found = GENERATED.get(request.type)
        if found is None:
            self._echoed.add(request.type)
            manifest = self._package == "kubernetes" and is_manifest(request.type)
            return _MANIFEST if manifest else self._echo
        return found

    def _call(self, context: grpc.ServicerContext, request: Any) -> simulation.Call:
        autonaming = None
        if isinstance(request, provider_pb2.CheckRequest) and request.HasField("autonaming"):
            autonaming = request.autonaming
        return Call(
            config=self._configs.get(context.peer(), {}),
            name=request.name or request.urn.split("::", 3)[-1],
            type=request.type or request.urn.split("::")[2].rsplit("$", 1)[-1],
            urn=request.urn,
            # Not the engine's, which is another one at every run: a program's second rehearsal is like its first.
            seed=f"{request.urn} {self._run.number}".encode(),
            ignored=tuple(getattr(request, "ignoreChanges", ())),
            proposed_name=autonaming.proposed_name if autonaming is not None else None,
            autonaming_disabled=autonaming is not None
            and autonaming.mode == provider_pb2.CheckRequest.AutonamingOptions.DISABLE,
        )


def _answered(answer: Any, arguments: Any) -> set[str]:
    """Return the texts of a function's answer that it was not given: what it was given is the program's.

    Compared word by word, because a function that reads YAML takes indentation and line breaks away.
    """
    given = "\n".join(text for text, _ in texts(arguments))
    return {text for text, _ in texts(answer) if not all(word in given for word in text.split())}


def _from_json(value: Any) -> Any:
    """A provider's nested settings arrive as JSON in a string."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    return value


def _known(outputs: dict[str, Any], request: Request) -> dict[str, Any]:
    """Keep unknown values to previews, where alone the engine takes them."""
    if request.preview or not holds_unknown(outputs):
        return outputs
    return {key: value for key, value in outputs.items() if value is not UNKNOWN}


def _diff_response(diff: Diff, ignored: list[str]) -> Any:
    changes = [change for change in diff.changes if not _ignores(change, ignored)]
    replaces = sorted({change.key for change in changes if change.replaces})
    response = provider_pb2.DiffResponse(
        changes=(
            provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE
        ),
        replaces=replaces,
        diffs=sorted({change.key for change in changes}),
        deleteBeforeReplace=diff.delete_before_replace and bool(replaces),
        hasDetailedDiff=True,
    )
    for change in changes:
        response.detailedDiff[change.path].kind = _KINDS[change.kind, change.replaces]
    return response


def _ignores(change: Change, ignored: list[str]) -> bool:
    return any(
        change.path == path or change.path.startswith((f"{path}.", f"{path}[")) for path in ignored
    )
