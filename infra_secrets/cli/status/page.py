"""A report as one page that an auditor reads: self-contained, and a policy in it forbids every request.

Nothing of the report gets into the script or the style sheet, and every text is escaped. The page is the same for the
same report; without JavaScript it only lacks filter and sorting.
"""

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from pathlib import Path

import infra_secrets
from infra_secrets.cli.status.access import access
from infra_secrets.cli.status.fixes import ADVICE
from infra_secrets.cli.status.rows import (
    MEANINGS,
    WARNED,
    Report,
    Row,
    needs_a_person,
    numbered,
    short,
)
from infra_secrets.cli.status.texts import as_html

COMMANDS_SHOWN = 10
"""Commands for one state; the table has every container."""
_BEYOND = 1.25
"""How far beyond the limit a picture of an age reaches."""
_HEADINGS = ("State", "Container", "Owner", "Age of the value", "Where")


def page(report: Report) -> str:
    """Write a report as HTML."""
    style, script = (_beside(name) for name in ("page.css", "page.js"))
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    title = as_html(report.subject)
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>Secrets of {title}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            '<a class="skip" href="#containers">Skip to the containers</a>',
            *_head(report, title),
            "<main>",
            *_glance(report),
            *_refused(report),
            *_to_do(report),
            *_containers(report),
            *access(report.rows),
            *_meanings(),
            "</main>",
            f'<footer class="soft">Made by infra-secrets {as_html(infra_secrets.__version__)}.</footer>',
            f"<script>{script}</script>",
            "</body>",
            "</html>",
            "",
        )
    )


