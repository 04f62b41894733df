"""Whose fault it is that nothing answers: `infra_secrets/cli/doctor/outage.py`."""

import socket

import pytest

from infra_secrets import clouds
from infra_secrets.cli.doctor import outage
from infra_secrets.cli.doctor.findings import Finding, State
from infra_secrets.cli.doctor.outage import explained


def finding(
    subject: str,
    *,
    check: str = "cloud-login",
    state: State = "unknown",
    answered: bool | None = False,
) -> Finding:
    return Finding(
        check=check,
        subject=subject,
        state=state,
        found="It is.",
        outage=state == "unknown",
        answered=answered,
    )


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


MACHINE = finding("machine", check="machine-network", state="fine", answered=None)
PROXY = finding("machine", check="machine-proxy", state="fix", answered=None)
AWS, PULUMI = finding("aws"), finding("pulumi", check="pulumi-login")


@pytest.mark.parametrize(
    ("findings", "resolves", "here"),
    [
        ([MACHINE, AWS], True, None),
        ([MACHINE, AWS], False, "this machine finds no address of any name"),
        ([MACHINE, AWS, PULUMI], True, "nothing in common but this machine's network"),
        ([PROXY, AWS], True, "the proxy does not"),
        ([MACHINE, AWS, finding("gcp", state="fine", answered=True)], False, None),
        ([MACHINE, AWS, finding("gcp", answered=True)], False, None),
        ([MACHINE, finding("gcp", state="fix", answered=None)], False, None),
        ([MACHINE], False, None),
        ([], False, None),
    ],
    ids=[
        *("one service is silent", "and no name resolves", "two are", "behind a broken proxy"),
        *("another answers", "another is out of order", "nobody is logged in", "nothing asked"),
        "nothing at all",
    ],
)
def test_what_is_silent_alone_is_an_outage_and_what_is_silent_together_is_here(
    findings: list[Finding], resolves: bool, here: str | None
) -> None:
    found = explained(findings, lambda: resolves)

    if here is None:
        assert found == findings
    else:
        assert here in found[-1].found
        assert (found[-1].check, found[-1].state) == ("machine-network", "fix")
        assert not any(each.outage for each in found)
        assert [each.state for each in found[:-1]] == [each.state for each in findings]


def test_behind_a_proxy_names_are_not_this_machine_s_to_find(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")

    assert explained([AWS], lambda: False) == [AWS]


def test_one_name_that_is_found_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {clouds.login_of(clouds.load("aws")).HOST}

    def look(name: str, _port: int) -> list[object]:
        if name not in known:
            raise socket.gaierror(socket.EAI_NONAME, "made up")
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look)
    assert outage.resolves()
    known.clear()
    assert not outage.resolves()
