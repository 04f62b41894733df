"""`set_command`, run by real shells: what an operator types arrives whole or is refused, and is seen nowhere else."""

import functools
import json
import re
import shlex
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra_secrets import Secret
from tests.conftest import recording_on
from tests.shells import PASTED_IN, SHELLS, TOOLS, WITHOUT_PRINTF, Tools, at_a_terminal, run

CANARY = "canary-51-not-real"


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    return Tools.first_on_path(tmp_path, monkeypatch)


@functools.cache
def command_on(cloud: str, note: str | None = None) -> str:
    recording = recording_on(cloud)
    recording.run(lambda: Secret("StripeApiKey", tags={"note": note} if note else {}))
    command: str = recording.outputs["StripeApiKey"]["setCommand"]
    return command


EVERY_BYTE = bytes(range(256))

PASSED_ON = {
    "plain": CANARY.encode(),
    "pem": f"-----BEGIN-----\n{CANARY}\n\n-----END-----".encode(),
    "hostile": f"'{CANARY}' \"$HOME\" `id` \\n \\045d %s %d * ~ ! ü 🔑 \t.".encode(),
    "like an option": b"-n",
    "a byte order mark": b"\xef\xbb\xbfx",
    "digits": b"000 015 012",
    "65,536 bytes": (CANARY * 4000).encode()[:65536],
    "65,536 bytes of several each": ("ü🔑" * 11000).encode()[: 65536 // 6 * 6],
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("value", PASSED_ON.values(), ids=PASSED_ON.keys())
def test_what_is_piped_in_arrives_as_it_is_and_not_in_argv(
    shell: str, value: bytes, tools: Tools
) -> None:
    tools.put_sh(shell)
    done = run(command_on("aws"), value)

    assert done.returncode == 0, done.stderr
    assert tools.value == value
    assert CANARY not in json.dumps([tools.argv, tools.environment])
    assert done.stdout + done.stderr == b""
    assert not (tools.folder / "printf-started").exists()


KEPT_FIRST = b"White space at the beginning is kept: it is part of the value.\n"
KEPT_LAST = b"White space at the end is kept: it is part of the value.\n"


def dropped(count: int, where: str) -> bytes:
    return f"Line breaks dropped at the {where}: {count}.\n".encode()


# What is piped in, what arrives, and what is said of it.
ENDS: dict[str, tuple[bytes, bytes, bytes]] = {
    "a line break": (b"a\n\nb\n", b"a\n\nb", dropped(1, "end")),
    "two line breaks": (b"ab\n\n", b"ab\n", dropped(1, "end") + KEPT_LAST),
    "spaces, line breaks": (b"ab \n\n\n", b"ab \n\n", dropped(1, "end") + KEPT_LAST),
    "a space": (b"ab ", b"ab ", KEPT_LAST),
    "a space and a line break": (b"ab \n", b"ab ", dropped(1, "end") + KEPT_LAST),
    "a tab": (b"ab\t", b"ab\t", KEPT_LAST),
    "first a line break": (b"\nab", b"\nab", KEPT_FIRST),
    "first line breaks": (b"\n\nab", b"\n\nab", KEPT_FIRST),
    "first a space": (b" ab", b" ab", KEPT_FIRST),
    "all around": (b"\t\nab \n\n", b"\t\nab \n", dropped(1, "end") + KEPT_FIRST + KEPT_LAST),
    "none": (b"a b\nc", b"a b\nc", b""),
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("given", "arrives", "said"), ENDS.values(), ids=ENDS.keys())
def test_what_is_dropped_or_kept_at_the_ends_of_what_is_piped_in_is_said(
    shell: str, given: bytes, arrives: bytes, said: bytes, tools: Tools
) -> None:
    tools.put_sh(shell)
    done = run(command_on("aws"), given)

    assert done.returncode == 0, done.stderr
    assert tools.value == arrives
    assert done.stderr == said


def test_a_carriage_return_at_the_end_is_said_where_it_arrives(tools: Tools) -> None:
    done = run(command_on("gcp"), b"ab\r\n")

    assert tools.value == b"ab\r"
    assert done.stderr == dropped(1, "end") + KEPT_LAST


@pytest.mark.parametrize("pasted_in", ["bash", "dash"])
def test_a_here_document_arrives_as_it_is_but_for_its_last_line_break(
    pasted_in: str, tools: Tools
) -> None:
    done = run(f"{command_on('aws')} <<'END'\n\n{CANARY}\n\nEND\n", b"", pasted_in)

    assert done.returncode == 0, done.stderr
    assert tools.value == f"\n{CANARY}\n".encode()
    assert done.stderr == dropped(1, "end") + KEPT_FIRST + KEPT_LAST


@pytest.mark.parametrize("shell", SHELLS)
def test_where_the_cloud_takes_bytes_every_byte_arrives(shell: str, tools: Tools) -> None:
    tools.put_sh(shell)
    done = run(command_on("gcp"), EVERY_BYTE * 3, LC_ALL="C.UTF-8")

    assert done.returncode == 0, done.stderr
    assert tools.value == EVERY_BYTE * 3


@pytest.mark.parametrize("cloud", ["aws", "azure"])
@pytest.mark.parametrize("value", [b"one\r\ntwo", b"one\rtwo\n", b"one\r", b"one\0two", b"\0"])
def test_where_the_tool_reads_text_what_it_would_change_is_refused(
    cloud: str, value: bytes, tools: Tools
) -> None:
    done = run(command_on(cloud), value)

    assert done.returncode == 1
    assert b"a carriage return or a NUL byte" in done.stderr
    assert b"nothing was set" in done.stderr
    assert not tools.called


def read_as_text(encoding: str) -> str:
    """Make a tool that reads its value as aws and az do: as text, in the encoding that Python takes."""
    return f"""#!{sys.executable} -I
import locale, os, pathlib, sys
with open("/dev/stdin", encoding={encoding}) as file:
    value = file.read()
pathlib.Path(os.environ["SEEN"] + ".text").write_text(value, "utf-8", newline="")
"""


ENCODINGS = {
    # What `compat_open` of its `awscli/compat.py` asks, in each version.
    "aws v1": ("aws", "locale.getpreferredencoding()"),
    "aws v2": ("aws", 'os.environ.get("AWS_CLI_FILE_ENCODING") or locale.getpreferredencoding()'),
    # open() without an encoding, by a Python that passes over PYTHONUTF8 (`python -I`)
    "az": ("azure", "None"),
}


@pytest.mark.parametrize(("cloud", "encoding"), ENCODINGS.values(), ids=ENCODINGS.keys())
@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "de_DE.ISO-8859-1"])
def test_the_locale_of_the_operator_does_not_change_a_value(
    cloud: str, encoding: str, locale: str, tools: Tools
) -> None:
    tools.put(TOOLS[cloud], read_as_text(encoding))
    done = run(command_on(cloud), "ü🔑".encode(), LC_ALL=locale, AWS_CLI_FILE_ENCODING="latin-1")

    assert done.returncode == 0, done.stderr
    assert (tools.folder / "seen.text").read_text("utf-8") == "ü🔑"


