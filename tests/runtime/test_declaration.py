"""What a class of settings declares, and the classes that cannot be one."""

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

import pytest
from pydantic import (
    AliasChoices,
    BaseModel,
    Field,
    HttpUrl,
    Json,
    MongoDsn,
    MySQLDsn,
    PostgresDsn,
    PrivateAttr,
    RedisDsn,
    Secret,
    SecretStr,
    UrlConstraints,
    computed_field,
    create_model,
)
from pydantic_core import MultiHostUrl
from pydantic_settings import ForceDecode, NoDecode, SettingsConfigDict

from infra_secrets import clouds
from infra_secrets.rules import formats
from infra_secrets.runtime import SecretSettings, SettingsUseError
from infra_secrets.runtime.declaration import Setting, declaration

SCHEMES = (
    *("postgres", "postgresql", "postgresql+asyncpg", "postgresql+pg8000", "postgresql+psycopg"),
    *("postgresql+psycopg2", "postgresql+psycopg2cffi", "postgresql+py-postgresql"),
    "postgresql+pygresql",
)
"""Of `PostgresDsn`, by pydantic."""


class Database(BaseModel):
    host: str


class Payments(SecretSettings, service="payments"):
    stripe_api_key: SecretStr
    database_url: PostgresDsn
    ner_labels: list[str] = []  # noqa: RUF012 (pydantic copies it)
    stripe: str = Field(alias="STRIPE_OTHER_KEY")


def made(name: str, field: str, annotation: Any) -> Any:
    create: Any = create_model  # to which settings are no model, to a type checker
    keywords = {"service": "payments"}
    return create(
        name, __base__=SecretSettings, __cls_kwargs__=keywords, **{field: (annotation, ...)}
    )


def test_a_declaration_is_plain_data_in_the_order_of_the_class() -> None:
    found = declaration(Payments)

    assert (found.service, found.document) == ("payments", False)
    assert found.settings == (
        Setting(
            name="stripe_api_key",
            variable="STRIPE_API_KEY",
            key="stripe-api-key",
            format=None,
            schemes=(),
            optional=False,
            validated_as="stripe_api_key",
            parsed=False,
            binary=False,
        ),
        Setting(
            name="database_url",
            variable="DATABASE_URL",
            key="database-url",
            format="postgresql",
            schemes=SCHEMES,
            optional=False,
            validated_as="database_url",
            parsed=False,
            binary=False,
        ),
        Setting(
            name="ner_labels",
            variable="NER_LABELS",
            key="ner-labels",
            format="json",
            schemes=(),
            optional=True,
            validated_as="ner_labels",
            parsed=True,
            binary=False,
        ),
        Setting(
            name="stripe",
            variable="STRIPE_OTHER_KEY",
            key="stripe",
            format=None,
            schemes=(),
            optional=False,
            validated_as="STRIPE_OTHER_KEY",
            parsed=False,
            binary=False,
        ),
    )


def test_the_settings_of_a_document_have_no_key() -> None:
    class Document(SecretSettings, service="payments", document=True):
        stripe_api_key: SecretStr

    assert declaration(Document).document
    assert [each.key for each in declaration(Document).settings] == [None]


@pytest.mark.parametrize(
    ("annotation", "wanted"),
    [
        (str, None),
        (bytes, None),
        (float, None),
        (int, "int"),
        (bool, "bool"),
        (int | None, "int"),
        (Secret[int], "int"),
        (Annotated[int, Field(gt=0)], "int"),
        (dict[str, int], "json"),
        (list[int] | None, "json"),
        (list[int] | dict[str, int], "json"),
        (str | list[str], None),
        (Database, "json"),
        (Json[list[int]], "json"),
        (PostgresDsn, "postgresql"),
        (Secret[PostgresDsn], "postgresql"),
        (PostgresDsn | None, "postgresql"),
        (RedisDsn, None),
        (MongoDsn, None),
        (MySQLDsn, "mysql"),
        (HttpUrl, None),
        (
            Annotated[MultiHostUrl, UrlConstraints(allowed_schemes=["postgresql+asyncpg"])],
            "postgresql+asyncpg",
        ),
    ],
    ids=str,
)
def test_the_format_of_a_value_is_that_of_its_type(annotation: Any, wanted: str | None) -> None:
    [setting] = declaration(made("Made", "field", annotation)).settings

    assert setting.format == wanted
    assert wanted is None or formats.unknown_format(wanted) is None


