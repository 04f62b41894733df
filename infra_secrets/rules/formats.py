"""What a stored value must look like: JSON, a number, a boolean, PEM, or a URL of a certain scheme.

A check says what is wrong with a value, what the usual cause is, and never repeats any of it: a message
is made of fixed words and positions. The one exception is a scheme like `postgres`, and only when it
is a word that everybody knows.

This module reads text and knows neither Pulumi nor where the value came from. It does not judge whether a
value is right (whether a database answers, a key fits a certificate), only whether a program could read
it. No value can make it raise, and it takes time proportional to the value's length.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from infra_secrets.rules.wording import looks_like_a_value, shown

FORMATS = ("json", "int", "bool", "pem")
"""The formats that have a name. Any other format is the scheme that a URL must have."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")  # RFC 3986, section 3.1, in its canonical lower case

# What people write for a format, and the one that would work.
# fmt: off
_MISTAKES = {
    **dict.fromkeys((
        "jsn", "jason", "jsonb", "object", "dict", "list", "array", "map",
    ), "json"),
    **dict.fromkeys((
        "integer", "number", "num", "int32", "int64", "long", "port", "itn", "intger", "interger",
    ), "int"),
    **dict.fromkeys((
        "boolean", "boolen", "bolean", "bol", "boole", "flag",
    ), "bool"),
    **dict.fromkeys((
        "cert", "certificate", "crt", "key", "private-key", "private_key", "privatekey",
        "public-key", "public_key", "openssh", "ssh-key", "ssh_key", "sshkey", "rsa", "x509",
        "pkcs8",
    ), "pem"),
}
_NO_FORMAT = frozenset((
    "any", "base64", "csv", "date", "decimal", "double", "float", "password", "plain", "secret",
    "str", "string", "text", "token", "toml", "xml", "yaml", "yml",
))
# fmt: on
_ANY_URL = ("url", "uri", "dsn", "link", "address", "endpoint")
_LONGEST_FORMAT = 60  # longer than any scheme, shorter than what could be a key

# Scheme words that a message may repeat from a value.
# fmt: off
_KNOWN_SCHEMES = frozenset((
    "amqp", "amqps", "clickhouse", "cockroachdb", "couchbase", "elasticsearch", "file", "ftp",
    "ftps", "gs", "http", "https", "jdbc", "kafka", "ldap", "ldaps", "mariadb", "memcached",
    "mongodb", "mongodb+srv", "mqtt", "mqtts", "mssql", "mssql+pyodbc", "mysql", "mysql+asyncmy",
    "mysql+mysqldb", "mysql+pymysql", "nats", "neo4j", "neo4j+s", "oracle", "oracle+oracledb",
    "postgis", "postgres", "postgresql", "postgresql+asyncpg", "postgresql+pg8000",
    "postgresql+psycopg", "postgresql+psycopg2", "redis", "rediss", "s3", "sftp", "smtp", "smtps",
    "snowflake", "sqlite", "sqlite+aiosqlite", "sqlserver", "ssh", "tcp", "tls", "udp", "unix",
    "valkey", "valkeys", "ws", "wss",
))
# fmt: on
_SAME_BUT_FOR_THE_NAME = (
    frozenset(("postgres", "postgresql")),
    frozenset(("redis", "valkey")),
    frozenset(("rediss", "valkeys")),
    frozenset(("mysql", "mariadb")),
)

# A scheme needs no host when one of its words (`db+sqlite`) is among these.
_NEED_NO_HOST = frozenset(
    ("bigquery", "data", "duckdb", "file", "mailto", "memory", "socket", "sqlite", "unix", "urn")
)
# Query parameters that say where a server is: libpq, MySQL drivers, Cloud SQL.
_HOST_IN_THE_QUERY = ("host", "hostaddr", "service", "socket", "unix_sock", "unix_socket")
_PASSWORD_IN_THE_QUERY = ("password", "passwd", "pwd")


def unknown_format(text: str) -> str | None:
    """Say why `text` is not a format, and suggest one; None when it is one."""
    lower = text.strip().lower()
    rule = f"a format is {', '.join(FORMATS)} or the scheme of a URL, in lower case (like 'postgresql')"
    would_do = _MISTAKES.get(lower, re.sub(r":/{0,2}$", "", lower))
    hidden = looks_like_a_value(would_do) or len(would_do) > _LONGEST_FORMAT
    if hidden or not (would_do in FORMATS or _SCHEME.fullmatch(would_do)):
        way_out = f"{rule}."
    elif would_do in _NO_FORMAT:
        way_out = f"{rule}. Leave the entry out to accept any text."
    elif would_do in _ANY_URL:
        way_out = "name the scheme that the URL must have, e.g. 'https'."
    elif would_do == text:
        return None
    else:
        way_out = f"{rule}. {would_do!r} would work."
    return f"{shown(text)} is not a format: {way_out}"


