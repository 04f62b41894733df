"""The JSON of `status`, held to the schema that users have."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from infra_secrets.cli.status.document import as_json
from infra_secrets.cli.status.rows import Refusal, Report
from tests.cli.status.samples import EVIL, PLACE, REPORT, row
from tests.conftest import ROOT

SCHEMA = json.loads((ROOT / "docs" / "status.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
REFUSED = (
    Refusal(subject="aws", kind="denied", found="No.", way_out="Ask.", cloud="aws", place=PLACE),
    Refusal(subject="stack x", kind="stack", found="No.", way_out="Log in."),
)


def written(report: Report) -> Any:
    return json.loads(as_json(report))


@pytest.mark.parametrize(
    "report",
    [
        REPORT,
        replace(REPORT, refused=REFUSED, notes=("A note.",)),
        replace(REPORT, rows=()),
        replace(REPORT, rows=(row("key", "unknown", id=None, stack=None, owner=EVIL),)),
    ],
    ids=["every state", "refused", "empty", "unknown"],
)
def test_a_report_is_what_the_schema_says(report: Report) -> None:
    VALIDATOR.validate(written(report))


def test_the_schema_is_one_and_refuses_what_is_not_described() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    broken = [
        {**written(REPORT), "more": 1},
        {**written(REPORT), "containers": [{}]},
        {**written(REPORT), "counts": {"full": 1}},
    ]

    assert not any(VALIDATOR.is_valid(each) for each in broken)


def test_every_member_of_a_container_is_required_and_described() -> None:
    described = SCHEMA["$defs"]["container"]

    assert set(described["required"]) == set(described["properties"])
    assert set(described["properties"]) == set(written(REPORT)["containers"][0])


def test_a_container_says_what_it_is_whose_and_how_old() -> None:
    [found] = written(replace(REPORT, rows=(row("database-url", "stale", 412, max_age_days=365),)))[
        "containers"
    ]

    assert found["reference"] == "payments/production/database-url"
    assert (found["state"], found["owner"], found["age_days"], found["max_age_days"]) == (
        *("stale", "payments@example.com", 412, 365),
    )
    assert found["changed"] == "2025-10-09T12:00:00Z"
    assert found["fix"] == "infra-secrets set payments/production/database-url"


def test_no_reader_is_not_the_same_as_not_known() -> None:
    rows = (row("a", "set", 1, readers=()), row("b", "set", 1, readers=None))

    assert [each["readers"] for each in written(replace(REPORT, rows=rows))["containers"]] == [
        [],
        None,
    ]


def test_times_are_in_utc() -> None:
    changed = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))

    [found] = written(replace(REPORT, rows=(row("a", "set", changed=changed),)))["containers"]

    assert found["changed"] == "2025-12-31T23:00:00Z"
    assert changed.astimezone(UTC).hour == 23


def test_well_is_the_exit_code_in_a_word() -> None:
    well = replace(REPORT, rows=(row("a", "set", 1),))

    assert written(well)["well"] is True
    assert written(REPORT)["well"] is False
    assert written(replace(well, refused=REFUSED))["well"] is False
