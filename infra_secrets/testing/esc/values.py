"""Values of ESC: what is marked as secret, and what becomes of each in text and in the engine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra_secrets.testing.esc import spelling
from infra_secrets.testing.esc.errors import EscError, Where, shown


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written: JSON numbers keep their text until the engine reads them."""

    text: str


@dataclass(frozen=True, slots=True, repr=False)
class Value:
    """A value of ESC (sdk/go/common/esc/eval/value.go). A secret one never shows itself.

    Attributes:
        data: `None`, `bool`, `Number`, `str`, or a list or dictionary of values.
        secret: Whether it was marked.
        base: What it lies on, imported from elsewhere: an object has the members of that too.
    """

    data: Any
    secret: bool = False
    base: "Value | None" = None

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
        if isinstance(data, int | float) and not isinstance(data, bool):
            return cls(Number(spelling.written_number(data)))
        return cls(data if data is None or isinstance(data, bool) else str(data))

    @property
    def holds_secret(self) -> bool:
        """Whether it or anything in it is marked."""
        return self.secret or any(each.holds_secret for each in self._inside())

    @property
    def shows_secret(self) -> bool:
        """Whether its text (`text`) has something marked in it: not what it only lies on."""
        if isinstance(self.data, dict):
            return self.secret or any(each.shows_secret for each in self.data.values())
        if isinstance(self.data, list):
            return self.secret or any(each.shows_secret for each in self.data)
        return self.secret

    @property
    def stays_secret(self) -> bool:
        """Whether the engine keeps it as secret config: only for a marked string in it.

        toPlaintext (pkg/workspace/config.go) looks at the mark of strings and at no other.
        """
        if isinstance(self.data, str):
            return self.secret
        return any(member.stays_secret for member in self._inside())

    def _inside(self) -> list["Value"]:
        return self.data if isinstance(self.data, list) else list(self.members.values())

    @property
    def members(self) -> dict[str, "Value"]:
        """The members of an object, with those of what it lies on; none of anything else."""
        if not isinstance(self.data, dict):
            return {}
        return {**(self.base.members if self.base is not None else {}), **self.data}

    def over(self, base: "Value | None") -> "Value":
        """Lay a value on another, as an import is laid below what an environment says itself.

        An object keeps what it says and what it lies on apart: in text (`text`) it has the former
        only, and something else than an object in between hides what is below that.
        """
        if base is None:
            return self
        below = (base if self.base is None else self.base.over(base)).as_base()
        data = self.data
        if isinstance(data, dict):
            data = {key: each.over(below.members.get(key)) for key, each in data.items()}
        return Value(data, self.secret, below)

    def as_base(self) -> "Value":
        """Return what is seen of it from above: its members in one place, or that it has none."""
        return Value(self.members if isinstance(self.data, dict) else None)

    def merged(self) -> "Value":
        """Return the value with all members in one place, lying on nothing."""
        data = self.data
        if isinstance(data, dict):
            data = {key: member.merged() for key, member in self.members.items()}
        elif isinstance(data, list):
            data = [member.merged() for member in data]
        return Value(data, self.secret)

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
            return ",".join(spelling.quoted(member.text()) for member in data)
        if isinstance(data, dict):
            return ",".join(
                f"{spelling.quoted(k)}={spelling.quoted(data[k].text())}" for k in sorted(data)
            )
        return str(data)

    def json(self) -> str:
        """Return it as `fn::toJSON` does: numbers as they were written."""
        return _json(self.merged(), str)

    def config_text(self) -> str:
        """Return what the program gets as config (sdk/go/common/resource/config/plaintext.go)."""
        return self.data if isinstance(self.data, str) else _json(self, spelling.json_number)

    def split(self, at: Where) -> tuple[Any, dict[Where, str]]:
        """Return plain data with an empty string for each marked string, and those by place.

        A number or boolean that is marked is in the plain data: the engine drops its mark.
        """
        data = self.data
        if isinstance(data, dict):
            if set(data) == {"secure"} and isinstance(data["secure"].data, str):
                raise EscError(f"{shown(at)}: maps with the single key `secure` are reserved")
            pairs = {key: member.split((*at, key)) for key, member in data.items()}
            found = {place: text for _, inner in pairs.values() for place, text in inner.items()}
            return {key: plain for key, (plain, _) in pairs.items()}, found
        if isinstance(data, list):
            items = [member.split((*at, index)) for index, member in enumerate(data)]
            found = {place: text for _, inner in items for place, text in inner.items()}
            return [plain for plain, _ in items], found
        if isinstance(data, Number):
            return spelling.engine_number(data.text), {}
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


_WORDS = {None: "null", True: "true", False: "false"}


def _json(value: Value, number: Callable[[str], str]) -> str:
    """Return JSON as Go writes it: sorted, without spaces, and with HTML's characters escaped."""
    data = value.data
    if isinstance(data, dict):
        members = (
            f"{spelling.json_string(key)}:{_json(data[key], number)}" for key in sorted(data)
        )
        return "{" + ",".join(members) + "}"
    if isinstance(data, list):
        return "[" + ",".join(_json(member, number) for member in data) + "]"
    if isinstance(data, Number):
        return number(data.text)
    return spelling.json_string(data) if isinstance(data, str) else _WORDS[data]
