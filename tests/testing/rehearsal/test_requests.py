"""The requests of a rehearsal, and the one at which the engine is killed, without an engine."""

from typing import Any, cast

import pytest

from infra_secrets.testing import Request
from infra_secrets.testing.engine.command import Engine
from infra_secrets.testing.rehearsal.requests import Kill, Requests


class Noting:
    """Stands for an engine, and notes what is done to it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def kill(self) -> None:
        self.done.append("killed")


@pytest.fixture
def engine() -> Noting:
    return Noting()


@pytest.fixture
def requests(engine: Noting) -> Requests:
    return Requests(lambda: engine.done.append("waited"))


def begin(requests: Requests, command: str, program: Any, kill: Kill | None = None) -> None:
    requests.begin(command, program, cast("Engine", Noting()), kill)


def asked(name: str, *, preview: bool = False) -> Request:
    return Request("aws", "create", "aws:secretsmanager/secret:Secret", name, preview=preview)


def names(requests: list[Request]) -> list[str]:
    return [request.name for request in requests]


def test_an_up_continues_the_preview_of_the_same_program(requests: Requests) -> None:
    def program() -> None: ...

    def other() -> None: ...

    for command, each, name in [
        ("up", program, "first"),
        ("preview", program, "seen"),
        ("up", program, "made"),
    ]:
        begin(requests, command, each)
        requests.take(asked(name))
    assert names(requests.of_program) == ["seen", "made"]

    begin(requests, "preview", program)
    requests.take(asked("seen again"))
    begin(requests, "up", other)
    requests.take(asked("changed"))
    assert names(requests.of_program) == ["changed"]
    assert names(requests.all) == ["first", "seen", "made", "seen again", "changed"]


def test_a_refresh_is_no_run_of_the_program(requests: Requests) -> None:
    begin(requests, "up", None)
    requests.take(asked("made"))
    begin(requests, "refresh", None)
    requests.take(asked("read"))

    assert names(requests.of_program) == ["made", "read"]


def test_the_engine_is_killed_once_when_the_state_is_whole(
    requests: Requests, engine: Noting
) -> None:
    kill = Kill(lambda request: request.name == "this", takes_effect=True)
    requests.begin("up", None, cast("Engine", engine), kill)

    requests.take(asked("this", preview=True))
    requests.take(asked("other"))
    assert engine.done == []

    requests.take(asked("this"))
    requests.take(asked("this"))
    assert engine.done == ["waited", "killed"]


def test_a_request_that_is_cut_off_has_no_effect(requests: Requests, engine: Noting) -> None:
    requests.begin("up", None, cast("Engine", engine), Kill(lambda _: True, takes_effect=False))

    with pytest.raises(ConnectionAbortedError):
        requests.take(asked("this"))
    assert names(requests.all) == ["this"]


def test_after_a_run_nothing_is_killed(requests: Requests, engine: Noting) -> None:
    requests.begin("up", None, cast("Engine", engine), Kill(lambda _: True, takes_effect=True))
    requests.end()
    requests.take(asked("this"))

    assert engine.done == []
