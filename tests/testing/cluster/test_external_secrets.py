"""What the External Secrets Operator does in the simulated cluster."""

import json
from typing import Any

import pulumi_kubernetes as kubernetes
import pytest

from infra_secrets.testing import (
    CloudError,
    Rehearsal,
    SimulatedAws,
    SimulatedAzure,
    SimulatedGcp,
    SimulatedKubernetes,
)
from infra_secrets.testing.simulation import SimulatedCloud
from tests.testing.cluster.manifests import (
    cluster,
    container,
    deployment,
    from_secret,
    manifest,
    secret,
)


def external(key: str, property_: str | None = None, **target: Any) -> dict[str, Any]:
    reference = {"key": key} | ({"property": property_} if property_ else {})
    return manifest(
        "ExternalSecret",
        "nlp",
        apiVersion="external-secrets.io/v1",
        spec={
            "secretStoreRef": {"name": "store", "kind": "SecretStore"},
            "target": {"name": "nlp-env", **target},
            "data": [{"secretKey": "KEY", "remoteRef": reference}],
        },
    )


def store(**provider: Any) -> dict[str, Any]:
    return manifest(
        "SecretStore",
        "store",
        apiVersion="external-secrets.io/v1",
        spec={"provider": provider},
    )


def aws_with(value: str | None, name: str = "app/token") -> SimulatedAws:
    aws = SimulatedAws()
    aws.service.create_secret("eu-west-1", name)
    if value is not None:
        aws.set_value(name, value)
    return aws


AWS_STORE = store(aws={"service": "SecretsManager", "region": "eu-west-1"})


def clouds(*simulated: SimulatedCloud) -> dict[str, SimulatedCloud]:
    return {cloud.package: cloud for cloud in simulated}


def ready(made: SimulatedKubernetes) -> str:
    (condition,) = made.get("ExternalSecret", "nlp")["status"]["conditions"]
    return str(condition["message"])


def test_a_value_comes_from_the_cloud_and_follows_it() -> None:
    aws = aws_with("first")
    made = cluster(AWS_STORE, external("app/token"))
    assert made.synced("nlp") == ""
    made.sync(clouds(aws))
    assert (made.synced("nlp"), made.value("nlp-env/KEY")) == ("SecretSynced", "first")
    aws.set_value("app/token", "second")
    made.sync(clouds(aws))
    assert made.value("nlp-env") == "second"
    made.delete("ExternalSecret", "nlp")
    assert made.names() == []


def test_a_field_of_a_document_is_found_by_its_name_or_path() -> None:
    document = {"a.b": "dotted", "user": {"name": "app", "port": 5432}, "list": ["x", None]}
    aws = aws_with(json.dumps(document))
    for field, expected in {
        "a.b": "dotted",
        "user.name": "app",
        "user.port": "5432",
        "user": '{"name":"app","port":5432}',
        "list.0": "x",
        "list.1": "",
    }.items():
        made = cluster(AWS_STORE, external("app/token", field))
        made.sync(clouds(aws))
        assert made.value("nlp-env/KEY") == expected
    made = cluster(AWS_STORE, external("app/token", "user.nothing"))
    made.sync(clouds(aws))
    assert ready(made) == "key user.nothing does not exist in secret app/token"
    made = cluster(AWS_STORE, external("app/token", "user"))
    made.sync(clouds(aws_with("no document")))
    assert ready(made) == "unable to unmarshal secret app/token: it is not a JSON object"


def test_a_whole_document_can_be_taken() -> None:
    aws = aws_with(json.dumps({"A": "one", "B": 2}))
    whole = external("app/token")
    whole["spec"] |= {"data": None, "dataFrom": [{"extract": {"key": "app/token"}}]}
    made = cluster(AWS_STORE, whole)
    made.sync(clouds(aws))
    assert (made.value("nlp-env/A"), made.value("nlp-env/B")) == ("one", "2")


