"""Run a program under Pulumi's mocks and get every registration as plain data, in milliseconds.

    recording = Recording(config={"aws:region": "eu-west-1"})
    recording.run(lambda: Secret("StripeApiKey", cloud="aws"))
    assert recording.named("StripeApiKey").protect is True

Assert on it after the program has finished: an assertion inside `apply` may never run. Every run
has an event loop, settings and config of its own, and leaves nothing behind.

Mocks are not an engine: options that children inherit only there (`retain_on_delete`,
`deleted_with`), diffs, hooks and transforms do not happen here. That is what a `Rehearsal` is for.
"""

import asyncio
import contextvars
import tempfile
from collections.abc import Callable, Mapping
from concurrent import futures
from pathlib import Path
from typing import Any

from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime.settings import Settings, configure

from infra_secrets.project import full_key
from infra_secrets.testing.clouds import esc_providers
from infra_secrets.testing.engine.callbacks import UnservedCallbacks
from infra_secrets.testing.esc import (
    Definition,
    Environments,
    Opened,
    Value,
    made_up,
    set_variables,
    stack_file,
    write_settings,
)
from infra_secrets.testing.internals import Answers, use
from infra_secrets.testing.program.stack_outputs import StackOutputs
from infra_secrets.testing.recording.monitor import Log, Monitor
from infra_secrets.testing.recording.recorded import (
    NoSuchRegistrationError,
    Recorded,
    Registration,
)

__all__ = ["NoSuchRegistrationError", "Recording", "Registration"]


