"""Helm releases, of which only the names are known: what is in them is not simulated, and programs look it up."""

from collections.abc import Mapping
from typing import Any, Final

from infra_secrets.testing.cluster.objects import ObjectKey
from infra_secrets.testing.computed.echoed import EchoedType
from infra_secrets.testing.simulation import Call, Request
from infra_secrets.testing.values import unwrap

_RELEASE: Final = "kubernetes:helm.sh/v3:Release"


class Releases:
    """The releases that a program has made."""

    def __init__(self) -> None:
        self._made: set[tuple[str, str]] = set()

    def note(self, request: Request) -> None:
        """Remember a release that is about to be made."""
        if request.type == _RELEASE and request.operation == "create" and not request.preview:
            call = Call({}, request.name, request.type, request.urn)
            made = EchoedType().create(unwrap(request.properties), call)[1]
            status = made.get("status") or {}
            self._made.add((str(status.get("namespace")), str(status.get("name"))))

    def would_have(self, manifest: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return an object that a release would have made, made up; None if none would."""
        key = ObjectKey.of(manifest)
        if not any(
            key.namespace == home and key.name.startswith(name) for home, name in self._made
        ):
            return None
        ports = [{"name": "http", "port": 80, "protocol": "TCP"}]
        spec = {"type": "LoadBalancer", "ports": ports} if key.kind == "Service" else {}
        return {**manifest, "spec": spec}
