"""What is AWS's own about reading and writing values: how a listing tells ages, batches, labels, regions and logins."""

import importlib
import logging
import os
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from infra_secrets import clouds
from infra_secrets.clouds.aws import values
from infra_secrets.clouds.values import Client, Described, Value
from infra_secrets.errors import (
    AccessError,
    ChangedMeanwhileError,
    DeniedError,
    DisabledError,
    MissingExtraError,
    NeverSetError,
    NotFoundError,
    NotLoggedInError,
    ScheduledError,
    ThrottledError,
    UnreachableError,
    WrongPlaceError,
)
from infra_secrets.rules.naming import SecretName
from infra_secrets.rules.wording import snake
from tests import servers
from tests.servers import Fault
from tests.servers.aws import CloudServer

REFERENCE = "api/production/stripe-api-key"
NAME = SecretName.from_reference(REFERENCE)
# They have no types.
boto3: Any = importlib.import_module("boto3")
exceptions: Any = importlib.import_module("botocore.exceptions")
parsers: Any = importlib.import_module("botocore.parsers")
CANARY = "made-up-canary-7f3a"


@pytest.fixture(scope="module")
def running() -> Iterator[CloudServer]:
    server = CloudServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(running: CloudServer, monkeypatch: pytest.MonkeyPatch) -> CloudServer:
    """AWS, empty, and this process logged in to it."""
    running.reset()
    servers.entered(monkeypatch, running.environment())
    return running


@pytest.fixture
def client(server: CloudServer) -> Iterator[Client]:
    client = values.connect(server.place)
    yield client
    client.close()


