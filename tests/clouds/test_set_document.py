"""`set_command` of a secret with `fields`: the shell itself tells a right document from a wrong one."""

import functools
import json
import shlex
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from infra_secrets import Secret
from infra_secrets.rules.shell import reading_stdin
from tests.conftest import recording_on
from tests.shells import PASTED_IN, SHELLS, Tools, at_a_terminal, run

CANARY = "canary-64-not-real"
KEYS = ["STRIPE_API_KEY", "DATABASE_URL"]
ASKED_FOR = "shop/production, one JSON object with the keys STRIPE_API_KEY, DATABASE_URL"
NO_OBJECT = (
    f"The value is not a JSON object, so nothing was set. It must be {ASKED_FOR}. Put keys and strings in double "
    f"quotes, and no comma after the last one.\n"
)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    return Tools.first_on_path(tmp_path, monkeypatch)


@functools.cache
def command_on(cloud: str, *fields: str) -> str:
    recording = recording_on(cloud)
    recording.run(lambda: Secret("api", fields=fields or KEYS))
    command: str = recording.outputs["api"]["setCommand"]
    return command


def not_it(what: str) -> str:
    return f"The value does not match the declared document, so nothing was set. {what} It must be {ASKED_FOR}.\n"


RIGHT = f'{{"STRIPE_API_KEY": "{CANARY}", "DATABASE_URL": "postgres://u:p@db/x"}}'


@pytest.mark.parametrize("shell", SHELLS)
def test_a_document_with_every_key_is_set_as_it_was_given(
    shell: str, cloud: str, tools: Tools
) -> None:
    tools.put_sh(shell)
    done = run(command_on(cloud), RIGHT.encode())

    assert done.returncode == 0, done.stderr
    assert tools.value == RIGHT.encode()
    assert done.stdout + done.stderr == b""


