import json
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from infra_secrets.testing import (
    CloudError,
    EngineError,
    NoSuchSecretError,
    Recording,
    Rehearsal,
    SimulatedAws,
)
from infra_secrets.testing.clouds.aws import ACCOUNT, SecretsManager

REGION = "eu-west-1"


# The service ------------------------------------------------------------------------------------


@pytest.fixture
def service() -> SecretsManager:
    return SecretsManager()


def test_a_new_secret_is_empty_and_its_arn_ends_in_six_characters(service: SecretsManager) -> None:
    secret = service.create_secret(REGION, "api/prod")
    assert secret.versions == []
    assert secret.arn[:-7] == f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:api/prod"
    with pytest.raises(CloudError, match="can't find the specified secret value for staging label"):
        service.get_secret_value(REGION, "api/prod")


def test_a_missing_secret_has_the_same_code_and_another_text(service: SecretsManager) -> None:
    with pytest.raises(CloudError, match=r"can't find the specified secret\.$") as raised:
        service.get_secret_value(REGION, "api/prod")
    assert raised.value.code == "ResourceNotFoundException"


def test_a_new_value_moves_the_labels(service: SecretsManager) -> None:
    service.create_secret(REGION, "x")
    for value in ("one", "two", "three"):
        service.put_secret_value(REGION, "x", value)
    versions = service.secrets[REGION, "x"].versions
    assert [sorted(version.stages) for version in versions] == [[], ["AWSPREVIOUS"], ["AWSCURRENT"]]
    assert service.get_secret_value(REGION, "x").value == "three"


def test_an_empty_value_is_refused(service: SecretsManager) -> None:
    service.create_secret(REGION, "x")
    with pytest.raises(CloudError, match="length between 1 and 65536"):
        service.put_secret_value(REGION, "x", "")


def test_a_name_is_taken_per_region(service: SecretsManager) -> None:
    service.create_secret(REGION, "x")
    service.create_secret("us-east-1", "x")
    with pytest.raises(CloudError) as raised:
        service.create_secret(REGION, "x")
    assert raised.value.code == "ResourceExistsException"
    assert str(raised.value) == "The operation failed because the secret x already exists."


def test_a_scheduled_deletion_locks_the_name_and_the_value_until_it_is_cancelled(
    service: SecretsManager,
) -> None:
    service.create_secret(REGION, "x")
    service.put_secret_value(REGION, "x", "value")
    service.delete_secret(REGION, "x")
    with pytest.raises(CloudError, match="already scheduled for deletion"):
        service.create_secret(REGION, "x")
    with pytest.raises(CloudError, match="marked for deletion"):
        service.get_secret_value(REGION, "x")
    service.restore_secret(REGION, "x")
    assert service.get_secret_value(REGION, "x").value == "value"


def test_a_rule_that_is_switched_off_does_not_bite() -> None:
    service = SecretsManager(frozenset({"aws-name-locked-while-deletion-scheduled"}))
    service.create_secret(REGION, "x")
    service.delete_secret(REGION, "x")
    assert service.create_secret(REGION, "x").versions == []


def test_a_secret_whose_deletion_is_scheduled_cannot_be_deleted_again(
    service: SecretsManager,
) -> None:
    service.create_secret(REGION, "x")
    service.delete_secret(REGION, "x")
    with pytest.raises(CloudError, match="marked for deletion"):
        service.delete_secret(REGION, "x", recovery_days=0)


def test_an_update_without_a_key_leaves_the_key_and_the_default_key_is_not_described(
    service: SecretsManager,
) -> None:
    secret = service.create_secret(REGION, "x", kms_key_id="alias/mine")
    service.update_secret(REGION, "x", description="new")
    assert secret.kms_key_id == "alias/mine"
    service.update_secret(REGION, "x", description="new", kms_key_id="alias/aws/secretsmanager")
    assert secret.kms_key_id == ""


def test_without_a_recovery_window_the_secret_is_gone_at_once(service: SecretsManager) -> None:
    service.create_secret(REGION, "x")
    service.delete_secret(REGION, "x", recovery_days=0)
    assert service.secrets == {}


