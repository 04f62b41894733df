"""The value of a secret of the stack's config, given as a text, is refused wherever it stands, and never repeated."""

import json
from collections.abc import Callable
from typing import Any, cast

import pulumi
import pulumi_kubernetes as k8s
import pytest

from infra_secrets import EscDeployment, EscEnv, ExternalEnv, Secret
from infra_secrets.errors import ArgsError
from infra_secrets.testing import Recording, Rehearsal

CANARY = "canary-4712-not-real"
STACK: dict[str, Any] = {"project": "nlp", "stack": "production"}
CLOUD = {"infra-secrets:cloud": "aws", "aws:region": "eu-west-1"}
IMAGE = "ghcr.io/acme/nlp:1.4.2"
VAULT = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/nlp"
PROBE = {"httpGet": {"path": f"/healthz?key={CANARY}", "port": "http"}}


def refusal(
    program: Callable[[], object], *, at_most: int = 0, secrets: dict[str, str] | None = None
) -> str:
    """Run a program that must be refused before anything more is registered."""
    recording = Recording(**STACK, config=CLOUD, secrets=secrets or {"token": CANARY})
    with pytest.raises(ArgsError) as refused:
        recording.run(program)
    assert len(recording.registrations) <= at_most
    assert isinstance(refused.value, pulumi.RunError)
    assert CANARY not in f"{refused.value}{refused.value!r}{refused.value.args}"
    return str(refused.value)


def passes(program: Callable[[], object], secrets: dict[str, str]) -> Recording:
    recording = Recording(**STACK, config=CLOUD, secrets=secrets)
    recording.run(program)
    return recording


def secret(name: str = "stripe", **arguments: Any) -> Callable[[], object]:
    return lambda: Secret(name, **arguments)


def deployment(name: str = "web", **arguments: Any) -> Callable[[], object]:
    given: Any = {"image": IMAGE, "secrets": {"TOKEN": "token"}, **arguments}
    return lambda: EscDeployment(name, given)


def env(name: str = "web", **arguments: Any) -> Callable[[], object]:
    given: dict[str, Any] = {"secrets": {"TOKEN": "token"}, **arguments}
    return lambda: EscEnv(name, given)  # type: ignore[arg-type]


def external(name: str = "web", **arguments: Any) -> Callable[[], object]:
    given: dict[str, Any] = {
        "secrets": {"TOKEN": "nlp/production/token"},
        "service_account": "web",
        **arguments,
    }
    return lambda: ExternalEnv(name, given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("program", "where"),
    [
        (secret(key=CANARY), "key"),
        (secret(service=CANARY), "service"),
        (secret(environment=CANARY), "environment"),
        (secret(tags={"team": CANARY}), "tags['team']"),
        (secret(tags={CANARY: "a"}), "a key of tags"),
        (secret(description=f"for {CANARY}"), "description"),
        (secret(readers=["a", f"arn:{CANARY}"]), "readers[1]"),
        (secret(fields=["A", CANARY]), "fields[1]"),
        (secret(retention=CANARY), "retention"),
        (secret(cloud=CANARY), "cloud"),
        (secret(**cast(Any, {CANARY: 1})), "the name of an argument"),
        (
            lambda: Secret("stripe", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(CANARY)])),
            "opts.aliases[0].name",
        ),
        (env(labels={"team": CANARY}), "labels['team']"),
        (env(secrets={"TOKEN": CANARY}), "secrets['TOKEN']"),
        (env(secrets={CANARY: "token"}), "a key of secrets"),
        (env(namespace=CANARY), "namespace"),
        (env(files={f"/etc/{CANARY}": "token"}), "a key of files"),
        (deployment(annotations={"x": CANARY}), "annotations['x']"),
        (deployment(annotations={CANARY: "x"}), "a key of annotations"),
        (deployment(labels={"x": CANARY}), "labels['x']"),
        (deployment(readiness_probe=PROBE), "readiness_probe.httpGet.path"),
        (deployment(liveness_probe=PROBE), "liveness_probe.httpGet.path"),
        (deployment(startup_probe={"exec": {"command": ["x", CANARY]}}), "startup_probe.exec.command[1]"),
        (deployment(command=["x", f"--token={CANARY}"]), "command[1]"),
        (deployment(arguments=[CANARY]), "arguments[0]"),
        (deployment(image=f"ghcr.io/acme/{CANARY}"), "image"),
        (deployment(service_account=CANARY), "service_account"),
        (deployment(writable_paths=[f"/{CANARY}"]), "writable_paths[0]"),
        (deployment(resources={CANARY: {}}), "a key of resources"),
        (external(secrets={"TOKEN": CANARY}), "secrets['TOKEN']"),
        (external(secrets={"TOKEN": f"nlp/production#{CANARY}"}), "secrets['TOKEN']"),
        (external(labels={"x": CANARY}), "labels['x']"),
        (external(store=CANARY), "store"),
        (external(aws_region=CANARY), "aws_region"),
    ],
)  # fmt: skip
def test_the_value_of_a_secret_is_refused_with_its_place_and_its_config_key(
    program: Callable[[], object], where: str
) -> None:
    text = refusal(program)

    assert f": {where} contains the value of secret config 'nlp:token'" in text
    assert "in plain text" in text
    assert "Leave it out: " in text


