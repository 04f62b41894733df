"""Draws the pictures of the README: `make pictures` writes them to docs/pictures.

`demo.svg` is a terminal with what `make demo` prints of its stories on AWS and Kubernetes: the chapters, without
the details below them. `status.svg` is what `infra-secrets status` prints of containers that are made up here.
`value.svg` shows how a value travels. Each has a background of its own, so that it can be read on any page. None loads
anything, not even a font. `tests/test_pictures.py` and `tests/test_demo.py` check that they are current.
"""

import contextlib
import io
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape, unescape
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from infra_secrets.cli.status import table
from infra_secrets.cli.status.fixes import fix
from infra_secrets.cli.status.rows import Report, Row, Status, ordered

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
STORIES = ("aws", "kubernetes")
COLUMNS = 56
"""Of the terminal. With more, the letters are too small to read on a phone."""

# The colours of GitHub's own pages, so that the pictures belong there.
TERMINAL = TerminalTheme(
    (13, 17, 23),
    (230, 237, 243),
    [
        *((72, 79, 88), (255, 123, 114), (63, 185, 80), (210, 153, 34)),
        *((88, 166, 255), (188, 140, 255), (57, 197, 207), (177, 186, 196)),
    ],
)
TERMINAL_FORMAT = """\
<svg viewBox="0 0 {width} {height}" width="{width}" xmlns="http://www.w3.org/2000/svg" role="img"
     aria-labelledby="{unique_id}-name {unique_id}-story">
<title id="{unique_id}-name">TITLE</title>
<desc id="{unique_id}-story">DESCRIPTION</desc>
<style>
.{unique_id}-matrix {{
  font: {char_height}px/{line_height}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}}
.{unique_id}-title {{ display: none }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def chapters(told: str) -> list[str]:
    """Return what the picture has of what the demo printed: headings and chapters, one line each."""
    return re.findall(r"(?m)^\w+: .*$|^  \S.* ok  .*$", told)


def terminal(lines: Sequence[str]) -> str:
    """Draw the demo's lines, with the colours that a terminal gives them."""
    console = _console(COLUMNS)
    console.print(Text.assemble((" $ ", "dim"), ("make demo", "bold")))
    for line in lines:
        heading = not line.startswith(" ")
        row = Text(f" {line}", style="bold" if heading else "", no_wrap=True, overflow="crop")
        row.highlight_regex(r" ok ", "green")
        console.print(*(["\n"] if heading else []), row, sep="", highlight=False)
    console.print()
    return _drawn(console, "demo", "make demo, in a terminal", lines)


# The status of a service --------------------------------------------------------------------------------

WIDER = COLUMNS + 2
"""So that the limits are shown too."""
DAY = datetime(2026, 11, 25, 12, tzinfo=UTC)


def report() -> Report:
    """Make up the containers of a service, as a stack's state and the cloud's metadata show them."""

    def row(key: str, state: Status, days: int | None = None, limit: int | None = None) -> Row:
        reference = f"payments/prod/{key}"
        made = Row(
            reference=reference,
            cloud="aws",
            name=reference,
            state=state,
            place={"region": "eu-central-1"},
            logical_name="".join(map(str.capitalize, key.split("-"))),
            changed=None if days is None else DAY - timedelta(days=days),
            max_age_days=limit,
        )
        return replace(made, fix=fix(made, ""))

    rows = [
        row("stripe-api-key", "unset", limit=90),
        row("database-url", "stale", 412, 365),
        row("webhook-key", "expiring", 80, 90),
        row("session-key", "set", 3, 180),
        row("smtp", "set", 100, 365),
    ]
    return Report(subject="payments, stack prod", now=DAY, rows=ordered(rows))


