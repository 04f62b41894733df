"""The seam between the components and the clouds: one small Protocol, one module a cloud.

`cloud="aws"` is the name of a module in this folder, so that a new cloud is a new file and nothing else:
no table and no `if` names it. Clouds do not know each other. No cloud's SDK is imported here or at the
top of a cloud's module; it is imported where it is used.
"""

import asyncio
import functools
import hashlib
import importlib
import pkgutil
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from infra_secrets.errors import (
    MissingExtraError,
    SecretArgsError,
    SecretNameError,
    UnknownCloudError,
)
from infra_secrets.naming import NamesTaken, SecretName, Spelling, nearest, shown

if TYPE_CHECKING:
    import pulumi

_Hook = TypeVar("_Hook", bound="pulumi.ResourceHook | pulumi.ErrorHook")

KEEP, RECOVER, DISCARD = "keep", "recover", "discard"
RETENTIONS: Mapping[str, str] = {
    KEEP: "removing it from code is refused",
    RECOVER: "removing it deletes it, and it can be brought back",
    DISCARD: "removing it deletes it as fast as the cloud allows",
}
"""What removing a secret from code may do, by the name of the retention."""


RENAMED = (
    "If this Secret was renamed or moved under another parent, do not adopt: tell what it was with "
    "opts=ResourceOptions(aliases=[Alias(name=... or parent=...)]), and it stays what it is."
)
"""What to do first when a container exists: adopting it under a second name would delete it under the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A container as somebody wants it: every default is filled in, every part of the name is legal."""

    logical_name: str
    """The name in the program, e.g. `StripeApiKey`."""
    name: SecretName
    spelled: str
    """The name in the cloud."""
    fields: tuple[str, ...] = ()
    """JSON keys that the value must have; none means one plain value."""
    description: "pulumi.Input[str] | None" = None
    owner: "pulumi.Input[str] | None" = None
    max_age_days: int | None = None
    tags: "Mapping[str, pulumi.Input[str]]" = field(default_factory=dict)
    retention: str = KEEP
    encryption_key: "pulumi.Input[str] | None" = None
    replicas: tuple[str, ...] = ()
    readers: "tuple[pulumi.Input[str], ...]" = ()
    writers: "tuple[pulumi.Input[str], ...]" = ()
    adopt: str | None = None
    settings: "Mapping[str, pulumi.Input[str]]" = field(default_factory=dict)
    """What only this cloud needs, by argument name, e.g. `azure_vault_id`."""

    def facts(self, separator: str) -> "dict[str, pulumi.Input[str]]":
        """What the container should say about itself, for tags or annotations.

        Args:
            separator: What stands between the package's prefix and a fact's name.
        """
        facts: dict[str, pulumi.Input[str] | None] = {
            "logical-name": self.logical_name,
            "owner": self.owner,
            "max-age-days": None if self.max_age_days is None else str(self.max_age_days),
        }
        return {
            f"infra-secrets{separator}{name}": fact
            for name, fact in facts.items()
            if fact is not None
        }

    def value_asked_for(self) -> str:
        """What the operator is asked to type, in words."""
        if self.fields:
            return f"{self.name.reference}, one JSON object with the keys {', '.join(self.fields)}"
        return self.name.reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container that was registered."""

    secret_id: "pulumi.Output[str]"
    """What IAM and the cloud's own tools call it, in full."""
    set_command: "pulumi.Output[str]"
    """POSIX shell: sets the value from standard input."""
    console_url: "pulumi.Output[str]"
    """Where a person sees it in a browser."""


