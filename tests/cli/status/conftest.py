"""The command run in this process, by itself in a folder without a project."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra_secrets import clouds
from infra_secrets.cli import main
from infra_secrets.component.settings import CLOUD_VARIABLE, ENVIRONMENT_VARIABLE
from tests.cli.test_rehearse import Said

Status = Callable[..., Said]
"""Runs `infra-secrets status`."""


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start in no project, with nothing that says where to look."""
    (tmp_path / "somewhere").mkdir()
    monkeypatch.chdir(tmp_path / "somewhere")
    places = (clouds.values_of(clouds.load(each)).PLACE for each in clouds.available())
    variables = [str(each) for place in places for part in place.values() for each in part]
    for name in (
        *variables,
        str(CLOUD_VARIABLE),
        str(ENVIRONMENT_VARIABLE),
        "COLUMNS",
        "FORCE_COLOR",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def status(capsys: pytest.CaptureFixture[str]) -> Iterator[Status]:
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["status", *arguments])
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    yield run
    signal.signal(signal.SIGTERM, before)
