"""`secrets_for`: the containers of a class of settings."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest
from pydantic import Field, PostgresDsn, SecretStr
from pydantic_settings import BaseSettings

from infra_secrets import Secret, clouds, secrets_for
from infra_secrets.errors import MissingExtraError, SecretArgsError, SettingsUseError
from infra_secrets.rules.naming import SecretName
from infra_secrets.runtime import SecretSettings
from infra_secrets.testing import Canary, Recording, Rehearsal
from tests.clouds.containers import simulated
from tests.conftest import ROOT, config_for, recording_on

ANY: Any = secrets_for


class Payments(SecretSettings, service="payments"):
    stripe_api_key: SecretStr
    database_url: PostgresDsn
    ner_labels: list[str] = []  # noqa: RUF012 (pydantic copies it)


class Document(SecretSettings, service="nlp-api", document=True):
    stripe_api_key: SecretStr
    database_url: PostgresDsn = Field(alias="DSN")


class Elsewhere(SecretSettings, service="payments", cloud="aws", environment="shared"):
    stripe_api_key: SecretStr


class Unnamed(SecretSettings, service="payments"):
    a1: str
    a_1: str


class NoFields(SecretSettings, service="payments"):
    """Declares nothing."""


class Plain(BaseSettings):
    """One of pydantic's own."""

    stripe_api_key: SecretStr


COMPONENT = "infra-secrets:index:Secret"


def declared(recording: Recording) -> dict[str, Mapping[str, Any]]:
    return {
        each.name: recording.outputs[each.name]["declared"] for each in recording.of_type(COMPONENT)
    }


def made(program: Callable[[], Mapping[str, Secret]], cloud: str = "aws") -> tuple[Any, Recording]:
    found: dict[str, Secret] = {}
    recording = recording_on(cloud)
    recording.run(lambda: found.update(program()))
    return found, recording


def refused(program: Callable[[], object], config: Mapping[str, str] | None = None) -> str:
    recording = recording_on("aws", config)
    with pytest.raises((SecretArgsError, SettingsUseError)) as error:
        recording.run(program)
    assert recording.registrations == []
    return str(error.value)


def test_each_field_has_a_container_under_the_name_that_the_service_reads(cloud: str) -> None:
    found, recording = made(lambda: secrets_for(Payments, owner="payments@example.com"), cloud)

    assert {name: each["reference"] for name, each in declared(recording).items()} == {
        "StripeApiKey": "payments/production/stripe-api-key",
        "DatabaseUrl": "payments/production/database-url",
        "NerLabels": "payments/production/ner-labels",
    }
    assert {each["owner"] for each in declared(recording).values()} == {"payments@example.com"}
    assert list(found) == ["stripe_api_key", "database_url", "ner_labels"]
    spelled = clouds.load(cloud).SPELLING.spell(
        SecretName(service="payments", environment="production", key="database-url")
    )
    assert spelled in str(recording.of_type(clouds.load(cloud).RESOURCE_TYPE)[1].inputs)


def test_a_document_is_one_container_and_each_field_is_that_one() -> None:
    found, recording = made(lambda: secrets_for(Document, max_age_days=90))

    assert declared(recording) == {
        "NlpApi": {
            "cloud": "aws",
            "reference": "nlp-api/production",
            "fields": ["STRIPE_API_KEY", "DSN"],
            "maxAgeDays": 90,
        }
    }
    assert found["stripe_api_key"] is found["database_url"]


def test_a_field_s_own_arguments_win_over_those_of_all() -> None:
    _, recording = made(
        lambda: secrets_for(
            Payments,
            owner="payments@example.com",
            max_age_days=90,
            overrides={"stripe_api_key": {"owner": "cards@example.com", "description": "Charges"}},
        )
    )

    stripe, database = (declared(recording)[name] for name in ("StripeApiKey", "DatabaseUrl"))
    assert (stripe["owner"], stripe["maxAgeDays"], stripe["description"]) == (
        "cards@example.com",
        90,
        "Charges",
    )
    assert database["owner"] == "payments@example.com"


