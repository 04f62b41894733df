"""What arrives of a value, what is dropped and said, and what is refused with a reason; never repeated."""

import json
import os
import pty
import select
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from infra_secrets import clouds
from infra_secrets.cli.set.given import _from, from_file
from infra_secrets.errors import (
    DeniedError,
    ThrottledError,
    UnreachableError,
    ValueRefusedError,
)
from tests.cli.set.conftest import CANARY, DOCUMENT, REFERENCE, Set
from tests.values import Values

DROPPED = "One line break at the end is dropped: it is not part of the value.\n"
WINDOWS = "One line break at the end (CR LF) is dropped: it is not part of the value.\n"
KEPT_AT_END = "White space at the end is kept: it is part of the value.\n"


def test_a_value_from_a_pipe_is_set_and_what_it_is_now_is_said_without_it(
    values: Values, set_: Set
) -> None:
    said = set_(REFERENCE, given=CANARY)

    assert said.code == 0, said.err
    assert values.text(REFERENCE) == CANARY
    assert CANARY not in said.out + said.err
    assert said.err == ""
    lines = said.out.splitlines()
    assert lines[0] == f"{REFERENCE} is set."
    assert "aws, region eu-central-1" in lines[1]
    assert "version-1" in lines[2]
    assert "2026-11-25T12:00:00Z" in lines[3], "the cloud's clock"


@pytest.mark.parametrize(
    ("given", "arrives", "says"),
    [
        (CANARY + "\n", CANARY, DROPPED),
        (CANARY + "\r\n", CANARY, WINDOWS),
        (CANARY + "\n\n", CANARY + "\n", DROPPED + KEPT_AT_END),
        (CANARY + "\r", CANARY + "\r", KEPT_AT_END),
        (
            f"\n{CANARY}",
            f"\n{CANARY}",
            "White space at the beginning is kept: it is part of the value.\n",
        ),
        ("\ufeff" + CANARY, "\ufeff" + CANARY, None),
        ("a\r\nb", "a\r\nb", ""),
        ("x", "x", ""),
        ("é é ﬁ 🔑", "é é ﬁ 🔑", ""),
        ('{"a": 1, "a": 2, "n": null}', '{"a": 1, "a": 2, "n": null}', ""),
        ("x" * 65_536, "x" * 65_536, ""),
        ("x" * 65_536 + "\n", "x" * 65_536, DROPPED),
    ],
)
def test_one_line_break_is_dropped_and_said_and_every_other_byte_arrives(
    values: Values, set_: Set, given: str, arrives: str, says: str | None
) -> None:
    said = set_(REFERENCE, given=given.encode())

    assert said.code == 0, said.err
    assert values.text(REFERENCE) == arrives
    if says is None:
        says = "The byte order mark at the beginning is kept: it is part of the value.\n"
    assert said.err == says


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "is empty"),
        ("\n", "is empty"),
        ("x" * 65_537, "has 65,537 bytes"),
        ("x" * 200_000, "larger than 65,536 bytes"),
        (f"{CANARY}\0", "NUL"),
        (CANARY.encode() + b"\xff", "not UTF-8"),
        (b"\xed\xa0\x80", "not UTF-8"),  # half of a pair of surrogates
    ],
)
def test_what_cannot_arrive_unchanged_is_refused_with_the_reason(
    values: Values, set_: Set, given: bytes | str, reason: str
) -> None:
    said = set_(REFERENCE, given=given)

    assert said.code == 2
    assert reason in said.err
    assert "othing was set" in said.err
    assert CANARY not in said.err
    assert values.stored == {}


def test_bytes_arrive_every_one_with_binary(values: Values, set_: Set) -> None:
    data = bytes(range(256)) + b"\n"
    said = set_(REFERENCE, "--binary", given=data)

    assert (said.code, said.err) == (0, "")
    assert values.stored[REFERENCE][-1].data == data


def test_the_advice_for_bytes_is_followed(set_: Set) -> None:
    assert "--binary" in set_(REFERENCE, given=b"\xff").err
    assert set_(REFERENCE, "--binary", given=b"\xff").code == 0


def test_a_file_is_read_and_said_to_be_still_there(
    values: Values, set_: Set, tmp_path: Path
) -> None:
    file = tmp_path / "key.pem"
    file.write_text(f"{CANARY}\nsecond line\n", encoding="utf-8")

    said = set_(REFERENCE, "--file", str(file), given=None)

    assert values.text(REFERENCE) == f"{CANARY}\nsecond line"
    assert said.err == DROPPED + "The file is left as it is, with the value in it.\n"


def test_a_file_without_an_end_is_not_read_to_its_end(values: Values, set_: Set) -> None:
    said = set_(REFERENCE, "--file", "/dev/zero")

    assert (said.code, "larger than 65,536 bytes" in said.err) == (2, True)
    assert values.stored == {}


