"""How an object of the simulated cluster is found: by its name, or by what the program calls it."""

import re

from infra_secrets.testing.cluster.apiserver import ApiServer
from infra_secrets.testing.cluster.kubelet import TEMPLATES
from infra_secrets.testing.cluster.objects import ObjectKey
from infra_secrets.testing.simulation import NoSuchSecretError


class Finder:
    """Knows what the program calls each object.

    Args:
        server: Where the objects are.
    """

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._logical: dict[ObjectKey, str] = {}

    def knows_as(self, key: ObjectKey, logical: str) -> None:
        """Remember what the program calls an object."""
        self._logical[key] = logical

    def logical_name(self, kind: str, namespace: str, name: str) -> str:
        """Return what the program calls, or has called, an object; empty if it has not."""
        for key, logical in list(self._logical.items()):
            if (key.kind, key.namespace, key.name) == (kind, namespace, name):
                return logical
        return ""

    def find(self, kind: str | None, name: str, namespace: str | None, what: str = "") -> ObjectKey:
        """Return the one object of a name.

        Args:
            kind: Its kind; None for every kind that has pods.
            name: Its name in the cluster, its logical name, or that without the digits after it.
            namespace: Only needed where the name is in several.
            what: How an error calls it where no kind is given.

        Raises:
            NoSuchSecretError: There is none, or more than one.
        """
        candidates = [
            key
            for key in list(self._server.objects)
            if kind in {None, key.kind}
            and namespace in {None, key.namespace}
            and (kind is not None or key.kind in TEMPLATES)
        ]
        found = [key for key in candidates if key.name == name]
        found = found or [key for key in candidates if self._logical.get(key) == name]
        made_up = re.compile(rf"{re.escape(name)}-[0-9a-f]{{8}}")
        found = found or [key for key in candidates if made_up.fullmatch(key.name)]
        noun = (kind or what).lower()
        if not found:
            there = ", ".join(sorted({key.id for key in candidates})) or "none"
            raise NoSuchSecretError(
                f"the simulated cluster has no {noun} {name!r}. There is: {there}"
            )
        if len(found) > 1:
            each = ", ".join(sorted(map(str, found)))
            raise NoSuchSecretError(
                f"several objects are called {name!r}: {each}. Choose one by its full name, its kind"
                " or namespace="
            )
        return found[0]
