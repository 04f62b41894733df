"""Pulumi's own evaluator, for the whole session."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.esc_oracle.oracle import Oracle, program

# The same cases in each run, so that a change is judged by itself. EXAMPLES= asks for that many other ones.
settings.register_profile(
    "esc-oracle",
    max_examples=int(os.environ.get("EXAMPLES", "300")),
    derandomize="EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("esc-oracle")


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    oracle = Oracle(program())
    yield oracle
    oracle.close()
