"""The simulated cluster: what pulumi-kubernetes does with it, and what a container sees.

The four rows of `test_a_changed_value_*` were seen on a real API server with the real provider.
"""

import base64
import copy
import ipaddress
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from infra_secrets.testing import (
    CloudError,
    Dangling,
    EngineError,
    NoSuchSecretError,
    Recording,
    Rehearsal,
    Run,
    SecretValue,
    SimulatedAws,
    SimulatedAzure,
    SimulatedGcp,
    SimulatedKubernetes,
)
from infra_secrets.testing.cluster.kubernetes import RULES
from infra_secrets.testing.simulation import SimulatedCloud

LABELS = {"app": "nlp"}


def container(*env: Mapping[str, Any], name: str = "app", **more: Any) -> dict[str, Any]:
    return {"name": name, "image": "nlp:1", "env": list(env), **more}


def from_secret(variable: str, secret: Any, key: str = "", **more: Any) -> dict[str, Any]:
    reference = {"name": secret, "key": key or variable, **more}
    return {"name": variable, "valueFrom": {"secretKeyRef": reference}}


def pods(*containers: Mapping[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"labels": LABELS}, "spec": {"containers": list(containers), **spec}}


def manifest(kind: str, name: str, **fields: Any) -> dict[str, Any]:
    group = {"Deployment": "apps/v1", "Job": "batch/v1", "CronJob": "batch/v1"}
    api_version = fields.pop("apiVersion", group.get(kind, "v1"))
    metadata = {"name": name, **fields.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def deployment(*containers: Mapping[str, Any], name: str = "nlp", **spec: Any) -> dict[str, Any]:
    template = pods(*containers, **spec)
    return manifest(
        "Deployment", name, spec={"selector": {"matchLabels": LABELS}, "template": template}
    )


def secret(name: str, data: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return manifest("Secret", name, stringData=dict(data), **fields)


def cluster(*manifests: Mapping[str, Any], without: tuple[str, ...] = ()) -> SimulatedKubernetes:
    made = SimulatedKubernetes(without)
    for each in manifests:
        made.apply(each)
    return made


# Programs -----------------------------------------------------------------------------------------


def nlp(
    value: str = "first value",
    name: str | None = None,
    options: pulumi.ResourceOptions | None = None,
    **secret_args: Any,
) -> Callable[[], None]:
    """A Secret and the Deployment that reads it, as a program without the package makes them."""

    def program() -> None:
        hidden = kubernetes.core.v1.Secret(
            "nlp",
            metadata={"name": name} if name else None,
            string_data={"API_TOKEN": pulumi.Output.secret(value)},
            opts=options,
            **secret_args,
        )
        reads = from_secret("API_TOKEN", hidden.metadata.name)
        kubernetes.apps.v1.Deployment(
            "nlp",
            spec={"selector": {"matchLabels": LABELS}, "template": pods(container(reads))},
        )
        pulumi.export("secret", hidden.metadata.name)

    return program


MUTABLE = {"kubernetes:enableSecretMutable": "true"}


def kinds(history: list[str]) -> list[str]:
    return [" ".join(event.split(" ")[:2]) for event in history]


def change(rehearsal: Rehearsal, **program: Any) -> list[str]:
    """Run up, change the value, run up again; return what that did in the cluster."""
    rehearsal.program = nlp("first value", **program)
    rehearsal.up()
    before = len(rehearsal.kubernetes.history)
    rehearsal.program = nlp("second value", **program)
    rehearsal.up()
    return kinds(rehearsal.kubernetes.history[before:])


def rehearse(
    program: Callable[[], object] | None = None,
    without: tuple[str, ...] = (),
    config: Mapping[str, Any] | None = None,
) -> Rehearsal:
    return Rehearsal(program, clouds=[SimulatedKubernetes(without)], config=config)


REPLACED_WITHOUT_A_GAP = ["create Secret", "update Deployment", "delete Secret"]


def test_a_changed_value_of_an_auto_named_immutable_secret_rolls_the_deployment_once() -> None:
    with rehearse() as rehearsal:
        assert change(rehearsal, immutable=True) == REPLACED_WITHOUT_A_GAP
        first, second = rehearsal.kubernetes.rollouts("nlp")
        assert (first.number, first.changed) == (1, ())
        assert (second.number, second.changed) == (
            2,
            ("spec.containers[0].env[0].valueFrom.secretKeyRef.name",),
        )
        assert rehearsal.kubernetes.dangling == []
        assert rehearsal.kubernetes.environment("nlp") == {"API_TOKEN": "second value"}
        assert rehearsal.up().changes == []
        assert rehearsal.refresh().changes == []
        rehearsal.destroy()
        assert rehearsal.kubernetes.names("Deployment") == rehearsal.kubernetes.names() == []
        assert kinds(rehearsal.kubernetes.history[-2:]) == ["delete Deployment", "delete Secret"]
        rehearsal.assert_no_leak()


def test_a_changed_value_of_a_fixed_name_is_an_outage() -> None:
    with rehearse() as rehearsal:
        assert change(rehearsal, name="nlp") == [
            "delete Deployment",
            "delete Secret",
            "create Secret",
            "create Deployment",
        ]


@pytest.mark.parametrize("name", [None, "nlp"])
def test_a_changed_value_of_a_mutable_secret_rolls_nothing(name: str | None) -> None:
    with rehearse(config=MUTABLE) as rehearsal:
        assert change(rehearsal, name=name) == ["update Secret"]
        assert len(rehearsal.kubernetes.rollouts()) == 1
        assert rehearsal.kubernetes.environment("nlp") == {"API_TOKEN": "second value"}


def test_a_changed_value_of_an_immutable_secret_rolls_whatever_the_provider_s_settings() -> None:
    with rehearse(config=MUTABLE) as rehearsal:
        assert change(rehearsal, immutable=True) == REPLACED_WITHOUT_A_GAP


@pytest.mark.parametrize(
    ("rule", "program", "config", "without"),
    [
        ("kubernetes-replaces-changed-secrets", {}, {}, ["update Secret"]),
        (
            "kubernetes-deletes-fixed-names-first",
            {"name": "nlp"},
            {},
            'secrets "nlp" already exists',
        ),
        (
            "kubernetes-replaces-what-depends-on-a-deleted-name",
            {"name": "nlp"},
            {},
            ["delete Secret", "create Secret"],
        ),
        (
            "kubernetes-replaces-immutable",
            {"immutable": True},
            MUTABLE,
            "data: Forbidden: field is immutable when `immutable` is set",
        ),
    ],
)
def test_each_row_rests_on_a_rule(
    rule: str, program: dict[str, Any], config: dict[str, Any], without: list[str] | str
) -> None:
    with rehearse(without=(rule,), config=config) as rehearsal:
        if isinstance(without, str):
            with pytest.raises(EngineError) as raised:
                change(rehearsal, **program)
            assert without in str(raised.value)
        else:
            assert change(rehearsal, **program) == without


def test_a_fixed_name_that_another_has_is_refused_in_up_and_not_in_preview() -> None:
    with rehearse(nlp(name="taken")) as rehearsal:
        rehearsal.kubernetes.apply(secret("taken", {"KEY": "value"}))
        assert rehearsal.preview().succeeded
        run = rehearsal.up(check=False)
        assert 'secrets "taken" already exists' in run.error
        assert rehearsal.kubernetes.value("taken/KEY") == "value"


def test_a_workload_that_names_a_secret_by_hand_is_left_pointing_at_nothing() -> None:
    def by_hand(value: str) -> Callable[[], None]:
        def program() -> None:
            kubernetes.core.v1.Secret(
                "env", metadata={"name": "env"}, string_data={"API_TOKEN": value}
            )
            kubernetes.apps.v1.Deployment(
                "nlp",
                spec={
                    "selector": {"matchLabels": LABELS},
                    "template": pods(container(from_secret("API_TOKEN", "env"))),
                },
            )

        return program

    with rehearse(by_hand("first value")) as rehearsal:
        rehearsal.up()
        before = len(rehearsal.kubernetes.dangling)
        rehearsal.program = by_hand("second value")
        rehearsal.up()
        (found,) = rehearsal.kubernetes.dangling[before:]
        assert isinstance(found, Dangling)
        assert found.workload == f"Deployment default/{rehearsal.kubernetes.names('Deployment')[0]}"
        assert found.reference.where == "container app, env API_TOKEN"
        assert (found.reason, found.after) == (
            'secret "env" not found',
            "delete Secret default/env",
        )
        assert rehearsal.kubernetes.pods_would_wait() == []


# What a program notices ----------------------------------------------------------------------------


def test_what_a_secret_holds_is_base64_in_the_state_and_secret_by_itself() -> None:
    def program() -> None:
        made = kubernetes.core.v1.Secret("env", string_data={"KEY": "välue"})
        pulumi.export("name", made.metadata.name)
        pulumi.export("namespace", made.metadata.namespace)
        pulumi.export("data", made.data)

    with rehearse(program) as rehearsal:
        preview = rehearsal.preview(diff=True)
        assert "[secret]" in preview.output
        assert "välue" not in preview.output
        rehearsal.up()
        (resource,) = rehearsal.resources
        assert set(resource["inputs"]) == {"apiVersion", "kind", "metadata", "data"}
        outputs = rehearsal.outputs
        assert outputs["name"] == rehearsal.kubernetes.names()[0]
        assert outputs["namespace"] == "default"
        assert outputs["data"] == SecretValue({"KEY": base64.b64encode("välue".encode()).decode()})
        assert rehearsal.kubernetes.value("env/KEY") == "välue"
        assert rehearsal.echoed == []

    with rehearse(program, without=("kubernetes-folds-string-data",)) as rehearsal:
        rehearsal.up()
        (resource,) = rehearsal.resources
        assert set(resource["inputs"]) == {"apiVersion", "kind", "metadata", "stringData"}


def test_a_made_up_name_has_eight_digits_and_stays_until_the_object_is_replaced() -> None:
    def program(label: str) -> Callable[[], None]:
        def run() -> None:
            kubernetes.core.v1.ConfigMap("env", data={"A": "1"}, metadata={"labels": {"l": label}})

        return run

    with rehearse(program("one")) as rehearsal:
        rehearsal.up()
        (name,) = rehearsal.kubernetes.names("ConfigMap")
        assert name.startswith("env-")
        assert len(name) == len("env-") + 8
        rehearsal.program = program("two")
        assert [step.op for step in rehearsal.up().changes] == ["update"]
        assert rehearsal.kubernetes.names("ConfigMap") == [name]
        stored = rehearsal.kubernetes.get("ConfigMap", "env")
        assert stored["metadata"]["labels"] == {"l": "two"}
        assert stored["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}


def test_a_recording_shows_the_made_up_name() -> None:
    recording = Recording()
    recording.run(nlp())
    name = recording.exports["secret"]
    assert name.startswith("nlp-")
    assert len(name) == len("nlp-") + 8
    (workload,) = recording.of_type("kubernetes:apps/v1:Deployment")
    (env,) = workload.inputs["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env == from_secret("API_TOKEN", name)


@pytest.mark.parametrize(
    ("rule", "config", "metadata", "expected"),
    [
        (
            "kubernetes-no-generate-name",
            {},
            {"generateName": "env-"},
            "the `.metadata.generateName` field is not supported in Server-Side Apply mode",
        ),
        (
            "kubernetes-namespaces-exist",
            {},
            {"namespace": "nope"},
            'namespaces "nope" not found',
        ),
        (
            "kubernetes-provider-namespace",
            {"kubernetes:namespace": "nope"},
            {},
            'namespaces "nope" not found',
        ),
    ],
)
def test_a_place_or_name_that_cannot_be_fails_the_run(
    rule: str, config: dict[str, Any], metadata: dict[str, Any], expected: str
) -> None:
    def program() -> None:
        kubernetes.core.v1.Secret("env", metadata=metadata, string_data={"KEY": "value"})

    with rehearse(program, config=config) as rehearsal:
        # A dry run does not look for the namespace; the name is judged before.
        assert rehearsal.preview(check=False).succeeded == ("generateName" not in metadata)
        assert expected in rehearsal.up(check=False).error
        assert rehearsal.kubernetes.names() == []
    with rehearse(program, config=config, without=(rule,)) as rehearsal:
        rehearsal.up()
        assert len(rehearsal.kubernetes.names()) == 1


def test_a_namespace_can_come_from_an_operator_or_from_the_program() -> None:
    def program() -> None:
        mine = kubernetes.core.v1.Namespace("mine", metadata={"name": "mine"})
        for namespace in ("theirs", mine.metadata.name):
            kubernetes.core.v1.Secret(
                f"in-{namespace if isinstance(namespace, str) else 'mine'}",
                metadata={"namespace": namespace},
                string_data={"KEY": "value"},
            )

    with rehearse(program) as rehearsal:
        rehearsal.kubernetes.create_namespace("theirs")
        rehearsal.up()
        assert len(rehearsal.kubernetes.names("Secret", "mine")) == 1
        assert len(rehearsal.kubernetes.names("Secret", "theirs")) == 1
        assert rehearsal.kubernetes.names("Namespace") == [
            "default",
            "kube-system",
            "mine",
            "theirs",
        ]
        rehearsal.destroy()
        assert rehearsal.kubernetes.names() == []


def test_without_made_up_names_the_server_refuses_an_object_without_one() -> None:
    program = nlp()
    with rehearse(program, without=("kubernetes-auto-names",)) as rehearsal:
        assert "metadata.name: Invalid value" in rehearsal.up(check=False).error


def test_a_cluster_that_nobody_reaches_loses_nothing() -> None:
    with rehearse(nlp()) as rehearsal:
        rehearsal.up()
        rehearsal.kubernetes.unreachable = True
        rehearsal.program = nlp("second value")
        failed: list[Run] = [
            rehearsal.up(check=False),
            rehearsal.refresh(check=False),
            rehearsal.destroy(check=False),
        ]
        assert "configured Kubernetes cluster is unreachable" in failed[0].error
        assert "failed to read resource state due to unreachable cluster" in failed[1].error
        assert "configured Kubernetes cluster is unreachable" in failed[2].error
        assert rehearsal.kubernetes.environment("nlp") == {"API_TOKEN": "first value"}
        rehearsal.kubernetes.unreachable = False
        rehearsal.up()
        assert rehearsal.kubernetes.environment("nlp") == {"API_TOKEN": "second value"}
        assert rehearsal.kubernetes.dangling == []


def bad_variable(value: str = "value") -> Callable[[], None]:
    def program() -> None:
        kubernetes.apps.v1.Deployment(
            "nlp",
            spec={
                "selector": {"matchLabels": LABELS},
                "template": pods(container({"name": "A=B", "value": value})),
            },
        )

    return program


def test_a_preview_meets_what_the_server_refuses() -> None:
    with rehearse(bad_variable()) as rehearsal:
        for run in (rehearsal.preview(check=False), rehearsal.up(check=False)):
            assert (
                "was not successfully created by the Kubernetes API server: Deployment.apps"
                in run.error
            )
            assert (
                'spec.template.spec.containers[0].env[0].name: Invalid value: "A=B": a valid'
                " environment variable name must consist only of printable ASCII characters other"
                " than '='" in run.error
            )
    with rehearse(bad_variable(), without=("kubernetes-previews-by-dry-run",)) as rehearsal:
        assert rehearsal.preview().succeeded
        assert not rehearsal.up(check=False).succeeded


def test_what_was_changed_or_deleted_by_hand_is_put_right_after_a_refresh() -> None:
    with rehearse(nlp()) as rehearsal:
        rehearsal.up()
        rehearsal.kubernetes.delete("Secret", "nlp")
        assert rehearsal.kubernetes.pods_would_wait("nlp") != []
        workload = rehearsal.kubernetes.get("Deployment", "nlp")
        workload["spec"]["template"]["spec"]["containers"][0]["image"] = "nlp:patched"
        rehearsal.kubernetes.apply(workload)
        rehearsal.refresh()
        rehearsal.up()
        assert rehearsal.kubernetes.pods_would_wait() == []
        workload = rehearsal.kubernetes.get("Deployment", "nlp")
        assert workload["spec"]["template"]["spec"]["containers"][0]["image"] == "nlp:1"


def test_an_object_that_is_there_can_be_imported() -> None:
    def program() -> None:
        kubernetes.core.v1.ConfigMap(
            "env",
            metadata={"name": "env", "namespace": "default"},
            data={"A": "1"},
            opts=pulumi.ResourceOptions(import_="default/env"),
        )

    with rehearse(program) as rehearsal:
        rehearsal.kubernetes.apply(manifest("ConfigMap", "env", data={"A": "1"}))
        assert [step.op for step in rehearsal.up().changes] == ["import"]
        assert rehearsal.kubernetes.history == ["create ConfigMap default/env"]


@pytest.mark.parametrize("kind", ["ConfigMap", "Job", "selector"])
def test_a_change_that_needs_a_new_object_makes_one(kind: str) -> None:
    def program(value: str) -> Callable[[], None]:
        def run() -> None:
            labels = {"app": value}
            template = pods(container(), restartPolicy="Never")
            if kind == "ConfigMap":
                kubernetes.core.v1.ConfigMap("it", data={"A": value})
            elif kind == "Job":
                template["spec"]["containers"][0]["image"] = value
                kubernetes.batch.v1.Job("it", spec={"template": template})
            else:
                template["metadata"]["labels"] = labels
                spec: Any = {"selector": {"matchLabels": labels}, "template": template}
                kubernetes.apps.v1.Deployment("it", spec=spec)

        return run

    rules = {"ConfigMap": "kubernetes-replaces-changed-config-maps"}
    rule = rules.get(kind, "kubernetes-replaces-on-fixed-fields")
    with rehearse(program("one")) as rehearsal:
        rehearsal.up()
        rehearsal.program = program("two")
        ops = [step.op for step in rehearsal.up().changes]
        assert ops == ["create-replacement", "replace", "delete-replaced"]
        assert len(rehearsal.kubernetes.rollouts("it")) == (0 if kind == "ConfigMap" else 2)
    with rehearse(program("one"), without=(rule,)) as rehearsal:
        rehearsal.up()
        rehearsal.program = program("two")
        if kind == "ConfigMap":
            assert [step.op for step in rehearsal.up().changes] == ["update"]
        else:
            assert "field is immutable" in rehearsal.up(check=False).error


def test_a_fork_is_a_cluster_of_its_own() -> None:
    with rehearse(nlp()) as rehearsal:
        rehearsal.up()
        with rehearsal.fork() as twin:
            twin.program = nlp("second value")
            twin.up()
            assert twin.kubernetes.environment("nlp") == {"API_TOKEN": "second value"}
            assert len(twin.kubernetes.rollouts("nlp")) == 2
        assert rehearsal.kubernetes.environment("nlp") == {"API_TOKEN": "first value"}
        assert len(rehearsal.kubernetes.rollouts("nlp")) == 1


def test_a_cluster_is_part_of_every_rehearsal() -> None:
    with Rehearsal() as rehearsal:
        assert isinstance(rehearsal.kubernetes, SimulatedKubernetes)
        found: object = rehearsal.clouds["kubernetes"]
        assert rehearsal.kubernetes is found


# What the server refuses ---------------------------------------------------------------------------

LONG = "x" * 254
TWO_CONTAINERS = (container(name="app"), container(name="side"))
REFUSED: dict[str, list[tuple[dict[str, Any], str]]] = {
    "kubernetes-names": [
        (secret("Env", {}), "a lowercase RFC 1123 subdomain must consist of lower case"),
        (secret(LONG, {}), "metadata.name: Invalid value"),
        (manifest("Namespace", "a.b"), "must not contain dots"),
        (manifest("Namespace", "x" * 64), "must be no more than 63 characters"),
        (manifest("Namespace", "A"), "a lowercase RFC 1123 label must consist of"),
    ],
    "kubernetes-labels": [
        (secret("env", {}, metadata={"labels": {"a b": "c"}}), "name part must consist of"),
        (secret("env", {}, metadata={"labels": {"a": "b c"}}), "a valid label must be an empty"),
        (secret("env", {}, metadata={"labels": {"a": "x" * 64}}), "no more than 63 characters"),
        (secret("env", {}, metadata={"labels": {"x" * 64: "a"}}), "no more than 63 characters"),
        (secret("env", {}, metadata={"labels": {"/a": "b"}}), "prefix part must be non-empty"),
        (secret("env", {}, metadata={"labels": {"a/": "b"}}), "name part must be non-empty"),
        (secret("env", {}, metadata={"labels": {"A_/b": "c"}}), "prefix part a lowercase RFC 1123"),
        (secret("env", {}, metadata={"labels": {"a/b/c": "d"}}), "a valid label key must consist"),
        (secret("env", {}, metadata={"annotations": {"a b": "c"}}), "metadata.annotations"),
    ],
    "kubernetes-data-keys": [
        (secret("env", {"a b": "c"}), "regex used for validation is '[-._a-zA-Z0-9]+'"),
        (secret("env", {LONG: "c"}), "must be no more than 253 characters"),
        (secret("env", {"..": "c"}), "must not be '..'"),
        (secret("env", {"..a": "c"}), "must not start with '..'"),
        (manifest("ConfigMap", "env", data={"a/b": "c"}), "data[a/b]: Invalid value"),
        (deployment(container(from_secret("A", "env", "a b"))), "valueFrom.secretKeyRef.key"),
    ],
    "kubernetes-data-size": [
        (
            secret("env", {"a": "x" * 2**20, "b": "x"}),
            "data: Too long: may not be more than 1048576",
        ),
        (manifest("ConfigMap", "env", data={"a": "ü" * 2**20}), "Too long"),
    ],
    "kubernetes-strings-only": [
        (secret("env", {"PORT": 8080}), ".stringData.PORT: expected string, got a int"),
        (secret("env", {}, metadata={"labels": {"on": True}}), ".metadata.labels.on: expected"),
        (
            deployment(container({"name": "PORT", "value": 8080})),
            'env[name="PORT"].value: expected',
        ),
        (manifest("ConfigMap", "env", binaryData={"a": "!"}), "illegal base64 data"),
        (manifest("Secret", "env", data={"a": "not base64"}), "illegal base64 data"),
    ],
    "kubernetes-environment-names": [
        (deployment(container({"name": "A=B"})), "printable ASCII characters other than '='"),
        (deployment(container({"name": "Ä"})), "printable ASCII characters other than '='"),
        (deployment(container({"value": "x"})), "env[0].name: Required value"),
        (deployment(container(envFrom=[{"prefix": "=", "secretRef": {"name": "a"}}])), "prefix"),
    ],
    "kubernetes-value-or-value-from": [
        (
            deployment(container({**from_secret("A", "env"), "value": "x"})),
            "may not be specified when `value` is not empty",
        ),
        (deployment(container({"name": "A", "valueFrom": {}})), "must specify one of: `fieldRef`"),
        (
            deployment(
                container(
                    {
                        "name": "A",
                        "valueFrom": {
                            "secretKeyRef": {"name": "a", "key": "b"},
                            "configMapKeyRef": {"name": "a", "key": "b"},
                        },
                    }
                )
            ),
            "may not have more than one field specified at a time",
        ),
        (
            deployment(container({"name": "A", "valueFrom": {"secretKeyRef": {"name": "a"}}})),
            "secretKeyRef.key: Required value",
        ),
    ],
    "kubernetes-mounts": [
        (
            deployment(container(volumeMounts=[{"name": "env", "mountPath": "/etc/env"}])),
            'volumeMounts[0].name: Not found: "env"',
        ),
        (
            deployment(
                container(
                    volumeMounts=[
                        {"name": "env", "mountPath": "/etc/env"},
                        {"name": "env", "mountPath": "/etc/env", "subPath": "a"},
                    ]
                ),
                volumes=[{"name": "env", "emptyDir": {}}],
            ),
            "must be unique",
        ),
        (
            deployment(
                container(volumeMounts=[{"name": "env", "mountPath": "/a", "subPath": "../b"}]),
                volumes=[{"name": "env", "emptyDir": {}}],
            ),
            "must not contain '..'",
        ),
        (
            deployment(
                container(volumeMounts=[{"name": "env", "mountPath": "/a", "subPath": "/b"}]),
                volumes=[{"name": "env", "emptyDir": {}}],
            ),
            "must be a relative path",
        ),
        (
            deployment(
                container(volumeMounts=[{"name": "env"}]),
                volumes=[{"name": "env", "emptyDir": {}}],
            ),
            "mountPath: Required value",
        ),
    ],
    "kubernetes-selector-matches": [
        (
            manifest(
                "Deployment",
                "nlp",
                spec={"selector": {"matchLabels": {"app": "other"}}, "template": pods(container())},
            ),
            "`selector` does not match template `labels`",
        ),
        (
            manifest(
                "Deployment",
                "nlp",
                spec={
                    "selector": {
                        "matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["nlp"]}]
                    },
                    "template": pods(container()),
                },
            ),
            "`selector` does not match template `labels`",
        ),
        (
            manifest("Deployment", "nlp", spec={"template": pods(container())}),
            "spec.selector: Required value",
        ),
    ],
}


@pytest.mark.parametrize(
    ("rule", "refused", "words"),
    [(rule, refused, words) for rule, rows in REFUSED.items() for refused, words in rows],
    ids=[f"{rule}-{number}" for rule, rows in REFUSED.items() for number, _ in enumerate(rows)],
)
def test_the_server_refuses_in_its_own_words(
    rule: str, refused: dict[str, Any], words: str
) -> None:
    with pytest.raises(CloudError) as raised:
        cluster(refused)
    assert words in str(raised.value)
    cluster(refused, without=(rule,))


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(CloudError) as raised:
        cluster(secret("env", {"a b": "x", "c d": "x"}))
    assert str(raised.value).startswith('Secret "env" is invalid: [data[a b]: Invalid value')
    assert "data[c d]" in str(raised.value)


def test_the_server_accepts_what_only_breaks_later() -> None:
    cluster(
        deployment(
            container(
                {"name": "1A", "value": "digit first"},
                {"name": "a-b.c", "value": "dots"},
                {"name": "TWICE", "value": "one"},
                {"name": "TWICE", "value": "two"},
                from_secret("NOTHING", "not-there"),
            )
        )
    )


ENV = secret("env", {"KEY": "value"})
IMMUTABLE = {**ENV, "immutable": True}
JOB = manifest("Job", "job", spec={"template": pods(container())})
POD = manifest("Pod", "pod", spec={"containers": [container()]})


@pytest.mark.parametrize(
    ("rule", "before", "after", "words"),
    [
        (
            "kubernetes-immutable-stays",
            IMMUTABLE,
            {**IMMUTABLE, "stringData": {"KEY": "other"}},
            "data: Forbidden: field is immutable when `immutable` is set",
        ),
        (
            "kubernetes-immutable-stays",
            IMMUTABLE,
            ENV,
            "immutable: Forbidden: field is immutable when `immutable` is set",
        ),
        (
            "kubernetes-fixed-fields",
            ENV,
            {**ENV, "type": "kubernetes.io/tls"},
            "type: Invalid value",
        ),
        (
            "kubernetes-fixed-fields",
            JOB,
            manifest("Job", "job", spec={"template": pods(container(), restartPolicy="Never")}),
            "spec.template: Invalid value: field is immutable",
        ),
        (
            "kubernetes-fixed-fields",
            POD,
            manifest("Pod", "pod", spec={"containers": [container({"name": "A"})]}),
            "pod updates may not change fields other than",
        ),
    ],
)
def test_what_cannot_change_does_not(
    rule: str, before: dict[str, Any], after: dict[str, Any], words: str
) -> None:
    with pytest.raises(CloudError) as raised:
        cluster(before, after)
    assert words in str(raised.value)
    cluster(before, after, without=(rule,))


def test_a_name_is_taken_once() -> None:
    made = cluster(ENV)
    with pytest.raises(CloudError, match='secrets "env" already exists'):
        made.server.create(ENV)
    cluster(ENV, without=("kubernetes-names-are-unique",)).server.create(ENV)


def test_what_is_in_a_namespace_goes_with_it() -> None:
    inside = secret("env", {}, metadata={"namespace": "mine"})
    for without, left in [((), []), (("kubernetes-deletes-what-is-owned",), ["env"])]:
        made = cluster(manifest("Namespace", "mine"), inside, without=without)
        made.delete("Namespace", "mine")
        assert made.names() == left


# Rollouts and references ---------------------------------------------------------------------------


def test_only_a_changed_template_is_a_rollout() -> None:
    first = deployment(container())
    scaled = {**first, "spec": {**first["spec"], "replicas": 3}}
    changed = deployment(container({"name": "A", "value": "b"}))
    made = cluster(first, first, scaled, changed)
    assert [(each.number, each.changed) for each in made.rollouts("nlp")] == [
        (1, ()),
        (2, ("spec.containers[0].env[0]",)),
    ]
    assert made.history == ["create Deployment default/nlp"] + ["update Deployment default/nlp"] * 2


@pytest.mark.parametrize(
    "kind", ["StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"]
)
def test_every_kind_of_workload_has_a_template(kind: str) -> None:
    template = pods(container(from_secret("A", "env")))
    spec: dict[str, Any] = {"selector": {"matchLabels": LABELS}, "template": template}
    versions = {"Pod": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}
    if kind == "CronJob":
        spec = {"schedule": "@daily", "jobTemplate": {"spec": {"template": template}}}
    elif kind == "Pod":
        spec = template["spec"]
    workload = manifest(kind, "it", apiVersion=versions.get(kind, "apps/v1"), spec=spec)
    made = cluster(workload)
    assert [(each.kind, each.number) for each in made.rollouts("it")] == [(kind, 1)]
    assert made.pods_would_wait("it") == [f'{kind} default/it: secret "env" not found']
    made.apply(secret("env", {"A": "b"}))
    assert made.environment("it") == {"A": "b"}


def test_every_place_that_needs_a_secret_or_config_map_is_noticed() -> None:
    init = container(from_secret("A", "init", "a"), name="init")
    main = container(
        {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "by-key", "key": "b"}}},
        from_secret("OPTIONAL", "optional", "x", optional=True),
        envFrom=[
            {"secretRef": {"name": "whole"}},
            {"configMapRef": {"name": "whole-map"}},
            {"secretRef": {"name": "optional", "optional": True}},
        ],
    )
    volumes = [
        {"name": "one", "secret": {"secretName": "volume", "items": [{"key": "k", "path": "p"}]}},
        {"name": "two", "configMap": {"name": "volume-map"}},
        {"name": "three", "projected": {"sources": [{"secret": {"name": "projected"}}]}},
        {"name": "four", "secret": {"secretName": "optional", "optional": True}},
        {"name": "five", "projected": {"sources": [{"configMap": {"name": "projected-map"}}]}},
    ]
    made = cluster(
        deployment(
            main, initContainers=[init], volumes=volumes, imagePullSecrets=[{"name": "registry"}]
        )
    )
    noticed = {
        (each.reference.kind, each.reference.name, each.reference.key) for each in made.dangling
    }
    assert noticed == {
        ("Secret", "init", "a"),
        ("ConfigMap", "by-key", "b"),
        ("Secret", "whole", ""),
        ("ConfigMap", "whole-map", ""),
        ("Secret", "volume", "k"),
        ("ConfigMap", "volume-map", ""),
        ("Secret", "projected", ""),
        ("ConfigMap", "projected-map", ""),
    }
    made.apply(secret("volume", {"other": "x"}))
    assert "Deployment default/nlp: couldn't find key k in Secret volume" in made.pods_would_wait()


def test_a_reference_is_reported_once_while_it_dangles_and_again_when_it_dangles_again() -> None:
    made = cluster(deployment(container(from_secret("KEY", "env"))))
    made.apply(secret("other", {}))
    made.apply(ENV)
    made.delete("Secret", "env")
    assert [each.after for each in made.dangling] == [
        "create Deployment default/nlp",
        "delete Secret default/env",
    ]


# What a container sees -----------------------------------------------------------------------------

HARD = {
    "NEWLINES": "-----BEGIN KEY-----\r\nabc\n-----END KEY-----\n",
    "UNICODE": "pässwörd ☃ 🔑",
    "EXPRESSION": "$(KEY) $$(KEY) $KEY $(",
    "QUOTES": 'it\'s "quoted" \\ `so`',
    "SPACES": "  around  ",
    "EMPTY": "",
    "LARGE": "x" * 65536,
}


def test_values_pass_unchanged_from_a_secret() -> None:
    env = [from_secret(name, "env") for name in HARD]
    mounts = [{"name": "env", "mountPath": "/run/env", "readOnly": True}]
    volumes = [{"name": "env", "secret": {"secretName": "env"}}]
    made = cluster(
        secret("env", HARD), deployment(container(*env, volumeMounts=mounts), volumes=volumes)
    )
    assert made.environment("nlp") == HARD
    assert made.files("nlp") == {f"/run/env/{key}": text.encode() for key, text in HARD.items()}


def test_a_literal_is_expanded_with_what_came_before_it() -> None:
    app = container(
        {"name": "EARLY", "value": "$(HOST)"},
        from_secret("HOST", "env", "host"),
        {"name": "URL", "value": "https://$(HOST):$(PORT)/$(MISSING)"},
        {"name": "ESCAPED", "value": "$$(HOST) $HOST $$ $("},
        envFrom=[{"configMapRef": {"name": "brought"}}],
    )
    made = cluster(
        secret("env", {"host": "$(PORT).example"}),
        manifest("ConfigMap", "brought", data={"PORT": "8080"}),
        deployment(app),
    )
    assert made.environment("nlp") == {
        "PORT": "8080",
        "EARLY": "$(HOST)",
        "HOST": "$(PORT).example",
        "URL": "https://$(PORT).example:8080/$(MISSING)",
        "ESCAPED": "$(HOST) $HOST $ $(",
    }
    plain = cluster(deployment(app), without=("kubernetes-expands-literals",))
    plain.apply(secret("env", {"host": "h"}))
    plain.apply(manifest("ConfigMap", "brought", data={"PORT": "8080"}))
    assert plain.environment("nlp")["ESCAPED"] == "$$(HOST) $HOST $$ $("


def test_env_wins_over_env_from_and_a_later_source_over_an_earlier_one() -> None:
    app = container(
        {"name": "A", "value": "env"},
        {"name": "B", "value": "env"},
        {"name": "B", "value": "env again"},
        envFrom=[
            {"configMapRef": {"name": "one"}},
            {"secretRef": {"name": "two"}},
            {"prefix": "P_", "secretRef": {"name": "two"}},
            {"secretRef": {"name": "not-there", "optional": True}},
        ],
    )
    objects = [
        manifest("ConfigMap", "one", data={"A": "one", "C": "one", "D": "one"}),
        secret("two", {"C": "two"}),
        deployment(app),
    ]
    expected = {"A": "env", "B": "env again", "C": "two", "D": "one", "P_C": "two"}
    assert cluster(*objects).environment("nlp") == expected
    without = cluster(*objects, without=("kubernetes-env-wins-over-env-from",))
    assert without.environment("nlp") == {**expected, "A": "one"}


def test_what_is_missing_keeps_a_container_from_starting_unless_it_is_optional() -> None:
    made = cluster(deployment(container(from_secret("A", "env", optional=True))))
    assert made.environment("nlp") == {}
    made.apply(deployment(container(from_secret("A", "env"))))
    with pytest.raises(CloudError, match='secret "env" not found') as raised:
        made.environment("nlp")
    assert raised.value.code == "CreateContainerConfigError"
    made.apply(secret("env", {"B": "c"}))
    with pytest.raises(CloudError, match="couldn't find key A in Secret env"):
        made.environment("nlp")
    made.apply(deployment(container(from_secret("A", "env", optional=True))))
    assert made.environment("nlp") == {}


def test_a_nul_byte_keeps_a_container_from_starting() -> None:
    objects = [secret("env", {"A": "a\0b"}), deployment(container(from_secret("A", "env")))]
    with pytest.raises(CloudError, match='invalid environment variable "A": nul byte'):
        cluster(*objects).environment("nlp")
    without = cluster(*objects, without=("kubernetes-no-nul-in-the-environment",))
    assert without.environment("nlp") == {"A": "a\0b"}


def test_the_downward_api_tells_a_pod_who_it_is() -> None:
    named = [("NAME", "metadata.name"), ("APP", "metadata.labels['app']"), ("IP", "status.podIP")]
    env = [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in named]
    assert cluster(deployment(container(*env))).environment("nlp") == {
        "NAME": "nlp-0",
        "APP": "nlp",
        "IP": "",
    }


def test_files_come_from_whole_volumes_items_and_sub_paths() -> None:
    volumes = [
        {"name": "whole", "secret": {"secretName": "env"}},
        {
            "name": "map",
            "configMap": {"name": "map", "items": [{"key": "a", "path": "deep/a.txt"}]},
        },
        {
            "name": "both",
            "projected": {
                "sources": [
                    {"secret": {"name": "env", "items": [{"key": "identity", "path": "id"}]}},
                    {"configMap": {"name": "map"}},
                    {"secret": {"name": "not-there", "optional": True}},
                ]
            },
        },
        {"name": "scratch", "emptyDir": {}},
    ]
    mounts = [
        {"name": "whole", "mountPath": "/etc/flux/identity", "subPath": "identity"},
        {"name": "whole", "mountPath": "/etc/nothing", "subPath": "not-there"},
        {"name": "whole", "mountPath": "/whole/"},
        {"name": "map", "mountPath": "/map"},
        {"name": "map", "mountPath": "/deep", "subPath": "deep"},
        {"name": "both", "mountPath": "/both"},
        {"name": "scratch", "mountPath": "/scratch"},
        {"name": "whole", "mountPath": "/expr", "subPathExpr": "$(WHICH)"},
    ]
    app = container({"name": "WHICH", "value": "identity"}, volumeMounts=mounts)
    made = cluster(
        secret("env", {"identity": "key\n"}),
        manifest(
            "ConfigMap",
            "map",
            data={"a": "A"},
            binaryData={"b": base64.b64encode(b"\xff").decode()},
        ),
        deployment(app, volumes=volumes),
    )
    assert made.files("nlp") == {
        "/etc/flux/identity": b"key\n",
        "/whole/identity": b"key\n",
        "/map/deep/a.txt": b"A",
        "/deep/a.txt": b"A",
        "/both/id": b"key\n",
        "/both/a": b"A",
        "/both/b": b"\xff",
        "/expr": b"key\n",
    }


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"secret": {"secretName": "gone"}}, 'secret "gone" not found'),
        (
            {"secret": {"secretName": "env", "items": [{"key": "b", "path": "b"}]}},
            "references non-existent secret key: b",
        ),
    ],
)
def test_a_volume_without_its_secret_cannot_be_mounted(source: dict[str, Any], words: str) -> None:
    made = cluster(ENV, deployment(container(), volumes=[{"name": "it", **source}]))
    with pytest.raises(CloudError, match=words) as raised:
        made.files("nlp")
    assert raised.value.code == "ContainerCreating"