def test_a_derived_class_inherits_keywords_and_fields_and_may_change_both() -> None:
    class Base(
        SecretSettings,
        service="payments",
        environment="production",
        max_age=60,
        cloud="aws",
        region="eu-central-1",
    ):
        token: str

    class Derived(Base, environment="staging", document=True, max_age=timedelta(minutes=2)):
        other: str

    assert [each.name for each in declaration(Derived).settings] == ["token", "other"]
    assert (Derived.__options__.service, Derived.__options__.environment) == ("payments", "staging")
    assert (Derived.__options__.max_age, Base.__options__.max_age) == (120.0, 60.0)
    assert Derived.__options__.place == {"region": "eu-central-1"}
    assert (Derived.__options__.document, Base.__options__.document) == (True, False)


def test_a_type_that_is_defined_later_is_found_when_the_class_is_used() -> None:
    class Early(SecretSettings, service="payments"):
        late: "Late"

    with pytest.raises(SettingsUseError, match="a type that it names is not defined"):
        declaration(Early)

    class Late(BaseModel):
        host: str

    Early.model_rebuild()
    assert [each.format for each in declaration(Early).settings] == ["json"]


@pytest.mark.parametrize("what", [Database, Payments.for_tests, "Payments", None, 7])
def test_what_is_no_class_of_settings_is_refused(what: Any) -> None:
    with pytest.raises(
        SettingsUseError, match=r"is not a class of settings: .*Give the class itself"
    ):
        declaration(what)


def test_the_class_of_all_settings_declares_none() -> None:
    with pytest.raises(SettingsUseError, match="Derive a class from it"):
        declaration(SecretSettings)
    with pytest.raises(SettingsUseError, match="Derive a class from it"):
        SecretSettings()


# Classes that cannot be


def no_service() -> None:
    class Bad(SecretSettings):
        token: str


def bad_names() -> None:
    class Bad(SecretSettings, service="Payments", environment="PROD"):
        token: str


def unknown_cloud() -> None:
    class Bad(SecretSettings, service="payments", cloud="awz"):
        token: str


def misspelt_keyword() -> None:
    class Bad(SecretSettings, service="payments", envronment="x"):
        token: str


def bad_ages() -> None:
    class Bad(SecretSettings, service="payments", max_age=0, stale_if_unreachable=-1):
        token: str


def stale_without_an_age() -> None:
    class Bad(SecretSettings, service="payments", stale_if_unreachable=60):
        token: str


def wrong_types() -> None:
    class Bad(SecretSettings, service=7, document="yes", directory=7):  # type: ignore[arg-type]
        token: str


def dotenv() -> None:
    class Bad(SecretSettings, service="payments"):
        model_config = SettingsConfigDict(env_file=".env")
        token: str


def prefix() -> None:
    class Bad(SecretSettings, service="payments"):
        model_config = SettingsConfigDict(env_prefix="PAYMENTS_", secrets_dir="/run/secrets")
        token: str


def command_line() -> None:
    class Bad(SecretSettings, service="payments", cli_parse_args=True):  # type: ignore[arg-type]
        token: str


def own_sources() -> None:
    class Bad(SecretSettings, service="payments"):
        token: str

        @classmethod
        def settings_customise_sources(cls, *_: object, **__: object) -> tuple[()]:
            return ()


def several_names() -> None:
    class Bad(SecretSettings, service="payments"):
        token: str = Field(validation_alias=AliasChoices("A", "B"))


def empty_folder() -> None:
    class Bad(SecretSettings, service="payments", directory=""):
        token: str


def no_variable() -> None:
    class Bad(SecretSettings, service="payments"):
        token: str = Field(alias="MY-TOKEN")


def one_variable() -> None:
    class Bad(SecretSettings, service="payments"):
        token: str
        Token: str


def no_key() -> None:
    class Bad(SecretSettings, service="payments"):
        schlüssel: str  # noqa: PLC2401 (what is refused)


def private() -> None:
    class Bad(SecretSettings, service="payments"):
        token: str
        _engine: object = PrivateAttr(None)


def after_it_is_made() -> None:
    class Bad(SecretSettings, service="payments"):
        token: str

        def model_post_init(self, _: object) -> None:
            """Do something."""


def cached() -> None:
    class Bad(SecretSettings, service="payments"):
        token: str

        @functools.cached_property
        def header(self) -> str:
            return f"Bearer {self.token}"


def computed() -> None:
    class Bad(SecretSettings, service="payments"):
        token: str

        @computed_field  # type: ignore[prop-decorator]
        @property
        def url(self) -> str:
            return f"https://{self.token}@example.com"


