"""What pulumi-kubernetes does with a manifest over a server, and what a program finds there."""

import ipaddress
from collections.abc import Callable

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from infra_secrets.testing import Run
from tests.testing.cluster.manifests import LABELS, container, manifest, pods
from tests.testing.cluster.programs import nlp, rehearse


@pytest.mark.engine
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


@pytest.mark.engine
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


@pytest.mark.engine
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


@pytest.mark.engine
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


@pytest.mark.engine
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


@pytest.mark.engine
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


@pytest.mark.engine
def test_without_controllers_there_is_no_status() -> None:
    def program() -> None:
        service = kubernetes.core.v1.Service("web", spec={"type": "LoadBalancer"})
        pulumi.export("status", service.status.apply(lambda status: status is None))

    with rehearse(program, without=("kubernetes-assigns-addresses",)) as rehearsal:
        rehearsal.up()
        assert rehearsal.outputs["status"] is True


@pytest.mark.engine
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
