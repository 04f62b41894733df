"""A fake of Pulumi ESC: what a stack's config becomes when the stack file names environments.

    Recording(esc={"nlp/production": '''
      values:
        pulumiConfig:
          apiToken: {fn::secret: made up}
    '''})

Merging follows the engine, and evaluating follows ESC, each function with its source in
pulumi/pulumi v3.259.0. Of ESC it has what environments for stack config are made of: imports,
references, `fn::secret`, `join`, `concat`, `toJSON`, `fromJSON`, `toString`, `toBase64`,
`fromBase64`, and `fn::open` of the logins and secrets managers of AWS, Azure and Google Cloud.

It deliberately is no full evaluator: every other function and provider is refused by its name,
types are not checked before evaluation, versions, `context` and `policyConfig` do not exist, and
who may open what is not asked. The text of an object has the members that an import added, which
ESC leaves out.
"""

import base64
import binascii
import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import yaml

from infra_secrets.errors import InfraSecretsError

Definition = str | Mapping[str, Any]
"""An environment as YAML text, or parsed."""

Where = tuple[str | int, ...]
"""A place in a document: names and indices."""

Source = Callable[[str, str, str | None], str | None]
"""Reads a secret for `fn::open`: provider, id, and region or vault if there is one. None: no value."""

_MIN_INT64: Final = -(2**63)
_MAX_INT64: Final = 2**63 - 1
_MAX_UINT64: Final = 2**64 - 1
_LEGACY_KEY_COLONS: Final = 2


class EscError(InfraSecretsError, ValueError):
    """A definition that ESC refuses, or that this fake cannot evaluate."""


class EscOpenError(EscError):
    """An environment cannot be opened: a secrets manager has no value for it."""


# Values -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written: JSON numbers keep their text until the engine reads them."""

    text: str


@dataclass(frozen=True, slots=True, repr=False)
class Value:
    """A value of ESC (sdk/go/common/esc/value.go). A secret one never shows itself.

    Attributes:
        data: `None`, `bool`, `Number`, `str`, or a list or dictionary of values.
        secret: Whether it was marked.
    """

    data: Any
    secret: bool = False

    def __repr__(self) -> str:
        return "[secret]" if self.secret else repr(self.data)

    @classmethod
    def of(cls, data: Any, secrets: Mapping[Where, str] | None = None, at: Where = ()) -> "Value":
        """Make one of plain data; what `secrets` has at a place is put there, marked."""
        if secrets and at in secrets:
            return cls(secrets[at], secret=True)
        if isinstance(data, Mapping):
            members = {str(key): member for key, member in data.items()}
            return cls({k: cls.of(member, secrets, (*at, k)) for k, member in members.items()})
        if isinstance(data, list | tuple):
            return cls([cls.of(item, secrets, (*at, i)) for i, item in enumerate(data)])
        if isinstance(data, int) and not isinstance(data, bool):
            whole = _MIN_INT64 <= data <= _MAX_UINT64  # beyond it yaml.v3 makes a float
            return cls(Number(str(data) if whole else _go_general(float(data))))
        if isinstance(data, float):
            return cls(Number(_go_general(data)))
        return cls(data if data is None or isinstance(data, bool) else str(data))

    @property
    def holds_secret(self) -> bool:
        """Whether it or anything in it is marked."""
        return self.secret or any(member.holds_secret for member in self._members())

    @property
    def stays_secret(self) -> bool:
        """Whether the engine keeps it as secret config: only for a marked string in it.

        toPlaintext (pkg/workspace/config.go) looks at the mark of strings and at no other.
        """
        if isinstance(self.data, str):
            return self.secret
        return any(member.stays_secret for member in self._members())

    def _members(self) -> list["Value"]:
        if isinstance(self.data, dict):
            return list(self.data.values())
        return self.data if isinstance(self.data, list) else []

    def marked(self) -> "Value":
        """Return the value with everything in it marked."""
        data = self.data
        if isinstance(data, dict):
            data = {key: member.marked() for key, member in data.items()}
        elif isinstance(data, list):
            data = [member.marked() for member in data]
        return Value(data, secret=True)

    def text(self) -> str:
        """Return how it looks inside a string (esc/eval/value.go, toString)."""
        data = self.data
        if data is None:
            return ""
        if isinstance(data, bool):
            return "true" if data else "false"
        if isinstance(data, Number):
            return data.text
        if isinstance(data, list):
            return ",".join(_quoted(member.text()) for member in data)
        if isinstance(data, dict):
            return ",".join(f"{_quoted(k)}={_quoted(data[k].text())}" for k in sorted(data))
        return str(data)

    def json(self) -> str:
        """Return it as `fn::toJSON` does: numbers as they were written."""
        return _go_json(self, lambda number: number.text)

    def config_text(self) -> str:
        """Return what the program gets as config (sdk/go/common/resource/config/plaintext.go)."""
        return self.data if isinstance(self.data, str) else _go_json(self, _engine_number)

    def split(self, at: Where) -> tuple[Any, dict[Where, str]]:
        """Return plain data with an empty string for each marked string, and those by place.

        A number or boolean that is marked is in the plain data: the engine drops its mark.
        """
        data = self.data
        if isinstance(data, dict):
            if set(data) == {"secure"} and isinstance(data["secure"].data, str):
                raise EscError(f"{_shown(at)}: maps with the single key `secure` are reserved")
            pairs = {key: member.split((*at, key)) for key, member in data.items()}
            found = {place: text for _, inner in pairs.values() for place, text in inner.items()}
            return {key: plain for key, (plain, _) in pairs.items()}, found
        if isinstance(data, list):
            items = [member.split((*at, index)) for index, member in enumerate(data)]
            found = {place: text for _, inner in items for place, text in inner.items()}
            return [plain for plain, _ in items], found
        if isinstance(data, Number):
            return _engine_data(data), {}
        if isinstance(data, str) and self.secret:
            return "", {at: data}
        return data, {}


