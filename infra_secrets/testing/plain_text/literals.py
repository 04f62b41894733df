"""Values that a program writes itself: in plain text, or as a version in a secrets manager.

What a program hands to the engine is looked at: the inputs of its resources, what its components register
and the stack's outputs. What it did not write is left out: secret config, and what clouds and functions
answered; where that must not be is the search for leaks (`canary.py`). No finding contains a value, and
`Literals.concealed` takes each out of any text. What looks like a value is decided in `suspects.py`.
"""

import base64
import binascii
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from infra_secrets.testing.canary import SHORTEST, Canary
from infra_secrets.testing.plain_text.leaves import Leaf, inside, leaves
from infra_secrets.testing.plain_text.names import is_everyday, says_nothing, words
from infra_secrets.testing.plain_text.suspects import Suspect, encoded, suspects
from infra_secrets.testing.values import unwrap

FindingId = Literal["plain-text-value", "program-writes-value"]

_STACK: Final = "pulumi:pulumi:Stack"
_KUBERNETES_SECRET: Final = "kubernetes:core/v1:Secret"  # noqa: S105 (a type's name)
_OWN: Final = "infra-secrets:index:"
_CONTAINER: Final = f"{_OWN}Secret"
_FIX: Final[Mapping[FindingId, str]] = {
    "plain-text-value": "Create a container with Secret(...), set the value with infra-secrets set, and read it at run"
    " time: with EscEnv(secrets=...) or ExternalEnv in a workload, elsewhere with secret config from Pulumi ESC.",
    "program-writes-value": "Create the container with Secret(...), which takes no value, and set the value with"
    " infra-secrets set.",
}
_PART_OF_A_KEY: Final = 32  # characters of a line, of which a message may show some
_CONTAINED: Final = 8  # characters of a made-up text that is not found in another by chance


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a program writes a value itself. The value is not in it.

    Attributes:
        id: `plain-text-value`, or `program-writes-value` for a version in a secrets manager.
        urn: The resource; the stack's own for a stack output.
        path: Where in the resource, e.g. `data.password`; the name of a stack output.
        detector: What noticed it, by detect-secrets' name, e.g. `Secret Keyword`.
        why: What is wrong, one sentence.
        fix: The way out, one sentence.
    """

    id: FindingId
    urn: str
    path: str
    detector: str
    why: str
    fix: str

    @property
    def resource(self) -> str:
        """Type and logical name."""
        type_ = _type(self.urn)
        return "stack output" if type_ == _STACK else f"{type_} {_name(self.urn)}"

    @property
    def place(self) -> str:
        """The finding in one word, `NAME:PROPERTY`, which `--allow` takes; `output:NAME` for an output."""
        return _place(self.urn, self.path)

    def __str__(self) -> str:
        return f"{self.resource}, {self.path} ({self.detector})"


@dataclass(frozen=True, slots=True)
class Given:
    """What a program gave one resource.

    Attributes:
        urn: The resource; the stack for its outputs.
        properties: Plain data, secrets marked.
        written: Paths of the properties with which it writes a secret's value.
    """

    urn: str
    properties: Mapping[str, Any] = field(repr=False)
    written: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class MadeUp:
    """What the program did not write.

    Attributes:
        secret: Secret config, and secret answers of clouds.
        plain: Config that was given for the rehearsal, and what clouds answered.
        answers: What functions answered; a program takes a part of it, a token that was in base64, say.
    """

    secret: frozenset[str] = field(repr=False)
    plain: frozenset[str] = field(repr=False)
    answers: frozenset[str] = field(repr=False)


class Literals:
    """The values that one run of a program wrote itself.

    Args:
        given: What it gave its resources, and the stack's outputs.
        made_up: What it did not write.

    Attributes:
        findings: Where they are, each place once.
    """

    def __init__(self, given: Sequence[Given], made_up: MadeUp) -> None:
        self._names = {name for each in given for name in _names(each)}
        self._made_up = made_up
        self._forms = functools.cache(_forms)
        self._values: dict[str, str] = {}
        found: dict[tuple[str, str], Finding] = {}
        # The engine's order is another one each time. Outputs come last: they repeat what resources have.
        own = sorted(
            (each for each in given if not _is_own(each.urn)),
            key=lambda each: (_type(each.urn) == _STACK, each.urn),
        )
        for each in own:
            for finding in self._judge(each):
                found.setdefault((finding.urn, finding.path), finding)
        for each in own:
            for leaf in leaves(each.properties):
                origin = self._origin(leaf)
                written = any(inside(leaf.path, path) for path in each.written)
                if origin and not written and (each.urn, leaf.path) not in found:
                    found[each.urn, leaf.path] = _plain_text(each, leaf, f"same as {origin}")
        self.findings = sorted(found.values(), key=lambda each: (each.id, str(each), each.urn))

    def concealed(self, text: str, *, name: bool = False) -> str:
        """Return a text without the values that were found, and without what looks like one.

        Args:
            text: The text.
            name: Whether it is made of names and paths, which are public: a value that is a word, like
                `password`, is left in them.
        """
        for value in sorted(self._values, key=len, reverse=True):
            if name and not _is_unmistakable(value):
                continue
            if is_everyday(value):
                # Alone such a word says nothing; behind a sign it may be the value.
                word = re.escape(value)
                text = re.sub(rf"(?m)([='\"]|: +(?={word}$)){word}(?!\w)", r"\1[secret]", text)
            elif len(value) >= SHORTEST:
                for form in self._forms(value):
                    text = text.replace(form, "[secret]")
            else:
                text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "[secret]", text)
        for suspect in [*suspects("", text, is_name=self._is_name)]:
            text = text.replace(suspect.value, "[secret]")
        return text

    def _judge(self, given: Given) -> Iterator[Finding]:
        for path in given.written:
            yield Finding(
                "program-writes-value",
                given.urn,
                path,
                "a version of a secret",
                "The program writes the value itself, so it is in the state.",
                _FIX["program-writes-value"],
            )
        in_secret = _type(given.urn) == _KUBERNETES_SECRET
        for leaf in leaves(given.properties):
            if any(inside(leaf.path, path) for path in given.written):
                if self._is_part_of_a_secret(leaf) and not self._is_made_up(leaf.text):
                    self._keep(leaf.text, _place(given.urn, leaf.path))
                continue
            if in_secret and leaf.path.startswith(("data.", "stringData.")):
                suspected = self._in_kubernetes_secret(leaf)
            else:
                # Of an API key's resource, `value` is the key.
                alone = leaf.path == leaf.name and says_nothing(leaf.name)
                called = _type(given.urn).rpartition(":")[2] if alone else leaf.name
                suspected = suspects(called, leaf.text, is_name=self._is_name)
            found = [each for each in suspected if not self._is_made_up(each.value)]
            for suspect in found:
                self._keep(suspect.value, _place(given.urn, leaf.path))
            if found:
                yield _plain_text(given, leaf, found[0].detector)

    def _in_kubernetes_secret(self, leaf: Leaf) -> Iterator[Suspect]:
        text = _decoded(leaf.text) if leaf.path.startswith("data.") else leaf.text
        decoded = Leaf(leaf.path, leaf.name, text)
        if self._is_part_of_a_secret(decoded) and not self._is_made_up(leaf.text):
            yield Suspect(text, "a Kubernetes Secret")

    def _is_part_of_a_secret(self, leaf: Leaf) -> bool:
        """Whether a text in a secret's document is secret: not who logs in where."""
        public = not _PUBLIC.isdisjoint(words(leaf.name)[-1:]) or "BEGIN CERTIFICATE" in leaf.text
        return not public and bool(leaf.text.strip())

    def _is_name(self, text: str) -> bool:
        return text in self._names

    def _keep(self, value: str, place: str) -> None:
        self._values.setdefault(value, place)
        for line in value.splitlines():
            if len(line) >= _PART_OF_A_KEY:
                self._values.setdefault(line, place)

    def _is_made_up(self, value: str) -> bool:
        """Whether a value is one that the program did not write, or is put together from such."""
        if value in self._made_up.secret or value in self._made_up.plain:
            return True
        for text in self._made_up.secret:
            if len(text) >= SHORTEST and any(form in value for form in self._forms(text)):
                return True
        parts = (part for text in self._made_up.answers for part in (text, encoded(text) or ""))
        if len(value) >= SHORTEST and any(value in part for part in parts):
            return True
        left = value
        for text in sorted(self._made_up.plain, key=len, reverse=True):
            if len(text) >= _CONTAINED:
                left = left.replace(text, "")
        return left != value and not any(map(str.isalnum, left))

    def _origin(self, leaf: Leaf) -> str | None:
        """Say where a value was found that is in a text, too."""
        for value, place in self._values.items():
            if _is_distinctive(value) and any(form in leaf.text for form in self._forms(value)):
                return place
        return None


