"""Which container a value is for: found by what was typed, and looked at by its metadata before a value is asked for.

Deliberately no command makes a container: it is made by code. What was typed is repeated only where it is the name of a
container by its grammar: anything else may be the value.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from infra_secrets import clouds
from infra_secrets.cli.stacks import NOT_SHOWN, Declared
from infra_secrets.cli.where import Where, in_words, place_of
from infra_secrets.clouds import Place
from infra_secrets.clouds.values import Client, Described
from infra_secrets.errors import (
    AccessError,
    InfraSecretsError,
    NotFoundError,
    ScheduledError,
    SecretNameError,
)
from infra_secrets.rules.naming import SEGMENT, SecretName, kebab
from infra_secrets.rules.wording import looks_like_a_value

BY_CODE = "Containers are made by code, a `Secret` in a Pulumi program; no command makes one."
_WORD = re.compile(r"[A-Za-z0-9._-]{1,255}")


class TargetError(InfraSecretsError):
    """No container was found that a value may be put into; nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The container that a value is for."""

    name: SecretName
    cloud: str
    place: Place
    fields: tuple[str, ...] = ()
    """Declared keys of its document, as the stack says; empty where it does not say."""

    options: str
    """How a command says where it is, e.g. `--stack dev`."""

    @property
    def reference(self) -> str:
        """Its canonical name."""
        return self.name.reference

    @property
    def command(self) -> str:
        """The command that sets it."""
        return f"infra-secrets set {self.reference} {self.options}"


def choose(reference: str, where: Where) -> Target:
    """Find the container that a reference, a key or a logical name means.

    Raises:
        TargetError: None or several are meant, or one of another environment.
    """
    if where.project is not None:
        return _declared(reference, where)
    if where.cloud is None:
        raise AssertionError("a project or a cloud says where")
    return Target(
        name=_named(reference, where),
        cloud=where.cloud,
        place=where.place,
        options=clouds.as_options(where.cloud, where.place),
    )


def look(target: Target, client: Client) -> tuple[Target, Described]:
    """Look at a container by its metadata, and complete what is known of it.

    Raises:
        TargetError: There is none, or it is scheduled for deletion.
        AccessError: It could not be looked at.
    """
    try:
        described = client.describe(target.name)
    except NotFoundError as error:
        raise TargetError(
            f"{error.found} {BY_CODE}{_near(target, client)} If it was made elsewhere, name the place: --stack, or "
            f"{_options_of(target)}."
        ) from None
    if described.state == "scheduled":
        values = clouds.values_of(clouds.load(target.cloud))
        raise ScheduledError(
            f"{target.reference} is scheduled for deletion, so nothing was set.",
            f"To keep it, run: {values.restoring(described.spelled, client.place)}",
        )
    return replace(target, fields=target.fields or described.fields), described


def _options_of(target: Target) -> str:
    parts = clouds.values_of(clouds.load(target.cloud)).PLACE
    return ", ".join(["--cloud", *(f"--{part}" for part in parts)])


def _near(target: Target, client: Client) -> str:
    """Name what is there, as a sentence with a space before it: of its environment, else its service, else anything."""
    none, name = "", target.name
    for service, environment in (
        (name.service, name.environment),
        (name.service, None),
        (None, None),
    ):
        try:
            found = client.listing(service, environment, deleted=False)
            there = [each.name.reference for each in found]
        except AccessError:
            return f"{none} What else is there could not be listed."
        if there:
            return f"{none} There: {_closest(target.reference, there)}."
        none = f" There is none of {'/'.join(filter(None, (service, environment))) or 'any service'} there."
    return none


def _closest(sought: str, known: Sequence[str], most: int = 5) -> str:
    """Name those of many that are closest to what was sought."""
    close = get_close_matches(sought, known, n=most, cutoff=0)
    rest = len(known) - len(close)
    return ", ".join(close) + (f" and {rest} more" if rest > 0 else "")


# By a stack's state -----------------------------------------------------------------------------------


def _declared(reference: str, where: Where) -> Target:
    found = [each for each in where.declared if _means(reference, each)]
    places = {(each.name, each.cloud, *sorted(each.place.items())): each for each in found}
    if len(places) > 1:
        ways = [
            f"{each.name.reference} ({in_words(each.cloud, place_of(each))}: --stack {where.stack} "
            f"{clouds.as_options(each.cloud, place_of(each))})"
            for each in places.values()
        ]
        raise TargetError(f"It is not clear which one is meant. There are: {'; '.join(ways)}.")
    if not found:
        raise TargetError(_not_declared(reference, where))
    (one,) = places.values()
    if one.id is None:
        raise TargetError(
            f"{one.name.reference} is declared, and was never made. {BY_CODE} Run: pulumi up --stack {where.stack}"
        )
    return Target(
        name=one.name,
        cloud=one.cloud,
        place=place_of(one),
        options=f"--stack {where.stack}",
        fields=() if NOT_SHOWN in one.fields else one.fields,
    )


def _means(reference: str, declared: Declared) -> bool:
    if "/" in reference:
        return declared.name.reference == reference
    return reference in (declared.logical_name, declared.name.key)


def _not_declared(reference: str, where: Where) -> str:
    stack = f"{where.stack} of {where.project.name if where.project else ''}"
    known = _names(where.declared)
    listed = f" It declares: {_closest(reference, known)}." if known else " It declares none."
    if "/" not in reference:
        if not _WORD.fullmatch(reference) or looks_like_a_value(reference):
            raise _no_reference()
        return f"Stack {stack} declares no container of that key or logical name.{listed} {BY_CODE}"
    name = _canonical(reference)
    if name.environment != where.environment:
        return (
            f"{name.reference} belongs to environment {name.environment}, and stack {stack} is of "
            f"{where.environment}: nothing was set. Name the stack that it belongs to: infra-secrets set "
            f"{name.reference} --stack STACK"
        )
    return (
        f"Stack {stack} declares no {name.reference}.{listed} {BY_CODE} If another project made it, name "
        "the place: --cloud, and what it needs."
    )


def _names(declared: Sequence[Declared]) -> list[str]:
    return sorted({each.name.reference for each in declared})


# By what was named ------------------------------------------------------------------------------------


def _named(reference: str, where: Where) -> SecretName:
    if "/" in reference:
        name = _canonical(reference)
        _refuse_other(name, where)
        return name
    if not _WORD.fullmatch(reference) or looks_like_a_value(reference):
        raise _no_reference()
    if where.service is None or where.environment is None:
        raise TargetError(
            "A key alone does not say which container is meant outside of a Pulumi project. Give all of it, "
            "service/environment/key, or --service and --environment."
        )
    return _built(where.service, where.environment, reference)


def _built(service: str, environment: str, key: str) -> SecretName:
    try:
        return SecretName(service=service, environment=environment, key=kebab(key))
    except SecretNameError as error:
        bad = {"service": service, "environment": environment}
        wrong = [part for part, text in bad.items() if not SEGMENT.fullmatch(text)]
        if not wrong:
            raise _no_reference() from None
        raise TargetError(str(error)) from None


def _refuse_other(name: SecretName, where: Where) -> None:
    """Refuse a container of another service or environment than the one that was named beside it."""
    named: Mapping[str, tuple[str | None, str]] = {
        "--service": (where.service, name.service),
        "--environment": (where.environment, name.environment),
    }
    for option, (wanted, found) in named.items():
        if wanted not in (None, found):
            raise TargetError(
                f"{name.reference} is not of {wanted}, which {option} names or its variable, so nothing was set. Leave "
                "that out, or correct the reference."
            )


def _canonical(reference: str) -> SecretName:
    try:
        return SecretName.from_reference(reference)
    except SecretNameError:
        raise _no_reference() from None


def _no_reference() -> TargetError:
    return TargetError(
        "The first argument is not the name of a container. It is service/environment or service/environment/key, of "
        "lower-case words joined by hyphens, or in a Pulumi project a key or a logical name. It is not repeated here, "
        "because it may be a value; if it is one, remove it from your shell's history."
    )
