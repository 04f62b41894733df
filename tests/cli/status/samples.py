"""A report with a container in every state, as plain data."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from infra_secrets.cli.status.fixes import fix
from infra_secrets.cli.status.rows import Report, Row, Status, ordered
from tests.values import NOW

PLACE = {"region": "eu-central-1"}
ROLE = "arn:aws:iam::123456789012:role/"
EVIL = "</script><img src=x onerror=alert(1)>\x1b[31m\u202e|`*_[x](https://example.com)"


def row(key: str, state: Status, days: int | None = None, **more: Any) -> Row:
    """A container of payments/production; `days` is the age of its value."""
    reference = f"payments/production/{key}"
    fields: dict[str, Any] = {
        "reference": reference,
        "cloud": "aws",
        "name": reference,
        "state": state,
        "place": PLACE,
        "id": f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{reference}-AbCdEf",
        "stack": "production",
        "logical_name": "".join(word.capitalize() for word in key.split("-")),
        "owner": "payments@example.com",
        "description": f"For {key}.",
        "changed": None if days is None else NOW - timedelta(days=days),
        "readers": (f"{ROLE}payments-api", f"{ROLE}payments-worker"),
        "writers": (f"{ROLE}operators",),
    }
    made = Row(**{**fields, **more})
    return replace(made, fix=fix(made, ""))


ROWS = ordered(
    [
        row("stripe-api-key", "unset", max_age_days=90),
        row("ner-token", "unset"),
        row("database-url", "stale", 412, max_age_days=365),
        row("sentry-dsn", "set", 12, changed_exactly=False),
        row("tunnel-token", "expiring", 80, max_age_days=90),
        row("webhook-secret", "missing"),
        row("old-key", "orphan", 900, owner=None, readers=None, writers=None, description=None),
        row("jwt-secret", "set", 3, max_age_days=180),
        row("smtp", "set", 100, max_age_days=365, fields=("USER", "PASSWORD")),
        row("gitops-token", "scheduled", 30, deleted=NOW + timedelta(days=8)),
        row("hub-token", "disabled", 50),
    ]
)
REPORT = Report(subject="payments, stack production", now=NOW, rows=ROWS)


def many(count: int) -> Report:
    """A report of so many containers: each tenth has no value, every other is set."""
    rows = [
        row(
            f"key-{number:04}",
            "unset" if number % 10 == 0 else "set",
            None if number % 10 == 0 else number % 200,
            max_age_days=250,
        )
        for number in range(count)
    ]
    return replace(REPORT, rows=ordered(rows))
