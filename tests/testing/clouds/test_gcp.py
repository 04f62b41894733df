from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pulumi_gcp as gcp
import pytest

from infra_secrets.testing import (
    CloudError,
    EngineError,
    Recording,
    Rehearsal,
    Run,
    SimulatedGcp,
)
from infra_secrets.testing.clouds.gcp import SecretManager

PROJECT = "shop-1"
NUMBER = SecretManager().number(PROJECT)
AUTO: dict[str, Any] = {"replication": {"auto": {}}}


# The service ------------------------------------------------------------------------------------


@pytest.fixture
def service() -> SecretManager:
    return SecretManager()


def test_a_missing_and_an_empty_secret_answer_a_reader_alike(service: SecretManager) -> None:
    text = rf"Secret \[projects/{NUMBER}/secrets/x\] not found or has no versions\."
    with pytest.raises(CloudError, match=text):
        service.access_latest(PROJECT, "x")
    service.create(PROJECT, "x", AUTO)
    with pytest.raises(CloudError, match=text):
        service.access_latest(PROJECT, "x")


def test_a_name_is_taken_per_project(service: SecretManager) -> None:
    service.create(PROJECT, "x", AUTO)
    service.create("shop-2", "x", AUTO)
    with pytest.raises(CloudError) as raised:
        service.create(PROJECT, "x", AUTO)
    assert f"Error 409: Secret [projects/{NUMBER}/secrets/x] already exists." in str(raised.value)


def test_a_project_is_its_id_and_its_number(service: SecretManager) -> None:
    made = service.create(PROJECT, "x", AUTO)
    assert made.name == f"projects/{NUMBER}/secrets/x"
    assert service.get(NUMBER, "x") is made
    assert service.get("", f"projects/{PROJECT}/secrets/x") is made
    assert service.get("", f"projects/{NUMBER}/secrets/x") is made
    with pytest.raises(CloudError, match="already exists"):
        service.create(NUMBER, "x", AUTO)
    assert service.number("shop-2") != NUMBER


def test_latest_does_not_fall_back_to_an_older_version(service: SecretManager) -> None:
    service.create(PROJECT, "x", AUTO)
    service.add_version(PROJECT, "x", "one")
    service.add_version(PROJECT, "x", "two")
    service.destroy_version("projects/shop-1/secrets/x/versions/2")
    with pytest.raises(CloudError, match="is in DESTROYED state") as raised:
        service.access_latest(PROJECT, "x")
    assert raised.value.code == "FAILED_PRECONDITION"


def test_a_deletion_takes_every_version_with_it(service: SecretManager) -> None:
    service.create(PROJECT, "x", AUTO)
    service.add_version(PROJECT, "x", "one")
    service.delete(PROJECT, "x")
    service.create(PROJECT, "x", AUTO)
    assert service.get(PROJECT, "x").versions == []


@pytest.mark.parametrize(
    ("secret_id", "settings", "text"),
    [
        ("a" * 256, AUTO, "does not match the expected format"),
        ("a/b", AUTO, "does not match the expected format"),
        ("x", {}, "Exactly one of automatic and user-managed"),
        ("x", {"replication": {"auto": {}, "userManaged": {}}}, "Exactly one of"),
        ("x", {"replication": {"userManaged": {"replicas": []}}}, "at least one replica"),
        ("x", {**AUTO, "labels": {"Upper": "x"}}, "does not match the pattern"),
        ("x", {**AUTO, "labels": {"k": "a/b"}}, "does not match the pattern"),
        ("x", {**AUTO, "labels": {"1st": "x"}}, "does not match the pattern"),
        ("x", {**AUTO, "labels": {"k": "v" * 64}}, "does not match the pattern"),
        ("x", {**AUTO, "labels": {f"k{n}": "" for n in range(65)}}, "at most 64 labels"),
        ("x", {**AUTO, "annotations": {"-k": "v"}}, "annotation key"),
        ("x", {**AUTO, "annotations": {"k": "v" * 16384}}, "the limit is 16384"),
        ("x", {**AUTO, "topics": [{"name": "t"}] * 11}, "at most 10 topics"),
    ],
)
def test_what_is_beyond_a_limit_is_refused(
    service: SecretManager, secret_id: str, settings: dict[str, Any], text: str
) -> None:
    with pytest.raises(CloudError, match=text):
        service.create(PROJECT, secret_id, settings)


def test_what_is_at_a_limit_is_taken(service: SecretManager) -> None:
    labels = {f"schlüssel_{n}-" + "k" * 40: "v" * 63 for n in range(64)}
    annotations = {"a" + "." * 61 + "a": "Any/Value", "k": "v" * 16000}
    service.create(
        PROJECT, "A-z_" + "0" * 251, {**AUTO, "labels": labels, "annotations": annotations}
    )


