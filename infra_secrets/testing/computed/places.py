"""The id that a new resource gets, in its cloud's form."""

from dataclasses import replace

from infra_secrets.testing.computed.subject import Subject


def id_of(subject: Subject, path: str = "id") -> str:
    """Return the id of a new resource, or, with another path, the id of another one of its type."""
    if path != "id":
        subject = replace(subject, seed=subject.digits(path, 16), inputs={})
    if subject.package == "kubernetes":
        return f"{subject.given('namespace') or 'default'}/{subject.own_name}"
    return subject.dialect.id_of(subject)
