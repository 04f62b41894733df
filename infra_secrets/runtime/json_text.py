"""JSON as it was stored, read strictly: what two readers could read differently is refused.

A problem is a fragment after "the value ", and repeats nothing of it.
"""

import json
import math
from collections.abc import Collection


class Parsed:
    """What a JSON text holds. Its own text does not show it."""

    __slots__ = ("content",)

    def __init__(self, content: object) -> None:
        self.content = content


class _RefusedError(ValueError):
    """What is read in a way that is not plain JSON."""


def read(text: str, known: Collection[str] = ()) -> Parsed | str:
    """Read a JSON text; return what is wrong with it instead, if anything is.

    Args:
        text: What was stored.
        known: Keys that a message may name, because the program does.
    """

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = [key for key in known if keys.count(key) > 1]
            raise _RefusedError(f"has {' and '.join(twice) or 'a key'} more than once")
        return found

    try:
        return Parsed(
            json.loads(
                text, object_pairs_hook=once, parse_float=_float, parse_constant=_no_constant
            )
        )
    except _RefusedError as refused:
        return str(refused)
    except json.JSONDecodeError:
        from infra_secrets.rules import formats  # a service starts without it

        return formats.problem(text, "json") or "is not JSON"
    except RecursionError:
        return "is nested too deeply to be read as JSON"
    except ValueError:  # Python refuses integers of more than 4,300 digits
        return "has a number that is too long"


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _RefusedError("has a number that is too large")
    return number


def _no_constant(_: str) -> object:
    raise _RefusedError("is not JSON: it has NaN or Infinity, which JSON does not allow")
