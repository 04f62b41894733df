"""Key Vault's values, where they are particular to it; what every cloud promises is in `test_every_cloud.py`."""

import importlib
import logging
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra_secrets import clouds
from infra_secrets.clouds.azure import UNSET, connection, failures, values
from infra_secrets.clouds.azure.values import KeyVault as Client
from infra_secrets.clouds.values import Described, Value, Written
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
from tests import certificates, servers
from tests.servers.azure import GAPS, RULES, TENANT, CloudServer, KeyVault

REFERENCE = "api/production/stripe-api-key"
NAME = SecretName.from_reference(REFERENCE)
SPELLED = "api--production--stripe-api-key"
CANARY = "made-up-canary-7f3a"


@pytest.fixture(scope="module")
def running() -> Iterator[CloudServer]:
    with servers.serving("azure") as server:
        assert isinstance(server, CloudServer)
        yield server


@pytest.fixture
def server(running: CloudServer, monkeypatch: pytest.MonkeyPatch) -> CloudServer:
    running.reset()
    servers.entered(monkeypatch, running.environment())
    return running


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudServer]:
    """A vault that this process has never asked: the library remembers the challenge of each for good."""
    with servers.serving("azure") as server:
        assert isinstance(server, CloudServer)
        servers.entered(monkeypatch, server.environment())
        yield server


@pytest.fixture
def vault(server: CloudServer) -> KeyVault:
    return server.vault


@pytest.fixture
def client(server: CloudServer) -> Iterator[Client]:
    client = values.connect(server.place)
    yield client
    client.close()


def text(data: str) -> Value:
    return Value(data=data.encode())


def read(client: Client, name: SecretName = NAME) -> Value | AccessError:
    return client.read([name])[name]


def refusal(client: Client, described: Described, data: str = CANARY) -> AccessError:
    """What writing is refused with."""
    with pytest.raises(AccessError) as raised:
        client.write(described, text(data))
    assert CANARY not in str(raised.value)
    return raised.value


def until_refused(items: Iterator[Described]) -> tuple[list[Described], AccessError]:
    """What is listed before it fails, and with what it fails."""
    found: list[Described] = []
    try:
        found.extend(items)
    except AccessError as failed:
        return found, failed
    raise AssertionError("it did not fail")


# Never set, or disabled


def test_one_listing_tells_a_marked_placeholder_from_a_disabled_value_without_a_further_call(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED)
    vault.container("api--production--other")
    vault.put("api--production--other", CANARY)
    vault.change("api--production--other", enabled=False)

    found = {each.spelled: each.state for each in client.listing(deleted=False)}

    assert found == {SPELLED: "unset", "api--production--other": None}
    assert vault.calls == ["list"]


@pytest.mark.parametrize("marked", [True, False])
def test_a_placeholder_is_unset_whether_it_is_marked_or_of_an_older_package(
    client: Client, vault: KeyVault, marked: bool
) -> None:
    vault.container(SPELLED, marked=marked)

    [listed] = client.listing()
    completed = client.complete(listed)

    assert (completed.state, client.describe(NAME).state) == ("unset", "unset")
    assert completed.changed is None
    assert type(read(client)) is NeverSetError


def test_a_disabled_value_with_more_versions_than_a_page_is_completed_by_one_call(
    client: Client, vault: KeyVault
) -> None:
    for number in range(40):
        vault.put(SPELLED, f"made-up-{number}")
    vault.change(SPELLED, enabled=False)
    [listed] = client.listing(deleted=False)
    vault.calls.clear()

    completed = client.complete(listed)

    assert vault.calls == ["versions"]
    assert completed.state == "disabled"
    assert completed.changed == client.describe(NAME).changed


def test_a_value_that_somebody_disabled_is_disabled_and_the_error_enables_it(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED, marked=False)
    version = vault.put(SPELLED, CANARY)
    vault.change(SPELLED, enabled=False)

    [listed] = client.listing()
    described = client.describe(NAME)
    failure = read(client)

    assert client.complete(listed).state == described.state == "disabled"
    assert described.version == version
    assert type(failure) is DisabledError
    assert (
        f"az keyvault secret set-attributes --id {vault.address}/secrets/{SPELLED} --enabled true"
        in failure.way_out
    )


def test_a_placeholder_on_top_of_a_value_is_unset_and_a_new_value_can_be_set(
    client: Client, vault: KeyVault
) -> None:
    """As after a creation that recovered a deleted secret (pulumi-azure-native#4759)."""
    vault.put(SPELLED, "made-up-old")
    vault.container(SPELLED)

    assert client.describe(NAME).state == "unset"
    client.write(client.describe(NAME), text("made-up-new"))
    assert client.describe(NAME).state == "set"


def test_where_metadata_are_denied_a_disabled_value_is_disabled_and_says_both_reasons(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED)
    vault.deny("versions")

    failure = read(client)

    assert type(failure) is DisabledError
    assert "never set, or somebody disabled it" in failure.found


# Soft delete


