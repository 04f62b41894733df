"""`inject` and `transform`: whatever kind of workload, however it is written, and nothing twice."""

import copy
from collections.abc import Callable
from datetime import date
from typing import Any, cast

import pulumi
import pulumi_kubernetes as kubernetes
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra_secrets import EscEnv, ExternalEnv
from infra_secrets.errors import EnvArgsError, OutputError, WorkloadError
from infra_secrets.testing import Recording
from infra_secrets.workloads.injection import workload_kind

apps, batch, core, meta = (
    kubernetes.apps.v1,
    kubernetes.batch.v1,
    kubernetes.core.v1,
    kubernetes.meta.v1,
)
CONTAINER = {"name": "api", "image": "nlp:1"}
POD: dict[str, Any] = {"containers": [CONTAINER]}
TEMPLATE = {"metadata": {"labels": {"app": "nlp"}}, "spec": POD}
SELECTOR = {"matchLabels": {"app": "nlp"}}


def environment(**more: Any) -> EscEnv:
    return EscEnv(
        "nlp",
        secrets={"DATABASE_URL": "url"},
        config={"LABELS": "labels"},
        files={"/etc/flux/identity": "key"},
        **more,
    )


def recorded(program: Callable[[], object]) -> Recording:
    recording = Recording(secrets={"url": "made-up", "key": "made-up"}, config={"labels": "[]"})
    recording.run(program)
    return recording


def injected(spec: Any, **how: Any) -> Any:
    """Return what the engine would be told of a spec after `inject`, whatever kind the resource is."""

    def program() -> None:
        core.Pod("it", spec=environment().inject(spec, **how))

    return recorded(program).named("it").inputs["spec"]


def pod_of(spec: Any) -> Any:
    while "containers" not in spec:
        spec = (
            spec.get("jobTemplate")
            or spec.get("job_template")
            or spec.get("template")
            or spec["spec"]
        )
    return spec


WRITTEN = {
    "Deployment": {"selector": SELECTOR, "template": TEMPLATE},
    "StatefulSet": {"serviceName": "nlp", "selector": SELECTOR, "template": TEMPLATE},
    "DaemonSet": {"selector": SELECTOR, "template": TEMPLATE},
    "Job": {"backoffLimit": 1, "template": TEMPLATE},
    "CronJob": {"schedule": "@daily", "jobTemplate": {"spec": {"template": TEMPLATE}}},
    "CronJob in snake_case": {
        "schedule": "@daily",
        "job_template": {"spec": {"template": TEMPLATE}},
    },
    "Pod": POD,
    "pod template": TEMPLATE,
    "manifest": {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "nlp"},
        "spec": {"selector": SELECTOR, "template": TEMPLATE},
    },
    "DeploymentSpecArgs": apps.DeploymentSpecArgs(
        selector=meta.LabelSelectorArgs(match_labels={"app": "nlp"}),
        template=core.PodTemplateSpecArgs(
            metadata=meta.ObjectMetaArgs(labels={"app": "nlp"}),
            spec=core.PodSpecArgs(containers=[core.ContainerArgs(name="api", image="nlp:1")]),
        ),
    ),
    "CronJobSpecArgs": batch.CronJobSpecArgs(
        schedule="@daily",
        job_template=batch.JobTemplateSpecArgs(
            spec=batch.JobSpecArgs(
                template=core.PodTemplateSpecArgs(
                    spec=core.PodSpecArgs(
                        containers=[core.ContainerArgs(name="api", image="nlp:1")]
                    )
                )
            )
        ),
    ),
    "PodSpecArgs": core.PodSpecArgs(containers=[core.ContainerArgs(name="api", image="nlp:1")]),
    "dictionaries in Args": core.PodTemplateSpecArgs(spec=POD),
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_every_kind_of_workload_gets_variables_by_reference_and_files(kind: str) -> None:
    before = copy.deepcopy(WRITTEN[kind]) if isinstance(WRITTEN[kind], dict) else None
    pod = pod_of(injected(WRITTEN[kind]))

    [container] = pod["containers"]
    [secret, config] = container["env"]
    assert secret["name"] == "DATABASE_URL"
    assert secret["valueFrom"]["secretKeyRef"]["key"] == "DATABASE_URL"
    assert config["valueFrom"]["configMapKeyRef"]["key"] == "LABELS"
    assert "value" not in secret | config
    [mount] = container["volumeMounts"]
    assert (mount["mountPath"], mount["subPath"], mount["readOnly"]) == (
        "/etc/flux/identity",
        "etc.flux.identity",
        True,
    )
    [volume] = pod["volumes"]
    assert volume["name"] == mount["name"]
    assert volume["secret"]["items"] == [{"key": "etc.flux.identity", "path": "etc.flux.identity"}]
    assert volume["secret"]["defaultMode"] == 0o444
    assert before in (None, WRITTEN[kind]), "the spec that was given has changed"


