"""While a service holds a value, no process's arguments, no other's environment, no file and no log has it."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra_secrets import clouds
from infra_secrets.testing.canary import Canary
from tests import servers
from tests.cli.set.test_canary import files, processes
from tests.conftest import PATIENCE, ROOT

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="/proc is how Linux shows processes"
)

SERVICE = """
import logging, sys
logging.basicConfig(level=logging.DEBUG)
from pydantic import SecretStr
from infra_secrets.runtime import SecretSettings

class Payments(SecretSettings, service="payments", environment="production"):
    token: SecretStr
    other: str

settings = Payments()
settings.reload()
print(settings, len(settings.token.get_secret_value()), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("cloud", clouds.available())
@pytest.mark.parametrize("source", ["container", "file"])
def test_while_a_service_holds_values_they_are_nowhere_else(
    cloud: str, source: str, tmp_path: Path
) -> None:
    canary = Canary.plant()
    home, temporary, mounted = (tmp_path / each for each in ("home", "temporary", "mounted"))
    for folder in (home, temporary, mounted):
        folder.mkdir()
    with servers.serving(cloud) as server:
        for key in ("token", "other"):
            if source == "file":
                (mounted / key).write_text(canary.value, encoding="utf-8")
            server.make(f"payments/production/{key}")
            server.put(f"payments/production/{key}", canary.value.encode())
        said = {
            **server.environment(),
            "INFRA_SECRETS_CLOUD": cloud,
            "INFRA_SECRETS_DIRECTORY": str(mounted),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(home),
            "TMPDIR": str(temporary),
        }
        with subprocess.Popen(
            [sys.executable, "-X", "dev", "-c", SERVICE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={name: text for name, text in said.items() if text is not None},
            cwd=home,
            text=True,
        ) as service:
            assert service.stdout is not None
            first = service.stdout.readline()
            seen = {**processes(), **files(home, temporary)}
            out, err = service.communicate("", timeout=PATIENCE)
        present = server.present("payments/production/token").decode()
        asked = bool(server.reads.intersection(server.calls))

    assert service.returncode == 0, err
    assert first == f"Payments(token=**********, other=**********) {len(canary.value)}\n"
    assert asked == (source == "container")
    assert canary.sightings({"the cloud": present}), "the search finds it where it belongs"
    assert canary.sightings({**seen, "out": first + out, "err": err}) == []
    assert f"/proc/{service.pid}/environ" in seen, "the service itself was looked at"
    assert files(home, temporary) == {}
