"""`settings=`: variables and formats of pods from the class that the service loads."""

from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest
from pydantic import Field, PostgresDsn, RedisDsn, SecretStr
from pydantic_settings import BaseSettings

from infra_secrets import EscDeployment, EscEnv, ExternalEnv, clouds, secrets_for
from infra_secrets.errors import EnvArgsError, OutputError
from infra_secrets.runtime import SecretSettings
from infra_secrets.testing import Canary, Recording, Rehearsal
from infra_secrets.testing.values import SecretValue
from tests.conftest import config_for

KEY = "made-up-stripe-key"
URL = "postgresql+psycopg://shop:made-up@db.example.com/shop"
VALUES = {"stripe_api_key": KEY, "database_url": URL, "ner_labels": '["ORG"]'}
ON_AWS = {"infra-secrets:cloud": "aws"}
EXTERNAL = "kubernetes:external-secrets.io/v1:ExternalSecret"


class Payments(SecretSettings, service="payments"):
    stripe_api_key: SecretStr
    database_url: PostgresDsn
    ner_labels: list[str] = []  # noqa: RUF012 (pydantic copies it)


class Document(SecretSettings, service="payments", document=True):
    stripe_api_key: SecretStr
    database_url: PostgresDsn = Field(alias="DSN")


class OnGcp(SecretSettings, service="payments", cloud="gcp", environment="shared"):
    stripe_api_key: SecretStr


class Cached(SecretSettings, service="payments"):
    cache_url: RedisDsn


class Plain(BaseSettings):
    stripe_api_key: SecretStr


ANY_ENV: Any = EscEnv
ANY_EXTERNAL: Any = ExternalEnv


def recorded(
    program: Callable[[], object],
    secrets: Mapping[str, str] = VALUES,
    config: Mapping[str, str] = ON_AWS,
) -> Recording:
    recording = Recording(
        project="shop", stack="production", config=dict(config), secrets=dict(secrets)
    )
    recording.run(program)
    return recording


def refused(
    program: Callable[[], object],
    secrets: Mapping[str, str] = VALUES,
    config: Mapping[str, str] = ON_AWS,
) -> str:
    with pytest.raises(EnvArgsError) as error:
        recorded(program, secrets, config)
    said = str(error.value)
    assert isinstance(error.value, pulumi.RunError)
    assert not any(value in said for value in secrets.values() if len(value) > len("[]"))
    return said


def secret_of(recording: Recording) -> Mapping[str, str]:
    [made] = recording.of_type("kubernetes:core/v1:Secret")
    found = made.inputs["stringData"]
    assert isinstance(found, SecretValue)
    values: Mapping[str, str] = found.value
    return values


def data_of(
    program: Callable[[], object], config: Mapping[str, str] = ON_AWS
) -> dict[str, Mapping[str, str]]:
    made = recorded(program, config=config).of_type(EXTERNAL)
    return {
        each["secretKey"]: each["remoteRef"] for one in made for each in one.inputs["spec"]["data"]
    }


# EscEnv, EscDeployment ---------------------------------------------------------------------------


def test_each_field_is_a_variable_from_the_secret_config_of_its_name() -> None:
    found = secret_of(recorded(lambda: EscEnv("payments", settings=Payments)))

    assert found == {"STRIPE_API_KEY": KEY, "DATABASE_URL": URL, "NER_LABELS": '["ORG"]'}


def test_a_deployment_takes_the_same() -> None:
    recording = recorded(lambda: EscDeployment("payments", image="a:1", settings=Payments))

    assert secret_of(recording) == {
        "STRIPE_API_KEY": KEY,
        "DATABASE_URL": URL,
        "NER_LABELS": '["ORG"]',
    }
    [container] = recording.named("payments", "kubernetes:apps/v1:Deployment").inputs["spec"][
        "template"
    ]["spec"]["containers"]
    assert [each["name"] for each in container["env"]] == [
        "DATABASE_URL",
        "NER_LABELS",
        "STRIPE_API_KEY",
    ]


def test_a_field_that_has_a_default_may_be_missing_and_any_other_may_not() -> None:
    without = {name: value for name, value in VALUES.items() if name != "ner_labels"}
    recording = recorded(lambda: EscEnv("payments", settings=Payments), without)

    assert set(secret_of(recording)) == {"STRIPE_API_KEY", "DATABASE_URL"}
    said = refused(lambda: EscEnv("payments", settings=Payments), {"ner_labels": "[]"})
    assert "secrets['STRIPE_API_KEY']: the stack has no config 'shop:stripe_api_key'" in said
    assert "pulumi config set" in said
    assert "secrets['DATABASE_URL']" in said


