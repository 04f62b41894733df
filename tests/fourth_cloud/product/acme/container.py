"""How a secret of Acme Vault is made, looked at and adopted. A new one is empty, and an update carries no value."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from infra_secrets.clouds.acme import EXTRA, ID_PREFIX, MAX_LABEL, SDK, SPELLING

from infra_secrets import clouds
from infra_secrets.clouds import RECOVER, Existing, Place, Registered, Wanted, grants
from infra_secrets.clouds.adopting import going, other_name
from infra_secrets.errors import SecretArgsError, SecretNameError, UnsupportedError
from infra_secrets.rules.shell import reading_stdin
from infra_secrets.rules.wording import lines_of, shown

if TYPE_CHECKING:
    import pulumi

    from infra_secrets.component.internals import Asking

_PERSON = re.compile(r"[a-z0-9.-]+@acme")

ALREADY_EXISTS = "already exists"
STATE_RUNS_AHEAD = False  # a refused update leaves the state as it was
ASKS_BEFORE_IT_CREATES = False  # Acme refuses a name that is taken
GONE_AT_ONCE: Mapping[str, object] = {}  # every deletion is for good
IDENTITY = ("path",)


def problems(wanted: Wanted) -> Iterator[SecretArgsError]:
    """Yield everything that Acme Vault cannot honour."""
    if wanted.retention == RECOVER:
        yield UnsupportedError(
            "retention='recover' is not possible on Acme: it deletes a secret for good. Use 'keep' or 'discard'."
        )
    if wanted.encryption_key is not None:
        yield UnsupportedError("encryption_key is not possible on Acme. Leave it out.")
    if wanted.replicas:
        yield UnsupportedError("replicas is not possible on Acme. Leave it out.")
    for argument, principals in (("readers", wanted.readers), ("writers", wanted.writers)):
        for principal in principals:
            if isinstance(principal, str) and not _PERSON.fullmatch(principal):
                yield UnsupportedError(
                    f"{argument} has {shown(principal)}; on Acme a principal is 'NAME@acme'."
                )
    if wanted.adopt is not None and place_of(wanted.adopt).get("name") != wanted.spelled:
        existing = wanted.adopt.removeprefix(ID_PREFIX)
        yield SecretNameError(
            f"adopt names {shown(existing)}, but this secret is {wanted.spelled!r}. {other_name(SPELLING, existing)}"
        )


def warnings(_wanted: Wanted) -> Iterator[str]:
    """Yield nothing: what is legal on Acme is also wise."""
    yield from ()


def never_changed(_wanted: Wanted) -> list[str]:
    """Nothing: whatever is on the container is the program's."""
    return []


def create(wanted: Wanted, opts: "pulumi.ResourceOptions") -> Registered:
    """Register an empty secret and the grants on it."""
    from infra_secrets.component.outputs import known_only

    acme = clouds.sdk(SDK, EXTRA)
    secret = acme.Secret(
        wanted.logical_name,
        path=wanted.spelled,
        description=wanted.description,
        labels=_labels(wanted),
        opts=opts,
    )

    def grant(name: str, what: str, principal: "pulumi.Input[str]") -> None:
        acme.Grant(
            name,
            secret=secret.id,
            who=principal,
            may=what,
            opts=grants.beside(opts, "acme:vault:Grant", name, wanted),
        )

    granted = grants.grant_each(
        wanted, [("reader", wanted.readers), ("writer", wanted.writers)], grant
    )
    return Registered(
        resource=secret,
        properties={"path": secret.path},
        secret_id=grants.after(granted, secret.id),
        set_command=known_only(secret.path, lambda path: _set_command(wanted, path)),
        console_url=known_only(secret.path, lambda path: f"https://vault.acme.example/{path}"),
    )


def _labels(wanted: Wanted) -> "dict[str, pulumi.Input[str]]":
    lines = enumerate(lines_of(wanted.fields, MAX_LABEL))
    fields = {f"infra-secrets.fields-{number}": line for number, line in lines}
    return {**wanted.tags, **wanted.facts("."), **fields}


def _set_command(wanted: Wanted, path: str) -> str:
    command = ["acme", "vault", "set", path, "--from-stdin"]
    return reading_stdin(wanted.value_asked_for(), command, as_text=False, fields=wanted.fields)


# Whose a container is


def name(spelled: str) -> str:
    """Write a name as `place` does."""
    return spelled


def place(properties: Mapping[str, Any]) -> Place:
    """The path: there is one vault."""
    path = properties.get("path")
    return {"name": path} if isinstance(path, str) else {}


def looked_for(_place: Place) -> Place:
    """Nothing: a program does not say which tenant it is."""
    return {}


def place_of(id_: str) -> Place:
    """Take an id apart."""
    return {"name": id_.removeprefix(ID_PREFIX)} if id_.startswith(ID_PREFIX) else {}


async def where(_wanted: Wanted, _provider: "pulumi.ProviderResource | None") -> Place:
    """Nothing but the name says where a container is."""
    return {}


async def look(at: Place, asking: "Asking") -> Existing:
    """Read the metadata."""
    found = await asking.ask("acme:vault:getSecret", {"path": at["name"]}) or {}
    return Existing.read(found["id"], found.get("labels") or {}, found)


def adopting(existing: Existing, wanted: Wanted) -> "Iterator[SecretArgsError | str]":
    """Yield what the secret has and the program does not name."""
    there = existing.metadata
    yield from going(
        description=None if wanted.description is not None else there.get("description"),
        tags=[label for label in there.get("labels") or {} if label not in _labels(wanted)],
        tags_are="labels",
    )


def stops(_properties: Mapping[str, Any], _wanted: Wanted) -> str | None:
    """Nothing does."""
    return None


def to_adopt(at: Place) -> str:
    """Say the id."""
    return f'adopt="{ID_PREFIX}{at.get("name")}"'


async def before_create(_inputs: Mapping[str, Any], _wanted: Wanted, _asking: "Asking") -> None:
    """Nothing to ask."""


def way_out(_failure: str, _inputs: Mapping[str, object]) -> str | None:
    """Say nothing more than Acme does."""
    return None
