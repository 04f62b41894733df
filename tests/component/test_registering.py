"""What a component is for Pulumi, and what its registration leaves behind."""

import inspect
import json
import sys
import threading
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from infra_secrets import EscDeployment, EscEnv, ExternalEnv, Secret
from infra_secrets.component.registering import Component, short_stack_trace
from infra_secrets.plugin import Plugin
from infra_secrets.testing import Recording
from tests.conftest import config_for

ENVIRONMENT: Any = {"secrets": {"TOKEN": "token"}, "config": {"LOG_LEVEL": "log_level"}}
MADE: dict[type[Component], Callable[[], Component]] = {
    Secret: lambda: Secret("nlp"),
    EscEnv: lambda: EscEnv("nlp", ENVIRONMENT),
    EscDeployment: lambda: EscDeployment("nlp", ENVIRONMENT, image="nlp:1"),
    ExternalEnv: lambda: ExternalEnv(
        "nlp", {"secrets": {"TOKEN": "shop/production/token"}, "store": "team"}
    ),
}

BESIDE: dict[type[Component], list[str]] = {Secret: ["declared"]}
"""What the state has beside the outputs."""


def recorded(program: Callable[[], object]) -> Recording:
    recording = Recording(
        project="shop",
        stack="production",
        config=config_for("aws", {"shop:log_level": "debug"}),
        secrets={"token": "canary-31-not-real"},
    )
    recording.run(program)
    return recording


@pytest.mark.parametrize("component", MADE, ids=lambda component: component.__name__)
def test_a_component_registers_the_outputs_that_the_schema_promises(
    component: type[Component],
) -> None:
    schema: dict[str, Any] = json.loads(str(Plugin().schema))
    recording = recorded(MADE[component])
    type_ = f"infra-secrets:index:{component.__name__}"

    assert [each.name for each in recording.registrations if each.type == type_] == ["nlp"]
    promised = [*schema["resources"][type_]["properties"], *BESIDE.get(component, [])]
    assert sorted(recording.outputs["nlp"]) == sorted(promised)


OUTPUTS = ["consoleUrl", "declared", "reference", "secretId", "secretName", "setCommand"]


class Payments(Secret):
    """What a user makes of a `Secret`, with an output of its own."""

    dashboard: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, {"key": "stripe-api-key"}, opts)
        self.dashboard = self.secret_name.apply("https://payments.example.com/{}".format)


class Team(Secret):
    """One that only has another name."""


@pytest.mark.parametrize("mine", [Payments, Team])
def test_a_class_of_a_user_s_own_stays_the_component_that_it_was_made_of(
    mine: type[Secret],
) -> None:
    recording = recorded(lambda: mine("StripeApiKey"))

    assert recording.registrations[0].type == "infra-secrets:index:Secret"
    assert sorted(recording.outputs["StripeApiKey"]) == OUTPUTS


def test_a_class_of_a_user_s_own_shows_the_constructor_of_the_component() -> None:
    assert [*inspect.signature(Team).parameters] == ["name", "args", "opts", "kwargs"]


def test_components_made_in_threads_leave_the_process_as_it_was() -> None:
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with short_stack_trace():
            inside.set()
            leave.wait(60)

    first = threading.Thread(target=stay)
    with short_stack_trace():
        first.start()
        inside.wait(60)
    still_short = sys.tracebacklimit
    leave.set()
    first.join(60)

    assert still_short
    assert not hasattr(sys, "tracebacklimit")
