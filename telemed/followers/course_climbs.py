"""What facts of training begin and end: reviews, places, reminders, what moved or is off, credit.

A lecture has one climb for all its people; who they are is looked up when they are told. A place
and a credit have one for each person. It refuses to know anybody's name.
"""

from collections.abc import Callable, Collection
from typing import Any, Final

from telemed.core.activity import Activity, Kind
from telemed.core.catalogue import Catalogue
from telemed.core.escalation import COUNTS_DOWN, ENDS, OPENS, Occasion
from telemed.core.training import KINDS, CourseKind, LectureState
from telemed.core.training_occasions import OF_A_LEARNER, OF_A_LECTURE, OF_TRAINING
from telemed.followers import climbs
from telemed.followers.climbs import About
from telemed.store import courses, notices
from telemed.store.tx import Row, Tx

TOLD_OF: Final = frozenset(
    kind for table in (OPENS, ENDS) for kind, of in table.items() if OF_TRAINING.issuperset(of)
)
"""The kinds of facts that are of training."""
_TO_COME: Final = frozenset({LectureState.ENROLLING, LectureState.CLOSED})


def follow(tx: Tx, activity: Activity, catalogue: Catalogue, new_id: Callable[[], str]) -> None:
    """End and begin what a fact says."""
    if activity.kind == Kind.LECTURE_CHANGED and activity.data.get("moved") is not True:
        return  # more places or another title: nobody has to come at another time
    _end(tx, activity, ENDS.get(activity.kind, ()))
    for occasion in OPENS.get(activity.kind, ()):
        about = _about(tx, activity, occasion)
        if about is not None:
            climbs.begin(tx, activity, occasion, about, catalogue, new_id())


def remind(tx: Tx, opened: Activity, catalogue: Catalogue, new_id: Callable[[], str]) -> None:
    """Begin to remind of a lecture that was opened before there were reminders."""
    about = _about(tx, opened, Occasion.LECTURE_NEAR)
    if about is not None:
        climbs.begin(tx, opened, Occasion.LECTURE_NEAR, about, catalogue, new_id())


def _end(tx: Tx, activity: Activity, occasions: Collection[Occasion]) -> None:
    data = activity.data
    for of, column in ((OF_A_LECTURE, "lecture"), (OF_TRAINING - OF_A_LECTURE, "course")):
        ended = of.intersection(occasions)
        if ended:
            whose = str(data.get("account") or "")
            notices.end_of_training(tx, column, str(data[column]), ended, whose, activity.at)


def _about(tx: Tx, activity: Activity, occasion: Occasion) -> About | None:
    """What a climb is about; None for what concerns nobody."""
    data = activity.data
    of: dict[str, Any] = {"course_id": str(data["course"])}
    anchor, requester, by = activity.at, str(data["provider"]), activity.actor_id
    if occasion in OF_A_LECTURE:
        of = {"lecture_id": str(data["lecture"])}
        lecture = courses.lecture(tx, of["lecture_id"])
        if lecture is None or not _concerns(tx, lecture, occasion):
            return None
        anchor = lecture["since"] if occasion in COUNTS_DOWN else anchor
    if occasion in OF_A_LEARNER:
        # Whoever passed the last quiz is told of the credit all the same: it is not what they did.
        of["finding"], requester, by = str(data["account"]), str(data["requester"]), None
    return About(str(data["service"]), of, anchor, requester, str(data["provider"]), by)


def _concerns(tx: Tx, lecture: Row, occasion: Occasion) -> bool:
    """Whether anybody is to be told: of a lecture that moved or is off whoever takes part; of what
    is watched on demand nobody is reminded, since it begins when they do."""
    if occasion in COUNTS_DOWN:
        course = courses.get(tx, lecture["course_id"])
        comes = course is not None and KINDS[CourseKind(course["kind"])].checks_in
        return comes and LectureState(lecture["state"]) in _TO_COME
    return occasion in OF_A_LEARNER or bool(lecture["taken"] or lecture["waiting"])
