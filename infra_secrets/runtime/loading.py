"""One look for everything that a class of settings declares: what was found, or one error with all that is wrong.

What is found stays in objects whose text does not show it, and no error is chained to one that could hold a value.
"""

import logging
import os
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from infra_secrets.component.settings import DIRECTORY_VARIABLE
from infra_secrets.component.settings import setting as environment_variable
from infra_secrets.errors import SettingsError, SettingsUseError
from infra_secrets.rules.wording import nearest, shown
from infra_secrets.runtime import json_text
from infra_secrets.runtime.declaration import Declaration, Setting, declaration
from infra_secrets.runtime.explaining import error_of, invalid, raised
from infra_secrets.runtime.found import Found, Problem
from infra_secrets.runtime.held import Loaded
from infra_secrets.runtime.json_text import Parsed

if TYPE_CHECKING:
    from infra_secrets.runtime.containers import Containers, Looked
    from infra_secrets.runtime.settings import SecretSettings

_log = logging.getLogger("infra_secrets.runtime")

LARGEST_FILE = 1024 * 1024
"""Bytes. A Kubernetes Secret holds no more, nor does a container of any cloud."""


class Look:
    """Looks for every setting of a class, again and again.

    Args:
        settings_class: The class.
    """

    def __init__(self, settings_class: "type[SecretSettings]") -> None:
        self._class = settings_class
        self._containers: Containers | None = None
        self._had: frozenset[str] | None = None
        """The settings that had a value when all was well; None before that."""

    def __call__(self) -> Loaded | SettingsError:
        """Look once.

        Raises:
            MissingExtraError: A value must come from a container, and the cloud's client is not installed.
            SettingsUseError: The class cannot be one.
        """
        declared = declaration(self._class)
        directory, problems = _directory(self._class)
        problems += self._dotenv()
        files = {each.name: _files(each, directory) for each in declared.settings}
        looked: dict[str, Found | Problem] = {}
        for setting in declared.settings:
            found = _in_environment(setting) or _in_files(files[setting.name])
            if found is not None:
                looked[setting.name] = found
        rest = [each for each in declared.settings if each.name not in looked]
        if rest:
            looked |= self._in_containers(rest)
        looked = {name: self._lost(name, each) for name, each in looked.items()}
        made = _made(self._class, declared, looked, problems, files)
        if isinstance(made, Loaded):
            self._had = frozenset(name for name, each in looked.items() if isinstance(each, Found))
        return made

    def close(self) -> None:
        """Close connections; the next look opens new ones."""
        if self._containers is not None:
            self._containers.close()

    def _in_containers(self, rest: Sequence[Setting]) -> "Looked":
        if self._containers is None:
            from infra_secrets.runtime import containers  # most services start without it

            self._containers = containers.Containers(self._class.__options__)
        return self._containers.look(rest)

    def _lost(self, name: str, found: Found | Problem) -> Found | Problem:
        """Let no default stand in for a value that was there: a file that is not mounted any more, say."""
        if isinstance(found, Found) or not found.absent or name not in (self._had or ()):
            return found
        return replace(
            found,
            absent=False,
            text=f"{found.text} It had a value before, so its default is not taken; a restart would take it.",
        )

    def _dotenv(self) -> list[Problem]:
        # A folder of this name is a virtual environment.
        if not Path(".env").is_file():
            return []
        found = (
            f"there is a file .env in {Path.cwd()}. It was not read: a secret on a disk is what containers are "
            "there to avoid. Set its values where they belong (`infra-secrets set`), and delete the file."
        )
        if self._had is None:
            return [Problem(text=found)]
        # What runs well does not stop for what it does not read.
        _log.warning("%s: %s", self._class.__name__, found)
        return []


def given(
    settings_class: "type[SecretSettings]", values: Mapping[str, object]
) -> Loaded | SettingsError:
    """Take values from a test instead; look nowhere.

    Raises:
        SettingsUseError: There is no such setting.
    """
    declared = declaration(settings_class)
    names = [each.name for each in declared.settings]
    for name in values:
        if name not in names:
            close = nearest(name, names)
            hint = f" Did you mean {close!r}?" if close else ""
            raise SettingsUseError(f"{settings_class.__name__} has no setting {shown(name)}.{hint}")
    looked: dict[str, Found | Problem] = {
        each.name: Found(Parsed(values[each.name]), "the given value", "Correct the test.")
        if each.name in values
        else Problem(text="no value is given for it. Give it one in the test.", absent=True)
        for each in declared.settings
    }
    return _made(settings_class, declared, looked, [], {})


