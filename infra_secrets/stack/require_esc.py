"""`require_esc`: a program that stops if its stack keeps secrets outside of Pulumi ESC."""

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi

from infra_secrets.clouds.misspelt import warn_of_misspelt_config
from infra_secrets.component.argument_types import SequenceNotStr
from infra_secrets.component.given import kind
from infra_secrets.component.messages import one_clear_message
from infra_secrets.component.settings import NAMESPACE, REQUIRE_ESC
from infra_secrets.errors import StackConfigError
from infra_secrets.project import Key
from infra_secrets.rules.wording import is_credential, shown
from infra_secrets.stack.fixing import Home
from infra_secrets.stack.keys import known_keys, named, shown_as

_SECRET_NAME = re.compile(
    r"passw|passphrase|pwd|pass([-_]|$)|secret|token|(api|private|auth|signing|ssh|access|encryption)[-_]?key|"
    r"credential|connection[-_]?string",
    re.IGNORECASE,
)
# What is about a secret and not one: `secretName`, `tokenLifetime`.
_ABOUT = re.compile(
    r"(name|id|arn|path|file|ref|url|uri|host|type|policy|class|issuer|audience|lifetime|ttl|length|version)$",
    re.IGNORECASE,
)
# With a password; or, as error trackers do it, with a key in its place.
_URL_WITH_SECRET = re.compile(
    r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@|https?://[^/\s@]+@", re.IGNORECASE
)
_WRITTEN_OUT = re.compile(
    r"(password|pwd|accountkey|sharedaccesskey|sig)=[^;&\s]{4,}|hooks\.slack\.com/services/",
    re.IGNORECASE,
)
_SHORTEST_CREDENTIAL = 16  # characters; `sk-learn` is none
_SHORTEST_SECRET = 8  # characters; what is shorter under a name like `tokenType` is a setting


def require_esc(allow: SequenceNotStr[str] = ()) -> None:
    """Refuse a stack whose own file contains secrets, encrypted or in plain text, instead of an ESC environment.

    Call it first in a program. With config `infra-secrets:requireEsc` set to `warn` it warns instead (e.g. while a
    stack is being migrated), and with `refuse`, the default, it stops the program before anything is created.

    It looks at `Pulumi.<stack>.yaml` alone. If the run shows that its config came from another file, as with
    `--config-file`, it warns that it could not check.

    What counts as a secret in plain text is a guess: a value under a name like `password` or `apiToken`, a
    URL with a password in it, and what begins like a well-known credential.

    Args:
        allow: Config keys that may stay, e.g. `["app:tokenIssuer"]`.

    Raises:
        StackConfigError: One error with every such key, and the command that moves each. Never a value.
    """
    warn_of_misspelt_config()
    mode = REQUIRE_ESC.read() or "refuse"
    with one_clear_message():
        if mode not in ("refuse", "warn"):
            raise StackConfigError(
                f"config {REQUIRE_ESC} is {shown(mode)}; it must be 'refuse' (the default) or 'warn'."
            )
        given: object = allow
        if not isinstance(given, list | tuple) or not all(isinstance(each, str) for each in given):
            raise StackConfigError(
                f'allow must be a list of config keys, e.g. ["app:tokenIssuer"]; found {kind(allow)}.'
            )
        home = Home.find()
        allowed = {str(named(each, pulumi.get_project())) for each in allow}
        problems = [
            _move(key, why, home) for key, why in _misplaced(home) if str(key) not in allowed
        ]
        elsewhere = home.not_in_use
        notes = [_moving_note(home)] if problems else []
        if elsewhere:
            notes.append(
                f"require_esc could not check the stack file that this run uses: {elsewhere}. Secrets in that file "
                f"are not found. Run pulumi without --config-file, or make sure that they are in ESC."
            )
        if not notes:
            return
        lines = "".join(f"\n  - {problem}" for problem in problems)
        said = [f"stack {home.stack} keeps secrets outside of ESC:{lines}"] if problems else []
        message = "\n".join([*said, *notes])
        if problems and mode == "refuse":
            raise StackConfigError(message)
    pulumi.log.warn(message)


def _misplaced(home: Home) -> Iterator[tuple[Key, str]]:
    for key, value in home.own.items():
        if _holds_ciphertext(value):
            yield key, "is a secret in the stack's file"
        elif key.namespace != NAMESPACE and _looks_secret(key.name, value):
            yield key, "looks like a secret, in plain text"
    if home.has_file and not home.environments:
        for key in known_keys():
            if pulumi.runtime.is_config_secret(str(key)) and key not in home.own:
                yield key, "is a secret that did not come from an ESC environment"


def _move(key: Key, why: str, home: Home) -> str:
    if not home.environments:
        return f"config {shown_as(key)} {why}."
    read = f"pulumi config get --stack {shlex.quote(home.stack)} {shlex.quote(str(key))}"
    # The shell takes the line break away that `config get` adds; printf is part of the shell, no process. Where
    # the value cannot be read (another passphrase), nothing is stored and nothing removed.
    return (
        f"config {shown_as(key)} {why}. Move it: "
        f'v=$({read}) && [ -n "$v" ] && printf %s "$v" | {home.set_command(key)}; unset v'
    )


def _moving_note(home: Home) -> str:
    if home.environments:
        return "A value that was in plain text may be known to others: replace it with a new one instead."
    return (
        f"This stack imports no ESC environment. `pulumi config env init --stack {shlex.quote(home.stack)}` creates "
        "one from its config and imports it (it needs the Pulumi Cloud backend)."
    )


def _holds_ciphertext(value: Any) -> bool:
    if isinstance(value, Mapping):
        return set(value) == {"secure"} or any(map(_holds_ciphertext, value.values()))
    return isinstance(value, list) and any(map(_holds_ciphertext, value))


def _looks_secret(name: str, value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_looks_secret(str(inner), member) for inner, member in value.items())
    if isinstance(value, list):
        return any(_looks_secret(name, member) for member in value)
    if not isinstance(value, str):
        return False
    if len(value) >= _SHORTEST_CREDENTIAL and is_credential(value):
        return True
    if _URL_WITH_SECRET.match(value) or _WRITTEN_OUT.search(value):
        return True
    opaque = len(value) >= _SHORTEST_SECRET and not re.match(r"[/.~]|arn:|[a-z]+://|\$\{", value)
    return opaque and _SECRET_NAME.search(name) is not None and not _ABOUT.search(name)