def test_a_deleted_container_is_scheduled_and_says_until_when_and_how_to_have_it_back(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED)
    vault.put(SPELLED, CANARY)
    described = client.describe(NAME)
    vault.delete(SPELLED)

    [listed] = client.listing()
    looked = client.describe(NAME)

    assert [*client.listing(deleted=False)] == []
    assert listed.state == looked.state == "scheduled"
    assert listed.deleted == looked.deleted
    assert listed.deleted is not None
    assert (listed.deleted - datetime.now(UTC)).days in {89, 90}
    for failure in (read(client), refusal(client, described)):
        assert type(failure) is ScheduledError
        recover = f"az keyvault secret recover --id {vault.address}/deletedsecrets/{SPELLED}"
        assert recover in failure.way_out


def test_a_container_that_is_deleted_while_its_value_is_set_is_scheduled(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED)
    vault.hooks["set"] = lambda: vault.delete(SPELLED)

    assert type(refusal(client, client.describe(NAME))) is ScheduledError


@pytest.mark.parametrize("answer", ["404", "empty"])
def test_a_missing_container_is_not_found_whatever_the_vault_answers_for_its_versions(
    client: Client, vault: KeyVault, answer: str
) -> None:
    vault.versions_of_missing = answer
    vault.container(SPELLED)
    described = client.describe(NAME)
    vault.secrets.clear()

    with pytest.raises(NotFoundError, match="Containers are made by code"):
        client.describe(NAME)
    assert type(refusal(client, described)) is NotFoundError


def test_where_deleted_ones_may_not_be_seen_a_missing_one_is_still_not_found(
    client: Client, vault: KeyVault
) -> None:
    vault.deny("get deleted", "list deleted")
    vault.container(SPELLED)

    found, failure = until_refused(client.listing())

    assert type(failure) is DeniedError
    assert "its deleted containers" in failure.found
    assert [each.spelled for each in found] == [SPELLED], "what could be seen was seen"
    with pytest.raises(NotFoundError):
        client.describe(SecretName.from_reference("api/production/other"))


# Tags and content type belong to a version


def test_tags_and_content_type_are_carried_over_and_the_placeholder_s_mark_is_not(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED, {"owner": "payments@example.com", "stack": "acme/shop/production"})
    vault.present(SPELLED).tags["cost-center"] = "4711"

    client.write(client.describe(NAME), text("made-up-1"))
    first = vault.present(SPELLED)
    vault.put(SPELLED, "made-up-2", tags=first.tags, content_type="application/json")
    client.write(client.describe(NAME), text("made-up-3"))

    assert first.content_type is None
    assert (first.enabled, vault.present(SPELLED).content_type) == (True, "application/json")
    assert first.tags == vault.present(SPELLED).tags
    assert first.tags == {
        "infra-secrets.owner": "payments@example.com",
        "infra-secrets.stack": "acme/shop/production",
        "cost-center": "4711",
    }


def test_facts_that_another_tool_lost_are_found_in_an_older_version_and_come_back_with_the_next(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED, {"owner": "payments@example.com", "max_age_days": "90"})
    vault.put(SPELLED, "made-up-by-the-portal", tags={"color": "blue"})

    described = client.describe(NAME)
    client.write(described, text("made-up"))

    assert described.facts == {"owner": "payments@example.com", "max-age-days": "90"}
    assert vault.present(SPELLED).tags == {
        "color": "blue",
        "infra-secrets.owner": "payments@example.com",
        "infra-secrets.max-age-days": "90",
    }


def test_of_several_older_versions_the_newest_says_the_facts(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED, {"owner": "first@example.com"})
    vault.put(SPELLED, "made-up", tags={"infra-secrets.owner": "second@example.com"})
    vault.put(SPELLED, "made-up-by-the-portal")

    assert client.describe(NAME).facts == {"owner": "second@example.com"}


def test_no_more_tags_come_back_than_key_vault_takes(client: Client, vault: KeyVault) -> None:
    vault.container(SPELLED, {"owner": "payments@example.com"})
    vault.put(SPELLED, "made-up-by-the-portal", tags={f"tag-{n}": "x" for n in range(15)})

    client.write(client.describe(NAME), text("made-up"))

    assert len(vault.present(SPELLED).tags) == 15


def test_how_az_encoded_the_old_value_is_not_said_of_the_new_one(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED)
    vault.put(SPELLED, "bWFkZS11cA==", tags={"file-encoding": "base64", "color": "blue"})

    client.write(client.describe(NAME), text("made-up"))

    assert vault.present(SPELLED).tags == {"color": "blue"}


def test_an_expiry_date_belongs_to_the_old_value_and_its_end_is_said(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED)
    vault.put(SPELLED, "made-up", expires=1_893_456_000)

    written = client.write(client.describe(NAME), text("made-up-2"))

    assert vault.present(SPELLED).expires is None
    assert written.note == (
        "The version before had an expiry date (2030-01-01); the new one has none."
    )


