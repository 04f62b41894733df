"""docs/patterns.md: what its programs make is what its sentences say."""

from collections.abc import Mapping
from typing import Any

import pytest

from infra_secrets.testing import Recording, Rehearsal
from tests.conftest import ROOT
from tests.test_documentation import Page

CONFIG = {
    "infra-secrets:cloud": "aws",
    "aws:region": "eu-west-1",
    "gcp:project": "shop-prod",
}
CONTAINER = {
    "aws": "aws:secretsmanager/secret:Secret",
    "gcp": "gcp:secretmanager/secret:Secret",
}


def program(holding: str) -> Any:
    """Return the page's one program that holds a text, as a function."""
    page = Page("docs/patterns.md", (ROOT / "docs" / "patterns.md").read_text(encoding="utf-8"))
    [text] = [each.text for each in page.blocks() if holding in each.text]
    return lambda: exec(text, {"__name__": "__main__"})  # noqa: S102 (our own page)


def recorded(holding: str, cloud: str = "aws") -> dict[str, Mapping[str, Any]]:
    recording = Recording(project="shop", stack="production", config=CONFIG)
    recording.run(program(holding))
    return {each.name: each.inputs for each in recording.of_type(CONTAINER[cloud])}


def own(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in tags.items() if not key.startswith("infra-secrets")}


def test_keywords_win_over_what_is_shared_and_nothing_else_is_touched() -> None:
    made = recorded("payments: SecretArgs")

    ages = {name: each["tags"]["infra-secrets:max-age-days"] for name, each in made.items()}
    assert ages == {"StripeApiKey": "90", "WebhookSigningKey": "30"}
    assert {each["tags"]["infra-secrets:owner"] for each in made.values()} == {
        "payments@example.com"
    }
    assert all(
        own(each["tags"]) == {"team": "payments", "cost-centre": "42"} for each in made.values()
    )


def test_tags_as_a_keyword_replace_those_that_are_shared_as_the_page_says() -> None:
    from infra_secrets import Secret, SecretArgs

    shared: SecretArgs = {"tags": {"team": "payments"}}
    recording = Recording(project="shop", stack="production", config=CONFIG)
    recording.run(lambda: Secret("StripeApiKey", shared, tags={"tier": "gold"}))

    [container] = recording.of_type(CONTAINER["aws"])
    assert own(container.inputs["tags"]) == {"tier": "gold"}
    assert shared == {"tags": {"team": "payments"}}


def test_a_loop_makes_a_container_for_each_name() -> None:
    assert {each["name"] for each in recorded("for name in names").values()} == {
        "shop/production/sentry-dsn",
        "shop/production/smtp-password",
        "shop/production/geocoder-key",
    }


def test_a_teams_function_adds_its_tags_and_leaves_the_rest_to_the_caller() -> None:
    made = recorded("def ledger_secret")

    team = {"team": "ledger", "data-class": "restricted"}
    assert own(made["ReportKey"]["tags"]) == team
    assert own(made["BankPin"]["tags"]) == {**team, "tier": "gold"}
    assert made["BankPin"]["name"] == "ledger/production/bank-pin"


def test_two_clouds_hold_one_name_as_each_spells_it() -> None:
    assert {each["name"] for each in recorded("ModelsApiKey").values()} == {
        "shop/production/database-url"
    }
    assert {each["secretId"] for each in recorded("ModelsApiKey", "gcp").values()} == {
        "shop__production__models-api-key",
        "shop__production__database-url",
    }


@pytest.mark.engine
@pytest.mark.parametrize(
    ("holding", "regions"),
    [
        ("StripeApiKeyEurope", {"stripe-api-key": ["eu-central-1", "us-east-1"]}),
        ('SearchApiKey", opts', {"search-api-key": ["us-west-2"]}),
    ],
    ids=["regions", "stores"],
)
def test_containers_are_where_the_page_says_and_stores_read_there(
    holding: str, regions: dict[str, list[str]]
) -> None:
    with Rehearsal(
        program(holding), project="shop", stack="production", config=CONFIG
    ) as rehearsal:
        rehearsal.up()

        for key, where in regions.items():
            found = [
                each for each in where if f"shop/production/{key}" in rehearsal.aws.names(each)
            ]
            assert found == where
        stores = [
            each["inputs"]["spec"]["provider"]
            for each in rehearsal.resources
            if each["type"].endswith(":SecretStore")
        ]
        places = [
            each.get("aws", {}).get("region") or each["gcpsm"]["projectID"] for each in stores
        ]
        assert sorted(places) == (["shop-prod", "us-west-2"] if stores else [])