# Finding things ------------------------------------------------------------------------------------


def test_a_workload_is_found_by_either_of_its_names() -> None:
    with rehearse(nlp()) as rehearsal:
        rehearsal.up()
        (full,) = rehearsal.kubernetes.names("Deployment")
        for name in ("nlp", full, "Deployment/nlp", f"Deployment/{full}"):
            assert rehearsal.kubernetes.environment(name) == {"API_TOKEN": "first value"}
        assert rehearsal.kubernetes.rollouts(full) == rehearsal.kubernetes.rollouts("nlp")


def test_what_is_there_twice_or_not_at_all_has_to_be_named_better() -> None:
    made = cluster(
        deployment(*TWO_CONTAINERS),
        manifest("Job", "nlp", spec={"template": pods(container())}),
        manifest("Namespace", "mine"),
        secret("env", {"A": "b", "C": "d"}),
        secret("env", {}, metadata={"namespace": "mine"}),
    )
    with pytest.raises(NoSuchSecretError, match="Deployment default/nlp, Job default/nlp"):
        made.environment("nlp")
    with pytest.raises(NoSuchSecretError, match="the containers app, side"):
        made.environment("Deployment/nlp")
    assert made.environment("Deployment/nlp", "side") == {}
    with pytest.raises(NoSuchSecretError, match=r"no workload 'other'\. There is: default/nlp"):
        made.environment("other")
    with pytest.raises(NoSuchSecretError, match="Secret default/env, Secret mine/env"):
        made.get("Secret", "env")
    assert made.get("Secret", "env", "mine")["metadata"]["namespace"] == "mine"
    with pytest.raises(NoSuchSecretError, match="has 2 keys"):
        made.set_value("env", "x", "default")
    with pytest.raises(NoSuchSecretError, match="has no pods"):
        made.environment("Secret/env", namespace="mine")


