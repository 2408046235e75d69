"""The own institution's fairness ledger of a month, for its coordinator and its administration."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from telemed.actions import ranking
from telemed.actions.act import Act
from telemed.core import fairness as core
from telemed.core.access import Permission
from telemed.core.activity import Activity
from telemed.core.assignment_rules import NO_LIMITS, points
from telemed.core.errors import Problem
from telemed.core.fairness import Line, Picking, Weighed
from telemed.core.tally import month_span
from telemed.store import fairness as store
from telemed.store import roster, rulings
from telemed.store.tx import Row

_LATEST: Final = datetime.max.replace(tzinfo=UTC)
Sums = Mapping[str, tuple[float, int]]
_NOTHING: Final[Sums] = dict.fromkeys(core.FIGURES, (0.0, 0))


@dataclass(frozen=True, slots=True)
class Standing:
    """One reader's month."""

    person_id: str
    sums: Sums
    share: float
    expected: float
    hours: float
    picking: Picking | None


def ledger(act: Act, month: str) -> list[Standing]:
    """Everybody who reads or has a figure, most work done first."""
    place, facts, rows = _folded(act, month)
    since, until = month_span(month)
    weighed = _weighed(act, rows)
    sums = core.sums(core.lines(facts, place, weighed))
    waiting = store.waiting(act.tx, place, since)
    made = core.picking(core.choices(facts, place, weighed, waiting))
    who = {row["id"] for row in ranking.readers(act, place)} | set(sums)
    limits, hours = rulings.limits(act.tx, place), _hours(act, place, since, min(until, act.now))
    due = core.expected({p: limits.get(p, NO_LIMITS).share for p in who}, hours)
    total = sum(mine["done"][0] for mine in sums.values())
    found = [
        Standing(
            person,
            mine := sums.get(person, _NOTHING),
            mine["done"][0] / total if total else 0.0,
            due[person],
            hours.get(person, 0.0),
            made.get(person),
        )
        for person in sorted(who)
    ]
    return sorted(found, key=lambda one: (-one.sums["done"][0], one.person_id))


def lines(act: Act, month: str, person: str, figure: str) -> list[tuple[Line, Row]]:
    """The facts behind one number, each with its case."""
    place, facts, rows = _folded(act, month)
    by_id = {row["id"]: row for row in rows}
    return [
        (line, by_id[line.request_id])
        for line in core.lines(facts, place, _weighed(act, rows))
        if (line.person, line.figure) == (person, figure)
    ]


def _folded(act: Act, month: str) -> tuple[str, list[Activity], list[Row]]:
    """The own institution, its facts of the month, and the cases they and the pool name."""
    act.subject.require(Permission.SEE_FAIRNESS)
    place = act.subject.own_institution
    try:
        since, until = month_span(month)
    except ValueError:
        raise Problem("invalid", detail="month") from None
    facts = store.facts(act.tx, place, since, until, core.FOLDED)
    named = {fact.request_id for fact in facts if fact.request_id is not None}
    rows = store.cases(act.tx, named.union(store.waiting(act.tx, place, since)))
    return place, facts, rows


def _weighed(act: Act, rows: list[Row]) -> dict[str, Weighed]:
    rules = act.catalogue.assignment
    return {
        row["id"]: Weighed(
            row["service"],
            points(rules, row["service"], row["modality"]),
            row["due_at"] or _LATEST,
        )
        for row in rows
    }


def _hours(act: Act, place: str, since: datetime, until: datetime) -> dict[str, float]:
    """By person, the hours of their reading shifts in a stretch of time."""
    found: dict[str, float] = {}
    for shift in roster.between(act.tx, place, since, until):
        kind = act.catalogue.duties.get(shift["kind"])
        if kind is not None and kind.reads:
            span = min(shift["until"], until) - max(shift["since"], since)
            person = shift["person_id"]
            found[person] = found.get(person, 0.0) + max(span.total_seconds(), 0) / 3600
    return found
