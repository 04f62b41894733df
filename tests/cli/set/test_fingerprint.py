"""The fingerprint of a value: one for one value and one person, and no help to anybody else."""

import hashlib
import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra_secrets.cli.set import fingerprint
from tests.cli.set.conftest import CANARY, REFERENCE, Set
from tests.values import Values


def shown(text: str) -> str:
    found = re.search(r"fingerprint +([0-9a-f]{12}) ", text)
    assert found, text
    return found[1]


def test_the_same_value_has_the_same_fingerprint_and_another_value_another(set_: Set) -> None:
    one, again = (shown(set_(REFERENCE, "--force", given=CANARY).out) for _ in range(2))
    other = shown(set_(REFERENCE, given=CANARY + "x").out)

    assert one == again
    assert one != other


def test_it_is_no_hash_that_can_be_computed_without_the_key(set_: Set) -> None:
    found = shown(set_(REFERENCE, given=CANARY).out)

    for name in ("md5", "sha1", "sha256", "sha512"):
        assert found not in hashlib.new(name, CANARY.encode()).hexdigest()


def test_another_person_gets_another_one(
    set_: Set, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine = shown(set_(REFERENCE, given=CANARY).out)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another"))

    assert shown(set_(REFERENCE, "--force", given=CANARY).out) != mine


def test_the_key_is_random_and_for_its_owner_alone(set_: Set) -> None:
    set_(REFERENCE, given=CANARY)

    path = fingerprint.file()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(path.read_bytes()) == 32
    assert [*path.parent.iterdir()] == [path], "no draft is left"


def test_the_same_value_on_two_containers_shows(values: Values, set_: Set) -> None:
    values.add("shop/dev/key")
    first, second = set_(REFERENCE, given=CANARY), set_("shop/dev/key", given=CANARY)

    assert shown(first.out) == shown(second.out)


def test_where_no_key_can_be_kept_it_is_a_fresh_one_and_says_so(
    set_: Set, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))

    one, two = (set_(REFERENCE, "--force", given=CANARY) for _ in range(2))

    assert (one.code, two.code) == (0, 0)
    assert shown(one.out) != shown(two.out)
    assert "cannot be compared with others: its key could not be kept (Not a directory)" in one.out


@pytest.mark.parametrize(
    ("size", "mode", "reason"),
    [(32, 0o644, "others may read"), (31, 0o600, "is damaged"), (33, 0o600, "is damaged")],
)
def test_a_key_that_is_not_to_be_trusted_is_not_used_and_the_advice_helps(
    set_: Set, size: int, mode: int, reason: str
) -> None:
    path = fingerprint.file()
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * size)
    path.chmod(mode)

    said = set_(REFERENCE, given=CANARY)
    assert reason in said.out
    assert f"run: rm {path}" in said.out

    path.unlink()
    assert "cannot be compared" not in set_(REFERENCE, "--force", given=CANARY).out


def test_a_relative_state_folder_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", "/nowhere")

    assert fingerprint.file() == Path("/nowhere/.local/state/infra-secrets/fingerprint.key")


def test_many_at_once_make_one_key() -> None:
    with ThreadPoolExecutor(16) as threads:
        keys = {key.secret for key in threads.map(lambda _: fingerprint.key(), range(64))}

    assert len(keys) == 1
    assert CANARY not in repr(fingerprint.key())
    assert repr(keys.pop()) not in repr(fingerprint.key())


def test_a_full_disk_leaves_no_half_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "link", full)
    assert "No space left" in str(fingerprint.key().trouble)
    assert [*fingerprint.file().parent.iterdir()] == []