def test_a_kubernetes_secret_is_a_secret_among_others() -> None:
    made = cluster(ENV, secret("none", {}))
    made.set_value("env", "by hand")
    assert made.value("env/KEY") == made.reader_sees("env") == "by hand"
    assert made.versions("env") == ["by hand"]
    assert made.planted == ["by hand"]
    assert (made.state("env"), made.state("none"), made.state("gone")) == (
        "set",
        "empty",
        "missing",
    )
    assert made.describe("env")["data"] == {"KEY": 7}
    assert made.reader_sees("gone") == "NotFound"
    made.delete("Secret", "env")
    assert made.names() == ["none"]
    with pytest.raises(CloudError, match="nothing can bring back"):
        made.restore("env")


def test_a_copy_of_a_cluster_shares_nothing() -> None:
    made = cluster(ENV, deployment(container(from_secret("KEY", "env"))))
    twin = copy.deepcopy(made)
    twin.delete("Secret", "env")
    assert made.environment("nlp") == {"KEY": "value"}
    assert (made.dangling, len(twin.dangling)) == ([], 1)


# External Secrets Operator --------------------------------------------------------------------------


def external(key: str, property_: str | None = None, **target: Any) -> dict[str, Any]:
    reference = {"key": key} | ({"property": property_} if property_ else {})
    return manifest(
        "ExternalSecret",
        "nlp",
        apiVersion="external-secrets.io/v1",
        spec={
            "secretStoreRef": {"name": "store", "kind": "SecretStore"},
            "target": {"name": "nlp-env", **target},
            "data": [{"secretKey": "KEY", "remoteRef": reference}],
        },
    )


