"""What `infra-secrets status` does, and the exit code that it ends with.

What is looked at is found in `subject.py`, asked in `collect.py` and written by `table.py`, `document.py`,
`inventory.py` and `page.py`.
"""

import os
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from infra_secrets import clouds
from infra_secrets.cli import USAGE_ERROR, end_at_once
from infra_secrets.cli.rehearse.report import TerminalProgress, console
from infra_secrets.cli.status.collect import Collected, Told, collect
from infra_secrets.cli.status.document import as_json
from infra_secrets.cli.status.inventory import command_for, compared, inventory
from infra_secrets.cli.status.rows import ALL_SET, NEEDS_A_PERSON, Report, needs_a_person
from infra_secrets.cli.status.subject import Subject, find
from infra_secrets.cli.status.table import show
from infra_secrets.cli.where import Named
from infra_secrets.errors import InfraSecretsError
from infra_secrets.rules.wording import nearest


class StatusError(InfraSecretsError):
    """What was asked for cannot be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a person asks for."""

    named: Named
    all_stacks: bool
    only: tuple[str, ...]
    everything: bool
    json: bool
    markdown: bool
    check: Path | None
    html: Path | None
    quiet: bool


def done(asked: Asking) -> int:
    """Do it, and return the exit code."""
    try:
        _one_of(json=asked.json, markdown=asked.markdown, check=asked.check is not None)
        if asked.html is not None and (asked.markdown or asked.check is not None):
            raise StatusError(
                "--html is a page of the report, and --markdown and --check are about the inventory. Give one of them."
            )
        subject = find(asked.named, all_stacks=asked.all_stacks, only=asked.only)
        if asked.markdown or asked.check is not None:
            return _inventory(subject, asked)
        report = _report(subject, quiet=asked.quiet)
        _refuse_unknown(asked.only, report, subject)
        if asked.html is not None:
            _write(asked.html, report)
        _print(as_json(report) if asked.json else _shown(report, asked))
    except InfraSecretsError as error:
        print(f"Error: {error}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        end_at_once()
    return report.exit_code


def permissions() -> str:
    """List what each cloud must allow; nothing of it reads a value."""
    lines = []
    for name in clouds.available():
        lines += [
            f"{name}:",
            *(f"  {each}" for each in clouds.values_of(clouds.load(name)).STATUS_PERMISSIONS),
        ]
    return "".join(f"{line}\n" for line in lines)


def _one_of(**asked: bool) -> None:
    given = [f"--{option}" for option, there in asked.items() if there]
    if len(given) > 1:
        raise StatusError(f"{' and '.join(given)} print different things. Give one of them.")


def _shown(report: Report, asked: Asking) -> str:
    """Write the report for people; with `--quiet` only what needs one."""
    if asked.quiet:
        report = replace(report, rows=tuple(filter(needs_a_person, report.rows)), notes=())
        if not report.rows and not report.refused:
            return ""
    out = console(sys.stdout)
    with out.capture() as captured:
        show(report, out, everything=asked.everything or asked.quiet)
    return captured.get().removesuffix("\n")


def _print(text: str) -> None:
    """Print what was asked for, unless it is nothing; that somebody reads no further is no trouble."""
    try:
        if text:
            print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report(subject: Subject, *, quiet: bool) -> Report:
    now = datetime.now(UTC)
    found = _collected(subject, now, quiet=quiet)
    return Report(
        subject=subject.title,
        now=now,
        rows=found.rows,
        refused=(*subject.refused, *found.refused),
        notes=(*subject.notes, *found.notes),
    )


def _collected(subject: Subject, now: datetime, *, quiet: bool) -> Collected:
    with _progress(quiet=quiet) as told:
        return collect(subject.places, now, told)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Told]:
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _known, _what: None
        return
    progress = TerminalProgress(console(sys.stderr))
    with progress.step("Looking"):
        yield progress.resource


