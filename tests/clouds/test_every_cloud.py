"""What every cloud promises, for each folder of `infra_secrets/clouds`.

Nothing here names a cloud: what differs is said by the cloud, or by its simulation.
"""

import inspect
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest

from infra_secrets import Secret, clouds
from infra_secrets.clouds import Cloud, Container, Store, Wanted
from infra_secrets.clouds.login import Login
from infra_secrets.clouds.values import Values
from infra_secrets.rules.naming import SecretName
from infra_secrets.testing import facets
from infra_secrets.testing.program import accounts
from infra_secrets.testing.values import SecretValue
from tests.clouds.containers import container, principals, simulation
from tests.conftest import recording_on

FACETS: Mapping[type, Callable[[Cloud], object]] = {
    Cloud: lambda facts: facts,
    Container: clouds.container,
    Store: clouds.store,
    Values: clouds.values_of,
    Login: clouds.login_of,
}


@pytest.mark.parametrize("protocol", FACETS, ids=lambda protocol: protocol.__name__)
def test_a_folder_is_a_cloud_by_having_what_the_protocols_name(cloud: str, protocol: type) -> None:
    module: Any = FACETS[protocol](clouds.load(cloud))
    promised = [
        name for name in (*protocol.__annotations__, *vars(protocol)) if not name.startswith("_")
    ]

    assert promised
    assert [name for name in promised if not hasattr(module, name)] == []
    for name in (each for each, promise in vars(protocol).items() if inspect.isfunction(promise)):
        if name.startswith("_"):
            continue
        assert len(inspect.signature(getattr(module, name)).parameters) == len(
            inspect.signature(getattr(protocol, name)).parameters
        ) - len(["self"])
    assert module.__doc__