def test_fields_are_read_from_as_many_tags_as_they_need_in_order(
    client: Client, vault: KeyVault
) -> None:
    lines = {"fields": "A B", "fields-2": "C", "fields-10": "E", "fields-9": "D"}
    vault.container(SPELLED, lines)

    [listed] = client.listing()

    assert listed.fields == client.describe(NAME).fields == ("A", "B", "C", "D", "E")
    assert listed.facts == {}


def test_the_date_of_a_value_does_not_move_with_its_attributes(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED, at=1_700_000_000)
    vault.put(SPELLED, "made-up", at=1_750_000_000)
    vault.change(SPELLED, enabled=True)

    [listed] = client.listing()
    looked = client.describe(NAME)

    assert vault.present(SPELLED).updated > 1_750_000_000
    assert listed.changed == looked.changed == datetime.fromtimestamp(1_750_000_000, UTC)
    assert looked.created == datetime.fromtimestamp(1_700_000_000, UTC)


def test_a_late_change_of_an_old_version_does_not_make_it_the_present_one(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED)
    vault.secrets[SPELLED].versions[0].updated += 3600
    present = vault.put(SPELLED, "made-up")

    assert (client.describe(NAME).state, client.describe(NAME).version) == ("set", present)


# Two writers


def overtaken_by(vault: KeyVault, *, apart: int) -> str:
    """Let somebody else's value come right before or after the next one that is set."""
    vault.apart = apart
    return vault.put(SPELLED, "made-up-theirs")


def test_who_is_overtaken_between_look_and_write_is_told_and_theirs_is_kept(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED)
    theirs: list[str] = []
    vault.hooks["set"] = lambda: theirs.append(overtaken_by(vault, apart=1))

    told = refusal(client, client.describe(NAME))

    assert isinstance(told, ChangedMeanwhileError)
    assert told.overtaken == tuple(theirs)
    assert told.present == vault.present(SPELLED).id
    assert theirs[0] in told.found
    assert "yours is the present one, without their change" in told.found
    assert client.read_version(NAME, theirs[0]).data == b"made-up-theirs"


def test_of_two_values_of_one_second_no_one_claims_to_know_which_is_present(
    client: Client, vault: KeyVault
) -> None:
    vault.clock = lambda: 1_800_000_000.0
    vault.container(SPELLED, at=1_700_000_000)
    vault.apart = 0
    theirs: list[str] = []
    vault.hooks["set"] = lambda: theirs.append(overtaken_by(vault, apart=0))

    told = refusal(client, client.describe(NAME))

    assert isinstance(told, ChangedMeanwhileError)
    assert (told.present, told.overtaken) == (None, tuple(theirs))
    assert "of one second" in told.found


def test_who_is_followed_by_somebody_else_has_written_and_reads_that_it_is_not_present(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED)
    theirs: list[str] = []
    vault.after["set"] = lambda: theirs.append(overtaken_by(vault, apart=1))

    written = client.write(client.describe(NAME), text("made-up"))

    assert written.note is not None
    assert f"version {theirs[0]} is the present one now" in written.note


def test_a_value_before_and_one_after_are_both_told(client: Client, vault: KeyVault) -> None:
    vault.container(SPELLED)
    theirs: list[str] = []
    for hooks in (vault.hooks, vault.after):
        hooks["set"] = lambda: theirs.append(overtaken_by(vault, apart=1))

    told = refusal(client, client.describe(NAME))

    assert isinstance(told, ChangedMeanwhileError)
    assert (told.present, told.overtaken) == (theirs[1], (theirs[0],))
    assert all(each in told.found for each in theirs)


def test_a_container_from_a_listing_is_written_if_nobody_set_it_since(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED)
    vault.put(SPELLED, "made-up")
    [listed] = client.listing()
    assert listed.version is None

    client.write(listed, text("made-up-2"))
    told = refusal(client, listed)

    assert isinstance(told, ChangedMeanwhileError)
    assert vault.present(SPELLED).value == "made-up-2"


def test_what_was_unset_when_looked_at_and_is_set_or_disabled_now_is_not_overwritten(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED)
    unset = client.describe(NAME)
    vault.put(SPELLED, "made-up")

    assert type(refusal(client, unset)) is ChangedMeanwhileError
    vault.change(SPELLED, enabled=False)
    assert type(refusal(client, unset)) is ChangedMeanwhileError
    assert vault.present(SPELLED).value == "made-up"


def test_of_versions_of_one_second_each_may_be_the_one_that_was_seen(
    client: Client, vault: KeyVault
) -> None:
    ids = [vault.put(SPELLED, f"made-up-{n}", at=1_700_000_000) for n in range(3)]

    for id_ in ids:
        described = replace(client.describe(NAME), version=id_)
        if isinstance(described.version, str):
            values._compare(  # the rule alone: a write would end the tie
                described,
                client._versions(client._asked("look at", NAME), NAME),
                client._asked("set", NAME),
            )


def test_a_value_that_may_have_arrived_is_not_sent_again_and_the_doubt_is_said(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED)
    vault.fail("set", status=0)  # the connection breaks

    failure = refusal(client, client.describe(NAME))

    assert type(failure) is UnreachableError
    assert "arrived is not known" in failure.found
    assert failure.in_doubt
    assert vault.calls.count("set") == 1