@pytest.mark.parametrize("make", [secret, env, deployment, external])
def test_a_logical_name_that_is_a_value_is_not_repeated(make: Any) -> None:
    text = refusal(make(CANARY))

    assert "its logical name contains the value of secret config 'nlp:token'" in text


def test_a_logical_name_that_looks_like_a_value_is_not_repeated_with_another_problem() -> None:
    name = "_".join(["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"])

    assert name not in refusal(secret(name, key=CANARY))


def test_all_places_are_said_at_once_and_nothing_else_that_could_repeat_a_value() -> None:
    text = refusal(deployment(annotations={"x": CANARY}, liveness_probe=PROBE, replicas="three"))

    assert text.startswith('EscDeployment("web"): 2 problems to fix before anything is created:')


def test_a_config_key_that_has_its_own_value_in_it_is_not_named() -> None:
    text = refusal(secret(key=CANARY), secrets={f"key-{CANARY}": CANARY})

    assert "key contains the value of a secret of the stack's config" in text


def spec(**container: Any) -> dict[str, Any]:
    container = {"name": "web", "image": IMAGE, **container}
    return {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}, "annotations": {}},
            "spec": {"containers": [container]},
        },
    }


def annotated(text: str) -> dict[str, Any]:
    found = spec()
    found["template"]["metadata"]["annotations"] = {"x/y": text}
    return found


ARGS_OBJECT = k8s.core.v1.PodSpecArgs(
    containers=[
        k8s.core.v1.ContainerArgs(
            name="web", image=IMAGE, env=[k8s.core.v1.EnvVarArgs(name="A", value=CANARY)]
        )
    ]
)


@pytest.mark.parametrize("source", [EscEnv, ExternalEnv])
@pytest.mark.parametrize(
    ("workload", "where"),
    [
        (
            spec(env=[{"name": "A"}, {"name": "B", "value": CANARY}]),
            "spec.template.spec.containers[0].env[1].value",
        ),
        (spec(args=[f"--x={CANARY}"]), "spec.template.spec.containers[0].args[0]"),
        (annotated(CANARY), "spec.template.metadata.annotations['x/y']"),
        (ARGS_OBJECT, "spec.containers[0].env[0].value"),
    ],
)
def test_a_literal_in_a_spec_is_refused_when_it_is_injected(
    source: Any, workload: Any, where: str
) -> None:
    def program() -> None:
        made: Any = env()() if source is EscEnv else external()()
        made.inject(workload)

    text = refusal(program, at_most=3)

    assert f'{source.__name__}("web"): {where} contains the value of secret config' in text


def test_the_containers_that_are_chosen_are_no_place_for_a_value_either() -> None:
    def program() -> None:
        made: Any = env()()
        made.inject(spec(), containers=[CANARY])

    assert "containers[0] contains the value" in refusal(program, at_most=3)


