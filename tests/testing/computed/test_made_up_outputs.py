"""What a cloud would have computed and the simulation makes up: that it is there, of the form that programs take
apart, and the same at every run.
"""

import base64
import datetime as dt
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure_native
import pulumi_gcp as gcp
import pulumi_kubernetes as kubernetes
import pytest
import yaml

from infra_secrets.testing import Recording, Rehearsal, SecretValue
from infra_secrets.testing.clouds.aws import ACCOUNT as SIMULATED_ACCOUNT
from infra_secrets.testing.clouds.aws import DEFAULT_REGION
from infra_secrets.testing.clouds.azure import SUBSCRIPTION as SIMULATED_SUBSCRIPTION
from infra_secrets.testing.clouds.azure import TENANT as SIMULATED_TENANT
from infra_secrets.testing.clouds.gcp import DEFAULT_PROJECT, SecretManager
from infra_secrets.testing.computed import dialects, outputs, places, sdk, subject, texts
from infra_secrets.testing.computed.echoed import EchoedType, echoed_answer
from infra_secrets.testing.computed.subject import Subject
from infra_secrets.testing.simulation import Call
from infra_secrets.testing.values import UNKNOWN

Check = Callable[[Any], object]


def made(
    token: str, given: dict[str, Any] | None = None, name: str = "shop", **config: Any
) -> dict[str, Any]:
    """Return what a new resource gets; its id is under `id`."""
    urn = f"urn:pulumi:production::shop::{token}::{name}"
    id_, found = EchoedType().create(given or {}, Call(config, name, token, urn))
    return {"id": id_, **found}


def answered(token: str, config: Mapping[str, Any] | None = None, **given: Any) -> Any:
    return echoed_answer(token, given, config or {})


def at(data: Any, path: str) -> Any:
    """Return what is at a path like `identities.0.oidcs.0.issuer`."""
    for step in path.split("."):
        data = data[int(step)] if isinstance(data, list) else data[step]
    return data


def matches(pattern: str) -> Check:
    return lambda value: re.fullmatch(pattern, value)


def is_date(value: str) -> object:
    return dt.datetime.fromisoformat(value).tzinfo


def is_kubeconfig(value: str) -> object:
    loaded = yaml.safe_load(value)
    cluster = loaded["clusters"][0]["cluster"]
    return is_base64_pem(cluster["certificate-authority-data"]) and cluster["server"]


def is_base64_pem(value: str) -> bool:
    return base64.b64decode(value, validate=True).startswith(b"-----BEGIN ")


def is_base64_kubeconfig(value: str) -> object:
    return is_kubeconfig(base64.b64decode(value).decode())


def is_registry_login(value: str) -> bool:
    user, _, password = base64.b64decode(value).decode().partition(":")
    return user == "AWS" and password.startswith("made-up-")


# Of the right form ----------------------------------------------------------------------------------

