"""Who is logged in to Azure, and what that identity may do: `infra_secrets/clouds/azure/login.py`."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from infra_secrets import clouds
from infra_secrets.clouds.azure import api_version
from infra_secrets.clouds.azure import login as module
from infra_secrets.clouds.login import Login
from infra_secrets.errors import NotLoggedInError, UnreachableError
from infra_secrets.rules.naming import SecretName
from tests.clouds.login import recorded
from tests.clouds.login.recorded import OBJECT, TENANT, VAULT_ID, Recorded

KEY = SecretName(service="shop", environment="production", key="stripe-api-key")
LOGIN: Login = clouds.login_of(clouds.load("azure"))
NO_VERSION = "0" * 32
OF_KEY = f"/secrets/shop--production--stripe-api-key/{NO_VERSION}"
OF_NOBODY = f"/secrets/infra-secrets--doctor/{NO_VERSION}"
PERMISSIONS = f"{VAULT_ID}/providers/Microsoft.Authorization/permissions"
ID = f"{VAULT_ID}/secrets/shop--production--stripe-api-key"
MISSING = recorded.vault_error("SecretNotFound")
FORBIDDEN = recorded.vault_error("Forbidden", "ForbiddenByRbac")


@pytest.fixture
def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorded]:
    """A vault and Resource Manager as recorded, and this process logged in by App Service's identity."""
    with recorded.recorded(tmp_path) as server:
        monkeypatch.setenv("INFRA_SECRETS_AZURE_VAULT", server.url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", server.trusted)
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{server.url}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "made-up-header")
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setattr(module, "_manager", lambda: server.url)
        port = server.url.rpartition(":")[2]
        challenge = f'Bearer authorization="https://login.example/{TENANT}", resource="https://0.0.1:{port}"'
        server.allow(
            "/secrets", recorded.vault_error("Unauthorized"), 401, WWW_Authenticate=challenge
        )
        logged_in(server, upn="ann@example.com")
        server.allow(OF_KEY, MISSING, 404)
        server.allow(OF_NOBODY, MISSING, 404)
        server.allow(PERMISSIONS, permissions(actions=["Microsoft.KeyVault/vaults/secrets/*"]))
        yield server


def logged_in(server: Recorded, **claims: str) -> None:
    answer = {
        "access_token": recorded.token(**claims),
        "expires_on": "4102444800",
        "token_type": "Bearer",
    }
    server.allow("/msi/token", json.dumps(answer))


def permissions(**lists: list[str]) -> str:
    return json.dumps({"value": [{"actions": [], "notActions": [], "dataActions": [], **lists}]})


@pytest.mark.parametrize(
    ("claims", "who"),
    [
        ({"upn": "ann@example.com", "appid": "az"}, "ann@example.com"),
        (
            {"appid": "x", "xms_mirid": "/subscriptions/0/userAssignedIdentities/shop-service"},
            "the managed identity shop-service",
        ),
        ({"appid": "made-up-app"}, "the application made-up-app"),
    ],
    ids=["person", "managed identity", "application"],
)
def test_the_identity_is_what_the_token_says(
    azure: Recorded, claims: dict[str, str], who: str
) -> None:
    logged_in(azure, **claims)
    azure.ahead = timedelta(hours=1)

    found = LOGIN.identity({})

    assert found.who == f"{who}, object id {OBJECT}"
    assert found.place == {"tenant": TENANT}
    assert found.clock is not None
    assert found.local is not None
    assert timedelta(minutes=59) < found.clock - found.local < timedelta(minutes=61)


def test_a_token_that_is_none_of_entra_s_names_nobody_and_is_not_shown(azure: Recorded) -> None:
    azure.allow(
        "/msi/token",
        json.dumps(
            {"access_token": "made-up-token", "expires_on": "4102444800", "token_type": "Bearer"}
        ),
    )

    assert LOGIN.identity({}).who == "a login whose token does not tell who it is"


def test_who_may_create_and_not_read_is_found_out_without_a_value(azure: Recorded) -> None:
    azure.allow(OF_KEY, FORBIDDEN, 403)
    azure.allow(OF_NOBODY, FORBIDDEN, 403)

    found = LOGIN.rights({}, "shop", "production", {KEY: ID})

    assert (found.create, found.read, found.read_any) == (True, {KEY: False}, False)
    # Azure's client asks for each without a login first, and gets the challenge of `/secrets` in a real vault.
    assert {each for each in azure.calls if each.startswith("/secrets/")} == {OF_KEY, OF_NOBODY}


