"""How Google Cloud writes ids: `projects/PROJECT/locations/LOCATION/KINDS/NAME`, with its exceptions."""

from typing import Final

from infra_secrets.testing.computed.subject import Subject, camel, plural, words

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
