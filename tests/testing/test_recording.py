import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure_native
import pulumi_gcp as gcp
import pytest

from infra_secrets.testing import NoSuchRegistrationError, Recording, SecretValue, SimulatedGcp
from infra_secrets.testing.canary import Canary

SECRET = "aws:secretsmanager/secret:Secret"


class Group(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Group", name, {"size": 1}, opts)
        inner = pulumi.ResourceOptions(
            parent=self,
            ignore_changes=["tags"],
            delete_before_replace=False,
            retain_on_delete=True,
            aliases=[pulumi.Alias(name="before")],
            additional_secret_outputs=["arn"],
            replace_on_changes=["description"],
        )
        self.secret = aws.secretsmanager.Secret(name, name=f"app/{name}", opts=inner)
        self.register_outputs({"arn": self.secret.arn, "size": 1})


def test_a_registration_shows_its_inputs_as_plain_data_with_secrets_marked() -> None:
    recording = Recording()

    def program() -> None:
        tags: Any = {"open": "yes", "hidden": pulumi.Output.secret("hush")}
        aws.secretsmanager.Secret("one", name="app/one", recovery_window_in_days=7, tags=tags)

    recording.run(program)
    (registration,) = recording.registrations
    assert (registration.type, registration.name, registration.custom) == (SECRET, "one", True)
    assert registration.inputs == {
        "name": "app/one",
        "recoveryWindowInDays": 7,
        "tags": {"open": "yes", "hidden": SecretValue("hush")},
    }


def test_a_registration_shows_the_options_that_mocks_do_not() -> None:
    recording = Recording()
    recording.run(lambda: Group("g", pulumi.ResourceOptions(protect=True)))
    group, secret = recording.named("g", "test:index:Group"), recording.named("g", SECRET)
    assert (group.custom, group.protect, group.inputs) == (False, True, {"size": 1})
    assert secret.parent == group.urn
    assert secret.urn == f"urn:pulumi:stack::project::test:index:Group${SECRET}::g"
    assert secret.protect is True  # inherited, in the SDK
    assert secret.retain_on_delete is True
    assert secret.ignore_changes == ("tags",)
    assert secret.delete_before_replace is False
    assert secret.additional_secret_outputs == ("arn",)
    assert secret.replace_on_changes == ("description",)
    assert {"name": "before"}.items() <= dict(secret.aliases[0]).items()  # type: ignore[arg-type]
    assert secret.version


def test_an_option_that_was_not_given_is_none() -> None:
    recording = Recording()
    recording.run(lambda: aws.secretsmanager.Secret("one"))
    one = recording.named("one")
    assert (one.protect, one.retain_on_delete, one.delete_before_replace) == (None, None, None)


def test_hooks_imports_dependencies_and_providers_are_shown() -> None:
    recording = Recording()

    def program() -> None:
        hook = pulumi.ResourceHook("look first", lambda _args: None)
        west = aws.Provider("west", region="us-west-2")
        first = aws.secretsmanager.Secret("first", opts=pulumi.ResourceOptions(import_="an-arn"))
        hooks = pulumi.ResourceHookBinding(before_create=[hook])
        opts = pulumi.ResourceOptions(depends_on=[first], provider=west, hooks=hooks)
        aws.secretsmanager.Secret("second", name="x", opts=opts)

    recording.run(program)
    first, second = recording.named("first"), recording.named("second")
    assert first.import_id == "an-arn"
    assert second.depends_on == (first.urn,)
    assert second.provider == f"{recording.named('west').urn}::west-id"
    assert second.hooks == {"before_create": ("look first",)}


def test_registered_outputs_and_exports_are_kept() -> None:
    recording = Recording()

    def program() -> None:
        pulumi.export("password", pulumi.Output.secret("hush"))
        pulumi.export("name", Group("g").secret.name)

    recording.run(program)
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app/g-AbCdEf"
    assert recording.outputs["g"] == {"arn": SecretValue(arn), "size": 1}
    assert recording.exports == {"password": SecretValue("hush"), "name": "app/g"}


def test_known_types_get_the_ids_that_their_clouds_give() -> None:
    recording = Recording(
        config={
            "aws:region": "eu-central-1",
            "gcp:project": "shop-1",
            "azure-native:subscriptionId": "sub",
        }
    )

    def program() -> None:
        west = pulumi.ResourceOptions(provider=aws.Provider("west", region="us-west-2"))
        made = aws.secretsmanager.Secret("a", name="api/prod")
        pulumi.export("aws", [made.id, made.arn, made.region])
        pulumi.export("west", aws.secretsmanager.Secret("w", name="api/prod", opts=west).id)
        in_gcp = gcp.secretmanager.Secret("g", secret_id="api", replication={"auto": {}})
        pulumi.export("gcp", [in_gcp.id, in_gcp.name, in_gcp.project])
        in_azure = azure_native.keyvault.Secret(
            "k",
            resource_group_name="rg",
            vault_name="kv",
            secret_name="api",
            properties={"value": "UNSET", "attributes": {"enabled": False}},
        )
        pulumi.export("azure", [in_azure.id, in_azure.properties.secret_uri])
        pulumi.export("version", in_azure.properties.secret_uri_with_version)
        pulumi.export("other", aws.sns.Topic("t", name="topic").id)

    recording.run(program)
    arn = "arn:aws:secretsmanager:{}:123456789012:secret:api/prod-AbCdEf"
    name = "projects/shop-1/secrets/api"
    number = SimulatedGcp().service.number("shop-1")
    vault = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"
    version = recording.exports["version"]
    assert {key: value for key, value in recording.exports.items() if key != "version"} == {
        "aws": [arn.format("eu-central-1"), arn.format("eu-central-1"), "eu-central-1"],
        "west": arn.format("us-west-2"),
        "gcp": [name, f"projects/{number}/secrets/api", "shop-1"],
        "azure": [f"{vault}/secrets/api", "https://kv.vault.azure.net/secrets/api"],
        "other": "arn:aws:sns:eu-central-1:123456789012:topic",
    }
    assert version.startswith("https://kv.vault.azure.net/secrets/api/")


def test_provider_functions_answer_and_unknown_ones_are_echoed() -> None:
    recording = Recording(config={"aws:region": "eu-west-3"})

    def program() -> None:
        pulumi.export("account", aws.get_caller_identity_output().account_id)
        pulumi.export("region", aws.get_region_output().region)
        pulumi.export("key", aws.secretsmanager.get_random_password_output(password_length=9).id)

    recording.run(program)
    assert recording.exports == {
        "account": "123456789012",
        "region": "eu-west-3",
        "key": recording.exports["key"],
    }
    assert recording.exports["key"]
    assert recording.echoed == {"aws:secretsmanager/getRandomPassword:getRandomPassword"}


def test_config_and_secret_config_reach_the_program() -> None:
    recording = Recording("shop", "prod", {"size": 3, "aws:region": "x"}, {"key": "hush"})

    def program() -> None:
        config = pulumi.Config()
        pulumi.export("size", config.require_int("size"))
        pulumi.export("key", config.require_secret("key"))
        pulumi.export("where", f"{pulumi.get_project()}/{pulumi.get_stack()}")

    recording.run(program)
    assert recording.exports == {"size": 3, "key": SecretValue("hush"), "where": "shop/prod"}


def test_what_a_run_is_given_does_not_reach_the_next_nor_the_outside() -> None:
    recording = Recording(config={"size": 3})
    recording.run(lambda: pulumi.export("size", pulumi.Config().require("size")))
    outside = pulumi.get_project()
    recording.configure(project="other", config={})
    recording.run(lambda: pulumi.export("size", pulumi.Config().get("size", "none")))
    assert recording.outputs["other-stack"] == {"size": "none"}
    assert pulumi.get_project() == outside
    assert pulumi.Config("project").get("size") is None


def test_what_the_program_logs_is_kept_by_severity() -> None:
    recording = Recording()

    def program() -> None:
        one = aws.secretsmanager.Secret("one")
        pulumi.log.info("for your information")
        pulumi.log.warn("careful", one)
        pulumi.log.error("bad")

    recording.run(program)
    assert recording.infos == ["for your information"]
    assert recording.warnings == ["careful"]
    assert recording.errors == ["bad"]


def test_a_preview_does_not_know_what_only_a_cloud_knows() -> None:
    recording = Recording(preview=True)
    known: list[bool] = []

    async def program() -> None:
        made = aws.secretsmanager.Secret("one", name="app/one")
        known.extend([await made.name.is_known(), await made.arn.is_known()])

    recording.run(program)
    assert known == [True, False]


def test_two_resources_of_one_name_and_type_are_refused_as_by_the_engine() -> None:
    def program() -> None:
        aws.secretsmanager.Secret("one")
        aws.secretsmanager.Secret("one")

    with pytest.raises(Exception, match="Duplicate resource URN"):
        Recording().run(program)


def fails_at_once() -> None:
    aws.secretsmanager.Secret("one")
    raise ZeroDivisionError


def fails_in_an_apply() -> None:
    aws.secretsmanager.Secret("one").arn.apply(lambda _arn: 1 / 0)


def fails_with_hooks() -> None:
    hook = pulumi.ResourceHook("hook", lambda _args: None)
    hooks = pulumi.ResourceHookBinding(after_create=[hook])
    aws.secretsmanager.Secret("one", opts=pulumi.ResourceOptions(hooks=hooks))
    pulumi.Output.from_input("x").apply(lambda _x: 1 / 0)


async def fails_later() -> None:
    aws.secretsmanager.Secret("one")
    await asyncio.sleep(0)
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "program", [fails_at_once, fails_in_an_apply, fails_with_hooks, fails_later]
)
def test_a_program_s_error_is_raised_and_leaves_nothing_behind(
    program: pulumi.automation.PulumiFn,
) -> None:
    recording = Recording()
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            recording.run(program)
    recording.run(lambda: aws.secretsmanager.Secret("two"))
    assert [registration.name for registration in recording.registrations] == ["two"]
    gc.collect()  # an unclosed loop or a coroutine never awaited would be reported now


