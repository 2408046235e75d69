"""Lectures as calendars have them: which there are, and whether they keep whoever gives them.

A lecture is in the calendars of the institution that gives it and of its own lecturers, from the
day on which enrolment is opened; what is only planned is its own people's, and what is watched on
demand is at no time. Whoever takes part keeps their time for themselves.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from telemed.actions.act import Act
from telemed.core.access import Permission
from telemed.core.training import GOES_ON, LectureState, keeps_time
from telemed.store import courses
from telemed.store.tx import Row

TOLD: Final = frozenset(LectureState) - {LectureState.PLANNED}


def keeps(row: Row) -> bool:
    """Whether its lecturers can be booked for nothing else meanwhile."""
    ways = (row["place"], row["join_address"], row["appointment_id"])
    return keeps_time(LectureState(row["state"]), *ways)


def given(
    act: Act, places: Collection[str], since: datetime, until: datetime, person_id: str | None
) -> list[Row]:
    """The lectures of institutions that touch a stretch; of one lecturer only."""
    return [
        row
        for row in courses.taught(act.tx, places, since, until, TOLD)
        if person_id is None or person_id in {one.get("person_id") for one in row["lecturers"]}
    ]


def missed(act: Act, person_id: str, since: datetime, until: datetime) -> list[str]:
    """The own institution's lectures that are to be given by somebody who is away then."""
    found = given(act, [act.subject.own_institution], since, until, person_id)
    return [row["id"] for row in found if row["state"] in GOES_ON]


def between(act: Act, since: datetime, until: datetime, person_id: str | None = None) -> list[Row]:
    """The own institution's lectures in its calendar; what they are about is for those who may see
    training, everybody else learns who is taken, when and where."""
    act.subject.require(Permission.SEE_CALENDARS)
    found = given(act, [act.subject.own_institution], since, until, person_id)
    if opens(act):
        return found
    return [{**row, "title": "", "course_title": ""} for row in found]


def opens(act: Act) -> bool:
    """Whether the subject may open the lectures of their own institution."""
    return Permission.SEE_TRAINING in act.subject.permissions