# `E` stands for the value of the other key.
WRONG = {
    "no object": ("[1]", NO_OBJECT),
    "a text": (f'"{CANARY}"', NO_OBJECT),
    "a plain value": (CANARY, NO_OBJECT),
    "lines of an .env file": (f"STRIPE_API_KEY={CANARY}\nDATABASE_URL=x", NO_OBJECT),
    "single quotes": ("{'STRIPE_API_KEY': 'x', 'DATABASE_URL': 'y'}", NO_OBJECT),
    "a comma at the end": (RIGHT[:-1] + ",}", NO_OBJECT),
    "no end": (RIGHT[:-1], NO_OBJECT),
    "too much after it": (RIGHT + "x", NO_OBJECT),
    "two documents": (RIGHT + RIGHT, NO_OBJECT),
    "a line break in a text": (RIGHT.replace("canary", "can\nary"), NO_OBJECT),
    "a byte order mark": ("\ufeff" + RIGHT, NO_OBJECT),
    "a key is missing": ('{"STRIPE_API_KEY": "x"}', not_it("Missing: DATABASE_URL.")),
    "all are missing": ("{}", not_it("Missing: STRIPE_API_KEY DATABASE_URL.")),
    "one is empty": (RIGHT.replace(CANARY, ""), not_it("Empty: STRIPE_API_KEY.")),
    "one is null": (RIGHT.replace(f'"{CANARY}"', "null"), not_it("Empty: STRIPE_API_KEY.")),
    "one more key": (
        RIGHT[:-1] + f', "{CANARY}": 1}}',
        not_it("Keys that are not declared: 1."),
    ),
    "one twice": (RIGHT[:-1] + ', "DATABASE_URL": "x"}', not_it("More than once: DATABASE_URL.")),
    "a key in another case": (
        RIGHT.replace("STRIPE", "stripe"),
        not_it("Missing: STRIPE_API_KEY. Keys that are not declared: 1."),
    ),
    "the keys are further inside": (
        f'{{"api": {RIGHT}}}',
        not_it("Missing: STRIPE_API_KEY DATABASE_URL. Keys that are not declared: 1."),
    ),
    "two keys in one": (
        '{"STRIPE_API_KEY DATABASE_URL": "x"}',
        not_it("Missing: STRIPE_API_KEY DATABASE_URL. Keys that are not declared: 1."),
    ),
    "everything": (
        f'{{"STRIPE_API_KEY": null, "STRIPE_API_KEY": "{CANARY}", "": 1, "{CANARY}": 2}}',
        not_it(
            "Missing: DATABASE_URL. Empty: STRIPE_API_KEY. More than once: STRIPE_API_KEY. "
            "Keys that are not declared: 2."
        ),
    ),
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("value", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_is_not_the_declared_document_sets_nothing_and_is_not_repeated(
    shell: str, value: str, says: str, tools: Tools
) -> None:
    tools.put_sh(shell)
    done = run(command_on("gcp"), value.encode())

    assert done.returncode == 1
    assert done.stderr.decode() == says
    assert CANARY.encode() not in done.stdout + done.stderr
    assert not tools.called


# Python's own reading of JSON is the judge of the shell's.
TEXTS = [
    *(
        "{}",
        " {}",
        "{} ",
        "\t{\r\n}",
        '{"A":1}',
        '{"A" : 1 , "B" : 2}',
        '{"A":1,}',
        '{,"A":1}',
        "{1:2}",
    ),
    *(
        '{"A"}',
        '{"A":}',
        "{:1}",
        '{"A":1 "B":2}',
        '{"A":1,,"B":2}',
        '{"A":1]',
        '{"A":[1}',
        "{",
        "}",
        "",
    ),
    *(
        '{"A":[]}',
        '{"A":[ ]}',
        '{"A":[1,]}',
        '{"A":[,1]}',
        '{"A":[1 2]}',
        '{"A":[[[]]]}',
        '{"A":[[[]]}',
    ),
    *(
        '{"A":{}}',
        '{"A":{"A":{"A":[{}]}}}',
        '{"A":{"B"}}',
        '{"A":{"B":1}',
        '{"A":[{"B":1},{"B":2}]}',
    ),
    *(
        f'{{"A":{n}}}'
        for n in ("0", "-0", "1", "-1", "10", "1.5", "-0.0", "1e5", "1E+5", "1.0e-05")
    ),
    *(
        f'{{"A":{n}}}'
        for n in ("00", "01", "-", "+1", "1.", ".5", "1e", "1e+", "-01", "1.e5", "0x1")
    ),
    *(
        f'{{"A":{n}}}'
        for n in ("1-", "1 .5", "--1", "1.5.5", "1e5.5", "1e5e5", "- 1", "0 1", "1_0")
    ),
    *(f'{{"A":[{n},{n}]}}' for n in ("0", "1", "1.5", "1e5", "true", "null", '"x"')),
    *(
        f'{{"A":{n}}}'
        for n in ("true", "false", "null", "tru", "truee", "True", "nul", "nulll", "fals")
    ),
    *(
        f'{{"A":{n}}}'
        for n in ("t rue", "undefined", "Nan", "x", "truefalse", "true1", "1true", "''")
    ),
    *(
        f'{{"A":"{s}"}}'
        for s in ("", " ", "a", r"\"", r"\\", r"\/", r"\b\f\n\r\t", r"\u00e9", r"\uD83D")
    ),
    *(f'{{"A":"{s}"}}' for s in (r"\uABCD\uabcd", "é🔑", "\x7f", r"\\\\", r"\\\"", "{[,:]}", "'")),
    *(
        f'{{"A":"{s}"}}'
        for s in (r"\x", r"\u12", r"\u123g", r"\U0041", r"\'", r"\0", "\t", "\x1f", "\\")
    ),
    *(f'{{"{k}":1}}' for k in ("", " ", r"\"", r"\\", r"\n", "é", "A B", "A\tB", r"\q", "A\\")),
    *(
        '{"A":1}{"A":1}',
        '{"A":1} x',
        'x {"A":1}',
        '[{"A":1}]',
        '"A"',
        "1",
        "null",
        '{"A":1}}',
        '{"A":1}]',
    ),
    *(
        '{"A":1;"B":2}',
        '{"A"=1}',
        "{A:1}",
        '{"A":1}\x0c',
        '\x0b{"A":1}',
        '{"A":1 /* no */}',
        '//\n{"A":1}',
    ),
]


def is_object(text: str) -> bool:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        return isinstance(json.loads(text, parse_constant=refuse), dict)
    except ValueError:
        return False


def takes_for_an_object(text: str) -> bool:
    """Whether the command finds at most fault with the keys."""
    command = reading_stdin("x", ["cat"], as_text=False, fields=["A", "B"])
    done = run(command, text.encode())
    return (
        b"The value is not a JSON object" not in done.stderr and b"Nothing was" not in done.stderr
    )


@pytest.mark.parametrize("text", TEXTS)
def test_the_shell_takes_for_an_object_what_python_does(text: str) -> None:
    # Python also takes halves of characters; a line break at the end is dropped before.
    assert takes_for_an_object(text) == is_object(text)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=12,
)  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    document=st.fixed_dictionaries(
        {"A": st.text(st.characters(codec="utf-8"), min_size=1), "B": ANY.filter(lambda b: b not in (None, ""))}
    ),
    indent=st.sampled_from([None, 0, 2]),
    escaped=st.booleans(),
)  # fmt: skip
@example(document={"A": "\u0000", "B": [None, ""]}, indent=None, escaped=True)
def test_every_document_that_python_writes_is_taken_and_passed_on(
    document: dict[str, object], indent: int | None, escaped: bool
) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=escaped).encode()
    command = reading_stdin("x", ["cat"], as_text=False, fields=["A", "B"])
    done = run(command, text)

    assert done.returncode == 0, done.stderr
    assert done.stdout == text
    assert done.stderr == b""


