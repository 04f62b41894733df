"""`EscEnv` and `EscDeployment` on the real engine: what rolls, what pods see, and what nobody sees.

Each promise about a change is held by both forms: an `EscEnv` put into somebody's own Deployment (`injected`), and
an `EscDeployment` (`whole`). In both everything is called `web`.
"""

import json
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_kubernetes as k8s
import pytest

from infra_secrets import EscDeployment, EscEnv
from infra_secrets.testing import Canary, Rehearsal, Request, Run
from infra_secrets.testing.simulation import CloudError
from infra_secrets.testing.values import SIGNATURE
from tests.conftest import ROOT

pytestmark = pytest.mark.engine

IMAGE = "ghcr.io/acme/nlp:1.4.2"
STACK: dict[str, Any] = {"project": "shop", "stack": "production"}

URL = "postgresql://nlp:canary-url-one@db.example.com:5432/nlp"
TOKEN = "canary-token-one"
KEY = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5LWtleS1vbmU=\n-----END PRIVATE KEY-----\n"
SECRETS: Mapping[str, str] = {
    "postgres_url": URL,
    "shared:api_token": TOKEN,
    "ssh_private_key": KEY,
}
CONFIG: Mapping[str, Any] = {"nerLabels": '["person", "place"]'}
WANTED: Any = {
    "secrets": {"DATABASE_URL": "postgres_url", "API_TOKEN": "shared:api_token"},
    "config": {"NER_LABELS": "nerLabels"},
    "files": {"/etc/flux/identity": "ssh_private_key"},
    "formats": {"DATABASE_URL": "postgresql", "NER_LABELS": "json", "/etc/flux/identity": "pem"},
    "optional": ["API_TOKEN"],
}
CANARIES = [Canary("canary-url-one"), Canary("canary-url-two"), Canary(TOKEN), Canary(KEY)]

Form = Callable[..., None]
"""A program; what it is called with takes the place of what `WANTED` says."""


def own_spec(name: str = "app") -> dict[str, Any]:
    labels = {"app": name}
    return {
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": name, "image": IMAGE}]},
        },
    }


def env_of(name: str, opts: pulumi.ResourceOptions | None = None, **changed: Any) -> EscEnv:
    arguments: Any = {**WANTED, **changed}
    return EscEnv(name, arguments, opts)


def injected(
    opts: pulumi.ResourceOptions | None = None,
    metadata: Mapping[str, Any] | None = None,
    **changed: Any,
) -> None:
    env = env_of("web", opts, **changed)
    k8s.apps.v1.Deployment("web", metadata=metadata, spec=env.inject(own_spec()), opts=opts)
    for output in ("secret_name", "config_map_name", "variables", "env_from", "volumes"):
        pulumi.export(output, getattr(env, output))
    pulumi.export("mounts", env.volume_mounts)


def whole(opts: pulumi.ResourceOptions | None = None, **changed: Any) -> None:
    wanted: Any = {"image": IMAGE, **WANTED, **changed}
    web = EscDeployment("web", wanted, opts)
    for output in ("deployment_name", "secret_name", "config_map_name"):
        pulumi.export(output, getattr(web, output))


def watch(rehearsal: Rehearsal) -> list[str]:
    """Note, before each request from now on, what would keep a new pod from starting."""
    seen: list[str] = []

    def look(_request: Request) -> None:
        with rehearsal.kubernetes.lock:
            seen.extend(rehearsal.kubernetes.pods_would_wait())

    rehearsal.kubernetes.before_request = look
    return seen


# For what does not depend on the form.
only_injected = pytest.mark.parametrize("started", [injected], ids=["injected"], indirect=True)
only_whole = pytest.mark.parametrize("started", [whole], ids=["whole"], indirect=True)


@pytest.fixture(scope="module", params=[injected, whole], ids=["injected", "whole"])
def started(request: pytest.FixtureRequest) -> Iterator[Rehearsal]:
    """A stack after its first `up`, for each form."""
    with Rehearsal(request.param, config=CONFIG, secrets=SECRETS, **STACK) as rehearsal:
        rehearsal.up()
        yield rehearsal


@pytest.fixture
def web(started: Rehearsal) -> Iterator[Rehearsal]:
    """A copy of it. Whatever a test does, no request finds a pod that would wait, and nothing leaks."""
    with started.fork() as fork:
        waited = watch(fork)
        yield fork
        fork.kubernetes.before_request = None
        assert (waited, fork.kubernetes.pods_would_wait(), fork.kubernetes.dangling) == ([], [], [])
        fork.assert_no_leak()
        assert seen_in_other_objects(fork) == []


def says(rehearsal: Rehearsal, form: Form | None = None, **changed: Any) -> None:
    """Change the program."""
    before = form or rehearsal.program
    assert before is not None
    rehearsal.program = lambda: before(**changed)


def set_config(
    rehearsal: Rehearsal,
    config: Mapping[str, Any] | None = None,
    **secrets: str | None,
) -> None:
    """Change some of the stack's config; None takes a secret away."""
    named = {key.replace("shared_", "shared:"): value for key, value in secrets.items()}
    changed = {key: value for key, value in {**SECRETS, **named}.items() if value is not None}
    rehearsal.configure(config={**CONFIG, **(config or {})}, secrets=changed)


def rollouts(rehearsal: Rehearsal, name: str = "web") -> int:
    """How often the pods of a workload were new, the first time included."""
    return len(rehearsal.kubernetes.rollouts(name))


def changes(rehearsal: Rehearsal, since: int) -> list[str]:
    """What was done in the cluster after a point of its history, without the made-up names."""
    return [" ".join(each.split()[:2]) for each in rehearsal.kubernetes.history[since:]]


def up(rehearsal: Rehearsal) -> list[str]:
    """Run `up`; return what it did in the cluster."""
    since = len(rehearsal.kubernetes.history)
    rehearsal.up()
    return changes(rehearsal, since)


def last(left: Iterator[int], _request: Request) -> bool:
    """Count down with each request, and say when none is left."""
    return next(left, -1) == 0


def deletes(kind: str, request: Request) -> bool:
    return request.operation == "delete" and request.type.endswith(f":{kind}")


def in_one_line(run: Run) -> str:
    return " ".join(run.error.split())


def objects(rehearsal: Rehearsal) -> dict[str, int]:
    kinds = ("Secret", "ConfigMap", "Deployment")
    return {kind: len(rehearsal.kubernetes.names(kind)) for kind in kinds}


ONE_OF_EACH = {"Secret": 1, "ConfigMap": 1, "Deployment": 1}


def seen_in_other_objects(rehearsal: Rehearsal) -> list[str]:
    """Where a value can be seen in the cluster, other than in a Secret."""
    texts = {
        str(key): json.dumps(manifest, ensure_ascii=False)
        for key, manifest in rehearsal.kubernetes.server.objects.items()
        if key.kind != "Secret"
    }
    texts["history"] = "\n".join(rehearsal.kubernetes.history)
    return [
        str(sighting)
        for canary in [*CANARIES, *rehearsal.canaries]
        for sighting in canary.sightings(texts)
    ]