def deprecated() -> None:
    class Bad(SecretSettings, service="payments"):
        token: str = Field(deprecated=True)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (deprecated, "token is deprecated="),
        (
            no_service,
            'Name the service, as its containers are named: class ...(SecretSettings, service="payments")',
        ),
        (bad_names, "service='Payments', environment='PROD': each part must be"),
        (unknown_cloud, "Did you mean 'aws'?"),
        (misspelt_keyword, "it does not take 'envronment': there are service, environment,"),
        (misspelt_keyword, "Did you mean environment=?"),
        (bad_ages, "max_age= takes seconds or a timedelta, more than 0."),
        (bad_ages, "stale_if_unreachable= takes seconds or a timedelta, more than 0."),
        (stale_without_an_age, "there is no max_age="),
        (
            wrong_types,
            "service= takes a text. document= takes True or False. directory= takes a path.",
        ),
        (dotenv, "model_config has env_file."),
        (prefix, "model_config has env_prefix."),
        (prefix, "model_config has secrets_dir."),
        (command_line, "model_config has cli_parse_args."),
        (own_sources, "it has settings_customise_sources."),
        (several_names, "token has several names. Give one alias"),
        (empty_folder, "directory= is empty."),
        (no_variable, "token: 'MY-TOKEN' cannot be the name of a variable"),
        (one_variable, "token and Token are both the variable TOKEN."),
        (no_key, "cannot be the name of a variable"),
        (private, "it has _engine, which would be lost."),
        (after_it_is_made, "it has model_post_init, which would be lost."),
        (cached, "header is a cached_property"),
        (computed, "url is a computed_field: it would be in every dump"),
    ],
)
def test_a_class_that_cannot_be_is_refused_when_it_is_made(
    make: Callable[[], None], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from types import SimpleNamespace

    monkeypatch.setattr(clouds, "values_of", lambda _: SimpleNamespace(PLACE={"region": ()}))
    with pytest.raises(SettingsUseError) as error:
        make()

    assert str(error.value).startswith("class Bad: ")
    assert said in str(error.value)


TAKEN = (
    *(
        "path",
        "home",
        "user",
        "username",
        "lang",
        "lc_all",
        "hostname",
        "http_proxy",
        "no_proxy",
        "pythonpath",
    ),
    *(
        "ld_preload",
        "tmpdir",
        "tz",
        "ssh_auth_sock",
        "kubernetes_service_host",
        "infra_secrets_cloud",
    ),
    *(
        "aws_secret_access_key",
        "google_application_credentials",
        "azure_client_secret",
        "msi_secret",
    ),
)


@pytest.mark.parametrize("name", TAKEN)
def test_a_variable_that_means_something_to_every_process_is_no_setting(name: str) -> None:
    with pytest.raises(SettingsUseError, match=f"the variable {name.upper()} has a meaning") as no:
        made("Bad", name, str)

    advised = Annotated[str, Field(alias=f"DATABASE_{name.upper()}")]
    assert f'Annotated[str, Field(alias="DATABASE_{name.upper()}")]' in str(no.value)
    [setting] = declaration(made("Renamed", name, advised)).settings
    assert (setting.name, setting.key) == (name, name.replace("_", "-"))


def test_an_alias_cannot_name_such_a_variable_either() -> None:
    with pytest.raises(SettingsUseError, match="the variable PATH has a meaning"):
        made("Bad", "token", Annotated[str, Field(alias="PATH")])


@pytest.mark.parametrize(
    "name", ["google_maps_api_key", "azure_openai_api_key", "password", "token"]
)
def test_what_only_begins_like_one_is_a_setting(name: str) -> None:
    assert declaration(made("Fine", name, str)).settings[0].variable == name.upper()


def test_a_class_without_a_field_is_for_deriving_and_not_for_loading() -> None:
    class Nothing(SecretSettings, service="payments", max_age=60):
        """What several classes share."""

    class Something(Nothing):
        token: str

    for use in (Nothing, lambda: declaration(Nothing), Nothing.for_tests):
        with pytest.raises(SettingsUseError, match="class Nothing has no fields"):
            use()
    assert len(declaration(Something).settings) == 1


@pytest.mark.parametrize(
    ("annotation", "parsed"),
    [
        (Annotated[list[str], NoDecode], False),
        (Annotated[list[str], NoDecode()], False),
        (Annotated[str, ForceDecode], True),
        (Annotated[list[str] | None, NoDecode], False),
        (list[str], True),
    ],
    ids=str,
)
def test_pydantic_settings_own_marks_say_whether_a_text_is_json(
    annotation: Any, parsed: bool
) -> None:
    [setting] = declaration(made("Made", "field", annotation)).settings

    assert (setting.parsed, setting.format) == (parsed, "json" if parsed else None)


@pytest.mark.filterwarnings("ignore:Field name")
@pytest.mark.parametrize("name", ["reload", "snapshot", "for_tests"])
def test_a_field_is_not_named_as_a_method(name: str) -> None:
    with pytest.raises(SettingsUseError, match=f"{name} is a method of every class of settings"):
        made("Bad", name, str)
