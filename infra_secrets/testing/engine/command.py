"""The `pulumi` command: found, run with no account in reach, and killed when a test wants that.

A program of this process is run by the Automation API's language server. The rest of that API is left
out on purpose: its `stack select`, `stack output` and `stack history` processes around every
operation cost a quarter of a second each, its events drop what they do not know, and it cannot
kill.
"""

import asyncio
import contextlib
import contextvars
import functools
import io
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent import futures
from pathlib import Path
from typing import Any, Final, TextIO, cast

import grpc
from google.protobuf import empty_pb2
from pulumi import RunError
from pulumi.runtime.proto import engine_pb2, events_pb2_grpc, language_pb2, language_pb2_grpc
from pulumi.runtime.settings import SETTINGS
from semver import VersionInfo

from infra_secrets.errors import InfraSecretsError
from infra_secrets.project import OLDEST_PULUMI
from infra_secrets.testing.engine.callbacks import ThreadedCallbacks
from infra_secrets.testing.internals import (
    CHANNEL_OPTIONS,
    Answers,
    LanguageServer,
    ReferringMonitor,
    use,
)
from infra_secrets.testing.program.accounts import harmless_environment

OLDEST_ENGINE: Final = VersionInfo(*OLDEST_PULUMI)

# A checkpoint or a chart may be large; the engine allows 400 MB (sdk/go/common/util/rpcutil).
_MESSAGE_LIMIT: Final = 400 * 1024 * 1024
_OWN_CONNECTIONS: Final = ("grpc.use_local_subchannel_pool", 1)
GRPC_OPTIONS: Final = [
    ("grpc.max_receive_message_length", _MESSAGE_LIMIT),
    ("grpc.max_send_message_length", _MESSAGE_LIMIT),
    ("grpc.so_reuseport", 0),
]
OnLine = Callable[[str], object]
OnEvent = Callable[[dict[str, Any]], object]


class EngineMissingError(InfraSecretsError, FileNotFoundError):
    """There is no `pulumi` command, or one that is too old."""


def find_engine() -> str:
    """Return the path of the `pulumi` command.

    Raises:
        EngineMissingError: It is not on the PATH, or it is older than `OLDEST_ENGINE`.
    """
    path = shutil.which("pulumi")
    if path is None:
        raise EngineMissingError(
            "There is no `pulumi` command on the PATH: install it"
            " (https://www.pulumi.com/docs/install/),"
            " or, in a clone of this project, run `make engine`, which builds it with Go."
        )
    version = engine_version(path)
    if version < OLDEST_ENGINE:
        raise EngineMissingError(
            f"`pulumi` is version {version}; a rehearsal needs {OLDEST_ENGINE} or later. Install a"
            " newer"
            " one (https://www.pulumi.com/docs/install/)."
        )
    return path