def store(**provider: Any) -> dict[str, Any]:
    return manifest(
        "SecretStore",
        "store",
        apiVersion="external-secrets.io/v1",
        spec={"provider": provider},
    )


def aws_with(value: str | None, name: str = "app/token") -> SimulatedAws:
    aws = SimulatedAws()
    aws.service.create_secret("eu-west-1", name)
    if value is not None:
        aws.set_value(name, value)
    return aws


AWS_STORE = store(aws={"service": "SecretsManager", "region": "eu-west-1"})


def clouds(*simulated: SimulatedCloud) -> dict[str, SimulatedCloud]:
    return {cloud.package: cloud for cloud in simulated}


def ready(made: SimulatedKubernetes) -> str:
    (condition,) = made.get("ExternalSecret", "nlp")["status"]["conditions"]
    return str(condition["message"])


def test_a_value_comes_from_the_cloud_and_follows_it() -> None:
    aws = aws_with("first")
    made = cluster(AWS_STORE, external("app/token"))
    assert made.synced("nlp") == ""
    made.sync(clouds(aws))
    assert (made.synced("nlp"), made.value("nlp-env/KEY")) == ("SecretSynced", "first")
    aws.set_value("app/token", "second")
    made.sync(clouds(aws))
    assert made.value("nlp-env") == "second"
    made.delete("ExternalSecret", "nlp")
    assert made.names() == []


