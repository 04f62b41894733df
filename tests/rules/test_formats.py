"""Formats: what fits, what does not and why, and that no message repeats any of a value."""

import base64
import json
import math
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_secrets.rules.formats import FORMATS, problem, unknown_format
from tests.conftest import PATIENCE

SCHEMES = ("postgresql", "https", "jdbc", "sqlite", "mongodb+srv")
EVERY_FORMAT = st.sampled_from((*FORMATS, *SCHEMES))
MIB = 1024 * 1024


def pem(label: str = "PRIVATE KEY", content: bytes = b"content" * 20, end: str = "\n") -> str:
    body = base64.encodebytes(content).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----{end}"


KEY = pem()
OPENSSH = pem("OPENSSH PRIVATE KEY")
ENCRYPTED = KEY.replace(
    "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0F\n\n", 1
)


@pytest.mark.parametrize("text", [*FORMATS, *SCHEMES, "s3", "bolt", "mint", "postgresql+psycopg"])
def test_a_format_or_a_scheme_is_a_format(text: str) -> None:
    assert unknown_format(text) is None


@pytest.mark.parametrize(
    ("text", "would_do"),
    [
        ("integer", "int"),
        ("number", "int"),
        ("boolean", "bool"),
        ("boolen", "bool"),
        ("jsn", "json"),
        ("certificate", "pem"),
        ("key", "pem"),
        ("JSON", "json"),
        ("Postgresql", "postgresql"),
        ("postgresql://", "postgresql"),
        (" int ", "int"),
    ],
)
def test_a_mistaken_format_is_named_with_the_one_that_would_do(text: str, would_do: str) -> None:
    assert str(unknown_format(text)).endswith(f"{would_do!r} would work.")


@pytest.mark.parametrize("text", ["str", "string", "text", "float", "yaml", "url", "uri"])
def test_a_format_that_checks_nothing_is_refused_with_what_to_do(text: str) -> None:
    assert re.search(r"Leave the entry out|name the scheme", str(unknown_format(text)))


@pytest.mark.parametrize("text", ["", " ", "a b", "1a", "é", "a" * 100, "sk-live-51HG7dKx"])
def test_a_format_beyond_repair_is_refused_with_the_rule(text: str) -> None:
    assert "a format is json, int, bool, pem or the scheme of a URL" in str(unknown_format(text))


def test_a_value_given_as_format_is_not_shown() -> None:
    assert "51HG7dKx" not in str(unknown_format("sk-live-51HG7dKx"))


