"""What a class of settings declares, as plain data: one declaration for the service and for the Pulumi program.

Nothing is looked for here, and no value is known.
"""

import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import (
    AliasChoices,
    AliasPath,
    Json,
    PydanticUndefinedAnnotation,
    PydanticUserError,
    Secret,
    SecretBytes,
    TypeAdapter,
    UrlConstraints,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, ForceDecode, NoDecode, PydanticBaseSettingsSource

from infra_secrets.errors import SecretNameError, SettingsUseError
from infra_secrets.rules.naming import SecretName, kebab
from infra_secrets.rules.wording import shown
from infra_secrets.runtime.reserved import is_reserved

if TYPE_CHECKING:
    from infra_secrets.clouds import Place
    from infra_secrets.runtime.settings import SecretSettings

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One field of a class of settings."""

    name: str
    """As the class has it, e.g. `stripe_api_key`."""
    variable: str
    """The environment variable, e.g. `STRIPE_API_KEY`; in a document the key of the JSON object."""
    key: str | None
    """The third part of its container's name, e.g. `stripe-api-key`; None in a document."""
    format: str | None
    """What its text must look like: one of `rules.formats.FORMATS`, or the scheme of its URL."""
    schemes: tuple[str, ...]
    """All schemes that its URL may have: `PostgresDsn` takes those of drivers too, e.g. `postgresql+psycopg`."""
    optional: bool
    """Whether it has a default."""
    validated_as: str
    """The name by which pydantic takes it."""
    parsed: bool
    """Whether its text is JSON that is read before pydantic sees it."""
    binary: bool
    """Whether it is bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a class of settings declares."""

    service: str
    environment: str | None
    """Where the class says it; so with `cloud` and `place`."""
    cloud: str | None
    place: "Place"
    """Parts of the place in the cloud, e.g. its region."""
    document: bool
    """Whether all settings are keys of one JSON document, the container `service/environment`."""
    settings: tuple[Setting, ...]
    """In the order of the class."""

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variable of each field; in a document its key of the JSON object."""
        return {each.name: each.variable for each in self.settings}

    def references(self, environment: str) -> Mapping[str, str]:
        """Name the container of each field, `service/environment/key`; of a document always `service/environment`.

        Args:
            environment: The second part of the names, where the class says none.

        Raises:
            SecretNameError: It cannot be one.
        """
        environment = self.environment or environment
        return {
            each.name: SecretName(
                service=self.service, environment=environment, key=each.key
            ).reference
            for each in self.settings
        }


def declaration(settings_class: "type[SecretSettings]") -> Declaration:
    """Read what a class of settings declares.

    Raises:
        SettingsUseError: It is no class of settings, it has no fields, or one of its fields cannot be one.
    """
    from infra_secrets.runtime.settings import SecretSettings

    given: object = settings_class  # a program that is not type-checked gives anything
    if not isinstance(given, type) or not issubclass(given, SecretSettings):
        what = getattr(given, "__name__", None) or type(given).__name__
        raise SettingsUseError(
            f"{shown(what)} is not a class of settings: one is derived from infra_secrets.runtime.SecretSettings. "
            "Give the class itself, e.g. Payments, not Payments()."
        )
    if given is SecretSettings:
        raise SettingsUseError("SecretSettings declares nothing itself. Derive a class from it.")
    if not given.model_fields:
        raise SettingsUseError(
            f"class {given.__name__} has no fields, and so no secrets. Each secret is a field with a type, e.g. "
            "stripe_api_key: SecretStr."
        )
    return _declaration(given)


def _declaration(settings_class: "type[SecretSettings]") -> Declaration:
    options = settings_class.__options__
    if not settings_class.__pydantic_complete__:
        settings_class.model_rebuild(raise_errors=False)
    if not settings_class.__pydantic_complete__:
        raise SettingsUseError(
            f"class {settings_class.__name__}: a type that it names is not defined. Define it before the class is used."
        )
    problems: list[str] = []
    settings = [
        _setting(settings_class, name, field, options.document, problems)
        for name, field in settings_class.model_fields.items()
    ]
    problems += _shared(settings)
    if problems:
        raise SettingsUseError(f"class {settings_class.__name__}: " + " ".join(problems))
    return Declaration(
        service=options.service,
        environment=options.environment,
        cloud=options.cloud,
        place=options.place,
        document=options.document,
        settings=tuple(settings),
    )


def _setting(
    settings_class: "type[SecretSettings]",
    name: str,
    field: FieldInfo,
    document: bool,
    problems: list[str],
) -> Setting:
    alias = field.validation_alias if field.validation_alias is not None else field.alias
    if isinstance(alias, AliasChoices | AliasPath):
        problems.append(f"{name} has several names. Give one alias, the name of its variable.")
        alias = None
    variable = alias or name.upper()
    if not _VARIABLE.fullmatch(variable):
        problems.append(
            f"{name}: {shown(variable)} cannot be the name of a variable: it needs letters, digits and underscores "
            "(ASCII), and no digit at the beginning."
        )
    if is_reserved(variable):
        problems.append(
            f"{name}: the variable {variable} has a meaning of its own, which {name} would get silently. "
            f'Rename the field, or the variable: Annotated[str, Field(alias="DATABASE_{variable}")], say.'
        )
    key = None
    try:
        key = None if document else kebab(name)
    except SecretNameError:
        problems.append(
            f"{name} cannot be turned into the key of a container: it needs ASCII letters or digits."
        )
    by_alias = alias and settings_class.model_config.get("validate_by_alias") is not False
    inner, metadata = _unwrapped(field.annotation, field.metadata)
    marks = {each if isinstance(each, type) else type(each) for each in metadata}
    parsed = ForceDecode in marks or (NoDecode not in marks and _takes_json(inner, metadata))
    return Setting(
        name=name,
        variable=variable,
        key=key,
        format=_format(inner, metadata, parsed=parsed),
        schemes=tuple(_schemes(inner, metadata)),
        optional=not field.is_required(),
        validated_as=str(alias) if by_alias else name,
        parsed=parsed,
        binary=isinstance(inner, type) and issubclass(inner, bytes | SecretBytes),
    )


def _shared(settings: list[Setting]) -> Iterator[str]:
    """Yield what two fields would both be."""
    for kind in ("variable", "key"):
        seen: dict[str, str] = {}
        for setting in settings:
            name = getattr(setting, kind)
            if name is not None and name in seen:
                yield f"{seen[name]} and {setting.name} are both the {kind} {name}. Rename one."
            seen[name] = setting.name


def _unwrapped(annotation: Any, metadata: list[Any]) -> tuple[Any, list[Any]]:
    """Take off `Annotated`, `| None` and `Secret[...]`; return the type that the text is of, with its metadata."""
    while True:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            annotation, metadata = arguments[0], [*metadata, *arguments[1:]]
        elif origin in (Union, types.UnionType) and len(_members(annotation)) == 1:
            [annotation] = _members(annotation)
        elif origin is Secret:
            [annotation] = arguments
        else:
            return annotation, metadata


def _members(union: Any) -> list[Any]:
    return [each for each in get_args(union) if each is not types.NoneType]


class _Rule(PydanticBaseSettingsSource):
    """Pydantic-settings' own rule for which types are written as JSON."""

    def get_field_value(
        self,
        field: FieldInfo,  # noqa: ARG002 (pydantic-settings')
        field_name: str,
    ) -> tuple[Any, str, bool]:
        """Find nothing."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Find nothing."""
        return {}


def _takes_json(inner: Any, metadata: list[Any]) -> bool:
    if get_origin(inner) in (Union, types.UnionType):
        return all(_takes_json(*_unwrapped(each, [])) for each in _members(inner))
    if _is_json(inner, metadata):
        return False
    return _Rule(BaseSettings).field_is_complex(FieldInfo(annotation=inner))


def _is_json(inner: Any, metadata: list[Any]) -> bool:
    """Whether pydantic itself reads JSON there: `Json[...]`."""
    return any(each is Json or type(each) is Json for each in (inner, *metadata))


def _format(inner: Any, metadata: list[Any], *, parsed: bool) -> str | None:
    if parsed or _is_json(inner, metadata):
        return "json"
    if inner in (int, bool):
        return str(inner.__name__)
    return _scheme(_schemes(inner, metadata))


def _schemes(inner: Any, metadata: list[Any]) -> list[str]:
    said = [
        each.allowed_schemes
        for each in metadata
        if isinstance(each, UrlConstraints) and each.allowed_schemes
    ]
    return said[-1] if said else _schemes_of(inner)


def _schemes_of(inner: Any) -> list[str]:
    """What a type of URL itself takes, by pydantic's schema of it."""
    if not isinstance(inner, type):
        return []
    try:
        schema: Any = TypeAdapter(inner).core_schema
    except (PydanticUserError, PydanticUndefinedAnnotation):
        return []
    while isinstance(schema, Mapping):
        if allowed := schema.get("allowed_schemes"):
            return list(allowed)
        schema = schema.get("schema")
    return []


_OTHER_NAMES = {"postgresql": {"postgres"}}


def _scheme(schemes: list[str]) -> str | None:
    """Return the one scheme, or the one that the others are with a driver: `mysql` for `mysql+pymysql`."""
    for plain in schemes:
        drivers = {each for each in schemes if each.startswith(f"{plain}+")} - {f"{plain}+srv"}
        if {plain, *drivers, *_OTHER_NAMES.get(plain, ())} >= {*schemes}:
            return plain
    return None
