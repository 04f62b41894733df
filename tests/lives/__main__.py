"""The long run: `python -m tests.lives`, with SEED=, MINUTES= and CLOUD= from the environment.

Plays lives on the named clouds, by default on all, until the time is up, and makes the first failures of
each kind short. Prints lives, steps, runs of the engine and failures of each cloud, and for a failure the
lines that lead to it: paste them into `found.py`, or play them with `tests.lives.life.play(CLOUD, LINES)`.
Exit code 1 means that something did not hold.
"""

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context

from tests.lives.record import Played, lived, shortened
from tests.reliability.places import PLACES

SHRUNK = 2
"""How many failures of one cloud that look the same are made short."""


def main(clouds: Sequence[str], seed: str, minutes: float) -> int:
    # gRPC would say of every connection that a killed engine has left it.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    print(f"lives on {', '.join(clouds)}: SEED={seed} MINUTES={minutes:g}", flush=True)
    until = time.monotonic() + 60 * minutes
    lives: Counter[str] = Counter()
    steps: Counter[str] = Counter()
    runs: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    broken: dict[str, Counter[str]] = {cloud: Counter() for cloud in clouds}
    seen: Counter[tuple[str, str, str]] = Counter()
    waiting: dict[Future[Played], bool] = {}  # whether it was made short
    number = 0
    workers = min(len(clouds), os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        while waiting or time.monotonic() < until:
            while len(waiting) < workers and time.monotonic() < until:
                cloud = clouds[number % len(clouds)]
                waiting[pool.submit(lived, cloud, f"{seed}-{number // len(clouds)}")] = False
                number += 1
            finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                is_short, life = waiting.pop(future), future.result()
                if is_short:
                    print(_as_text(life), flush=True)
                    continue
                lives[life.cloud] += 1
                steps[life.cloud] += len(life.lines)
                runs[life.cloud] += life.runs
                seconds[life.cloud] += int(1000 * life.seconds)
                if life.kind:
                    broken[life.cloud][life.kind] += 1
                    seen[life.signature] += 1
                    if seen[life.signature] <= SHRUNK:
                        waiting[pool.submit(shortened, life)] = True
    for cloud in clouds:
        count = lives[cloud] or 1
        print(
            f"{cloud}: {lives[cloud]} lives, {steps[cloud]} steps, {runs[cloud]} runs of the engine, "
            f"{seconds[cloud] / 1000 / count:.1f} s a life, "
            f"{broken[cloud]['lost value'] + broken[cloud]['deleted while wanted']} losses"
            + "".join(f", {times} x {kind}" for kind, times in sorted(broken[cloud].items()))
        )
    for signature, times in seen.most_common():
        print(f"{times} x {signature}")
    return 1 if seen else 0


def _as_text(life: Played) -> str:
    lines = "\n".join(f"    {line!r}," for line in life.lines)
    return f"\n{life.cloud}, seed {life.seed}: {life.what}\n{lines}"


if __name__ == "__main__":
    chosen = os.environ.get("CLOUD", "").replace(",", " ").split() or list(PLACES)
    unknown = sorted(set(chosen) - set(PLACES))
    if unknown:
        sys.exit(f"no such cloud: {', '.join(unknown)}; there are {', '.join(PLACES)}")
    drawn = os.environ.get("SEED") or str(random.randrange(10**6))  # noqa: S311 (no secret)
    sys.exit(main(chosen, drawn, float(os.environ.get("MINUTES") or "10")))
