"""No value is in sight: a planted one is looked for wherever a person or a tool would see it."""

import asyncio
import copy
import dataclasses
import faulthandler
import functools
import inspect
import io
import json
import logging
import pickle
import pprint
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    IPvAnyAddress,
    PostgresDsn,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError
from pydantic_settings import NoDecode

from infra_secrets.errors import DeniedError
from infra_secrets.runtime import SecretSettings, SettingsError, SettingsUseError
from tests.values import Values

CANARY = "made-up-canary-5f1c"
URL = f"postgresql://payments:{CANARY}@db.example.com/payments"


class Payments(SecretSettings, service="payments"):
    stripe_api_key: SecretStr
    database_url: PostgresDsn
    token: str
    ner_labels: list[str] = []  # noqa: RUF012 (pydantic copies it)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Payments:
    """Settings that hold the canary in every field."""
    monkeypatch.setenv("STRIPE_API_KEY", CANARY)
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("TOKEN", CANARY)
    monkeypatch.setenv("NER_LABELS", json.dumps([CANARY]))
    return Payments()


def seen(show: Callable[[Any], object], settings: object) -> str:
    """What somebody sees who does this, with its error if it is refused."""
    try:
        shown = show(settings)
    except Exception as error:  # noqa: BLE001 (what is seen of any)
        return "".join(traceback.format_exception(error))
    return shown if isinstance(shown, str) else repr(shown)


def rich_pretty(settings: object) -> str:
    from rich.console import Console
    from rich.pretty import Pretty

    console = Console(file=io.StringIO(), width=200)
    console.print(Pretty(settings), settings)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def rich_inspected(settings: object) -> str:
    import rich
    from rich.console import Console

    console = Console(file=io.StringIO(), width=200)
    rich.inspect(settings, console=console, all=True, value=True)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def logged(settings: object) -> str:
    stream = io.StringIO()
    logger = logging.Logger("test")  # noqa: LOG001 (of no tree)
    logger.addHandler(logging.StreamHandler(stream))
    logger.error("%s %r %s", settings, settings, {"settings": settings})
    return stream.getvalue()


def nested(settings: object) -> object:
    class Outer(BaseModel):
        inner: Payments = Field()

    return Outer.model_construct(inner=settings).model_dump_json()


def compared(settings: object) -> None:
    """Let pytest say what is different."""
    assert settings == Payments.for_tests(
        stripe_api_key="x", database_url="postgresql://x@y/z", token="z"
    )


SHOWING: dict[str, Callable[[Any], object]] = {
    "repr": repr,
    "str": str,
    "format": lambda settings: f"{settings} {settings!r:>200}",
    "percent": lambda settings: f"{settings!s}{settings!a}",
    "in a list": lambda settings: [settings, {"x": settings}],
    "vars": vars,
    "__dict__": lambda settings: settings.__dict__,
    "fields set": lambda settings: settings.__pydantic_fields_set__,
    "model_fields_set": lambda settings: settings.model_fields_set,
    "extra": lambda settings: settings.__pydantic_extra__,
    "private": lambda settings: settings.__pydantic_private__,
    "dir": lambda settings: [getattr(type(settings), name, None) for name in dir(settings)],
    "getmembers": lambda settings: [
        (name, member)
        for name, member in inspect.getmembers_static(settings)
        if not inspect.isroutine(member)
    ],
    "what it holds": lambda settings: [settings._held, settings._held.loaded()],
    "vars of what it holds": lambda settings: vars(settings._held),
    "dict": dict,
    "list": list,
    "unpacked": lambda settings: {**settings},
    "pprint": pprint.pformat,
    "rich": rich_pretty,
    "rich.inspect": rich_inspected,
    "logging": logged,
    "json": json.dumps,
    "json of its text": lambda settings: json.dumps(settings, default=str),
    "asdict": dataclasses.asdict,
    "pickle": pickle.dumps,
    "pickle of what it holds": lambda settings: pickle.dumps(settings._held),
    "pickle of the values": lambda settings: pickle.dumps(settings._held.loaded()),
    "reduce": lambda settings: settings.__reduce__(),
    "getstate": lambda settings: settings.__getstate__(),
    "copy": lambda settings: vars(copy.copy(settings)),
    "deepcopy": lambda settings: vars(copy.deepcopy({"x": settings})["x"]),
    "model_copy": lambda settings: vars(settings.model_copy(update={"token": "x"})),
    "model_dump": lambda settings: settings.model_dump(),
    "model_dump_json": lambda settings: settings.model_dump_json(),
    "TypeAdapter": lambda settings: TypeAdapter(Payments).dump_json(settings),
    "TypeAdapter, python": lambda settings: TypeAdapter(Payments).dump_python(settings),
    "the serializer": lambda settings: settings.__pydantic_serializer__.to_python(settings),
    "nested": nested,
    "schema": lambda settings: settings.model_json_schema(),
    "hash": hash,
    "compared": compared,
    "a wrong name": lambda settings: settings.tokn,
    "set": lambda settings: setattr(settings, "token", CANARY[::-1]),
    "deleted": lambda settings: delattr(settings, "token"),
}


@pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecatedSince20")
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize("way", SHOWING)
def test_no_value_is_in_sight(way: str, settings: Payments) -> None:
    assert CANARY not in seen(SHOWING[way], settings)


@pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecatedSince20")
@pytest.mark.parametrize("way", ["dict", "json", "copy", "_iter"])
def test_no_value_is_in_sight_by_pydantic_s_old_ways(way: str, settings: Payments) -> None:
    assert CANARY not in seen(lambda each: vars(getattr(each, way)()), settings)


def test_the_ways_of_this_test_find_the_values_of_ordinary_settings() -> None:
    class Ordinary(BaseModel):
        token: str

    ordinary = Ordinary(token=CANARY)
    found = [way for way, show in SHOWING.items() if CANARY in seen(show, ordinary)]

    assert {"repr", "vars", "dict", "pprint", "rich", "rich.inspect", "logging"} <= {*found}


def test_a_value_is_there_for_who_asks_by_name(settings: Payments) -> None:
    assert settings.token == CANARY
    assert repr(settings) == (
        "Payments(stripe_api_key=**********, database_url=**********, token=**********, ner_labels=**********)"
    )


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (pickle.dumps, "Payments cannot be pickled"),
        (lambda each: each.model_dump(), "Payments cannot be dumped"),
        (dict, "Payments cannot be iterated over"),
        (lambda each: setattr(each, "token", CANARY), "Payments.token cannot be set"),
        (lambda _: Payments(token=CANARY), "Payments takes no values ('token')"),  # type: ignore[arg-type]
        (lambda _: Payments(CANARY), "Payments takes no values: "),  # type: ignore[arg-type]
        (lambda _: Payments(_env_file=".env"), "Payments takes no values ('_env_file')"),  # type: ignore[arg-type]
        (lambda _: Payments.model_validate({"token": CANARY}), "Payments takes no values: "),
        (lambda _: Payments.model_construct(token=CANARY), "Payments takes no values"),
        (
            lambda _: Payments.for_tests(tokn=CANARY),
            "Payments has no setting 'tokn'. Did you mean 'token'?",
        ),
    ],
)
def test_what_would_show_or_take_a_value_is_refused_with_a_way_out(
    use: Callable[[Payments], object], said: str, settings: Payments
) -> None:
    with pytest.raises(SettingsUseError) as refused:
        use(settings)

    assert said in str(refused.value)
    assert CANARY not in str(refused.value)


def test_a_copy_is_the_same_object_and_equality_is_identity(settings: Payments) -> None:
    assert copy.copy(settings) is settings
    assert copy.deepcopy(settings) is settings
    assert settings != Payments()
    assert {settings: 1}[settings] == 1


