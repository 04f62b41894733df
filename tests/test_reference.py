"""docs/reference.md says what the code says, and the code reads nothing that it does not declare."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import infra_secrets
from infra_secrets import EscDeploymentArgs, EscEnvArgs, ExternalEnvArgs, SecretArgs
from infra_secrets.component import settings
from tests import reference
from tests.imported import dotted, imported
from tests.reference import Attribute, attributes, config_keys, variables

PACKAGE = Path(infra_secrets.__file__).parent
# What users' tests import passes a whole environment on, and reads no key of its own.
SOURCES = {
    str(path.relative_to(PACKAGE)): path.read_text(encoding="utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.relative_to(PACKAGE).parts[0] != "testing" and path.name != "settings.py"
}
ARGUMENTS = (SecretArgs, EscEnvArgs, EscDeploymentArgs, ExternalEnvArgs)


READERS = re.compile(
    r"pulumi\.(config\.)?Config|os\.environb?|os\.getenvb?"
    r"|pulumi\.runtime\.(config\.)?(CONFIG|\w+_config\w*)"
)
EVERY_KEY = {
    "component/internals.py": ["config.CONFIG", "pulumi.runtime.get_config_env"],
    "component/plain_text.py": [
        *("pulumi.runtime.get_config", "pulumi.runtime.get_config"),
        "pulumi.runtime.is_config_secret",
    ],
}
"""Files that look through the whole config, whatever its keys are, and with what: for a value in plain text."""


def undeclared(source: str) -> Iterator[str]:
    """Yield what reads config or an environment variable past `infra_secrets.component.settings`.

    A function of `pulumi.runtime` may have `str(KEY)`: an object that is declared, or names a program's own value.
    """
    tree = ast.parse(source)
    known = imported(tree)
    allowed = {
        id(call.func)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and re.fullmatch(r"pulumi\.runtime\.\w+", dotted(call.func, known))
        and re.fullmatch(r"str\((?!['\"]).+\)", ", ".join(map(ast.unparse, call.args)))
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Name | ast.Attribute)
            and id(node) not in allowed
            and READERS.fullmatch(dotted(node, known))
        ):
            yield ast.unparse(node)


def declared_in(source: str) -> int:
    return sum(
        isinstance(node, ast.Call) and ast.unparse(node.func) in ("ConfigKey", "Variable")
        for node in ast.walk(ast.parse(source))
    )


def test_the_page_is_what_the_code_says() -> None:
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page(), (
        f"docs/reference.md is out of date; run {reference.COMMAND}"
    )


@pytest.mark.parametrize("file", SOURCES)
def test_no_file_reads_config_or_a_variable_that_is_not_declared(file: str) -> None:
    assert sorted(undeclared(SOURCES[file])) == EVERY_KEY.get(file, []), (
        "declare it in infra_secrets/component/settings.py, and read() it"
    )


@pytest.mark.parametrize(
    "line",
    [
        'pulumi.Config("infra-secrets").get("new")',
        'pulumi.runtime.is_config_secret("infra-secrets:new")',
        'from pulumi.runtime import config as c; c.get_config("infra-secrets:new")',
        "from pulumi.runtime import get_config; get_config(NAME)",
        "pulumi.runtime.is_config_secret(NAME)",
        'from pulumi import Config; Config("infra-secrets").get("new")',
        'import pulumi as p; p.Config("infra-secrets").get("new")',
        'from os import environ; environ["NEW"]',
        'import os as o; o.environ["NEW"]',
        'from os import getenv as read; read("NEW")',
        'os.environ["NEW"]',
        'os.getenv("NEW")',
    ],
)
def test_a_read_that_is_not_declared_is_found(line: str) -> None:
    assert len(list(undeclared(line))) == 1


def test_the_page_has_everything_that_is_declared() -> None:
    declared = declared_in((PACKAGE / "component/settings.py").read_text(encoding="utf-8"))
    declared += sum(map(declared_in, SOURCES.values()))

    assert len(config_keys()) + len(variables()) == declared
    assert len({str(key) for _, key in config_keys()}) == len(config_keys())


def test_everything_that_is_declared_is_read() -> None:
    everything = "\n".join(SOURCES.values())
    constants = {
        id(value): name
        for name, value in vars(settings).items()
        if isinstance(value, settings.ConfigKey | settings.Variable)
    }
    unread = [
        str(each)
        for each in (*settings.CONFIG_KEYS, *settings.VARIABLES)
        if not re.search(rf"\b{constants[id(each)]}\b", everything)
    ]
    assert unread == []


@pytest.mark.parametrize("class_", ARGUMENTS, ids=lambda class_: class_.__name__)
def test_every_argument_says_its_default_and_names_a_config_key_that_exists(class_: type) -> None:
    found = attributes(class_)
    keys = {str(key) for _, key in config_keys()}

    assert [each.name for each in found if not each.default or not each.meaning] == []
    assert [each.name for each in found if each.config_key and each.config_key not in keys] == []
    assert [each.name for each in found] == [
        name for name in class_.__annotations__ if name in {each.name for each in found}
    ]


@pytest.mark.parametrize("text", ["", "What it is for."], ids=["no sentence", "no default"])
def test_an_argument_is_refused_that_has(text: str) -> None:
    with pytest.raises(ValueError, match="description"):
        assert Attribute("description", "string", text).default


def test_which_cloud_takes_an_argument_is_tried() -> None:
    assert reference.clouds_that_take("owner") == "all"
    assert reference.clouds_that_take("replicas") == "AWS Secrets Manager, GCP Secret Manager"
    assert reference.clouds_that_take("azure_vault_id") == "Azure Key Vault"
