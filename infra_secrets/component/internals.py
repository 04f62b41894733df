"""What the package uses of Pulumi's Python SDK that has a private name: each piece, why, and what breaks without it.

Public names are used everywhere else. Tried with SDKs from 3.261 to 3.272 on the engine 3.259.
"""

import asyncio
import contextvars
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import pulumi
from pulumi import _types
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import callback_pb2, resource_pb2
from pulumi.runtime.settings import SETTINGS, _get_callbacks, get_monitor

_Answer = TypeVar("_Answer")

# Mocks -------------------------------------------------------------------------------------------


def is_without_engine() -> bool:
    """Whether it runs under `pulumi.runtime.set_mocks`: there is no state to ask, and nobody calls a hook.

    A recording answers as an engine does, and says so by this attribute.
    """
    monitor = get_monitor()
    return isinstance(monitor, MockMonitor) and not getattr(monitor, "answers_as_an_engine", False)


def this_test() -> tuple[object, object]:
    """Return what is another pair of objects in the next test under mocks.

    `pulumi.runtime.test` gives each test that it decorates a new list of calls (`RPCManager.clear`), which nothing else
    does; an asynchronous test has an event loop of its own. A test that has neither cannot be told from the one
    before: the second object is None then.
    """
    try:
        loop: object = asyncio.get_running_loop()
    except RuntimeError:
        loop = None
    return SETTINGS.rpc_manager.rpcs, loop


# Questions ---------------------------------------------------------------------------------------

_THREADS = ThreadPoolExecutor(max_workers=8, thread_name_prefix="infra-secrets")


async def in_a_thread(call: Callable[..., _Answer], *args: object) -> _Answer:
    """Run something that blocks, beside the threads of the event loop.

    Those are four for each operation that the engine may run at once, and each resource that waits for its turn
    holds one. A hook that needed one of them would wait for its own resource, and for ever.
    """
    run = contextvars.copy_context().run  # in which Pulumi keeps its settings
    return await asyncio.get_running_loop().run_in_executor(_THREADS, run, call, *args)


@dataclass(frozen=True, slots=True)
class Asking:
    """By which provider a function is answered.

    Attributes:
        provider: An explicit one; None for the default provider of the function's package.
        version: Which of them. It must be the one that a container itself has: the engine would have to start another,
            and cannot while all its workers wait for hooks.
    """

    provider: pulumi.ProviderResource | None = None
    version: str | None = None

    async def ask(self, function: str, args: Mapping[str, str]) -> Mapping[str, Any] | None:
        """Call a provider's function, also from within a hook, where `pulumi.runtime.invoke` may never come back.

        Returns:
            What it answered; None in a preview in which the provider is not known yet.

        Raises:
            LookupError: The provider refused.
            grpc.RpcError: The engine could not ask it.
        """
        reference = ""
        if self.provider is not None:
            urn, id_ = await self.provider.urn.future(), await self.provider.id.future()
            reference = f"{urn}::{id_ or rpc.UNKNOWN}"
        request = resource_pb2.ResourceInvokeRequest(
            tok=function,
            args=await rpc.serialize_properties(args, {}),
            provider=reference,
            version=self.version or "",
            acceptResources=True,
        )
        response = await in_a_thread(cast(Any, get_monitor()).Invoke, request)
        for failure in response.failures:
            raise LookupError(failure.reason)
        if response.unknown:
            return None
        answer, _ = rpc.deserialize_properties_unwrap_secrets(getattr(response, "return"))
        return cast("Mapping[str, Any]", answer)


# Hooks -------------------------------------------------------------------------------------------


class Later:
    """A hook that is registered when it is first awaited, and not when it is made.

    A hook registers itself when it is made, and the first one of a program starts a server in it. A program
    that fails in that very moment (an `apply` that raises at once) stops the server while it starts, on
    which grpcio 1.85 crashes: Python would end with a segmentation fault, and the program's own error
    would be lost. So hooks are registered after their component is.

    Args:
        kind: `pulumi.ResourceHook` or `pulumi.ErrorHook`.
        name: Unique in the program.
        rest: What else the kind takes.
    """

    def __init__(self, kind: type[Any], name: str, *rest: object) -> None:
        self.kind = kind
        self.name = name
        self._rest = rest
        self._registering: asyncio.Future[None] | None = None

    async def register(self) -> None:
        """Register it; the second time there is nothing to do."""
        if self._registering is None:
            self._registering = asyncio.ensure_future(self._register())
        await self._registering

    async def _register(self) -> None:
        await self.kind(self.name, *self._rest)._registered  # noqa: SLF001

    def bound(self, ready: Awaitable[None]) -> Any:
        """Return the hook for one resource, which the SDK registers only when `ready` is.

        `_registered` is what the SDK awaits before it registers a resource (`_prepare_resource_hooks`). A
        resource that is registered before its hook would be refused by the engine.
        """
        hook = object.__new__(self.kind)
        hook.name = self.name
        hook._registered = ready
        return hook