# Errors


class Strict(SecretSettings, service="payments"):
    """Everything that can be wrong with a value."""

    number: int
    url: PostgresDsn
    labels: dict[str, int]
    checked: str
    asserted: str
    custom: str
    broken: str
    fine: str

    @field_validator("checked")
    @classmethod
    def _checked(cls, text: str) -> str:
        raise ValueError(f"{text} is not what it should be")

    @field_validator("asserted")
    @classmethod
    def _asserted(cls, text: str) -> str:
        raise AssertionError(text)

    @field_validator("custom")
    @classmethod
    def _custom(cls, text: str) -> str:
        raise PydanticCustomError("own_kind", "{text} is wrong", {"text": text})


class Broken(SecretSettings, service="payments"):
    token: str

    @model_validator(mode="after")
    def together(self) -> "Broken":
        raise RuntimeError(f"made of {self.token}")


def frames(trace: TracebackType | None) -> Iterator[dict[str, object]]:
    while trace is not None:
        if "infra_secrets" in trace.tb_frame.f_code.co_filename and "tests" not in str(
            Path(trace.tb_frame.f_code.co_filename).parent
        ):
            yield dict(trace.tb_frame.f_locals)
        trace = trace.tb_next


def everything_about(error: BaseException) -> str:
    """All that a handler of errors could get hold of: texts, attributes, chained errors, local variables."""
    found: list[str] = []
    seen_now: BaseException | None = error
    while seen_now is not None:
        error = seen_now
        found += [str(error), repr(error), repr(error.args), repr(vars(error))]
        found += [repr(local) for local in frames(error.__traceback__)]
        found += [
            repr(vars(each))
            for local in frames(error.__traceback__)
            for each in local.values()
            if hasattr(each, "__dict__") and not isinstance(each, type)
        ]
        seen_now = error.__cause__ or error.__context__
    return "\n".join(found)


@pytest.fixture
def all_wrong(cloud: Values) -> Values:
    for name in ("number", "url", "labels", "checked", "asserted", "custom", "broken", "fine"):
        cloud.add(f"payments/production/{name}", f'{{"{CANARY}": "{CANARY}"}}')
    cloud.failing["payments/production/broken"] = DeniedError("You may not.", "Ask.")
    return cloud


@pytest.mark.usefixtures("all_wrong")
def test_an_error_holds_no_value_nor_an_error_that_does() -> None:
    with pytest.raises(SettingsError) as refused:
        Strict()
    error = refused.value

    assert error.settings == ("number", "url", "labels", "checked", "asserted", "custom", "broken")
    assert (error.__cause__, error.__context__) == (None, None)
    assert CANARY not in everything_about(error)
    assert "number: the container payments/production/number" in str(error)
    assert "is refused by a validator (value_error; what it says is not shown" in str(error)
    assert "is refused by a validator (what it says is not shown" in str(error)
    assert "own_kind" not in str(error)
    assert CANARY not in str(pickle.loads(pickle.dumps(error)))  # noqa: S301 (just made)


def of_a_known_kind(value: str) -> Exception:
    return PydanticCustomError("enum", f"no {value}")


def named_by_the_value(value: str) -> Exception:
    return PydanticCustomError(value, "no")


def in_a_known_context(value: str) -> Exception:
    return PydanticKnownError("literal_error", {"expected": value})


def of_a_class_that_is_named_by_the_value(value: str) -> Exception:
    made: Exception = type(value, (Exception,), {})()
    return made


def at_a_place_that_is_the_value(value: str) -> Exception:
    line: Any = {"type": PydanticCustomError("missing", "no"), "loc": ("token", value), "input": 0}
    return ValidationError.from_exception_data(value, [line])


WAYS = [
    of_a_known_kind,
    named_by_the_value,
    in_a_known_context,
    of_a_class_that_is_named_by_the_value,
    at_a_place_that_is_the_value,
]