@given(st.text())
def test_a_suggested_format_is_a_format(text: str) -> None:
    found = re.search(r"'([^']*)' would work\.$", unknown_format(text) or "")

    assert found is None or unknown_format(found[1]) is None


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ("json", '{"a": [1, 2.5e3, true, null, "ü"]}'),
        ("json", " [] \n"),
        ("json", "9" * 5000),
        ("int", "8080"),
        ("int", "-1"),
        ("int", "9" * 100_000),
        ("bool", "true"),
        ("bool", "false"),
        ("pem", KEY),
        ("pem", KEY + KEY),
        ("pem", pem(end="")),
        ("pem", KEY.replace("\n", "\r\n")),
        ("pem", KEY.replace("\n", "  \n")),
        ("pem", f"Certificate:\n    Data: 1\n{KEY}\nbetween\n{KEY}after"),
        ("pem", ENCRYPTED),
        ("pem", OPENSSH),
        ("pem", pem("X509 CRL")),
        ("postgresql", "postgresql://app:s3cr3t@db.internal:5432/app?sslmode=require"),
        ("postgresql", "POSTGRESQL://db/app"),
        ("postgresql", "postgresql:///app?host=/cloudsql/shop:europe:db"),
        ("postgresql", "postgresql://app:p%40ss@[2001:db8::1]:5432/app"),
        ("postgresql", "postgresql://app:p@one:5432,two:5433/app"),
        ("postgresql", "postgresql://app:p;q@db/app"),
        ("postgresql", "postgresql://%2Fvar%2Frun/app"),
        ("mongodb", "mongodb://a:1,b:2/"),
        ("mongodb+srv", "mongodb+srv://u:p@cluster0.example.net/?retryWrites=true"),
        ("mysql", "mysql://u:p@tcp(db:3306)/app"),
        ("mysql", "mysql://u:p@/app?unix_socket=/cloudsql/x"),
        ("https", "https://0123456789abcdef@o1.ingest.sentry.io/42"),
        ("https", "https://example.com/{id}?q=[1]"),
        ("redis", "redis://:p@cache:6379/0"),
        ("amqp", "amqp://guest:guest@mq:5672/%2F"),
        ("jdbc", "jdbc:postgresql://db:5432/app?user=a&password=b7"),
        ("jdbc", "jdbc:sqlserver://db:1433;databaseName=app;password=b7"),
        ("jdbc", "jdbc:oracle:thin:@//db:1521/app"),
        ("jdbc", "jdbc:h2:mem:test"),
        ("sqlite", "sqlite://"),
        ("sqlite", "sqlite:////data/app.db"),
        ("sqlite+aiosqlite", "sqlite+aiosqlite:///app.db"),
        ("db+sqlite", "db+sqlite:///results.db"),
        ("unix", "unix:/var/run/app.sock"),
        ("file", "file:///etc/app"),
    ],
)
def test_a_value_that_fits_has_no_problem(expected: str, value: str) -> None:
    assert problem(value, expected) is None


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (
            "{'a': 1}",
            "is not JSON: it has single quotes where JSON has double quotes (line 1, column 2)",
        ),
        ("'{}'", "it has quotes around it"),
        ('{"a": 1,\n"b": 2,}', "a comma has nothing after it (line 2, column "),
        ('{"a":\n\n', "it ends too early"),
        ("[True]", "Python's True, False or None"),
        ("None", "Python's True, False or None"),
        ("[NaN]", "it has NaN or Infinity"),
        ("-Infinity", "it has NaN or Infinity"),
        ("plain", "it does not begin like JSON (a string needs double quotes)"),
        ("{} {}", "there is something after its end"),
        ('{"a" 1}', "a colon is missing"),
        ('"one\ntwo"', "a bare line break"),
        ('["C:\\dir"]', "a backslash in a string is not written as \\\\"),
        ('["\\u12"]', "four hexadecimal digits"),
        ("\ufeff{}", "byte order mark"),
        ('LABELS=["a"]', "it looks like a line of an .env file"),
        ("[" * 100_000, "is nested too deeply to be read as JSON"),
    ],
)
def test_what_keeps_a_value_from_being_json_is_said(value: str, says: str) -> None:
    assert says in str(problem(value, "json"))


