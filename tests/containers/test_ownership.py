"""Whose a container is: nothing that a program wants is deleted, nothing of another's is taken, on the real engine."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure_native
import pulumi_gcp as gcp
import pytest

from infra_secrets import Secret, clouds
from infra_secrets.rules.naming import SecretName
from infra_secrets.testing import Rehearsal
from infra_secrets.testing.rehearsal import Run
from infra_secrets.testing.simulation import CloudError
from tests.reliability.places import PLACES, VAULT

PROJECT, STACK, VALUE = "shop", "production", "made-up-stripe-key"
FREEST = "discard"  # the retention that gives up most

Program = Callable[[], object]


def spelled(cloud: str, key: str = "stripe-api-key") -> str:
    name = SecretName(service="shop", environment="production", key=key)
    return clouds.load(cloud).SPELLING.spell(name)


def secret(logical: str = "StripeApiKey", **given: Any) -> Program:
    given = {"key": "stripe-api-key", "retention": FREEST, **given}
    return lambda: Secret(logical, **given)


class Hands:
    """A stack and the hands that change it."""

    def __init__(self, cloud: str, program: Program, **settings: Any) -> None:
        self.cloud = cloud
        self.place = PLACES[cloud]
        self.rehearsal = Rehearsal(
            program,
            **{"project": PROJECT, "stack": STACK, "config": PLACES[cloud].config, **settings},
        )

    def up(self, program: Program | None = None, *flags: str) -> Run:
        self.rehearsal.program = program or self.rehearsal.program
        self.rehearsal.extra_args = list(flags)
        return self.rehearsal.up(check=False)

    def id_of(self, name: str) -> str:
        if self.cloud == "azure":
            return f"{VAULT}/secrets/{name}"
        return self.place.id_of(self.rehearsal, name)

    @property
    def simulated(self) -> Any:
        return self.place.simulated(self.rehearsal)

    def value(self, key: str = "stripe-api-key") -> str | None:
        value: str | None = self.simulated.value(spelled(self.cloud, key))
        return value


@pytest.fixture(scope="module")
def started() -> Iterator[Callable[[str], Hands]]:
    """A stack with one container under `discard` that holds a value; the first `up` is paid for once."""
    kept: dict[str, Hands] = {}

    def fork(cloud: str) -> Hands:
        if cloud not in kept:
            hands = kept[cloud] = Hands(cloud, secret())
            hands.rehearsal.up()
            hands.simulated.set_value(spelled(cloud), VALUE)
        twin = copy.copy(kept[cloud])
        twin.rehearsal = kept[cloud].rehearsal.fork()
        return twin

    yield fork
    for hands in kept.values():
        hands.rehearsal.close()


Started = Callable[[str], Hands]


# A container says whose it is --------------------------------------------------------------------


@pytest.mark.engine
def test_a_container_says_which_stack_made_it(started: Started, cloud: str) -> None:
    hands = started(cloud)
    place = clouds.load(cloud)
    [outputs] = [
        each["outputs"] for each in hands.rehearsal.resources if each["type"] == place.RESOURCE_TYPE
    ]
    said = outputs.get("annotations") or outputs["tags"]
    mark = ":" if cloud == "aws" else "."

    assert said[f"infra-secrets{mark}stack"] == "organization/shop/production"
    assert said[f"infra-secrets{mark}logical-name"] == "StripeApiKey"


# This stack's own --------------------------------------------------------------------------------


@pytest.mark.engine
@pytest.mark.parametrize("flags", [(), ("--continue-on-error",)], ids=["plain", "continue"])
def test_after_a_rename_the_message_gives_the_alias_and_the_alias_keeps_the_value(
    started: Started, cloud: str, flags: tuple[str, ...]
) -> None:
    hands = started(cloud)
    refused = hands.up(secret("StripeKey"), *flags)

    assert 'opts=ResourceOptions(aliases=[Alias(name="StripeApiKey")])' in refused.error
    assert hands.value() == VALUE

    opts = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="StripeApiKey")])
    assert hands.up(secret("StripeKey", opts=opts)).succeeded
    assert hands.up().changes == []
    assert hands.value() == VALUE


@pytest.mark.engine
def test_after_a_move_the_message_gives_the_urn_and_that_keeps_the_value(
    started: Started, cloud: str
) -> None:
    def moved(**opts: Any) -> Program:
        def program() -> None:
            parent = pulumi.ComponentResource("shop:index:Platform", "platform")
            secret(opts=pulumi.ResourceOptions(parent=parent, **opts))()

        return program

    hands = started(cloud)
    refused = hands.up(moved())
    urn = "urn:pulumi:production::shop::infra-secrets:index:Secret::StripeApiKey"

    assert f'aliases=["{urn}"]' in refused.error
    assert hands.up(moved(aliases=[urn])).succeeded
    assert hands.up().changes == []
    assert hands.value() == VALUE


@pytest.mark.engine
def test_what_this_stack_has_cannot_be_adopted_under_another_name(
    started: Started, cloud: str
) -> None:
    hands = started(cloud)
    refused = hands.up(secret("StripeKey", adopt=hands.id_of(spelled(cloud))))

    assert (
        "adopt names a container that this stack already has, and adopting it would delete it"
        in refused.error
    )
    assert 'Alias(name="StripeApiKey")' in refused.error
    assert "Traceback" not in refused.error
    assert hands.value() == VALUE


@pytest.mark.engine
def test_grants_keep_their_access_when_a_failed_rename_gets_its_alias(cloud: str) -> None:
    readers = [PLACES[cloud].reader]
    hands = Hands(cloud, secret(readers=readers))
    with hands.rehearsal:
        hands.rehearsal.up()
        hands.up(secret("StripeKey", readers=readers))
        opts = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="StripeApiKey")])
        assert hands.up(secret("StripeKey", readers=readers, opts=opts)).succeeded

        assert hands.place.has_grants(hands.rehearsal, spelled(cloud))


@pytest.mark.engine
def test_after_an_interrupted_creation_the_container_is_adopted_and_the_stack_comes_to_rest(
    cloud: str,
) -> None:
    hands = Hands(cloud, secret())
    with hands.rehearsal as rehearsal:
        rehearsal.up(
            kill_when=lambda request: (
                request.operation == "create" and request.type == clouds.load(cloud).RESOURCE_TYPE
            ),
            killed_request_takes_effect=True,
            check=False,
        )
        rehearsal.cancel()
        refused = hands.up()

        assert "is not in its state" in refused.error
        assert f'adopt="{hands.id_of(spelled(cloud))}"' in refused.error
        assert "pulumi refresh --clear-pending-creates" in refused.error
        assert hands.up(secret(adopt=hands.id_of(spelled(cloud)))).succeeded
        assert hands.up(secret()).succeeded
        assert hands.up().changes == []


# Another stack's ---------------------------------------------------------------------------------


def other_stack(hands: Hands, program: Program) -> Hands:
    return Hands(
        hands.cloud,
        program,
        stack="staging",
        clouds=list(hands.rehearsal.clouds.values()),
    )


@pytest.fixture
def of_production(cloud: str) -> Iterator[Hands]:
    """A container that stack `production` keeps; the operator's command has set its value, tags and all."""
    hands = Hands(cloud, secret(retention="keep", environment="production"))
    with hands.rehearsal:
        hands.rehearsal.up()
        hands.simulated.set_value(spelled(cloud), VALUE)
        if cloud == "azure":  # where tags are a version's, and set_command gives them again
            there = hands.rehearsal.azure.service.live("shop", spelled(cloud))
            assert there is not None
            there.current.tags = {
                "infra-secrets.stack": "organization/shop/production",
                "infra-secrets.logical-name": "StripeApiKey",
            }
        yield hands


