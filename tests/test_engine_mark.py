"""The mark `engine` is held to the truth, in a run of pytest with a `pulumi` that does nothing."""

import os
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.engine_mark import MISSING, NEEDLESS

pytest_plugins = ["pytester"]

CONFTEST = """
from tests.engine_mark import EngineMark


def pytest_configure(config):
    EngineMark.installed(config)
"""
MODULE = """
import subprocess

import pytest

engine = pytest.mark.engine


def ask():
    return subprocess.run(["pulumi", "version"]).returncode


@pytest.fixture(scope="module")
def shared():
    assert ask() == 0


def test_without_it():
    assert True


def test_that_asks_and_takes_no_notice():
    ask()


@engine
def test_that_asks():
    assert ask() == 0


@engine
def test_that_needs_none():
    assert True


@engine
def test_that_shares(shared):
    assert True


@engine
def test_that_shares_what_another_has_made(shared):
    assert True


@pytest.mark.parametrize("asks", [False, pytest.param(True, marks=engine)])
def test_of_which_one_case_asks(asks):
    assert not asks or ask() == 0
"""


def test_a_test_has_the_mark_exactly_when_it_asks_for_the_engine(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    engine = tmp_path / "bin" / "pulumi"
    engine.parent.mkdir()
    engine.write_text("#!/bin/sh\nexit 0\n")
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", f"{engine.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeini("[pytest]\nmarkers = engine\n")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(MODULE)

    result = pytester.runpytest_subprocess("-q", "-rf")

    result.assert_outcomes(passed=6, failed=2)
    said = result.stdout.str()
    assert re.search(f"_ test_that_asks_and_takes_no_notice _+\n{re.escape(MISSING)}", said)
    assert re.search(f"_ test_that_needs_none _+\n{re.escape(NEEDLESS)}", said)
