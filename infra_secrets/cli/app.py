"""The command line as Typer has it: the options before a command, and the commands."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import infra_secrets
from infra_secrets.cli import INTERRUPTED
from infra_secrets.cli.doctor import command as examining
from infra_secrets.cli.rehearse import command as rehearsing
from infra_secrets.cli.saying import Quiet, warn
from infra_secrets.cli.set import command as setting
from infra_secrets.cli.status import command as looking
from infra_secrets.cli.where import located
from infra_secrets.errors import InfraSecretsError
from infra_secrets.rules.wording import nearest

EXAMPLES = (
    "infra-secrets rehearse --stack production",
    "infra-secrets set payments/production/stripe-api-key",
    "infra-secrets doctor --as ci",
    "infra-secrets status --stack production",
    "infra-secrets --install-completion",
)


class NoSuchCommandError(InfraSecretsError):
    """The first word that was typed is no command."""


@contextlib.contextmanager
def _interrupts() -> Iterator[None]:
    """Say an interrupt that no command took care of: Typer ends in silence after one."""
    try:
        yield
    except KeyboardInterrupt:
        warn("Interrupted.")
        raise typer.Exit(INTERRUPTED) from None


class Commands(TyperGroup):
    """The commands; a word that is none of them is not repeated, because it may be a value."""

    def make_context(self, *args: Any, **named: Any) -> Any:
        """Read what was typed."""
        with _interrupts():
            return super().make_context(*args, **named)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with _interrupts():
            return super().invoke(ctx)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that was typed."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not ctx.resilient_parsing:
            close = nearest(args[0], known)
            hint = f" Did you mean {close}?" if close else ""
            raise NoSuchCommandError(
                f"There is no such command. There are: {', '.join(known)}.{hint}"
            )
        return super().resolve_command(ctx, args)


def make(arguments: Sequence[str] = ()) -> typer.Typer:
    """Make the command line.

    Args:
        arguments: What was typed: a command that is not among it is made in short, for the list of commands alone.
    """

    def at_places(name: str, command: Callable[..., None]) -> Callable[..., None]:
        return located(command, places=not arguments or name in arguments)

    app = typer.Typer(
        name="infra-secrets",
        cls=Commands,
        no_args_is_help=True,
        # Two options that print or install a script for the shell; nothing is installed unasked.
        add_completion=True,
        pretty_exceptions_enable=False,  # a traceback quotes local variables
        epilog=_examples(EXAMPLES),
    )
    app.callback()(_options)
    app.command("doctor", epilog=_examples(examining.EXAMPLES))(
        at_places("doctor", examining.doctor)
    )
    app.command(epilog=_examples(rehearsing.EXAMPLES))(rehearsing.rehearse)
    # It refuses by itself what it does not take: Typer would repeat it, and it may be a value.
    taking_anything = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command("set", epilog=_examples(setting.EXAMPLES), context_settings=taking_anything)(
        at_places("set", setting.set_)
    )
    app.command("status", epilog=_examples(looking.EXAMPLES))(at_places("status", looking.status))
    return app


def _examples(commands: Sequence[str]) -> str:
    """Write commands below a help text: an empty line between two is a line break to Typer."""
    return "\n\n".join(["Examples:", *(f"  {command}" for command in commands)])


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"infra-secrets {infra_secrets.__version__}")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_version, help="Print the version."),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Secrets whose container is code and whose value never is."""
