"""What a `Secret` says to somebody who looks for what it does not have: a value, a name, another option.

What was given for an argument that does not exist is never repeated: it could be a secret.
"""

import inspect
import re
from collections.abc import Collection

import pulumi

from infra_secrets.component.given import argument_name, kind, subject_of
from infra_secrets.errors import NoSuchOutputError, UnknownArgumentError, ValueGivenError
from infra_secrets.rules.wording import nearest, snake

# What people call a value, as a part of an argument's name, or as all of it.
_LIKE_A_VALUE = re.compile(
    r"(?<!max_age_)(value|secret_?(string|data|binary|text|version)|pass(word|phrase)|plain_?text|payload|"
    r"credential|token|content|(?<!meta)data$|generate|"
    r"(api|access|private|secret|signing|ssh|master)[-_ ]?keys?$)",
    re.IGNORECASE,
)
_CALLED_SO = frozenset(
    (
        "",
        "secret",
        "secrets",
        "default",
        "placeholder",
        "version",
        "properties",
        "json",
        "string",
        "text",
        "binary",
        "raw",
        "body",
    )
)
# The same misspelt, from this likeness on.
_VALUES = ("value", "password", "token")
_MISSPELT = 0.8
# What the clouds' own resources call their name.
_LIKE_A_NAME = frozenset(("name", "nameprefix", "secretname", "secretid"))
# What `opts` takes and a Secret may have.
_OPTIONS = frozenset(inspect.signature(pulumi.ResourceOptions).parameters) - {
    *("id", "urn", "version", "import_")
}


def unknown_argument(key: object, known: Collection[str]) -> UnknownArgumentError:
    """Make the error of an argument that does not exist; recognize an attempt to pass in the value."""
    if not isinstance(key, str):
        return UnknownArgumentError(f"an argument's name must be a string; found {kind(key)}.")
    close = nearest(key, known)
    exact = close is not None and re.sub(r"[-_ ]", "", key).lower() == close.replace("_", "")
    bare = re.sub(r"[-_ ]", "", key).lower()
    misspelt = nearest(key, [*known, *_VALUES], _MISSPELT) in _VALUES
    if (bare in _CALLED_SO or misspelt or _LIKE_A_VALUE.search(key)) and not exact:
        return ValueGivenError(
            f"{argument_name(key)} is not an argument: a Secret never takes its value, because it would then be in "
            f"the code, the state and the logs. Leave it out, run pulumi up, and set the value by hand: "
            f"infra-secrets set, or the command in output set_command. (If a real value was written down here, it is "
            f"no longer secret: replace it.)"
        )
    if bare in _LIKE_A_NAME:
        return UnknownArgumentError(
            f"{argument_name(key)} is not an argument: a container's name is made from service, environment and "
            f"key. Give key= (what it is; default: the logical name in kebab-case), service= or environment=."
        )
    option = snake(key)
    if option in _OPTIONS and not exact:
        kept = option in ("protect", "retain_on_delete")
        words = "'keep', 'recover' or 'discard'"
        retention = f" retention= says what removing the secret may do ({words})." if kept else ""
        return UnknownArgumentError(
            f"{argument_name(key)} is not an argument of a Secret but a resource option: "
            f"opts=pulumi.ResourceOptions({option}=...).{retention}"
        )
    hint = f" Did you mean {close}?" if close else f" It takes {', '.join(known)}."
    return UnknownArgumentError(f"{argument_name(key)} is not an argument of a Secret.{hint}")


_CALLED_HERE = {
    "name": "Its name in the cloud is secret_name; its name across all clouds is reference.",
    "arn": "Its full id in the cloud is secret_id.",
}


def no_such_output(
    logical_name: str | None, attribute: str, outputs: Collection[str]
) -> AttributeError:
    """Make the error of an attribute that a `Secret` does not have.

    Args:
        logical_name: None if it is not known, as while a `Secret` is copied.
        attribute: What was asked for.
        outputs: What there is.
    """
    subject = "a Secret" if logical_name is None else subject_of("Secret", logical_name)
    here = snake(attribute)
    if here != attribute and here in outputs:
        return NoSuchOutputError(f"{subject} has no {attribute}; in Python it is {here}.")
    if attribute in _CALLED_HERE:
        return NoSuchOutputError(f"{subject} has no {attribute}. {_CALLED_HERE[attribute]}")
    if not attribute.startswith("_") and _LIKE_A_VALUE.search(attribute):
        return NoSuchOutputError(
            f"{subject} has no {attribute}: a value never passes through Pulumi. An operator sets it: "
            f"infra-secrets set, or the command in output set_command; the service reads it when it runs, by secret_id "
            f"or secret_name."
        )
    return AttributeError(f"'Secret' object has no attribute {attribute!r}")
