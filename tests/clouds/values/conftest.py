"""Clients in these tests do not wait long for a server that fails on purpose."""

import pytest

from infra_secrets.clouds.gcp import connection


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PATIENCE_SECONDS", 0.5)
