"""Checking in by the code on the lecturer's page or by those who give the lecture, checking out,
and being heard of in between.

A code is taken once for each person, whatever they send how often. A wrong one is counted, and the
count is kept: so it is answered, not raised.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from telemed.actions import attendance, courses, enrolments, lectures, places
from telemed.actions.act import Act
from telemed.actions.lectures import Held
from telemed.core import checkin
from telemed.core.activity import Kind
from telemed.core.errors import Problem
from telemed.core.training import (
    GOES_ON,
    KINDS,
    LECTURES,
    EnrolmentEvent,
    EnrolmentState,
    LectureState,
    has_room,
)
from telemed.store import enrolments as store
from telemed.store.tx import Row


class Outcome(StrEnum):
    """What came of a code."""

    CHECKED_IN = "checked in"
    WRONG = "wrong"
    BARRED = "barred"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a code, how many tries are left, and in how many seconds there are more."""

    outcome: Outcome
    left: int = 0
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """What the lecturer's page shows: the code, until when, and when it is taken."""

    code: str
    changes_at: datetime | None
    window: checkin.Window


def code(act: Act, lecture_id: str) -> Shown:
    """The code of now, for those who run the lecture."""
    held = lectures.load(act, lecture_id)
    courses.require_staff(act, held.course)
    if takes_part(act, lecture_id):
        raise Problem("own-code")
    row, taken = held.row, window_of(held.row)
    if act.now < taken.shown_from:
        raise Problem("code-to-come", since=taken.shown_from)
    return Shown(
        checkin.code_at(row["code_secret"], row["code_seconds"], act.now),
        checkin.changes_at(row["code_seconds"], act.now),
        taken,
    )


def takes_part(act: Act, lecture_id: str) -> bool:
    """Whether the subject has a place in a lecture, or waits for one: they read its code where it
    is shown, as everybody else does."""
    row = store.get(act.tx, lecture_id, act.subject.account_id)
    return row is not None and row["state"] != EnrolmentState.WITHDRAWN


def may_by_code(act: Act, held: Held, row: Row | None) -> bool:
    """Whether the code that the subject gives says that they are there: whoever may show it has
    taken a place, or waited for one, before it could be seen, and was shown it no more since."""
    if not courses.is_staff(act, held.course) or courses.gives_it(act, held.course):
        return True  # whoever gives it takes no part at all
    if row is None or row["state"] == EnrolmentState.WITHDRAWN:
        return False
    return bool(row["made_at"] < window_of(held.row).shown_from)


def window_of(row: Row) -> checkin.Window:
    """When a lecture's code is taken."""
    return checkin.window(row["since"], row["code_before"], row["code_after"])


def check_in(act: Act, lecture_id: str, given: str) -> Tried:
    """Give the code; done once however often it is sent."""
    held = lectures.turn(act, lecture_id)
    account = act.subject.account_id
    row = store.get(act.tx, lecture_id, account)
    if row is not None and EnrolmentState(row["state"]) in places.CAME:
        return Tried(Outcome.CHECKED_IN)
    _require_time(held, act.now)
    if not may_by_code(act, held, row):
        raise Problem("own-code")
    guesses = store.guesses(act.tx, lecture_id, account)
    if checkin.is_barred(guesses, act.now):
        return Tried(Outcome.BARRED, seconds=checkin.barred_seconds(guesses, act.now))
    if not checkin.is_code(given, held.row["code_secret"], held.row["code_seconds"], act.now):
        after = checkin.one_more(guesses, act.now)
        store.set_guesses(act.tx, lecture_id, account, after)
        return Tried(Outcome.WRONG, left=checkin.MOST_WRONG - after.wrong)
    _enter(act, held, row)
    return Tried(Outcome.CHECKED_IN)


def may_by_hand(act: Act, held: Held, row: Row) -> bool:
    """Whether one of a lecture's people can be checked in by hand now, by somebody who runs it."""
    return (
        row["state"] == EnrolmentState.ENROLLED
        and row["account_id"] != act.subject.account_id
        and held.state in GOES_ON
        and KINDS[held.kind].checks_in
        and act.now >= window_of(held.row).opens
    )


