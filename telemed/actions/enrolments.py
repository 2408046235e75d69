"""Enrolling in a lecture and withdrawing from it; always oneself, never anybody else."""

from telemed.actions import courses, lectures, places
from telemed.actions.act import Act
from telemed.actions.lectures import Held
from telemed.core.activity import Kind
from telemed.core.errors import Problem
from telemed.core.training import (
    HAS_PLACE,
    LECTURES,
    EnrolmentEvent,
    EnrolmentState,
    LectureState,
    has_room,
)
from telemed.store import courses as store
from telemed.store import enrolments
from telemed.store.tx import Row

_OPEN = frozenset({LectureState.ENROLLING})


def enrol(act: Act, lecture_id: str) -> None:
    """Take a place, or wait for one. Asked twice it is done once."""
    held = lectures.turn(act, lecture_id)
    if held.state not in _OPEN or held.row["until"] <= act.now:
        raise Problem("enrolment-over", state=LECTURES.word(held.state))
    row = enrolments.get(act.tx, lecture_id, act.subject.account_id)
    if row is not None and row["state"] != EnrolmentState.WITHDRAWN:
        return
    if has_room(held.row["quota"], held.row["taken"]):
        take_place(act, held, row)
    elif held.row["waiting"] < held.row["most_waiting"]:
        _wait(act, held, row)
    else:
        raise Problem("no-place")


def take_place(act: Act, held: Held, row: Row | None, on_the_spot: bool = False) -> Held:
    """Enrol in a lecture that has room; the lecture after it. In the turn only."""
    if courses.gives_it(act, held.course):
        raise Problem("own-course")
    lecture = _entered(act, held, row, EnrolmentEvent.ENROL, on_the_spot)
    courses.tell(
        act, held.course, Kind.ENROLMENT_MADE, lecture, act.subject.own_institution,
        account=act.subject.account_id, taken=lecture["taken"], on_the_spot=on_the_spot,
    )  # fmt: skip
    return Held(lecture, held.course)


def _wait(act: Act, held: Held, row: Row | None) -> None:
    if courses.gives_it(act, held.course):
        raise Problem("own-course")
    lecture = _entered(act, held, row, EnrolmentEvent.WAIT, False)
    courses.tell(
        act, held.course, Kind.ENROLMENT_WAITING, lecture, act.subject.own_institution,
        account=act.subject.account_id, waiting=lecture["waiting"],
    )  # fmt: skip


def _entered(
    act: Act, held: Held, row: Row | None, event: EnrolmentEvent, on_the_spot: bool
) -> Row:
    """Write an enrolment, a new one or one who comes back, at the end of the order."""
    n = held.row["queue"] + 1
    store.set_lecture(act.tx, held.id, {"queue": n})
    lecture = {**held.row, "queue": n}
    values = {
        "n": n,
        "person_id": act.subject.person_id,
        "institution_id": act.subject.own_institution,
        "made_at": act.now,
        "on_the_spot": on_the_spot,
    }
    if row is not None:
        return places.set_state(act, lecture, row, event, values)[0]
    to = EnrolmentState.ENROLLED if event is EnrolmentEvent.ENROL else EnrolmentState.WAITING
    enrolments.add(
        act.tx,
        {"lecture_id": held.id, "account_id": act.subject.account_id, **values,
         "state": to.value, "seconds": 0, "micros": 0, "pauses": 0},
    )  # fmt: skip
    return places.count(act, lecture, None, to)


def withdraw(act: Act, lecture_id: str) -> None:
    """Give the place back, or wait no longer; whoever waited first gets the place."""
    held = lectures.turn(act, lecture_id)
    row = enrolments.get(act.tx, lecture_id, act.subject.account_id)
    if row is None or row["state"] == EnrolmentState.WITHDRAWN:
        return
    had_place = EnrolmentState(row["state"]) in HAS_PLACE
    lecture, _ = places.set_state(act, held.row, row, EnrolmentEvent.WITHDRAW, {})
    courses.tell(
        act, held.course, Kind.ENROLMENT_WITHDRAWN, lecture, row["institution_id"],
        account=row["account_id"], taken=lecture["taken"], had_place=had_place,
    )  # fmt: skip
    places.move_up(act, Held(lecture, held.course))
