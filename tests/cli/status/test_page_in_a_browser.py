"""The page in headless Chromium: nothing leaves it, keyboard and eyes can use it, and it prints."""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from infra_secrets.cli.status.page import page as written
from infra_secrets.cli.status.rows import MEANINGS
from tests.cli.status.samples import REPORT, many, row

SMALL = 4.5
"""The least contrast of text that is not large: WCAG 2.2, 1.4.3."""


def chromium() -> str:
    """Find the browser, or say how to get it."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    missing = (
        "There is no Chromium on the PATH, in which the page of `status --html` is tested. Install it: "
        "apt-get install chromium (Debian, Ubuntu: chromium-browser), or put Chrome on the PATH."
    )
    if "CI" in os.environ:
        pytest.fail(missing)  # .ci/run installs it, and nothing is left out there
    pytest.skip(missing)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox"], timeout=180_000
        )
        yield browser
        browser.close()


class Opened:
    """A page that is open, with what it asked for and complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.set_default_timeout(60_000)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def shown(self) -> list[str]:
        """The references of the rows that are shown, in order."""
        found: list[str] = self.page.eval_on_selector_all(
            "#list tbody tr:not([hidden]) th code", "all => all.map(each => each.textContent)"
        )
        return [each.rpartition("/")[2] for each in found]


Open = Callable[..., Any]


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Open:
    @contextmanager
    def open_(
        report: Any = REPORT, *, width: int = 1280, dark: bool = False, javascript: bool = True
    ) -> Iterator[Opened]:
        file = tmp_path / "page.html"
        file.write_text(written(report), encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
        )
        found = Opened(context.new_page())
        found.page.goto(file.as_uri())
        yield found
        context.close()

    return open_


def test_nothing_is_asked_for_but_the_page_itself_and_nothing_is_complained_about(
    opened: Open,
) -> None:
    with opened() as found:
        found.page.locator("#text").fill("stripe")
        found.page.locator("#list thead button").nth(3).click()

        assert len(found.requests) == 1
        assert found.complaints == []


def test_a_request_that_a_page_like_it_tried_would_be_stopped_by_its_policy(opened: Open) -> None:
    with opened() as found:
        stopped = found.page.evaluate(
            """() => new Promise(done => {
                document.addEventListener("securitypolicyviolation", event => done(event.effectiveDirective));
                document.body.append(Object.assign(new Image(), {src: "https://example.com/x.png"}));
            })"""
        )

        assert stopped == "img-src"


def test_the_keyboard_finds_filters_and_sorts(opened: Open) -> None:
    with opened() as found:
        press = found.page.keyboard.press

        def focused() -> str:
            return str(
                found.page.evaluate(
                    "document.activeElement.id || document.activeElement.textContent"
                )
            )

        press("Tab")
        assert focused() == "Skip to the containers"
        press("Enter")
        press("Tab")
        assert focused() == "text"
        found.page.keyboard.type("TOKEN")
        assert found.shown() == ["ner-token", "hub-token", "gitops-token", "tunnel-token"]
        assert found.page.locator("#said").text_content() == "4 of 11 shown"

        press("Tab")
        assert focused() == "state"
        press("ArrowDown")
        assert found.page.locator("#state").input_value() == "urgent"
        assert found.shown() == ["ner-token", "hub-token", "gitops-token"]

        press("Tab")
        press("Tab")
        assert focused() == "Container"
        press("Enter")
        assert found.shown() == ["gitops-token", "hub-token", "ner-token"]
        press("Space")
        assert found.shown() == ["ner-token", "hub-token", "gitops-token"]


def test_on_a_narrow_screen_what_is_filtered_away_is_not_seen(opened: Open) -> None:
    with opened(width=360) as found:
        found.page.locator("#text").fill("stripe")

        assert found.page.locator("#list tbody tr:visible").count() == 1


def test_a_narrow_screen_sorts_too_and_runs_no_words_together(opened: Open) -> None:
    with opened(width=360) as found:
        found.page.get_by_label("Order by").select_option("Container")
        assert found.shown() == sorted(found.shown())

        text = found.page.locator("#list tbody tr", has_text="smtp").inner_text()
        assert "Fields: USER, PASSWORD\n" in text
        assert "aws, eu-central-1\nSmtp in production" in text
        assert found.page.evaluate("document.documentElement.scrollWidth") <= 360

    with opened() as found:
        assert not found.page.get_by_label("Order by").is_visible()


def sorting(found: Opened) -> dict[str, str]:
    return dict(
        found.page.eval_on_selector_all(
            "#list thead th[aria-sort]",
            "all => all.map(each => [each.textContent, each.getAttribute('aria-sort')])",
        )
    )


def test_sorting_is_told_to_a_screen_reader_and_ages_are_sorted_by_how_much_of_the_limit_they_are(
    opened: Open,
) -> None:
    with opened() as found:
        assert sorting(found) == {"State": "ascending"}
        age = found.page.get_by_role("button", name="Age of the value")
        age.click()
        age.click()

        assert sorting(found) == {"Age of the value": "descending"}
        with_limit = ["database-url", "tunnel-token", "smtp", "jwt-secret"]
        assert [each for each in found.shown() if each in with_limit] == with_limit
        assert found.page.locator("#said").get_attribute("role") == "status"


