"""Which version of AWS's own command line is on the PATH, and until when it is supported."""

import re
from collections.abc import Mapping
from datetime import date

from infra_secrets.clouds import Deadline

_SECONDS = 10
_VERSION = re.compile(r"aws-cli/(\d+)\.[\d.]+")


def _affected(config: Mapping[str, str]) -> str | None:
    # Here, because applications import what a cloud is, and never ask this.
    import shutil
    import subprocess

    del config
    if shutil.which("aws") is None:
        return None
    try:
        done = subprocess.run(
            ["aws", "--version"],  # noqa: S607 (the person's own)
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(done.stdout + done.stderr)
    if found is None or found[1] != "1":
        return None
    return f"The `aws` on the PATH is {found[0]}, of a version that gets no more than fixes since 2026-07-15."


DEADLINE = Deadline(
    day=date(2027, 7, 14),
    what="Its security fixes",
    source="https://aws.amazon.com/blogs/developer/cli-v1-maintenance-mode-announcement",
    way_out=(
        "Install version 2: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html."
    ),
    affected=_affected,
)