# Transforms --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Held:
    """Resource options that reach the engine whatever the transforms of a program make of them.

    A transform that returns the options it was given loses `delete_before_replace=False`, because the SDK
    tests whether it is true and not whether it is there (`_transformation_resource_options`); one that
    makes new options loses all of them.
    """

    protect: bool | None
    retain_on_delete: bool | None
    ignore_changes: tuple[str, ...]
    import_: str | None
    hooks: Mapping[str, Sequence[Any]]

    @classmethod
    def of(cls, opts: pulumi.ResourceOptions) -> "Held":
        """Take from the options of a container what must hold."""
        hooks = opts.hooks or pulumi.ResourceHookBinding()
        return cls(
            protect=opts.protect,
            retain_on_delete=opts.retain_on_delete,
            ignore_changes=tuple(cast("Iterable[str]", opts.ignore_changes or ())),
            import_=opts.import_,
            hooks={kind: tuple(getattr(hooks, kind) or ()) for kind in _HOOKS},
        )

    def restore(self, opts: pulumi.ResourceOptions) -> None:
        """Put it back into the options that a transformation of the older kind returned."""
        opts.protect = opts.protect if self.protect is None else self.protect
        opts.retain_on_delete = self.retain_on_delete or opts.retain_on_delete
        opts.delete_before_replace = False
        opts.import_ = self.import_
        opts.ignore_changes = _joined(cast(Any, opts.ignore_changes), self.ignore_changes)
        hooks = opts.hooks = opts.hooks or pulumi.ResourceHookBinding()
        for kind, held in self.hooks.items():
            setattr(hooks, kind, _joined(getattr(hooks, kind), held))

    def restore_message(self, opts: resource_pb2.TransformResourceOptions) -> None:
        """Put it back into the options that the engine got from the transforms before this one."""
        if self.protect is not None:
            opts.protect = self.protect
        if self.retain_on_delete:
            opts.retain_on_delete = True
        opts.delete_before_replace = False
        setattr(opts, "import", self.import_ or "")
        _extend(opts.ignore_changes, self.ignore_changes)
        for kind, held in self.hooks.items():
            _extend(getattr(opts.hooks, kind), [hook.name for hook in held])


_HOOKS = ("before_create", "before_update", "on_error")
"""Those that the package binds; one before a deletion would need `pulumi destroy --run-program`."""


def _extend(there: Any, held: Sequence[str]) -> None:
    there.extend(each for each in held if each not in there)


def _joined(there: Sequence[Any] | None, held: Sequence[Any]) -> list[Any]:
    return [*(there or ()), *(each for each in held if each not in (there or ()))]


ProviderFound = Callable[[pulumi.ProviderResource], Awaitable[None] | None]
"""Called with the provider that the options name when every transform has run; it may refuse that."""


def hold_after_transformations(
    component: pulumi.Resource, name: str, held: Held, found: ProviderFound
) -> None:
    """Let nothing drop the options of a component's child that runs in the SDK (`transformations=`).

    A child's own transformations run first, then those of its parent, so this stands behind them all. The
    list has no public name.
    """

    def restore(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        if args.name != name or args.opts.parent is not component:
            return None
        held.restore(args.opts)
        if args.opts.provider is not None:
            found(args.opts.provider)
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    component._transformations = [*component._transformations, restore]  # noqa: SLF001


class Holder:
    """Lets nothing drop the options of a container that runs in the engine (`transforms=`), one for a run.

    The engine runs the transforms of a resource and its ancestors, then those of the stack in the order of
    their registration, and the SDK holds a new one back until everything before it is registered. So a
    transform of the stack that is registered just before a container runs last for it. It is made only
    where a program has transforms, because the engine calls it for every resource; and it answers in the
    protocol's messages, because the SDK would lose `delete_before_replace=False` of this one too.
    """

    def __init__(self) -> None:
        self._held: dict[tuple[str, str, str], tuple[Held | None, ProviderFound]] = {}
        self._seen = 0

    async def hold(
        self, type_: str, name: str, parent_urn: str, held: Held | None, found: ProviderFound
    ) -> None:
        """Hold the options (None: only look at the provider) of a resource that is about to be registered."""
        self._held[type_, name, parent_urn] = held, found
        callbacks = await _get_callbacks()
        if callbacks is None or len(callbacks._transforms) == self._seen:  # noqa: SLF001
            return
        self._seen = len(callbacks._transforms)  # noqa: SLF001
        token = str(uuid.uuid4())
        callbacks._callbacks[token] = self._restore  # noqa: SLF001
        callbacks._monitor.RegisterStackTransform(  # noqa: SLF001
            callback_pb2.Callback(token=token, target=callbacks._target)  # noqa: SLF001
        )

    async def _restore(self, message: bytes) -> resource_pb2.TransformResponse:
        request = resource_pb2.TransformRequest.FromString(message)
        mine = self._held.get((request.type, request.name, request.parent))
        if mine is not None:
            held, found = mine
            if held is not None:
                held.restore_message(request.options)
            if request.options.provider:
                from pulumi.resource import DependencyProviderResource

                looked = found(DependencyProviderResource(request.options.provider))
                if looked is not None:
                    await looked
        return resource_pb2.TransformResponse(
            properties=request.properties, options=request.options
        )


# Arguments ---------------------------------------------------------------------------------------


def is_input_type(class_: type) -> bool:
    """Tell the class of an `*Args` object, which Pulumi marks with an attribute (pulumi 3.272, _types.py)."""
    return bool(_types.is_input_type(class_))


# Aliases -----------------------------------------------------------------------------------------


def aliases_of(component: pulumi.Resource) -> list[pulumi.Output[str]]:
    """List the URNs that a component answers to beside its own; the SDK keeps them in `_aliases`."""
    return [pulumi.Output.from_input(cast(Any, alias)) for alias in component._aliases]  # noqa: SLF001


# Options from other languages --------------------------------------------------------------------


def leave_protection(opts: pulumi.ResourceOptions) -> None:
    """Make `protect` an option that was not given.

    The SDK then asks the parent (`_protect`), which it does not have where another language's program has it. What
    that program says of the parent, the engine has counted in already.
    """
    opts.protect = None
    if opts.parent is not None:
        opts.parent._protect = None  # noqa: SLF001
