"""Values of Azure Key Vault, by Azure's own client.

Metadata come from the lists, which never hold a value; `get_secret` is called to read a value and for nothing else.
Key Vault knows no conditional write: the present version is looked at right before, and the versions right after, so
that two writers never overtake each other unnoticed. Deliberately no delete, recover or change of a version.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC
from typing import Any

from infra_secrets.clouds import Place, facts_of
from infra_secrets.clouds.azure import SPELLING, UNSET, versions
from infra_secrets.clouds.azure.connection import AT_ONCE, VAULT_VARIABLE, Connection, vault
from infra_secrets.clouds.azure.failures import (
    CLIENT_EXTRA,
    LOGIN,
    Asked,
    not_found,
    of_secret,
    scheduled,
)
from infra_secrets.clouds.values import Described, State, Value, Written
from infra_secrets.component.settings import Variable
from infra_secrets.errors import (
    AccessError,
    ChangedMeanwhileError,
    DeniedError,
    DisabledError,
    NeverSetError,
    NotFoundError,
    SecretNameError,
    ValueRefusedError,
)
from infra_secrets.rules.naming import SecretName

__all__ = [
    "CALLS_A_MINUTE",
    "CLIENT_EXTRA",
    "LOGIN",
    "MAX_BYTES",
    "PLACE",
    "STATUS_PERMISSIONS",
    "connect",
    "refused",
    "restoring",
]

PLACE: Mapping[str, Sequence[Variable]] = {"vault": (VAULT_VARIABLE,)}
MAX_BYTES = (
    25 * 1024
)  # azure-docs about-secrets.md: 25 KB; the service says 25600 (configu/configu#421)
# 4,000 in 10 seconds for a vault (azure-docs, key-vault/general/service-limits.md): nowhere near.
CALLS_A_MINUTE: int | None = None
STATUS_PERMISSIONS: Sequence[str] = ("Microsoft.KeyVault/vaults/secrets/readMetadata/action",)
PAGE = 25  # the most that a list gives at once (azure-rest-api-specs, secrets.json, maxresults)


def restoring(name: str, place: Place) -> str | None:
    """Write the command that recovers a secret; `az` takes a vault's name, or the address of the secret."""
    address, named = vault(place)
    return of_secret("recover", named, address.removeprefix("https://"), name)


def refused(value: Value) -> str | None:
    """Say what Key Vault cannot store unchanged. It stores text, of 1 to 25,600 bytes."""
    if value.binary:
        return (
            "is binary, and Azure Key Vault stores text alone: encode it, as base64 say, and decode it where it is "
            "read"
        )
    if not value.data:
        return "is empty"
    if len(value.data) > MAX_BYTES:
        return f"has {len(value.data):,} bytes, and Azure Key Vault stores at most {MAX_BYTES:,}"
    if b"\0" in value.data:
        return "has a NUL byte, which is no text that everything can read back from Azure Key Vault"
    try:
        value.data.decode()
    except UnicodeDecodeError:
        return "is not UTF-8, and Azure Key Vault stores text alone"
    return None


def connect(place: Place) -> "KeyVault":
    """Make a client for one vault, with the login that `DefaultAzureCredential` finds."""
    return KeyVault(Connection(place))


