"""One rehearsal from preview to destroy, with an operator in it, and the verdict.

Everything here is judged by what the engine did and what the simulated clouds hold afterwards. Nothing is
printed here, and no text that leaves this module contains a made-up value, in whatever form it was seen.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from infra_secrets import clouds
from infra_secrets.cli.rehearse.hints import hints
from infra_secrets.component.registering import type_token
from infra_secrets.testing.canary import Canary, Evidence, Sighting, search
from infra_secrets.testing.plain_text.literals import Literals
from infra_secrets.testing.plain_text.sources import secrets_written_in, without
from infra_secrets.testing.program.limits import limits_of
from infra_secrets.testing.rehearsal import Rehearsal, Run
from infra_secrets.testing.simulation import NoSuchSecretError, SimulatedCloud

COMPONENT = type_token("Secret")
_PROBLEMS = {
    "plain-text-value": ("A value is in plain text", "{} values are in plain text"),
    "program-writes-value": (
        "The program writes the value of a secret itself",
        "The program writes {} values of secrets itself",
    ),
}

# What a provider's delete leaves behind, as a retention.
_LEFT_BEHIND = {
    "missing": clouds.DISCARD,
    "scheduled for deletion": clouds.RECOVER,
    "soft-deleted": clouds.RECOVER,
}


class Progress(Protocol):
    """Whoever watches the engine work."""

    def step(self, title: str) -> AbstractContextManager[object]:
        """Show that a step has begun, for as long as it runs."""

    def resource(self, done: int, known: int | None, what: str) -> None:
        """Show how many resources are done, of how many as far as is known, and which is next."""

    def outcome(self, step: "Step") -> None:
        """Show how a step has ended."""


@dataclass(frozen=True, slots=True)
class Step:
    """One run of the engine, or what the operator did in between.

    Attributes:
        title: What was done, e.g. `up` or `up again`.
        outcome: How it ended, in words.
        succeeded: Whether it ended as it should; a refused `destroy` may.
        seconds: How long it took.
    """

    title: str
    outcome: str
    succeeded: bool
    seconds: float


@dataclass(slots=True)
class Container:
    """A secret's container that the program made.

    Attributes:
        reference: Its canonical name; None when it is not a `Secret` of this package.
        name: Its name in the cloud.
        cloud: The cloud, e.g. `aws`.
        state: What the cloud said of it after the first `up`.
        retention: What removing it does. `keep` is read from the engine's state; the others are what the
            cloud did when the stack was destroyed. None when it did not come to that.
    """

    reference: str | None
    name: str
    cloud: str
    state: str
    retention: str | None = None


@dataclass(slots=True)
class Leaks:
    """What became of the made-up values.

    Attributes:
        canaries: How many there were.
        places: In how many texts each was looked for.
        sightings: Where and how one was seen that should not have been.
        encrypted: How often one was seen inside the envelope that Pulumi encrypts, where it may be.
    """

    canaries: int
    places: int
    sightings: list[Sighting]
    encrypted: int


@dataclass(slots=True)
class Noticed:
    """A place where the program writes a value itself; the value is not in it.

    Attributes:
        id: `plain-text-value` or `program-writes-value`.
        urn: The resource; the stack's own for a stack output.
        resource: Its type and logical name, or `stack output`.
        property: Where in it.
        detector: What noticed it.
        why: What is wrong.
        fix: The way out.
        place: What `--allow` takes to accept it.
        allowed: Whether it was accepted so.
    """

    id: str
    urn: str
    resource: str
    property: str
    detector: str
    why: str
    fix: str
    place: str
    allowed: bool


@dataclass(slots=True)
class Verdict:
    """Everything that a rehearsal has shown.

    Attributes:
        project: The project's name.
        stack: The stack's name.
        cloud: The cloud that the config names; None when it names none.
        filled_in: Config that was missing and made up.
        steps: What was done, in order.
        containers: What the program made to hold secrets.
        echoed: Resource types and functions that no simulation knows.
        replaced: Secret config that was replaced by made-up values.
        findings: Where the program writes a value itself.
        notes: What a rehearsal cannot do for this project.
        said: Warnings and messages of the program and the engine.
        errors: The engine's diagnostics of a step that failed.
        problems: What is not well, a sentence each.
        leaks: What became of the made-up values.
    """

    project: str
    stack: str
    cloud: str | None
    filled_in: dict[str, str]
    steps: list[Step] = field(default_factory=list)
    containers: list[Container] = field(default_factory=list)
    echoed: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    findings: list[Noticed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    leaks: Leaks = field(default_factory=lambda: Leaks(0, 0, [], 0))

    @property
    def well(self) -> bool:
        """Whether there is nothing to fix."""
        return not self.problems


def rehearse(
    rehearsal: Rehearsal,
    directory: Path,
    progress: Progress,
    *,
    cloud: str | None = None,
    filled_in: dict[str, str] | None = None,
    allowed: Collection[str] = (),
) -> Verdict:
    """Preview, up, an operator's values, preview and up again, destroy; then judge.

    Args:
        rehearsal: Fresh, of a project's directory.
        directory: That directory.
        progress: Gets told what happens.
        cloud: The cloud that the config names.
        filled_in: Config that was missing and made up.
        allowed: Findings that are accepted, by `Noticed.place`.
    """
    verdict = Verdict(rehearsal.project, rehearsal.stack, cloud, filled_in or {})
    trial = _Trial(rehearsal, directory, progress, verdict, allowed)
    rehearsal.on_event = trial.counted
    trial.run()
    trial.judge()
    return verdict


class _Trial:
    """The steps of one rehearsal."""

    def __init__(
        self,
        rehearsal: Rehearsal,
        directory: Path,
        progress: Progress,
        verdict: Verdict,
        allowed: Collection[str],
    ) -> None:
        self._allowed = allowed
        self._literals: Literals | None = None
        self._rehearsal = rehearsal
        self._directory = directory
        self._progress = progress
        self._verdict = verdict
        self._canaries = rehearsal.canaries
        self._needles = _longest_first(self._canaries)
        self._vessels: list[_Vessel] = []
        self._known: int | None = None
        self._begun: set[str] = set()
        self._done: set[str] = set()

    def run(self) -> None:
        """Do every step; the first that fails is the last."""
        rehearsal = self._rehearsal
        previewed = self._engine("preview", lambda: rehearsal.preview(check=False))
        up = previewed and self._engine("up", lambda: rehearsal.up(check=False))
        self._literals = rehearsal.literals()
        if not up:
            return
        self._vessels = sorted(_vessels(rehearsal), key=lambda vessel: vessel.container.name)
        self._verdict.containers = [vessel.container for vessel in self._vessels]
        self._operate()
        for title, again in (
            ("preview --diff", lambda: rehearsal.preview(diff=True, check=False)),
            ("up again", lambda: rehearsal.up(check=False)),
        ):
            if not self._engine(title, again, unchanged=True):
                return
            self._check_values(f"`pulumi {title}`")
        self._destroy()

    @contextmanager
    def _counting(self, title: str) -> Iterator[None]:
        """Count resources while the engine works. The last step knows how many the next will meet."""
        self._begun, self._done = set(), set()
        with self._progress.step(title):
            yield
        self._known = len(self._begun) or self._known

    def counted(self, event: dict[str, Any]) -> None:
        """Take notice of one event of the engine, in one of its threads."""
        for kind in ("resourcePreEvent", "resOutputsEvent", "resOpFailedEvent"):
            if kind not in event:
                continue
            metadata = event[kind]["metadata"]
            if metadata["type"].startswith(("pulumi:providers:", "pulumi:pulumi:Stack")):
                continue
            (self._begun if kind == "resourcePreEvent" else self._done).add(metadata["urn"])
            known = max(self._known, len(self._begun)) if self._known is not None else None
            what = f"{metadata['type']} {metadata['urn'].split('::', 3)[-1]}"
            self._progress.resource(len(self._done), known, self.concealed(what, name=True))

    def _engine(self, title: str, act: Any, *, unchanged: bool = False) -> bool:
        with self._counting(title):
            run: Run = act()
        changes = [f"{step.op} {step.type} {step.name}" for step in run.changes]
        if not run.succeeded:
            self._verdict.errors = diagnostics(run, self._directory)
            self._verdict.problems.append(f"`pulumi {title}` failed.")
            outcome = "failed"
        elif unchanged and changes:
            sentence = f"`pulumi {title}` wants changes although nothing was changed: {', '.join(changes)}."
            self._verdict.problems.append(sentence)
            outcome = f"{len(changes)} changes, although nothing was changed"
        else:
            outcome = _counted(run) or "nothing to change"
        self._step(title, outcome, run, succeeded=run.succeeded and not (unchanged and changes))
        return run.succeeded

    def _step(self, title: str, outcome: str, run: Run, *, succeeded: bool) -> None:
        step = Step(title, outcome, succeeded, round(run.seconds, 2))
        self._verdict.steps.append(step)
        self._progress.outcome(step)

    def _operate(self) -> None:
        """Put a value into every container, as operators do."""
        for vessel in self._vessels:
            container = vessel.container
            canary = Canary.plant(name=f"the value of {container.reference or container.name}")
            self._canaries.append(canary)
            vessel.fill(canary.value)
        self._needles = _longest_first(self._canaries)
        if self._vessels:
            step = Step(
                "operator sets values", f"{_number(len(self._vessels), 'container')}", True, 0.0
            )
            self._verdict.steps.append(step)
            self._progress.outcome(step)

    def _check_values(self, what: str) -> None:
        for vessel in self._vessels:
            if vessel.value_is_lost():
                name = vessel.container.reference or vessel.container.name
                self._verdict.problems.append(f"{what} lost the operator's value of {name}.")

    def _destroy(self) -> None:
        """Destroy the stack. What is protected must be refused; the rest is gone afterwards."""
        rehearsal = self._rehearsal
        protected = {each["urn"] for each in rehearsal.resources if each.get("protect")}
        # So that what is refused does not hide what a removal does to the rest.
        rehearsal.extra_args = [*rehearsal.extra_args, "--continue-on-error"]
        with self._counting("destroy"):
            run = rehearsal.destroy(check=False)
        left = {each["urn"] for each in rehearsal.resources}
        expected = {*protected, ""}
        strange = [
            said
            for said in run.diagnostics
            if said.severity == "error"
            and said.urn not in expected
            and not _is_summary(said.message)
        ]
        well = not strange and protected <= left and (run.succeeded or bool(protected))
        if not well:
            self._verdict.errors = diagnostics(run, self._directory, without=protected)
            self._verdict.problems.append("`pulumi destroy` failed.")
        for vessel in self._vessels:
            vessel.container.retention = vessel.retention(protected)
        self._step("destroy", self._destroyed(protected) if well else "failed", run, succeeded=well)
        self._check_values("`pulumi destroy`")

    def _destroyed(self, protected: set[str]) -> str:
        kept = [vessel.container.retention for vessel in self._vessels]
        counted = {
            "refused, as it should be": len(protected),
            "deleted, can be brought back": kept.count(clouds.RECOVER),
            "deleted for good": kept.count(clouds.DISCARD),
        }
        said = [f"{number} {what}" for what, number in counted.items() if number]
        return "; ".join(said) or "everything deleted"

    # The verdict --------------------------------------------------------------------------------------

    def judge(self) -> None:
        """Look for every made-up value, and collect what was said."""
        rehearsal, verdict = self._rehearsal, self._verdict
        witness = _Counted(rehearsal.evidence())
        sightings = search(self._canaries, witness)
        leaks = [sighting for sighting in sightings if sighting.leaked]
        verdict.leaks = Leaks(
            len(self._canaries), witness.places, leaks, len(sightings) - len(leaks)
        )
        if leaks:
            names = ", ".join(sorted({sighting.canary for sighting in leaks}))
            verdict.problems.append(f"A secret is visible where none may be: {names}.")
        self._judge_literals()
        verdict.echoed = rehearsal.echoed
        verdict.replaced = list(rehearsal.replaced)
        left_out = limits_of(rehearsal.requests)
        notes = (*rehearsal.notes, *left_out, *self._hints())
        verdict.notes = [self.concealed(note) for note in notes]
        for container in verdict.containers:
            container.name = self.concealed(container.name, name=True)
            container.reference = container.reference and self.concealed(
                container.reference, name=True
            )
        verdict.errors = [self.concealed(each) for each in verdict.errors]
        verdict.said = [self.concealed(each) for each in _said(rehearsal.runs)]
        if verdict.errors:  # perhaps before anything was registered by which literals are known
            own = secrets_written_in(self._directory)
            verdict.errors = [without(each, own) for each in verdict.errors]
            verdict.said = [without(each, own) for each in verdict.said]
        verdict.problems = [self.concealed(problem, name=True) for problem in verdict.problems]

    def _judge_literals(self) -> None:
        """Take over where the program writes values itself, and which of that is accepted."""
        findings = self._literals.findings if self._literals is not None else []
        verdict = self._verdict
        for each in findings:
            allowed = each.place in self._allowed
            verdict.findings.append(
                Noticed(
                    each.id,
                    self.concealed(each.urn, name=True),
                    self.concealed(each.resource, name=True),
                    self.concealed(each.path, name=True),
                    each.detector,
                    each.why,
                    each.fix,
                    self.concealed(each.place, name=True),
                    allowed,
                )
            )
        for id_, (one, many) in _PROBLEMS.items():
            wrong = [each for each in verdict.findings if each.id == id_ and not each.allowed]
            if wrong:
                what = one if len(wrong) == 1 else many.format(len(wrong))
                first = f"{wrong[0].resource}, {wrong[0].property}"
                verdict.problems.append(f"{what}: {first}{', ...' if wrong[1:] else ''}.")
        missed = sorted({*self._allowed} - {each.place for each in findings})
        if missed and self._literals is not None:
            self._rehearsal.notes.append(
                f"--allow {', '.join(missed)} accepts nothing: nothing was found there. Leave it out."
            )

    def _hints(self) -> Iterator[str]:
        yield from hints(self._verdict.errors, self._directory)
        seen = {each.canary for each in self._verdict.leaks.sightings}
        keys = sorted(name.removeprefix(_SECRET_CONFIG) for name in seen if _SECRET_CONFIG in name)
        if keys:
            yield (
                "Secret config that is read with `require` or `get` is no longer secret, and is stored in plain text: "
                f"read it with `require_secret` or `get_secret`. Seen in plain text: {', '.join(keys)}."
            )

    def concealed(self, text: str, *, name: bool = False) -> str:
        """Return a text with every form of every made-up value and of the program's own taken out.

        Args:
            text: The text.
            name: Whether it is made of names and paths, which are public.
        """
        for needle in self._needles:
            text = text.replace(needle, "[secret]")
        return self._literals.concealed(text, name=name) if self._literals is not None else text


def _longest_first(canaries: Iterable[Canary]) -> list[str]:
    needles = {needle for canary in canaries for needle in canary.needles}
    return sorted(needles, key=len, reverse=True)


class _Counted:
    """A witness that knows how many texts it was asked for."""

    def __init__(self, evidence: Iterable[Evidence]) -> None:
        self._evidence = evidence
        self.places = 0

    def evidence(self) -> Iterator[Evidence]:
        for each in self._evidence:
            self.places += 1
            yield each


# Containers -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Vessel:
    """A container together with the simulated cloud that holds it."""

    container: Container
    urn: str
    simulated: SimulatedCloud
    scope: str | None
    value: str = ""

    def fill(self, value: str) -> None:
        self.value = value
        self.simulated.set_value(self.container.name, value, self.scope)

    def value_is_lost(self) -> bool:
        if self.container.retention == clouds.DISCARD:
            return False
        return self.value not in self.simulated.versions(self.container.name, self.scope) or (
            self.container.retention != clouds.RECOVER
            and self.simulated.value(self.container.name, self.scope) != self.value
        )

    def retention(self, protected: set[str]) -> str:
        if self.urn in protected:
            return clouds.KEEP
        state = self.simulated.state(self.container.name, self.scope)
        return _LEFT_BEHIND.get(state, clouds.KEEP)


def _vessels(rehearsal: Rehearsal) -> Iterator[_Vessel]:
    resources = rehearsal.resources
    components = {each["urn"]: each for each in resources if each["type"] == COMPONENT}
    for name in clouds.available():
        token = clouds.load(name).RESOURCE_TYPE
        simulated = rehearsal.clouds.get(token.partition(":")[0])
        if simulated is None:
            continue
        kind = type(simulated.resource_type(token))
        for resource in resources:
            # Compared by kind, because a token may also name an API version.
            if not resource.get("custom") or (
                type(simulated.resource_type(resource["type"])) is not kind
            ):
                continue
            found = _found(simulated, resource)
            if found is not None:
                component = components.get(resource.get("parent", ""), {})
                reference = component.get("outputs", {}).get("reference")
                container = Container(reference, found[0], name, simulated.state(*found))
                yield _Vessel(container, resource["urn"], simulated, found[1])


def _found(simulated: SimulatedCloud, resource: dict[str, Any]) -> tuple[str, str | None] | None:
    """Return a container's name and scope. Both are among its own properties, whatever they are called."""
    properties = {**resource.get("inputs", {}), **resource.get("outputs", {})}
    texts = [text for text in properties.values() if isinstance(text, str)]
    live = simulated.names()
    for name in filter(live.__contains__, texts):
        for scope in (None, *texts):
            try:
                if simulated.state(name, scope) != "missing":
                    return name, scope
            except NoSuchSecretError:  # there are several of this name
                continue
    return None


