"""What a rehearsal looks like in a terminal, in a log and to a machine.

Progress goes to standard error and the report to standard output, so that the report can be kept in a file
while the progress is watched. Nothing is judged here.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import IO, TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from infra_secrets.component.settings import CI, COLUMNS

if TYPE_CHECKING:  # what it shows is made by what needs Pulumi
    from infra_secrets.cli.rehearse.trial import Container, Leaks, Noticed, Step, Verdict

_LOG_WIDTH = 160  # of a table that nobody's terminal folds
_SIGHTINGS_SHOWN = 20
_FINDINGS = {
    "plain-text-value": ("A value in plain text", "{} values in plain text"),
    "program-writes-value": (
        "A secret's value that the program writes itself",
        "{} secrets' values that the program writes itself",
    ),
}
_MANY = 40  # resources, of which a log tells the quarters


def console(stream: IO[str]) -> Console:
    """Make a console that takes every text as it is: no markup, no emoji, nothing highlighted."""
    # The stream is named because `sys.stdout` is another one while a program runs.
    width = None if stream.isatty() or COLUMNS.read() is not None else _LOG_WIDTH
    return Console(file=stream, markup=False, emoji=False, highlight=False, width=width)


class TerminalProgress:
    """Shows the step, how many resources are done, and which one it is about.

    In a log there is a line when a step begins and ends, and one at each quarter of many resources.

    Args:
        console: Where.
        prefix: What every line begins with, e.g. the cloud.
    """

    def __init__(self, console: Console, prefix: str = "") -> None:
        self._console = console
        self._prefix = f"{prefix}: " if prefix else ""
        self._moving = console.is_terminal and not console.is_dumb_terminal
        self._moving = self._moving and not CI.read()
        self._spinner = Spinner("dots")
        self._title = ""
        self._quarter = 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show that a step has begun, for as long as it runs."""
        self._title = f"{self._prefix}{title}"
        self._quarter = 0
        if not self._moving:
            self._console.print(f"{self._title} ...")
            yield
            return
        self._show("")
        with Live(
            self._spinner,
            console=self._console,
            transient=True,
            # The program's own output is caught where it runs.
            redirect_stdout=False,
            redirect_stderr=False,
        ):
            yield

    def resource(self, done: int, known: int | None, what: str) -> None:
        """Show how many resources are done, of how many as far as is known, and which is next."""
        counted = f"{done}/{known}" if known is not None else f"{done}"
        if self._moving:
            self._show(f"{counted}  {what}")
        elif known is not None and known >= _MANY and done * 4 // known > self._quarter:
            self._quarter = done * 4 // known
            if done < known:
                self._console.print(f"{self._title}  {counted}")

    def _show(self, text: str) -> None:
        shown = Text.assemble((self._title, "bold"), "  ", text)
        shown.truncate(max(self._console.width - 4, 20), overflow="ellipsis")
        self._spinner.update(text=shown)

    def outcome(self, step: "Step") -> None:
        """Show how a step has ended."""
        mark = ("ok", "green") if step.succeeded else ("not well", "bold red")
        seconds = f" ({step.seconds:.1f} s)" if step.seconds else ""
        self._console.print(
            Text.assemble(
                mark, f"  {self._prefix}", (step.title, "bold"), f": {step.outcome}{seconds}"
            ),
            soft_wrap=True,
        )


def show(verdict: "Verdict", out: Console) -> None:
    """Print a verdict for people."""
    where = f" on {verdict.cloud}" if verdict.cloud else ""
    out.print()
    out.print(f"{verdict.project}, stack {verdict.stack}{where}", style="bold", soft_wrap=True)
    if verdict.containers:
        out.print(_table(verdict.containers))
    elif any(step.title == "up" and step.succeeded for step in verdict.steps):
        out.print("No containers: the program makes none in a secrets manager.", soft_wrap=True)
    filled_in = [f"{key} = {value}" for key, value in verdict.filled_in.items()]
    _paragraph(out, "Missing in the config and made up for the rehearsal:", filled_in)
    _paragraph(out, "Notes:", verdict.notes)
    _paragraph(
        out, "Only echoed, because the simulation does not know them (inputs became outputs, the rest is made up):",
        verdict.echoed,
    )  # fmt: skip
    _paragraph(out, "The program and the engine said:", verdict.said)
    _paragraph(out, "The engine's errors:", verdict.errors, style="red")
    _leaks(verdict.leaks, out)
    _findings(verdict.findings, out)
    if verdict.well:
        out.print("All is well.", style="bold green")
    else:
        _paragraph(out, "Not well:", verdict.problems, style="bold red")


