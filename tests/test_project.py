"""A Pulumi project on disk: how a config key is spelled, and which file is read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_secrets.errors import StackConfigError
from infra_secrets.project import (
    Key,
    Question,
    answering,
    full_key,
    imported_environments,
    load,
    readable,
    stack_file,
)
from infra_secrets.stack.keys import named
from infra_secrets.stack.values import Entry, wrong_values

NAMES = st.text(
    st.characters(exclude_characters=":", exclude_categories=("Z", "C")), min_size=1, max_size=30
).filter(lambda name: not name.startswith(("//", "-")))


@given(NAMES, NAMES)
def test_a_key_is_read_back_as_it_is_written(namespace: str, name: str) -> None:
    assert Key.parse(f"{namespace}:{name}", "project") == Key(namespace, name)
    assert Key.parse(name, namespace) == Key(namespace, name)
    assert Key.parse(str(Key(namespace, name)), "other") == Key(namespace, name)


def test_a_dot_belongs_to_the_key_and_the_older_form_with_config_is_read() -> None:
    assert Key.parse("a.b", "nlp") == Key("nlp", "a.b")
    assert Key.parse("shared:config:a.b", "nlp") == Key("shared", "a.b")


@pytest.mark.parametrize(
    "text", ["", ":", "a:", ":a", "a:b:c", "a b", "a\nb", "a:config:b:c", "\0"]
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(StackConfigError, match="namespace:key"):
        named(text, "nlp")


@pytest.mark.parametrize("text", ["a:b:c", "a:config:b:c", "a::b"])
def test_what_the_engine_takes_for_no_key_is_refused_wherever_it_stands(text: str) -> None:
    with pytest.raises(StackConfigError, match="is not the name of a config key"):
        full_key(text, "nlp")


def test_a_key_of_a_file_may_have_spaces_and_one_of_an_argument_may_not() -> None:
    assert full_key("a b", "nlp") == "nlp:a b"
    with pytest.raises(StackConfigError, match="without spaces"):
        named("a b", "nlp")


@pytest.mark.parametrize("extension", ["yaml", "yml", "json"])
def test_a_stacks_file_is_found_with_every_extension_and_where_the_project_puts_it(
    tmp_path: Path, extension: str
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("stackConfigDir: stacks")
    (tmp_path / "stacks").mkdir()
    file = tmp_path / "stacks" / f"Pulumi.prod.{extension}"
    file.write_text('{"config": {"a": 1}}')

    assert stack_file(tmp_path, "prod") == file
    assert load(file) == {"config": {"a": 1}}


def test_where_no_file_is_a_stacks_file_would_be_yaml(tmp_path: Path) -> None:
    assert stack_file(tmp_path, "prod") == tmp_path / "Pulumi.prod.yaml"
    assert readable(None) == {}


@pytest.mark.parametrize("content", [b"a: [", b"\xff", b"- a"], ids=["yaml", "utf-8", "mapping"])
def test_a_file_that_cannot_be_read_is_empty_and_pulumi_says_why(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_bytes(content)

    assert readable(file) == {}


@pytest.mark.parametrize(
    "environment",
    [["a/b", {"c/d": {"merge": False}}], {"imports": ["a/b", "c/d"], "values": {}}],
    ids=["list", "document"],
)
def test_the_environments_of_a_stacks_file_are_listed(environment: object) -> None:
    assert imported_environments({"environment": environment}) == ("a/b", "c/d")


# What a program asks for --------------------------------------------------------------------------


@pytest.fixture
def entry() -> Entry:
    return Entry("secrets", "DATABASE_URL", Key("nlp", "postgres_url"), "postgresql")


def test_a_value_that_is_answered_is_not_judged_and_its_key_and_format_are_heard(
    entry: Entry,
) -> None:
    heard: list[Question] = []

    def answer(question: Question) -> str:
        heard.append(question)
        return "made up"

    with answering(answer):
        assert entry.value == "made up"
        assert wrong_values([entry]) == ([], "")

    assert set(heard) == {Question(Key("nlp", "postgres_url"), secret=True, format="postgresql")}


def test_outside_of_the_block_the_stack_s_config_answers(entry: Entry) -> None:
    with answering(lambda _: "made up"):
        pass

    assert entry.value is None
    assert "the stack has no config" in str(entry.problem())