def test_plain_mocks_still_work_afterwards() -> None:
    Recording().run(lambda: aws.secretsmanager.Secret("one"))
    assert pulumi.runtime.settings.get_root_resource() is None


def test_asking_for_a_name_that_is_not_there_says_what_is() -> None:
    recording = Recording()
    recording.run(lambda: Group("g"))
    with pytest.raises(
        NoSuchRegistrationError, match=r"0 resources are named 'h'.*test:index:Group"
    ):
        recording.named("h")
    with pytest.raises(NoSuchRegistrationError, match="2 resources are named 'g'"):
        recording.named("g")


def test_a_canary_is_seen_in_inputs_outputs_and_logs() -> None:
    canary = Canary.plant()

    def program() -> Iterator[None] | None:
        tags: Any = {"open": canary.value, "closed": pulumi.Output.secret(canary.value)}
        aws.secretsmanager.Secret("one", tags=tags)
        pulumi.export("leak", canary.value)
        pulumi.log.info(f"it is {canary.value}")
        return None

    recording = Recording()
    recording.run(program)
    assert {(sighting.where, sighting.how) for sighting in canary.sightings(recording)} == {
        ("inputs of one.tags.open", "plain"),
        ("inputs of one", "marked secret"),
        ("outputs of project-stack.leak", "plain"),
        ("a log message", "plain"),
    }