def _made(
    settings_class: "type[SecretSettings]",
    declared: Declaration,
    looked: Mapping[str, Found | Problem],
    problems: Sequence[Problem],
    files: dict[str, list[Path]],
) -> Loaded | SettingsError:
    """Make the values of what was found, and one error of everything that is wrong."""
    wrong: list[tuple[str, Problem]] = [("", problem) for problem in problems]
    content: dict[str, Parsed] = {}
    for setting in declared.settings:
        found = looked[setting.name]
        outcome = _content(setting, found) if isinstance(found, Found) else found
        if isinstance(outcome, Parsed):
            content[setting.name] = outcome
        elif not (outcome.absent and setting.optional):
            wrong.append((setting.name, outcome))
    loaded = _validated(settings_class, declared, content)
    if isinstance(loaded, Loaded) and not wrong:
        return loaded
    if not isinstance(loaded, Loaded):
        told = {name for name, _ in wrong if name}
        wrong += _invalid(loaded, looked, told)
    order = ["", *(each.name for each in declared.settings)]
    wrong.sort(key=lambda each: order.index(each[0]))
    return error_of(settings_class.__name__, declared, wrong, files)


def _invalid(
    problems: Sequence[tuple[str, str]],
    looked: Mapping[str, Found | Problem],
    told: Collection[str],
) -> Iterator[tuple[str, Problem]]:
    """Yield what pydantic has against values, but for what is told already, or may only come of that."""
    for name, text in problems:
        found = looked.get(name)
        if isinstance(found, Found) and name not in told:
            yield name, Problem(text=f"{found.where} {text}. {found.fix}")
        elif found is not None and name not in told:
            yield name, Problem(text=f"its default {text}. Correct the class.")
        elif found is None and not told:
            yield "", Problem(text=f"{text}. Correct what it refuses.")


def _directory(settings_class: "type[SecretSettings]") -> tuple[Path | None, list[Problem]]:
    """The folder of mounted files. One that the class names need not be there; one that a variable names must."""
    directory = settings_class.__options__.directory
    if directory is not None:
        return directory, []
    named = DIRECTORY_VARIABLE.read()
    if named is None:
        return None, []
    if not named:
        found = f"the variable {DIRECTORY_VARIABLE} is empty."
        return None, [Problem(text=f"{found} Name the folder, or unset it.")]
    if not Path(named).expanduser().is_dir():
        found = f"{DIRECTORY_VARIABLE} names {shown(named)}, and there is no such folder."
        return None, [Problem(text=f"{found} Mount it, or unset the variable.")]
    return Path(named).expanduser(), []


def _in_environment(setting: Setting) -> Found | None:
    text = environment_variable(setting.variable)
    if text is None:
        return None
    return Found(
        os.fsencode(text),
        f"the variable {setting.variable}",
        "Set it right where the process is started, or unset it.",
    )


def _files(setting: Setting, directory: Path | None) -> list[Path]:
    """The files in which a setting may be mounted, first one first."""
    if directory is None:
        return []
    return [directory / name for name in (setting.variable, setting.key) if name]


def _in_files(files: Sequence[Path]) -> Found | Problem | None:
    for file in files:
        try:
            content = _file(file)
        except FileNotFoundError:
            continue
        except OSError as error:
            why = error.strerror or type(error).__name__
            return Problem(text=f"the file {file} cannot be read: {why}. Let this process read it.")
        where, fix = f"the file {file}", "Correct what mounts it."
        return (
            Found(content, where, fix)
            if content is not None
            else Problem(text=f"{where} is no ordinary file of at most {LARGEST_FILE} bytes. {fix}")
        )
    return None


def _file(file: Path) -> bytes | None:
    """Read a file as it is; None for what is no file or is too large. A pipe would block."""
    if not stat.S_ISREG(file.stat().st_mode):
        return None
    with file.open("rb") as stream:
        content = stream.read(LARGEST_FILE + 1)
    return content if len(content) <= LARGEST_FILE else None


def _content(setting: Setting, found: Found) -> Parsed | Problem:
    """Turn what was found into what pydantic takes."""
    if isinstance(found.content, Parsed):
        return found.content
    if not found.content:
        return Problem(text=f"{found.where} is empty, and a value never is. {found.fix}")
    if setting.binary:
        return Parsed(found.content)
    try:
        text = found.content.decode()
    except UnicodeDecodeError:
        problem = "is not UTF-8. A field that holds bytes is a SecretBytes."
        return Problem(text=f"{found.where} {problem} {found.fix}")
    read = json_text.read(text) if setting.parsed else Parsed(text)
    if isinstance(read, Parsed) and read.content is None:
        read = "is null, and a value never is"
    return read if isinstance(read, Parsed) else Problem(text=f"{found.where} {read}. {found.fix}")


def _validated(
    settings_class: "type[SecretSettings]", declared: Declaration, content: Mapping[str, Parsed]
) -> Loaded | list[tuple[str, str]]:
    """Let pydantic make the values; return instead what it has against them, by setting, as fragments."""
    fresh = settings_class.__new__(settings_class)
    data: dict[str, Any] = {
        each.validated_as: content[each.name].content
        for each in declared.settings
        if each.name in content
    }
    try:
        made = settings_class.__pydantic_validator__.validate_python(data, self_instance=fresh)
        return Loaded({each.name: made.__dict__[each.name] for each in declared.settings})
    except ValidationError as error:
        return invalid(error, declared, settings_class)
    except Exception as error:  # noqa: BLE001 (a validator's own, whose text may hold a value)
        return raised(error)
    finally:
        # Whatever happens meanwhile, no frame of a traceback has a value.
        data.clear()
        getattr(fresh, "__dict__", {}).clear()