@settings(max_examples=60, deadline=None)
@given(
    whole=st.sampled_from([RIGHT, '{"A": [1.5e-3, true, {"B": "\\u00e9\\n"}], "C": null}']),
    at=st.integers(0, 80),
    cut=st.integers(0, 3),
    put=st.sampled_from(["", *'{}[]:,"\\ \n0-+.eEtfnu1a']),
)
def test_a_document_with_a_mistake_in_it_is_judged_as_by_python(
    whole: str, at: int, cut: int, put: str
) -> None:
    text = whole[:at] + put + whole[at + cut :]
    assert takes_for_an_object(text) == is_object(text)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_key_of_any_characters_is_found_and_named(shell: str, tools: Tools) -> None:
    tools.put_sh(shell)
    keys = ["it's", "$HOME", "`id`", "!x", "ключ", "*", "%s", ".", "-n", "a.040b"]
    right = json.dumps(dict.fromkeys(keys, "x"), ensure_ascii=False).encode()
    assert run(command_on("gcp", *keys), right).returncode == 0
    assert tools.value == right

    done = run(command_on("gcp", *keys), b'{"*": "x"}')
    assert (
        f"Missing: {' '.join(key for key in keys if key != '*')}. It must" in done.stderr.decode()
    )


# With the keys A and B. An escaped key can only stand for one that is missing.
ESCAPED = {
    "one of two": (r'{"\u0041": 1, "B": 2}', ""),
    "both": (r'{"\u0041": 1, "\u0042": 2}', ""),
    "one twice": (r'{"A": 1, "B": 2, "\u0041": 3}', "Keys to be written without Unicode escapes: 1."),
    "one more": (r'{"A": 1, "\u0042": 2, "\u0043": 3}', "Missing: B. Keys to be written without Unicode escapes: 2."),
    "none left": (r'{"\u0043": 1, "A": 2, "B": 3}', "Keys to be written without Unicode escapes: 1."),
    "too few": (r'{"\u0041": 1}', "Missing: A B. Keys to be written without Unicode escapes: 1."),
    "empty": (r'{"\u0041": "", "B": 2}', r"Empty: \u..."),
    "null": (r'{"A": 1, "\u0042": null}', r"Empty: \u..."),
    "further inside": (r'{"A": {"\u0041": ""}, "B": [{"\u0042": null}]}', None),
}  # fmt: skip


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("value", "says"), ESCAPED.values(), ids=ESCAPED.keys())
def test_keys_with_unicode_escapes_are_taken_for_what_is_missing_and_for_no_more(
    shell: str, value: str, says: str | None, tools: Tools
) -> None:
    tools.put_sh(shell)
    done = run(command_on("gcp", "A", "B"), value.encode())

    if says:
        assert done.returncode == 1
        assert f"declared document, so nothing was set. {says} It must be" in done.stderr.decode()
        assert not tools.called
    else:
        assert done.returncode == 0, done.stderr
        assert tools.value == value.encode()
        said = b"" if says is None else b"Keys written with Unicode escapes were not compared.\n"
        assert done.stderr == said


