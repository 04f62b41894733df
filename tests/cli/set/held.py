"""A server that holds back its answer to one call until a test says so: what happens meanwhile is looked at."""

import sys
import threading
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from tests.conftest import PATIENCE
from tests.servers import Server

WRITES = {"aws": "PutSecretValue", "azure": "set", "gcp": "AddSecretVersion"}
"""The call that sends a value."""


@dataclass
class Held:
    """A server, and the call that it holds back."""

    server: Server
    call: str
    came: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def back(cls, server: Server, monkeypatch: pytest.MonkeyPatch) -> "Held":
        """Hold back the answers of a running server, where it would take its time."""
        module = sys.modules[type(server).__module__]
        held = cls(server, WRITES[module.__name__.rpartition(".")[2]])
        server.delay = 1
        # The module of the server alone: everybody else sleeps as ever.
        monkeypatch.setattr(module, "time", SimpleNamespace(**{**vars(time), "sleep": held._sleep}))
        return held

    def _sleep(self, _seconds: float) -> None:
        if self.server.calls[-1] == self.call:
            self.came.set()
            assert self.go_on.wait(PATIENCE)

    def wait(self) -> None:
        """Wait until the call has come."""
        assert self.came.wait(PATIENCE)
