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

from tests.clouds.test_nothing_else_names_a_cloud import code
from tests.conftest import PATIENCE, ROOT

PROMISES = (
    "tests/clouds/test_every_cloud.py",
    "tests/clouds/test_every_cloud_on_the_engine.py",
    "tests/clouds/login/test_every_cloud.py",
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
    assert "test_acme_s_value_is_set_and_read_and_the_doctor_knows_who_may PASSED" in ran.stdout


def naming(path: Path) -> set[str]:
    """Find what names the fourth cloud in a module's code; its name is also an organization's in examples."""
    example = re.compile(r"(.*/)?acme/.+|acme-production")
    words = {
        word for text in code(path) for word in re.findall(r"(?i)[\w./:-]*acme[\w./:-]*", text)
    }
    return {word for word in words if not example.fullmatch(word)}


def test_only_its_own_folder_and_its_tests_name_the_fourth_cloud() -> None:
    shipped = {
        str(path.relative_to(ROOT)): found
        for folder in ("infra_secrets", "examples")
        for path in (ROOT / folder).rglob("*.py")
        if (found := naming(path))
    }
    tests = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if "pulumi_acme" in path.read_text(encoding="utf-8")
    ]

    assert shipped == {}
    assert [each for each in tests if not each.startswith("tests/fourth_cloud/")] == [
        "tests/clouds/test_a_fourth_cloud.py"
    ]


def test_a_name_of_the_fourth_cloud_in_code_would_be_noticed_and_an_example_would_not(
    tmp_path: Path,
) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        '"""Of acme."""\nIMAGE = "ghcr.io/acme/nlp:1.4.2"\nTABLE = {"acme": 1}\nimport pulumi_acme\nacme_key = Acme\n'
    )

    assert naming(module) == {"acme", "pulumi_acme", "acme_key", "Acme"}
