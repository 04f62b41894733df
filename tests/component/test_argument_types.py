"""The words that a type checker offers for an argument are those that the code knows.

At run time nothing is left of them (see `argument_types.py`), so they are read from the source. What mypy
and pyright make of them is in `tests/consumer/typed`.
"""

import ast
import inspect
from collections.abc import Collection, Sequence
from types import ModuleType
from typing import get_origin

import pytest

from infra_secrets import clouds
from infra_secrets.component import argument_types
from infra_secrets.containers import secret
from infra_secrets.rules import formats
from infra_secrets.workloads import deployment_container as container
from infra_secrets.workloads import esc_deployment, esc_env
from infra_secrets.workloads import external_env as external

MODULES = {"SecretArgs": secret, "ExternalEnvArgs": external, "EscEnvArgs": esc_env}
MODULES["EscDeploymentArgs"] = esc_deployment


def annotations(module: ModuleType, class_: str) -> dict[str, ast.expr]:
    [found] = [
        each
        for each in ast.parse(inspect.getsource(module)).body
        if isinstance(each, ast.ClassDef) and each.name == class_
    ]
    return {
        ast.unparse(each.target): each.annotation
        for each in found.body
        if isinstance(each, ast.AnnAssign)
    }


def words(node: ast.AST) -> list[str]:
    return [str(each.value) for each in ast.walk(node) if isinstance(each, ast.Constant)]


@pytest.mark.parametrize(
    ("class_", "argument", "known"),
    [
        ("SecretArgs", "cloud", clouds.available()),
        ("ExternalEnvArgs", "cloud", clouds.available()),
        ("SecretArgs", "retention", clouds.RETENTIONS),
        ("ExternalEnvArgs", "store_kind", external.STORE_KINDS),
        ("EscDeploymentArgs", "relax", [*container.SECURITY, container.NO_TOKEN]),
    ],
)
def test_a_checker_offers_the_words_that_the_code_knows(
    class_: str, argument: str, known: Collection[str]
) -> None:
    assert words(annotations(MODULES[class_], class_)[argument]) == [*known]


def test_a_checker_offers_the_formats_and_the_schemes_that_everybody_knows() -> None:
    [offered] = [
        each.value
        for each in ast.parse(inspect.getsource(argument_types)).body
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "Format"
    ]

    assert ast.unparse(annotations(esc_env, "EscEnvArgs")["formats"]) == "Mapping[str, Format]"
    assert words(offered) == [*formats.FORMATS, *sorted(formats._KNOWN_SCHEMES)]
    assert [each for each in words(offered) if formats.unknown_format(each)] == []


@pytest.mark.parametrize("class_", MODULES)
def test_no_list_of_strings_takes_a_string(class_: str) -> None:
    texts = {
        argument: ast.unparse(node)
        for argument, node in annotations(MODULES[class_], class_).items()
    }

    assert {
        argument: text
        for argument, text in texts.items()
        if "Sequence[" in text or "list[" in text or "Iterable[" in text
    } == {}


def test_at_run_time_each_is_what_pulumi_s_analyzer_reads() -> None:
    found = secret.SecretArgs.__annotations__

    assert found["cloud"] is str
    assert found["retention"] is str
    origin: object = get_origin(found["fields"])
    assert origin is Sequence