class KeyVault:
    """One vault. See `infra_secrets.clouds.values.Client` for what the methods promise."""

    def __init__(self, connection: Connection) -> None:
        self.place: Place = {"vault": connection.name or connection.address}
        self._connection = connection
        self._asked, self._ask, self._client = (
            connection.asked,
            connection.ask,
            connection.client,
        )

    def describe(self, name: SecretName) -> Described:
        """Look at one by the list of its versions."""
        asked = self._asked("look at", name)
        found = self._versions(asked, name)
        if found:
            return self._described(name, found)
        deleted = self._deleted(asked, name)
        if deleted is not None:
            return self._gone(name, deleted)
        raise not_found(asked)

    def listing(
        self, service: str | None = None, environment: str | None = None, *, deleted: bool = True
    ) -> Iterator[Described]:
        """List them, 25 with a call.

        Without the version, which a list does not tell. What was set by another tool may lack its facts: a new version
        starts without tags. `state` is None for a disabled one without the placeholder's mark.
        """
        asked = self._asked("look at")
        client = self._client()
        for item in self._items(asked, client.list_properties_of_secrets):
            name = _wanted(item, service, environment)
            if name is not None:
                yield self._from_list(name, item)
        if deleted:
            asked = replace(asked, what="its deleted containers")
            for gone in self._items(asked, client.list_deleted_secrets):
                name = _wanted(gone.properties, service, environment)
                if name is not None:
                    yield self._gone(name, gone)

    def complete(self, described: Described) -> Described:
        """Tell a placeholder without the mark from a disabled value: it is the only version."""
        if described.state is not None:
            return described
        asked = self._asked("look at", described.name)
        pages = self._client().list_properties_of_secret_versions(
            described.spelled, max_page_size=PAGE
        )
        found = self._ask(asked, lambda: [*next(pages.by_page(), ())])
        if not found:
            raise not_found(asked)
        if len(found) > 1:  # and there may be more pages
            return replace(described, state="disabled")
        return replace(described, state="unset", changed=None, created=found[0].created_on)

    def read(self, names: Sequence[SecretName]) -> Mapping[SecretName, Value | AccessError]:
        """Read them at the same time, each by one call."""
        wanted = [*dict.fromkeys(names)]
        if len(wanted) == 1:  # in this thread, so that Ctrl-C ends it at once
            return {wanted[0]: self._read_one(wanted[0])}
        pool = ThreadPoolExecutor(min(len(wanted) or 1, AT_ONCE), thread_name_prefix="key-vault")
        try:
            return dict(zip(wanted, pool.map(self._read_one, wanted), strict=True))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def read_version(self, name: SecretName, version: str) -> Value:
        """Read one version."""
        return self._value(name, version)

    def write(self, described: Described, value: Value) -> Written:
        """Set a value with the tags and the content type of the version before, and look who else did."""
        asked = self._asked("set", described.name)
        reason = refused(value)
        if reason is not None:
            raise ValueRefusedError(
                f"The value for {asked.what} {reason}.", "Nothing was sent. Give another value."
            )
        before = self._versions(self._asked("look at", described.name), described.name)
        if not before:
            raise self._really(not_found(asked), described.name)
        _compare(described, before, asked)
        ours = self._set(asked, before, value)
        return self._written(asked, described.name, before, ours)

    def close(self) -> None:
        """Close its connections."""
        self._connection.close()

    # Writing

    def _set(self, asked: Asked, before: list[Any], value: Value) -> Any:
        last = versions.present(before)
        # Every PUT makes a version: one that may have arrived is not sent again by itself.
        return self._ask(
            asked,
            lambda: (
                self._client()
                .set_secret(
                    last.name,
                    value.data.decode(),
                    enabled=True,
                    tags=versions.carried(before),
                    content_type=None if last.content_type == UNSET else last.content_type,
                    retry_on_methods=(),
                )
                .properties
            ),
        )

    def _written(self, asked: Asked, name: SecretName, before: list[Any], ours: Any) -> Written:
        notes = []
        expiry = versions.present(before).expires_on
        if expiry is not None:
            notes.append(
                f"The version before had an expiry date ({expiry:%Y-%m-%d}); the new one has none."
            )
        after: list[Any] = []
        try:
            after = self._versions(self._asked("look at", name), name)
        except AccessError as failed:
            notes.append(
                f"Whether somebody else set it at the same moment could not be looked at. {failed.found}"
            )
        known = {ours.version, *(each.version for each in before)}
        others = sorted(
            (each for each in after if each.version not in known), key=lambda each: each.created_on
        )
        if any(each.created_on <= ours.created_on for each in others):
            raise _overtook(asked, ours, others)
        if others:  # who comes second is told: here, or by nobody where another tool was used
            notes.append(
                f"Somebody else set it right after that: version {others[-1].version} is the present one now."
            )
        return Written(version=ours.version, when=ours.created_on, note=" ".join(notes) or None)

    # Reading

    def _read_one(self, name: SecretName) -> Value | AccessError:
        try:
            return self._value(name)
        except AccessError as failed:
            return failed

    def _value(self, name: SecretName, version: str | None = None) -> Value:
        asked = self._asked("read", name)
        spelled = SPELLING.spell(name)
        try:
            secret = self._ask(asked, lambda: self._client().get_secret(spelled, version))
        except (NotFoundError, DisabledError) as failed:
            found: AccessError = failed
        else:
            return _as_value(secret, asked)
        raise self._really(found, name)

    def _really(self, found: AccessError, name: SecretName) -> AccessError:
        """Find out by metadata what a refusal does not tell; where these are denied, it stays as it is."""
        asked = self._asked("look at", name)
        try:
            if not isinstance(found, DisabledError):
                return found if self._deleted(asked, name) is None else scheduled(asked)
            all_ = self._versions(asked, name)
        except AccessError:
            return found
        if all_ and versions.state(all_) == "unset":
            return NeverSetError(
                f"The value of {asked.what} in {asked.title} was never set.",
                f"Run: {asked.to_set}",
            )
        return DisabledError(
            f"The value of {asked.what} in {asked.title} was disabled by somebody.",
            f"Find out why. Then set a new one ({asked.to_set}), or enable the old one: "
            f"{asked.az('set-attributes')} --enabled true",
        )

    # Metadata

    def _described(self, name: SecretName, found: list[Any]) -> Described:
        last, state = versions.present(found), versions.state(found)
        facts = facts_of(versions.carried(found))
        return Described(
            name=name,
            spelled=last.name,
            id=self._id(last.name),
            state=state,
            version=None if state == "unset" else last.version,
            changed=versions.changed(found),
            created=versions.first(found),
            fields=versions.fields(facts),
            facts=versions.other(facts),
        )

    def _from_list(self, name: SecretName, item: Any) -> Described:
        state: State | None = "set" if item.enabled else None
        if not item.enabled and item.content_type == UNSET:
            state = "unset"
        facts = facts_of(item.tags or {})
        return Described(
            name=name,
            spelled=item.name,
            id=self._id(item.name),
            state=state,
            changed=None if state == "unset" else item.created_on,
            created=item.created_on if state == "unset" else None,
            fields=versions.fields(facts),
            facts=versions.other(facts),
        )

    def _gone(self, name: SecretName, gone: Any) -> Described:
        return replace(
            self._from_list(name, gone.properties),
            state="scheduled",
            deleted=gone.scheduled_purge_date,
        )

    def _id(self, spelled: str) -> str:
        return f"{self._connection.address}/secrets/{spelled}"

    def _versions(self, asked: Asked, name: SecretName) -> list[Any]:
        """List the versions of one; empty where there is none of the name, or a deleted one."""
        method = self._client().list_properties_of_secret_versions
        try:
            return self._ask(asked, lambda: [*method(SPELLING.spell(name), max_page_size=PAGE)])
        except NotFoundError:
            return []

    def _deleted(self, asked: Asked, name: SecretName) -> Any:
        """Look for a deleted one; None without one, and where this login may not look."""
        method = self._client().get_deleted_secret
        try:
            return self._ask(asked, lambda: method(SPELLING.spell(name)))
        except (NotFoundError, DeniedError):
            return None

    def _items(self, asked: Asked, method: Callable[..., Any]) -> Iterator[Any]:
        items = self._ask(asked, lambda: iter(method(max_page_size=PAGE)))
        while (item := self._ask(asked, lambda: next(items, None))) is not None:
            yield item


