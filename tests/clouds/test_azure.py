"""What is particular to Azure Key Vault."""

import io
from collections.abc import Callable
from email.message import Message
from typing import Any
from urllib.error import HTTPError

import pulumi
import pytest

from infra_secrets import Secret
from infra_secrets.clouds.azure import container as azure
from infra_secrets.errors import InfraSecretsError
from infra_secrets.testing import Rehearsal
from tests.clouds.containers import container
from tests.conftest import VAULT, config_for, recording_on

READERS = [
    "ServicePrincipal:11111111-2222-3333-4444-555555555555",
    "22222222-2222-3333-4444-555555555555",
]


def test_azure_starts_disabled_and_is_never_updated_again() -> None:
    recording = recording_on("azure")
    recording.run(lambda: Secret("x"))

    found = container(recording, "azure")
    assert found.inputs["properties"] == {
        "value": "UNSET",
        "contentType": "infra-secrets: unset",
        "attributes": {"enabled": False},
    }
    assert found.ignore_changes[:2] == ("properties", "tags")


NAME = "shop--production--x"


def rehearsal_of(program: Callable[[], object]) -> Rehearsal:
    return Rehearsal(program, config=config_for("azure"), project="shop", stack="production")


def content_types(rehearsal: Rehearsal) -> list[str | None]:
    [secret] = rehearsal.azure.service.secrets.values()
    return [each.content_type for each in secret.versions]


@pytest.mark.engine
def test_a_value_that_is_set_is_a_version_without_the_mark_of_the_placeholder() -> None:
    with rehearsal_of(lambda: Secret("x")) as rehearsal:
        rehearsal.up()
        assert content_types(rehearsal) == ["infra-secrets: unset"]
        rehearsal.azure.set_value(NAME, "made up")
        again = [rehearsal.up(), rehearsal.refresh(), rehearsal.up()]

        assert content_types(rehearsal) == ["infra-secrets: unset", None]
        assert [step.op for run in (again[0], again[2]) for step in run.changes] == []
        assert rehearsal.azure.value(NAME) == "made up"


@pytest.mark.engine
@pytest.mark.parametrize("is_set", [False, True])
def test_a_placeholder_made_before_there_was_a_mark_is_left_as_it_is(is_set: bool) -> None:
    def as_it_was(deployment: dict[str, Any]) -> None:
        for each in deployment["resources"]:
            for properties in (each.get("inputs", {}), each.get("outputs", {})):
                if "contentType" in properties.get("properties", {}):
                    del properties["properties"]["contentType"]

    with rehearsal_of(lambda: Secret("x")) as rehearsal:
        rehearsal.up()
        [secret] = rehearsal.azure.service.secrets.values()
        secret.current.content_type = None
        rehearsal.edit_state(as_it_was)
        assert "infra-secrets: unset" not in str(rehearsal.state)
        if is_set:
            rehearsal.azure.set_value(NAME, "made up")
        before = rehearsal.azure.versions(NAME)
        runs = [rehearsal.up(), rehearsal.refresh(), rehearsal.up()]

        assert [step.op for run in (runs[0], runs[2]) for step in run.changes] == []
        assert rehearsal.azure.versions(NAME) == before
        assert set(content_types(rehearsal)) == {None}


@pytest.mark.engine
def test_a_secret_that_is_adopted_keeps_its_own_content_type() -> None:
    with rehearsal_of(lambda: Secret("x", adopt=f"{VAULT}/secrets/{NAME}")) as rehearsal:
        rehearsal.azure.service.put(
            "shop-prod", NAME, {"properties": {"value": "made up", "contentType": "text/plain"}}
        )
        rehearsal.up()
        rehearsal.program = lambda: Secret("x")
        rehearsal.up()

        assert content_types(rehearsal) == ["text/plain"]
        assert rehearsal.azure.value(NAME) == "made up"


def test_azure_s_resource_class_can_be_replaced_by_config() -> None:
    recording = recording_on(
        "azure", {"infra-secrets:azureSecretClass": "tests.clouds.test_azure:NewerSecret"}
    )
    recording.run(lambda: Secret("x"))

    [found] = [
        each
        for each in recording.registrations
        if each.type == "azure-native_keyvault_v20260201:keyvault:Secret"
    ]
    assert found.inputs["secretName"] == "shop--production--x"
    assert found.ignore_changes[:2] == ("properties", "tags")


class NewerSecret(pulumi.CustomResource):
    """Stands for the class of a generated SDK of a newer control-plane API version."""

    def __init__(self, name: str, *, opts: pulumi.ResourceOptions, **properties: Any) -> None:
        wire = {
            "resourceGroupName": properties["resource_group_name"],
            "vaultName": properties["vault_name"],
            "secretName": properties["secret_name"],
            "properties": properties["properties"],
            "tags": properties["tags"],
        }
        super().__init__("azure-native_keyvault_v20260201:keyvault:Secret", name, wire, opts)


