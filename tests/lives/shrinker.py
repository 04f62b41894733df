"""Makes a life short: takes steps out of it while it still fails the same way."""

from collections.abc import Callable, Sequence


def shrink(
    lines: Sequence[str], fails: Callable[[Sequence[str]], bool], tries: int = 80
) -> list[str]:
    """Return a part of the lines that still fails: after enough tries, one of which no line can go.

    Args:
        lines: A life that fails.
        fails: Plays a life, and says whether it fails as this one did.
        tries: How many lives may be played.
    """
    left = list(lines)
    size = max(1, len(left) // 2)
    while True:
        shorter = False
        start = len(left)
        while start > 0 and tries > 0:
            start = max(0, start - size)
            without = left[:start] + left[start + size :]
            if without == left:
                continue
            tries -= 1
            if fails(without):
                left, shorter = without, True
        if tries <= 0 or (size == 1 and not shorter):
            return left
        size = max(1, size // 2)