def test_the_class_says_cloud_and_environment_where_it_does() -> None:
    recording = recording_on("aws", {"infra-secrets:environment": "staging"})
    recording.run(lambda: secrets_for(Elsewhere))

    assert declared(recording)["StripeApiKey"]["reference"] == "payments/shared/stripe-api-key"
    assert declared(recording)["StripeApiKey"]["cloud"] == "aws"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"service": "other"}, "service is not an argument here: the class says it"),
        ({"key": "other"}, "key is not an argument here: each container has the name of its field"),
        ({"fields": ["A"]}, "fields is not an argument here"),
        ({"adopt": "arn:aws:x"}, "overrides={'stripe_api_key': {'adopt': ...}}"),
        ({"overrides": ["a"]}, "overrides must be a mapping of fields to arguments"),
        ({"overrides": {"stripe_api_kye": {}}}, "Did you mean 'stripe_api_key'?"),
        ({"overrides": {7: {}}}, "overrides names a number"),
        ({"overrides": {"database_url": "x"}}, "must be a mapping of arguments; found a string"),
        ({"overrides": {"database_url": {"key": "x"}}}, "overrides['database_url']: key is not"),
        ({"overrides": {"database_url": {"cloud": "gcp"}}}, "must be the same for all fields"),
        (
            {"overrides": {"database_url": {"environment": "dev"}}},
            "overrides['database_url']: environment must be the same for all fields",
        ),
        ({"owner": 7}, "secrets_for(Payments): owner must be a string"),
        ({"ownr": "x"}, "Did you mean owner?"),
        ({"overrides": {"database_url": {"max_age_days": 0}}}, "DatabaseUrl: max_age_days=0"),
        ({"environment": "Prod"}, "environment='Prod'"),
        ({"opts": pulumi.ResourceOptions(protect=False)}, "protect=False"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_registered(
    given: dict[str, Any], said: str
) -> None:
    assert said in refused(lambda: ANY(Payments, **given))


def test_what_is_wrong_with_all_is_said_once() -> None:
    said = refused(lambda: ANY(Payments, owner=7, max_age_days=0))

    assert said.count("owner must be") == said.count("max_age_days=0") == 1
    assert "2 problems to fix before anything is created" in said


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Plain, "'Plain' is not a class of settings"),
        (Payments.__mro__[1], "SecretSettings declares nothing itself"),
        ("Payments", "is not a class of settings"),
        (None, "is not a class of settings"),
        (NoFields, "class NoFields has no fields"),
        (Unnamed, 'the fields a1 and a_1 would both be Secret("A1")'),
    ],
)
def test_what_is_no_class_of_settings_is_refused(settings: Any, said: str) -> None:
    assert said in refused(lambda: ANY(settings))


@pytest.mark.parametrize(("argument", "other"), [("environment", "dev"), ("cloud", "gcp")])
def test_what_contradicts_the_class_is_refused(argument: str, other: str) -> None:
    said = refused(lambda: ANY(Elsewhere, **{argument: other}))

    assert f"{argument} is not that of the class" in said


def placed(*, document: bool = False, **place: str) -> type[SecretSettings]:
    class Placed(SecretSettings, service="payments", document=document, **place):
        stripe_api_key: SecretStr

    return Placed


VAULT_ID = config_for("azure")["infra-secrets:azureVaultId"]
VAULT = VAULT_ID.rpartition("/")[2]


@pytest.mark.parametrize("document", [False, True])
@pytest.mark.parametrize(
    ("cloud", "place", "config"),
    [
        ("aws", {"region": "eu-central-1"}, {"aws:region": "eu-west-1"}),
        ("gcp", {"project": "shop-1"}, {"gcp:project": "shop-2"}),
        ("azure", {"vault": "other"}, {}),
        ("azure", {"vault": "https://other.vault.azure.net/"}, {}),
    ],
)
def test_another_place_than_the_class_says_is_refused(
    cloud: str, place: dict[str, Any], config: dict[str, str], document: bool
) -> None:
    [(part, said)] = place.items()
    told = refused(
        lambda: secrets_for(placed(document=document, **place)),
        config_for(cloud, config),
    )

    assert f"Placed says {part}={said!r}" in told or "Placed says vault='other'" in told
    assert f"leave {part}= out of the class" in told
    assert told.count("Placed says") == 1


@pytest.mark.parametrize(
    ("cloud", "place", "config"),
    [
        ("aws", {"region": "eu-west-1"}, {"aws:region": "eu-west-1"}),
        ("gcp", {"project": "shop-1"}, {"gcp:project": "shop-1"}),
        ("gcp", {"project": "123456789012"}, {"gcp:project": "shop-1"}),
        ("gcp", {"project": "shop-1"}, {"gcp:project": "123456789012"}),
        ("azure", {"vault": VAULT.upper()}, {}),
        ("azure", {"vault": VAULT_ID}, {}),
        ("azure", {"vault": f"https://{VAULT}.vault.azure.net"}, {}),
        ("azure", {"vault": "https://127.0.0.1:8443"}, {}),
    ],
)
def test_the_same_place_in_other_words_is_none_to_refuse(
    cloud: str, place: dict[str, Any], config: dict[str, str]
) -> None:
    recording = recording_on(cloud, config)
    recording.run(lambda: secrets_for(placed(**place)))

    assert len(declared(recording)) == 1


def test_a_vault_given_as_an_argument_is_looked_at_and_one_that_is_secret_not_shown() -> None:
    other = VAULT_ID.replace(VAULT, "hidden-one")
    given = refused(
        lambda: secrets_for(placed(vault="mine"), azure_vault_id=other), config_for("azure")
    )
    recording = recording_on("azure", secrets={"infra-secrets:azureVaultId": other})
    with pytest.raises(SecretArgsError) as hidden:
        recording.run(lambda: secrets_for(placed(vault="mine")))

    assert "in vault 'hidden-one'" in given
    assert "in another vault" in str(hidden.value)
    assert "hidden-one" not in str(hidden.value)


