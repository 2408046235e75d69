"""A coordinator's overview: who reads and how much they have, many cases at once, cover for leave.

Each case is assigned by `actions/assigning.py`, under the rules that one case is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

import sqlalchemy as sa

from telemed.actions import assigning, ranking, worklist
from telemed.actions.act import Act
from telemed.actions.loads import Load, loads
from telemed.actions.ranking import Online
from telemed.core import request, workitem
from telemed.core.assignment_rules import cap_of, points
from telemed.core.cover import Able, Need, spread
from telemed.core.errors import Problem
from telemed.store import people, requests, roster
from telemed.store import tables as t
from telemed.store import worklist as lists
from telemed.store.access import visible_requests
from telemed.store.tx import Row

MOST = 100
"""Cases of one call; more is done in several."""
R = t.requests.c


@dataclass(frozen=True, slots=True)
class Reading:
    """One of the own institution's readers: load, and the live services they may take.

    `on_duty` is None where no roster is kept.
    """

    person: Row
    load: Load
    takes: tuple[str, ...]
    on_duty: bool | None


def readers(act: Act) -> list[Reading]:
    """Who reads here, those with least in hand first."""
    place = act.subject.own_institution
    staff, shifts = ranking.readers(act, place), roster.on_duty_if_kept(act.tx, place, act.now)
    duty = None if shifts is None else {shift["person_id"] for shift in shifts}
    has = loads(act, place, [row["id"] for row in staff])
    found = [
        Reading(
            row,
            has[row["id"]],
            _takes(act, row),
            None if duty is None else row["id"] in duty,
        )
        for row in staff
    ]
    return sorted(found, key=lambda one: (one.load.burden.in_hand, one.load.done))


def _takes(act: Act, person: Row) -> tuple[str, ...]:
    """The services of which somebody may take a case that is not of their own institution."""
    probe = {"provider_id": act.subject.own_institution, "requester_id": "", "body_part": ""}
    who = worklist.taker_of(person)
    return tuple(
        code
        for code, service in act.catalogue.services.items()
        if service.live and worklist.why_not(who, service, probe, act.now) is None
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose a case is to be; None opens it to everybody again."""

    request_id: str
    person_id: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a wish: whose the case was before, or why it stays as it was."""

    request_id: str
    previous: str | None = None
    problem: Problem | None = None


def assign_many(act: Act, wishes: Sequence[Wish], online: Online) -> list[Outcome]:
    """Each case for itself: one that cannot be moved does not hold the others up."""
    return [_assign_one(act, wish, online) for wish in wishes]


def _assign_one(act: Act, wish: Wish, online: Online) -> Outcome:
    # An assignment is refused before anything is written, so what is caught leaves no half.
    try:
        current = requests.current_workitem(act.tx, wish.request_id)
        if wish.person_id is None:
            assigning.unassign(act, wish.request_id)
        else:
            assigning.assign(act, wish.request_id, wish.person_id, online)
    except Problem as problem:
        return Outcome(wish.request_id, problem=problem)
    return Outcome(wish.request_id, None if current is None else worklist.kept_for(act, current))


# --- cover --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Covered:
    """A case of somebody who is away: who should take it, and why others may not."""

    row: Row
    to: str | None
    why_not: Mapping[str, str | None] = field(default_factory=dict)


def cover(act: Act, person_id: str) -> list[Covered]:
    """Everything that somebody has, most pressing first, with a proposal for what is kept for them.

    What they have begun stays theirs until it is released: `to` is None and nobody is named.
    """
    place = act.subject.own_institution
    if person_id not in {row["id"] for row in people.people_of(act.tx, place)}:
        raise Problem("not-found")
    others = [one for one in readers(act) if one.person["id"] != person_id]
    rows = _of(act, place, person_id)
    reasons = {
        row["id"]: {one.person["id"]: _why_not(act, one, row) for one in others}
        for row in rows
        if row["workitem_state"] == workitem.State.SCHEDULED
    }
    needs = [_need(act, row, others, reasons[row["id"]]) for row in rows if row["id"] in reasons]
    to = spread(needs, {one.person["id"]: one.load.burden.in_hand for one in others})
    return [Covered(row, to.get(row["id"]), reasons.get(row["id"], {})) for row in rows]


def _need(act: Act, row: Row, others: Sequence[Reading], why_not: Mapping[str, str | None]) -> Need:
    """Those on duty are asked first; nobody beyond their cap."""
    rules = act.catalogue.assignment
    able = {}
    for one in others:
        if why_not[one.person["id"]] is None:
            most = cap_of(rules, row["provider_id"], row["service"], one.load.burden.limits).in_hand
            capped = most is not None and row["urgency"] not in rules.uncapped
            able[one.person["id"]] = Able(
                turn=int(one.on_duty is False), most=most if capped and most is not None else inf
            )
    return Need(row["id"], able, points(rules, row["service"], row["modality"]))


def _of(act: Act, place: str, person_id: str) -> list[Row]:
    theirs = sa.and_(
        visible_requests(act.subject, act.now),
        R.provider_id == place,
        R.state == request.State.OPEN.value,
        lists.of_person(place, worklist.kept_since(act), person_id),
    )
    return requests.listed(act.tx, theirs, [R.due_at, R.id], MOST)


def _why_not(act: Act, one: Reading, row: Row) -> str | None:
    service = act.catalogue.services[row["service"]]
    who = worklist.taker_of(one.person, one.load.burden)
    refusal = worklist.why_not(who, service, row, act.now)
    return refusal or ("load-cap" if worklist.is_full(act, who, row) else None)
