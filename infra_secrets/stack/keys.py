"""The keys of the stack's config: which there are, how an argument names one, and what a message may repeat of one."""

import re

from infra_secrets.component.internals import config_keys
from infra_secrets.project import Key, no_key, shown_key


def known_keys() -> list[Key]:
    """List the keys of the stack's config."""
    return [Key.parse(name, "") for name in sorted(config_keys()) if name.count(":") == 1]


def named(text: str, project: str) -> Key:
    """Read the key that somebody names in an argument, more strictly than the engine does.

    Raises:
        StackConfigError: It is not a key's name; it could be a value, or an option of a command.
    """
    key = Key.parse(text, project)
    bad = re.search(r"[\s\x00-\x1f\x7f]|://", text) or key.namespace.startswith("-")
    if bad or not key.namespace or not key.name:
        raise no_key(text, project)
    return key


def shown_as(key: Key) -> str:
    """Say what a message may repeat of a key: nothing of what could be a value in the wrong place."""
    return repr(str(key)) if key in known_keys() else shown_key(str(key))
