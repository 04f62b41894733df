"""Pulumi's login, the stack and its ESC environments, by the real `pulumi` against a service, a file and nothing."""

import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from infra_secrets.cli.addresses import without_logins
from infra_secrets.cli.doctor.examination import prescribed
from infra_secrets.cli.doctor.findings import Finding
from infra_secrets.cli.doctor.running import Started
from infra_secrets.cli.doctor.stack import contradict
from infra_secrets.cli.where import Named
from tests.cli.doctor.service import CANARY, TOKEN, Service, serving
from tests.conftest import PATIENCE


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one stack that imports an environment; nobody is logged in."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    configured(folder, "environment:\n  - shop/production\n")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "pulumi"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PULUMI_SKIP_UPDATE_CHECK", "true")
    for name in (
        *("PULUMI_ACCESS_TOKEN", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"),
        *("PULUMI_CONFIG_PASSPHRASE_FILE", "INFRA_SECRETS_CLOUD", "INFRA_SECRETS_ENVIRONMENT"),
    ):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def service(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """The service, and somebody logged in to it by a token."""
    assert project.is_dir()
    with serving() as running:
        monkeypatch.setenv("PULUMI_BACKEND_URL", running.url)
        monkeypatch.setenv("PULUMI_ACCESS_TOKEN", TOKEN)
        yield running


def configured(folder: Path, text: str, stack: str = "production") -> None:
    (folder / f"Pulumi.{stack}.yaml").write_text(text)


def looked(folder: Path, stack: str | None = None) -> list[Finding]:
    """What the doctor says of Pulumi, in order."""
    checks = prescribed(Named(stack=stack), folder, None, PATIENCE, lambda: date(2026, 11, 25))
    return [*Started([each for each in checks if each.name == "pulumi"], PATIENCE).findings()]


def of(findings: list[Finding], check: str) -> Finding:
    [found] = [each for each in findings if each.check == check]
    return found


def followed(folder: Path, advice: str) -> None:
    """Do what a finding advises."""
    command = advice.removeprefix("Run: ").rstrip(".")
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.engine
def test_a_stack_whose_environment_opens_is_fine_and_no_value_is_shown_or_written(
    project: Path, service: Service, tmp_path: Path
) -> None:
    findings = looked(project, "production")

    assert {each.state for each in findings} == {"fine"}
    assert of(findings, "pulumi-login").found == f"Logged in to {service.url} as ann (acme)."
    assert (
        of(findings, "stack-environment").found
        == "Stack production: its containers are shop/production."
    )
    assert (
        of(findings, "esc-environment").found == "The ESC environment acme/shop/production opens."
    )
    assert CANARY not in str(findings)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in written if CANARY.encode() in path.read_bytes()] == []


@pytest.mark.engine
def test_nobody_logged_in_gets_a_command_that_logs_in(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = f"file://{project.parent}"
    (project / "Pulumi.yaml").write_text(
        f"name: shop\nruntime: python\nbackend:\n  url: {backend}\n"
    )
    configured(project, "{}")
    with serving() as service:
        monkeypatch.setenv("PULUMI_BACKEND_URL", service.url)
        found = of(looked(project), "pulumi-login")
    assert (found.state, found.fix) == ("fix", f"Run: pulumi login {service.url}")
    assert found.found == f"Nobody is logged in to {service.url}."

    monkeypatch.delenv("PULUMI_BACKEND_URL")
    found = of(looked(project), "pulumi-login")
    assert (found.state, found.found.startswith(f"Logged in to {backend} as ")) == ("fine", True)
    followed(project, f"Run: pulumi login {backend}")


@pytest.mark.engine
def test_a_token_that_is_refused_is_told_from_none_and_from_an_outage(
    project: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.status = 401
    found = of(looked(project), "pulumi-login")
    assert (found.state, found.outage) == ("fix", False)
    assert "refuses the token in PULUMI_ACCESS_TOKEN" in found.found
    assert f"unset PULUMI_ACCESS_TOKEN; pulumi login {service.url}" in found.fix
    assert TOKEN not in str(found)

    service.status = 200
    assert of(looked(project), "pulumi-login").state == "fine"
    monkeypatch.delenv("PULUMI_ACCESS_TOKEN")
    service.status = 401  # what is stored has expired, which `pulumi whoami` does not notice
    found = of(looked(project), "pulumi-login")
    assert found.found == f"The login to {service.url} has expired."
    assert found.fix == f"Run: pulumi login {service.url}"


# What v3.259.0 says on standard error, with exit code 1, after retries of its own that take a quarter of a minute. The
# command itself says the first one in `test_while_pulumi_is_down_the_clouds_are_looked_at_all_the_same`.
OUT_OF_ORDER = "error: [503] made up"
NO_ANSWER = (
    'error: performing HTTP request: Get "https://api.pulumi.com/api/user": dial tcp: lookup api.pulumi.com on '
    "192.0.2.53:53: no such host"
)
NOT_STARTED = (
    'error: performing HTTP request: Get "http://127.0.0.1:1/api/user": dial tcp 127.0.0.1:1: connect: connection '
    "refused"
)


@pytest.mark.parametrize(
    ("url", "said", "expected"),
    [
        (None, OUT_OF_ORDER, ("unknown", "Pulumi Cloud is out of order: ", True)),
        (None, NO_ANSWER, ("unknown", "Pulumi Cloud does not answer: ", False)),
        ("http://127.0.0.1:1", NOT_STARTED, ("fix", "http://127.0.0.1:1 does not", False)),
        ("http://127.0.0.1:1", OUT_OF_ORDER, ("unknown", "http://127.0.0.1:1 is out of", True)),
    ],
    ids=["503", "no network", "a service here that is not started", "one that is out of order"],
)
def test_an_outage_of_pulumi_is_no_denial(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    url: str | None,
    said: str,
    expected: tuple[str, str, bool],
) -> None:
    state, words, answered = expected
    if url is not None:
        monkeypatch.setenv("PULUMI_BACKEND_URL", url)
    made_up_pulumi(project, monkeypatch, said)

    findings = looked(project, "production")

    found = of(findings, "pulumi-login")
    assert (found.state, found.outage, found.answered) == (state, state == "unknown", answered)
    assert found.found.startswith(words)
    assert ("This is no denial." in found.fix) is found.outage
    assert of(findings, "esc-environment").state == "unknown"


def made_up_pulumi(folder: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """Put a `pulumi` on the PATH that knows its version, and else says one thing and fails."""
    command = folder.parent / "bin" / "pulumi"
    command.parent.mkdir()
    said = f"Logging in using access token from PULUMI_ACCESS_TOKEN\n{said}\n"
    (folder.parent / "said").write_text(said)
    command.write_text(
        "#!/bin/sh\n"
        f"[ \"$1\" = version ] && {{ echo v3.259.0; exit; }}\ncat '{folder.parent}/said' >&2\nexit 1\n"
    )
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:/usr/bin:/bin")


@pytest.mark.parametrize(
    ("version", "state"),
    [("v3.218.9", "note"), ("v3.219.0", "fine"), ("v4.0.0-alpha.1", "fine"), ("dev", "fine")],
)
def test_an_older_pulumi_than_the_package_is_tested_with_is_noted(
    project: Path, monkeypatch: pytest.MonkeyPatch, version: str, state: str
) -> None:
    made_up_pulumi(project, monkeypatch, "error: made up")
    command = project.parent / "bin" / "pulumi"
    command.write_text(command.read_text().replace("v3.259.0", version))

    found = of(looked(project), "pulumi-command")

    assert found.state == state
    assert version in found.found


def test_a_key_in_the_backend_s_address_is_not_repeated(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"s3://bucket?region=eu-central-1&awssecret={CANARY}"
    monkeypatch.setenv("PULUMI_BACKEND_URL", url)
    made_up_pulumi(project, monkeypatch, f"error: unable to open bucket {url}: no such host")

    findings = looked(project, "production")

    assert of(findings, "pulumi-login").found.startswith("s3://bucket?region=eu-central-1 does not")
    assert CANARY not in str(findings)


@pytest.mark.engine
def test_an_outage_of_esc_is_told_from_a_denial(project: Path, service: Service) -> None:
    service.esc = 503
    found = of(looked(project, "production"), "esc-environment")
    assert (found.state, found.outage) == ("unknown", True)

    service.esc = 403
    found = of(looked(project, "production"), "esc-environment")
    assert (found.state, found.outage) == ("fix", False)
    assert "this login may not open it" in found.found

    service.esc, service.environments = 200, []
    found = of(looked(project, "production"), "esc-environment")
    assert (found.state, "[404]" in found.found) == ("fix", True)


@pytest.mark.engine
def test_an_environment_that_does_not_open_says_where_and_repeats_nothing_like_a_value(
    project: Path, service: Service
) -> None:
    service.diagnostics = [f"getting secret: AccessDeniedException for sk_live_{'a1' * 12}"]

    found = of(looked(project, "production"), "esc-environment")

    assert found.state == "fix"
    assert "production:3:5: getting secret: AccessDeniedException for (not shown)" in found.found
    assert "sk_live" not in str(found)


@pytest.mark.engine
def test_an_environment_of_another_kind_is_found_and_the_command_takes_it_out(
    project: Path, service: Service
) -> None:
    configured(project, "environment:\n  - shop/production\n  - shop/staging\n")

    found = of(looked(project, "production"), "stack-environment")

    assert (found.state, "shop/staging" in found.found) == ("fix", True)
    followed(project, found.fix)
    assert of(looked(project, "production"), "stack-environment").state == "fine"
    assert service.calls

    configured(project, "environment:\n  - shop/staging\n")
    followed(project, of(looked(project, "production"), "stack-environment").fix)
    findings = looked(project, "production")
    assert of(findings, "stack-environment").state == "fine"
    assert (
        of(findings, "esc-environment").found == "The ESC environment acme/shop/production opens."
    )


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("config: [oops", "is not YAML: line 1."),
        (f"config:\n  shop:a: b\n\tshop:key: {CANARY}\n", "is not YAML: line 3."),
        (f"config:\n  - {CANARY}\n", "has a `config` that is no mapping"),
        (f"- {CANARY}\n", "is no mapping"),
    ],
)
def test_a_stack_file_that_is_broken_is_to_be_fixed_and_nothing_rests_on_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, text: str, wrong: str
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    configured(project, text)

    findings = looked(project)

    found = of(findings, "stack-file")
    assert (found.state, found.found.startswith(f"Pulumi.production.yaml {wrong}")) == ("fix", True)
    assert found.fix == f"Correct it there: {project / 'Pulumi.production.yaml'}"
    assert CANARY not in str(findings)
    assert {each.check for each in findings} == {"pulumi-command", "stack-file"}


def test_a_project_file_that_is_broken_is_to_be_fixed_and_an_empty_stack_file_is_not(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    for empty in ("", "# nothing yet\n", "{}\n", "---\nconfig:\n"):
        configured(project, empty)
        assert "stack-file" not in {each.check for each in looked(project)}

    (project / "Pulumi.yaml").write_bytes(b"name: sh\xf6p\n")
    assert of(looked(project), "stack-file").found.startswith("Pulumi.yaml is not UTF-8.")


@pytest.mark.engine
def test_a_backend_without_esc_is_said_and_a_passphrase_that_is_missing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{project.parent}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "made-up-passphrase")
    followed(project, "Run: pulumi stack init production")
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")

    findings = looked(project)

    esc = of(findings, "esc-environment")
    assert (esc.state, esc.fix) == ("fix", "Only Pulumi Cloud has. Run: pulumi login")
    passphrase = of(findings, "pulumi-passphrase")
    assert passphrase.state == "fix"
    assert "export PULUMI_CONFIG_PASSPHRASE_FILE=FILE" in passphrase.fix

    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", str(project / "gone"))
    assert "is not there" in of(looked(project), "pulumi-passphrase").found


@pytest.mark.engine
def test_a_stack_that_is_about_another_environment_is_found_and_the_commands_put_it_right(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{project.parent}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "made-up-passphrase")
    configured(project, "config: {}\n")
    followed(project, "Run: pulumi stack init production")
    followed(project, "Run: pulumi stack init blue --no-select")
    for environment, words in (
        ("dev", "of another kind"),
        ("blue", "another stack of the project"),
    ):
        followed(
            project, f"pulumi config set infra-secrets:environment {environment} --stack production"
        )
        found = of(looked(project), "stack-environment")
        assert (found.state, words in found.found) == ("fix", True)
        followed(project, found.fix)
        assert of(looked(project), "stack-environment").state == "fine"

    (project / "Pulumi.production.yaml").write_text(
        f"{(project / 'Pulumi.production.yaml').read_text()}environment:\n  - shop/staging@3\n"
    )
    found = of(looked(project), "stack-environment")
    assert (found.state, "shop/staging@3" in found.found) == ("fix", True)


@pytest.mark.engine
def test_a_stack_that_is_not_selected_or_not_there_gets_a_command(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{project.parent}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "made-up-passphrase")
    configured(project, "{}")
    followed(project, "Run: pulumi stack init production --no-select")
    followed(project, "Run: pulumi stack init staging --no-select")

    found = of(looked(project), "stack-environment")
    assert found.state == "fix"
    followed(project, found.fix)
    assert of(looked(project), "stack-environment").state == "fine"

    found = of(looked(project, "stagin"), "stack-environment")
    assert found.fix == "Name one: --stack staging"
    assert of(looked(project, "staging"), "stack-environment").state == "fine"


def test_without_the_command_a_project_has_something_to_fix_and_an_empty_folder_a_note(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    assert of(looked(project), "pulumi-command").state == "fix"
    assert of(looked(project.parent), "pulumi-command").state == "note"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("prod", "dev", True),
        ("production-eu", "shop/staging@3", True),
        ("prod", "production", False),
        ("blue", "dev", False),
        ("prod", "non-prod", False),
        ("shop-prod-eu", "live", False),
    ],
)
def test_names_contradict_when_both_say_a_kind_of_environment(
    one: str, other: str, expected: bool
) -> None:
    assert contradict(one, other) is expected
    assert contradict(other, one) is expected


def test_a_backend_is_named_without_what_logs_in_to_it() -> None:
    shown = without_logins("postgres://ann:made-up-password@db.example:5432/state?key=made-up-key")

    assert shown == "postgres://db.example:5432/state"
    assert without_logins("s3://state?region=eu-west-1&key=x") == "s3://state?region=eu-west-1"


@pytest.mark.engine
def test_a_backend_that_is_down_or_not_there_is_said_without_its_password(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "postgres://ann:made-up-password@127.0.0.1:1/state")
    found = of(looked(project, "production"), "pulumi-login")
    assert (found.state, found.outage) == ("fix", False)
    assert "does not answer" in found.found
    assert "made-up-password" not in str(found)

    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{project / 'gone'}")
    found = of(looked(project, "production"), "pulumi-login")
    assert (found.state, found.outage) == ("fix", False)
    assert "no such file or directory" in found.found
    assert "PULUMI_BACKEND_URL" in found.fix


@pytest.mark.engine
def test_a_shell_that_is_about_another_environment_than_the_stack_gets_a_note(
    project: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFRA_SECRETS_ENVIRONMENT", "staging")

    found = of(looked(project, "production"), "shell-environment")

    assert (found.state, service.status) == ("note", 200)
    assert found.fix.endswith("run: export INFRA_SECRETS_ENVIRONMENT=production")
