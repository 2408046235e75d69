"""The responding side: claim, keep, put aside, release, take over.

Of any number of simultaneous claims one wins: the workitem's state is compared and set. The
others learn who was first and when.
"""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from telemed.actions import door, guides, loads, moves
from telemed.actions.act import Act
from telemed.actions.door import Case
from telemed.core import report, workitem
from telemed.core.access import Permission, Role, Subject
from telemed.core.activity import Kind
from telemed.core.assignment import WHY_NOT, Taker, is_kept_for, why_not_take
from telemed.core.assignment_rules import NO_BURDEN, Burden, is_capped
from telemed.core.catalogue import ServiceType
from telemed.core.errors import Problem
from telemed.store import people, reports, requests
from telemed.store.tx import Row, Tx

ZONE = ZoneInfo("Asia/Shanghai")
SYSTEM = Subject(account_id="system", roles=frozenset(), institution_id=None)
"""Who acts when a clock does."""


def taker(tx: Tx, subject: Subject) -> Taker | None:
    """What the assignment rule knows of the subject's person."""
    row = people.person(tx, subject.person_id) if subject.person_id else None
    return None if row is None else taker_of(row)


def loaded_taker(act: Act) -> Taker | None:
    """`taker` with what the person has in hand."""
    who = taker(act.tx, act.subject)
    if who is None:
        return None
    return replace(who, burden=loads.load_of(act, who.institution_id, who.person_id).burden)


def taker_of(row: Row, burden: Burden = NO_BURDEN) -> Taker:
    """What the assignment rule knows of a row of `people`, and what they have in hand."""
    return Taker(
        person_id=row["id"],
        institution_id=row["institution_id"],
        scopes=tuple(row["scopes"]),
        practice_since=row["practice_since"],
        active=row["active"],
        title=row["title"],
        burden=burden,
    )


def why_not(who: Taker | None, service: ServiceType, row: Row, now: datetime) -> str | None:
    """Why this person may not take this case, or None."""
    if who is None:
        return "inactive"
    today = now.astimezone(ZONE).date()
    parties = (row["provider_id"], row["requester_id"])
    # An operation's level is what lists name its case by (catalogue.services).
    return why_not_take(who, service, *parties, today, row["body_part"])


def why_not_begin(act: Act, who: Taker, service: ServiceType, row: Row) -> str | None:
    """`why_not` of a row with its attempt: a case that waits may be another's, or one too many."""
    refusal = why_not(who, service, row, act.now)
    if refusal is not None or row["workitem_state"] != workitem.State.SCHEDULED:
        return refusal
    kept = kept_for(act, row)
    if kept is None:
        return "load-cap" if is_full(act, who, row) else None
    return None if kept == who.person_id else "set-aside"


def is_full(act: Act, who: Taker, row: Row) -> bool:
    """Whether a person has as much in hand as they may have, for a case that is not theirs yet."""
    rules = act.catalogue.assignment
    return is_capped(rules, row["provider_id"], row["service"], row["urgency"], who.burden)


def require_room(act: Act, case: Case, current: Row, who: str) -> None:
    """Problem("not-qualified") when a person's cap is reached; what is kept for them counts
    already."""
    if current["scheduled_performer_id"] == who:
        return
    has = loads.load_of(act, case.row["provider_id"], who).burden
    row, rules = case.row, act.catalogue.assignment
    if is_capped(rules, row["provider_id"], row["service"], row["urgency"], has):
        raise not_qualified("load-cap")


def not_qualified(refusal: str) -> Problem:
    """The refusal of somebody who may not take a case, in words."""
    words = WHY_NOT[refusal]
    return Problem("not-qualified", reason={"zh": words.zh, "en": words.en}, why=refusal)


def claim(
    act: Act, request_id: str, transaction_uid: str | None = None, as_guide: bool = False
) -> None:
    """Take the case from the queue and open a draft report in one step; `as_guide` says that
    whoever is listed to watch an operation means to guide it.

    A UPS client brings the Transaction UID by which it will change the workitem; a second claim
    under another one is somebody else's, whoever the person is (PS3.4 CC.2.1: C302).
    """
    case = door.provided_case(act, request_id, Permission.WRITE_REPORTS)
    who = qualified(act, case)
    current = requests.current_workitem(act.tx, case.id)
    if current is None:
        raise Problem("not-found")
    state = workitem.State(current["state"])
    held = current["performer_id"] if transaction_uid is None else None
    if state is workitem.State.IN_PROGRESS and held == who:
        return  # a retried click: the claim stands
    guides.require_meant(act, case, as_guide)
    if state is workitem.State.SCHEDULED:
        require_free(act, current, who)
        require_room(act, case, current, who)
    _take(act, case, current, who, transaction_uid)
    act.tell(moves.fact(act, case, Kind.WORKITEM_CLAIMED, person=who))


