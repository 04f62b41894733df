"""Programs in TypeScript, Go and YAML on the real engine, over the simulated clouds."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from infra_secrets.testing import Canary, Rehearsal, Run
from tests.conftest import config_for
from tests.languages.conftest import ROOT
from tests.languages.test_compiled import write_go
from tests.test_package import VERSION, make_repository

pytestmark = pytest.mark.engine

PAGE = (ROOT / "docs" / "other-languages.md").read_text(encoding="utf-8")

TYPESCRIPT = """
import { EscEnv, Secret } from "@infra-secrets/infra-secrets";

const stripe = new Secret("StripeApiKey", {
    owner: "payments@example.com",
    maxAgeDays: 90,
    tags: { a_b: "kept" },
});
new EscEnv("web", { secrets: { API_TOKEN: "api_token" } });
export const name = stripe.secretName;
"""
GO = """
		stripe, err := infrasecrets.NewSecret(ctx, "StripeApiKey", &infrasecrets.SecretArgs{
			Owner:      pulumi.String("payments@example.com"),
			MaxAgeDays: pulumi.IntRef(90),
			Tags:       map[string]pulumi.StringInput{"a_b": pulumi.String("kept")},
		})
		if err != nil {
			return err
		}
		_, err = infrasecrets.NewEscEnv(ctx, "web", &infrasecrets.EscEnvArgs{
			Secrets: map[string]string{"API_TOKEN": "api_token"},
		})
		if err != nil {
			return err
		}
		ctx.Export("name", stripe.SecretName)
"""
YAML = """
name: payments
runtime: yaml
resources:
  StripeApiKey:
    type: infra-secrets:Secret
    properties:
      owner: payments@example.com
      maxAgeDays: 90
      tags: {a_b: kept}
  web:
    type: infra-secrets:EscEnv
    properties:
      secrets: {API_TOKEN: api_token}
outputs:
  name: ${StripeApiKey.secretName}
"""


def project_in(language: str, request: pytest.FixtureRequest, folder: Path) -> Path:
    if language == "yaml":
        (folder / "Pulumi.yaml").write_text(YAML)
        return folder
    project: Path = request.getfixturevalue(language)
    if language == "go":
        write_go(project, GO)
    else:
        (project / "index.ts").write_text(TYPESCRIPT)
    return project


@pytest.mark.parametrize("language", ["typescript", "go", "yaml"])
def test_a_program_makes_the_containers_and_shows_no_value(
    language: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    token = Canary.plant()
    with Rehearsal(
        directory=project_in(language, request, tmp_path),
        stack="production",
        config=config_for("aws"),
        secrets={"api_token": token.value},
    ) as rehearsal:
        rehearsal.preview()
        rehearsal.up()
        again = rehearsal.up()

        assert rehearsal.aws.names() == ["payments/production/stripe-api-key"]
        assert rehearsal.outputs["name"] == "payments/production/stripe-api-key"
        assert again.changes == []
        rehearsal.assert_no_leak()


def run_typescript(project: Path, program: str) -> tuple[Run, Rehearsal]:
    (project / "index.ts").write_text(program)
    rehearsal = Rehearsal(directory=project, stack="production", config=config_for("aws"))
    return rehearsal.up(check=False), rehearsal


def test_typescript_that_is_told_to_look_away_drops_a_value_before_anybody_else_sees_it(
    typescript: Path,
) -> None:
    """The one place where a value cannot be refused: the generated constructor copies what it knows.

    Were this to fail because the engine, the state or the plugin gets the value, the plugin could refuse it,
    and the page would be wrong.
    """
    value = Canary.plant()
    run, rehearsal = run_typescript(
        typescript,
        'import { Secret } from "@infra-secrets/infra-secrets";\n'
        f'new Secret("StripeApiKey", {{ value: {json.dumps(value.value)} }} as any);\n',
    )
    with rehearsal:
        assert run.error == ""
        assert rehearsal.aws.names() == ["payments/production/stripe-api-key"]
        assert rehearsal.sightings([value]) == []


def test_what_a_generated_constructor_lets_through_is_refused_by_the_plugin(
    typescript: Path,
) -> None:
    run, rehearsal = run_typescript(
        typescript,
        'import { Secret } from "@infra-secrets/infra-secrets";\n'
        'new Secret("StripeApiKey", { key: "Stripe_Key", maxAgeDays: -1 });\n',
    )
    with rehearsal:
        said = " ".join(run.error.split())

        assert "max_age_days=-1" in said
        assert "key='Stripe_Key'" in said
        assert rehearsal.aws.names() == []


def test_yaml_is_refused_a_value_by_pulumi_s_type_check_which_shows_the_line(
    tmp_path: Path,
) -> None:
    """The plugin is not asked, so it cannot keep the line out of the output. The page says so."""
    line = "value: made-up-and-in-the-code"
    (tmp_path / "Pulumi.yaml").write_text(
        YAML.replace("owner: payments@example.com", f"owner: payments@example.com\n      {line}")
    )
    with Rehearsal(directory=tmp_path, stack="production", config=config_for("aws")) as rehearsal:
        run = rehearsal.up(check=False)

        said = " ".join(each.message for each in run.diagnostics)

        assert not run.succeeded
        assert "Property value does not exist on 'infra-secrets:index:Secret'" in said
        assert line in said
        assert rehearsal.aws.names() == []


def test_the_commands_of_the_page_make_a_fresh_clone_serve_the_page_s_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Word for word, but for the address of the clone, and on a simulated cloud. Needs pip's registry."""
    [program] = re.findall(r"(?s)```yaml\n(name: payments\n.*?)```", PAGE)
    [commands] = re.findall(r"(?s)```sh\n(git clone .*?)```", PAGE)
    address = "https://github.com/infra-secrets/infra-secrets"
    assert commands.count(address) == 1
    folder = tmp_path / "payments"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(program)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    origin = tmp_path / "origin" / "infra-secrets"
    make_repository(ROOT, origin)
    subprocess.run(["git", "-C", origin, "tag", "--force", f"v{VERSION}"], check=True)

    clone, _, environment = commands.replace(address, origin.as_uri()).partition("\n")

    subprocess.run(["sh", "-ec", clone], cwd=tmp_path, check=True)
    before = preview(folder)
    subprocess.run(["sh", "-ec", environment], cwd=tmp_path, check=True)
    after = preview(folder)

    assert "no Python environment" in before.output
    assert "python3 -m venv venv && venv/bin/python -m pip install '.[aws]'" in before.output
    assert after.error == ""
    made = [step.name for step in after.changes if step.type == "aws:secretsmanager/secret:Secret"]
    assert sorted(made) == ["api", "stripe"]


def preview(folder: Path) -> Run:
    with Rehearsal(directory=folder, stack="dev", config={"aws:region": "eu-west-1"}) as rehearsal:
        return rehearsal.preview(check=False)
