"""Clients in these tests do not wait long for a server that fails on purpose."""

import pytest

from infra_secrets.clouds.azure import connection as azure
from infra_secrets.clouds.gcp import connection as gcp


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcp, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(azure, "LONGEST_BACKOFF", 0.0)
