"""A project that writes a password into its code is told so; with the password taken out it is well."""

import os
import subprocess
import sys
from pathlib import Path

PASSWORD = "hunter2-made-up"
LITERAL = f"""
import pulumi
import pulumi_kubernetes as k8s
import pulumi_aws as aws

password = "{PASSWORD}"
container = aws.secretsmanager.Secret("db")
aws.secretsmanager.SecretVersion("db-version", secret_id=container.id, secret_string=password)
k8s.core.v1.ConfigMap("settings", data={{"password": password}})
pulumi.export("password", password)
"""
FIXED = """
import pulumi
import pulumi_kubernetes as k8s
from infra_secrets import Secret

password = Secret("DbPassword")
k8s.core.v1.ConfigMap("settings", data={"LOG_LEVEL": "info"})
pulumi.export("set_db_password", password.set_command)
"""


def rehearse(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "__main__.py").write_text(program)
    command = "from infra_secrets.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", command, "rehearse", str(folder), "--cloud", "aws"],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={key: text for key, text in os.environ.items() if key != "COLUMNS"},
    )


def test_a_literal_password_is_reported_and_never_shown(tmp_path: Path) -> None:
    said = rehearse(tmp_path / "shop", LITERAL)

    assert said.returncode == 1, said.stdout + said.stderr
    for place in (
        "kubernetes:core/v1:ConfigMap settings",
        "aws:secretsmanager/secretVersion:SecretVersion db-version",
        "stack output",
    ):
        assert place in said.stdout
    assert PASSWORD not in said.stdout + said.stderr


def test_without_it_all_is_well(tmp_path: Path) -> None:
    said = rehearse(tmp_path / "shop", FIXED)

    assert said.returncode == 0, said.stdout + said.stderr
    assert said.stdout.rstrip().endswith("All is well.")
