"""How a message repeats what was found: shortened, never what could be a value, and with the nearest right word.

This module reads text. It knows no name's grammar (`naming`) and does not judge whether a value is right (`formats`).
"""

import re
from collections.abc import Iterable, Sequence

SHOWN = 60
"""Characters of a bad text that a message repeats: enough to find it."""

# Where a name in CamelCase breaks into words: `aB`, `9B`, and before the last capital of `ABc`.
_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


# Beginnings of well-known credentials.
_CREDENTIAL = re.compile(
    r"sk[-_]|pk[-_]|rk_|gh[pousr]_|github_pat|glpat-|xox[abp]-|AKIA|ASIA|AIza|eyJ|-----BEGIN"
)
_URL_WITH_LOGIN = re.compile(r"[^:/\s]+://[^/\s]*@")
# Long runs that mix digits and letters like no name does.
_LONG_RUN = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])[A-Za-z0-9+/=_.~!@#$%^&*-]*[A-Za-z0-9+/=]{20,}")


def is_credential(text: str) -> bool:
    """Whether a text begins like a well-known credential."""
    return _CREDENTIAL.match(text) is not None


def looks_like_a_value(text: str) -> bool:
    """Whether a text could be a secret that was given in the wrong place."""
    return any(each.match(text) for each in (_CREDENTIAL, _URL_WITH_LOGIN, _LONG_RUN))


def shown(text: str) -> str:
    """Repeat a bad text in a message: not all of a long one, and nothing of what could be a value."""
    if looks_like_a_value(text):
        return f"<{len(text)} characters, not shown because they look like a value>"
    return repr(text) if len(text) <= SHOWN else f"{text[:SHOWN]!r}... ({len(text)} characters)"


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Find the known name that a mistyped one is closest to, or None.

    Args:
        word: What was found.
        known: The names that there are.
        cutoff: How close it must be, up to 1, which is the same name.
    """
    from difflib import get_close_matches

    bare = {re.sub(r"[-_ ]", "", name).lower(): name for name in known}
    sought = re.sub(r"[-_ ]", "", word).lower()
    longest = max(map(len, bare), default=0)
    # Two texts of these lengths can be no closer than this, and difflib is slow with a long one.
    if 2 * longest < cutoff * (len(sought) + longest):
        return None
    found = get_close_matches(sought, bare, n=1, cutoff=cutoff)
    return bare[found[0]] if found else None


# A number that is larger is not repeated; Python refuses to write very large ones.
_LARGEST = 10**15


def quotable(number: object) -> str | None:
    """Spell a number as its author probably wrote it; None if it is not a number to write out."""
    if isinstance(number, bool):
        return str(number).lower()
    if not isinstance(number, int | float) or not abs(number) <= _LARGEST:
        return None
    return str(int(number)) if float(number).is_integer() else str(number)


def words(text: str) -> list[str]:
    """Take a name in any common spelling apart, into lower-case words of ASCII letters and digits."""
    broken = _WORD_BREAK.sub(" ", text)
    return re.findall(r"[a-z0-9]+", broken.lower())


def snake(name: str) -> str:
    """Spell the name of an argument or output as Python does: `secretId` is `secret_id`."""
    return _WORD_BREAK.sub("_", name).lower()


def camel(name: str) -> str:
    """Spell the name of an argument or output as other languages do: `secret_id` is `secretId`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def lines_of(words: Sequence[str], limit: int) -> list[str]:
    """Join words with spaces into as few texts as hold at most `limit` characters each."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= limit:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