def status() -> str:
    """Draw what `infra-secrets status` shows of them, with the colours that a terminal gives it."""
    console = _console(WIDER)
    console.print(Text.assemble((" $ ", "dim"), ("infra-secrets status", "bold")))
    told = Console(
        file=io.StringIO(),
        width=COLUMNS,
        force_terminal=True,
        color_system="standard",
    )
    table.show(report(), told)
    lines = told.file.getvalue().splitlines()  # type: ignore[attr-defined] # it is the StringIO above
    for line in lines:
        console.print(Text.assemble(" ", Text.from_ansi(line)), highlight=False)
    console.print()
    plain = [Text.from_ansi(line).plain for line in lines]
    return _drawn(console, "status", "infra-secrets status, in a terminal", plain)


def _console(columns: int) -> Console:
    return Console(
        file=io.StringIO(),
        record=True,
        width=columns,
        force_terminal=True,
        color_system="truecolor",
    )


def _drawn(console: Console, name: str, title: str, lines: Sequence[str]) -> str:
    description = escape(" ".join(" ".join(line.split()) for line in lines if line.strip()))
    text = TERMINAL_FORMAT.replace("TITLE", title).replace(
        "DESCRIPTION", description.replace("{", "{{").replace("}", "}}")
    )
    return console.export_svg(title="", theme=TERMINAL, unique_id=name, code_format=text)


def words(text: str) -> str:
    """Return a text with one space between words, which is what two drawings of it share."""
    return " ".join(text.split())


def text_of(svg: str) -> str:
    """Return what can be read in a picture, from its top to its bottom."""
    return words(" ".join(map(unescape, re.findall(r"<text [^>]*>([^<]*)</text>", svg))))


# How a value travels -------------------------------------------------------------------------------

WIDTH, MARGIN, GAP = 700, 26, 52
HALF = (WIDTH - 2 * MARGIN - GAP) // 2
LEFT, RIGHT = MARGIN + HALF // 2, WIDTH - MARGIN - HALF // 2
"""The middle of the left and of the right box of a row."""
VALUE_FORMAT = """\
<svg viewBox="0 0 {width} {height}" width="{width}" xmlns="http://www.w3.org/2000/svg" role="img"
     aria-labelledby="value-name value-story">
<title id="value-name">How a value travels</title>
<desc id="value-story">{story}</desc>
<style>
text {{
  font-family: -apple-system, BlinkMacSystemFont, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif;
  font-size: 21px; fill: #59636e; text-anchor: middle;
}}
.title {{ font-size: 24px; font-weight: 600; fill: #1f2328 }}
.code {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 20px }}
.beside {{ text-anchor: start }}
.page {{ fill: #ffffff; stroke: #d1d9e0 }}
.box {{ fill: #f6f8fa; stroke: #d1d9e0; stroke-width: 1.5 }}
.held, .value {{ stroke: #0969da }}
.held {{ fill: #ddf4ff; stroke-width: 2 }}
.empty {{ stroke: #818b98; stroke-dasharray: 5 6 }}
.line {{ fill: none; stroke-width: 3; stroke-linecap: round; stroke-linejoin: round }}
.head {{ stroke-dasharray: none }}
.never {{ stroke: #d1242f }}
.rule {{ stroke: #d1d9e0 }}
@media (prefers-color-scheme: dark) {{
  text {{ fill: #9198a1 }}
  .title {{ fill: #f0f6fc }}
  .page {{ fill: #0d1117; stroke: #3d444d }}
  .box {{ fill: #151b23; stroke: #3d444d }}
  .held, .value {{ stroke: #4493f8 }}
  .held {{ fill: #121d2f }}
  .empty {{ stroke: #656c76 }}
  .never {{ stroke: #f85149 }}
  .rule {{ stroke: #3d444d }}
}}
</style>
<rect class="page" x="0.5" y="0.5" width="{inner_width}" height="{inner_height}" rx="12"/>
{drawing}
</svg>
"""
STORY = (
    "Code makes an empty container in the cloud's secrets manager. An operator sets its value there. "
    "Pulumi ESC reads it, and pods get it. The value is never in plain text in code, config, state, outputs or logs."
)


def text(middle: float, y: float, words: str, kind: str = "") -> str:
    """Write a line of text."""
    of_kind = f' class="{kind}"' if kind else ""
    return f'<text{of_kind} x="{middle:g}" y="{y:g}">{escape(words, quote=False)}</text>'