def patched(base: "Value | None", value: Value) -> Value:
    """Put a value over another: objects are merged member by member, all else is replaced."""
    if base is None or not isinstance(base.data, dict) or not isinstance(value.data, dict):
        return value
    merged = dict(base.data)
    for key, member in value.data.items():
        merged[key] = patched(base.data.get(key), member)
    return Value(merged, value.secret)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _go_json(value: Value, number: Callable[[Number], str]) -> str:
    """Return JSON as Go writes it: sorted, without spaces, and with HTML's characters escaped."""
    data = value.data
    if isinstance(data, dict):
        members = (f"{_go_string(key)}:{_go_json(data[key], number)}" for key in sorted(data))
        return "{" + ",".join(members) + "}"
    if isinstance(data, list):
        return "[" + ",".join(_go_json(member, number) for member in data) + "]"
    if isinstance(data, Number):
        return number(data)
    return _go_string(data) if isinstance(data, str) else json.dumps(data)


def _go_string(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        escaped = escaped.replace(character, f"\\u{ord(character):04x}")
    return escaped


def _engine_data(number: Number) -> int | float | str:
    """Return what the engine keeps of a number: 64 bits, or else its text."""
    if re.fullmatch(r"-?[0-9]+", number.text) and _MIN_INT64 <= int(number.text) <= _MAX_INT64:
        return int(number.text)
    parsed = float(number.text)
    return number.text if parsed in {float("inf"), float("-inf")} else parsed


def _engine_number(number: Number) -> str:
    data = _engine_data(number)
    if isinstance(data, float):
        # encoding/json: plain digits between 1e-6 and 1e21, else an exponent without a leading zero
        plain = data == 0 or 1e-6 <= abs(data) < 1e21  # noqa: PLR2004 (Go's bounds)
        return _digits(data) if plain else _exponent(data, 1)
    return str(data) if isinstance(data, int) else _go_string(data)


def _go_general(number: float) -> str:
    """Return a number as Go's `%g` does, which is how ESC reads one from YAML."""
    if number == 0:
        return _digits(number)
    exponent = Decimal(repr(number)).adjusted()
    plain = -4 <= exponent < 6  # noqa: PLR2004 (Go's bounds)
    return _digits(number) if plain else _exponent(number, 2)


def _digits(number: float) -> str:
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exponent(number: float, width: int) -> str:
    shortest = Decimal(repr(number)).normalize()
    sign, digits, _ = shortest.as_tuple()
    mantissa = "".join(map(str, digits))
    mantissa = f"{mantissa[0]}.{mantissa[1:]}" if mantissa[1:] else mantissa
    exponent = shortest.adjusted()
    width = max(width, 2) if exponent >= 0 else width
    return f"{'-' * sign}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):0{width}d}"


# Environments -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Opened:
    """What opening a stack's environments gave.

    Attributes:
        config: `pulumiConfig`; None without it.
        variables: `environmentVariables`.
        files: Contents of `files` by the environment variable that holds the path.
        secrets: What to call every marked value, by value.
    """

    config: Value | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def merged(self, own: Mapping[str, Value], project: str) -> dict[str, Value]:
        """Merge the environments' config into the stack's own, which wins.

        mergeConfig (pkg/workspace/config.go): by JSON merge patch for each key.

        Args:
            own: The stack's own config by full key.
            project: The namespace of a key without one.

        Raises:
            EscError: A key is none that Pulumi knows.
        """
        config = dict(own)
        given = self.config.data if self.config is not None else None
        for key, value in given.items() if isinstance(given, dict) else ():
            full = _full_key(key, project)
            config[full] = patched(value, config[full]) if full in config else value
        return config

    @contextlib.contextmanager
    def written(self) -> Iterator[Mapping[str, str]]:
        """Write the files, remove them after, and return all environment variables."""
        if not self.files:
            yield self.variables
            return
        with tempfile.TemporaryDirectory(prefix="esc-") as folder:
            paths = {name: Path(folder) / f"esc-{number}" for number, name in enumerate(self.files)}
            for name, path in paths.items():
                path.write_text(self.files[name], encoding="utf-8")
            yield {**self.variables, **{name: str(path) for name, path in paths.items()}}


@contextlib.contextmanager
def set_variables(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables of this process, as the engine does, and put them back after."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _full_key(key: str, project: str) -> str:
    """Return a key with its namespace (sdk/go/common/resource/config/key.go, ParseKey)."""
    parts = key.split(":")
    if len(parts) == 1:
        return f"{project}:{key}"
    if len(parts) == _LEGACY_KEY_COLONS + 1 and parts[1] == "config":
        return f"{parts[0]}:{parts[2]}"
    if len(parts) > _LEGACY_KEY_COLONS:
        raise EscError(
            f"pulumiConfig has the key {key!r}: a configuration key is `<namespace>:<name>`, with one colon"
        )
    return key


class Environments:
    """Definitions of environments, and which of them a stack names.

    Args:
        definitions: By `project/environment`, in the order in which the stack imports them; a
            later one wins. One that another imports is not in the stack's own list.
        listed: The stack file's `environment:` instead: a list of imports, or an environment.

    Raises:
        EscError: A definition is no environment, or imports one that was not given.
    """

    def __init__(self, definitions: Mapping[str, Definition], listed: Any = None) -> None:
        self._definitions = {name: _parsed(name, text) for name, text in definitions.items()}
        self._evaluated: dict[str, Value | None] = {}
        self._source: Source = made_up
        used = {
            self._known(imported, name)
            for name, definition in self._definitions.items()
            for imported, _ in _imports(name, definition)
        }
        self.listed: Any = listed or [name for name in self._definitions if name not in used]
        """What the stack file says as `environment:`."""
        written = self.listed if isinstance(self.listed, Mapping) else {"imports": self.listed}
        self._root = _parsed("the stack's file", written)
        for imported, _ in _imports("the stack's file", self._root):
            self._known(imported, "the stack's file")

    def _known(self, name: str, importer: str) -> str:
        """Return the key of an environment; a version is not looked at."""
        plain = name.partition("@")[0]
        for candidate in (plain, f"default/{plain}"):
            if candidate in self._definitions:
                return candidate
        there = ", ".join(self._definitions) or "none"
        raise EscError(f"{importer} imports {name}, which was not given; there are: {there}")

    def open(self, source: Source) -> Opened:
        """Evaluate everything, as for one run of the engine.

        Raises:
            EscError: A definition cannot be evaluated.
            EscOpenError: A secrets manager has no value for one of them.
        """
        self._evaluated = {}
        self._source = source
        root = _Evaluation(self, "the stack's file", self._root).evaluate()
        secrets: dict[str, str] = {}
        _collect(root, (), secrets)
        sections = root.data
        return Opened(
            sections.get("pulumiConfig"),
            _scalars(sections.get("environmentVariables")),
            _scalars(sections.get("files")),
            secrets,
        )

    def imported(self, name: str, importer: str) -> Value:
        """Return another environment's value; each is evaluated once."""
        known = self._known(name, importer)
        if known not in self._evaluated:
            self._evaluated[known] = None
            definition = self._definitions[known]
            self._evaluated[known] = _Evaluation(self, known, definition).evaluate()
        value = self._evaluated[known]
        if value is None:
            raise EscError(f"{importer}: cyclic import of {name}")
        return value

    def read(self, provider: str, secret: str, scope: str | None) -> str | None:
        """Ask a secrets manager."""
        return self._source(provider, secret, scope)


def _parsed(name: str, definition: Definition) -> dict[str, Any]:
    try:
        loaded = yaml.load(definition, _Yaml) if isinstance(definition, str) else definition  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise EscError(f"{name} is no YAML{line}: {getattr(error, 'problem', '')}") from None
    loaded = {} if loaded is None else loaded
    strangers = (
        set(loaded) - {"imports", "values", "context"} if isinstance(loaded, Mapping) else {""}
    )
    if strangers or not isinstance(loaded.get("values") or {}, Mapping):
        raise EscError(
            f"{name} is no ESC environment: it must be a mapping of `imports` and `values`"
        )
    return dict(loaded)


def _imports(name: str, definition: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Return the imported environments, and whether each is merged."""
    for entry in definition.get("imports") or ():
        if isinstance(entry, str):
            yield entry, True
        elif isinstance(entry, Mapping) and len(entry) == 1:
            imported, options = next(iter(entry.items()))
            yield (
                str(imported),
                not (isinstance(options, Mapping) and options.get("merge") is False),
            )
        else:
            raise EscError(f"{name}: an import is a name, or a name with `merge: false`")


def _scalars(section: Value | None) -> dict[str, str]:
    """Return the variables of a section; what is no scalar is left out, as ESC does."""
    if section is None or not isinstance(section.data, dict):
        return {}
    return {
        name: value.text()
        for name, value in section.data.items()
        if not isinstance(value.data, dict | list)
    }


def _collect(value: Value, at: Where, into: dict[str, str]) -> None:
    if isinstance(value.data, dict):
        for key, member in value.data.items():
            _collect(member, (*at, key), into)
    elif isinstance(value.data, list):
        for index, member in enumerate(value.data):
            _collect(member, (*at, index), into)
    elif value.secret and value.data is not None:
        into.setdefault(value.text(), f"ESC value {_shown(at)}")


def _shown(at: Where) -> str:
    text = ""
    for part in at:
        if isinstance(part, int):
            text += f"[{part}]"
        elif "." in part or ":" in part:
            text += f"[{json.dumps(part)}]"
        else:
            text += f".{part}" if text else part
    return text


# Reading YAML as ESC's own parser does ------------------------------------------------------------


class _Yaml(yaml.SafeLoader):
    """YAML as Go's yaml.v3 reads it into no type: `yes` and dates are strings, `1e3` is a number."""


_Yaml.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag.rpartition(":")[2] not in {"timestamp", "bool", "int", "float"}
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|0b[01_]+|0[0-7_]+)", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+0123456789."),
):
    _Yaml.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )


