"""Who is logged in to AWS, and what that identity may do: `infra_secrets/clouds/aws/login.py`."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from infra_secrets import clouds
from infra_secrets.clouds.login import Login
from infra_secrets.errors import NotLoggedInError, UnreachableError, WrongPlaceError
from infra_secrets.rules.naming import SecretName
from tests import servers
from tests.clouds.login import recorded
from tests.clouds.login.recorded import ACCOUNT, ASSUMED, ROLE, Recorded
from tests.conftest import PATIENCE, ROOT

REGION = {"region": "eu-central-1"}
KEY = SecretName(service="shop", environment="production", key="stripe-api-key")
OTHER = SecretName(service="shop", environment="production", key="mail")
LOGIN: Login = clouds.login_of(clouds.load("aws"))
DENIED = "AccessDeniedException"
NO_VERSION = (
    "Secrets Manager can't find the specified secret value for staging label: infra-secrets-doctor"
)


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorded]:
    """AWS as recorded, and this process logged in."""
    with recorded.recorded(tmp_path) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setenv("AWS_CA_BUNDLE", server.trusted)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up-key-id")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up-access-key")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        # AWS's own command line takes a second to say its version.
        (tmp_path / "bin").mkdir()
        tool(tmp_path / "bin", "aws-cli/2.31.0 Python/3.13.7 Linux/6.1 exe/x86_64.debian.13")
        monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
        for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        server.allow("GetCallerIdentity", recorded.caller())
        server.allow("GetRole", recorded.role())
        server.allow(
            "SimulatePrincipalPolicy",
            recorded.simulated(CreateSecret="allowed", GetSecretValue="implicitDeny"),
        )
        server.allow(
            "GetSecretValue", recorded.json_error("ResourceNotFoundException", NO_VERSION), 400
        )
        server.allow("ListSecrets", json.dumps({"SecretList": []}))
        yield server


def tool(folder: Path, said: str) -> None:
    """Make an `aws` that says its version."""
    (folder / "aws").write_text(f"#!/bin/sh\necho '{said}'\n")
    (folder / "aws").chmod(0o755)


def configured(text: str) -> None:
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(text, encoding="utf-8")


def logged_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")


def test_the_identity_is_who_sts_says_with_account_and_clock(aws: Recorded) -> None:
    aws.ahead = timedelta(hours=1)

    found = LOGIN.identity(REGION)

    assert (found.who, found.place) == (ASSUMED, {"account": ACCOUNT})
    assert found.clock is not None
    assert found.local is not None
    assert timedelta(minutes=59) < found.clock - found.local < timedelta(minutes=61)


def test_what_this_shell_says_of_the_region_is_told(
    aws: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    assert aws.url
    assert LOGIN.identity(REGION).place == {"account": ACCOUNT, "region": "us-east-1"}


def test_who_may_create_and_not_read_is_found_out_without_a_value(aws: Recorded) -> None:
    aws.allow("GetSecretValue", recorded.json_error(DENIED), 400)

    found = LOGIN.rights(REGION, "shop", "production", {KEY: None, OTHER: None})

    assert (found.create, found.read_any, found.notes) == (True, False, ())
    assert found.read == {KEY: False, OTHER: False}
    assert sorted({*aws.calls}) == [
        *("GetCallerIdentity", "GetRole", "GetSecretValue", "SimulatePrincipalPolicy")
    ]
    asked = [json.loads(each) for each in aws.bodies if each.startswith("{")]
    assert [each["VersionStage"] for each in asked] == ["infra-secrets-doctor"] * 2


def test_a_value_that_is_there_is_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.serving("aws") as server:
        servers.entered(monkeypatch, server.environment())
        server.make(KEY.reference)
        server.put(KEY.reference, b"made-up-stripe-key")

        found = LOGIN.rights(server.place, "shop", "production", {KEY: None, OTHER: None})

    assert found.read == {KEY: True, OTHER: True}
    assert "made-up-stripe-key" not in repr(found)


def test_who_may_read_is_told_that_the_label_is_not_there(aws: Recorded) -> None:
    aws.allow(
        "SimulatePrincipalPolicy",
        recorded.simulated(CreateSecret="explicitDeny", GetSecretValue="allowed"),
    )

    found = LOGIN.rights(
        REGION, "shop", "production", {KEY: "arn:aws:secretsmanager:eu-central-1:1:secret:x-AbCdEf"}
    )

    assert (found.create, found.read, found.read_any) == (False, {KEY: True}, True)


def test_without_the_right_to_simulate_creating_is_not_known_and_reading_is(aws: Recorded) -> None:
    aws.allow("SimulatePrincipalPolicy", recorded.xml_error("AccessDenied"), 403)

    found = LOGIN.rights(REGION, "shop", "production", {KEY: None})

    assert (found.create, found.read, found.read_any) == (None, {KEY: True}, None)
    assert "iam:SimulatePrincipalPolicy" in found.to_find_out
    page, _, anchor = found.to_find_out.partition("/blob/main/")[2].partition("#")
    text = (ROOT / page).read_text(encoding="utf-8")
    assert f"\n## {anchor.replace('-', ' ')}\n" in text.lower()
    assert '"iam:SimulatePrincipalPolicy"' in text


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ("production", "shop/production/infra-secrets-doctor"),
        (None, "shop/infra-secrets-doctor/infra-secrets-doctor"),
    ],
)
def test_what_is_simulated_is_making_and_reading_a_container_that_could_be_there(
    aws: Recorded, environment: str | None, named: str
) -> None:
    LOGIN.rights(REGION, "shop", environment, {})

    [asked] = [parse_qs(each) for each in aws.bodies if "Action=SimulatePrincipalPolicy" in each]
    del asked["Version"]
    assert asked == {
        "Action": ["SimulatePrincipalPolicy"],
        "PolicySourceArn": [ROLE],
        "ActionNames.member.1": ["secretsmanager:CreateSecret"],
        "ActionNames.member.2": ["secretsmanager:GetSecretValue"],
        "ResourceArns.member.1": [f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:{named}"],
    }


def test_who_may_not_create_in_every_environment_may_still_in_one_that_is_not_named(
    aws: Recorded,
) -> None:
    assert LOGIN.rights(REGION, "shop", None, {}).create is True

    aws.allow(
        "SimulatePrincipalPolicy",
        recorded.simulated(CreateSecret="implicitDeny", GetSecretValue="implicitDeny"),
    )
    found = LOGIN.rights(REGION, "shop", None, {})
    assert (found.create, "--environment NAME" in found.to_find_out) == (None, True)
    assert LOGIN.rights(REGION, "shop", "production", {}).create is False


def test_a_user_is_simulated_by_its_own_arn_and_the_account_s_root_is_not(aws: Recorded) -> None:
    aws.allow("GetCallerIdentity", recorded.caller(f"arn:aws:iam::{ACCOUNT}:user/ann"))
    assert LOGIN.rights(REGION, "shop", "production", {}).create is True
    assert "GetRole" not in aws.calls

    aws.allow("GetCallerIdentity", recorded.caller(f"arn:aws:iam::{ACCOUNT}:root"))
    found = LOGIN.rights(REGION, "shop", "production", {})
    assert (found.create, found.notes) == (
        None,
        ("IAM simulates users and roles, and root is neither.",),
    )


SSO = """
[profile payments]
sso_session = acme
sso_account_id = 123456789012
sso_role_name = developer
[sso-session acme]
sso_start_url = https://acme.awsapps.example/start
sso_region = eu-central-1
"""


@pytest.mark.parametrize(
    ("config", "profile", "command"),
    [
        ("", None, "Run: aws configure sso, once; and from then on: aws sso login "),
        (SSO, "payments", "Run: aws sso login --profile payments"),
        (
            f"{SSO}\n[profile admin]\nrole_arn = {ROLE}\nsource_profile = payments\n",
            "admin",
            "Run: aws sso login --profile payments",
        ),
        ("[profile web]\nlogin_session = made-up\n", "web", "Run: aws login --profile web"),
    ],
    ids=["nothing", "sso", "role", "aws login"],
)
def test_who_is_not_logged_in_gets_the_command_of_the_profile_in_use(
    aws: Recorded,
    monkeypatch: pytest.MonkeyPatch,
    config: str,
    profile: str | None,
    command: str,
) -> None:
    logged_out(monkeypatch)
    monkeypatch.setenv("HOME", str(Path(aws.trusted).parent))
    configured(config)
    if profile is not None:
        monkeypatch.setenv("AWS_PROFILE", profile)

    with pytest.raises(NotLoggedInError) as refused:
        LOGIN.identity(REGION)

    assert refused.value.way_out.startswith(command)
    assert aws.calls == []


def test_a_login_that_has_expired_is_told_from_none(aws: Recorded) -> None:
    aws.allow("GetCallerIdentity", recorded.xml_error("ExpiredToken"), 403)

    with pytest.raises(NotLoggedInError, match="has expired") as refused:
        LOGIN.identity(REGION)

    assert "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN; aws sso login" in (
        refused.value.way_out
    )
    assert "made-up-key-id" not in str(refused.value)


@pytest.mark.parametrize(
    ("cached", "found"),
    [
        (None, "Nobody is logged in with this AWS profile."),
        ("2020-01-01T00:00:00Z", "The AWS login has expired."),
    ],
    ids=["none", "expired"],
)
def test_a_login_by_the_browser_that_has_expired_is_told_from_none(
    aws: Recorded, monkeypatch: pytest.MonkeyPatch, cached: str | None, found: str
) -> None:
    logged_out(monkeypatch)
    configured(SSO)
    home = Path(aws.trusted).parent
    if cached is not None:
        cache = home / ".aws" / "sso" / "cache"
        cache.mkdir(parents=True)
        token = {"accessToken": "made-up-token", "expiresAt": cached}
        name = hashlib.sha1(b"acme", usedforsecurity=False).hexdigest()  # as botocore names it
        (cache / f"{name}.json").write_text(json.dumps(token), encoding="utf-8")
    # In a process of its own: the client library looks for a home once, when it is imported.
    look = (
        f"from infra_secrets import clouds; clouds.login_of(clouds.load('aws')).identity({REGION})"
    )
    done = subprocess.run(
        [sys.executable, "-c", look],
        env={**os.environ, "HOME": str(home), "AWS_PROFILE": "payments", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    last = done.stderr.splitlines()[-1]
    assert last.partition("Error: ")[2] == f"{found} Run: aws sso login --profile payments"
    assert "made-up-token" not in done.stderr


def test_a_clock_that_is_off_is_named_and_no_login_is_advised(aws: Recorded) -> None:
    aws.ahead = timedelta(hours=1)
    aws.allow(
        "GetCallerIdentity", recorded.xml_error("SignatureDoesNotMatch", "Signature expired"), 403
    )

    with pytest.raises(NotLoggedInError, match="60 minutes behind") as refused:
        LOGIN.identity(REGION)
    assert "timedatectl" in refused.value.way_out


@pytest.mark.parametrize("trouble", ["503", "no network", "a stranger's certificate"])
def test_an_outage_is_no_denial(
    aws: Recorded, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    if trouble == "503":
        aws.allow("GetCallerIdentity", recorded.xml_error("ServiceUnavailable"), 503)
    elif trouble == "no network":
        monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:1")
    else:
        monkeypatch.delenv("AWS_CA_BUNDLE")

    with pytest.raises(UnreachableError):
        LOGIN.identity(REGION)


def test_a_profile_that_is_not_there_and_a_region_that_is_not_known_are_said(
    aws: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WrongPlaceError, match="AWS_REGION"):
        LOGIN.identity({})

    monkeypatch.setenv("AWS_PROFILE", "gone")
    with pytest.raises(NotLoggedInError, match="gone"):
        LOGIN.identity(REGION)
    assert aws.calls == []


def test_the_region_of_the_stack_s_provider_is_the_place() -> None:
    assert LOGIN.place({"aws:region": "eu-west-1"}) == {"region": "eu-west-1"}
    assert LOGIN.place({}) == {}


@pytest.mark.parametrize(
    ("said", "affected"),
    [
        ("aws-cli/1.44.3 Python/3.11.9 Linux/6.1 botocore/1.42.3", "aws-cli/1.44.3"),
        ("aws-cli/2.31.0 Python/3.13.7 Linux/6.1 exe/x86_64.debian.13", None),
        ("made up", None),
    ],
)
def test_version_1_of_aws_s_own_command_line_has_a_deadline(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, affected: str | None
) -> None:
    [deadline] = clouds.load("aws").DEADLINES
    monkeypatch.setenv("PATH", str(tmp_path))
    assert deadline.affected({}) is None

    tool(tmp_path, said)
    found = deadline.affected({})

    assert (found is None) is (affected is None)
    assert affected is None or affected in str(found)
    assert deadline.day == date(2027, 7, 14)
