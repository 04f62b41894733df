"""How URNs are made: urn:pulumi:STACK::PROJECT::GRANDPARENT$PARENT$TYPE::NAME."""

import pulumi

from infra_secrets.component.internals import aliases_of


def types_in(urn: str) -> str:
    """Read everything before the name, `urn:pulumi:STACK::PROJECT::PARENT$TYPE`; a name may have `::` in it."""
    return "::".join(urn.split("::", maxsplit=3)[:3])


def child_urn(parent: str, type_: str, name: str) -> str:
    """Make the URN of a resource's child."""
    return f"{types_in(parent)}${type_}::{name}"


def name_in(urn: str) -> str:
    """Read the logical name from a URN."""
    return urn.split("::", maxsplit=3)[-1]


def children_of_aliases(
    component: pulumi.Resource, type_: str, suffix: str = ""
) -> "list[pulumi.Input[str | pulumi.Alias]]":
    """List what a component's child was called where the component had another name or parent.

    The engine works that out by itself only where the component is new to it, and after a run that stopped at the
    child it is not: the component is in the state already, under its new URN.

    Args:
        component: Has the aliases.
        type_: The child's.
        suffix: What the child's name adds to the component's.
    """
    return [
        alias.apply(lambda urn: child_urn(urn, type_, name_in(urn) + suffix))
        for alias in aliases_of(component)
    ]
