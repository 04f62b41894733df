"""What may become of a value, by what people said in their programs; knows no engine and no cloud.

Every stack holds the containers that its program had in a run, each under the retention of that run. A
value may only go when the stack that removes it holds its container alone, no longer wants it, and its
retention says so. A secret whose name changes is still in the code: then what is said of it now counts too,
and the stricter of the two decides. A raw resource promises nothing, whatever a `Secret` of another name says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.reliability.stage import WORST_FIRST, Fate

RAW = "raw"
"""Stands for the retention of a raw resource."""

_AT_WORST: Mapping[str, Fate] = {
    "keep": "kept",
    "recover": "restorable",
    "discard": "lost",
    RAW: "lost",
}


@dataclass(frozen=True)
class Wish:
    """What a program says about a secret: the container's name in the cloud, and `raw` or its retention."""

    name: str
    retention: str


@dataclass
class Value:
    """An operator's value, and the worst that may have become of it."""

    text: str
    at_worst: Fate = "kept"


@dataclass
class _Hold:
    slot: str
    retentions: set[str]


@dataclass
class Model:
    """What was said and done so far.

    Attributes:
        values: The value that was last set in each container, by the container's name.
        raw: Names of the containers that were a raw resource's, which may hold its placeholder.
    """

    values: dict[str, Value] = field(default_factory=dict)
    raw: set[str] = field(default_factory=set)
    _held: dict[str, dict[str, _Hold]] = field(default_factory=dict)
    _given_away: set[tuple[str, str]] = field(default_factory=set)

    # What people do -------------------------------------------------------------------------------

    def was_set(self, name: str, text: str) -> None:
        self.values[name] = Value(text)

    def was_deleted_by_hand(self, name: str, *, restorable: bool) -> None:
        if name in self.values:
            self.values[name].at_worst = "restorable" if restorable else "lost"

    def took_over(self, stack: str, name: str, former: str) -> None:
        """A program said that `stack` takes a container over from the stack `former`."""
        self._held.get(former, {}).pop(name, None)
        self._given_away.add((former, name))
        self._given_away.discard((stack, name))

    # What runs do ---------------------------------------------------------------------------------

    def ran(
        self,
        stack: str,
        wishes: Mapping[str, Wish],
        applied: Iterable[str],
        *,
        whole: bool,
        killed: bool = False,
    ) -> None:
        """Note an `up`.

        Args:
            stack: Whose.
            wishes: What the program said, by slot.
            applied: Slots of which the run showed that the engine had done what was said.
            whole: Whether the run went through, and was of the whole program.
            killed: Whether it was killed, so that nobody knows what it did of the rest.
        """
        held = self._held.setdefault(stack, {})
        if whole:
            held.clear()
        sure = set(wishes) if whole else set(applied)
        for slot, wish in wishes.items():
            if (stack, wish.name) in self._given_away:
                continue
            if slot in sure:
                held[wish.name] = _Hold(slot, {wish.retention})
            elif killed and wish.name in held:
                held[wish.name].retentions.add(wish.retention)
            if wish.retention == RAW and (slot in sure or killed):
                self.raw.add(wish.name)

    def destroyed(self, stack: str) -> None:
        """Note a `destroy` that went through."""
        self._held[stack] = {}

    # Judging --------------------------------------------------------------------------------------

    def allows(self, name: str, stack: str, command: str, wishes: Mapping[str, Wish]) -> Fate:
        """Say what may at worst become of a value in a run, before that run is noted."""
        hold = self._held.get(stack, {}).get(name)
        others = (held for other, held in self._held.items() if other != stack)
        if hold is None or any(name in held for held in others):
            return "kept"
        worst = min((_AT_WORST[each] for each in hold.retentions), key=WORST_FIRST.index)
        if command == "destroy":
            return worst
        same = [wish.retention for wish in wishes.values() if wish.name == name]
        if any(retention != RAW for retention in same):
            return "kept"
        if same:  # a raw resource took it over; on Azure it puts its placeholder on top
            return min(worst, "buried", key=WORST_FIRST.index)
        if hold.slot in wishes and RAW not in hold.retentions:
            now = _AT_WORST[wishes[hold.slot].retention]
            return max(worst, now, key=WORST_FIRST.index)
        return worst

    def judge(self, name: str, fate: Fate, allowed: Fate) -> str | None:
        """Take note of what became of a value, and say what was promised otherwise."""
        value = self.values[name]
        worst = min(value.at_worst, allowed, key=WORST_FIRST.index)
        if WORST_FIRST.index(fate) < WORST_FIRST.index(worst):
            return f"the value of {name} is {fate}, and was to be {worst}"
        value.at_worst = worst if fate != "kept" else "kept"
        return None
