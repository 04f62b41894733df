"""What every cloud promises, for each module of `infra_secrets/clouds`."""

import inspect
import json
import re
from typing import Any

import pulumi
import pytest

from infra_secrets import Secret, clouds
from infra_secrets.clouds import Cloud, Wanted, aws, azure
from infra_secrets.rules.naming import SecretName
from infra_secrets.testing.recording import Recording, Registration
from infra_secrets.testing.values import SecretValue
from tests.conftest import PLACES, VAULT, recording_on

READERS = {
    "aws": ["arn:aws:iam::123456789012:role/api", "arn:aws:iam::123456789012:role/worker"],
    "gcp": ["serviceAccount:api@shop.iam.gserviceaccount.com", "group:ops@example.com"],
    "azure": [
        "ServicePrincipal:11111111-2222-3333-4444-555555555555",
        "22222222-2222-3333-4444-555555555555",
    ],
}


def container(recording: Recording, cloud: str) -> Registration:
    [found] = recording.of_type(clouds.load(cloud).RESOURCE_TYPE)
    return found


def test_a_module_is_a_cloud_by_having_what_the_protocol_names(cloud: str) -> None:
    module: Any = clouds.load(cloud)
    promised = [name for name in (*Cloud.__annotations__, *vars(Cloud)) if not name.startswith("_")]

    assert [name for name in promised if not hasattr(module, name)] == []
    for name in (each for each, promise in vars(Cloud).items() if inspect.isfunction(promise)):
        if name.startswith("_"):
            continue
        assert len(inspect.signature(getattr(module, name)).parameters) == len(
            inspect.signature(getattr(Cloud, name)).parameters
        ) - len(["self"])
    assert module.__doc__


def test_the_container_is_empty_has_the_canonical_name_and_is_protected(cloud: str) -> None:
    recording = recording_on(cloud)
    recording.run(lambda: Secret("StripeApiKey"))

    found = container(recording, cloud)
    spelled = clouds.load(cloud).SPELLING.spell(
        SecretName(service="shop", environment="production", key="stripe-api-key")
    )
    assert spelled in (
        found.inputs.get("name"),
        found.inputs.get("secretId"),
        found.inputs.get("secretName"),
    )
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


def test_the_component_itself_takes_no_inputs_into_the_state(cloud: str) -> None:
    recording = recording_on(cloud)
    recording.run(lambda: Secret("StripeApiKey", description="d", owner="o"))

    [component] = recording.of_type("infra-secrets:index:Secret")
    assert component.inputs == {}


def test_the_outputs_are_all_there_and_none_is_secret(cloud: str) -> None:
    recording = recording_on(cloud)
    recording.run(lambda: Secret("StripeApiKey"))

    outputs = recording.outputs["StripeApiKey"]
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

    assert seen == recording.outputs["StripeApiKey"]


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
    recording.run(lambda: Secret("StripeApiKey", readers=READERS[cloud]))

    found = container(recording, cloud)
    grants = [each for each in recording.registrations if each.custom and each is not found]
    assert grants
    assert all(each.parent == found.parent and not each.protect for each in grants)
    for reader in READERS[cloud]:
        assert reader.rpartition("ServicePrincipal:")[2] in str([each.inputs for each in grants])


def test_taking_one_reader_away_leaves_the_names_of_the_other_grants(cloud: str) -> None:
    def names(readers: list[str]) -> set[str]:
        recording = recording_on(cloud)
        recording.run(lambda: Secret("StripeApiKey", readers=readers))
        return {each.name for each in recording.registrations}

    assert names(READERS[cloud][1:]) <= names(READERS[cloud]) == names(READERS[cloud][::-1])


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
    recording.run(lambda: Secret("StripeApiKey", readers=READERS[cloud]))

    assert container(recording, cloud).custom