@pytest.mark.parametrize("status", [500, 503])
def test_an_error_of_the_vault_on_a_write_is_not_tried_again_either(
    client: Client, vault: KeyVault, status: int
) -> None:
    vault.container(SPELLED)
    vault.fail("set", status=status)

    failure = refusal(client, client.describe(NAME))

    assert "arrived is not known" in failure.found
    assert failure.in_doubt
    assert vault.calls.count("set") == 1


@pytest.mark.parametrize("why", ["ForbiddenByFirewall", "ForbiddenByRbac"])
def test_what_surely_did_not_arrive_is_not_said_to_be_in_doubt(
    client: Client, vault: KeyVault, why: str
) -> None:
    vault.container(SPELLED)
    vault.deny("set", why=why)

    failure = refusal(client, client.describe(NAME))

    assert "not known" not in str(failure)
    assert not failure.in_doubt


def test_a_write_that_the_vault_put_off_is_sent_again(client: Client, vault: KeyVault) -> None:
    vault.container(SPELLED)
    vault.fail("set", status=429, code="Throttled", headers={"Retry-After": "0.01"}, times=1)

    client.write(client.describe(NAME), text("made-up"))

    assert vault.calls.count("set") == 2
    assert len(vault.secrets[SPELLED].versions) == 2


def test_where_the_look_after_a_write_fails_the_write_is_told_with_a_note(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED)
    described = client.describe(NAME)
    vault.after["set"] = lambda: vault.deny("versions")

    written = client.write(described, text("made-up"))

    assert isinstance(written, Written)
    assert vault.present(SPELLED).value == "made-up"
    assert written.note is not None
    assert "could not be looked at" in written.note


# Names and pages


def test_names_are_without_case(client: Client, vault: KeyVault) -> None:
    vault.container("API--Production--Stripe-Api-Key", {"owner": "somebody"})
    vault.put("API--Production--Stripe-Api-Key", "made-up")

    [listed] = client.listing("api", "production")

    assert (listed.name, listed.spelled) == (NAME, "API--Production--Stripe-Api-Key")
    assert client.describe(NAME).id == listed.id
    answer = read(client)
    assert isinstance(answer, Value)
    assert answer.data == b"made-up"


def test_what_has_no_canonical_name_or_belongs_to_a_certificate_is_no_container(
    client: Client, vault: KeyVault
) -> None:
    for name in ("plain", "api--production--a--b", "api---x--y", SPELLED, "api--production--tls"):
        vault.put(name, "made-up")
    vault.secrets["api--production--tls"].managed = True

    assert [each.spelled for each in client.listing()] == [SPELLED]


@pytest.mark.parametrize(("count", "calls"), [(0, 1), (25, 1), (26, 2), (1000, 40)])
def test_a_listing_takes_a_call_for_each_25_and_one_challenge(
    client: Client, vault: KeyVault, count: int, calls: int
) -> None:
    for number in range(count):
        vault.container(f"api--production--key-{number}")

    found = [*client.listing(deleted=False)]

    assert len(found) == count
    assert vault.calls == ["list"] * calls
    assert vault.challenges <= 1
    assert vault.token_requests == 1


def test_deleted_ones_are_listed_by_pages_too(client: Client, vault: KeyVault) -> None:
    for number in range(30):
        vault.container(f"api--production--key-{number}")
        vault.delete(f"api--production--key-{number}")

    assert len([*client.listing()]) == 30
    assert vault.calls == ["list", "list deleted", "list deleted"]


def test_of_more_versions_than_a_page_holds_the_newest_is_the_present_one(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED)
    ids = [vault.put(SPELLED, f"made-up-{number}") for number in range(60)]

    assert client.describe(NAME).version == ids[-1]
    assert vault.calls == ["versions"] * 3


# Reading many


def test_twenty_values_are_read_at_the_same_time_with_one_login(
    client: Client, vault: KeyVault
) -> None:
    names = [SecretName.from_reference(f"api/production/key-{n}") for n in range(20)]
    for name in names:
        vault.put(name.reference.replace("/", "--"), name.reference)
    vault.meeting = threading.Barrier(20)

    found = client.read(names)

    assert {type(each) for each in found.values()} == {Value}
    assert vault.calls == ["get"] * 20
    assert vault.token_requests == 1


def test_the_connections_of_one_read_serve_the_next(client: Client, server: CloudServer) -> None:
    names = [SecretName.from_reference(f"api/production/key-{n}") for n in range(20)]
    for name in names:
        server.make(name.reference)
        server.put(name.reference, b"made-up")
    server.vault.meeting = threading.Barrier(20)
    client.read(names)
    opened = server.connections

    client.read(names)

    assert server.connections == opened


