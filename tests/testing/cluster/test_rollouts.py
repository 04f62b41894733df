"""Which workloads roll after a change, and which are left pointing at nothing."""

from collections.abc import Callable
from typing import Any

import pulumi_kubernetes as kubernetes
import pytest

from infra_secrets.testing import Dangling
from tests.testing.cluster.manifests import (
    ENV,
    LABELS,
    cluster,
    container,
    deployment,
    from_secret,
    manifest,
    pods,
    secret,
)
from tests.testing.cluster.programs import rehearse


@pytest.mark.engine
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
