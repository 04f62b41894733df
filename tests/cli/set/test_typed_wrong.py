"""Nothing that is typed behind the command is repeated where it may be a value, however it is typed."""

import pytest

from tests.cli.set.conftest import CANARY, DOCUMENT, REFERENCE, Set
from tests.cli.test_rehearse import call
from tests.values import Values

TYPED = {
    "behind the reference": [REFERENCE, CANARY],
    "several words": [REFERENCE, CANARY, CANARY],
    "behind dashes": [REFERENCE, "--", CANARY],
    "an option for it": [REFERENCE, f"--value={CANARY}"],
    "an option for it, apart": [REFERENCE, "--value", CANARY],
    "an option for it, first": [f"--value={CANARY}", REFERENCE],
    "a short option": [REFERENCE, "-v", CANARY],
    "a short option that it is part of": [REFERENCE, f"-p{CANARY}"],
    "a value that begins with a dash": [REFERENCE, f"-{CANARY}"],
    "a value that begins with dashes": [REFERENCE, f"--{CANARY}"],
    "a misspelt option": [REFERENCE, f"--feild={CANARY}"],
    "an option that takes nothing": [REFERENCE, f"--force={CANARY}"],
    "another that takes nothing": [REFERENCE, f"--json={CANARY}"],
    "a quiet one": [REFERENCE, f"--quiet={CANARY}"],
    "an assignment": [f"{REFERENCE}={CANARY}"],
    "an assignment to a key": [f"stripe-api-key={CANARY}"],
    "as the reference": [CANARY],
    "as the reference, like a credential": [f"sk_live_{CANARY}"],
    "as the reference, with blanks": [f"{CANARY} {CANARY}"],
    "as the reference, with slashes": [f"{CANARY}_/{CANARY}"],
    "as the last part of the reference": [f"payments/production/{CANARY}_"],
    "as the reference, in a document": [f'{{"a": "{CANARY}"}}'],
    "as a file": [REFERENCE, "--file", CANARY],
    "as a field": [DOCUMENT, "--field", CANARY],
    "as a cloud": [REFERENCE, "--cloud", CANARY],
    "as a stack": [REFERENCE, "--stack", CANARY],
    "as a service": [REFERENCE, "--service", f"sk_live_{CANARY}"],
    "as a place": [REFERENCE, "--region", f"AKIA{CANARY}1234567890"],
    "as a place of another cloud": [REFERENCE, "--vault", CANARY],
}


@pytest.mark.parametrize("arguments", TYPED.values(), ids=TYPED.keys())
def test_what_may_be_a_value_is_refused_and_not_repeated(
    values: Values, set_: Set, arguments: list[str]
) -> None:
    where = () if "--cloud" in arguments or "--stack" in arguments else ("--cloud", "aws")
    said = set_(*where, *arguments, given="x", where=())

    assert said.code == 2
    assert said.err
    assert CANARY not in said.out + said.err
    assert values.stored == {}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([REFERENCE, CANARY], "an argument too many"),
        ([REFERENCE, "--feild", "X"], "Did you mean --field?"),
        ([REFERENCE, "--value=x"], "A value is never an argument"),
        ([f"{REFERENCE}=x"], "remove it from your shell's history"),
        (["Payments/production"], "service/environment/key"),
        (["stripe-api-key"], "--service and --environment"),
        ([REFERENCE, "--environment", "dev"], "is not of dev"),
        (
            ["x", "--service", "Pay Ments", "--environment", "dev"],
            "--service is not shown",
        ),
        (
            ["x", "--service", "Payments", "--environment", "dev"],
            "This would work: --service payments",
        ),
        ([REFERENCE, "--vault", "x"], "There it is --region."),
    ],
)
def test_a_refusal_says_the_way_out(set_: Set, arguments: list[str], says: str) -> None:
    assert says in set_(*arguments).err


def test_a_key_or_a_logical_name_is_enough_with_service_and_environment(
    values: Values, set_: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = ["--service", "payments", "--environment", "production"]

    assert set_("stripe-api-key", *named, given="one").code == 0
    assert set_("StripeApiKey", *named, given="two").code == 0
    monkeypatch.setenv("INFRA_SECRETS_ENVIRONMENT", "production")
    assert set_("StripeApiKey", "--service", "payments", given="three").code == 0
    assert len(values.stored[REFERENCE]) == 3


def test_the_variable_names_the_cloud(set_: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFRA_SECRETS_CLOUD", "aws")
    assert set_(REFERENCE, given="x", where=()).code == 0
    monkeypatch.setenv("INFRA_SECRETS_CLOUD", CANARY)
    said = set_(REFERENCE, given="x", where=())
    assert said.err == "Error: INFRA_SECRETS_CLOUD must be one of aws, azure, gcp.\n"


def test_without_a_project_and_a_cloud_it_says_what_there_is(set_: Set) -> None:
    said = set_(REFERENCE, given="x", where=())

    assert said.code == 2
    assert "--cloud aws|azure|gcp (or INFRA_SECRETS_CLOUD)" in said.err


def test_a_command_that_does_not_exist_is_not_repeated_where_it_may_be_a_value(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = call(capsys, f"sk_live_{CANARY}", REFERENCE)

    assert said.code == 2
    assert CANARY not in said.out + said.err


def test_the_reference_is_needed(set_: Set) -> None:
    said = set_(where=())
    assert said.code == 2
    assert "REFERENCE" in said.err
