"""The short form of the set command, as its page writes it: typed in real shells, on the real engine's outputs."""

import re
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest

from infra_secrets import Secret
from infra_secrets.testing import Rehearsal
from tests.conftest import ROOT, config_for
from tests.shells import PASTED_IN, Tools, at_a_terminal, run

PAGE = "docs/set-command.md"
CANARY = "canary-58-not-real"
SHELLS = [shell for shell in PASTED_IN if shell not in ("csh", "tcsh")]  # these have no $( )


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```", text)


def short_form() -> str:
    """The first command of the page."""
    return next(
        line
        for block in blocks(PAGE, "sh")
        for line in block.splitlines()
        if line.startswith("sh -c")
    )


@pytest.mark.parametrize("page", [PAGE, "docs/getting-started.md"])
def test_a_page_shows_the_short_form_of_its_own_program(page: str) -> None:
    program = next(block for block in blocks(page, "python") if "set_command" in block)

    assert short_form() in "\n".join(blocks(page, "sh")).splitlines()
    assert short_form() == 'sh -c "$(pulumi stack output set_stripe_api_key)"'
    assert 'pulumi.export("set_stripe_api_key", stripe.set_command)' in program


def program() -> None:
    # A line break in it: Azure keeps the description in a tag, which the command gives again.
    stripe = Secret("StripeApiKey", description="Charges cards.\nAsk Ada's team!")
    pulumi.export("set_stripe_api_key", stripe.set_command)


@pytest.fixture(scope="module", params=["aws", "azure", "gcp"])
def rehearsed(request: pytest.FixtureRequest) -> Iterator[tuple[str, Rehearsal]]:
    with Rehearsal(
        program, project="shop", stack="production", config=config_for(request.param)
    ) as rehearsal:
        rehearsal.up()
        yield request.param, rehearsal


@pytest.fixture
def tools(
    rehearsed: tuple[str, Rehearsal], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Tools:
    """Stand in the project's folder, with the stack selected."""
    engine = rehearsed[1]._engine()
    assert engine.run(["stack", "select", "production"])[0] == 0
    for variable, text in engine._environment.items():
        monkeypatch.setenv(variable, text)
    monkeypatch.chdir(engine._directory)
    return Tools.first_on_path(tmp_path, monkeypatch)


@pytest.mark.engine
@pytest.mark.parametrize("shell", SHELLS)
def test_typed_in_any_shell_it_asks_at_the_terminal(
    shell: str, rehearsed: tuple[str, Rehearsal], tools: Tools
) -> None:
    words = ["busybox", "sh"] if shell == "busybox" else [shell]
    with at_a_terminal(*words, "-c", short_form()) as terminal:
        terminal.asks()
        assert not terminal.echoes()
        terminal.press(f"{CANARY}\n\x04")
        assert terminal.ends() == 0
        assert terminal.echoes()

    assert tools.value == CANARY.encode()
    assert CANARY not in terminal.shown
    if rehearsed[0] == "azure":
        assert "infra-secrets.description=Charges cards.\nAsk Ada's team!" in tools.argv


@pytest.mark.engine
@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_piped_into_it_is_not_read_by_pulumi(shell: str, tools: Tools) -> None:
    tools.put("op", f"#!/bin/sh\necho {CANARY}\n")
    done = run(f"op read op://payments/stripe | {short_form()}", b"", shell)

    assert done.returncode == 0, done.stderr
    assert tools.value == CANARY.encode()
    assert done.stderr == b"Line breaks dropped at the end: 1.\n"


@pytest.mark.engine
def test_the_stack_may_be_named(tools: Tools) -> None:
    named = short_form().replace(")", " --stack production)")
    done = run(named, CANARY.encode())

    assert done.returncode == 0, done.stderr
    assert tools.value == CANARY.encode()


@pytest.mark.engine
def test_an_output_that_does_not_exist_sets_nothing(tools: Tools) -> None:
    missing = short_form().replace("stripe", "strip")
    checked = next(block for block in blocks("docs/set-command.md", "sh") if "&&" in block)
    checked = checked.replace("set_stripe_api_key", "set_strip_api_key")

    assert b"does not have output property 'set_strip_api_key'" in run(missing, b"x").stderr
    assert run(checked, b"x").returncode != 0
    assert not tools.called
