"""Resource options, outputs and errors, as the real engine treats them."""

import io
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from email.message import Message
from typing import Any

import pulumi
import pytest

from infra_secrets import Secret, clouds
from infra_secrets.testing import Rehearsal
from tests.clouds.containers import simulated
from tests.conftest import PATIENCE, VAULT, config_for

SETTINGS: dict[str, Any] = {"project": "shop", "stack": "production"}
KEPT = {"aws": "policy", "gcp": "versionAliases", "azure": "properties"}
"""What is never changed, where a cloud has such a property."""
AWS_NAME = "shop/production/stripe-api-key"


def containers(rehearsal: Rehearsal) -> list[dict[str, Any]]:
    kinds = {clouds.load(name).RESOURCE_TYPE for name in clouds.available()}
    return [each for each in rehearsal.resources if each["type"] in kinds]


@pytest.mark.engine
def test_an_explicit_provider_decides_the_region_and_two_regions_hold_the_same_name() -> None:
    import pulumi_aws as aws

    def program() -> None:
        for region in ("eu-west-1", "us-east-1"):
            provider = aws.Provider(region, region=region)
            secret = Secret(
                f"StripeApiKey-{region}",
                key="stripe-api-key",
                opts=pulumi.ResourceOptions(provider=provider),
            )
            pulumi.export(region, secret.set_command)

    with Rehearsal(
        program, config={"infra-secrets:cloud": "aws", "aws:region": "sa-east-1"}, **SETTINGS
    ) as rehearsal:
        rehearsal.up()

        for region in ("eu-west-1", "us-east-1"):
            assert rehearsal.aws.state(AWS_NAME, scope=region) == "empty"
            assert f"--region {region} " in rehearsal.outputs[region]
            assert f"arn:aws:secretsmanager:{region}:" in rehearsal.outputs[region]


@pytest.mark.engine
def test_as_many_labels_and_annotations_as_the_package_takes_fit_on_gcp() -> None:
    def described(length: int) -> None:
        Secret("StripeApiKey", tags={f"t{n}": "x" for n in range(63)}, description="x" * length)

    with Rehearsal(lambda: described(1), config=config_for("gcp"), **SETTINGS) as rehearsal:
        rehearsal.up()
        there = rehearsal.gcp.describe("shop__production__stripe-api-key")
        beside = sum(len(f"{key}{text}") for key, text in there["annotations"].items()) - 1
        rehearsal.program = lambda: described(16 * 1024 - 1 - beside)
        rehearsal.up()
        rehearsal.program = lambda: described(16 * 1024 - beside)
        refused = rehearsal.preview(check=False)

        assert len(there["labels"]) == 64
        assert "take 16384 bytes together" in refused.error


@pytest.mark.engine
def test_providers_given_to_a_parent_reach_the_container() -> None:
    import pulumi_aws as aws

    class Service(pulumi.ComponentResource):
        def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
            super().__init__("shop:index:Service", name, {}, opts)
            Secret("StripeApiKey", opts=pulumi.ResourceOptions(parent=self))

    def program() -> None:
        Service("api", pulumi.ResourceOptions(providers=[aws.Provider("eu", region="eu-north-1")]))

    with Rehearsal(program, config=config_for("aws"), **SETTINGS) as rehearsal:
        rehearsal.up()

        assert rehearsal.aws.state(AWS_NAME, scope="eu-north-1") == "empty"


@pytest.mark.engine
def test_a_renamed_component_with_an_alias_keeps_its_container_and_its_value(cloud: str) -> None:
    with Rehearsal(
        lambda: Secret("Old", key="stripe-api-key"), config=config_for(cloud), **SETTINGS
    ) as rehearsal:
        rehearsal.up()
        there = simulated(rehearsal, cloud)
        [name] = there.names()
        there.set_value(name, "made up")
        rehearsal.program = lambda: Secret(
            "New",
            key="stripe-api-key",
            opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="Old")]),
        )
        run = rehearsal.up()

        assert [step.op for step in run.changes if step.op not in ("same", "update")] == []
        assert there.value(name) == "made up"


