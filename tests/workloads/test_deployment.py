"""`EscDeployment` and `ExternalEnv`: what they register, and what they refuse before they do."""

import re
import sys
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from infra_secrets import EscDeployment, ExternalEnv, Secret, clouds
from infra_secrets.errors import EnvArgsError, OutputError
from infra_secrets.testing import Recording
from infra_secrets.workloads.deployment_container import NO_TOKEN, SECURITY
from tests.conftest import config_for

CANARY = "canary-4712-not-real"
IMAGE = "ghcr.io/acme/nlp:1.4.2"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
EXTERNAL = "kubernetes:external-secrets.io/v1:ExternalSecret"
STORE = "kubernetes:external-secrets.io/v1:SecretStore"


def recorded(program: Callable[[], object], **more: Any) -> Recording:
    recording = Recording(
        **{"project": "nlp", "stack": "production", "secrets": {"url": CANARY}, **more}
    )
    recording.run(program)
    return recording


def deployed(**arguments: Any) -> Any:
    """Return the spec of the Deployment that is made with these arguments."""
    program = deployment(**arguments)
    return recorded(program).named("nlp", DEPLOYMENT).inputs["spec"]


def deployment(**arguments: Any) -> Callable[[], object]:
    return lambda: EscDeployment(
        "nlp", **{"image": IMAGE, "secrets": {"DATABASE_URL": "url"}, **arguments}
    )


def refusal(program: Callable[[], object], **more: Any) -> str:
    made = Recording(
        **{"project": "nlp", "stack": "production", "secrets": {"url": CANARY}, **more}
    )
    with pytest.raises(EnvArgsError) as refused:
        made.run(program)
    assert made.registrations == []
    assert isinstance(refused.value, pulumi.RunError)
    assert CANARY not in str(refused.value)
    return str(refused.value)


# EscDeployment -------------------------------------------------------------------------------------


def test_the_smallest_deployment_runs_as_the_restricted_standard_asks() -> None:
    spec = deployed()
    pod = spec["template"]["spec"]
    [container] = pod["containers"]

    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod[NO_TOKEN] is False
    assert container["image"] == IMAGE
    assert container["name"] == "nlp"
    assert "replicas" not in spec, "an autoscaler may say how many"
    assert set(container) == {"name", "image", "env", "securityContext"}


@pytest.mark.parametrize("setting", [*SECURITY, NO_TOKEN])
def test_each_security_setting_can_be_left_out_by_name_and_only_that(setting: str) -> None:
    pod, usual = (deployed(relax=relax)["template"]["spec"] for relax in ([setting], []))

    def settings(each: Any) -> set[str]:
        found = {*each["securityContext"], *each["containers"][0]["securityContext"]}
        return found | ({NO_TOKEN} if NO_TOKEN in each else set())

    assert settings(usual) - settings(pod) == {setting}
    assert settings(pod) <= settings(usual)


