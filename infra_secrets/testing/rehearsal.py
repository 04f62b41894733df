"""Run a program on the real Pulumi engine over simulated clouds, with no account and no network.

    with Rehearsal(program, config={"aws:region": "eu-west-1"}) as rehearsal:
        rehearsal.up()
        rehearsal.aws.set_value("api/production/stripe-api-key", "made up")
        rehearsal.program = renamed
        rehearsal.up()
        assert rehearsal.aws.value("api/production/stripe-api-key") == "made up"

What runs is the `pulumi` command from the PATH with a state file of its own; a Python program runs
inside this process. Only the providers are replaced. Nothing is written outside a temporary
directory, which is removed at the end.

A rehearsal does not tell whether a real cloud would accept a request: see `simulation.py`.
"""

import contextlib
import copy
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, cast

import yaml

from infra_secrets.errors import InfraSecretsError
from infra_secrets.testing.canary import (
    SHORTEST,
    Canary,
    Evidence,
    LeakError,
    Sighting,
    evidence_of,
    search,
)
from infra_secrets.testing.clouds import esc_providers
from infra_secrets.testing.computed.dynamic import DYNAMIC
from infra_secrets.testing.defaults import simulated_clouds
from infra_secrets.testing.engine.command import (
    Engine,
    InlineProgram,
    find_engine,
    harmless_environment,
    plain_text,
    read_json,
    write_json,
)
from infra_secrets.testing.engine.keyserver import ENCRYPTED_KEY, PROVIDER, KeyServer
from infra_secrets.testing.engine.provider import Providers, installed_packages
from infra_secrets.testing.esc import (
    Definition,
    Environments,
    EscOpenError,
    Opened,
    Value,
    engine_config,
    set_variables,
    stack_file,
)
from infra_secrets.testing.plain_text.literals import Given, Literals, MadeUp, holds, texts
from infra_secrets.testing.program.directory import ProjectDirectory
from infra_secrets.testing.program.stack_outputs import ORGANIZATION, StackOutputs
from infra_secrets.testing.seams import Declared, Seam
from infra_secrets.testing.simulation import (
    NoSuchSecretError,
    Request,
    SimulatedCloud,
    SimulatedProvider,
)
from infra_secrets.testing.values import SIGNATURE, SecretValue, unwrap

if TYPE_CHECKING:
    from infra_secrets.testing.clouds.aws import SimulatedAws
    from infra_secrets.testing.clouds.azure import SimulatedAzure
    from infra_secrets.testing.clouds.gcp import SimulatedGcp
    from infra_secrets.testing.cluster.kubernetes import SimulatedKubernetes

Program = Callable[[], object]
SecretPath = tuple[str | int, ...]
RequestFilter = Callable[[Request], bool]

_COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    "preview": ["preview"],
    "up": ["up", "--yes", "--skip-preview"],
    "refresh": ["refresh", "--yes", "--skip-preview"],
    "destroy": ["destroy", "--yes", "--skip-preview"],
    "cancel": ["cancel", "--yes"],
}
_NO_MANIFEST: Final = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}

_NOTHING: Final = object()


