"""How a rotated value becomes visible: `reload`, a greatest age, and what happens while a cloud does not answer."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr

from infra_secrets.clouds.values import Value
from infra_secrets.errors import AccessError, DeniedError, UnreachableError
from infra_secrets.rules.naming import SecretName
from infra_secrets.runtime import SecretSettings, SettingsError, held
from tests.conftest import PATIENCE
from tests.runtime.conftest import ended
from tests.values import Values

TOKEN = "payments/production/token"
DOWN = UnreachableError("The cloud does not answer.", "Try again.")


class Payments(SecretSettings, service="payments"):
    token: str
    other: SecretStr = SecretStr("made-up-default")


class Aging(Payments, max_age=100):
    """Read again after 100 seconds at the latest."""


class Patient(Aging, stale_if_unreachable=200):
    """Served for up to 300 seconds while the cloud is down."""


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked: set[int] = set()
        self.somebody_asked = threading.Condition()

    def __call__(self) -> float:
        with self.somebody_asked:
            self.asked.add(threading.get_ident())
            self.somebody_asked.notify_all()
        return self.now

    def wait_for(self, threads: int) -> None:
        """Wait until that many have asked what time it is."""
        with self.somebody_asked:
            assert self.somebody_asked.wait_for(lambda: len(self.asked) >= threads, PATIENCE)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time that passes when it is told to; what is due early is due at nine tenths."""
    made = Clock()
    monkeypatch.setattr(held, "_now", made)
    monkeypatch.setattr("random.uniform", lambda _low, _high: 0.9)
    return made


@pytest.fixture
def cloud(cloud: Values) -> Values:
    cloud.add(TOKEN, "made-up-old")
    cloud.add("payments/production/other")
    return cloud


def aside_done() -> None:
    """Wait until no thread reads settings."""
    for thread in threading.enumerate():
        if thread.name.endswith("-refresh"):
            thread.join(PATIENCE)


# reload


def test_a_reload_says_what_changed(cloud: Values) -> None:
    settings = Payments()
    assert settings.reload() == frozenset()

    cloud.put(TOKEN, "made-up-new")
    assert settings.token == "made-up-old"
    assert settings.reload() == {"token"}
    assert settings.token == "made-up-new"


def test_a_reload_can_be_awaited(cloud: Values) -> None:
    settings = Payments()
    cloud.put(TOKEN, "made-up-new")

    assert asyncio.run(settings.areload()) == {"token"}


def test_a_reload_that_fails_leaves_every_old_value(cloud: Values) -> None:
    settings = Payments()
    cloud.put(TOKEN, "made-up-new")
    cloud.failing["payments/production/other"] = DeniedError("You may not read it.", "Ask.")

    with pytest.raises(SettingsError, match="other: You may not read it"):
        settings.reload()
    assert settings.token == "made-up-old"


def test_a_setting_that_was_not_there_is_found_by_a_reload(cloud: Values) -> None:
    settings = Payments()
    cloud.put("payments/production/other", "made-up-other")

    assert settings.reload() == {"other"}
    assert settings.other.get_secret_value() == "made-up-other"


def test_a_snapshot_stays_as_it_is(cloud: Values) -> None:
    settings = Payments()
    before = settings.snapshot()
    cloud.put(TOKEN, "made-up-new")
    settings.reload()

    assert (before.token, settings.token) == ("made-up-old", "made-up-new")
    assert before.reload() == frozenset()
    assert isinstance(before, Payments)


def test_settings_of_a_test_look_nowhere(cloud: Values) -> None:
    settings = Aging.for_tests(token="made-up")

    assert (settings.token, settings.reload()) == ("made-up", frozenset())
    assert settings.other.get_secret_value() == "made-up-default"
    assert cloud.calls == []


# A greatest age


def test_without_an_age_nothing_is_read_again(cloud: Values, clock: Clock) -> None:
    settings = Payments()
    clock.now += 10_000_000

    assert settings.token == "made-up-old"
    assert cloud.calls == ["read"]


def test_a_value_that_is_due_is_read_aside_while_the_old_one_is_served(
    cloud: Values, clock: Clock
) -> None:
    settings = Aging()
    cloud.put(TOKEN, "made-up-new")
    clock.now += 89
    assert settings.token == "made-up-old"
    assert cloud.calls == ["read"]

    clock.now += 1
    with cloud.lock:  # the cloud does not answer yet
        assert [settings.token for _ in range(10)] == ["made-up-old"] * 10
    aside_done()

    assert settings.token == "made-up-new"
    assert cloud.calls == ["read", "read"]


