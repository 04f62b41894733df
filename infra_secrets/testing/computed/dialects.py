"""How each cloud writes what it computes: ids, addresses, names. Each says it itself, in `clouds/<cloud>/computed.py`.

What a cloud does not say, and what belongs to no cloud, is written in a form that is nobody's.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from infra_secrets.testing import facets

if TYPE_CHECKING:
    from infra_secrets.testing.computed.subject import Subject

Text = Callable[["Subject", str, str], str]
"""Makes a text up for a subject, a property's name in small words, and its path."""
OwnText = Callable[["Subject", str, str], "str | None"]
"""The same, or None if the cloud writes it as everybody does."""
WorkedOut = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Makes a function's answer of its arguments alone."""

REGION: Final = "eu-west-1"


def _auto_name(subject: "Subject") -> str:
    return subject.auto_name


def _own_name(subject: "Subject") -> str:
    return subject.own_name


def _region(subject: "Subject") -> str:
    return subject.given("region") or subject.configured("region") or REGION


def _zone(subject: "Subject") -> str:
    return subject.given("zone", "availabilityZone") or f"{subject.region}a"


def _host(subject: "Subject", path: str) -> str:
    return f"{subject.label}-{subject.digits(path, 6)}.example.com"


def _as_usual(_subject: "Subject", _path: str) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one cloud's resources are written, for some of its Pulumi packages.

    Attributes:
        packages: Whose resources are written so.
        id_of: The id of a new resource.
        own_name: The name in the cloud.
        region: The region that the program or the provider's configuration says, or a usual one.
        zone: A zone of the region.
        host: The name of a host of which `hosts` says nothing.
        hosts: The host of what a service makes, by module, or by module and type.
        forms: Texts of a form of their own: type, path in small words, form. The first that fits counts.
        parts: What forms are filled with, besides what `forms.py` knows.
        texts: Kinds of text that the cloud writes in its own way, by what writes them as of no cloud.
        named: Names that say by themselves what they are, whoever has them: they are looked for first.
        answers: Functions whose answer follows from their arguments alone, by token.
        always: Outputs that are there whatever the type.
        members: How many members a made-up list has; None for as many as everywhere.
    """

    packages: frozenset[str] = frozenset()
    id_of: "Callable[[Subject], str]" = _auto_name
    own_name: "Callable[[Subject], str]" = _own_name
    region: "Callable[[Subject], str]" = _region
    zone: "Callable[[Subject], str]" = _zone
    host: "Callable[[Subject, str], str]" = _host
    hosts: Mapping[str, str] = field(default_factory=dict)
    forms: Sequence[tuple[str, str, str]] = ()
    parts: "Mapping[str, Callable[[Subject, str], object]]" = field(default_factory=dict)
    texts: Mapping[Text, OwnText] = field(default_factory=dict)
    named: Sequence[tuple[str, Text]] = ()
    answers: Mapping[str, WorkedOut] = field(default_factory=dict)
    always: Sequence[str] = ("name",)
    members: "Callable[[Subject, str], int | None]" = _as_usual


OF_NO_CLOUD: Final = Dialect()


@functools.cache
def every() -> tuple[Dialect, ...]:
    """Return all dialects: those of each folder of `clouds` that has any."""
    return tuple(dialect for module in facets.each("computed") for dialect in module.DIALECTS)


@functools.cache
def of(package: str) -> Dialect:
    """Return how the resources of a Pulumi package are written."""
    return next((each for each in every() if package in each.packages), OF_NO_CLOUD)
