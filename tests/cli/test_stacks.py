"""What a project's stacks declare (`cli/stacks.py`): from recorded states, and from what the real engine writes."""

from pathlib import Path
from typing import Any

import pytest

from infra_secrets import Secret
from infra_secrets.cli.stacks import NOT_SHOWN, Project, StackError
from infra_secrets.testing import Rehearsal
from tests.cli.projects import RecordedProject, arn, of_an_older_version, secret, with_state
from tests.clouds.containers import principals
from tests.conftest import config_for

STRIPE = "shop/production/stripe-api-key"
WRITER_ROLE = {"infra-secrets:azureWriterRoleId": "11111111-2222-3333-4444-666666666666"}
CIPHERTEXT = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    "ciphertext": "v1:x",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    inputs: dict[str, Any] = {
        "description": "Takes payments.",
        "owner": "payments@example.com",
        "maxAgeDays": 90,
        "fields": ["URL"],
        "readers": ["arn:aws:iam::123456789012:role/a", CIPHERTEXT],
        "writers": ["arn:aws:iam::123456789012:role/b"],
    }
    recorded = RecordedProject(
        tmp_path,
        monkeypatch,
        {
            "production": [
                {
                    "urn": "urn:pulumi:production::shop::pulumi:pulumi:Stack::shop-production",
                    "type": "pulumi:pulumi:Stack",
                },
                secret(STRIPE, **inputs),
                secret("shop/production/refused", id_=None),
                {**secret("shop/production/replaced"), "delete": True},
                secret("shop/production/elsewhere", id_=None, cloud="another-clouds"),
            ],
            "old": [of_an_older_version(secret(STRIPE))],
            "empty": [],
        },
    )
    found = Project.find(recorded.directory)
    assert found is not None
    return found


def test_a_container_is_declared_with_what_its_code_says_and_where_its_id_says_it_is(
    project: Project,
) -> None:
    stripe = project.declared("production")[0]

    assert (stripe.name.reference, stripe.cloud, stripe.logical_name, stripe.stack) == (
        *(STRIPE, "aws", "StripeApiKey", "production"),
    )
    assert (stripe.id, stripe.place) == (
        arn(STRIPE),
        {"region": "eu-central-1", "account": "123456789012"},
    )
    assert (stripe.description, stripe.owner, stripe.max_age_days) == (
        *("Takes payments.", "payments@example.com", 90),
    )
    assert (stripe.fields, stripe.writers) == (("URL",), ("arn:aws:iam::123456789012:role/b",))
    assert stripe.registered


def test_what_the_state_has_encrypted_is_not_shown(project: Project) -> None:
    assert project.declared("production")[0].readers == (
        "arn:aws:iam::123456789012:role/a",
        NOT_SHOWN,
    )


def test_a_container_that_was_refused_is_declared_and_has_no_id(project: Project) -> None:
    _, refused = project.declared("production")

    assert (refused.name.reference, refused.id, refused.place) == (
        *("shop/production/refused", None, {}),
    )


def test_a_container_that_waits_to_be_deleted_or_is_on_an_unknown_cloud_is_not_declared(
    project: Project,
) -> None:
    names = [each.name.key for each in project.declared("production")]

    assert names == ["stripe-api-key", "refused"]


def test_a_state_of_a_version_without_inputs_tells_cloud_and_place_by_the_id(
    project: Project,
) -> None:
    [old] = project.declared("old")

    assert (old.name.reference, old.cloud, old.place["region"]) == (STRIPE, "aws", "eu-central-1")
    assert (old.owner, old.max_age_days, old.readers, old.registered) == (None, None, (), False)


def test_a_stack_without_containers_declares_none(project: Project) -> None:
    assert project.declared("empty") == []


def test_the_stacks_are_listed_and_one_is_selected(project: Project) -> None:
    assert project.stacks() == ["production", "old", "empty"]
    assert project.selected() == "production"


def test_service_and_environment_are_those_of_the_config_else_of_project_and_stack(
    project: Project,
) -> None:
    (project.directory / "Pulumi.production.yaml").write_text(
        "config:\n  infra-secrets:service: api\n  infra-secrets:environment: live\n"
    )

    assert project.parts("production") == ("api", "live")
    assert project.parts("acme/old") == ("shop", "old")


def test_a_stack_that_is_not_there_is_refused_with_what_pulumi_said_and_two_ways_out(
    project: Project,
) -> None:
    with pytest.raises(StackError) as refused:
        project.declared("nowhere")

    assert "no stack named 'nowhere' found. Fix that" in str(refused.value)
    assert "--cloud, --service, --environment" in str(refused.value)


@pytest.mark.engine
@pytest.mark.parametrize(
    "backend",
    [
        "postgres://ann:made-up-pw@127.0.0.1:1/db",
        "s3://b?awssecret=made-up-pw",
        "file:///nowhere?token=made-up-pw",
    ],
)
def test_the_login_in_the_address_of_a_backend_that_cannot_be_opened_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", backend)

    with pytest.raises(StackError, match="unable to open") as refused:
        Project(directory=tmp_path, name="shop").stacks()

    assert "made-up-pw" not in str(refused.value)


@pytest.mark.parametrize("answer", ["", "warning: a new version\n{}", "[1,"])
def test_an_answer_that_is_no_json_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    recorded = RecordedProject(tmp_path, monkeypatch, {"production": []})
    recorded.answer("production", answer)

    with pytest.raises(StackError, match="did not answer with JSON"):
        Project(directory=recorded.directory, name="shop").declared("production")


def test_without_pulumi_on_the_path_the_way_out_is_to_install_it_or_to_name_the_place(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(StackError, match=r"https://www\.pulumi\.com/docs/install/") as refused:
        project.stacks()

    assert "--cloud, --service, --environment" in str(refused.value)


def test_a_folder_outside_of_a_project_has_none(tmp_path: Path) -> None:
    assert Project.find(tmp_path) is None


@pytest.mark.engine
def test_what_the_real_engine_wrote_is_read_back_as_it_was_declared(
    cloud: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = principals(cloud)[:2]

    def program() -> None:
        Secret(
            "StripeApiKey",
            description="Takes payments.",
            owner="payments@example.com",
            max_age_days=90,
            readers=[reader],
            writers=[writer],
        )
        Secret("Database", fields=["URL", "PASSWORD"])

    with Rehearsal(
        program, project="shop", stack="production", config=config_for(cloud, WRITER_ROLE)
    ) as rehearsal:
        rehearsal.up()
        project = Project.find(with_state(rehearsal.state(), tmp_path, monkeypatch))
        assert project is not None

        assert project.selected() == "production"
        found = {each.logical_name: each for each in project.declared("production")}

    stripe, database = found["StripeApiKey"], found["Database"]
    assert len(found) == 2
    assert (stripe.name.reference, stripe.cloud, stripe.stack) == (STRIPE, cloud, "production")
    assert (stripe.description, stripe.owner, stripe.max_age_days) == (
        *("Takes payments.", "payments@example.com", 90),
    )
    assert (stripe.readers, stripe.writers, stripe.fields) == ((reader,), (writer,), ())
    assert (database.name.reference, database.fields) == ("shop/production", ("URL", "PASSWORD"))
    assert stripe.place
    assert "name" not in stripe.place
    assert stripe.registered
