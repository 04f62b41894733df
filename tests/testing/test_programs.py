"""Programs as people write them: rehearsed from their folder, as `pulumi up` would run them."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from infra_secrets.testing import Rehearsal

# The SDKs warn of their own deprecated parts when they are imported, which a program cannot help.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def project(folder: Path, program: str, **files: str) -> Path:
    """Write a project named shop whose program is in `app/`."""
    texts = {
        "Pulumi.yaml": "name: shop\nruntime: python\nmain: app\n",
        "app/__main__.py": dedent(program),
        **files,
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return folder


def rehearsed(folder: Path, **options: Any) -> dict[str, Any]:
    """Rehearse a project up to its outputs; nothing may change the second time."""
    with Rehearsal(directory=folder, **options) as rehearsal:
        rehearsal.preview()
        rehearsal.up()
        outputs = rehearsal.outputs
        assert rehearsal.up().changes == []
        rehearsal.destroy()
    return outputs


# Where a program is -----------------------------------------------------------------------------


def test_relative_assets_and_archives_are_found_where_the_program_is(tmp_path: Path) -> None:
    outputs = rehearsed(
        project(
            tmp_path,
            """
            import pulumi, sys
            import pulumi_aws as aws
            code = pulumi.AssetArchive({
                "index.py": pulumi.FileAsset("./index.py"),
                "lib": pulumi.FileArchive("lib"),
                "note": pulumi.StringAsset("text"),
            })
            aws.s3.BucketObjectv2("code", bucket="b", source=code)
            aws.s3.BucketObjectv2("index", bucket="b", source=pulumi.FileAsset("index.py"))
            pulumi.export("arguments", sys.argv[1:])
            pulumi.export("root", pulumi.get_root_directory())
            """,
            **{"app/index.py": "", "app/lib/one.py": ""},
        )
    )
    assert outputs == {"arguments": [], "root": str(tmp_path)}
