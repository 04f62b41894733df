"""`infra-secrets status`: what the command takes.

What it does is in `work.py`, which is loaded when it is needed.
"""

from pathlib import Path
from typing import Annotated

import typer

from infra_secrets.cli.saying import remember
from infra_secrets.cli.set.completion import complete_references
from infra_secrets.cli.where import Named

EXAMPLES = (
    "infra-secrets status",
    "infra-secrets status --all-stacks --html secrets.html",
    "infra-secrets status payments/production --cloud aws --region eu-central-1 --json",
    "infra-secrets status --stack production --markdown > SECRETS.md",
    "infra-secrets status --stack production --check SECRETS.md",
)


def _complete(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the shell references; `set` takes logical names too."""
    return [each for each in complete_references(context, incomplete) if "/" in each]


def status(
    references: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="REFERENCE",
            help="Only these containers, or all below a beginning such as payments/production.",
            autocompletion=_complete,
            show_default=False,
        ),
    ] = None,
    *,
    all_stacks: Annotated[
        bool, typer.Option("--all-stacks", help="Every stack of the Pulumi project in this folder.")
    ] = False,
    everything: Annotated[
        bool,
        typer.Option("--all", help="At a terminal, list also what is simply set, however many."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    markdown: Annotated[
        bool,
        typer.Option(
            "--markdown",
            help="Print the inventory for a repository: no states and no ages, which change from day to day.",
        ),
    ] = False,
    check: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Compare that inventory with a committed one. Exit code 1 when it is out of date.",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write a page for an auditor, in one file."),
    ] = None,
    permissions: Annotated[
        bool, typer.Option("--permissions", help="Print which permissions it needs on each cloud.")
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", callback=remember, help="Print only what needs a person."),
    ] = False,
    named: Named,
) -> None:
    """Show every secret container: unset, set, stale, missing ..., by its metadata alone.

    In a Pulumi project the stack's state says what must be there; elsewhere, or with --cloud, the tags in the cloud.

    It reads metadata and never a value, and needs permission for no more: --permissions lists it.

    Exit code: 0 when all are set, 1 when something needs a person, 2 when something could not be looked at.
    """
    from infra_secrets.cli.status import work

    if permissions:
        print(work.permissions(), end="")
        raise typer.Exit
    asked = work.Asking(
        named=named,
        all_stacks=all_stacks,
        only=tuple(references or ()),
        everything=everything,
        json=json,
        markdown=markdown,
        check=check,
        html=html,
        quiet=quiet,
    )
    raise typer.Exit(work.done(asked))
