from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pulumi_gcp as gcp
import pytest

from infra_secrets.testing import CloudError, EngineError, Rehearsal, Run, SimulatedGcp
from infra_secrets.testing.clouds.gcp import SecretManager

PROJECT = "shop-1"
AUTO: dict[str, Any] = {"replication": {"auto": {}}}


# The service ------------------------------------------------------------------------------------


@pytest.fixture
def service() -> SecretManager:
    return SecretManager()


def test_a_missing_and_an_empty_secret_answer_a_reader_alike(service: SecretManager) -> None:
    text = r"Secret \[projects/shop-1/secrets/x\] not found or has no versions\."
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
    assert "Error 409: Secret [projects/shop-1/secrets/x] already exists." in str(raised.value)


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


@pytest.fixture(scope="module")
def with_value() -> Iterator[Rehearsal]:
    """A raw secret that an operator has given a value. Each test takes a fork."""
    with Rehearsal(secret(), config={"gcp:project": PROJECT}) as rehearsal:
        rehearsal.up()
        rehearsal.gcp.set_value("api", "operator's value")
        yield rehearsal


def changed(run: Run) -> list[tuple[str, str]]:
    return [(step.op, step.type.rsplit(":", 1)[-1]) for step in run.changes]


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


def test_metadata_and_keys_are_changed_in_place(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret(
        replication=KEY, labels={"a": "b"}, annotations={"c": "D/e"}, topics=TOPICS
    )
    assert changed(rehearsal.up()) == [("update", "Secret")]
    described = rehearsal.gcp.describe("api")
    assert (described["labels"], described["annotations"]) == ({"a": "b"}, {"c": "D/e"})
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


def test_a_secret_that_is_not_there_is_refused_in_the_provider_s_words(
    with_value: Rehearsal,
) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = looks(secret_id="api", project="shop-2")
    error = rehearsal.preview(check=False).error
    assert "projects/shop-2/secrets/api not found" in error
    assert "invoking gcp:secretmanager/getSecret:getSecret: 1 error occurred" in error


@pytest.mark.parametrize(
    "args",
    [
        {"replication": PLACES},
        {"ttl": "3600s"},
        {"tags": {"tagKeys/1": "tagValues/2"}},
        {
            "topics": TOPICS,
            "rotation": {"rotation_period": "3600s", "next_rotation_time": "2030-01-01T00:00:00Z"},
        },
    ],
    ids=["replication", "ttl", "tags", "rotation"],
)
def test_what_makes_the_secret_anew_loses_its_value_for_good(
    with_value: Rehearsal, args: dict[str, Any]
) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret(**args)
    run = rehearsal.up()
    assert ("delete-replaced", "Secret") in changed(run)
    assert (rehearsal.gcp.state("api"), rehearsal.gcp.versions("api")) == ("empty", [])


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


def test_another_project_of_the_provider_makes_everything_anew(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.configure(config={"gcp:project": "shop-2"})
    assert ("delete-replaced", "Secret") in changed(rehearsal.preview())


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
