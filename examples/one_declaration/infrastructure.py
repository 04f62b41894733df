"""The containers of the service, and its pods' variables, from the class that the service loads."""

import pulumi

from examples.one_declaration.settings import Payments
from infra_secrets import ExternalEnv, secrets_for


def program() -> None:
    """What `__main__.py` of the Pulumi project calls."""
    secrets = secrets_for(
        Payments,
        owner="payments@example.com",
        max_age_days=90,
        overrides={"database_url": {"owner": "platform@example.com"}},
    )
    ExternalEnv("payments", settings=Payments, service_account="payments")
    # What an operator runs next: each command asks for a value and sets it.
    pulumi.export("set_commands", {name: each.set_command for name, each in secrets.items()})
