"""Measures what the package costs against raw resources, as ratios of medians taken in one run.

Nothing is asserted: a figure depends on the machine, a ratio much less. Each pair is run alternately, in
processes of its own where start-up matters, so that a machine that slows down slows both.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from bench import operating, type_checking
from infra_secrets import EscEnv, Secret
from infra_secrets.testing import Recording, Rehearsal

CONFIG = {"infra-secrets:cloud": "aws", "aws:region": "eu-west-1"}
SETTINGS: Mapping[str, Any] = {"project": "shop", "stack": "production"}


def raw(count: int) -> Callable[[], object]:
    """The same containers with the same names and tags, without the package."""

    def program() -> None:
        for number in range(count):
            aws.secretsmanager.Secret(
                f"Key{number}",
                name=f"shop/production/key{number}",
                tags={
                    "infra-secrets:logical-name": f"Key{number}",
                    "infra-secrets:stack": "organization/shop/production",
                },
            )

    return program


def ours(count: int) -> Callable[[], object]:
    def program() -> None:
        for number in range(count):
            Secret(f"Key{number}")

    return program


def engine(program: Callable[[], object], *, skip_checkpoints: bool = False) -> dict[str, float]:
    """Time a preview, a first `up` and an `up` that changes nothing, in seconds."""
    laps = {}
    with Rehearsal(
        program, config=CONFIG, skip_checkpoints=skip_checkpoints, **SETTINGS
    ) as rehearsal:
        for name, run in (
            ("preview", rehearsal.preview),
            ("first up", rehearsal.up),
            ("up again", rehearsal.up),
        ):
            began = time.perf_counter()
            run()
            laps[name] = time.perf_counter() - began
    return laps


def in_process(code: str, *arguments: str) -> float:
    """Time a whole Python process, in seconds."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code, *arguments],
        check=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return time.perf_counter() - began


