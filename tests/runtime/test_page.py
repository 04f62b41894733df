"""docs/runtime.md: its applications run, its error is the one that comes, and it names all there is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import PostgresDsn, SecretStr

from infra_secrets.runtime import SecretSettings, SettingsError
from infra_secrets.runtime.options import KEYWORDS
from tests.conftest import PATIENCE, ROOT
from tests.test_pages import of
from tests.values import Values

PAGE = (ROOT / "docs" / "runtime.md").read_text(encoding="utf-8")
GIVEN = {
    "STRIPE_API_KEY": "made-up-stripe-key",
    "DATABASE_URL": "postgresql://payments:made-up@db.example.com/payments",
    "NER_LABELS": json.dumps(["person"]),
}


class Payments(SecretSettings, service="payments"):
    stripe_api_key: SecretStr
    database_url: PostgresDsn
    ner_labels: list[str] = []  # noqa: RUF012 (pydantic copies it)


@pytest.mark.parametrize("where", of("an application"))
def test_an_application_starts_with_what_its_pod_is_given(where: str, tmp_path: Path) -> None:
    _, block = of("an application")[where]
    done = subprocess.run(
        [sys.executable, "-c", block.text],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), **GIVEN},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "made-up" not in done.stdout


def test_the_error_on_the_page_is_the_one_that_comes(
    cloud: Values, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.add("payments/production/stripe-api-key")
    cloud.add("payments/production/ner-labels")
    monkeypatch.setenv("DATABASE_URL", "made-up-and-no-url")
    with pytest.raises(SettingsError) as refused:
        Payments()

    assert f"```text\n{refused.value}\n```" in PAGE, str(refused.value)


def test_the_page_names_every_keyword_and_every_way_to_load() -> None:
    ways = [name for name in vars(SecretSettings) if not name.startswith(("_", "model_"))]

    assert len(ways) > 4
    assert [
        name for name in (*KEYWORDS, *ways) if f"{name}=" not in PAGE and f"{name}(" not in PAGE
    ] == []
