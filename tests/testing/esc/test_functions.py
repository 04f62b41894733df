"""The built-in functions."""

import json
import string
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra_secrets.testing.esc import EscError
from tests.testing.esc.recorded import (
    secret,
    value_of,
)


@pytest.mark.parametrize(
    ("call", "arrives"),
    [
        ({"fn::join": ["-", ["a", secret("b")]]}, "a-b"),
        (
            {"fn::toJSON": {"b": [1.0, None], "a": secret("<é>")}},
            '{"a":"\\u003cé\\u003e","b":[1,null]}',
        ),
        ({"fn::toString": [secret("a"), True]}, '"a","true"'),
        ({"fn::toBase64": secret("é\n")}, "w6kK"),
        ({"fn::fromBase64": secret("w6k=")}, "é"),
        ({"fn::fromBase64": {"fn::toBase64": secret("there and back")}}, "there and back"),
        ({"fn::secret": "pa$$word"}, "pa$$word"),
    ],
)
def test_a_function_of_a_secret_is_secret(call: Any, arrives: str) -> None:
    assert value_of(call) == (arrives, True)


_text = st.text(st.characters(codec="utf-8", exclude_characters="$"), max_size=12)
_names = st.text(string.ascii_letters + ". :-é", min_size=1, max_size=8)
_scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _text
_documents = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3),
    max_leaves=10,
)


@settings(deadline=None)
@given(_documents, st.booleans())
def test_any_document_makes_the_round_trip(document: Any, hidden: bool) -> None:
    """Given as it is, and through `fn::fromJSON` of a secret."""
    wrapped = {"it": document}
    written = {"fn::fromJSON": secret(json.dumps(wrapped))} if hidden else wrapped
    arrived, is_secret = value_of(written)
    assert json.loads(arrived) == wrapped
    assert is_secret is (hidden and _holds_text(document))


@settings(deadline=None)
@given(_documents)
def test_to_json_and_from_json_are_inverse(document: Any) -> None:
    arrived, _ = value_of({"fn::fromJSON": {"fn::toJSON": {"it": document}}})
    assert json.loads(arrived) == {"it": document}


def _holds_text(data: Any) -> bool:
    if isinstance(data, Mapping):
        return any(map(_holds_text, data.values()))
    if isinstance(data, list):
        return any(map(_holds_text, data))
    return isinstance(data, str)


@pytest.mark.parametrize(
    ("text", "arrives"),
    [
        ('{"a": 1} and more', '{"a":1}'),
        ("01", "0"),
        ("1.5.", "1.5"),
        ("1.", None),
        ("1e", None),
        ("1.5e", None),
        ("00E", "0"),
        ("1e5e", "100000"),
        ("\u00a01", None),
        ('"\\ud800"', "\ufffd"),
        ('"\\ud83d\\ude00"', "😀"),
        ("NaN", None),
        ("", None),
    ],
)
def test_json_is_read_up_to_the_end_of_the_first_value(text: str, arrives: str | None) -> None:
    if arrives is None:
        with pytest.raises(EscError, match="not JSON"):
            value_of({"fn::fromJSON": text})
    else:
        assert value_of({"fn::fromJSON": text}) == (arrives, False)


@pytest.mark.parametrize("text", ["é", "YQ", "YQ==YQ==", "Y Q=", "_w==", "/w=="])
def test_what_is_no_base64_of_text_is_refused(text: str) -> None:
    with pytest.raises(EscError, match="not base64"):
        value_of({"fn::fromBase64": text})


def test_lines_of_base64_are_one() -> None:
    assert value_of({"fn::fromBase64": "Y\r\nQ=\n="}) == ("a", False)
