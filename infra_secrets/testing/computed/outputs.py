"""Complete what a program gave with what its cloud would have computed, made up.

What an SDK says is always there is made up; what can be missing stays missing, unless only the cloud can give it or
programs live by it (a name, an address). Inputs are never changed, so nothing that is made up is a difference.
"""

import enum
import json
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from infra_secrets.testing.computed import texts
from infra_secrets.testing.computed.sdk import (
    Output,
    Outputs,
    function_outputs,
    object_outputs,
    resource_outputs,
    resource_token,
)
from infra_secrets.testing.computed.subject import Subject, singular, words
from infra_secrets.testing.values import UNKNOWN, SecretValue

# How deep objects are made up in each other, and how deep what can be missing is made up, too.
_DEEPEST: Final = 8
_DEEPEST_OPTIONAL: Final = 1
# Optional inputs that a cloud fills in, and that programs read.
_FILLED_IN: Final = frozenset(
    {
        *(
            "id",
            "arn",
            "name",
            "self_link",
            "region",
            "location",
            "project",
            "zone",
            "fqdn",
            "dns_name",
        ),
        *("ip", "ip_address", "public_ip", "private_ip", "network_ip", "nat_ip"),
        *("private_ip_address", "principal_id", "tenant_id", "vpc_id", "default_host_name"),
        "cluster_security_group_id",
        "identity_profile",
    }
)
_MIRRORS: Final = {"tagsAll": "tags", "effectiveLabels": "labels", "pulumiLabels": "labels"}

# What is in a map that a cloud fills in.
_KEYS: Final = {"identity_profile": ("kubeletidentity",)}

_PLAIN: Final = frozenset({str, int, float, bool})

Reference = Callable[[str, str], Any]
"""Makes a resource of a type token for an output's path, and returns its form on the wire."""


def computed_outputs(subject: Subject, reference: Reference | None = None) -> dict[str, Any]:
    """Return the outputs of a resource or a component: its inputs, completed with what is made up.

    Args:
        subject: The resource. Its inputs may hold `UNKNOWN`.
        reference: What to do for an output that is a resource. Without it, such an output is left out.
    """
    known = resource_outputs(subject.token)
    return _Maker(subject, reference=reference).completed(subject.inputs, known)


def are_made(token: str, outputs: Mapping[str, Any]) -> bool:
    """Whether outputs are those of a resource that was made: some are none that a program could give."""
    known = resource_outputs(token)
    return any(name in known and known[name].is_input is False for name in outputs)


def looked_up(subject: Subject) -> dict[str, Any]:
    """Return what is found of a resource that is made elsewhere: all that is plain, given or not."""
    known = {
        name: replace(output, optional=output.optional and output.type not in _PLAIN)
        for name, output in resource_outputs(subject.token).items()
    }
    return _Maker(subject).completed(subject.inputs, known)


def completed_inputs(subject: Subject, outputs: Outputs) -> dict[str, Any]:
    """Return a resource's inputs, completed with outputs that somebody else than an SDK tells."""
    return _Maker(subject).completed(subject.inputs, outputs)


def foretold_outputs(subject: Subject) -> dict[str, Any]:
    """Return what a preview knows of a resource's outputs: what is made up later is `UNKNOWN`."""
    known = resource_outputs(subject.token)
    return _Maker(subject, lambda _path: UNKNOWN).completed(subject.inputs, known)


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
    """Return what a function or a method answers: its arguments, completed with what is made up.

    A method's token is the type's, a slash and its name: `eks:index:Cluster/getKubeconfig`.
    """
    known = function_outputs(subject.token)
    worked_out = subject.dialect.answers.get(subject.token)
    if worked_out is not None:
        subject = replace(subject, inputs={**subject.inputs, **worked_out(subject.inputs)})
    return _Maker(subject).completed(subject.inputs, known)


