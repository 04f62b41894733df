"""What every cloud's own client promises, against that cloud's server in `tests/servers`.

What only one cloud does is beside this file.
"""

import logging
import pickle
import socket
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_secrets import clouds
from infra_secrets.clouds.values import Client, Described, Value, Written
from infra_secrets.errors import (
    AccessError,
    ChangedMeanwhileError,
    DeniedError,
    DisabledError,
    NeverSetError,
    NotFoundError,
    NotLoggedInError,
    ScheduledError,
    ThrottledError,
    UnreachableError,
    ValueRefusedError,
    WrongPlaceError,
)
from infra_secrets.rules.naming import SecretName
from tests import servers
from tests.servers import Fault, Server

REFERENCE = "api/production/stripe-api-key"
NAME = SecretName.from_reference(REFERENCE)
CANARY = "made-up-canary-7f3a"
FAULTS: Mapping[Fault, type[AccessError]] = {
    "denied": DeniedError,
    "throttled": ThrottledError,
    "down": UnreachableError,
    "expired": NotLoggedInError,
}


@pytest.fixture
def cloud(running: tuple[str, Server]) -> str:
    return running[0]


@pytest.fixture
def client(cloud: str, server: Server) -> Iterator[Client]:
    client = clouds.connect(clouds.load(cloud), server.place)
    yield client
    client.close()


def text(data: str) -> Value:
    return Value(data=data.encode())


def read(client: Client, name: SecretName = NAME) -> Value | AccessError:
    return client.read([name])[name]


def value(client: Client, name: SecretName = NAME) -> Value:
    found = read(client, name)
    assert isinstance(found, Value)
    return found


# What a container is


def test_a_container_without_a_value_is_unset_and_a_read_says_how_to_set_it(
    client: Client, cloud: str, server: Server
) -> None:
    server.make(REFERENCE)

    found = client.describe(NAME)
    assert (found.name, found.state, found.version, found.changed) == (NAME, "unset", None, None)
    failure = read(client)
    assert type(failure) is NeverSetError
    assert REFERENCE in failure.found
    assert clouds.to_set(REFERENCE, cloud, server.place) in failure.way_out


def test_a_container_with_a_value_is_set_and_says_which_version_and_since_when(
    client: Client, server: Server
) -> None:
    server.make(REFERENCE)
    version = server.put(REFERENCE, CANARY.encode())

    found = client.describe(NAME)
    assert (found.state, found.version) == ("set", version)
    assert found.changed is not None
    assert found.changed.tzinfo is not None
    assert found.changed_exactly
    read_back = value(client)
    assert (read_back.data, read_back.version) == (CANARY.encode(), version)


def test_a_container_that_is_not_there_is_not_found(client: Client) -> None:
    with pytest.raises(NotFoundError) as raised:
        client.describe(NAME)

    assert REFERENCE in raised.value.found
    assert type(read(client)) is NotFoundError


def test_a_container_that_was_deleted_is_scheduled_or_gone_and_its_value_is_not_read(
    client: Client, server: Server
) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, CANARY.encode())
    server.delete(REFERENCE)

    try:
        state = client.describe(NAME).state
    except NotFoundError:
        assert type(read(client)) is NotFoundError
    else:
        assert state == "scheduled"
        assert type(read(client)) in {ScheduledError, NotFoundError}


def test_a_disabled_value_is_disabled_and_neither_unset_nor_denied(
    client: Client, server: Server
) -> None:
    if not server.has_disabled:
        with pytest.raises(NotImplementedError):
            server.disable(REFERENCE)
        return
    server.make(REFERENCE)
    server.put(REFERENCE, CANARY.encode())
    server.disable(REFERENCE)

    assert client.describe(NAME).state == "disabled"
    assert type(read(client)) is DisabledError