def writes(rehearsal: Rehearsal, since: int) -> list[str]:
    """The requests after a point that ask for more than an opinion."""
    return [
        str(request)
        for request in rehearsal.requests[since:]
        if request.operation in ("create", "update", "delete")
    ]


# Lifecycle ----------------------------------------------------------------------------------------


def test_the_first_up_makes_one_of_each_and_the_pod_sees_every_value(web: Rehearsal) -> None:
    assert changes(web, 0)[-1] == "create Deployment"
    assert sorted(changes(web, 0)) == ["create ConfigMap", "create Deployment", "create Secret"]
    assert web.kubernetes.environment("web") == {
        "DATABASE_URL": URL,
        "API_TOKEN": TOKEN,
        "NER_LABELS": '["person", "place"]',
    }
    assert web.kubernetes.files("web") == {"/etc/flux/identity": KEY.encode()}
    assert rollouts(web) == 1
    for kind in ("Secret", "ConfigMap"):
        manifest = web.kubernetes.get(kind, "web")
        assert manifest["immutable"] is True
        assert manifest["metadata"]["name"].startswith("web-")


def test_nothing_changed_does_nothing(web: Rehearsal) -> None:
    run = web.up()

    assert run.changes == []
    assert web.preview().changes == []
    assert rollouts(web) == 1


def test_a_changed_secret_is_a_new_secret_one_rollout_and_then_the_old_one_goes(
    web: Rehearsal,
) -> None:
    set_config(web, postgres_url=URL.replace("one", "two"))

    assert up(web) == ["create Secret", "update Deployment", "delete Secret"]
    assert web.kubernetes.environment("web")["DATABASE_URL"] == URL.replace("one", "two")
    assert rollouts(web) == 2
    assert objects(web) == ONE_OF_EACH


@only_injected
def test_a_changed_file_rolls_the_pods_too(web: Rehearsal) -> None:
    other = KEY.replace("b25lPQ", "dHdvPQ").replace("1vbmU=", "10d28=")
    set_config(web, ssh_private_key=other)

    assert up(web) == ["create Secret", "update Deployment", "delete Secret"]
    assert web.kubernetes.files("web") == {"/etc/flux/identity": other.encode()}
    assert rollouts(web) == 2


def test_a_changed_plain_value_does_the_same_with_the_config_map(web: Rehearsal) -> None:
    set_config(web, {"nerLabels": '["person"]'})

    assert up(web) == ["create ConfigMap", "update Deployment", "delete ConfigMap"]
    assert web.kubernetes.environment("web")["NER_LABELS"] == '["person"]'
    assert rollouts(web) == 2
    assert objects(web) == ONE_OF_EACH


@only_injected
def test_both_changed_at_once_are_one_rollout(web: Rehearsal) -> None:
    set_config(web, {"nerLabels": "[]"}, shared_api_token="canary-token-two")
    done = up(web)

    assert sorted(done[:2]) == ["create ConfigMap", "create Secret"]
    assert done[2] == "update Deployment"
    assert sorted(done[3:]) == ["delete ConfigMap", "delete Secret"]
    assert rollouts(web) == 2


def test_a_config_key_renamed_with_the_same_value_changes_nothing(web: Rehearsal) -> None:
    set_config(web, postgres_url=None, database_url=URL)
    says(web, secrets={"DATABASE_URL": "database_url", "API_TOKEN": "shared:api_token"})

    assert web.up().changes == []
    assert rollouts(web) == 1


@only_injected
def test_a_renamed_variable_is_one_rollout(web: Rehearsal) -> None:
    says(
        web,
        secrets={"POSTGRES_URL": "postgres_url", "API_TOKEN": "shared:api_token"},
        formats={},
    )

    assert up(web) == ["create Secret", "update Deployment", "delete Secret"]
    seen = web.kubernetes.environment("web")
    assert (seen["POSTGRES_URL"], "DATABASE_URL" in seen) == (URL, False)
    assert rollouts(web) == 2


def test_a_value_that_is_gone_from_the_config_is_refused_and_nothing_is_touched(
    web: Rehearsal,
) -> None:
    since, state = len(web.requests), [(each["urn"], each.get("id")) for each in web.resources]
    set_config(web, postgres_url=None)
    for run in (web.preview(check=False), web.up(check=False)):
        assert (
            "secrets['DATABASE_URL']: the stack has no config 'shop:postgres_url'. Set it: pulumi config set "
            "--stack production --secret shop:postgres_url" in in_one_line(run)
        )
        assert run.changes == []

    assert writes(web, since) == []
    assert [(each["urn"], each.get("id")) for each in web.resources] == state
    assert (rollouts(web), objects(web)) == (1, ONE_OF_EACH)


@only_whole
def test_a_variable_that_leaves_the_program_leaves_the_pods(web: Rehearsal) -> None:
    says(web, secrets={"API_TOKEN": "shared:api_token"}, formats={})

    assert up(web) == ["create Secret", "update Deployment", "delete Secret"]
    assert "DATABASE_URL" not in web.kubernetes.environment("web")
    assert rollouts(web) == 2


def test_an_optional_value_goes_and_comes_back(web: Rehearsal) -> None:
    set_config(web, shared_api_token=None)
    assert up(web) == ["create Secret", "update Deployment", "delete Secret"]
    assert "API_TOKEN" not in web.kubernetes.environment("web")

    set_config(web, shared_api_token="canary-token-two")
    assert up(web) == ["create Secret", "update Deployment", "delete Secret"]
    assert web.kubernetes.environment("web")["API_TOKEN"] == "canary-token-two"
    assert (rollouts(web), objects(web)) == (3, ONE_OF_EACH)


def test_without_any_secret_the_secret_goes_after_the_pods_have_rolled_and_can_come_back(
    web: Rehearsal,
) -> None:
    form = web.program
    says(web, secrets={}, files={}, formats={}, optional=[])
    assert up(web) == ["update Deployment", "delete Secret"]
    assert web.kubernetes.environment("web") == {"NER_LABELS": '["person", "place"]'}
    assert (web.kubernetes.files("web"), web.outputs.get("secret_name")) == ({}, None)

    web.program = form
    assert up(web) == ["create Secret", "update Deployment"]
    assert web.kubernetes.environment("web")["DATABASE_URL"] == URL
    assert (rollouts(web), objects(web)) == (3, ONE_OF_EACH)


def test_without_any_plain_value_the_config_map_goes_after_the_pods_have_rolled(
    web: Rehearsal,
) -> None:
    says(web, config={}, formats={})

    assert up(web) == ["update Deployment", "delete ConfigMap"]
    assert web.outputs.get("config_map_name") is None
    assert rollouts(web) == 2


@only_whole
def test_a_value_that_moves_from_config_to_secrets_is_never_missing(web: Rehearsal) -> None:
    labels = '["made up and secret now"]'
    set_config(web, {"nerLabels": None}, nerLabels=labels)
    web.configure(config={})
    says(web, secrets={**WANTED["secrets"], "NER_LABELS": "nerLabels"}, config={})

    assert up(web)[:2] == ["create Secret", "update Deployment"]
    assert web.kubernetes.environment("web")["NER_LABELS"] == labels
    assert (rollouts(web), web.kubernetes.names("ConfigMap")) == (2, [])


