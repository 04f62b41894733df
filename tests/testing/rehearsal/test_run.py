"""What a run was, read from the engine's events."""

from typing import Any

from infra_secrets.testing import Diagnostic, Run, Step
from infra_secrets.testing.rehearsal.run import diagnostics_in, steps_in

STACK = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"
SECRET = "urn:pulumi:dev::shop::aws:secretsmanager/secret:Secret::stripe::key"
TYPE = "aws:secretsmanager/secret:Secret"


def said(severity: str, message: str, **more: Any) -> dict[str, Any]:
    return {"diagnosticEvent": {"severity": severity, "message": message, **more}}


def happened(kind: str, op: str, urn: str = SECRET, type_: str = TYPE) -> dict[str, Any]:
    return {kind: {"metadata": {"op": op, "urn": urn, "type": type_}}}


def test_what_is_said_has_no_colours_and_nothing_that_was_only_for_the_moment() -> None:
    events = [
        said("error", "<{%fg 1%}>no such key<{%reset%}>\n", prefix="error: ", urn=SECRET),
        said("info", "waiting ...", ephemeral=True),
        said("debug", "registering"),
    ]

    assert list(diagnostics_in(events)) == [Diagnostic("error", "error: no such key", SECRET)]


def test_a_resource_is_one_step_and_its_failure_is_seen() -> None:
    events = [
        happened("resourcePreEvent", "create"),
        happened("resOutputsEvent", "create"),
        happened("resourcePreEvent", "delete"),
        happened("resOpFailedEvent", "delete"),
        {"summaryEvent": {}},
    ]

    assert steps_in(events) == [
        Step("create", TYPE, "stripe::key", SECRET),
        Step("delete", TYPE, "stripe::key", SECRET, failed=True),
    ]


def test_a_refresh_is_a_step_when_it_has_been_done() -> None:
    assert steps_in([happened("resourcePreEvent", "refresh")]) == []
    assert [step.op for step in steps_in([happened("resOutputsEvent", "refresh")])] == ["refresh"]


def test_a_change_is_one_of_the_program_s_own_resources() -> None:
    provider = "pulumi:providers:aws"
    events = [
        happened("resOutputsEvent", "create", STACK, "pulumi:pulumi:Stack"),
        happened(
            "resOutputsEvent", "create", f"urn:pulumi:dev::shop::{provider}::default", provider
        ),
        happened("resOutputsEvent", "same"),
        happened("resOutputsEvent", "update"),
    ]
    run = Run("up", 0, "", steps=tuple(steps_in(events)))

    assert [(step.op, step.type) for step in run.changes] == [("update", TYPE)]


def test_the_error_of_a_run_is_each_message_once_or_else_the_end_of_the_output() -> None:
    twice = (Diagnostic("error", "no"), Diagnostic("warning", "careful"), Diagnostic("error", "no"))

    assert Run("up", 255, "a lot", twice).error == "no"
    assert Run("up", 255, "a lot").error == "a lot"
    assert Run("up", 0, "a lot", twice).error == ""
