"""A value that is typed: twice, not shown, of any length, and the terminal is as before whatever happens."""

import errno
import io
import os
import pty
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from infra_secrets.cli.set import terminal as asks
from infra_secrets.cli.set.terminal import Line, NoTerminalError
from infra_secrets.errors import ValueRefusedError
from tests import servers
from tests.cli.set.conftest import CANARY, DOCUMENT, FIELDS, REFERENCE
from tests.cli.set.session import Terminal, environment
from tests.conftest import PATIENCE
from tests.servers import Server

ASKS = f"Value of {REFERENCE} (not shown): "
AGAIN = "The same once more: "


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with servers.serving("aws") as server:
        yield server


Open = Callable[..., Terminal]


@pytest.fixture
def open_(server: Server, tmp_path: Path) -> Iterator[Open]:
    server.reset()
    server.make(REFERENCE)
    server.make(DOCUMENT, fields=FIELDS)
    opened: list[Terminal] = []

    def run(*arguments: str) -> Terminal:
        env = environment(server.environment(), tmp_path)
        opened.append(Terminal.open(*arguments, "--cloud", "aws", env=env, cwd=tmp_path))
        return opened[-1]

    yield run
    for each in opened:
        if each.process.poll() is None:
            each.kill()
            each.process.wait()


def has_no_value(server: Server, reference: str = REFERENCE) -> bool:
    try:
        server.present(reference)
    except Exception:  # noqa: BLE001 (each server says it in its own way)
        return True
    return False


def test_a_value_is_typed_twice_and_never_shown(server: Server, open_: Open) -> None:
    terminal = open_(REFERENCE)
    terminal.until(ASKS)
    assert not terminal.echoes()
    terminal.type(f"{CANARY}\n")
    terminal.until(AGAIN)
    terminal.type(f"{CANARY}\r")
    terminal.until("fingerprint")

    assert terminal.ended() == 0
    assert server.present(REFERENCE) == CANARY.encode()
    assert CANARY not in terminal.text


def test_two_that_differ_set_nothing(server: Server, open_: Open) -> None:
    terminal = open_(REFERENCE)
    terminal.until(ASKS)
    terminal.type(f"{CANARY}\n")
    terminal.until(AGAIN)
    terminal.type("another\n")
    terminal.until("The two that were typed differ, so nothing was set.")
    assert terminal.ended() == 2
    assert has_no_value(server)


@pytest.mark.parametrize("size", [4_095, 4_096, 20_000])
def test_a_line_that_a_terminal_would_cut_off_arrives_whole(
    server: Server, open_: Open, size: int
) -> None:
    value = (CANARY * size)[:size]
    terminal = open_(REFERENCE)
    for asked in (ASKS, AGAIN):
        terminal.until(asked)
        terminal.type(f"{value}\n")
    terminal.until("fingerprint")
    assert terminal.ended() == 0
    assert server.present(REFERENCE) == value.encode()


def test_what_was_mistyped_is_erased_as_at_every_prompt(server: Server, open_: Open) -> None:
    terminal = open_(REFERENCE)
    terminal.until(ASKS)
    terminal.type("wrong\x15made-é\x7f\x7f-upx\x7f\n")
    terminal.until(AGAIN)
    terminal.type("made-up\x04")
    terminal.until("fingerprint")
    assert terminal.ended() == 0
    assert server.present(REFERENCE) == b"made-up"


@pytest.mark.parametrize("marked", [True, False])
def test_several_lines_that_were_pasted_set_nothing_and_none_is_left_for_the_shell(
    server: Server, open_: Open, marked: bool
) -> None:
    pasted = f"-----BEGIN\r{CANARY}\r-----END\r"
    terminal = open_(REFERENCE)
    terminal.until(ASKS)
    terminal.type(f"\x1b[200~{pasted}\x1b[201~\r" if marked else pasted)
    terminal.until("Several lines were pasted, so nothing was set.")

    assert terminal.ended() == 2
    assert CANARY not in terminal.text
    assert has_no_value(server)


def test_a_paste_with_a_line_break_at_its_end_is_one_line(server: Server, open_: Open) -> None:
    terminal = open_(REFERENCE)
    for asked in (ASKS, AGAIN):
        terminal.until(asked)
        terminal.type(f"\x1b[200~{CANARY}\r\x1b[201~")
        terminal.type("\r")
    terminal.until("fingerprint")
    assert terminal.ended() == 0
    assert server.present(REFERENCE) == CANARY.encode()


