"""The script as somebody runs it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [sys.executable, Path(__file__).with_name("report.py")],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_it_runs_with_variables_and_shows_no_value(tmp_path: Path) -> None:
    done = run(tmp_path, API_TOKEN="made-up-token", CUSTOMERS='["initech"]')  # noqa: S106

    assert (done.stdout, done.stderr) == ("1 reports, with **********\n", "")


def test_it_runs_with_mounted_files(tmp_path: Path) -> None:
    (tmp_path / "api-token").write_text("made-up-token")
    done = run(tmp_path, INFRA_SECRETS_DIRECTORY=str(tmp_path))

    assert (done.stdout, done.stderr) == ("0 reports, with **********\n", "")


def test_what_it_lacks_is_one_message(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("API_TOKEN=made-up-token\n")
    done = run(tmp_path)

    assert done.returncode == 1
    assert done.stderr.startswith(
        "Reports could not be loaded: 1 of 2 settings is missing or wrong."
    )
    assert f"There is a file .env in {tmp_path}." in done.stderr
    assert "api_token: the variable API_TOKEN is not set" in done.stderr
    assert "Traceback" not in done.stderr
    assert "made-up" not in done.stderr
