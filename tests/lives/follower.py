"""Does what an error advises: a person who pastes what the message says, and knows no better.

`ADVICE` is the whole knowledge of messages: one entry for each thing that a message may tell people to do. A
new piece of advice is a new entry. Advice that belongs to one way out (restore it *and* adopt it) has that
way's name; a person chooses one way and does all of it, for every secret that the error is about.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.lives.program import TOP, Former, Said

if TYPE_CHECKING:
    from tests.lives.life import Life, Subject

Act = Callable[["Life", "Subject", str | None, re.Match[str]], None]
Applies = Callable[["Life", "Subject", str | None, re.Match[str]], bool]


@dataclass(frozen=True)
class Advice:
    """Something that a message may say.

    Attributes:
        way: The way out that it belongs to.
        pattern: How the message says it.
        act: What the person then does; gets the secret's slot, where the message is about one.
        applies: Whether there is anything to do. Advice without is passed over.
    """

    way: str
    pattern: re.Pattern[str]
    act: Act
    applies: Applies = lambda _life, _subject, _slot, _match: True


def ways_out(life: "Life", subject: "Subject") -> list[str]:
    """List the ways out that the stack's last error names, in its order; none when it succeeded."""
    return list(dict.fromkeys(advice.way for advice, _, _ in _found(life, subject)))


def follow(life: "Life", subject: "Subject", way: str) -> None:
    """Do everything of one way out."""
    for advice, slot, match in list(_found(life, subject)):
        if advice.way == way:
            advice.act(life, subject, slot, match)


def _found(life: "Life", subject: "Subject") -> Iterator[tuple[Advice, str | None, re.Match[str]]]:
    if subject.last is None or subject.last.succeeded:
        return
    for part in re.split(r'(?=Secret\("[^"]+"\): )', _joined(subject.last.error)):
        about = re.match(r'Secret\("([^"]+)"\): ', part)
        slot = None if about is None else subject.slot_of(about[1])
        matches = [
            (match.start(), number, advice, match)
            for number, advice in enumerate(ADVICE)
            for match in advice.pattern.finditer(part)
            if advice.applies(life, subject, slot, match)
        ]
        for _, _, advice, match in sorted(matches, key=lambda each: each[:2]):
            yield advice, slot, match


def _joined(text: str) -> str:
    return re.sub(r"\s+", " ", text)


# What it was ------------------------------------------------------------------------------------


def _is_in_code(_life: "Life", subject: "Subject", slot: str | None, _match: Any) -> bool:
    return slot in subject.secrets


def _former(subject: "Subject", slot: str, match: re.Match[str]) -> tuple[Former, ...]:
    """Read `Alias(...)`. Where it is a pattern to fill in, the person fills in what they remember."""
    inside = match["inside"]
    name = re.search(r'name="([^"]+)"', inside)
    parent = re.search(r'parent="(urn:[^"]+)"', inside)
    top = "ROOT_STACK_RESOURCE" in inside
    if "..." in inside or not (name or parent or top):
        return subject.former(slot)
    where = TOP if top else parent[1] if parent else None
    return (Former(name[1] if name else None, where),)


def _has_another_past(
    _life: "Life", subject: "Subject", slot: str | None, match: re.Match[str]
) -> bool:
    if slot is None or slot not in subject.secrets:
        return False
    return not set(_former(subject, slot, match)) <= set(subject.secrets[slot].former)


def _say_the_alias(
    _life: "Life", subject: "Subject", slot: str | None, match: re.Match[str]
) -> None:
    assert slot is not None
    former = dict.fromkeys([*subject.secrets[slot].former, *_former(subject, slot, match)])
    subject.say(slot, former=tuple(former), adopt=None, taken_from=None)


def _has_another_urn(
    _life: "Life", subject: "Subject", slot: str | None, match: re.Match[str]
) -> bool:
    return slot in subject.secrets and Former(urn=match["urn"]) not in subject.secrets[slot].former


def _say_the_urn(_life: "Life", subject: "Subject", slot: str | None, match: re.Match[str]) -> None:
    assert slot is not None
    former = (*subject.secrets[slot].former, Former(urn=match["urn"]))
    subject.say(slot, former=former, adopt=None, taken_from=None)


def _say_formerly(
    _life: "Life", subject: "Subject", slot: str | None, match: re.Match[str]
) -> None:
    assert slot is not None
    subject.say(slot, was=match["urn"], adopt=None, taken_from=None)


# Taking over ------------------------------------------------------------------------------------


def _restore(life: "Life", subject: "Subject", slot: str | None, match: re.Match[str]) -> None:
    del subject, slot
    life.restore(match["name"])


def _adopt(life: "Life", subject: "Subject", slot: str | None, match: re.Match[str]) -> None:
    assert slot is not None
    # `<its ARN>` and `<azure_vault_id>/...` are to be filled in; an id is pasted as it is.
    life.adopt(subject, slot, None if "<" in match["id"] else match["id"])


