"""What is particular to Acme. Its name keeps it from being collected where the cloud is not there."""

import os
from pathlib import Path

import pulumi
import pytest

from infra_secrets import Secret, clouds
from infra_secrets.cli import main
from infra_secrets.clouds.values import Value
from infra_secrets.rules.naming import SecretName
from infra_secrets.testing import Recording, Rehearsal
from infra_secrets.testing.computed import texts
from infra_secrets.testing.computed.subject import Subject

CONFIG = {"infra-secrets:cloud": "acme"}
NAME = "shop.production.stripe-api-key"


def test_acme_refuses_what_it_cannot_do_in_one_error() -> None:
    recording = Recording(project="shop", stack="production", config=CONFIG)

    with pytest.raises(ValueError, match="3 problems to fix") as refused:
        recording.run(
            lambda: Secret(
                "StripeApiKey", replicas=["north"], encryption_key="key", readers=["everybody"]
            )
        )
    assert "on Acme a principal is 'NAME@acme'" in str(refused.value)


@pytest.mark.engine
def test_acme_is_read_by_an_environment_of_esc() -> None:
    environment = {
        "values": {
            "read": {
                "fn::open::acme-secrets": {
                    "login": {},
                    "get": {"stripe": {"path": NAME}},
                }
            },
            "pulumiConfig": {"shop:stripe": "${read.stripe}"},
        }
    }
    read: list[bool] = []

    def program() -> None:
        Secret("StripeApiKey")
        found = pulumi.Config("shop").get_secret("stripe")
        if found is not None:
            found.apply(lambda value: read.append(value == "made-up-key"))

    with Rehearsal(program, project="shop", stack="production", config=CONFIG) as rehearsal:
        rehearsal.up()
        rehearsal.clouds["acme"].set_value(NAME, "made-up-key")
        rehearsal.configure(esc={"shop/production": environment})
        rehearsal.up()

    assert read == [True]


def test_acme_s_logins_do_not_reach_a_rehearsed_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_TOKEN", "made-up-token")
    from infra_secrets.testing.program import accounts

    assert "ACME_TOKEN" in os.environ
    assert "ACME_TOKEN" not in accounts.harmless_environment()
    assert accounts.no_account()["ACME_CONFIG"] == "/nonexistent"


def test_acme_s_value_is_set_and_read_and_the_doctor_knows_who_may(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    acme = clouds.connect(clouds.load("acme"), {"tenant": "shop"})
    name = SecretName(service="shop", environment="production", key="stripe-api-key")
    made = acme.make(name)  # type: ignore[attr-defined]  # code does it, and no client
    acme.write(made, Value(data=b"made-up-key"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACME_USER", "readers-of-shop")

    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--cloud", "acme", "--service", "shop", "--as", "service"])

    assert (acme.read([name])[name], ended.value.code) == (
        Value(data=b"made-up-key", version="1"),
        0,
    )
    assert "Logged in as readers-of-shop@acme (tenant main)." in capsys.readouterr().out


def test_what_acme_computes_is_written_as_acme_writes_it() -> None:
    subject = Subject("acme:compute:Server", "web", "seed", {"name": "web"})

    assert texts.text(subject, "hostname") == "web.acme.example"
