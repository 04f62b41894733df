"""What looks like the value of a secret: by what it is called, by its form, by its randomness.

Yelp's `detect-secrets` judges names and forms. Its detectors are called one by one: none of its process-wide
settings is touched, and its verification, which asks the network, is never reached. What is here beside them
says what is no value although a detector would think so: a template, a reference, a name, an id, a digest.
"""

import base64
import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from infra_secrets.errors import MissingExtraError

_LONGEST: Final = 200_000
"""Characters of one text that are looked at."""

# Names ------------------------------------------------------------------------------------------------

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")
_FORMS: Final = frozenset(
    {
        "binary",
        "content",
        "data",
        "encoded",
        "plain",
        "plaintext",
        "raw",
        "string",
        "text",
        "value",
        "wo",
    }
)
"""Words behind the one that counts: `secretString`, `passwordWo`, `TOKEN_BASE64`."""
_ENDS: Final = re.compile(r"(password|passwd|pwd|pass|secret|key|contraseña|contrasena)$")
_FURTHER: Final = frozenset(
    {
        "passphrase",
        "passcode",
        "credential",
        "credentials",
        "token",
        "authtoken",
        "apitoken",
        "accesstoken",
        "access_key",
        "signing_key",
        "encryption_key",
        "shared_key",
        "master_key",
        "webhook_key",
        "requirepass",
        "masterauth",
    }
)
"""What detect-secrets does not count among the names of secrets, and this package does."""
_HARMLESS_TOKENS: Final = frozenset(
    {"client", "continuation", "creation", "idempotency", "invalidation", "next", "page", "request"}
)
_IDENTIFYING: Final = frozenset(
    {
        "ami",
        "arn",
        "ca",
        "cert",
        "certificate",
        "checksum",
        "chain",
        "commit",
        "crt",
        "digest",
        "domain",
        "email",
        "endpoint",
        "etag",
        "fingerprint",
        "hash",
        "host",
        "hostname",
        "id",
        "image",
        "issuer",
        "md5",
        "modulus",
        "name",
        "path",
        "policy",
        "ref",
        "revision",
        "sha",
        "sha1",
        "sha256",
        "sha512",
        "sku",
        "source",
        "thumbprint",
        "type",
        "uri",
        "url",
        "uuid",
        "version",
    }
)
_NAMES_OF_SECRETS: Final = frozenset(
    {
        "auth",
        "cert",
        "creds",
        "credential",
        "credentials",
        "key",
        "keys",
        "password",
        "passwords",
        "secret",
        "secrets",
        "tls",
        "token",
        "tokens",
    }
)


_EVERYDAY: Final = frozenset(
    {
        "admin",
        "db",
        "false",
        "key",
        "none",
        "pass",
        "passphrase",
        "passwd",
        "password",
        "pwd",
        "root",
        "secret",
        "token",
        "true",
        "user",
    }
)
"""Words that names of properties and resources have, so that taking them out would spoil every text."""


def is_everyday(text: str) -> bool:
    """Whether a text has only words that stand in every program: seen alone it tells nobody a value."""
    found = words(text)
    return bool(found) and set(found) <= _EVERYDAY


def words(name: str) -> list[str]:
    """Return the words of a name in any spelling: `dbPassword`, `DB_PASSWORD`, `db.password`."""
    return [word.lower() for word in _WORD.findall(name)]


def sounds_secret(name: str) -> bool:
    """Whether a name says that its value is a secret, and not what the secret is called or where it is."""
    found = words(name)
    if found[-2:] in (["base", "64"], ["b", "64"]):
        found = found[:-2]
    while found and (found[-1] in _FORMS or found[-1].isdigit()):
        found.pop()
    if not found:
        return False
    last, before = found[-1], found[-2] if len(found) > 1 else ""
    if last == "token" and before in _HARMLESS_TOKENS:
        return False
    called = f"{before}_key" if last == "key" and before else last
    if called in _FURTHER or (last == "pass" and before):  # DB_PASS
        return True
    keyword = detectors().keyword
    return bool(_ENDS.search(called)) and any(keyword.analyze_string(f'{called} = "x1"'))


def says_nothing(name: str) -> bool:
    """Whether a name has only words that any value has: `value`, `plaintextValue`."""
    return set(words(name)) <= _FORMS


_ENVIRONMENT: Final = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
_FIELD: Final = re.compile(r"(?i)([a-z]+[-_.])*(pass|password|secret|token|user|username|key)")
_LOCATING: Final = frozenset({"arn", "file", "id", "name", "path", "ref", "uri", "url"})
_MADE_FROM: Final = frozenset(
    {"app", "auth", "client", "cookie", "hmac", "jwt", "session", "signing", "webhook"}
)
"""What a secret is for that is a text and no object: `JWT_SECRET`; a `DB_SECRET` may name one of a cluster."""


