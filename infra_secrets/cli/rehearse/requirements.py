"""What a project's `requirements.txt` asks for and this Python has in another version.

Only upper bounds and exact versions of packages that are installed are looked at: a program that was written for an
older SDK fails with a message about a name, and not about the SDK.
"""

import importlib.metadata
import re
from collections.abc import Iterator
from pathlib import Path

_LINE = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(\[[^\]]*\])?\s*(?P<bounds>[<>=!~][^;#\s]*)")
_BOUND = re.compile(r"(?P<how><=|<|==|~=)(?P<version>\d+(\.\d+)*)$")


def unmet(folder: Path) -> Iterator[str]:
    """Yield a sentence that names each package that is installed in a version beyond what is asked for.

    Args:
        folder: Where `requirements.txt` is, if there is one.
    """
    file = folder / "requirements.txt"
    if not file.is_file():
        return
    beyond: dict[str, None] = {}
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        match = _LINE.match(line.strip())
        installed = _installed(match["name"]) if match else None
        if (
            match
            and installed
            and any(_is_beyond(installed, each) for each in match["bounds"].split(","))
        ):
            beyond[f"{match['name']}{match['bounds']} ({installed})"] = None
    if beyond:
        yield (
            f"{file.name} asks for other versions than are installed here, which may lack what the program uses: "
            f"{', '.join(beyond)}."
        )


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _is_beyond(installed: str, bound: str) -> bool:
    match = _BOUND.fullmatch(bound.strip())
    if match is None:
        return False
    most, have = _numbers(match["version"]), _numbers(installed)
    match match["how"]:
        case "<":
            return have >= most
        case "~=":
            return have[: len(most) - 1] > most[:-1]
        case _:
            return have[: len(most)] > most


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version.partition("+")[0])]
