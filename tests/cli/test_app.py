"""What all commands have in common: help with examples, `--quiet`, no colour, completion, and a quick start."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from infra_secrets.cli import app
from tests.cli.fake_pulumi import arn, project, secret
from tests.cli.test_rehearse import call
from tests.conftest import PATIENCE, ROOT
from tests.values import Values, connected

REFERENCE = "payments/production/stripe-api-key"
COMMANDS = typer.main.get_command(app.make())
NAMES: list[str] = sorted(COMMANDS.commands)  # type: ignore[attr-defined] # it is a group


def helped(*command: str, **variables: str) -> str:
    """Ask for help at a terminal that is wide enough."""
    done = subprocess.run(
        [sys.executable, "-c", "from infra_secrets.cli import main; main()", *command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **variables},
    )
    return done.stdout


@pytest.mark.parametrize("command", ["", *NAMES])
def test_help_has_examples_each_of_which_the_command_line_takes(command: str) -> None:
    text = helped(*([command] if command else []))

    examples = re.findall(
        r"^ *(?:.* \| )?(infra-secrets .+?) *$", text.partition("Examples:")[2], re.MULTILINE
    )
    assert examples
    for example in examples:
        _, *words = shlex.split(example)
        name = next((word for word in words if word in NAMES), None)
        if name is None:
            assert words[0] in text
            continue
        options = [word.partition("=")[0] for word in words if word.startswith("--")]
        known = helped(name)
        assert [each for each in options if each not in known] == []


@pytest.mark.parametrize("command", ["", *NAMES])
def test_every_command_says_what_it_ends_with_and_lines_are_whole_sentences(command: str) -> None:
    text = helped(*([command] if command else []))

    assert "--help" in text
    assert not command or "Exit code: 0 " in text


def test_colours_are_left_out_where_nobody_wants_them() -> None:
    coloured = helped("set", FORCE_COLOR="1")
    plain = helped("set", FORCE_COLOR="1", NO_COLOR="1")

    assert re.search(r"\x1b\[[0-9;]*3[0-9]m", coloured)
    assert not re.search(r"\x1b\[[0-9;]*[34][0-9]m", plain)


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Values:
    values = Values()
    values.add(REFERENCE)
    connected(monkeypatch, values)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("infra_secrets.cli.set.memory.guard", lambda: None)
    return values


@pytest.mark.parametrize(
    "words",
    [["--quiet", "set", REFERENCE], ["set", REFERENCE, "--quiet"], ["-q", "set", "-q", REFERENCE]],
    ids=" ".join,
)
def test_quiet_says_nothing_but_errors_wherever_it_stands(
    values: Values, capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str]
) -> None:
    file = tmp_path / "value"
    file.write_text("made-up\n", encoding="utf-8")
    arguments = [*words, "--file", str(file), "--cloud", "aws"]

    assert call(capsys, *arguments) == call(capsys, *arguments, "--force")
    assert values.text(REFERENCE) == "made-up"
    assert call(capsys, *arguments).err.startswith("Error: This is the present value")
    shown = call(capsys, *arguments, "--force", "--json")
    assert shown.out.startswith("{"), "what was asked for is given"
    assert shown.err == ""


def completed(folder: Path, words: str, **variables: str) -> list[str]:
    """Ask for completions as bash's script does."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'infra-secrets'\n" + _MAIN],
        capture_output=True,
        text=True,
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
            "_INFRA_SECRETS_COMPLETE": "complete_bash",
            **variables,
        },
        check=False,
        timeout=PATIENCE,
    )
    assert done.stderr == ""
    return done.stdout.split()


_MAIN = "from infra_secrets.cli import main; main()"


def test_references_of_a_project_are_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = {
        stack: [secret(f"shop/{stack}/stripe-api-key", arn("x"), logical_name="StripeApiKey")]
        for stack in ("dev", "production")
    }
    config = dict.fromkeys(states, "")
    shop = project(tmp_path / "shop", monkeypatch, states, selected="dev", config=config)

    assert completed(shop, "infra-secrets set ") == ["StripeApiKey", "shop/dev/stripe-api-key"]
    assert completed(shop, "infra-secrets set shop/d") == ["shop/dev/stripe-api-key"]
    assert completed(shop, "infra-secrets set --stack production shop/") == [
        "shop/production/stripe-api-key"
    ]
    assert completed(shop, "infra-secrets set --stack p") == ["production"]
    assert completed(shop, "infra-secrets set --cloud a") == ["aws", "azure"]


