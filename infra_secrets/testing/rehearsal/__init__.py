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

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from infra_secrets.testing.defaults import simulated_clouds
from infra_secrets.testing.engine.command import Engine
from infra_secrets.testing.esc import Definition
from infra_secrets.testing.program.directory import ProjectDirectory
from infra_secrets.testing.rehearsal.observed import Observed
from infra_secrets.testing.rehearsal.requests import Kill, RequestFilter
from infra_secrets.testing.rehearsal.run import Diagnostic, EngineError, Run, Step
from infra_secrets.testing.rehearsal.stack import Options, Program, Stack
from infra_secrets.testing.simulation import SimulatedCloud, SimulatedProvider

if TYPE_CHECKING:
    from infra_secrets.testing.clouds.aws import SimulatedAws
    from infra_secrets.testing.clouds.azure import SimulatedAzure
    from infra_secrets.testing.clouds.gcp import SimulatedGcp
    from infra_secrets.testing.cluster.kubernetes import SimulatedKubernetes

__all__ = ["Diagnostic", "EngineError", "Rehearsal", "Run", "Step"]


class Rehearsal(Observed):
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
            `infra_secrets.testing.esc`. Each run opens them; secrets managers are the simulated
            clouds. What `config` and `secrets` say wins over them. Every secret value in them is a canary.
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
        ProjectError: The directory has no project that can be rehearsed here.
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
        source = (
            ProjectDirectory.read(directory, stack, esc=bool(esc))
            if directory is not None
            else None
        )
        if source is not None and program is None:
            program = source.program()
        self.program = program
        self.project = project or (source.name if source else "project")
        self.stack = stack or (source.stack if source else "stack")
        self.notes = list(source.notes) if source else []
        self.packages = list(packages)
        self.environment = dict(environment or {})
        self.extra_args = list(extra_args)
        self.skip_checkpoints = skip_checkpoints
        self.on_output = on_output
        self.on_event = on_event
        simulated = simulated_clouds() if clouds is None else clouds
        # As in `simulated_clouds`, a cluster can be among them.
        self.clouds = cast("dict[str, SimulatedCloud]", {each.package: each for each in simulated})
        self.runs = []
        self._take(Stack(self.project, self.stack, source, self.clouds))
        settings = self._stack.settings
        settings.start(config or {}, secrets or {})
        settings.configure(esc=esc, stack_outputs=stack_outputs)
        self.replaced = settings.replaced
        if self.replaced:
            names = ", ".join(self.replaced)
            self.notes.append(f"Secret config is replaced by made-up values: {names}.")
        self._stack.state.start(checkpoints=not skip_checkpoints)

    def _take(self, stack: Stack) -> None:
        self._stack, self.requests = stack, stack.requests.all
        self._forks: list[Rehearsal] = []

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
        self._stack.close()
        for cloud in self.clouds.values():
            cloud.close()

    def fork(self) -> "Rehearsal":
        """Return an independent copy: same state, config, clouds and history, same program.

        Starting many scenarios from one `up` saves paying for that `up` each time. The copy is
        closed with the original, or on its own as a context manager.
        """
        twin = copy.copy(self)
        twin.packages, twin.environment = list(self.packages), dict(self.environment)
        twin.extra_args, twin.runs = list(self.extra_args), list(self.runs)
        twin.clouds = copy.deepcopy(self.clouds)
        twin._take(self._stack.copy(twin.clouds))  # noqa: SLF001 (one of its own kind)
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
        self._stack.settings.configure(config, secrets, esc, stack_outputs)

    # Runs ----------------------------------------------------------------------------------------

    def preview(self, *, diff: bool = False, check: bool = True) -> Run:
        """Run `pulumi preview`.

        Args:
            diff: Show every property (`--diff`).
            check: Raise when it fails.

        Raises:
            EngineError: It failed and `check` is set.
        """
        return self._run("preview", check=check, arguments=["--diff"] if diff else [])

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
            kill=Kill(kill_when, takes_effect=killed_request_takes_effect) if kill_when else None,
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
            kill=Kill(kill_when, takes_effect=killed_request_takes_effect) if kill_when else None,
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
        kill: Kill | None = None,
        arguments: Sequence[str] = (),
    ) -> Run:
        number = len(self.runs)
        run, killed = self._stack.run(command, number, self._options, arguments, kill)
        self.runs.append(run)
        if check and not run.succeeded and not killed:
            raise EngineError(run)
        return run

    def _engine(self) -> Engine:
        return self._stack.engine(self._options)

    @property
    def _options(self) -> Options:
        return Options(
            self.program,
            self.packages,
            self.environment,
            self.extra_args,
            self.skip_checkpoints,
            self.on_output,
            self.on_event,
        )

    # The state, by hand --------------------------------------------------------------------------

    def lose_state(self) -> None:
        """Forget everything that the stack has created. The clouds keep it."""
        self._stack.state.lose(checkpoints=not self.skip_checkpoints)

    def edit_state(self, edit: Callable[[dict[str, Any]], object]) -> None:
        """Change the state by hand: `edit` gets the deployment and changes it in place."""
        deployment = self.state()
        edit(deployment)
        self._stack.state.write(deployment)
