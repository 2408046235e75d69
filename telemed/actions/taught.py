"""The training that a notice is of, and whom a ladder's steps name of it.

The many people of a lecture come in parts: whoever has been told is not looked for again, so the
next part begins where this one ended, whichever process tells it. It knows no ladder.
"""

from collections.abc import Sequence
from typing import Final

from telemed.actions.act import Act
from telemed.core.access import PERMISSIONS, Permission
from telemed.core.escalation import Who
from telemed.core.training import EnrolmentState
from telemed.store import courses, enrolments, notices
from telemed.store.enrolments import Untold
from telemed.store.tx import Row

PART: Final = 100
"""So many people are told in one transaction: the others who write wait no longer than for that."""
_STATES: Final = {
    Who.ENROLLED: (EnrolmentState.ENROLLED,),
    Who.TAKING_PART: (
        EnrolmentState.ENROLLED,
        EnrolmentState.WAITING,
        EnrolmentState.CHECKED_IN,
    ),
}
_REVIEW: Final = tuple(r for r, held in PERMISSIONS.items() if Permission.REVIEW_TRAINING in held)


def found(act: Act, row: Row) -> Row | None:
    """The course of an escalation or a notice, and the lecture if it is of one; None when there is
    none."""
    lecture = None if row["lecture_id"] is None else courses.lecture(act.tx, row["lecture_id"])
    key = row["course_id"] if lecture is None else lecture["course_id"]
    course = None if key is None else courses.get(act.tx, key)
    if course is None:
        return None
    return {
        "id": course["id"] if lecture is None else lecture["id"],
        "request_id": None,
        "requester_id": course["offerer_id"],
        "provider_id": course["offerer_id"],
        "service": course["service"],
        "applied_by": course["applied_by"],
        "lecturers": course["lecturers"],
        "since": None if lecture is None else lecture["since"],
    }


def whom(act: Act, row: Row, of: str, who: Who) -> Sequence[str] | None:
    """The reviewers, the applicant, the learner, or the lecturers of the own register; None for a
    `who` that is no such person."""
    if who is Who.LEARNER:
        return notices.enabled(act.tx, [of])
    if who is Who.LECTURERS:
        people = {one["person_id"] for one in row["lecturers"]} - {None}
        return notices.accounts_of(act.tx, people)
    if who is Who.APPLICANT:
        return notices.enabled(act.tx, [row["applied_by"]])
    if who is Who.REVIEWERS:
        held = notices.accounts_with(act.tx, row["provider_id"], _REVIEW)
        return [one["id"] for one in held if one["id"] != row["applied_by"]]
    return None


def part(act: Act, row: Row, who: Who, source: str, but: str | None) -> list[Untold]:
    """The next of a lecture's people whom this source has not told, but for one."""
    return enrolments.untold(act.tx, row["id"], _STATES[who], source, but, PART)
