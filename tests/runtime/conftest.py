"""A service's surroundings: no variable, no file, and a cloud of plain data that it can be told of."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from infra_secrets import clouds
from tests.values import Values, connected

KNOWN = ("CLOUD", "ENVIRONMENT", "DIRECTORY")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Be in an empty folder, with nothing set."""
    for name in KNOWN:
        monkeypatch.delenv(f"INFRA_SECRETS_{name}", raising=False)
    for name in ("STRIPE_API_KEY", "DATABASE_URL", "NER_LABELS", "TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Values:
    """A cloud that the environment names."""
    place = Values()
    connected(monkeypatch, place)
    monkeypatch.setattr(clouds, "values", lambda _: SimpleNamespace(PLACE={"region": ()}))
    monkeypatch.setenv("INFRA_SECRETS_CLOUD", place.cloud)
    monkeypatch.setenv("INFRA_SECRETS_ENVIRONMENT", "production")
    return place
