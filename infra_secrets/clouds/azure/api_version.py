"""Which version of Key Vault's control-plane API the installed SDK of azure-native calls, and until when that works.

The SDK's files say it, and are read without importing them: that would import Pulumi.
"""

import re
from collections.abc import Mapping
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from infra_secrets.clouds import Deadline
from infra_secrets.rules.wording import snake

OLDEST_TO_STAY = "2026-02-01"
_IN_TEXT = re.compile(r"Uses Azure REST API version (\d{4}-\d{2}-\d{2})")
# In the name of a package that `pulumi package add azure-native keyvault 2026-02-01` makes.
_IN_NAME = re.compile(r"(20\d{2})[-_]?(\d{2})[-_]?(\d{2})")


def used(class_: str) -> str | None:
    """Find out which API version a resource class calls; None where it is not installed or does not say.

    Args:
        class_: `module:class`, as in config `infra-secrets:azureSecretClass`.
    """
    module, _, name = class_.partition(":")
    package, *rest = module.split(".")
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    for folder in spec.submodule_search_locations or ():
        path = Path(folder, *rest, f"{snake(name)}.py")
        if path.is_file():
            found = _IN_TEXT.search(path.read_text(encoding="utf-8"))
            if found:
                return found[1]
    named = _IN_NAME.search(package)
    return "-".join(named.groups()) if named else None


def deadline(default_class: str, key: str) -> Deadline:
    """Make the deadline of the control plane, for the class that a stack uses.

    Args:
        default_class: The class of a container's resource.
        key: The config key that names another one.
    """

    def affected(config: Mapping[str, str]) -> str | None:
        class_ = config.get(key, default_class)
        version = used(class_)
        if version is None or version >= OLDEST_TO_STAY:
            return None
        return f"The installed {class_} calls Key Vault's control plane by API version {version}."

    return Deadline(
        day=date(2027, 2, 27),
        what=f"Versions before {OLDEST_TO_STAY}",
        source="https://learn.microsoft.com/azure/key-vault/general/migrate-api-version",
        way_out=(
            "After that day no container can be made or changed with it. Update: pip install --upgrade "
            "pulumi-azure-native. If its newest one still calls an older version, run: "
            f"pulumi package add azure-native keyvault {OLDEST_TO_STAY}, and set {key} to its class."
        ),
        affected=affected,
    )
