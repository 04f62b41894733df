"""What is particular to GCP's own client: twins of NOT_FOUND, no conditional write, Application Default Credentials."""

import importlib
import json
import logging
import os
import queue
import socket
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from infra_secrets import Secret, clouds
from infra_secrets.clouds.gcp import connection, failures, values
from infra_secrets.clouds.values import Described, Value
from infra_secrets.errors import (
    AccessError,
    ChangedMeanwhileError,
    DeniedError,
    DisabledError,
    MissingExtraError,
    NeverSetError,
    NotFoundError,
    NotLoggedInError,
    ThrottledError,
    UnreachableError,
    WrongPlaceError,
)
from infra_secrets.rules.naming import SecretName
from tests import servers
from tests.clouds.values.test_every_cloud import shown
from tests.conftest import recording_on
from tests.servers.gcp import PROJECT, CloudServer, checksum, files

exceptions: Any = importlib.import_module("google.auth.exceptions")  # it has no types
REFERENCE = "api/production/stripe-api-key"
SPELLED = "api__production__stripe-api-key"
NAME = SecretName.from_reference(REFERENCE)
CANARY = "made-up-canary-7f3a"


@pytest.fixture(scope="module")
def running() -> Iterator[CloudServer]:
    server = CloudServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(running: CloudServer, monkeypatch: pytest.MonkeyPatch) -> CloudServer:
    """Empty, with this process logged in as a service account."""
    running.reset()
    running.tokens.status, running.tokens.seconds, running.tokens.asked = 200, 3600, 0
    running.tokens.issued.clear()
    servers.entered(monkeypatch, running.environment())
    return running


@pytest.fixture
def client(server: CloudServer) -> Iterator[values.SecretManager]:
    del server
    made = values.connect({})
    yield made
    made.close()


@pytest.fixture
def person(server: CloudServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[values.SecretManager]:
    """A client of a person, whose tokens the token service issues."""
    servers.entered(monkeypatch, server.user())
    made = values.connect({})
    yield made
    made.close()


def read(client: values.SecretManager, name: SecretName = NAME) -> Value | AccessError:
    return client.read([name])[name]


def text(data: str) -> Value:
    return Value(data=data.encode())


# Not found, and its twin


def test_a_read_of_nothing_is_told_apart_by_a_look_at_the_secret(
    client: values.SecretManager, server: CloudServer
) -> None:
    assert type(read(client)) is NotFoundError
    server.make(REFERENCE)
    assert type(read(client)) is NeverSetError
    assert server.calls == ["AccessSecretVersion", "GetSecret"] * 2


def test_who_may_read_and_not_look_is_told_both_possibilities_and_how_to_set_it(
    client: values.SecretManager, server: CloudServer
) -> None:
    server.make(REFERENCE)
    server.denied = {"secretmanager.secrets.get"}

    failure = read(client)

    assert type(failure) is NeverSetError
    assert "it was never set, or there is no such container" in failure.found
    assert "secretmanager.secrets.get" in failure.found
    assert f"infra-secrets set {REFERENCE}" in failure.way_out


def test_a_cloud_that_fails_at_the_second_look_is_told_as_that(
    client: values.SecretManager, server: CloudServer
) -> None:
    server.make(REFERENCE)
    server.fail("down", "GetSecret")

    assert type(read(client)) is UnreachableError


def test_a_version_that_is_not_there_is_named(
    client: values.SecretManager, server: CloudServer
) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, b"made-up")

    with pytest.raises(NeverSetError, match="no version 7 of"):
        client.read_version(NAME, "7")
    with pytest.raises(WrongPlaceError, match="a version is a number"):
        client.read_version(NAME, "latest")


# Disabled and destroyed


