"""A service's surroundings: no variable, no file, and a cloud of plain data that it can be told of."""

import os
import signal
import subprocess
import time
import venv
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from infra_secrets import clouds
from tests.conftest import PATIENCE, ROOT
from tests.test_extras import INSTALLED
from tests.values import Values, connected

PYDANTIC = (
    *("annotated_types", "pydantic", "pydantic_core", "pydantic_settings", "dotenv"),
    *("typing_extensions", "typing_inspection"),
)
KNOWN = ("CLOUD", "ENVIRONMENT", "DIRECTORY")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Be in an empty folder, with nothing set."""
    for name in KNOWN:
        monkeypatch.delenv(f"INFRA_SECRETS_{name}", raising=False)
    for name in ("STRIPE_API_KEY", "DATABASE_URL", "NER_LABELS", "TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Values:
    """A cloud that the environment names."""
    place = Values()
    connected(monkeypatch, place)
    monkeypatch.setattr(clouds, "values_of", lambda _: SimpleNamespace(PLACE={"region": ()}))
    monkeypatch.setenv("INFRA_SECRETS_CLOUD", place.cloud)
    monkeypatch.setenv("INFRA_SECRETS_ENVIRONMENT", "production")
    return place


Run = Callable[..., str]


def ended(child: int) -> None:
    """Wait until a forked process has ended well, and not for ever."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise AssertionError("the child never ended")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a program in an environment that has only some of our installed packages."""
    venv.create(tmp_path / "env", symlinks=True)
    [site] = (tmp_path / "env").glob("lib/python*/site-packages")
    (site / "infra_secrets.pth").write_text(f"{ROOT}\n")

    def run(program: str, packages: tuple[str, ...] = PYDANTIC, **variables: str) -> str:
        for path in INSTALLED.iterdir():
            if path.name in (*packages, *(f"{each}.py" for each in packages)):
                (site / path.name).symlink_to(path)
        done = subprocess.run(
            [tmp_path / "env" / "bin" / "python", "-c", program],
            cwd=tmp_path,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        return done.stdout + done.stderr

    return run