# What is looked for --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "true",
        "8080",
        "admin",
        "s3cr3t!",  # seven characters
        "payments",  # one word
        "paymentteam",  # of eleven characters
        "00000000",
        "Production",
        "nlp",  # the project
        "production",  # the stack
    ],
)
def test_what_is_short_or_one_plain_word_or_public_anyway_raises_no_false_alarm(value: str) -> None:
    program = deployment(
        "nlp",
        labels={"a": value.strip("!"), "b": f"{value}.x".replace("!", "")},
        annotations={"c": f"https://{value}/"},
        secrets={"TOKEN": "token"},
    )

    assert passes(program, {"token": value}).registrations


def test_a_name_that_is_the_project_s_is_in_every_urn() -> None:
    stack = {**STACK, "project": "payments-api"}
    recording = Recording(**stack, config=CLOUD, secrets={"user": "payments-api"})
    recording.run(secret(service="payments-api"))

    assert recording.registrations


@pytest.mark.parametrize("value", ["a1b2c3d4", "paymentsteam", "AbAbAbAb", "12345678"])
def test_what_is_long_enough_is_found_as_a_whole_and_in_a_longer_text(value: str) -> None:
    for text in (value, f"https://user:{value}@example.com/x"):
        said = refusal(deployment(annotations={"x": text}), secrets={"token": value})
        assert "annotations['x'] contains the value of secret config 'nlp:token'" in said
        assert value not in said


def test_a_number_that_is_a_value_is_found() -> None:
    said = refusal(deployment(annotations={"x": 12345678}), secrets={"token": "12345678"})

    assert "annotations['x'] contains the value" in said
    assert "12345678" not in said


@pytest.mark.parametrize(
    "stored",
    [
        f"{CANARY}\n",  # as echo leaves it
        json.dumps({"db": {"password": CANARY}}),
        json.dumps({"keys": [{"a": "b"}, CANARY]}),
        json.dumps([CANARY]),
        json.dumps({"inner": json.dumps({"password": CANARY})}),
        f"postgresql://nlp:{CANARY}@db.example.com:5432/nlp",
        json.dumps({"url": f"postgresql://nlp:{CANARY}@db.example.com:5432/nlp"}),
        f"POSTGRESQL://nlp:{CANARY}@db.example.com:5432/nlp",
        f"redis://:{CANARY}@cache",
        f"jdbc:postgresql://db.example.com/nlp?user=nlp&password={CANARY}",
        f"https://example.com/hook?token={CANARY}",
        f"https://example.com/hook?a=b&api_key={CANARY}#end",
        f"https://{CANARY}@sentry.example.com/1",
        f"https://{CANARY}:x-oauth-basic@git.example.com/nlp",
        json.dumps({"role_id": "r", "secret_id": CANARY}),
        json.dumps({"secretId": CANARY}),
        json.dumps({"hook_url": f"https://example.com/hook?token={CANARY}"}),
    ],
)
def test_a_value_is_known_by_its_secret_parts_too(stored: str) -> None:
    text = refusal(secret(key=CANARY), secrets={"token": stored})

    assert "key contains the value of secret config 'nlp:token'" in text


@pytest.mark.parametrize(
    ("stored", "part"),
    [
        ("postgres://nlp:p@ssw0rd-1@db/nlp", "p@ssw0rd-1"),
        ("postgres://nlp:pass/w0rd-1@db/nlp", "pass/w0rd-1"),
        ("postgres://nlp:p@ss/w0rd-1@db/nlp", "p@ss/w0rd-1"),
        ("https://example.com/?token=p%2Fssw0rd+1", "p/ssw0rd 1"),
        (
            json.dumps({"slack_webhook_url": "https://hooks.example.com/services/T0/B0/x1y2"}),
            "https://hooks.example.com/services/T0/B0/x1y2",
        ),
        (
            json.dumps({"key_id": "_".join(["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"])}),
            "_".join(["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"]),
        ),
    ],
)
def test_what_is_secret_in_a_url_or_document_is_known_by_itself(stored: str, part: str) -> None:
    said = refusal(deployment(annotations={"x": f"is {part}."}), secrets={"token": stored})

    assert "annotations['x'] contains the value of secret config 'nlp:token'" in said
    assert part not in said


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("https://example.com:8080/teams/nlp@home", "8080/teams/nlp"),
        ("https://example.com/teams/nlp@home", "example.com/teams/nlp"),
        ("https://nlp-production:pa55-w0rd@example.com/", "nlp-production"),
        ("postgres://nlp-production@db.example.com/nlp", "nlp-production"),
        ("https://example.com/?region=eu-west-1a", "eu-west-1a"),
        (json.dumps({"database-password-1": "x"}), "database-password-1"),
        ("[" * 100_000, "x"),
        ("---------", "----------"),
    ],
)
def test_what_is_public_in_a_url_or_document_raises_no_false_alarm(stored: str, text: str) -> None:
    assert passes(deployment(annotations={"x": text}), {"token": stored}).registrations


