"""Made-up values by what a property is called, each of the form that programs take apart.

Addresses can be parsed, documents can be loaded, base64 can be decoded, dates are RFC 3339. Addresses are those that
are reserved for documentation (RFC 5737, RFC 3849, RFC 2606) or private, so nothing that is made up is anybody's.
"""

import base64
import json
import re
from collections.abc import Callable
from typing import Final

from infra_secrets.testing.computed import places
from infra_secrets.testing.computed.subject import ACCOUNT, TENANT, Subject, words

DATE: Final = "2026-01-01T00:00:00Z"

Text = Callable[[Subject, str, str], str]
"""Makes a text up for a subject, a property's name in small words, and its path."""


def text(subject: Subject, path: str) -> str:
    """Return a text for a property.

    Args:
        subject: Whose property it is.
        path: Where it is, e.g. `endpoints.blob` or `names[0]`.
    """
    name = words(_last(path))
    for pattern, make in _TEXTS:
        if pattern.search(name):
            return make(subject, name, path)
    return f"{subject.name}-{name.replace('_', '-')}-{subject.digits(path, 7)}"


def number(subject: Subject, path: str) -> int:
    """Return a number above 0 for a property; one of a port is a port."""
    name = words(_last(path))
    if name.endswith("port") or name.endswith("ports"):
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
    return _singular(name) if index else name