def test_everything_that_was_given_is_there() -> None:
    probe = {"httpGet": {"path": "/healthz", "port": "http"}}
    spec = deployed(
        replicas=3,
        port=8080,
        ports={"metrics": 9090},
        command=["python", "-m", "nlp"],
        arguments=["--workers", "$(WORKERS)"],
        resources={"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"cpu": 1}},
        service_account="nlp",
        labels={"team": "language"},
        readiness_probe=probe,
        liveness_probe=probe,
        startup_probe=probe,
        writable_paths=["/tmp", "/var/cache"],  # noqa: S108 (inside a container)
        files={"/etc/id": "url"},
    )
    pod = spec["template"]["spec"]
    [container] = pod["containers"]

    assert spec["replicas"] == 3
    assert container["ports"] == [
        {"name": "metrics", "containerPort": 9090, "protocol": "TCP"},
        {"name": "http", "containerPort": 8080, "protocol": "TCP"},
    ]
    assert container["command"] == ["python", "-m", "nlp"]
    assert container["args"] == ["--workers", "$(WORKERS)"]
    assert container["resources"]["limits"] == {"cpu": "1"}
    assert [container[f"{each}Probe"] for each in ("readiness", "liveness", "startup")] == [
        probe
    ] * 3
    assert pod["serviceAccountName"] == "nlp"
    assert NO_TOKEN not in pod, "workload identity may need it"
    assert [each["mountPath"] for each in container["volumeMounts"]] == [
        "/tmp",  # noqa: S108 (inside a container)
        "/var/cache",
        "/etc/id",
    ]
    assert [next(iter(set(each) - {"name"})) for each in pod["volumes"]] == [
        "emptyDir",
        "emptyDir",
        "secret",
    ]
    assert spec["template"]["metadata"]["labels"]["team"] == "language"


def test_an_annotation_has_any_text_and_files_the_mode_that_was_asked_for() -> None:
    text = 'any text, "quoted" {}: ' + "x" * 100
    made = recorded(
        deployment(annotations={"a": text}, files={"/id": "url"}, file_mode="0440")
    ).named("nlp", DEPLOYMENT)

    assert made.inputs["metadata"]["annotations"] == {"a": text}
    [volume] = made.inputs["spec"]["template"]["spec"]["volumes"]
    assert volume["secret"]["defaultMode"] == 0o440


def test_pods_are_found_by_name_and_stack_and_not_by_labels_that_may_change() -> None:
    recording = recorded(deployment(labels={"team": "language"}, namespace="nlp"))
    made = recording.named("nlp", DEPLOYMENT).inputs

    assert made["spec"]["selector"] == {
        "matchLabels": {
            "app.kubernetes.io/name": "nlp",
            "app.kubernetes.io/instance": "production",
            "app.kubernetes.io/part-of": "nlp",
        }
    }
    assert made["metadata"]["labels"] == made["spec"]["template"]["metadata"]["labels"]
    assert made["metadata"]["namespace"] == "nlp"
    assert "name" not in made["metadata"]
    [secret] = recording.of_type("kubernetes:core/v1:Secret")
    assert secret.inputs["metadata"] == {"namespace": "nlp", "labels": {"team": "language"}}
    assert secret.inputs["immutable"] is True


def test_its_state_and_outputs_have_names_and_no_value() -> None:
    recording = recorded(deployment(port=8080))

    assert recording.named("nlp", "infra-secrets:index:EscDeployment").inputs == {}
    outputs = [each for each in recording.outputs.values() if "deploymentName" in each]
    assert all(CANARY not in str(each) for each in recording.outputs.values())
    assert [set(each) for each in outputs] == [{"deploymentName", "secretName"}]


def test_reloader_is_told_by_the_deployment_and_its_pods() -> None:
    recording = recorded(deployment(reloader=True, annotations={"a": "b"}))
    made = recording.named("nlp", DEPLOYMENT).inputs

    assert made["metadata"]["annotations"] == {"a": "b", "reloader.stakater.com/auto": "true"}


def test_numbers_of_other_languages_are_floats_and_become_whole() -> None:
    spec = deployed(replicas=2.0, port=8080.0)

    assert (spec["replicas"], type(spec["replicas"])) == (2, int)
    assert spec["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] == 8080


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"image": None}, "image is missing"),
        ({"image": ""}, "image must be a string, e.g. 'ghcr.io/acme/nlp:1.4.2'; found nothing"),
        ({"image": "ghcr.io/UPPER/case"}, "cannot be an image"),
        ({"image": 5}, "image must be a string"),
        ({"replicas": -1}, "replicas is out of range"),
        ({"replicas": 1.5}, "replicas is out of range"),
        ({"replicas": "3"}, "replicas must be a whole number"),
        ({"replicas": True}, "replicas must be a whole number"),
        ({"port": 0}, "port: "),
        ({"port": 70000}, "port: "),
        ({"port": "8080"}, "port: must be a whole number"),
        ({"port": float("nan")}, "port: "),
        ({"port": float("inf")}, "port: "),
        ({"port": 80, "ports": {"http": 81}}, "are the same thing"),
        ({"ports": {"much-too-long-a-name": 80}}, "ports: "),
        ({"command": "python"}, "command must be a list of strings"),
        ({"arguments": [1]}, "arguments[0] must be a string"),
        ({"args": ["--x"]}, "give the container's own as arguments=[...]"),
        ({"resources": {"request": {}}}, "it takes requests and limits"),
        ({"resources": {"limits": {"cpu": "lots"}}}, "resources['limits']['cpu']"),
        ({"resources": {"limits": {"memory": True}}}, "must be a quantity"),
        ({"resources": {"limits": "250m"}}, "must be a mapping"),
        (
            {"resources": {"limits": {1: "1"}}},
            "resources['limits'] has a key that is a number; a key is the name of a resource, e.g. {'cpu': '250m',",
        ),
        (
            {"resources": {"requests": {None: "1"}}},
            "resources['requests'] has a key that is nothing",
        ),
        (
            {"resources": {1: {}}},
            "resources has a key that is not a string: a number; write it in quotes",
        ),
        ({"resources": {"limits": {"memory": "128m"}}}, "thousandths. '128Mi' would work"),
        (
            {"readiness_probe": {"httpGet": {"port": 80, 1: 2}}},
            "readiness_probe['httpGet'] has a key that is a number. A key must be a string; write it in quotes.",
        ),
        (
            {"liveness_probe": {"httpGet": {"httpHeaders": [{"name": "A"}, {True: "B"}]}}},
            "liveness_probe['httpGet']['httpHeaders'][1] has a key that is a boolean.",
        ),
        ({"startup_probe": {1: {}}}, "startup_probe has a key that is not a string: a number"),
        (
            {"startup_probe": {"exec": {"command": {"true"}}}},
            "startup_probe['exec']['command'] is a set. It must be text, a number, a boolean, a list or a mapping",
        ),
        ({"namespace": "Search_Team"}, "namespace: 'Search_Team' cannot be"),
        ({"labels": {"a b": "x"}}, "labels: 'a b' cannot be the key of a label"),
        ({"annotations": {"a b": "x"}}, "annotations: 'a b' cannot be the key of a label"),
        ({"labels": {"a": "x y"}}, "labels['a']: 'x y' cannot be the value of a label"),
        (
            {"file_mode": "0200"},
            "file_mode must be octal digits as for chmod, readable for the owner",
        ),
        ({"resources": {"claims": {"cpu": "1"}}}, "it takes requests and limits"),
        ({"resources": {"limits": {"memory": "128n"}}}, "'128Mi' would work"),
        (
            {"liveness_probe": {"httpGet": {"port": 80}, "tcpSocket": {"port": 80}}},
            "liveness_probe must have one of httpGet, tcpSocket, exec, grpc",
        ),
        (
            {"labels": {1: "x"}},
            "labels has a key that is not a string: a number; write it in quotes",
        ),
        ({"annotations": {True: "x"}}, "annotations has a key that is not a string: a boolean"),
        ({"service_account": "Big Account"}, "service_account: "),
        ({"readiness_probe": {"path": "/"}}, "must have one of httpGet"),
        ({"readiness_probe": "/healthz"}, "readiness_probe must be a mapping"),
        ({"writable_paths": ["tmp"]}, "must be absolute"),
        ({"writable_paths": ["/id"], "files": {"/id": "url"}}, "a file or a folder"),
        ({"relax": ["run_as_non_root"]}, "Did you mean 'runAsNonRoot'?"),
        ({"relax": "capabilities"}, "relax must be a list"),
        ({"replica": 2}, "Did you mean replicas?"),
        ({"env": {"A": "b"}}, "env is not an argument"),
        ({"secrets": {}, "config": {}}, "name at least one variable"),
    ],
)
def test_what_cannot_be_deployed_is_refused(arguments: dict[str, Any], says: str) -> None:
    assert says in refusal(deployment(**arguments))