def test_a_primary_with_replicas_cannot_be_deleted(service: SecretsManager) -> None:
    service.create_secret(REGION, "x", replicas=[{"region": "us-east-1"}])
    with pytest.raises(CloudError, match=r"still has replica regions \[us-east-1\]"):
        service.delete_secret(REGION, "x")
    service.replicate(REGION, "x", [])
    service.delete_secret(REGION, "x")


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"name": "a" * 513}, "Invalid name"),
        ({"name": "a b"}, "Invalid name"),
        ({"name": ""}, "Invalid name"),
        ({"name": "x", "description": "d" * 2049}, "'description' failed"),
        ({"name": "x", "tags": {str(n): "" for n in range(51)}}, "at most 50 tags"),
        ({"name": "x", "tags": {"k" * 129: ""}}, "1 to 128 characters"),
        ({"name": "x", "tags": {"k": "v" * 257}}, "at most 256"),
        ({"name": "x", "tags": {"aws:k": "v"}}, "cannot start with 'aws:'"),
    ],
)
def test_what_is_beyond_a_limit_is_refused(
    service: SecretsManager, settings: dict[str, Any], text: str
) -> None:
    with pytest.raises(CloudError, match=text):
        service.create_secret(REGION, **settings)


def test_what_is_at_a_limit_is_taken(service: SecretsManager) -> None:
    tags = {f"{n:0128}": "v" * 256 for n in range(50)}
    service.create_secret(REGION, "a" * 512, description="d" * 2048, tags=tags)


def _policy(principal: object, **more: object) -> str:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": principal, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["arn:x", "*"]}])
def test_a_policy_for_everybody_is_blocked_on_request(
    service: SecretsManager, principal: object
) -> None:
    service.create_secret(REGION, "x")
    policy = _policy(principal)
    service.put_resource_policy(REGION, "x", policy, block_public_policy=False)
    with pytest.raises(CloudError, match="did not prevent broad access"):
        service.put_resource_policy(REGION, "x", policy, block_public_policy=True)
    guarded = _policy(principal, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})
    service.put_resource_policy(REGION, "x", guarded, block_public_policy=True)


def test_a_policy_that_is_no_policy_is_refused(service: SecretsManager) -> None:
    service.create_secret(REGION, "x")
    with pytest.raises(CloudError, match="syntax error"):
        service.put_resource_policy(REGION, "x", "{}", block_public_policy=True)


@pytest.mark.parametrize(
    "principal",
    [
        *(None, "None", {"AWS": None}, {"AWS": [None]}, {"AWS": ["arn:x", 1]}),
        *({"AWS": "None"}, {"AWS": ["arn:x", "None"]}, {"AWS": "app"}, {"AWS": "12345"}),
        *({"Service": "None"}, {"Federated": ""}),
    ],
)
def test_a_principal_that_is_nobody_is_refused_wherever_a_policy_is(
    service: SecretsManager, principal: object
) -> None:
    service.create_secret(REGION, "x")
    policy = _policy(principal)
    with pytest.raises(CloudError, match="unsupported principal") as raised:
        service.put_resource_policy(REGION, "x", policy, block_public_policy=False)
    assert raised.value.code == "MalformedPolicyDocumentException"
    free = SecretsManager(frozenset({"aws-principals-are-texts"}))
    free.create_secret(REGION, "x")
    free.put_resource_policy(REGION, "x", policy, block_public_policy=False)


@pytest.mark.parametrize(
    "principal",
    [
        *("*", {"AWS": "123456789012"}, {"AWS": "arn:aws:iam::123456789012:root"}),
        *({"AWS": ["AROAEXAMPLEEXAMPLEEXA", "AIDAEXAMPLEEXAMPLEEXA"]},),
        *({"Service": "lambda.amazonaws.com"}, {"CanonicalUser": "79a59df900b949e5"}),
    ],
)
def test_a_principal_that_is_somebody_is_taken(service: SecretsManager, principal: object) -> None:
    service.create_secret(REGION, "x")
    service.put_resource_policy(REGION, "x", _policy(principal), block_public_policy=False)


@pytest.mark.engine
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK's own, when it is imported
def test_a_permission_for_nobody_is_refused() -> None:
    def program() -> None:
        nobody = pulumi.Output.from_input(None)
        aws.lambda_.Permission("p", action="lambda:InvokeFunction", function="f", principal=nobody)

    with Rehearsal(program) as rehearsal:
        assert '"principal" names nobody' in rehearsal.up(check=False).error
    with pytest.raises(CloudError, match='"principal" names nobody'):
        Recording().run(program)


