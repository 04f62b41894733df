"""Bad input gets one clear error before anything is registered, and never a word of a value."""

import base64
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from infra_secrets import Secret
from infra_secrets.errors import (
    CollisionError,
    InfraSecretsError,
    SecretArgsError,
    SecretNameError,
    UnknownArgumentError,
    UnknownCloudError,
    UnsupportedError,
    ValueGivenError,
)
from infra_secrets.rules.wording import shown
from infra_secrets.testing.recording import Recording
from tests.conftest import recording_on

CANARY = "canary-3f9c-not-a-real-secret"
VAULT = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shop"
    "/providers/Microsoft.KeyVault/vaults/shop-prod"
)
ROLE = "arn:aws:iam::123456789012:role/api"
MEMBER = "serviceAccount:api@shop.iam.gserviceaccount.com"
OBJECT = "11111111-2222-3333-4444-555555555555"


def refusal(program: Callable[[], object], **settings: Any) -> InfraSecretsError:
    """Run a program that must be refused and make sure that nothing was registered."""
    config = {"infra-secrets:cloud": "aws", **settings.pop("config", {})}
    recording = Recording(
        **{"project": "shop", "stack": "production", **settings},
        config={k: v for k, v in config.items() if v},
    )
    with pytest.raises(InfraSecretsError) as refused:
        recording.run(program)
    assert recording.registrations == []
    return refused.value


@pytest.mark.parametrize(
    "argument",
    [
        "value",
        "secret_string",
        "secretString",
        "secretData",
        "secret_data",
        "secret_binary",
        "secret_value",
        "initial_value",
        "password",
        "plaintext",
        "payload",
        "token",
        "generate_secret_string",
    ],
)
@pytest.mark.parametrize("form", ["keyword", "mapping"])
def test_a_value_is_refused_by_every_name_and_never_repeated(argument: str, form: str) -> None:
    given: Any = {argument: CANARY}
    error = refusal(
        lambda: (
            Secret("StripeApiKey", **given) if form == "keyword" else Secret("StripeApiKey", given)
        )
    )

    assert isinstance(error, ValueGivenError)
    assert f"{argument} is not an argument: a Secret never takes its value" in str(error)
    assert "set_command" in str(error)
    assert_unseen(error)


def assert_unseen(error: BaseException) -> None:
    shown = f"{error}{error!r}{error.args}"
    assert CANARY not in shown
    assert base64.b64encode(CANARY.encode()).decode() not in shown


def test_a_refusal_is_printed_without_the_traceback_that_would_quote_the_program() -> None:
    error = refusal(lambda: Secret("StripeApiKey", value=CANARY))  # type: ignore[call-arg]

    assert isinstance(error, pulumi.RunError)
    assert error.__cause__ is None


@pytest.mark.parametrize(
    ("argument", "meant"),
    [
        ("kye", "key"),
        ("enviroment", "environment"),
        ("maxAgeDays", "max_age_days"),
        ("Fields", "fields"),
        ("reader", "readers"),
    ],
)
def test_an_unknown_argument_is_answered_with_the_nearest_right_one(
    argument: str, meant: str
) -> None:
    given: Any = {argument: CANARY}
    error = refusal(lambda: Secret("StripeApiKey", **given))

    assert isinstance(error, UnknownArgumentError)
    assert f"{argument} is not an argument of a Secret. Did you mean {meant}?" in str(error)
    assert_unseen(error)


def test_an_argument_like_no_other_is_answered_with_all_there_are() -> None:
    error = refusal(lambda: Secret("StripeApiKey", zzz=1))  # type: ignore[call-arg]

    assert (
        "zzz is not an argument of a Secret. It takes cloud, service, environment, key, fields"
        in str(error)
    )


def test_everything_that_is_wrong_is_said_at_once() -> None:
    error = refusal(
        lambda: Secret(
            "StripeApiKey",
            service="Payments",
            key="DB_PASSWORD",
            retention="kep",  # type: ignore[arg-type]
            fields=[],
            max_age_days=-1,
            tags={"cost": 4},  # type: ignore[dict-item]
            value=CANARY,  # type: ignore[call-arg]
        )
    )

    assert type(error).__name__ == "SecretArgsError"
    assert isinstance(error, SecretArgsError)
    assert len(error.problems) == 6
    assert str(error).startswith(
        'Secret("StripeApiKey"): 6 problems to fix before anything is created:\n  - value is'
    )
    for part in (
        "service='Payments'",
        "key='DB_PASSWORD'",
        "Did you mean 'keep'?",
        "fields is empty",
        "max_age_days=-1",
    ):
        assert part in str(error)
    assert_unseen(error)


