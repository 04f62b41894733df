"""Unit tests with pytest and Pulumi's own mocks, as its documentation teaches them.

https://www.pulumi.com/docs/iac/guides/testing/unit/
"""

# Written as there, which is not how the linter would have it:
# ruff: noqa: ARG002, E402

import pulumi
import pytest


class MyMocks(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs):
        return [args.name + "_id", args.inputs]

    def call(self, args: pulumi.runtime.MockCallArgs):
        return {}


pulumi.runtime.set_mocks(
    MyMocks(),
    preview=False,  # Sets the flag `dry_run`, which is true at runtime during a preview.
)
pulumi.runtime.set_all_config(
    {
        "aws:region": "eu-west-1",
        "infra-secrets:cloud": "aws",
        "project:log_level": "debug",
        "project:session_key": "made-up-session-key",
    },
    ["project:session_key"],
)

# It's important to import `infra` _after_ the mocks are defined.
import infra
from infra_secrets import ExternalEnv, Secret

VAULT = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shop"
    "/providers/Microsoft.KeyVault/vaults/shop-dev"
)
PLACES = {"aws": {}, "gcp": {}, "azure": {"azure_vault_id": VAULT}}


@pulumi.runtime.test
def test_the_key_is_where_operators_look_for_it():
    def check(args):
        urn, name = args
        assert name == "project/stack/stripe-api-key", f"{urn} must be found by its name"

    return pulumi.Output.all(infra.stripe.urn, infra.stripe.secret_name).apply(check)


@pulumi.runtime.test
def test_the_deployment_has_its_key_and_its_log_level():
    def check(spec):
        [container] = spec.template.spec.containers
        assert [variable.name for variable in container.env] == ["SESSION_KEY", "LOG_LEVEL"]

    return infra.api.deployment.spec.apply(check)


@pytest.mark.parametrize("cloud", PLACES)
@pulumi.runtime.test
def test_every_cloud_spells_the_same_reference(cloud):
    secret = Secret("One", cloud=cloud, **PLACES[cloud])

    def check(args):
        reference, spelled = args
        separator = {"aws": "/", "gcp": "__", "azure": "--"}[cloud]
        assert spelled == reference.replace("/", separator)

    return pulumi.Output.all(secret.reference, secret.secret_name).apply(check)


@pytest.mark.parametrize("preview", [False, True])
def test_it_is_made_in_a_preview_too(preview):
    pulumi.runtime.set_mocks(MyMocks(), preview=preview)
    seen = []

    @pulumi.runtime.test
    def program():
        secret = Secret("One", cloud="gcp", readers=["group:payments@example.com"])
        env = ExternalEnv(
            "nlp",
            secrets={"ONE": secret.secret_name},
            cloud="gcp",
            gcp_project="acme-dev",
            service_account="nlp",
        )
        env.secret_name.apply(seen.append)  # what the mocks do not answer is not known
        return secret.secret_name.apply(seen.append)

    program()
    assert seen == ["project__stack__one"]


def test_a_mistake_is_refused():
    with pytest.raises(Exception, match="retention='never' is not known"):
        Secret("One", cloud="aws", retention="never")
