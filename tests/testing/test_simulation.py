"""What every simulated cloud promises, one parametrized file over the folder."""

import copy

import pytest

from infra_secrets.testing import SimulatedKubernetes
from infra_secrets.testing.clouds import every_cloud
from infra_secrets.testing.defaults import simulated_clouds
from infra_secrets.testing.simulation import (
    Call,
    CloudError,
    NoSuchSecretError,
    Request,
    SimulatedCloud,
    SimulatedProvider,
    compare,
)

CLOUDS = {cloud.package: type(cloud) for cloud in simulated_clouds()}


@pytest.fixture(params=sorted(CLOUDS))
def cloud(request: pytest.FixtureRequest) -> SimulatedCloud:
    return CLOUDS[request.param]()


def test_every_rule_has_a_name_of_its_own_a_sentence_and_a_source(cloud: SimulatedCloud) -> None:
    assert cloud.rules
    assert len({rule.id for rule in cloud.rules}) == len(cloud.rules)
    for rule in cloud.rules:
        assert rule.id.startswith(cloud.package.partition("-")[0] + "-")
        assert rule.text.endswith((".", ")"))
        assert rule.source


def test_a_rule_that_does_not_exist_cannot_be_switched_off(cloud: SimulatedCloud) -> None:
    with pytest.raises(ValueError, match="has no rule no-such-rule") as raised:
        type(cloud)(without={"no-such-rule"})
    assert cloud.rules[0].id in str(raised.value)


def test_a_cluster_is_a_provider_and_no_secrets_manager(cloud: SimulatedCloud) -> None:
    assert isinstance(cloud, SimulatedProvider)
    assert isinstance(cloud, SimulatedCloud) is (cloud.package != "kubernetes")


def test_what_is_simulated_is_every_cloud_and_a_cluster_which_can_be_given() -> None:
    mine = SimulatedKubernetes()
    simulated: list[SimulatedProvider] = [*simulated_clouds(mine)]
    assert simulated.pop() is mine
    assert [type(each) for each in simulated] == [type(each) for each in every_cloud()]


def test_a_missing_secret_is_missing_and_cannot_be_read(cloud: SimulatedCloud) -> None:
    assert cloud.state("nothing") == "missing"
    assert cloud.value("nothing") is None
    assert cloud.versions("nothing") == []
    assert cloud.names() == []
    with pytest.raises(NoSuchSecretError, match="no secret 'nothing'"):
        cloud.set_value("nothing", "value")


def test_a_copy_shares_nothing_but_the_rules(cloud: SimulatedCloud) -> None:
    cloud.fail_next("create")
    twin = copy.deepcopy(cloud)
    cloud.planted.append("only here")
    assert twin.planted == []
    assert twin.lock is not cloud.lock
    with pytest.raises(CloudError):
        twin.meet(Request(cloud.package, "create", "t"))
    with pytest.raises(CloudError):
        cloud.meet(Request(cloud.package, "create", "t"))


def test_a_fault_meets_the_request_it_was_ordered_for_and_no_preview(cloud: SimulatedCloud) -> None:
    cloud.fail_next("create", "two", "out of order")
    cloud.meet(Request(cloud.package, "create", "t", "one"))
    cloud.meet(Request(cloud.package, "create", "t", "two", preview=True))
    with pytest.raises(CloudError, match="out of order"):
        cloud.meet(Request(cloud.package, "create", "t", "two"))
    cloud.meet(Request(cloud.package, "create", "t", "two"))


def test_a_fault_can_last(cloud: SimulatedCloud) -> None:
    cloud.fail_next("update", times=2)
    for _ in range(2):
        with pytest.raises(CloudError):
            cloud.meet(Request(cloud.package, "update", "t", "one"))
    cloud.meet(Request(cloud.package, "update", "t", "one"))


def test_a_hook_sees_each_request_and_may_refuse_it(cloud: SimulatedCloud) -> None:
    seen: list[str] = []

    def hook(request: Request) -> None:
        seen.append(str(request))
        if request.operation == "delete":
            raise PermissionError("not today")

    cloud.before_request = hook
    cloud.meet(Request(cloud.package, "create", "t", "one"))
    with pytest.raises(PermissionError):
        cloud.meet(Request(cloud.package, "delete", "t", "one"))
    assert seen == ["create t one", "delete t one"]


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": None}, {}, []),
        ({}, {"a": 1}, [("a", "add")]),
        ({"a": 1}, {}, [("a", "delete")]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, [("a.c", "update")]),
        ({"a": [1, 2]}, {"a": [1, 3, 4]}, [("a[1]", "update"), ("a[2]", "add")]),
        ({"a": {"x.y": 1}}, {"a": {"x.y": 2}}, [('a["x.y"]', "update")]),
        ({"__defaults": []}, {"__defaults": ["a"]}, []),
        ({"a": True}, {"a": 1}, [("a", "update")]),
    ],
)
def test_a_difference_is_named_where_it_is(
    old: dict[str, object], new: dict[str, object], changes: list[tuple[str, str]]
) -> None:
    assert [(change.path, change.kind) for change in compare(old, new)] == changes


def test_a_made_up_name_depends_on_the_seed_and_respects_the_stack_s_setting() -> None:
    assert (
        Call(config={}, name="x", seed=b"1").auto_name()
        != Call(config={}, name="x", seed=b"2").auto_name()
    )
    assert Call(config={}, name="x", proposed_name="as-is").auto_name() == "as-is"
    assert Call(config={}, name="x", autonaming_disabled=True).auto_name() is None
