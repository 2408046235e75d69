"""Whose a case is to be: a coordinator assigns it, a reader reserves some, either takes it back.

An assignment is the scheduled performer of the current attempt. It keeps others from claiming; who
has a reason may take the case over all the same. It ends with the attempt, and what a reader
reserved and did not begin is free again after a while.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from telemed.actions import decided, door, moves, ranking, worklist
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.actions.ranking import NOBODY_KNOWS, Online, Place
from telemed.core import workitem
from telemed.core.access import Permission
from telemed.core.activity import Kind
from telemed.core.assignment import By, Outcome
from telemed.core.errors import Problem
from telemed.store import assignments, requests
from telemed.store.tx import Row

MOST_RESERVED: Final = 20
"""Cases that somebody may have set aside for themselves at once."""


def assign(act: Act, request_id: str, person_id: str, online: Online = NOBODY_KNOWS) -> None:
    """Give a case to one of the own institution's readers; from whoever it was assigned to.

    Who is connected changes nothing for a person who decides; it is kept with the decision.
    """
    case = door.provided_case(act, request_id, Permission.ASSIGN_WORK)
    places = ranking.ranking(act, case, online)
    chosen = next((place for place in places if place.person["id"] == person_id), None)
    if chosen is None:
        raise Problem("not-found")
    refusal = worklist.why_not(worklist.taker_of(chosen.person), case.service, case.row, act.now)
    if refusal is not None:
        raise worklist.not_qualified(refusal)
    current = _waiting(act, case)
    worklist.require_room(act, case, current, person_id)
    if current["scheduled_performer_id"] == person_id and current["scheduled_by"] != By.SELF:
        return
    give(act, case, current, person_id, By.COORDINATOR)
    decided.keep(act, case, current, places, Outcome.GIVEN, person_id=person_id)


def reserve(act: Act, request_ids: Sequence[str]) -> None:
    """Set cases aside for oneself, all of them or none."""
    held = assignments.reserved(act.tx, act.subject.person_id or "", act.now - _lasts(act))
    if len(set(request_ids) | set(held)) > MOST_RESERVED:
        raise Problem("invalid", detail=f"> {MOST_RESERVED}")
    for request_id in request_ids:
        case = door.provided_case(act, request_id, Permission.WRITE_REPORTS)
        who = worklist.qualified(act, case)
        current = _waiting(act, case)
        worklist.require_free(act, current, who)
        worklist.require_room(act, case, current, who)
        if current["scheduled_performer_id"] != who:
            give(act, case, current, who, By.SELF)


def unassign(act: Act, request_id: str) -> None:
    """Open a case to everybody again: one's own, or anybody's for a coordinator."""
    case = door.provided_case(act, request_id, Permission.READ_QUEUE)
    current = _waiting(act, case)
    whose = current["scheduled_performer_id"]
    if whose is None:
        return
    if whose != act.subject.person_id:
        act.subject.require(Permission.ASSIGN_WORK)
    open_again(act, case, current)


def end_lapsed(act: Act) -> int:
    """Open again what readers reserved and did not begin in time; how many cases."""
    gone = assignments.lapsed(act.tx, act.now - _lasts(act))
    for request_id in gone:
        case = door.case_for_clock(act, request_id)
        current = requests.current_workitem(act.tx, request_id)
        if case is not None and current is not None:
            open_again(act, case, current, "lapsed")
    return len(gone)


def candidates(act: Act, request_id: str, online: Online) -> tuple[Case, list[Place]]:
    """A case, and everybody of the own institution who reads as the rules rank them for it."""
    case = door.provided_case(act, request_id, Permission.ASSIGN_WORK)
    return case, ranking.ranking(act, case, online)


# --- the step -------------------------------------------------------------------------------------


def _waiting(act: Act, case: Case) -> Row:
    """The case's attempt that nobody has begun, or the refusal that says who did."""
    current = requests.current_workitem(act.tx, case.id)
    if current is None:
        raise Problem("not-found")
    if current["state"] != workitem.State.SCHEDULED:
        worklist.refuse_taken(current)
    return current


def give(act: Act, case: Case, current: Row, person_id: str, by: By) -> None:
    """Write whose an attempt is to be; Problem when somebody began it meanwhile."""
    values = {
        "scheduled_performer_id": person_id,
        "scheduled_by": by.value,
        "scheduled_performer_at": act.now,
    }
    _change(act, current, values)
    moves.settle(act, case)
    before = current["scheduled_performer_id"]
    more = {"previous": before} if before else {}
    act.tell(moves.fact(act, case, Kind.WORKITEM_ASSIGNED, person=person_id, by=by.value, **more))


def open_again(act: Act, case: Case, current: Row, why: str | None = None) -> None:
    """Open it to everybody again; `why` is a code where no person did."""
    names = ("scheduled_performer_id", "scheduled_by", "scheduled_performer_at")
    _change(act, current, dict.fromkeys(names))
    was = {"person": current["scheduled_performer_id"], "by": current["scheduled_by"], "why": why}
    act.tell(moves.fact(act, case, Kind.WORKITEM_UNASSIGNED, **was))


def _change(act: Act, current: Row, values: Row) -> None:
    """Compare and set: whoever claimed meanwhile was first."""
    if not assignments.change(act.tx, current, values):
        worklist.refuse_taken(requests.current_workitem(act.tx, current["request_id"]) or current)


def _lasts(act: Act) -> timedelta:
    return act.catalogue.timers.reservation
