"""Kubernetes' rules about names, as texts: each function yields why a text is refused, in the server's words.

apimachinery v0.36.3 pkg/util/validation and pkg/api/validate/content. Which rule holds where is said
in `admission.py` and `pod_admission.py`.
"""

import re
from collections.abc import Iterator
from typing import Final

NAME_LENGTH: Final = 253  # apimachinery pkg/util/validation, DNS1123SubdomainMaxLength
LABEL_LENGTH: Final = 63  # the same, LabelValueMaxLength

_LABEL_NAME = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL_NAME}(\.{_LABEL_NAME})*"
_LABEL_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_LABEL_KEY})?"
_DATA_KEY = "[-._a-zA-Z0-9]+"


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text) is not None


def _explained(rule: str, pattern: str, *examples: str) -> str:
    quoted = " or ".join(f"'{example}', " for example in examples)
    return f"{rule} (e.g. {quoted}regex used for validation is '{pattern}')"


def _too_long(limit: int) -> str:
    return f"must be no more than {limit} characters"


def is_subdomain(name: str) -> Iterator[str]:
    """Yield why a text is not a lower-case RFC 1123 subdomain."""
    if len(name) > NAME_LENGTH:
        yield _too_long(NAME_LENGTH)
    if not _matches(_SUBDOMAIN, name):
        yield _explained(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters,"
            " '-' or '.', and must start and end with an alphanumeric character",
            _SUBDOMAIN,
            "example.com",
        )


def is_label_name(name: str) -> Iterator[str]:
    """Yield why a text is not a lower-case RFC 1123 label."""
    if len(name) > LABEL_LENGTH:
        yield _too_long(LABEL_LENGTH)
    if _matches(_LABEL_NAME, name):
        return
    if _matches(_SUBDOMAIN, name):
        yield "must not contain dots"
    else:
        yield _explained(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-',"
            " and must start and end with an alphanumeric character",
            _LABEL_NAME,
            "my-name",
            "123-abc",
        )


def is_label_key(name: str) -> Iterator[str]:
    """Yield why a text cannot be the name of a label."""
    rule = (
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an"
        " alphanumeric character"
    )
    explained = _explained(rule, _LABEL_KEY, "MyName", "my.name", "123-abc")
    prefix, slash, rest = name.rpartition("/")
    if "/" in prefix:
        yield (
            f"a valid label key {explained} with an optional DNS subdomain prefix and '/'"
            " (e.g. 'example.com/MyName')"
        )
        return
    if slash and not prefix:
        yield "prefix part must be non-empty"
    elif slash:
        yield from (f"prefix part {problem}" for problem in is_subdomain(prefix))
    if not rest:
        yield "name part must be non-empty"
    elif len(rest) > LABEL_LENGTH:
        yield f"name part {_too_long(LABEL_LENGTH)}"
    if not _matches(_LABEL_KEY, rest):
        yield f"name part {explained}"


def is_label_value(value: str) -> Iterator[str]:
    """Yield why a text cannot be the value of a label."""
    if len(value) > LABEL_LENGTH:
        yield _too_long(LABEL_LENGTH)
    if not _matches(_LABEL_VALUE, value):
        yield _explained(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_'"
            " or '.', and must start and end with an alphanumeric character",
            _LABEL_VALUE,
            "MyValue",
            "my_value",
            "12345",
        )


def is_data_key(name: str) -> Iterator[str]:
    """Yield why a text cannot be a key of a Secret or ConfigMap."""
    if len(name) > NAME_LENGTH:
        yield _too_long(NAME_LENGTH)
    if not _matches(_DATA_KEY, name):
        yield _explained(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
            _DATA_KEY,
            "key.name",
            "KEY_NAME",
            "key-name",
        )
    if name in {".", ".."}:
        yield f"must not be '{name}'"
    elif name.startswith(".."):
        yield "must not start with '..'"


def is_variable_name(name: str) -> Iterator[str]:
    """Yield why a text cannot be the name of an environment variable."""
    if not _matches(r"[ -<>-~]+", name):
        yield (
            "a valid environment variable name must consist only of printable ASCII characters other"
            " than '='"
        )