def test_args_stay_args_and_what_was_given_stays_as_it_was() -> None:
    given = WRITTEN["DeploymentSpecArgs"]
    kept: list[Any] = []
    recorded(lambda: kept.append(environment().inject(given)))

    assert isinstance(kept[0], apps.DeploymentSpecArgs)
    assert given.template.spec.containers[0].env is None
    assert given.template.spec.volumes is None


def test_the_secret_s_name_is_an_output_that_is_not_secret() -> None:
    pod = injected(POD)
    name = pod["containers"][0]["env"][0]["valueFrom"]["secretKeyRef"]["name"]

    assert isinstance(name, str)
    assert name.startswith("nlp")


def test_existing_entries_stay_and_may_refer_to_ours_which_come_first() -> None:
    pod = injected(
        {
            "containers": [
                {
                    **CONTAINER,
                    "env": [{"name": "MODE", "value": "x"}],
                    "volume_mounts": [{"name": "tmp", "mount_path": "/scratch"}],
                }
            ],
            "volumes": [{"name": "tmp", "emptyDir": {}}],
        }
    )

    assert [each["name"] for each in pod["containers"][0]["env"]] == [
        "DATABASE_URL",
        "LABELS",
        "MODE",
    ]
    assert [each["mountPath"] for each in pod["containers"][0]["volumeMounts"]] == [
        "/scratch",
        "/etc/flux/identity",
    ]
    assert [each["name"] for each in pod["volumes"]] == ["tmp", "nlp-files"]


TWO = {"containers": [CONTAINER, {"name": "proxy"}], "initContainers": [{"name": "migrate"}]}


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, ["api", "proxy"]),
        ({"containers": ["api"]}, ["api"]),
        ({"init_containers": True}, ["api", "proxy", "migrate"]),
        ({"containers": ["proxy"], "init_containers": ["migrate"]}, ["proxy", "migrate"]),
    ],
)
def test_all_containers_or_the_named_ones_get_it_and_init_containers_on_request(
    how: dict[str, Any], expected: list[str]
) -> None:
    pod = injected(TWO, **how)
    everyone = [*pod["containers"], *pod["initContainers"]]

    assert [each["name"] for each in everyone if each.get("env")] == expected
    assert [each["name"] for each in everyone if each.get("volumeMounts")] == expected


def test_env_from_is_there_for_who_prefers_it() -> None:
    kept: list[Any] = []

    def program() -> None:
        env = EscEnv("nlp", secrets={"A": "url"}, config={"B": "labels"})
        kept.append(env.env_from)
        core.Pod("it", spec=env.inject(POD, env_from=True))

    [container] = recorded(program).named("it").inputs["spec"]["containers"]

    assert [next(iter(each)) for each in container["envFrom"]] == ["secretRef", "configMapRef"]
    assert "env" not in container


@pytest.mark.parametrize(
    ("wanted", "refers_to"),
    [({"secrets": {"A": "url"}}, "secretRef"), ({"config": {"A": "labels"}}, "configMapRef")],
    ids=["secrets", "config"],
)
def test_env_from_names_no_object_that_is_not_made(wanted: dict[str, Any], refers_to: str) -> None:
    recording = recorded(lambda: EscEnv("nlp", **wanted))

    assert [list(each) for each in recording.outputs["nlp"]["envFrom"]] == [[refers_to]]


