"""The stack's file, as a user's would be."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from infra_secrets import Secret
from infra_secrets.testing import (
    Recording,
    Rehearsal,
)
from tests.testing.esc.recorded import (
    environment,
    pulumi_config,
)


def stack_file_seen(run: Callable[[Callable[[], None]], object]) -> tuple[Path, Any]:
    found: list[tuple[Path, Any]] = []

    def program() -> None:
        root = Path(pulumi.get_root_directory())
        file = root / f"Pulumi.{pulumi.get_stack()}.yaml"
        found.append((root, yaml.safe_load(file.read_text(encoding="utf-8"))))

    run(program)
    return found[0]


def test_a_recording_has_a_stack_file_as_a_user_s_would_be() -> None:
    recording = Recording(
        "nlp",
        "production",
        {"words": ["é", "\x7f", "😀"], "aws:region": "eu-west-1"},
        {"token": "own secret"},
        esc={
            "a/base": environment({}),
            "a/b": environment({}, imports=["a/base"]),
            "c/d": "values: {}",
        },
    )
    root, settings = stack_file_seen(recording.run)
    ciphertext = settings["config"].pop("nlp:token")
    assert settings == {
        "environment": ["a/b", "c/d"],
        "config": {"nlp:words": ["é", "\x7f", "😀"], "aws:region": "eu-west-1"},
    }
    assert list(ciphertext) == ["secure"]
    assert "own secret" not in str(ciphertext)
    assert not root.exists()


def test_a_recording_without_config_has_a_project_and_no_stack_file() -> None:
    found: list[list[str]] = []
    Recording().run(lambda: found.append(os.listdir(pulumi.get_root_directory())))  # noqa: PTH208
    assert found == [["Pulumi.yaml"]]


def test_a_provider_is_configured_by_an_environment() -> None:
    recording = Recording(
        config={"infra-secrets:cloud": "aws"},
        esc={"a/b": pulumi_config({"aws:region": "eu-west-3"})},
    )
    recording.run(lambda: Secret("db"))
    assert "eu-west-3" in recording.outputs["db"]["setCommand"]


@pytest.mark.engine
def test_a_rehearsal_has_a_stack_file_as_a_user_s_would_be() -> None:
    with Rehearsal(
        project="nlp", config={"n": 1}, secrets={"t": "own secret"}, esc={"a/b": "values: {}"}
    ) as rehearsal:

        def run(program: Callable[[], None]) -> None:
            rehearsal.program = program
            rehearsal.preview()

        _, settings = stack_file_seen(run)
        assert settings["environment"] == ["a/b"]
        assert settings["config"]["nlp:n"] == 1
        assert list(settings["config"]["nlp:t"]) == ["secure"]
        rehearsal.configure(esc={})
        _, settings = stack_file_seen(run)
        assert "environment" not in settings
        rehearsal.assert_no_leak()


@pytest.mark.engine
def test_without_environments_the_program_knows_its_root_directory_too() -> None:
    found: list[set[str]] = []

    def program() -> None:
        found.append({path.name for path in Path(pulumi.get_root_directory()).iterdir()})

    with Rehearsal(program, stack="dev") as rehearsal:
        rehearsal.preview()
    assert found == [{"Pulumi.yaml", "Pulumi.dev.yaml"}]