@pytest.mark.parametrize(("cloud", "encoding"), ENCODINGS.values(), ids=ENCODINGS.keys())
def test_what_is_no_utf_8_fails_where_the_tool_reads_text(
    cloud: str, encoding: str, tools: Tools
) -> None:
    tools.put(TOOLS[cloud], read_as_text(encoding))
    done = run(command_on(cloud), b"\xfc\xff", LC_ALL="de_DE.ISO-8859-1")

    assert done.returncode != 0
    assert b"UnicodeDecodeError" in done.stderr
    assert not (tools.folder / "seen.text").exists()


def test_each_cloud_s_tool_is_called_with_where_the_secret_is(cloud: str, tools: Tools) -> None:
    assert run(command_on(cloud), CANARY.encode()).returncode == 0

    expected = {
        "aws": [
            *("secretsmanager", "put-secret-value", "--region", "eu-west-1", "--secret-id"),
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/production/stripe-api-key-AbCdEf",
            *("--secret-string", "file:///dev/stdin"),
        ],
        "gcp": [
            *("secrets", "versions", "add", "shop__production__stripe-api-key"),
            *("--project=shop-123", "--data-file=-"),
        ],
        "azure": [
            *("keyvault", "secret", "set"),
            *("--subscription", "00000000-0000-0000-0000-000000000000"),
            *("--vault-name", "shop-prod", "--name", "shop--production--stripe-api-key"),
            *("--file", "/dev/stdin", "--encoding", "utf-8", "--output", "none"),
            *("--tags", "infra-secrets.stack=organization/shop/production"),
            "infra-secrets.logical-name=StripeApiKey",
        ],
    }
    assert tools.argv[:4] == expected[cloud][:4]
    assert [word for word in tools.argv if "AbCdEf" not in word and "arn:" not in word] == [
        word for word in expected[cloud] if "AbCdEf" not in word
    ]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("given", [b"", b"\n", b"\n\n", b"\n\n\n\n"])
