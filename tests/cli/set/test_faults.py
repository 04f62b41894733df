"""The table of faults in docs/operator.md, on each cloud's own client and a server of it."""

import re
import threading

import pytest

from infra_secrets import clouds
from infra_secrets.clouds.aws import values as aws
from infra_secrets.clouds.azure import connection as azure
from infra_secrets.clouds.gcp import connection as gcp
from infra_secrets.clouds.values import Value
from infra_secrets.errors import ChangedMeanwhileError
from infra_secrets.rules.naming import SecretName
from tests import servers
from tests.cli.set.conftest import CANARY, REFERENCE, Set
from tests.conftest import PATIENCE
from tests.servers import Fault, Server

OLD = b"made-up-old-value"
NAME = SecretName.from_reference(REFERENCE)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients do not wait long here for a server that fails on purpose."""
    monkeypatch.setattr(gcp, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(azure, "LONGEST_BACKOFF", 0.0)


@pytest.fixture
def server(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    server.make(REFERENCE)
    server.put(REFERENCE, OLD)
    return server


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


def test_of_two_who_set_it_at_once_the_second_is_told_and_no_value_is_lost(
    cloud: str, server: Server, run_set: Set, where: tuple[str, ...], writes: list[str]
) -> None:
    theirs: list[str] = []
    server.once(writes[-1], lambda: theirs.append(server.put(REFERENCE, b"made-up-theirs")))

    said = run_set(REFERENCE, given=CANARY, where=where)

    assert "Somebody else set" in said.err
    if said.code == 2:  # a cloud with conditional writes
        assert server.present(REFERENCE) == b"made-up-theirs"
    else:
        assert said.code == 1
        client = clouds.connect(clouds.load(cloud), server.place)
        assert client.read_version(NAME, theirs[0]).data == b"made-up-theirs"
        client.close()
        assert theirs[0] in said.err
        assert server.present(REFERENCE) in (CANARY.encode(), b"made-up-theirs")


def test_a_server_that_hangs_is_given_up_and_whether_it_was_set_is_left_open(
    server: Server,
    run_set: Set,
    where: tuple[str, ...],
    writes: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module, seconds in ((aws, "_TO_ANSWER"), (azure, "ANSWER"), (gcp, "CALL_SECONDS")):
        monkeypatch.setattr(module, seconds, 0.5)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    go_on = threading.Event()
    server.once(writes[-1], lambda: go_on.wait(PATIENCE))

    said = run_set(REFERENCE, given=CANARY, where=where)
    go_on.set()

    assert said.code == 1, said.err
    assert "\nThe value may have been set" in said.err
    assert server.present(REFERENCE) in (OLD, CANARY.encode())
