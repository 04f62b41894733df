"""What the command says beside its report: progress, failures, hints, its version and completion."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

import infra_secrets
from infra_secrets.cli import main
from infra_secrets.cli.rehearse.report import TerminalProgress
from infra_secrets.clouds.misspelt import misspelt
from infra_secrets.testing import Recording, ordinary_config
from tests.cli.test_rehearse import Said, call, project, run
from tests.conftest import PATIENCE, ROOT

# Standard error is progress alone ----------------------------------------------------------------------

FAILING = {
    "raises at once": 'raise RuntimeError("at once")',
    "raises behind resources": """
        import pulumi_aws as aws
        for number in range(20):
            bucket = aws.s3.Bucket(f"a{number}")
            aws.s3.Bucket(f"b{number}", bucket=bucket.bucket.apply(lambda name: name))
        raise RuntimeError("behind")
        """,
    "raises in an apply": """
        import pulumi
        def fail(_):
            raise RuntimeError("in an apply")
        pulumi.Output.from_input(1).apply(fail)
        """,
    "is refused": """
        from infra_secrets import Secret
        Secret("Ok")
        Secret("A", retentoin="keep")
        """,
    "exits in callbacks": """
        import sys
        import pulumi
        for number in range(20):
            pulumi.Output.from_input(number).apply(lambda code: sys.exit(code + 1))
        """,
    "exits": 'import sys\nsys.exit("no")',
    "is no Python": "def (",
    "lacks a library": "import no_such_library",
    "fails in a coroutine": """
        import pulumi
        async def program():
            raise RuntimeError("in a coroutine")
        pulumi.run(program)
        """,
}


@pytest.mark.engine
@pytest.mark.parametrize("program", FAILING.values(), ids=list(FAILING))
def test_a_failed_run_writes_nothing_but_progress_to_standard_error(
    tmp_path: Path, program: str
) -> None:
    said = run("rehearse", str(project(tmp_path / "shop", program)), "--cloud", "aws")

    assert said.code == 1
    first, second = said.err.splitlines()
    assert first == "aws: preview ..."
    assert re.fullmatch(r"not well  aws: preview: failed \(\d+\.\d s\)", second)


@pytest.mark.engine
def test_an_engine_that_dies_leaves_no_traceback(tmp_path: Path) -> None:
    program = """
        import os
        import signal
        import pulumi_aws as aws

        for number in range(10):
            aws.s3.Bucket(f"a{number}")
        for process in os.listdir("/proc"):
            if process.isdigit():
                with open(f"/proc/{process}/stat") as file:
                    name, _, rest = file.read().rpartition(")")
                if rest.split()[1] == str(os.getpid()) and "(pulumi" in name:
                    os.kill(int(process), signal.SIGKILL)
        """
    said = run("rehearse", str(project(tmp_path / "shop", program)), "--cloud", "aws")

    assert said.code == 1
    assert [line.partition(":")[0] for line in said.err.splitlines()] == ["aws", "not well  aws"]


@pytest.mark.engine
def test_a_program_that_ends_itself_well_is_rehearsed(tmp_path: Path) -> None:
    said = run(
        "rehearse", str(project(tmp_path / "shop", "import sys\nsys.exit(0)\n")), "--cloud", "aws"
    )

    assert said.code == 0
    assert "All is well." in said.out


@pytest.mark.engine
@pytest.mark.parametrize(
    ("code", "sentence"),
    [("3", "the program ended itself with exit code 3"), ("'no'", "the program ended itself: no")],
)
def test_a_program_that_ends_itself_badly_is_one_sentence(
    tmp_path: Path, code: str, sentence: str
) -> None:
    said = run("rehearse", str(project(tmp_path / "shop", f"import sys\nsys.exit({code})\n")))

    assert said.code == 1
    assert f"  - {sentence}\n" in said.out
    assert "Traceback" not in said.out


def test_an_interrupt_while_libraries_load_is_said_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "typer").mkdir()
    (tmp_path / "typer" / "__init__.py").write_text("raise KeyboardInterrupt\n")

    said = run("--version", environment={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})

    assert (said.code, said.err) == (130, "Interrupted.\n")


@pytest.mark.parametrize("begun", [False, True])
def test_an_interrupt_before_a_subcommand_takes_care_of_it_is_said_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    def interrupted(*_given: object, **_named: object) -> None:
        raise KeyboardInterrupt

    if begun:  # while Typer reads what was typed
        monkeypatch.setattr("infra_secrets.cli.app.Commands.resolve_command", interrupted)
    else:
        monkeypatch.setattr("infra_secrets.cli.app.make", interrupted)
    with pytest.raises(SystemExit) as ended:
        main(["status"])

    assert (ended.value.code, capsys.readouterr().err.strip()) == (130, "Interrupted.")


# Progress ----------------------------------------------------------------------------------------------


def _progress(steps: Callable[[TerminalProgress], None], *, terminal: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=60, color_system=None)
    steps(TerminalProgress(console, "aws"))
    return out.getvalue()


def test_progress_counts_resources_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")

    def steps(progress: TerminalProgress) -> None:
        with progress.step("up"):
            progress.resource(12, 38, "aws:s3/bucket:Bucket logs")

    assert "aws: up  12/38  aws:s3/bucket:Bucket logs" in _progress(steps, terminal=True)


def test_progress_in_a_log_is_a_line_at_each_quarter_of_many_resources() -> None:
    def steps(progress: TerminalProgress) -> None:
        with progress.step("up"):
            for done in range(201):
                progress.resource(done, 200, "aws:s3/bucket:Bucket logs")

    assert _progress(steps, terminal=False).splitlines() == [
        "aws: up ...",
        "aws: up  50/200",
        "aws: up  100/200",
        "aws: up  150/200",
    ]


def test_progress_in_a_log_is_one_line_for_few_resources() -> None:
    def steps(progress: TerminalProgress) -> None:
        with progress.step("up"):
            for done in range(9):
                progress.resource(done, 8, "aws:s3/bucket:Bucket logs")

    assert _progress(steps, terminal=False) == "aws: up ...\n"


@pytest.mark.engine
def test_a_rehearsal_knows_from_its_preview_how_many_resources_there_are(tmp_path: Path) -> None:
    program = """
        import pulumi_aws as aws
        for number in range(40):
            aws.s3.Bucket(f"bucket{number}")
        """
    said = run("rehearse", str(project(tmp_path / "shop", program)), "--cloud", "aws")

    for title in ("up", "preview --diff", "up again", "destroy"):
        assert f"aws: {title}  20/40" in said.err.splitlines()


# The command itself ------------------------------------------------------------------------------------


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    said = call(capsys, "--version")

    assert said == Said(0, f"infra-secrets {infra_secrets.__version__}\n", "")


def _completed(tmp_path: Path, words: str, shell: str = "bash") -> str:
    """Ask for completions as a shell's script does."""
    script = tmp_path / "infra-secrets"
    script.write_text("import infra_secrets.cli\ninfra_secrets.cli.main()\n")
    asked = {
        "bash": {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": words},
        "fish": {"_TYPER_COMPLETE_ARGS": words, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, **asked, "_INFRA_SECRETS_COMPLETE": f"complete_{shell}"},
        check=False,
        timeout=PATIENCE,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_stacks_and_clouds_are_completed(tmp_path: Path, shell: str) -> None:
    files = {"Pulumi.dev.yaml": "", "Pulumi.production.yaml": ""}
    project(tmp_path / "shop", "", **files)

    stacks = _completed(tmp_path, "infra-secrets rehearse shop --stack ", shell)
    assert "dev" in stacks
    assert "production" in stacks
    clouds = _completed(tmp_path, "infra-secrets rehearse --cloud a", shell)
    assert "aws" in clouds
    assert "azure" in clouds
    assert "gcp" not in clouds


def test_completion_installs_nothing_unasked(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()

    said = run("--help", environment={"HOME": str(home)})

    assert "--install-completion" in said.out
    assert [*home.iterdir()] == []


# Hints -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("infra-secret:cloud", "Did you mean infra-secrets:cloud?"),
        ("infrasecrets:cloud", "Did you mean infra-secrets:cloud?"),
        ("infra_secrets:retention", "Did you mean infra-secrets:retention?"),
        ("infra-secrets:clod", "Did you mean infra-secrets:cloud?"),
        ("infra-secrets:azureVault", "Did you mean infra-secrets:azureVaultId?"),
    ],
)
def test_a_misspelt_config_key_gets_the_right_one(key: str, hint: str) -> None:
    [sentence] = misspelt([key], "shop")

    assert sentence.startswith(f"config {key} is ignored")
    assert sentence.endswith(hint)


@pytest.mark.parametrize(
    "key", ["infra:cloud", "secrets:cloud", "aws:region", "shop:cloud", "infra-secrets:cloud"]
)
def test_config_that_belongs_to_others_gets_no_hint(key: str) -> None:
    assert [*misspelt([key], "shop")] == []


def test_a_project_that_is_called_alike_has_its_own_config() -> None:
    assert [*misspelt(["infra-secret:clod"], "infra-secret")] == []


def test_a_program_is_warned_once_of_a_misspelt_namespace() -> None:
    def program() -> None:
        from infra_secrets import Secret

        Secret("One")
        Secret("Two")

    recording = Recording(
        project="shop", config={**ordinary_config("aws"), "infra-secret:retention": "discard"}
    )
    recording.run(program)

    assert [text for text in recording.warnings if "infra-secret:" in text] == [
        (
            "config infra-secret:retention is ignored: infra-secrets reads the namespace infra-secrets. "
            "Did you mean infra-secrets:retention?"
        )
    ]


def test_misspelt_config_on_the_command_line_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(tmp_path / "shop", "")

    said = call(capsys, "rehearse", str(folder), "--config", "infra-secret:cloud=aws")

    assert said.code == 2
    assert "Did you mean infra-secrets:cloud?" in said.err


@pytest.mark.engine
def test_a_misspelt_namespace_in_the_stack_file_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = {"Pulumi.dev.yaml": "config:\n  infra-secret:cloud: aws\n"}
    for name, program in (
        ("without", ""),
        ("with", 'from infra_secrets import Secret\nSecret("One", cloud="aws")\n'),
    ):
        said = call(capsys, "rehearse", str(project(tmp_path / name, program, **stack)))
        assert said.out.count("Did you mean infra-secrets:cloud?") == 1


def test_the_missing_file_of_a_stack_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(tmp_path / "shop", "", **{"Pulumi.production.yaml": ""})

    said = call(capsys, "rehearse", str(folder), "--stack", "qa")

    assert said.code == 2
    assert f"There is no {folder / 'Pulumi.qa.yaml'}" in said.err
    assert "production" in said.err


@pytest.mark.engine
def test_the_default_stack_without_a_file_is_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(tmp_path / "shop", "")

    said = call(capsys, "rehearse", str(folder))

    assert said.code == 0
    assert f"There is no {folder / 'Pulumi.dev.yaml'}" in said.out
