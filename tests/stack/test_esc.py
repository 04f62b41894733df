"""The stack's config: names of keys, what is wrong with a value, the command that fixes it, `require_esc`."""

import base64
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from infra_secrets import EscEnv, require_esc
from infra_secrets.errors import EnvArgsError
from infra_secrets.project import Key
from infra_secrets.stack.fixing import Home
from infra_secrets.stack.require_esc import _holds_ciphertext
from infra_secrets.testing import Recording
from tests.conftest import PATIENCE

CANARY = "canary-4711-not-real"
# No name begins like the rest of a URL, and none like an option of a command.
NAMES = st.text(
    st.characters(exclude_characters=":", exclude_categories=("Z", "C")), min_size=1, max_size=30
).filter(lambda name: not name.startswith(("//", "-")))


def problems(program: Callable[[], object], **recording: Any) -> list[str]:
    """Return what one error says about a program's environment, a problem a line, after it ran in vain."""
    made = Recording(**{"project": "nlp", "stack": "production", **recording})
    with pytest.raises(EnvArgsError) as refused:
        made.run(program)
    assert made.registrations == []
    assert isinstance(refused.value, pulumi.RunError)
    return [line.removeprefix("  - ") for line in str(refused.value).splitlines()]


def env(**arguments: Any) -> Callable[[], object]:
    return lambda: EscEnv("nlp", **arguments)


ESC = {"nlp/shared": {"values": {}}, "nlp/production": {"values": {"pulumiConfig": {"known": "x"}}}}


@given(NAMES, NAMES)
def test_a_key_arrives_whole_in_the_shell_and_in_the_property_path(
    namespace: str, name: str
) -> None:
    key = Key(namespace, name)
    plain = shlex.split(Home("production").set_command(key))
    in_esc = shlex.split(Home("production", ("acme/nlp/production",)).set_command(key))

    assert plain[-1] == str(key)
    written = in_esc[4].removeprefix('pulumiConfig["').removesuffix('"]')
    assert re.sub(r"\\(.)", r"\1", written, flags=re.DOTALL) == str(key)


# Commands ------------------------------------------------------------------------------------------


def test_a_missing_secret_is_set_in_the_environment_that_wins() -> None:
    first, _ = problems(env(secrets={"DATABASE_URL": "postgres_url"}), esc=ESC)

    assert first == (
        "EscEnv(\"nlp\"): secrets['DATABASE_URL']: the stack has no config 'nlp:postgres_url'. Set it: esc env set "
        "organization/nlp/production 'pulumiConfig[\"nlp:postgres_url\"]' --secret --string --file -"
    )


def test_what_the_stack_s_own_file_says_wins_so_the_command_takes_it_out() -> None:
    lines = problems(env(secrets={"A": "a"}), config={"a": CANARY}, esc=ESC)

    assert lines[0].endswith("--file - && pulumi config rm --stack production nlp:a")


def test_several_environments_are_named_below_the_command() -> None:
    *_, note = problems(env(secrets={"DATABASE_URL": "postgres_url"}), esc=ESC)

    assert "imports organization/nlp/shared, organization/nlp/production" in note
    assert "later ones" in note


def test_without_esc_the_value_goes_to_the_stack_and_comes_from_standard_input() -> None:
    first, note = problems(env(secrets={"DATABASE_URL": "postgres_url"}))

    assert first.endswith("Set it: pulumi config set --stack production --secret nlp:postgres_url")
    assert "standard input" in note


def test_a_file_keeps_its_last_line_break_on_the_way_into_the_stack() -> None:
    [first, _] = problems(env(files={"/etc/flux/identity": "ssh"}))

    assert first.endswith("pulumi config set --stack production --secret --raw nlp:ssh")


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        (["nlp/production"], ["organization/nlp/production"]),
        (["production"], ["organization/default/production"]),
        (["nlp/production@stable"], ["organization/nlp/production"]),
        (["a/b", {"c/d": {"merge": False}}], ["organization/a/b", "organization/c/d"]),
        ({"imports": ["nlp/production"], "values": {}}, ["organization/nlp/production"]),
        ({"values": {}}, []),
        (None, []),
        ("nonsense", []),
    ],
)
def test_every_form_in_which_a_stack_names_its_environments_is_understood(
    environment: Any, named: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = home_of(tmp_path, monkeypatch, {"environment": environment})

    assert list(found.environments) == named


def home_of(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    stack_file: Mapping[str, Any] | None,
    project: Mapping[str, Any] | None = None,
    where: str = ".",
) -> Home:
    """Find the home of a program that runs in a folder of a project, as one of the Automation API does."""
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "nlp", **(project or {})}))
    (folder / "deep" / "down").mkdir(parents=True)
    (folder / where).mkdir(exist_ok=True)
    if stack_file is not None:
        (folder / where / "Pulumi.production.yaml").write_text(yaml.safe_dump(stack_file))
    monkeypatch.chdir(folder / "deep" / "down")
    found: list[Home] = []

    def program() -> None:
        from pulumi.runtime.settings import SETTINGS

        SETTINGS.root_directory = None  # as where nobody tells the program
        found.append(Home.find())

    Recording(project="nlp", stack="production").run(program)
    return found[0]


