"""A Pulumi project in a directory, read for a rehearsal. Nothing is ever written there.

A secret of the stack's config cannot be decrypted without an account: it is replaced by a canary.
What an ESC environment would add is missing, and said so, unless the rehearsal is given it. A
Python program runs inside this process; any other needs its language host, as for a real
`pulumi up`.
"""

import contextlib
import json
import os
import runpy
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from infra_secrets.errors import InfraSecretsError
from infra_secrets.project import (
    full_key,
    imported_environments,
    load,
    settings_file,
    stack_files,
)
from infra_secrets.testing.canary import Canary
from infra_secrets.testing.program.accounts import is_secretive, no_account


class ProjectError(InfraSecretsError, ValueError):
    """The directory has no Pulumi project, or one that cannot be rehearsed here."""


@dataclass(frozen=True)
class ProjectDirectory:
    """What a rehearsal needs to know of a project's directory.

    Attributes:
        directory: Where `Pulumi.yaml` is.
        name: The project's name.
        stack: The stack whose config was read.
        runtime: The language, e.g. `python`.
        main: The program: a directory or a file.
        settings: `Pulumi.yaml` as a rehearsal's own copy of it must be.
        config: Plain config by full key. A secret inside an object is an empty string here.
        secrets: Canaries for the secret values by path: the full key, and then names and indices.
        environment: What the stack's file says as `environment:`; None for nothing.
        is_fresh: Whether no stack has a file, as in a fresh clone.
        template: What `pulumi new` would ask for, by full key: the default, or None for a secret
            without one. Other config without a default is left out.
        notes: What a rehearsal cannot do for this project, for its user to read.
    """

    directory: Path
    name: str
    stack: str
    runtime: str
    main: Path
    settings: Mapping[str, Any] = field(repr=False)
    config: Mapping[str, Any] = field(repr=False)
    secrets: Mapping[tuple[str | int, ...], Canary] = field(repr=False)
    environment: Any = field(default=None, repr=False)
    is_fresh: bool = False
    template: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()

    @classmethod
    def read(
        cls, directory: Path, stack: str | None = None, *, esc: bool = False
    ) -> "ProjectDirectory":
        """Read `Pulumi.yaml` and the stack's config.

        Args:
            directory: Where `Pulumi.yaml` is.
            stack: The stack; by default the only one that has a config file, or else `dev`.
            esc: Whether the rehearsal is given what the stack's ESC environments hold.

        Raises:
            ProjectError: There is no `Pulumi.yaml`, or it lacks name or runtime.
        """
        directory = directory.resolve()
        file = settings_file(directory, "Pulumi")
        if file is None:
            raise ProjectError(f"there is no Pulumi.yaml in {directory}")
        settings = _read(file)
        name, runtime = settings.get("name"), settings.get("runtime")
        if isinstance(runtime, Mapping):
            runtime = runtime.get("name")
        if not isinstance(name, str) or not isinstance(runtime, str):
            raise ProjectError(f"Pulumi.yaml in {directory} must have `name` and `runtime`")
        there = stack_files(directory)
        stack = stack or (next(iter(there)) if len(there) == 1 else "dev")
        stack_file = there.get(stack)
        stack_settings = _read(stack_file) if stack_file is not None else {}
        said = {**_project_config(settings, name), **_stack_config(stack_settings, name)}
        secrets: dict[tuple[str | int, ...], Canary] = {}
        config = {key: _plain(value, (key,), secrets) for key, value in said.items()}
        return cls(
            directory,
            name,
            stack,
            runtime,
            (directory / str(settings.get("main") or ".")).resolve(),
            _own_settings(settings, directory),
            {key: value for key, value in config.items() if (key,) not in secrets},
            secrets,
            stack_settings.get("environment"),
            not there,
            _template(settings, name),
            () if esc or stack_file is None else tuple(_notes(stack_settings, stack_file.name)),
        )

    def program(self) -> Callable[[], object] | None:
        """Return a Python program as a function, or None if a language host has to run it.

        Raises:
            ProjectError: The program needs a language host that is not installed.
        """
        if self.runtime == "python":
            return self._run_python
        host = f"pulumi-language-{self.runtime}"
        pulumi = shutil.which("pulumi")
        beside = Path(pulumi).resolve().parent / host if pulumi is not None else None
        if shutil.which(host) is None and (beside is None or not beside.exists()):
            raise ProjectError(
                f"the project's runtime is {self.runtime!r}, and there is no {host} on the PATH or next to `pulumi`. "
                "Install all of Pulumi (https://www.pulumi.com/docs/install/)."
            )
        return None

    @property
    def folder(self) -> Path:
        """Where the program runs: its relative paths begin here."""
        return self.main if self.main.is_dir() else self.main.parent

    def _run_python(self) -> None:
        runpy.run_path(str(self.main), run_name="__main__")

    @contextlib.contextmanager
    def surroundings(self) -> Iterator[None]:
        """Put this process where the program expects to be, and put everything back.

        That is the working directory, `sys.path`, `sys.argv` and an environment without
        credentials. Modules that the program loads from its own directory are forgotten, so that
        the next run loads them again.
        """
        folder = self.folder
        before = set(sys.modules)
        path, here, bytecode = list(sys.path), Path.cwd(), sys.dont_write_bytecode
        arguments = sys.argv
        hidden = {key: value for key, value in os.environ.items() if is_secretive(key)}
        try:
            for key in hidden:
                del os.environ[key]
            os.environ.update(no_account())
            sys.path.insert(0, str(folder))
            sys.argv = [str(self.main)]
            sys.dont_write_bytecode = True  # nothing is written there
            os.chdir(folder)
            yield
        finally:
            os.chdir(here)
            sys.path[:] = path
            sys.argv = arguments
            sys.dont_write_bytecode = bytecode
            for key in no_account():
                os.environ.pop(key, None)
            os.environ.update(hidden)
            for name in set(sys.modules) - before:
                if _is_own(name, folder):
                    del sys.modules[name]


