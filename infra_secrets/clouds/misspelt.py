"""Config keys that are meant for this package and that nothing reads, because they are misspelt.

A setting under a wrong namespace or name is silently ignored, and a default applies. It is a warning and not a refusal:
another program may have a namespace that looks like this one.
"""

import difflib
from collections.abc import Iterable, Iterator

import pulumi

from infra_secrets import clouds
from infra_secrets.component.internals import config_keys
from infra_secrets.component.run import Run
from infra_secrets.component.settings import CONFIG_KEYS, NAMESPACE
from infra_secrets.rules.wording import nearest, shown

_ALIKE = 0.8
"""From here on a namespace is taken for a misspelling: `infra-secret` is 0.96, `infra` 0.59, `secrets` 0.74."""


def known_keys() -> list[str]:
    """List the keys that the package reads from its own namespace, sorted."""
    declared = [*CONFIG_KEYS]
    for cloud in map(clouds.load, clouds.available()):
        declared += cloud.SETTINGS.values()
        declared += clouds.store(cloud).SETTINGS.values()
    return sorted({key.name for key in declared if key.namespace == NAMESPACE})


def misspelt(keys: Iterable[str], project: str) -> Iterator[str]:
    """Yield a sentence about each config key that is meant for this package and misspelt.

    Args:
        keys: Full keys, `namespace:key`.
        project: The project's name, whose namespace is its own.
    """
    known = known_keys()
    for full in sorted(keys):
        namespace, separator, key = full.partition(":")
        if not separator or namespace == project:
            continue
        close = nearest(key, known)
        if namespace == NAMESPACE and key not in known:
            hint = (
                f"Did you mean {NAMESPACE}:{close}?" if close else f"It reads {', '.join(known)}."
            )
            yield f"config {_named(full)} is ignored: infra-secrets reads no such key. {hint}"
        elif namespace != NAMESPACE and _alike(namespace):
            meant = key if key in known else close
            hint = f"Did you mean {NAMESPACE}:{meant}?" if meant else "Write it so."
            yield f"config {_named(full)} is ignored: infra-secrets reads the namespace {NAMESPACE}. {hint}"


def warn_of_misspelt_config() -> None:
    """Warn, once in a run, of misspelt keys in the stack's config."""
    run = Run.this()
    if run.config_looked_at:
        return
    run.config_looked_at = True
    for sentence in misspelt(config_keys(), pulumi.get_project()):
        pulumi.log.warn(sentence)


def _alike(namespace: str) -> bool:
    found, own = (text.replace("-", "").replace("_", "").lower() for text in (namespace, NAMESPACE))
    return difflib.SequenceMatcher(None, found, own).ratio() >= _ALIKE


def _named(key: str) -> str:
    return shown(key).strip("'")