def test_no_cloud_says_how_to_choose_one() -> None:
    error = refusal(lambda: Secret("StripeApiKey"), config={"infra-secrets:cloud": ""})

    assert isinstance(error, UnknownCloudError)
    assert "pulumi config set infra-secrets:cloud aws (one of aws, azure, gcp)" in str(error)


@pytest.mark.parametrize("cloud", ["gpc", "AWS", "oci", "clouds", "__init__", "../aws", "aws "])
def test_an_unknown_cloud_lists_those_that_are_known(cloud: Any) -> None:
    error = refusal(lambda: Secret("StripeApiKey", cloud=cloud))

    assert isinstance(error, UnknownCloudError)
    assert "it must be one of aws, azure, gcp" in str(error)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            {"service": 12.0},
            "service must be a string, e.g. 'api'; found a number; quote it: service: '12'.",
        ),
        (
            {"key": True},
            "key must be a string, e.g. 'stripe-api-key'; found a boolean; quote it: key: 'true'.",
        ),
        ({"key": ""}, "key must be a string, e.g. 'stripe-api-key'; found nothing."),
        ({"environment": ["a"]}, "environment must be a string, e.g. 'production'; found a list."),
        (
            {"fields": "API_KEY"},
            "fields must be a list of strings, e.g. ['API_KEY']; found a string.",
        ),
        ({"fields": []}, "fields is empty"),
        ({"fields": ["A", "A"]}, "fields has 'A' more than once"),
        ({"fields": ["A", ""]}, "fields[1] must be a string; found nothing."),
        ({"fields": ["A", 3.0]}, "fields[1] must be a string; found a number."),
        ({"fields": ["A B"]}, "fields has 'A B'"),
        ({"fields": ["k" * 129]}, "a JSON key has 1 to 128 characters"),
        ({"max_age_days": 0}, "max_age_days=0 is not possible"),
        ({"max_age_days": 90.5}, "max_age_days=90.5 is not possible"),
        ({"max_age_days": float("nan")}, "max_age_days=nan is not possible"),
        ({"max_age_days": float("inf")}, "max_age_days=inf is not possible"),
        (
            {"max_age_days": True},
            "max_age_days must be a whole number of days, 1 to 36500; found a boolean.",
        ),
        (
            {"max_age_days": "90"},
            "max_age_days must be a whole number of days, 1 to 36500; found a string.",
        ),
        (
            {"tags": ["a"]},
            "tags must be a mapping of strings to strings, e.g. {'team': 'payments'}; found a list.",
        ),
        (
            {"tags": {"cost": 42.0}},
            "tags['cost'] must be a string; found a number; quote it: cost: '42'.",
        ),
        ({"tags": {1: "a"}}, "tags has a key that is not a string: a number."),
        ({"tags": {"infra-secrets:owner": "me"}}, "is reserved for the package"),
        (
            {"readers": ROLE},
            "readers must be a list of strings, each a principal, as the cloud writes it; found a string.",
        ),
        ({"readers": [None]}, "readers[0] must be a string; found nothing."),
        ({"readers": [ROLE, ROLE]}, "more than once"),
        (
            {"description": 7},
            "description must be a string, e.g. 'Charges credit cards'; found a number; quote it: description: '7'.",
        ),
        ({"owner": ["me"]}, "owner must be a string, e.g. 'payments@example.com'; found a list."),
        ({"retention": "Keep"}, "Did you mean 'keep'?"),
        ({"retention": "forever"}, "it must be one of 'keep' (removing it from code is refused)"),
    ],
    ids=str,
)
def test_a_wrong_type_or_value_is_refused(arguments: dict[str, Any], problem: str) -> None:
    error = refusal(lambda: Secret("StripeApiKey", **arguments))

    assert problem in str(error)


def test_a_name_that_only_an_apply_would_know_is_refused() -> None:
    error = refusal(lambda: Secret("StripeApiKey", service=pulumi.Output.from_input("shop")))  # type: ignore[arg-type]

    assert (
        "service must be a plain string, because it must be known before anything is created"
        in str(error)
    )


