"""What looks like the value of a secret: by what it is called, by its form, by its randomness.

What `detectors.py` has judges names and forms. What is here beside it says what is not a value although a detector
would think so: a template, a reference, a name, an id, a digest.
"""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from infra_secrets.testing.plain_text.detectors import detectors
from infra_secrets.testing.plain_text.names import (
    IDENTIFYING,
    MADE_FROM,
    NAMES_OF_SECRETS,
    is_password,
    is_variable,
    names_a_field,
    sounds_secret,
    words,
)

_LONGEST: Final = 200_000
"""Characters of one text that are looked at."""
_SHORTEST: Final = 4
_LONGEST_COUNT: Final = 6  # digits of a number that counts something, and is not a PIN
_TEMPLATE: Final = re.compile(
    r"(?i)\A\$[a-z_]|\A%[s(]|\A<.*>\Z|\{\{|\$\{|\$\(|\A\*+\Z|\Ax{3,}\Z|example|placeholder|redacted|replace[-_ ]?me"
    r"|\Ayour[-_ ]|\A(true|false|yes|no|none|null|undefined|unset|enabled|disabled|required|optional|default)\Z"
)
_REFERENCE: Final = re.compile(
    r"(?i)\A(arn:|projects/|/|\./|~|alias/|[a-z][a-z0-9+.-]*://|@microsoft\.keyvault|(op|ref\+|vault|ssm|file|env):)"
)
_UUID: Final = re.compile(r"(?i)\A\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?\Z")
_INTEGRITY: Final = re.compile(r"(sha(256|384|512)-[A-Za-z0-9+/]{43,86}={0,2}\s*)+")
_NAME: Final = re.compile(r"[A-Za-z0-9]+([-_./][A-Za-z0-9]+)+")
_CODE: Final = re.compile(r"[()\[\]{}]|\A[A-Za-z_]\w*(\.[A-Za-z_]\w*)+\Z|\A(self|this|var)\b")
_QUOTED: Final = r""""[^"\n]+"|'[^'\n]+'"""
_ASSIGNMENTS: Final = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        # NAME=value of a shell, a property file, a connection string, an option
        (
            rf"(?<![\w.-])-{{0,2}}(?P<name>[A-Za-z_][\w.-]{{0,80}})[\"']?[ \t]{{0,3}}:?=[ \t]{{0,3}}"
            rf"(?P<value>{_QUOTED}|[^\s;,&\"'=]+)"
        ),
        # name: value of YAML
        rf"^[ \t-]*(?P<name>[A-Za-z_][\w.-]{{0,80}}):[ \t]+(?P<value>{_QUOTED}|[^\s\"']+)[ \t\r]*$",
        # "name": "value" of JSON inside another text
        rf"[\"'](?P<name>[A-Za-z_][\w.-]{{0,80}})[\"']\s{{0,3}}:\s{{0,3}}(?P<value>{_QUOTED})",
    )
)
_COMMANDS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<!\S)--(?!secret[ \t])(?P<name>[A-Za-z][\w.-]{{0,80}})[ \t]+(?P<value>{_QUOTED}|[^\s;|&\"'-][^\s;|&\"']*)",
        rf"\b(?:mysql|mariadb)[\w-]*\b[^\n|;&]*?[ \t]-p(?P<value>{_QUOTED}|[^\s;|&\"']+)",
        r"\bcurl\b[^\n|;&]*?[ \t](?:-u|--user)[ =]?[\"']?[^\s:\"']+:(?P<value>[^\s\"']+)",
    )
)
"""What commands are given: an option, mysql's and curl's own ways. `--secret` names one, or is a switch."""
_NPM: Final = re.compile(r"(?<![A-Za-z0-9_])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9_])")
_AUTHORIZATION: Final = re.compile(
    r"(?i)\b(?P<scheme>basic|bearer)[ \t]+(?P<value>[\w.~+/-]{8,}={0,2})"
)
_PORTS: Final = re.compile(r"[\d.]*:?\d+:\d+(/\w+)?")
_RANDOM_LENGTHS: Final = range(20, 301)
_HEX_DIGESTS: Final = frozenset({40, 64, 96, 128})


@dataclass(frozen=True, slots=True)
class Suspect:
    """What looks like a secret.

    Attributes:
        value: The text itself.
        detector: What noticed it, by detect-secrets' name.
    """

    value: str
    detector: str

    def __repr__(self) -> str:
        return f"Suspect([secret], {self.detector!r})"


