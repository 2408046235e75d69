"""A course's quiz 测验: its questions as data, and what an answer is worth.

Graded here and nowhere else: what goes to a page holds no answer (`asked`). Whoever sits it again
keeps the best score, and there is an end to sitting again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from telemed.core.errors import Problem

MOST_QUESTIONS: Final = 100
MOST_OPTIONS: Final = 10


class QuestionKind(StrEnum):
    """What an answer to a question is."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    TRUE_FALSE = "true-false"


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its options and which of them are right, by their places."""

    kind: QuestionKind
    text: str
    options: tuple[str, ...]
    right: frozenset[int]
    points: int


TRUE_FALSE: Final = ("正确", "错误")


def questions_of(rows: Sequence[Mapping[str, Any]]) -> tuple[Question, ...]:
    """Questions as they are stored."""
    return tuple(
        Question(
            QuestionKind(row["kind"]), row["text"], tuple(row["options"]),
            frozenset(row["right"]), row["points"],
        )
        for row in rows
    )  # fmt: skip


def require_sound(questions: Sequence[Question]) -> None:
    """Problem("quiz-unsound") naming the first question that nobody could answer rightly."""
    if len(questions) > MOST_QUESTIONS:
        raise Problem("quiz-unsound", number=MOST_QUESTIONS + 1)
    for number, question in enumerate(questions, 1):
        if not _is_sound(question):
            raise Problem("quiz-unsound", number=number)


def _is_sound(question: Question) -> bool:
    places = range(len(question.options))
    if question.kind is QuestionKind.TRUE_FALSE and question.options != TRUE_FALSE:
        return False
    enough = 2 <= len(question.options) <= MOST_OPTIONS
    named = bool(question.right) and all(place in places for place in question.right)
    one = question.kind is QuestionKind.MULTIPLE or len(question.right) == 1
    distinct = len(set(question.options)) == len(question.options)
    return bool(question.text.strip()) and enough and named and one and distinct


def asked(question: Question) -> dict[str, object]:
    """What a page may be shown of a question: all but the answer."""
    return {
        "kind": question.kind.value,
        "text": question.text,
        "options": list(question.options),
        "points": question.points,
    }


@dataclass(frozen=True, slots=True)
class Grade:
    """A sitting's score of a hundred, and which questions were answered rightly."""

    score: int
    passed: bool
    right: tuple[bool, ...]


def grade(questions: Sequence[Question], answers: Sequence[Sequence[int]], pass_mark: int) -> Grade:
    """What answers are worth; all or nothing for each question. Problem("invalid") for answers
    to other questions than these."""
    if len(answers) != len(questions) or not questions:
        raise Problem("invalid", detail="answers")
    for question, answer in zip(questions, answers, strict=True):
        if any(place not in range(len(question.options)) for place in answer):
            raise Problem("invalid", detail="answers")
    right = tuple(q.right == frozenset(a) for q, a in zip(questions, answers, strict=True))
    whole = sum(q.points for q in questions)
    got = sum(q.points for q, is_right in zip(questions, right, strict=True) if is_right)
    # Rounded down: 59.9 is not 60.
    score = got * 100 // whole
    return Grade(score, score >= pass_mark, right)


def may_see_answers(passed: bool, sat: int, most: int) -> bool:
    """Whether the right answers may be shown: nothing can be gained by them any more."""
    return passed or sat >= most
