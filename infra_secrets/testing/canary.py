"""Made-up values that are looked for wherever a secret must not be.

    canary = Canary.plant()
    with Rehearsal(program, secrets={"apiKey": canary.value}) as rehearsal:
        rehearsal.up()
        rehearsal.assert_no_leak()

A leak is seldom a plain copy: the value is looked for as it is, JSON-escaped (also twice, and the
way Go does it), URL-encoded, HTML-escaped, in hexadecimal and in base64 at any alignment. What
compresses, encrypts or cuts a value to pieces is not found. What a sighting says never contains the
value.
"""

import base64
import html
import json
import secrets
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, Protocol, runtime_checkable

from infra_secrets.errors import InfraSecretsError
from infra_secrets.testing.values import SecretValue, unwrap

SHORTEST: Final = 6
"""Values with fewer characters are not looked for: they would be found by chance."""

MARKED: Final = "marked secret"
"""How a value was seen that travelled in the envelope that Pulumi encrypts."""

IN_PART: Final = "in part"
"""How a value was seen of which only the unmistakable beginning was left."""

# Characters on which JSON, URL and HTML disagree, and one that is more than one byte.
_AWKWARD = "\"<&>\\'+/% \u00e9"

Format = Literal["plain", "json", "url"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One text in which a canary is looked for.

    Attributes:
        where: What the text is, e.g. `state file .pulumi/stacks/...`.
        text: The text.
        marked: Whether it only holds values that were marked as secret.
        container: Whether it belongs to the container of a secret, where no value may be at all.
    """

    where: str
    text: str
    marked: bool = False
    container: bool = False


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where and how a canary was seen.

    Attributes:
        where: In which text.
        how: In which form: `plain`, `JSON-escaped`, `base64`, ..., or `marked secret`.
        canary: Which one, by `Canary.name`.
        container: Whether it was in a request for the container of a secret.
    """

    where: str
    how: str
    canary: str
    container: bool = False

    @property
    def leaked(self) -> bool:
        """Whether this is a leak: a marked value is one only in the container of a secret."""
        return self.how != MARKED or self.container

    def __str__(self) -> str:
        return f"{self.canary} in {self.where} ({self.how})"


class LeakError(InfraSecretsError, AssertionError):
    """A canary was seen where no secret may be.

    Attributes:
        sightings: Where and how.
    """

    def __init__(self, sightings: Sequence[Sighting]) -> None:
        self.sightings = tuple(sightings)
        lines = "\n".join(f"  - {sighting}" for sighting in self.sightings)
        super().__init__(f"{len(self.sightings)} leaks of a secret:\n{lines}")


@runtime_checkable
class Witness(Protocol):
    """Something that can be searched: a `Rehearsal` or a `Recording`."""

    def evidence(self) -> Iterable[Evidence]:
        """Return every text that it knows of."""


@dataclass(frozen=True)
class Canary:
    """A value that is looked for.

    Attributes:
        value: The value.
        name: What it is called in a sighting.
    """

    value: str = field(repr=False)
    name: str = "the canary"

    @classmethod
    def plant(cls, format: Format = "plain", name: str = "the canary") -> "Canary":  # noqa: A002
        """Make a unique value.

        Args:
            format: `plain` has characters on which JSON, URL and HTML disagree; `json` is a JSON
                document; `url` is a database URL with a password. All are valid in an environment
                variable.
            name: What a sighting calls it.
        """
        core = f"canary-{secrets.token_hex(10)}"
        if format == "json":
            return cls(json.dumps({"user": "app", "password": core + _AWKWARD}), name)
        if format == "url":
            password = urllib.parse.quote(core + _AWKWARD, safe="")
            return cls(f"postgresql://app:{password}@db.invalid:5432/app", name)
        return cls(core + _AWKWARD, name)

    @cached_property
    def needles(self) -> dict[str, str]:
        """What to look for, and how to call each form."""
        found: dict[str, str] = {}
        for value in _parts(self.value):
            for how, needle in _forms(value):
                if len(needle) >= SHORTEST:
                    found.setdefault(needle, how)
        return found

    def sightings(
        self, witness: "Witness | Mapping[str, str] | Iterable[str] | str"
    ) -> list[Sighting]:
        """Return where the value can be seen.

        Args:
            witness: A rehearsal, a recording, one or more texts, or texts by what they are called.
        """
        return search([self], witness)


def search(
    canaries: Iterable[Canary], witness: Witness | Mapping[str, str] | Iterable[str] | str
) -> list[Sighting]:
    """Return where any of the canaries can be seen; each place and form once."""
    wanted = list(canaries)
    hidden = [needle for canary in wanted for needle in canary.needles]
    found: dict[Sighting, None] = {}
    for evidence in _evidence(witness):
        for canary in wanted:
            hows = {how for needle, how in canary.needles.items() if needle in evidence.text}
            if evidence.marked and hows:
                hows = {MARKED}
            elif len(hows) > 1:
                hows.discard(IN_PART)
            for how in sorted(hows):
                where = _redacted(evidence.where, hidden)
                found[Sighting(where, how, canary.name, evidence.container)] = None
    return list(found)


def _evidence(
    witness: Witness | Mapping[str, str] | Iterable[str] | str,
) -> Iterable[Evidence]:
    if isinstance(witness, str):
        return [Evidence("the text", witness)]
    if isinstance(witness, Witness):
        return witness.evidence()
    if isinstance(witness, Mapping):
        return [Evidence(where, text) for where, text in witness.items()]
    return [Evidence(f"text {number}", text) for number, text in enumerate(witness, 1)]


def _redacted(text: str, needles: Iterable[str]) -> str:
    for needle in needles:
        text = text.replace(needle, "[canary]")
    return text


# The forms of a value -----------------------------------------------------------------------------


def _parts(value: str) -> Iterator[str]:
    """Return the value, and what is secret inside it when it is a document or a URL."""
    yield value
    if value[:1] in {"{", "["}:
        try:
            document = json.loads(value)
        except ValueError:
            return
        yield from (leaf for leaf in _strings(document) if len(leaf) >= SHORTEST)
    elif "://" in value:
        password = urllib.parse.urlsplit(value).password
        if password and len(password) >= SHORTEST:
            yield password
            yield urllib.parse.unquote(password)


def _strings(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, Mapping):
        for member in document.values():
            yield from _strings(member)
    elif isinstance(document, list):
        for member in document:
            yield from _strings(member)


def _forms(value: str) -> Iterator[tuple[str, str]]:
    if len(value) < SHORTEST:
        return
    yield "plain", value
    if value.startswith("canary-"):
        # What has been cut at an awkward character, or escaped in a way that nobody thought of.
        yield IN_PART, value[: len("canary-") + 20]
    raw = value.encode()
    for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            # Encoded with `offset` bytes before it. What its neighbours would change is cut off.
            text = alphabet(b"\0" * offset + raw).decode().rstrip("=")
            whole = (offset + len(raw)) * 8 // 6
            yield "base64", text[(offset * 8 + 5) // 6 : whole]
    for escaped in _json_forms(value):
        yield "JSON-escaped", escaped
        for twice in _json_forms(escaped):
            yield "JSON-escaped twice", twice
    for safe in ("", "/"):
        yield "URL-encoded", urllib.parse.quote(value, safe=safe)
        yield "URL-encoded", urllib.parse.quote(value, safe=safe).lower()
    yield "URL-encoded", urllib.parse.quote_plus(value)
    yield "HTML-escaped", html.escape(value)
    yield "HTML-escaped", html.escape(value, quote=False)
    yield "hexadecimal", raw.hex()
    yield "hexadecimal", raw.hex().upper()


def _json_forms(value: str) -> Iterator[str]:
    for ascii_only in (True, False):
        escaped = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        yield escaped
        # Go's encoding/json escapes these three unless told otherwise.
        yield (escaped.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


# What plain data tells ----------------------------------------------------------------------------


def evidence_of(where: str, data: Any, *, container: bool = False) -> Iterator[Evidence]:
    """Return the texts of plain data: what is marked as secret in it apart from what is not."""
    marked: list[Any] = []
    open_data = _without_secrets(data, marked)
    for path, text in _leaves(open_data, ""):
        yield Evidence(f"{where}{path}", text, container=container)
    if marked:
        text = json.dumps(unwrap(marked), ensure_ascii=False, default=str)
        yield Evidence(where, text, marked=True, container=container)


def _without_secrets(data: Any, marked: list[Any]) -> Any:
    if isinstance(data, SecretValue):
        marked.append(data.value)
        # What is found as a whole is found in its leaves too, unescaped.
        marked.extend(_strings(unwrap(data.value)))
        return None
    if isinstance(data, Mapping):
        return {key: _without_secrets(value, marked) for key, value in data.items()}
    if isinstance(data, list):
        return [_without_secrets(value, marked) for value in data]
    return data


def _leaves(data: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield f"{path} (a key)", str(key)
            yield from _leaves(value, f"{path}.{key}")
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _leaves(value, f"{path}[{index}]")
    elif isinstance(data, str):
        yield path, data