HOST = r"[a-z0-9.-]+\.[a-z]+"
RESOURCES: list[tuple[str, dict[str, Any], str, Check]] = [
    ("aws:iam/role:Role", {"name": "app"}, "arn", matches(r"arn:aws:iam::\d{12}:role/app")),
    ("aws:iam/role:Role", {}, "arn", matches(r"arn:aws:iam::\d{12}:role/shop-[0-9a-f]{7}")),
    ("aws:iam/role:Role", {}, "uniqueId", matches(r"AROA[A-Z0-9]{17}")),
    ("aws:iam/role:Role", {}, "createDate", is_date),
    ("aws:iam/policy:Policy", {}, "id", matches(r"arn:aws:iam::\d{12}:policy/shop-\w+")),
    ("aws:s3/bucket:Bucket", {}, "arn", matches(r"arn:aws:s3:::shop-\w+")),
    ("aws:s3/bucket:Bucket", {}, "bucketDomainName", matches(HOST)),
    ("aws:s3/bucket:Bucket", {}, "websiteEndpoint", matches(HOST)),
    ("aws:s3/bucketObject:BucketObject", {"bucket": "b", "key": "k"}, "id", matches(r"k|shop-\w+")),
    ("aws:ec2/vpc:Vpc", {}, "id", matches(r"vpc-[0-9a-f]{17}")),
    ("aws:ec2/vpc:Vpc", {}, "defaultSecurityGroupId", matches(r"sg-[0-9a-f]{17}")),
    ("aws:ec2/vpc:Vpc", {}, "cidrBlock", ipaddress.ip_network),
    ("aws:ec2/subnet:Subnet", {}, "id", matches(r"subnet-[0-9a-f]{17}")),
    ("aws:ec2/subnet:Subnet", {}, "availabilityZone", matches(r"eu-west-1[abc]")),
    ("aws:ec2/securityGroup:SecurityGroup", {}, "id", matches(r"sg-[0-9a-f]{17}")),
    ("aws:ec2/instance:Instance", {}, "publicIp", ipaddress.ip_address),
    ("aws:ec2/instance:Instance", {}, "vpcSecurityGroupIds.0", matches(r"sg-[0-9a-f]{17}")),
    ("aws:ec2/eip:Eip", {}, "id", matches(r"eipalloc-[0-9a-f]{17}")),
    ("aws:lb/loadBalancer:LoadBalancer", {}, "dnsName", matches(HOST)),
    ("aws:lb/loadBalancer:LoadBalancer", {}, "id", matches(r"arn:.*:loadbalancer/app/shop-.*")),
    ("aws:lambda/function:Function", {"name": "f"}, "arn", matches(r"arn:.*:\d{12}:function:f")),
    ("aws:lambda/function:Function", {}, "invokeArn", matches(r"arn:aws:apigateway:.*invocations")),
    ("aws:rds/instance:Instance", {"engine": "postgres"}, "endpoint", matches(HOST + ":5432")),
    ("aws:rds/instance:Instance", {"engine": "postgres"}, "port", lambda port: port == 5432),
    ("aws:rds/cluster:Cluster", {}, "endpoint", matches(HOST)),
    ("aws:eks/cluster:Cluster", {}, "certificateAuthority.data", is_base64_pem),
    ("aws:eks/cluster:Cluster", {}, "endpoint", matches("https://" + HOST)),
    ("aws:eks/cluster:Cluster", {}, "identities.0.oidcs.0.issuer", matches("https://" + HOST)),
    ("aws:eks/cluster:Cluster", {"vpcConfig": {"subnetIds": ["subnet-1"]}},
     "vpcConfig.clusterSecurityGroupId", matches(r"sg-[0-9a-f]{17}")),
    ("aws:acm/certificate:Certificate", {}, "domainValidationOptions.0.resourceRecordName", str.strip),
    ("aws:sqs/queue:Queue", {"name": "q"}, "url", matches(r"https://sqs\..*/\d{12}/q")),
    ("aws:ecr/repository:Repository", {"name": "r"}, "repositoryUrl",
     matches(r"\d{12}\.dkr\.ecr\.eu-west-1\.amazonaws\.com/r")),
    ("aws:route53/zone:Zone", {}, "zoneId", matches(r"Z[A-Z0-9]{13}")),
    ("aws:appsync/graphQLApi:GraphQLApi", {}, "uris.GRAPHQL", matches("https://.*")),
    ("aws:apigateway/restApi:RestApi", {}, "executionArn", matches(r"arn:aws:execute-api:.*")),
    ("gcp:serviceaccount/account:Account", {"accountId": "nlp"}, "email",
     matches(r"nlp@rehearsal\.iam\.gserviceaccount\.com")),
    ("gcp:serviceaccount/account:Account", {"accountId": "nlp"}, "id",
     matches(r"projects/rehearsal/serviceAccounts/nlp@.*")),
    ("gcp:container/cluster:Cluster", {}, "masterAuth.clusterCaCertificate", is_base64_pem),
    ("gcp:container/cluster:Cluster", {}, "endpoint", ipaddress.ip_address),
    ("gcp:container/cluster:Cluster", {"location": "europe-west1"}, "id",
     matches(r"projects/rehearsal/locations/europe-west1/clusters/shop-\w+")),
    ("gcp:compute/network:Network", {"name": "n"}, "id", matches("projects/rehearsal/global/networks/n")),
    ("gcp:compute/network:Network", {"name": "n"}, "selfLink", matches("https://.*/networks/n")),
    ("gcp:compute/instance:Instance", {"networkInterfaces": [{"accessConfigs": [{}]}]},
     "networkInterfaces.0.accessConfigs.0.natIp", ipaddress.ip_address),
    ("gcp:sql/databaseInstance:DatabaseInstance", {"name": "d"}, "connectionName",
     matches("rehearsal:us-central1:d")),
    ("gcp:cloudrun/service:Service", {}, "statuses.0.url", matches("https://.*")),
    ("azure-native:storage:StorageAccount", {"resourceGroupName": "rg", "accountName": "shop"},
     "primaryEndpoints.blob", matches(r"https://shop\.blob\.core\.windows\.net/")),
    ("azure-native:storage:StorageAccount", {"resourceGroupName": "rg", "accountName": "shop"},
     "id", matches(r"/subscriptions/[0-9-]{36}/resourceGroups/rg/providers/Microsoft\.Storage/.*/shop")),
    ("azure-native:network:Subnet", {"resourceGroupName": "rg", "virtualNetworkName": "v", "subnetName": "s"},
     "id", matches(r".*/resourceGroups/rg/providers/Microsoft\.Network/virtualNetworks/v/subnets/s")),
    ("azure-native:network:VirtualNetwork",
     {"resourceGroupName": "rg", "virtualNetworkName": "v", "subnets": [{"name": "s"}]},
     "subnets.0.id", matches(r".*/resourceGroups/rg/providers/Microsoft\.Network/virtualNetworks/v/subnets/s")),
    ("azure-native:containerservice:ManagedCluster",
     {"identity": {"type": "UserAssigned", "userAssignedIdentities": ["/x"]}},
     "identity.userAssignedIdentities./x.principalId", matches("[0-9a-f-]{36}")),
    ("azure-native:network:PublicIPAddress", {"resourceGroupName": "rg"}, "ipAddress", ipaddress.ip_address),
    ("azure-native:containerinstance:ContainerGroup", {"ipAddress": {"type": "Public"}},
     "ipAddress.fqdn", matches(HOST)),
    ("azure-native:web:WebApp", {}, "defaultHostName", matches(r".*\.azurewebsites\.net")),
    ("azure-native:managedidentity:UserAssignedIdentity", {}, "principalId", matches("[0-9a-f-]{36}")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("token", "given", "path", "check"), RESOURCES, ids=[f"{row[0]}-{row[2]}" for row in RESOURCES]
)
def test_an_output_is_there_and_has_its_cloud_s_form(
    token: str, given: dict[str, Any], path: str, check: Check
) -> None:
    assert check(at(made(token, given), path))


def is_base64_of(count: int) -> Check:
    return lambda value: len(base64.b64decode(value, validate=True)) == count


UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
CERTIFICATE = "aws:acm/certificate:Certificate"
TWO_DOMAINS = {"domainName": "a.example.com", "subjectAlternativeNames": ["*.b.example.com"]}
INSIGHTS = "azure-native:applicationinsights:Component"
ACCOUNT = r"arn:aws:[a-z-]+:eu-west-1:\d{12}:"
SHAPES: list[tuple[str, dict[str, Any], str, Check]] = [
    # Lists have the members that programs take.
    (CERTIFICATE, TWO_DOMAINS, "domainValidationOptions", lambda found: len(found) == 2),
    (CERTIFICATE, TWO_DOMAINS, "domainValidationOptions.0.domainName", matches(r"a\.example\.com")),
    (CERTIFICATE, TWO_DOMAINS, "domainValidationOptions.1.resourceRecordName",
     matches(r"_[0-9a-f]{32}\.b\.example\.com\.")),
    (CERTIFICATE, TWO_DOMAINS, "domainValidationOptions.1.resourceRecordType", matches("CNAME")),
    (CERTIFICATE, TWO_DOMAINS, "domainValidationOptions.1.resourceRecordValue",
     matches(r"_[0-9a-f]{32}\.[0-9a-f]{10}\.acm-validations\.aws\.")),
    ("aws:elasticache/cluster:Cluster", {"numCacheNodes": 3}, "cacheNodes", lambda found: len(found) == 3),
    ("aws:elasticache/cluster:Cluster", {}, "cacheNodes.1.address", matches(r".*\.cache\.amazonaws\.com")),
    # Addresses
    ("aws:apigatewayv2/api:Api", {}, "apiEndpoint",
     matches(r"https://\w{10}\.execute-api\.eu-west-1\.amazonaws\.com")),
    ("gcp:cloudrunv2/service:Service", {"name": "web", "location": "europe-west1"}, "uri",
     matches(r"https://web-\w{10}-ew\.a\.run\.app")),
    ("gcp:cloudrun/service:Service", {"name": "web"}, "statuses.0.url",
     matches(r"https://web-\w{10}-uc\.a\.run\.app")),
    ("gcp:storage/bucket:Bucket", {"name": "b"}, "url", matches("gs://b")),
    ("gcp:storage/bucket:Bucket", {"name": "b"}, "selfLink", matches("https://.*/storage/v1/b/b")),
    ("gcp:storage/bucketObject:BucketObject", {"name": "o", "bucket": "b"}, "selfLink",
     matches("https://.*/storage/v1/b/b/o/o")),
    ("gcp:storage/bucketObject:BucketObject", {}, "md5hash", is_base64_of(16)),
    ("azure-native:storage:Blob", {"accountName": "shop", "containerName": "c", "blobName": "x"}, "url",
     matches(r"https://shop\.blob\.core\.windows\.net/c/x")),
    # Azure's keys, names and identities
    (INSIGHTS, {}, "instrumentationKey", matches(UUID)),
    (INSIGHTS, {}, "connectionString", matches(f"InstrumentationKey={UUID};IngestionEndpoint=https://.*/")),
    ("azure-native:containerregistry:Registry", {"registryName": "shop"}, "loginServer",
     matches(r"shop\.azurecr\.io")),
    ("azure-native:sql:Server", {"serverName": "shop"}, "fullyQualifiedDomainName",
     matches(r"shop\.database\.windows\.net")),
    *(("azure-native:containerservice:ManagedCluster", {}, f"identityProfile.kubeletidentity.{key}", check)
      for key, check in {"objectId": matches(UUID), "clientId": matches(UUID),
                         "resourceId": matches("/subscriptions/.*/userAssignedIdentities/.*")}.items()),
    # Hosts
    ("aws:lb/loadBalancer:LoadBalancer", {"name": "web"}, "dnsName",
     matches(r"web-\d+\.eu-west-1\.elb\.amazonaws\.com")),
    ("aws:cloudfront/distribution:Distribution", {}, "domainName", matches(r"d[0-9a-f]+\.cloudfront\.net")),
    ("aws:rds/instance:Instance", {"identifier": "db"}, "address",
     matches(r"db\.\w+\.eu-west-1\.rds\.amazonaws\.com")),
    ("aws:route53/zone:Zone", {}, "nameServers.3", matches(r"ns-\d+\.awsdns-\d\d\.com")),
    ("gcp:dns/managedZone:ManagedZone", {}, "nameServers.0", matches(r"ns-cloud-a1\.googledomains\.com\.")),
    ("azure-native:dns:Zone", {}, "nameServers.1", matches(r"ns2-01\.azure-dns\.com\.")),
    ("gcp:compute/subnetwork:Subnetwork", {"ipCidrRange": "10.2.0.0/16"}, "gatewayAddress", matches(r"10\.2\.0\.1")),
    # ARNs
    ("aws:dynamodb/table:Table", {"name": "t"}, "arn", matches(ACCOUNT + "table/t")),
    ("aws:dynamodb/table:Table", {"name": "t"}, "streamArn",
     matches(ACCOUNT + r"table/t/stream/2026-01-01T00:00:00\.000")),
    ("aws:kms/key:Key", {}, "arn", matches(ACCOUNT + f"key/{UUID}")),
    ("aws:kms/key:Key", {}, "keyId", matches(UUID)),
    ("aws:rds/instance:Instance", {}, "masterUserSecrets.0.secretArn",
     matches("arn:aws:secretsmanager:eu-west-1:.*:secret:rds!db-.*")),
    ("aws:cognito/userPool:UserPool", {}, "id", matches(r"eu-west-1_\w{9}")),
    ("aws:cognito/userPool:UserPool", {}, "arn", matches(ACCOUNT + r"userpool/eu-west-1_\w{9}")),
    # Google's full names
    ("gcp:iam/workloadIdentityPool:WorkloadIdentityPool", {"workloadIdentityPoolId": "ci"}, "name",
     matches(r"projects/\d{12}/locations/global/workloadIdentityPools/ci")),
    ("gcp:iam/workloadIdentityPool:WorkloadIdentityPool", {"workloadIdentityPoolId": "ci"}, "id",
     matches("projects/rehearsal/locations/global/workloadIdentityPools/ci")),
    ("gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
     {"workloadIdentityPoolId": "ci", "workloadIdentityPoolProviderId": "gh"}, "name",
     matches(r"projects/\d{12}/locations/global/workloadIdentityPools/ci/providers/gh")),
    ("gcp:projects/iAMCustomRole:IAMCustomRole", {"roleId": "r"}, "name", matches("projects/rehearsal/roles/r")),
    ("gcp:serviceaccount/account:Account", {"accountId": "a"}, "name",
     matches(r"projects/rehearsal/serviceAccounts/a@rehearsal\.iam\..*")),
    ("gcp:artifactregistry/repository:Repository", {"repositoryId": "r"}, "name", matches("r")),
    ("gcp:kms/cryptoKey:CryptoKey", {"keyRing": "projects/p/locations/europe-west1/keyRings/k", "name": "c"},
     "id", matches("projects/p/locations/europe-west1/keyRings/k/cryptoKeys/c")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("token", "given", "path", "check"), SHAPES, ids=[f"{row[0]}-{row[2]}" for row in SHAPES]
)
def test_a_made_up_output_has_the_shape_that_programs_rely_on(
    token: str, given: dict[str, Any], path: str, check: Check
) -> None:
    assert check(at(made(token, given), path))


@pytest.mark.parametrize(
    ("token", "one", "other"),
    [
        ("aws:kms/key:Key", "keyId", "id"),
        ("aws:kms/key:Key", "arn", "keyId"),
        ("aws:cognito/userPool:UserPool", "arn", "id"),
        ("aws:cognito/userPool:UserPool", "endpoint", "id"),
        ("aws:apigatewayv2/api:Api", "arn", "id"),
        (INSIGHTS, "connectionString", "instrumentationKey"),
    ],
)
def test_outputs_that_name_the_same_thing_agree(token: str, one: str, other: str) -> None:
    found = made(token)
    assert found[other] in found[one]


FUNCTIONS: list[tuple[str, dict[str, Any], str, Check]] = [
    ("aws:ec2/getAmi:getAmi", {"mostRecent": "true"}, "id", matches(r"ami-[0-9a-f]{17}")),
    ("aws:ec2/getAmi:getAmi", {"mostRecent": "true"}, "mostRecent", lambda value: value is True),
    ("aws:ec2/getAmi:getAmi", {}, "architecture", lambda value: value == "x86_64"),
    ("aws:ec2/getVpc:getVpc", {"default": True}, "id", matches(r"vpc-[0-9a-f]{17}")),
    ("aws:ec2/getVpc:getVpc", {"id": "vpc-1"}, "id", matches("vpc-1")),
    ("aws:ec2/getSubnets:getSubnets", {}, "ids.1", matches(r"subnet-[0-9a-f]{17}")),
    ("aws:index/getAvailabilityZones:getAvailabilityZones", {}, "names",
     lambda names: names == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
    ("aws:index/getAvailabilityZones:getAvailabilityZones", {}, "zoneIds.2", matches("euw1-az3")),
    ("aws:ecr/getAuthorizationToken:getAuthorizationToken", {}, "authorizationToken", is_registry_login),
    ("aws:ecr/getAuthorizationToken:getAuthorizationToken", {}, "expiresAt", is_date),
    ("aws:route53/getZone:getZone", {"name": "example.com"}, "zoneId", matches("Z[A-Z0-9]{13}")),
    ("gcp:compute/getZones:getZones", {}, "names", lambda names: len(set(names)) == 3),
    ("gcp:compute/getImage:getImage", {}, "selfLink", matches("https://.*")),
    ("azure-native:storage:listStorageAccountKeys", {}, "keys.1.value", is_base64_of(64)),
    ("azure-native:containerregistry:listRegistryCredentials", {}, "passwords.0.value", str.strip),
    ("azure-native:containerservice:listManagedClusterUserCredentials", {}, "kubeconfigs.0.value",
     is_base64_kubeconfig),
]  # fmt: skip


@pytest.mark.parametrize(
    ("token", "given", "path", "check"), FUNCTIONS, ids=[f"{row[0]}-{row[2]}" for row in FUNCTIONS]
)
def test_a_function_s_answer_has_its_cloud_s_form(
    token: str, given: dict[str, Any], path: str, check: Check
) -> None:
    assert check(at(answered(token, **given), path))


@pytest.mark.parametrize(
    ("path", "check"),
    [
        ("kubeConfigRaw", is_kubeconfig),
        ("clientCertificatePem", str.strip),
        ("tlsPrivateKeyBase64", lambda value: base64.b64decode(value, validate=True)),
        ("primaryConnectionString", matches("Endpoint=https://.*;Key=made-up-.*")),
        ("adminPassword", matches("made-up-.*")),
        ("assumeRolePolicy", lambda value: json.loads(value)["Version"]),
        ("ipv6CidrBlock", ipaddress.ip_network),
        ("ipv6Address", ipaddress.ip_address),
        ("privateIpAddress", lambda value: ipaddress.ip_address(value).is_private),
        ("lastModifiedTime", is_date),
        ("macAddress", matches("([0-9a-f]{2}:){5}[0-9a-f]{2}")),
        ("targetGroupArns[0]", matches("arn:aws:.*")),
        ("whatever", matches("shop-whatever-[0-9a-f]{7}")),
    ],
)
def test_a_text_is_what_its_name_says(path: str, check: Check) -> None:
    assert check(texts.text(Subject("aws:ec2/thing:Thing", "shop", "seed"), path))


def test_what_the_provider_is_configured_for_is_respected() -> None:
    topic = made("aws:sns/topic:Topic", {"name": "t"}, region="us-west-2")
    assert topic["arn"] == "arn:aws:sns:us-west-2:123456789012:t"
    topic = made("aws:sns/topic:Topic", {"region": "eu-south-1"}, region="us-west-2")
    assert topic["arn"].startswith("arn:aws:sns:eu-south-1:")
    account = made("gcp:serviceaccount/account:Account", {"accountId": "a"}, project="p")
    assert account["email"] == "a@p.iam.gserviceaccount.com"
    network = made(
        "azure-native:network:VirtualNetwork", {"resourceGroupName": "rg"}, subscriptionId="sub"
    )
    assert network["id"].startswith("/subscriptions/sub/resourceGroups/rg/")


def test_what_is_made_up_agrees_with_the_simulated_clouds() -> None:
    assert subject.ACCOUNT == SIMULATED_ACCOUNT
    assert dialects.REGION == DEFAULT_REGION
    assert subject.PROJECT == DEFAULT_PROJECT
    assert subject.SUBSCRIPTION == SIMULATED_SUBSCRIPTION
    assert subject.TENANT == SIMULATED_TENANT
    assert subject.project_number("shop") == SecretManager().number("shop")


def test_a_policy_document_is_made_of_its_statements() -> None:
    above = json.dumps({"Version": "2012-10-17", "Statement": {"Sid": "above"}})
    statement = {
        "sid": "Pods",
        "actions": ["s3:GetObject", "s3:ListBucket"],
        "notResources": ["arn:aws:s3:::other"],
        "principals": [
            {"type": "AWS", "identifiers": ["arn:1"]},
            {"type": "AWS", "identifiers": ["arn:2"]},
        ],
        "conditions": [{"test": "StringEquals", "variable": "aws:x", "values": ["y"]}],
    }
    everybody = {"effect": "Deny", "principals": [{"type": "*", "identifiers": ["*"]}]}
    found = answered(
        "aws:iam/getPolicyDocument:getPolicyDocument",
        sourcePolicyDocuments=[above],
        statements=[statement, everybody],
    )
    assert json.loads(found["json"]) == json.loads(found["minifiedJson"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "above"},
            {
                "Sid": "Pods",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:ListBucket"],
                "NotResource": "arn:aws:s3:::other",
                "Principal": {"AWS": ["arn:1", "arn:2"]},
                "Condition": {"StringEquals": {"aws:x": "y"}},
            },
            {"Effect": "Deny", "Principal": "*"},
        ],
    }  # fmt: skip
    bindings = [{"role": "roles/viewer", "members": ["user:a@example.com"]}]
    policy = answered("gcp:organizations/getIAMPolicy:getIAMPolicy", bindings=bindings)
    assert json.loads(policy["policyData"]) == {"bindings": bindings}


# Stable, and nobody else's --------------------------------------------------------------------------


def test_the_same_resource_gets_the_same_and_each_other_one_its_own() -> None:
    one, again = made("aws:ec2/vpc:Vpc"), made("aws:ec2/vpc:Vpc")
    other = made("aws:ec2/vpc:Vpc", name="other")
    assert one == again
    assert one["id"] != other["id"]
    assert one["arn"] != other["arn"]
    token = "aws:ec2/getAmi:getAmi"
    assert answered(token, owners=["a"]) == answered(token, owners=["a"])
    assert answered(token, owners=["a"])["id"] != answered(token, owners=["b"])["id"]


def test_what_the_program_gave_is_never_changed_and_what_it_left_out_stays_out() -> None:
    given = {"assumeRolePolicy": "{}", "tags": {"a": "b"}, "path": UNKNOWN}
    found = made("aws:iam/role:Role", given)
    assert {key: found[key] for key in given} == given
    assert found["tagsAll"] == {"a": "b"}
    assert "description" not in found
    assert "permissionsBoundary" not in found


def test_a_part_that_only_the_cloud_sets_is_there_in_an_object_that_the_program_gave() -> None:
    token = "gcp:bigquery/connection:Connection"
    given: dict[str, Any] = {"cloudResource": {}}
    account = at(made(token, given), "cloudResource.serviceAccountId")
    assert isinstance(account, str)
    foretold = outputs.foretold_outputs(Subject(token, "shop", "seed", given))
    assert foretold["cloudResource"] == {"serviceAccountId": UNKNOWN}


def test_a_preview_knows_what_was_given_and_nothing_that_a_cloud_computes() -> None:
    foretold = outputs.foretold_outputs(
        Subject(
            "azure-native:containerinstance:ContainerGroup",
            "shop",
            "urn",
            {"osType": "Linux", "ipAddress": {"type": "Public"}},
        )
    )
    assert foretold["osType"] == "Linux"
    assert foretold["provisioningState"] is UNKNOWN
    assert {"type": "Public", "fqdn": UNKNOWN, "ip": UNKNOWN}.items() <= foretold[
        "ipAddress"
    ].items()


def test_a_change_keeps_what_was_made_up_and_a_read_answers_the_state() -> None:
    token, urn = "aws:iam/role:Role", "urn:pulumi:production::shop::aws:iam/role:Role::{}"
    kind, call = EchoedType(), Call({}, "before", token, urn.format("before"))
    id_, old = kind.create({"assumeRolePolicy": "{}", "tags": {"a": "1"}}, call)
    renamed = Call({}, "after", token, urn.format("after"))
    inputs = {"assumeRolePolicy": "{}", "tags": {"a": "2"}}
    new = kind.update(id_, {}, old, inputs, renamed)
    assert (new["arn"], new["name"]) == (old["arn"], old["name"])
    assert new["tagsAll"] == {"a": "2"}
    assert kind.preview(old, inputs, renamed) == new
    assert kind.read(id_, inputs, new, renamed) == (id_, inputs, new)


def test_without_an_sdk_there_is_an_id_and_little_else() -> None:
    assert set(made("nobody:index/thing:Thing", {"size": 1})) == {"id", "size", "name"}
    assert answered("nobody:index/getThing:getThing", size=1)["size"] == 1
    assert sdk.resource_outputs("aws:nowhere/thing:Thing") == {}
    assert sdk.function_outputs("aws:nowhere/getThing:getThing") == {}


def test_parts_of_one_name_are_told_by_what_they_are_parts_of() -> None:
    token = "aws:iam/rolePolicy:RolePolicy"
    ids = [made(token, {"name": "reads", "role": role}, role)["id"] for role in ("api", "web")]
    assert ids == ["api:reads", "web:reads"]
    record = {"name": "www", "zoneId": "Z1", "type": "CNAME"}
    assert made("aws:route53/record:Record", record)["id"] == "Z1_www_CNAME"


def test_no_two_of_a_hundred_types_without_a_form_share_an_id() -> None:
    kinds = [f"aws:some{number}/thing:Thing" for number in range(100)]
    ids = {
        places.id_of(Subject(kind, "shop", f"urn:pulumi:production::shop::{kind}::shop"))
        for kind in kinds
    }
    assert len(ids) == len(kinds)


# A recording ----------------------------------------------------------------------------------------


# Loading a module of an SDK warns of everything in it that is deprecated.
with_old_names = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def many() -> None:
    """A program as people write them: what one resource computes, the next one takes."""
    role = aws.iam.Role("role", assume_role_policy="{}")
    aws.iam.RolePolicyAttachment("managed", role=role.name, policy_arn="arn:aws:iam::aws:policy/X")
    bucket = aws.s3.Bucket("bucket")
    aws.s3.BucketObject("object", bucket=bucket.id, source=pulumi.StringAsset("hello"))
    variables = {"BUCKET": bucket.bucket, "KEY": pulumi.Output.secret("made-up-key")}
    code = pulumi.AssetArchive({"main.py": pulumi.StringAsset("made up")})
    aws.lambda_.Function(
        "function",
        role=role.arn,
        runtime="python3.13",
        handler="main.handler",
        code=code,
        environment={"variables": variables},
    )
    vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
    zones = aws.get_availability_zones(state="available").names
    subnets = [
        aws.ec2.Subnet(zone, vpc_id=vpc.id, availability_zone=zone, cidr_block=f"10.0.{n}.0/24")
        for n, zone in enumerate(zones[:2])
    ]
    rules: list[Any] = [
        {"protocol": "tcp", "from_port": 80, "to_port": 80.0, "cidr_blocks": ["0.0.0.0/0"]}
    ]
    group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id, ingress=rules)
    balancer = aws.lb.LoadBalancer(
        "lb", subnets=[each.id for each in subnets], security_groups=[group.id]
    )
    database = aws.rds.Instance(
        "db",
        engine="postgres",
        instance_class="db.t4g.micro",
        password=pulumi.Output.secret("made-up-password"),
        vpc_security_group_ids=[group.id],
    )
    account = gcp.serviceaccount.Account("nlp", account_id="nlp")
    gcp.projects.IAMMember("member", project="p", role="roles/x", member=account.member)
    resources = azure_native.resources.ResourceGroup("rg", resource_group_name="shop")
    storage = azure_native.storage.StorageAccount(
        "storage",
        resource_group_name=resources.name,
        sku={"name": "Standard_LRS"},
        kind="StorageV2",
    )
    keys = azure_native.storage.list_storage_account_keys_output(
        account_name=storage.name, resource_group_name=resources.name
    )
    pulumi.export("role", role.arn)
    pulumi.export("account", role.arn.apply(lambda arn: arn.split(":")[4]))
    pulumi.export("endpoint", pulumi.Output.concat(database.endpoint, "/", balancer.dns_name))
    pulumi.export("email", account.email)
    pulumi.export("key", keys.apply(lambda found: found.keys[0].value))
    pulumi.export("blob", storage.primary_endpoints.apply(lambda found: found.blob))


@with_old_names
def test_a_recording_resolves_what_a_cloud_would_compute() -> None:
    first, second = Recording(), Recording()
    first.run(many)
    second.run(many)
    assert first.exports == second.exports
    assert first.exports["account"] == "123456789012"
    assert first.exports["email"] == "nlp@rehearsal.iam.gserviceaccount.com"
    attached = first.named("managed").inputs["role"]
    assert first.exports["role"] == f"arn:aws:iam::123456789012:role/{attached}"


def test_a_recorded_preview_knows_nothing_that_a_cloud_computes() -> None:
    recording = Recording(preview=True)
    recording.run(lambda: pulumi.export("arn", aws.iam.Role("r", assume_role_policy="{}").arn))
    assert recording.exports == {"arn": UNKNOWN}


def test_what_the_sdk_marks_as_secret_is_secret_when_it_is_made_up() -> None:
    recording = Recording()

    def program() -> None:
        key = aws.iam.AccessKey("ci", user="ci")
        pulumi.export("secret", key.secret)
        pulumi.export("id", key.id)

    recording.run(program)
    assert isinstance(recording.exports["secret"], SecretValue)
    assert re.fullmatch("AKIA[A-Z0-9]{16}", recording.exports["id"])


def test_a_service_of_a_recorded_cluster_has_its_addresses() -> None:
    recording = Recording()

    def program() -> None:
        service = kubernetes.core.v1.Service("web", spec={"type": "LoadBalancer"})
        pulumi.export("ip", service.status.load_balancer.ingress[0].ip)
        pulumi.export("inside", service.spec.cluster_ip)
        release = kubernetes.helm.v3.Release("db", chart="postgresql", namespace="data")
        pulumi.export(
            "release", release.status.apply(lambda status: [status.namespace, status.name])
        )

    recording.run(program)
    assert ipaddress.ip_address(recording.exports["ip"]).version == 4
    assert ipaddress.ip_address(recording.exports["inside"]).version == 4
    assert recording.exports["release"][0] == "data"


# On the engine --------------------------------------------------------------------------------------


@pytest.mark.engine
@with_old_names
def test_a_program_of_many_echoed_resources_shows_no_change_that_is_none() -> None:
    with Rehearsal(many) as rehearsal:
        previewed = rehearsal.preview()
        up = rehearsal.up()
        assert {step.name for step in previewed.changes} == {step.name for step in up.changes}
        outputs_before = rehearsal.outputs
        assert outputs_before["account"] == "123456789012"
        for again in (rehearsal.preview, rehearsal.up, rehearsal.refresh, rehearsal.preview):
            run = again()
            assert [f"{step.op} {step.name}" for step in run.changes] == []
        assert rehearsal.outputs == outputs_before
    with Rehearsal(many) as rehearsal:
        rehearsal.up()
        assert rehearsal.outputs == outputs_before


@pytest.mark.engine
def test_the_first_preview_knows_nothing_that_is_made_up_later() -> None:
    seen: list[Any] = []

    def program() -> None:
        role = aws.iam.Role("role", assume_role_policy="{}", path="/app/")
        pulumi.Output.all(role.path).apply(seen.extend)
        role.arn.apply(seen.append)

    with Rehearsal(program) as rehearsal:
        rehearsal.preview()
        assert seen == ["/app/"]
        rehearsal.up()
        assert any(str(each).startswith("arn:aws:iam::") for each in seen)


@pytest.mark.engine
def test_what_is_looked_up_and_what_is_imported_has_outputs_too() -> None:
    def program() -> None:
        found = aws.iam.Role.get("found", "existing")
        pulumi.export("found", found.arn)
        adopted = aws.iam.Role(
            "adopted", assume_role_policy="{}", opts=pulumi.ResourceOptions(import_="theirs")
        )
        pulumi.export("adopted", [adopted.id, adopted.arn])

    with Rehearsal(program) as rehearsal:
        rehearsal.up()
        assert rehearsal.outputs["found"].startswith("arn:aws:iam::123456789012:role/")
        assert rehearsal.outputs["adopted"][0] == "theirs"
        assert rehearsal.outputs["adopted"][1].startswith("arn:aws:iam::123456789012:role/")


@pytest.mark.engine
def test_a_renamed_resource_keeps_its_id_and_its_outputs() -> None:
    def program() -> None:
        opts = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="before")])
        pulumi.export("arn", aws.iam.Role(name, assume_role_policy=policy, opts=opts).arn)

    name, policy = "before", "{}"
    with Rehearsal(program) as rehearsal:
        rehearsal.up()
        arn = rehearsal.outputs["arn"]
        name, policy = "after", '{"Version": "2012-10-17"}'
        rehearsal.up()
        assert rehearsal.outputs["arn"] == arn


