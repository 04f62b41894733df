"""What somebody handed over as an argument, read and judged in words.

A component's reader collects everything that is wrong, so that one error says all of it. What was given is
named by its kind; it is repeated only where it cannot be a secret.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, cast

import pulumi
from pulumi._types import is_input_type  # nothing public tells what an `*Args` object is

from infra_secrets.errors import ArgsError
from infra_secrets.naming import looks_like_a_value, nearest, shown

CONFIG = "infra-secrets"
"""Namespace of the package's config keys, e.g. `infra-secrets:cloud`."""


class Reader:
    """Reads the arguments of one component and keeps what is wrong with them.

    Args:
        given: The arguments, as given.
        known: Names of the arguments that exist.
    """

    error: ClassVar[type[ArgsError]] = ArgsError

    def __init__(self, given: Mapping[str, Any], known: Sequence[str]) -> None:
        self.errors: list[ArgsError] = []
        self.given = {key: item for key, item in given.items() if item is not None}
        self.config = pulumi.Config(CONFIG)
        for key in [key for key in self.given if key not in known]:
            del self.given[key]
            self.errors.append(self.unknown(key, known))

    def unknown(self, key: object, known: Sequence[str]) -> ArgsError:
        """Make the error of an argument that does not exist."""
        if not isinstance(key, str):
            return self.error(f"an argument's name must be a string; found {kind(key)}.")
        close = nearest(key, known)
        hint = f"Did you mean {close}?" if close else f"It takes {', '.join(known)}."
        name = key if key.isidentifier() and not looks_like_a_value(key) else shown(key)
        return self.error(f"{name} is not an argument. {hint}")

    def refuse(self, problem: str) -> None:
        """Note a problem, once."""
        if problem not in map(str, self.errors):
            self.errors.append(self.error(problem))

    def text(self, argument: str) -> str | None:
        """Read an argument that must be a plain string, known before anything is created."""
        found = self.given.get(argument)
        if found is None or (isinstance(found, str) and found):
            return found
        why = (
            "a plain string, because it must be known before anything is created"
            if is_input(found)
            else "a string"
        )
        quoted = f"; quote it: {argument}: {quotable(found)!r}" if is_number(found) else ""
        self.refuse(f"{argument} must be {why}; found {kind(found)}{quoted}.")
        return None

    def sentence(self, argument: str) -> Any:
        """Read an argument that may also be an output of another resource."""
        found = self.given.get(argument)
        if found is None or (isinstance(found, str) and found):
            return found
        if is_input(found):
            return not_secret(argument, found)
        quoted = f"; quote it: {quotable(found)!r}" if is_number(found) else ""
        self.refuse(f"{argument} must be a string; found {kind(found)}{quoted}.")
        return None

    def list(self, argument: str, *, plain: bool, repeatable: bool = False) -> tuple[Any, ...]:
        """Read a list of strings.

        Args:
            argument: Its name.
            plain: Whether each must be known before anything is created.
            repeatable: Whether one may be there twice.
        """
        found = self.given.get(argument)
        if found is None:
            return ()
        if not isinstance(found, Sequence) or isinstance(found, str | bytes):
            example = f", e.g. [{shown(found)}]" if isinstance(found, str) and plain else ""
            self.refuse(f"{argument} must be a list of strings{example}; found {kind(found)}.")
            return ()
        kept: list[Any] = []
        for position, each in enumerate(found):
            if isinstance(each, str) and each:
                kept.append(each)
            elif not plain and is_input(each):
                kept.append(not_secret(f"{argument}[{position}]", each))
            else:
                self.refuse(f"{argument}[{position}] must be a string; found {kind(each)}.")
        repeated = sorted({each for each in kept if isinstance(each, str) and kept.count(each) > 1})
        if repeated and not repeatable:
            self.refuse(
                f"{argument} has {', '.join(map(shown, repeated))} more than once; name each once."
            )
        return tuple(kept)

    def flag(self, argument: str) -> bool:
        """Read a boolean; false when it is not given."""
        found = self.given.get(argument, False)
        if not isinstance(found, bool):
            self.refuse(f"{argument} must be true or false; found {kind(found)}.")
        return found is True

    def whole_number(self, argument: str, lowest: int, highest: int) -> int | None:
        """Read a whole number in a range."""
        found = self.given.get(argument)
        if found is None:
            return None
        # From other languages every number arrives as a float.
        if isinstance(found, bool) or not isinstance(found, int | float):
            self.refuse(
                f"{argument} must be a whole number, {lowest} to {highest}; found {kind(found)}."
            )
        elif not lowest <= found <= highest or found != int(found):
            self.refuse(
                f"{argument} is out of range; it must be a whole number, {lowest} to {highest}."
            )
        else:
            return int(found)
        return None


def not_secret(argument: str, given: Any) -> "pulumi.Output[Any]":
    """Pass on an output that is not secret; a secret one would be plain text where it goes."""
    output = pulumi.Output.from_input(given)

    async def check() -> bool:
        if await output.is_secret():
            raise pulumi.RunError(
                f"{argument} was given a secret, and would show it in plain text in the cloud and its logs. "
                f"Only names and descriptions belong there; give {argument} something that is public."
            )
        return True

    return pulumi.Output.from_input(cast(Any, check())).apply(lambda _: output)


def is_input(given: object) -> bool:
    """Whether something is known only later."""
    return isinstance(given, pulumi.Output) or hasattr(given, "__await__")


def untransferable(path: str, given: Any) -> Iterator[str]:
    """Yield what Pulumi could not send in something nested, in a sentence each that begins with its path.

    Pulumi breaks on it with a traceback, and prints everything around it: other values of a spec too.

    Args:
        path: What the whole is called, e.g. `resources`.
        given: The whole. What is an output, or becomes an object of Pulumi's, is passed over.
    """
    if isinstance(given, Mapping):
        for key, each in given.items():
            if isinstance(key, str):
                yield from untransferable(f"{path}[{shown(key)}]", each)
            else:
                yield f"{path} has a key that is {kind(key)}. A key must be a string; write it in quotes."
    elif isinstance(given, list | tuple):
        for position, each in enumerate(given):
            yield from untransferable(f"{path}[{position}]", each)
    elif is_input_type(type(given)):
        for name, each in vars(given).items():
            yield from untransferable(f"{path}.{name}", each)
    elif not (given is None or isinstance(given, _TRANSFERABLE) or is_input(given)):
        yield (
            f"{path} is {kind(given)}. Text, numbers, booleans, lists and mappings would do; write a date in quotes."
        )


_TRANSFERABLE = (str, bool, int, float, pulumi.Resource, pulumi.Asset, pulumi.Archive)


def is_number(given: object) -> bool:
    """Whether something is what YAML makes of an unquoted number or boolean."""
    return isinstance(given, bool | int | float)


def quotable(number: object) -> str:
    """Spell a number as its author probably wrote it."""
    if isinstance(number, float) and number.is_integer():
        return str(int(number))
    return str(number).lower() if isinstance(number, bool) else str(number)


def kind(given: object) -> str:
    """Say what something is, and never what it holds."""
    if given is None or (isinstance(given, str) and not given):
        return "nothing"
    if isinstance(given, bool):
        return "a boolean"
    if isinstance(given, int | float):
        return "a number"
    if isinstance(given, str):
        return "a string"
    if is_input(given):
        return "an output that is not known yet"
    return f"a {type(given).__name__}"
