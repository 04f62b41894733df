"""Texts of a form of their own, by type and property, as each cloud's tables say.

What `texts` knows by a property's name alone is not here. Host names follow the service that has them.
"""

import base64
import hashlib
import re
from typing import Any

from infra_secrets.testing.computed import places
from infra_secrets.testing.computed.subject import Subject, label, words


def form_of(subject: Subject, path: str) -> str | None:
    """Return a property's text by its type's table; None if the table says nothing."""
    name = words(path)
    for type_, place, form in subject.dialect.forms:
        if re.match(type_, subject.token) and re.search(place, name):
            return form.format_map(_Parts(subject, path))
    return None


def host_of(subject: Subject, path: str) -> str | None:
    """Return the name of a service's host; None if the table has none."""
    hosts = subject.dialect.hosts
    form = hosts.get(f"{subject.module}:{subject.type}") or hosts.get(subject.module)
    return None if form is None else form.format_map(_Parts(subject, path))


class _Parts(dict[str, Any]):
    """What a form is filled with; an unknown name is that of an input."""

    def __init__(self, subject: Subject, path: str) -> None:
        super().__init__()
        self.subject = subject
        self.path = path

    def __missing__(self, key: str) -> Any:
        subject, path = self.subject, self.path
        kind, _, count = key.partition("_")
        if kind == "base64":
            digest = hashlib.sha512(f"{subject.seed}\0{path}".encode()).digest()
            return base64.b64encode(digest[: int(count)]).decode()
        if key.startswith("hex"):
            return subject.digits(path, int(key[3:]))
        own = subject.dialect.parts.get(key)
        if own is not None:
            return own(subject, path)
        make = getattr(self, f"_{key}", None)
        return make() if make is not None else subject.given(key) or subject.own_name

    def _name(self) -> str:
        return self.subject.dialect.own_name(self.subject)

    def _label(self) -> str:
        return label(self._name())

    def _id(self) -> str:
        return places.id_of(self.subject)

    def _host(self) -> str:
        return host_of(self.subject, "host") or ""

    def _mark(self) -> str:
        return self.subject.digits(self.path, 12)

    def _decimal(self) -> str:
        return self.subject.number(self.path, 10)

    def _uuid(self) -> str:
        return self.subject.uuid(self.path)

    def _region(self) -> str:
        return self.subject.region

    def _project(self) -> str:
        return self.subject.project

    def _subscription(self) -> str:
        return self.subject.subscription

    def _index(self) -> int:
        found = re.findall(r"\[(\d+)\]", self.path)
        return int(found[-1]) + 1 if found else 1
