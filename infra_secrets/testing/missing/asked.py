"""What a program asks its stack for, heard while it is recorded: config that it requires and that is not there,
outputs of other stacks, and what its `EscEnv` and `EscDeployment` need.

What is missing is answered with something made up, so that the program goes on and the next question is heard, too.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime import get_config, set_config

from infra_secrets.project import Question, answering
from infra_secrets.testing.internals import Kind, hearing_requirements
from infra_secrets.testing.program.stack_outputs import StackOutputs, StackOutputsError


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a config value must be.

    Attributes:
        kind: What it is read as.
        secret: Whether it is read as a secret.
    """

    kind: Kind
    secret: bool


@dataclass(slots=True)
class Asked:
    """What was asked for, in order.

    Attributes:
        carried: Config that the package's own components carry to workloads.
        config: Config that was required and not there, by full key.
        packages: The Pulumi packages that were used.
    """

    carried: list[Question] = field(default_factory=list)
    config: dict[str, Wanted] = field(default_factory=dict)
    packages: list[str] = field(default_factory=list)


@contextlib.contextmanager
def listening(make_up: Callable[[str, Wanted], str] | None) -> Iterator[Asked]:
    """Hear what the program asks for that is run in this block.

    Args:
        make_up: Returns the text of a required config value that is not there, given its full key. None: what is
            missing stays missing.
    """
    asked = Asked()

    def carried(question: Question) -> str:
        asked.carried.append(question)
        return "made up"

    def required(key: str, kind: Kind, secret: bool) -> None:
        if key in asked.config:
            if secret:
                asked.config[key] = Wanted(kind, secret)
        elif make_up is not None and get_config(key) is None:
            asked.config[key] = Wanted(kind, secret)
            set_config(key, make_up(key, asked.config[key]))

    with answering(carried), hearing_requirements(required):
        yield asked


class AskedOutputs(StackOutputs):
    """Lets every question through, and keeps those to which nothing was given.

    Attributes:
        missing: Names of outputs that were not given, by the name of the stack that was asked for.
    """

    def __init__(self, given: Mapping[str, Mapping[str, Any]], project: str, stack: str) -> None:
        super().__init__(given, project, stack)
        self.missing: dict[str, dict[str, None]] = {}

    def of(self, asked: str) -> Mapping[str, Any]:
        """Return what was given, or nothing."""
        try:
            return super().of(asked)
        except StackOutputsError:
            self.missing.setdefault(asked, {})
            return {}

    def output(self, asked: str, name: str) -> Any:
        """Return what was given, or something made up."""
        outputs = self.of(asked)
        if name not in outputs and not self.is_own(asked):
            self.missing.setdefault(asked, {})[name] = None
        return outputs.get(name, f"made-up-{name}")
