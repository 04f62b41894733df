"""Measures `infra-secrets status` against a bare listing by each cloud's SDK: calls and time, with 50 ms a call.

Run with `python -m bench.status`. Both run in this process, one after the other, against the servers of the tests.
"""

import functools
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from infra_secrets import clouds
from infra_secrets.cli.status.collect import Asked, collect
from tests import servers
from tests.servers import Server

COUNTS = (10, 100, 1000)
CALL = 0.05  # seconds


def aws(server: Server) -> int:
    import boto3  # type: ignore[import-untyped] # it has no types

    client = boto3.client("secretsmanager", region_name=server.place["region"])
    asked: dict[str, Any] = {"MaxResults": 100, "IncludePlannedDeletion": True}
    asked["Filters"] = [{"Key": "name", "Values": ["shop/production"]}]
    pages = client.get_paginator("list_secrets").paginate(**asked)
    return sum(len(page["SecretList"]) for page in pages)


def azure(server: Server) -> int:
    from azure.identity import DefaultAzureCredential
    from azure.keyvault.secrets import SecretClient

    client = SecretClient(
        server.place["vault"], DefaultAzureCredential(), verify_challenge_resource=False
    )
    return sum(1 for _ in client.list_properties_of_secrets(max_page_size=25))


BARE: Mapping[str, Callable[[Server], int]] = {"aws": aws, "azure": azure}
"""What lists by the SDK alone; Google's has no way to another server than by its own channel."""


def measure(cloud: str, server: Server) -> None:
    for count in (1, *COUNTS):  # the first time, libraries are loaded
        server.reset()
        entered(server.environment())
        parts = {part: server.place[part] for part in clouds.values_of(clouds.load(cloud)).PLACE}
        scopes = frozenset({("shop", "production")})
        asked = Asked(cloud=cloud, place=parts, scopes=scopes, declared=None)
        for number in range(count):
            server.make(f"shop/production/key-{number:04}")
        server.delay = CALL
        ours, calls = timed(server, functools.partial(look, asked), count)
        line = f"{cloud:6} {count:5} containers: {calls:5} calls, {ours:6.2f} s"
        if cloud in BARE:
            bare, listed = timed(server, functools.partial(BARE[cloud], server), count)
            line += f"; bare listing {listed:3} calls, {bare:6.2f} s; ratio {ours / bare:.2f}"
        if count > 1:
            print(line, flush=True)


def entered(environment: Mapping[str, str | None]) -> None:
    for name, text in environment.items():
        if text is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = text


def look(asked: Asked) -> int:
    found = collect([asked], datetime.now(UTC))
    if found.refused:
        raise RuntimeError(f"{found.refused[0].found} {found.refused[0].way_out}")
    return len(found.rows)


def timed(server: Server, look: Callable[[], int], count: int) -> tuple[float, int]:
    server.calls.clear()
    begun = time.perf_counter()
    if look() != count:
        raise RuntimeError("not every container was found")
    return time.perf_counter() - begun, len(server.calls)


def main() -> None:
    for cloud in servers.available():
        with servers.serving(cloud) as server:
            measure(cloud, server)


if __name__ == "__main__":
    main()
