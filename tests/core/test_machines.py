"""Every cell of every state table: what is allowed, what is refused, what is reachable."""

from enum import StrEnum
from typing import Any

import pytest

from telemed.core import (
    appointment,
    approval,
    charge,
    conference,
    follow_up,
    minutes,
    opinion,
    report,
    request,
    training,
    urgent_call,
    waiting,
    workitem,
)
from telemed.core.errors import Problem
from telemed.core.machine import Machine

MACHINES: tuple[Machine[Any, Any], ...] = (
    request.MACHINE,
    workitem.MACHINE,
    report.MACHINE,
    appointment.MACHINE,
    appointment.SEATS,
    waiting.MACHINE,
    urgent_call.MACHINE,
    urgent_call.RING_MACHINE,
    conference.MACHINE,
    opinion.MACHINE,
    minutes.MACHINE,
    follow_up.MACHINE,
    training.COURSES,
    training.LECTURES,
    training.ENROLMENTS,
    approval.MACHINE,
    charge.MACHINE,
)

R, E = request.State, request.Event
REQUEST_CELLS = {
    (R.DRAFT, E.SUBMIT): R.OPEN,
    (R.DRAFT, E.APPLY): R.AWAITING,
    (R.DRAFT, E.DISCARD): R.DISCARDED,
    (R.AWAITING, E.APPROVE): R.OPEN,
    (R.AWAITING, E.REJECT): R.DRAFT,
    (R.AWAITING, E.RECALL): R.DRAFT,
    (R.OPEN, E.RETURN): R.RETURNED,
    (R.OPEN, E.WITHDRAW): R.WITHDRAWN,
    (R.OPEN, E.DECLINE): R.DECLINED,
    (R.OPEN, E.REDIRECT): R.OPEN,
    (R.OPEN, E.ANSWER): R.ANSWERED,
    (R.RETURNED, E.RESUBMIT): R.OPEN,
    (R.RETURNED, E.WITHDRAW): R.WITHDRAWN,
    (R.DECLINED, E.RESUBMIT): R.OPEN,
    (R.DECLINED, E.WITHDRAW): R.WITHDRAWN,
    (R.ANSWERED, E.CONFIRM): R.CONFIRMED,
    (R.ANSWERED, E.REVISE): R.ANSWERED,
    (R.CONFIRMED, E.REVISE): R.ANSWERED,
}
Y, Z = approval.State, approval.Event
APPROVAL_CELLS = {
    (Y.WAITING, Z.APPROVE): Y.APPROVED,
    (Y.WAITING, Z.REJECT): Y.REJECTED,
    (Y.WAITING, Z.PASS_OVER): Y.PASSED_OVER,
    (Y.WAITING, Z.CANCEL): Y.CANCELED,
}
W, V = workitem.State, workitem.Event
WORKITEM_CELLS = {
    (W.SCHEDULED, V.CLAIM): W.IN_PROGRESS,
    (W.SCHEDULED, V.CANCEL): W.CANCELED,
    (W.IN_PROGRESS, V.COMPLETE): W.COMPLETED,
    (W.IN_PROGRESS, V.CANCEL): W.CANCELED,
}
P, S = report.State, report.Event
REPORT_CELLS = {
    (P.DRAFT, S.SIGN_ALONE): P.FINAL,
    (P.DRAFT, S.SIGN_FIRST): P.PRELIMINARY,
    (P.DRAFT, S.DISCARD): P.DISCARDED,
    (P.PRELIMINARY, S.VERIFY): P.FINAL,
    (P.PRELIMINARY, S.SEND_BACK): P.DRAFT,
    (P.PRELIMINARY, S.DISCARD): P.DISCARDED,
}
A, B = appointment.State, appointment.Event
APPOINTMENT_CELLS = {
    (A.HELD, B.PROPOSE): A.PROPOSED,
    (A.HELD, B.CANCEL): A.CANCELED,
    (A.HELD, B.LAPSE): A.CANCELED,
    (A.PROPOSED, B.CONFIRM): A.CONFIRMED,
    (A.PROPOSED, B.RESCHEDULE): A.PROPOSED,
    (A.PROPOSED, B.CANCEL): A.CANCELED,
    (A.PROPOSED, B.LAPSE): A.CANCELED,
    (A.CONFIRMED, B.RESCHEDULE): A.PROPOSED,
    (A.CONFIRMED, B.BEGIN): A.UNDER_WAY,
    (A.CONFIRMED, B.CANCEL): A.CANCELED,
    (A.CONFIRMED, B.MISS): A.MISSED,
    (A.UNDER_WAY, B.END): A.ENDED,
    (A.UNDER_WAY, B.MISS): A.MISSED,
}
C, D = appointment.SeatState, appointment.SeatEvent
SEAT_CELLS = {
    (C.INVITED, D.ACCEPT): C.ACCEPTED,
    (C.INVITED, D.DECLINE): C.DECLINED,
    (C.INVITED, D.REPLACE): C.REPLACED,
    (C.INVITED, D.REINVITE): C.INVITED,
    (C.ACCEPTED, D.DECLINE): C.DECLINED,
    (C.ACCEPTED, D.REPLACE): C.REPLACED,
    (C.ACCEPTED, D.REINVITE): C.INVITED,
    (C.DECLINED, D.REPLACE): C.REPLACED,
    (C.DECLINED, D.REINVITE): C.INVITED,
}
F, G = waiting.State, waiting.Event
WAITING_CELLS = {
    (F.WAITING, G.OFFER): F.OFFERED,
    (F.WAITING, G.WITHDRAW): F.WITHDRAWN,
    (F.WAITING, G.PASS): F.PASSED,
    (F.OFFERED, G.TAKE): F.FILLED,
    (F.OFFERED, G.WITHDRAW): F.WITHDRAWN,
    (F.OFFERED, G.PASS): F.PASSED,
}
H, L = urgent_call.State, urgent_call.Event
URGENT_CALL_CELLS = {
    (H.RINGING, L.ANSWER): H.ANSWERED,
    (H.RINGING, L.EXHAUST): H.EXHAUSTED,
    (H.RINGING, L.CANCEL): H.CANCELED,
}
J, K = urgent_call.RingState, urgent_call.RingEvent
RING_CELLS = {
    (J.RINGING, K.ANSWER): J.ANSWERED,
    (J.RINGING, K.DECLINE): J.DECLINED,
    (J.RINGING, K.MISS): J.MISSED,
    (J.RINGING, K.END): J.OVER,
    (J.MISSED, K.ANSWER): J.ANSWERED,
}
M, N = conference.State, conference.Event
CONFERENCE_CELLS = {
    (M.AWAY, N.ENTER): M.PRESENT,
    (M.PRESENT, N.ENTER): M.PRESENT,
    (M.PRESENT, N.LEAVE): M.AWAY,
    (M.PRESENT, N.DROP): M.DROPPED,
    (M.PRESENT, N.MODE): M.PRESENT,
    (M.DROPPED, N.RETURN): M.PRESENT,
    (M.DROPPED, N.LEAVE): M.AWAY,
}
Q, T = opinion.State, opinion.Event
OPINION_CELLS = {
    (Q.ASKED, T.ACCEPT): Q.ACCEPTED,
    (Q.ASKED, T.DECLINE): Q.DECLINED,
    (Q.ASKED, T.CONSOLIDATE): Q.CONSOLIDATED,
    (Q.ASKED, T.WITHDRAW): Q.WITHDRAWN,
    (Q.ASKED, T.LAPSE): Q.LAPSED,
    (Q.ACCEPTED, T.DECLINE): Q.DECLINED,
    (Q.ACCEPTED, T.SIGN): Q.SIGNED,
    (Q.ACCEPTED, T.CONSOLIDATE): Q.CONSOLIDATED,
    (Q.ACCEPTED, T.WITHDRAW): Q.WITHDRAWN,
}
X, Y = minutes.State, minutes.Event
MINUTES_CELLS = {
    (X.OPEN, Y.WRITE): X.OPEN,
    (X.OPEN, Y.CLOSE): X.CLOSED,
    (X.CLOSED, Y.SIGN): X.CLOSED,
    (X.CLOSED, Y.COMPLETE): X.SIGNED,
    (X.CLOSED, Y.REOPEN): X.OPEN,
    (X.SIGNED, Y.ARCHIVE): X.ARCHIVED,
}
F, G = follow_up.State, follow_up.Event
FOLLOW_UP_CELLS = {
    (F.PLANNED, G.COME): F.DUE,
    (F.PLANNED, G.ANSWER): F.DONE,
    (F.PLANNED, G.DROP): F.DROPPED,
    (F.DUE, G.ANSWER): F.DONE,
    (F.DUE, G.LAPSE): F.LAPSED,
    (F.DONE, G.CORRECT): F.DONE,
    (F.LAPSED, G.ANSWER): F.DONE,
    (F.DROPPED, G.RESUME): F.PLANNED,
}
H, J = training.CourseState, training.CourseEvent
COURSE_CELLS = {
    (H.DRAFT, J.APPLY): H.APPLIED,
    (H.DRAFT, J.CANCEL): H.CANCELED,
    (H.APPLIED, J.APPROVE): H.APPROVED,
    (H.APPLIED, J.RETURN): H.RETURNED,
    (H.APPLIED, J.CANCEL): H.CANCELED,
    (H.RETURNED, J.APPLY): H.APPLIED,
    (H.RETURNED, J.CANCEL): H.CANCELED,
    (H.APPROVED, J.PUBLISH): H.PUBLISHED,
    (H.APPROVED, J.RETURN): H.RETURNED,
    (H.APPROVED, J.CANCEL): H.CANCELED,
    (H.PUBLISHED, J.ARCHIVE): H.ARCHIVED,
    (H.PUBLISHED, J.CANCEL): H.CANCELED,
}
K, M = training.LectureState, training.LectureEvent
LECTURE_CELLS = {
    (K.PLANNED, M.OPEN): K.ENROLLING,
    (K.PLANNED, M.CANCEL): K.CANCELED,
    (K.ENROLLING, M.CLOSE): K.CLOSED,
    (K.ENROLLING, M.BEGIN): K.UNDER_WAY,
    (K.ENROLLING, M.CANCEL): K.CANCELED,
    (K.CLOSED, M.OPEN): K.ENROLLING,
    (K.CLOSED, M.BEGIN): K.UNDER_WAY,
    (K.CLOSED, M.CANCEL): K.CANCELED,
    (K.UNDER_WAY, M.FINISH): K.FINISHED,
    (K.UNDER_WAY, M.CANCEL): K.CANCELED,
}
N, Q = training.EnrolmentState, training.EnrolmentEvent
ENROLMENT_CELLS = {
    (N.ENROLLED, Q.CHECK_IN): N.CHECKED_IN,
    (N.ENROLLED, Q.MISS): N.ABSENT,
    (N.ENROLLED, Q.STUDY): N.STUDIED,
    (N.ENROLLED, Q.RUN_OUT): N.UNFINISHED,
    (N.ENROLLED, Q.WITHDRAW): N.WITHDRAWN,
    (N.WAITING, Q.MOVE_UP): N.ENROLLED,
    (N.WAITING, Q.LAPSE): N.UNPLACED,
    (N.WAITING, Q.WITHDRAW): N.WITHDRAWN,
    (N.CHECKED_IN, Q.ATTEND): N.ATTENDED,
    (N.WITHDRAWN, Q.ENROL): N.ENROLLED,
    (N.WITHDRAWN, Q.WAIT): N.WAITING,
}
H, J = charge.State, charge.Event
CHARGE_CELLS = {
    (H.UNPRICED, J.PRICE): H.PRICED,
    (H.UNPRICED, J.LEAVE): H.UNPRICED,
    (H.UNPRICED, J.WAIVE): H.WAIVED,
    (H.PRICED, J.PRICE): H.PRICED,
    (H.PRICED, J.LEAVE): H.UNPRICED,
    (H.PRICED, J.CHARGE): H.CHARGED,
    (H.PRICED, J.WAIVE): H.WAIVED,
    (H.CHARGED, J.SETTLE): H.SETTLED,
    (H.CHARGED, J.WAIVE): H.WAIVED,
    (H.SETTLED, J.REFUND): H.REFUNDED,
}
EXPECTED = {
    "course": COURSE_CELLS,
    "lecture": LECTURE_CELLS,
    "enrolment": ENROLMENT_CELLS,
    "request": REQUEST_CELLS,
    "workitem": WORKITEM_CELLS,
    "report version": REPORT_CELLS,
    "appointment": APPOINTMENT_CELLS,
    "seat": SEAT_CELLS,
    "waiting": WAITING_CELLS,
    "urgent call": URGENT_CALL_CELLS,
    "ring": RING_CELLS,
    "conference member": CONFERENCE_CELLS,
    "opinion": OPINION_CELLS,
    "minutes": MINUTES_CELLS,
    "follow-up": FOLLOW_UP_CELLS,
    "approval": APPROVAL_CELLS,
    "charge": CHARGE_CELLS,
}


