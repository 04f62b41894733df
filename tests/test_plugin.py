"""The components as a plugin: the schema that other languages see, and a program of theirs on the real engine."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tomllib
import venv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from infra_secrets import (
    EscDeployment,
    EscDeploymentArgs,
    EscEnv,
    EscEnvArgs,
    ExternalEnv,
    ExternalEnvArgs,
    __version__,
)
from infra_secrets.containers.secret import Secret, SecretArgs
from infra_secrets.plugin import Plugin
from infra_secrets.testing import Rehearsal
from tests.conftest import ROOT, config_for
from tests.shells import Tools, run

CANARY = "canary-77-not-real"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    made = Plugin().schema
    assert made is not None
    found: dict[str, Any] = json.loads(made)
    return found


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def test_the_schema_has_every_argument_and_every_output_and_describes_each(
    schema: dict[str, Any],
) -> None:
    pod_environment = ["envFrom", "variables", "volumeMounts", "volumes"]
    expected = {
        Secret: (SecretArgs, ["consoleUrl", "reference", "secretId", "secretName", "setCommand"]),
        EscEnv: (EscEnvArgs, ["configMapName", "secretName", *pod_environment]),
        EscDeployment: (EscDeploymentArgs, ["configMapName", "deploymentName", "secretName"]),
        ExternalEnv: (ExternalEnvArgs, ["secretName", "storeName", *pod_environment]),
    }

    assert schema["name"] == "infra-secrets"
    assert schema["version"] == __version__
    assert sorted(schema["resources"]) == sorted(
        f"infra-secrets:index:{component.__name__}" for component in expected
    )
    for component, (arguments, outputs) in expected.items():
        resource = schema["resources"][f"infra-secrets:index:{component.__name__}"]
        assert resource["isComponent"] is True
        assert sorted(resource["inputProperties"]) == sorted(
            camel(name) for name in arguments.__annotations__
        )
        assert sorted(resource["properties"]) == sorted(outputs)
        for properties in (resource["inputProperties"], resource["properties"]):
            assert [
                name for name, each in properties.items() if len(each.get("description", "")) < 20
            ] == []
        assert component.__doc__
        assert resource["description"] == component.__doc__.strip()


def test_the_schema_says_whose_it_is_and_where_it_comes_from_as_pyproject_does(
    schema: dict[str, Any],
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    source = project["urls"]["Source"]

    assert schema["description"] == project["description"]
    assert schema["language"]["nodejs"]["packageDescription"] == project["description"]
    assert schema["license"] == project["license"]
    assert schema["homepage"] == project["urls"]["Documentation"]
    assert schema["repository"] == source
    assert schema["pluginDownloadURL"] == source.replace("https:", "git:")
    assert schema["publisher"] == schema["namespace"] == source.split("/")[3]
    assert set(project["keywords"]) < set(schema["keywords"])
    assert schema["meta"] == {"supportPack": True}  # else `gen-sdk` writes a Go SDK without go.mod
    assert all(schema["language"][each]["respectSchemaVersion"] for each in schema["language"])


def plugin_in(folder: Path) -> Path:
    """What Pulumi starts of a clone, in a folder of its own."""
    for name in ("pulumi-resource-infra-secrets", "__main__.py"):
        shutil.copy(ROOT / name, folder)
    return folder / "pulumi-resource-infra-secrets"


def test_a_plugin_without_its_environment_says_in_one_sentence_how_to_make_it(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "a clone"
    folder.mkdir()
    started = subprocess.run([plugin_in(folder)], capture_output=True, text=True, check=False)

    assert started.returncode == 1
    assert started.stdout == ""
    [line] = started.stderr.splitlines()
    assert line.startswith("infra-secrets: the plugin has no Python environment in ")
    assert line.endswith(
        f"cd '{folder}' && python3 -m venv venv && venv/bin/python -m pip install '.[aws]'"
    )


@pytest.mark.parametrize("way", ["its own start", "Pulumi's Python host"])
def test_a_plugin_whose_environment_is_not_filled_says_so_and_takes_nothing_from_another(
    tmp_path: Path, way: str
) -> None:
    command = [plugin_in(tmp_path)]
    venv.create(tmp_path / "venv", symlinks=True)
    elsewhere = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    if way == "Pulumi's Python host":
        command = [tmp_path / "venv" / "bin" / "python", tmp_path]
    started = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": elsewhere},
    )

    assert started.returncode == 1
    [line] = started.stderr.splitlines()
    assert f"environment, {tmp_path / 'venv'}, has no infra-secrets." in line
    assert line.endswith(
        f"cd {tmp_path} && {tmp_path / 'venv' / 'bin' / 'python'} -m pip install '.[aws]'"
    )


def test_names_of_config_keys_must_be_known_and_an_image_may_come_from_another_resource(
    schema: dict[str, Any],
) -> None:
    inputs = schema["resources"]["infra-secrets:index:EscDeployment"]["inputProperties"]

    for argument in ("secrets", "config", "files", "formats"):
        assert inputs[argument]["additionalProperties"]["plain"] is True
    assert "plain" not in inputs["image"]
    assert "plain" not in inputs["namespace"]


def test_the_schema_requires_the_image_of_a_deployment_and_nothing_else(
    schema: dict[str, Any],
) -> None:
    assert {
        name.rpartition(":")[2]: resource.get("requiredInputs", [])
        for name, resource in schema["resources"].items()
    } == {"Secret": [], "EscEnv": [], "EscDeployment": ["image"], "ExternalEnv": []}


def test_the_schema_offers_no_way_to_hand_over_a_value(
    schema: dict[str, Any],
) -> None:
    secret = schema["resources"]["infra-secrets:index:Secret"]

    assert not [
        name
        for name in secret["inputProperties"]
        if "value" in name.lower() or "secret" in name.lower()
    ]
    assert sorted(secret["required"]) == sorted(secret["properties"])


def test_no_cloud_s_sdk_becomes_a_dependency_of_the_schema(schema: dict[str, Any]) -> None:
    assert schema.get("dependencies", []) == []
    assert schema["types"] == {}


def test_names_and_places_must_be_known_and_sentences_may_come_from_other_resources(
    schema: dict[str, Any],
) -> None:
    inputs = schema["resources"]["infra-secrets:index:Secret"]["inputProperties"]
    plain = {name for name, each in inputs.items() if each.get("plain")}

    assert {
        "cloud",
        "service",
        "environment",
        "key",
        "fields",
        "retention",
        "adopt",
        "replicas",
        "maxAgeDays",
    } <= plain
    assert not {"description", "owner", "encryptionKey", "azureVaultId"} & plain
    assert "plain" not in inputs["readers"]["items"]
    assert "plain" not in inputs["tags"]["additionalProperties"]


def test_the_plugin_file_names_the_runtime_and_the_engine_it_needs() -> None:
    plugin = yaml.safe_load((ROOT / "PulumiPlugin.yaml").read_text())

    assert plugin == {
        "runtime": {"name": "python", "options": {"toolchain": "pip", "virtualenv": "venv"}},
        "requiredPulumiVersion": ">=3.219.0",
    }


def test_the_plugin_installs_pulumi_and_no_cloud() -> None:
    lines = [
        line
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if line and line[0] != "#"
    ]

    assert lines == ["pulumi>=3.261,<4"]


class RemoteSecret(pulumi.ComponentResource):
    """What a generated SDK makes of the component: a remote resource, made by the plugin."""

    secret_name: pulumi.Output[str]

    def __init__(
        self, name: str, properties: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        outputs = dict.fromkeys(["secretId", "secretName", "reference", "setCommand", "consoleUrl"])
        super().__init__(
            "infra-secrets:index:Secret", name, {**outputs, **properties}, opts, remote=True
        )


@pytest.fixture
def plugin_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine find the plugin as an executable, as it would find an installed one."""
    executable = tmp_path / "pulumi-resource-infra-secrets"
    executable.write_text(f'#!/bin/sh\nexec {sys.executable} -W ignore {ROOT} "$@"\n')
    executable.chmod(executable.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


NAMES = {
    "aws": "shop/production/stripe-api-key",
    "gcp": "shop__production__stripe-api-key",
    "azure": "shop--production--stripe-api-key",
}


@pytest.mark.engine
@pytest.mark.usefixtures("plugin_on_path")
def test_a_remote_component_makes_the_same_container_and_the_value_survives(cloud: str) -> None:
    properties: dict[str, Any] = {"description": "one", "maxAgeDays": 90.0, "tags": {"a_b": "kept"}}
    with Rehearsal(
        lambda: RemoteSecret("StripeApiKey", properties),
        project="shop",
        stack="production",
        config=config_for(cloud),
    ) as rehearsal:
        simulated = rehearsal.clouds["azure-native" if cloud == "azure" else cloud]
        rehearsal.up()
        empty = simulated.value(NAMES[cloud])
        simulated.set_value(NAMES[cloud], CANARY)
        properties["description"] = "two"
        rehearsal.up()
        [component] = [
            each for each in rehearsal.resources if each["type"] == "infra-secrets:index:Secret"
        ]

        assert simulated.names() == [NAMES[cloud]]
        assert (empty, simulated.value(NAMES[cloud])) == (None, CANARY)
        assert component["outputs"]["secretName"] == NAMES[cloud]
        assert "a_b" in str(rehearsal.resources)
        rehearsal.assert_no_leak()


@pytest.mark.engine
@pytest.mark.usefixtures("plugin_on_path")
def test_the_state_of_a_remote_component_says_what_was_declared_as_that_of_python_does() -> None:
    somebody = "arn:aws:iam::123456789012:role/somebody"
    given: dict[str, Any] = {"owner": "payments@example.com", "readers": [somebody]}

    def declared_in(program: Callable[[], object]) -> Any:
        with Rehearsal(
            program, project="shop", stack="production", config=config_for("aws")
        ) as rehearsal:
            rehearsal.up()
            [component] = [
                each for each in rehearsal.resources if each["type"] == "infra-secrets:index:Secret"
            ]
            return component["outputs"]["declared"]

    remote = declared_in(
        lambda: RemoteSecret("api", {**given, "fields": ["A"], "maxAgeDays": 90.0, "tags": {}})
    )
    here = declared_in(lambda: Secret("api", fields=["A"], max_age_days=90, **given))

    assert remote == here
    assert here == {
        "cloud": "aws",
        "reference": "shop/production",
        "fields": ["A"],
        "maxAgeDays": 90,
        **given,
    }


@pytest.mark.engine
@pytest.mark.usefixtures("plugin_on_path")
def test_the_set_command_of_a_remote_component_runs_from_the_stack_s_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def program() -> None:
        remote: Any = RemoteSecret("api", {"fields": ["DATABASE_URL"]})
        pulumi.export("setApi", remote.setCommand)

    with Rehearsal(
        program, project="shop", stack="production", config=config_for("gcp")
    ) as rehearsal:
        rehearsal.up()
        engine = rehearsal._engine()
        for variable, text in engine._environment.items():
            monkeypatch.setenv(variable, text)
        monkeypatch.chdir(engine._directory)
        (tmp_path / "tools").mkdir()
        tools = Tools.first_on_path(tmp_path / "tools", monkeypatch)
        command = 'sh -c "$(pulumi stack output setApi --stack production)"'
        refused = run(command, b"{}")
        done = run(command, b'{"DATABASE_URL": "x"}\n')

        assert b"so nothing was set. Missing: DATABASE_URL." in refused.stderr
        assert done.returncode == 0, done.stderr
        assert tools.value == b'{"DATABASE_URL": "x"}'
        assert tools.argv[:4] == ["secrets", "versions", "add", "shop__production"]


@pytest.mark.engine
@pytest.mark.usefixtures("plugin_on_path")
@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        (
            {"secretString": CANARY},
            "secretString is not an argument: a Secret never takes its value",
        ),
        (
            {"value": ...},
            "value is not an argument: a Secret never takes its value",
        ),
        (
            {"enviroment": "dev"},
            "enviroment is not an argument of a Secret. Did you mean environment?",
        ),
        ({"maxAgeDays": -1}, "max_age_days=-1"),
        ({"service": "Shop", "key": "A_B"}, "service='Shop', key='A_B'"),
        ({"overrides": {}}, "overrides is not an argument of a Secret"),
    ],
    ids=["a value", "a secret value", "a typo", "a bad number", "bad names", "of Python alone"],
)
def test_a_refusal_reaches_other_languages_as_its_message_and_makes_nothing(
    properties: Mapping[str, Any], problem: str
) -> None:
    def program() -> None:
        given = {
            key: pulumi.Output.secret(CANARY) if item is ... else item
            for key, item in properties.items()
        }
        RemoteSecret("StripeApiKey", given)

    with Rehearsal(
        program, project="shop", stack="production", config=config_for("aws")
    ) as rehearsal:
        run = rehearsal.up(check=False)

        assert not run.succeeded
        assert problem in " ".join(run.error.split())
        assert "/infra_secrets/" not in run.output, "a traceback of the plugin's own"
        assert CANARY not in run.output + run.error
        assert rehearsal.aws.names() == []