def test_two_files_whose_paths_make_the_same_key_have_a_key_each() -> None:
    recording = recorded(lambda: EscEnv("nlp", files={"/a/b": "url", "/a.b": "key"}))

    mounts = recording.outputs["nlp"]["volumeMounts"]
    assert {each["mountPath"]: each["subPath"] for each in mounts} == {
        "/a.b": "a.b",
        "/a/b": "a.b-2",
    }
    [secret] = recording.of_type("kubernetes:core/v1:Secret")
    assert set(secret.inputs["stringData"].value) == {"a.b", "a.b-2"}


def refusal(spec: Any, **how: Any) -> str:
    with pytest.raises(WorkloadError) as refused:
        injected(spec, **how)
    assert isinstance(refused.value, pulumi.RunError)
    return str(refused.value)


def later(known: Any) -> "pulumi.Output[Any]":
    return pulumi.Output.from_input(known)


SET = [{"name": "DATABASE_URL", "value": "literal-not-shown"}]


@pytest.mark.parametrize(
    "spec",
    [
        lambda: {"containers": [{**CONTAINER, "env": SET}]},
        lambda: core.PodSpecArgs(
            containers=[core.ContainerArgs(name="api", env=[core.EnvVarArgs(name="DATABASE_URL")])]
        ),
        lambda: {"containers": [{**CONTAINER, "env": later(SET)}]},
        lambda: {"containers": [{**CONTAINER, "env": [later(SET[0])]}]},
        lambda: {"containers": [{**CONTAINER, "env": [{"name": later("DATABASE_URL")}]}]},
        lambda: {"containers": later([{**CONTAINER, "env": SET}])},
        lambda: later({"containers": [{**CONTAINER, "env": SET}]}),
    ],
    ids=[
        "dictionary",
        "Args",
        "env later",
        "entry later",
        "name later",
        "containers later",
        "spec later",
    ],
)
def test_a_variable_that_a_container_sets_is_refused_and_not_doubled(spec: Any) -> None:
    def program() -> None:
        core.Pod("it", spec=environment().inject(spec()))

    with pytest.raises(Exception, match="sets DATABASE_URL already") as refused:
        recorded(program)

    assert "literal-not-shown" not in str(refused.value)


@pytest.mark.parametrize("part", ["env", "entry", "containers", "spec"])
def test_outputs_anywhere_in_a_spec_get_it_too(part: str) -> None:
    def program() -> None:
        entry: Any = {"name": "MODE", "value": "x"}
        env: Any = [later(entry) if part == "entry" else entry]
        containers: Any = [{**CONTAINER, "env": later(env) if part == "env" else env}]
        spec: Any = {"containers": later(containers) if part == "containers" else containers}
        core.Pod("it", spec=environment().inject(later(spec) if part == "spec" else spec))

    [container] = recorded(program).named("it").inputs["spec"]["containers"]

    assert [each["name"] for each in container["env"]] == ["DATABASE_URL", "LABELS", "MODE"]


