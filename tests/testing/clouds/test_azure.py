import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, cast

import pulumi
import pulumi_azure_native as azure_native
import pytest

from infra_secrets.testing import CloudError, EngineError, Rehearsal, Run, SimulatedAzure
from infra_secrets.testing.clouds.azure import KeyVault, apply_difference
from tests.conftest import PATIENCE

PLACEHOLDER = {"properties": {"value": "UNSET", "attributes": {"enabled": False}}}
ID = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg"
    "/providers/Microsoft.KeyVault/vaults/kv-1/secrets/api--prod"
)


# The service ------------------------------------------------------------------------------------


@pytest.fixture
def service() -> KeyVault:
    return KeyVault()


def test_there_is_no_empty_secret(service: KeyVault) -> None:
    with pytest.raises(CloudError) as raised:
        service.put("kv", "x", {"properties": {}})
    assert 'Code="ParameterNotSpecified" Message="The parameter value is not specified."' in str(
        raised.value
    )


def test_an_equal_put_makes_no_version_and_any_difference_makes_one(service: KeyVault) -> None:
    body = {"properties": {"value": "a"}, "tags": {"k": "v"}}
    for changed in (
        body,
        body,
        {**body, "tags": {}},
        {**body, "properties": {"value": "a", "contentType": "t"}},
        {**body, "properties": {"value": "a", "attributes": {"enabled": False}}},
    ):
        service.put("kv", "x", changed)
    secret = service.live("kv", "x")
    assert secret is not None
    assert len(secret.versions) == 4
    assert not secret.current.enabled


def test_a_disabled_secret_and_a_missing_one_refuse_a_reader(service: KeyVault) -> None:
    with pytest.raises(CloudError, match="was not found in this key vault") as raised:
        service.get_secret("kv", "x")
    assert (raised.value.code, raised.value.status) == ("SecretNotFound", 404)
    service.put("kv", "x", PLACEHOLDER)
    with pytest.raises(CloudError, match="not allowed on a disabled secret") as raised:
        service.get_secret("kv", "x")
    assert (raised.value.code, raised.value.status) == ("SecretDisabled", 403)


def test_names_are_the_same_in_any_case(service: KeyVault) -> None:
    service.put("KV", "Api", PLACEHOLDER)
    assert service.live("kv", "aPI") is not None


def test_a_soft_deleted_name_can_only_be_recovered(service: KeyVault) -> None:
    service.put("kv", "x", {"properties": {"value": "a"}})
    service.delete_secret("kv", "x")
    with pytest.raises(CloudError, match="in a deleted but recoverable state"):
        service.put("kv", "x", PLACEHOLDER)
    with pytest.raises(CloudError, match="in a deleted but recoverable state"):
        service.set_secret("kv", "x", "b")
    service.recover("kv", "x")
    assert service.get_secret("kv", "x").value == "a"


@pytest.mark.parametrize(
    ("name", "body", "text"),
    [
        ("a" * 128, PLACEHOLDER, "invalid name"),
        ("a_b", PLACEHOLDER, "invalid name"),
        ("x", {"properties": {"value": "v" * 25601}}, "more than 25600 bytes"),
        ("x", {**PLACEHOLDER, "tags": {str(n): "" for n in range(16)}}, "at most 15 tags"),
        ("x", {"properties": {"value": "v", "contentType": "t" * 256}}, "more than 255"),
    ],
)
def test_what_is_beyond_a_limit_is_refused(
    service: KeyVault, name: str, body: dict[str, Any], text: str
) -> None:
    with pytest.raises(CloudError, match=text):
        service.put("kv", name, body)


def test_what_is_at_a_limit_is_taken(service: KeyVault) -> None:
    properties = {"value": "v" * 25600, "contentType": "t" * 255}
    service.put(
        "kv", "a" * 127, {"properties": properties, "tags": {str(n): "" for n in range(15)}}
    )


# The operator -----------------------------------------------------------------------------------


