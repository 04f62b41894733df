"""What a person names of all that there is, and what of it is not there: a slip must not keep CI green."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from infra_secrets.cli.status.fixes import fix
from infra_secrets.cli.status.subject import find
from infra_secrets.cli.where import Named
from tests.cli.projects import RecordedProject, arn, secret
from tests.cli.status.conftest import Status
from tests.cli.status.samples import row
from tests.cli.status.test_command import DATABASE, HERE, STRIPE, references
from tests.values import Values, connected


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch) -> Values:
    values = Values()
    connected(monkeypatch, values, Values(place={"region": "eu-west-9"}), Values("gcp", {}))
    return values


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordedProject:
    stacks = {"production": [secret(STRIPE), secret(DATABASE)], "empty": []}
    return RecordedProject(tmp_path, monkeypatch, stacks)


# By tags


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        (("--service", "Shop"), "This would work: --service shop"),
        (("--service", "shop/production"), "--service is 'shop/production': each part must be"),
        (("--environment", "Production"), "This would work: --environment production"),
        (("--service", "shpo"), "There is no container of what was named: shpo in every"),
        (("--service", "shop", "--environment", "prod"), "what was named: shop/prod on aws"),
    ],
)
def test_a_name_that_nothing_can_have_or_has_is_2(
    values: Values, status: Status, named: tuple[str, ...], sentence: str
) -> None:
    values.add(STRIPE, "made-up")

    said = status("--cloud", "aws", *named)

    assert (said.code, said.out) == (2, "")
    assert sentence in said.err


def test_a_variable_that_nothing_can_have_is_2_and_is_named(
    values: Values, status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    values.add(STRIPE, "made-up")
    monkeypatch.setenv("INFRA_SECRETS_ENVIRONMENT", "Production")

    said = status("--cloud", "aws")

    assert said.code == 2
    assert "INFRA_SECRETS_ENVIRONMENT is 'Production'" in said.err
    assert status(*HERE).code == 0, "what was named counts more"


@pytest.mark.parametrize(
    ("beginning", "count"),
    [("shop", 2), ("shop/", 2), ("shop/production", 2), ("shop/production/", 2), (STRIPE, 1)],
)
def test_a_reference_names_one_or_all_that_begin_with_it(
    values: Values, status: Status, beginning: str, count: int
) -> None:
    for each in (STRIPE, DATABASE, "shops/production/key"):
        values.add(each, "made-up")

    said = status("--cloud", "aws", beginning)

    assert said.code == 0
    assert len(references(said.out)) == count


@pytest.mark.usefixtures("values", "project")
def test_an_inventory_of_what_is_not_there_is_2(status: Status) -> None:
    said = status("--markdown", "shop/production/stripe-api-kye")

    assert (said.code, said.out) == (2, "")
    assert f"Did you mean {STRIPE}?" in said.err


# In a project


@pytest.mark.usefixtures("values", "project")
@pytest.mark.parametrize(
    "named", [("--region", "eu-west-9"), ("--cloud", "gcp"), ("--service", "other")]
)
def test_a_stack_that_has_none_of_what_was_named_says_what_it_has(
    status: Status, named: tuple[str, ...]
) -> None:
    said = status("--stack", "production", *named)

    assert (said.code, said.out) == (2, "")
    assert "it has 2 on aws, region eu-central-1" in said.err
    assert "in its state" not in said.err


@pytest.mark.usefixtures("project")
def test_another_service_narrows_and_makes_nothing_of_it_an_orphan(
    values: Values, status: Status
) -> None:
    values.add(STRIPE, "made-up")
    values.add("other/staging/k", "made-up")

    said = status("--service", "other", "--environment", "staging")

    assert (said.code, said.out) == (2, "")
    assert status("--service", "shop", DATABASE).code == 1


@pytest.mark.usefixtures("project")
def test_a_report_of_a_part_says_that_it_is_one(status: Status, values: Values) -> None:
    values.add(STRIPE, "made-up")
    values.add(DATABASE, "made-up")

    said = status("--json", "--region", "eu-central-1", "shop/production/stripe-api-key")

    assert json.loads(said.out)["subject"] == (
        f"shop, stack production, region eu-central-1, only {STRIPE}"
    )


# What a stack has left behind


def config(project: RecordedProject, text: str, stack: str = "empty") -> None:
    (project.directory / f"Pulumi.{stack}.yaml").write_text(f"config:\n{text}")


def test_what_the_last_secret_left_behind_is_found_where_the_config_says(
    values: Values, status: Status, project: RecordedProject
) -> None:
    config(
        project,
        "  infra-secrets:cloud: aws\n  aws:region: eu-central-1\n  infra-secrets:environment: live\n",
    )
    values.add("shop/live/old-key", "made-up", stack="acme/shop/empty")

    said = status("--stack", "empty")

    assert said.code == 1
    assert references(said.out) == [("orphan", "shop/live/old-key")]


@pytest.mark.usefixtures("values")
def test_a_config_that_does_not_say_all_of_the_place_is_no_place_to_look(
    status: Status, project: RecordedProject
) -> None:
    config(project, "  infra-secrets:cloud: aws\n")

    said = status("--stack", "empty")

    assert (said.code, said.out.partition("\n")[0]) == (0, "No containers.")


def test_an_orphan_of_the_stacks_own_service_is_found_where_others_are_declared(
    values: Values, status: Status, project: RecordedProject
) -> None:
    config(project, "  infra-secrets:environment: live\n", "production")
    for each in (STRIPE, DATABASE, "shop/live/old-key"):
        values.add(each, "made-up")

    assert references(status().out)[0] == ("orphan", "shop/live/old-key")


# Stacks


def test_one_bad_reference_costs_its_own_stack_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: Values, status: Status
) -> None:
    bad = secret("Shop/staging/key", id_=arn("x"))
    odd = {"type": "infra-secrets:index:Secret", "inputs": ["made-up-pw"]}
    stacks = {"production": [secret(STRIPE)], "staging": [bad], "odd": [odd]}
    RecordedProject(tmp_path, monkeypatch, stacks)
    values.add(STRIPE, "made-up")

    said = status("--all-stacks")

    assert said.code == 2
    assert references(said.out) == [("set", STRIPE)]
    assert "The state of stack staging has a Secret, Key, whose reference is none" in said.out
    assert "The state of stack odd is not as Pulumi writes it" in said.out
    assert "made-up-pw" not in said.out + said.err


def test_a_container_that_two_stacks_declare_is_one_row_that_names_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: Values, status: Status
) -> None:
    stacks = {"production": [secret(STRIPE)], "staging": [secret(STRIPE)]}
    RecordedProject(tmp_path, monkeypatch, stacks)
    values.add(STRIPE, "made-up")

    [container] = json.loads(status("--all-stacks", "--json").out)["containers"]

    assert (container["stack"], container["other_stacks"]) == ("production", ["staging"])
    assert "production,staging" in status("--all-stacks").out


@pytest.mark.usefixtures("values", "project")
@pytest.mark.parametrize("state", ["unset", "missing"])
def test_the_name_of_a_stack_is_quoted_in_a_command(state: Any) -> None:
    [place] = find(Named(stack="production")).places
    of_stack = row("key", state, stack="a;b $HOME")

    words = shlex.split(str(fix(of_stack, place.options(of_stack))))

    assert words[-2:] == ["--stack", "a;b $HOME"]