def _beside(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _hash(inline: str) -> str:
    digest = hashlib.sha256(inline.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


# Its parts --------------------------------------------------------------------------------------------


def _head(report: Report, title: str) -> Iterator[str]:
    when = f"{report.now.day} {report.now:%B %Y, %H:%M} UTC"
    yield "<header>"
    yield '<p class="eyebrow">Secret containers</p>'
    yield f"<h1>{title}</h1>"
    yield f"<p>{_verdict(report)} Looked at on {when}, by metadata alone: no value was read.</p>"
    yield "</header>"


def _verdict(report: Report) -> str:
    """Say how it stands; of what could not be looked at, nobody knows."""
    urgent, seen = sum(map(needs_a_person, report.rows)), numbered(len(report.rows))
    if urgent:
        more = " Not everything could be looked at: there may be more." if report.refused else ""
        return f"{urgent:,} of {seen} {'needs' if urgent == 1 else 'need'} a person.{more}"
    if not report.refused:
        return f"{seen}, and none needs a person."
    known = sum(row.state != "unknown" for row in report.rows)
    return "Not everything could be looked at, so it is not known whether all is well. " + (
        f"Of {numbered(known)} that could be, none needs a person." if known else "None was seen."
    )


def _glance(report: Report) -> Iterator[str]:
    counts = report.counts()
    if not counts:
        return
    yield '<section aria-labelledby="glance">'
    yield '<h2 id="glance">At a glance</h2>'
    total, x = len(report.rows), 0.0
    yield '<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">'
    for state, count in counts.items():
        width = 100 * count / total
        yield f'<rect class="{state}" x="{x:.3f}" y="-1" width="{width:.3f}" height="3"/>'
        x += width
    yield "</svg>"
    yield '<ul class="states">'
    for state, count in counts.items():
        meaning = MEANINGS[state]
        yield (
            f'<li class="{state}"><b>{count:,}</b> {_mark(state)} '
            f"<small>{meaning.text}</small></li>"
        )
    yield "</ul>"
    yield from (f"<p>{as_html(note)}</p>" for note in report.notes)
    yield "</section>"


def _mark(state: str) -> str:
    sign = next(meaning.mark for name, meaning in MEANINGS.items() if name == state)
    return f'<span class="mark"><span aria-hidden="true">{sign}</span> {state}</span>'


def _refused(report: Report) -> Iterator[str]:
    if not report.refused:
        return
    yield '<section aria-labelledby="refused">'
    yield '<h2 id="refused">Could not look everywhere</h2>'
    yield "<p>What is below is not known. The rest of this page is complete.</p>"
    yield '<ul class="todo">'
    for each in report.refused:
        yield (
            f'<li class="unknown"><span class="mark">{as_html(each.kind)}</span> {as_html(each.subject)}'
            f"<br><small>{as_html(each.found)} {as_html(each.way_out)}</small></li>"
        )
    yield "</ul>"
    yield "</section>"


def _to_do(report: Report) -> Iterator[str]:
    kinds = [state for state in report.counts() if state in ADVICE]
    if not kinds:
        return
    yield '<section aria-labelledby="todo">'
    yield '<h2 id="todo">What to do</h2>'
    yield '<ul class="todo">'
    for state in kinds:
        fixes = list(dict.fromkeys(row.fix for row in report.of(state) if row.fix))
        yield f'<li class="{state}">{_mark(state)} {ADVICE[state]}{":" if fixes else "."}'
        yield from (f"<code>{as_html(each)}</code>" for each in fixes[:COMMANDS_SHOWN])
        if len(fixes) > COMMANDS_SHOWN:
            yield f"<small>and {len(fixes) - COMMANDS_SHOWN:,} more, which the table lists</small>"
        yield "</li>"
    yield "</ul>"
    yield "</section>"


# The table --------------------------------------------------------------------------------------------


def _containers(report: Report) -> Iterator[str]:
    yield '<section id="containers" tabindex="-1" aria-labelledby="list-title">'
    yield '<h2 id="list-title">Containers</h2>'
    if not report.rows:
        none = "None could be seen." if report.refused else "There are none."
        yield f"<p>{none}</p></section>"
        return
    yield from _controls(report)
    # The roles are said, as a narrow screen shows rows as blocks, and a browser would take them for no table.
    yield '<table id="list" role="table" aria-labelledby="list-title">'
    headings = "".join(
        f'<th role="columnheader" scope="col"{SORTED if not number else ""}>{heading}</th>'
        for number, heading in enumerate(_HEADINGS)
    )
    yield f'<thead role="rowgroup"><tr role="row">{headings}</tr></thead>'
    yield '<tbody role="rowgroup">'
    order = [*MEANINGS]
    yield from (_row(row, report, order.index(row.state)) for row in report.rows)
    yield "</tbody></table></section>"


SORTED = ' aria-sort="ascending"'


def _controls(report: Report) -> Iterator[str]:
    urgent = sum(map(needs_a_person, report.rows))
    yield '<div class="controls" id="controls" hidden>'
    yield '<label>Find<input id="text" type="search" autocomplete="off" spellcheck="false"></label>'
    yield '<label>State<select id="state"><option value="">Every state</option>'
    if urgent:
        yield f'<option value="urgent">Needs a person ({urgent:,})</option>'
    for state, count in report.counts().items():
        yield f'<option value="{state}">{state} ({count:,})</option>'
    yield "</select></label>"
    yield '<label class="narrow">Order by<select id="order">'
    for number, heading in enumerate(_HEADINGS):
        yield f'<option value="{number}">{heading}</option>'
    yield "</select></label>"
    yield '<p id="said" role="status"></p>'
    yield "</div>"
    yield '<p class="printed" id="filtered" hidden></p>'


def _row(row: Row, report: Report, urgency: int) -> str:
    urgent = " data-urgent" if needs_a_person(row) else ""
    about = [f"<code>{as_html(row.reference)}</code>"]
    about += [f"<small>{as_html(row.description)}</small>"] if row.description else []
    about += [f"<small>Fields: {as_html(', '.join(row.fields))}</small>"] if row.fields else []
    declared = " in ".join(filter(None, (row.logical_name, row.stacks)))
    place = f"{row.cloud}, {short(row.place)}" if row.place else row.cloud
    state = f'<span aria-hidden="true">{MEANINGS[row.state].mark}</span> {row.state}'
    under = f" <small>{as_html(declared)}</small>" if declared else ""
    cells = (
        f'<td role="cell" class="mark" data-label="State" data-key="{urgency}">{state}</td>',
        f'<th role="rowheader" scope="row">{" ".join(about)}</th>',
        f'<td role="cell" data-label="Owner">{as_html(row.owner or "")}</td>',
        f'<td role="cell" class="age" data-label="Age" data-key="{_share(row, report)}">{_age(row, report)}</td>',
        f'<td role="cell" data-label="Where">{as_html(place)}{under}</td>',
    )
    return f'<tr role="row" class="{row.state}"{urgent}>{"".join(cells)}</tr>'


def _share(row: Row, report: Report) -> str:
    """Return how much of its time a value has had, for sorting; those without a limit come before the others."""
    days = row.age_days(report.now)
    if days is None:
        return ""
    return f"{days / row.max_age_days:.4f}" if row.max_age_days else f"-{1 / (days + 1):.6f}"


def _age(row: Row, report: Report) -> str:
    gone = (
        f" <small>gone for good on {row.deleted.day} {row.deleted:%B %Y}</small>"
        if row.deleted
        else ""
    )
    return _age_alone(row, report) + gone


def _age_alone(row: Row, report: Report) -> str:
    days, limit = row.age_days(report.now), row.max_age_days
    if days is None:
        return "" if limit is None else f'<span class="soft">limit {numbered(limit, "day")}</span>'
    if limit is None:
        return f"{row.age(report.now)} <small>no limit</small>"
    at_least = "" if row.changed_exactly else "at least "
    return f"{at_least}{days} of {numbered(limit, 'day')}{_picture(days / limit)}"


def _picture(share: float) -> str:
    """Draw an age against its limit, which is the line; the text beside it says the same."""
    used = min(share, _BEYOND) * 100
    arrow = f'<path class="used" d="M{used:.1f} 0l5 4l-5 4z"/>' if share > _BEYOND else ""
    return (
        '<svg class="limit" viewBox="0 0 132 10" preserveAspectRatio="xMinYMid" aria-hidden="true">'
        '<rect class="track" y="1" width="100" height="8" rx="1"/>'
        f'<rect class="used" y="1" width="{used:.1f}" height="8" rx="1"/>{arrow}'
        '<path class="end" d="M100 0v10"/></svg>'
    )


def _meanings() -> Iterator[str]:
    yield '<section aria-labelledby="meanings">'
    yield '<h2 id="meanings">What the states mean</h2>'
    yield "<dl>"
    for state, meaning in MEANINGS.items():
        person = "; needs a person" if meaning.needs_a_person else ""
        yield f'<dt class="{state}">{_mark(state)}</dt><dd>{meaning.text}{person}</dd>'
    yield "</dl>"
    yield (
        f'<p class="soft">A value is expiring from {WARNED:.0%} of its greatest age on. An age is “at least” where the '
        "cloud gives one date for any change of a container.</p>"
    )
    yield "</section>"
