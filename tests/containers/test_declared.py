"""What a `Secret` says of itself in the state, on the real engine, and that saying it changes no container."""

from typing import Any

import pulumi
import pytest

from infra_secrets import Secret, clouds
from infra_secrets.testing import Rehearsal
from tests.clouds.containers import principals, simulated
from tests.conftest import config_for

SETTINGS: dict[str, Any] = {"project": "shop", "stack": "production"}
TOKEN = "infra-secrets:index:Secret"
SOMEBODY = "arn:aws:iam::123456789012:role/somebody"


def components(resources: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        each["urn"].rpartition("::")[2]: each.get("inputs") or {}
        for each in resources
        if each["type"] == TOKEN
    }


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

        assert components(rehearsal.resources) == {
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
def test_a_stack_made_before_secrets_had_inputs_is_upgraded_without_a_change_of_anything_else(
    cloud: str,
) -> None:
    who = principals(cloud)[:1]

    def program() -> None:
        Secret("StripeApiKey", owner="payments@example.com", readers=who)

    def before_there_were_inputs(deployment: dict[str, Any]) -> None:
        for each in deployment["resources"]:
            if each["type"] == TOKEN:
                each.pop("inputs")

    with Rehearsal(program, config=config_for(cloud), **SETTINGS) as rehearsal:
        rehearsal.up()
        there = simulated(rehearsal, cloud)
        [name] = there.names()
        there.set_value(name, "made-up-stripe-key")
        rehearsal.edit_state(before_there_were_inputs)
        assert components(rehearsal.resources) == {"StripeApiKey": {}}
        asked = len(rehearsal.requests)
        run = rehearsal.up()

        assert [(step.op, step.type) for step in run.changes] == [("update", TOKEN)]
        assert {each.operation for each in rehearsal.requests[asked:]} & {
            "create",
            "update",
            "delete",
        } == set()
        assert components(rehearsal.resources)["StripeApiKey"]["readers"] == who
        assert there.value(name) == "made-up-stripe-key"


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
        rehearsal.extra_args = ["--target", role, "--target-dependents"]
        rehearsal.destroy()

        assert role not in [each["urn"] for each in rehearsal.resources]
        assert rehearsal.aws.value(name) == "made-up-stripe-key"


@pytest.mark.engine
def test_what_a_transform_makes_secret_stays_encrypted() -> None:
    def hide(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ != TOKEN:
            return None
        hidden = pulumi.Output.secret(args.props["readers"])
        return pulumi.ResourceTransformResult({**args.props, "readers": hidden}, args.opts)

    def program() -> None:
        pulumi.runtime.register_resource_transform(hide)
        Secret("StripeApiKey", owner="payments@example.com", readers=[SOMEBODY])

    with Rehearsal(program, config=config_for("aws"), **SETTINGS) as rehearsal:
        rehearsal.up()
        found = components(rehearsal.resources)["StripeApiKey"]

        assert found["owner"] == "payments@example.com"
        assert "ciphertext" in found["readers"]


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
def test_an_owner_that_changes_changes_the_container_and_what_the_state_says(cloud: str) -> None:
    owners = iter(["payments@example.com", "platform@example.com"])
    with Rehearsal(
        lambda: Secret("StripeApiKey", owner=next(owners)), config=config_for(cloud), **SETTINGS
    ) as rehearsal:
        rehearsal.up()
        rehearsal.up()

        assert components(rehearsal.resources)["StripeApiKey"]["owner"] == "platform@example.com"
        assert clouds.load(cloud).RESOURCE_TYPE in {each["type"] for each in rehearsal.resources}
