"""How External Secrets Operator and Pulumi ESC read from AWS Secrets Manager."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from infra_secrets.clouds import Place
from infra_secrets.component.settings import ConfigKey
from infra_secrets.rules.wording import shown

if TYPE_CHECKING:
    import pulumi

SETTINGS: Mapping[str, ConfigKey] = {
    "aws_region": ConfigKey(
        "aws",
        "region",
        "Pulumi's own: the region of the default provider. A store that `ExternalEnv` makes reads there.",
        "none: such a store needs it here or as `aws_region=`",
        takes="e.g. 'eu-central-1'",
    )
}
ESC_PROVIDER = "aws-secrets"


def problems(settings: "Mapping[str, pulumi.Input[str]]") -> Iterator[str]:
    """Yield what is wrong with a region."""
    region = settings.get("aws_region")
    if isinstance(region, str) and not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d{1,2}", region):
        yield f"aws_region={shown(region)} is not a region; give one such as 'eu-west-1'."


def place(settings: Mapping[str, str]) -> Place:
    """The region."""
    return {"region": settings["aws_region"]} if "aws_region" in settings else {}


def provider(settings: "Mapping[str, pulumi.Input[str]]") -> dict[str, Any]:
    """Describe a SecretStore that reads as a service account (IRSA)."""
    account = {"serviceAccountRef": {"name": settings["service_account"]}}
    return {
        "aws": {
            "service": "SecretsManager",
            "region": settings["aws_region"],
            "auth": {"jwt": account},
        }
    }
