"""What is tested here is the wheel, installed beside the user's own packages, and no file of the repository."""

import sys
from importlib.metadata import distribution
from pathlib import Path

import infra_secrets

ENVIRONMENT = Path(sys.prefix).resolve()


def test_the_package_is_imported_from_the_environment_s_site_packages() -> None:
    imported = Path(infra_secrets.__file__).resolve()

    assert imported.is_relative_to(ENVIRONMENT)
    assert imported.parent.parent.name == "site-packages"


def test_the_environment_has_the_package_s_own_version() -> None:
    installed = distribution("infra-secrets")

    assert infra_secrets.__version__ == installed.version
    assert Path(str(installed.locate_file("infra_secrets"))).resolve().is_relative_to(ENVIRONMENT)
