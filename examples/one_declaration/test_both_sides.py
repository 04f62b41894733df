"""How a team notices a secret that only the service, or only the Pulumi program, knows. Copy it."""

from examples.one_declaration.infrastructure import program
from examples.one_declaration.settings import Payments
from infra_secrets.runtime import declaration
from infra_secrets.testing import Recording

CONFIG = {"infra-secrets:cloud": "aws", "aws:region": "eu-west-1"}  # as in Pulumi.production.yaml


def recorded() -> Recording:
    recording = Recording(project="payments", stack="production", config=CONFIG)
    recording.run(program)
    return recording


def test_the_program_makes_what_the_service_reads_and_nothing_else() -> None:
    recording, declared = recorded(), declaration(Payments)

    names = [each.name for each in recording.of_type("infra-secrets:index:Secret")]
    made = [recording.outputs[name]["declared"] for name in names]
    keys = set(declared.variables.values()) if declared.document else set()  # of a JSON document
    found = {each["reference"]: set(each.get("fields", ())) for each in made}
    assert found == dict.fromkeys(declared.references("production").values(), keys)


def test_the_pods_get_what_the_service_reads_and_nothing_else() -> None:
    recording, declared = recorded(), declaration(Payments)

    fetched = {
        each["secretKey"]: each["remoteRef"]
        for external in recording.of_type("kubernetes:external-secrets.io/v1:ExternalSecret")
        for each in external.inputs["spec"]["data"]
    }
    expected = {}
    for field, reference in declared.references("production").items():
        variable = declared.variables[field]
        member = {"property": variable} if declared.document else {}
        expected[variable] = {"key": reference, **member}  # on AWS a name is its reference
    assert fetched == expected


def test_the_stack_is_where_the_service_looks() -> None:
    declared = declaration(Payments)

    assert declared.cloud in (None, CONFIG["infra-secrets:cloud"])
    assert declared.place.get("region") in (None, CONFIG["aws:region"])
