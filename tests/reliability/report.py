"""Turns what was measured into docs/reliability.md: no dates, no timings, nothing that changes by itself."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from infra_secrets.testing.simulation import Rule
from tests.reliability.places import PLACES, Place
from tests.reliability.scenarios import SCENARIOS, Scenario
from tests.reliability.stage import WORST_FIRST, Fate, Outcome

FATES: Mapping[Fate, str] = {
    "kept": "it is the current value and can be read",
    "restorable": "the secret is deleted, and the cloud's own undo brings it back with the value: the recovery "
    "window on AWS, soft delete on Azure",
    "buried": "an older version still holds it, but what readers get is a placeholder",
    "lost": "nothing holds it any more",
}

_STEPS = {
    (): "no change",
    ("create",): "a new container is made",
    ("delete",): "deleted",
    ("import",): "taken over",
    ("import", "update"): "taken over, and updated in place",
    ("update",): "updated in place",
    ("create-replacement", "delete-replaced", "replace"): "a new, empty container; the old one is "
    "deleted",
}

_HEADER = "| scenario | raw | infra-secrets | what the person sees with infra-secrets |"


@dataclass(frozen=True)
class Measured:
    """One scenario on one cloud, both ways."""

    cloud: str
    scenario: Scenario
    raw: Outcome
    package: Outcome

    @property
    def raw_is_worse(self) -> bool:
        return WORST_FIRST.index(self.raw.value) < WORST_FIRST.index(self.package.value)


def page(measured: Iterable[Measured], seen_before: Mapping[str, tuple[str, str]]) -> str:
    """Return the page.

    Args:
        measured: Every scenario of every cloud.
        seen_before: By cloud, what a reader got before a value was set: raw, and with the package.
    """
    results = list(measured)
    lines = [*_introduction(results, seen_before), *_tables(results), *_method()]
    return "\n".join(lines)


def rows_of(text: str, title: str) -> list[tuple[str, str, str]]:
    """Read a cloud's table back: scenario, raw, infra-secrets."""
    section = text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    cells = [
        re.split(r" \| ", line.strip("| ")) for line in section.splitlines() if line[:2] == "| "
    ]
    return [(what, raw, package) for what, raw, package, _ in cells[1:]]


_INTRODUCTION = """\
# Reliability

What becomes of a value that an operator has set, in every scenario that usually costs one. Each is
played twice on the real Pulumi engine over simulated clouds: with raw resources as people write
them, and with this package. `make reliability` writes this page; `make test` holds the package to
its column and to the words that stop a run.

| fate | meaning |
|---|---|
{fates}

*Lost* in the package's column follows a removal after `retention="discard"`, or a person who deletes
in the console of a cloud that has no undo. All else is kept or can be restored.

## Totals

| cloud | scenarios | raw | infra-secrets | raw fares worse in |
|---|---|---|---|---|
{totals}

Copies of a value outside its cloud (provider requests, state files, backups, output, logs,
events), found by the leak canary: {sightings} with this package.

What a reader gets before a value is set:

| cloud | raw | infra-secrets |
|---|---|---|
{readers}

Only the raw secret on Azure fails open: an application starts with the placeholder as its password.
"""

_LIVES = """\
## Random lives

Scenarios are what somebody thought of. `make lives` plays what nobody did: random orders of changes of
the program, runs, kills, ordered failures, lost states, a second stack, an operator's hand, and a person who
does what the last error says. After every step each value must be where its retention says, no reader may
be served another, none may be seen outside its cloud; and at the end the stack must come to rest. What
broke a promise once is in `tests/lives/found.py` and is played by `make test`, together with some random lives.

| cloud | lives | steps | values lost | dead ends | stacks that did not come to rest |
|---|---|---|---|---|---|
| AWS Secrets Manager | 32 | 1156 | 0 | 0 | 0 |
| GCP Secret Manager | 30 | 1107 | 0 | 0 | 0 |
| Azure Key Vault | 29 | 1049 | 0 | 0 | 0 |

With seeds `e1`, `f1` and `g1`. Before the rules that these lives and their forerunners led to, one in about ten
lost a value. It is some minutes for each cloud, and not hours.

"""