def test_the_stack_s_file_is_found_from_below_and_where_the_project_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = {"stackConfigDir": "stacks"}
    found = home_of(tmp_path, monkeypatch, {"environment": ["a/b"]}, project, "stacks")

    assert found.environments == ("organization/a/b",)


def test_a_stack_without_a_file_or_with_a_broken_one_is_one_without_esc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert home_of(tmp_path, monkeypatch, None).environments == ()
    (tmp_path / "Pulumi.production.yaml").write_text("a: [")
    assert Home("production").environments == ()


@pytest.mark.engine
def test_the_command_for_a_stack_is_one_that_the_engine_takes(
    rehearsal: Callable[..., Any],
) -> None:
    """The command of the error message, with a value on standard input, fixes the stack."""
    made = rehearsal(env(files={"/id": "ssh"}), project="nlp", stack="production", config={})
    error = made.up(check=False).error
    command = shlex.split(error.partition("Set it: ")[2].splitlines()[0])
    engine = made._engine()

    stored = subprocess.run(
        [engine._path, *command[1:]],
        cwd=engine._directory,
        env=engine._environment,
        input=f"{CANARY}\nsecond line\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert stored.returncode == 0, stored.stderr
    made.up()
    written = made.kubernetes.get("Secret", made.kubernetes.names("Secret")[0])["data"]["id"]
    assert base64.b64decode(written).decode() == f"{CANARY}\nsecond line\n"


# What is wrong with a value -----------------------------------------------------------------------


def test_everything_that_is_missing_badly_stored_or_malformed_is_said_at_once_and_no_value() -> (
    None
):
    secret = f"{CANARY}-secret"
    lines = problems(
        env(
            secrets={"A": "gone", "B": "plain", "C": "malformed", "D": "empty"},
            config={"E": "secretive", "F": "number"},
            files={"/etc/id": "notPem"},
            formats={"C": "postgresql", "F": "int", "/etc/id": "pem"},
        ),
        config={"plain": CANARY, "number": f"{CANARY}1"},
        secrets={
            "malformed": f"mysql://u:{secret}@host/db",
            "empty": "  ",
            "secretive": secret,
            "notPem": secret,
        },
    )

    assert lines[0] == 'EscEnv("nlp"): 7 problems to fix before anything is created:'
    assert [line.partition(":")[0] for line in lines[1:8]] == [
        "secrets['A']",
        "secrets['B']",
        "secrets['C']",
        "secrets['D']",
        "config['E']",
        "config['F']",
        "files['/etc/id']",
    ]
    assert all("pulumi config set --stack production --" in line for line in lines[1:8])
    assert all("--plaintext" in line for line in lines[5:7])
    assert all("--secret" in line for line in [*lines[1:5], lines[7]])
    assert CANARY not in "\n".join(lines)


def test_a_mistyped_key_is_answered_with_the_nearest_one_of_its_namespace() -> None:
    [first, _] = problems(
        env(secrets={"DATABASE_URL": "postgresUrl"}),
        secrets={"postgres_url": CANARY, "shared:postgresUrl": CANARY},
    )

    assert "(there is 'nlp:postgres_url')" in first


def test_a_key_of_another_namespace_is_found_by_its_name() -> None:
    [first, _] = problems(env(secrets={"TOKEN": "token"}), secrets={"shared:token": CANARY})

    assert "(there is 'shared:token')" in first


def test_a_value_given_in_place_of_a_key_is_not_repeated() -> None:
    for value in (
        f"postgresql://user:{CANARY}@host/db",
        "sk_live_51Hq8Abcdefghijklmn",
        "-----BEGIN KEY-----\nabc\n",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "4f3a2b1c4f3a2b1c4f3a2b1c4f3a2b1c",
    ):
        text = "\n".join(problems(env(secrets={"A": value})))
        assert value not in text
        assert value[8:] not in text
        assert "name" in text


@pytest.mark.parametrize(
    "value",
    [
        "https://9f86d081884c7d65@o1.ingest.sentry.io/4",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "proj:postgresql://app:Sup3rS3cret@db/x",
        "-".join(["xoxb", "123456789012", "abcdefABCDEF:x"]),
        "proj:-----BEGIN PRIVATE KEY-----",
        "correct horse battery staple",
    ],
)
def test_no_piece_of_a_value_in_the_place_of_a_key_is_repeated(value: str) -> None:
    text = "\n".join(problems(env(secrets={"A": value})))

    for start in range(len(value) - 11):
        assert value[start : start + 12] not in text


@pytest.mark.parametrize(
    "arguments",
    [
        {"optional": "TOKEN"},
        {"optional": ["TOKEN", "TOKEN"]},
        {"secrets": {"TOKEN": 1}},
        {"formats": {"TOKEN": 1}},
        {"formats": {"A": "TOKEN"}},
        {"labels": {"TOKEN": 1}},
        {"labels": {"a": "TOKEN!"}},
        {"namespace": "TOKEN"},
        {"file_mode": "TOKEN"},
        {"files": {"/TOKEN": 1}},
        {"TOKEN": 1},
        {"config": {"A": "known"}, "files": {"TOKEN": "known"}},
    ],
)
def test_a_value_in_any_wrong_place_is_not_repeated(arguments: dict[str, Any]) -> None:
    token = "_".join(["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"])

    def planted(node: Any) -> Any:
        if isinstance(node, dict):
            return {planted(key): planted(each) for key, each in node.items()}
        if isinstance(node, list):
            return [planted(each) for each in node]
        return node.replace("TOKEN", token) if isinstance(node, str) else node

    given = {"secrets": {"A": "known"}, **planted(arguments)}
    text = "\n".join(problems(env(**given), secrets={"known": CANARY}))

    assert token[4:] not in text


def test_one_mistake_is_said_once() -> None:
    lines = problems(env(secrets=5, config={"A": "a"}), config={"a": "b"})

    assert lines == [
        (
            'EscEnv("nlp"): secrets must be a mapping of strings to strings, e.g. '
            "{'DATABASE_URL': 'postgres_url'}; found a number."
        )
    ]


def test_a_long_name_with_digits_is_still_shown() -> None:
    [first, _] = problems(env(secrets={"A": "postgres_url_eu_west_1_replica_2024"}))

    assert "'nlp:postgres_url_eu_west_1_replica_2024'" in first


def test_a_secret_that_esc_stored_as_a_number_is_said_to_be_a_string_only_matter() -> None:
    esc = {
        "nlp/production": {
            "values": {"pulumiConfig": {"pin": {"fn::fromJSON": {"fn::secret": "1234"}}}}
        }
    }
    lines = problems(env(secrets={"PIN": "pin"}), esc=esc)

    assert "in ESC only strings stay secret" in lines[0]
    assert "1234" not in "\n".join(lines)


def test_config_numbers_booleans_and_lists_arrive_as_strings_and_fit_their_formats() -> None:
    recording = Recording(
        project="nlp",
        config={"port": 8080, "debug": True, "labels": ["PER", "ORG"], "ratio": "0.5"},
    )
    recording.run(
        env(
            config={"PORT": "port", "DEBUG": "debug", "NER_LABELS": "labels"},
            formats={"PORT": "int", "DEBUG": "bool", "NER_LABELS": "json"},
        )
    )

    [config_map] = recording.of_type("kubernetes:core/v1:ConfigMap")
    assert config_map.inputs["data"]["PORT"] == "8080"
    assert config_map.inputs["data"]["DEBUG"] == "true"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "name at least one variable"),
        ({"secrets": {"database-url": "known"}}, "'DATABASE_URL' would work"),
        ({"secrets": {"1A": "known"}}, "does not start with a digit"),
        ({"secrets": {"A": 1}}, "found a number"),
        ({"secrets": {"A": ""}}, "found nothing"),
        ({"secrets": ["A"]}, "must be a mapping"),
        ({"secrets": {1: "known"}}, "a key that is not a string"),
        ({"secrets": {"A": "known"}, "config": {"A": "known"}}, "'A' is in secrets and in config"),
        ({"files": {"etc/id": "known"}}, "must be absolute"),
        ({"files": {"/a": "known", "/a/b": "known"}}, "is a file"),
        ({"secrets": {"A": "known"}, "formats": {"B": "json"}}, "formats names 'B'"),
        ({"secrets": {"A": "known"}, "formats": {"A": "boolean"}}, "'bool' would work"),
        ({"secrets": {"A": "known"}, "formats": {"A": 5}}, "formats['A'] must be a string"),
        ({"secrets": {"NAME": "known"}, "optional": ["NAMES"]}, "Did you mean 'NAME'?"),
        ({"secrets": {"A": "known"}, "namespace": "Nlp_1"}, "'nlp-1' would work"),
        ({"secrets": {"A": "known"}, "labels": {"a b": "x"}}, "cannot be the key of a label"),
        ({"secrets": {"A": "known"}, "labels": {"a": "x" * 64}}, "cannot be the value of a label"),
        ({"secrets": {"A": "known"}, "labels": {"a": 1}}, "quote it: '1'"),
        ({"secrets": {"A": "known"}, "reloader": "yes"}, "must be true or false"),
        ({"secrets": {"A": "known"}, "file_mode": "888"}, "octal"),
        ({"secrets": {"A": "known"}, "file_mode": 444}, "quote it"),
        ({"secrets": {"A": "known"}, "secret": {}}, "Did you mean secrets?"),
        ({"secrets": {"A": "known"}, "metadata": {}}, "metadata is not an argument"),
        ({"secrets": {"A": "a:b:c"}}, "not the name of a config key"),
        ({"secrets": {"A": "großes"}}, "the stack has no config"),
    ],
)
def test_what_cannot_be_is_refused_with_what_would_do(arguments: dict[str, Any], says: str) -> None:
    text = "\n".join(problems(env(**arguments), secrets={"known": CANARY}))

    assert says in text
    assert CANARY not in text


