"""Definitions of environments, made at random: well-formed ones for the most part, and what only looks so."""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from tests.esc_oracle.oracle import OPENING, Case, Written, in_yaml

NAMES = ("a/one", "a/two", "b/three", "b/four")
KEYS = st.sampled_from(["a", "b", "c", "d", "e.f", 'g"h', "é", "0", "$$i", "Fn::j", "", "k l"])
# What is assigned since Unicode 3.2: Go and Python need not know the same later characters.
CHARACTERS = st.characters(exclude_categories=("Cs", "Cn")).filter(
    lambda character: unicodedata.ucd_3_2_0.category(character) != "Cn"
)
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=6),
    st.sampled_from(
        ["true", "null", "12", "1e3", "0x10", "~", "yes", "2026-01-01", "", "😀", "<&>"]
    ),
    st.sampled_from(["$", "$$", "$$$", "$ {", "$${a}", "\\", '"', "\t", " ", "\x00", "\x7f"]),
    st.sampled_from(["\u2028", "\u00ad", "e\u0301", "\U000e0001"]),
)


@dataclass(frozen=True)
class Reference:
    """A reference whose target is chosen when the environment is known: text around it, and draws."""

    before: str
    after: str
    choice: int
    style: int
    deeper: str


WORDS = st.sampled_from(["true", "True", "false", "FALSE", "null", "Null", "~", "yes", "no", "on"])
SPELLINGS = """
1_000 1__0 0x10 -0x1F 0X1f 0x 0o17 +0o7 017 08 0b101 -0b11 -0 -0.0 +5 1e3 1E+3 1e20 1e21 1e-7 .5 5.
1e400 12:30 1e6 123456.7 1234567.0 100000 1000000.0 18446744073709551615 18446744073709551616
"""
NUMBERS = (
    st.integers(-(2**70), 2**70).map(str)
    | st.integers(-20, 20).map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.decimals(-10, 10, places=3, allow_nan=False).map(str)
    | st.sampled_from(SPELLINGS.split())
)
SCALARS = st.one_of(
    st.none(), st.booleans(), TEXTS, (WORDS | NUMBERS).map(Written), st.integers(-5, 5)
)
REFERENCES = st.builds(
    Reference,
    st.sampled_from(["", "", "", "x", "$$"]),
    st.sampled_from(["", "", "", "y", "$"]),
    st.integers(0, 10_000),
    st.integers(0, 3),
    st.sampled_from(["", "", "", "", "", "", ".a", "[0]", '["b"]', ".one"]),
)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=4,
).map(json.dumps)