def problem(value: str, expected: str, /) -> str | None:
    """Say what is wrong with a value, or None when it fits.

    Args:
        value: The text to look at; it is never repeated.
        expected: A format that `unknown_format` has nothing against.

    Returns:
        A fragment to put after "its value ", e.g. `is not JSON: it ends too early (line 3, column 1)`.
    """
    if not value:
        return "is empty"
    if not value.strip():
        return "is empty except for spaces or line breaks"
    check = _CHECKS.get(expected)
    return _url_problem(value, expected) if check is None else check(value)


# A line of an .env file that was stored whole.
_ASSIGNMENT = re.compile(r"(?:export\s{1,8})?[A-Z][A-Z0-9_]{1,100}=")


def _around(value: str) -> str | None:
    """What commonly gets stored around a value, as the cause of the trouble."""
    bare = value.strip()
    if value.startswith("\ufeff"):
        return "it begins with a byte order mark"
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\"`":
        return "it has quotes around it; store it without them"
    if _ASSIGNMENT.match(bare):
        return "it looks like a line of an .env file; store only what follows the `=`"
    if bare == value:
        return None
    if value.rstrip("\r\n") == bare:
        return "it ends in a line break (echo adds one; use printf '%s')"
    return "it has spaces or line breaks around it"


def _int_problem(value: str) -> str | None:
    if re.fullmatch(r"-?[0-9]+", value):
        return None
    cause = _around(value)
    if cause is None and re.fullmatch(r"[0-9][0-9_,' ]*[0-9]", value):
        cause = "write it without separators"
    elif cause is None and re.fullmatch(r"-?[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?", value):
        cause = "it has a decimal point"
    return f"is not a whole number: {cause or 'it must be ASCII digits, after an optional -'}"


def _bool_problem(value: str) -> str | None:
    if value in ("true", "false"):
        return None
    cause = _around(value)
    if cause is None and value.lower() in ("true", "false"):
        cause = "write it in lower case"
    elif cause is None and value.lower() in (
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "t",
        "f",
        "1",
        "0",
    ):
        cause = "other words and numbers do not count"
    return "is neither true nor false" + (f": {cause}" if cause else "")


_USELESS_COMMA = "a comma has nothing after it"
# Beginnings of the messages of json.JSONDecodeError, in CPython 3.11 to 3.14. Some of them go on with a
# character of the document, so they are recognised and never repeated.
_JSON_CAUSES = (
    ("Expecting value", "a string has no double quotes, or true, false or null is misspelt"),
    ("Expecting ',' delimiter", 'a comma is missing, or a " inside a string is not written as \\"'),
    ("Expecting ':' delimiter", "a colon is missing after a name"),
    ("Expecting property name", "a name in double quotes is missing"),
    ("Illegal trailing comma", _USELESS_COMMA),
    ("Extra data", "there is something after its end"),
    ("Unterminated string", "a string is not closed by a double quote"),
    (
        "Invalid control character",
        "a string has a bare line break or control character instead of \\n",
    ),
    ("Invalid \\u", "a \\u is not followed by four hexadecimal digits"),
    ("Invalid \\", "a backslash in a string is not written as \\\\"),
)


class _NotANumberError(ValueError):
    """The document holds NaN or Infinity, which Python would read and JSON does not have."""


