"""How a message repeats what was found."""

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_secrets.rules.wording import lines_of, nearest

WORDS = st.text("abc", min_size=1, max_size=12)


def test_words_are_joined_into_lines_up_to_the_limit_and_not_beyond() -> None:
    assert lines_of(["aa", "bb"], 5) == ["aa bb"]
    assert lines_of(["aa", "bb"], 4) == ["aa", "bb"]


@given(WORDS, st.lists(WORDS, max_size=4), st.sampled_from([0.5, 0.6, 0.9]))
def test_a_word_that_is_too_long_to_be_close_is_never_one_that_difflib_would_find(
    word: str, known: list[str], cutoff: float
) -> None:
    found = difflib.get_close_matches(word, known, n=1, cutoff=cutoff)

    assert nearest(word, known, cutoff) == (found[0] if found else None)


@pytest.mark.parametrize("known", [[], ["cloud"]])
def test_a_text_without_end_is_close_to_nothing(known: list[str]) -> None:
    assert nearest("cloud" * 100_000, known) is None