@pytest.mark.parametrize(
    ("spec", "how", "says"),
    [
        (POD, {"containers": ["apy"]}, "Did you mean 'api'?"),
        (POD, {"containers": "api"}, "must be a list"),
        (POD, {"containers": []}, "must be a list"),
        (POD, {"init_containers": ["migrate"]}, "has none"),
        ({"containers": []}, {}, "has no containers"),
        ({"containers": "api"}, {}, "must be a list"),
        ({"replicas": 1}, {}, "neither containers nor a template"),
        ("nonsense", {}, "neither containers nor a template"),
        (None, {}, "neither containers nor a template"),
        ({**POD, "volumes": [{"name": "nlp-files"}]}, {}, "has a volume 'nlp-files' already"),
        (
            {"containers": [{**CONTAINER, "volumeMounts": [{"mountPath": "/etc/flux/identity"}]}]},
            {},
            "mounts something at '/etc/flux/identity' already",
        ),
        (
            {"containers": [{**CONTAINER, "volumeMounts": [{"mountPath": "/etc/flux/identity/"}]}]},
            {},
            "mounts something at '/etc/flux/identity/' already",
        ),
        ({"containers": [None]}, {}, "must be a dictionary or ContainerArgs; found nothing"),
        ({"containers": ["api"]}, {}, "must be a dictionary or ContainerArgs; found a string"),
        ({"containers": [{**CONTAINER, "env": {"A": "b"}}]}, {}, "must be a list; found a dict"),
        ({"containers": [{**CONTAINER, "env": 5}]}, {}, "must be a list; found a number"),
        ({"containers": [{**CONTAINER, "env": ["A=b"]}]}, {}, "must be a dictionary or EnvVarArgs"),
        (POD, {"env_from": True}, "would put the files into the environment"),
    ],
)
def test_what_cannot_be_injected_is_refused(spec: Any, how: dict[str, Any], says: str) -> None:
    text = refusal(spec, **how)

    assert text.startswith('EscEnv("nlp"): ')
    assert says in text


def test_a_workload_that_is_made_already_is_refused_with_the_way_out() -> None:
    def program() -> None:
        environment().inject(apps.Deployment("d", spec=WRITTEN["Deployment"]))

    with pytest.raises(WorkloadError, match="transforms="):
        recorded(program)


def test_two_environments_share_a_pod_unless_they_set_the_same() -> None:
    def program(second: str) -> Callable[[], object]:
        def run() -> None:
            one = EscEnv("one", secrets={"A": "url"})
            other = EscEnv("other", secrets={second: "url"})
            core.Pod("it", spec=other.inject(one.inject(POD)))

        return run

    [container] = recorded(program("B")).named("it").inputs["spec"]["containers"]
    assert [each["name"] for each in container["env"]] == ["B", "A"]
    with pytest.raises(WorkloadError, match="sets A already"):
        recorded(program("A"))


def test_reloader_is_told_by_the_pod_template() -> None:
    def program() -> None:
        env = EscEnv("nlp", secrets={"A": "url"}, reloader=True)
        spec = {"template": {"metadata": {"annotations": {"a": "b"}}, "spec": POD}}
        apps.Deployment("it", spec=env.inject(spec))

    recording = recorded(program)

    assert recording.named("it").inputs["spec"]["template"]["metadata"]["annotations"] == {
        "a": "b",
        "reloader.stakater.com/auto": "true",
    }
    [secret] = recording.of_type("kubernetes:core/v1:Secret")
    assert "immutable" not in secret.inputs


RELOADER = {"reloader.stakater.com/auto": "true"}


@pytest.mark.parametrize(
    ("spec", "way"),
    [
        ({"template": TEMPLATE}, ["template"]),
        (TEMPLATE, []),
        ({"metadata": {"labels": {"app": "nlp"}}, "spec": POD}, []),
        (
            core.PodTemplateSpecArgs(
                spec=core.PodSpecArgs(containers=[core.ContainerArgs(name="a")])
            ),
            [],
        ),
        (WRITTEN["CronJob"], ["jobTemplate", "spec", "template"]),
        (WRITTEN["manifest"], ["spec", "template"]),
        (WRITTEN["DeploymentSpecArgs"], ["template"]),
    ],
    ids=[
        "spec",
        "template",
        "template with labels",
        "PodTemplateSpecArgs",
        "CronJob",
        "manifest",
        "Args",
    ],
)
def test_reloader_is_told_wherever_there_is_a_template(spec: Any, way: list[str]) -> None:
    def program() -> None:
        env = EscEnv("nlp", secrets={"A": "url"}, reloader=True)
        core.Pod("it", spec=env.inject(spec))

    found = recorded(program).named("it").inputs["spec"]
    for step in way:
        found = found[step]

    assert found["metadata"]["annotations"] == RELOADER
    assert found["spec"]["containers"][0]["env"][0]["name"] == "A"


