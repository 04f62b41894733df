"""What an output turns out to hold only while the program runs, on the real engine.

A container whose principals or key cannot be is not made: neither it nor its grants are asked of a provider. The
refusal is one sentence, in a preview as in an `up`, whether the output was known at once or only after another
resource was made.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pulumi
import pytest

from infra_secrets import Secret
from infra_secrets.testing import Rehearsal
from tests.conftest import config_for

pytestmark = pytest.mark.engine

PLANTED = "made-up-secret-value-1"
ROLE_ID = "00000000-0000-0000-0000-000000000001"
GOOD = {
    "aws": "arn:aws:iam::123456789012:role/api",
    "gcp": "user:somebody@example.com",
    "azure": "00000000-0000-0000-0000-000000000002",
}
CANNOT_BE: Mapping[str, Any] = {
    "nothing": None,
    "an empty text": "",
    "a number": 7,
    "a list": ["x"],
    "everybody": "*",
    "a text with a secret in it": f"x {PLANTED} y",
    "an unreplaced template": "${role.arn}",
}


class Network(pulumi.ComponentResource):
    """A component of the user's, with an output that is known at once."""

    def __init__(self, held: object) -> None:
        super().__init__("shop:index:Network", "network")
        self.held = pulumi.Output.from_input(held)


def at_once(held: object) -> "pulumi.Output[Any]":
    return Network(held).held


def after_another_resource(held: object) -> "pulumi.Output[Any]":
    import pulumi_aws as aws

    role = aws.iam.Role("api", name="api", assume_role_policy="{}")
    name: pulumi.Output[Any] = role.name
    return name.apply(lambda _: held)


def rehearsal_on(cloud: str) -> Rehearsal:
    return Rehearsal(
        project="shop",
        stack="production",
        config=config_for(cloud, {"infra-secrets:azureWriterRoleId": ROLE_ID}),
        secrets={"apiKey": PLANTED},
    )


def readers(cloud: str, output: Callable[[Any], Any], held: Any) -> Mapping[str, Any]:
    return {"readers": [GOOD[cloud], output(held)]}


def vault(held: Any) -> Mapping[str, Any]:
    return {"azure_vault_id": at_once(held) if isinstance(held, str) else held("no vault")}


def refused(
    rehearsal: Rehearsal,
    command: str,
    given: Callable[[], Mapping[str, Any]],
    made: tuple[str, ...] = (),
) -> str:
    """Run a program that is refused, see that nothing was asked for but `made`, and return what is said."""

    def program() -> None:
        secret = Secret("StripeApiKey", **given())
        pulumi.export("id", secret.secret_id)
        pulumi.export("set", secret.set_command)

    rehearsal.program = program
    before = len(rehearsal.requests)
    run = getattr(rehearsal, command)(check=False)

    asked = [each.type for each in rehearsal.requests[before:] if each.operation == "check"]
    assert [each for each in asked if not each.startswith("pulumi:")] == [*made]
    assert not run.succeeded
    for noise in (
        "Traceback",
        "While processing",
        "unhandled",
        "invalid state",
        "was never",
        PLANTED,
    ):
        assert noise not in run.output
    [said] = [each.message for each in run.diagnostics if each.severity == "error"]
    assert "\n" not in said
    text: str = said.removeprefix("error: ")
    return text


@pytest.mark.parametrize("command", ["preview", "up"])
def test_a_principal_that_cannot_be_stops_its_container_and_all_its_grants(
    cloud: str, command: str
) -> None:
    with rehearsal_on(cloud) as rehearsal:
        for held in CANNOT_BE.values():
            said = refused(rehearsal, command, partial(readers, cloud, at_once, held))
            assert said.startswith('Secret("StripeApiKey"): readers')

        said = refused(rehearsal, command, lambda: {"writers": [GOOD[cloud], at_once(None)]})
        assert said == 'Secret("StripeApiKey"): writers[1] must be a string; its output is nothing.'
        rehearsal.assert_no_leak()


def test_so_does_one_that_is_known_only_after_another_resource_is_made(cloud: str) -> None:
    for held in (None, 7, "*"):
        with rehearsal_on(cloud) as rehearsal:
            said = refused(
                rehearsal,
                "up",
                partial(readers, cloud, after_another_resource, held),
                made=("aws:iam/role:Role",),
            )

            assert said.startswith('Secret("StripeApiKey"): readers')


OTHERS: Mapping[str, tuple[tuple[str, ...], Callable[[], Mapping[str, Any]]]] = {
    "description": (("aws", "gcp", "azure"), lambda: {"description": at_once(7)}),
    "owner": (("aws", "gcp", "azure"), lambda: {"owner": at_once(["x"])}),
    "tags['team']": (("aws", "gcp", "azure"), lambda: {"tags": {"team": at_once(7)}}),
    "encryption_key": (("aws", "gcp"), lambda: {"encryption_key": at_once(None)}),
    "azure_vault_id": (("azure",), lambda: {"azure_vault_id": at_once("shop")}),
}


def test_any_other_argument_stops_its_container_too(cloud: str) -> None:
    with rehearsal_on(cloud) as rehearsal:
        for argument, (clouds, given) in OTHERS.items():
            for command in ("preview", "up") if cloud in clouds else ():
                said = refused(rehearsal, command, given)

                assert said.startswith(f'Secret("StripeApiKey"): {argument}')


def test_a_key_that_an_output_lacks_is_not_taken_for_the_cloud_s_own() -> None:
    with rehearsal_on("aws") as rehearsal:
        said = refused(rehearsal, "up", lambda: {"encryption_key": at_once(None)})

    assert said == 'Secret("StripeApiKey"): encryption_key must be a string; its output is nothing.'


def test_a_vault_s_id_with_a_secret_in_it_is_not_repeated() -> None:
    for held in (f"x {PLANTED} y", pulumi.Output.secret):
        with rehearsal_on("azure") as rehearsal:
            said = refused(
                rehearsal,
                "up",
                partial(vault, held),
            )

            assert "azure_vault_id was given a secret that is not valid" in said


def test_a_bad_vault_s_id_in_a_secret_of_the_config_is_not_repeated_in_part_or_whole() -> None:
    from infra_secrets import ExternalEnv

    cases: list[tuple[Any, dict[str, Any]]] = [
        (Secret, {}),
        (ExternalEnv, {"secrets": {"A": "a"}, "service_account": "nlp"}),
    ]
    for component, own in cases:
        with Rehearsal(
            partial(component, "nlp", **own),
            project="shop",
            stack="production",
            config={"infra-secrets:cloud": "azure"},
            secrets={"infra-secrets:azureVaultId": "https://payments-vault.vault.azure.net/"},
        ) as rehearsal:
            run = rehearsal.up(check=False)

            assert "azure_vault_id was given a secret that is not valid" in run.output
            assert "payments-vault" not in run.output
