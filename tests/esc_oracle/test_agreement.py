"""The fake of ESC evaluates what Pulumi's own evaluator evaluates, to the same, and refuses what it refuses."""

from typing import Any

from hypothesis import event, example, given
from hypothesis import strategies as st

from tests.esc_oracle.definitions import CHARACTERS, TEXTS, cases, layers
from tests.esc_oracle.oracle import (
    Case,
    EndlessError,
    Oracle,
    Refused,
    Written,
    in_base64,
    in_yaml,
    of_the_fake,
)

ON_PURPOSE = "this fake ESC has no bytes"


def agree(oracle: Oracle, case: Case) -> None:
    ours = of_the_fake(case)
    try:
        theirs = oracle.see(case)
    except EndlessError:
        event("no answer")
        return
    if isinstance(ours, Refused) and ON_PURPOSE in ours:
        event("refused on purpose")
    else:
        event("refused" if isinstance(theirs, Refused) else "evaluated")
        assert ours == theirs


def holding(value: Any, **also: Any) -> Case:
    """One environment with a value, also as config."""
    values = {"it": value, "pulumiConfig": {"it": value}, **also}
    return Case({"a/b": in_yaml({"values": values})}, ["a/b"])


@given(case=cases())
def test_environments_that_import_each_other(oracle: Oracle, case: Case) -> None:
    agree(oracle, case)


@given(case=layers())
def test_layers_of_imports(oracle: Oracle, case: Case) -> None:
    agree(oracle, case)


@given(text=st.text("0123456789+-_.eExXobBaAfFinNuUlLtrsyY~:<", min_size=1, max_size=9))
def test_scalars_without_quotes(oracle: Oracle, text: str) -> None:
    if not text.startswith(("-", ":")) and ":" not in text[-1:]:
        agree(oracle, holding(Written(text)))
    agree(oracle, holding(Written("-" + text.replace(":", ""))))


@given(number=st.floats() | st.floats(allow_nan=False).map(lambda n: float(f"{n:.3g}")))
def test_floats(oracle: Oracle, number: float) -> None:
    agree(oracle, holding(Written(repr(number))))
    agree(oracle, holding({"fn::fromJSON": repr(number)}))


@given(number=st.integers() | st.integers(-(2**66), 2**66))
def test_whole_numbers(oracle: Oracle, number: int) -> None:
    for spelled in (str(number), hex(number), oct(number), bin(number), f"{number:_}"):
        agree(oracle, holding(Written(spelled)))
    agree(oracle, holding({"fn::fromJSON": str(number)}))


@given(text=st.text(CHARACTERS) | TEXTS)
def test_text_in_all_forms(oracle: Oracle, text: str) -> None:
    one = {"fn::secret": text}
    agree(oracle, holding([one, text, text.replace("$", "$$")]))
    for function in ("fn::toString", "fn::toJSON"):
        agree(oracle, holding({function: [one, {text.replace("$", ""): one}]}))
    agree(oracle, holding({"fn::toBase64": one}))


@given(path=st.text('ab01.[]{}"\\$ -+é\u00a0', max_size=8), around=st.text("$a{}", max_size=2))
@example(path="b[+0]", around="")
@example(path="b[-0]", around="$")
@example(path='a["b\\""]', around="")
@example(path='.a["b"][0].a', around="a")
def test_references_in_every_spelling(oracle: Oracle, path: str, around: str) -> None:
    also = {"a": {"a": 1, "b": [{"a": "x"}, "y"], 'b"': 2}, "b": ["z", {"fn::secret": "s"}], "0": 3}
    agree(oracle, holding(f"{around}${{{path}}}", **also))
    agree(oracle, holding(f"${{{path}", **also))


@given(text=st.text('{}[]",:0123456789.eE+-truefalsn \\u\n\t\x00é', max_size=10))
def test_text_that_may_be_json(oracle: Oracle, text: str) -> None:
    agree(oracle, holding({"fn::fromJSON": {"fn::secret": text}}))


@given(text=st.text("aZ0+/=-_ \n\té", max_size=9) | st.binary().map(in_base64))
def test_text_that_may_be_base64(oracle: Oracle, text: str) -> None:
    agree(oracle, holding({"fn::toBase64": {"fn::fromBase64": text}}))
