"""Functions whose answer follows from their arguments alone: documents that other resources take."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

WorkedOut = Callable[[Mapping[str, Any]], dict[str, Any]]


def _policy_document(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Write an IAM policy as the data source does: one member of a list stands alone."""
    documents = [arguments.get("sourceJson"), *(arguments.get("sourcePolicyDocuments") or [])]
    statements: list[Any] = []
    for document in documents:
        if isinstance(document, str) and document:
            above = json.loads(document).get("Statement") or []
            statements += above if isinstance(above, list) else [above]
    statements += [_statement(each) for each in arguments.get("statements") or []]
    policy = {"Version": arguments.get("version") or "2012-10-17", "Statement": statements}
    if arguments.get("policyId"):
        policy["Id"] = arguments["policyId"]
    return {
        "json": json.dumps(policy, indent=2),
        "minifiedJson": json.dumps(policy, separators=(",", ":")),
    }


_LISTS: Final = {
    "actions": "Action",
    "notActions": "NotAction",
    "resources": "Resource",
    "notResources": "NotResource",
}
_PRINCIPALS: Final = {"principals": "Principal", "notPrincipals": "NotPrincipal"}


def _statement(given: Mapping[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": given["sid"]} if given.get("sid") else {}
    statement["Effect"] = given.get("effect") or "Allow"
    for key, name in _LISTS.items():
        if given.get(key):
            statement[name] = _alone(given[key])
    for key, name in _PRINCIPALS.items():
        if given.get(key):
            statement[name] = _principals(given[key])
    conditions: dict[str, dict[str, Any]] = {}
    for each in given.get("conditions") or []:
        conditions.setdefault(each["test"], {})[each["variable"]] = _alone(each["values"])
    return statement | ({"Condition": conditions} if conditions else {})


def _principals(given: list[Mapping[str, Any]]) -> Any:
    if any(each.get("type") == "*" for each in given):
        return "*"
    found: dict[str, list[Any]] = {}
    for each in given:
        found.setdefault(str(each.get("type")), []).extend(each.get("identifiers") or [])
    return {kind: _alone(identifiers) for kind, identifiers in found.items()}


def _alone(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _iam_policy(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Write a Google Cloud IAM policy."""
    bindings = [
        {key: each[key] for key in ("condition", "members", "role") if each.get(key)}
        for each in arguments.get("bindings") or []
    ]
    return {"policyData": json.dumps({"bindings": bindings})}


WORKED_OUT: Final[Mapping[str, WorkedOut]] = {
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
    "gcp:organizations/getIAMPolicy:getIAMPolicy": _iam_policy,
}