@pytest.mark.parametrize("policy", [None, "Retain"])
def test_a_value_that_goes_away_leaves_the_secret_alone(policy: str | None) -> None:
    target = {"deletionPolicy": policy} if policy else {}
    made = cluster(AWS_STORE, external("app/token", **target))
    made.sync(clouds(aws_with(None)))
    assert (made.synced("nlp"), made.names()) == ("SecretSyncedError", [])
    made.sync(clouds(aws_with("value")))
    for gone in (aws_with(None), aws_with("value", "other")):
        made.sync(clouds(gone))
        assert made.synced("nlp") == "SecretSyncedError"
        assert made.value("nlp-env/KEY") == "value"
    rule = ("kubernetes-external-secret-retains",)
    made = cluster(AWS_STORE, external("app/token", **target), without=rule)
    made.sync(clouds(aws_with("value")))
    made.sync(clouds(aws_with(None)))
    assert made.names() == []


def test_deletion_policy_delete_takes_a_running_pod_s_secret_away() -> None:
    objects = [
        AWS_STORE,
        external("app/token", deletionPolicy="Delete"),
        deployment(container(from_secret("KEY", "nlp-env"))),
    ]
    made = cluster(*objects)
    made.sync(clouds(aws_with("value")))
    assert made.pods_would_wait() == []
    made.sync(clouds(aws_with(None)))
    assert made.synced("nlp") == "SecretSynced"
    assert made.dangling[-1].after == "delete Secret default/nlp-env"
    made = cluster(*objects, without=("kubernetes-external-secret-deletes",))
    made.sync(clouds(aws_with("value")))
    made.sync(clouds(aws_with(None)))
    assert made.pods_would_wait() == []


def test_a_value_that_is_not_there_is_skipped_whatever_its_cloud_calls_that() -> None:
    class OtherWords(SimulatedAws):
        def _read(self, name: str, scope: str | None) -> str:
            try:
                return super()._read(name, scope)
            except CloudError as error:
                raise CloudError("Nothing", "there is nothing") from error

    made = cluster(AWS_STORE, external("app/token", deletionPolicy="Delete"))
    made.sync(clouds(OtherWords()))
    assert made.synced("nlp") == "SecretSynced"
    assert made.names() == []


def test_a_disabled_value_is_an_ordinary_error_that_no_policy_skips() -> None:
    azure = SimulatedAzure()
    azure.service.put("rehearsal", "token", {"properties": {"value": "value"}})
    made = cluster(
        store(azurekv={"vaultUrl": "https://rehearsal.vault.azure.net"}),
        external("secret/token", deletionPolicy="Delete"),
    )
    made.sync(clouds(azure))
    assert made.value("nlp-env/KEY") == "value"
    hidden = {"value": "value", "attributes": {"enabled": False}}
    azure.service.put("rehearsal", "token", {"properties": hidden})
    made.sync(clouds(azure))
    assert made.synced("nlp") == "SecretSyncedError"
    assert made.value("nlp-env/KEY") == "value"


def test_a_name_is_read_as_each_cloud_writes_it() -> None:
    aws = aws_with("aws value")
    arn = aws.describe("app/token")["ARN"]
    gcp = SimulatedGcp()
    gcp.service.create("rehearsal", "app-token", {"replication": {"auto": {}}})
    gcp.set_value("app-token", "gcp value")
    made = cluster(AWS_STORE, external(arn))
    made.sync(clouds(aws))
    assert made.value("nlp-env/KEY") == "aws value"
    gcp_store = store(gcpsm={"projectID": "rehearsal"})
    made = cluster(gcp_store, external("app-token"))
    made.sync(clouds(gcp))
    assert made.value("nlp-env/KEY") == "gcp value"
    full = external("projects/rehearsal/secrets/app-token")
    made = cluster(gcp_store, full)
    made.sync(clouds(gcp))
    assert "does not match the expected format" in ready(made)
    made = cluster(gcp_store, full, without=("kubernetes-store-says-where",))
    made.sync(clouds(gcp))
    assert made.value("nlp-env/KEY") == "gcp value"


def test_a_store_reads_only_its_own_place() -> None:
    elsewhere = store(aws={"region": "us-east-1"})
    made = cluster(elsewhere, external("app/token"))
    made.sync(clouds(aws_with("value")))
    assert (made.synced("nlp"), ready(made)) == ("SecretSyncedError", "Secret does not exist")