def _singular(name: str) -> str:
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    if name.endswith(("sses", "xes", "ches", "shes")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


# What texts are made of -------------------------------------------------------------------------


def pem(subject: Subject, path: str, label: str = "CERTIFICATE") -> str:
    """Return something in PEM form."""
    body = base64.b64encode(f"made up {subject.digits(path, 48)}".encode()).decode()
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"


def in_base64(value: str) -> str:
    """Return a text in base64."""
    return base64.b64encode(value.encode()).decode()


def host(subject: Subject, path: str) -> str:
    """Return a host's name."""
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
        return places.arn_of(subject)
    if name == "invoke_arn" and subject.module == "lambda":
        function = f"{places.arn_of(subject)}/invocations"
        return f"arn:aws:apigateway:{subject.region}:lambda:path/2015-03-31/functions/{function}"
    if name == "execution_arn":
        return f"arn:aws:execute-api:{subject.region}:{ACCOUNT}:{places.id_of(subject)}"
    if name == "qualified_arn":
        return f"{places.arn_of(subject)}:1"
    noun = name.removesuffix("_arn")
    return places.arn_named(subject, "thing" if noun == "arn" else noun, path)


def _url(subject: Subject, name: str, path: str) -> str:
    if name == "repository_url":
        return f"{ACCOUNT}.dkr.ecr.{subject.region}.amazonaws.com/{subject.own_name}"
    if name == "self_link":
        return f"https://www.googleapis.com/{subject.module}/v1/{places.id_of(subject)}"
    if (subject.module, subject.type) == ("sqs", "Queue"):
        return places.queue_url(subject)
    return f"https://{host(subject, path)}/"


def _endpoint(subject: Subject, name: str, path: str) -> str:
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
        return places.service_account(subject)
    return f"{subject.name.lower()}@example.com"


def _member(subject: Subject, name: str, path: str) -> str:
    return f"serviceAccount:{_email(subject, name, path)}"


def _zone_name(subject: Subject, _name: str, path: str) -> str:
    """Three zones where a list asks for several."""
    index = re.search(r"\[(\d+)\]$", path)
    if index is None:
        return subject.zone
    letter = "abc"[int(index.group(1)) % 3]
    return f"{subject.region}-{letter}" if subject.is_gcp else f"{subject.region}{letter}"


def _zone_id(subject: Subject, _name: str, path: str) -> str:
    if "zones" in subject.type.lower() and subject.is_aws:
        area, direction, number_ = (subject.region.split("-") + ["", ""])[:3]
        index = re.search(r"\[(\d+)\]$", path)
        return f"{area}{direction[:1]}{number_}-az{int(index.group(1)) % 3 + 1 if index else 1}"
    return f"Z{subject.letters(path, 13)}"


def _name(subject: Subject, _name: str, path: str) -> str:
    kind = subject.type.lower()
    if "zones" in kind and "[" in path:
        return _zone_name(subject, _name, path)
    if kind.startswith("get") and "region" in kind:
        return subject.region
    if "." in path or "[" in path:
        return f"{subject.name}-{subject.digits(path, 7)}"
    return places.azure_name(subject) if subject.package == "azure-native" else subject.own_name


def _id(subject: Subject, name: str, path: str) -> str:
    noun = name.removesuffix("_id").removesuffix("_ids")
    if subject.is_aws:
        found = places.aws_noun_id(subject, noun if name != "id" else "", path)
        if found is None and name == "id" and "." not in path:
            return places.id_of(subject)
        if noun.endswith("security_group"):
            found = places.aws_noun_id(subject, "security_group", path)
        return found or f"{noun.replace('_', '-')}-{subject.digits(path, 9)}"
    if name == "id":
        return places.id_of(subject)
    if subject.is_gcp:
        return subject.number(path, 18)
    return subject.uuid(path)


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


def _blob(service: str) -> Text:
    return lambda subject, _name, _path: (
        f"https://{places.azure_name(subject)}.{service}.core.windows.net/"
    )


def _address(subject: Subject, name: str, path: str) -> str:
    if subject.is_aws and subject.module in {"rds", "elasticache", "docdb", "redshift"}:
        return host(subject, "address")
    return _ip(subject, name, path)


_TABLE: Final[tuple[tuple[str, Text], ...]] = (
    (r"(^|_)arn$", _arn),
    (r"^(partition)$", _always("aws")),
    (r"^(dns|url)_suffix$", _always("amazonaws.com")),
    (r"^(registry_id|owner|owner_id|account|account_id|catalog_id|aws_account_id)$", _account),
    (r"(^|_)region$|^location$", lambda subject, _name, _path: subject.region),
    (r"^(hosted_)?zone_id$", _zone_id),
    (r"(^|_)(availability_)?zone$", _zone_name),
    (r"^(project|project_id)$", lambda subject, _name, _path: subject.project),
    (r"^(project_)?number$", lambda subject, _name, path: subject.number(path, 12)),
    (r"^tenant_id$|^tenant$", _always(TENANT)),
    (r"^subscription_id$", lambda subject, _name, _path: subject.subscription),
    (r"^(object|principal|client|application)_id$|guid$|uuid$", _uuid),
    (r"^unique_id$", _unique),
    (r"^blob$", _blob("blob")),
    (r"^queue$", _blob("queue")),
    (r"^table$", _blob("table")),
    (r"^file$", _blob("file")),
    (r"^web$", _blob("z6.web")),
    (r"^dfs$", _blob("dfs")),
    (r"(^|_)email$", _email),
    (r"^member$", _member),
    (r"kube_?config", lambda subject, _name, path: kubeconfig(subject, path)),
    (r"^authorization_token$", _token),
    (r"connection_string$", _connection),
    (
        r"(^|_)(id_rsa|public_key_openssh|ssh_public_key)$",
        _always("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 made-up"),
    ),
    (
        r"(certificate|ca_cert|client_key)(_data)?$|_pem$|^(private|public)_key$|certificate_body$",
        _certificate,
    ),
    (
        r"(^|_)(password|passphrase|token|secret|secret_key|access_key|primary_key|secondary_key)$",
        _token,
    ),
    (r"(^|_)json$|^policy$|_policy$|policy_document$|policy_data$", _policy),
    (r"(^|_)(url|uri|link|href)$", _url),
    (r"endpoint(_address)?$", _endpoint),
    (
        r"(^|_)(dns_name|domain_name|domain|host|hostname|host_name|fqdn|private_dns|public_dns|issuer_host)$",
        lambda subject, _name, path: host(subject, path),
    ),
    (r"^(oidc_)?issuer$", lambda subject, _name, path: f"https://{host(subject, path)}"),
    (r"cidr(_block|_range)?s?$|address_prefix$", _cidr),
    (r"(^|_)address$", _address),
    (r"(^|_)ips?$|(^|_)ipv[46]$|ip_address(es)?$|ipv[46]_address(es)?$", _ip),
    (
        r"(_at|_date|_time|_timestamp|_on|^created|^modified|_expiration|not_before|not_after)$",
        _always(DATE),
    ),
    (r"(^|_)(fingerprint|etag|checksum|md5|sha1|hash|hex|crc32c|md5hash)$", _digits(16)),
    (
        r"sha256$",
        lambda subject, _name, path: base64.b64encode(
            bytes.fromhex(subject.digits(path, 64))
        ).decode(),
    ),
    (r"base64", lambda subject, _name, path: in_base64(f"made up {subject.digits(path, 12)}")),
    (r"(^|_)(status|state)$", _state),
    (r"version$", _version),
    (r"(^|_)port$", lambda subject, _name, _path: str(_port(subject))),
    (r"^architecture$", _always("x86_64")),
    (r"^name_prefix$|_prefix$", _always("")),
    (r"^id$|_id$", _id),
    (r"^name$|^bucket$|^identifier$|_name$|_identifier$", _name),
)
_TEXTS: Final = tuple((re.compile(pattern), make) for pattern, make in _TABLE)
