"""What a look for one setting came to: what was found, or what is wrong. No text of these shows a value."""

from dataclasses import dataclass

from infra_secrets.runtime.json_text import Parsed


class Found:
    """A value as it was found."""

    __slots__ = ("content", "fix", "where")

    def __init__(self, content: bytes | Parsed, where: str, fix: str) -> None:
        self.content = content
        """Bytes, or what a key of a document holds that is no text."""
        self.where = where
        """E.g. `the variable STRIPE_API_KEY`."""
        self.fix = fix
        """What to do where it is wrong: a sentence, mostly with a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a setting has no value."""

    text: str
    """What was found, the rule, and the way out; settings with the same text are told of once."""
    looked_at: tuple[str, ...] | None = None
    """Where else it was looked for than in its variable and its files; None where that says nothing."""
    absent: bool = False
    """Whether there is simply none, so that a default does."""
    unreachable: bool = False
    """Whether a cloud does not answer for the moment."""
