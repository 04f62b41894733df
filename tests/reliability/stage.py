"""Plays one scenario on the real engine over a simulated cloud, and measures what came of the value.

A scenario gets a `Stage`: what a person can do to a program, a stack and a cloud. What comes of it is an
`Outcome`, plain data.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from infra_secrets.errors import SecretNameError
from infra_secrets.testing.rehearsal import Rehearsal, Run
from infra_secrets.testing.simulation import Request, SimulatedCloud
from tests.reliability.places import PROJECT, STACK, Place
from tests.reliability.programs import Code, Container, Way, written

Fate = Literal["kept", "restorable", "buried", "lost"]
WORST_FIRST: tuple[Fate, ...] = ("lost", "buried", "restorable", "kept")


@dataclass(frozen=True)
class Outcome:
    """What came of a scenario.

    Attributes:
        value: What became of the operator's value; of the worst off, where there are several.
        stops: What the engine said each time that it stopped, in one line each.
        finished: Whether the last run went through.
        did: What the last run changed, as the engine's words, e.g. `update`.
        sightings: Where the value was seen outside the cloud.
        misnamed: Live containers whose name is not canonical.
    """

    value: Fate
    stops: tuple[str, ...]
    finished: bool
    did: tuple[str, ...]
    sightings: tuple[str, ...]
    misnamed: tuple[str, ...]


class Stage:
    """A program, its stack and its cloud, and everything that a person can do to them.

    Attributes:
        place: The cloud.
        way: How the program is written.
        code: What it says now.
        rehearsal: The engine.
        seen_before: What a reader got before the operator came: the name of an error, or a placeholder.
    """

    def __init__(self, place: Place, way: Way, code: Code, rehearsal: Rehearsal) -> None:
        self.place = place
        self.way: Way = way
        self.code = code
        self.rehearsal = rehearsal
        self.runs: list[Run] = []
        self.values: dict[str, str] = {}
        self.containers: dict[str, Container] = {}
        self.seen_before = ""
        self._guests: list[Rehearsal] = []

    @classmethod
    def set_up(cls, place: Place, way: Way, code: Code) -> "Stage":
        """Run the first `up`, and let an operator set a value in every container."""
        rehearsal = Rehearsal(
            written(code, place, way), project=PROJECT, stack=STACK, config=place.config
        )
        rehearsal.up()
        stage = cls(place, way, code, rehearsal)
        first = stage.name(code.containers[0])
        stage.seen_before = stage.cloud.reader_sees(first)
        for container in code.containers:
            stage.set_value(container)
        return stage

    def fork(self) -> "Stage":
        """Return an independent copy."""
        twin = Stage(self.place, self.way, self.code, self.rehearsal.fork())
        twin.values, twin.containers = dict(self.values), dict(self.containers)
        twin.seen_before = self.seen_before
        return twin

    def close(self) -> None:
        for guest in self._guests:
            guest.close()
        self.rehearsal.close()

    # The program ----------------------------------------------------------------------------------

    @property
    def cloud(self) -> SimulatedCloud:
        return self.place.simulated(self.rehearsal)

    def name(self, container: Container | None = None) -> str:
        """Return a container's name in the cloud; by default that of the first one there was."""
        return self.place.spelled((container or next(iter(self.containers.values()))).name)

    def say(self, **changes: Any) -> None:
        """Change what the program says about every container."""
        self.write(*(replace(container, **changes) for container in self.code.containers))

    def write(self, *containers: Container) -> None:
        """Change which containers the program has."""
        self.code = replace(self.code, containers=containers)

    def configure(self, config: Mapping[str, Any]) -> None:
        """Change some of the stack's config."""
        self.rehearsal.configure(config={**self.place.config, **config})

    # Runs -----------------------------------------------------------------------------------------

    def _ready(self, *flags: str) -> Rehearsal:
        self.rehearsal.program = written(self.code, self.place, self.way)
        self.rehearsal.extra_args = list(flags)
        return self.rehearsal

    def up(self, *flags: str) -> Run:
        return self._note(self._ready(*flags).up(check=False))

    def refresh(self) -> Run:
        return self._note(self._ready().refresh(check=False))

    def destroy(self, *flags: str) -> Run:
        return self._note(self._ready(*flags).destroy(check=False))

    def killed(self, operation: str, container: Container, *, takes_effect: bool) -> None:
        """Run `up`, or `destroy` for a delete; `kill -9` the engine at a request, then release its lock.

        Where a way to write the program leads to no such request, the run goes through.
        """

        def meets(request: Request) -> bool:
            its_type = request.type == self.place.facts.RESOURCE_TYPE
            return its_type and (request.operation, request.name) == (operation, container.logical)

        rehearsal = self._ready()
        run = rehearsal.destroy if operation == "delete" else rehearsal.up
        killed = run(kill_when=meets, killed_request_takes_effect=takes_effect, check=False)
        if killed.exit_code < 0:
            rehearsal.cancel()
        else:
            assert operation == "update", f"the engine was not killed: {killed.output}"

    def _note(self, run: Run) -> Run:
        self.runs.append(run)
        return run

    # Hands ----------------------------------------------------------------------------------------

    def set_value(self, container: Container) -> None:
        """Let an operator set a value; it is one of those that must survive."""
        name = self.name(container)
        # With characters that every escaping treats differently, so that the search has something to do.
        self.values[name] = f"sk_live_{len(self.values)}_{container.logical}_\"<&>'%/é"
        self.containers[name] = container
        self.cloud.set_value(name, self.values[name])

    def adopt(self) -> None:
        """Say in the code that every container is to be taken over, by its id."""
        self.write(
            *(
                replace(each, adopt=self.place.id_of(self.rehearsal, self.name(each)))
                for each in self.code.containers
            )
        )

    def program(self) -> Callable[[], None]:
        """Return the program as the code says it now."""
        return written(self.code, self.place, self.way)

    def other_stack(self, stack: str) -> Rehearsal:
        """Return another stack of the same program in the same cloud."""
        other = Rehearsal(
            written(self.code, self.place, self.way),
            project=PROJECT,
            stack=stack,
            config=self.place.config,
            clouds=list(self.rehearsal.clouds.values()),
        )
        self._guests.append(other)
        return other

    def note(self, run: Run) -> Run:
        """Count a run of another stack among those that the person sees."""
        return self._note(run)

    # Measuring ------------------------------------------------------------------------------------

    def outcome(self) -> Outcome:
        fates = [
            fate(self.cloud, name, value, self.place.scope) for name, value in self.values.items()
        ]
        stops = tuple(in_one_line(run.error) for run in self.runs if not run.succeeded)
        last = self.runs[-1]
        return Outcome(
            value=min(fates, key=WORST_FIRST.index),
            stops=stops,
            finished=last.succeeded,
            did=tuple(
                sorted(
                    {
                        step.op
                        for step in last.changes
                        if step.type == self.place.facts.RESOURCE_TYPE
                    }
                )
            ),
            sightings=tuple(
                str(sighting)
                for rehearsal in (self.rehearsal, *self._guests)
                for sighting in rehearsal.sightings()
                if sighting.leaked
            ),
            misnamed=tuple(name for name in self.cloud.names() if not self._is_canonical(name)),
        )

    def _is_canonical(self, name: str) -> bool:
        try:
            self.place.facts.SPELLING.parse(name)
        except SecretNameError:
            return False
        return True


def in_one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def fate(cloud: SimulatedCloud, name: str, value: str, scope: str) -> Fate:
    """Say what became of a value. Restores a deleted container to see, so ask at the end."""
    if cloud.value(name, scope) == value:
        return "kept"
    if cloud.state(name, scope) in {"scheduled for deletion", "soft-deleted"}:
        cloud.restore(name, scope)
        if cloud.value(name, scope) == value:
            return "restorable"
    return "buried" if value in cloud.versions(name, scope) else "lost"
