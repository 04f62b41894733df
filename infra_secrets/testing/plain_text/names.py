"""What a name says of the value under it: that it is a secret, or where one is, or what one is called."""

import re
from typing import Final

from infra_secrets.testing.plain_text.detectors import detectors

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
IDENTIFYING: Final = frozenset(
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
NAMES_OF_SECRETS: Final = frozenset(
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
MADE_FROM: Final = frozenset(
    {"app", "auth", "client", "cookie", "hmac", "jwt", "session", "signing", "webhook"}
)
"""What a secret is for that is a text and no object: `JWT_SECRET`; a `DB_SECRET` may name one of a cluster."""


def is_variable(name: str) -> bool:
    """Whether it is the name of an environment variable that holds a secret, and not where one is."""
    return bool(_ENVIRONMENT.fullmatch(name)) and _LOCATING.isdisjoint(words(name))


def names_a_field(name: str, text: str) -> bool:
    """Whether a property only says what a field is called: `passwordKey: password`."""
    found = words(name)
    if found[-1:] != ["key"]:
        return False
    if found[-2:-1] in (["password"], ["passphrase"], ["token"]):
        return bool(_FIELD.fullmatch(text))
    return text.lower() in NAMES_OF_SECRETS


def is_password(name: str) -> bool:
    """Whether a name is that of a password, and not of the secret that holds it."""
    found = words(name)
    if found[-1:] == ["secret"]:  # `DB_PASSWORD_SECRET` is the secret's name
        return False
    return any(word.endswith(("password", "passwd", "pwd", "passphrase")) for word in found)
