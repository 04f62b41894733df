"""`infra-secrets set`: what the command takes, and the exit code that it ends with.

Nothing takes a value as an argument. Everything that is typed behind the name of the command may be one by mistake, and
none of it is repeated. The container is looked at first, so that nobody types a value for nothing.
"""

import json as json_format
import os
import traceback
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from infra_secrets.cli import INTERRUPTED, USAGE_ERROR
from infra_secrets.cli.saying import Quiet, Say, saying, warn
from infra_secrets.cli.set.completion import complete_references
from infra_secrets.cli.where import Named
from infra_secrets.errors import InfraSecretsError

if TYPE_CHECKING:
    from infra_secrets.cli.set.given import Given
    from infra_secrets.cli.set.writing import Attempt
    from infra_secrets.clouds.values import Described, Written

NOT_SET = USAGE_ERROR
"""Exit code when nothing was set."""
LOOK = 1
"""Exit code when a person must look: it is set, or may be, and not all is well."""

EXAMPLES = (
    "infra-secrets set payments/production/stripe-api-key --stack production",
    "infra-secrets set StripeApiKey",
    "op read op://payments/stripe/api-key | infra-secrets set stripe-api-key",
    "infra-secrets set payments/production --field DATABASE_URL",
    "infra-secrets set payments/production/tls-key --file tls.key",
)
OPTIONS = ("--file", "--field", "--binary", "--force", "--json", "--quiet", "--stack", "--cloud")


class SetUsageError(InfraSecretsError):
    """The command was typed wrong; nothing was set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person wants to be done with the value."""

    file: str | None
    field: str | None
    binary: bool
    force: bool


