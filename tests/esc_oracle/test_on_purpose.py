"""What ESC has and the fake does not: it says so, and Pulumi's own evaluator shows that this is all there is to it."""

from typing import Any

import pytest

from tests.esc_oracle.oracle import Case, Oracle, Refused, Seen, in_yaml, of_the_fake

VALUES: dict[str, tuple[Any, str]] = {
    "split": ({"fn::split": [",", "a,b"]}, "does not support fn::split"),
    "to YAML": ({"fn::toYAML": {"a": 1}}, "does not support fn::toYAML"),
    "final": ({"fn::final": "a"}, "does not support fn::final"),
    "validate": ({"fn::validate": {"schema": {}, "value": 1}}, "does not support fn::validate"),
    "context": ("${context.currentEnvironment.name}", "no `context`"),
    "bytes": ({"fn::fromBase64": "/w=="}, "this fake ESC has no bytes"),
}
TEXTS = {
    "a tag": ("values: {a: !!float 1}", "supports no YAML tag"),
    "a stranger": ("values: {}\nvalue: {a: 1}", "not an ESC environment"),
    "another spelling": ("VALUES: {a: 1}", "not an ESC environment"),
    "values twice": ("values: {a: 1}\nvalues: {b: 1}", "same key twice"),
    "one config key": ("values: {pulumiConfig: {a: 1, 'nlp:a': 2}}", "one key"),
}
CASES = {
    **{
        what: (in_yaml({"values": {"it": value}}), words) for what, (value, words) in VALUES.items()
    },
    **TEXTS,
}


@pytest.mark.parametrize("what", CASES)
def test_the_fake_says_what_it_does_not_have(oracle: Oracle, what: str) -> None:
    definition, words = CASES[what]
    case = Case({"a/b": definition}, ["a/b"])
    fake = of_the_fake(case)
    assert isinstance(fake, Refused)
    assert words in fake
    assert isinstance(oracle.see(case), Seen)


def test_an_import_that_was_not_given_is_missed_also_where_nothing_reads_it(oracle: Oracle) -> None:
    case = Case({"a/b": "values: {}", "a/c": "imports: [a/d]"}, ["a/b"])
    fake = of_the_fake(case)
    assert isinstance(fake, Refused)
    assert "a/d, which was not given" in fake
    assert isinstance(oracle.see(case), Seen)
