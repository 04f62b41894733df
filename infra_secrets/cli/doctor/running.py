"""Runs checks side by side, each for a bounded time. What a check looks at is its own business."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from infra_secrets.cli.doctor.findings import Finding
from infra_secrets.errors import InfraSecretsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Something to look at. It yields what it finds as it goes, so that what came before a trouble is kept."""

    name: str
    subject: str
    look: Callable[[], Iterable[Finding]]


@dataclass(slots=True)
class _Running:
    check: Check
    findings: list[Finding] = field(default_factory=list)
    thread: threading.Thread = field(init=False)

    def start(self) -> None:
        # A daemon: one that hangs does not keep the process.
        self.thread = threading.Thread(target=self._look, name=self.check.name, daemon=True)
        self.thread.start()

    def _look(self) -> None:
        try:
            for each in self.check.look():
                self.findings.append(each)
        except InfraSecretsError as error:
            self.findings.append(self._unknown(str(error)))
        except Exception as error:  # noqa: BLE001 (one broken check must not hide the others)
            # The text is not repeated: it may quote what the check was given.
            self.findings.append(
                self._unknown(
                    f"The check itself failed ({type(error).__name__}).",
                    "Please report it, with the command that you ran.",
                )
            )

    def ended(self, seconds: float, until: float) -> list[Finding]:
        self.thread.join(max(0.0, until - time.monotonic()))
        found = [*self.findings]
        if self.thread.is_alive():
            found.append(
                self._unknown(
                    f"No answer within {seconds:g} seconds.",
                    "Look at the network and at the service's status page, or wait longer: --timeout 120",
                )
            )
        return found

    def _unknown(self, found: str, fix: str = "") -> Finding:
        return Finding(
            check=self.check.name,
            subject=self.check.subject,
            state="unknown",
            found=found,
            fix=fix,
        )


class Started:
    """Checks that run at once.

    Args:
        checks: What to look at.
        seconds: How long each may take. One that takes longer is reported, with what it had found until then.
    """

    def __init__(self, checks: Sequence[Check], seconds: float) -> None:
        self._seconds = seconds
        self._running = [_Running(check) for check in checks]
        self._until = time.monotonic() + seconds
        for each in self._running:
            each.start()

    def findings(self) -> Iterator[Finding]:
        """Yield what they find in the order of the checks, whichever ends first."""
        for each in self._running:
            yield from each.ended(self._seconds, self._until)

    @property
    def busy(self) -> bool:
        """Whether one still runs."""
        return any(each.thread.is_alive() for each in self._running)
