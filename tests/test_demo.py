"""The demo keeps its word on every cloud, and notices when a promise is broken."""

import sys
from pathlib import Path

import pulumi
import pytest

from examples import demo
from infra_secrets.containers.claim import Claim
from tests.test_pictures import DEMO
from tools import pictures


def drawn(told: str) -> bool:
    """Say whether the README's picture has what the demo told, word for word; `make pictures` draws it anew."""
    story = pictures.words(" ".join(pictures.chapters(told)))
    return bool(story) and story in pictures.text_of(DEMO.read_text(encoding="utf-8"))


@pytest.mark.engine
def test_every_promise_holds(cloud: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main([cloud]) == 0

    told = capsys.readouterr().out
    assert told.count(" ok  ") == 11
    assert "canary-" not in told
    assert f"{cloud:<10} 3 containers, every value still there" in told
    if cloud in pictures.STORIES:
        assert drawn(told), "run make pictures"


@pytest.mark.engine
def test_every_promise_holds_on_kubernetes(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main(["kubernetes"]) == 0

    told = capsys.readouterr().out
    assert told.count(" ok  ") == 9
    assert "canary-" not in told
    assert "--secret --string --file -" in told
    assert "kubernetes values only where pods read them" in told
    assert drawn(told), "run make pictures"


@pytest.mark.engine
def test_a_value_goes_its_whole_way(cloud: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main([f"{cloud}-journey"]) == 0

    told = capsys.readouterr().out
    assert told.count(" ok  ") == 8
    assert "canary-" not in told
    assert "infra-secrets set payments/dev/stripe-api-key" in told
    assert "changed: stripe_api_key" in told
    assert "unset, set, read, rotated" in told.splitlines()[-1]


@pytest.mark.engine
def test_a_service_that_starts_without_a_secret_is_a_broken_promise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    careless = (sys.executable, "-c", "print('The service has all its secrets.')")
    monkeypatch.setattr("examples.journey.SERVICE", careless)

    assert demo.main(["aws-journey"]) == 1
    assert "it ended with 0" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.engine
def test_a_missing_value_that_nobody_notices_is_a_broken_promise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infra_secrets.stack.values.Entry.problem", lambda *_: None)

    assert demo.main(["kubernetes"]) == 1
    assert "it was not refused" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.engine
def test_a_value_that_can_be_lost_is_a_broken_promise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def careless(self: Claim, _: object) -> None:
        """Look at nothing."""

    monkeypatch.setattr(
        Claim, "options", lambda self: pulumi.ResourceOptions(parent=self.component)
    )
    monkeypatch.setattr(Claim, "stays", careless)

    assert demo.main(["aws"]) == 1
    assert "the rename was not refused" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.engine
def test_a_value_that_is_gone_is_a_broken_promise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from infra_secrets.testing.clouds.gcp import SimulatedGcp

    monkeypatch.setattr(SimulatedGcp, "value", lambda *_: None)

    assert demo.main(["gcp"]) == 1
    assert "lost its value" in capsys.readouterr().out.splitlines()[-1]


def test_the_program_is_edited_only_where_the_text_is_there_once() -> None:
    with pytest.raises(ValueError, match=r"is in __main__\.py 0 times"):
        demo.edited({"no such text": "another"})


def test_the_program_knows_nothing_of_the_demo() -> None:
    text = Path(demo.PROGRAM).read_text(encoding="utf-8")

    assert "testing" not in text
    assert "demo" not in text
