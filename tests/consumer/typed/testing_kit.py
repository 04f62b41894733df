"""What a user's tests import, as mypy and pyright see it; nothing runs this file."""

from typing import assert_type

import pulumi

from infra_secrets import Secret
from infra_secrets.testing import Canary, Recording, Registration, Rehearsal, Run, SimulatedAws


def program() -> None:
    stripe = Secret("StripeApiKey", owner="payments@example.com")
    pulumi.export("set_stripe_api_key", stripe.set_command)


def test_recorded(recording: Recording) -> None:
    recording.run(program)
    assert_type(recording.registrations, list[Registration])


def test_rehearsed(rehearsal: Rehearsal, canary: Canary) -> None:
    with Rehearsal(program, project="shop", stack="dev", config={"aws:region": "eu-west-1"}) as one:
        assert_type(one.up(), Run)
        assert_type(one.aws, SimulatedAws)
        one.aws.set_value("shop/dev/stripe-api-key", canary.value)
        one.assert_no_leak()
    assert_type(rehearsal.preview(), Run)


Rehearsal(program, config=["aws:region"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