def test_an_empty_value_sets_nothing_and_fails(shell: str, given: bytes, tools: Tools) -> None:
    tools.put_sh(shell)
    done = run(command_on("gcp"), given)

    assert done.returncode == 1
    assert b"nothing was set" in done.stderr
    assert not tools.called


@pytest.mark.parametrize("shell", WITHOUT_PRINTF)
def test_a_shell_whose_printf_is_a_program_is_refused(shell: str, tools: Tools) -> None:
    tools.put_sh(shell)
    done = run(command_on("aws"), CANARY.encode())

    assert done.returncode == 1
    assert b"no built-in printf, so nothing was set. Use bash or dash instead." in done.stderr
    assert not tools.called
    assert not (tools.folder / "printf-started").exists()


@pytest.mark.parametrize("shell", PASTED_IN)
def test_it_can_be_pasted_in_any_shell(shell: str, tools: Tools) -> None:
    note = "it's for $HOME !now `C:\\\\x\\"
    done = run(command_on("azure", note=note), "ü\n".encode(), shell)

    assert done.returncode == 0, done.stderr
    assert tools.value == "ü".encode()
    assert f"note={note}" in tools.argv


BEFORE = {
    "as it is": "",
    "set -e": "set -e",
    "set -u": "set -u",
    "set -f": "set -f",
    "set -x": "set -x",
    "set -v": "set -v",
    "set -a": "set -a",
    "set -eufxa": "set -eufxa",
    "IFS": "IFS=01; export IFS",
    "exported": "v=before; export v",
    "read-only": "v=before; readonly v",
    "own functions": "printf() { false; }; od() { false; }; no() { :; }",
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE.keys())
def test_whatever_the_operator_s_shell_is_set_to_the_value_arrives_unseen(
    shell: str, before: str, tools: Tools
) -> None:
    command = command_on("aws")
    done = run(f"{before}\n{command}\necho goes on", f"{CANARY}\n".encode(), shell)

    assert done.returncode == 0, done.stderr
    assert tools.value == CANARY.encode()
    assert CANARY not in json.dumps([tools.argv, tools.environment])
    assert CANARY.encode() not in done.stdout + done.stderr
    assert b"goes on" in done.stdout


# ksh93 joins processes by sockets unless it is called `sh`, and on Linux no tool can open /dev/stdin of one.
@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shell not in ("sh", "ksh93")])
@pytest.mark.parametrize("value", [f" {CANARY}\n\n{CANARY}".encode(), b"1 2 * ~"])
def test_another_shell_can_be_put_in_the_place_of_sh(
    shell: str, value: bytes, tools: Tools
) -> None:
    called = "busybox sh" if shell == "busybox" else shell
    done = run(command_on("gcp").replace("sh -c", f"{called} -c", 1), value)

    assert done.returncode == 0, done.stderr
    assert tools.value == value
    assert CANARY.encode() not in done.stdout + done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_a_trap_of_the_operator_s_own_stays_theirs(shell: str, tools: Tools) -> None:
    done = run(f"trap 'echo theirs' EXIT; {command_on('aws')}; echo goes on", b"x", shell)

    assert done.stdout == b"goes on\ntheirs\n"
    assert tools.value == b"x"


@pytest.mark.parametrize(
    "options", ["errexit", "nounset", "pipefail", "noglob", "xtrace:allexport", "keyword"]
)
def test_options_that_bash_takes_from_its_environment_change_nothing(
    options: str, tools: Tools
) -> None:
    tools.put_sh("bash")
    done = run(command_on("aws"), CANARY.encode(), SHELLOPTS=options)

    assert done.returncode == 0, done.stderr
    assert done.stdout == b""
    assert tools.value == CANARY.encode()
    assert CANARY not in json.dumps(tools.environment)
    assert CANARY.encode() not in done.stderr


