"""How often the answer comes within the range that was told: measured on simulated months.

The plan of `telemed simulate` is played in time order against the pure rules of
`telemed.core.expected`: what is known when a case is sent decides the range, and only answers that
came before it are history. Nothing is fitted to the simulation. Run from the repository:

    python bench/calibration.py --days 90 --rate 1150
"""

import argparse
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from telemed.assemble import open_services
from telemed.core.expected import Range, Situation, cells, likely, remembered
from telemed.core.sla import URGENCIES
from telemed.settings import Settings
from telemed.simulate import run
from telemed.simulate.life import Do, Life, Step
from telemed.simulate.plan import Plan
from telemed.simulate.run import Order
from telemed.simulate.world import ZONE

UNTIL = datetime(2026, 10, 31, 16, tzinfo=UTC)
PEAK = range(8, 11)
_SENT = (Do.SUBMIT, Do.RESUBMIT, Do.REDIRECT)
_GONE = (Do.RETURN, Do.DECLINE, Do.WITHDRAW)


@dataclass(frozen=True, slots=True)
class Told:
    """A range as it was told when a case was sent, and when the answer came."""

    case: Situation
    given: Range | None
    cell: str
    took: int

    @property
    def within(self) -> bool:
        return self.given is not None and self.given.low <= self.took <= self.given.high


Staff = Callable[[str, str, datetime], int | None]
"""Readers on duty at a provider for a service at a moment; None where no roster is kept."""


def told(
    steps: Iterator[Step], four_eyes: frozenset[str], staff: Staff = lambda *_: None
) -> Iterator[Told]:
    """Every answer with the range that had been told for it."""
    waiting: dict[int, tuple[Situation, Range | None, str]] = {}
    history: dict[str, list[int]] = {}
    desks: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for step in steps:
        life, key = step.life, id(step.life)
        if key in waiting and (step.do in _GONE or step.do in _SENT or _issues(step, four_eyes)):
            case, given, cell = waiting.pop(key)
            desks[case.provider, case.service][URGENCIES.index(case.urgency)] -= 1
            if _issues(step, four_eyes):
                took = int((step.at - case.sent).total_seconds())
                yield Told(case, given, cell, took)
                for name in cells(case):
                    history[name] = remembered(history.get(name, ()), took)
        if step.do in _SENT:
            case = _situation(step, life, desks, staff)
            found = likely(case, history)
            waiting[key] = (case, found[1] if found else None, found[0] if found else "")
            desks[case.provider, case.service][URGENCIES.index(case.urgency)] += 1


def _issues(step: Step, four_eyes: frozenset[str]) -> bool:
    return step.do is (Do.VERIFY if step.life.service in four_eyes else Do.SIGN)


def _situation(
    step: Step, life: Life, desks: dict[tuple[str, str], Counter[int]], staff: Staff
) -> Situation:
    provider = step.more.get("to") or step.more.get("provider") or life.provider
    open_now = desks[provider, life.service]
    ahead = sum(open_now[n] for n in range(URGENCIES.index(life.urgency) + 1))
    on_duty = staff(provider, life.service, step.at)
    return Situation(life.service, life.urgency, life.frozen, provider, step.at, ahead, on_duty)


def rostered(plan: Plan) -> Staff:
    """The simulated hospitals' roster: every reader of a desk by day, one by night."""
    begin, end = plan.rates.shift

    def staff(provider: str, service: str, at: datetime) -> int | None:
        by_day = begin <= at.astimezone(ZONE).hour < end
        return len(plan.readers.desk(provider, service).readers) if by_day else 1

    return staff


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--rate", type=float, default=1150)
    parser.add_argument("--warm-up", type=int, default=30, help="days not counted")
    parser.add_argument("--roster", action="store_true", help="every desk keeps a roster")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        services = open_services(Settings(data_dir=Path(folder)))
        run.ensure_network(services)
        order = Order(seed=asked.seed, days=asked.days, until=UNTIL, rate=asked.rate)
        plan, wish, _ = run.planned(services, order)
        kinds = services.catalogue.services.values()
        counted = wish.start + timedelta(days=asked.warm_up)
        found = [
            one
            for one in told(
                iter(plan),
                frozenset(s.code for s in kinds if s.four_eyes),
                rostered(plan) if asked.roster else lambda *_: None,
            )
            if one.case.sent >= counted
        ]
        services.store.close()
    _report(found)


def _report(found: list[Told]) -> None:
    groups: dict[str, Callable[[Told], bool]] = {"all": lambda one: True}
    for service in sorted({one.case.service for one in found}):
        groups[service] = lambda one, s=service: one.case.service == s
    for urgency in URGENCIES[::-1]:
        groups[urgency] = lambda one, u=urgency: one.case.urgency == u
    groups["frozen section"] = lambda one: one.case.frozen
    groups["sent 8-11"] = lambda one: one.case.sent.astimezone(ZONE).hour in PEAK
    groups["sent 18-6"] = lambda one: not 6 <= one.case.sent.astimezone(ZONE).hour < 18
    groups["a desk's own cell"] = lambda one: (
        bool(one.cell) and one.cell.count("*") == 0 and (one.cell.count("|") > 2)
    )
    print("| cases | answered | told a range | within it | below | above | median width |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, belongs in groups.items():
        mine = [one for one in found if belongs(one)]
        given = [one for one in mine if one.given is not None]
        if not given:
            continue
        below = sum(one.took < one.given.low for one in given if one.given)
        within = sum(one.within for one in given)
        widths = sorted(one.given.high - one.given.low for one in given if one.given)
        print(
            f"| {name} | {len(mine):,} | {len(given) / len(mine):.1%} |"
            f" {within / len(given):.1%} | {below / len(given):.1%} |"
            f" {1 - (within + below) / len(given):.1%} | {widths[len(widths) // 2] / 60:,.0f} min |"
        )


if __name__ == "__main__":
    main()
