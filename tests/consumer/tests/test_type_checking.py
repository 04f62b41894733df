"""What a type checker reads for a program with the package: no provider's SDK that the program does not import.

Nothing is timed. With mypy, reading `pulumi_kubernetes` takes minutes and 20 GB, `pulumi_aws` three minutes and 2.4 GB.
"""

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import infra_secrets

FIVE_LINES = """\
import pulumi

from infra_secrets import Secret

stripe = Secret("StripeApiKey", cloud="aws", owner="payments@example.com")
pulumi.export("set_stripe_api_key", stripe.set_command)
"""
EVERY_NAME = "from infra_secrets import " + ", ".join(infra_secrets.__all__) + "\n"
THE_KIT = "from infra_secrets.testing import Canary, Recording, Rehearsal, SimulatedAws\n"
EVERY_MODULE = "".join(
    f"import {module.name}\n"
    for module in pkgutil.walk_packages(infra_secrets.__path__, "infra_secrets.")
)

CACHE = ("--cache-dir=cache", "--no-sqlite-cache")  # one folder or file a module


def packages_read(program: str, folder: Path) -> set[str]:
    """Name the packages that `mypy --strict` reads for a program, by what it keeps in a fresh cache."""
    (folder / "program.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", *CACHE, "program.py"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {kept.name.partition(".")[0] for kept in folder.glob("cache/3.*/*")}


@pytest.mark.parametrize(
    "program",
    [FIVE_LINES, EVERY_NAME, THE_KIT, EVERY_MODULE],
    ids=["Secret", "every name", "what tests import", "every module"],
)
def test_mypy_reads_pulumi_and_no_provider_s_sdk(program: str, tmp_path: Path) -> None:
    read = packages_read(program, tmp_path)

    assert {"infra_secrets", "pulumi", "program"} <= read
    assert [name for name in read if name.startswith("pulumi_")] == []


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["mypy"], "expected \"Literal['aws', 'azure', 'gcp']\""),
        (
            ["pyright", "--pythonpath", sys.executable],
            "cannot be assigned to parameter \"cloud\" of type \"Literal['aws', 'azure', 'gcp']\"",
        ),
    ],
    ids=["mypy", "pyright"],
)
def test_a_wrong_word_is_answered_with_those_that_would_do(
    command: list[str], says: str, tmp_path: Path
) -> None:
    (tmp_path / "program.py").write_text(
        'from infra_secrets import Secret\nSecret("A", cloud="asw")\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", *command, "program.py"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert says in done.stdout