def test_no_value_is_served_that_is_older_than_the_greatest_age(
    cloud: Values, clock: Clock
) -> None:
    settings = Aging()
    cloud.put(TOKEN, "made-up-new")
    clock.now += 100

    assert settings.token == "made-up-new"


def test_the_age_counts_from_when_the_look_began(cloud: Values, clock: Clock) -> None:
    read = cloud.read

    def slow(names: object) -> object:
        clock.now += 60
        return read(names)  # type: ignore[arg-type]

    cloud.read = slow  # type: ignore[method-assign, assignment]
    settings = Aging()
    clock.now += 39
    cloud.put(TOKEN, "made-up-new")
    assert settings.token == "made-up-old"
    aside_done()

    clock.now += 1
    assert settings.token == "made-up-new"


def test_each_process_picks_its_own_moment(cloud: Values, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return low

    monkeypatch.setattr("random.uniform", uniform)
    settings = Aging()

    assert asked == [(0.8, 1)]
    assert settings.token == "made-up-old"
    assert cloud.calls == ["read"]


@pytest.mark.parametrize("error", [DOWN, DeniedError("You may not read it.", "Ask.")])
def test_a_value_that_is_too_old_is_not_served_unless_that_was_asked_for(
    error: AccessError, cloud: Values, clock: Clock
) -> None:
    settings = Aging()
    cloud.failing[TOKEN] = error
    clock.now += 100

    depths = []
    for _ in range(3):
        with pytest.raises(SettingsError, match=str(error)) as refused:
            _ = settings.token
        depths.append(len(refused.traceback))
    assert len({*depths}) == 1
    assert cloud.calls == ["read", "read"]  # the cloud is not asked at each access

    clock.now += 5
    del cloud.failing[TOKEN]
    assert settings.token == "made-up-old"


def test_a_failure_before_that_is_said_and_tried_again(
    cloud: Values, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Aging()
    cloud.failing[TOKEN] = DOWN
    clock.now += 90
    assert settings.token == "made-up-old"
    aside_done()
    assert settings.token == "made-up-old"
    assert cloud.calls == ["read", "read"]
    assert caplog.messages[0].startswith(
        "Aging: values that were read 90 s ago are served for up to 10 s more, because they could not be read again. "
        "Aging could not be loaded"
    )
    assert "made-up" not in caplog.text

    del cloud.failing[TOKEN]
    cloud.put(TOKEN, "made-up-new")
    clock.now += 5
    assert settings.token == "made-up-old"
    aside_done()
    assert settings.token == "made-up-new"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_client_that_fails_in_an_unknown_way_is_not_asked_at_each_access(
    cloud: Values, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Aging()
    failed: list[str] = []

    def fail(_: object) -> None:
        failed.append("read")
        raise RuntimeError("a mistake in a client")

    monkeypatch.setattr(cloud, "read", fail)
    clock.now += 90
    for _ in range(3):
        assert settings.token == "made-up-old"
        aside_done()

    assert failed == ["read"]


@pytest.mark.parametrize("class_", [Aging, Patient])
def test_nor_when_its_values_are_too_old(
    class_: type[Aging], cloud: Values, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = class_()
    failed: list[str] = []
    read = cloud.read

    def fail(_: object) -> None:
        failed.append("read")
        raise RuntimeError("a mistake in a client")

    monkeypatch.setattr(cloud, "read", fail)
    clock.now += 100
    depths = []
    for _ in range(3):
        with pytest.raises(RuntimeError, match="a mistake in a client") as error:
            _ = settings.token
        depths.append(len(error.traceback))
    assert failed == ["read"]
    assert len({*depths}) == 1

    monkeypatch.setattr(cloud, "read", read)
    clock.now += 5
    assert settings.token == "made-up-old"


@pytest.mark.parametrize("max_age", [2, 100])
def test_it_is_tried_again_after_a_twentieth_of_the_age_and_not_within_a_second(
    max_age: int, cloud: Values, clock: Clock
) -> None:
    class Short(Payments, max_age=max_age):
        """Of which a twentieth is shorter than a second, or is not."""

    settings = Short()
    cloud.failing[TOKEN] = DOWN
    clock.now += max_age
    pause = max(1.0, max_age / 20)
    for later, reads in ((0, 2), (pause - 0.1, 2), (0.1, 3)):
        clock.now += later
        with pytest.raises(SettingsError):
            _ = settings.token
        assert cloud.calls.count("read") == reads


def test_when_no_thread_can_start_the_next_look_is_not_locked_out(
    cloud: Values, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Aging()
    cloud.put(TOKEN, "made-up-new")

    def none(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", none)
        clock.now += 90
        assert settings.token == "made-up-old"

    assert not settings._held._lock.locked()
    clock.now += 5
    assert settings.token == "made-up-old"
    aside_done()
    assert settings.token == "made-up-new"


def test_a_thread_that_reads_aside_does_not_keep_the_process_alive(
    cloud: Values, clock: Clock
) -> None:
    settings = Aging()
    clock.now += 90
    with cloud.lock:
        assert settings.token == "made-up-old"
        readers = [each for each in threading.enumerate() if each.name == "Aging-refresh"]
        assert [each.daemon for each in readers] == [True]
    aside_done()


# What was there and is gone


def test_a_file_that_is_gone_at_a_reload_is_no_reason_for_a_default(
    cloud: Values, tmp_path: Path
) -> None:
    class Mounted(Payments, directory=tmp_path):
        """Whose `other` is mounted."""

    (tmp_path / "OTHER").write_text("made-up-mounted")
    settings = Mounted()
    (tmp_path / "OTHER").unlink()

    with pytest.raises(SettingsError, match=r"other: .*It had a value before") as gone:
        settings.reload()
    assert str(tmp_path / "OTHER") in str(gone.value)
    assert settings.other.get_secret_value() == "made-up-mounted"
    assert Mounted().other.get_secret_value() == "made-up-default"

    cloud.put("payments/production/other", "made-up-in-the-container")
    assert settings.reload() == {"other"}


def test_without_a_cloud_a_file_that_is_gone_is_told_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mounted(SecretSettings, service="payments", directory=tmp_path):
        token: str = "made-up-default"

    monkeypatch.delenv("INFRA_SECRETS_CLOUD", raising=False)
    (tmp_path / "TOKEN").write_text("made-up-mounted")
    settings = Mounted()
    (tmp_path / "TOKEN").unlink()

    with pytest.raises(SettingsError, match=r"token: .*It had a value before") as gone:
        settings.reload()
    assert str(tmp_path / "TOKEN") in str(gone.value)


def test_a_dotenv_that_appears_later_is_said_and_stops_nothing(
    cloud: Values, clock: Clock, elsewhere: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Aging()
    (elsewhere / ".env").write_text("TOKEN=made-up-in-a-file")
    cloud.put(TOKEN, "made-up-new")
    clock.now += 100

    assert settings.token == "made-up-new"
    assert f"Aging: there is a file .env in {elsewhere}. It was not read" in caplog.text
    assert "made-up" not in caplog.text
    with pytest.raises(SettingsError, match=r"There is a file .env"):
        Aging()


# While the cloud does not answer


def test_a_stale_value_is_served_while_the_cloud_is_down_only_when_asked_and_says_so(
    cloud: Values, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Patient()
    cloud.failing[TOKEN] = DOWN
    clock.now += 150
    assert settings.token == "made-up-old"
    assert caplog.records[0].levelno == logging.WARNING
    assert "values that were read 150 s ago are served for up to 150 s more" in caplog.text
    assert "token: The cloud does not answer. Try again." in caplog.text
    assert "made-up" not in caplog.text

    clock.now += 149
    assert settings.token == "made-up-old"
    aside_done()

    clock.now += 1
    with pytest.raises(SettingsError, match="The cloud does not answer"):
        _ = settings.token


def test_a_denial_is_no_reason_to_serve_a_stale_value(cloud: Values, clock: Clock) -> None:
    settings = Patient()
    cloud.failing[TOKEN] = DeniedError("You may not read it.", "Ask.")
    clock.now += 100

    with pytest.raises(SettingsError, match="You may not read it"):
        _ = settings.token


def test_a_denial_after_an_outage_ends_the_stale_value(cloud: Values, clock: Clock) -> None:
    settings = Patient()
    cloud.failing[TOKEN] = DOWN
    clock.now += 100
    assert settings.token == "made-up-old"

    cloud.failing[TOKEN] = DeniedError("You may not read it.", "Ask.")
    clock.now += 5
    assert settings.token == "made-up-old"
    aside_done()
    with pytest.raises(SettingsError, match="You may not read it"):
        _ = settings.token


@pytest.mark.parametrize("said_by", ["an access", "a reload"])
def test_an_outage_after_a_denial_does_not_bring_the_old_value_back(
    said_by: str, cloud: Values, clock: Clock
) -> None:
    settings = Patient()
    cloud.failing[TOKEN] = DeniedError("You may not read it.", "Ask.")
    if said_by == "an access":
        clock.now += 100
    with pytest.raises(SettingsError, match="You may not read it"):
        _ = settings.reload() if said_by == "a reload" else settings.token

    cloud.failing[TOKEN] = DOWN
    clock.now += 100
    with pytest.raises(SettingsError, match="The cloud does not answer"):
        _ = settings.token

    del cloud.failing[TOKEN]
    clock.now += 5
    assert settings.token == "made-up-old"
    cloud.failing[TOKEN] = DOWN
    clock.now += 100
    assert settings.token == "made-up-old"  # the denial is over


def test_after_an_outage_the_new_value_is_served(cloud: Values, clock: Clock) -> None:
    settings = Patient()
    cloud.failing[TOKEN] = DOWN
    clock.now += 100
    assert settings.token == "made-up-old"
    del cloud.failing[TOKEN]
    cloud.put(TOKEN, "made-up-new")
    clock.now += 5
    assert settings.token == "made-up-old"
    aside_done()

    assert settings.token == "made-up-new"


def test_an_outage_at_the_start_is_an_error_whatever_the_class_says(cloud: Values) -> None:
    cloud.failing[TOKEN] = DOWN
    with pytest.raises(SettingsError) as refused:
        Patient()

    assert refused.value.unreachable


# Threads and processes


def in_threads(count: int, act: Callable[[], object]) -> None:
    threads = [threading.Thread(target=act) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)


def test_of_many_threads_that_find_a_value_too_old_one_reads_it(
    cloud: Values, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Aging()
    cloud.put(TOKEN, "made-up-new")
    clock.now += 100
    clock.asked.clear()
    found: list[str] = []
    read = cloud.read

    def slow(names: Sequence[SecretName]) -> Mapping[SecretName, Value | AccessError]:
        clock.wait_for(20)
        return read(names)

    monkeypatch.setattr(cloud, "read", slow)
    in_threads(20, lambda: found.append(settings.token))

    assert found == ["made-up-new"] * 20
    assert cloud.calls == ["read", "read"]


def test_a_snapshot_taken_in_the_middle_of_reloads_is_of_one_moment(cloud: Values) -> None:
    cloud.add("payments/production/other", "0")
    cloud.put(TOKEN, "0")
    settings = Payments()
    mixed: list[tuple[str, str]] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            at_once = settings.snapshot()
            pair = at_once.token, at_once.other.get_secret_value()
            if len({*pair}) > 1:
                mixed.append(pair)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for number in range(1, 200):
        cloud.put(TOKEN, str(number))
        cloud.put("payments/production/other", str(number))
        settings.reload()
    done.set()
    watcher.join(PATIENCE)

    assert mixed == []


def test_a_reload_between_two_looks_does_not_make_an_old_value_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, meanwhile = [0.0], list[Callable[[], object]]()

    def look() -> float:
        if meanwhile:
            meanwhile.pop()()  # as another thread would, just then
        return now[0]

    monkeypatch.setattr(held, "_now", look)
    aging = held.Held("Aging", lambda: held.Loaded({"token": now[0]}), max_age=100)
    now[0] = 1000
    meanwhile.append(aging.reload)

    assert aging.values() == {"token": 1000}


def test_processes_that_were_forked_after_the_start_pick_their_own_moments(
    cloud: Values, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Aging()
    shares = iter((0.8, 0.9))
    monkeypatch.setattr("random.uniform", lambda *_: next(shares))
    moments = []
    for _ in range(2):
        settings._held.forked()
        moments.append(settings._held._due - settings._held._read_at)

    assert moments == pytest.approx([80, 90])
    assert cloud.calls == ["read"]


def test_two_reloads_follow_one_another(cloud: Values, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Payments()
    read, inside, most = cloud.read, list[int](), list[int]()

    def slow(names: Sequence[SecretName]) -> Mapping[SecretName, Value | AccessError]:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.05)
        inside.pop()
        return read(names)

    monkeypatch.setattr(cloud, "read", slow)
    in_threads(3, settings.reload)

    assert most == [1, 1, 1]


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_process_that_was_forked_during_a_read_is_not_locked(cloud: Values, clock: Clock) -> None:
    settings = Aging()
    clock.now += 90
    with cloud.lock:
        assert settings.token == "made-up-old"  # a thread waits for the cloud now
        child = os.fork()
        if child == 0:  # pragma: no cover (another process)
            cloud.lock = threading.RLock()
            clock.now += 100
            os._exit(0 if settings.token == "made-up-old" else 1)
    aside_done()

    ended(child)
