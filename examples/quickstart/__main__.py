"""The secrets of a payment service: three empty containers, on whichever cloud the stack's config names."""

import pulumi

from infra_secrets import Secret

stripe = Secret(
    "StripeApiKey",
    description="Charges cards through Stripe",
    owner="payments@example.com",
    max_age_days=90,
)
signing = Secret(
    "WebhookSigningKey",
    description="Proves that a webhook comes from Stripe",
    owner="payments@example.com",
)
database = Secret(
    "database",
    fields=["DATABASE_URL", "DATABASE_REPLICA_URL"],
    description="Where the ledger is kept",
    owner="platform@example.com",
)

# What an operator runs next
for secret in (stripe, signing, database):
    pulumi.export(
        secret.pulumi_resource_name, secret.reference.apply("infra-secrets set {}".format)
    )

# The same with the cloud's own tool alone
pulumi.export("set_stripe_api_key", stripe.set_command)
pulumi.export("set_webhook_signing_key", signing.set_command)
pulumi.export("set_database", database.set_command)
