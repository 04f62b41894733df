"""Who may read and who may set what, as declared: the matrix of the page, and its principals in full."""

from collections.abc import Iterator, Sequence

from infra_secrets.cli.status.rows import Row, numbered
from infra_secrets.cli.status.texts import as_html

COLUMNS = 16
"""Principals in one matrix: so many fit on A4 beside a long name."""


def access(rows: Sequence[Row]) -> Iterator[str]:
    """Write who may do what as HTML."""
    declared = sorted(
        (row for row in rows if row.readers is not None), key=lambda row: row.reference
    )
    unknown = len(rows) - len(declared)
    if not rows:
        return
    yield '<section aria-labelledby="access">'
    yield '<h2 id="access">Who may read and set what</h2>'
    yield (
        "<p>As declared in code. What a role of the whole account, project or vault allows is not shown here.</p>"
    )
    principals = sorted(
        {each for row in declared for each in (*(row.readers or ()), *(row.writers or ()))}
    )
    if principals:
        yield from _in_full(declared, principals)
        yield from _matrices(declared, principals)
    elif declared:
        yield "<p>No reader and no writer is declared.</p>"
    if unknown:
        yield f"<p>Not known of {numbered(unknown)}, which no code at hand declares.</p>"
    yield "</section>"


def _matrices(rows: Sequence[Row], principals: Sequence[str]) -> Iterator[str]:
    """Write the matrix, in parts of as many columns as a sheet of paper has room for."""
    yield '<h3 id="matrix">Which containers</h3>'
    yield (
        "<p><b>R</b> may read the value, <b>S</b> may set it. The numbers are those of the principals above.</p>"
    )
    for first in range(0, len(principals), COLUMNS):
        yield from _matrix(rows, principals[first : first + COLUMNS], first + 1)


def _matrix(rows: Sequence[Row], principals: Sequence[str], first: int) -> Iterator[str]:
    yield '<div class="scroll matrix" tabindex="0" role="region" aria-labelledby="matrix"><table>'
    headings = "".join(
        f'<th scope="col"><span aria-hidden="true">{number}</span>'
        f'<span class="heard">{as_html(each)}</span></th>'
        for number, each in enumerate(principals, first)
    )
    yield f'<thead><tr><th scope="col">Container</th>{headings}</tr></thead><tbody>'
    for row in rows:
        readers, writers = {*(row.readers or ())}, {*(row.writers or ())}
        cells = "".join(
            f"<td>{_letters(reads=each in readers, sets=each in writers)}</td>"
            for each in principals
        )
        yield f'<tr><th scope="row"><code>{as_html(row.reference)}</code></th>{cells}</tr>'
    yield "</tbody></table></div>"


def _letters(*, reads: bool, sets: bool) -> str:
    if not (reads or sets):
        return ""
    said = " and ".join([*(["may read"] if reads else []), *(["may set"] if sets else [])])
    letters = f"{'R' if reads else ''}{' ' if reads and sets else ''}{'S' if sets else ''}"
    return f'<b role="img" aria-label="{said}">{letters}</b>'


def _in_full(rows: Sequence[Row], principals: Sequence[str]) -> Iterator[str]:
    yield '<h3 id="principals">Principals</h3>'
    yield '<div class="scroll principals" tabindex="0" role="region" aria-labelledby="principals"><table>'
    yield (
        '<thead><tr><th scope="col" class="number">No.</th><th scope="col">Principal</th>'
        '<th scope="col" class="number">may read</th><th scope="col" class="number">may set</th></tr></thead><tbody>'
    )
    for number, each in enumerate(principals, 1):
        reads = sum(each in (row.readers or ()) for row in rows)
        sets = sum(each in (row.writers or ()) for row in rows)
        yield (
            f'<tr><td class="number">{number}</td><th scope="row"><code>{as_html(each)}</code></th>'
            f'<td class="number">{reads:,}</td><td class="number">{sets:,}</td></tr>'
        )
    yield "</tbody></table></div>"