@pytest.mark.parametrize("what", ["disable", "destroy"])
def test_the_latest_version_counts_whatever_its_state_and_no_older_one_takes_its_place(
    client: values.SecretManager, server: CloudServer, what: str
) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, b"made-up-old")
    server.put(REFERENCE, b"made-up-new")
    getattr(server, what)(REFERENCE)

    found = client.describe(NAME)
    failure = read(client)

    assert (found.state, found.version) == ("disabled", "2")
    assert type(failure) is DisabledError
    command = f"gcloud secrets versions enable 2 --secret={SPELLED} --project={PROJECT}"
    assert (command in failure.way_out) == (what == "disable")
    assert f"infra-secrets set {REFERENCE}" in failure.way_out


@pytest.mark.parametrize("what", ["disable", "destroy"])
def test_a_value_is_set_above_a_version_that_cannot_be_read(
    client: values.SecretManager, server: CloudServer, what: str
) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, b"made-up-old")
    getattr(server, what)(REFERENCE)

    written = client.write(client.describe(NAME), text("made-up-new"))

    assert written.version == "2"
    assert server.present(REFERENCE) == b"made-up-new"


def test_a_secret_that_expires_can_be_read_until_then_and_says_when(
    client: values.SecretManager, server: CloudServer
) -> None:
    when = datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)
    server.make(REFERENCE)
    server.put(REFERENCE, b"made-up")
    server.expire(REFERENCE, when)

    for found in (client.describe(NAME), *map(client.complete, client.listing())):
        assert (found.state, found.deleted) == ("set", when)
    assert isinstance(read(client), Value)


# The listing


def test_a_listing_asks_the_server_for_the_names_and_for_the_largest_page(
    client: values.SecretManager, server: CloudServer
) -> None:
    for sought in [("api", "production"), ("api", None), (None, "production"), (None, None)]:
        assert [*client.listing(*sought)] == []

    assert [(each.filter, each.page_size) for each in server.requests] == [
        ("name:api__production", 25_000),
        ("name:api__", 25_000),
        ("name:__production", 25_000),
        ("", 25_000),
    ]


def test_a_thousand_containers_take_a_call_for_the_listing_and_one_for_each(
    client: values.SecretManager, server: CloudServer
) -> None:
    for number in range(1000):
        server.make(f"api/production/key-{number}")

    found = [*client.listing("api", "production")]
    assert len(found) == 1000
    assert server.calls == ["ListSecrets"]
    for each in found[:3]:
        client.complete(each)
    assert server.calls == ["ListSecrets", *["GetSecretVersion"] * 3]


def test_every_page_of_a_listing_is_read(
    client: values.SecretManager, server: CloudServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "_PAGE", 2)
    for number in range(5):
        server.make(f"api/production/key-{number}")

    assert sorted(str(each.name.key) for each in client.listing()) == [
        f"key-{number}" for number in range(5)
    ]
    assert server.calls == ["ListSecrets"] * 3


def test_secrets_of_others_in_the_project_are_left_out(
    client: values.SecretManager, server: CloudServer
) -> None:
    server.make(REFERENCE)
    for other in ("somebody's", "API_KEY", "a__b__c__d"):
        server.stored[other] = server.stored[SPELLED]
        server.stored[other].secret.name = f"projects/1/secrets/{other}"
    server.stored.pop(SPELLED)

    assert [*client.listing()] == []


def test_what_the_annotations_say_in_another_form_is_no_field(
    client: values.SecretManager, server: CloudServer
) -> None:
    server.make(REFERENCE)
    for said in ("{", '{"a": 1}', '"KEY"', ""):
        server.stored[SPELLED].secret.annotations["infra-secrets.fields"] = said
        assert client.describe(NAME).fields == ()


# A checksum


def test_what_changed_on_its_way_is_refused_and_not_given_on(
    client: values.SecretManager, server: CloudServer
) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, CANARY.encode())
    server.garbled = True

    failure = read(client)

    assert type(failure) is UnreachableError
    assert "checksum" in failure.found
    assert CANARY[:-1] not in shown(failure)