class Cloud(Protocol):
    """Somewhere a secret container can live. A module of this folder is one."""

    SPELLING: Spelling
    """How names are written there."""

    RESOURCE_TYPE: str
    """Type token of the container, for providers, policies and tests."""

    SETTINGS: Mapping[str, str]
    """What only this cloud needs: each setting with the config key (in `infra-secrets:`) that gives it."""

    STORE_SETTINGS: Mapping[str, str]
    """What a SecretStore of External Secrets Operator needs there: each setting with the config key that gives it."""

    def store(self, settings: "Mapping[str, pulumi.Input[str]]") -> "dict[str, Any]":
        """Describe a SecretStore's `provider` that logs in by workload identity, never with a key.

        Args:
            settings: Those of `STORE_SETTINGS`, and `service_account`.
        """

    def store_problems(self, settings: "Mapping[str, pulumi.Input[str]]") -> Iterator[str]:
        """Yield what is wrong with the settings of a SecretStore."""

    def problems(self, wanted: Wanted) -> Iterator[SecretArgsError]:
        """Yield everything that this cloud cannot honour. Needs no SDK and no network."""

    def warnings(self, wanted: Wanted) -> Iterator[str]:
        """Yield what is legal and still worth knowing before it is created."""

    def create(self, wanted: Wanted, opts: "pulumi.ResourceOptions") -> Container:
        """Register the container, and the grants beside it, and never a value of anybody's.

        Args:
            wanted: What `problems` found nothing against.
            opts: Has the parent, the protection and the hooks; a cloud adds what only it needs.

        Raises:
            MissingExtraError: The cloud's SDK is not installed.
        """

    def way_out(self, failure: str, inputs: "Mapping[str, object]") -> str | None:
        """Say how to go on after the cloud refused to create the container.

        Args:
            failure: The provider's message.
            inputs: What was asked for, by the provider's own (camelCase) property names.

        Returns:
            A sentence with the command that mends it, or None when the message needs no more.
        """


