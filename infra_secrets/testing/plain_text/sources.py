"""The secrets that stand in a program's own files, for a run that fails before it has registered anything.

What is found: texts that are assigned to a name for a secret, given as an argument of that name, or stand in a
dictionary under it, in the Python files of the project's folder; and what an error puts in quotes behind the
word for a password. What cannot be found: a value with another name, one that is put together, one from another
file or package, and one in another language.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from infra_secrets.testing.plain_text.names import is_everyday, sounds_secret

_SHORTEST: Final = 4
_QUOTED: Final = re.compile(
    r"(?i)(?P<before>(password|passwd|passphrase|pwd)(\s+(is|was)|\s*[:=])?\s*)"
    r"(?P<quote>['\"])(?P<value>(?!\[secret\])[^'\"\n]+)(?P=quote)"
)


def secrets_written_in(directory: Path) -> list[str]:
    """Return the texts that the Python files of a folder give names for secrets, the longest first."""
    found: set[str] = set()
    for file in sorted(directory.glob("*.py")):
        try:
            tree = ast.parse(file.read_bytes())
        except (OSError, SyntaxError, ValueError):  # the run itself says what is wrong with it
            continue
        found |= {text for node in ast.walk(tree) for text in _of(node)}
    return sorted(found, key=len, reverse=True)


def without(text: str, literals: list[str]) -> str:
    """Return an error without these texts, and without what it quotes as a password."""
    for literal in literals:
        for form in {literal, repr(literal)[1:-1]}:
            text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", "[secret]", text)
    return _QUOTED.sub(r"\g<before>\g<quote>[secret]\g<quote>", text)


def _of(node: ast.AST) -> Iterator[str]:
    for name, value in _named(node):
        if isinstance(value, ast.Constant) and isinstance(value.value, (str, bytes)):
            text = value.value if isinstance(value.value, str) else value.value.decode("latin-1")
            # What may be a name is taken out, too: an error without it is better than one with a value.
            if sounds_secret(name) and len(text) >= _SHORTEST and not is_everyday(text):
                yield text


def _named(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    match node:
        case ast.Assign():
            for target in node.targets:
                yield _name(target), node.value
        case ast.AnnAssign() | ast.NamedExpr():
            yield _name(node.target), node.value
        case ast.keyword():
            yield node.arg or "", node.value
        case ast.Dict():
            for key, value in zip(node.keys, node.values, strict=True):
                yield _name(key), value
        case _:
            pass


def _name(node: ast.expr | None) -> str:
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return node.attr
        case ast.Subscript():
            return _name(node.slice)
        case ast.Constant():
            return str(node.value)
        case _:
            return ""