@pytest.mark.engine
def test_another_stack_is_named_and_its_container_is_not_adopted(of_production: Hands) -> None:
    cloud, id_ = of_production.cloud, of_production.id_of(spelled(of_production.cloud))
    staging = other_stack(of_production, secret(environment="production"))
    with staging.rehearsal:
        created = staging.up()
        adopted = staging.up(secret(environment="production", adopt=id_))
        staging.up(lambda: None)

        for refused in (created, adopted):
            assert "belongs to another stack: 'organization/shop/production'" in refused.error
            assert f'adopt="{id_}", adopt_from="organization/shop/production"' in refused.error
    assert of_production.simulated.value(spelled(cloud)) == VALUE


@pytest.mark.engine
def test_a_container_is_taken_over_from_another_stack_when_the_program_says_so(
    of_production: Hands,
) -> None:
    cloud, id_ = of_production.cloud, of_production.id_of(spelled(of_production.cloud))
    taking = {"environment": "production", "retention": "keep"}
    staging = other_stack(
        of_production, secret(adopt=id_, adopt_from="organization/shop/production", **taking)
    )
    with staging.rehearsal:
        staging.rehearsal.up()
        assert staging.up(secret(**taking)).succeeded
        assert staging.up().changes == []

    assert of_production.simulated.value(spelled(cloud)) == VALUE


@pytest.mark.engine
def test_adopt_from_another_stack_than_the_container_names_is_refused(of_production: Hands) -> None:
    id_ = of_production.id_of(spelled(of_production.cloud))
    staging = other_stack(
        of_production, secret(environment="production", adopt=id_, adopt_from="acme/shop/test")
    )
    with staging.rehearsal:
        assert "belongs to another stack: 'organization/shop/production'" in staging.up().error


# Nobody's ----------------------------------------------------------------------------------------


