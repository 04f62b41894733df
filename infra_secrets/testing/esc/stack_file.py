"""The file of a stack that names environments, as a user's would be."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from infra_secrets.testing.esc import spelling
from infra_secrets.testing.esc.errors import Where
from infra_secrets.testing.esc.values import Number, Value

_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\ufffe\uffff]")


def stack_file(listed: Any, config: Mapping[str, Any], secrets: Sequence[Where]) -> dict[str, Any]:
    """Return a stack's file as a user's would be, with ciphertexts that hold nothing.

    Args:
        listed: What it says as `environment:`; nothing for none.
        config: The stack's own plain config, by full key.
        secrets: The places of its secret config.
    """
    settings: dict[str, Any] = {"environment": listed} if listed else {}
    said = {
        key: Value.of(value, dict.fromkeys(secrets, ""), (key,)) for key, value in config.items()
    }
    written = {key: _written(value, (key,)) for key, value in said.items()}
    written |= {
        str(at[0]): {"secure": _ciphertext(at)}
        for at in secrets
        if len(at) == 1 and at[0] not in written
    }
    return {**settings, "config": written} if written else settings


def _written(value: Value, at: Where) -> Any:
    if value.secret:
        return {"secure": _ciphertext(at)}
    if isinstance(value.data, dict):
        return {key: _written(member, (*at, key)) for key, member in value.data.items()}
    if isinstance(value.data, list):
        return [_written(member, (*at, index)) for index, member in enumerate(value.data)]
    return spelling.engine_number(value.data.text) if isinstance(value.data, Number) else value.data


def _ciphertext(at: Where) -> str:
    digest = hashlib.sha256(json.dumps(at).encode()).digest()
    return f"AAABA{base64.b64encode(digest).decode()}"


def write_settings(path: Path, settings: Mapping[str, Any]) -> None:
    """Write a small YAML file: what is inside a top-level mapping is in JSON, which YAML reads.

    A YAML library takes longer for it than a whole recording.
    """
    lines = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            members = (
                f"  {_scalar(str(name))}: {_scalar(member)}" for name, member in value.items()
            )
            lines.append("\n".join([f"{key}:", *members]))
        elif isinstance(value, list):
            lines.append("\n".join([f"{key}:", *(f"  - {_scalar(item)}" for item in value)]))
        else:
            lines.append(f"{key}: {_scalar(value)}")
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _scalar(value: Any) -> str:
    # YAML has no pairs of \\u escapes, and refuses some characters that JSON leaves as they are.
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