# Evaluating ---------------------------------------------------------------------------------------

_SECRETS_MANAGERS: Final = {
    # provider: what is read, the id's name, where it is, and the version that is the current one
    # https://www.pulumi.com/docs/esc/integrations/dynamic-secrets/aws-secrets/ (Inputs)
    "aws-secrets": ("get", "secretId", "region", {"versionStage": "AWSCURRENT"}),
    # https://www.pulumi.com/docs/esc/integrations/dynamic-secrets/gcp-secrets/ (Inputs)
    "gcp-secrets": ("access", "name", None, {"version": "latest"}),
    # https://www.pulumi.com/docs/esc/integrations/dynamic-secrets/azure-secrets/ (Inputs)
    "azure-secrets": ("get", "name", "vault", {}),
}
_LOGINS: Final = {
    # provider: outputs that are made up, and inputs that are passed on
    # https://www.pulumi.com/docs/esc/integrations/dynamic-login-credentials/ (Outputs)
    "aws-login": (("accessKeyId", "secretAccessKey", "sessionToken"), ()),
    "gcp-login": (("accessToken",), ("project",)),
    "azure-login": (("clientSecret",), ("clientId", "tenantId", "subscriptionId")),
}
_NAME: Final = re.compile(r"\.?([^.\[}\s]+)")
_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\ufffe\uffff]")
_SUBSCRIPT: Final = re.compile(r'\[(?:"((?:\\"|[^"])+)"|([0-9]+))\]')