@pytest.mark.engine
@pytest.mark.usefixtures("plugin_on_path")
@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            lambda output: {"tags": {"a": output(["x"])}},
            "Secret(\"StripeApiKey\"): tags['a'] must be a string; its output is a list.",
        ),
        (
            lambda output: {"description": output(7)},
            'Secret("StripeApiKey"): description must be a string; its output is a number.',
        ),
        (
            lambda output: {"readers": [output("everybody")]},
            "Secret(\"StripeApiKey\"): readers has 'everybody'",
        ),
        (
            lambda output: {"owner": pulumi.Output.secret(output(CANARY))},
            'Secret("StripeApiKey"): owner was given a secret',
        ),
    ],
    ids=["a tag", "a description", "a reader", "a secret"],
)
def test_a_refusal_of_what_an_output_holds_reaches_other_languages_as_its_message(
    given: Callable[[Callable[[Any], pulumi.Output[Any]]], Mapping[str, Any]], says: str
) -> None:
    def program() -> None:
        import pulumi_aws as aws

        role = aws.iam.Role("api", assume_role_policy="{}")
        RemoteSecret("StripeApiKey", given(lambda held: role.arn.apply(lambda _: held)))

    with Rehearsal(
        program, project="shop", stack="production", config=config_for("aws")
    ) as rehearsal:
        run = rehearsal.up(check=False)
        error = " ".join(run.error.split())

        assert not run.succeeded
        assert says in error
        assert "Unexpected" not in run.output + run.error
        assert "infra_secrets" not in run.output + run.error
        assert CANARY not in run.output + run.error
        assert rehearsal.aws.names() == []


