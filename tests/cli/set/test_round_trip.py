"""What is given arrives, on each cloud's own client and a server of it: texts, bytes, sizes, documents and fields."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_secrets import clouds
from infra_secrets.clouds import Cloud, Place
from infra_secrets.clouds.values import Client, Value
from tests.cli.set.conftest import DOCUMENT, FIELDS, REFERENCE, Set
from tests.servers import Server

OLD = b"made-up-old-value"
FEW = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@pytest.fixture(autouse=True)
def one_client(cloud: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every run of the command have the same client: to make one takes longer than all the rest."""
    client = clouds.connect(clouds.load(cloud), server.place)

    def connect(_cloud: Cloud, place: Place) -> Client:
        assert place == server.place
        return client

    monkeypatch.setattr(clouds, "connect", connect)
    server.make(REFERENCE)
    server.put(REFERENCE, OLD)
    server.make(DOCUMENT, fields=FIELDS)


@FEW
@given(text=texts)
def test_every_text_arrives_byte_for_byte_but_for_one_line_break(
    server: Server, run_set: Set, where: tuple[str, ...], text: str
) -> None:
    said = run_set(REFERENCE, "--force", given=text, where=where)

    arrives = text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")
    assert said.code == (0 if arrives else 2), said.err
    if arrives:
        assert server.present(REFERENCE) == arrives.encode()


@FEW
@given(data=st.binary(min_size=1, max_size=2_000))
def test_all_bytes_arrive_or_none(
    cloud: str, server: Server, run_set: Set, where: tuple[str, ...], data: bytes
) -> None:
    before = server.present(REFERENCE)

    said = run_set(REFERENCE, "--binary", "--force", given=data, where=where)

    takes_bytes = clouds.values_of(clouds.load(cloud)).refused(_binary()) is None
    assert said.code == (0 if takes_bytes else 2), said.err
    assert server.present(REFERENCE) == (data if takes_bytes else before)


@settings(FEW, max_examples=8)
@given(
    over=st.integers(-3, 3), end=st.sampled_from(["", "\n", "\r\n"]), sign=st.sampled_from("xäж🔑")
)
def test_around_the_limit_a_value_arrives_whole_or_not_at_all(
    cloud: str,
    server: Server,
    run_set: Set,
    where: tuple[str, ...],
    *,
    over: int,
    end: str,
    sign: str,
) -> None:
    size = clouds.values_of(clouds.load(cloud)).MAX_BYTES + over
    each = len(sign.encode())
    value = sign * (size // each) + "x" * (size % each)
    before = server.present(REFERENCE)

    said = run_set(REFERENCE, "--force", given=value + end, where=where)

    assert said.code == (2 if over > 0 else 0), said.err
    assert server.present(REFERENCE) == (before if over > 0 else value.encode())


@settings(FEW, max_examples=8)
@given(whole=st.fixed_dictionaries(dict.fromkeys(FIELDS, texts)), text=texts, ascii_=st.booleans())
def test_a_document_arrives_and_a_field_changes_nothing_else_of_it(
    server: Server,
    run_set: Set,
    where: tuple[str, ...],
    *,
    whole: dict[str, str],
    text: str,
    ascii_: bool,
) -> None:
    written = json.dumps(whole, ensure_ascii=ascii_)
    said = run_set(DOCUMENT, "--force", given=written, where=where)
    assert said.code == 0, said.err
    assert server.present(DOCUMENT) == written.encode()

    field = FIELDS[0]
    # CR LF, for a text may itself end in a CR: with LF alone that would be one line break.
    said = run_set(DOCUMENT, "--field", field, "--force", given=f"{text}\r\n", where=where)

    assert said.code == 0, said.err
    assert json.loads(server.present(DOCUMENT)) == {**whole, field: text}


def _binary() -> Value:
    return Value(data=b"\xff", binary=True)