def test_a_container_says_what_it_was_made_with(client: Client, server: Server) -> None:
    server.make(
        REFERENCE,
        fields=["KEY", "OTHER_KEY"],
        owner="payments@example.com",
        max_age_days="90",
        stack="acme/shop/production",
        logical_name="StripeApiKey",
    )

    for found in (client.describe(NAME), *client.listing()):
        assert found.fields == ("KEY", "OTHER_KEY")
        assert {**found.facts} == {
            "owner": "payments@example.com",
            "max-age-days": "90",
            "stack": "acme/shop/production",
            "logical-name": "StripeApiKey",
        }
        assert found.created is not None
        assert found.created.tzinfo is not None


# The listing


@pytest.mark.parametrize(
    ("service", "environment", "expected"),
    [
        ("api", "production", ["api/production", "api/production/a"]),
        ("api", None, ["api/production", "api/production-eu/b", "api/production/a", "api/test/c"]),
        (None, "production", ["api/production", "api/production/a", "api2/production/d"]),
        ("ap", "production", []),
        ("nobody", "nowhere", []),
    ],
)
def test_a_listing_has_exactly_the_containers_of_a_service_and_environment(
    client: Client,
    server: Server,
    service: str | None,
    environment: str | None,
    expected: list[str],
) -> None:
    for reference in (
        "api/production",
        "api/production/a",
        "api/production-eu/b",
        "api/test/c",
        "api2/production/d",
    ):
        server.make(reference)

    found = client.listing(service, environment)
    assert sorted(each.name.reference for each in found) == expected


def test_a_listing_and_its_completion_say_the_same_as_a_look_at_each(
    client: Client, server: Server
) -> None:
    for key in ("unset", "set"):
        server.make(f"api/production/{key}", owner=key)
    server.put("api/production/set", CANARY.encode())

    completed = [complete(client, each) for each in client.listing("api", "production")]
    assert {each.name.key: each.state for each in completed} == {"unset": "unset", "set": "set"}
    for each in completed:
        looked = client.describe(each.name)
        assert (each.id, each.spelled, each.state, each.changed, each.facts) == (
            looked.id,
            looked.spelled,
            looked.state,
            looked.changed,
            looked.facts,
        )
        assert each.version in {looked.version, None}


def complete(client: Client, described: Described) -> Described:
    """As `status` does."""
    if described.state is None or not described.changed_exactly:
        return client.complete(described)
    return described


def test_looking_and_listing_never_ask_for_a_value(client: Client, server: Server) -> None:
    for key in ("unset", "set"):
        server.make(f"api/production/{key}")
    server.put("api/production/set", CANARY.encode())
    server.calls.clear()

    for each in client.listing():
        client.complete(each)
        client.describe(each.name)

    assert server.calls
    assert not server.reads & set(server.calls)
    value(client, SecretName.from_reference("api/production/set"))
    assert server.reads & set(server.calls), "the log would show a read"


# Values arrive unchanged, or are refused

AWKWARD = {
    "one byte": "x",
    "line breaks of Windows": "a\r\nb\r\n",
    "a byte order mark": "\ufeffvalue",
    "composed and decomposed": "\u00e9 e\u0301 \ufb01 \u212b",
    "white space": " \t value \n",
    "JSON with a key twice": '{"a": 1, "a": 2, "n": null}',
    "what looks escaped": '\\u0041 &amp; %41 "quoted" \\"',
    "control characters": "\x01\x1b[31m\x7f\x85\u2028",
    "beyond the first plane": "\U0001f511\U0010ffff",
}


@pytest.mark.parametrize("kind", AWKWARD)
def test_an_awkward_value_arrives_unchanged(client: Client, server: Server, kind: str) -> None:
    server.make(REFERENCE)

    client.write(client.describe(NAME), text(AWKWARD[kind]))

    assert value(client).data == AWKWARD[kind].encode()
    assert server.present(REFERENCE) == AWKWARD[kind].encode()


texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=2000
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=texts)
def test_any_text_arrives_byte_for_byte(
    client: Client, cloud: str, server: Server, data: str
) -> None:
    if REFERENCE not in [each.name.reference for each in client.listing()]:
        server.make(REFERENCE)
    given = text(data)
    if clouds.values_of(clouds.load(cloud)).refused(given):
        with pytest.raises(ValueRefusedError):
            client.write(client.describe(NAME), given)
        return

    written = client.write(client.describe(NAME), given)

    read_back = value(client)
    assert (read_back.data, read_back.version) == (data.encode(), written.version)


def test_bytes_arrive_unchanged_where_the_cloud_takes_them(
    client: Client, cloud: str, server: Server
) -> None:
    server.make(REFERENCE)
    given = Value(data=bytes(range(256)), binary=True)
    if not server.has_binary and clouds.values_of(clouds.load(cloud)).refused(given):
        with pytest.raises(ValueRefusedError):
            client.write(client.describe(NAME), given)
        return

    client.write(client.describe(NAME), given)

    read_back = value(client)
    assert read_back.data == bytes(range(256))
    assert read_back.binary == (server.has_binary or None), "None where it does not tell"
    assert server.present(REFERENCE) == bytes(range(256))


def test_the_largest_value_is_taken_and_one_byte_more_is_refused_before_anything_is_sent(
    client: Client, cloud: str, server: Server
) -> None:
    largest = clouds.values_of(clouds.load(cloud)).MAX_BYTES
    server.make(REFERENCE)

    client.write(client.describe(NAME), text("x" * largest))
    assert len(value(client).data) == largest

    described = client.describe(NAME)
    server.calls.clear()
    for too_large in ("x" * (largest + 1), "\u00e9" * (largest // 2) + "xx"):
        with pytest.raises(ValueRefusedError) as raised:
            client.write(described, text(too_large))
        assert f"{largest:,}" in str(raised.value)
    assert server.calls == []


@pytest.mark.parametrize("data", [b"", b"\xff\xfe"], ids=["empty", "not UTF-8"])
def test_what_cannot_be_stored_as_text_is_refused_with_the_reason(
    client: Client, server: Server, data: bytes
) -> None:
    server.make(REFERENCE)

    with pytest.raises(ValueRefusedError, match=REFERENCE):
        client.write(client.describe(NAME), Value(data=data))

    assert client.describe(NAME).state == "unset"


def test_one_version_is_read_after_another_one_was_set(client: Client, server: Server) -> None:
    server.make(REFERENCE)
    first = client.write(client.describe(NAME), text("made-up-first"))
    second = client.write(client.describe(NAME), text("made-up-second"))

    for written, expected in ((first, b"made-up-first"), (second, b"made-up-second")):
        found = client.read_version(NAME, written.version)
        assert (found.data, found.version) == (expected, written.version)


# Writing


def test_a_written_value_is_the_present_one_and_its_version_and_time_are_told(
    client: Client, server: Server
) -> None:
    server.make(REFERENCE)

    first = client.write(client.describe(NAME), text("made-up-first"))
    second = client.write(client.describe(NAME), text("made-up-second"))

    found = client.describe(NAME)
    assert first.version != second.version == found.version
    assert second.when.tzinfo is not None
    assert found.changed is not None
    assert abs((found.changed - second.when).total_seconds()) < 60
    assert server.present(REFERENCE) == b"made-up-second"
    assert second.note is None


@pytest.mark.parametrize("before", [None, "made-up-before"])
def test_of_two_who_write_from_the_same_look_one_wins_and_the_other_is_told(
    client: Client, server: Server, before: str | None
) -> None:
    server.make(REFERENCE)
    if before is not None:
        server.put(REFERENCE, before.encode())
    described = client.describe(NAME)

    won = client.write(described, text("made-up-first"))
    with pytest.raises(ChangedMeanwhileError) as raised:
        client.write(described, text("made-up-second"))

    assert server.present(REFERENCE) == b"made-up-first"
    assert won.version in str(raised.value)
    assert raised.value.present == won.version
    assert raised.value.overtaken == ()
    for each in ("made-up-first", "made-up-second", "made-up-before"):
        assert each not in str(raised.value)


def test_of_many_who_write_at_once_one_wins_and_who_overtook_it_is_told_what_it_overtook(
    client: Client, server: Server
) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, b"made-up-before")
    described = client.describe(NAME)

    def write(number: int) -> Written | ChangedMeanwhileError:
        try:
            return client.write(described, text(f"made-up-{number}"))
        except ChangedMeanwhileError as told:
            return told

    with ThreadPoolExecutor(8) as pool:
        done = [*pool.map(write, range(8))]
    [winner] = [number for number, each in enumerate(done) if isinstance(each, Written)]
    won = done[winner]
    assert isinstance(won, Written)
    overtook = [each for each in done if isinstance(each, ChangedMeanwhileError) and each.overtaken]
    assert client.read_version(NAME, won.version).data == f"made-up-{winner}".encode()
    assert all(won.version in each.overtaken for each in overtook)
    assert value(client).version in {won.version, *(each.present for each in overtook)}
    if not overtook:  # as where the cloud writes on a condition
        assert server.present(REFERENCE) == f"made-up-{winner}".encode()


def test_each_version_that_is_kept_can_be_read(client: Client, server: Server) -> None:
    server.make(REFERENCE)
    versions = [server.put(REFERENCE, data) for data in (b"made-up-old", b"made-up-new")]

    found = [client.read_version(NAME, version) for version in versions]

    assert [each.data for each in found] == [b"made-up-old", b"made-up-new"]
    assert [each.version for each in found] == versions


def test_a_deleted_container_takes_no_value(client: Client, server: Server) -> None:
    server.make(REFERENCE)
    described = client.describe(NAME)
    server.delete(REFERENCE)

    with pytest.raises((ScheduledError, NotFoundError)):
        client.write(described, text(CANARY))


# Reading many


def test_many_values_are_read_at_once_and_a_failure_is_one_s_own_answer(
    client: Client, server: Server
) -> None:
    names = [SecretName.from_reference(f"api/production/key-{n}") for n in range(45)]
    for name in names[:-1]:
        server.make(name.reference)
    for name in names[:-2]:
        server.put(name.reference, f"made-up-{name.key}".encode())

    found = client.read(names)

    assert [*found] == names
    for name in names[:-2]:
        answer = found[name]
        assert isinstance(answer, Value)
        assert answer.data == f"made-up-{name.key}".encode()
    assert [type(found[name]) for name in names[-2:]] == [NeverSetError, NotFoundError]
    assert client.read([]) == {}


def test_a_client_serves_several_threads(client: Client, server: Server) -> None:
    names = [SecretName.from_reference(f"api/production/key-{n}") for n in range(8)]
    for name in names:
        server.make(name.reference)
        server.put(name.reference, name.reference.encode())

    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(lambda name: value(client, name).data, names * 3)]

    assert found == [name.reference.encode() for name in names * 3]