@pytest.mark.parametrize("empty", ['""', "null"])
@pytest.mark.parametrize("key", [CANARY, "canary 64"])
def test_a_key_that_is_not_declared_is_not_named_where_it_is_empty(
    key: str, empty: str, tools: Tools
) -> None:
    done = run(command_on("gcp"), f'{RIGHT[:-1]}, "{key}": {empty}}}'.encode())

    assert done.stderr.decode() == not_it("Keys that are not declared: 1.")
    assert not tools.called


def is_utf_8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


# The edges of RFC 3629: each first byte, and after it the second bytes around which it is right or wrong.
SEQUENCES = [
    *(bytes([first]) for first in (0x80, 0xBF, 0xC2, 0xE1, 0xF1, 0xFF)),
    *(
        bytes([first, second, *[0x80] * more])
        for first in (0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, *range(0xF0, 0xF6))
        for second in (0x22, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0)
        for more in range(3)
    ),
    *(b"\xf1\x80\x80" + last for last in (b"a", b"\x7f", b"\x80", b"\xbf", b"\xc0", b"\xff")),
]  # fmt: skip


def test_what_is_no_utf_8_is_refused_as_a_document_in_keys_and_values() -> None:
    command = reading_stdin("x", ["cat"], as_text=False, fields=["A"])
    counted = {True: 0, False: 0}
    for sequence in SEQUENCES:
        for value in (b'{"A":"' + sequence + b'"}', b'{"A":{"' + sequence + b'":1}}'):
            done = run(command, value, "dash")
            right = is_utf_8(value) and is_object(value.decode())
            counted[right] += 1
            assert (done.returncode == 0) == right, value
            if not is_utf_8(value):
                assert b"so nothing was set" in done.stderr, value
    assert min(counted.values()) > 20


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("value", [b'{"A":"\xff\xfe"}', b'{"A":"\xc3"}', b'{"\xe9":1}'])
def test_a_document_that_is_no_utf_8_is_refused_by_every_shell(
    shell: str, value: bytes, tools: Tools
) -> None:
    tools.put_sh(shell)
    done = run(command_on("gcp", "A"), value)

    assert done.returncode == 1
    assert done.stderr == (
        b"The value is not UTF-8, as JSON must be, so nothing was set. Convert it (iconv, say).\n"
    )
    assert not tools.called


