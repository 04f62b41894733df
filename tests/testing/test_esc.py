"""The fake ESC: merging as the engine does it, evaluating as ESC does it, and opening the simulated clouds."""

import json
import os
import string
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime import config as stack_config
from pulumi.runtime import is_config_secret

from infra_secrets import Secret
from infra_secrets.testing import (
    EngineError,
    LeakError,
    Recording,
    Rehearsal,
    SecretValue,
    ordinary_config,
)
from infra_secrets.testing.esc import EscError, EscOpenError

PACKAGE = {"aws": "aws", "gcp": "gcp", "azure": "azure-native"}
VALUE = "postgresql://app:hunter22hunter22@db:5432/nlp"
VAULT = ordinary_config("azure")["infra-secrets:azureVaultId"].rsplit("/", 1)[-1]


def environment(values: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"values": dict(values), **more}


def pulumi_config(values: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return environment({"pulumiConfig": values}, **more)


def secret(text: str) -> dict[str, str]:
    return {"fn::secret": text}


class Seen:
    """A program that notes the config it was given."""

    def __init__(self) -> None:
        self.config: dict[str, str] = {}
        self.secret: set[str] = set()

    def __call__(self) -> None:
        self.config = dict(stack_config.CONFIG.get())
        self.secret = {key for key in self.config if is_config_secret(key)}


def recorded(
    esc: Mapping[str, Any], config: Mapping[str, Any] | None = None, **settings: Any
) -> tuple[dict[str, str], set[str]]:
    """Config by full key, and the keys that are secret."""
    seen = Seen()
    Recording("nlp", "production", config, esc=esc, **settings).run(seen)
    return seen.config, seen.secret


def value_of(definition: Any, **also: Any) -> tuple[str, bool]:
    """What one value of an environment arrives as, and whether it is secret."""
    config, secrets = recorded({"a/b": environment({"pulumiConfig": {"it": definition}, **also})})
    return config["nlp:it"], "nlp:it" in secrets


# Merging ------------------------------------------------------------------------------------------


def test_a_key_without_a_namespace_belongs_to_the_project() -> None:
    config, _ = recorded({"a/b": pulumi_config({"k": "1", "aws:region": "2", "aws:config:x": "3"})})
    assert config == {"nlp:k": "1", "aws:region": "2", "aws:x": "3"}


def test_a_key_with_two_colons_is_refused() -> None:
    with pytest.raises(EscError, match="'a:b:c'"):
        recorded({"a/b": pulumi_config({"a:b:c": "1"})})


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


SPELLINGS = {
    "5": "5",
    "-0": "0",
    "1.50": "1.5",
    "3.0": "3",
    "1e3": "1000",
    "1234567.5": "1234567.5",
    "100000000000000000000": "100000000000000000000",
    "1e21": "1e+21",
    "0.000001": "0.000001",
    "0.0000001": "1e-7",
    "1.25e-10": "1.25e-10",
    "9223372036854775807": "9223372036854775807",
    "true": "true",
    "null": "null",
    "yes": "yes",
    "2026-11-22": "2026-11-22",
    "0x1F": "31",
    "12:30:45": "12:30:45",
    "'007'": "007",
    "'<&> \\ \"'": '<&> \\ "',
    "['<&>', 1.0, é]": '["\\u003c\\u0026\\u003e",1,"é"]',
}


@pytest.mark.parametrize(("written", "arrives"), SPELLINGS.items())
def test_a_value_arrives_as_the_engine_spells_it(written: str, arrives: str) -> None:
    config, _ = recorded({"a/b": f"values: {{pulumiConfig: {{it: {written}}}}}"})
    assert config["nlp:it"] == arrives


# Evaluating ---------------------------------------------------------------------------------------


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
        ({"fn::fromBase64": "?"}, "no base64"),
        ({"fn::fromJSON": "{"}, "no JSON"),
        ({"fn::rotate::aws-iam": {}}, "does not know fn::rotate::aws-iam"),
        ({"fn::split": [",", "a"]}, "does not know fn::split"),
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


@pytest.mark.parametrize(
    ("definition", "complaint"),
    [
        ("values: {a: [}", "is no YAML, line 1"),
        ("pulumiConfig: {a: b}", "is no ESC environment"),
        ("- a", "is no ESC environment"),
        ("values: [a]", "is no ESC environment"),
    ],
)
def test_a_definition_that_is_no_environment_is_refused(definition: str, complaint: str) -> None:
    with pytest.raises(EscError, match=complaint):
        Recording(esc={"a/b": definition})


@pytest.mark.parametrize(
    ("call", "arrives"),
    [
        ({"fn::join": ["-", ["a", secret("b")]]}, "a-b"),
        (
            {"fn::toJSON": {"b": [1.0, None], "a": secret("<é>")}},
            '{"a":"\\u003cé\\u003e","b":[1,null]}',
        ),
        ({"fn::toString": [secret("a"), True]}, '"a","true"'),
        ({"fn::toBase64": secret("é\n")}, "w6kK"),
        ({"fn::fromBase64": secret("w6k=")}, "é"),
        ({"fn::fromBase64": {"fn::toBase64": secret("there and back")}}, "there and back"),
        ({"fn::secret": "pa$$word"}, "pa$$word"),
    ],
)
def test_a_function_of_a_secret_is_secret(call: Any, arrives: str) -> None:
    assert value_of(call) == (arrives, True)


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
_scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _text
_documents = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3),
    max_leaves=10,
)


