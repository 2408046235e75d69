"""Sitting a course's quiz, and giving feedback on a lecture.

Answers are graded here; what a page is shown before holds none. Feedback is given once, and shown
to those who gave the lecture only together, once enough people have given some.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from telemed.actions import attendance, courses, lectures, materials, places
from telemed.actions.act import Act
from telemed.core import quiz
from telemed.core.activity import Kind
from telemed.core.errors import Problem
from telemed.core.training import TOOK_PART, EnrolmentState
from telemed.store import courses as store
from telemed.store import enrolments, learning
from telemed.store.tx import Row

LEAST_TOGETHER: Final = 5
"""With fewer people than this a mean would tell who said what."""
MOST_WORDS_SHOWN: Final = 200
ITEMS: Final[Mapping[str, tuple[str, str]]] = {
    "content": ("内容实用", "Content is useful"),
    "lecturer": ("讲解清楚", "Explained clearly"),
    "time": ("时间安排", "Time and length"),
    "line": ("音画质量", "Picture and sound"),
}
"""What is marked from 1 to 5."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A quiz as somebody may see it: the questions, their sittings, whether they may sit now."""

    course: Row
    questions: tuple[quiz.Question, ...]
    sittings: list[Row]
    may_sit: bool
    shows_answers: bool


def paper(act: Act, course_id: str) -> Paper:
    """The quiz of a course in which the subject takes part; Problem("not-attended") otherwise."""
    course = courses.load(act, course_id)
    questions = quiz.questions_of(course["quiz"])
    if not questions:
        raise Problem("not-found")
    _require_part(act, course)
    sat = learning.sittings(act.tx, course_id, act.subject.account_id)
    passed = any(row["passed"] for row in sat)
    most = course["most_sittings"]
    shows = quiz.may_see_answers(passed, len(sat), most)
    return Paper(course, questions, sat, len(sat) < most and not passed, shows)


def _require_part(act: Act, course: Row) -> list[Row]:
    """The subject's enrolments that let them sit: they came, or watch on demand."""
    if courses.gives_it(act, course):
        raise Problem("own-course")
    rows = enrolments.in_course(act.tx, course["id"], act.subject.account_id)
    if not any(lets_sit(course, row["state"]) for row in rows):
        raise Problem("not-attended")
    return rows


def lets_sit(course: Row, state: str) -> bool:
    """Whether an enrolment in this state lets somebody see a course's quiz."""
    watches = attendance.is_on_demand(course)
    enough = places.CAME | ({EnrolmentState.ENROLLED} if watches else frozenset())
    return EnrolmentState(state) in enough


def sit(
    act: Act, course_id: str, answers: Sequence[Sequence[int]], sitting: int | None = None
) -> None:
    """Answer the quiz; the best sitting counts, and there is an end to them. A page that says which
    sitting it hands in hands it in once, however often it sends it."""
    course = courses.turn(act, course_id)
    rows = _require_part(act, course)
    account = act.subject.account_id
    sat = learning.sittings(act.tx, course_id, account)
    if sitting is not None and sitting <= len(sat):
        _require_same(sat[sitting - 1], answers)
        return
    if len(sat) >= course["most_sittings"] or any(row["passed"] for row in sat):
        raise Problem("no-sittings", most=course["most_sittings"])
    graded = quiz.grade(quiz.questions_of(course["quiz"]), answers, course["pass_mark"])
    learning.add_sitting(
        act.tx,
        {"course_id": course_id, "account_id": account, "n": len(sat) + 1,
         "institution_id": rows[0]["institution_id"], "answers": [sorted(a) for a in answers],
         "score": graded.score, "passed": graded.passed, "sat_at": act.now},
    )  # fmt: skip
    lecture = store.lecture(act.tx, rows[0]["lecture_id"])
    courses.tell(
        act, course, Kind.QUIZ_SAT, lecture, rows[0]["institution_id"],
        account=account, score=graded.score, first=not sat, passed=graded.passed,
    )  # fmt: skip
    materials.count(act, course)
    attended = [row for row in rows if row["state"] in TOOK_PART]
    attendance.give_credits(act, course, attended[:1])


def _require_same(sat: Row, answers: Sequence[Sequence[int]]) -> None:
    """Problem("stale") for other answers to a sitting that was handed in from another page."""
    if sat["answers"] != [sorted(one) for one in answers]:
        raise Problem("stale", current=sat["n"])


# --- feedback -------------------------------------------------------------------------------------


def give_feedback(act: Act, lecture_id: str, marks: Mapping[str, int], words: str) -> None:
    """What somebody who came says of a lecture, once."""
    held = lectures.turn(act, lecture_id)
    row = enrolments.get(act.tx, lecture_id, act.subject.account_id)
    if row is None or EnrolmentState(row["state"]) not in places.CAME:
        raise Problem("not-attended")
    if learning.feedback(act.tx, lecture_id, act.subject.account_id) is not None:
        raise Problem("feedback-given")
    if set(marks) != set(ITEMS):
        raise Problem("invalid", detail="marks")
    learning.add_feedback(
        act.tx,
        {"lecture_id": lecture_id, "account_id": act.subject.account_id,
         "institution_id": row["institution_id"], "marks": dict(marks), "words": words,
         "given_at": act.now},
    )  # fmt: skip
    # Without who: what is told travels to those who gave the lecture.
    courses.tell(act, held.course, Kind.FEEDBACK_GIVEN, held.row, anonymous=True)


def feedback(act: Act, lecture_id: str) -> dict[str, Any]:
    """What was said of a lecture, all together; only how many while they are few."""
    held = lectures.load(act, lecture_id)
    courses.require_staff(act, held.course)
    rows = learning.feedback_of(act.tx, lecture_id, 20_000)
    if len(rows) < LEAST_TOGETHER:
        return {"count": len(rows), "least": LEAST_TOGETHER, "means": None, "words": []}
    means = {item: sum(row["marks"][item] for row in rows) / len(rows) for item in ITEMS}
    words = [row["words"] for row in rows if row["words"]]
    return {
        "count": len(rows), "least": LEAST_TOGETHER, "means": means,
        "words": words[:MOST_WORDS_SHOWN],
    }  # fmt: skip
