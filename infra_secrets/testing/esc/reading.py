"""Reading a definition: YAML as ESC's own parser reads it, and what an environment is made of."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from infra_secrets.testing.esc.errors import EscError

Definition = str | Mapping[str, Any]
"""An environment as YAML text, or parsed."""


def parsed(name: str, definition: Definition) -> dict[str, Any]:
    """Return an environment as data."""
    try:
        loaded = yaml.load(definition, _Yaml) if isinstance(definition, str) else definition  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise EscError(f"{name} is no YAML{line}: {getattr(error, 'problem', '')}") from None
    loaded = {} if loaded is None else loaded
    strangers = (
        set(loaded) - {"imports", "values", "context"} if isinstance(loaded, Mapping) else {""}
    )
    if strangers or not isinstance(loaded.get("values") or {}, Mapping):
        raise EscError(
            f"{name} is no ESC environment: it must be a mapping of `imports` and `values`"
        )
    return dict(loaded)


def imports(name: str, definition: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Return the imported environments, and whether each is merged."""
    for entry in definition.get("imports") or ():
        if isinstance(entry, str):
            yield entry, True
        elif isinstance(entry, Mapping) and len(entry) == 1:
            imported, options = next(iter(entry.items()))
            yield (
                str(imported),
                not (isinstance(options, Mapping) and options.get("merge") is False),
            )
        else:
            raise EscError(f"{name}: an import is a name, or a name with `merge: false`")


class _Yaml(yaml.SafeLoader):
    """YAML as Go's yaml.v3 reads it into no type: `yes` and dates are strings, `1e3` is a number."""


_Yaml.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag.rpartition(":")[2] not in {"timestamp", "bool", "int", "float"}
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|0b[01_]+|0[0-7_]+)", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+0123456789."),
):
    _Yaml.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )
