"""`infra-secrets set` in a process of its own, at a terminal of its own, against a server of the cloud."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import PATIENCE, ROOT

PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from infra_secrets.cli import main; main()"
)
COMMAND = (sys.executable, "-c", PROGRAM, "set")


def environment(server: Mapping[str, str | None], home: Path) -> dict[str, str]:
    """What the process has: a home and folders of its own, and the login to the server."""
    inherited = {
        key: text
        for key, text in os.environ.items()
        if key not in server and not key.startswith(("INFRA_SECRETS_", "XDG_"))
    }
    said = {key: text for key, text in server.items() if text is not None}
    return {
        **inherited,
        **said,
        "HOME": str(home),
        "TMPDIR": str(home),
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm-256color",
    }


@dataclass
class Terminal:
    """A process at a terminal: what it shows, and what is typed there."""

    process: subprocess.Popen[bytes]
    screen: int
    shown: bytes = b""
    seen: int = field(default=0)

    @classmethod
    def open(cls, *arguments: str, env: Mapping[str, str], cwd: Path) -> "Terminal":
        """Start the command at a terminal."""
        return cls.running([*COMMAND, *arguments], env=env, cwd=cwd)

    @classmethod
    def running(cls, command: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> "Terminal":
        """Start any command at a terminal."""
        ours, theirs = pty.openpty()
        try:
            process = subprocess.Popen(
                [sys.executable, "-c", _AT_TERMINAL, *command],
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                env={**env},
                cwd=cwd,
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        return cls(process, ours)

    def until(self, text: str) -> None:
        """Wait until the terminal shows something that it did not show yet."""
        wanted, end = text.encode(), time.monotonic() + PATIENCE
        while wanted not in self.shown[self.seen :]:
            if not self._take(end):
                raise AssertionError(f"{text!r} was never shown: {self.shown!r}")
        self.seen = self.shown.index(wanted, self.seen) + len(wanted)

    def type(self, data: str | bytes) -> None:
        """Type something."""
        rest = data.encode() if isinstance(data, str) else data
        while rest:
            rest = rest[os.write(self.screen, rest[:1000]) :]

    def ended(self) -> int:
        """Wait for the end; return the exit code."""
        end = time.monotonic() + PATIENCE
        while self._take(end):
            pass
        os.close(self.screen)
        return self.process.wait(PATIENCE)

    @property
    def text(self) -> str:
        """Everything that was shown."""
        return self.shown.decode("utf-8", "replace")

    def echoes(self) -> bool:
        """Whether the terminal shows what is typed."""
        import termios

        return bool(termios.tcgetattr(self.screen)[3] & termios.ECHO)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the process."""
        self.process.send_signal(number)

    def _take(self, end: float) -> bool:
        if not select.select([self.screen], [], [], max(0, end - time.monotonic()))[0]:
            raise AssertionError(f"nothing more is shown: {self.shown!r}")
        try:
            found = os.read(self.screen, 65_536)
        except OSError:  # the other side is closed
            return False
        self.shown += found
        return bool(found)


# Makes its standard input the terminal of its session, as a login does, and becomes the command.
_AT_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