@pytest.mark.parametrize(
    "spec",
    [
        lambda: POD,
        lambda: core.PodSpecArgs(containers=[core.ContainerArgs(name="a")]),
        lambda: {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": POD},
        lambda: later(POD),
        lambda: {"spec": later(POD)},
    ],
    ids=["dictionary", "Args", "manifest of a Pod", "pod later", "spec of a template later"],
)
def test_a_pod_without_a_template_is_refused_with_reloader_instead_of_never_rolling(
    spec: Any,
) -> None:
    def program() -> None:
        env = EscEnv("nlp", secrets={"A": "url"}, reloader=True)
        core.Pod("it", spec=env.inject(spec()))

    with pytest.raises(
        Exception, match="reloader=True needs an annotation on the pod template"
    ) as refused:
        recorded(program)

    assert "Give inject the whole spec of the Deployment" in str(refused.value)


def test_an_external_environment_refuses_it_too() -> None:
    def program() -> None:
        ExternalEnv("nlp", secrets={"A": "nlp/stack/a"}, store="vault", reloader=True).inject(POD)

    with pytest.raises(
        WorkloadError, match="reloader=True needs an annotation on the pod template"
    ):
        recorded(program)


@pytest.mark.parametrize("when", ["now", "later"])
def test_reloader_is_told_on_top_of_the_template_s_own_annotations(when: str) -> None:
    def program() -> None:
        theirs: Any = {"a": "b", "reloader.stakater.com/auto": "false"}
        metadata = {"annotations": later(theirs) if when == "later" else theirs}
        env = EscEnv("nlp", secrets={"A": "url"}, reloader=True)
        core.Pod("it", spec=env.inject({"template": {"metadata": metadata, "spec": POD}}))

    template = recorded(program).named("it").inputs["spec"]["template"]

    assert template["metadata"]["annotations"] == {"a": "b", **RELOADER}


def test_a_variable_that_a_container_sets_is_refused_with_env_from_as_well() -> None:
    """There it would win, where among single variables the later one does."""

    def program() -> None:
        env = EscEnv("nlp", secrets={"DATABASE_URL": "url"})
        core.Pod("it", spec=env.inject({"containers": [{**CONTAINER, "env": SET}]}, env_from=True))

    with pytest.raises(WorkloadError, match="sets DATABASE_URL already"):
        recorded(program)


def test_a_container_whose_name_is_known_later_cannot_be_chosen_by_name() -> None:
    def program() -> None:
        environment().inject({"containers": [{"name": later("api")}]}, containers=["api"])

    with pytest.raises(WorkloadError, match="a container's name is an output that is not known"):
        recorded(program)


@pytest.mark.parametrize("mounts", ["volumeMounts", "volume_mounts"])
def test_a_member_stays_spelled_as_it_was(mounts: str) -> None:
    kept: list[Any] = []
    spec = {"containers": [{**CONTAINER, mounts: [{"name": "tmp", "mountPath": "/scratch"}]}]}
    recorded(lambda: kept.append(environment().inject(spec)))

    [container] = kept[0]["containers"]
    assert {each for each in container if each.lower().startswith("volume")} == {mounts}


PAUSED = {"paused": True, "selector": SELECTOR, "template": TEMPLATE}
ON_DELETE = {"type": "OnDelete"}
STAYS: dict[str, tuple[Callable[[], Any], str]] = {
    "paused": (lambda: PAUSED, "the workload is paused"),
    "paused later": (lambda: {**PAUSED, "paused": later(True)}, "the workload is paused"),
    "paused Args": (
        lambda: apps.DeploymentSpecArgs(
            paused=True,
            selector=meta.LabelSelectorArgs(match_labels={"app": "nlp"}),
            template=core.PodTemplateSpecArgs(
                spec=core.PodSpecArgs(containers=[core.ContainerArgs(name="a")])
            ),
        ),
        "the workload is paused",
    ),
    "paused manifest": (
        lambda: {"kind": "Deployment", "metadata": {"name": "a"}, "spec": PAUSED},
        "the workload is paused",
    ),
    "spec later": (lambda: later(PAUSED), "the workload is paused"),
    "OnDelete": (
        lambda: {"updateStrategy": ON_DELETE, "template": TEMPLATE},
        "the workload's updateStrategy is OnDelete",
    ),
    "OnDelete in snake_case": (
        lambda: {"update_strategy": ON_DELETE, "template": TEMPLATE},
        "the workload's updateStrategy is OnDelete",
    ),
    "OnDelete Args": (
        lambda: apps.DaemonSetSpecArgs(
            update_strategy=apps.DaemonSetUpdateStrategyArgs(type="OnDelete"),
            selector=meta.LabelSelectorArgs(match_labels={"app": "nlp"}),
            template=core.PodTemplateSpecArgs(
                spec=core.PodSpecArgs(containers=[core.ContainerArgs(name="a")])
            ),
        ),
        "the workload's updateStrategy is OnDelete",
    ),
    "partition": (
        lambda: {"updateStrategy": {"rollingUpdate": {"partition": 2}}, "template": TEMPLATE},
        "the workload's updateStrategy has a partition",
    ),
    "canary": (
        lambda: {"strategy": {"canary": {"steps": [{"pause": {}}]}}, "template": TEMPLATE},
        "Pulumi does not wait for the steps of an Argo Rollout",
    ),
    "blue and green": (
        lambda: {"strategy": {"blueGreen": {"activeService": "a"}}, "template": TEMPLATE},
        "Pulumi does not wait for the steps of an Argo Rollout",
    ),
}


@pytest.mark.parametrize("case", STAYS)
def test_a_workload_that_goes_on_needing_the_old_secret_is_refused_unless_old_ones_are_kept(
    case: str,
) -> None:
    spec, says = STAYS[case]

    def program(**more: Any) -> Callable[[], object]:
        return lambda: core.Pod("it", spec=environment(**more).inject(spec()))

    with pytest.raises(Exception, match=says) as refused:
        recorded(program())
    assert "keep old objects in the cluster with keep_old=True" in str(refused.value)
    pod_of(recorded(program(keep_old=True)).named("it").inputs["spec"])


@pytest.mark.parametrize(
    "more",
    [
        {"paused": False},
        {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}},
        {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 1}}},
        {"strategy": {"type": "Recreate"}},
        {"strategy": {"rollingUpdate": {"maxSurge": 1}}},
    ],
    ids=str,
)
def test_a_workload_that_rolls_is_taken_whatever_its_strategy(more: dict[str, Any]) -> None:
    spec = injected({**more, "template": TEMPLATE})

    assert {key: spec[key] for key in more} == more


