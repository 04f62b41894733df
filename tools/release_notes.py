"""The note of a release: the section that CHANGELOG.md has for its version.

`python tools/release_notes.py v1.2.3` prints it, or refuses the tag. It needs nothing but Python, so that a release can
begin with it, and it does not write the changelog: `## [Unreleased]` is renamed by whoever releases.
"""

import re
import sys
import tomllib
from pathlib import Path

_HEADING = re.compile(r"## +\[?(?P<version>[^\]\s]+)\]?")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_LINK = re.compile(r"\[[^\]]+\]: +\S+$")


class ReleaseError(ValueError):
    """What stands between a tag and its release, as a sentence."""


def section(changelog: str, version: str) -> str:
    """Return what stands under a version's heading, without the heading.

    Args:
        changelog: In the form of Keep a Changelog: a version is a heading of the second level.
        version: Without the `v` of its tag.

    Raises:
        ReleaseError: If the version has no section, more than one, or an empty one.
    """
    found: list[list[str]] = []
    inside = fenced = False
    for line in changelog.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        heading = None if fenced else _HEADING.match(line)
        if heading:
            inside = heading["version"] == version
            if inside:
                found.append([])
        elif inside and (fenced or not _LINK.match(line)):  # the links of a page stand at its end
            found[-1].append(line)
    if len(found) != 1:
        raise ReleaseError(
            f"CHANGELOG.md has {len(found) or 'no'} sections of {version}, and a release has one note: rename"
            f" `## [Unreleased]` to `## [{version}] - YEAR-MONTH-DAY`, or join them."
        )
    note = "\n".join(found[0]).strip()
    if not re.search(r"(?m)^(?!#).*\S", note):
        raise ReleaseError(
            f"The section of {version} in CHANGELOG.md says nothing: write what users will notice."
        )
    return note


def note_of(tag: str, root: Path) -> str:
    """Return the note of a tag, which must name the version in `pyproject.toml`.

    Raises:
        ReleaseError: If it names another, or if there is no note.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version: str = project["version"]
    if tag != f"v{version}":
        raise ReleaseError(
            f"The tag is {tag} and pyproject.toml has the version {version}, whose tag is v{version}:"
            " change the version first, and tag the commit that has it."
        )
    return section((root / "CHANGELOG.md").read_text(encoding="utf-8"), version)


if __name__ == "__main__":
    try:
        print(note_of(sys.argv[1], Path(__file__).parent.parent))
    except ReleaseError as refused:
        sys.exit(str(refused))