def test_the_label_that_pods_are_found_by_is_refused_also_as_an_output() -> None:
    def program() -> None:
        EscDeployment(
            "nlp",
            image="ghcr.io/acme/nlp:1",
            labels={"app.kubernetes.io/name": pulumi.Output.from_input("x")},
        )

    assert "the package finds pods by it" in refusal(program)


def test_bad_arguments_and_missing_values_are_one_error() -> None:
    text = refusal(deployment(port=0, secrets={"A": "gone"}, relax=["nothing"]))

    assert text.startswith('EscDeployment("nlp"): 3 problems to fix')
    assert "pulumi config set --stack production --secret nlp:gone" in text


@pytest.mark.parametrize("handler", ["httpGet", "tcpSocket", "exec", "grpc"])
def test_a_probe_has_any_of_the_handlers(handler: str) -> None:
    [container] = deployed(liveness_probe={handler: {"port": 80}})["template"]["spec"]["containers"]

    assert container["livenessProbe"] == {handler: {"port": 80}}


def test_a_word_may_be_on_the_command_line_twice() -> None:
    [container] = deployed(arguments=["-v", "-v"])["template"]["spec"]["containers"]

    assert container["args"] == ["-v", "-v"]


@pytest.mark.parametrize(
    "argument", ["image", "command", "arguments", "readiness_probe", "startup_probe", "annotations"]
)
def test_a_secret_where_everybody_can_read_it_stops_the_program(argument: str) -> None:
    def program() -> None:
        secret = pulumi.Output.secret(CANARY)
        arguments: dict[str, Any] = {
            "image": secret,
            "command": ["echo", secret],
            "arguments": [secret],
            "readiness_probe": {"httpGet": {"path": secret}},
            "startup_probe": {"exec": {"command": ["login", secret]}},
            "annotations": {"a": secret},
        }
        deployment(**{argument: arguments[argument]})()

    with pytest.raises(Exception, match=re.escape(argument)) as refused:
        recorded(program)

    assert "was given a secret" in str(refused.value)
    assert CANARY not in str(refused.value)