def cells() -> list[Any]:
    """Every (machine, state, event) there is, allowed or not."""
    return [
        pytest.param(machine, state, event, id=f"{machine.name}-{state.value}-{event.value}")
        for machine in MACHINES
        for state in type(next(iter(machine.table)))
        for event in type(next(e for row in machine.table.values() for e in row))
    ]


@pytest.mark.parametrize(("machine", "state", "event"), cells())
def test_every_cell_does_what_the_standard_and_the_house_say(
    machine: Machine[Any, Any], state: StrEnum, event: StrEnum
) -> None:
    """A cell either leads where this test says or raises and leads nowhere."""
    expected = EXPECTED[machine.name].get((state, event))  # type: ignore[attr-defined]
    assert machine.allows(state, event) == (expected is not None)
    if expected is not None:
        assert machine.step(state, event) is expected
        return
    with pytest.raises(Problem) as caught:
        machine.step(state, event)
    assert caught.value.code == "illegal-transition"
    assert caught.value.facts["state"] == machine.word(state)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.name)
def test_every_state_has_a_row_and_can_be_reached(machine: Machine[Any, Any]) -> None:
    """Terminal rows are written out; no state is an island."""
    kind: type[StrEnum] = type(next(iter(machine.table)))
    states = set(kind)
    assert set(machine.table) == states
    reached = {next(iter(machine.table))}
    for _ in states:
        reached |= {to for state in reached for to in machine.table[state].values()}
    assert reached == states


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.name)
def test_every_state_and_event_has_words_in_both_languages(machine: Machine[Any, Any]) -> None:
    """What people see is never a code."""
    used = set(machine.table) | {e for row in machine.table.values() for e in row}
    assert used <= set(machine.words)
    assert all(word["zh"] and word["en"] for word in machine.vocabulary().values())


