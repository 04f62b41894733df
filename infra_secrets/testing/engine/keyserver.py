"""The key under which a rehearsal's engine encrypts secrets, held by this process.

A passphrase would do, but deriving a key from it takes the engine a quarter of a second in every run, which
is half of a rehearsal. So the engine is told that the key is in a HashiCorp Vault, and this is the Vault: it
knows one request, and the key that it gives is public. What it protects is made up.
"""

import base64
import http.server
import json
import threading
from typing import Final

# gocloud.dev/secrets/hashivault: `hashivault://KEY`, and where the server is by environment.
PROVIDER: Final = "hashivault://rehearsal"
ENCRYPTED_KEY: Final = base64.b64encode(b"vault:v1:rehearsal").decode()
_KEY: Final = b"a rehearsal keeps no real secret"
_ANSWER: Final = json.dumps({"data": {"plaintext": base64.b64encode(_KEY).decode()}}).encode()


class KeyServer:
    """Answers `transit/decrypt` on a free port of the loopback interface."""

    def __init__(self) -> None:
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def environment(self) -> dict[str, str]:
        """What the engine must be told."""
        port = self._server.server_address[1]
        return {"VAULT_SERVER_URL": f"http://127.0.0.1:{port}", "VAULT_SERVER_TOKEN": "rehearsal"}

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(_ANSWER)))
        self.end_headers()
        self.wfile.write(_ANSWER)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        """Keep quiet."""