@pytest.mark.parametrize(
    ("name", "found"), [("", "nothing"), (None, "nothing"), (3, "a number"), (["a"], "a list")]
)
def test_a_secret_without_a_name_is_refused(name: Any, found: str) -> None:
    assert f'Secret needs a name, a string, as in Secret("StripeApiKey"); found {found}.' in str(
        refusal(lambda: Secret(name))
    )


@pytest.mark.parametrize("args", [["key"], "key", 3])
def test_args_that_are_no_mapping_are_refused(args: Any) -> None:
    assert "args must be a mapping" in str(refusal(lambda: Secret("StripeApiKey", args)))


@pytest.mark.parametrize("name", ["Ключ", "clé", "a/b", "key!"])
def test_a_logical_name_that_makes_no_key_is_refused(name: str) -> None:
    assert "Set key= yourself" in str(refusal(lambda: Secret(name)))


def test_a_project_whose_name_is_no_service_says_where_it_came_from_and_how_to_change_it() -> None:
    error = refusal(lambda: Secret("StripeApiKey"), project="My_Shop", stack="EU.prod")

    assert isinstance(error, SecretNameError)
    assert (
        "service is the project's name; pulumi config set infra-secrets:service my-shop sets another one."
        in str(error)
    )
    assert (
        "environment is the stack's name; pulumi config set infra-secrets:environment eu-prod"
        in str(error)
    )


def test_two_secrets_of_one_program_that_would_be_one_container_are_refused_naming_both() -> None:
    recording = Recording(project="shop", stack="production", config={"infra-secrets:cloud": "aws"})

    def program() -> None:
        Secret("StripeApiKey")
        Secret("StripeAPIKey")

    with pytest.raises(
        CollisionError,
        match=r'Secret\("StripeAPIKey"\).*already the container of Secret\("StripeApiKey"\)',
    ):
        recording.run(program)


def test_the_same_name_in_two_regions_is_no_collision() -> None:
    import pulumi_aws as aws

    recording = Recording(project="shop", stack="production", config={"infra-secrets:cloud": "aws"})

    def program() -> None:
        for region in ("eu-west-1", "us-east-1"):
            provider = aws.Provider(region, region=region)
            Secret(
                "StripeApiKey" if region == "eu-west-1" else "Abroad",
                key="stripe-api-key",
                opts=pulumi.ResourceOptions(provider=provider),
            )

    recording.run(program)

    assert len(recording.of_type("aws:secretsmanager/secret:Secret")) == 2


def test_the_same_program_can_run_again() -> None:
    recording = Recording(project="shop", stack="production", config={"infra-secrets:cloud": "aws"})
    for _ in range(2):
        recording.run(lambda: Secret("StripeApiKey"))

        assert len(recording.of_type("aws:secretsmanager/secret:Secret")) == 1


def test_import_as_a_resource_option_points_to_adopt() -> None:
    error = refusal(lambda: Secret("StripeApiKey", opts=pulumi.ResourceOptions(import_="x")))

    assert "adopts an existing container with adopt=" in str(error)


@pytest.mark.parametrize("argument", ["description", "owner", "encryption_key"])
def test_a_secret_output_where_the_cloud_shows_plain_text_is_refused(argument: str) -> None:
    recording = Recording(
        project="shop",
        stack="production",
        config={"infra-secrets:cloud": "aws"},
        secrets={"shop:password": CANARY},
    )

    def program() -> None:
        given: Any = {argument: pulumi.Config().require_secret("password")}
        Secret("StripeApiKey", **given)

    with pytest.raises(pulumi.RunError, match=f"{argument} was given a secret") as refused:
        recording.run(program)
    assert recording.of_type("aws:secretsmanager/secret:Secret") == []
    assert_unseen(refused.value)