@only_whole
def test_a_component_taken_apart_or_renamed_makes_the_new_before_the_old_goes(
    web: Rehearsal,
) -> None:
    makes, takes = {"create Secret", "create ConfigMap", "create Deployment"}, "delete Deployment"
    web.program = injected
    done = up(web)
    assert (set(done[:3]), done[3]) == (makes, takes)

    wanted: Any = {"image": IMAGE, **WANTED}
    web.program = lambda: EscDeployment("site", wanted)
    done = up(web)
    assert (set(done[:3]), done[3]) == (makes, takes)
    assert web.kubernetes.environment("site")["DATABASE_URL"] == URL
    assert objects(web) == ONE_OF_EACH


def test_destroy_takes_the_workload_first(web: Rehearsal) -> None:
    since = len(web.kubernetes.history)
    web.destroy()
    done = changes(web, since)

    assert done[0] == "delete Deployment"
    assert sorted(done[1:]) == ["delete ConfigMap", "delete Secret"]
    assert objects(web) == dict.fromkeys(ONE_OF_EACH, 0)


@only_whole
def test_destroy_runs_although_the_config_lacks_everything(web: Rehearsal) -> None:
    web.configure(config={}, secrets={})
    web.destroy()

    assert objects(web) == dict.fromkeys(ONE_OF_EACH, 0)


def test_a_refresh_finds_nothing_and_up_with_refresh_rolls_once(web: Rehearsal) -> None:
    assert [step for step in web.refresh().steps if step.op not in ("refresh", "same")] == []
    set_config(web, postgres_url=URL.replace("one", "two"))
    web.extra_args = ["--refresh"]

    assert up(web) == ["create Secret", "update Deployment", "delete Secret"]
    assert up(web) == []
    assert rollouts(web) == 2


@only_whole
def test_a_secret_deleted_by_hand_is_made_again_under_a_new_name(started: Rehearsal) -> None:
    with started.fork() as web:
        gone = web.kubernetes.get("Secret", "web")["metadata"]["name"]
        web.kubernetes.delete("Secret", "web")
        by_hand = list(web.kubernetes.dangling)
        web.extra_args = ["--refresh"]

        assert up(web) == ["create Secret", "update Deployment"]
        assert web.kubernetes.names("Secret") != [gone]
        assert web.kubernetes.environment("web")["DATABASE_URL"] == URL
        assert web.kubernetes.dangling == by_hand
        assert web.kubernetes.pods_would_wait() == []


# What fails half-way ------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["create", "update", "delete"])
def test_a_refused_request_leaves_running_pods_what_they_need_and_the_next_up_goes_on(
    web: Rehearsal, operation: str
) -> None:
    set_config(web, postgres_url=URL.replace("one", "two"))
    web.kubernetes.fail_next(operation, "web", "etcdserver: request timed out")
    run = web.up(check=False)

    assert "etcdserver: request timed out" in run.error
    expected = URL if operation != "delete" else URL.replace("one", "two")
    assert web.kubernetes.environment("web")["DATABASE_URL"] == expected

    web.up()
    assert web.kubernetes.environment("web")["DATABASE_URL"] == URL.replace("one", "two")
    assert (rollouts(web), objects(web)) == (2, ONE_OF_EACH)


@only_whole
def test_with_continue_on_error_the_old_secret_stays_while_a_pod_needs_it(web: Rehearsal) -> None:
    set_config(web, postgres_url=URL.replace("one", "two"))
    web.kubernetes.fail_next("update", "web", "etcdserver: request timed out")
    web.extra_args = ["--continue-on-error"]
    web.up(check=False)
    assert web.kubernetes.environment("web")["DATABASE_URL"] == URL

    assert up(web) == ["update Deployment", "delete Secret"]
    assert (rollouts(web), objects(web)) == (2, ONE_OF_EACH)


@only_injected
def test_a_targeted_secret_takes_its_dependents_along_when_asked_to(web: Rehearsal) -> None:
    """Targeted alone it would leave the pods with the old name; no component can prevent that."""
    [urn] = [each["urn"] for each in web.resources if each["type"].endswith("v1:Secret")]
    set_config(web, postgres_url=URL.replace("one", "two"))
    web.extra_args = ["--target", urn, "--target-dependents"]

    assert up(web) == ["create Secret", "update Deployment", "delete Secret"]
    assert rollouts(web) == 2


@only_whole
def test_a_change_taken_back_after_a_refused_update_rolls_at_most_once_more(
    web: Rehearsal,
) -> None:
    set_config(web, postgres_url=URL.replace("one", "two"))
    web.kubernetes.fail_next("update", "web", "etcdserver: request timed out")
    web.up(check=False)
    set_config(web)
    web.up()

    assert web.kubernetes.environment("web")["DATABASE_URL"] == URL
    assert rollouts(web) <= 2
    assert objects(web) == ONE_OF_EACH


@only_whole
@pytest.mark.parametrize("operation", ["create", "update", "delete"])
def test_an_engine_killed_after_a_change_leaves_no_pod_without_its_secret(
    web: Rehearsal, operation: str
) -> None:
    set_config(web, postgres_url=URL.replace("one", "two"))
    killed = web.up(kill_when=lambda request: request.operation == operation)
    assert killed.exit_code < 0
    web.cancel()
    web.up()

    assert web.kubernetes.environment("web")["DATABASE_URL"] == URL.replace("one", "two")
    assert rollouts(web) == 2
    # The engine never learns of what a create made that it did not live to see: the object is there, and nobody's.
    left_over = operation == "create"
    assert objects(web) == {**ONE_OF_EACH, "Secret": 1 + left_over}


@only_whole
def test_an_engine_killed_before_every_request_in_turn_comes_through(web: Rehearsal) -> None:
    """Again and again on the same stack, until one run is through."""
    set_config(web, {"nerLabels": "[]"}, postgres_url=URL.replace("one", "two"))
    kills = 0
    while True:
        left = iter(range(kills, -1, -1))
        run = web.up(
            kill_when=partial(last, left),
            killed_request_takes_effect=False,
        )
        if run.succeeded:
            break
        kills += 1
        assert kills < 100, "it never comes through"
        web.cancel()

    assert kills > 8
    assert web.kubernetes.environment("web")["DATABASE_URL"] == URL.replace("one", "two")
    # A kill before one request may cut off the answer to a create beside it, whose object is then nobody's.
    assert (rollouts(web), objects(web)["Deployment"]) == (2, 1)


@only_whole
def test_a_destroy_that_is_killed_after_each_deletion_ends_with_nothing_left(
    web: Rehearsal,
) -> None:
    for kind in ("Deployment", "Secret", "ConfigMap"):
        run = web.destroy(kill_when=partial(deletes, kind))
        if not run.succeeded:
            web.cancel()
    web.destroy()

    assert objects(web) == dict.fromkeys(ONE_OF_EACH, 0)


