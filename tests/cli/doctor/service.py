"""A Pulumi service for the real `pulumi` command: one person, one organisation, one stack and its ESC environments.

Its answers are those that the command line reads (pulumi pkg/backend/httpstate/client, pkg/cmd/esc/cli/client). What
fails is chosen by the test: the whole service, or ESC alone.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CANARY = "made-up-stripe-key-7f3a"
TOKEN = "made-up-pulumi-token"


@dataclass
class Service:
    """What it answers."""

    url: str = ""
    calls: list[str] = field(default_factory=list)
    status: int = 200
    """Of every answer, e.g. 503 when the service is out of order, or 401 for a token that has expired."""
    esc: int = 200
    """Of what opens an environment."""
    diagnostics: list[str] = field(default_factory=list)
    """Why an environment does not open."""
    environments: list[str] = field(default_factory=lambda: ["acme/shop/production"])
    resources: list[dict[str, Any]] = field(default_factory=list)
    """The state of the stack."""

    def answer(self, path: str) -> tuple[int, object]:
        if self.status != 200:
            return self.status, {"code": self.status, "message": "made up"}
        fixed: dict[str, object] = {
            "/api/user": {
                "id": "made-up",
                "githubLogin": "ann",
                "name": "Ann",
                "organizations": [{"githubLogin": "acme", "name": "Acme"}],
            },
            "/api/user/organizations/default": {"gitHubLogin": "acme"},
            "/api/capabilities": {"capabilities": []},
            "/api/user/stacks": {
                "stacks": [{"orgName": "acme", "projectName": "shop", "stackName": "production"}]
            },
            "/api/stacks/acme/shop/production": {
                "id": "made-up",
                "orgName": "acme",
                "projectName": "shop",
                "stackName": "production",
                "version": 1,
            },
            "/api/stacks/acme/shop/production/export": {
                "version": 3,
                "deployment": {
                    "manifest": {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""},
                    "resources": self.resources,
                },
            },
        }
        if path in fixed:
            return 200, fixed[path]
        return self._environment(path.removeprefix("/api/esc/environments/"))

    def _environment(self, path: str) -> tuple[int, object]:
        if path.endswith("/yaml/check"):
            return 200, {}
        name, _, rest = path.partition("/open")
        if self.esc != 200:
            return self.esc, {"code": self.esc, "message": "made up"}
        if name not in self.environments:
            return 404, {"code": 404, "message": "not found"}
        if rest:
            secret = {"value": CANARY, "secret": True, "trace": {}}
            return 200, {
                "properties": {
                    "pulumiConfig": {"value": {"shop:stripe": secret}, "trace": {}},
                    "files": {"value": {"STRIPE_FILE": secret}, "trace": {}},
                }
            }
        if self.diagnostics:
            place = {"environment": "production", "begin": {"line": 3, "column": 5, "byte": 1}}
            place["end"] = place["begin"]
            found = [{"range": place, "summary": each} for each in self.diagnostics]
            return 400, {"code": 400, "message": "it does not open", "diagnostics": found}
        return 200, {"id": "opened"}


@contextmanager
def serving() -> Iterator[Service]:
    """Run one on a free port of this machine."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.partition("?")[0]
            service.calls.append(path)
            status, answer = service.answer(path)
            body = json.dumps(answer).encode()
            self.send_response_only(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_HEAD = _any  # noqa: N815 (http.server's names)

        def log_message(self, *_: object) -> None:
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
