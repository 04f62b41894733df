"""What one run of the engine was: how it ended, what was said, and what was done to each resource."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from infra_secrets.errors import InfraSecretsError

_MARKUP: Final = re.compile(r"<\{%.*?%\}>")
"""How the engine writes colours into its events."""


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


def diagnostics_in(events: Iterable[Mapping[str, Any]]) -> Iterator[Diagnostic]:
    """Return what the engine's events say."""
    for event in events:
        said = event.get("diagnosticEvent")
        if said is not None and not said.get("ephemeral") and said["severity"] != "debug":
            message = _MARKUP.sub("", said.get("prefix", "") + said["message"]).strip()
            yield Diagnostic(said["severity"], message, said.get("urn", ""))


def steps_in(events: Iterable[Mapping[str, Any]]) -> list[Step]:
    """Return what the engine's events say was done to each resource."""
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
