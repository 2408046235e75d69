"""What each fact of training counts; part of `tally`'s table of folds.

The learner's institution is the requesting side, the one that gives the course the providing one.
The entries' case is the lecture. Whoever is counted is counted by a fact of their own, so a number
leads back to people and lectures.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from telemed.core.activity import Activity, Kind

Found = Iterable[tuple[str, float | None]]


def _finished(activity: Activity) -> Found:
    yield "lectures_held", None
    yield "lecture_minutes", _minutes(activity)


def _attended(activity: Activity) -> Found:
    yield "attended", None
    yield "expected_there", None
    yield "learning_minutes", _minutes(activity)


def _studied(activity: Activity) -> Found:
    """On demand nobody is expected at a time, so nobody is there or absent."""
    yield "studied", None
    yield "learning_minutes", _minutes(activity)


def _sat(activity: Activity) -> Found:
    """A person's first sitting, and the one that passed; sitting again counts nothing."""
    if activity.data.get("first") is True:
        yield "quiz_sat", None
    if activity.data.get("passed") is True:
        yield "quiz_passed", None


def _credited(activity: Activity) -> Found:
    """A person, and what they were given; hundredths are what the tally adds up."""
    tenths = activity.data.get("tenths")
    yield "credits_given", None
    yield "credit_total", tenths * 10 if isinstance(tenths, int) else 0


def _once(code: str) -> Callable[[Activity], Found]:
    return lambda _: ((code, None),)


def _minutes(activity: Activity) -> float:
    minutes = activity.data.get("minutes")
    return minutes if isinstance(minutes, int) else 0


TRAINING_FOLDS: Mapping[str, Callable[[Activity], Found]] = MappingProxyType(
    {
        Kind.LECTURE_FINISHED: _finished,
        Kind.ENROLMENT_MADE: _once("enrolments"),
        Kind.ENROLMENT_MOVED_UP: _once("enrolments"),
        Kind.ENROLMENT_CHECKED_IN: _once("check_ins"),
        Kind.ENROLMENT_ATTENDED: _attended,
        Kind.ENROLMENT_MISSED: _once("expected_there"),
        Kind.ENROLMENT_STUDIED: _studied,
        Kind.QUIZ_SAT: _sat,
        Kind.CREDIT_GIVEN: _credited,
    }
)
