"""The simulated cluster: where it is found, what an operator does by hand, and its rules."""

import copy
from pathlib import Path

import pytest

from infra_secrets.testing import CloudError, Rehearsal, SimulatedKubernetes
from infra_secrets.testing.cluster.kubernetes import RULES
from tests.testing.cluster.manifests import ENV, cluster, container, deployment, from_secret, secret
from tests.testing.cluster.programs import nlp, rehearse


@pytest.mark.engine
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


def test_every_rule_is_experimented_with_in_this_folder() -> None:
    files = Path(__file__).parent.glob("test_*.py")
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    assert [rule.id for rule in RULES if f'"{rule.id}"' not in text] == []
