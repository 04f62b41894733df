"""Where the SDK, in a program of this process, asks a rehearsal or a recording for what no engine of theirs knows:
the outputs of other stacks, and what a dynamic resource declares beyond its inputs.

Methods of the SDK are replaced once. Where no program of this package runs, they do what they did before.
"""

import contextvars
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
import pulumi.dynamic

from infra_secrets.testing.program.stack_outputs import (
    STACK_REFERENCE,
    StackOutputs,
    StackOutputsError,
)
from infra_secrets.testing.values import SecretValue

Declared = dict[tuple[str, str], dict[str, Any]]


@dataclass(slots=True)
class Seam:
    """What a program is answered.

    Attributes:
        stacks: The outputs of other stacks.
        declared: Names and types of what dynamic resources declare, by type and name.
    """

    stacks: StackOutputs
    declared: Declared = field(default_factory=dict)


_seam: contextvars.ContextVar[Seam | None] = contextvars.ContextVar("_seam", default=None)


def use(seam: Seam) -> None:
    """Answer from a seam in this context."""
    _seam.set(seam)


# Outputs of other stacks ------------------------------------------------------------------------


def _answered(
    method: Callable[[pulumi.StackReference, Any], Any], *, required: bool
) -> Callable[..., Any]:
    """Answer from what was given, without the SDK's own way.

    That makes an output of coroutines, of which those that come after a failed one are never awaited: Python would say
    so on standard error, whenever it collects them.
    """

    def get(reference: pulumi.StackReference, name: Any) -> Any:
        seam = _seam.get()
        if seam is None:
            return method(reference, name)

        def answer(known: list[Any]) -> Any:
            if seam.stacks.is_own(known[0]):
                return method(reference, known[1])
            output = seam.stacks.output(known[0], known[1])
            if output is None and required:
                raise StackOutputsError(
                    f"the program requires the output {known[1]} of the stack {known[0]}, which was given as null: the "
                    "stack has no such output. Give a value, or read it with get_output."
                )
            hidden = isinstance(output, SecretValue)
            return pulumi.Output.secret(output.value) if hidden else output

        return pulumi.Output.all(reference.name, name).apply(answer)

    return get


async def _details(reference: pulumi.StackReference, name: str) -> Any:
    seam, asked = _seam.get(), await reference.name.future()
    if seam is not None and asked is not None:
        seam.stacks.output(asked, name)
    return await _get_output_details(reference, name)


_get_output_details = pulumi.StackReference.get_output_details


class ReferringMonitor:
    """The engine's monitor, which asks the given outputs for what a stack reference reads.

    The engine's file backend knows one organization alone, and cannot be given a secret that it did not encrypt. So it
    reads an empty stack, and the program gets what was given. What the program reads of its own stack is the engine's.

    Args:
        monitor: The engine's.
        stacks: What was given.
    """

    def __init__(self, monitor: Any, stacks: StackOutputs) -> None:
        self._monitor = monitor
        self._stacks = stacks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._monitor, name)

    def ReadResource(self, request: Any, *options: Any, **more: Any) -> Any:  # noqa: N802
        """Read a resource; a stack reference under the name that the file backend has for it."""
        if request.type != STACK_REFERENCE:
            return self._monitor.ReadResource(request, *options, **more)
        asked = request.id
        self._stacks.of(asked)
        request.id = request.properties.fields["name"].string_value = self._stacks.stored_name(
            asked
        )
        response = self._monitor.ReadResource(request, *options, **more)
        if not self._stacks.is_own(asked):
            response.properties.CopyFrom(self._stacks.properties(asked))
        return response


# Dynamic resources ------------------------------------------------------------------------------

_PLAIN: Final[dict[str, type]] = {"bool": bool, "int": int, "float": float}
_PLAIN_OUTPUT: Final = re.compile(r"Output\[(bool|int|float)\]")
_make_dynamic = pulumi.dynamic.Resource.__init__


def _declaring(
    resource: pulumi.dynamic.Resource, provider: Any, name: str, props: Any, opts: Any = None
) -> None:
    missing = [key for key, value in (props or {}).items() if value is None]
    _make_dynamic(resource, provider, name, props, opts)
    seam = _seam.get()
    if seam is not None:  # before it is registered, which a task does later
        hints = _hints(type(resource))
        seam.declared[resource.pulumi_resource_type, name] = {
            key: hints.get(key, str) for key in missing
        }


def _hints(class_: type) -> dict[str, type]:
    """Return the plain types of a class's annotated outputs."""
    found: dict[str, type] = {}
    for base in class_.__mro__:
        for name, hint in vars(base).get("__annotations__", {}).items():
            match = _PLAIN_OUTPUT.search(str(hint))
            if match is not None:
                found.setdefault(name, _PLAIN[match[1]])
    return found


def _replace() -> None:
    methods = {
        "get_output": _answered(pulumi.StackReference.get_output, required=False),
        "require_output": _answered(pulumi.StackReference.require_output, required=True),
        "get_output_details": _details,
    }
    for name, method in methods.items():
        setattr(pulumi.StackReference, name, method)
    pulumi.dynamic.Resource.__init__ = _declaring  # type: ignore[method-assign, assignment]


_replace()
