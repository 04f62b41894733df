"""pytest fixtures, there as soon as the package is installed: `recording`, `rehearsal` and
`canary`.

Importing this module costs next to nothing: Pulumi is only imported by a test that uses a fixture.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from infra_secrets.testing.canary import Canary
    from infra_secrets.testing.recording import Recording
    from infra_secrets.testing.rehearsal import Rehearsal


@pytest.fixture
def recording() -> "Recording":
    """A fresh `Recording`: `recording.run(program)`, before it `recording.configure(...)`."""
    from infra_secrets.testing.recording import Recording

    return Recording()


@pytest.fixture
def rehearsal() -> "Iterator[Callable[..., Rehearsal]]":
    """A function that makes a `Rehearsal`, with the same arguments; it is closed after the test.

    Without a `pulumi` command on the PATH the test fails, with the two ways to get one.
    """
    from infra_secrets.testing.engine.command import EngineMissingError, find_engine
    from infra_secrets.testing.rehearsal import Rehearsal

    try:
        find_engine()
    except EngineMissingError as error:
        pytest.fail(str(error), pytrace=False)
    made: list[Rehearsal] = []

    def make(*args: Any, **kwargs: Any) -> Rehearsal:
        made.append(Rehearsal(*args, **kwargs))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def canary() -> "Canary":
    """A unique made-up value."""
    from infra_secrets.testing.canary import Canary

    return Canary.plant()
