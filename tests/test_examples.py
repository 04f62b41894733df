"""What the documentation shows of workloads is what happens: its YAML program and its error messages.

The YAML program runs on the real engine and through the plugin. The host of Pulumi's YAML language is not
needed: it hands on what stands below `properties`, with each number as a float and each `${...}` as an
output, and that is done here.
"""

import inspect
import os
import re
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest
import yaml

from infra_secrets import (
    EscDeployment,
    EscDeploymentArgs,
    EscEnv,
    EscEnvArgs,
    ExternalEnv,
    ExternalEnvArgs,
    InfraSecretsError,
    require_esc,
)
from infra_secrets.testing import Recording, Rehearsal, ordinary_config
from tests.conftest import ROOT

SECRETS = {
    "postgres_url": "postgresql://nlp:made-up@db.example.com/nlp",
    "api_token": "made-up-token",
    "ssh_private_key": "made up, and no key",
}


class Remote(pulumi.ComponentResource):
    """A component that the plugin makes; its outputs are attributes."""

    def __init__(
        self, token: str, name: str, properties: dict[str, Any], outputs: set[str]
    ) -> None:
        unset = dict.fromkeys(outputs - set(properties))
        super().__init__(token, name, {**unset, **properties}, remote=True)


def yaml_program(name: str) -> dict[str, Any]:
    page = (ROOT / "docs" / "other-languages.md").read_text(encoding="utf-8")
    programs = [yaml.safe_load(text) for text in re.findall(r"(?s)```yaml\n(.*?)```", page)]
    [program] = [each for each in programs if each["name"] == name]
    found: dict[str, Any] = program["resources"]
    return found


def run(resources: dict[str, Any]) -> None:
    made: dict[str, Any] = {}

    def read(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: read(member) for key, member in node.items()}
        if isinstance(node, list):
            return [read(member) for member in node]
        if isinstance(node, int) and not isinstance(node, bool):
            return float(node)
        reference = re.fullmatch(r"\$\{(\w+)\.(\w+)\}", node) if isinstance(node, str) else None
        return getattr(made[reference[1]], reference[2]) if reference else node

    outputs = set(re.findall(r"\$\{env\.(\w+)\}", str(resources)))
    for name, resource in resources.items():
        token, properties = resource["type"], read(resource["properties"])
        if token == "kubernetes:batch/v1:CronJob":
            kubernetes.batch.v1.CronJob(name, **properties)
        else:
            short = token.rpartition(":")[2]
            wanted = outputs if short == "EscEnv" else set()
            made[name] = Remote(f"infra-secrets:index:{short}", name, properties, wanted)


