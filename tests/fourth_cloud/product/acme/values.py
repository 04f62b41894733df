"""How values of Acme Vault are read and written: here in memory, where a real cloud has its own client library."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from infra_secrets.clouds.acme import SPELLING

from infra_secrets.clouds import Place
from infra_secrets.clouds.values import Described, Value, Written
from infra_secrets.component.settings import Variable
from infra_secrets.errors import (
    AccessError,
    ChangedMeanwhileError,
    NeverSetError,
    NotFoundError,
    ValueRefusedError,
)
from infra_secrets.rules.naming import SecretName

CLIENT_EXTRA = "runtime-acme"
LOGIN = "acme login"
MAX_BYTES = 1024
CALLS_A_MINUTE: int | None = None
STATUS_PERMISSIONS = ("vault:look",)
TENANT = Variable("ACME_TENANT", "Acme's own: whose vault it is.", "`main`")
PLACE: Mapping[str, Sequence[Variable]] = {"tenant": (TENANT,)}

VAULTS: dict[str, dict[SecretName, tuple[Described, list[Value]]]] = {}
"""What is stored, by tenant."""


def refused(value: Value) -> str | None:
    """Say what Acme cannot store unchanged."""
    if not value.data:
        return "is empty"
    if len(value.data) > MAX_BYTES:
        return f"has {len(value.data):,} bytes, and Acme stores at most {MAX_BYTES:,}"
    return None


def restoring(name: str, place: Place) -> None:
    """Return None: what is deleted is gone."""
    del name, place


def connect(place: Place) -> "Client":
    """Make a client for one tenant."""
    return Client(place.get("tenant") or TENANT.read() or "main")


class Client:
    """The vault of one tenant."""

    def __init__(self, tenant: str) -> None:
        self.place: Place = {"tenant": tenant}
        self._vault = VAULTS.setdefault(tenant, {})
        self._lock = threading.Lock()

    def make(self, name: SecretName) -> Described:
        """Make an empty container, as code does."""
        described = Described(
            name=name,
            spelled=SPELLING.spell(name),
            id=f"acme://{SPELLING.spell(name)}",
            state="unset",
            created=datetime.now(UTC),
        )
        self._vault[name] = described, []
        return described

    def describe(self, name: SecretName) -> Described:
        """Look at one."""
        if name not in self._vault:
            raise NotFoundError(f"There is no container {name.reference}.", "Run: pulumi up")
        return self._vault[name][0]

    def listing(
        self, service: str | None = None, environment: str | None = None, *, deleted: bool = True
    ) -> Iterator[Described]:
        """List them; every deletion is for good, so `deleted` finds no more."""
        del deleted
        for name, (described, _) in [*self._vault.items()]:
            if service in {None, name.service} and environment in {None, name.environment}:
                yield described

    def complete(self, described: Described) -> Described:
        """Add nothing: a listing tells everything."""
        return described

    def read(self, names: Sequence[SecretName]) -> Mapping[SecretName, Value | AccessError]:
        """Read them."""
        return {name: self._read(name) for name in names}

    def read_version(self, name: SecretName, version: str) -> Value:
        """Read one version, by its number."""
        self.describe(name)
        versions = self._vault[name][1]
        if not version.isdecimal() or not 0 < int(version) <= len(versions):
            raise NeverSetError(f"{name.reference} has no version {version}.", "Name one it has.")
        return versions[int(version) - 1]

    def write(self, described: Described, value: Value) -> Written:
        """Write one, if nobody else did in between."""
        why = refused(value)
        if why:
            raise ValueRefusedError(f"The value {why}.", "Give another one.")
        with self._lock:
            present, versions = self._vault[described.name]
            if present.version != described.version:
                raise ChangedMeanwhileError(
                    "Somebody else set the value.", "Look, and set it again.", present.version
                )
            version, now = str(len(versions) + 1), datetime.now(UTC)
            versions.append(replace(value, version=version))
            changed = replace(present, state="set", version=version, changed=now)
            self._vault[described.name] = changed, versions
        return Written(version=version, when=now)

    def close(self) -> None:
        """Close nothing."""

    def _read(self, name: SecretName) -> Value | AccessError:
        if name not in self._vault:
            return NotFoundError(f"There is no container {name.reference}.", "Run: pulumi up")
        versions = self._vault[name][1]
        if not versions:
            return NeverSetError(
                f"The value of {name.reference} was never set.",
                f"Run: infra-secrets set {name.reference}",
            )
        return versions[-1]
