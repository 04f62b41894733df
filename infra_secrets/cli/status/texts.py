"""Texts that anybody with a tag can write, made harmless for where they are shown."""

import re
import unicodedata
from html import escape

# CommonMark, "backslash escapes"; `<` and `&` could begin HTML.
_SPECIAL = re.compile(r"[\\`*_{}\[\]()#+!|~$]")
_ENTITIES = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;"})


# Without them some scripts and emoji are other words; they steer nothing.
_JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"


def printable(text: str) -> str:
    """Replace what would steer a terminal, or turn a line around; every kind of space is one."""
    return "".join(
        each
        if each.isprintable() or each in _JOINERS or unicodedata.category(each) == "Zs"
        else "\N{REPLACEMENT CHARACTER}"
        for each in text
    )


def as_html(text: str) -> str:
    """Write a text so that a page shows it as it is."""
    return escape(printable(text))


def as_markdown(text: str) -> str:
    """Write a text so that Markdown shows it as it is, in one line, and in a cell of a table too."""
    one_line = printable(" ".join(text.split()))
    return _SPECIAL.sub(r"\\\g<0>", one_line).translate(_ENTITIES)
