"""A `pulumi` on the PATH that answers what `cli/stacks.py` asks, as the real one does: stacks, and a stack's state."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """#!{python}
import json, sys
answers = json.load(open({file!r}))
arguments = [each for each in sys.argv[1:] if not each.startswith("--non")]
if arguments[:2] == ["stack", "ls"]:
    print(json.dumps(answers["stacks"]))
elif arguments[:2] == ["stack", "export"]:
    words = " ".join(arguments).replace("=", " ").split()
    stack = words[words.index("--stack") + 1].rpartition("/")[2]
    if stack not in answers["states"]:
        sys.exit(f"error: no stack named '{{stack}}' found")
    print(json.dumps(answers["states"][stack]))
else:
    sys.exit("error: not expected")
"""


def secret(
    reference: str, id_: str | None, *, logical_name: str, cloud: str = "aws", **inputs: Any
) -> dict[str, Any]:
    """Make a `Secret` as a state has it."""
    outputs = {"reference": reference} | ({"secretId": id_} if id_ else {})
    return {
        "urn": f"urn:pulumi:dev::shop::infra-secrets:index:Secret::{logical_name}",
        "type": "infra-secrets:index:Secret",
        "inputs": {"cloud": cloud, "reference": reference, **inputs},
        "outputs": outputs,
    }


def arn(reference: str, region: str = "eu-central-1") -> str:
    """Make the id of a secret on AWS."""
    return f"arn:aws:secretsmanager:{region}:123456789012:secret:{reference}-AbCdEf"


def project(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    states: Mapping[str, Sequence[dict[str, Any]]],
    *,
    selected: str | None = None,
    config: Mapping[str, str] | None = None,
) -> Path:
    """Write a project `shop` with these stacks, and put the `pulumi` that knows them on the PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n", encoding="utf-8")
    for stack, text in (config or {}).items():
        (folder / f"Pulumi.{stack}.yaml").write_text(text, encoding="utf-8")
    tools = folder / "tools"
    tools.mkdir()
    answers = tools / "answers.json"
    answers.write_text(
        json.dumps(
            {
                "stacks": [{"name": each, "current": each == selected} for each in states],
                "states": {
                    stack: {"version": 3, "deployment": {"resources": [*resources]}}
                    for stack, resources in states.items()
                },
            }
        ),
        encoding="utf-8",
    )
    tool = tools / "pulumi"
    tool.write_text(PROGRAM.format(python=sys.executable, file=str(answers)), encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.chdir(folder)
    return folder
