"""Made-up values that fit: what a program's `EscEnv` and `EscDeployment` ask the stack's config for.

A rehearsal of a directory has neither the stack's secrets nor its ESC environments. Values of no form would be
refused by `formats`, so the program is recorded once, only to see what it asks for. Where the program fails
without an engine, nothing is made up, and the rehearsal says what is missing.
"""

import base64
import contextlib
import io
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from unittest.mock import PropertyMock, patch

from infra_secrets.esc import Entry
from infra_secrets.testing.directory import ProjectDirectory
from infra_secrets.testing.recording import Recording


@dataclass(frozen=True, slots=True)
class MadeUp:
    """Config for a rehearsal, by full key.

    Attributes:
        secrets: Secret values.
        config: Plain ones.
    """

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    config: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The keys, secret ones first."""
        return [*self.secrets, *self.config]


def value_for(expected: str | None) -> str:
    """Make a value up that no other has.

    Args:
        expected: A format of `formats.py`; None for any text.
    """
    mark = secrets.token_hex(8)
    match expected:
        case None:
            return f"made-up-{mark}"
        case "json":
            return f'["made-up-{mark}"]'
        case "int":
            return str(secrets.randbelow(9 * 10**11) + 10**11)
        case "bool":
            return "true"
        case "pem":
            body = base64.b64encode(f"made up {mark}".encode()).decode()
            return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
        case scheme:
            return f"{scheme}://user:{mark}@made-up.example.com/{mark}"


def config_for(project: ProjectDirectory, config: Mapping[str, str]) -> MadeUp:
    """Make up what a project's Python program asks for and a rehearsal cannot have.

    That is the stack's own secrets, and what is missing where the stack names an ESC environment.

    Args:
        project: The project.
        config: Further plain config by full key.
    """
    known = {**project.config, **config}
    replaced = {str(path[0]) for path in project.secrets}
    secret: dict[str, str] = {}
    plain: dict[str, str] = {}
    for entry in _asked_for(project, known):
        key = str(entry.key)
        if key in replaced or (key not in known and project.environment):
            (secret if entry.secret else plain).setdefault(key, value_for(entry.format))
    return MadeUp(secret, plain)


def _asked_for(project: ProjectDirectory, config: Mapping[str, object]) -> list[Entry]:
    entries: list[Entry] = []

    def asked(entry: Entry) -> None:
        entries.append(entry)

    program = project.program()
    if program is None:  # another language, which runs in a process of its own
        return []
    recording = Recording(
        project.name,
        project.stack,
        config,
        {str(path[0]): canary.value for path, canary in project.secrets.items() if len(path) == 1},
    )
    with (
        patch.object(Entry, "problem", asked),
        patch.object(Entry, "value", PropertyMock(return_value="made up")),
        project.surroundings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        contextlib.suppress(Exception, SystemExit),  # the rehearsal itself says what is wrong
    ):
        recording.run(program)
    return entries
