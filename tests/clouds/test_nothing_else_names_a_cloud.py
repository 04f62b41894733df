"""What is of one cloud stands in its folders. Elsewhere no code names one, but for the few places that must."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.conftest import ROOT

PACKAGE = ROOT / "infra_secrets"
NAME = r"(?:aws|amazon|(?<![a-z])arn:|gcp|gcloud|cloudsdk|google(?!\.protobuf)|azure|key ?vault|microsoft)"
WORDS = re.compile(rf"[\w:.-]*{NAME}[\w:.-]*", re.IGNORECASE)

ARGUMENT = (
    "arguments and their types, which a type checker and Pulumi's analyzer must be able to read"
)
EXAMPLE = "an example in a message"
EXPORTED = "public names that users import"
RULE = "a rule of the operator in words, with its source"
WRITTEN = "what people write down, whichever cloud they use"

MUST: Mapping[str, tuple[str, set[str]]] = {
    "cli/rehearse": (EXAMPLE, {"aws:region", "google"}),
    "component": (EXAMPLE, {"aws.Provider"}),
    "containers": (ARGUMENT, {"aws", "azure", "gcp", "azure_vault_id"}),
    "stack": (WRITTEN, {"arn:"}),
    "testing": (
        EXPORTED,
        {
            *(f"Simulated{name}" for name in ("Aws", "Azure", "Gcp")),
            *(f"clouds.{name}" for name in ("aws", "azure", "gcp")),
            *(
                f"infra_secrets.testing.clouds.{name}.Simulated{name.title()}"
                for name in ("aws", "azure", "gcp")
            ),
        },
    ),
    "testing/cluster": (
        RULE + "; and the default of `add_store(cloud=)`",
        {"aws", "azure", "gcp", "GCP"},
    ),
    "testing/missing": (WRITTEN, {"arn:aws:iam::111111111111:role"}),
    "testing/plain_text": (
        WRITTEN + ", and the detectors of detect-secrets for it",
        {
            *("arn:", "microsoft", ".keyvault", "aws", "azure_storage_key"),
            *("AWSKeyDetector", "AzureStorageKeyDetector"),
            *("detect_secrets.plugins.aws", "detect_secrets.plugins.azure_storage_key"),
        },
    ),
    "testing/program": ("images that Docker would build", {"awsx:ecr:Image"}),
    "testing/rehearsal": (
        "`rehearsal.aws` and its like, which are public; `rehearsal.clouds` is the way to any cloud",
        {
            *("aws", "azure", "azure-native", "gcp"),
            *(f"Simulated{name}" for name in ("Aws", "Azure", "Gcp")),
            *(
                f"infra_secrets.testing.clouds.{name}.Simulated{name.title()}"
                for name in ("aws", "azure", "gcp")
            ),
        },
    ),
    "workloads": (
        ARGUMENT + "; and what is named may be a whole ARN",
        {"aws", "azure", "gcp", "aws_region", "gcp_project", "azure_vault_id", "arn:"},
    ),
}
"""Rooms of the package that name clouds, each with the reason, and the words that do."""


def code(path: Path) -> Iterator[str]:
    """Yield the identifiers and the texts of a module, without its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {
        id(statement.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        for statement in node.body
        if isinstance(statement, ast.Expr)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in prose:
                yield text
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield name
            case ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name
            case ast.ImportFrom(module=module, names=names):
                yield from (f"{module}.{each.name}" for each in names)
            case ast.Import(names=names):
                yield from (each.name for each in names)


def words(path: Path) -> set[str]:
    """Find the words of a module's code that name a cloud."""
    return {word for text in code(path) for word in WORDS.findall(text)}


def test_only_what_must_names_a_cloud_outside_the_folders_of_the_clouds() -> None:
    of_a_cloud = re.compile(r"(testing/)?clouds/[a-z]+(/|$)")
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        room = path.parent.relative_to(PACKAGE).as_posix()
        if words(path) and not of_a_cloud.match(room):
            found.setdefault(room, set()).update(words(path))

    assert found == {room: named for room, (_, named) in MUST.items()}


def test_a_cloud_in_a_table_an_if_or_an_import_would_be_noticed(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        '"""Of aws."""\nTABLE = {"gcpsm": 1}\nif cloud == "azure-native":\n    from x.aws import y\n'
    )

    assert words(module) == {"gcpsm", "azure-native", "x.aws.y"}