UNSUPPORTED: list[tuple[str, dict[str, Any], str]] = [
    ("gcp", {"retention": "recover"}, "it deletes a secret at once and for good"),
    ("azure", {"replicas": ["westeurope"]}, "replicas is not possible on Azure"),
    ("azure", {"encryption_key": "k"}, "encryption_key is not possible on Azure"),
    ("azure", {"azure_vault_id": "shop-prod"}, "is not the ARM id of a Key Vault"),
    ("azure", {"azure_vault_id": VAULT + "/secrets/x"}, "is not the ARM id of a Key Vault"),
    (
        "azure",
        {"azure_vault_id": VAULT.replace("shop-prod", "x")},
        "is not the ARM id of a Key Vault",
    ),
    ("azure", {"writers": [OBJECT]}, "az role definition create"),
    (
        "azure",
        {"tags": {f"t{n}": "x" for n in range(15)}},
        "Key Vault takes 14 on a secret and this package adds 2",
    ),
    ("azure", {"description": "x" * 513}, "Key Vault takes at most 512"),
    ("aws", {"azure_vault_id": VAULT}, "azure_vault_id is for Azure Key Vault only"),
    ("aws", {"replicas": ["europe-west1"]}, "not an AWS region"),
    ("gcp", {"replicas": ["eu-central-1"]}, "not a GCP location"),
    (
        "aws",
        {
            "replicas": ["eu-central-1"],
            "encryption_key": "arn:aws:kms:eu-west-1:123456789012:key/1",
        },
        "multi-Region key",
    ),
    ("gcp", {"encryption_key": "k"}, "is not the name of a Cloud KMS key"),
    (
        "gcp",
        {"encryption_key": "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"},
        "needs a key in 'global'",
    ),
    (
        "gcp",
        {
            "encryption_key": "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k",
            "replicas": ["europe-west1", "us-east1"],
        },
        "every replica needs a key of its own location",
    ),
    ("aws", {"description": "x" * 2049}, "AWS takes at most 2048"),
    (
        "aws",
        {"tags": {f"t{n}": "x" for n in range(50)}},
        "AWS takes 50 on a secret and this package adds 2",
    ),
    ("aws", {"tags": {"aws:x": "y"}}, "not starting with 'aws:'"),
    ("aws", {"tags": {"Aws:x": "y"}}, "not starting with 'aws:'"),
    ("aws", {"tags": {"a": "x" * 257}}, "it has 257 characters"),
    ("gcp", {"tags": {"Cost": "x"}}, "cannot be a label on GCP"),
    ("gcp", {"tags": {"cost": "a b"}}, "has a value that cannot be a label on GCP"),
    (
        "gcp",
        {"tags": {f"t{n}": "x" for n in range(64)}},
        "GCP takes 64 labels on a secret, and pulumi-gcp adds 1",
    ),
    ("aws", {"fields": ['"q"']}, """fields has '"q"'; on AWS a field's name is made of letters,"""),
    ("gcp", {"tags": {"cost": "High"}}, "has a value that cannot be a label on GCP"),
    ("gcp", {"tags": {"cost": "漢" * 43}}, "has a value that cannot be a label on GCP"),
    ("gcp", {"description": "x" * 16384}, "GCP stores at most 16383"),
    ("aws", {"adopt": "shop/production/stripe-api-key"}, "is not the full ARN of a secret"),
    (
        "aws",
        {"adopt": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:web/dev/x-AbCdEf"},
        "Give service='web', environment='dev', key='x'",
    ),
    (
        "aws",
        {"adopt": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:Legacy-AbCdEf"},
        "AWS Secrets Manager cannot rename a secret",
    ),
    ("gcp", {"adopt": "shop__production__stripe-api-key"}, "is not the name of a secret"),
    ("gcp", {"adopt": "projects/p/secrets/legacy"}, "GCP Secret Manager cannot rename a secret"),
    ("azure", {"tags": {"-o": "x"}}, "would be an option for the az command line"),
    ("azure", {"tags": {"@tags.json": "x"}}, "would be an option for the az command line"),
    ("azure", {"adopt": "stripe"}, "is not the ARM id of a secret"),
    ("azure", {"adopt": f"{VAULT}/secrets/web--dev--x"}, "Give service='web'"),
    (
        "azure",
        {
            "adopt": f"{VAULT.replace('shop-prod', 'other')}/secrets/shop--production--stripe-api-key"
        },
        "Give the same vault",
    ),
    ("aws", {"readers": [MEMBER]}, "on AWS a principal is the ARN"),
    ("aws", {"readers": ["*"]}, "on AWS a principal is the ARN"),
    ("aws", {"readers": ["arn:aws:iam::123456789012:role/*"]}, "without wildcards"),
    ("aws", {"writers": [OBJECT]}, "writers has"),
    ("gcp", {"readers": [ROLE]}, "on GCP a principal is"),
    ("gcp", {"readers": ["allUsers"]}, "never everybody"),
    ("gcp", {"writers": ["allAuthenticatedUsers"]}, "never everybody"),
    ("azure", {"readers": [ROLE]}, "on Azure a principal is the object id"),
    ("azure", {"readers": ["api@example.com"]}, "on Azure a principal is the object id"),
]


@pytest.mark.parametrize(
    ("cloud", "arguments", "reason"), UNSUPPORTED, ids=lambda item: str(item)[:60]
)
def test_what_a_cloud_cannot_honour_is_refused_by_name_with_the_reason(
    cloud: str, arguments: dict[str, Any], reason: str
) -> None:
    config = {"infra-secrets:cloud": cloud} | (
        {"infra-secrets:azureVaultId": VAULT} if cloud == "azure" else {}
    )
    error = refusal(lambda: Secret("StripeApiKey", **arguments), config=config)

    assert isinstance(error, UnsupportedError | SecretNameError)
    assert reason in str(error)


POOL = "iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p"
GUID = "00000000-0000-0000-0000-000000000001"
NO_PRINCIPAL = {
    "aws": [
        *["arn:aws:iam::123456789012:role/api\n", "arn:aws:iam::123456789012:role/a?b"],
        *["arn:aws:iam::123456789012:role/a b", "arn:aws:iam::123456789012:role/é"],
        *["arn:aws:iam::123456789012:role/", "arn:aws:iam::123456789012:role//api"],
        *[
            "arn:aws:iam::123456789012:root\n",
            "arn:aws:iam::123456789012:group/api",
            "123456789012",
        ],
        *["arn:aws:sts::123456789012:assumed-role/api/*", "arn:aws:iam::*:root"],
    ],
    "gcp": [
        *[
            "user:*",
            "user:a",
            "user:a@b",
            "user:a@example.com\n",
            "user:@example.com",
            "user:a@@b.c",
        ],
        *["user:*@example.com", "domain:*", "domain:com", "domain:*.example.com", "domain:a@b.com"],
        *[
            "group:allUsers",
            "group:allAuthenticatedUsers",
            "serviceAccount:x",
            "serviceAccount:a:b",
        ],
        *["serviceAccount:p.svc.id.goog[*/*]", "serviceAccount:p.svc.id.goog", "principalSet://*"],
        *["principalSet://goog/public:all", "principal://goog/public:all", "principal://x"],
        *["principalSet://iam.googleapis.com/*", f"principal://{POOL}/*", f"principal://{POOL}"],
        *[f"principalSet://{POOL}", f"principalSet://{POOL}/group/*", f"principalSet://{POOL}/*\n"],
        "principalSet://cloudresourcemanager.googleapis.com/*",
    ],
    "azure": [
        *[
            f"Bogus:{GUID}",
            f":{GUID}",
            f"{GUID}\n",
            f"User:{GUID} ",
            f"User:Group:{GUID}",
            "User:*",
        ],
        GUID[:-1],
    ],
}


@pytest.mark.parametrize(
    ("cloud", "principal"),
    [(cloud, principal) for cloud, those in NO_PRINCIPAL.items() for principal in those],
)
@pytest.mark.parametrize("argument", ["readers", "writers"])
@pytest.mark.parametrize("form", [str, pulumi.Output.from_input], ids=["plain", "output"])
def test_everybody_and_what_is_no_principal_is_refused_plain_and_as_an_output(
    cloud: str, principal: str, argument: str, form: Callable[[str], Any]
) -> None:
    recording = recording_on(cloud, {"infra-secrets:azureWriterRoleId": GUID})

    def program() -> None:
        given: Any = {argument: [form(principal)]}
        Secret("StripeApiKey", **given)

    with pytest.raises(InfraSecretsError) as refused:
        recording.run(program)

    assert f"{argument} has {shown(principal)}; on " in str(refused.value)
    assert [each for each in recording.registrations if "infra-secrets:" not in each.type] == []


def test_azure_without_a_vault_says_how_to_name_one() -> None:
    error = refusal(lambda: Secret("StripeApiKey", cloud="azure"))

    assert "pulumi config set infra-secrets:azureVaultId /subscriptions/" in str(error)


def test_a_writer_role_that_is_no_role_is_refused() -> None:
    config = {
        "infra-secrets:azureVaultId": VAULT,
        "infra-secrets:azureWriterRoleId": "Secrets Officer",
    }
    error = refusal(lambda: Secret("StripeApiKey", cloud="azure", writers=[OBJECT]), config=config)

    assert "infra-secrets:azureWriterRoleId is 'Secrets Officer'" in str(error)


@pytest.mark.parametrize(
    "autonaming",
    [
        '{"mode": "verbatim"}',
        '{"mode": "disabled"}',
        '{"pattern": "${name}-${stack}"}',
        '{"mode": "default", "providers": {"aws": {"resources": {"aws:s3:Bucket": {"mode": "verbatim"}}}}}',
    ],
)
def test_autonaming_that_makes_the_engine_delete_first_is_refused_unless_everything_is_kept(
    autonaming: str,
) -> None:
    config = {"pulumi:autonaming": autonaming}
    error = refusal(lambda: Secret("StripeApiKey", retention="discard"), config=config)
    recording = Recording(
        project="shop", stack="production", config={"infra-secrets:cloud": "aws", **config}
    )
    recording.run(lambda: Secret("StripeApiKey"))

    assert "Pulumi deletes a resource before it creates its replacement" in str(error)
    assert recording.of_type("aws:secretsmanager/secret:Secret")


@pytest.mark.parametrize(
    "autonaming", ['{"mode": "default"}', '{"pattern": "${name}-${hex(6)}"}', "{}", "not json"]
)
def test_autonaming_that_is_harmless_is_not_refused(autonaming: str) -> None:
    recording = Recording(
        project="shop",
        stack="production",
        config={"infra-secrets:cloud": "aws", "pulumi:autonaming": autonaming},
    )
    recording.run(lambda: Secret("StripeApiKey", retention="discard"))

    assert recording.of_type("aws:secretsmanager/secret:Secret")


@pytest.mark.parametrize("argument", ["key", "service", "environment", "adopt", "fields"])
@pytest.mark.parametrize(
    "value",
    [
        "sk_live_not_real_1234567890",
        "postgres://u:p4ssw0rd@db/x",
        "Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZg==",
    ],
)
def test_a_value_in_a_known_argument_is_not_repeated_either(argument: str, value: str) -> None:
    given: Any = {argument: [f"{value} "] if argument == "fields" else value}
    error = refusal(lambda: Secret("StripeApiKey", **given))

    assert value not in str(error)
    assert "not shown because they look like a value" in str(error)


@pytest.mark.parametrize("days", [10**400, 36_501, 1e300])
def test_an_age_out_of_range_is_refused(days: Any) -> None:
    assert "1 to 36500" in str(refusal(lambda: Secret("StripeApiKey", max_age_days=days)))


def test_options_that_are_none_are_refused_without_repeating_them() -> None:
    error = refusal(lambda: Secret("StripeApiKey", opts={"value": CANARY}))  # type: ignore[arg-type]

    assert "opts must be pulumi.ResourceOptions(...); found a dict" in str(error)
    assert_unseen(error)


def test_two_secrets_in_the_same_vault_of_the_same_program_are_noticed() -> None:
    recording = Recording(
        project="shop", stack="production", config={"infra-secrets:cloud": "azure"}
    )

    def program() -> None:
        vault = pulumi.Output.from_input(VAULT)
        Secret("StripeApiKey", azure_vault_id=vault)
        Secret("StripeAPIKey", azure_vault_id=vault)

    with pytest.raises(CollisionError, match="already the container of"):
        recording.run(program)


@pytest.mark.parametrize(("cloud", "principal"), [("gcp", "allUsers"), ("aws", "*")])
def test_everybody_is_refused_also_when_an_output_says_it(cloud: str, principal: str) -> None:
    recording = Recording(project="shop", stack="production", config={"infra-secrets:cloud": cloud})
    with pytest.raises(Exception, match="principal"):
        recording.run(lambda: Secret("StripeApiKey", readers=[pulumi.Output.from_input(principal)]))
    assert not [
        each for each in recording.registrations if "Policy" in each.type or "Iam" in each.type
    ]


ARN = (
    "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/production/stripe-api-key-AbCdEf"
)
HERE = "urn:pulumi:production::shop::"
RAW = "aws:secretsmanager/secret:Secret"
NO_NAME = "is neither a logical name nor a URN, which begins with 'urn:pulumi:'. Copy the whole URN"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"adopt_from": "acme/shop/test"}, "give adopt= too, or leave it out."),
        (
            {"adopt": ARN, "adopt_from": "acme/shop"},
            "'acme/shop' is not a stack; it must be organization/",
        ),
        (
            {"adopt": ARN, "adopt_from": "acme//test"},
            "'acme//test' is not a stack; it must be organization/",
        ),
        (
            {"adopt": ARN, "adopt_from": "a/b/c/d"},
            "'a/b/c/d' is not a stack; it must be organization/",
        ),
        (
            {"adopt": ARN, "adopt_from": "a/b/c d"},
            "'a/b/c d' is not a stack; it must be organization/",
        ),
        (
            {"adopt": ARN, "adopt_from": ARN},
            "is not a stack; it must be organization/project/stack",
        ),
        (
            {"adopt": ARN, "adopt_from": f"a/b/{'x' * 101}"},
            "(105 characters) is not a stack; it must be",
        ),
        ({"adopt": ARN, "formerly": "stripe"}, "formerly and adopt cannot be combined: formerly"),
        ({"formerly": ARN}, "is a cloud's id, and formerly is the logical name, or URN, of a"),
        (
            {"formerly": ARN.upper()},
            "To adopt a container that this stack does not have, give adopt=<its",
        ),
        ({"formerly": "projects/p/secrets/s"}, "'projects/p/secrets/s' is a cloud's id, and"),
        ({"formerly": VAULT + "/secrets/s"}, "is a cloud's id, and formerly is the logical name"),
        ({"formerly": "https://shop.vault.azure.net/secrets/s"}, "is a cloud's id, and formerly"),
        (
            {"formerly": "a\0b"},
            "is not a logical name, which has 1 to 2000 characters, none of them a",
        ),
        ({"formerly": "x" * 2001}, "(2001 characters) is not a logical name, which has 1 to 2000"),
        (
            {"formerly": f"urn:pulumi:dev::shop::{RAW}::s"},
            f"not in this stack; its URNs begin with '{HERE}'.",
        ),
        ({"formerly": f"urn:pulumi:production::pay::{RAW}::s"}, "is not in this stack; its URNs"),
        (
            {"formerly": f"{HERE}{RAW}"},
            "is not a complete URN: one ends in ::<logical name>. Copy it",
        ),
        (
            {"formerly": f"{HERE}{RAW}::"},
            "is not a complete URN: one ends in ::<logical name>. Copy it",
        ),
        (
            {"formerly": f"{HERE}a:b:C::s"},
            f"formerly names a 'a:b:C', but the container is a '{RAW}'",
        ),
        ({"formerly": f"{HERE}{RAW}$a:b:C::s"}, "formerly names a 'a:b:C', but the container"),
        ({"formerly": f"URN:pulumi:production::shop::{RAW}::s"}, NO_NAME),
        ({"formerly": "URN:x"}, NO_NAME),
        ({"formerly": f"{RAW}::s"}, NO_NAME),
        (
            {"formerly": 7},
            "formerly must be a string, the logical name or URN of a resource of this stack, e.g. 'stripe'; found a",
        ),
        (
            {"adopt_from": 7},
            "adopt_from must be a string, the stack that has it now, as 'organization/project/stack'; found",
        ),
    ],
    ids=lambda given: given if isinstance(given, str) else str(given)[:60],
)
def test_what_can_take_over_nothing_is_refused(given: dict[str, Any], says: str) -> None:
    error = refusal(lambda: Secret("StripeApiKey", **given))

    assert says in str(error)
    assert len(str(error)) < 1_000


