"""`status` against each cloud's server: states, calls, no value read, what is refused, and that its advice works.

The command is run in this process, and by a process of its own where that is what is tested.
"""

import io
import os
import re
import shlex
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from infra_secrets import clouds
from infra_secrets.cli import main
from infra_secrets.cli.set import memory
from tests import servers
from tests.cli.projects import RecordedProject, secret
from tests.cli.status.conftest import Status
from tests.cli.status.test_command import references
from tests.cli.status.test_document import VALIDATOR
from tests.cli.test_rehearse import COMMAND
from tests.conftest import PATIENCE, VAULT
from tests.servers import Server

CANARY = "made-up-canary-9d2b"
STRIPE = "shop/production/stripe-api-key"
MANY = 1000
CALLS = {"aws": (10, 0), "azure": (41, 0), "gcp": (1, MANY)}
"""Calls that list 1,000 containers, and further ones. Azure's is one more for those that are deleted."""


@pytest.fixture
def cloud(running: tuple[str, Server]) -> str:
    return running[0]


@pytest.fixture
def here(cloud: str, server: Server) -> list[str]:
    """The options that say where to look."""
    parts = clouds.values_of(clouds.load(cloud)).PLACE
    place = [word for part in parts for word in (f"--{part}", server.place[part])]
    return ["--cloud", cloud, *place, "--service", "shop", "--environment", "production"]


def test_each_state_is_told_and_no_value_is_read(
    server: Server, here: list[str], status: Status, tmp_path: Path
) -> None:
    server.make("shop/production/unset", owner="payments@example.com", max_age_days="90")
    server.make(STRIPE, owner="payments@example.com", max_age_days="90")
    server.put(STRIPE, CANARY.encode())
    server.make("shop/production/going")
    server.put("shop/production/going", CANARY.encode())
    server.delete("shop/production/going")
    server.make("shop/staging/other")
    expected = {"unset": "unset", "stripe-api-key": "set"}
    if clouds.values_of(clouds.load(here[1])).restoring("going", server.place):
        expected["going"] = "scheduled"
    if server.has_disabled:
        server.make("shop/production/off")
        server.put("shop/production/off", CANARY.encode())
        server.disable("shop/production/off")
        expected["off"] = "disabled"
    server.calls.clear()

    said = status(*here, "--json", "--html", str(tmp_path / "page.html"))

    VALIDATOR.validate(said.report)
    found = {each["reference"].rpartition("/")[2]: each for each in said.report["containers"]}
    assert {key: each["state"] for key, each in found.items()} == expected
    assert (found["stripe-api-key"]["owner"], found["stripe-api-key"]["max_age_days"]) == (
        *("payments@example.com", 90),
    )
    assert found["stripe-api-key"]["age_days"] == 0
    assert said.code == 1
    assert server.calls
    assert not server.reads & set(server.calls)
    assert CANARY not in said.out + said.err + (tmp_path / "page.html").read_text(encoding="utf-8")


def test_the_command_that_is_printed_for_an_unset_one_sets_it(
    server: Server,
    here: list[str],
    status: Status,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    server.make(STRIPE)
    [advice] = re.findall(r"(?m)^  (infra-secrets set .*)$", status(*here).out)
    monkeypatch.setattr(memory, "guard", lambda: None)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CANARY.encode())))
    before = signal.getsignal(signal.SIGTERM)

    with pytest.raises(SystemExit) as ended:
        main(shlex.split(advice)[1:])

    signal.signal(signal.SIGTERM, before)
    assert ended.value.code == 0
    assert server.present(STRIPE) == CANARY.encode()
    assert references(status(*here).out) == [("set", STRIPE)]


def test_an_orphan_is_told_with_what_adopts_it(
    server: Server,
    here: list[str],
    status: Status,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud = here[1]
    declared = secret("shop/production/declared", id_=None, cloud=cloud)
    RecordedProject(tmp_path, monkeypatch, {"production": [declared]})
    server.make(STRIPE, stack="organization/shop/production")
    server.put(STRIPE, CANARY.encode())

    said = status("--stack", "production", *here[:4])

    assert references(said.out) == [("missing", "shop/production/declared"), ("orphan", STRIPE)]
    [adopted] = re.findall(r'(?m)^  adopt="(.*)"$', said.out)
    id_ = adopted.replace("<azure_vault_id>", VAULT)
    name = clouds.load(cloud).SPELLING.separator.join(STRIPE.split("/"))
    assert clouds.container(clouds.load(cloud)).place_of(id_)["name"] == name


def test_a_scheduled_one_is_told_with_the_clouds_own_command(
    cloud: str, server: Server, here: list[str], status: Status
) -> None:
    server.make(STRIPE)
    server.delete(STRIPE)

    said = status(*here)

    name = clouds.load(cloud).SPELLING.separator.join(STRIPE.split("/"))
    restore = clouds.values_of(clouds.load(cloud)).restoring(name, server.place)
    if restore:
        assert restore in said.out
        assert said.code == 1
    else:  # gone at once
        assert (said.code, said.out) == (2, "")
        assert "no container of what was named" in said.err


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("denied", "denied"), ("down", "unreachable"), ("expired", "not logged in")],
)
def test_what_the_cloud_refuses_is_2_and_says_what_to_do(
    server: Server, here: list[str], status: Status, fault: servers.Fault, kind: str
) -> None:
    server.make(STRIPE)
    server.fail(fault)

    said = status(*here)

    assert said.code == 2
    assert "Could not look everywhere:" in said.out
    assert f": {kind}. " in said.out
    assert "Traceback" not in said.err


def test_nobody_who_is_logged_in_is_told_the_command_that_logs_in(
    cloud: str, server: Server, here: list[str], status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers.entered(monkeypatch, server.nobody())

    said = status(*here)

    assert said.code == 2
    assert clouds.values_of(clouds.load(cloud)).LOGIN in said.out


def test_a_thousand_containers_cost_the_listing_and_at_most_one_call_each(
    cloud: str, server: Server, here: list[str], status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The quota is tested with a clock of its own; this would wait for it.
    monkeypatch.setattr(clouds.values_of(clouds.load(cloud)), "CALLS_A_MINUTE", None)
    for number in range(MANY):
        server.make(f"shop/production/key-{number:04}", owner="payments@example.com")
        if number % 2:
            server.put(f"shop/production/key-{number:04}", CANARY.encode())
    server.calls.clear()

    said = status(*here, "--json")

    assert Counter(each["state"] for each in said.report["containers"]) == {
        "set": MANY // 2,
        "unset": MANY // 2,
    }
    counted = Counter(server.calls)
    listing = sum(count for call, count in counted.items() if "list" in call.lower())
    assert (listing, sum(counted.values()) - listing) == CALLS[cloud]


def test_ctrl_c_ends_it_at_once_with_130(server: Server, here: list[str], tmp_path: Path) -> None:
    server.make(STRIPE)
    server.delay = 30.0
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            COMMAND,
            *("status", *here),
        ],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not server.calls and process.poll() is None:
        os.sched_yield()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    server.delay = 0.0

    assert (process.returncode, out) == (130, "")
    assert "Interrupted." in err
    assert "Traceback" not in err