def test_a_field_of_a_document_is_found_by_its_name_or_path() -> None:
    document = {"a.b": "dotted", "user": {"name": "app", "port": 5432}, "list": ["x", None]}
    aws = aws_with(json.dumps(document))
    for field, expected in {
        "a.b": "dotted",
        "user.name": "app",
        "user.port": "5432",
        "user": '{"name":"app","port":5432}',
        "list.0": "x",
        "list.1": "",
    }.items():
        made = cluster(AWS_STORE, external("app/token", field))
        made.sync(clouds(aws))
        assert made.value("nlp-env/KEY") == expected
    made = cluster(AWS_STORE, external("app/token", "user.nothing"))
    made.sync(clouds(aws))
    assert ready(made) == "key user.nothing does not exist in secret app/token"
    made = cluster(AWS_STORE, external("app/token", "user"))
    made.sync(clouds(aws_with("no document")))
    assert ready(made) == "unable to unmarshal secret app/token: it is no JSON object"


def test_a_whole_document_can_be_taken() -> None:
    aws = aws_with(json.dumps({"A": "one", "B": 2}))
    whole = external("app/token")
    whole["spec"] |= {"data": None, "dataFrom": [{"extract": {"key": "app/token"}}]}
    made = cluster(AWS_STORE, whole)
    made.sync(clouds(aws))
    assert (made.value("nlp-env/A"), made.value("nlp-env/B")) == ("one", "2")


