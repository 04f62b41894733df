"""A report for a machine: one JSON document, as `docs/status.schema.json` describes it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from infra_secrets.cli.status.rows import ALL_SET, Report, Row


def as_json(report: Report) -> str:
    """Write a report as JSON."""
    return json.dumps(document(report), indent=2)


def document(report: Report) -> dict[str, Any]:
    """Make of a report what JSON can hold."""
    return {
        "subject": report.subject,
        "looked": _time(report.now),
        "well": report.exit_code == ALL_SET,
        "counts": report.counts(),
        "containers": [_container(row, report.now) for row in report.rows],
        "refused": [
            {
                "subject": each.subject,
                "kind": each.kind,
                "found": each.found,
                "way_out": each.way_out,
                "cloud": each.cloud,
                "place": None if each.place is None else dict(each.place),
                "reference": each.reference,
            }
            for each in report.refused
        ],
        "notes": list(report.notes),
    }


def _container(row: Row, now: datetime) -> Mapping[str, Any]:
    return {
        "reference": row.reference,
        "cloud": row.cloud,
        "name": row.name,
        "state": row.state,
        "owner": row.owner,
        "changed": _time(row.changed),
        "changed_exactly": row.changed_exactly,
        "age_days": row.age_days(now),
        "max_age_days": row.max_age_days,
        "description": row.description,
        "fields": list(row.fields),
        "readers": None if row.readers is None else list(row.readers),
        "writers": None if row.writers is None else list(row.writers),
        "place": dict(row.place),
        "id": row.id,
        "stack": row.stack,
        "other_stacks": list(row.other_stacks),
        "logical_name": row.logical_name,
        "version": row.version,
        "created": _time(row.created),
        "deleted": _time(row.deleted),
        "fix": row.fix,
    }


def _time(when: datetime | None) -> str | None:
    """Write a time in UTC, to the second."""
    return None if when is None else f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
