"""The login may be of another account than the one in which a stack's containers were made."""

from typing import Any

import pytest

from infra_secrets.cli.status.collect import Collected
from infra_secrets.errors import DeniedError
from tests.cli.projects import arn
from tests.cli.status.test_collect import (
    OTHER,
    STRIPE,
    by_code,
    declared,
    exit_code,
    looked,
    states,
)
from tests.values import NOW, Values, connected

HOME, FOREIGN = "123456789012", "999999999999"


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch) -> Values:
    values = Values(now=NOW, login={"account": FOREIGN})
    connected(monkeypatch, values)
    return values


def advice(found: Collected) -> list[Any]:
    return [row.fix for row in found.rows if row.fix]


def test_an_empty_account_that_is_not_the_stacks_makes_nothing_missing(values: Values) -> None:
    found = looked(by_code(declared(STRIPE), declared(OTHER, id=None, place={})))

    assert states(found) == {"stripe-api-key": "unknown", "database-url": "unknown"}
    assert advice(found) == [], "what it made would be in the wrong account"
    assert exit_code(found) == 2
    [refused] = found.refused
    assert f"The login is of account {FOREIGN}" in refused.found
    assert f"made in account {HOME}" in refused.found
    assert values.calls == ["listing", "identity"]


def test_an_empty_account_that_is_the_stacks_own_is_missing_what_it_declares(
    values: Values,
) -> None:
    values.login = {"account": HOME}

    found = looked(by_code(declared(STRIPE)))

    assert states(found) == {"stripe-api-key": "missing"}
    assert found.notes == ()
    assert exit_code(found) == 1


def test_who_is_logged_in_is_not_asked_where_something_was_found(values: Values) -> None:
    values.add(STRIPE, "made-up")

    looked(by_code(declared(STRIPE), declared(OTHER)))

    assert "identity" not in values.calls


def test_a_login_that_does_not_say_its_account_leaves_a_question(values: Values) -> None:
    values.failing["identity"] = DeniedError("This login may not say.", "Ask for it.")

    found = looked(by_code(declared(STRIPE)))

    assert states(found) == {"stripe-api-key": "missing"}
    assert f"Is it the right login ({HOME})?" in found.notes[0]


def test_what_another_account_has_is_no_orphan(values: Values) -> None:
    values.add(OTHER, "made-up")
    found_there = values.containers[OTHER]
    values.containers[OTHER] = type(found_there)(
        name=found_there.name,
        spelled=OTHER,
        id=arn(OTHER, account=FOREIGN),
        state="set",
        changed=NOW,
    )

    found = looked(by_code(declared(STRIPE)))

    assert states(found) == {"stripe-api-key": "unknown"}
    assert exit_code(found) == 2


def test_the_client_is_closed(values: Values) -> None:
    values.add(STRIPE, "made-up")

    looked(by_code(declared(STRIPE)))

    assert values.closed == 1
