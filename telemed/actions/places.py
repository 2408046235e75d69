"""The one place where a lecture's places are given and taken back.

In the course's turn only, so what is read is what the act before it left, on both databases: a
lecture never has more people than places, however many ask at once. The lecture's own counts are
written with the rows they count.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from telemed.actions import courses
from telemed.actions.act import Act
from telemed.core.activity import Kind
from telemed.core.training import (
    ENROLMENTS,
    HAS_PLACE,
    TOOK_PART,
    EnrolmentEvent,
    EnrolmentState,
    LectureState,
    moving_up,
)
from telemed.store import courses as store
from telemed.store import enrolments
from telemed.store.tx import Row

if TYPE_CHECKING:
    from telemed.actions.lectures import Held

WAITS = EnrolmentState.WAITING
CAME = TOOK_PART | {EnrolmentState.CHECKED_IN}


def set_state(
    act: Act, lecture: Row, row: Row, event: EnrolmentEvent, values: Mapping[str, Any]
) -> tuple[Row, Row]:
    """Take one step of an enrolment and count it in its lecture; the lecture and the row after."""
    was = EnrolmentState(row["state"])
    to = ENROLMENTS.step(was, event)
    after = {**row, **values, "state": to.value}
    enrolments.change(act.tx, lecture["id"], row["account_id"], {**values, "state": to.value})
    return count(act, lecture, was, to), after


def count(act: Act, lecture: Row, was: EnrolmentState | None, to: EnrolmentState) -> Row:
    """Count somebody who came from one state to another; the lecture after it."""
    changes = {
        "taken": (to in HAS_PLACE) - (was in HAS_PLACE),
        "waiting": (to is WAITS) - (was is WAITS),
        "came": (to in CAME) - (was in CAME),
    }
    written = {name: lecture[name] + by for name, by in changes.items() if by}
    if written:
        store.set_lecture(act.tx, lecture["id"], written)
    return {**lecture, **written}


def move_up(act: Act, held: "Held") -> Row:
    """Give free places to those who waited first; the lecture after it. A lecture whose enrolment
    is closed keeps its list: a withdrawal still frees a place for them."""
    lecture = held.row
    if not lecture["waiting"] or LectureState(lecture["state"]) not in _MOVES:
        return lecture
    rows = {
        row["account_id"]: row
        for row in enrolments.waiting(act.tx, lecture["id"], lecture["waiting"])
    }
    for account in moving_up(lecture["quota"], lecture["taken"], list(rows)):
        row = rows[account]
        lecture, _ = set_state(act, lecture, row, EnrolmentEvent.MOVE_UP, {})
        courses.tell(
            act, held.course, Kind.ENROLMENT_MOVED_UP, lecture, row["institution_id"],
            account=account, taken=lecture["taken"], waiting=lecture["waiting"],
        )  # fmt: skip
    return lecture


_MOVES = frozenset({LectureState.ENROLLING, LectureState.CLOSED, LectureState.UNDER_WAY})