def test_who_may_read_is_told_that_the_version_is_not_there(azure: Recorded) -> None:
    azure.allow(PERMISSIONS, permissions(actions=["*"], notActions=["Microsoft.KeyVault/*"]))

    found = LOGIN.rights({}, "shop", "production", {KEY: ID})

    assert (found.create, found.read, found.read_any) == (False, {KEY: True}, True)


def test_the_right_to_read_by_a_template_counts_as_reading(azure: Recorded) -> None:
    azure.allow(OF_KEY, FORBIDDEN, 403)
    azure.allow(OF_NOBODY, FORBIDDEN, 403)
    azure.allow(PERMISSIONS, permissions(actions=["Microsoft.KeyVault/vaults/*"]))

    found = LOGIN.rights({}, "shop", "production", {KEY: ID})

    assert found.read_any is True
    assert "Microsoft.KeyVault/vaults/deploy/action" in found.notes[0]


def test_without_the_vault_s_id_or_a_look_at_it_creating_is_unknown(azure: Recorded) -> None:
    found = LOGIN.rights({}, "shop", "production", {KEY: None})
    assert (found.create, found.read) == (None, {KEY: True})
    assert "infra-secrets:azureVaultId" in found.to_find_out

    azure.allow(PERMISSIONS, "{}", 403)
    found = LOGIN.rights({}, "shop", "production", {KEY: ID})
    assert (found.create, found.notes) == (
        None,
        ("Azure Resource Manager does not tell it what its roles allow (HTTP 403).",),
    )
    assert "Microsoft.Authorization/permissions/read" in found.to_find_out


def test_who_is_not_logged_in_gets_the_command_with_the_vault_s_tenant(azure: Recorded) -> None:
    azure.allow("/msi/token", json.dumps({"statusCode": 400, "message": "no identity"}), 400)

    with pytest.raises(NotLoggedInError, match="no login") as refused:
        LOGIN.identity({})

    assert refused.value.way_out.startswith(f"Run: az login --tenant {TENANT}")


def test_a_login_that_has_expired_is_told_from_none(
    azure: Recorded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    az = tmp_path / "az"
    az.write_text(
        "#!/bin/sh\necho 'ERROR: AADSTS700082: The refresh token has expired due to inactivity.' >&2\nexit 1\n"
    )
    az.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("IDENTITY_ENDPOINT")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential")

    with pytest.raises(NotLoggedInError, match=r"has expired \(AADSTS700082\)") as refused:
        LOGIN.identity({})

    assert refused.value.way_out == f"Run: az login --tenant {TENANT}"
    assert azure.calls == ["/secrets"]


@pytest.mark.parametrize("trouble", ["503", "no network", "a stranger's certificate"])
def test_an_outage_is_no_denial(
    azure: Recorded, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    if trouble == "503":
        azure.allow("/secrets", "{}", 503)
    elif trouble == "no network":
        monkeypatch.setenv("INFRA_SECRETS_AZURE_VAULT", "https://127.0.0.1:1")
    else:
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")

    with pytest.raises(UnreachableError):
        LOGIN.identity({})


def test_the_vault_of_the_stack_s_config_is_the_place() -> None:
    assert LOGIN.place({"infra-secrets:azureVaultId": VAULT_ID})["vault"] == "shop-prod"
    assert LOGIN.place({"infra-secrets:azureVaultId": "nonsense"}) == {}


# The deadline of the control plane


@pytest.mark.parametrize(
    ("text", "name", "affected"),
    [
        ("Uses Azure REST API version 2024-11-01.", "made_up_old", True),
        ("Uses Azure REST API version 2026-02-01.", "made_up_new", False),
        ("", "made_up_keyvault_20260201", False),
        ("", "made_up_keyvault_v20230701", True),
        ("", "made_up_unknown", False),
    ],
)
def test_whether_the_installed_sdk_ends_is_read_from_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, name: str, affected: bool
) -> None:
    (tmp_path / name / "keyvault").mkdir(parents=True)
    (tmp_path / name / "__init__.py").write_text("raise RuntimeError('it is not to be imported')")
    (tmp_path / name / "keyvault" / "secret.py").write_text(f'"""{text}"""')
    monkeypatch.syspath_prepend(tmp_path)
    [deadline] = clouds.load("azure").DEADLINES

    found = deadline.affected({"infra-secrets:azureSecretClass": f"{name}.keyvault:Secret"})

    assert bool(found) is affected
    assert deadline.day == date(2027, 2, 27)


def test_an_sdk_that_is_not_installed_has_no_deadline_and_the_installed_one_says_its_version() -> (
    None
):
    assert api_version.used("made_up_missing.keyvault:Secret") is None
    assert api_version.used("") is None
    assert str(api_version.used("pulumi_azure_native.keyvault:Secret")) >= "2024-11-01"