def release(act: Act, request_id: str, reason: str | None, note: str) -> None:
    """Give the case back to the queue: one's own claim, or anybody's for a coordinator."""
    case = door.provided_case(act, request_id, Permission.READ_QUEUE)
    current = _in_progress(act, case)
    mine = current["performer_id"] == act.subject.person_id
    if not mine and Role.COORDINATOR not in act.subject.roles:
        raise Problem("not-claim-holder")
    if act.catalogue.reason("release", reason) is None:
        raise Problem("reason-required")
    _requeue(act, case, current, reason or "release")
    act.tell(
        moves.fact(act, case, Kind.WORKITEM_RELEASED, reason=reason, person=current["performer_id"])
    )


def take_over(act: Act, request_id: str, reason: str | None, note: str) -> None:
    """Take a case that somebody else holds or is to have, with a reason; a draft of theirs is set
    aside, not lost."""
    case = door.provided_case(act, request_id, Permission.WRITE_REPORTS)
    who = qualified(act, case)
    current = requests.current_workitem(act.tx, case.id)
    waits = current is not None and current["state"] == workitem.State.SCHEDULED
    if current is None or not waits or kept_for(act, current) in (None, who):
        current = _in_progress(act, case)
    whose = current["performer_id"] or current["scheduled_performer_id"]
    if whose == who:
        return
    if act.catalogue.reason("takeover", reason) is None:
        raise Problem("reason-required")
    latest = reports.latest(act.tx, case.id)
    if latest is not None and latest["state"] != report.State.DRAFT:
        word = report.MACHINE.word(report.State(latest["state"]))
        raise Problem("illegal-transition", state=word, event={"zh": "接手", "en": "take over"})
    successor = _requeue(act, case, current, reason or "takeover")
    _take(act, case, successor, who)
    act.tell(
        moves.fact(
            act,
            case,
            Kind.WORKITEM_TAKEN_OVER,
            reason=reason,
            person=who,
            previous=whose,
        )
    )


def kept_for(act: Act, row: Row) -> str | None:
    """The person for whom an attempt that nobody has begun is kept, if any."""
    stands = is_kept_for(
        row["scheduled_by"],
        row["scheduled_performer_at"],
        act.now,
        act.catalogue.timers.reservation,
    )
    return row["scheduled_performer_id"] if stands else None


def kept_since(act: Act) -> datetime:
    """Who reserved a case before this moment and has not begun keeps it no longer."""
    return act.now - act.catalogue.timers.reservation


def require_free(act: Act, current: Row, who: str) -> None:
    """Problem("set-aside") when an attempt is kept for somebody else."""
    whose = kept_for(act, current)
    if whose is not None and whose != who:
        row = people.person(act.tx, whose)
        raise Problem("set-aside", holder="" if row is None else row["name"])


def hand_to(act: Act, case: Case, current: Row, reason: str) -> None:
    """A claim changes hands to the subject: this attempt ends and its successor is theirs."""
    _take(act, case, _requeue(act, case, current, reason), qualified(act, case))


def keep(act: Act, request_ids: Iterable[str]) -> datetime | None:
    """The holder is present: extend the leases of these claims; until when, None if none held."""
    if act.subject.person_id is None:
        return None
    until = workitem.lease_until(act.now, act.catalogue.timers.lease)
    held = requests.extend_leases(act.tx, act.subject.person_id, request_ids, until)
    return until if held else None


def seen_at(act: Act, lease_until: datetime | None, aside_at: datetime | None) -> datetime | None:
    """When the holder of a claim was last seen; None where nobody needs to be present.

    Every sign of life sets the lease anew, so the lease tells when the last one was.
    """
    if aside_at is not None or lease_until is None:
        return aside_at
    return lease_until - act.catalogue.timers.lease


def put_aside(act: Act, request_id: str, place: dict[str, Any]) -> None:
    """Let one's claim wait while one reads something more urgent.

    It stays IN PROGRESS and its draft is kept; the holder need not be present, for a bounded time.
    Doing it again only remembers the new place: waiting does not get longer by asking.
    """
    case = door.provided_case(act, request_id, Permission.WRITE_REPORTS)
    current = _own_claim(act, case)
    if current["aside_at"] is not None:
        _keep_claim(act, case, current, {"aside_place": place})
        return
    until = workitem.lease_until(act.now, act.catalogue.timers.aside)
    values = {"aside_at": act.now, "aside_place": place, "lease_until": until}
    _keep_claim(act, case, current, values)
    act.tell(moves.fact(act, case, Kind.WORKITEM_PUT_ASIDE, person=current["performer_id"]))