def test_a_resource_class_that_cannot_be_imported_is_refused() -> None:
    from infra_secrets.errors import UnsupportedError

    recording = recording_on("azure", {"infra-secrets:azureSecretClass": "no.such:Thing"})
    with pytest.raises(
        UnsupportedError, match=r"infra-secrets:azureSecretClass is 'no\.such:Thing'"
    ):
        recording.run(lambda: Secret("x"))


def test_azure_gives_readers_a_role_on_the_secret_alone() -> None:
    recording = recording_on("azure")
    recording.run(lambda: Secret("x", readers=READERS))

    first, second = recording.of_type("azure-native:authorization:RoleAssignment")
    assert first.inputs["scope"] == recording.outputs["x"]["secretId"]
    assert first.inputs["roleDefinitionId"].endswith("4633458b-17de-408a-b874-0445c86b69e6")
    assert first.inputs["principalType"] == "ServicePrincipal"
    assert "principalType" not in second.inputs
    assert first.inputs["roleAssignmentName"] != second.inputs["roleAssignmentName"]


WRITER_ROLE = "11111111-2222-3333-4444-555555555555"


SUBSCRIPTION = VAULT.partition("/resourceGroups")[0]


@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        (
            WRITER_ROLE,
            f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{WRITER_ROLE}",
        ),
        *[
            (f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{WRITER_ROLE}",) * 2
            for scope in ("", SUBSCRIPTION)
        ],
    ],
    ids=["GUID", "id of the tenant", "id of the subscription"],
)
def test_azure_writers_get_the_role_that_sets_and_never_the_one_that_reads(
    given: str, becomes: str
) -> None:
    recording = recording_on("azure", {"infra-secrets:azureWriterRoleId": given})
    recording.run(lambda: Secret("x", readers=READERS[:1], writers=READERS[1:]))

    reader, writer = recording.of_type("azure-native:authorization:RoleAssignment")
    assert reader.inputs["roleDefinitionId"].endswith(azure.SECRETS_USER)
    assert writer.inputs["roleDefinitionId"] == becomes
    assert writer.inputs["principalId"] == READERS[1]
    assert writer.inputs["scope"] == reader.inputs["scope"] == recording.outputs["x"]["secretId"]


def test_two_spellings_of_one_principal_on_azure_are_one_grant() -> None:
    recording = recording_on("azure")
    names = []
    letters = f"User:abcdefab{READERS[1][8:]}"
    for reader in (letters, letters.partition(":")[2].upper()):
        recording.run(lambda reader=reader: Secret("x", readers=[reader]))  # type: ignore[misc]
        [made] = recording.of_type("azure-native:authorization:RoleAssignment")
        names.append((made.name, made.inputs["roleAssignmentName"]))

    assert names[0] == names[1]


def test_a_principal_of_azure_that_reads_and_writes_has_an_assignment_for_each() -> None:
    recording = recording_on("azure", {"infra-secrets:azureWriterRoleId": WRITER_ROLE})
    who = READERS[:1]
    recording.run(lambda: Secret("x", readers=who, writers=who))

    first, second = recording.of_type("azure-native:authorization:RoleAssignment")
    assert first.inputs["principalId"] == second.inputs["principalId"]
    assert first.inputs["roleAssignmentName"] != second.inputs["roleAssignmentName"]


def test_azure_takes_the_id_of_a_secret_in_any_case() -> None:
    recording = recording_on("azure")
    adopted = f"{VAULT.upper()}/secrets/shop--production--x".replace("/SUBS", "/subs")
    recording.run(lambda: Secret("x", adopt=adopted))

    assert container(recording, "azure").inputs["secretName"] == "shop--production--x"


@pytest.mark.parametrize("status", [404, 403, 503])
def test_what_the_vault_refuses_is_closed_so_that_no_connection_stays_open(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[HTTPError] = []  # kept, as what is let go of is closed by the way

    def refuse(*_: object, **__: object) -> None:
        url, body = "https://shop.vault.azure.net", io.BytesIO(b"{}")
        answers.append(HTTPError(url, status, "refused", Message(), body))
        raise answers[-1]

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr("time.sleep", lambda _: None)
    if status == azure.NOT_FOUND:
        assert not azure._is_there("https://shop.vault.azure.net/deletedsecrets/x", "a token")
    else:
        with pytest.raises(InfraSecretsError, match=f"HTTP {status}"):
            azure._is_there("https://shop.vault.azure.net/deletedsecrets/x", "a token")

    assert answers
    assert all(answer.closed for answer in answers)
