"""How a team tests a service whose settings are secrets: with made-up ones."""

import asyncio
import hashlib
import hmac

import pytest
from httpx import ASGITransport, AsyncClient, Response

from examples.fastapi.service import Payments, app, settings, started
from infra_secrets.runtime import SettingsError

BODY = b'{"paid": true}'
SIGNATURE = hmac.new(b"made-up-key", BODY, hashlib.sha256).hexdigest()


async def send(body: bytes) -> Response:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://service") as client:
        return await client.post("/webhooks", content=body, headers={"signature": SIGNATURE})


def test_an_endpoint_gets_made_up_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = Payments.for_tests(
        webhook_signing_key="made-up-key", database_url="postgresql://made-up@localhost/payments"
    )
    monkeypatch.setitem(app.dependency_overrides, settings, lambda: made_up)

    assert asyncio.run(send(BODY)).status_code == 200
    assert asyncio.run(send(b"{}")).status_code == 403


def test_the_service_starts_with_what_its_pod_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SIGNING_KEY", "made-up-key")
    monkeypatch.setenv("DATABASE_URL", "postgresql://made-up@localhost/payments")

    async def serve() -> Response:
        async with started(app):
            return await send(BODY)

    assert asyncio.run(serve()).json() == {"taken": True}


def test_the_service_does_not_start_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WEBHOOK_SIGNING_KEY", "INFRA_SECRETS_CLOUD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://made-up@localhost/payments")

    async def serve() -> None:
        async with started(app):
            pytest.fail("it started")

    with pytest.raises(SettingsError, match="the variable WEBHOOK_SIGNING_KEY is not set"):
        asyncio.run(serve())