def test_each_field_of_a_document_is_asked_for_by_itself(server: Server, open_: Open) -> None:
    terminal = open_(DOCUMENT)
    for name, text in zip(FIELDS, (CANARY, 'with "quotes"'), strict=True):
        terminal.until(f"Value of {name} of {DOCUMENT} (not shown): ")
        terminal.type(f"{text}\n")
        terminal.until(AGAIN)
        terminal.type(f"{text}\n")
    terminal.until("fingerprint")
    assert terminal.ended() == 0
    assert server.present(DOCUMENT) == (
        f'{{"STRIPE_API_KEY": "{CANARY}", "DATABASE_URL": "with \\"quotes\\""}}'.encode()
    )


def test_a_whole_document_in_the_place_of_a_field_is_refused(server: Server, open_: Open) -> None:
    terminal = open_(DOCUMENT)
    for asked in (*(FIELDS[0], AGAIN), *(FIELDS[1], AGAIN)):
        terminal.until(asked)
        terminal.type('{"STRIPE_API_KEY": "x", "DATABASE_URL": "y"}\n')
    terminal.until("is a whole document")
    assert terminal.ended() == 2
    assert has_no_value(server, DOCUMENT)


def test_nothing_typed_sets_nothing(open_: Open) -> None:
    terminal = open_(REFERENCE)
    terminal.until(ASKS)
    terminal.type("\n")
    terminal.until("Nothing was typed, so nothing was set.")
    assert terminal.ended() == 2


@pytest.mark.parametrize("key", ["\x03", signal.SIGTERM, signal.SIGINT], ids=str)
@pytest.mark.parametrize("typed", ["", "half a val"])
def test_an_interrupted_prompt_sets_nothing_and_gives_the_echo_back(
    server: Server, open_: Open, key: str | signal.Signals, typed: str
) -> None:
    terminal = open_(REFERENCE)
    terminal.until(ASKS)
    terminal.type(typed)
    if isinstance(key, str):
        terminal.type(key)
    else:
        terminal.kill(key)
    terminal.until("Interrupted. The value was not changed.")
    assert terminal.echoes()
    assert terminal.ended() == 130
    assert has_no_value(server)


def test_the_keys_that_stop_or_dump_a_process_do_nothing_while_it_asks(open_: Open) -> None:
    terminal = open_(REFERENCE)
    terminal.until(ASKS)
    terminal.type("\x1c\x1a")  # Ctrl-\ and Ctrl-Z
    terminal.type(f"{CANARY}\n")
    terminal.until(AGAIN)
    terminal.type(f"{CANARY}\n")
    terminal.until("fingerprint")
    assert terminal.ended() == 0


# A terminal that is not there, or goes ----------------------------------------------------------------


@pytest.mark.parametrize("gone", ["a closed pipe", "a terminal that hung up"])
def test_a_terminal_that_goes_while_it_is_asked_is_said(gone: str) -> None:
    ours, theirs = reversed(os.pipe()) if gone == "a closed pipe" else pty.openpty()
    os.close(ours)

    with pytest.raises(NoTerminalError, match="The terminal is gone, so nothing was set"):
        asks._ask("Value: ", theirs, theirs)
    os.close(theirs)


def test_without_any_terminal_to_ask_at_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_terminal(*_given: object) -> int:
        raise OSError(errno.ENXIO, "none")

    monkeypatch.setattr(os, "open", no_terminal)
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    with pytest.raises(NoTerminalError, match="Pipe the value in, or use --file"), asks.asking():
        pass


def test_what_is_left_of_a_paste_when_it_stops_asking_does_not_reach_the_shell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs = pty.openpty()
    monkeypatch.setattr(asks, "_terminal", lambda: nullcontext((theirs, theirs)))

    with asks.asking():
        os.write(ours, b"echo the rest of a paste\r")
        assert select.select([theirs], [], [], PATIENCE)[0], "it has come"

    assert not select.select([theirs], [], [], 0)[0], "nothing is left to be read"
    os.close(ours)
    os.close(theirs)


# A line, key by key -----------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [b"ab\x1b[Dc\n", b"a\x01b\n", b"\x1bOP\n"])
def test_a_key_that_is_no_character_is_refused(keys: bytes) -> None:
    line = Line()
    line.take(keys)
    assert line.ended
    with pytest.raises(ValueRefusedError, match="no character"):
        line.value()


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_mark_that_comes_in_pieces_is_a_mark(size: int) -> None:
    line = Line()
    data = b"\x1b[200~made\tup\x1b[201~\r"
    for start in range(0, len(data), size):
        line.take(data[start : start + size])
    assert (line.ended, line.value()) == (True, b"made\tup")


def test_a_line_shows_nothing_of_itself() -> None:
    line = Line()
    line.take(CANARY.encode())
    assert CANARY not in repr(line)
