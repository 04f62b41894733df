"""Settings by each cloud's own client, against a server: empty, set, rotated, denied; and without the client."""

import os
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from infra_secrets import clouds
from infra_secrets.clouds.azure import connection as azure
from infra_secrets.clouds.gcp import connection as gcp
from infra_secrets.runtime import SecretSettings, SettingsError
from tests.runtime.conftest import PYDANTIC, Run
from tests.runtime.test_without import PROGRAM
from tests.servers import Server, entered, serving

Started = tuple[str, Server]


class Payments(SecretSettings, service="payments", environment="production"):
    one: SecretStr
    two: SecretStr
    three: str = "made-up-default"


@pytest.fixture(scope="module", params=clouds.available())
def started(request: pytest.FixtureRequest) -> Iterator[Started]:
    with serving(request.param) as server:
        yield request.param, server


@pytest.fixture
def server(started: Started, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    cloud, server = started
    monkeypatch.setattr(gcp, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(azure, "LONGEST_BACKOFF", 0.0)
    entered(monkeypatch, {**server.environment(), "INFRA_SECRETS_CLOUD": cloud})
    yield server
    server.reset()


def refused() -> SettingsError:
    with pytest.raises(SettingsError) as error:
        Payments()
    return error.value


def test_a_service_fails_with_the_commands_then_starts_then_sees_a_rotation(server: Server) -> None:
    for key in ("one", "two", "three"):
        server.make(f"payments/production/{key}")
    error = refused()
    assert error.settings == ("one", "two")
    cloud = os.environ["INFRA_SECRETS_CLOUD"]
    place = {part: text for part, text in server.place.items() if part != "name"}
    for key in error.settings:
        command = f"infra-secrets set payments/production/{key} {clouds.as_options(cloud, place)}"
        assert f"Run: {command}\n" in f"{error}\n"

    server.put("payments/production/one", b"made-up-one")
    server.put("payments/production/two", b"made-up-two")
    settings = Payments()
    assert settings.two.get_secret_value() == "made-up-two"
    assert settings.three == "made-up-default"

    server.put("payments/production/three", b"made-up-three\n")
    assert settings.reload() == {"three"}
    assert settings.three == "made-up-three\n"


def test_a_container_that_is_not_there_is_told_alone(server: Server) -> None:
    server.make("payments/production/one")
    server.make("payments/production/three")
    server.put("payments/production/one", b"made-up-one")
    error = refused()

    assert error.settings == ("two",)
    assert not error.unreachable


def test_a_container_that_is_not_there_is_no_reason_for_a_default(
    server: Server,
) -> None:
    for key in ("one", "two", "three"):
        server.make(f"payments/prodution/{key}")
        server.put(f"payments/prodution/{key}", b"made-up")
    assert refused().settings == ("one", "two", "three")


@pytest.mark.parametrize(
    ("fault", "unreachable"), [("denied", False), ("throttled", True), ("down", True)]
)
def test_what_could_not_be_looked_at_is_no_reason_for_a_default(
    fault: str,
    unreachable: bool,
    server: Server,
) -> None:
    server.make("payments/production/one")
    server.fail(fault)  # type: ignore[arg-type]
    error = refused()

    assert error.settings == ("one", "two", "three")
    assert error.unreachable is unreachable


def test_without_the_client_one_sentence_says_what_to_install(started: Started, run: Run) -> None:
    cloud, server = started
    given = {name: text for name, text in server.environment().items() if text is not None}
    said = run(
        PROGRAM,
        PYDANTIC,
        INFRA_SECRETS_CLOUD=cloud,
        INFRA_SECRETS_ENVIRONMENT="production",
        **given,
    )

    extra = clouds.values_of(clouds.load(cloud)).CLIENT_EXTRA
    assert said.startswith("MissingExtraError ")
    assert said.endswith(f" is not installed. Run: pip install 'infra-secrets[{extra}]'\n")
    assert said.count("\n") == 1


def test_the_class_may_say_each_part_of_the_place(
    started: Started, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud, _ = started
    for variables in clouds.values_of(clouds.load(cloud)).PLACE.values():
        for variable in variables:
            monkeypatch.delenv(str(variable), raising=False)
    place: dict[str, str] = {part: text for part, text in server.place.items() if part != "name"}

    class There(SecretSettings, service="payments", environment="production", cloud=cloud, **place):
        one: SecretStr

    server.make("payments/production/one")
    server.put("payments/production/one", b"made-up-one")

    assert There().one.get_secret_value() == "made-up-one"
