"""The one error with everything that is missing or wrong, in words that are safe to log.

Pydantic's errors hold what was given: only their kind is told, and of their words those that come from the class.
"""

import sys
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails, core_schema

from infra_secrets.errors import SettingsError
from infra_secrets.runtime.declaration import Declaration, Setting
from infra_secrets.runtime.found import Problem
from infra_secrets.runtime.validators import pydantic_s_alone

if TYPE_CHECKING:
    from infra_secrets.runtime.settings import SecretSettings

# fmt: off
SAFE = frozenset((
    "bool_parsing", "bool_type", "bytes_too_long", "bytes_too_short", "bytes_type", "date_type", "datetime_type",
    "decimal_max_digits", "decimal_max_places", "decimal_parsing", "decimal_type", "decimal_whole_digits", "dict_type",
    "enum", "extra_forbidden", "finite_number", "float_parsing", "float_type", "greater_than", "greater_than_equal",
    "int_from_float", "int_parsing", "int_parsing_size", "int_type", "json_type", "less_than", "less_than_equal",
    "list_type", "literal_error", "missing", "model_type", "multiple_of", "none_required", "set_type",
    "string_pattern_mismatch", "string_too_long", "string_too_short", "string_type", "string_unicode",
    "time_delta_type", "time_type", "tuple_type", "url_scheme", "url_too_long", "url_type", "uuid_type",
))
# fmt: on
"""Kinds of errors whose message pydantic makes of the class alone (pydantic-core, `src/errors/types.rs`).

A validator can raise each of them too, with any words (`PydanticCustomError`) or context (`PydanticKnownError`).
"""
_KINDS = frozenset(get_args(core_schema.ErrorType))
"""Every kind of pydantic-core's own. Another one's name is text, of pydantic's own types or of a validator."""
_NOT_SHOWN = "what it says is not shown, as it may repeat the value"


def invalid(
    error: ValidationError, declared: Declaration, settings_class: "type[SecretSettings]"
) -> list[tuple[str, str]]:
    """Say what pydantic has against values, by setting; "" where it is about several."""
    names = {each.validated_as: each.name for each in declared.settings}
    pure = pydantic_s_alone(settings_class)
    found = []
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        name = names.get(str(each["loc"][0]), "") if each["loc"] else ""
        found.append((name, _in_words(each, trusted=name in pure)))
    return found


def _in_words(error: ErrorDetails, *, trusted: bool) -> str:
    kind, loc = error["type"], error["loc"]
    if kind in ("value_error", "assertion_error") or not (kind in _KINDS or trusted):
        subject = "is" if loc else "the settings, taken together, are"
        own = f"{kind}; " if kind in _KINDS else ""
        return f"{subject} refused by a validator ({own}{_NOT_SHOWN})"
    if kind not in SAFE:
        return f"does not fit ({kind})"
    if not trusted:
        return f"does not fit ({kind}; {_NOT_SHOWN})"
    # Keys inside a value are the value's, but for one that is missing.
    inside = f" {loc[-1]}:" if kind == "missing" and len(loc) > 1 else ""
    return f"does not fit:{inside} {error['msg']} ({kind})"


def raised(error: Exception) -> list[tuple[str, str]]:
    """Say that a validator failed: how and where, not with what words."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(last.filename).name}, line {last.lineno}"
    kind = type(error)
    # A class that a module defines is named by its code; one that was made on the way could be named by a value.
    of_code = getattr(sys.modules.get(kind.__module__), kind.__name__, None) is kind
    return [
        (
            "",
            f"a validator raised {kind.__name__ if of_code else 'an error'} ({where}; {_NOT_SHOWN})",
        )
    ]


def error_of(
    name: str,
    declared: Declaration,
    wrong: Iterable[tuple[str, Problem]],
    files: dict[str, list[Path]],
) -> SettingsError:
    """Make one error of everything that is wrong.

    Args:
        name: The class of settings.
        declared: What it declares.
        wrong: Each problem with the setting that has it; "" for one that is of no setting.
        files: The files that were looked at, by setting.
    """
    by_text: dict[str, dict[str, Problem]] = {}
    for setting, problem in wrong:
        by_text.setdefault(problem.text, {})[setting] = problem
    settings = {each.name: each for each in declared.settings}
    texts = [
        _text(text, [(settings[each], problem) for each, problem in those.items() if each], files)
        for text, those in by_text.items()
    ]
    bad = [each for each in settings if any(each in those for those in by_text.values())]
    verb = "is" if len(bad) == 1 else "are"
    all_ = (
        f"{len(bad)} of {len(settings)} settings {verb}" if len(settings) > 1 else "its setting is"
    )
    count = f"{all_} missing or wrong" if bad else "it must not start like this"
    lines = "".join(f"\n  - {text}" for text in texts)
    return SettingsError(
        f"{name} could not be loaded: {count}.{lines}",
        texts,
        bad,
        unreachable=all(
            problem.unreachable for those in by_text.values() for problem in those.values()
        ),
    )


def _text(text: str, those: Sequence[tuple[Setting, Problem]], files: dict[str, list[Path]]) -> str:
    if not those:
        return text[:1].upper() + text[1:]
    lines = [f"{', '.join(setting.name for setting, _ in those)}: {text}"]
    for setting, problem in those:
        if problem.looked_at is None:
            continue
        looked_at = [f"the variable {setting.variable}"]
        looked_at += [f"the file {file}" for file in files.get(setting.name, [])]
        looked_at += problem.looked_at
        if len(looked_at) == 1:  # the text says it
            continue
        whose = f" for {setting.name}" if len(those) > 1 else ""
        lines.append(f"      Looked at{whose}: {'; '.join(looked_at)}.")
    return "\n".join(lines)
