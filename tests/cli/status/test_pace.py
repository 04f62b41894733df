"""How often a cloud is asked; no test waits."""

import threading

import pytest

from infra_secrets.cli.status.pace import MINUTE, Pace, Stopped


class Clock:
    """A clock that goes on when somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waited: list[float] = []

    def read(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        self.now += seconds
        return False


def test_as_many_calls_as_the_quota_allows_go_at_once() -> None:
    clock = Clock()
    pace = Pace(600, clock.read, clock.wait)

    for _ in range(600):
        pace.take_turn()

    assert clock.waited == []


def test_no_minute_has_more_calls_than_the_quota() -> None:
    clock = Clock()
    pace = Pace(3, clock.read, clock.wait)
    turns = []
    for seconds in (0, 10, 20, 0, 0, 0, 50):
        clock.now += seconds
        pace.take_turn()
        turns.append(clock.now)

    busiest = max(sum(start <= turn < start + MINUTE for turn in turns) for start in turns)
    assert busiest == 3
    assert clock.waited == [30.0, 10.0, 20.0]


def test_without_a_quota_nobody_waits() -> None:
    clock = Clock()
    pace = Pace(None, clock.read, clock.wait)

    for _ in range(10_000):
        pace.take_turn()

    assert clock.waited == []


def test_who_waits_when_the_work_is_given_up_is_let_go() -> None:
    pace = Pace(1)
    pace.take_turn()
    ended: list[type[BaseException]] = []

    def waiting() -> None:
        try:
            pace.take_turn()
        except Stopped as stopped:
            ended.append(type(stopped))

    thread = threading.Thread(target=waiting)
    thread.start()
    pace.stop()
    thread.join(timeout=30)

    assert ended == [Stopped]


def test_after_it_was_given_up_nobody_gets_a_turn() -> None:
    pace = Pace(None)
    pace.stop()

    with pytest.raises(Stopped):
        pace.take_turn()