def test_outputs_of_other_resources_may_be_given(cloud: str) -> None:
    recording = recording_on(cloud)
    readers = [pulumi.Output.from_input(reader) for reader in READERS[cloud]]
    recording.run(
        lambda: Secret(
            "StripeApiKey",
            description=pulumi.Output.from_input("made later"),
            tags={"team": pulumi.Output.from_input("pay")},
            readers=[pulumi.Output.from_input(reader) for reader in READERS[cloud]],
        )
    )

    assert len(readers) == 2
    assert "made later" in str(container(recording, cloud).inputs)


def test_the_user_s_provider_and_parent_reach_the_container(cloud: str) -> None:
    import importlib

    package = {"aws": "pulumi_aws", "gcp": "pulumi_gcp", "azure": "pulumi_azure_native"}[cloud]
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
    assert clouds.load(cloud).way_out("AccessDenied: not allowed", {}) is None


def test_a_cloud_finds_problems_without_its_sdk_or_a_network(cloud: str) -> None:
    name = SecretName(service="a", environment="b", key="c")
    wanted = Wanted(
        logical_name="C",
        stack="acme/a/b",
        name=name,
        spelled=clouds.load(cloud).SPELLING.spell(name),
    )

    assert isinstance(list(clouds.load(cloud).problems(wanted)), list)


@pytest.mark.parametrize("tail", ["secret", "canary", "stable", "backup", "shared"])
def test_an_unlucky_tail_on_aws_warns_once_and_is_not_refused(tail: str) -> None:
    recording = recording_on("aws")
    recording.run(lambda: Secret("x", key=f"jwt-{tail}"))

    [warning] = recording.warnings
    assert f"'shop/production/jwt-{tail}' ends in a hyphen and six characters" in warning
    assert recording.outputs["x"]["secretId"].startswith("arn:aws:secretsmanager:")


@pytest.mark.parametrize("key", ["stripe-api-key", "secret", "jwt-secrets", "a-b"])
def test_other_names_on_aws_do_not_warn(key: str) -> None:
    recording = recording_on("aws")
    recording.run(lambda: Secret("x", key=key))

    assert recording.warnings == []


def test_aws_replicas_have_a_key_of_their_own_region() -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"
    recording = recording_on("aws")
    recording.run(lambda: Secret("x", replicas=["eu-central-1", "us-east-1"], encryption_key=key))

    assert container(recording, "aws").inputs["replicas"] == [
        {"region": region, "kmsKeyId": key.replace("eu-west-1", region)}
        for region in ("eu-central-1", "us-east-1")
    ]


def test_aws_readers_get_the_right_to_use_the_key_for_this_secret_alone() -> None:
    recording = recording_on("aws")
    recording.run(
        lambda: Secret(
            "x",
            encryption_key="arn:aws:kms:eu-west-1:123456789012:key/1",
            readers=READERS["aws"][:1],
            writers=READERS["aws"][1:],
        )
    )

    reader, writer = recording.of_type("aws:kms/grant:Grant")
    arn = recording.outputs["x"]["secretId"]
    assert reader.inputs["operations"] == ["Decrypt", "DescribeKey"]
    assert writer.inputs["operations"] == ["Decrypt", "DescribeKey", "GenerateDataKey"]
    assert reader.inputs["constraints"] == [{"encryptionContextSubset": {"SecretARN": arn}}]


def test_aws_writers_set_without_reading_and_the_policy_can_never_be_public() -> None:
    import json

    recording = recording_on("aws")
    recording.run(lambda: Secret("x", readers=READERS["aws"][:1], writers=READERS["aws"][1:]))

    [policy] = recording.of_type("aws:secretsmanager/secretPolicy:SecretPolicy")
    readers, writers = json.loads(policy.inputs["policy"])["Statement"]
    assert policy.inputs["blockPublicPolicy"] is True
    assert [(each["Effect"], each["Resource"]) for each in (readers, writers)] == [
        ("Allow", "*")
    ] * 2
    assert "secretsmanager:GetSecretValue" in readers["Action"]
    assert writers["Action"] == ["secretsmanager:PutSecretValue", "secretsmanager:DescribeSecret"]
    assert writers["Principal"] == {"AWS": READERS["aws"][1:]}


