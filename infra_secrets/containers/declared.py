"""What a class of settings declares, as a Pulumi program takes it: one that has secrets.

What its fields are is read in `infra_secrets.runtime`, as the service reads it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra_secrets.runtime.declaration import Declaration
    from infra_secrets.runtime.settings import SecretSettings


def declared_by(settings: "type[SecretSettings]") -> "Declaration":
    """Read what a class of settings declares.

    Args:
        settings: The class, as given.

    Raises:
        SettingsUseError: It is no class of settings, or has no fields.
        MissingExtraError: Pydantic-settings is not installed.
    """
    from infra_secrets.runtime.declaration import declaration

    return declaration(settings)
