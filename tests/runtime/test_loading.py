"""Where a setting is looked for, and the one error that tells everything that is missing or wrong."""

import asyncio
import gc
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    Json,
    PostgresDsn,
    SecretBytes,
    SecretStr,
    field_validator,
    model_validator,
)

from infra_secrets import clouds
from infra_secrets.errors import (
    AccessError,
    DeniedError,
    DisabledError,
    MissingExtraError,
    NotLoggedInError,
    ThrottledError,
    UnreachableError,
    WrongPlaceError,
)
from infra_secrets.runtime import SecretSettings, SettingsError
from tests.runtime.conftest import ended
from tests.values import Values

URL = "postgresql://payments:made-up@db.example.com/payments"


class Payments(SecretSettings, service="payments"):
    stripe_api_key: SecretStr
    database_url: PostgresDsn
    ner_labels: list[str] = []  # noqa: RUF012 (pydantic copies it)


class One(SecretSettings, service="payments"):
    token: str


class Maybe(SecretSettings, service="payments"):
    token: str = "made-up-default"


def refused(class_: type[SecretSettings]) -> SettingsError:
    with pytest.raises(SettingsError) as error:
        class_()
    return error.value


def fill(cloud: Values) -> None:
    cloud.add("payments/production/stripe-api-key", "made-up-stripe-key")
    cloud.add("payments/production/database-url", URL)
    cloud.add("payments/production/ner-labels", '["person"]')


# Where


def test_every_container_is_read_in_one_call(cloud: Values) -> None:
    fill(cloud)
    settings = Payments()

    assert settings.stripe_api_key.get_secret_value() == "made-up-stripe-key"
    assert settings.database_url.hosts()[0]["host"] == "db.example.com"
    assert settings.ner_labels == ["person"]
    assert cloud.calls == ["read"]


