"""Components that another process would construct, and methods that it would answer: `awsx`, `eks` and the like.

What such a component is made of only its own program knows. It is registered with the engine as it would do itself, and
its outputs are made up; an output that is a resource becomes a child of it, so that programs can go on from there.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, get_args

import grpc
import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from infra_secrets.testing.computed import texts
from infra_secrets.testing.computed.echoed import EchoedType
from infra_secrets.testing.computed.outputs import computed_outputs
from infra_secrets.testing.computed.sdk import (
    Output,
    Outputs,
    object_outputs,
    resource_class,
    resource_outputs,
    resource_token,
)
from infra_secrets.testing.computed.subject import Subject
from infra_secrets.testing.engine import GRPC_OPTIONS
from infra_secrets.testing.simulation import Call
from infra_secrets.testing.values import (
    RESOURCE_SIGNATURE,
    SIGNATURE,
    UNKNOWN,
    decode,
    encode,
    mark_like,
    unwrap,
)

# gRPC shares connections by address over the whole process; an engine may get the port of a dead one.
_OPTIONS: Final = [*GRPC_OPTIONS, ("grpc.use_local_subchannel_pool", 1)]
_OF_A_LIST: Final = 2  # children that an output gets which is a list of resources
_DEEPEST: Final = 3

Documents = Callable[[Mapping[str, Any]], list[dict[str, Any]]]


def construct(
    request: Any,
    config: Mapping[str, Any],
    existing: Collection[str],
    documents: Documents | None = None,
) -> Any:
    """Register a component with the engine and make its outputs up.

    Args:
        request: The engine's `ConstructRequest`.
        config: The provider's configuration, plain.
        existing: URNs that the state held before this run: a preview knows their outputs.
        documents: Returns the Kubernetes manifests that the component's inputs describe, where it is made of them.
    """
    with grpc.insecure_channel(request.monitorEndpoint, options=_OPTIONS) as channel:
        component = _Component(request, resource_pb2_grpc.ResourceMonitorStub(channel))
        outputs = component.outputs(
            config, foretold=request.dryRun and component.urn not in existing
        )
        if documents is not None:
            made = documents(unwrap(decode(request.inputs)))
            outputs["resources"] = [component.manifest(each) for each in made]
        component.finish(outputs)
    return provider_pb2.ConstructResponse(urn=component.urn, state=encode(outputs))


def call(
    request: Any, config: Mapping[str, Any], existing: Collection[str], *, foretold: bool
) -> Any:
    """Answer a method of a component, as an SDK says what it returns.

    Args:
        request: The engine's `CallRequest`, whose token is that of the resource and the method, after a slash.
        config: The provider's configuration, plain.
        existing: URNs that the state held before this run: a preview knows what they answer.
        foretold: Whether this is a preview.
    """
    arguments = unwrap(decode(request.args))
    itself = _urn_of(request.args.fields["__self__"])
    arguments.pop("__self__", None)
    token, _, method = request.tok.rpartition("/")
    result = getattr(resource_class(token), f"{method[:1].upper()}{method[1:]}Result", None)
    outputs = object_outputs(result) or {}
    if foretold and itself not in existing:
        answer: dict[str, Any] = dict.fromkeys(outputs, UNKNOWN)
    else:
        seed = f"{itself} {method}"
        subject = Subject(token, itself.rpartition("::")[2] or method, seed, arguments, config)
        answer = computed_outputs(subject, outputs)
        if set(outputs) == {"result"} and outputs["result"].type is str:
            answer["result"] = texts.text(subject, method.removeprefix("get") or method)
    return provider_pb2.CallResponse(**{"return": encode(answer)})


def _urn_of(reference: struct_pb2.Value) -> str:
    """Return the URN in a reference to a resource."""
    fields = reference.struct_value.fields
    if "value" in fields:  # an output that holds it
        return _urn_of(fields["value"])
    return fields["urn"].string_value if "urn" in fields else ""


class _Component:
    """One component, registered with the engine."""

    def __init__(self, request: Any, monitor: Any) -> None:
        self._request = request
        self._monitor = monitor
        self.urn: str = self._register(
            request.type,
            request.name,
            request.parent,
            request.inputs,
            aliases=request.aliases,
            protect=request.protect if request.HasField("protect") else None,
            providers=request.providers,
            dependencies=request.dependencies,
        ).urn

    def _register(
        self, type_: str, name: str, parent: str, inputs: struct_pb2.Struct, **options: Any
    ) -> Any:
        asked = resource_pb2.RegisterResourceRequest(
            type=type_,
            name=name,
            parent=parent,
            object=inputs,
            acceptSecrets=True,
            acceptResources=True,
            aliasSpecs=True,
            supportsPartialValues=True,
            **options,
        )
        return self._monitor.RegisterResource(asked)

    def outputs(self, config: Mapping[str, Any], *, foretold: bool) -> dict[str, Any]:
        """Make the outputs up, each resource among them as a child.

        Args:
            config: The provider's configuration, plain.
            foretold: Whether what is made up is not known yet.
        """
        request = self._request
        marked = decode(request.inputs)
        about = Call(config=config, name=request.name, type=request.type, urn=self.urn)
        echoed = EchoedType()
        if foretold:
            made = echoed.preview({}, unwrap(marked), about)
        else:
            _, made = echoed.create(unwrap(marked), about)
        references = self._references(resource_outputs(request.type), request.name, 0)
        for name, reference in references.items():
            if f"{name}Id" in made and isinstance(reference, dict) and reference.get("id"):
                made[f"{name}Id"] = reference["id"]
        return {**dict(mark_like(made, marked)), **references}

    def _references(self, outputs: Outputs, name: str, depth: int) -> dict[str, Any]:
        """Return the members that are resources, registered, and objects that hold such."""
        found: dict[str, Any] = {}
        for wire, output in outputs.items():
            made = self._reference(output, f"{name}-{wire}", depth)
            if made is not None:
                found[wire] = made
        return found

    def _reference(self, output: Output, name: str, depth: int) -> Any:
        if resource_token(output.type) is not None:
            return None if output.optional and depth else self._child(output.type, name)
        items = [each for each in get_args(output.type) if resource_token(each) is not None]
        if items and not output.optional:
            return [self._child(items[0], f"{name}-{number}") for number in range(_OF_A_LIST)]
        inner = None if output.optional or depth >= _DEEPEST else object_outputs(output.type)
        return (inner and self._references(inner, name, depth + 1)) or None

    def _child(self, kind: type[pulumi.Resource], name: str) -> dict[str, Any]:
        token = str(resource_token(kind))
        return self._made(token, name, {}, custom=issubclass(kind, pulumi.CustomResource))

    def manifest(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Register a Kubernetes object as a child.

        pulumi-kubernetes: the name is `component:namespace/name` (provider/pkg/provider/yaml/v2/yaml.go).
        """
        metadata = document.get("metadata") or {}
        place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
        prefix = unwrap(decode(self._request.inputs)).get("resourcePrefix") or self._request.name
        token = f"kubernetes:{document.get('apiVersion')}:{document.get('kind')}"
        if "/" not in str(document.get("apiVersion")):
            token = f"kubernetes:core/{document.get('apiVersion')}:{document.get('kind')}"
        return self._made(token, f"{prefix}:{place}{metadata.get('name')}", document, custom=True)

    def _made(
        self, token: str, name: str, inputs: Mapping[str, Any], *, custom: bool
    ) -> dict[str, Any]:
        package = token.removeprefix("pulumi:providers:").partition(":")[0]
        made = self._register(
            token,
            name,
            self.urn,
            encode(inputs),
            custom=custom,
            provider=self._request.providers.get(package, "") if custom else "",
        )
        return {SIGNATURE: RESOURCE_SIGNATURE, "urn": made.urn, "id": made.id}

    def finish(self, outputs: Mapping[str, Any]) -> None:
        """Tell the engine that the component is complete."""
        self._monitor.RegisterResourceOutputs(
            resource_pb2.RegisterResourceOutputsRequest(urn=self.urn, outputs=encode(outputs))
        )