def _take_from(_life: "Life", subject: "Subject", slot: str | None, match: re.Match[str]) -> None:
    assert slot is not None
    subject.say(slot, taken_from=match["stack"])


def _forget_there(
    life: "Life", _subject: "Subject", slot: str | None, match: re.Match[str]
) -> None:
    """Take it out of the other stack's state, with what depends on it, as `pulumi state delete` does."""
    del slot
    other = life.subject(match["stack"].rpartition("/")[2])
    container = re.compile(rf"{re.escape(other.container_type)}::{re.escape(match['name'])}$")

    def edit(deployment: dict[str, Any]) -> None:
        resources = deployment.get("resources", [])
        gone = {each["urn"] for each in resources if container.search(each["urn"])}
        deployment["resources"] = [
            each
            for each in resources
            if each["urn"] not in gone and gone.isdisjoint(each.get("dependencies") or ())
        ]

    other.rehearsal.edit_state(edit)


def _forget_what_waits(
    _life: "Life", subject: "Subject", slot: str | None, match: re.Match[str]
) -> None:
    """Take out of the state what waits for its deletion under the id that the message names."""
    del slot

    def edit(deployment: dict[str, Any]) -> None:
        deployment["resources"] = [
            each
            for each in deployment.get("resources", [])
            if not (each.get("delete") and each.get("id") == match["id"])
        ]

    subject.rehearsal.edit_state(edit)


def _drop_formerly(
    _life: "Life", subject: "Subject", slot: str | None, _match: re.Match[str]
) -> None:
    assert slot is not None
    subject.say(slot, was=None)


def _drop_adopt(_life: "Life", subject: "Subject", slot: str | None, match: re.Match[str]) -> None:
    del slot, match
    for each in subject.secrets:
        subject.say(each, adopt=None, taken_from=None)


def _adopts(_life: "Life", subject: "Subject", _slot: str | None, _match: Any) -> bool:
    return any(said.adopt for said in subject.secrets.values())


# Taking a change back ---------------------------------------------------------------------------


def _as_applied(subject: "Subject", slot: str) -> Said:
    """Return what the program said when the engine last did it; what is taken over is taken over."""
    return replace(subject.applied[slot], adopt=None, taken_from=None)


def _has_changed(_life: "Life", subject: "Subject", slot: str | None, _match: Any) -> bool:
    if slot not in subject.secrets:
        return False
    applied = slot in subject.applied and _as_applied(subject, slot) != subject.secrets[slot]
    return applied or subject.asked_to_replace  # then without the flag


def _undo(_life: "Life", subject: "Subject", slot: str | None, _match: Any) -> None:
    assert slot is not None
    if slot in subject.applied:
        subject.secrets[slot] = _as_applied(subject, slot)


def _other_key(_life: "Life", subject: "Subject", slot: str | None, _match: Any) -> None:
    assert slot is not None
    subject.say(slot, key=f"{subject.secrets[slot].key}-2", adopt=None, taken_from=None)


def _put_back_later(life: "Life", subject: "Subject", slot: str | None, _match: Any) -> None:
    """Take it out of the program, run, and put it back."""
    assert slot is not None
    said = subject.secrets.pop(slot)
    _run_between(life, subject)
    subject.secrets[slot] = said


def _in_two_runs(life: "Life", subject: "Subject", slot: str | None, _match: Any) -> None:
    """Let the other one go first, and then give its name to this one."""
    assert slot is not None
    said = dict(subject.secrets)
    mine = subject.secrets.pop(slot)
    if slot in subject.applied:
        mine = _as_applied(subject, slot)
        for other in [each for each in subject.secrets if subject.secrets[each].name == mine.name]:
            subject.say(other, key=f"{mine.key}-2")
        subject.secrets[slot] = mine
    _run_between(life, subject)
    subject.secrets.clear()
    subject.secrets.update(said)


def _run_between(life: "Life", subject: "Subject") -> None:
    last = subject.last
    life.up(subject)
    subject.last = last  # its other advice is still to be followed


# The engine's own advice ------------------------------------------------------------------------


def _of_urn(subject: "Subject", match: re.Match[str]) -> str | None:
    return subject.slot_of(match["urn"].rpartition("::")[2])


def _was_applied(
    _life: "Life", subject: "Subject", _slot: str | None, match: re.Match[str]
) -> bool:
    return (
        subject.last is not None
        and subject.last.command == "up"
        and _of_urn(subject, match) in subject.applied
    )


def _take_back(life: "Life", subject: "Subject", slot: str | None, match: re.Match[str]) -> None:
    slot = _of_urn(subject, match)
    assert slot is not None
    life.take_back(subject, slot)


def _unprotect(_life: "Life", subject: "Subject", slot: str | None, match: re.Match[str]) -> None:
    del slot

    def edit(deployment: dict[str, Any]) -> None:
        for resource in deployment.get("resources", []):
            if resource["urn"] == match["urn"]:
                resource.pop("protect", None)

    subject.rehearsal.edit_state(edit)