def _refuse_unknown(references: Sequence[str], report: Report, subject: Subject) -> None:
    """Refuse what nothing answers to, where everything could be looked at: it is probably a slip."""
    if report.refused:
        return
    found = [row.reference for row in report.rows]
    for each in (reference.removesuffix("/") for reference in references):
        if not any(f"{name}/".startswith(f"{each}/") for name in found):
            close = nearest(each, [*found, *subject.known])
            hint = f" Did you mean {close}?" if close else ""
            raise StatusError(
                f"{each} is neither declared nor in the cloud, in {report.subject}.{hint} Containers are made by code: "
                "declare a Secret, then run: pulumi up"
            )
    if subject.narrowed and not found:
        notes = "".join(f" {note}" for note in report.notes)
        raise StatusError(
            f"There is no container of what was named: {report.subject}.{notes} Correct it, or name less."
        )


# The inventory ----------------------------------------------------------------------------------------


def _inventory(subject: Subject, asked: Asking) -> int:
    """Print the inventory, or compare it; a part that could not be looked at makes none."""
    refused = subject.refused
    rows = [row for place in subject.places for row in place.as_declared()]
    if not subject.by_code or any(
        not each.registered for place in subject.places for each in place.declared or ()
    ):
        found = _collected(subject, datetime.now(UTC), quiet=asked.quiet)
        rows, refused = list(found.rows), (*refused, *found.refused)
    if refused:
        for each in refused:
            print(f"{each.subject}: {each.kind}. {each.found} {each.way_out}", file=sys.stderr)
        raise StatusError(
            "The inventory would lack what could not be looked at, so there is none. Fix that, or name less."
        )
    report = Report(
        subject=subject.title, now=datetime.now(UTC), rows=tuple(rows), notes=subject.notes
    )
    _refuse_unknown(asked.only, report, subject)
    command = command_for(_as_typed(subject, asked))
    fresh = inventory(rows, subject.title, command)
    check = asked.check
    if check is None:
        _print(fresh.removesuffix("\n"))
        return ALL_SET
    changes = compared(_committed(check, command), fresh)
    if not changes:
        _print("" if asked.quiet else f"{check} is up to date.")
        return ALL_SET
    lines = (
        f"{check} is out of date:",
        *(f"  {change}" for change in changes),
        f"To update it: {_update(command, check)}",
    )
    _print("\n".join(lines))
    return NEEDS_A_PERSON


def _committed(file: Path, command: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StatusError(f"There is no {file}. To write it: {_update(command, file)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StatusError(
            f"{file} cannot be read ({type(error).__name__}). To write it anew: {_update(command, file)}"
        ) from None


def _update(command: str, file: Path) -> str:
    return f"{command} > {shlex.quote(str(file))}"


def _as_typed(subject: Subject, asked: Asking) -> list[str]:
    """Spell again what the person named, and the stack, as another one may be selected when it is run again."""
    named = asked.named
    parts = {
        "stack": None if asked.all_stacks else subject.stack,
        "cloud": named.cloud,
        **named.place,
        "service": named.service,
        "environment": named.environment,
    }
    options = [word for part, text in parts.items() if text for word in (f"--{part}", text)]
    return [*(["--all-stacks"] if asked.all_stacks else []), *options, *asked.only]


# The page ---------------------------------------------------------------------------------------------


def _write(file: Path, report: Report) -> None:
    """Write the page: all of it, or the file stays as it was. What is no file, e.g. a pipe, is written into."""
    from infra_secrets.cli.status.page import page

    try:
        text = page(report)
        if file.is_dir():
            raise StatusError(f"{file} is a folder. Name a file in it.")
        if not file.resolve().parent.is_dir() and not file.exists():
            raise StatusError(f"There is no folder {file.parent}. Make it, or name another file.")
        if (file.exists() and not file.is_file()) or file.absolute().is_relative_to("/dev"):
            with file.open("w", encoding="utf-8") as there:
                there.write(text)
        else:
            _replace(file.resolve(), text)  # a link stays one
    except OSError as error:
        raise StatusError(
            f"{file} could not be written: {error.strerror}. Make room, or name another file."
        ) from None


def _replace(file: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=file.parent, prefix=f".{file.name}.", delete=False
    ) as half:
        try:
            half.write(text)
            half.close()
            Path(half.name).replace(file)
        except BaseException:
            Path(half.name).unlink(missing_ok=True)
            raise