class Recording(Recorded):
    """Runs programs under mocks and keeps what they registered. Each run starts afresh.

    Args:
        project: The project's name.
        stack: The stack's name.
        config: Stack config. A key without a namespace belongs to the project; values that are not
            strings become JSON, as in a stack's file.
        secrets: Secret stack config.
        esc: ESC environments that the stack names, by `project/environment`, later ones win: see
            `infra_secrets.testing.esc`. What `secrets` and `config` say wins over them.
        opened: What a secrets manager holds for them, by provider and id, e.g.
            `{"aws-secrets": {"api/production/key": "made up"}}`. Any other value is made up.
        stack_outputs: Outputs of other stacks that the program reads, by `organization/project/stack`;
            secret ones as `SecretValue`. See `program/stack_outputs.py`.
        preview: Whether to run as a preview: what only a cloud knows is then unknown.

    Attributes:
        registrations: What the last run registered, in order; the stack itself is not among them.
        outputs: Registered outputs by component name; those of the stack under its own name,
            `PROJECT-STACK`, and as `exports`.
        infos: What the program logged with `pulumi.log.info`.
        warnings: The same for `pulumi.log.warn`.
        errors: The same for `pulumi.log.error`.
        stacks: What was given as `stack_outputs`.
        echoed: Tokens of functions that no simulated cloud knows; they returned their arguments.
    """

    def __init__(
        self,
        project: str = "project",
        stack: str = "stack",
        config: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        *,
        esc: Mapping[str, Definition] | None = None,
        opened: Mapping[str, Mapping[str, str]] | None = None,
        stack_outputs: Mapping[str, Mapping[str, Any]] | None = None,
        preview: bool = False,
    ) -> None:
        self.project = project
        self.stack = stack
        self.preview = preview
        self._config = dict(config or {})
        self._secrets = dict(secrets or {})
        self._environments = Environments(esc, esc_providers()) if esc else None
        self._held = dict(opened or {})
        self.stacks = StackOutputs(stack_outputs or {}, project, stack)
        self._merged: dict[str, Value] = {}
        super().__init__()

    def configure(
        self,
        *,
        project: str | None = None,
        stack: str | None = None,
        config: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        esc: Mapping[str, Definition] | None = None,
        opened: Mapping[str, Mapping[str, str]] | None = None,
        stack_outputs: Mapping[str, Mapping[str, Any]] | None = None,
        preview: bool | None = None,
    ) -> "Recording":
        """Change what the next run starts from; None leaves a setting as it is. Returns itself."""
        self.project = self.project if project is None else project
        self.stack = self.stack if stack is None else stack
        self.preview = self.preview if preview is None else preview
        self._config = self._config if config is None else dict(config)
        self._secrets = self._secrets if secrets is None else dict(secrets)
        if esc is not None:
            self._environments = Environments(esc, esc_providers()) if esc else None
        self._held = self._held if opened is None else dict(opened)
        if stack_outputs is not None:
            self.stacks = StackOutputs(stack_outputs, self.project, self.stack)
        return self

    @property
    def exports(self) -> Mapping[str, Any]:
        """The stack's outputs."""
        return self.outputs.get(f"{self.project}-{self.stack}", {})

    def run(self, program: Callable[[], object]) -> None:
        """Run a program to its end. What it raises is raised here.

        Args:
            program: A function, or a coroutine function. What it returns is ignored.

        Raises:
            EscError: An environment of `esc` cannot be evaluated.
        """
        self._forget()
        opened = self._environments.open(self._held_value) if self._environments else Opened()
        self._merged = opened.merged(self._own_config(), self.project)
        with (
            tempfile.TemporaryDirectory(prefix="infra-secrets-") as root,
            opened.written() as variables,
            set_variables(variables),
        ):
            self._write_project(Path(root))
            self._run_from(root, program)

    def _run_from(self, root: str, program: Callable[[], object]) -> None:
        monitor = Monitor(
            self.project,
            self.stack,
            self.stacks,
            self.provider_config,
            self,
            preview=self.preview,
        )
        loop = asyncio.new_event_loop()
        # A future of a program that failed has nobody who would look at its error.
        loop.set_exception_handler(lambda _loop, _context: None)
        loop.set_default_executor(_AtOnce())
        try:
            # Pulumi keeps its settings in context variables: those of a copy are forgotten with it.
            contextvars.copy_context().run(
                loop.run_until_complete, self._run_in_stack(root, program, monitor)
            )
        finally:
            pending = asyncio.all_tasks(loop)
            for task in pending:
                task.cancel()
            if pending:
                loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
            loop.close()
            monitor.close()

    async def _run_in_stack(
        self, root: str, program: Callable[[], object], monitor: Monitor
    ) -> None:
        reset_options()
        settings = Settings(
            project=self.project,
            stack=self.stack,
            monitor=monitor,
            engine=Log(self),
            dry_run=self.preview,
            organization="organization",
            root_directory=root,
        )
        settings.callbacks = UnservedCallbacks(monitor)
        configure(settings)
        use(Answers(self.stacks, monitor.declared))
        set_all_config(
            {key: value.config_text() for key, value in self._merged.items()},
            [key for key, value in self._merged.items() if value.stays_secret],
        )
        await run_in_stack(lambda: _only_awaitable(program()))
        # A message about a resource is logged by a task of its own, which nothing waits for.
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        if rest:
            await asyncio.wait(rest, timeout=1)

    def _own_config(self) -> dict[str, Value]:
        plain = {
            full_key(key, self.project): Value.of(value) for key, value in self._config.items()
        }
        secret = {
            full_key(key, self.project): Value(value, True) for key, value in self._secrets.items()
        }
        return plain | secret

    def _held_value(self, provider: str, secret: str, scope: str | None) -> str:
        held = self._held.get(provider, {})
        return held[secret] if secret in held else made_up(provider, scope, secret)

    def _write_project(self, root: Path) -> None:
        """Write what `pulumi.get_root_directory()` of a user's program would have in it."""
        write_settings(root / "Pulumi.yaml", {"name": self.project, "runtime": "python"})
        settings = stack_file(
            self._environments.listed if self._environments else None,
            {full_key(key, self.project): value for key, value in self._config.items()},
            [(full_key(key, self.project),) for key in self._secrets],
        )
        if settings:
            write_settings(root / f"Pulumi.{self.stack}.yaml", settings)

    def provider_config(self, package: str) -> dict[str, Any]:
        """Return what the stack's config says about a package's default provider."""
        prefix = f"{package}:"
        said = self._merged.items()
        return {
            key.removeprefix(prefix): text.config_text()
            for key, text in said
            if key.startswith(prefix)
        }


def _only_awaitable(result: object) -> Any:
    """Pass on a coroutine, which has to be awaited; nothing else of a program's result is used."""
    return result if asyncio.iscoroutine(result) else None


class _AtOnce(futures.ThreadPoolExecutor):
    """Runs everything at once: a mock answers without waiting, so threads would only cost time."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "futures.Future[Any]":
        future: futures.Future[Any] = futures.Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 (what an executor does with any error)
            future.set_exception(error)
        return future
