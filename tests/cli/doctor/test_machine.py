"""This machine and the calendar: `infra_secrets/cli/doctor/machine.py` and `deadlines.py`."""

import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from infra_secrets.cli.doctor import deadlines, machine
from infra_secrets.cli.doctor.findings import Finding
from infra_secrets.clouds import Deadline

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def proxy() -> Iterator[str]:
    """The address of something that listens, as host and port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_without_settings_there_is_nothing_wrong() -> None:
    assert [each.state for each in machine.look()] == ["fine"]


def test_a_proxy_that_answers_is_named_without_its_login(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://ann:made-up-password@{proxy}")
    monkeypatch.setenv("NO_PROXY", "169.254.169.254")

    note, fine = machine.look()

    assert (note.state, fine.state) == ("note", "fine")
    assert note.found == f"Everything but 169.254.169.254 goes through the proxy {proxy}."


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "127.0.0.1:1", "http://[", "://"])
def test_a_proxy_that_does_not_answer_or_is_none_is_to_be_fixed(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)

    [found] = machine.look()

    assert found.state == "fix"


def test_a_file_of_certificates_that_is_not_there_is_to_be_fixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path))

    [found] = machine.look()

    assert (found.state, found.check) == ("fix", "machine-certificates")
    assert found.fix.endswith("unset REQUESTS_CA_BUNDLE")


@pytest.mark.parametrize(
    ("apart", "words"),
    [
        (timedelta(minutes=3), None),
        (timedelta(minutes=-3), None),
        (timedelta(minutes=10), "10 minutes ahead of"),
        (timedelta(hours=-2), "120 minutes behind"),
    ],
)
def test_a_clock_is_compared_with_the_cloud_s(apart: timedelta, words: str | None) -> None:
    found = machine.clock("aws", NOON, NOON + apart)

    assert (found is None) is (words is None)
    if found is not None and words is not None:
        assert words in found.found
        assert (found.state, "timedatectl" in found.fix) == ("fix", True)


def deadline(*, affected: bool = True) -> Deadline:
    return Deadline(
        day=date(2027, 2, 27),
        what="Its fixes",
        source="https://example.com/end",
        way_out="Update.",
        affected=lambda config: f"Here it is {config.get('key', 'used')}." if affected else None,
    )


def judged(day: date, **given: bool) -> list[Finding]:
    return [*deadlines.look("azure", [deadline(**given)], {"key": "in use"}, day)]


@pytest.mark.parametrize(
    ("day", "state", "words"),
    [
        (date(2026, 1, 1), "fine", "Its fixes end on 2027-02-27, in 422 days"),
        (date(2026, 11, 25), "note", "in 94 days"),
        (date(2027, 1, 28), "fix", "in 30 days"),
        (date(2027, 2, 26), "fix", "in 1 day ("),
        (date(2027, 2, 27), "fix", "end on 2027-02-27, today"),
        (date(2027, 2, 28), "fix", "Its fixes ended on 2027-02-27"),
    ],
)
def test_a_deadline_weighs_more_the_nearer_it_is(day: date, state: str, words: str) -> None:
    [found] = judged(day)

    assert found.state == state
    assert found.found.startswith("Here it is in use. Its fixes ")
    assert words in found.found
    assert "https://example.com/end" in found.found
    assert bool(found.fix) is (state != "fine")


def test_what_nothing_here_depends_on_is_not_mentioned() -> None:
    assert judged(date(2030, 1, 1), affected=False) == []


def test_each_python_that_the_package_runs_on_has_its_day_and_a_newer_one_has_none() -> None:
    days = [machine.python_deadline((3, minor)) for minor in (11, 12, 13, 14)]

    assert [each.day.year for each in days if each] == [2027, 2028, 2029, 2030]
    assert machine.python_deadline((3, 99)) is None
