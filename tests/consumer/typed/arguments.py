"""Right and wrong lines for mypy and pyright; nothing runs this file.

A wrong line names the error that each of them must find in it. Both are set to refuse a comment that silences
nothing, so that an error that is missing fails like one too many.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, assert_type, cast

import pulumi
from pydantic import SecretStr

from infra_secrets import (
    EscDeployment,
    EscDeploymentArgs,
    EscEnv,
    EscEnvArgs,
    ExternalEnv,
    ExternalEnvArgs,
    InfraSecretsError,
    Secret,
    SecretArgs,
    __version__,
    require_esc,
    secrets_for,
)
from infra_secrets.runtime import SecretSettings

OPTS = pulumi.ResourceOptions(protect=True)
arn = pulumi.Output.from_input("arn:aws:iam::123456789012:role/api")
later = asyncio.get_running_loop().create_task(asyncio.sleep(0, "made-up"))
texts: list[str] = ["arn:aws:iam::123456789012:role/api"]
outputs: list[pulumi.Output[str]] = [arn]
mixed: list[pulumi.Input[str]] = ["arn:aws:iam::123456789012:role/api", arn]

# Where, and what may become of it: three words each.
Secret("A", cloud="aws")
Secret("A", cloud="gcp")
Secret("A", cloud="azure")
for each in ("aws", "gcp"):
    Secret("A", cloud=each)
Secret("A", cloud="asw")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", {"cloud": "asw"})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
Secret("A", retention="keep")
Secret("A", retention="recover")
Secret("A", retention="discard")
Secret("A", retention="forever")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", cloud=pulumi.Config().require("cloud"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# A list, a tuple, a variable, outputs; and never a string, which is a list of letters.
Secret("A", fields=["USERNAME", "PASSWORD"])
Secret("A", fields=("USERNAME", "PASSWORD"))
Secret("A", fields=texts)
Secret("A", fields="A")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", fields=b"A")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", fields=["A", 1])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
Secret("A", fields=[arn])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
Secret("A", fields={"A"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", fields={"A": "B"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", readers=["arn:aws:iam::123456789012:role/api", arn, later])
Secret("A", readers=(arn, "arn:aws:iam::123456789012:role/api"))
Secret("A", readers=texts, writers=outputs)
Secret("A", readers=mixed)
Secret("A", readers=[*texts, *outputs])
Secret("A", readers=arn)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", readers="arn:aws:iam::123456789012:role/api")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", writers="arn:aws:iam::123456789012:role/api")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", replicas=["eu-central-1"])
Secret("A", replicas="eu-central-1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", {"replicas": "eu-central-1"})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]

# There is no argument for a value.
Secret("A", value="made-up")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Secret("A", {"value": "made-up"})  # type: ignore[typeddict-unknown-key]  # pyright: ignore[reportArgumentType]
Secret("A", max_age_days="90")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# Each way to call, with options and without; arguments that several secrets share.
shared: SecretArgs = {"cloud": "aws", "owner": "payments@example.com"}
stripe = Secret("A", shared, OPTS, key="stripe-api-key")
Secret("A", SecretArgs(cloud="aws", readers=texts), opts=OPTS)
Secret("A", opts=OPTS, tags={"team": arn, "tier": "1"})
assert_type(stripe.secret_name, pulumi.Output[str])
assert_type(stripe.secret_id, pulumi.Output[str])
assert_type(stripe.reference, pulumi.Output[str])
assert_type(stripe.set_command, pulumi.Output[str])
assert_type(stripe.console_url, pulumi.Output[str])
assert_type(stripe.urn, pulumi.Output[str])
Secret(
    "A",
    service="payments",
    environment="production",
    key="a",
    description=arn,
    owner=arn,
    encryption_key=arn,
)
Secret("A", adopt="old-name", adopt_from="shop/dev")
Secret("A", formerly="aws:secretsmanager/secret:Secret::old")
Secret("A", azure_vault_id=arn)
Secret("A", service=arn)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", environment=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", key=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", description=["made up"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", adopt=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", adopt_from=arn)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", formerly=stripe)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", tags={"team": 5})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
Secret("A", tags=["team"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret("A", opts={"protect": True})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Secret()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
print(stripe.value)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]

# A deployment has an image, whichever way it is said.
EscDeployment("web", image="ghcr.io/acme/web:1")
EscDeployment("web", image=arn)
EscDeployment("web", {"image": "ghcr.io/acme/web:1"})
EscDeployment("web", EscDeploymentArgs(image="ghcr.io/acme/web:1"))
EscDeployment("web", {"image": "ghcr.io/acme/web:1"}, OPTS)
EscDeployment("web", {"image": "ghcr.io/acme/web:1"}, opts=OPTS)
EscDeployment("web", image="ghcr.io/acme/web:1", opts=OPTS)
EscDeployment("web", args=EscDeploymentArgs(image="ghcr.io/acme/web:1"), opts=OPTS)
EscDeployment("web", {"secrets": {"TOKEN": "token"}}, OPTS, image="ghcr.io/acme/web:1")
EscDeployment("web")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
EscDeployment("web", replicas=2)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
EscDeployment("web", {"replicas": 2})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
EscDeployment("web", opts=OPTS)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
EscDeploymentArgs(replicas=2)  # type: ignore[typeddict-item]  # pyright: ignore[reportCallIssue]
web = EscDeployment(
    "web",
    image="ghcr.io/acme/web:1",
    command=["gunicorn"],
    arguments=["--port", arn],
    writable_paths=("/var/cache/web",),
    relax=["runAsNonRoot", "readOnlyRootFilesystem"],
    formats={"DATABASE_URL": "postgresql+psycopg"},
    optional=["SENTRY_DSN"],
)
assert_type(web.deployment_name, pulumi.Output[str])
assert_type(web.env, EscEnv)
assert_type(web.secret_name, pulumi.Output[str | None])
assert_type(web.config_map_name, pulumi.Output[str | None])
EscDeployment(
    "web",
    image="a",
    replicas=2,
    ports={"http": 8080, "metrics": 9090},
    resources={"requests": {"cpu": "250m", "memory": "512Mi"}},
    service_account=arn,
    annotations={"pulumi.com/timeoutSeconds": "300", "team": arn},
    readiness_probe={"httpGet": {"path": "/healthz", "port": "http"}},
    liveness_probe={"tcpSocket": {"port": 8080}},
    startup_probe={"exec": {"command": ["true"]}},
    namespace=arn,
    labels={"team": arn},
    files={"/etc/key.pem": "signing_key"},
    file_mode="0400",
    keep_old=True,
    reloader=False,
)
EscDeployment("web", image="a", port=8080)
EscDeployment("web", image="a", port="8080")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
EscDeployment("web", image="a", ports=[8080])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
EscDeployment("web", image="a", replicas="2")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
EscDeployment("web", image="a", readiness_probe="/healthz")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
EscDeployment("web", image="a", env={"A": "made-up"})  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
EscDeployment("web", image="a", command="gunicorn")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
EscDeployment("web", image="a", arguments="--port")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
EscDeployment("web", image="a", writable_paths="/var/cache/web")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
EscDeployment("web", image="a", relax="runAsNonRoot")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
EscDeployment("web", image="a", relax=["runAsRoot"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]

# What a variable must hold.
shared_env: EscEnvArgs = {"secrets": {"TOKEN": "token"}, "formats": {"TOKEN": "json"}}
env = EscEnv("web", shared_env, OPTS, config={"LOG_LEVEL": "log_level"})
EscEnv("web", formats={"PORT": "int", "DEBUG": "bool", "LABELS": "json", "/etc/key.pem": "pem"})
EscEnv("web", formats={"DATABASE_URL": "postgresql", "CACHE_URL": "rediss"})
EscEnv("web", formats={"GRAPH_URL": cast(Any, "bolt")})  # a scheme that not everybody knows
EscEnv("web", formats={"PORT": "integer"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
EscEnv(
    "web",
    namespace=arn,
    labels={"team": arn},
    files={"/etc/key.pem": "signing_key"},
    file_mode="0400",
)
EscEnv("web", keep_old=True, reloader=True, optional=["SENTRY_DSN"])
EscEnv("web", keep_old="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
EscEnv("web", file_mode=0o400)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
EscEnv("web", labels=["team"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
EscEnv("web", image="a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
EscEnv("web", secrets={"TOKEN": arn})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
EscEnv("web", optional="SENTRY_DSN")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
spec = env.inject({"replicas": 2}, containers=["web"], init_containers=("migrate",))
assert_type(spec, dict[str, int])
env.inject({"replicas": 2}, init_containers=True)
env.inject({"replicas": 2}, containers="web")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
env.transform_only(workloads="web")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
assert_type(env.secret_name, pulumi.Output[str | None])
assert_type(env.config_map_name, pulumi.Output[str | None])
assert_type(env.variables, Sequence[Mapping[str, Any]])
assert_type(env.env_from, Sequence[Mapping[str, Any]])
assert_type(env.volumes, Sequence[Mapping[str, Any]])
assert_type(env.volume_mounts, Sequence[Mapping[str, Any]])
env.inject({"replicas": 2}, env_from=True)
env.inject({"replicas": 2}, env_from="all")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
pulumi.ResourceOptions(transforms=[env.transform, env.transform_only(workloads=["web"])])

external: ExternalEnvArgs = {"cloud": "gcp", "secrets": {"TOKEN": stripe.secret_name}}
ExternalEnv("web", external, OPTS, service_account="web")
ExternalEnv("web", secrets={"TOKEN": "a/b"}, store="aws", store_kind="ClusterSecretStore")
bridge = ExternalEnv(
    "web",
    cloud="aws",
    files={"/etc/key.pem": arn},
    store=arn,
    service_account=arn,
    aws_region=arn,
    refresh_interval="15m",
    namespace=arn,
    labels={"team": arn},
    reloader=True,
    file_mode="0400",
)
assert_type(bridge.secret_name, pulumi.Output[str])
assert_type(bridge.store_name, pulumi.Output[str])
assert_type(bridge.inject({"replicas": 2}), dict[str, int])
ExternalEnv("web", gcp_project=arn)
ExternalEnv("web", azure_vault_id=arn)
ExternalEnv("web", refresh_interval=15)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ExternalEnv("web", config={"A": "b"})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
ExternalEnv("web", secrets=["TOKEN"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ExternalEnv("web", cloud="asw")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ExternalEnv("web", store_kind="Store")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# One declaration for both sides: a class, and never an object of it.
class Payments(SecretSettings, service="payments"):
    """What the service loads."""

    stripe_api_key: SecretStr


made = secrets_for(Payments, owner="payments@example.com", readers=mixed, retention="keep")
assert_type(made, Mapping[str, Secret])
secrets_for(Payments, overrides={"stripe_api_key": {"max_age_days": 30}}, opts=OPTS)
secrets_for(Payments, **shared)
secrets_for(Payments, owner=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
secrets_for(Payments, value="made-up")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
secrets_for(Payments, overrides={"stripe_api_key": {"owner": 5}})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
secrets_for(Secret)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
secrets_for(Payments())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
EscEnv("web", settings=Payments)
EscEnv("web", shared_env, OPTS, settings=Payments, config={"LOG_LEVEL": "log_level"})
EscDeployment("web", image="ghcr.io/acme/web:1", settings=Payments)
EscDeployment("web", {"image": "ghcr.io/acme/web:1"}, OPTS, settings=Payments)
ExternalEnv("web", settings=Payments, store="aws")
EscEnv("web", settings=Secret)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
EscDeployment("web", image="a", settings="Payments")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
ExternalEnv("web", settings=Payments())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
EscEnv("web", {"settings": Payments})  # type: ignore[typeddict-unknown-key]  # pyright: ignore[reportArgumentType]

require_esc(allow=["app:tokenIssuer"])
require_esc(allow="app:tokenIssuer")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
assert_type(str(InfraSecretsError("made up")), str)
assert_type(__version__, str)