def by_a_field(raising: Callable[[str], Exception]) -> type[SecretSettings]:
    class Checked(SecretSettings, service="payments"):
        token: str

        @field_validator("token")
        @classmethod
        def check(cls, text: str) -> str:
            raise raising(text)

    return Checked


def by_an_annotation(raising: Callable[[str], Exception]) -> type[SecretSettings]:
    def check(text: str) -> str:
        raise raising(text)

    class Checked(SecretSettings, service="payments"):
        token: Annotated[str, AfterValidator(functools.partial(check))] | None = None

    return Checked


def by_a_model_inside(raising: Callable[[str], Exception]) -> type[SecretSettings]:
    class Inside(BaseModel):
        token: str = CANARY
        more: "list[Inside]" = []

        @model_validator(mode="before")
        @classmethod
        def check(cls, _: object) -> object:
            raise raising(CANARY)

    class Checked(SecretSettings, service="payments"):
        token: Annotated[Inside, NoDecode]
        other: Inside | None = None

    return Checked


def by_a_constructor(raising: Callable[[str], Exception]) -> type[SecretSettings]:
    class Inside(BaseModel):
        token: str

        def __init__(self, **_: object) -> None:
            raise raising(CANARY)

    class Checked(SecretSettings, service="payments"):
        token: Inside

    return Checked


def by_all_of_them(raising: Callable[[str], Exception]) -> type[SecretSettings]:
    class Checked(SecretSettings, service="payments"):
        token: str

        @model_validator(mode="wrap")
        @classmethod
        def check(cls, data: dict[str, str], _: object) -> "Checked":
            raise raising(data["token"])

    return Checked


