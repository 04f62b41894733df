"""A Pulumi project on disk: where it is, and which files hold its stacks' config. No Pulumi."""

from pathlib import Path
from typing import Any, Final

EXTENSIONS: Final = (".yaml", ".yml", ".json")


def settings_file(directory: Path, stem: str) -> Path | None:
    """Return the file that Pulumi reads, of those a folder may have: `Pulumi.yaml` for `Pulumi`; None for none."""
    candidates = (directory / f"{stem}{extension}" for extension in EXTENSIONS)
    return next((path for path in candidates if path.is_file()), None)


def find_project(directory: Path) -> Path | None:
    """Return the folder of the project that a directory is in; None for none."""
    for folder in (directory, *directory.parents):
        if settings_file(folder, "Pulumi") is not None:
            return folder
    return None


def stack_files(project: Path) -> dict[str, Path]:
    """Return the files with stacks' config by the stack's name, sorted.

    Args:
        project: The project's folder.
    """
    return {
        path.name.removeprefix("Pulumi.").removesuffix(path.suffix): path
        for path in sorted(_folder(project).glob("Pulumi.*.*"))
        if path.suffix in EXTENSIONS
    }


def stack_file(project: Path, stack: str) -> Path:
    """Return the file with a stack's config, or where it would be."""
    return stack_files(project).get(stack, _folder(project) / f"Pulumi.{stack}.yaml")


def _folder(project: Path) -> Path:
    return project / str(_settings(project).get("stackConfigDir") or ".")


def _settings(project: Path) -> dict[str, Any]:
    import yaml  # comes with Pulumi, whose absence is explained elsewhere

    path = settings_file(project, "Pulumi")
    if path is None:
        return {}
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}  # whoever reads it for its content says what is wrong
    return loaded if isinstance(loaded, dict) else {}
