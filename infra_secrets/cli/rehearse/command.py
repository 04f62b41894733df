"""`infra-secrets rehearse`: what the command takes, and the exit code that it ends with.

The engine is the real one, the clouds are simulated: no account is opened and nothing is written to the
project's directory. What a rehearsal does is in `trial.py`, what is shown of it in `report.py`.
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra_secrets import clouds
from infra_secrets.cli import USAGE_ERROR, end_at_once
from infra_secrets.component.settings import CLOUD
from infra_secrets.errors import InfraSecretsError, MissingExtraError
from infra_secrets.project import find_project, stack_file, stack_files
from infra_secrets.rules.wording import nearest

if TYPE_CHECKING:
    from infra_secrets.cli.rehearse.trial import Verdict
    from infra_secrets.testing.program.directory import ProjectDirectory

CLOUD_KEY = str(CLOUD)
NOT_WELL = 1

EXAMPLES = (
    "infra-secrets rehearse",
    "infra-secrets rehearse infrastructure --stack production",
    "infra-secrets rehearse --stack-output acme/network/prod:vpcId=vpc-1 --json",
)

_KEY = re.compile(r"[^\s:=]+(:[^\s:=]+)?")


class UsageError(InfraSecretsError):
    """This cannot be rehearsed; nothing was run."""


def _stack_names(context: typer.Context) -> list[str]:
    """Offer the shell the stacks of the project whose folder stands on the command line."""
    # What stands before an unfinished option is not parsed yet.
    given = [*filter(os.path.isdir, context.args), context.params.get("directory") or ""]
    folder = find_project(Path(given[0]).resolve())
    return [*stack_files(folder)] if folder is not None else []


def rehearse(
    directory: Annotated[
        Path,
        typer.Argument(
            exists=True,
            file_okay=False,
            resolve_path=True,
            show_default="the current folder",
            help="The project's folder, or one inside it.",
        ),
    ] = Path(),
    stack: Annotated[
        str | None,
        typer.Option(
            help="Whose config to use. Default: the only one that has a config file, or dev.",
            autocompletion=_stack_names,
        ),
    ] = None,
    cloud: Annotated[
        list[str] | None,
        typer.Option(
            metavar="|".join(clouds.available()),
            help=f"Sets {CLOUD_KEY}. Repeat it to rehearse on several clouds.",
            autocompletion=clouds.available,
        ),
    ] = None,
    config: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE", help="Plain config, on top of the stack's. May be repeated."
        ),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:PROPERTY",
            help="Accept a value that the program writes itself, as the report names it. May be repeated.",
        ),
    ] = None,
    *,
    stack_output: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STACK:NAME=VALUE",
            help="An output of another stack that the program reads, e.g. acme/network/prod:vpcId=vpc-1. "
            "The value is read as JSON if it is valid JSON. May be repeated.",
        ),
    ] = None,
    stack_secret: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STACK:NAME",
            help="A secret output of another stack; its value is made up. May be repeated.",
        ),
    ] = None,
    stack_outputs: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Outputs of other stacks from a YAML file: names and values under each stack.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Run a Pulumi program on the real engine over simulated clouds, with no account.

    Shows which secret containers it would make, that operators' values survive, and that no secret can be
    seen. Exit code: 0 when all is well, 1 when it is not, 2 when nothing could be rehearsed.
    """
    try:
        with _missing_sdk_explained():
            project = _project(directory, stack)
            config_given = _pairs(config or [], project.name)
            chosen = _clouds(cloud or [], config_given)
            outputs = _stack_outputs(stack_output or [], stack_secret or [], stack_outputs)
            _need_the_engine()
            with TemporaryDirectory(prefix="infra-secrets-") as folder:
                verdicts = [
                    _rehearse_on(
                        each,
                        project,
                        config_given,
                        outputs=outputs,
                        folder=Path(folder),
                        allowed=allow or [],
                        json=json,
                    )
                    for each in chosen
                ]
    except InfraSecretsError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise typer.Exit(USAGE_ERROR) from None
    except KeyboardInterrupt:
        # The engine is dead, the files are gone; a thread of the program may still be busy.
        end_at_once()
    if json:
        from infra_secrets.cli.rehearse.report import as_json

        print(as_json(verdicts, str(project.directory)))
    raise typer.Exit(0 if all(verdict.well for verdict in verdicts) else NOT_WELL)


