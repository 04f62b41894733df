"""What several tests stand on: a recording on each cloud, with everything a cloud needs to be chosen."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from google.rpc import status_pb2

from infra_secrets import clouds
from infra_secrets.testing import Recording, ordinary_config
from tests import servers
from tests.engine_mark import EngineMark
from tests.servers import Server

# Pulumi's plugin server has a copy of this message under another file's name, and protobuf takes only one into a
# process. Here both that server and Google's client library are needed; elsewhere no process needs both.
sys.modules["pulumi.runtime.proto.status_pb2"] = status_pb2

ROOT = Path(__file__).parents[1]
"""This repository."""
VAULT = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shop"
    "/providers/Microsoft.KeyVault/vaults/shop-prod"
)
PLACES: Mapping[str, Mapping[str, str]] = {
    "gcp": {"gcp:project": "shop-123"},
    "azure": {"infra-secrets:azureVaultId": VAULT},
}
"""Where the expected texts of some tests say that containers are."""
PATIENCE = 600.0
"""Seconds that what a test waits for may take, on a machine that has much else to do. Nothing waits for ever."""


def pytest_configure(config: pytest.Config) -> None:
    """Hold the mark `engine` to the truth."""
    EngineMark.installed(config)


@pytest.fixture(params=clouds.available())
def cloud(request: pytest.FixtureRequest) -> str:
    """Each cloud that the package knows, by name."""
    name: str = request.param
    return name


@pytest.fixture(scope="module", params=servers.available())
def running(request: pytest.FixtureRequest) -> Iterator[tuple[str, Server]]:
    """Each cloud that has a server, with the server."""
    with servers.serving(request.param) as server:
        yield request.param, server


@pytest.fixture
def server(running: tuple[str, Server], monkeypatch: pytest.MonkeyPatch) -> Server:
    """The cloud's server, empty, and this process logged in to it."""
    server = running[1]
    server.reset()
    servers.entered(monkeypatch, server.environment())
    return server


def config_for(cloud: str, config: Mapping[str, str] | None = None) -> dict[str, str]:
    """Stack config that chooses a cloud and names what it needs."""
    return {**ordinary_config(cloud), **PLACES.get(cloud, {}), **(config or {})}


def recording_on(cloud: str, config: Mapping[str, str] | None = None, **settings: Any) -> Recording:
    """Make a recording whose config chooses a cloud."""
    return Recording(
        project="shop", stack="production", config=config_for(cloud, config), **settings
    )