def test_the_operator_s_hand() -> None:
    cloud = SimulatedAzure()
    cloud.service.put("kv", "api", {**PLACEHOLDER, "tags": {"owner": "me"}})
    assert (cloud.state("api"), cloud.value("api")) == ("disabled", None)
    assert cloud.reader_sees("api") == "SecretDisabled"
    cloud.set_value("API", "operator's value")
    assert (cloud.state("api"), cloud.value("Api")) == ("set", "operator's value")
    described = cloud.describe("api")
    assert "tags" not in described
    assert "operator's value" not in json.dumps(described)
    cloud.delete("api")
    assert (cloud.state("api"), cloud.value("api")) == ("soft-deleted", None)
    assert cloud.versions("api") == ["UNSET", "operator's value"]
    cloud.restore("api")
    assert cloud.reader_sees("api") == "operator's value"


def test_an_enabled_placeholder_is_read_like_any_value() -> None:
    cloud = SimulatedAzure()
    cloud.service.put("kv", "api", {"properties": {"value": "UNSET"}})
    assert cloud.reader_sees("api") == "UNSET"


def test_a_vault_is_a_scope_by_name_or_by_arm_id() -> None:
    cloud = SimulatedAzure()
    for vault in ("kv-one", "kv-two"):
        cloud.service.put(vault, "api", PLACEHOLDER)
    cloud.set_value("api", "operator's value", scope="/subscriptions/s/x/vaults/KV-two")
    assert cloud.value("api", scope="kv-one") is None
    assert cloud.value("api", scope="kv-two") == "operator's value"


# The data plane over HTTP -----------------------------------------------------------------------


@pytest.fixture
def cloud() -> Iterator[SimulatedAzure]:
    cloud = SimulatedAzure()
    yield cloud
    cloud.close()


