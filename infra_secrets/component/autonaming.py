"""Whether the names that Pulumi makes up hold something random, without which it deletes before it replaces."""

import json
import re
from collections.abc import Mapping

_RANDOM = re.compile(r"\$\{((hex|alphanum|string|num)\(\d+\)|uuid)\}")


def names_are_fixed(package: str | None, autonaming: str | None) -> bool:
    """Whether the stack's autonaming makes the engine delete before it replaces, whatever a resource says.

    Source: pulumi pkg/resource/deploy/step_generator.go and pkg/resource/autonaming/strategy.go.

    Args:
        package: Look only at what applies to this package; None for any part of the setting.
        autonaming: Config `pulumi:autonaming`, JSON.
    """

    def fixed(section: object) -> bool:
        if not isinstance(section, Mapping):
            return False
        pattern = section.get("pattern")
        return section.get("mode") in ("verbatim", "disabled") or (
            isinstance(pattern, str) and not _RANDOM.search(pattern)
        )

    def any_fixed(section: object) -> bool:
        return isinstance(section, Mapping) and (
            fixed(section) or any(any_fixed(each) for each in section.values())
        )

    try:
        setting = json.loads(autonaming or "{}")
    except ValueError:
        return False  # the engine refuses it by itself
    if package is None or not isinstance(setting, Mapping):
        return any_fixed(setting)
    providers = setting.get("providers")
    own = providers.get(package) if isinstance(providers, Mapping) else None
    if isinstance(own, Mapping) and ("mode" in own or "pattern" in own):
        return any_fixed(own)
    return fixed(setting) or any_fixed(own)
