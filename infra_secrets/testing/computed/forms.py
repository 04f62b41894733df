"""Texts of a form of their own, by type and property: a table, so that another one is another line.

What `texts` knows by a property's name alone is not here. Host names follow the service that has them.
"""

import base64
import hashlib
import ipaddress
import re
from typing import Any, Final

from infra_secrets.testing.computed import aws, azure, places
from infra_secrets.testing.computed.subject import Subject, project_number, words

# The host of what a service makes: by package and module, or by those and the type. {mark}: 12 made-up digits.
_HOSTS: Final = {
    "aws:apigatewayv2": "{id}.execute-api.{region}.amazonaws.com",
    "aws:apigateway:RestApi": "{id}.execute-api.{region}.amazonaws.com",
    "aws:cloudfront": "d{mark}.cloudfront.net",
    "aws:cognito:UserPool": "cognito-idp.{region}.amazonaws.com/{id}",
    "aws:docdb": "{label}.cluster-{mark}.{region}.docdb.amazonaws.com",
    "aws:efs": "{id}.efs.{region}.amazonaws.com",
    "aws:eks": "{hex32}.gr7.{region}.eks.amazonaws.com",
    "aws:elasticache": "{label}.{mark}.0001.{region}.cache.amazonaws.com",
    "aws:alb": "{label}-{decimal}.{region}.elb.amazonaws.com",
    "aws:elb": "{label}-{decimal}.{region}.elb.amazonaws.com",
    "aws:lb": "{label}-{decimal}.{region}.elb.amazonaws.com",
    "aws:lambda:FunctionUrl": "{small32}.lambda-url.{region}.on.aws",
    "aws:neptune": "{label}.cluster-{mark}.{region}.neptune.amazonaws.com",
    "aws:opensearch": "search-{label}-{mark}.{region}.es.amazonaws.com",
    "aws:elasticsearch": "search-{label}-{mark}.{region}.es.amazonaws.com",
    "aws:rds": "{label}.{mark}.{region}.rds.amazonaws.com",
    "aws:rds:Cluster": "{label}.cluster-{mark}.{region}.rds.amazonaws.com",
    "aws:redshift": "{label}.{mark}.{region}.redshift.amazonaws.com",
    "aws:s3": "{name}.s3.{region}.amazonaws.com",
    "azure-native:app": "{label}.{mark}.{region}.azurecontainerapps.io",
    "azure-native:cache": "{label}.redis.cache.windows.net",
    "azure-native:cdn": "{label}.azureedge.net",
    "azure-native:cognitiveservices": "{label}.cognitiveservices.azure.com",
    "azure-native:containerregistry": "{label}.azurecr.io",
    "azure-native:containerservice": "{label}-{mark}.hcp.{region}.azmk8s.io",
    "azure-native:cosmosdb": "{label}.documents.azure.com:443",
    "azure-native:dbformysql": "{label}.mysql.database.azure.com",
    "azure-native:dbforpostgresql": "{label}.postgres.database.azure.com",
    "azure-native:eventhub": "{label}.servicebus.windows.net",
    "azure-native:keyvault": "{label}.vault.azure.net",
    "azure-native:search": "{label}.search.windows.net",
    "azure-native:servicebus": "{label}.servicebus.windows.net",
    "azure-native:signalrservice": "{label}.service.signalr.net",
    "azure-native:sql": "{label}.database.windows.net",
    "azure-native:storage": "{label}.blob.core.windows.net",
    "azure-native:web": "{label}.azurewebsites.net",
    "gcp:cloudfunctions": "{region}-{project}.cloudfunctions.net",
    "gcp:cloudfunctionsv2": "{label}-{hex10}-{initials}.a.run.app",
    "gcp:cloudrun": "{label}-{hex10}-{initials}.a.run.app",
    "gcp:cloudrunv2": "{label}-{hex10}-{initials}.a.run.app",
}

