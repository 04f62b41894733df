"""What a program asks its stack for, heard while it is recorded: config that it requires and that is not there,
outputs of other stacks, and what its `EscEnv` and `EscDeployment` need.

What is missing is answered with something made up, so that the program goes on and the next question is heard, too.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import pulumi
from pulumi.runtime import get_config, set_config

from infra_secrets.stack.values import Entry

Kind = Literal["text", "bool", "int", "float", "object"]

_KINDS: Final[dict[str, Kind]] = {
    "": "text",
    "_bool": "bool",
    "_int": "int",
    "_float": "float",
    "_object": "object",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a config value must be.

    Attributes:
        kind: What it is read as.
        secret: Whether it is read as a secret.
    """

    kind: Kind
    secret: bool


@dataclass(slots=True)
class Asked:
    """What was asked for, in order.

    Attributes:
        entries: Config that the package's own components carry to workloads.
        config: Config that was required and not there, by full key.
        packages: The Pulumi packages that were used.
    """

    entries: list[Entry] = field(default_factory=list)
    config: dict[str, Wanted] = field(default_factory=dict)
    packages: list[str] = field(default_factory=list)


@contextlib.contextmanager
def listening(make_up: Callable[[str, Wanted], str] | None) -> Iterator[Asked]:
    """Hear what the program asks for that is run in this block, in this thread.

    Args:
        make_up: Returns the text of a required config value that is not there, given its full key. None: what is
            missing stays missing.
    """
    asked = Asked()

    def no_problem(entry: Entry) -> None:
        asked.entries.append(entry)

    with contextlib.ExitStack() as replaced:
        replaced.enter_context(
            _in_place(Entry, problem=no_problem, value=property(lambda _: "made up"))
        )
        if make_up is not None:
            replaced.enter_context(_in_place(pulumi.Config, **_requirements(asked, make_up)))
        yield asked


def _requirements(asked: Asked, make_up: Callable[[str, Wanted], str]) -> dict[str, Any]:
    """Return the methods of `pulumi.Config` that require a value, each of which notes what is missing first."""

    def heard(name: str, kind: Kind, *, secret: bool) -> Callable[[pulumi.Config, str], Any]:
        require = getattr(pulumi.Config, name)

        def noted(config: pulumi.Config, key: str) -> Any:
            full_key = config.full_key(key)
            if full_key in asked.config:
                if secret:
                    asked.config[full_key] = Wanted(kind, secret)
            elif get_config(full_key) is None:
                asked.config[full_key] = Wanted(kind, secret)
                set_config(full_key, make_up(full_key, asked.config[full_key]))
            return require(config, key)

        return noted

    return {
        name: heard(name, kind, secret=bool(secret))
        for ending, kind in _KINDS.items()
        for secret in ("", "_secret")
        if hasattr(pulumi.Config, name := f"require{secret}{ending}")
    }


@contextlib.contextmanager
def _in_place(owner: type, **members: Any) -> Iterator[None]:
    """Give a class other members, for as long as the block runs."""
    before = {name: owner.__dict__[name] for name in members}
    try:
        for name, member in members.items():
            setattr(owner, name, member)
        yield
    finally:
        for name, member in before.items():
            setattr(owner, name, member)