def test_two_projects_in_one_namespace_do_not_find_each_other_s_pods() -> None:
    one, other = (
        recorded(deployment(), project=project).named("nlp", DEPLOYMENT).inputs["spec"]["selector"]
        for project in ("billing", "search")
    )

    assert one != other


def test_no_replicas_are_zero_replicas() -> None:
    assert deployed(replicas=0)["replicas"] == 0


@pytest.mark.parametrize("argument", ["command", "arguments"])
def test_the_value_of_a_secret_on_the_command_line_is_refused(argument: str) -> None:
    text = refusal(deployment(**{argument: ["--token", f"x={CANARY}"]}))

    assert f"{argument}[1] contains the value of secret config 'nlp:url'" in text


@pytest.mark.parametrize("cloud", ["_".join(["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"])])
def test_a_value_in_the_place_of_a_cloud_is_not_repeated(cloud: str) -> None:
    assert cloud[4:] not in refusal(external(service_account="a", cloud=cloud))


def test_labels_are_on_all_that_an_external_environment_makes_and_files_stay_out_of_env_from() -> (
    None
):
    config = {"infra-secrets:cloud": "aws", "aws:region": "eu-west-1"}
    recording = recorded(
        external(service_account="a", labels={"team": "x"}, files={"/id": "nlp/production/b"}),
        config=config,
    )

    for token in (STORE, EXTERNAL):
        assert recording.named("nlp", token).inputs["metadata"]["labels"] == {"team": "x"}
    assert recording.outputs["nlp"]["envFrom"] == []
    without = recorded(external(service_account="a"), config=config)
    assert len(without.outputs["nlp"]["envFrom"]) == 1


