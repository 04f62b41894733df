"""What opening environments gives to a run: merged config, environment variables and files."""

import json
import os
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from infra_secrets.testing import (
    Recording,
)
from infra_secrets.testing.esc import EscError
from tests.testing.esc.recorded import (
    environment,
    pulumi_config,
    recorded,
    secret,
    value_of,
)


def test_a_key_without_a_namespace_belongs_to_the_project() -> None:
    config, _ = recorded({"a/b": pulumi_config({"k": "1", "aws:region": "2", "aws:config:x": "3"})})
    assert config == {"nlp:k": "1", "aws:region": "2", "aws:x": "3"}


def test_a_key_with_two_colons_is_refused() -> None:
    with pytest.raises(EscError, match="'a:b:c'"):
        recorded({"a/b": pulumi_config({"a:b:c": "1"})})


def test_two_spellings_of_one_key_are_refused() -> None:
    with pytest.raises(EscError, match="'k' and 'nlp:k', which are one key"):
        recorded({"a/b": pulumi_config({"k": 1, "nlp:k": 2})})


def test_the_stack_s_own_config_wins_and_objects_are_merged_member_by_member() -> None:
    esc = {
        "a/b": pulumi_config(
            {
                "word": "esc",
                "token": secret("from esc"),
                "nlp:doc": {"a": 1, "b": {"c": 2, "d": [3]}},
            }
        )
    }
    config, secrets = recorded(
        esc, {"word": "own", "doc": {"b": {"d": [4], "e": 5}}}, secrets={"token": "own secret"}
    )
    assert config["nlp:word"] == "own"
    assert config["nlp:token"] == "own secret"
    assert json.loads(config["nlp:doc"]) == {"a": 1, "b": {"c": 2, "d": [4], "e": 5}}
    assert secrets == {"nlp:token"}


def test_a_secret_inside_an_object_stays_when_the_stack_s_file_adds_to_that_object() -> None:
    esc = {"a/b": pulumi_config({"doc": {"password": secret("hunter22")}})}
    config, secrets = recorded(esc, {"doc": {"user": "app"}})
    assert config["nlp:doc"] == '{"password":"hunter22","user":"app"}'
    assert secrets == {"nlp:doc"}


def test_a_plain_value_in_the_stack_s_file_hides_a_secret_one() -> None:
    config, secrets = recorded({"a/b": pulumi_config({"k": secret("hush")})}, {"k": "plain"})
    assert (config["nlp:k"], secrets) == ("plain", set())


@pytest.mark.parametrize(
    ("value", "arrives", "is_secret"),
    [
        (secret("hush"), "hush", True),
        ({"fn::fromJSON": secret("8080")}, "8080", False),
        ({"fn::fromJSON": secret("true")}, "true", False),
        ({"fn::fromJSON": secret('"8080"')}, "8080", True),
        ({"fn::fromJSON": secret('{"port": 1}')}, '{"port":1}', False),
        ({"fn::fromJSON": secret('{"port": 1, "host": "h"}')}, '{"host":"h","port":1}', True),
        ({"a": [{"b": secret("hush")}]}, '{"a":[{"b":"hush"}]}', True),
        ({"fn::concat": [["a"], [secret("hush")]]}, '["a","hush"]', True),
        ({"fn::concat": [["a"], ["b"]]}, '["a","b"]', False),
        ([], "[]", False),
    ],
)
def test_only_strings_stay_secret(value: Any, arrives: str, is_secret: bool) -> None:
    assert value_of(value) == (arrives, is_secret)


def test_environment_variables_and_files_are_there_while_the_program_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ESC_OLD", "before")
    seen: dict[str, Any] = {}

    def program() -> None:
        seen.update({name: os.environ[name] for name in ("ESC_OLD", "ESC_PORT", "ESC_FILE")})
        seen["content"] = Path(os.environ["ESC_FILE"]).read_text(encoding="utf-8")
        seen["absent"] = "ESC_OBJECT" in os.environ

    values = {
        "environmentVariables": {
            "ESC_OLD": secret("hush"),
            "ESC_PORT": 5432,
            "ESC_OBJECT": {"a": 1},
        },
        "files": {"ESC_FILE": secret("line\n")},
    }
    Recording(esc={"a/b": environment(values)}).run(program)
    assert (seen["ESC_OLD"], seen["ESC_PORT"], seen["content"]) == ("hush", "5432", "line\n")
    assert not seen["absent"]
    assert os.environ["ESC_OLD"] == "before"
    assert "ESC_PORT" not in os.environ
    assert not Path(seen["ESC_FILE"]).exists()


_text = st.text(st.characters(codec="utf-8", exclude_characters="$"), max_size=12)
_names = st.text(string.ascii_letters + ". :-é", min_size=1, max_size=8)
