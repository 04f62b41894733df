"""What AWS asks of a policy: of the one on a secret, and of its principals in any other.

Whether a policy lets somebody read is not simulated.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from infra_secrets.testing.simulation import CloudError, Keeps, Rule

POLICY_LIMIT: Final = 20480  # botocore, NonEmptyResourcePolicyType

NO_PUBLIC_POLICY: Final = Rule(
    "aws-public-policy-is-blocked",
    "With BlockPublicPolicy a policy that lets everybody in is refused.",
    "botocore secretsmanager service-2.json, PutResourcePolicy",
)
PRINCIPALS: Final = Rule(
    "aws-principals-are-texts",
    "A policy that names a principal by null, or by anything but a text, is malformed: the policy of"
    " a secret, and any other that a resource is given.",
    "docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html, principal_block",
)
RULES: Final = (NO_PUBLIC_POLICY, PRINCIPALS)


def check_resource_policy(policy: str, keeps: Keeps, *, block_public_policy: bool) -> None:
    """Refuse what PutResourcePolicy refuses."""
    try:
        statements = json.loads(policy)["Statement"]
    except (ValueError, KeyError, TypeError):
        raise CloudError(
            "MalformedPolicyDocumentException", "This resource policy contains a syntax error."
        ) from None
    if len(policy) > POLICY_LIMIT:
        raise CloudError(
            "ValidationException",
            "1 validation error detected: Value at 'resourcePolicy' failed to satisfy"
            f" constraint: Member must have length less than or equal to {POLICY_LIMIT}",
        )
    if keeps(PRINCIPALS) and _names_nobody(policy):
        raise CloudError(
            "MalformedPolicyDocumentException",
            "This resource policy contains an unsupported principal.",
        )
    each = [statements] if isinstance(statements, Mapping) else statements
    public = any(_lets_everybody_in(statement) for statement in each)
    if public and block_public_policy and keeps(NO_PUBLIC_POLICY):
        raise CloudError(
            "PublicPolicyException",
            "The BlockPublicPolicy parameter is set to true, and the resource policy did not"
            " prevent broad access to the secret.",
        )


def check_policies(token: str, inputs: Mapping[str, Any], keeps: Keeps) -> None:
    """Refuse a malformed policy of any resource: IAM, not its service, looks at its principals."""
    malformed = [key for key, value in inputs.items() if _names_nobody(value)]
    if malformed and keeps(PRINCIPALS):
        raise CloudError(
            "MalformedPolicyDocument",
            f"{token}: api error MalformedPolicyDocument: Syntax errors in policy: a principal"
            f" of {', '.join(malformed)} is nobody: under AWS it is an ARN, an account of 12 digits, a"
            " unique id or *. Was it made of an output that is None?",
        )
    if token == _PERMISSION and inputs.get("principal") in {None, "", "None"}:
        raise CloudError(
            "",
            f'{token}: Missing required argument: "principal" names nobody. Give the account,'
            " ARN or service that may call the function.",
        )


def _lets_everybody_in(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    principals = principal.get("AWS") if isinstance(principal, Mapping) else principal
    everybody = principals == "*" or (isinstance(principals, list) and "*" in principals)
    return statement.get("Effect") == "Allow" and everybody and not statement.get("Condition")


_PERMISSION: Final = "aws:lambda/permission:Permission"


def _names_nobody(policy: Any) -> bool:
    """Whether a text is a policy with a principal that can be nobody."""
    if not isinstance(policy, str) or "Principal" not in policy:
        return False
    try:
        document = json.loads(policy)
    except ValueError:
        return False
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    each = [statements] if isinstance(statements, Mapping) else statements or []
    return any(
        not _is_principal(statement[key])
        for statement in each
        if isinstance(statement, Mapping)
        for key in ("Principal", "NotPrincipal")
        if key in statement
    )


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
_AWS_PRINCIPAL: Final = re.compile(r"\*|arn:.+|\d{12}|A(IDA|ROA)[A-Z0-9]+")


def _is_principal(value: Any, kind: str = "") -> bool:
    if isinstance(value, Mapping):
        return all(_is_principal(member, str(key)) for key, member in value.items())
    if isinstance(value, list):
        return all(isinstance(member, str) and _is_principal(member, kind) for member in value)
    if not isinstance(value, str):
        return False
    if kind in {"", "AWS"}:
        return _AWS_PRINCIPAL.fullmatch(value) is not None
    return value not in {"", "None", "null"}