# The operator -----------------------------------------------------------------------------------


def test_the_operator_s_hand() -> None:
    cloud = SimulatedGcp()
    cloud.service.create(PROJECT, "x", AUTO)
    assert (cloud.state("x"), cloud.value("x"), cloud.reader_sees("x")) == (
        "empty",
        None,
        "NOT_FOUND",
    )
    cloud.set_value("x", "first value")
    cloud.set_value("x", "second value")
    assert (cloud.state("x"), cloud.value("x")) == ("set", "second value")
    cloud.disable("x")
    assert (cloud.state("x"), cloud.reader_sees("x")) == ("disabled", "FAILED_PRECONDITION")
    assert cloud.versions("x") == ["first value", "second value"]
    cloud.delete("x")
    assert (cloud.state("x"), cloud.versions("x")) == ("missing", [])
    with pytest.raises(CloudError, match="at once and for good"):
        cloud.restore("x")


# The provider, on the real engine ---------------------------------------------------------------


def secret(id_: str = "api", **args: Any) -> Callable[[], None]:
    def program() -> None:
        settings = {"replication": {"auto": {}}, **args}
        made = gcp.secretmanager.Secret("key", secret_id=id_, **settings)
        member = "user:reader@example.com"
        role = "roles/secretmanager.secretAccessor"
        gcp.secretmanager.SecretIamMember("reader", secret_id=made.id, role=role, member=member)
        pulumi.export("id", made.id)

    return program


def nobody() -> None:
    made = gcp.secretmanager.Secret("key", secret_id="api", replication={"auto": {}})
    member = pulumi.Output.from_input(None)
    gcp.secretmanager.SecretIamMember("reader", secret_id=made.id, role="roles/x", member=member)


def one_of_them_nobody() -> None:
    members: Any = ["user:reader@example.com", pulumi.Output.from_input(None)]
    gcp.projects.IAMBinding("readers", project=PROJECT, role="roles/x", members=members)


@pytest.mark.parametrize(
    "member",
    ["serviceAccount:None", "None", "user:", "a@example.com", "domain:None", "robot:a@b.c"],
)
def test_a_member_without_an_address_is_refused(member: str) -> None:
    def program() -> None:
        gcp.projects.IAMMember("reader", project="p", role="roles/x", member=member)

    with pytest.raises(CloudError, match="a member is KIND:ADDRESS"):
        Recording().run(program)


@pytest.mark.parametrize(
    "member",
    [
        *("allUsers", "user:a@example.com", "serviceAccount:x@p.iam.gserviceaccount.com"),
        *("serviceAccount:p.svc.id.goog[ns/app]", "domain:example.com", "projectOwner:p"),
        "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/*",
        "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/s",
    ],
)
def test_a_member_with_an_address_is_taken(member: str) -> None:
    def program() -> None:
        gcp.projects.IAMMember("reader", project="p", role="roles/x", member=member)

    Recording().run(program)


@pytest.mark.engine
@pytest.mark.parametrize("program", [nobody, one_of_them_nobody])
def test_a_grant_to_nobody_is_refused_on_whatever_resource(program: Callable[[], None]) -> None:
    config = {"gcp:project": PROJECT}
    with Rehearsal(program, config=config) as rehearsal:
        for refused in (rehearsal.preview(check=False), rehearsal.up(check=False)):
            assert "names nobody, because it is null or holds null" in refused.error
    with pytest.raises(CloudError, match="names nobody"):
        Recording(config=config).run(program)


@pytest.mark.engine
def test_a_binding_without_null_is_taken_and_the_rule_can_be_switched_off() -> None:
    config = {"gcp:project": PROJECT}
    cloud = SimulatedGcp(without={"gcp-members-are-texts"})
    with Rehearsal(one_of_them_nobody, config=config, clouds=[cloud]) as rehearsal:
        rehearsal.up()
    with Rehearsal(secret(), config=config) as rehearsal:
        rehearsal.up()


@pytest.fixture(scope="module")
def with_value() -> Iterator[Rehearsal]:
    """A raw secret that an operator has given a value. Each test takes a fork."""
    with Rehearsal(secret(), config={"gcp:project": PROJECT}) as rehearsal:
        rehearsal.up()
        rehearsal.gcp.set_value("api", "operator's value")
        yield rehearsal


def changed(run: Run) -> list[tuple[str, str]]:
    return [(step.op, step.type.rsplit(":", 1)[-1]) for step in run.changes]


