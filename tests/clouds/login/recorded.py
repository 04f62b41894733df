"""A server that answers each call with a recorded body, for logins and permissions, which no cloud's test server has.

The bodies are those of the APIs' references: STS and IAM (botocore's models sts and iam), Google's userinfo and
testIamPermissions (google.iam.v1), Azure Resource Manager's permissions list, Key Vault's data plane, and the token
endpoint of App Service. It listens by TLS on a free port of this machine.
"""

import base64
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests import certificates
from tests.conftest import PATIENCE

ACCOUNT = "123456789012"
ROLE = "arn:aws:iam::123456789012:role/teams/developer"
ASSUMED = "arn:aws:sts::123456789012:assumed-role/developer/ann"
TENANT = "11111111-2222-3333-4444-555555555555"
OBJECT = "66666666-7777-8888-9999-000000000000"
VAULT_ID = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/shop"
    "/providers/microsoft.keyvault/vaults/shop-prod"
)


@dataclass
class Recorded:
    """What is answered, by the name of a call: an action of AWS, or a path."""

    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    headers: dict[str, Mapping[str, str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    """What was sent with them."""
    ahead: timedelta = timedelta()
    """How far its clock is ahead."""
    url: str = ""
    trusted: str = ""
    """The file of who trusts it."""
    hang: threading.Event | None = None
    """Set it to let calls that hang go on."""
    hanging: frozenset[str] = frozenset()
    """Those that do; empty for all."""
    reached: threading.Event = field(default_factory=threading.Event)
    """Set once one of them hangs."""

    def allow(self, call: str, body: str, status: int = 200, **headers: str) -> None:
        self.answers[call] = status, body
        self.headers[call] = {name.replace("_", "-"): text for name, text in headers.items()}


@contextmanager
def recorded(folder: Path) -> Iterator[Recorded]:
    """Run one."""
    what = Recorded()
    trusted, served = certificates.make(folder)

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            call = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            call = call or parse_qs(body).get("Action", [""])[0] or urlsplit(self.path).path
            what.calls.append(call)
            what.bodies.append(body)
            if what.hang is not None and call in (what.hanging or {call}):
                what.reached.set()
                what.hang.wait(10 * PATIENCE)
            status, text = what.answers.get(call, (404, "{}"))
            self.send_response_only(status)
            self.send_header("Date", format_datetime(datetime.now(UTC) + what.ahead, usegmt=True))
            for name, each in what.headers.get(call, {}).items():
                self.send_header(name, each)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = _any  # noqa: N815 (http.server's names)

        def log_message(self, *_: object) -> None:
            """Write no log."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing of a client that does not trust it."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(served)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    what.url, what.trusted = f"https://127.0.0.1:{server.server_port}", str(trusted)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield what
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# Bodies -----------------------------------------------------------------------------------------------


def caller(arn: str = ASSUMED) -> str:
    return (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Arn>{arn}</Arn><UserId>AROAMADEUP:ann</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult>"
        "</GetCallerIdentityResponse>"
    )


def role() -> str:
    return (
        '<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role><Path>/teams/</Path>'
        f"<RoleName>developer</RoleName><RoleId>AROAMADEUP</RoleId><Arn>{ROLE}</Arn>"
        "<CreateDate>2026-01-01T00:00:00Z</CreateDate></Role></GetRoleResult></GetRoleResponse>"
    )


def simulated(**decisions: str) -> str:
    members = "".join(
        f"<member><EvalActionName>secretsmanager:{action}</EvalActionName><EvalDecision>{decision}</EvalDecision>"
        "</member>"
        for action, decision in decisions.items()
    )
    return (
        '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        f"<SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>{members}"
        "</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
    )


def xml_error(code: str, text: str = "made up") -> str:
    return (
        "<ErrorResponse><Error><Type>Sender</Type>"
        f"<Code>{code}</Code><Message>{text}</Message></Error><RequestId>made-up</RequestId></ErrorResponse>"
    )


def json_error(code: str, text: str = "made up") -> str:
    return json.dumps({"__type": code, "message": text})


def token(**claims: str) -> str:
    """A token as Entra writes one, unsigned."""
    parts = ({"alg": "none"}, {"tid": TENANT, "oid": OBJECT, **claims})
    spelled = [
        base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts
    ]
    return ".".join([*spelled, "made-up-signature"])


def vault_error(code: str, inner: str = "") -> str:
    return json.dumps(
        {"error": {"code": code, "message": "made up", "innererror": {"code": inner}}}
    )
