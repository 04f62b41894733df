"""What every cloud promises, on the real engine: nothing here names one."""

import pytest

from infra_secrets import ExternalEnv, Secret, clouds
from infra_secrets.rules.naming import SecretName
from infra_secrets.testing import Rehearsal
from tests.clouds.containers import principals, simulated
from tests.conftest import config_for

VALUE = "made-up-stripe-key"


@pytest.mark.engine
def test_what_an_operator_set_is_still_there_after_every_change_of_the_program(cloud: str) -> None:
    spelled = clouds.load(cloud).SPELLING.spell(
        SecretName(service="shop", environment="production", key="stripe-api-key")
    )
    config = config_for(cloud)
    with Rehearsal(
        lambda: Secret("StripeApiKey"), project="shop", stack="production", config=config
    ) as rehearsal:
        rehearsal.up()
        there = simulated(rehearsal, cloud)
        empty = there.value(spelled)
        there.set_value(spelled, VALUE)
        rehearsal.program = lambda: Secret(
            "StripeApiKey", description="Charges cards", readers=principals(cloud)
        )
        rehearsal.up()
        changed = there.value(spelled)
        rehearsal.program = lambda: None
        removed = rehearsal.up(check=False)

        assert empty is None
        assert changed == there.value(spelled) == VALUE
        assert there.names() == [spelled]
        assert "protected" in removed.output
        rehearsal.assert_no_leak()


@pytest.mark.engine
def test_a_store_that_is_made_reads_what_the_operator_set_where_the_cloud_keeps_it(
    cloud: str,
) -> None:
    def program() -> None:
        stripe = Secret("StripeApiKey")
        ExternalEnv("nlp", secrets={"STRIPE_API_KEY": stripe.secret_name}, service_account="reader")

    with Rehearsal(
        program, project="shop", stack="production", config=config_for(cloud)
    ) as rehearsal:
        rehearsal.up()
        there, cluster = simulated(rehearsal, cloud), rehearsal.kubernetes
        cluster.sync(rehearsal.clouds)
        before = cluster.synced("nlp")
        [spelled] = there.names()
        there.set_value(spelled, VALUE)
        cluster.sync(rehearsal.clouds)

        assert (before, cluster.synced("nlp")) == ("SecretSyncedError", "SecretSynced")
        rehearsal.assert_no_leak()
