"""What a user's tests import, as mypy and pyright see it; nothing runs this file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, assert_type

import pulumi
import pytest

from infra_secrets import InfraSecretsError, Secret
from infra_secrets.testing import (
    UNKNOWN,
    Canary,
    CloudError,
    Dangling,
    Diagnostic,
    EngineError,
    EngineMissingError,
    EscError,
    LeakError,
    NoSuchRegistrationError,
    NoSuchSecretError,
    Recording,
    Registration,
    Rehearsal,
    Request,
    Rollout,
    Rule,
    Run,
    SecretValue,
    Sighting,
    SimulatedAws,
    SimulatedAzure,
    SimulatedCloud,
    SimulatedGcp,
    SimulatedKubernetes,
    Step,
    ordinary_config,
    simulated_clouds,
)

STATES = Literal["empty", "set", "disabled", "scheduled for deletion", "soft-deleted", "missing"]


def program() -> None:
    stripe = Secret("StripeApiKey", owner="payments@example.com")
    pulumi.export("set_stripe_api_key", stripe.set_command)


# The fixtures, as their tests name them.


def test_recorded(recording: Recording) -> None:
    recording.configure(
        project="payments",
        stack="dev",
        config=ordinary_config("aws"),
        secrets={"api_token": "made-up"},
        esc={"payments/dev": {"values": {"pulumiConfig": {"a": "b"}}}, "shared/dev": "values: {}"},
        opened={"aws-secrets": {"payments/dev/a": "made-up"}},
        stack_outputs={"acme/network/dev": {"vpc": "vpc-1", "token": SecretValue("made-up")}},
        preview=True,
    )
    recording.run(program)
    assert_type(recording.registrations, list[Registration])
    assert_type(recording.of_type("aws:secretsmanager/secret:Secret"), list[Registration])
    assert_type(recording.named("StripeApiKey", token="infra-secrets:index:Secret"), Registration)
    assert_type(recording.exports, Mapping[str, Any])
    assert_type(recording.warnings, list[str])
    assert_type(recording.infos, list[str])
    assert_type(recording.errors, list[str])
    assert_type(recording.echoed, set[str])
    assert_type(recording.outputs["StripeApiKey"]["name"], Any)
    assert_type(recording.provider_config("aws"), dict[str, Any])


def test_rehearsed(rehearsal: Callable[..., Rehearsal], canary: Canary) -> None:
    one = rehearsal(program, config=ordinary_config("aws"))
    assert_type(one, Rehearsal)
    one.aws.set_value("project/stack/stripe-api-key", canary.value)


def test_the_fixtures_are_those_of_pytest(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("recording")


# Recording.

Recording("payments", "dev", {"aws:region": "eu-west-1"}, {"token": "made-up"}, preview=True)
Recording(config=["aws:region"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Recording(secrets={"token": 5})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
Recording(cloud="aws")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Recording().run("program")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Recording().configure(preview="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
[made] = Recording().registrations
assert_type(made.type, str)
assert_type(made.name, str)
assert_type(made.urn, str)
assert_type(made.parent, str)
assert_type(made.custom, bool)
assert_type(made.remote, bool)
assert_type(made.inputs, Mapping[str, Any])
assert_type(made.protect, bool | None)
assert_type(made.retain_on_delete, bool | None)
assert_type(made.delete_before_replace, bool | None)
assert_type(made.ignore_changes, tuple[str, ...])
assert_type(made.replace_on_changes, tuple[str, ...])
assert_type(made.additional_secret_outputs, tuple[str, ...])
assert_type(made.depends_on, tuple[str, ...])
assert_type(made.aliases, tuple[str | Mapping[str, Any], ...])
assert_type(made.provider, str)
assert_type(made.providers, Mapping[str, str])
assert_type(made.import_id, str)
assert_type(made.version, str)
assert_type(made.hooks, Mapping[str, tuple[str, ...]])
made.name = "a"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
assert_type(SecretValue("made-up").value, Any)
assert_type(made.inputs["name"] is UNKNOWN, bool)

# Rehearsal.

Rehearsal(program, config=["aws:region"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Rehearsal("program")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Rehearsal(directory="infra")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Rehearsal(directory=Path("infra"), stack="dev")
Rehearsal(
    program,
    secrets={"token": "made-up"},
    esc={"shared/dev": "values: {}"},
    stack_outputs={"acme/network/dev": {"token": SecretValue("made-up")}},
    clouds=[SimulatedAws(without=["a-rule"])],
    packages=["cloudflare"],
    environment={"A": "b"},
    extra_args=["--parallel", "1"],
    skip_checkpoints=True,
    on_output=print,
    on_event=lambda event: event["sequence"],
)
Rehearsal(program, on_output=program)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Rehearsal(program, extra_args=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def killed(request: Request) -> bool:
    assert_type(request.package, str)
    assert_type(request.operation, str)
    assert_type(request.type, str)
    assert_type(request.name, str)
    assert_type(request.urn, str)
    assert_type(request.id, str)
    assert_type(request.properties, Mapping[str, Any])
    assert_type(request.old_inputs, Mapping[str, Any])
    assert_type(request.old_outputs, Mapping[str, Any])
    return request.preview


def lives() -> Iterator[Run]:
    with Rehearsal(program, project="shop", stack="dev", config={"aws:region": "eu-west-1"}) as one:
        yield one.preview(diff=True, check=False)
        yield one.up(check=False, kill_when=killed, killed_request_takes_effect=False)
        yield one.refresh(check=False)
        yield one.destroy(check=False, kill_when=killed, killed_request_takes_effect=True)
        yield one.cancel(check=False)
        one.up(kill_when=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        one.up(False)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        one.program = program
        one.configure({"a": "b"}, {"token": "made-up"}, esc={}, stack_outputs={})
        assert_type(one.fork(), Rehearsal)
        assert_type(one.aws, SimulatedAws)
        assert_type(one.gcp, SimulatedGcp)
        assert_type(one.azure, SimulatedAzure)
        assert_type(one.kubernetes, SimulatedKubernetes)
        assert_type(one.requests, list[Request])
        assert_type(one.echoed, list[str])
        assert_type(one.clouds, dict[str, SimulatedCloud])
        assert_type(one.runs, list[Run])
        assert_type(one.replaced, list[str])
        assert_type(one.notes, list[str])
        assert_type(one.outputs, dict[str, Any])
        assert_type(one.resources, list[dict[str, Any]])
        assert_type(one.state(), dict[str, Any])
        assert_type(one.canaries, list[Canary])
        assert_type(one.sightings(), list[Sighting])
        one.assert_no_leak([Canary.plant("json"), Canary.plant("url", name="the token")])
        one.assert_no_leak("made-up")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        one.edit_state(lambda state: state.clear())
        one.lose_state()
        one.close()


[run] = lives()
assert_type(run.command, str)
assert_type(run.exit_code, int)
assert_type(run.output, str)
assert_type(run.succeeded, bool)
assert_type(run.error, str)
assert_type(run.seconds, float)
assert_type(run.warnings, list[str])
assert_type(run.changes, list[Step])
assert_type(run.steps, tuple[Step, ...])
assert_type(run.diagnostics, tuple[Diagnostic, ...])
assert_type(run.events, tuple[dict[str, Any], ...])
[step] = run.steps
assert_type((step.op, step.type, step.name, step.urn, step.failed), tuple[str, str, str, str, bool])
[said] = run.diagnostics
assert_type((said.severity, said.message, said.urn), tuple[str, str, str])

# What simulates a cloud, and what an operator does there.

assert_type([each.package for each in simulated_clouds()], list[str])
assert_type([each.rules for each in simulated_clouds()], list[tuple[Rule, ...]])
managers: list[SimulatedCloud] = [SimulatedAws(), SimulatedAzure(), SimulatedGcp()]
for cloud in managers:
    cloud.set_value("payments/dev/a", "made-up", scope="eu-west-1")
    cloud.set_value("payments/dev/a", b"made-up")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(cloud.value("payments/dev/a"), str | None)
    assert_type(cloud.reader_sees("payments/dev/a"), str)
    assert_type(cloud.versions("payments/dev/a"), list[str])
    assert_type(cloud.describe("payments/dev/a"), dict[str, Any])
    assert_type(cloud.names(), list[str])
    assert_type(cloud.state("payments/dev/a"), STATES)
    cloud.delete("payments/dev/a")
    cloud.restore("payments/dev/a", scope=None)
    cloud.fail_next("create", name="a", message="Throttled", times=2)
    cloud.fail_next("create", times="2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    cloud.before_request = print
    assert_type(cloud.rules, tuple[Rule, ...])
    assert_type(cloud.package, str)
    assert_type(cloud.container_types, frozenset[str])
    assert_type(cloud.ordinary_config, Mapping[str, str])
    print(len(cloud.esc_providers))
    assert_type(cloud.principals, Sequence[str])
    assert_type(cloud.planted, list[str])
    [rule, *_] = cloud.rules
    assert_type((rule.id, rule.text, rule.source), tuple[str, str, str])
    assert_type(cloud.keeps(rule), bool)
SimulatedAws(without=["a-rule"])
SimulatedCloud()  # type: ignore[abstract]  # pyright: ignore[reportAbstractUsage]
SimulatedGcp().disable("payments/dev/a")
assert_type(SimulatedAzure().vault_uri("shop"), str)
assert_type(SimulatedAzure().data_plane_denied, bool)
ordinary_config(cloud=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class Mine(SimulatedAws):
    """A rule of one's own."""

    rules: ClassVar[tuple[Rule, ...]] = (
        *SimulatedAws.rules,
        Rule("mine", "What it says.", "https://example.com"),
    )


