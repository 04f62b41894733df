"""The page for an auditor, as text: nothing of what it tells can become code, and it is the same each time."""

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from infra_secrets.cli.status.page import page
from infra_secrets.cli.status.rows import Refusal, Status
from tests.cli.status.samples import EVIL, REPORT, ROLE, many, row

VOID = {"meta", "input", "br", "rect", "path"}


class Read(HTMLParser):
    """The tags, attributes and texts of a page; refuses tags that are not closed in order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not (self._open and self._open[-1] in ("style", "script")):
            self.texts.append(data)


def test_it_is_the_same_for_the_same_report() -> None:
    assert page(REPORT) == page(REPORT)


def test_the_policy_in_it_forbids_every_request_and_allows_its_own_script_and_style_alone() -> None:
    text = page(REPORT)
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    rules = dict(rule.split(" ", 1) for rule in policy.replace("&#x27;", "'").split("; "))

    assert rules["default-src"] == "'none'"
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    for kind, tag in (("style-src", "style"), ("script-src", "script")):
        [inline] = re.findall(rf"(?s)<{tag}>(.*?)</{tag}>", text)
        assert rules[kind] == f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'"
    assert set(rules) == {"default-src", "style-src", "script-src", "base-uri", "form-action"}


def test_nothing_in_it_is_an_address_to_fetch_or_an_inline_handler() -> None:
    read = Read(page(REPORT))

    assert [
        name for name, _ in read.attributes if name.startswith("on") or name in ("src", "style")
    ] == []
    assert [text for name, text in read.attributes if name == "href"] == ["#containers"]
    assert "http" not in page(REPORT).replace("http-equiv", "")


def test_a_text_from_code_or_a_tag_is_shown_and_never_becomes_a_tag() -> None:
    evil = row(
        "a",
        "set",
        1,
        owner=EVIL,
        description=EVIL,
        stack=EVIL,
        logical_name=EVIL,
        place={"region": EVIL},
        readers=(EVIL, f"{ROLE}{EVIL}"),
        writers=(EVIL,),
        fields=(EVIL,),
    )
    orphan = row("b", "orphan", 1, id=EVIL)
    refused = Refusal(subject=EVIL, kind=EVIL, found=EVIL, way_out=EVIL)
    report = replace(REPORT, subject=EVIL, rows=(orphan, evil), refused=(refused,), notes=(EVIL,))

    tame = Read(page(replace(report, rows=(row("b", "orphan", 1), row("a", "set", 1)))))
    read = Read(page(report))

    assert "img" not in read.tags
    assert read.tags.count("script") == tame.tags.count("script") == 1
    assert "onerror" not in [name for name, _ in read.attributes]
    assert any("</script><img src=x onerror=alert(1)>" in text for text in read.texts)
    assert "\u202e" not in page(report)
    assert "\x1b" not in page(report)


def test_every_container_is_in_it_with_its_state_in_words() -> None:
    text = page(REPORT)

    for each in REPORT.rows:
        assert re.search(rf'(?s)<tr role="row" class="{each.state}".*?{each.reference}', text)
        assert f"</span> {each.state}</td>" in text


def test_a_picture_of_an_age_has_its_numbers_beside_it() -> None:
    text = page(REPORT)

    assert "412 of 365 days<svg" in text
    assert "at least 12 days <small>no limit</small>" in text
    assert "limit 90 days</span>" in text
    widths = [float(width) for width in re.findall(r'class="used" y="1" width="([\d.]+)"', text)]
    assert widths == [
        pytest.approx(100 * share, abs=0.1) for share in (412 / 365, 80 / 90, 3 / 180, 100 / 365)
    ]


def test_when_a_container_is_gone_for_good_is_said() -> None:
    assert "gone for good on 3 December 2026" in page(REPORT)


def test_an_age_far_beyond_its_limit_ends_in_an_arrow() -> None:
    text = page(replace(REPORT, rows=(row("a", "stale", 10_000, max_age_days=1),)))

    assert 'width="125.0"' in text
    assert 'class="used" d="M125.0 0' in text


def test_the_matrix_says_who_may_read_and_who_may_set() -> None:
    rows = (
        row("a", "set", 1, readers=(f"{ROLE}one",), writers=()),
        row("b", "set", 1, readers=(f"{ROLE}two",), writers=(f"{ROLE}two",)),
        row("c", "orphan", 1, readers=None, writers=None),
    )
    text = page(replace(REPORT, rows=rows))

    matrix = text.partition('class="scroll matrix"')[2].partition("</table>")[0]
    assert re.findall(r'">(\d+)</span><span class="heard">(.*?)</span>', matrix) == [
        ("1", f"{ROLE}one"),
        ("2", f"{ROLE}two"),
    ]
    a, b = re.findall(r"<tr><th scope=\"row\">.*</tr>", matrix)
    assert re.findall(r"<td>(.*?)</td>", a) == ['<b role="img" aria-label="may read">R</b>', ""]
    assert re.findall(r"<td>(.*?)</td>", b) == [
        "",
        '<b role="img" aria-label="may read and may set">R S</b>',
    ]
    assert "Not known of 1 container" in text
    assert f"{ROLE}two" in text


def test_every_principal_is_in_the_list_in_full_with_the_number_of_its_column() -> None:
    many_of_them = tuple(f"serviceAccount:s{number:02}@shop.example.com" for number in range(40))
    text = page(replace(REPORT, rows=(row("a", "set", 1, readers=many_of_them, writers=()),)))

    listed = re.findall(r'<td class="number">(\d+)</td><th scope="row"><code>(.*?)</code>', text)
    headed = re.findall(r'">(\d+)</span><span class="heard">(.*?)</span>', text)
    assert listed == headed == [(str(1 + n), each) for n, each in enumerate(many_of_them)]
    assert text.count('class="scroll matrix"') == 3, "no matrix is wider than paper"


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        ([], "so it is not known whether all is well. None was seen."),
        (["unknown"], "so it is not known whether all is well. None was seen."),
        (["unknown", "set"], "Of 1 container that could be, none needs a person."),
        (["unset"], "1 of 1 container needs a person. Not everything could be looked at"),
    ],
)
def test_what_could_not_be_seen_is_not_called_well(states: list[Status], verdict: str) -> None:
    refused = Refusal(subject="aws, region x", kind="denied", found="No.", way_out="Ask.")
    rows = tuple(row(f"key-{number}", state) for number, state in enumerate(states))

    text = page(replace(REPORT, rows=rows, refused=(refused,)))

    assert verdict in text
    assert "and none needs a person" not in text
    assert "There are none." not in text


def test_what_could_not_be_looked_at_is_said_before_the_rest() -> None:
    refused = Refusal(subject="aws, region x", kind="denied", found="No.", way_out="Ask.")
    text = page(replace(REPORT, refused=(refused,)))

    assert "The rest of this page is complete." in text
    assert text.index('id="refused"') < text.index('id="todo"') < text.index('id="containers"')
    assert 'id="refused"' not in page(REPORT)


def test_without_a_container_it_says_so() -> None:
    assert "There are none." in page(replace(REPORT, rows=()))


def test_a_thousand_containers_are_below_a_megabyte() -> None:
    assert len(page(many(1000)).encode()) < 1_000_000