def test_an_alias_is_the_variable_and_the_field_the_config_key() -> None:
    recording = recorded(lambda: EscEnv("payments", settings=Document))

    assert secret_of(recording) == {"STRIPE_API_KEY": KEY, "DSN": URL}


@pytest.mark.parametrize(
    ("settings", "key", "value"),
    [
        (Payments, "database_url", "postgres://a:made-up@h/d"),
        (Payments, "database_url", "postgresql://a:made-up@h/d"),
        (Cached, "cache_url", "redis://:made-up@h/0"),
        (Cached, "cache_url", "rediss://:made-up@h/0"),
    ],
)
def test_whatever_scheme_the_class_takes_is_taken(
    settings: type[SecretSettings], key: str, value: str
) -> None:
    recording = recorded(lambda: EscEnv("payments", settings=settings), {**VALUES, key: value})

    assert secret_of(recording)[key.upper()] == value


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        ("database_url", "mysql://a:made-up@h/d", "Payments.database_url"),
        ("ner_labels", "ORG, PERSON", "Payments.ner_labels"),
    ],
)
def test_a_value_that_is_not_of_the_field_s_type_is_refused_by_the_field_s_name(
    key: str, value: str, field: str
) -> None:
    said = refused(lambda: EscEnv("payments", settings=Payments), {**VALUES, key: value})

    assert f"is not what {field} asks for: its value " in said


def test_what_is_said_beside_the_class_wins_for_its_variable_and_adds_others() -> None:
    def program() -> None:
        EscEnv(
            "payments",
            settings=Payments,
            secrets={"DATABASE_URL": "replica", "SENTRY_DSN": "sentry"},
            config={"NER_LABELS": "labels"},
            formats={"DATABASE_URL": "mysql"},
            optional=["SENTRY_DSN"],
        )

    values = {"stripe_api_key": KEY, "replica": "mysql://a:made-up@h/d"}
    recording = recorded(program, values, {"shop:labels": '["ORG"]'})

    assert secret_of(recording) == {
        "STRIPE_API_KEY": KEY,
        "DATABASE_URL": "mysql://a:made-up@h/d",
    }
    [config_map] = recording.of_type("kubernetes:core/v1:ConfigMap")
    assert config_map.inputs["data"] == {"NER_LABELS": '["ORG"]'}


def test_beside_the_class_everything_is_checked_as_always() -> None:
    said = refused(
        lambda: ANY_ENV("payments", settings=Payments, secrets=["A"], optional=["TYPO_DSN"])
    )

    assert "secrets must be a mapping" in said
    assert "optional names 'TYPO_DSN'" in said


@pytest.mark.parametrize("component", [EscEnv, EscDeployment, ExternalEnv])
@pytest.mark.parametrize("settings", [Plain, "Payments", 7, SecretSettings])
def test_what_is_no_class_of_settings_is_refused(component: Any, settings: Any) -> None:
    said = refused(lambda: component("payments", settings=settings))

    assert "settings: " in said
    assert "SecretSettings" in said


@pytest.mark.parametrize("component", [EscEnv, EscDeployment, ExternalEnv])
def test_a_class_among_the_arguments_is_told_its_place(component: Any) -> None:
    said = refused(lambda: component("payments", {"settings": Payments}))

    assert f'{component.__name__}("nlp", settings=Payments)' in said


# ExternalEnv -------------------------------------------------------------------------------------


@pytest.mark.parametrize("cloud", clouds.available())
def test_each_field_is_a_variable_from_its_container_as_the_cloud_spells_it(cloud: str) -> None:
    separator = clouds.load(cloud).SPELLING.separator
    data = data_of(
        lambda: ExternalEnv("payments", settings=Payments, service_account="payments"),
        config_for(cloud),
    )

    assert data == {
        variable: {"key": separator.join(("payments", "production", key))}
        for variable, key in {
            "DATABASE_URL": "database-url",
            "NER_LABELS": "ner-labels",
            "STRIPE_API_KEY": "stripe-api-key",
        }.items()
    }


def test_a_field_with_a_default_has_an_external_secret_of_its_own_and_pods_start_without_it() -> (
    None
):
    found: dict[str, Any] = {}

    def program() -> None:
        env = ExternalEnv("payments", settings=Payments, store="team")
        found["variables"] = env.variables
        found["env_from"] = env.env_from

    externals = recorded(program).of_type(EXTERNAL)
    keys = [[each["secretKey"] for each in made.inputs["spec"]["data"]] for made in externals]
    references = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in found["variables"]}

    assert keys == [["DATABASE_URL", "STRIPE_API_KEY"], ["NER_LABELS"]]
    assert [made.name for made in externals] == ["payments", "payments-ner-labels"]
    assert [made.inputs["spec"]["secretStoreRef"]["name"] for made in externals] == ["team"] * 2
    assert {name: each.get("optional") for name, each in references.items()} == {
        "STRIPE_API_KEY": None,
        "DATABASE_URL": None,
        "NER_LABELS": True,
    }
    assert [each["secretRef"].get("optional") for each in found["env_from"]] == [None, True]


