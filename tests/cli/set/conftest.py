"""A cloud of plain data, and the command run in this process."""

import io
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra_secrets.cli import main
from infra_secrets.cli.set import memory
from tests.cli.test_rehearse import Said
from tests.servers import Server
from tests.values import Values, connected

REFERENCE = "payments/production/stripe-api-key"
DOCUMENT = "payments/production"
FIELDS = ("STRIPE_API_KEY", "DATABASE_URL")
HERE = ("--cloud", "aws")
CANARY = "made-up-canary-5c1e"

Set = Callable[..., Said]
"""Runs `infra-secrets set` with what standard input has; by default on AWS."""


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch) -> Values:
    """An AWS with two empty containers."""
    values = Values()
    values.add(REFERENCE)
    values.add(DOCUMENT, fields=FIELDS)
    connected(monkeypatch, values)
    return values


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give each test a home of its own, no project, and this process its memory."""
    (tmp_path / "somewhere").mkdir()
    monkeypatch.chdir(tmp_path / "somewhere")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("INFRA_SECRETS_CLOUD", "INFRA_SECRETS_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(memory, "guard", lambda: None)


@pytest.fixture
def run_set(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Set]:
    """Run the command against whatever cloud there is."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments: str, given: bytes | str | None = "", where: tuple[str, ...] = HERE) -> Said:
        data = given.encode() if isinstance(given, str) else given
        stdin = None if data is None else io.TextIOWrapper(io.BytesIO(data))
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(SystemExit) as ended:
            main(["set", *arguments, *where])
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def set_(values: Values, run_set: Set) -> Set:  # noqa: ARG001 (what the command finds)
    """Run the command on the AWS of plain data."""
    return run_set


@pytest.fixture
def cloud(running: tuple[str, Server]) -> str:
    """The cloud whose server runs."""
    return running[0]


@pytest.fixture
def where(cloud: str, server: Server) -> tuple[str, ...]:
    """The options that say where the server's containers are."""
    parts = [text for part, said in server.place.items() for text in (f"--{part}", said)]
    return ("--cloud", cloud, *parts)