def calls(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Calls of functions, most of them with an argument of the right kind."""
    text = TEXTS | REFERENCES | st.builds(lambda t: {"fn::secret": t}, TEXTS)
    argument = {
        "fn::secret": TEXTS,
        "fn::toJSON": inner,
        "fn::toString": inner,
        "fn::fromJSON": JSON | st.builds(lambda t: {"fn::secret": t}, JSON) | text,
        "fn::toBase64": text,
        "fn::fromBase64": st.builds(lambda t: {"fn::toBase64": t}, text) | text,
        "fn::join": st.tuples(text, st.lists(text, max_size=3)).map(list),
        "fn::concat": st.lists(st.lists(inner, max_size=2) | REFERENCES, max_size=3),
    }
    right = st.one_of(*(st.builds(_call, st.just(n), a) for n, a in argument.items()))
    opened = st.sampled_from(list(OPENING)).map(lambda name: {f"fn::open::{name}": OPENING[name]})
    long = st.sampled_from(list(OPENING)).map(
        lambda name: {"fn::open": {"provider": name, "inputs": OPENING[name]}}
    )
    wrong = st.builds(_call, st.sampled_from([*argument, "fn::open::no-such", "FN::join"]), inner)
    return st.one_of(right, right, right, right, opened, long, wrong)


def _call(name: str, argument: Any) -> dict[str, Any]:
    return {name: argument}


NODES = st.recursive(
    SCALARS | REFERENCES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(KEYS, inner, max_size=3),
        st.dictionaries(KEYS, inner, max_size=3),
        calls(inner),
        calls(inner),
    ),
    max_leaves=5,
)
TOP = st.sampled_from(["a", "b", "c", "d", "e.f", "é"])
CONFIG_KEYS = st.sampled_from(
    ["a", "b", "nlp:c", "aws:region", "aws:config:x", "nlp:config:d", "a:b:c"]
)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "a": NODES,
        "b": NODES,
        "c": NODES,
        "e.f": NODES,
        "é": NODES,
        "pulumiConfig": st.dictionaries(CONFIG_KEYS, NODES, max_size=3),
        "environmentVariables": st.dictionaries(st.sampled_from(["A", "B"]), NODES, max_size=2),
        "files": st.dictionaries(st.sampled_from(["F"]), NODES, max_size=1),
    },
)
CONFIG_DATA = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | TEXTS.filter(lambda t: t.isprintable()),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
    ),
    max_leaves=4,
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A few environments that import each other, and a stack that names some of them."""
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    environments: dict[str, str] = {}
    reach: dict[str, list[tuple[Any, ...]]] = {}
    for number, name in enumerate(names):
        others = st.sampled_from(names[:number]) if number else st.nothing()
        wide = st.sampled_from([*names, "a/nowhere"])
        chosen = draw(st.lists(others, max_size=2)) if number else []
        chosen += [draw(wide)] if draw(st.integers(0, 29)) == 0 else []
        merges = [draw(st.sampled_from([True, True, None, False])) for _ in chosen]
        values = draw(VALUES)
        paths = list(_paths(values))
        for imported, merge in zip(chosen, merges, strict=True):
            below = reach.get(imported, [])
            paths += [("imports", imported, *path) for path in below]
            paths += [("environments", *imported.split("/"), *path) for path in below]
            paths += below if merge is not False else []
        reach[name] = paths
        imports = [
            imported if merge is None else {imported: {"merge": merge}}
            for imported, merge in zip(chosen, merges, strict=True)
        ]
        document = {"imports": imports, "values": _resolved(values, paths)}
        environments[name] = in_yaml(document if imports else {"values": document["values"]})
    root = draw(st.permutations(names))  # all of them: the fake reads those too that nothing names
    config = draw(st.dictionaries(st.sampled_from(["nlp:a", "nlp:b"]), CONFIG_DATA, max_size=2))
    secrets = draw(st.dictionaries(st.sampled_from(["nlp:c"]), st.text("abc", max_size=3)))
    assume(sum(map(len, environments.values())) < 5_000)
    return Case(environments, root, config, secrets)


LAYER: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([None, 1, "x", [], {}, {"fn::secret": "s"}, {"fn::secret": "t"}, True, 2]),
    lambda inner: st.dictionaries(st.sampled_from(["a", "b"]), inner, min_size=1, max_size=2),
    max_leaves=4,
)
SEEN = st.sampled_from(
    ["${m}", "${n}", "<${m}>", {"fn::toString": "${n}"}, {"fn::toJSON": "${m}"}]
) | st.sampled_from(
    [{"a": "${m}"}, {"b": "${n}", "a": {"b": "${m}"}}, "${imports}", '${imports["a/one"].m}']
)
IMPORT = st.sampled_from([None, None, {}, {"merge": True}, {"merge": False}, "twice"])


@st.composite
def layers(draw: st.DrawFn) -> Case:
    """Environments that say the same few names, each over some of those before it."""
    environments: dict[str, str] = {}
    for number, name in enumerate(NAMES):
        values = draw(st.dictionaries(st.sampled_from(["m", "n", "p"]), LAYER, max_size=3))
        imports: list[Any] = []
        if number == 0:
            values |= {"m": draw(LAYER), "n": draw(LAYER)}
        else:
            values |= draw(st.dictionaries(st.sampled_from(["p", "q"]), SEEN, max_size=1))
            imports = [NAMES[0]]
        for below in NAMES[:number]:
            how = draw(IMPORT)
            imports += (
                [below, below] if how == "twice" else [{below: how}] if how is not None else []
            )
        values["pulumiConfig"] = draw(st.dictionaries(st.sampled_from("ab"), LAYER, max_size=2))
        document = {"imports": draw(st.permutations(imports)), "values": values}
        environments[name] = in_yaml(document if imports else {"values": values})
    return Case(environments, draw(st.permutations(NAMES)), {"nlp:a": {"b": 1}})


def _paths(node: Any, at: tuple[Any, ...] = ()) -> Any:
    if at:
        yield at
    if isinstance(node, dict):
        for key, member in node.items():
            yield from _paths(member, (*at, key.replace("$$", "$") if at else key))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _paths(item, (*at, index))


def _resolved(node: Any, paths: list[tuple[Any, ...]]) -> Any:
    if isinstance(node, Reference):
        steps = paths[node.choice % len(paths)] if paths else ("nothing",)
        path = "".join(_step(step, node.style + number) for number, step in enumerate(steps))
        path = path.removeprefix(".") if node.style else path
        return f"{node.before}${{{path}{node.deeper}}}{node.after}"
    if isinstance(node, Mapping):
        return {key: _resolved(member, paths) for key, member in node.items()}
    return [_resolved(item, paths) for item in node] if isinstance(node, list) else node


def _step(step: str | int, style: int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if style % 3 and re.fullmatch(r"[^.\[}\s\xa0à]+", step):
        return f".{step}"
    escaped = step.replace('"', '\\"')
    return f'["{escaped}"]'