def by_hand(cloud: str) -> Hands:
    hands = Hands(cloud, lambda: None)
    simulated = hands.rehearsal
    if cloud == "azure":
        body = {"properties": {"value": "by hand"}, "tags": {"team": "ops"}}
        simulated.azure.service.put("shop", spelled(cloud), body)
    else:
        place = {"aws": "eu-west-1", "gcp": "shop-production"}[cloud]
        if cloud == "aws":
            simulated.aws.service.create_secret(
                place, spelled(cloud), description="by hand", tags={"team": "ops"}
            )
        else:
            simulated.gcp.service.create(
                place, spelled(cloud), {"replication": {"auto": {}}, "labels": {"team": "ops"}}
            )
    hands.simulated.set_value(spelled(cloud), VALUE)
    return hands


@pytest.mark.engine
@pytest.mark.parametrize("after", ["removed", "destroyed", "twice and removed"])
def test_what_was_adopted_is_not_deleted_while_adopt_is_there(cloud: str, after: str) -> None:
    hands = by_hand(cloud)
    with hands.rehearsal as rehearsal:
        created = hands.up(secret())
        assert "it does not say who owns it" in created.error
        adopting = secret(adopt=hands.id_of(spelled(cloud)))
        assert hands.up(adopting).succeeded
        if after == "twice and removed":
            assert hands.up(adopting).succeeded
        if after == "destroyed":
            rehearsal.destroy()
        else:
            assert hands.up(lambda: None).succeeded

        assert hands.value() == VALUE


@pytest.mark.engine
@pytest.mark.parametrize("retention", ["keep", "recover"])
def test_what_was_adopted_under_recover_can_be_brought_back_when_it_is_removed(
    retention: str,
) -> None:
    hands = by_hand("aws")
    with hands.rehearsal as rehearsal:
        hands.up(secret(adopt=hands.id_of(spelled("aws")), retention=retention))
        assert hands.up(secret(retention="recover")).succeeded
        assert hands.up(lambda: None).succeeded

        assert rehearsal.aws.state(spelled("aws")) == "scheduled for deletion"
        rehearsal.aws.restore(spelled("aws"))
        assert hands.value() == VALUE


@pytest.mark.engine
def test_dropping_adopt_and_renaming_in_one_change_loses_nothing_under_recover() -> None:
    hands = by_hand("aws")
    with hands.rehearsal as rehearsal:
        hands.up(secret(adopt=hands.id_of(spelled("aws")), retention="recover"))
        assert hands.up(secret(key="other", retention="recover")).succeeded

        if hands.value() != VALUE:
            rehearsal.aws.restore(spelled("aws"))
        assert hands.value() == VALUE


@pytest.mark.engine
@pytest.mark.parametrize("renamed", [False, True])
def test_what_would_go_as_discard_said_is_refused_where_the_program_says_recover(
    *, renamed: bool
) -> None:
    hands = Hands("aws", secret())
    with hands.rehearsal:
        hands.up()
        hands.simulated.set_value(spelled("aws"), VALUE)
        alias = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="StripeApiKey")])
        who: dict[str, Any] = {"logical": "StripeKey", "opts": alias} if renamed else {}

        both = hands.up(secret(key="other", retention="recover", **who))
        assert "first the retention, then the rest" in both.error
        assert hands.value() == VALUE

        assert hands.up(secret(retention="recover", **who)).succeeded
        assert hands.up(secret(key="other", retention="recover", **who)).succeeded
        hands.simulated.restore(spelled("aws"))
        assert hands.value() == VALUE


@pytest.mark.engine
def test_adopting_says_what_goes_before_it_goes() -> None:
    hands = by_hand("aws")
    with hands.rehearsal:
        run = hands.up(secret(adopt=hands.id_of(spelled("aws"))))

    [said] = [each for each in run.warnings if "adopting it removes" in each]
    assert "its description and the tags 'team'" in said


@pytest.mark.engine
def test_adopting_a_container_with_a_key_that_the_program_does_not_name_keeps_the_key() -> None:
    keys = {
        "aws": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "gcp": "projects/shop-production/locations/global/keyRings/shop/cryptoKeys/secrets",
    }
    for cloud, key in keys.items():
        hands = by_hand(cloud)
        with hands.rehearsal as rehearsal:
            if cloud == "aws":
                rehearsal.aws.service.find("eu-west-1", spelled(cloud)).kms_key_id = key  # type: ignore[union-attr] # made above
            else:
                there = rehearsal.gcp.service.get("shop-production", spelled(cloud))
                there.settings["replication"] = {
                    "auto": {"customerManagedEncryption": {"kmsKeyName": key}}
                }
            run = hands.up(secret(adopt=hands.id_of(spelled(cloud))))
            assert [each for each in run.warnings if f"encryption_key='{key}'" in each]
            hands.up(secret())
            assert hands.up(secret(description="and on")).succeeded
            rehearsal.refresh()
            assert hands.up().changes == []

            assert key in str(rehearsal.clouds[cloud].describe(spelled(cloud)))


