"""Names of secrets: one canonical form, and its spelling in each cloud.

A name has two or three parts, `{service}/{environment}` or `{service}/{environment}/{key}`. Every part
is lower-case words joined by single hyphens. Because of that grammar the parts can be joined with `/`
(AWS), `__` (GCP) or `--` (Azure) and taken apart again without loss, and no two names share a spelling.

This module refuses and never repairs: a name that was cut or cleaned could be another secret's name.
It knows neither Pulumi nor any cloud; a cloud hands in its `Spelling`.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from infra_secrets.errors import SecretNameError
from infra_secrets.rules.wording import SHOWN, looks_like_a_value, shown, words

SEGMENT = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""What each part of a name must match, as a whole."""

RULE = (
    "each part must be lower-case ASCII letters and digits, in words joined by single hyphens "
    "(like 'api' or 'stripe-api-key')"
)

_LOGICAL = re.compile(r"[A-Za-z0-9]+(?:[-_. ]+[A-Za-z0-9]+)*")
_EXAMPLES = {"service": "my-service", "environment": "production", "key": "api-key"}


def kebab(logical_name: str) -> str:
    """Spell a logical name in kebab-case: `StripeApiKey` and `STRIPE_API_KEY` give `stripe-api-key`.

    Words end where a capital follows a small letter or digit, and before the last capital of a run
    (`StripeAPIKey` is `stripe-api-key`, `OAuth2Token` is `o-auth2-token`). Hyphens, underscores, dots
    and spaces separate words too.

    Raises:
        SecretNameError: The name has no letter or digit, or characters that are none of these.
    """
    if not _LOGICAL.fullmatch(logical_name):
        raise SecretNameError(
            f"the logical name {shown(logical_name)} cannot be turned into a key: a key has only ASCII "
            f"letters and digits, in words. Set key= yourself, e.g. key={suggest(logical_name)!r}."
        )
    return "-".join(words(logical_name))


def suggest(text: str, part: str = "key") -> str:
    """Find a legal service, environment or key that resembles `text`, for use in a message only."""
    if looks_like_a_value(text):
        return _EXAMPLES[part]
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "-".join(words(ascii_text))[:SHOWN].strip("-") or _EXAMPLES[part]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretName:
    """A canonical name. One that breaks the grammar cannot be built.

    Raises:
        SecretNameError: Names every bad part, with one that would work.
    """

    service: str
    """Who uses the secret, e.g. `api`."""
    environment: str
    """Where it is used, e.g. `production`."""
    key: str | None = None
    """What it is, e.g. `stripe-api-key`; None for the one JSON document of a service."""

    def __post_init__(self) -> None:
        """Refuse a name with a bad part."""
        bad = {part: text for part, text in self.parts() if not SEGMENT.fullmatch(text)}
        if bad:
            found = ", ".join(f"{part}={shown(text)}" for part, text in bad.items())
            would_do = ", ".join(f"{part}={suggest(text, part)!r}" for part, text in bad.items())
            raise SecretNameError(f"{found}: {RULE}. This would work: {would_do}.")

    def parts(self) -> Iterator[tuple[str, str]]:
        """Yield the parts that the name has, each with what it is called."""
        yield "service", self.service
        yield "environment", self.environment
        if self.key is not None:
            yield "key", self.key

    @property
    def reference(self) -> str:
        """The canonical form, `service/environment[/key]`."""
        return "/".join(text for _, text in self.parts())

    @classmethod
    def from_reference(cls, reference: str) -> "SecretName":
        """Read the canonical form.

        Raises:
            SecretNameError: It does not have two or three parts, or one of them is bad.
        """
        return _read(reference, "/")


def _read(text: str, separator: str) -> SecretName:
    try:
        service, environment, *key = text.split(separator, maxsplit=2)
    except ValueError:
        raise SecretNameError(
            f"{shown(text)} is not the name of a secret: a name is service{separator}environment or "
            f"service{separator}environment{separator}key, and {RULE}."
        ) from None
    return SecretName(service=service, environment=environment, key=key[0] if key else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """How one cloud writes a canonical name. `spell` and `parse` are each other's inverse."""

    title: str
    """The cloud's own name for the service, e.g. `AWS Secrets Manager`."""
    separator: str
    """What joins the parts; no part can contain it."""
    limit: int
    """Longest name that the cloud allows, in characters, separators included."""

    def spell(self, name: SecretName) -> str:
        """Write a name as this cloud does.

        Raises:
            SecretNameError: It is longer than the cloud's limit.
        """
        spelled = self.separator.join(text for _, text in name.parts())
        if len(spelled) > self.limit:
            raise SecretNameError(self._too_long(name, spelled))
        return spelled

    def parse(self, spelled: str) -> SecretName:
        """Read a name that `spell` wrote.

        Raises:
            SecretNameError: No canonical name is spelled so in this cloud.
        """
        name = _read(spelled, self.separator)
        self.spell(name)
        return name

    def _too_long(self, name: SecretName, spelled: str) -> str:
        part, longest = max(name.parts(), key=lambda item: len(item[1]))
        excess = len(spelled) - self.limit
        room = len(longest) - excess
        way_out = f"shorten {part} by {excess}"
        if room >= 1:
            shorter = longest[:room].rstrip("-")
            would_do = (
                repr(shorter) if room <= SHOWN else f"the first {len(shorter)} characters of it"
            )
            way_out += f"; {would_do} would work"
        return (
            f"{shown(spelled)} is too long: {self.title} takes at most {self.limit} characters, "
            f"separators included, and this has {len(spelled)}: {way_out}."
        )