def script_of(command: str) -> str:
    return shlex.split(command)[2]


def variables_of(command: str) -> set[str]:
    """Every name that the script gives a value: `name=`, and `for name in`."""
    script = script_of(command)
    return {*re.findall(r"\b([a-z]\w*)=", script), *re.findall(r"\bfor (\w+) in", script)}


def document_on(cloud: str) -> str:
    recording = recording_on(cloud)
    recording.run(lambda: Secret("Api", fields=["A", "B"]))
    command: str = recording.outputs["Api"]["setCommand"]
    return command


VALUES: dict[str, tuple[Callable[[str], str], bytes]] = {
    "plain": (command_on, f"{CANARY}\n".encode()),
    "white space around": (command_on, f"\n {CANARY} \n\n".encode()),
    "large": (command_on, (CANARY * 20_000).encode()),
    "document": (document_on, f'{{"A": "{CANARY}", "B": [true, 1, "\\n\u00fc"]}}'.encode()),
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("command_of", "value"), VALUES.values(), ids=VALUES.keys())
def test_no_variable_that_the_caller_exported_carries_the_value_on(
    shell: str, command_of: Callable[[str], str], value: bytes, tools: Tools
) -> None:
    tools.put_sh(shell)
    command = command_of("aws")
    names = variables_of(command)
    assert {"v", "u", "e", "b", "w"} <= names
    done = run(command, value, **dict.fromkeys(names, "exported before"))

    assert done.returncode == 0, done.stderr
    assert tools.value == value.removesuffix(b"\n")
    assert names & tools.environment.keys() == set()
    seen = json.dumps(tools.environment)
    in_octal = " ".join(f"{byte:03o}" for byte in CANARY[:3].encode())
    assert CANARY not in seen
    assert in_octal not in seen
    assert in_octal.replace(" ", ".") not in seen


@pytest.mark.parametrize("called", ["sh", "bash"])
def test_functions_that_the_caller_exported_from_bash_change_nothing(
    called: str, tools: Tools
) -> None:
    tools.put_sh("bash")
    command = document_on("aws")
    own = re.findall(r"\b([a-z]\w*)\(\)", script_of(command))
    assert {"no", "back", "n", "j"} <= {*own}
    names = [*own, "printf", "od", "echo", "stty", "command", *variables_of(command)]
    functions = {f"BASH_FUNC_{name}%%": "() { echo theirs; }" for name in names}
    command = command.replace("sh -c", f"{called} -c", 1)

    done = run(command, b'{"A": "x"}', "bash", **functions)
    assert done.returncode == 1
    assert b"Missing: B." in done.stderr
    assert b"theirs" not in done.stdout + done.stderr
    assert not tools.called

    done = run(command, b'{"A": "x", "B": "y"}', "bash", **functions)
    assert done.returncode == 0
    assert done.stdout + done.stderr == b""
    assert tools.value == b'{"A": "x", "B": "y"}'


@pytest.mark.parametrize("name", ["v", "u", "e", "b", "w"])
def test_a_variable_that_is_read_only_where_it_runs_is_refused(name: str, tools: Tools) -> None:
    setting = tools.folder / "setting"
    setting.write_text(f"declare -rx {name}=before\n")
    command = command_on("aws").replace("sh -c", "bash -c", 1)
    done = run(command, CANARY.encode(), "dash", BASH_ENV=str(setting))

    assert done.returncode == 1
    assert b"A variable that it needs is read-only, so nothing was set." in done.stderr
    assert not tools.called


@pytest.mark.parametrize("shell", SHELLS)
def test_it_fails_as_the_cloud_s_tool_fails(shell: str, tools: Tools) -> None:
    tools.put_sh(shell)
    tools.put("aws", "#!/bin/sh\nexit 7\n")
    long = ("x" * 100_000).encode()  # the tool ends before it has read it

    assert run(command_on("aws"), b"x").returncode == 7
    assert run(command_on("aws"), long).returncode == 7


