"""The last place where settings are looked for: their containers, all in one call, by the local login."""

import os
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from infra_secrets import clouds
from infra_secrets.clouds import Cloud, Place
from infra_secrets.clouds.values import Client, Value
from infra_secrets.component.settings import CLOUD_VARIABLE, ENVIRONMENT_VARIABLE
from infra_secrets.errors import (
    AccessError,
    DisabledError,
    NeverSetError,
    NotFoundError,
    NotLoggedInError,
    ScheduledError,
    SecretNameError,
    ThrottledError,
    UnknownCloudError,
    UnreachableError,
)
from infra_secrets.rules.naming import SecretName
from infra_secrets.runtime import json_text
from infra_secrets.runtime.declaration import Setting
from infra_secrets.runtime.found import Found, Problem
from infra_secrets.runtime.json_text import Parsed
from infra_secrets.runtime.options import Options

Looked = Mapping[str, Found | Problem]
"""What came of it, by setting."""


_OF_THE_CONTAINER = (NeverSetError, NotFoundError, DisabledError, ScheduledError)
"""What another client would be told too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Where:
    """Where the containers of a class are."""

    name: str
    cloud: Cloud
    environment: str


class Containers:
    """The containers of a class of settings. Its client is kept, with its login and its connections, while it is good.

    One thread at a time. A process that was forked makes a client of its own.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._client: Client | None = None
        self._of: tuple[str, int] | None = None  # whose it is: a cloud's, and a process's
        self._let_go: Callable[[], object] = lambda: None

    def look(self, wanted: Sequence[Setting]) -> Looked:
        """Look for settings in their containers.

        Raises:
            MissingExtraError: The cloud's client is not installed.
        """
        options, where = self._options, _where(self._options)
        if isinstance(where, Problem):
            return {
                setting.name: replace(where, text=where.text.format(**_spelled(options, setting)))
                for setting in wanted
            }
        names = {
            setting.name: SecretName(
                service=options.service, environment=where.environment, key=setting.key
            )
            for setting in wanted
        }
        answers = self._read(where, [*dict.fromkeys(names.values())])
        if options.document:
            [(name, answer)] = answers.items()
            return _members(name, answer, wanted)
        return {each: answers[name] for each, name in names.items()}

    def close(self) -> None:
        """Close its connections; the next look opens new ones."""
        self._let_go()
        self._client, self._of = None, None

    def _read(
        self, where: _Where, names: Sequence[SecretName]
    ) -> Mapping[SecretName, Found | Problem]:
        kept = self._client is not None
        place, answers = self._ask(where, names)
        if kept and any(isinstance(each, NotLoggedInError) for each in answers.values()):
            place, answers = self._ask(where, names)  # a login that it read long ago may be renewed
        parts = ", ".join(f"{part} {text}" for part, text in place.items())
        title = where.cloud.SPELLING.title + (f" ({parts})" if parts else "")
        return {
            name: _answer(
                name, answers[name], title, clouds.to_set(name.reference, where.name, place)
            )
            for name in names
        }

    def _ask(
        self, where: _Where, names: Sequence[SecretName]
    ) -> tuple[Place, Mapping[SecretName, Value | AccessError]]:
        place, answers, good = self._options.place, dict[SecretName, Value | AccessError](), False
        try:
            client = self._connected(where)
            place = client.place
            answers = {**client.read(names)}
            good = all(isinstance(each, (Value, *_OF_THE_CONTAINER)) for each in answers.values())
        except AccessError as error:
            answers = dict.fromkeys(names, error)
        finally:
            if not good:
                self.close()
        return place, answers

    def _connected(self, where: _Where) -> Client:
        of = (where.name, os.getpid())
        if self._client is None or self._of != of:
            self.close()
            self._client, self._of = clouds.connect(where.cloud, self._options.place), of
            # Also when the settings are gone. Not at the end of the process, where a client may be half gone itself.
            closing = weakref.finalize(self, _close, self._client, os.getpid())
            closing.atexit = False
            self._let_go = closing
        return self._client


def _close(client: Client, process: int) -> None:
    """Close a client, but not its parent's in a process that was forked: they share connections."""
    if os.getpid() == process:
        client.close()