class EngineError(InfraSecretsError, RuntimeError):
    """A run of the engine failed.

    Attributes:
        run: The run, with its output and diagnostics.
    """

    def __init__(self, run: "Run") -> None:
        super().__init__(
            f"`pulumi {run.command}` failed with exit code {run.exit_code}:\n{run.error}"
        )
        self.run = run


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something that the engine, a provider or the program said.

    Attributes:
        severity: `info`, `warning`, `error`, or `info#err` for standard error.
        message: What was said, without colours.
        urn: Which resource it is about; empty for none.
    """

    severity: str
    message: str
    urn: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What happened, or would happen, to one resource.

    Attributes:
        op: The engine's word: `create`, `update`, `same`, `delete`, `replace`,
            `create-replacement`, `delete-replaced`, `import`, `read`, `refresh`, ...
        type: The resource's type token.
        name: Its logical name.
        urn: Its URN.
        failed: Whether the operation failed.
    """

    op: str
    type: str
    name: str
    urn: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the engine.

    Attributes:
        command: `preview`, `up`, `refresh`, `destroy` or `cancel`.
        exit_code: 0 when all went well; negative when the process was killed.
        output: What it printed, both streams in order, and then what the program itself printed.
        diagnostics: What was said, from the engine's events.
        steps: What was done to each resource, in the order in which it began.
        events: The engine's events as they were written.
        seconds: How long it took.
    """

    command: str
    exit_code: int
    output: str
    diagnostics: tuple[Diagnostic, ...] = ()
    steps: tuple[Step, ...] = ()
    events: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    seconds: float = 0.0

    @property
    def succeeded(self) -> bool:
        """Whether the exit code is 0."""
        return self.exit_code == 0

    @property
    def error(self) -> str:
        """The error diagnostics, or else the end of the output; empty on success."""
        if self.succeeded:
            return ""
        errors = [said.message for said in self.diagnostics if said.severity == "error"]
        return "\n".join(dict.fromkeys(errors)) or self.output[-4000:]

    @property
    def warnings(self) -> list[str]:
        """The messages of the warning diagnostics."""
        return [said.message for said in self.diagnostics if said.severity == "warning"]

    @property
    def changes(self) -> list[Step]:
        """The steps that change a resource of the program: no `same`, no provider, no stack."""
        return [
            step
            for step in self.steps
            if step.op not in {"same", "read", "refresh"}
            and not step.type.startswith("pulumi:providers:")
            and step.type != "pulumi:pulumi:Stack"
        ]


class Rehearsal:
    """A stack of its own on the real engine, over simulated clouds. Use it as a context manager.

    Args:
        program: The Pulumi program: a function that creates resources. May be changed between runs
            through the attribute `program`: that is what a change of the code is.
        directory: A Pulumi project whose program to run instead. It is only read: see
            `program/directory.py`.
        project: The project's name; by default the directory's, or else `project`.
        stack: The stack's name; by default the only one of the directory, or else `stack`.
        config: Stack config. A key without a namespace belongs to the project; values may be
            strings, numbers, booleans, lists and mappings.
        secrets: Secret stack config, strings. Each value is a canary. With a directory it takes the
            place of the made-up values for that stack's secret config.
        esc: ESC environments that the stack names, by `project/environment`, later ones win: see
            `infra_secrets.testing.esc`. Each run opens them; secrets managers are the simulated clouds. What `config`
            and `secrets` say wins over them. Every secret value in them is a canary.
        stack_outputs: Outputs of other stacks that the program reads, by `organization/project/stack`;
            secret ones as `SecretValue`, which is a canary. See `program/stack_outputs.py`.
        clouds: The simulated clouds; new ones of every kind by default.
        packages: Further Pulumi packages to echo, beyond those whose Python SDK is installed.
        environment: Further environment variables of the engine.
        extra_args: Further arguments of every `pulumi` command.
        skip_checkpoints: Write the state only at the end of a run. Faster with many resources; a
            killed run then loses what it did. Never do this to a real stack.
        on_output: Called with each line that the engine prints.
        on_event: Called with each event of the engine, a dictionary, from another thread.

    Attributes:
        clouds: The simulated clouds by Pulumi package.
        requests: Every provider request, in order.
        runs: Every run, in order.
        replaced: Which secret config of the directory's stack was replaced by made-up values.
        notes: What a rehearsal cannot do for the directory's project, for its user to read.

    Raises:
        ProjectError: The directory holds no project that can be rehearsed here.
        EngineMissingError: At the first run, when there is no `pulumi` command.
    """

    def __init__(
        self,
        program: Program | None = None,
        *,
        directory: Path | None = None,
        project: str | None = None,
        stack: str | None = None,
        config: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        esc: Mapping[str, Definition] | None = None,
        stack_outputs: Mapping[str, Mapping[str, Any]] | None = None,
        clouds: Iterable[SimulatedProvider] | None = None,
        packages: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        extra_args: Sequence[str] = (),
        skip_checkpoints: bool = False,
        on_output: Callable[[str], object] | None = None,
        on_event: Callable[[dict[str, Any]], object] | None = None,
    ) -> None:
        self._source = (
            ProjectDirectory.read(directory, stack, esc=bool(esc))
            if directory is not None
            else None
        )
        if self._source is not None and program is None:
            program = self._source.program()
        self.program = program
        self.project = project or (self._source.name if self._source else "project")
        self.stack = stack or (self._source.stack if self._source else "stack")
        self.notes = list(self._source.notes) if self._source else []
        self.replaced: list[str] = []
        self.packages = list(packages)
        self.environment = dict(environment or {})
        self.extra_args = list(extra_args)
        self.skip_checkpoints = skip_checkpoints
        self.on_output = on_output
        self.on_event = on_event
        simulated = simulated_clouds() if clouds is None else clouds
        # As in `simulated_clouds`, a cluster can be among them.
        self.clouds = cast("dict[str, SimulatedCloud]", {each.package: each for each in simulated})
        self.requests: list[Request] = []
        self._run_begins = 0
        self._previewed: object = _NOTHING
        self.runs: list[Run] = []
        self._echoed: set[str] = set()
        self._providers: Providers | None = None
        self._keys: KeyServer | None = None
        self._lock = threading.Lock()
        self._kill: _Kill | None = None
        self._forks: list[Rehearsal] = []
        self._root = Path(tempfile.mkdtemp(prefix="infra-secrets-rehearsal-"))
        self._config: dict[str, Any] = {}
        self._secrets: dict[SecretPath, str] = {}
        self._stored: tuple[str, dict[str, Any], dict[SecretPath, str]] | None = None
        self._environments: Environments | None = None
        self._opened_secrets: dict[str, str] = {}
        self._stack_outputs = StackOutputs({}, self.project, self.stack)
        self._declared: Declared = {}
        if self._source is not None:
            given = {self._full_key(key) for key in (*(config or {}), *(secrets or {}))}
            config = {**self._source.config, **(config or {})}
            made_up = {
                path: planted.value
                for path, planted in self._source.secrets.items()
                if path[0] not in given
            }
            self._secrets.update(made_up)
            self.replaced = [".".join(map(str, path)) for path in made_up]
            if made_up:
                names = ", ".join(self.replaced)
                self.notes.append(f"Secret config is replaced by made-up values: {names}.")
        self.configure(config=config, esc=esc, stack_outputs=stack_outputs)
        self._secrets.update(
            {(self._full_key(key),): value for key, value in (secrets or {}).items()}
        )
        self._write_state(None)

    # Life ----------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the servers, close the forks and remove everything that was written."""
        for fork in self._forks:
            fork.close()
        if self._providers is not None:
            self._echoed |= self._providers.echoed
            self._providers.close()
            self._providers = None
        if self._keys is not None:
            self._keys.close()
            self._keys = None
        for cloud in self.clouds.values():
            cloud.close()
        shutil.rmtree(self._root, ignore_errors=True)

    def fork(self) -> "Rehearsal":
        """Return an independent copy: same state, config, clouds and history, same program.

        Starting many scenarios from one `up` saves paying for that `up` each time. The copy is
        closed with the original, or on its own as a context manager.
        """
        twin = Rehearsal(
            self.program,
            project=self.project,
            stack=self.stack,
            config=self._config,
            secrets=None,
            stack_outputs=self._stack_outputs.given,
            clouds=copy.deepcopy(list(self.clouds.values())),
            packages=self.packages,
            environment=self.environment,
            extra_args=self.extra_args,
            skip_checkpoints=self.skip_checkpoints,
            on_output=self.on_output,
            on_event=self.on_event,
        )
        twin._secrets = dict(self._secrets)
        twin._stored = copy.deepcopy(self._stored)
        twin._environments = self._environments
        twin._opened_secrets = dict(self._opened_secrets)
        twin._source, twin.notes, twin.replaced = self._source, self.notes, self.replaced
        shutil.copytree(self._root, twin._root, dirs_exist_ok=True)
        twin.requests = list(self.requests)
        twin.runs = list(self.runs)
        twin._echoed = set(self.echoed)
        self._forks.append(twin)
        return twin

    # The clouds ----------------------------------------------------------------------------------

    @property
    def aws(self) -> "SimulatedAws":
        """The simulated AWS."""
        return cast("SimulatedAws", self.clouds["aws"])

    @property
    def gcp(self) -> "SimulatedGcp":
        """The simulated Google Cloud."""
        return cast("SimulatedGcp", self.clouds["gcp"])

    @property
    def azure(self) -> "SimulatedAzure":
        """The simulated Azure."""
        return cast("SimulatedAzure", self.clouds["azure-native"])

    @property
    def kubernetes(self) -> "SimulatedKubernetes":
        """The simulated Kubernetes cluster."""
        return cast("SimulatedKubernetes", self.clouds["kubernetes"])

    @property
    def echoed(self) -> list[str]:
        """Tokens of the resource types and functions that were only echoed, sorted."""
        latest = self._providers.echoed if self._providers is not None else set()
        return sorted(self._echoed | latest)

    # Config --------------------------------------------------------------------------------------

    def configure(
        self,
        config: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        esc: Mapping[str, Definition] | None = None,
        stack_outputs: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Replace the stack's plain config, its secret config, its ESC environments, or the outputs
        of other stacks.

        None leaves something as it is.

        Raises:
            EscError: A definition is not an environment.
        """
        if config is not None:
            self._config = {self._full_key(key): value for key, value in config.items()}
        if secrets is not None:
            self._secrets = {(self._full_key(key),): value for key, value in secrets.items()}
        if esc is not None:
            listed = self._source.environment if self._source is not None else None
            own = [each for cloud in self.clouds.values() for each in cloud.esc_providers]
            providers = [*esc_providers(), *own]
            self._environments = Environments(esc, providers, listed) if esc else None
        if stack_outputs is not None:
            self._stack_outputs = StackOutputs(stack_outputs, self.project, self.stack)

    @property
    def _listed(self) -> Any:
        """What the stack's file says as `environment:`; nothing for none."""
        if self._environments is not None:
            return self._environments.listed
        return self._source.environment if self._source is not None else None

    def _full_key(self, key: str) -> str:
        return key if ":" in key else f"{self.project}:{key}"

    # Runs ----------------------------------------------------------------------------------------

    def preview(self, *, diff: bool = False, check: bool = True) -> Run:
        """Run `pulumi preview`.

        Args:
            diff: Show every property (`--diff`).
            check: Raise when it fails.

        Raises:
            EngineError: It failed and `check` is set.
        """
        return self._run("preview", check=check, options=["--diff"] if diff else [])

    def up(
        self,
        *,
        check: bool = True,
        kill_when: RequestFilter | None = None,
        killed_request_takes_effect: bool = True,
    ) -> Run:
        """Run `pulumi up`, without the preview before it.

        Args:
            check: Raise when it fails. A killed run never raises.
            kill_when: Called with each provider request; where it is true the engine is killed with
                SIGKILL, as by an exhausted machine, before it gets the answer. Such a run makes one
                resource at a time, and no write of the state is cut off.
            killed_request_takes_effect: Whether the cloud still does what that request asked for.

        Raises:
            EngineError: It failed and `check` is set.
        """
        return self._run(
            "up",
            check=check,
            kill=_Kill(kill_when, takes_effect=killed_request_takes_effect) if kill_when else None,
        )

    def refresh(self, *, check: bool = True) -> Run:
        """Run `pulumi refresh`: take what the clouds say into the state.

        Raises:
            EngineError: It failed and `check` is set.
        """
        return self._run("refresh", check=check)

    def destroy(
        self,
        *,
        check: bool = True,
        kill_when: RequestFilter | None = None,
        killed_request_takes_effect: bool = True,
    ) -> Run:
        """Run `pulumi destroy`. For the arguments see `up`.

        Raises:
            EngineError: It failed and `check` is set.
        """
        return self._run(
            "destroy",
            check=check,
            kill=_Kill(kill_when, takes_effect=killed_request_takes_effect) if kill_when else None,
        )

    def cancel(self, *, check: bool = True) -> Run:
        """Run `pulumi cancel`: release the lock that a killed run has left.

        Raises:
            EngineError: It failed and `check` is set.
        """
        return self._run("cancel", check=check)

    def _run(
        self,
        command: str,
        *,
        check: bool,
        kill: "_Kill | None" = None,
        options: Sequence[str] = (),
    ) -> Run:
        try:
            opened = self._open_environments(command)
        except EscOpenError as error:
            message = f"opening environment: {error}"
            run = Run(command, 255, f"error: {message}", (Diagnostic("error", message),))
            self.runs.append(run)
            if check:
                raise EngineError(run) from error
            return run
        with opened.written() as variables:
            run, killed = self._run_engine(command, opened, variables, kill, options)
        self.runs.append(run)
        if check and not run.succeeded and not killed:
            raise EngineError(run)
        return run

    def _run_engine(
        self,
        command: str,
        opened: Opened,
        variables: Mapping[str, str],
        kill: "_Kill | None",
        options: Sequence[str],
    ) -> tuple[Run, bool]:
        """Run the engine; return the run, and whether this rehearsal killed it."""
        engine = self._engine(variables)
        self._write_project()
        if command != "cancel":
            self._write_config(engine, opened)
        if self._providers is not None:
            self._providers.run.number = len(self.runs)
            self._providers.run.existing = frozenset(
                str(resource["urn"]) for resource in self.state().get("resources") or []
            )
        events: list[dict[str, Any]] = []
        program = self._inline_program() if command != "cancel" else None
        continued = command == "up" and self._previewed is self.program
        if command in {"preview", "up"} and not continued:
            self._run_begins = len(self.requests)
        self._previewed = self.program if command == "preview" else _NOTHING
        self._kill = kill
        if kill is not None:
            kill.engine = engine
        arguments = [*_COMMANDS[command], "--stack", self.stack, *options, *self.extra_args]
        if kill is not None:
            arguments.append("--parallel=1")
        if self._listed and command != "cancel":
            arguments += ["--config-file", str(self._config_file)]
        started = time.monotonic()
        try:
            if command == "cancel":
                exit_code, output = engine.run(arguments, self.on_output)
            else:
                with self._surroundings(program), set_variables(variables):
                    exit_code, output = engine.operate(
                        arguments, program, _both(events.append, self.on_event), self.on_output
                    )
        finally:
            self._kill = None
            if self._providers is not None:
                self._providers.in_flight.wait(30)
        printed = program.output if program is not None else ""
        run = Run(
            command,
            exit_code,
            "\n".join(filter(None, [output, printed])),
            tuple(_diagnostics(events)),
            tuple(_steps(events)),
            tuple(events),
            time.monotonic() - started,
        )
        return run, engine.killed

    def _open_environments(self, command: str) -> Opened:
        if self._environments is None or command == "cancel":
            return Opened()
        opened = self._environments.open(self._managed_value)
        self._opened_secrets.update(opened.secrets)
        return opened

    def _managed_value(self, provider: str, secret: str, scope: str | None) -> str | None:
        clouds = self.clouds.values()
        managed = (c for c in clouds if provider in {each.name for each in c.esc_providers})
        cloud = next(managed, None)
        try:
            return cloud.value(secret, scope) if cloud is not None else None
        except NoSuchSecretError:  # more than one
            return None

    def _surroundings(self, program: InlineProgram | None) -> AbstractContextManager[None]:
        if self._source is None or program is None:
            return contextlib.nullcontext()
        return self._source.surroundings()

    def _inline_program(self) -> InlineProgram | None:
        if self.program is None:
            return None
        root = self._source.directory if self._source is not None else self._root / "work"
        return InlineProgram(self.program, root, Seam(self._stack_outputs, self._declared))

    def _engine(self, variables: Mapping[str, str] | None = None) -> Engine:
        environment = self._engine_environment(variables or {})
        return Engine(find_engine(), self._root / "work", environment)

    def _engine_environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        providers, keys = self._serve()
        environment = {
            **harmless_environment(),
            **variables,
            **keys.environment,
            "PULUMI_AUTOMATION_API": "true",
            "PULUMI_BACKEND_URL": f"file://{self._root / 'backend'}",
            "PULUMI_DEBUG_COMMANDS": "true",  # makes `--event-log` known
            "PULUMI_DEBUG_PROVIDERS": providers.environment,
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DISABLE_CI_DETECTION": "true",
            "PULUMI_HOME": str(self._root / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "NO_COLOR": "1",
        }
        if self.skip_checkpoints:
            environment |= {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
        return environment | self.environment

    def _serve(self) -> tuple[Providers, KeyServer]:
        if self._keys is None:
            self._keys = KeyServer()
        if self._providers is None:
            packages = {
                **dict.fromkeys(DYNAMIC, ""),
                **dict.fromkeys(self.packages, ""),
                **installed_packages(),
            }
            self._providers = Providers(self.clouds, packages, self._on_request, self._declared)
        return self._providers, self._keys

    def _on_request(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)
        kill = self._kill
        if kill is not None and not request.preview and kill.when(request):
            self._kill = None
            self._wait_for_state()
            kill.engine.kill()
            if not kill.takes_effect:
                raise ConnectionAbortedError("the engine was killed")

    def _wait_for_state(self) -> None:
        """Wait until the engine is not writing the state: its file backend does not do it at once.

        A kill in the middle of that leaves half a file, which is another accident than the one asked for.
        """
        calm, deadline = 0, time.monotonic() + 5
        before = b""
        while calm < 3 and time.monotonic() < deadline:  # noqa: PLR2004 (in a row)
            time.sleep(0.01)
            content = self._state_file.read_bytes() if self._state_file.exists() else b""
            whole = content.rstrip().endswith(b"}") and content == before
            calm = calm + 1 if whole else 0
            before = content

    # Files ---------------------------------------------------------------------------------------

    @property
    def _state_file(self) -> Path:
        stacks = self._root / "backend" / ".pulumi" / "stacks"
        return stacks / self.project / f"{self.stack}.json"

    def _write_state(self, deployment: Mapping[str, Any] | None) -> None:
        meta = self._root / "backend" / ".pulumi" / "meta.yaml"
        meta.parent.mkdir(parents=True, exist_ok=True)
        meta.write_text("version: 1\n", encoding="utf-8")
        if deployment is None and self.skip_checkpoints:
            # The engine crashes when a program asks for the resources of a stack that has no state, and without
            # checkpoints it has none until the end of its first run.
            deployment = {"manifest": _NO_MANIFEST}
        name = f"{ORGANIZATION}/{self.project}/{self.stack}"
        checkpoint = {"stack": name, "latest": deployment}
        write_json(self._state_file, {"version": 3, "checkpoint": checkpoint})

    def _write_project(self) -> None:
        settings: dict[str, Any] = {"name": self.project, "runtime": "python"}
        if self._source is not None and self.program is None:
            settings = {**self._source.settings, "name": self.project}
        elif self._source is not None:
            # The engine takes relative assets from where the program is.
            settings["main"] = str(self._source.folder)
        self._write_yaml(self._root / "work" / "Pulumi.yaml", settings)
        for (project, stack), outputs in self._stack_outputs.stored().items():
            self._write_other_stack(project, stack, outputs)

    def _write_other_stack(self, project: str, stack: str, outputs: Mapping[str, Any]) -> None:
        """Write the state of a stack that the program refers to."""
        file = self._state_file.parents[1] / project / f"{stack}.json"
        if file != self._state_file:
            resource = {
                "urn": f"urn:pulumi:{stack}::{project}::pulumi:pulumi:Stack::{project}-{stack}",
                "custom": False,
                "type": "pulumi:pulumi:Stack",
                "outputs": outputs,
            }
            latest = {"manifest": _NO_MANIFEST, "resources": [resource]}
            name = f"{ORGANIZATION}/{project}/{stack}"
            write_json(file, {"version": 3, "checkpoint": {"stack": name, "latest": latest}})

    def _write_yaml(self, path: Path, data: Mapping[str, Any]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(dict(data), allow_unicode=True), encoding="utf-8")

    @property
    def _config_file(self) -> Path:
        """The file that the engine reads config from.

        That is the stack's own, unless it names ESC environments: those need Pulumi Cloud, so the
        engine gets what they would be merged into.
        """
        if self._listed:
            return self._root / "merged" / "config.yaml"
        return self._root / "work" / f"Pulumi.{self.stack}.yaml"

    def _write_config(self, engine: Engine, opened: Opened) -> None:
        """Write the stack's config file. Only the engine can encrypt, so secrets go through it."""
        config, secrets = self._config, self._secrets
        if self._listed:
            own = stack_file(self._listed, self._config, list(self._secrets))
            self._write_yaml(self._root / "work" / f"Pulumi.{self.stack}.yaml", own)
            config, secrets = engine_config(opened.merged(self._own_config(), self.project))
        stored = (self._config_file.name, config, secrets)
        if self._stored == stored:
            return
        self._write_yaml(
            self._config_file,
            {"secretsprovider": PROVIDER, "encryptedkey": ENCRYPTED_KEY, "config": config},
        )
        whole = [f"--secret={key[0]}={value}" for key, value in secrets.items() if len(key) == 1]
        inner = [
            f"--secret={_property_path(key)}={value}"
            for key, value in secrets.items()
            if len(key) > 1
        ]
        file = ["--config-file", str(self._config_file)] if self._listed else []
        for pairs, option in ((whole, []), (inner, ["--path"])):
            if pairs:
                arguments = ["config", "set-all", "--stack", self.stack, *file, *option, *pairs]
                exit_code, output = engine.run(arguments)
                if exit_code:
                    raise InfraSecretsError(f"the secret config could not be stored: {output}")
        self._stored = copy.deepcopy(stored)

    def _own_config(self) -> dict[str, Value]:
        keys = dict.fromkeys([*self._config, *(str(path[0]) for path in self._secrets)])
        return {key: Value.of(self._config.get(key), self._secrets, (key,)) for key in keys}

    # State ---------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return the stack's deployment as the state file holds it; secrets are encrypted there."""
        latest = read_json(self._state_file)["checkpoint"].get("latest")
        return dict(latest or {})

    @property
    def resources(self) -> list[dict[str, Any]]:
        """The resources of the state, without the stack and the providers."""
        return [
            resource
            for resource in self.state().get("resources", [])
            if resource["type"] != "pulumi:pulumi:Stack"
            and not resource["type"].startswith("pulumi:providers:")
        ]

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs as plain data; secret ones are a `SecretValue`."""
        found: dict[str, Any] = {}
        for resource in self.state().get("resources", []):
            if resource["type"] == "pulumi:pulumi:Stack":
                found = resource.get("outputs", {})
        if not _holds_ciphertext(found):
            return found
        shown = self._shown_outputs()
        return {
            name: SecretValue(shown[name]) if _holds_ciphertext(value) else value
            for name, value in found.items()
        }

    def _shown_outputs(self) -> dict[str, Any]:
        _, output = self._engine().run(
            ["stack", "output", "--json", "--show-secrets", "--stack", self.stack]
        )
        return dict(json.loads(output))

    # Literals ------------------------------------------------------------------------------------

    def literals(self) -> Literals:
        """Return where the program of the last `preview` or `up` writes the value of a secret itself.

        An `up` that follows a preview of the same program is looked at together with it.

        What came from secret config, or from this rehearsal's `config=`, does not count.

        Raises:
            MissingExtraError: detect-secrets is not installed.
        """
        with self._lock:
            requests = self.requests[self._run_begins :]
        given: dict[str, Given] = {}
        for request in requests:
            if request.operation in {"check", "configure"} and request.urn:
                inputs = unwrap(dict(request.properties))
                present = [
                    path
                    for cloud in self.clouds.values()
                    for path in cloud.values_written(request.type, inputs)
                    if holds(inputs, path)
                ]
                given[request.urn] = Given(request.urn, request.properties, present)
        constructed = {
            (request.type, request.name): request.properties
            for request in requests
            if request.operation == "construct"
        }
        secret = {*self._secrets.values(), *self._opened_secrets}
        secret |= {value for cloud in self.clouds.values() for value in cloud.planted}
        stack_file = self._source.config if self._source is not None else {}
        plain = {
            text
            for key, value in self._config.items()
            if stack_file.get(key) != value
            for text, _ in texts(value if isinstance(value, (Mapping, list)) else str(value))
        }
        answered_texts = set(self._providers.answers) if self._providers is not None else set()
        plain |= answered_texts
        for resource in self._shown_resources():
            urn, inputs = resource["urn"], resource.get("inputs") or {}
            outputs = resource.get("outputs") or {}
            if not resource.get("custom"):
                remote = constructed.get((resource["type"], urn.rpartition("::")[2]))
                if remote is None:  # what the program registers itself
                    given.setdefault(urn, Given(urn, outputs))
                    continue
                inputs = remote
            given.setdefault(urn, Given(urn, inputs))
            own = {text for text, _ in (*texts(inputs), *texts(given[urn].properties))}
            answered = [*texts(outputs), (str(resource.get("id") or ""), False)]
            secret |= {text for text, marked in answered if marked and text not in own}
            plain |= {text for text, marked in answered if not marked and text not in own}
        for text, marked in texts(self._stack_outputs.given):
            (secret if marked else plain).add(text)
        made_up = MadeUp(
            frozenset(secret) - {""}, frozenset(plain) - {""}, frozenset(answered_texts)
        )
        return Literals([*given.values()], made_up)

    def _shown_resources(self) -> list[dict[str, Any]]:
        """Return the resources of the state, with what is encrypted there as `SecretValue`."""
        if not self.state().get("resources"):
            return []
        with tempfile.TemporaryDirectory() as folder:  # not where leaks are looked for
            file = Path(folder) / "state.json"
            shown = ["stack", "export", "--show-secrets", "--file", str(file)]
            exit_code, output = self._engine().run([*shown, "--stack", self.stack])
            if exit_code:
                raise InfraSecretsError(f"the state could not be read: {output}")
            resources = read_json(file)["deployment"].get("resources") or []
        return [cast("dict[str, Any]", _shown(resource)) for resource in resources]

    # Leaks ---------------------------------------------------------------------------------------

    @property
    def canaries(self) -> list[Canary]:
        """Every value that must not be seen: secret config, what ESC environments held in any run,
        and what operators have set.

        Values of fewer than six characters are left out: they would be found by chance.
        """
        named = {
            value: f"secret config {'.'.join(map(str, path))}"
            for path, value in self._secrets.items()
        }
        for value, name in self._opened_secrets.items():
            named.setdefault(value, name)
        for output in self._stack_outputs.canaries:
            named.setdefault(output.value, output.name)
        for cloud in self.clouds.values():
            for number, value in enumerate(cloud.planted, 1):
                named.setdefault(value, f"value {number} set in {cloud.package}")
        return [Canary(value, name) for value, name in named.items() if len(value) >= SHORTEST]

    def evidence(self) -> Iterator[Evidence]:
        """Return every text in which a secret could be seen.

        These are all provider requests, every file that the engine has written (state, backups,
        history, its logs), and each run's output and events.
        """
        containers = {token for cloud in self.clouds.values() for token in cloud.container_types}
        with self._lock:
            requests = list(self.requests)
        for request in requests:
            sides = {
                "properties": request.properties,
                "old inputs": request.old_inputs,
                "old outputs": request.old_outputs,
                "id": request.id,
                "URN": request.urn,
            }
            for side, data in sides.items():
                where = f"request {request}: {side}"
                yield from evidence_of(where, data, container=request.type in containers)
        for file in sorted(self._root.rglob("*")):
            if file.is_file():
                text = file.read_text(encoding="utf-8", errors="replace")
                yield Evidence(f"file {file.relative_to(self._root)}", text)
        for number, run in enumerate(self.runs, 1):
            yield Evidence(f"output of run {number}, `pulumi {run.command}`", run.output)
            events = json.dumps(run.events, ensure_ascii=False)
            yield Evidence(f"events of run {number}, `pulumi {run.command}`", events)

    def sightings(self, canaries: Iterable[Canary] | None = None) -> list[Sighting]:
        """Return where `canaries`, by default all of this rehearsal's own, can be seen."""
        return search(self.canaries if canaries is None else canaries, self)

    def assert_no_leak(self, canaries: Iterable[Canary] | None = None) -> None:
        """Raise when a canary can be seen where no secret may be.

        A value in the envelope that Pulumi encrypts is no leak, except in a request for the
        container of a secret, which must not hold a value at all.

        Args:
            canaries: What to look for; by default all of this rehearsal's own.

        Raises:
            LeakError: It names where and how; never the value.
        """
        leaks = [sighting for sighting in self.sightings(canaries) if sighting.leaked]
        if leaks:
            raise LeakError(leaks)

    def lose_state(self) -> None:
        """Forget everything that the stack has made. The clouds keep it."""
        for file in self._state_file.parent.glob(f"{self.stack}.json*"):
            file.unlink()
        self._write_state(None)

    def edit_state(self, edit: Callable[[dict[str, Any]], object]) -> None:
        """Change the state by hand: `edit` gets the deployment and changes it in place."""
        deployment = self.state()
        edit(deployment)
        self._write_state(deployment)


def _property_path(path: SecretPath) -> str:
    """Return how `pulumi config --path` writes a path: `project:object["name"][0]`."""
    key, *rest = path
    namespace, _, name = str(key).partition(":")
    if any(character in name for character in '."[]'):
        key = f"{namespace}:[{json.dumps(name)}]"
    steps = [f"[{part}]" if isinstance(part, int) else f"[{json.dumps(part)}]" for part in rest]
    return f"{key}{''.join(steps)}"


class _Kill:
    """When to kill the engine, and whether the request that met it is still carried out."""

    engine: Engine

    def __init__(self, when: RequestFilter, *, takes_effect: bool) -> None:
        self.when = when
        self.takes_effect = takes_effect


def _both(
    first: Callable[[dict[str, Any]], object], second: Callable[[dict[str, Any]], object] | None
) -> Callable[[dict[str, Any]], object]:
    def each(event: dict[str, Any]) -> None:
        first(event)
        if second is not None:
            second(event)

    return each


def _shown(value: Any) -> Any:
    """Return what `pulumi stack export --show-secrets` wrote, with `SecretValue` for its envelopes."""
    if isinstance(value, Mapping):
        if SIGNATURE in value and "plaintext" in value:
            return SecretValue(json.loads(value["plaintext"]))
        return {key: _shown(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_shown(member) for member in value]
    return value


def _holds_ciphertext(value: Any) -> bool:
    if isinstance(value, Mapping):
        return SIGNATURE in value or any(_holds_ciphertext(member) for member in value.values())
    if isinstance(value, list):
        return any(_holds_ciphertext(member) for member in value)
    return False


# What the engine's events say --------------------------------------------------------------------


def _diagnostics(events: Iterable[Mapping[str, Any]]) -> Iterator[Diagnostic]:
    for event in events:
        said = event.get("diagnosticEvent")
        if said is not None and not said.get("ephemeral") and said["severity"] != "debug":
            message = plain_text(said.get("prefix", "") + said["message"]).strip()
            yield Diagnostic(said["severity"], message, said.get("urn", ""))


def _steps(events: Iterable[Mapping[str, Any]]) -> list[Step]:
    steps: dict[tuple[str, str], Step] = {}
    for event in events:
        for kind in ("resourcePreEvent", "resOutputsEvent", "resOpFailedEvent"):
            if kind not in event:
                continue
            metadata = event[kind]["metadata"]
            op, urn = metadata["op"], metadata["urn"]
            if op == "refresh" and kind == "resourcePreEvent":
                continue
            name = urn.split("::", 3)[-1]
            failed = kind == "resOpFailedEvent"
            if failed or (op, urn) not in steps:
                steps[op, urn] = Step(op, metadata["type"], name, urn, failed)
    return list(steps.values())