def test_a_variable_comes_before_a_file_and_a_file_before_a_container(
    cloud: Values, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(cloud)
    monkeypatch.setenv("INFRA_SECRETS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("STRIPE_API_KEY", "made-up-in-a-variable")
    (tmp_path / "STRIPE_API_KEY").write_text("made-up-in-a-file")
    (tmp_path / "NER_LABELS").write_text('["in a file"]')
    settings = Payments()

    assert settings.stripe_api_key.get_secret_value() == "made-up-in-a-variable"
    assert settings.ner_labels == ["in a file"]
    assert str(settings.database_url) == URL


def test_a_file_may_be_named_as_the_variable_or_as_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFRA_SECRETS_DIRECTORY", str(tmp_path))
    (tmp_path / "DATABASE_URL").write_text(URL)
    (tmp_path / "stripe-api-key").write_text("made-up-stripe-key")

    assert Payments().stripe_api_key.get_secret_value() == "made-up-stripe-key"


@pytest.mark.parametrize("content", [b"made up\n", b"\xef\xbb\xbfmade up", b" \r\n ", b"\x00"])
def test_no_byte_of_a_file_is_changed(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFRA_SECRETS_DIRECTORY", str(tmp_path))
    (tmp_path / "TOKEN").write_bytes(content)

    assert One().token.encode() == content


def test_no_client_is_made_when_everything_is_in_the_environment(
    cloud: Values, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "made-up-token")

    assert One().token == "made-up-token"
    assert cloud.calls == []


def test_without_a_cloud_a_default_is_the_value_of_what_is_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "made-up-stripe-key")
    monkeypatch.setenv("DATABASE_URL", URL)

    assert Payments().ner_labels == []


def test_a_default_is_the_value_of_what_was_never_set(cloud: Values) -> None:
    cloud.add("payments/production/token")

    assert Maybe().token == "made-up-default"


@pytest.mark.parametrize("environment", ["prodution", "staging"])
def test_a_default_is_no_way_out_of_a_mistyped_environment(
    environment: str, cloud: Values, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.add("payments/production/token", "made-up-token")
    monkeypatch.setenv("INFRA_SECRETS_ENVIRONMENT", environment)

    assert f"There is no container payments/{environment}/token." in str(refused(Maybe))


@pytest.mark.parametrize("name", ["CLOUD", "ENVIRONMENT", "DIRECTORY"])
def test_a_variable_of_the_package_that_is_empty_is_refused_and_not_taken_for_unset(
    name: str, cloud: Values, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.add("payments/production/token")
    monkeypatch.setenv(f"INFRA_SECRETS_{name}", "")

    assert f"INFRA_SECRETS_{name}" in str(refused(Maybe))
    assert "empty" in str(refused(Maybe))


@pytest.mark.parametrize("said_by", ["the class", "the variable"])
def test_the_home_of_who_runs_it_may_be_written_as_a_tilde(
    said_by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted" / "TOKEN").write_text("made-up-token")
    if said_by == "the variable":
        monkeypatch.setenv("INFRA_SECRETS_DIRECTORY", "~/mounted")

    class There(
        SecretSettings,
        service="payments",
        directory="~/mounted" if said_by == "the class" else None,
    ):
        token: str

    assert There().token == "made-up-token"


@pytest.mark.parametrize("text", ["null", " null "])
def test_null_is_no_value_also_where_none_would_be_one(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Perhaps(SecretSettings, service="payments"):
        token: list[str] | None

    monkeypatch.setenv("TOKEN", text)

    assert "the variable TOKEN is null, and a value never is." in str(refused(Perhaps))


@pytest.mark.parametrize(
    "error",
    [
        DeniedError("This login may not read it.", "Ask for it."),
        DisabledError("It is disabled.", "Enable it."),
        UnreachableError("The cloud does not answer.", "Wait."),
        ThrottledError("Too many calls.", "Wait."),
        NotLoggedInError("Nobody is logged in.", "Log in."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_default_is_no_way_out_of_what_could_not_be_looked_at(
    error: Exception, cloud: Values
) -> None:
    cloud.add("payments/production/token", "made-up-token")
    cloud.failing["payments/production/token"] = error  # type: ignore[assignment]

    assert str(error) in str(refused(Maybe))


def test_the_class_says_where_its_containers_are_before_the_environment_does(
    cloud: Values, monkeypatch: pytest.MonkeyPatch
) -> None:
    class There(
        SecretSettings,
        service="payments",
        environment="staging",
        cloud="aws",
        region="eu-central-1",
    ):
        token: str

    monkeypatch.setenv("INFRA_SECRETS_CLOUD", "gcp")
    cloud.add("payments/staging/token", "made-up-token")

    assert There().token == "made-up-token"


def test_an_alias_renames_the_variable_and_not_the_container(
    cloud: Values, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Renamed(SecretSettings, service="payments"):
        stripe: SecretStr = Field(validation_alias="STRIPE_API_KEY")

    cloud.add("payments/production/stripe", "made-up-from-the-container")
    assert Renamed().stripe.get_secret_value() == "made-up-from-the-container"

    monkeypatch.setenv("STRIPE_API_KEY", "made-up-from-the-variable")
    assert Renamed().stripe.get_secret_value() == "made-up-from-the-variable"


def test_it_can_be_awaited(cloud: Values) -> None:
    fill(cloud)

    async def start() -> Payments:
        return await Payments.aload()

    assert asyncio.run(start()).ner_labels == ["person"]


# Types


def test_values_get_the_types_of_their_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    class Database(BaseModel):
        host: str
        port: int

    class Typed(SecretSettings, service="payments"):
        workers: int
        debug: bool
        ratio: float
        blob: bytes
        key: SecretBytes
        database: Database
        maybe: list[int] | None
        either: str | list[str]
        read: Json[list[int]]

    texts = {
        "workers": "4",
        "debug": "true",
        "ratio": "0.5",
        "blob": "made up",
        "key": "made up too",
        "database": '{"host": "db.example.com", "port": 5432}',
        "maybe": "[1, 2]",
        "either": "[no JSON",
        "read": "[3]",
    }
    for name, text in texts.items():
        monkeypatch.setenv(name.upper(), text)
    settings = Typed()

    assert (settings.workers, settings.debug, settings.ratio) == (4, True, 0.5)
    assert (settings.blob, settings.key.get_secret_value()) == (b"made up", b"made up too")
    assert settings.database == Database(host="db.example.com", port=5432)
    assert (settings.maybe, settings.either, settings.read) == ([1, 2], "[no JSON", [3])


def test_bytes_that_are_no_text_reach_a_field_of_bytes_and_no_other(
    cloud: Values, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Binary(SecretSettings, service="payments"):
        token: SecretBytes

    cloud.add("payments/production/token")
    cloud.put("payments/production/token", b"\xff\x00made-up")

    assert Binary().token.get_secret_value() == b"\xff\x00made-up"
    assert "is not UTF-8. A field that holds bytes is a SecretBytes." in str(refused(One))

    monkeypatch.setenv("TOKEN", os.fsdecode(b"\xff\x01made-up"))
    assert Binary().token.get_secret_value() == b"\xff\x01made-up"
    assert "the variable TOKEN is not UTF-8" in str(refused(One))


@pytest.mark.parametrize("text", ["x", "x" * 65536, "x" * 65537, "ä\u0301\u00e4", "a\r\nb", "{}"])
def test_text_arrives_as_it_is(text: str, cloud: Values) -> None:
    cloud.add("payments/production/token", text)

    assert One().token == text


def test_validators_of_the_class_see_values_and_may_set_fields(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Checked(SecretSettings, service="payments"):
        token: str
        other: str = "other"

        @field_validator("token")
        @classmethod
        def upper(cls, token: str) -> str:
            return token.upper()

        @model_validator(mode="after")
        def together(self) -> "Checked":
            self.other = f"{self.token} and {self.other}"
            return self

    monkeypatch.setenv("TOKEN", "made-up")

    assert Checked().other == "MADE-UP and other"


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"extra": "allow"},
        {"frozen": True},
        {"validate_by_name": True, "validate_by_alias": False},
        {"populate_by_name": True},
        {"validate_default": False},
        {"str_strip_whitespace": True},
    ],
    ids=str,
)
def test_what_pydantic_itself_lets_a_class_say_is_kept(
    config: ConfigDict, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Configured(SecretSettings, service="payments"):
        model_config = config  # type: ignore[assignment]
        token: str = Field(alias="MADE_UP_TOKEN")

    monkeypatch.setenv("MADE_UP_TOKEN", " made-up ")
    monkeypatch.setenv("SOMETHING_ELSE", "made-up")

    assert Configured().token == ("made-up" if config.get("str_strip_whitespace") else " made-up ")
    assert vars(Configured()) == {}


def test_files_as_kubernetes_mounts_and_rotates_them(tmp_path: Path) -> None:
    mounted = tmp_path / "mounted"
    for version in ("1", "2"):
        (mounted / f"..{version}").mkdir(parents=True)
        (mounted / f"..{version}" / "TOKEN").write_text(f"made-up-{version}")
    (mounted / "..data").symlink_to("..1")
    (mounted / "TOKEN").symlink_to("..data/TOKEN")

    class Mounted(SecretSettings, service="payments", directory=mounted):
        token: str

    settings = Mounted()
    (mounted / "..new").symlink_to("..2")
    (mounted / "..new").rename(mounted / "..data")

    assert settings.token == "made-up-1"
    assert settings.reload() == {"token"}
    assert settings.token == "made-up-2"


def test_a_folder_that_the_class_names_need_not_be_there(cloud: Values) -> None:
    class Mounted(SecretSettings, service="payments", directory="/no/such/folder"):
        token: str

    cloud.add("payments/production/token", "made-up-token")

    assert Mounted().token == "made-up-token"


@given(st.binary(min_size=1, max_size=200))
@example(b"\xef\xbb\xbf{}\r\n")
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_arrive_unchanged_from_a_file_and_from_a_container(
    cloud: Values, tmp_path: Path, data: bytes
) -> None:
    class Binary(SecretSettings, service="payments", directory=tmp_path):
        in_a_file: SecretBytes
        in_a_container: bytes

    cloud.add("payments/production/in-a-container")
    cloud.put("payments/production/in-a-container", data)
    (tmp_path / "IN_A_FILE").write_bytes(data)

    assert Binary().in_a_file.get_secret_value() == data
    assert Binary().in_a_container == data


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_arrives_unchanged_also_in_a_document(cloud: Values, text: str) -> None:
    class Document(SecretSettings, service="payments", document=True):
        token: str

    cloud.add("payments/production", json.dumps({"TOKEN": text}))
    cloud.add("payments/production/token", text)

    assert Document().token == text
    assert One().token == text


# What is wrong


@pytest.mark.usefixtures("cloud")
def test_a_missing_client_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object) -> None:
        raise MissingExtraError("The AWS client library (boto3)", "runtime-aws")

    monkeypatch.setattr(clouds, "connect", connect)
    with pytest.raises(MissingExtraError) as missing:
        One()

    assert str(missing.value) == (
        "The AWS client library (boto3) is not installed. Run: pip install 'infra-secrets[runtime-aws]'"
    )


def test_a_default_that_does_not_fit_is_the_class_s_fault() -> None:
    class Wrong(SecretSettings, service="payments"):
        token: int = "made-up-default"  # type: ignore[assignment]

    error = str(refused(Wrong))

    assert "token: its default does not fit: Input should be a valid integer" in error
    assert "made-up-default" not in error


def test_one_error_tells_everything_with_what_was_looked_at_and_the_command_that_fixes_it(
    cloud: Values, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class All(SecretSettings, service="payments"):
        never_set: SecretStr
        gone: SecretStr
        secret: SecretStr
        far: SecretStr
        busy: SecretStr
        number: int
        empty: str
        fine: str

    monkeypatch.setenv("INFRA_SECRETS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv("FINE", "made-up")
    cloud.add("payments/production/never-set")
    cloud.add("payments/production/number", "made-up-number")
    cloud.failing |= {
        "payments/production/secret": DeniedError("You may not read it.", "Ask the platform team."),
        "payments/production/far": UnreachableError("The cloud does not answer.", "Try again."),
        "payments/production/busy": ThrottledError("Too many calls.", "Try again later."),
    }
    error = refused(All)
    aws = "AWS Secrets Manager (region eu-central-1)"

    def looked(variable: str, key: str) -> str:
        return (
            f"\n      Looked at: the variable {variable}; the file {tmp_path}/{variable}; the file {tmp_path}/{key}; "
            f"the container payments/production/{key} in {aws}."
        )

    assert str(error) == (
        "All could not be loaded: 7 of 8 settings are missing or wrong.\n"
        "  - never_set: The value of payments/production/never-set was never set. "
        "Run: infra-secrets set payments/production/never-set --cloud aws --region eu-central-1"
        + looked("NEVER_SET", "never-set")
        + "\n  - gone: There is no container payments/production/gone. Make it in code."
        + looked("GONE", "gone")
        + "\n  - secret: You may not read it. Ask the platform team."
        + looked("SECRET", "secret")
        + "\n  - far: The cloud does not answer. Try again."
        + looked("FAR", "far")
        + "\n  - busy: Too many calls. Try again later."
        + looked("BUSY", "busy")
        + f"\n  - number: the container payments/production/number in {aws} does not fit: Input should be a valid "
        "integer, unable to parse string as an integer (int_parsing). Run: infra-secrets set "
        "payments/production/number --cloud aws --region eu-central-1"
        "\n  - empty: the variable EMPTY is empty, and a value never is. Set it right where the process is started, or "
        "unset it."
    )
    assert error.settings == ("never_set", "gone", "secret", "far", "busy", "number", "empty")
    assert len(error.problems) == 7
    assert not error.unreachable


def test_what_has_one_cause_is_told_once(cloud: Values) -> None:
    cloud.failing["read"] = WrongPlaceError("No region is known.", "Set AWS_REGION.")
    error = refused(Payments)

    assert len(error.problems) == 1
    assert error.problems[0].startswith(
        "stripe_api_key, database_url, ner_labels: No region is known. Set AWS_REGION."
    )
    assert "Looked at for database_url: the variable DATABASE_URL; the container" in str(error)


@pytest.mark.parametrize("kind", [UnreachableError, ThrottledError])
def test_an_outage_is_told_from_everything_else(kind: type[AccessError], cloud: Values) -> None:
    cloud.failing["read"] = kind("The cloud does not answer.", "Try again.")

    assert refused(Payments).unreachable


@pytest.fixture
def told(cloud: Values, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done with clients: they are made and closed."""
    told: list[str] = []
    connect = clouds.connect

    def connecting(*where: Any) -> Any:
        told.append("made")
        return connect(*where)

    monkeypatch.setattr(clouds, "connect", connecting)
    monkeypatch.setattr(cloud, "close", lambda: told.append("closed"))
    return told


def test_a_client_is_kept_while_it_is_good_and_closed_with_the_settings(
    cloud: Values, told: list[str]
) -> None:
    fill(cloud)
    settings = Payments()
    settings.reload()
    snapshot = settings.snapshot()
    assert told == ["made"]

    del settings
    gc.collect()
    assert (told, snapshot.ner_labels) == (["made", "closed"], ["person"])


@pytest.mark.parametrize(
    "error", [DeniedError("You may not.", "Ask."), UnreachableError("No answer.", "Try again.")]
)
def test_a_client_that_failed_is_closed_and_the_next_look_makes_another(
    error: AccessError, cloud: Values, told: list[str]
) -> None:
    cloud.add("payments/production/token", "made-up")
    cloud.failing["payments/production/token"] = error
    refused(One)
    assert told == ["made", "closed"]

    del cloud.failing["payments/production/token"]
    settings = One()
    cloud.failing["payments/production/token"] = error
    with pytest.raises(SettingsError):
        settings.reload()
    del cloud.failing["payments/production/token"]
    assert settings.reload() == frozenset()
    assert told == ["made", "closed"] * 2 + ["made"]


def test_a_login_that_was_renewed_meanwhile_is_read_again_at_once(
    cloud: Values, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.add("payments/production/token", "made-up")
    settings = One()
    read = cloud.read

    def expired(names: Any) -> Any:
        if told[-1] == "made" and told.count("made") == 1:
            return dict.fromkeys(names, NotLoggedInError("The login has expired.", "Log in."))
        return read(names)

    monkeypatch.setattr(cloud, "read", expired)

    assert settings.reload() == frozenset()
    assert told == ["made", "closed", "made"]


def test_a_client_is_closed_before_a_fork_and_each_process_makes_its_own(
    cloud: Values, told: list[str]
) -> None:
    cloud.add("payments/production/token", "made-up")
    settings = One()
    child = os.fork()
    if child == 0:  # pragma: no cover (another process)
        settings.reload()
        os._exit(0 if told == ["made", "closed", "made"] else 1)
    ended(child)
    settings.reload()

    assert told == ["made", "closed", "made"]


def test_a_client_that_was_in_use_at_a_fork_is_not_closed_by_the_child(
    cloud: Values, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.add("payments/production/token", "made-up")
    settings = One()
    process = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: process + 1)
    settings.reload()

    assert told == ["made", "made"]


def test_without_a_cloud_the_error_names_the_variable_and_both_ways_out() -> None:
    assert str(refused(One)) == (
        "One could not be loaded: its setting is missing or wrong.\n"
        "  - token: the variable TOKEN is not set. Set it where the process is started; or name the cloud and the "
        "environment (INFRA_SECRETS_CLOUD, INFRA_SECRETS_ENVIRONMENT), have the value put in, `infra-secrets set "
        "payments/ENVIRONMENT/token`, and it is read from there."
    )


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("INFRA_SECRETS_ENVIRONMENT", None, "Set the variable INFRA_SECRETS_ENVIRONMENT"),
        (
            "INFRA_SECRETS_ENVIRONMENT",
            "Prod{x}",
            "INFRA_SECRETS_ENVIRONMENT: environment='Prod{x}'",
        ),
        ("INFRA_SECRETS_ENVIRONMENT", "x" * 600, "INFRA_SECRETS_ENVIRONMENT: "),
        ("INFRA_SECRETS_CLOUD", "awz", "Did you mean 'aws'?"),
        ("INFRA_SECRETS_DIRECTORY", "/no/such", "names '/no/such', and there is no such folder"),
    ],
)
def test_a_variable_of_the_package_that_is_wrong_is_named(
    name: str, text: str | None, said: str, cloud: Values, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, text)

    assert said in str(refused(Maybe))
    assert cloud.calls in ([], ["read"])


def test_a_part_of_the_place_that_the_cloud_does_not_have_is_named(
    cloud: Values, monkeypatch: pytest.MonkeyPatch
) -> None:
    class There(SecretSettings, service="payments", region="eu-central-1"):
        token: str

    monkeypatch.setattr(clouds, "values_of", lambda _: SimpleNamespace(PLACE={"project": ()}))

    assert (
        "the class says region=, and AWS Secrets Manager has no such part of a place: project."
        in str(refused(There))
    )
    assert cloud.calls == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "['a']",
            "is not JSON: it has single quotes where JSON has double quotes (line 1, column 2)",
        ),
        ('{"a": 1, "a": 2}', "has a key more than once"),
        ("[NaN]", "is not JSON: it has NaN or Infinity, which JSON does not allow"),
        ("[1e999]", "has a number that is too large"),
        ("[" + "1" * 5000 + "]", "has a number that is too long"),
        ("[" * 100_000, "is nested too deeply to be read as JSON"),
        ("7", "does not fit: Input should be a valid list (list_type)"),
    ],
    ids=["quotes", "twice", "NaN", "infinite", "long", "deep", "no list"],
)
def test_json_that_is_no_plain_json_is_refused_and_not_repeated(
    text: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Labels(SecretSettings, service="payments"):
        ner_labels: list[str]

    monkeypatch.setenv("NER_LABELS", text)

    assert f"the variable NER_LABELS {said}" in str(refused(Labels))


@pytest.mark.parametrize("kind", ["directory", "pipe", "unreadable", "huge"])
def test_what_is_no_readable_file_is_named_and_does_not_block(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFRA_SECRETS_DIRECTORY", str(tmp_path))
    file = tmp_path / "TOKEN"
    if kind == "directory":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    elif kind == "huge":
        file.write_bytes(b"x" * (1024 * 1024 + 1))
    else:
        file.symlink_to(file)

    assert f"token: the file {file} " in str(refused(One))


def test_a_dotenv_is_refused_by_name_and_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("TOKEN=made-up-in-a-file\n")
    monkeypatch.setenv("TOKEN", "made-up-token")
    error = str(refused(One))

    assert error.startswith(
        "One could not be loaded: it must not start like this.\n  - There is a file .env in "
        f"{tmp_path}. It was not read"
    )
    (tmp_path / ".env").unlink()
    (tmp_path / ".env").mkdir()  # a virtual environment
    assert One().token == "made-up-token"


def test_a_missing_key_of_a_nested_value_is_named_and_no_key_of_the_value_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Database(BaseModel):
        host: str

    class Nested(SecretSettings, service="payments"):
        databases: dict[str, Database]

    monkeypatch.setenv("DATABASES", '{"made-up-secret-name": {}}')
    error = str(refused(Nested))

    assert "does not fit: host: Field required (missing)" in error
    assert "made-up" not in error