@pytest.mark.parametrize("shell", SHELLS)
def test_lists_and_objects_may_be_500_deep_and_no_deeper(shell: str, tools: Tools) -> None:
    tools.put_sh(shell)
    deep = '{"A":' + "[" * 499 + "]" * 499 + "}"
    assert run(command_on("gcp", "A"), deep.encode()).returncode == 0
    assert tools.value == deep.encode()

    for opened in ("[", '{"A":'):
        done = run(command_on("gcp", "A"), ('{"A":' + opened * 500).encode())
        assert done.returncode == 1
        assert b"more than 500 nested lists and objects, so nothing" in done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_a_key_that_begins_as_a_declared_one_and_is_longer_is_another(
    shell: str, tools: Tools
) -> None:
    tools.put_sh(shell)
    for more in ("x", "ü", "x" * 3000, r"\u0041", r"\n", " "):
        done = run(command_on("gcp", "A", "BC"), f'{{"A": 1, "BC": 2, "BC{more}": 3}}'.encode())
        assert done.returncode == 1, more
        assert not tools.called


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_of_a_long_key_or_text_no_more_is_kept_than_of_the_longest_declared_key(
    shell: str, tools: Tools
) -> None:
    """A shell that copies all of it for each byte more takes half a minute for 60,000 bytes."""
    tools.put_sh(shell)
    traced = command_on("gcp", "A", "B").replace("set +xa", "set -x +a", 1)
    value = json.dumps({"A": "ü\n" * 200, "B": {"xü\n" * 200: 1}}, ensure_ascii=False).encode()
    done = run(traced, value)

    assert done.returncode == 0
    assert tools.value == value
    kept = [line for line in done.stderr.splitlines() if line.startswith(b"+ k=")]
    assert len(kept) > 5
    assert max(map(len, kept)) < 24


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shell not in ("sh", "ksh93")])
def test_another_shell_can_be_put_in_the_place_of_sh_for_a_document(
    shell: str, tools: Tools
) -> None:
    called = "busybox sh" if shell == "busybox" else shell
    command = command_on("gcp").replace("sh -c", f"{called} -c", 1)

    assert run(command, RIGHT.encode()).returncode == 0
    assert tools.value == RIGHT.encode()
    done = run(command, b'{"STRIPE_API_KEY": ""}')
    assert done.stderr.decode() == not_it("Missing: DATABASE_URL. Empty: STRIPE_API_KEY.")


def test_a_document_of_65536_bytes_is_read(tools: Tools) -> None:
    value = RIGHT.replace(CANARY, "x" * (65536 - len(RIGHT) + len(CANARY)))
    done = run(command_on("gcp"), value.encode())

    assert done.returncode == 0, done.stderr
    assert tools.value == value.encode()


@pytest.mark.parametrize("options", ["errexit", "nounset", "pipefail", "noglob"])
def test_options_of_bash_change_nothing_of_the_check(options: str, tools: Tools) -> None:
    tools.put_sh("bash")

    assert run(command_on("gcp"), RIGHT.encode(), SHELLOPTS=options).returncode == 0
    done = run(command_on("gcp"), b'{"STRIPE_API_KEY": ""}', SHELLOPTS=options)
    assert done.stderr.decode() == not_it("Missing: DATABASE_URL. Empty: STRIPE_API_KEY.")


@pytest.mark.parametrize("shell", PASTED_IN)
@pytest.mark.parametrize(
    "cloud", ["gcp", "azure"]
)  # AWS keeps fields in tags, which cannot hold these
def test_the_command_of_a_document_can_be_pasted_in_any_shell(
    shell: str, cloud: str, tools: Tools
) -> None:
    done = run(command_on(cloud, "it's", "!x", "$HOME"), b"{}", shell)

    assert done.returncode == 1
    assert b"Missing: it's !x $HOME. It must be shop/production, one JSON object" in done.stderr
    assert not tools.called


@pytest.mark.parametrize("shell", SHELLS)
def test_a_document_may_be_typed_on_several_lines(shell: str, tools: Tools) -> None:
    tools.put_sh(shell)
    typed = json.dumps(json.loads(RIGHT), indent=2)
    with at_a_terminal(*shlex.split(command_on("aws"))) as terminal:
        terminal.asks()
        terminal.press(f"\n{typed}\n\x04")
        assert terminal.ends() == 0

    assert tools.value == typed.encode()
    assert CANARY not in terminal.shown


def test_the_command_of_a_plain_secret_has_nothing_of_the_check() -> None:
    recording = recording_on("aws")
    recording.run(lambda: Secret("ApiKey"))

    assert "JSON" not in recording.outputs["ApiKey"]["setCommand"]
