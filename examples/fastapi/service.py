"""A service in FastAPI: it takes webhooks that are signed with a secret.

Settings are loaded before the first request is taken, without blocking the event loop. A service that lacks one does
not start. After a rotation the new value is used within the hour.

    uvicorn examples.fastapi.service:app
"""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from pydantic import PostgresDsn, SecretBytes

from infra_secrets.runtime import SecretSettings


class Payments(SecretSettings, service="payments", max_age=timedelta(hours=1)):
    """What this service needs to know."""

    webhook_signing_key: SecretBytes
    database_url: PostgresDsn


@asynccontextmanager
async def started(app: FastAPI) -> AsyncIterator[None]:
    """Load the settings, or do not start."""
    app.state.settings = await Payments.aload()
    yield


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
