"""CONTRIBUTING's recipe for a cloud names what the Protocols name, and nothing that is gone."""

import inspect
import re

import pytest

from infra_secrets import clouds
from infra_secrets.clouds import Cloud, Container, Deadline, Registered, Store, grants
from infra_secrets.clouds.login import Identity, Login, Rights
from infra_secrets.clouds.values import Client, Described, Value, Values, Written
from infra_secrets.rules import shell
from infra_secrets.testing import SimulatedCloud
from infra_secrets.testing.computed.dialects import Dialect
from tests.conftest import ROOT

PROTOCOLS = (Cloud, Container, Store, Values, Client, Login)
FACETS: dict[type, str] = {
    Cloud: "**`__init__.py`**",
    Container: "**`container.py`**",
    Store: "**`store.py`**",
    Values: "**`values.py`**",
    Client: "**its `Client`**",
    Login: "**`login.py`**",
}
DATA = (
    *(Registered, SimulatedCloud, Dialect, Deadline),
    *(Described, Value, Written, Identity, Rights),
)
KNOWN_BESIDE = {
    "set_command",
    "AccessError",
    "dev",
    "if",
    "import",
    "ConfigKey",
    "SecretArgs",
    "ExternalEnvArgs",
}
"""Words in code that are no member of a facet."""


def recipe() -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return text.partition("## Adding a cloud")[2].partition("\n## ")[0]


def members(protocol: type) -> set[str]:
    own = {*inspect.get_annotations(protocol), *vars(protocol)}
    return {name for name in own if not name.startswith("_")}


def part(protocol: type[object]) -> str:
    """The recipe's part about one facet."""
    begins = recipe().index(FACETS[protocol])
    ends = [recipe().find(mark, begins + 1) for mark in (*FACETS.values(), "\n2. ")]
    return recipe()[begins : min(end for end in ends if end > 0)]


def named(text: str) -> set[str]:
    """The identifiers in code of a text."""
    return {code for code in re.findall(r"`([^`]+)`", text) if re.fullmatch(r"[A-Za-z_]+", code)}


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.__name__)
def test_every_member_of_a_facet_is_in_its_part_of_the_recipe(protocol: type) -> None:
    assert sorted(members(protocol) - named(part(protocol))) == []


def test_every_name_in_the_recipe_is_there() -> None:
    there = {protocol.__name__ for protocol in PROTOCOLS}.union(*map(members, PROTOCOLS))
    of_simulation = {
        name
        for each in SimulatedCloud.__mro__
        for name in (*vars(each), *inspect.get_annotations(each))
    }
    classes = {each.__name__ for each in DATA}

    assert named(recipe()) - there - of_simulation - classes == KNOWN_BESIDE


def test_what_the_recipe_calls_is_there() -> None:
    rooms = {"clouds": clouds, "grants": grants, "shell": shell}
    called = re.findall(r"`(clouds|grants|shell)\.(\w+)", recipe())

    assert {room for room, _ in called} == {*rooms}
    assert [each for each in called if not hasattr(rooms[each[0]], each[1])] == []


def test_the_files_of_the_recipe_are_there() -> None:
    text = recipe().replace("clouds/NAME", "clouds/aws").replace("test_NAME", "test_aws")
    text = text.replace("docs/NAME", "docs/aws")
    found = re.findall(r"`((?:[\w]+/)+[\w.]*)`", text)
    places = (ROOT, ROOT / "infra_secrets")

    assert len(found) > 8
    assert [each for each in found if not any((place / each).exists() for place in places)] == []
