"""How Google Cloud writes what it computes.

Ids are `projects/PROJECT/locations/LOCATION/KINDS/NAME`, with exceptions.
"""

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from infra_secrets.testing.computed import places, sdk, texts
from infra_secrets.testing.computed.dialects import Dialect
from infra_secrets.testing.computed.subject import (
    Subject,
    camel,
    plural,
    project_number,
    words,
)

_PLURALS: Final = {"Account": "serviceAccounts", "Key": "keys", "Policy": "policies"}
_WITHOUT_LOCATION: Final = frozenset(
    {
        *(
            "pubsub",
            "secretmanager",
            "dns",
            "bigquery",
            "serviceaccount",
            "projects",
            "iam",
            "logging",
        ),
        *(
            "organizations",
            "folder",
            "monitoring",
            "sql",
            "firestore",
            "storage",
            "identityplatform",
        ),
    }
)
_COMPUTE_GLOBAL: Final = frozenset(
    {
        *(
            "Network",
            "Firewall",
            "Image",
            "Route",
            "HealthCheck",
            "HttpHealthCheck",
            "BackendService",
        ),
        *("URLMap", "TargetHttpProxy", "TargetHttpsProxy", "GlobalAddress", "GlobalForwardingRule"),
        *("SSLCertificate", "ManagedSslCertificate", "BackendBucket", "InstanceTemplate"),
    }
)
_COMPUTE_ZONAL: Final = frozenset(
    {"Instance", "Disk", "InstanceGroup", "InstanceGroupManager", "InstanceFromTemplate"}
)


def service_account(subject: Subject) -> str:
    """Return the e-mail address of a Google service account."""
    return f"{subject.given('accountId') or subject.own_name}@{subject.project}.iam.gserviceaccount.com"


def id_of(subject: Subject) -> str:
    """Return the id of a new resource."""
    documented = _documented_id(subject)
    if documented is not None:
        return documented
    name = subject.own_name
    kind = _PLURALS.get(subject.type) or plural(camel(words(subject.type.removeprefix("Global"))))
    match (subject.module, subject.type):
        case ("serviceaccount", "Account"):
            place, name = "", service_account(subject)
        case ("storage", "Bucket"):
            return name
        case ("organizations", "Project"):
            return f"projects/{subject.given('projectId') or name}"
        case ("compute", type_) if type_ in _COMPUTE_GLOBAL:
            place = "global/"
        case ("compute", type_) if type_ in _COMPUTE_ZONAL:
            place = f"zones/{subject.zone}/"
        case ("compute", _):
            place = f"regions/{subject.region}/"
        case (module, _) if module in _WITHOUT_LOCATION:
            place = ""
        case _:
            place = f"locations/{subject.region}/"
    return f"projects/{subject.project}/{place}{kind}/{name}"


def full_name(subject: Subject) -> str | None:
    """Return a resource's name where that is its whole path, as the provider documents it; else None."""
    said = sdk.documentation(subject.token, "name")
    if subject.inputs.get("name") or not re.search(r"projects/|fully-qualified name", said):
        return None
    whole = id_of(subject)
    if re.search(r"projects/\{\{?project_?number", said, re.IGNORECASE):
        number = project_number(subject.project)
        return whole.replace(f"projects/{subject.project}/", f"projects/{number}/", 1)
    return whole


def _documented_id(subject: Subject) -> str | None:
    """Return the id in the form that the provider documents; None if it needs what nobody knows."""
    said = sdk.documentation(subject.token, "name")
    in_text = re.search(r"`(projects/.*\{\{.*?)`", said)
    form = sdk.import_form(subject.token) or (in_text[1] if in_text else "")
    if not form.startswith(("projects/", "{{")) or "/" not in form:
        return None
    if subject.type == "Bucket":
        return None
    found = ""
    for text, key in re.findall(r"([^{]*)(?:\{\{%?(\w+)\}\})?", form):
        value = _part(subject, key) if key else ""
        if value is None:
            return None
        # What is given as a whole path says all that stands before it, too.
        found = value if value.startswith("projects/") else f"{found}{text}{value}"
    return found if found.startswith("projects/") else None


def _part(subject: Subject, key: str) -> str | None:
    match key:
        case "project":
            return subject.project
        case "region" | "location":
            return subject.given(key) or subject.region
        case "zone":
            return subject.zone
        case "name":
            return subject.own_name
        case _:
            own = {f"{words(subject.type)}_id", "id"}
            return subject.given(camel(key)) or (subject.own_name if key in own else None)


def _region(subject: Subject) -> str:
    zone = subject.given("zone") or subject.configured("zone") or ""
    place = subject.given("region", "location") or zone.rpartition("-")[0]
    return place or subject.configured("region") or "us-central1"


def _zone(subject: Subject) -> str:
    given = subject.given("zone", "availabilityZone")
    return given or subject.configured("zone") or f"{subject.region}-a"


