"""How the engine calls a program back: its resource hooks, transforms and state migrations.

The SDK serves them with `grpc.aio`, whose poller lives as long as any of its servers, wherever their event
loops are. A process that runs one program after another, each in a loop of its own, is killed by it
sooner or later (SIGSEGV in a handle of a loop whose poller is gone). Here nothing of `grpc.aio` is used.
"""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from concurrent import futures
from typing import Any

import grpc
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc

from infra_secrets.testing.internals import CallbackServicer

Call = Callable[[bytes], Any]


class UnservedCallbacks(CallbackServicer):
    """Knows callbacks by name and serves them to nobody. Mocks call none of them."""

    def __init__(self, monitor: Any, target: str = "127.0.0.1:0") -> None:
        # Deliberately not super().__init__: it makes the server.
        self._monitor = monitor
        self._callbacks: dict[str, Call] = {}
        self._transforms = {}
        self._state_migrations = {}
        self._target = target


class ThreadedCallbacks(UnservedCallbacks):
    """Serves callbacks from threads, and runs them in the program's loop and context.

    Make it inside the running program.
    """

    def __init__(self, monitor: Any, options: Any) -> None:
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        self._running: set[asyncio.Future[None]] = set()
        self._awaited: set[futures.Future[bytes]] = set()
        self._threads = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=options)
        callback_pb2_grpc.add_CallbacksServicer_to_server(_Threads(self), self._threads)
        port = self._threads.add_insecure_port("127.0.0.1:0")
        super().__init__(monitor, f"127.0.0.1:{port}")
        self._threads.start()

    def close(self) -> None:
        """Stop the server. Calls that still run are cut off."""
        for answer in list(self._awaited):
            answer.cancel()
        self._threads.stop(grace=None).wait(10)

    def knows(self, token: str) -> bool:
        """Whether a callback was registered."""
        return token in self._callbacks

    def call(self, token: str, request: bytes) -> bytes:
        """Run a callback where the program runs, and wait for what it answers."""
        callback = self._callbacks[token]
        answer: futures.Future[bytes] = futures.Future()

        async def run() -> None:
            try:
                message = await callback(request)
            except BaseException as error:  # noqa: BLE001 (it belongs to the engine)
                if not answer.cancelled():
                    answer.set_exception(error)
            else:
                if not answer.cancelled():
                    answer.set_result(message.SerializeToString())

        # A task copies the context in which it is made; that of a gRPC thread knows no program.
        self._loop.call_soon_threadsafe(self._start, run, context=self._context)
        self._awaited.add(answer)
        try:
            return answer.result()
        finally:
            self._awaited.discard(answer)

    def _start(self, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = asyncio.ensure_future(run())
        self._running.add(task)  # a loop keeps only weak references to its tasks
        task.add_done_callback(self._running.discard)


class _Threads(callback_pb2_grpc.CallbacksServicer):
    def __init__(self, callbacks: ThreadedCallbacks) -> None:
        self._own = callbacks

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        token = request.token
        if not self._own.knows(token):
            text = f"Callback with token {token} not found!"
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, text)
        try:
            response = self._own.call(token, request.request)
        except (asyncio.CancelledError, futures.CancelledError):
            context.abort(grpc.StatusCode.CANCELLED, f"Callback with token {token} was cancelled")
        except Exception as error:  # noqa: BLE001 (a program's callback may raise anything)
            details = self._own.pretty_error(error)
            text = f"Invoke callback {token} error: {details}"
            context.abort(grpc.StatusCode.UNKNOWN, text)
        return callback_pb2.CallbackInvokeResponse(response=response)