def _is_own(name: str, folder: Path) -> bool:
    """Whether a module is part of the program, and not of an environment that lies beside it."""
    file = getattr(sys.modules[name], "__file__", None)
    if file is None or name.partition(".")[0] == "infra_secrets":
        return False
    path = Path(file)
    return path.is_relative_to(folder) and not {"site-packages", "dist-packages"} & set(path.parts)


def _read(file: Path) -> dict[str, Any]:
    try:
        return load(file)
    except yaml.YAMLError as error:  # its text would quote the file
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise ProjectError(f"{file} is not YAML{where}; fix it there.") from None


def _project_config(settings: Mapping[str, Any], project: str) -> dict[str, Any]:
    """Return the values and defaults that the project gives for every stack."""
    found: dict[str, Any] = {}
    declared = settings.get("config")
    for key, declaration in (declared if isinstance(declared, Mapping) else {}).items():
        value = declaration
        if isinstance(declaration, Mapping):
            value = declaration.get("value", declaration.get("default"))
        if value is not None:
            found[full_key(str(key), project)] = value
    return found


def _template(settings: Mapping[str, Any], project: str) -> dict[str, str | None]:
    """Return what `template: config:` has a default for, or wants as a secret."""
    template = settings.get("template")
    asked = template.get("config") if isinstance(template, Mapping) else None
    found: dict[str, str | None] = {}
    for key, asked_for in (asked if isinstance(asked, Mapping) else {}).items():
        said = asked_for if isinstance(asked_for, Mapping) else {"default": asked_for}
        default = said.get("default")
        if default is not None:
            found[full_key(str(key), project)] = _config_text(default)
        elif said.get("secret"):
            found[full_key(str(key), project)] = None
    return found


def _config_text(value: Any) -> str:
    """Return a value as the text that a stack's config would have."""
    return value if isinstance(value, str) else json.dumps(value)


def _stack_config(settings: Mapping[str, Any], project: str) -> dict[str, Any]:
    config = settings.get("config") or {}
    return {full_key(str(key), project): value for key, value in config.items()}


def _plain(
    value: Any, path: tuple[str | int, ...], secrets: dict[tuple[str | int, ...], Canary]
) -> Any:
    """Return a value with every secret in it taken out, and note the places."""
    if isinstance(value, Mapping):
        if set(value) == {"secure"}:
            name = ".".join(str(part) for part in path)
            secrets[path] = Canary.plant(name=f"secret config {name}")
            return ""
        return {key: _plain(member, (*path, str(key)), secrets) for key, member in value.items()}
    if isinstance(value, list):
        return [_plain(member, (*path, index), secrets) for index, member in enumerate(value)]
    return value


def _own_settings(settings: Mapping[str, Any], directory: Path) -> dict[str, Any]:
    """Return the settings for a copy elsewhere: absolute paths, no config, no backend."""
    dropped = {"backend", "config", "main", "stackConfigDir"}
    own = {key: value for key, value in settings.items() if key not in dropped}
    own["main"] = str((directory / str(settings.get("main") or ".")).resolve())
    for key in ("plugins", "packages"):
        if key in own:
            own[key] = _absolute(own[key], directory)
    return own


def _absolute(value: Any, directory: Path) -> Any:
    if isinstance(value, Mapping):
        return {key: _absolute(member, directory) for key, member in value.items()}
    if isinstance(value, list):
        return [_absolute(member, directory) for member in value]
    if isinstance(value, str) and value.startswith((".", "/")):
        return str((directory / value).resolve())
    return value


def _notes(stack_settings: Mapping[str, Any], file: str) -> Iterator[str]:
    environments = imported_environments(stack_settings)
    if stack_settings.get("environment"):
        names = ", ".join(environments) or "(written in the stack's file)"
        yield (
            f"{file} names ESC environments that a rehearsal does not open: {names}."
            " Give what they would set as config, or in a test what they hold: Rehearsal(esc=...)."
        )
