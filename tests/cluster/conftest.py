"""The API server that all tests here share, and a namespace for each of them."""

from collections.abc import Iterator

import pytest

from tests.cluster.server import Client, MissingError, StartError, api_server
from tests.manifests import definition, store_definition


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One kube-apiserver for the whole run, which knows ExternalSecret where its definition is there."""
    try:
        with api_server(tmp_path_factory.mktemp("cluster")) as client:
            client.define(store_definition())
            found = definition()
            if isinstance(found, dict):
                client.define(found)
            yield client
    except (MissingError, StartError) as error:
        pytest.exit(str(error), returncode=1)  # said once, and not by every test


@pytest.fixture
def server(running: Client) -> Client:
    """The server, which has warned of nothing yet."""
    running.warnings.clear()
    return running


@pytest.fixture
def namespace(running: Client) -> str:
    """A namespace that only this test uses."""
    return running.fresh_namespace()
