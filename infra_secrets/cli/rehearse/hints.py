"""What to do about a program that failed, as far as its error says so."""

import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from infra_secrets.cli.rehearse.requirements import unmet

_MISSING_MODULE: Final = re.compile(r"ModuleNotFoundError: No module named '([^'\s]+)'")
_MISSING_CONFIG: Final = re.compile(r"Missing required configuration variable '([^'\s]+)'")
# The frame below is the standard library's: no other mapping than os.environ raises from there.
_MISSING_VARIABLE: Final = re.compile(
    r"File \"[^\"]*\bos(\.py|>)\", line \d+, in __getitem__\n(.*\n)*?KeyError: '(?P<name>[^'\s]+)'"
)
# As boto3, Google's and Azure's client libraries call it.
_NO_ACCOUNT: Final = re.compile(
    r"\b(NoCredentialsError|DefaultCredentialsError|CredentialUnavailableError): "
)
_MADE_UP: Final = "made-up-"


def hints(errors: Sequence[str], folder: Path) -> Iterator[str]:
    """Yield a sentence for each way out.

    Args:
        errors: The engine's diagnostics of the step that failed; none when none did.
        folder: The project's.
    """
    modules = sorted({name for error in errors for name in _MISSING_MODULE.findall(error)})
    absent = [name for name in modules if not _has_package_of(name)]
    for name in modules:
        if name not in absent:
            yield _other_version(name)
    if absent:
        yield (
            f"The program ran in this command's own Python, {sys.prefix}. Install what it imports there, or "
            "install infra-secrets[cli] next to the program's other libraries and run the command from there."
        )
    elif errors:
        yield from unmet(folder)
    for key in sorted({key for error in errors for key in _MISSING_CONFIG.findall(error)}):
        yield f"For a rehearsal alone, the missing config can be given: --config {key}=VALUE"
    if any(map(_NO_ACCOUNT.search, errors)):
        yield (
            "The program calls a cloud directly, outside Pulumi, and a rehearsal has no account: in a test "
            "of your own, Rehearsal(program) can run it with that call replaced."
        )
    for match in filter(None, map(_MISSING_VARIABLE.search, errors)):
        yield (
            f"The program reads the environment variable {match['name']}, which is not set here. Set it where you run "
            "the rehearsal, which passes it on."
        )


def about_made_up(errors: Sequence[str], made_up: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each made-up config value that the program could not make use of.

    Args:
        errors: The engine's diagnostics of the step that failed.
        made_up: What was made up, by full key.
    """
    for key, text in made_up.items():
        if text.startswith(_MADE_UP) and any(text in error for error in errors):
            yield f"{text} was made up for config that the program asks for. Give your own: --config {key}=VALUE"


def _has_package_of(module: str) -> bool:
    """Whether a module is part of a package that is installed, and not of a namespace that many share."""
    top, dot, _ = module.partition(".")
    found = importlib.util.find_spec(top) if dot else None
    return found is not None and found.origin is not None


def _other_version(module: str) -> str:
    top = module.partition(".")[0]
    try:
        version = importlib.metadata.version(top)
    except importlib.metadata.PackageNotFoundError:
        version = "as it is"
    return (
        f"{top} {version} is installed here and has no {module}. Install the version that the program was written "
        f"for in this command's Python, {sys.prefix}."
    )