@functools.lru_cache(maxsize=8)
def engine_version(path: str) -> VersionInfo:
    """Return the version of a `pulumi` command; asked once per process."""
    answer = subprocess.run(  # noqa: S603 (the command that was found on the PATH)
        [path, "version"],
        env={**harmless_environment(), "PULUMI_SKIP_UPDATE_CHECK": "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    return VersionInfo.parse(answer.stdout.strip().removeprefix("v"))


class Engine:
    """Runs `pulumi` commands, one at a time.

    Args:
        path: The command.
        directory: Where `Pulumi.yaml` is.
        environment: The whole environment of the process.
    """

    def __init__(self, path: str, directory: Path, environment: Mapping[str, str]) -> None:
        self._path = path
        self._directory = directory
        self._environment = dict(environment)
        self._process: subprocess.Popen[str] | None = None
        self.killed = False

    def run(self, arguments: Sequence[str], on_line: OnLine | None = None) -> tuple[int, str]:
        """Run a command; return its exit code and what it printed, both streams in order."""
        lines: list[str] = []
        # A session of its own, so that a kill reaches the language hosts that the engine started, and
        # an interrupt from the terminal does not reach the engine behind our back.
        with subprocess.Popen(  # noqa: S603 (the command that was found on the PATH)
            [self._path, "--non-interactive", "--color", "never", *arguments],
            cwd=self._directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as process:
            self._process = process
            try:
                for line in process.stdout or ():
                    lines.append(line.rstrip())
                    if on_line is not None:
                        on_line(lines[-1])
            except BaseException:
                self.kill()
                raise
        return process.returncode, "\n".join(lines)

    def operate(
        self,
        arguments: Sequence[str],
        program: "InlineProgram | None",
        on_event: OnEvent,
        on_line: OnLine | None = None,
    ) -> tuple[int, str]:
        """Run an operation on a stack, with a program of this process if there is one.

        Args:
            arguments: The command.
            program: What the engine runs; None when it starts a language host, or runs nothing.
            on_event: Called with each event of the engine, from another thread.
            on_line: Called with each line of output.
        """
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), options=GRPC_OPTIONS)
        on_event = _one_at_a_time(on_event)
        events_pb2_grpc.add_EventsServicer_to_server(_Events(on_event), server)
        port = server.add_insecure_port("127.0.0.1:0")
        kind = "auto.local"
        client: list[str] = []
        if program is not None:
            if not {"--debug", "-d"} & {*arguments}:
                program.on_debug = on_event
            language_pb2_grpc.add_LanguageRuntimeServicer_to_server(program, server)
            kind, client = "auto.inline", [f"--client=127.0.0.1:{port}"]
        server.start()
        patience = 30.0
        try:
            return self.run(
                [
                    *arguments,
                    *client,
                    "--exec-kind",
                    kind,
                    "--event-log",
                    f"tcp://127.0.0.1:{port}",
                ],
                on_line,
            )
        except KeyboardInterrupt:
            patience = 1.0  # whoever pressed the keys does not wait for a program that sleeps
            raise
        finally:
            if program is not None:
                program.wait(patience)
            server.stop(grace=min(patience, 5.0)).wait()

    def kill(self) -> None:
        """Kill the engine and everything it started, as `kill -9` does."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        self.killed = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _one_at_a_time(on_event: OnEvent) -> OnEvent:
    """Events come from the engine's stream and from the program's own threads."""
    lock = threading.Lock()

    def locked(event: dict[str, Any]) -> None:
        with lock:
            on_event(event)

    return locked


class _ShortLog:
    """The engine's log, which is not sent what it would only hand back as an event: debug messages.

    The SDK writes ten for a resource, and waits for each.
    """

    def __init__(self, engine: Any, on_event: OnEvent) -> None:
        self._engine = engine
        self._on_event = on_event

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def Log(self, request: Any, *options: Any, **more: Any) -> Any:  # noqa: N802
        """Log a message."""
        if request.severity != engine_pb2.DEBUG:
            return self._engine.Log(request, *options, **more)
        said = {"severity": "debug", "prefix": "debug: ", "color": "never"}
        own = {"urn": request.urn} if request.urn else {}
        self._on_event({"diagnosticEvent": {**said, **own, "message": f"{request.message}\n"}})
        return empty_pb2.Empty()


class _Events(events_pb2_grpc.EventsServicer):
    """Hands over the engine's events as they are: the leak canary must see what was written."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event

    def StreamEvents(self, request_iterator: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        del context
        with contextlib.suppress(grpc.RpcError):  # a killed engine ends its stream with an error
            for request in request_iterator:
                self._on_event(json.loads(request.event))
        return empty_pb2.Empty()


# A program inside this process -------------------------------------------------------------------

_printed: contextvars.ContextVar[io.StringIO | None] = contextvars.ContextVar(
    "_printed", default=None
)


class InlineProgram(LanguageServer):
    """The Automation API's language server, which leaves nothing behind when its engine dies.

    Args:
        program: The program.
        root: What `pulumi.get_root_directory()` answers in it.
        answers: What it is answered that no engine knows.

    Attributes:
        output: What the program printed.
        on_debug: Called with each debug message, as an event; None to let the engine make it one.
    """

    def __init__(self, program: Callable[[], object], root: Path, answers: Answers) -> None:
        super().__init__(self._start)
        self._own_program = program
        self._root = root
        self._answers = answers
        self._buffer = io.StringIO()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[Any] | None = None
        self._callbacks: ThreadedCallbacks | None = None
        self._idle = threading.Event()
        self._idle.set()
        self.on_debug: OnEvent | None = None

    @property
    def output(self) -> str:
        """What the program printed, both streams in order."""
        return self._buffer.getvalue().rstrip("\n")

    def _start(self) -> Any:
        self._loop, self._main = asyncio.get_running_loop(), asyncio.current_task()
        # Callbacks of outputs run later, in copies of this context.
        _printed.set(self._buffer)
        self._callbacks = ThreadedCallbacks(SETTINGS.monitor, GRPC_OPTIONS)
        SETTINGS.callbacks = self._callbacks
        SETTINGS.root_directory = str(self._root)  # the Automation API leaves it out
        SETTINGS.monitor = ReferringMonitor(SETTINGS.monitor, self._answers.stacks)
        if self.on_debug is not None:
            SETTINGS.engine = _ShortLog(SETTINGS.engine, self.on_debug)
        use(self._answers)
        try:
            return self._own_program()
        except SystemExit as ended:
            if ended.code:
                number = isinstance(ended.code, int)
                how = f" with exit code {ended.code}" if number else f": {ended.code}"
                raise RunError(f"the program ended itself{how}") from None
            return None  # `sys.exit()` and `sys.exit(0)` end a program well, as they do on its own host

    @property
    def _failed(self) -> bool:
        """Whether the program itself has failed; the language server then logs why."""
        main = self._main
        return main is not None and main.done() and bool(main.cancelled() or main.exception())

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Run the program, as the engine asks."""
        self._idle.clear()
        asyncio_log = logging.getLogger("asyncio")
        level = asyncio_log.level
        streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (
            cast("TextIO", _Routed(streams[0])),
            cast("TextIO", _Routed(streams[1])),
        )
        # gRPC shares connections by address over the whole process, refusals included, and the SDK never
        # closes its own: an engine that gets the port of a dead one would be refused without being tried.
        CHANNEL_OPTIONS.append(_OWN_CONNECTIONS)
        try:
            answer = super().Run(request, context)  # type: ignore[no-untyped-call]
        except (grpc.RpcError, RunError, asyncio.InvalidStateError) as failed:
            # The language server gives up its own answer when a task fails that it cancels at the end. Never
            # take that for success; where the engine ended first, nobody reads this.
            answer = language_pb2.RunResponse(error=str(failed) or "the program failed")
        except (SystemExit, RuntimeError):
            # `sys.exit` in several callbacks: the language server reports the first, and is thrown out of its
            # own cleaning up by the next. Without an answer the engine would wait forever.
            answer = _REPORTED
        finally:
            CHANNEL_OPTIONS.remove(_OWN_CONNECTIONS)
            try:
                self._close_loop()
                if self._callbacks is not None:
                    self._callbacks.close()
            finally:
                sys.stdout, sys.stderr = streams
                asyncio_log.setLevel(level)
                self._idle.set()
        return _REPORTED if self._failed else answer

    def _exception_handler(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # The engine has reported why a program failed. A future that nobody awaited would say it once more,
        # in the middle of whatever runs when it is collected.
        if "never retrieved" not in context.get("message", ""):
            super()._exception_handler(loop, context)  # type: ignore[no-untyped-call]

    def _close_loop(self) -> None:
        """Do what the language server does at the end, and does not reach without an engine."""
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        while pending := asyncio.all_tasks(loop):
            _cancel_everything(loop)
            # A task's own exit ends that task; a lost connection stops the loop. The rest is still to come.
            with contextlib.suppress(SystemExit, RuntimeError):
                loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        loop.close()

    def wait(self, patience: float) -> None:
        """Wait until the program has left its thread, and make it leave when its engine is gone.

        The SDK cannot be trusted to notice: what it logs about a dead engine goes to that engine, the
        error of that hides the first one, and outputs wait forever.
        """
        if self._idle.wait(0.2):
            return
        loop = self._loop
        with contextlib.suppress(RuntimeError):  # closed in the meantime
            if loop is not None:
                loop.call_soon_threadsafe(_cancel_everything, loop)
        if not self._idle.wait(patience):
            warnings.warn("the program still runs although its engine has ended", stacklevel=2)


# An error that was answered would be printed once more, as an unhandled one. A program's own process answers this too.
_REPORTED = language_pb2.RunResponse(bail=True)


def _cancel_everything(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()


class _Routed(io.TextIOBase):
    """A stream that takes what a program prints to its own buffer, and passes on all else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        buffer = _printed.get()
        return (self._stream if buffer is None else buffer).write(text)

    def flush(self) -> None:
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