def _need_the_engine() -> None:
    from infra_secrets.testing.engine.command import find_engine

    find_engine()


def _rehearse_on(
    cloud: str | None,
    project: "ProjectDirectory",
    given: Mapping[str, str],
    *,
    outputs: Mapping[str, Mapping[str, Any]],
    folder: Path,
    allowed: Sequence[str],
    json: bool,
) -> "Verdict":
    from infra_secrets.cli.rehearse import trial
    from infra_secrets.cli.rehearse.hints import about_made_up
    from infra_secrets.cli.rehearse.report import TerminalProgress, console, show
    from infra_secrets.clouds.misspelt import misspelt
    from infra_secrets.testing.clouds import ordinary_config
    from infra_secrets.testing.cluster.kubernetes import SimulatedKubernetes
    from infra_secrets.testing.defaults import simulated_clouds
    from infra_secrets.testing.missing.config import config_for
    from infra_secrets.testing.rehearsal import Rehearsal

    config = {**given, **({CLOUD_KEY: cloud} if cloud else {})}
    chosen = str({**project.config, **config}.get(CLOUD_KEY) or "") or None
    said = {*project.config, *config, *(str(path[0]) for path in project.secrets)}
    ordinary = ordinary_config(chosen) if chosen else {}
    filled_in = {
        key: text for key, text in ordinary.items() if key not in said and key != CLOUD_KEY
    }
    progress = TerminalProgress(console(sys.stderr), cloud or "")
    made_up = config_for(project, {**filled_in, **config}, outputs, folder)
    _refuse_unanswered(made_up.unanswered, made_up.missing)
    # Of a cluster much is made elsewhere: namespaces, and what a program looks up.
    cluster = SimulatedKubernetes(
        without={"kubernetes-namespaces-exist", "kubernetes-reads-what-is-there"}
    )
    with Rehearsal(
        directory=project.directory,
        stack=project.stack,
        config={**made_up.config, **filled_in, **config},
        secrets=made_up.secrets,
        stack_outputs=outputs,
        packages=made_up.packages,
        clouds=simulated_clouds(cluster),
    ) as rehearsal:
        if made_up.formatted:
            rehearsal.notes.append(
                f"Made up, in the formats that the program asks for: {', '.join(made_up.formatted)}."
            )
        file = stack_file(project.directory, project.stack)
        if not file.is_file():
            rehearsal.notes.append(
                f"There is no {file}: stack {project.stack} is rehearsed without config of its own."
            )
        verdict = trial.rehearse(
            rehearsal,
            project.directory,
            progress,
            cloud=chosen,
            filled_in=filled_in,
            allowed=allowed,
        )
        packages = {request.package for request in rehearsal.requests}
        verdict.filled_in |= made_up.missing_for(packages)
        verdict.notes += about_made_up(verdict.errors, verdict.filled_in)
    # Where a program uses a component of the package, that has warned already.
    verdict.notes += [
        sentence
        for sentence in misspelt(project.config, project.name)
        if not any(sentence in each for each in verdict.said)
    ]
    if not json:
        show(verdict, console(sys.stdout))
    return verdict


def _stack_outputs(
    plain: Sequence[str], secret: Sequence[str], file: Path | None
) -> dict[str, dict[str, Any]]:
    from infra_secrets.testing.program.stack_outputs import parsed

    return parsed(plain, secret, file)


