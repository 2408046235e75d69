"""A course's material: adding and removing it, and how far each person has come in it.

On demand the time that somebody watches is their time in the lecture. A page says that it plays;
how long is the server's clock's to say. Of a paper it says that it was opened.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from telemed.actions import attendance, courses
from telemed.actions.act import Act
from telemed.actions.lectures import Held
from telemed.core import checkin
from telemed.core.activity import Kind
from telemed.core.coursework import MEDIA, name_of
from telemed.core.errors import Problem
from telemed.core.training import (
    EDITABLE,
    GOES_ON,
    CourseState,
    EnrolmentState,
    LectureState,
)
from telemed.store import courses as store
from telemed.store import enrolments, learning
from telemed.store.blobs import Blob
from telemed.store.tx import Row

MOST_MATERIALS: Final = 50
_ADDS: Final = EDITABLE | {CourseState.APPROVED, CourseState.PUBLISHED}


def require_may_add(act: Act, course_id: str) -> None:
    """Problem unless the subject may add material now: asked before a large file is taken."""
    course = courses.load(act, course_id)
    courses.require_staff(act, course)
    if CourseState(course["state"]) not in _ADDS:
        raise Problem("course-reviewed")
    if len(learning.materials(act.tx, course_id)) >= MOST_MATERIALS:
        raise Problem("invalid", detail=f"≤ {MOST_MATERIALS}")


def add(act: Act, course_id: str, name: str, media: str, blob: Blob) -> str:
    """Keep a file that was stored as a material; its id."""
    course = courses.turn(act, course_id)
    require_may_add(act, course_id)
    key = act.new_id()
    row = {
        "id": key,
        "course_id": course_id,
        "name": name_of(name, media),
        "media": media,
        "size": blob.size,
        "blob": blob.key,
        "made_by": act.subject.account_id,
        "made_at": act.now,
    }
    learning.add_material(act.tx, row)
    courses.record(act, course, "material-added", course["state"])
    courses.tell(act, course, Kind.MATERIAL_ADDED, material=key, size=blob.size)
    return key


def remove(act: Act, material_id: str) -> None:
    """Take it out of the course; the file is kept with the records."""
    row, course = _found(act, material_id)
    course = courses.turn(act, course["id"])
    courses.require_staff(act, course)
    gone = {"removed_by": act.subject.account_id, "removed_at": act.now}
    learning.remove_material(act.tx, row["id"], gone)
    courses.record(act, course, "material-removed", course["state"])
    courses.tell(act, course, Kind.MATERIAL_REMOVED, material=row["id"])


def file(act: Act, material_id: str) -> Row:
    """A material that the subject may open: of a course that exists for them."""
    return _found(act, material_id)[0]


def _found(act: Act, material_id: str) -> tuple[Row, Row]:
    row = learning.material(act.tx, material_id)
    if row is None:
        raise Problem("not-found")
    return row, courses.load(act, row["course_id"])


@dataclass(frozen=True, slots=True)
class Playing:
    """Where a page is in a film, and whether it has only begun; of a paper, that it was opened."""

    position: int
    begins: bool


def play(act: Act, material_id: str, at: Playing) -> int:
    """A page plays a film, or has just begun it or opened a paper; the seconds watched so far."""
    row, course = _found(act, material_id)
    played = MEDIA[row["media"]].played
    if not played and not at.begins:
        raise Problem("invalid", detail=row["media"])
    account = act.subject.account_id
    # One's own counts, in one's own turn: two pages of one person add up to one person's time.
    act.tx.take_turn(f"course {course['id']}")
    so_far = learning.play(act.tx, material_id, account)
    last = None if so_far is None or at.begins else so_far["beat_at"]
    spent = _spent(act, account, course, last)
    before = _UNSEEN if so_far is None else so_far
    watched, micros = checkin.longer(before["watched"], before["micros"], spent)
    plays = before["plays"] + (at.begins or so_far is None)
    learning.set_play(
        act.tx, material_id, account,
        {"plays": plays, "position": at.position, "watched": watched, "micros": micros,
         "beat_at": act.now},
    )  # fmt: skip
    if spent or not played:
        count(act, course, spent)
    return watched


_UNSEEN: Final[Row] = {"watched": 0, "micros": 0, "plays": 0}


def _spent(act: Act, account: str, course: Row, last: object) -> timedelta:
    """How long since the last word, unless the page had been away; no longer than since the last
    word of whatever other page of theirs plays this course."""
    if last is None:
        return timedelta()
    files = learning.materials(act.tx, course["id"])
    ids = [one["id"] for one in files if MEDIA[one["media"]].played]
    beats = (one["beat_at"] for one in learning.plays_of(act.tx, account, ids).values())
    gap = max(timedelta(), min((act.now - beat for beat in beats), default=timedelta()))
    return timedelta() if checkin.is_away(gap) else gap


def count(act: Act, course: Row, spent: timedelta = timedelta()) -> None:
    """Add time on demand to the lectures of this course that may be studied now and in which the
    subject has a place, and see whether they have done what it asks. In the course's turn only."""
    if not attendance.is_on_demand(course):
        return
    rows = store.lectures_of(act.tx, [course["id"]])[course["id"]]
    own = enrolments.of_account(act.tx, act.subject.account_id, [row["id"] for row in rows])
    for lecture in _open(rows, act):
        row = own.get(lecture["id"])
        if row is not None and row["state"] == EnrolmentState.ENROLLED:
            _watched(act, Held(lecture, course), row, spent)


def _open(rows: Iterable[Row], act: Act) -> Iterable[Row]:
    for row in rows:
        if LectureState(row["state"]) in GOES_ON and row["since"] <= act.now < row["until"]:
            yield row


def _watched(act: Act, held: Held, row: Row, spent: timedelta) -> None:
    """So much more; whoever has done enough has taken part."""
    length = attendance.length_of(held.row, held.course)
    seconds, micros = checkin.longer(row["seconds"], row["micros"], spent)
    seconds = min(length, seconds)
    if not attendance.did_enough(act, held.row, held.course, {**row, "seconds": seconds}):
        enrolments.change(
            act.tx, held.id, row["account_id"], {"seconds": seconds, "micros": micros}
        )
        return
    _, after = attendance.study(act, held.row, held.course, row, seconds)
    attendance.give_credits(act, held.course, [after])
