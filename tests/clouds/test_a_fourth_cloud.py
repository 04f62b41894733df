"""A cloud that somebody adds: one folder of the product, one simulation, an SDK, and nothing else is touched.

The cloud is `tests/fourth_cloud/`, the template of CONTRIBUTING's recipe. It is copied away, so that nothing around it
helps, and put beside the others in a process of its own, which runs what every cloud promises.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PATIENCE, ROOT

PROMISES = (
    "tests/clouds/test_every_cloud.py",
    "tests/clouds/test_every_cloud_on_the_engine.py",
    "tests/containers/test_on_the_engine.py",
)


@pytest.mark.engine
def test_a_fourth_cloud_keeps_every_promise_and_nothing_else_names_it(tmp_path: Path) -> None:
    away = shutil.copytree(ROOT / "tests" / "fourth_cloud", tmp_path / "fourth_cloud")
    command = [sys.executable, "-m", "pytest", "-p", "fourth_cloud", "-p", "no:cacheprovider"]
    ran = subprocess.run(
        [*command, "-v", "-k", "acme", *PROMISES, str(away / "particular.py")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(away), str(ROOT)])},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout[-8000:]
    for each in PROMISES:
        assert re.search(rf"{re.escape(each)}::\S+\[.*acme.*\] PASSED", ran.stdout), each
    assert "test_acme_is_read_by_an_environment_of_esc PASSED" in ran.stdout


def test_only_its_own_folder_and_its_tests_name_the_fourth_cloud() -> None:
    naming = [
        str(path.relative_to(ROOT))
        for folder in ("infra_secrets", "tests", "examples")
        for path in (ROOT / folder).rglob("*.py")
        if "pulumi_acme" in path.read_text(encoding="utf-8")
    ]

    assert [each for each in naming if not each.startswith("tests/fourth_cloud/")] == [
        "tests/clouds/test_a_fourth_cloud.py"
    ]