def _refuse_unanswered(unanswered: Mapping[str, Sequence[str]], made_up: Mapping[str, str]) -> None:
    """Refuse a program that reads what was not given of other stacks; everything at once."""
    if not unanswered:
        return
    asked = [f"{stack} ({', '.join(names) or 'no output'})" for stack, names in unanswered.items()]
    options = [
        f"--stack-output {stack}:{name}=VALUE"
        for stack, names in unanswered.items()
        for name in names or ["NAME"]
    ]
    invented = [key for key, text in made_up.items() if text in unanswered]
    raise UsageError(
        f"The program reads outputs of other stacks that were not given: {', '.join(asked)}. Give each: "
        f"{' '.join(options)}; --stack-secret STACK:NAME for a secret one; or all in a file: --stack-outputs FILE."
        + (
            f" The names of the stacks are themselves made up: give config {', '.join(invented)}, too."
            if invented
            else ""
        )
    )


# What was asked for -----------------------------------------------------------------------------------


def _project(directory: Path, stack: str | None) -> "ProjectDirectory":
    from infra_secrets.testing.program.directory import ProjectDirectory

    folder = find_project(directory)
    if folder is None:
        if _drives_pulumi(directory):
            raise UsageError(
                f"The program in {directory} runs Pulumi itself, through the Automation API, and a rehearsal would run "
                "it for real. Name the folder of a project with a Pulumi.yaml; to rehearse an inline program, write a "
                "test: Rehearsal(program)."
            )
        raise UsageError(
            f"There is no Pulumi.yaml in {directory} or above it. Name the folder of a Pulumi project: "
            "infra-secrets rehearse DIRECTORY"
        )
    stack = stack.rpartition("/")[2] if stack else None  # of organization/project/stack
    project = ProjectDirectory.read(folder, stack)
    stacks = [*stack_files(folder)]
    if stack is None and len(stacks) > 1:
        raise UsageError(
            f"{folder} has config for several stacks: {', '.join(stacks)}. Choose the one to rehearse: "
            f"--stack {stacks[0]}"
        )
    if stack is not None and stacks and stack not in stacks:
        close = nearest(stack, stacks)
        raise UsageError(
            f"There is no {stack_file(folder, stack)}, and a stack without config is probably a mistake when others "
            f"have it ({', '.join(stacks)}). "
            + (
                f"Did you mean --stack {close}?"
                if close
                else "Name one of them, or make that file, empty."
            )
        )
    project.program()  # refuses a language whose host is missing
    return project


def _drives_pulumi(folder: Path) -> bool:
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in folder.glob("*.py"))
    return any(re.search(r"pulumi(\.| import )automation", text) for text in texts)


def _clouds(asked: Sequence[str], config: Mapping[str, str]) -> list[str | None]:
    for name in asked:
        clouds.load(name)
    if asked and CLOUD_KEY in config:
        raise UsageError(
            f"--cloud and --config {CLOUD_KEY}=... set the same thing. Give one of them."
        )
    return list(dict.fromkeys(asked)) or [None]


def _pairs(texts: Sequence[str], project: str) -> dict[str, str]:
    pairs = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or not _KEY.fullmatch(key):
            # What stands there is not repeated: without a key it may be anything.
            raise UsageError(
                "--config must be KEY=VALUE, where the key is like 'region' or 'aws:region', without spaces."
                + (f" Found the key {key!r}." if separator else " One has no '='.")
            )
        pairs[key] = value
    from infra_secrets.clouds.misspelt import misspelt

    for problem in misspelt(pairs, project):
        raise UsageError(f"--config: {problem}")
    return pairs


# Ends -------------------------------------------------------------------------------------------------


@contextmanager
def _missing_sdk_explained() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in {"pulumi", "grpc", "google", "yaml"}:
            raise
        extras = (clouds.load(name).EXTRA for name in clouds.available())
        raise MissingExtraError(f"The Pulumi SDK ({missing.name})", *extras) from None