def test_nothing_is_offered_where_nothing_is_known(tmp_path: Path) -> None:
    assert completed(tmp_path, "infra-secrets set pay") == []
    assert completed(tmp_path, "infra-secrets set pay", INFRA_SECRETS_CLOUD="nothing") == []


def test_help_needs_no_client_library_and_no_engine() -> None:
    program = (
        "import sys\n"
        "try:\n    from infra_secrets.cli import main; main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([each for each in ('boto3', 'botocore', 'google.cloud', 'azure.identity', 'pulumi', 'yaml') "
        "if each in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert done.stderr == "[]\n"


def test_a_help_that_needs_no_places_looks_at_no_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    def never() -> None:
        raise AssertionError("looked")

    monkeypatch.setattr("infra_secrets.cli.where.parts_of_places", never)
    app.make(["--help"])
    with pytest.raises(AssertionError, match="looked"):
        app.make(["--quiet", "set", "--help"])


# Typed wrong, and gone wrong


@pytest.mark.parametrize(
    "words",
    [
        ["made-up-pw"],
        ["--made-up-pw"],
        ["--quiet=made-up-pw"],
        ["status", "--made-up-pw"],
        ["status", "--all-stacks=made-up-pw"],
        ["status", "--check", "made-up-pw", "--cloud", "aws"],
        ["doctor", "made-up-pw"],
        ["doctor", "--as", "made-up-pw"],
        ["doctor", "--timeout", "made-up-pw"],
        ["rehearse", "--made-up-pw=x"],
        ["rehearse", ".", "made-up-pw"],
    ],
)
@pytest.mark.usefixtures("values")
def test_what_was_typed_wrong_is_2_and_is_never_repeated(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    said = call(capsys, *words)

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Error: ")
    if "--check" not in words:  # a file is named, where it is said that there is none
        assert "made-up-pw" not in said.err


def test_a_misspelt_option_is_told_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Did you mean --all-stacks?" in call(capsys, "status", "--all-stack").err


@pytest.mark.parametrize("error", [RuntimeError, KeyError, RecursionError, OSError])
@pytest.mark.parametrize("command", ["status", "doctor"])
def test_what_nobody_foresaw_is_2_in_one_sentence_without_what_it_says(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: type[Exception],
    command: str,
) -> None:
    def fails(*_arguments: object, **_options: object) -> None:
        raise error("made-up-pw")

    monkeypatch.setattr("infra_secrets.cli.status.work.find", fails)
    monkeypatch.setattr("infra_secrets.cli.doctor.examination.examine", fails)

    said = call(capsys, command)

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Error: ")
    assert said.err.count("\n") == 1
    assert "made-up-pw" not in said.err


def shell(line: str) -> "subprocess.CompletedProcess[str]":
    """Run a line of shell in which `$it` is the command line."""
    return subprocess.run(
        [
            "/bin/bash",
            "-c",
            f'it() {{ {shlex.quote(sys.executable)} -c {shlex.quote(_MAIN)} "$@"; }}; {line}',
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.parametrize("words", ["--version", "--help", "status --permissions"])
def test_a_full_disk_behind_standard_output_is_2_and_is_said(words: str) -> None:
    done = shell(f"it {words} > /dev/full")

    assert (done.returncode, done.stderr) == (
        *(2, "Error: This could not be read or written: No space left on device.\n"),
    )


def test_a_standard_output_that_is_closed_takes_nothing_and_nothing_breaks() -> None:
    assert (shell("it --version >&-").returncode, shell("it --nope >&- 2>&-").returncode) == (0, 2)


def test_somebody_who_reads_no_further_is_not_told_that_something_needs_a_person() -> None:
    done = shell("it --help | head -c 1; exit ${PIPESTATUS[0]}")

    assert done.returncode in (0, 2)
    assert done.stderr == ""
