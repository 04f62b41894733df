"""The stack's outputs: what an operator runs next, and what other stacks ask for."""

import pulumi

import infra

pulumi.export("set_stripe_api_key", infra.stripe.set_command)
pulumi.export("set_database", infra.database.set_command)
pulumi.export("deployment", infra.api.deployment_name)