def made_up(*parts: str | None) -> str:
    """Return a value that nobody has, the same one for the same parts."""
    return f"made-up-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:20]}"


class _Evaluation:
    """Evaluates one environment (sdk/go/common/esc/eval/eval.go)."""

    def __init__(
        self, environments: Environments, name: str, definition: Mapping[str, Any]
    ) -> None:
        self._environments = environments
        self._name = name
        self._definition = definition
        values: Mapping[object, Any] = definition.get("values") or {}
        self._values = {str(key): node for key, node in values.items()}
        self._base: Value | None = None
        self._done: dict[Where, Value | None] = {}

    def evaluate(self) -> Value:
        for imported, merge in _imports(self._name, self._definition):
            value = self._environments.imported(imported, self._name)
            if merge:
                self._base = patched(self._base, value)
        for reserved in ("imports", "context", "environments"):
            if reserved in self._values:
                raise self._error((reserved,), "it is a reserved key")
        own = {
            key: self._value((key,), node, _member(self._base, key))
            for key, node in self._values.items()
        }
        return patched(self._base, Value(own))

    def _error(self, at: Where, problem: str) -> EscError:
        return EscError(f"{self._name}: {_shown(at)}: {problem}")

    def _value(self, at: Where, node: Any, base: Value | None = None) -> Value:
        """Evaluate what is written at a place, once, and put it over what was imported there."""
        if at not in self._done:
            self._done[at] = None
            self._done[at] = patched(base, self._fresh(at, node, base))
        value = self._done[at]
        if value is None:
            raise self._error(at, "cyclic reference")
        return value

    def _fresh(self, at: Where, node: Any, base: Value | None) -> Value:
        if isinstance(node, str):
            return self._string(at, node)
        if isinstance(node, list | tuple):
            return Value([self._value((*at, index), item) for index, item in enumerate(node)])
        if not isinstance(node, Mapping):
            return Value.of(node)
        function = self._function(at, node)
        if function is not None:
            return self._call(at, function, node[function])
        members = {str(key): member for key, member in node.items()}
        return Value(
            {
                key: self._value((*at, key), member, _member(base, key))
                for key, member in members.items()
            }
        )

    def _function(self, at: Where, node: Mapping[Any, Any]) -> str | None:
        """Return the function that an object calls, if it is a call."""
        named = [key for key in node if isinstance(key, str) and key.lower().startswith("fn::")]
        if named and len(node) > 1:
            raise self._error(at, f"{named[0]} must be the only key within its containing object")
        return named[0] if named else None

    # References -----------------------------------------------------------------------------------

    def _string(self, at: Where, text: str) -> Value:
        """Evaluate a string; one that is nothing but a reference keeps the type of its target."""
        parts = self._parts(at, text)
        if len(parts) == 1 and not isinstance(parts[0], str):
            return self._reference(at, parts[0])
        values = [
            Value(part) if isinstance(part, str) else self._reference(at, part) for part in parts
        ]
        return Value(
            "".join(value.text() for value in values), any(value.holds_secret for value in values)
        )

    def _parts(self, at: Where, text: str) -> list[str | Where]:
        """Take a string apart: text, and the steps of each reference. `$$` is one dollar."""
        parts: list[str | Where] = []
        plain = ""
        while text:
            if text.startswith("$$"):
                plain, text = f"{plain}$", text[2:]
            elif text.startswith("${"):
                steps, text = self._steps(at, text[2:])
                parts += [plain, steps] if plain else [steps]
                plain = ""
            else:
                plain, text = plain + text[0], text[1:]
        return [*parts, plain] if plain or not parts else parts

    def _steps(self, at: Where, text: str) -> tuple[Where, str]:
        steps: Where = ()
        while not text.startswith("}"):
            name, subscript = _NAME.match(text), _SUBSCRIPT.match(text)
            if subscript is not None:
                quoted, index = subscript.groups()
                steps += (int(index) if quoted is None else quoted.replace('\\"', '"'),)
                text = text[subscript.end() :]
            elif name is not None and not text.startswith("["):
                steps += (name[1],)
                text = text[name.end() :]
            else:
                raise self._error(at, "a reference is written `${name.member[0]}`, closed by `}`")
        if not steps or isinstance(steps[0], int):
            raise self._error(at, "a reference begins with the name of a property")
        return steps, text[1:]

    def _reference(self, at: Where, steps: Where) -> Value:
        if steps[0] == "context":
            raise self._error(at, f"this fake ESC has no `context`: ${{{_shown(steps)}}}")
        if steps[0] == "environments" and len(steps) > 2:  # noqa: PLR2004 (project and environment)
            imported = self._environments.imported(f"{steps[1]}/{steps[2]}", self._name)
            return self._member(at, imported, steps, 3)
        if steps[0] == "imports" and len(steps) > 1:
            return self._member(
                at, self._environments.imported(str(steps[1]), self._name), steps, 2
            )
        node: Any = self._values
        base = self._base
        place: Where = ()
        for number, step in enumerate(steps):
            if isinstance(node, Mapping) and self._function(place, node) is None:
                members = {str(key): member for key, member in node.items()}
                if step not in members:
                    return self._member(at, base or Value({}), steps, number)
                node, base = members[str(step)], _member(base, str(step))
            elif isinstance(node, list) and isinstance(step, int) and step < len(node):
                node, base = node[step], None
            else:
                return self._member(at, self._value(place, node, base), steps, number)
            place = (*place, step)
        return self._value(place, node, base)

    def _member(self, at: Where, value: Value, steps: Where, number: int) -> Value:
        for step in steps[number:]:
            data = value.data
            if isinstance(data, list):
                data = dict(enumerate(data))
            if isinstance(data, dict) and step in data:
                value = data[step]
            else:
                raise self._error(
                    at, f"${{{_shown(steps)}}} refers to nothing: there is no {step!r}"
                )
        return value

    # Functions ------------------------------------------------------------------------------------

    def _call(self, at: Where, function: str, argument: Any) -> Value:
        inside = (*at, function)
        if function == "fn::secret":
            # Stored as it is: a dollar in a secret is not escaped (esc/eval/crypt.go).
            parts = self._parts(inside, argument) if isinstance(argument, str) else []
            if not isinstance(argument, str) or any(isinstance(part, tuple) for part in parts):
                raise self._error(at, "fn::secret takes a string literal, in quotes if need be")
            return Value(argument, secret=True)
        if function == "fn::open" and isinstance(argument, Mapping):
            return self._open(at, str(argument.get("provider")), argument.get("inputs"))
        if function.startswith("fn::open::"):
            return self._open(at, function.removeprefix("fn::open::"), argument)
        calculate = {
            "fn::join": self._join,
            "fn::concat": self._concat,
            "fn::toJSON": self._to_json,
            "fn::fromJSON": self._from_json,
            "fn::toString": self._to_string,
            "fn::toBase64": self._to_base64,
            "fn::fromBase64": self._from_base64,
        }.get(function)
        if calculate is None:
            raise self._error(at, f"this fake ESC does not know {function}")
        return calculate(at, self._value(inside, argument))

    def _text(self, at: Where, value: Value) -> str:
        if not isinstance(value.data, str):
            raise self._error(at, f"expected a string, found {_kind(value)}")
        return value.data

    def _join(self, at: Where, value: Value) -> Value:
        data = value.data
        if (
            not isinstance(data, list)
            or len(data) != 2  # noqa: PLR2004 (a pair)
            or not isinstance(data[1].data, list)
        ):
            raise self._error(at, "the argument to fn::join must be a delimiter and a list")
        delimiter = self._text(at, data[0])
        joined = delimiter.join(self._text(at, item) for item in data[1].data)
        return Value(joined, value.holds_secret)

    def _concat(self, at: Where, value: Value) -> Value:
        lists = value.data if isinstance(value.data, list) else [value]
        if not all(isinstance(each.data, list) for each in lists):
            raise self._error(at, "the argument to fn::concat must be a list of lists")
        return Value([item for each in lists for item in each.data], value.holds_secret)

    def _to_json(self, _: Where, value: Value) -> Value:
        return Value(value.json(), value.holds_secret)

    def _to_string(self, _: Where, value: Value) -> Value:
        return Value(value.text(), value.holds_secret)

    def _from_json(self, at: Where, value: Value) -> Value:
        decoder = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_no_number)
        try:
            # As Go's decoder, which stops after the first value.
            parsed, _ = decoder.raw_decode(self._text(at, value).lstrip())
        except ValueError:
            raise self._error(at, "the argument to fn::fromJSON is no JSON") from None
        decoded = _decoded(parsed)
        return decoded.marked() if value.secret else decoded

    def _to_base64(self, at: Where, value: Value) -> Value:
        encoded = base64.b64encode(self._text(at, value).encode()).decode()
        return Value(encoded, value.secret)

    def _from_base64(self, at: Where, value: Value) -> Value:
        text = re.sub(r"[\r\n]", "", self._text(at, value))
        try:
            decoded = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise self._error(at, "the argument to fn::fromBase64 is no base64 of text") from None
        return Value(decoded, value.secret)

    # Providers ------------------------------------------------------------------------------------

    def _open(self, at: Where, provider: str, argument: Any) -> Value:
        inputs = self._value((*at, f"fn::open::{provider}"), argument)
        given = inputs.data if isinstance(inputs.data, dict) else {}
        if provider in _LOGINS:
            invented, passed_on = _LOGINS[provider]
            answer = {name: Value(made_up(provider, name), secret=True) for name in invented}
            return Value(answer | {name: given[name] for name in passed_on if name in given})
        if provider not in _SECRETS_MANAGERS:
            raise self._error(at, f"this fake ESC cannot open {provider}")
        what, id_, scope, current = _SECRETS_MANAGERS[provider]
        for needed in filter(None, (scope, "login", what)):
            if needed not in given:
                raise self._error(at, f"{provider} needs `{needed}`")
        wanted = given[what].data
        if not isinstance(wanted, dict):
            raise self._error(at, f"`{what}` of {provider} is a mapping of names to `{id_}`")
        place = self._text(at, given[scope]) if scope is not None else None
        return Value(
            {
                name: self._read(at, provider, place, (name, id_, entry, current))
                for name, entry in wanted.items()
            }
        )

    def _read(
        self,
        at: Where,
        provider: str,
        place: str | None,
        wanted: tuple[str, str, Value, Mapping[str, str]],
    ) -> Value:
        name, id_, entry, current = wanted
        here = (*at, name)
        if not isinstance(entry.data, dict) or id_ not in entry.data:
            raise self._error(here, f"{provider} needs `{id_}`")
        for option, value in entry.data.items():
            if option != id_ and current.get(option) != value.data:
                raise self._error(here, f"this fake ESC reads current values only, no `{option}`")
        secret = self._text(here, entry.data[id_])
        found = self._environments.read(provider, secret, place)
        if found is None:
            where = f" in {place}" if place is not None else ""
            raise EscOpenError(
                f"{self._name}: {_shown(here)}: {provider} can read no value of {secret!r}{where}:"
                " it is missing, or no value has been set"
            )
        return Value(found, secret=True)


