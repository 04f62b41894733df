"""The command as a person and as CI run it: what it prints, the exit code, and that its advice works."""

import io
import json
import re
import shlex
import stat
import sys
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand

from infra_secrets import clouds
from infra_secrets.cli import main
from infra_secrets.cli.status import command, page
from infra_secrets.errors import DeniedError
from tests.cli.projects import RecordedProject, arn, of_an_older_version, secret
from tests.cli.status.conftest import Status
from tests.cli.status.test_document import VALIDATOR
from tests.conftest import ROOT
from tests.values import Values, connected

STRIPE = "shop/production/stripe-api-key"
DATABASE = "shop/production/database-url"
HERE = ("--cloud", "aws", "--service", "shop", "--environment", "production")


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch) -> Values:
    values = Values()
    connected(monkeypatch, values)
    return values


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordedProject:
    return RecordedProject(
        tmp_path,
        monkeypatch,
        {
            "production": [
                secret(STRIPE, owner="payments@example.com", maxAgeDays=90, description="Pays."),
                secret(DATABASE, readers=["arn:aws:iam::123456789012:role/api"]),
            ],
            "staging": [secret("shop/staging/stripe-api-key")],
            "empty": [],
        },
    )


def references(text: str) -> list[tuple[str, str]]:
    """The containers of a table in a pipe, with their states."""
    rows = text.partition("WRITERS\n")[2].partition("\n\n")[0].splitlines()
    return [(row.split()[0], row.split()[1]) for row in rows]


# Exit codes


def test_all_set_is_0(values: Values, status: Status) -> None:
    values.add(STRIPE, "made-up")

    said = status(*HERE)

    assert (said.code, said.err) == (0, "")
    assert references(said.out) == [("set", STRIPE)]
    assert "1 container: 1 set." in said.out


def test_something_that_needs_a_person_is_1(values: Values, status: Status) -> None:
    values.add(STRIPE)

    assert status(*HERE).code == 1


def test_what_was_refused_is_2_and_is_said(values: Values, status: Status) -> None:
    values.add(STRIPE)
    values.failing["listing"] = DeniedError("This login may not list.", "Ask for ListSecrets.")

    said = status(*HERE)

    assert said.code == 2
    assert "denied. This login may not list. Ask for ListSecrets." in said.out
    assert said.out.startswith("No containers could be seen.\n")


def test_what_was_typed_wrong_is_2(values: Values, status: Status) -> None:
    values.add(STRIPE)

    for arguments in (
        ("--cloud", "asw"),
        (*HERE, "--stack", "x"),
        (*HERE, "--all-stacks"),
        (*HERE, "--json", "--markdown"),
        (*HERE, "one-part"),
        (),
    ):
        said = status(*arguments)
        assert (said.code, said.out) == (2, ""), arguments
        assert said.err.startswith("Error: ")


def test_no_container_at_all_is_fine(values: Values, status: Status) -> None:
    said = status("--cloud", "aws")

    assert (said.code, said.out) == (0, "No containers.\n")
    assert values.calls == ["listing"]


# In a project


@pytest.mark.usefixtures("project")
def test_in_a_project_the_selected_stack_says_what_must_be_there(
    values: Values, status: Status
) -> None:
    values.add(STRIPE, "made-up", days_old=100)

    said = status()

    assert said.code == 1
    assert references(said.out) == [("missing", DATABASE), ("stale", STRIPE)]
    assert "pulumi up --refresh --stack production" in said.out
    assert f"infra-secrets set {STRIPE}\n" in said.out


@pytest.mark.usefixtures("project")
def test_another_stack_is_named_in_its_commands_too(values: Values, status: Status) -> None:
    values.add("shop/staging/stripe-api-key")

    said = status("--stack", "staging")

    assert references(said.out) == [("unset", "shop/staging/stripe-api-key")]
    assert "infra-secrets set shop/staging/stripe-api-key --stack staging\n" in said.out


@pytest.mark.usefixtures("project")
def test_all_stacks_are_looked_at_in_one_listing_and_an_empty_one_is_said(
    values: Values, status: Status
) -> None:
    for each in (STRIPE, DATABASE, "shop/staging/stripe-api-key"):
        values.add(each, "made-up")

    said = status("--all-stacks")

    assert said.code == 0
    assert len(references(said.out)) == 3
    assert values.calls == ["listing"]
    assert "Note: Stack empty has no container in its state." in said.out


def test_a_stack_that_cannot_be_read_is_said_and_the_others_are_shown(
    project: RecordedProject, values: Values, status: Status
) -> None:
    project.lose("staging")
    values.add(STRIPE, "made-up")
    values.add(DATABASE, "made-up")

    said = status("--all-stacks")

    assert said.code == 2
    assert references(said.out) == [("set", DATABASE), ("set", STRIPE)]
    assert "stack staging: stack." in said.out
    assert "no stack named 'staging' found" in said.out