@pytest.mark.engine
def test_a_role_whose_principal_is_null_is_refused_on_the_engine_and_in_a_recording() -> None:
    def program() -> None:
        aws.iam.Role("app", assume_role_policy=_policy({"AWS": [None]}))

    with Rehearsal(program) as rehearsal:
        rehearsal.preview()  # nobody asks IAM
        refused = rehearsal.up(check=False)
        assert "MalformedPolicyDocument" in refused.error
        assert "a principal of assumeRolePolicy is nobody" in refused.error
    with pytest.raises(CloudError, match="MalformedPolicyDocument"):
        Recording().run(program)
    cloud = SimulatedAws(without={"aws-principals-are-texts"})
    with Rehearsal(program, clouds=[cloud]) as rehearsal:
        rehearsal.up()


# The operator -----------------------------------------------------------------------------------


def test_the_operator_s_hand() -> None:
    cloud = SimulatedAws()
    cloud.service.create_secret(REGION, "x")
    assert (cloud.state("x"), cloud.value("x")) == ("empty", None)
    assert cloud.reader_sees("x") == "ResourceNotFoundException"
    cloud.set_value("x", "first value")
    cloud.set_value("x", "second value")
    assert (cloud.state("x"), cloud.value("x")) == ("set", "second value")
    assert cloud.reader_sees("x") == "second value"
    assert cloud.planted == ["first value", "second value"]
    cloud.delete("x")
    assert (cloud.state("x"), cloud.value("x")) == ("scheduled for deletion", None)
    assert cloud.reader_sees("x") == "InvalidRequestException"
    assert cloud.versions("x") == ["first value", "second value"]
    assert cloud.names() == []
    with pytest.raises(CloudError, match="marked for deletion"):
        cloud.set_value("x", "third value")
    cloud.restore("x")
    assert cloud.value("x") == "second value"


def test_a_name_in_two_regions_needs_a_scope() -> None:
    cloud = SimulatedAws()
    for region in ("eu-west-1", "us-east-1"):
        cloud.service.create_secret(region, "x")
    with pytest.raises(NoSuchSecretError, match="more than one region: eu-west-1, us-east-1"):
        cloud.set_value("x", "value")
    cloud.set_value("x", "value", scope="us-east-1")
    assert cloud.value("x", scope="eu-west-1") is None
    assert cloud.describe("x", scope="us-east-1")["Region"] == "us-east-1"
    assert cloud.names(scope="us-east-1") == ["x"]


# The provider, on the real engine ---------------------------------------------------------------


def secret(name: str = "api/prod", **args: Any) -> Callable[[], None]:
    def program() -> None:
        pulumi.export("arn", aws.secretsmanager.Secret("key", name=name, **args).arn)

    return program


@pytest.fixture(scope="module")
def with_value() -> Iterator[Rehearsal]:
    """A raw secret that an operator has given a value. Each test takes a fork."""
    with Rehearsal(secret(), config={"aws:region": REGION}) as rehearsal:
        rehearsal.up()
        rehearsal.aws.set_value("api/prod", "operator's value")
        yield rehearsal


def changed(run: Any) -> list[tuple[str, str]]:
    return [(step.op, step.type.rsplit(":", 1)[-1]) for step in run.changes]


@pytest.mark.engine
def test_the_state_holds_an_arn_and_no_value(with_value: Rehearsal) -> None:
    assert with_value.outputs == {"arn": with_value.aws.describe("api/prod")["ARN"]}
    (resource,) = with_value.resources
    assert resource["id"] == with_value.outputs["arn"]
    assert "operator" not in json.dumps(with_value.state())


def looks(**args: Any) -> Callable[[], None]:
    def program() -> None:
        secret(tags={"owner": "me"})()
        found = aws.secretsmanager.get_secret_output(**args)
        pulumi.export("found", found.apply(lambda each: dict(vars(each))))

    return program


@pytest.mark.engine
def test_a_program_can_look_at_a_secret_without_reading_its_value(with_value: Rehearsal) -> None:
    arn = with_value.outputs["arn"]
    rehearsal = with_value.fork()
    rehearsal.program = secret(tags={"owner": "me"})
    rehearsal.up()
    for args in ({"name": "api/prod"}, {"arn": arn}, {"name": "api/prod", "region": REGION}):
        rehearsal.program = looks(**args)
        rehearsal.up()
        found = rehearsal.outputs["found"]
        assert (found["arn"], found["id"], found["name"]) == (arn, arn, "api/prod")
        assert (found["region"], found["tags"]) == (REGION, {"owner": "me"})
        rehearsal.assert_no_leak()
    assert "aws:secretsmanager/getSecret:getSecret" not in rehearsal.echoed


