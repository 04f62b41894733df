"""One field of a document: read, changed and written back; what others write meanwhile is not lost silently."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from infra_secrets import clouds
from infra_secrets.cli.set.target import Target
from infra_secrets.cli.set.writing import Attempt
from infra_secrets.clouds.values import Described, Value, Written
from infra_secrets.errors import AccessError, ChangedMeanwhileError, DeniedError
from infra_secrets.rules.naming import SecretName
from tests import servers
from tests.cli.set.conftest import CANARY, DOCUMENT, FIELDS, REFERENCE, Set
from tests.cli.set.session import COMMAND, environment
from tests.conftest import PATIENCE
from tests.servers import Server
from tests.values import Values

BEFORE = '{ "STRIPE_API_KEY": "old",\n "DATABASE_URL": 1.10e5 }'


def test_one_field_changes_and_the_rest_stays_as_it_is_written(values: Values, set_: Set) -> None:
    values.put(DOCUMENT, BEFORE)

    said = set_(DOCUMENT, "--field", "STRIPE_API_KEY", given=f'{CANARY} "\\é\n')

    assert said.code == 0, said.err
    assert values.text(DOCUMENT) == BEFORE.replace('"old"', f'"{CANARY} \\"\\\\é"')
    assert said.out.startswith(f"STRIPE_API_KEY of {DOCUMENT} is set.")
    assert CANARY not in said.out + said.err


@pytest.mark.parametrize("field", ["STRIPE_KEY", CANARY, ""])
def test_a_field_that_is_not_declared_is_refused_and_not_repeated(
    values: Values, set_: Set, field: str
) -> None:
    values.put(DOCUMENT, BEFORE)
    said = set_(DOCUMENT, "--field", field, given="x")

    assert said.code == 2
    assert "--field must be one of STRIPE_API_KEY, DATABASE_URL." in said.err
    assert ("Did you mean STRIPE_API_KEY?" in said.err) == (field == "STRIPE_KEY")
    assert CANARY not in said.err


def test_one_plain_value_has_no_fields(set_: Set) -> None:
    said = set_(REFERENCE, "--field", "STRIPE_API_KEY", given="x")

    assert (said.code, "declares no fields" in said.err) == (2, True)


@pytest.mark.parametrize("given", ["", "\n", b"\xff", "a\0b"])
def test_a_field_is_refused_for_what_a_value_is_refused_for(
    values: Values, set_: Set, given: str | bytes
) -> None:
    values.put(DOCUMENT, BEFORE)

    assert set_(DOCUMENT, "--field", "STRIPE_API_KEY", given=given).code == 2
    assert values.text(DOCUMENT) == BEFORE


def test_a_field_and_bytes_do_not_go_together(set_: Set) -> None:
    assert set_(DOCUMENT, "--field", "STRIPE_API_KEY", "--binary", given="x").code == 2
    assert set_(DOCUMENT, "--binary", given="x").code == 2


def test_the_first_value_of_a_document_is_the_whole_of_it(values: Values, set_: Set) -> None:
    said = set_(DOCUMENT, "--field", "STRIPE_API_KEY", given="x")

    assert said.code == 2
    assert "a document is set as a whole first: STRIPE_API_KEY, DATABASE_URL" in said.err
    assert f"infra-secrets set {DOCUMENT} --cloud aws" in said.err
    assert values.stored == {}


def test_unless_it_has_one_field_alone(values: Values, set_: Set) -> None:
    values.add("shop/dev", fields=["ONLY"])

    assert set_("shop/dev", "--field", "ONLY", given=CANARY).code == 0
    assert json.loads(values.text("shop/dev")) == {"ONLY": CANARY}


@pytest.mark.parametrize("present", [CANARY, f'["{CANARY}"]', f'{{"a": 1, "a": "{CANARY}"}}'])
def test_a_present_value_that_is_no_document_is_left_and_not_repeated(
    values: Values, set_: Set, present: str
) -> None:
    values.put(DOCUMENT, present)
    said = set_(DOCUMENT, "--field", "STRIPE_API_KEY", given="x")

    assert said.code == 2
    assert "no field of it was set" in said.err
    assert CANARY not in said.err
    assert values.text(DOCUMENT) == present


def test_a_document_that_would_still_not_be_the_declared_one_is_not_written(
    values: Values, set_: Set
) -> None:
    values.put(DOCUMENT, '{"STRIPE_API_KEY": "old"}')
    said = set_(DOCUMENT, "--field", "STRIPE_API_KEY", given="x")

    assert (said.code, "Missing: DATABASE_URL." in said.err) == (2, True)
    assert set_(DOCUMENT, "--field", "DATABASE_URL", given="y").code == 0, "the one that is missing"


def test_who_may_not_read_cannot_set_one_field(values: Values, set_: Set) -> None:
    values.put(DOCUMENT, BEFORE)
    values.denied.add("read")

    assert set_(DOCUMENT, "--field", "STRIPE_API_KEY", given="x").code == 2
    assert values.text(DOCUMENT) == BEFORE


def test_the_present_text_of_a_field_is_not_set_again_unless_forced(
    values: Values, set_: Set
) -> None:
    values.put(DOCUMENT, BEFORE)

    assert set_(DOCUMENT, "--field", "STRIPE_API_KEY", given="old").code == 2
    assert set_(DOCUMENT, "--field", "STRIPE_API_KEY", "--force", given="old").code == 0


# Others write meanwhile -------------------------------------------------------------------------------


def test_another_field_that_was_set_in_between_arrives_too(values: Values, set_: Set) -> None:
    values.put(DOCUMENT, BEFORE)
    values.before_write = lambda: values.put(DOCUMENT, BEFORE.replace("1.10e5", '"theirs"'))

    assert set_(DOCUMENT, "--field", "STRIPE_API_KEY", given="mine").code == 0
    assert json.loads(values.text(DOCUMENT)) == {
        "STRIPE_API_KEY": "mine",
        "DATABASE_URL": "theirs",
    }


def test_the_same_field_that_was_set_in_between_is_not_written_over(
    values: Values, set_: Set
) -> None:
    values.put(DOCUMENT, BEFORE)
    theirs = BEFORE.replace("old", "theirs")
    values.before_write = lambda: values.put(DOCUMENT, theirs)

    said = set_(DOCUMENT, "--field", "STRIPE_API_KEY", given="mine")

    assert said.code == 2
    assert "Somebody else set STRIPE_API_KEY" in said.err
    assert values.text(DOCUMENT) == theirs


def test_what_was_set_between_the_look_and_the_read_is_what_is_changed() -> None:
    values = Values()
    name = values.add(DOCUMENT, BEFORE, fields=FIELDS)
    target = Target(name=name, cloud="aws", place={}, options="--cloud aws", fields=FIELDS)
    described = values.describe(name)
    values.put(DOCUMENT, BEFORE.replace("1.10e5", '"theirs"'))

    Attempt(target, values, print).field(described, "STRIPE_API_KEY", "mine", force=False)

    assert json.loads(values.text(DOCUMENT)) == {
        "STRIPE_API_KEY": "mine",
        "DATABASE_URL": "theirs",
    }
    assert [each for each in values.calls if each.startswith("write")] == [f"write {DOCUMENT}"]


def test_who_is_overtaken_at_every_read_is_told_that_and_not_that_there_is_no_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = Values()
    name = values.add(DOCUMENT, BEFORE, fields=FIELDS)
    target = Target(name=name, cloud="aws", place={}, options="--cloud aws", fields=FIELDS)
    described, read = values.describe(name), values.read
    asked: list[object] = []

    def overtaken(names: Sequence[SecretName]) -> Mapping[SecretName, Value | AccessError]:
        asked.append(names)
        values.put(DOCUMENT, BEFORE)
        return read(names)

    monkeypatch.setattr(values, "read", overtaken)

    with pytest.raises(ChangedMeanwhileError, match=r"Others set .* 10 times .*nothing was set"):
        Attempt(target, values, print).field(described, "STRIPE_API_KEY", "mine", force=False)
    assert len(asked) == 10


def test_after_an_interrupt_nothing_more_is_written() -> None:
    values = Values()
    name = values.add(DOCUMENT, BEFORE, fields=FIELDS)
    target = Target(name=name, cloud="aws", place={}, options="--cloud aws", fields=FIELDS)
    attempt = Attempt(target, values, print, interrupted=True)

    with pytest.raises(KeyboardInterrupt):
        attempt.field(values.describe(name), "STRIPE_API_KEY", "mine", force=False)

    assert attempt.outcome == "unchanged"
    assert values.text(DOCUMENT) == BEFORE


class Overtaking(Values):
    """A cloud without conditional writes: who wrote over somebody is told, after it has happened."""

    def write(self, described: Described, value: Value) -> Written:
        """Write, and look afterwards."""
        if self.before_write is not None:
            meanwhile, self.before_write = self.before_write, None
            meanwhile()
        reference = described.name.reference
        known = [each.version for each in self.stored[reference]]
        since = known[known.index(described.version) + 1 :] if described.version else known
        version = self.put(reference, value.data)
        if since:
            raise ChangedMeanwhileError(
                "Somebody else set it.", "Look.", version, [str(each) for each in since]
            )
        return Written(version=version, when=self.now)


def overtaking() -> tuple[Overtaking, Attempt]:
    values = Overtaking()
    name = values.add(DOCUMENT, BEFORE, fields=FIELDS)
    target = Target(name=name, cloud="aws", place={}, options="--cloud aws", fields=FIELDS)
    return values, Attempt(target, values, lambda _text: None)


def test_where_a_cloud_tells_only_afterwards_both_fields_arrive_too() -> None:
    values, attempt = overtaking()
    described = values.describe(SecretName.from_reference(DOCUMENT))
    values.before_write = lambda: values.put(DOCUMENT, BEFORE.replace("1.10e5", '"theirs"'))

    attempt.field(described, "STRIPE_API_KEY", "mine", force=False)

    assert values.text(DOCUMENT) == BEFORE.replace("old", "mine").replace("1.10e5", '"theirs"')
    assert attempt.outcome == "set"


def test_where_a_cloud_tells_only_afterwards_the_same_field_is_told() -> None:
    values, attempt = overtaking()
    described = values.describe(SecretName.from_reference(DOCUMENT))
    values.before_write = lambda: values.put(DOCUMENT, BEFORE.replace("old", "theirs"))

    with pytest.raises(ChangedMeanwhileError) as told:
        attempt.field(described, "STRIPE_API_KEY", "mine", force=False)

    assert "Somebody else set STRIPE_API_KEY" in str(told.value)
    assert attempt.outcome == "set", "exit code 1: a person must look"


THREE = ("A", "B", "C")


def of_three(**changed: str) -> str:
    return json.dumps({**dict.fromkeys(THREE, "old"), **changed})


def three() -> tuple[Overtaking, Attempt, Described]:
    values = Overtaking()
    name = values.add(DOCUMENT, of_three(), fields=THREE)
    target = Target(name=name, cloud="aws", place={}, options="--cloud aws", fields=THREE)
    return values, Attempt(target, values, lambda _text: None), values.describe(name)


def test_of_three_who_set_a_field_each_the_last_brings_back_both_others() -> None:
    values, attempt, described = three()

    def two_others() -> None:  # of whom the second does not know the first either
        values.put(DOCUMENT, of_three(A="a"))
        values.put(DOCUMENT, of_three(B="b"))

    values.before_write = two_others
    attempt.field(described, "C", "c", force=False)

    assert values.text(DOCUMENT) == of_three(A="a", B="b", C="c")


def test_of_three_who_set_a_field_each_the_one_between_brings_back_what_is_gone_by_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values, attempt, described = three()
    values.before_write = lambda: values.put(DOCUMENT, of_three(A="a"))
    read = values.read_version

    def overtaken_again(name: SecretName, version: str) -> Value:
        values.put(DOCUMENT, of_three(C="c"))  # without A and B
        monkeypatch.setattr(values, "read_version", read)
        return read(name, version)

    monkeypatch.setattr(values, "read_version", overtaken_again)
    attempt.field(described, "B", "b", force=False)

    assert values.text(DOCUMENT) == of_three(A="a", B="b", C="c")


def test_who_finds_everything_merged_already_writes_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values, attempt, described = three()
    values.before_write = lambda: values.put(DOCUMENT, of_three(A="a"))
    read = values.read_version

    def merged(name: SecretName, version: str) -> Value:
        values.put(DOCUMENT, of_three(A="a", B="b"))
        return read(name, version)

    monkeypatch.setattr(values, "read_version", merged)
    written = attempt.field(described, "B", "b", force=False)

    assert written.version == values.describe(attempt.target.name).version
    assert len(values.stored[DOCUMENT]) == 4, "before, theirs, ours, and who merged both"


@pytest.mark.parametrize("failure", [KeyboardInterrupt, DeniedError("No.", "Ask.")])
def test_who_cannot_bring_back_what_was_written_over_is_told(
    monkeypatch: pytest.MonkeyPatch, failure: BaseException | type[BaseException]
) -> None:
    values, attempt, described = three()
    values.before_write = lambda: values.put(DOCUMENT, of_three(A="a"))

    def fail(*_given: object) -> None:
        raise failure

    monkeypatch.setattr(values, "read_version", fail)
    with pytest.raises(ChangedMeanwhileError):
        attempt.field(described, "B", "b", force=False)
    assert attempt.outcome == "set", "exit code 1: a person must look"


def test_after_an_interrupt_in_the_first_write_nothing_is_merged_and_that_is_told() -> None:
    values, attempt, described = three()

    def meanwhile() -> None:
        values.put(DOCUMENT, of_three(A="a"))
        attempt.interrupted = True

    values.before_write = meanwhile
    with pytest.raises(ChangedMeanwhileError):
        attempt.field(described, "B", "b", force=False)


def test_a_whole_value_that_overtook_somebody_is_set_and_that_is_told() -> None:
    values, attempt = overtaking()
    described = values.describe(SecretName.from_reference(DOCUMENT))
    values.before_write = lambda: values.put(DOCUMENT, "theirs")

    with pytest.raises(ChangedMeanwhileError):
        attempt.whole(described, Value(data=b"mine"), force=False)

    assert attempt.outcome == "set"


def test_two_fields_that_two_processes_set_at_once_both_arrive_or_one_is_told(
    running: tuple[str, Server], tmp_path: Path
) -> None:
    cloud, server = running
    server.reset()
    server.make(DOCUMENT, fields=FIELDS)
    server.put(DOCUMENT, b'{"STRIPE_API_KEY": "old", "DATABASE_URL": "old"}')
    where = [f"--{part}={text}" for part, text in server.place.items()]

    processes = {
        field: subprocess.Popen(
            [*COMMAND, DOCUMENT, "--field", field, "--cloud", cloud, *where],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(server.environment(), tmp_path),
            cwd=tmp_path,
        )
        for field in FIELDS
    }
    for process in processes.values():
        assert process.stdin is not None
        process.stdin.write(CANARY.encode())
        process.stdin.close()
        process.stdin = None
    said = {field: process.communicate(timeout=PATIENCE) for field, process in processes.items()}

    present = json.loads(server.present(DOCUMENT))
    assert list(present) == list(FIELDS)
    for field, process in processes.items():
        assert process.returncode == 0 or b"Error: " in said[field][1], said
        if process.returncode == 0:
            assert present[field] == CANARY, said


def test_a_client_that_may_write_and_not_read_is_told_on_every_cloud(
    running: tuple[str, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud, server = running
    server.reset()
    server.make(DOCUMENT, fields=FIELDS)
    server.put(DOCUMENT, BEFORE.encode())
    servers.entered(monkeypatch, server.environment())
    client = clouds.connect(clouds.load(cloud), server.place)
    name = SecretName.from_reference(DOCUMENT)
    described = client.describe(name)
    target = Target(name=name, cloud=cloud, place=server.place, options="", fields=FIELDS)
    server.fail("denied", *server.reads)

    with pytest.raises(DeniedError):
        Attempt(target, client, print).field(described, "STRIPE_API_KEY", "x", force=False)
    client.close()
    server.reset()
