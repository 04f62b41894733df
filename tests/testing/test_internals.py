"""The private names of Pulumi's SDK that the testing kit relies on, each where nothing else would notice."""

import ast
import contextvars
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pytest

from infra_secrets.testing import Recording, Rehearsal
from tests.conftest import ROOT

TESTING = ROOT / "infra_secrets" / "testing"


@pytest.mark.engine
def test_a_program_shares_no_connection_with_another_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[list[tuple[str, Any]]] = []
    before = grpc.insecure_channel

    def noted(target: str, options: Any = None, **more: Any) -> grpc.Channel:
        opened.append(list(options or ()))
        return before(target, options=options, **more)

    monkeypatch.setattr(grpc, "insecure_channel", noted)
    with Rehearsal(lambda: pulumi.export("one", 1)) as rehearsal:
        rehearsal.up()

    assert len(opened) >= 2  # to the engine and to its monitor
    assert all(("grpc.use_local_subchannel_pool", 1) in options for options in opened)


def test_outside_a_rehearsal_the_sdk_does_what_it_does_without_this_package() -> None:
    def program() -> int:
        pulumi.runtime.set_all_config({"project:there": "1"})
        with pytest.raises(pulumi.ConfigMissingError):
            pulumi.Config("project").require("missing")
        return pulumi.Config("project").require_int("there")

    assert contextvars.copy_context().run(program) == 1


def test_a_recording_that_nobody_listens_to_makes_no_config_up() -> None:
    with pytest.raises(pulumi.ConfigMissingError):
        Recording().run(lambda: pulumi.Config().require("missing"))


def private_names(file: Path) -> list[str]:
    """Return what a file imports from Pulumi under a private name."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "pulumi":
            parts = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            found += [part for part in parts if part.startswith("_")]
    return found


def test_private_names_are_imported_in_one_file() -> None:
    files = {file: private_names(file) for file in TESTING.rglob("*.py")}

    assert [file.name for file, names in files.items() if names] == ["internals.py"]


def test_each_private_name_and_replaced_method_names_a_test_that_exists() -> None:
    text = (TESTING / "internals.py").read_text(encoding="utf-8")
    named = {word.strip(".,") for word in text.split() if word.startswith("test_")}
    tests = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("*.py"))

    files = [word.strip(".,") for word in text.split() if word.startswith("tests/")]

    assert named
    assert files
    assert [file for file in files if not (ROOT / file).is_file()] == []
    assert [name for name in sorted(named) if f"def {name}(" not in tests] == []
