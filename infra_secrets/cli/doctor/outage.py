"""Whether what does not answer is somebody's outage, or this machine's own network.

Looked at is what all checks found together: one service that is silent while another answers is an outage, and where
nothing answers the names of four services that have nothing to do with each other are resolved.
"""

import socket
import threading
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import replace

from infra_secrets import clouds
from infra_secrets.cli.doctor.findings import Finding

PULUMI = "pulumi.com"
_SECONDS = 5.0


def resolves() -> bool:
    """Say whether this machine finds an address of anything."""
    found = threading.Event()

    def look(name: str) -> None:
        try:
            socket.getaddrinfo(name, 443)
        except OSError:
            return
        found.set()

    hosts = (clouds.login_of(clouds.load(each)).HOST for each in clouds.available())
    threads = [threading.Thread(target=look, args=[each], daemon=True) for each in (PULUMI, *hosts)]
    for each in threads:
        each.start()
    for each in threads:
        if not found.is_set():
            each.join(_SECONDS / len(threads))
    return found.is_set()


def explained(
    findings: Sequence[Finding], resolves: Callable[[], bool] = resolves
) -> list[Finding]:
    """Return the findings, with one more where it is this machine that reaches nothing; then none is an outage.

    Args:
        findings: What all checks found.
        resolves: Whether this machine finds an address of anything.
    """
    silent = sorted({each.subject for each in findings if each.outage and not each.answered})
    if not silent or any(each.answered for each in findings):
        return [*findings]
    proxy = any(each.check == "machine-proxy" and each.state == "fix" for each in findings)
    if proxy:
        why = "the proxy does not"
    elif len(silent) > 1:
        why = "they have nothing in common but this machine's network"
    elif not urllib.request.getproxies() and not resolves():
        why = "this machine finds no address of any name"
    else:
        return [*findings]
    here = Finding(
        check="machine-network",
        subject="machine",
        state="fix",
        found=f"Nothing answers ({', '.join(silent)}), and {why}: that is here, and no outage.",
        fix="Connect this machine: cable or WLAN, VPN, DNS, proxy. Then run this again.",
        answered=False,
    )
    return [*(replace(each, outage=False) for each in findings), here]
