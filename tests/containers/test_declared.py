"""What a `Secret` says of itself in the state, on the real engine, and that saying it changes no container."""

from typing import Any

import pulumi
import pytest

from infra_secrets import Secret
from infra_secrets.testing import Rehearsal
from tests.clouds.containers import principals, simulated
from tests.conftest import config_for

SETTINGS: dict[str, Any] = {"project": "shop", "stack": "production"}
STRIPE = "shop/production/stripe-api-key"
TOKEN = "infra-secrets:index:Secret"
SOMEBODY = "arn:aws:iam::123456789012:role/somebody"


def outputs(resources: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        each["urn"].rpartition("::")[2]: each["outputs"]
        for each in resources
        if each["type"] == TOKEN
    }


def inputs(rehearsal: Rehearsal) -> list[dict[str, Any]]:
    return [each["inputs"] for each in rehearsal.resources if each["type"] == TOKEN]


def declared(rehearsal: Rehearsal) -> dict[str, Any]:
    return {name: each.get("declared") for name, each in outputs(rehearsal.resources).items()}


@pytest.mark.engine
def test_the_state_says_what_was_declared(cloud: str) -> None:
    who = principals(cloud)[:2]

    def program() -> None:
        Secret("StripeApiKey")
        Secret(
            "Database",
            fields=["URL", "PASSWORD"],
            description=pulumi.Output.from_input("Where the orders are"),
            owner="payments@example.com",
            max_age_days=90,
            readers=[who[0], pulumi.Output.from_input(who[1])],
        )

    with Rehearsal(program, config=config_for(cloud), **SETTINGS) as rehearsal:
        rehearsal.up()

        assert declared(rehearsal) == {
            "StripeApiKey": {"cloud": cloud, "reference": "shop/production/stripe-api-key"},
            "Database": {
                "cloud": cloud,
                "reference": "shop/production",
                "fields": ["URL", "PASSWORD"],
                "description": "Where the orders are",
                "owner": "payments@example.com",
                "maxAgeDays": 90,
                "readers": who,
            },
        }
        assert rehearsal.up().changes == []


@pytest.mark.engine
def test_a_stack_made_before_it_said_so_says_so_after_an_up_that_changes_nothing(
    cloud: str,
) -> None:
    who = principals(cloud)[:1]

    def program() -> None:
        Secret("StripeApiKey", owner="payments@example.com", readers=who)

    def as_it_was(deployment: dict[str, Any]) -> None:
        for each in deployment["resources"]:
            if each["type"] == TOKEN:
                del each["outputs"]["declared"], each["inputs"]

    with Rehearsal(program, config=config_for(cloud), **SETTINGS) as rehearsal:
        rehearsal.up()
        there = simulated(rehearsal, cloud)
        [name] = there.names()
        there.set_value(name, "made-up-stripe-key")
        rehearsal.edit_state(as_it_was)
        assert declared(rehearsal) == {"StripeApiKey": None}
        asked = len(rehearsal.requests)
        run = rehearsal.up()

        assert run.changes == []
        assert {each.operation for each in rehearsal.requests[asked:]} & {
            "create",
            "update",
            "delete",
        } == set()
        assert declared(rehearsal)["StripeApiKey"]["readers"] == who
        assert there.value(name) == "made-up-stripe-key"


@pytest.mark.engine
def test_a_run_that_is_refused_leaves_what_was_declared_before(cloud: str) -> None:
    with Rehearsal(
        lambda: Secret("StripeApiKey", owner="payments@example.com"),
        config=config_for(cloud),
        **SETTINGS,
    ) as rehearsal:
        rehearsal.up()
        before = outputs(rehearsal.resources)
        rehearsal.program = lambda: Secret("StripeApiKey", key="other", owner="else@example.com")
        refused = rehearsal.up(check=False)

        assert not refused.succeeded
        assert outputs(rehearsal.resources) == before
        assert inputs(rehearsal) == [{"cloud": cloud, "reference": "shop/production/other"}]
        assert before["StripeApiKey"]["declared"]["owner"] == "payments@example.com"


@pytest.mark.engine
def test_a_reader_that_goes_with_all_that_depends_on_it_leaves_the_container() -> None:
    import pulumi_aws as aws

    def program() -> None:
        role = aws.iam.Role("somebody", assume_role_policy="{}")
        Secret("StripeApiKey", retention="discard", readers=[role.arn])

    with Rehearsal(program, config=config_for("aws"), **SETTINGS) as rehearsal:
        rehearsal.up()
        [name] = rehearsal.aws.names()
        rehearsal.aws.set_value(name, "made-up-stripe-key")
        [role] = [each["urn"] for each in rehearsal.resources if each["type"].endswith(":Role")]
        [reader] = declared(rehearsal)["StripeApiKey"]["readers"]
        assert reader.startswith("arn:aws:iam:")
        rehearsal.extra_args = ["--target", role, "--target-dependents"]
        rehearsal.destroy()

        assert role not in [each["urn"] for each in rehearsal.resources]
        assert rehearsal.aws.value(name) == "made-up-stripe-key"


@pytest.mark.engine
def test_a_secret_output_among_the_readers_is_refused_before_the_state_has_it() -> None:
    def program() -> None:
        Secret("StripeApiKey", readers=[pulumi.Output.secret(SOMEBODY)])

    with Rehearsal(program, config=config_for("aws"), **SETTINGS) as rehearsal:
        run = rehearsal.up(check=False)

        assert "readers[0] was given a secret" in " ".join(run.error.split())
        assert "Traceback" not in run.output
        assert SOMEBODY not in str(rehearsal.state)
        assert rehearsal.aws.names() == []


@pytest.mark.engine
def test_an_owner_that_changes_changes_what_the_state_says(cloud: str) -> None:
    owners = iter(["payments@example.com", "platform@example.com"])
    with Rehearsal(
        lambda: Secret("StripeApiKey", owner=next(owners)), config=config_for(cloud), **SETTINGS
    ) as rehearsal:
        rehearsal.up()
        rehearsal.up()

        assert declared(rehearsal)["StripeApiKey"]["owner"] == "platform@example.com"


@pytest.mark.engine
def test_a_container_that_could_not_be_made_is_named_in_the_state(cloud: str) -> None:
    with Rehearsal(
        lambda: Secret("StripeApiKey"), config=config_for(cloud), **SETTINGS
    ) as rehearsal:
        rehearsal.up()
        rehearsal.lose_state()
        refused = rehearsal.up(check=False)

        assert not refused.succeeded
        assert inputs(rehearsal) == [{"cloud": cloud, "reference": STRIPE}]


@pytest.mark.engine
def test_a_container_with_another_name_than_at_first_is_declared_with_that_one() -> None:
    config = config_for("aws", {"infra-secrets:retention": "discard"})
    with Rehearsal(lambda: Secret("StripeApiKey"), config=config, **SETTINGS) as rehearsal:
        rehearsal.up()
        rehearsal.program = lambda: Secret("StripeApiKey", key="other")
        rehearsal.up()

        found = declared(rehearsal)["StripeApiKey"]
        assert found["reference"] == "shop/production/other"
        assert rehearsal.up().changes == []
