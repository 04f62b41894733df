"""What is particular to AWS Secrets Manager."""

import json
from typing import Literal

import pytest

from infra_secrets import Secret
from infra_secrets.clouds import Wanted
from infra_secrets.clouds.aws import container as aws
from infra_secrets.rules.naming import SecretName
from tests.clouds.containers import container
from tests.conftest import recording_on

READERS = ["arn:aws:iam::123456789012:role/api", "arn:aws:iam::123456789012:role/worker"]


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
            readers=READERS[:1],
            writers=READERS[1:],
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
    recording.run(lambda: Secret("x", readers=READERS[:1], writers=READERS[1:]))

    [policy] = recording.of_type("aws:secretsmanager/secretPolicy:SecretPolicy")
    readers, writers = json.loads(policy.inputs["policy"])["Statement"]
    assert policy.inputs["blockPublicPolicy"] is True
    assert [(each["Effect"], each["Resource"]) for each in (readers, writers)] == [
        ("Allow", "*")
    ] * 2
    assert "secretsmanager:GetSecretValue" in readers["Action"]
    assert writers["Action"] == [
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
        "secretsmanager:DescribeSecret",
    ]
    assert writers["Principal"] == {"AWS": READERS[1:]}


def test_a_policy_that_this_package_made_before_writers_could_move_labels_is_its_own() -> None:
    before = {
        "Sid": "Writers",
        "Effect": "Allow",
        "Principal": {"AWS": READERS[:1]},
        "Action": ["secretsmanager:PutSecretValue", "secretsmanager:DescribeSecret"],
        "Resource": "*",
    }

    assert aws._foreign(json.dumps({"Statement": before})) == []
    assert aws._foreign(json.dumps({"Statement": {**before, "Sid": "Readers"}})) == [
        "Allow 'Readers'"
    ]


def test_the_customer_s_key_encrypts_the_container_on_aws_and_readers_may_read_only() -> None:
    import json

    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    recording = recording_on("aws")
    recording.run(lambda: Secret("x", encryption_key=key, readers=READERS))

    [policy] = recording.of_type("aws:secretsmanager/secretPolicy:SecretPolicy")
    [readers] = json.loads(policy.inputs["policy"])["Statement"]
    assert container(recording, "aws").inputs["kmsKeyId"] == key
    assert readers["Action"] == ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]


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


@pytest.mark.parametrize(("retention", "days"), [("discard", 0), ("recover", None), ("keep", None)])
def test_aws_deletes_at_once_only_what_is_to_be_discarded(
    retention: Literal["discard", "recover", "keep"], days: int | None
) -> None:
    recording = recording_on("aws")
    recording.run(lambda: Secret("x", retention=retention))

    assert container(recording, "aws").inputs.get("recoveryWindowInDays") == days


@pytest.mark.parametrize("key", ["alias/shop", "arn:aws:kms:eu-west-1:123456789012:alias/shop"])
def test_aws_makes_no_grant_for_an_alias_which_has_none(key: str) -> None:
    recording = recording_on("aws")
    recording.run(lambda: Secret("x", encryption_key=key, readers=READERS))

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


def test_readers_of_a_replica_are_told_that_their_key_s_policy_has_to_let_them() -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"
    recording = recording_on("aws")
    recording.run(
        lambda: Secret("x", replicas=["us-east-1"], encryption_key=key, readers=READERS[:1])
    )

    [warning] = recording.warnings
    assert "readers get permission to use encryption_key in this region only" in warning
    assert "for each replica, let the key policy" in warning
