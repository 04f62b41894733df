"""A real kube-apiserver over a real etcd, for as long as a `with` lasts, and a client for it.

Both run on free loopback ports in a folder that is given, and are looked for on PATH, where `make test-cluster`
puts them. Deliberately absent: controllers, a scheduler and a kubelet. A Deployment is checked and stored here, no pod
ever runs, and deleting an object does not delete what hangs on it; so every test takes a namespace of its own.
"""

import base64
import contextlib
import http.client
import json
import platform
import re
import secrets
import shutil
import socket
import ssl
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

PATIENCE: Final = 60.0  # seconds; an idle machine needs about four
STEP: Final = 0.1  # seconds between two looks


class MissingError(Exception):
    """A program that the cluster needs is not on PATH."""


class StartError(Exception):
    """A process of the cluster ended, or was not ready in time. Holds the end of its log."""


class Refused(Exception):  # noqa: N818 (what it is: the server's answer, which tests ask for)
    """The server refused a request.

    Attributes:
        status: The HTTP status.
        message: What the server said.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class Client:
    """Speaks to the API server with its own certificate and the token of an administrator.

    Args:
        url: Where the server listens, without a path.
        token: A bearer token.
        certificate: File with the server's self-made certificate.

    Attributes:
        warnings: What the server warned of so far, e.g. a field that is deprecated or has no effect.
    """

    def __init__(self, url: str, token: str, certificate: Path) -> None:
        self.token = token
        self.warnings: list[str] = []
        # One connection for all requests: a new one takes longer than what the server does.
        self._connection = http.client.HTTPSConnection(
            urllib.parse.urlsplit(url).netloc,
            timeout=PATIENCE,
            context=ssl.create_default_context(cafile=str(certificate)),
        )
        self._resources: dict[tuple[str, str], str] = {}

    def request(
        self, method: str, path: str, body: object = None, kind: str = "application/json"
    ) -> Any:
        """Send a request and return the answer, parsed where it is JSON.

        Raises:
            Refused: The server answered with an error.
        """
        data = None if body is None else _encoded(body)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        try:
            self._connection.request(method, path, data, headers)
            answer = self._connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            self._connection.close()  # the next request opens it anew
            raise
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            with contextlib.suppress(ValueError):
                text = json.loads(text)["message"]
            raise Refused(answer.status, text)
        self.warnings += answer.headers.get_all("Warning", [])
        return json.loads(text) if answer.headers.get_content_subtype() == "json" else text

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def path(self, manifest: Mapping[str, Any]) -> str:
        """Return where objects of a manifest's kind and namespace live, by what the server says about the kind."""
        version, kind = manifest["apiVersion"], manifest["kind"]
        group = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if (version, kind) not in self._resources:
            for found in self.request("GET", group)["resources"]:
                if "/" not in found["name"]:
                    inside = "/namespaces/{}" if found["namespaced"] else ""
                    self._resources[version, found["kind"]] = f"{group}{inside}/{found['name']}"
        return self._resources[version, kind].format(manifest["metadata"].get("namespace"))

    def _object(self, manifest: Mapping[str, Any]) -> str:
        name = urllib.parse.quote(manifest["metadata"]["name"], safe="")
        return f"{self.path(manifest)}/{name}"

    def apply(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Apply a manifest from the server's side, as pulumi-kubernetes does, and return what was stored.

        A field that the server does not know is refused, not dropped.
        """
        answer: dict[str, Any] = self.request(
            "PATCH",
            f"{self._object(manifest)}?fieldManager=infra-secrets&force=true&fieldValidation=Strict",
            manifest,
            "application/apply-patch+yaml",
        )
        return answer

    def refusal(self, manifest: Mapping[str, Any]) -> str | None:
        """Return why the server would not create an object, or None. It is judged in full and not stored."""
        try:
            self.request(
                "POST", f"{self.path(manifest)}?dryRun=All&fieldValidation=Strict", manifest
            )
        except Refused as refused:
            return refused.message
        return None

    def read(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the server has under a manifest's kind, namespace and name."""
        found: dict[str, Any] = self.request("GET", self._object(manifest))
        return found

    def delete(self, manifest: Mapping[str, Any]) -> None:
        """Delete the object of a manifest, at once."""
        self.request(
            "DELETE", f"{self._object(manifest)}?gracePeriodSeconds=0&propagationPolicy=Background"
        )

    def exists(self, manifest: Mapping[str, Any]) -> bool:
        """Whether the server has an object under a manifest's kind, namespace and name."""
        try:
            self.read(manifest)
        except Refused as refused:
            if refused.status == 404:
                return False
            raise
        return True

    def define(self, definition: Mapping[str, Any]) -> None:
        """Apply a CustomResourceDefinition and wait until the server serves its kind.

        Raises:
            StartError: It does not.
        """
        self.apply(definition)
        spec = definition["spec"]
        place = f"/apis/{spec['group']}/v1/{spec['names']['plural']}"
        if not until(lambda: _answers(self, place)):
            raise StartError(f"the server does not serve {spec['names']['kind']}")

    def fresh_namespace(self) -> str:
        """Make a namespace of which nobody else knows and return its name."""
        name = f"test-{secrets.token_hex(8)}"
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        return name


@contextlib.contextmanager
def api_server(folder: Path) -> Iterator[Client]:
    """Start etcd and kube-apiserver, wait until they serve, and end both in any case.

    Args:
        folder: An empty folder for data, keys and logs.

    Raises:
        MissingError: One of the two is not on PATH.
        StartError: One of the two did not come up.
    """
    programs = {name: shutil.which(name) for name in ("etcd", "kube-apiserver")}
    missing = [name for name, found in programs.items() if found is None]
    if missing:
        raise MissingError(
            f"{' and '.join(missing)} not found on PATH: `make test-cluster` builds or fetches what is missing "
            "and puts it there."
        )
    clients, peers, port = _free_ports(3)
    token = secrets.token_urlsafe(32)
    (folder / "tokens.csv").write_text(f"{token},tester,tester,system:masters\n")
    (folder / "accounts.key").write_text(_signing_key())
    with contextlib.ExitStack() as running:
        etcd = running.enter_context(
            _process(
                folder / "etcd.log",
                [
                    str(programs["etcd"]),
                    f"--data-dir={folder / 'etcd'}",
                    f"--listen-client-urls=http://127.0.0.1:{clients}",
                    f"--advertise-client-urls=http://127.0.0.1:{clients}",
                    f"--listen-peer-urls=http://127.0.0.1:{peers}",
                    f"--initial-advertise-peer-urls=http://127.0.0.1:{peers}",
                    f"--initial-cluster=default=http://127.0.0.1:{peers}",
                    "--unsafe-no-fsync",
                ],
                # etcd 3.4 wants to be asked twice on 64-bit ARM
                {"ETCD_UNSUPPORTED_ARCH": "arm64"} if platform.machine() == "aarch64" else {},
            )
        )
        etcd.until(lambda: _says(f"http://127.0.0.1:{clients}/health", '"true"'))
        server = running.enter_context(
            _process(
                folder / "kube-apiserver.log",
                [
                    str(programs["kube-apiserver"]),
                    f"--etcd-servers=http://127.0.0.1:{clients}",
                    "--bind-address=127.0.0.1",
                    f"--secure-port={port}",
                    f"--cert-dir={folder / 'certificates'}",
                    "--service-account-issuer=https://kubernetes.default.svc",
                    f"--service-account-key-file={folder / 'accounts.key'}",
                    f"--service-account-signing-key-file={folder / 'accounts.key'}",
                    f"--token-auth-file={folder / 'tokens.csv'}",
                    "--authorization-mode=AlwaysAllow",
                    "--disable-admission-plugins=ServiceAccount",
                    "--endpoint-reconciler-type=none",
                ],
            )
        )
        certificate = folder / "certificates" / "apiserver.crt"
        server.until(certificate.with_suffix(".key").exists)  # it is written after the certificate
        client = Client(f"https://127.0.0.1:{port}", token, certificate)
        running.callback(client.close)
        server.until(lambda: _answers(client, "/readyz"))
        server.until(lambda: _answers(client, "/api/v1/namespaces/default"))
        yield client


class _Process:
    """A process that was started here, and what it logs."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.log = log

    def until(self, ready: Callable[[], bool]) -> None:
        """Wait until something holds, as long as the process lives."""
        if not until(ready, self._pause):
            raise self._error("is not ready")

    def _pause(self, seconds: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self.process.wait(seconds)
            raise self._error(f"ended with {code}")

    def _error(self, what: str) -> StartError:
        end = self.log.read_text(errors="replace")[-2000:]
        return StartError(f"{self.log.stem} {what}. The end of its log:\n{end}")


def until(ready: Callable[[], bool], pause: Callable[[float], None] = time.sleep) -> bool:
    """Look again and again whether something holds; False when patience ends."""
    for _ in range(int(PATIENCE / STEP)):
        if ready():
            return True
        pause(STEP)
    return False


@contextlib.contextmanager
def _process(
    log: Path, command: list[str], environment: Mapping[str, str] | None = None
) -> Iterator[_Process]:
    """Run a process that ends with the `with`, and also when this process is killed meanwhile."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={"PATH": "/usr/bin:/bin", **(environment or {})},
            cwd=log.parent,
            start_new_session=True,  # Ctrl-C is for pytest, which then ends it in order
        )
    # Its standard input ends when this process does, however that comes to pass.
    watch = subprocess.Popen(
        ["/bin/sh", "-c", 'cat; kill -9 "$1"', "sh", str(process.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield _Process(process, log)
    finally:
        watch.kill()
        watch.communicate(timeout=PATIENCE)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(PATIENCE)


def _encoded(body: object) -> bytes:
    """Write JSON that is YAML as well, as which the server reads what is applied.

    YAML knows no pairs of surrogates, and unescaped it refuses or changes some control characters.
    """
    text = json.dumps(body, ensure_ascii=False)
    return re.sub("[\x7f-\uffff]", lambda found: f"\\u{ord(found[0]):04x}", text).encode()


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _signing_key() -> str:
    """Make a key for service account tokens: P-256 in the form of RFC 5915, without the public part."""
    der = bytes.fromhex("30310201010420") + secrets.token_bytes(32)
    der += bytes.fromhex("a00a06082a8648ce3d030107")
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN EC PRIVATE KEY-----\n{text}-----END EC PRIVATE KEY-----\n"


def _says(url: str, expected: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 (to this machine)
            return expected in answer.read().decode()
    except OSError:
        return False


def _answers(client: Client, path: str) -> bool:
    try:
        client.request("GET", path)
    except (Refused, OSError, http.client.HTTPException):
        return False
    return True