@settings(deadline=None)
@given(_documents, st.booleans())
def test_any_document_makes_the_round_trip(document: Any, hidden: bool) -> None:
    """Given as it is, and through `fn::fromJSON` of a secret."""
    wrapped = {"it": document}
    written = {"fn::fromJSON": secret(json.dumps(wrapped))} if hidden else wrapped
    arrived, is_secret = value_of(written)
    assert json.loads(arrived) == wrapped
    assert is_secret is (hidden and _holds_text(document))


@settings(deadline=None)
@given(_documents)
def test_to_json_and_from_json_are_inverse(document: Any) -> None:
    arrived, _ = value_of({"fn::fromJSON": {"fn::toJSON": {"it": document}}})
    assert json.loads(arrived) == {"it": document}


def _holds_text(data: Any) -> bool:
    if isinstance(data, Mapping):
        return any(map(_holds_text, data.values()))
    if isinstance(data, list):
        return any(map(_holds_text, data))
    return isinstance(data, str)


# Secrets managers in a recording ------------------------------------------------------------------

OPENED = {
    "aws": {
        "fn::open::aws-secrets": {
            "region": "eu-west-1",
            "login": "${login}",
            "get": {"it": {"secretId": "nlp/production/db"}},
        }
    },
    "gcp": {
        "fn::open::gcp-secrets": {"login": "${login}", "access": {"it": {"name": "db__production"}}}
    },
    "azure": {
        "fn::open::azure-secrets": {
            "login": "${login}",
            "vault": VAULT,
            "get": {"it": {"name": "nlp--production--db"}},
        }
    },
}


def opening(cloud: str, **config: Any) -> dict[str, Any]:
    """An environment that reads one secret of a cloud, as `db`."""
    return environment(
        {
            "login": {f"fn::open::{cloud}-login": {"oidc": True}},
            "secrets": OPENED[cloud],
            "pulumiConfig": {"db": "${secrets.it}", **config},
        }
    )


@pytest.mark.parametrize("cloud", OPENED)
def test_a_recording_makes_up_what_it_was_not_given(cloud: str) -> None:
    first, secrets = recorded({"a/b": opening(cloud)})
    assert first["nlp:db"].startswith("made-up-")
    assert secrets == {"nlp:db"}
    assert recorded({"a/b": opening(cloud)})[0] == first


def test_a_recording_takes_what_a_secrets_manager_holds() -> None:
    held = {"aws-secrets": {"nlp/production/db": "postgresql://db"}}
    assert recorded({"a/b": opening("aws")}, opened=held) == (
        {"nlp:db": "postgresql://db"},
        {"nlp:db"},
    )


def test_a_login_gives_credentials_that_open_nothing() -> None:
    login = {"fn::open::aws-login": {"oidc": {"roleArn": "arn:aws:iam::1:role/esc"}}}
    key, is_secret = value_of("${login.secretAccessKey}", login=login)
    assert key.startswith("made-up-")
    assert is_secret


# The stack's file ---------------------------------------------------------------------------------


def stack_file_seen(run: Callable[[Callable[[], None]], object]) -> tuple[Path, Any]:
    found: list[tuple[Path, Any]] = []

    def program() -> None:
        root = Path(pulumi.get_root_directory())
        file = root / f"Pulumi.{pulumi.get_stack()}.yaml"
        found.append((root, yaml.safe_load(file.read_text(encoding="utf-8"))))

    run(program)
    return found[0]


def test_a_recording_has_a_stack_file_as_a_user_s_would_be() -> None:
    recording = Recording(
        "nlp",
        "production",
        {"words": ["é", "\x7f", "😀"], "aws:region": "eu-west-1"},
        {"token": "own secret"},
        esc={
            "a/base": environment({}),
            "a/b": environment({}, imports=["a/base"]),
            "c/d": "values: {}",
        },
    )
    root, settings = stack_file_seen(recording.run)
    ciphertext = settings["config"].pop("nlp:token")
    assert settings == {
        "environment": ["a/b", "c/d"],
        "config": {"nlp:words": ["é", "\x7f", "😀"], "aws:region": "eu-west-1"},
    }
    assert list(ciphertext) == ["secure"]
    assert "own secret" not in str(ciphertext)
    assert not root.exists()