def as_json(verdicts: "Sequence[Verdict]", directory: str) -> str:
    """Write verdicts for a machine: one object, whose `well` is the exit code in a word."""
    found = [{**asdict(verdict), "well": verdict.well} for verdict in verdicts]
    document = {
        "well": all(verdict.well for verdict in verdicts),
        "directory": directory,
        "rehearsals": found,
    }
    return json.dumps(document, indent=2)


def _table(containers: "Sequence[Container]") -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("Reference", "Name in the cloud", "Cloud", "Retention", "State after up"):
        table.add_column(heading, overflow="fold")
    for each in containers:
        cells = (
            each.reference or "(no Secret of this package)",
            each.name,
            each.cloud,
            each.retention or "not known",
            each.state,
        )
        table.add_row(*map(Text, cells))
    return table


def _findings(findings: "Sequence[Noticed]", out: Console) -> None:
    """Print where values are, a line each: a table would fold types and paths where nobody can read them."""
    wrong = [each for each in findings if not each.allowed]
    for id_ in dict.fromkeys(each.id for each in wrong):
        chosen = [each for each in wrong if each.id == id_]
        title = f"{_number(len(chosen), _FINDINGS[id_])} ({id_}), never shown here:"
        _paragraph(out, title, [_line(each) for each in chosen], style="red")
        out.print(f"  {chosen[0].fix}", soft_wrap=True)
    if wrong:
        out.print(f"  To accept it: --allow '{wrong[0].place}'", soft_wrap=True)
    accepted = [_line(each) for each in findings if each.allowed]
    _paragraph(out, "Accepted by --allow:", accepted)


def _line(finding: "Noticed") -> str:
    return f"{finding.resource}, {finding.property} ({finding.detector})"


def _number(count: int, texts: tuple[str, str]) -> str:
    return texts[0] if count == 1 else texts[1].format(count)


def _paragraph(out: Console, title: str, lines: Sequence[str], style: str = "") -> None:
    if lines:
        out.print(title, style=style, soft_wrap=True)
        for line in lines:
            first, *rest = line.splitlines() or [""]
            text = "\n".join([f"- {first}", *(f"  {each}" for each in rest)])
            if out.is_terminal:
                out.print(Padding(Text(text), (0, 0, 0, 2)))
            else:
                out.print("\n".join(f"  {each}" for each in text.splitlines()), soft_wrap=True)


def _leaks(leaks: "Leaks", out: Console) -> None:
    if not leaks.canaries:
        said = "No leak: there was neither secret config nor a container, so nothing to look for."
        out.print(said, soft_wrap=True)
        return
    values = (
        "1 made-up secret value was"
        if leaks.canaries == 1
        else (f"{leaks.canaries} made-up secret values were")
    )
    looked = (
        f"{values} looked for in {leaks.places} texts (provider requests, state files, previews, "
        "logs, outputs)"
    )
    inside = (
        f" Inside the envelope that Pulumi encrypts they were seen {leaks.encrypted} times, which is not a leak."
        if leaks.encrypted
        else ""
    )
    if not leaks.sightings:
        out.print(f"No leak: {looked} and never seen.{inside}", soft_wrap=True)
        return
    _paragraph(
        out,
        f"Leak: {looked} and seen in {len(leaks.sightings)} of them.{inside}",
        [str(each) for each in leaks.sightings[:_SIGHTINGS_SHOWN]],
        style="red",
    )
    more = len(leaks.sightings) - _SIGHTINGS_SHOWN
    if more > 0:
        out.print(f"  - and {more} more, which --json lists", soft_wrap=True)
