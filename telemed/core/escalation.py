"""The escalation ladder: who is told what, after how long, until somebody answers for it.

A ladder is data: an occasion, whom it is for, steps, and how often the last step is repeated. What
is here only reads it: which ladder fits, which rungs are due, when to look again. It knows no
person, no address and no clock. An occasion is of a case, of an appointment, or of training: of a
course or a lecture. Every escalation ends in one of three ways and none is silent: somebody
acknowledged, the condition ended, or the ladder is exhausted and stays on the coordinator's list.
What only informs asks for no answer and ends with its last step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from telemed.core.activity import Kind


class Occasion(StrEnum):
    """What a ladder is climbed for."""

    ASSIGNED = "assigned"
    OVERFLOW_ASKED = "overflow-asked"
    UNCLAIMED = "unclaimed"
    DEADLINE = "deadline"
    RETURNED = "returned"
    CRITICAL_UNACKNOWLEDGED = "critical-unacknowledged"
    CRITICAL_NOT_ACTED = "critical-not-acted"
    INVITED = "invited"
    TO_CONFIRM = "appointment-to-confirm"
    SET = "appointment-set"
    OFF = "appointment-off"
    NEAR = "appointment-near"
    SEAT_DECLINED = "seat-declined"
    GIVEN_AWAY = "seat-given-away"
    SEAT_LEFT = "seat-left"
    WATCH_SET = "watch-set"
    WATCH_MOVED = "watch-moved"
    WATCH_OFF = "watch-off"
    UNLISTED = "watch-unlisted"
    TIME_OFFERED = "time-offered"
    FOLLOW_UP_DUE = "follow-up-due"
    APPROVAL_WAITING = "approval-waiting"
    EXPERT_ASKED = "expert-asked"
    MINUTES_TO_SIGN = "minutes-to-sign"
    COURSE_TO_REVIEW = "course-to-review"
    COURSE_REVIEWED = "course-reviewed"
    MOVED_UP = "moved-up"
    LECTURE_NEAR = "lecture-near"
    LECTURE_MOVED = "lecture-moved"
    LECTURE_OFF = "lecture-off"
    CREDIT_GIVEN = "credit-given"


class Who(StrEnum):
    """Whom a step tells; the store knows who that is just now."""

    HOLDER = "holder"
    ON_DUTY = "on-duty"
    READERS = "readers"
    COORDINATORS_ON_DUTY = "coordinators-on-duty"
    PROVIDER_COORDINATORS = "provider-coordinators"
    PROVIDER_ADMINS = "provider-admins"
    REQUESTING_DOCTOR = "requesting-doctor"
    REQUESTERS = "requesters"
    REQUESTER_COORDINATORS = "requester-coordinators"
    REQUESTER_ADMINS = "requester-admins"
    SITTING = "sitting"
    INVITED = "invited"
    REPLACED = "replaced"
    DECLINED = "declined"
    BOOKER = "booker"
    WATCHERS = "watchers"
    UNLISTED = "unlisted"
    WAITER = "waiter"
    APPROVERS = "approvers"
    EXPERT = "expert"
    SIGNER = "signer"
    SIGNER_COORDINATORS = "signer-coordinators"
    REVIEWERS = "reviewers"
    APPLICANT = "applicant"
    LEARNER = "learner"
    ENROLLED = "enrolled"
    LECTURERS = "lecturers"
    TAKING_PART = "taking-part"


WHEN_NOBODY: Mapping[Who, Who] = MappingProxyType(
    {Who.ON_DUTY: Who.READERS, Who.COORDINATORS_ON_DUTY: Who.PROVIDER_COORDINATORS}
)
"""Whom a step tells when the roster has nobody: an empty roster is no reason for silence."""


class Channel(StrEnum):
    """A way a notice reaches somebody."""

    IN_APP = "in-app"
    PUSH = "push"
    EMAIL = "email"
    SMS = "sms"
    WECOM = "wecom"


class Weight(StrEnum):
    """How much a notice matters; preferences and quiet hours go by it."""

    CRITICAL = "critical"
    URGENT = "urgent"
    ROUTINE = "routine"


PIERCES = frozenset({Weight.CRITICAL, Weight.URGENT})
"""Told at any hour."""


class End(StrEnum):
    """How an escalation ended."""

    ACKNOWLEDGED = "acknowledged"
    CONDITION = "condition"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Step:
    """`after` counts from the ladder's anchor; below zero is before it (a deadline's).

    `assigned` is who is told instead of `who` while the case is one named reader's to begin; empty
    where that makes no difference.
    """

    after: timedelta
    who: tuple[Who, ...]
    channels: tuple[Channel, ...]
    assigned: tuple[Who, ...] = ()

    def tells(self, is_somebodys: bool) -> tuple[Who, ...]:
        """Whom it tells, by whether a named reader is to begin the case and has not."""
        return self.assigned if is_somebodys and self.assigned else self.who


@dataclass(frozen=True, slots=True)
class Ladder:
    """One ladder. Empty `services` or `urgencies` means any; `frozen` None means either.

    `acknowledgeable`: whether somebody told may take it on. A critical finding is acknowledged on
    the case itself and nowhere else.
    """

    code: str
    occasion: Occasion
    weight: Weight
    steps: tuple[Step, ...]
    repeat_every: timedelta
    repeats: int
    services: tuple[str, ...] = ()
    urgencies: tuple[str, ...] = ()
    frozen: bool | None = None
    acknowledgeable: bool = True

    @property
    def rungs(self) -> int:
        """Steps and repetitions of the last one."""
        return len(self.steps) + self.repeats


@dataclass(frozen=True, slots=True)
class Rung:
    """A rung to be told: its number from 0, when it was due, whom and how."""

    number: int
    due_at: datetime
    step: Step


_ASKED = (Occasion.INVITED, Occasion.TO_CONFIRM)
_OFF = (Occasion.OFF, Occasion.WATCH_OFF)
OPENS: Mapping[str, tuple[Occasion, ...]] = MappingProxyType(
    {
        Kind.REQUEST_SUBMITTED: (Occasion.UNCLAIMED, Occasion.DEADLINE),
        Kind.REQUEST_RESUBMITTED: (Occasion.UNCLAIMED, Occasion.DEADLINE, Occasion.UNLISTED),
        Kind.REQUEST_REDIRECTED: (Occasion.UNCLAIMED, Occasion.DEADLINE),
        Kind.WORKITEM_RELEASED: (Occasion.UNCLAIMED,),
        Kind.WORKITEM_EXPIRED: (Occasion.UNCLAIMED,),
        Kind.WORKITEM_ASSIGNED: (Occasion.ASSIGNED,),
        Kind.REQUEST_OVERFLOW_ASKED: (Occasion.OVERFLOW_ASKED,),
        Kind.REQUEST_RETURNED: (Occasion.RETURNED,),
        Kind.CRITICAL_RAISED: (Occasion.CRITICAL_UNACKNOWLEDGED,),
        Kind.CRITICAL_ACKNOWLEDGED: (Occasion.CRITICAL_NOT_ACTED,),
        Kind.APPOINTMENT_PROPOSED: _ASKED,
        Kind.APPOINTMENT_RESCHEDULED: (*_ASKED, Occasion.WATCH_MOVED),
        Kind.APPOINTMENT_CONFIRMED: (Occasion.SET, Occasion.NEAR, Occasion.WATCH_SET),
        Kind.APPOINTMENT_ANSWERED: (Occasion.SEAT_DECLINED, Occasion.SEAT_LEFT),
        Kind.APPOINTMENT_REPLACED: (Occasion.GIVEN_AWAY, Occasion.INVITED),
        Kind.APPOINTMENT_CANCELED: _OFF,
        Kind.APPOINTMENT_LAPSED: _OFF,
        Kind.APPOINTMENT_MISSED: _OFF,
        Kind.WAITING_OFFERED: (Occasion.TIME_OFFERED,),
        Kind.FOLLOWUP_DUE: (Occasion.FOLLOW_UP_DUE,),
        Kind.APPROVAL_ASKED: (Occasion.APPROVAL_WAITING,),
        Kind.APPROVAL_PASSED_ON: (Occasion.APPROVAL_WAITING,),
        Kind.APPROVAL_BYPASSED: (Occasion.APPROVAL_WAITING,),
        Kind.OPINION_ASKED: (Occasion.EXPERT_ASKED,),
        Kind.MINUTES_CLOSED: (Occasion.MINUTES_TO_SIGN,),
        Kind.COURSE_APPLIED: (Occasion.COURSE_TO_REVIEW,),
        Kind.COURSE_APPROVED: (Occasion.COURSE_REVIEWED,),
        Kind.COURSE_RETURNED: (Occasion.COURSE_REVIEWED,),
        Kind.LECTURE_OPENED: (Occasion.LECTURE_NEAR,),
        Kind.LECTURE_CHANGED: (Occasion.LECTURE_MOVED, Occasion.LECTURE_NEAR),
        Kind.LECTURE_CANCELED: (Occasion.LECTURE_OFF,),
        Kind.ENROLMENT_MOVED_UP: (Occasion.MOVED_UP,),
        Kind.CREDIT_GIVEN: (Occasion.CREDIT_GIVEN,),
    }
)
"""Which facts begin which occasions; an occasion that is open for the same case or finding ends
first."""

_BOTH = (Occasion.UNCLAIMED, Occasion.DEADLINE)
_ALL = (Occasion.ASSIGNED, Occasion.OVERFLOW_ASKED, *_BOTH)
_BEGUN = (Occasion.ASSIGNED, Occasion.OVERFLOW_ASKED, Occasion.UNCLAIMED)
_WATCH = (Occasion.WATCH_SET, Occasion.WATCH_MOVED)
_COMING = (Occasion.INVITED, Occasion.SET, Occasion.NEAR, Occasion.SEAT_DECLINED, *_WATCH)
_LECTURE = (Occasion.LECTURE_MOVED, Occasion.LECTURE_NEAR)
_NOT_SET = (*_COMING, Occasion.TO_CONFIRM, Occasion.TIME_OFFERED)
ENDS: Mapping[str, tuple[Occasion, ...]] = MappingProxyType(
    {
        Kind.WORKITEM_CLAIMED: _BEGUN,
        Kind.WORKITEM_TAKEN_OVER: _BEGUN,
        Kind.WORKITEM_ASSIGNED: (Occasion.OVERFLOW_ASKED,),
        Kind.WORKITEM_UNASSIGNED: (Occasion.ASSIGNED,),
        Kind.REQUEST_RETURNED: _ALL,
        Kind.REQUEST_DECLINED: _ALL,
        Kind.REQUEST_REDIRECTED: (Occasion.ASSIGNED, Occasion.OVERFLOW_ASKED),
        Kind.REQUEST_WITHDRAWN: (*_ALL, Occasion.RETURNED),
        Kind.REQUEST_RESUBMITTED: (Occasion.RETURNED,),
        Kind.REPORT_ISSUED: _ALL,
        Kind.CRITICAL_ACKNOWLEDGED: (Occasion.CRITICAL_UNACKNOWLEDGED,),
        Kind.CRITICAL_ACTED_ON: (Occasion.CRITICAL_UNACKNOWLEDGED, Occasion.CRITICAL_NOT_ACTED),
        Kind.APPOINTMENT_PROPOSED: (Occasion.TIME_OFFERED,),
        Kind.APPOINTMENT_RESCHEDULED: (*_COMING, Occasion.TO_CONFIRM),
        Kind.APPOINTMENT_CONFIRMED: (Occasion.TO_CONFIRM, Occasion.WATCH_MOVED),
        Kind.APPOINTMENT_REPLACED: (Occasion.SEAT_DECLINED, Occasion.INVITED),
        Kind.APPOINTMENT_BEGUN: _COMING,
        Kind.APPOINTMENT_CANCELED: _NOT_SET,
        Kind.APPOINTMENT_LAPSED: _NOT_SET,
        Kind.APPOINTMENT_MISSED: _NOT_SET,
        Kind.FOLLOWUP_ANSWERED: (Occasion.FOLLOW_UP_DUE,),
        Kind.FOLLOWUP_LAPSED: (Occasion.FOLLOW_UP_DUE,),
        **dict.fromkeys(
            (
                Kind.APPROVAL_GIVEN,
                Kind.APPROVAL_DENIED,
                Kind.APPROVAL_REJECTED,
                Kind.APPROVAL_RECALLED,
            ),
            (Occasion.APPROVAL_WAITING,),
        ),
        **dict.fromkeys(
            (
                Kind.OPINION_ACCEPTED,
                Kind.OPINION_DECLINED,
                Kind.OPINION_CONSOLIDATED,
                Kind.OPINION_WITHDRAWN,
                Kind.OPINION_LAPSED,
            ),
            (Occasion.EXPERT_ASKED,),
        ),
        Kind.MINUTES_SIGNED: (Occasion.MINUTES_TO_SIGN,),
        Kind.MINUTES_REOPENED: (Occasion.MINUTES_TO_SIGN,),
        Kind.MINUTES_COMPLETED: (Occasion.MINUTES_TO_SIGN,),
        **dict.fromkeys(
            (Kind.COURSE_APPROVED, Kind.COURSE_RETURNED, Kind.COURSE_CANCELED),
            (Occasion.COURSE_TO_REVIEW,),
        ),
        Kind.LECTURE_OPENED: (Occasion.LECTURE_NEAR,),
        Kind.LECTURE_CHANGED: _LECTURE,
        Kind.LECTURE_BEGUN: (*_LECTURE, Occasion.MOVED_UP),
        Kind.LECTURE_CANCELED: (*_LECTURE, Occasion.MOVED_UP),
        Kind.ENROLMENT_WITHDRAWN: (Occasion.MOVED_UP,),
    }
)
"""Which facts end the condition; a fact that names a seat, of that seat alone, and one that says
who signed, of them alone."""

KNOW_ASSIGNED = frozenset({Occasion.UNCLAIMED, Occasion.DEADLINE})
"""Occasions of a case that may be somebody's to begin, or nobody's."""

OF_A_FINDING = frozenset(
    {
        Occasion.CRITICAL_UNACKNOWLEDGED,
        Occasion.CRITICAL_NOT_ACTED,
        Occasion.FOLLOW_UP_DUE,
        Occasion.EXPERT_ASKED,
    }
)
"""Occasions of one critical finding, or of one of several follow-ups or opinions; the others are of
the whole case."""

IN_HOUSE = frozenset({Occasion.APPROVAL_WAITING})
"""Occasions that are nobody's news but the asking institution's."""


def finding_of(data: Mapping[str, object]) -> str:
    """Which finding, follow-up or opinion a fact is about, or whose signature; empty for the whole
    case or appointment."""
    named = (data.get(key) for key in ("finding", "follow_up", "opinion", "signer"))
    return str(next((one for one in named if one), ""))


OF_WATCHERS = frozenset({*_WATCH, Occasion.WATCH_OFF, Occasion.UNLISTED})
"""Told to whoever is listed to watch it, from its first confirmation on, until they are no more."""

TOLD_TO_WATCH = frozenset(_WATCH)
"""After which somebody counts on being let in."""

OF_AN_APPOINTMENT = frozenset(
    {
        Occasion.INVITED,
        Occasion.TO_CONFIRM,
        Occasion.SET,
        Occasion.OFF,
        Occasion.NEAR,
        Occasion.SEAT_DECLINED,
        Occasion.GIVEN_AWAY,
        Occasion.SEAT_LEFT,
        Occasion.TIME_OFFERED,
        Occasion.MINUTES_TO_SIGN,
        *OF_WATCHERS,
    }
)
"""Occasions of an appointment; the others are of a case or of training."""

AFTER_IT_IS_OFF = frozenset({*_OFF, Occasion.GIVEN_AWAY, Occasion.SEAT_LEFT, Occasion.UNLISTED})
"""Told whatever becomes of the appointment. No fact ends them: they end with being told."""

AFTER_IT_BEGAN = AFTER_IT_IS_OFF | {Occasion.MINUTES_TO_SIGN}
"""Told although the appointment's time has come; of the others nobody is told any more then."""

