"""Reading a definition."""

import pytest

from infra_secrets.testing import (
    Recording,
)
from infra_secrets.testing.esc import EscError
from tests.testing.esc.recorded import recorded


@pytest.mark.parametrize(
    ("definition", "complaint"),
    [
        ("values: {a: [}", "is not YAML, line 1"),
        ("pulumiConfig: {a: b}", "is not an ESC environment"),
        ("- a", "is not an ESC environment"),
        ("values: [a]", "is not an ESC environment"),
        ("values:", "is not an ESC environment"),
        ("imports:", "is not an ESC environment"),
        ("values: {a: 1, a: 2}", "the same key twice"),
        ("values: {1: a}", "keys of a mapping are strings"),
        ("values: {a: &x 1, b: *x}", r"does not support aliases \(`\*name`\)"),
        ("values: {a: .inf}", "JSON has no such number"),
        ("values: {a: !!float 1}", "supports no YAML tag"),
        ("imports: [5]", "an import is a name"),
        ("imports: [a/b: null]", "an import is a name"),
        ("imports: [a/b: {merge: 'no'}]", "an import is a name"),
    ],
)
def test_a_definition_that_is_no_environment_is_refused(definition: str, complaint: str) -> None:
    with pytest.raises(EscError, match=complaint):
        Recording(esc={"a/b": definition})


def test_a_description_is_part_of_an_environment() -> None:
    Recording(esc={"a/b": "description: what it is for\nvalues: {a: 1}"})


def test_a_merge_key_is_a_key_like_any_other() -> None:
    config, _ = recorded({"a/b": "values: {pulumiConfig: {it: {<<: {a: 1}}}}"})
    assert config == {"nlp:it": '{"\\u003c\\u003c":{"a":1}}'}
