"""How Google Cloud writes ids: `projects/PROJECT/locations/LOCATION/KINDS/NAME`, with its exceptions."""

import re
from typing import Final

from infra_secrets.testing.computed import sdk
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
    """Return the id in the form that the provider documents; None where it needs what nobody knows."""
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
