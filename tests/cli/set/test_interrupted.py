"""Interrupted at any moment, the cloud has the old value or the new, and the person is told which, if it is known."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import pytest

from tests import servers
from tests.cli.set.conftest import CANARY, REFERENCE
from tests.cli.set.held import Held
from tests.cli.set.session import COMMAND, environment
from tests.conftest import PATIENCE
from tests.servers import Server

OLD = b"made-up-old-value"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with servers.serving("aws") as server:
        yield server


@pytest.fixture
def held(server: Server, monkeypatch: pytest.MonkeyPatch) -> Held:
    server.reset()
    server.make(REFERENCE)
    server.put(REFERENCE, OLD)
    server.calls.clear()
    return Held.back(server, monkeypatch)


def start(
    server: Server,
    home: Path,
    *options: str,
    given: bytes | None = CANARY.encode(),
    stdout: int | IO[bytes] = subprocess.PIPE,
    cloud: str = "aws",
) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [*COMMAND, REFERENCE, "--cloud", cloud, *options],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=environment(server.environment(), home),
        cwd=home,
    )
    if given is not None:
        assert process.stdin is not None
        process.stdin.write(given)
        process.stdin.close()
        process.stdin = None
    return process


def until(process: subprocess.Popen[bytes], text: bytes) -> None:
    """Wait until the process has said something."""
    assert process.stderr is not None
    said = b""
    while text not in said:
        byte = os.read(process.stderr.fileno(), 1)
        assert byte, said
        said += byte


def end(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    _, err = process.communicate(timeout=PATIENCE)
    return process.returncode, err.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_anything_is_sent_the_old_value_is_there_and_that_is_said(
    server: Server, held: Held, tmp_path: Path, number: signal.Signals
) -> None:
    process = start(server, tmp_path, given=None)
    until(process, b"Waiting for the value on standard input.")
    process.send_signal(number)

    code, err = end(process)
    assert (code, err.endswith("Interrupted. The value was not changed.\n")) == (130, True)
    assert server.present(REFERENCE) == OLD
    assert held.call not in server.calls


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_while_it_is_sent_the_answer_is_waited_for_and_said(
    server: Server, held: Held, tmp_path: Path, number: signal.Signals
) -> None:
    process = start(server, tmp_path)
    held.wait()
    process.send_signal(number)
    until(process, b"Waiting for the cloud's answer. Ctrl-C once more ends at once.\n")
    held.go_on.set()
    code, err = end(process)

    assert (code, err) == (130, "Interrupted too late: the value is set.\n")
    assert server.present(REFERENCE) == CANARY.encode()


def test_an_interrupt_before_a_refusal_is_130_with_the_refusal(
    server: Server, held: Held, tmp_path: Path
) -> None:
    process = start(server, tmp_path)
    held.wait()
    process.send_signal(signal.SIGINT)
    until(process, b"ends at once.\n")
    server.fail("denied", held.call)
    held.go_on.set()
    code, err = end(process)

    assert code == 130
    assert err.startswith("Error: This login may not do secretsmanager:PutSecretValue")
    assert err.endswith("\nInterrupted. The value was not changed.\n")
    assert server.present(REFERENCE) == OLD


def test_the_second_ctrl_c_between_both_calls_leaves_one_of_both_values(
    server: Server, held: Held, tmp_path: Path
) -> None:
    held.call = "UpdateSecretVersionStage"
    process = start(server, tmp_path)
    held.wait()
    process.send_signal(signal.SIGINT)
    until(process, b"ends at once.\n")
    process.send_signal(signal.SIGINT)
    code, err = end(process)
    assert server.present(REFERENCE) == OLD, "not moved yet"
    held.go_on.set()

    assert code == 130
    assert "The value may have been set" in err
    assert server.present(REFERENCE) in (OLD, CANARY.encode())


def test_the_second_ctrl_c_ends_at_once_and_says_where_to_look(
    server: Server, held: Held, tmp_path: Path
) -> None:
    process = start(server, tmp_path)
    held.wait()
    process.send_signal(signal.SIGINT)
    until(process, b"ends at once.\n")
    process.send_signal(signal.SIGINT)
    code, err = end(process)
    held.go_on.set()

    assert code == 130
    assert "The value may have been set" in err
    assert "infra-secrets status --service payments --environment production --cloud aws" in err
    assert server.present(REFERENCE) in (OLD, CANARY.encode())


@pytest.mark.parametrize(
    "call", ["DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"]
)
def test_killed_at_any_call_the_old_value_or_the_new_one_is_there(
    server: Server, held: Held, tmp_path: Path, call: str
) -> None:
    held.call = call
    process = start(server, tmp_path)
    held.wait()
    process.kill()
    assert process.wait(PATIENCE) == -signal.SIGKILL
    held.go_on.set()
    process.communicate()

    assert server.present(REFERENCE) in (OLD, CANARY.encode())


def test_after_a_kill_the_same_command_sets_it(server: Server, held: Held, tmp_path: Path) -> None:
    process = start(server, tmp_path)
    held.wait()
    process.kill()
    process.communicate()
    held.go_on.set()

    code, err = end(start(server, tmp_path, "--force"))
    assert code == 0, err
    assert server.present(REFERENCE) == CANARY.encode()


# Where the result is written to -----------------------------------------------------------------------


@pytest.fixture
def running(server: Server) -> Server:
    server.reset()
    server.make(REFERENCE)
    server.put(REFERENCE, OLD)
    return server


OPTIONS: Sequence[tuple[str, ...]] = ((), ("--json",))


@pytest.mark.parametrize("options", OPTIONS, ids=["text", "json"])
def test_a_full_disk_behind_standard_output_is_said_and_the_value_is_set(
    running: Server, tmp_path: Path, options: tuple[str, ...]
) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 (a device)
        code, err = end(start(running, tmp_path, *options, stdout=full))

    assert code == 1
    assert "The value is set, as version " in err
    assert "No space left on device" in err
    assert "Exception" not in err
    assert running.present(REFERENCE) == CANARY.encode()


@pytest.mark.parametrize("options", OPTIONS, ids=["text", "json"])
def test_a_broken_pipe_behind_standard_output_is_said_and_the_value_is_set(
    running: Server, tmp_path: Path, options: tuple[str, ...]
) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "wb") as pipe:
        code, err = end(start(running, tmp_path, *options, stdout=pipe))

    assert code == 1
    assert "Broken pipe" in err
    assert "Exception" not in err
    assert running.present(REFERENCE) == CANARY.encode()


def test_a_source_that_brings_nothing_sets_nothing(running: Server, tmp_path: Path) -> None:
    code, err = end(start(running, tmp_path, given=b""))

    assert (code, "is empty" in err) == (2, True)
    assert running.present(REFERENCE) == OLD


def test_a_source_that_is_cut_short_sets_what_came_and_the_shell_can_see_it(
    running: Server, tmp_path: Path
) -> None:
    script = 'set -o pipefail; (printf made-up-half; kill -9 $BASHPID) | "$@"'
    done = subprocess.run(
        ["bash", "-c", script, "bash", *COMMAND, REFERENCE, "--cloud", "aws"],
        capture_output=True,
        check=False,
        env=environment(running.environment(), tmp_path),
        cwd=tmp_path,
    )

    assert running.present(REFERENCE) == b"made-up-half", "nobody can see that there was more"
    assert done.returncode == 128 + signal.SIGKILL, done.stderr


# On the other clouds ----------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[each for each in servers.available() if each != "aws"])
def other(request: pytest.FixtureRequest) -> Iterator[tuple[str, Server]]:
    with servers.serving(request.param) as server:
        yield request.param, server


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_on_every_cloud_an_interrupted_write_is_the_old_value_or_the_new_one(
    other: tuple[str, Server],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    cloud, server = other
    server.reset()
    server.make(REFERENCE)
    server.put(REFERENCE, OLD)
    held = Held.back(server, monkeypatch)
    place = [f"--{part}={text}" for part, text in server.place.items()]
    process = start(server, tmp_path, *place, cloud=cloud)
    held.wait()
    process.send_signal(number)
    if number != signal.SIGKILL:
        until(process, b"ends at once.\n")
    held.go_on.set()
    code, err = end(process)

    if number == signal.SIGKILL:
        assert code == -signal.SIGKILL
        assert server.present(REFERENCE) in (OLD, CANARY.encode())
    else:
        assert (code, err) == (130, "Interrupted too late: the value is set.\n")
        assert server.present(REFERENCE) == CANARY.encode()
