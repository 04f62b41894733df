"""Who may read a container and who may set its value: the grants beside it, one a principal."""

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from infra_secrets.clouds import Wanted

if TYPE_CHECKING:
    import pulumi


def beside(
    container: "pulumi.ResourceOptions", type_: str, name: str, wanted: Wanted
) -> "pulumi.ResourceOptions":
    """Make the options of a grant beside its container.

    Args:
        container: What the container is registered with.
        type_: The grant's.
        name: The grant's logical name, which begins with the secret's.
        wanted: The secret.
    """
    import pulumi

    from infra_secrets.component.urns import children_of_aliases

    parent = cast("pulumi.Resource", container.parent)
    on_error = container.hooks.on_error if container.hooks else None
    return pulumi.ResourceOptions(
        parent=parent,
        aliases=children_of_aliases(parent, type_, name.removeprefix(wanted.logical_name)),
        hooks=pulumi.ResourceHookBinding(on_error=on_error),
    )


def grant_each(
    wanted: Wanted,
    kinds: "Sequence[tuple[str, Sequence[pulumi.Input[str]]]]",
    make: "Callable[[str, str, pulumi.Input[str]], object]",
    identity: Callable[[str], str] = str,
) -> "list[pulumi.Output[object]]":
    """Register the grants that a secret needs, one a principal.

    A grant's logical name comes from the principal: taking one off a list does not rename the others, and one
    that was a text yesterday and is an output of that text today keeps its name. A renamed grant would be
    made again before the old one is deleted, and on most clouds the two are the same grant, which would
    then be gone. So a principal that is an output is waited for; where a preview or mocks do not know it, its
    grant has a number instead.

    Args:
        wanted: The secret.
        kinds: What is granted (`reader`), and to whom.
        make: Registers one grant: its logical name, what is granted, and the principal.
        identity: Reduces the spellings of a principal to one.

    Returns:
        What is done when the grants to outputs are registered.
    """
    import pulumi

    made: set[str] = set()

    def grant(what: str, mark: str, principal: "pulumi.Input[str]") -> None:
        name = f"{wanted.logical_name}-{what}-{mark}"
        if name not in made:
            made.add(name)
            make(name, what, principal)

    async def grant_later(what: str, number: int, principal: "pulumi.Output[str]") -> None:
        text = await principal.future()
        grant(what, mark_of(text) if isinstance(text, str) else str(number), principal)

    def mark_of(text: str) -> str:
        return hashlib.sha256(identity(text).encode()).hexdigest()[:8]

    waiting: list[pulumi.Output[object]] = []
    for what, principals in kinds:
        for number, principal in enumerate(principals, start=1):
            if isinstance(principal, str):
                grant(what, mark_of(principal), principal)
            else:
                later = grant_later(what, number, pulumi.Output.from_input(principal))
                waiting.append(pulumi.Output.from_input(cast(Any, later)))
    return waiting


def after(
    granted: "Sequence[pulumi.Output[Any]]", output: "pulumi.Output[str]"
) -> "pulumi.Output[str]":
    """Hold an output back until the grants are registered: who has it may read."""
    import pulumi

    return pulumi.Output.all(output, *granted).apply(lambda all_: all_[0]) if granted else output
