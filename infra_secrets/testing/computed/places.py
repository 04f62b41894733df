"""The id that a new resource gets, in its cloud's form."""

from dataclasses import replace

from infra_secrets.testing.computed import aws, azure, gcp
from infra_secrets.testing.computed.subject import Subject


def id_of(subject: Subject, path: str = "id") -> str:
    """Return the id of a new resource, or, with another path, the id of another one of its type."""
    if path != "id":
        subject = replace(subject, seed=subject.digits(path, 16), inputs={})
    match subject.package:
        case "aws" | "aws-native":
            return aws.id_of(subject)
        case "gcp":
            return gcp.id_of(subject)
        case "azure" | "azure-native":
            return azure.id_of(subject)
        case "azuread":
            return subject.uuid("id")
        case "kubernetes":
            return f"{subject.given('namespace') or 'default'}/{subject.own_name}"
        case _:
            return subject.auto_name