def get(url: str, *, anonymous: bool = False) -> tuple[int, dict[str, Any]]:
    headers = {} if anonymous else {"Authorization": "Bearer any"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 (this machine's own)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_data_plane_shows_a_soft_deleted_secret(cloud: SimulatedAzure) -> None:
    url = f"{cloud.vault_uri('KV')}deletedsecrets/api?api-version=7.4"
    cloud.service.put("kv", "api", PLACEHOLDER)
    status, body = get(url)
    assert (status, body["error"]["code"]) == (404, "SecretNotFound")
    cloud.delete("api")
    status, body = get(url)
    assert status == 200
    assert body["recoveryId"] == "https://kv.vault.azure.net/deletedsecrets/api"
    assert {"deletedDate", "scheduledPurgeDate", "id", "attributes"} <= set(body)
    assert get(url, anonymous=True)[0] == 401
    cloud.data_plane_denied = True
    assert get(url)[0] == 403


def test_the_data_plane_serves_readers(cloud: SimulatedAzure) -> None:
    url = f"{cloud.vault_uri('kv')}secrets/api"
    cloud.service.put("kv", "api", PLACEHOLDER)
    assert get(url)[1]["error"]["code"] == "SecretDisabled"
    cloud.set_value("api", "operator's value")
    assert get(url)[1]["value"] == "operator's value"
    assert get(f"{cloud.vault_uri('kv')}keys")[0] == 400


# The provider, on the real engine ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "old", "new", "applied"),
    [
        ({"a": 1}, {"a": 1}, {"a": 1}, {"a": 1}),
        ({"a": 1}, {"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": 1}, {"a": 1}, {}, {}),
        ({}, {}, {"a": 1}, {"a": 1}),
        ({"p": {"v": "x", "e": 1}}, {"p": {"e": 1}}, {"p": {"e": 2}}, {"p": {"v": "x", "e": 2}}),
    ],
)
def test_what_changes_in_outputs_is_applied_to_inputs(
    inputs: dict[str, Any], old: dict[str, Any], new: dict[str, Any], applied: dict[str, Any]
) -> None:
    assert apply_difference(inputs, old, new) == applied


def secret(name: str = "api--prod", *, enabled: bool = False, **args: Any) -> Callable[[], None]:
    def program() -> None:
        made = azure_native.keyvault.Secret(
            "key",
            resource_group_name="rg",
            vault_name="kv-1",
            secret_name=name,
            properties={"value": "UNSET", "attributes": {"enabled": enabled}, "content_type": "t"},
            **{"tags": {"owner": "me"}, **args},
        )
        pulumi.export("id", made.id)
        pulumi.export("uri", made.properties.secret_uri)

    return program


@pytest.fixture(scope="module")
def with_value() -> Iterator[Rehearsal]:
    """A raw placeholder on which an operator has set a value. Each test takes a fork."""
    with Rehearsal(secret()) as rehearsal:
        rehearsal.up()
        rehearsal.azure.set_value("api--prod", "operator's value")
        yield rehearsal


def changed(run: Run) -> list[str]:
    return [step.op for step in run.changes if step.type.endswith(":Secret")]


@pytest.mark.engine
def test_outputs_never_hold_the_value(with_value: Rehearsal) -> None:
    assert with_value.outputs == {"id": ID, "uri": "https://kv-1.vault.azure.net/secrets/api--prod"}
    (resource,) = with_value.resources
    assert "UNSET" not in json.dumps(resource["outputs"])


def looks(name: str) -> Callable[[], None]:
    def program() -> None:
        secret()()
        found = azure_native.keyvault.get_secret_output(
            resource_group_name="rg", vault_name="kv-1", secret_name=name
        )
        pulumi.export("id", found.id)
        pulumi.export("enabled", found.properties.attributes.enabled)
        pulumi.export("properties", found.properties.apply(lambda each: sorted(vars(each))))

    return program


@pytest.mark.engine
def test_a_program_can_look_at_a_secret_without_reading_its_value(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = looks("api--prod")
    rehearsal.up()
    assert (rehearsal.outputs["id"], rehearsal.outputs["enabled"]) == (ID, True)
    assert "value" not in rehearsal.outputs["properties"]
    assert rehearsal.echoed == []
    rehearsal.assert_no_leak()


@pytest.mark.engine
def test_a_secret_that_is_not_there_is_refused_with_404(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = looks("api--staging")
    assert 'Status=404 Code="SecretNotFound"' in rehearsal.preview(check=False).error
    rehearsal.azure.delete("api--prod")
    rehearsal.program = looks("api--prod")
    assert 'Status=404 Code="SecretNotFound"' in rehearsal.preview(check=False).error


@pytest.mark.engine
def test_a_refresh_and_the_next_up_bury_the_value_of_a_raw_placeholder(
    with_value: Rehearsal,
) -> None:
    rehearsal = with_value.fork()
    assert changed(rehearsal.up()) == []
    assert changed(rehearsal.refresh()) == ["update"]
    (resource,) = rehearsal.resources
    properties = resource["inputs"]["properties"]
    assert properties == {"value": "UNSET", "attributes": {"enabled": True}}
    assert "tags" not in resource["inputs"]
    assert changed(rehearsal.up()) == ["update"]
    assert rehearsal.azure.reader_sees("api--prod") == "SecretDisabled"
    assert rehearsal.azure.versions("api--prod") == ["UNSET", "operator's value", "UNSET"]


@pytest.mark.engine
def test_a_change_of_tags_buries_the_value(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret(tags={"owner": "you"}, enabled=True)
    assert changed(rehearsal.up()) == ["update"]
    assert rehearsal.azure.value("api--prod") == "UNSET"


@pytest.mark.engine
def test_ignored_properties_and_tags_survive_refresh_update_and_import(
    with_value: Rehearsal,
) -> None:
    rehearsal = with_value.fork()
    ignoring = pulumi.ResourceOptions(ignore_changes=["properties", "tags"])
    rehearsal.program = secret(tags={"owner": "you"}, opts=ignoring)
    rehearsal.refresh()
    assert changed(rehearsal.up()) == []
    rehearsal.lose_state()
    with pytest.raises(EngineError, match=f"cannot create already existing resource '{ID}'"):
        rehearsal.up()
    ignoring.import_ = ID
    assert changed(rehearsal.up()) == ["import"]
    assert rehearsal.azure.value("api--prod") == "operator's value"


@pytest.mark.engine
def test_an_import_that_ignores_nothing_buries_the_value(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.lose_state()
    rehearsal.program = secret(opts=pulumi.ResourceOptions(import_=ID))
    assert changed(rehearsal.up()) == ["import", "update"]
    assert rehearsal.azure.value("api--prod") is None


@pytest.mark.engine
def test_a_destroyed_secret_is_recovered_by_create_and_its_value_buried(
    with_value: Rehearsal,
) -> None:
    rehearsal = with_value.fork()
    rehearsal.destroy()
    assert rehearsal.azure.state("api--prod") == "soft-deleted"
    rehearsal.up()
    assert rehearsal.azure.state("api--prod") == "disabled"
    assert "operator's value" in rehearsal.azure.versions("api--prod")


@pytest.mark.engine
def test_a_rename_deletes_first_although_nobody_asked_for_it(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.program = secret("other")
    assert changed(rehearsal.up())[0] == "delete-replaced"
    assert rehearsal.azure.names() == ["other"]


@pytest.mark.engine
def test_without_a_right_on_the_data_plane_nothing_can_be_deleted(with_value: Rehearsal) -> None:
    rehearsal = with_value.fork()
    rehearsal.azure.data_plane_denied = True
    with pytest.raises(EngineError, match="not authorized"):
        rehearsal.destroy()
    assert rehearsal.azure.value("api--prod") == "operator's value"


@pytest.mark.engine
def test_a_bad_name_is_refused_before_anything_is_made() -> None:
    with Rehearsal(secret("a_b")) as rehearsal:
        assert "'secretName' does not match expression" in rehearsal.preview(check=False).error


@pytest.mark.engine
def test_ordinary_programs_find_their_vault_their_groups_and_themselves() -> None:
    def program() -> None:
        group = azure_native.resources.ResourceGroup("group")
        vault = azure_native.keyvault.Vault(
            "vault",
            resource_group_name=group.name,
            properties=azure_native.keyvault.VaultPropertiesArgs(
                tenant_id="t",
                sku=azure_native.keyvault.SkuArgs(
                    family="A", name=azure_native.keyvault.SkuName.STANDARD
                ),
            ),
        )
        made = azure_native.keyvault.Secret(
            "key",
            resource_group_name=group.name,
            vault_name=vault.name,
            properties=azure_native.keyvault.SecretPropertiesArgs(value="UNSET"),
        )
        azure_native.authorization.RoleAssignment(
            "reader",
            scope=made.id,
            principal_id=azure_native.authorization.get_client_config_output().object_id,
            role_definition_id="role",
            principal_type="User",
        )
        pulumi.export("vault", vault.properties.vault_uri)
        asked = azure_native.keyvault.get_vault_output(
            resource_group_name=group.name, vault_name=vault.name
        )
        pulumi.export("asked", asked.properties.vault_uri)

    with Rehearsal(program) as rehearsal:
        rehearsal.up()
        (name,) = rehearsal.azure.names()
        assert name.startswith("key")
        assert rehearsal.outputs["vault"].endswith(".vault.azure.net/")
        assert rehearsal.outputs["asked"].startswith("http://127.0.0.1:")
        assert rehearsal.echoed == []
        (assignment,) = rehearsal.azure.role_assignments.values()
        assert assignment["scope"].endswith(f"/secrets/{name}")
        assert rehearsal.up().changes == []
        rehearsal.destroy()
        assert rehearsal.azure.role_assignments == {}
        assert rehearsal.azure.state(name) == "soft-deleted"


def grant(principal: str | None) -> Callable[[], None]:
    def program() -> None:
        # An output is made in the program: outside of it there may be no event loop.
        azure_native.authorization.RoleAssignment(
            "reader",
            scope="/subscriptions/x",
            role_definition_id="role",
            principal_id=pulumi.Output.from_input(cast(Any, principal)),
        )

    return program


@pytest.mark.engine
def test_a_grant_to_nobody_is_refused() -> None:
    with Rehearsal(grant(None)) as rehearsal:
        assert "missing required property 'principalId'" in rehearsal.preview(check=False).error
        rehearsal.program = grant("None")  # what a program makes of it in a text
        assert 'Code="InvalidPrincipalId"' in rehearsal.up(check=False).error
    cloud = SimulatedAzure(without={"azure-principals-are-guids"})
    with Rehearsal(grant("None"), clouds=[cloud]) as rehearsal:
        rehearsal.up()


def test_external_secrets_may_say_the_kind_before_the_name_and_no_kind_but_secret_is_there() -> (
    None
):
    cloud = SimulatedAzure()

    assert cloud.store_name("shop--production") == "shop--production"
    assert cloud.store_name("secret/shop--production") == "shop--production"
    with pytest.raises(CloudError, match="a rehearsal has no certificate of Key Vault"):
        cloud.store_name("certificate/shop")
