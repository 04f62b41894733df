"""The test in examples/one_declaration, which users copy, notices a secret that is on one side only."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from pydantic import Field, PostgresDsn, SecretStr

from examples.one_declaration import test_both_sides as copied
from examples.one_declaration.settings import Payments
from infra_secrets import ExternalEnv, InfraSecretsError, Secret, secrets_for
from infra_secrets.runtime import SecretSettings, declaration

STRIPE, DATABASE, SENTRY = "stripe-api-key", "database-url", "sentry-dsn"
BOTH = {"STRIPE_API_KEY": STRIPE, "DATABASE_URL": DATABASE}
MORE = {**BOTH, "SENTRY_DSN": SENTRY}
ODD = {"DBURL": "db-url", "S3_BUCKET__KEY": "s3-bucket-key", "DATABASE_DSN": "dsn"}


class More(Payments):
    """The service with one more secret."""

    sentry_dsn: SecretStr


class Fewer(Payments):
    """The service, which can do without a third secret."""

    sentry_dsn: str = ""


class Odd(SecretSettings, service="payments"):
    """Names that are not what somebody would guess."""

    dbURL: SecretStr  # noqa: N815 (as somebody may write it)
    s3_bucket__key: SecretStr
    dsn: PostgresDsn = Field(alias="DATABASE_DSN")


class Document(SecretSettings, service="payments", document=True):
    """All in one."""

    stripe_api_key: SecretStr
    database_url: PostgresDsn = Field(alias="DSN")


class Shared(Payments, environment="shared"):
    """One for all environments."""


class Elsewhere(Payments, cloud="aws", region="eu-central-1"):
    """In another region than the stack."""


class OnGcp(Payments, cloud="gcp"):
    """In another cloud than the stack."""


def by_hand(containers: Iterable[str], pods: Mapping[str, str]) -> Callable[[], None]:
    """Write a program as one is written that does not know the class."""

    def program() -> None:
        for key in containers:
            Secret(key, service="payments", key=key)
        names = {variable: f"payments/production/{key}" for variable, key in pods.items()}
        ExternalEnv("payments", secrets=names, store="team")

    return program


def document_by_hand(fields: list[str], pods: Mapping[str, str]) -> Callable[[], None]:
    def program() -> None:
        Secret("Payments", service="payments", fields=fields)
        names = {variable: f"payments/production{member}" for variable, member in pods.items()}
        ExternalEnv("payments", secrets=names, store="team")

    return program


def by_class(settings: type[SecretSettings]) -> Callable[[], None]:
    def program() -> None:
        secrets_for(settings)
        ExternalEnv("payments", settings=settings, service_account="payments")

    return program


CONTAINERS = copied.test_the_program_makes_what_the_service_reads_and_nothing_else
VARIABLES = copied.test_the_pods_get_what_the_service_reads_and_nothing_else
PLACE = copied.test_the_stack_is_where_the_service_looks


def noticed(
    monkeypatch: pytest.MonkeyPatch, program: Callable[[], None], settings: type[SecretSettings]
) -> list[Callable[[], None]]:
    monkeypatch.setattr(copied, "program", program)
    monkeypatch.setattr(copied, "Payments", settings)
    failed = []
    for test in (CONTAINERS, VARIABLES, PLACE):
        try:
            test()
        except (AssertionError, InfraSecretsError):
            failed.append(test)
    return failed


DSN = {"STRIPE_API_KEY": "#STRIPE_API_KEY", "DSN": "#DSN"}


@pytest.mark.parametrize(
    ("program", "settings"),
    [
        (by_hand(BOTH.values(), BOTH), Payments),
        (by_hand(ODD.values(), ODD), Odd),
        (document_by_hand(["STRIPE_API_KEY", "DSN"], DSN), Document),
        *((by_class(each), each) for each in (Payments, More, Fewer, Odd, Document, Shared)),
    ],
)
def test_both_sides_that_agree_pass(
    program: Callable[[], None], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert noticed(monkeypatch, program, settings) == []


@pytest.mark.parametrize(
    ("program", "settings", "expected"),
    [
        pytest.param(program, settings, expected, id=what)
        for what, program, settings, expected in [
            (
                "only the service has it",
                by_hand(BOTH.values(), BOTH),
                More,
                [CONTAINERS, VARIABLES],
            ),
            ("only the program has it", by_class(More), Payments, [CONTAINERS, VARIABLES]),
            (
                "only a container is there",
                by_hand(MORE.values(), BOTH),
                Payments,
                [CONTAINERS],
            ),
            ("the pods lack it", by_hand(MORE.values(), BOTH), More, [VARIABLES]),
            ("only the pods have it", by_hand(BOTH.values(), MORE), Payments, [VARIABLES]),
            ("the container is missing", by_hand(BOTH.values(), MORE), More, [CONTAINERS]),
            ("the program lost one", by_hand([STRIPE], BOTH), Payments, [CONTAINERS]),
            (
                "two are exchanged",
                by_hand(BOTH.values(), {"STRIPE_API_KEY": DATABASE, "DATABASE_URL": STRIPE}),
                Payments,
                [VARIABLES],
            ),
            (
                "an alias is not known",
                by_hand(ODD.values(), {**{k: ODD[k] for k in [*ODD][:2]}, "DSN": "dsn"}),
                Odd,
                [VARIABLES],
            ),
            (
                "an alias is taken for the key",
                by_hand(["db-url", "s3-bucket-key", "database-dsn"], ODD),
                Odd,
                [CONTAINERS],
            ),
            (
                "a container for each",
                by_hand(BOTH.values(), BOTH),
                Document,
                [CONTAINERS, VARIABLES],
            ),
            (
                "the document lacks a key",
                document_by_hand(["STRIPE_API_KEY"], DSN),
                Document,
                [CONTAINERS],
            ),
            (
                "the whole document is a variable",
                document_by_hand(["STRIPE_API_KEY", "DSN"], {**DSN, "DSN": ""}),
                Document,
                [VARIABLES],
            ),
            ("a document for two", by_class(Document), Payments, [CONTAINERS, VARIABLES]),
            (
                "another environment",
                by_hand(BOTH.values(), BOTH),
                Shared,
                [CONTAINERS, VARIABLES],
            ),
            ("another region", by_hand(BOTH.values(), BOTH), Elsewhere, [PLACE]),
            (
                "another region, by the class",
                by_class(Elsewhere),
                Elsewhere,
                [CONTAINERS, VARIABLES, PLACE],
            ),
            ("another cloud", by_hand(BOTH.values(), BOTH), OnGcp, [PLACE]),
        ]
    ],
)
def test_what_is_on_one_side_only_is_noticed(
    program: Callable[[], None],
    settings: type[SecretSettings],
    expected: list[Callable[[], None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert noticed(monkeypatch, program, settings) == expected


def test_a_declaration_names_containers_and_variables_by_field() -> None:
    odd, document = declaration(Odd), declaration(Document)

    assert odd.references("production") == {
        "dbURL": "payments/production/db-url",
        "s3_bucket__key": "payments/production/s3-bucket-key",
        "dsn": "payments/production/dsn",
    }
    assert odd.variables == {
        "dbURL": "DBURL",
        "s3_bucket__key": "S3_BUCKET__KEY",
        "dsn": "DATABASE_DSN",
    }
    assert set(document.references("production").values()) == {"payments/production"}
    assert declaration(Shared).references("production")["database_url"] == (
        "payments/shared/database-url"
    )
    elsewhere = declaration(Elsewhere)
    assert (elsewhere.cloud, elsewhere.place) == ("aws", {"region": "eu-central-1"})