def test_a_store_that_is_not_there_is_an_error_until_someone_declares_it() -> None:
    made = cluster(external("app/token"))
    made.sync(clouds(aws_with("value")))
    assert 'could not get SecretStore "store"' in ready(made)
    made.add_store("store", kind="SecretStore", scope="eu-west-1")
    made.sync(clouds(aws_with("value")))
    assert made.synced("nlp") == "SecretSynced"
    shared = external("app/token")
    shared["spec"]["secretStoreRef"] = {"name": "shared", "kind": "ClusterSecretStore"}
    made = cluster(shared)
    made.add_store("shared", "aws")
    made.sync(clouds(aws_with("value")))
    assert made.synced("nlp") == "SecretSynced"
    made.sync({})
    assert "reads aws, which is not rehearsed" in ready(made)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"dataFrom": [{"find": {}}]}, "supports only `extract`"),
        (
            {"target": {"template": {"data": {"a": "{{ .b }}"}}}},
            "not support templates with expressions",
        ),
        ({"data": [{"secretKey": "a b", "remoteRef": {"key": "app/token"}}]}, "Invalid value"),
    ],
)
def test_what_cannot_be_synced_says_so(broken: dict[str, Any], words: str) -> None:
    wanted = external("app/token")
    wanted["spec"] |= broken
    made = cluster(AWS_STORE, wanted)
    made.sync(clouds(aws_with("value")))
    assert made.synced("nlp") == "SecretSyncedError"
    assert words in ready(made)


def test_who_owns_the_secret_decides_what_becomes_of_it() -> None:
    template = {"metadata": {"annotations": {"reloader.stakater.com/match": "true"}}}
    made = cluster(AWS_STORE, external("app/token", creationPolicy="Orphan", template=template))
    made.sync(clouds(aws_with("value")))
    assert (
        made.get("Secret", "nlp-env")["metadata"]["annotations"]
        == template["metadata"]["annotations"]
    )
    made.delete("ExternalSecret", "nlp")
    assert made.names() == ["nlp-env"]
    made = cluster(AWS_STORE, external("app/token", creationPolicy="Merge"))
    made.sync(clouds(aws_with("value")))
    assert made.names() == []
    made.apply(secret("nlp-env", {"OTHER": "kept"}))
    made.sync(clouds(aws_with("value")))
    assert (made.value("nlp-env/OTHER"), made.value("nlp-env/KEY")) == ("kept", "value")
    made = cluster(AWS_STORE, external("app/token", immutable=True))
    made.sync(clouds(aws_with("value")))
    made.sync(clouds(aws_with("other")))
    assert made.value("nlp-env/KEY") == "value"


def test_an_immutable_target_keeps_its_first_value() -> None:
    aws, made = aws_with("first"), SimulatedKubernetes()
    made.apply(AWS_STORE)
    made.apply(external("app/token", immutable=True))
    made.sync(clouds(aws))
    aws.set_value("app/token", "second")
    made.sync(clouds(aws))

    assert made.value("nlp-env/KEY") == "first"


@pytest.mark.engine
def test_a_program_s_external_secret_is_synced_in_a_rehearsal() -> None:
    def program() -> None:
        for made in (AWS_STORE, external("app/token")):
            kubernetes.apiextensions.CustomResource(
                made["kind"].lower(),
                api_version=made["apiVersion"],
                kind=made["kind"],
                metadata={"name": made["metadata"]["name"]},
                spec=made["spec"],
            )

    with Rehearsal(program, clouds=[aws_with(None), SimulatedKubernetes()]) as rehearsal:
        rehearsal.up()
        rehearsal.kubernetes.sync(rehearsal.clouds)
        assert rehearsal.kubernetes.synced("externalsecret") == "SecretSyncedError"
        rehearsal.aws.set_value("app/token", "operator's value")
        rehearsal.kubernetes.sync(rehearsal.clouds)
        assert rehearsal.kubernetes.value("nlp-env/KEY") == "operator's value"
        rehearsal.refresh()
        assert rehearsal.up().changes == []
        rehearsal.assert_no_leak()
        rehearsal.destroy()
        assert rehearsal.kubernetes.names() == []