# Type, path in small words, form. The first line that fits counts.
_TABLE: Final = (
    ("aws:acm/certificate:Certificate", r"^domain_validation_options.*\.domain_name$", "{domain}"),
    (
        "aws:acm/certificate:Certificate",
        r"^domain_validation_options.*name$",
        "_{hex32}.{domain}.",
    ),
    ("aws:acm/certificate:Certificate", r"^domain_validation_options.*type$", "CNAME"),
    (
        "aws:acm/certificate:Certificate",
        r"^domain_validation_options.*value$",
        "_{hex32}.{hex10}.acm-validations.aws.",
    ),
    ("aws:apigatewayv2/api:Api", r"^api_endpoint$", "https://{host}"),
    ("aws:cognito/userPool:UserPool", r"^endpoint$", "{host}"),
    ("aws:cloudfront/", r"^hosted_zone_id$", "Z2FDTNDATAQYW2"),
    ("aws:dynamodb/table:Table", r"^stream_arn$", "{arn}/stream/2026-01-01T00:00:00.000"),
    ("aws:dynamodb/table:Table", r"^stream_label$", "2026-01-01T00:00:00.000"),
    ("aws:kms/", r"^key_id$", "{id}"),
    (r"aws:(rds|docdb)/", r"secret_arn$", "{secret}:secret:rds!db-{uuid}-AbCdEf"),
    ("aws:", r"secret_arn$", "{secret}:secret:{name}-AbCdEf"),
    ("aws:s3/", r"bucket_domain_name$", "{name}.s3.amazonaws.com"),
    ("aws:s3/", r"website_domain$", "s3-website-{region}.amazonaws.com"),
    ("aws:s3/", r"website_endpoint$", "{name}.s3-website-{region}.amazonaws.com"),
    ("aws:route53/", r"name_server", "ns-{index}.awsdns-{index:02}.com"),
    ("azure-native:applicationinsights:", r"^instrumentation_key$", "{key}"),
    (
        "azure-native:applicationinsights:",
        r"^connection_string$",
        "InstrumentationKey={key};IngestionEndpoint=https://{region}-1.in.applicationinsights.azure.com/",
    ),
    ("azure-native:containerregistry:", r"^login_server$", "{host}"),
    ("azure-native:containerregistry:listRegistryCredentials", r"^username$", "{registryName}"),
    ("azure-native:storage:listStorageAccountKeys", r"key_name$", "key{index}"),
    ("azure-native:storage:listStorageAccountKeys", r"value$", "{base64_64}"),
    (
        "azure-native:storage:Blob$",
        r"^url$",
        "https://{accountName}.blob.core.windows.net/{containerName}/{name}",
    ),
    ("azure-native:", r"name_server", "ns{index}-01.azure-dns.com."),
    ("azure-native:", r"(^|\.)(primary|secondary)(_\w+)?_key$", "{base64_64}"),
    (
        "azure-native:containerservice:ManagedCluster",
        r"^identity_profile.*resource_id$",
        "/subscriptions/{subscription}/resourceGroups/MC_{name}/providers/{identities}/{name}-agentpool",
    ),
    ("gcp:cloudfunctions/", r"^https_trigger_url$", "https://{host}/{name}"),
    ("gcp:(cloudrun|cloudrunv2|cloudfunctionsv2)/", r"(^|\.)(url|uri|urls)(\[\d+\])?$", "https://{host}"),
    ("gcp:compute/subnetwork:", r"^gateway_address$", "{gateway}"),
    ("gcp:dns/", r"name_server", "ns-cloud-a{index}.googledomains.com."),
    ("gcp:(redis|memcache)/", r"(^|_)host$", "{private}"),
    ("gcp:storage/bucket:Bucket", r"^url$", "gs://{name}"),
    ("gcp:storage/bucket:Bucket", r"^self_link$", "https://www.googleapis.com/storage/v1/b/{name}"),
    (
        "gcp:storage/bucketObject:",
        r"^(self|media)_link$",
        "https://www.googleapis.com/storage/v1/b/{bucket}/o/{name}",
    ),
    ("gcp:storage/", r"crc32c$", "{base64_4}"),
    ("gcp:storage/", r"md5_?hash$", "{base64_16}"),
)  # fmt: skip
_FORMS: Final = tuple((re.compile(type_), re.compile(path), form) for type_, path, form in _TABLE)