@pytest.mark.parametrize("data", [b"", b"123456789", bytes(range(256)) * 3])
def test_the_checksum_is_crc_32c(data: bytes) -> None:
    assert values.crc32c(data) == checksum(data)
    assert values.crc32c(b"123456789") == 0xE3069283, "the check value of CRC-32C"


# Two who write at once


def test_who_writes_between_the_look_and_the_write_is_overtaken_and_nothing_is_lost(
    client: values.SecretManager, server: CloudServer
) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, b"made-up-before")
    described = client.describe(NAME)

    def two_others() -> None:
        server.put(REFERENCE, b"made-up-theirs")
        server.put(REFERENCE, b"made-up-another")

    server.before["AddSecretVersion"] = two_others
    with pytest.raises(ChangedMeanwhileError) as raised:
        client.write(described, text("made-up-mine"))

    told = raised.value
    assert (told.present, told.overtaken) == ("4", ("2", "3"))
    assert "version 4" in told.found
    assert "version 2 and 3" in told.found
    assert server.present(REFERENCE) == b"made-up-mine"
    kept = [client.read_version(NAME, version).data for version in told.overtaken]
    assert kept == [b"made-up-theirs", b"made-up-another"]


def test_who_wrote_before_the_write_stays_the_present_one(
    client: values.SecretManager, server: CloudServer
) -> None:
    server.make(REFERENCE)
    described = client.describe(NAME)
    server.put(REFERENCE, b"made-up-theirs")
    server.calls.clear()

    with pytest.raises(ChangedMeanwhileError) as raised:
        client.write(described, text("made-up-mine"))

    assert (raised.value.present, raised.value.overtaken) == ("1", ())
    assert server.calls == ["GetSecretVersion"], "nothing was sent"
    assert server.present(REFERENCE) == b"made-up-theirs"


def test_a_write_whose_answer_is_lost_is_not_sent_again_and_says_that_it_may_be_stored(
    client: values.SecretManager, server: CloudServer
) -> None:
    server.make(REFERENCE)
    described = client.describe(NAME)
    server.lost = {"AddSecretVersion"}

    with pytest.raises(UnreachableError, match="It may be stored, or not") as raised:
        client.write(described, text(CANARY))

    assert raised.value.in_doubt
    assert server.calls.count("AddSecretVersion") == 1
    assert server.present(REFERENCE) == CANARY.encode()
    assert CANARY not in shown(raised.value)


def test_a_value_is_sent_with_its_checksum(
    client: values.SecretManager, server: CloudServer
) -> None:
    server.make(REFERENCE)
    client.write(client.describe(NAME), text("made-up"))

    assert server.calls[-1] == "AddSecretVersion"
    assert server.requests[-1].payload.data_crc32c == checksum(b"made-up")