_METHOD = """\
## How it is measured

A scenario begins with `pulumi up` of one secret (some: of two or three) and an operator who sets
its value in the simulated cloud. Then the code, the config, the stack or the cloud changes as the
first column says, with real `pulumi` commands, a real state file, real locks and a real `kill -9`.
At the end the cloud is asked what it holds; a deleted secret is restored to see whether its value
comes back. With several values the worst fate counts. *Stops* in the last column means that the run
failed and said these words among others. The scenarios are in `tests/reliability/scenarios.py`.

The raw programs (`tests/reliability/programs.py`) set what the providers' own examples set: an
explicit name, because a rule about names demands one, description and tags. On AWS and GCP the
secret is empty; on Azure it holds a placeholder, because there is no empty secret. To ignore
changes of the value alone does not help there: an update sends the old input, which is the
placeholder. Raw programs have no retention: what a row says about `keep` or `recover` does not
apply to them, and `discard` means no recovery window on AWS. `protect=True` on a raw resource would
refuse the replacements and removals, and change nothing about the updates.

## What the simulation is, and what it is not

The engine is the real one: planning, replacement, protection, aliases, hooks, state and locks are
what users run. The providers and the clouds behind them are simulated. They keep the rules below,
each read from the source or the documentation that it names. Those of AWS and GCP were held against
the real providers' code on the real engine, over moto and an emulator of Secret Manager; for this
page no real cloud and no real provider plugin was run. Time does not pass: what is deleted does not
expire. Permissions and encryption are not simulated, except that the data plane of a vault can be
denied. What nobody thought of is not in the tables.

## The rules
"""


def _introduction(
    results: list[Measured], seen_before: Mapping[str, tuple[str, str]]
) -> Iterator[str]:
    yield _INTRODUCTION.format(
        fates="\n".join(f"| {fate} | {meaning} |" for fate, meaning in FATES.items()),
        totals="\n".join(_totals(results)),
        sightings=sum(len(each.package.sightings) for each in results),
        readers="\n".join(
            f"| {place.title} | `{seen_before[cloud][0]}` | `{seen_before[cloud][1]}` |"
            for cloud, place in PLACES.items()
        ),
    )


def _totals(results: list[Measured]) -> Iterator[str]:
    for cloud, place in PLACES.items():
        here = [each for each in results if each.cloud == cloud]
        raw = _counted(each.raw for each in here)
        package = _counted(each.package for each in here)
        worse = sum(each.raw_is_worse for each in here)
        yield f"| {place.title} | {len(here)} | {raw} | {package} | {worse} |"


def _counted(outcomes: Iterable[Outcome]) -> str:
    count = Counter(outcome.value for outcome in outcomes)
    return ", ".join(f"{count[fate]} {fate}" for fate in FATES if count[fate])


def _tables(results: list[Measured]) -> Iterator[str]:
    for cloud, place in PLACES.items():
        yield from (f"## {place.title}", "", _HEADER, "|---|---|---|---|")
        for each in results:
            if each.cloud == cloud:
                sees = _what_the_person_sees(each)
                yield f"| {each.scenario.what} | {each.raw.value} | {each.package.value} | {sees} |"
        yield ""


def _what_the_person_sees(each: Measured) -> str:
    expected = each.scenario.expected[each.cloud]
    stops = "; ".join(f"stops: `{said}`" for said in expected.says)
    if stops and not expected.finished:
        return stops
    goes_on = expected.sees or ("goes on" if stops else _STEPS[each.package.did])
    return f"{stops}; then {goes_on}" if stops else goes_on


def _method() -> Iterator[str]:
    yield _LIVES + _METHOD
    for place in PLACES.values():
        yield from (
            f"### Rules of {place.title}",
            "",
            "| rule | what happens | source |",
            "|---|---|---|",
        )
        yield from (f"| `{rule.id}` | {rule.text} | {rule.source} |" for rule in _rules(place))
        yield ""


def _rules(place: Place) -> tuple[Rule, ...]:
    from infra_secrets.testing.clouds import every_cloud

    return next(cloud.rules for cloud in every_cloud() if cloud.package == place.package)


def in_order(results: Mapping[tuple[str, str], tuple[Outcome, Outcome]]) -> Iterator[Measured]:
    """Yield results as the page shows them: by cloud, then as the scenarios are listed."""
    for cloud in PLACES:
        for scenario in SCENARIOS:
            if cloud in scenario.expected:
                raw, package = results[cloud, scenario.id]
                yield Measured(cloud, scenario, raw, package)
