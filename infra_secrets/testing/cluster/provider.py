"""What pulumi-kubernetes does with a manifest over the simulated server: dry run, POST, PATCH, GET, DELETE.

It waits for nothing: a Deployment whose pods would wait is created all the same.
"""

from collections.abc import Mapping
from typing import Any, Final

from infra_secrets.testing.cluster.apiserver import ApiServer
from infra_secrets.testing.cluster.finding import Finder
from infra_secrets.testing.cluster.manifests import ManifestType, identity
from infra_secrets.testing.cluster.objects import ObjectKey
from infra_secrets.testing.cluster.releases import Releases
from infra_secrets.testing.computed.echoed import EchoedType
from infra_secrets.testing.simulation import Call, CloudError, Rule
from infra_secrets.testing.values import holds_unknown

_PROVIDER = "pulumi-kubernetes v4.32 provider/pkg/provider/"

DRY_RUN: Final = Rule(
    "kubernetes-previews-by-dry-run",
    "A preview asks the server where every input is known, so it meets most refusals.",
    _PROVIDER + "provider.go, Create, Update",
)
READS_WHAT_IS_THERE: Final = Rule(
    "kubernetes-reads-what-is-there",
    "Reading an object that is not there is refused.",
    _PROVIDER + "provider.go, Read",
)
RULES: Final = (DRY_RUN, READS_WHAT_IS_THERE)

_UNREACHABLE: Final = "configured Kubernetes cluster is unreachable"
_LOST: Final = (
    "If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the"
    ' operation with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"'
)


class ObjectType(ManifestType):
    """A manifest that becomes an object of the simulated cluster.

    Args:
        server: Where the object is.
        finder: Gets told what the program calls it.
        releases: Knows what is there without the program.
        unreachable: Whether nobody answers.
    """

    def __init__(
        self, server: ApiServer, finder: Finder, releases: Releases, *, unreachable: bool
    ) -> None:
        super().__init__(server.keeps)
        self.server = server
        self.finder = finder
        self.releases = releases
        self.unreachable = unreachable

    def preview(
        self, old_outputs: Mapping[str, Any], inputs: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        """Ask the server for a dry run, where there is one and everything is known."""
        if holds_unknown(inputs) or self.unreachable or not self.keeps(DRY_RUN):
            return super().preview(old_outputs, inputs, call)
        before = self.server.objects.get(ObjectKey.of(inputs)) if old_outputs else None
        try:
            admitted = self.server.admit(inputs, before)
            return self.outputs(admitted, preview=before is None)[1]
        except CloudError as error:
            raise _refused(call, error, updating=bool(old_outputs)) from error

    def create(self, inputs: dict[str, Any], call: Call) -> tuple[str, dict[str, Any]]:
        """POST."""
        self._reach()
        try:
            stored = self.server.create(inputs)
        except CloudError as error:
            raise _refused(call, error, updating=False) from error
        self.finder.knows_as(ObjectKey.of(stored), call.name)
        return self.outputs(stored)

    def update(
        self,
        id_: str,
        old_inputs: Mapping[str, Any],
        old_outputs: Mapping[str, Any],
        inputs: dict[str, Any],
        call: Call,
    ) -> dict[str, Any]:
        """PATCH."""
        del id_, old_inputs, old_outputs
        self._reach()
        try:
            return self.outputs(self.server.update(inputs))[1]
        except CloudError as error:
            raise _refused(call, error, updating=True) from error

    def read(
        self, id_: str, old_inputs: Mapping[str, Any], old_outputs: Mapping[str, Any], call: Call
    ) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        """GET. Of the object only what the program gave becomes an input."""
        del old_outputs
        if self.unreachable:
            raise CloudError(
                "", f"failed to read resource state due to unreachable cluster. {_LOST}"
            )
        kind = identity(call.type)
        namespace, _, name = id_.rpartition("/")
        wanted = {**kind, "metadata": {"namespace": namespace, "name": name}}
        stored = self.server.objects.get(ObjectKey.of(wanted))
        if stored is None:
            others = self.releases.would_have(wanted)
            if others is None and not old_inputs and not self.keeps(READS_WHAT_IS_THERE):
                found = EchoedType().read(id_, {}, wanted, call)
                others = found and found[2]
            return None if others is None else (id_, wanted, self.outputs(others)[1])
        stored = self.server.get(ObjectKey.of(stored))
        self.finder.knows_as(ObjectKey.of(stored), call.name)
        if old_inputs:
            given = _pruned(stored, old_inputs)
        else:
            metadata = {
                key: value
                for key, value in stored["metadata"].items()
                if key not in {"uid", "ownerReferences"}
            }
            given = {**stored, "metadata": metadata}
            given.pop("status", None)
        return id_, self.shown(given), self.outputs(stored)[1]

    def delete(self, id_: str, old_outputs: Mapping[str, Any], call: Call) -> None:
        """DELETE. What is gone already is not an error."""
        del id_, call
        if self.unreachable:
            raise CloudError("", f"{_UNREACHABLE}. {_LOST}")
        key = ObjectKey.of(old_outputs)
        if key in self.server.objects:
            self.server.delete(key)

    def _reach(self) -> None:
        if self.unreachable:
            raise CloudError(
                "",
                f"{_UNREACHABLE}: unable to load schema information from the API server: dial tcp:"
                " connection refused",
            )


def _refused(call: Call, error: CloudError, *, updating: bool) -> CloudError:
    """Word a refusal as the provider does."""
    said = f'resource "{call.name}" was not successfully created by the Kubernetes API server'
    if updating:
        said = f'update of resource "{call.name}" failed'
    return CloudError(error.code, f"{said}: {error.message}", status=error.status)


def _pruned(live: Any, given: Any) -> Any:
    """Keep of a live object what the program gave."""
    if isinstance(live, Mapping) and isinstance(given, Mapping):
        return {key: _pruned(live[key], given[key]) for key in given if key in live}
    if isinstance(live, list) and isinstance(given, list) and len(live) == len(given):
        return [_pruned(one, other) for one, other in zip(live, given, strict=True)]
    return live