def test_an_output_in_place_of_a_config_key_is_refused_and_not_shown() -> None:
    def program() -> None:
        secrets: Any = {"A": pulumi.Output.secret(CANARY)}
        EscEnv("nlp", secrets=secrets)

    text = "\n".join(problems(program))

    assert "never the value itself; found an output" in text
    assert CANARY not in text


@pytest.mark.parametrize("name", ["Nlp", "nlp_api", "n" * 55, "nlp.", "-", "ñlp", "", 5, None])
def test_a_name_that_kubernetes_would_refuse_is_refused(name: Any) -> None:
    text = "\n".join(
        problems(lambda: EscEnv(name, secrets={"A": "known"}), secrets={"known": CANARY})
    )

    assert "would work" in text or "needs a name" in text


def test_optional_values_may_be_missing_or_empty_and_are_then_left_out() -> None:
    recording = Recording(project="nlp", secrets={"a": CANARY, "empty": ""})
    recording.run(
        env(secrets={"A": "a", "B": "b", "C": "empty"}, optional=["B", "C"], formats={"B": "json"})
    )

    [secret] = recording.of_type("kubernetes:core/v1:Secret")
    assert list(secret.inputs["stringData"].value) == ["A"]
    assert [each["name"] for each in recording.outputs["nlp"]["variables"]] == ["A"]


