"""Addresses in what Pulumi says and is told, shown without what they may hold: a login, or a key as a parameter."""

import re
from urllib.parse import parse_qsl, urlencode

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'`<>]*")
# Go's net/url quotes the half of a password that it takes for a port, beside the address itself.
_MISREAD = re.compile(r'(invalid (?:port|userinfo|URL escape)) "[^"]*"')
# Parameters of a bucket as a backend that hold no key (gocloud.dev/blob/s3blob), and what their values look like.
_NO_KEYS = {"region", "profile", "endpoint", "s3ForcePathStyle", "disableSSL"}
_NO_KEY = re.compile(r"[\w.:/-]{0,64}")
HIDDEN = "(not shown)"


def without_logins(text: str) -> str:
    """Show every address in a text without user and password, and with those parameters alone that hold no key."""
    return _MISREAD.sub(r"\1", _ADDRESS.sub(lambda found: _without_login(found[0]), text))


def _without_login(address: str) -> str:
    scheme, _, rest = address.partition("://")
    before, sign, after = rest.partition("?")
    if "@" in after or "#" in rest:
        # A password with such a sign, or a key: nobody can tell where it ends.
        return f"{scheme}://{HIDDEN}"
    # The last one, as a password may hold a `/` or an `@`.
    shown = before.rpartition("@")[2]
    host, colon, port = shown.partition("/")[0].partition(":")
    if colon and not re.fullmatch(r"\d*|\d+\W*", port) and not host.startswith("["):
        return f"{scheme}://{HIDDEN}"  # the beginning of a login that was cut off
    if not sign:
        return f"{scheme}://{shown}"
    known = [
        (name, value)
        for name, value in parse_qsl(after)
        if name in _NO_KEYS and _NO_KEY.fullmatch(value)
    ]
    return f"{scheme}://{shown}{'?' if known else ''}{urlencode(known)}"
