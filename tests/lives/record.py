"""What came of a life: plays one, and makes one that failed short. A worker of the long run does nothing else."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.lives.generator import make
from tests.lives.life import SLOTS, Broken, Life
from tests.lives.shrinker import shrink


@dataclass(frozen=True)
class Played:
    """What came of one life.

    Attributes:
        cloud: Where.
        seed: What it was drawn from.
        lines: Its steps up to where it broke.
        runs: How often the engine ran.
        seconds: How long it took.
        kind: What broke; empty when nothing did.
        what: More of that.
    """

    cloud: str
    seed: str
    lines: tuple[str, ...]
    runs: int
    seconds: float
    kind: str = ""
    what: str = ""

    @property
    def signature(self) -> tuple[str, str, str]:
        """What failures have in common that are likely the same: names and numbers left out."""
        words = re.sub(r"\S*[\d:/_\"'-]\S*", "", self.what)[:120]
        last = " ".join(word for word in self.lines[-1].split() if word not in SLOTS)
        return self.cloud, f"{self.kind} ({last})", words


def played(cloud: str, seed: str, lines: Sequence[str]) -> Played:
    """Play a life, and say what came of it."""
    started = time.monotonic()
    life = Life(cloud)
    done = 0
    kind = what = ""
    try:
        for line in lines:
            done += 1
            life.play(line)
        life.look_for_leaks()
    except Broken as broken:
        kind, what = broken.kind, str(broken)
    except Exception as error:  # noqa: BLE001 (a life that cannot be played is a finding too)
        kind, what = "error", f"{type(error).__name__}: {error}"
    finally:
        life.close()
    seconds = time.monotonic() - started
    return Played(cloud, seed, tuple(lines[:done]), life.runs, seconds, kind, what)


def lived(cloud: str, seed: str) -> Played:
    return played(cloud, seed, make(seed, cloud))


def shortened(failed: Played) -> Played:
    """Make a failed life short."""

    def fails(lines: Sequence[str]) -> bool:
        again = played(failed.cloud, failed.seed, lines)
        return (again.kind, again.signature) == (failed.kind, failed.signature)

    return played(failed.cloud, failed.seed, shrink(failed.lines, fails))
