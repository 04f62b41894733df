"""`set_command` of a secret with `fields`: the shell itself tells a right document from a wrong one."""

import json
import shlex
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from infra_secrets import Secret
from infra_secrets.shell import reading_stdin
from tests.conftest import recording_on
from tests.shells import PASTED_IN, SHELLS, Tools, at_a_terminal, run

CANARY = "canary-64-not-real"
KEYS = ["STRIPE_API_KEY", "DATABASE_URL"]
ASKED_FOR = "shop/production, one JSON object with the keys STRIPE_API_KEY, DATABASE_URL"
NO_OBJECT = (
    f"The value is no JSON object, so nothing was set. It must be {ASKED_FOR}. Keys and texts stand in double "
    f"quotes, and no comma after the last one.\n"
)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    return Tools.first_on_path(tmp_path, monkeypatch)


def command_on(cloud: str, *fields: str) -> str:
    recording = recording_on(cloud)
    recording.run(lambda: Secret("api", fields=fields or KEYS))
    command: str = recording.outputs["api"]["setCommand"]
    return command


def not_it(what: str) -> str:
    return f"The value is not the document that is declared, so nothing was set. {what} It must be {ASKED_FOR}.\n"


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
    return b"The value is no JSON object" not in done.stderr and b"Nothing was" not in done.stderr


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


def test_a_key_that_is_written_with_unicode_escapes_is_not_compared_and_that_is_said(
    tools: Tools,
) -> None:
    value = rb'{"STRIPE_API_KE\u0059": "x", "DATABASE_URL": "y"}'
    done = run(command_on("gcp"), value)

    assert done.returncode == 0
    assert tools.value == value
    assert done.stderr == b"Keys written with Unicode escapes were not compared.\n"


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
