"""The fake and Pulumi's own evaluator, asked the same question."""

import base64
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra_secrets.testing.clouds import esc_providers
from infra_secrets.testing.esc import EscError, Value
from infra_secrets.testing.esc.environments import Environments
from infra_secrets.testing.esc.opened import engine_config
from infra_secrets.testing.esc.values import Number

PROJECT = "nlp"
_UNPRINTABLE = re.compile("[\x7f-\x9f\ufeff\ufffe\uffff\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Written:
    """A plain scalar, written as it is: YAML says what it is."""

    text: str


def in_yaml(node: Any) -> str:
    """Write a node in YAML's flow style."""
    if isinstance(node, Written):
        return node.text
    if isinstance(node, Mapping):
        members = (f"{in_yaml(key)}: {in_yaml(member)}" for key, member in node.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(map(in_yaml, node)) + "]"
    text = json.dumps(node, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


@dataclass(frozen=True)
class Case:
    """What a stack names, and its own config.

    Attributes:
        environments: Definitions as YAML text.
        root: What the stack's file says as `environment:`.
        config: The stack's own plain config by full key.
        secrets: Its own secret config by full key.
    """

    environments: Mapping[str, str]
    root: Any
    config: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """What came of a case, the same from both. A value is `[data]` or `["secret", data]`."""

    values: Any
    variables: Mapping[str, str]
    files: Mapping[str, str]
    config: Mapping[str, str]
    secret: frozenset[str]


class Refused(str):
    """A case was refused: why. All refusals are the same."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Refused)

    def __hash__(self) -> int:
        return 0


def read(provider: str, secret: str, place: str | None) -> str:
    """What the secrets managers hold."""
    return f"{provider} {place} {secret}"


def of_the_fake(case: Case) -> Seen | Refused:
    try:
        environments = Environments(case.environments, esc_providers(), case.root)
        values = environments.evaluate(read)
        opened = environments.open(read)
        own = {key: Value.of(value) for key, value in case.config.items()}
        own |= {key: Value(value, secret=True) for key, value in case.secrets.items()}
        merged = opened.merged(own, PROJECT)
        engine_config(merged)
    except EscError as error:
        return Refused(error)
    return Seen(
        _plain(values)[-1],
        opened.variables,
        opened.files,
        {key: value.config_text() for key, value in merged.items()},
        frozenset(key for key, value in merged.items() if value.stays_secret),
    )


def _plain(value: Value) -> list[Any]:
    data = value.data
    if isinstance(data, dict):
        data = {key: _plain(member) for key, member in data.items()}
    elif isinstance(data, list):
        data = [_plain(member) for member in data]
    return ["secret", data] if value.secret else [data]


class EndlessError(Exception):
    """Pulumi's own evaluator (v3.259.0) calls itself without end, and so dies: it has no answer."""


class Oracle:
    """Pulumi's own evaluator, a process that answers until it is closed."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self._start()

    def _start(self) -> None:
        self._complaints = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 (`close` does)
        self._process = subprocess.Popen(
            [self._program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            encoding="utf-8",
        )

    def close(self) -> None:
        self._process.communicate()
        self._complaints.close()

    def _ended(self) -> Exception:
        self._process.wait()
        self._complaints.seek(0)
        said = self._complaints.read()
        self.close()
        self._start()
        return EndlessError() if "stack overflow" in said else RuntimeError(said)

    def see(self, case: Case) -> Seen | Refused:
        """Ask it.

        Raises:
            EndlessError: It has no answer.
        """
        own = {
            **case.config,
            **{key: {"secure": in_base64(v.encode())} for key, v in case.secrets.items()},
        }
        request = {
            "environments": case.environments,
            "root": json.dumps(
                case.root if isinstance(case.root, dict) else {"imports": case.root}
            ),
            "answers": ANSWERS,
            "project": PROJECT,
            "config": in_yaml(own),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise self._ended()
        answer = json.loads(line, parse_int=Number, parse_float=Number)
        if "refused" in answer:
            return Refused(answer["refused"])
        if _has_unknown(answer.get("properties")):
            return Refused("something is unknown")
        return Seen(
            {key: _given(value) for key, value in answer.get("properties", {}).items()},
            {key: value["value"] for key, value in answer.get("variables", {}).items()},
            {key: value["value"] for key, value in answer.get("files", {}).items()},
            answer.get("config", {}),
            frozenset(answer.get("secret", ())),
        )


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _given(value: Mapping[str, Any]) -> list[Any]:
    data = value["value"]
    if isinstance(data, dict):
        data = {key: _given(member) for key, member in data.items()}
    elif isinstance(data, list):
        data = [_given(member) for member in data]
    return ["secret", data] if value.get("secret") else [data]


def _has_unknown(data: Any) -> bool:
    if isinstance(data, dict):
        return data.get("unknown") is True or any(map(_has_unknown, data.values()))
    return isinstance(data, list) and any(map(_has_unknown, data))


def _answer(value: Value) -> Any:
    data = value.data
    if isinstance(data, dict):
        data = {key: _answer(member) for key, member in data.items()}
    return {"value": data, "secret": value.secret}


def _wanted(id_: str) -> dict[str, Any]:
    return {"one": {id_: "an id"}, "two": {id_: "another id"}}


OPENING: dict[str, dict[str, Any]] = {
    "aws-login": {"oidc": {}},
    "aws-secrets": {"region": "eu-west-1", "login": {}, "get": _wanted("secretId")},
    "gcp-login": {"project": "p", "oidc": {}},
    "gcp-secrets": {"login": {}, "access": _wanted("name")},
    "azure-login": {"clientId": "c", "tenantId": "t", "oidc": {}},
    "azure-secrets": {"vault": "v", "login": {}, "get": _wanted("name")},
}
"""The one call of each provider that is made."""
PROVIDERS = {provider.name: provider for provider in esc_providers()}
ANSWERS = {
    name: _answer(PROVIDERS[name].open(Value.of(inputs).data, read))
    for name, inputs in OPENING.items()
}
"""What each answers to it, taken from the simulated clouds: what becomes of an answer is compared, not the answer."""


def program() -> Path:
    """What `tools/esc.sh` has built: `make test-esc` names it."""
    return Path(os.environ["INFRA_SECRETS_ESC"])
