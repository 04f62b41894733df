"""What Secret Manager asks of a secret's settings: labels, annotations, topics and replication."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

LABEL_LIMIT: Final = 64  # pulumi-gcp, gcp.secretmanager.Secret, labels
LABEL_LENGTH: Final = 63  # the same
LABEL_BYTES: Final = 128  # the same
ANNOTATION_KEY: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
ANNOTATION_BYTES: Final = 16 * 1024  # pulumi-gcp, annotations: less than 16 KiB in total
TOPIC_LIMIT: Final = 10  # pulumi-gcp, topics


def problems(settings: Mapping[str, Any]) -> Iterable[str]:
    """Yield everything that a create or an update would be refused for."""
    labels = settings.get("labels") or {}
    if len(labels) > LABEL_LIMIT:
        yield f"A secret can have at most {LABEL_LIMIT} labels."
    for key, value in labels.items():
        if not _is_label(key, key=True) or not _is_label(str(value), key=False):
            yield f"The label [{key[:LABEL_BYTES]}] or its value does not match the pattern."
    annotations = settings.get("annotations") or {}
    for key in annotations:
        if not ANNOTATION_KEY.fullmatch(key):
            yield f"The annotation key [{key[:LABEL_BYTES]}] does not match the required pattern."
    size = sum(len(f"{key}{value}".encode()) for key, value in annotations.items())
    if size >= ANNOTATION_BYTES:
        yield f"The annotations have {size} bytes; the limit is {ANNOTATION_BYTES}."
    if len(settings.get("topics") or []) > TOPIC_LIMIT:
        yield f"A secret can have at most {TOPIC_LIMIT} topics."
    replication = settings.get("replication") or {}
    if ("auto" in replication) == ("userManaged" in replication):
        yield "Exactly one of automatic and user-managed replication is required."
    user_managed = replication.get("userManaged")
    if user_managed is not None and not user_managed.get("replicas"):
        yield "User-managed replication needs at least one replica."


def _is_label(text: str, *, key: bool) -> bool:
    """Whether a text fits a label: lower-case letters, letters without case, digits, `_`, `-`."""
    kinds = [unicodedata.category(character) for character in text]
    letters = all(
        kind in {"Ll", "Lo"} or kind.startswith("N") or character in "_-"
        for kind, character in zip(kinds, text, strict=True)
    )
    starts_well = not key or (bool(kinds) and kinds[0] in {"Ll", "Lo"})
    fits = len(text) <= LABEL_LENGTH and len(text.encode()) <= LABEL_BYTES
    return letters and starts_well and fits
