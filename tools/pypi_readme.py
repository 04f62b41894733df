"""The README as PyPI shows it: what it links to in this repository is linked to on GitHub, as it was in this version.

A build hook of Hatchling's, so that the README itself has links that work in a clone and on every branch.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_CODE = r"(?P<code>(?ms:^```.*?^```)|`[^`\n]*`)"
_IMAGE = r"(?P<image>!\[[^\]]*\]\(|\bsrc=\")"
_PAGE = r"(?P<page>\]\(|\bhref=\"|(?m:^\[[^\]\n]+\]:[ ]+))"
# A scheme, another host, or a heading of the same page.
_RELATIVE = r"(?P<target>(?![a-z][a-z0-9+.-]*:|//|#)[^)\s\"]+)"
_LINK = re.compile(rf"{_CODE}|(?:{_IMAGE}|{_PAGE}){_RELATIVE}")


def with_absolute_links(text: str, repository: str, version: str) -> str:
    """Lead every relative link of a page at the repository's root to the tag of a version.

    Args:
        text: The page, Markdown.
        repository: Its address, e.g. `https://github.com/acme/thing`.
        version: What the tag names, without its `v`.
    """

    def absolute(found: re.Match[str]) -> str:
        if found["code"]:
            return found[0]
        before, kind = (found["image"], "raw") if found["image"] else (found["page"], "blob")
        return f"{before}{repository}/{kind}/v{version}/{found['target'].removeprefix('./')}"

    return _LINK.sub(absolute, text)


class PypiReadme(MetadataHookInterface):
    """Gives the package's metadata their description."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Read the README when a package is built."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = with_absolute_links(text, metadata["urls"]["Source"], metadata["version"])
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
