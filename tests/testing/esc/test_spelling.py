"""What a number or a text looks like when it arrives."""

import pytest

from tests.testing.esc.recorded import SPELLINGS, recorded, value_of


@pytest.mark.parametrize(("written", "arrives"), SPELLINGS.items())
def test_a_value_arrives_as_the_engine_spells_it(written: str, arrives: str) -> None:
    config, _ = recorded({"a/b": f"values: {{pulumiConfig: {{it: {written}}}}}"})
    assert config["nlp:it"] == arrives


@pytest.mark.parametrize(
    ("written", "arrives"),
    {
        "1_000": "1000",
        "0o17": "15",
        "017": "15",
        "08": "8",
        "-0b11": "-3",
        "0X1f": "31",
        "+5": "5",
        "1e400": "1e400",
        "0x1FFFFFFFFFFFFFFFFF": "0x1FFFFFFFFFFFFFFFFF",
        "18446744073709551615": "18446744073709552000",
        "!!str 5": "5",
    }.items(),
)
def test_a_scalar_without_quotes_is_read_as_pulumi_reads_it(written: str, arrives: str) -> None:
    config, _ = recorded({"a/b": f"values: {{pulumiConfig: {{it: {written}}}}}"})
    assert config["nlp:it"] == arrives


def test_a_text_in_quotes_is_escaped_as_go_does() -> None:
    text = '\x00\a\x1f\x7f\u00ad\U000e0001 é😀\u3000"\\'
    expected = r'"\x00\a\x1f\x7f\u00ad\U000e0001 é😀\u3000\"\\"'
    assert value_of({"fn::toString": [text]}) == (expected, False)