def test_an_optional_value_that_is_there_is_judged_like_any_other() -> None:
    lines = problems(
        env(secrets={"A": "a"}, optional=["A"], formats={"A": "json"}), secrets={"a": CANARY}
    )

    assert "is not JSON" in lines[0]


def test_everything_optional_and_missing_makes_nothing() -> None:
    recording = Recording(project="nlp")
    recording.run(env(secrets={"A": "a"}, config={"B": "b"}, optional=["A", "B"]))

    assert [each.type for each in recording.registrations] == ["infra-secrets:index:EscEnv"]
    assert recording.outputs["nlp"]["variables"] == []


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("", "is empty"),
        (" \n ", "is empty"),
        ("a\0b", "NUL"),
        ("x" * (128 * 1024), "131072"),
        ("\ud800", "surrogates"),
    ],
    ids=["empty", "spaces", "NUL", "128 KiB", "surrogate"],
)
def test_a_value_that_no_container_could_get_is_refused_with_the_reason(
    value: str, says: str
) -> None:
    lines = problems(env(secrets={"A": "a"}), secrets={"a": value})

    assert says in lines[0]


@pytest.mark.parametrize(
    ("value", "warned"),
    [(f"{CANARY}\n", True), (CANARY, False), (f"{CANARY}\nmore\n", False), ("\n", None)],
)
def test_the_line_break_of_echo_is_pointed_out_and_stays(value: str, warned: bool | None) -> None:
    if warned is None:
        assert "is empty" in problems(env(secrets={"A": "a"}), secrets={"a": value})[0]
        return
    recording = Recording(project="nlp", secrets={"a": value})
    recording.run(env(secrets={"A": "a"}))

    [secret] = recording.of_type("kubernetes:core/v1:Secret")
    assert secret.inputs["stringData"].value["A"] == value
    assert ["ends in a line break" in text for text in recording.warnings] == (
        [True] if warned else []
    )
    assert CANARY not in str(recording.warnings)


