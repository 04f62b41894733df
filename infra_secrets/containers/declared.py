"""What a class of settings declares, as a Pulumi program takes it: one that has secrets.

What its fields are is read in `infra_secrets.runtime`, as the service reads it.
"""

from typing import TYPE_CHECKING

from infra_secrets.errors import SettingsUseError

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

    found = declaration(settings)
    if not found.settings:
        raise SettingsUseError(
            f"class {settings.__name__} has no fields, and so no secrets. Each secret is a field with a type, e.g. "
            "stripe_api_key: SecretStr."
        )
    return found
