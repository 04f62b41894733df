"""The pictures of the README are current, can be read by everybody, and load nothing.

That the terminal shows what the demo prints is in `test_demo.py`, which runs the demo.
"""

import re
import xml.etree.ElementTree as ET
from html import unescape
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tools import pictures

DEMO = pictures.FOLDER / "demo.svg"
VALUE = pictures.FOLDER / "value.svg"
STATUS = pictures.FOLDER / "status.svg"
SVG = "{http://www.w3.org/2000/svg}"
PICTURES = pytest.mark.parametrize("picture", [DEMO, STATUS, VALUE], ids=lambda path: path.stem)
PHONE = 328
"""Pixels that GitHub gives a picture on a phone 360 wide."""


def test_the_diagram_is_what_the_script_draws() -> None:
    assert VALUE.read_text(encoding="utf-8") == pictures.travels()


def test_the_terminal_has_the_stories_and_nothing_else() -> None:
    shown = pictures.text_of(DEMO.read_text(encoding="utf-8"))

    assert re.findall(r"(\w+): (?:AWS|the NLP)", shown) == list(pictures.STORIES)
    assert shown.startswith("$ make demo aws: ")
    assert shown.count(" ok ") == 11 + 9
    assert shown.endswith("has a value been seen? ok nowhere")


def test_the_status_is_what_the_command_prints_of_the_containers_that_are_made_up() -> None:
    drawn, anew = STATUS.read_text(encoding="utf-8"), pictures.status()

    assert pictures.text_of(drawn) == pictures.text_of(anew), "run make pictures"
    assert described(drawn) == described(anew)
    assert "5 containers: 1 unset, 1 stale, 1 expiring, 2 set." in pictures.text_of(drawn)


def described(svg: str) -> list[str | None]:
    """Return a picture's title and description; how it is drawn is up to the version of Rich."""
    root = ET.fromstring(svg)  # noqa: S314 (our own)
    return [root.findtext(f"{SVG}{name}") for name in ("title", "desc")]


def test_the_terminal_is_described_as_the_script_does_with_what_it_shows() -> None:
    drawn = DEMO.read_text(encoding="utf-8")
    rows: dict[float, list[str]] = {}
    for y, row in re.findall(r'<text [^>]*\by="([\d.]+)"[^>]*>([^<]*)</text>', drawn):
        rows.setdefault(float(y), []).append(unescape(row))
    lines = ["".join(row).replace("\N{NO-BREAK SPACE}", " ").strip("\n") for row in rows.values()]

    # A row has one space before what was told. The first is the prompt, and some are empty.
    told = [line.rstrip().removeprefix(" ") for line in lines[1:] if line.strip()]
    anew = pictures.terminal(told)
    assert described(drawn) == described(anew), "run make pictures"
    assert pictures.text_of(drawn) == pictures.text_of(anew)


def test_what_the_demo_prints_is_drawn_whole() -> None:
    told = "\naws: A cloud\n  pulumi up               ok  3 < 4 & {more}\n    a detail\n\nok      aws  ending\n"

    drawn = pictures.terminal(pictures.chapters(told))

    assert pictures.text_of(drawn) == "$ make demo aws: A cloud pulumi up ok 3 < 4 & {more}"
    ET.fromstring(drawn)  # noqa: S314 (drawn here)


@PICTURES
def test_a_picture_says_in_words_what_it_shows(picture: Path) -> None:
    root = ET.parse(picture).getroot()  # noqa: S314 (our own file)
    named = [root.find(f"{SVG}title"), root.find(f"{SVG}desc")]

    assert root.get("role") == "img"
    assert [each.get("id") for each in named if each is not None and each.text] == root.get(
        "aria-labelledby", ""
    ).split()


@PICTURES
def test_a_picture_loads_and_runs_nothing(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")

    assert (
        re.findall(r"https?:|@import|@font-face|<script|<image|<foreignObject|\bon\w+=", text) == []
    )
    assert set(re.findall(r"url\((.)", text)) <= {"#"}


@PICTURES
def test_a_picture_can_be_read_on_a_phone(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8")
    _, _, width, _ = re.findall(r"[\d.]+", re.search(r'viewBox="([^"]+)"', text)[1])  # type: ignore[index] # it has one
    sizes = [int(size) for size in re.findall(r"font(?:-size)?: (\d+)px", text)]

    assert sizes
    assert min(sizes) * PHONE / float(width) > 9


@PICTURES
def test_the_readme_shows_the_picture_and_describes_it(picture: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    [described] = re.findall(rf"!\[([^\]]+)\]\({picture.relative_to(ROOT)}\)", readme)
    assert len(described.split()) > 5
