"""Training 远程教育培训: a course, its lectures 场次, and who takes part in them.

An institution applies with a course, its reviewer approves or returns it, and it is published to
whom it is offered. A lecture is one meeting of a course, or the time in which it may be watched on
demand. Who enrols has a place or waits for one; a place that becomes free goes to whoever waited
first. Knows no account's name, makes no number, reads no clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from telemed.core.errors import Problem
from telemed.core.machine import Machine


class CourseState(StrEnum):
    """Where a course is."""

    DRAFT = "draft"
    APPLIED = "applied"
    RETURNED = "returned"
    APPROVED = "approved"
    PUBLISHED = "published"
    ARCHIVED = "archived"
    CANCELED = "canceled"


class CourseEvent(StrEnum):
    """What may happen to a course."""

    APPLY = "apply"
    APPROVE = "approve"
    RETURN = "return"
    PUBLISH = "publish"
    ARCHIVE = "archive"
    CANCEL = "cancel"


_C, _CE = CourseState, CourseEvent
_COURSES: Mapping[CourseState, Mapping[CourseEvent, CourseState]] = {
    _C.DRAFT: {_CE.APPLY: _C.APPLIED, _CE.CANCEL: _C.CANCELED},
    _C.APPLIED: {_CE.APPROVE: _C.APPROVED, _CE.RETURN: _C.RETURNED, _CE.CANCEL: _C.CANCELED},
    _C.RETURNED: {_CE.APPLY: _C.APPLIED, _CE.CANCEL: _C.CANCELED},
    # A mistake seen after the approval goes back to its author all the same.
    _C.APPROVED: {_CE.PUBLISH: _C.PUBLISHED, _CE.RETURN: _C.RETURNED, _CE.CANCEL: _C.CANCELED},
    _C.PUBLISHED: {_CE.ARCHIVE: _C.ARCHIVED, _CE.CANCEL: _C.CANCELED},
    _C.ARCHIVED: {},
    _C.CANCELED: {},
}

COURSES: Machine[CourseState, CourseEvent] = Machine(
    name="course",
    table=MappingProxyType(_COURSES),
    words=MappingProxyType(
        {
            _C.DRAFT: ("草稿", "draft"),
            _C.APPLIED: ("待审核", "applied"),
            _C.RETURNED: ("已退回", "returned"),
            _C.APPROVED: ("审核通过", "approved"),
            _C.PUBLISHED: ("已发布", "published"),
            _C.ARCHIVED: ("已归档", "archived"),
            _C.CANCELED: ("已取消", "canceled"),
            _CE.APPLY: ("提交申请", "apply"),
            _CE.APPROVE: ("审核通过", "approve"),
            _CE.RETURN: ("退回修改", "return"),
            _CE.PUBLISH: ("发布", "publish"),
            _CE.ARCHIVE: ("归档", "archive"),
            _CE.CANCEL: ("取消", "cancel"),
        }
    ),
)
EDITABLE: Final = frozenset({_C.DRAFT, _C.RETURNED})
"""States in which what was or will be reviewed may be changed."""


class LectureState(StrEnum):
    """Where a lecture is."""

    PLANNED = "planned"
    ENROLLING = "enrolling"
    CLOSED = "closed"
    UNDER_WAY = "under way"
    FINISHED = "finished"
    CANCELED = "canceled"


class LectureEvent(StrEnum):
    """What may happen to a lecture."""

    OPEN = "open"
    CLOSE = "close"
    BEGIN = "begin"
    FINISH = "finish"
    CANCEL = "cancel"


_L, _LE = LectureState, LectureEvent
_LECTURES: Mapping[LectureState, Mapping[LectureEvent, LectureState]] = {
    _L.PLANNED: {_LE.OPEN: _L.ENROLLING, _LE.CANCEL: _L.CANCELED},
    _L.ENROLLING: {
        _LE.CLOSE: _L.CLOSED,
        _LE.BEGIN: _L.UNDER_WAY,
        _LE.CANCEL: _L.CANCELED,
    },
    _L.CLOSED: {_LE.OPEN: _L.ENROLLING, _LE.BEGIN: _L.UNDER_WAY, _LE.CANCEL: _L.CANCELED},
    # The line broke down in the midst of it: nobody has attended what did not take place.
    _L.UNDER_WAY: {_LE.FINISH: _L.FINISHED, _LE.CANCEL: _L.CANCELED},
    _L.FINISHED: {},
    _L.CANCELED: {},
}

LECTURES: Machine[LectureState, LectureEvent] = Machine(
    name="lecture",
    table=MappingProxyType(_LECTURES),
    words=MappingProxyType(
        {
            _L.PLANNED: ("待发布", "planned"),
            _L.ENROLLING: ("报名中", "enrolling"),
            _L.CLOSED: ("报名截止", "enrolment closed"),
            _L.UNDER_WAY: ("进行中", "under way"),
            _L.FINISHED: ("已结束", "finished"),
            _L.CANCELED: ("已取消", "canceled"),
            _LE.OPEN: ("开放报名", "open enrolment"),
            _LE.CLOSE: ("截止报名", "close enrolment"),
            _LE.BEGIN: ("开始", "begin"),
            _LE.FINISH: ("结束", "finish"),
            _LE.CANCEL: ("取消", "cancel"),
        }
    ),
)
GOES_ON: Final = frozenset({_L.ENROLLING, _L.CLOSED, _L.UNDER_WAY})
"""States in which people may come."""


class EnrolmentState(StrEnum):
    """Where somebody who enrolled is."""

    ENROLLED = "enrolled"
    WAITING = "waiting"
    CHECKED_IN = "checked in"
    ATTENDED = "attended"
    ABSENT = "absent"
    STUDIED = "studied"
    UNFINISHED = "unfinished"
    UNPLACED = "unplaced"
    WITHDRAWN = "withdrawn"


class EnrolmentEvent(StrEnum):
    """What may happen to an enrolment."""

    ENROL = "enrol"
    WAIT = "wait"
    MOVE_UP = "move_up"
    CHECK_IN = "check_in"
    ATTEND = "attend"
    MISS = "miss"
    STUDY = "study"
    RUN_OUT = "run_out"
    LAPSE = "lapse"
    WITHDRAW = "withdraw"


_E, _EE = EnrolmentState, EnrolmentEvent
_ENROLMENTS: Mapping[EnrolmentState, Mapping[EnrolmentEvent, EnrolmentState]] = {
    _E.ENROLLED: {
        _EE.CHECK_IN: _E.CHECKED_IN,
        _EE.MISS: _E.ABSENT,
        # On demand there is no hour at which one is there or absent.
        _EE.STUDY: _E.STUDIED,
        _EE.RUN_OUT: _E.UNFINISHED,
        _EE.WITHDRAW: _E.WITHDRAWN,
    },
    _E.WAITING: {
        _EE.MOVE_UP: _E.ENROLLED,
        _EE.LAPSE: _E.UNPLACED,
        _EE.WITHDRAW: _E.WITHDRAWN,
    },
    _E.CHECKED_IN: {_EE.ATTEND: _E.ATTENDED},
    _E.ATTENDED: {},
    _E.ABSENT: {},
    _E.STUDIED: {},
    _E.UNFINISHED: {},
    _E.UNPLACED: {},
    # Who comes back stands at the end of the list.
    _E.WITHDRAWN: {_EE.ENROL: _E.ENROLLED, _EE.WAIT: _E.WAITING},
}

ENROLMENTS: Machine[EnrolmentState, EnrolmentEvent] = Machine(
    name="enrolment",
    table=MappingProxyType(_ENROLMENTS),
    words=MappingProxyType(
        {
            _E.ENROLLED: ("已报名", "enrolled"),
            _E.WAITING: ("候补中", "wait-listed"),
            _E.CHECKED_IN: ("已签到", "checked in"),
            _E.ATTENDED: ("已参加", "attended"),
            _E.ABSENT: ("缺席", "absent"),
            _E.STUDIED: ("已点播学习", "on demand, done"),
            _E.UNFINISHED: ("点播未完成", "on demand, not finished"),
            _E.UNPLACED: ("未候补上", "no place"),
            _E.WITHDRAWN: ("已退出", "withdrawn"),
            _EE.ENROL: ("报名", "enrol"),
            _EE.WAIT: ("候补", "wait"),
            _EE.MOVE_UP: ("候补转正", "move up"),
            _EE.CHECK_IN: ("签到", "check in"),
            _EE.ATTEND: ("完成学习", "attend"),
            _EE.MISS: ("记为缺席", "miss"),
            _EE.STUDY: ("完成点播学习", "finish on demand"),
            _EE.RUN_OUT: ("点播到期", "run out"),
            _EE.LAPSE: ("候补失效", "lapse"),
            _EE.WITHDRAW: ("退出", "withdraw"),
        }
    ),
)
TOOK_PART: Final = frozenset({_E.ATTENDED, _E.STUDIED})
"""States of whoever took part to the end, at a time or on demand."""
HAS_PLACE: Final = frozenset({_E.ENROLLED, _E.CHECKED_IN}) | TOOK_PART
"""States that take one of a lecture's places."""