def test_what_secrets_says_of_a_field_with_a_default_leaves_it_optional() -> None:
    def program() -> None:
        ExternalEnv(
            "payments", settings=Payments, store="team", secrets={"NER_LABELS": "shop/labels"}
        )

    _, labels = recorded(program).of_type(EXTERNAL)
    assert labels.inputs["spec"]["data"][0]["remoteRef"] == {"key": "shop/labels"}


def test_a_class_of_defaults_alone_has_no_external_secret_that_fetches_nothing() -> None:
    class Labels(SecretSettings, service="payments"):
        ner_labels: str = ""
        stop_words: str = ""

    recording = recorded(lambda: ExternalEnv("payments", settings=Labels, store="team"))

    assert [made.name for made in recording.of_type(EXTERNAL)] == [
        "payments",
        "payments-stop-words",
    ]
    assert all(made.inputs["spec"]["data"] for made in recording.of_type(EXTERNAL))


def test_the_name_of_an_external_secret_of_one_field_is_judged_as_any() -> None:
    class Long(SecretSettings, service="payments"):
        stripe_api_key: SecretStr
        the_labels_of_named_entities_that_are_looked_for: str = ""

    class Alike(SecretSettings, service="payments", document=True):
        stripe_api_key: SecretStr
        sentry_dsn: str = ""
        sentry__dsn: str = ""

    long = refused(lambda: ExternalEnv("payments", settings=Long, store="team"))
    alike = refused(lambda: ExternalEnv("payments", settings=Alike, store="team"))

    assert "settings: the field the_labels_of_named" in long
    assert "at most 54 characters" in long
    assert "the field sentry__dsn would have a second ExternalSecret 'payments-sentry-dsn'" in alike


def test_a_field_of_a_document_is_one_property_of_its_container() -> None:
    data = data_of(lambda: ExternalEnv("payments", settings=Document, store="team"))

    assert data == {
        "DSN": {"key": "payments/production", "property": "DSN"},
        "STRIPE_API_KEY": {"key": "payments/production", "property": "STRIPE_API_KEY"},
    }


def test_the_names_are_those_that_secrets_for_gives_the_containers() -> None:
    def program() -> None:
        made = secrets_for(Payments, readers=["arn:aws:iam::123456789012:role/payments"])
        ExternalEnv("payments", settings=Payments, store="team")
        ExternalEnv(
            "by-hand",
            secrets={name.upper(): each.secret_name for name, each in made.items()},
            store="team",
        )

    by_class, of_a_default, by_hand = (
        {each["secretKey"]: each["remoteRef"]["key"] for each in made.inputs["spec"]["data"]}
        for made in recorded(
            program, config={**ON_AWS, "infra-secrets:environment": "staging"}
        ).of_type(EXTERNAL)
    )

    assert {**by_class, **of_a_default} == by_hand
    assert by_class["STRIPE_API_KEY"] == "payments/staging/stripe-api-key"


def test_the_class_says_cloud_and_environment_where_it_does_also_for_the_store() -> None:
    def program() -> None:
        ExternalEnv("payments", settings=OnGcp, service_account="payments", gcp_project="shop-1")

    recording = recorded(program)
    [external] = recording.of_type(EXTERNAL)
    [store] = recording.of_type("kubernetes:external-secrets.io/v1:SecretStore")

    assert external.inputs["spec"]["data"][0]["remoteRef"] == {
        "key": "payments__shared__stripe-api-key"
    }
    assert "gcpsm" in store.inputs["spec"]["provider"]


def test_with_a_store_that_exists_the_cloud_says_how_names_are_spelled() -> None:
    data = data_of(lambda: ExternalEnv("payments", settings=Document, store="team", cloud="azure"))

    assert data["DSN"] == {"key": "payments--production", "property": "DSN"}


def test_what_is_said_beside_the_class_wins_in_an_external_env_too() -> None:
    data = data_of(
        lambda: ExternalEnv(
            "payments",
            settings=Payments,
            store="team",
            secrets={"DATABASE_URL": "shop/production#URL", "SENTRY_DSN": "shop/production/sentry"},
        )
    )

    assert data["DATABASE_URL"] == {"key": "shop/production", "property": "URL"}
    assert sorted(data) == ["DATABASE_URL", "NER_LABELS", "SENTRY_DSN", "STRIPE_API_KEY"]


