"""What `fn::open` opens: logins, and secrets managers. Which there are, each simulated cloud says."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from infra_secrets.testing.esc.errors import RefusedError, UnreadableError
from infra_secrets.testing.esc.functions import text_of
from infra_secrets.testing.esc.values import Value

Source = Callable[[str, str, str | None], str | None]
"""Reads a secret for `fn::open`: provider, id, and region or vault if there is one. None: no value."""


class Provider(Protocol):
    """Something that `fn::open::NAME` opens."""

    @property
    def name(self) -> str:
        """What stands after `fn::open::`."""

    def open(self, inputs: Mapping[str, Value], source: Source) -> Value:
        """Return the outputs.

        Args:
            inputs: What the definition gives it.
            source: Reads a secret.

        Raises:
            RefusedError: The inputs are wrong; UnreadableError: there is no value.
        """


@dataclass(frozen=True)
class EscLogin:
    """A login to a cloud. It opens nothing: its credentials are made up.

    Attributes:
        name: What stands after `fn::open::`.
        invented: Outputs that are made up, secret.
        passed_on: Inputs that are outputs too.
    """

    name: str
    invented: tuple[str, ...]
    passed_on: tuple[str, ...] = ()

    def open(self, inputs: Mapping[str, Value], source: Source) -> Value:
        """Return made-up credentials."""
        del source
        answer = {
            output: Value(made_up(self.name, output), secret=True) for output in self.invented
        }
        return Value(answer | {key: inputs[key] for key in self.passed_on if key in inputs})


@dataclass(frozen=True)
class EscSecrets:
    """A cloud's secrets manager, of which current values are read.

    Attributes:
        name: What stands after `fn::open::`.
        wanted: The input that says what is read: a mapping of names to entries.
        id: The name of a secret's id in an entry.
        place: The input that says where it is, if there is one.
        current: Options of an entry that mean the current value.
    """

    name: str
    wanted: str
    id: str
    place: str | None = None
    current: Mapping[str, str] = field(default_factory=dict)

    def open(self, inputs: Mapping[str, Value], source: Source) -> Value:
        """Read every secret that is wanted."""
        for needed in filter(None, (self.place, "login", self.wanted)):
            if needed not in inputs:
                raise RefusedError(f"{self.name} needs `{needed}`")
        wanted = inputs[self.wanted].data
        if not isinstance(wanted, dict):
            raise RefusedError(
                f"`{self.wanted}` of {self.name} is a mapping of names to `{self.id}`"
            )
        place = text_of(inputs[self.place]) if self.place is not None else None
        return Value(
            {key: self._read(key, entry.data, place, source) for key, entry in wanted.items()}
        )

    def _read(self, key: str, entry: Any, place: str | None, source: Source) -> Value:
        if not isinstance(entry, dict) or self.id not in entry:
            raise RefusedError(f"{self.name} needs `{self.id}`", (key,))
        for option, value in entry.items():
            if option != self.id and self.current.get(option) != value.data:
                problem = f"this fake ESC reads current values only, not `{option}`"
                raise RefusedError(problem, (key,))
        secret = text_of(entry[self.id])
        found = source(self.name, secret, place)
        if found is None:
            where = f" in {place}" if place is not None else ""
            problem = f"{self.name} cannot read a value of {secret!r}{where}"
            raise UnreadableError(f"{problem}: it is missing, or no value has been set", (key,))
        return Value(found, secret=True)


def made_up(*parts: str | None) -> str:
    """Return a made-up value, the same one for the same parts."""
    return f"made-up-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:20]}"