@pytest.mark.engine
def test_what_depends_on_a_secret_waits_for_its_container(cloud: str) -> None:
    def program() -> None:
        secret = Secret("StripeApiKey")
        reader = pulumi.ComponentResource(
            "shop:index:Reader", "reader", opts=pulumi.ResourceOptions(depends_on=[secret])
        )
        Secret("Other", opts=pulumi.ResourceOptions(depends_on=[secret], parent=reader))

    with Rehearsal(program, config=config_for(cloud), **SETTINGS) as rehearsal:
        rehearsal.up()
        created = [
            request.name
            for request in rehearsal.requests
            if request.operation == "create" and not request.preview
        ]

        assert [name for name in created if name in ("StripeApiKey", "Other")] == [
            "StripeApiKey",
            "Other",
        ]


@pytest.mark.engine
def test_a_transform_of_the_stack_adds_its_tags_and_takes_nothing(cloud: str) -> None:
    its = clouds.container(clouds.load(cloud))

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if not args.custom:
            return None
        property_name = "labels" if "labels" in args.props else "tags"
        given: Any = args.props.get(property_name) or {}
        tags = {**given, "cost-centre": "42"}
        return pulumi.ResourceTransformResult({**args.props, property_name: tags}, args.opts)

    def program() -> None:
        pulumi.runtime.register_resource_transform(transform)
        Secret("StripeApiKey")

    with Rehearsal(program, config=config_for(cloud), **SETTINGS) as rehearsal:
        rehearsal.up()
        [container] = containers(rehearsal)

        labels = container["inputs"].get("labels") or container["inputs"]["tags"]
        assert labels["cost-centre"] == "42"
        assert container["protect"] is True
        assert {*its.IDENTITY} <= {*container["ignoreChanges"]}
        if cloud in KEPT:
            assert KEPT[cloud] in container["ignoreChanges"]


@pytest.mark.engine
def test_a_preview_shows_the_name_and_makes_nothing(cloud: str) -> None:
    with Rehearsal(
        lambda: Secret("StripeApiKey"), config=config_for(cloud), **SETTINGS
    ) as rehearsal:
        run = rehearsal.preview(diff=True)

        assert "stripe-api-key" in run.output
        assert simulated(rehearsal, cloud).names() == []


@pytest.mark.engine
def test_the_state_holds_the_line_of_the_program_and_not_the_whole_call_stack() -> None:
    with Rehearsal(
        lambda: Secret("StripeApiKey"), config=config_for("aws"), **SETTINGS
    ) as rehearsal:
        rehearsal.up()
        [component] = [
            each for each in rehearsal.resources if each["type"] == "infra-secrets:index:Secret"
        ]
        [container] = containers(rehearsal)

        assert "test_on_the_engine.py#" in component["sourcePosition"]
        assert len(component.get("stackTrace", [])) == 1
        assert len(container.get("stackTrace", [])) <= 1


@pytest.mark.engine
def test_a_refusal_is_one_message_without_a_traceback() -> None:
    with Rehearsal(
        lambda: Secret("StripeApiKey", value="made up and not to be seen"),  # type: ignore[call-arg]
        config=config_for("aws"),
        **SETTINGS,
    ) as rehearsal:
        run = rehearsal.up(check=False)

        assert not run.succeeded
        assert "value is not an argument: a Secret never takes its value" in " ".join(
            run.error.split()
        )
        assert "Traceback" not in run.output
        assert "not to be seen" not in run.output
        assert containers(rehearsal) == []


@pytest.mark.engine
def test_a_secret_given_as_a_description_stops_before_the_cloud_sees_it() -> None:
    def program() -> None:
        Secret("StripeApiKey", description=pulumi.Config().require_secret("password"))

    with Rehearsal(
        program,
        config=config_for("aws"),
        secrets={"shop:password": "made-up-and-not-to-be-seen"},
        **SETTINGS,
    ) as rehearsal:
        run = rehearsal.up(check=False)

        assert "description was given a secret" in " ".join(run.error.split())
        assert rehearsal.aws.names() == []
        rehearsal.assert_no_leak()


