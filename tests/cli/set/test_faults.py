"""The table of faults in docs/operator.md, on each cloud's own client and a server of it."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_secrets import clouds
from infra_secrets.clouds.azure import connection as azure
from infra_secrets.clouds.gcp import connection as gcp
from infra_secrets.clouds.values import Value
from infra_secrets.errors import ChangedMeanwhileError
from infra_secrets.rules.naming import SecretName
from tests import servers
from tests.cli.set.conftest import CANARY, REFERENCE, Set
from tests.conftest import ROOT
from tests.servers import Fault, Server

OLD = b"made-up-old-value"
NAME = SecretName.from_reference(REFERENCE)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients do not wait long here for a server that fails on purpose."""
    monkeypatch.setattr(gcp, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(azure, "LONGEST_BACKOFF", 0.0)


@pytest.fixture(scope="module", params=servers.available())
def running(request: pytest.FixtureRequest) -> Iterator[tuple[str, Server]]:
    with servers.serving(request.param) as server:
        yield request.param, server


@pytest.fixture
def cloud(running: tuple[str, Server]) -> str:
    return running[0]


@pytest.fixture
def server(running: tuple[str, Server], monkeypatch: pytest.MonkeyPatch) -> Server:
    server = running[1]
    server.reset()
    patience = {"AWS_MAX_ATTEMPTS": "2"}
    servers.entered(monkeypatch, {**server.environment(), **patience})
    server.make(REFERENCE)
    server.put(REFERENCE, OLD)
    return server


@pytest.fixture
def where(cloud: str, server: Server) -> tuple[str, ...]:
    parts = [text for part, said in server.place.items() for text in (f"--{part}", said)]
    return ("--cloud", cloud, *parts)


@pytest.fixture
def writes(cloud: str, server: Server) -> list[str]:
    """The calls that a write is, beside those that look."""
    client = clouds.connect(clouds.load(cloud), server.place)
    described = client.describe(NAME)
    looks = {*server.calls}
    server.calls.clear()
    client.write(described, Value(data=OLD))
    client.close()
    found = [call for call in server.calls if call not in looks]
    server.calls.clear()
    return found


def test_a_value_is_set_and_compared_with_the_present_one(
    server: Server, run_set: Set, where: tuple[str, ...]
) -> None:
    said = run_set(REFERENCE, given=CANARY, where=where)
    assert said.code == 0, said.err
    assert server.present(REFERENCE) == CANARY.encode()
    assert re.search(r"when +20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", said.out)

    again = run_set(REFERENCE, given=CANARY, where=where)
    assert (again.code, "the present value" in again.err) == (2, True)


FAULTS: tuple[Fault, ...] = ("denied", "throttled", "expired", "down")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_the_write_leaves_the_old_value_and_is_said(
    server: Server, run_set: Set, where: tuple[str, ...], writes: list[str], fault: Fault
) -> None:
    # Of several calls, the last one makes it the present value.
    code = 1 if fault == "down" and len(writes) == 1 else 2
    server.fail(fault, *writes)

    said = run_set(REFERENCE, given=CANARY, where=where)

    assert (said.code, said.out) == (code, ""), said.err
    assert said.err.startswith("Error: ")
    assert ("may have been set" in said.err) == (code == 1)
    assert CANARY not in said.err
    assert server.present(REFERENCE) == OLD


@pytest.mark.parametrize("fault", [each for each in FAULTS if each != "denied"])
def test_a_fault_at_the_last_call_of_a_write_leaves_it_open_only_without_an_answer(
    server: Server, run_set: Set, where: tuple[str, ...], writes: list[str], fault: Fault
) -> None:
    server.fail(fault, writes[-1])

    said = run_set(REFERENCE, given=CANARY, where=where)

    assert said.code == (1 if fault == "down" else 2), said.err
    assert ("\nThe value may have been set" in said.err) == (fault == "down")
    assert server.present(REFERENCE) == OLD


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_the_first_look_asks_for_no_value(
    server: Server, run_set: Set, where: tuple[str, ...], fault: Fault
) -> None:
    server.fail(fault)

    said = run_set(REFERENCE, given=CANARY, where=where)

    assert (said.code, said.out) == (2, "")
    assert server.present(REFERENCE) == OLD


def test_who_is_not_logged_in_is_told_how_to(
    cloud: str,
    server: Server,
    run_set: Set,
    where: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    servers.entered(monkeypatch, server.nobody())

    said = run_set(REFERENCE, given=CANARY, where=where)

    assert said.code == 2
    assert clouds.values_of(clouds.load(cloud)).LOGIN.split()[0] in said.err


def test_an_empty_container_gets_its_first_value(
    server: Server, run_set: Set, where: tuple[str, ...]
) -> None:
    server.make("payments/production/first")

    assert run_set("payments/production/first", given=CANARY, where=where).code == 0
    assert server.present("payments/production/first") == CANARY.encode()


@pytest.mark.parametrize("over", [0, 1])
def test_the_largest_value_arrives_and_one_byte_more_is_refused(
    cloud: str, server: Server, run_set: Set, where: tuple[str, ...], over: int
) -> None:
    most = clouds.values_of(clouds.load(cloud)).MAX_BYTES
    data = b"x" * (most + over)

    said = run_set(REFERENCE, given=data + b"\n", where=where)

    assert said.code == (2 if over else 0), said.err
    assert server.present(REFERENCE) == (OLD if over else data)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_every_text_arrives_byte_for_byte_but_for_one_line_break(
    server: Server, run_set: Set, where: tuple[str, ...], text: str
) -> None:
    said = run_set(REFERENCE, "--force", given=text, where=where)

    arrives = text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")
    assert said.code == (0 if arrives else 2), said.err
    if arrives:
        assert server.present(REFERENCE) == arrives.encode()


@pytest.mark.parametrize("data", [b"\xff\xfe\x00made-up", bytes(range(256)), b"x\n"])
def test_bytes_arrive_or_are_refused(
    server: Server, run_set: Set, where: tuple[str, ...], data: bytes
) -> None:
    said = run_set(REFERENCE, "--binary", given=data, where=where)

    if said.code:
        assert (said.code, server.present(REFERENCE)) == (2, OLD)
        assert not server.has_binary
    else:
        assert server.present(REFERENCE) == data


def test_the_table_has_every_fault_of_the_list() -> None:
    page = (ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
    table = page.partition("## When something fails")[2].partition("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line[:2] == "| "]

    assert rows[1:] == [
        "time-out, no network, the cloud is out of order",
        "throttling",
        "the login expires half-way",
        "no login",
        "no permission",
        "wrong region, project or vault",
        "two writers at once",
        "Ctrl-C, SIGTERM",
        "`kill -9`, a crash, a power cut",
        "the pipe that brings the value breaks off",
        "standard output is a broken pipe or a full disk",
        "no terminal",
        "a full disk, no home folder",
        "this machine's clock is wrong",
    ]


def test_the_command_that_a_cloud_s_message_prints_sets_the_value_from_anywhere(
    cloud: str, server: Server, run_set: Set
) -> None:
    server.make("payments/production/first")
    client = clouds.connect(clouds.load(cloud), server.place)
    name = SecretName.from_reference("payments/production/first")
    failure = client.read([name])[name]
    described = client.describe(name)
    server.put("payments/production/first", OLD)
    with pytest.raises(ChangedMeanwhileError) as changed:
        client.write(described, Value(data=b"made-up"))
    client.close()

    for said in (str(failure), str(changed.value)):
        [words] = re.findall(r"infra-secrets set (\S+(?: --\S+ \S+)*)", said)
        done = run_set(*words.split(), given=f"made-up-{len(said)}", where=())
        assert done.code == 0, done.err
        assert server.present("payments/production/first") == f"made-up-{len(said)}".encode()