@only_whole
def test_a_cluster_that_nobody_reaches_loses_nothing_and_the_next_up_goes_on(
    web: Rehearsal,
) -> None:
    set_config(web, postgres_url=URL.replace("one", "two"))
    web.kubernetes.unreachable = True
    for run in (web.up(check=False), web.refresh(check=False), web.destroy(check=False)):
        assert "unreachable" in run.error
    assert web.kubernetes.environment("web")["DATABASE_URL"] == URL

    web.kubernetes.unreachable = False
    assert up(web) == ["create Secret", "update Deployment", "delete Secret"]
    assert rollouts(web) == 2


def test_a_namespace_that_is_missing_is_named_and_the_next_up_finds_it() -> None:
    with Rehearsal(
        lambda: whole(namespace="nlp"), config=CONFIG, secrets=SECRETS, **STACK
    ) as rehearsal:
        run = rehearsal.up(check=False)
        assert 'namespaces "nlp" not found' in run.error
        rehearsal.kubernetes.create_namespace("nlp")
        rehearsal.up()

        assert rehearsal.kubernetes.environment("web")["DATABASE_URL"] == URL
        assert rehearsal.kubernetes.names("Secret", "nlp") == rehearsal.kubernetes.names("Secret")
        assert (rehearsal.kubernetes.dangling, rollouts(rehearsal)) == ([], 1)
        rehearsal.assert_no_leak()


def test_the_namespace_may_be_made_by_the_same_program() -> None:
    def program() -> None:
        namespace = k8s.core.v1.Namespace("nlp")
        whole(namespace=namespace.metadata.name)

    with Rehearsal(program, config=CONFIG, secrets=SECRETS, **STACK) as rehearsal:
        rehearsal.preview()
        rehearsal.up()

        assert rehearsal.kubernetes.environment("web")["DATABASE_URL"] == URL
        rehearsal.destroy()
        assert (rehearsal.kubernetes.names("Secret"), rehearsal.kubernetes.dangling) == ([], [])


def test_twenty_deployments_share_one_environment_and_each_rolls_once() -> None:
    def program() -> None:
        env = env_of("shared")
        for number in range(20):
            k8s.apps.v1.Deployment(f"web-{number}", spec=env.inject(own_spec()))

    with Rehearsal(program, config=CONFIG, secrets=SECRETS, **STACK) as rehearsal:
        waited = watch(rehearsal)
        rehearsal.up()
        assert len(rehearsal.resources) == 20 + 3  # the EscEnv, its Secret and its ConfigMap
        set_config(rehearsal, postgres_url=URL.replace("one", "two"))
        done = up(rehearsal)

        assert done == ["create Secret", *["update Deployment"] * 20, "delete Secret"]
        assert [rollouts(rehearsal, f"web-{number}") for number in range(20)] == [2] * 20
        assert (waited, rehearsal.kubernetes.dangling) == ([], [])
        rehearsal.assert_no_leak()


def test_every_kind_of_workload_rolls_and_none_is_left_behind() -> None:
    """A Job and a Pod cannot change what they run, so new ones are made before the old ones go."""
    pod = {"containers": [{"name": "app", "image": IMAGE}], "restartPolicy": "Never"}
    apps: list[Any] = [k8s.apps.v1.Deployment, k8s.apps.v1.StatefulSet, k8s.apps.v1.DaemonSet]

    def program() -> None:
        env = env_of("shared")
        for kind in apps:
            name = kind.__name__.lower()
            kind(name, spec=env.inject(own_spec(name), env_from=False))
        job = {"template": {"spec": pod}}
        k8s.batch.v1.Job("job", spec=env.inject(job))
        k8s.batch.v1.CronJob(
            "cronjob", spec=env.inject({"schedule": "0 3 * * *", "jobTemplate": {"spec": job}})
        )
        k8s.core.v1.Pod("pod", spec=env.inject(pod))

    with Rehearsal(program, config=CONFIG, secrets=SECRETS, **STACK) as rehearsal:
        waited = watch(rehearsal)
        rehearsal.up()
        set_config(rehearsal, postgres_url=URL.replace("one", "two"))
        done = up(rehearsal)

        for name in ("deployment", "statefulset", "daemonset", "job", "cronjob", "pod"):
            seen = rehearsal.kubernetes.environment(name)
            assert (name, seen["DATABASE_URL"]) == (name, URL.replace("one", "two"))
            assert (name, rollouts(rehearsal, name)) == (name, 2)
        assert done[0] == "create Secret"
        assert done.index("create Job") < done.index("delete Job")
        assert done.index("create Pod") < done.index("delete Pod")
        assert done[-1] == "delete Secret"
        rehearsal.destroy()
        assert rehearsal.kubernetes.names("Secret") == []
        assert (waited, rehearsal.kubernetes.dangling) == ([], [])
        rehearsal.assert_no_leak()


def test_variables_as_a_whole_roll_the_pods_as_well() -> None:
    def program() -> None:
        env = env_of("web", files={}, formats={})
        k8s.apps.v1.Deployment("web", spec=env.inject(own_spec(), env_from=True))

    with Rehearsal(program, config=CONFIG, secrets=SECRETS, **STACK) as rehearsal:
        rehearsal.up()
        set_config(rehearsal, postgres_url=URL.replace("one", "two"))

        assert up(rehearsal) == ["create Secret", "update Deployment", "delete Secret"]
        assert rehearsal.kubernetes.environment("web")["DATABASE_URL"] == URL.replace("one", "two")
        assert (rollouts(rehearsal), rehearsal.kubernetes.dangling) == (2, [])
        rehearsal.assert_no_leak()


@only_whole
def test_a_move_to_another_namespace_makes_everything_there_before_the_old_goes(
    web: Rehearsal,
) -> None:
    web.kubernetes.create_namespace("nlp")
    says(web, namespace="nlp")
    done = up(web)

    assert sorted(done[:2]) == ["create ConfigMap", "create Secret"]
    assert done[2:4] == ["create Deployment", "delete Deployment"]
    assert objects(web) == ONE_OF_EACH
    assert web.kubernetes.names("Secret", "nlp") == web.kubernetes.names("Secret")


# Workloads that do not roll at once ---------------------------------------------------------------


def paused(**changed: Any) -> None:
    env = env_of("web", **changed)
    k8s.apps.v1.Deployment("web", spec=env.inject({**own_spec(), "paused": True}))


def on_delete(**changed: Any) -> None:
    env = env_of("web", **changed)
    spec = {**own_spec(), "serviceName": "web", "updateStrategy": {"type": "OnDelete"}}
    k8s.apps.v1.StatefulSet("web", spec=env.inject(spec))


def rollout(**changed: Any) -> None:
    env = env_of("web", **changed)
    spec = {**own_spec(), "strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}]}}}
    k8s.apiextensions.CustomResource(
        "web", api_version="argoproj.io/v1alpha1", kind="Rollout", spec=env.inject(spec)
    )


STAYS = {"Deployment": paused, "StatefulSet": on_delete, "Rollout": rollout}


def as_its_controller_would(rehearsal: Rehearsal, kind: str) -> str:
    """Make the ReplicaSet that a workload's pods run under now; return what it is called.

    The simulated cluster has no controllers.
    """
    workload = rehearsal.kubernetes.get(kind, "web")
    name = f"web-{len(rehearsal.kubernetes.names('ReplicaSet'))}"
    rehearsal.kubernetes.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {"name": name},
            "spec": {key: workload["spec"][key] for key in ("selector", "template")},
        }
    )
    return f"ReplicaSet/{name}"


