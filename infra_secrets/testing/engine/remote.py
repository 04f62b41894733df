"""Components that another process would construct, and methods that it would answer: `awsx`, `eks` and the like.

What such a component is made of only its own program knows. It is registered with the engine as it would do itself, and
its outputs are made up; an output that is a resource becomes a child of it, so that programs can go on from there.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, get_args

import grpc
import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from infra_secrets.testing.computed.echoed import Documents
from infra_secrets.testing.computed.outputs import answer, computed_outputs
from infra_secrets.testing.computed.sdk import resource_class, resource_outputs, resource_token
from infra_secrets.testing.computed.subject import Subject, words
from infra_secrets.testing.engine.command import GRPC_OPTIONS
from infra_secrets.testing.simulation import CloudError
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
        foretold = request.dryRun and component.urn not in existing
        outputs = component.outputs(config, foretold=foretold)
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
    itself = _urn_of(request.args.fields["__self__"])
    marked = decode(request.args)
    marked.pop("__self__", None)
    name = itself.rpartition("::")[2]
    subject = Subject(request.tok, name, f"{itself} {request.tok}", unwrap(marked), config)
    made = answer(subject)
    if foretold and itself not in existing:
        made = {key: _foretold(value) for key, value in made.items()}
    return provider_pb2.CallResponse(**{"return": encode(mark_like(made, marked))})


def _urn_of(reference: struct_pb2.Value) -> str:
    """Return the URN in a reference to a resource."""
    fields = reference.struct_value.fields
    if "value" in fields:  # an output that holds it
        return _urn_of(fields["value"])
    return fields["urn"].string_value if "urn" in fields else ""


def _foretold(value: Any) -> Any:
    """Return what is known of a made-up value before it is made: which resources are in it."""
    if isinstance(value, Mapping):
        if SIGNATURE in value:
            return value
        known = {key: _foretold(member) for key, member in value.items()}
        return known if any(member is not UNKNOWN for member in known.values()) else UNKNOWN
    if isinstance(value, list):
        members = [_foretold(member) for member in value]
        return members if any(member is not UNKNOWN for member in members) else UNKNOWN
    return UNKNOWN


def _holds_resource(type_: Any) -> bool:
    """Whether a type is a resource, or a list of such."""
    return any(resource_token(each) is not None for each in (type_, *get_args(type_)))


class _Component:
    """One component, registered with the engine."""

    def __init__(self, request: Any, monitor: Any) -> None:
        self._request = request
        self._monitor = monitor
        self._inputs = decode(request.inputs)
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
        try:
            return self._monitor.RegisterResource(asked)
        except grpc.RpcError as error:  # of its text only what was said is of use to anybody
            raise CloudError("", f"{type_} {name}: {error.details()}") from error

    def outputs(self, config: Mapping[str, Any], *, foretold: bool) -> dict[str, Any]:
        """Make the outputs up, each resource among them as a child.

        Args:
            config: The provider's configuration, plain.
            foretold: Whether what is made up is not known yet.
        """
        request = self._request
        declared = resource_outputs(request.type)
        # An input may have the name of an output that is a resource, and be none: `natGateways` of a VPC.
        given = {
            name: value
            for name, value in unwrap(self._inputs).items()
            if name not in declared or not _holds_resource(declared[name].type)
        }
        made = computed_outputs(
            Subject(request.type, request.name, self.urn, given, config), self._child
        )
        for name, member in made.items():
            if f"{name}Id" in made and isinstance(member, Mapping) and member.get("id"):
                made[f"{name}Id"] = member["id"]
        if foretold:
            made = {
                name: value if name in given else _foretold(value) for name, value in made.items()
            }
        return dict(mark_like(made, self._inputs))

    def _child(self, token: str, path: str) -> dict[str, Any] | None:
        if token.startswith("kubernetes:"):  # a cluster refuses an object that nothing is said of
            return None
        kind = resource_class(token)
        custom = kind is None or not issubclass(kind, pulumi.ComponentResource)
        place = re.sub(r"[^A-Za-z0-9]+", "-", words(path)).replace("_", "-").strip("-")
        return self._made(token, f"{self._request.name}-{place}", {}, custom=custom)

    def manifest(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Register a Kubernetes object as a child.

        pulumi-kubernetes: the name is `component:namespace/name` (provider/pkg/provider/yaml/v2/yaml.go).
        """
        metadata = document.get("metadata") or {}
        place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
        prefix = unwrap(self._inputs).get("resourcePrefix") or self._request.name
        version = str(document.get("apiVersion"))
        group = version if "/" in version else f"core/{version}"
        token = f"kubernetes:{group}:{document.get('kind')}"
        return self._made(token, f"{prefix}:{place}{metadata.get('name')}", document, custom=True)

    def _made(
        self, token: str, name: str, inputs: Mapping[str, Any], *, custom: bool
    ) -> dict[str, Any]:
        package = token.removeprefix("pulumi:providers:").partition(":")[0]
        provider = self._request.providers.get(package, "") if custom else ""
        made = self._register(
            token, name, self.urn, encode(inputs), custom=custom, provider=provider
        )
        return {SIGNATURE: RESOURCE_SIGNATURE, "urn": made.urn, "id": made.id}

    def finish(self, outputs: Mapping[str, Any]) -> None:
        """Tell the engine that the component is complete."""
        self._monitor.RegisterResourceOutputs(
            resource_pb2.RegisterResourceOutputsRequest(urn=self.urn, outputs=encode(outputs))
        )
