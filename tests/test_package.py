"""What is published: a source distribution that its own tests pass from, and a README whose links work on PyPI."""

import email
import importlib.util
import re
import shutil
import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from tests.conftest import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
REPOSITORY = "https://github.com/infra-secrets/infra-secrets"


def listed(*options: str) -> set[str]:
    """What git knows of the folder that the tests are in."""
    done = subprocess.run(
        ["git", "ls-files", *options], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines())


def published(folder: Path) -> set[str]:
    """Build the source distribution and list the files in it."""
    [path] = SdistBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with tarfile.open(path) as archive:
        names = [member.name.partition("/")[2] for member in archive if member.isfile()]
    return set(names)


CACHES = (".venv", ".engine", "venv", "dist", "build", "__pycache__")


def files_of(folder: Path) -> set[str]:
    """List what is in a folder that git does not know, without what the targets of the Makefile make."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
        and not any(
            part in CACHES or part.endswith(("_cache", ".egg-info", ".hypothesis"))
            for part in path.relative_to(folder).parts
        )
    }


def test_the_source_distribution_is_the_repository(tmp_path: Path) -> None:
    found = published(tmp_path) - {"PKG-INFO"}

    if (ROOT / ".git").exists():
        assert sorted(listed() - found) == []
        assert sorted(found - listed("--cached", "--others", "--exclude-standard")) == []
    else:  # the tests run from a source distribution: it makes itself again
        assert found == files_of(ROOT) - {"PKG-INFO"}


def make_repository(root: Path, origin: Path) -> None:
    """Make what `git clone` clones: of a clone, or of the files of a source distribution."""
    if (root / ".git").exists():
        subprocess.run(["git", "clone", "--quiet", root, origin], check=True)
        return
    for name in files_of(root):
        (origin / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, origin / name)
    author = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"]
    for words in (["init", "--quiet"], ["add", "."], [*author, "commit", "--quiet", "-m", "all"]):
        subprocess.run(["git", "-C", origin, *words], check=True)


def test_an_unpacked_source_distribution_can_be_cloned(tmp_path: Path) -> None:
    [path] = SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path, filter="data")
    [unpacked] = tmp_path.glob("*/pyproject.toml")

    make_repository(unpacked.parent, tmp_path / "origin")
    make_repository(tmp_path / "origin", tmp_path / "clone")

    for folder in ("infra_secrets", "tests", "tools"):
        assert files_of(tmp_path / "clone" / folder) == files_of(unpacked.parent / folder)
    assert (tmp_path / "clone" / "PulumiPlugin.yaml").exists()


def test_what_lies_about_in_the_folder_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    for name in ("infra_secrets/__init__.py", "tools/pypi_readme.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text((ROOT / name).read_text())
    for name in (".env", "Pulumi.production.yaml", "notes.txt"):
        (tmp_path / name).write_text("made-up")
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    found = published(tmp_path / "dist")

    assert {".env", "Pulumi.production.yaml", "notes.txt"} & found == set()
    assert {"README.md", "tools/pypi_readme.py", "infra_secrets/__init__.py"} <= found


# The README on PyPI ------------------------------------------------------------------------------


def hook() -> ModuleType:
    path = ROOT / "tools" / "pypi_readme.py"
    spec = importlib.util.spec_from_file_location("pypi_readme", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page that PyPI makes: the description in the metadata of the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    [wheel] = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    metadata = zipfile.ZipFile(wheel).read(f"infra_secrets-{VERSION}.dist-info/METADATA")
    message = email.message_from_bytes(metadata)
    assert message["Description-Content-Type"] == "text/markdown"
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def links(page: str) -> list[str]:
    """Every target of a link or image, outside of code."""
    prose = re.sub(r"(?ms)^```.*?^```|`[^`\n]*`", "", page)
    found = re.findall(r"\]\(([^)\s]+)|(?:src|href)=\"([^\"]+)|(?m:^\[[^\]\n]+\]:\s+(\S+))", prose)
    return ["".join(each) for each in found]


def test_every_link_of_the_readme_on_pypi_leads_somewhere(description: str) -> None:
    targets = links(description)
    own = [target for target in targets if target.startswith(f"{REPOSITORY}/")]

    assert [target for target in targets if not target.startswith(("https://", "#"))] == []
    here = links((ROOT / "README.md").read_text())
    assert (
        len(own) == len([target for target in here if not target.startswith(("https://", "#"))]) > 0
    )
    for target in own:
        match = re.fullmatch(rf"{REPOSITORY}/(?:blob|raw)/v{VERSION}/([^#]+)(#.*)?", target)
        assert match, target
        assert (ROOT / match[1]).exists(), target


def test_the_readme_on_pypi_says_what_the_readme_says(description: str) -> None:
    here = (ROOT / "README.md").read_text()

    for kind in ("blob", "raw"):
        description = description.replace(f"{REPOSITORY}/{kind}/v{VERSION}/", "")
    assert description.strip() == here.strip()


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("see [AWS](docs/aws.md#set), [x](./a.md)", "see [AWS](R/blob/v1/docs/aws.md#set), [x](R/blob/v1/a.md)"),
        ("![a picture](docs/a.svg)", "![a picture](R/raw/v1/docs/a.svg)"),
        ("[![a](docs/a.svg)](docs/a.md)", "[![a](R/raw/v1/docs/a.svg)](R/blob/v1/docs/a.md)"),
        ('<img src="a.png"> <a href="b.md">', '<img src="R/raw/v1/a.png"> <a href="R/blob/v1/b.md">'),
        ("[x][1]\n\n[1]: docs/a.md", "[x][1]\n\n[1]: R/blob/v1/docs/a.md"),
        ("[x](https://e.com/a) [y](#here) [z](mailto:a@e.com)", None),
        ("`[x](a.md)` and\n```python\nx[0](a)\n```\n", None),
    ],
)  # fmt: skip
def test_only_relative_links_outside_of_code_are_changed(text: str, becomes: str | None) -> None:
    assert hook().with_absolute_links(text, "R", "1") == (text if becomes is None else becomes)