def test_more_than_one_mebibyte_in_one_object_is_refused_naming_the_largest() -> None:
    large = {f"f{number}": "x" * 300_000 for number in range(4)}
    lines = problems(env(files={f"/{key}": key for key in large}), secrets=large)

    assert "secrets and files: the values have 1200000 bytes" in lines[0]
    assert "Set it" not in "\n".join(lines)


@pytest.mark.parametrize("size", [64 * 1024, 131072 - 3])
def test_values_up_to_what_linux_takes_pass(size: int) -> None:
    recording = Recording(project="nlp", secrets={"a": "x" * size})
    recording.run(env(secrets={"A": "a"}))

    [secret] = recording.of_type("kubernetes:core/v1:Secret")
    assert len(secret.inputs["stringData"].value["A"]) == size


def test_a_private_key_gets_the_final_line_break_that_the_stack_took_away() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"
    recording = Recording(project="nlp", secrets={"k": key})
    recording.run(env(secrets={"A": "k"}, files={"/id": "k"}, formats={"/id": "pem"}))

    [secret] = recording.of_type("kubernetes:core/v1:Secret")
    assert secret.inputs["stringData"].value == {"A": key, "id": f"{key}\n"}


@pytest.mark.parametrize(
    ("autonaming", "refused"),
    [
        ({"mode": "verbatim"}, True),
        ({"pattern": "${project}-${name}"}, True),
        ({"pattern": "${name}-${hex(6)}"}, False),
        (
            {"mode": "verbatim", "providers": {"kubernetes": {"pattern": "${name}-${hex(6)}"}}},
            False,
        ),
        ({"providers": {"kubernetes": {"mode": "disabled"}}}, True),
        (
            {
                "providers": {
                    "kubernetes": {"resources": {"kubernetes:core/v1:Secret": {"mode": "verbatim"}}}
                }
            },
            True,
        ),
        ({"providers": {"aws": {"mode": "verbatim"}}}, False),
    ],
)
def test_names_without_anything_random_would_bring_the_outage_back(
    autonaming: dict[str, Any], refused: bool
) -> None:
    config = {"pulumi:autonaming": autonaming}
    if refused:
        lines = problems(env(secrets={"A": "a"}), secrets={"a": CANARY}, config=config)
        assert "pulumi:autonaming" in lines[0]
    else:
        Recording(project="nlp", secrets={"a": CANARY}, config=config).run(env(secrets={"A": "a"}))


# A stack's secrets are where they belong ----------------------------------------------------------


def test_a_stack_whose_secrets_are_in_esc_passes() -> None:
    esc = {"nlp/production": {"values": {"pulumiConfig": {"token": {"fn::secret": CANARY}}}}}
    recording = Recording(project="nlp", config={"aws:region": "eu-west-1", "size": 3}, esc=esc)
    recording.run(require_esc)

    assert recording.warnings == []


def test_a_stack_without_any_secret_passes() -> None:
    Recording(project="nlp", config={"tokenLifetime": "3600", "name": "api"}).run(require_esc)


def test_ciphertext_in_the_stack_s_file_is_refused_with_the_way_into_esc() -> None:
    lines = problems(require_esc, secrets={"token": CANARY, "shared:key": CANARY}, esc=ESC)

    assert lines[0].startswith("stack production keeps secrets outside of ESC:")
    assert (
        'v=$(pulumi config get --stack production nlp:token) && [ -n "$v" ] && printf %s "$v" | '
        "esc env set organization/nlp/production 'pulumiConfig[\"nlp:token\"]' --secret --string --file - "
        "&& pulumi config rm --stack production nlp:token"
    ) in lines[1]
    assert CANARY not in "\n".join(lines)