@pytest.fixture
def plugin_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine find the plugin as an executable, as it would find an installed one."""
    executable = tmp_path / "pulumi-resource-infra-secrets"
    executable.write_text(f'#!/bin/sh\nexec {sys.executable} -W ignore {ROOT} "$@"\n')
    executable.chmod(executable.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


@pytest.mark.engine
@pytest.mark.usefixtures("plugin_on_path")
def test_the_yaml_program_of_the_documentation_does_what_it_says() -> None:
    resources = yaml_program("nlp")
    with Rehearsal(
        lambda: run(resources),
        project="nlp",
        stack="production",
        config={"workers": 4},
        secrets=SECRETS,
    ) as rehearsal:
        rehearsal.up()
        cluster = rehearsal.kubernetes

        assert cluster.environment("web") == {
            "API_TOKEN": "made-up-token",
            "DATABASE_URL": "postgresql://nlp:made-up@db.example.com/nlp",
            "WORKERS": "4",
        }
        assert cluster.environment("reindex") == {
            "DATABASE_URL": "postgresql://nlp:made-up@db.example.com/nlp"
        }
        assert cluster.files("reindex") == {"/etc/models/identity": b"made up, and no key"}
        assert cluster.get("Deployment", "web")["spec"]["replicas"] == 2
        rehearsal.assert_no_leak()


@pytest.mark.engine
@pytest.mark.usefixtures("plugin_on_path")
def test_the_containers_of_the_yaml_program_are_those_of_its_properties() -> None:
    resources = yaml_program("payments")
    with Rehearsal(
        lambda: run(resources),
        project="payments",
        stack="production",
        config=ordinary_config("aws"),
    ) as rehearsal:
        rehearsal.up()
        again = rehearsal.up()

        assert again.changes == []
        assert sorted(rehearsal.aws.names()) == [
            "payments/production",
            "payments/production/stripe-api-key",
        ]
        [tags] = [
            each["inputs"]["tags"]
            for each in rehearsal.resources
            if each.get("inputs", {}).get("name") == "payments/production/stripe-api-key"
        ]
        assert tags["infra-secrets:max-age-days"] == "90"
        assert tags["cost-centre"] == "42"


# The errors that the pages show ------------------------------------------------------------------

ESC_VALUES = {
    "postgres_url": {"fn::secret": "postgresql://nlp:changeme@db.example.com/nlp"},
    "apitoken": {"fn::secret": "made-up-token"},
    "sentry_dsn": "https://made-up-key@errors.example.com/1",
    "ssh_private_key": {
        "fn::secret": "-----BEGIN PRIVATE KEY----- bWFkZSB1cA== -----END PRIVATE KEY-----"
    },
}
WITH_TOKEN = {**ESC_VALUES, "api_token": {"fn::secret": "made-up-token"}}


def three_things() -> None:
    EscEnv(
        "nlp",
        secrets={"API_TOKEN": "api_token", "SENTRY_DSN": "sentry_dsn"},
        files={"/etc/models/identity": "ssh_private_key"},
        formats={"/etc/models/identity": "pem"},
    )


def two_things() -> None:
    EscEnv(
        "nlp",
        secrets={"DATABASE_URL": "postgres_url", "API_TOKEN": "api_token"},
        formats={"DATABASE_URL": "postgresql"},
    )


def twice() -> None:
    container = {"name": "web", "image": "web", "env": [{"name": "API_TOKEN", "value": "made up"}]}
    EscEnv("web", secrets={"API_TOKEN": "api_token"}).inject({"containers": [container]})


@pytest.mark.parametrize(
    ("page", "program", "values", "own"),
    [
        ("docs/getting-started.md", two_things, ESC_VALUES, {}),
        ("docs/kubernetes.md", three_things, ESC_VALUES, {}),
        ("docs/migration.md", twice, WITH_TOKEN, {}),
        ("docs/esc.md", require_esc, ESC_VALUES, {"db_password": "made-up-password"}),
    ],
    ids=["getting-started", "kubernetes", "migration", "esc"],
)
def test_an_error_on_a_page_is_the_one_that_comes(
    page: str, program: Callable[[], object], values: dict[str, Any], own: dict[str, Any]
) -> None:
    keys = {f"nlp:{key}": value for key, value in values.items()}
    recording = Recording(
        project="nlp",
        stack="production",
        config=own,
        secrets={"api_token": "made-up-token"} if own else {},
        esc={"nlp/production": {"values": {"pulumiConfig": keys}}},
    )
    with pytest.raises(InfraSecretsError) as refused:
        recording.run(program)

    shown = (ROOT / page).read_text(encoding="utf-8")
    error = str(refused.value).replace("organization/", "acme/")
    assert f"```text\n{error}\n```" in shown, error


# The page about Kubernetes -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "arguments", "component"),
    [
        ("EscEnv", EscEnvArgs, EscEnv),
        ("EscDeployment", EscDeploymentArgs, EscDeployment),
        ("ExternalEnv", ExternalEnvArgs, ExternalEnv),
    ],
    ids=["EscEnv", "EscDeployment", "ExternalEnv"],
)
def test_the_page_names_every_argument_and_output(
    heading: str, arguments: type, component: type
) -> None:
    page = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    _, _, section = page.partition(f"\n## `{heading}`\n")
    section = section.partition("\n## ")[0]
    own = set(inspect.get_annotations(arguments))
    if heading == "EscDeployment":
        own -= set(EscEnvArgs.__annotations__)
    outputs = {
        name
        for kind in component.__mro__
        if kind.__module__.startswith("infra_secrets")
        for name in inspect.get_annotations(kind)
        if not name.startswith("_")
    }

    assert [name for name in sorted(own | outputs) if f"`{name}`" not in section] == []
    assert len(own) > 5
