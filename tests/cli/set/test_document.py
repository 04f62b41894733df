"""The shape of a value: what `infra-secrets set` and `set_command` refuse is the same."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra_secrets.cli.set import document
from infra_secrets.errors import ValueRefusedError
from tests.cli.set.conftest import CANARY, DOCUMENT, FIELDS, Set
from tests.clouds.test_set_document import TEXTS, WRONG
from tests.values import Values

RIGHT = f'{{"STRIPE_API_KEY": "{CANARY}", "DATABASE_URL": "postgres://u:p@db/x"}}'


@pytest.mark.parametrize(
    "text",
    [
        RIGHT,
        f"\n {RIGHT}\t",
        '{"STRIPE_API_KEY":1.10,"DATABASE_URL":[null,{"a":""}]}',
        '{"STRIPE_API_KEY":1e999,"DATABASE_URL":{}}',
        '{"STRIPE_API_KEY":' + "9" * 5000 + ',"DATABASE_URL":false}',
        '{"STRIPE_API_KE\\u0059":"\\ud83d\\ude00 \\ud800","DATABASE_URL":"\u2028"}',
        '{"STRIPE_API_KEY":' + "[" * 499 + "]" * 499 + ',"DATABASE_URL":true}',
    ],
)
def test_a_right_document_arrives_character_by_character(
    values: Values, set_: Set, text: str
) -> None:
    said = set_(DOCUMENT, given=text)

    assert said.code == 0, said.err
    assert values.text(DOCUMENT) == text


@pytest.mark.parametrize(("value", "as_the_shell_says"), WRONG.values(), ids=WRONG.keys())
def test_what_set_command_refuses_is_refused_here_too_and_not_repeated(
    values: Values, set_: Set, value: str, as_the_shell_says: str
) -> None:
    said = set_(DOCUMENT, given=value)

    assert said.code == 2
    for problem in ("not a JSON object", "Missing:", "Empty:", "More than once:", "not declared:"):
        assert (problem in said.err) == (problem in as_the_shell_says)
    assert "STRIPE_API_KEY, DATABASE_URL" in said.err
    assert "canary-64-not-real" not in said.err
    assert values.stored == {}


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        (b"\xff" + RIGHT.encode(), "not UTF-8"),
        ('{"STRIPE_API_KEY":NaN,"DATABASE_URL":1}', "not a JSON object"),
        ('{"STRIPE_API_KEY":' + "[" * 500 + "]" * 500 + ',"DATABASE_URL":1}', "more than 500"),
        ("[" * 60_000, "more than 500"),
        ('{"STRIPE_API_KEY":"a","DATABASE_UR":"b"}', "Did you mean DATABASE_URL?"),
        (RIGHT.replace("u:p", "\\u0000"), "With a NUL character: DATABASE_URL."),
        ("\ufeff" + RIGHT, "JSON object: it begins with a byte order mark"),
    ],
)
def test_more_that_is_no_document(
    values: Values, set_: Set, given_: bytes | str, says: str
) -> None:
    said = set_(DOCUMENT, given=given_)

    assert (said.code, says in said.err) == (2, True), said.err
    assert values.stored == {}


@pytest.mark.parametrize("end", ["", "\\", '"', '"\\'])
def test_no_character_is_read_twice_to_find_out_how_deep_a_document_is(end: str) -> None:
    """Also of a string that does not end, where each quote in it could be the beginning of one."""
    text = '{"A": "' + '\\"' * 32_000 + end
    assert len([*document._TOKEN.finditer(text)]) <= 4, "the quotes inside are no beginnings"
    with pytest.raises(ValueRefusedError, match="not a JSON object"):
        document.check(text.encode(), FIELDS, DOCUMENT)

    # Whatever may begin a token is one: nothing is tried in vain, up to the end.
    short = '{"A": "' + '\\"' * 50 + end
    assert all(document._TOKEN.match(short, at) for at, sign in enumerate(short) if sign in '"{')


def as_python_reads(text: str) -> bool:
    """Whether a text is a JSON object, by Python's own reading without its constants."""

    def no_constant(_name: str) -> None:
        raise ValueError

    try:
        return isinstance(json.loads(text, parse_constant=no_constant), dict)
    except ValueError:
        return False


def is_read(text: str) -> bool:
    try:
        document.check(text.encode(), (), DOCUMENT)
    except ValueRefusedError as error:
        return "not a JSON object" not in error.found
    return True


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_a_json_object_is_what_python_says(text: str) -> None:
    assert is_read(text) == as_python_reads(text)


texts = st.text(st.characters(exclude_categories=["Cs"]))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(
    whole=st.dictionaries(texts, json_values, max_size=4),
    key=texts,
    text=texts,
    indent=st.sampled_from([None, 0, 2]),
    ascii_=st.booleans(),
)
def test_another_field_changes_no_character_of_the_rest(
    whole: dict[str, object], key: str, text: str, indent: int | None, ascii_: bool
) -> None:
    before = json.dumps(whole, indent=indent, ensure_ascii=ascii_).encode()
    pieces = document.pieces(before, DOCUMENT, "set")

    after = document.replaced(before, key, document.spelled(text))

    assert document.pieces(after, DOCUMENT, "set") == {**pieces, key: document.spelled(text)}
    assert json.loads(after)[key] == text


def test_a_declared_key_is_all_that_a_message_names() -> None:
    with pytest.raises(ValueRefusedError) as refused:
        document.check(f'{{"{CANARY}": "{CANARY}"}}'.encode(), FIELDS, DOCUMENT)

    assert CANARY not in str(refused.value)
