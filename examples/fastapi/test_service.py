"""How a team tests a service whose settings are secrets: with made-up ones."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient, Response

from examples.fastapi import service
from examples.fastapi.service import Payments, app, settings, started
from infra_secrets.runtime import SettingsError

BODY = b'{"paid": true}'
SIGNATURE = hmac.new(b"made-up-key", BODY, hashlib.sha256).hexdigest()


async def send(body: bytes, signature: str = SIGNATURE) -> Response:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://service") as client:
        return await client.post("/webhooks", content=body, headers={"signature": signature})


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


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mounted folder with both secrets, read again all the time. Returns the file of one."""
    for name in ("WEBHOOK_SIGNING_KEY", "DATABASE_URL", "INFRA_SECRETS_CLOUD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("INFRA_SECRETS_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(service, "EVERY", 0)
    (tmp_path / "DATABASE_URL").write_text("postgresql://made-up@localhost/payments")
    key = tmp_path / "WEBHOOK_SIGNING_KEY"
    key.write_text("made-up-key")
    return key


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not happened():
            await asyncio.sleep(0)


def test_a_rotated_key_is_used_without_a_request_that_reads_it(mounted: Path) -> None:
    signature = hmac.new(b"made-up-new-key", BODY, hashlib.sha256).hexdigest()

    async def serve() -> tuple[int, int]:
        async with started(app):
            before = await send(BODY, signature)
            mounted.write_text("made-up-new-key")
            key = b"made-up-new-key"
            await until(lambda: app.state.settings.webhook_signing_key.get_secret_value() == key)
            return before.status_code, (await send(BODY, signature)).status_code

    assert asyncio.run(serve()) == (403, 200)


def test_when_settings_cannot_be_read_again_the_old_ones_stay_and_it_goes_on_trying(
    mounted: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def serve() -> int:
        async with started(app):
            mounted.write_text("")
            await until(lambda: len(caplog.records) > 1)
            return (await send(BODY)).status_code

    assert asyncio.run(serve()) == 200
    assert "settings could not be read again: Payments could not be loaded" in caplog.text
    assert "made-up" not in caplog.text


def test_at_the_end_nothing_goes_on(mounted: Path) -> None:
    async def serve() -> set[asyncio.Task[object]]:
        async with started(app):
            assert mounted.exists()
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(serve()) == set()
