"""How a team tests its own program: what it asks for, and that an operator's value survives."""

from pathlib import Path

import pytest

from infra_secrets.testing import Rehearsal

PROJECT = Path(__file__).parent.parent.parent  # where Pulumi.yaml is

CLOUDS = {
    "aws": {"aws:region": "eu-west-1"},
    "gcp": {"gcp:project": "payments-123"},
    "azure": {
        "infra-secrets:azureVaultId": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/payments"
        "/providers/Microsoft.KeyVault/vaults/payments"
    },
}


@pytest.mark.engine
@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_same_program_makes_the_same_secrets_on_every_cloud(cloud: str) -> None:
    config = {"infra-secrets:cloud": cloud, **CLOUDS[cloud]}
    with Rehearsal(directory=PROJECT, stack="production", config=config) as rehearsal:
        rehearsal.up()
        references = {
            each["outputs"]["reference"]
            for each in rehearsal.resources
            if each["type"].endswith("index:Secret")
        }

        assert references == {
            "payments/production",
            "payments/production/stripe-api-key",
            "payments/production/webhook-signing-key",
        }


@pytest.mark.engine
def test_the_value_that_an_operator_sets_is_still_there_after_a_destroy_in_the_wrong_terminal() -> (
    None
):
    config = {"infra-secrets:cloud": "aws", **CLOUDS["aws"]}
    with Rehearsal(directory=PROJECT, stack="production", config=config) as rehearsal:
        rehearsal.up()
        rehearsal.aws.set_value("payments/production/stripe-api-key", "made up")
        refused = rehearsal.destroy(check=False)

        assert not refused.succeeded
        assert rehearsal.aws.value("payments/production/stripe-api-key") == "made up"
        rehearsal.assert_no_leak()
