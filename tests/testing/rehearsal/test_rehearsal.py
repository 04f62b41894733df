import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pytest
from semver import VersionInfo

from infra_secrets.testing import (
    EngineError,
    EngineMissingError,
    Rehearsal,
    Request,
    SecretValue,
    SimulatedAws,
)
from infra_secrets.testing.canary import Canary
from infra_secrets.testing.engine import command as engine
from infra_secrets.testing.program.accounts import harmless_environment
from infra_secrets.testing.program.directory import ProjectDirectory, ProjectError


def secrets(*names: str, **args: Any) -> Callable[[], None]:
    def program() -> None:
        for name in names:
            aws.secretsmanager.Secret(name, name=f"app/{name}", **args)

    return program


# Runs -------------------------------------------------------------------------------------------


@pytest.mark.engine
def test_a_run_tells_what_was_said_and_done(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    events: list[dict[str, Any]] = []

    def program() -> None:
        print("from the program")
        pulumi.log.warn("careful")
        pulumi.export("name", aws.secretsmanager.Secret("one", name="app/one").name)

    with Rehearsal(program, on_output=lines.append, on_event=events.append) as rehearsal:
        run = rehearsal.preview(diff=True)
        assert (run.command, run.succeeded, run.exit_code, run.error) == ("preview", True, 0, "")
        assert '"app/one"' in run.output
        assert run.output.endswith("from the program")
        assert [(step.op, step.name) for step in run.changes] == [("create", "one")]
        assert run.warnings == ["warning: careful"]
        assert lines[0] == "Previewing update (stack):"
        assert tuple(events) == run.events
        assert rehearsal.aws.names() == []
        assert rehearsal.runs == [run]
    assert capsys.readouterr().out == ""


@pytest.mark.engine
def test_a_program_that_raises_fails_the_run_with_its_message() -> None:
    def program() -> None:
        raise pulumi.RunError("name the cloud")

    with Rehearsal(program) as rehearsal:
        with pytest.raises(EngineError, match="name the cloud") as raised:
            rehearsal.up()
        run = raised.value.run
        assert "Traceback" not in run.error
        said = next(each for each in run.diagnostics if each.severity == "error")
        assert "name the cloud" in said.message
        rehearsal.program = lambda: 1 / 0
        run = rehearsal.preview(check=False)
        assert "ZeroDivisionError" in run.error
        assert "Traceback" in run.error


@pytest.mark.engine
def test_outputs_are_plain_and_secret_ones_are_marked() -> None:
    def program() -> None:
        pulumi.export("open", {"list": [1, 2.5, True]})
        pulumi.export("closed", pulumi.Output.secret({"a": "b"}))

    with Rehearsal(program) as rehearsal:
        rehearsal.up()
        assert rehearsal.outputs == {
            "open": {"list": [1, 2.5, True]},
            "closed": SecretValue({"a": "b"}),
        }


@pytest.mark.engine
def test_config_of_every_kind_reaches_the_program_and_can_change() -> None:
    def program() -> None:
        config = pulumi.Config()
        pulumi.export("size", config.require_int("size"))
        pulumi.export("on", config.require_bool("on"))
        pulumi.export("tree", config.require_object("tree"))
        pulumi.export("key", config.require_secret("key"))
        pulumi.export("other", pulumi.Config("other").require("word"))

    config = {"size": 3, "on": True, "tree": {"a": [1, "b"]}, "other:word": "x"}
    with Rehearsal(
        program, project="shop", stack="prod", config=config, secrets={"key": "hush!!"}
    ) as rehearsal:
        rehearsal.up()
        expected = {"size": 3, "on": True, "tree": {"a": [1, "b"]}, "other": "x"}
        assert rehearsal.outputs == {**expected, "key": SecretValue("hush!!")}
        rehearsal.configure(config={**config, "size": 4})
        rehearsal.up()
        assert rehearsal.outputs == {**expected, "size": 4, "key": SecretValue("hush!!")}
        assert rehearsal.state()["resources"][0]["urn"].startswith("urn:pulumi:prod::shop::")


@pytest.mark.engine
def test_the_requests_are_plain_data_with_secrets_marked() -> None:
    def program() -> None:
        tags: Any = {"open": "yes", "closed": pulumi.Output.secret("hush!!")}
        aws.secretsmanager.Secret("one", name="app/one", tags=tags)

    with Rehearsal(program) as rehearsal:
        rehearsal.up()
        (create,) = [each for each in rehearsal.requests if each.operation == "create"]
        assert (create.package, create.name) == ("aws", "one")
        assert create.type == "aws:secretsmanager/secret:Secret"
        assert create.properties["tags"] == {"open": "yes", "closed": SecretValue("hush!!")}
        assert rehearsal.aws.describe("app/one")["Tags"] == {"open": "yes", "closed": "hush!!"}
        (resource,) = rehearsal.resources
        assert resource["outputs"]["tags"]["open"] == "yes"
        assert resource["outputs"]["tags"]["closed"] != "hush!!"


@pytest.mark.engine
def test_what_no_cloud_knows_is_echoed_and_listed() -> None:
    def program() -> None:
        pulumi.export("topic", aws.sns.Topic("topic", name="news").id)
        pulumi.export("zones", aws.get_availability_zones_output(state="available").state)

    with Rehearsal(program) as rehearsal:
        rehearsal.up()
        assert rehearsal.outputs["topic"] == "arn:aws:sns:eu-west-1:123456789012:news"
        assert rehearsal.outputs["zones"] == "available"
        assert rehearsal.echoed == [
            "aws:index/getAvailabilityZones:getAvailabilityZones",
            "aws:sns/topic:Topic",
        ]
        assert rehearsal.up().changes == []


@pytest.mark.engine
def test_a_manifest_has_its_name_and_form_even_where_no_cluster_is_simulated() -> None:
    def program() -> None:
        config = kubernetes.core.v1.Secret("env", string_data={"a": "b"})
        pulumi.export("name", config.metadata.name)
        pulumi.export("namespace", config.metadata.namespace)
        pulumi.export("data", config.data)

    with Rehearsal(program, clouds=[]) as rehearsal:
        rehearsal.up()
        assert rehearsal.outputs["name"].startswith("env-")
        assert rehearsal.outputs["namespace"] == "default"
        assert rehearsal.outputs["data"] == SecretValue({"a": "Yg=="})
        assert rehearsal.echoed == ["kubernetes:core/v1:Secret"]
        assert rehearsal.up().changes == []


@pytest.mark.engine
def test_a_rule_switched_off_changes_what_happens() -> None:
    cloud = SimulatedAws(without={"aws-deletes-before-it-replaces"})
    with Rehearsal(secrets("one"), clouds=[cloud]) as rehearsal:
        rehearsal.up()
        rehearsal.program = lambda: aws.secretsmanager.Secret("one", name="app/two")
        assert rehearsal.preview().changes[0].op == "create-replacement"
        assert rehearsal.aws is cloud


@pytest.mark.engine
def test_hooks_and_transforms_run_in_the_program_s_own_context() -> None:
    ran: list[str] = []

    def hook(args: pulumi.ResourceHookArgs) -> None:
        ran.append(f"{args.name} in {pulumi.get_project()}")
        if args.name == "two":
            raise ValueError("not this one")

    def tag(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
        return pulumi.ResourceTransformResult({**args.props, "tags": {"by": "me"}}, args.opts)

    def program() -> None:
        pulumi.runtime.register_resource_transform(tag)
        hooks = pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("look", hook)])
        for name in names:
            opts = pulumi.ResourceOptions(hooks=hooks)
            aws.secretsmanager.Secret(name, name=f"app/{name}", opts=opts)

    names = ["one"]
    with Rehearsal(program, project="shop") as rehearsal:
        rehearsal.up()
        assert ran == ["one in shop"]
        assert rehearsal.aws.describe("app/one")["Tags"] == {"by": "me"}
        names.append("two")
        with pytest.raises(EngineError, match="not this one"):
            rehearsal.up()
        assert rehearsal.aws.names() == ["app/one"]


