"""Several clouds, regions and projects in one program, on the real engine."""

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
import pulumi_kubernetes as kubernetes
import pytest

from infra_secrets import ExternalEnv, Secret
from infra_secrets.testing import Rehearsal
from tests.conftest import VAULT

pytestmark = pytest.mark.engine

CONFIG = {
    "infra-secrets:cloud": "aws",
    "aws:region": "eu-west-1",
    "gcp:project": "shop-prod",
}


def rehearsal_of(program: Callable[[], object]) -> Rehearsal:
    return Rehearsal(program, project="shop", stack="production", config=CONFIG)


def in_region(name: str, region: str) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(provider=aws.Provider(name, region=region))


def in_project(name: str, project: str) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(provider=gcp.Provider(name, project=project))


def in_two_places(two: Callable[[], tuple[Any, Any]], **arguments: Any) -> Callable[[], None]:
    def program() -> None:
        here, there = two()
        for name, opts in (("Here", here), ("There", there)):
            secret = Secret(name, key="stripe-api-key", opts=opts, **arguments)
            pulumi.export(name, secret.set_command)

    return program


def test_one_name_in_two_regions_is_two_containers_with_values_of_their_own() -> None:
    program = in_two_places(
        lambda: (in_region("frankfurt", "eu-central-1"), in_region("virginia", "us-east-1"))
    )
    with rehearsal_of(program) as rehearsal:
        rehearsal.up()
        name = "shop/production/stripe-api-key"
        rehearsal.aws.set_value(name, "made up, the first", "eu-central-1")
        rehearsal.aws.set_value(name, "made up, the second", "us-east-1")
        again = rehearsal.up()

        assert again.changes == []
        assert rehearsal.aws.value(name, "eu-central-1") == "made up, the first"
        assert rehearsal.aws.value(name, "us-east-1") == "made up, the second"
        assert "--region eu-central-1 --secret-id arn:aws:secretsmanager:eu-central-1:" in str(
            rehearsal.outputs["Here"]
        )
        assert "--region us-east-1 --secret-id arn:aws:secretsmanager:us-east-1:" in str(
            rehearsal.outputs["There"]
        )
        rehearsal.assert_no_leak()


def test_one_name_in_two_projects_is_two_containers() -> None:
    program = in_two_places(lambda: (None, in_project("models", "models-prod")), cloud="gcp")
    with rehearsal_of(program) as rehearsal:
        rehearsal.up()

        assert rehearsal.gcp.names("shop-prod") == ["shop__production__stripe-api-key"]
        assert rehearsal.gcp.names("models-prod") == ["shop__production__stripe-api-key"]


@pytest.mark.parametrize(
    ("two", "arguments"),
    [
        (lambda: (in_region("one", "eu-central-1"), in_region("two", "eu-central-1")), {}),
        (lambda: (None, in_region("explicit", "eu-west-1")), {}),
        (lambda: (in_project("one", "models"), in_project("two", "models")), {"cloud": "gcp"}),
    ],
    ids=["two of one region", "the default and one of its region", "two of one project"],
)
def test_two_providers_of_one_place_that_would_share_a_container_are_told_so(
    two: Callable[[], tuple[Any, Any]], arguments: dict[str, Any]
) -> None:
    with rehearsal_of(in_two_places(two, **arguments)) as rehearsal:
        refused = rehearsal.up(check=False)

        assert (
            "of this program too, and two secrets of a program cannot share a container"
            in refused.error
        )
        assert "swap two Secrets" not in refused.error
        assert len([*rehearsal.aws.names(), *rehearsal.gcp.names()]) == 1


def test_one_provider_is_refused_before_anything_is_created() -> None:
    def program() -> None:
        opts = in_region("frankfurt", "eu-central-1")
        Secret("Here", key="stripe-api-key", opts=opts)
        Secret("There", key="stripe-api-key", opts=opts)

    with rehearsal_of(program) as rehearsal:
        refused = rehearsal.preview(check=False)

        assert "is already the container of" in refused.error
        assert rehearsal.aws.names() == []


def test_a_provider_reaches_the_grants_too_also_from_a_component_above() -> None:
    class Team(pulumi.ComponentResource):
        def __init__(self, opts: pulumi.ResourceOptions) -> None:
            super().__init__("acme:index:Team", "team", {}, opts)
            Secret(
                "StripeApiKey",
                readers=["arn:aws:iam::123456789012:role/api"],
                opts=pulumi.ResourceOptions(parent=self),
            )

    def program() -> None:
        Team(pulumi.ResourceOptions(providers=[aws.Provider("virginia", region="us-east-1")]))

    with rehearsal_of(program) as rehearsal:
        rehearsal.up()

        found = {
            each["type"]: each["provider"].rpartition("::")[0].rpartition("::")[2]
            for each in rehearsal.resources
            if each["type"].startswith("aws:secretsmanager")
        }
        assert found == {
            "aws:secretsmanager/secret:Secret": "virginia",
            "aws:secretsmanager/secretPolicy:SecretPolicy": "virginia",
        }


def test_one_name_in_two_vaults_is_two_containers() -> None:
    other = VAULT.replace("shop-prod", "shop-other")

    def program() -> None:
        Secret("Here", key="stripe-api-key", cloud="azure", azure_vault_id=VAULT)
        Secret("There", key="stripe-api-key", cloud="azure", azure_vault_id=other)

    with rehearsal_of(program) as rehearsal:
        rehearsal.up()

        assert rehearsal.azure.names() == ["shop--production--stripe-api-key"] * 2


def test_one_pod_takes_variables_from_two_regions() -> None:
    def program() -> None:
        spec: dict[str, Any] = {"containers": [{"name": "web", "image": "web:1"}]}
        for region in ("eu-central-1", "us-east-1"):
            name = f"API_KEY_{region.upper().replace('-', '_')}"
            env = ExternalEnv(
                region,
                secrets={name: "shop/production/api-key"},
                aws_region=region,
                service_account="shop",
            )
            spec = env.inject(spec)
        kubernetes.core.v1.Pod("web", spec=spec)

    with rehearsal_of(program) as rehearsal:
        rehearsal.up()

        [pod] = [each for each in rehearsal.resources if each["type"] == "kubernetes:core/v1:Pod"]
        names = [each["name"] for each in pod["inputs"]["spec"]["containers"][0]["env"]]
        assert sorted(names) == ["API_KEY_EU_CENTRAL_1", "API_KEY_US_EAST_1"]