class CourseKind(StrEnum):
    """How a course is held."""

    LIVE = "live"
    ON_DEMAND = "on-demand"
    PRACTICAL = "practical"


@dataclass(frozen=True, slots=True)
class KindRow:
    """What differs between the kinds, as data.

    `checks_in` whether people come at a time; `by_watching` whether the duration is what was
    watched of the material; `by_page` whether it is counted from open pages, else from the check-in
    to the check-out; `longest` how long a lecture may last at most.
    """

    zh: str
    en: str
    checks_in: bool
    by_watching: bool
    by_page: bool
    longest: timedelta


KINDS: Mapping[CourseKind, KindRow] = MappingProxyType(
    {
        CourseKind.LIVE: KindRow("直播", "live", True, False, True, timedelta(hours=12)),
        CourseKind.ON_DEMAND: KindRow("点播", "on demand", False, True, False, timedelta(days=400)),
        CourseKind.PRACTICAL: KindRow("实操", "practical", True, False, False, timedelta(hours=12)),
    }
)


@dataclass(frozen=True, slots=True)
class Terms:
    """Limits of what people may ask for."""

    horizon: timedelta = timedelta(days=400)
    """How far ahead a lecture may be."""
    most_lectures: int = 60
    most_lecturers: int = 10
    most_places: int = 20_000
    most_waiting: int = 5_000
    early: timedelta = timedelta(minutes=60)
    """How long before its time a lecture may begin."""