def test_a_write_that_the_quota_refuses_is_sent_again_and_stored_once(
    client: values.SecretManager, server: CloudServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PATIENCE_SECONDS", 60)
    server.make(REFERENCE)
    described = client.describe(NAME)
    server.fail("throttled", "AddSecretVersion")
    server.times = 2

    assert client.write(described, text("made-up")).version == "1"
    assert server.calls.count("AddSecretVersion") == 3
    assert len(server.stored[SPELLED].versions) == 1


def test_a_writer_who_may_not_look_at_versions_is_told_which_permission_is_missing(
    client: values.SecretManager, server: CloudServer
) -> None:
    server.make(REFERENCE)
    described = client.describe(NAME)
    server.denied = {"secretmanager.versions.get"}

    with pytest.raises(DeniedError, match=r"secretmanager\.versions\.get"):
        client.write(described, text("made-up"))
    server.denied = {"secretmanager.versions.add"}
    with pytest.raises(DeniedError, match=r"versions\.add.*`writers=`"):
        client.write(described, text("made-up"))


def test_what_writers_are_granted_is_enough_to_look_and_set_and_reads_no_value(
    client: values.SecretManager, server: CloudServer
) -> None:
    recording = recording_on("gcp")
    recording.run(lambda: Secret("x", writers=["user:operator@example.com"]))
    grants = recording.of_type("gcp:secretmanager/secretIamMember:SecretIamMember")
    server.make(REFERENCE)
    server.grant(*(each.inputs["role"] for each in grants))

    for version in ("1", "2"):
        assert client.write(client.describe(NAME), text("made-up")).version == version
    denied = read(client)
    assert type(denied) is DeniedError
    assert "secretmanager.versions.access" in denied.found


def test_what_readers_are_granted_is_enough_to_load_a_value_and_not_to_look(
    client: values.SecretManager, server: CloudServer
) -> None:
    recording = recording_on("gcp")
    recording.run(lambda: Secret("x", readers=["user:api@example.com"]))
    grants = recording.of_type("gcp:secretmanager/secretIamMember:SecretIamMember")
    server.make(REFERENCE)
    server.put(REFERENCE, b"made-up")
    server.grant(*(each.inputs["role"] for each in grants))

    loaded = read(client)
    assert isinstance(loaded, Value)
    assert loaded.data == b"made-up"
    with pytest.raises(DeniedError, match=r"secretmanager\.secrets\.get"):
        client.describe(NAME)


# Quota, outage, denial


@pytest.mark.parametrize("fault", ["throttled", "down"])
def test_a_cloud_that_comes_back_is_asked_again_without_a_word(
    client: values.SecretManager,
    server: CloudServer,
    monkeypatch: pytest.MonkeyPatch,
    fault: servers.Fault,
) -> None:
    monkeypatch.setattr(connection, "PATIENCE_SECONDS", 60)
    server.make(REFERENCE)
    server.put(REFERENCE, b"made-up")
    server.fail(fault)
    server.times = 2

    assert client.describe(NAME).state == "set"
    assert server.calls.count("GetSecret") == 3


def test_of_many_reads_those_that_fail_are_asked_again_and_the_others_are_not(
    client: values.SecretManager, server: CloudServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PATIENCE_SECONDS", 60)
    names = [SecretName.from_reference(f"api/production/key-{number}") for number in range(130)]
    for name in names:
        server.make(name.reference)
        server.put(name.reference, name.reference.encode())
    server.fail("down")
    server.times = 5

    found = client.read([*names, names[0]])

    assert [*found] == names
    for name, answer in found.items():
        assert isinstance(answer, Value)
        assert answer.data == name.reference.encode()
    assert server.calls == ["AccessSecretVersion"] * (130 + 5)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.DEADLINE_EXCEEDED, UnreachableError),
        (grpc.StatusCode.INTERNAL, UnreachableError),
        (grpc.StatusCode.UNKNOWN, UnreachableError),
        (grpc.StatusCode.FAILED_PRECONDITION, AccessError),
        (grpc.StatusCode.INVALID_ARGUMENT, AccessError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, ThrottledError),
    ],
)
def test_what_gcp_answers_to_a_value_is_not_repeated(
    client: values.SecretManager,
    server: CloudServer,
    code: grpc.StatusCode,
    kind: type[AccessError],
) -> None:
    server.make(REFERENCE)
    described = client.describe(NAME)
    server.answer(code, f"I did not like {CANARY}", "AddSecretVersion", reason=CANARY)

    with pytest.raises(AccessError) as raised:
        client.write(described, text(CANARY))

    assert type(raised.value) is kind
    assert (code.name in str(raised.value)) == (kind is not ThrottledError)
    assert CANARY not in shown(raised.value)


