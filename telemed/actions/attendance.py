"""How long somebody was in a lecture, who attended it at its end, and the credit that follows.

By the course's kind the time is counted from open pages, from the check-in to the check-out, or
from what was watched; on demand whoever did what the course asks has taken part, and nobody is
absent. A credit is given once for a course, with the names of the day.
"""

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from telemed.actions import courses, places
from telemed.actions.act import Act
from telemed.actions.reports import new_code
from telemed.core import checkin
from telemed.core.activity import Kind
from telemed.core.coursework import MEDIA
from telemed.core.training import (
    KINDS,
    TOOK_PART,
    CourseKind,
    EnrolmentEvent,
    EnrolmentState,
    LectureState,
    OnDemand,
    Studied,
    earns_credit,
    has_studied,
    share_of,
)
from telemed.store import accounts, enrolments, learning, network
from telemed.store import courses as store
from telemed.store.tx import Row


def heard(lecture: Row, course: Row, row: Row, now: datetime) -> dict[str, Any]:
    """What is written of somebody whose page is open: their seconds, and when that was said."""
    so_far = checkin.Presence(row["seconds"], row["beat_at"], row["pauses"], row["micros"])
    begun = lecture["begun_at"]
    if not KINDS[CourseKind(course["kind"])].by_page or begun is None:
        after = replace(so_far, beat_at=now)
    else:
        after = checkin.heard(so_far, now, begun, lecture["finished_at"])
    return asdict(after)


def settle(act: Act, lecture: Row, course: Row) -> dict[str, int]:
    """Everybody's end of a lecture; how many took part and how many did not. In the turn only."""
    states = (EnrolmentState.CHECKED_IN, EnrolmentState.ENROLLED, EnrolmentState.WAITING)
    for row in enrolments.in_states(act.tx, lecture["id"], states):
        lecture = _end(act, lecture, course, row)
    give_credits(act, course, enrolments.uncredited(act.tx, course["id"]))
    # Whoever did enough on demand had done so before, and was told of then.
    ended = enrolments.counts(act.tx, lecture["id"])
    told = [EnrolmentState.ATTENDED, EnrolmentState.ABSENT]
    if is_on_demand(course):
        told = [EnrolmentState.STUDIED, EnrolmentState.UNFINISHED]
    return {
        **{state.value: ended.get(state.value, 0) for state in told},
        "minutes": length_of(lecture, course) // 60,
    }


def _end(act: Act, lecture: Row, course: Row, row: Row) -> Row:
    """What becomes of somebody at the end of a lecture; the lecture after it."""
    if row["state"] == EnrolmentState.WAITING:
        return places.set_state(act, lecture, row, EnrolmentEvent.LAPSE, {})[0]
    if row["state"] == EnrolmentState.CHECKED_IN:
        return attend(act, lecture, course, row, _seconds(lecture, course, row))[0]
    event, kind = EnrolmentEvent.MISS, Kind.ENROLMENT_MISSED
    if is_on_demand(course):
        if did_enough(act, lecture, course, row):
            return study(act, lecture, course, row, row["seconds"])[0]
        event, kind = EnrolmentEvent.RUN_OUT, Kind.ENROLMENT_RAN_OUT
    lecture, _ = places.set_state(act, lecture, row, event, {})
    courses.tell(act, course, kind, lecture, row["institution_id"], account=row["account_id"])
    return lecture


def attend(act: Act, lecture: Row, course: Row, row: Row, seconds: int) -> tuple[Row, Row]:
    """Somebody was there, for so many seconds; the lecture and their row after it."""
    return _took_part(act, lecture, course, row, seconds, EnrolmentEvent.ATTEND)


def study(act: Act, lecture: Row, course: Row, row: Row, seconds: int) -> tuple[Row, Row]:
    """Somebody took part on demand; the lecture and their row after it."""
    return _took_part(act, lecture, course, row, seconds, EnrolmentEvent.STUDY)


def _took_part(
    act: Act, lecture: Row, course: Row, row: Row, seconds: int, event: EnrolmentEvent
) -> tuple[Row, Row]:
    lecture, after = places.set_state(act, lecture, row, event, {"seconds": seconds})
    courses.tell(
        act, course, _TOLD[event], lecture, row["institution_id"],
        account=row["account_id"], minutes=seconds // 60,
    )  # fmt: skip
    return lecture, after


_TOLD = {
    EnrolmentEvent.ATTEND: Kind.ENROLMENT_ATTENDED,
    EnrolmentEvent.STUDY: Kind.ENROLMENT_STUDIED,
}


def is_on_demand(course: Row) -> bool:
    """Whether a course is studied at any time, and nobody is expected at one."""
    return KINDS[CourseKind(course["kind"])].by_watching


