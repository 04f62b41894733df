"""What `mypy --strict` takes for a five-line program with `Secret`, and for the same with the raw resource.

Caches are fresh. Memory is the peak of mypy's own process, as the operating system counts it.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

WITH_PACKAGE = """\
import pulumi

from infra_secrets import Secret

stripe = Secret("StripeApiKey", cloud="aws", description="Charges cards through Stripe")
pulumi.export("set_stripe_api_key", stripe.set_command)
"""
WITH_RAW_RESOURCE = """\
import pulumi
import pulumi_aws as aws

stripe = aws.secretsmanager.Secret("StripeApiKey", description="Charges cards through Stripe")
pulumi.export("arn", stripe.arn)
"""
WITH_PULUMI_ALONE = """\
import pulumi

pulumi.export("description", "Charges cards through Stripe")
"""


@dataclass(frozen=True, slots=True)
class Cost:
    seconds: float
    megabytes: float


def of_checking(program: str) -> Cost:
    """Check a program in a folder of its own, with nothing cached."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "program.py"
        file.write_text(program)
        command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary"]
        began = time.perf_counter()
        with subprocess.Popen(
            [*command, "--config-file=", "--cache-dir=cache", file.name],
            cwd=folder,
            stdout=sys.stderr,
        ) as mypy:
            _, status, used = os.wait4(mypy.pid, 0)
            mypy.returncode = os.waitstatus_to_exitcode(status)  # it has been waited for
        seconds = time.perf_counter() - began
        if mypy.returncode:
            raise subprocess.CalledProcessError(mypy.returncode, command)
        unit = 1024**2 if sys.platform == "darwin" else 1024  # of ru_maxrss: bytes there, else kB
        return Cost(seconds, used.ru_maxrss / unit)
