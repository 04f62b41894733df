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
from collections.abc import Mapping
from typing import Final

import grpc

from infra_secrets.testing.computed.echoed import Echo
from infra_secrets.testing.computed.sdk import plugin_manifests
from infra_secrets.testing.engine.server import serve
from infra_secrets.testing.engine.shared import OnRequest, Shared
from infra_secrets.testing.simulation import SimulatedProvider

# The engine warns about a provider that is older than the SDK of the program.
_ANY_VERSION: Final = "999.0.0"
_ECHO: Final = Echo()


@functools.cache
def installed_packages() -> dict[str, str]:
    """Return name and version of the Pulumi packages whose Python SDK is installed and has a
    provider.

    An SDK says so in the `pulumi-plugin.json` of its module; `"resource": false` means that it has
    no provider.
    """
    found: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        for file in plugin_manifests(distribution):
            manifest = json.loads(file.read_text(encoding="utf-8"))
            if manifest.get("resource", True) and manifest.get("name"):
                found[manifest["name"]] = manifest.get("version") or distribution.version
    return found


class Providers:
    """The provider servers of one rehearsal.

    Args:
        clouds: The simulations, by package.
        packages: Packages to echo, with the version that their provider claims to have.
        echoes: What is made of what no simulation knows, by package, where a package has its own way.
        on_request: Called with every request; see `Shared`.

    Attributes:
        shared: What the servers share.
    """

    def __init__(
        self,
        clouds: Mapping[str, SimulatedProvider],
        packages: Mapping[str, str],
        echoes: Mapping[str, Echo],
        on_request: OnRequest,
    ) -> None:
        self.shared: Final = Shared(on_request)
        self._servers: list[grpc.Server] = []
        ports: list[str] = []
        for package in dict.fromkeys([*clouds, *packages]):
            version, echo = packages.get(package) or _ANY_VERSION, echoes.get(package, _ECHO)
            server, port = serve(package, version, clouds.get(package), echo, self.shared)
            ports.append(f"{package}:{port}")
            self._servers.append(server)
        self.environment: Final = ",".join(ports)
        """The value of `PULUMI_DEBUG_PROVIDERS`."""

    def close(self) -> None:
        """Stop the servers and wait until they are gone."""
        for stopped in [server.stop(grace=None) for server in self._servers]:
            stopped.wait(timeout=10)
        self._servers.clear()