def test_a_recording_without_config_has_a_project_and_no_stack_file() -> None:
    found: list[list[str]] = []
    Recording().run(lambda: found.append(os.listdir(pulumi.get_root_directory())))  # noqa: PTH208
    assert found == [["Pulumi.yaml"]]


def test_the_next_run_can_have_other_environments() -> None:
    seen = Seen()
    recording = Recording("nlp", esc={"a/b": pulumi_config({"k": "1"})})
    recording.run(seen)
    recording.configure(esc={"a/b": pulumi_config({"k": "2"})}).run(seen)
    assert seen.config == {"nlp:k": "2"}
    recording.configure(esc={}).run(seen)
    assert seen.config == {}


def test_a_provider_is_configured_by_an_environment() -> None:
    recording = Recording(
        config={"infra-secrets:cloud": "aws"},
        esc={"a/b": pulumi_config({"aws:region": "eu-west-3"})},
    )
    recording.run(lambda: Secret("db"))
    assert "eu-west-3" in recording.outputs["db"]["setCommand"]


# On the real engine -------------------------------------------------------------------------------


def test_the_engine_gets_the_same_config_as_a_recording() -> None:
    lines = [f"    k{number}: {written}" for number, written in enumerate(SPELLINGS)]
    text = "\n".join(
        [
            "values:",
            "  pw: {fn::secret: 'hush \"&$ hush'}",
            "  pulumiConfig:",
            *lines,
            "    url: x://${pw}",
            "    lost: {fn::fromJSON: {fn::secret: '12'}}",
            "    doc: {list: [1, {a.b: '${pw}'}], c: 1.50}",
            "    dotted.key: {'x\"y': '${pw}', z: '${pw}'}",
            '    multi: {fn::secret: "a\\nb=c\\n"}',
            "    nothing: {fn::secret: ''}",
        ]
    )
    config = {"doc": {"own": ["1", 2], "c": True}, "num": 1}
    secrets = {"own": "own secret"}
    seen = Seen()
    with Rehearsal(
        seen, project="nlp", config=config, secrets=secrets, esc={"a/b": text}
    ) as rehearsal:
        rehearsal.up()
    assert (seen.config, seen.secret) == recorded({"a/b": text}, config, secrets=secrets)
    assert (
        seen.config["nlp:dotted.key"]
        == '{"x\\"y":"hush \\"\\u0026$ hush","z":"hush \\"\\u0026$ hush"}'
    )


def test_a_rehearsal_has_a_stack_file_as_a_user_s_would_be() -> None:
    with Rehearsal(
        project="nlp", config={"n": 1}, secrets={"t": "own secret"}, esc={"a/b": "values: {}"}
    ) as rehearsal:

        def run(program: Callable[[], None]) -> None:
            rehearsal.program = program
            rehearsal.preview()

        _, settings = stack_file_seen(run)
        assert settings["environment"] == ["a/b"]
        assert settings["config"]["nlp:n"] == 1
        assert list(settings["config"]["nlp:t"]) == ["secure"]
        rehearsal.configure(esc={})
        _, settings = stack_file_seen(run)
        assert "environment" not in settings
        rehearsal.assert_no_leak()


def containers() -> None:
    Secret("db")


def reading() -> None:
    Secret("db")
    config = pulumi.Config()
    pulumi.export("url", config.require_secret("db"))
    pulumi.export("port", config.require_int("port"))


@pytest.mark.parametrize("cloud", OPENED)
def test_the_value_that_an_operator_sets_comes_back_as_config(cloud: str) -> None:
    with Rehearsal(
        containers, project="nlp", stack="production", config=ordinary_config(cloud)
    ) as rehearsal:
        rehearsal.up()
        [name] = rehearsal.clouds[PACKAGE[cloud]].names()
        rehearsal.configure(esc={"nlp/production": renamed(opening(cloud, port=5432), name)})
        rehearsal.program = reading

        refused = rehearsal.up(check=False)
        assert refused.exit_code == 255
        assert "nlp/production: secrets.it: " in refused.error
        assert repr(name) in refused.error
        assert refused.steps == ()
        with pytest.raises(EngineError, match="no value has been set"):
            rehearsal.preview()

        rehearsal.clouds[PACKAGE[cloud]].set_value(name, VALUE)
        rehearsal.up()
        assert rehearsal.outputs == {"url": SecretValue(VALUE), "port": 5432}
        rehearsal.assert_no_leak()