def _json_problem(value: str) -> str | None:
    try:
        # Numbers stay text: nothing here needs them, and Python refuses to read very long ones.
        json.loads(value, parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        return f"is not JSON: {_json_cause(value, error)} ({where})"
    except _NotANumberError:
        return "is not JSON: it has NaN or Infinity, which JSON does not allow"
    except RecursionError:
        return "is nested too deeply to be read as JSON"
    return None


def _refuse_constant(_: str) -> object:
    raise _NotANumberError


def _json_cause(value: str, error: json.JSONDecodeError) -> str:
    """Find the likeliest cause. Common mistakes come first; the reader's own words come last."""
    bare, there = value.strip(), value[error.pos : error.pos + 10].lstrip()
    wants_more = error.msg.startswith(("Expecting value", "Expecting property name"))
    around = None if bare.startswith('"') else _around(bare)
    causes = (
        (around, around),
        (error.pos >= len(value.rstrip()), "it ends too early"),
        (there.startswith("'"), "it has single quotes where JSON has double quotes"),
        (
            re.match(r"(?:True|False|None)\b", there),
            "it has Python's True, False or None, which JSON spells true, false and null",
        ),
        (wants_more and there[:1] in ("}", "]", ","), _USELESS_COMMA),
        (
            wants_more and not value[: error.pos].strip(),
            "it does not begin like JSON (a string needs double quotes)",
        ),
        *((error.msg.startswith(beginning), cause) for beginning, cause in _JSON_CAUSES),
    )
    return next((cause for holds, cause in causes if holds and cause), "it cannot be read")


# RFC 7468, section 3: words of printable characters without hyphens, joined by one space or hyphen.
_PEM_LABEL = re.compile(r"[!-,.-~]+(?:[- ][!-,.-~]+)*")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_PEM_HEADER = re.compile(r"[!-9;-~]{1,64}:[ \t]?[^\r\n]*")
_BEGIN, _END, _DASHES = "-----BEGIN ", "-----END ", "-----"
_BASE64_OF_BEGIN = "LS0tLS1CRUdJTi"
_OPENSSH = "OPENSSH PRIVATE KEY"


def _pem_problem(value: str) -> str | None:
    # An OpenSSH key is read by other rules, and only once it is well-formed.
    return next(_pem_faults(value), None) or _openssh_problem(value)


def _pem_faults(value: str) -> Iterator[str]:
    """What keeps OpenSSL from reading a text as PEM, the first one first; text between blocks is legal."""
    blocks = 0
    label: str | None = None
    body: list[str] = []
    for number, raw in enumerate(value.split("\n"), start=1):
        line = raw.rstrip(" \t\r")
        where = f"line {number}"
        if not line.startswith((_BEGIN, _END)):
            if label is not None:
                body.append(line.strip(" \t"))
            continue
        kind = _BEGIN if line.startswith(_BEGIN) else _END
        this = line[len(kind) : -len(_DASHES)]
        if not line.endswith(_DASHES) or not _PEM_LABEL.fullmatch(this):
            yield f"is not PEM: {_damage(line)} ({where})"
        elif kind == _BEGIN:
            if label is not None:
                yield f"is not PEM: a block begins inside another one ({where})"
            label, body = this, []
        else:
            if label is None:
                reason = _NO_BEGIN if blocks else next(_reasons_for_no_block(value))
                yield f"is not PEM: {reason} ({where})"
            elif this != label:
                yield f"is not PEM: the BEGIN and END lines of a block differ ({where})"
            elif cause := next(_body_faults(body), None):
                yield f"is not PEM: {cause} (in the block that ends on {where})"
            blocks += 1
            label = None
    if label is not None:
        yield "is not PEM: its last block has no END line at the start of a line"
    if not blocks:
        yield f"is not PEM: {next(_reasons_for_no_block(value))}"


_NO_BEGIN = "a block has an END line and no BEGIN line"
_ONE_LINE = "its lines were joined into one, as YAML does with text outside a | block"
_WRITTEN_OUT = "it has \\n written out where line breaks belong"


def _damage(line: str) -> str:
    if "\\n" in line:
        return _WRITTEN_OUT
    if "\r" in line:
        return "its lines end in carriage returns only"
    return _ONE_LINE if _DASHES in line[len(_END) : -len(_DASHES)] else "a boundary line is damaged"


def _body_faults(body: list[str]) -> Iterator[str]:
    if body and _PEM_HEADER.fullmatch(body[0]):  # RFC 1421: `Proc-Type:`, `DEK-Info:`
        if "" not in body:
            yield "there is no empty line after its headers"
            return
        body = body[body.index("") :]
    # OpenSSL takes one empty line before the base64, as the end of no headers, and none elsewhere.
    body = body[1:] if body and not body[0] else body
    text = "".join(body)
    if not text:
        yield "it is empty"
    if "\\n" in text:
        yield _WRITTEN_OUT
    if " " in text:
        yield _ONE_LINE
    if "" in body:
        yield "it has empty lines inside"
    if not _BASE64.fullmatch(text):
        yield "it has characters that are not base64"
    if len(text) % 4:
        yield "part of its base64 is missing"


def _openssh_problem(value: str) -> str | None:
    """What OpenSSH refuses in a private key of its own format, and nobody else minds.

    Its marks for begin and end (`sshkey.c`) include the line break; the first must open the file.
    """
    if f"{_BEGIN}{_OPENSSH}{_DASHES}" not in value:
        return None
    if re.search(r"[ \t\r]$", value, re.MULTILINE):
        return (
            "has spaces or carriage returns before its line breaks, and OpenSSH refuses such a key"
        )
    if not value.startswith(f"{_BEGIN}{_OPENSSH}{_DASHES}\n"):
        return "has something before its BEGIN line, and OpenSSH refuses such a key"
    if f"{_END}{_OPENSSH}{_DASHES}\n" not in value:
        return "ends without a line break, and OpenSSH refuses a key without its last one"
    return None


def _reasons_for_no_block(value: str) -> Iterator[str]:
    bare = value.strip()
    if bare.startswith(_BASE64_OF_BEGIN):
        yield "it is a PEM text in base64; store the PEM text itself"
    if "-----BEGIN" not in value:
        yield "it has no BEGIN line"
    if around := _around(bare):
        yield around
    if re.search(r"^[ \t]+-----BEGIN", value, re.MULTILINE):
        yield "its lines are indented"
    yield "its BEGIN line is not at the start of a line"


def _url_problem(value: str, scheme: str) -> str | None:
    return next(_url_faults(value, scheme), None)


def _url_faults(value: str, scheme: str) -> Iterator[str]:
    """What is wrong with a URL, the first thing first; what follows it may make no sense then.

    `urlsplit` is not used: it drops line breaks silently, raises on brackets, and keeps what it has read
    in a cache.
    """
    if cause := _around(value):
        yield f"is not a URL: {cause}"
    if _BLANK_OR_CONTROL.search(value):
        yield "is not a URL: it has a space, line break or control character (write a space as %20)"
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]{0,99}):", value)
    slashes = "" if scheme == "jdbc" else "//"
    if found is None:
        yield f"has no scheme: it must begin with {scheme}:{slashes}"
        return
    rest = value[found.end() :]
    if found[1].lower() != scheme:
        yield _other_scheme(found[1].lower() if rest.startswith("//") else "", scheme)
    if scheme == "jdbc":
        inner = re.match(r"[A-Za-z][A-Za-z0-9+.-]{0,99}:(?=.)", rest)
        if inner is None:
            yield "has no database after jdbc: (e.g. jdbc:postgresql://)"
            return
        rest = rest[inner.end() :]
    needs_host = _NEED_NO_HOST.isdisjoint(scheme.split("+"))
    if rest.startswith("//"):
        yield from _authority_faults(rest[2:], needs_host=needs_host)
    elif scheme != "jdbc" and (needs_host or not rest):
        yield f"has no // after {scheme}:"
    else:
        yield from _placeholder_parameters(rest)