def set_(
    context: typer.Context,
    reference: Annotated[
        str,
        typer.Argument(
            metavar="REFERENCE",
            help="service/environment or service/environment/key; in a Pulumi project also a key or a logical name.",
            autocompletion=complete_references,
        ),
    ],
    named: Named,
    *,
    file: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Read the value from a file; - is standard input.",
            show_default=False,
        ),
    ] = None,
    field: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Set one key of a document, and leave the others."),
    ] = None,
    binary: Annotated[
        bool,
        typer.Option(
            "--binary", help="The value is bytes: keep every one, a line break at the end too."
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Set it even if it is the present value already.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Put a value into a container that code has made.

    It is typed twice without being shown, or comes from standard input or a file; never as an argument.
    One line break at its end is dropped; everything else arrives unchanged, or is refused.

    Exit code: 0 when it is set, 1 when a person must look, 2 when nothing was set, 130 after Ctrl-C.
    """
    say = saying(quiet=quiet)
    attempt: Attempt | None = None
    try:
        _refuse_arguments([reference, *context.args])
        wish = Wish(file=file, field=field, binary=binary, force=force)
        _refuse_contradictions(wish)
        attempt, described = _begin(reference, named, wish, say)
        done = _set(attempt, described, wish)
        _show(attempt, done, json=json, quiet=quiet)
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        _interrupted(attempt)
    except InfraSecretsError as error:
        _failed(attempt, str(error))
    except Exception as error:  # noqa: BLE001 (its text may hold the value: it is not shown)
        _failed(attempt, _unexpected(error))
    if attempt.interrupted:
        _interrupted(attempt)


def _refuse_arguments(typed: list[str]) -> None:
    """Refuse whatever was typed besides the reference; none of it is repeated."""
    from infra_secrets.rules.wording import nearest

    options = [each for each in typed if each.startswith("-") and each != "-"]
    if options:
        close = nearest(options[0].partition("=")[0], OPTIONS)
        hint = f" Did you mean {close}?" if close else ""
        raise SetUsageError(f"There is an option that `set` does not have.{hint} {_NO_ARGUMENT}")
    if len(typed) > 1:
        raise SetUsageError(f"There is an argument too many behind the reference. {_NO_ARGUMENT}")
    if "=" in typed[0]:
        raise SetUsageError(f"The reference has a `=`, and something behind it. {_NO_ARGUMENT}")


_NO_ARGUMENT = (
    "Nothing was set, and what was typed is not repeated, because it may be a value. A value is never an argument: "
    "every process can read those, and the shell keeps them. It is asked for, or comes by a pipe or --file. If it was "
    "one, remove it from your shell's history, and have a new one made."
)


def _refuse_contradictions(wish: Wish) -> None:
    if wish.field is not None and wish.binary:
        raise SetUsageError(
            "--field and --binary do not go together: a field is text in a JSON document. Nothing was set."
        )


def _begin(reference: str, named: Named, wish: Wish, say: Say) -> "tuple[Attempt, Described]":
    """Find the container and look at it; no value is in memory yet."""
    from infra_secrets import clouds
    from infra_secrets.cli.set import target as targets
    from infra_secrets.cli.set.writing import Attempt
    from infra_secrets.cli.where import find

    target = targets.choose(reference, find(named))
    client = clouds.connect(clouds.load(target.cloud), target.place)
    target, described = targets.look(target, client)
    if wish.field is not None and wish.field not in target.fields:
        raise SetUsageError(_no_such_field(target.reference, target.fields, wish.field))
    if wish.binary and target.fields:
        raise SetUsageError(
            f"{target.reference} is a JSON document, which is text: leave out --binary. Nothing was set."
        )
    return Attempt(target, client, say), described


def _no_such_field(reference: str, fields: tuple[str, ...], field: str) -> str:
    from infra_secrets.rules.wording import nearest

    if not fields:
        return (
            f"{reference} declares no fields: it is one value. Leave out --field, or declare fields= in code. Nothing "
            "was set."
        )
    close = nearest(field, fields)
    hint = f" Did you mean {close}?" if close else ""
    return f"--field must be one of {', '.join(fields)}.{hint} Nothing was set."


def _set(attempt: "Attempt", described: "Described", wish: Wish) -> "Done":
    """Take the value, check it, and make it the present one."""
    from infra_secrets import clouds
    from infra_secrets.cli.set import document, fingerprint, given, memory
    from infra_secrets.cli.set.writing import refuse
    from infra_secrets.clouds.values import Value

    target = attempt.target
    facts = clouds.values_of(clouds.load(target.cloud))
    fields = () if wish.field is not None else target.fields
    memory.guard()
    if wish.file is None and given.at_terminal() and fields:
        data = document.made_of(_fields_typed(attempt))
    else:
        taken = _taken(attempt, wish, facts.MAX_BYTES)
        for note in taken.notes:
            attempt.say(note)
        data = taken.data
    value = Value(data=data, binary=wish.binary)
    refuse(facts.refused(value))
    if wish.field is not None:
        written = attempt.field(described, wish.field, data.decode(), force=wish.force)
    else:
        if fields:
            document.check(data, fields, target.reference)
        written = attempt.whole(described, value, force=wish.force)
    key = fingerprint.key()
    return Done(written, wish.field, key.of(data), key.trouble)


def _taken(attempt: "Attempt", wish: Wish, most: int) -> "Given":
    from infra_secrets.cli.set import given

    if wish.file is not None:
        return given.from_file(wish.file, most, attempt.say, binary=wish.binary)
    if not given.at_terminal():
        return given.from_stdin(most, attempt.say, binary=wish.binary)
    reference = attempt.target.reference
    return given.typed(f"{wish.field} of {reference}" if wish.field else reference)


def _fields_typed(attempt: "Attempt") -> dict[str, str]:
    """Ask for each field by itself: nobody types JSON that they cannot see."""
    from infra_secrets.cli.set import document, given

    target = attempt.target
    typed = given.typed_fields(target.fields, target.reference)
    if any(document.resembles(each, target.fields) for each in typed.values()):
        raise SetUsageError(
            "What was typed for a field is a whole document. Give that by --file, or pipe it in. Nothing was set."
        )
    try:
        return {field: each.decode() for field, each in typed.items()}
    except UnicodeDecodeError:
        raise SetUsageError(
            "What was typed is not UTF-8, as JSON must be. Set the terminal to UTF-8. Nothing was set."
        ) from None


# What is said -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Done:
    """What was set, as far as it may be shown."""

    written: "Written"
    field: str | None
    fingerprint: str
    trouble: str | None
    """Why the fingerprint cannot be compared with others; None if it can."""


def _show(attempt: "Attempt", done: Done, *, json: bool, quiet: bool) -> None:
    text = _as_json(attempt, done) if json else _as_text(attempt, done)
    try:
        if json or not quiet:
            print(text, flush=True)
    except OSError as error:
        # Nothing more can be written there, also not when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        warn(
            f"The value is set, as version {done.written.version}; only this could not be written to standard output: "
            f"{os.strerror(error.errno or 0)}."
        )
        raise typer.Exit(LOOK) from None


def _as_text(attempt: "Attempt", done: Done) -> str:
    from infra_secrets.cli.where import in_words

    target = attempt.target
    what = f"{done.field} of {target.reference}" if done.field else target.reference
    lines = [
        f"{what} is set.",
        f"  where        {in_words(target.cloud, attempt.client.place)}",
        f"  version      {done.written.version}",
        f"  when         {_when(done.written)}",
        f"  fingerprint  {done.fingerprint} (you get the same one for the same value, and nobody else does)",
    ]
    return "\n".join([*lines, *filter(None, (done.trouble, done.written.note))])


def _as_json(attempt: "Attempt", done: Done) -> str:
    target = attempt.target
    return json_format.dumps(
        {
            "reference": target.reference,
            "field": done.field,
            "cloud": target.cloud,
            "place": dict(attempt.client.place),
            "version": done.written.version,
            "when": _when(done.written),
            "fingerprint": done.fingerprint,
            "comparable": done.trouble is None,
            "note": done.written.note,
        },
        indent=2,
    )


def _when(written: "Written") -> str:
    return written.when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _failed(attempt: "Attempt | None", text: str) -> NoReturn:
    outcome = attempt.outcome if attempt else "unchanged"
    warn(f"Error: {text}")
    if attempt and attempt.interrupted:
        _interrupted(attempt)
    if attempt and outcome == "unknown":
        warn(_unknown(attempt))  # on a line of its own: the text before it may end with a command
    raise typer.Exit(NOT_SET if outcome == "unchanged" else LOOK)


def _interrupted(attempt: "Attempt | None") -> NoReturn:
    if attempt is None or attempt.outcome == "unchanged":
        warn("Interrupted. The value was not changed.")
    elif attempt.outcome == "set":
        warn("Interrupted too late: the value is set.")
    else:
        warn(f"Interrupted. {_unknown(attempt)}")
    raise typer.Exit(INTERRUPTED)


def _unknown(attempt: "Attempt") -> str:
    from infra_secrets.clouds import as_options

    target = attempt.target
    return (
        "The value may have been set: the old one or the new one is there, as a whole. Run: infra-secrets status "
        f"--service {target.name.service} --environment {target.name.environment} "
        f"{as_options(target.cloud, attempt.client.place)}"
    )


def _unexpected(error: Exception) -> str:
    """Describe an error that nobody foresaw, without what it says."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return (
        f"{type(error).__name__} was not expected. What it says is not shown, because it may hold the value. Please "
        f"report it with this:\n{frames}"
    )