cluster = SimulatedKubernetes()
cluster.create_namespace("shop")
cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
cluster.delete("ConfigMap", "a", namespace="shop")
cluster.add_store("shop", "gcp", kind="SecretStore", namespace="shop", scope="shop-123")
cluster.sync({"aws": SimulatedAws()})
assert_type(cluster.synced("a", namespace="shop"), str)
assert_type(cluster.get("ConfigMap", "a"), dict[str, Any])
assert_type(cluster.names("ConfigMap"), list[str])
assert_type(cluster.environment("web", container="web"), dict[str, str])
assert_type(cluster.files("web"), dict[str, bytes])
assert_type(cluster.history, list[str])
assert_type(cluster.pods_would_wait("web"), list[str])
assert_type(cluster.dangling, list[Dangling])
assert_type(cluster.rollouts("web"), list[Rollout])
[rollout] = cluster.rollouts()
assert_type(
    (rollout.kind, rollout.namespace, rollout.name, rollout.number), tuple[str, str, str, int]
)
assert_type(rollout.changed, tuple[str, ...])
[loose] = cluster.dangling
assert_type(
    (loose.workload, loose.reason, loose.after, loose.reference.name), tuple[str, str, str, str]
)

# What is looked for, and the errors of the kit.

canary = Canary.plant()
assert_type(canary.value, str)
assert_type(canary.name, str)
assert_type(canary.needles, dict[str, str])
assert_type(canary.sightings({"a log": "made-up"}), list[Sighting])
Canary.plant("yaml")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
canary.value = "made-up"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
[seen] = canary.sightings(["made-up"])
assert_type(
    (seen.where, seen.how, seen.canary, seen.container, seen.leaked),
    tuple[str, str, str, bool, bool],
)
try:
    cluster.get("Secret", "a")
except LeakError as error:
    assert_type(error.sightings, tuple[Sighting, ...])
except EngineError as error:
    assert_type(error.run, Run)
except CloudError as error:
    assert_type((error.code, error.status), tuple[str, int])
refusals: list[type[InfraSecretsError]] = [
    CloudError,
    EngineError,
    EngineMissingError,
    EscError,
    LeakError,
    NoSuchRegistrationError,
    NoSuchSecretError,
]