# What a property's name says --------------------------------------------------------------------

_KEY: Final = "gcp:serviceaccount/key:Key"


def _key_file(subject: Subject, path: str) -> str:
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
        "private_key": texts.pem(subject, path, "PRIVATE KEY"),
        "client_email": email,
        "client_id": str(int(subject.digits(path, 16), 16)),
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return texts.in_base64(json.dumps(key))


def _certificate(subject: Subject, name: str, path: str) -> str | None:
    if subject.token == _KEY and name == "private_key":
        return _key_file(subject, path)
    is_cluster = subject.type == "Cluster"
    return texts.encoded_certificate(subject, name, path) if is_cluster else None


def _policy(_subject: Subject, _name: str, _path: str) -> str:
    return json.dumps({"bindings": []})


def _self_link(subject: Subject, _name: str, _path: str) -> str:
    return f"https://www.googleapis.com/{subject.module}/v1/{places.id_of(subject)}"


def _endpoint(subject: Subject, _name: str, path: str) -> str | None:
    return texts.ip(subject, "public", path) if subject.type == "Cluster" else None


def _email(subject: Subject, _name: str, _path: str) -> str:
    return service_account(subject)


def _member(subject: Subject, name: str, path: str) -> str:
    return f"serviceAccount:{texts.written(texts.email, subject, name, path)}"


def _zone_name(subject: Subject, _name: str, path: str) -> str | None:
    index = texts.index_in(path)
    return None if index is None else f"{subject.region}-{'abc'[index % 3]}"


def _name(subject: Subject, _name: str, path: str) -> str | None:
    return full_name(subject) if path == "name" else None


def _other_id(subject: Subject, _name: str, path: str) -> str:
    return subject.number(path, 18)


def _state(_subject: Subject, _name: str, _path: str) -> str:
    return "ACTIVE"


def _unique(subject: Subject, _name: str, path: str) -> str:
    return subject.number(path, 21)


def _connection_name(subject: Subject, _name: str, _path: str) -> str:
    return f"{subject.project}:{subject.region}:{subject.own_name}"


# Hosts, and texts of a form of their own ----------------------------------------------------------

_HOSTS: Final = {
    "cloudfunctions": "{region}-{project}.cloudfunctions.net",
    "cloudfunctionsv2": "{label}-{hex10}-{initials}.a.run.app",
    "cloudrun": "{label}-{hex10}-{initials}.a.run.app",
    "cloudrunv2": "{label}-{hex10}-{initials}.a.run.app",
}
_FORMS: Final = (
    ("gcp:cloudfunctions/", r"^https_trigger_url$", "https://{host}/{name}"),
    (
        "gcp:(cloudrun|cloudrunv2|cloudfunctionsv2)/",
        r"(^|\.)(url|uri|urls)(\[\d+\])?$",
        "https://{host}",
    ),
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
)


def _initials(subject: Subject, _path: str) -> str:
    """As Cloud Run writes a region: `ew` is `europe-west1`."""
    return "".join(part[0] for part in subject.region.split("-"))


def _gateway(subject: Subject, _path: str) -> str:
    """The first address of the range."""
    try:
        network = ipaddress.ip_network(subject.given("ipCidrRange") or "10.0.0.0/16")
    except ValueError:
        return "10.0.0.1"
    return str(network.network_address + 1)


def _private(subject: Subject, path: str) -> str:
    return f"10.0.0.{int(subject.digits(path, 2), 16) % 250 + 3}"


# Functions whose answer follows from their arguments ----------------------------------------------


def _iam_policy(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Write a Google Cloud IAM policy."""
    bindings = [
        {key: each[key] for key in ("condition", "members", "role") if each.get(key)}
        for each in arguments.get("bindings") or []
    ]
    return {"policyData": json.dumps({"bindings": bindings})}


_DIALECT: Final = Dialect(
    packages=frozenset({"gcp"}),
    id_of=id_of,
    region=_region,
    zone=_zone,
    hosts=_HOSTS,
    forms=_FORMS,
    parts={"initials": _initials, "gateway": _gateway, "private": _private},
    texts={
        texts.certificate: _certificate,
        texts.email: _email,
        texts.endpoint: _endpoint,
        texts.other_id: _other_id,
        texts.own_name: _name,
        texts.policy: _policy,
        texts.state: _state,
        texts.unique: _unique,
        texts.zone_name: _zone_name,
    },
    named=(
        (r"^member$", _member),
        (r"^self_link$", _self_link),
        (r"^connection_name$", _connection_name),
    ),
    answers={"gcp:organizations/getIAMPolicy:getIAMPolicy": _iam_policy},
)
DIALECTS: Final = (
    _DIALECT,
    replace(_DIALECT, packages=frozenset({"google-native"}), id_of=Dialect().id_of, hosts={}),
)