@pytest.mark.parametrize(
    ("expected", "value", "says"),
    [
        ("int", "8080\n", "it ends in a line break (echo adds one; use printf '%s')"),
        ("int", " 8080", "it has spaces or line breaks around it"),
        ("int", '"8080"', "it has quotes around it; store it without them"),
        ("int", "1_000", "write it without separators"),
        ("int", "1.5", "it has a decimal point"),
        ("int", "٣", "it must be ASCII digits"),
        ("int", "+1", "it must be ASCII digits"),
        ("int", "PORT=8080", ".env file"),
        ("bool", "True", "is neither true nor false: write it in lower case"),
        ("bool", "yes", "other words and numbers do not count"),
        ("bool", "1", "other words and numbers do not count"),
        ("bool", "true\n", "it ends in a line break"),
        ("bool", "maybe", "is neither true nor false"),
    ],
)
def test_what_keeps_a_value_from_being_a_number_or_boolean_is_said(
    expected: str, value: str, says: str
) -> None:
    assert says in str(problem(value, expected))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("nothing", "it has no BEGIN line"),
        (KEY.replace("\n", "\\n"), "it has \\n written out where line breaks belong"),
        (KEY.replace("\n", " "), "its lines were joined into one"),
        (KEY.replace("\n", "\r"), "carriage returns only"),
        ("  " + KEY.replace("\n", "\n  "), "its lines are indented"),
        (f'"{KEY}"', "it has quotes around it"),
        (f"PRIVATE_KEY={KEY}", ".env file"),
        (base64.b64encode(KEY.encode()).decode(), "it is a PEM text in base64"),
        (KEY[:60], "its last block has no END line"),
        (
            KEY.replace("END PRIVATE", "END PUBLIC"),
            "BEGIN and END lines of a block differ (line 5)",
        ),
        (f"{KEY[:40]}\n{KEY}", "a block begins inside another one (line 3)"),
        (KEY + "-----END PRIVATE KEY-----\n", "a block has an END line and no BEGIN line (line 6)"),
        (KEY[:40] + "?" + KEY[41:], "characters that are not base64"),
        (KEY[:40] + KEY[41:], "part of its base64 is missing"),
        (KEY[:40] + KEY[42:], "part of its base64 is missing"),
        (KEY.replace("\n", "\n\n"), "it has empty lines inside"),
        ("-----BEGIN A-----\n-----END A-----\n", "it is empty"),
        (ENCRYPTED.replace("\n\n", "\n"), "there is no empty line after its headers"),
        (OPENSSH.rstrip("\n"), "ends without a line break, and OpenSSH refuses"),
        (OPENSSH.replace("\n", "\r\n"), "spaces or carriage returns before its line breaks"),
        ("\n" + OPENSSH, "something before its BEGIN line"),
    ],
)
def test_what_keeps_a_value_from_being_pem_is_said(value: str, says: str) -> None:
    assert says in str(problem(value, "pem"))


@pytest.mark.parametrize(
    ("expected", "value", "says"),
    [
        (
            "postgresql",
            "postgres://u:p@h/d",
            "begins with postgres://, not postgresql://; the rest can stay",
        ),
        ("https", "http://h/", "begins with http://, not https://"),
        ("https", "zebra://h/", "has the wrong scheme: it must begin with https://"),
        ("https", "h/path", "has no scheme: it must begin with https://"),
        ("https", "h:443", "has the wrong scheme"),
        ("jdbc", "postgresql://h/d", "begins with postgresql://, not jdbc:"),
        ("jdbc", "jdbc:", "has no database"),
        ("jdbc", "jdbc:postgresql:///d", "has no host"),
        ("https", "https:/h", "has no // after https:"),
        ("https", "https://", "has no host"),
        ("postgresql", "postgresql:///d", "has no host"),
        ("postgresql", "postgresql://u:p@/d", "has no host"),
        ("postgresql", "postgresql://:5432/d", "has no host"),
        ("postgresql", "postgresql://a,:5/d", "has no host"),
        ("https", "https://h:0/", "has a port that is not a number from 1 to 65535"),
        ("https", "https://h:65536/", "has a port"),
        ("https", "https://h:٣/", "has a port"),
        ("https", "https://h:" + "9" * 9999, "has a port"),
        ("https", "https://[::1/", "broken IPv6 address"),
        ("https", "https://[::zz]/", "broken IPv6 address"),
        ("https", "https://::1/", "more than one : in its host"),
        ("https", "https://a|b/", "a character in its host"),
        ("https", "https://h/\n", "it ends in a line break"),
        ("https", " https://h/", "it has spaces or line breaks around it"),
        ("https", "https://h/a b", "it has a space"),
        ("https", "https://h/\x7f", "it has a space, line break or control character"),
        ("https", "'https://h/'", "it has quotes around it"),
        ("https", "API_URL=https://h/", ".env file"),
        ("postgresql", "postgresql://u:pa/ss@h/d", "has a /, ? or # in its password"),
        ("postgresql", "postgresql://u:100%@h/d", "a % in its user, password or host"),
        ("postgresql", "postgresql://${USER}:p@h/d", "where the user belongs"),
        ("postgresql", "postgresql://<user>@h/d", "where the user belongs"),
        ("postgresql", "postgresql://u:p@{{host}}/d", "where the host belongs"),
        ("postgresql", "postgresql://u:p@$HOST:5432/d", "where the host belongs"),
        ("postgresql", "postgresql://u:p@undefined/d", "where the host belongs"),
    ],
)
def test_what_keeps_a_value_from_being_a_url_is_said(expected: str, value: str, says: str) -> None:
    assert says in str(problem(value, expected))


