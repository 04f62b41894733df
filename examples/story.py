"""How a story is told: in chapters, each of which checks what it says and leaves one line."""

import re
from collections.abc import Callable

__all__ = ["BrokenPromiseError", "Story", "below", "escape", "nowhere", "say"]

try:
    from rich.console import Console
    from rich.markup import escape

    say = Console(highlight=False, emoji=False, soft_wrap=True).print
except ModuleNotFoundError:  # the story reads without colours too

    def say(text: str = "", *, end: str = "\n") -> None:  # type: ignore[misc] # stands in for Rich's
        """Print without the markup."""
        print(re.sub(r"\[/?(bold|dim|red|green)\]", "", text), end=end, flush=True)

    def escape(text: str) -> str:  # type: ignore[misc] # the same
        """Return a text that holds no markup."""
        return text


class BrokenPromiseError(Exception):
    """What the package promises did not hold; the rest of that cloud's story has no ground to stand on."""


class Story:
    """What the chapters of every story share."""

    def _chapter(self, title: str, play: Callable[[], str]) -> None:
        say(f"  {title:<22}  ", end="")
        try:
            outcome = play()
            self._look_around()
        except BrokenPromiseError as broken:
            say(f"[red]broken[/red]  {escape(str(broken))}")
            raise
        say(f"[green]ok[/green]  {outcome}")

    def _look_around(self) -> None:
        """Check what must hold after every chapter."""

    @staticmethod
    def _promise(kept: object, otherwise: str) -> None:
        if not kept:
            raise BrokenPromiseError(otherwise)


def below(*lines: str) -> str:
    """Return lines that stand below an outcome."""
    return "".join(f"\n    [dim]{escape(line)}[/dim]" for line in lines)


def nowhere(texts: int) -> str:
    """Say that no value was seen, and in how many texts it was looked for."""
    return f"nowhere{below(f'{texts} requests, files, logs and outputs searched')}"
