"""Clients in these tests do not wait long for a server that fails on purpose."""

import pytest

from infra_secrets.clouds.azure import connection
from infra_secrets.clouds.gcp import values


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(connection, "LONGEST_BACKOFF", 0.0)
