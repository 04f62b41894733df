"""A Pulumi project on disk: where it is, which files hold its stacks' config, how a config key is spelled. No Pulumi.

What the files mean for a run, and what is wrong in them, is for others to say. Here is also where a program's question
for a value of that config can be answered by another than the engine (`answering`): a rehearsal of a fresh clone does.
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra_secrets.errors import StackConfigError
from infra_secrets.rules.wording import is_credential

OLDEST_PULUMI: Final = (3, 219, 0)
"""Older versions of the command lack the hooks and options that the package's components are tested with."""
EXTENSIONS: Final = (".yaml", ".yml", ".json")


def settings_file(directory: Path, stem: str) -> Path | None:
    """Return the file that Pulumi reads, of those a folder may have: `Pulumi.yaml` for `Pulumi`; None for none."""
    candidates = (directory / f"{stem}{extension}" for extension in EXTENSIONS)
    return next((path for path in candidates if path.is_file()), None)


def find_project(directory: Path) -> Path | None:
    """Return the folder of the project that a directory is in; None for none."""
    for folder in (directory, *directory.parents):
        if settings_file(folder, "Pulumi") is not None:
            return folder
    return None


def stack_files(project: Path) -> dict[str, Path]:
    """Return the files with stacks' config by the stack's name, sorted.

    Args:
        project: The project's folder.
    """
    return {
        path.name.removeprefix("Pulumi.").removesuffix(path.suffix): path
        for path in sorted(_folder(project).glob("Pulumi.*.*"))
        if path.suffix in EXTENSIONS
    }


def stack_file(project: Path, stack: str) -> Path:
    """Return the file with a stack's config, or where it would be."""
    folder = _folder(project)
    return settings_file(folder, f"Pulumi.{stack}") or folder / f"Pulumi.{stack}.yaml"


def load(path: Path | None) -> dict[str, Any]:
    """Read a file of a project: a mapping, or an empty one if it has anything else, or is not there.

    Raises:
        OSError: It cannot be read.
        UnicodeDecodeError: It is not UTF-8.
        yaml.YAMLError: It is not YAML. JSON is.
    """
    import yaml  # comes with Pulumi, whose absence is explained elsewhere

    if path is None:
        return {}
    # The loader in C is not in every build of PyYAML.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded = yaml.load(path.read_text(encoding="utf-8"), loader)  # noqa: S506 (a safe loader)
    return loaded if isinstance(loaded, dict) else {}


def readable(path: Path | None) -> dict[str, Any]:
    """Read a file of a project as `load` does; empty also where it cannot be read, for Pulumi says so itself."""
    import yaml

    try:
        return load(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}


def why_unreadable(path: Path) -> str | None:
    """Say what is wrong with a file of a project, and in which line, as a fragment after its name; None for nothing.

    Nothing of the file is repeated: a line of it can hold a value.
    """
    import yaml

    try:
        settings = load(path)
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return f"cannot be read ({type(error).__name__})"
    except UnicodeDecodeError:
        return "is not UTF-8"
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        # What is never closed is noticed behind the last line.
        last = len(path.read_text(encoding="utf-8").splitlines())
        return "is not YAML" + (f": line {min(mark.line + 1, last)}" if mark is not None else "")
    if not settings and any(line.strip("- {}") for line in _without_comments(text)):
        return "is no mapping of keys to values"
    if not isinstance(settings.get("config") or {}, Mapping):
        return "has a `config` that is no mapping of keys to values"
    return None


def _without_comments(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if not line.lstrip().startswith("#"))


def imported_environments(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """List the ESC environments that a stack's file names: in a list, or in a document with `imports`.

    Args:
        settings: The stack's file.

    Source: pulumi sdk/go/common/workspace/project.go, Environment.
    """
    environment = settings.get("environment")
    if isinstance(environment, Mapping):
        environment = environment.get("imports")
    names: list[str] = []
    for each in environment if isinstance(environment, list) else []:
        if isinstance(each, str):
            names.append(each)
        elif isinstance(each, Mapping):
            names.extend(str(name) for name in each)
    return tuple(names)


def _folder(project: Path) -> Path:
    elsewhere = readable(settings_file(project, "Pulumi")).get("stackConfigDir")
    return project / elsewhere if isinstance(elsewhere, str) else project


# Config keys ------------------------------------------------------------------------------------------

_HIDDEN_KEY = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])[A-Za-z0-9]{20,}")


@dataclass(frozen=True, slots=True)
class Key:
    """The name of one value of a stack's config."""

    namespace: str
    """A project's name, or a provider's."""
    name: str

    def __str__(self) -> str:
        """Spell it in full, as the engine does."""
        return f"{self.namespace}:{self.name}"

    @classmethod
    def parse(cls, text: str, project: str) -> "Key":
        """Read `key` (of the project), `namespace:key` or the older `namespace:config:key`.

        Names are kept as they are, dots included: `a.b` is one key, and not a path into a document.
        Source: pulumi sdk/go/common/resource/config/key.go, ParseKey.

        Raises:
            StackConfigError: The engine would not accept it as the name of a key.
        """
        parts = text.split(":")
        if len(parts) == 1:
            parts = [project, *parts]
        if len(parts) == 3 and parts[1] == "config":  # noqa: PLR2004 (namespace, `config`, name)
            parts = [parts[0], parts[2]]
        if len(parts) != 2:  # noqa: PLR2004 (its halves)
            raise no_key(text, project)
        return cls(*parts)


def full_key(text: str, project: str) -> str:
    """Spell a config key in full, `namespace:key`; see `Key.parse`."""
    return str(Key.parse(text, project))


def no_key(text: str, project: str) -> StackConfigError:
    """Make the error for what is not the name of a config key."""
    return StackConfigError(
        f"{shown_key(text)} is not the name of a config key; write 'key', for a key of project {project}, or "
        f"'namespace:key', without spaces. Give the key's name, never a value."
    )


def shown_key(text: str) -> str:
    """Repeat what was given as a key: nothing of what could be a value in the wrong place."""
    words = re.split(r"[-_.:]", text)
    could_be_a_value = (
        not re.fullmatch(r"[\w.:-]{0,100}", text)
        or any(map(is_credential, text.split(":")))
        or any(_HIDDEN_KEY.match(word) for word in words)
    )
    return (
        f"<{len(text)} characters, not shown because they look like a value>"
        if could_be_a_value
        else repr(text)
    )


# What a program asks for ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question:
    """A value of the stack's config that a component passes on to a workload."""

    key: Key
    secret: bool
    """Whether it must be a secret of the stack."""
    format: str | None
    """A format of `rules/formats.py`; None for any text."""


_answer: ContextVar[Callable[[Question], str] | None] = ContextVar("_answer", default=None)


@contextlib.contextmanager
def answering(answer: Callable[[Question], str]) -> Iterator[None]:
    """Give every value another source than the stack's config, for a program that is run in this block.

    It is how `infra-secrets rehearse` learns what a program would need. What is answered is not judged.
    """
    before = _answer.set(answer)
    try:
        yield
    finally:
        _answer.reset(before)


def answered(question: Question) -> str | None:
    """Return the answer of the block in which the program runs; None in every other run."""
    answer = _answer.get()
    return None if answer is None else answer(question)
