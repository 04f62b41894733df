"""`document=True`: every setting is a key of one JSON object, as `Secret(fields=[...])` declares it."""

import json

import pytest
from pydantic import PostgresDsn, SecretStr

from infra_secrets.errors import DeniedError
from infra_secrets.runtime import SecretSettings, SettingsError
from tests.values import Values

URL = "postgresql://payments:made-up@db.example.com/payments"


class Payments(SecretSettings, service="payments", document=True):
    stripe_api_key: SecretStr
    database_url: PostgresDsn
    ner_labels: list[str] = []  # noqa: RUF012 (pydantic copies it)
    workers: int = 2


def refused() -> str:
    with pytest.raises(SettingsError) as error:
        Payments()
    return str(error.value)


def document(**changed: object) -> str:
    whole = {"STRIPE_API_KEY": "made-up-stripe-key", "DATABASE_URL": URL, **changed}
    return json.dumps({key: each for key, each in whole.items() if each != "left out"})


def test_its_keys_are_the_names_of_the_variables_and_it_is_read_once(cloud: Values) -> None:
    cloud.add("payments/production", document(SOMEBODY_ELSES="made-up"))
    settings = Payments()

    assert settings.stripe_api_key.get_secret_value() == "made-up-stripe-key"
    assert (str(settings.database_url), settings.ner_labels, settings.workers) == (URL, [], 2)
    assert cloud.calls == ["read"]


def test_a_key_may_hold_json_or_the_text_of_it(cloud: Values) -> None:
    cloud.add("payments/production", document(NER_LABELS=["a"], WORKERS=4))
    assert (Payments().ner_labels, Payments().workers) == (["a"], 4)

    cloud.put("payments/production", document(NER_LABELS='["a"]', WORKERS="4"))
    assert (Payments().ner_labels, Payments().workers) == (["a"], 4)


def test_null_is_no_reason_for_a_default(cloud: Values) -> None:
    cloud.add("payments/production", document(WORKERS=None))

    assert "workers: the key WORKERS of the container" in refused()
    assert "is null: nobody has set it." in refused()


def test_a_variable_comes_before_its_key(cloud: Values, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", "7")
    cloud.add("payments/production", document(WORKERS=4))

    assert Payments().workers == 7


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"STRIPE_API_KEY": "left out"}, "has no key STRIPE_API_KEY."),
        ({"STRIPE_API_KEY": None}, "is null: nobody has set it."),
        ({"STRIPE_API_KEY": ""}, "is empty, and a value never is."),
        ({"STRIPE_API_KEY": 7}, "does not fit: Input should be a valid string (string_type)."),
        ({"STRIPE_API_KEY": "\ud800"}, "has half a character (a lone surrogate)."),
    ],
    ids=["left out", "null", "empty", "number", "surrogate"],
)
def test_a_key_that_is_wrong_is_told_with_the_command_that_sets_it(
    changed: dict[str, object], said: str, cloud: Values
) -> None:
    cloud.add("payments/production", document(**changed))

    run = "Run: infra-secrets set payments/production --cloud aws --region eu-central-1 --field STRIPE_API_KEY"
    assert f"{said} {run}" in refused()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "is JSON and no object: it must have the names of the variables as keys"),
        ("made up", "is not JSON: it does not begin like JSON"),
        ('{"WORKERS": 1, "WORKERS": 2}', "has WORKERS more than once"),
        ('{"made-up-key": 1, "made-up-key": 2}', "has a key more than once"),
        ('{"WORKERS": Infinity}', "is not JSON: it has NaN or Infinity"),
        ("\ufeff{}", "is not JSON: it begins with a byte order mark"),
    ],
)
def test_what_is_no_document_is_told_once_and_not_repeated(
    text: str, said: str, cloud: Values
) -> None:
    cloud.add("payments/production", text)
    error = refused()

    assert error.count(f"the value of payments/production {said}") == 1
    assert "stripe_api_key, database_url, ner_labels, workers: " in error
    assert "made-up-key" not in error


def test_what_is_not_utf_8_is_no_document(cloud: Values) -> None:
    cloud.add("payments/production")
    cloud.put("payments/production", b"\xff{}")

    assert "the value of payments/production is not UTF-8, as JSON must be" in refused()


def test_a_document_that_was_never_set_is_no_reason_not_to_start_where_all_has_defaults(
    cloud: Values,
) -> None:
    class Relaxed(SecretSettings, service="payments", document=True):
        workers: int = 2

    with pytest.raises(SettingsError, match="There is no container payments/production"):
        Relaxed()
    cloud.add("payments/production")
    assert Relaxed().workers == 2
    run = "Run: infra-secrets set payments/production --cloud aws --region eu-central-1\n"
    assert run in refused()

    cloud.failing["payments/production"] = DeniedError("You may not read it.", "Ask.")
    with pytest.raises(SettingsError, match="workers: You may not read it"):
        Relaxed()