def test_a_server_that_never_answers_is_given_up(
    client: values.SecretManager, server: CloudServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CALL_SECONDS", 0.2)
    server.make(REFERENCE)
    server.delay = 1

    with pytest.raises(UnreachableError, match="DEADLINE_EXCEEDED"):
        client.describe(NAME)
    server.put(REFERENCE, b"made-up")
    assert "DEADLINE_EXCEEDED" in str(read(client))


def test_an_api_that_is_off_is_told_with_the_command_that_switches_it_on(
    client: values.SecretManager, server: CloudServer
) -> None:
    server.switch_off()

    with pytest.raises(WrongPlaceError) as raised:
        client.describe(NAME)

    command = "gcloud services enable secretmanager.googleapis.com --project=123456789012"
    assert command in raised.value.way_out


def test_a_project_that_is_not_there_is_a_wrong_place_and_no_denial(server: CloudServer) -> None:
    del server
    client = values.connect({"project": "acme-nowhere"})

    for ask in (lambda: client.describe(NAME), lambda: [*client.listing()]):
        with pytest.raises(WrongPlaceError, match=r"acme-nowhere.*gcloud projects list"):
            ask()
    assert type(read(client)) is WrongPlaceError
    client.close()


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("USER_PROJECT_DENIED", "gcloud auth application-default set-quota-project"),
        ("SECURITY_POLICY_VIOLATED", "SECURITY_POLICY_VIOLATED"),
        ("BILLING_DISABLED", "BILLING_DISABLED"),
    ],
)
def test_a_denial_for_another_reason_than_a_grant_says_the_reason(
    client: values.SecretManager, server: CloudServer, reason: str, said: str
) -> None:
    server.answer(grpc.StatusCode.PERMISSION_DENIED, "No.", reason=reason)

    with pytest.raises(DeniedError) as raised:
        client.describe(NAME)

    assert said in str(raised.value)
    assert "add-iam-policy-binding" not in str(raised.value)


@pytest.mark.parametrize(
    ("permission", "ask"),
    [
        ("secrets.get", lambda client: client.describe(NAME)),
        ("versions.get", lambda client: client.describe(NAME)),
        ("secrets.list", lambda client: [*client.listing()]),
    ],
)
def test_looking_needs_the_permissions_of_status_and_no_other(
    client: values.SecretManager, server: CloudServer, permission: str, ask: Any
) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, b"made-up")
    full = f"secretmanager.{permission}"
    assert full in values.STATUS_PERMISSIONS
    server.grant("roles/secretmanager.viewer")
    ask(client)
    server.denied = {full}

    with pytest.raises(DeniedError) as raised:
        ask(client)

    assert full in raised.value.found
    assert "no such" in raised.value.found
    assert f"gcloud projects add-iam-policy-binding {PROJECT}" in raised.value.way_out
    assert ("`writers=`" in raised.value.way_out) == (permission != "secrets.list")


# Who is logged in, and where


def test_a_person_s_token_is_renewed_once_for_many_reads(
    person: values.SecretManager, server: CloudServer
) -> None:
    names = [SecretName.from_reference(f"api/production/key-{number}") for number in range(20)]
    for name in names:
        server.make(name.reference)
        server.put(name.reference, b"made-up")

    assert all(isinstance(each, Value) for each in person.read(names).values())
    assert server.tokens.asked == 1


def test_a_login_that_expires_half_way_is_told_with_the_command(
    person: values.SecretManager, server: CloudServer
) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, b"made-up")
    server.tokens.seconds = 1  # Google's library renews a token some minutes before
    assert isinstance(read(person), Value)
    server.tokens.refuse(
        400, error="invalid_grant", error_description=f"Token has been revoked {CANARY}"
    )

    failure = read(person)

    assert type(failure) is NotLoggedInError
    assert "gcloud auth application-default login" in failure.way_out
    assert CANARY not in shown(failure)


def test_a_token_that_gcp_no_longer_takes_is_an_expired_login(
    person: values.SecretManager, server: CloudServer
) -> None:
    server.make(REFERENCE)
    assert person.describe(NAME).state == "unset"
    server.tokens.issued.clear()

    with pytest.raises(NotLoggedInError):
        person.describe(NAME)


