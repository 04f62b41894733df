"""The SDKs that Pulumi generates compile, with a program that gives every argument of every component."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.conftest import PATIENCE
from tests.languages.conftest import Generate, compile_typescript
from tests.languages.host import GO_BUILD

Property = Mapping[str, Any]


def components(schema: str) -> dict[str, dict[str, Any]]:
    found = json.loads(schema)["resources"]
    return {token.rpartition(":")[2]: resource for token, resource in found.items()}


def in_typescript(given: Property) -> str:
    match given:
        case {"type": "array"}:
            return f"[{in_typescript(given['items'])}]"
        case {"type": "object"}:
            return f"{{some: {in_typescript(given['additionalProperties'])}}}"
        case {"$ref": "pulumi.json#/Any"}:
            return "{path: '/healthz', port: 8080}"
        case {"type": kind}:
            return {"string": "'x'", "integer": "1", "number": "1.5", "boolean": "true"}[kind]
    raise AssertionError(given)


def in_go(given: Property, *, optional: bool = True) -> str:
    """What Go takes: a value known at once is of Go's own types, and a pointer where it is optional."""
    match given:
        case {"type": "array"}:
            return f"[]{go_type(given['items'])}{{{in_go(given['items'], optional=False)}}}"
        case {"type": "object"}:
            inner = given["additionalProperties"]
            return f'map[string]{go_type(inner)}{{"some": {in_go(inner, optional=False)}}}'
        case {"$ref": "pulumi.json#/Any"}:
            return '"/healthz"'
        case {"type": kind}:
            literal = {"string": '"x"', "integer": "1", "number": "1.5", "boolean": "true"}[kind]
            name = {"string": "String", "integer": "Int", "number": "Float64", "boolean": "Bool"}
            if not given.get("plain"):
                return f"pulumi.{name[kind]}({literal})"
            return f"pulumi.{name[kind]}Ref({literal})" if optional else literal
    raise AssertionError(given)


def go_type(given: Property) -> str:
    match given:
        case {"type": "array"}:
            return f"[]{go_type(given['items'])}"
        case {"type": "object"}:
            return f"map[string]{go_type(given['additionalProperties'])}"
        case {"$ref": "pulumi.json#/Any"}:
            return "interface{}"
        case {"type": kind, "plain": True}:
            return {"string": "string", "integer": "int", "number": "float64", "boolean": "bool"}[
                kind
            ]
        case {"type": kind}:
            return {
                "string": "pulumi.StringInput",
                "integer": "pulumi.IntInput",
                "number": "pulumi.Float64Input",
                "boolean": "pulumi.BoolInput",
            }[kind]
    raise AssertionError(given)


def test_a_typescript_program_that_gives_every_argument_compiles(
    typescript: Path, schema: str
) -> None:
    lines = ["import * as infra from '@infra-secrets/infra-secrets';"]
    for name, component in components(schema).items():
        given = component["inputProperties"].items()
        arguments = ", ".join(f"{key}: {in_typescript(each)}" for key, each in given)
        lines.append(f"const made{name} = new infra.{name}('one', {{{arguments}}});")
        lines += [f"export const {name}_{key} = made{name}.{key};" for key in component["required"]]
    (typescript / "index.ts").write_text("\n".join(lines))

    assert compile_typescript(typescript, "--noEmit") == ""


def test_typescript_refuses_a_value_and_a_misspelt_argument_when_it_compiles(
    typescript: Path,
) -> None:
    (typescript / "index.ts").write_text(
        "import { Secret } from '@infra-secrets/infra-secrets';\n"
        "new Secret('one', { value: 'x' });\n"
        "new Secret('two', { enviroment: 'dev' });\n"
    )
    said = compile_typescript(typescript, "--noEmit")

    assert re.findall(
        r"index\.ts\((\d+),.*\n.*'(\w+)' does not exist in type 'SecretArgs'", said
    ) == [
        ("2", "value"),
        ("3", "enviroment"),
    ]


def test_a_go_program_that_gives_every_argument_compiles_and_vets(go: Path, schema: str) -> None:
    lines = []
    for name, component in components(schema).items():
        required = component.get("requiredInputs", [])
        arguments = ", ".join(
            f"{key[0].upper()}{key[1:]}: {in_go(each, optional=key not in required)}"
            for key, each in component["inputProperties"].items()
        )
        used = "; ".join(
            f'ctx.Export("{name}.{key}", made.{key[0].upper()}{key[1:]})'
            for key in component["required"]
        )
        lines.append(
            f'\tif made, err := infrasecrets.New{name}(ctx, "one", &infrasecrets.{name}Args{{{arguments}}});'
            f" err != nil {{\n\t\treturn err\n\t}} else {{\n\t\t{used}\n\t}}"
        )
    write_go(go, "\n".join(lines))
    built = compile_go(go)
    vetted = subprocess.run(
        ["go", "vet", *GO_BUILD[2:], "./..."], cwd=go, check=False, capture_output=True, text=True
    )

    assert (built, vetted.returncode, vetted.stderr) == ("", 0, "")


def test_go_refuses_a_value_when_it_compiles(go: Path) -> None:
    write_go(
        go,
        '\t_, err := infrasecrets.NewSecret(ctx, "one", &infrasecrets.SecretArgs{Value: pulumi.String("x")})\n'
        "\tif err != nil {\n\t\treturn err\n\t}",
    )

    assert "unknown field Value in struct literal" in compile_go(go)


def write_go(project: Path, body: str) -> None:
    (project / "main.go").write_text(
        "package main\n\nimport (\n"
        '\t"github.com/infra-secrets/infra-secrets/sdk/go/infrasecrets"\n'
        '\t"github.com/pulumi/pulumi/sdk/v3/go/pulumi"\n)\n\n'
        "func main() {\n\tpulumi.Run(func(ctx *pulumi.Context) error {\n"
        f"{body}\n\t\treturn nil\n\t}})\n}}\n"
    )


def compile_go(project: Path) -> str:
    return subprocess.run(
        [*GO_BUILD, "-o", project / "program", "."],
        cwd=project,
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    ).stderr


def test_the_python_sdk_of_the_plugin_is_another_module_than_the_package(
    tmp_path: Path, generate: Generate
) -> None:
    sdk = generate("python", tmp_path / "python")
    # Importing it needs a package that only generated SDKs need.
    subprocess.run([sys.executable, "-m", "compileall", "-q", sdk], check=True)
    text = (sdk / "infra_secrets_infra_secrets" / "__init__.py").read_text()

    for name in ("esc_deployment", "esc_env", "external_env", "secret"):
        assert f"from .{name} import *" in text
