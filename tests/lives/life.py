"""Plays a life: steps as plain lines on the real engine, and after each what must hold.

A line is a verb and its words, for the stack `production`, or for another one that it names first:

    logical Stripe StripeKey
    up
    follow 1
    staging: up

A step that has nothing to act on does nothing, so that any line may be taken out of a life. What must hold
and does not raises `Broken`.
"""

import copy
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, Literal

from infra_secrets.testing.rehearsal import Rehearsal, Run
from infra_secrets.testing.simulation import Request
from tests.lives import follower
from tests.lives.model import RAW, Model, Wish
from tests.lives.program import ARGUMENTS, TOP, Former, Position, Program, Said, written
from tests.reliability.places import PLACES, PROJECT, STACK
from tests.reliability.programs import PLACEHOLDER
from tests.reliability.stage import fate, in_one_line

Kind = Literal["lost value", "wrong value", "deleted while wanted", "leak", "restless", "dead end"]

ROUNDS: Final = 12
"""Errors that a person follows before giving up: about two for each secret of a life, and some."""

FAULT: Final = "InternalServiceError: the cloud is out of order"

SLOTS: Final[Mapping[str, tuple[str, str]]] = {
    "Stripe": ("StripeApiKey", "stripe-api-key"),
    "Database": ("DatabaseUrl", "database-url"),
    "Webhook": ("WebhookSecret", "webhook-key"),
}
"""What each secret is called at first: its logical name and its key."""

_ERRORS: Final = frozenset(
    {
        "ResourceNotFoundException",
        "InvalidRequestException",
        "NOT_FOUND",
        "FAILED_PRECONDITION",
        "SecretNotFound",
        "SecretDisabled",
    }
)
"""What a reader may get instead of the value."""


class Broken(AssertionError):  # noqa: N818 (it is what became of a promise)
    """Something that must hold does not.

    Attributes:
        kind: What.
        step: Number of the step after which it was seen, from 1; filled in by `play`.
    """

    def __init__(self, kind: Kind, what: str) -> None:
        super().__init__(f"{kind}: {what}")
        self.kind = kind
        self.step = 0


def play(cloud: str, lines: Iterable[str], *, dead_ends: bool = True) -> None:
    """Play a whole life.

    Raises:
        Broken: Something that must hold does not.
    """
    life = Life(cloud, dead_ends=dead_ends)
    try:
        for number, line in enumerate(lines, start=1):
            try:
                life.play(line)
            except Broken as broken:
                broken.step = number
                raise
        life.look_for_leaks()
    finally:
        life.close()


class Subject:
    """One stack of a life.

    Attributes:
        name: The stack's name.
        container_type: The containers' type token.
        rehearsal: Its engine.
        program: What its program says.
        last: Its last run.
        applied: What the program said of each slot when the engine last did it.
        positions: Where each slot was, latest last.
        asked_to_replace: Whether the last run was to replace something, changed or not.
    """

    def __init__(self, name: str, rehearsal: Rehearsal, container_type: str) -> None:
        self.name = name
        self.container_type = container_type
        self.rehearsal = rehearsal
        self.program = Program()
        self.last: Run | None = None
        self.applied: dict[str, Said] = {}
        self.positions: dict[str, list[Position]] = {}
        self.asked_to_replace = False

    @property
    def secrets(self) -> dict[str, Said]:
        return self.program.secrets

    def say(self, slot: str, **changes: Any) -> None:
        if slot in self.secrets:
            self.secrets[slot] = replace(self.secrets[slot], **changes)

    def slot_of(self, logical: str) -> str | None:
        """Find the secret that has, or last had, a logical name."""
        for secrets in (self.secrets, self.applied):
            for slot, said in secrets.items():
                if said.logical == logical:
                    return slot
        return None

    def former(self, slot: str) -> tuple[Former, ...]:
        """Return the aliases that a person would write who remembers where the secret was."""
        said = self.secrets[slot]
        found: dict[Former, None] = {}
        for position in reversed(self.positions.get(slot, ())):
            if position == said.position:
                continue
            if said.raw:
                found[Former(urn=position.urn(self.name, self.container_type))] = None
            elif not position.raw:  # an alias of a component does not lead to a raw resource
                name = position.logical if position.logical != said.logical else None
                parent = position.parent_urn(self.name) if position.parent != said.parent else None
                found[Former(name, parent)] = None
        return tuple(found)


