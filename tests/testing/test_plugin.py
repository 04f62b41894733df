import subprocess
import sys

import pytest

import infra_secrets.testing
from infra_secrets.testing import Canary, Recording, Rehearsal
from tests.conftest import PATIENCE

pytest_plugins = ["pytester"]


def test_the_recording_fixture_is_ready_to_run(recording: Recording) -> None:
    recording.run(lambda: None)
    assert recording.registrations == []


def test_the_canary_fixture_is_a_new_value(canary: Canary) -> None:
    assert canary.value.startswith("canary-")


@pytest.mark.engine
def test_the_rehearsal_fixture_makes_rehearsals_and_closes_them(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import pulumi
        import pulumi_aws as aws

        made = []

        def program():
            pulumi.export("arn", aws.secretsmanager.Secret("one", name="app/one").arn)

        def test_up(rehearsal, recording, canary):
            made.append(rehearsal(program, config={"aws:region": "us-east-2"}, secrets={"k": canary.value}))
            made[0].up()
            assert ":us-east-2:" in made[0].outputs["arn"]
            made[0].assert_no_leak()
            recording.configure(config={"aws:region": "us-west-1"}).run(program)
            assert ":us-west-1:" in recording.exports["arn"]

        def test_closed():
            assert not made[0]._stack.folder.exists()
        """
    )
    result = pytester.runpytest_subprocess("-q", "-W", "error")
    result.assert_outcomes(passed=2)


def test_without_an_engine_the_fixture_fails_with_one_sentence(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    pytester.makepyfile("def test_up(rehearsal):\n    pass\n")
    result = pytester.runpytest_subprocess("-q")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*no `pulumi` command on the PATH*make engine*"])


@pytest.mark.parametrize("module", ["infra_secrets.testing", "infra_secrets.testing.plugin"])
def test_importing_it_loads_neither_pulumi_nor_grpc(module: str) -> None:
    code = f"import sys, {module}; print(sorted({{'pulumi', 'grpc'}} & set(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    assert answer.stdout.strip() == "[]"


def test_every_public_name_is_there() -> None:
    for name in infra_secrets.testing.__all__:
        assert getattr(infra_secrets.testing, name) is not None
    assert set(infra_secrets.testing.__all__) <= set(dir(infra_secrets.testing))
    assert infra_secrets.testing.Rehearsal is Rehearsal
    with pytest.raises(AttributeError, match="has no attribute 'Missing'"):
        infra_secrets.testing.Missing  # noqa: B018
