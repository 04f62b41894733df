"""How a message repeats what was found."""

from infra_secrets.rules.wording import lines_of


def test_words_are_joined_into_lines_up_to_the_limit_and_not_beyond() -> None:
    assert lines_of(["aa", "bb"], 5) == ["aa bb"]
    assert lines_of(["aa", "bb"], 4) == ["aa", "bb"]
