"""`SecretSettings`: the settings of a service, typed, from wherever the service runs.

No value is an argument, and none is shown: not by `repr`, `vars()`, a dump, a pickle, an error or a traceback. A field
is read by its name, and in no other way. Nothing of Pulumi is imported, and a cloud's client only when a value must
come from its container.
"""

import asyncio
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Never, NoReturn, Self

from pydantic import ConfigDict
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra_secrets.errors import SettingsError, SettingsUseError
from infra_secrets.rules.wording import nearest, shown
from infra_secrets.runtime.declaration import declaration
from infra_secrets.runtime.held import Held, Loaded
from infra_secrets.runtime.loading import Look, given
from infra_secrets.runtime.options import Options

if TYPE_CHECKING:
    # To a type checker a model's fields are arguments of its constructor. Here none is.
    _Model = object
else:
    _Model = BaseSettings

_HIDDEN = "**********"
"""What pydantic shows of a SecretStr."""


class SecretSettings(_Model):
    """The settings of a service: derive a class whose fields are its secrets, and make one to load them.

    Each field is looked for as an environment variable, then as a mounted file, then in the container
    `service/environment/key`, by the local login. Every field is looked for at once.

    Keywords of the class, which classes derived from it inherit:

    - `service`: whose settings these are, as its containers are named.
    - `environment`: the second part of their names. Default: the variable `INFRA_SECRETS_ENVIRONMENT`.
    - `cloud`: where they are. Default: the variable `INFRA_SECRETS_CLOUD`; without it no container is read.
    - `document`: read one container `service/environment`, a JSON object with the names of the variables as keys.
    - `directory`: folder of the mounted files. Default: the variable `INFRA_SECRETS_DIRECTORY`.
    - `max_age`: seconds, or a timedelta, after which no value is served any more. Default: values are read again only
      by `reload`.
    - `stale_if_unreachable`: for how much longer than that they are served while the cloud does not answer, in seconds
      or as a timedelta. Default: not at all.
    - any other: a part of the place in the cloud, e.g. `region`. Default: the variables of the cloud's own client.

    Raises:
        SettingsUseError: The class cannot be one, or a value was given in code.
        SettingsError: Everything that is missing or wrong, with what was looked at and the way out.
        MissingExtraError: A value must come from a container, and the cloud's client is not installed.
    """

    __slots__ = ("_held",)
    __options__: ClassVar[Options]

    if TYPE_CHECKING:
        _held: Held
        model_config: ClassVar[SettingsConfigDict]
        model_fields: ClassVar[Mapping[str, FieldInfo]]
        model_computed_fields: ClassVar[Mapping[str, object]]
        __pydantic_complete__: ClassVar[bool]
        __pydantic_validator__: ClassVar[Any]
        __private_attributes__: ClassVar[Mapping[str, object]]

        @classmethod
        def model_rebuild(cls, *, raise_errors: bool = True) -> bool | None:
            """Resolve types that were not defined yet; pydantic's own."""

    else:
        # Pydantic's errors are not passed on; this is for what a program validates by a field's type itself.
        model_config = SettingsConfigDict(hide_input_in_errors=True)

    def __init_subclass__(
        cls,
        *,
        service: str | None = None,
        environment: str | None = None,
        cloud: str | None = None,
        document: bool | None = None,
        directory: str | Path | None = None,
        max_age: timedelta | float | None = None,
        stale_if_unreachable: timedelta | float | None = None,
        **place: str,
    ) -> None:
        """Declare settings; see the class."""
        super().__init_subclass__()
        keywords = {
            "service": service,
            "environment": environment,
            "cloud": cloud,
            "document": document,
            "directory": directory,
            "max_age": max_age,
            "stale_if_unreachable": stale_if_unreachable,
        }
        inherited = getattr(cls, "__options__", None)
        cls.__options__ = Options.of(cls.__name__, {**keywords, **place}, inherited)

    @classmethod
    def __pydantic_init_subclass__(cls, **_keywords: object) -> None:
        """Refuse fields that cannot be settings, when the class is made."""
        problems = [*_problems(cls)]
        if problems:
            raise SettingsUseError(f"class {cls.__name__}: {' '.join(problems)}")
        if cls.__pydantic_complete__ and cls.model_fields:  # without any it is for deriving
            declaration(cls)

    def __init__(self, *arguments: Never, **values: Never) -> None:
        """Load every setting; see the class."""
        if arguments or values:
            names = [*values]
            values.clear()  # no value is in a traceback
            del arguments
            raise SettingsUseError(_no_values(type(self).__name__, names))
        declaration(type(self))
        name, options = type(self).__name__, type(self).__options__
        look = Look(type(self))
        self._hold(Held(name, look, options.max_age, options.stale_if_unreachable, look.close))

    @classmethod
    async def aload(cls) -> Self:
        """Load every setting as `cls()` does, without blocking the event loop."""
        return await asyncio.to_thread(cls)

    @classmethod
    def for_tests(cls, **values: object) -> Self:
        """Make settings of made-up values, for a test of what uses them. Nothing is looked for anywhere.

        Args:
            values: By field, as pydantic takes them. A field with a default can be left out.

        Raises:
            SettingsUseError: There is no such field.
            SettingsError: A value does not fit, or a field without a default has none.
        """
        try:
            outcome = given(cls, values)
        finally:
            values.clear()  # no value is in a traceback
        if isinstance(outcome, SettingsError):
            raise outcome
        return cls._of(lambda: outcome)

    def reload(self) -> frozenset[str]:
        """Look for every setting again, all or nothing; return the names of those that changed.

        Raises:
            SettingsError: Something is missing or wrong now. The old values are still there.
        """
        return self._held.reload()

    async def areload(self) -> frozenset[str]:
        """Do what `reload` does, without blocking the event loop."""
        return await asyncio.to_thread(self.reload)

    def snapshot(self) -> Self:
        """Make settings that stay as these are now: of values that belong together, none is newer than another."""
        loaded = self._held.loaded()
        return self._of(lambda: loaded)

    @classmethod
    def _of(cls, load_all: Callable[[], Loaded]) -> Self:
        made = cls.__new__(cls)
        SecretSettings._hold(made, Held(cls.__name__, load_all))
        return made

    def _hold(self, held: Held) -> None:
        for slot, content in (
            ("_held", held),
            ("__pydantic_fields_set__", set()),
            ("__pydantic_extra__", None),
            ("__pydantic_private__", None),
        ):
            object.__setattr__(self, slot, content)

    if not TYPE_CHECKING:  # a checker would take every name for a setting

        def __getattr__(self, name: str) -> object:
            if name in type(self).model_fields:
                return self._held.values()[name]
            close = None if name.startswith("_") else nearest(name, type(self).model_fields)
            hint = f" Did you mean {close!r}?" if close else ""
            raise AttributeError(f"{type(self).__name__!r} has no setting {shown(name)}.{hint}")

    # Nothing shows, copies or changes a value

    def __setattr__(self, name: str, value: object) -> None:
        if _is_held(self):
            del value
            raise SettingsUseError(
                f"{type(self).__name__}.{name} cannot be set: a value is changed in its container "
                "(`infra-secrets set`), and `reload` reads it. A test makes settings with `for_tests`."
            )
        super().__setattr__(name, value)  # a validator of the class

    def __delattr__(self, name: str) -> None:
        raise SettingsUseError(f"{type(self).__name__}.{name} cannot be deleted.")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={_HIDDEN}' for name, _ in self.__repr_args__())})"

    def __str__(self) -> str:
        return repr(self)

    def __repr_args__(self) -> Iterator[tuple[str, str]]:
        for name in type(self).model_fields:
            yield name, _HIDDEN

    def __rich_repr__(self) -> Iterator[tuple[str, str]]:
        yield from self.__repr_args__()

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __iter__(self) -> Iterator[Never]:
        raise SettingsUseError(_not_all(self, "iterated over"))

    def __getstate__(self) -> NoReturn:
        raise SettingsUseError(_not_all(self, "pickled"))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object = None) -> Self:
        return self

    def model_copy(self, **update: object) -> NoReturn:
        """Refuse: `snapshot` keeps what there is, and `for_tests` takes other values."""
        update.clear()
        raise SettingsUseError(_not_all(self, "copied"))

    def model_dump(self, **_: object) -> NoReturn:
        """Refuse: what is dumped is logged, sent and stored."""
        raise SettingsUseError(_not_all(self, "dumped"))

    def model_dump_json(self, **_: object) -> NoReturn:
        """Refuse: what is dumped is logged, sent and stored."""
        raise SettingsUseError(_not_all(self, "dumped"))

    @classmethod
    def model_construct(cls, *arguments: object, **values: object) -> NoReturn:
        """Refuse values in code."""
        names = [*values]
        values.clear()
        del arguments
        raise SettingsUseError(_no_values(cls.__name__, names))

    @classmethod
    def model_validate(cls, *arguments: object, **values: object) -> NoReturn:
        """Refuse values in code."""
        values.clear()
        del arguments
        raise SettingsUseError(_no_values(cls.__name__, ()))

    model_validate_json = model_validate_strings = model_validate


