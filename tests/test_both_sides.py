"""The test in examples/one_declaration, which users copy, notices a secret that is on one side only."""

from collections.abc import Callable

import pytest
from pydantic import SecretStr

from examples.one_declaration import test_both_sides as copied
from examples.one_declaration.settings import Payments
from infra_secrets import ExternalEnv, Secret, secrets_for

BOTH = ("stripe_api_key", "database_url")


class More(Payments):
    """The service with one more secret."""

    sentry_dsn: SecretStr


def by_hand(containers: tuple[str, ...], variables: tuple[str, ...]) -> Callable[[], None]:
    """Write a program as one is written that does not know the class."""

    def program() -> None:
        names = {
            field: f"payments/production/{field.replace('_', '-')}"
            for field in {*containers, *variables}
        }
        for field in containers:
            Secret(field, service="payments", key=field.replace("_", "-"))
        secrets = {field.upper(): names[field] for field in variables}
        ExternalEnv("payments", secrets=secrets, store="team")

    return program


def by_class() -> None:
    secrets_for(More)
    ExternalEnv("payments", settings=More, store="team")


CONTAINERS = copied.test_the_program_makes_what_the_service_reads_and_nothing_else
VARIABLES = copied.test_the_pods_get_what_the_service_reads_and_nothing_else


def noticed(
    monkeypatch: pytest.MonkeyPatch, program: Callable[[], None], settings: type[Payments]
) -> list[Callable[[], None]]:
    monkeypatch.setattr(copied, "program", program)
    monkeypatch.setattr(copied, "Payments", settings)
    failed = []
    for test in (CONTAINERS, VARIABLES):
        try:
            test()
        except AssertionError:
            failed.append(test)
    return failed


def test_both_sides_that_agree_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    assert noticed(monkeypatch, by_hand(BOTH, BOTH), Payments) == []
    assert noticed(monkeypatch, by_class, More) == []


@pytest.mark.parametrize(
    ("program", "settings", "expected"),
    [
        (by_hand(BOTH, BOTH), More, [CONTAINERS, VARIABLES]),
        (by_class, Payments, [CONTAINERS, VARIABLES]),
        (by_hand((*BOTH, "sentry_dsn"), BOTH), Payments, [CONTAINERS]),
        (by_hand((*BOTH, "sentry_dsn"), BOTH), More, [VARIABLES]),
        (by_hand(BOTH, (*BOTH, "sentry_dsn")), Payments, [VARIABLES]),
        (by_hand(BOTH, (*BOTH, "sentry_dsn")), More, [CONTAINERS]),
        (by_hand(BOTH[:1], BOTH), Payments, [CONTAINERS]),
    ],
    ids=[
        "only the service has it",
        "only the program has it",
        "only a container is there",
        "the pods lack it",
        "only the pods have it",
        "the container is missing",
        "the program lost one",
    ],
)
def test_a_secret_on_one_side_only_is_noticed(
    program: Callable[[], None],
    settings: type[Payments],
    expected: list[Callable[[], None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert noticed(monkeypatch, program, settings) == expected
