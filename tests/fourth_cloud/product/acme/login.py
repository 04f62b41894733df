"""Who is logged in to Acme Vault, and what that identity may do: here by a variable, where a real cloud is asked."""

from collections.abc import Mapping

from infra_secrets.clouds.acme.values import LOGIN, TENANT

from infra_secrets.clouds import Place
from infra_secrets.clouds.login import Identity, Rights
from infra_secrets.component.settings import Variable
from infra_secrets.errors import NotLoggedInError
from infra_secrets.rules.naming import SecretName

CLIENT_LIBRARY = "acme_vault"  # there is none: `values` is in memory
FOLDER = "~/.acme"
USER = Variable("ACME_USER", "Acme's own: who is logged in.", "nobody")
HOST = "localhost"
ADDRESSES: tuple[Variable, ...] = ()
READERS = "readers-"
"""How the names of those begin who may read."""


def place(config: Mapping[str, str]) -> Place:
    """Read the tenant of the stack's default provider."""
    tenant = config.get("acme:tenant")
    return {} if tenant is None else {"tenant": tenant}


def identity(place: Place) -> Identity:
    """Say who is logged in."""
    user = USER.read()
    if not user:
        raise NotLoggedInError("Nobody is logged in to Acme.", f"Run: {LOGIN}")
    tenant = TENANT.read() or place.get("tenant") or "main"
    return Identity(who=f"{user}@acme", place={"tenant": tenant})


def rights(
    place: Place, service: str, environment: str | None, wanted: Mapping[SecretName, str | None]
) -> Rights:
    """Readers read, and everybody else creates."""
    del service, environment
    reads = identity(place).who.startswith(READERS)
    return Rights(create=not reads, read=dict.fromkeys(wanted, reads), read_any=reads)