def box(middle: float, y: float, lines: Sequence[tuple[str, str]], *, wide: bool = False) -> str:
    """Draw a box with lines of text, each with its kind."""
    width = WIDTH - 2 * MARGIN if wide else HALF
    place = f'x="{middle - width / 2:g}" y="{y:g}" width="{width}" height="{36 * len(lines) + 24}"'
    drawn = [f'<rect class="box{" held" if wide else ""}" {place} rx="10"/>']
    drawn += [text(middle, y + 40 + 36 * row, *line) for row, line in enumerate(lines)]
    return "\n".join(drawn)


def arrow(kind: str, x: float, y: float, *, right: float = 0, down: float = 0) -> str:
    """Draw an arrow to the right or down."""
    end_x, end_y = x + right, y + down
    head = f"m -10 -10 l 10 10 l {'-10 10' if right else '10 -10'}"
    shaft = f'<path class="line {kind}" d="M {x:g} {y:g} L {end_x:g} {end_y:g}"/>'
    return f'{shaft}\n<path class="line {kind} head" d="M {end_x:g} {end_y:g} {head}"/>'


def travels() -> str:
    """Draw how a value travels."""
    middle, arrows = WIDTH / 2, 60
    first, second, third, last = 28, 28 + 96 + arrows, 184 + 132 + arrows, 376 + 96 + 36
    never = ("code", "config", "state", "outputs", "logs")
    column = (WIDTH - 2 * MARGIN) / len(never)
    drawing = [
        box(LEFT, first, [("Code makes it", "title"), ('Secret("StripeApiKey")', "code")]),
        box(RIGHT, first, [("An operator sets it", "title"), ("with one command", "")]),
        arrow("empty", LEFT, first + 96 + 8, down=arrows - 16),
        text(LEFT + 20, first + 96 + 37, "empty", "beside"),
        arrow("value", RIGHT, first + 96 + 8, down=arrows - 16),
        text(RIGHT + 20, first + 96 + 37, "the value", "beside"),
        box(
            middle,
            second,
            [
                ("A container in your cloud", "title"),
                ("payments/production/stripe-api-key", "code"),
                ("AWS Secrets Manager · GCP Secret Manager · Azure Key Vault", ""),
            ],
            wide=True,
        ),
        arrow("value", LEFT, second + 132 + 8, down=arrows - 16),
        box(LEFT, third, [("Pulumi ESC reads it", "title"), ("as encrypted config", "")]),
        arrow("value", MARGIN + HALF + 8, third + 48, right=GAP - 16),
        box(RIGHT, third, [("Pods get it", "title"), ("STRIPE_API_KEY", "code")]),
        f'<path class="rule" d="M {MARGIN} {last} H {WIDTH - MARGIN}"/>',
        text(middle, last + 42, "In plain text, the value is never in"),
    ]
    for number, place in enumerate(never):
        x, y = MARGIN + column * (number + 0.5), last + 80
        drawing.append(
            f'<path class="line never" d="M {x - 8:g} {y - 8:g} l 16 16 m 0 -16 l -16 16"/>'
        )
        drawing.append(text(x, y + 42, place, "title"))
    height = last + 80 + 42 + 30
    return VALUE_FORMAT.format(
        width=WIDTH,
        height=height,
        inner_width=WIDTH - 1,
        inner_height=height - 1,
        story=escape(STORY, quote=False),
        drawing="\n".join(drawing),
    )


def main() -> None:
    """Write every picture."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        from examples import demo

        code = demo.main(STORIES)
    if code:
        raise SystemExit(f"The demo broke a promise, so it is not drawn:\n{told.getvalue()}")
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "demo.svg").write_text(terminal(chapters(told.getvalue())), encoding="utf-8")
    (FOLDER / "status.svg").write_text(status(), encoding="utf-8")
    (FOLDER / "value.svg").write_text(travels(), encoding="utf-8")


if __name__ == "__main__":
    main()