# What goes wrong --------------------------------------------------------------------------------


@pytest.mark.engine
def test_a_provider_error_stops_at_its_resource_and_the_next_up_goes_on() -> None:
    with Rehearsal(secrets("one", "two", "three")) as rehearsal:
        rehearsal.aws.fail_next("create", "two", "Throttling: slow down")
        run = rehearsal.up(check=False)
        assert "Throttling: slow down" in run.error
        assert [step.name for step in run.steps if step.failed] == ["two"]
        rehearsal.up()
        assert rehearsal.aws.names() == ["app/one", "app/three", "app/two"]


@pytest.mark.engine
def test_a_hook_may_act_between_two_requests() -> None:
    def operator(request: Request) -> None:
        if request.operation == "update":
            rehearsal.aws.set_value("app/one", "just in time")

    with Rehearsal(secrets("one")) as rehearsal:
        rehearsal.up()
        rehearsal.aws.before_request = operator
        rehearsal.program = secrets("one", description="new")
        rehearsal.up()
        assert rehearsal.aws.value("app/one") == "just in time"


@pytest.mark.engine
@pytest.mark.parametrize("takes_effect", [True, False])
def test_a_killed_engine_leaves_a_lock_and_a_container_that_the_state_does_not_know(
    takes_effect: bool,
) -> None:
    with Rehearsal(secrets("one", "two", opts=None)) as rehearsal:
        run = rehearsal.up(
            kill_when=lambda request: request.operation == "create" and request.name == "two",
            killed_request_takes_effect=takes_effect,
        )
        assert run.exit_code < 0
        assert ("app/two" in rehearsal.aws.names()) == takes_effect
        with pytest.raises(EngineError, match="currently locked"):
            rehearsal.up()
        rehearsal.cancel()
        again = rehearsal.up(check=False)
        assert ("the secret app/two already exists" in again.error) == takes_effect
    assert [thread for thread in threading.enumerate() if "serve_forever" in thread.name] == []


