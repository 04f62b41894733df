"""Who is logged in to GCP, and what that identity may do: `infra_secrets/clouds/gcp/login.py`."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from infra_secrets import clouds
from infra_secrets.clouds.gcp import login as module
from infra_secrets.clouds.login import Login
from infra_secrets.errors import NotLoggedInError, UnreachableError, WrongPlaceError
from infra_secrets.rules.naming import SecretName
from tests.clouds.login import recorded
from tests.clouds.login.recorded import Recorded

PROJECT = {"project": "shop-123"}
KEY = SecretName(service="shop", environment="production", key="stripe-api-key")
OTHER = SecretName(service="shop", environment="production", key="mail")
LOGIN: Login = clouds.login_of(clouds.load("gcp"))
OF_PROJECT = "/v1/projects/shop-123:testIamPermissions"
OF_KEY = "/v1/projects/shop-123/secrets/shop__production__stripe-api-key:testIamPermissions"
OF_OTHER = "/v1/projects/shop-123/secrets/shop__production__mail:testIamPermissions"
CREATE, READ = "secretmanager.secrets.create", "secretmanager.versions.access"


def held(*permissions: str) -> str:
    return json.dumps({"permissions": [*permissions]} if permissions else {})


@pytest.fixture
def gcp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorded]:
    """Google as recorded, and this process logged in as a person."""
    with recorded.recorded(tmp_path) as server:
        info = {
            "type": "external_account_authorized_user",
            "audience": "//iam.googleapis.com/locations/global/workforcePools/made-up/providers/made-up",
            "refresh_token": "made-up-refresh-token",
            "token_url": f"{server.url}/token",
            "client_id": "made-up-client-id",
            "client_secret": "made-up-client-secret",
        }
        file = tmp_path / "login.json"
        file.write_text(json.dumps(info), encoding="utf-8")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", server.trusted)
        monkeypatch.setenv("NO_GCE_CHECK", "true")
        monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
        monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", f"{server.url}/")
        monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
        monkeypatch.setattr(module, "USERINFO", f"{server.url}/userinfo")
        monkeypatch.setattr(module, "PROJECTS", f"{server.url}/v1/projects/")
        token = {"access_token": "made-up-token", "expires_in": 3600, "token_type": "Bearer"}
        server.allow("/token", json.dumps(token))
        server.allow("/userinfo", json.dumps({"sub": "1", "email": "ann@example.com"}))
        server.allow(OF_PROJECT, held(CREATE))
        yield server


def test_the_identity_is_the_address_that_google_tells(
    gcp: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    gcp.ahead = timedelta(hours=-1)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "elsewhere")

    found = LOGIN.identity(PROJECT)

    assert (found.who, found.place) == ("ann@example.com", {"project": "elsewhere"})
    assert found.clock is not None
    assert found.local is not None
    assert timedelta(minutes=59) < found.local - found.clock < timedelta(minutes=61)


def test_a_login_without_the_scope_of_an_address_is_logged_in_all_the_same(gcp: Recorded) -> None:
    gcp.allow("/userinfo", "{}", 401)

    assert "does not tell" in LOGIN.identity(PROJECT).who


def test_who_may_create_and_not_read_is_found_out_without_a_value(gcp: Recorded) -> None:
    gcp.allow(OF_KEY, held())
    gcp.allow(OF_OTHER, held())

    found = LOGIN.rights(PROJECT, "shop", "production", {KEY: None, OTHER: None})

    assert (found.create, found.read_any, found.notes) == (True, False, ())
    assert found.read == {KEY: False, OTHER: False}
    assert {*gcp.calls} == {"/token", OF_PROJECT, OF_KEY, OF_OTHER}


def test_who_may_read_one_and_not_another_is_told_which(gcp: Recorded) -> None:
    gcp.allow(OF_PROJECT, held())
    gcp.allow(OF_KEY, held(READ))
    gcp.allow(OF_OTHER, held())

    found = LOGIN.rights(PROJECT, "shop", "production", {KEY: None, OTHER: None})

    assert (found.create, found.read) == (False, {KEY: True, OTHER: False})


def test_a_project_that_does_not_tell_leaves_creating_unknown_and_says_why(gcp: Recorded) -> None:
    gcp.allow(OF_PROJECT, json.dumps({"error": {"code": 403, "status": "PERMISSION_DENIED"}}), 403)
    gcp.allow(OF_KEY, held(READ))

    found = LOGIN.rights(PROJECT, "shop", "production", {KEY: None})

    assert (found.create, found.read, found.read_any) == (None, {KEY: True}, None)
    assert (
        "gcloud services enable cloudresourcemanager.googleapis.com --project=shop-123"
        in found.to_find_out
    )


def test_no_login_and_one_that_has_expired_are_told_apart(
    gcp: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = json.dumps({"error": "invalid_grant", "error_description": "Token has been expired"})
    gcp.allow("/token", refused, 400)
    with pytest.raises(NotLoggedInError, match="has expired, or was revoked") as expired:
        LOGIN.identity(PROJECT)

    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    with pytest.raises(NotLoggedInError, match="There is no login") as none:
        LOGIN.identity(PROJECT)

    for each in (expired, none):
        assert each.value.way_out.startswith("Run: gcloud auth application-default login")
        assert "made-up" not in str(each.value)


@pytest.mark.parametrize("trouble", ["503", "no network", "a stranger's certificate", "the token"])
def test_an_outage_is_no_denial(
    gcp: Recorded, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    if trouble == "503":
        gcp.allow("/userinfo", "{}", 503)
    elif trouble == "no network":
        monkeypatch.setattr(module, "USERINFO", "https://127.0.0.1:1/userinfo")
    elif trouble == "the token":
        gcp.allow("/token", "{}", 503)
    else:
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")

    with pytest.raises(UnreachableError):
        LOGIN.identity(PROJECT)


def test_a_project_that_nobody_names_is_asked_for(gcp: Recorded) -> None:
    with pytest.raises(WrongPlaceError, match="export GOOGLE_CLOUD_PROJECT="):
        LOGIN.rights({}, "shop", "production", {})
    assert OF_PROJECT not in gcp.calls


def test_the_project_of_the_stack_s_provider_is_the_place() -> None:
    assert LOGIN.place({"gcp:project": "shop-123"}) == PROJECT
    assert LOGIN.place({}) == {}
