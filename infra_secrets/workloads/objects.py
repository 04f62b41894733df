"""Kubernetes objects as programs write them: dictionaries with either spelling, Pulumi's `*Args` objects, outputs.

Nothing here knows what a workload is. Whatever is changed is a copy.
"""

import copy
from collections.abc import Callable, Generator, Mapping
from typing import Any

import pulumi

from infra_secrets.component.given import is_input
from infra_secrets.component.outputs import apply_clearly
from infra_secrets.rules.wording import camel

NO_OBJECT = (str, bytes, int, float, list, tuple)
"""What has no members."""


def once_known(node: Any, change: Callable[[Any], Any]) -> Any:
    """Change something now, or once it is known."""
    return apply_clearly(node, change) if is_input(node) else change(node)


def joined(first: Any, second: Any) -> Any:
    """Make one list of two, of which either may be known only later."""
    if is_input(first) or is_input(second):
        both = (pulumi.Output.from_input(each) for each in (first, second))
        return pulumi.Output.all(*both).apply(lambda known: [*(known[0] or ()), *known[1]])
    return [*(first or ()), *second]


def member(node: Any, name: str) -> Any:
    """Read a member by its snake_case name, however the node spells it."""
    if isinstance(node, Mapping):
        return node.get(name, node.get(camel(name)))
    return getattr(node, name, None) if hasattr(type(node), name) else None


def with_member(node: Any, name: str, value: Any) -> Any:
    """Return a copy with one member changed, spelled as the node spells it."""
    if isinstance(node, Mapping):
        return {**node, name if name in node else camel(name): value}
    changed = copy.copy(node)
    setattr(changed, name, value)
    return changed


# How the engine's protocol writes an output inside of other data: pulumi sdk/go/common/resource/properties.go,
# SigKey and OutputValueSig.
_OUTPUT_VALUE = {"4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4"}


class _OutputValue:
    """An output that is not secret, awaited in the engine's own words, dependencies included."""

    def __init__(self, output: "pulumi.Output[Any]") -> None:
        self._output = output

    def __await__(self) -> Generator[Any, None, dict[str, Any]]:
        return self._written().__await__()

    async def _written(self) -> dict[str, Any]:
        resources = await self._output.resources()
        written = {
            **_OUTPUT_VALUE,
            "secret": False,
            "dependencies": [await resource.urn.future() for resource in resources],
        }
        if await self._output.is_known():
            written["value"] = await self._output.future()
        return written


def with_dependencies(node: Any) -> Any:
    """Write every output in data so that its dependencies survive a transform."""
    if isinstance(node, pulumi.Output):
        return _OutputValue(node)
    if isinstance(node, Mapping):
        return {key: with_dependencies(each) for key, each in node.items()}
    if isinstance(node, list | tuple):
        return [with_dependencies(each) for each in node]
    return node