@pytest.mark.parametrize(
    "given",
    [
        {"adopt": ARN, "adopt_from": "acme-inc/shop.io/eu_1"},
        {"formerly": "stripe"},
        {"formerly": "a/b: c"},
        {"formerly": "x" * 2000},
        {"formerly": "my-arn:projects/"},
        {"formerly": f"{HERE}{RAW}::s"},
        {"formerly": f"{HERE}a:b:Platform$c:d:Eu${RAW}::s"},
        {"formerly": f"{HERE}{RAW}::a::b"},
    ],
    ids=lambda given: str(given)[:60],
)
def test_what_can_take_over_something_is_not_refused(given: dict[str, Any]) -> None:
    recording = Recording(
        project="shop",
        stack="production",
        config={"infra-secrets:cloud": "aws", "aws:region": "eu-central-1"},
    )
    recording.run(lambda: Secret("StripeApiKey", **given))

    assert len(recording.of_type(RAW)) == 1


@pytest.mark.parametrize("argument", ["formerly", "adopt_from"])
def test_a_value_in_what_it_takes_over_from_is_not_repeated(argument: str) -> None:
    value = "sk_live_not_real_1234567890"
    given: Any = {"adopt": ARN, argument: f"{value}::"}
    error = refusal(lambda: Secret("StripeApiKey", **given))

    assert value not in str(error)
