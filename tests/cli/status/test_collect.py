"""From what is declared and what a cloud shows to rows: each state, what is asked for it, and what is refused."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from infra_secrets import clouds
from infra_secrets.cli.stacks import Declared
from infra_secrets.cli.status.collect import Asked, Collected, collect
from infra_secrets.cli.status.pace import Pace, Stopped
from infra_secrets.cli.status.rows import Report, Row
from infra_secrets.clouds import Place
from infra_secrets.clouds.values import Described
from infra_secrets.errors import (
    DeniedError,
    MissingExtraError,
    NotFoundError,
    NotLoggedInError,
    ThrottledError,
    UnreachableError,
)
from infra_secrets.rules.naming import SecretName
from tests.cli.projects import arn
from tests.values import NOW, Values, connected

STRIPE = "payments/production/stripe-api-key"
OTHER = "payments/production/database-url"
PLACE = {"region": "eu-central-1"}
SCOPES = frozenset({("payments", "production")})


def declared(reference: str, **more: Any) -> Declared:
    fields: dict[str, Any] = {
        "name": SecretName.from_reference(reference),
        "cloud": "aws",
        "logical_name": "Declared",
        "stack": "production",
        "id": arn(reference),
        "place": {**PLACE, "account": "123456789012"},
    }
    return Declared(**{**fields, **more})


def by_code(*containers: Declared, **more: Any) -> Asked:
    fields: dict[str, Any] = {"cloud": "aws", "place": PLACE, "scopes": SCOPES}
    return Asked(
        **{**fields, "declared": containers, "stacks": frozenset({"shop/production"}), **more}
    )


def by_tags(**more: Any) -> Asked:
    return Asked(**{"cloud": "aws", "place": PLACE, "scopes": SCOPES, "declared": None, **more})


def looked(*places: Asked) -> Collected:
    return collect(places, NOW)


def states(found: Collected) -> dict[str, str]:
    return {row.reference.rpartition("/")[2]: row.state for row in found.rows}


def exit_code(found: Collected) -> int:
    return Report(subject="x", now=NOW, rows=found.rows, refused=found.refused).exit_code


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch) -> Values:
    values = Values(now=NOW)
    connected(monkeypatch, values)
    return values


# States


def test_a_declared_container_is_missing_unset_set_stale_expiring_disabled_or_scheduled(
    values: Values,
) -> None:
    ages = {"fresh": 1, "expiring": 73, "stale": 91, "last-day": 90}
    for key, days in ages.items():
        values.add(f"payments/production/{key}", "made-up", days_old=days)
    values.add("payments/production/unset")
    values.add("payments/production/off", "made-up", state="disabled")
    values.add("payments/production/going", "made-up", state="scheduled")
    keys = [*ages, "unset", "off", "going", "gone"]

    found = looked(
        by_code(*(declared(f"payments/production/{each}", max_age_days=90) for each in keys))
    )

    assert states(found) == {
        "fresh": "set",
        "expiring": "expiring",
        "last-day": "expiring",
        "stale": "stale",
        "unset": "unset",
        "off": "disabled",
        "going": "scheduled",
        "gone": "missing",
    }
    assert exit_code(found) == 1


def test_what_was_made_just_now_is_not_missing_because_a_listing_is_behind(values: Values) -> None:
    values.add(STRIPE, "made-up")
    values.add(OTHER)
    values.unlisted = {STRIPE, OTHER}

    found = looked(by_code(declared(STRIPE), declared(OTHER)))

    assert states(found) == {"stripe-api-key": "set", "database-url": "unset"}
    looks = [f"describe {OTHER}", f"describe {STRIPE}"]
    assert sorted(values.calls) == [*looks, "identity", "listing"]


def test_a_container_that_is_neither_listed_nor_may_be_looked_at_is_unknown(values: Values) -> None:
    values.failing[STRIPE] = DeniedError("This login may not.", "Ask for it.")

    found = looked(by_code(declared(STRIPE)))

    assert states(found) == {"stripe-api-key": "unknown"}
    assert exit_code(found) == 2


@pytest.mark.parametrize(("count", "looks"), [(20, 20), (21, 0)])
def test_many_that_are_missing_are_believed_to_be(values: Values, count: int, looks: int) -> None:
    keys = [f"payments/production/key-{number}" for number in range(count)]

    found = looked(by_code(*map(declared, keys)))

    assert {*states(found).values()} == {"missing"}
    assert len(values.calls) == len(["listing", "identity"]) + looks


def test_no_value_is_read(values: Values) -> None:
    values.add(STRIPE, "made-up")

    looked(by_code(declared(STRIPE, max_age_days=90)), by_tags())

    assert not [call for call in values.calls if call.startswith("read")]


def test_a_value_is_expiring_from_four_fifths_of_its_limit_on(values: Values) -> None:
    for days in (80, 80.001):
        values.add(
            f"payments/production/key-{str(days).replace('.', '-')}", "made-up", days_old=days
        )

    found = looked(
        by_code(
            *(declared(each, max_age_days=100) for each in values.containers),
        )
    )

    assert states(found) == {"key-80": "set", "key-80-001": "expiring"}


def test_expiring_needs_nobody_yet(values: Values) -> None:
    values.add(STRIPE, "made-up", days_old=85)

    found = looked(by_code(declared(STRIPE, max_age_days=100)))

    assert (states(found), exit_code(found)) == ({"stripe-api-key": "expiring"}, 0)


def test_a_value_of_tomorrow_by_a_clock_that_is_ahead_is_of_today(values: Values) -> None:
    values.add(STRIPE, "made-up", days_old=-1)

    [row] = looked(by_code(declared(STRIPE, max_age_days=1))).rows

    assert (row.state, row.age_days(NOW)) == ("set", 0)


# Whose it is


def test_what_is_in_the_cloud_and_not_declared_is_an_orphan_with_the_id_that_adopts_it(
    values: Values,
) -> None:
    values.add(STRIPE, "made-up")
    values.add(OTHER, "made-up", stack="organization/shop/production")
    for each in (STRIPE, OTHER):
        values.containers[each] = replace(values.containers[each], id=arn(each))
    values.add("other-service/production/key", "made-up")

    found = looked(by_code())

    assert states(found) == {"stripe-api-key": "orphan", "database-url": "orphan"}
    assert [row.fix for row in found.rows] == [f'adopt="{row.id}"' for row in found.rows]
    assert exit_code(found) == 1


def test_what_belongs_to_a_stack_that_was_not_read_is_no_orphan_and_is_said(values: Values) -> None:
    values.add(STRIPE, "made-up", stack="acme/shared/production")

    found = looked(by_code())

    assert found.rows == ()
    assert "acme/shared/production" in found.notes[0]
    assert exit_code(found) == 0


def test_what_was_removed_from_code_and_is_being_deleted_is_a_note_and_no_orphan(
    values: Values,
) -> None:
    values.add(STRIPE, "made-up", state="scheduled")
    gone = NOW + timedelta(days=30)
    values.containers[STRIPE] = replace(values.containers[STRIPE], deleted=gone)

    found = looked(by_code())

    assert (found.rows, exit_code(found)) == ((), 0)
    assert f"{STRIPE} is not declared, and being deleted, for good on 2026-12-25." in found.notes[0]
    assert states(looked(by_tags())) == {"stripe-api-key": "scheduled"}


def test_by_tags_every_container_is_believed_and_says_owner_limit_and_stack(values: Values) -> None:
    values.add(
        STRIPE,
        "made-up",
        days_old=91,
        owner="payments@example.com",
        max_age_days="90",
        logical_name="StripeApiKey",
        stack="acme/shop/production",
        fields=["URL"],
    )

    [row] = looked(by_tags()).rows

    assert (row.state, row.owner, row.max_age_days) == ("stale", "payments@example.com", 90)
    assert (row.logical_name, row.stack, row.fields) == (
        *("StripeApiKey", "acme/shop/production", ("URL",)),
    )
    assert (row.readers, row.writers, row.description) == (None, None, None)


@pytest.mark.parametrize("limit", ["ninety", "", "-1", "9.5", "٩", "0", "9999999999"])
def test_a_limit_in_a_tag_that_is_no_number_is_none(values: Values, limit: str) -> None:
    values.add(STRIPE, "made-up", days_old=1000, max_age_days=limit)

    [row] = looked(by_tags()).rows

    assert (row.state, row.max_age_days) == ("set", None)


def test_what_the_code_says_is_more_than_what_a_tag_says(values: Values) -> None:
    values.add(STRIPE, "made-up", days_old=91, owner="somebody@example.com", max_age_days="9999")

    [row] = looked(by_code(declared(STRIPE, owner="payments@example.com", max_age_days=90))).rows

    assert (row.owner, row.max_age_days, row.state) == ("payments@example.com", 90, "stale")


def test_a_state_of_an_older_version_leaves_owner_and_limit_to_the_tags(values: Values) -> None:
    values.add(STRIPE, "made-up", days_old=91, owner="payments@example.com", max_age_days="90")

    [row] = looked(by_code(declared(STRIPE, registered=False))).rows

    assert (row.owner, row.max_age_days, row.state) == ("payments@example.com", 90, "stale")
    assert row.readers is None


def test_the_row_says_what_was_declared_and_where_it_is(values: Values) -> None:
    values.add(STRIPE, "made-up", days_old=3)

    [row] = looked(
        by_code(
            declared(
                STRIPE,
                description="Takes payments.",
                readers=("a", "b"),
                writers=("c",),
                fields=("URL",),
            )
        )
    ).rows

    assert (row.description, row.readers, row.writers, row.fields) == (
        *("Takes payments.", ("a", "b"), ("c",), ("URL",)),
    )
    assert (row.cloud, row.place, row.stack, row.name, row.version) == (
        *("aws", PLACE, "production", STRIPE, "version-1"),
    )
    assert row.age_days(NOW) == 3


# What is asked


def listed_without_states(values: Values) -> None:
    """Let the listing leave out what `complete` tells."""
    whole = values.listing

    def listing(*arguments: Any, **more: Any) -> Iterator[Described]:
        for each in whole(*arguments, **more):
            yield replace(each, state=None)

    values.listing = listing  # type: ignore[method-assign] # another cloud's listing


def listed_at_a_later_date(values: Values, days: float) -> None:
    """Let the listing give the date of any change, so many days ago."""
    whole = values.listing

    def listing(*arguments: Any, **more: Any) -> Iterator[Described]:
        for each in whole(*arguments, **more):
            yield replace(each, changed=NOW - timedelta(days=days), changed_exactly=False)

    values.listing = listing  # type: ignore[method-assign] # another cloud's listing


def test_what_a_listing_tells_is_asked_once_for_all(values: Values) -> None:
    for number in range(50):
        values.add(f"payments/production/key-{number}", "made-up")

    looked(by_code(*(declared(each, max_age_days=90) for each in values.containers)))

    assert values.calls == ["listing"]


def test_a_state_that_a_listing_leaves_out_costs_one_call_for_each_of_these(values: Values) -> None:
    values.add(STRIPE, "made-up")
    values.add(OTHER)
    values.add("payments/staging/not-asked-for")
    listed_without_states(values)

    found = looked(by_code(declared(STRIPE), declared(OTHER)))

    assert states(found) == {"stripe-api-key": "set", "database-url": "unset"}
    assert sorted(values.calls) == [f"complete {OTHER}", f"complete {STRIPE}", "listing"]


def test_every_call_takes_its_turn_in_the_quota(values: Values) -> None:
    turns: list[int | None] = []

    class Counted(Pace):
        def take_turn(self) -> None:
            turns.append(self._allowed)

    for key in ("a", "b"):
        values.add(f"payments/production/{key}", "made-up")
    values.add(OTHER)
    values.unlisted = {OTHER}
    listed_without_states(values)

    collect([by_code(declared(STRIPE), declared(OTHER))], NOW, pace=Counted)

    assert sorted(each.partition(" ")[0] for each in values.calls) == [
        *("complete", "complete", "describe", "describe", "listing"),
    ]
    assert len(turns) == len(values.calls)


@pytest.mark.parametrize(
    ("limit", "changed", "created", "asked"),
    [
        (None, 10, 400, False),
        (90, 91, 400, False),  # stale however old it really is
        (90, 10, 400, True),
        (90, 75, 400, True),  # expiring, or stale
        (90, 10, 20, False),  # the value is no older than its container
    ],
    ids=["no limit", "already stale", "in doubt", "expiring at least", "container is young"],
)
def test_an_exact_date_is_asked_for_only_where_it_decides(
    values: Values, limit: int | None, changed: int, created: int, asked: bool
) -> None:
    values.add(STRIPE, "made-up", days_old=created)
    listed_at_a_later_date(values, changed)

    looked(by_code(declared(STRIPE, max_age_days=limit)))

    assert values.calls == ["listing", *([f"complete {STRIPE}"] if asked else [])]


def test_an_age_that_is_not_exact_is_said_to_be_at_least_that(values: Values) -> None:
    values.add(STRIPE, "made-up", days_old=400)
    listed_at_a_later_date(values, 10)

    [row] = looked(by_code(declared(STRIPE))).rows

    assert (row.changed_exactly, row.age(NOW)) == (False, "at least 10 days")


def test_only_what_was_named_is_asked_for(values: Values) -> None:
    for each in (STRIPE, OTHER, "payments/production"):
        values.add(each)
    listed_without_states(values)

    found = looked(by_tags(only=(STRIPE,)))

    assert states(found) == {"stripe-api-key": "unset"}
    assert values.calls == ["listing", f"complete {STRIPE}"]


def test_a_beginning_names_all_below_it_and_no_other_word(values: Values) -> None:
    for each in (STRIPE, "payments/production", "payments/production-eu/key"):
        values.add(each)

    found = looked(by_tags(only=("payments/production",), scopes=frozenset({(None, None)})))

    assert [row.reference for row in found.rows] == ["payments/production", STRIPE]


def test_several_clouds_and_places_of_one_stack_are_looked_at_each_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, there = Values(), Values(place={"region": "us-east-1"})
    elsewhere = Values(cloud="gcp", place={"project": "shop-123"})
    connected(monkeypatch, here, there, elsewhere)
    for each in (here, there, elsewhere):
        each.add(STRIPE, "made-up")

    found = looked(
        by_code(declared(STRIPE)),
        by_code(
            declared(STRIPE, id=arn(STRIPE, region="us-east-1"), place={"region": "us-east-1"}),
            place={"region": "us-east-1"},
        ),
        by_code(
            declared(STRIPE, cloud="gcp", id=None, place={}),
            cloud="gcp",
            place={"project": "shop-123"},
        ),
    )

    assert [(row.cloud, row.place, row.state) for row in found.rows] == [
        ("aws", {"region": "eu-central-1"}, "set"),
        ("aws", {"region": "us-east-1"}, "set"),
        ("gcp", {"project": "shop-123"}, "set"),
    ]
    assert [each.calls for each in (here, there, elsewhere)] == [["listing"]] * 3


# What is refused


def test_a_place_that_refuses_costs_its_own_rows_and_the_rest_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, there = Values(), Values(place={"region": "us-east-1"})
    connected(monkeypatch, here, there)
    here.add(STRIPE, "made-up")
    there.failing["listing"] = DeniedError("This login may not list.", "Ask for it.")
    place = {"region": "us-east-1"}

    found = looked(by_code(declared(STRIPE)), by_code(declared(OTHER, place=place), place=place))

    assert states(found) == {"stripe-api-key": "set", "database-url": "unknown"}
    [refusal] = found.refused
    assert (refusal.kind, refusal.subject) == ("denied", "aws, region us-east-1")
    assert (refusal.found, refusal.way_out) == ("This login may not list.", "Ask for it.")
    assert exit_code(found) == 2


def test_a_listing_that_breaks_off_makes_nothing_missing_that_it_did_not_come_to(
    values: Values,
) -> None:
    values.add(STRIPE, "made-up")
    whole = values.listing

    def listing(*arguments: Any, **more: Any) -> Iterator[Described]:
        yield from whole(*arguments, **more)
        raise UnreachableError("The cloud does not answer.", "Try again.")

    values.listing = listing  # type: ignore[method-assign] # half a listing

    found = looked(by_code(declared(STRIPE), declared(OTHER)))

    assert states(found) == {"stripe-api-key": "set", "database-url": "unknown"}
    assert [each.kind for each in found.refused] == ["unreachable"]


def test_a_container_that_is_refused_is_unknown_and_the_others_are_shown(values: Values) -> None:
    values.add(STRIPE, "made-up")
    values.add(OTHER)
    listed_without_states(values)
    values.failing[STRIPE] = ThrottledError("Too many calls.", "Wait.")

    found = looked(by_code(declared(STRIPE), declared(OTHER)))

    assert states(found) == {"stripe-api-key": "unknown", "database-url": "unset"}
    assert [(each.kind, each.reference) for each in found.refused] == [("throttled", STRIPE)]


def test_a_trouble_of_the_whole_place_is_said_once_and_not_tried_a_thousand_times(
    values: Values,
) -> None:
    for number in range(1000):
        values.add(f"payments/production/key-{number}")
    listed_without_states(values)
    values.failing["complete"] = NotLoggedInError("The login has expired.", "Log in: aws sso login")

    found = looked(by_tags())

    assert {row.state for row in found.rows} == {"unknown"}
    assert [each.kind for each in found.refused] == ["not logged in"]
    assert len(values.calls) < 100


def test_a_container_that_is_deleted_while_it_is_looked_at_is_missing(values: Values) -> None:
    values.add(STRIPE, "made-up")
    listed_without_states(values)
    values.failing[STRIPE] = NotFoundError("There is none.", "Make it.")

    assert states(looked(by_code(declared(STRIPE)))) == {"stripe-api-key": "missing"}


def test_a_client_library_that_is_not_installed_is_said_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def connect(_cloud: clouds.Cloud, _place: Place) -> Values:
        raise MissingExtraError("The AWS client library (boto3)", "runtime-aws")

    monkeypatch.setattr(clouds, "connect", connect)

    found = looked(by_code(declared(STRIPE)))

    [refusal] = found.refused
    assert (refusal.kind, refusal.way_out) == (
        "missing extra",
        "Run: pip install 'infra-secrets[runtime-aws]'",
    )


def test_a_login_of_another_account_makes_nothing_missing_and_no_neighbour_an_answer(
    values: Values,
) -> None:
    values.add(STRIPE, "made-up")
    found_id = arn(STRIPE, account="999999999999")
    values.containers[STRIPE] = replace(values.containers[STRIPE], id=found_id)

    found = looked(by_code(declared(STRIPE), declared(OTHER)))

    assert states(found) == {"stripe-api-key": "unknown", "database-url": "unknown"}
    [refusal] = found.refused
    assert "account 999999999999" in refusal.found
    assert "account 123456789012" in refusal.found
    assert refusal.way_out.endswith(clouds.values_of(clouds.load("aws")).LOGIN)


@pytest.mark.usefixtures("values")
def test_a_place_that_has_nothing_of_what_is_declared_makes_one_doubt_the_login() -> None:
    found = looked(by_code(declared(STRIPE)))

    assert states(found) == {"stripe-api-key": "missing"}
    assert "Is it the right login (123456789012)?" in found.notes[0]


def test_ctrl_c_stops_what_waits_for_its_turn(values: Values) -> None:
    for number in range(30):
        values.add(f"payments/production/key-{number}")
    listed_without_states(values)

    def told(_done: int, _known: int | None, what: str) -> None:
        if what.startswith("payments/"):
            raise KeyboardInterrupt

    paces: list[Pace] = []

    def pace(calls_a_minute: int | None) -> Pace:
        paces.append(Pace(calls_a_minute))
        return paces[-1]

    with pytest.raises(KeyboardInterrupt):
        collect([by_tags()], NOW, told, pace)

    with pytest.raises(Stopped):
        paces[0].take_turn()


# Order


def test_what_needs_a_person_comes_first_then_by_name(values: Values) -> None:
    values.add("payments/production/b")
    values.add("payments/production/a")
    values.add("payments/production/c", "made-up")

    rows: tuple[Row, ...] = looked(by_tags()).rows

    assert [row.reference[-1] for row in rows] == ["a", "b", "c"]