PLACEHOLDERS = re.findall(
    r"\S+",
    "password changeme change-me CHANGE_ME secret xxx xxxxxxxx XXXX todo placeholder example your-password "
    "YOUR_PASSWORD_HERE *** <password> <db-password> ${PASSWORD} pre-${DB.PASSWORD} {{password}} %s %(password)s "
    "$PASSWORD $(PASSWORD) [YOUR-PASSWORD] {password} %70assword change%2Dme %3Cpassword%3E undefined null … ...",
)


@pytest.mark.parametrize("password", PLACEHOLDERS)
def test_a_placeholder_is_no_password(password: str) -> None:
    says = "has a placeholder where the password belongs"

    assert problem(f"postgresql://app:{password}@db/app", "postgresql") == says
    assert problem(f"redis://:{password}@cache", "redis") == says


@pytest.mark.parametrize("password", ["changeme", "xxxx", "%3Cpassword%3E"])
def test_a_placeholder_among_the_parameters_is_no_password_either(password: str) -> None:
    says = "has a placeholder where the password belongs"

    assert problem(f"jdbc:postgresql://db/app?user=a&password={password}", "jdbc") == says
    assert problem(f"jdbc:sqlserver://db;user=a;password={password}", "jdbc") == says


@pytest.mark.parametrize(
    "password",
    ["p", "passw0rd!", "guest", "secretary", "xx", "a$b", "my-secret-7", "%25s3", "a<b>c"],
)
def test_a_password_that_only_resembles_a_placeholder_is_taken(password: str) -> None:
    assert problem(f"postgresql://app:{password}@db/app", "postgresql") is None


@given(EVERY_FORMAT, st.sampled_from(["", " ", "\n", "\t \r\n"]))
def test_an_empty_value_fits_nothing(expected: str, value: str) -> None:
    assert str(problem(value, expected)).startswith("is empty")


def finite(value: float) -> bool:
    return math.isfinite(value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats().filter(finite) | st.text(),
        lambda children: st.lists(children) | st.dictionaries(st.text(), children),
        max_leaves=10,
    ),
    st.booleans(),
)
def test_whatever_json_writes_is_json(value: object, ascii_only: bool) -> None:
    assert problem(json.dumps(value, ensure_ascii=ascii_only), "json") is None


@given(st.integers())
def test_whatever_int_writes_is_an_int(number: int) -> None:
    assert problem(str(number), "int") is None


@given(st.binary(min_size=1), st.sampled_from(["CERTIFICATE", "RSA PRIVATE KEY", "PUBLIC KEY"]))
def test_whatever_base64_writes_is_the_body_of_pem(content: bytes, label: str) -> None:
    assert problem(pem(label, content), "pem") is None


structured = st.lists(
    st.sampled_from(
        [
            *"{}[]'\",:/@?#;%$<>\\|\n\r\t .=0a\0\ud800",
            *("://", "postgresql://", "https://", "jdbc:", "${A}", "%4", "[::1]", "tcp("),
            *("-----BEGIN A-----", "-----END A-----", "\\n", "true"),
        ]
    ),
    max_size=20,
).map("".join)


@given(st.text() | structured, EVERY_FORMAT)
def test_no_text_makes_a_check_raise(value: str, expected: str) -> None:
    found = problem(value, expected)

    assert found is None or re.match(r"(is|has|begins|ends|names) ", found)