def form_of(subject: Subject, path: str) -> str | None:
    """Return a property's text by its type's table; None where the table says nothing."""
    name = words(path)
    for type_, place, form in _FORMS:
        if type_.match(subject.token) and place.search(name):
            return form.format_map(_Parts(subject, path))
    return None


def host_of(subject: Subject, path: str) -> str | None:
    """Return the name of a service's host; None where the table has none."""
    package = "aws" if subject.is_aws else subject.package
    module = f"{package}:{subject.module}"
    form = _HOSTS.get(f"{module}:{subject.type}") or _HOSTS.get(module)
    return None if form is None else form.format_map(_Parts(subject, path))


def domains_of(subject: Subject) -> list[str]:
    """Return the domains of a certificate, each once."""
    names = [subject.given("domainName"), *(subject.inputs.get("subjectAlternativeNames") or [])]
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


class _Parts(dict[str, Any]):
    """What a form is filled with; an unknown name is that of an input."""

    def __init__(self, subject: Subject, path: str) -> None:
        super().__init__()
        self.subject = subject
        self.path = path

    def __missing__(self, key: str) -> Any:
        subject, path = self.subject, self.path
        kind, _, count = key.partition("_")
        if kind == "base64":
            digest = hashlib.sha512(f"{subject.seed}\0{path}".encode()).digest()
            return base64.b64encode(digest[: int(count)]).decode()
        if key.startswith("hex"):
            return subject.digits(path, int(key[3:]))
        make = getattr(self, f"_{key}", None)
        return make() if make is not None else subject.given(key) or subject.own_name

    def _name(self) -> str:
        azure_s = self.subject.package == "azure-native"
        return azure.name_of(self.subject) if azure_s else self.subject.own_name

    def _label(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self._name().lower()).strip("-")[:40]

    def _id(self) -> str:
        return places.id_of(self.subject)

    def _arn(self) -> str:
        return aws.arn_of(self.subject)

    def _secret(self) -> str:
        return aws.arn_start(self.subject, "secretsmanager")

    def _host(self) -> str:
        return host_of(self.subject, "host") or ""

    def _mark(self) -> str:
        return self.subject.digits(self.path, 12)

    def _decimal(self) -> str:
        return self.subject.number(self.path, 10)

    def _small32(self) -> str:
        return self.subject.letters(self.path, 12).lower() + self.subject.digits(self.path, 20)

    def _uuid(self) -> str:
        return self.subject.uuid(self.path)

    def _key(self) -> str:
        return self.subject.uuid("instrumentationKey")

    def _region(self) -> str:
        return self.subject.region

    def _initials(self) -> str:
        """As Cloud Run writes a region: `ew` is `europe-west1`."""
        return "".join(part[0] for part in self.subject.region.split("-"))

    def _project(self) -> str:
        return self.subject.project

    def _number(self) -> str:
        return project_number(self.subject.project)

    def _subscription(self) -> str:
        return self.subject.subscription

    def _identities(self) -> str:
        return "Microsoft.ManagedIdentity/userAssignedIdentities"

    def _gateway(self) -> str:
        """As Google Cloud does, the first address of the range."""
        try:
            network = ipaddress.ip_network(self.subject.given("ipCidrRange") or "10.0.0.0/16")
        except ValueError:
            return "10.0.0.1"
        return str(network.network_address + 1)

    def _private(self) -> str:
        return f"10.0.0.{int(self.subject.digits(self.path, 2), 16) % 250 + 3}"

    def _index(self) -> int:
        found = re.findall(r"\[(\d+)\]", self.path)
        return int(found[-1]) + 1 if found else 1

    def _domain(self) -> str:
        names = domains_of(self.subject) or ["example.com"]
        return names[(self._index() - 1) % len(names)].removeprefix("*.")
