"""What the API server stores, and what goes with what is deleted."""

import pytest

from infra_secrets.testing import CloudError
from tests.testing.cluster.manifests import ENV, cluster, manifest, secret


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
