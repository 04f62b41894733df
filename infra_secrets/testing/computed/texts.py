"""Made-up values by what a property is called, each of the form that programs take apart.

Addresses can be parsed, documents can be loaded, base64 can be decoded, dates are RFC 3339. Addresses are those that
are reserved for documentation (RFC 5737, RFC 3849, RFC 2606) or private, so nothing that is made up is anybody's.
"""

import base64
import functools
import json
import re
from typing import Final

from infra_secrets.testing.computed import dialects, forms, places
from infra_secrets.testing.computed.dialects import Text
from infra_secrets.testing.computed.subject import TENANT, Subject, singular, words

DATE: Final = "2026-01-01T00:00:00Z"


def text(subject: Subject, path: str) -> str:
    """Return a text for a property.

    Args:
        subject: Whose property it is.
        path: Where it is, e.g. `endpoints.blob` or `names[0]`.
    """
    name = words(last(path))
    if name == "value" and "kubeconfig" in path.lower():
        return in_base64(kubeconfig(subject, path))
    if name == "data" and "certificate" in path.lower():
        return in_base64(pem(subject, path))
    form = forms.form_of(subject, path)
    if form is not None:
        return form
    make = next(make for pattern, make in _texts() if pattern.search(name))
    return written(make, subject, name, path)


def written(make: Text, subject: Subject, name: str, path: str) -> str:
    """Return a kind of text as the subject's cloud writes it, or else as no cloud does."""
    own = subject.dialect.texts.get(make)
    return (own(subject, name, path) if own is not None else None) or make(subject, name, path)


def known_text(subject: Subject, path: str) -> str | None:
    """Return a text for a property whose name says what it is; None for any other."""
    name = words(last(path))
    known = any(pattern.search(name) for pattern, make in _texts() if make is not _any)
    return text(subject, path) if known else None


def mapping(subject: Subject, path: str) -> dict[str, str]:
    """Return what a map of texts holds: what is known by its keys, else nothing."""
    if words(last(path)) == "uri" or path == "uris":
        return {key: f"https://{host(subject, key)}/" for key in ("GRAPHQL", "REALTIME")}
    return {}


def number(subject: Subject, path: str) -> int:
    """Return a number above 0 for a property; one of a port is a port."""
    name = words(last(path))
    if name.endswith("port"):
        return port(subject)
    return 1


def flag(path: str) -> bool:
    """Return whether something is so: only what says that it works."""
    return words(last(path)) in {
        "enabled",
        "ready",
        "active",
        "is_active",
        "ena_support",
        "verified",
    }


def last(path: str) -> str:
    """Return the last name in a path; of a list's item the list's, as one of them."""
    last = path.rpartition(".")[2]
    name, _, index = last.partition("[")
    return singular(name) if index else name


def last_index(path: str) -> int | None:
    """Return the last index in a path; None if it has none."""
    found = re.findall(r"\[(\d+)\]", path)
    return int(found[-1]) if found else None


def index_in(path: str) -> int | None:
    """Return which item of a list a path ends in; None if it ends in none."""
    found = re.search(r"\[(\d+)\]$", path)
    return None if found is None else int(found[1])


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
    return subject.dialect.host(subject, path)


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


def port(subject: Subject) -> int:
    """Return the port that a service usually has."""
    engine = f"{subject.given('engine') or ''} {subject.token}".lower()
    known = {"postgres": 5432, "mysql": 3306, "redis": 6379, "elasticache": 6379, "redshift": 5439}
    known |= {"rds": 3306, "docdb": 27017, "memcache": 11211}
    return next((port for word, port in known.items() if word in engine), 443)


def policy(_subject: Subject, _name: str, _path: str) -> str:
    """Return a policy without statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": []})


def ip(subject: Subject, name: str, path: str) -> str:
    """Return an address of a network: one that is nobody's where it is public."""
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