# What goes wrong


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_as_what_it_is_by_every_method(
    client: Client, server: Server, fault: Fault
) -> None:
    server.make(REFERENCE)
    described = client.describe(NAME)
    server.fail(fault)

    assert type(read(client)) is FAULTS[fault]
    for ask in (
        lambda: client.describe(NAME),
        lambda: [*client.listing()],
        lambda: client.write(described, text(CANARY)),
    ):
        with pytest.raises(FAULTS[fault]) as raised:
            ask()
        assert type(raised.value) is FAULTS[fault]
        assert raised.value.way_out
        assert CANARY not in shown(raised.value)


def test_a_server_that_is_not_there_is_unreachable_and_not_a_denial(
    cloud: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:  # bound and not listening: nobody else gets the port
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        moved = {
            key: text and text.replace(f":{port_of(server)}", f":{port}")
            for key, text in server.environment().items()
        }
        place = {
            key: text.replace(f":{port_of(server)}", f":{port}")
            for key, text in server.place.items()
        }
        servers.entered(monkeypatch, moved)
        client = clouds.connect(clouds.load(cloud), place)

        with pytest.raises(UnreachableError):
            client.describe(NAME)
        assert type(read(client)) is UnreachableError
        client.close()


def port_of(server: Server) -> str:
    """Its port, as its environment or place has it."""
    import re

    texts = [*server.environment().values(), *server.place.values()]
    [port] = {match[1] for each in texts if each and (match := re.search(r":(\d{4,5})\b", each))}
    return port


def test_nobody_logged_in_is_told_how_to_log_in(
    cloud: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers.entered(monkeypatch, server.nobody())
    client = clouds.connect(clouds.load(cloud), server.place)

    with pytest.raises(NotLoggedInError) as raised:
        client.describe(NAME)

    assert clouds.values_of(clouds.load(cloud)).LOGIN in raised.value.way_out
    assert type(read(client)) is NotLoggedInError
    client.close()


@pytest.mark.usefixtures("server")
def test_a_place_that_nobody_names_is_asked_for_with_its_variables(
    cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    facet = clouds.values_of(clouds.load(cloud))
    for variables in facet.PLACE.values():
        for variable in variables:
            monkeypatch.delenv(variable.name, raising=False)

    with pytest.raises(WrongPlaceError) as raised:
        clouds.connect(clouds.load(cloud), {}).close()

    for part, variables in facet.PLACE.items():
        assert part in str(raised.value)
        assert variables[0].name in str(raised.value)


# Nothing of a value gets out


def shown(error: BaseException) -> str:
    """Everything that is printed of an error, by a tool that prints locals too."""
    stack = traceback.TracebackException.from_exception(error, capture_locals=True)
    chain: list[Any] = [error, error.__cause__, error.__context__, error.__dict__]
    return "".join(stack.format()) + repr(chain)


def test_nothing_of_a_value_is_in_a_repr_a_pickle_an_error_or_a_log(
    client: Client, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.make(REFERENCE)
    described = client.describe(NAME)
    written = client.write(described, text(CANARY))
    found = value(client)

    assert CANARY not in repr([found, written, client.describe(NAME), client, vars(client)])
    with pytest.raises(TypeError):
        pickle.dumps(found)
    with pytest.raises(ChangedMeanwhileError) as changed:
        client.write(described, text(f"{CANARY}-2"))
    with pytest.raises(ValueRefusedError) as refused:
        client.write(client.describe(NAME), text(CANARY * 10_000))
    server.fail("denied")
    with pytest.raises(DeniedError) as denied:
        client.write(described, text(CANARY))
    for raised in (changed, refused, denied):
        error = raised.value
        assert CANARY not in shown(error)
        assert error.__cause__ is None
        assert error.__context__ is None
    logged = "".join(f"{each.getMessage()} {each.__dict__}" for each in caplog.records)
    assert CANARY not in logged


def test_whether_a_failed_write_is_in_doubt_outlives_a_pickle() -> None:
    for kind in (UnreachableError, ChangedMeanwhileError):
        error = kind("It does not answer.", "Look.")
        error.in_doubt = True
        assert pickle.loads(pickle.dumps(error)).in_doubt  # noqa: S301 (made right here)


def test_who_cannot_look_before_a_write_sent_nothing(client: Client, server: Server) -> None:
    server.make(REFERENCE)
    described = client.describe(NAME)
    looks = {*server.calls}
    server.calls.clear()
    server.fail("down", *looks)

    failure: UnreachableError | None = None
    try:
        client.write(described, text(CANARY))
    except UnreachableError as error:
        failure = error

    assert bool(failure) == bool(looks & {*server.calls}), "not every cloud is looked at first"
    if failure:
        assert not failure.in_doubt
        assert {*server.calls} <= looks


@pytest.mark.parametrize("fault", FAULTS)
def test_an_error_of_a_read_holds_no_value_either(
    client: Client, server: Server, fault: Fault
) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, CANARY.encode())
    server.fail(fault, *server.reads)

    failure = read(client)

    assert isinstance(failure, FAULTS[fault])
    assert CANARY not in shown(failure)