@pytest.mark.engine
def test_a_grant_is_added_beside_what_is_there(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    assert rehearsal.outputs == {"id": f"projects/{PROJECT}/secrets/api"}
    by_hand = ("roles/secretmanager.viewer", "user:other@example.com")
    rehearsal.gcp.service.get(PROJECT, "api").bindings.append(by_hand)
    assert changed(rehearsal.refresh()) == []
    rehearsal.destroy()
    assert with_value.gcp.value("api") == "operator's value"  # the original knows nothing of it


KEY = {"auto": {"customer_managed_encryption": {"kms_key_name": "projects/p/keys/k"}}}
PLACES = {"user_managed": {"replicas": [{"location": "europe-west1"}]}}
TOPICS = [{"name": "projects/p/topics/t"}]


@pytest.mark.engine
def test_metadata_and_keys_are_changed_in_place(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret(
        replication=KEY, labels={"a": "b"}, annotations={"c": "D/e"}, topics=TOPICS
    )
    assert changed(rehearsal.up()) == [("update", "Secret")]
    described = rehearsal.gcp.describe("api")
    assert described["labels"] == {"a": "b", "goog-pulumi-provisioned": "true"}
    assert described["annotations"] == {"c": "D/e"}
    assert changed(rehearsal.up()) == []
    assert rehearsal.gcp.value("api") == "operator's value"


KEYED: dict[str, Any] = {
    "replication": KEY,
    "labels": {"a": "b"},
    "annotations": {"c": "D/e"},
}


def looks(**args: Any) -> Callable[[], None]:
    def program() -> None:
        secret(**KEYED)()
        found = gcp.secretmanager.get_secret_output(**args)
        pulumi.export("found", found.apply(lambda each: dict(vars(each))))
        pulumi.export("auto", found.replications[0].autos.apply(len))
        keys = found.replications[0].autos[0].customer_managed_encryptions
        pulumi.export("key", keys.apply(lambda all_: [each.kms_key_name for each in all_]))

    return program


@pytest.mark.engine
def test_a_program_can_look_at_a_secret_without_reading_its_payload(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret(**KEYED)
    rehearsal.up()
    rehearsal.program = looks(secret_id="api")
    rehearsal.up()
    found = rehearsal.outputs["found"]
    assert (found["id"], found["project"]) == (f"projects/{PROJECT}/secrets/api", PROJECT)
    assert found["secret_id"] == "api"
    assert found["effective_annotations"] == found["annotations"] == {"c": "D/e"}
    assert found["effective_labels"]["a"] == "b"
    assert (rehearsal.outputs["auto"], rehearsal.outputs["key"]) == (1, ["projects/p/keys/k"])
    assert rehearsal.echoed == []
    rehearsal.assert_no_leak()


@pytest.mark.engine
def test_a_program_can_look_at_a_secret_by_its_project_s_number(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret(**KEYED)
    rehearsal.up()
    rehearsal.program = looks(secret_id="api", project=NUMBER)
    rehearsal.up()
    found = rehearsal.outputs["found"]
    assert (found["id"], found["project"]) == (f"projects/{NUMBER}/secrets/api", NUMBER)
    assert found["name"] == f"projects/{NUMBER}/secrets/api"


@pytest.mark.engine
def test_a_secret_that_is_not_there_is_refused_in_the_provider_s_words(
    with_value: Rehearsal,
) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = looks(secret_id="api", project="shop-2")
    error = rehearsal.preview(check=False).error
    assert "projects/shop-2/secrets/api not found" in error
    assert "invoking gcp:secretmanager/getSecret:getSecret: 1 error occurred" in error


@pytest.mark.engine
@pytest.mark.parametrize(
    "args",
    [{"replication": PLACES}, {"tags": {"tagKeys/1": "tagValues/2"}}],
    ids=["replication", "tags"],
)
def test_what_makes_the_secret_anew_loses_its_value_for_good(
    with_value: Rehearsal, args: dict[str, Any]
) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret(**args)
    run = rehearsal.up()
    assert ("delete-replaced", "Secret") in changed(run)
    assert (rehearsal.gcp.state("api"), rehearsal.gcp.versions("api")) == ("empty", [])


@pytest.mark.engine
def test_deletion_protection_stops_the_provider_and_not_the_console(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret(deletion_protection=True)
    rehearsal.up()
    with pytest.raises(EngineError, match="without setting deletion_protection=false"):
        rehearsal.destroy()
    assert rehearsal.gcp.value("api") == "operator's value"
    rehearsal.gcp.delete("api")
    rehearsal.refresh()
    assert rehearsal.resources == []


@pytest.mark.engine
@pytest.mark.parametrize(
    ("policy", "exit_code", "state"),
    [("PREVENT", 255, "set"), ("ABANDON", 0, "set"), ("DELETE", 0, "missing")],
)
def test_the_deletion_policy_decides_what_destroy_does(
    with_value: Rehearsal, policy: str, exit_code: int, state: str
) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret(deletion_policy=policy)
    rehearsal.up()
    run = rehearsal.destroy(check=False)
    assert run.succeeded == (exit_code == 0)
    assert rehearsal.gcp.state("api") == state


@pytest.mark.engine
def test_an_import_does_not_know_what_only_the_provider_knows(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.lose_state()
    with pytest.raises(EngineError, match="already exists"):
        rehearsal.up()
    options = pulumi.ResourceOptions(import_="api")
    rehearsal.program = secret(deletion_protection=True, labels={"a": "b"}, opts=options)
    run = rehearsal.up()
    assert [step.op for step in run.changes if step.type.endswith(":Secret")] == [
        "import",
        "update",
    ]
    (state,) = [each for each in rehearsal.resources if each["type"].endswith(":Secret")]
    assert state["outputs"]["deletionProtection"] is True
    assert rehearsal.gcp.value("api") == "operator's value"


ROTATION = {"rotation_period": "3600s", "next_rotation_time": "2030-01-01T00:00:00Z"}


@pytest.mark.engine
@pytest.mark.parametrize(
    "args", [{"ttl": "3600s"}, {"topics": TOPICS, "rotation": ROTATION}], ids=["ttl", "rotation"]
)
def test_rotation_and_ttl_are_changed_in_place(with_value: Rehearsal, args: dict[str, Any]) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret(**args)
    assert changed(rehearsal.up()) == [("update", "Secret")]
    assert changed(rehearsal.up()) == []
    assert rehearsal.gcp.value("api") == "operator's value"


@pytest.mark.engine
def test_with_a_made_up_id_a_replacement_deletes_first_too() -> None:
    def program(**args: Any) -> Callable[[], None]:
        settings = {"replication": {"auto": {}}, **args}
        return lambda: gcp.secretmanager.Secret("key", **settings) and None

    with Rehearsal(program(), config={"gcp:project": PROJECT}) as rehearsal:
        rehearsal.up()
        rehearsal.program = program(replication=PLACES)
        assert changed(rehearsal.preview())[0] == ("delete-replaced", "Secret")


@pytest.mark.engine
def test_another_project_of_the_provider_moves_nothing_and_a_new_secret_is_made_there(
    with_value: Rehearsal,
) -> None:
    rehearsal = with_value.fork()
    rehearsal.configure(config={"gcp:project": "shop-2"})
    assert changed(rehearsal.up()) == []
    rehearsal.program = secret("other")
    rehearsal.up()
    assert rehearsal.gcp.names(scope="shop-2") == ["other"]
    assert rehearsal.gcp.names(scope=PROJECT) == []


@pytest.mark.engine
def test_another_explicit_project_makes_the_secret_anew(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret(project=PROJECT)
    assert changed(rehearsal.up()) == []
    rehearsal.program = secret(project="shop-2")
    assert ("delete-replaced", "Secret") in changed(rehearsal.preview())


@pytest.mark.engine
def test_an_import_by_number_keeps_the_number_and_an_explicit_project_replaces_it(
    with_value: Rehearsal,
) -> None:
    rehearsal = with_value.fork()
    rehearsal.lose_state()
    there = pulumi.ResourceOptions(import_=f"projects/{NUMBER}/secrets/api")
    rehearsal.program = secret(opts=there)
    rehearsal.up()
    (state,) = [each for each in rehearsal.resources if each["type"].endswith(":Secret")]
    assert (state["id"], state["outputs"]["project"]) == (there.import_, NUMBER)
    assert state["outputs"]["name"] == there.import_
    rehearsal.program = secret()
    assert changed(rehearsal.up()) == []
    rehearsal.program = secret(project=PROJECT)
    assert ("delete-replaced", "Secret") in changed(rehearsal.preview())


@pytest.mark.engine
def test_name_holds_the_number_and_id_and_project_hold_what_was_given(
    with_value: Rehearsal,
) -> None:
    (state,) = [each for each in with_value.resources if each["type"].endswith(":Secret")]
    outputs = state["outputs"]
    assert outputs["name"] == f"projects/{NUMBER}/secrets/api"
    assert (state["id"], outputs["project"]) == (f"projects/{PROJECT}/secrets/api", PROJECT)


@pytest.mark.engine
def test_every_secret_gets_a_label_that_counts(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret(labels={f"k{n}": "" for n in range(64)})
    with pytest.raises(EngineError, match="at most 64 labels"):
        rehearsal.up()
    rehearsal.refresh()
    rehearsal.program = secret(labels={f"k{n}": "" for n in range(63)})
    rehearsal.up()
    assert len(rehearsal.gcp.describe("api")["labels"]) == 64


@pytest.mark.engine
def test_labels_and_annotations_of_others_stay(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    settings = rehearsal.gcp.service.get(PROJECT, "api").settings
    settings["labels"] = {**settings["labels"], "by": "hand"}
    settings["annotations"] = {"by": "hand"}
    rehearsal.refresh()
    rehearsal.program = secret(labels={"a": "b"}, annotations={"c": "d"})
    rehearsal.up()
    described = rehearsal.gcp.describe("api")
    assert described["labels"] == {"goog-pulumi-provisioned": "true", "by": "hand", "a": "b"}
    assert described["annotations"] == {"by": "hand", "c": "d"}


@pytest.mark.engine
def test_a_create_that_was_killed_stays_pending_after_an_import_until_it_is_cleared() -> None:
    with Rehearsal(secret(), config={"gcp:project": PROJECT}) as rehearsal:
        made = "gcp:secretmanager/secret:Secret"
        rehearsal.up(
            kill_when=lambda request: (request.operation, request.type) == ("create", made)
        )
        rehearsal.cancel()
        rehearsal.program = secret(opts=pulumi.ResourceOptions(import_="api"))
        for _ in range(2):
            assert "pending operations from previous deployment" in rehearsal.up().output
        rehearsal.extra_args = ["--clear-pending-creates"]
        rehearsal.refresh()
        rehearsal.extra_args = []
        assert "pending operations" not in rehearsal.up().output


BY_HAND = {
    "versionAliases": {"stable": "1"},
    "topics": [{"name": "projects/p/topics/t"}],
    "rotation": {"rotationPeriod": "3600s", "nextRotationTime": "2030-01-01T00:00:00Z"},
    "versionDestroyTtl": "86400s",
}


@pytest.mark.engine
def test_up_takes_away_what_a_refresh_found_but_an_expiry(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    settings = rehearsal.gcp.service.get(PROJECT, "api").settings
    settings |= {**BY_HAND, "expireTime": "2030-01-01T00:00:00Z"}
    assert changed(rehearsal.up()) == []
    rehearsal.refresh()
    assert changed(rehearsal.up()) == [("update", "Secret")]
    described = rehearsal.gcp.describe("api")
    assert not set(BY_HAND) & set(described)
    assert described["expireTime"] == "2030-01-01T00:00:00Z"
    assert changed(rehearsal.up()) == []


@pytest.mark.engine
def test_an_import_takes_away_a_key_that_the_program_does_not_name(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret(replication=KEY)
    rehearsal.up()
    rehearsal.lose_state()
    rehearsal.program = secret(opts=pulumi.ResourceOptions(import_="api"))
    rehearsal.up()
    assert rehearsal.gcp.describe("api")["replication"] == {"auto": {}}
    assert rehearsal.gcp.value("api") == "operator's value"


@pytest.mark.engine
def test_after_a_refused_update_the_next_up_says_updated_and_sends_nothing(
    with_value: Rehearsal,
) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret(replication=KEY, labels={"a": "b"})
    rehearsal.gcp.fail_next("update", message="Permission denied on the key")
    with pytest.raises(EngineError, match="Permission denied on the key"):
        rehearsal.up()
    assert changed(rehearsal.up()) == [("update", "Secret")]
    described = rehearsal.gcp.describe("api")
    assert described["replication"] == {"auto": {}}
    assert "a" not in described["labels"]
    assert changed(rehearsal.up()) == [("update", "Secret")]
    described = rehearsal.gcp.describe("api")
    assert "customerManagedEncryption" in described["replication"]["auto"]
    assert described["labels"]["a"] == "b"


@pytest.mark.engine
def test_a_value_in_code_takes_the_place_of_the_operator_s(with_value: Rehearsal) -> None:
    def with_version() -> None:
        secret()()
        gcp.secretmanager.SecretVersion(
            "v", secret=f"projects/{PROJECT}/secrets/api", secret_data="from code"
        )

    rehearsal = with_value.fork()
    rehearsal.program = with_version
    rehearsal.up()
    assert rehearsal.gcp.value("api") == "from code"
    rehearsal.program = secret()
    rehearsal.up()
    assert rehearsal.gcp.reader_sees("api") == "FAILED_PRECONDITION"
    assert rehearsal.gcp.versions("api") == ["operator's value"]
