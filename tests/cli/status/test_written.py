"""Where it is written to: files, links, pipes, a full disk, nobody who reads; and how much of it with `--quiet`."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from infra_secrets.cli.status.texts import printable
from infra_secrets.errors import DeniedError
from tests.cli.projects import RecordedProject, secret
from tests.cli.status.conftest import Status
from tests.cli.status.test_command import DATABASE, HERE, STRIPE
from tests.conftest import PATIENCE, ROOT
from tests.values import Values, connected


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch) -> Values:
    values = Values()
    values.add(STRIPE)
    values.add(DATABASE, "made-up")
    connected(monkeypatch, values)
    return values


# A page


@pytest.mark.parametrize("other", [("--markdown",), ("--check", "SECRETS.md")])
@pytest.mark.usefixtures("values")
def test_a_page_of_the_inventory_is_refused_and_not_left_out(
    status: Status, tmp_path: Path, other: tuple[str, ...]
) -> None:
    file = tmp_path / "secrets.html"

    said = status(*HERE, *other, "--html", str(file))

    assert (said.code, said.out) == (2, "")
    assert "--html is a page of the report" in said.err
    assert not file.exists()


@pytest.mark.usefixtures("values")
def test_a_link_stays_a_link(status: Status, tmp_path: Path) -> None:
    link, file = tmp_path / "secrets.html", tmp_path / "public" / "index.html"
    file.parent.mkdir()
    link.symlink_to(file)

    for _ in range(2):  # to nothing yet, and to a page
        assert status(*HERE, "--html", str(link)).code == 1
        assert link.readlink() == file
        assert file.read_text(encoding="utf-8").endswith("</html>\n")


@pytest.mark.usefixtures("values")
def test_a_named_pipe_is_written_into_and_stays_one(status: Status, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()

    said = status(*HERE, "--html", str(pipe))
    reader.join()

    assert said.code == 1
    assert read[0].endswith("</html>\n")
    assert pipe.is_fifo()


@pytest.mark.usefixtures("values")
def test_a_full_device_is_2_and_is_said_and_a_folder_too(status: Status, tmp_path: Path) -> None:
    assert "No space left on device" in status(*HERE, "--html", "/dev/full").err
    assert "is a folder. Name a file in it." in status(*HERE, "--html", str(tmp_path)).err
    assert "cannot be read (IsADirectoryError)" in status(*HERE, "--check", str(tmp_path)).err


def test_somebody_who_reads_no_further_changes_no_exit_code() -> None:
    program = (
        "from infra_secrets.cli.status import work; work._print('x' * 10**6); raise SystemExit(1)"
    )
    done = subprocess.run(
        [
            "/bin/bash",
            "-c",
            f'"$0" -c "{program}" | head -c 1; exit ${{PIPESTATUS[0]}}',
            sys.executable,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=PATIENCE,
    )

    assert (done.returncode, done.stdout, done.stderr) == (1, "x", "")


# Quiet


def test_quiet_prints_only_what_needs_a_person(values: Values, status: Status) -> None:
    said = status(*HERE, "--quiet")

    assert said.code == 1
    assert STRIPE in said.out
    assert DATABASE not in said.out
    values.put(STRIPE, "made-up")
    assert status(*HERE, "--quiet") == status(*HERE, "-q")
    assert (status(*HERE, "--quiet").code, status(*HERE, "--quiet").out) == (0, "")


def test_quiet_says_what_could_not_be_looked_at(values: Values, status: Status) -> None:
    values.failing["listing"] = DeniedError("This login may not list.", "Ask for it.")

    said = status(*HERE, "--quiet")

    assert said.code == 2
    assert "This login may not list. Ask for it." in said.out


def test_quiet_says_nothing_of_an_inventory_that_is_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: Status
) -> None:
    RecordedProject(tmp_path, monkeypatch, {"production": [secret(STRIPE)]})
    file = tmp_path / "SECRETS.md"
    file.write_text("\ufeff" + status("--markdown", "--stack", "production").out.rstrip())
    arguments = ("--stack", "production", "--check", str(file), "--quiet")

    assert (status(*arguments).code, status(*arguments).out) == (0, "")


# Texts


@pytest.mark.parametrize(
    "text", ["a\u00a0b", "\u3000", "\U0001f468\u200d\U0001f4bb", "\u0645\u06cc\u200c\u062e"]
)
def test_spaces_of_every_kind_and_what_joins_letters_are_shown_as_they_are(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize("sign", ["\x1b", "\u202e", "\u2028", "\u200b", "\n", "\ufeff", "\u2066"])
def test_what_would_steer_a_terminal_is_replaced(sign: str) -> None:
    assert printable(f"a{sign}b") == "a\N{REPLACEMENT CHARACTER}b"
