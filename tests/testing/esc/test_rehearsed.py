"""The fake ESC on the real engine."""

import os
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra_secrets.testing import (
    LeakError,
    Rehearsal,
    SecretValue,
    ordinary_config,
)
from infra_secrets.testing.esc import EscError
from tests.testing.esc.recorded import (
    SPELLINGS,
    VALUE,
    Seen,
    environment,
    pulumi_config,
    reading,
    recorded,
    secret,
)


@pytest.mark.engine
def test_the_engine_gets_the_same_config_as_a_recording() -> None:
    lines = [f"    k{number}: {written}" for number, written in enumerate(SPELLINGS)]
    text = "\n".join(
        [
            "values:",
            "  pw: {fn::secret: 'hush \"&$ hush'}",
            "  pulumiConfig:",
            *lines,
            "    url: x://${pw}",
            "    lost: {fn::fromJSON: {fn::secret: '12'}}",
            "    doc: {list: [1, {a.b: '${pw}'}], c: 1.50}",
            "    dotted.key: {'x\"y': '${pw}', z: '${pw}'}",
            '    multi: {fn::secret: "a\\nb=c\\n"}',
            "    nothing: {fn::secret: ''}",
        ]
    )
    config = {"doc": {"own": ["1", 2], "c": True}, "num": 1}
    secrets = {"own": "own secret"}
    seen = Seen()
    with Rehearsal(
        seen, project="nlp", config=config, secrets=secrets, esc={"a/b": text}
    ) as rehearsal:
        rehearsal.up()
    assert (seen.config, seen.secret) == recorded({"a/b": text}, config, secrets=secrets)
    assert (
        seen.config["nlp:dotted.key"]
        == '{"x\\"y":"hush \\"\\u0026$ hush","z":"hush \\"\\u0026$ hush"}'
    )


@pytest.mark.engine
def test_no_command_shows_a_value_of_an_environment_and_a_copy_has_it_too() -> None:
    esc = {"a/b": pulumi_config({"db": secret(VALUE), "port": 5432})}
    with Rehearsal(reading, config=ordinary_config("aws"), esc=esc) as rehearsal:
        rehearsal.preview(diff=True)
        rehearsal.up()
        with rehearsal.fork() as fork:
            fork.refresh()
            assert fork.up().changes == []
            assert fork.outputs["url"] == SecretValue(VALUE)
            fork.edit_state(_unprotected)
            fork.destroy()
            fork.cancel(check=False)
            assert VALUE in {canary.value for canary in fork.canaries}
            fork.assert_no_leak()


def _unprotected(deployment: dict[str, Any]) -> None:
    for resource in deployment["resources"]:
        resource.pop("protect", None)


@pytest.mark.engine
def test_a_secret_of_an_environment_is_a_canary() -> None:
    esc = {"a/b": pulumi_config({"token": secret("hush hush hush")})}

    def careless() -> None:
        pulumi.export("token", str(pulumi.Config().require("token")))

    with Rehearsal(careless, esc=esc) as rehearsal:
        rehearsal.up()
        with pytest.raises(LeakError, match=r"ESC value pulumiConfig\.token in file backend"):
            rehearsal.assert_no_leak()


@pytest.mark.engine
def test_a_secret_number_is_plain_for_the_engine_and_so_it_leaks() -> None:
    esc = {"a/b": pulumi_config({"pin": {"fn::fromJSON": secret("123456789")}})}
    with Rehearsal(lambda: None, esc=esc) as rehearsal:
        rehearsal.up()
        with pytest.raises(LeakError, match=r"ESC value pulumiConfig\.pin in .*history"):
            rehearsal.assert_no_leak()


@pytest.mark.engine
def test_the_program_has_the_environment_variables_only_while_it_runs() -> None:
    seen: list[str | None] = []
    esc = {"a/b": environment({"environmentVariables": {"ESC_PORT": 5432}})}
    with Rehearsal(lambda: seen.append(os.environ.get("ESC_PORT")), esc=esc) as rehearsal:
        rehearsal.preview()
    assert seen == ["5432"]
    assert "ESC_PORT" not in os.environ


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: nlp\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "environment:\n  - nlp/base@3\n  - nlp/dev\nconfig:\n  nlp:word: own\n"
    )
    (tmp_path / "__main__.py").write_text(
        "import pulumi\n"
        "config = pulumi.Config()\n"
        "pulumi.export('root', pulumi.get_root_directory())\n"
        "pulumi.export('word', config.get('word'))\n"
        "pulumi.export('token', config.get_secret('token'))\n"
    )
    return tmp_path


@pytest.mark.engine
def test_a_directory_s_environments_can_be_given(project: Path) -> None:
    esc = {
        "nlp/dev": pulumi_config({"token": secret("of the later one")}),
        "nlp/base": pulumi_config({"token": secret("of the base"), "word": "esc"}),
    }
    with Rehearsal(directory=project, esc=esc) as rehearsal:
        rehearsal.up()
        assert rehearsal.notes == []
        assert rehearsal.outputs["word"] == "own"
        assert rehearsal.outputs["token"] == SecretValue("of the later one")
        assert rehearsal.outputs["root"] == str(project)
        rehearsal.assert_no_leak()


def test_a_directory_s_environment_that_is_missing_is_named(project: Path) -> None:
    with pytest.raises(EscError, match="imports nlp/dev, which was not given"):
        Rehearsal(directory=project, esc={"nlp/base": "values: {}"})


@pytest.mark.engine
def test_a_directory_s_environments_are_noted_when_they_are_not_given(project: Path) -> None:
    with Rehearsal(directory=project) as rehearsal:
        rehearsal.up()
        assert "Rehearsal(esc=...)" in rehearsal.notes[0]
        assert rehearsal.outputs["word"] == "own"
