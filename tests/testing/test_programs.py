"""Programs as people write them: rehearsed from their folder, as `pulumi up` would run them."""

import ipaddress
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from infra_secrets.testing import Rehearsal
from tests.test_cli import run

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


# Config without a stack -------------------------------------------------------------------------

REQUIRES = """
    import json
    import pulumi
    config = pulumi.Config()
    pulumi.export("said", {
        "text": config.require("owner"), "from the template": config.require("size"),
        "from the project": config.require("word"), "bool": config.require_bool("loud"),
        "int": config.require_int("count") + 1, "float": config.require_float("share") / 2,
        "object": dict(config.require_object("tags")), "cidr": config.require("vpcCidr"),
        "region": pulumi.Config("aws").require("region"), "optional": config.get("optional"),
    })
    pulumi.export("secret", config.require_secret("token"))
    pulumi.export("also", config.get_secret("password"))
"""
SETTINGS = """
    name: shop
    runtime: python
    config: {word: {value: of the project}}
    template: {config: {size: {default: 3}, "aws:region": {default: us-east-2}, password: {secret: true}}}
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = project(
        tmp_path_factory.mktemp("fresh"), "", **{"__main__.py": REQUIRES, "Pulumi.yaml": SETTINGS}
    )
    [report] = run("rehearse", str(folder), "--json").report["rehearsals"]
    return report


def test_a_fresh_clone_gets_config_in_the_type_that_is_required(fresh: Any) -> None:
    assert fresh["errors"] == []
    assert fresh["well"]


def test_what_is_made_up_is_listed_and_no_secret_of_it_shown(fresh: Any) -> None:
    assert fresh["filled_in"] == {
        "aws:region": "us-east-2",
        "shop:size": "3",
        "shop:owner": "made-up-owner",
        "shop:loud": "true",
        "shop:count": "2",
        "shop:share": "2",
        "shop:tags": "{}",
        "shop:vpcCidr": fresh["filled_in"]["shop:vpcCidr"],
        "shop:token": "(a secret)",
        "shop:password": "(a secret)",
    }
    ipaddress.ip_network(fresh["filled_in"]["shop:vpcCidr"])


def test_a_made_up_secret_is_looked_for(fresh: Any) -> None:
    assert fresh["leaks"]["canaries"] == 2


def test_what_a_stack_with_a_file_lacks_is_missing(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        "",
        **{
            "__main__.py": REQUIRES,
            "Pulumi.yaml": SETTINGS,
            "Pulumi.dev.yaml": "config: {shop:owner: me}\n",
        },
    )
    said = run("rehearse", str(folder))

    assert said.code == 1
    assert "Missing required configuration variable 'shop:size'" in said.out
    assert "--config shop:size=VALUE" in said.out
    assert "made up" not in said.out