def test_what_is_public_in_an_object_needs_a_key_of_its_own() -> None:
    stored = json.dumps({"size": "db.t4g.medium", "password": "x"})

    said = refusal(deployment(annotations={"x": "db.t4g.medium"}), secrets={"database": stored})
    assert "store it in the stack's config as plain text, under a key of its own: Pulumi" in said
    assert "of its own" not in refusal(deployment(annotations={"x": CANARY}))


@pytest.mark.parametrize("kept", [(CANARY,), {CANARY}, frozenset({CANARY})])
def test_a_value_in_any_collection_is_found(kept: Any) -> None:
    assert "annotations['x'][0] contains" in refusal(deployment(annotations={"x": kept}))


def test_config_that_only_the_environment_has_is_looked_for_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"nlp:other": CANARY}))

    def program() -> None:
        pulumi.runtime.set_all_config({}, ["nlp:other"])
        Secret("stripe", key=CANARY)

    assert "secret config 'nlp:other'" in refusal(program)


def test_a_password_is_known_as_it_is_written_in_a_url_and_as_it_is() -> None:
    stored = "amqp://user:p%40ssw0rd-1@queue/"

    for written in ("p%40ssw0rd-1", "p@ssw0rd-1"):
        said = refusal(deployment(annotations={"x": written}), secrets={"token": stored})
        assert "annotations['x'] contains" in said


SERVICE_ACCOUNT = {
    "type": "service_account",
    "project_id": "shop-production",
    "private_key_id": "0123456789abcdef0123456789abcdef01234567",
    "private_key": "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n",
    "client_email": "api@shop-production.iam.gserviceaccount.com",
    "auth_uri": "https://accounts.google.com/o/oauth2/auth",
    "universe_domain": "googleapis.com",
}


def test_what_is_public_in_a_secret_document_may_be_named() -> None:
    program = external(
        cloud="gcp",
        gcp_project="shop-production",
        labels={"account": "api"},
    )
    passes(program, {"google": json.dumps(SERVICE_ACCOUNT)})
    passes(
        deployment(annotations={"a": SERVICE_ACCOUNT["client_email"]}),
        {"google": json.dumps(SERVICE_ACCOUNT), "token": CANARY},
    )


def test_plain_config_may_be_given_as_a_text() -> None:
    recording = Recording(
        **STACK, config={**CLOUD, "team": "language-team"}, secrets={"token": CANARY}
    )
    recording.run(deployment(annotations={"team": "language-team"}))

    assert recording.registrations


def test_odd_input_is_walked_to_its_end() -> None:
    deep: Any = CANARY
    for _ in range(5000):
        deep = [deep]
    round_: dict[str, Any] = {}
    round_["self"] = round_
    odd = {"deep": deep, "round": round_, "none": None, "number": 10**5000, 7: {"x": object()}}

    text = refusal(deployment(annotations=odd))

    assert "contains the value of secret config 'nlp:token'" in text
    assert len(text) < 1000


# Config that the package reads itself ---------------------------------------------------------------

AZURE = {"infra-secrets:cloud": "azure", "infra-secrets:azureVaultId": VAULT}
GCP = {"infra-secrets:cloud": "gcp"}