@pytest.mark.engine
@pytest.mark.parametrize(("retention", "finished"), [("keep", False), ("discard", True)])
def test_an_expiry_is_said_and_keep_does_not_adopt_what_gcp_will_delete(
    retention: str, finished: bool
) -> None:
    hands = by_hand("gcp")
    with hands.rehearsal as rehearsal:
        there = rehearsal.gcp.service.get("shop-production", spelled("gcp"))
        there.settings["expireTime"] = "2027-01-01T00:00:00Z"
        run = hands.up(secret(adopt=hands.id_of(spelled("gcp")), retention=retention))

        assert run.succeeded is finished
        assert "expires at 2027-01-01T00:00:00Z" in run.output.replace("\n", " ")
        assert (
            "gcloud secrets update shop__production__stripe-api-key --remove-expiration"
            in run.output
        )
        assert there.settings["expireTime"] == "2027-01-01T00:00:00Z"


@pytest.mark.engine
def test_what_an_operator_set_on_gcp_stays_through_refresh_adoption_and_update() -> None:
    theirs = {
        "versionAliases": {"live": "1"},
        "topics": [{"name": "projects/shop-production/topics/secrets"}],
        "rotation": {"nextRotationTime": "2027-01-01T00:00:00Z"},
        "versionDestroyTtl": "86400s",
    }
    hands = by_hand("gcp")
    with hands.rehearsal as rehearsal:
        there = rehearsal.gcp.service.get("shop-production", spelled("gcp"))
        there.settings.update(copy.deepcopy(theirs))
        hands.up(secret(adopt=hands.id_of(spelled("gcp"))))
        hands.up(secret(description="taken over"))
        rehearsal.refresh()
        assert hands.up(secret(description="and on")).succeeded

        there = rehearsal.gcp.service.get("shop-production", spelled("gcp"))
        assert {key: there.settings.get(key) for key in theirs} == theirs


# Places ------------------------------------------------------------------------------------------


@pytest.mark.engine
@pytest.mark.parametrize(
    ("cloud", "part", "adopt"),
    [
        (
            "aws",
            "region 'eu-central-1'",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/production/stripe-api-key-AbCdEf",
        ),
        (
            "gcp",
            "project 'shop-staging'",
            "projects/shop-staging/secrets/shop__production__stripe-api-key",
        ),
    ],
)
def test_an_id_of_another_region_or_project_is_refused(cloud: str, part: str, adopt: str) -> None:
    hands = Hands(cloud, secret(adopt=adopt))
    with hands.rehearsal:
        refused = hands.up()

    assert f"adopt names a secret in {part}" in refused.error
    assert "please remove the `import` declaration" not in refused.error


@pytest.mark.engine
def test_an_explicit_provider_s_region_is_the_one_that_counts() -> None:
    def program() -> None:
        there = aws.Provider("there", region="eu-central-1")
        adopt = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/production/stripe-api-key-AbCdEf"
        secret(adopt=adopt, opts=pulumi.ResourceOptions(provider=there))()

    hands = Hands("aws", program)
    with hands.rehearsal:
        assert "this Secret would be in 'eu-central-1'" in hands.up().error


@pytest.mark.engine
def test_another_vault_given_as_an_output_is_refused_too() -> None:
    def program() -> None:
        vault = pulumi.Output.from_input(f"{VAULT}-staging")
        secret(adopt=f"{VAULT}/secrets/{spelled('azure')}", azure_vault_id=vault)()

    hands = Hands("azure", program)
    with hands.rehearsal:
        assert "adopt names a secret in Key Vault 'shop'" in hands.up().error


@pytest.mark.engine
def test_another_project_is_noticed_on_gcp_and_nothing_moves(started: Started) -> None:
    hands = started("gcp")
    hands.rehearsal.configure(config={**PLACES["gcp"].config, "gcp:project": "shop-staging"})
    refused = hands.up()

    assert (
        "its container has project 'shop-production', and the program asks for project 'shop-staging'"
        in refused.error
    )
    assert hands.value() == VALUE


@pytest.mark.engine
def test_a_project_s_number_is_not_adopted_and_the_message_shows_the_id() -> None:
    hands = Hands(
        "gcp", secret(adopt="projects/123456789012/secrets/shop__production__stripe-api-key")
    )
    with hands.rehearsal:
        assert "gcloud projects describe 123456789012" in hands.up().error


@pytest.mark.engine
def test_a_secret_that_is_replicated_otherwise_is_not_adopted_on_gcp() -> None:
    hands = by_hand("gcp")
    with hands.rehearsal:
        adopting = secret(adopt=hands.id_of(spelled("gcp")), replicas=["europe-west1"])
        refused = hands.up(adopting)

        assert "It has no replicas: use the same here." in refused.error
        assert "please remove the `import` declaration" not in refused.error


# Two changes at once -----------------------------------------------------------------------------