def _member(value: Value | None, key: str) -> Value | None:
    return value.data.get(key) if value is not None and isinstance(value.data, dict) else None


def _kind(value: Value) -> str:
    kinds = {bool: "a boolean", Number: "a number", list: "a list", dict: "an object"}
    return kinds.get(type(value.data), "nothing")


def _no_number(constant: str) -> None:
    raise ValueError(constant)


def _decoded(data: Any) -> Value:
    if isinstance(data, dict):
        return Value({key: _decoded(member) for key, member in data.items()})
    if isinstance(data, list):
        return Value([_decoded(member) for member in data])
    return Value(data)


# The stack's config -------------------------------------------------------------------------------


def engine_config(merged: Mapping[str, Value]) -> tuple[dict[str, Any], dict[Where, str]]:
    """Return merged config as plain data for a config file, and its secret strings by place."""
    config: dict[str, Any] = {}
    secrets: dict[Where, str] = {}
    for key, value in merged.items():
        plain, found = value.split((key,))
        secrets |= found
        if (key,) not in found:
            # From a file the engine would read nothing; from an environment it gets the word.
            config[key] = "null" if plain is None else plain
    return config, secrets


# The stack's file ---------------------------------------------------------------------------------


def stack_file(listed: Any, config: Mapping[str, Any], secrets: Sequence[Where]) -> dict[str, Any]:
    """Return a stack's file as a user's would be, with ciphertexts that hold nothing.

    Args:
        listed: What it says as `environment:`; nothing for none.
        config: The stack's own plain config, by full key.
        secrets: The places of its secret config.
    """
    settings: dict[str, Any] = {"environment": listed} if listed else {}
    said = {
        key: Value.of(value, dict.fromkeys(secrets, ""), (key,)) for key, value in config.items()
    }
    written = {key: _written(value, (key,)) for key, value in said.items()}
    written |= {
        str(at[0]): {"secure": _ciphertext(at)}
        for at in secrets
        if len(at) == 1 and at[0] not in written
    }
    return {**settings, "config": written} if written else settings


