"""How External Secrets Operator and Pulumi ESC read from GCP Secret Manager."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from infra_secrets.clouds import Place
from infra_secrets.component.settings import ConfigKey
from infra_secrets.rules.wording import shown

if TYPE_CHECKING:
    import pulumi

SETTINGS: Mapping[str, ConfigKey] = {
    "gcp_project": ConfigKey(
        "gcp",
        "project",
        "Pulumi's own: the project of the default provider. A store that `ExternalEnv` makes reads there.",
        "none: such a store needs it here or as `gcp_project=`",
        takes="e.g. 'shop-123'",
    )
}
ESC_PROVIDER = "gcp-secrets"


def problems(settings: "Mapping[str, pulumi.Input[str]]") -> Iterator[str]:
    """Yield what is wrong with a project."""
    project = settings.get("gcp_project")
    if isinstance(project, str) and not re.fullmatch(
        r"([a-z][a-z0-9.-]*:)?[a-z][a-z0-9-]{4,28}[a-z0-9]|\d+", project
    ):
        yield f"gcp_project={shown(project)} is not a project; give its id, such as 'acme-production'."


def place(settings: Mapping[str, str]) -> Place:
    """The project, unless it is a number: that may be the id of the same project."""
    project = settings.get("gcp_project")
    return {"project": project} if project is not None and not project.isdigit() else {}


def provider(settings: "Mapping[str, pulumi.Input[str]]") -> dict[str, Any]:
    """Describe a SecretStore that reads as a service account (Workload Identity Federation for GKE)."""
    account = {"serviceAccountRef": {"name": settings["service_account"]}}
    return {"gcpsm": {"projectID": settings["gcp_project"], "auth": {"workloadIdentity": account}}}