def url(subject: Subject, _name: str, path: str) -> str:
    """Return the address of a page or of an API."""
    return f"https://{host(subject, path)}/"


def endpoint(subject: Subject, _name: str, path: str) -> str:
    """Return where a service is reached."""
    return f"https://{host(subject, path)}"


def email(subject: Subject, _name: str, _path: str) -> str:
    """Return an e-mail address."""
    return f"{subject.name.lower()}@example.com"


def zone_name(subject: Subject, _name: str, path: str) -> str:
    """Return a zone; three of them where a list asks for several."""
    index = index_in(path)
    return subject.zone if index is None else f"{subject.region}{'abc'[index % 3]}"


def zone_id(subject: Subject, _name: str, path: str) -> str:
    """Return the id of a zone of names."""
    return f"Z{subject.letters(path, 13)}"


def own_name(subject: Subject, name: str, path: str) -> str:
    """Return a name: its own, or that of something in it."""
    kind = subject.type.lower()
    if subject.package == "kubernetes":
        return subject.own_name
    if "zones" in kind and "[" in path:
        return written(zone_name, subject, name, path)
    if kind.startswith("get") and "region" in kind:
        return subject.region
    if "." in path or "[" in path:
        return f"{subject.name}-{subject.digits(path, 7)}"
    return subject.dialect.own_name(subject)


def id_text(subject: Subject, name: str, path: str) -> str:
    """Return an id: its own, in a list of ids that was asked for, or of something that a property names."""
    if name == "id" and not path.rpartition(".")[0]:
        return places.id_of(subject, path)
    return written(other_id, subject, name, path)


def other_id(subject: Subject, _name: str, path: str) -> str:
    """Return the id of something that a property names."""
    return subject.uuid(path)


def noun_of(name: str, path: str) -> str:
    """Return what an id is of, e.g. `subnet` of `subnetId` and of `subnet.id`."""
    return words(last(path.rpartition(".")[0])) if name == "id" else name.removesuffix("_id")


def _token(subject: Subject, name: str, path: str) -> str:
    return f"made-up-{name.replace('_', '-')}-{subject.digits(path, 12)}"


def _connection(subject: Subject, _name: str, path: str) -> str:
    return f"Endpoint=https://{host(subject, path)}/;Key=made-up-{subject.digits(path, 12)}"


def certificate(subject: Subject, name: str, path: str) -> str:
    """Return a certificate or a private key, in base64 where a name says so."""
    found = pem(subject, path, "PRIVATE KEY" if "key" in name else "CERTIFICATE")
    encoded = name.endswith("_data") or name.startswith("client_")
    return in_base64(found) if encoded else found


def encoded_certificate(subject: Subject, name: str, path: str) -> str:
    """Return the same, in base64."""
    return in_base64(pem(subject, path, "PRIVATE KEY" if "key" in name else "CERTIFICATE"))


def state(_subject: Subject, _name: str, _path: str) -> str:
    """Return the state of what works."""
    return "available"


def _version(subject: Subject, name: str, _path: str) -> str:
    of_cluster = subject.type in {"Cluster", "ManagedCluster", "NodeGroup", "NodePool"}
    return "1.31" if of_cluster or name in {"kubernetes_version", "master_version"} else "1"


def _always(value: str) -> Text:
    return lambda _subject, _name, _path: value


def _digits(count: int) -> Text:
    return lambda subject, _name, path: subject.digits(path, count)


def account(subject: Subject, name: str, path: str) -> str:
    """Return the account that something belongs to."""
    make = id_text if name.endswith("_id") else own_name
    return written(make, subject, name, path)


def unique(subject: Subject, _name: str, path: str) -> str:
    """Return an id that is never given again."""
    return subject.uuid(path)


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


def address(subject: Subject, name: str, path: str) -> str:
    """Return the address of a host."""
    return ip(subject, name, path)


def type_text(subject: Subject, name: str, path: str) -> str:
    """Return what a type is called."""
    return _any(subject, name, path)