@pytest.mark.engine
def test_a_lost_state_leaves_the_clouds_as_they_are() -> None:
    with Rehearsal(secrets("one")) as rehearsal:
        rehearsal.up()
        rehearsal.aws.set_value("app/one", "operator's value")
        rehearsal.lose_state()
        assert (rehearsal.state(), rehearsal.resources) == ({}, [])
        assert "already exists" in rehearsal.up(check=False).error
        assert rehearsal.aws.value("app/one") == "operator's value"


@pytest.mark.engine
def test_the_state_can_be_edited_by_hand() -> None:
    def protect(deployment: dict[str, Any]) -> None:
        for resource in deployment["resources"]:
            resource["protect"] = True

    with Rehearsal(secrets("one")) as rehearsal:
        rehearsal.up()
        rehearsal.edit_state(protect)
        with pytest.raises(EngineError, match="protected"):
            rehearsal.destroy()


@pytest.mark.engine
def test_a_fork_goes_its_own_way_from_where_it_was_made() -> None:
    with Rehearsal(secrets("one"), secrets={"key": "hush!!"}) as rehearsal:
        rehearsal.up()
        rehearsal.aws.set_value("app/one", "operator's value")
        fork = rehearsal.fork()
        fork.program = secrets("one", "two")
        assert [step.name for step in fork.up().changes] == ["two"]
        fork.aws.delete("app/one")
        assert rehearsal.aws.names() == ["app/one"]
        assert rehearsal.aws.value("app/one") == "operator's value"
        assert len(rehearsal.resources) == 1
        assert len(fork.runs) == 2
        assert {canary.name for canary in fork.canaries} == {
            "secret config project:key",
            "value 1 set in aws",
        }


@pytest.mark.engine
def test_skipping_checkpoints_still_leaves_a_state() -> None:
    with Rehearsal(secrets("one"), skip_checkpoints=True) as rehearsal:
        rehearsal.up()
        assert len(rehearsal.resources) == 1


# The engine -------------------------------------------------------------------------------------


def test_without_an_engine_the_error_names_the_two_ways_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    with Rehearsal(secrets("one")) as rehearsal:
        with pytest.raises(EngineMissingError) as raised:
            rehearsal.up()
        assert "https://www.pulumi.com/docs/install/" in str(raised.value)
        assert "`make engine`" in str(raised.value)


def test_an_engine_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "engine_version", lambda _path: VersionInfo(3, 218, 0))
    with pytest.raises(
        EngineMissingError, match=r"is version 3\.218\.0; a rehearsal needs 3\.219\.0"
    ):
        engine.find_engine()


def test_no_account_reaches_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "PULUMI_ACCESS_TOKEN", "ARM_CLIENT_SECRET", "KUBECONFIG"):
        monkeypatch.setenv(name, "real")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "real")
    assert "real" not in harmless_environment().values()
    assert harmless_environment()["PATH"] == os.environ["PATH"]


def test_everything_is_removed_at_the_end() -> None:
    with Rehearsal(secrets("one")) as rehearsal:
        fork = rehearsal.fork()
        roots = [rehearsal._stack.folder, fork._stack.folder]
        assert all(root.is_dir() for root in roots)
    assert not any(root.exists() for root in roots)


# A project in a directory -----------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "Pulumi.yaml": "name: shop\nruntime: {name: python}\nmain: app\n"
        "config:\n  aws:region: {value: eu-north-1}\n  size: {type: integer, default: 3}\n"
        "  word: {value: from the project}\n",
        "Pulumi.prod.yaml": "environment: [shop/prod, shop/common]\nencryptionsalt: v1:made-up\n"
        "config:\n  shop:word: from the stack\n  shop:password: {secure: AAAB}\n"
        "  shop:db: {host: h, users: [{name: a, password: {secure: AAAC}}]}\n",
        "app/__main__.py": "import os\nimport pulumi\nimport pulumi_aws as aws\nimport beside\n"
        "config = pulumi.Config()\n"
        "print(os.getcwd(), os.environ.get('AWS_PROFILE'))\n"
        "aws.secretsmanager.Secret('key', name=f'shop/{pulumi.get_stack()}/{beside.KEY}')\n"
        "pulumi.export('size', config.require_int('size'))\n"
        "pulumi.export('word', config.require('word'))\n"
        "pulumi.export('password', config.require_secret('password'))\n"
        "pulumi.export('db', config.require_secret_object('db'))\n"
        "def later(_):\n    import late\n    return late.VALUE\n"
        "pulumi.export('late', pulumi.Output.from_input(1).apply(later))\n",
        "app/beside.py": "KEY = 'one'\n",
        "app/late.py": "VALUE = 'imported in an apply'\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.engine