def test_the_facts_of_a_cloud_need_neither_pulumi_nor_an_sdk(cloud: str) -> None:
    looked = f"""
import sys
from infra_secrets import clouds
clouds.__path__ = {[*clouds.__path__]!r}
facts = clouds.load({cloud!r})
clouds.store(facts), clouds.container(facts)
assert facts.SDK not in sys.modules and "pulumi" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", looked], check=False, capture_output=True)

    assert done.returncode == 0, done.stderr.decode()


def test_a_cloud_s_sdk_is_that_of_its_containers_package(cloud: str) -> None:
    facts = clouds.load(cloud)
    provider: Any = clouds.sdk(facts.SDK, facts.EXTRA).Provider

    recording = recording_on(cloud)
    recording.run(lambda: provider("elsewhere"))
    [made] = [each for each in recording.registrations if each.custom]
    assert made.type == f"pulumi:providers:{clouds.package_of(facts)}"


def test_the_container_is_empty_has_the_canonical_name_and_is_protected(cloud: str) -> None:
    recording = recording_on(cloud)
    recording.run(lambda: Secret("StripeApiKey"))

    found = container(recording, cloud)
    spelled = clouds.load(cloud).SPELLING.spell(
        SecretName(service="shop", environment="production", key="stripe-api-key")
    )
    its = clouds.container(clouds.load(cloud))
    assert its.place(found.inputs)["name"] == its.name(spelled)
    assert (found.protect, found.retain_on_delete, found.delete_before_replace) == (
        True,
        True,
        False,
    )
    assert found.parent.endswith("infra-secrets:index:Secret::StripeApiKey")
    assert not any(isinstance(text, SecretValue) for text in found.inputs.values())
    assert not [
        each for each in recording.registrations if "ersion" in each.type.rsplit(":", 1)[-1]
    ]


def test_the_component_says_what_the_program_declared(cloud: str) -> None:
    who = principals(cloud)[:2]

    def program() -> None:
        Secret("StripeApiKey")
        Secret(
            "Database",
            fields=["URL", "PASSWORD"],
            description=pulumi.Output.from_input("Where the orders are"),
            owner="payments@example.com",
            max_age_days=90,
            readers=[who[0], pulumi.Output.from_input(who[1])],
            retention="keep",
            tags={"team": "payments"},
        )

    recording = recording_on(cloud)
    recording.run(program)

    component = recording.named("StripeApiKey", "infra-secrets:index:Secret")
    assert set(component.ignore_changes) == set(component.inputs) == {"cloud", "reference"}
    assert recording.outputs["StripeApiKey"]["declared"] == {
        "cloud": cloud,
        "reference": "shop/production/stripe-api-key",
    }
    assert recording.outputs["Database"]["declared"] == {
        "cloud": cloud,
        "reference": "shop/production",
        "fields": ["URL", "PASSWORD"],
        "description": "Where the orders are",
        "owner": "payments@example.com",
        "maxAgeDays": 90,
        "readers": who,
    }


def test_the_outputs_are_all_there_and_none_is_secret(cloud: str) -> None:
    recording = recording_on(cloud)
    recording.run(lambda: Secret("StripeApiKey"))

    outputs = dict(recording.outputs["StripeApiKey"])
    del outputs["declared"]
    assert sorted(outputs) == ["consoleUrl", "reference", "secretId", "secretName", "setCommand"]
    assert all(isinstance(text, str) and text for text in outputs.values())
    assert outputs["reference"] == "shop/production/stripe-api-key"
    assert outputs["secretName"] in outputs["secretId"]
    assert outputs["consoleUrl"].startswith("https://")


def test_python_sees_the_same_outputs_as_the_state(cloud: str) -> None:
    recording = recording_on(cloud)
    seen: dict[str, str] = {}

    def program() -> None:
        secret = Secret("StripeApiKey")
        everything = pulumi.Output.all(
            secretId=secret.secret_id,
            secretName=secret.secret_name,
            reference=secret.reference,
            setCommand=secret.set_command,
            consoleUrl=secret.console_url,
        )
        everything.apply(seen.update)

    recording.run(program)

    outputs = dict(recording.outputs["StripeApiKey"])
    del outputs["declared"]
    assert seen == outputs


def test_a_document_of_fields_has_no_key_in_its_name_and_tells_its_fields(cloud: str) -> None:
    recording = recording_on(cloud)
    recording.run(lambda: Secret("api", fields=["STRIPE_API_KEY", "DATABASE_URL"]))

    found = container(recording, cloud)
    assert recording.outputs["api"]["reference"] == "shop/production"
    assert "STRIPE_API_KEY" in str(found.inputs)
    assert "DATABASE_URL" in recording.outputs["api"]["setCommand"]


def test_hundreds_of_fields_fit(cloud: str) -> None:
    recording = recording_on(cloud)
    fields = [f"FIELD_{number}" for number in range(150)]
    recording.run(lambda: Secret("api", fields=fields))

    assert all(field in str(container(recording, cloud).inputs) for field in fields)


def test_who_answers_for_it_and_how_old_it_may_get_are_written_on_the_container(cloud: str) -> None:
    recording = recording_on(cloud)
    recording.run(
        lambda: Secret(
            "StripeApiKey",
            description="Charges cards",
            owner="pay@example.com",
            max_age_days=90,
            tags={"team": "pay"},
        )
    )

    written = str(container(recording, cloud).inputs)
    for text in ("Charges cards", "pay@example.com", "'90'", "'team': 'pay'", "StripeApiKey"):
        assert text in written


def test_whole_floats_from_other_languages_are_days(cloud: str) -> None:
    recording = recording_on(cloud)
    recording.run(lambda: Secret("StripeApiKey", max_age_days=90.0))  # type: ignore[arg-type]

    assert "'90'" in str(container(recording, cloud).inputs)


def test_discard_protects_nothing_and_still_never_deletes_first(cloud: str) -> None:
    recording = recording_on(cloud)
    recording.run(lambda: Secret("StripeApiKey", retention="discard"))

    found = container(recording, cloud)
    assert (found.protect, found.retain_on_delete, found.delete_before_replace) == (
        None,
        None,
        False,
    )


def test_config_is_the_default_of_every_secret(cloud: str) -> None:
    recording = recording_on(
        cloud,
        {
            "infra-secrets:service": "billing",
            "infra-secrets:environment": "staging",
            "infra-secrets:retention": "discard",
        },
    )
    recording.run(lambda: Secret("StripeApiKey"))

    assert recording.outputs["StripeApiKey"]["reference"] == "billing/staging/stripe-api-key"
    assert container(recording, cloud).protect is None


def test_an_argument_wins_over_config_and_a_keyword_over_args(cloud: str) -> None:
    recording = recording_on(cloud, {"infra-secrets:service": "billing"})
    recording.run(lambda: Secret("StripeApiKey", {"service": "web", "key": "a"}, key="b"))

    assert recording.outputs["StripeApiKey"]["reference"] == "web/production/b"


def test_grants_stand_beside_the_container_and_are_not_protected_with_it(cloud: str) -> None:
    recording = recording_on(cloud)
    recording.run(lambda: Secret("StripeApiKey", readers=principals(cloud)))

    found = container(recording, cloud)
    grants = [each for each in recording.registrations if each.custom and each is not found]
    assert grants
    assert all(each.parent == found.parent and not each.protect for each in grants)
    for reader in principals(cloud):
        assert reader in str([each.inputs for each in grants])


def test_taking_one_reader_away_leaves_the_names_of_the_other_grants(cloud: str) -> None:
    def names(readers: list[str]) -> set[str]:
        recording = recording_on(cloud)
        recording.run(lambda: Secret("StripeApiKey", readers=readers))
        return {each.name for each in recording.registrations}

    assert (
        names(principals(cloud)[1:]) <= names(principals(cloud)) == names(principals(cloud)[::-1])
    )


def test_adopting_imports_and_lets_nothing_delete_what_was_adopted(cloud: str) -> None:
    recording = recording_on(cloud)
    recording.run(lambda: Secret("StripeApiKey"))
    existing = recording.outputs["StripeApiKey"]["secretId"]
    recording.run(lambda: Secret("StripeApiKey", adopt=existing, retention="discard"))

    found = container(recording, cloud)
    assert found.import_id == existing
    assert (found.protect, found.retain_on_delete) == (None, True)
    assert "recoveryWindowInDays" not in found.ignore_changes


def test_in_a_preview_what_only_the_cloud_knows_is_not_known_and_nothing_breaks(cloud: str) -> None:
    recording = recording_on(cloud, preview=True)
    recording.run(lambda: Secret("StripeApiKey", readers=principals(cloud)))

    assert container(recording, cloud).custom


def test_outputs_of_other_resources_may_be_given(cloud: str) -> None:
    recording = recording_on(cloud)
    recording.run(
        lambda: Secret(
            "StripeApiKey",
            description=pulumi.Output.from_input("made later"),
            tags={"team": pulumi.Output.from_input("pay")},
            readers=[pulumi.Output.from_input(reader) for reader in principals(cloud)],
        )
    )

    assert "made later" in str(container(recording, cloud).inputs)


def test_the_user_s_provider_and_parent_reach_the_container(cloud: str) -> None:
    import importlib

    package = clouds.load(cloud).SDK
    recording = recording_on(cloud)

    class Service(pulumi.ComponentResource):
        def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
            super().__init__("shop:index:Service", name, {}, opts)
            Secret("StripeApiKey", opts=pulumi.ResourceOptions(parent=self))

    def program() -> None:
        provider = importlib.import_module(package).Provider("elsewhere")
        Service("api", pulumi.ResourceOptions(providers=[provider]))

    recording.run(program)

    assert "::elsewhere::" in container(recording, cloud).provider
    [component] = recording.of_type("infra-secrets:index:Secret")
    assert component.parent.endswith("shop:index:Service::api")


def test_depends_on_of_the_component_reaches_its_children(cloud: str) -> None:
    recording = recording_on(cloud)

    def program() -> None:
        first = pulumi.ComponentResource("shop:index:First", "first")
        Secret(
            "StripeApiKey",
            opts=pulumi.ResourceOptions(depends_on=[first], aliases=[pulumi.Alias(name="Old")]),
        )

    recording.run(program)

    [component] = recording.of_type("infra-secrets:index:Secret")
    assert component.aliases


def test_a_failure_that_needs_no_advice_gets_none(cloud: str) -> None:
    assert clouds.container(clouds.load(cloud)).way_out("AccessDenied: not allowed", {}) is None


def test_a_cloud_finds_problems_without_its_sdk_or_a_network(cloud: str) -> None:
    name = SecretName(service="a", environment="b", key="c")
    wanted = Wanted(
        logical_name="C",
        stack="acme/a/b",
        name=name,
        spelled=clouds.load(cloud).SPELLING.spell(name),
    )

    assert isinstance(list(clouds.container(clouds.load(cloud)).problems(wanted)), list)


def test_the_simulation_reads_by_the_store_and_by_the_provider_of_esc_that_the_cloud_names(
    cloud: str,
) -> None:
    said, there = clouds.store(clouds.load(cloud)), simulation(cloud)
    settings = dict.fromkeys(said.SETTINGS, "shop") | {"service_account": "nlp"}

    assert there.cloud == cloud
    assert said.ESC_PROVIDER in {each.name for each in there.esc_providers}
    if not any(said.problems(settings)):
        assert [*said.provider(settings)] == [there.store_provider]


def test_what_logs_in_to_a_cloud_is_taken_away_from_a_rehearsal(cloud: str) -> None:
    [said] = [each for each in facets.each("accounts") if f".{cloud}." in each.__name__]

    assert said.VARIABLES
    assert all(accounts.is_secretive(f"{each}_TOKEN") for each in said.VARIABLES)
    assert said.NONE.items() <= accounts.no_account().items()
