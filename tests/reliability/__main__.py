"""Plays every scenario both ways and writes docs/reliability.md: `python -m tests.reliability [CLOUD ...]`.

Takes some minutes. Named clouds are only measured: the page is written when all of them were. Exit code 1
means that something came out otherwise than the scenarios expect or `RAW` records; it says what.
"""

import sys
from pathlib import Path

from tests.reliability.places import PLACES
from tests.reliability.programs import Code, Way
from tests.reliability.report import in_order, page
from tests.reliability.scenarios import RAW, SCENARIOS, Scenario
from tests.reliability.stage import Outcome, Stage

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def main(clouds: list[str]) -> int:
    results: dict[tuple[str, str], tuple[Outcome, Outcome]] = {}
    seen_before: dict[str, tuple[str, str]] = {}
    surprises: list[str] = []
    for cloud in clouds:
        raw, raw_seen = measured(cloud, "raw")
        package, package_seen = measured(cloud, "package")
        seen_before[cloud] = raw_seen, package_seen
        results |= {(cloud, its_id): (raw[its_id], package[its_id]) for its_id in raw}
        surprises += [
            surprise
            for scenario in of(cloud)
            for surprise in surprises_of(cloud, scenario, raw[scenario.id], package[scenario.id])
        ]
    if set(clouds) == set(PLACES):
        PAGE.write_text(page(in_order(results), seen_before), encoding="utf-8")
        print(f"wrote {PAGE.relative_to(Path.cwd())}")
    print("\n".join(surprises) or "everything came out as expected")
    return 1 if surprises else 0


def of(cloud: str) -> list[Scenario]:
    return [scenario for scenario in SCENARIOS if cloud in scenario.expected]


def measured(cloud: str, way: Way) -> tuple[dict[str, Outcome], str]:
    """Play every scenario of a cloud one way; return the outcomes, and what a reader got at first."""
    outcomes: dict[str, Outcome] = {}
    starts: dict[Code, Stage] = {}
    for scenario in of(cloud):
        print(f"{cloud:6} {way:8} {scenario.what}", flush=True)
        if scenario.start not in starts:
            starts[scenario.start] = Stage.set_up(PLACES[cloud], way, scenario.start)
        stage = starts[scenario.start].fork()
        scenario.play(stage)
        outcomes[scenario.id] = stage.outcome()
        stage.close()
    for stage in starts.values():
        stage.close()
    return outcomes, starts[Code()].seen_before


def surprises_of(cloud: str, scenario: Scenario, raw: Outcome, package: Outcome) -> list[str]:
    where = f"{cloud}, {scenario.id}"
    expected, recorded = scenario.expected[cloud], RAW[cloud].get(scenario.id, "kept")
    found = []
    if not expected.is_met_by(package) or package.sightings or package.misnamed:
        found.append(f"{where}: expected {expected}, found {package}")
    if raw.value != recorded:
        found.append(f"{where}: RAW records {recorded!r} for raw resources, found {raw.value!r}")
    return found


if __name__ == "__main__":
    unknown = sorted(set(sys.argv[1:]) - set(PLACES))
    if unknown:
        sys.exit(f"no such cloud: {', '.join(unknown)}; there are {', '.join(PLACES)}")
    sys.exit(main(sys.argv[1:] or list(PLACES)))