def test_a_project_runs_from_its_directory_and_nothing_is_written_there(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "real")
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*")}
    here, path, modules = Path.cwd(), list(sys.path), set(sys.modules)
    with Rehearsal(directory=project) as rehearsal:
        run = rehearsal.up()
        assert run.output.endswith(f"{project / 'app'} None")
        assert rehearsal.aws.describe("shop/prod/one")["Region"] == "eu-north-1"
        outputs = rehearsal.outputs
        assert (outputs["size"], outputs["word"]) == (3, "from the stack")
        assert outputs["late"] == "imported in an apply"
        assert rehearsal.replaced == ["shop:password", "shop:db.users.0.password"]
        assert len(rehearsal.canaries) == 2
        inner = outputs["db"].value["users"][0]["password"]
        assert inner.startswith("canary-")
        assert "shop/prod, shop/common" in rehearsal.notes[0]
        rehearsal.assert_no_leak()
        (project / "app/beside.py").write_text("KEY = 'two'\n", encoding="utf-8")
        fork = rehearsal.fork()
        fork.up()
        assert fork.aws.names() == ["shop/prod/two"]
    after = {path: path.stat().st_mtime_ns for path in project.rglob("*")}
    assert set(after) == set(before)
    assert (Path.cwd(), sys.path) == (here, path)
    assert os.environ["AWS_PROFILE"] == "real"
    assert not {"beside", "late"} & (set(sys.modules) - modules)


@pytest.mark.engine
def test_given_config_takes_the_place_of_the_directory_s(project: Path) -> None:
    with Rehearsal(
        directory=project, config={"word": "mine"}, secrets={"password": "chosen by me"}
    ) as rehearsal:
        rehearsal.up()
        assert rehearsal.outputs["word"] == "mine"
        assert rehearsal.outputs["password"] == SecretValue("chosen by me")
        assert rehearsal.replaced == ["shop:db.users.0.password"]


def test_the_stack_is_the_only_one_or_the_one_asked_for(project: Path) -> None:
    assert ProjectDirectory.read(project).stack == "prod"
    other = ProjectDirectory.read(project, "other")
    assert (other.stack, other.config["shop:word"], dict(other.secrets)) == (
        "other",
        "from the project",
        {},
    )
    (project / "Pulumi.dev2.yaml").write_text("config: {}\n", encoding="utf-8")
    assert ProjectDirectory.read(project).stack == "dev"


def test_a_directory_without_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"no Pulumi\.yaml in"):
        Rehearsal(directory=tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: x\n", encoding="utf-8")
    with pytest.raises(ProjectError, match="must have `name` and `runtime`"):
        Rehearsal(directory=tmp_path)


def test_a_language_without_its_host_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: cobol\n", encoding="utf-8")
    with pytest.raises(ProjectError, match="there is no pulumi-language-cobol on the PATH"):
        Rehearsal(directory=tmp_path)


def test_a_copy_of_the_settings_points_back_into_the_directory(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text(
        "name: x\nruntime: yaml\nbackend: {url: 's3://x'}\nconfig: {a: b}\n"
        "packages: {mine: ./sdk, other: random@1.0}\n",
        encoding="utf-8",
    )
    settings = ProjectDirectory.read(tmp_path).settings
    assert settings == {
        "name": "x",
        "runtime": "yaml",
        "main": str(tmp_path),
        "packages": {"mine": str(tmp_path / "sdk"), "other": "random@1.0"},
    }


def test_a_made_up_secret_is_named_after_its_place(project: Path) -> None:
    planted = ProjectDirectory.read(project).secrets
    assert {path: isinstance(each, Canary) for path, each in planted.items()} == {
        ("shop:password",): True,
        ("shop:db", "users", 0, "password"): True,
    }


@pytest.mark.parametrize("file", ["Pulumi.prod.yaml", "Pulumi.prod.yml", "Pulumi.prod.json"])
def test_environments_that_are_not_opened_are_named_with_the_file_that_names_them(
    tmp_path: Path, file: str
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / file).write_text('{"environment": ["shop/prod", {"shop/common": {}}]}')

    [note] = ProjectDirectory.read(tmp_path).notes

    assert note.startswith(
        f"{file} names ESC environments that a rehearsal does not open: shop/prod, shop/common."
    )
