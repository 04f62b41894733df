"""References, and what cannot be evaluated."""

from typing import Any

import pytest

from infra_secrets.testing.esc import Environments, EscError, Value
from tests.testing.esc.recorded import environment, pulumi_config, recorded, secret, value_of


@pytest.mark.parametrize(
    ("text", "arrives", "is_secret"),
    [
        ("${open.port}", "5432", False),
        ("${open.list[1].name}", "second", False),
        ('${open["dotted.key"]}', "dotted", False),
        ('${["open"].list[0]}', "first", False),
        ("${hidden.password}", "hunter22", True),
        (
            "postgresql://app:${hidden.password}@db:${open.port}",
            "postgresql://app:hunter22@db:5432",
            True,
        ),
        ("${hidden}", '{"password":"hunter22"}', True),
        ("is ${open.flag}, ${open.number}", "is true, 1.50", False),
        ("$$ and $${not.this} and $5", "$ and ${not.this} and $5", False),
        ("${derived}", "hunter22!", True),
    ],
)
def test_a_reference_brings_its_target_and_the_mark_of_it(
    text: str, arrives: str, is_secret: bool
) -> None:
    also = {
        "open": {
            "port": 5432,
            "list": ["first", {"name": "second"}],
            "dotted.key": "dotted",
            "flag": True,
            "number": {"fn::fromJSON": "1.50"},
        },
        "hidden": {"password": secret("hunter22")},
        "derived": "${hidden.password}!",
    }
    assert value_of(text, **also) == (arrives, is_secret)


@pytest.mark.parametrize(
    ("definition", "complaint"),
    [
        ("${nothing.here}", "refers to nothing"),
        ("${pulumiConfig.it}", "cyclic reference"),
        ("${open", "closed by"),
        ("${context.rootEnvironment.name}", "no `context`"),
        ({"fn::secret": 1234}, "string literal"),
        ({"fn::secret": ["a"]}, "string literal"),
        ({"fn::secret": "${other}"}, "string literal"),
        ({"fn::secret": {"ciphertext": "ZXNjeA"}}, "string literal"),
        ({"fn::secret": "a", "other": "b"}, "only key"),
        ({"fn::join": [",", [1]]}, "expected a string, found a number"),
        ({"fn::toBase64": {"a": "b"}}, "expected a string, found an object"),
        ({"fn::fromBase64": "?"}, "not base64"),
        ({"fn::fromJSON": "{"}, "not JSON"),
        ({"fn::rotate::aws-iam": {}}, "does not support fn::rotate::aws-iam"),
        ({"fn::split": [",", "a"]}, "does not support fn::split"),
        ({"fn::open::vault-secrets": {}}, "cannot open vault-secrets"),
        ({"fn::open": {"provider": "1password-secrets", "inputs": {}}}, "open 1password-secrets"),
        ({"fn::open::aws-secrets": {"region": "r", "get": {}}}, "needs `login`"),
        (
            {"fn::open::aws-secrets": {"region": "r", "login": {}, "get": {"k": {"name": "x"}}}},
            "needs `secretId`",
        ),
        (
            {
                "fn::open::gcp-secrets": {
                    "login": {},
                    "access": {"k": {"name": "x", "version": "3"}},
                }
            },
            "current values only",
        ),
    ],
)
def test_what_cannot_be_evaluated_is_refused_by_name(definition: Any, complaint: str) -> None:
    with pytest.raises(EscError) as refusal:
        value_of(definition)
    assert complaint in str(refusal.value)
    assert str(refusal.value).startswith("a/b: pulumiConfig.it")


def imported(base: Any, own: Any, then: Any) -> tuple[str, bool]:
    """What `then` arrives as in an environment that says `own` over an import that says `base`."""
    esc = {
        "a/base": environment({"it": base}),
        "a/b": environment({"it": own, "pulumiConfig": {"seen": then}}, imports=["a/base"]),
    }
    config, secrets = recorded(esc)
    return config["nlp:seen"], "nlp:seen" in secrets


def test_the_text_of_an_object_has_only_what_it_says_itself() -> None:
    base, own = {"a": secret("hush"), "b": 1}, {"b": 2}
    assert imported(base, own, "is ${it}") == ('is "b"="2"', False)
    assert imported(base, own, {"fn::toString": "${it}"}) == ('"b"="2"', False)
    assert imported(base, own, {"fn::toJSON": "${it}"}) == ('{"a":"hush","b":2}', True)


def test_what_is_no_object_hides_what_lies_below_it() -> None:
    esc = {
        "a/base": environment({"it": {"a": 1}}),
        "a/between": environment({"it": "text"}, imports=["a/base"]),
        "a/b": environment(
            {"it": {"b": 2}, "pulumiConfig": {"seen": "${it}"}}, imports=["a/between"]
        ),
    }
    assert recorded(esc)[0] == {"nlp:seen": '{"b":2}'}


def test_a_reference_to_an_object_hides_what_lies_below_as_that_object_does() -> None:
    esc = {
        "a/base": environment({"it": {"c": 3}, "other": "text"}),
        "a/b": environment(
            {"other": {"a": 1}, "it": "${other}", "pulumiConfig": {"seen": "${it}"}},
            imports=["a/base"],
        ),
    }
    assert recorded(esc)[0] == {"nlp:seen": '{"a":1}'}


def test_only_what_an_environment_imports_itself_is_among_its_imports() -> None:
    esc = {
        "a/base": environment({"k": 1}),
        "a/b": pulumi_config({"all": "${imports}"}, imports=["a/base"]),
    }
    assert recorded(esc)[0] == {"nlp:all": '{"a/base":{"k":1}}'}
    esc["a/c"] = pulumi_config({"x": '${imports["a/base"].k}'}, imports=["a/b"])
    with pytest.raises(EscError, match=r"a/c: pulumiConfig\.x: .* refers to nothing"):
        recorded(esc)


@pytest.mark.parametrize(
    ("text", "arrives"),
    [
        ("${.open}", "1"),
        ("${list[+1]}", "b"),
        ('${quoted["a\\"]}', None),
        ("${}", None),
        ("${list[-1]}", None),
        ("${list[one]}", None),
        ("${à}", None),  # a byte of it is a space for Pulumi's parser
        ('${["à"]}', "2"),
    ],
)
def test_a_reference_is_read_as_pulumi_reads_it(text: str, arrives: str | None) -> None:
    also = {"open": 1, "list": ["a", "b"], "quoted": {"a\\": 1}, "à": 2}
    if arrives is None:
        with pytest.raises(EscError):
            value_of(text, **also)
    else:
        assert value_of(text, **also) == (arrives, False)


def test_a_dollar_is_doubled_in_a_key_too() -> None:
    assert value_of({"a$$b": 1}) == ('{"a$b":1}', False)
    with pytest.raises(EscError, match="a key has a reference in it"):
        value_of({"${a}": 1})


def test_a_secret_of_the_stack_s_own_file_is_read_before_it_is_encrypted() -> None:
    opened = Environments({}, listed=pulumi_config({"k": secret("pa$$word")})).open(lambda *_: "")
    assert opened.config == Value({"k": Value("pa$word", secret=True)})


def test_a_list_of_lists_is_written_as_one() -> None:
    for function in ("fn::join", "fn::concat"):
        with pytest.raises(EscError, match=f"the argument to {function} must be written as a list"):
            value_of({function: "${list}"}, list=[["a"], ["b"]])
