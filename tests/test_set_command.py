"""`set_command`, run by real shells: what an operator types arrives whole, and is seen nowhere else."""

import json
import os
import pty
import select
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from infra_secrets import Secret
from tests.conftest import recording_on

CANARY = "canary-51-not-real"
SHELLS = [shell for shell in ("sh", "dash", "bash", "busybox", "zsh", "ksh") if shutil.which(shell)]
TOOLS = {"aws": "aws", "gcp": "gcloud", "azure": "az"}

# Writes down what it was given, and reads the value as the real tool would.
TOOL = f"""#!{sys.executable}
import json, os, pathlib, sys
argv = sys.argv[1:]
value = pathlib.Path("/dev/stdin").read_bytes()
seen = {{"argv": argv, "value": value.decode(), "environment": dict(os.environ)}}
pathlib.Path(os.environ["SEEN"]).write_text(json.dumps(seen))
"""


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put stand-ins for the clouds' tools first on PATH; they leave what they saw in this file."""
    for tool in TOOLS.values():
        path = tmp_path / tool
        path.write_text(TOOL)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SEEN", str(tmp_path / "seen.json"))
    return tmp_path / "seen.json"


def command_on(cloud: str, **arguments: object) -> str:
    recording = recording_on(cloud)
    recording.run(lambda: Secret("StripeApiKey", **arguments))  # type: ignore[arg-type]
    command: str = recording.outputs["StripeApiKey"]["setCommand"]
    return command


def in_shell(shell: str, command: str) -> list[str]:
    return [shell, "sh", "-c", command] if shell == "busybox" else [shell, "-c", command]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("typed", "set_to"),
    [
        (CANARY, CANARY),
        (f"{CANARY}\n", CANARY),
        (f"{CANARY}\n\n", CANARY),
        (
            f"-----BEGIN-----\n{CANARY}\n-----END-----\n",
            f"-----BEGIN-----\n{CANARY}\n-----END-----",
        ),
        (f"  '{CANARY}' \"$HOME\" `id` \\n %s ü 🔑 ", f"  '{CANARY}' \"$HOME\" `id` \\n %s ü 🔑 "),
        ("-n", "-n"),
        (CANARY * 3000, CANARY * 3000),
    ],
    ids=["plain", "newline", "newlines", "pem", "hostile", "like an option", "50 KB"],
)
def test_what_is_piped_in_arrives_without_its_last_newline_and_not_in_argv(
    shell: str, typed: str, set_to: str, seen: Path
) -> None:
    done = subprocess.run(
        in_shell(shell, command_on("aws")), input=typed.encode(), capture_output=True, check=False
    )

    found = json.loads(seen.read_text())
    assert done.returncode == 0, done.stderr
    assert found["value"] == set_to
    assert CANARY not in json.dumps([found["argv"], found["environment"]])
    assert CANARY.encode() not in done.stdout + done.stderr


def test_each_cloud_s_tool_is_called_with_where_the_secret_is(cloud: str, seen: Path) -> None:
    command = command_on(cloud)
    subprocess.run(["sh", "-c", command], input=CANARY.encode(), check=True, capture_output=True)

    argv = json.loads(seen.read_text())["argv"]
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
            *(
                "keyvault",
                "secret",
                "set",
                "--subscription",
                "00000000-0000-0000-0000-000000000000",
            ),
            *("--vault-name", "shop-prod", "--name", "shop--production--stripe-api-key"),
            *("--file", "/dev/stdin", "--encoding", "utf-8", "--output", "none"),
            *("--tags", "infra-secrets.logical-name=StripeApiKey"),
        ],
    }
    assert argv[:4] == expected[cloud][:4]
    assert [word for word in argv if "AbCdEf" not in word and "arn:" not in word] == [
        word for word in expected[cloud] if "AbCdEf" not in word
    ]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("typed", ["", "\n", "\n\n"])
def test_an_empty_value_sets_nothing_and_fails(shell: str, typed: str, seen: Path) -> None:
    done = subprocess.run(
        in_shell(shell, command_on("gcp")), input=typed.encode(), capture_output=True, check=False
    )

    assert done.returncode != 0
    assert b"nothing was set" in done.stderr
    assert not seen.exists()


