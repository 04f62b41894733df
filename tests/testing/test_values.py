import pytest

from infra_secrets.testing.values import (
    OUTPUT_SIGNATURE,
    RESOURCE_SIGNATURE,
    SIGNATURE,
    UNKNOWN,
    SecretValue,
    decode,
    encode,
    holds_unknown,
    mark_like,
    unwrap,
)


@pytest.mark.parametrize(
    "data",
    [
        {
            "text": "x",
            "whole": 3,
            "part": 1.5,
            "yes": True,
            "list": [1, "a", {"b": []}],
            "none": {},
        },
        {"secret": SecretValue("x"), "inside": {"list": [SecretValue({"a": 1})]}},
        {"later": UNKNOWN, "secret later": SecretValue(UNKNOWN)},
    ],
    ids=["plain", "secrets", "unknowns"],
)
def test_what_is_encoded_decodes_to_the_same(data: dict[str, object]) -> None:
    assert decode(encode(data)) == data


def test_a_whole_number_arrives_as_an_int() -> None:
    assert isinstance(decode(encode({"n": 30}))["n"], int)


def test_a_member_that_is_none_is_left_out() -> None:
    assert decode(encode({"a": None, "b": 1})) == {"b": 1}


def test_an_output_value_is_read_as_what_it_holds() -> None:
    wire = {
        "open": {SIGNATURE: OUTPUT_SIGNATURE, "value": "x", "dependencies": []},
        "secret": {SIGNATURE: OUTPUT_SIGNATURE, "value": "x", "secret": True},
        "later": {SIGNATURE: OUTPUT_SIGNATURE},
    }
    assert decode(encode(wire)) == {"open": "x", "secret": SecretValue("x"), "later": UNKNOWN}


def test_a_reference_to_a_resource_is_read_as_its_id() -> None:
    wire = {"made": {SIGNATURE: RESOURCE_SIGNATURE, "urn": "urn:x", "id": "an-id"}}
    assert decode(encode(wire)) == {"made": "an-id"}


def test_a_secret_value_does_not_show_itself() -> None:
    secret = SecretValue("hush")
    assert f"{secret!r} {secret} {[secret]}" == "[secret] [secret] [[secret]]"


def test_marks_are_carried_over_to_the_same_place() -> None:
    pattern = {"a": SecretValue(1), "b": {"c": SecretValue(2), "d": 3}, "gone": SecretValue(4)}
    data = {"a": 10, "b": {"c": 20, "d": 30}, "new": 5}
    marked = {"a": SecretValue(10), "b": {"c": SecretValue(20), "d": 30}, "new": 5}
    assert mark_like(data, pattern) == marked
    assert unwrap(marked) == data


def test_an_unknown_value_is_found_at_any_depth() -> None:
    assert holds_unknown({"a": [{"b": SecretValue(UNKNOWN)}]})
    assert not holds_unknown({"a": [{"b": SecretValue(1)}]})
