"""What opening environments gives to a run: config, environment variables and files."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra_secrets.errors import StackConfigError
from infra_secrets.project import full_key, shown_key
from infra_secrets.testing.esc.errors import EscError, Where
from infra_secrets.testing.esc.values import Value, patched


@dataclass(frozen=True)
class Opened:
    """What opening a stack's environments gave.

    Attributes:
        config: `pulumiConfig`; None without it.
        variables: `environmentVariables`.
        files: Contents of `files` by the environment variable that holds the path.
        secrets: What to call every marked value, by value.
    """

    config: Value | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def merged(self, own: Mapping[str, Value], project: str) -> dict[str, Value]:
        """Merge the environments' config into the stack's own, which wins.

        mergeConfig (pkg/workspace/config.go): by JSON merge patch for each key.

        Args:
            own: The stack's own config by full key.
            project: The namespace of a key without one.

        Raises:
            EscError: A key is none that Pulumi knows, or is there twice.
        """
        config = dict(own)
        given = self.config.data if self.config is not None else None
        seen: dict[str, str] = {}
        for key, value in given.items() if isinstance(given, dict) else ():
            try:
                full = full_key(key, project)
            except StackConfigError:
                raise EscError(
                    f"pulumiConfig has the key {shown_key(key)}: a configuration key is `<namespace>:<name>`, with "
                    "one colon"
                ) from None
            if full in seen:
                raise EscError(
                    f"pulumiConfig has {seen[full]!r} and {key!r}, which are one key: Pulumi takes either"
                    " at random, so keep one of them"
                )
            seen[full] = key
            config[full] = patched(value, config[full]) if full in config else value
        return config

    @contextlib.contextmanager
    def written(self) -> Iterator[Mapping[str, str]]:
        """Write the files, remove them after, and return all environment variables."""
        if not self.files:
            yield self.variables
            return
        with tempfile.TemporaryDirectory(prefix="esc-") as folder:
            paths = {name: Path(folder) / f"esc-{number}" for number, name in enumerate(self.files)}
            for name, path in paths.items():
                path.write_text(self.files[name], encoding="utf-8")
            yield {**self.variables, **{name: str(path) for name, path in paths.items()}}


@contextlib.contextmanager
def set_variables(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables of this process, as the engine does, and put them back after."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def engine_config(merged: Mapping[str, Value]) -> tuple[dict[str, Any], dict[Where, str]]:
    """Return merged config as plain data for a config file, and its secret strings by place."""
    config: dict[str, Any] = {}
    secrets: dict[Where, str] = {}
    for key, value in merged.items():
        plain, found = value.split((key,))
        secrets |= found
        if (key,) not in found:
            # From a file the engine would read nothing; from an environment it gets the word.
            config[key] = "null" if plain is None else plain
    return config, secrets