def test_gcp_encrypts_and_places_as_wanted() -> None:
    key = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"
    recording = recording_on("gcp")
    recording.run(lambda: Secret("x", replicas=["europe-west1"], encryption_key=key))

    assert container(recording, "gcp").inputs["replication"] == {
        "userManaged": {
            "replicas": [
                {"location": "europe-west1", "customerManagedEncryption": {"kmsKeyName": key}}
            ]
        }
    }


def test_gcp_keep_has_the_provider_s_own_protection_too() -> None:
    recording = recording_on("gcp")
    protection = []
    for retention in ("keep", "discard"):
        recording.run(lambda retention=retention: Secret("x", retention=retention))  # type: ignore[misc]
        protection.append(container(recording, "gcp").inputs["deletionProtection"])

    assert protection == [True, False]


def test_azure_starts_disabled_and_is_never_updated_again() -> None:
    recording = recording_on("azure")
    recording.run(lambda: Secret("x"))

    found = container(recording, "azure")
    assert found.inputs["properties"] == {"value": "UNSET", "attributes": {"enabled": False}}
    assert found.ignore_changes[:2] == ("properties", "tags")


def test_azure_s_resource_class_can_be_replaced_by_config() -> None:
    recording = recording_on(
        "azure", {"infra-secrets:azureSecretClass": "tests.clouds.test_every_cloud:NewerSecret"}
    )
    recording.run(lambda: Secret("x"))

    [found] = [
        each
        for each in recording.registrations
        if each.type == "azure-native_keyvault_v20260201:keyvault:Secret"
    ]
    assert found.inputs["secretName"] == "shop--production--x"
    assert found.ignore_changes[:2] == ("properties", "tags")


class NewerSecret(pulumi.CustomResource):
    """Stands for the class of a generated SDK of a newer control-plane API version."""

    def __init__(self, name: str, *, opts: pulumi.ResourceOptions, **properties: Any) -> None:
        wire = {
            "resourceGroupName": properties["resource_group_name"],
            "vaultName": properties["vault_name"],
            "secretName": properties["secret_name"],
            "properties": properties["properties"],
            "tags": properties["tags"],
        }
        super().__init__("azure-native_keyvault_v20260201:keyvault:Secret", name, wire, opts)


def test_a_resource_class_that_cannot_be_imported_is_refused() -> None:
    from infra_secrets.errors import UnsupportedError

    recording = recording_on("azure", {"infra-secrets:azureSecretClass": "no.such:Thing"})
    with pytest.raises(
        UnsupportedError, match=r"infra-secrets:azureSecretClass is 'no\.such:Thing'"
    ):
        recording.run(lambda: Secret("x"))


def test_azure_gives_readers_a_role_on_the_secret_alone() -> None:
    recording = recording_on("azure")
    recording.run(lambda: Secret("x", readers=READERS["azure"]))

    first, second = recording.of_type("azure-native:authorization:RoleAssignment")
    assert first.inputs["scope"] == recording.outputs["x"]["secretId"]
    assert first.inputs["roleDefinitionId"].endswith("4633458b-17de-408a-b874-0445c86b69e6")
    assert first.inputs["principalType"] == "ServicePrincipal"
    assert "principalType" not in second.inputs
    assert first.inputs["roleAssignmentName"] != second.inputs["roleAssignmentName"]


@pytest.mark.parametrize(
    ("cloud", "failure", "inputs", "way_out"),
    [
        (
            "aws",
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
            {"name": "a/b"},
            "aws secretsmanager restore-secret --region REGION --secret-id a/b",
        ),
        (
            "gcp",
            "Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied on the key",
            {"secretId": "a__b"},
            "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        ),
        (
            "azure",
            "Conflict: Secret a--b is currently in a deleted but recoverable state",
            {"vaultName": "shop-prod", "secretName": "a--b"},
            "az keyvault secret recover --vault-name shop-prod --name a--b",
        ),
        (
            "azure",
            "Caller is not authorized to perform action on resource.",
            {"vaultName": "shop-prod", "secretName": "a--b"},
            "az keyvault secret show-deleted --vault-name shop-prod --name a--b",
        ),
        (
            "azure",
            "RoleAssignmentExists: The role assignment already exists.",
            {"roleDefinitionId": "/x/roleDefinitions/r", "principalId": "p", "scope": "/s"},
            "az role assignment delete --assignee p --role r --scope /s",
        ),
    ],
    ids=lambda item: str(item)[:40],
)
def test_a_cloud_s_refusal_is_answered_with_the_way_out(
    cloud: str, failure: str, inputs: dict[str, str], way_out: str
) -> None:
    assert way_out in str(clouds.load(cloud).way_out(failure, inputs))


def test_the_customer_s_key_encrypts_the_container_on_aws_and_readers_may_read_only() -> None:
    import json

    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    recording = recording_on("aws")
    recording.run(lambda: Secret("x", encryption_key=key, readers=READERS["aws"]))

    [policy] = recording.of_type("aws:secretsmanager/secretPolicy:SecretPolicy")
    [readers] = json.loads(policy.inputs["policy"])["Statement"]
    assert container(recording, "aws").inputs["kmsKeyId"] == key
    assert readers["Action"] == ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]


def test_gcp_annotations_say_what_a_container_holds_and_whose_it_is() -> None:
    recording = recording_on("gcp")
    recording.run(
        lambda: Secret("x", fields=["URL", "PASSWORD"], description="What it is.", owner="team-a")
    )

    annotations = container(recording, "gcp").inputs["annotations"]
    assert annotations["infra-secrets.fields"] == '["URL", "PASSWORD"]'
    assert annotations["infra-secrets.description"] == "What it is."
    assert annotations["infra-secrets.reference"] == "shop/production"
    assert annotations["infra-secrets.owner"] == "team-a"


@pytest.mark.parametrize("location", ["global", "europe-west1"])
def test_the_customer_s_key_encrypts_the_container_on_gcp_wherever_it_is(location: str) -> None:
    key = f"projects/p/locations/{location}/keyRings/r/cryptoKeys/k"
    replicas = [] if location == "global" else [location]
    recording = recording_on("gcp")
    recording.run(lambda: Secret("x", encryption_key=key, replicas=replicas))

    encryption = {"customerManagedEncryption": {"kmsKeyName": key}}
    assert container(recording, "gcp").inputs["replication"] == (
        {"auto": encryption}
        if location == "global"
        else {"userManaged": {"replicas": [{"location": location, **encryption}]}}
    )


@pytest.mark.parametrize(("cloud", "most"), [("aws", 2048), ("azure", 512)])
def test_a_description_may_be_as_long_as_the_cloud_takes(cloud: str, most: int) -> None:
    recording_on(cloud).run(lambda: Secret("x", description="x" * most))


@pytest.mark.parametrize(
    ("cloud", "url"),
    [
        (
            "gcp",
            (
                "https://console.cloud.google.com/security/secret-manager/secret/"
                "shop__production__x/versions?project=shop-123"
            ),
        ),
        (
            "azure",
            (
                "https://portal.azure.com/#@/asset/Microsoft_Azure_KeyVault/Secret/"
                "https://shop-prod.vault.azure.net/secrets/shop--production--x"
            ),
        ),
    ],
)
def test_the_console_s_address_names_the_place_and_the_container(cloud: str, url: str) -> None:
    recording = recording_on(cloud, PLACES[cloud])
    recording.run(lambda: Secret("x"))

    assert recording.outputs["x"]["consoleUrl"] == url


POOLS = "iam.googleapis.com/projects/1/locations/global/workloadIdentityPools"


