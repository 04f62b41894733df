"""What the installed Python SDKs say about outputs: the names and types of a resource's or a function's.

A Python SDK carries no schema, but each resource's class says the same with its annotated properties, and each
function's result is a class of its own. They are found by the token, also for programs in other languages.

Only names that Pulumi's generated code has used since 3.0 are touched. An SDK of another form, or none, has nothing
to say: that is not an error.
"""

import csv
import functools
import importlib
import importlib.metadata
import inspect
import json
import re
import sys
import threading
import types
import typing
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, Union

import pulumi
from pulumi.runtime import rpc

from infra_secrets.testing.internals import initializer, is_output_type, wire_name

_NONE: Final = type(None)
_ONLY_OUTPUT: Final = re.compile(r"\(Output( only)?\)|\[?Output[ -]only\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Output:
    """One property of a resource, of a function's answer, or of an object in them.

    Attributes:
        type: Its Python type, without `Output` and `Optional`.
        optional: Whether the SDK says that it can be missing.
        is_input: Whether the program can give it; None if the SDK does not say.
    """

    type: Any
    optional: bool
    is_input: bool | None = None


Outputs = Mapping[str, Output]
"""Properties by their name on the wire."""


def plugin_manifests(distribution: importlib.metadata.Distribution) -> Iterator[Path]:
    """Find the `pulumi-plugin.json` of Pulumi SDKs in the list of what was installed.

    Of a wheel's list only the lines that matter are taken apart: the SDKs have fifty thousand files.
    """
    name = "pulumi-plugin.json"
    record = distribution.read_text("RECORD")
    if record is None:  # installed in an older way
        paths = [str(path) for path in distribution.files or ()]
    else:
        paths = [row[0] for row in csv.reader(line for line in record.splitlines() if name in line)]
    for path in paths:
        if PurePosixPath(path).match(f"*/{name}"):
            yield Path(str(distribution.locate_file(path)))


@functools.cache
def sdk_modules() -> Mapping[str, str]:
    """Return the Python module of each Pulumi package whose SDK is installed."""
    found: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        for file in plugin_manifests(distribution):
            name = json.loads(file.read_text(encoding="utf-8")).get("name")
            if name:
                found[name] = file.parent.name
    return found


_LOADING: Final = threading.RLock()


def _quietly(look: Callable[[], Any]) -> Any:
    """Return what a look into an SDK gives; None if that fails.

    Loading a module of an SDK warns of everything in it that is deprecated. Where warnings are errors, as in many a
    test's settings, the module would be left half loaded.
    """
    with _LOADING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return look()
        except Exception:  # noqa: BLE001 (an SDK that is broken, or of another form, has nothing to say)
            return None


@functools.cache
def resource_outputs(token: str) -> Outputs:
    """Return the outputs of a resource type; empty if no SDK knows it."""
    found = resource_class(token)
    if found is None:
        return {}
    given = _arguments(initializer(found))
    return {
        name: Output(type_, optional, python_name in given)
        for name, python_name, type_, optional in _properties(found)
        if name not in {"id", "urn"}
    }


@functools.cache
def function_outputs(token: str) -> Outputs:
    """Return what a function answers; empty if no SDK knows it."""
    package, _, rest = token.partition(":")
    place, _, name = rest.rpartition(":")
    name = name.rpartition("/")[2]
    result = f"{name[:1].upper()}{name[1:]}Result"
    for module in (*_modules_of(package, place), *_methods_of(token)):
        found = _quietly(functools.partial(getattr, module, result))
        if isinstance(found, type):
            given = _arguments(_function_of(found))
            return {
                wire: Output(type_, optional, python_name in given)
                for wire, python_name, type_, optional in _properties(found)
            }
    return {}


def _methods_of(token: str) -> typing.Iterator[type]:
    """Yield the class whose method a token names: the type's token, a slash, and the method's name."""
    type_, _, method = token.rpartition("/")
    found = resource_class(type_) if method and ":" not in method else None
    if found is not None:
        yield found


def object_outputs(type_: Any) -> Outputs | None:
    """Return the properties of an object's type; None if the type is not an object's."""
    if not isinstance(type_, type) or not is_output_type(type_):
        return None
    return _object_outputs(type_)


@functools.cache
def _object_outputs(type_: type) -> Outputs:
    return {
        name: Output(inner, optional, is_input=False if _says_output(type_, python_name) else None)
        for name, python_name, inner, optional in _properties(type_)
    }


def _says_output(type_: type, python_name: str) -> bool:
    """Whether the SDK's text on a property begins with what providers write where only the cloud sets it."""
    text = inspect.getdoc(getattr(type_, python_name, None)) or ""
    return _ONLY_OUTPUT.match(text) is not None


@functools.cache
def resource_class(token: str) -> type | None:
    """Return the class of a resource type; None if no SDK knows it."""
    package, _, rest = token.partition(":")
    place = rest.rpartition(":")[0]
    if package in sdk_modules():
        _load(sdk_modules()[package])

    def look() -> Any:
        module: Any = rpc.get_resource_module(package, place, "")
        information = module.mod_info
        loaded = importlib.import_module(information["fqn"])
        return getattr(loaded, information["classes"][token])

    found = _quietly(look)
    return found if isinstance(found, type) else None


@functools.cache
def import_form(token: str) -> str | None:
    """Return the form of a resource's id as its documentation writes it: the first that it can be imported by.

    For example `projects/{{project}}/global/networks/{{name}}`. None if an SDK's source does not say it.
    """
    found = resource_class(token)
    source = _quietly(lambda: inspect.getsource(sys.modules[found.__module__])) if found else None
    match = re.search(
        r"can be imported using any of these accepted formats:\s+\* `(.*?)`", source or ""
    )
    return match[1] if match else None


@functools.cache
def documentation(token: str, name: str) -> str:
    """Return what an SDK says of a resource's property, which is named as in Python."""
    getter = getattr(getattr(resource_class(token), name, None), "fget", None)
    return getattr(getter, "__doc__", None) or ""


def resource_token(class_: Any) -> str | None:
    """Return the token of a resource's class; None for any other class."""
    if not isinstance(class_, type) or not issubclass(class_, pulumi.Resource):
        return None
    return getattr(class_, "pulumi_type", None)


def _load(module: str) -> types.ModuleType | None:
    """Import a module, if it is there and can be imported."""
    found: types.ModuleType | None = _quietly(lambda: importlib.import_module(module))
    return found


def _modules_of(package: str, place: str) -> typing.Iterator[types.ModuleType]:
    """Yield the Python modules in which something at a token's place can be."""
    root = sdk_modules().get(package)
    if root is None or _load(root) is None:
        return
    whole = [] if place in {"", "index"} else place.split("/")
    # A bridged provider names each file: `ec2/getAmi` is in the module `ec2`.
    for parts in (whole, whole[:-1]):
        inner = [part.replace("-", "_").lower() for part in parts if part != "index"]
        named = ".".join([root, *inner])
        module = _load(named)
        if module is not None:
            yield module


def _function_of(result: type) -> Any:
    """Return the function whose result a class is: it stands in the same file."""
    file = sys.modules.get(result.__module__)
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", result.__name__)
    return getattr(file, name.removesuffix("_Result").lower(), None)


def _arguments(function: Any) -> frozenset[str]:
    try:
        return frozenset(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return frozenset()


def _properties(class_: type) -> list[tuple[str, str, Any, bool]]:
    """Return wire name, Python name, type and whether it is optional, of each annotated property."""
    return _quietly(lambda: _annotated(class_)) or []


def _annotated(class_: type) -> list[tuple[str, str, Any, bool]]:
    names: dict[str, Any] = {}
    for base in reversed(class_.__mro__):
        module = sys.modules.get(base.__module__)
        names.update(vars(module) if module is not None else {})
    found: dict[str, tuple[str, str, Any, bool]] = {}
    for base in reversed(class_.__mro__):
        for python_name, member in vars(base).items():
            getter = member.fget if isinstance(member, property) else None
            wire = wire_name(getter)
            if getter is None or wire is None:
                continue
            hint = _returned(getter, names)
            if hint is not None:
                found[wire] = (wire, python_name, *_unwrapped(hint))
    return list(found.values())


def _returned(getter: Any, names: dict[str, Any]) -> Any:
    """Return the type that a property's annotation names; None if it cannot be looked up."""
    try:
        return typing.get_type_hints(getter, names, {"Output": pulumi.Output}).get("return")
    except Exception:  # noqa: BLE001 (whatever an SDK's names lead to)
        return None


def _unwrapped(hint: Any) -> tuple[Any, bool]:
    """Return a type without `Output` and `Optional`, and whether it was optional."""
    if typing.get_origin(hint) is pulumi.Output:
        hint = typing.get_args(hint)[0]
    if typing.get_origin(hint) not in {Union, types.UnionType}:
        return hint, False
    members = [member for member in typing.get_args(hint) if member is not _NONE]
    optional = len(members) < len(typing.get_args(hint))
    return (members[0] if members else Any), optional
