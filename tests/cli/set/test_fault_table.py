"""Each row of the table of faults in docs/operator.md has tests, and each of them exists."""

import importlib
from collections.abc import Mapping, Sequence

import pytest

from tests.conftest import ROOT

FAULTS, INTERRUPTED, TERMINAL = (
    "cli.set.test_faults",
    "cli.set.test_interrupted",
    "cli.set.test_terminal",
)
AT_THE_WRITE = f"{FAULTS}.test_a_fault_at_the_write_leaves_the_old_value_and_is_said"
AT_THE_LAST_CALL = (
    f"{FAULTS}.test_a_fault_at_the_last_call_of_a_write_leaves_it_open_only_without_an_answer"
)
AT_THE_LOOK = f"{FAULTS}.test_a_fault_at_the_first_look_asks_for_no_value"

ROWS: Mapping[str, Sequence[str]] = {
    "time-out, no network, the cloud is out of order": (
        AT_THE_WRITE,
        AT_THE_LAST_CALL,
        AT_THE_LOOK,
        f"{FAULTS}.test_a_server_that_hangs_is_given_up_and_whether_it_was_set_is_left_open",
        "clouds.values.test_aws.test_what_cannot_be_connected_to_was_not_sent",
    ),
    "throttling": (AT_THE_WRITE, AT_THE_LAST_CALL, AT_THE_LOOK),
    "the login expires half-way": (AT_THE_WRITE, AT_THE_LAST_CALL),
    "no login": (f"{FAULTS}.test_who_is_not_logged_in_is_told_how_to",),
    "no permission": (AT_THE_WRITE, AT_THE_LOOK),
    "wrong region, project or vault": (
        "cli.set.test_value.test_a_container_that_does_not_exist_is_refused_with_the_nearest_names",
        "cli.set.test_value.test_a_wrong_environment_or_service_shows_the_nearest_of_the_others",
    ),
    "two writers at once": (
        f"{FAULTS}.test_of_two_who_set_it_at_once_the_second_is_told_and_no_value_is_lost",
        "cli.set.test_field.test_two_fields_that_two_processes_set_at_once_both_arrive_or_one_is_told",
    ),
    "Ctrl-C, SIGTERM": (
        f"{INTERRUPTED}.test_before_anything_is_sent_the_old_value_is_there_and_that_is_said",
        f"{INTERRUPTED}.test_while_it_is_sent_the_answer_is_waited_for_and_said",
        f"{INTERRUPTED}.test_the_second_ctrl_c_ends_at_once_and_says_where_to_look",
        f"{INTERRUPTED}.test_the_second_ctrl_c_between_both_calls_leaves_one_of_both_values",
        f"{INTERRUPTED}.test_an_interrupt_before_a_refusal_is_130_with_the_refusal",
        f"{INTERRUPTED}.test_on_every_cloud_an_interrupted_write_is_the_old_value_or_the_new_one",
    ),
    "`kill -9`, a crash, a power cut": (
        f"{INTERRUPTED}.test_killed_at_any_call_the_old_value_or_the_new_one_is_there",
        f"{INTERRUPTED}.test_on_every_cloud_an_interrupted_write_is_the_old_value_or_the_new_one",
    ),
    "the pipe that brings the value breaks off": (
        f"{INTERRUPTED}.test_a_source_that_brings_nothing_sets_nothing",
        f"{INTERRUPTED}.test_a_source_that_is_cut_short_sets_what_came_and_the_shell_can_see_it",
    ),
    "standard output is a broken pipe or a full disk": (
        f"{INTERRUPTED}.test_a_full_disk_behind_standard_output_is_said_and_the_value_is_set",
        f"{INTERRUPTED}.test_a_broken_pipe_behind_standard_output_is_said_and_the_value_is_set",
    ),
    "no terminal": (
        "cli.set.test_value.test_without_standard_input_and_terminal_it_says_what_to_do",
        f"{INTERRUPTED}.test_before_anything_is_sent_the_old_value_is_there_and_that_is_said",
        f"{TERMINAL}.test_without_any_terminal_to_ask_at_it_says_what_to_do",
        f"{TERMINAL}.test_a_terminal_that_goes_while_it_is_asked_is_said",
    ),
    "a full disk, no home folder": (
        "cli.set.test_fingerprint.test_where_no_key_can_be_kept_it_is_a_fresh_one_and_says_so",
        "cli.set.test_fingerprint.test_a_full_disk_leaves_no_half_key",
    ),
    "this machine's clock is wrong": (
        "clouds.values.test_aws.test_what_aws_answers_is_told_as_what_it_is_with_the_way_out",
        "clouds.values.test_azure.test_a_clock_that_is_off_is_told_from_a_missing_login",
    ),
}


def test_the_table_has_every_fault_of_the_list() -> None:
    page = (ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
    table = page.partition("## When something fails")[2].partition("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line[:2] == "| "]

    assert rows[1:] == [*ROWS]


@pytest.mark.parametrize("row", ROWS)
def test_each_row_has_tests_that_exist(row: str) -> None:
    assert ROWS[row]
    for each in ROWS[row]:
        module, _, test = each.rpartition(".")
        assert callable(getattr(importlib.import_module(f"tests.{module}"), test)), each