def did_enough(act: Act, lecture: Row, course: Row, row: Row) -> bool:
    """Whether somebody has done what a course on demand asks of them."""
    played = {
        one["id"]: MEDIA[one["media"]].played for one in learning.materials(act.tx, course["id"])
    }
    papers = [key for key, is_film in played.items() if not is_film]
    account = row["account_id"]
    sat = learning.sittings(act.tx, course["id"], account)
    done = OnDemand(
        length=length_of(lecture, course),
        spent=row["seconds"],
        films=any(played.values()),
        papers=len(papers),
        opened=len(learning.plays_of(act.tx, account, papers)),
        quiz=bool(course["quiz"]),
        passed=any(one["passed"] for one in sat),
    )
    return has_studied(done, course["required_percent"])


def _seconds(lecture: Row, course: Row, row: Row) -> int:
    """What counts of somebody's time at the end of a lecture."""
    begun = lecture["begun_at"]
    if KINDS[CourseKind(course["kind"])].by_page:
        # A page that was open a moment ago was open until the end.
        if row["checked_out_at"] is not None:
            return int(row["seconds"])
        return int(heard(lecture, course, row, lecture["finished_at"])["seconds"])
    left = row["checked_out_at"] or lecture["finished_at"]
    spent = checkin.between(row["checked_in_at"], left, begun, lecture["finished_at"])
    # An end that was said hours later makes nobody's stay longer.
    return min(spent, length_of(lecture, course))


def length_of(lecture: Row, course: Row) -> int:
    """How long a lecture was or will be, in seconds: never longer than it was held."""
    planned = int(lecture["minutes"]) * 60
    begun, finished = lecture["begun_at"], lecture["finished_at"]
    watched = KINDS[CourseKind(course["kind"])].by_watching
    if watched or begun is None or finished is None:
        return planned
    return min(planned, int((finished - begun).total_seconds()))


def credit_words(tenths: int, credit_class: str) -> str:
    """A credit as it is printed."""
    number = f"{tenths // 10}" if tenths % 10 == 0 else f"{tenths / 10:.1f}"
    kinds = {"I": "Ⅰ类学分", "II": "Ⅱ类学分"}
    return f"{kinds.get(credit_class, '学分')} {number} 分"


# --- credit ---------------------------------------------------------------------------------------


def give_credits(act: Act, course: Row, rows: Iterable[Row]) -> None:
    """Give the course's credit to those of them who have done enough and have not got it."""
    if not course["credit_tenths"]:
        return
    lectures = store.lectures_of(act.tx, [course["id"]])[course["id"]]
    counted = [row for row in lectures if row["state"] != LectureState.CANCELED]
    for row in rows:
        _give(act, course, counted, row)


def _give(act: Act, course: Row, lectures: list[Row], row: Row) -> None:
    account, key = row["account_id"], course["id"]
    if learning.credit(act.tx, key, account) is not None:
        return
    own = {one["lecture_id"]: one for one in enrolments.in_course(act.tx, key, account)}
    spent = {k: r["seconds"] for k, r in own.items() if r["state"] in TOOK_PART}
    studied = [Studied(length_of(one, course), spent.get(one["id"], 0)) for one in lectures]
    sat = learning.sittings(act.tx, key, account)
    passed = any(one["passed"] for one in sat)
    if not earns_credit(
        course["credit_tenths"], share_of(studied), course["required_percent"],
        bool(course["quiz"]), passed,
    ):  # fmt: skip
        return
    best = max((one["score"] for one in sat), default=None)
    made = _credit(act, course, row, sum(spent.values()), best)
    learning.add_credit(act.tx, made)
    last = lectures[-1]
    courses.tell(
        act, course, Kind.CREDIT_GIVEN, last, row["institution_id"],
        account=account, credit=made["id"], tenths=course["credit_tenths"],
    )  # fmt: skip


def _credit(act: Act, course: Row, row: Row, seconds: int, score: int | None) -> Row:
    holder = accounts.by_id(act.tx, row["account_id"])
    place = network.institution(act.tx, row["institution_id"])
    assert holder is not None and place is not None  # both are referred to by keys
    key = act.new_id()
    return {
        "id": key,
        "code": new_code(),
        "course_id": course["id"],
        "account_id": row["account_id"],
        "person_id": row["person_id"],
        "institution_id": row["institution_id"],
        "name": holder["display_name"],
        "institution_name": place["name"],
        "tenths": course["credit_tenths"],
        "credit_class": course["credit_class"],
        "seconds": seconds,
        "score": score,
        "given_at": act.now,
    }