@pytest.mark.engine
@pytest.mark.parametrize(
    "args", [{"name": "api/staging"}, {"name": "api/prod", "region": "us-east-1"}]
)
def test_a_secret_that_is_not_there_is_refused_in_the_provider_s_words(
    with_value: Rehearsal, args: dict[str, Any]
) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = looks(**args)
    error = rehearsal.preview(check=False).error
    assert f"reading Secrets Manager Secret ({args['name']}): couldn't find resource" in error
    assert "invoking aws:secretsmanager/getSecret:getSecret: 1 error occurred" in error


@pytest.mark.engine
def test_a_secret_whose_deletion_is_scheduled_is_not_found(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.aws.delete("api/prod")
    rehearsal.program = looks(name="api/prod")
    assert "couldn't find resource" in rehearsal.preview(check=False).error


@pytest.mark.engine
def test_metadata_is_changed_in_place(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret(
        description="new", tags={"a": "b"}, kms_key_id="key", replicas=[{"region": "us-east-1"}]
    )
    assert changed(rehearsal.up()) == [("update", "Secret")]
    described = rehearsal.aws.describe("api/prod")
    assert (described["Description"], described["Tags"]) == ("new", {"a": "b"})
    assert described["KmsKeyId"] == "key"
    assert described["Replicas"] == [{"region": "us-east-1"}]
    assert changed(rehearsal.up()) == []
    assert rehearsal.aws.value("api/prod") == "operator's value"


@pytest.mark.engine
def test_a_rename_deletes_first_and_the_name_stays_locked(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret("api/staging")
    assert changed(rehearsal.up())[0] == ("delete-replaced", "Secret")
    assert rehearsal.aws.state("api/prod") == "scheduled for deletion"
    rehearsal.program = secret("api/prod")
    with pytest.raises(EngineError, match="already scheduled for deletion"):
        rehearsal.up()


@pytest.mark.engine
def test_with_a_made_up_name_a_replacement_creates_first() -> None:
    with Rehearsal(lambda: aws.secretsmanager.Secret("key", type="a")) as rehearsal:
        rehearsal.up()
        (before,) = rehearsal.aws.names()
        assert before.startswith("key-")
        rehearsal.program = lambda: aws.secretsmanager.Secret("key", type="b")
        preview = rehearsal.preview()
        assert changed(preview)[0] == ("create-replacement", "Secret")


@pytest.mark.engine
def test_a_drift_is_noticed_and_mended(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.aws.service.tag_resource(REGION, "api/prod", {"by": "hand"})
    assert changed(rehearsal.refresh()) == [("update", "Secret")]
    assert changed(rehearsal.up()) == [("update", "Secret")]
    assert rehearsal.aws.describe("api/prod")["Tags"] == {}


@pytest.mark.engine
def test_a_secret_deleted_in_the_console_is_forgotten_and_its_name_is_locked(
    with_value: Rehearsal,
) -> None:
    rehearsal = with_value.fork()
    rehearsal.aws.delete("api/prod")
    rehearsal.refresh()
    assert rehearsal.resources == []
    with pytest.raises(EngineError, match="already scheduled for deletion"):
        rehearsal.up()


@pytest.mark.engine
def test_an_existing_secret_can_be_imported_with_its_value(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    arn = rehearsal.outputs["arn"]
    rehearsal.lose_state()
    with pytest.raises(EngineError, match="the secret api/prod already exists"):
        rehearsal.up()
    rehearsal.program = secret(opts=pulumi.ResourceOptions(import_=arn))
    assert changed(rehearsal.up())[0] == ("import", "Secret")
    assert rehearsal.aws.value("api/prod") == "operator's value"
    assert rehearsal.resources[0]["id"] == arn


def adopting(rehearsal: Rehearsal, **args: Any) -> None:
    """Take the secret over from a lost state, with everything that differs ignored."""
    arn = rehearsal.outputs["arn"]
    rehearsal.lose_state()
    rehearsal.program = secret(opts=pulumi.ResourceOptions(import_=arn, **args))
    rehearsal.up()


@pytest.mark.engine
def test_an_imported_secret_whose_window_is_ignored_is_destroyed_for_good(
    with_value: Rehearsal,
) -> None:
    rehearsal = with_value.fork()
    adopting(rehearsal, ignore_changes=["recoveryWindowInDays"])
    assert "recoveryWindowInDays" not in rehearsal.resources[0]["outputs"]
    rehearsal.destroy()
    assert rehearsal.aws.state("api/prod") == "missing"


@pytest.mark.engine
def test_an_imported_secret_whose_window_is_written_can_be_restored(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    adopting(rehearsal)
    assert rehearsal.resources[0]["outputs"]["recoveryWindowInDays"] == 30
    rehearsal.destroy()
    assert rehearsal.aws.describe("api/prod")["RecoveryWindowInDays"] == 30


@pytest.mark.engine
def test_obeying_the_advice_after_an_import_from_another_region_loses_the_value(
    with_value: Rehearsal,
) -> None:
    rehearsal = with_value.fork()
    rehearsal.configure(config={"aws:region": "us-east-1"})
    arn = rehearsal.outputs["arn"]
    rehearsal.lose_state()
    rehearsal.program = secret(opts=pulumi.ResourceOptions(import_=arn))
    for _ in range(2):
        error = rehearsal.up(check=False).error
    assert "please remove the `import` declaration" in error
    assert rehearsal.aws.value("api/prod") == "operator's value"
    rehearsal.program = secret()
    rehearsal.up()
    assert rehearsal.aws.names(scope=REGION) == []
    assert rehearsal.aws.versions("api/prod") == []


@pytest.mark.engine
def test_replacing_by_force_deletes_nothing_first(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.extra_args = ["--replace", "**key"]
    with pytest.raises(EngineError, match="already exists"):
        rehearsal.up()
    assert rehearsal.aws.value("api/prod") == "operator's value"


@pytest.mark.engine
def test_a_secret_deleted_in_the_console_can_be_destroyed_after_a_refresh(
    with_value: Rehearsal,
) -> None:
    rehearsal = with_value.fork()
    rehearsal.aws.delete("api/prod")
    rehearsal.program = lambda: None
    with pytest.raises(EngineError, match="marked for deletion"):
        rehearsal.up()
    rehearsal.extra_args = ["--refresh"]
    rehearsal.up()
    assert rehearsal.resources == []


@pytest.mark.engine
@pytest.mark.parametrize(
    ("operation", "change", "there"),
    [
        ("update_secret", {"description": "new"}, "Description"),
        ("tag_resource", {"tags": {"a": "b"}}, "Tags"),
    ],
)
def test_after_a_refused_update_the_next_up_says_updated_and_sends_nothing(
    with_value: Rehearsal, operation: str, change: dict[str, Any], there: str
) -> None:
    rehearsal = with_value.fork()
    before = rehearsal.aws.describe("api/prod")[there]
    rehearsal.program = secret(**change)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rehearsal.aws.service, operation, refuses)
        with pytest.raises(EngineError, match="AccessDeniedException: not allowed"):
            rehearsal.up()
    assert changed(rehearsal.up()) == [("update", "Secret")]
    assert rehearsal.aws.describe("api/prod")[there] == before
    assert changed(rehearsal.up()) == [("update", "Secret")]
    assert rehearsal.aws.describe("api/prod")[there] in change.values()
    assert changed(rehearsal.up()) == []


def refuses(*_args: Any, **_settings: Any) -> None:
    raise CloudError("AccessDeniedException", "not allowed")


@pytest.mark.engine
def test_after_a_refused_update_a_refresh_lets_the_next_up_apply_it(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.aws.fail_next("update")
    rehearsal.program = secret(description="new")
    with pytest.raises(EngineError, match="InternalServiceError"):
        rehearsal.up()
    rehearsal.refresh()
    rehearsal.up()
    assert rehearsal.aws.describe("api/prod")["Description"] == "new"


@pytest.mark.engine
def test_a_key_that_the_program_drops_stays_and_is_updated_on_every_up(
    with_value: Rehearsal,
) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret(kms_key_id="alias/mine")
    rehearsal.up()
    rehearsal.program = secret()
    for _ in range(2):
        assert changed(rehearsal.up()) == [("update", "Secret")]
        assert rehearsal.aws.describe("api/prod")["KmsKeyId"] == "alias/mine"
    rehearsal.program = secret(kms_key_id="alias/aws/secretsmanager")
    for _ in range(2):
        assert changed(rehearsal.up()) == [("update", "Secret")]
    rehearsal.program = secret()
    assert changed(rehearsal.up()) == []
    assert rehearsal.aws.describe("api/prod")["KmsKeyId"] == ""


@pytest.mark.engine
def test_region_and_all_tags_are_among_the_checked_inputs(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    tags = {"tags": {"cost-center": "42"}}
    rehearsal.configure(config={"aws:region": REGION, "aws:defaultTags": tags})
    rehearsal.program = secret(tags={"own": "tag"})
    assert changed(rehearsal.up()) == [("update", "Secret")]
    (state,) = rehearsal.resources
    everything = {"own": "tag", "cost-center": "42"}
    assert (state["inputs"]["region"], state["inputs"]["tagsAll"]) == (REGION, everything)
    assert (state["outputs"]["tags"], state["outputs"]["tagsAll"]) == ({"own": "tag"}, everything)
    assert rehearsal.aws.describe("api/prod")["Tags"] == everything
    rehearsal.refresh()
    assert changed(rehearsal.up()) == []


@pytest.mark.engine
def test_destroying_schedules_the_deletion_unless_the_state_says_no_window(
    with_value: Rehearsal,
) -> None:
    rehearsal = with_value.fork()
    rehearsal.destroy()
    assert rehearsal.aws.describe("api/prod")["RecoveryWindowInDays"] == 30
    rehearsal = with_value.fork()
    rehearsal.program = secret(recovery_window_in_days=0)
    rehearsal.up()
    rehearsal.destroy()
    assert rehearsal.aws.state("api/prod") == "missing"


@pytest.mark.engine
def test_bad_input_is_refused_before_anything_is_made() -> None:
    with Rehearsal(secret("a b", recovery_window_in_days=5)) as rehearsal:
        run = rehearsal.up(check=False)
        assert "must contain only alphanumeric" in run.error
        assert "to be 0 or in the range (7 - 30)" in run.error
        assert rehearsal.aws.names() == []


@pytest.mark.engine
def test_explicit_providers_put_one_name_into_two_regions_with_their_default_tags() -> None:
    def program() -> None:
        for region in ("eu-west-1", "us-east-1"):
            tags = aws.ProviderDefaultTagsArgs(tags={"region": region})
            provider = aws.Provider(region, region=region, default_tags=tags)
            opts = pulumi.ResourceOptions(provider=provider)
            aws.secretsmanager.Secret(region, name="api/prod", tags={"own": "tag"}, opts=opts)

    with Rehearsal(program) as rehearsal:
        rehearsal.up()
        for region in ("eu-west-1", "us-east-1"):
            described = rehearsal.aws.describe("api/prod", scope=region)
            assert described["Tags"] == {"own": "tag", "region": region}
        assert changed(rehearsal.up()) == []


@pytest.mark.engine
def test_a_value_in_code_is_put_again_when_the_code_changes_it() -> None:
    def program(value: str = "from code") -> Callable[[], None]:
        def make() -> None:
            container = aws.secretsmanager.Secret("key", name="api/prod")
            aws.secretsmanager.SecretVersion("v", secret_id=container.id, secret_string=value)

        return make

    with Rehearsal(program(), config={"aws:region": REGION}) as rehearsal:
        rehearsal.up()
        assert rehearsal.aws.value("api/prod") == "from code"
        rehearsal.aws.set_value("api/prod", "operator's value")
        rehearsal.refresh()
        assert changed(rehearsal.up()) == []
        assert rehearsal.aws.value("api/prod") == "operator's value"
        rehearsal.program = program("from newer code")
        rehearsal.up()
        assert rehearsal.aws.value("api/prod") == "from newer code"
        assert "operator's value" in rehearsal.aws.versions("api/prod")
        rehearsal.assert_no_leak()


@pytest.mark.engine
def test_a_resource_policy_is_put_changed_and_removed() -> None:
    def program(principal: str, **args: Any) -> Callable[[], None]:
        def make() -> None:
            container = aws.secretsmanager.Secret("key", name="api/prod")
            if principal:
                aws.secretsmanager.SecretPolicy(
                    "policy", secret_arn=container.arn, policy=_policy(principal), **args
                )

        return make

    with Rehearsal(program("arn:aws:iam::123456789012:root")) as rehearsal:
        rehearsal.up()
        assert "root" in rehearsal.aws.describe("api/prod")["ResourcePolicy"]
        rehearsal.program = program("*", block_public_policy=True)
        with pytest.raises(EngineError, match="PublicPolicyException"):
            rehearsal.up()
        rehearsal.program = program("")
        rehearsal.up()
        assert rehearsal.aws.describe("api/prod")["ResourcePolicy"] == ""
