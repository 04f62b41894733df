"""The inventory for a repository: stable, safe in Markdown, and compared by name."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from infra_secrets.cli.status.inventory import command_for, compared, inventory
from infra_secrets.cli.status.rows import Row
from tests.cli.status.samples import EVIL, ROLE, ROWS, row

COMMAND = command_for(["--stack", "production"])


def written(*rows: Row) -> str:
    return inventory(rows or ROWS, "payments, stack production", COMMAND)


def cells(text: str, key: str) -> list[str]:
    [line] = [
        line for line in text.splitlines() if line.startswith(f"| `payments/production/{key}`")
    ]
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_it_says_of_each_container_what_it_is_for_whose_it_is_and_who_may_do_what() -> None:
    text = written()

    assert cells(text, "smtp") == [
        "`payments/production/smtp`",
        "For smtp.",
        "payments@example.com",
        "365 days",
        "USER, PASSWORD",
        f"{ROLE}payments-api<br>{ROLE}payments-worker",
        f"{ROLE}operators",
        "Smtp in production",
    ]
    assert f"`{COMMAND}`" in text
    assert "`infra-secrets set CONTAINER`" in text


def test_it_is_the_same_on_another_day_and_in_another_state() -> None:
    later = [
        replace(each, state="set", changed=each.changed and each.changed + timedelta(days=99))
        for each in ROWS
        if each.state != "orphan"
    ]

    assert written(*reversed(later)) == written()


def test_what_no_code_declares_is_not_in_it() -> None:
    assert "old-key" not in written()


def test_a_column_that_nobody_needs_is_left_out_but_never_the_owner() -> None:
    text = written(row("a", "set", owner=None, description=None, readers=(), writers=()))

    assert "| Container | Owner | Declared as |" in text


def test_places_are_kept_apart() -> None:
    text = written(row("a", "set"), row("b", "set", place={"region": "us-east-1"}))

    assert re.findall(r"(?m)^## (.*)", text) == [
        "aws, region eu-central-1",
        "aws, region us-east-1",
    ]


def test_without_containers_it_says_so() -> None:
    assert "There are none." in inventory([], "payments", COMMAND)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", r"a\|b"),
        ("<script>", "&lt;script&gt;"),
        ("a\nb", "a b"),
        ("a\\|b", r"a\\\|b"),
        ("`code`", r"\`code\`"),
        ("[x](https://example.com)", r"\[x\]\(https://example.com\)"),
        ("*bold* __x__ ~y~ $z$", r"\*bold\* \_\_x\_\_ \~y\~ \$z\$"),
        ("&lt;", "&amp;lt;"),
        ("\x1b[31m\u202e", "\ufffd\\[31m\ufffd"),
    ],
)
def test_a_text_from_code_is_shown_as_it_is_and_breaks_no_table(text: str, shown: str) -> None:
    assert cells(written(row("a", "set", description=text)), "a")[1] == shown


def test_everything_that_can_be_written_is_escaped() -> None:
    evil = row(
        "a",
        "set",
        description=EVIL,
        owner=EVIL,
        stack=EVIL,
        logical_name=EVIL,
        readers=(EVIL,),
        writers=(EVIL,),
        fields=(EVIL,),
    )
    text = inventory([evil], EVIL, COMMAND)

    assert "<img" not in text
    assert "](" not in text
    assert len(cells(text, "a")) == 7


# Compared


def test_a_committed_one_that_says_the_same_is_up_to_date() -> None:
    assert compared(written(), written()) == []


@pytest.mark.parametrize(
    "edit", [lambda text: "\ufeff" + text, str.rstrip, lambda text: text + "\n"]
)
def test_what_an_editor_does_by_itself_is_no_change(edit: Callable[[str], str]) -> None:
    assert compared(edit(written()), written()) == []


def test_what_came_went_or_changed_is_named() -> None:
    before = [row("stays", "set"), row("goes", "set"), row("changes", "set")]
    now = [
        row("stays", "unset"),
        row("changes", "set", owner="new@example.com"),
        row("comes", "set"),
    ]

    assert compared(written(*before), written(*now)) == [
        "~ payments/production/changes",
        "+ payments/production/comes",
        "- payments/production/goes",
    ]


def test_a_container_that_moved_to_another_place_has_changed() -> None:
    moved = row("a", "set", place={"region": "us-east-1"})

    assert compared(written(row("a", "set")), written(moved)) == ["~ payments/production/a"]


def test_a_text_that_somebody_edited_is_out_of_date_too() -> None:
    assert compared(written() + "More.\n", written()) == ["~ the text around the list"]


def test_the_command_is_quoted_for_a_shell() -> None:
    assert (
        command_for(["--stack", "it's"]) == "infra-secrets status --markdown --stack 'it'\"'\"'s'"
    )
