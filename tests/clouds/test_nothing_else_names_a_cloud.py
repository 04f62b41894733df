"""What is of one cloud stands in its folders. Elsewhere no code names one, but for the few places that must."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.conftest import ROOT

PACKAGE = ROOT / "infra_secrets"
NAMES = r"aws|amazon|(?<![a-z])arn:|gcp|gcloud|cloudsdk|google(?!\.protobuf)|azure|microsoft"
# "Secrets manager" in two words is what each cloud has; the other spellings are names of services.
SERVICES = r"key[ _-]?vault|secrets?[_-]?manager|secret manager|(?<![a-z])(?:gke|eks|aks|ssm|ecr|gcr)(?![a-z])"
WORDS = re.compile(rf"[\w:.-]*(?:{NAMES}|{SERVICES})[\w:.-]*", re.IGNORECASE)

ARGUMENT = (
    "arguments and their types, which a type checker and Pulumi's analyzer must be able to read"
)
EXAMPLE = "an example in a message"
EXPORTED = "public names that users import"
WRITTEN = "what people write down, whichever cloud they use"
SIMULATIONS = {
    *(f"Simulated{name}" for name in ("Aws", "Azure", "Gcp")),
    *(
        f"infra_secrets.testing.clouds.{name}.Simulated{name.title()}"
        for name in ("aws", "azure", "gcp")
    ),
}

MUST: Mapping[str, tuple[str, set[str]]] = {
    "cli/rehearse/command.py": (EXAMPLE, {"aws:region", "google"}),
    "cli/status/command.py": (EXAMPLE, {"aws"}),
    "component/options.py": (EXAMPLE, {"aws.Provider"}),
    "containers/secret.py": (ARGUMENT, {"aws", "azure", "gcp", "azure_vault_id"}),
    "stack/require_esc.py": (WRITTEN, {"arn:"}),
    "testing/__init__.py": (
        EXPORTED,
        {*SIMULATIONS, *(f"clouds.{name}" for name in ("aws", "azure", "gcp"))},
    ),
    "testing/cluster/external_secrets.py": (
        "a rule of the operator in words, with its source",
        {"aws", "azure", "gcp", "GCP"},
    ),
    "testing/cluster/kubernetes.py": ("the default of `add_store(cloud=)`", {"aws"}),
    "testing/missing/texts.py": (WRITTEN, {"arn:aws:iam::111111111111:role"}),
    "testing/plain_text/detectors.py": (
        "the detectors of detect-secrets for what people write down",
        {
            *("aws", "azure_storage_key", "AWSKeyDetector", "AzureStorageKeyDetector"),
            *("detect_secrets.plugins.aws", "detect_secrets.plugins.azure_storage_key"),
        },
    ),
    "testing/plain_text/suspects.py": (WRITTEN, {"arn:", "microsoft", ".keyvault", "ssm"}),
    "testing/program/limits.py": ("images that Docker would build", {"awsx:ecr:Image"}),
    "testing/rehearsal/__init__.py": (
        "`rehearsal.aws` and its like, which are public; `rehearsal.clouds` is the way to any cloud",
        {*SIMULATIONS, "aws", "azure", "azure-native", "gcp"},
    ),
    "workloads/external_env.py": (
        ARGUMENT + "; and what is named may be a whole ARN",
        {"aws", "azure", "gcp", "aws_region", "gcp_project", "azure_vault_id", "arn:"},
    ),
}
"""Files of the package that name clouds, each with the reason, and the words that do."""


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
    of_a_cloud = re.compile(r"(testing/)?clouds/[a-z]+/")
    found = {
        file: named
        for path in PACKAGE.rglob("*.py")
        if not of_a_cloud.match(file := path.relative_to(PACKAGE).as_posix())
        if (named := words(path))
    }

    assert found == {file: named for file, (_, named) in MUST.items()}


def test_a_cloud_in_a_table_an_if_or_an_import_would_be_noticed(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        '"""Of aws."""\nTABLE = {"gcpsm": 1}\nif cloud == "azure-native":\n    from x.aws import y\n'
    )

    assert words(module) == {"gcpsm", "azure-native", "x.aws.y"}


def test_the_name_of_a_cloud_s_service_would_be_noticed_and_a_common_word_would_not(
    tmp_path: Path,
) -> None:
    module = tmp_path / "module.py"
    services = ["secretsmanager", "secret-manager", "keyvault", "key_vault", "gke", "EKS", "aks"]
    module.write_text(f"ALL = {[*services, 'a secrets manager', 'weeks', 'breaks', 'of a vault']}")

    assert words(module) == {*services}
