"""A service in FastAPI: it takes webhooks that are signed with a secret.

Settings are loaded before the first request is taken, without blocking the event loop. A service that lacks one does
not start. A task reads them again every half an hour, so that no request ever waits for a cloud: after a rotation the
new value is used within that time, and in an outage the old one goes on being used.

    uvicorn examples.fastapi.service:app
"""

import asyncio
import hashlib
import hmac
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from pydantic import PostgresDsn, SecretBytes

from infra_secrets.runtime import SecretSettings, SettingsError

EVERY = 30 * 60.0
"""Seconds after which the settings are read again."""

log = logging.getLogger(__name__)


class Payments(SecretSettings, service="payments"):
    """What this service needs to know. With `max_age=`, a request would wait for the cloud once that is over."""

    webhook_signing_key: SecretBytes
    database_url: PostgresDsn


@asynccontextmanager
async def started(app: FastAPI) -> AsyncIterator[None]:
    """Load the settings, or do not start; then keep them fresh until the end."""
    app.state.settings = await Payments.aload()
    task = asyncio.create_task(keep_fresh(app.state.settings))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def keep_fresh(settings: Payments) -> None:
    """Read the settings again from time to time. Where that fails, all of them stay as they are."""
    while True:
        await asyncio.sleep(EVERY)
        try:
            changed = await settings.areload()
        except SettingsError as error:  # it names settings and never a value
            log.warning("settings could not be read again: %s", error)
        else:
            if changed:
                log.info("settings changed: %s", ", ".join(sorted(changed)))


app = FastAPI(lifespan=started)


def settings(request: Request) -> Payments:
    """What an endpoint depends on, and a test replaces."""
    found: Payments = request.app.state.settings
    return found


@app.post("/webhooks")
async def webhook(
    request: Request,
    settings: Annotated[Payments, Depends(settings)],
    signature: Annotated[str, Header()],
) -> dict[str, bool]:
    """Take a webhook if it is signed."""
    key = settings.webhook_signing_key.get_secret_value()
    expected = hmac.new(key, await request.body(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise HTTPException(403)
    return {"taken": True}