def alternately(
    times: int, one: Callable[[], float], other: Callable[[], float]
) -> tuple[float, float]:
    """Medians of two measurements, taken in turn after one warm-up each."""
    one(), other()
    pairs = [(one(), other()) for _ in range(times)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


VARIABLES = {f"VARIABLE_{number}": f"key{number}" for number in range(50)}
VALUES = {key: f"made-up-value-{key}" for key in VARIABLES.values()}
LABELS = {"app": "shop"}


def spec(env: Sequence[Mapping[str, object]]) -> dict[str, Any]:
    container = {"name": "shop", "image": "shop:1", "env": env}
    return {
        "selector": {"matchLabels": LABELS},
        "template": {"metadata": {"labels": LABELS}, "spec": {"containers": [container]}},
    }


def by_hand() -> None:
    """One Secret, immutable and auto-named as it has to be, and a Deployment with its list of references."""
    config = pulumi.Config()
    secret = kubernetes.core.v1.Secret(
        "shop",
        metadata={},
        immutable=True,
        string_data={name: config.require_secret(key) for name, key in VARIABLES.items()},
    )
    name = secret.metadata.apply(lambda metadata: metadata.name)
    env = [
        {"name": each, "valueFrom": {"secretKeyRef": {"name": name, "key": each}}}
        for each in VARIABLES
    ]
    kubernetes.apps.v1.Deployment("shop", spec=spec(env))


def by_esc_env(deployments: int = 1) -> Callable[[], object]:
    def program() -> None:
        env = EscEnv("shop", secrets=VARIABLES)
        for number in range(deployments):
            kubernetes.apps.v1.Deployment(f"shop-{number}", spec=env.inject(spec([])))

    return program


def in_the_program(program: Callable[[], object]) -> Callable[[], float]:
    """Time what the program itself takes on the real engine: from its start until it waits for answers."""

    def measure() -> float:
        laps: list[float] = []

        def timed() -> None:
            began = time.perf_counter()
            program()
            laps.append(time.perf_counter() - began)

        with Rehearsal(timed, secrets=VALUES, **SETTINGS) as rehearsal:
            rehearsal.up()
        return laps[0]

    return measure


def whole_up(program: Callable[[], object]) -> Callable[[], float]:
    def measure() -> float:
        with Rehearsal(program, secrets=VALUES, **SETTINGS) as rehearsal:
            began = time.perf_counter()
            rehearsal.up()
            return time.perf_counter() - began

    return measure


def workloads() -> None:
    a, b = alternately(5, whole_up(by_esc_env()), whole_up(by_hand))
    row("first up, a Deployment with 50 variables (s)", a, b, "below 1.2")
    a, b = alternately(5, in_the_program(by_esc_env()), in_the_program(by_hand))
    row("the program's own lines of it (s)", a, b, "shown beside")
    recording = Recording(secrets=VALUES, **SETTINGS)
    for deployments in (1, 20):
        recording.run(by_esc_env(deployments))
        kinds = Counter(each.type.rpartition(":")[2] for each in recording.registrations)
        listed = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        print(f"registered for {deployments} deployments with 50 variables: {listed}")


def types() -> None:
    package, raw_resource, alone = map(
        type_checking.of_checking,
        (
            type_checking.WITH_PACKAGE,
            type_checking.WITH_RAW_RESOURCE,
            type_checking.WITH_PULUMI_ALONE,
        ),
    )
    for what, cost, aim in (
        ("a raw aws Secret", raw_resource, "below 1.2"),
        ("pulumi alone", alone, "shown beside"),
    ):
        row(f"mypy, Secret / {what} (s)", package.seconds, cost.seconds, aim)
        row(f"mypy, Secret / {what} (MB)", package.megabytes, cost.megabytes, aim)


def row(what: str, package: float, baseline: float, aim: str) -> None:
    print(f"{what:58} {package:8.3f} {baseline:8.3f} {package / baseline:7.2f}  {aim}", flush=True)


def recorded(program: Callable[[], object]) -> Callable[[], float]:
    recording = Recording(config=CONFIG, **SETTINGS)

    def measure() -> float:
        began = time.perf_counter()
        for _ in range(20):
            recording.run(program)
        return (time.perf_counter() - began) / 20

    return measure


PLAIN_MOCKS = """
import asyncio, sys, time, pulumi
from infra_secrets import Secret

class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-AbCdEf"
        return f"{args.name}-id", {**args.inputs, "arn": arn}
    def call(self, args):
        return {}

def once():
    asyncio.set_event_loop(asyncio.new_event_loop())
    pulumi.runtime.settings.reset_options()
    pulumi.runtime.set_mocks(Mocks(), project="shop", stack="production")
    pulumi.runtime.set_all_config({"infra-secrets:cloud": "aws"})
    pulumi.runtime.test(lambda: Secret("StripeApiKey") and None)()

once()
began = time.perf_counter()
for _ in range(100):
    once()
print((time.perf_counter() - began) / 100)
"""
RECORDING = """
import time
from infra_secrets import Secret
from infra_secrets.testing import Recording

recording = Recording(project="shop", stack="production", config={"infra-secrets:cloud": "aws"})
recording.run(lambda: Secret("StripeApiKey"))
began = time.perf_counter()
for _ in range(100):
    recording.run(lambda: Secret("StripeApiKey"))
print((time.perf_counter() - began) / 100)
"""


def printed(code: str) -> float:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def main() -> None:
    parts = {"workloads": workloads, "types": types, "operating": operating.main}
    for name, part in parts.items():
        if name in sys.argv[1:]:
            part()
            return
    print(f"{'what':58} {'package':>8} {'raw':>8} {'ratio':>7}  aim")
    for count in (50, 200):
        runs = 3 if count == 50 else 2
        engine(ours(5)), engine(raw(5))
        pairs = [(engine(ours(count)), engine(raw(count))) for _ in range(runs)]
        for lap in ("preview", "first up", "up again"):
            package = statistics.median(a[lap] for a, _ in pairs)
            baseline = statistics.median(b[lap] for _, b in pairs)
            row(
                f"{lap}, {count} secrets (s)",
                package,
                baseline,
                "below 1.3" if count == 50 else "below 2",
            )
    package_laps, raw_laps = (
        engine(ours(200), skip_checkpoints=True),
        engine(raw(200), skip_checkpoints=True),
    )
    row(
        "first up, 200 secrets, checkpoints skipped (s)",
        package_laps["first up"],
        raw_laps["first up"],
        "shown beside",
    )
    a, b = alternately(
        7, lambda: in_process("import pulumi, infra_secrets"), lambda: in_process("import pulumi")
    )
    row("import pulumi, infra_secrets / import pulumi (s)", a, b, "below 1.05")
    a, b = alternately(
        7, lambda: in_process("import infra_secrets"), lambda: in_process("import pulumi")
    )
    row("import infra_secrets / import pulumi (s)", a, b, "below 1.05")
    a, b = alternately(
        7,
        lambda: in_process("from infra_secrets import Secret"),
        lambda: in_process("import pulumi"),
    )
    row("from infra_secrets import Secret / import pulumi (s)", a, b, "shown beside")
    a, b = alternately(3, lambda: printed(RECORDING), lambda: printed(PLAIN_MOCKS))
    row("one recorded test / the same with plain mocks (s)", a, b, "at most 1")
    loaded = (
        "import sys, json; from infra_secrets import Secret; "
        "print(json.dumps(sorted(m for m in sys.modules if m.startswith('pulumi_'))))"
    )
    found = subprocess.run(
        [sys.executable, "-c", loaded], check=True, capture_output=True, text=True
    )
    workloads()
    types()
    operating.main()
    print(
        f"\ncloud SDKs loaded by `from infra_secrets import Secret`: {json.loads(found.stdout) or 'none'}"
    )


if __name__ == "__main__":
    main()
