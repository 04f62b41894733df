"""How a workload or an object is found."""

import pytest

from infra_secrets.testing import NoSuchSecretError
from tests.testing.cluster.manifests import (
    TWO_CONTAINERS,
    cluster,
    container,
    deployment,
    manifest,
    pods,
    secret,
)
from tests.testing.cluster.programs import nlp, rehearse


@pytest.mark.engine
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