@pytest.mark.parametrize("kind", STAYS)
def test_a_workload_that_does_not_roll_is_refused_before_its_pods_could_lose_their_secret(
    kind: str,
) -> None:
    with Rehearsal(STAYS[kind], config=CONFIG, secrets=SECRETS, **STACK) as rehearsal:
        for run in (rehearsal.preview(check=False), rehearsal.up(check=False)):
            assert "with keep_old=True" in in_one_line(run)
            assert "Traceback" not in run.output
        assert rehearsal.kubernetes.names(kind) == []
        rehearsal.assert_no_leak()


@pytest.mark.parametrize("kind", STAYS)
def test_with_old_objects_kept_its_old_pods_can_start_again_after_every_change(kind: str) -> None:
    with Rehearsal(
        lambda: STAYS[kind](keep_old=True), config=CONFIG, secrets=SECRETS, **STACK
    ) as rehearsal:
        waited = watch(rehearsal)
        rehearsal.up()
        pods = [as_its_controller_would(rehearsal, kind)]
        for number in ("two", "three"):
            set_config(
                rehearsal,
                {"nerLabels": f'["{number}"]'},
                postgres_url=URL.replace("one", f"url-{number}"),
            )
            done = up(rehearsal)
            assert sorted(done) == ["create ConfigMap", "create Secret", f"update {kind}"]
            pods.append(as_its_controller_would(rehearsal, kind))

        seen = [rehearsal.kubernetes.environment(each) for each in pods]
        assert [each["NER_LABELS"] for each in seen] == [
            CONFIG["nerLabels"],
            '["two"]',
            '["three"]',
        ]
        assert [each["DATABASE_URL"] for each in seen] == [
            URL,
            URL.replace("one", "url-two"),
            URL.replace("one", "url-three"),
        ]
        assert rehearsal.kubernetes.files(pods[0]) == {"/etc/flux/identity": KEY.encode()}
        assert (waited, rehearsal.kubernetes.pods_would_wait()) == ([], [])
        assert rehearsal.up().changes == []
        rehearsal.assert_no_leak()


def found_by_label(rehearsal: Rehearsal) -> list[str]:
    wanted = {
        "infra-secrets/name": "web",
        "infra-secrets/stack": "production",
        "infra-secrets/project": "shop",
    }
    return sorted(
        key.kind
        for key, manifest in rehearsal.kubernetes.server.objects.items()
        if wanted.items() <= (manifest["metadata"].get("labels") or {}).items()
    )


def test_keeping_old_objects_begins_with_an_up_that_rolls_nothing_and_can_end(
    web: Rehearsal,
) -> None:
    form = web.program
    says(web, keep_old=True)
    assert sorted(up(web)) == ["update ConfigMap", "update Secret"]
    set_config(web, postgres_url=URL.replace("one", "two"))
    assert up(web) == ["create Secret", "update Deployment"]
    assert (rollouts(web), objects(web)) == (2, {**ONE_OF_EACH, "Secret": 2})
    assert found_by_label(web) == ["ConfigMap", "Secret", "Secret"]

    web.program = form
    assert sorted(up(web)) == ["update ConfigMap", "update Secret"]
    set_config(web, postgres_url=URL.replace("one", "three"))
    assert up(web) == ["create Secret", "update Deployment", "delete Secret"]
    web.destroy()
    assert found_by_label(web) == ["Secret"], "a person deletes what was kept"


@only_whole
def test_destroy_leaves_what_is_kept_where_a_person_finds_it(web: Rehearsal) -> None:
    says(web, keep_old=True)
    web.up()
    web.destroy()

    assert objects(web) == {"Secret": 1, "ConfigMap": 1, "Deployment": 0}
    assert found_by_label(web) == ["ConfigMap", "Secret"]


@only_whole
@pytest.mark.parametrize("kept", [False, True])
def test_rollout_undo_finds_the_old_secret_only_where_it_is_kept(
    started: Rehearsal, kept: bool
) -> None:
    """`kubectl rollout undo` puts the template of an older ReplicaSet back."""
    with started.fork() as web:
        says(web, keep_old=kept)
        web.up()
        before = web.kubernetes.get("Deployment", "web")
        set_config(web, postgres_url=URL.replace("one", "two"))
        web.up()
        after = web.kubernetes.get("Deployment", "web")
        web.kubernetes.apply({**after, "spec": before["spec"]})

        if kept:
            assert web.kubernetes.environment("web")["DATABASE_URL"] == URL
        else:
            with pytest.raises(CloudError, match=r'secret "web-[0-9a-f]{8}" not found'):
                web.kubernetes.environment("web")
        assert web.up().changes == [], "Pulumi does not look at the cluster by itself"
        web.extra_args = ["--refresh"]
        assert up(web) == ["update Deployment"]
        assert web.kubernetes.environment("web")["DATABASE_URL"] == URL.replace("one", "two")
        # The way back that Pulumi knows of.
        set_config(web)
        web.up()
        assert web.kubernetes.environment("web")["DATABASE_URL"] == URL


@only_whole
def test_a_deployment_that_pulumi_does_not_wait_for_is_pointed_out(web: Rehearsal) -> None:
    annotations = {"pulumi.com/skipAwait": "true"}
    says(web, whole, annotations=annotations)
    [warning] = web.preview().warnings
    assert 'EscDeployment("web") has pulumi.com/skipAwait' in warning
    assert "keep_old=True" in warning

    says(web, whole, annotations=annotations, keep_old=True)
    assert web.preview().warnings == []
    says(web, whole, annotations={"pulumi.com/skipAwait": "false"})
    assert web.preview().warnings == []


# Values -------------------------------------------------------------------------------------------

AWKWARD: Mapping[str, str] = {
    "LINES": "one\ntwo\n\nthree\n",
    "CRLF": "one\r\ntwo\r\n",
    "QUOTES": "'single' \"double\" `back` \\ back\\slash \\n",
    "UNICODE": "Größe 漢字 🗝 e\u0301 \u202e",
    "EXPANSION": "$(QUOTES) $$(QUOTES) $$ ${HOME} `id` %s {{ .Values }}",
    "SPACES": "  leading and trailing \t ",
    "LONG": "0123456789abcdef" * 4096,  # 64 KiB
    "ONE_CHARACTER": "x",
    "YAML": "yes: [no, 1e3, ~]",
    "CONTROL": "\x01\x1b[31mred\x7f",
}


