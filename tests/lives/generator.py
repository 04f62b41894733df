"""Makes lives up: episodes that are told the way such things happen, and single steps between them.

An episode is a few lines in an order that makes sense (rename, `up`, do what the message says, `up`), of
which each may be left out. Two episodes may come between each other's lines, as people do.
"""

import random
from collections.abc import Callable, Iterator

from tests.lives.life import SLOTS
from tests.reliability.places import PLACES

Lines = list[str]

LOGICALS = {
    "Stripe": ("StripeApiKey", "StripeKey", "PaymentsKey"),
    "Database": ("DatabaseUrl", "DatabaseLogin"),
    "Webhook": ("WebhookSecret", "HookSecret"),
}
KEYS = {
    "Stripe": ("stripe-api-key", "stripe-secret-key"),
    "Database": ("database-url", "database-login"),
    "Webhook": ("webhook-key", "webhook-secret"),
}
PARENTS = ("platform", "top", "platform", "payments")
GUEST = "staging"


def make(seed: object, cloud: str, length: int = 25) -> Lines:
    """Return a life of about so many steps, after the two or three with which every life begins."""
    return _Teller(random.Random(f"{seed}/{cloud}"), cloud).life(length)  # noqa: S311 (a replay must draw the same)


class _Teller:
    def __init__(self, draw: random.Random, cloud: str) -> None:
        self.draw = draw
        self.cloud = cloud
        self.retentions = ("keep", "discard") if cloud == "gcp" else ("keep", "discard", "recover")
        # On GCP a key in `global` and replicas exclude each other.
        self.keyed = PLACES[cloud].encryption_key is not None and draw.random() < 0.5
        self.replicated = bool(PLACES[cloud].replicas) and (cloud == "aws" or not self.keyed)

    def life(self, length: int) -> Lines:
        lines = list(self._birth())
        born = len(lines)
        while len(lines) - born < length:
            told = list(self._maybe(self._episode()))
            if self.draw.random() < 0.15:
                told = self._between(told, list(self._maybe(self._episode())))
            lines += told
        guests = any(line.startswith(GUEST) for line in lines)
        if guests:
            lines.append(f"{GUEST}: rest {self.draw.randrange(2)}")
        return [*lines, f"rest {self.draw.randrange(2)}"]

    def _birth(self) -> Iterator[str]:
        slots = self.draw.sample(list(SLOTS), self.draw.choice((1, 2, 2, 3)))
        for slot in slots:
            yield f"add {slot}{self._how()}"
        yield "up"
        for slot in slots:
            yield f"set {slot}"

    def _how(self) -> str:
        raw = " raw" if self._chance(0.15) else ""
        return f" {self._retention()}{raw}"

    def _chance(self, probability: float) -> bool:
        return self.draw.random() < probability

    def _slot(self) -> str:
        return self.draw.choice(("Stripe", "Stripe", "Stripe", "Database", "Database", "Webhook"))

    def _retention(self) -> str:
        return self.draw.choice(self.retentions)

    def _maybe(self, lines: Iterator[str]) -> Iterator[str]:
        for line in lines:
            if not self._chance(0.08):
                yield line

    def _between(self, one: Lines, other: Lines) -> Lines:
        marks = [0] * len(one) + [1] * len(other)
        self.draw.shuffle(marks)
        told = (iter(one), iter(other))
        return [next(told[mark]) for mark in marks]

    # Parts of episodes ------------------------------------------------------------------------------

    def _run(self) -> str:
        return self.draw.choices(
            (
                "up",
                "up continue",
                "up refresh",
                f"up target {self._slot()}",
                "preview",
                "refresh",
                f"up replace {self._slot()}",
            ),
            (12, 3, 2, 1, 1, 1, 0.5),
        )[0]

    def _following(self) -> Iterator[str]:
        """Run, and do what the message says; once, twice or three times."""
        yield self._run()
        for _ in range(self.draw.choice((1, 1, 2, 3))):
            yield f"follow {self.draw.randrange(3)}"
            yield self._run()
        if self._chance(0.5):
            yield f"unadopt {self._slot()}"

    def _episode(self) -> Iterator[str]:
        kinds: dict[Callable[[], Iterator[str]], int] = {
            self._renamed: 6,
            self._key_renamed: 3,
            self._exchanged: 1,
            self._removed: 4,
            self._destroyed: 1,
            self._raw: 3,
            self._state_lost: 3,
            self._guest: 4,
            self._killed: 3,
            self._failed: 2,
            self._hands: 3,
            self._plain: 4,
        }
        return self.draw.choices(list(kinds), list(kinds.values()))[0]()

    def _retention_first(self, slot: str) -> Iterator[str]:
        if self._chance(0.5):
            yield f"retention {slot} {self._retention()}"
            if self._chance(0.7):
                yield "up"

    # Episodes ---------------------------------------------------------------------------------------

    def _renamed(self) -> Iterator[str]:
        slot = self._slot()
        yield from self._retention_first(slot)
        if self._chance(0.75):
            yield f"logical {slot} {self.draw.choice(LOGICALS[slot])}"
        else:
            yield f"move {slot} {self.draw.choice(PARENTS)}"
        if self._chance(0.3):
            yield f"alias {slot}"
        if self._chance(0.15):  # as somebody does who knows the argument, whatever the message says
            yield self._run()
            yield f"adopt {slot}"
        yield from self._following()
        if self._chance(0.2):
            yield f"unalias {slot}"
            yield "up"

    def _key_renamed(self) -> Iterator[str]:
        slot = self._slot()
        if self._chance(0.3):
            yield "transform on"
        yield from self._retention_first(slot)
        yield f"key {slot} {self.draw.choice(KEYS[slot])}"
        if self._chance(0.2):
            yield f"retention {slot} {self._retention()}"
        yield from self._following()
        if self._chance(0.5):
            yield f"set {slot}"

    def _exchanged(self) -> Iterator[str]:
        one, other = self.draw.sample(list(SLOTS), 2)
        yield from self._retention_first(one)
        yield from self._retention_first(other)
        yield f"exchange {one} {other}"
        yield from self._following()

    def _removed(self) -> Iterator[str]:
        slot = self._slot()
        yield from self._retention_first(slot)
        yield f"remove {slot}"
        yield from self._following()
        if self._chance(0.7):
            yield f"add {slot} {self._retention()}"
            yield from self._following()
            yield f"set {slot}"

    def _destroyed(self) -> Iterator[str]:
        yield "destroy"
        yield f"follow {self.draw.randrange(3)}"
        yield "destroy"
        yield from self._following()

    def _raw(self) -> Iterator[str]:
        slot = self._slot()
        if self._chance(0.6):
            yield f"add {slot} {self._retention()} raw"
            yield "up"
            yield f"set {slot}"
            if self._chance(0.3):
                yield f"logical {slot} {self.draw.choice(LOGICALS[slot])}"
            yield f"secret {slot}"
        else:
            yield f"raw {slot}"
        if self._chance(0.4):
            yield f"alias {slot}"
        yield from self._following()

    def _state_lost(self) -> Iterator[str]:
        slot = self._slot()
        if self._chance(0.4):  # half-way through a rename
            yield f"logical {slot} {self.draw.choice(LOGICALS[slot])}"
            yield self._run()
        yield "lose-state"
        yield from self._following()
        if self._chance(0.4):
            yield f"logical {slot} {self.draw.choice(LOGICALS[slot])}"
            yield from self._following()

    def _guest(self) -> Iterator[str]:
        slot = self._slot()
        lines = [f"add {slot} {self._retention()}", *self._following()]
        if self._chance(0.4):
            lines += [f"retention {slot} {self._retention()}", "up"]
        lines += self.draw.choice(
            (
                [f"remove {slot}", "up"],
                ["destroy", "follow 0", "destroy"],
                list(self._renamed()),
                [],
            )
        )
        for line in lines:
            yield f"{GUEST}: {line}"

    def _killed(self) -> Iterator[str]:
        effect = self.draw.choice(("done", "lost"))
        which = self.draw.choice(("create", "create", "update", "delete", "replaced"))
        slot = self._slot()
        if which == "create":
            yield f"add {slot} {self._retention()}"
            yield f"key {slot} {self.draw.choice(KEYS[slot])}"
            yield f"kill up create {effect}"
            yield f"set {slot}"
        elif which == "update":
            yield f"describe {slot} {self.draw.choice(('Charges', 'Refunds'))} cards"
            yield f"kill up update {effect}"
        elif which == "replaced":
            yield from self._retention_first(slot)
            keys = self.draw.sample(KEYS[slot], 2)
            yield f"key {slot} {keys[0]}"
            yield self.draw.choice((f"kill up delete {effect}", "fail delete"))
            yield "up"
            yield f"key {slot} {keys[1]}"
        else:
            yield from self._retention_first(slot)
            yield f"remove {slot}"
            yield f"kill {self.draw.choice(('up', 'up', 'destroy'))} delete {effect}"
        yield from self._following()

    def _failed(self) -> Iterator[str]:
        operation = self.draw.choice(("create", "update", "delete"))
        yield f"fail {operation}"
        follow = {
            "create": self._renamed,
            "update": self._plain,
            "delete": self._removed,
        }
        yield from follow[operation]()

    def _hands(self) -> Iterator[str]:
        slot = self._slot()
        what = self.draw.choice(("set", "edit-tags", "delete", "make"))
        if what == "make":
            yield f"remove {slot}"
            yield "up"
            yield f"add {slot} {self._retention()}"
        yield f"{what} {slot}"
        if what == "delete" and self._chance(0.5):
            if self._chance(0.5):
                yield "refresh"
            yield f"restore {slot}"
        if what in {"delete", "make"} and self._chance(0.4):
            yield f"adopt {slot}"
        yield from self._following()

    def _plain(self) -> Iterator[str]:
        """Change what is harmless, and run."""
        slot = self._slot()
        changes = [
            f"describe {slot} {self.draw.choice(('Charges', 'Refunds'))} cards",
            f"tag {slot} {self.draw.randrange(3)}",
            f"owner {slot} {self.draw.choice(('payments', 'nobody'))}",
            f"readers {slot} {self.draw.randrange(2)}",
            f"writers {slot} {self.draw.randrange(2)}",
            f"transform {self.draw.choice(('on', 'off'))}",
        ]
        if self.keyed:
            changes.append(f"encrypt {slot}")
        if self.replicated:
            changes += [f"replicas {slot} {self.draw.randrange(2)}"] * 2
        yield from self.draw.sample(changes, 2)
        yield from self._retention_first(slot)
        yield self._run()