def _refresh(life: "Life", subject: "Subject", slot: str | None, match: re.Match[str]) -> None:
    del slot
    last = subject.last
    life.refresh(subject, *match["flags"].split())
    subject.last = last  # as after `_run_between`


def _unassign(life: "Life", subject: "Subject", slot: str | None, match: re.Match[str]) -> None:
    del life, slot
    assignments = subject.rehearsal.azure.role_assignments
    for id_ in [each for each in assignments if match["scope"] in each]:
        del assignments[id_]


# A raw resource says nothing of its own: who fails with one goes back to what there was ------------


def _failing_raw(subject: "Subject") -> list[str]:
    failed = {step.name for step in subject.last.steps if step.failed} if subject.last else set()
    return [slot for slot, said in subject.secrets.items() if said.raw and said.logical in failed]


def _fails_raw(_life: "Life", subject: "Subject", slot: str | None, _match: Any) -> bool:
    return slot is None and bool(_failing_raw(subject))


def _give_up(_life: "Life", subject: "Subject", slot: str | None, match: re.Match[str]) -> None:
    del slot, match
    for each in _failing_raw(subject):
        before, now = subject.applied.get(each), subject.secrets[each]
        if before is None or before == now:
            subject.say(each, raw=False)
        else:
            subject.secrets[each] = before


def _again(*_nothing: Any) -> None:
    """Run again, which the next `up` does."""


_URN = r"(?P<urn>urn:pulumi:[^'\"`\s]+)"


ADVICE: tuple[Advice, ...] = (
    Advice(
        "what it was", re.compile(r"Alias\((?P<inside>[^)]*)\)"), _say_the_alias, _has_another_past
    ),
    Advice("what it was", re.compile(rf'aliases=\["{_URN}"\]'), _say_the_urn, _has_another_urn),
    Advice("what it was", re.compile(rf'formerly="{_URN}"'), _say_formerly, _is_in_code),
    Advice(
        "take over",
        re.compile(r"aws secretsmanager restore-secret .*?--secret-id (?P<name>[^\s,]+)"),
        _restore,
    ),
    Advice(
        "take over",
        re.compile(r"az keyvault secret recover --vault-name \S+ --name (?P<name>[^\s,.]+)"),
        _restore,
    ),
    Advice("take over", re.compile(r'adopt="(?P<id>[^"]+)"'), _adopt, _is_in_code),
    Advice("take over", re.compile(r'adopt_from="(?P<stack>[^"]+)"'), _take_from, _is_in_code),
    Advice(
        "take over",
        re.compile(
            r"another stack: '(?P<stack>[^']+)' has it as Secret\('(?P<name>[^']+)'\)"
            r".*?remove it from that stack's state"
        ),
        _forget_there,
    ),
    Advice(
        "take over",
        re.compile(r'pulumi stack export [^"]*"delete": true .*?adopt="(?P<id>[^"]+)"'),
        _forget_what_waits,
    ),
    Advice("undo", re.compile(r"\bUndo the change\b"), _undo, _has_changed),
    Advice(
        "another key", re.compile(r"\b[Gg]ive [^.;]*\ba different key="), _other_key, _is_in_code
    ),
    Advice(
        "later",
        re.compile(r"remove this Secret from the program, run pulumi up, and put it back"),
        _put_back_later,
        _is_in_code,
    ),
    Advice("in two runs", re.compile(r"Do it in two runs"), _in_two_runs, _is_in_code),
    Advice(
        "take it back",
        re.compile(
            rf'(unable to replace )?resource "{_URN}" (cannot be deleted|as it is currently)'
        ),
        _take_back,
        _was_applied,
    ),
    Advice("unprotect", re.compile(rf"pulumi state unprotect '?{_URN}"), _unprotect),
    Advice(
        "unprotect",
        re.compile(rf'unable to replace resource "{_URN}" as it is currently marked'),
        _unprotect,
    ),
    Advice(
        "drop adopt",
        re.compile(
            r"remove the `import` declaration|resource '\S+' does not exist"
            r"|\b[Rr]emove adopt="
        ),
        _drop_adopt,
        _adopts,
    ),
    Advice(
        "take the role away",
        re.compile(r"az role assignment delete .*?--scope (?P<scope>\S+)"),
        _unassign,
    ),
    Advice(
        "refresh", re.compile(r"pulumi refresh(?P<flags>( --clear-pending-creates)?)"), _refresh
    ),
    Advice("take over", re.compile(r"\bremove formerly="), _drop_formerly, _is_in_code),
    Advice("run again", re.compile(r"InternalServiceError"), _again),
    Advice("run again", re.compile(r"Target '\S+' could not be found in the stack"), _again),
    Advice("not as a raw resource", re.compile(r"update failed"), _give_up, _fails_raw),
)
