"""What the command line and the loader take, against the bare libraries under them, in one run.

Every server of `tests/servers` answers 50 milliseconds late, as over a network. Calls are counted by the server.
"""

import functools
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Final

from tests import servers
from tests.servers import Server

DELAY: Final = 0.05
"""Seconds that each answer is late."""
SCOPE: Final = ("--service", "shop", "--environment", "production")

COMMAND: Final = ("-c", "from infra_secrets.cli import main; main()")

LISTINGS: Final[Mapping[str, str]] = {
    "aws": """
import boto3, sys
client = boto3.client("secretsmanager", region_name=sys.argv[1])
for page in client.get_paginator("list_secrets").paginate(PaginationConfig={"PageSize": 100}):
    for each in page["SecretList"]:
        print(each["Name"])
""",
    "azure": """
import sys
from azure.identity import DefaultAzureCredential
from azure.keyvault.secrets import SecretClient
for each in SecretClient(sys.argv[1], DefaultAzureCredential()).list_properties_of_secrets():
    print(each.name)
""",
    "gcp": """
import os, sys
from google.cloud import secretmanager
endpoint = os.environ["CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"].removeprefix("https://").rstrip("/")
client = secretmanager.SecretManagerServiceClient(client_options={"api_endpoint": endpoint})
for each in client.list_secrets(request={"parent": f"projects/{sys.argv[1]}", "page_size": 25000}):
    print(each.name)
""",
}
"""The names of all secrets, by each cloud's library alone: no state, no age, no owner."""

TYPER: Final = """
import typer

app = typer.Typer()

@app.command()
def one(name: str):
    pass

@app.command()
def other():
    pass

app(["--help"])
"""
SETTINGS: Final = """
import time
from infra_secrets.runtime import SecretSettings
fields = {{f"key_{{number}}": str for number in range({count})}}
Settings = type("Settings", (SecretSettings,), {{"__annotations__": fields, "__module__": __name__}}, service="shop")
began = time.perf_counter()
Settings()
print(time.perf_counter() - began)
"""


def environment(server: Server) -> dict[str, str]:
    """This process's environment, logged in to a server."""
    changed = server.environment()
    kept = {name: text for name, text in os.environ.items() if name not in changed}
    return {**kept, **{name: text for name, text in changed.items() if text is not None}}


def seconds(arguments: list[str], env: Mapping[str, str] | None = None) -> float:
    """Time a whole process, which must end well."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env=env and dict(env)
    )
    return time.perf_counter() - began


def printed(code: str, env: Mapping[str, str]) -> float:
    """Run a program that times itself."""
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=dict(env)
    )
    return float(done.stdout)


def row(what: str, ours: float, baseline: float, aim: str) -> None:
    print(f"{what:58} {ours:8.3f} {baseline:8.3f} {ours / baseline:7.2f}  {aim}", flush=True)


def medians(times: int, *measured: Callable[[], float]) -> list[float]:
    """Medians of measurements that are taken in turn."""
    rounds = [[each() for each in measured] for _ in range(times)]
    return [statistics.median(each[number] for each in rounds) for number in range(len(measured))]


def status() -> None:
    """Calls and time of `status` at 10, 100 and 1,000 containers, all set, against a bare listing of names."""
    for cloud in servers.available():
        with servers.serving(cloud) as server:
            made = 0
            for count in (10, 100, 1000):
                for number in range(made, count):
                    server.make(f"shop/production/key-{number}", max_age_days="36500")
                    server.put(f"shop/production/key-{number}", b"made-up")
                made = count
                env = environment(server)
                [place] = server.place.values()
                server.delay = DELAY
                server.calls.clear()
                ours = seconds([*COMMAND, "status", "--cloud", cloud, *SCOPE, "--json"], env)
                calls = len(server.calls)
                server.calls.clear()
                bare = seconds(["-c", LISTINGS[cloud], place], env)
                row(
                    f"status, {cloud}, {count} containers (s)",
                    ours,
                    bare,
                    f"{calls} calls, {len(server.calls)} bare",
                )
                server.delay = 0.0


def starting() -> None:
    """Start-up against the libraries underneath."""
    ours, bare = medians(
        9,
        lambda: seconds(["-c", "from infra_secrets.cli import main; main(['--help'])"]),
        lambda: seconds(["-c", TYPER]),
    )
    row("infra-secrets --help / bare typer --help (s)", ours, bare, "below 1.3")
    ours, bare = medians(
        9,
        lambda: seconds(["-c", "from infra_secrets.runtime import SecretSettings"]),
        lambda: seconds(["-c", "from pydantic_settings import BaseSettings"]),
    )
    row("import infra_secrets.runtime / pydantic_settings (s)", ours, bare, "below 1.3")


def loading() -> None:
    """Twenty settings from the cloud against one."""
    for cloud in servers.available():
        with servers.serving(cloud) as server:
            for number in range(20):
                server.make(f"shop/production/key-{number}")
                server.put(f"shop/production/key-{number}", b"made-up")
            env = {
                **environment(server),
                "INFRA_SECRETS_CLOUD": cloud,
                "INFRA_SECRETS_ENVIRONMENT": "production",
            }
            server.delay = DELAY
            twenty, one = medians(
                5,
                functools.partial(printed, SETTINGS.format(count=20), env),
                functools.partial(printed, SETTINGS.format(count=1), env),
            )
            row(f"loading 20 settings / 1, {cloud} (s)", twenty, one, "below 1.2")


def main() -> None:
    starting()
    loading()
    status()
