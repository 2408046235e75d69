"""Whose a case is to be: a coordinator assigns it, a reader reserves some, either takes it back.

An assignment is the scheduled performer of the current attempt. It keeps others from claiming; who
has a reason may take the case over all the same. It ends with the attempt, and what a reader
reserved and did not begin is free again after a while.
"""

from collections.abc import Sequence
from datetime import timedelta

from telemed.actions import door, moves, ranking, worklist
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.actions.ranking import Online, Place
from telemed.core import workitem
from telemed.core.access import Permission, Relation
from telemed.core.activity import Fact, Kind
from telemed.core.assignment import By
from telemed.core.errors import Problem
from telemed.store import assignments, requests
from telemed.store.tx import Row

MOST_RESERVED = 20
"""Cases that somebody may have set aside for themselves at once."""


def assign(act: Act, request_id: str, person_id: str) -> None:
    """Give a case to one of the own institution's readers; from whoever it was assigned to."""
    case = door.provided_case(act, request_id, Permission.ASSIGN_WORK)
    readers = ranking.readers(act, act.subject.own_institution)
    chosen = next((row for row in readers if row["id"] == person_id), None)
    if chosen is None:
        raise Problem("not-found")
    refusal = worklist.why_not(worklist.taker_of(chosen), case.service, case.row, act.now)
    if refusal is not None:
        raise worklist.not_qualified(refusal)
    current = _waiting(act, case)
    worklist.require_room(act, case, current, person_id)
    if current["scheduled_performer_id"] != person_id or current["scheduled_by"] == By.SELF:
        _set(act, case, current, person_id, By.COORDINATOR)


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
            _set(act, case, current, who, By.SELF)


def unassign(act: Act, request_id: str) -> None:
    """Open a case to everybody again: one's own, or anybody's for a coordinator."""
    case = door.provided_case(act, request_id, Permission.READ_QUEUE)
    current = _waiting(act, case)
    whose = current["scheduled_performer_id"]
    if whose is None:
        return
    if whose != act.subject.person_id:
        act.subject.require(Permission.ASSIGN_WORK)
    _clear(act, case, current)


def end_lapsed(act: Act) -> int:
    """Open again what readers reserved and did not begin in time; how many cases."""
    gone = assignments.lapsed(act.tx, act.now - _lasts(act))
    for request_id in gone:
        row = requests.get(act.tx, request_id)
        current = requests.current_workitem(act.tx, request_id)
        if row is not None and current is not None:
            case = Case(row, Relation.PROVIDER, act.catalogue.services[row["service"]])
            _clear(act, case, current, "lapsed")
    return len(gone)


def candidates(act: Act, request_id: str, online: Online) -> list[Place]:
    """Everybody of the own institution who reads, as the rules rank them for a case."""
    case = door.provided_case(act, request_id, Permission.ASSIGN_WORK)
    return ranking.ranking(act, case, online)


# --- the step -------------------------------------------------------------------------------------


def _waiting(act: Act, case: Case) -> Row:
    """The case's attempt that nobody has begun, or the refusal that says who did."""
    current = requests.current_workitem(act.tx, case.id)
    if current is None:
        raise Problem("not-found")
    if current["state"] != workitem.State.SCHEDULED:
        worklist.refuse_taken(current)
    return current


def _set(act: Act, case: Case, current: Row, person_id: str, by: By) -> None:
    values = {
        "scheduled_performer_id": person_id,
        "scheduled_by": by.value,
        "scheduled_performer_at": act.now,
    }
    _change(act, current, values)
    before = current["scheduled_performer_id"]
    more = {"previous": before} if before else {}
    act.tell(moves.fact(act, case, Kind.WORKITEM_ASSIGNED, person=person_id, by=by.value, **more))


def _clear(act: Act, case: Case, current: Row, why: str | None = None) -> None:
    """Open it again; `why` is a code where no person did."""
    names = ("scheduled_performer_id", "scheduled_by", "scheduled_performer_at")
    _change(act, current, dict.fromkeys(names))
    act.tell(
        Fact(
            Kind.WORKITEM_UNASSIGNED,
            act.now,
            act.subject.account_id if act.subject.institution_id else None,
            case.row["provider_id"],
            case.parties,
            request_id=case.id,
            data=moves.case_data(
                case,
                **moves.attempt(act, case),
                person=current["scheduled_performer_id"],
                by=current["scheduled_by"],
                why=why,
            ),
        )
    )


def _change(act: Act, current: Row, values: Row) -> None:
    """Compare and set: whoever claimed meanwhile was first."""
    if not assignments.change(act.tx, current, values):
        worklist.refuse_taken(requests.current_workitem(act.tx, current["request_id"]) or current)


def _lasts(act: Act) -> timedelta:
    return act.catalogue.timers.reservation