def suspects(name: str, text: str, *, is_name: Callable[[str], bool]) -> Iterator[Suspect]:
    """Yield what looks like a secret in a text, the surest first.

    Args:
        name: What the text is called, e.g. the name of the property; empty when nothing is known.
        text: The text.
        is_name: Whether a text is the name of something in the program.
    """
    text = text[:_LONGEST]
    found = detectors()
    for detector in found.forms:
        for match in detector.analyze_string(text):
            if not _TEMPLATE.search(match):
                whole = text if detector is found.private_key else match
                yield Suspect(whole, detector.secret_type)
    keyword = found.keyword.secret_type
    if sounds_secret(name) and may_be_value(name, text, is_name=is_name):
        yield Suspect(text, keyword)
    for pattern in _ASSIGNMENTS:
        for match in pattern.finditer(text):
            value = match["value"].strip("\"'")
            if value == match["value"] and (_CODE.search(value) or sounds_secret(value)):
                continue  # of a program: `password = settings.password`
            if sounds_secret(match["name"]) and may_be_value(match["name"], value, is_name=is_name):
                yield Suspect(value, keyword)
    yield from _in_commands(text, keyword, is_name=is_name)
    yield from _in_headers(text)
    inside = encoded(text)
    if inside is not None:  # user data, say
        yield from suspects("", inside, is_name=is_name)
        return
    kind = _random(name, text)
    if kind is not None and not is_name(text):
        yield Suspect(text, kind)


def _in_commands(text: str, keyword: str, *, is_name: Callable[[str], bool]) -> Iterator[Suspect]:
    for pattern in _COMMANDS:
        for match in pattern.finditer(text):
            option = match.groupdict().get("name")
            value = match["value"].strip("\"'")
            if option is not None and (not sounds_secret(option) or value.isalpha()):
                continue  # of prose: "give --password or else"
            if _PORTS.fullmatch(value) or _CODE.search(value):
                continue
            if may_be_value(option or "password", value, is_name=is_name):
                yield Suspect(value, keyword)


def _in_headers(text: str) -> Iterator[Suspect]:
    for match in _NPM.finditer(text):
        yield Suspect(match[0], "NPM tokens")
    for match in _AUTHORIZATION.finditer(text):
        value = match["value"]
        if match["scheme"].lower() == "basic":
            inside = encoded(value, shortest=_SHORTEST)
            if inside is not None and ":" in inside:
                yield Suspect(value, "Basic Auth Credentials")
        elif any(map(str.isalpha, value)) and any(map(str.isdigit, value)):
            yield Suspect(value, "Bearer Token")


def encoded(text: str, shortest: int = _RANDOM_LENGTHS.start) -> str | None:
    """Return the readable text that is in a base64 one; None if there is none."""
    if len(text) not in range(shortest, _LONGEST):
        return None
    try:
        inside = base64.b64decode(text, validate=True).decode()
    except ValueError:
        return None
    return inside if all(each.isprintable() or each.isspace() for each in inside) else None


def may_be_value(name: str, text: str, *, is_name: Callable[[str], bool]) -> bool:
    """Whether what a secret-sounding name holds can be the secret, and is not a reference to it."""
    if len(text) < _SHORTEST or "\n" in text.strip() or _TEMPLATE.search(text):
        return False
    if _UUID.match(text) or _REFERENCE.match(text) or is_name(text):
        return False
    if _INTEGRITY.fullmatch(text) or names_a_field(name, text):
        return False
    if is_password(name):  # never the name of something, and digits will do
        return True
    # `existingSecret: db-credentials` names one.
    called = _NAME.fullmatch(text) and not NAMES_OF_SECRETS.isdisjoint(words(text))
    if is_variable(name):
        return _may_be_of_a_variable(name, text) if called else not _is_count(text)
    return not called and any(map(str.isalpha, text))


def _is_count(text: str) -> bool:
    return text.isdigit() and len(text) < _LONGEST_COUNT


def _may_be_of_a_variable(name: str, text: str) -> bool:
    """Whether a text that has such a word in it is a value after all: `JWT_SECRET=my-jwt-secret`."""
    if "/" in text:
        return False
    *_, before, last = ["", *words(name)]
    names_an_object = last in {"secret", "credentials", "token"} and before not in MADE_FROM
    return not (names_an_object and words(text)[-1] in NAMES_OF_SECRETS)


def _random(name: str, text: str) -> str | None:
    """Name the detector that takes a text for random; None if its name says what it is."""
    if len(text) not in _RANDOM_LENGTHS or not IDENTIFYING.isdisjoint(words(name)[-2:]):
        return None
    if _TEMPLATE.search(text) or _UUID.match(text) or _REFERENCE.match(text):
        return None
    if _INTEGRITY.fullmatch(text):
        return None
    found = detectors()
    if set(text) <= set(found.hexadecimal.charset):
        random = found.hexadecimal.calculate_shannon_entropy(text) > found.hexadecimal.entropy_limit
        mixed = any(map(str.isalpha, text)) and any(map(str.isdigit, text))
        digest = len(text) in _HEX_DIGESTS
        return str(found.hexadecimal.secret_type) if random and mixed and not digest else None
    if set(text) <= set(found.base64.charset) - {"\\"}:
        random = found.base64.calculate_shannon_entropy(text) > found.base64.entropy_limit
        mixed = all(any(map(kind, text)) for kind in (str.islower, str.isupper, str.isdigit))
        return str(found.base64.secret_type) if random and mixed else None
    return None
