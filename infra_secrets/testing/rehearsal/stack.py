"""One stack of the real engine in a folder of its own: what it is told, its state, and what runs on it."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra_secrets.testing.clouds import esc_providers
from infra_secrets.testing.engine.command import Engine, InlineProgram, find_engine
from infra_secrets.testing.esc import EscOpenError, Opened, set_variables
from infra_secrets.testing.internals import Answers
from infra_secrets.testing.program.directory import ProjectDirectory
from infra_secrets.testing.rehearsal.requests import Kill, Requests
from infra_secrets.testing.rehearsal.run import Diagnostic, Run, diagnostics_in, steps_in
from infra_secrets.testing.rehearsal.servers import Servers
from infra_secrets.testing.rehearsal.settings import Settings
from infra_secrets.testing.rehearsal.state import State
from infra_secrets.testing.simulation import NoSuchSecretError, SimulatedCloud, SimulatedProvider

Program = Callable[[], object]

_COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    "preview": ["preview"],
    "up": ["up", "--yes", "--skip-preview"],
    "refresh": ["refresh", "--yes", "--skip-preview"],
    "destroy": ["destroy", "--yes", "--skip-preview"],
    "cancel": ["cancel", "--yes"],
}


@dataclass(frozen=True, slots=True)
class Options:
    """How one command is run. For each member see `Rehearsal`."""

    program: Program | None
    packages: Sequence[str]
    environment: Mapping[str, str]
    extra_args: Sequence[str]
    skip_checkpoints: bool
    on_output: Callable[[str], object] | None
    on_event: Callable[[dict[str, Any]], object] | None


class Stack:
    """The stack of one rehearsal.

    Args:
        project: The project's name.
        name: The stack's name.
        source: The project that is rehearsed, if it is one in a directory.
        clouds: The simulated clouds, by package.
        echoed: What was echoed before.

    Attributes:
        folder: Where everything is written.
        settings: What the stack is told.
        state: What it has made.
        requests: What the engine asked of providers.
        servers: What the engine talks to.
    """

    def __init__(
        self,
        project: str,
        name: str,
        source: ProjectDirectory | None,
        clouds: Mapping[str, SimulatedProvider],
        echoed: set[str] | None = None,
    ) -> None:
        self._project = project
        self._name = name
        self._source = source
        self._clouds = clouds
        self.folder = Path(tempfile.mkdtemp(prefix="infra-secrets-rehearsal-"))
        own = [each for cloud in self._managers for each in cloud.esc_providers]
        providers = [*esc_providers(), *own]
        self.settings = Settings(self.folder, project, name, source, providers)
        self.state = State(self.folder / "backend", project, name)
        self.requests = Requests(self.state.wait_until_whole)
        self.servers = Servers(clouds, self.requests.take, echoed)

    def close(self) -> None:
        """Stop the servers and remove everything that was written."""
        self.servers.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def copy(self, clouds: Mapping[str, SimulatedProvider]) -> "Stack":
        """Return a copy in a folder of its own, over other clouds."""
        twin = Stack(self._project, self._name, self._source, clouds, self.servers.echoed)
        shutil.copytree(self.folder, twin.folder, dirs_exist_ok=True)
        twin.settings = self.settings.copied_to(twin.folder)
        twin.requests.all.extend(self.requests.so_far)
        return twin

    def engine(self, options: Options, variables: Mapping[str, str] | None = None) -> Engine:
        """Return the engine, for this stack."""
        environment = self.servers.environment(self.folder, options.packages, variables or {})
        if options.skip_checkpoints:
            environment |= {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
        return Engine(
            find_engine(), self.settings.directory, {**environment, **options.environment}
        )

    def run(
        self,
        command: str,
        number: int,
        options: Options,
        arguments: Sequence[str] = (),
        kill: Kill | None = None,
    ) -> tuple[Run, bool]:
        """Run a command; return what the run was, and whether it was killed as wanted.

        Args:
            command: The command.
            number: How many runs there were before.
            options: How it is run.
            arguments: Further arguments of this one run.
            kill: When to kill the engine.
        """
        try:
            opened = Opened() if command == "cancel" else self.settings.open(self._managed_value)
        except EscOpenError as error:
            message = f"opening environment: {error}"
            said = Diagnostic("error", message)
            return Run(command, 255, f"error: {message}", (said,)), False
        with opened.written() as variables:
            engine = self.engine(options, variables)
            inline = options.program is not None
            self.settings.write_project(inline=inline)
            for (project, stack), outputs in self.settings.stack_outputs.stored().items():
                self.state.write_other_stack(project, stack, outputs)
            whole = [*_COMMANDS[command], "--stack", self._name, *arguments, *options.extra_args]
            if kill is not None:
                whole.append("--parallel=1")
            if command != "cancel":
                self.settings.write_config(engine, opened)
                whole += self.settings.arguments
            existing = frozenset(str(each["urn"]) for each in self.state.all_resources)
            self.servers.expect(number, existing)
            self.requests.begin(command, options.program, engine, kill)
            try:
                if command == "cancel":
                    return _cancelled(engine, whole, options), engine.killed
                return self._operate(command, engine, whole, options, variables), engine.killed
            finally:
                self.requests.end()
                self.servers.settle()

    def _operate(
        self,
        command: str,
        engine: Engine,
        arguments: Sequence[str],
        options: Options,
        variables: Mapping[str, str],
    ) -> Run:
        events: list[dict[str, Any]] = []

        def on_event(event: dict[str, Any]) -> None:
            events.append(event)
            if options.on_event is not None:
                options.on_event(event)

        program = None
        if options.program is not None:
            answers = Answers(self.settings.stack_outputs, self.servers.declared)
            program = InlineProgram(options.program, self.settings.root, answers)
        started = time.monotonic()
        with contextlib.ExitStack() as surroundings:
            if self._source is not None and program is not None:
                surroundings.enter_context(self._source.surroundings())
            surroundings.enter_context(set_variables(variables))
            exit_code, output = engine.operate(arguments, program, on_event, options.on_output)
        seconds = time.monotonic() - started
        printed = program.output if program is not None else ""
        return Run(
            command,
            exit_code,
            "\n".join(filter(None, [output, printed])),
            tuple(diagnostics_in(events)),
            tuple(steps_in(events)),
            tuple(events),
            seconds,
        )

    @property
    def _managers(self) -> list[SimulatedCloud]:
        """The secrets managers: every simulation but the cluster."""
        return [cloud for cloud in self._clouds.values() if isinstance(cloud, SimulatedCloud)]

    def _managed_value(self, provider: str, secret: str, scope: str | None) -> str | None:
        """Read what a simulated cloud holds, for an ESC environment."""
        managed = (
            cloud
            for cloud in self._managers
            if provider in {each.name for each in cloud.esc_providers}
        )
        cloud = next(managed, None)
        try:
            return cloud.value(secret, scope) if cloud is not None else None
        except NoSuchSecretError:  # more than one
            return None


def _cancelled(engine: Engine, arguments: Sequence[str], options: Options) -> Run:
    started = time.monotonic()
    exit_code, output = engine.run(arguments, options.on_output)
    return Run("cancel", exit_code, output, seconds=time.monotonic() - started)
