"""What the service needs to know. The service and the Pulumi program import it from here."""

from pydantic import PostgresDsn, SecretStr

from infra_secrets.runtime import SecretSettings


class Payments(SecretSettings, service="payments"):
    """The secrets of the payment service."""

    stripe_api_key: SecretStr
    database_url: PostgresDsn
