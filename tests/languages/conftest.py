"""SDKs of the plugin, made by Pulumi's own generators, and projects that use them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra_secrets.plugin import Plugin
from tests.conftest import PATIENCE

ROOT = Path(__file__).parents[2]
HOST = Path(__file__).with_name("host.py")
TOOLS = Path(os.environ["INFRA_SECRETS_LANGUAGES"])
"""What `tools/languages.sh` has made: `make test-languages` names it."""

Generate = Callable[[str, Path], Path]


@pytest.fixture(scope="session")
def schema() -> str:
    return str(Plugin().schema)


@pytest.fixture(scope="session")
def generate(schema: str) -> Generate:
    """A function that writes the SDK of a language, as `pulumi package add` of a folder does."""

    def sdk(language: str, folder: Path) -> Path:
        subprocess.run(
            [TOOLS / "sdks", language, folder, "true"], input=schema, text=True, check=True
        )
        return folder

    return sdk


@pytest.fixture(autouse=True)
def languages_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine find the hosts and the plugin. Pulumi's own hosts, where there are any, come first."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, command in {
        "pulumi-language-nodejs": [sys.executable, HOST, "nodejs"],
        "pulumi-language-go": [sys.executable, HOST, "go"],
        "pulumi-resource-infra-secrets": [sys.executable, "-W", "ignore", ROOT],
    }.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {" ".join(map(str, command))} "$@"\n')
        (programs / name).chmod(0o755)
    path = os.pathsep.join([os.environ["PATH"], str(TOOLS), str(programs)])
    monkeypatch.setenv("PATH", path)


@pytest.fixture(scope="session")
def built_typescript(tmp_path_factory: pytest.TempPathFactory, generate: Generate) -> Path:
    project = tmp_path_factory.mktemp("typescript")
    sdk = generate("nodejs", project / "sdks" / "infra-secrets-infra-secrets")
    modules = project / "node_modules"
    (modules / "@infra-secrets").mkdir(parents=True)
    (modules / "@infra-secrets" / "infra-secrets").symlink_to(
        Path("..", "..", "sdks", "infra-secrets-infra-secrets")
    )
    for name in ("@pulumi", "@types", "typescript"):
        (modules / name).symlink_to(TOOLS / "node_modules" / name)
    options = {
        "strict": True,
        "module": "commonjs",
        "moduleResolution": "node",
        "target": "es2020",
        "skipLibCheck": True,
    }
    settings = {"compilerOptions": options, "files": ["index.ts"]}
    (project / "tsconfig.json").write_text(json.dumps(settings))
    (project / "package.json").write_text('{"name": "payments", "main": "index.ts"}')
    (project / "Pulumi.yaml").write_text("name: payments\nruntime: nodejs\n")
    # What the SDK's `postinstall` does.
    assert compile_typescript(sdk, "--skipLibCheck") == ""
    shutil.copy(sdk / "package.json", sdk / "bin")
    return project


@pytest.fixture
def typescript(built_typescript: Path, tmp_path: Path) -> Path:
    """A TypeScript project with the SDK built and linked; its program is still to be written."""
    return Path(shutil.copytree(built_typescript, tmp_path / "typescript", symlinks=True))


def compile_typescript(folder: Path, *options: str) -> str:
    """Compile a folder's project; return what the compiler says."""
    modules = next(each for each in (folder, *folder.parents) if (each / "node_modules").exists())
    compiler = modules / "node_modules" / "typescript" / "bin" / "tsc"
    return subprocess.run(
        ["node", compiler, *options],
        cwd=folder,
        check=False,
        stdout=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
    ).stdout


@pytest.fixture
def go(tmp_path: Path, generate: Generate) -> Path:
    """A Go project with the SDK linked; its program is still to be written.

    Its versions are those of the engine (`tools/go.mod`), so that Go's cache has them compiled.
    """
    project = tmp_path / "go"
    generate("go", project / "sdks" / "infra-secrets-infra-secrets")
    module = "github.com/infra-secrets/infra-secrets/sdk/go"
    pinned = (ROOT / "tools" / "go.mod").read_text()
    pinned = pinned.replace("module infra-secrets/tools", "module payments").partition("\ntool ")[0]
    linked = f"require {module} v0.1.0\nreplace {module} => ./sdks/infra-secrets-infra-secrets\n"
    (project / "go.mod").write_text(f"{pinned}\n{linked}")
    shutil.copy(ROOT / "tools" / "go.sum", project)
    (project / "Pulumi.yaml").write_text("name: payments\nruntime: go\n")
    return project