def test_no_command_shows_a_value_of_an_environment_and_a_copy_has_it_too() -> None:
    esc = {"a/b": pulumi_config({"db": secret(VALUE), "port": 5432})}
    with Rehearsal(reading, config=ordinary_config("aws"), esc=esc) as rehearsal:
        rehearsal.preview(diff=True)
        rehearsal.up()
        with rehearsal.fork() as fork:
            fork.refresh()
            assert fork.up().changes == []
            assert fork.outputs["url"] == SecretValue(VALUE)
            fork.edit_state(_unprotected)
            fork.destroy()
            fork.cancel(check=False)
            assert VALUE in {canary.value for canary in fork.canaries}
            fork.assert_no_leak()


def _unprotected(deployment: dict[str, Any]) -> None:
    for resource in deployment["resources"]:
        resource.pop("protect", None)


def renamed(definition: dict[str, Any], name: str) -> dict[str, Any]:
    [(provider, inputs)] = definition["values"]["secrets"].items()
    entry = {"secretId" if provider == "fn::open::aws-secrets" else "name": name}
    what = "access" if provider == "fn::open::gcp-secrets" else "get"
    secrets = {provider: {**inputs, what: {"it": entry}}}
    return {"values": {**definition["values"], "secrets": secrets}}


def test_a_missing_container_is_named_with_its_place() -> None:
    with Rehearsal(reading, esc={"nlp/production": opening("aws")}) as rehearsal:
        assert rehearsal.up(check=False).error == (
            "opening environment: nlp/production: secrets.it: aws-secrets can read no value of"
            " 'nlp/production/db' in eu-west-1: it is missing, or no value has been set"
        )
        assert issubclass(EscOpenError, EscError)


def test_a_secret_of_an_environment_is_a_canary() -> None:
    esc = {"a/b": pulumi_config({"token": secret("hush hush hush")})}

    def careless() -> None:
        pulumi.export("token", str(pulumi.Config().require("token")))

    with Rehearsal(careless, esc=esc) as rehearsal:
        rehearsal.up()
        with pytest.raises(LeakError, match=r"ESC value pulumiConfig\.token in file backend"):
            rehearsal.assert_no_leak()


def test_a_secret_number_is_plain_for_the_engine_and_so_it_leaks() -> None:
    esc = {"a/b": pulumi_config({"pin": {"fn::fromJSON": secret("123456789")}})}
    with Rehearsal(lambda: None, esc=esc) as rehearsal:
        rehearsal.up()
        with pytest.raises(LeakError, match=r"ESC value pulumiConfig\.pin in .*history"):
            rehearsal.assert_no_leak()


def test_the_program_has_the_environment_variables_only_while_it_runs() -> None:
    seen: list[str | None] = []
    esc = {"a/b": environment({"environmentVariables": {"ESC_PORT": 5432}})}
    with Rehearsal(lambda: seen.append(os.environ.get("ESC_PORT")), esc=esc) as rehearsal:
        rehearsal.preview()
    assert seen == ["5432"]
    assert "ESC_PORT" not in os.environ


def test_without_environments_the_program_knows_its_root_directory_too() -> None:
    found: list[set[str]] = []

    def program() -> None:
        found.append({path.name for path in Path(pulumi.get_root_directory()).iterdir()})

    with Rehearsal(program, stack="dev") as rehearsal:
        rehearsal.preview()
    assert found == [{"Pulumi.yaml", "Pulumi.dev.yaml"}]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: nlp\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "environment:\n  - nlp/base@3\n  - nlp/dev\nconfig:\n  nlp:word: own\n"
    )
    (tmp_path / "__main__.py").write_text(
        "import pulumi\n"
        "config = pulumi.Config()\n"
        "pulumi.export('root', pulumi.get_root_directory())\n"
        "pulumi.export('word', config.get('word'))\n"
        "pulumi.export('token', config.get_secret('token'))\n"
    )
    return tmp_path


def test_a_directory_s_environments_can_be_given(project: Path) -> None:
    esc = {
        "nlp/dev": pulumi_config({"token": secret("of the later one")}),
        "nlp/base": pulumi_config({"token": secret("of the base"), "word": "esc"}),
    }
    with Rehearsal(directory=project, esc=esc) as rehearsal:
        rehearsal.up()
        assert rehearsal.notes == []
        assert rehearsal.outputs["word"] == "own"
        assert rehearsal.outputs["token"] == SecretValue("of the later one")
        assert rehearsal.outputs["root"] == str(project)
        rehearsal.assert_no_leak()


def test_a_directory_s_environment_that_is_missing_is_named(project: Path) -> None:
    with pytest.raises(EscError, match="imports nlp/dev, which was not given"):
        Rehearsal(directory=project, esc={"nlp/base": "values: {}"})


def test_a_directory_s_environments_are_noted_when_they_are_not_given(project: Path) -> None:
    with Rehearsal(directory=project) as rehearsal:
        rehearsal.up()
        assert "Rehearsal(esc=...)" in rehearsal.notes[0]
        assert rehearsal.outputs["word"] == "own"