@pytest.fixture
def closed_port() -> Iterator[str]:
    """The address of a port on which nobody listens, and which nobody else gets."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{closed.getsockname()[1]}"


def text(data: str) -> Value:
    return Value(data=data.encode())


def stages(server: CloudServer) -> dict[str, list[str]]:
    """Which labels each version has."""
    versions = server.secrets.secrets[REFERENCE].versions
    return {id_: sorted(each["version_stages"]) for id_, each in versions.items()}


# The listing


def test_a_thousand_containers_are_listed_by_ten_calls(client: Client, server: CloudServer) -> None:
    many(server, 1000)

    found = [*client.listing("api", "production")]

    assert len({each.name for each in found}) == 1000
    assert {each.state for each in found} == {"set"}
    assert server.calls == ["ListSecrets"] * 10


def test_a_value_that_was_set_just_now_shows_though_the_listing_is_behind(
    client: Client, server: CloudServer
) -> None:
    [set_before, *_] = many(server, 3)
    server.make(REFERENCE)
    server.stop_the_listing()
    client.write(client.describe(NAME), text(CANARY))
    server.calls.clear()

    listed = {each.name: each for each in client.listing("api", "production")}
    assert (len(listed), listed[set_before].state, listed[NAME].state) == (4, "set", None)
    found = client.complete(listed[NAME])

    assert server.calls == ["ListSecrets", "DescribeSecret"]
    assert found.state == "set"
    assert found == client.describe(NAME)


@pytest.mark.parametrize(("count", "listed", "now"), [(20, None, "set"), (21, "unset", "unset")])
def test_up_to_twenty_unset_ones_are_asked_about_again_and_more_are_believed(
    client: Client, server: CloudServer, count: int, listed: str | None, now: str
) -> None:
    many(server, 90)
    names = set_since_the_listing(server, count)  # 110 are two pages

    found = [each for each in client.listing() if each.name in names]
    completed = [client.complete(each) for each in found]

    assert {each.name for each in found} == {*names}
    assert {each.state for each in found} == {listed}
    assert {each.state for each in completed} == {now}
    assert server.calls == [*["ListSecrets"] * 2, *["DescribeSecret"] * (0 if listed else count)]


def set_since_the_listing(server: CloudServer, count: int) -> list[SecretName]:
    """Containers with values that the listing shows without."""
    names = [SecretName.from_reference(f"api/production/new-{n}") for n in range(count)]
    for name in names:
        server.make(name.reference)
    server.stop_the_listing()
    for name in names:
        server.put(name.reference, CANARY.encode())
    return names


def test_the_listing_is_believed_where_the_login_may_not_look_at_one(
    client: Client, server: CloudServer
) -> None:
    set_since_the_listing(server, 1)
    server.fail("denied", "DescribeSecret")

    [listed] = client.listing()

    assert client.complete(listed).state == "unset"


@pytest.mark.parametrize(("fault", "kind"), [("down", UnreachableError), ("gone", NotFoundError)])
def test_what_is_gone_since_or_cannot_be_asked_about_is_not_called_unset(
    client: Client,
    server: CloudServer,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    kind: type[AccessError],
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    [name] = set_since_the_listing(server, 1)
    if fault == "down":
        server.fail("down", "DescribeSecret")
    else:
        del server.secrets.secrets[name.reference]

    [listed] = client.listing()

    with pytest.raises(kind):
        client.complete(listed)


def test_one_that_is_still_unset_is_told_so(client: Client, server: CloudServer) -> None:
    server.make(REFERENCE, owner="payments@example.com")

    [listed] = client.listing()

    assert client.complete(listed) == client.describe(NAME)
    assert client.complete(listed).state == "unset"


def test_what_others_have_is_left_out_by_aws_and_what_is_not_ours_here(
    client: Client, server: CloudServer
) -> None:
    for number in range(250):
        server.make(f"shop/production/key-{number}")
    for name in ("api/production", "api/production-eu", "api/Production/x", "api-key", "api/a/b/c"):
        server.make(name)
        server.put(name, CANARY.encode())

    found = [each.name.reference for each in client.listing("api", "production")]

    assert found == ["api/production"]
    assert server.calls == ["ListSecrets"]
    for number in range(100):
        server.make(f"api-old/production/key-{number}")
    server.calls.clear()
    assert len([*client.listing("api")]) == 2
    assert server.calls == ["ListSecrets"]


def test_a_listing_leaves_out_what_is_scheduled_where_that_is_wanted(
    client: Client, server: CloudServer
) -> None:
    server.make(REFERENCE)
    server.delete(REFERENCE)

    [found] = client.listing()
    assert found.state == "scheduled"
    assert found.deleted is not None
    assert found.deleted > datetime.now(UTC) + timedelta(days=29)
    assert [*client.listing(deleted=False)] == []


def test_fields_that_need_several_tags_are_read_in_their_order(
    client: Client, server: CloudServer
) -> None:
    server.make(REFERENCE, fields=["A", "B"], **{f"fields-{n}": f"F{n}" for n in (10, 2, 3)})

    found = client.describe(NAME)

    assert found.fields == ("A", "B", "F2", "F3", "F10")
    assert found.facts == {}


# Since when


def test_a_listing_tells_exactly_since_when_a_value_is_there_that_was_written_here(
    client: Client, server: CloudServer
) -> None:
    server.make(REFERENCE)
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    client.write(client.describe(NAME), text(CANARY))
    server.calls.clear()

    [found] = client.listing()

    assert found.changed_exactly
    assert found.changed is not None
    assert before <= found.changed <= datetime.now(UTC)
    assert client.complete(found) is found
    assert server.calls == ["ListSecrets"]


def test_the_age_of_others_values_takes_one_more_call_which_reads_none(
    client: Client, server: CloudServer
) -> None:
    version = aged(server, days=40)
    server.calls.clear()

    [found] = client.listing()
    completed = client.complete(found)

    assert (found.version, found.changed_exactly) == (version, False)
    assert completed.changed_exactly
    assert completed.changed is not None
    assert (datetime.now(UTC) - completed.changed).days == 40
    assert server.calls == ["ListSecrets", "ListSecretVersionIds"]
    assert client.describe(NAME) == completed


def aged(server: CloudServer, *, days: int) -> str:
    """A value that others set some days ago, and a tag of the secret that was changed just now."""
    server.make(REFERENCE)
    secret: Any = server.secrets.secrets[REFERENCE]
    version = server.put(REFERENCE, CANARY.encode())
    secret.created_date -= days * 86_400
    secret.versions[version]["createdate"] -= days * 86_400
    return version


def test_the_age_stays_inexact_where_the_login_may_not_ask_for_it(
    client: Client, server: CloudServer
) -> None:
    aged(server, days=40)
    server.fail("denied", "ListSecretVersionIds")

    found = client.describe(NAME)

    assert (found.state, found.changed_exactly) == ("set", False)


@pytest.mark.parametrize("days", [-400, 400], ids=["before the secret", "in the future"])
def test_a_version_that_says_an_impossible_time_is_not_believed(
    client: Client, server: CloudServer, days: int
) -> None:
    milliseconds = int((time.time() + days * 86_400) * 1000)
    version = str(UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | 1))
    server.make(REFERENCE)
    server.secrets.put_secret_value(REFERENCE, CANARY, "", version, ["AWSCURRENT"])

    [found] = client.listing()

    assert (found.version, found.changed_exactly) == (version, False)


# Reading many


def test_twenty_values_are_one_call_and_more_are_one_for_each_twenty(
    client: Client, server: CloudServer
) -> None:
    names = many(server, 45)

    assert len(client.read(names[:20])) == 20
    assert server.calls == ["BatchGetSecretValue"]
    server.calls.clear()
    assert len(client.read(names)) == 45
    assert server.calls == ["BatchGetSecretValue"] * 3
    server.calls.clear()
    client.read(names[:1])
    assert server.calls == ["GetSecretValue"]


def many(server: CloudServer, count: int) -> list[SecretName]:
    names = [SecretName.from_reference(f"api/production/key-{n}") for n in range(count)]
    for name in names:
        server.make(name.reference)
        server.put(name.reference, name.reference.encode())
    return names


def test_who_may_not_read_in_batches_reads_each_at_once_and_does_not_ask_again(
    client: Client, server: CloudServer
) -> None:
    names = many(server, 20)
    server.fail("denied", "BatchGetSecretValue")
    all_at_once = threading.Barrier(20)
    server.before = lambda call: call == "GetSecretValue" and all_at_once.wait(60)

    found = client.read(names)

    assert [each.data for each in found.values() if isinstance(each, Value)] == [
        name.reference.encode() for name in names
    ]
    assert server.calls == ["BatchGetSecretValue", *["GetSecretValue"] * 20]
    server.calls.clear()
    client.read(names)
    assert server.calls == ["GetSecretValue"] * 20


def test_an_outage_is_everybody_s_answer_and_is_not_asked_about_one_by_one(
    client: Client, server: CloudServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = many(server, 3)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    server.fail("down", "BatchGetSecretValue")

    found = client.read(names)

    assert {type(each) for each in found.values()} == {UnreachableError}
    assert "several containers" in str(found[names[0]])
    assert server.calls == ["BatchGetSecretValue"]


def test_a_batch_that_fails_because_of_one_is_read_one_by_one(
    client: Client, server: CloudServer
) -> None:
    names = [*many(server, 2), NAME]
    server.make(REFERENCE)
    not_set = "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"
    server.answer(400, "ResourceNotFoundException", not_set, "BatchGetSecretValue")  # as moto does

    found = client.read(names)

    assert [type(each) for each in found.values()] == [Value, Value, NeverSetError]


def test_a_denial_of_one_is_its_own_answer_in_a_batch(client: Client, server: CloudServer) -> None:
    names = many(server, 2)

    def answer(*_: Any, **__: Any) -> tuple[list[Any], list[Any], None]:
        error = {
            "SecretId": names[1].reference,
            "ErrorCode": "AccessDeniedException",
            "Message": "User: x is not authorized with an explicit deny in a resource-based policy",
        }
        return [server.secrets.get_secret_value(names[0].reference, "", "")], [error], None

    server.secrets.batch_get_secret_value = answer  # type: ignore[method-assign]

    found = client.read(names)

    assert isinstance(found[names[0]], Value)
    denied = found[names[1]]
    assert isinstance(denied, DeniedError)
    assert "secretsmanager:GetSecretValue for api/production/key-1" in denied.found
    assert "no other permission outweighs" in denied.found


# Writing


def test_a_value_stands_beside_the_present_one_until_it_becomes_it(
    client: Client, server: CloudServer
) -> None:
    server.make(REFERENCE)
    first = client.write(client.describe(NAME), text("made-up-first"))
    assert server.calls[-1] == "PutSecretValue", "the first value of all needs no second call"
    seen: list[bytes] = []

    def look(call: str) -> None:
        if call == "UpdateSecretVersionStage":
            seen.append(server.present(REFERENCE))

    server.before = look

    second = client.write(client.describe(NAME), text("made-up-second"))

    assert seen == [b"made-up-first"]
    assert stages(server) == {
        first.version: ["AWSPREVIOUS"],
        second.version: ["AWSCURRENT", "infra-secrets-staged"],
    }


def test_who_sets_between_both_calls_keeps_theirs_and_the_other_value_loses_its_label(
    client: Client, server: CloudServer
) -> None:
    server.make(REFERENCE)
    client.write(client.describe(NAME), text("made-up-first"))
    described = client.describe(NAME)

    def meanwhile(call: str) -> None:
        if call == "UpdateSecretVersionStage" and server.calls.count(call) == 1:
            server.put(REFERENCE, b"made-up-theirs")

    server.calls.clear()
    server.before = meanwhile
    with pytest.raises(ChangedMeanwhileError) as raised:
        client.write(described, text("made-up-mine"))

    assert server.present(REFERENCE) == b"made-up-theirs"
    assert client.describe(NAME).version == raised.value.present
    assert [] in stages(server).values()


def test_a_move_whose_answer_was_lost_and_that_aws_refuses_the_second_time_has_happened(
    client: Client, server: CloudServer
) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, b"made-up-first")
    described = client.describe(NAME)
    assert described.version is not None

    def lost(call: str) -> None:
        if call == "UpdateSecretVersionStage":
            staged = next(id_ for id_, each in stages(server).items() if "AWSCURRENT" not in each)
            server.secrets.update_secret_version_stage(
                REFERENCE, "AWSCURRENT", str(described.version), staged
            )

    server.before = lost
    written = client.write(described, text("made-up-second"))

    assert server.present(REFERENCE) == b"made-up-second"
    assert client.describe(NAME).version == written.version


@pytest.mark.parametrize("before", [None, "made-up-first"])
def test_interrupted_between_both_calls_the_value_before_is_still_there(
    client: Client, server: CloudServer, before: str | None
) -> None:
    server.make(REFERENCE)
    if before:
        server.put(REFERENCE, before.encode())
    else:  # a rotation was begun before there was a value
        server.secrets.put_secret_value(REFERENCE, "made-up", "", str(uuid4()), ["AWSPENDING"])
        for labels in server.secrets.secrets[REFERENCE].versions.values():
            labels["version_stages"] = ["AWSPENDING"]
    described = client.describe(NAME)
    server.fail("down", "UpdateSecretVersionStage")

    with pytest.raises(UnreachableError) as raised:
        client.write(described, text("made-up-second"))

    assert "is not known" not in str(raised.value)
    assert client.describe(NAME).version == described.version
    server._answers.clear()
    client.write(described, text("made-up-second"))
    assert server.present(REFERENCE) == b"made-up-second"


def test_where_nobody_can_say_what_became_of_a_move_the_error_says_that(
    client: Client, server: CloudServer
) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, b"made-up-first")
    described = client.describe(NAME)
    server.fail("down", "UpdateSecretVersionStage", "DescribeSecret")

    with pytest.raises(UnreachableError, match=r"is not known\.") as raised:
        client.write(described, text(CANARY))
    assert raised.value.in_doubt


PUT, MOVE, LOOK = "PutSecretValue", "UpdateSecretVersionStage", "DescribeSecret"


@pytest.mark.parametrize(
    "case",
    [
        # The present version is another one until the second call: the first changes nothing of that.
        *((fault, (PUT,), False) for fault in ("expired", "throttled", "down", "odd")),
        ("expired", (MOVE,), False),
        ("throttled", (MOVE,), False),
        ("down", (MOVE,), True),
        ("odd", (MOVE,), False),
        ("page", (MOVE,), True),
        ("expired", (MOVE, LOOK), False),
        ("throttled", (MOVE, LOOK), False),
        ("down", (MOVE, LOOK), True),
        ("odd", (MOVE, LOOK), False),
    ],
)
def test_a_failed_write_says_whether_the_value_may_be_the_present_one(
    client: Client,
    server: CloudServer,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, tuple[str, ...], bool],
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    fault, calls, doubt = case
    server.make(REFERENCE)
    server.put(REFERENCE, b"made-up-first")
    described = client.describe(NAME)
    for call in calls:
        if fault == "odd":
            server.answer(400, "MadeUpException", "odd", call)
        elif fault == "page":
            server.answer(200, "", "<html>a proxy</html>", call)
        else:
            server.fail(cast("Fault", fault), call)

    with pytest.raises(AccessError) as raised:
        client.write(described, text(CANARY))

    assert raised.value.in_doubt == doubt
    assert server.present(REFERENCE) == b"made-up-first"


def test_a_move_that_was_refused_after_a_lost_answer_is_in_doubt_until_somebody_looks(
    client: Client, server: CloudServer
) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, b"made-up-first")
    described = client.describe(NAME)

    def lose(call: str) -> None:
        if call == MOVE and server.calls.count(MOVE) == 1:
            versions = server.secrets.secrets[REFERENCE].versions
            staged = next(each for each in versions if each != described.version)
            server.secrets.update_secret_version_stage(
                REFERENCE, "AWSCURRENT", str(described.version), staged
            )
            server.fail("down", MOVE)
        elif call == MOVE:
            server.fail("expired", MOVE, LOOK)

    server.before = lose

    with pytest.raises(NotLoggedInError, match=r"is not known\.") as raised:
        client.write(described, text(CANARY))

    assert raised.value.in_doubt
    assert server.present(REFERENCE) == CANARY.encode()


def test_a_first_value_whose_answer_is_lost_is_in_doubt(
    client: Client, server: CloudServer
) -> None:
    server.make(REFERENCE)
    described = client.describe(NAME)
    server.fail("down", PUT)

    with pytest.raises(UnreachableError) as raised:
        client.write(described, text(CANARY))
    assert raised.value.in_doubt


def test_what_cannot_be_connected_to_was_not_sent(
    client: Client, server: CloudServer, closed_port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    server.make(REFERENCE)
    described = client.describe(NAME)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{closed_port}")
    nowhere = values.connect(server.place)

    with pytest.raises(UnreachableError) as raised:
        nowhere.write(described, text(CANARY))
    nowhere.close()
    assert not raised.value.in_doubt


def test_who_may_set_and_not_move_labels_sets_without_the_check_and_is_told(
    client: Client, server: CloudServer
) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, b"made-up-first")
    server.fail("denied", "UpdateSecretVersionStage")

    written = client.write(client.describe(NAME), text("made-up-second"))

    assert server.present(REFERENCE) == b"made-up-second"
    assert client.describe(NAME).version == written.version
    assert written.note is not None
    assert "secretsmanager:UpdateSecretVersionStage" in written.note


def test_also_without_the_check_a_value_that_somebody_set_before_is_not_replaced(
    client: Client, server: CloudServer
) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, b"made-up-first")
    described = client.describe(NAME)
    server.put(REFERENCE, b"made-up-theirs")
    server.fail("denied", "UpdateSecretVersionStage")

    with pytest.raises(ChangedMeanwhileError):
        client.write(described, text("made-up-mine"))

    assert server.present(REFERENCE) == b"made-up-theirs"


def test_the_command_that_an_error_prints_takes_the_deletion_back(
    client: Client, server: CloudServer
) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, CANARY.encode())
    server.delete(REFERENCE)
    described = client.describe(NAME)
    server.calls.clear()

    with pytest.raises(ScheduledError) as raised:
        client.write(described, text(CANARY))
    assert server.calls == []
    failure = client.read([NAME])[NAME]

    command = raised.value.way_out.partition(": ")[2]
    assert isinstance(failure, ScheduledError)
    assert command in failure.way_out
    assert command == values.restoring(REFERENCE, client.place)
    run(command)
    assert client.describe(NAME).state == "set"


def run(command: str) -> Any:
    """Do what AWS's own tool does: its words are the API's."""
    aws, service, call, *options = shlex.split(command)
    assert (aws, service) == ("aws", "secretsmanager")
    given = dict(zip(options[::2], options[1::2], strict=True))
    api = boto3.client("secretsmanager", region_name=given.pop("--region"))
    query = given.pop("--query", None)
    parameters = {
        "".join(word.capitalize() for word in option[2:].split("-")): text
        for option, text in given.items()
    }
    answer = getattr(api, call.replace("-", "_"))(**parameters)
    api.close()
    return answer if query is None else answer.get(query)


def test_a_container_of_another_region_is_not_written_by_this_client(client: Client) -> None:
    described = Described(
        name=NAME,
        spelled=REFERENCE,
        id=f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{REFERENCE}-AbCdEf",
        state="unset",
    )

    with pytest.raises(WrongPlaceError, match="AWS_REGION=us-east-1"):
        client.write(described, text(CANARY))


def test_text_with_a_nul_is_refused_and_bytes_are_not() -> None:
    assert "NUL" in (values.refused(Value(data=b"a\0b")) or "")
    assert values.refused(Value(data=b"a\0b", binary=True)) is None


def test_a_version_that_is_gone_is_not_found_and_not_never_set(
    client: Client, server: CloudServer
) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, CANARY.encode())

    with pytest.raises(NotFoundError, match="no such version") as raised:
        client.read_version(NAME, str(uuid4()))

    assert run(raised.value.way_out.partition(": ")[2])["Versions"]


# What AWS answers, and what it means

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ANSWERS: Mapping[str, tuple[int, str, str, type[AccessError], str]] = {
    "a key that may not be used": (
        400,
        "AccessDeniedException",
        "Access to KMS is not allowed",
        DeniedError,
        "describe-secret --secret-id api/production/stripe-api-key --region eu-central-1 --query KmsKeyId",
    ),
    "a key that is named": (
        400,
        "AccessDeniedException",
        f"User: x is not authorized to perform: kms:Decrypt on resource: {KEY} because no",
        DeniedError,
        f"({KEY})",
    ),
    "a key that is disabled": (
        400,
        "DecryptionFailure",
        "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
        DisabledError,
        "--query KmsKeyId",
    ),
    "scheduled": (
        400,
        "InvalidRequestException",
        "You can't perform this operation on the secret because it was marked for deletion.",
        ScheduledError,
        "aws secretsmanager restore-secret --secret-id api/production/stripe-api-key --region eu-central-1",
    ),
    "never set": (
        400,
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
        NeverSetError,
        "infra-secrets set api/production/stripe-api-key",
    ),
    "not there": (
        400,
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret.",
        NotFoundError,
        "AWS_REGION",
    ),
    "a wrong key": (
        400,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
        NotLoggedInError,
        "aws sso login",
    ),
    "a wrong secret key": (
        400,
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided.",
        NotLoggedInError,
        "unset them",
    ),
    "an old login": (
        400,
        "ExpiredTokenException",
        "The security token included in the request is expired",
        NotLoggedInError,
        "has expired",
    ),
    "a slow clock": (
        400,
        "InvalidSignatureException",
        "Signature expired: 20261125T220000Z is now earlier than 20261125T221200Z",
        NotLoggedInError,
        "its clock is off, 17 minutes behind AWS's",
    ),
    "a fast clock": (
        403,
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        NotLoggedInError,
        "its clock is off, 17 minutes behind AWS's",
    ),
    "throttled": (400, "ThrottlingException", "Rate exceeded", ThrottledError, "AWS_MAX_ATTEMPTS"),
    "versions used up": (
        400,
        "LimitExceededException",
        "You have exceeded the limit",
        ThrottledError,
        "every 10 minutes",
    ),
    "out of order": (
        500,
        "InternalServiceError",
        "An error occurred",
        UnreachableError,
        "no denial",
    ),
    "a gateway's page": (503, "", "<html><body>Busy</body></html>", UnreachableError, "no denial"),
    "a gateway's other page": (502, "", "Bad gateway", UnreachableError, "no denial"),
    "somebody else's page": (
        200,
        "",
        "<html>Log in to the hotel</html>",
        UnreachableError,
        "HTTPS_PROXY",
    ),
    "a replica": (
        400,
        "InvalidParameterException",
        "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
        WrongPlaceError,
        "--query PrimaryRegion",
    ),
    "a region that is switched off": (
        400,
        "OptInRequired",
        "The AWS Access Key Id needs a subscription for the service",
        WrongPlaceError,
        "switched on",
    ),
    "what nobody knows": (
        400,
        "InvalidParameterException",
        f"Invalid value {CANARY}",
        AccessError,
        "InvalidParameterException",
    ),
    "a value for a code": (400, f"{CANARY}!", "x", AccessError, "an error without a code"),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_what_aws_answers_is_told_as_what_it_is_with_the_way_out(
    client: Client, server: CloudServer, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    status, code, said, expected, words = ANSWERS[kind]
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    server.ahead = timedelta(minutes=17)
    server.answer(status, code, said)

    failure = client.read([NAME])[NAME]

    assert type(failure) is expected
    assert words in str(failure)
    assert REFERENCE in str(failure) or expected is NotLoggedInError
    assert CANARY not in str(failure)


@pytest.mark.parametrize("said", [None, b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"])
def test_an_answer_that_never_comes_or_breaks_off_is_no_answer(
    client: Client, server: CloudServer, monkeypatch: pytest.MonkeyPatch, said: bytes | None
) -> None:
    server.make(REFERENCE)
    described = client.describe(NAME)
    monkeypatch.setattr(values, "_TO_ANSWER", 0.2)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    def answer(listening: socket.socket) -> None:
        for _ in range(2):
            connection, _ = listening.accept()
            connection.recv(100_000)
            if said is None:
                kept.append(connection)  # open, and silent
            else:
                connection.sendall(said)
                connection.close()

    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answer, args=[listening], daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{listening.getsockname()[1]}")
        other = values.connect(server.place)

        assert type(other.read([NAME])[NAME]) is UnreachableError
        with pytest.raises(UnreachableError) as raised:
            other.write(described, text(CANARY))
        other.close()
    for each in kept:
        each.close()
    assert CANARY not in str(raised.value)


@pytest.mark.parametrize("method", ["describe", "listing", "write"])
def test_somebody_else_s_page_in_place_of_aws_s_answer_is_no_answer_and_never_an_empty_one(
    client: Client, server: CloudServer, method: str
) -> None:
    server.make(REFERENCE)
    described = client.describe(NAME)
    server.answer(200, "", "<html>Log in to the hotel</html>")
    asking: Mapping[str, Callable[[], object]] = {
        "describe": lambda: client.describe(NAME),
        "listing": lambda: [*client.listing()],
        "write": lambda: client.write(described, text(CANARY)),
    }

    with pytest.raises(UnreachableError, match="no answer of AWS"):
        asking[method]()


@pytest.mark.parametrize("kind", ["a key that may not be used", "a replica"])
def test_the_command_that_an_error_prints_to_find_out_more_is_one_of_aws(
    client: Client, server: CloudServer, kind: str
) -> None:
    server.make(REFERENCE)
    status, code, said, _, words = ANSWERS[kind]
    server.answer(status, code, said, "GetSecretValue")
    failure = client.read([NAME])[NAME]
    assert isinstance(failure, AccessError)

    start = failure.way_out.index("aws secretsmanager")
    command = failure.way_out[start:].partition(")")[0]

    run(command)
    assert command.endswith(words[-10:])


def test_a_login_that_is_refused_for_a_listing_says_which_permission(
    client: Client, server: CloudServer
) -> None:
    server.fail("denied")

    with pytest.raises(DeniedError, match="secretsmanager:ListSecrets"):
        [*client.listing("api")]


# Where, who and how patiently


@pytest.mark.parametrize(
    ("place", "environment", "expected"),
    [
        ({"region": "us-east-1"}, {"AWS_REGION": "eu-west-1"}, "us-east-1"),
        ({}, {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ({}, {"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({}, {"AWS_REGION": None}, "eu-south-1"),
        ({}, {"AWS_REGION": None, "AWS_PROFILE": "other"}, "eu-south-2"),
    ],
)
@pytest.mark.usefixtures("server")
def test_the_region_is_the_place_s_then_a_variable_s_then_the_profile_s(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    place: Mapping[str, str],
    environment: Mapping[str, str | None],
    expected: str,
) -> None:
    config = "[default]\nregion = eu-south-1\n[profile other]\nregion = eu-south-2\n"
    (tmp_path / "config").write_text(config)
    servers.entered(monkeypatch, {"AWS_CONFIG_FILE": str(tmp_path / "config"), **environment})

    assert values.connect(place).place == {"region": expected}


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("eu-central-1", UnreachableError),
        ("eu-centrall-1", WrongPlaceError),
        ("eu central", WrongPlaceError),
    ],
)
@pytest.mark.usefixtures("server")
def test_a_region_that_does_not_exist_is_told_from_one_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, closed_port: str, region: str, expected: type[AccessError]
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("HTTPS_PROXY", f"http://{closed_port}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with pytest.raises(AccessError) as raised:
        values.connect({"region": region}).describe(NAME)

    assert type(raised.value) is expected
    assert region in str(raised.value)


@pytest.mark.usefixtures("server")
def test_a_region_that_another_endpoint_alone_knows_is_not_called_made_up(
    monkeypatch: pytest.MonkeyPatch, closed_port: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{closed_port}")

    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1 does not answer"):
        values.connect({"region": "in-house-1"}).describe(NAME)


@pytest.mark.usefixtures("server")
def test_a_profile_that_does_not_exist_is_no_login_and_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody-s")

    with pytest.raises(NotLoggedInError) as raised:
        values.connect({})

    assert "'nobody-s'" in raised.value.found
    assert "list-profiles" in raised.value.way_out
    assert raised.value.__context__ is None


SSO = """
[profile "shop developer"]
region = eu-central-1
sso_session = shop
sso_account_id = 123456789012
sso_role_name = developer
[sso-session shop]
sso_region = eu-central-1
sso_start_url = https://shop.awsapps.com/start
"""


def test_a_profile_whose_login_is_over_is_told_with_the_command_that_logs_in_again(
    server: CloudServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(SSO)
    servers.entered(
        monkeypatch,
        {
            **server.nobody(),
            "HOME": str(tmp_path),  # where tokens are kept
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_PROFILE": "shop developer",
        },
    )
    client = values.connect({})

    with pytest.raises(NotLoggedInError) as raised:
        client.describe(NAME)

    assert "Run: aws sso login --profile 'shop developer'" in raised.value.way_out
    assert server.calls == []


ROLE = """
[profile shop]
region = eu-central-1
role_arn = arn:aws:iam::123456789012:role/developer
source_profile = keys
[profile keys]
aws_access_key_id = made-up-key-id
aws_secret_access_key = made-up-access-key
"""


@pytest.mark.parametrize(("status", "expected"), [(403, NotLoggedInError), (503, UnreachableError)])
def test_a_role_that_may_not_be_assumed_is_no_login_and_no_denial_of_the_secret(
    server: CloudServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    status: int,
    expected: type[AccessError],
) -> None:
    (tmp_path / "config").write_text(ROLE)
    said = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_PROFILE": "shop"}
    servers.entered(monkeypatch, {**server.nobody(), **said, "AWS_MAX_ATTEMPTS": "1"})
    code = {403: "AccessDenied", 503: "ServiceUnavailable"}[status]
    error = f"<Error><Code>{code}</Code><Message>made up</Message></Error>"
    server.answer(status, "", f"<ErrorResponse>{error}</ErrorResponse>")  # as STS writes it

    failure = values.connect({}).read([NAME])[NAME]

    assert type(failure) is expected
    assert ("fails at AssumeRole (AccessDenied)" in str(failure)) == (expected is NotLoggedInError)


def test_keys_in_the_environment_are_named_because_a_login_does_not_replace_them(
    client: Client, server: CloudServer
) -> None:
    server.fail("expired")

    with pytest.raises(
        NotLoggedInError, match=r"AWS_ACCESS_KEY_ID .*unset them and run: aws sso login"
    ):
        client.describe(NAME)


def test_the_endpoint_of_the_service_alone_is_honoured(
    server: CloudServer, monkeypatch: pytest.MonkeyPatch, closed_port: str
) -> None:
    server.make(REFERENCE)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{closed_port}")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", server.url)

    assert values.connect(server.place).describe(NAME).state == "unset"


@pytest.mark.parametrize(("said", "calls"), [(None, 3), ("1", 1), ("2", 2)])
def test_how_often_is_tried_is_bounded_and_the_environment_s_to_say(
    server: CloudServer, monkeypatch: pytest.MonkeyPatch, said: str | None, calls: int
) -> None:
    servers.entered(monkeypatch, {"AWS_MAX_ATTEMPTS": said})
    server.fail("down")

    with pytest.raises(UnreachableError):
        values.connect(server.place).describe(NAME)

    assert server.calls == ["DescribeSecret"] * calls


@pytest.mark.parametrize(("mode", "expected"), [(None, 5), ("in-region", 1.1)])
def test_time_outs_are_short_unless_the_environment_chose_its_own(
    server: CloudServer, monkeypatch: pytest.MonkeyPatch, mode: str | None, expected: float
) -> None:
    servers.entered(monkeypatch, {"AWS_DEFAULTS_MODE": mode})

    chosen = values.connect(server.place)._connected().meta.config

    assert (chosen.connect_timeout, chosen.read_timeout) == (expected, 20)


def test_to_connect_sends_nothing_and_looks_for_no_login(
    server: CloudServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers.entered(monkeypatch, server.nobody())

    values.connect(server.place).close()

    assert server.calls == []


def test_without_the_client_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)

    with pytest.raises(MissingExtraError, match=r"infra-secrets\[runtime-aws\]"):
        values.connect({"region": "eu-central-1"})


def test_the_facet_is_there_without_the_client_library_and_pulumi() -> None:
    program = (
        "import sys, infra_secrets.clouds.aws.values\n"
        "print(sorted({each.partition('.')[0] for each in sys.modules} & {'boto3', 'botocore', 'pulumi'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ},
    )

    assert done.stdout.strip() == "[]"


# Logs


def test_a_log_of_everything_has_neither_a_value_nor_the_hash_of_one_and_others_calls_are_in_it(
    client: Client, server: CloudServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.make(REFERENCE)

    client.write(client.describe(NAME), text(CANARY))
    client.read([NAME])
    ours = {each.name for each in caplog.records}
    caplog.clear()
    boto3.client("secretsmanager", region_name="eu-central-1").list_secrets()
    others = {each.name for each in caplog.records}

    loggers = {"botocore.endpoint", "botocore.parsers", "botocore.auth"}
    assert not loggers & ours
    assert loggers <= others


def test_a_value_that_the_client_library_itself_refuses_is_not_repeated(
    client: Client, server: CloudServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.make(REFERENCE)
    described = client.describe(NAME)
    monkeypatch.setattr(values, "_sent", lambda value: {"SecretString": [value.data.decode()]})

    with pytest.raises(AccessError, match="ParamValidationError") as raised:
        client.write(described, text(CANARY))

    assert CANARY not in str(raised.value)
    assert raised.value.__context__ is None


FAILURES: Mapping[str, Exception] = {
    "nobody answers": exceptions.EndpointConnectionError(endpoint_url=f"https://x/{CANARY}"),
    "broken off": exceptions.ConnectionClosedError(endpoint_url=f"https://x/{CANARY}"),
    "too late": exceptions.ReadTimeoutError(endpoint_url=f"https://x/{CANARY}"),
    "not understood": parsers.ResponseParserError(f"Unable to parse response: {CANARY}"),
    "no login": exceptions.CredentialRetrievalError(provider="x", error_msg=CANARY),
    "a wrong parameter": exceptions.ParamValidationError(report=CANARY),
    "refused": exceptions.ClientError(
        {"Error": {"Code": "X", "Message": CANARY}}, "GetSecretValue"
    ),
    "something else": ValueError(CANARY),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_no_text_of_the_client_library_is_repeated(
    client: Client, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    raised = FAILURES[kind]
    assert CANARY in str(raised)

    def call(*_: Any, **__: Any) -> None:
        raise raised

    api = values.SecretsManager._connected(client)  # type: ignore[arg-type]
    monkeypatch.setattr(api, "get_secret_value", call)
    failure = client.read([NAME])[NAME]

    assert isinstance(failure, AccessError)
    assert CANARY not in f"{failure} {failure!r}"
    assert (failure.__cause__, failure.__context__) == (None, None)


@pytest.mark.usefixtures("server")
def test_a_role_is_assumed_in_the_region_that_only_the_variable_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-3")

    client = values.connect({})

    assert client._core.get_config_variable("region") == "eu-west-3"
    assert client._connected().meta.region_name == "eu-west-3"


# The permissions


def test_every_call_of_status_is_in_its_permissions_and_none_reads_a_value(
    client: Client, server: CloudServer
) -> None:
    aged(server, days=1)
    for each in client.listing():
        client.complete(each)
        client.describe(each.name)

    assert {f"secretsmanager:{call}" for call in server.calls} == {*values.STATUS_PERMISSIONS}
    assert snake("ListSecrets") == "list_secrets"


def test_every_call_of_a_writer_is_one_that_writers_may_do(
    client: Client, server: CloudServer
) -> None:
    container = clouds.container(clouds.load("aws"))
    server.make(REFERENCE)
    for value in ("made-up-first", "made-up-second"):
        client.write(client.describe(NAME), text(value))

    assert {f"secretsmanager:{call}" for call in server.calls} <= {*container.WRITE}  # type: ignore[attr-defined]
