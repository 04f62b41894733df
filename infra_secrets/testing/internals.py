"""What the testing kit uses of Pulumi's Python SDK that has a private name, and which of its methods it replaces: each
piece, why, and the test that notices when it breaks.

Public names are used everywhere else. A method is replaced once, when this module is imported; where no program of a
rehearsal or a recording runs, it does what it did before.
"""

import contextlib
import contextvars
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import pulumi
import pulumi.dynamic
from pulumi.automation._server import LanguageServer
from pulumi.runtime._callbacks import _CallbackServicer as CallbackServicer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS as CHANNEL_OPTIONS

from infra_secrets.testing.program.stack_outputs import (
    STACK_REFERENCE,
    StackOutputs,
    StackOutputsError,
)
from infra_secrets.testing.values import SecretValue

__all__ = ["CHANNEL_OPTIONS", "CallbackServicer", "LanguageServer"]

# Private names -----------------------------------------------------------------------------------
#
# LanguageServer runs a program of this process for an engine. The public Automation API, which is made of it,
# starts three more processes around every operation and cannot kill one (`engine/command.py`). It is overridden in
# `Run` and `_exception_handler`. Noticed by tests/testing/rehearsal/test_rehearsal.py, whose programs are
# functions.
#
# CallbackServicer knows hooks and transforms by name. Its own server is of `grpc.aio`, which ends a process that runs
# many programs (`engine/callbacks.py`). Used are `_callbacks`, `_transforms`, `_state_migrations`, `_monitor`,
# `_target` and `pretty_error`. Noticed by test_hooks_and_transforms_run_in_the_program_s_own_context.
#
# CHANNEL_OPTIONS is the list with which the SDK opens its channels; there is no other way to give an option to them.
# Noticed by test_a_program_shares_no_connection_with_another_engine.


def is_output_type(class_: type) -> bool:
    """Tell the class of an object in a resource's outputs, which Pulumi marks with an attribute (pulumi, _types.py).

    Noticed by tests/testing/computed/test_made_up_outputs.py.
    """
    return hasattr(class_, "_pulumi_output_type")


def wire_name(getter: object) -> str | None:
    """Return a property's name on the wire, which Pulumi keeps at its getter (pulumi, _types.py); None for anything
    else.

    Noticed by tests/testing/computed/test_made_up_outputs.py.
    """
    return getattr(getter, "_pulumi_name", None)


def initializer(class_: type) -> Any:
    """Return what has a resource's arguments one by one; its public constructor also takes them as one object.

    Noticed by tests/testing/computed/test_made_up_outputs.py.
    """
    return getattr(class_, "_internal_init", class_)


# What a program is answered ----------------------------------------------------------------------

Declared = dict[tuple[str, str], dict[str, Any]]


@dataclass(slots=True)
class Answers:
    """What a program is answered that no engine knows.

    Attributes:
        stacks: The outputs of other stacks.
        declared: Names and types of what dynamic resources declare, by type and name. It is filled while it runs.
    """

    stacks: StackOutputs
    declared: Declared = field(default_factory=dict)


_answers: contextvars.ContextVar[Answers | None] = contextvars.ContextVar("_answers", default=None)


def use(answers: Answers) -> None:
    """Answer the program that runs in this context."""
    _answers.set(answers)


# Outputs of other stacks ------------------------------------------------------------------------
#
# `get_output`, `require_output` and `get_output_details` are replaced. An engine that lacks an output answers None, and
# only these methods know which name was asked for, so only they can say that it was not given.
# Noticed by test_an_output_that_was_not_given_is_named_with_the_way_out,
# test_an_output_that_is_required_and_absent_is_refused_as_the_sdk_does and
# test_the_details_of_an_output_that_was_not_given_are_refused_as_well.


