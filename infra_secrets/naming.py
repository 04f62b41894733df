"""Names of secrets: one canonical form, and its spelling in each cloud.

A name has two or three parts, `{service}/{environment}` or `{service}/{environment}/{key}`. Every part
is lower-case words joined by single hyphens. Because of that grammar the parts can be joined with `/`
(AWS), `__` (GCP) or `--` (Azure) and taken apart again without loss, and no two names share a spelling.

This module refuses and never repairs: a name that was cut or cleaned could be another secret's name.
It knows neither Pulumi nor any cloud; a cloud hands in its `Spelling`.
"""

import re
import unicodedata
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field

from infra_secrets.errors import CollisionError, SecretNameError

SEGMENT = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""What each part of a name must match, as a whole."""

RULE = (
    "each part must be lower-case ASCII letters and digits, in words joined by single hyphens "
    "(like 'api' or 'stripe-api-key')"
)

# Where a logical name in CamelCase breaks into words: `aB`, `9B`, and before the last capital of `ABc`.
_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LOGICAL = re.compile(r"[A-Za-z0-9]+(?:[-_. ]+[A-Za-z0-9]+)*")
_EXAMPLES = {"service": "my-service", "environment": "production", "key": "api-key"}
_SHOWN = 60  # characters of a bad part that a message repeats: enough to find it


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
            f"the logical name {shown(logical_name)} cannot be turned into a key: only ASCII letters and "
            f"digits, in words, make one. Pass key= yourself, e.g. key={suggest(logical_name)!r}."
        )
    return "-".join(_words(logical_name))


def snake(name: str) -> str:
    """Spell the name of an argument or output as Python does: `secretId` is `secret_id`."""
    return _WORD_BREAK.sub("_", name).lower()


def _words(text: str) -> list[str]:
    broken = _WORD_BREAK.sub(" ", text)
    return re.findall(r"[a-z0-9]+", broken.lower())


def suggest(text: str, part: str = "key") -> str:
    """Find a legal service, environment or key that resembles `text`, for use in a message only."""
    if looks_like_a_value(text):
        return _EXAMPLES[part]
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "-".join(_words(ascii_text))[:_SHOWN].strip("-") or _EXAMPLES[part]


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
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}... ({len(text)} characters)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretName:
    """A canonical name. One that breaks the grammar cannot be built.

    Raises:
        SecretNameError: Names every bad part, with one that would do.
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
            raise SecretNameError(f"{found}: {RULE}. This would do: {would_do}.")

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
            SecretNameError: It has not two or three parts, or a bad one.
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
    """What joins the parts; no part can hold it."""
    limit: int
    """Longest name that the cloud takes, in characters, separators included."""

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
                repr(shorter) if room <= _SHOWN else f"the first {len(shorter)} characters of it"
            )
            way_out += f"; {would_do} would do"
        return (
            f"{shown(spelled)} is too long: {self.title} takes at most {self.limit} characters, "
            f"separators included, and this has {len(spelled)}: {way_out}."
        )


_OF_TWO_TESTS = (
    " If they are of two tests, decorate each test with @pulumi.runtime.test, or call set_mocks in each: then each is "
    "a program of its own."
)


@dataclass(slots=True)
class NamesTaken:
    """The containers that one run of one program has asked for, so that none is asked for twice."""

    _owners: dict[Hashable, str] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)
    _held: list[object] = field(default_factory=list)

    def claim(
        self,
        container: Hashable,
        *,
        owner: str,
        spelled: str,
        holding: object = None,
        two_tests: bool = False,
    ) -> None:
        """Take a name.

        Args:
            container: What makes the container unique: cloud, name and the account, region or vault.
            owner: The logical name of the secret that wants it.
            spelled: The name in the cloud, for the message.
            holding: What must live as long as the claim, because `container` has the `id` of something in it.
            two_tests: Whether the secret of one test and that of another cannot be told apart. One of the same logical
                name is then taken for that of another test.

        Raises:
            CollisionError: Another secret of this run has taken it; the message names both.
        """
        other = self._owners.get(container)
        if other is not None and not (two_tests and other == owner):
            way_out = _OF_TWO_TESTS if two_tests else ""
            raise CollisionError(
                f'{spelled!r} is already the container of Secret("{other}"), and two secrets of a program cannot share '
                f'one. Give "{owner}" or "{other}" another key=, service= or environment=.{way_out}'
            )
        self._owners[container] = owner
        self._held.append(holding)

    def unique(self, name: str) -> str:
        """Add a number to a name that this run has used before."""
        number = self._numbers[name] = self._numbers.get(name, 0) + 1
        return name if number == 1 else f"{name}-{number}"


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Find the known name that a mistyped one is closest to, or None.

    Args:
        word: What was found.
        known: The names that there are.
        cutoff: How close it must be, up to 1, which is the same name.
    """
    from difflib import get_close_matches

    bare = {re.sub(r"[-_ ]", "", name).lower(): name for name in known}
    found = get_close_matches(re.sub(r"[-_ ]", "", word).lower(), bare, n=1, cutoff=cutoff)
    return bare[found[0]] if found else None


# A number that is larger is not repeated; Python refuses to write very large ones.
_LARGEST = 10**15


def quotable(number: object) -> str | None:
    """Spell a number as its author probably wrote it; None where that is no number to write out."""
    if isinstance(number, bool):
        return str(number).lower()
    if not isinstance(number, int | float) or not abs(number) <= _LARGEST:
        return None
    return str(int(number)) if float(number).is_integer() else str(number)
