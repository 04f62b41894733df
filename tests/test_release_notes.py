"""A release's note is its version's section of the changelog, and a version without one is not released."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "tools" / "release_notes.py"
CHANGELOG = """\
# Changelog

What users notice.

## [Unreleased]

- Not yet.

## [1.10.0] - 2026-12-01

### Added

- Ten, as in this file:

```text
## [1.1.0]
```

### Fixed

- Nothing.

## [1.1.0] - 2026-11-01

- One.

## 1.0.0

- The first.

[Unreleased]: https://example.com/compare/v1.10.0...main
[1.10.0]: https://example.com/compare/v1.1.0...v1.10.0
"""


def released(folder: Path, tag: str, version: str, changelog: str) -> tuple[int, str, str]:
    """Run the script in a repository that has this version and this changelog."""
    (folder / "tools").mkdir()
    (folder / "tools" / SCRIPT.name).write_text(SCRIPT.read_text())
    (folder / "pyproject.toml").write_text(f'[project]\nname = "thing"\nversion = "{version}"\n')
    (folder / "CHANGELOG.md").write_text(changelog)
    done = subprocess.run(
        [sys.executable, folder / "tools" / SCRIPT.name, tag],
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("version", "note"),
    [
        ("1.10.0", "### Added\n\n- Ten, as in this file:\n\n```text\n## [1.1.0]\n```\n\n### Fixed\n\n- Nothing.\n"),
        ("1.1.0", "- One.\n"),
        ("1.0.0", "- The first.\n"),
    ],
)  # fmt: skip
def test_the_note_is_exactly_the_section_of_the_version(
    version: str, note: str, tmp_path: Path
) -> None:
    assert released(tmp_path, f"v{version}", version, CHANGELOG) == (0, note, "")


@pytest.mark.parametrize(
    ("changelog", "says"),
    [
        (CHANGELOG, "CHANGELOG.md has no sections of 1.2.0"),
        (f"{CHANGELOG}\n## [1.2.0]\n\n- A.\n\n## 1.2.0\n\n- B.\n", "has 2 sections of 1.2.0"),
        ("## [1.2.0] - 2026-12-01\n", "The section of 1.2.0 in CHANGELOG.md says nothing"),
        ("## [1.2.0]\n\n### Added\n\n## [1.1.0]\n\n- One.\n", "says nothing"),
        ("## [1.2.0]\n\n[1.2.0]: https://example.com/v1.2.0\n", "says nothing"),
        ("```text\n## [1.2.0]\n- in a fence\n```\n", "has no sections of 1.2.0"),
        ("## [11200]\n\n- Another.\n\n## [1.2.0rc1]\n\n- B.\n", "has no sections of 1.2.0"),
    ],
    ids=["none", "two", "empty", "headings only", "a link only", "in a fence", "like it"],
)
def test_a_version_without_one_note_is_refused(changelog: str, says: str, tmp_path: Path) -> None:
    code, output, errors = released(tmp_path, "v1.2.0", "1.2.0", changelog)

    assert (code, output) == (1, "")
    assert says in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("tag", ["v1.1.0", "1.10.0", "v1.10", "v1.10.0.1", "main"])
def test_a_tag_that_is_not_the_version_is_refused_with_the_tag_that_would_do(
    tag: str, tmp_path: Path
) -> None:
    code, output, errors = released(tmp_path, tag, "1.10.0", CHANGELOG)

    assert (code, output) == (1, "")
    assert (
        f"The tag is {tag} and pyproject.toml has the version 1.10.0, whose tag is v1.10.0"
        in errors
    )
