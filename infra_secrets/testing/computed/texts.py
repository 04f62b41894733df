"""Made-up values by what a property is called, each of the form that programs take apart.

Addresses can be parsed, documents can be loaded, base64 can be decoded, dates are RFC 3339. Addresses are those that
are reserved for documentation (RFC 5737, RFC 3849, RFC 2606) or private, so nothing that is made up is anybody's.
"""

import base64
import json
import re
from collections.abc import Callable
from typing import Final

from infra_secrets.testing.computed import aws, azure, forms, gcp, places
from infra_secrets.testing.computed.subject import ACCOUNT, TENANT, Subject, plural, singular, words

DATE: Final = "2026-01-01T00:00:00Z"

Text = Callable[[Subject, str, str], str]
"""Makes a text up for a subject, a property's name in small words, and its path."""


_GCP_KEY: Final = "gcp:serviceaccount/key:Key"


def _gcp_key(subject: Subject, path: str) -> str:
    """Return a service account's key file, in base64 as the provider gives it."""
    account = subject.given("serviceAccountId") or ""
    email = (
        account.rpartition("/")[2]
        or f"{subject.own_name}@{subject.project}.iam.gserviceaccount.com"
    )
    key = {
        "type": "service_account",
        "project_id": subject.project,
        "private_key_id": subject.digits(path, 40),
        "private_key": pem(subject, path, "PRIVATE KEY"),
        "client_email": email,
        "client_id": str(int(subject.digits(path, 16), 16)),
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return in_base64(json.dumps(key))


def text(subject: Subject, path: str) -> str:
    """Return a text for a property.

    Args:
        subject: Whose property it is.
        path: Where it is, e.g. `endpoints.blob` or `names[0]`.
    """
    name = words(_last(path))
    if name == "value" and "kubeconfig" in path.lower():
        return in_base64(kubeconfig(subject, path))
    if name == "data" and "certificate" in path.lower():
        return in_base64(pem(subject, path))
    if subject.token == _GCP_KEY and name == "private_key":
        return _gcp_key(subject, path)
    form = forms.form_of(subject, path)
    if form is not None:
        return form
    make = next(make for pattern, make in _TEXTS if pattern.search(name))
    return make(subject, name, path)


def known_text(subject: Subject, path: str) -> str | None:
    """Return a text for a property whose name says what it is; None for any other."""
    name = words(_last(path))
    known = any(pattern.search(name) for pattern, make in _TEXTS if make is not _any)
    return text(subject, path) if known else None


def mapping(subject: Subject, path: str) -> dict[str, str]:
    """Return what a map of texts holds: what is known by its keys, else nothing."""
    if words(_last(path)) == "uri" or path == "uris":
        return {key: f"https://{host(subject, key)}/" for key in ("GRAPHQL", "REALTIME")}
    return {}


def number(subject: Subject, path: str) -> int:
    """Return a number above 0 for a property; one of a port is a port."""
    name = words(_last(path))
    if name.endswith("port"):
        return _port(subject)
    return 1


def flag(path: str) -> bool:
    """Return whether something is so: only what says that it works."""
    return words(_last(path)) in {
        "enabled",
        "ready",
        "active",
        "is_active",
        "ena_support",
        "verified",
    }


def _last(path: str) -> str:
    """Return the last name in a path; of a list's item the list's, as one of them."""
    last = path.rpartition(".")[2]
    name, _, index = last.partition("[")
    return singular(name) if index else name


# What texts are made of -------------------------------------------------------------------------


def pem(subject: Subject, path: str, label: str = "CERTIFICATE") -> str:
    """Return something in PEM form."""
    body = base64.b64encode(f"made up {subject.digits(path, 48)}".encode()).decode()
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"


def in_base64(value: str) -> str:
    """Return a text in base64."""
    return base64.b64encode(value.encode()).decode()


def host(subject: Subject, path: str) -> str:
    """Return a host's name: that of the service that has it, else one that is nobody's."""
    known = forms.host_of(subject, path)
    if known is not None:
        return known
    label = re.sub(r"[^a-z0-9]+", "-", subject.own_name.lower()).strip("-")[:40]
    mark = subject.digits(path, 6)
    if subject.is_aws:
        return f"{label}-{mark}.{subject.module}.{subject.region}.amazonaws.com"
    if subject.is_azure:
        return f"{label}-{mark}.{subject.region}.cloudapp.azure.com"
    return f"{label}-{mark}.example.com"


def kubeconfig(subject: Subject, path: str) -> str:
    """Return a kubeconfig; JSON, which is YAML as well, so that either parser takes it."""
    name = subject.own_name
    cluster = {
        "server": f"https://{host(subject, path)}",
        "certificate-authority-data": in_base64(pem(subject, path)),
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
        "users": [{"name": name, "user": {"token": f"made-up-{subject.digits(path, 8)}"}}],
    }
    return json.dumps(config)


def _port(subject: Subject) -> int:
    engine = f"{subject.given('engine') or ''} {subject.token}".lower()
    known = {"postgres": 5432, "mysql": 3306, "redis": 6379, "elasticache": 6379, "redshift": 5439}
    known |= {"rds": 3306, "docdb": 27017, "memcache": 11211}
    return next((port for word, port in known.items() if word in engine), 443)


def _policy(subject: Subject, _name: str, _path: str) -> str:
    if subject.is_gcp:
        return json.dumps({"bindings": []})
    return json.dumps({"Version": "2012-10-17", "Statement": []})


def _ip(subject: Subject, name: str, path: str) -> str:
    digits = int(subject.digits(path, 4), 16)
    if "ipv6" in name or name.endswith("ip6"):
        return f"2001:db8::{digits or 1:x}"
    if (
        "public" in name
        or "nat" in name
        or "external" in name
        or name in {"ip", "ip_address", "address"}
    ):
        return f"203.0.113.{digits % 254 + 1}"
    return f"10.{digits >> 8}.{digits & 255}.{digits % 254 + 1}"


def _cidr(subject: Subject, name: str, path: str) -> str:
    digits = int(subject.digits(path, 4), 16)
    if "ipv6" in name:
        return f"2001:db8:{digits:x}::/56"
    return f"10.{digits & 255}.0.0/16"


def _uuid(subject: Subject, _name: str, path: str) -> str:
    return subject.uuid(path)


def _arn(subject: Subject, name: str, path: str) -> str:
    if name == "arn" and "." not in path and "[" not in path:
        return aws.arn_of(subject)
    if name == "invoke_arn" and subject.module == "lambda":
        function = f"{aws.arn_of(subject)}/invocations"
        return f"arn:aws:apigateway:{subject.region}:lambda:path/2015-03-31/functions/{function}"
    if name == "execution_arn":
        return f"arn:aws:execute-api:{subject.region}:{ACCOUNT}:{places.id_of(subject)}"
    if name == "qualified_arn":
        return f"{aws.arn_of(subject)}:1"
    noun = name.removesuffix("_arn")
    return aws.arn_named(subject, "thing" if noun == "arn" else noun, path)


def _url(subject: Subject, name: str, path: str) -> str:
    if name == "repository_url":
        return f"{ACCOUNT}.dkr.ecr.{subject.region}.amazonaws.com/{subject.own_name}"
    if name == "invoke_url" and subject.given("restApi"):
        address = f"{subject.given('restApi')}.execute-api.{subject.region}.amazonaws.com"
        return f"https://{address}/{subject.own_name}"
    if name == "self_link":
        return f"https://www.googleapis.com/{subject.module}/v1/{places.id_of(subject)}"
    if (subject.module, subject.type) == ("sqs", "Queue"):
        return places.id_of(subject)
    return f"https://{host(subject, path)}/"


def _endpoint(subject: Subject, name: str, path: str) -> str:
    if name == "proxy_endpoint":
        return f"https://{ACCOUNT}.dkr.ecr.{subject.region}.amazonaws.com"
    if subject.is_aws and subject.module in {"rds", "redshift", "docdb", "neptune"}:
        address = host(subject, "address")
        return address if subject.type == "Cluster" else f"{address}:{_port(subject)}"
    if subject.is_aws and (name != "endpoint" or subject.module in {"elasticache", "opensearch"}):
        return host(subject, path)
    if subject.is_gcp and subject.type == "Cluster":
        return _ip(subject, "public", path)
    return f"https://{host(subject, path)}"


def _email(subject: Subject, _name: str, _path: str) -> str:
    if subject.is_gcp:
        return gcp.service_account(subject)
    return f"{subject.name.lower()}@example.com"


def _member(subject: Subject, name: str, path: str) -> str:
    return f"serviceAccount:{_email(subject, name, path)}"


def _zone_name(subject: Subject, _name: str, path: str) -> str:
    """Three zones where a list asks for several."""
    index = re.search(r"\[(\d+)\]$", path)
    if index is None:
        return subject.zone
    if subject.is_azure:
        return str(int(index.group(1)) % 3 + 1)
    letter = "abc"[int(index.group(1)) % 3]
    return f"{subject.region}-{letter}" if subject.is_gcp else f"{subject.region}{letter}"


def _zone_id(subject: Subject, _name: str, path: str) -> str:
    if "zones" in subject.type.lower() and subject.is_aws:
        area, direction, number_ = [*subject.region.split("-"), "", ""][:3]
        index = re.search(r"\[(\d+)\]$", path)
        return f"{area}{direction[:1]}{number_}-az{int(index.group(1)) % 3 + 1 if index else 1}"
    return f"Z{subject.letters(path, 13)}"


def _name(subject: Subject, _name: str, path: str) -> str:
    kind = subject.type.lower()
    if subject.package == "kubernetes":
        return subject.own_name
    if "zones" in kind and "[" in path:
        return _zone_name(subject, _name, path)
    if kind.startswith("get") and "region" in kind:
        return subject.region
    if "." in path or "[" in path:
        return f"{subject.name}-{subject.digits(path, 7)}"
    if subject.is_gcp and path == "name":
        return gcp.full_name(subject) or subject.own_name
    return azure.name_of(subject) if subject.package == "azure-native" else subject.own_name


def _id(subject: Subject, name: str, path: str) -> str:
    noun = name.removesuffix("_id")
    if name == "id":
        owner = path.rpartition(".")[0]
        if not owner:  # its own, or in a list of ids that was asked for
            return places.id_of(subject, path)
        noun = words(_last(owner))
        if subject.is_azure:
            named = subject.given_at(owner).get("name") or subject.digits(path, 7)
            return f"{places.id_of(subject)}/{plural(_last(owner))}/{named}"
    if subject.is_aws:
        found = aws.noun_id(subject, noun, path)
        return found or f"{noun.replace('_', '-')}-{subject.digits(path, 9)}"
    return subject.number(path, 18) if subject.is_gcp else subject.uuid(path)


def _token(subject: Subject, name: str, path: str) -> str:
    if name == "authorization_token":
        return in_base64(f"AWS:made-up-{subject.digits(path, 12)}")
    return f"made-up-{name.replace('_', '-')}-{subject.digits(path, 12)}"


def _connection(subject: Subject, _name: str, path: str) -> str:
    return f"Endpoint=https://{host(subject, path)}/;Key=made-up-{subject.digits(path, 12)}"


def _certificate(subject: Subject, name: str, path: str) -> str:
    encoded = name.endswith("_data") or (subject.is_gcp and subject.type == "Cluster")
    encoded = encoded or (subject.module == "eks") or name.startswith("client_")
    found = pem(subject, path, "PRIVATE KEY" if "key" in name else "CERTIFICATE")
    return in_base64(found) if encoded else found


def _state(subject: Subject, name: str, _path: str) -> str:
    if subject.is_azure:
        return "Succeeded" if name.startswith("provisioning") else "Running"
    return (
        "ACTIVE" if subject.is_gcp or subject.module in {"eks", "ecs", "dynamodb"} else "available"
    )


def _version(subject: Subject, name: str, _path: str) -> str:
    of_cluster = subject.type in {"Cluster", "ManagedCluster", "NodeGroup", "NodePool"}
    return "1.31" if of_cluster or name in {"kubernetes_version", "master_version"} else "1"


def _always(value: str) -> Text:
    return lambda _subject, _name, _path: value


def _digits(count: int) -> Text:
    return lambda subject, _name, path: subject.digits(path, count)


def _account(subject: Subject, name: str, path: str) -> str:
    if subject.is_aws:
        return ACCOUNT
    return _id(subject, name, path) if name.endswith("_id") else _name(subject, name, path)


def _unique(subject: Subject, _name: str, path: str) -> str:
    if subject.is_gcp:
        return subject.number(path, 21)
    prefix = {"Role": "AROA", "User": "AIDA", "Group": "AGPA", "Policy": "ANPA"}.get(subject.type)
    return (
        f"{prefix or 'AIPA'}{subject.letters(path, 17)}" if subject.is_aws else subject.uuid(path)
    )


def _storage(subject: Subject, service: str) -> str:
    return f"https://{azure.name_of(subject)}.{service}.core.windows.net/"


def _namespace(subject: Subject, name: str, path: str) -> str:
    if subject.package == "kubernetes":
        return subject.given("namespace") or "default"
    return _any(subject, name, path)


def _mac(subject: Subject, _name: str, path: str) -> str:
    digits = subject.digits(path, 10)
    return ":".join(["02", *(digits[place : place + 2] for place in range(0, 10, 2))])


def _group(subject: Subject, name: str, path: str) -> str:
    return subject.given("resourceGroupName") or _any(subject, name, path)


def _host(subject: Subject, _name: str, path: str) -> str:
    return host(subject, path)


def _sha256(subject: Subject, _name: str, path: str) -> str:
    return base64.b64encode(bytes.fromhex(subject.digits(path, 64))).decode()


def _address(subject: Subject, name: str, path: str) -> str:
    if subject.is_aws and subject.module in {"rds", "elasticache", "docdb", "redshift"}:
        return host(subject, "address")
    return _ip(subject, name, path)


def _suffix(subject: Subject, _name: str, _path: str) -> str:
    return aws.arn_of(subject).rpartition(":")[2].partition("/")[2]


def _connection_name(subject: Subject, _name: str, _path: str) -> str:
    return f"{subject.project}:{subject.region}:{subject.own_name}"


def _type(subject: Subject, name: str, path: str) -> str:
    if subject.package == "azure-native" and "." not in path:
        return azure.type_of(subject)
    return _any(subject, name, path)


def _user(subject: Subject, name: str, path: str) -> str:
    return "AWS" if subject.module == "ecr" else _any(subject, name, path)


def _any(subject: Subject, name: str, path: str) -> str:
    return f"{subject.name}-{name.replace('_', '-')}-{subject.digits(path, 7)}"


_TABLE: Final[tuple[tuple[str, Text], ...]] = (
    (r"(^|_)arn$", _arn),
    (r"^arn_suffix$", _suffix),
    (r"^partition$", _always("aws")),
    (r"^(dns|url)_suffix$", _always("amazonaws.com")),
    (r"^(registry_id|owner|owner_id|account|account_id|catalog_id|aws_account_id)$", _account),
    (r"(^|_)region$|^location$", lambda subject, _name, _path: subject.region),
    (r"^(hosted_)?zone_id$", _zone_id),
    (r"(^|_)zone$", _zone_name),
    (r"^(project|project_id)$", lambda subject, _name, _path: subject.project),
    (r"^(project_)?number$", lambda subject, _name, path: subject.number(path, 12)),
    (r"^tenant_id$|^tenant$", _always(TENANT)),
    (r"^subscription_id$", lambda subject, _name, _path: subject.subscription),
    (r"^(object|principal|client|application)_id$|guid$|uuid$", _uuid),
    (r"^unique_id$", _unique),
    (r"^(blob|queue|table|file|dfs)$", lambda subject, name, _path: _storage(subject, name)),
    (r"^web$", lambda subject, _name, _path: _storage(subject, "z6.web")),
    (r"(^|_)email(_address)?$", _email),
    (r"^namespace$", _namespace),
    (r"^mac_address$", _mac),
    (r"(^|_)uid$", _uuid),
    (r"^resource_group(_name)?$", _group),
    (r"^member$", _member),
    (r"kube_?config", lambda subject, _name, path: kubeconfig(subject, path)),
    (r"^authorization_token$", _token),
    (r"connection_string$", _connection),
    (r"^connection_name$", _connection_name),
    (r"^user_?name$", _user),
    (r"openssh$|ssh_public_key$", _always("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 made-up")),
    (
        r"(certificate|cert|client_key|certificate_data|certificate_authority_data)$",
        _certificate,
    ),
    (r"_pem$|^(private|public)_key$|certificate_(body|chain)$", _certificate),
    (r"(^|_)(password|passphrase|token|secret|secret_key)$", _token),
    (r"(^|_)(access|primary|secondary|primary_access|secondary_access|shared)_key$", _token),
    (r"(^|_)json$|^policy$|policy_(document|data|json)$", _policy),
    (r"^(assume_role|inline|access|resource|iam)_policy$", _policy),
    (r"(^|_)(url|uri|link|href)$", _url),
    (r"endpoint(_address)?$", _endpoint),
    (r"(^|_)(dns_name|domain_name|domain|host|hostname|host_name|fqdn|dns)$", _host),
    (r"^(oidc_)?issuer$", lambda subject, _name, path: f"https://{host(subject, path)}"),
    (r"cidr(_block|_range)?$|address_prefix$", _cidr),
    (r"(^|_)address$", _address),
    (r"(^|_)ip$|(^|_)ipv[46]$|(ip|ipv[46])_address(es)?$", _ip),
    (r"(_at|_date|_time|_timestamp|_on|_utc|_expiration)$", _always(DATE)),
    (r"^(created|modified|not_before|not_after)$", _always(DATE)),
    (r"(^|_)(fingerprint|etag|checksum|md5|sha1|hash|hex|crc32c|md5hash)$", _digits(16)),
    (r"sha256$", _sha256),
    (r"base64", lambda subject, _name, path: in_base64(f"made up {subject.digits(path, 12)}")),
    (r"(^|_)(status|state)$", _state),
    (r"version$", _version),
    (r"(^|_)port$", lambda subject, _name, _path: str(_port(subject))),
    (r"^architecture$", _always("x86_64")),
    (r"_prefix$", _always("")),
    (r"^type$", _type),
    (r"^id$|_id$", _id),
    (r"^(name|bucket|identifier)$|_name$|_identifier$", _name),
    (r"", _any),
)
_TEXTS: Final = tuple((re.compile(pattern), make) for pattern, make in _TABLE)