@pytest.mark.parametrize(
    ("program", "key", "config"),
    [
        (secret(), "infra-secrets:service", CLOUD),
        (secret(), "infra-secrets:environment", CLOUD),
        (secret(), "infra-secrets:retention", CLOUD),
        (secret(), "infra-secrets:cloud", {}),
        (secret(), "infra-secrets:azureSecretClass", AZURE),
        (secret(writers=["a"]), "infra-secrets:azureWriterRoleId", AZURE),
        (external(), "infra-secrets:cloud", {}),
        (external(), "aws:region", {"infra-secrets:cloud": "aws"}),
        (external(), "gcp:project", GCP),
    ],
)
def test_config_that_everybody_sees_must_not_be_secret(
    program: Callable[[], object], key: str, config: dict[str, str]
) -> None:
    recording = Recording(**STACK, config=config, secrets={key: CANARY})
    with pytest.raises(ArgsError) as refused:
        recording.run(program)

    text = str(refused.value)
    assert recording.registrations == []
    assert f"config {key} is a secret, and would be shown in plain text" in text
    assert f"pulumi config set --plaintext {key}" in text
    assert CANARY not in text
    assert "no cloud is chosen" not in text
    assert "is missing" not in text


def test_the_id_of_a_vault_may_be_secret_config() -> None:
    recording = Recording(
        **STACK,
        config={"infra-secrets:cloud": "azure"},
        secrets={"infra-secrets:azureVaultId": VAULT},
    )
    recording.run(secret())

    assert recording.registrations


# On the real engine --------------------------------------------------------------------------------


def token() -> str:
    return pulumi.Config().require("token")


def secret_token() -> "pulumi.Output[str]":
    return pulumi.Config().require_secret("token")


def annotated_deployment() -> object:
    return deployment(annotations={"x": token()})()


def injected(make: Callable[[], Any]) -> Callable[[], object]:
    def program() -> None:
        made = EscEnv("web", secrets={"TOKEN": "token"})
        workload = spec(env=[{"name": "A", "value": make()}])
        k8s.apps.v1.Deployment("web", spec=made.inject(workload))

    return program


def transformed(make: Callable[[], Any]) -> Callable[[], object]:
    def program() -> None:
        made = EscEnv("web", secrets={"TOKEN": "token"})
        k8s.apps.v1.Deployment(
            "web",
            spec=spec(env=[{"name": "A", "value": make()}]),
            opts=pulumi.ResourceOptions(transforms=[made.transform]),
        )

    return program


def annotated_itself(make: Callable[[], Any]) -> Callable[[], object]:
    def program() -> None:
        made = EscEnv("web", secrets={"TOKEN": "token"})
        k8s.apps.v1.Deployment(
            "web",
            metadata={"annotations": {"x": make()}},
            spec=spec(),
            opts=pulumi.ResourceOptions(transforms=[made.transform]),
        )

    return program


@pytest.mark.engine
@pytest.mark.parametrize(
    ("program", "where"),
    [
        (lambda: Secret("stripe", key=token()), "key"),
        (annotated_deployment, "annotations['x']"),
        (injected(token), "spec.template.spec.containers[0].env[0].value"),
        (transformed(token), "spec.template.spec.containers[0].env[0].value"),
        (annotated_itself(token), "metadata.annotations['x']"),
    ],
)
def test_a_value_that_the_program_read_as_a_text_leaks_nowhere(
    program: Callable[[], object], where: str
) -> None:
    with Rehearsal(program, **STACK, config=CLOUD, secrets={"token": CANARY}) as rehearsal:
        for run in (rehearsal.preview(check=False), rehearsal.up(check=False)):
            assert f"{where} contains the value of secret config 'nlp:token'" in run.error
        rehearsal.assert_no_leak()


def later(text: str) -> "pulumi.Output[str]":
    """A text in an output that is not secret."""
    return pulumi.Output.concat("x ", text)


def injected_output() -> None:
    made = EscEnv("web", secrets={"TOKEN": "token"})
    workload = spec(env=[{"name": "A", "value": token()}])
    k8s.apps.v1.Deployment("web", spec=made.inject(pulumi.Output.from_input(workload)))


