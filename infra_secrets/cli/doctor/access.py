"""A cloud: who is logged in, whether that is where the stack's containers are, and what the identity may do.

What is asked reads no value and makes nothing: see `infra_secrets/clouds/login.py`.
"""

import itertools
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
from infra_secrets.component.settings import CLOUD, CLOUD_VARIABLE, ENVIRONMENT_VARIABLE
from infra_secrets.errors import (
    AccessError,
    DeniedError,
    MissingExtraError,
    NotLoggedInError,
    WrongPlaceError,
)
from infra_secrets.rules.naming import SecretName

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
        said: list[Finding] = []
        for place, declared in self._places():
            try:
                identity = login.identity(place)
            except (AccessError, MissingExtraError) as error:
                found = trouble("cloud-login", self.cloud, error, login.ADDRESSES)
                if (
                    why is None
                    and not configured
                    and isinstance(error, NotLoggedInError | WrongPlaceError)
                ):
                    # Its library is installed, and nothing says that it is used.
                    found = self._finding("cloud-login", "note", found.found, found.fix)
                if found not in said:  # one login for several places
                    said.append(found)
                    yield found
                continue
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
            answered=True,
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
        environment = self._environment()
        wanted: dict[SecretName, str | None] = {each.name: each.id for each in declared}
        notes: tuple[str, ...] = ()
        if not wanted:
            wanted, notes = self._there(place, service, environment)
        login = clouds.login_of(clouds.load(self.cloud))
        asked = dict(itertools.islice(wanted.items(), MOST_ASKED))
        try:
            rights = login.rights(place, service, environment, asked)
        except (AccessError, MissingExtraError) as error:
            yield trouble("cloud-rights", self.cloud, error, login.ADDRESSES)
            return
        if len(wanted) > len(asked):
            more = "" if declared else " or more"
            notes += (f"{len(wanted) - len(asked)}{more} other containers were not asked about.",)
        rights = replace(rights, notes=(*rights.notes, *notes))
        whose = f"{service}/{environment}" if environment else service
        yield judged(self.cloud, rights, whose, self.expected)

    def _there(
        self, place: Place, service: str, environment: str | None
    ) -> tuple[dict[SecretName, str | None], tuple[str, ...]]:
        """List containers of the service where no stack says them; with why there are none.

        What a container's own policy or role allows is seen by trying that container, and by nothing else.
        """
        whose = f"{service}/{environment}" if environment else service
        try:
            client = clouds.connect(clouds.load(self.cloud), self._of_client(place))
            try:
                listed = client.listing(service, environment, deleted=False)
                found = [*itertools.islice(listed, MOST_ASKED + 1)]
            finally:
                client.close()
        except DeniedError:
            return {}, (f"It may not list the containers of {whose}, so that none was tried.",)
        except (AccessError, MissingExtraError) as error:
            text = error.found if isinstance(error, AccessError) else str(error)
            return {}, (f"The containers of {whose} could not be listed: {text}",)
        none = () if found else (f"There is no container of {whose} here.",)
        return {each.name: None for each in found}, none

    def _of_client(self, place: Place) -> Place:
        parts = clouds.values_of(clouds.load(self.cloud)).PLACE
        return {part: text for part, text in place.items() if part in parts}

    def _environment(self) -> str | None:
        stack = self.stack
        if self.named.environment is not None:
            return self.named.environment
        if stack.project is None:
            return ENVIRONMENT_VARIABLE.read()
        if stack.short is None or stack.broken is not None:
            return None
        return stack.project.parts(stack.short)[1]

    def _service(self) -> str | None:
        stack = self.stack
        if self.named.service is not None or stack.project is None or stack.short is None:
            return self.named.service
        if stack.broken is not None:
            return None
        return stack.project.parts(stack.short)[0]

    def _finding(
        self,
        check: str,
        state: State,
        found: str,
        fix: str = "",
        *,
        answered: bool | None = None,
    ) -> Finding:
        return Finding(
            check=check, subject=self.cloud, state=state, found=found, fix=fix, answered=answered
        )


def judged(cloud: str, rights: Rights, whose: str, expected: As | None) -> Finding:
    """Say in one line what an identity may do, and whether that is what it should be.

    Args:
        cloud: Where.
        rights: What it may do.
        whose: The service, with the environment where that is known.
        expected: What it should be.
    """
    readable = [name.reference for name, may in rights.read.items() if may]
    denied = [name.reference for name, may in rights.read.items() if may is False]
    unsure = [name.reference for name, may in rights.read.items() if may is None]
    said = [_create(rights.create, whose), *_read(rights, whose, readable, denied, unsure)]
    found = f"This identity {'; it '.join(said)}."
    wrong, fix = _against(expected, rights, readable, denied)
    unknown = [*_unknown(rights, expected)]
    state: State = "fine"
    if wrong:
        state = "fix"
    elif unknown:
        state, fix = "note" if expected is None else "unknown", " ".join(unknown)
    sentences = [*([wrong] if wrong else []), found, *rights.notes]
    return Finding(
        check="cloud-rights", subject=cloud, state=state, found=" ".join(sentences), fix=fix
    )


def _unknown(rights: Rights, expected: As | None) -> Iterator[str]:
    """Say what could find out what is not known, a sentence for each."""
    tried = bool(rights.read)
    if rights.create is None or (not tried and rights.read_any is None):
        yield rights.to_find_out or "Run it again, by an identity that may ask."
    # Who has no right to all containers may be the reader of each.
    if not tried and expected == "service" and not rights.read_any:
        yield "The stack says which containers to try: run it in the project's folder with --stack NAME."
    if None in rights.read.values():
        yield "What was tried did not answer: run it again."


def _create(may: bool | None, whose: str) -> str:
    if may is None:
        return f"may or may not create containers of {whose}, which could not be found out"
    return f"may{'' if may else ' not'} create containers of {whose}"


def _read(
    rights: Rights,
    whose: str,
    readable: Sequence[str],
    denied: Sequence[str],
    unsure: Sequence[str],
) -> Iterator[str]:
    if not rights.read:
        if rights.read_any is None:
            yield f"may or may not read values of {whose}, which could not be found out"
        elif rights.read_any:
            yield f"may read values of {whose}"
        else:
            yield f"has no right to read every value of {whose}"
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
        if denied:
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
