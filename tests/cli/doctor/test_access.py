"""A cloud's login, place and rights: `infra_secrets/cli/doctor/access.py`, over logins of plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from infra_secrets import clouds
from infra_secrets.cli.doctor.access import MOST_ASKED, Access, As, judged
from infra_secrets.cli.doctor.findings import Finding
from infra_secrets.cli.stacks import Declared
from infra_secrets.cli.where import Named
from infra_secrets.clouds import Place
from infra_secrets.clouds.login import Identity, Rights
from infra_secrets.component.settings import Variable
from infra_secrets.errors import (
    AccessError,
    DeniedError,
    MissingExtraError,
    NotLoggedInError,
    UnreachableError,
)
from infra_secrets.rules.naming import SecretName
from tests.values import Values, connected

REGION = {"region": "eu-central-1"}
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
MAY_CREATE = Rights(create=True, read={}, read_any=False)


@dataclass
class Made:
    """A login of plain data."""

    CLIENT_LIBRARY: str = "json"
    ADDRESSES: tuple[Variable, ...] = ()
    FOLDER: str = ""
    answer: Identity | Exception = field(default_factory=lambda: Identity(who="ann"))
    may: Rights | AccessError = MAY_CREATE
    at: dict[str, Exception] = field(default_factory=dict)
    """What goes wrong in one region alone."""
    asked: list[tuple[Place, str, str | None, Mapping[SecretName, str | None]]] = field(
        default_factory=list
    )

    def place(self, config: Mapping[str, str]) -> Place:
        return {"region": config["aws:region"]} if "aws:region" in config else {}

    def identity(self, place: Place) -> Identity:
        if place.get("region") in self.at:
            raise self.at[place["region"]]
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def rights(
        self,
        place: Place,
        service: str,
        environment: str | None,
        wanted: Mapping[SecretName, str | None],
    ) -> Rights:
        self.asked.append((place, service, environment, wanted))
        if isinstance(self.may, AccessError):
            raise self.may
        return self.may


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Made:
    made = Made(FOLDER=str(tmp_path / "nowhere"))
    monkeypatch.setattr(clouds, "login_of", lambda _cloud: made)
    for each in (
        *("INFRA_SECRETS_CLOUD", "INFRA_SECRETS_ENVIRONMENT"),
        *("AWS_REGION", "AWS_DEFAULT_REGION"),
    ):
        monkeypatch.delenv(each, raising=False)
    return made


@pytest.fixture(autouse=True)
def there(monkeypatch: pytest.MonkeyPatch) -> Values:
    """What is there to be listed: nothing."""
    made = Values(place={})
    connected(monkeypatch, made)
    return made


def declared(
    number: int = 1, *, cloud: str = "aws", account: str = "123456789012"
) -> list[Declared]:
    return [
        Declared(
            name=SecretName(service="shop", environment="production", key=f"key-{each}"),
            cloud=cloud,
            logical_name=f"Key{each}",
            stack="production",
            id=f"arn:made-up:{each}",
            place={**REGION, "account": account},
        )
        for each in range(number)
    ]


def looked(
    *containers: Declared,
    cloud: str = "aws",
    named: Named | None = None,
    expected: As | None = None,
    project: object = None,
    config: Mapping[str, str] | None = None,
) -> list[Finding]:
    parts = SimpleNamespace(parts=lambda _stack: ("shop", "production"))
    stack: Any = SimpleNamespace(
        project=project or (parts if containers or config else None),
        short="production",
        config=dict(config or {}),
        declared=lambda: [*containers],
        broken=None,
    )
    access = Access(cloud=cloud, named=named or Named(), stack=stack, expected=expected)
    return [*access.look()]


NAMED = Named(cloud="aws", service="shop")


def test_who_is_logged_in_is_said_with_where(login: Made) -> None:
    login.answer = Identity(who="ann", place={"account": "123456789012"})

    first, rights = looked(named=NAMED)

    assert (first.state, first.found) == ("fine", "Logged in as ann (account 123456789012).")
    assert rights.state == "fine"
    assert rights.found == (
        "This identity may create containers of shop; it has no right to read every value of shop. There is no "
        "container of shop here."
    )
    assert login.asked == [({}, "shop", None, {})]


def test_a_cloud_that_another_was_named_instead_of_is_left_alone(login: Made) -> None:
    assert looked(cloud="gcp", named=NAMED) == []
    assert looked(*declared(cloud="aws"), cloud="gcp") == []
    assert looked(cloud="gcp", config={"infra-secrets:cloud": "aws"}) == []
    assert login.asked == []


def test_nobody_logged_in_is_to_be_fixed_on_a_cloud_that_is_meant_and_else_a_note(
    login: Made, tmp_path: Path
) -> None:
    login.answer = NotLoggedInError("Nobody is.", "Run: aws sso login")

    assert [each.state for each in looked(named=NAMED)] == ["fix"]
    assert [each.state for each in looked(*declared())] == ["fix"]
    assert [each.state for each in looked(config={"infra-secrets:cloud": "aws"})] == ["fix"]
    assert [each.state for each in looked()] == ["note"]
    login.FOLDER = str(tmp_path)
    assert [each.state for each in looked()] == ["fix"]


def test_a_cloud_that_is_neither_installed_nor_configured_nor_meant_has_no_line(
    login: Made, tmp_path: Path
) -> None:
    login.CLIENT_LIBRARY = "made_up_library.of_a_cloud"
    login.answer = MissingExtraError("The AWS client library (boto3)", "runtime-aws")

    assert looked() == []
    login.FOLDER = str(tmp_path)
    [found] = looked()
    assert (found.state, found.fix) == ("fix", "Run: pip install 'infra-secrets[runtime-aws]'")


def test_an_outage_of_a_cloud_ends_its_checks_and_is_no_denial(login: Made) -> None:
    login.answer = UnreachableError("It does not answer. This is no denial.", "Wait.")

    [found] = looked(*declared(), expected="service")

    assert (found.state, found.outage) == ("unknown", True)
    assert login.asked == []


def test_a_place_that_fails_keeps_no_other_from_being_looked_at(login: Made) -> None:
    first, second, third = declared(3)
    second = replace(second, place={"region": "eu-west-1"})
    third = replace(third, place={"region": "us-east-1"})
    login.at = dict.fromkeys(("eu-central-1", "eu-west-1"), NotLoggedInError("Nobody.", "Log in."))

    found = looked(first, second, third)

    assert [(each.check, each.state) for each in found] == [
        ("cloud-login", "fix"),
        ("cloud-login", "fine"),
        ("cloud-rights", "fine"),
    ]
    assert [place for place, *_ in login.asked] == [{"region": "us-east-1"}]


def test_the_wrong_account_is_to_be_fixed_and_another_region_is_a_note(login: Made) -> None:
    login.answer = Identity(who="ann", place={"account": "999999999999", "region": "us-east-1"})

    places = {each.state: each for each in looked(*declared()) if each.check == "cloud-place"}

    assert (
        "in account 123456789012, and the login is of account 999999999999" in places["fix"].found
    )
    assert places["note"].fix == "For such a program, run: export AWS_REGION=eu-central-1"


def test_the_right_account_has_no_line_of_its_own(login: Made) -> None:
    login.answer = Identity(who="ann", place={"account": "123456789012", **REGION})

    assert [each.check for each in looked(*declared())] == ["cloud-login", "cloud-rights"]


def test_a_clock_that_is_off_is_said_once_the_cloud_has_answered(login: Made) -> None:
    login.answer = Identity(who="ann", clock=NOON, local=NOON + timedelta(hours=1))

    assert [each.check for each in looked(named=NAMED)] == [
        *("cloud-login", "machine-clock", "cloud-rights")
    ]


def test_the_stack_s_containers_are_asked_about_by_id_and_no_more_than_a_person_waits_for(
    login: Made,
) -> None:
    containers = declared(MOST_ASKED + 5)
    login.may = Rights(create=False, read={each.name: True for each in containers[:MOST_ASKED]})

    rights = looked(*containers)[-1]

    [(place, service, environment, wanted)] = login.asked
    assert (place["region"], service, environment) == ("eu-central-1", "shop", "production")
    assert len(wanted) == MOST_ASKED
    assert wanted[containers[0].name] == "arn:made-up:0"
    assert "5 other containers were not asked about." in rights.found
    assert "and 22 more" in rights.found


def test_a_stack_that_was_never_brought_up_is_looked_for_where_its_config_says(login: Made) -> None:
    looked(config={"infra-secrets:cloud": "aws", "aws:region": "eu-west-1"})

    assert login.asked == [({"region": "eu-west-1"}, "shop", "production", {})]


def test_without_a_service_what_is_expected_cannot_be_judged(login: Made) -> None:
    assert login.asked == []
    [_, found] = looked(named=Named(cloud="aws"), expected="ci")

    assert (found.state, found.fix) == ("unknown", "Name it: --service NAME")
    assert [each.check for each in looked(named=Named(cloud="aws"))] == ["cloud-login"]


def test_rights_that_the_cloud_refuses_to_tell_are_a_finding_of_their_own(login: Made) -> None:
    login.may = DeniedError("It may not ask.", "Allow it.")

    first, second = looked(named=NAMED)

    assert (first.state, second.check, second.state) == ("fine", "cloud-rights", "fix")


KEY = SecretName(service="shop", environment="production", key="stripe")
MAIL = SecretName(service="shop", environment="production", key="mail")


@pytest.mark.parametrize(
    ("rights", "expected", "state", "words"),
    [
        (Rights(create=True, read={KEY: False}), "ci", "fine", "may create"),
        (
            Rights(create=True, read={}, read_any=False),
            "ci",
            "fine",
            "no right to read every value of shop",
        ),
        (Rights(create=True, read={KEY: True}), "ci", "fix", "CI can read values"),
        (Rights(create=True, read={KEY: False}, read_any=True), "ci", "fix", "CI can read values"),
        (Rights(create=False, read={KEY: False}), "ci", "fix", "CI cannot create"),
        (Rights(create=None, read={KEY: False}), "ci", "unknown", "could not be found out"),
        (Rights(create=None, read={KEY: True}), "ci", "fix", "CI can read values"),
        (
            Rights(create=False, read={KEY: True}),
            "service",
            "fine",
            "may read shop/production/stripe",
        ),
        (
            Rights(create=False, read={KEY: True, MAIL: False}),
            "service",
            "fix",
            "cannot read its own",
        ),
        (Rights(create=True, read={KEY: True}), "service", "fix", "can create containers"),
        (Rights(create=False, read={KEY: None}), "service", "unknown", "may or may not read"),
        (Rights(create=False, read={}, read_any=None), "service", "unknown", "could not be found"),
        (
            Rights(create=False, read={}, read_any=False),
            "service",
            "unknown",
            "no right to read every",
        ),
        (
            Rights(create=False, read={}, read_any=True),
            "service",
            "fine",
            "may read values of shop",
        ),
        (Rights(create=None, read={KEY: None}), None, "note", "may or may not create"),
        (Rights(create=None, read={}, notes=("Why.",)), None, "note", "Why."),
    ],
)
def test_what_an_identity_may_do_is_judged_by_what_it_should_be(
    rights: Rights, expected: As | None, state: str, words: str
) -> None:
    found = judged("aws", rights, "shop", expected)

    assert found.state == state
    assert words in found.found
    assert bool(found.fix) is (state != "fine")


def test_what_is_not_known_is_found_out_by_what_the_cloud_names() -> None:
    rights = Rights(create=None, read={KEY: True}, to_find_out="Allow it to ask.")

    for expected, state in (("ci", "fix"), ("service", "unknown"), (None, "note")):
        found = judged("aws", rights, "shop", cast(As | None, expected))
        assert (found.state, "Allow it to ask." in found.fix) == (state, state != "fix")


def test_without_a_stack_the_service_s_containers_are_listed_and_each_is_tried(
    login: Made, there: Values
) -> None:
    there.add("shop/production/stripe", "made-up-stripe-key")
    there.add("shop/production/mail")
    there.add("shop/staging/mail")
    there.add("other/production/mail")

    looked(named=Named(cloud="aws", service="shop", environment="production"))
    looked(named=NAMED)

    (_, _, environment, wanted), (*_, all_of_it) = login.asked
    assert (environment, [*wanted]) == ("production", [KEY, MAIL])
    assert len(all_of_it) == 3
    assert there.calls == ["listing", "listing"]


def test_a_reader_by_the_container_s_own_policy_is_never_said_to_be_denied(
    login: Made, there: Values
) -> None:
    login.may = Rights(create=False, read={}, read_any=False)
    there.failing["listing"] = DeniedError("It may not list.", "Allow it.")

    [_, found] = looked(named=NAMED, expected="service")

    assert found.state == "unknown"
    assert "It may not list the containers of shop, so that none was tried." in found.found
    assert found.fix == (
        "The stack says which containers to try: run it in the project's folder with --stack NAME."
    )


def test_more_containers_than_a_person_waits_for_are_not_listed_to_the_end(
    login: Made, there: Values
) -> None:
    for each in range(MOST_ASKED + 5):
        there.add(f"shop/production/key-{each}")

    rights = looked(named=NAMED)[-1]

    assert len(login.asked[0][3]) == MOST_ASKED
    assert "1 or more other containers were not asked about." in rights.found