def test_every_value_arrives_unchanged_in_variables_and_files() -> None:
    def program() -> None:
        EscDeployment(
            "web",
            image=IMAGE,
            secrets={name: name for name in AWKWARD},
            config={f"PLAIN_{name}": f"plain_{name}" for name in AWKWARD},
            files={f"/etc/values/{name}": name for name in AWKWARD},
        )

    plain = {f"plain_{name}": value for name, value in AWKWARD.items()}
    with Rehearsal(program, config=plain, secrets=AWKWARD, **STACK) as rehearsal:
        rehearsal.up()
        seen = rehearsal.kubernetes.environment("web")

        assert {name: seen[name] for name in AWKWARD} == AWKWARD
        assert {name: seen[f"PLAIN_{name}"] for name in AWKWARD} == AWKWARD
        assert rehearsal.kubernetes.files("web") == {
            f"/etc/values/{name}": value.encode() for name, value in AWKWARD.items()
        }
        assert rehearsal.up().changes == []
        assert (rollouts(rehearsal), rehearsal.kubernetes.dangling) == (1, [])


def test_numbers_and_booleans_of_the_config_arrive_as_their_text() -> None:
    settings: dict[str, Any] = {"workers": 3, "debug": True, "ratio": 0.5, "labels": ["a", "b"]}

    def program() -> None:
        EscDeployment(
            "web",
            image=IMAGE,
            config={"WORKERS": "workers", "DEBUG": "debug", "RATIO": "ratio", "LABELS": "labels"},
            formats={"WORKERS": "int", "DEBUG": "bool", "RATIO": "json", "LABELS": "json"},
        )

    with Rehearsal(program, config=settings, **STACK) as rehearsal:
        rehearsal.up()

        assert rehearsal.kubernetes.environment("web") == {
            "WORKERS": "3",
            "DEBUG": "true",
            "RATIO": "0.5",
            "LABELS": '["a","b"]',
        }