def test_a_part_that_the_cloud_has_not_is_refused() -> None:
    told = refused(lambda: secrets_for(placed(region="eu-west-1")), config_for("gcp"))

    assert "Placed says region=, and GCP Secret Manager has no such part of a place: project" in (
        told
    )


def test_overrides_of_a_document_are_refused() -> None:
    said = refused(lambda: secrets_for(Document, overrides={"stripe_api_key": {"owner": "x"}}))

    assert "all fields are one document" in said


def test_a_document_is_adopted_as_any_secret_is() -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:nlp-api/production-AbCdEf"
    _, recording = made(lambda: secrets_for(Document, adopt=arn))

    [container] = recording.of_type("aws:secretsmanager/secret:Secret")
    assert container.import_id == arn


def test_a_value_is_refused_and_never_repeated() -> None:
    value = Canary.plant().value

    said = refused(lambda: ANY(Payments, stripe_api_key=value))
    in_overrides = refused(lambda: ANY(Payments, overrides={"stripe_api_key": value}))
    deeper = refused(lambda: ANY(Payments, overrides={"stripe_api_key": {"value": value}}))

    assert value not in said + in_overrides + deeper
    assert "a Secret never takes its value" in deeper


def test_a_second_time_is_refused_because_the_containers_are_taken() -> None:
    recording = recording_on("aws")

    def program() -> None:
        secrets_for(Payments)
        secrets_for(Payments)

    with pytest.raises(SecretArgsError, match="is already the container of"):
        recording.run(program)


WITHOUT = """
import sys
for name in ("pydantic", "pydantic_core", "pydantic_settings"):
    sys.modules[name] = None
from infra_secrets import secrets_for
from infra_secrets.errors import MissingExtraError
try:
    secrets_for(object)
except MissingExtraError as error:
    print(error)
"""


def test_without_pydantic_settings_it_says_what_to_install() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )

    assert "Run: pip install 'infra-secrets[runtime]'" in done.stdout
    assert issubclass(MissingExtraError, ImportError)


@pytest.mark.engine
def test_the_containers_are_made_and_a_removed_field_is_kept(cloud: str) -> None:
    class Fewer(SecretSettings, service="payments"):
        stripe_api_key: SecretStr

    with Rehearsal(
        lambda: secrets_for(Payments),
        project="shop",
        stack="production",
        config=config_for(cloud),
    ) as rehearsal:
        rehearsal.up()
        there = simulated(rehearsal, cloud)
        names = there.names()
        again = rehearsal.up()
        rehearsal.program = lambda: secrets_for(Fewer)
        removed = rehearsal.up(check=False)

        assert len(names) == 3
        assert again.changes == []
        assert not removed.succeeded
        assert there.names() == names


@pytest.mark.engine
def test_a_bad_class_is_one_message_without_a_traceback() -> None:
    with Rehearsal(
        lambda: ANY(Plain), project="shop", stack="production", config=config_for("aws")
    ) as rehearsal:
        run = rehearsal.preview(check=False)

        assert "'Plain' is not a class of settings" in " ".join(run.error.split())
        assert "Traceback" not in run.output


@pytest.mark.engine
def test_an_output_that_must_not_be_is_refused_once_and_nothing_is_made() -> None:
    def program() -> None:
        secrets_for(Payments, owner=pulumi.Output.secret("made-up-owner"))

    with Rehearsal(
        program, project="shop", stack="production", config=config_for("aws")
    ) as rehearsal:
        run = rehearsal.up(check=False)

        assert "owner was given a secret" in " ".join(run.error.split())
        assert "made-up-owner" not in run.output
        assert rehearsal.aws.names() == []


@pytest.mark.engine
@pytest.mark.parametrize("given", ["provider", "providers", "parent"])
@pytest.mark.parametrize("region", ["eu-west-1", "eu-central-1"])
def test_the_region_of_a_provider_is_compared_before_a_container_is_made(
    region: str, given: str
) -> None:
    import pulumi_aws as aws

    def program() -> None:
        provider = aws.Provider("elsewhere", region=region)
        option: Any = {"provider": provider, "providers": [provider]}
        if given == "parent":
            above = pulumi.ResourceOptions(providers=[provider])
            option["parent"] = pulumi.ComponentResource("shop:index:Team", "team", None, above)
        opts = pulumi.ResourceOptions(**{given: option[given]})
        secrets_for(placed(region="eu-central-1"), opts=opts)

    # What config says is about the default provider, which makes none of them.
    config = config_for("aws", {"aws:region": "us-east-1"})
    with Rehearsal(program, project="shop", stack="production", config=config) as rehearsal:
        run = rehearsal.up(check=False)

        same = region == "eu-central-1"
        assert run.succeeded is same
        assert bool(rehearsal.aws.names()) is same
        assert same or "Placed says region='eu-central-1'" in " ".join(run.error.split())