def test_a_terminal_is_no_file_because_it_would_show_the_value(
    values: Values, set_: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, b"shown\n\x04" * 2)  # so that reading it would end
    said = set_(REFERENCE, "--file", os.ttyname(theirs))
    with os.fdopen(theirs, encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        with pytest.raises(ValueRefusedError, match="Leave out --file"):
            from_file("-", 100, print, binary=False)
    os.close(ours)

    assert (said.code, "Leave out --file" in said.err) == (2, True)
    assert values.stored == {}


def test_without_standard_error_notes_do_not_get_into_the_json(
    set_: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)

    assert json.loads(set_(REFERENCE, "--json", given=f"{CANARY}\n").out)


def test_a_pipe_that_does_not_block_is_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reads, writes = os.pipe()
    os.set_blocking(reads, False)
    waited: list[object] = []

    def wait(*given: object) -> None:
        waited.append(given)
        if len(waited) == 1:
            os.write(writes, b"first half, ")
        else:
            os.write(writes, b"second half")
            os.close(writes)

    monkeypatch.setattr(select, "select", wait)
    with os.fdopen(reads, "rb") as pipe:
        assert _from(pipe, 100, binary=True).data == b"first half, second half"


def test_a_dash_is_standard_input(values: Values, set_: Set) -> None:
    assert set_(REFERENCE, "--file", "-", given=CANARY).code == 0
    assert values.text(REFERENCE) == CANARY


@pytest.mark.parametrize("path", [CANARY, "/", "", "a\0b", CANARY * 500])
def test_a_file_that_cannot_be_read_is_refused_and_not_repeated(
    values: Values, set_: Set, path: str
) -> None:
    said = set_(REFERENCE, "--file", path)

    assert said.code == 2
    assert "--file could not be read" in said.err
    assert CANARY not in said.err
    assert values.stored == {}


def test_without_standard_input_and_terminal_it_says_what_to_do(set_: Set) -> None:
    said = set_(REFERENCE, given=None)

    assert said.code == 2
    assert said.err == (
        "Error: There is no standard input and no terminal, so nothing was set. Pipe the value in, or use --file.\n"
    )


# The present value ------------------------------------------------------------------------------------


def test_the_present_value_is_not_set_again_unless_forced(values: Values, set_: Set) -> None:
    values.put(REFERENCE, CANARY)

    said = set_(REFERENCE, given=CANARY)
    assert said.code == 2
    assert "is the present value" in said.err
    assert "--force" in said.err
    assert len(values.stored[REFERENCE]) == 1

    assert set_(REFERENCE, "--force", given=CANARY).code == 0
    assert len(values.stored[REFERENCE]) == 2


def test_who_may_write_and_not_read_is_told_that_nothing_was_compared(
    values: Values, set_: Set
) -> None:
    values.put(REFERENCE, CANARY)
    values.denied.add("read")

    said = set_(REFERENCE, given=CANARY)

    assert said.code == 0
    assert said.err == (
        "This login may not read the value, so it is not compared with the present one.\n"
    )
    assert len(values.stored[REFERENCE]) == 2


def test_a_container_without_a_value_is_not_read(values: Values, set_: Set) -> None:
    set_(REFERENCE, given=CANARY)

    assert not [each for each in values.calls if each.startswith("read")]


def test_a_disabled_value_can_be_set_anew(values: Values, set_: Set) -> None:
    values.put(REFERENCE, "old", state="disabled")

    assert set_(REFERENCE, given=CANARY).code == 0
    assert values.text(REFERENCE) == CANARY


def test_whoever_wrote_in_between_is_not_written_over(values: Values, set_: Set) -> None:
    values.put(REFERENCE, "old")
    values.before_write = lambda: values.put(REFERENCE, "theirs")

    said = set_(REFERENCE, given=CANARY)

    assert said.code == 2
    assert "Somebody else" in said.err
    assert values.text(REFERENCE) == "theirs"


# What the cloud refuses -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["describe", "write", "read"])
def test_a_refusal_of_the_cloud_is_one_message_and_sets_nothing(
    values: Values, set_: Set, method: str
) -> None:
    values.put(REFERENCE, "old")
    kind = DeniedError if method != "read" else ThrottledError
    values.failing[method] = kind("This was refused.", "Do that.")

    said = set_(REFERENCE, given=CANARY)

    assert (said.code, said.out) == (2, "")
    assert said.err == "Error: This was refused. Do that.\n"
    assert values.text(REFERENCE) == "old"


def test_no_answer_to_a_write_leaves_it_open_and_says_where_to_look(
    values: Values, set_: Set
) -> None:
    lost = UnreachableError("It does not answer.", "Look at the network.")
    values.failing["write"] = lost

    said = set_(REFERENCE, given=CANARY)
    assert (said.code, "may have been set" in said.err) == (2, False), "nothing was sent"

    lost.in_doubt = True
    said = set_(REFERENCE, given=CANARY)
    assert said.code == 1
    assert "may have been set" in said.err
    assert (
        "infra-secrets status --service payments --environment production --cloud aws --region eu-central-1"
        in said.err
    )


def test_an_error_that_nobody_foresaw_does_not_show_what_it_says(
    values: Values, set_: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object) -> None:
        raise RuntimeError(f"invalid value: {CANARY}")

    monkeypatch.setattr(values, "write", fail)
    said = set_(REFERENCE, given=CANARY)

    assert said.code == 1, "the write had begun"
    assert "RuntimeError was not expected" in said.err
    assert "in fail" in said.err
    assert CANARY not in said.err


# Which container --------------------------------------------------------------------------------------


def test_a_container_that_does_not_exist_is_refused_with_the_nearest_names(
    values: Values, set_: Set
) -> None:
    for number in range(10):
        values.add(f"payments/production/other-{number}")

    said = set_("payments/production/strip-api-key", given=CANARY)

    assert said.code == 2
    assert "Containers are made by code" in said.err
    assert f"There: {REFERENCE}, " in said.err
    assert "and 7 more" in said.err
    assert "--region" in said.err
    assert not values.stored


def test_where_nothing_is_there_or_may_be_listed_that_is_said(values: Values, set_: Set) -> None:
    assert "There is none of shop there. There: payments/" in set_("shop/dev/key", given=CANARY).err
    values.failing["listing"] = DeniedError("No.", "Ask.")
    assert "could not be listed" in set_("shop/dev/key", given=CANARY).err


def test_a_container_that_waits_to_be_deleted_is_refused_with_the_command_that_keeps_it(
    values: Values, set_: Set
) -> None:
    values.put(REFERENCE, "old", state="scheduled")

    said = set_(REFERENCE, given=CANARY)

    assert said.code == 2
    assert (
        f"run: aws secretsmanager restore-secret --secret-id {REFERENCE} --region eu-central-1"
        in said.err
    )
    assert values.text(REFERENCE) == "old"


@pytest.mark.parametrize("cloud", clouds.available())
def test_what_every_cloud_says_restores_a_container_can_be_filled_in(cloud: str) -> None:
    facts = clouds.values_of(clouds.load(cloud))

    command = facts.restoring("its-name", dict.fromkeys(facts.PLACE, "there"))

    assert command is None or "its-name" in command


def test_the_container_is_looked_at_before_a_value_is_asked_for(
    set_: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_given: object, **_named: object) -> None:
        raise AssertionError("asked for a value")

    monkeypatch.setattr("infra_secrets.cli.set.given.from_stdin", never)

    assert set_("payments/production/nothing").code == 2
    assert set_(DOCUMENT, "--field", "NOTHING").code == 2


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("payments/prod/stripe-api-key", "There is none of payments/prod there. There: "),
        ("payment/production/stripe-api-key", "There is none of payment there. There: "),
    ],
)
def test_a_wrong_environment_or_service_shows_the_nearest_of_the_others(
    set_: Set, reference: str, says: str
) -> None:
    said = set_(reference, given=CANARY)

    assert said.code == 2
    assert f"{says}{REFERENCE}, {DOCUMENT}." in said.err


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-32-be"])
def test_text_in_another_encoding_is_refused_by_its_name_and_the_advice_helps(
    values: Values, set_: Set, encoding: str
) -> None:
    given = f"{'' if encoding[-2] != 'b' else chr(0xFEFF)}{CANARY}-ä".encode(encoding)

    said = set_(REFERENCE, given=given)

    assert (said.code, values.stored) == (2, {})
    assert f"is {encoding[:6].upper()} text" in said.err
    assert "--binary" not in said.err
    advice = said.err.partition("e.g.: ")[2].split()
    converted = subprocess.run(advice, input=given, capture_output=True, check=True).stdout
    assert set_(REFERENCE, given=converted).code == 0
    assert values.text(REFERENCE) == f"{CANARY}-ä"


@pytest.mark.parametrize(("tells", "code"), [(True, 0), (False, 2)])
def test_bytes_are_the_present_text_only_where_the_cloud_does_not_tell_them_apart(
    values: Values, set_: Set, tells: bool, code: int
) -> None:
    values.put(REFERENCE, CANARY)
    (present,) = values.stored[REFERENCE]
    values.stored[REFERENCE] = [replace(present, binary=False if tells else None)]

    assert set_(REFERENCE, "--binary", given=CANARY).code == code