@pytest.mark.parametrize(
    "member",
    [
        *[
            "user:a@example.com",
            "serviceAccount:a@p.iam.gserviceaccount.com",
            "group:g@example.com",
        ],
        *["domain:example.com", "serviceAccount:p.svc.id.goog[nlp/api]"],
        *[
            "user:O'Neil+x_1@xn--bcher-kva.example",
            "serviceAccount:example.com:p.svc.id.goog[nlp/a.b]",
        ],
        "principal://iam.googleapis.com/locations/global/workforcePools/p/subject/a@example.com",
        "principalSet://iam.googleapis.com/locations/global/workforcePools/p/group/g",
        f"principalSet://{POOLS}/p/attribute.repository/shop/api",
        f"principal://{POOLS}/p.svc.id.goog/subject/ns/nlp/sa/api",
        "principalSet://cloudresourcemanager.googleapis.com/projects/123/type/ServiceAccount",
        "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/s",
        "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/*",
    ],
)
def test_gcp_takes_every_kind_of_principal_that_is_not_everybody(member: str) -> None:
    recording = recording_on("gcp")
    recording.run(lambda: Secret("x", readers=[member]))

    [grant] = recording.of_type("gcp:secretmanager/secretIamMember:SecretIamMember")
    assert grant.inputs["member"] == member
    assert re.fullmatch("x-reader-[0-9a-f]{8}", grant.name), "too short, and two would collide"


@pytest.mark.parametrize(
    "principal",
    [
        *["root", "user/path/to/somebody", "role/A_b+c=d,e.f@g-h", "role/service-role/api"],
        *["federated-user/somebody", "assumed-role/api/session@example.com"],
    ],
)
@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_aws_takes_every_kind_of_principal_that_is_not_everybody(
    principal: str, partition: str
) -> None:
    arn = f"arn:{partition}:iam::123456789012:{principal}"
    recording = recording_on("aws")
    recording.run(lambda: Secret("x", readers=[arn]))

    [policy] = recording.of_type("aws:secretsmanager/secretPolicy:SecretPolicy")
    [statement] = json.loads(policy.inputs["policy"])["Statement"]
    assert statement["Principal"] == {"AWS": [arn]}


def test_words_are_joined_into_lines_up_to_the_limit_and_not_beyond() -> None:
    assert clouds.lines_of(["aa", "bb"], 5) == ["aa bb"]
    assert clouds.lines_of(["aa", "bb"], 4) == ["aa", "bb"]


def test_gcp_grants_the_accessor_and_the_version_adder_and_nothing_more() -> None:
    recording = recording_on("gcp")
    recording.run(lambda: Secret("x", readers=READERS["gcp"][:1], writers=READERS["gcp"][1:]))

    assert [
        each.inputs["role"]
        for each in recording.of_type("gcp:secretmanager/secretIamMember:SecretIamMember")
    ] == [
        "roles/secretmanager.secretAccessor",
        "roles/secretmanager.secretVersionAdder",
    ]


@pytest.mark.parametrize(("retention", "days"), [("discard", 0), ("recover", None), ("keep", None)])
def test_aws_deletes_at_once_only_what_is_to_be_discarded(retention: Any, days: int | None) -> None:
    recording = recording_on("aws")
    recording.run(lambda: Secret("x", retention=retention))

    assert container(recording, "aws").inputs.get("recoveryWindowInDays") == days


@pytest.mark.parametrize("key", ["alias/shop", "arn:aws:kms:eu-west-1:123456789012:alias/shop"])
def test_aws_makes_no_grant_for_an_alias_which_has_none(key: str) -> None:
    recording = recording_on("aws")
    recording.run(lambda: Secret("x", encryption_key=key, readers=READERS["aws"]))

    assert recording.of_type("aws:kms/grant:Grant") == []


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_each_partition_of_aws_has_its_console_and_the_command_names_the_region(
    partition: str, region: str, host: str
) -> None:
    name = SecretName(service="shop", environment="production", key="x")
    wanted = Wanted(
        logical_name="X", stack="acme/shop/production", name=name, spelled="shop/production/x"
    )
    arn = f"arn:{partition}:secretsmanager:{region}:123456789012:secret:shop/production/x-AbCdEf"

    assert aws._console_url(wanted, arn) == (
        f"https://{host}/secretsmanager/secret?name=shop%2Fproduction%2Fx&region={region}"
    )
    assert f" --region {region} --secret-id {arn} " in str(aws._set_command(wanted, arn))


