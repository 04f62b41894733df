"""What the scenarios need to know of each cloud: its config, its principals, and how a person acts there.

The names and ids are made up. Nothing here decides what a scenario does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from infra_secrets import clouds
from infra_secrets.clouds import Cloud
from infra_secrets.rules.naming import SecretName
from infra_secrets.testing.rehearsal import Rehearsal
from infra_secrets.testing.simulation import SimulatedCloud

PROJECT, STACK = "shop", "production"

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
VAULT = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shop/providers/Microsoft.KeyVault/vaults/shop"
)


@dataclass(frozen=True)
class Place:
    """One cloud as the scenarios see it.

    Attributes:
        cloud: Its name in the package.
        package: The Pulumi package of its provider.
        title: Its name in a table.
        config: The stack's config.
        scope: The region, project or vault that this is.
        elsewhere: Config that leads to another region, project or vault.
        reader: A principal that may read.
        writer: A principal that may set.
        encryption_key: A customer-managed key; None where the cloud takes none.
        replicas: Further regions.
    """

    cloud: str
    package: str
    title: str
    config: Mapping[str, Any]
    scope: str
    elsewhere: Mapping[str, Any]
    reader: str
    writer: str
    encryption_key: str | None = None
    replicas: tuple[str, ...] = ()

    @property
    def facts(self) -> Cloud:
        return clouds.load(self.cloud)

    def spelled(self, name: SecretName) -> str:
        return self.facts.SPELLING.spell(name)

    def simulated(self, rehearsal: Rehearsal) -> SimulatedCloud:
        return rehearsal.clouds[self.package]

    def id_of(self, rehearsal: Rehearsal, name: str) -> str:
        """Return what `adopt` and `import_` take, as a person finds it in the cloud."""
        if self.cloud == "aws":
            return cast(str, rehearsal.aws.describe(name)["ARN"])
        if self.cloud == "gcp":
            return f"projects/{self.scope}/secrets/{name}"
        return f"{VAULT}/secrets/{name}"

    def has_grants(self, rehearsal: Rehearsal, name: str) -> bool:
        """Say whether anybody was granted anything on a secret."""
        if self.cloud == "aws":
            return bool(rehearsal.aws.describe(name)["ResourcePolicy"])
        if self.cloud == "gcp":
            return bool(rehearsal.gcp.describe(name)["bindings"])
        return any(f"/secrets/{name}/" in id_ for id_ in rehearsal.azure.role_assignments)

    def make_by_hand(self, rehearsal: Rehearsal, name: str) -> None:
        """Make an empty secret in the console, with tags that the program does not know."""
        if self.cloud == "aws":
            rehearsal.aws.service.create_secret(
                self.scope, name, description="by hand", tags={"team": "ops", "old": "yes"}
            )
        elif self.cloud == "gcp":
            rehearsal.gcp.service.create(
                self.scope,
                name,
                {"replication": {"auto": {}}, "labels": {"team": "ops", "old": "yes"}},
            )
        else:
            body = {"properties": {"value": "by hand"}, "tags": {"team": "ops", "old": "yes"}}
            rehearsal.azure.service.put(self.scope, name, body)

    def edit_by_hand(self, rehearsal: Rehearsal, name: str) -> None:
        """Change the secret's tags in the console. On Azure that is an edit of the current version."""
        tags = {"team": "payments", "edited": "by-hand"}
        if self.cloud == "aws":
            rehearsal.aws.service.tag_resource(self.scope, name, tags)
        elif self.cloud == "gcp":
            secret = rehearsal.gcp.service.get(self.scope, name)
            labels = {**secret.settings["labels"], **tags}
            secret.settings = {**secret.settings, "labels": labels}
        else:
            secret_there = rehearsal.azure.service.live(self.scope, name)
            assert secret_there is not None
            secret_there.current.tags = tags


AWS = Place(
    cloud="aws",
    package="aws",
    title="AWS Secrets Manager",
    config={"infra-secrets:cloud": "aws", "aws:region": "eu-west-1"},
    scope="eu-west-1",
    elsewhere={"aws:region": "eu-central-1"},
    reader="arn:aws:iam::123456789012:role/shop",
    writer="arn:aws:iam::123456789012:role/operator",
    encryption_key="arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab",
    replicas=("eu-central-1",),
)
GCP = Place(
    cloud="gcp",
    package="gcp",
    title="GCP Secret Manager",
    config={"infra-secrets:cloud": "gcp", "gcp:project": "shop-production"},
    scope="shop-production",
    elsewhere={"gcp:project": "shop-staging"},
    reader="serviceAccount:shop@shop-production.iam.gserviceaccount.com",
    writer="group:operators@example.com",
    encryption_key="projects/shop-production/locations/global/keyRings/shop/cryptoKeys/secrets",
    replicas=("europe-west1", "europe-west4"),
)
AZURE = Place(
    cloud="azure",
    package="azure-native",
    title="Azure Key Vault",
    config={
        "infra-secrets:cloud": "azure",
        "infra-secrets:azureVaultId": VAULT,
        "infra-secrets:azureWriterRoleId": "33333333-3333-3333-3333-333333333333",
    },
    scope="shop",
    elsewhere={"infra-secrets:azureVaultId": f"{VAULT}-staging"},
    reader="ServicePrincipal:11111111-1111-1111-1111-111111111111",
    writer="Group:22222222-2222-2222-2222-222222222222",
)

PLACES: Mapping[str, Place] = {place.cloud: place for place in (AWS, GCP, AZURE)}
