"""What the engine of one rehearsal talks to, all of it in this process: the providers, and the key that encrypts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from infra_secrets.testing.computed.dynamic import DYNAMIC
from infra_secrets.testing.defaults import echoes_of
from infra_secrets.testing.engine.keyserver import KeyServer
from infra_secrets.testing.engine.provider import Providers, installed_packages
from infra_secrets.testing.engine.shared import OnRequest
from infra_secrets.testing.internals import Declared
from infra_secrets.testing.program.accounts import harmless_environment
from infra_secrets.testing.simulation import SimulatedProvider

# Half of a short run is the engine's start, and a sixth is Go tidying its memory: let it not, below a gibibyte.
_NO_COLLECTION: Final = {"GOGC": "off", "GOMEMLIMIT": "1GiB"}


class Servers:
    """The servers of one rehearsal, which run from the first use to `close`.

    Args:
        clouds: The simulated clouds, by package.
        on_request: Called with every request to a provider before it is answered.
        echoed: What was echoed before.

    Attributes:
        declared: What dynamic resources declare beyond their inputs.
    """

    def __init__(
        self,
        clouds: Mapping[str, SimulatedProvider],
        on_request: OnRequest,
        echoed: set[str] | None = None,
    ) -> None:
        self._clouds = clouds
        self._on_request = on_request
        self._echoed_before = set(echoed or ())
        self._providers: Providers | None = None
        self._keys: KeyServer | None = None
        self.declared: Declared = {}

    @property
    def echoed(self) -> set[str]:
        """Tokens of the resource types and functions that were only echoed."""
        latest = self._providers.shared.echoed if self._providers is not None else set()
        return self._echoed_before | latest

    @property
    def answers(self) -> set[str]:
        """Texts that functions answered."""
        return set(self._providers.shared.answers) if self._providers is not None else set()

    def environment(
        self, folder: Path, packages: Sequence[str], variables: Mapping[str, str]
    ) -> dict[str, str]:
        """Return the environment in which the engine finds the servers, and no account.

        Args:
            folder: Where the engine writes.
            packages: Packages to echo, beyond those whose Python SDK is installed.
            variables: Further variables.
        """
        if self._keys is None:
            self._keys = KeyServer()
        if self._providers is None:
            echoes = echoes_of(self.declared)
            echoed = {**dict.fromkeys([*DYNAMIC, *packages], ""), **installed_packages()}
            self._providers = Providers(self._clouds, echoed, echoes, self._on_request)
        return {
            **_NO_COLLECTION,
            **harmless_environment(),
            **variables,
            **self._keys.environment,
            "PULUMI_AUTOMATION_API": "true",
            "PULUMI_BACKEND_URL": f"file://{folder / 'backend'}",
            "PULUMI_DEBUG_COMMANDS": "true",  # makes `--event-log` known
            "PULUMI_DEBUG_PROVIDERS": self._providers.environment,
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DISABLE_CI_DETECTION": "true",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "NO_COLOR": "1",
        }

    def expect(self, run: int, existing: frozenset[str]) -> None:
        """Say what the next run begins with.

        Args:
            run: How many runs there were before it.
            existing: URNs that the state holds.
        """
        if self._providers is not None:
            begun = self._providers.shared.run
            begun.number, begun.existing = run, existing

    def settle(self) -> None:
        """Wait until every request is answered: a killed engine does not wait for its last one."""
        if self._providers is not None:
            self._providers.shared.in_flight.wait(30)

    def close(self) -> None:
        """Stop the servers. What was echoed is still known."""
        if self._providers is not None:
            self._echoed_before = self.echoed
            self._providers.close()
            self._providers = None
        if self._keys is not None:
            self._keys.close()
            self._keys = None
