"""What a name in code stands for: after `import pulumi as p`, `p.Config` is `pulumi.Config`."""

import ast
from collections.abc import Mapping


def imported(tree: ast.AST) -> dict[str, str]:
    """Return what each name stands for, that an import gives another one than its own in full."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=modules):
                names |= {each.asname: each.name for each in modules if each.asname}
            case ast.ImportFrom(module=str(module), names=members, level=0):
                names |= {each.asname or each.name: f"{module}.{each.name}" for each in members}
    return names


def dotted(node: ast.AST, names: Mapping[str, str]) -> str:
    """Spell an expression with what its first name stands for."""
    match node:
        case ast.Name(id=name):
            return names.get(name, name)
        case ast.Attribute(value=value, attr=name):
            return f"{dotted(value, names)}.{name}"
    return ast.unparse(node)
