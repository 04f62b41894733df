"""Checks side by side: `infra_secrets/cli/doctor/running.py`, and what follows from findings."""

import threading
from collections.abc import Iterator

import pytest

from infra_secrets.cli.doctor.findings import Finding, State, exit_code, trouble
from infra_secrets.cli.doctor.running import Check, Started
from infra_secrets.errors import (
    AccessError,
    DeniedError,
    MissingExtraError,
    NotLoggedInError,
    UnreachableError,
)
from tests.conftest import PATIENCE

CANARY = "made-up-canary-7f3a"


def finding(state: State = "fine", found: str = "It is.") -> Finding:
    return Finding(check="made-up", subject="machine", state=state, found=found)


def check(name: str, *findings: Finding) -> Check:
    return Check(name=name, subject=name, look=lambda: findings)


def test_findings_come_in_the_order_of_the_checks_whichever_ends_first() -> None:
    second_ended = threading.Event()

    def slow() -> Iterator[Finding]:
        assert second_ended.wait(PATIENCE)
        yield finding(found="slow")

    def fast() -> Iterator[Finding]:
        yield finding(found="fast")
        second_ended.set()

    checks = [Check(name=each.__name__, subject="machine", look=each) for each in (slow, fast)]
    assert [each.found for each in Started(checks, PATIENCE).findings()] == ["slow", "fast"]


def test_a_check_that_hangs_is_reported_with_what_it_had_found() -> None:
    released = threading.Event()

    def hanging() -> Iterator[Finding]:
        yield finding(found="before")
        released.wait(PATIENCE)

    hangs = Check(name="hanging", subject="aws", look=hanging)
    started = Started([hangs, check("other", finding())], 0.5)
    found = [*started.findings()]
    assert started.busy
    released.set()

    assert [(each.found, each.state) for each in found] == [
        ("before", "fine"),
        ("No answer within 0.5 seconds.", "unknown"),
        ("It is.", "fine"),
    ]
    assert "--timeout 120" in found[1].fix
    assert exit_code(found) == 2


def test_checks_that_have_ended_are_not_busy() -> None:
    started = Started([check("one", finding()), check("other", finding())], 60)

    assert len([*started.findings()]) == 2
    assert not started.busy


def test_a_check_that_breaks_hides_no_other_and_its_text_is_not_repeated() -> None:
    def broken() -> Iterator[Finding]:
        yield finding(found="before")
        raise RuntimeError(CANARY)

    broke = Check(name="broken", subject="aws", look=broken)
    found = [*Started([broke, check("other", finding())], 60).findings()]

    assert [each.found for each in found] == [
        "before",
        "The check itself failed (RuntimeError).",
        "It is.",
    ]
    assert CANARY not in str(found)


def test_an_error_of_the_package_is_what_could_not_be_looked_at() -> None:
    def refused() -> Iterator[Finding]:
        yield from ()
        raise DeniedError("It may not.", "Allow it.")

    [found] = Started([Check(name="refused", subject="aws", look=refused)], 60).findings()
    assert (found.state, found.found) == ("unknown", "It may not. Allow it.")


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ((), 0),
        (("fine", "note"), 0),
        (("fine", "unknown"), 2),
        (("unknown", "fix"), 1),
        (("fix",), 1),
    ],
)
def test_the_exit_code_is_1_with_something_to_fix_else_2_with_what_could_not_be_looked_at(
    states: tuple[State, ...], code: int
) -> None:
    assert exit_code(map(finding, states)) == code


@pytest.mark.parametrize(
    ("error", "state", "outage"),
    [
        (UnreachableError("It does not answer. This is no denial.", "Wait."), "unknown", True),
        (
            UnreachableError("It shows a certificate that is not trusted.", "Trust it."),
            "fix",
            False,
        ),
        (UnreachableError("sts does not answer (SSLError).", "Look."), "fix", False),
        (UnreachableError("It does not let this machine's network in.", "VPN."), "fix", False),
        (NotLoggedInError("Nobody.", "Run: aws sso login"), "fix", False),
        (AccessError("Odd.", "Look."), "fix", False),
    ],
)
def test_an_outage_is_told_from_what_is_wrong_here(
    error: AccessError, state: State, outage: bool
) -> None:
    found = trouble("cloud-login", "aws", error)

    assert (found.state, found.outage) == (state, outage)
    assert (found.found, found.fix) == (error.found, error.way_out)


def test_a_missing_client_library_is_one_line_with_the_command() -> None:
    found = trouble(
        "cloud-login", "aws", MissingExtraError("The AWS client (boto3)", "runtime-aws")
    )

    assert found.found == "The AWS client (boto3) is not installed."
    assert found.fix == "Run: pip install 'infra-secrets[runtime-aws]'"