def test_a_stack_without_an_environment_is_told_how_to_get_one() -> None:
    lines = problems(require_esc, secrets={"token": CANARY})

    assert "pulumi config env init --stack production" in lines[-1]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("databasePassword", "correct horse".replace(" ", "-")),
        ("api_key", "abcdefgh12"),
        ("api_key", "8letters"),
        ("of_16", "ghp_" + "0123456789ab"),
        ("anything", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
        ("db", "postgresql://user:pw12345@host/db"),
        ("db_pass", "abcdefgh12"),
        ("signingKey", "abc/def+gh12=="),
        ("connection", "Server=db;Password=abcdefgh12;"),
        ("url", "https://example.com/?password=abcdefgh12"),
        ("dsn", "https://0123456789abcdef@o1.ingest.sentry.io/42"),
        ("nested", {"inner": [{"clientSecret": "abcdefgh12"}]}),
    ],
)
def test_a_plain_value_that_looks_like_a_secret_is_refused_and_not_shown(
    key: str, value: Any
) -> None:
    lines = problems(require_esc, config={key: value})

    assert f"'nlp:{key}' looks like a secret" in lines[1]
    assert str(value) not in "\n".join(lines)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tokenLifetime", "3600"),
        ("secretName", "/some/path/to-it"),
        ("kmsSecretArn", "arn:aws:kms:eu-west-1:123456789012:key/x"),
        ("repository", "ssh://git@github.com/acme/nlp"),
        ("infra-secrets:azureSecretClass", "pulumi_azure_native.keyvault:Secret"),
        ("enabled", True),
        ("library", "sk-learn"),
        ("library", "sk-learn-contri"),
        ("password", "7letter"),
        ("passwordPolicy", "at-least-twelve"),
        ("tokenIssuer", "accounts.example.com"),
    ],
)
def test_settings_that_only_sound_like_secrets_pass(key: str, value: Any) -> None:
    Recording(project="nlp", config={key: value}).run(require_esc)


def test_a_key_may_be_allowed_by_name() -> None:
    Recording(project="nlp", secrets={"token": CANARY}).run(lambda: require_esc(allow=["token"]))


def test_warning_only_is_a_matter_of_config() -> None:
    config = {"infra-secrets:requireEsc": "warn"}
    recording = Recording(project="nlp", secrets={"token": CANARY}, config=config)
    recording.run(require_esc)

    assert "nlp:token" in recording.warnings[0]
    assert CANARY not in recording.warnings[0]


def test_ciphertext_deep_in_a_document_is_noticed() -> None:
    assert _holds_ciphertext({"a": [{"b": {"secure": "AAAB"}}]})
    assert not _holds_ciphertext({"a": [{"b": {"secure": "AAAB", "more": 1}}]})


@pytest.mark.parametrize("allow", ["token", None, 5, [None], b"token"])
def test_a_list_of_allowed_keys_is_a_list(allow: Any) -> None:
    lines = problems(lambda: require_esc(allow), secrets={"token": CANARY})

    assert "allow must be a list of config keys" in lines[0]


def test_a_value_that_cannot_be_read_is_neither_stored_nor_removed(tmp_path: Path) -> None:
    """The command is run with stand-ins: reading fails, as with another passphrase."""
    lines = problems(require_esc, secrets={"token": CANARY}, esc=ESC)
    command = lines[1].partition("Move it: ")[2]
    for name, code in (
        ("pulumi", 'echo "pulumi $2" >>log; [ "$2" != get ]'),
        ("esc", "echo esc >>log; cat >>log"),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{code}\n")
        (tmp_path / name).chmod(0o755)

    for shell in ("sh", "bash"):
        subprocess.run(
            [shell, "-c", command],
            cwd=tmp_path,
            env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
        )

    assert (tmp_path / "log").read_text() == "pulumi get\n" * 2


def test_another_mode_is_refused() -> None:
    lines = problems(require_esc, config={"infra-secrets:requireEsc": "off"})

    assert "must be 'refuse' (the default) or 'warn'" in lines[0]


def test_secrets_of_another_config_file_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: nlp")
    (tmp_path / "Pulumi.production.yaml").write_text("config: {nlp:a: b}")
    monkeypatch.chdir(tmp_path)

    def program() -> None:
        from pulumi.runtime.settings import SETTINGS

        SETTINGS.root_directory = None
        require_esc()

    lines = problems(program, secrets={"token": CANARY})

    assert "did not come from an ESC environment" in lines[1]
