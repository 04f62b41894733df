"""What the package uses of Pulumi's Python SDK that is not public: each piece, why, and the test that notices.

Nothing else outside of `testing/`, which has such a file of its own, uses private names, or what
`pulumi.runtime` does not offer by itself (`tests/component/test_internals.py`). Tried with SDKs from 3.261 to
3.272 on the engine 3.259.
"""

import asyncio
import contextvars
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pulumi
from pulumi import _types
from pulumi.runtime import config, rpc
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import callback_pb2, resource_pb2
from pulumi.runtime.settings import SETTINGS, _get_callbacks, get_monitor

from infra_secrets.errors import InfraSecretsError

if TYPE_CHECKING:
    from pulumi.provider import Provider

_Answer = TypeVar("_Answer")

# A run -------------------------------------------------------------------------------------------


def connection() -> object:
    """Return the connection to the engine that the code which calls this has; what a run knows hangs on it.

    Nothing public is one object for the whole of a run and gone with it.
    Noticed by `tests/component/test_run.py::test_a_run_is_released_when_it_is_over`.
    """
    return get_monitor()


def config_keys() -> list[str]:
    """List the keys of the stack's config in full, `namespace:key`; publicly one can only ask for a key.

    Noticed by
    `tests/component/test_plain_text.py::test_the_value_of_a_secret_is_refused_with_its_place_and_its_config_key`.
    """
    return list({**pulumi.runtime.get_config_env(), **config.CONFIG.get()})


# Mocks -------------------------------------------------------------------------------------------


def is_without_engine() -> bool:
    """Whether it runs under `pulumi.runtime.set_mocks`: there is no state to ask, and nobody calls a hook.

    A recording answers as an engine does, and says so by this attribute. Nothing public tells mocks from an engine.
    Noticed by
    `tests/test_pulumi_mocks.py::test_a_secret_with_every_argument_works_whatever_the_mocks_answer`.
    """
    monitor = get_monitor()
    return isinstance(monitor, MockMonitor) and not getattr(monitor, "answers_as_an_engine", False)


def this_test() -> tuple[object, object]:
    """Return what is another pair of objects in the next test under mocks.

    `pulumi.runtime.test` gives each test that it decorates a new list of calls (`RPCManager.clear`), which nothing else
    does; an asynchronous test has an event loop of its own. A test that has neither cannot be told from the one
    before: the second object is None then.
    Noticed by
    `tests/test_pulumi_mocks.py::test_a_test_meets_nothing_of_another_and_two_secrets_of_one_are_still_one_container`.
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
    holds one. A hook that needed one of them would wait for its own resource, forever.
    Noticed by `tests/containers/test_ownership.py::test_many_refused_creations_in_a_new_stack_are_all_answered`.
    """
    run = contextvars.copy_context().run  # in which Pulumi keeps its settings
    return await asyncio.get_running_loop().run_in_executor(_THREADS, run, call, *args)