def _written(value: Value, at: Where) -> Any:
    if value.secret:
        return {"secure": _ciphertext(at)}
    if isinstance(value.data, dict):
        return {key: _written(member, (*at, key)) for key, member in value.data.items()}
    if isinstance(value.data, list):
        return [_written(member, (*at, index)) for index, member in enumerate(value.data)]
    return _engine_data(value.data) if isinstance(value.data, Number) else value.data


def _ciphertext(at: Where) -> str:
    digest = hashlib.sha256(json.dumps(at).encode()).digest()
    return f"AAABA{base64.b64encode(digest).decode()}"


def write_settings(path: Path, settings: Mapping[str, Any]) -> None:
    """Write a small YAML file: what is inside a top-level mapping is in JSON, which YAML reads.

    A YAML library takes longer for it than a whole recording.
    """
    lines = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            members = (
                f"  {_scalar(str(name))}: {_scalar(member)}" for name, member in value.items()
            )
            lines.append("\n".join([f"{key}:", *members]))
        elif isinstance(value, list):
            lines.append("\n".join([f"{key}:", *(f"  - {_scalar(item)}" for item in value)]))
        else:
            lines.append(f"{key}: {_scalar(value)}")
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _scalar(value: Any) -> str:
    # YAML has no pairs of \\u escapes, and refuses some characters that JSON leaves as they are.
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