@pytest.mark.parametrize("policy", [None, "Retain"])
def test_a_value_that_goes_away_leaves_the_secret_alone(policy: str | None) -> None:
    target = {"deletionPolicy": policy} if policy else {}
    made = cluster(AWS_STORE, external("app/token", **target))
    made.sync(clouds(aws_with(None)))
    assert (made.synced("nlp"), made.names()) == ("SecretSyncedError", [])
    made.sync(clouds(aws_with("value")))
    for gone in (aws_with(None), aws_with("value", "other")):
        made.sync(clouds(gone))
        assert made.synced("nlp") == "SecretSyncedError"
        assert made.value("nlp-env/KEY") == "value"
    rule = ("kubernetes-external-secret-retains",)
    made = cluster(AWS_STORE, external("app/token", **target), without=rule)
    made.sync(clouds(aws_with("value")))
    made.sync(clouds(aws_with(None)))
    assert made.names() == []


def test_deletion_policy_delete_takes_a_running_pod_s_secret_away() -> None:
    objects = [
        AWS_STORE,
        external("app/token", deletionPolicy="Delete"),
        deployment(container(from_secret("KEY", "nlp-env"))),
    ]
    made = cluster(*objects)
    made.sync(clouds(aws_with("value")))
    assert made.pods_would_wait() == []
    made.sync(clouds(aws_with(None)))
    assert made.synced("nlp") == "SecretSynced"
    assert made.dangling[-1].after == "delete Secret default/nlp-env"
    made = cluster(*objects, without=("kubernetes-external-secret-deletes",))
    made.sync(clouds(aws_with("value")))
    made.sync(clouds(aws_with(None)))
    assert made.pods_would_wait() == []


