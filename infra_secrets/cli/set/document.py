"""The shape of a value: a document is one JSON object with exactly the declared keys, none of them empty.

It refuses what `set_command` refuses, whose shell reads the same (`rules/shell.py`), so that both ways to set a value
agree. A document is never written anew: where one field changes, the rest of its text stays as it is. No message
repeats what was given, not even a key: what is in the wrong place may be the value.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from infra_secrets.errors import ValueRefusedError
from infra_secrets.rules.wording import nearest

DEPTH = 500
"""How deep lists and objects may be nested; `set_command` reads no deeper."""

# A string that does not end is a token too: otherwise each quote in it would be tried, up to the end.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
_SPACE = re.compile(r"[ \t\n\r]*")
_EMPTY = ("", None)


def _no_constant(_name: str) -> object:
    raise ValueError("no JSON")


# Numbers are not made of their digits: how they are written is kept, and Python refuses very long ones.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One key of a document, and where its value stands in the text."""

    key: str = field(repr=False)
    value: object = field(repr=False)
    start: int
    end: int


def check(data: bytes, fields: Sequence[str], reference: str) -> None:
    """Refuse what is not the declared document.

    Raises:
        ValueRefusedError: What is wrong with it, all at once.
    """
    wanted = f"It must be {reference}, one JSON object with the keys {', '.join(fields)}."
    members = _members(data, wanted)
    counted = Counter(each.key for each in members)
    unknown = [key for key in counted if key not in fields]
    missing = [each for each in fields if each not in counted]
    meant = {each for key in unknown if (each := nearest(key, missing))}
    found = {
        "Missing": missing,
        "Empty": [each for each in fields if any(_is_empty(m) for m in members if m.key == each)],
        "With a NUL character": [m.key for m in members if m.key in fields and _has_nul(m)],
        "More than once": [each for each in fields if counted[each] > 1],
    }
    problems = [f"{what}: {', '.join(names)}." for what, names in found.items() if names]
    if unknown:
        problems.append(f"Keys that are not declared: {len(unknown)}.")
    if meant:
        problems.append(f"Did you mean {', '.join(sorted(meant))}?")
    if problems:
        raise ValueRefusedError(
            f"The value does not match the declared document, so nothing was set. {' '.join(problems)}",
            wanted,
        )


def resembles(data: bytes, fields: Sequence[str]) -> bool:
    """Whether a value is a JSON object with one of the declared keys: a whole document in the place of a field."""
    try:
        return any(each.key in fields for each in _members(data, ""))
    except ValueRefusedError:
        return False


def made_of(texts: Mapping[str, str]) -> bytes:
    """Make a document of its fields' texts."""
    return json.dumps(dict(texts), ensure_ascii=False).encode()


def pieces(data: bytes, reference: str, command: str) -> dict[str, str]:
    """Take the present document apart: each key with the text of its value, as it is written.

    Args:
        data: The document.
        reference: Whose it is.
        command: What sets the whole of it.

    Raises:
        ValueRefusedError: It is no JSON object, or has a key twice.
    """
    try:
        members = _members(data, "")
    except ValueRefusedError:
        members = None
    found = {} if members is None else {each.key: each for each in members}
    if members is None or len(found) != len(members):
        raise ValueRefusedError(
            f"The present value of {reference} is not one JSON object with each key once, so no field of it was set.",
            f"Set the whole document: {command}",
        )
    text = data.decode()
    return {key: text[each.start : each.end] for key, each in found.items()}


def spelled(text: str) -> str:
    """Write a text as JSON does."""
    return json.dumps(text, ensure_ascii=False)


def replaced(data: bytes, key: str, piece: str) -> bytes:
    """Put another value in the place of one key's; every other character of the document stays as it is.

    Args:
        data: A document that `pieces` has read.
        key: Which one; it is added where the document has none.
        piece: The value as JSON.
    """
    text, members = data.decode(), _members(data, "")
    for each in members:
        if each.key == key:
            return f"{text[: each.start]}{piece}{text[each.end :]}".encode()
    if members:
        end = members[-1].end
        return f"{text[:end]}, {spelled(key)}: {piece}{text[end:]}".encode()
    return f"{{{spelled(key)}: {piece}}}".encode()


def _is_empty(member: Member) -> bool:
    return any(member.value is each or member.value == each for each in _EMPTY)


def _has_nul(member: Member) -> bool:
    """Whether it is a text that no environment variable can hold."""
    return isinstance(member.value, str) and "\0" in member.value


def _members(data: bytes, wanted: str) -> list[Member]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise ValueRefusedError(
            "The value is not UTF-8, as JSON must be, so nothing was set.", f"Convert it. {wanted}"
        ) from None
    if text.startswith("\ufeff"):
        raise ValueRefusedError(
            "The value is not a JSON object: it begins with a byte order mark. Nothing was set.",
            f"Save it as UTF-8 without one. {wanted}",
        )
    if _depth(text) > DEPTH:
        raise ValueRefusedError(
            f"The value has more than {DEPTH} nested lists and objects, so nothing was set.",
            f"Make it flatter. {wanted}",
        )
    try:
        return [*_read(text)]
    except (ValueError, IndexError):
        raise ValueRefusedError(
            "The value is not a JSON object, so nothing was set.",
            f"{wanted} Put keys and strings in double quotes, and no comma after the last one.",
        ) from None


def _depth(text: str) -> int:
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        deepest = max(deepest, depth)
    return deepest


def _read(text: str) -> Iterator[Member]:
    """Yield the members of an object. Raises ValueError or IndexError for anything else."""
    at = _expect(text, _after_space(text, 0), "{")
    at = _after_space(text, at)
    if text[at] == "}":
        at += 1
    else:
        while True:
            if text[at] != '"':
                raise ValueError("no key")
            key, at = _DECODER.raw_decode(text, at)
            start = _after_space(text, _expect(text, _after_space(text, at), ":"))
            value, end = _DECODER.raw_decode(text, start)
            yield Member(key=str(key), value=value, start=start, end=end)
            at = _after_space(text, end)
            if text[at] == "}":
                at += 1
                break
            at = _after_space(text, _expect(text, at, ","))
    if _after_space(text, at) != len(text):
        raise ValueError("more behind it")


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _expect(text: str, at: int, sign: str) -> int:
    if text[at] != sign:
        raise ValueError("no object")
    return at + 1