KIB = 1024
UNUSABLE: Mapping[str, tuple[dict[str, Any], dict[str, str], dict[str, Any], str]] = {
    # arguments, secret config, plain config, reason
    "empty": ({"secrets": {"A": "a"}}, {"a": ""}, {}, "secrets['A']: config 'shop:a' is empty"),
    "blank": ({"secrets": {"A": "a"}}, {"a": " \n"}, {}, "secrets['A']: config 'shop:a' is empty"),
    "NUL": ({"config": {"A": "a"}}, {}, {"a": "x\0y"}, "its value has a NUL character"),
    "128 KiB": (
        {"config": {"A": "a"}},
        {},
        {"a": "x" * (128 * KIB - 2)},
        "is too long for an environment variable: with its name it has 131073 bytes",
    ),
    "over 1 MiB of secrets": (
        {"secrets": {f"A{n}": f"a{n}" for n in range(11)}},
        {f"a{n}": "canary" * 16_000 for n in range(11)},
        {},
        "the values have 1056000 bytes, and Kubernetes allows at most 1048576 in one object",
    ),
    "over 1 MiB of config": (
        {"config": {f"A{n}": f"a{n}" for n in range(9)}},
        {},
        {f"a{n}": "x" * 120_000 for n in range(9)},
        "the values have 1080000 bytes, and Kubernetes allows at most 1048576 in one object",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_value_that_no_pod_can_have_is_refused_with_the_reason_and_nothing_is_asked_for(
    case: str,
) -> None:
    wanted, secrets, config, reason = UNUSABLE[case]
    with Rehearsal(
        lambda: EscDeployment("web", cast(Any, {"image": IMAGE, **wanted})),
        config=config,
        secrets=secrets,
        **STACK,
    ) as rehearsal:
        run = rehearsal.up(check=False)

        assert reason in in_one_line(run)
        assert (rehearsal.requests, rehearsal.resources) == ([], [])
        assert "Traceback" not in run.output
        rehearsal.assert_no_leak()


def test_the_longest_value_that_a_variable_can_have_is_taken() -> None:
    longest = "x" * (128 * KIB - 3)  # `A=` before it and a NUL after
    with Rehearsal(
        lambda: EscDeployment("web", image=IMAGE, config={"A": "a"}),
        config={"a": longest},
        **STACK,
    ) as rehearsal:
        rehearsal.up()

        assert rehearsal.kubernetes.environment("web") == {"A": longest}


# Nobody sees a value ------------------------------------------------------------------------------

HOSTILE: Mapping[str, str] = {
    "short": "Zq7#vX",
    "document": '{"user": "app", "password": "canary-<&>\\"é\'+/% document"}',
    "pem": "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5LW9mLWEta2V5LW5vdC1yZWFs\n-----END PRIVATE KEY-----\n",
    "url": "postgresql://app:canary%20p%40ss%2Fword@db.example.com:5432/app?sslmode=require",
    "lines": 'canary "one"\ncanary <two>\n',
}
NOISY = ["--logtostderr", "-v=3"]


def test_no_value_is_in_state_previews_events_logs_outputs_or_other_objects() -> None:
    names = {each.upper(): each for each in HOSTILE}

    def program() -> None:
        wanted: dict[str, Any] = {
            "secrets": names,
            "files": {f"/etc/values/{each}": each for each in HOSTILE},
            "config": {"PUBLIC": "public"},
        }
        injected(**{"formats": {}, "optional": [], **wanted})
        api = EscDeployment("api", cast(Any, {"image": IMAGE, **wanted}))
        pulumi.export("deployment", api.deployment_name)
        pulumi.export("spec", api.deployment.spec)

    with Rehearsal(
        program, config={"public": "seen by all"}, secrets=HOSTILE, extra_args=NOISY, **STACK
    ) as rehearsal:
        rehearsal.preview(diff=True)
        rehearsal.up()
        rehearsal.configure(secrets={key: f"{value}2" for key, value in HOSTILE.items()})
        rehearsal.preview(diff=True)
        rehearsal.kubernetes.fail_next("update", "web", "etcdserver: request timed out")
        rehearsal.up(check=False)
        rehearsal.up()
        rehearsal.refresh()
        values = [Canary(value) for value in HOSTILE.values()]
        assert len(rehearsal.canaries) == len(HOSTILE)

        rehearsal.assert_no_leak([*rehearsal.canaries, *values])
        assert seen_in_other_objects(rehearsal) == []
        assert '"level":"INFO"' in rehearsal.runs[0].output, "-v=3 printed no log"
        holders = {each["type"] for each in rehearsal.resources if SIGNATURE in json.dumps(each)}
        assert holders == {"kubernetes:core/v1:Secret"}
        assert SIGNATURE not in json.dumps(rehearsal.state()["resources"][0].get("outputs"))
        assert json.dumps(rehearsal.outputs["spec"]).count("secretKeyRef") == len(HOSTILE)
        rehearsal.destroy()
        rehearsal.assert_no_leak([*rehearsal.canaries, *values])


def test_a_value_of_the_wrong_format_is_not_in_the_refusal() -> None:
    values = {
        "short": "Zq7#vX",
        "document": '{"user": "app", "password": "canary-of-a-document"',
        "number": "canary 12",
        "pem": "-----BEGIN PRIVATE KEY-----\ncanary!of!a!key!not!real\n-----END PUBLIC KEY-----\n",
        "url": "postgres://app:changeme-canary@:port/app",
        "other": "mysql://app:canary-of-a-url@db.example.com/app",
        "lines": 'canary "one"\ncanary <two>',
    }
    formats = ["json", "int", "bool", "pem", "postgresql"]
    named = {f"{name}_as_{each}".upper(): (name, each) for name in values for each in formats}

    def program() -> None:
        EscDeployment(
            "web",
            image=IMAGE,
            secrets={target: name for target, (name, _) in named.items()},
            formats={target: cast(Any, each) for target, (_, each) in named.items()},
        )

    with Rehearsal(program, secrets=values, extra_args=NOISY, **STACK) as rehearsal:
        for run in (rehearsal.preview(diff=True, check=False), rehearsal.up(check=False)):
            assert not run.succeeded
            said = in_one_line(run)
            for target, (_, each) in named.items():
                assert f"formats={{'{target}': '{each}'}} asks for: its value " in said
            assert "Traceback" not in run.output
            for part in (*values.values(), "canary", "Zq7"):
                assert part not in run.output + run.error

        assert (writes(rehearsal, 0), rehearsal.resources) == ([], [])
        rehearsal.assert_no_leak()


def test_every_problem_is_in_one_refusal_and_each_line_has_its_command() -> None:
    def program() -> None:
        EscDeployment(
            "web",
            image=IMAGE,
            secrets={"MISSING": "postgres_ur", "PLAIN": "in_the_open", "WRONG": "shared:number"},
            config={"HIDDEN": "hidden"},
            formats={"WRONG": "int"},
        )

    with Rehearsal(
        program,
        config={"in_the_open": "canary-in-the-open"},
        secrets={"postgres_url": URL, "shared:number": "canary-not-a-number", "hidden": "canary-x"},
        **STACK,
    ) as rehearsal:
        run = rehearsal.up(check=False)
        said = in_one_line(run)

        assert "4 problems to fix before anything is created" in said
        assert "has no config 'shop:postgres_ur' (there is 'shop:postgres_url')" in said
        for key in ("postgres_ur", "in_the_open"):
            assert f"pulumi config set --stack production --secret shop:{key}" in said
        assert "pulumi config set --stack production --secret shared:number" in said
        assert "pulumi config set --stack production --plaintext shop:hidden" in said
        assert "canary" not in run.output + run.error
        assert (rehearsal.requests, rehearsal.resources) == ([], [])


def test_a_stack_on_esc_is_told_the_command_of_its_environment() -> None:
    definition = {
        "values": {
            "pulumiConfig": {
                "postgres_url": {"fn::secret": URL},
                "shared:api_token": {"fn::secret": TOKEN},
                "nerLabels": '["person"]',
            }
        }
    }
    with Rehearsal(whole, esc={"nlp/production": definition}, **STACK) as rehearsal:
        run = rehearsal.up(check=False)
        assert (
            "esc env set organization/nlp/production 'pulumiConfig[\"shop:ssh_private_key\"]' --secret --string "
            "--file -" in in_one_line(run)
        )
        definition["values"]["pulumiConfig"]["ssh_private_key"] = {"fn::secret": KEY}
        rehearsal.configure(esc={"nlp/production": definition})
        rehearsal.up()

        assert rehearsal.kubernetes.environment("web")["DATABASE_URL"] == URL
        assert rehearsal.kubernetes.files("web") == {"/etc/flux/identity": KEY.encode()}
        rehearsal.assert_no_leak()


# What a preview shows -----------------------------------------------------------------------------


def test_a_preview_names_everything_and_hides_only_values(web: Rehearsal) -> None:
    before = web.kubernetes.get("Secret", "web")["metadata"]["name"]
    set_config(web, postgres_url=URL.replace("one", "two"))
    shown = web.preview(diff=True).output

    assert "+-kubernetes:core/v1:Secret: (replace)" in shown
    assert "~ kubernetes:apps/v1:Deployment: (update)" in shown
    assert "DATABASE_URL: [secret] => [secret]" in shown
    assert "API_TOKEN: [secret]" not in shown
    assert f'~ name: "{before}" => "web-' in shown
    assert shown.count("[secret]") == 2


def test_a_preview_of_a_first_up_names_variables_keys_and_objects() -> None:
    with Rehearsal(whole, config=CONFIG, secrets=SECRETS, **STACK) as rehearsal:
        shown = rehearsal.preview(diff=True).output

        for name in ("DATABASE_URL", "API_TOKEN", "NER_LABELS", "/etc/flux/identity", IMAGE):
            assert name in shown
        assert "secretKeyRef" in shown
        assert "spec : [secret]" not in " ".join(shown.split())
        assert shown.count("[secret]") <= len(SECRETS)
        rehearsal.assert_no_leak()


@only_whole
def test_a_preview_of_a_changed_plain_value_shows_it(web: Rehearsal) -> None:
    set_config(web, {"nerLabels": '["animal"]'})
    shown = web.preview(diff=True).output

    assert "animal" in shown
    assert "[secret]" not in shown


# Reloader -----------------------------------------------------------------------------------------


def with_reloader(form: Form, *, mutable: bool) -> Callable[[], None]:
    def program() -> None:
        provider = k8s.Provider(
            "cluster", enable_secret_mutable=mutable, enable_config_map_mutable=mutable
        )
        form(pulumi.ResourceOptions(provider=provider), reloader=True)

    return program


@pytest.mark.parametrize(
    ("form", "mutable"),
    [(injected, True), (whole, True), (whole, False)],
    ids=["injected", "whole", "whole, but not mutable"],
)
def test_with_reloader_a_mutable_secret_changes_in_place_and_pulumi_rolls_nothing(
    form: Form, mutable: bool
) -> None:
    with Rehearsal(
        with_reloader(form, mutable=mutable), config=CONFIG, secrets=SECRETS, **STACK
    ) as web:
        waited = watch(web)
        web.up()
        workload = web.kubernetes.get("Deployment", "web")
        annotated = [workload["metadata"], workload["spec"]["template"]["metadata"]]
        assert any(
            (each.get("annotations") or {}).get("reloader.stakater.com/auto") == "true"
            for each in annotated
        )
        for kind in ("Secret", "ConfigMap"):
            assert "immutable" not in web.kubernetes.get(kind, "web")

        set_config(web, {"nerLabels": "[]"}, postgres_url=URL.replace("one", "two"))
        assert set(up(web)) == (
            {"update Secret", "update ConfigMap"}
            if mutable
            else {
                *("create Secret", "create ConfigMap", "update Deployment"),
                *("delete Secret", "delete ConfigMap"),
            }
        )
        assert rollouts(web) == (1 if mutable else 2)
        assert web.kubernetes.environment("web")["DATABASE_URL"] == URL.replace("one", "two")
        assert web.kubernetes.environment("web")["NER_LABELS"] == "[]"
        assert (waited, web.kubernetes.dangling, objects(web)) == ([], [], ONE_OF_EACH)
        web.assert_no_leak()


def test_reloader_switched_on_and_off_again_rolls_and_never_gets_stuck(web: Rehearsal) -> None:
    """`immutable` cannot be taken from an object, so switching it makes new ones."""
    form = web.program
    says(web, reloader=True)
    web.up()
    for kind in ("Secret", "ConfigMap"):
        assert "immutable" not in web.kubernetes.get(kind, "web")

    web.program = form
    web.up()
    for kind in ("Secret", "ConfigMap"):
        assert web.kubernetes.get(kind, "web")["immutable"] is True
    assert web.kubernetes.environment("web")["DATABASE_URL"] == URL
    assert objects(web) == ONE_OF_EACH


# Autonaming ---------------------------------------------------------------------------------------

RANDOM = "${name}-${hex(6)}"


@pytest.mark.parametrize(
    "setting",
    [
        {"mode": "verbatim"},
        {"pattern": "${project}-${name}"},
        {"pattern": RANDOM, "providers": {"kubernetes": {"mode": "verbatim"}}},
        {
            "providers": {
                "kubernetes": {"resources": {"kubernetes:core/v1:Secret": {"mode": "verbatim"}}}
            }
        },
    ],
    ids=json.dumps,
)
def test_autonaming_without_anything_random_is_refused(setting: dict[str, Any]) -> None:
    with Rehearsal(
        whole, config={**CONFIG, "pulumi:autonaming": setting}, secrets=SECRETS, **STACK
    ) as rehearsal:
        run = rehearsal.up(check=False)

        assert "config pulumi:autonaming gives Kubernetes objects names without a random part" in (
            in_one_line(run)
        )
        assert (rehearsal.requests, rehearsal.resources) == ([], [])


@pytest.mark.parametrize(
    "setting",
    [
        {"pattern": RANDOM},
        {"mode": "verbatim", "providers": {"kubernetes": {"pattern": RANDOM}}},
    ],
    ids=json.dumps,
)
def test_autonaming_with_something_random_keeps_every_promise(setting: dict[str, Any]) -> None:
    with Rehearsal(
        whole, config={**CONFIG, "pulumi:autonaming": setting}, secrets=SECRETS, **STACK
    ) as rehearsal:
        rehearsal.up()
        set_config(
            rehearsal, {"pulumi:autonaming": setting}, postgres_url=URL.replace("one", "two")
        )

        assert up(rehearsal) == ["create Secret", "update Deployment", "delete Secret"]
        assert (rollouts(rehearsal), rehearsal.kubernetes.dangling) == (2, [])
        assert len(rehearsal.kubernetes.names("Secret")[0]) == len("web-123456")


# From other languages -----------------------------------------------------------------------------


class Remote(pulumi.ComponentResource):
    """What a generated SDK makes of a component: a remote resource, made by the plugin."""

    def __init__(self, component: str, name: str, properties: Mapping[str, Any]) -> None:
        outputs = {
            "EscDeployment": ["deploymentName", "secretName", "configMapName"],
            "EscEnv": [
                "secretName",
                "configMapName",
                "variables",
                "envFrom",
                "volumes",
                "volumeMounts",
            ],
        }[component]
        super().__init__(
            f"infra-secrets:index:{component}",
            name,
            {**dict.fromkeys(outputs), **properties},
            None,
            remote=True,
        )


@pytest.fixture
def plugin_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine find the plugin as an executable, as it would find an installed one."""
    executable = tmp_path / "pulumi-resource-infra-secrets"
    executable.write_text(f'#!/bin/sh\nexec {sys.executable} -W ignore {ROOT} "$@"\n')
    executable.chmod(executable.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


def remote() -> None:
    """`api` is a component, `web` somebody's own Deployment; everything comes as from YAML or TypeScript."""
    api: Any = Remote(
        "EscDeployment",
        "api",
        {"image": IMAGE, "replicas": 2.0, "port": 8080.0, "ports": {"metrics": 9090.0}, **WANTED},
    )
    env: Any = Remote("EscEnv", "web", WANTED)
    spec = own_spec()
    [container] = spec["template"]["spec"]["containers"]
    container["env"], container["volumeMounts"] = env.variables, env.volumeMounts
    spec["template"]["spec"]["volumes"] = env.volumes
    k8s.apps.v1.Deployment("web", spec=spec)
    pulumi.export("api", [api.deploymentName, api.secretName, api.configMapName])
    pulumi.export("web", [env.secretName, env.configMapName])


@pytest.mark.usefixtures("plugin_on_path")
def test_a_program_in_another_language_gets_the_same() -> None:
    with Rehearsal(remote, config=CONFIG, secrets=SECRETS, **STACK) as rehearsal:
        waited = watch(rehearsal)
        rehearsal.up()
        cluster = rehearsal.kubernetes
        for name in ("api", "web"):
            assert cluster.environment(name) == {
                "DATABASE_URL": URL,
                "API_TOKEN": TOKEN,
                "NER_LABELS": '["person", "place"]',
            }
            assert cluster.files(name) == {"/etc/flux/identity": KEY.encode()}
        made = {each.partition("-")[0] for kind in ONE_OF_EACH for each in cluster.names(kind)}
        assert made == {"api", "web"}
        for name, kinds in {
            "api": ["Deployment", "Secret", "ConfigMap"],
            "web": ["Secret", "ConfigMap"],
        }.items():
            assert rehearsal.outputs[name] == [
                cluster.get(kind, name)["metadata"]["name"] for kind in kinds
            ]
        spec = cluster.get("Deployment", "api")["spec"]
        ports = spec["template"]["spec"]["containers"][0]["ports"]
        assert spec["replicas"] == 2
        assert {port["name"]: port["containerPort"] for port in ports} == {
            "http": 8080,
            "metrics": 9090,
        }

        set_config(rehearsal, postgres_url=URL.replace("one", "two"))
        shown = rehearsal.preview(diff=True).output
        assert shown.count("DATABASE_URL: [secret] => [secret]") == 2
        assert shown.count("[secret]") == 4
        # Mappings arrive in another order in each process: only names of objects may differ.
        assert "~ key" not in shown
        assert "~ mountPath" not in shown
        assert sorted(up(rehearsal)) == [
            *["create Secret"] * 2,
            *["delete Secret"] * 2,
            *["update Deployment"] * 2,
        ]
        assert [rollouts(rehearsal, name) for name in ("api", "web")] == [2, 2]
        assert (waited, cluster.dangling) == ([], [])
        for resource in rehearsal.resources:
            assert SIGNATURE not in json.dumps(resource) or resource["type"].endswith("v1:Secret")
        rehearsal.assert_no_leak()


@pytest.mark.usefixtures("plugin_on_path")
def test_a_missing_value_is_one_clear_error_in_another_language_too() -> None:
    there = {"shared:api_token": TOKEN, "postgres_url": "canary-no-url"}
    with Rehearsal(remote, config=CONFIG, secrets=there, **STACK) as rehearsal:
        run = rehearsal.up(check=False)
        said = in_one_line(run)

        assert "files['/etc/flux/identity']: the stack has no config 'shop:ssh_private_key'" in said
        assert "pulumi config set --stack production --secret --raw shop:ssh_private_key" in said
        assert (
            "config 'shop:postgres_url' is not what formats={'DATABASE_URL': 'postgresql'}" in said
        )
        assert "/infra_secrets/" not in run.output, "a traceback of the plugin's own"
        assert writes(rehearsal, 0) == []
        rehearsal.assert_no_leak()