OWN_DOING = frozenset({Occasion.SEAT_LEFT})
"""Told to whoever did it, for the calendar that it was mailed to; it calls them to nothing, and is
read as soon as it is told."""

ENDS_TOLD = AFTER_IT_IS_OFF | {
    Occasion.COURSE_REVIEWED,
    Occasion.LECTURE_OFF,
    Occasion.CREDIT_GIVEN,
}
"""Those that no fact ends, of an appointment or not."""

COUNTS_DOWN = frozenset({Occasion.NEAR, Occasion.LECTURE_NEAR})
"""Anchored at the beginning of an appointment or a lecture. Only the latest step that is due still
makes sense."""

INFORMS = (
    ENDS_TOLD
    | COUNTS_DOWN
    | {Occasion.INVITED, Occasion.SET, *_WATCH, Occasion.MOVED_UP, Occasion.LECTURE_MOVED}
)
"""Occasions that ask nobody to answer for anything: the last step exhausts nothing."""

SEEN_COMING = frozenset({Occasion.DEADLINE}) | COUNTS_DOWN
"""Occasions whose steps may lie before what they count from."""

SEATED = frozenset(
    {
        Who.SITTING,
        Who.INVITED,
        Who.REPLACED,
        Who.DECLINED,
        Who.BOOKER,
        Who.WATCHERS,
        Who.UNLISTED,
        Who.WAITER,
        Who.SIGNER,
        Who.SIGNER_COORDINATORS,
    }
)
"""People of an appointment; a case has none of them."""