def test_the_program_s_own_traceback_limit_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sys, "tracebacklimit", raising=False)
    deployed()
    assert not hasattr(sys, "tracebacklimit")


@pytest.mark.parametrize("given", [None, 5])
def test_an_output_that_is_no_name_is_said_in_a_sentence(given: Any) -> None:
    def program() -> None:
        external(store="s", secrets={"A": pulumi.Output.from_input(given)})()

    with pytest.raises(OutputError, match=r"secrets\['A'\] must be a string; its output is"):
        recorded(program)


def test_a_stack_s_name_that_is_no_label_asks_for_one() -> None:
    text = refusal(deployment(), stack="s" * 64)

    assert 'labels={"app.kubernetes.io/instance": "production"}' in text
    recorded(deployment(labels={"app.kubernetes.io/instance": "short"}), stack="s" * 64)


# ExternalEnv ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("cloud", clouds.available())
def test_containers_of_every_cloud_become_variables_through_a_store_without_a_key(
    cloud: str,
) -> None:
    def program() -> None:
        stripe = Secret("StripeApiKey")
        document = Secret("api", fields=["DATABASE_URL", "DSN"])
        ExternalEnv(
            "nlp",
            secrets={
                "STRIPE_API_KEY": stripe.secret_name,
                "DATABASE_URL": pulumi.Output.concat(document.secret_name, "#DATABASE_URL"),
            },
            service_account="reader",
            namespace="nlp",
        )

    config = {**config_for(cloud), "gcp:project": "acme-production", "aws:region": "eu-west-1"}
    recording = recorded(program, config=config)
    store = recording.named("nlp", STORE).inputs
    external = recording.named("nlp", EXTERNAL).inputs
    separator = clouds.load(cloud).SPELLING.separator

    [(provider, says)] = store["spec"]["provider"].items()
    assert provider == {"aws": "aws", "gcp": "gcpsm", "azure": "azurekv"}[cloud]
    assert "'serviceAccountRef': {'name': 'reader'}" in str(says)
    assert not re.search("secretRef|accessKey|clientSecret|Ref': {'key", str(says))
    assert external["spec"]["target"] == {"creationPolicy": "Owner", "deletionPolicy": "Retain"}
    assert external["spec"]["refreshInterval"] == "1h"
    assert external["spec"]["data"] == [
        {
            "secretKey": "DATABASE_URL",
            "remoteRef": {
                "key": separator.join(["nlp", "production"]),
                "property": "DATABASE_URL",
            },
        },
        {
            "secretKey": "STRIPE_API_KEY",
            "remoteRef": {"key": separator.join(["nlp", "production", "stripe-api-key"])},
        },
    ]
    assert external["spec"]["secretStoreRef"]["kind"] == "SecretStore"
    assert external["metadata"]["namespace"] == store["metadata"]["namespace"] == "nlp"


def test_the_azure_store_reads_the_vault_of_the_containers() -> None:
    config = config_for("azure")
    program = external(service_account="reader")
    store = (
        recorded(program, config=config).named("nlp", STORE).inputs["spec"]["provider"]["azurekv"]
    )
    vault = config["infra-secrets:azureVaultId"].rpartition("/")[2]

    assert store == {
        "authType": "WorkloadIdentity",
        "vaultUrl": f"https://{vault}.vault.azure.net",
        "serviceAccountRef": {"name": "reader"},
    }


def external(**arguments: Any) -> Callable[[], object]:
    return lambda: ExternalEnv("nlp", **{"secrets": {"A": "nlp/production/a"}, **arguments})


