"""What a run knows is one object: two runs share nothing, and nothing of a run is left when it is over."""

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from infra_secrets import EscEnv, Secret
from infra_secrets.component import internals
from infra_secrets.component.run import NamesTaken, Run
from infra_secrets.errors import CollisionError
from infra_secrets.plugin import Plugin
from infra_secrets.testing import Rehearsal
from tests.conftest import config_for, recording_on

SHOP: dict[str, Any] = {"project": "shop", "stack": "production"}


def remembering(runs: "list[weakref.ref[Run]]", *more: Callable[[], object]) -> Callable[[], None]:
    """A program that notes its run, and nothing that would hold it."""

    def program() -> None:
        Secret("StripeApiKey")
        for each in more:
            each()
        runs.append(weakref.ref(Run.this()))

    return program


def alive(runs: "list[weakref.ref[Run]]") -> list[Run]:
    pulumi.runtime.reset_options()  # Pulumi itself keeps the last connection until there is another
    gc.collect()
    return [run for each in runs if (run := each()) is not None]


def test_a_run_is_released_when_it_is_over(cloud: str) -> None:
    runs: list[weakref.ref[Run]] = []

    for _ in range(3):
        recording_on(cloud).run(remembering(runs))

    assert len(runs) == 3
    assert alive(runs) == []


@pytest.mark.engine
def test_a_run_on_the_engine_is_released_when_it_is_over() -> None:
    runs: list[weakref.ref[Run]] = []
    program = remembering(runs, lambda: EscEnv("nlp", {"secrets": {"TOKEN": "token"}}))

    with Rehearsal(
        program, **SHOP, config=config_for("aws"), secrets={"token": "canary-13-not-real"}
    ) as rehearsal:
        rehearsal.up()
        rehearsal.up()

    assert len(runs) >= 2
    assert alive(runs) == []


def test_two_runs_share_nothing() -> None:
    runs: list[Run] = []

    def program() -> None:
        Secret(
            "StripeApiKey"
        )  # one container: the second run would refuse it, if it knew of the first
        runs.append(Run.this())

    for _ in range(2):
        recording_on("aws").run(program)
    first, second = runs

    shared = [name for name, held in vars(first).items() if held is vars(second)[name]]
    assert first is not second
    assert {type(vars(first)[name]) for name in shared} <= {bool, type(None)}
    assert set(first.containers) == set(second.containers) != set()


class Connection:
    """As many as a plugin has: one for each component."""


def test_all_components_of_a_plugin_s_run_know_the_same_and_the_next_run_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plugin, now = Plugin(), [Connection()]
    monkeypatch.setattr("infra_secrets.component.run.connection", lambda: now[0])

    def a_call_of(run: object) -> Run:
        now[0] = Connection()
        plugin.begin(run)
        with pytest.raises(KeyError, match="NoSuch"):  # whatever it makes, it is made in the run
            plugin.construct("x", "infra-secrets:index:NoSuch", {})
        return Run.this()

    preview = [a_call_of(("127.0.0.1:1", True)) for _ in range(2)]
    update = [a_call_of(("127.0.0.1:1", False)) for _ in range(2)]
    refresh = a_call_of(("127.0.0.1:2", False))
    over = weakref.ref(preview[0])

    assert preview[0] is preview[1]
    assert update[0] is update[1]
    assert len({preview[0], update[0], refresh}) == 3
    preview.clear()
    assert alive([over]) == []


def test_a_connection_belongs_to_one_run_from_its_first_question_on() -> None:
    found: list[bool] = []

    def program() -> None:
        found.append(Run.this() is Run.this())
        found.append(getattr(internals.connection(), "_infra_secrets_run") is Run.this())  # noqa: B009

    recording_on("aws").run(program)

    assert found == [True, True]


def test_the_second_secret_that_wants_a_container_is_refused_and_both_are_named() -> None:
    taken = NamesTaken()
    taken.claim(
        ("aws", "api/production/stripe-api-key"),
        owner="StripeApiKey",
        spelled="api/production/stripe-api-key",
    )

    with pytest.raises(CollisionError) as refused:
        taken.claim(
            ("aws", "api/production/stripe-api-key"),
            owner="StripeAPIKey",
            spelled="api/production/stripe-api-key",
        )

    assert "StripeApiKey" in str(refused.value)
    assert "StripeAPIKey" in str(refused.value)