def test_ups_never_goes_back_to_scheduled() -> None:
    """PS3.4 CC.1.1: only N-CREATE makes a workitem SCHEDULED."""
    led_to = {to for row in workitem.MACHINE.table.values() for to in row.values()}
    assert workitem.State.SCHEDULED not in led_to


def test_every_request_event_says_what_becomes_of_the_workitem() -> None:
    """An open request always has one open workitem, and no other state has."""
    assert set(request.JOINT) == set(request.Event)
    for state, row in request.MACHINE.table.items():
        for event, to in row.items():
            joint = request.JOINT[event]
            if to is request.State.OPEN:
                assert joint.schedule
            if state is request.State.OPEN:
                assert joint.cancel or joint.complete
            if state is request.State.OPEN and to is request.State.ANSWERED:
                assert joint.complete and not joint.cancel
            # Experts are asked by whoever answers: what leaves them, or is answered, asks nobody.
            leaves = event in (request.Event.REDIRECT, request.Event.ANSWER)
            leaves |= to in (request.State.WITHDRAWN, request.State.DECLINED)
            if state is request.State.OPEN:
                assert joint.close == leaves


def test_the_second_signature_is_somebody_elses() -> None:
    """写/审: the author cannot verify."""
    with pytest.raises(Problem) as caught:
        report.require_other_eyes("a", "a")
    assert caught.value.code == "four-eyes"
    report.require_other_eyes("a", "b")


@pytest.mark.parametrize(
    "content", [{}, {"findings": "x"}, {"findings": " ", "impression": "y"}, {"impression": "y"}]
)
def test_an_empty_report_cannot_be_signed(content: dict[str, object]) -> None:
    """Findings and impression must both say something."""
    with pytest.raises(Problem) as caught:
        report.require_complete(content, ())
    assert caught.value.code == "report-empty"


def test_one_signature_or_two_is_the_service_types_choice() -> None:
    """The four-eyes rule picks the signing event."""
    assert report.sign_event(True) is report.Event.SIGN_FIRST
    assert report.sign_event(False) is report.Event.SIGN_ALONE
