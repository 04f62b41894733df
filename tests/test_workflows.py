"""What GitHub runs, Dependabot raises and pre-commit checks, held to what the repository has.

That a workflow is valid and safe is zizmor's and actionlint's to say, in `make check`. No run of one is seen here.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EVERY = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def jobs(name: str) -> dict[str, Any]:
    found: dict[str, Any] = read(ROOT / ".github" / "workflows" / f"{name}.yml")["jobs"]
    return found


def commands_of(target: str) -> list[str]:
    """The commands of a target of the Makefile, with the variables that name folders and versions filled in."""
    variables = {"ARGS": "", **dict(re.findall(r"(?m)^([A-Z_]+) := (.*)$", MAKEFILE))}
    [body] = re.findall(rf"(?m)^{target}:.*\n((?:\t.*\n)+)", MAKEFILE)
    while "$(" in body:
        body = re.sub(r"\$\((\w+)\)", lambda found: variables[found[1]], body)
    return [line.strip().removeprefix("@") for line in body.splitlines()]


def triggers(name: str) -> dict[str, Any]:
    """What starts a workflow. YAML 1.1 reads the key `on` as true."""
    found: dict[Any, Any] = read(ROOT / ".github" / "workflows" / f"{name}.yml")
    started: dict[str, Any] = found[True]
    return started


def runs(job: Mapping[str, Any]) -> list[str]:
    """The commands of a job, in order."""
    return [step["run"] for step in job["steps"] if "run" in step]


@EVERY
def test_an_action_is_pinned_to_a_commit_and_says_which_version_it_is(path: Path) -> None:
    used = re.findall(r"uses: (?!\./)(.+)", path.read_text())

    assert [
        line for line in used if not re.fullmatch(r"\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)
    ] == []


def test_an_action_has_one_version_in_all_workflows() -> None:
    used = {
        line for path in WORKFLOWS for line in re.findall(r"uses: (?!\./)(.+)", path.read_text())
    }

    names = [line.partition("@")[0] for line in used]
    assert sorted(names) == sorted(set(names))


@EVERY
def test_a_workflow_may_do_nothing_and_a_job_only_what_it_says(path: Path) -> None:
    assert read(path)["permissions"] == {}
    granted = {
        (job, name): grant
        for job, settings in read(path)["jobs"].items()
        for name, grant in settings.get("permissions", {}).items()
        if grant != "read"
    }
    publishing = {("pypi", "id-token"): "write", ("github", "contents"): "write"}
    assert granted == (publishing if path.stem == "release" else {})


@EVERY
def test_what_a_workflow_makes_is_a_target(path: Path) -> None:
    ran = [line for job in read(path)["jobs"].values() if "steps" in job for line in runs(job)]
    made = re.findall(r"\bmake ([a-z-]+)", "\n".join(ran))
    if path.stem == "ci":
        made += [each["tests"] for each in jobs("ci")["pythons"]["strategy"]["matrix"]["include"]]
        made += re.findall(r"(?m)^make ([a-z-]+)", (ROOT / ".ci" / "run").read_text())

    assert [target for target in made if not re.search(rf"(?m)^{target}:", MAKEFILE)] == []


def test_ci_runs_the_six_commands_that_contributing_asks_for() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    [asked] = re.findall(
        r"(?s)Before a pull request: ([^.]+)\. `\.ci/run` is these six", contributing
    )
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    ran = [line for line in lines if line and not line.startswith("#")]

    six = ["check", "test", "test-cluster", "test-consumer", "test-languages", "test-esc"]
    assert re.findall(r"`make\s([a-z-]+)`", asked) == six
    browser = (
        "command -v chromium || command -v google-chrome || "
        "{ apt-get update --quiet && apt-get install --yes --quiet chromium; }"
    )
    assert ran == [
        "set -euo pipefail",
        'cd "$(dirname "$0")/.."',
        browser,
        *(f"make {target}" for target in six),
    ]


def test_make_check_runs_every_linter_and_the_type_checker() -> None:
    [version] = re.findall(r"(?m)^ACTIONLINT_VERSION := (\S+)$", MAKEFILE)

    assert commands_of("check") == [
        ".venv/bin/ruff check .",
        ".venv/bin/ruff format --check .",
        ".venv/bin/mypy",
        ".venv/bin/lint-imports",
        ".venv/bin/zizmor --offline --quiet --persona pedantic .",
        f".engine/actionlint-{version}/actionlint -shellcheck= -pyflakes=",
    ]


def test_make_test_leaves_no_test_out_and_make_quick_those_on_the_engine() -> None:
    pytest_ = ".venv/bin/python -m pytest -n 2 --dist worksteal"

    assert commands_of("test") == [f"{pytest_} --durations=15 --durations-min=2"]
    assert commands_of("quick") == [f'{pytest_} -m "not engine"']


def test_each_workflow_is_started_by_what_it_is_for() -> None:
    assert triggers("ci") == {
        "push": {"branches": ["main"]},
        "pull_request": None,
        "workflow_call": None,
    }
    assert triggers("release") == {"push": {"tags": ["v*"]}}
    assert triggers("weekly") == {"schedule": [{"cron": "17 4 * * 1"}], "workflow_dispatch": None}


def test_each_week_the_newest_and_the_oldest_of_everything_run_every_test() -> None:
    made = {
        name: [line for line in runs(job) if "make" in line] for name, job in jobs("weekly").items()
    }

    assert made == {
        "newest": ["make test CONSTRAINTS="],
        "oldest": ["make lowest", "make test CONSTRAINTS=lowest.txt"],
    }


def test_every_job_that_gets_the_wheel_tests_it() -> None:
    wheel = 'WHEEL="$(echo dist/*.whl)"'
    getting = {
        name: runs(job)
        for name, job in jobs("ci").items()
        if any("download-artifact" in step.get("uses", "") for step in job["steps"])
    }

    assert getting == {
        "everything": [f"{wheel} .ci/run"],
        "pythons": ['make "$TESTS"', f"make test-consumer {wheel}"],
    }
    assert re.search(r"(?m)^export WHEEL$", MAKEFILE)


def test_the_newest_python_runs_every_test_and_those_between_what_needs_no_engine() -> None:
    *between, newest = jobs("ci")["pythons"]["strategy"]["matrix"]["include"]

    assert newest["tests"] == "test"
    assert {each["tests"] for each in between} == {"quick"}


@EVERY
def test_no_failure_is_passed_over(path: Path) -> None:
    text = path.read_text()

    assert "continue-on-error" not in text
    assert "|| true" not in text


def test_ci_runs_on_every_python_that_is_promised() -> None:
    oldest = jobs("ci")["everything"]["steps"][1]["with"]["python-version"]
    others = [each["python"] for each in jobs("ci")["pythons"]["strategy"]["matrix"]["include"]]
    promised = [
        each.rpartition(" ")[2] for each in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", each)
    ]

    assert [oldest, *others] == promised
    assert PROJECT["requires-python"] == f">={oldest}"


def test_all_green_waits_for_every_other_job() -> None:
    assert set(jobs("ci")["all-green"]["needs"]) == set(jobs("ci")) - {"all-green"}


def test_what_is_published_is_what_ci_built_and_tested() -> None:
    release = jobs("release")
    uploads = [
        (name, job)
        for name, each in (*jobs("ci").items(), *release.items())
        for job in [json.dumps(each)]
        if "upload-artifact" in job and '"dist"' in job
    ]

    assert [name for name, _job in uploads] == ["wheel"]
    assert "setup-go" not in uploads[0][1], "a cache would reach what is published"
    assert release["ci"]["uses"] == "./.github/workflows/ci.yml"
    assert (release["ci"]["needs"], release["pypi"]["needs"]) == ("note", "ci")
    assert release["github"]["needs"] == "pypi"


def test_pre_commit_runs_what_make_check_runs() -> None:
    [project] = read(ROOT / ".pre-commit-config.yaml")["repos"]

    assert project["repo"] == "local"
    assert [hook["entry"] for hook in project["hooks"]] == commands_of("check")
    assert all(hook["pass_filenames"] is False for hook in project["hooks"])


def test_dependabot_looks_wherever_something_is_pinned() -> None:
    updates = read(ROOT / ".github" / "dependabot.yml")["updates"]
    looks = {
        each["package-ecosystem"]: sorted(each.get("directories", [each.get("directory")]))
        for each in updates
    }

    assert looks == {
        "pip": ["/", "/tools"],
        "gomod": sorted(f"/{path.parent.relative_to(ROOT)}" for path in ROOT.glob("tools/**/go.mod")),
        "npm": [f"/{path.parent.relative_to(ROOT)}" for path in ROOT.glob("tools/**/package.json")],
        "github-actions": ["/"],
    }  # fmt: skip
    assert all(each["cooldown"]["default-days"] >= 7 and each["groups"] for each in updates)


@pytest.mark.parametrize(
    ("variable", "folder", "module"),
    [
        ("PULUMI_VERSION", "tools", "github.com/pulumi/pulumi/pkg/v3"),
        ("KUBERNETES_VERSION", "tools/cluster", "k8s.io/kubernetes"),
        ("ACTIONLINT_VERSION", "tools/actionlint", "github.com/rhysd/actionlint"),
    ],
)
def test_the_makefile_builds_the_version_that_go_pins(
    variable: str, folder: str, module: str
) -> None:
    pinned = re.search(
        rf"(?m)^(?:require )?\s*{re.escape(module)} (v\S+)", (ROOT / folder / "go.mod").read_text()
    )
    built = re.search(rf"(?m)^{variable} := (\S+)$", MAKEFILE)

    assert pinned
    assert built
    assert pinned[1] == built[1]


@pytest.mark.parametrize("form", ["bug", "feature"])
def test_an_issue_form_says_first_never_to_paste_a_secret_and_asks_for_it_last(form: str) -> None:
    body = read(ROOT / ".github" / "ISSUE_TEMPLATE" / f"{form}.yml")["body"]

    assert body[0]["attributes"]["value"].startswith("**Never paste a secret**")
    [promise] = body[-1]["attributes"]["options"]
    assert promise == {"label": "Nothing above is a secret value or holds one.", "required": True}


def test_a_pull_request_is_told_never_to_hold_a_secret() -> None:
    template = (ROOT / ".github" / "PULL_REQUEST_TEMPLATE.md").read_text()

    assert "Never paste a secret" in template


def test_pins_name_versions_and_no_place_to_fetch_them_from() -> None:
    pins = (ROOT / "tools" / "constraints.txt").read_text().splitlines()

    assert [line for line in pins if not re.fullmatch(r"[a-z0-9-]+==\S+( ; .+)?", line)] == []
