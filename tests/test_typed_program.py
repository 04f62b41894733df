"""The program that type checkers read in `tests/consumer/typed` names everything that is public.

That the checkers accept its right lines and refuse its wrong ones is what `make test-consumer` says.
"""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import infra_secrets
from infra_secrets import runtime, testing

TYPED = Path(__file__).parents[1] / "tests" / "consumer" / "typed"
ARGUMENTS = [name for name in infra_secrets.__all__ if name.endswith("Args")]
MADE = ("Canary", "Recording", "Rehearsal")
"""Classes of the kit whose arguments a test of a user's gives."""
PROVIDERS_SIDE = {
    "close", "esc_providers", "evidence", "functions", "imitate", "literals",
    "meet", "principals", "resource_type", "resource_types", "store_name", "store_provider",
    "store_scope", "usual_config", "values_written",
}  # fmt: skip
"""What the engine's side of a simulated cloud, and the command `infra-secrets rehearse`, call: no user's test does."""


def named(file: str) -> set[str]:
    """Every name, attribute, keyword and literal key in the code of a typed program."""

    def names() -> Iterator[str | None]:
        for node in ast.walk(ast.parse((TYPED / f"{file}.py").read_text())):
            match node:
                case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=name):
                    yield name
                case ast.Dict(keys=keys):
                    yield from (str(key.value) for key in keys if isinstance(key, ast.Constant))

    return {name for name in names() if name}


def members(one: type[Any]) -> set[str]:
    """What a class of the package offers: methods, properties and fields."""
    own = [each for each in one.__mro__ if each.__module__.startswith("infra_secrets")]
    found = {name for each in own for name in (*vars(each), *vars(each).get("__annotations__", ()))}
    # Pydantic's own methods, which settings refuse.
    return {name for name in found if not name.startswith(("_", "model_"))}


@pytest.mark.parametrize(
    ("module", "file"),
    [(infra_secrets, "arguments"), (testing, "testing_kit"), (runtime, "settings")],
)
def test_every_public_name_is_in_the_typed_program(module: Any, file: str) -> None:
    assert sorted(set(module.__all__) - named(file)) == []


@pytest.mark.parametrize("name", ARGUMENTS)
def test_every_argument_is_in_the_typed_program(name: str) -> None:
    arguments = getattr(infra_secrets, name).__annotations__

    assert sorted(set(arguments) - named("arguments")) == []


@pytest.mark.parametrize("name", MADE)
def test_every_argument_of_the_kit_is_in_the_typed_program(name: str) -> None:
    one = getattr(testing, name)
    makes = one.plant if name == "Canary" else one

    assert (
        sorted(set(inspect.signature(makes).parameters) - named("testing_kit") - {"format"}) == []
    )


@pytest.mark.parametrize(
    ("module", "file", "name"),
    [
        (module, file, name)
        for module, file in (
            (infra_secrets, "arguments"),
            (testing, "testing_kit"),
            (runtime, "settings"),
        )
        for name in module.__all__
        if inspect.isclass(getattr(module, name)) and name not in ARGUMENTS
    ],
)
def test_every_member_of_a_public_class_is_in_the_typed_program(
    module: Any, file: str, name: str
) -> None:
    offered = members(getattr(module, name)) - PROVIDERS_SIDE

    assert sorted(offered - named(file)) == []
