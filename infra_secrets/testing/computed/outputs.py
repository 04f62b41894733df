"""Complete what a program gave with what its cloud would have computed, made up.

What an SDK says is always there is made up; what can be missing stays missing, unless only the cloud can give it or
programs live by it (a name, an address). Inputs are never changed, so nothing that is made up is a difference.
"""

import enum
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from infra_secrets.testing.computed import places, texts
from infra_secrets.testing.computed.sdk import (
    Output,
    Outputs,
    function_outputs,
    object_outputs,
    resource_outputs,
    resource_token,
)
from infra_secrets.testing.computed.subject import Subject, words
from infra_secrets.testing.values import UNKNOWN, SecretValue, Unknown, holds_unknown

_DEEPEST: Final = 8
_DEEPEST_OPTIONAL: Final = 3
# Optional inputs that a cloud fills in, and that programs read.
_FILLED_IN: Final = frozenset(
    {
        *(
            "arn",
            "name",
            "ip",
            "ip_address",
            "public_ip",
            "private_ip",
            "nat_ip",
            "fqdn",
            "dns_name",
        ),
        *("endpoint", "region", "location", "project", "zone", "principal_id", "tenant_id"),
        *("kube_config", "kube_config_raw", "client_id", "default_hostname", "host_name", "value"),
        *("login_server", "url", "email", "hostname", "self_link"),
    }
)
_MIRRORS: Final = {"tagsAll": "tags", "effectiveLabels": "labels", "pulumiLabels": "labels"}


def computed_outputs(subject: Subject, outputs: Outputs | None = None) -> dict[str, Any]:
    """Return a resource's outputs: its inputs, completed with what is made up.

    Args:
        subject: The resource. Its inputs may hold `UNKNOWN`.
        outputs: What there is; by default what the SDK says of the type.
    """
    known = resource_outputs(subject.token) if outputs is None else outputs
    return _Maker(subject).completed(subject.inputs, known, "", top=True)


def foretold_outputs(subject: Subject) -> dict[str, Any]:
    """Return what a preview knows of a resource's outputs: what is made up later is `UNKNOWN`."""
    known = resource_outputs(subject.token)
    return _Maker(subject, lambda _path: UNKNOWN).completed(subject.inputs, known, "", top=True)


def kept(
    old_outputs: Mapping[str, Any], inputs: Mapping[str, Any], subject: Subject
) -> dict[str, Any]:
    """Return the outputs of a changed resource: what was made up before stays."""
    made = computed_outputs(subject)
    return {
        name: value
        if name in inputs or name in _MIRRORS or old_outputs.get(name) is None
        else old_outputs[name]
        for name, value in made.items()
    }


def answer(subject: Subject) -> dict[str, Any]:
    """Return what a function answers: its arguments, completed with what is made up."""
    known = function_outputs(subject.token)
    return _Maker(subject).completed(subject.inputs, known, "", top=True)


class _Maker:
    """Makes one subject's values up, or replaces each by what `instead` returns."""

    def __init__(self, subject: Subject, instead: Callable[[str], Any] | None = None) -> None:
        self.subject = subject
        self.instead = instead

    def completed(
        self, given: Mapping[str, Any], outputs: Outputs, path: str, *, top: bool = False
    ) -> dict[str, Any]:
        found = dict(given)
        if top and not outputs and self.instead is None:
            return {**self._without_sdk(), **found}
        for name, output in outputs.items():
            where = f"{path}.{name}" if path else name
            if found.get(name) is not None:
                found[name] = self._completed_value(found[name], output.type, where)
            elif top and name in _MIRRORS:
                found[name] = dict(given.get(_MIRRORS[name]) or {})
            elif self._is_computed(name, output, top=top):
                found[name] = self.instead(where) if self.instead else self._value(output, where)
            elif self.instead is None:
                found[name] = None
        return found

    def _without_sdk(self) -> dict[str, Any]:
        """Return the few outputs that are there whatever the type."""
        names = ("arn", "name") if self.subject.is_aws else ("name",)
        return {name: texts.text(self.subject, name) for name in names}

    def _completed_value(self, value: Any, type_: Any, path: str) -> Any:
        """Complete objects inside of what was given."""
        if isinstance(value, SecretValue):
            return SecretValue(self._completed_value(value.value, type_, path))
        inner = object_outputs(type_)
        if inner is not None and isinstance(value, Mapping):
            return self.completed(value, inner, path)
        item = _item_type(type_)
        if item is not None and isinstance(value, list):
            return [
                self._completed_value(each, item, f"{path}[{index}]")
                for index, each in enumerate(value)
            ]
        return value

    def _is_computed(self, name: str, output: Output, *, top: bool) -> bool:
        if not output.optional:
            return True
        if words(name) in _FILLED_IN:
            return not object_outputs(output.type)
        return top and output.is_input is False

    def _value(self, output: Output, path: str, inside: tuple[type, ...] = ()) -> Any:
        type_ = output.type
        if typing.get_origin(type_) is typing.Literal:
            return typing.get_args(type_)[0]
        inner = object_outputs(type_)
        if inner is not None:
            if type_ in inside or len(inside) >= _DEEPEST:
                return None
            return self._object(inner, path, (*inside, type_), whole=output.is_input is not True)
        if typing.get_origin(type_) in _MAPPINGS or type_ is dict:
            return {}
        item = _item_type(type_)
        if item is not None:
            return self._list(output, item, path, inside)
        if isinstance(type_, type) and issubclass(type_, enum.Enum):
            return next(iter(type_)).value
        if type_ is bool:
            return texts.flag(path)
        if type_ in {int, float}:
            return texts.number(self.subject, path)
        if type_ is str:
            return texts.text(self.subject, path)
        return None

    def _object(
        self, outputs: Outputs, path: str, inside: tuple[type, ...], *, whole: bool
    ) -> dict[str, Any]:
        """Make an object up: `whole` where the program cannot give it, so that nobody leaves a part of it out."""
        made: dict[str, Any] = {}
        for name, output in outputs.items():
            plain = output.type in {str, int, float, bool}
            part = whole and len(inside) <= _DEEPEST_OPTIONAL
            if not output.optional or plain or part:
                inner = Output(output.type, output.optional, is_input=not whole)
                made[name] = self._value(inner, f"{path}.{name}", inside)
        return {name: value for name, value in made.items() if value is not None}

    def _list(self, output: Output, item: Any, path: str, inside: tuple[type, ...]) -> list[Any]:
        of_objects = object_outputs(item) is not None
        if output.is_input and (of_objects or not _refers(path)):
            return []
        count = 3 if "zone" in f"{self.subject.type}.{path}".lower() and not of_objects else 1
        if not of_objects and words(path).endswith(("subnets", "subnet_ids")):
            count = 2
        inner = Output(item, optional=False, is_input=output.is_input)
        made = [self._value(inner, f"{path}[{index}]", inside) for index in range(count)]
        return [each for each in made if each is not None]


def _refers(path: str) -> bool:
    """Whether the items of a list are what other resources refer to."""
    return words(path).endswith(
        ("_ids", "zones", "_ips", "addresses", "subnets", "security_groups")
    )


_MAPPINGS: Final = (dict, Mapping)


def _item_type(type_: Any) -> Any:
    """Return the type of a list's items; None for what is no list."""
    if typing.get_origin(type_) in {list, Sequence}:
        return typing.get_args(type_)[0]
    return None
