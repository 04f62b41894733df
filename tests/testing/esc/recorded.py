"""What the tests of the fake ESC share: small environments, and what a program gets of them."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.runtime import config as stack_config
from pulumi.runtime import is_config_secret

from infra_secrets import Secret
from infra_secrets.testing import (
    Recording,
    ordinary_config,
)

VALUE = "postgresql://app:hunter22hunter22@db:5432/nlp"
VAULT = ordinary_config("azure")["infra-secrets:azureVaultId"].rsplit("/", 1)[-1]


def environment(values: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"values": dict(values), **more}


def pulumi_config(values: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return environment({"pulumiConfig": values}, **more)


def secret(text: str) -> dict[str, str]:
    return {"fn::secret": text}


class Seen:
    """A program that notes the config it was given."""

    def __init__(self) -> None:
        self.config: dict[str, str] = {}
        self.secret: set[str] = set()

    def __call__(self) -> None:
        self.config = dict(stack_config.CONFIG.get())
        self.secret = {key for key in self.config if is_config_secret(key)}


def recorded(
    esc: Mapping[str, Any], config: Mapping[str, Any] | None = None, **settings: Any
) -> tuple[dict[str, str], set[str]]:
    """Config by full key, and the keys that are secret."""
    seen = Seen()
    Recording("nlp", "production", config, esc=esc, **settings).run(seen)
    return seen.config, seen.secret


def value_of(definition: Any, **also: Any) -> tuple[str, bool]:
    """What one value of an environment arrives as, and whether it is secret."""
    config, secrets = recorded({"a/b": environment({"pulumiConfig": {"it": definition}, **also})})
    return config["nlp:it"], "nlp:it" in secrets


SPELLINGS = {
    "5": "5",
    "-0": "0",
    "1.50": "1.5",
    "3.0": "3",
    "1e3": "1000",
    "1234567.5": "1234567.5",
    "100000000000000000000": "100000000000000000000",
    "1e21": "1e+21",
    "0.000001": "0.000001",
    "0.0000001": "1e-7",
    "1.25e-10": "1.25e-10",
    "9223372036854775807": "9223372036854775807",
    "true": "true",
    "null": "null",
    "yes": "yes",
    "2026-11-22": "2026-11-22",
    "0x1F": "31",
    "12:30:45": "12:30:45",
    "'007'": "007",
    "'<&> \\ \"'": '<&> \\ "',
    "['<&>', 1.0, é]": '["\\u003c\\u0026\\u003e",1,"é"]',
}


OPENED = {
    "aws": {
        "fn::open::aws-secrets": {
            "region": "eu-west-1",
            "login": "${login}",
            "get": {"it": {"secretId": "nlp/production/db"}},
        }
    },
    "gcp": {
        "fn::open::gcp-secrets": {"login": "${login}", "access": {"it": {"name": "db__production"}}}
    },
    "azure": {
        "fn::open::azure-secrets": {
            "login": "${login}",
            "vault": VAULT,
            "get": {"it": {"name": "nlp--production--db"}},
        }
    },
}


def opening(cloud: str, **config: Any) -> dict[str, Any]:
    """An environment that reads one secret of a cloud, as `db`."""
    return environment(
        {
            "login": {f"fn::open::{cloud}-login": {"oidc": True}},
            "secrets": OPENED[cloud],
            "pulumiConfig": {"db": "${secrets.it}", **config},
        }
    )


def reading() -> None:
    Secret("db")
    config = pulumi.Config()
    pulumi.export("url", config.require_secret("db"))
    pulumi.export("port", config.require_int("port"))
