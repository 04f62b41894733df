"""`ExternalEnv` on the real engine, beside the `Secret` containers that it reads, on each cloud.

The operator of the cluster runs only when a test says `sync`. A person sets values in the cloud, and no value ever
passes through Pulumi.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from infra_secrets import ExternalEnv, Secret, clouds, secrets_for
from infra_secrets.runtime import SecretSettings
from infra_secrets.testing import Canary, Rehearsal, SimulatedCloud
from infra_secrets.testing.values import SIGNATURE
from tests.conftest import config_for

pytestmark = pytest.mark.engine

STACK: dict[str, Any] = {"project": "shop", "stack": "production"}
STRIPE = "canary-stripe-one \"<&>'%/é"
DOCUMENT = {"user": "app", "password": "canary-password-one"}
KEY = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5LWtleS1vbmU=\n-----END PRIVATE KEY-----\n"
SEEN = {"STRIPE_API_KEY": STRIPE, "DB_USER": "app", "DB_PASSWORD": "canary-password-one"}
FILES = {"/etc/ssh/identity": KEY.encode()}


def own_spec() -> dict[str, Any]:
    labels = {"app": "web"}
    containers = [{"name": "app", "image": "ghcr.io/acme/nlp:1"}]
    return {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
    }


def program(
    stripe: Mapping[str, Any] | None = None,
    more: Callable[[], dict[str, Any]] = dict,
    **changed: Any,
) -> Callable[[], None]:
    """A program with three containers, an environment of them and a Deployment.

    Args:
        stripe: Arguments of the container of a key.
        more: Makes further variables.
        changed: Takes the place of what the environment is made of.
    """

    def run() -> None:
        key = Secret("StripeApiKey", retention="discard", **(stripe or {}))
        database = Secret("Database", retention="discard")
        identity = Secret("SshIdentity", retention="discard")
        wanted: Any = {
            "secrets": {
                "STRIPE_API_KEY": key.secret_name,
                "DB_USER": pulumi.Output.concat(database.secret_name, "#user"),
                "DB_PASSWORD": pulumi.Output.concat(database.secret_name, "#password"),
                **more(),
            },
            "files": {"/etc/ssh/identity": identity.secret_name},
            **({} if "store" in changed else {"service_account": "nlp"}),
            **changed,
        }
        env = ExternalEnv("nlp", wanted)
        k8s.apps.v1.Deployment("web", spec=env.inject(own_spec()))
        for output in ("secret_name", "store_name", "variables", "volumes", "volume_mounts"):
            pulumi.export(output, getattr(env, output))

    return run


@pytest.fixture(scope="module", params=clouds.available())
def started(request: pytest.FixtureRequest) -> Iterator[tuple[str, Rehearsal]]:
    """A stack after its first `up`, on each cloud; nobody has set a value."""
    with Rehearsal(program(), config=config_for(request.param), **STACK) as rehearsal:
        rehearsal.up()
        yield request.param, rehearsal


@pytest.fixture
def empty(started: tuple[str, Rehearsal]) -> Iterator[Rehearsal]:
    """A copy of it. At its end there is no trace of any value, not even an encrypted one."""
    with started[1].fork() as fork:
        yield fork
        assert [str(sighting) for sighting in fork.sightings()] == []
        ours = [
            each for each in fork.resources if each["type"].startswith(("kube", "infra-secrets"))
        ]
        assert SIGNATURE not in json.dumps(ours)


@pytest.fixture
def filled(empty: Rehearsal) -> Iterator[Rehearsal]:
    """The same with every value set and synced; from here on no pod may be left without its Secret."""
    set_values(empty)
    sync(empty)
    before = len(empty.kubernetes.dangling)
    yield empty
    assert empty.kubernetes.dangling[before:] == []


def cloud_of(rehearsal: Rehearsal) -> SimulatedCloud:
    return next(
        each
        for package, each in rehearsal.clouds.items()
        if package != "kubernetes" and each.names()
    )


def named(rehearsal: Rehearsal, part: str) -> str:
    """The name, in its cloud, of the container that has this in it."""
    [name] = [each for each in cloud_of(rehearsal).names() if part in each]
    return name


def set_values(rehearsal: Rehearsal, **changed: str) -> None:
    values = {"stripe": STRIPE, "database": json.dumps(DOCUMENT), "identity": KEY, **changed}
    for part, value in values.items():
        cloud_of(rehearsal).set_value(named(rehearsal, part), value)


def sync(rehearsal: Rehearsal) -> str:
    rehearsal.kubernetes.sync(rehearsal.clouds)
    return rehearsal.kubernetes.synced("nlp")


def history(rehearsal: Rehearsal, since: int) -> list[str]:
    return [" ".join(each.split()[:2]) for each in rehearsal.kubernetes.history[since:]]


def rollouts(rehearsal: Rehearsal) -> int:
    return len(rehearsal.kubernetes.rollouts("web"))


def test_without_a_value_there_is_no_secret_the_pods_wait_and_nothing_is_lost(
    empty: Rehearsal,
) -> None:
    assert sync(empty) == "SecretSyncedError"
    assert empty.kubernetes.names("Secret") == []
    assert empty.kubernetes.pods_would_wait("web") != []
    assert empty.up().changes == []


def test_one_value_of_three_makes_no_half_secret(empty: Rehearsal) -> None:
    cloud_of(empty).set_value(named(empty, "stripe"), STRIPE)

    assert sync(empty) == "SecretSyncedError"
    assert empty.kubernetes.names("Secret") == []


def test_when_the_values_are_set_the_pods_get_them_without_another_up(empty: Rehearsal) -> None:
    set_values(empty)

    assert sync(empty) == "SecretSynced"
    assert empty.kubernetes.environment("web") == SEEN
    assert empty.kubernetes.files("web") == FILES
    assert empty.kubernetes.pods_would_wait() == []
    assert rollouts(empty) == 1
    assert empty.kubernetes.names("Secret") == [empty.outputs["secret_name"]]


def test_a_new_value_reaches_the_secret_and_pulumi_has_nothing_to_do(filled: Rehearsal) -> None:
    set_values(filled, stripe="canary-stripe-two")
    sync(filled)

    assert filled.kubernetes.environment("web")["STRIPE_API_KEY"] == "canary-stripe-two"
    assert filled.up().changes == []
    assert [step for step in filled.refresh().changes if step.type.startswith("kubernetes")] == []
    assert rollouts(filled) == 1


def test_a_value_that_goes_missing_leaves_the_secret_as_it_is(filled: Rehearsal) -> None:
    cloud_of(filled).delete(named(filled, "stripe"))

    assert sync(filled) == "SecretSyncedError"
    assert filled.kubernetes.environment("web") == SEEN
    assert filled.kubernetes.pods_would_wait() == []


def test_another_container_without_a_value_leaves_the_secret_until_it_has_one(
    filled: Rehearsal,
) -> None:
    filled.program = program(stripe={"key": "payment-key"})
    filled.up()

    assert sync(filled) == "SecretSyncedError"
    assert filled.kubernetes.environment("web") == SEEN
    assert rollouts(filled) == 1

    cloud_of(filled).set_value(named(filled, "payment"), "canary-payment-one")
    assert sync(filled) == "SecretSynced"
    assert filled.kubernetes.environment("web")["STRIPE_API_KEY"] == "canary-payment-one"
    assert rollouts(filled) == 1


def test_a_document_that_is_none_any_more_leaves_the_secret(filled: Rehearsal) -> None:
    cloud_of(filled).set_value(named(filled, "database"), "canary, and no document")

    assert sync(filled) == "SecretSyncedError"
    assert filled.kubernetes.environment("web") == SEEN


def test_a_new_variable_without_a_value_does_not_take_the_secret_away(empty: Rehearsal) -> None:
    set_values(empty)
    sync(empty)
    [name] = empty.kubernetes.names("Secret")
    empty.program = program(
        more=lambda: {"SENTRY_DSN": Secret("SentryDsn", retention="discard").secret_name}
    )
    since = len(empty.kubernetes.history)
    empty.up()

    assert history(empty, since) == ["update ExternalSecret", "update Deployment"]
    assert sync(empty) == "SecretSyncedError"
    assert empty.kubernetes.names("Secret") == [name]
    assert empty.kubernetes.value(f"{name}/STRIPE_API_KEY") == STRIPE
    # The new pods wait for what they were told to have; those that run go on.
    [waiting] = empty.kubernetes.pods_would_wait()
    assert "couldn't find key SENTRY_DSN" in waiting

    cloud_of(empty).set_value(named(empty, "sentry"), "canary-sentry-one")
    assert sync(empty) == "SecretSynced"
    assert empty.kubernetes.environment("web") == {**SEEN, "SENTRY_DSN": "canary-sentry-one"}
    assert rollouts(empty) == 2


def test_destroy_takes_the_workload_before_what_it_reads(filled: Rehearsal) -> None:
    since = len(filled.kubernetes.history)
    filled.destroy()
    done = history(filled, since)

    assert done[0] == "delete Deployment"
    assert sorted(done[1:]) == ["delete ExternalSecret", "delete Secret", "delete SecretStore"]
    assert filled.kubernetes.names("Secret") == []


def test_a_refused_update_of_the_external_secret_leaves_everything_and_up_goes_on(
    filled: Rehearsal,
) -> None:
    filled.program = program(refresh_interval="15m")
    filled.kubernetes.fail_next("update", "nlp", "etcdserver: request timed out")
    run = filled.up(check=False)

    assert "etcdserver: request timed out" in run.error
    assert filled.kubernetes.environment("web") == SEEN
    assert [step.op for step in filled.up().changes] == ["update"]
    external = filled.kubernetes.get("ExternalSecret", "nlp")
    assert external["spec"]["refreshInterval"] == "15m"
    assert external["spec"]["target"]["deletionPolicy"] == "Retain"
    assert rollouts(filled) == 1


def test_a_store_that_exists_is_used_and_none_is_made(cloud: str) -> None:
    existing = program(store="shared", store_kind="ClusterSecretStore")
    with Rehearsal(existing, config=config_for(cloud), **STACK) as rehearsal:
        rehearsal.kubernetes.add_store("shared", cloud)
        rehearsal.up()
        set_values(rehearsal)

        assert sync(rehearsal) == "SecretSynced"
        assert rehearsal.kubernetes.environment("web") == SEEN
        assert rehearsal.kubernetes.names("SecretStore") == []
        assert rehearsal.outputs["store_name"] == "shared"
        rehearsal.destroy()
        assert rehearsal.kubernetes.names("Secret") == []
        assert rehearsal.sightings() == []


def test_a_store_that_is_made_reads_by_workload_identity_and_holds_no_key(
    empty: Rehearsal,
) -> None:
    provider = empty.kubernetes.get("SecretStore", "nlp")["spec"]["provider"]

    assert '"serviceAccountRef": {"name": "nlp"}' in json.dumps(provider)
    assert "secretRef" not in json.dumps(provider)


def test_a_preview_hides_nothing_because_there_is_nothing_to_hide() -> None:
    with Rehearsal(program(), config=config_for("aws"), **STACK) as rehearsal:
        shown = rehearsal.preview(diff=True).output

        assert "[secret]" not in shown
        for name in ("STRIPE_API_KEY", "DB_PASSWORD", "/etc/ssh/identity", "refreshInterval"):
            assert name in shown


def test_with_reloader_the_pods_are_marked_and_a_new_value_is_reloader_s_affair() -> None:
    with Rehearsal(program(reloader=True), config=config_for("aws"), **STACK) as rehearsal:
        rehearsal.up()
        set_values(rehearsal)
        sync(rehearsal)
        template = rehearsal.kubernetes.get("Deployment", "web")["spec"]["template"]
        assert template["metadata"]["annotations"] == {"reloader.stakater.com/auto": "true"}
        set_values(rehearsal, stripe="canary-stripe-two")
        sync(rehearsal)

        assert rehearsal.kubernetes.environment("web")["STRIPE_API_KEY"] == "canary-stripe-two"
        assert rehearsal.up().changes == []
        assert rollouts(rehearsal) == 1


@pytest.mark.parametrize("secret", [False, True], ids=["plain", "secret"])
def test_a_value_in_the_place_of_a_name_is_refused_and_not_repeated(secret: bool) -> None:
    value = "_".join(["sk", "live", "canary4eC39HqLyjWDarjtT1zdp7dc"])  # no push protection sees it

    def run() -> None:
        given = pulumi.Output.secret(value) if secret else value
        ExternalEnv("nlp", secrets={"A": given}, service_account="nlp")

    with Rehearsal(run, config=config_for("aws"), **STACK) as rehearsal:
        done = rehearsal.up(check=False)

        assert not done.succeeded
        said = "secrets['A'] was given a secret" if secret else "is not the name of a container"
        assert said in " ".join(done.error.split())
        assert rehearsal.kubernetes.names("ExternalSecret") == []
        rehearsal.assert_no_leak([Canary(value)])


@pytest.mark.parametrize("cloud", clouds.available())
@pytest.mark.parametrize("document", [False, True])
def test_pods_start_without_a_field_that_has_a_default_and_get_it_once_it_is_set(
    cloud: str, document: bool
) -> None:
    class Payments(SecretSettings, service="payments", document=document):
        stripe_api_key: str
        ner_labels: str = ""

    def run() -> None:
        secrets_for(Payments)
        env = ExternalEnv("nlp", settings=Payments, service_account="nlp")
        k8s.apps.v1.Deployment("web", spec=env.inject(own_spec()))

    def put(**values: str) -> None:
        if document:
            [name] = cloud_of(rehearsal).names()
            held = {each.upper(): value for each, value in values.items()}
            cloud_of(rehearsal).set_value(name, json.dumps(held))
        for each, value in () if document else values.items():
            cloud_of(rehearsal).set_value(named(rehearsal, each.partition("_")[0]), value)
        rehearsal.kubernetes.sync(rehearsal.clouds)

    with Rehearsal(run, config=config_for(cloud), **STACK) as rehearsal:
        rehearsal.up()
        assert rehearsal.kubernetes.pods_would_wait("web") != []

        put(stripe_api_key=STRIPE)
        assert rehearsal.kubernetes.pods_would_wait("web") == []
        assert rehearsal.kubernetes.environment("web") == {"STRIPE_API_KEY": STRIPE}

        put(stripe_api_key=STRIPE, ner_labels="ORG")
        assert rehearsal.kubernetes.environment("web") == {
            "STRIPE_API_KEY": STRIPE,
            "NER_LABELS": "ORG",
        }
        assert rehearsal.up().changes == []