class _Maker:
    """Makes one subject's values up, or replaces each by what `instead` returns."""

    def __init__(
        self,
        subject: Subject,
        instead: Callable[[str], Any] | None = None,
        reference: Reference | None = None,
    ) -> None:
        self.subject = subject
        self.instead = instead
        self.reference = reference

    # What the program gave ------------------------------------------------------------------------

    def completed(self, given: Mapping[str, Any], outputs: Outputs) -> dict[str, Any]:
        """Complete a resource or an answer."""
        found = dict(given)
        if not outputs and self.instead is None:
            return {**self._without_sdk(), **found}
        for name, output in outputs.items():
            if found.get(name) is not None:
                found[name] = self._completed_value(found[name], output.type, name)
            elif name in _MIRRORS:
                found[name] = dict(given.get(_MIRRORS[name]) or {})
            elif self._is_filled_in(name, output) or output.is_input is False:
                self._put(found, name, output, name)
        return found

    def _without_sdk(self) -> dict[str, Any]:
        """Return the few outputs that are there whatever the type."""
        return {name: texts.text(self.subject, name) for name in self.subject.dialect.always}

    def _completed_value(self, value: Any, type_: Any, path: str) -> Any:
        """Complete objects inside of what was given."""
        if isinstance(value, SecretValue):
            return SecretValue(self._completed_value(value.value, type_, path))
        inner = object_outputs(type_)
        if inner is not None and isinstance(value, Mapping):
            return self._completed_object(value, inner, path)
        item = _item_type(type_)
        if item is not None and isinstance(value, list):
            return [
                self._completed_value(each, item, f"{path}[{index}]")
                for index, each in enumerate(value)
            ]
        if _is_mapping(type_) and isinstance(value, list):
            return self._by_name(value, type_, path)
        return _coerced(value, type_)

    def _by_name(self, names: list[Any], type_: Any, path: str) -> dict[str, Any]:
        """Return what a provider makes of names that it answers as a map, e.g. of an identity's."""
        item = typing.get_args(type_)[1] if typing.get_args(type_) else str
        inner = Output(item, optional=False)
        return {
            name: self.instead(path) if self.instead else self._value(inner, f"{path}.{name}")
            for name in names
            if isinstance(name, str)
        }

    def _completed_object(
        self, given: Mapping[str, Any], outputs: Outputs, path: str
    ) -> dict[str, Any]:
        found = dict(given)
        for name, output in outputs.items():
            where = f"{path}.{name}"
            if found.get(name) is not None:
                found[name] = self._completed_value(found[name], output.type, where)
            elif self._is_filled_in(name, output) or output.is_input is False:
                self._put(found, name, output, where)
        return found

    def _is_filled_in(self, name: str, output: Output) -> bool:
        return not output.optional or (
            words(name) in _FILLED_IN and not object_outputs(output.type)
        )

    def _put(self, target: dict[str, Any], name: str, output: Output, path: str) -> None:
        value = self.instead(path) if self.instead else self._value(output, path)
        if value is not None:
            target[name] = value

    # What is made up ------------------------------------------------------------------------------

    def _value(self, output: Output, path: str, inside: tuple[type, ...] = ()) -> Any:
        type_ = output.type
        inner = object_outputs(type_)
        if inner is not None:
            if type_ in inside or len(inside) >= _DEEPEST:
                return None
            return self._object(inner, path, (*inside, type_), whole=output.is_input is not True)
        item = _item_type(type_)
        if item is not None:
            return self._list(output, item, path, inside)
        if _is_mapping(type_) and words(path) in _KEYS:
            inner_ = Output(typing.get_args(type_)[1], optional=False)
            return {key: self._value(inner_, f"{path}.{key}") for key in _KEYS[words(path)]}
        return self._plain(type_, path)

    def _plain(self, type_: Any, path: str) -> Any:
        made: Any = None
        if type_ is str:
            made = texts.text(self.subject, path)
        elif type_ is bool:
            made = texts.flag(path)
        elif type_ in {int, float}:
            made = texts.number(self.subject, path)
        elif typing.get_origin(type_) is typing.Literal:
            made = typing.get_args(type_)[0]
        elif _is_mapping(type_):
            made = texts.mapping(self.subject, path)
        elif isinstance(type_, type) and issubclass(type_, enum.Enum):
            made = next(iter(type_)).value
        elif type_ is Any:
            text = texts.known_text(self.subject, path)
            made = json.loads(text) if text is not None and text.startswith("{") else text
        elif self.reference is not None:
            token = resource_token(type_)
            made = None if token is None else self.reference(token, path)
        return made

    def _object(
        self, outputs: Outputs, path: str, inside: tuple[type, ...], *, whole: bool
    ) -> dict[str, Any]:
        """Make an object up.

        Where the program can give it, only what is always there and plain; else the whole of it, as nobody has left
        a part out.
        """
        made: dict[str, Any] = {}
        for name, output in outputs.items():
            plain = output.type in {str, int, float, bool}
            if not output.optional or plain or (whole and len(inside) <= _DEEPEST_OPTIONAL):
                inner = Output(output.type, output.optional, is_input=not whole)
                made[name] = self._value(inner, f"{path}.{name}", inside)
        return {name: value for name, value in made.items() if value is not None}

    def _list(self, output: Output, item: Any, path: str, inside: tuple[type, ...]) -> list[Any]:
        of_objects = object_outputs(item) is not None
        if output.is_input and (of_objects or not _refers(path)):
            return []
        # Programs take a list's second member, too; inside of objects one is enough.
        count = 1 if inside else _members(self.subject, path)
        if not of_objects and ("zones" in self.subject.type.lower() or "zone" in path.lower()):
            count = 3
        elif not of_objects and "subnet" in f"{self.subject.type}.{path}".lower():
            count = self.subject.dialect.members(self.subject, path) or 2
        inner = Output(item, optional=False, is_input=output.is_input)
        made = [self._value(inner, f"{path}[{index}]", inside) for index in range(count)]
        return [each for each in made if each is not None]


def _members(subject: Subject, path: str) -> int:
    """Return how many members a made-up list has: as many as the inputs say that it follows, else two."""
    name = words(path)
    own = None if "subnet" in name else subject.dialect.members(subject, path)
    if own is not None:
        return own
    if "name_server" in name:
        return 4
    title = path[:1].upper() + path[1:]
    count = subject.inputs.get(f"num{title}") or subject.inputs.get(f"{singular(path)}Count")
    return int(count) if isinstance(count, (int, float)) else 2


def _coerced(value: Any, type_: Any) -> Any:
    """Return what a provider makes of a text that stands for a number or a boolean, and the other way round."""
    if isinstance(value, str):
        if type_ is bool and value in {"true", "false"}:
            return value == "true"
        if type_ in {int, float} and re.fullmatch(r"-?\d+(\.\d+)?", value):
            return type_(float(value))
    if type_ is str and isinstance(value, (bool, int, float)):
        return json.dumps(value)
    return value


def _refers(path: str) -> bool:
    """Whether the items of a list are what other resources refer to."""
    return words(path).endswith(
        ("_ids", "zones", "_ips", "addresses", "subnets", "security_groups")
    )


def _is_mapping(type_: Any) -> bool:
    return type_ is dict or typing.get_origin(type_) in {dict, Mapping}


def _item_type(type_: Any) -> Any:
    """Return the type of a list's items; None for what is not a list."""
    if typing.get_origin(type_) in {list, Sequence}:
        return typing.get_args(type_)[0]
    return None
