"""`infra-secrets doctor` as a person and a pipeline run it: what it prints, and how it ends."""

import functools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra_secrets.cli import main
from infra_secrets.cli.doctor import report
from infra_secrets.cli.doctor.examination import prescribed
from infra_secrets.cli.where import Named
from tests.cli.doctor.service import CANARY, TOKEN, Service, serving
from tests.cli.doctor.test_pulumi import project as project  # noqa: PLC0414 (a fixture)
from tests.clouds.login import recorded
from tests.clouds.login.recorded import ACCOUNT, Recorded
from tests.clouds.login.test_aws import aws as aws  # noqa: PLC0414 (the same)
from tests.conftest import PATIENCE, ROOT

ARN = f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:shop/production/stripe-api-key-AbCdEf"
SECRET = {
    "urn": "urn:pulumi:production::shop::infra-secrets:index:Secret::StripeApiKey",
    "custom": False,
    "type": "infra-secrets:index:Secret",
    "inputs": {"cloud": "aws", "reference": "shop/production/stripe-api-key"},
    "outputs": {"reference": "shop/production/stripe-api-key", "secretId": ARN},
}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """The command, in an empty folder: exit code, standard output and standard error."""
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    for name in ("INFRA_SECRETS_CLOUD", "HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)

    at_noon = functools.partial(prescribed, today=lambda: date(2026, 11, 25))
    monkeypatch.setattr("infra_secrets.cli.doctor.examination.prescribed", at_noon)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["doctor", *arguments])
        printed = capsys.readouterr()
        code = ended.value.code
        return int(code or 0), printed.out, printed.err

    return run


