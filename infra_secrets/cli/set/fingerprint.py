"""A fingerprint of a value, by which a person sees that two values are the same, and nobody else learns anything.

It is an HMAC with a random key that one user has on one machine: without the key nothing can be guessed from it, and
with the key only what was guessed before.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from infra_secrets.component.settings import STATE_HOME

KEY_BYTES = 32
SHOWN = 12
"""Hexadecimal digits of it, 48 bits: enough to tell values of one person apart."""


@dataclass(frozen=True, slots=True)
class Key:
    """The key of a user's fingerprints."""

    secret: bytes = field(repr=False)
    trouble: str | None = None
    """Why it is a fresh one that is not kept, as a sentence; None for the one that is kept."""

    def of(self, value: bytes) -> str:
        """Make the fingerprint of a value."""
        return hmac.new(self.secret, value, hashlib.sha256).hexdigest()[:SHOWN]


def file() -> Path:
    """Return where the key is kept."""
    home = STATE_HOME.read()
    # A relative one is to be ignored (XDG Base Directory Specification).
    folder = Path(home) if home and Path(home).is_absolute() else Path.home() / ".local" / "state"
    return folder / "infra-secrets" / "fingerprint.key"


def key() -> Key:
    """Read the user's key, or make it when there is none; a fresh one where none can be kept."""
    try:
        path = file()
        try:
            return Key(_read(path))
        except FileNotFoundError:
            _make(path)
            return Key(_read(path))
    except (
        OSError,
        RuntimeError,
        ValueError,
    ) as error:  # RuntimeError: nobody's home folder is known
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
        return Key(
            secrets.token_bytes(KEY_BYTES),
            f"The fingerprint cannot be compared with others: its key could not be kept ({reason}).",
        )


def _read(path: Path) -> bytes:
    with path.open("rb") as opened:
        mode = os.fstat(opened.fileno()).st_mode
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise ValueError(f"others may read {path}; run: rm {path}")
        found = opened.read(KEY_BYTES + 1)
    if len(found) != KEY_BYTES:
        raise ValueError(f"{path} is damaged; run: rm {path}")
    return found


def _make(path: Path) -> None:
    """Make the key, whole or not at all: another process may do the same at this moment."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(secrets.token_bytes(KEY_BYTES))
        with contextlib.suppress(FileExistsError):  # the other was faster: theirs is the key
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
