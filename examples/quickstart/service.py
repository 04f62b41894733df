"""The payment service: it loads its secrets as it starts, and does not start without them."""

from pydantic import PostgresDsn, SecretStr

from infra_secrets.errors import InfraSecretsError
from infra_secrets.runtime import SecretSettings


class Payments(SecretSettings, service="payments"):
    """One container for each."""

    stripe_api_key: SecretStr
    webhook_signing_key: SecretStr


class Ledger(SecretSettings, service="payments", document=True):
    """One container, with a JSON document."""

    database_url: PostgresDsn
    database_replica_url: PostgresDsn


if __name__ == "__main__":
    try:
        payments, ledger = Payments(), Ledger()
    except InfraSecretsError as error:
        raise SystemExit(f"The service does not start. {error}") from None
    print("The service has all its secrets.")
