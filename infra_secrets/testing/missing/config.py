"""Made-up config: what a program asks its stack for, and a rehearsal cannot have.

A rehearsal of a directory has neither the stack's secrets nor its ESC environments, and a fresh clone has no stack at
all. Values of no form would be refused, so the program is recorded once, only to see what it asks for. Where the
program fails without an engine, the rest is not made up, and the rehearsal says what is missing.

Where the stack has a file, what is missing there is missing: that is for its owner to fix.
"""

import contextlib
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from infra_secrets.testing.canary import Canary
from infra_secrets.testing.clouds import usual_config
from infra_secrets.testing.missing.asked import Asked, AskedOutputs, Wanted, listening
from infra_secrets.testing.missing.texts import required_text, value_for
from infra_secrets.testing.program.directory import ProjectDirectory
from infra_secrets.testing.recording import Recording

CONCEALED: Final = "(a secret)"
"""What is shown in place of a made-up secret."""


@dataclass(frozen=True, slots=True)
class MadeUp:
    """Config for a rehearsal, by full key.

    Attributes:
        secrets: Secret values.
        config: Plain ones.
        formatted: The keys whose values have the format that a component of this package asks for.
        usual: The keys that only say what providers are usually told.
        missing: What a fresh clone lacks, with the value that it is given; `CONCEALED` for a secret one.
        unanswered: Outputs of other stacks that were asked for and not given, by stack.
        packages: Every Pulumi package that the program uses, with an SDK or without one.
    """

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    config: Mapping[str, str] = field(default_factory=dict)
    formatted: tuple[str, ...] = ()
    usual: frozenset[str] = frozenset()
    missing: Mapping[str, str] = field(default_factory=dict)
    unanswered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    packages: tuple[str, ...] = ()

    def missing_for(self, packages: set[str]) -> dict[str, str]:
        """Return what is missing, without the usual config of packages that the program does not use."""
        return {
            key: text
            for key, text in self.missing.items()
            if key not in self.usual or key.partition(":")[0] in packages
        }


def config_for(
    project: ProjectDirectory,
    config: Mapping[str, str],
    stack_outputs: Mapping[str, Mapping[str, Any]],
    folder: Path,
) -> MadeUp:
    """Make up what a project's Python program asks for and a rehearsal cannot have.

    That is the stack's own secrets, what is missing where the stack names an ESC environment, and where there is no
    stack, what the program requires: first what the project's template says, then something made up.

    Args:
        project: The project.
        config: Further plain config by full key.
        stack_outputs: What is given of other stacks.
        folder: Where files may be written that made-up config names.
    """
    known = {**project.config, **config}
    replaced = {str(path[0]) for path in project.secrets}
    usual: dict[str, str] = {}
    secret: dict[str, str] = {}
    plain: dict[str, str] = {}
    if project.is_fresh:
        said = {*known, *project.template}
        if "infra-secrets:cloud" not in known:  # else the cloud's own ordinary config is given
            usual = {key: text for key, text in usual_config().items() if key not in said}
        for key, default in project.template.items():
            if key not in known and default is not None:
                plain[key] = default
            elif key not in known:
                secret[key] = Canary.plant(name=f"secret config {key}").value
    made: dict[str, str] = {}

    def make_up(key: str, wanted: Wanted) -> str:
        made[key] = required_text(key, wanted, folder)
        return made[key]

    stacks = AskedOutputs(stack_outputs, project.name, project.stack)
    asked = _asked_for(
        project,
        stacks,
        {**usual, **plain, **known},
        {**_whole_secrets(project), **secret},
        make_up if project.is_fresh else None,
    )
    formatted: dict[str, None] = {}
    for entry in asked.carried:
        key = str(entry.key)
        if key in replaced or (key not in known and (project.environment or project.is_fresh)):
            (secret if entry.secret else plain).setdefault(key, value_for(entry.format))
            formatted[key] = None
    for key, wanted in asked.config.items():
        (secret if wanted.secret else plain)[key] = made[key]
    missing = {**usual, **plain, **dict.fromkeys(secret, CONCEALED)} if project.is_fresh else {}
    return MadeUp(
        secret,
        {**usual, **plain},
        tuple(formatted),
        frozenset(usual),
        missing,
        {stack: tuple(names) for stack, names in stacks.missing.items()},
        tuple(asked.packages),
    )


def packages_of(tokens: Iterable[str]) -> list[str]:
    """Return the packages of type tokens and function tokens, that of an explicit provider included."""
    named = (token.removeprefix("pulumi:providers:").partition(":")[0] for token in tokens)
    return sorted({*named} - {"pulumi"})


def _whole_secrets(project: ProjectDirectory) -> dict[str, str]:
    return {
        str(path[0]): canary.value for path, canary in project.secrets.items() if len(path) == 1
    }


def _asked_for(
    project: ProjectDirectory,
    stacks: AskedOutputs,
    config: Mapping[str, object],
    secret: Mapping[str, str],
    make_up: Callable[[str, Wanted], str] | None,
) -> Asked:
    program = project.program()
    if program is None:  # another language, which runs in a process of its own
        return Asked()
    recording = Recording(project.name, project.stack, config, secret)
    recording.stacks = stacks
    with (
        listening(make_up) as asked,
        project.surroundings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        contextlib.suppress(Exception, SystemExit),  # the rehearsal itself says what is wrong
    ):
        recording.run(program)
    asked.packages = packages_of(
        [*(each.type for each in recording.registrations), *recording.echoed]
    )
    return asked
