"""Holds the mark `engine` to the truth: a test has it exactly when it needs the Pulumi engine.

`make quick` runs what has no mark, so a mark too few breaks it where there is no engine, and a mark too many takes a
test out of it. Whoever wants the engine looks for `pulumi` on PATH, also in a process that a test starts. So another
`pulumi` stands before it there: for a test with the mark it writes down that it was asked, and becomes the real
one; for any other it refuses. A test that is without the mark and asks fails, and so does one that has it and never
asks, neither by itself nor by a fixture that several tests share.
"""

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

MISSING: Final = (
    "This test runs the engine and is not marked so: put @pytest.mark.engine on it,"
    " and `make quick` leaves it out."
)
NEEDLESS: Final = "This test is marked `engine` and never asks for it: take the mark off, and `make quick` runs it."


class EngineMark:
    """A plugin of pytest.

    Args:
        folder: Where to put what stands before the engine.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = os.environ["PATH"]
        self._notes = folder / "asked"
        self._notes.touch()
        self._asked_before = 0
        self._asking: set[tuple[str, str]] = set()
        note = f'#!/bin/sh\necho "$1" >>"{self._notes}"\n'
        self._put("refused", f"{note}echo '{MISSING}' >&2\nexit 1\n")
        engine = shutil.which("pulumi")
        if engine is not None:
            self._put("marked", f'{note}exec "{engine}" "$@"\n')

    @classmethod
    def installed(cls, config: pytest.Config) -> "EngineMark":
        """Put it before the engine for as long as pytest runs."""
        folder = Path(tempfile.mkdtemp(prefix="infra-secrets-engine-mark-"))
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        plugin = cls(folder)
        config.pluginmanager.register(plugin)
        return plugin

    def _put(self, kind: str, script: str) -> None:
        path = self._folder / kind / "pulumi"
        path.parent.mkdir()
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)

    def _times(self) -> int:
        """Return a number that grows whenever the engine is asked for."""
        return self._notes.stat().st_size

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        kind = "marked" if _is_marked(item) else "refused"
        os.environ["PATH"] = f"{self._folder / kind}{os.pathsep}{self._path}"
        self._asked_before = self._times()
        try:
            return (yield)
        finally:
            os.environ["PATH"] = self._path

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        try:
            return (yield)
        finally:
            self._refuse(item)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        try:
            result = yield
        finally:
            self._refuse(item)
        shared = _shared_fixtures(item)
        if self._times() > self._asked_before:
            self._asking |= shared  # one of them may keep what this test has run for the next
        elif _is_marked(item) and not shared & self._asking:
            pytest.fail(NEEDLESS, pytrace=False)
        return result

    def _refuse(self, item: pytest.Item) -> None:
        if not _is_marked(item) and self._times() > self._asked_before:
            pytest.fail(MISSING, pytrace=False)


def _is_marked(item: pytest.Item) -> bool:
    return item.get_closest_marker("engine") is not None


def _shared_fixtures(item: pytest.Item) -> set[tuple[str, str]]:
    """Return the fixtures of the item's own module that live longer than one test."""
    module = item.nodeid.partition("::")[0]
    definitions = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    return {
        (module, name)
        for name, found in definitions.items()
        if found[-1].scope != "function" and found[-1].baseid == module
    }
