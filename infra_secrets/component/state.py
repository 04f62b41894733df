"""What the stack's state holds, as the engine tells it."""

from collections.abc import Mapping
from typing import Any

import pulumi

from infra_secrets.component.internals import Asking
from infra_secrets.component.settings import SKIP_CHECKPOINTS


def this_stack() -> str:
    """Name the stack as Pulumi does, `organization/project/stack`."""
    organization = pulumi.get_organization() or _NO_ORGANIZATION  # mocks know of none
    return f"{organization}/{pulumi.get_project()}/{pulumi.get_stack()}"


async def resources_in_state(type_: str) -> dict[str, Mapping[str, Any]] | None:
    """Read what this stack's state has of one type: the outputs by URN; None if it cannot be known.

    The engine answers from its backend, and no cloud is asked. A resource that waits for its deletion is not
    among them. Outputs of other types, in which there may be secrets, are dropped at once.

    The engine (seen with 3.259) crashes when it is asked for the resources of a stack that has no state yet, so it is
    asked only where there must be one: the stack has outputs, or an `up` has written its first resources to a
    backend of the user's own. (Source: pulumi pkg/backend/backend.go, GetStackResourceOutputs.)
    """
    try:
        if not await _has_state():
            return None
        answer = await ask_engine("readStackResourceOutputs", stackName=this_stack())
    except Exception as failed:  # noqa: BLE001 (whatever it is, the state is not known)
        pulumi.log.debug(f"the stack's state could not be read: {failed}")
        return None
    return {
        urn: each.get("outputs") or {}
        for urn, each in (answer.get("outputs") or {}).items()
        if each.get("type") == type_
    }


async def _has_state() -> bool:
    written = not pulumi.runtime.is_dry_run() and not SKIP_CHECKPOINTS.read()
    if written and pulumi.get_organization() == _NO_ORGANIZATION:
        return True
    return bool((await ask_engine("readStackOutputs", name=this_stack())).get("outputs"))


_NO_ORGANIZATION = "organization"
"""What a backend of the user's own (a folder, a bucket) has for an organization."""


async def ask_engine(function: str, **args: str) -> Mapping[str, Any]:
    """Call a function of the engine's own provider, which answers for the state."""
    return await Asking().ask(f"pulumi:pulumi:{function}", args) or {}