def _plain_text(given: Given, leaf: Leaf, detector: str) -> Finding:
    why = "The value is in plain text in the program or its plain config."
    if leaf.marked:
        why = (
            "The value is in plain text in the program or its plain config; because it is marked as secret, it is "
            "encrypted, but only in the state."
        )
    fix = _FIX["plain-text-value"]
    return Finding("plain-text-value", given.urn, leaf.path, detector, why, fix)


_PUBLIC: Final = frozenset(
    {
        "database",
        "dbname",
        "email",
        "endpoint",
        "engine",
        "host",
        "hostname",
        "name",
        "port",
        "region",
        "type",
        "url",
        "user",
        "username",
    }
)


def _is_unmistakable(value: str) -> bool:
    return _is_distinctive(value) and any(map(str.isdigit, value))


def _is_distinctive(value: str) -> bool:
    """Whether a value is found in another text because it is that value, and no word of everyday."""
    kinds = (str.isalpha, str.isdigit, lambda character: not character.isalnum())
    return len(value) >= SHORTEST and sum(any(map(kind, value)) for kind in kinds) > 1


def _forms(value: str) -> tuple[str, ...]:
    return (value, *Canary(value).needles)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return text


# Places -----------------------------------------------------------------------------------------------


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _place(urn: str, path: str) -> str:
    return f"{'output' if _type(urn) == _STACK else _name(urn)}:{path}"


def _is_own(urn: str) -> bool:
    """Whether this package made it: a component, a container or a grant on one."""
    types = urn.split("::")[2].split("$")
    return types[-1].startswith(_OWN) or _CONTAINER in types


def _names(given: Given) -> Iterator[str]:
    """Yield what is the name of something: a secret that is referred to by it is not a value."""
    yield _name(given.urn)
    for leaf in leaves(unwrap(dict(given.properties))):
        if leaf.path.rpartition(".")[2] == "value":
            continue
        if words(leaf.name)[-1:] in (["name"], ["id"], ["arn"]):
            yield leaf.text