def _as_value(secret: Any, asked: Asked) -> Value:
    try:
        return Value(data=(secret.value or "").encode(), version=secret.properties.version)
    except UnicodeEncodeError:
        pass  # its own text would hold the value
    raise ValueRefusedError(
        f"The value of {asked.what} in {asked.title} is no text: it has half a character (a lone surrogate).",
        f"Set it again: {asked.to_set}",
    )


def _wanted(item: Any, service: str | None, environment: str | None) -> SecretName | None:
    """Read a name that a container may have and that is asked for. What belongs to a certificate is no container."""
    if item.managed:
        return None
    try:
        name = SPELLING.parse(item.name.lower())
    except SecretNameError:
        return None
    wanted = (service or name.service, environment or name.environment)
    return name if (name.service, name.environment) == wanted else None


def _compare(described: Described, before: list[Any], asked: Asked) -> None:
    """Check that the present version is still the one that was described.

    Raises:
        ChangedMeanwhileError: It is another one.
    """
    last = versions.present(before)
    if described.version is None:  # from a list, or never set
        same = described.changed == versions.changed(before)
    else:
        # Of two versions of one second, dates do not tell which is present.
        same = described.version in {
            each.version for each in before if each.created_on == last.created_on
        }
    if not same:
        raise ChangedMeanwhileError(
            f"Somebody else set {asked.what} in {asked.title} in between: version {last.version}, on "
            f"{last.created_on.astimezone(UTC):%Y-%m-%d at %H:%M:%S} UTC. Nothing was written.",
            f"Look at it, and if yours is right run again: {asked.to_set}",
            last.version,
        )


def _overtook(asked: Asked, ours: Any, others: list[Any]) -> ChangedMeanwhileError:
    """Say whose version came before ours, and which one a reader gets now. Dates are whole seconds.

    Args:
        asked: What was asked.
        ours: The version that was written.
        others: Those of others since the look, oldest first.
    """
    newest = others[-1]
    theirs = " and ".join(each.version for each in others)
    if newest.created_on > ours.created_on:
        present, which = newest.version, f"{newest.version} is the present one"
    elif newest.created_on == ours.created_on:
        present, which = (
            None,
            "they are of one second, so that their dates do not tell which is the present one",
        )
    else:
        present, which = ours.version, "yours is the present one, without their change"
    return ChangedMeanwhileError(
        f"Somebody else set {asked.what} in {asked.title} at the same moment. Theirs is kept as version {theirs}, "
        f"yours as {ours.version}; {which}.",
        f"Find out which is right, and set that: {asked.to_set}",
        present,
        [each.version for each in others if each.created_on <= ours.created_on],
    )
