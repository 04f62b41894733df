"""An operator's machine has no SDK of Pulumi: the command line and a cloud's client are enough, in a project too."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.cli.fake_pulumi import project, secret
from tests.cli.set.session import environment
from tests.servers import Server

KEY = "shop/dev/stripe-api-key"
WITHOUT = """
import importlib.abc, sys
class No(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0].startswith("pulumi"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, No())
from infra_secrets.cli import main; main()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with servers.serving("aws") as server:
        yield server


def test_a_value_is_set_in_a_project_without_the_sdk_of_pulumi(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.make(KEY)
    id_ = f"arn:aws:secretsmanager:{server.place['region']}:123456789012:secret:{KEY}-AbCdEf"
    shop = project(
        tmp_path / "shop",
        monkeypatch,
        {"dev": [secret(KEY, id_, logical_name="StripeApiKey")]},
        selected="dev",
    )
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, "set", "StripeApiKey"],
        input=b"made-up-value",
        capture_output=True,
        check=False,
        cwd=shop,
        env={**environment(server.environment(), tmp_path), "PATH": os.environ["PATH"]},
    )

    assert done.returncode == 0, done.stderr
    assert server.present(KEY) == b"made-up-value"