_ELSEWHERE = SettingsConfigDict.__optional_keys__ - ConfigDict.__optional_keys__
"""What pydantic-settings lets a class say about where it looks."""


def _problems(cls: type[SecretSettings]) -> Iterator[str]:
    """Yield what a class of settings must not have."""
    for key in sorted(_ELSEWHERE):
        if cls.model_config.get(key) != BaseSettings.model_config.get(key):
            yield (
                f"model_config has {key}. Settings come from environment variables, mounted files and containers, in "
                "this order, and from nothing else"
                + (
                    ": a secret on a disk is what containers are there to avoid."
                    if "env_file" in key
                    else "."
                )
            )
    sources = "settings_customise_sources"
    if getattr(cls, sources).__func__ is not getattr(BaseSettings, sources).__func__:
        yield f"it has {sources}. Where settings come from is the same for every class."
    for name in cls.model_fields:
        if name in dir(SecretSettings):
            yield f"{name} is a method of every class of settings. Rename the field."
        if cls.model_fields[name].deprecated:
            yield f"{name} is deprecated=, and pydantic looks for such a field elsewhere. Say it in its description."
    hidden = [*cls.__private_attributes__]
    if "model_post_init" in {name for each in _own(cls) for name in vars(each)} and not hidden:
        hidden = ["model_post_init"]
    for name in hidden:
        yield f"it has {name}, which would be lost. Make a method or a property of it."
    for name in cls.model_computed_fields:
        yield f"{name} is a computed_field: it would be in every dump, with what it is made of. Make it a property."
    for each in _own(cls):
        for name, attribute in vars(each).items():
            if isinstance(attribute, functools.cached_property):
                yield (
                    f"{name} is a cached_property: it would keep an old value after a reload, in sight. Make it a "
                    "property."
                )


def _own(cls: type[SecretSettings]) -> list[type]:
    return [each for each in cls.__mro__ if each not in SecretSettings.__mro__]


def _no_values(name: str, given_names: Iterable[str]) -> str:
    named = [each for each in given_names if each.isidentifier()]
    found = f" ({', '.join(shown(each) for each in named)})" if named else ""
    return (
        f"{name} takes no values{found}: a value in code is no secret. Set the environment variable, or the container "
        f"(`infra-secrets set`). In a test: {name}.for_tests(...)."
    )


def _not_all(settings: SecretSettings, what: str) -> str:
    return (
        f"{type(settings).__name__} cannot be {what}: all of its values would be in sight. Read the one that "
        "is needed, by its name."
    )


def _is_held(settings: SecretSettings) -> bool:
    try:
        object.__getattribute__(settings, "_held")
    except AttributeError:
        return False
    return True