@dataclass(frozen=True, slots=True)
class Asking:
    """By which provider a function is answered.

    `pulumi.runtime.invoke` waits for threads that a hook must not wait for (see `in_a_thread`).
    Noticed by
    `tests/containers/test_on_the_engine.py::test_the_vault_is_asked_with_the_login_that_a_transform_has_chosen`.

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
    Noticed by `tests/containers/test_ownership.py::test_a_refused_rename_sends_nothing`, and the crash by
    `tests/containers/test_on_the_engine.py::test_a_program_that_fails_at_once_says_why_and_is_no_success`.

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
        await self.kind(self.name, *self._rest)._registered

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
    Noticed by `tests/containers/test_ownership.py::test_no_transform_takes_away_what_keeps_the_value`.
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
    Noticed by `tests/containers/test_ownership.py::test_no_transform_lets_gcp_delete_before_it_replaces`.
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

    component._transformations = [*component._transformations, restore]


class Holder:
    """Lets nothing drop the options of a container that runs in the engine (`transforms=`), one for a run.

    The engine runs the transforms of a resource and its ancestors, then those of the stack in the order of
    their registration, and the SDK holds a new one back until everything before it is registered. So a
    transform of the stack that is registered just before a container runs last for it. It is made only
    where a program has transforms, because the engine calls it for every resource; and it answers in the
    protocol's messages, because the SDK would lose `delete_before_replace=False` of this one too.
    Noticed by `tests/containers/test_ownership.py::test_no_transform_takes_away_what_keeps_the_value` and
    `tests/workloads/test_provider.py::test_a_provider_that_a_transform_chose_and_that_shows_values_gets_none`.
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
        if callbacks is None or len(callbacks._transforms) == self._seen:
            return
        self._seen = len(callbacks._transforms)
        token = str(uuid.uuid4())
        callbacks._callbacks[token] = self._restore
        callbacks._monitor.RegisterStackTransform(
            callback_pb2.Callback(token=token, target=callbacks._target)
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
    """Tell the class of an `*Args` object, which Pulumi marks with an attribute (pulumi 3.272, _types.py).

    Noticed by `tests/component/test_plain_text.py::test_a_literal_in_a_spec_is_refused_when_it_is_injected`.
    """
    return bool(_types.is_input_type(class_))


# Aliases -----------------------------------------------------------------------------------------


def aliases_of(component: pulumi.Resource) -> list[pulumi.Output[str]]:
    """List the URNs that a component answers to besides its own; the SDK keeps them in `_aliases`.

    Noticed by `tests/containers/test_ownership.py::test_grants_keep_their_access_when_a_failed_rename_gets_its_alias`.
    """
    return [pulumi.Output.from_input(cast(Any, alias)) for alias in component._aliases]


# A plugin ----------------------------------------------------------------------------------------


def serve(provider: "Provider", begins: Callable[[object], None]) -> None:
    """Serve components to other languages until the engine is done: `pulumi.provider.main`, but for a few things.

    gRPC puts `Unexpected <class ...>` before what a component refuses only once it is known. Null is left out, although
    whoever writes `value: null` looks for a place for the value. An option that was not given arrives as false, which a
    `Secret` that is kept refuses. And nothing says which calls are of one run.
    Noticed by `tests/test_plugin.py::test_null_under_the_name_of_a_value_is_refused_too`,
    `tests/test_plugin.py::test_a_remote_component_makes_the_same_container_and_the_value_survives`,
    `tests/test_plugin.py::test_a_refusal_of_what_an_output_holds_reaches_other_languages_as_its_message` and
    `tests/test_plugin.py::test_two_remote_secrets_that_would_be_one_container_are_refused`.

    Args:
        provider: Makes the components.
        begins: Called before each call with the run that it belongs to: the same for all calls of one run.
    """
    from pulumi.errors import InputPropertiesError
    from pulumi.provider import main, server

    own = server.ProviderServicer

    class Servicer(server.ProviderServicer):
        @staticmethod
        def _construct_options(request: Any) -> pulumi.ResourceOptions:
            opts = own._construct_options(request)
            if not request.HasField("protect"):
                _leave_protection(opts)
            if not request.HasField("retainOnDelete"):
                opts.retain_on_delete = None
            return opts

        @staticmethod
        async def _construct_inputs(inputs: Any, input_dependencies: Any) -> dict[str, Any]:
            found = await own._construct_inputs(inputs, input_dependencies)
            return {**dict.fromkeys(inputs), **found}

        async def _construct(self, request: Any, context: Any) -> Any:
            # The engine has an address of its own for each run; that of a preview may come back.
            begins((request.monitorEndpoint, request.dryRun))
            try:
                return await super()._construct(request, context)
            except InfraSecretsError as refusal:
                raise InputPropertiesError(str(refusal), []) from None

    server.ProviderServicer = Servicer  # type: ignore[misc] # `main` takes no other
    main(provider, sys.argv[1:])


def _leave_protection(opts: pulumi.ResourceOptions) -> None:
    """Make `protect` an option that was not given.

    The SDK then asks the parent (`_protect`), which it does not have where another language's program has it. What
    that program says of the parent, the engine has counted in already.
    """
    opts.protect = None
    if opts.parent is not None:
        opts.parent._protect = None