@pytest.mark.parametrize(
    ("given", "config", "said"),
    [
        (
            {"settings": OnGcp, "cloud": "aws"},
            ON_AWS,
            "cloud is not that of OnGcp, which says 'gcp'",
        ),
        ({"settings": Payments, "cloud": "asw"}, ON_AWS, "cloud='asw'"),
        (
            {"settings": Payments},
            {**ON_AWS, "infra-secrets:environment": "Prod"},
            "environment='Prod'",
        ),
        ({"settings": Payments}, {}, "or here with cloud=."),
    ],
)
def test_where_the_containers_are_not_known_it_is_refused(
    given: dict[str, Any], config: dict[str, str], said: str
) -> None:
    assert said in refused(lambda: ANY_EXTERNAL("payments", store="team", **given), config=config)


class InFrankfurt(SecretSettings, service="payments", cloud="aws", region="eu-central-1"):
    stripe_api_key: SecretStr


@pytest.mark.parametrize(
    ("given", "config"),
    [
        ({}, {"aws:region": "eu-west-1"}),
        ({"aws_region": "eu-west-1"}, {"aws:region": "eu-central-1"}),
    ],
    ids=["by config", "by argument"],
)
def test_a_store_that_reads_elsewhere_than_the_service_looks_is_refused(
    given: dict[str, Any], config: dict[str, str]
) -> None:
    said = refused(
        lambda: ANY_EXTERNAL("payments", settings=InFrankfurt, service_account="p", **given),
        config=config,
    )

    assert "settings: InFrankfurt says region='eu-central-1'" in said
    assert "in region 'eu-west-1'" in said


def test_where_the_store_reads_may_be_known_only_later() -> None:
    def program(region: Any) -> None:
        ExternalEnv("payments", settings=InFrankfurt, service_account="p", aws_region=region)

    same = recorded(lambda: program(pulumi.Output.from_input("eu-central-1")))
    assert len(same.of_type("kubernetes:external-secrets.io/v1:SecretStore")) == 1
    with pytest.raises(OutputError, match="in region 'eu-west-1'") as error:
        recorded(lambda: program(pulumi.Output.from_input("eu-west-1")))
    assert 'ExternalEnv("payments"): settings: InFrankfurt says' in str(error.value)


def test_what_mocks_make_up_for_another_resource_is_no_other_place() -> None:
    import pulumi_aws as aws

    def program() -> None:
        region = aws.kms.Key("models").region
        ExternalEnv("payments", settings=InFrankfurt, service_account="p", aws_region=region)

    class Answers(pulumi.runtime.Mocks):
        def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
            return args.name, {**args.inputs, "region": "eu-west-1"}

        def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
            return args.args

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def made() -> None:
        pulumi.runtime.set_all_config(dict(ON_AWS))
        pulumi.runtime.set_mocks(Answers(), project="shop", stack="production")
        program()

    made()


def test_a_vault_that_is_secret_is_compared_and_not_shown() -> None:
    class Placed(SecretSettings, service="payments", cloud="azure", vault="mine"):
        stripe_api_key: SecretStr

    vault = config_for("azure")["infra-secrets:azureVaultId"]

    recording = Recording(
        project="shop",
        stack="production",
        config={"infra-secrets:cloud": "azure"},
        secrets={"infra-secrets:azureVaultId": vault},
    )
    with pytest.raises(EnvArgsError) as error:
        recording.run(lambda: ExternalEnv("payments", settings=Placed, service_account="p"))
    assert "Placed says vault='mine'" in str(error.value)
    assert "in another vault" in str(error.value)
    assert vault.rpartition("/")[2] not in str(error.value)


def test_a_part_of_a_place_that_the_cloud_has_not_is_refused() -> None:
    class Placed(SecretSettings, service="payments", region="eu-central-1"):
        stripe_api_key: SecretStr

    said = refused(
        lambda: ExternalEnv("payments", settings=Placed, service_account="p"),
        config={"infra-secrets:cloud": "gcp", "gcp:project": "shop-1"},
    )

    assert "settings: Placed says region=, and GCP Secret Manager has no such part" in said


# On the engine -----------------------------------------------------------------------------------


@pytest.mark.engine
def test_no_value_of_a_field_leaks_and_the_next_run_changes_nothing() -> None:
    token = Canary.plant()
    with Rehearsal(
        lambda: EscDeployment("payments", image="a:1", settings=Document),
        project="shop",
        stack="production",
        config=config_for("aws"),
        secrets={"stripe_api_key": token.value, "database_url": URL},
    ) as rehearsal:
        rehearsal.up()

        assert rehearsal.up().changes == []
        rehearsal.assert_no_leak()
