"""What clouds do differently, side by side."""

from typing import Any

import pytest

from infra_secrets import Secret, clouds
from tests.clouds.containers import container
from tests.conftest import PLACES, recording_on


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
    assert way_out in str(clouds.container(clouds.load(cloud)).way_out(failure, inputs))


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
