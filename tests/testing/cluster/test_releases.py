"""What is known of a Helm release."""

import ipaddress

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from tests.testing.cluster.programs import rehearse


@pytest.mark.engine
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
