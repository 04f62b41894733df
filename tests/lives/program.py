"""What a program says in a life, and the program that says it.

It is the program of the reliability scenarios, and more: a secret has a slot, which stays what it is while
its name, key and parent change, aliases, and may be written as a raw resource.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from infra_secrets import Secret
from infra_secrets.containers.secret import SecretArgs
from tests.reliability import programs
from tests.reliability.places import PROJECT, Place
from tests.reliability.programs import Container, Platform

TOP = "top"
"""The parent of what has none."""

ARGUMENTS = frozenset(SecretArgs.__annotations__)
"""What a `Secret` takes."""


@dataclass(frozen=True)
class Former:
    """What an alias says of a former self; None is as it is now.

    Attributes:
        name: Logical name.
        parent: `TOP`, or the parent's URN.
        urn: The whole URN; then nothing else is said.
    """

    name: str | None = None
    parent: str | None = None
    urn: str | None = None

    def alias(self) -> pulumi.Alias | str:
        if self.urn is not None:
            return self.urn
        given: dict[str, Any] = {} if self.name is None else {"name": self.name}
        if self.parent is not None:
            given["parent"] = pulumi.ROOT_STACK_RESOURCE if self.parent == TOP else self.parent
        return pulumi.Alias(**given)


@dataclass(frozen=True)
class Position:
    """Where in a stack a secret was: what decides its URN."""

    logical: str
    parent: str | None = None
    raw: bool = False

    def parent_urn(self, stack: str) -> str:
        return TOP if self.parent is None else f"{_prefix(stack)}{_PLATFORM}::{self.parent}"

    def urn(self, stack: str, resource_type: str) -> str:
        """Return the container's URN."""
        types = [] if self.parent is None else [_PLATFORM]
        types += [] if self.raw else ["infra-secrets:index:Secret"]
        return f"{_prefix(stack)}{'$'.join([*types, resource_type])}::{self.logical}"


_PLATFORM = "shop:index:Platform"


def _prefix(stack: str) -> str:
    return f"urn:pulumi:{stack}::{PROJECT}::"


@dataclass(frozen=True)
class Said(Container):
    """What the program says about one secret.

    Attributes:
        raw: Whether it is a raw resource.
        former: What its aliases say.
        taken_from: The stack that it is taken over from, for `adopt_from`.
        was: URN of the resource that it was, for `formerly`.
    """

    raw: bool = False
    former: tuple[Former, ...] = ()
    taken_from: str | None = None
    was: str | None = None

    @property
    def position(self) -> Position:
        return Position(self.logical, self.parent, self.raw)


@dataclass
class Program:
    """What a whole program says: its secrets by slot, and whether a transform returns `args.opts`."""

    secrets: dict[str, Said] = field(default_factory=dict)
    transformed: bool = False


def written(said: Program, place: Place) -> Callable[[], None]:
    """Return the program."""
    secrets, transformed = dict(said.secrets), said.transformed

    def program() -> None:
        if transformed:
            pulumi.runtime.register_resource_transform(programs._add_tag)
        platforms: dict[str, Platform] = {}
        for secret in secrets.values():
            parent = secret.parent
            if parent is not None and parent not in platforms:
                platforms[parent] = Platform(parent)
            opts = pulumi.ResourceOptions(
                parent=None if parent is None else platforms[parent],
                aliases=[former.alias() for former in secret.former],
            )
            if secret.raw:
                programs._with_raw_resources(secret, place, opts)
            else:
                _with_package(secret, place, opts)

    return program


def _with_package(secret: Said, place: Place, opts: pulumi.ResourceOptions) -> None:
    given: Mapping[str, Any] = {
        "retention": secret.retention,
        "owner": secret.owner,
        "encryption_key": secret.encrypted and place.encryption_key,
        "replicas": secret.replicated and place.replicas,
        "readers": secret.read and [place.reader],
        "writers": secret.written and [place.writer],
        "adopt": secret.adopt,
        "adopt_from": secret.taken_from,
        "formerly": secret.was,
    }
    Secret(
        secret.logical,
        service=secret.service,
        environment=secret.environment,
        key=secret.key,
        description=secret.description,
        tags=dict(secret.tags),
        opts=opts,
        **{name: value for name, value in given.items() if value},
    )
