"""Serves the components to other languages; Pulumi starts this folder as a plugin (PulumiPlugin.yaml)."""

import os
import shlex
import sys
from importlib.metadata import version
from pathlib import Path


def start() -> None:
    """Serve, or say in one sentence what the environment lacks: its traceback would be taken for a bug."""
    # The plugin has an environment of its own, and Pulumi's Python host passes on whatever is set where it runs.
    foreign = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[1:] = [folder for folder in sys.path[1:] if folder not in foreign]
    try:
        version("infra-secrets")
        from infra_secrets.plugin import serve
    except ModuleNotFoundError as missing:
        folder = shlex.quote(str(Path(__file__).parent.resolve()))
        sys.exit(
            f"infra-secrets: the plugin's Python environment, {sys.prefix}, has no {missing.name}. Fill it with the"
            f" SDK of your cloud (aws, gcp, azure, kubernetes), once on each machine: cd {folder} &&"
            f" {shlex.quote(sys.executable)} -m pip install '.[aws]'"
        )
    serve()


if __name__ == "__main__":
    start()