@pytest.mark.parametrize("shell", SHELLS)
def test_a_value_that_could_not_be_read_to_its_end_is_not_set(shell: str, tools: Tools) -> None:
    tools.put_sh(shell)
    tools.put("od", "#!/bin/sh\necho ' 143 141'\nexit 5\n")

    assert run(command_on("aws"), b"x").returncode == 5
    assert not tools.called


# At a terminal ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS)
def test_at_a_terminal_the_value_is_asked_for_and_never_shown_and_echo_comes_back(
    shell: str, tools: Tools
) -> None:
    tools.put_sh(shell)
    with at_a_terminal(*shlex.split(command_on("aws"))) as terminal:
        terminal.asks()
        assert not terminal.echoes()
        terminal.press(f"{CANARY} ü\n\x04")
        assert terminal.ends() == 0
        assert terminal.echoes()

    assert (
        "Value of shop/production/stripe-api-key (not shown; Enter, then Ctrl-D): "
        in terminal.shown
    )
    assert CANARY not in terminal.shown
    assert tools.value == f"{CANARY} ü".encode()


@pytest.mark.parametrize("shell", PASTED_IN)
def test_at_a_terminal_it_can_be_pasted_in_any_shell(shell: str, tools: Tools) -> None:
    words = ["busybox", "sh"] if shell == "busybox" else [shell]
    with at_a_terminal(*words, "-c", command_on("aws")) as terminal:
        terminal.asks()
        terminal.press("ü\n\x04")
        assert terminal.ends() == 0

    assert tools.value == "ü".encode()


@pytest.mark.parametrize("shell", SHELLS)
def test_interrupted_at_the_terminal_nothing_is_set_and_echo_comes_back(
    shell: str, tools: Tools
) -> None:
    tools.put_sh(shell)
    with at_a_terminal(*shlex.split(command_on("aws"))) as terminal:
        terminal.asks()
        terminal.press("half a val")
        assert terminal.ends(again="\x03") != 0
        assert terminal.echoes()

    assert not tools.called


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("kill", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_killed_at_the_terminal_nothing_is_set_and_echo_comes_back(
    shell: str, kill: signal.Signals, tools: Tools
) -> None:
    tools.put_sh(shell)
    with at_a_terminal(*shlex.split(command_on("aws"))) as terminal:
        terminal.asks()
        terminal.press("half a val\n")
        assert terminal.ends(kill=kill) != 0
        assert terminal.echoes()

    assert not tools.called


@pytest.mark.parametrize("shell", SHELLS)
def test_where_only_the_shell_is_killed_what_is_typed_after_that_is_not_set(
    shell: str, tools: Tools
) -> None:
    reading = tools.folder / "reading"
    tools.put("od", f'#!/bin/sh\n: >{reading}\nexec {shutil.which("od")} "$@"\n')
    tools.put_sh(shell)
    with at_a_terminal(*shlex.split(command_on("aws"))) as terminal:
        terminal.asks()
        terminal.waits_until(
            reading.exists
        )  # a shell that is just starting a program can lose a signal
        terminal.kill_sh()
        terminal.press(f"{CANARY}\n\x04")
        assert terminal.ends() != 0
        assert terminal.echoes()

    if shell not in (
        "zsh",
        "ksh93",
    ):  # they need not wait for `od` with their trap, and then the terminal echoes again at once
        assert CANARY not in terminal.shown
    assert not tools.called


@pytest.mark.parametrize("shell", SHELLS)
def test_when_the_window_is_closed_nothing_is_set(shell: str, tools: Tools) -> None:
    tools.put_sh(shell)
    with at_a_terminal(*shlex.split(command_on("aws"))) as terminal:
        terminal.asks()
        terminal.press("half a val")
        assert terminal.hangs_up() != 0

    assert not tools.called


def test_suspending_or_quitting_neither_shows_the_value_nor_writes_it_to_the_disk(
    tools: Tools,
) -> None:
    """A shell with job control makes the terminal echo again when a command is suspended; a quit dumps its memory."""
    with at_a_terminal("bash", "-mc", command_on("aws")) as terminal:
        terminal.asks()
        terminal.press("\x1a\x1c")
        terminal.press(f"{CANARY}\n\x04")
        assert terminal.ends() == 0

    assert CANARY not in terminal.shown
    assert tools.value == CANARY.encode()


# A terminal passes on 4,095 bytes of a line, and not a word about the rest.
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "typed",
    ["x" * 6000 + "\n\x04", "x" * 4095 + "\x04\x04", "ü" * 3000 + "\n\x04", "🔑" * 1024 + "\n\x04"],
    ids=["6000 bytes", "4095 bytes, not entered", "two bytes each", "four bytes each"],
)
def test_a_line_that_a_terminal_cuts_off_sets_nothing(shell: str, typed: str, tools: Tools) -> None:
    tools.put_sh(shell)
    with at_a_terminal(*shlex.split(command_on("aws"))) as terminal:
        terminal.asks()
        terminal.press(typed)
        assert terminal.ends(again="\x04") == 1

    assert "A terminal cuts lines off after 4095 bytes, so nothing was set." in terminal.shown
    assert not tools.called