@pytest.mark.engine
def test_a_file_of_manifests_is_taken_apart() -> None:
    text = "\n---\n".join(
        json.dumps({"apiVersion": "v1", "kind": kind, "metadata": {"name": "shop"}})
        for kind in ("Service", "ConfigMap")
    )
    with Rehearsal(lambda: kubernetes.yaml.ConfigGroup("g", yaml=[text])) as rehearsal:
        rehearsal.up()
        assert rehearsal.kubernetes.names("Service") == ["shop"]
        assert rehearsal.kubernetes.names("ConfigMap") == ["shop"]
        assert rehearsal.up().changes == []


@pytest.mark.engine
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK's own, when it is imported
def test_what_is_looked_up_has_what_a_program_would_else_have_given() -> None:
    def program() -> None:
        vpc = aws.ec2.Vpc.get("old", "vpc-123", tags={"owner": "us"})
        pulumi.export("network", vpc.cidr_block)
        pulumi.export("id", vpc.id)

    recording = Recording()
    recording.run(program)
    ipaddress.ip_network(recording.exports["network"])
    with Rehearsal(program) as rehearsal:
        rehearsal.up()
        ipaddress.ip_network(rehearsal.outputs["network"])
        assert rehearsal.outputs["id"] == "vpc-123"


def test_a_service_accounts_key_is_a_file_in_base64() -> None:
    account = "projects/shop/serviceAccounts/app@shop.iam.gserviceaccount.com"
    key = made("gcp:serviceaccount/key:Key", {"serviceAccountId": account})["privateKey"]
    assert json.loads(base64.b64decode(key))["client_email"] == "app@shop.iam.gserviceaccount.com"


@pytest.mark.engine
def test_names_that_a_simulated_cloud_draws_are_the_same_in_every_rehearsal() -> None:
    import pulumi_azure_native as azure_native

    def program() -> None:
        group = azure_native.resources.ResourceGroup("shop", location="westeurope")
        vault = azure_native.keyvault.Vault(
            "shop",
            resource_group_name=group.name,
            properties={"tenantId": "t", "sku": {"family": "A", "name": "standard"}},
        )
        pulumi.export("group", group.name)
        pulumi.export("vault", vault.id)

    def outputs() -> dict[str, object]:
        with Rehearsal(program) as rehearsal:
            rehearsal.up()
            return rehearsal.outputs

    assert outputs() == outputs()