# Whatever str.isspace finds, and the C0 controls and DEL.
_BLANK_OR_CONTROL = re.compile(r"[\s\x00-\x20\x7f]")


def _other_scheme(found: str, wanted: str) -> str:
    start = f"{wanted}:{'' if wanted == 'jdbc' else '//'}"
    if found not in _KNOWN_SCHEMES:
        return f"has the wrong scheme: it must begin with {start}"
    same = {found, wanted} in _SAME_BUT_FOR_THE_NAME
    return f"begins with {found}://, not {start}{'; the rest can stay as it is' if same else ''}"


_MARKER = re.compile(
    r"\$\{[A-Za-z_][\w.:-]*\}|\$\([A-Za-z_][\w.-]*\)|\{\{[^{}]*\}\}|%\([A-Za-z_]\w*\)s", re.ASCII
)
_WHOLE_MARKER = re.compile(
    r"<[^<>]*>|\[[^][]*\]|\{[^{}]*\}|\$[A-Z_][A-Z0-9_]*|%[A-Z_]+%|%[sdvq]|[xX]{3,}|[*]{3,}|[.]{3,}|[?]{3,}|…|•+"
)
_PLACEHOLDER = re.compile(
    r"(?:(?:your|my|the|some|db|database|user|insert|enter|replace|super|put|a|new)*"
    r"(?:password|passwd|passwort|pass|pwd|secret|placeholder|example|value)(?:here)?)"
    r"|change(?:me|it|this)(?:please|now)?|replaceme|fixme|todo|tbd|dummy|redacted|hidden|masked|insecure"
    r"|undefined|null|none|nil"
)
_LONGEST_PLACEHOLDER = 64