@pytest.mark.parametrize("shell", SHELLS)
def test_a_line_that_a_terminal_just_takes_arrives(shell: str, tools: Tools) -> None:
    line = "ü" * 2047
    tools.put_sh(shell)
    with at_a_terminal(*shlex.split(command_on("aws"))) as terminal:
        terminal.asks()
        terminal.press(f"{line}\n\x04")
        assert terminal.ends() == 0

    assert tools.value == line.encode()


@pytest.mark.parametrize("shell", SHELLS)
def test_at_a_terminal_many_lines_arrive_that_are_longer_only_together(
    shell: str, tools: Tools
) -> None:
    value = "\n".join([CANARY.ljust(70, "x")] * 200)
    tools.put_sh(shell)
    with at_a_terminal(*shlex.split(command_on("aws"))) as terminal:
        terminal.asks()
        terminal.press(f"{value}\n\x04")
        assert terminal.ends() == 0, terminal.shown

    assert tools.value == value.encode()
    assert CANARY not in terminal.shown


# What is typed, what arrives, and what is said of it.
TYPED = {
    "as usual": ("ab\n", "ab", [dropped(1, "end")]),
    "pasted with a line break": ("\nab\n", "ab", [dropped(1, "beginning"), dropped(1, "end")]),
    "empty lines around": (
        "\n\na\n\nb\n\n\n",
        "a\n\nb",
        [dropped(2, "beginning"), dropped(3, "end")],
    ),
    "spaces": (" ab \n", " ab ", [dropped(1, "end"), KEPT_FIRST, KEPT_LAST]),
    "not entered": ("ab\x04", "ab", []),
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("typed", "arrives", "said"), TYPED.values(), ids=TYPED.keys())
def test_at_a_terminal_line_breaks_around_the_value_are_dropped_and_that_is_said(
    shell: str, typed: str, arrives: str, said: list[bytes], tools: Tools
) -> None:
    tools.put_sh(shell)
    with at_a_terminal(*shlex.split(command_on("aws"))) as terminal:
        terminal.asks()
        terminal.press(f"{typed}\x04")
        assert terminal.ends() == 0

    assert tools.value == arrives.encode()
    after = terminal.shown.partition("Ctrl-D): ")[2].split()
    assert after == b" ".join(said).decode().split()


@pytest.mark.parametrize("shell", SHELLS)
def test_at_a_terminal_line_breaks_alone_set_nothing(shell: str, tools: Tools) -> None:
    tools.put_sh(shell)
    with at_a_terminal(*shlex.split(command_on("gcp"))) as terminal:
        terminal.asks()
        terminal.press("\n\n\x04")
        assert terminal.ends() == 1

    assert "Nothing was given, so nothing was set." in terminal.shown
    assert not tools.called


def test_the_fields_of_a_document_are_asked_for(cloud: str) -> None:
    recording = recording_on(cloud)
    recording.run(lambda: Secret("api", fields=["STRIPE_API_KEY", "DATABASE_URL"]))

    assert (
        "one JSON object with the keys STRIPE_API_KEY, DATABASE_URL"
        in recording.outputs["api"]["setCommand"]
    )


def test_hostile_tags_are_one_word_each_for_the_shell(tools: Tools) -> None:
    note = 'it\'s $(touch /tmp/x); "quoted" & more'
    assert run(command_on("azure", note=note), b"x").returncode == 0

    assert f"note={note}" in tools.argv
    assert shlex.join(tools.argv).count("touch") == 1