@functools.cache
def available() -> tuple[str, ...]:
    """List the clouds that the package knows: the modules of this folder."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def load(name: str) -> Cloud:
    """Find a cloud by name.

    Raises:
        UnknownCloudError: There is none of that name.
    """
    known = available()
    if name not in known:
        close = nearest(name, known)
        hint = f" Did you mean {close!r}?" if close else ""
        raise UnknownCloudError(
            f"cloud={shown(name)} is not known; it must be one of {', '.join(known)}.{hint}"
        )
    return cast(Cloud, importlib.import_module(f"{__name__}.{name}"))


@contextmanager
def sdk(extra: str) -> Iterator[None]:
    """Turn the import error of a missing cloud SDK into the command that installs it.

    Raises:
        MissingExtraError: The import inside the `with` failed for want of a module of Pulumi's.
    """
    try:
        yield
    except ModuleNotFoundError as missing:
        if not (missing.name or "").startswith("pulumi"):
            raise
        raise MissingExtraError(f"The Pulumi SDK for {extra} ({missing.name})", extra) from None


# A run of a program has one connection to the engine. A plugin has one for each component, and says itself
# which of them belong to one run.
names_of_this_run: ContextVar[NamesTaken | None] = ContextVar("names_of_this_run", default=None)
_names_by_connection: "weakref.WeakKeyDictionary[object, NamesTaken]" = weakref.WeakKeyDictionary()


def names_taken() -> NamesTaken:
    """Find the names that this run of this program has asked for so far."""
    from pulumi.runtime.settings import get_monitor

    names = names_of_this_run.get()
    return _names_by_connection.setdefault(get_monitor(), NamesTaken()) if names is None else names


def hook_after(parent: "pulumi.Resource", kind: "Callable[..., _Hook]", *args: object) -> "_Hook":
    """Make a resource hook that is registered only after its component is.

    The first hook of a program starts a server in it. A program that fails in that very moment (an `apply`
    that raises at once) stops the server while it starts, on which grpcio 1.85 crashes: Python would end
    with a segmentation fault, and the program's own error would be lost.

    Args:
        parent: The component; the hook is for its children.
        kind: `pulumi.ResourceHook` or `pulumi.ErrorHook`.
        args: What the kind takes.
    """
    hook = cast(Any, kind).__new__(kind)

    async def register() -> None:
        await parent.urn.future()
        hook.__init__(*args)
        await hook._registered  # noqa: SLF001 (what the SDK awaits before it registers a resource)

    hook._registered = asyncio.ensure_future(register())  # noqa: SLF001
    return cast("_Hook", hook)


def grants(
    wanted: Wanted,
    kinds: "Sequence[tuple[str, Sequence[pulumi.Input[str]]]]",
    identity: Callable[[str], str] = str,
) -> "Iterator[tuple[str, str, pulumi.Input[str]]]":
    """Yield the grants that a secret needs, one a principal.

    Args:
        wanted: The secret.
        kinds: What is granted (`reader`), and to whom.
        identity: Reduces the spellings of a principal to one.

    Yields:
        The grant's logical name, what is granted and the principal. The name comes from the principal, so
        that taking one off a list does not rename the others: a renamed grant is made again before the old
        one is deleted, and on most clouds the two are the same grant. An output has a number instead.
    """
    for what, principals in kinds:
        for number, principal in enumerate(principals, start=1):
            mark = (
                hashlib.sha256(identity(principal).encode()).hexdigest()[:8]
                if isinstance(principal, str)
                else str(number)
            )
            yield f"{wanted.logical_name}-{what}-{mark}", what, principal


def shell_quoted(text: str) -> str:
    """Quote one word for a POSIX shell."""
    import shlex

    return shlex.quote(text)


_TERMINAL_LINE = 4095
"""Bytes after which a terminal on Linux cuts a line off, without a word (termios(3), canonical mode)."""

# What `sh` does with a value. It stands between single quotes, also of csh and fish: so no quote of that kind,
# no exclamation mark and no two backslashes in a row.

# What the caller's environment may hold: traced, exported by itself, the name taken, a locale.
_CLEAN = (
    'set +xa; unset v; export LC_ALL=C; no() { echo "$1, so nothing was set. $2" >&2; exit 1; }'
)
# A program instead of a part of the shell would have the value among its arguments.
_PRINTF = (
    'case $(command -v printf) in */*|"") no "This sh (mksh, posh or yash, say) has no printf of its own" '
    '"Put bash or dash in its place."; esac'
)
# A second Ctrl-C does not stop `back`. Ctrl-Z would give the echo back, Ctrl-\ write the memory to the disk.
_ASKED = (
    'if [ -t 0 ]; then s=$(stty -g) || exit; back() { trap "" HUP INT TERM; stty "$s"; }; trap back EXIT; '
    'trap "back; exit 130" HUP INT TERM; trap "" QUIT TSTP; stty -echo || exit; '
    'printf %s "Value of $0 (not shown; Enter, then Ctrl-D): " >&2; fi'
)
# As octal numbers, so that no shell and no locale changes a byte; and without the newlines at the end.
_READ = (
    'v=$(od -An -v -to1) || exit; v=$(printf " %s" $v); '
    'while case $v in *" 012");; *) false; esac; do v=${v%????}; done'
)
_WHOLE = (
    'case $v in *[0-7]*);; *) no "Nothing was given" "Type the value, or pipe it in."; esac; '
    f"if [ -t 0 ] && [ ${{#v}} -ge {4 * _TERMINAL_LINE} ]; then "
    f'no "A terminal cuts lines off after {_TERMINAL_LINE} bytes" "Pipe the value in."; fi'
)
_AS_TEXT = (
    'case $v in *000*|*015*) no "The value has a carriage return or a NUL byte, which would not arrive as it is" '
    '"Convert its line ends, or encode it (base64)."; esac'
)
_HANDED_OVER = r'printf %b "$(printf "\1340%s" $v)" | "$@"'


def reading_stdin(wanted: Wanted, command: Sequence[str], *, as_text: bool) -> str:
    """Wrap a cloud's command so that it can be pasted in any shell and gets the value from standard input.

    The value is typed without echo, or piped in. It arrives byte for byte but for the newlines at its end, which
    a keyboard or `op read` adds; what would not is refused, and so is an empty one. It is never an argument of
    a process, in an environment or on a disk. `sh` does it, so that the options, aliases and traps of the
    shell where it is pasted do not matter.

    Args:
        wanted: The secret, for the prompt.
        command: Reads the value from its own standard input; words not yet quoted.
        as_text: The command reads text as Python does: in the encoding of the locale (in `C` it is UTF-8, and
            what is not UTF-8 fails), and it makes every carriage return a newline.
    """
    refused = [_WHOLE, _AS_TEXT] if as_text else [_WHOLE]
    script = "; ".join([_CLEAN, _PRINTF, _ASKED, _READ, *refused, _HANDED_OVER])
    words = ["sh", "-c", script, wanted.value_asked_for(), *command]
    return " ".join(shell_quoted(word) for word in words)


def lines_of(words: Sequence[str], limit: int) -> list[str]:
    """Join words with spaces into as few texts as hold at most `limit` characters each."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= limit:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def other_name(spelling: Spelling, existing: str) -> str:
    """Say what to do about an existing container that has another name than the one wanted."""
    try:
        found = spelling.parse(existing)
    except SecretNameError:
        return (
            f"No service=, environment= and key= spell that name, and {spelling.title} cannot rename a secret: create "
            f"this container empty, let an operator copy the value, then retire the old one."
        )
    return (
        "Give "
        + ", ".join(f"{part}={text!r}" for part, text in found.parts())
        + " to take that one over."
    )
