"""The state file of a rehearsal: read, written and lost by hand, without an engine."""

import json
from pathlib import Path
from typing import cast

import pytest

from infra_secrets.testing.engine.command import Engine
from infra_secrets.testing.rehearsal.state import State, holds_ciphertext
from infra_secrets.testing.values import SIGNATURE, SecretValue

STACK = {
    "urn": "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev",
    "type": "pulumi:pulumi:Stack",
    "outputs": {"name": "payments"},
}
PROVIDER = {"urn": "provider", "type": "pulumi:providers:aws"}
SECRET = {"urn": "secret", "type": "aws:secretsmanager/secret:Secret"}


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path, "shop", "dev")
    state.start(checkpoints=True)
    return state


def test_it_begins_with_nothing(state: State) -> None:
    assert state.read() == {}
    assert state.resources == []
    assert state.outputs == {}


def test_without_checkpoints_it_begins_with_a_deployment(state: State) -> None:
    state.start(checkpoints=False)

    assert list(state.read()) == ["manifest"]


def test_its_resources_are_those_of_the_program_and_its_outputs_the_stack_s(state: State) -> None:
    state.write({"resources": [STACK, PROVIDER, SECRET]})

    assert state.resources == [SECRET]
    assert state.all_resources == [STACK, PROVIDER, SECRET]
    assert state.outputs == {"name": "payments"}


def test_what_is_lost_is_gone_with_the_engine_s_copies(state: State, tmp_path: Path) -> None:
    state.write({"resources": [SECRET]})
    copy = tmp_path / ".pulumi" / "stacks" / "shop" / "dev.json.bak"
    copy.write_text("{}")

    state.lose(checkpoints=True)

    assert state.read() == {}
    assert not copy.exists()


def test_another_stack_has_outputs_and_never_takes_the_place_of_this_one(
    state: State, tmp_path: Path
) -> None:
    state.write_other_stack("network", "prod", {"vpcId": "vpc-1"})
    state.write_other_stack("shop", "dev", {"name": "other"})

    assert State(tmp_path, "network", "prod").outputs == {"vpcId": "vpc-1"}
    assert state.read() == {}


def test_ciphertext_is_found_at_any_depth() -> None:
    hidden = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:..."}

    assert holds_ciphertext({"list": [{"token": hidden}]})
    assert not holds_ciphertext({"list": [{"token": "ciphertext"}]})


def test_the_engine_is_asked_for_secret_outputs_once_and_again_when_they_change(
    state: State,
) -> None:
    asked: list[str] = []

    class Decrypting:
        def run(self, arguments: list[str]) -> tuple[int, str]:
            asked.append(arguments[1])
            return 0, json.dumps({"token": f"made up {len(asked)}"})

    def read(ciphertext: str) -> object:
        hidden = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": ciphertext}
        state.write({"resources": [{**STACK, "outputs": {"token": hidden}}]})
        return state.decrypted_outputs(lambda: cast("Engine", Decrypting()))["token"]

    assert read("v1:one") == read("v1:one") == SecretValue("made up 1")
    assert read("v1:two") == SecretValue("made up 2")
    assert asked == ["output", "output"]


def test_plain_outputs_need_no_engine(state: State) -> None:
    state.write({"resources": [STACK]})

    assert state.decrypted_outputs(lambda: pytest.fail("asked")) == {"name": "payments"}