def _where(options: Options) -> _Where | Problem:
    """Find out where containers are; a problem's text has `{variable}` and `{reference}` to fill in."""
    name = CLOUD_VARIABLE.read() if options.cloud is None else options.cloud
    environment = (
        ENVIRONMENT_VARIABLE.read() if options.environment is None else options.environment
    )
    empty = [
        str(variable)
        for variable, text in ((CLOUD_VARIABLE, name), (ENVIRONMENT_VARIABLE, environment))
        if text == ""
    ]
    if empty:
        return Problem(text=f"{' and '.join(empty)}: set, and empty. Give it a name, or unset it.")
    if name is None:
        return Problem(
            text=(
                "the variable {variable} is not set. Set it where the process is started; or name the cloud and the "
                f"environment ({CLOUD_VARIABLE}, {ENVIRONMENT_VARIABLE}), have the value put in, "
                "`infra-secrets set {reference}`, and it is read from there."
            ),
            looked_at=(),
            absent=True,
        )
    if environment is None:
        return Problem(
            text=(
                "no environment is named, and containers are named after it. Set the variable "
                f"{ENVIRONMENT_VARIABLE}, e.g. to production."
            ),
            looked_at=(),
        )
    return _checked(options, name, environment)


def _checked(options: Options, name: str, environment: str) -> _Where | Problem:
    try:
        cloud = clouds.load(name)
        cloud.SPELLING.spell(SecretName(service=options.service, environment=environment))
    except UnknownCloudError as unknown:
        return Problem(text=_escaped(f"{CLOUD_VARIABLE}: {unknown}"))
    except SecretNameError as bad:
        return Problem(text=_escaped(f"{ENVIRONMENT_VARIABLE}: {bad}"))
    unfit = [part for part in options.place if part not in clouds.values_of(cloud).PLACE]
    if unfit:
        return Problem(
            text=(
                f"the class says {'=, '.join(unfit)}=, and {cloud.SPELLING.title} has no such part of a place: "
                f"{', '.join(clouds.values_of(cloud).PLACE)}. Leave it out, and set the variable of the cloud instead."
            )
        )
    return _Where(name=name, cloud=cloud, environment=environment)


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _spelled(options: Options, setting: Setting) -> dict[str, str]:
    environment = options.environment or ENVIRONMENT_VARIABLE.read() or "ENVIRONMENT"
    parts = [options.service, environment, *([setting.key] if setting.key else [])]
    field = "" if setting.key else f" --field {setting.variable}"
    return {"variable": setting.variable, "reference": "/".join(parts) + field}


def _answer(
    name: SecretName, answer: Value | AccessError, title: str, command: str
) -> Found | Problem:
    where = f"the container {name.reference} in {title}"
    if isinstance(answer, Value):
        return Found(answer.data, where, f"Run: {command}")
    text = str(answer)
    if isinstance(answer, NeverSetError) and command not in text:
        text += f" Run: {command}"
    return Problem(
        text=text,
        looked_at=(where,),
        absent=isinstance(answer, NeverSetError),
        unreachable=isinstance(answer, UnreachableError | ThrottledError),
    )


def _members(name: SecretName, answer: Found | Problem, wanted: Sequence[Setting]) -> Looked:
    """Take a document apart: a JSON object whose keys are the names of the variables."""
    if isinstance(answer, Problem):
        return {setting.name: answer for setting in wanted}
    keys = [setting.variable for setting in wanted]
    parsed = _object(answer, keys)
    if isinstance(parsed, str):
        whole = Problem(text=f"the value of {name.reference} {parsed}. {answer.fix}")
        return {setting.name: whole for setting in wanted}
    return {
        setting.name: _member(name, answer, parsed.content, setting.variable) for setting in wanted
    }


def _object(document: Found, keys: Sequence[str]) -> Parsed | str:
    try:
        text = document.content.decode() if isinstance(document.content, bytes) else ""
    except UnicodeDecodeError:
        return "is not UTF-8, as JSON must be"
    parsed = json_text.read(text, keys)
    if isinstance(parsed, Parsed) and not isinstance(parsed.content, dict):
        return "is JSON and no object: it must have the names of the variables as keys"
    return parsed


def _member(name: SecretName, document: Found, members: object, key: str) -> Found | Problem:
    fix, where = f"{document.fix} --field {key}", f"the key {key} of {document.where}"
    if not isinstance(members, dict) or key not in members:
        text = f"the document {name.reference} has no key {key}. {fix}"
        return Problem(text=text, looked_at=(where,), absent=True)
    member = members[key]
    if member is None:
        return Problem(text=f"{where} is null: nobody has set it. {fix}")
    if not isinstance(member, str):
        return Found(Parsed(member), where, fix)
    try:
        return Found(member.encode(), where, fix)
    except UnicodeEncodeError:
        return Problem(text=f"{where} has half a character (a lone surrogate). {fix}")
