"""What `fn::open` opens: in a recording, and in the simulated clouds."""

from typing import Any

import pytest

from infra_secrets import Secret
from infra_secrets.testing import (
    EngineError,
    Rehearsal,
    SecretValue,
    SimulatedAws,
    ordinary_config,
)
from infra_secrets.testing.esc import EscError, EscOpenError, EscSecrets
from tests.testing.esc.recorded import (
    OPENED,
    VALUE,
    environment,
    opening,
    reading,
    recorded,
    value_of,
)


@pytest.mark.parametrize("cloud", OPENED)
def test_a_recording_makes_up_what_it_was_not_given(cloud: str) -> None:
    first, secrets = recorded({"a/b": opening(cloud)})
    assert first["nlp:db"].startswith("made-up-")
    assert secrets == {"nlp:db"}
    assert recorded({"a/b": opening(cloud)})[0] == first


def test_a_recording_takes_what_a_secrets_manager_holds() -> None:
    held = {"aws-secrets": {"nlp/production/db": "postgresql://db"}}
    assert recorded({"a/b": opening("aws")}, opened=held) == (
        {"nlp:db": "postgresql://db"},
        {"nlp:db"},
    )


def test_a_login_gives_credentials_that_open_nothing() -> None:
    login = {"fn::open::aws-login": {"oidc": {"roleArn": "arn:aws:iam::1:role/esc"}}}
    key, is_secret = value_of("${login.secretAccessKey}", login=login)
    assert key.startswith("made-up-")
    assert is_secret


PACKAGE = {"aws": "aws", "gcp": "gcp", "azure": "azure-native"}


def containers() -> None:
    Secret("db")


@pytest.mark.engine
@pytest.mark.parametrize("cloud", OPENED)
def test_the_value_that_an_operator_sets_comes_back_as_config(cloud: str) -> None:
    with Rehearsal(
        containers, project="nlp", stack="production", config=ordinary_config(cloud)
    ) as rehearsal:
        rehearsal.up()
        [name] = rehearsal.clouds[PACKAGE[cloud]].names()
        rehearsal.configure(esc={"nlp/production": renamed(opening(cloud, port=5432), name)})
        rehearsal.program = reading

        refused = rehearsal.up(check=False)
        assert refused.exit_code == 255
        assert "nlp/production: secrets.it: " in refused.error
        assert repr(name) in refused.error
        assert refused.steps == ()
        with pytest.raises(EngineError, match="no value has been set"):
            rehearsal.preview()

        rehearsal.clouds[PACKAGE[cloud]].set_value(name, VALUE)
        rehearsal.up()
        assert rehearsal.outputs == {"url": SecretValue(VALUE), "port": 5432}
        rehearsal.assert_no_leak()


def renamed(definition: dict[str, Any], name: str) -> dict[str, Any]:
    [(provider, inputs)] = definition["values"]["secrets"].items()
    entry = {"secretId" if provider == "fn::open::aws-secrets" else "name": name}
    what = "access" if provider == "fn::open::gcp-secrets" else "get"
    secrets = {provider: {**inputs, what: {"it": entry}}}
    return {"values": {**definition["values"], "secrets": secrets}}


def test_a_missing_container_is_named_with_its_place() -> None:
    with Rehearsal(reading, esc={"nlp/production": opening("aws")}) as rehearsal:
        assert rehearsal.up(check=False).error == (
            "opening environment: nlp/production: secrets.it: aws-secrets cannot read a value of"
            " 'nlp/production/db' in eu-west-1: it is missing, or no value has been set"
        )
        assert issubclass(EscOpenError, EscError)


class Elsewhere(SimulatedAws):
    """A cloud that nothing here knows: it says itself what an environment opens of it."""

    esc_providers = (EscSecrets("elsewhere-secrets", wanted="read", id="path"),)


def test_a_cloud_that_a_test_brings_says_itself_what_is_opened() -> None:
    call = {"fn::open::elsewhere-secrets": {"login": {}, "read": {"it": {"path": "a/b"}}}}
    with Rehearsal(clouds=[Elsewhere()], esc={"a/b": environment({"secrets": call})}) as rehearsal:
        assert rehearsal.up(check=False).error == (
            "opening environment: a/b: secrets.it: elsewhere-secrets cannot read a value of 'a/b':"
            " it is missing, or no value has been set"
        )