def made_of(make: Any, **arguments: Callable[[], Any]) -> Callable[[], object]:
    def program() -> None:
        make(**{name: given() for name, given in arguments.items()})()

    return program


def later_token() -> "pulumi.Output[str]":
    return later(token())


def injected_args() -> None:
    made = EscEnv("web", secrets={"TOKEN": "token"})
    container = k8s.core.v1.ContainerArgs(name="web", image=IMAGE, args=["x", later_token()])
    workload = {**spec()}
    workload["template"]["spec"] = k8s.core.v1.PodSpecArgs(containers=[container])
    k8s.apps.v1.Deployment("web", spec=made.inject(workload))


@pytest.mark.engine
@pytest.mark.parametrize(
    ("program", "where"),
    [
        (made_of(secret, owner=lambda: later(token())), "owner"),
        (made_of(secret, tags=lambda: {"a": later(token())}), "tags['a']"),
        (made_of(deployment, annotations=lambda: {"a": later(token())}), "annotations['a']"),
        (made_of(deployment, command=lambda: ["x", later(token())]), "command[1]"),
        (
            made_of(
                deployment,
                liveness_probe=lambda: {"httpGet": {"path": later(token()), "port": 80}},
            ),
            "liveness_probe.httpGet.path",
        ),
        (made_of(external, secrets=lambda: {"TOKEN": later(token())}), "secrets['TOKEN']"),
        (injected(later_token), "spec['template']['spec']['containers'][0]['env'][0]['value']"),
        (injected_args, "spec['template']['spec'].containers[0].args[1]"),
        (injected_output, "spec.template.spec.containers[0].env[0].value"),
    ],
)
def test_a_value_in_an_output_that_is_not_secret_leaks_nowhere(
    program: Callable[[], object], where: str
) -> None:
    with Rehearsal(program, **STACK, config=CLOUD, secrets={"token": CANARY}) as rehearsal:
        for run in (rehearsal.preview(check=False), rehearsal.up(check=False)):
            assert f"{where} contains the value of secret config 'nlp:token'" in run.error
            assert "Leave it out: " in run.error
            assert "Traceback" not in run.output
        rehearsal.assert_no_leak()


@pytest.mark.engine
def test_a_spec_that_is_a_secret_output_passes_and_stays_encrypted() -> None:
    def program() -> None:
        made = EscEnv("web", secrets={"TOKEN": "token"})
        workload = spec(env=[{"name": "A", "value": token()}])
        k8s.apps.v1.Deployment("web", spec=made.inject(pulumi.Output.secret(workload)))

    with Rehearsal(program, **STACK, config=CLOUD, secrets={"token": CANARY}) as rehearsal:
        rehearsal.up()
        rehearsal.assert_no_leak()


@pytest.mark.engine
@pytest.mark.parametrize("program", [injected(secret_token), transformed(secret_token)])
def test_a_secret_output_in_a_spec_passes_and_stays_encrypted(
    program: Callable[[], object],
) -> None:
    with Rehearsal(program, **STACK, config=CLOUD, secrets={"token": CANARY}) as rehearsal:
        rehearsal.up()
        rehearsal.assert_no_leak()


@pytest.mark.engine
@pytest.mark.parametrize(
    "argument",
    [
        {"labels": lambda: {"x": secret_token()}},
        {"annotations": lambda: {"x": secret_token()}},
        {"liveness_probe": lambda: {"httpGet": {"path": secret_token(), "port": 80}}},
        {"startup_probe": lambda: {"exec": {"command": ["x", secret_token()]}}},
    ],
)
def test_a_secret_output_in_a_place_that_everybody_sees_is_refused(
    argument: dict[str, Callable[[], Any]],
) -> None:
    def program() -> None:
        deployment(**{name: make() for name, make in argument.items()})()

    with Rehearsal(program, **STACK, secrets={"token": CANARY}) as rehearsal:
        for run in (rehearsal.preview(check=False), rehearsal.up(check=False)):
            assert "was given a secret" in run.error
            assert "Traceback" not in run.output
        rehearsal.assert_no_leak()