@pytest.mark.usefixtures("project")
def test_a_stack_without_containers_has_nothing_to_look_at(values: Values, status: Status) -> None:
    said = status("--stack", "empty")

    assert said.code == 0
    assert said.out.startswith("No containers.\n")
    assert values.calls == []


@pytest.mark.usefixtures("project")
def test_a_cloud_that_is_named_is_looked_at_whatever_the_project_says(
    values: Values, status: Status
) -> None:
    values.add("other/production/key")

    said = status("--cloud", "aws")

    assert references(said.out) == [("unset", "other/production/key")]
    assert "set other/production/key --cloud aws --region eu-central-1\n" in said.out


def test_a_container_that_was_never_made_is_expected_where_its_neighbours_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: Status
) -> None:
    there = Values(place={"region": "us-east-1"})
    connected(monkeypatch, there, Values())
    RecordedProject(
        tmp_path,
        monkeypatch,
        {
            "production": [
                secret(STRIPE, id_=arn(STRIPE, region="us-east-1")),
                secret(DATABASE, id_=None),
            ]
        },
    )
    there.add(STRIPE, "made-up")

    said = status()

    assert references(said.out) == [("missing", DATABASE), ("set", STRIPE)]
    assert there.calls == ["listing", f"describe {DATABASE}"]
    assert "pulumi up --stack production" in said.out


# Only some


@pytest.mark.usefixtures("project")
def test_only_what_is_named_is_shown(values: Values, status: Status) -> None:
    values.add(STRIPE)

    assert references(status(STRIPE).out) == [("unset", STRIPE)]
    assert len(references(status("shop/production").out)) == 2


@pytest.mark.usefixtures("project")
def test_a_name_that_nothing_answers_to_is_refused_with_the_nearest(
    values: Values, status: Status
) -> None:
    values.add(STRIPE)

    said = status("shop/production/stripe-api-kye")

    assert said.code == 2
    assert "neither declared nor in the cloud" in said.err


def test_what_looks_like_a_value_is_not_repeated(values: Values, status: Status) -> None:
    values.add(STRIPE)
    value = "sk-made-up-0123456789abcdefghij"

    for arguments in ((value,), ("--service", value), ("--stack", value)):
        said = status(*HERE[:2], *arguments)
        assert said.code == 2
        assert value not in said.out + said.err


# Forms


