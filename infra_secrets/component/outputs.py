"""What is made of an output once it is known, and what then refuses."""

from collections.abc import Callable, Coroutine
from typing import Any, cast

import pulumi

from infra_secrets.component.messages import one_clear_message
from infra_secrets.errors import InfraSecretsError, OutputError


def apply_clearly(given: Any, change: Callable[[Any], Any]) -> "pulumi.Output[Any]":
    """Change an input once it is known, and let Pulumi print a refusal in it as its message alone.

    Every `apply` of the package that can refuse goes through here.
    """

    def clearly(known: Any) -> Any:
        with one_clear_message():
            try:
                return change(known)
            except InfraSecretsError as refusal:
                raise OutputError(str(refusal)) from None

    return pulumi.Output.from_input(given).apply(clearly)


def known_only(output: "pulumi.Output[Any]", read: Callable[[Any], Any]) -> "pulumi.Output[Any]":
    """Make something of what a provider computes; unknown where there is nothing to make it of.

    That is so under mocks which leave it out, or make up something else.

    Args:
        output: What the provider computes.
        read: Makes something of it, or None if it cannot.
    """

    def known(found: Any) -> Any:
        made = None if found is None else read(found)
        return pulumi.UNKNOWN if made is None else made

    return output.apply(known)


def independent(given: Any) -> Any:
    """Pass on what an output holds, and not what it depends on.

    A component that depends on a resource is deleted with all its children by `destroy --target <that resource>
    --target-dependents`.
    """
    if not isinstance(given, pulumi.Output):
        return given

    async def held() -> Any:
        if not await given.is_known():
            return pulumi.UNKNOWN
        found = await given.future()
        return pulumi.Output.secret(found) if await given.is_secret() else found

    return pulumi.Output.from_input(cast(Any, held()))


def in_program(coroutine: "Coroutine[Any, Any, object]") -> None:
    """Run a coroutine as a part of the program: the program waits for it, and its error is the program's."""
    pulumi.Output.from_input(cast(Any, coroutine))
