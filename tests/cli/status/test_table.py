"""The table: at terminals of every width, in a pipe, with and without colour and Unicode."""

import io
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from infra_secrets.cli.status.rows import MEANINGS, Refusal, Report, Row
from infra_secrets.cli.status.table import COMMANDS_SHOWN, LISTED, show
from tests.cli.status.samples import EVIL, REPORT, ROWS, many, row
from tests.conftest import ROOT

LAST_LINE = "11 containers: 1 missing, 2 unset, 1 stale, 1 disabled, 1 scheduled, 1 orphan, 1 expiring, 3 set."


def printed(
    report: Report = REPORT,
    *,
    width: int = 100,
    terminal: bool = True,
    encoding: str = "utf-8",
    colour: bool = False,
    everything: bool = False,
) -> str:
    data = io.BytesIO()
    stream = io.TextIOWrapper(data, encoding=encoding)
    console = Console(
        file=stream,
        force_terminal=terminal,
        width=width,
        color_system="standard" if colour else "auto" if not terminal else None,
        markup=False,
        emoji=False,
        highlight=False,
    )
    show(report, console, everything=everything)
    stream.flush()
    return data.getvalue().decode(encoding)


def listed(text: str) -> list[str]:
    """The lines of the table, without its heading."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.lower().startswith("state "))
    return lines[start + 1 : lines.index("", start)]


def only(*rows: Row) -> Report:
    return replace(REPORT, rows=rows)


# At a terminal


def test_what_needs_a_person_comes_first_and_the_last_line_counts() -> None:
    text = printed()

    assert [line.split()[1] for line in listed(text)] == [row.state for row in ROWS]
    assert LAST_LINE in text


def test_every_state_has_a_sign_of_its_own_so_that_colour_is_never_alone() -> None:
    assert len({each.mark for each in MEANINGS.values()}) == len(MEANINGS)
    assert len({each.plain for each in MEANINGS.values()}) == len(MEANINGS)
    assert all(cell_len(each.mark) == 1 and each.plain.isascii() for each in MEANINGS.values())


def test_an_age_stands_beside_its_limit_and_says_when_it_is_only_the_least() -> None:
    lines = {line.split()[2].rpartition("/")[2]: line for line in listed(printed())}

    assert re.search(r"412 d +365 d", lines["database-url"])
    assert "≥ 12 d" in lines["sentry-dsn"]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 140, 200])
def test_no_line_of_the_table_is_wider_than_the_terminal(width: int) -> None:
    assert max(cell_len(line) for line in listed(printed(width=width))) <= width


def test_a_wide_terminal_shows_owner_and_who_may_read_and_a_narrow_one_does_not() -> None:
    assert "Read by" in printed(width=140)
    assert "role/payments-api +1" in printed(width=140)
    assert "Owner" in printed(width=90)
    assert "Read by" not in printed(width=90)
    assert "Owner" not in printed(width=60)


def test_the_place_is_shown_where_there_are_several() -> None:
    there = replace(ROWS[0], place={"region": "us-east-1"})

    assert "aws, us-east-1" in printed(only(ROWS[1], there), width=140)
    assert "us-east-1" not in "".join(listed(printed(only(there), width=140)))


def test_a_terminal_without_unicode_gets_ascii() -> None:
    text = printed(encoding="ascii")

    assert text.isascii()
    assert "o unset" in text
    assert ">= 12 d" in text


def test_no_color_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[31m" in printed(colour=True) or "\x1b[1;31m" in printed(colour=True)

    monkeypatch.setenv("NO_COLOR", "1")

    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", printed(colour=True))


def test_only_the_state_is_in_its_colour() -> None:
    [line] = [line for line in printed(colour=True).splitlines() if "Set its value" in line]

    assert line == "\x1b[1;31munset\x1b[0m (no value yet). Set its value:"


def test_a_long_list_shows_what_is_not_simply_set_and_all_shows_everything() -> None:
    report = many(1000)

    text = printed(report)
    assert len(listed(text)) == 101  # and a line that says how many more
    assert "900 containers more, which are set: --all lists them." in text
    assert len(listed(printed(report, everything=True))) == 1000
    assert len(listed(printed(many(LISTED)))) == LISTED


def test_a_container_that_nobody_made_is_no_list() -> None:
    assert printed(only()).splitlines()[-1] == "No containers."


# What to do


def commands(text: str) -> Sequence[str]:
    return re.findall(r"(?m)^  (\S.*)$", text.partition("containers:")[2])


def test_each_state_that_needs_something_says_what_it_means_and_the_command_that_fixes_it() -> None:
    text = printed()

    assert "unset (no value yet). Set its value:" in text
    assert commands(text) == [
        "pulumi up --refresh --stack production",
        "infra-secrets set payments/production/ner-token",
        "infra-secrets set payments/production/stripe-api-key",
        "infra-secrets set payments/production/database-url",
        "infra-secrets set payments/production/hub-token",
        *[each.fix for each in ROWS if each.state == "scheduled"],
        *[each.fix for each in ROWS if each.state == "orphan"],
        "infra-secrets set payments/production/tunnel-token",
    ]


def test_many_of_one_state_get_a_few_commands_and_a_number() -> None:
    text = printed(many(1000))

    assert commands(text)[-1] == f"and {100 - COMMANDS_SHOWN} more"
    assert len(commands(text)) == COMMANDS_SHOWN + 1


def test_a_long_command_is_not_broken_by_a_narrow_terminal() -> None:
    key = "-".join(["long"] * 30)

    assert f"infra-secrets set payments/production/{key}\n" in printed(
        only(row(key, "unset")), width=40
    )


def test_what_could_not_be_looked_at_is_said_with_the_way_out_and_a_thousand_are_a_few() -> None:
    refused = tuple(
        Refusal(
            subject=f"payments/production/key-{number} (aws)",
            kind="denied",
            found="This login may not look.",
            way_out="Ask for secretsmanager:DescribeSecret.",
            cloud="aws",
        )
        for number in range(1000)
    )

    text = printed(replace(REPORT, refused=refused))

    assert "Could not look everywhere:" in text
    assert "key-0 (aws): denied. This login may not look. Ask for secretsmanager:Describe" in text
    assert "and 997 more of this kind" in text


def test_the_example_in_the_documentation_is_what_is_printed() -> None:
    rows = [
        row("tunnel-token", "missing"),
        row("stripe-api-key", "unset", max_age_days=90),
        row("database-url", "stale", 412, max_age_days=365),
        row("sentry-dsn", "set", 12, changed_exactly=False),
    ]
    page = (ROOT / "docs" / "status.md").read_text(encoding="utf-8")
    shown = page.partition("```text\n")[2].partition("```")[0]

    text = printed(replace(REPORT, rows=tuple(rows)), width=100)

    assert shown == "".join(f"{line.rstrip()}\n" for line in text.splitlines())


# In a pipe


def test_a_pipe_gets_one_line_a_container_the_same_columns_and_no_colour() -> None:
    text = printed(terminal=False, width=40)

    assert "\x1b" not in text
    assert text.splitlines()[0].split() == [
        *("STATE", "REFERENCE", "AGE", "LIMIT", "OWNER", "CLOUD", "PLACE", "STACK", "READERS"),
        "WRITERS",
    ]
    rows = [re.split(r" {2,}", line) for line in listed(text)]
    assert [cells[:2] for cells in rows] == [[row.state, row.reference] for row in ROWS]
    assert {len(cells) for cells in rows} == {10}
    assert ["stale", "payments/production/database-url", "412d", "365d"] in [
        each[:4] for each in rows
    ]


def test_a_pipe_gets_every_container_however_many() -> None:
    assert len(listed(printed(many(1000), terminal=False))) == 1000


def test_a_pipe_gets_what_to_do_as_well_because_a_log_of_ci_is_one() -> None:
    text = printed(terminal=False)

    assert LAST_LINE in text
    assert "infra-secrets set payments/production/ner-token" in commands(text)


# What a tag can hold


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
def test_a_text_from_a_tag_steers_no_terminal(terminal: bool) -> None:
    text = printed(
        only(row("key", "set", 1, owner=EVIL + "\r\n\t\x07")), terminal=terminal, width=300
    )

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\r" not in text
    assert len(listed(text)) == 1