@pytest.mark.parametrize("raising", WAYS)
@pytest.mark.parametrize(
    "made",
    [by_a_field, by_an_annotation, by_a_model_inside, by_a_constructor, by_all_of_them],
)
def test_nothing_that_a_validator_says_is_repeated_in_whatever_it_is_said(
    made: Callable[[Any], type[SecretSettings]],
    raising: Callable[[str], Exception],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOKEN", json.dumps({"token": CANARY}))
    with pytest.raises(SettingsError) as refused:
        made(raising)()

    assert CANARY not in everything_about(refused.value)


def test_what_pydantic_alone_says_of_the_class_is_shown_beside_a_validator_of_another_field(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Inside(BaseModel):
        host: str

    class Mixed(SecretSettings, service="payments"):
        checked: str
        kind: Literal["a", "b"]
        key: SecretStr = Field(min_length=9)
        address: IPvAnyAddress
        first: Inside
        second: Inside

        @field_validator("checked")
        @classmethod
        def _checked(cls, text: str) -> str:
            return text

    for name in ("checked", "kind", "key", "address"):
        monkeypatch.setenv(name.upper(), "made-up")
    monkeypatch.setenv("FIRST", "{}")
    monkeypatch.setenv("SECOND", "{}")
    with pytest.raises(SettingsError) as refused:
        Mixed()

    for said in (
        "KIND does not fit: Input should be 'a' or 'b' (literal_error)",
        "KEY does not fit (too_short)",
        "ADDRESS does not fit (ip_any_address)",
        "SECOND does not fit: host: Field required (missing)",
    ):
        assert said in str(refused.value)


@pytest.mark.usefixtures("all_wrong")
def test_a_rich_traceback_with_local_variables_shows_no_value() -> None:
    from rich.console import Console
    from rich.traceback import Traceback

    try:
        Strict()
    except SettingsError as error:
        shown = Traceback.from_exception(
            type(error), error, error.__traceback__, show_locals=True, locals_max_string=10_000
        )
    console = Console(file=io.StringIO(), width=400)
    console.print(shown)

    assert "locals" in console.file.getvalue()  # type: ignore[attr-defined]
    assert CANARY not in console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("all_wrong")
def test_an_error_that_is_awaited_holds_no_value() -> None:
    with pytest.raises(SettingsError) as refused:
        asyncio.run(Strict.aload())

    assert CANARY not in everything_about(refused.value)


@pytest.mark.parametrize("kind", [ValueError, AssertionError])
def test_what_settings_are_refused_for_together_is_told_when_nothing_else_is_wrong(
    kind: type[Exception], cloud: Values
) -> None:
    class Pair(SecretSettings, service="payments"):
        token: str
        last: str

        @model_validator(mode="after")
        def together(self) -> "Pair":
            raise kind(f"{self.token} does not go with {self.last}")

        @model_validator(mode="before")
        @classmethod
        def both(cls, data: dict[str, str]) -> dict[str, str]:
            return {"token": data["token"], "last": data["last"]}

    cloud.add("payments/production/token", CANARY)
    with pytest.raises(SettingsError) as refused:
        Pair()
    assert refused.value.settings == ("last",)
    assert len(refused.value.problems) == 1

    cloud.add("payments/production/last", CANARY)
    with pytest.raises(
        SettingsError, match="The settings, taken together, are refused by a valid"
    ) as refused:
        Pair()
    assert refused.value.settings == ()
    assert CANARY not in everything_about(refused.value)


def test_an_endpoint_that_returns_settings_shows_no_value(settings: Payments) -> None:
    from fastapi import FastAPI
    from httpx import ASGITransport, AsyncClient

    app = FastAPI()

    @app.get("/settings", response_model=None)
    def without_a_model() -> Any:
        return settings

    @app.get("/settings-with-a-model", response_model=Payments)
    def with_a_model() -> Any:
        return settings

    async def ask(path: str) -> str:
        transport = ASGITransport(app, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="http://service") as client:
            return (await client.get(path)).text

    assert CANARY not in asyncio.run(ask("/settings"))
    assert CANARY not in asyncio.run(ask("/settings-with-a-model"))
    assert CANARY not in asyncio.run(ask("/openapi.json"))


def test_an_error_while_another_one_is_handled_is_not_the_cause_of_it(cloud: Values) -> None:
    cloud.add("payments/production/token", CANARY)
    try:
        int("the caller's own")
    except ValueError:
        with pytest.raises(SettingsError) as refused:
            Broken()

    assert isinstance(refused.value.__context__, ValueError)
    assert CANARY not in everything_about(refused.value)


def test_a_validator_that_fails_in_another_way_is_told_by_its_place(cloud: Values) -> None:
    cloud.add("payments/production/token", CANARY)
    with pytest.raises(SettingsError) as refused:
        Broken()

    line = inspect.getsourcelines(Broken.together)[1] + 2  # type: ignore[arg-type]
    assert (
        f"A validator raised RuntimeError (test_hidden.py, line {line}; what it says is not shown"
        in str(refused.value)
    )
    assert CANARY not in everything_about(refused.value)


def test_a_value_given_in_a_test_is_not_repeated_either() -> None:
    with pytest.raises(SettingsError) as refused:
        Payments.for_tests(stripe_api_key="x", database_url=CANARY, token="x")

    assert CANARY not in everything_about(refused.value)


class InterruptedEarly(SecretSettings, service="payments"):
    token: str
    last: str

    @field_validator("last")
    @classmethod
    def stop(cls, _: str) -> str:
        raise KeyboardInterrupt


class InterruptedLate(SecretSettings, service="payments"):
    token: str
    last: str

    @model_validator(mode="after")
    def stop(self) -> "InterruptedLate":
        raise KeyboardInterrupt


def stopped(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "place",
    [
        "infra_secrets.runtime.loading.os.fsencode",
        "infra_secrets.runtime.loading.environment_variable",
        "infra_secrets.runtime.json_text.json.loads",
        "infra_secrets.runtime.loading._validated",
        "infra_secrets.runtime.loading._content",
    ],
)
def test_an_interrupt_anywhere_while_values_are_looked_for_leaves_none_in_the_traceback(
    place: str, settings: Payments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, stopped)
    for load in (Payments, settings.reload):
        with pytest.raises(KeyboardInterrupt) as interrupted:
            load()

        assert CANARY not in everything_about(interrupted.value)


class Odd:
    """Of a type that cannot be compared."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        raise ValueError(f"{self.text} is not to be compared")

    __hash__ = object.__hash__


def test_a_value_that_cannot_be_compared_counts_as_changed(cloud: Values) -> None:
    class Odds(SecretSettings, service="payments"):
        token: Annotated[Any, AfterValidator(Odd)]

    cloud.add("payments/production/token", CANARY)

    assert Odds().reload() == {"token"}


@pytest.mark.parametrize(
    "use",
    [
        lambda _: Payments(token=CANARY),  # type: ignore[arg-type]
        lambda _: Payments(CANARY),  # type: ignore[arg-type]
        lambda _: Payments.model_construct(token=CANARY),
        lambda _: Payments.model_construct({"token": CANARY}),
        lambda _: Payments.model_validate({"token": CANARY}),
        lambda _: Payments.model_validate_json(f'{{"token": "{CANARY}"}}'),
        lambda _: Payments.model_validate(obj={"token": CANARY}),
        lambda each: each.model_copy(update={"token": CANARY}),
        lambda each: setattr(each, "token", CANARY),
        lambda _: Payments.for_tests(tokn=CANARY),
        lambda _: Payments.for_tests(token=CANARY),
        lambda _: Payments.for_tests(ner_labels=[CANARY, 7], token=CANARY),
    ],
)
def test_a_value_that_was_given_in_code_is_in_no_local_variable_of_the_package(
    use: Callable[[Payments], object], settings: Payments
) -> None:
    with pytest.raises((SettingsUseError, SettingsError)) as refused:
        use(settings)

    assert CANARY not in everything_about(refused.value)


@pytest.mark.parametrize("class_", [InterruptedEarly, InterruptedLate])
def test_an_interrupt_while_values_are_made_leaves_none_in_the_traceback(
    class_: type[SecretSettings], cloud: Values
) -> None:
    cloud.add("payments/production/token", CANARY)
    cloud.add("payments/production/last", CANARY)
    with pytest.raises(KeyboardInterrupt) as interrupted:
        class_()

    assert CANARY not in everything_about(interrupted.value)


def test_every_kind_of_error_whose_words_are_shown_has_them_from_the_class() -> None:
    from pydantic_core._pydantic_core import list_all_errors

    from infra_secrets.runtime.explaining import SAFE

    of_the_class = {
        *("class_name", "decimal_places", "expected", "expected_plural", "expected_schemes", "ge"),
        *("gt", "le", "lt", "max_digits", "max_length", "min_length", "multiple_of", "pattern"),
        *("whole_digits",),
    }
    import string

    places = {
        str(each["type"]): {
            name
            for _, name, _, _ in string.Formatter().parse(each["message_template_python"])
            if name
        }
        for each in list_all_errors()
    }

    assert {kind: places[kind] - of_the_class for kind in SAFE if places[kind] - of_the_class} == {}


def test_pydantic_itself_would_have_shown_the_value() -> None:
    class Ordinary(BaseModel):
        number: int

    with pytest.raises(ValidationError) as refused:
        Ordinary(number=CANARY)  # type: ignore[arg-type]

    assert CANARY in everything_about(refused.value)


def test_a_dump_of_all_threads_shows_no_value(settings: Payments, tmp_path: Path) -> None:
    with (tmp_path / "dump").open("w+") as file:
        faulthandler.dump_traceback(file)
        file.seek(0)

        assert CANARY not in file.read()
    assert settings.token == CANARY
    assert CANARY not in repr(sys.exc_info())
