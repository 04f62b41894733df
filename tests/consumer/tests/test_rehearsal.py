"""A program with resources that the simulation does not know: what they compute is there, and stays."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from infra_secrets import Secret
from infra_secrets.testing import Recording, Rehearsal

CONFIG = {"infra-secrets:cloud": "aws", "aws:region": "eu-central-1"}
ARGUMENTS: dict[str, Any] = {"project": "payments", "stack": "production", "config": CONFIG}


def payments() -> None:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = aws.iam.Role("api", assume_role_policy=trust)
    stripe = Secret("StripeApiKey", readers=[role.arn])
    caller = aws.iam.get_policy_document_output(
        statements=[{"actions": ["secretsmanager:GetSecretValue"], "resources": [stripe.secret_id]}]
    )
    aws.iam.RolePolicy("reads", role=role.name, policy=caller.json)
    pulumi.export("role", role.arn)
    pulumi.export("account", role.arn.apply(lambda arn: arn.split(":")[4]))
    pulumi.export("zones", aws.get_availability_zones(state="available").names)


def test_a_role_that_the_simulation_does_not_know_can_read_a_secret() -> None:
    with Rehearsal(payments, **ARGUMENTS) as rehearsal:
        rehearsal.up()
        role = rehearsal.outputs["role"]
        assert role.startswith("arn:aws:iam::123456789012:role/api-")
        policy = rehearsal.aws.describe("payments/production/stripe-api-key")["ResourcePolicy"]
        assert role in policy


def test_what_a_function_answers_has_its_form() -> None:
    with Rehearsal(payments, **ARGUMENTS) as rehearsal:
        rehearsal.up()
        zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
        assert rehearsal.outputs["zones"] == zones
        assert rehearsal.outputs["account"] == "123456789012"


def test_nothing_changes_on_the_second_up_and_every_run_makes_up_the_same() -> None:
    with Rehearsal(payments, **ARGUMENTS) as rehearsal:
        rehearsal.up()
        first = rehearsal.outputs
        assert rehearsal.preview().changes == []
        assert rehearsal.up().changes == []
        assert rehearsal.outputs == first
    with Rehearsal(payments, **ARGUMENTS) as rehearsal:
        rehearsal.up()
        assert rehearsal.outputs == first


def test_a_principal_that_a_resource_left_out_is_refused() -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": [None]}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def program() -> None:
        aws.iam.Role("api", assume_role_policy=trust)

    with Rehearsal(program, **ARGUMENTS) as rehearsal:
        assert "MalformedPolicyDocument" in rehearsal.up(check=False).error


def test_a_recording_makes_up_the_same(recording: Recording) -> None:
    recording.configure(**ARGUMENTS)
    recording.run(payments)
    assert recording.exports["account"] == "123456789012"
    grant = recording.of_type("aws:secretsmanager/secretPolicy:SecretPolicy")[0]
    assert recording.exports["role"] in grant.inputs["policy"]
