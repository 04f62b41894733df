"""The command line: what it shows, the exit code it ends with, and what it leaves behind.

A rehearsal costs seconds, so each is run once, and every test reads what it said.
"""

import json
import os
import select
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from infra_secrets import clouds
from infra_secrets.cli import main
from infra_secrets.testing import ordinary_config
from tests.conftest import PATIENCE, ROOT

# A job in the background is started with Ctrl-C ignored; a person's terminal is not.
COMMAND = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from infra_secrets.cli import main; main()"
)


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def report(self) -> Any:
        return json.loads(self.out)


def project(folder: Path, program: str, **files: str) -> Path:
    """Write a project named shop, with a Python program unless its Pulumi.yaml is given."""
    folder.mkdir(parents=True)
    texts = {
        "Pulumi.yaml": "name: shop\nruntime: python\n",
        "__main__.py": dedent(program),
        **files,
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def run(*arguments: str, environment: Mapping[str, str] | None = None) -> Said:
    """Run the command in a process of its own, in the root folder."""
    # Test runners say how wide their own terminal is; what is tested is what a log gets.
    inherited = {key: text for key, text in os.environ.items() if key != "COLUMNS"}
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        capture_output=True,
        encoding="utf-8",
        cwd="/",
        env={**inherited, "PYTHONIOENCODING": "utf-8", **(environment or {})},
        check=False,
        timeout=PATIENCE,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> Said:
    """Run the command in this process."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
    finally:
        signal.signal(signal.SIGTERM, before)
    captured = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return Said(ended.value.code, captured.out, captured.err)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


# The quickstart on every cloud ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quickstart() -> Said:
    options = [text for cloud in clouds.available() for text in ("--cloud", cloud)]
    return run("rehearse", str(ROOT), *options, "--json")


def rehearsed(quickstart: Said, cloud: str) -> Any:
    return next(each for each in quickstart.report["rehearsals"] if each["cloud"] == cloud)


@pytest.mark.engine
def test_the_quickstart_is_well_on_every_cloud(quickstart: Said) -> None:
    assert quickstart.code == 0, quickstart.err
    assert quickstart.report["well"] is True


@pytest.mark.engine
def test_its_containers_are_named_as_the_cloud_spells_them(quickstart: Said, cloud: str) -> None:
    separator = clouds.load(cloud).SPELLING.separator
    references = [
        "payments/dev",
        "payments/dev/stripe-api-key",
        "payments/dev/webhook-signing-key",
    ]

    found = rehearsed(quickstart, cloud)["containers"]

    assert [each["reference"] for each in found] == references
    assert [each["name"] for each in found] == [text.replace("/", separator) for text in references]
    assert {each["retention"] for each in found} == {"keep"}
    assert {each["state"] for each in found} <= {"empty", "disabled"}


@pytest.mark.engine
def test_every_step_of_the_quickstart_ends_as_it_should(quickstart: Said, cloud: str) -> None:
    steps = {each["title"]: each for each in rehearsed(quickstart, cloud)["steps"]}

    assert all(each["succeeded"] for each in steps.values())
    assert {title: each["outcome"] for title, each in steps.items()} == {
        "preview": "6 to create",
        "up": "6 created",
        "operator sets values": "3 containers",
        "preview --diff": "nothing to change",
        "up again": "nothing to change",
        "destroy": "3 refused, as it should be",
    }


@pytest.mark.engine
def test_every_value_that_the_operator_set_was_looked_for(quickstart: Said, cloud: str) -> None:
    leaks = rehearsed(quickstart, cloud)["leaks"]

    assert leaks["canaries"] == 3
    assert leaks["places"] > 500
    assert leaks["sightings"] == []


@pytest.mark.engine
def test_config_that_a_cloud_needs_is_filled_in_and_said(quickstart: Said, cloud: str) -> None:
    assert {"infra-secrets:cloud": cloud, **rehearsed(quickstart, cloud)["filled_in"]} == (
        ordinary_config(cloud)
    )


def test_every_cloud_has_ordinary_config() -> None:
    assert all(len(ordinary_config(cloud)) > 1 for cloud in clouds.available())


@pytest.mark.engine
def test_progress_is_told_apart_from_the_report(quickstart: Said) -> None:
    assert "ok  aws: up: 6 created" in quickstart.err
    assert quickstart.out.startswith("{")


# A program with secrets of every kind -----------------------------------------------------------------


@pytest.fixture(scope="module")
def assorted(tmp_path_factory: pytest.TempPathFactory) -> Said:
    folder = project(
        tmp_path_factory.mktemp("assorted") / "shop",
        """
        import pulumi
        import pulumi_aws as aws
        from infra_secrets import Secret

        pulumi.log.warn("mind the step")
        Secret("Kept", description=pulumi.Config().require("description"))
        Secret("Recovered", retention="recover")
        Secret("Discarded", retention="discard")
        aws.secretsmanager.Secret("raw", name="raw/one")
        aws.s3.Bucket("bucket")
        """,
        **{"Pulumi.production.yaml": "config:\n  shop:description: from the stack\n"},
    )
    inner = folder / "src" / "deeper"
    inner.mkdir(parents=True)
    return run("rehearse", str(inner), "--cloud", "aws", "--config", "aws:region=eu-north-1")


@pytest.mark.engine
def test_the_project_is_found_above_the_folder_and_its_only_stack_is_taken(assorted: Said) -> None:
    assert assorted.code == 0, assorted.out
    assert "shop, stack production on aws" in assorted.out


@pytest.mark.engine
def test_the_table_shows_what_each_removal_did(assorted: Said) -> None:
    rows = [line.split() for line in assorted.out.splitlines() if " aws " in line]

    assert rows == [
        ["(no", "Secret", "of", "this", "package)", "raw/one", "aws", "recover", "empty"],
        ["shop/production/discarded"] * 2 + ["aws", "discard", "empty"],
        ["shop/production/kept"] * 2 + ["aws", "keep", "empty"],
        ["shop/production/recovered"] * 2 + ["aws", "recover", "empty"],
    ]
    assert (
        "destroy: 1 refused, as it should be; 2 deleted, can be brought back; 1 deleted for good"
        in assorted.err
    )


@pytest.mark.engine
def test_what_was_only_echoed_is_named(assorted: Said) -> None:
    assert "Only echoed" in assorted.out
    assert "  - aws:s3/bucket:Bucket" in assorted.out


@pytest.mark.engine
def test_what_the_program_said_is_shown_once(assorted: Said) -> None:
    assert assorted.out.count("mind the step") == 1


@pytest.mark.engine
def test_config_that_is_given_is_not_filled_in(assorted: Said) -> None:
    assert "made up for the rehearsal" not in assorted.out


@pytest.mark.engine
def test_the_verdict_covers_the_operators_values(assorted: Said) -> None:
    assert "No leak: 4 made-up secret values were looked for in" in assorted.out
    assert assorted.out.rstrip().endswith("All is well.")


# A program that leaks ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Leak:
    said: Said
    before: dict[str, bytes]
    after: dict[str, bytes]


@pytest.fixture(scope="module")
def leak(tmp_path_factory: pytest.TempPathFactory) -> Leak:
    folder = project(
        tmp_path_factory.mktemp("leak") / "geheime Schlüssel №1",
        """
        import base64
        import beside
        import pulumi

        password = pulumi.Config().require("password")
        print("the password is", password)
        pulumi.log.warn(f"connecting with {password}")
        pulumi.export("open", password)
        pulumi.export("encoded", base64.b64encode(password.encode()).decode())
        pulumi.export("marked", pulumi.Config().require_secret("token"))
        """,
        **{
            "beside.py": "",
            "Pulumi.dev.yaml": dedent("""
                config:
                  shop:password:
                    secure: v1:made:up
                  shop:token:
                    secure: v1:made:up
            """),
        },
    )
    before = contents(folder)
    said = run("rehearse", str(folder))
    return Leak(said, before, contents(folder))


@pytest.mark.engine
def test_a_secret_in_a_plain_output_is_noticed(leak: Leak) -> None:
    assert leak.said.code == 1
    assert "Leak: 2 made-up secret values were looked for in" in leak.said.out
    assert "A secret is visible where none may be: secret config shop:password.\n" in leak.said.out


@pytest.mark.engine
def test_it_is_said_where_and_how_a_secret_was_seen(leak: Leak) -> None:
    assert "secret config shop:password in output of run 2, `pulumi up` (plain)" in leak.said.out
    assert "(base64)" in leak.said.out


@pytest.mark.engine
def test_no_made_up_value_is_printed_in_any_form(leak: Leak) -> None:
    assert "connecting with [secret]" in leak.said.out
    for text in ("canary-", "Y2FuYXJ5"):  # the same in base64
        assert text not in leak.said.out + leak.said.err


@pytest.mark.engine
def test_replaced_secret_config_is_named(leak: Leak) -> None:
    assert "shop:password, shop:token" in leak.said.out


@pytest.mark.engine
def test_a_program_without_containers_gets_a_verdict_too(leak: Leak) -> None:
    assert "No containers" in leak.said.out
    assert "destroy: everything deleted" in leak.said.err


@pytest.mark.engine
def test_the_directory_is_unchanged_byte_for_byte(leak: Leak) -> None:
    assert leak.after == leak.before


# Programs that fail -----------------------------------------------------------------------------------


@pytest.mark.engine
def test_a_program_that_raises_is_shown_once_from_its_own_lines_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(
        tmp_path / "shop",
        """
        import pulumi

        raise RuntimeError("no database for " + pulumi.Config().require("password"))
        """,
        **{"Pulumi.dev.yaml": "config:\n  shop:password:\n    secure: v1:made:up\n"},
    )

    said = call(capsys, "rehearse", str(folder), "--stack", "acme/shop/dev")

    assert said.code == 1
    assert said.out.count("RuntimeError: no database for [secret]") == 1
    assert said.out.count("Traceback") == 1
    assert "runpy" not in said.out
    assert "canary-" not in said.out + said.err
    assert "`pulumi preview` failed." in said.out


@pytest.mark.engine
def test_a_refusal_of_the_package_is_shown_as_its_message_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(
        tmp_path / "shop", 'from infra_secrets import Secret\nSecret("A", retentoin="keep")\n'
    )

    said = call(capsys, "rehearse", str(folder), "--cloud", "gcp", "--json")

    assert said.code == 1
    (error,) = said.report["rehearsals"][0]["errors"]
    assert error.startswith('Secret("A"): ')
    assert "retention" in error


@pytest.mark.engine
def test_a_program_that_never_settles_is_not_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(
        tmp_path / "shop",
        """
        import uuid
        import pulumi
        import pulumi_aws as aws

        part = pulumi.Config().require("token")[:27]
        aws.secretsmanager.Secret("raw", name=f"raw/{part}-{uuid.uuid4()}")
        """,
        **{"Pulumi.dev.yaml": "config:\n  shop:token:\n    secure: v1:made:up\n"},
    )

    said = call(capsys, "rehearse", str(folder), "--json")

    assert said.code == 1
    problems = said.report["rehearsals"][0]["problems"]
    assert any(text.startswith("`pulumi up again` wants changes") for text in problems)
    assert any("`pulumi up again` lost the operator's value of raw/" in text for text in problems)
    assert "A secret is visible where none may be: secret config shop:token." in problems
    assert "canary-" not in said.out + said.err


@pytest.mark.engine
def test_a_program_that_lacks_a_library_is_told_where_it_ran(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(tmp_path / "shop", "import no_such_library\n")

    said = call(capsys, "rehearse", str(folder))

    assert said.code == 1
    assert f"The program ran in this command's own Python, {sys.prefix}." in said.out


# What was asked for is wrong --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--cloud", "awss"], "cloud='awss' is not known"),
        (["--config", "region"], "--config must be KEY=VALUE"),
        (["--config", "=eu"], "--config must be KEY=VALUE"),
        (["--config", "a:b:c=eu"], "--config must be KEY=VALUE"),
        (["--cloud", "aws", "--config", "infra-secrets:cloud=gcp"], "set the same thing"),
        ([], "config for several stacks: dev, production"),
        (["--stack", "prodution"], "Did you mean --stack production?"),
        (["--clod", "aws"], "`rehearse` has no such option. Did you mean --cloud?"),
    ],
)
def test_a_wrong_option_is_one_clear_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    stacks = {"Pulumi.dev.yaml": "", "Pulumi.production.yaml": ""}
    folder = project(tmp_path / "shop", "", **stacks)
    stack = [] if not options or "--stack" in options else ["--stack", "dev"]

    said = call(capsys, "rehearse", str(folder), *stack, *options)

    assert said.code == 2
    assert sentence in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def test_what_stands_where_a_key_should_is_not_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(tmp_path / "shop", "")

    said = call(capsys, "rehearse", str(folder), "--config", "hunter2")

    assert said.code == 2
    assert "hunter2" not in said.err


def test_a_folder_without_a_project_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = call(capsys, "rehearse", str(tmp_path))

    assert said.code == 2
    assert f"There is no Pulumi.yaml in {tmp_path} or above it" in said.err


def test_a_project_file_that_is_no_yaml_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(tmp_path / "shop", "", **{"Pulumi.yaml": "name: [\n"})

    said = call(capsys, "rehearse", str(folder))

    assert said.code == 2
    assert "is not YAML" in said.err


def test_a_language_without_its_host_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(tmp_path / "shop", "", **{"Pulumi.yaml": "name: shop\nruntime: cobol\n"})

    said = call(capsys, "rehearse", str(folder))

    assert said.code == 2
    assert "pulumi-language-cobol" in said.err


def test_a_missing_engine_is_said_with_the_ways_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path / "shop", "")
    monkeypatch.setenv("PATH", str(tmp_path))

    said = call(capsys, "rehearse", str(folder))

    assert said.code == 2
    assert said.err.startswith("Error: There is no `pulumi` command on the PATH")


@pytest.mark.parametrize(
    ("module", "command"), [("typer", "[cli]"), ("rich", "[cli]"), ("pulumi", "[aws]")]
)
def test_a_missing_library_is_one_sentence(module: str, command: str) -> None:
    without = f"import sys; sys.modules[{module!r}] = None; {COMMAND}"

    done = subprocess.run(
        [sys.executable, "-c", without, "rehearse", str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert done.returncode == 2
    assert f"pip install 'infra-secrets{command}'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


# Ctrl-C -----------------------------------------------------------------------------------------------


@pytest.mark.engine
@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_engine_and_leaves_nothing(
    tmp_path: Path, ended_by: signal.Signals
) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    folder = project(
        tmp_path / "shop",
        f"""
        import pathlib
        import threading

        pathlib.Path({str(started)!r}).write_text("started")
        threading.Event().wait()
        """,
    )
    engine = Engine.watched(tmp_path)
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "rehearse", str(folder)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PATH": engine.path, "TMPDIR": str(tmp_path / "tmp")},
    )

    try:
        # Open for both ends, so that it waits for what the program writes and not for the program to open it.
        with started.open("r+b", buffering=0) as waiting:
            assert select.select([waiting], [], [], PATIENCE)[0], "the program never ran"
        process.send_signal(ended_by)
        _, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()

    assert process.returncode == 130
    assert err.endswith("Interrupted.\n")
    assert "Traceback" not in err
    assert not engine.is_running()
    assert list((tmp_path / "tmp").iterdir()) == []


@dataclass(frozen=True)
class Engine:
    """The `pulumi` on the PATH, behind a script that writes down its process id."""

    path: str
    ids: Path

    @classmethod
    def watched(cls, folder: Path) -> "Engine":
        real, ids, script = shutil.which("pulumi"), folder / "ids", folder / "bin" / "pulumi"
        script.parent.mkdir()
        script.write_text(f'#!/bin/sh\necho $$ >> "{ids}"\nexec "{real}" "$@"\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return cls(f"{script.parent}{os.pathsep}{os.environ['PATH']}", ids)

    def is_running(self) -> bool:
        return any(self._exists(int(line)) for line in self.ids.read_text().split())

    @staticmethod
    def _exists(process: int) -> bool:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        return True


# A stack whose config comes from ESC ---------------------------------------------------------------

ASKS = """
    from infra_secrets import EscDeployment

    EscDeployment(
        "nlp",
        image="nlp:1",
        secrets={"DATABASE_URL": "url", "PIN": "pin", "PLAIN": "plain"},
        config={"LABELS": "labels", "DEBUG": "debug"},
        files={"/id": "key"},
        formats={
            "DATABASE_URL": "postgresql", "PIN": "int", "/id": "pem", "LABELS": "json", "DEBUG": "bool"
        },
        namespace="made-by-another-stack",
    )
"""


@pytest.mark.engine
def test_what_an_esc_environment_would_give_is_made_up_in_the_form_that_is_asked_for(
    tmp_path: Path,
) -> None:
    folder = project(
        tmp_path / "shop",
        ASKS.replace('"PLAIN": "plain"', '"OWN": "own"'),
        **{
            "Pulumi.production.yaml": "environment: [shop/production]\n"
            "config: {shop:own: {secure: AAABAKx=}}\n"
        },
    )
    said = run("rehearse", str(folder), "--json")

    assert said.code == 0, said.out + said.err
    [rehearsal] = said.report["rehearsals"]
    [note] = [note for note in rehearsal["notes"] if note.startswith("Made up")]
    for key in ("url", "pin", "own", "key", "labels", "debug"):
        assert f"shop:{key}" in note


@pytest.mark.engine
def test_what_a_stack_without_esc_lacks_is_missed_and_plain_text_is_no_secret(
    tmp_path: Path,
) -> None:
    folder = project(
        tmp_path / "shop", ASKS, **{"Pulumi.dev.yaml": "config: {shop:plain: of-all-to-see}\n"}
    )
    said = run("rehearse", str(folder))

    assert said.code == 1
    assert "has no config 'shop:url'" in said.out + said.err
    assert "config 'shop:plain' is stored in plain text" in said.out + said.err
