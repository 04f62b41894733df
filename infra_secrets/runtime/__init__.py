"""What an application imports to load its secrets. Nothing here imports Pulumi.

Fields of a `SecretSettings` are looked for as environment variables, mounted files and containers. A `.env` is not.
"""

from infra_secrets.errors import MissingExtraError, SettingsError, SettingsUseError

try:
    from infra_secrets.runtime.declaration import declaration
    from infra_secrets.runtime.settings import SecretSettings
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] not in ("pydantic", "pydantic_settings"):
        raise
    raise MissingExtraError(
        f"pydantic-settings, which settings need ({missing.name}),", "runtime"
    ) from None

__all__ = ["SecretSettings", "SettingsError", "SettingsUseError", "declaration"]