@pytest.mark.engine
def test_the_vault_may_be_made_by_the_same_program() -> None:
    import pulumi_azure_native as azure_native

    def program() -> None:
        group = azure_native.resources.ResourceGroup("shop", resource_group_name="shop")
        vault = azure_native.keyvault.Vault(
            "shop",
            vault_name="shop-prod",
            resource_group_name=group.name,
            properties={
                "sku": {"family": "A", "name": "standard"},
                "tenant_id": "11111111-1111-1111-1111-111111111111",
                "enable_rbac_authorization": True,
            },
        )
        Secret("StripeApiKey", azure_vault_id=vault.id)

    with Rehearsal(program, config={"infra-secrets:cloud": "azure"}, **SETTINGS) as rehearsal:
        rehearsal.preview()
        rehearsal.up()

        assert rehearsal.azure.names() == ["shop--production--stripe-api-key"]


@pytest.mark.engine
def test_a_vault_that_may_not_be_asked_stops_the_creation_until_somebody_accepts_the_risk() -> None:
    with Rehearsal(
        lambda: Secret("StripeApiKey"), config=config_for("azure"), **SETTINGS
    ) as rehearsal:
        rehearsal.azure.data_plane_denied = True
        for run in (rehearsal.preview(check=False), rehearsal.up(check=False)):
            assert "did not say whether it has a deleted secret" in run.error
            assert "pulumi config set infra-secrets:azureSkipDeletedCheck true" in run.error
        assert rehearsal.azure.names() == []

        accepted = {"infra-secrets:azureSkipDeletedCheck": "true"}
        rehearsal.configure(config={**config_for("azure"), **accepted})
        rehearsal.up()
        assert rehearsal.azure.state("shop--production--stripe-api-key") == "disabled"


@pytest.mark.engine
@pytest.mark.parametrize("secret", [False, True], ids=["plain", "secret"])
def test_a_deleted_secret_is_not_buried_also_where_the_vault_is_an_output(*, secret: bool) -> None:
    name = "shop--production--stripe-api-key"

    def program() -> None:
        vault = pulumi.Output.from_input(VAULT)
        Secret("StripeApiKey", azure_vault_id=pulumi.Output.secret(vault) if secret else vault)

    with Rehearsal(program, config=config_for("azure"), **SETTINGS) as rehearsal:
        rehearsal.up()
        rehearsal.azure.set_value(name, "made up")
        rehearsal.azure.delete(name)
        rehearsal.refresh()
        for run in (rehearsal.preview(check=False), rehearsal.up(check=False)):
            assert "az keyvault secret recover" in run.error
        assert rehearsal.azure.state(name) == "soft-deleted"


UNREACHABLE: list[OSError] = [
    urllib.error.URLError(
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    ),
    urllib.error.URLError(socket.gaierror(socket.EAI_NONAME, "Name or service not known")),
    urllib.error.URLError(ConnectionRefusedError("Connection refused")),
    TimeoutError("timed out"),
    ConnectionResetError("reset by peer"),
]