@pytest.mark.engine
def test_keep_and_another_name_in_one_change_give_up_nothing(started: Started, cloud: str) -> None:
    hands = started(cloud)
    preview = hands.rehearsal
    preview.program = secret(key="other", retention="keep")
    shown = preview.preview(check=False)
    refused = hands.up(secret(key="other", retention="keep"))

    for run in (shown, refused):
        assert "A container is never replaced by another one" in run.error
    assert hands.value() == VALUE
    assert hands.simulated.names() == [spelled(cloud)]
    assert hands.up(secret(retention="keep")).succeeded


@pytest.mark.engine
def test_a_change_that_needs_a_second_container_of_the_name_does_not_lead_in_a_circle(
    started: Started,
) -> None:
    hands = started("gcp")
    refused = hands.up(secret(replicas=["europe-west1"]))

    assert "two containers cannot have the same name" in refused.error
    assert "adopt=" not in refused.error
    assert hands.up(secret()).succeeded
    assert hands.value() == VALUE


# Raw resources -----------------------------------------------------------------------------------


def raw(cloud: str, logical: str, parent: pulumi.Resource | None = None) -> None:
    opts = pulumi.ResourceOptions(parent=parent)
    if cloud == "aws":
        aws.secretsmanager.Secret(logical, name=spelled(cloud), tags={"team": "pay"}, opts=opts)
    elif cloud == "gcp":
        gcp.secretmanager.Secret(
            logical, secret_id=spelled(cloud), replication={"auto": {}}, opts=opts
        )
    else:
        azure_native.keyvault.Secret(
            logical,
            resource_group_name="shop",
            vault_name="shop",
            secret_name=spelled(cloud),
            properties={"value": "placeholder"},
            opts=opts,
        )


def in_a_component(cloud: str) -> None:
    raw(cloud, "key", pulumi.ComponentResource("shop:index:Platform", "platform"))


@pytest.mark.engine
@pytest.mark.parametrize("flags", [(), ("--continue-on-error",)], ids=["plain", "continue"])
@pytest.mark.parametrize(
    ("before", "formerly"),
    [
        (lambda cloud: raw(cloud, "stripe"), "stripe"),
        (lambda cloud: raw(cloud, "old-name"), "old-name"),
        (in_a_component, None),
    ],
    ids=["its own name", "another name", "in a component"],
)
def test_a_raw_resource_is_taken_over_in_place(
    cloud: str,
    before: Callable[[str], None],
    formerly: str | None,
    flags: tuple[str, ...],
) -> None:
    hands = Hands(cloud, lambda: before(cloud))
    with hands.rehearsal as rehearsal:
        rehearsal.up()
        hands.simulated.set_value(spelled(cloud), VALUE)
        refused = hands.up(secret("stripe"), *flags)
        [urn] = [
            each["urn"]
            for each in rehearsal.resources
            if each["type"] == clouds.load(cloud).RESOURCE_TYPE
        ]

        assert f'formerly="{urn}"' in refused.error
        assert hands.value() == VALUE
        run = hands.up(secret("stripe", formerly=formerly or urn))
        assert run.succeeded
        assert not [
            step
            for step in run.changes
            if step.op in {"import", "delete", "create"}
            and "Secret" in step.type
            and "infra" not in step.type
        ]
        assert hands.up(secret("stripe")).succeeded
        assert hands.up().changes == []
        assert hands.value() == VALUE


@pytest.mark.engine
def test_what_was_imported_as_a_raw_resource_is_taken_over_in_place(cloud: str) -> None:
    hands = by_hand(cloud)
    with hands.rehearsal:
        id_ = hands.id_of(spelled(cloud))

        def program() -> None:
            opts = pulumi.ResourceOptions(
                import_=id_, ignore_changes=["tags", "labels", "description", "properties"]
            )
            if cloud == "aws":
                aws.secretsmanager.Secret("moved", name=spelled(cloud), opts=opts)
            elif cloud == "gcp":
                gcp.secretmanager.Secret(
                    "moved", secret_id=spelled(cloud), replication={"auto": {}}, opts=opts
                )
            else:
                azure_native.keyvault.Secret(
                    "moved",
                    resource_group_name="shop",
                    vault_name="shop",
                    secret_name=spelled(cloud),
                    properties={},
                    opts=opts,
                )

        assert hands.up(program).succeeded
        assert hands.up(secret(formerly="moved")).succeeded
        assert hands.up(secret()).succeeded
        assert hands.up().changes == []
        assert hands.value() == VALUE


@pytest.mark.engine
def test_formerly_does_not_give_up_a_container_of_another_name(cloud: str) -> None:
    hands = Hands(cloud, lambda: raw(cloud, "stripe"))
    with hands.rehearsal as rehearsal:
        rehearsal.up()
        hands.simulated.set_value(spelled(cloud), VALUE)
        refused = hands.up(secret("stripe", key="other", formerly="stripe"))

        assert "A container is never replaced by another one" in refused.error
        assert hands.value() == VALUE


