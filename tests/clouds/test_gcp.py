"""What is particular to GCP Secret Manager."""

import re

import pytest

from infra_secrets import Secret
from tests.clouds.containers import container
from tests.conftest import recording_on

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

    [grant] = recording.of_type("gcp:secretmanager/secretIamMember:SecretIamMember")
    assert grant.inputs["member"] == member
    assert re.fullmatch("x-reader-[0-9a-f]{8}", grant.name), "too short, and two would collide"


def test_gcp_grants_the_accessor_and_the_version_adder_and_nothing_more() -> None:
    recording = recording_on("gcp")
    recording.run(lambda: Secret("x", readers=READERS[:1], writers=READERS[1:]))

    assert [
        each.inputs["role"]
        for each in recording.of_type("gcp:secretmanager/secretIamMember:SecretIamMember")
    ] == [
        "roles/secretmanager.secretAccessor",
        "roles/secretmanager.secretVersionAdder",
    ]
