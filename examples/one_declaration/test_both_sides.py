"""How a team notices a secret that only the service, or only the Pulumi program, knows. Copy it."""

from examples.one_declaration.infrastructure import program
from examples.one_declaration.settings import Payments
from infra_secrets.testing import Recording

CONFIG = {"infra-secrets:cloud": "aws", "aws:region": "eu-west-1"}


def test_the_program_makes_what_the_service_reads_and_nothing_else() -> None:
    recording = Recording(project="payments", stack="production", config=CONFIG)
    recording.run(program)
    fields = set(Payments.model_fields)

    made = [each.name for each in recording.of_type("infra-secrets:index:Secret")]
    assert {recording.outputs[name]["reference"] for name in made} == {
        f"payments/production/{field.replace('_', '-')}" for field in fields
    }


def test_the_pods_get_what_the_service_reads_and_nothing_else() -> None:
    recording = Recording(project="payments", stack="production", config=CONFIG)
    recording.run(program)

    [external] = recording.of_type("kubernetes:external-secrets.io/v1:ExternalSecret")
    assert {each["secretKey"] for each in external.inputs["spec"]["data"]} == {
        field.upper() for field in Payments.model_fields
    }
