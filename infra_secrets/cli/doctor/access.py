"""A cloud: who is logged in, whether that is where the stack's containers are, and what the identity may do.

What is asked reads no value and makes nothing: see `infra_secrets/clouds/login.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from infra_secrets import clouds
from infra_secrets.cli.doctor import deadlines, machine
from infra_secrets.cli.doctor.findings import Finding, State, trouble
from infra_secrets.cli.doctor.stack import Stack
from infra_secrets.cli.stacks import Declared
from infra_secrets.cli.where import Named
from infra_secrets.clouds import Place
from infra_secrets.clouds.login import Identity, Rights
from infra_secrets.component.settings import CLOUD, CLOUD_VARIABLE
from infra_secrets.errors import AccessError, MissingExtraError, NotLoggedInError, WrongPlaceError

As = Literal["ci", "service"]
"""What an identity should be: `ci` may create containers and read none; `service` may read its own and create none."""

MOST_ASKED = 25
"""Containers whose reading is asked about: each takes a call."""

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One cloud, as this command is about it."""

    cloud: str
    named: Named
    stack: Stack
    expected: As | None = None

    def look(self) -> Iterator[Finding]:
        """Look at the login and at what it may do."""
        meant, why = self._meant()
        if not meant:
            return
        facts = clouds.load(self.cloud)
        login = clouds.login_of(facts)
        configured = self._configured()
        if why is None and not configured and not _installed(login.CLIENT_LIBRARY):
            return
        for place, declared in self._places():
            try:
                identity = login.identity(place)
            except (AccessError, MissingExtraError) as error:
                found = trouble("cloud-login", self.cloud, error)
                if (
                    why is None
                    and not configured
                    and isinstance(error, NotLoggedInError | WrongPlaceError)
                ):
                    # Its library is installed, and nothing says that it is used.
                    found = self._finding("cloud-login", "note", found.found, found.fix)
                yield found
                return
            yield self._logged_in(identity)
            if identity.clock is not None and identity.local is not None:
                apart = machine.clock(self.cloud, identity.clock, identity.local)
                if apart is not None:
                    yield apart
            yield from self._elsewhere(identity, place)
            yield from self._rights(place, declared)

    def deadlines(self, today: date) -> Iterator[Finding]:
        """Look at what ends on this cloud, and whether something here depends on it."""
        if self._meant()[0]:
            known = clouds.load(self.cloud).DEADLINES
            yield from deadlines.look(self.cloud, known, self.stack.config, today)

    def _meant(self) -> tuple[bool, str | None]:
        """Whether this cloud is one to look at, and who says so; nobody where it is only installed or configured."""
        if self.named.cloud is not None:
            return self.named.cloud == self.cloud, "--cloud"
        if self.stack.project is not None:
            declared = {each.cloud for each in self.stack.declared()}
            declared |= {text for key, text in self.stack.config.items() if key == str(CLOUD)}
            if declared:
                return self.cloud in declared, "the stack"
        variable = CLOUD_VARIABLE.read()
        if variable and self.stack.project is None:
            return variable == self.cloud, str(CLOUD_VARIABLE)
        return True, None

    def _configured(self) -> bool:
        """Whether this machine has a login or settings of this cloud."""
        facts = clouds.load(self.cloud)
        variables = [each for part in clouds.values_of(facts).PLACE.values() for each in part]
        folder = Path(clouds.login_of(facts).FOLDER).expanduser()
        return folder.exists() or any(each.read() for each in variables)

    def _places(self) -> list[tuple[Place, list[Declared]]]:
        """Where to look, with what is declared there: where the stack's containers are, else what its config says."""
        parts = clouds.values_of(clouds.load(self.cloud)).PLACE
        named = {part: text for part, text in self.named.place.items() if part in parts}
        found: list[tuple[Place, list[Declared]]] = []
        for each in self.stack.declared():
            if each.cloud != self.cloud or not each.id or clouds.differing(named, each.place):
                continue
            same = next((there for place, there in found if place == each.place), None)
            if same is None:
                found.append((each.place, [each]))
            else:
                same.append(each)
        if found:
            return found
        return [
            ({**clouds.login_of(clouds.load(self.cloud)).place(self.stack.config), **named}, [])
        ]

    def _logged_in(self, identity: Identity) -> Finding:
        where = ", ".join(f"{part} {text}" for part, text in identity.place.items())
        return self._finding(
            "cloud-login",
            "fine",
            f"Logged in as {identity.who}" + (f" ({where})." if where else "."),
        )

    def _elsewhere(self, identity: Identity, place: Place) -> Iterator[Finding]:
        """Compare where the login acts with where the stack's containers are."""
        values = clouds.values_of(clouds.load(self.cloud))
        for part in clouds.differing(identity.place, place):
            there, here = place[part], identity.place[part]
            variables = values.PLACE.get(part)
            if variables:
                yield self._finding(
                    "cloud-place",
                    "note",
                    f"The containers are in {part} {there}, and this shell's own {part} is {here}: a program that "
                    "loads its secrets would look there.",
                    f"For such a program, run: export {variables[0]}={there}",
                )
            else:
                yield self._finding(
                    "cloud-place",
                    "fix",
                    f"The containers are in {part} {there}, and the login is of {part} {here}.",
                    f"Log in to {there}: {values.LOGIN}, with its own profile.",
                )

    def _rights(self, place: Place, declared: Sequence[Declared]) -> Iterator[Finding]:
        """Say what the identity may do, and judge it where somebody said what it should be."""
        service = self._service()
        if service is None:
            if self.expected is not None:
                yield self._finding(
                    "cloud-rights",
                    "unknown",
                    "What this identity may do depends on the service, which is not known.",
                    "Name it: --service NAME",
                )
            return
        asked = declared[:MOST_ASKED]
        try:
            rights = clouds.login_of(clouds.load(self.cloud)).rights(
                place, service, {each.name: each.id for each in asked}
            )
        except (AccessError, MissingExtraError) as error:
            yield trouble("cloud-rights", self.cloud, error)
            return
        left_out = len(declared) - len(asked)
        if left_out:
            note = f"{left_out} more containers of the stack were not asked about."
            rights = replace(rights, notes=(*rights.notes, note))
        yield judged(self.cloud, rights, service, self.expected)

    def _service(self) -> str | None:
        stack = self.stack
        if self.named.service is not None or stack.project is None or stack.short is None:
            return self.named.service
        if stack.broken is not None:
            return None
        return stack.project.parts(stack.short)[0]

    def _finding(self, check: str, state: State, found: str, fix: str = "") -> Finding:
        return Finding(check=check, subject=self.cloud, state=state, found=found, fix=fix)


