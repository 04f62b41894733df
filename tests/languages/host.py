"""Starts programs in TypeScript and Go for the engine, as Pulumi's own language hosts do: host.py LANGUAGE ... ENGINE.

Those are in Pulumi's releases and on no registry. This has what starting a program needs and nothing else; where
Pulumi's own are on PATH, the tests use them.
"""

# ruff: noqa: ARG002, N802 (names and parameters are the protocol's)

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

GO_BUILD = ["go", "build", "-mod=mod", "-tags=osusergo,grpcnotrace", "-trimpath"]
"""The flags with which the engine was built: Go's cache then has most of what a program needs."""

SAID_EVERYTHING = 32
"""How a program in TypeScript ends when it has told the engine why it failed."""


class Host(language_pb2_grpc.LanguageRuntimeServicer):
    def __init__(self, language: str, engine: str) -> None:
        self._language = language
        self._engine = engine

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version="0.0.0")

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        return language_pb2.GetRequiredPackagesResponse()

    def Run(self, request: Any, context: Any) -> Any:
        run = self._node if self._language == "nodejs" else self._go
        ended = run(request, Path(request.info.program_directory))
        if ended.returncode in (0, SAID_EVERYTHING):
            return language_pb2.RunResponse(bail=ended.returncode != 0)
        return language_pb2.RunResponse(error=f"the program ended with {ended.returncode}")

    def _environment(self, request: Any) -> dict[str, str]:
        return {
            **os.environ,
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }

    def _node(self, request: Any, folder: Path) -> "subprocess.CompletedProcess[bytes]":
        options = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "organization": request.organization,
            "project": request.project,
            "root-directory": request.info.root_directory,
            "stack": request.stack,
            "pwd": folder,
            "parallel": request.parallel,
        }
        return subprocess.run(
            [
                "node",
                folder / "node_modules/@pulumi/pulumi/cmd/run",
                *(f"--{name}={value}" for name, value in options.items()),
                *(["--dry-run"] if request.dryRun else []),
                request.info.entry_point,
            ],
            env={**self._environment(request), "PULUMI_NODEJS_TYPESCRIPT": "true"},
            check=False,
        )

    def _go(self, request: Any, folder: Path) -> "subprocess.CompletedProcess[bytes]":
        with tempfile.TemporaryDirectory() as place:
            program = Path(place, "program")
            built = subprocess.run([*GO_BUILD, "-o", program, "."], cwd=folder, check=False)
            if built.returncode:
                return built
            own = {
                "PULUMI_DRY_RUN": str(request.dryRun).lower(),
                "PULUMI_ENGINE": self._engine,
                "PULUMI_MONITOR": request.monitor_address,
                "PULUMI_ORGANIZATION": request.organization,
                "PULUMI_PARALLEL": str(request.parallel),
                "PULUMI_PROJECT": request.project,
                "PULUMI_ROOT_DIRECTORY": request.info.root_directory,
                "PULUMI_STACK": request.stack,
            }
            return subprocess.run(
                [program], cwd=folder, env={**self._environment(request), **own}, check=False
            )


def main() -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(Host(sys.argv[1], sys.argv[-1]), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    with contextlib.suppress(KeyboardInterrupt):  # that is how the engine ends a host
        server.wait_for_termination()


if __name__ == "__main__":
    main()