def test_an_external_environment_keeps_its_secret_and_takes_a_paused_workload() -> None:
    def program() -> None:
        env = ExternalEnv("nlp", secrets={"A": "nlp/stack/a"}, store="vault")
        apps.Deployment("it", spec=env.inject(PAUSED))

    assert recorded(program).named("it").inputs["spec"]["paused"] is True


def test_old_objects_are_kept_under_labels_by_which_a_person_finds_them() -> None:
    recording = recorded(lambda: environment(keep_old=True, labels={"team": "language"}))
    without = recorded(environment)

    for kind in ("Secret", "ConfigMap"):
        [made] = recording.of_type(f"kubernetes:core/v1:{kind}")
        assert made.retain_on_delete is True
        assert made.inputs["metadata"]["labels"] == {
            "infra-secrets/name": "nlp",
            "infra-secrets/stack": "stack",
            "infra-secrets/project": "project",
            "team": "language",
        }
        [made] = without.of_type(f"kubernetes:core/v1:{kind}")
        assert made.retain_on_delete is None
        assert "labels" not in made.inputs["metadata"]


def test_a_stack_s_name_that_is_no_label_asks_for_one_where_old_objects_are_kept() -> None:
    made = Recording(stack="s" * 64, secrets={"url": "made-up"})
    with pytest.raises(EnvArgsError) as refused:
        made.run(lambda: EscEnv("nlp", secrets={"A": "url"}, keep_old=True))
    assert 'labels={"infra-secrets/stack": "production"}' in str(refused.value)

    labels = {"infra-secrets/stack": "short"}
    made.run(lambda: EscEnv("nlp", secrets={"A": "url"}, keep_old=True, labels=labels))
    [secret] = made.of_type("kubernetes:core/v1:Secret")
    assert secret.inputs["metadata"]["labels"]["infra-secrets/stack"] == "short"


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (
            {"template": {**TEMPLATE, "metadata": {"labels": {1: "b"}}}},
            "spec['template']['metadata']['labels'] has",
        ),
        (
            {**POD, "nodeSelector": {True: "b"}},
            "spec['nodeSelector'] has a key that is a boolean. A key must be a",
        ),
        (
            {"containers": [{**cast(Any, CONTAINER), 1: 2}]},
            "spec['containers'][0] has a key that is a number",
        ),
        (
            {"containers": [{**CONTAINER, "resources": {"limits": {1: "1"}}}]},
            "spec['containers'][0]['resources']['limits'] has a key that is a number. A key must be a string; write it",
        ),
        ({1: 2, "template": TEMPLATE}, "spec has a key that is a number"),
        (
            core.PodSpecArgs(
                containers=[core.ContainerArgs(name="a", security_context={None: True})]
            ),
            "spec.containers[0].security_context has a key that is nothing",
        ),
        (
            {**POD, "tolerations": ({"key": b"x"},)},
            "spec['tolerations'][0]['key'] is bytes. It must be text,",
        ),
        (
            {"template": {**TEMPLATE, "metadata": {"annotations": {"day": date(2026, 1, 1)}}}},
            "['day'] is a date. It must be text",
        ),
    ],
    ids=["labels", "node selector", "container", "limits", "spec", "Args", "bytes", "date"],
)
def test_what_pulumi_cannot_send_is_refused_with_its_path_and_not_with_everything_around_it(
    spec: Any, says: str
) -> None:
    text = refusal(spec)

    assert says in text
    assert "nlp:1" not in text