BY_CASE = frozenset(
    {
        Who.HOLDER,
        Who.ON_DUTY,
        Who.READERS,
        Who.REQUESTING_DOCTOR,
        Who.APPROVERS,
        Who.EXPERT,
    }
)
"""People whom only a case has."""


def ladder_for(
    ladders: Sequence[Ladder], occasion: Occasion, service: str, urgency: str, frozen: bool
) -> Ladder | None:
    """The ladder of an occasion: of those that fit, the one that names most; None for none."""
    fit = [
        ladder
        for ladder in ladders
        if ladder.occasion is occasion
        and (not ladder.services or service in ladder.services)
        and (not ladder.urgencies or urgency in ladder.urgencies)
        and ladder.frozen in (None, frozen)
    ]
    return max(fit, key=_named, default=None)


def _named(ladder: Ladder) -> int:
    return bool(ladder.services) + bool(ladder.urgencies) + (ladder.frozen is not None)


def rung_at(ladder: Ladder, anchor: datetime, number: int) -> datetime:
    """When a rung is due; the number after the last one is when the ladder is exhausted."""
    last = len(ladder.steps) - 1
    if number <= last:
        return anchor + ladder.steps[number].after
    return anchor + ladder.steps[last].after + (number - last) * ladder.repeat_every


def due(
    ladder: Ladder, anchor: datetime, told: int, now: datetime
) -> tuple[tuple[Rung, ...], int, bool]:
    """What a clock has to do: the rungs to tell, how many are told then, whether it is exhausted.

    A clock that comes late tells every step it slept through, each once, but of repetitions only
    the last: people are not told the same thing five times in a minute. What counts down tells the
    last step alone: that it begins in ten minutes, and not in a day as well.
    """
    rungs = ladder.rungs
    reached = told
    while reached < rungs and rung_at(ladder, anchor, reached) <= now:
        reached += 1
    repeated = range(max(told, len(ladder.steps)), reached)
    numbers = [*range(told, min(reached, len(ladder.steps))), *repeated[-1:]]
    if ladder.occasion in COUNTS_DOWN:
        numbers = numbers[-1:]
    found = tuple(
        Rung(n, rung_at(ladder, anchor, n), ladder.steps[min(n, len(ladder.steps) - 1)])
        for n in numbers
    )
    # What only informs waits for no answer after its last step.
    over = ladder.occasion in INFORMS or rung_at(ladder, anchor, rungs) <= now
    return found, reached, reached == rungs and over


def gone_by(ladder: Ladder, anchor: datetime, opened: datetime) -> int:
    """How many rungs lie in the past when a climb that counts down begins: whoever just heard of
    an appointment is not reminded of it as well. 0 for every other climb."""
    if ladder.occasion not in COUNTS_DOWN:
        return 0
    return sum(rung_at(ladder, anchor, number) <= opened for number in range(ladder.rungs))


def next_at(ladder: Ladder, anchor: datetime, told: int, exhausted: bool) -> datetime | None:
    """When to look again; None when there is nothing left but to wait for people."""
    return None if exhausted else rung_at(ladder, anchor, told)