TERMS: Final = Terms()


def places_left(quota: int | None, taken: int) -> int | None:
    """How many places are free; None where anybody may come."""
    return None if quota is None else max(0, quota - taken)


def has_room(quota: int | None, taken: int) -> bool:
    """Whether one more gets a place."""
    return quota is None or taken < quota


def moving_up(quota: int | None, taken: int, waiting: Sequence[str]) -> list[str]:
    """Who gets a place, of those who wait, the first to come first."""
    left = places_left(quota, taken)
    return list(waiting if left is None else waiting[:left])


def require_time(
    kind: CourseKind, since: datetime, until: datetime, minutes: int, now: datetime
) -> None:
    """Problem unless a lecture may be at that time."""
    if until <= now or since > now + TERMS.horizon:
        raise Problem("time-past" if until <= now else "impossible-time", detail="≤ 400 d")
    longest = KINDS[kind].longest
    if not timedelta(minutes=5) <= until - since <= longest:
        raise Problem("impossible-time", detail=f"5 min - {longest}")
    if timedelta(minutes=minutes) > until - since:
        raise Problem("impossible-time", detail=f"{minutes} min")


def begins_from(since: datetime) -> datetime:
    """From when a lecture may begin."""
    return since - TERMS.early


def keeps_time(state: LectureState, *ways: str | None) -> bool:
    """Whether a lecture keeps its lecturers from everything else: once enrolment is open. One that
    has no way in yet keeps nobody, since its conference is still to be booked with them."""
    return state in GOES_ON and any(ways)


def require_due(since: datetime, now: datetime) -> None:
    """Problem("too-early") for a beginning long before its time."""
    if now < begins_from(since):
        raise Problem("too-early", at=begins_from(since))


# --- on demand ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OnDemand:
    """What somebody has done of a lecture on demand: seconds watched of its length, the papers
    opened of all there are, whether they have passed the quiz; `films` and `quiz` say what there
    is."""

    length: int
    spent: int
    films: bool
    papers: int
    opened: int
    quiz: bool
    passed: bool


def has_studied(done: OnDemand, required_percent: int) -> bool:
    """Whether that is what the course asks. With a film it is the time watched; papers alone tell
    no time, so they must all have been opened, and the quiz passed where there is one."""
    if done.films:
        return done.spent > 0 and done.spent * 100 >= done.length * required_percent
    return 0 < done.papers <= done.opened and (done.passed or not done.quiz)


# --- credit ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Studied:
    """What somebody has done of a lecture: its length and their part of it, in seconds."""

    length: int
    spent: int


def share_of(studied: Iterable[Studied]) -> float:
    """Which part of a course somebody was there for; nobody is longer in a lecture than it is."""
    rows = list(studied)
    whole = sum(row.length for row in rows)
    return sum(min(row.spent, row.length) for row in rows) / whole if whole else 0.0


def earns_credit(
    tenths: int, share: float, required_percent: int, quiz: bool, passed: bool
) -> bool:
    """Whether the credit of a course is due: there is one, enough time, and the quiz if any."""
    return tenths > 0 and share * 100 >= required_percent and (passed or not quiz)