def test_what_pulumi_cannot_send_is_found_in_an_output_too() -> None:
    def program() -> None:
        spec = later({**POD, "nodeSelector": {"a": b"x"}})
        core.Pod("it", spec=environment().inject(spec))

    with pytest.raises(Exception, match=r"spec\['nodeSelector'\]\['a'\] is bytes"):
        recorded(program)


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("kubernetes:apps/v1:Deployment", "Deployment"),
        ("kubernetes:apps/v1beta1:StatefulSet", "StatefulSet"),
        ("kubernetes:batch/v1:CronJob", "CronJob"),
        ("kubernetes:core/v1:Pod", "Pod"),
        ("kubernetes:apps/v1:DeploymentList", None),
        ("kubernetes:apps/v1:DeploymentPatch", None),
        ("kubernetes:core/v1:Service", None),
        ("kubernetes:core/v1:PodTemplate", None),
        ("other:core/v1:Pod", None),
    ],
)
def test_only_what_runs_pods_is_transformed(token: str, kind: str | None) -> None:
    assert workload_kind(token) == kind


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,40}", fullmatch=True)


@settings(max_examples=40, deadline=None)
@given(st.lists(NAMES, unique=True, min_size=1, max_size=8), st.sets(NAMES, max_size=4))
def test_whatever_the_names_every_variable_is_there_once_or_the_doubled_one_is_named(
    ours: list[str], theirs: set[str]
) -> None:
    def program() -> None:
        env = EscEnv("nlp", secrets=dict.fromkeys(ours, "url"))
        mine = [{"name": name, "value": "x"} for name in sorted(theirs)]
        core.Pod("it", spec=env.inject({"containers": [{**CONTAINER, "env": mine}]}))

    doubled = set(ours) & theirs
    if doubled:
        with pytest.raises(WorkloadError, match="sets (" + "|".join(sorted(doubled)) + ") already"):
            recorded(program)
    else:
        [container] = recorded(program).named("it").inputs["spec"]["containers"]
        assert [each["name"] for each in container["env"]] == [*sorted(ours), *sorted(theirs)]


