"""How External Secrets Operator and Pulumi ESC read from Acme Vault."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from infra_secrets.clouds import Place
from infra_secrets.component.settings import ConfigKey
from infra_secrets.rules.wording import shown

if TYPE_CHECKING:
    import pulumi

SETTINGS: Mapping[str, ConfigKey] = {
    "acme_tenant": ConfigKey(
        "acme",
        "tenant",
        "Pulumi's own: the tenant of the default provider. A store that `ExternalEnv` makes reads there.",
        "none: such a store needs it here",
        takes="e.g. 'shop'",
    )
}
ESC_PROVIDER = "acme-secrets"


def problems(settings: "Mapping[str, pulumi.Input[str]]") -> Iterator[str]:
    """Yield what is wrong with a tenant."""
    tenant = settings.get("acme_tenant")
    if isinstance(tenant, str) and not re.fullmatch(r"[a-z]+", tenant):
        yield f"acme_tenant={shown(tenant)} is not a tenant; give one such as 'shop'."


def place(settings: Mapping[str, str]) -> Place:
    """The tenant."""
    return {"tenant": settings["acme_tenant"]} if "acme_tenant" in settings else {}


def provider(settings: "Mapping[str, pulumi.Input[str]]") -> dict[str, Any]:
    """Describe a SecretStore that reads as a service account."""
    account = {"serviceAccountRef": {"name": settings["service_account"]}}
    return {"acme": {"tenant": settings["acme_tenant"], "auth": account}}
