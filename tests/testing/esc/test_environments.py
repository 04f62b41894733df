"""Which environments a stack names, in which order they lie, and that each is there."""

import pytest

from infra_secrets.testing import (
    Recording,
)
from infra_secrets.testing.esc import EscError
from tests.testing.esc.recorded import (
    Seen,
    environment,
    pulumi_config,
    recorded,
    secret,
)


def test_a_later_environment_wins_and_what_it_imports_lies_below_it() -> None:
    esc = {
        "a/first": pulumi_config({"one": "first", "two": "first", "three": "first"}),
        "a/base": pulumi_config({"two": "base", "three": "base", "four": "base"}),
        "a/second": pulumi_config({"three": "second"}, imports=["a/base"]),
    }
    config, _ = recorded(esc)
    assert config == {
        "nlp:one": "first",
        "nlp:two": "base",
        "nlp:three": "second",
        "nlp:four": "base",
    }


def test_an_import_that_is_not_merged_can_still_be_referred_to() -> None:
    esc = {
        "a/base": environment({"shared": {"k": secret("hush")}, "pulumiConfig": {"x": "1"}}),
        "a/b": pulumi_config(
            {"y": '${imports["a/base"].shared.k}', "z": "${environments.a.base.shared.k}"},
            imports=[{"a/base": {"merge": False}}],
        ),
    }
    assert recorded(esc) == ({"nlp:y": "hush", "nlp:z": "hush"}, {"nlp:y", "nlp:z"})


def test_an_environment_that_was_not_given_is_missed_at_once() -> None:
    with pytest.raises(EscError, match="a/b imports a/base, which was not given; there are: a/b"):
        Recording(esc={"a/b": environment({}, imports=["a/base"])})


def test_environments_that_import_each_other_are_refused() -> None:
    esc = {
        "a/b": environment({}, imports=["a/c"]),
        "a/c": environment({}, imports=["a/b"]),
        "a/d": environment({}, imports=["a/c"]),
    }
    with pytest.raises(EscError, match="cyclic import"):
        recorded(esc)


def test_the_next_run_can_have_other_environments() -> None:
    seen = Seen()
    recording = Recording("nlp", esc={"a/b": pulumi_config({"k": "1"})})
    recording.run(seen)
    recording.configure(esc={"a/b": pulumi_config({"k": "2"})}).run(seen)
    assert seen.config == {"nlp:k": "2"}
    recording.configure(esc={}).run(seen)
    assert seen.config == {}
