"""CONTRIBUTING's map of the repository: what it names is there, and what is there it names."""

import ast
import re
from pathlib import Path

from tests.conftest import ROOT

PACKAGE = ROOT / "infra_secrets"
TO_COME = {"infra_secrets/practice.py", "infra_secrets/policies/"}
"""Named as what is not there yet."""


def section() -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return text.partition("## Where things are")[2].partition("\n## ")[0]


def exists(place: str, beside: Path) -> bool:
    """Whether a place of the table is there: in the package, in the repository, or beside the one named before it."""
    place = place.replace("NAME", "aws")
    return any((folder / place).exists() for folder in (PACKAGE, ROOT, beside))


def missing(rows: list[str]) -> list[str]:
    found = []
    for row in rows:
        beside = PACKAGE
        for place in re.findall(r"`([\w./-]+(?:\.py|/))`", row):
            if place in TO_COME:
                continue
            if not exists(place, beside):
                found.append(place)
            if "/" in place:
                at = PACKAGE / place.replace("NAME", "aws")
                beside = at if place.endswith("/") else at.parent
    return found


def test_every_place_of_the_table_is_there() -> None:
    rows = [line for line in section().splitlines() if line.startswith("| ")]

    assert len(rows) > 10
    assert missing(rows) == []


def test_a_place_that_is_gone_is_noticed() -> None:
    assert missing(
        ["| x | `rules/gone.py`, `containers/secret.py`, `arguments.py`, `lost.py` |"]
    ) == [
        "rules/gone.py",
        "lost.py",
    ]


def test_the_map_has_every_room_of_the_package() -> None:
    drawn = section().partition("```text")[2].partition("```")[0]
    rooms = {each.name for each in PACKAGE.iterdir() if (each / "__init__.py").exists()}
    inner = {each.name for each in (PACKAGE / "testing").iterdir() if each.is_dir()} - {
        "__pycache__"
    }

    assert {f"{room}/" for room in rooms} - set(re.findall(r"(?m)^  (\w+/)", drawn)) == set()
    own = {"recording", "rehearsal"}  # named by what they are for
    assert {room for room in inner - own if f"{room}/" not in drawn} == set()


def test_no_file_and_no_class_of_the_package_is_too_long_to_read_in_one_sitting() -> None:
    files = {str(path.relative_to(PACKAGE)): path.read_text() for path in PACKAGE.rglob("*.py")}
    classes = {
        f"{file}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for file, text in files.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ClassDef)
    }

    assert [file for file, text in files.items() if text.count("\n") > 600] == []
    assert [name for name, lines in classes.items() if lines > 300] == []