def resume(act: Act, request_id: str) -> None:
    """Take up again what one put aside; the place in it is still known. A retry changes nothing."""
    case = door.provided_case(act, request_id, Permission.WRITE_REPORTS)
    current = _own_claim(act, case)
    if current["aside_at"] is None:
        return
    until = workitem.lease_until(act.now, act.catalogue.timers.lease)
    _keep_claim(act, case, current, {"aside_at": None, "lease_until": until})
    act.tell(moves.fact(act, case, Kind.WORKITEM_RESUMED, person=current["performer_id"]))


def _own_claim(act: Act, case: Case) -> Row:
    """The subject's claim under a lease; one that awaits its verifier needs no presence."""
    current = _in_progress(act, case)
    if current["performer_id"] != act.subject.person_id or current["lease_until"] is None:
        raise Problem("not-claim-holder")
    return current


def _keep_claim(act: Act, case: Case, current: Row, values: dict[str, Any]) -> None:
    """Write to a claim that is still held; who lost it meanwhile learns that."""
    if not requests.change_workitem(act.tx, current["id"], current["state"], values):
        refuse_taken(requests.current_workitem(act.tx, case.id) or current)


def release_abandoned(act: Act) -> list[str]:
    """Requeue every claim whose holder has been gone for longer than the lease."""
    gone = requests.abandoned(act.tx, act.now)
    for request_id in gone:
        case = door.case_for_clock(act, request_id)
        if case is None:
            continue
        current = _in_progress(act, case)
        _requeue(act, case, current, "presence-ended")
        act.tell(moves.fact(act, case, Kind.WORKITEM_EXPIRED, person=current["performer_id"]))
    return gone


def qualified(act: Act, case: Case) -> str:
    """The subject's person id, or Problem("not-qualified") with the reason in words."""
    who = taker(act.tx, act.subject)
    refusal = why_not(who, case.service, case.row, act.now)
    if refusal is not None or who is None:
        raise not_qualified(refusal or "inactive")
    return who.person_id


def _in_progress(act: Act, case: Case) -> Row:
    current = requests.current_workitem(act.tx, case.id)
    if current is None or current["state"] != workitem.State.IN_PROGRESS:
        raise Problem("not-claim-holder")
    return current


def _take(act: Act, case: Case, current: Row, who: str, transaction_uid: str | None = None) -> None:
    """SCHEDULED -> IN PROGRESS by compare-and-set, with a draft to write in."""
    state = workitem.State(current["state"])
    if state is not workitem.State.SCHEDULED:
        refuse_taken(current)
    to = workitem.MACHINE.step(state, workitem.Event.CLAIM)
    values = {
        "state": to.value,
        "performer_id": who,
        "claimed_at": act.now,
        "lease_until": workitem.lease_until(act.now, act.catalogue.timers.lease),
        "transaction_uid": transaction_uid or f"2.25.{secrets.randbits(122)}",
    }
    if not requests.change_workitem(act.tx, current["id"], state.value, values):
        refuse_taken(requests.current_workitem(act.tx, case.id) or current)
    moves.settle(act, case)
    _begin_draft(act, case, current["id"], who)


def refuse_taken(current: Row) -> NoReturn:
    """The refusal of a claim for the state it met: who was first, or that it is over."""
    if current["state"] == workitem.State.IN_PROGRESS:
        raise Problem(
            "already-claimed", holder=current["performer_name"], since=current["claimed_at"]
        )
    word = workitem.MACHINE.word(workitem.State(current["state"]))
    raise Problem("illegal-transition", state=word, event={"zh": "领取", "en": "claim"})


def _requeue(act: Act, case: Case, current: Row, reason: str) -> Row:
    """Cancel this attempt and schedule its successor: UPS never goes back to SCHEDULED."""
    moves.end_workitem(act, current, workitem.Event.CANCEL, reason)
    reports.discard_drafts(act.tx, case.id, act.now)
    return requests.schedule(act.tx, act.new_id(), case.id, case.row["provider_id"], act.now)


def _begin_draft(act: Act, case: Case, workitem_id: str, who: str) -> None:
    """An empty draft, or the author's own that was set aside when they lost the claim."""
    report_id = reports.ensure(act.tx, act.new_id(), case.id, act.now)
    earlier = reports.set_aside_by(act.tx, case.id, who)
    reports.add_version(
        act.tx,
        {
            "id": act.new_id(),
            "report_id": report_id,
            "kind": report.VersionKind.ORIGINAL.value,
            "state": report.State.DRAFT.value,
            "revision": 1,
            "content": earlier["content"] if earlier else {},
            "reason": "",
            "workitem_id": workitem_id,
            "author_id": who,
            "created_at": act.now,
            "updated_at": act.now,
        },
    )
