"""What GCP asks of the members of a grant, on whatever resource it is.

Whether a member may read is not simulated.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from infra_secrets.testing.simulation import CloudError, Keeps, Rule

MEMBERS: Final = Rule(
    "gcp-members-are-texts",
    "A grant without a member, or with null among its members, is refused.",
    "pulumi-terraform-bridge pkg/tfbridge/provider.go, Check: `member` is required;"
    " docs.cloud.google.com/iam/docs/reference/rest/v1/Policy, Binding",
)
RULES: Final = (MEMBERS,)

# https://cloud.google.com/iam/docs/principal-identifiers
_MEMBER: Final = re.compile(
    r"allUsers|allAuthenticatedUsers"
    r"|(deleted:)?(user|serviceAccount|group):[^@\s]+@[^@\s]+"
    r"|serviceAccount:[^\s\[]+\.svc\.id\.goog\[[^\s/]+/[^\s/]+\]"
    r"|domain:[^\s.]+(\.[^\s.]+)+"
    r"|(deleted:)?(principal|principalSet|principalHierarchy)://\S+/\S+"
    r"|(projectOwner|projectEditor|projectViewer):(?!None$)\S+"
)


def check_members(token: str, inputs: Mapping[str, Any], keeps: Keeps) -> None:
    """Refuse a grant to nobody."""
    kind = token.rpartition(":")[2].lower()
    key = "member" if kind.endswith("iammember") else "members"
    if not kind.endswith(("iammember", "iambinding")) or not keeps(MEMBERS):
        return
    given = inputs.get(key)
    members = given if isinstance(given, list) else [given]
    if None in members:
        raise CloudError(
            "",
            f'{token}: Missing required argument: "{key}" names nobody, because it is null or'
            " holds null",
        )
    if any(isinstance(each, str) and not _MEMBER.fullmatch(each) for each in members):
        raise CloudError(
            "INVALID_ARGUMENT",
            f'{token}: "{key}" names nobody: a member is KIND:ADDRESS, e.g. serviceAccount: or'
            " user: and an e-mail address, domain: and a domain, or principal:// and a path."
            " Was it made of an output that is None?",
        )
