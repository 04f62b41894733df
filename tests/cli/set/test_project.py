"""In a Pulumi project: what the selected or the named stack declares says which container is meant, and where it is."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.fake_pulumi import arn, project, secret
from tests.cli.set.conftest import CANARY, Set
from tests.values import Values, connected

KEY = "shop/dev/stripe-api-key"
STRIPE = secret(KEY, arn(KEY), logical_name="StripeApiKey")
DOCUMENT = secret("shop/dev", arn("shop/dev"), logical_name="api", fields=["A", "B"])
UNMADE = secret("shop/dev/unmade", None, logical_name="Unmade")
PRODUCTION = secret(
    "shop/production/stripe-api-key",
    arn("shop/production/stripe-api-key"),
    logical_name="StripeApiKey",
)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: Values) -> Values:
    values.add(KEY)
    values.add("shop/dev")
    values.add("shop/production/stripe-api-key")
    values.calls.clear()
    states: dict[str, list[dict[str, Any]]] = {
        "dev": [STRIPE, DOCUMENT, UNMADE],
        "production": [PRODUCTION],
        "empty": [],
    }
    project(tmp_path / "shop", monkeypatch, states, selected="dev")
    return values


@pytest.mark.parametrize("reference", [KEY, "stripe-api-key", "StripeApiKey"])
def test_a_reference_a_key_or_a_logical_name_means_a_container_of_the_selected_stack(
    shop: Values, set_: Set, reference: str
) -> None:
    said = set_(reference, given=CANARY, where=())

    assert said.code == 0, said.err
    assert shop.text(KEY) == CANARY
    assert f"{KEY} is set." in said.out


@pytest.mark.parametrize("stack", ["production", "acme/shop/production"])
def test_a_named_stack_says_which(shop: Values, set_: Set, stack: str) -> None:
    said = set_("StripeApiKey", "--stack", stack, given=CANARY, where=())

    assert said.code == 0, said.err
    assert shop.text("shop/production/stripe-api-key") == CANARY
    assert KEY not in shop.stored


def test_the_keys_of_a_document_come_from_the_stack(shop: Values, set_: Set) -> None:
    said = set_("api", given='{"A": "x"}', where=())
    assert (said.code, "Missing: B." in said.err) == (2, True)
    assert set_("api", given='{"A": "x", "B": "y"}', where=()).code == 0
    assert set_("shop/dev", "--field", "B", given="z", where=()).code == 0
    assert shop.text("shop/dev") == '{"A": "x", "B": "z"}'


def test_a_container_of_another_environment_is_refused_and_the_advice_sets_it(
    shop: Values, set_: Set
) -> None:
    reference = "shop/production/stripe-api-key"
    said = set_(reference, given=CANARY, where=())

    assert said.code == 2
    assert (
        f"{reference} belongs to environment production, and stack dev of shop is of dev"
        in said.err
    )
    assert f"infra-secrets set {reference} --stack STACK" in said.err
    assert shop.stored == {}
    assert set_(reference, "--stack", "production", given=CANARY, where=()).code == 0


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("shop/dev/strip-api-key", f"It declares: {KEY}, "),
        ("strip-api-key", "no container of that key or logical name. It declares: "),
        (CANARY, "no container of that key or logical name. It declares: "),
        ("unmade", "is declared, and was never made"),
        ("Unmade", "Run: pulumi up --stack dev"),
    ],
)
def test_what_the_stack_does_not_declare_or_never_made_is_refused(
    shop: Values, set_: Set, reference: str, says: str
) -> None:
    said = set_(reference, given=CANARY, where=())

    assert said.code == 2
    assert says in said.err
    assert CANARY not in said.err
    assert shop.calls == []


def test_a_stack_that_declares_nothing_says_so(shop: Values, set_: Set) -> None:
    said = set_("shop/empty/x", "--stack", "empty", where=())

    assert (said.code, "It declares none." in said.err) == (2, True)
    assert shop.calls == []


def test_a_cloud_that_is_named_is_looked_at_whatever_the_project_says(
    shop: Values, set_: Set
) -> None:
    assert set_("shop/production/stripe-api-key", given=CANARY).code == 0
    assert shop.text("shop/production/stripe-api-key") == CANARY


def test_no_selected_stack_says_how_to_name_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, set_: Set
) -> None:
    project(tmp_path / "none", monkeypatch, {"dev": []}, config={"dev": "", "test": ""})
    said = set_("key", where=())

    assert (said.code, "--stack dev|test, or run: pulumi stack select" in said.err) == (2, True)


def test_a_stack_that_there_is_none_of_is_refused(shop: Values, set_: Set) -> None:
    said = set_("key", "--stack", "nothing", where=())

    assert said.code == 2
    assert "no stack named" in said.err
    assert shop.calls == []


def test_without_pulumi_the_message_says_what_helps(
    shop: Values, set_: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    said = set_(KEY, given=CANARY, where=())

    assert (said.code, "no `pulumi` command" in said.err) == (2, True)
    assert set_(KEY, given=CANARY, where=("--cloud", "aws")).code == 0, "as it says"
    assert shop.text(KEY) == CANARY


def test_a_stack_outside_of_a_project_is_refused(values: Values, set_: Set) -> None:
    said = set_("key", "--stack", "dev", where=())

    assert (said.code, "--stack needs a Pulumi project" in said.err) == (2, True)
    assert values.calls == []


def test_the_stack_s_config_names_service_and_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, set_: Set
) -> None:
    config = {"dev": "config:\n  infra-secrets:environment: staging\n"}
    project(tmp_path / "named", monkeypatch, {"dev": []}, selected="dev", config=config)

    assert "stack dev of named" not in set_("named/dev/x", where=()).err
    assert "is of staging" in set_("shop/dev/x", where=()).err
    assert "declares no shop/staging/x" in set_("shop/staging/x", where=()).err


def test_one_name_at_two_places_is_asked_about_and_each_way_out_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, set_: Set
) -> None:
    here, there = Values(), Values(place={"region": "us-east-1"})
    for each in (here, there):
        each.add(KEY)
    connected(monkeypatch, here, there)
    resources = [STRIPE, secret(KEY, arn(KEY, "us-east-1"), logical_name="StripeApiKeyUs")]
    project(tmp_path / "two", monkeypatch, {"dev": resources}, selected="dev")

    said = set_("stripe-api-key", given=CANARY, where=())
    assert said.code == 2
    assert "--stack dev --cloud aws --region eu-central-1" in said.err
    ways = ["--stack", "dev", "--cloud", "aws", "--region", "us-east-1"]
    assert " ".join(ways) in said.err
    assert set_("stripe-api-key", *ways, given=CANARY, where=()).code == 0
    assert there.text(KEY) == CANARY
    assert here.stored == {}