def test_a_login_that_google_s_library_cannot_renew_in_a_call_is_no_outage(
    server: CloudServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As between our look at the token and the call: gRPC says UNAVAILABLE then."""
    servers.entered(monkeypatch, server.user())
    monkeypatch.setattr(connection.Login, "credentials", lambda login: login._default()[0])
    server.tokens.refuse(400, error="invalid_grant")
    client = values.connect({})

    with pytest.raises(NotLoggedInError):
        client.describe(NAME)
    client.close()


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (exceptions.RefreshError("invalid_grant: Bad Request", {}), NotLoggedInError),
        (exceptions.ReauthFailError("Reauthentication is needed."), NotLoggedInError),
        (exceptions.RefreshError("internal_failure", {}, retryable=True), UnreachableError),
        (exceptions.RefreshError(exceptions.TransportError("no route")), UnreachableError),
        (exceptions.TransportError("no route"), UnreachableError),
    ],
    ids=repr,
)
def test_what_google_s_library_says_of_a_renewal_is_told_as_what_it_is(
    failure: Exception, kind: type[AccessError]
) -> None:
    assert type(failures.of_renewal(failure)) is kind


@pytest.mark.parametrize("status", [500, 503])
def test_a_login_service_that_is_out_of_order_is_no_denial(
    person: values.SecretManager, server: CloudServer, status: int
) -> None:
    server.tokens.refuse(status, error="internal_failure")
    assert type(read(person)) is UnreachableError
    server.tokens.answer = "<html>out of order</html>"
    assert type(read(person)) is UnreachableError


def test_a_login_service_that_never_answers_is_given_up(
    person: values.SecretManager, server: CloudServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up, waited = threading.Event(), queue.SimpleQueue[bool]()

    def never() -> tuple[int, str]:
        waited.put(given_up.wait(60))
        return 500, "{}"

    monkeypatch.setattr(connection, "CALL_SECONDS", 0.2)
    monkeypatch.setattr(server.tokens, "give", never)
    failure = read(person)
    given_up.set()

    assert type(failure) is UnreachableError
    assert waited.get(timeout=60), "it was given up before the service did"


def test_another_answer_than_a_token_is_no_denial(
    person: values.SecretManager, server: CloudServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a network that wants somebody to agree to its terms first."""
    for answer in ("<html>agree</html>", "{}", "[]", '{"access_token": 1}'):
        monkeypatch.setattr(server.tokens, "give", lambda answer=answer: (200, answer))
        assert type(read(person)) is UnreachableError


def test_a_login_service_that_is_not_there_is_unreachable(
    server: CloudServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = json.loads(
        files().folder.joinpath(str(server.user()["GOOGLE_APPLICATION_CREDENTIALS"])).read_text()
    )
    login["token_url"] = "https://127.0.0.1:9/token"
    path = files().write("elsewhere.json", json.dumps(login).encode())
    servers.entered(monkeypatch, {**server.user(), "GOOGLE_APPLICATION_CREDENTIALS": str(path)})
    client = values.connect({})

    assert type(read(client)) is UnreachableError
    client.close()


@pytest.mark.parametrize(
    "content",
    [
        *(None, b"", b"{}", b"[]", b"\xff", b'{"type": "service_account"}'),
        *(b'{"type": "authorized_user"}', b'{"type": "external_account"}', b'{"type": 1}'),
        b'{"type": "service_account", "client_email": "a", "token_uri": "b", "private_key": "c"}',
    ],
)
def test_a_login_file_that_is_not_usable_is_told_as_no_login(
    server: CloudServer, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    del server
    path = files().folder / "unusable.json"
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    client = values.connect({})

    failure = read(client)

    assert type(failure) is NotLoggedInError
    assert "GOOGLE_APPLICATION_CREDENTIALS" in failure.way_out


def test_the_project_is_the_place_s_then_the_variable_s_then_the_login_s(
    server: CloudServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    del server
    monkeypatch.setenv(
        "GOOGLE_APPLICATION_CREDENTIALS", str(files().account(project_id="of-the-login"))
    )
    assert values.connect({"project": "of-the-place"}).place == {"project": "of-the-place"}
    assert values.connect({}).place == {"project": PROJECT}
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT")
    assert values.connect({}).place == {"project": "of-the-login"}


@pytest.mark.parametrize("project", ["a/b", "Acme", "-x", "a b", "a" * 300 + "/"])
def test_what_cannot_be_a_project_is_refused_before_anything_is_sent(
    server: CloudServer, project: str
) -> None:
    with pytest.raises(WrongPlaceError, match="is not a GCP project"):
        values.connect({"project": project})
    assert server.calls == []


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1/",
        "http://secretmanager.googleapis.com",
        "https://user:password@host/",
        "https://host/path",
        "unix:///tmp/socket",
        "dns:///host",
        "insecure",
        "https://",
    ],
)
def test_an_address_that_is_not_https_is_refused_before_a_token_is_sent(
    server: CloudServer, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", address)
    if address == "insecure":  # a host's name, and TLS all the same
        values.connect({}).close()
        return
    with pytest.raises(WrongPlaceError, match="https") as raised:
        values.connect({})
    assert "password" not in str(raised.value)
    assert server.calls == []


def test_an_answer_in_plain_text_gets_no_token(
    server: CloudServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever listens at the address sees the beginning of TLS, and no login."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def listen() -> None:
            connection, _ = listening.accept()
            with connection:
                heard.append(connection.recv(65536))

        thread = threading.Thread(target=listen)
        thread.start()
        port = listening.getsockname()[1]
        monkeypatch.setenv(
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", f"https://127.0.0.1:{port}"
        )
        client = values.connect({})
        assert type(read(client)) is UnreachableError
        client.close()
        thread.join()

    assert heard[0][:2] == b"\x16\x03", "a TLS handshake"
    assert b"authorization" not in heard[0]
    assert server.calls == []


def test_a_certificate_that_is_not_trusted_is_told_as_that(server: CloudServer) -> None:
    """In a process of its own: gRPC reads once which certificates it trusts."""
    environment = {**server.environment(), "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": None}

    done = run(
        "from infra_secrets.clouds.gcp import connection, values\n"
        "from infra_secrets.rules.naming import SecretName\n"
        "connection.PATIENCE_SECONDS = 0.5\n"
        f"try: values.connect({{}}).describe(SecretName.from_reference({REFERENCE!r}))\n"
        "except Exception as error: print(type(error).__name__, error)\n",
        environment,
    )

    assert "UnreachableError The certificate of what answers" in done
    assert "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH" in done
    assert server.calls == []


def test_without_the_client_library_the_command_that_installs_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`google` is a namespace that other distributions share, so it is there all the same."""
    for module in [each for each in sys.modules if each.startswith("google.cloud.secretmanager")]:
        monkeypatch.delitem(sys.modules, module)
    searched = [*sys.meta_path]

    class Missing:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "google.cloud.secretmanager_v1":
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(sys, "meta_path", [Missing(), *searched])

    with pytest.raises(MissingExtraError, match=r"pip install 'infra-secrets\[runtime-gcp\]'"):
        values.connect({"project": PROJECT})


# Nothing of a value gets out


@pytest.mark.parametrize("scope", ["google", connection._LOGGER])
def test_google_s_own_debug_log_has_no_value_and_no_token(server: CloudServer, scope: str) -> None:
    server.make(REFERENCE)
    server.put(REFERENCE, CANARY.encode())

    done = run(
        "from infra_secrets.clouds.gcp import values\n"
        "from infra_secrets.clouds.values import Value\n"
        "from infra_secrets.rules.naming import SecretName\n"
        f"name, client = SecretName.from_reference({REFERENCE!r}), values.connect({{}})\n"
        "read = client.read([name])[name]\n"
        "client.write(client.describe(name), Value(data=read.data + b'-2'))\n",
        {**server.environment(), "GOOGLE_SDK_PYTHON_LOGGING_SCOPE": scope},
    )

    assert "Received response for" in done, "the log is on"
    assert server.present(REFERENCE) == f"{CANARY}-2".encode()
    for secret in (CANARY, b64encode(CANARY.encode()).decode()[:-4], "Bearer"):
        assert secret not in done


def test_a_handler_of_the_program_s_own_gets_no_value_either(
    client: values.SecretManager, server: CloudServer
) -> None:
    records: list[logging.LogRecord] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    server.make(REFERENCE)
    server.put(REFERENCE, CANARY.encode())
    logger, handler = logging.getLogger(connection._LOGGER), Keeping()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        assert isinstance(read(client), Value)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)

    logged = "".join(f"{each.getMessage()} {each.__dict__}" for each in records)
    assert "AccessSecretVersion" in logged
    assert CANARY not in logged
    assert b64encode(CANARY.encode()).decode() not in logged


def test_nothing_of_google_s_library_is_imported_before_a_client_is_made() -> None:
    done = run(
        "import sys, infra_secrets.clouds.gcp.values\n"
        "print([each for each in sys.modules if each.split('.')[0] in ('google', 'grpc')])\n",
        {},
    )

    assert done.strip() == "[]"


def run(program: str, environment: Mapping[str, str | None]) -> str:
    """Run a program in a process of its own; return all that it says."""
    merged = {**os.environ, **environment}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={name: said for name, said in merged.items() if said is not None},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("login", ["account", "nobody"])
def test_google_s_library_adds_no_warning_of_its_own(server: CloudServer, login: str) -> None:
    server.make(REFERENCE)
    changed = server.nobody() if login == "nobody" else {}

    done = run(
        "from infra_secrets.clouds.gcp import values\n"
        "from infra_secrets.rules.naming import SecretName\n"
        f"name = SecretName.from_reference({REFERENCE!r})\n"
        f"client = values.connect({{'project': {PROJECT!r}}})\n"
        "print(type(client.read([name])[name]).__name__)\n"
        "client.close()\n",
        {**server.environment(), "GOOGLE_CLOUD_PROJECT": None, **changed},
    )

    assert done.split() == ["NotLoggedInError" if login == "nobody" else "NeverSetError"]


def test_a_client_of_the_seam_is_this_one_and_closes_its_channel(server: CloudServer) -> None:
    del server
    client = clouds.connect(clouds.load("gcp"), {})
    assert isinstance(client, values.SecretManager)
    service = client._connection.service()
    client.close()
    client.close()
    with pytest.raises(ValueError, match="closed channel"):
        service.get_secret(name="projects/p/secrets/s")


def test_at_once_means_in_the_time_of_one_call(
    client: values.SecretManager, server: CloudServer
) -> None:
    """Each answer waits until all have been asked."""
    names = [SecretName.from_reference(f"api/production/key-{number}") for number in range(20)]
    for name in names:
        server.make(name.reference)
        server.put(name.reference, b"made-up")
    all_asked = threading.Barrier(len(names), timeout=30)
    server.waiting = all_asked.wait

    assert all(isinstance(each, Value) for each in client.read(names).values())


def test_who_is_described_long_ago_is_described_again_only_where_it_is_not_complete(
    client: values.SecretManager, server: CloudServer
) -> None:
    server.make(REFERENCE)
    described: Described = client.describe(NAME)
    server.calls.clear()

    assert client.complete(described) is described
    assert server.calls == []
    assert described.created is not None
    assert abs(described.created - datetime.now(UTC)) < timedelta(minutes=5)
