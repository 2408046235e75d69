"""The fairness ledger: what each reader was given, took, did and returned, and what they chose.

Everything is folded from facts of one institution and month, so each number leads back to its
facts. Points are those of the rules in force. It knows no names, and passes no judgement: how far
choices lie from what was there is a figure beside its spread.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from typing import Final

from telemed.core.activity import Activity, Kind
from telemed.core.assignment import By

FIGURES: Final = ("given", "claimed", "done", "returned")


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the ledger needs to know of a case: its points, its queue, and when it is due."""

    service: str
    points: float
    due: datetime


Cases = Mapping[str, Weighed]
"""By request."""


@dataclass(frozen=True, slots=True)
class Line:
    """One fact in the ledger: one figure of one reader."""

    seq: int
    at: datetime
    person: str
    figure: str
    request_id: str
    points: float


@dataclass(frozen=True, slots=True)
class Choice:
    """A case that a reader took from the pool, beside what else of its service lay there.

    `mean` and `variance` are of the points of all of them, the taken one too; `passed` is the
    share of the others that were due earlier.
    """

    seq: int
    person: str
    points: float
    mean: float
    variance: float
    passed: float


@dataclass(frozen=True, slots=True)
class Picking:
    """How one reader chose. `index`: by how much lighter (below zero) or heavier the taken cases
    were than what lay there, as a share of it. `z`: the same in standard errors of blind choice;
    None where nothing could be chosen by weight. `passed`: the mean share of more pressing ones
    left behind; 0 takes always the most pressing, 0.5 is blind."""

    choices: int
    index: float
    z: float | None
    passed: float


def lines(facts: Iterable[Activity], institution: str, cases: Cases) -> Iterator[Line]:
    """The ledger of an institution, in the order of the facts."""
    for fact in facts:
        told = _figure(fact)
        case = cases.get(fact.request_id or "")
        if told is None or case is None or fact.data.get("provider") != institution:
            continue
        figure, person = told
        yield Line(fact.seq, fact.at, person, figure, str(fact.request_id), case.points)


def _figure(fact: Activity) -> tuple[str, str] | None:
    """What a fact counts for, and whose it is."""
    person, by_others = str(fact.data.get("person") or ""), fact.data.get("by") != By.SELF
    match fact.kind:
        case Kind.WORKITEM_ASSIGNED if by_others:
            return "given", person
        case Kind.WORKITEM_CLAIMED | Kind.WORKITEM_TAKEN_OVER:
            return "claimed", person
        case Kind.REPORT_ISSUED:
            return "done", str(fact.data.get("reader") or "")
        case Kind.WORKITEM_RELEASED | Kind.WORKITEM_EXPIRED:
            return "returned", person
        case Kind.WORKITEM_UNASSIGNED if by_others:
            return "returned", person
    return None


def sums(ledger: Iterable[Line]) -> dict[str, dict[str, tuple[float, int]]]:
    """By person and figure, points and how many facts."""
    found: dict[str, dict[str, tuple[float, int]]] = {}
    for line in ledger:
        mine = found.setdefault(line.person, dict.fromkeys(FIGURES, (0.0, 0)))
        points, count = mine[line.figure]
        mine[line.figure] = (points + line.points, count + 1)
    return found


def expected(shares: Mapping[str, float], hours: Mapping[str, float]) -> dict[str, float]:
    """Each reader's expected part of the work, all together 1: share times hours on duty, or the
    share alone where the roster has nobody."""
    kept = any(hours.values())
    weights = {who: s * (hours.get(who, 0.0) if kept else 1.0) for who, s in shares.items()}
    total = sum(weights.values())
    return {person: weight / total if total else 0.0 for person, weight in weights.items()}


# --- what was chosen ------------------------------------------------------------------------------

_ENTER: Final = frozenset(
    {
        Kind.REQUEST_SUBMITTED,
        Kind.REQUEST_RESUBMITTED,
        Kind.WORKITEM_UNASSIGNED,
        Kind.WORKITEM_RELEASED,
        Kind.WORKITEM_EXPIRED,
    }
)
_LEAVE: Final = frozenset(
    {
        Kind.WORKITEM_ASSIGNED,
        Kind.WORKITEM_CLAIMED,
        Kind.WORKITEM_TAKEN_OVER,
        Kind.REQUEST_RETURNED,
        Kind.REQUEST_WITHDRAWN,
        Kind.REQUEST_DECLINED,
        Kind.REQUEST_REDIRECTED,
        Kind.REPORT_ISSUED,
    }
)
FOLDED: Final = _ENTER | _LEAVE
"""The facts that the ledger and the choices are folded from."""


def choices(
    facts: Iterable[Activity], institution: str, cases: Cases, waiting: Iterable[str]
) -> Iterator[Choice]:
    """What was taken freely: claimed or reserved from the pool while something else lay there.

    `waiting` are the requests in the pool before the first fact. What the rule or a coordinator
    gave is nobody's choice, and neither is the beginning of what was reserved.
    """
    pool = {request_id for request_id in waiting if request_id in cases}
    for fact in facts:
        request_id, kind = fact.request_id or "", fact.kind
        if request_id not in cases:
            continue
        if kind == Kind.REQUEST_REDIRECTED and fact.data.get("to") == institution:
            pool.add(request_id)
        elif fact.data.get("provider") != institution:
            continue
        elif kind in _ENTER:
            pool.add(request_id)
        elif kind in _LEAVE and request_id in pool:
            free = kind == Kind.WORKITEM_CLAIMED or fact.data.get("by") == By.SELF
            made = _choice(fact, cases, pool) if free else None
            if made is not None:
                yield made
            pool.discard(request_id)


def _choice(fact: Activity, cases: Cases, pool: Iterable[str]) -> Choice | None:
    """What was taken beside the others of its service; None where there were none."""
    taken = cases[str(fact.request_id)]
    there = [cases[one] for one in pool if cases[one].service == taken.service]
    if len(there) < 2:
        return None
    mean = sum(one.points for one in there) / len(there)
    variance = sum((one.points - mean) ** 2 for one in there) / len(there)
    earlier = sum(one.due < taken.due for one in there)
    person = str(fact.data.get("person") or "")
    return Choice(fact.seq, person, taken.points, mean, variance, earlier / (len(there) - 1))


def picking(made: Iterable[Choice]) -> dict[str, Picking]:
    """How each reader chose."""
    by_person: dict[str, list[Choice]] = defaultdict(list)
    for choice in made:
        by_person[choice.person].append(choice)
    return {person: _picking(mine) for person, mine in by_person.items()}


def _picking(mine: list[Choice]) -> Picking:
    off = sum(one.points - one.mean for one in mine)
    there, spread = sum(one.mean for one in mine), sqrt(sum(one.variance for one in mine))
    return Picking(
        len(mine),
        off / there,
        off / spread if spread else None,
        sum(one.passed for one in mine) / len(mine),
    )
