"""Real shells, a terminal to type at, and stand-ins for the clouds' tools; not a test."""

import ast
import contextlib
import os
import pty
import select
import shutil
import signal
import stat
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import PATIENCE

TOOLS = {"aws": "aws", "gcp": "gcloud", "azure": "az"}


def here(*optional: str) -> list[str]:
    return [name for name in optional if shutil.which(name)]


# What stands for `sh`. The first three are tested everywhere, the others where they are installed.
SHELLS = ["sh", "dash", "bash", *here("busybox", "zsh", "ksh93")]
# Where the command is pasted.
PASTED_IN = [*SHELLS, *here("mksh", "yash", "posh", "csh", "tcsh", "fish")]
WITHOUT_PRINTF = ["bash without printf", *here("mksh", "yash", "posh")]

# Writes down what it was given, and reads the value as the real tool would. Hundreds of tests start it: it imports next
# to nothing (`-IS`).
TOOL = f"""#!{sys.executable} -IS
import os, sys
with open("/dev/stdin", "rb") as file:
    value = file.read()
with open(os.environ["SEEN"], "w", encoding="utf-8") as file:
    file.write(ascii((sys.argv[1:], value, dict(os.environ))))
"""


@dataclass
class Tools:
    """A folder that is first on PATH, with stand-ins for the clouds' tools."""

    folder: Path

    @classmethod
    def first_on_path(cls, folder: Path, monkeypatch: pytest.MonkeyPatch) -> "Tools":
        tools = cls(folder)
        for tool in TOOLS.values():
            tools.put(tool, TOOL)
        # `ps` would show the value if a shell started this one.
        tools.put("printf", f"#!/bin/sh\necho started >{folder}/printf-started\n")
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        monkeypatch.setenv("SEEN", str(folder / "seen"))
        monkeypatch.setenv("TMPDIR", str(folder / "there is no disk for temporary files"))
        return tools

    @property
    def called(self) -> bool:
        return self._file.exists()

    @property
    def argv(self) -> list[str]:
        return self._seen()[0]

    @property
    def value(self) -> bytes:
        return self._seen()[1]

    @property
    def environment(self) -> dict[str, str]:
        return self._seen()[2]

    def _seen(self) -> tuple[list[str], bytes, dict[str, str]]:
        seen: tuple[list[str], bytes, dict[str, str]] = ast.literal_eval(self._file.read_text())
        return seen

    @property
    def _file(self) -> Path:
        return self.folder / "seen"

    def put(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def put_sh(self, shell: str) -> None:
        """Let `sh` be another shell, which then behaves as `sh` where it knows how to."""
        if shell == "bash without printf":
            (self.folder / "setting").write_text("enable -n printf\n")
            self.put("sh", f'#!/bin/sh\nBASH_ENV={self.folder}/setting exec bash "$@"\n')
        elif shell == "busybox":
            self.put("sh", f'#!/bin/sh\nexec {shutil.which("busybox")} sh "$@"\n')
        elif shell != "sh":
            (self.folder / "sh").symlink_to(str(shutil.which(shell)))


def run(
    command: str, given: bytes, shell: str = "sh", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    words = ["busybox", "sh"] if shell == "busybox" else [shell]
    return subprocess.run(
        [*words, "-c", command],
        input=given,
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
        timeout=PATIENCE,
    )


AT_ITS_OWN_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
for each in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):  # in the background, or under nohup, they are ignored
    signal.signal(each, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
"""


_STEP = 0.01
"""Seconds between two looks at whether a command has ended."""


class Terminal:
    """A terminal and the command that runs at it. Nothing here waits longer than `PATIENCE`."""

    def __init__(self, argv: list[str]) -> None:
        self._keys, self._screen = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-ISc", AT_ITS_OWN_TERMINAL, *argv],
            stdin=self._screen,
            stdout=self._screen,
            stderr=self._screen,
            start_new_session=True,
        )
        self._shown = b""

    @property
    def shown(self) -> str:
        return self._shown.decode()

    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self._screen)[3] & termios.ECHO)

    def press(self, keys: str | bytes) -> None:
        left = keys.encode() if isinstance(keys, str) else keys
        deadline = time.monotonic() + PATIENCE
        while left:
            _, ready, _ = select.select([], [self._keys], [], 1)
            assert time.monotonic() < deadline, "the terminal takes no more keys"
            left = left[os.write(self._keys, left[:256]) :] if ready else left

    def asks(self) -> None:
        """Wait until the command has asked for the value."""
        self.waits_until(lambda: b"Ctrl-D): " in self._shown)

    def waits_until(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not ready():
            assert self._process.poll() is None, f"it ended after showing {self._shown!r}"
            assert time.monotonic() < deadline, f"it is stuck after showing {self._shown!r}"
            self._look(0.1)

    def ends(self, again: str = "", kill: signal.Signals | None = None) -> int:
        """Wait for the end and return the exit status.

        A shell that is just starting a program can lose a signal. A person presses Ctrl-C once more; so does this.

        Args:
            again: Keys that are pressed until it ends.
            kill: A signal that whatever runs at the terminal gets until it ends.
        """
        deadline = time.monotonic() + PATIENCE
        while self._process.poll() is None:
            assert time.monotonic() < deadline, f"it is stuck after showing {self._shown!r}"
            if kill is not None:
                os.killpg(self._process.pid, kill)
            self.press(again)
            self._look(0.5)
        while self._look(0):
            pass
        return self._process.returncode

    def kill_sh(self) -> None:
        self._process.terminate()

    def hangs_up(self) -> int:
        """Close the window, and wait for the end of what ran in it."""
        self._close()
        return self._process.wait(PATIENCE)

    def _look(self, seconds: float) -> bool:
        """Wait until something is shown, or the command has ended."""
        until = time.monotonic() + seconds
        ready, _, _ = select.select([self._keys], [], [], min(seconds, _STEP))
        while not ready and time.monotonic() < until and self._process.poll() is None:
            ready, _, _ = select.select([self._keys], [], [], _STEP)
        if ready:
            self._shown += os.read(self._keys, 65536)
        return bool(ready)

    def _close(self) -> None:
        for end in {self._keys, self._screen} - {-1}:
            os.close(end)
        self._keys = self._screen = -1

    def close(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(PATIENCE)
        self._close()


@contextlib.contextmanager
def at_a_terminal(*argv: str) -> Iterator[Terminal]:
    terminal = Terminal(list(argv))
    try:
        yield terminal
    finally:
        terminal.close()