def test_an_external_environment_injects_in_the_same_way() -> None:
    def program() -> None:
        env = ExternalEnv(
            "nlp", secrets={"A": "nlp/stack/a"}, files={"/id": "nlp/stack/b#key"}, store="vault"
        )
        core.Pod("it", spec=env.inject(POD))

    recording = recorded(program)
    [container] = recording.named("it").inputs["spec"]["containers"]
    external = recording.named("nlp", "kubernetes:external-secrets.io/v1:ExternalSecret")

    assert container["env"][0]["valueFrom"]["secretKeyRef"]["key"] == "A"
    assert container["volumeMounts"][0]["mountPath"] == "/id"
    assert external.inputs["spec"]["data"] == [
        {"secretKey": "A", "remoteRef": {"key": "nlp/stack/a"}},
        {"secretKey": "id", "remoteRef": {"key": "nlp/stack/b", "property": "key"}},
    ]


def deep(levels: int) -> Any:
    found: Any = "x"
    for _ in range(levels):
        found = [found]
    return found


def template(**more: Any) -> dict[str, Any]:
    return {"selector": SELECTOR, "template": {**TEMPLATE, **more}}


def pod(**more: Any) -> dict[str, Any]:
    return template(spec={**POD, **more})


def container(**more: Any) -> dict[str, Any]:
    return pod(containers=[{**CONTAINER, **more}])


@pytest.mark.parametrize("known", ["now", "later"])
@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (container(args=["\ud800"]), "args'][0] has halves of characters (surrogates)"),
        (container(**{"\ud800": "x"}), "has a key that has halves of characters (surrogates)"),
        (container(p=10**5000), "['p'] is a number that is too large to be sent"),
        (container(p=deep(3000)), "is nested too deeply; at most 32 levels are allowed"),
        (pod(volumes=7), "volumes must be a list; found a number."),
        (pod(volumes="x"), "volumes must be a list; found a string."),
        (
            container(volumeMounts=7),
            "container 'api': volumeMounts must be a list; found a number.",
        ),
        (container(env=7), "the env of container 'api' must be a list; found a number."),
        (
            template(metadata=7),
            "the template's metadata must be a dictionary or ObjectMetaArgs; found a",
        ),
        (
            template(metadata={"annotations": 7}),
            "the template's annotations must be a mapping; found a number.",
        ),
    ],
    ids=[
        "half a character",
        "half a character as a key",
        "a huge number",
        "endlessly deep",
        "volumes that are a number",
        "volumes that are a string",
        "volumeMounts",
        "env",
        "metadata",
        "annotations",
    ],
)
def test_what_would_break_pulumi_or_python_is_refused(spec: Any, says: str, known: str) -> None:
    if "3000" in says or "deeply" in says:
        known = "now"  # Pulumi's own `Output.from_input` cannot go so deep

    def program() -> None:
        given = pulumi.Output.from_input(spec) if known == "later" else spec
        apps.Deployment("it", spec=environment(reloader=True).inject(given))

    with pytest.raises((WorkloadError, OutputError)) as refused:
        recorded(program)

    assert says in str(refused.value)
    assert isinstance(refused.value, pulumi.RunError)
    assert len(str(refused.value)) < 1_000


def test_env_from_of_a_container_that_is_no_list_is_refused() -> None:
    def program() -> None:
        external = EscEnv("nlp", secrets={"DATABASE_URL": "url"})
        core.Pod(
            "it", spec=external.inject({"containers": [{**CONTAINER, "envFrom": 7}]}, env_from=True)
        )

    with pytest.raises(
        WorkloadError, match="container 'api': envFrom must be a list; found a number"
    ):
        recorded(program)


@pytest.mark.parametrize("wrong", ["x", 7, None, []])
def test_a_switch_of_inject_must_be_a_boolean(wrong: Any) -> None:
    with pytest.raises(WorkloadError, match="env_from must be true or false; found"):
        injected(POD, env_from=wrong)