def test_json_is_what_the_schema_says(
    values: Values, status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    values.add(STRIPE)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")

    said = status(*HERE, "--json")

    assert said.code == 1
    VALIDATOR.validate(said.report)
    assert said.report["containers"][0]["reference"] == STRIPE
    assert said.report["subject"] == "shop/production on aws, region eu-central-1"


def test_the_page_is_written_whole_for_its_owner_alone_beside_the_table(
    values: Values, status: Status, tmp_path: Path
) -> None:
    values.add(STRIPE)
    file = tmp_path / "secrets.html"

    said = status(*HERE, "--html", str(file))

    assert said.code == 1
    assert references(said.out) == [("unset", STRIPE)]
    assert file.read_text(encoding="utf-8").endswith("</html>\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_page_that_cannot_be_written_leaves_the_one_that_is_there(
    values: Values, status: Status, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values.add(STRIPE)
    file = tmp_path / "secrets.html"
    file.write_text("before")

    def full(_report: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page, "page", full)
    said = status(*HERE, "--html", str(file))

    assert said.code == 2
    assert "could not be written: No space left on device" in said.err
    assert file.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir() if "html" in each.name] == ["secrets.html"]


def test_a_folder_that_is_not_there_is_said(values: Values, status: Status, tmp_path: Path) -> None:
    values.add(STRIPE)

    said = status(*HERE, "--html", str(tmp_path / "none" / "secrets.html"))

    assert said.code == 2
    assert f"There is no folder {tmp_path / 'none'}." in said.err


# The inventory


@pytest.mark.usefixtures("project")
def test_the_inventory_of_a_stack_asks_no_cloud_and_its_own_command_writes_it_again(
    values: Values, status: Status
) -> None:
    said = status("--markdown")

    assert said.code == 0
    assert values.calls == []
    [own] = re.findall(r"Made by `([^`]+)`", said.out)
    assert own == "infra-secrets status --markdown --stack production"
    assert status(*shlex.split(own)[2:]).out == said.out
    assert f"| `{STRIPE}` | Pays. | payments@example.com | 90 days |" in said.out


def test_a_committed_inventory_is_checked_and_the_printed_command_updates_it(
    project: RecordedProject, values: Values, status: Status, tmp_path: Path
) -> None:
    file = tmp_path / "the inventory.md"
    file.write_text(status("--markdown").out)
    assert status("--check", str(file)).code == 0

    project.answer(
        "production",
        json.dumps({"deployment": {"resources": [secret(STRIPE), secret("shop/production/new")]}}),
    )
    said = status("--check", str(file))

    assert said.code == 1
    assert (
        "  - shop/production/database-url\n  + shop/production/new\n  ~ shop/production/stripe"
        in said.out
    )
    [update] = re.findall(r"To update it: (.*)", said.out)
    words = shlex.split(update)
    assert words[-2:] == [">", str(file)]
    file.write_text(status(*words[2:-2]).out)
    assert status("--check", str(file)).code == 0
    assert values.calls == []


@pytest.mark.usefixtures("project", "values")
def test_an_inventory_that_is_not_there_is_2_with_the_command_that_writes_it(
    status: Status, tmp_path: Path
) -> None:
    said = status("--check", str(tmp_path / "none.md"))

    assert said.code == 2
    assert (
        f"infra-secrets status --markdown --stack production > {tmp_path / 'none.md'}" in said.err
    )


@pytest.mark.usefixtures("project", "values")
def test_an_inventory_with_the_line_ends_of_windows_is_up_to_date(
    status: Status, tmp_path: Path
) -> None:
    file = tmp_path / "SECRETS.md"
    file.write_bytes(status("--markdown").out.replace("\n", "\r\n").encode())

    assert status("--check", str(file)).code == 0


def test_by_tags_the_inventory_is_of_the_cloud_and_none_is_made_of_half_of_it(
    values: Values, status: Status
) -> None:
    values.add(STRIPE, owner="payments@example.com", max_age_days="90")
    said = status(*HERE, "--markdown")
    assert (said.code, said.err) == (0, "")
    assert f"| `{STRIPE}` | payments@example.com | 90 days |" in said.out
    assert f"Made by `infra-secrets status --markdown {' '.join(HERE)}`" in said.out

    values.failing["listing"] = DeniedError("This login may not list.", "Ask for ListSecrets.")
    said = status(*HERE, "--markdown")

    assert (said.code, said.out) == (2, "")
    assert "Ask for ListSecrets." in said.err


def test_a_state_of_an_older_version_gets_its_owners_from_the_tags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: Values, status: Status
) -> None:
    RecordedProject(tmp_path, monkeypatch, {"production": [of_an_older_version(secret(STRIPE))]})
    values.add(STRIPE, owner="payments@example.com")

    assert f"| `{STRIPE}` | payments@example.com |" in status("--markdown").out


# Around it


def test_the_permissions_are_those_of_each_cloud(status: Status) -> None:
    documented = (ROOT / "docs" / "status.md").read_text(encoding="utf-8")

    said = status("--permissions")

    assert said.code == 0
    for name in clouds.available():
        assert f"{name}:\n" in said.out
        for each in clouds.values_of(clouds.load(name)).STATUS_PERMISSIONS:
            assert f"  {each}\n" in said.out
            assert f"`{each}`" in documented


def test_every_example_of_the_help_is_one_that_the_command_takes(
    values: Values, status: Status, project: RecordedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    values.add(STRIPE)
    monkeypatch.chdir(project.directory)
    (project.directory / "SECRETS.md").write_text("")
    for example in command.EXAMPLES:
        words = shlex.split(example.partition(" > ")[0])
        assert words[:2] == ["infra-secrets", "status"]
        said = status(*words[2:])
        assert said.code in (0, 1) or "neither declared" in said.err, (example, said.err)


def test_no_progress_is_shown_where_nobody_watches(values: Values, status: Status) -> None:
    values.add(STRIPE)

    assert status(*HERE).err == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_at_a_terminal_progress_is_shown_and_with_quiet_it_is_not(
    values: Values, status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    values.add(STRIPE)
    for name in ("CI", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")

    monkeypatch.setattr(sys, "stderr", watched := Terminal())
    status(*HERE)
    monkeypatch.setattr(sys, "stderr", quiet := Terminal())
    status(*HERE, "--quiet")

    assert "Looking" in watched.getvalue()
    assert quiet.getvalue() == ""


@pytest.mark.usefixtures("project")
def test_the_shell_is_offered_references() -> None:
    context = typer.Context(TyperCommand("status"))
    context.params = {}

    assert command._complete(context, "shop/") == [DATABASE, STRIPE]
    assert command._complete(context, "Str") == []


def test_the_command_is_in_the_list_of_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    assert "status" in capsys.readouterr().out
