"""How Acme writes what it computes, where that is not as everybody writes it."""

from typing import Final

from infra_secrets.testing.computed.dialects import Dialect

DIALECTS: Final = (
    Dialect(
        packages=frozenset({"acme"}),
        host=lambda subject, _path: f"{subject.label}.acme.example",
    ),
)