@pytest.fixture
def service(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with serving() as running:
        monkeypatch.setenv("PULUMI_BACKEND_URL", running.url)
        monkeypatch.setenv("PULUMI_ACCESS_TOKEN", TOKEN)
        running.resources = [SECRET]
        monkeypatch.chdir(project)
        yield running


ON_AWS = ("--cloud", "aws", "--region", "eu-central-1", "--service", "shop")


def by_check(printed: str, subject: str = "aws") -> dict[str, Any]:
    return {
        each["check"]: each
        for each in json.loads(printed)["findings"]
        if each["subject"] == subject
    }


def test_ci_that_may_create_and_not_read_is_well(doctor: Run, aws: Recorded) -> None:
    aws.allow("GetSecretValue", recorded.json_error("AccessDeniedException"), 400)

    code, printed, said = doctor(*ON_AWS, "--as", "ci")

    assert (code, said) == (0, "")
    assert (
        "ok       aws      Logged in as arn:aws:sts::123456789012:assumed-role/developer/ann"
        in printed
    )
    assert "may create containers of shop; it has no right to read every value of shop." in printed
    assert printed.endswith("\nNothing to fix.\n")


def test_with_json_every_finding_is_an_object_and_the_exit_code_is_there(
    doctor: Run, aws: Recorded
) -> None:
    code, printed, _ = doctor(*ON_AWS, "--as", "service", "--json")

    found = json.loads(printed)
    assert code == found["exit_code"] == 1
    assert found["outage"] is None
    assert {each["state"] for each in found["findings"]} <= {"fine", "note", "fix", "unknown"}
    assert by_check(printed)["cloud-rights"]["state"] == "fix"
    assert aws.calls


def test_nobody_logged_in_ends_with_1_and_the_command(
    doctor: Run, aws: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("HOME", str(Path(aws.trusted).parent))

    code, printed, _ = doctor(*ON_AWS, "--quiet")

    assert code == 1
    found, fix, *_ = printed.splitlines()
    assert found == "fix      aws      There is no AWS login."
    assert fix.strip().startswith("Run: aws configure sso, once; and from then on: aws sso login (")
    assert "ok " not in printed


def test_an_outage_ends_with_2_and_says_what_still_works_and_what_not_to_do(
    doctor: Run, aws: Recorded
) -> None:
    aws.allow("GetCallerIdentity", recorded.xml_error("ServiceUnavailable"), 503)

    code, printed, _ = doctor(*ON_AWS)
    _, as_json, _ = doctor(*ON_AWS, "--json")

    assert code == 2
    assert "An outage, and no denial. What still works:" in printed
    for sentence in (*report.STILL_WORKS, *report.DOES_NOT, *report.NEVER):
        assert f"  - {sentence}" in printed
    assert json.loads(as_json)["outage"]["never"] == [*report.NEVER]
    page, _, anchor = report.PAGE.partition("/blob/main/")[2].partition("#")
    assert f"## {anchor.replace('-', ' ')}" in (ROOT / page).read_text(encoding="utf-8").lower()


def test_an_address_of_one_s_own_that_does_not_answer_is_no_outage(
    doctor: Run, aws: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:1")

    code, printed, _ = doctor(*ON_AWS)

    assert (code, aws.calls) == (1, [])
    assert (
        "AWS_ENDPOINT_URL says that address: correct it, or run: unset AWS_ENDPOINT_URL" in printed
    )
    assert "outage" not in printed
    assert "no denial" not in printed


def test_a_machine_without_network_is_told_so_and_not_to_deploy_later(
    doctor: Run, aws: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setattr("infra_secrets.cli.doctor.outage.socket.getaddrinfo", no_name)

    code, printed, _ = doctor(*ON_AWS)
    _, as_json, _ = doctor(*ON_AWS, "--json")

    assert (code, aws.calls) == (1, [])
    assert "Nothing answers (aws), and this machine finds no address of any name" in printed
    assert "What still works" not in printed
    assert json.loads(as_json)["outage"] is None


def no_name(*_: object, **__: object) -> None:
    raise socket.gaierror(socket.EAI_AGAIN, "made up")


def test_a_denial_is_no_outage(doctor: Run, aws: Recorded) -> None:
    aws.allow("GetCallerIdentity", recorded.xml_error("AccessDenied"), 403)

    code, printed, _ = doctor(*ON_AWS)

    assert code == 1
    assert "outage" not in printed


# It heeds Ctrl-C also where whoever runs the tests in the background has it switched off. And it waits long for AWS, so
# that it ends only if nothing waits for what hangs.
PATIENT = """
import signal
import botocore.config
from infra_secrets.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
made = botocore.config.Config.__init__
botocore.config.Config.__init__ = lambda self, **given: made(self, **{**given, "read_timeout": 3600})
main()
"""


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", PATIENT, "doctor", *ON_AWS, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


LOGIN_OF_AWS = ("aws", "cloud-login")
RIGHTS = frozenset({"GetRole", "GetSecretValue", "SimulatePrincipalPolicy"})
hangs = pytest.mark.parametrize(
    "hanging",
    [frozenset(), frozenset({"ListSecrets"}), RIGHTS],
    ids=["all", "the list", "the rights"],
)


@hangs
def test_a_cloud_that_hangs_is_reported_in_time_and_the_command_ends_with_the_report(
    aws: Recorded, tmp_path: Path, hanging: frozenset[str]
) -> None:
    aws.hang, aws.hanging = threading.Event(), hanging
    listed = {"SecretList": [{"Name": "shop/production/mail", "ARN": ARN}]}
    aws.allow("ListSecrets", json.dumps(listed))

    with running(tmp_path, "--timeout", "3", "--json") as process:
        printed, said = process.communicate(timeout=PATIENCE)

    assert (process.returncode, said) == (2, "")
    found = json.loads(printed)["findings"]
    findings = [each for each in found if (each["subject"], each["check"]) == LOGIN_OF_AWS]
    assert findings[-1]["found"] == "No answer within 3 seconds."
    assert (findings[0]["found"] == "No answer within 3 seconds.") is (not hanging)
    assert findings[-1]["fix"].endswith("or wait longer: --timeout 120")


def test_the_advice_to_wait_longer_can_be_followed(doctor: Run, aws: Recorded) -> None:
    assert doctor(*ON_AWS, "--timeout", "120")[0] == 0
    assert aws.calls


@hangs
def test_ctrl_c_ends_it_at_once_with_130_and_one_word(
    aws: Recorded, tmp_path: Path, hanging: frozenset[str]
) -> None:
    aws.hang, aws.hanging = threading.Event(), hanging
    listed = {"SecretList": [{"Name": "shop/production/mail", "ARN": ARN}]}
    aws.allow("ListSecrets", json.dumps(listed))

    with running(tmp_path) as process:
        assert process.stdout is not None
        first = process.stdout.readline()  # what is found is printed as it is found
        assert aws.reached.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)

    assert first.startswith("ok       machine")
    assert (process.returncode, said) == (130, "Interrupted.\n")


def test_the_clock_is_compared_with_the_cloud_s(doctor: Run, aws: Recorded) -> None:
    aws.ahead = timedelta(hours=2)

    code, printed, _ = doctor(*ON_AWS, "--json")

    assert code == 1
    assert (
        "120 minutes behind that of aws" in by_check(printed, "machine")["machine-clock"]["found"]
    )


def test_no_color_is_printed_into_a_pipe_or_where_nobody_wants_it(
    doctor: Run, aws: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    assert "\x1b" not in doctor(*ON_AWS)[1]
    assert aws.calls


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--cloud", "nowhere"), "--cloud must be one of"),
        (("--cloud", "aws", "--vault", "shop"), "--vault says nothing of a place on aws"),
        (("--service", f"sk_live_{'a1' * 12}"), "not shown, because it looks like a value"),
        (("--stack", "production"), "--stack needs a Pulumi project"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_looked_at(
    doctor: Run, arguments: tuple[str, ...], words: str
) -> None:
    code, printed, said = doctor(*arguments)

    assert (code, printed) == (2, "")
    assert said.startswith("Error: ")
    assert words in said
    assert "sk_live" not in said


def test_a_variable_that_names_no_cloud_is_refused(
    doctor: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFRA_SECRETS_CLOUD", "ibm")

    code, _, said = doctor()

    assert (code, "INFRA_SECRETS_CLOUD must be one of" in said) == (2, True)


def test_what_libraries_log_is_no_part_of_the_report(tmp_path: Path) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",  # its library warns that there is none
    }
    command = [sys.executable, "-c", "from infra_secrets.cli import main; main()"]
    done = subprocess.run(
        [*command, "doctor", "--cloud", "azure"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, "")
    assert "Run: az login" in done.stdout


def test_a_cloud_that_is_named_outside_of_a_project_has_no_line_about_pulumi(
    tmp_path: Path,
) -> None:
    checks = prescribed(Named(cloud="aws"), tmp_path, None, 1)

    assert "pulumi" not in {each.name for each in checks}
    assert "pulumi" in {each.name for each in prescribed(Named(), tmp_path, None, 1)}


@pytest.mark.engine
def test_a_stack_s_own_containers_are_asked_about_and_nothing_secret_is_printed(
    doctor: Run, service: Service, aws: Recorded, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    code, printed, said = doctor("--stack", "production", "--json")

    assert (code, service.esc) == (0, 200)
    assert "may read shop/production/stripe-api-key" in by_check(printed)["cloud-rights"]["found"]
    assert by_check(printed)["cloud-place"]["state"] == "note"
    assert by_check(printed, "pulumi")["esc-environment"]["state"] == "fine"
    for secret in (CANARY, TOKEN, "made-up-key-id", "made-up-access-key"):
        assert secret not in printed + said

    aws.allow("GetCallerIdentity", recorded.caller().replace(ACCOUNT, "999999999999"))
    code, printed, _ = doctor("--stack", "production", "--json")
    assert code == 1
    assert by_check(printed)["cloud-place"]["state"] in {"fix", "note"}
    places = [each for each in json.loads(printed)["findings"] if each["check"] == "cloud-place"]
    assert sorted(each["state"] for each in places) == ["fix", "note"]


@pytest.mark.engine
def test_while_pulumi_is_down_the_clouds_are_looked_at_all_the_same(
    doctor: Run, service: Service, aws: Recorded, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    (project / "Pulumi.production.yaml").write_text(
        "config:\n  infra-secrets:cloud: aws\n  aws:region: eu-central-1\n"
    )
    service.status = 503

    code, printed, _ = doctor("--stack", "production", "--json")

    assert code == 2
    assert by_check(printed)["cloud-login"]["state"] == "fine"
    said = by_check(printed, "pulumi")["pulumi-login"]
    assert "[503]" in said["found"]
    assert "is out of order" in said["found"]
    assert json.loads(printed)["outage"]["still_works"]
    assert aws.calls
