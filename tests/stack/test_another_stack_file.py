"""`require_esc` says that it could not look when a run has its config from another file than the stack's own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra_secrets import require_esc
from infra_secrets.errors import StackConfigError
from infra_secrets.testing import Recording, Rehearsal
from tests.conftest import ROOT

CANARY = "canary-4712-not-real"
COULD_NOT_LOOK = "require_esc could not check the stack file that this run uses: "
STACK: dict[str, Any] = {"project": "nlp", "stack": "production"}


# On the real engine -------------------------------------------------------------------------------


def own_file(rehearsal: Rehearsal) -> Path:
    return rehearsal._stack.settings.directory / "Pulumi.production.yaml"


@pytest.fixture
def other(tmp_path: Path) -> Iterator[tuple[Rehearsal, Path]]:
    """A stack, and beside its own file a copy that has a secret; the stack's own has none."""
    with Rehearsal(
        require_esc,
        **STACK,
        config={"size": "small", "infra-secrets:requireEsc": "warn"},
        secrets={"token": CANARY},
    ) as rehearsal:
        assert "nlp:token" in rehearsal.preview().output
        file = tmp_path / "other.yaml"
        shutil.copy(own_file(rehearsal), file)
        rehearsal.configure(config={"size": "small"}, secrets={})
        assert rehearsal.preview().warnings == []
        rehearsal.extra_args = ["--config-file", str(file)]
        yield rehearsal, file


@pytest.mark.engine
def test_a_secret_that_only_another_file_has_is_refused_and_the_file_pointed_out(
    other: tuple[Rehearsal, Path],
) -> None:
    rehearsal, file = other
    file.write_text(file.read_text().replace("  infra-secrets:requireEsc: warn\n", ""))
    run = rehearsal.up(check=False)

    assert "config 'nlp:token' is a secret that did not come from an ESC environment" in run.error
    assert COULD_NOT_LOOK in run.error
    assert "is not in Pulumi.production.yaml, which imports no ESC environment" in run.error
    assert "Traceback" not in run.output
    rehearsal.assert_no_leak()


@pytest.mark.engine
def test_without_a_file_of_its_own_a_stack_is_told_that_nothing_was_looked_at(
    other: tuple[Rehearsal, Path],
) -> None:
    rehearsal, _ = other
    own_file(rehearsal).unlink()
    run = rehearsal.up()

    assert any(
        f"{COULD_NOT_LOOK}there is no Pulumi.production.yaml" in said for said in run.warnings
    )
    assert "--config-file" in run.output
    rehearsal.assert_no_leak()


@pytest.mark.engine
@pytest.mark.parametrize(
    ("own", "why"),
    [
        ("size: small, nlp:gone: x", "config 'nlp:gone' is in Pulumi.production.yaml, but not"),
        (
            "size: large",
            "config 'nlp:size' has another value in this run than in Pulumi.production.yaml",
        ),
    ],
)
def test_a_file_that_imports_esc_and_is_not_the_one_in_use_is_not_believed(
    other: tuple[Rehearsal, Path], own: str, why: str
) -> None:
    rehearsal, _ = other
    own_file(rehearsal).write_text(f"environment: [nlp/production]\nconfig: {{nlp:{own}}}\n")
    run = rehearsal.up()

    assert any(f"{COULD_NOT_LOOK}{why}" in said for said in run.warnings)
    assert CANARY not in run.output


# What a program can know --------------------------------------------------------------------------


def warnings_of(
    folder: Path, config: dict[str, Any], own: str | None, project: str = ""
) -> list[str]:
    (folder / "Pulumi.yaml").write_text(f"name: nlp\n{project}")
    if own is not None:
        (folder / "Pulumi.production.yaml").write_text(own)

    def program() -> None:
        from pulumi.runtime.settings import SETTINGS

        SETTINGS.root_directory = str(folder)
        require_esc()

    recording = Recording(**STACK, config=config)
    recording.run(program)
    return recording.warnings


@pytest.mark.parametrize(
    ("config", "own", "project"),
    [
        ({}, None, ""),
        ({"size": "small"}, None, "config: {size: small}"),
        ({"size": "small", "a:b": "c"}, "config: {nlp:size: small}", "config: {a:b: {default: c}}"),
        ({"size": "small", "fromEsc": "x"}, "environment: [a/b]\nconfig: {nlp:size: small}", ""),
        # What YAML readers do not agree about is not compared.
        ({"a": "1000", "b": "no", "c": "0.10"}, "config: {nlp:a: 1e3, nlp:b: no, nlp:c: 0.10}", ""),
        ({"a": '{"b":1}'}, "config: {nlp:a: {b: 1}}", ""),
    ],
)
def test_a_file_that_may_be_the_one_in_use_is_not_doubted(
    tmp_path: Path, config: dict[str, Any], own: str | None, project: str
) -> None:
    assert warnings_of(tmp_path, config, own, project) == []


def test_secrets_that_are_allowed_by_name_do_not_hide_that_it_could_not_look(
    tmp_path: Path,
) -> None:
    [said] = warnings_of(tmp_path, {"token": CANARY}, None)

    assert said.startswith(
        f"{COULD_NOT_LOOK}there is no Pulumi.production.yaml, but this run has config 'nlp:token'"
    )
    assert CANARY not in said


PROGRAM = """
import sys
from infra_secrets.stack.fixing import _asked_for_another_file
print(_asked_for_another_file("Pulumi.production.yaml"))
"""
LANGUAGE_HOST = "import subprocess, sys; sys.exit(subprocess.run([{!r}, '-c', {!r}]).returncode)"


@pytest.mark.parametrize(
    ("arguments", "variable", "says"),
    [
        (["--config-file", "other.yaml"], None, "--config-file"),
        (["--config-file=other.yaml"], None, "--config-file"),
        (["--config-file", "stacks/Pulumi.production.yaml"], None, "None"),
        ([], None, "None"),
        ([], "other.yaml", "PULUMI_OPTION_CONFIG_FILE"),
    ],
)
def test_the_command_that_started_the_program_says_which_file_it_uses(
    arguments: list[str], variable: str | None, says: str
) -> None:
    """A process that is called `pulumi` runs one that runs the program, as the engine and its language host do."""
    done = subprocess.run(
        ["pulumi", "-c", LANGUAGE_HOST.format(sys.executable, PROGRAM), "up", *arguments],
        executable=sys.executable,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            **({"PULUMI_OPTION_CONFIG_FILE": variable} if variable else {}),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout.strip(), done.returncode) == (says, 0), done.stderr


def test_a_file_that_the_environment_names_is_pointed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_OPTION_CONFIG_FILE", "other.yaml")
    [said] = warnings_of(tmp_path, {}, "environment: [a/b]")

    assert said.startswith(f"{COULD_NOT_LOOK}PULUMI_OPTION_CONFIG_FILE names a file other than")


@pytest.mark.parametrize("name", ["Pulumi.production.yml", "Pulumi.production.json"])
def test_a_file_with_another_extension_is_the_stack_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).write_text('{"config": {"nlp:size": "small"}}')
    monkeypatch.setenv("PULUMI_OPTION_CONFIG_FILE", name)

    assert warnings_of(tmp_path, {"size": "small"}, None) == []


def test_a_refusal_about_the_file_that_is_in_use_does_not_doubt_it() -> None:
    recording = Recording(**STACK, secrets={"token": CANARY})
    with pytest.raises(StackConfigError) as refused:
        recording.run(require_esc)

    assert COULD_NOT_LOOK not in str(refused.value)
