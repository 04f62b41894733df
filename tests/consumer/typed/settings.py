"""An application's settings, as mypy and pyright see them; nothing runs this file. Wrong lines as in `arguments.py`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self, assert_type

from pydantic import BaseModel, Field, PostgresDsn, SecretStr, field_validator, model_validator

from infra_secrets.runtime import SecretSettings, SettingsError, SettingsUseError, declaration


class Database(BaseModel):
    host: str
    port: int = 5432


class Payments(SecretSettings, service="payments"):
    stripe_api_key: SecretStr
    database_url: PostgresDsn
    ner_labels: list[str] = []  # noqa: RUF012 (pydantic copies it)
    workers: Annotated[int, Field(gt=0)] = 4
    database: Database | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    renamed: str = Field(alias="OTHER_NAME")

    @field_validator("ner_labels")
    @classmethod
    def sorted_labels(cls, labels: list[str]) -> list[str]:
        return sorted(labels)

    @model_validator(mode="after")
    def together(self) -> Self:
        return self

    @property
    def header(self) -> str:
        return f"Bearer {self.stripe_api_key.get_secret_value()}"


class Whole(
    SecretSettings,
    service="payments",
    environment="production",
    cloud="aws",
    region="eu-central-1",
    document=True,
    directory=Path("/run/secrets"),
    max_age=timedelta(hours=1),
    stale_if_unreachable=900,
):
    token: str


class Derived(Whole, environment="staging", directory="/etc/secrets", max_age=60.0):
    other: str


class WrongAge(SecretSettings, service="payments", max_age="an hour"):  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportGeneralTypeIssues]
    token: str


class WrongPlace(SecretSettings, service="payments", region=1):  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportGeneralTypeIssues]
    token: str


# No field is an argument, and no value is given in code.
settings = Payments()
Payments(stripe_api_key="made-up")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Payments(SecretStr("made-up"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

assert_type(settings.stripe_api_key, SecretStr)
assert_type(settings.database_url, PostgresDsn)
assert_type(settings.ner_labels, list[str])
assert_type(settings.workers, int)
assert_type(settings.database, Database | None)
assert_type(settings.header, str)
assert_type(Derived().token, str)
assert settings.stripe_key  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]

assert_type(settings.reload(), frozenset[str])
assert_type(settings.snapshot(), Payments)
assert_type(Payments.for_tests(stripe_api_key="made-up"), Payments)


async def waiting() -> None:
    assert_type(await Payments.aload(), Payments)
    assert_type(await settings.areload(), frozenset[str])


try:
    Payments()
except SettingsError as error:
    assert_type(error.problems, tuple[str, ...])
    assert_type(error.settings, tuple[str, ...])
    assert_type(error.unreachable, bool)
except SettingsUseError:
    pass


def of_both_sides() -> None:
    declared = declaration(Payments)
    assert_type(declared.service, str)
    assert_type(declared.environment, str | None)
    assert_type(declared.document, bool)
    declaration(Database)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
