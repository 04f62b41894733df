"""What an application must have installed, in real environments that lack the rest."""

import json
from pathlib import Path

from tests.runtime.conftest import Run

PROGRAM = """
import sys
from pydantic import SecretStr
from infra_secrets.runtime import SecretSettings

class Payments(SecretSettings, service="payments"):
    stripe_api_key: SecretStr
    ner_labels: list[str] = []

try:
    settings = Payments()
except Exception as error:
    print(type(error).__name__, error)
else:
    print(settings, settings.reload(), settings.ner_labels)
    clouds = ("boto", "google", "azure", "grpc", "requests", "pulumi")
    print([name for name in sys.modules if name.startswith(clouds)])
"""


def test_a_service_starts_without_any_cloud_s_client_when_all_is_in_the_environment(
    run: Run,
) -> None:
    said = run(PROGRAM, STRIPE_API_KEY="made-up", NER_LABELS=json.dumps(["person"]))

    assert said == (
        "Payments(stripe_api_key=**********, ner_labels=**********) frozenset() ['person']\n[]\n"
    )


def test_a_service_starts_without_any_cloud_s_client_when_all_is_in_files(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted" / "stripe-api-key").write_text("made-up")
    said = run(PROGRAM, INFRA_SECRETS_DIRECTORY=str(tmp_path / "mounted"))

    assert said.splitlines()[-1] == "[]"


def test_without_pydantic_settings_one_sentence_says_what_to_install(run: Run) -> None:
    said = run("from infra_secrets.runtime import SecretSettings", packages=())

    assert said.splitlines()[-1] == (
        "infra_secrets.errors.MissingExtraError: pydantic-settings, which settings need (pydantic), is not installed. "
        "Run: pip install 'infra-secrets[runtime]'"
    )