def user(subject: Subject, name: str, path: str) -> str:
    """Return the name of somebody who logs in."""
    return _any(subject, name, path)


def _any(subject: Subject, name: str, path: str) -> str:
    return f"{subject.name}-{name.replace('_', '-')}-{subject.digits(path, 7)}"


_TABLE: Final[tuple[tuple[str, Text], ...]] = (
    (r"^(registry_id|owner|owner_id|account|account_id|catalog_id)$", account),
    (r"(^|_)region$|^location$", lambda subject, _name, _path: subject.region),
    (r"^(hosted_)?zone_id$", zone_id),
    (r"(^|_)zone$", zone_name),
    (r"^(project|project_id)$", lambda subject, _name, _path: subject.project),
    (r"^(project_)?number$", lambda subject, _name, path: subject.number(path, 12)),
    (r"^tenant_id$|^tenant$", _always(TENANT)),
    (r"^subscription_id$", lambda subject, _name, _path: subject.subscription),
    (r"^(object|principal|client|application)_id$|guid$|uuid$", _uuid),
    (r"^unique_id$", unique),
    (r"(^|_)email(_address)?$", email),
    (r"^namespace$", _namespace),
    (r"^mac_address$", _mac),
    (r"(^|_)uid$", _uuid),
    (r"^resource_group(_name)?$", _group),
    (r"kube_?config", lambda subject, _name, path: kubeconfig(subject, path)),
    (r"connection_string$", _connection),
    (r"^user_?name$", user),
    (r"openssh$|ssh_public_key$", _always("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 made-up")),
    (
        r"(certificate|cert|client_key|certificate_data|certificate_authority_data)$",
        certificate,
    ),
    (r"_pem$|^(private|public)_key$|certificate_(body|chain)$", certificate),
    (r"(^|_)(password|passphrase|token|secret|secret_key)$", _token),
    (r"(^|_)(access|primary|secondary|primary_access|secondary_access|shared)_key$", _token),
    (r"(^|_)json$|^policy$|policy_(document|data|json)$", policy),
    (r"^(assume_role|inline|access|resource|iam)_policy$", policy),
    (r"(^|_)(url|uri|link|href)$", url),
    (r"endpoint(_address)?$", endpoint),
    (r"(^|_)(dns_name|domain_name|domain|host|hostname|host_name|fqdn|dns)$", _host),
    (r"^(oidc_)?issuer$", lambda subject, _name, path: f"https://{host(subject, path)}"),
    (r"cidr(_block|_range)?$|address_prefix$", _cidr),
    (r"(^|_)address$", address),
    (r"(^|_)ip$|(^|_)ipv[46]$|(ip|ipv[46])_address(es)?$", ip),
    (r"(_at|_date|_time|_timestamp|_on|_utc|_expiration)$", _always(DATE)),
    (r"^(created|modified|not_before|not_after)$", _always(DATE)),
    (r"(^|_)(fingerprint|etag|checksum|md5|sha1|hash|hex|crc32c|md5hash)$", _digits(16)),
    (r"sha256$", _sha256),
    (r"base64", lambda subject, _name, path: in_base64(f"made up {subject.digits(path, 12)}")),
    (r"(^|_)(status|state)$", state),
    (r"version$", _version),
    (r"(^|_)port$", lambda subject, _name, _path: str(port(subject))),
    (r"^architecture$", _always("x86_64")),
    (r"_prefix$", _always("")),
    (r"^type$", type_text),
    (r"^id$|_id$", id_text),
    (r"^(name|bucket|identifier)$|_name$|_identifier$", own_name),
    (r"", _any),
)


@functools.cache
def _texts() -> tuple[tuple[re.Pattern[str], Text], ...]:
    """Return the table, after the names that some cloud alone has."""
    named = [line for each in dialects.every() for line in each.named]
    return tuple((re.compile(pattern), make) for pattern, make in (*named, *_TABLE))