def test_the_certificates_to_trust_are_read_once_for_all_connections(
    client: Client, vault: KeyVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[object] = []
    load = ssl.SSLContext.load_verify_locations

    def counted(context: ssl.SSLContext, *args: object, **kwargs: object) -> None:
        loaded.append(kwargs)
        load(context, *args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    names = [SecretName.from_reference(f"api/production/key-{n}") for n in range(12)]
    for name in names:
        vault.put(name.reference.replace("/", "--"), "made-up")
    vault.meeting = threading.Barrier(12)

    client.read(names)

    assert vault.calls == ["get"] * 12
    assert len(loaded) == 2  # the vault's and the login's


def test_a_value_with_half_a_character_is_refused_and_not_shown(
    client: Client, vault: KeyVault
) -> None:
    vault.put(SPELLED, f"{CANARY}\ud800")

    failure = read(client)

    assert type(failure) is ValueRefusedError
    assert failure.__context__ is None
    assert CANARY not in str(failure)


# What is refused before anything is sent


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (Value(data=b"x", binary=True), "is binary"),
        (Value(data=b""), "is empty"),
        (Value(data=b"a\0b"), "NUL"),
        (Value(data=b"\xff"), "not UTF-8"),
        (Value(data=b"\xed\xa0\x80"), "not UTF-8"),
        (Value(data=b"x" * 25_601), "25,601 bytes"),
        (Value(data="é".encode() * 12_801), "25,602 bytes"),
    ],
)
def test_what_key_vault_cannot_keep_unchanged_is_refused_with_the_reason(
    value: Value, why: str
) -> None:
    assert why in (values.refused(value) or "")


@pytest.mark.parametrize("data", [b"x", b"x" * 25_600, "é".encode() * 12_800, b"\xef\xbb\xbfx"])
def test_the_rest_is_taken(data: bytes) -> None:
    assert values.refused(Value(data=data)) is None


def test_what_the_vault_finds_wrong_with_a_value_is_said_without_it(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED)
    vault.fail("set", status=400, code="BadParameter")

    failure = refusal(client, client.describe(NAME))

    assert type(failure) is ValueRefusedError
    assert "BadParameter" in failure.found


# Where the vault is