@pytest.mark.engine
@pytest.mark.parametrize("failure", UNREACHABLE, ids=repr)
def test_a_vault_that_is_out_of_reach_stops_the_creation_and_buries_nothing(
    failure: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_reach(*_: object, **__: object) -> None:
        raise failure

    with Rehearsal(
        lambda: Secret("StripeApiKey"), config=config_for("azure"), **SETTINGS
    ) as rehearsal:
        monkeypatch.setattr("urllib.request.urlopen", out_of_reach)
        monkeypatch.setattr("time.sleep", lambda _: None)
        run = rehearsal.up(check=False)

        assert "did not say whether it has a deleted secret" in run.error
        assert rehearsal.azure.names() == []


@pytest.mark.engine
def test_a_vault_that_answers_at_the_second_try_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    real = urllib.request.urlopen

    def hiccup(url: Any, **rest: Any) -> Any:
        asked.append(url)
        if len(asked) == 1:
            raise urllib.error.URLError(socket.gaierror(socket.EAI_AGAIN, "try again"))
        return real(url, **rest)

    with Rehearsal(
        lambda: Secret("StripeApiKey"), config=config_for("azure"), **SETTINGS
    ) as rehearsal:
        monkeypatch.setattr("urllib.request.urlopen", hiccup)
        monkeypatch.setattr("time.sleep", lambda _: None)
        rehearsal.up()

        assert len(asked) == 2


@pytest.mark.engine
def test_the_vault_is_asked_with_the_login_that_a_transform_has_chosen() -> None:
    import pulumi_azure_native as azure_native

    def program() -> None:
        other = azure_native.Provider(
            "chosen", subscription_id="00000000-0000-0000-0000-000000000000"
        )

        def choose(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
            if args.type_ != "azure-native:keyvault:Secret":
                return None
            args.opts.provider = other
            return pulumi.ResourceTransformResult(args.props, args.opts)

        pulumi.runtime.register_resource_transform(choose)
        Secret("StripeApiKey")

    with Rehearsal(program, config=config_for("azure"), **SETTINGS) as rehearsal:
        rehearsal.up()
        configured = [
            request.name for request in rehearsal.requests if request.operation == "configure"
        ]
        invoked = {request.type for request in rehearsal.requests if request.operation == "invoke"}

    # No default provider was started: all was asked of the chosen one.
    assert configured == ["chosen"]
    assert "azure-native:authorization:getClientToken" in invoked


@pytest.mark.engine
def test_a_failed_deletion_without_the_program_shows_the_cloud_s_own_words() -> None:
    """The way-out hook is not there when `destroy` runs no program, and must not hide the cause."""
    with Rehearsal(
        lambda: Secret("StripeApiKey", retention="discard"), config=config_for("aws"), **SETTINGS
    ) as rehearsal:
        rehearsal.up()
        rehearsal.aws.fail_next("delete", "StripeApiKey", "AccessDenied: no DeleteSecret for you")
        run = rehearsal.destroy(check=False)

        assert not run.succeeded
        assert "no DeleteSecret for you" in run.error


FAILS_AT_ONCE = """
import pulumi
from infra_secrets import Secret, clouds
from infra_secrets.testing import Rehearsal
from infra_secrets.testing.engine import command as engine

engine.ThreadedCallbacks = lambda *_: None  # let the SDK serve the hooks, as in a program of a user

def fail(_):
    raise ValueError("no such column")

def program():
    Secret("StripeApiKey", description=pulumi.Output.from_input("x").apply(fail))

config = {"infra-secrets:cloud": "aws", "aws:region": "eu-west-1"}
with Rehearsal(program, config=config) as rehearsal:
    run = rehearsal.up(check=False)
print(run.succeeded, "no such column" in run.error, rehearsal.aws.names())
"""


@pytest.mark.engine
def test_a_program_that_fails_at_once_says_why_and_is_no_success() -> None:
    """Registered at once, the first hook's server is stopped while it starts, which crashes Python."""
    done = subprocess.run(
        [sys.executable, "-c", FAILS_AT_ONCE],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert (done.returncode, done.stdout) == (0, "False True []\n")


@pytest.mark.engine
@pytest.mark.parametrize("answer", [429, 503])
def test_a_vault_that_gives_no_clear_answer_stops_the_creation_and_buries_nothing(
    answer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "shop--production--stripe-api-key"

    def unclear(url: object, **_: object) -> None:
        raise urllib.error.HTTPError(str(url), answer, "busy", Message(), io.BytesIO())

    with Rehearsal(
        lambda: Secret("StripeApiKey"), config=config_for("azure"), **SETTINGS
    ) as rehearsal:
        rehearsal.up()
        rehearsal.azure.set_value(name, "made up")
        rehearsal.azure.delete(name)
        rehearsal.refresh()
        monkeypatch.setattr("urllib.request.urlopen", unclear)
        monkeypatch.setattr("time.sleep", lambda _: None)
        run = rehearsal.up(check=False)

        assert not run.succeeded
        assert f"(HTTP {answer})" in run.error.replace("'", "")
        assert rehearsal.azure.state(name) == "soft-deleted"
