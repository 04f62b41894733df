"""How every component of the package behaves towards Pulumi while it registers."""

import functools
import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import pulumi

from infra_secrets.component.internals import aliases_of
from infra_secrets.errors import InfraSecretsError, OutputError


def explaining_two_names(
    init: Callable[..., None], error: Callable[[object], InfraSecretsError]
) -> Callable[..., object]:
    """Make a component's `__new__`, which explains a second name, of which Python would say that it is one too many.

    To be hidden from type checkers, which refuse it by themselves.

    Args:
        init: The component's constructor, whose signature `inspect.signature` and help() show.
        error: Makes the error, from the logical name.
    """

    @functools.wraps(init)
    def __new__(cls: type, *args: object, **kwargs: object) -> object:  # noqa: N807
        if args and "name" in kwargs:
            with one_clear_message():
                raise error(args[0])
        return object.__new__(cls)

    return __new__


@contextmanager
def one_clear_message() -> Iterator[None]:
    """Let Pulumi print a refusal as its message alone.

    Any other exception is printed with a traceback, which quotes the lines of the program: a value that
    somebody wrote there would be in the log.
    """
    try:
        yield
    except InfraSecretsError as error:
        quiet = type(
            type(error).__name__,
            (type(error), pulumi.RunError),
            {"__module__": type(error).__module__},
        )
        error.__class__ = quiet
        raise error.with_traceback(None) from None


def _is_told(record: logging.LogRecord) -> bool:
    """Whether asyncio is to log something: not a refusal, which is raised where the program or test is waited for."""
    return not (record.exc_info and isinstance(record.exc_info[1], InfraSecretsError))


def say_refusals_once() -> None:
    """Let a test under mocks that expects a refusal end without the tracebacks of all that waited for it.

    A refused resource has a dozen outputs, each of which fails. For programs Pulumi silences asyncio as a whole
    (pulumi-language-python-exec).
    """
    logging.getLogger("asyncio").addFilter(_is_told)


def apply_clearly(given: Any, change: Callable[[Any], Any]) -> "pulumi.Output[Any]":
    """Change an input once it is known, and let Pulumi print a refusal in it as its message alone.

    Every `apply` of the package that can refuse goes through here.
    """

    def clearly(known: Any) -> Any:
        with one_clear_message():
            try:
                return change(known)
            except InfraSecretsError as refusal:
                raise OutputError(str(refusal)) from None

    return pulumi.Output.from_input(given).apply(clearly)


def known_only(output: "pulumi.Output[Any]", read: Callable[[Any], Any]) -> "pulumi.Output[Any]":
    """Make something of what a provider computes; unknown where there is nothing to make it of.

    That is so under mocks which leave it out, or make up something else.

    Args:
        output: What the provider computes.
        read: Makes something of it, or None where it cannot.
    """

    def known(found: Any) -> Any:
        made = None if found is None else read(found)
        return pulumi.UNKNOWN if made is None else made

    return output.apply(known)


# Frames from Pulumi's look at the stack to the line of the program that makes a component. One too few
# leaves the source position out of the state, more than enough leaves more frames in it.
_FRAMES = 6


def in_program(coroutine: "Coroutine[Any, Any, object]") -> None:
    """Run a coroutine as a part of the program: the program waits for it, and its error is the program's."""
    pulumi.Output.from_input(cast(Any, coroutine))


# URNs: urn:pulumi:STACK::PROJECT::GRANDPARENT$PARENT$TYPE::NAME


def types_in(urn: str) -> str:
    """Read everything before the name, `urn:pulumi:STACK::PROJECT::PARENT$TYPE`; a name may have `::` in it."""
    return "::".join(urn.split("::", maxsplit=3)[:3])


def child_urn(parent: str, type_: str, name: str) -> str:
    """Make the URN of a resource's child."""
    return f"{types_in(parent)}${type_}::{name}"


def name_in(urn: str) -> str:
    """Read the logical name from a URN."""
    return urn.split("::", maxsplit=3)[-1]


def children_of_aliases(
    component: pulumi.Resource, type_: str, suffix: str = ""
) -> "list[pulumi.Input[str | pulumi.Alias]]":
    """List what a component's child was called where the component had another name or parent.

    The engine works that out by itself only where the component is new to it, and after a run that stopped at the
    child it is not: the component is in the state already, under its new URN.

    Args:
        component: Has the aliases.
        type_: The child's.
        suffix: What the child's name adds to the component's.
    """
    return [
        alias.apply(lambda urn: child_urn(urn, type_, name_in(urn) + suffix))
        for alias in aliases_of(component)
    ]


class _ShortStackTraces:
    """`sys.tracebacklimit` is the process's, and components may be made in several threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before: int | None = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = getattr(sys, "tracebacklimit", None)
                sys.tracebacklimit = _FRAMES
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                if self._before is None:
                    del sys.tracebacklimit
                else:
                    sys.tracebacklimit = self._before


_short = _ShortStackTraces()


@contextmanager
def short_stack_trace() -> Iterator[None]:
    """Keep the line of the program that makes the component, and not the whole call stack, in the state.

    The SDK stores every frame with every resource, which is two thirds of what a container takes in the
    state file. Because a file backend writes all of it at each step, 200 secrets took twice as long.
    """
    with _short:
        yield


_RANDOM = re.compile(r"\$\{((hex|alphanum|string|num)\(\d+\)|uuid)\}")


def names_are_fixed(package: str | None, autonaming: str | None) -> bool:
    """Whether the stack's autonaming makes the engine delete before it replaces, whatever a resource says.

    Source: pulumi pkg/resource/deploy/step_generator.go and pkg/resource/autonaming/strategy.go.

    Args:
        package: Look at what goes for this package only; None for any part of the setting.
        autonaming: Config `pulumi:autonaming`, JSON.
    """

    def fixed(section: object) -> bool:
        if not isinstance(section, Mapping):
            return False
        pattern = section.get("pattern")
        return section.get("mode") in ("verbatim", "disabled") or (
            isinstance(pattern, str) and not _RANDOM.search(pattern)
        )

    def any_fixed(section: object) -> bool:
        return isinstance(section, Mapping) and (
            fixed(section) or any(any_fixed(each) for each in section.values())
        )

    try:
        setting = json.loads(autonaming or "{}")
    except ValueError:
        return False  # the engine refuses it by itself
    if package is None or not isinstance(setting, Mapping):
        return any_fixed(setting)
    providers = setting.get("providers")
    own = providers.get(package) if isinstance(providers, Mapping) else None
    if isinstance(own, Mapping) and ("mode" in own or "pattern" in own):
        return any_fixed(own)
    return fixed(setting) or any_fixed(own)
