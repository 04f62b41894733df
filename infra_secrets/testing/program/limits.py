"""What a rehearsal leaves out of a program on purpose, in sentences, so that nobody thinks it was done."""

import re
from collections.abc import Iterable
from typing import Final

from infra_secrets.testing.simulation import Request

_LIMITS: Final = tuple(
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (
            r"pulumi-(python|nodejs):dynamic",
            "Dynamic providers are not run, and what they would compute is made up",
        ),
        (r"command:", "Commands are not run, and what they would print is made up"),
        (
            r"kubernetes:helm(\.sh/v\d:|:template)",
            "Helm charts are not rendered: what they would make is not there",
        ),
        (
            r"kubernetes:kustomize(/v2)?:",
            "Kustomizations are not rendered: what they would make is not there",
        ),
        (
            r"docker(-build)?:index(/|:)(image|Image|registryImage)|awsx:ecr:Image",
            "Images are not built, and their digests are made up",
        ),
    )
)


def limits_of(requests: Iterable[Request]) -> list[str]:
    """Return a sentence for each kind of thing that was left out, with the names of the resources."""
    found: dict[str, dict[str, None]] = {}
    for request in requests:
        for pattern, sentence in _LIMITS:
            if request.operation != "configure" and pattern.match(request.type):
                names = found.setdefault(sentence, {})
                if request.name:
                    names[request.name] = None
    return [
        f"{sentence} ({', '.join(sorted(names))})." if names else f"{sentence}."
        for sentence, names in found.items()
    ]