def test_a_disabled_value_is_an_ordinary_error_that_no_policy_skips() -> None:
    azure = SimulatedAzure()
    azure.service.put("rehearsal", "token", {"properties": {"value": "value"}})
    made = cluster(
        store(azurekv={"vaultUrl": "https://rehearsal.vault.azure.net"}),
        external("secret/token", deletionPolicy="Delete"),
    )
    made.sync(clouds(azure))
    assert made.value("nlp-env/KEY") == "value"
    hidden = {"value": "value", "attributes": {"enabled": False}}
    azure.service.put("rehearsal", "token", {"properties": hidden})
    made.sync(clouds(azure))
    assert made.synced("nlp") == "SecretSyncedError"
    assert made.value("nlp-env/KEY") == "value"


def test_a_name_is_read_as_each_cloud_writes_it() -> None:
    aws = aws_with("aws value")
    arn = aws.describe("app/token")["ARN"]
    gcp = SimulatedGcp()
    gcp.service.create("rehearsal", "app-token", {"replication": {"auto": {}}})
    gcp.set_value("app-token", "gcp value")
    made = cluster(AWS_STORE, external(arn))
    made.sync(clouds(aws))
    assert made.value("nlp-env/KEY") == "aws value"
    gcp_store = store(gcpsm={"projectID": "rehearsal"})
    made = cluster(gcp_store, external("app-token"))
    made.sync(clouds(gcp))
    assert made.value("nlp-env/KEY") == "gcp value"
    full = external("projects/rehearsal/secrets/app-token")
    made = cluster(gcp_store, full)
    made.sync(clouds(gcp))
    assert "does not match the expected format" in ready(made)
    made = cluster(gcp_store, full, without=("kubernetes-store-says-where",))
    made.sync(clouds(gcp))
    assert made.value("nlp-env/KEY") == "gcp value"


def test_a_store_reads_only_its_own_place() -> None:
    elsewhere = store(aws={"region": "us-east-1"})
    made = cluster(elsewhere, external("app/token"))
    made.sync(clouds(aws_with("value")))
    assert (made.synced("nlp"), ready(made)) == ("SecretSyncedError", "Secret does not exist")


def test_a_store_that_is_not_there_is_an_error_until_someone_declares_it() -> None:
    made = cluster(external("app/token"))
    made.sync(clouds(aws_with("value")))
    assert 'could not get SecretStore "store"' in ready(made)
    made.add_store("store", kind="SecretStore", scope="eu-west-1")
    made.sync(clouds(aws_with("value")))
    assert made.synced("nlp") == "SecretSynced"
    shared = external("app/token")
    shared["spec"]["secretStoreRef"] = {"name": "shared", "kind": "ClusterSecretStore"}
    made = cluster(shared)
    made.add_store("shared", "aws")
    made.sync(clouds(aws_with("value")))
    assert made.synced("nlp") == "SecretSynced"
    made.sync({})
    assert "reads aws, which is not rehearsed" in ready(made)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"dataFrom": [{"find": {}}]}, "knows only `extract`"),
        ({"target": {"template": {"data": {"a": "{{ .b }}"}}}}, "no template with expressions"),
        ({"data": [{"secretKey": "a b", "remoteRef": {"key": "app/token"}}]}, "Invalid value"),
    ],
)
def test_what_cannot_be_synced_says_so(broken: dict[str, Any], words: str) -> None:
    wanted = external("app/token")
    wanted["spec"] |= broken
    made = cluster(AWS_STORE, wanted)
    made.sync(clouds(aws_with("value")))
    assert made.synced("nlp") == "SecretSyncedError"
    assert words in ready(made)


