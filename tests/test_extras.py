"""What is installed and what is not: each extra is needed only where it is used, and is named when it is missing.

Every environment here is a real one, without the package in question.
"""

import json
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from infra_secrets import clouds
from tests.conftest import PATIENCE, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
INSTALLED = Path(sysconfig.get_paths()["purelib"])
PACKAGES = {"aws": "pulumi_aws", "gcp": "pulumi_gcp", "azure": "pulumi_azure_native"}
VAULT = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.KeyVault/vaults/shop"

PROGRAM = """
import asyncio, sys, warnings
warnings.simplefilter("ignore")
asyncio.set_event_loop(asyncio.new_event_loop())  # Python 3.14 makes none, and Pulumi's mocks need one
import pulumi
from infra_secrets import Secret

class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        return args.name, args.inputs
    def call(self, args):
        return {}

pulumi.runtime.set_mocks(Mocks(), project="shop", stack="production")
try:
    Secret("StripeApiKey", cloud=sys.argv[1], **({"azure_vault_id": sys.argv[2]} if sys.argv[1] == "azure" else {}))
except ImportError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def environment(tmp_path: Path) -> Callable[[Callable[[str], bool]], Path]:
    """Make an environment that has only those of our installed packages that are wanted."""

    def make(wanted: Callable[[str], bool]) -> Path:
        venv.create(tmp_path / "env", symlinks=True)
        [site] = (tmp_path / "env").glob("lib/python*/site-packages")
        for path in INSTALLED.iterdir():
            if wanted(path.name) and not path.name.startswith(
                ("__editable__", "_infra_secrets", "infra_secrets")
            ):
                (site / path.name).symlink_to(path)
        (site / "infra_secrets.pth").write_text(f"{ROOT}\n")
        return tmp_path / "env" / "bin" / "python"

    return make


def run(python: Path, code: str, *arguments: str) -> str:
    done = subprocess.run(
        [python, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    return done.stdout + done.stderr


def test_the_base_has_no_dependency_and_each_cloud_brings_its_own() -> None:
    assert PROJECT["dependencies"] == []
    for cloud, package in PACKAGES.items():
        assert [need.split(">=")[0] for need in PROJECT["optional-dependencies"][cloud]] == [
            "pulumi",
            package.replace("_", "-"),
        ]
        assert PROJECT["optional-dependencies"][cloud][0] == "pulumi>=3.261,<4"


def test_without_pulumi_the_package_imports_and_secret_says_what_to_install(
    environment: Callable[[Callable[[str], bool]], Path],
) -> None:
    python = environment(lambda _name: False)

    assert (
        run(
            python,
            "import infra_secrets, infra_secrets.rules.naming, infra_secrets.clouds, infra_secrets.errors",
        )
        == ""
    )
    said = run(python, "from infra_secrets import Secret")
    assert said.splitlines()[-1] == (
        "infra_secrets.errors.MissingExtraError: Pulumi, which Secret needs, is not installed. Run: "
        "pip install 'infra-secrets[aws]' or pip install 'infra-secrets[azure]' or pip install 'infra-secrets[gcp]'"
    )


@pytest.mark.parametrize("cloud", PACKAGES)
def test_without_a_cloud_s_sdk_its_secret_says_what_to_install(
    cloud: str, environment: Callable[[Callable[[str], bool]], Path]
) -> None:
    python = environment(lambda name: not name.startswith(PACKAGES[cloud]))

    assert run(python, PROGRAM, cloud, VAULT).strip() == (
        f"MissingExtraError The Pulumi SDK for {cloud} ({PACKAGES[cloud]}) is not installed. "
        f"Run: pip install 'infra-secrets[{cloud}]'"
    )


def test_without_typer_the_command_says_what_to_install(
    environment: Callable[[Callable[[str], bool]], Path],
) -> None:
    python = environment(lambda name: not name.startswith(("typer", "rich", "click")))
    said = run(python, "from infra_secrets.cli import main; main()")

    assert "pip install 'infra-secrets[cli]'" in said
    assert "Traceback" not in said


def test_importing_secret_loads_no_cloud_s_sdk_and_importing_the_package_no_pulumi() -> None:
    listing = (
        "import sys, json; print(json.dumps([m for m in sys.modules if m.startswith('pulumi')]))"
    )
    python = Path(sys.executable)

    assert json.loads(run(python, f"import infra_secrets; {listing}")) == []
    assert json.loads(run(python, f"import infra_secrets.testing; {listing}")) == []
    assert json.loads(run(python, f"import infra_secrets.testing.plugin; {listing}")) == []
    loaded = json.loads(run(python, f"from infra_secrets import Secret; {listing}"))
    assert {name.split(".")[0] for name in loaded} == {"pulumi"}


def test_the_wheel_holds_the_package_and_its_types_and_nothing_else(tmp_path: Path) -> None:
    import zipfile

    from hatchling.builders.wheel import WheelBuilder

    [wheel] = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    names = zipfile.ZipFile(wheel).namelist()

    assert "infra_secrets/py.typed" in names
    assert "infra_secrets/clouds/aws/__init__.py" in names
    assert {name.split("/")[0] for name in names} == {
        "infra_secrets",
        f"infra_secrets-{PROJECT['version']}.dist-info",
    }


def test_the_version_is_one() -> None:
    import infra_secrets

    pages = "".join(page.read_text() for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
    named = re.findall(
        r"infra[-_]secrets(?:@v|\.git-v|/blob/v)(\d[\w.]*\w)|--branch v(\d\S+)", pages
    )

    assert infra_secrets.__version__ == PROJECT["version"]
    assert {"".join(each) for each in named} == {PROJECT["version"]}
    with pytest.raises(AttributeError, match="has no attribute 'Sekret'"):
        _ = infra_secrets.Sekret


@pytest.mark.parametrize("cloud", clouds.available())
def test_the_extra_that_a_cloud_names_brings_the_sdk_that_it_names(cloud: str) -> None:
    facts = clouds.load(cloud)

    distribution = facts.SDK.replace("_", "-")
    extra = PROJECT["optional-dependencies"][facts.EXTRA]
    assert [each for each in extra if each.startswith(f"{distribution}>=")]
