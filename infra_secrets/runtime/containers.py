"""The last place where settings are looked for: their containers, all in one call, by the local login."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from infra_secrets import clouds
from infra_secrets.clouds import Cloud, Place
from infra_secrets.clouds.values import Client, Value
from infra_secrets.component.settings import CLOUD_VARIABLE, ENVIRONMENT_VARIABLE
from infra_secrets.errors import (
    AccessError,
    NeverSetError,
    NotFoundError,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Where:
    """Where the containers of a class are."""

    cloud: Cloud
    environment: str


def look(options: Options, wanted: Sequence[Setting]) -> Looked:
    """Look for settings in their containers.

    Raises:
        MissingExtraError: The cloud's client is not installed.
    """
    where = _where(options)
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
    answers = _read(where.cloud, options.place, [*dict.fromkeys(names.values())])
    if options.document:
        [(name, answer)] = answers.items()
        return _members(name, answer, wanted)
    return {each: answers[name] for each, name in names.items()}


def _where(options: Options) -> _Where | Problem:
    """Find out where containers are; a problem's text has `{variable}` and `{reference}` to fill in."""
    name = options.cloud or CLOUD_VARIABLE.read()
    environment = options.environment or ENVIRONMENT_VARIABLE.read()
    if not name:
        return Problem(
            text=(
                "the variable {variable} is not set. Set it where the process is started; or name the cloud and the "
                f"environment ({CLOUD_VARIABLE}, {ENVIRONMENT_VARIABLE}), have the value put in, "
                "`infra-secrets set {reference}`, and it is read from there."
            ),
            looked_at=(),
            absent=True,
        )
    if not environment:
        return Problem(
            text=(
                "no environment is named, and containers are named after it. Set the variable "
                f"{ENVIRONMENT_VARIABLE}, e.g. to production."
            ),
            looked_at=(),
        )
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
    return _Where(cloud=cloud, environment=environment)


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _spelled(options: Options, setting: Setting) -> dict[str, str]:
    environment = options.environment or ENVIRONMENT_VARIABLE.read() or "ENVIRONMENT"
    parts = [options.service, environment, *([setting.key] if setting.key else [])]
    field = "" if setting.key else f" --field {setting.variable}"
    return {"variable": setting.variable, "reference": "/".join(parts) + field}


def _read(
    cloud: Cloud, place: Place, names: Sequence[SecretName]
) -> Mapping[SecretName, Found | Problem]:
    client: Client | None = None
    try:
        client = clouds.connect(cloud, place)
        answers = client.read(names)
    except AccessError as error:
        answers = dict.fromkeys(names, error)
    finally:
        if client is not None:
            client.close()
    parts = ", ".join(
        f"{part} {text}" for part, text in (client.place if client else place).items()
    )
    title = cloud.SPELLING.title + (f" ({parts})" if parts else "")
    return {name: _answer(name, answers[name], title) for name in names}


def _answer(name: SecretName, answer: Value | AccessError, title: str) -> Found | Problem:
    where, fix = f"the container {name.reference} in {title}", f"infra-secrets set {name.reference}"
    if isinstance(answer, Value):
        return Found(answer.data, where, f"Run: {fix}")
    text = str(answer)
    if isinstance(answer, NeverSetError) and fix not in text:
        text += f" Run: {fix}"
    return Problem(
        text=text,
        looked_at=(where,),
        absent=isinstance(answer, NotFoundError | NeverSetError),
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
        setting.name: _member(name, answer.where, parsed.content, setting.variable)
        for setting in wanted
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


def _member(name: SecretName, where: str, members: object, key: str) -> Found | Problem:
    fix = f"Run: infra-secrets set {name.reference} --field {key}"
    where = f"the key {key} of {where}"
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