def check_in_by_hand(act: Act, lecture_id: str, account_id: str) -> None:
    """Check in somebody who has a place and no telephone, or came after the code's time; it is kept
    and told who did so. Nobody does it for themselves. Done once however often it is asked."""
    held = lectures.turn(act, lecture_id)
    courses.require_staff(act, held.course)
    row = store.get(act.tx, lecture_id, account_id)
    if row is None:
        raise Problem("not-found")
    if account_id == act.subject.account_id:
        raise Problem("own-check-in")
    if EnrolmentState(row["state"]) in places.CAME:
        return
    if held.state not in GOES_ON or not KINDS[held.kind].checks_in:
        raise Problem("lecture-over", state=LECTURES.word(held.state))
    opens = window_of(held.row).opens
    if act.now < opens:
        raise Problem("check-in-early", opens=opens)
    if row["state"] != EnrolmentState.ENROLLED:
        raise Problem("no-place-held")
    _come(act, held, row, {"checked_in_by": act.subject.account_id})


def _require_time(held: Held, now: datetime) -> None:
    """Problem unless codes of this lecture are taken now."""
    if held.state not in GOES_ON or not KINDS[held.kind].checks_in:
        raise Problem("lecture-over", state=LECTURES.word(held.state))
    open_now = window_of(held.row)
    if not open_now.has(now):
        raise Problem("check-in-closed", opens=open_now.opens, closes=open_now.closes)


def _enter(act: Act, held: Held, row: Row | None) -> None:
    """The code was right: the place that they have, or one that is free."""
    has_place = row is not None and row["state"] == EnrolmentState.ENROLLED
    if not has_place:
        held, row = _on_the_spot(act, held, row)
    assert row is not None  # enrolled before, or just now
    _come(act, held, row, {})


def _come(act: Act, held: Held, row: Row, values: Mapping[str, Any]) -> None:
    """They are here from now on."""
    held = lectures.begin_with(act, held)
    lecture, _ = places.set_state(
        act, held.row, row, EnrolmentEvent.CHECK_IN,
        {"checked_in_at": act.now, "beat_at": act.now, **values},
    )  # fmt: skip
    courses.tell(
        act, held.course, Kind.ENROLMENT_CHECKED_IN, lecture, row["institution_id"],
        account=row["account_id"], came=lecture["came"], taken=lecture["taken"],
        by_hand="checked_in_by" in values,
    )  # fmt: skip


def _on_the_spot(act: Act, held: Held, row: Row | None) -> tuple[Held, Row]:
    """A place for somebody who is here and has none; nobody who waits is passed over for it, since
    they are moved up as soon as there is one."""
    if not held.row["on_the_spot"]:
        raise Problem("not-enrolled")
    if not has_room(held.row["quota"], held.row["taken"]):
        raise Problem("no-place")
    if row is not None and row["state"] == EnrolmentState.WAITING:
        lecture, after = places.set_state(act, held.row, row, EnrolmentEvent.MOVE_UP, {})
        return Held(lecture, held.course), after
    after_held = enrolments.take_place(act, held, row, on_the_spot=True)
    entered = store.get(act.tx, held.id, act.subject.account_id)
    assert entered is not None  # just written
    return after_held, entered


def check_out(act: Act, lecture_id: str) -> None:
    """Leave before the end: from now on no time is counted. A second time moves it on."""
    held, row = _here(act, lecture_id)
    values = {**attendance.heard(held.row, held.course, row, act.now), "checked_out_at": act.now}
    _note(act, row, values)
    courses.tell(
        act, held.course, Kind.ENROLMENT_CHECKED_OUT, held.row, row["institution_id"],
        account=row["account_id"],
    )  # fmt: skip


def here(act: Act, lecture_id: str) -> int:
    """A page is open still; seconds that count so far. Tells no fact: nothing has happened."""
    held, row = _here(act, lecture_id)
    if held.row["begun_at"] is None and act.now >= held.row["since"]:
        held = lectures.begin_with(act, lectures.turn(act, lecture_id))
    values = attendance.heard(held.row, held.course, row, act.now)
    _note(act, row, {**values, "checked_out_at": None})
    return int(values["seconds"])


def _note(act: Act, row: Row, values: Mapping[str, Any]) -> None:
    """Write what was heard, unless the lecture's end was written meanwhile."""
    if not store.change_if(act.tx, row, EnrolmentState.CHECKED_IN, values):
        raise Problem("lecture-over", state=LECTURES.word(LectureState.FINISHED))


def _here(act: Act, lecture_id: str) -> tuple[Held, Row]:
    """The subject's own row, who has checked in to a lecture that goes on."""
    held = lectures.load(act, lecture_id)
    row = store.get(act.tx, lecture_id, act.subject.account_id)
    if row is None or row["state"] != EnrolmentState.CHECKED_IN:
        raise Problem("not-attended")
    if LectureState(held.row["state"]) not in GOES_ON:
        raise Problem("lecture-over", state=LECTURES.word(held.state))
    return held, row
