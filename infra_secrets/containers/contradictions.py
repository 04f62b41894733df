"""Which arguments and resource options of a `Secret` exclude each other, and which name what cannot be taken over."""

import re
from collections.abc import Iterator

import pulumi

from infra_secrets import clouds
from infra_secrets.clouds import Wanted
from infra_secrets.component.registering import type_token
from infra_secrets.rules.wording import shown

MAX_FORMERLY = 2_000  # characters of a logical name or URN; the package's own limit

# What Pulumi takes for organization, project and stack: pulumi sdk/go/common/tokens/names.go.
_STACK = re.compile(r"([A-Za-z0-9_.-]{1,100}/){2}[A-Za-z0-9_.-]{1,100}")
# Ids of the clouds, as adopt= takes them, and addresses.
_CLOUD_IDS = (
    *(clouds.load(name).ID_PREFIX for name in clouds.available()),
    "http://",
    "https://",
)


def contradictions(wanted: Wanted, opts: pulumi.ResourceOptions | None) -> Iterator[str]:
    """Yield each resource option that says the opposite of what a container is registered with.

    What says nothing (None) or more (`protect=True` under another retention) holds.
    """
    if opts is None:
        return
    keep = wanted.retention == clouds.KEEP
    why = f"retention={wanted.retention!r}" if keep else "adopt="
    way_out = (
        "retention= says what removing the secret may do ('recover' or 'discard')"
        if keep
        else "remove adopt= once the container is adopted, and this option then applies"
    )
    against = {
        "protect": keep and "the container is protected, so that removing it from code is refused",
        "retain_on_delete": (keep and "it stays in the cloud if somebody overrides the protection")
        or (wanted.adopt and "a container that was only just adopted is not deleted"),
    }
    for option, meaning in against.items():
        if meaning and getattr(opts, option) is False:
            yield (
                f"opts has {option}=False, and {why} means the opposite: {meaning}. Leave it out; {way_out}."
            )
    if opts.delete_before_replace:
        yield (
            "opts has delete_before_replace=True, which would delete the value before there is a new "
            "container. Leave it out: a container is never deleted before its replacement exists."
        )


def taking_over_problems(wanted: Wanted, resource_type: str) -> Iterator[str]:
    """Yield what keeps `adopt`, `adopt_from` and `formerly` from naming what this `Secret` can take over."""
    if wanted.adopt_from is not None and wanted.adopt is None:
        yield "adopt_from says from which stack adopt= takes the container; give adopt= too, or leave it out."
    if wanted.adopt_from is not None and not _STACK.fullmatch(wanted.adopt_from):
        yield (
            f"adopt_from={shown(wanted.adopt_from)} is not a stack; it must be organization/project/stack, as in the "
            f"error that asked for it."
        )
    if wanted.formerly is None:
        return
    if wanted.adopt is not None:
        yield (
            "formerly and adopt cannot be combined: formerly is for a resource that this stack has, adopt for a "
            "container that it does not have. After a lost state, or if an error asked for adopt=: remove formerly=. "
            "Otherwise remove adopt=."
        )
    yield from _formerly_problems(wanted.formerly, resource_type)


def _formerly_problems(formerly: str, resource_type: str) -> Iterator[str]:
    """Yield what keeps it from naming a resource of this stack: as an alias it would match nothing, silently."""
    what = f"formerly={shown(formerly)}"
    if formerly.lower().startswith(_CLOUD_IDS):
        yield (
            f"{what} is a cloud's id, and formerly is the logical name, or URN, of a resource of this stack. To "
            f"adopt a container that this stack does not have, give adopt=<its id>."
        )
    elif len(formerly) > MAX_FORMERLY or not formerly.isprintable():
        yield (
            f"{what} is not a logical name, which has 1 to {MAX_FORMERLY} characters, none of them a control "
            "character. pulumi stack --show-urns lists what this stack has."
        )
    elif formerly.startswith("urn:"):
        here = f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::"
        type_, _, name = formerly.removeprefix(here).partition("::")
        own_type = type_.rpartition("$")[2]
        if not formerly.startswith(here):
            yield f"{what} is not in this stack; its URNs begin with {here!r}."
        elif not name:
            yield f"{what} is not a complete URN: one ends in ::<logical name>. Copy it from pulumi stack --show-urns."
        elif own_type != resource_type:
            yield (
                f"formerly names a {shown(own_type)}, but the container is a {resource_type!r}; it can only name "
                f"one of that type."
            )
        elif type_.removesuffix(f"${resource_type}").endswith(type_token("Secret")):
            yield (
                f"formerly names the container of Secret({shown(name)}). A Secret that was renamed or moved says so "
                "with an alias, which its grants follow: opts=ResourceOptions(aliases=[...])."
            )
    elif "::" in formerly or formerly.lower().startswith("urn:"):
        yield (
            f"{what} is neither a logical name nor a URN, which begins with 'urn:pulumi:'. Copy the whole URN from "
            f"pulumi stack --show-urns."
        )
