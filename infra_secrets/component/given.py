"""What somebody passed, in words: what kind of thing it is, and whether it could be sent anywhere.

What was given is named by its kind; it is repeated only if it cannot be a secret.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pulumi

from infra_secrets.component.internals import is_input_type, is_without_engine
from infra_secrets.rules.wording import is_credential, looks_like_a_value, quotable, shown

HALF = re.compile("[\ud800-\udfff]")
HALVES = "halves of characters (surrogates), which are not valid text and cannot be sent. Decode it as UTF-8"
_DEEPEST = 32  # levels of lists and mappings in an argument; the package's own limit
_LONGEST_NAME = 100  # characters of a logical name that a message repeats


def subject_of(component: str, name: str) -> str:
    """Name a component in messages, e.g. `Secret("StripeApiKey")`; not all of a name that could be anything."""
    plain = name.isprintable() and len(name) <= _LONGEST_NAME and not is_credential(name)
    return f'{component}("{name}")' if plain else f"{component}({shown(name)})"


def argument_name(key: str) -> str:
    """Repeat the name of an argument, or of what somebody takes for one."""
    plain = key.isidentifier() and not looks_like_a_value(key) and shown(key) == repr(key)
    return key if plain else shown(key)


def not_shown(argument: str, takes: str) -> str:
    """Say that a secret is not valid, and nothing of its value."""
    return f"{argument} was given a secret that is not valid ({takes}); its value is not shown."


def faults(where: str, given: object, depth: int = 0) -> Iterator[str]:
    """Yield what keeps data from being sent to anybody, wherever it stands in an argument."""
    if depth > _DEEPEST:
        yield f"{where.partition('[')[0]} is nested too deeply; at most {_DEEPEST} levels are allowed."
    elif isinstance(given, str):
        if HALF.search(given):
            yield f"{where} has {HALVES}."
    elif isinstance(given, Mapping):
        for key, each in given.items():
            if isinstance(key, str) and HALF.search(key):
                yield f"{where} has a key that has {HALVES}."
            inside = f"{where}[{shown(key)}]" if isinstance(key, str) else where
            yield from faults(inside, each, depth + 1)
    elif isinstance(given, list | tuple):
        for position, each in enumerate(given):
            yield from faults(f"{where}[{position}]", each, depth + 1)


def text_problem(what: str, found: object, *, empty: bool) -> str | None:
    """Say what is wrong with what an output holds where a text must be; None if nothing is."""
    if not isinstance(found, str) or not (found or empty):
        return f"{what} must be a string; its output is {kind(found)}."
    return f"{what} has {HALVES}." if HALF.search(found) else None


def is_input(given: object) -> bool:
    """Whether something is known only later."""
    return isinstance(given, pulumi.Output) or hasattr(given, "__await__")


def unless_made_up(given: Any, is_wrong: Callable[[str], bool]) -> Any:
    """Pass on what is given; unknown where Pulumi's mocks made up, with another resource, what no cloud would answer.

    They answer `vault_id` for the id of a vault, which says nothing about the program. What it wrote itself depends on
    no resource, and is judged as always.

    Args:
        given: What may be an output.
        is_wrong: Judges a text.
    """
    if not (isinstance(given, pulumi.Output) and is_without_engine()):
        return given

    async def judged(text: Any) -> Any:
        made_up = isinstance(text, str) and is_wrong(text) and await given.resources()
        return pulumi.UNKNOWN if made_up else text

    return given.apply(judged)


def untransferable(path: str, given: Any, depth: int = 0) -> Iterator[str]:
    """Yield what Pulumi could not send in something nested, in a sentence each that begins with its path.

    Pulumi breaks on it with a traceback, and prints everything around it: other values of a spec too.

    Args:
        path: What the whole is called, e.g. `resources`.
        given: The whole. What is an output, or becomes an object of Pulumi's, is passed over.
        depth: How far inside of the whole it is.
    """
    if depth > _DEEPEST:
        yield f"{path.partition('[')[0]} is nested too deeply; at most {_DEEPEST} levels are allowed."
    elif isinstance(given, Mapping):
        for key, each in given.items():
            if not isinstance(key, str):
                yield f"{path} has a key that is {kind(key)}. A key must be a string; write it in quotes."
            elif HALF.search(key):
                yield f"{path} has a key that has {HALVES}."
            else:
                yield from untransferable(f"{path}[{shown(key)}]", each, depth + 1)
    elif isinstance(given, list | tuple):
        for position, each in enumerate(given):
            yield from untransferable(f"{path}[{position}]", each, depth + 1)
    elif is_input_type(type(given)):
        for name, each in vars(given).items():
            yield from untransferable(f"{path}.{name}", each, depth + 1)
    else:
        yield from _untransferable_leaf(path, given)


def _untransferable_leaf(path: str, given: Any) -> Iterator[str]:
    if isinstance(given, str) and HALF.search(given):
        yield f"{path} has {HALVES}."
    elif isinstance(given, int) and abs(given) > sys.float_info.max:
        yield f"{path} is a number that is too large to be sent."
    elif not (given is None or isinstance(given, _TRANSFERABLE) or is_input(given)):
        yield (
            f"{path} is {kind(given)}. It must be text, a number, a boolean, a list or a mapping; write a date in "
            "quotes."
        )


_TRANSFERABLE = (str, bool, int, float, pulumi.Resource, pulumi.Asset, pulumi.Archive)


def is_number(given: object) -> bool:
    """Whether something is what YAML makes of an unquoted number or boolean."""
    return isinstance(given, bool | int | float)


def quote_it(given: object, before: str = "") -> str:
    """Say how to write what YAML takes for a number or boolean; nothing for anything else."""
    text = quotable(given)
    return "" if text is None else f"; quote it: {before}{text!r}"


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
    name = type(given).__name__
    article = "" if name == "bytes" else "an " if name[0].lower() in "aeiou" else "a "
    return article + name