WRITER_ROLE = "11111111-2222-3333-4444-555555555555"
SUBSCRIPTION = VAULT.partition("/resourceGroups")[0]


@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        (
            WRITER_ROLE,
            f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{WRITER_ROLE}",
        ),
        *[
            (f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{WRITER_ROLE}",) * 2
            for scope in ("", SUBSCRIPTION)
        ],
    ],
    ids=["GUID", "id of the tenant", "id of the subscription"],
)
def test_azure_writers_get_the_role_that_sets_and_never_the_one_that_reads(
    given: str, becomes: str
) -> None:
    recording = recording_on("azure", {"infra-secrets:azureWriterRoleId": given})
    recording.run(lambda: Secret("x", readers=READERS["azure"][:1], writers=READERS["azure"][1:]))

    reader, writer = recording.of_type("azure-native:authorization:RoleAssignment")
    assert reader.inputs["roleDefinitionId"].endswith(azure.SECRETS_USER)
    assert writer.inputs["roleDefinitionId"] == becomes
    assert writer.inputs["principalId"] == READERS["azure"][1]
    assert writer.inputs["scope"] == reader.inputs["scope"] == recording.outputs["x"]["secretId"]


def test_two_spellings_of_one_principal_on_azure_are_one_grant() -> None:
    recording = recording_on("azure")
    names = []
    letters = f"User:abcdefab{READERS['azure'][1][8:]}"
    for reader in (letters, letters.partition(":")[2].upper()):
        recording.run(lambda reader=reader: Secret("x", readers=[reader]))  # type: ignore[misc]
        [made] = recording.of_type("azure-native:authorization:RoleAssignment")
        names.append((made.name, made.inputs["roleAssignmentName"]))

    assert names[0] == names[1]


def test_a_principal_of_azure_that_reads_and_writes_has_an_assignment_for_each() -> None:
    recording = recording_on("azure", {"infra-secrets:azureWriterRoleId": WRITER_ROLE})
    who = READERS["azure"][:1]
    recording.run(lambda: Secret("x", readers=who, writers=who))

    first, second = recording.of_type("azure-native:authorization:RoleAssignment")
    assert first.inputs["principalId"] == second.inputs["principalId"]
    assert first.inputs["roleAssignmentName"] != second.inputs["roleAssignmentName"]


def test_azure_takes_the_id_of_a_secret_in_any_case() -> None:
    recording = recording_on("azure")
    adopted = f"{VAULT.upper()}/secrets/shop--production--x".replace("/SUBS", "/subs")
    recording.run(lambda: Secret("x", adopt=adopted))

    assert container(recording, "azure").inputs["secretName"] == "shop--production--x"


def test_what_an_operator_may_change_is_never_changed_back() -> None:
    def ignored(cloud: str, **given: Any) -> tuple[str, ...]:
        recording = recording_on(cloud)
        recording.run(lambda: Secret("x", retention="discard", **given))
        return container(recording, cloud).ignore_changes

    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    cloud_key = "projects/shop-123/locations/europe-west1/keyRings/r/cryptoKeys/k"
    assert ignored("aws") == ("policy", "kmsKeyId")
    assert ignored("aws", encryption_key=key) == ("policy",)
    assert ignored("gcp")[-1] == "replication.auto.customerManagedEncryption"
    assert (
        ignored("gcp", replicas=["europe-west1"])[-1]
        == "replication.userManaged.replicas[*].customerManagedEncryption"
    )
    assert ignored("gcp", replicas=["europe-west1"], encryption_key=cloud_key) == (
        "expireTime",
        "project",
        "rotation",
        "tags",
        "topics",
        "ttl",
        "versionAliases",
        "versionDestroyTtl",
    )