@pytest.mark.engine
def test_formerly_is_nothing_to_a_stack_that_never_had_the_resource(cloud: str) -> None:
    hands = Hands(cloud, secret(formerly="stripe"))
    with hands.rehearsal:
        assert hands.up().succeeded
        assert hands.simulated.names() == [spelled(cloud)]


# A stack without a state -------------------------------------------------------------------------


@pytest.mark.engine
def test_a_preview_of_a_new_stack_with_adopt_asks_for_no_state_that_is_not_there(
    cloud: str,
) -> None:
    hands = by_hand(cloud)
    with hands.rehearsal as rehearsal:
        rehearsal.program = secret(adopt=hands.id_of(spelled(cloud)))
        assert rehearsal.preview(check=False).succeeded


@pytest.fixture
def unread_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Pulumi Cloud in a stack without outputs: whether there is a state cannot be known."""

    async def unknown() -> bool:
        return False

    monkeypatch.setattr("infra_secrets.component.state._has_state", unknown)


@pytest.mark.engine
@pytest.mark.usefixtures("unread_state")
def test_where_the_state_cannot_be_asked_the_container_s_own_word_counts() -> None:
    hands = Hands("aws", secret())
    with hands.rehearsal as rehearsal:
        rehearsal.up()
        hands.simulated.set_value(spelled("aws"), VALUE)
        id_ = hands.id_of(spelled("aws"))
        renamed = hands.up(secret("StripeKey"))
        adopted = hands.up(secret("StripeKey", adopt=id_))

        for refused in (renamed, adopted):
            assert "says that it belongs to this stack, as Secret('StripeApiKey')" in refused.error
            assert 'Alias(name="StripeApiKey")' in refused.error
            assert f'adopt="{id_}", adopt_from="organization/shop/production"' in refused.error
        assert hands.value() == VALUE

        opts = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="StripeApiKey")])
        assert hands.up(secret("StripeKey", opts=opts)).succeeded
        rehearsal.lose_state()
        again = secret("StripeKey", adopt=id_, adopt_from="organization/shop/production")
        assert hands.up(again).succeeded
        assert hands.value() == VALUE


@pytest.mark.engine
@pytest.mark.usefixtures("unread_state")
def test_where_neither_the_state_nor_the_container_says_whose_it_is_the_program_must(
    cloud: str,
) -> None:
    hands = Hands(cloud, lambda: raw(cloud, "stripe"))
    with hands.rehearsal as rehearsal:
        rehearsal.up()
        hands.simulated.set_value(spelled(cloud), VALUE)
        id_ = hands.id_of(spelled(cloud))
        for refused in (hands.up(secret("stripe")), hands.up(secret("stripe", adopt=id_))):
            assert "pulumi stack --show-urns" in refused.error
            assert f'adopt="{id_}", adopt_from="organization/shop/production"' in refused.error
        assert hands.value() == VALUE
        rehearsal.lose_state()
        taking = secret("stripe", adopt=id_, adopt_from="organization/shop/production")
        assert hands.up(taking).succeeded
        assert hands.value() == VALUE


@pytest.mark.engine
@pytest.mark.parametrize("options", [(), ("--parallel=1",)], ids=["as usual", "one worker"])
def test_many_refused_creations_in_a_new_stack_are_all_answered(
    cloud: str, options: tuple[str, ...]
) -> None:
    keys = [f"key-{number}" for number in range(20)]

    def program() -> None:
        for key in keys:
            secret(key, key=key)()

    hands = Hands(cloud, program)
    with hands.rehearsal as rehearsal:
        rehearsal.up()
        rehearsal.lose_state()
        rehearsal.skip_checkpoints = True
        rehearsal.lose_state()
        refused = hands.up(program, "--continue-on-error", *options)

        assert refused.error.count("is not in its state") == len(keys)


# The policy on AWS -------------------------------------------------------------------------------

DENY = (
    '{"Version": "2012-10-17", "Statement": [{"Sid": "NotFromOutside", "Effect": "Deny", "Principal": "*", '
    '"Action": "secretsmanager:*", "Resource": "*"}]}'
)


def with_policy(policy: str) -> Hands:
    hands = by_hand("aws")
    hands.rehearsal.aws.service.put_resource_policy(
        "eu-west-1", spelled("aws"), policy, block_public_policy=False
    )
    return hands


def policy_of(hands: Hands) -> str:
    return str(hands.rehearsal.aws.describe(spelled("aws"))["ResourcePolicy"])


@pytest.mark.engine
def test_adopting_with_readers_does_not_replace_a_policy_of_somebody_else() -> None:
    hands = with_policy(DENY)
    with hands.rehearsal:
        readers = [PLACES["aws"].reader]
        refused = hands.up(secret(adopt=hands.id_of(spelled("aws")), readers=readers))

        assert "did not make (Deny 'NotFromOutside')" in refused.error
        assert policy_of(hands) == DENY


@pytest.mark.engine
def test_readers_added_after_the_adoption_do_not_replace_it_either() -> None:
    hands = with_policy(DENY)
    with hands.rehearsal:
        assert hands.up(secret(adopt=hands.id_of(spelled("aws")))).succeeded
        assert hands.up(secret()).succeeded
        refused = hands.up(secret(readers=[PLACES["aws"].reader]))

        assert "did not make (Deny 'NotFromOutside')" in refused.error
        assert "Traceback" not in refused.error
        assert policy_of(hands) == DENY


@pytest.mark.engine
def test_a_statement_beside_the_package_s_own_stays_also_when_the_readers_go() -> None:
    readers = [PLACES["aws"].reader]
    hands = Hands("aws", secret(readers=readers))
    with hands.rehearsal as rehearsal:
        rehearsal.up()
        both = json.loads(policy_of(hands))
        both["Statement"] += json.loads(DENY)["Statement"]
        rehearsal.aws.service.put_resource_policy(
            "eu-west-1", spelled("aws"), json.dumps(both), block_public_policy=False
        )
        rehearsal.refresh()
        for program in (secret(readers=readers), secret()):
            refused = hands.up(program)
            assert "remove them from the policy by hand, and run pulumi refresh" in refused.error
            assert json.loads(policy_of(hands)) == both

        alone = {**both, "Statement": both["Statement"][:1]}
        rehearsal.aws.service.put_resource_policy(
            "eu-west-1", spelled("aws"), json.dumps(alone), block_public_policy=False
        )
        rehearsal.refresh()
        assert hands.up(secret()).succeeded


def test_a_statement_is_only_the_package_s_own_when_all_of_it_is() -> None:
    from infra_secrets.clouds.aws import container as module

    own = {
        "Sid": "Readers",
        "Effect": "Allow",
        "Principal": {"AWS": PLACES["aws"].reader},
        "Action": list(module.READ),
        "Resource": "*",
    }
    others: list[Any] = [
        {**own, "Effect": "Deny"},
        {**own, "Action": "secretsmanager:*"},
        {**own, "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {**own, "Sid": "Somebody"},
        {key: each for key, each in own.items() if key != "Sid"},
    ]

    assert module._foreign(json.dumps({"Statement": own})) == []
    for other in others:
        assert len(module._foreign(json.dumps({"Statement": [own, other]}))) == 1
    assert module._foreign("no JSON") == ["one that is not a JSON object"]


@pytest.mark.engine
def test_the_policy_that_the_package_made_is_taken_over_with_the_container() -> None:
    readers = [PLACES["aws"].reader]
    hands = Hands("aws", secret(readers=readers))
    with hands.rehearsal as rehearsal:
        rehearsal.up()
        rehearsal.lose_state()
        assert hands.up(secret(readers=readers, adopt=hands.id_of(spelled("aws")))).succeeded
        assert hands.up(secret(readers=readers)).succeeded
        assert readers[0] in policy_of(hands)


# Grants ------------------------------------------------------------------------------------------


@pytest.mark.engine
def test_a_reader_that_becomes_an_output_of_the_same_text_keeps_its_access(cloud: str) -> None:
    reader = PLACES[cloud].reader
    hands = Hands(cloud, secret(readers=[reader]))
    with hands.rehearsal as rehearsal:
        rehearsal.up()
        for readers in ([pulumi.Output.from_input(reader)], [reader]):
            assert hands.up(secret(readers=readers)).succeeded
            assert hands.place.has_grants(rehearsal, spelled(cloud))


# After a refused update --------------------------------------------------------------------------


@pytest.mark.engine
@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_after_a_refused_update_the_refresh_that_the_message_names_lets_the_next_one_arrive(
    started: Started, cloud: str
) -> None:
    hands = started(cloud)
    hands.rehearsal.clouds[cloud].fail_next("update", "StripeApiKey", "AccessDenied: not today")
    refused = hands.up(secret(description="new words"))

    assert "pulumi refresh, then pulumi up" in refused.error
    hands.rehearsal.refresh()
    assert hands.up(secret(description="new words")).succeeded
    assert "new words" in str(hands.simulated.describe(spelled(cloud)))


# Transforms --------------------------------------------------------------------------------------

Transforming = Callable[[], None]


def identity() -> None:
    pulumi.runtime.register_resource_transform(
        lambda args: pulumi.ResourceTransformResult(args.props, args.opts)
    )


def rebuilt() -> None:
    pulumi.runtime.register_resource_transform(
        lambda args: (
            pulumi.ResourceTransformResult(
                args.props, pulumi.ResourceOptions(parent=args.opts.parent)
            )
            if args.custom and not args.type_.startswith("pulumi:")
            else None
        )
    )


def rebuilt_the_older_way() -> None:
    pulumi.runtime.register_stack_transformation(
        lambda args: (
            pulumi.ResourceTransformationResult(
                args.props, pulumi.ResourceOptions(parent=args.opts.parent)
            )
            if "infra-secrets" not in args.type_
            else None
        )
    )


@pytest.mark.engine
@pytest.mark.parametrize("transform", [identity, rebuilt, rebuilt_the_older_way])
def test_no_transform_takes_away_what_keeps_the_value(
    started: Started, cloud: str, transform: Transforming
) -> None:
    def program(**given: Any) -> Program:
        def transformed() -> None:
            transform()
            secret(**given)()

        return transformed

    hands = started(cloud)
    assert hands.up(program(), "--replace", "**StripeApiKey").succeeded is False
    assert hands.value() == VALUE
    assert hands.up(program(retention="keep")).succeeded
    hands.up(lambda: None)
    hands.up(program(retention="keep", description="other words"))

    [state] = [
        each
        for each in hands.rehearsal.resources
        if each["type"] == clouds.load(cloud).RESOURCE_TYPE
    ]
    assert (state["protect"], state["retainOnDelete"]) == (True, True)
    assert set(clouds.container(clouds.load(cloud)).IDENTITY) <= set(state["ignoreChanges"])
    assert hands.value() == VALUE


@pytest.mark.engine
@pytest.mark.parametrize("transform", [identity, rebuilt, rebuilt_the_older_way])
def test_no_transform_lets_gcp_delete_before_it_replaces(
    started: Started, transform: Transforming
) -> None:
    def program() -> None:
        transform()
        secret(replicas=["europe-west1"])()

    hands = started("gcp")
    refused = hands.up(program)

    assert "two containers cannot have the same name" in refused.error
    assert hands.value() == VALUE


@pytest.mark.engine
@pytest.mark.parametrize("transform", [rebuilt, rebuilt_the_older_way])
def test_no_transform_takes_away_the_look_before_azure_buries(
    started: Started, transform: Transforming
) -> None:
    def program() -> None:
        transform()
        secret()()

    hands = started("azure")
    hands.simulated.delete(spelled("azure"))
    hands.rehearsal.refresh()
    refused = hands.up(program)

    assert "az keyvault secret recover" in refused.error
    assert hands.simulated.state(spelled("azure")) == "soft-deleted"


@pytest.mark.engine
@pytest.mark.parametrize("asked", ["getVault", "getClientToken"])
def test_a_login_that_may_not_look_for_the_vault_creates_nothing_on_azure(asked: str) -> None:
    hands = Hands("azure", secret())

    def deny(request: Any) -> None:
        if asked in request.type:
            raise CloudError("AuthorizationFailed", "no permission for you", status=403)

    hands.simulated.before_request = deny
    with hands.rehearsal:
        assert "did not say whether it has a deleted secret" in hands.up().error
        assert hands.simulated.names() == []


@pytest.mark.engine
def test_a_refused_rename_sends_nothing(started: Started) -> None:
    hands = started("gcp")
    refused = hands.up(secret(key="other", retention="keep", description="new words"))

    assert "A container is never replaced by another one" in refused.error
    assert "new words" not in str(hands.simulated.describe(spelled("gcp")))


@pytest.mark.engine
def test_a_transform_on_a_component_above_takes_nothing_away(started: Started, cloud: str) -> None:
    class Platform(pulumi.ComponentResource):
        def __init__(self) -> None:
            super().__init__(
                "shop:index:Platform",
                "platform",
                opts=pulumi.ResourceOptions(
                    transforms=[lambda args: pulumi.ResourceTransformResult(args.props, args.opts)]
                ),
            )

    def program() -> None:
        urn = "urn:pulumi:production::shop::infra-secrets:index:Secret::StripeApiKey"
        secret(opts=pulumi.ResourceOptions(parent=Platform(), aliases=[urn]))()

    hands = started(cloud)
    assert hands.up(program).succeeded
    assert not hands.up(program, "--replace", "**StripeApiKey").succeeded
    assert hands.value() == VALUE


@pytest.mark.engine
@pytest.mark.parametrize("retention", ["keep", FREEST])
def test_a_logical_name_may_have_any_characters(cloud: str, retention: str) -> None:
    def program(logical: str) -> Program:
        return secret(logical, retention=retention)

    hands = Hands(cloud, program("pay::ments 1"))
    with hands.rehearsal as rehearsal:
        rehearsal.up()
        hands.simulated.set_value(spelled(cloud), VALUE)
        refused = hands.up(program("pay::ment"))

        assert 'Alias(name="pay::ments 1")' in refused.error
        assert hands.value() == VALUE


@pytest.mark.engine
def test_the_container_of_a_secret_is_no_raw_resource_to_take_over(started: Started) -> None:
    hands = started("gcp")
    [urn] = [
        each["urn"]
        for each in hands.rehearsal.resources
        if each["type"] == clouds.load("gcp").RESOURCE_TYPE
    ]
    refused = hands.up(secret("StripeKey", formerly=urn))

    assert "says so with an alias, which its grants follow" in refused.error
    assert hands.value() == VALUE