def test_a_store_that_exists_is_referred_to_and_none_is_made() -> None:
    recording = recorded(
        external(store="shared", store_kind="ClusterSecretStore", refresh_interval="15m")
    )

    assert recording.of_type(STORE) == []
    spec = recording.named("nlp", EXTERNAL).inputs["spec"]
    assert spec["secretStoreRef"] == {"name": "shared", "kind": "ClusterSecretStore"}
    assert spec["refreshInterval"] == "15m"
    assert recording.outputs["nlp"]["storeName"] == "shared"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"store": "s", "secrets": {}}, "name at least one variable"),
        ({"store": "s", "service_account": "a"}, "Give one or the other"),
        (
            {"store": "s", "aws_region": "eu-west-1", "azure_vault_id": "v"},
            "an existing store, but aws_region, azure_vault_id would be for one that is created",
        ),
        ({"store": "s", "store_kind": "Vault"}, "must be one of SecretStore, ClusterSecretStore"),
        ({"store": "S!"}, "cannot be the name of an object"),
        (
            {"store_kind": "SecretStore", "service_account": "a"},
            "store_kind is for an existing store",
        ),
        ({}, "service_account is missing"),
        ({"service_account": "a"}, "aws_region is missing"),
        ({"service_account": "a", "aws_region": "Ireland"}, "not a region"),
        ({"service_account": "a", "cloud": "awz"}, "Did you mean 'aws'?"),
        ({"service_account": "a", "cloud": "gcp", "gcp_project": "X"}, "not a project"),
        ({"service_account": "a", "aws_region": "eu-west-1", "gcp_project": "x"}, "is not for AWS"),
        ({"service_account": "a", "cloud": "azure", "azure_vault_id": "v"}, "azure"),
        ({"store": "s", "refresh_interval": "hourly"}, "not a duration"),
        ({"store": "s", "secrets": {"A": "a b"}}, "not the name of a container"),
        ({"store": "s", "secrets": {"A": "a#"}}, "not the name of a container"),
        ({"store": "s", "secrets": {"A": 5}}, "must be the secret_name of a Secret"),
        ({"store": "s", "secrets": {"A": f"sk_live_{CANARY}"}}, "never a value"),
        ({"store": "s", "secrets": {"a-b": "x"}}, "'A_B' would work"),
        ({"store": "s", "config": {"A": "b"}}, "config is not an argument"),
        ({"store": "s", "secret": {"A": "b"}}, "Did you mean secrets?"),
    ],
)
def test_what_cannot_be_fetched_is_refused(arguments: dict[str, Any], says: str) -> None:
    assert says in refusal(external(**arguments), config={"infra-secrets:cloud": "aws"})


@pytest.mark.parametrize(
    "name",
    [
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:k3yA9d82hfK20dkf93kd02kfLq-AbCdEf",
        "sk-learn/production/api-token",
        "sk-learn__production__api-token",
        "sk-learn--production--api-token",
    ],
)
def test_the_name_of_a_container_that_begins_like_a_credential_or_is_an_arn_is_taken(
    name: str,
) -> None:
    spec = recorded(external(store="s", secrets={"A": name})).named("nlp", EXTERNAL).inputs["spec"]

    assert spec["data"] == [{"secretKey": "A", "remoteRef": {"key": name}}]


def test_the_operator_may_be_told_to_look_once_and_files_have_the_mode_that_was_asked_for() -> None:
    made: list[ExternalEnv] = []
    program = external(
        store="s", refresh_interval="0", files={"/id": "nlp/production/b"}, file_mode="0400"
    )
    recording = recorded(lambda: made.append(program()))  # type: ignore[arg-type]

    assert recording.named("nlp", EXTERNAL).inputs["spec"]["refreshInterval"] == "0"
    assert made[0].volumes[0]["secret"]["defaultMode"] == 0o400


def test_without_a_cloud_the_error_says_how_to_choose_one() -> None:
    assert "pulumi config set infra-secrets:cloud aws" in refusal(external(service_account="a"))


def test_a_secret_output_is_no_container_s_name() -> None:
    def program() -> None:
        external(store="s", secrets={"A": pulumi.Output.secret(CANARY)})()

    with pytest.raises(Exception, match="was given a secret") as refused:
        recorded(program)

    assert CANARY not in str(refused.value)