@pytest.mark.engine
@pytest.mark.usefixtures("plugin_on_path")
@pytest.mark.parametrize("option", ["protect", "retain_on_delete"])
def test_an_option_against_keep_is_refused_for_other_languages_too(option: str) -> None:
    given: Any = {option: False}
    with Rehearsal(
        lambda: RemoteSecret("StripeApiKey", {}, pulumi.ResourceOptions(**given)),
        project="shop",
        stack="production",
        config=config_for("aws"),
    ) as rehearsal:
        run = rehearsal.up(check=False)

        assert f"opts has {option}=False, and retention='keep' means the opposite" in " ".join(
            run.error.split()
        )
        assert rehearsal.aws.names() == []


class Sends(pulumi.ComponentResource):
    """A remote `Secret` as another language asks for it: Python itself never sends what is null."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        super().__init__(
            "infra-secrets:index:Secret", "StripeApiKey", dict(properties), remote=True
        )


@pytest.mark.engine
@pytest.mark.usefixtures("plugin_on_path")
def test_null_under_the_name_of_a_value_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    serialized = pulumi.runtime.rpc.serialize_properties

    async def with_a_null(inputs: Any, *args: Any, **kwargs: Any) -> Any:
        struct = await serialized(inputs, *args, **kwargs)
        if "marked" in inputs:
            del struct["marked"]
            struct["value"] = None
            struct["owner"] = None
        return struct

    monkeypatch.setattr(pulumi.runtime.rpc, "serialize_properties", with_a_null)
    with Rehearsal(
        lambda: Sends({"marked": "x"}),
        project="shop",
        stack="production",
        config=config_for("aws"),
    ) as rehearsal:
        run = rehearsal.up(check=False)

        assert "value is not an argument: a Secret never" in " ".join(run.error.split())
        assert "owner" not in run.error
        assert rehearsal.aws.names() == []


@pytest.mark.engine
@pytest.mark.usefixtures("plugin_on_path")
def test_two_remote_secrets_that_would_be_one_container_are_refused() -> None:
    def program() -> None:
        RemoteSecret("StripeApiKey", {})
        RemoteSecret("StripeAPIKey", {})

    with Rehearsal(
        program, project="shop", stack="production", config=config_for("aws")
    ) as rehearsal:
        run = rehearsal.preview(check=False)

        assert not run.succeeded
        assert "is already the container of" in " ".join(run.error.split())


@pytest.mark.engine
@pytest.mark.usefixtures("plugin_on_path")
def test_outputs_of_other_resources_reach_a_remote_component() -> None:
    def program() -> None:
        import pulumi_aws as aws

        role = aws.iam.Role("api", assume_role_policy="{}")
        RemoteSecret(
            "StripeApiKey",
            {"readers": [role.arn], "description": role.name, "tags": {"role": role.name}},
        )

    with Rehearsal(
        program, project="shop", stack="production", config=config_for("aws")
    ) as rehearsal:
        rehearsal.preview()
        rehearsal.up()

        assert "aws:secretsmanager/secretPolicy:SecretPolicy" in [
            each["type"] for each in rehearsal.resources
        ]


@pytest.mark.engine
@pytest.mark.usefixtures("plugin_on_path")
@pytest.mark.parametrize(
    ("properties", "settings", "problem"),
    [
        ({"labels": {"team": CANARY}}, {}, "labels['team'] contains the value of secret config"),
        ({}, {"render_yaml_to_directory": "out"}, "its Kubernetes provider 'cluster' would show"),
    ],
    ids=["a value as a text", "a provider that shows values"],
)
def test_a_value_is_not_shown_for_a_program_in_another_language_either(
    properties: Mapping[str, Any], settings: Mapping[str, Any], problem: str
) -> None:
    def program() -> None:
        import pulumi_kubernetes as k8s

        cluster = k8s.Provider("cluster", kubeconfig="{}", **settings)
        pulumi.ComponentResource(
            "infra-secrets:index:EscEnv",
            "web",
            {"secrets": {"TOKEN": "token"}, **properties},
            pulumi.ResourceOptions(providers=[cluster]),
            remote=True,
        )

    with Rehearsal(
        program, project="shop", stack="production", secrets={"token": CANARY}
    ) as rehearsal:
        run = rehearsal.up(check=False)

        assert problem in " ".join(run.error.split())
        assert [
            each for each in rehearsal.requests if each.type == "kubernetes:core/v1:Secret"
        ] == []


@pytest.mark.engine
@pytest.mark.usefixtures("plugin_on_path")
def test_a_missing_image_is_refused_together_with_everything_else_that_is_wrong() -> None:
    def program() -> None:
        pulumi.ComponentResource(
            "infra-secrets:index:EscDeployment",
            "web",
            {"secrets": {"TOKEN": "token"}, "replicas": -1},
            remote=True,
        )

    with Rehearsal(
        program, project="shop", stack="production", secrets={"token": CANARY}
    ) as rehearsal:
        refused = " ".join(rehearsal.up(check=False).error.split())

        assert "image is missing; name the container's image" in refused
        assert "replicas is out of range" in refused


@pytest.mark.engine
@pytest.mark.usefixtures("plugin_on_path")
def test_components_of_one_run_share_its_hooks_and_each_gets_its_own_answer() -> None:
    keys = ["stripe", "github", "mapbox"]

    def arn(key: str) -> str:
        return f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/production/{key}-"

    with Rehearsal(
        lambda: [RemoteSecret(key, {}) for key in keys],
        project="shop",
        stack="production",
        config=config_for("aws"),
    ) as rehearsal:
        rehearsal.up()
        rehearsal.lose_state()
        rehearsal.extra_args = ["--continue-on-error"]
        refused = " ".join(rehearsal.up(check=False).error.split())

        for key in keys:
            # Whether the state can be asked already when the first one is refused is a matter of luck.
            assert refused.count(f"this stack, as Secret('{key}')") == 1, refused
            assert refused.count(f'add adopt="{arn(key)}') == 1, refused
        assert sorted(rehearsal.aws.names()) == sorted(f"shop/production/{key}" for key in keys)
