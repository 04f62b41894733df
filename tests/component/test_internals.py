"""What is not public in Pulumi's SDK is used in one file; each piece names the test that notices when it breaks."""

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pulumi
import pytest

from tests.conftest import ROOT
from tests.imported import dotted, imported


@dataclass(frozen=True)
class House:
    """A part of the package, and its one file for what is not public.

    Attributes:
        folder: Where it is.
        internals: The file.
        without: What in the folder is another part.
        with_runtime: Whether it may use what `pulumi.runtime` has in its modules: an engine speaks its protocol.
    """

    folder: str
    internals: str
    without: tuple[str, ...] = ()
    with_runtime: bool = False

    def files(self) -> list[Path]:
        found = (ROOT / self.folder).rglob("*.py")
        return [
            path
            for path in sorted(found)
            if path.relative_to(ROOT).as_posix() != self.internals
            and not any(path.is_relative_to(ROOT / each) for each in self.without)
        ]


PRODUCT = House(
    "infra_secrets", "infra_secrets/component/internals.py", without=("infra_secrets/testing",)
)
TESTING = House("infra_secrets/testing", "infra_secrets/testing/internals.py", with_runtime=True)
HOUSES = pytest.mark.parametrize("house", [PRODUCT, TESTING], ids=lambda house: house.internals)


def is_private(spelled: str) -> bool:
    return any(part.startswith("_") and not part.startswith("__") for part in spelled.split("."))


def is_offered(name: str) -> bool:
    """Whether `pulumi.runtime` offers a name by itself, and not as one of its modules."""
    found = getattr(pulumi.runtime, name, None)
    return found is not None and not isinstance(found, ModuleType)


def not_public(source: str, *, with_runtime: bool = False) -> Iterator[str]:
    """Yield each use of what is not public in Pulumi's SDK."""
    tree = ast.parse(source)
    known = imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and is_pulumi(node.module):
            names = [alias.name for alias in node.names]
            inside = node.module.startswith("pulumi.runtime.")
            unoffered = node.module == "pulumi.runtime" and not all(map(is_offered, names))
            private = any(map(is_private, [node.module, *names]))
            if private or ((inside or unoffered) and not with_runtime):
                yield f"line {node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                inside = alias.name.startswith("pulumi.runtime.") and not with_runtime
                if is_pulumi(alias.name) and (inside or is_private(alias.name)):
                    yield f"line {node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.Attribute):
            if is_hidden(dotted(node, known), with_runtime=with_runtime):
                yield f"line {node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.Call) and reaches_by_text(node, known, with_runtime=with_runtime):
            yield f"line {node.lineno}: {ast.unparse(node)}"
    for number, line in enumerate(source.splitlines(), start=1):
        if re.search(r"noqa:.*\bSLF001\b(?!.*its own)", line):
            yield f"line {number}: a private name of somebody else's object"


def reaches_by_text(call: ast.Call, names: Mapping[str, str], *, with_runtime: bool) -> bool:
    """Whether a call reaches for what is not public by its name in a text."""
    match dotted(call.func, names), call.args:
        case (
            "getattr" | "setattr" | "hasattr" | "delattr",
            [owner, ast.Constant(value=str(name)), *_],
        ):
            reached = f"{dotted(owner, names)}.{name}"
            return is_private(name) or is_hidden(reached, with_runtime=with_runtime)
        case "importlib.import_module" | "__import__", [ast.Constant(value=str(name)), *_]:
            inside = name.startswith("pulumi.runtime.") and not with_runtime
            return is_pulumi(name) and (inside or is_private(name))
    return False


def is_hidden(spelled: str, *, with_runtime: bool) -> bool:
    """Whether an attribute of Pulumi's SDK, spelled in full, is not public."""
    owner, _, name = spelled.rpartition(".")
    unoffered = owner == "pulumi.runtime" and not is_offered(name) and not with_runtime
    return is_pulumi(spelled) and (unoffered or is_private(spelled))


def is_pulumi(spelled: str) -> bool:
    return spelled == "pulumi" or spelled.startswith("pulumi.")


@HOUSES
def test_what_is_not_public_is_used_in_one_file(house: House) -> None:
    assert {
        path.relative_to(ROOT).as_posix(): found
        for path in house.files()
        if (found := [*not_public(path.read_text("utf-8"), with_runtime=house.with_runtime)])
    } == {}


@pytest.mark.parametrize(
    "line",
    [
        "from pulumi import _types",
        "from pulumi._types import is_input_type",
        "import pulumi._types",
        "import pulumi.runtime.settings",
        "from pulumi.runtime.settings import get_monitor",
        "from pulumi.runtime import rpc",
        "from pulumi.runtime import config as stack_config",
        "pulumi.runtime.settings.get_monitor()",
        "pulumi.output._safe_str(1)",
        "component._transformations  # noqa: SLF001",
        "import pulumi as p; p._types",
        "from pulumi import runtime; runtime.settings.SETTINGS",
        "from pulumi import output as o; o._safe_str(1)",
        "import pulumi.runtime as r; r.settings.SETTINGS",
        'getattr(pulumi.Output, "_x")',
        'setattr(pulumi.Output, "_x", 1)',
        'hasattr(component, "_transformations")',
        'from pulumi import runtime; getattr(runtime, "settings")',
        'importlib.import_module("pulumi._types")',
        'from importlib import import_module; import_module("pulumi.runtime.settings")',
    ],
)
def test_each_way_to_what_is_not_public_is_noticed(line: str) -> None:
    assert [*not_public(line)] != []


@pytest.mark.parametrize(
    "line",
    [
        "from pulumi.runtime import is_dry_run",
        "pulumi.runtime.is_dry_run()",
        "pulumi.__version__",
        "from pulumi import runtime; runtime.is_dry_run()",
        'hasattr(given, "__await__")',
        'getattr(pulumi.Output, "from_input")',
        "from pulumi.provider.experimental.component import ComponentProvider",
        "self._token",
        "twin._take(clouds)  # noqa: SLF001 (one of its own kind)",
    ],
)
def test_what_is_public_or_the_package_s_own_is_no_matter(line: str) -> None:
    assert [*not_public(line)] == []


def pieces(house: House) -> dict[str, str]:
    """Read the public pieces of the one file, each with what it says of itself."""
    tree = ast.parse((ROOT / house.internals).read_text(encoding="utf-8"))
    return {
        node.name: ast.get_docstring(node) or ""
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
    }


@pytest.mark.parametrize("house", [PRODUCT], ids=lambda house: house.internals)
def test_each_piece_names_the_test_that_notices_when_it_breaks_and_there_is_one(
    house: House,
) -> None:
    found = pieces(house)

    assert found
    for name, says in found.items():
        tests = re.findall(r"`(tests/[a-z_/]+)\.py::(test_\w+)`", says)
        assert tests, f"{name} names no test"
        for file, test in tests:
            module = importlib.import_module(file.replace("/", "."))
            assert callable(getattr(module, test, None)), f"{name}: there is no {test} in {file}"
