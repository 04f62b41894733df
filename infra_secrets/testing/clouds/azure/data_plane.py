"""The data plane of Key Vault over HTTP, for programs that look at a vault by themselves."""

import http.server
import json
import threading
import urllib.parse
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from infra_secrets.testing.clouds.azure.service import KeyVault
from infra_secrets.testing.simulation import CloudError


class DataPlane:
    """The data plane of every vault, under `/VAULT/`, on a free port of the loopback interface.

    It answers `GET deletedsecrets/NAME` and `GET secrets/NAME`, and nothing else.

    Args:
        service: What it reads.
        lock: Is held while it reads.
    """

    def __init__(self, service: KeyVault, lock: AbstractContextManager[Any]) -> None:
        class Handler(_Handler):
            vaults = service
            held = lock

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    vaults: ClassVar[KeyVault]
    held: ClassVar[AbstractContextManager[Any]]

    def do_GET(self) -> None:
        """Answer one read."""
        parts = urllib.parse.urlsplit(self.path).path.strip("/").split("/")
        if not self.headers.get("Authorization", "").startswith("Bearer "):
            self._refuse(
                CloudError(
                    "Unauthorized",
                    "AKV10000: Request is missing a Bearer or PoP token.",
                    status=401,
                )
            )
            return
        try:
            with self.held:
                self.vaults.demand_data_plane()
                self._answer(200, self._read(parts))
        except CloudError as error:
            self._refuse(error)

    def _read(self, parts: list[str]) -> dict[str, Any]:
        service = self.vaults
        if len(parts) == 3 and parts[1] == "deletedsecrets":  # noqa: PLR2004 (vault, kind, name)
            secret = service.find(parts[0], parts[2])
            if secret is None or not secret.deleted:
                message = f"Deleted Secret not found: {parts[2]}"
                raise CloudError("SecretNotFound", message, status=404)
            vault = f"https://{secret.vault.lower()}.vault.azure.net"
            return {
                "recoveryId": f"{vault}/deletedsecrets/{secret.name}",
                "deletedDate": 1767225600,
                "scheduledPurgeDate": 1775001600,
                "id": f"{vault}/secrets/{secret.name}/{secret.current.id}",
                "attributes": dict(secret.current.attributes),
            }
        if len(parts) == 3 and parts[1] == "secrets":  # noqa: PLR2004 (vault, kind, name)
            version = service.get_secret(parts[0], parts[2])
            id_ = f"https://{parts[0].lower()}.vault.azure.net/secrets/{parts[2]}/{version.id}"
            return {"value": version.value, "id": id_, "attributes": dict(version.attributes)}
        raise CloudError("BadParameter", "The rehearsal does not know this request.", status=400)

    def _refuse(self, error: CloudError) -> None:
        self._answer(error.status, {"error": {"code": error.code, "message": error.message}})

    def _answer(self, status: int, body: Mapping[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == 401:  # noqa: PLR2004 (Unauthorized)
            self.send_header("WWW-Authenticate", 'Bearer authorization="https://login.invalid"')
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base's name)
        """Keep quiet."""
