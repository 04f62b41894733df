"""What `status` advises for a container that is not there, followed on the real engine."""

import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra_secrets import Secret
from infra_secrets.cli.status.collect import collect
from infra_secrets.cli.status.rows import Row
from infra_secrets.cli.status.subject import find
from infra_secrets.cli.where import Named
from infra_secrets.testing import Rehearsal
from tests.cli.projects import with_state
from tests.clouds.containers import simulated
from tests.conftest import config_for
from tests.values import Values, connected


def program() -> None:
    Secret("StripeApiKey", retention="discard")


@pytest.mark.engine
def test_a_container_that_is_gone_for_good_is_made_again_by_the_advised_command(
    cloud: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Rehearsal(
        program, project="shop", stack="production", config=config_for(cloud)
    ) as rehearsal:
        rehearsal.up()
        there = simulated(rehearsal, cloud)
        [name] = there.names()
        there.service.secrets.clear()  # type: ignore[attr-defined] # every simulation has one
        monkeypatch.chdir(with_state(rehearsal.state(), tmp_path, monkeypatch))
        [row] = looked(cloud, monkeypatch)
        assert row.state == "missing"
        words = shlex.split(row.fix or "")
        assert (words[:2], words[-2:]) == (["pulumi", "up"], ["--stack", "production"])

        assert rehearsal.up().changes == []  # without it, the state is believed
        rehearsal.extra_args = words[2:-2]
        rehearsal.up()

        assert there.names() == [name]


@pytest.mark.engine
def test_a_container_that_was_refused_is_declared_and_the_advised_command_makes_it(
    cloud: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Rehearsal(
        program, project="shop", stack="production", config=config_for(cloud)
    ) as rehearsal:
        there = simulated(rehearsal, cloud)
        there.fail_next("create")
        assert not rehearsal.up(check=False).succeeded
        monkeypatch.chdir(with_state(rehearsal.state(), tmp_path, monkeypatch))
        [row] = looked(cloud, monkeypatch)
        assert (row.state, row.fix) == ("missing", "pulumi up --stack production")

        rehearsal.up()

        assert len(there.names()) == 1


def looked(cloud: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Row, ...]:
    """Look as `status` does, at a place where nothing is."""
    connected(monkeypatch, Values(cloud=cloud, place={}))
    return collect(find(Named()).places, datetime.now(UTC)).rows