def _is_placeholder(password: str) -> bool:
    plain = unquote(password)
    for text in (password, plain):
        if _MARKER.search(text) or _WHOLE_MARKER.fullmatch(text):
            return True
    if len(plain) > _LONGEST_PLACEHOLDER:
        return False
    return _PLACEHOLDER.fullmatch(re.sub(r"[\W_]", "", plain.lower())) is not None


# `<`, `{` and `$(` are legal in neither a user nor a host; the rest must be all of it.
_MARKER_OUTSIDE_PASSWORDS = re.compile(
    r"[<>{}]|\$\(|(?:^|(?<=[:,]))(?:\$[A-Za-z_]\w*|%[sdvq]|undefined|null|None)(?=[:,]|$)", re.ASCII
)


def _has_marker(user_or_hosts: str) -> bool:
    return _MARKER_OUTSIDE_PASSWORDS.search(unquote(user_or_hosts)) is not None


def _authority_faults(rest: str, *, needs_host: bool) -> Iterator[str]:
    """Judge what follows the `//` of a URL."""
    # `;` divides the parameters of SQL Server's JDBC URLs, and is legal in a password.
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    userinfo, at, hosts = authority.rpartition("@")
    hosts = hosts.partition(";")[0]
    tail = rest[len(userinfo) + len(at) + len(hosts) :]
    user, _, password = userinfo.partition(":")
    if password and _is_placeholder(password):
        yield "has a placeholder where the password belongs"
    if _has_marker(user):
        yield "has a placeholder where the user belongs"
    if _has_marker(hosts):
        yield "has a placeholder where the host belongs"
    if re.search(r"%(?![0-9A-Fa-f]{2})", authority):
        yield "has a % in its user, password or host that is not part of an escape; write it as %25"
    cause = next(_hosts_faults(hosts), None)
    if cause and not at and "@" in tail:
        yield "has a /, ? or # in its password; write them as %2F, %3F and %23"
    if hosts and cause:
        yield cause
    if not hosts and needs_host and not _names_a_host(tail):
        yield "has no host"
    yield from _placeholder_parameters(tail)


def _parameters(tail: str) -> Iterator[tuple[str, str]]:
    """Yield the `name=value` pairs of a query, or of SQL Server's `;name=value`; names in lower case."""
    for pair in re.split(r"[?&;#]", tail)[1:]:
        name, _, text = pair.partition("=")
        yield name.lower(), text


def _names_a_host(tail: str) -> bool:
    return any(name in _HOST_IN_THE_QUERY and text for name, text in _parameters(tail))


def _placeholder_parameters(tail: str) -> Iterator[str]:
    for name, text in _parameters(tail):
        if name in _PASSWORD_IN_THE_QUERY and text and _is_placeholder(text):
            yield "has a placeholder where the password belongs"


def _hosts_faults(hosts: str) -> Iterator[str]:
    wrapped = re.fullmatch(r"tcp\(([^()]*)\)", hosts)  # as Go's MySQL driver writes it
    for host in (wrapped[1] if wrapped else hosts).split(","):
        yield from _host_faults(host)


_HIGHEST_PORT = 65535


def _host_faults(text: str) -> Iterator[str]:
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        if not bracket or not _is_ipv6(host) or port[:1] not in ("", ":"):
            yield "has a broken IPv6 address in its brackets"
        port = port[1:]
    else:
        host, _, port = text.partition(":")
        if ":" in port:
            yield "has more than one : in its host (an IPv6 address needs brackets)"
        if not host:
            yield "has no host"
        if not re.fullmatch(r"[\w.~%!$&'()*+=-]*", host):
            yield "has a character in its host that is not allowed there"
    if port and not (re.fullmatch(r"[0-9]{1,5}", port) and 1 <= int(port) <= _HIGHEST_PORT):
        yield "has a port that is not a number from 1 to 65535"


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text[:100].replace("%25", "%", 1))
    except ValueError:
        return False
    return True


_CHECKS: dict[str, Callable[[str], str | None]] = {
    "json": _json_problem,
    "int": _int_problem,
    "bool": _bool_problem,
    "pem": _pem_problem,
}
