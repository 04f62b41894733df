"""A Pulumi project whose stacks have a recorded state, and a `pulumi` command that answers with it.

What the engine writes into a state is tested beside this, with the engine.
"""

import json
import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from infra_secrets.cli.stacks import SECRET
from infra_secrets.testing.engine.command import find_engine
from infra_secrets.testing.rehearsal.state import State
from tests.conftest import PATIENCE

ACCOUNT = "123456789012"
REGION = "eu-central-1"


def arn(reference: str, region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:aws:secretsmanager:{region}:{account}:secret:{reference}-AbCdEf"


def secret(
    reference: str, *, id_: str | None = "", cloud: str = "aws", **inputs: Any
) -> dict[str, Any]:
    """A `Secret` as `pulumi stack export` has it; `id_` None for one whose container was never made."""
    found = arn(reference) if id_ == "" else id_
    name = "".join(word.capitalize() for word in reference.rpartition("/")[2].split("-"))
    return {
        "urn": f"urn:pulumi:production::shop::{SECRET}::{name}",
        "custom": False,
        "type": SECRET,
        "inputs": {"cloud": cloud, "reference": reference, **inputs},
        "outputs": {} if found is None else {"reference": reference, "secretId": found},
    }


def of_an_older_version(resource: Mapping[str, Any]) -> dict[str, Any]:
    """The same in a state that a package version without inputs wrote."""
    return {key: each for key, each in resource.items() if key != "inputs"}


class RecordedProject:
    """The project `shop` in a folder, and `pulumi` on the PATH.

    Args:
        folder: Where the project's folder is made.
        stacks: The resources of each stack; the first stack is selected.
    """

    def __init__(
        self,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        stacks: Mapping[str, Sequence[Mapping[str, Any]]],
    ) -> None:
        self.directory = folder / "shop"
        self.directory.mkdir()
        (self.directory / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
        self._answers = folder / "answers"
        self._answers.mkdir()
        names = [*stacks]
        listed = [{"name": name, "current": name == names[0]} for name in names]
        (self._answers / "ls").write_text(json.dumps(listed))
        for name, resources in stacks.items():
            deployment = {"manifest": {}, "resources": [*resources]}
            self.answer(name, json.dumps({"version": 3, "deployment": deployment}))
        command = folder / "bin" / "pulumi"
        command.parent.mkdir()
        command.write_text(
            f"#!/bin/sh\ncd {shlex.quote(str(self._answers))}\n"
            'case "$1 $2" in\n'
            '"stack ls") cat ls ;;\n'
            '"stack export") s=${3#--stack=}; [ -f "stack-$s" ] && exec cat "stack-$s"\n'
            "  echo \"error: no stack named '$s' found\" >&2; echo warning: a new version >&2; exit 6 ;;\n"
            "*) exit 1 ;;\nesac\n"
        )
        command.chmod(0o755)
        monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.chdir(self.directory)

    def answer(self, stack: str, text: str) -> None:
        """Let an export answer with a text."""
        (self._answers / f"stack-{stack}").write_text(text)

    def lose(self, stack: str) -> None:
        """Let the backend know nothing of a stack that it has listed."""
        (self._answers / f"stack-{stack}").unlink()


def with_state(
    deployment: Mapping[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Make a project `shop` with a backend of its own, whose selected stack `production` has a rehearsal's state."""
    directory, backend = folder / "shop", folder / "backend"
    directory.mkdir()
    (directory / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    State(backend, "shop", "production").write(deployment)
    for name, text in {
        "PULUMI_BACKEND_URL": backend.as_uri(),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "",
    }.items():
        monkeypatch.setenv(name, text)
    subprocess.run(
        [find_engine(), "stack", "select", "production", "--non-interactive"],
        cwd=directory,
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    return directory
