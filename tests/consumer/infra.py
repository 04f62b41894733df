"""The shop's API: its secrets, who may read them, and the Deployment that gets them."""

import json

import pulumi_aws as aws

from infra_secrets import EscDeployment, ExternalEnv, Secret

trust = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    ],
}
role = aws.iam.Role("api", assume_role_policy=json.dumps(trust))

stripe = Secret(
    "StripeApiKey",
    description="Charges cards through Stripe",
    owner="payments@example.com",
    max_age_days=90,
    readers=[role.arn],
)
database = Secret(
    "database",
    fields=["DATABASE_URL", "DATABASE_REPLICA_URL"],
    description="Where orders are kept",
    readers=[role.arn],
)

# What External Secrets Operator brings from the containers into the cluster.
worker_env = ExternalEnv(
    "worker",
    secrets={
        "STRIPE_API_KEY": stripe.secret_name,
        "DATABASE_URL": database.secret_name.apply(lambda name: f"{name}#DATABASE_URL"),
    },
    service_account="worker",
)

# What the stack's config has.
api = EscDeployment(
    "api",
    image="ghcr.io/acme/shop-api:1.4.2",
    port=8080,
    secrets={"SESSION_KEY": "session_key"},
    config={"LOG_LEVEL": "log_level"},
)