def test_a_screen_reader_gets_a_table_and_named_controls_on_a_narrow_screen_too(
    opened: Open,
) -> None:
    for width in (1280, 360):
        with opened(width=width) as found:
            get = found.page.get_by_role
            assert get("table", name="Containers").count() == 1
            assert get("rowheader", name="payments/production/smtp").count() >= 1
            assert get("searchbox", name="Find").is_visible()
            assert get("combobox", name="State").is_visible()
            headings: Sequence[str] = found.page.eval_on_selector_all(
                "h1, h2, h3", "all => all.map(each => each.tagName)"
            )
            assert headings[0] == "H1"
            assert headings.count("H1") == 1


def test_without_javascript_all_is_there_and_no_control_that_does_nothing(opened: Open) -> None:
    with opened(javascript=False) as found:
        assert found.page.locator("#list tbody tr").count() == 11
        assert not found.page.locator("#controls").is_visible()
        assert found.page.locator("#list thead button").count() == 0


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_screen_has_to_be_moved_sideways(opened: Open, width: int) -> None:
    with opened(width=width) as found:
        assert found.page.evaluate("document.documentElement.scrollWidth") <= width


# Contrast

COLOURS = """selector => [...document.querySelectorAll(selector)].filter(each => each.checkVisibility()).map(each => {
    let behind = each;
    while (behind && getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
    return [getComputedStyle(each).color, getComputedStyle(behind ?? document.body).backgroundColor];
})"""


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_wcag_says() -> None:
    assert contrast("rgb(255, 255, 255)", "rgb(0, 0, 0)") == pytest.approx(21)
    assert contrast("rgb(119, 119, 119)", "rgb(255, 255, 255)") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_can_be_read_in_light_and_dark(opened: Open, dark: bool) -> None:
    texts = "h1, h2, h3, p, small, code, td, th, b, dt, dd, .mark, .soft, label, input, select, thead button, footer"
    with opened(dark=dark) as found:
        pairs = {tuple(pair) for pair in found.page.evaluate(COLOURS, texts)}
        ground = found.page.evaluate("getComputedStyle(document.body).backgroundColor")

        assert len(pairs) > 4
        assert [pair for pair in pairs if contrast(*pair) < SMALL] == []
        assert (luminance(ground) < 0.1) is dark


def test_no_state_is_told_by_colour_alone(opened: Open) -> None:
    with opened() as found:
        cells = found.page.eval_on_selector_all(
            "#list tbody tr", "all => all.map(each => [each.className, each.cells[0].textContent])"
        )

        assert all(text == f"{MEANINGS[state].mark} {state}" for state, text in cells)


# Paper


def test_on_paper_there_is_no_control_and_black_on_white_in_the_dark_too(opened: Open) -> None:
    with opened(dark=True) as found:
        found.page.emulate_media(media="print")

        assert not found.page.locator("#controls").is_visible()
        colour, ground = found.page.evaluate(COLOURS, "h1")[0]
        assert (colour, ground) == ("rgb(0, 0, 0)", "rgb(255, 255, 255)")
        head = found.page.evaluate(
            "getComputedStyle(document.querySelector('#list thead')).display"
        )
        assert head == "table-header-group"


def test_it_prints_on_a_few_pages(opened: Open) -> None:
    with opened() as found:
        paper = found.page.pdf(prefer_css_page_size=True)

        sizes = re.findall(rb"/MediaBox \[0 0 (\d+)[\d.]* (\d+)", paper)
        assert 2 <= len(sizes) <= 6
        assert all(int(width) > int(height) for width, height in sizes)  # landscape


def test_a_list_that_is_filtered_says_so_on_paper(opened: Open) -> None:
    with opened() as found:
        said = found.page.locator("#filtered")
        found.page.emulate_media(media="print")
        assert not said.is_visible()

        found.page.emulate_media(media="screen")
        found.page.locator("#text").fill("token")
        found.page.locator("#state").select_option("urgent")
        assert not said.is_visible()
        found.page.emulate_media(media="print")

        assert said.is_visible()
        assert said.inner_text() == (
            "Only 3 of 11 containers are listed here, by a filter: with \u201ctoken\u201d, Needs a person (7)."
        )


@pytest.mark.parametrize("media", ["screen", "print"])
def test_no_principal_is_cut_off_however_long_it_is(opened: Open, media: str) -> None:
    long = tuple(
        f"serviceAccount:payments-{number:02}-worker@acme-payments-production.iam.gserviceaccount.com"
        for number in range(20)
    )
    rows = (row("a-rather-long-name-of-a-key", "set", 1, readers=long, writers=long),)
    with opened(replace(REPORT, rows=rows), width=1017) as found:  # A4 landscape within its margins
        found.page.emulate_media(media=media)

        assert found.page.evaluate(
            "[...document.querySelectorAll('.principals code')].every(each => each.scrollWidth <= each.offsetWidth)"
        )
        assert [
            each.strip() for each in found.page.locator(".principals code").all_inner_texts()
        ] == [*long]
        assert found.page.evaluate(
            "[...document.querySelectorAll('.scroll')].every(each => each.scrollWidth <= each.clientWidth)"
        )


# Many


def test_a_thousand_containers_can_be_filtered_and_sorted(opened: Open) -> None:
    with opened(many(1000)) as found:
        found.page.locator("#state").select_option("unset")
        assert len(found.shown()) == 100
        found.page.locator("#text").fill("key-0000")
        assert found.shown() == ["key-0000"]
        found.page.locator("#text").fill("")
        found.page.locator("#state").select_option("")
        found.page.get_by_role("button", name="Container").click()
        assert found.shown() == [f"key-{number:04}" for number in range(1000)]
