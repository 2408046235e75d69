"""What people do with a lecture: plan it, open and close enrolment, begin, finish, cancel.

Publishing a course opens its lectures; one that is added later is opened by the reviewer. The end
settles who attended. All of it in the course's turn.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from telemed.actions import attendance, booking, courses, places
from telemed.actions.act import Act
from telemed.actions.courses import Why
from telemed.core.activity import Kind
from telemed.core.errors import Problem
from telemed.core.training import (
    EDITABLE,
    GOES_ON,
    KINDS,
    LECTURES,
    CourseEvent,
    CourseKind,
    CourseState,
    LectureEvent,
    LectureState,
    require_due,
    require_time,
)
from telemed.core.workdays import ZONE
from telemed.store import courses as store
from telemed.store import enrolments, requests
from telemed.store.tx import Row

FACTS: Final[Mapping[LectureEvent, Kind]] = {
    LectureEvent.OPEN: Kind.LECTURE_OPENED,
    LectureEvent.CLOSE: Kind.LECTURE_CLOSED,
    LectureEvent.BEGIN: Kind.LECTURE_BEGUN,
    LectureEvent.FINISH: Kind.LECTURE_FINISHED,
    LectureEvent.CANCEL: Kind.LECTURE_CANCELED,
}
"""What each step is told as."""
CHANGEABLE: Final = frozenset({LectureState.PLANNED, LectureState.ENROLLING, LectureState.CLOSED})


@dataclass(frozen=True, slots=True)
class Plan:
    """When and where a lecture is, for how many, and how its code works."""

    title: str
    since: datetime
    until: datetime
    minutes: int
    place: str
    join_address: str
    appointment_id: str | None
    quota: int | None
    most_waiting: int
    on_the_spot: bool
    code_seconds: int
    code_before: int
    code_after: int


@dataclass(frozen=True, slots=True)
class Held:
    """A lecture and its course."""

    row: Row
    course: Row

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.row["id"])

    @property
    def state(self) -> LectureState:
        """Where it is."""
        return LectureState(self.row["state"])

    @property
    def kind(self) -> CourseKind:
        """How its course is held."""
        return CourseKind(self.course["kind"])


def load(act: Act, lecture_id: str) -> Held:
    """A lecture of a course that exists for the subject; Problem("not-found") for any other.

    One that is only planned exists for its own people.
    """
    row = store.lecture(act.tx, lecture_id)
    if row is None:
        raise Problem("not-found")
    course = courses.load(act, row["course_id"])
    if row["state"] == LectureState.PLANNED and not courses.viewer(act).gives:
        raise Problem("not-found")
    if row["state"] == LectureState.PLANNED and act.subject.institution_id != row["offerer_id"]:
        raise Problem("not-found")
    return Held(row, course)


def turn(act: Act, lecture_id: str, version: int | None = None) -> Held:
    """A lecture that nobody else changes meanwhile and nobody has since `version`."""
    row = store.lecture(act.tx, lecture_id)
    if row is None:
        raise Problem("not-found")
    act.tx.take_turn(f"course {row['course_id']}")
    held = load(act, lecture_id)
    if version is not None and held.row["version"] != version:
        raise Problem("stale", current=held.row["version"])
    return held


# --- planning -------------------------------------------------------------------------------------


def plan(act: Act, course_id: str, wanted: Plan) -> str:
    """Add a lecture to a course; its id. While the course is under review nothing is added."""
    course = courses.turn(act, course_id)
    courses.require_staff(act, course)
    state = CourseState(course["state"])
    if state not in EDITABLE and state is not CourseState.PUBLISHED:
        raise Problem("course-reviewed")
    courses.require_lectures(act, course_id)
    _require_sound(act, course, wanted)
    key, day = act.new_id(), act.now.astimezone(ZONE).strftime("%Y%m%d")
    prefix = act.catalogue.services[course["service"]].number_prefix
    row = {
        "id": key,
        "number": requests.next_number(act.tx, f"{prefix}C", day),
        "course_id": course_id,
        "offerer_id": course["offerer_id"],
        **_columns(wanted),
        "code_secret": secrets.token_hex(16),
        "state": LectureState.PLANNED.value,
        "version": 1,
        "taken": 0,
        "waiting": 0,
        "came": 0,
        "queue": 0,
        "made_at": act.now,
        "updated_at": act.now,
    }
    store.add_lecture(act.tx, row)
    courses.record(act, course, "plan", LectureState.PLANNED.value, None, key)
    courses.tell(act, course, Kind.LECTURE_PLANNED, row, since=wanted.since.isoformat())
    return key


def edit(act: Act, lecture_id: str, version: int, wanted: Plan) -> None:
    """Another time, place or number of places; until it has begun."""
    held = turn(act, lecture_id, version)
    courses.require_staff(act, held.course)
    if held.state not in CHANGEABLE:
        raise Problem("lecture-over", state=LECTURES.word(held.state))
    _require_sound(act, held.course, wanted)
    if wanted.quota is not None and wanted.quota < held.row["taken"]:
        raise Problem("quota-below", taken=held.row["taken"])
    columns = _columns(wanted)
    if any(held.row[name] != columns[name] for name in _WHEN_SHOWN):
        columns["code_secret"] = secrets.token_hex(16)  # who has seen the old one enrols anew
    left = change(act, held, columns)
    courses.record(act, held.course, "edit", held.state.value, None, held.id)
    moved = any(held.row[name] != left.row[name] for name in _WHERE_AND_WHEN)
    courses.tell(
        act, held.course, Kind.LECTURE_CHANGED, left.row,
        since=wanted.since.isoformat(), moved=moved,
    )  # fmt: skip
    if held.state is not LectureState.PLANNED:
        places.move_up(act, left)


_WHERE_AND_WHEN: Final = ("since", "until", "place", "join_address", "appointment_id")
"""What whoever takes part is told of when it is another."""


_WHEN_SHOWN: Final = ("since", "code_before")
"""What says from when on the code can be seen."""


def _columns(wanted: Plan) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in Plan.__slots__}


def _require_sound(act: Act, course: Row, wanted: Plan) -> None:
    kind = CourseKind(course["kind"])
    require_time(kind, wanted.since, wanted.until, wanted.minutes, act.now)
    if wanted.appointment_id is not None:
        booking.load(act, wanted.appointment_id)


# --- steps ----------------------------------------------------------------------------------------


def publish(act: Act, course_id: str, version: int) -> None:
    """Show the course to whom it is offered, and open enrolment to its lectures."""
    course = courses.turn(act, course_id, version)
    courses.require_staff(act, course)
    left = courses.step(act, course, CourseEvent.PUBLISH, published_at=act.now)
    for row in store.lectures_of(act.tx, [course_id])[course_id]:
        if row["state"] == LectureState.PLANNED:
            if row["until"] <= act.now:
                raise Problem("time-past")
            step(act, Held(row, left), LectureEvent.OPEN)


def archive(act: Act, course_id: str, version: int) -> None:
    """Nothing more will come; what was given stays to be read."""
    course = courses.turn(act, course_id, version)
    courses.require_staff(act, course)
    rows = store.lectures_of(act.tx, [course_id])[course_id]
    count = sum(LectureState(row["state"]) in _OPEN for row in rows)
    if count:
        raise Problem("lectures-open", count=count)
    courses.step(act, course, CourseEvent.ARCHIVE)


_OPEN: Final = GOES_ON | {LectureState.PLANNED}


def cancel_course(act: Act, course_id: str, version: int, why: Why) -> None:
    """Call the course off, and every lecture that has not been held. Whoever has been there for
    enough of what was held gets its credit."""
    course = courses.turn(act, course_id, version)
    courses.require_staff(act, course)
    reason = courses.reason_of(act, "cancel-course", why)
    left = courses.step(act, course, CourseEvent.CANCEL, reason)
    for row in store.lectures_of(act.tx, [course_id])[course_id]:
        if LectureState(row["state"]) in _OPEN:
            step(act, Held(row, left), LectureEvent.CANCEL, reason)
    attendance.give_credits(act, left, enrolments.uncredited(act.tx, course_id))


def open_(act: Act, lecture_id: str, version: int) -> None:
    """Open enrolment: again, by its own people; of a lecture added to a published course, by the
    reviewer, who has not seen it yet."""
    held = turn(act, lecture_id, version)
    if held.state is LectureState.PLANNED:
        courses.require_reviewer(act, held.course)
        if CourseState(held.course["state"]) is not CourseState.PUBLISHED:
            raise Problem("lecture-over", state=LECTURES.word(held.state))
    else:
        courses.require_staff(act, held.course)
    places.move_up(act, step(act, held, LectureEvent.OPEN))


def close(act: Act, lecture_id: str, version: int) -> None:
    """Nobody more may enrol."""
    step(act, staffed(act, lecture_id, version), LectureEvent.CLOSE)


def begin(act: Act, lecture_id: str, version: int) -> None:
    """It begins, an hour before its time at the earliest. Said only once it is over by the plan, it
    began when it was planned: those who came are not to lose their time by it."""
    held = staffed(act, lecture_id, version)
    require_due(held.row["since"], act.now)
    late = act.now >= held.row["until"]
    step(act, held, LectureEvent.BEGIN, begun_at=held.row["since"] if late else act.now)


def begin_with(act: Act, held: Held) -> Held:
    """It begins with whoever is there, if its time has come and nobody has said so: no time is lost
    by a button that was forgotten. In its turn only."""
    due = held.row["since"] <= act.now < held.row["until"]
    if held.state not in _TO_BEGIN or not due or not KINDS[held.kind].checks_in:
        return held
    return step(act, held, LectureEvent.BEGIN, begun_at=act.now)


_TO_BEGIN: Final = frozenset({LectureState.ENROLLING, LectureState.CLOSED})


def finish(act: Act, lecture_id: str, version: int) -> None:
    """It ends: who came has attended, who did not was absent, and credit is given where due."""
    held = staffed(act, lecture_id, version)
    LECTURES.step(held.state, LectureEvent.FINISH)
    ended = change(act, held, {"finished_at": act.now})
    told = attendance.settle(act, ended.row, ended.course)
    step(act, ended, LectureEvent.FINISH, told=told)


def cancel(act: Act, lecture_id: str, version: int, why: Why) -> None:
    """Call it off, with a reason. Whoever has been there for enough of what is left of the course
    gets its credit now: no later end would give it."""
    held = staffed(act, lecture_id, version)
    step(act, held, LectureEvent.CANCEL, courses.reason_of(act, "cancel-lecture", why))
    waiting = enrolments.uncredited(act.tx, held.course["id"])
    attendance.give_credits(act, held.course, waiting)


def staffed(act: Act, lecture_id: str, version: int | None = None) -> Held:
    """A lecture in its turn, for those who run it; Problem("forbidden") for learners."""
    held = turn(act, lecture_id, version)
    courses.require_staff(act, held.course)
    return held


def step(
    act: Act,
    held: Held,
    event: LectureEvent,
    reason: Mapping[str, Any] | None = None,
    told: Mapping[str, Any] | None = None,
    **values: Any,
) -> Held:
    """Take one step of the state table: the row, its move and the fact; what is left."""
    to = LECTURES.step(held.state, event)
    kept = None if reason is None else dict(reason)
    left = change(act, held, {"state": to.value, "reason": kept, **values})
    courses.record(act, held.course, event.value, to.value, reason, held.id)
    data = {**(told or {}), **({} if reason is None else {"reason": reason["code"]})}
    courses.tell(act, held.course, FACTS[event], left.row, **data)
    return left


def change(act: Act, held: Held, values: Mapping[str, Any]) -> Held:
    """Write a lecture as it is from now on; in its turn only."""
    written = {**values, "version": held.row["version"] + 1, "updated_at": act.now}
    store.set_lecture(act.tx, held.id, written)
    return Held({**held.row, **written}, held.course)