# What the engine said ---------------------------------------------------------------------------------

_SUMMARIES = ("update failed", "preview failed", "destroy failed")
_PREFIX = re.compile(
    r"(error: |an unhandled error occurred: |python inline source runtime error: )+"
)
_SECRET_CONFIG = "secret config "  # noqa: S105 (how a rehearsal names its canaries)
_FRAME = re.compile(r'  File "(?P<file>[^"]+)", line ')


def _is_summary(message: str) -> bool:
    return _PREFIX.sub("", message, count=1) in _SUMMARIES


def diagnostics(run: Run, directory: Path, *, without: Iterable[str] = ()) -> list[str]:
    """Return what the engine says about a failed run, each thing once.

    Args:
        run: The run.
        directory: The program's; a traceback begins with its own lines.
        without: URNs of resources whose errors are expected.
    """
    expected = {*without}
    said: dict[str, None] = {}
    for each in run.diagnostics:
        if each.severity != "error" or (each.urn and each.urn in expected):
            continue
        if _is_summary(each.message):
            continue
        message = _own_lines(_PREFIX.sub("", each.message, count=1), directory)
        said[f"{_resource(each.urn)}{message}"] = None
    return list(said) or [run.output[-4000:].strip() or f"exit code {run.exit_code}"]


def _resource(urn: str) -> str:
    if urn.count("::") < 3 or "::pulumi:pulumi:Stack::" in urn:  # noqa: PLR2004 (a URN has four parts)
        return ""
    _, _, types, name = urn.split("::", 3)
    return f"{types.rpartition('$')[2]} {name}: "


def _own_lines(message: str, directory: Path) -> str:
    """Return a message whose traceback begins with the first line of the program itself."""
    lines = message.splitlines()
    frames = [number for number, line in enumerate(lines) if _FRAME.match(line)]
    for number in frames:
        frame = _FRAME.match(lines[number])
        if frame is not None and Path(frame["file"]).is_relative_to(directory):
            return "\n".join([*lines[: frames[0]], *lines[number:]])
    return message


def _said(runs: Sequence[Run]) -> list[str]:
    said = (
        f"{_resource(each.urn)}{each.message}"
        for run in runs
        if run.command != "destroy"
        for each in run.diagnostics
        if each.severity in {"warning", "info"}
    )
    return list(dict.fromkeys(said))


_DONE = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}


def _counted(run: Run) -> str:
    """Say how many resources a run has changed, or would."""
    ops = [step.op for step in run.changes]
    said = []
    for op in dict.fromkeys(ops):
        what = f"to {op}" if run.command == "preview" else _DONE.get(op, op)
        said.append(f"{ops.count(op)} {what}")
    return ", ".join(said)


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
