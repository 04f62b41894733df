"""The id of a Key Vault, as Azure Resource Manager writes it, and what people give for one."""

import re

from infra_secrets.errors import UnsupportedError
from infra_secrets.rules.wording import looks_like_a_value

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
VAULT = re.compile(
    r"/subscriptions/(?P<subscription>[0-9a-f-]{36})/resourceGroups/(?P<group>[-\w.()]{1,90})"
    r"/providers/Microsoft\.KeyVault/vaults/(?P<vault>[a-z][a-z0-9-]{1,22}[a-z0-9])",
    re.IGNORECASE,
)
# What is given for the id of a vault, is none, and can be no value either: the vault's name in plain words, its
# address, or a path of ARM's that ends too early or too late. The words in capitals are those of the messages.
_WORDS = r"(?-i:[a-z]+(-[a-z]+)*)"
_NO_VALUE = (
    re.compile(r"(?=.{3,24}\Z)(?P<vault>[a-z]+(-[a-z]+)+)"),
    re.compile(
        r"https://(?P<vault>[a-z][a-z0-9-]{1,22}[a-z0-9])\.vault\.(azure\.net|azure\.cn|usgovcloudapi\.net)/?",
        re.IGNORECASE,
    ),
    re.compile(
        rf"/?subscriptions/({GUID.pattern}|<GUID>|SUBSCRIPTION)(/resourceGroups(/[\w.()-]{{1,90}}"
        rf"(/providers(/Microsoft\.KeyVault(/{_WORDS}|/vaults(/(?P<vault>[a-z][a-z0-9-]{{1,22}}[a-z0-9])"
        rf"(/secrets(/{_WORDS})?)?)?)?)?)?)?)?/?",
        re.IGNORECASE | re.ASCII,
    ),
)


def malformed(vault: str) -> str:
    """Say that this is not the id of a vault, and how to find it. What could be a value is not repeated."""
    match = next(filter(None, (form.fullmatch(vault) for form in _NO_VALUE)), None)
    if match and not any(map(looks_like_a_value, vault.split("/"))):
        found = repr(vault)
        name = match["vault"] or "VAULT"
    else:
        found = f"<{len(vault)} characters, not shown because they could be a value>"
        name = "VAULT"
    return (
        f"azure_vault_id={found} is not the ARM id of a Key Vault. It looks like "
        "/subscriptions/<GUID>/resourceGroups/GROUP/providers/Microsoft.KeyVault/vaults/VAULT; to find it: az "
        f"keyvault show --name {name} --query id -o tsv"
    )


def parts(vault_id: str | None) -> dict[str, str]:
    """Take an id apart: `subscription`, `group` and `vault`.

    Raises:
        UnsupportedError: It is not the id of a vault.
    """
    match = VAULT.fullmatch(vault_id or "")
    if match is None:
        raise UnsupportedError(malformed(vault_id or ""))
    return match.groupdict()


def checked(vault_id: str) -> str:
    """Return an id as it is, where it is one."""
    parts(vault_id)
    return vault_id
