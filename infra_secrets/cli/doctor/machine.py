"""This machine: its proxy, whom it trusts, its clock, its Python."""

import socket
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from infra_secrets.cli.doctor.findings import Finding, State
from infra_secrets.clouds import Deadline
from infra_secrets.component.settings import REQUESTS_FILE, SSL_FILE

CLOCK_MAY_DIFFER = timedelta(minutes=4)
"""Signatures of AWS are refused from 5 minutes on; tokens of the others allow about as much."""

_CONNECT = 5.0  # seconds for a proxy, which is near

# https://devguide.python.org/versions/; the months are those of PEP 664, 693, 719 and 745.
PYTHON_ENDS: Mapping[tuple[int, int], date] = {
    (3, 11): date(2027, 10, 31),
    (3, 12): date(2028, 10, 31),
    (3, 13): date(2029, 10, 31),
    (3, 14): date(2030, 10, 31),
}


def look() -> Iterator[Finding]:
    """Look at the proxy and at the files of trusted certificates."""
    wrong = [*_proxies(), *_trust()]
    yield from wrong
    if not any(each.state == "fix" for each in wrong):
        yield _finding(
            "machine-network",
            "fine",
            "Proxy and trusted certificates: nothing is wrong with the settings.",
        )


def _proxies() -> Iterator[Finding]:
    found = urllib.request.getproxies()  # reads HTTPS_PROXY and its like, in either spelling
    for address in dict.fromkeys(found.get(scheme, "") for scheme in ("https", "http")):
        if not address:
            continue
        shown, host, port = _where(address)
        if host is None:
            yield _finding(
                "machine-proxy",
                "fix",
                "HTTPS_PROXY or HTTP_PROXY is no address of a proxy.",
                "Write http://HOST:PORT",
            )
            continue
        try:
            socket.create_connection((host, port), timeout=_CONNECT).close()
        except OSError as error:
            yield _finding(
                "machine-proxy",
                "fix",
                f"The proxy {shown} does not answer ({type(error).__name__}), and everything goes through it.",
                "Start it, or run: unset HTTPS_PROXY HTTP_PROXY https_proxy http_proxy",
            )
            continue
        yield _finding(
            "machine-proxy",
            "note",
            f"Everything but {found.get('no') or 'nothing'} goes through the proxy {shown}.",
        )


def _where(address: str) -> tuple[str, str | None, int]:
    """Take an address apart, without the login in it."""
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "", None, 0
    return f"{host}:{port}", host, port


def _trust() -> Iterator[Finding]:
    for variable in (SSL_FILE, REQUESTS_FILE):
        path = variable.read()
        if path and not Path(path).exists():
            yield _finding(
                "machine-certificates",
                "fix",
                f"{variable} names a file that is not there: {path}.",
                f"Name your company's CA file, or run: unset {variable}",
            )


def clock(subject: str, theirs: datetime, ours: datetime) -> Finding | None:
    """Compare a cloud's clock with this machine's; None if they agree."""
    apart = ours - theirs
    if abs(apart) <= CLOCK_MAY_DIFFER:
        return None
    minutes = round(abs(apart).total_seconds() / 60)
    return _finding(
        "machine-clock",
        "fix",
        f"This machine's clock is {minutes} minutes {'ahead of' if apart > timedelta() else 'behind'} that of "
        f"{subject}, which then refuses signatures and tokens.",
        "Set it by the network: sudo timedatectl set-ntp true",
    )


def python_deadline(version: tuple[int, int] = sys.version_info[:2]) -> Deadline | None:
    """Return when this Python ends; None for one that is newer than this table."""
    day = PYTHON_ENDS.get(version)
    if day is None:
        return None
    name = ".".join(map(str, version))
    return Deadline(
        day=day,
        what="Its security fixes",
        source="https://devguide.python.org/versions/",
        way_out="Use a newer one.",
        affected=lambda _config: f"This is Python {name}.",
    )


def _finding(check: str, state: State, found: str, fix: str = "") -> Finding:
    return Finding(check=check, subject="machine", state=state, found=found, fix=fix)