class Life:
    """A cloud, the stacks in it, and everything that people and machines do to them.

    Args:
        cloud: Which cloud.
        dead_ends: Whether an error that advises nothing breaks a promise.
    """

    def __init__(self, cloud: str, *, dead_ends: bool = True) -> None:
        self.place = PLACES[cloud]
        self.dead_ends = dead_ends
        self.model = Model()
        self.subjects: dict[str, Subject] = {}
        self.runs = 0
        self._values_set = 0
        self._verbs: Mapping[str, Callable[..., None]] = {
            name.removeprefix("_do_").replace("_", "-"): method
            for name, method in inspect.getmembers(self, inspect.ismethod)
            if name.startswith("_do_")
        }
        self.cloud = self.place.simulated(self.subject(STACK).rehearsal)

    def close(self) -> None:
        for subject in self.subjects.values():
            subject.rehearsal.close()

    def subject(self, stack: str) -> Subject:
        if stack not in self.subjects:
            shared = list(self.subjects[STACK].rehearsal.clouds.values()) if self.subjects else None
            rehearsal = Rehearsal(
                project=PROJECT, stack=stack, config=self.place.config, clouds=shared
            )
            self.subjects[stack] = Subject(stack, rehearsal, self.place.facts.RESOURCE_TYPE)
        return self.subjects[stack]

    def play(self, line: str) -> None:
        """Play one step, and see whether everything still holds."""
        stack, colon, rest = line.rpartition(": ")
        verb, *words = rest.split()
        self._verbs[verb](self.subject(stack if colon else STACK), *words)
        self._look()

    def name(self, said: Said) -> str:
        """Return the container's name in the cloud."""
        return self.place.spelled(said.name)

    # Changes of the program -------------------------------------------------------------------------

    def _do_add(self, subject: Subject, slot: str, *how: str) -> None:
        """`add Stripe`, `add Stripe discard`, `add Stripe raw`."""
        if slot not in subject.secrets:
            logical, key = SLOTS[slot]
            said = Said(logical, key, raw="raw" in how)
            retentions = [word for word in how if word != "raw"]
            subject.secrets[slot] = replace(said, retention=(*retentions, "keep")[0])

    def _do_remove(self, subject: Subject, slot: str) -> None:
        subject.secrets.pop(slot, None)

    def _do_retention(self, subject: Subject, slot: str, retention: str) -> None:
        subject.say(slot, retention=retention)

    def _do_key(self, subject: Subject, slot: str, key: str) -> None:
        subject.say(slot, key=key, adopt=None, taken_from=None)

    def _do_exchange(self, subject: Subject, slot: str, other: str) -> None:
        """Give two secrets each other's key."""
        if {slot, other} <= set(subject.secrets):
            keys = subject.secrets[slot].key, subject.secrets[other].key
            self._do_key(subject, other, keys[0])
            self._do_key(subject, slot, keys[1])

    def _do_logical(self, subject: Subject, slot: str, logical: str) -> None:
        subject.say(slot, logical=logical)

    def _do_move(self, subject: Subject, slot: str, parent: str) -> None:
        subject.say(slot, parent=None if parent == TOP else parent)

    def _do_describe(self, subject: Subject, slot: str, *words: str) -> None:
        subject.say(slot, description=" ".join(words))

    def _do_tag(self, subject: Subject, slot: str, tag: str) -> None:
        subject.say(slot, tags=(("team", "payments"), ("tier", tag)))

    def _do_owner(self, subject: Subject, slot: str, owner: str) -> None:
        subject.say(slot, owner=None if owner == "nobody" else owner)

    def _do_readers(self, subject: Subject, slot: str, number: str) -> None:
        subject.say(slot, read=number != "0")

    def _do_writers(self, subject: Subject, slot: str, number: str) -> None:
        subject.say(slot, written=number != "0")

    def _do_replicas(self, subject: Subject, slot: str, number: str) -> None:
        subject.say(slot, replicated=number != "0")

    def _do_encrypt(self, subject: Subject, slot: str) -> None:
        subject.say(slot, encrypted=True)

    def _do_transform(self, subject: Subject, switch: str) -> None:
        """`transform on`: a transform of the whole stack returns `args.opts`."""
        subject.program.transformed = switch == "on"

    def _do_alias(self, subject: Subject, slot: str) -> None:
        """Say what a secret was, as somebody does who knows it without being told."""
        if slot in subject.secrets:
            subject.say(slot, former=subject.former(slot))
            raw = [each for each in subject.positions.get(slot, ()) if each.raw]
            if raw and not subject.secrets[slot].raw and "formerly" in ARGUMENTS:
                subject.say(slot, was=raw[-1].urn(subject.name, subject.container_type))

    def _do_unalias(self, subject: Subject, slot: str) -> None:
        subject.say(slot, former=(), was=None)

    def _do_raw(self, subject: Subject, slot: str) -> None:
        """Write a secret as a raw resource."""
        subject.say(slot, raw=True, adopt=None, taken_from=None, was=None, former=())

    def _do_secret(self, subject: Subject, slot: str) -> None:
        """Write a raw resource as a `Secret`."""
        subject.say(slot, raw=False, former=())

    def _do_adopt(self, subject: Subject, slot: str) -> None:
        """Name the container's id, as somebody does who knows the argument."""
        if slot in subject.secrets and not subject.secrets[slot].raw:
            self.adopt(subject, slot)

    def _do_unadopt(self, subject: Subject, slot: str) -> None:
        subject.say(slot, adopt=None, taken_from=None)

    def adopt(self, subject: Subject, slot: str, id_: str | None = None) -> None:
        name = self.name(subject.secrets[slot])
        if id_ is None and self.cloud.state(name, self.place.scope) != "missing":
            id_ = self.place.id_of(subject.rehearsal, name)
        if id_ is not None:
            subject.say(slot, adopt=id_)

    # Runs -------------------------------------------------------------------------------------------

    def _do_up(self, subject: Subject, *how: str) -> None:
        """`up`, `up continue`, `up refresh`, `up target Stripe`, `up replace Stripe`."""
        flags: list[str] = []
        target = None
        if how[:1] == ("continue",):
            flags = ["--continue-on-error"]
        elif how[:1] == ("refresh",):
            flags = ["--refresh"]
        elif how[:1] == ("target",):
            if how[1] not in subject.secrets:
                return
            target = how[1]
            flags = ["--target", f"**{subject.secrets[target].logical}", "--target-dependents"]
        elif how[:1] == ("replace",):
            if how[1] not in subject.applied:
                return
            position = subject.applied[how[1]].position
            flags = ["--replace", position.urn(subject.name, subject.container_type)]
        self.up(subject, *flags, target=target)

    def _do_preview(self, subject: Subject) -> None:
        self._run(subject, "preview", Rehearsal.preview)

    def _do_refresh(self, subject: Subject) -> None:
        self._run(subject, "refresh", Rehearsal.refresh)

    def _do_destroy(self, subject: Subject) -> None:
        self._run(subject, "destroy", Rehearsal.destroy)

    def _do_kill(self, subject: Subject, command: str, operation: str, effect: str) -> None:
        """`kill up create done`, `kill destroy delete lost`: `kill -9` at a container's request."""

        def meets(request: Request) -> bool:
            return (request.operation, request.type) == (operation, subject.container_type)

        run = Rehearsal.up if command == "up" else Rehearsal.destroy

        def killed(rehearsal: Rehearsal, **_given: Any) -> Run:
            return run(
                rehearsal,
                kill_when=meets,
                killed_request_takes_effect=effect == "done",
                check=False,
            )

        self._run(subject, "up" if command == "up" else "destroy", killed)
        if subject.last is not None and subject.last.exit_code < 0:
            subject.rehearsal.extra_args = []
            subject.rehearsal.cancel()

    def up(self, subject: Subject, *flags: str, target: str | None = None) -> Run:
        return self._run(subject, "up", Rehearsal.up, *flags, target=target)

    def refresh(self, subject: Subject, *flags: str) -> Run:
        return self._run(subject, "refresh", Rehearsal.refresh, *flags)

    def _run(
        self,
        subject: Subject,
        command: Literal["preview", "up", "refresh", "destroy"],
        run: Callable[..., Run],
        *flags: str,
        target: str | None = None,
    ) -> Run:
        rehearsal = subject.rehearsal
        rehearsal.program = written(subject.program, self.place)
        rehearsal.extra_args = ["--parallel=1", *flags]
        subject.asked_to_replace = "--replace" in flags
        wishes = {
            slot: Wish(self.name(said), RAW if said.raw else said.retention)
            for slot, said in subject.secrets.items()
        }
        wanted = {
            wish.name
            for wish in wishes.values()
            if wish.retention != RAW and self._is_live(wish.name)
        }
        asked = len(rehearsal.requests)
        self.runs += 1
        done = run(rehearsal, check=False)
        subject.last = done
        if command == "up":
            self._see_deletions(wanted, rehearsal.requests[asked:])
        for name in self.model.values:
            self._judge(name, subject, command, wishes)
        if command == "up":
            self._note(subject, wishes, done, target)
        elif command == "destroy" and done.succeeded:
            self.model.destroyed(subject.name)
        stopped = not done.succeeded and done.exit_code >= 0
        if self.dead_ends and stopped and not follower.ways_out(self, subject):
            raise Broken("dead end", in_one_line(done.error))
        return done

    def _is_live(self, name: str) -> bool:
        return name in self.cloud.names(self.place.scope)

    def _see_deletions(self, wanted: set[str], requests: Iterable[Request]) -> None:
        for request in requests:
            if request.operation == "delete" and request.type == self.place.facts.RESOURCE_TYPE:
                for name in wanted:
                    if re.search(rf"[:/]{re.escape(name)}(-\w{{6}})?$", request.id):
                        raise Broken(
                            "deleted while wanted",
                            f"an up asked to delete {name}, which its program wants",
                        )
        for name in wanted:
            if not self._is_live(name):
                raise Broken(
                    "deleted while wanted", f"{name}, which the program wants, is gone after an up"
                )

    def _judge(self, name: str, subject: Subject, command: str, wishes: Mapping[str, Wish]) -> None:
        found = self._fate(name)
        allowed = (
            self.model.allows(name, subject.name, command, wishes)
            if command in ("up", "destroy")
            else "kept"
        )
        broken = self.model.judge(name, found, allowed)
        if broken is not None:
            raise Broken("lost value", f"{broken}, after `{command}` of {subject.name}")

    def _fate(self, name: str) -> Any:
        text, scope = self.model.values[name].text, self.place.scope
        if self.cloud.value(name, scope) == text:
            return "kept"
        return fate(copy.deepcopy(self.cloud), name, text, scope)

    def _note(
        self, subject: Subject, wishes: Mapping[str, Wish], run: Run, target: str | None
    ) -> None:
        done = {
            step.name
            for step in run.steps
            if step.type == subject.container_type
            and not step.failed
            and step.op not in {"delete", "delete-replaced", "discard-replaced", "refresh"}
        }
        # What the engine left as it is may be what the package then refuses.
        done -= set(re.findall(r'Secret\("([^"]+)"\): ', run.error))
        whole = run.succeeded and target is None
        applied = {
            slot
            for slot, said in subject.secrets.items()
            if whole or (said.logical in done and target in {None, slot})
        }
        for slot in applied:
            said = subject.secrets[slot]
            if said.taken_from is not None:
                former = said.taken_from.rpartition("/")[2]
                self.model.took_over(subject.name, wishes[slot].name, former)
            subject.applied[slot] = said
            known = subject.positions.setdefault(slot, [])
            if said.position in known:
                known.remove(said.position)
            known.append(said.position)
        self.model.ran(subject.name, wishes, applied, whole=whole, killed=run.exit_code < 0)

    # Accidents and hands ----------------------------------------------------------------------------

    def _do_fail(self, _subject: Subject, operation: str) -> None:
        """`fail update`: the cloud refuses the next such request."""
        self.cloud.fail_next(operation, message=FAULT)

    def _do_lose_state(self, subject: Subject) -> None:
        self.look_for_leaks()  # before the evidence goes
        subject.rehearsal.lose_state()

    def _do_set(self, subject: Subject, slot: str) -> None:
        """Let an operator set a new value, with the command that the stack gives out."""
        if slot in subject.secrets:
            said = subject.secrets[slot]
            facts = {
                "infra-secrets.stack": f"organization/{PROJECT}/{subject.name}",
                "infra-secrets.logical-name": said.logical,
            }
            self._set(self.name(said), facts if slot in subject.applied else {})

    def _set(self, name: str, facts: Mapping[str, str]) -> None:
        if self._is_live(name):
            self._values_set += 1
            before = self._tags_on_azure(name)
            # With characters that every escaping treats differently.
            text = f"sk_live_{self._values_set}_{name}_\"<&>'%/é"
            self.cloud.set_value(name, text, self.place.scope)
            self._tag_on_azure(name, {**before, **facts})
            self.model.was_set(name, text)

    def _tags_on_azure(self, name: str) -> dict[str, str]:
        if self.place.cloud != "azure":
            return {}
        there = self.subject(STACK).rehearsal.azure.service.live(self.place.scope, name)
        return {} if there is None else dict(there.current.tags)

    def _tag_on_azure(self, name: str, tags: Mapping[str, str]) -> None:
        """Tag the newest version, which begins without tags."""
        if self.place.cloud == "azure":
            there = self.subject(STACK).rehearsal.azure.service.live(self.place.scope, name)
            assert there is not None
            there.current.tags = dict(tags)

    def _do_edit_tags(self, subject: Subject, slot: str) -> None:
        if slot in subject.secrets and self._is_live(name := self.name(subject.secrets[slot])):
            before = self._tags_on_azure(name)
            self.place.edit_by_hand(subject.rehearsal, name)
            self._tag_on_azure(name, {**before, **self._tags_on_azure(name)})

    def _do_make(self, subject: Subject, slot: str) -> None:
        """Let somebody make the container by hand, before the program does, and set its value."""
        if slot in subject.secrets:
            name = self.name(subject.secrets[slot])
            if self.cloud.state(name, self.place.scope) == "missing":
                self.place.make_by_hand(subject.rehearsal, name)
                self._set(name, {})

    def _do_delete(self, subject: Subject, slot: str) -> None:
        """Let somebody delete the container in the console."""
        if slot in subject.secrets:
            name = self.name(subject.secrets[slot])
            if self._is_live(name) and not self._has_replicas(name):
                self.cloud.delete(name, self.place.scope)
                self.model.was_deleted_by_hand(name, restorable=self.place.cloud != "gcp")

    def _has_replicas(self, name: str) -> bool:
        return bool(self.cloud.describe(name, self.place.scope).get("Replicas"))

    def _do_restore(self, subject: Subject, slot: str) -> None:
        if slot in subject.secrets:
            self.restore(self.name(subject.secrets[slot]))

    def restore(self, name: str) -> None:
        if self.cloud.state(name, self.place.scope) in {"scheduled for deletion", "soft-deleted"}:
            self.cloud.restore(name, self.place.scope)

    # Following --------------------------------------------------------------------------------------

    def _do_follow(self, subject: Subject, *which: str) -> None:
        """Do what the last run's error advises: `follow 1`, or `follow take over` and else the first way."""
        ways = follower.ways_out(self, subject)
        if ways:
            named = " ".join(which)
            number = int(named) if named.isdecimal() else 0
            way = named if named in ways else ways[number % len(ways)]
            follower.follow(self, subject, way)

    def take_back(self, subject: Subject, slot: str) -> None:
        """Say of a secret again what the program said when the engine last did it."""
        said = subject.applied[slot]
        now = subject.secrets.get(slot)
        if now is None:
            subject.secrets[slot] = replace(said, adopt=None, taken_from=None)
        else:
            subject.say(slot, key=said.key, replicated=said.replicated, encrypted=said.encrypted)

    def _do_rest(self, subject: Subject, number: str) -> None:
        """Follow the errors until an `up` goes through, and see that a second one changes nothing.

        An error that comes again is answered with its next way out; the number says which one is first.
        """
        self.cloud._faults.clear()
        seen: dict[str, int] = {}
        for _ in range(ROUNDS):
            run = self.up(subject)
            self._look()
            if run.succeeded:
                taken = [slot for slot, said in subject.secrets.items() if said.adopt]
                for slot in taken:
                    self._do_unadopt(subject, slot)
                if not taken:
                    break
                continue
            ways = follower.ways_out(self, subject)
            if not ways:
                raise Broken("dead end", in_one_line(run.error))
            times = seen[run.error] = seen.get(run.error, -1) + 1
            follower.follow(self, subject, ways[(int(number) + times) % len(ways)])
            self._look()
        else:
            raise Broken("restless", f"after {ROUNDS} rounds: {in_one_line(run.error)}")
        again = self.up(subject)
        if not again.succeeded or again.changes:
            did = ", ".join(f"{step.op} {step.type} {step.name}" for step in again.changes)
            raise Broken("restless", f"a second up is not still: {did} {in_one_line(again.error)}")

    # What must hold ---------------------------------------------------------------------------------

    def _look(self) -> None:
        for name, value in self.model.values.items():
            seen = self.cloud.reader_sees(name, self.place.scope)
            placeholder = name in self.model.raw and seen == PLACEHOLDER
            if seen not in _ERRORS and seen != value.text and not placeholder:
                raise Broken("wrong value", f"a reader of {name} gets another text: {seen[:20]!r}")
        for subject in self.subjects.values():
            for secret in subject.secrets.values():
                name = self.name(secret)
                if name not in self.model.values and name not in self.model.raw:
                    seen = self.cloud.reader_sees(name, self.place.scope)
                    if seen not in _ERRORS:
                        raise Broken("wrong value", f"{name} was never set, and a reader gets one")

    def look_for_leaks(self) -> None:
        """Look for every value outside its cloud: once is enough, since requests, output and files stay."""
        for subject in self.subjects.values():
            for sighting in subject.rehearsal.sightings():
                if sighting.leaked:
                    raise Broken("leak", str(sighting))