# Letters that no message has next to each other, so that any piece of it in a message is a leak.
CANARY = st.text("QXZ89_ÄÖÜ", min_size=6, max_size=40)
AROUND = st.sampled_from(
    [
        *[
            "{}",
            "'{}'",
            '"{}"',
            "{}\n",
            " {}",
            "A={}",
            '["{}',
            "['{}']",
            '{{"{}": {}}}',
            '["\\{}"]',
            "[{}]",
        ],
        *[
            "-----BEGIN {}-----",
            "-----BEGIN {0}-----\n{0}\n-----END {0}-----",
            "-----END {}-----",
            "{}\\n",
        ],
        *[
            "-----BEGIN KEY-----\n{}\n-----END KEY-----\n",
            "-----BEGIN KEY-----\n{}: {}\n{}\n-----END KEY-----",
        ],
        *[
            "{}://h",
            "{}:x",
            "https://{}:p@h:x/",
            "https://u:{}@h:x/",
            "https://h:{}/",
            "https://[{}]/",
            "https://{}|",
        ],
        *[
            "https://u:p/{}@h",
            "https://h/{} ",
            "https://{}@@:/",
            "https:{}",
            "jdbc:{}",
            "https://u:%{}@h",
        ],
        *[
            "postgresql:///{}",
            "postgresql://u:${{{}}}@h",
            "postgresql://u:<{}>@h",
            "https://:p@<{}>",
        ],
    ]
)


@given(CANARY, AROUND, EVERY_FORMAT)
def test_no_message_has_a_piece_of_the_value(text: str, around: str, expected: str) -> None:
    found = problem(around.format(text, text, text), expected) or ""

    assert not [text[at : at + 6] for at in range(len(text) - 5) if text[at : at + 6] in found]


@pytest.mark.parametrize("expected", [*FORMATS, *SCHEMES])
@pytest.mark.parametrize(
    "value",
    [
        *[
            "a" * MIB,
            "1," * (MIB // 2),
            "[" * MIB,
            '{"":' * (MIB // 4),
            " " * MIB + "x",
            "%" * MIB,
            "\n" * MIB + "x",
        ],
        *[
            "postgresql://" + "${a" * (MIB // 3),
            "https://u:" + "{{" * (MIB // 2) + "@h",
            "https://" + "a," * (MIB // 2),
        ],
        *[
            "https://" + "@" * MIB,
            "https://[" + ":" * MIB,
            "https://u:" + "a%41" * (MIB // 4) + "@h/",
            "-" * MIB,
        ],
        *[
            "-----BEGIN " + "A-" * (MIB // 2),
            KEY * (MIB // len(KEY)),
            "-----BEGIN A-----\n" + "A\n" * (MIB // 2),
        ],
        *[
            "A:\n" * (MIB // 3),
            "'" * MIB,
            "\\n" * (MIB // 2),
            "https://h/?" + "password=x&" * (MIB // 11),
        ],
    ],
    ids=lambda value: repr(value[:12]),
)
def test_a_mebibyte_of_anything_is_judged(expected: str, value: str) -> None:
    found = problem(value, expected)

    assert found is None or len(found) < 200


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="ssh-keygen is not installed")
def test_openssh_reads_a_key_just_when_the_check_has_nothing_against_it(tmp_path: Path) -> None:
    made = tmp_path / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(made)],
        check=True,
        timeout=PATIENCE,
    )
    key = made.read_text()
    forms = [
        key,
        f"{key}\n",
        key[:-1],
        f"\n{key}",
        key.replace("\n", "\r\n"),
        key.replace("\n", " \n"),
    ]

    def is_read(text: str) -> bool:
        made.write_bytes(text.encode())
        command = ["ssh-keygen", "-y", "-P", "", "-f", str(made)]
        return (
            subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE).returncode
            == 0
        )

    assert [problem(form, "pem") is None for form in forms] == [is_read(form) for form in forms]
