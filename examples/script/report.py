"""A plain script: `python report.py`. What it lacks is one message, and no traceback."""

from pydantic import SecretStr

from infra_secrets.runtime import SecretSettings, SettingsError


class Reports(SecretSettings, service="reports"):
    """What this script needs to know."""

    api_token: SecretStr
    customers: list[str] = []  # noqa: RUF012 (pydantic copies it)


def main() -> None:
    """Say whose reports would be made, and with whose login."""
    try:
        settings = Reports()
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    print(f"{len(settings.customers)} reports, with {settings.api_token}")


if __name__ == "__main__":
    main()
