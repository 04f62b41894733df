"""What is particular to GCP Secret Manager."""

import re

import pulumi
import pulumi_gcp as gcp
import pytest

from infra_secrets import Secret
from infra_secrets.testing import Rehearsal, Run
from tests.clouds.containers import container
from tests.conftest import config_for, recording_on

GRANT = "gcp:secretmanager/secretIamMember:SecretIamMember"
READERS = ["serviceAccount:api@shop.iam.gserviceaccount.com", "group:ops@example.com"]


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

    [grant] = recording.of_type(GRANT)
    assert grant.inputs["member"] == member
    assert re.fullmatch("x-reader-[0-9a-f]{8}", grant.name), "too short, and two would collide"


def test_gcp_readers_read_and_writers_look_and_set_and_never_read() -> None:
    recording = recording_on("gcp")
    recording.run(lambda: Secret("x", readers=READERS[:1], writers=READERS[1:]))

    assert [(each.inputs["member"], each.inputs["role"]) for each in recording.of_type(GRANT)] == [
        (READERS[0], "roles/secretmanager.secretAccessor"),
        (READERS[1], "roles/secretmanager.secretVersionAdder"),
        (READERS[1], "roles/secretmanager.viewer"),
    ]


def test_a_principal_of_gcp_that_reads_and_writes_has_each_role_once() -> None:
    recording = recording_on("gcp")
    names = []

    def known_later() -> (
        None
    ):  # an output is made in the program: outside there may be no event loop
        given = [pulumi.Output.from_input(READERS[0])] * 2
        Secret("x", readers=given, writers=given)

    for program in (lambda: Secret("x", readers=READERS[:1], writers=READERS[:1]), known_later):
        recording.run(program)
        names.append({each.inputs["role"]: each.name for each in recording.of_type(GRANT)})
        assert len(recording.of_type(GRANT)) == 3

    assert (
        names
        == [
            {
                "roles/secretmanager.secretAccessor": "x-reader-9a301e4c",
                "roles/secretmanager.secretVersionAdder": "x-writer-9a301e4c",
                "roles/secretmanager.viewer": "x-writer-metadata-9a301e4c",
            }
        ]
        * 2
    )


def changed_on_gcp(run: Run) -> list[tuple[str, str]]:
    return [(step.op, step.name) for step in run.changes if step.type.startswith("gcp:")]


@pytest.mark.engine
def test_a_stack_from_before_writers_looked_gets_the_new_grants_and_keeps_the_others() -> None:
    reader, writer = READERS

    def now() -> None:
        Secret("x", readers=[reader], writers=[writer])

    def before() -> None:
        made = Secret("x", readers=[reader])
        gcp.secretmanager.SecretIamMember(
            "x-writer-80c1d2bb",  # as it was named then
            secret_id=made.secret_id,
            role="roles/secretmanager.secretVersionAdder",
            member=writer,
            opts=pulumi.ResourceOptions(parent=made),
        )

    config = config_for("gcp")
    with Rehearsal(before, project="shop", stack="production", config=config) as rehearsal:
        rehearsal.up()
        granted = rehearsal.gcp.describe("shop__production__x")["bindings"]
        rehearsal.gcp.set_value("shop__production__x", "made-up-stripe-key")
        rehearsal.program = now
        upgraded, again = rehearsal.up(), rehearsal.up()

        new = {"role": "roles/secretmanager.viewer", "member": writer}
        assert changed_on_gcp(upgraded) == [("create", "x-writer-metadata-80c1d2bb")]
        assert again.changes == []
        assert rehearsal.gcp.describe("shop__production__x")["bindings"] == [*granted, new]
        rehearsal.program = lambda: Secret("x", readers=[reader])
        taken_away = rehearsal.up()

        assert sorted(changed_on_gcp(taken_away)) == [
            ("delete", "x-writer-80c1d2bb"),
            ("delete", "x-writer-metadata-80c1d2bb"),
        ]
        [left] = rehearsal.gcp.describe("shop__production__x")["bindings"]
        assert left == {"role": "roles/secretmanager.secretAccessor", "member": reader}
        assert rehearsal.gcp.value("shop__production__x") == "made-up-stripe-key"
        rehearsal.assert_no_leak()