def judged(cloud: str, rights: Rights, service: str, expected: As | None) -> Finding:
    """Say in one line what an identity may do, and whether that is what it should be."""
    readable = [name.reference for name, may in rights.read.items() if may]
    denied = [name.reference for name, may in rights.read.items() if may is False]
    unsure = [name.reference for name, may in rights.read.items() if may is None]
    said = [_create(rights.create, service), *_read(rights, service, readable, denied, unsure)]
    found = f"This identity {'; it '.join(said)}."
    wrong, fix = _against(expected, rights, readable, denied)
    unknown = expected is not None and (
        rights.create is None or bool(unsure) or (not rights.read and rights.read_any is None)
    )
    state: State = "fix" if wrong else "unknown" if unknown else "fine"
    sentences = [*([wrong] if wrong else []), found, *rights.notes]
    return Finding(
        check="cloud-rights", subject=cloud, state=state, found=" ".join(sentences), fix=fix
    )


def _create(may: bool | None, service: str) -> str:
    if may is None:
        return f"may or may not create containers of {service}, which could not be found out"
    return f"may{'' if may else ' not'} create containers of {service}"


def _read(
    rights: Rights,
    service: str,
    readable: Sequence[str],
    denied: Sequence[str],
    unsure: Sequence[str],
) -> Iterator[str]:
    if not rights.read:
        if rights.read_any is None:
            yield f"may or may not read values of {service}, which could not be found out"
        else:
            yield f"may{'' if rights.read_any else ' not'} read values of {service}"
        return
    if readable:
        yield f"may read {_listed(readable)}"
    if denied:
        yield f"may not read {_listed(denied)}"
    if unsure:
        yield f"may or may not read {_listed(unsure)}, which could not be found out"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _against(
    expected: As | None, rights: Rights, readable: Sequence[str], denied: Sequence[str]
) -> tuple[str, str]:
    reads = bool(readable) or bool(rights.read_any)
    if expected == "ci":
        if reads:
            return (
                "CI can read values, and must not: whoever changes a pipeline could print them.",
                "Take the right to read from its role; the page of each cloud names the permissions that CI needs.",
            )
        if rights.create is False:
            return (
                "CI cannot create containers.",
                "Give its role the right to create; the page of each cloud names the permissions.",
            )
    if expected == "service":
        if denied or (not rights.read and rights.read_any is False):
            return (
                "The service cannot read its own values.",
                "Put its identity into `readers=` of each Secret, and run: pulumi up",
            )
        if rights.create:
            return (
                "The service can create containers, and must not: containers are made by code.",
                "Take the right to create from its identity.",
            )
    return "", ""


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even its parent
        return False