def _is_variable(name: str) -> bool:
    """Whether it is the name of an environment variable that holds a secret, and not where one is."""
    return bool(_ENVIRONMENT.fullmatch(name)) and _LOCATING.isdisjoint(words(name))


def _names_a_field(name: str, text: str) -> bool:
    """Whether a property only says what a field is called: `passwordKey: password`."""
    found = words(name)
    if found[-1:] != ["key"]:
        return False
    if found[-2:-1] in (["password"], ["passphrase"], ["token"]):
        return bool(_FIELD.fullmatch(text))
    return text.lower() in _NAMES_OF_SECRETS


def _is_password(name: str) -> bool:
    found = words(name)
    if found[-1:] == ["secret"]:  # `DB_PASSWORD_SECRET` is the secret's name
        return False
    return any(word.endswith(("password", "passwd", "pwd", "passphrase")) for word in found)


# Values -----------------------------------------------------------------------------------------------

_SHORTEST: Final = 4
_LONGEST_COUNT: Final = 6  # digits of a number that counts something, and is no PIN
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
    """Return the readable text that is in a base64 one; None where there is none."""
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
    if _INTEGRITY.fullmatch(text) or _names_a_field(name, text):
        return False
    if _is_password(name):  # never the name of something, and digits will do
        return True
    # `existingSecret: db-credentials` names one.
    called = _NAME.fullmatch(text) and not _NAMES_OF_SECRETS.isdisjoint(words(text))
    if _is_variable(name):
        return _may_be_of_a_variable(name, text) if called else not _is_count(text)
    return not called and any(map(str.isalpha, text))


def _is_count(text: str) -> bool:
    return text.isdigit() and len(text) < _LONGEST_COUNT


def _may_be_of_a_variable(name: str, text: str) -> bool:
    """Whether a text that has such a word in it is a value after all: `JWT_SECRET=my-jwt-secret`."""
    if "/" in text:
        return False
    *_, before, last = ["", *words(name)]
    names_an_object = last in {"secret", "credentials", "token"} and before not in _MADE_FROM
    return not (names_an_object and words(text)[-1] in _NAMES_OF_SECRETS)


def _random(name: str, text: str) -> str | None:
    """Name the detector that takes a text for random; None where its name says what it is."""
    if len(text) not in _RANDOM_LENGTHS or not _IDENTIFYING.isdisjoint(words(name)[-2:]):
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


# detect-secrets ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Detectors:
    """The detectors in use. Those of forms that much else has (Twilio's, public addresses) are left out."""

    private_key: Any
    forms: Sequence[Any]
    keyword: Any
    hexadecimal: Any
    base64: Any


@functools.cache
def detectors() -> Detectors:
    """Return the detectors.

    Raises:
        MissingExtraError: detect-secrets is not installed.
    """
    try:
        from detect_secrets.plugins import (
            aws,
            azure_storage_key,
            basic_auth,
            discord,
            github_token,
            gitlab_token,
            high_entropy_strings,
            jwt,
            keyword,
            mailchimp,
            npm,
            openai,
            private_key,
            pypi_token,
            sendgrid,
            slack,
            square_oauth,
            stripe,
            telegram_token,
        )
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "detect_secrets":
            raise
        raise MissingExtraError(
            "Looking for values in plain text (detect_secrets)", "cli"
        ) from None
    pem = private_key.PrivateKeyDetector()
    forms = (
        pem,
        aws.AWSKeyDetector(),
        azure_storage_key.AzureStorageKeyDetector(),
        discord.DiscordBotTokenDetector(),
        github_token.GitHubTokenDetector(),
        gitlab_token.GitLabTokenDetector(),
        jwt.JwtTokenDetector(),
        mailchimp.MailchimpDetector(),
        npm.NpmDetector(),
        openai.OpenAIDetector(),
        pypi_token.PypiTokenDetector(),
        sendgrid.SendGridDetector(),
        slack.SlackDetector(),
        square_oauth.SquareOAuthDetector(),
        stripe.StripeDetector(),
        telegram_token.TelegramBotTokenDetector(),
        basic_auth.BasicAuthDetector(),
    )
    return Detectors(
        pem,
        forms,
        keyword.KeywordDetector(),
        high_entropy_strings.HexHighEntropyString(limit=3.0),
        high_entropy_strings.Base64HighEntropyString(limit=4.5),
    )