def _answered(
    method: Callable[[pulumi.StackReference, Any], Any], *, required: bool
) -> Callable[..., Any]:
    """Answer from what was given, without the SDK's own way.

    That makes an output of coroutines, of which those that come after a failed one are never awaited: Python would say
    so on standard error, whenever it collects them.
    """

    def get(reference: pulumi.StackReference, name: Any) -> Any:
        answers = _answers.get()
        if answers is None:
            return method(reference, name)

        def answer(known: list[Any]) -> Any:
            if answers.stacks.is_own(known[0]):
                return method(reference, known[1])
            output = answers.stacks.output(known[0], known[1])
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
    answers, asked = _answers.get(), await reference.name.future()
    if answers is not None and asked is not None:
        answers.stacks.output(asked, name)
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
#
# The constructor is replaced: a property of None is what a dynamic resource declares to compute, and the SDK leaves
# such out of the request. Noticed by test_a_dynamic_provider_is_not_run_and_what_it_declares_is_made_up and
# test_a_recording_knows_what_a_dynamic_resource_declares.

_PLAIN: Final[dict[str, type]] = {"bool": bool, "int": int, "float": float}
_PLAIN_OUTPUT: Final = re.compile(r"Output\[(bool|int|float)\]")
_make_dynamic = pulumi.dynamic.Resource.__init__


def _declaring(
    resource: pulumi.dynamic.Resource, provider: Any, name: str, props: Any, opts: Any = None
) -> None:
    missing = [key for key, value in (props or {}).items() if value is None]
    _make_dynamic(resource, provider, name, props, opts)
    answers = _answers.get()
    if answers is not None:  # before it is registered, which a task does later
        hints = _hints(type(resource))
        answers.declared[resource.pulumi_resource_type, name] = {
            key: hints.get(key, str) for key in missing
        }


def _hints(class_: type) -> dict[str, type]:
    """Return the plain types of a class's annotated outputs."""
    found: dict[str, type] = {}
    for base in class_.__mro__:
        try:
            own = inspect.get_annotations(base)
        except NameError:  # what Python 3.14 evaluates here may be there for type checkers only
            continue
        for name, hint in own.items():
            match = _PLAIN_OUTPUT.search(str(hint))
            if match is not None:
                found.setdefault(name, _PLAIN[match[1]])
    return found


# Config that a program requires --------------------------------------------------------------------
#
# The methods `require*` of `pulumi.Config` are replaced: the config itself is asked the same for a value that is
# required and for one that may be missing. Noticed by test_a_fresh_clone_gets_config_in_the_type_that_is_required.

Kind = Literal["text", "bool", "int", "float", "object"]
Listener = Callable[[str, Kind, bool], None]
"""Called with the full key of what is required, what it is read as, and whether as a secret."""

_KINDS: Final[dict[str, Kind]] = {
    "": "text",
    "_bool": "bool",
    "_int": "int",
    "_float": "float",
    "_object": "object",
}
_listener: contextvars.ContextVar[Listener | None] = contextvars.ContextVar(
    "_listener", default=None
)


@contextlib.contextmanager
def hearing_requirements(listener: Listener) -> Iterator[None]:
    """Tell a listener what a program requires that is run in this block, before the SDK looks for it."""
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)


def _heard(
    require: Callable[[pulumi.Config, str], Any], kind: Kind, *, secret: bool
) -> Callable[[pulumi.Config, str], Any]:
    def heard(config: pulumi.Config, key: str) -> Any:
        listener = _listener.get()
        if listener is not None:
            listener(config.full_key(key), kind, secret)
        return require(config, key)

    return heard


# Replaced ------------------------------------------------------------------------------------------


def _replace() -> None:
    reference = pulumi.StackReference
    methods = {
        "get_output": _answered(reference.get_output, required=False),
        "require_output": _answered(reference.require_output, required=True),
        "get_output_details": _details,
    }
    for name, method in methods.items():
        setattr(reference, name, method)
    pulumi.dynamic.Resource.__init__ = _declaring  # type: ignore[method-assign, assignment]
    for ending, kind in _KINDS.items():
        for secret in ("", "_secret"):
            name = f"require{secret}{ending}"
            if hasattr(pulumi.Config, name):
                heard = _heard(getattr(pulumi.Config, name), kind, secret=bool(secret))
                setattr(pulumi.Config, name, heard)


_replace()
