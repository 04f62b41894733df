"""`env.transform` on the real engine: workloads that somebody else's YAML, chart or component makes.

`yaml.v2.ConfigGroup` and `helm.v4.Chart` are not here: the real provider constructs what is in them, and the simulated
one constructs nothing. To the engine their Deployments are what a component's children are, which are here.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
import yaml

from infra_secrets import EscEnv
from infra_secrets.testing import Rehearsal
from infra_secrets.testing.cluster.kubernetes import SimulatedKubernetes
from infra_secrets.testing.defaults import simulated_clouds
from infra_secrets.testing.simulation import Call, Function

pytestmark = pytest.mark.engine

STACK: dict[str, Any] = {"project": "shop", "stack": "production"}
TOKEN, LABELS, KEY = "canary-token-one", '["person"]', "canary-key-one\n"
SECRETS = {"api_token": TOKEN, "ssh_private_key": KEY}
CONFIG = {"nerLabels": LABELS}
SEEN = {"API_TOKEN": TOKEN, "NER_LABELS": LABELS}

Maker = Callable[[EscEnv, list[dict[str, Any]], list[Any]], None]
"""Makes workloads of manifests, under transforms."""


class ReadsYaml(SimulatedKubernetes):
    """A cluster whose provider also takes YAML apart, which v1 of `yaml` asks it to."""

    @property
    def functions(self) -> Mapping[str, Function]:
        def decode(arguments: Mapping[str, Any], _call: Call) -> dict[str, Any]:
            return {"result": list(yaml.safe_load_all(arguments["text"]))}

        return {"kubernetes:yaml:decode": decode}


def workload(
    name: str = "web",
    *containers: str,
    kind: str = "Deployment",
    namespace: str | None = None,
    **of_container: Any,
) -> dict[str, Any]:
    """A manifest as a chart would have it."""
    labels = {"app": name}
    made = [
        {"name": each, "image": "ghcr.io/acme/nlp:1", **of_container}
        for each in containers or ("app",)
    ]
    spec: dict[str, Any] = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": made}},
    }
    if kind == "StatefulSet":
        spec["serviceName"] = name
    metadata = {"name": name} if namespace is None else {"name": name, "namespace": namespace}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


def _children(manifests: list[dict[str, Any]], parent: pulumi.Resource | None) -> None:
    for each in manifests:
        getattr(k8s.apps.v1, each["kind"])(
            each["metadata"]["name"],
            metadata=each["metadata"],
            spec=each["spec"],
            opts=pulumi.ResourceOptions(parent=parent),
        )


class Chart(pulumi.ComponentResource):
    def __init__(self, manifests: list[dict[str, Any]], opts: pulumi.ResourceOptions) -> None:
        super().__init__("acme:index:Chart", "chart", {}, opts)
        _children(manifests, self)


def component(_env: EscEnv, manifests: list[dict[str, Any]], transforms: list[Any]) -> None:
    Chart(manifests, pulumi.ResourceOptions(transforms=transforms))


def typed_component(_env: EscEnv, manifests: list[dict[str, Any]], transforms: list[Any]) -> None:
    """Children whose specs are `*Args`."""
    typed = [{**each, "spec": _typed(each)} for each in manifests]
    Chart(typed, pulumi.ResourceOptions(transforms=transforms))


def _typed(manifest: dict[str, Any]) -> Any:
    core = k8s.core.v1
    labels = manifest["spec"]["selector"]["matchLabels"]
    containers = [
        core.ContainerArgs(
            name=each["name"],
            image=each["image"],
            env=[core.EnvVarArgs(**variable) for variable in each.get("env", [])],
        )
        for each in manifest["spec"]["template"]["spec"]["containers"]
    ]
    template = core.PodTemplateSpecArgs(
        metadata=k8s.meta.v1.ObjectMetaArgs(labels=labels),
        spec=core.PodSpecArgs(containers=containers),
    )
    selector = k8s.meta.v1.LabelSelectorArgs(match_labels=labels)
    if manifest["kind"] == "Deployment":
        return k8s.apps.v1.DeploymentSpecArgs(
            selector=selector, template=template, paused=manifest["spec"].get("paused")
        )
    return k8s.apps.v1.StatefulSetSpecArgs(service_name="web", selector=selector, template=template)


def whole_stack(_env: EscEnv, manifests: list[dict[str, Any]], transforms: list[Any]) -> None:
    for each in transforms:
        pulumi.runtime.register_resource_transform(each)
    _children(manifests, None)


def config_group(_env: EscEnv, manifests: list[dict[str, Any]], transforms: list[Any]) -> None:
    """v1: the SDK itself makes what is in it."""
    text = yaml.safe_dump_all(manifests)
    k8s.yaml.ConfigGroup("group", yaml=[text], opts=pulumi.ResourceOptions(transforms=transforms))


MAKERS = [component, typed_component, whole_stack, config_group]


def program(
    maker: Maker,
    *manifests: dict[str, Any],
    choose: Mapping[str, Any] | None = None,
    **wanted: Any,
) -> Callable[[], None]:
    def run() -> None:
        arguments: Any = {
            "secrets": {"API_TOKEN": "api_token"},
            "config": {"NER_LABELS": "nerLabels"},
            "files": {"/etc/flux/identity": "ssh_private_key"},
            **wanted,
        }
        env = EscEnv("nlp", arguments)
        transform = env.transform if choose is None else env.transform_only(**choose)
        maker(env, list(manifests) or [workload()], [transform])

    return run


def rehearse(program: Callable[[], None]) -> Rehearsal:
    clouds = simulated_clouds(ReadsYaml())
    return Rehearsal(program, config=CONFIG, secrets=SECRETS, clouds=clouds, **STACK)


@pytest.fixture(scope="module", params=MAKERS)
def started(request: pytest.FixtureRequest) -> Iterator[Rehearsal]:
    """A stack with one workload that each of them makes, after its first `up`."""
    with rehearse(program(request.param)) as rehearsal:
        rehearsal.up()
        yield rehearsal


@pytest.fixture
def charted(started: Rehearsal) -> Iterator[Rehearsal]:
    """A copy of it; at its end no workload was ever left without what it needs, and nothing leaked."""
    with started.fork() as fork:
        yield fork
        assert (fork.kubernetes.dangling, fork.kubernetes.pods_would_wait()) == ([], [])
        fork.assert_no_leak()


def up(rehearsal: Rehearsal, *, check: bool = True) -> list[str]:
    """Run `up`; return what it did in the cluster, without names."""
    since = len(rehearsal.kubernetes.history)
    rehearsal.up(check=check)
    return [" ".join(each.split()[:2]) for each in rehearsal.kubernetes.history[since:]]


def refusal(program: Callable[[], None]) -> str:
    """Run a program that is to be refused; return the message in one line."""
    with rehearse(program) as rehearsal:
        run = rehearsal.up(check=False)
        assert not run.succeeded
        assert rehearsal.kubernetes.names("Deployment") == []
        rehearsal.assert_no_leak()
        assert "canary" not in run.output
        return " ".join(run.error.split())


def test_the_workload_gets_variables_and_files(charted: Rehearsal) -> None:
    assert charted.kubernetes.environment("web") == SEEN
    assert charted.kubernetes.files("web") == {"/etc/flux/identity": KEY.encode()}
    assert charted.up().changes == []
    assert len(charted.kubernetes.rollouts("web")) == 1


def test_a_changed_value_rolls_it_once_and_its_preview_is_readable(charted: Rehearsal) -> None:
    charted.configure(secrets={**SECRETS, "api_token": "canary-token-two"})
    shown = charted.preview(diff=True).output

    assert "API_TOKEN: [secret] => [secret]" in shown
    assert shown.count("[secret]") == 2
    assert '~ name: "nlp-' in shown
    assert up(charted) == ["create Secret", "update Deployment", "delete Secret"]
    assert charted.kubernetes.environment("web")["API_TOKEN"] == "canary-token-two"
    assert len(charted.kubernetes.rollouts("web")) == 2


def test_destroy_takes_the_workload_first(charted: Rehearsal) -> None:
    since = len(charted.kubernetes.history)
    charted.destroy()

    assert charted.kubernetes.history[since].startswith("delete Deployment")
    assert charted.kubernetes.names("Secret") == []


def test_a_refused_update_leaves_the_old_secret_even_with_continue_on_error(
    charted: Rehearsal,
) -> None:
    charted.configure(secrets={**SECRETS, "api_token": "canary-token-two"})
    charted.kubernetes.fail_next("update", "web", "etcdserver: request timed out")
    charted.extra_args = ["--continue-on-error"]

    assert up(charted, check=False) == ["create Secret"]
    assert charted.kubernetes.environment("web")["API_TOKEN"] == TOKEN
    assert up(charted) == ["update Deployment", "delete Secret"]


def test_the_transform_leaves_everything_else_alone(tmp_path: Path) -> None:
    def run() -> None:
        env = EscEnv("nlp", secrets={"API_TOKEN": "api_token"})
        opts = pulumi.ResourceOptions(transforms=[env.transform])
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
        }
        file = tmp_path / "web.yaml"
        file.write_text(yaml.safe_dump_all([service, workload(kind="StatefulSet")]))
        k8s.yaml.ConfigFile("file", file=str(file), opts=opts)

    with rehearse(run) as rehearsal:
        rehearsal.up()

        assert rehearsal.kubernetes.environment("web") == {"API_TOKEN": TOKEN}
        assert "secretKeyRef" not in json.dumps(rehearsal.kubernetes.get("Service", "web"))
        rehearsal.assert_no_leak()


@pytest.mark.parametrize("maker", MAKERS)
def test_a_container_that_already_sets_the_variable_stops_the_run_with_a_clear_message(
    maker: Maker,
) -> None:
    given = [{"name": "API_TOKEN", "value": "made-up-literal"}]
    with rehearse(program(maker, workload(env=given))) as rehearsal:
        run = rehearsal.up(check=False)
        assert (
            "EscEnv(\"nlp\"): container 'app' sets API_TOKEN already, and Kubernetes would silently take the last one"
            in " ".join(run.error.split())
        )
        assert "made-up-literal" not in run.output
        # The SDK prints where a callback failed. That is one place in the package, not twenty.
        assert "injection.py" not in run.output
        assert rehearsal.kubernetes.names("Deployment") == []
        rehearsal.assert_no_leak()


@pytest.mark.parametrize("maker", [typed_component, config_group])
def test_only_the_named_workloads_and_containers_get_it(maker: Maker) -> None:
    choose = {"workloads": ["web", "store"], "containers": ["app"]}
    manifests = [
        workload("web", "app", "proxy"),
        workload("other", "app"),
        workload("store", "app", kind="StatefulSet"),
    ]
    with rehearse(program(maker, *manifests, choose=choose)) as rehearsal:
        rehearsal.up()
        seen = rehearsal.kubernetes.environment

        assert [seen("web", "app"), seen("store")] == [SEEN, SEEN]
        assert [seen("web", "proxy"), seen("other")] == [{}, {}]
        assert rehearsal.kubernetes.files("web", "proxy") == {}
        rehearsal.assert_no_leak()


def test_a_container_that_no_workload_has_is_named_with_the_ones_that_are_there() -> None:
    said = refusal(program(component, choose={"containers": ["apo"]}))

    assert "containers names 'apo', which the spec does not have; it has 'app'." in said
    assert "Did you mean 'app'?" in said


def test_env_from_gives_a_chart_variables_that_come_later_without_listing_them() -> None:
    choose = {"env_from": True}
    wanted: dict[str, Any] = {"files": {}}
    with rehearse(program(component, choose=choose, **wanted)) as rehearsal:
        rehearsal.up()
        assert rehearsal.kubernetes.environment("web") == SEEN
        [container] = rehearsal.kubernetes.get("Deployment", "web")["spec"]["template"]["spec"][
            "containers"
        ]
        assert "env" not in container
        rehearsal.destroy()
        assert rehearsal.kubernetes.dangling == []


@pytest.mark.parametrize("maker", [whole_stack, config_group])
def test_a_workload_in_another_namespace_is_refused(maker: Maker) -> None:
    manifest = workload(namespace="theirs")
    with rehearse(program(maker, manifest, namespace="ours")) as rehearsal:
        rehearsal.kubernetes.create_namespace("ours")
        rehearsal.kubernetes.create_namespace("theirs")
        run = rehearsal.up(check=False)

        said = " ".join(run.error.split())
        # v1 of `yaml` calls its children `namespace/name`.
        assert "web is in namespace 'theirs', and pods see only the Secrets of their own" in said
        assert "The environment is in 'ours'; make another with namespace='theirs'." in said
        assert rehearsal.kubernetes.names("Deployment") == []


@pytest.mark.parametrize("maker", [typed_component, config_group])
def test_a_chart_s_workload_that_does_not_roll_is_refused_unless_old_objects_are_kept(
    maker: Maker,
) -> None:
    manifest = workload(kind="StatefulSet")
    manifest["spec"]["updateStrategy"] = {"type": "OnDelete"}
    if maker is typed_component:
        manifest = workload()
        manifest["spec"]["paused"] = True

    assert "keep old objects in the cluster with keep_old=True" in refusal(program(maker, manifest))
    with rehearse(program(maker, manifest, keep_old=True)) as rehearsal:
        rehearsal.up()
        rehearsal.configure(secrets={**SECRETS, "api_token": "canary-token-two"})
        assert up(rehearsal) == ["create Secret", f"update {manifest['kind']}"]


def test_a_chart_s_workload_that_pulumi_does_not_wait_for_is_pointed_out() -> None:
    manifest = workload()
    manifest["metadata"]["annotations"] = {"pulumi.com/skipAwait": "true"}
    said = []
    for kept in (False, True):
        with rehearse(program(component, manifest, keep_old=kept)) as rehearsal:
            said.append(rehearsal.preview().warnings)

    assert said[1] == []
    [warning] = said[0]
    assert 'EscEnv("nlp"): Deployment web has pulumi.com/skipAwait' in warning


def test_two_environments_reach_the_same_workload() -> None:
    def run() -> None:
        one = EscEnv("one", secrets={"API_TOKEN": "api_token"})
        two = EscEnv("two", config={"NER_LABELS": "nerLabels"})
        component(one, [workload()], [one.transform, two.transform])

    with rehearse(run) as rehearsal:
        rehearsal.up()
        assert rehearsal.kubernetes.environment("web") == SEEN
        rehearsal.configure(secrets={**SECRETS, "api_token": "canary-token-two"})
        assert up(rehearsal) == ["create Secret", "update Deployment", "delete Secret"]
        rehearsal.destroy()
        assert rehearsal.kubernetes.dangling == []


def test_the_transform_keeps_the_options_of_a_workload() -> None:
    def run() -> None:
        env = EscEnv("nlp", secrets={"API_TOKEN": "api_token"})
        pulumi.runtime.register_resource_transform(env.transform)
        manifest = workload()
        k8s.apps.v1.Deployment(
            "web",
            metadata=manifest["metadata"],
            spec=manifest["spec"],
            opts=pulumi.ResourceOptions(protect=True, retain_on_delete=True),
        )

    with rehearse(run) as rehearsal:
        rehearsal.up()
        [web] = [each for each in rehearsal.resources if each["urn"].endswith("::web")]

    assert web["protect"] is True
    assert web["retainOnDelete"] is True


def test_a_workload_without_a_namespace_beside_an_environment_that_has_one_is_pointed_out() -> None:
    with rehearse(program(component, namespace="ours")) as rehearsal:
        rehearsal.kubernetes.create_namespace("ours")
        warned = rehearsal.up().warnings
    with rehearse(program(component, workload(namespace="ours"), namespace="ours")) as rehearsal:
        rehearsal.kubernetes.create_namespace("ours")
        silent = rehearsal.up().warnings

    assert ["names no namespace" in text for text in warned] == [True]
    assert silent == []


@pytest.mark.parametrize(
    ("choose", "says"),
    [
        ({"workloads": "web"}, "workloads must be a list of names"),
        ({"workloads": []}, "workloads must be a list of names"),
        ({"containers": "app"}, "containers must be a list of names"),
        ({"init_containers": 5}, "init_containers must be a list of names"),
    ],
)
def test_what_chooses_nothing_is_refused_before_anything_is_made(
    choose: dict[str, Any], says: str
) -> None:
    assert says in refusal(program(component, choose=choose))


def test_a_workload_is_chosen_by_its_name_in_the_program_too() -> None:
    def run() -> None:
        env = EscEnv("nlp", secrets={"API_TOKEN": "api_token"})
        pulumi.runtime.register_resource_transform(env.transform_only(workloads=["web"]))
        for name in ("web", "webserver"):
            k8s.apps.v1.Deployment(name, spec=workload(name)["spec"])

    with rehearse(run) as rehearsal:
        rehearsal.up()
        assert rehearsal.kubernetes.environment("web") == {"API_TOKEN": TOKEN}
        assert rehearsal.kubernetes.environment("webserver") == {}