def test_who_owns_the_secret_decides_what_becomes_of_it() -> None:
    template = {"metadata": {"annotations": {"reloader.stakater.com/match": "true"}}}
    made = cluster(AWS_STORE, external("app/token", creationPolicy="Orphan", template=template))
    made.sync(clouds(aws_with("value")))
    assert (
        made.get("Secret", "nlp-env")["metadata"]["annotations"]
        == template["metadata"]["annotations"]
    )
    made.delete("ExternalSecret", "nlp")
    assert made.names() == ["nlp-env"]
    made = cluster(AWS_STORE, external("app/token", creationPolicy="Merge"))
    made.sync(clouds(aws_with("value")))
    assert made.names() == []
    made.apply(secret("nlp-env", {"OTHER": "kept"}))
    made.sync(clouds(aws_with("value")))
    assert (made.value("nlp-env/OTHER"), made.value("nlp-env/KEY")) == ("kept", "value")
    made = cluster(AWS_STORE, external("app/token", immutable=True))
    made.sync(clouds(aws_with("value")))
    made.sync(clouds(aws_with("other")))
    assert made.value("nlp-env/KEY") == "value"


def test_an_immutable_target_keeps_its_first_value() -> None:
    aws, made = aws_with("first"), SimulatedKubernetes()
    made.apply(AWS_STORE)
    made.apply(external("app/token", immutable=True))
    made.sync(clouds(aws))
    aws.set_value("app/token", "second")
    made.sync(clouds(aws))

    assert made.value("nlp-env/KEY") == "first"


def test_a_program_s_external_secret_is_synced_in_a_rehearsal() -> None:
    def program() -> None:
        for made in (AWS_STORE, external("app/token")):
            kubernetes.apiextensions.CustomResource(
                made["kind"].lower(),
                api_version=made["apiVersion"],
                kind=made["kind"],
                metadata={"name": made["metadata"]["name"]},
                spec=made["spec"],
            )

    with Rehearsal(program, clouds=[aws_with(None), SimulatedKubernetes()]) as rehearsal:
        rehearsal.up()
        rehearsal.kubernetes.sync(rehearsal.clouds)
        assert rehearsal.kubernetes.synced("externalsecret") == "SecretSyncedError"
        rehearsal.aws.set_value("app/token", "operator's value")
        rehearsal.kubernetes.sync(rehearsal.clouds)
        assert rehearsal.kubernetes.value("nlp-env/KEY") == "operator's value"
        rehearsal.refresh()
        assert rehearsal.up().changes == []
        rehearsal.assert_no_leak()
        rehearsal.destroy()
        assert rehearsal.kubernetes.names() == []


# What controllers write -----------------------------------------------------------------------------


def addressed() -> None:
    selector = {"selector": LABELS, "ports": [{"port": 80}]}
    outside = kubernetes.core.v1.Service("web", spec={**selector, "type": "LoadBalancer"})
    inside = kubernetes.core.v1.Service("inside", spec=selector)
    headless = kubernetes.core.v1.Service("headless", spec={**selector, "clusterIP": "None"})
    ingress = kubernetes.networking.v1.Ingress("web", spec={"rules": []})
    workload = kubernetes.apps.v1.Deployment(
        "nlp",
        spec={"replicas": 3, "selector": {"matchLabels": LABELS}, "template": pods(container())},
    )
    pulumi.export("outside", outside.status.load_balancer.ingress[0].ip)
    pulumi.export("url", inside.spec.apply(lambda spec: f"http://{spec.cluster_ip}:80"))
    pulumi.export("headless", headless.spec.cluster_ip)
    pulumi.export("host", ingress.status.load_balancer.ingress[0].hostname)
    pulumi.export("ready", workload.status.ready_replicas)


def test_what_controllers_write_is_there_and_is_no_change() -> None:
    with rehearse(addressed) as rehearsal:
        rehearsal.preview()
        rehearsal.up()
        found = rehearsal.outputs
        assert ipaddress.ip_address(found["outside"]).version == 4
        assert found["url"].startswith("http://10.96.")
        assert found["headless"] == "None"
        assert found["host"].endswith(".example.com")
        assert found["ready"] == 3
        for again in (rehearsal.preview, rehearsal.up, rehearsal.refresh, rehearsal.up):
            assert again().changes == []
        assert rehearsal.outputs == found
    with rehearse(addressed) as rehearsal:
        rehearsal.up()
        assert rehearsal.outputs == found


def test_what_a_helm_release_would_have_made_can_be_looked_up_and_nothing_else() -> None:
    def program() -> None:
        release = kubernetes.helm.v3.Release("shop", chart="wordpress", namespace="default")
        address = pulumi.Output.concat(release.status.namespace, "/", release.status.name, tail)
        found = kubernetes.core.v1.Service.get("found", address)
        pulumi.export("inside", found.spec.cluster_ip)
        pulumi.export("outside", found.status.load_balancer.ingress[0].ip)

    tail = "-wordpress"
    with rehearse(program) as rehearsal:
        rehearsal.preview()
        rehearsal.up()
        assert ipaddress.ip_address(rehearsal.outputs["inside"]).version == 4
        assert ipaddress.ip_address(rehearsal.outputs["outside"]).version == 4
        assert rehearsal.up().changes == []
        assert rehearsal.echoed == ["kubernetes:helm.sh/v3:Release"]
    with rehearse(lambda: kubernetes.core.v1.Service.get("x", "default/x")) as rehearsal:
        assert "does not exist" in rehearsal.up(check=False).error


def test_without_controllers_there_is_no_status() -> None:
    def program() -> None:
        service = kubernetes.core.v1.Service("web", spec={"type": "LoadBalancer"})
        pulumi.export("status", service.status.apply(lambda status: status is None))

    with rehearse(program, without=("kubernetes-assigns-addresses",)) as rehearsal:
        rehearsal.up()
        assert rehearsal.outputs["status"] is True


def test_what_others_made_can_be_looked_up_where_that_rule_is_off() -> None:
    def program() -> None:
        found = kubernetes.core.v1.Service.get("gateway", "shared/gateway")
        pulumi.export("place", found.metadata.namespace)
        pulumi.export("address", found.spec.cluster_ip)

    with rehearse(program, without=("kubernetes-reads-what-is-there",)) as rehearsal:
        rehearsal.preview()
        rehearsal.up()
        assert rehearsal.outputs["place"] == "shared"
        assert ipaddress.ip_address(rehearsal.outputs["address"]).version == 4
        assert rehearsal.up().changes == []
        rehearsal.destroy()


# The rules ------------------------------------------------------------------------------------------


def test_every_rule_is_experimented_with_in_this_file() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [rule.id for rule in RULES if f'"{rule.id}"' not in text] == []