@pytest.mark.parametrize(
    ("given", "authority", "address", "place"),
    [
        ("shop-production", None, "https://shop-production.vault.azure.net", "shop-production"),
        ("Shop-Production", None, "https://shop-production.vault.azure.net", "shop-production"),
        ("shop", "login.chinacloudapi.cn", "https://shop.vault.azure.cn", "shop"),
        (
            "shop",
            "https://login.microsoftonline.us/",
            "https://shop.vault.usgovcloudapi.net",
            "shop",
        ),
        ("shop", "https://login.example/", "https://shop.vault.azure.net", "shop"),
        ("https://shop.vault.azure.net/", None, "https://shop.vault.azure.net", "shop"),
        ("HTTPS://Shop.vault.azure.cn", None, "https://shop.vault.azure.cn", "shop"),
        (
            "https://vault.example:8443",
            None,
            "https://vault.example:8443",
            "https://vault.example:8443",
        ),
        (
            (
                "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/shared/providers/Microsoft.KeyVault/"
                "vaults/shop"
            ),
            None,
            "https://shop.vault.azure.net",
            "shop",
        ),
    ],
)
def test_a_vault_is_named_or_addressed_and_is_in_the_cloud_of_the_login(
    given: str,
    authority: str | None,
    address: str,
    place: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    servers.entered(
        monkeypatch, {"AZURE_AUTHORITY_HOST": authority, "INFRA_SECRETS_AZURE_VAULT": given}
    )

    assert connection.vault({})[0] == connection.vault({"vault": given})[0] == address
    assert (connection.vault({})[1] or address) == place


@pytest.mark.parametrize(
    "given",
    [
        "http://shop.vault.azure.net",
        "ftp://shop.vault.azure.net",
        "https://",
        "https://user:made-up-canary-7f3a@shop.vault.azure.net",
        "https://shop.vault.azure.net/secrets/x",
        "https://shop.vault.azure.net?x=1",
        "two words",
        "a",
        "a--b",
        "-shop",
        "shop.vault.azure.net",
        "x" * 25,
        "shöp",
    ],
)
def test_what_is_no_vault_is_refused_before_anything_is_sent(given: str) -> None:
    with pytest.raises(WrongPlaceError) as raised:
        values.connect({"vault": given})

    assert CANARY not in str(raised.value)


def test_an_http_address_is_refused_with_the_https_one() -> None:
    with pytest.raises(WrongPlaceError, match=r"Give it as https://shop\.vault\.azure\.net$"):
        values.connect({"vault": "http://shop.vault.azure.net"})


@pytest.mark.usefixtures("server")
def test_a_vault_without_an_address_is_the_wrong_place_and_both_reasons_are_said() -> None:
    client = values.connect({"vault": "https://no-such-vault.invalid"})

    with pytest.raises(WrongPlaceError) as raised:
        client.describe(NAME)
    client.close()

    assert "there is no Key Vault" in raised.value.found
    assert "no network" in raised.value.found
    assert "az keyvault list" in raised.value.way_out


def test_a_server_that_asks_for_a_login_to_something_else_is_no_key_vault(
    untouched: CloudServer,
) -> None:
    """The client verifies the challenge's resource, so that a token never goes to another address."""
    vault = untouched.vault
    vault.resource = "https://vault.azure.net"
    client = values.connect(untouched.place)

    with pytest.raises(WrongPlaceError, match="is not a Key Vault"):
        client.describe(NAME)

    assert vault.token_requests == 0
    assert vault.calls == []


def test_a_certificate_that_is_not_trusted_is_not_talked_to(
    untouched: CloudServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, _ = certificates.make(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    client = values.connect(untouched.place)

    with pytest.raises(UnreachableError, match="certificate that is not trusted") as raised:
        client.describe(NAME)
    every = client._client().list_properties_of_secrets
    with pytest.raises(UnreachableError, match="certificate that is not trusted") as sent:
        client._ask(client._asked("set", NAME), lambda: [*every()])
    assert not sent.value.in_doubt
    client.close()

    assert "REQUESTS_CA_BUNDLE" in raised.value.way_out
    assert untouched.vault.challenges == 0


def test_certificates_that_are_not_there_are_said_to_be_missing(
    untouched: CloudServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    client = values.connect(untouched.place)

    with pytest.raises(UnreachableError, match="certificates to trust could not be read"):
        client.describe(NAME)
    client.close()


# Denied, firewall, login


@pytest.mark.parametrize(
    ("operation", "role"),
    [("get", "Key Vault Secrets User"), ("versions", "Key Vault Reader"), ("set", "writers")],
)
def test_a_denial_names_the_secret_the_vault_and_the_role_that_is_missing(
    client: Client, vault: KeyVault, operation: str, role: str
) -> None:
    vault.container(SPELLED)
    vault.put(SPELLED, CANARY)
    described = client.describe(NAME)
    vault.deny(operation)

    failure = read(client) if operation == "get" else refusal(client, described)

    assert type(failure) is DeniedError
    assert REFERENCE in failure.found
    assert vault.address in failure.found
    assert "ForbiddenByRbac" in failure.found
    assert role in failure.way_out


def test_a_policy_that_forbids_is_a_denial_that_no_role_mends(
    client: Client, vault: KeyVault
) -> None:
    vault.container(SPELLED)
    vault.deny("set", why="ForbiddenByPolicy")

    failure = refusal(client, client.describe(NAME))

    assert type(failure) is DeniedError
    assert "Azure Policy" in failure.way_out


@pytest.mark.parametrize("why", ["ForbiddenByFirewall", "ForbiddenByConnection"])
def test_a_firewall_is_no_denial(client: Client, vault: KeyVault, why: str) -> None:
    vault.put(SPELLED, CANARY)
    vault.deny("get", "versions", "list", why=why)

    for failure in (read(client), until_refused(client.listing())[1]):
        assert type(failure) is UnreachableError
        assert why in failure.found
        assert "network that its firewall allows" in failure.way_out


@pytest.mark.parametrize(
    ("status", "codes", "kind"),
    [
        (409, ["Conflict", "ObjectIsBeingRecovered"], UnreachableError),
        (409, ["Conflict", "ObjectIsBeingDeleted"], ScheduledError),
        (409, ["Conflict"], AccessError),
        (408, ["Timeout"], UnreachableError),
        (502, ["BadGateway"], UnreachableError),
        (418, ["Teapot"], AccessError),
        (418, [CANARY + "!"], AccessError),
    ],
)
def test_other_answers_are_told_by_their_codes(
    client: Client, vault: KeyVault, status: int, codes: list[str], kind: type
) -> None:
    vault.fail("get", status=status, code=codes[0], inner=codes[-1])

    failure = read(client)

    assert type(failure) is kind
    assert CANARY not in str(failure)


@pytest.mark.parametrize(
    "answer", ["<html>Sign in to the Wi-Fi</html>", '{"value": "made-up-canary', "[]"]
)
@pytest.mark.parametrize("status", [200, 403, 404, 500])
def test_an_answer_that_is_none_of_a_vault_is_an_error_of_ours_without_its_text(
    client: Client, vault: KeyVault, status: int, answer: str
) -> None:
    vault.fail("get", "versions", "get deleted", status=status, text=answer)

    failure = read(client)

    assert isinstance(failure, AccessError)
    assert "made-up-canary" not in str(failure)
    assert "Wi-Fi" not in str(failure)


def test_throttling_is_waited_out_a_little_and_then_told(client: Client, vault: KeyVault) -> None:
    vault.put(SPELLED, CANARY)
    vault.fail("get", status=429, code="Throttled", times=2)
    assert isinstance(read(client), Value)

    vault.fail("get", status=429, code="Throttled")
    assert type(read(client)) is ThrottledError
    assert vault.calls.count("get") == 3 + 1 + connection.TRIES


def test_a_server_cannot_make_the_client_wait_for_long(
    client: Client, vault: KeyVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    vault.fail("get", status=429, code="Throttled", headers={"Retry-After": "86400"})

    assert type(read(client)) is ThrottledError
    assert waited == [connection.LONGEST_RETRY_AFTER] * connection.TRIES


def test_waits_between_tries_differ_and_have_an_end(
    client: Client, vault: KeyVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LONGEST_BACKOFF", 5.0)
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    vault.fail("get", status=503)

    for _ in range(5):
        read(client)

    assert len({*waited}) == len(waited) == 5 * connection.TRIES
    assert max(waited) <= 5.0


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ("shop", "--vault-name shop --name its-name"),
        ("https://shop.vault.azure.net/", "--vault-name shop --name its-name"),
        (
            "https://shop.private.example:8443",
            "--id https://shop.private.example:8443/deletedsecrets/its-name",
        ),
    ],
)
def test_the_command_that_recovers_takes_a_vault_by_name_and_another_by_the_secret_s_address(
    given: str, where: str
) -> None:
    written = values.restoring("its-name", {"vault": given})

    assert written == f"az keyvault secret recover {where}"


@pytest.mark.parametrize(
    ("name", "command", "written"),
    [
        (NAME, "recover", f"recover --vault-name shop --name {SPELLED}"),
        (NAME, "set-attributes", f"set-attributes --vault-name shop --name {SPELLED}"),
        (None, "list-versions", "list --vault-name shop"),
    ],
)
def test_a_command_for_a_vault_under_azure_s_names_names_it(
    name: SecretName | None, command: str, written: str
) -> None:
    way = connection.Connection({"vault": "shop"})

    assert way.asked("look at", name).az(command) == f"az keyvault secret {written}"
    way.close()


# The login


class Az:
    """A made-up `az` on PATH, which alone can log in."""

    def __init__(self, folder: Path) -> None:
        self.script, self.log = folder / "az", folder / "runs"

    def does(self, command: str) -> None:
        """Say what it does, as shell."""
        self.script.write_text(f'#!/bin/sh\necho "$@" >> {self.log}\n{command}\n')
        self.script.chmod(0o700)

    def runs(self) -> list[str]:
        """The arguments of each run."""
        return self.log.read_text().splitlines()


@pytest.fixture
def az(server: CloudServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Az:
    servers.entered(monkeypatch, server.nobody())
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "dev")
    return Az(tmp_path)


def test_a_token_that_ends_is_renewed_without_a_word(client: Client, vault: KeyVault) -> None:
    vault.token_seconds = 60  # less than is left for a call: every call asks anew
    for number in range(60):
        vault.container(f"api--production--key-{number}")

    assert len([*client.listing(deleted=False)]) == 60
    assert vault.token_requests >= 2


def test_a_login_that_ends_half_way_is_told_and_what_was_listed_stays(
    client: Client, vault: KeyVault
) -> None:
    vault.token_seconds = 60
    for number in range(60):
        vault.container(f"api--production--key-{number}")

    def logged_out() -> None:
        vault.logged_in = False
        vault.revoke()

    vault.after["list"] = logged_out

    found, failure = until_refused(client.listing())

    assert len(found) == 25
    assert type(failure) is NotLoggedInError
    assert "az login" in failure.way_out


def test_a_login_that_failed_is_not_tried_by_every_thread(client: Client, vault: KeyVault) -> None:
    vault.logged_in = False
    names = [SecretName.from_reference(f"api/production/key-{n}") for n in range(20)]

    found = client.read(names)

    assert {type(each) for each in found.values()} == {NotLoggedInError}
    assert vault.token_requests <= 2  # one to see whether there is an identity, one for a token
    assert vault.calls == []


def test_a_login_service_that_does_not_answer_is_no_denial_and_is_asked_once(
    client: Client, vault: KeyVault
) -> None:
    vault.login_breaks = True

    failure = read(client)

    assert type(failure) is UnreachableError
    assert "Microsoft Entra" in failure.found
    assert vault.token_requests == 1


def test_a_person_s_login_is_that_of_az_which_is_run_once_for_many_reads(
    az: Az, client: Client, server: CloudServer
) -> None:
    az.does(f"echo '{token_of(server.vault)}'")
    names = [SecretName.from_reference(f"api/production/key-{n}") for n in range(20)]
    for name in names:
        server.make(name.reference)
        server.put(name.reference, b"made-up")

    found = client.read(names)

    assert {type(each) for each in found.values()} == {Value}
    assert len(az.runs()) == 1
    assert f"--tenant {TENANT}" in az.runs()[0]


@pytest.mark.parametrize(
    ("said", "kind", "way_out"),
    [
        ("ERROR: Please run 'az login' to setup account.", NotLoggedInError, "Run: az login."),
        ("ERROR: AADSTS70043: The refresh token has expired", NotLoggedInError, "Run: az login."),
        (
            "ERROR: AADSTS50020: User account does not exist in tenant",
            NotLoggedInError,
            "Run: az login --tenant",
        ),
        (
            "ERROR: HTTPSConnectionPool(host='login.microsoftonline.com', port=443): Max retries exceeded",
            UnreachableError,
            "Check the network",
        ),
    ],
)
def test_what_az_says_is_told_apart_and_not_repeated(
    az: Az, client: Client, said: str, kind: type[AccessError], way_out: str
) -> None:
    az.does(f'echo "{said} {CANARY}" >&2; exit 1')

    failure = read(client)

    assert type(failure) is kind
    assert way_out in failure.way_out
    assert CANARY not in str(failure)


def test_a_login_of_another_tenant_is_told_with_the_vault_s_own(
    client: Client, vault: KeyVault
) -> None:
    vault.fail(
        "get",
        status=401,
        text='{"error": {"code": "Unauthorized", "message": "AKV10032: Invalid issuer. Expected one of '
        f'https://sts.windows.net/{TENANT}/, found https://sts.windows.net/other/."}}}}',
        headers={"Content-Type": "application/json"},
    )

    failure = read(client)

    assert type(failure) is NotLoggedInError
    assert f"az login --tenant {TENANT}" in failure.way_out


def test_a_service_principal_of_another_tenant_is_told_before_anything_is_sent_to_it(
    server: CloudServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = TENANT.replace("1", "9")
    servers.entered(
        monkeypatch,
        {
            **server.nobody(),
            "AZURE_CLIENT_ID": "made-up",
            "AZURE_TENANT_ID": other,
            "AZURE_CLIENT_SECRET": CANARY,
        },
    )
    client = values.connect(server.place)

    failure = read(client)
    client.close()

    assert type(failure) is NotLoggedInError
    assert f"az login --tenant {TENANT}" in failure.way_out
    assert CANARY not in str(failure)


def test_nobody_at_all_is_told_in_bounded_time(
    server: CloudServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bounds, not the time: a machine without a login asks IMDS for a second and each tool at most AZ seconds."""
    servers.entered(monkeypatch, server.nobody())
    monkeypatch.setenv("PATH", str(tmp_path))
    client = values.connect(server.place)

    failure = read(client)

    login = client._connection._login._credential
    assert type(failure) is NotLoggedInError
    assert [
        each._process_timeout for each in login.credentials if hasattr(each, "_process_timeout")
    ] == [connection.AZ] * 3
    client.close()


def token_of(vault: KeyVault) -> str:
    """What `az account get-access-token` prints."""
    vault.valid.add("made-up-token-of-az")
    return (
        '{"accessToken": "made-up-token-of-az", "expiresOn": "2099-01-01 00:00:00.000000", '
        '"expires_on": 4070908800, "tokenType": "Bearer"}'
    )


# Nothing of a value gets out


def test_the_library_s_log_at_its_loudest_has_no_value_and_no_token(
    client: Client, vault: KeyVault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    vault.container(SPELLED)

    client.write(client.describe(NAME), text(CANARY))
    assert isinstance(read(client), Value)

    logged = "".join(f"{each.getMessage()} {each.__dict__}" for each in caplog.records)
    assert "/secrets/" in logged, "the log is on"
    assert CANARY not in logged
    assert "made-up-token" not in logged


def test_a_login_that_fails_prints_nothing_by_itself(server: CloudServer) -> None:
    """The library warns, and without any logging set up Python prints warnings."""
    environment: Mapping[str, str | None] = {**server.environment(), **server.nobody()}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            (
                "from infra_secrets.clouds.azure import values; from infra_secrets.rules.naming import SecretName\n"
                "name = SecretName.from_reference('api/production/x')\n"
                "print(type(values.connect({}).read([name])[name]).__name__)"
            ),
        ],
        env={
            **{key: each for key, each in environment.items() if each is not None},
            "PYTHONPATH": ":".join(sys.path),
            "PATH": "/nonexistent",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    assert (done.stdout, done.stderr) == ("NotLoggedInError\n", "")


def test_nothing_of_azure_is_imported_before_a_client_is_made() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            (
                "import sys, infra_secrets.clouds.azure.values\n"
                "print([m for m in sys.modules if m.split('.')[0] in ('azure', 'msal', 'requests', 'pulumi')])"
            ),
        ],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    assert done.stdout == "[]\n"


def test_the_facet_says_what_every_facet_says() -> None:
    facet = clouds.values_of(clouds.load("azure"))

    assert facet.LOGIN == failures.LOGIN == "az login"
    assert facet.CLIENT_EXTRA == "runtime-azure"
    assert facet.STATUS_PERMISSIONS == ("Microsoft.KeyVault/vaults/secrets/readMetadata/action",)
    assert [str(each) for each in facet.PLACE["vault"]] == ["INFRA_SECRETS_AZURE_VAULT"]
    assert UNSET == "infra-secrets: unset"


def test_the_server_says_its_rules_with_sources_and_its_gaps() -> None:
    assert all("(" in source or "page" in source for source in RULES.values())
    assert len(GAPS) > 5


def test_a_clock_that_is_off_is_told_from_a_missing_login(untouched: CloudServer) -> None:
    core: Any = importlib.import_module("azure.core.exceptions")
    client = values.connect(untouched.place)
    refused = core.ClientAuthenticationError(
        message="AADSTS700024: Client assertion is not within its valid time range."
    )

    failure = failures.meaning(refused, client._asked("set", NAME))
    client.close()

    assert type(failure) is NotLoggedInError
    assert "clock is off" in failure.found
    assert "az login" not in failure.way_out
    assert not failure.in_doubt
