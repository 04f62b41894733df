"""Outputs of other stacks, given to a program that reads them by a `StackReference`.

    Rehearsal(program, stack_outputs={"acme/network/prod": {"vpcId": "vpc-1", "token": SecretValue("made up")}})

A stack is found under the name that the program asks for. Where nothing is given under exactly that name, the
organization is left aside, because no program can know it without an account: there it is `organization`. A program's
own stack needs nothing given: it has the outputs of the run before, at first none.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from google.protobuf import struct_pb2
from pulumi import RunError

from infra_secrets.errors import InfraSecretsError
from infra_secrets.testing.canary import Canary
from infra_secrets.testing.values import SecretValue, encode, unwrap

STACK_REFERENCE: Final = "pulumi:pulumi:StackReference"
ORGANIZATION: Final = "organization"
"""The one organization that a file backend has (pulumi pkg/backend/diy/store.go)."""

_SECRET: Final = "fn::secret"  # noqa: S105 (how Pulumi ESC marks one)
_ASSIGNMENT: Final = re.compile(r"(?P<stack>[^:=\s]+):(?P<name>[^=\s]+)=(?P<value>.*)", re.DOTALL)
_SECRET_NAME: Final = re.compile(r"(?P<stack>[^:=\s]+):(?P<name>[^=\s]+)")
# What JSON and people both take for a number; not `0123`, and not `1e5`, which may be a name.
_JSON: Final = re.compile(r"[\[{\"].*|true|false|null|-?(0|[1-9]\d*)(\.\d+)?", re.DOTALL)


class StackOutputsError(InfraSecretsError, RunError, LookupError):
    """The program reads an output of another stack that was not given, or what was given cannot be read."""


class StackOutputs:
    """What was given.

    Args:
        given: Outputs by the stack's name: `organization/project/stack`, or less where that is clear. Secret ones are a
            `SecretValue`.
        project: The program's own project, for a name without one.
        stack: The program's own stack.
    """

    def __init__(self, given: Mapping[str, Mapping[str, Any]], project: str, stack: str) -> None:
        self._project = project
        self._stack = stack
        self.given = {name: dict(outputs) for name, outputs in given.items()}

    @property
    def canaries(self) -> list[Canary]:
        """The secret outputs that are texts."""
        return [
            Canary(output.value, f"secret output {name} of {stack}")
            for stack, outputs in self.given.items()
            for name, output in outputs.items()
            if isinstance(output, SecretValue) and isinstance(output.value, str)
        ]

    def of(self, asked: str) -> Mapping[str, Any]:
        """Return the outputs of a stack, by the name that the program asks for.

        Raises:
            StackOutputsError: None were given.
        """
        if asked in self.given:
            return self.given[asked]
        found = [
            outputs
            for name, outputs in self.given.items()
            if self._place(name) == self._place(asked)
        ]
        if len(found) == 1:
            return found[0]
        if self.is_own(asked):
            return {}
        raise StackOutputsError(
            f"the program reads the stack {asked}, and its outputs were not given. {_ways(asked)}"
            + (f" Given are: {', '.join(self.given)}." if self.given else "")
        )

    def output(self, asked: str, name: str) -> Any:
        """Return one output of a stack.

        Raises:
            StackOutputsError: It was not given.
        """
        outputs = self.of(asked)
        if name not in outputs and not self.is_own(asked):
            raise StackOutputsError(
                f"the program reads the output {name} of the stack {asked}, which was not given. "
                f"{_ways(asked, name)} Given are: {', '.join(outputs) or 'none'}. "
                "For an output that the stack may lack, give null."
            )
        return outputs.get(name)

    def is_own(self, asked: str) -> bool:
        """Return whether that is the program's own stack, of which nothing was given: the engine has its outputs."""
        own = (self._project, self._stack)
        return self._place(asked) == own and own not in map(self._place, self.given)

    def properties(self, asked: str) -> struct_pb2.Struct:
        """Return a stack reference's properties, as the engine would answer them."""
        outputs = self.of(asked)
        hidden = [name for name, output in outputs.items() if isinstance(output, SecretValue)]
        return encode({"name": asked, "outputs": outputs, "secretOutputNames": hidden})

    def stored_name(self, asked: str) -> str:
        """Return the name under which a file backend has the stack."""
        project, stack = self._place(asked)
        return f"{ORGANIZATION}/{project}/{stack}"

    def stored(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the plain outputs by project and stack: what a file backend can be given without encrypting."""
        return {
            self._place(name): {
                key: unwrap(output)
                for key, output in outputs.items()
                if not isinstance(output, SecretValue)
            }
            for name, outputs in self.given.items()
        }

    def _place(self, name: str) -> tuple[str, str]:
        *before, stack = name.split("/")
        return (before[-1] if len(before) > 1 else self._project), stack


def _ways(stack: str, name: str = "NAME") -> str:
    return f"Give it: --stack-output {stack}:{name}=VALUE; in a test, stack_outputs={{{stack!r}: {{{name!r}: ...}}}}."


# As a command and a file say it -------------------------------------------------------------------


def parsed(
    assignments: Iterable[str], secret: Iterable[str] = (), file: Path | None = None
) -> dict[str, dict[str, Any]]:
    """Read outputs as the command line gives them.

    Args:
        assignments: `STACK:NAME=VALUE`. The value is JSON where it reads as such, else a text.
        secret: `STACK:NAME`, of secret ones, whose values are made up.
        file: A YAML file: names and values by stack. `fn::secret: VALUE` marks a secret one.

    Raises:
        StackOutputsError: Something is of another form.
    """
    found = _of_file(file) if file is not None else {}
    for text in assignments:
        match = _ASSIGNMENT.fullmatch(text)
        if match is None:  # what stands there is not repeated: it may be anything
            raise StackOutputsError(
                "--stack-output must be STACK:NAME=VALUE, for example acme/network/prod:vpcId=vpc-1."
            )
        found.setdefault(match["stack"], {})[match["name"]] = _value(match["value"])
    for text in secret:
        match = _SECRET_NAME.fullmatch(text)
        if match is None:
            raise StackOutputsError(
                "--stack-secret must be STACK:NAME, for example acme/network/prod:token; its value is made up."
            )
        found.setdefault(match["stack"], {})[match["name"]] = _made_up_secret(match["name"])
    return found


def _value(text: str) -> Any:
    if _JSON.fullmatch(text):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _made_up_secret(name: str) -> SecretValue:
    return SecretValue(Canary.plant(name=name).value)


def _of_file(path: Path) -> dict[str, dict[str, Any]]:
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StackOutputsError(f"cannot read {path}: {error.strerror}") from error
    except yaml.YAMLError:  # the parser's message would quote the file
        raise StackOutputsError(f"{path} is not YAML.") from None
    stacks = loaded or {}
    if not isinstance(stacks, dict) or not all(isinstance(each, dict) for each in stacks.values()):
        raise StackOutputsError(
            f"{path} must have stacks, and under each its outputs: 'acme/network/prod: {{vpcId: vpc-1}}'."
        )
    return {
        str(stack): {str(name): _marked(str(name), value) for name, value in outputs.items()}
        for stack, outputs in stacks.items()
    }


def _marked(name: str, value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {_SECRET}:
        inner = value[_SECRET]
        return _made_up_secret(name) if inner is None else SecretValue(inner)
    return value