def test_a_variable_of_the_operator_s_shell_does_not_carry_the_value_into_the_environment(
    seen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("v", "exported before")
    subprocess.run(
        ["sh", "-c", command_on("aws")], input=CANARY.encode(), check=True, capture_output=True
    )

    found = json.loads(seen.read_text())
    assert found["value"] == CANARY
    assert CANARY not in json.dumps(found["environment"])


def test_it_fails_when_the_cloud_s_tool_fails(seen: Path) -> None:
    (seen.parent / "aws").write_text("#!/bin/sh\ncat >/dev/null; exit 7\n")

    assert subprocess.run(["sh", "-c", command_on("aws")], input=b"x", check=False).returncode == 7


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shell != "busybox"])
def test_at_a_terminal_the_value_is_asked_for_and_never_shown_and_echo_comes_back(
    shell: str, seen: Path
) -> None:
    shown = at_a_terminal([shell, "-c", f"{command_on('aws')}; stty -a"], [f"{CANARY}\n", "\x04"])

    assert "Value of shop/production/stripe-api-key (not shown; Enter, then Ctrl-D): " in shown
    assert CANARY not in shown
    assert json.loads(seen.read_text())["value"] == CANARY
    assert " echo " in shown.replace("\r\n", " ").replace(";", " ")


def test_interrupted_at_the_terminal_nothing_is_set_and_echo_comes_back(seen: Path) -> None:
    shown = at_a_terminal(
        ["sh", "-c", f"trap : INT; {command_on('aws')}; stty -a"], ["half a val", "\x03"]
    )

    assert not seen.exists()
    assert " echo " in shown.replace("\r\n", " ").replace(";", " ")


def at_a_terminal(argv: list[str], keys: list[str]) -> str:
    """Run a command at a terminal of its own; the keys are pressed once it has asked."""
    process, terminal = pty.fork()
    if process == 0:
        os.execvp(argv[0], argv)  # noqa: S606 (the arguments are the test's own)
    shown = b""
    try:
        while True:
            ready, _, _ = select.select([terminal], [], [], 20)
            assert ready, f"the command is stuck after showing {shown!r}"
            try:
                chunk = os.read(terminal, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not chunk:
                break
            shown += chunk
            if b"Ctrl-D): " in shown and keys and not _echoes(terminal):
                os.write(terminal, keys.pop(0).encode())
                for key in keys:
                    os.write(terminal, key.encode())
                keys = []
    finally:
        os.waitpid(process, 0)
        os.close(terminal)
    return shown.decode()


def _echoes(terminal: int) -> bool:
    import termios

    attempts = 0
    while termios.tcgetattr(terminal)[3] & termios.ECHO and attempts < 2000:
        select.select([], [], [], 0.005)  # the prompt comes before `stty -echo` has run
        attempts += 1
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def test_the_fields_of_a_document_are_asked_for(cloud: str) -> None:
    recording = recording_on(cloud)
    recording.run(lambda: Secret("api", fields=["STRIPE_API_KEY", "DATABASE_URL"]))

    assert (
        "one JSON object with the keys STRIPE_API_KEY, DATABASE_URL"
        in recording.outputs["api"]["setCommand"]
    )


def test_hostile_tags_are_one_word_each_for_the_shell(seen: Path) -> None:
    tags = {"note": 'it\'s $(touch /tmp/x); "quoted" & more'}
    subprocess.run(
        ["sh", "-c", command_on("azure", tags=tags)], input=b"x", check=True, capture_output=True
    )

    argv = json.loads(seen.read_text())["argv"]
    assert f"note={tags['note']}" in argv
    assert shlex.join(argv).count("touch") == 1


def test_tracing_and_exporting_shells_do_not_show_the_value(seen: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"set -xa; {command_on('aws')}"],
        input=CANARY.encode(),
        capture_output=True,
        check=True,
    )

    assert CANARY.encode() not in done.stdout + done.stderr
    assert CANARY not in json.dumps(json.loads(seen.read_text())["environment"])


def test_a_line_that_a_terminal_cuts_off_sets_nothing(seen: Path) -> None:
    shown = at_a_terminal(["sh", "-c", command_on("aws")], ["x" * 6000, "\n", "\x04"])

    assert "A terminal cuts long lines off" in shown
    assert not seen.exists()
